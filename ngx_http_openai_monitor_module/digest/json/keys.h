
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
#define OPENAI_KEYS_TRAIL  16

/* more than there are lists of nodes in all dialects */
#define OPENAI_KEYS_KNOWN  256

#define openai_keys_slot(head, len)                                           \
    (((head) + (len)) * (uint64_t) 0x9e3779b97f4a7c15u >> 58)


/* a key as it was written last, with all that stands before its value */

#define OPENAI_KEYS_STEP  32

typedef struct {
    char                  bytes[OPENAI_KEYS_STEP];
    const openai_node_t  *node;        /* or NULL */
    uint32_t              mask;        /* a bit for each byte; 1: not known */
    uint16_t              len;
    uint16_t              next;        /* step, if any: so many bytes on */
} openai_keys_step_t;


/*
 * The keys of a list of nodes: for each slot the place of the first node that
 * belongs to it, counted from 1, or 0 when there is none.  Objects of a kind
 * have the same keys in the same order, as a rule: the trail is that of the
 * last one.
 */

typedef struct {
    const openai_node_t  *nodes;
    uint8_t               first[OPENAI_KEYS_SLOTS];
    openai_keys_step_t    trail[OPENAI_KEYS_TRAIL];
} openai_keys_t;


extern openai_keys_t  openai_keys_known[OPENAI_KEYS_KNOWN];

/* steps are told by their offset; 0 stands for none */

#define openai_keys_step(offset)                                              \
    ((openai_keys_step_t *) ((char *) openai_keys_known + (offset)))
#define openai_keys_offset(step)                                              \
    ((uint32_t) ((char *) (step) - (char *) openai_keys_known))


/* made at the first call and kept, as nodes are constant; NULL: there is no
   room for more lists */
openai_keys_t *openai_keys_make(const openai_node_t *nodes);

/* writes a step: len bytes of p are its key and what stands before its value */
void openai_keys_learn(openai_keys_step_t *step, const char *p, size_t len,
    const openai_node_t *node);

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


/* the bytes, of which OPENAI_KEYS_STEP can be read, are those of the step */

static inline int
openai_keys_follow(const openai_keys_step_t *step, const char *p)
{
#if (OPENAI_VECTOR)
    uint32_t  same;

    same = openai_vec_bits(openai_vec_equal(openai_vec_load(p),
                                            openai_vec_load(step->bytes)))
           | openai_vec_bits(openai_vec_equal(openai_vec_load(p + 16),
                                              openai_vec_load(step->bytes
                                                              + 16))) << 16;

    return (~same & step->mask) == 0;
#else
    return memcmp(p, step->bytes, step->len) == 0;
#endif
}


#endif /* _OPENAI_KEYS_H_INCLUDED_ */
