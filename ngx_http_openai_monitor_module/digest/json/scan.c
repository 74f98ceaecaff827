
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The scanner: one state machine over bytes.
 *
 * The meter feeds it the bodies, the messages and the data of events.
 *
 * Between two bytes the scanner is in one of the states of openai_scan_state_e.
 * Each state has a function that goes on as far as the input or the state
 * goes and returns the place where it stopped:
 *
 *     BETWEEN             openai_scan_between()   structure: {}[],: and blanks
 *     IN_STRING, IN_KEY   openai_scan_string()    a string, put together
 *     IN_BARE             openai_scan_bare()      a number, true, false, null
 *     IN_SKIPPED          openai_scan_skipped()   a value that nobody asked for
 *     DONE                                        the document has ended
 *
 * Invariants:
 *
 * - The values told do not depend on where the input is split.
 * - frames[] holds the open objects and arrays that somebody asked for; the
 *   skipped ones have a counter only.
 * - A string without an escape that lies whole in the input is taken from
 *   there.  Any other is put together in buf, which keeps its first
 *   OPENAI_SCAN_VALUE bytes; size counts all of them.
 */


#include "digest/json/bytes.h"
#include "digest/json/keys.h"
#include "digest/json/scan.h"


typedef enum {
    OPENAI_SCAN_BARE = 0,
    OPENAI_SCAN_BLANK,         /* and ":" */
    OPENAI_SCAN_COMMA,
    OPENAI_SCAN_QUOTE,
    OPENAI_SCAN_OPEN,
    OPENAI_SCAN_CLOSE
} openai_scan_class_e;


#define openai_scan_class(ch)  openai_scan_classes[(unsigned char) (ch)]

/* the number of bytes that are kept of a value */

#define openai_scan_cut(len)                                                  \
    ((len) < OPENAI_SCAN_VALUE ? (size_t) (len) : OPENAI_SCAN_VALUE)

/* a node is told of objects, and of arrays unless it declines them */

#define openai_scan_told(node, array)                                         \
    ((node)->take && !((array) && ((node)->flags & OPENAI_NODE_OBJECTS)))

/* the place of the value to come in its array; -1: it is in no array */

#define openai_scan_place(s)                                                  \
    ((s)->depth ? (s)->frames[(s)->depth - 1].index : -1)

/* a key comes before the next value */

#define openai_scan_wants_key(s)                                              \
    ((s)->depth && (s)->frames[(s)->depth - 1].index < 0 && !(s)->keyed)

/* only the size of the string counts, so none of it is kept */

#define openai_scan_measured(s)                                               \
    ((s)->node && ((s)->node->flags & OPENAI_NODE_TEXT)                       \
     && (s)->state == OPENAI_SCAN_IN_STRING)

#define openai_is_low(c)   ((c) >= 0xdc00 && (c) <= 0xdfff)
#define openai_is_high(c)  ((c) >= 0xd800 && (c) <= 0xdbff)


static const char *openai_scan_between(openai_scan_t *s, const char *p,
    const char *last);
static inline int openai_scan_push(openai_scan_t *s,
    const openai_node_t *node, int element, int array);
static inline void openai_scan_pop(openai_scan_t *s);
static const char *openai_scan_quote(openai_scan_t *s, const char *p,
    const char *last);
static const char *openai_scan_string(openai_scan_t *s, const char *p,
    const char *last);
static void openai_scan_string_end(openai_scan_t *s, const char *p,
    size_t len, uint64_t size);
static const char *openai_scan_escapes(openai_scan_t *s, const char *p,
    const char *last);
static unsigned openai_scan_utf8(const char *p);
static int openai_scan_escape(openai_scan_t *s, char ch);
static void openai_scan_code(openai_scan_t *s, uint32_t code);
static void openai_scan_keep(openai_scan_t *s, const char *p, size_t len);
static const char *openai_scan_bare(openai_scan_t *s, const char *p,
    const char *last);
static openai_scan_type_e openai_scan_bare_type(char ch);
static void openai_scan_skip(openai_scan_t *s, uint32_t depth,
    uint8_t quoted);
static const char *openai_scan_skipped(openai_scan_t *s, const char *p,
    const char *last);
static void openai_scan_deliver(openai_scan_t *s, openai_scan_type_e type,
    const char *p, size_t len, uint64_t size);
static inline void openai_scan_settle(openai_scan_t *s);
static inline void openai_scan_tell(openai_scan_t *s,
    const openai_node_t *node, openai_scan_type_e type, int element,
    const char *p, size_t len, uint64_t size);


static const uint8_t  openai_scan_classes[256] = {
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


/* the value of a hexadecimal digit plus one; 0: the byte is no digit */

static const uint8_t  openai_scan_hex[256] = {
    ['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5,
    ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
    ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16
};


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


size_t
openai_scan(openai_scan_t *s, const char *p, size_t len)
{
    const char  *start, *last;

    start = p;
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
            p = openai_scan_skipped(s, p, last);
            break;

        default: /* OPENAI_SCAN_DONE */
            return p - start;
        }
    }

    return len;
}


static const char *
openai_scan_between(openai_scan_t *s, const char *p, const char *last)
{
    while (p < last && s->state == OPENAI_SCAN_BETWEEN) {

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

            if (openai_scan_push(s, s->node, openai_scan_place(s), *p == '['))
            {
                openai_scan_settle(s);
            }

            p++;
            break;

        case OPENAI_SCAN_CLOSE:
            p++;

            if (s->depth) {
                openai_scan_pop(s);
            }

            openai_scan_settle(s);
            break;

        case OPENAI_SCAN_QUOTE:
            p = openai_scan_quote(s, p + 1, last);
            break;

        default: /* OPENAI_SCAN_BARE */
            s->len = 0;
            s->state = OPENAI_SCAN_IN_BARE;
            p = openai_scan_bare(s, p, last);
        }
    }

    return p;
}


/* enters an object or an array and returns 1, or skips it and returns 0 */

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
        openai_scan_skip(s, 1, 0);
        return 0;
    }

    frame = &s->frames[s->depth++];

    frame->node = node;
    frame->index = array ? 0 : -1;

    return 1;
}


/* leaves the innermost object or array */

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


/* a string begins behind its quote; a value that nobody asked for is skipped
   unless it ends here, without an escape before */

static const char *
openai_scan_quote(openai_scan_t *s, const char *p, const char *last)
{
    const char  *end;

    s->state = openai_scan_wants_key(s) ? OPENAI_SCAN_IN_KEY
                                        : OPENAI_SCAN_IN_STRING;

    end = openai_find_quote(p, last);

    if (end < last && *end == '"') {
        openai_scan_string_end(s, p, end - p, end - p);
        return end + 1;
    }

    if (s->state == OPENAI_SCAN_IN_STRING
        && (s->node == NULL || s->node->take == NULL))
    {
        openai_scan_skip(s, 0, 1);
        return end;
    }

    s->len = 0;
    s->size = 0;
    s->escape = 0;
    s->high = 0;

    openai_scan_keep(s, p, end - p);

    return end;
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

        /* a surrogate that still waits for its other half is kept */

        openai_scan_keep(s, NULL, 0);
        openai_scan_string_end(s, s->buf, s->len, s->size);

        break;
    }

    return p;
}


/* the string has been read, in all or, in p, its first len bytes */

static void
openai_scan_string_end(openai_scan_t *s, const char *p, size_t len,
    uint64_t size)
{
    if (s->state == OPENAI_SCAN_IN_STRING) {
        openai_scan_deliver(s, OPENAI_SCAN_STRING, p, len, size);
        return;
    }

    s->node = openai_keys_find(s->frames[s->depth - 1].node->nodes, p, len);
    s->keyed = 1;
    s->state = OPENAI_SCAN_BETWEEN;
}


/* measures the escapes that are whole in the input, and the text between them;
   leaves the halves of surrogate pairs to openai_scan_escape() */

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


/* returns how many bytes of UTF-8 four hexadecimal digits stand for; 0: they
   are half of a surrogate pair, or no digits */

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


/* takes a byte behind a backslash; 0: the byte is not part of the escape */

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


/* appends to the string in hand; a surrogate that waits for a half which does
   not come becomes U+FFFD */

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


static const char *
openai_scan_bare(openai_scan_t *s, const char *p, const char *last)
{
    const char  *start;

    start = p;

    while (p < last && openai_scan_class(*p) == OPENAI_SCAN_BARE) {
        p++;
    }

    if (p < last && (s->node == NULL || s->node->take == NULL)) {
        openai_scan_deliver(s, OPENAI_SCAN_NULL, NULL, 0, 0);
        return p;
    }

    if (p == last || s->len) {

        /* only a part of it is in this input */

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


static openai_scan_type_e
openai_scan_bare_type(char ch)
{
    switch (ch) {
    case 'n': return OPENAI_SCAN_NULL;
    case 't': return OPENAI_SCAN_TRUE;
    case 'f': return OPENAI_SCAN_FALSE;
    default:  return OPENAI_SCAN_NUMBER;
    }
}


/* begins to skip: depth counts the open brackets, quoted is 1 in a string */

static void
openai_scan_skip(openai_scan_t *s, uint32_t depth, uint8_t quoted)
{
    s->skip.depth = depth;
    s->skip.quoted = quoted;
    s->skip.escaped = 0;
    s->state = OPENAI_SCAN_IN_SKIPPED;
}


static const char *
openai_scan_skipped(openai_scan_t *s, const char *p, const char *last)
{
    p = openai_skip(&s->skip, p, last);

    if (!openai_skipping(&s->skip)) {
        openai_scan_deliver(s, OPENAI_SCAN_NULL, NULL, 0, 0);
    }

    return p;
}


/* ends the value in hand and tells its node; p is NULL for a value that nobody
   is told of */

static void
openai_scan_deliver(openai_scan_t *s, openai_scan_type_e type,
    const char *p, size_t len, uint64_t size)
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


/* decides what comes next: a key, a value of an array, or nothing */

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
