
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <math.h>
#include <stdlib.h>

#include "digest/openai_bytes.h"
#include "digest/openai_memo.h"
#include "digest/openai_scan.h"


typedef enum {
    OPENAI_SCAN_BARE = 0,
    OPENAI_SCAN_BLANK,         /* and what stands between values */
    OPENAI_SCAN_QUOTE,
    OPENAI_SCAN_OPEN,
    OPENAI_SCAN_CLOSE
} openai_scan_class_e;


static const uint8_t  openai_scan_classes[256] = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    [' '] = OPENAI_SCAN_BLANK,
    [','] = OPENAI_SCAN_BLANK,
    [':'] = OPENAI_SCAN_BLANK,
    ['"'] = OPENAI_SCAN_QUOTE,
    ['{'] = OPENAI_SCAN_OPEN,
    ['['] = OPENAI_SCAN_OPEN,
    ['}'] = OPENAI_SCAN_CLOSE,
    [']'] = OPENAI_SCAN_CLOSE
};


/* places for nodes whose tags are known */
#define OPENAI_SCAN_KNOWN  128

#define openai_scan_bit(tag)                                                  \
    ((uint64_t) 1 << ((tag) * (uint32_t) 2654435769u >> 26))

#define openai_scan_cut(len)                                                  \
    ((len) < OPENAI_SCAN_VALUE ? (size_t) (len) : OPENAI_SCAN_VALUE)

#define openai_is_low(c)   ((c) >= 0xdc00 && (c) <= 0xdfff)
#define openai_is_high(c)  ((c) >= 0xd800 && (c) <= 0xdbff)


static const char *openai_scan_within(openai_scan_t *s, const char *p,
    const char *last);
static const char *openai_scan_between(openai_scan_t *s, const char *p,
    const char *last);
static const char *openai_scan_members(openai_scan_t *s,
    const openai_node_t *nodes, const char *p, const char *last);
static inline void openai_scan_member(openai_scan_t *s,
    const openai_node_t *node, openai_scan_type_e type, const char *p,
    const char *end);
static void openai_scan_begin(openai_scan_t *s);
static const char *openai_scan_value(openai_scan_t *s, const char *start,
    const char *end);
static void openai_scan_open(openai_scan_t *s, int array);
static void openai_scan_close(openai_scan_t *s);
static const char *openai_scan_string(openai_scan_t *s, const char *p,
    const char *last);
static int openai_scan_escape(openai_scan_t *s, char ch);
static void openai_scan_code(openai_scan_t *s, uint32_t code);
static void openai_scan_keep(openai_scan_t *s, const char *p, size_t len);
static const char *openai_scan_bare(openai_scan_t *s, const char *p,
    const char *last);
static inline openai_scan_type_e openai_scan_bare_type(char ch);
static uint64_t openai_scan_tags(const openai_node_t *nodes);
static inline const openai_node_t *openai_scan_lookup(
    const openai_node_t *nodes, const openai_node_t *from, uint32_t tag,
    const char *key, size_t len);
static inline int openai_scan_same(const char *a, const char *b, size_t len);
static inline void openai_scan_deliver(openai_scan_t *s,
    openai_scan_type_e type, const char *p, size_t len, uint64_t size);


static inline void
openai_scan_take(openai_scan_t *s, const openai_node_t *node,
    const openai_value_t *value)
{
    if (s->recording) {
        openai_memo_record(s->memo, node, value);

    } else if ((node->flags & OPENAI_NODE_LASTING) && s->memo) {
        s->memo->stale = 1;
    }

    node->take(s->ctx, node, value);
}


void
openai_scan_init(openai_scan_t *s, const openai_node_t *root, void *ctx)
{
    s->root = root;
    s->ctx = ctx;
    s->memo = NULL;
    s->recording = 0;

    openai_scan_reset(s);
}


void
openai_scan_reset(openai_scan_t *s)
{
    s->node = s->root;
    s->state = OPENAI_SCAN_BETWEEN;
    s->depth = 0;
    s->keyed = 0;
    s->fresh = 1;
}


int
openai_scan_done(const openai_scan_t *s)
{
    return s->state == OPENAI_SCAN_DONE;
}


void
openai_scan(openai_scan_t *s, const char *p, size_t len)
{
    if (s->fresh) {
        s->fresh = 0;

        if (s->memo) {
            openai_memo_scan(s->memo, s, p, p + len);
            return;
        }
    }

    openai_scan_run(s, p, p + len);
}


void
openai_scan_run(openai_scan_t *s, const char *p, const char *last)
{
    while (p < last && s->state != OPENAI_SCAN_DONE) {

        if (s->state == OPENAI_SCAN_BETWEEN) {
            p = openai_scan_between(s, p, last);

        } else {
            p = openai_scan_within(s, p, last);
        }
    }
}


/* goes on in what has begun in the input before */

static const char *
openai_scan_within(openai_scan_t *s, const char *p, const char *last)
{
    switch (s->state) {

    case OPENAI_SCAN_IN_STRING:
    case OPENAI_SCAN_IN_KEY:
        return openai_scan_string(s, p, last);

    case OPENAI_SCAN_IN_BARE:
        return openai_scan_bare(s, p, last);

    default: /* OPENAI_SCAN_IN_SKIPPED */
        p = openai_skip(&s->skip, p, last);

        if (!openai_skipping(&s->skip)) {
            openai_scan_deliver(s, OPENAI_SCAN_NULL, NULL, 0, 0);
        }

        return p;
    }
}


const char *
openai_scan_token(openai_scan_t *s, const char *p, const char *last)
{
    const char  *end;

    if (s->state == OPENAI_SCAN_BETWEEN && s->keyed && p < last) {

        if (*p == '"') {
            end = openai_find2(p + 1, last, '"', '\\');

            if (end < last && *end == '"') {
                openai_scan_deliver(s, OPENAI_SCAN_STRING, p + 1, end - p - 1,
                                    end - p - 1);
                return end + 1;
            }

            p = openai_scan_value(s, p + 1, end);

        } else if (openai_scan_classes[(unsigned char) *p] == OPENAI_SCAN_BARE)
        {
            s->len = 0;
            s->state = OPENAI_SCAN_IN_BARE;
        }
    }

    while (p < last && s->state != OPENAI_SCAN_BETWEEN
           && s->state != OPENAI_SCAN_DONE)
    {
        p = openai_scan_within(s, p, last);
    }

    return p;
}


static const char *
openai_scan_between(openai_scan_t *s, const char *p, const char *last)
{
    const char           *start, *end;
    openai_scan_frame_t  *frame;

    while (p < last && s->state == OPENAI_SCAN_BETWEEN) {

        switch (openai_scan_classes[(unsigned char) *p]) {

        case OPENAI_SCAN_BLANK:
            p++;
            break;

        case OPENAI_SCAN_QUOTE:
            frame = s->depth ? &s->frames[s->depth - 1] : NULL;
            start = p;

            if (frame && frame->index < 0 && !s->keyed) {

                p = openai_scan_members(s, frame->node->nodes, p, last);

                if (p == start) {
                    s->state = OPENAI_SCAN_IN_KEY;
                    openai_scan_begin(s);
                    return p + 1;
                }

                break;
            }

            start = p + 1;
            end = openai_find2(start, last, '"', '\\');

            if (end == last || *end != '"') {
                s->token = p;
                return openai_scan_value(s, start, end);
            }

            p = end + 1;
            openai_scan_deliver(s, OPENAI_SCAN_STRING, start, end - start,
                                end - start);
            break;

        case OPENAI_SCAN_BARE:
            s->token = p;
            s->len = 0;
            s->state = OPENAI_SCAN_IN_BARE;
            p = openai_scan_bare(s, p, last);
            break;

        case OPENAI_SCAN_OPEN:
            openai_scan_open(s, *p++ == '[');
            break;

        case OPENAI_SCAN_CLOSE:
            p++;
            openai_scan_close(s);
            break;
        }
    }

    return p;
}


/*
 * The hot loop: members of an object that lie whole in the input.  Returns
 * where it met anything else; that is p itself when not even the key is whole.
 */

static const char *
openai_scan_members(openai_scan_t *s, const openai_node_t *nodes,
    const char *p, const char *last)
{
    uint32_t              tag;
    uint64_t              tags;
    const char           *end;
    const openai_node_t  *node, *from;

    /* keys tend to come in the order of the nodes */

    from = nodes;
    tags = openai_scan_tags(nodes);

    while (p < last && *p == '"') {

        end = openai_find2(p + 1, last, '"', '\\');

        if (end == last || *end != '"') {
            break;
        }

        node = NULL;
        tag = openai_tag(p + 1, end - p - 1);

        if (tags & openai_scan_bit(tag)) {
            node = openai_scan_lookup(nodes, from, tag, p + 1, end - p - 1);
            from = node ? node + 1 : nodes;
        }

        p = end + 1;

        s->node = node;
        s->keyed = 1;

        /* blanks that nobody writes are left to the caller */

        if (last - p < 4) {
            break;
        }

        p += (*p == ':');
        p += (*p == ' ');

        if (*p == '"' && (node == NULL || node->take)) {

            end = openai_find2(p + 1, last, '"', '\\');

            if (end == last || *end != '"') {
                break;
            }

            if (node) {
                openai_scan_member(s, node, OPENAI_SCAN_STRING, p + 1, end);
            }

            p = end + 1;

        } else if (openai_scan_classes[(unsigned char) *p] == OPENAI_SCAN_BARE
                   && (node == NULL || node->take))
        {
            end = p;

            do {
                end++;
            } while (end < last && openai_scan_classes[(unsigned char) *end]
                                   == OPENAI_SCAN_BARE);

            if (end == last) {
                break;
            }

            if (node) {
                openai_scan_member(s, node, openai_scan_bare_type(*p), p, end);
            }

            p = end;

        } else {
            break;
        }

        s->node = NULL;
        s->keyed = 0;

        if (last - p >= 2) {
            p += (*p == ',');
            p += (*p == ' ');
        }
    }

    return p;
}


static inline void
openai_scan_member(openai_scan_t *s, const openai_node_t *node,
    openai_scan_type_e type, const char *p, const char *end)
{
    openai_value_t  v;

    v.type = type;
    v.element = -1;
    v.str.data = p;
    v.str.len = openai_scan_cut(end - p);
    v.size = end - p;

    openai_scan_take(s, node, &v);
}


static void
openai_scan_begin(openai_scan_t *s)
{
    s->len = 0;
    s->size = 0;
    s->escape = 0;
    s->high = 0;
}


/* a string with an escape in it, or one that goes on in the input to come */

static const char *
openai_scan_value(openai_scan_t *s, const char *start, const char *end)
{
    if (s->node == NULL || s->node->take == NULL) {
        s->skip.depth = 0;
        s->skip.quoted = 1;
        s->skip.escaped = 0;
        s->state = OPENAI_SCAN_IN_SKIPPED;

        return end;
    }

    s->state = OPENAI_SCAN_IN_STRING;
    openai_scan_begin(s);

    return start;
}


static void
openai_scan_open(openai_scan_t *s, int array)
{
    openai_value_t         v;
    const openai_node_t   *node;
    openai_scan_frame_t   *frame;

    node = s->node;

    if (node && node->take) {
        v.type = array ? OPENAI_SCAN_ARRAY : OPENAI_SCAN_OBJECT;
        v.element = s->depth ? s->frames[s->depth - 1].index : -1;
        v.str.data = NULL;
        v.str.len = 0;
        v.size = 0;
        openai_scan_take(s, node, &v);
    }

    if (node == NULL
        || (node->nodes == NULL && !(array && node->take))
        || s->depth == OPENAI_SCAN_DEPTH)
    {
        s->token = NULL;
        s->skip.depth = 1;
        s->skip.quoted = 0;
        s->skip.escaped = 0;
        s->state = OPENAI_SCAN_IN_SKIPPED;
        return;
    }

    frame = &s->frames[s->depth++];
    frame->node = node;
    frame->index = array ? 0 : -1;

    s->node = array ? node : NULL;
    s->keyed = 0;
}


static void
openai_scan_close(openai_scan_t *s)
{
    int              array, index;
    openai_value_t   v;

    if (s->depth == 0) {
        s->state = OPENAI_SCAN_DONE;
        return;
    }

    s->depth--;
    s->node = s->frames[s->depth].node;

    index = s->frames[s->depth].index;
    array = (index >= 0);

    if (s->node->take) {
        v.type = array ? OPENAI_SCAN_ARRAY_END : OPENAI_SCAN_OBJECT_END;
        v.element = s->depth ? s->frames[s->depth - 1].index : -1;
        v.str.data = NULL;
        v.str.len = 0;
        v.size = 0;
        openai_scan_take(s, s->node, &v);
    }

    openai_scan_deliver(s, OPENAI_SCAN_NULL, NULL, 0, 0);
}


/* ends the value in hand; without p it has been delivered already */

static inline void
openai_scan_deliver(openai_scan_t *s, openai_scan_type_e type, const char *p,
    size_t len, uint64_t size)
{
    openai_value_t        v;
    openai_scan_frame_t  *frame;

    frame = s->depth ? &s->frames[s->depth - 1] : NULL;

    if (p && s->node && s->node->take) {
        v.type = type;
        v.element = frame ? frame->index : -1;
        v.str.data = p;
        v.str.len = openai_scan_cut(len);
        v.size = size;
        openai_scan_take(s, s->node, &v);
    }

    s->keyed = 0;

    if (frame == NULL) {
        s->state = OPENAI_SCAN_DONE;
        return;
    }

    s->state = OPENAI_SCAN_BETWEEN;

    if (frame->index >= 0) {
        frame->index++;
        s->node = frame->node;

    } else {
        s->node = NULL;
    }
}


static const char *
openai_scan_string(openai_scan_t *s, const char *p, const char *last)
{
    const char           *end;
    const openai_node_t  *nodes;

    while (p < last) {

        if (s->escape) {
            if (openai_scan_escape(s, *p)) {
                p++;
            }

            continue;
        }

        end = openai_find2(p, last, '"', '\\');

        if (end > p) {
            openai_scan_keep(s, p, end - p);
        }

        if (end == last) {
            return last;
        }

        p = end + 1;

        if (*end == '\\') {
            s->escape = 1;
            continue;
        }

        openai_scan_keep(s, NULL, 0);

        if (s->state == OPENAI_SCAN_IN_KEY) {
            nodes = s->frames[s->depth - 1].node->nodes;
            s->node = NULL;

            if (s->len && nodes) {
                s->node = openai_scan_lookup(nodes, nodes,
                                             openai_tag(s->buf, s->len),
                                             s->buf, s->len);
            }

            s->keyed = 1;
            s->state = OPENAI_SCAN_BETWEEN;

        } else {
            openai_scan_deliver(s, OPENAI_SCAN_STRING, s->buf, s->len,
                                s->size);
        }

        break;
    }

    return p;
}


/* 0: the byte is no part of the escape */

static int
openai_scan_escape(openai_scan_t *s, char ch)
{
    char      c;
    uint32_t  digit;

    if (s->escape == 1) {

        if (ch == 'u') {
            s->escape = 5;
            s->code = 0;
            return 1;
        }

        s->escape = 0;

        switch (ch) {
        case 'n': c = '\n'; break;
        case 't': c = '\t'; break;
        case 'r': c = '\r'; break;
        case 'b': c = '\b'; break;
        case 'f': c = '\f'; break;
        default:  c = ch;
        }

        openai_scan_keep(s, &c, 1);
        return 1;
    }

    c = ch | 0x20;

    if (ch >= '0' && ch <= '9') {
        digit = ch - '0';

    } else if (c >= 'a' && c <= 'f') {
        digit = c - 'a' + 10;

    } else {
        s->escape = 0;
        return 0;
    }

    s->code = (s->code << 4) | digit;

    if (--s->escape == 1) {
        s->escape = 0;
        openai_scan_code(s, s->code);
    }

    return 1;
}


static void
openai_scan_code(openai_scan_t *s, uint32_t code)
{
    char      utf8[4];
    size_t    n;
    uint32_t  high;

    high = s->high;

    if (high && openai_is_low(code)) {
        s->high = 0;
        code = 0x10000 + ((high - 0xd800) << 10) + (code - 0xdc00);

        utf8[0] = (char) (0xf0 | (code >> 18));
        utf8[1] = (char) (0x80 | ((code >> 12) & 0x3f));
        utf8[2] = (char) (0x80 | ((code >> 6) & 0x3f));
        utf8[3] = (char) (0x80 | (code & 0x3f));

        openai_scan_keep(s, utf8, 4);
        return;
    }

    if (openai_is_high(code)) {
        openai_scan_keep(s, NULL, 0);
        s->high = code;
        return;
    }

    if (openai_is_low(code)) {
        code = 0xfffd;
    }

    if (code < 0x80) {
        utf8[0] = (char) code;
        n = 1;

    } else if (code < 0x800) {
        utf8[0] = (char) (0xc0 | (code >> 6));
        utf8[1] = (char) (0x80 | (code & 0x3f));
        n = 2;

    } else {
        utf8[0] = (char) (0xe0 | (code >> 12));
        utf8[1] = (char) (0x80 | ((code >> 6) & 0x3f));
        utf8[2] = (char) (0x80 | (code & 0x3f));
        n = 3;
    }

    openai_scan_keep(s, utf8, n);
}


/* a surrogate that waits in vain becomes U+FFFD */

static void
openai_scan_keep(openai_scan_t *s, const char *p, size_t len)
{
    if (s->high) {
        s->high = 0;
        openai_scan_keep(s, "\xef\xbf\xbd", 3);
    }

    s->size += len;

    if (s->node && (s->node->flags & OPENAI_NODE_TEXT)
        && s->state == OPENAI_SCAN_IN_STRING) {
        return;
    }

    if (len > OPENAI_SCAN_VALUE - s->len) {
        len = OPENAI_SCAN_VALUE - s->len;
    }

    if (len) {
        memcpy(s->buf + s->len, p, len);
        s->len += len;
    }
}


static const char *
openai_scan_bare(openai_scan_t *s, const char *p, const char *last)
{
    const char  *start;

    start = p;

    while (p < last
           && openai_scan_classes[(unsigned char) *p] == OPENAI_SCAN_BARE)
    {
        p++;
    }

    if (p < last && (s->node == NULL || s->node->take == NULL)) {
        openai_scan_deliver(s, OPENAI_SCAN_NULL, NULL, 0, 0);
        return p;
    }

    if (p == last || s->len) {
        s->high = 0;
        s->size = 0;
        openai_scan_keep(s, start, p - start);

        if (p == last) {
            return p;
        }

        start = s->buf;

    } else {
        s->len = p - start;
    }

    openai_scan_deliver(s, openai_scan_bare_type(*start), start, s->len,
                        s->len);

    return p;
}


static inline openai_scan_type_e
openai_scan_bare_type(char ch)
{
    switch (ch) {
    case 'n': return OPENAI_SCAN_NULL;
    case 't': return OPENAI_SCAN_TRUE;
    case 'f': return OPENAI_SCAN_FALSE;
    default:  return OPENAI_SCAN_NUMBER;
    }
}


/*
 * A bit for each key of the nodes, so that most of the others need no search.
 * The nodes are constant: what was worked out for some stays true.
 */

static uint64_t
openai_scan_tags(const openai_node_t *nodes)
{
    const openai_node_t  *n;

    static struct {
        const openai_node_t  *nodes;
        uint64_t              tags;
    } known[OPENAI_SCAN_KNOWN], *k;

    k = &known[(uintptr_t) nodes / sizeof(openai_node_t) % OPENAI_SCAN_KNOWN];

    if (k->nodes != nodes) {
        k->nodes = nodes;
        k->tags = 0;

        for (n = nodes; n && n->tag; n++) {
            k->tags |= openai_scan_bit(n->tag);
        }
    }

    return k->tags;
}


static inline const openai_node_t *
openai_scan_lookup(const openai_node_t *nodes, const openai_node_t *from,
    uint32_t tag, const char *key, size_t len)
{
    const openai_node_t  *n;

    for (n = from; n->tag; n++) {
        if (n->tag == tag && n->key.len == len
            && openai_scan_same(n->key.data, key, len))
        {
            return n;
        }
    }

    for (n = nodes; n < from; n++) {
        if (n->tag == tag && n->key.len == len
            && openai_scan_same(n->key.data, key, len))
        {
            return n;
        }
    }

    return NULL;
}


/* keys are too short for a call; their first and last bytes are the same */

static inline int
openai_scan_same(const char *a, const char *b, size_t len)
{
    size_t    i;
    uint32_t  a4, b4;
    uint64_t  a8, b8;

    if (len < 4) {
        return len < 3 || a[1] == b[1];
    }

    if (len < 8) {
        memcpy(&a4, a, 4);
        memcpy(&b4, b, 4);

        if (a4 != b4) {
            return 0;
        }

        memcpy(&a4, a + len - 4, 4);
        memcpy(&b4, b + len - 4, 4);

        return a4 == b4;
    }

    for (i = 0; i < len - 8; i += 8) {
        memcpy(&a8, a + i, 8);
        memcpy(&b8, b + i, 8);

        if (a8 != b8) {
            return 0;
        }
    }

    memcpy(&a8, a + len - 8, 8);
    memcpy(&b8, b + len - 8, 8);

    return a8 == b8;
}


int64_t
openai_value_integer(const openai_value_t *v)
{
    double    d;
    size_t    i;
    int64_t   n;
    unsigned  digit;

    for (i = 0, n = 0; i < v->str.len && i < 15; i++) {

        digit = (unsigned char) v->str.data[i] - '0';

        if (digit > 9) {
            break;
        }

        n = n * 10 + digit;
    }

    if (i && i == v->str.len && v->type == OPENAI_SCAN_NUMBER) {
        return n;
    }

    d = openai_value_real(v);

    if (isnan(d) || d < -9e15 || d > 9e15) {
        return OPENAI_UNKNOWN;
    }

    return (int64_t) d;
}


double
openai_value_real(const openai_value_t *v)
{
    char      buf[48], *end;
    double    d;
    size_t    i, point;
    int64_t   n;
    unsigned  digit;

    /* both are exact, so that their quotient is what strtod() says */

    static const double  powers[] = {
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
        1e13, 1e14
    };

    if (v->type != OPENAI_SCAN_NUMBER || v->str.len == 0
        || v->str.len >= sizeof(buf))
    {
        return NAN;
    }

    n = 0;
    point = 0;

    for (i = 0; i < v->str.len && i < 15; i++) {

        digit = (unsigned char) v->str.data[i] - '0';

        if (digit <= 9) {
            n = n * 10 + digit;

        } else if (v->str.data[i] == '.' && i && !point) {
            point = i + 1;

        } else {
            break;
        }
    }

    if (i == v->str.len && point < i) {
        return point ? (double) n / powers[i - point] : (double) n;
    }

    memcpy(buf, v->str.data, v->str.len);
    buf[v->str.len] = '\0';

    d = strtod(buf, &end);

    return (*end == '\0') ? d : NAN;
}
