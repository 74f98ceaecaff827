
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <string.h>

#include "digest/json/bytes.h"
#include "digest/json/memo.h"
#include "digest/json/scan_inner.h"


/* fewer bytes in common are not worth the trouble */
#define OPENAI_MEMO_LEAST  12

/* after so many tries in vain only each 32nd document is tried */
#define OPENAI_MEMO_TRIES  4
#define openai_memo_due(memo)                                                 \
    ((memo)->tries < OPENAI_MEMO_TRIES || ((memo)->tries & 31) == 0)


static inline void openai_memo_replay(openai_memo_t *memo, openai_scan_t *s,
    const openai_memo_segment_t *seg);
static inline const char *openai_memo_string(openai_memo_t *memo,
    openai_scan_t *s, const openai_node_t *node, const char *p,
    const char *last);
static void openai_memo_rest(openai_scan_t *s, const char *doc, const char *p,
    const char *last);
static inline void openai_memo_enter(openai_scan_t *s,
    const openai_memo_segment_t *seg);
static const char *openai_memo_learn(openai_memo_t *memo, openai_scan_t *s,
    const char *p, const char *last);
static const char *openai_memo_segment(openai_memo_t *memo, openai_scan_t *s,
    const char *p, const char *last, size_t same);
static void openai_memo_state(openai_memo_segment_t *seg, openai_scan_t *s,
    size_t len);
static void openai_memo_keep(openai_memo_t *memo, const char *doc,
    const char *last);
static void openai_memo_move(openai_memo_t *memo, openai_memo_segment_t *seg,
    size_t start);
static size_t openai_memo_token(const openai_memo_t *memo, size_t at);
static void openai_memo_record(openai_memo_t *memo, const openai_node_t *node,
    const openai_value_t *value);


void
openai_memo_scan(openai_scan_t *s, const char *p, size_t len)
{
    unsigned                left;
    const char             *doc, *end, *last;
    openai_memo_t          *memo;
    openai_memo_segment_t  *seg, *behind;

    doc = p;
    last = p + len;

    memo = s->memo;
    memo->tries++;

    /* the scanner is not moved before it has to go on by itself */

    behind = NULL;
    seg = memo->segments;

    for (left = memo->n; left; left--, seg++) {

        if ((size_t) (last - p) < seg->len) {
            openai_memo_enter(s, behind);
            openai_scan_run(s, p, last);
            return;
        }

        if (memcmp(p, memo->bytes + seg->start, seg->len) != 0) {
            memo->n -= left;
            memo->ntakes = seg->take;
            memo->tries = 0;
            break;
        }

        openai_memo_replay(memo, s, seg);

        if (seg->final) {
            s->depth = 0;
            s->state = OPENAI_SCAN_DONE;
            return;
        }

        seg->found = p;
        p += seg->len;

        end = openai_memo_string(memo, s, seg->node, p, last);

        if (end) {
            behind = seg;
            p = end;
            continue;
        }

        openai_memo_enter(s, seg);
        s->keyed = 1;
        s->node = seg->node;

        behind = NULL;
        p = openai_scan_token(s, p, last);

        /* it is missing, or is an object or an array, or goes on */

        if (s->keyed) {
            openai_scan_run(s, p, last);
            return;
        }
    }

    openai_memo_enter(s, behind);
    openai_memo_rest(s, doc, p, last);
}


/* not to be inlined: the hot loop would be short of registers */

__attribute__((noinline))
static void
openai_memo_rest(openai_scan_t *s, const char *doc, const char *p,
    const char *last)
{
    openai_memo_t  *memo;

    memo = s->memo;

    /* what is not whole is no example */

    if (memo->n < OPENAI_MEMO_SEGMENTS && openai_memo_due(memo)
        && last > doc && last[-1] == '}')
    {
        p = openai_memo_learn(memo, s, p, last);
        openai_memo_keep(memo, doc, last);
    }

    /* most end so */

    if (last - p == 1 && *p == '}' && s->depth == 1 && !s->keyed
        && s->root->take == NULL && s->state == OPENAI_SCAN_BETWEEN)
    {
        s->depth = 0;
        s->state = OPENAI_SCAN_DONE;
        return;
    }

    openai_scan_run(s, p, last);
}


/* what lasts is told again where something else was told in between */

static inline void
openai_memo_replay(openai_memo_t *memo, openai_scan_t *s,
    const openai_memo_segment_t *seg)
{
    openai_memo_take_t  *t, *end;

    t = memo->takes + seg->take;
    end = t + seg->ntakes;

    if (seg->lasting) {

        if (!memo->stale) {
            t += seg->lasting;
        }

        memo->stale = 0;
    }

    memo->stale |= seg->stales;

    for ( /* void */ ; t < end; t++) {
        t->node->take(s->ctx, t->node, &t->value);
    }
}


/* tells of a plain string and returns its end; NULL: there is none */

static inline const char *
openai_memo_string(openai_memo_t *memo, openai_scan_t *s,
    const openai_node_t *node, const char *p, const char *last)
{
    const char      *end;
    openai_value_t   value;

    if (p == last || *p++ != '"') {
        return NULL;
    }

    end = openai_find_quote(p, last);

    if (end == last || *end != '"') {
        return NULL;
    }

    if (node && node->take) {

        memo->stale |= node->flags & OPENAI_NODE_LASTING;

        value.type = OPENAI_SCAN_STRING;
        value.element = -1;
        value.str.data = p;
        value.str.len = openai_scan_cut(end - p);
        value.size = end - p;

        node->take(s->ctx, node, &value);
    }

    return end + 1;
}


/* the scanner goes on behind this segment's value; all frames are copied: it is
   fewer instructions than as many as there are */

static inline void
openai_memo_enter(openai_scan_t *s, const openai_memo_segment_t *seg)
{
    if (seg) {
        memcpy(s->frames, seg->frames, sizeof(seg->frames));
        s->depth = seg->depth;
        s->node = NULL;
    }
}


/* goes on behind the segments that there are, in this document and the last */

static const char *
openai_memo_learn(openai_memo_t *memo, openai_scan_t *s, const char *p,
    const char *last)
{
    size_t                  at, same, len;
    openai_memo_segment_t  *seg;

    at = 0;

    if (memo->n) {
        seg = &memo->segments[memo->n - 1];
        at = openai_memo_token(memo, seg->start + seg->len);
    }

    while (memo->n < OPENAI_MEMO_SEGMENTS && at < memo->len) {

        len = memo->len - at;

        if ((size_t) (last - p) < len) {
            len = last - p;
        }

        for (same = 0; same < len && p[same] == memo->bytes[at + same]; ) {
            same++;
        }

        if (same < OPENAI_MEMO_LEAST
            || (same == len && (memo->cut || len != (size_t) (last - p)
                                || at + len != memo->len)))
        {
            break;
        }

        seg = &memo->segments[memo->n];
        seg->found = p;

        p = openai_memo_segment(memo, s, p, last, same);

        if (seg->len < OPENAI_MEMO_LEAST) {
            memo->ntakes = seg->take;
            break;
        }

        memo->n++;
        memo->tries = 0;

        if (seg->final || s->keyed) {
            break;
        }

        at = openai_memo_token(memo, at + seg->len);
    }

    return p;
}


/*
 * Scans what is the same and the value after it.  Where the difference is
 * within a value, the segment ends before it.
 */

static const char *
openai_memo_segment(openai_memo_t *memo, openai_scan_t *s, const char *p,
    const char *last, size_t same)
{
    openai_memo_segment_t  *seg;

    seg = &memo->segments[memo->n];

    seg->take = memo->ntakes;
    seg->lasting = 0;
    seg->stales = 0;
    seg->start = 0;
    seg->len = 0;
    seg->final = 0;

    memo->failed = 0;
    memo->segment = p;
    memo->end = p + same;

    if (memo->n == 0) {
        memo->stale = 0;
    }

    s->token = NULL;
    s->recording = 1;
    openai_scan_run(s, p, p + same);
    s->recording = 0;

    if (s->state == OPENAI_SCAN_DONE) {
        seg->final = 1;

    } else if (s->state != OPENAI_SCAN_BETWEEN && s->token == NULL) {
        memo->failed = 1;
    }

    if (!memo->failed && (s->keyed || seg->final)
        && s->depth <= OPENAI_MEMO_DEPTH)
    {
        seg->ntakes = memo->ntakes - seg->take;

        openai_memo_state(seg, s, s->state == OPENAI_SCAN_BETWEEN || seg->final
                                  ? same : (size_t) (s->token - p));
    }

    if (s->state == OPENAI_SCAN_BETWEEN && s->keyed) {
        return openai_scan_token(s, p + same, last);
    }

    return openai_scan_rest(s, p + same, last);
}


static void
openai_memo_state(openai_memo_segment_t *seg, openai_scan_t *s, size_t len)
{
    unsigned  i;

    seg->len = (uint16_t) len;
    seg->depth = s->depth;
    seg->node = s->node;

    for (i = 0; i < s->depth; i++) {
        seg->frames[i] = s->frames[i];
        seg->frames[i].step = 0;
    }
}


/* this document takes the place of the one before */

static void
openai_memo_keep(openai_memo_t *memo, const char *doc, const char *last)
{
    unsigned                i;
    openai_memo_segment_t  *seg;

    memo->len = (uint16_t) (last - doc < OPENAI_MEMO_BYTES
                            ? last - doc : OPENAI_MEMO_BYTES);
    memo->cut = (last - doc > OPENAI_MEMO_BYTES);

    memcpy(memo->bytes, doc, memo->len);

    for (i = 0; i < memo->n; i++) {

        seg = &memo->segments[i];

        if (seg->found + seg->len > doc + memo->len) {
            memo->n = (uint8_t) i;
            memo->ntakes = seg->take;
            break;
        }

        openai_memo_move(memo, seg, seg->found - doc);
    }
}


static void
openai_memo_move(openai_memo_t *memo, openai_memo_segment_t *seg, size_t start)
{
    unsigned             i;
    openai_memo_take_t  *t;

    t = memo->takes + seg->take;

    for (i = 0; i < seg->ntakes; i++) {
        t[i].value.str.data += (ptrdiff_t) start - seg->start;
    }

    seg->start = (uint16_t) start;
}


/* the end of the value that is at this place in the bytes */

static size_t
openai_memo_token(const openai_memo_t *memo, size_t at)
{
    const char     *p, *last;
    openai_skip_t   skip;

    p = memo->bytes + at;
    last = memo->bytes + memo->len;

    if (p < last && *p == '"') {
        skip.depth = 0;
        skip.quoted = 1;
        skip.escaped = 0;
        return openai_skip(&skip, p + 1, last) - memo->bytes;
    }

    while (p < last && *p != ',' && *p != '}' && *p != ']') {
        p++;
    }

    return p - memo->bytes;
}


void
openai_memo_told(openai_memo_t *memo, const openai_scan_t *s,
    const openai_node_t *node, const openai_value_t *value)
{
    if (s->recording) {
        openai_memo_record(memo, node, value);

    } else if (node->flags & OPENAI_NODE_LASTING) {
        memo->stale = 1;
    }
}


/* what is null changes nothing */

static void
openai_memo_record(openai_memo_t *memo, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_memo_take_t     *t;
    openai_memo_segment_t  *seg;

    if (value->type == OPENAI_SCAN_NULL) {
        return;
    }

    seg = &memo->segments[memo->n];

    if (node->flags & OPENAI_NODE_LASTING) {

        if (memo->n == 0 && memo->ntakes == seg->lasting) {
            seg->lasting++;

        } else {
            seg->stales = 1;
            memo->stale = 1;
        }
    }

    if (memo->ntakes == OPENAI_MEMO_TAKES || value->size != value->str.len
        || (value->str.len && (value->str.data < memo->segment
                               || value->str.data >= memo->end)))
    {
        memo->failed = 1;
        return;
    }

    t = &memo->takes[memo->ntakes++];

    t->node = node;
    t->value = *value;

    /* the segment's place among the bytes is not known yet */

    t->value.str.data = memo->bytes;

    if (value->str.len) {
        t->value.str.data += value->str.data - memo->segment;
    }
}
