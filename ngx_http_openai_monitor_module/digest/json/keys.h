
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Finds the node of a key by a hash of the key's first bytes and its length.
 *
 * The tables are made at the first use of a list of nodes and stay, because
 * nodes are constants.
 */


#ifndef _OPENAI_KEYS_H_INCLUDED_
#define _OPENAI_KEYS_H_INCLUDED_


#include <string.h>

#include "digest/json/bytes.h"
#include "digest/json/scan.h"


#define OPENAI_KEYS_SLOTS  64

/* the dialects have fewer lists of nodes; t/unit/digest_keys.c checks it */
#define OPENAI_KEYS_KNOWN  256

#define openai_keys_slot(head, len)                                           \
    (((head) + (len)) * (uint64_t) 0x9e3779b97f4a7c15u >> 58)


/* one list of nodes; first[] has for each slot the number of the first node in
   it, counted from 1, or 0 when the slot is empty */

typedef struct {
    const openai_node_t  *nodes;
    uint8_t               first[OPENAI_KEYS_SLOTS];
} openai_keys_t;


extern openai_keys_t  openai_keys_known[OPENAI_KEYS_KNOWN];

/* returns the table of the list, made at the first call; NULL: there are more
   lists than room */
openai_keys_t *openai_keys_make(const openai_node_t *nodes);

/* returns the node of the key, or NULL; of two with one key the first */
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
