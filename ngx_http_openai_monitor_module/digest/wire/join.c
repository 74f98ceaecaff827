
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Joining of events, see join.h.
 *
 * An event waits until the next one is known.  Two are joined when they are
 * equal but for the text under one of the keys below, because a stream's texts
 * are pieces to append.  Numbers and fillers that change with each event and
 * mean nothing to an answer are left out.  Any other event passes as it is, and
 * so does an event with more than one text.
 */


#include <string.h>

#include "digest/json/bytes.h"
#include "digest/wire/join.h"


static void openai_join_event(openai_join_t *j);
static void openai_join_hold(openai_join_t *j, size_t start, size_t end);
static void openai_join_flush(openai_join_t *j);
static void openai_join_strip(openai_join_t *j);
static size_t openai_join_value(const openai_join_t *j, size_t at);
static int openai_join_text(const openai_join_t *j, size_t *start,
    size_t *end);
static size_t openai_join_string(const openai_join_t *j, size_t at);
static int openai_join_is(const openai_join_t *j, size_t at, size_t end,
    const char *const *keys);


/* members whose strings are pieces of text */

static const char *const  openai_join_texts[] = {
    "content", "reasoning_content", "reasoning", "text", "thinking", "delta",
    "arguments", "partial_json", "refusal", "response", NULL
};


/* members that change without a meaning */

static const char *const  openai_join_noise[] = {
    "sequence_number", "obfuscation", "created_at", "created", NULL
};


void
openai_join_init(openai_join_t *j, int lines, openai_join_sink_pt sink,
    void *ctx)
{
    j->sink = sink;
    j->ctx = ctx;
    j->lines = lines;
    j->pass = 1;
    j->blank = 0;
    j->len = 0;
    j->held_len = 0;
}


void
openai_join_feed(openai_join_t *j, const char *p, size_t len)
{
    char         ch;
    size_t       i, from;

    from = 0;

    for (i = 0; i < len; i++) {
        ch = p[i];

        if (!j->pass) {

            if (j->len < OPENAI_JOIN_EVENT) {
                j->event[j->len++] = ch;

            } else {
                openai_join_flush(j);
                j->sink(j->ctx, j->event, j->len);
                j->len = 0;
                j->pass = 1;
                from = i;
            }
        }

        if (ch != '\n') {
            j->blank = (j->blank && ch == '\r');
            continue;
        }

        if (!j->lines && !j->blank) {
            j->blank = 1;
            continue;
        }

        /* the event ends */

        if (j->pass) {
            j->sink(j->ctx, p + from, i + 1 - from);
            j->pass = 0;

        } else {
            openai_join_event(j);
        }

        j->len = 0;
        j->blank = 1;
    }

    if (j->pass && from < len) {
        j->sink(j->ctx, p + from, len - from);
    }
}


void
openai_join_end(openai_join_t *j)
{
    openai_join_flush(j);

    if (j->len) {
        j->sink(j->ctx, j->event, j->len);
        j->len = 0;
    }
}


static void
openai_join_event(openai_join_t *j)
{
    size_t  start, end, tail;

    start = 0;
    end = 0;

    openai_join_strip(j);

    if (!openai_join_text(j, &start, &end)) {
        openai_join_flush(j);
        j->sink(j->ctx, j->event, j->len);
        return;
    }

    tail = j->len - end;

    if (j->held_len == 0
        || start != j->start || tail != j->held_len - j->end
        || j->held_len + (end - start) > OPENAI_JOIN_HELD
        || memcmp(j->event, j->held, start) != 0
        || memcmp(j->event + end, j->held + j->end, tail) != 0)
    {
        openai_join_flush(j);
        openai_join_hold(j, start, end);
        return;
    }

    memcpy(j->held + j->end, j->event + start, j->len - start);

    j->end += end - start;
    j->held_len += end - start;
}


static void
openai_join_hold(openai_join_t *j, size_t start, size_t end)
{
    memcpy(j->held, j->event, j->len);

    j->held_len = j->len;
    j->start = start;
    j->end = end;
}


static void
openai_join_flush(openai_join_t *j)
{
    if (j->held_len) {
        j->sink(j->ctx, j->held, j->held_len);
        j->held_len = 0;
    }
}


/* removes members that change without a meaning, with a comma beside them */

static void
openai_join_strip(openai_join_t *j)
{
    size_t  i, key, end;

    for (i = 0; i < j->len; i = end) {

        if (j->event[i] != '"') {
            end = i + 1;
            continue;
        }

        key = i;
        end = openai_join_string(j, key);

        if (end + 1 >= j->len || j->event[end + 1] != ':'
            || !openai_join_is(j, key + 1, end, openai_join_noise))
        {
            end++;
            continue;
        }

        end = openai_join_value(j, end + 2);

        if (end == 0) {
            return;
        }

        if (key && j->event[key - 1] == ',') {
            key--;

        } else if (end < j->len && j->event[end] == ',') {
            end++;
        }

        memmove(j->event + key, j->event + end, j->len - end);
        j->len -= end - key;

        end = key;
    }
}


/* returns the end of a string or a number; 0: it is neither */

static size_t
openai_join_value(const openai_join_t *j, size_t at)
{
    size_t  i;

    while (at < j->len && j->event[at] == ' ') {
        at++;
    }

    if (at < j->len && j->event[at] == '"') {
        i = openai_join_string(j, at);
        return i < j->len ? i + 1 : 0;
    }

    for (i = at; i < j->len && strchr("0123456789.-+eE", j->event[i]); i++) {
        /* void */
    }

    return i > at ? i : 0;
}


/* finds the text of an event; returns 0 when it has none, or several */

static int
openai_join_text(const openai_join_t *j, size_t *start, size_t *end)
{
    int     found;
    size_t  i, key, last;

    found = 0;

    for (i = 0; i < j->len; i++) {

        if (j->event[i] != '"') {
            continue;
        }

        key = i + 1;
        i = openai_join_string(j, i);
        last = i;

        if (i + 1 >= j->len || j->event[i + 1] != ':') {
            continue;
        }

        for (i += 2; i < j->len && j->event[i] == ' '; i++) { /* void */ }

        if (i >= j->len || j->event[i] != '"') {
            i--;
            continue;
        }

        /* the value is a string */

        if (openai_join_is(j, key, last, openai_join_texts)) {
            last = openai_join_string(j, i);

            if (last >= j->len) {
                return 0;
            }

            if (last > i + 1) {

                if (found++) {
                    return 0;
                }

                *start = i + 1;
                *end = last;
            }

            i = last;
            continue;
        }

        i = openai_join_string(j, i);
    }

    return found;
}


/* returns the quote that ends the string at "at", or the length */

static size_t
openai_join_string(const openai_join_t *j, size_t at)
{
    size_t  i;

    for (i = at + 1; i < j->len; i++) {

        if (j->event[i] == '\\') {
            i++;

        } else if (j->event[i] == '"') {
            return i;
        }
    }

    return j->len;
}


static int
openai_join_is(const openai_join_t *j, size_t at, size_t end,
    const char *const *keys)
{
    for ( /* void */ ; *keys; keys++) {

        if (strlen(*keys) == end - at
            && memcmp(j->event + at, *keys, end - at) == 0)
        {
            return 1;
        }
    }

    return 0;
}
