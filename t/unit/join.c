
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: a stream means the same after its events were joined, and has a
 * fraction of the bytes, however it is split.  Events that are not pieces of
 * one text stay as they are.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "digest/wire/join.h"
#include "digest_run.h"
#include "tap.h"


static char      out[1024 * 1024];
static size_t    out_len;
static unsigned  seed;


static void
sink(void *ctx, const char *p, size_t len)
{
    memcpy(out + out_len, p, len);
    out_len += len;
    out[out_len] = '\0';
}


/* joins a stream that comes in random pieces, behind the end of an event */

static void
join(const char *in, size_t len, int lines, size_t most)
{
    size_t         i, n;
    openai_join_t  j;

    out_len = 0;

    openai_join_init(&j, lines, sink, NULL);
    openai_join_feed(&j, "\n\n", lines ? 1 : 2);

    for (i = 0; i < len; i += n) {
        n = 1 + (size_t) rand_r(&seed) % most;
        n = n < len - i ? n : len - i;
        openai_join_feed(&j, in + i, n);
    }

    openai_join_end(&j);
}


static void
is(const char *in, int lines, const char *want, const char *name)
{
    int  i, bad;

    bad = 0;

    for (i = 0; i < 20; i++) {
        join(in, strlen(in), lines, 1 + (size_t) i * i);
        bad += strcmp(out + (lines ? 1 : 2), want) != 0;
    }

    if (!okf(bad == 0, "%s", name)) {
        note("%s", out);
    }
}


#define CHUNK(delta)                                                          \
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{" delta "}}]}\n\n"


static void
test_events(void)
{
    is(CHUNK("\"content\":\"a \"") CHUNK("\"content\":\"b\\\"\"")
       CHUNK("\"content\":\"c\""), 0,
       CHUNK("\"content\":\"a b\\\"c\""), "pieces of one text");

    is(CHUNK("\"content\":\"a\"") CHUNK("\"reasoning\":\"b\"")
       CHUNK("\"reasoning\":\"c\""), 0,
       CHUNK("\"content\":\"a\"") CHUNK("\"reasoning\":\"bc\""),
       "texts of two kinds");

    is(CHUNK("\"content\":\"a\",\"reasoning\":\"b\"")
       CHUNK("\"content\":\"a\",\"reasoning\":\"b\""), 0,
       CHUNK("\"content\":\"a\",\"reasoning\":\"b\"")
       CHUNK("\"content\":\"a\",\"reasoning\":\"b\""), "two texts in an event");

    is("event: d\ndata: {\"type\":\"d\",\"sequence_number\":4,\"delta\":\"a\","
       "\"obfuscation\":\"xyz\"}\n\n"
       "event: d\ndata: {\"type\":\"d\",\"sequence_number\":5,\"delta\":\"b\","
       "\"obfuscation\":\"z\"}\n\n", 0,
       "event: d\ndata: {\"type\":\"d\",\"delta\":\"ab\"}\n\n",
       "numbers and fillers");

    is("event: d\r\ndata: {\"delta\":\"a\"}\r\n\r\n"
       "event: d\r\ndata: {\"delta\":\"b\"}\r\n\r\n"
       "event: e\r\ndata: {\"delta\":\"c\"}\r\n\r\n", 0,
       "event: d\r\ndata: {\"delta\":\"ab\"}\r\n\r\n"
       "event: e\r\ndata: {\"delta\":\"c\"}\r\n\r\n", "names, other line ends");

    is(CHUNK("\"content\":\"a\"") ": ping\n\n" CHUNK("\"content\":\"b\"")
       "data: [DONE]\n\n", 0,
       CHUNK("\"content\":\"a\"") ": ping\n\n" CHUNK("\"content\":\"b\"")
       "data: [DONE]\n\n", "what is between stays there");

    is("{\"created_at\":\"x\",\"message\":{\"content\":\"a\"},\"done\":false}\n"
       "{\"created_at\":\"y\",\"message\":{\"content\":\"b\"},\"done\":false}\n"
       "{\"created_at\":\"z\",\"message\":{\"content\":\"\"},\"done\":true}", 1,
       "{\"message\":{\"content\":\"ab\"},\"done\":false}\n"
       "{\"created_at\":\"z\",\"message\":{\"content\":\"\"},\"done\":true}",
       "lines, the last one without an end");

    is("data: {\"delta\":\"a\n\n"
       "data: {\"delta\":\"b\\\n\n"
       "data: \"delta\": \n\n", 0,
       "data: {\"delta\":\"a\n\n"
       "data: {\"delta\":\"b\\\n\n"
       "data: \"delta\": \n\n", "broken events");
}


/* the answer of a long stream is the same, and so is that of a stream with
   events that are longer than the memory */

static void
test_answer(void)
{
    char              *in, *want, *got;
    size_t             i, len, size;
    yyjson_mut_doc    *doc;
    openai_exchange_t  ex;

    in = malloc(sizeof(out));
    len = 0;

    for (i = 0; i < 3000; i++) {

        size = (i % 700 == 699) ? 5000 : (size_t) rand_r(&seed) % 12;

        len += (size_t) sprintf(in + len, "data: {\"id\":\"chatcmpl-1\","
                                "\"created\":%zu,\"choices\":[{\"index\":0,"
                                "\"delta\":{\"%s\":\"", i,
                                i < 2000 ? "reasoning_content" : "content");
        memset(in + len, 'a' + (int) (i % 26), size);
        len += size;
        len += (size_t) sprintf(in + len, "\\n\"}}]}\n\n");
    }

    len += (size_t) sprintf(in + len, "data: [DONE]\n\n");

    memset(&ex, 0, sizeof(ex));
    ex.framing = OPENAI_FRAMING_SSE;
    ex.status = 200;
    ex.method = (openai_str_t) openai_str("POST");
    ex.uri = (openai_str_t) openai_str("/v1/chat/completions");
    ex.response_type = (openai_str_t) openai_str("text/event-stream");

    for (i = 1; i < 256; i++) {
        if (openai_dialect_name((unsigned) i)
            && strcmp(openai_dialect_name((unsigned) i), "chat") == 0)
        {
            ex.dialect = (unsigned) i;
            break;
        }
    }

    doc = yyjson_mut_doc_new(NULL);

    ex.response_body.data = in;
    ex.response_body.len = len;
    want = yyjson_mut_val_write(openai_answer(doc, &ex), 0, NULL);

    join(in, len, 0, 4000);

    ex.response_body.data = out;
    ex.response_body.len = out_len;
    got = yyjson_mut_val_write(openai_answer(doc, &ex), 0, NULL);

    ok(want && got && strlen(want) > 30000 && strcmp(want, got) == 0,
       "the answer is the same");
    ok(out_len < len / 4, "the stream is short");

    free(want);
    free(got);
    free(in);
    yyjson_mut_doc_free(doc);
}


int
main(void)
{
    seed = getenv("TEST_SEED") ? (unsigned) atoi(getenv("TEST_SEED"))
                               : (unsigned) time(NULL);
    printf("# seed: TEST_SEED=%u\n", seed);

    test_events();
    test_answer();

    return done_testing();
}
