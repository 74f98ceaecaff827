
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include "digest/json/bytes.h"
#include "digest/json/keys.h"
#include "digest/json/scan_inner.h"


#define openai_is_low(c)   ((c) >= 0xdc00 && (c) <= 0xdfff)
#define openai_is_high(c)  ((c) >= 0xd800 && (c) <= 0xdbff)

/* nothing of the string is kept but its size */

#define openai_scan_measured(s)                                               \
    ((s)->node && ((s)->node->flags & OPENAI_NODE_TEXT)                       \
     && (s)->state == OPENAI_SCAN_IN_STRING)


static const char *openai_scan_string(openai_scan_t *s, const char *p,
    const char *last);
static const char *openai_scan_escapes(openai_scan_t *s, const char *p,
    const char *last);
static unsigned openai_scan_utf8(const char *p);
static int openai_scan_escape(openai_scan_t *s, char ch);
static void openai_scan_code(openai_scan_t *s, uint32_t code);
static void openai_scan_keep(openai_scan_t *s, const char *p, size_t len);


/* a digit's value and one; 0: it is none */

static const uint8_t  openai_scan_hex[256] = {
    ['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5,
    ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
    ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16
};


/* goes on in what has begun in the input before */

const char *
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


void
openai_scan_begin(openai_scan_t *s)
{
    s->len = 0;
    s->size = 0;
    s->escape = 0;
    s->high = 0;
}


/* a string with an escape in it, or one that goes on in the input to come */

const char *
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
    openai_scan_keep(s, start, end - start);

    return end;
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

        end = openai_find_quote(p, last);

        if (end > p) {
            openai_scan_keep(s, p, end - p);
        }

        if (end == last) {
            return last;
        }

        p = openai_scan_escapes(s, end, last);

        if (p > end) {
            continue;
        }

        p = end + 1;

        if (*end == '\\') {
            s->escape = 1;
            continue;
        }

        openai_scan_keep(s, NULL, 0);

        if (s->state == OPENAI_SCAN_IN_KEY) {
            nodes = s->frames[s->depth - 1].node->nodes;
            s->node = openai_keys_find(nodes, s->buf, s->len);

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


/* those of a text that are whole in the input, and what is between them; the
   halves of pairs are left to the caller */

static const char *
openai_scan_escapes(openai_scan_t *s, const char *p, const char *last)
{
    unsigned  n;

    if (*p != '\\' || s->high || !openai_scan_measured(s)) {
        return p;
    }

    if (last - p > 1 && p[1] != 'u') {
        return openai_skip_escapes(p, last, &s->size);
    }

    while (last - p >= 6 && p[0] == '\\' && p[1] == 'u') {
        n = openai_scan_utf8(p + 2);

        if (n == 0) {
            break;
        }

        s->size += n;
        p += 6;
    }

    return p;
}


/* the bytes of UTF-8 of four digits; 0: half of a pair, or no number */

static unsigned
openai_scan_utf8(const char *p)
{
    unsigned  i, digit, code;

    code = 0;

    for (i = 0; i < 4; i++) {
        digit = openai_scan_hex[(unsigned char) p[i]];

        if (digit == 0) {
            return 0;
        }

        code = (code << 4) + digit - 1;
    }

    if (openai_is_high(code) || openai_is_low(code)) {
        return 0;
    }

    return code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
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

    digit = openai_scan_hex[(unsigned char) ch];

    if (digit == 0) {
        s->escape = 0;
        return 0;
    }

    s->code = (s->code << 4) | (digit - 1);

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

    if (openai_scan_measured(s)) {
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


const char *
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
        s->len = openai_scan_cut(p - start);
    }

    openai_scan_deliver(s, openai_scan_bare_type(*start), start, s->len,
                        s->len);

    return p;
}
