
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <math.h>
#include <stdlib.h>

#include "digest/openai_bytes.h"
#include "digest/openai_scan.h"


typedef enum {
    OPENAI_SCAN_BETWEEN = 0,
    OPENAI_SCAN_IN_STRING,
    OPENAI_SCAN_IN_KEY,
    OPENAI_SCAN_IN_BARE,
    OPENAI_SCAN_IN_SKIPPED,
    OPENAI_SCAN_DONE
} openai_scan_state_e;


#define OPENAI_SCAN_BLOCK  64

#define openai_is_low(c)   ((c) >= 0xdc00 && (c) <= 0xdfff)
#define openai_is_high(c)  ((c) >= 0xd800 && (c) <= 0xdbff)


static const char *openai_scan_between(openai_scan_t *s, const char *p,
    const char *last);
static const char *openai_scan_key(openai_scan_t *s, const char *p,
    const char *last);
static const char *openai_scan_value(openai_scan_t *s, const char *p,
    const char *last);
static void openai_scan_open(openai_scan_t *s, int array);
static void openai_scan_close(openai_scan_t *s);
static const char *openai_scan_string(openai_scan_t *s, const char *p,
    const char *last);
static int openai_scan_escape(openai_scan_t *s, char ch);
static void openai_scan_code(openai_scan_t *s, uint32_t code);
static void openai_scan_keep(openai_scan_t *s, const char *p, size_t len);
static const char *openai_scan_bare(openai_scan_t *s, const char *p,
    const char *last);
static const char *openai_scan_skip(openai_scan_t *s, const char *p,
    const char *last);
static void openai_scan_lookup(openai_scan_t *s, const char *key, size_t len);
static void openai_scan_deliver(openai_scan_t *s, openai_scan_type_e type,
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


int
openai_scan_done(const openai_scan_t *s)
{
    return s->state == OPENAI_SCAN_DONE;
}


void
openai_scan(openai_scan_t *s, const char *p, size_t len)
{
    const char  *last;

    last = p + len;

    while (p < last) {

        switch (s->state) {

        case OPENAI_SCAN_BETWEEN:
            p = openai_scan_between(s, p, last);
            break;

        case OPENAI_SCAN_IN_STRING:
        case OPENAI_SCAN_IN_KEY:
            p = openai_scan_string(s, p, last);
            break;

        case OPENAI_SCAN_IN_BARE:
            p = openai_scan_bare(s, p, last);
            break;

        case OPENAI_SCAN_IN_SKIPPED:
            p = openai_scan_skip(s, p, last);
            break;

        default: /* OPENAI_SCAN_DONE */
            return;
        }
    }
}


static const char *
openai_scan_between(openai_scan_t *s, const char *p, const char *last)
{
    unsigned char  ch;

    while (p < last && s->state == OPENAI_SCAN_BETWEEN) {

        ch = (unsigned char) *p;

        if (ch <= ' ' || ch == ',' || ch == ':') {
            p++;
            continue;
        }

        switch (ch) {

        case '}':
        case ']':
            p++;
            openai_scan_close(s);
            break;

        case '{':
        case '[':
            p++;
            openai_scan_open(s, ch == '[');
            break;

        case '"':
            p++;

            if (s->depth && !s->keyed && s->frames[s->depth - 1].index < 0) {
                p = openai_scan_key(s, p, last);

            } else {
                p = openai_scan_value(s, p, last);
            }

            break;

        default:
            s->len = 0;
            s->state = OPENAI_SCAN_IN_BARE;
            p = openai_scan_bare(s, p, last);
        }
    }

    return p;
}


static const char *
openai_scan_key(openai_scan_t *s, const char *p, const char *last)
{
    const char  *end;

    end = openai_find2(p, last, '"', '\\');

    if (end < last && *end == '"') {
        openai_scan_lookup(s, p, end - p);
        return end + 1;
    }

    s->len = 0;
    s->escape = 0;
    s->high = 0;
    s->state = OPENAI_SCAN_IN_KEY;

    return openai_scan_string(s, p, last);
}


static const char *
openai_scan_value(openai_scan_t *s, const char *p, const char *last)
{
    const char  *end;

    end = openai_find2(p, last, '"', '\\');

    if (end < last && *end == '"') {
        openai_scan_deliver(s, OPENAI_SCAN_STRING, p, end - p, end - p);
        return end + 1;
    }

    if (s->node == NULL || s->node->take == NULL) {
        s->skip = 0;
        s->quoted = 1;
        s->escaped = 0;
        s->state = OPENAI_SCAN_IN_SKIPPED;

        return openai_scan_skip(s, end, last);
    }

    s->len = 0;
    s->size = 0;
    s->escape = 0;
    s->high = 0;
    s->state = OPENAI_SCAN_IN_STRING;

    return openai_scan_string(s, p, last);
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
        node->take(s->ctx, node, &v);
    }

    if (node == NULL
        || (node->nodes == NULL && !(array && node->take))
        || s->depth == OPENAI_SCAN_DEPTH)
    {
        s->skip = 1;
        s->quoted = 0;
        s->escaped = 0;
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
        v.size = array ? index : 0;
        s->node->take(s->ctx, s->node, &v);
    }

    openai_scan_deliver(s, OPENAI_SCAN_NULL, NULL, 0, 0);
}


/* ends the value in hand; without p it has been delivered already */

static void
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
        v.str.len = len;
        v.size = size;
        s->node->take(s->ctx, s->node, &v);
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
    const char  *end;

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
            openai_scan_lookup(s, s->buf, s->len);

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

    if (s->node && s->node->text && s->state == OPENAI_SCAN_IN_STRING) {
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
    unsigned char       ch;
    const char         *start;
    openai_scan_type_e  type;

    start = p;

    for ( /* void */ ; p < last; p++) {
        ch = (unsigned char) *p;

        if (ch <= ' ' || ch == ',' || ch == '}' || ch == ']' || ch == ':'
            || ch == '"' || ch == '{' || ch == '[')
        {
            break;
        }
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

    switch (*start) {
    case 'n': type = OPENAI_SCAN_NULL; break;
    case 't': type = OPENAI_SCAN_TRUE; break;
    case 'f': type = OPENAI_SCAN_FALSE; break;
    default:  type = OPENAI_SCAN_NUMBER;
    }

    openai_scan_deliver(s, type, start, s->len, s->len);

    return p;
}


static void
openai_scan_lookup(openai_scan_t *s, const char *key, size_t len)
{
    const openai_node_t  *n;

    s->keyed = 1;
    s->state = OPENAI_SCAN_BETWEEN;

    for (n = s->frames[s->depth - 1].node->nodes; n && n->key.data; n++) {
        if (n->key.len == len && memcmp(n->key.data, key, len) == 0) {
            s->node = n;
            return;
        }
    }

    s->node = NULL;
}


#if defined(__SSE2__)

typedef struct {
    uint64_t   quote;
    uint64_t   slash;
    uint64_t   open;
    uint64_t   close;
} openai_scan_block_t;


static void
openai_scan_block(openai_scan_block_t *b, const char *p)
{
    int      i;
    __m128i  v, w;

    b->quote = 0;
    b->slash = 0;
    b->open = 0;
    b->close = 0;

    for (i = 0; i < OPENAI_SCAN_BLOCK; i += 16) {
        v = _mm_loadu_si128((const __m128i *) (p + i));
        w = _mm_or_si128(v, _mm_set1_epi8(0x20));

#define openai_mask(x, c)                                                     \
    ((uint64_t) _mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8(c))) << i)

        b->quote |= openai_mask(v, '"');
        b->slash |= openai_mask(v, '\\');
        b->open |= openai_mask(w, '{');
        b->close |= openai_mask(w, '}');
    }
}


/* which bytes a backslash takes the meaning of; *carry goes on to the next */

static uint64_t
openai_scan_escaped(uint64_t slash, uint8_t *carry)
{
    uint64_t  even, follows, odd, sum;

    even = 0x5555555555555555;

    slash &= ~(uint64_t) *carry;
    follows = slash << 1 | *carry;
    odd = slash & ~even & ~follows;

    *carry = (uint8_t) __builtin_add_overflow(odd, slash, &sum);

    return (even ^ (sum << 1)) & follows;
}


/* the value's end within the block, or OPENAI_SCAN_BLOCK when it goes on */

static unsigned
openai_scan_skip_block(openai_scan_t *s, const char *p)
{
    unsigned             i;
    uint64_t             inside, bits;
    openai_scan_block_t  b;

    openai_scan_block(&b, p);

    if (b.slash || s->escaped) {
        b.quote &= ~openai_scan_escaped(b.slash, &s->escaped);
    }

    if (s->skip == 0) {
        return b.quote ? __builtin_ctzll(b.quote) : OPENAI_SCAN_BLOCK;
    }

    inside = b.quote;
    inside ^= inside << 1;
    inside ^= inside << 2;
    inside ^= inside << 4;
    inside ^= inside << 8;
    inside ^= inside << 16;
    inside ^= inside << 32;

    if (s->quoted) {
        inside = ~inside;
    }

    s->quoted = inside >> 63;

    b.open &= ~inside;
    b.close &= ~inside;

    if ((unsigned) __builtin_popcountll(b.close) < s->skip) {
        s->skip += __builtin_popcountll(b.open);
        s->skip -= __builtin_popcountll(b.close);
        return OPENAI_SCAN_BLOCK;
    }

    for (bits = b.open | b.close; bits; bits &= bits - 1) {
        i = __builtin_ctzll(bits);

        if (b.open >> i & 1) {
            s->skip++;

        } else if (--s->skip == 0) {
            return i;
        }
    }

    return OPENAI_SCAN_BLOCK;
}

#endif


/* a string (skip is 0) or whatever is in brackets, of no interest */

static const char *
openai_scan_skip(openai_scan_t *s, const char *p, const char *last)
{
    char      ch;
#if defined(__SSE2__)
    unsigned  n;

    while (last - p >= OPENAI_SCAN_BLOCK) {
        n = openai_scan_skip_block(s, p);

        if (n < OPENAI_SCAN_BLOCK) {
            s->quoted = 0;
            openai_scan_deliver(s, OPENAI_SCAN_NULL, NULL, 0, 0);
            return p + n + 1;
        }

        p += OPENAI_SCAN_BLOCK;
    }
#endif

    do {
        if (p == last) {
            return p;
        }

        ch = *p++;

        if (s->escaped) {
            s->escaped = 0;

        } else if (s->quoted) {

            if (ch == '\\') {
                s->escaped = 1;

            } else if (ch == '"') {
                s->quoted = 0;
            }

        } else if (ch == '"') {
            s->quoted = 1;

        } else if ((ch | 0x20) == '{') {
            s->skip++;

        } else if ((ch | 0x20) == '}') {
            s->skip--;
        }

    } while (s->skip || s->quoted);

    openai_scan_deliver(s, OPENAI_SCAN_NULL, NULL, 0, 0);

    return p;
}


int64_t
openai_value_integer(const openai_value_t *v)
{
    double  d;

    d = openai_value_real(v);

    if (isnan(d) || d < -9e15 || d > 9e15) {
        return OPENAI_UNKNOWN;
    }

    return (int64_t) d;
}


double
openai_value_real(const openai_value_t *v)
{
    char     buf[48], *end;
    double   d;
    size_t   i;
    int64_t  n;

    if (v->type != OPENAI_SCAN_NUMBER || v->str.len == 0
        || v->str.len >= sizeof(buf))
    {
        return NAN;
    }

    n = 0;

    for (i = 0; i < v->str.len && i < 15; i++) {
        if (v->str.data[i] < '0' || v->str.data[i] > '9') {
            break;
        }

        n = n * 10 + (v->str.data[i] - '0');
    }

    if (i == v->str.len) {
        return (double) n;
    }

    memcpy(buf, v->str.data, v->str.len);
    buf[v->str.len] = '\0';

    d = strtod(buf, &end);

    return (*end == '\0') ? d : NAN;
}
