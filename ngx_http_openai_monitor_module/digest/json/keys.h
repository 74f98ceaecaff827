
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Finding the node of a key.
 */


#ifndef _OPENAI_KEYS_H_INCLUDED_
#define _OPENAI_KEYS_H_INCLUDED_


#include <string.h>

#include "digest/json/bytes.h"
#include "digest/json/scan.h"


#define OPENAI_KEYS_SLOTS  64

/* more than there are lists of nodes in all dialects */
#define OPENAI_KEYS_KNOWN  256

#define openai_keys_slot(head, len)                                           \
    (((head) + (len)) * (uint64_t) 0x9e3779b97f4a7c15u >> 58)


/* the keys of a list of nodes: for each slot the place of the first node that
   belongs to it, counted from 1, or 0 when there is none */

typedef struct {
    const openai_node_t  *nodes;
    uint8_t               first[OPENAI_KEYS_SLOTS];
} openai_keys_t;


extern openai_keys_t  openai_keys_known[OPENAI_KEYS_KNOWN];

/* made at the first call and kept, as nodes are constant; NULL: there is no
   room for more lists */
openai_keys_t *openai_keys_make(const openai_node_t *nodes);

/* the node of the key, or NULL */
const openai_node_t *openai_keys_find(const openai_node_t *nodes,
    const char *key, size_t len);


#define openai_keys_home(nodes)                                               \
    ((uintptr_t) (nodes) / 32 % OPENAI_KEYS_KNOWN)

static inline openai_keys_t *
openai_keys(const openai_node_t *nodes)
{
    openai_keys_t  *keys;

    keys = &openai_keys_known[openai_keys_home(nodes)];

    return keys->nodes == nodes ? keys : openai_keys_make(nodes);
}


#endif /* _OPENAI_KEYS_H_INCLUDED_ */
