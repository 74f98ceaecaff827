
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The rows of prices from inside: price.c holds them, in
 * model.c a model finds its own, cost.c charges by it.
 */


#ifndef _OPENAI_PRICE_INNER_H_INCLUDED_
#define _OPENAI_PRICE_INNER_H_INCLUDED_


#include "digest/digest.h"


#define OPENAI_PRICE_NAME  128

#define OPENAI_PRICE_HASH  0xcbf29ce484222325ULL


typedef struct {
    uint64_t           hash;
    unsigned           prefix;         /* 1: the name ended with "*" */
    size_t             len;
    char              *key;            /* lower case, without "*" */
    char              *name;           /* as configured, for the eye */
    openai_price_t     price;
} openai_price_row_t;


/* slots is a power of two and never more than half full */

struct openai_prices_s {
    openai_alloc_t        alloc;
    openai_price_row_t  **slots;
    size_t                size;
    size_t                n;
};


/* the place of a key in the table, NULL in it: it has no row */
openai_price_row_t **openai_prices_slot(openai_price_row_t **slots,
    size_t size, uint64_t hash, const char *key, size_t len, unsigned prefix);

/* the row that an exchange is billed by, or NULL */
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
