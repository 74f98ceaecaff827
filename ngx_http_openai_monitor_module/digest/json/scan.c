
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


/* so many bytes from a member's start can be read: those of a step, a string's
   first 16 or a bare value, and a comma with its blank */
#define OPENAI_SCAN_ROOM      64
#define OPENAI_SCAN_BARE_MAX  22


/* objects and arrays are told of, but for arrays that nobody asks for */

#define openai_scan_told(node, array)                                         \
    ((node)->take && !((array) && ((node)->flags & OPENAI_NODE_OBJECTS)))


/* of the value to come in its array; -1: it is in none */

#define openai_scan_place(s)                                                  \
    ((s)->depth ? (s)->frames[(s)->depth - 1].index : -1)


static const char *openai_scan_between(openai_scan_t *s, const char *p,
    const char *last);
static const char *openai_scan_object(openai_scan_t *s, const char *p,
    const char *last);
static const char *openai_scan_members(openai_scan_t *s, const char *p,
    const char *last, const char *limit);
static inline openai_scan_frame_t *openai_scan_brace(openai_scan_t *s,
    openai_scan_frame_t *frame, const char **p);
static inline const char *openai_scan_member_text(openai_scan_t *s,
    const openai_node_t *node, const char *p, const char *last,
    const char *limit, int *left);
static inline const char *openai_scan_member_bare(openai_scan_t *s,
    const openai_node_t *node, const char *p, const char *last, int *left);
static inline uint32_t openai_scan_trail(openai_scan_frame_t *frame);
static int openai_scan_leave(const openai_node_t *nodes,
    openai_keys_step_t *step, const char *p);
static inline const char *openai_scan_bare_end(const char *p);
static inline const char *openai_scan_comma(const char *p);
static inline const char *openai_scan_later(openai_scan_t *s,
    const openai_node_t *node, const char *p);
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

                p = openai_scan_object(s, p, last);

                if (p == start) {
                    p = openai_scan_key(s, p, last);
                }

                break;
            }

            /* fall through */

        default: /* OPENAI_SCAN_BARE */
            p = openai_scan_element(s, p, last);
        }
    }

    return p;
}


/* the end of the input is scanned in a copy, which has room behind it */

static const char *
openai_scan_object(openai_scan_t *s, const char *p, const char *last)
{
    char         copy[2 * OPENAI_SCAN_ROOM];
    size_t       n;
    const char  *end;

    if (last - p >= OPENAI_SCAN_ROOM) {

        p = openai_scan_members(s, p, last, last);

        if (last - p >= OPENAI_SCAN_ROOM || p == last || s->keyed
            || s->state != OPENAI_SCAN_BETWEEN)
        {
            return p;
        }
    }

    n = last - p;

    memcpy(copy, p, n);
    memset(copy + n, 0, OPENAI_SCAN_ROOM);

    end = openai_scan_members(s, copy, copy + n, copy + n + OPENAI_SCAN_ROOM);

    return p + (end - copy);
}


/*
 * The hot loop: members of objects, and objects of arrays, as most are
 * written: keys are short, and a blank, if any, is after ":" or ",".  Returns
 * where it met anything else.  What is beyond last, if anything, is zero.
 */

static const char *
openai_scan_members(openai_scan_t *s, const char *p, const char *last,
    const char *limit)
{
    int                   left;
    uint32_t              at;
    openai_keys_step_t   *step;
    openai_scan_frame_t  *frame;

    limit -= OPENAI_SCAN_ROOM;      /* no member begins beyond it */

    frame = &s->frames[s->depth - 1];
    at = openai_scan_trail(frame);
    left = 0;

    while (p <= limit) {

        if (at == 0 || *p != '"') {

            frame = openai_scan_brace(s, frame, &p);
            if (frame == NULL) {
                return p;
            }

            at = openai_scan_trail(frame);
            continue;
        }

        step = openai_keys_step(at);

        if (!openai_keys_follow(step, p)
            && !openai_scan_leave(frame->node->nodes, step, p))
        {
            break;
        }

        at += step->next;
        frame->step = at;

        p += step->len;

        if (*p == '"') {
            p = openai_scan_member_text(s, step->node, p, last, limit, &left);

        } else if (openai_scan_class(*p) == OPENAI_SCAN_BARE) {
            p = openai_scan_member_bare(s, step->node, p, last, &left);

        } else if ((*p | 0x20) == '{') {

            p++;

            if (openai_scan_push(s, step->node, -1, p[-1] == '[')) {
                return p;
            }

            frame++;
            at = openai_scan_trail(frame);

        } else {
            return openai_scan_later(s, step->node, p);
        }

        if (left) {
            return p;
        }
    }

    openai_scan_settle(s);

    return p;
}


/* the frame that a brace between members leads to; NULL: what is at *p is not
   a matter of members */

static inline openai_scan_frame_t *
openai_scan_brace(openai_scan_t *s, openai_scan_frame_t *frame, const char **p)
{
    if ((**p | 0x20) == '}') {
        openai_scan_pop(s);
        *p = openai_scan_comma(*p + 1);

        if (s->depth) {
            return frame - 1;
        }

    } else if (**p == '{' && frame->index >= 0) {
        (*p)++;

        return openai_scan_push(s, frame->node, frame->index, 0) ? NULL
                                                                 : frame + 1;
    }

    openai_scan_settle(s);

    return NULL;
}


/* a member's string; *left: it has an escape, or no end here */

static inline const char *
openai_scan_member_text(openai_scan_t *s, const openai_node_t *node,
    const char *p, const char *last, const char *limit, int *left)
{
    const char  *end;

    end = openai_find_quote(p + 1, last);

    if (limit - end < 3 - OPENAI_SCAN_ROOM || *end != '"') {
        *left = 1;
        (void) openai_scan_later(s, node, p);
        return openai_scan_text(s, p, end, last);
    }

    if (node && node->take) {
        openai_scan_tell(s, node, OPENAI_SCAN_STRING, -1, p + 1,
                         openai_scan_cut(end - p - 1), end - p - 1);
    }

    return openai_scan_comma(end + 1);
}


/* a member's number, or the like; *left: it is long, or has no end here */

static inline const char *
openai_scan_member_bare(openai_scan_t *s, const openai_node_t *node,
    const char *p, const char *last, int *left)
{
    const char  *end;

    end = openai_scan_bare_end(p);

    if (end == NULL || end == last) {
        *left = 1;
        return openai_scan_later(s, node, p);
    }

    if (node && node->take) {
        openai_scan_tell(s, node, openai_scan_bare_type(*p), -1, p, end - p,
                         end - p);
    }

    return openai_scan_comma(end);
}


/* the step to the next key; 0: an array, or there is no room for the trail */

static inline uint32_t
openai_scan_trail(openai_scan_frame_t *frame)
{
    openai_keys_t  *keys;

    if (frame->step == 0 && frame->index < 0) {
        keys = openai_keys(frame->node->nodes);

        if (keys) {
            frame->step = openai_keys_offset(keys->trail);
        }
    }

    return frame->step;
}


/* a key that is not as it was: the trail is, from now on; 0: the key is long,
   or it needs a closer look */

static int
openai_scan_leave(const openai_node_t *nodes, openai_keys_step_t *step,
    const char *p)
{
    unsigned     n;
    const char  *end;

    n = openai_short_string(p + 1);

    if (n > OPENAI_KEYS_STEP - 4) {
        return 0;
    }

    end = p + n + 2;

    if (*end == ':') {
        end++;
    }

    if (*end == ' ') {
        end++;
    }

    openai_keys_learn(step, p, end - p, openai_keys_find(nodes, p + 1, n));

    return 1;
}


/* NULL: it is too long to be looked at without asking where the input ends */

static inline const char *
openai_scan_bare_end(const char *p)
{
    const char  *end;

    end = p + OPENAI_SCAN_BARE_MAX;

    while (openai_scan_class(*++p) == OPENAI_SCAN_BARE) {

        if (p == end) {
            return NULL;
        }
    }

    return p;
}


static inline const char *
openai_scan_comma(const char *p)
{
    if (*p == ',') {
        p++;

        if (*p == ' ') {
            p++;
        }
    }

    return p;
}


/* the value is left to the caller */

static inline const char *
openai_scan_later(openai_scan_t *s, const openai_node_t *node, const char *p)
{
    s->node = node;
    s->keyed = 1;

    return p;
}


/* a key that is near to the input's end, or long, or not to be had whole */

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

    return openai_scan_later(s, openai_keys_find(nodes, p, end - p), end + 1);
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
    frame->step = 0;

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
