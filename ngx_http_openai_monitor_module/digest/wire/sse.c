
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * A state machine over the bytes of a stream of events.
 *
 * Lines that lie whole in the input take a short way, openai_sse_whole(); the
 * states go on in all others.  Both give the same events.
 */


#include <strings.h>

#include "digest/json/bytes.h"
#include "digest/wire/sse.h"


typedef enum {
    OPENAI_SSE_LINE = 0,       /* at the start of a line */
    OPENAI_SSE_FIELD,          /* in the field's name */
    OPENAI_SSE_COLON,          /* after it; one space is skipped */
    OPENAI_SSE_DATA,
    OPENAI_SSE_EVENT,
    OPENAI_SSE_IGNORE
} openai_sse_state_e;


static const char *openai_sse_whole(openai_sse_t *sse, const char *p,
    const char *last);
static const char *openai_sse_line(openai_sse_t *sse, const char *p,
    const char *last);
static const char *openai_sse_value(openai_sse_t *sse, const char *p,
    const char *last);
static inline void openai_sse_open(openai_sse_t *sse);
static inline void openai_sse_join(openai_sse_t *sse);
static inline void openai_sse_part(openai_sse_t *sse, char ch);
static void openai_sse_name(openai_sse_t *sse, const char *p, size_t n);
static void openai_sse_eol(openai_sse_t *sse, uint64_t end);
static void openai_sse_field(openai_sse_t *sse);
static void openai_sse_begin(openai_sse_t *sse);
static void openai_sse_dispatch(openai_sse_t *sse, uint64_t end);


void
openai_sse_init(openai_sse_t *sse, const openai_frames_t *handler, void *ctx)
{
    memset(sse, 0, sizeof(openai_sse_t));

    sse->handler = handler;
    sse->ctx = ctx;
}


void
openai_sse_feed(openai_sse_t *sse, const char *p, size_t len)
{
    const char  *start, *last;

    last = p + len;

    if (sse->bom == 3 && !sse->cr) {
        p = openai_sse_whole(sse, p, last);
    }

    while (p < last) {

        start = p;

        if (sse->cr) {
            sse->cr = 0;

            if (*p == '\n') {
                sse->offset++;
                p++;
                continue;
            }
        }

        if (*p == '\n' || *p == '\r') {
            sse->cr = (*p == '\r');
            openai_sse_eol(sse, ++sse->offset);
            p++;
            continue;
        }

        if (sse->state <= OPENAI_SSE_FIELD) {
            p = openai_sse_line(sse, p, last);

        } else {
            p = openai_sse_value(sse, p, last);
        }

        sse->offset += p - start;
    }
}


void
openai_sse_end(openai_sse_t *sse)
{
    if (sse->state != OPENAI_SSE_LINE) {
        openai_sse_eol(sse, sse->offset);
    }

    openai_sse_dispatch(sse, sse->offset);
}


/* reads lines that lie whole in the input, up to one that does not */

static const char *
openai_sse_whole(openai_sse_t *sse, const char *p, const char *last)
{
    const char  *value, *end;

    while (sse->state == OPENAI_SSE_LINE && last - p > 7) {

        value = p + 6;

        if (memcmp(p, "data: ", 6) == 0) {
            end = openai_find_eol(value, last);

            if (end == last || *end == '\r') {
                break;
            }

            openai_sse_open(sse);

            if (end > value) {
                openai_sse_part(sse, *value);
                sse->tail = end[-1];
                sse->handler->data(sse->ctx, value, end - value);

            } else {
                openai_sse_join(sse);
            }

        } else if (memcmp(p, "event: ", 7) == 0) {
            value++;
            end = openai_find2(value, last, '\n', '\r');

            if (end == last || *end == '\r') {
                break;
            }

            openai_sse_open(sse);

            sse->name_len = 0;
            openai_sse_name(sse, value, end - value);

        } else {
            break;
        }

        sse->offset += end + 1 - p;
        p = end + 1;

        if (p < last && *p == '\n') {
            p++;
            openai_sse_dispatch(sse, ++sse->offset);
        }
    }

    return p;
}


/* reads the name of a field; the first byte does not end the line */

static const char *
openai_sse_line(openai_sse_t *sse, const char *p, const char *last)
{
    if (sse->bom < 3) {

        if (*p == "\xef\xbb\xbf"[sse->bom]) {
            sse->bom++;
            return p + 1;
        }

        sse->bom = 3;
    }

    if (sse->state == OPENAI_SSE_LINE) {

        if (*p == ':') {
            sse->state = OPENAI_SSE_IGNORE;
            return p + 1;
        }

        openai_sse_open(sse);
        sse->len = 0;

        /* some servers write an error into the stream without framing */

        if (*p == '{') {
            sse->target = OPENAI_SSE_DATA;
            openai_sse_begin(sse);
            return p;
        }

        if (last - p > 6 && memcmp(p, "data: ", 6) == 0) {
            sse->target = OPENAI_SSE_DATA;
            openai_sse_begin(sse);
            return p + 6;
        }

        sse->state = OPENAI_SSE_FIELD;
    }

    for ( /* void */ ; p < last && *p != '\n' && *p != '\r'; p++) {

        if (*p == ':') {
            openai_sse_field(sse);
            sse->state = OPENAI_SSE_COLON;
            return p + 1;
        }

        if (sse->len < sizeof(sse->field)) {
            sse->field[sse->len++] = *p;
        }
    }

    return p;
}


static const char *
openai_sse_value(openai_sse_t *sse, const char *p, const char *last)
{
    const char  *end;

    if (sse->state == OPENAI_SSE_COLON) {
        openai_sse_begin(sse);

        if (*p == ' ') {
            return p + 1;
        }
    }

    end = openai_find2(p, last, '\n', '\r');

    if (sse->state == OPENAI_SSE_DATA) {

        if (end > p) {

            if (sse->fresh) {
                openai_sse_part(sse, *p);
            }

            sse->tail = end[-1];
            sse->handler->data(sse->ctx, p, end - p);
        }

    } else if (sse->state == OPENAI_SSE_EVENT) {
        openai_sse_name(sse, p, end - p);
    }

    return end;
}


/* begins an event with this line, unless one has begun */

static inline void
openai_sse_open(openai_sse_t *sse)
{
    sse->line = sse->offset;

    if (!sse->open) {
        sse->open = 1;
        sse->start = sse->offset;
    }
}


/*
 * Looks at the first byte of a line of data.  Some servers separate events by
 * one line feed instead of two.  JSON never goes on with "{" or "[" behind the
 * end of an object, so such a line begins an event.
 */

static inline void
openai_sse_part(openai_sse_t *sse, char ch)
{
    if (sse->some && sse->tail == '}' && (ch == '{' || ch == '[')) {
        openai_sse_dispatch(sse, sse->line);
        sse->open = 1;
        sse->start = sse->line;
    }

    openai_sse_join(sse);
}


/* joins lines of data by a line feed */

static inline void
openai_sse_join(openai_sse_t *sse)
{
    sse->fresh = 0;

    if (sse->some) {
        sse->handler->data(sse->ctx, "\n", 1);
    }

    sse->some = 1;
}


/* keeps a part of the name of the event */

static void
openai_sse_name(openai_sse_t *sse, const char *p, size_t n)
{
    if (n > OPENAI_SSE_NAME - sse->name_len) {
        n = OPENAI_SSE_NAME - sse->name_len;
    }

    memcpy(sse->name + sse->name_len, p, n);
    sse->name_len += n;
}


static void
openai_sse_eol(openai_sse_t *sse, uint64_t end)
{
    switch (sse->state) {

    case OPENAI_SSE_LINE:
        openai_sse_dispatch(sse, end);
        return;

    case OPENAI_SSE_FIELD:
        openai_sse_field(sse);
        openai_sse_begin(sse);
        break;

    case OPENAI_SSE_COLON:
        openai_sse_begin(sse);
        break;
    }

    if (sse->fresh) {
        openai_sse_join(sse);
    }

    sse->state = OPENAI_SSE_LINE;
}


static void
openai_sse_field(openai_sse_t *sse)
{
    sse->target = OPENAI_SSE_IGNORE;

    if (openai_is(sse->field, sse->len, "data")) {
        sse->target = OPENAI_SSE_DATA;

    } else if (openai_is(sse->field, sse->len, "event")) {
        sse->target = OPENAI_SSE_EVENT;

    } else if (openai_is(sse->field, sse->len, "error")) {

        /* older llama.cpp writes "error:" in place of "data:" */

        sse->target = OPENAI_SSE_DATA;
        sse->name_len = sse->len;
        memcpy(sse->name, sse->field, sse->len);
    }
}


/* begins the value of a field */

static void
openai_sse_begin(openai_sse_t *sse)
{
    sse->state = sse->target;

    if (sse->state == OPENAI_SSE_EVENT) {
        sse->name_len = 0;
    }

    sse->fresh = (sse->state == OPENAI_SSE_DATA);
}


static void
openai_sse_dispatch(openai_sse_t *sse, uint64_t end)
{
    openai_str_t  name;

    if (sse->some) {
        name.data = sse->name;
        name.len = sse->name_len;
        sse->handler->event(sse->ctx, name, sse->start, end);
    }

    sse->some = 0;
    sse->open = 0;
    sse->name_len = 0;
}


void
openai_ndjson_init(openai_sse_t *nd, const openai_frames_t *handler, void *ctx)
{
    openai_sse_init(nd, handler, ctx);
}


void
openai_ndjson_feed(openai_sse_t *nd, const char *p, size_t len)
{
    const char  *end, *last;

    last = p + len;

    while (p < last) {

        if (!nd->open) {
            if ((unsigned char) *p <= ' ') {
                nd->offset++;
                p++;
                continue;
            }

            nd->open = 1;
            nd->some = 1;
            nd->start = nd->offset;
        }

        end = memchr(p, '\n', last - p);

        if (end == NULL) {
            end = last;
        }

        nd->handler->data(nd->ctx, p, end - p);
        nd->offset += end - p;
        p = end;

        if (p < last) {
            nd->offset++;
            p++;
            openai_sse_dispatch(nd, nd->offset);
        }
    }
}


void
openai_ndjson_end(openai_sse_t *nd)
{
    openai_sse_dispatch(nd, nd->offset);
}


unsigned
openai_framing(const char *p, size_t len, unsigned type)
{
    size_t    i, n;
    unsigned  framing;

    static const char *const  fields[] = { "data:", "event:", "id:", "retry:" };

    if (type == OPENAI_FRAMING_BYTES) {
        return OPENAI_FRAMING_NONE;
    }

    switch (*p) {

    case '{':
        return type == OPENAI_FRAMING_NDJSON ? type : OPENAI_FRAMING_JSON;

    case '[':
        return OPENAI_FRAMING_ARRAY;

    case '"':
        return OPENAI_FRAMING_JSON;

    case ':':
        return OPENAI_FRAMING_SSE;
    }

    if (type == OPENAI_FRAMING_SSE) {
        return type;
    }

    framing = OPENAI_FRAMING_NONE;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {

        n = strlen(fields[i]);

        if (memcmp(p, fields[i], len < n ? len : n) == 0) {

            if (len >= n) {
                return OPENAI_FRAMING_SSE;
            }

            framing = OPENAI_FRAMING_UNDECIDED;
        }
    }

    return framing;
}


int
openai_framing_lead(unsigned char *comment, char ch, unsigned type)
{
    if (*comment) {
        *comment = (ch != '\n' && ch != '\r');

        return (unsigned char) ch >= ' ' || ch == '\t' || !*comment;
    }

    if (type == OPENAI_FRAMING_OTHER) {
        *comment = (ch == ':');

        if (*comment || (ch != '\0' && strchr(" \t\r\n", ch))) {
            return 1;
        }

    } else if ((unsigned char) ch <= ' ') {
        return 1;
    }

    /* a byte order mark */

    return ch == '\xef' || ch == '\xbb' || ch == '\xbf';
}


unsigned
openai_framing_type(openai_str_t content_type)
{
    size_t  i, n;

    static const struct {
        const char  *type;
        unsigned     framing;
    } types[] = {
        { "application/json", OPENAI_FRAMING_JSON },
        { "text/event-stream", OPENAI_FRAMING_SSE },
        { "application/x-ndjson", OPENAI_FRAMING_NDJSON },
        { "application/ndjson", OPENAI_FRAMING_NDJSON },
        { "application/jsonl", OPENAI_FRAMING_NDJSON },
        { "application/x-jsonlines", OPENAI_FRAMING_NDJSON },
        { "application/stream+json", OPENAI_FRAMING_NDJSON },
        { "application/vnd.amazon.eventstream", OPENAI_FRAMING_AWS },
        { "application/gzip", OPENAI_FRAMING_BYTES },
        { "application/pdf", OPENAI_FRAMING_BYTES },
        { "application/x-gzip", OPENAI_FRAMING_BYTES },
        { "application/x-tar", OPENAI_FRAMING_BYTES },
        { "application/zip", OPENAI_FRAMING_BYTES },
        { "audio/", OPENAI_FRAMING_BYTES },
        { "font/", OPENAI_FRAMING_BYTES },
        { "image/", OPENAI_FRAMING_BYTES },
        { "video/", OPENAI_FRAMING_BYTES }
    };

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {

        n = strlen(types[i].type);

        if (content_type.len >= n
            && strncasecmp(content_type.data, types[i].type, n) == 0)
        {
            return types[i].framing;
        }
    }

    if (content_type.len == 0
        || (content_type.len >= 5
            && strncasecmp(content_type.data, "text/", 5) == 0))
    {
        return OPENAI_FRAMING_NONE;
    }

    return OPENAI_FRAMING_OTHER;
}
