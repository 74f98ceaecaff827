
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: the digest understands Bedrock: Converse as JSON and as
 * Amazon's binary event stream, InvokeModel as a stream of another dialect,
 * and exceptions in a stream, split anywhere.  Broken frames end a stream and
 * are never read out of bounds.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest/wire/eventstream.h"
#include "digest_run.h"


#define CONVERSE  "/model/eu.acme.small-v1%3A0/converse"
#define INVOKE    "/model/anthropic.small-v1:0/invoke"


static char    stream[65536];
static size_t  length;


static void
number(uint32_t n)
{
    stream[length++] = (char) (n >> 24);
    stream[length++] = (char) (n >> 16);
    stream[length++] = (char) (n >> 8);
    stream[length++] = (char) n;
}


static void
header(const char *name, const char *value)
{
    size_t  n;

    n = strlen(name);
    stream[length++] = (char) n;
    memcpy(stream + length, name, n);
    length += n;

    n = strlen(value);
    stream[length++] = 7;
    stream[length++] = (char) (n >> 8);
    stream[length++] = (char) n;
    memcpy(stream + length, value, n);
    length += n;
}


/* appends a message; its kind is an event or an exception */

static void
frame(const char *kind, const char *name, const char *payload)
{
    size_t    start, end;
    uint32_t  headers;

    start = length;
    length += 12;

    header(":message-type", kind);
    header(strcmp(kind, "event") == 0 ? ":event-type" : ":exception-type",
           name);
    header(":content-type", "application/json");

    headers = (uint32_t) (length - start - 12);

    memcpy(stream + length, payload, strlen(payload));
    length += strlen(payload);
    number(0);

    end = length;
    length = start;
    number((uint32_t) (end - start));
    number(headers);
    number(0);
    length = end;
}


/* appends an event of InvokeModel */

static void
chunk(const char *event)
{
    char      payload[4096], *p;
    size_t    i, len;
    uint32_t  bits;

    static const char  digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    p = payload + sprintf(payload, "{\"bytes\":\"");
    len = strlen(event);

    for (i = 0; i < len; i += 3) {
        bits = (uint32_t) (unsigned char) event[i] << 16
               | (i + 1 < len ? (unsigned char) event[i + 1] << 8 : 0)
               | (i + 2 < len ? (unsigned char) event[i + 2] : 0);

        *p++ = digits[bits >> 18 & 63];
        *p++ = digits[bits >> 12 & 63];
        *p++ = i + 1 < len ? digits[bits >> 6 & 63] : '=';
        *p++ = i + 2 < len ? digits[bits & 63] : '=';
    }

    strcpy(p, "\",\"p\":\"abcdefgh\"}");
    frame("event", "chunk", payload);
}


/* returns the answer at a pointer, as text */

static char *
at(yyjson_mut_val *root, const char *pointer)
{
    static char      out[512];
    char            *json;
    yyjson_mut_val  *v;

    v = yyjson_mut_ptr_get(root, pointer);
    json = v ? yyjson_mut_val_write(v, 0, NULL) : NULL;
    (void) snprintf(out, sizeof(out), "%s", json ? json : "");
    free(json);

    return out;
}


static run_exchange_t
exchange(const char *uri, const char *request, const char *type)
{
    run_exchange_t  x;

    memset(&x, 0, sizeof(run_exchange_t));

    x.method = run_str("POST");
    x.uri = run_str(uri);
    x.status = 200;
    x.request = run_str(request);
    x.response_type = run_str(type);
    x.response.data = stream;
    x.response.len = length;

    return x;
}


static void
test_converse(void)
{
    run_exchange_t         x;
    yyjson_mut_doc        *doc;
    yyjson_mut_val        *v;
    openai_meter_t        *m;
    openai_exchange_t      ex;
    const openai_facts_t  *f;

    static const char  answer[] =
        "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":["
        "{\"reasoningContent\":{\"reasoningText\":{\"text\":\"Hm.\"}}},"
        "{\"text\":\"Yes.\"}]}},\"stopReason\":\"end_turn\","
        "\"usage\":{\"inputTokens\":8,\"outputTokens\":3,\"totalTokens\":111,"
        "\"cacheReadInputTokens\":100},\"metrics\":{\"latencyMs\":40}}";

    length = 0;
    x = exchange(CONVERSE, "{\"messages\":[{\"role\":\"user\",\"content\":["
                 "{\"text\":\"Well?\"}]}],\"system\":[{\"text\":\"Brief.\"}],"
                 "\"inferenceConfig\":{\"maxTokens\":9}}", "application/json");
    x.response = run_str(answer);

    m = run_meter(&x);
    f = run_facts();

    run_ok(strcmp(f->model, "eu.acme.small-v1:0") == 0
           && strcmp(f->provider, "aws.bedrock") == 0
           && f->messages == 1 && f->max_tokens == 9
           && f->usage.input == 108 && f->usage.cached == 100
           && f->usage.output == 3 && f->processing_ms == 40
           && strcmp(f->finish_reason, "end_turn") == 0,
           "Converse tells its model, its usage and its end");

    run_stored(&x, f, &ex);
    doc = yyjson_mut_doc_new(NULL);
    v = openai_answer(doc, &ex);

    run_ok(strcmp(at(v, "/choices/0/text"), "\"Yes.\"") == 0
           && strcmp(at(v, "/choices/0/reasoning"), "\"Hm.\"") == 0,
           "its answer is text and reasoning");

    v = openai_conversation(doc, &ex);

    run_ok(strcmp(at(v, "/system"), "\"Brief.\"") == 0
           && strcmp(at(v, "/messages/0/parts/0/text"), "\"Well?\"") == 0,
           "and what was asked is a conversation");

    yyjson_mut_doc_free(doc);
    run_free(m);
}


static void
test_stream(size_t split)
{
    run_exchange_t         x;
    yyjson_mut_doc        *doc;
    yyjson_mut_val        *v;
    openai_meter_t        *m;
    openai_exchange_t      ex;
    const openai_facts_t  *f;

    length = 0;
    frame("event", "messageStart", "{\"role\":\"assistant\"}");
    frame("event", "contentBlockDelta",
          "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"I l\"}}");
    frame("event", "contentBlockDelta",
          "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"ook.\"}}");
    frame("event", "contentBlockStart",
          "{\"contentBlockIndex\":1,\"start\":{\"toolUse\":{\"toolUseId\":"
          "\"t1\",\"name\":\"ls\"}}}");
    frame("event", "contentBlockDelta",
          "{\"contentBlockIndex\":1,\"delta\":{\"toolUse\":{\"input\":"
          "\"{\\\"a\\\":\"}}}");
    frame("event", "contentBlockDelta",
          "{\"contentBlockIndex\":1,\"delta\":{\"toolUse\":{\"input\":"
          "\"1}\"}}}");
    frame("event", "messageStop", "{\"stopReason\":\"tool_use\"}");
    frame("event", "metadata",
          "{\"usage\":{\"inputTokens\":4,\"outputTokens\":2}}");

    x = exchange(CONVERSE "-stream", "{\"messages\":[]}",
                 "application/vnd.amazon.eventstream");
    x.split = split;

    m = run_meter(&x);
    f = run_facts();

    run_ok(f->streamed == 1 && f->events == 8 && f->text_bytes == 7
           && f->usage.input == 4 && f->usage.output == 2
           && (f->flags & OPENAI_FACT_TERMINAL)
           && strcmp(f->tool_names, "ls") == 0
           && strcmp(f->finish_reason, "tool_use") == 0,
           "a stream of Converse is understood, by %lu",
           (unsigned long) split);

    run_stored(&x, f, &ex);
    doc = yyjson_mut_doc_new(NULL);
    v = openai_answer(doc, &ex);

    run_ok(strcmp(at(v, "/choices/0/text"), "\"I look.\"") == 0
           && strcmp(at(v, "/choices/0/tool_calls"),
                     "[{\"id\":\"t1\",\"name\":\"ls\","
                     "\"arguments\":\"{\\\"a\\\":1}\"}]") == 0,
           "and its answer is put together, by %lu", (unsigned long) split);

    yyjson_mut_doc_free(doc);
    run_free(m);
}


static void
test_invoke(size_t split)
{
    run_exchange_t         x;
    yyjson_mut_doc        *doc;
    openai_meter_t        *m;
    openai_exchange_t      ex;
    const openai_facts_t  *f;

    length = 0;
    chunk("{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":"
          "{\"input_tokens\":6,\"output_tokens\":1}}}");
    chunk("{\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
          "{\"type\":\"text_delta\",\"text\":\"Hello there\"}}");
    chunk("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
          "\"end_turn\"},\"usage\":{\"output_tokens\":5}}");
    chunk("{\"type\":\"message_stop\"}");

    x = exchange(INVOKE "-with-response-stream",
                 "{\"anthropic_version\":\"bedrock-2023-05-31\",\"messages\":"
                 "[{\"role\":\"user\",\"content\":\"hi\"}]}",
                 "application/vnd.amazon.eventstream");
    x.split = split;

    m = run_meter(&x);
    f = run_facts();
    run_stored(&x, f, &ex);
    doc = yyjson_mut_doc_new(NULL);

    run_ok(f->usage.input == 6 && f->usage.output == 5 && f->messages == 1
           && (f->flags & OPENAI_FACT_TERMINAL)
           && strcmp(f->provider, "aws.bedrock") == 0
           && strcmp(at(openai_answer(doc, &ex), "/choices/0/text"),
                     "\"Hello there\"") == 0,
           "InvokeModel streams another dialect's events, by %lu",
           (unsigned long) split);

    yyjson_mut_doc_free(doc);
    run_free(m);
}


static void
test_exception(void)
{
    run_exchange_t         x;
    openai_meter_t        *m;
    const openai_facts_t  *f;

    length = 0;
    frame("event", "contentBlockDelta", "{\"delta\":{\"text\":\"I\"}}");
    frame("exception", "throttlingException",
          "{\"message\":\"Too many requests\"}");

    x = exchange(CONVERSE "-stream", "{\"messages\":[]}",
                 "application/vnd.amazon.eventstream");
    m = run_meter(&x);
    f = run_facts();

    run_ok((f->flags & OPENAI_FACT_ERROR)
           && strcmp(f->error_type, "throttlingException") == 0
           && strcmp(f->error_message, "Too many requests") == 0,
           "an exception within a stream is an error with its message");

    run_free(m);
}


/* changes bytes of frames at random */

static void
test_broken(void)
{
    int              bounded;
    size_t           i, k;
    uint64_t         state;
    run_exchange_t   x;
    openai_meter_t  *m;

    bounded = 1;
    state = run_seed();

    for (i = 0; i < 2000; i++) {

        length = 0;
        frame("event", "contentBlockDelta", "{\"delta\":{\"text\":\"I\"}}");
        chunk("{\"type\":\"message_stop\"}");
        frame("exception", "x", "{}");

        for (k = run_random(&state) % 4; k < 5; k++) {
            stream[run_random(&state) % length] = (char) run_random(&state);
        }

        length -= run_random(&state) % 8;

        x = exchange(CONVERSE "-stream", "{}",
                     "application/vnd.amazon.eventstream");
        x.split = 1 + run_random(&state) % 40;
        m = run_meter(&x);
        bounded &= (run_facts()->events <= 3);
        run_free(m);
    }

    run_ok(bounded, "2000 broken streams end with as many events at most");
}


int
main(void)
{
    size_t  split;

    test_converse();

    for (split = 0; split < 20; split++) {
        test_stream(split);
        test_invoke(split);
    }

    test_exception();
    test_broken();

    return run_done();
}
