
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include "digest/json/bytes.h"
#include "digest/json/keys.h"
#include "digest/json/scan_inner.h"


const uint8_t  openai_scan_classes[256] = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    [' '] = OPENAI_SCAN_BLANK,
    [','] = OPENAI_SCAN_COMMA,
    [':'] = OPENAI_SCAN_BLANK,
    ['"'] = OPENAI_SCAN_QUOTE,
    ['{'] = OPENAI_SCAN_OPEN,
    ['['] = OPENAI_SCAN_OPEN,
    ['}'] = OPENAI_SCAN_CLOSE,
    [']'] = OPENAI_SCAN_CLOSE
};


/* objects and arrays are told of, but for arrays that nobody asks for */

#define openai_scan_told(node, array)                                         \
    ((node)->take && !((array) && ((node)->flags & OPENAI_NODE_OBJECTS)))


/* of the value to come in its array; -1: it is in none */

#define openai_scan_place(s)                                                  \
    ((s)->depth ? (s)->frames[(s)->depth - 1].index : -1)


static const char *openai_scan_between(openai_scan_t *s, const char *p,
    const char *last);
static const char *openai_scan_key(openai_scan_t *s, const char *p,
    const char *last);
static const char *openai_scan_element(openai_scan_t *s, const char *p,
    const char *last);
static const char *openai_scan_text(openai_scan_t *s, const char *p,
    const char *end, const char *last);
static inline int openai_scan_push(openai_scan_t *s,
    const openai_node_t *node, int element, int array);
static inline void openai_scan_pop(openai_scan_t *s);
static inline void openai_scan_settle(openai_scan_t *s);
static inline void openai_scan_tell(openai_scan_t *s,
    const openai_node_t *node, openai_scan_type_e type, int element,
    const char *p, size_t len, uint64_t size);


void
openai_scan_init(openai_scan_t *s, const openai_node_t *root, void *ctx)
{
    s->root = root;
    s->ctx = ctx;

    openai_scan_reset(s);
}


void
openai_scan_reset(openai_scan_t *s)
{
    s->node = s->root;
    s->state = OPENAI_SCAN_BETWEEN;
    s->depth = 0;
    s->keyed = 0;
}


void
openai_scan(openai_scan_t *s, const char *p, size_t len)
{
    const char  *last;

    last = p + len;

    while (p < last && s->state != OPENAI_SCAN_DONE) {

        if (s->state == OPENAI_SCAN_BETWEEN) {
            p = openai_scan_between(s, p, last);

        } else {
            p = openai_scan_within(s, p, last);
        }
    }
}


static const char *
openai_scan_between(openai_scan_t *s, const char *p, const char *last)
{
    const char  *start;

    while (p < last && s->state == OPENAI_SCAN_BETWEEN) {

        start = p;

        switch (openai_scan_class(*p)) {

        case OPENAI_SCAN_BLANK:
            p++;
            break;

        case OPENAI_SCAN_COMMA:
            p++;

            /* the key's value is missing: the next string is a key again */

            if (s->keyed) {
                openai_scan_settle(s);
            }

            break;

        case OPENAI_SCAN_OPEN:
            p++;

            if (!openai_scan_push(s, s->node, openai_scan_place(s),
                                  *start == '[')) {
                openai_scan_settle(s);
            }

            break;

        case OPENAI_SCAN_CLOSE:
            p++;

            if (s->depth) {
                openai_scan_pop(s);
            }

            openai_scan_settle(s);
            break;

        case OPENAI_SCAN_QUOTE:

            if (s->depth && s->frames[s->depth - 1].index < 0 && !s->keyed) {

                p = openai_scan_key(s, p, last);
                break;
            }

            /* fall through */

        default: /* OPENAI_SCAN_BARE */
            p = openai_scan_element(s, p, last);
        }
    }

    return p;
}


static const char *
openai_scan_key(openai_scan_t *s, const char *p, const char *last)
{
    const char           *end;
    const openai_node_t  *nodes;

    p++;
    end = openai_find_quote(p, last);

    if (end == last || *end != '"') {
        s->state = OPENAI_SCAN_IN_KEY;
        openai_scan_begin(s);
        return p;
    }

    nodes = s->frames[s->depth - 1].node->nodes;

    s->node = openai_keys_find(nodes, p, end - p);
    s->keyed = 1;

    return end + 1;
}


/* a string or a bare value for s->node */

static const char *
openai_scan_element(openai_scan_t *s, const char *p, const char *last)
{
    if (*p == '"') {
        return openai_scan_text(s, p, openai_find_quote(p + 1, last), last);
    }

    s->len = 0;
    s->state = OPENAI_SCAN_IN_BARE;

    return openai_scan_bare(s, p, last);
}


/* the string at p, which is plain up to end */

static const char *
openai_scan_text(openai_scan_t *s, const char *p, const char *end,
    const char *last)
{
    p++;

    if (end == last || *end != '"') {
        return openai_scan_value(s, p, end);
    }

    openai_scan_deliver(s, OPENAI_SCAN_STRING, p, end - p, end - p);

    return end + 1;
}


/* enters an object or an array, or else (1) skips it */

static inline int
openai_scan_push(openai_scan_t *s, const openai_node_t *node, int element,
    int array)
{
    openai_scan_frame_t  *frame;

    if (node && openai_scan_told(node, array)) {
        openai_scan_tell(s, node,
                         array ? OPENAI_SCAN_ARRAY : OPENAI_SCAN_OBJECT,
                         element, NULL, 0, 0);
    }

    if (node == NULL
        || (node->nodes == NULL && !(array && node->take))
        || s->depth == OPENAI_SCAN_DEPTH)
    {
        s->skip.depth = 1;
        s->skip.quoted = 0;
        s->skip.escaped = 0;
        s->state = OPENAI_SCAN_IN_SKIPPED;
        return 1;
    }

    frame = &s->frames[s->depth++];

    frame->node = node;
    frame->index = array ? 0 : -1;

    return 0;
}


/* leaves what it is in */

static inline void
openai_scan_pop(openai_scan_t *s)
{
    int                   element;
    openai_scan_frame_t  *frame;

    frame = &s->frames[--s->depth];
    element = openai_scan_place(s);

    if (element >= 0) {
        frame[-1].index++;
    }

    if (openai_scan_told(frame->node, frame->index >= 0)) {
        openai_scan_tell(s, frame->node,
                         frame->index < 0 ? OPENAI_SCAN_OBJECT_END
                                          : OPENAI_SCAN_ARRAY_END,
                         element, NULL, 0, 0);
    }
}


void
openai_scan_deliver(openai_scan_t *s, openai_scan_type_e type, const char *p,
    size_t len, uint64_t size)
{
    int  element;

    element = openai_scan_place(s);

    if (element >= 0) {
        s->frames[s->depth - 1].index++;
    }

    if (p && s->node && s->node->take) {
        openai_scan_tell(s, s->node, type, element, p, openai_scan_cut(len),
                         size);
    }

    openai_scan_settle(s);
}


/* what is to come: a key, an array's value, or nothing */

static inline void
openai_scan_settle(openai_scan_t *s)
{
    openai_scan_frame_t  *frame;

    s->keyed = 0;

    if (s->depth == 0) {
        s->state = OPENAI_SCAN_DONE;
        return;
    }

    frame = &s->frames[s->depth - 1];

    s->state = OPENAI_SCAN_BETWEEN;
    s->node = frame->index < 0 ? NULL : frame->node;
}


static inline void
openai_scan_tell(openai_scan_t *s, const openai_node_t *node,
    openai_scan_type_e type, int element, const char *p, size_t len,
    uint64_t size)
{
    openai_value_t  v;

    v.type = type;
    v.element = element;
    v.str.data = p;
    v.str.len = len;
    v.size = size;

    node->take(s->ctx, node, &v);
}
