
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: streams of events follow the rules of the standard: line ends,
 * comments, joined lines, a mark at the start, an end without a blank line,
 * wherever the bytes are split.
 *
 * Of docs/reliability.md: fault 33.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest/wire/sse.h"
#include "digest_run.h"


typedef struct {
    char  data[65536];
    char  log[65536];
} heard_t;


static heard_t  heard;


static void
on_data(void *ctx, const char *p, size_t len)
{
    strncat(heard.data, p, len);
}


static void
on_event(void *ctx, openai_str_t name, uint64_t start, uint64_t end)
{
    strncat(heard.log, name.data, name.len);
    strcat(heard.log, "|");
    strcat(heard.log, heard.data);
    strcat(heard.log, start < end ? "|;" : "|empty;");

    heard.data[0] = '\0';
}


static const openai_frames_t  handler = { on_data, on_event };


static void
feed(const char *p, size_t len, size_t split, int lines)
{
    char          *piece;
    size_t         i, n;
    openai_sse_t   sse;

    heard.data[0] = '\0';
    heard.log[0] = '\0';

    if (lines) {
        openai_ndjson_init(&sse, &handler, NULL);

    } else {
        openai_sse_init(&sse, &handler, NULL);
    }

    for (i = 0; i < len; i += n) {
        n = split < len - i ? split : len - i;
        piece = malloc(n);
        memcpy(piece, p + i, n);

        if (lines) {
            openai_ndjson_feed(&sse, piece, n);

        } else {
            openai_sse_feed(&sse, piece, n);
        }

        free(piece);
    }

    if (lines) {
        openai_ndjson_end(&sse);

    } else {
        openai_sse_end(&sse);
    }
}


static void
check(const char *what, const char *stream, const char *want, int lines)
{
    int     ok;
    size_t  split, len;

    len = strlen(stream);
    ok = 1;

    for (split = 1; split <= len + 1; split++) {
        feed(stream, len, split, lines);

        if (strcmp(heard.log, want) != 0) {
            run_note("split %zu: \"%s\", expected \"%s\"", split, heard.log,
                     want);
            ok = 0;
            break;
        }
    }

    run_ok(ok, "%s", what);
}


static const unsigned  types[] = {
    OPENAI_FRAMING_NONE, OPENAI_FRAMING_JSON, OPENAI_FRAMING_SSE
};


static void
check_framing(const char *body, unsigned type, unsigned want)
{
    size_t    n;
    unsigned  got;

    got = OPENAI_FRAMING_UNDECIDED;

    for (n = 1; n <= strlen(body); n++) {
        got = openai_framing(body, n, type);

        if (got != OPENAI_FRAMING_UNDECIDED) {
            break;
        }
    }

    run_ok(got == want, "\"%s\" as type %u is framing %u", body, type, want);
}


int
main(void)
{
    check("line feeds", "data: a\n\ndata: b\n\n", "|a|;|b|;", 0);
    check("carriage returns", "data: a\r\rdata: b\r\r", "|a|;|b|;", 0);
    check("both", "data: a\r\n\r\ndata: b\r\n\r\n", "|a|;|b|;", 0);
    check("a byte order mark", "\xef\xbb\xbf" "data: a\n\n", "|a|;", 0);
    check("no space after the colon", "data:a\n\n", "|a|;", 0);
    check("one space goes, the next stays", "data:  a\n\n", "| a|;", 0);
    check("lines of data are joined", "data: a\ndata: b\n\n", "|a\nb|;", 0);
    check("a field without a colon", "data\ndata: b\n\n", "|\nb|;", 0);
    check("names", "event: x.y\ndata: a\n\ndata: b\n\n", "x.y|a|;|b|;", 0);
    check("a name after its data", "data: a\nevent: x\n\n", "x|a|;", 0);
    check("the last name counts", "event: x\nevent: y\ndata: a\n\n", "y|a|;",
          0);
    check("comments", ": ping\n\n: x\ndata: a\n: y\n\n", "|a|;", 0);
    check("blank lines are nothing", "\n\n\ndata: a\n\n\n\n", "|a|;", 0);
    check("a name without data is nothing", "event: x\n\ndata: a\n\n", "|a|;",
          0);
    check("id and retry", "id: 7\nretry: 5\ndata: a\n\n", "|a|;", 0);
    check("unknown fields", "database: x\ndat: y\ndata: a\n\n", "|a|;", 0);
    check("the end of the stream", "data: a\n\ndata: b", "|a|;|b|;", 0);
    check("the end after a line", "data: b\n", "|b|;", 0);
    check("[DONE] is data, too", "data: [DONE]\n\n", "|[DONE]|;", 0);
    check("lines of JSON", "{\"a\":1}\n\n{\"b\":2}\r\n{\"c\"",
          "|{\"a\":1}|;|{\"b\":2}\r|;|{\"c\"|;", 1);

    check_framing("data: x", types[0], OPENAI_FRAMING_SSE);
    check_framing("event: x", types[1], OPENAI_FRAMING_SSE);
    check_framing(": ping", types[1], OPENAI_FRAMING_SSE);
    check_framing("{\"error\"", types[2], OPENAI_FRAMING_JSON);
    check_framing("dat", types[0], OPENAI_FRAMING_UNDECIDED);
    check_framing("daten: x", types[0], OPENAI_FRAMING_NONE);
    check_framing("<html>", types[1], OPENAI_FRAMING_NONE);

    return run_done();
}
