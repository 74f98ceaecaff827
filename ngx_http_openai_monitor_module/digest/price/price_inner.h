
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The table of prices, shared by the files of price/: price.c fills it,
 * model.c finds the row of a model, cost.c computes the cost.
 */


#ifndef _OPENAI_PRICE_INNER_H_INCLUDED_
#define _OPENAI_PRICE_INNER_H_INCLUDED_


#include "digest/digest.h"


#define OPENAI_PRICE_NAME  128

#define OPENAI_PRICE_HASH  0xcbf29ce484222325ULL


typedef struct {
    uint64_t           hash;
    unsigned           prefix;         /* 1: the name ends with "*" */
    size_t             len;
    char              *key;            /* lower case, without "*" */
    char              *name;           /* as configured, to be shown */
    openai_price_t     price;
} openai_price_row_t;


/* a hash table with open addressing; size is a power of two, and at most half
   of the slots are used */

struct openai_prices_s {
    openai_alloc_t        alloc;
    openai_price_row_t  **slots;
    size_t                size;
    size_t                n;
};


/* returns the slot of a key; the slot holds NULL when the key has no row */
openai_price_row_t **openai_prices_slot(openai_price_row_t **slots,
    size_t size, uint64_t hash, const char *key, size_t len, unsigned prefix);

/* returns the row of exactly this name, or NULL; the key is lower case */
const openai_price_row_t *openai_price_exact(const openai_prices_t *prices,
    const char *key, size_t len);

/* returns the row that an exchange is billed by, or NULL */
const openai_price_row_t *openai_price_find(const openai_prices_t *prices,
    const openai_facts_t *facts);


static inline uint64_t
openai_price_hash(uint64_t hash, char ch)
{
    return (hash ^ (unsigned char) ch) * 0x100000001b3ULL;
}


static inline char
openai_price_lower(char ch)
{
    return (ch >= 'A' && ch <= 'Z') ? (char) (ch | 0x20) : ch;
}


#endif /* _OPENAI_PRICE_INNER_H_INCLUDED_ */
