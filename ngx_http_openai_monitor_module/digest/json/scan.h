
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * A push scanner of JSON: openai_scan() takes bytes split anywhere.
 *
 * The scanner follows a tree of nodes, which names the values that somebody
 * wants, and calls a node's take() for each of them.  It skips everything else
 * 16 bytes at a time.  It keeps one value of at most OPENAI_SCAN_VALUE bytes
 * and a frame for each open object, so its memory is bounded.  It is lenient:
 * bytes that are not JSON yield no values.
 *
 * The meter and the dialects use it; scan.c describes how it works.
 */


#ifndef _OPENAI_SCAN_H_INCLUDED_
#define _OPENAI_SCAN_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "digest/digest.h"
#include "digest/json/skip.h"


#define OPENAI_SCAN_DEPTH  20
#define OPENAI_SCAN_VALUE  512


typedef enum {
    OPENAI_SCAN_NULL = 0,
    OPENAI_SCAN_FALSE,
    OPENAI_SCAN_TRUE,
    OPENAI_SCAN_NUMBER,
    OPENAI_SCAN_STRING,
    OPENAI_SCAN_OBJECT,
    OPENAI_SCAN_OBJECT_END,
    OPENAI_SCAN_ARRAY,
    OPENAI_SCAN_ARRAY_END
} openai_scan_type_e;


typedef struct {
    openai_scan_type_e    type;
    int                   element;     /* place in the array; -1: in none */
    openai_str_t          str;         /* decoded; cut, see size */
    uint64_t              size;        /* bytes of the whole string */
} openai_value_t;


typedef struct openai_node_s  openai_node_t;

typedef void (*openai_take_pt)(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* a node stands for the key of a member; the elements of an array are values of
   the array's node */

struct openai_node_s {
    openai_str_t          key;
    uint64_t              head;        /* the key's first 8 bytes, or fewer */
    uint64_t              tail;        /* its last 8 bytes, or fewer */
    unsigned              flags;       /* OPENAI_NODE_… */
    openai_take_pt        take;
    uintptr_t             arg;         /* for take */
    const openai_node_t  *nodes;       /* members; no key ends them */
};

/* take() gets the size of the string only */
#define OPENAI_NODE_TEXT     0x01

/* take() is called for objects and values, but not for arrays around them */
#define OPENAI_NODE_OBJECTS  0x02

/* eight bytes of a key as a number; the first byte is the lowest one on every
   machine */

#define openai_key_byte(s, pos, n)                                            \
    ((uint64_t) (unsigned char) (s)[(pos) + (n)] << 8 * (n))

#define openai_key_word(s, pos)                                               \
    (openai_key_byte(s, pos, 0) | openai_key_byte(s, pos, 1)                  \
     | openai_key_byte(s, pos, 2) | openai_key_byte(s, pos, 3)                \
     | openai_key_byte(s, pos, 4) | openai_key_byte(s, pos, 5)                \
     | openai_key_byte(s, pos, 6) | openai_key_byte(s, pos, 7))

#define openai_key_head(key)                                                  \
    openai_key_word(key "\0\0\0\0\0\0\0", 0)
#define openai_key_tail(key)                                                  \
    openai_key_word("\0\0\0\0\0\0\0\0" key, sizeof(key) - 1)

#define openai_node_of(key, take, arg, nodes, flags)                          \
    { openai_str(key), openai_key_head(key), openai_key_tail(key), flags,     \
      take, (uintptr_t) (arg), nodes }

#define openai_node(key, take, arg)                                           \
    openai_node_of(key, take, arg, NULL, 0)
#define openai_node_text(key, take, arg)                                      \
    openai_node_of(key, take, arg, NULL, OPENAI_NODE_TEXT)
#define openai_node_in(key, nodes, take, arg)                                 \
    openai_node_of(key, take, arg, nodes, 0)
#define openai_node_objects(key, nodes, take, arg)                            \
    openai_node_of(key, take, arg, nodes, OPENAI_NODE_OBJECTS)
#define openai_node_root(nodes, take)                                         \
    { openai_str(""), 0, 0, 0, take, 0, nodes }
#define openai_node_end  { { NULL, 0 }, 0, 0, 0, NULL, 0, NULL }


typedef struct {
    const openai_node_t  *node;
    int                   index;       /* elements so far; -1: object */
} openai_scan_frame_t;


/* the states, see scan.c */

typedef enum {
    OPENAI_SCAN_BETWEEN = 0,
    OPENAI_SCAN_IN_STRING,
    OPENAI_SCAN_IN_KEY,
    OPENAI_SCAN_IN_BARE,
    OPENAI_SCAN_IN_SKIPPED,
    OPENAI_SCAN_DONE
} openai_scan_state_e;


typedef struct {
    const openai_node_t  *root;
    const openai_node_t  *node;        /* of the value to come */
    void                 *ctx;

    uint8_t               state;
    uint8_t               depth;
    uint8_t               keyed;       /* a value follows its key */
    uint8_t               escape;      /* 1: after "\"; 2…5: hex digits left */
    openai_skip_t         skip;
    uint32_t              code;
    uint32_t              high;        /* a surrogate without its half */

    uint32_t              len;
    uint64_t              size;

    openai_scan_frame_t   frames[OPENAI_SCAN_DEPTH];
    char                  buf[OPENAI_SCAN_VALUE];
} openai_scan_t;


void openai_scan_init(openai_scan_t *s, const openai_node_t *root, void *ctx);

/* begins a new document with the same root */
void openai_scan_reset(openai_scan_t *s);

/* returns how many bytes belong to the document */
size_t openai_scan(openai_scan_t *s, const char *p, size_t len);


/* the value as a number; not a number: OPENAI_UNKNOWN, or NAN */
int64_t openai_value_rounded(const openai_value_t *v);
double openai_value_real(const openai_value_t *v);


/* short numbers of digits alone are read here, because most are such */

static inline int64_t
openai_value_integer(const openai_value_t *v)
{
    int64_t      n;
    unsigned     digit;
    const char  *p, *last;

    if (v->type == OPENAI_SCAN_NUMBER && v->str.len - 1 < 15) {

        p = v->str.data;
        digit = (unsigned char) *p - '0';

        if (v->str.len == 1 && digit <= 9) {
            return digit;
        }

        last = p + v->str.len;
        n = 0;

        do {
            digit = (unsigned char) *p++ - '0';

            if (digit > 9) {
                return openai_value_rounded(v);
            }

            n = n * 10 + digit;

        } while (p < last);

        return n;
    }

    return openai_value_rounded(v);
}


#endif /* _OPENAI_SCAN_H_INCLUDED_ */
