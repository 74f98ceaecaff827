
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promises of the meter beside the recorded traffic: when tokens came, who
 * asked, what failed, how bodies are coded, and how much memory it takes.
 */


#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "digest_run.h"


static char            blocks[32][262144];
static size_t          nblocks, taken, allowed = 32;
static openai_facts_t  facts;


static void *
test_alloc(void *ctx, size_t size)
{
    taken += size;

    return (nblocks < allowed && size <= sizeof(blocks[0]))
           ? blocks[nblocks++] : NULL;
}


static openai_meter_t *
begin(const char *uri)
{
    openai_alloc_t   alloc = { test_alloc, NULL };
    openai_meter_t  *m;

    nblocks = 0;
    taken = 0;

    openai_facts_init(&facts);
    m = openai_meter_create(&alloc, &facts);
    openai_meter_request_line(m, run_str("POST"), run_str(uri));

    return m;
}


static void
asks(openai_meter_t *m, const char *body)
{
    openai_meter_request_body(m, body, strlen(body), 1);
}


static void
answers(openai_meter_t *m, unsigned status, const char *type)
{
    openai_meter_response_status(m, status);
    openai_meter_response_header(m, run_str("content-type"), run_str(type));
}


static void
says(openai_meter_t *m, const char *body, uint64_t now)
{
    openai_meter_response_body(m, body, strlen(body), now);
}


#define is(got, want, ...)  run_ok((got) == (want), __VA_ARGS__)
#define is_str(got, want, ...)                                                \
    do {                                                                      \
        if (!run_ok(strcmp(got, want) == 0, __VA_ARGS__)) {                   \
            run_note("\"%s\", expected \"%s\"", got, want);                   \
        }                                                                     \
    } while (0)

#define CHUNK(delta)                                                          \
    "data: {\"choices\":[{\"index\":0,\"delta\":" delta "}]}\n\n"
#define ENDS(index, reason)                                                   \
    "data: {\"choices\":[{\"index\":" #index ",\"delta\":{},"                   \
    "\"finish_reason\":\"" reason "\"}]}\n\n"


static void
test_tokens(void)
{
    openai_meter_t        *m;
    const openai_facts_t  *f;

    m = begin("/v1/chat/completions");
    f = &facts;

    asks(m, "{\"model\":\"m\",\"stream\":true,\"messages\":[{},{}]}");
    answers(m, 200, "text/event-stream");

    says(m, ": keep-alive\n\n", 10);
    says(m, CHUNK("{\"role\":\"assistant\",\"content\":\"\"}"), 20);
    says(m, "data: {\"choices\":[],\"prompt_filter_results\":[{}]}\n\n", 30);
    is(f->first_token_us, 0, "comments, roles and filters are no token");

    says(m, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a",
         100);
    is(f->first_token_us, 0, "half an event is none, either");
    says(m, "b\"", 110);
    says(m, "}}]}\n\n", 120);
    says(m, CHUNK("{\"content\":null}"), 200);
    says(m, CHUNK("{\"reasoning_content\":\"r\"}"), 500);
    says(m, CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":"
                  "{\"name\":\"f\",\"arguments\":\"\"}}]}"), 600);

    is(f->first_token_us, 120, "the first token comes with its event");
    is(f->last_token_us, 600, "the last one is a tool's name");
    is(f->longest_gap_us, 380, "the longest silence is between tokens");
    is_str(f->tool_names, "f", "the tool is known while the stream runs");

    openai_meter_estimate(m);
    is(f->estimated_output, 3, "and how many tokens there are, more or less");

    openai_meter_finish(m, 0, 700);

    is(f->flags & OPENAI_FACT_TERMINAL, 0u, "the stream had no end");
    is(f->flags & OPENAI_FACT_USAGE, 0u, "nor did it tell what it used");
    is(f->estimated_output, 3, "an estimate: at least a token an event");
    is(f->usage.output, OPENAI_UNKNOWN, "which is kept apart");
    is(f->messages, 2, "messages are counted");
    is(f->stream_asked, 1, "a stream was asked for");
    is(f->events, 6u, "events that came");

    openai_meter_destroy(m);
    openai_meter_destroy(m);
}


static void
test_usage(void)
{
    openai_meter_t        *m;
    const openai_facts_t  *f;

    m = begin("/v1/chat/completions");
    f = &facts;

    answers(m, 200, "text/event-stream");
    says(m, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,"
            "\"completion_tokens\":1,\"total_tokens\":6}}\n\n", 1);
    says(m, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,"
            "\"completion_tokens\":2,\"total_tokens\":7,"
            "\"cost\":0.25}}\n\n", 2);
    says(m, "data: {\"choices\":[],\"usage\":null}\n\n", 3);
    says(m, "data: [DONE]\n\n", 4);
    openai_meter_finish(m, 1, 5);

    is(f->usage.output, 2, "the last usage that is not null counts");
    is(f->usage.input, 5, "and is not added up");
    run_ok(fabs(f->usage.cost - 0.25) < 1e-9, "a cost that was stated");
    is(f->usage.cached, OPENAI_UNKNOWN, "what was not stated is unknown");
    run_ok(f->flags & OPENAI_FACT_TERMINAL, "[DONE] is the end");

    m = begin("/v1/chat/completions");
    f = &facts;
    answers(m, 200, "application/json");
    says(m, "{\"choices\":[{\"index\":0,\"message\":{\"content\":\"x\"},"
            "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}]}", 1);
    openai_meter_finish(m, 1, 2);
    is(f->usage.total, 3, "usage in a choice, its total made up");
}


/* The promise: tokens that a total counts and its parts leave out, as xAI's
   reasoning, are output.  A total that is too small changes no part. */

static void
test_reasoning_apart(void)
{
    size_t           i;
    openai_meter_t  *m;

    static const struct {
        const char  *total;
        int64_t      output;
    } cases[] = {
        { "35", 25 },          /* without the reasoning: 10 + 20 + 5 */
        { "34", 24 },          /* a part of it is in the output */
        { "36", 26 },          /* something else is left out, too */
        { "30", 20 },          /* the reasoning is part of the output */
        { "29", 20 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        m = begin("/v1/chat/completions");
        answers(m, 200, "application/json");
        says(m, "{\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":20,"
                "\"completion_tokens_details\":{\"reasoning_tokens\":5},"
                "\"total_tokens\":", 1);
        says(m, cases[i].total, 1);
        says(m, "}}", 1);
        openai_meter_finish(m, 1, 2);
        is(facts.usage.output, cases[i].output, "output with a total of %s",
           cases[i].total);
    }
}


static void
test_who(void)
{
    openai_meter_t        *m;
    const openai_facts_t  *f;

    m = begin("/v1/chat/completions?x=1");
    f = &facts;

    openai_meter_request_header(m, run_str("Host"), run_str("api.x.ai:443"));
    openai_meter_request_header(m, run_str("User-Agent"), run_str("t/1"));
    openai_meter_request_header(m, run_str("originator"),
                                run_str("codex_exec"));
    openai_meter_request_header(m, run_str("Traceparent"),
        run_str("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    openai_meter_request_header(m, run_str("traceparent"),
        run_str("00-00000000000000000000000000000000-b7ad6b7169203332-01"));
    openai_meter_request_header(m, run_str("traceparent"),
        run_str("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203333-01"));
    openai_meter_request_header(m, run_str("X-Stainless-Retry-Count"),
                                run_str("2"));
    openai_meter_request_header(m, run_str("x-client-request-id"),
                                run_str("low"));
    openai_meter_request_header(m, run_str("thread-id"), run_str("mid"));
    openai_meter_request_header(m, run_str("Session-Id"), run_str("high"));
    asks(m, "{\"model\":\"a\\u0062c\",\"n\":3,\"max_tokens\":10,"
            "\"temperature\":0.5,\"user\":\"u\",\"metadata\":"
            "{\"session_id\":\"body\"},\"messages\":[{\"role\":\"user\","
            "\"content\":[{\"type\":\"image_url\"},{\"type\":\"file\"}]}],"
            "\"tools\":[{},{}]}");

    answers(m, 200, "application/json");
    openai_meter_response_header(m, run_str("X-Request-Id"), run_str("req"));
    openai_meter_response_header(m, run_str("openai-processing-ms"),
                                 run_str("42"));

    is_str(f->session, "high", "the session's own header wins");
    is_str(f->user, "u", "user");
    is_str(f->user_agent, "t/1", "user agent");
    is_str(f->agent, "Codex", "the agent shows in another header");
    is_str(f->trace_id, "0af7651916cd43dd8448eb211c80319c", "trace");
    is_str(f->span_id, "b7ad6b7169203331", "span, and no broken one");
    is_str(f->provider, "x_ai", "the provider shows in the host");
    is_str(f->request_id, "req", "the upstream's id");
    is_str(f->model, "abc", "the model, an escape in it undone");
    is_str(f->operation, "chat", "the operation");
    is(f->retry, 2, "the retry count");
    is(f->processing_ms, 42, "the upstream's time");
    is(f->choices, 3, "n");
    is(f->max_tokens, 10, "max_tokens");
    run_ok(f->temperature == 0.5, "temperature");
    is(f->tools, 2, "tools");
    is(f->flags & (OPENAI_FACT_IMAGE|OPENAI_FACT_AUDIO|OPENAI_FACT_FILE),
       (unsigned) (OPENAI_FACT_IMAGE|OPENAI_FACT_FILE), "parts of messages");

    m = begin("/openai/deployments/my-gpt/chat/completions?api-version=1");
    f = &facts;
    is_str(f->provider, "azure.ai.openai", "Azure shows in the path");
    is_str(f->model, "my-gpt", "and so does its deployment");

    m = begin("/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse");
    f = &facts;
    is_str(f->model, "gemini-2.5-pro", "Gemini's model is in the path");
    is_str(openai_dialect_name(f->dialect), "gemini", "and its dialect");
    is(f->stream_asked, 1, "and that it is to stream");

    m = begin("/v1/responses");
    f = &facts;
    openai_meter_request_header(m, run_str("api-key"), run_str("***"));
    is_str(f->provider, "azure.ai.openai", "or in the name of its key");

    m = begin("/v1beta/models/gemini-2.5-pro:generateContent");
    f = &facts;
    answers(m, 200, "application/json");
    openai_meter_response_header(m, run_str("Server-Timing"),
                                 run_str("gfet4t7; dur=812"));
    openai_meter_response_header(m, run_str("X-Gemini-Service-Tier"),
                                 run_str("flex"));
    is(f->processing_ms, 812, "Google's time is a timing of servers");
    is_str(f->service_tier, "flex", "its tier is in a header, too");

    m = begin("/v1/rerank");
    f = &facts;
    run_ok(openai_dialect_name(f->dialect) == NULL, "an unknown path");
    is_str(f->operation, "rerank", "is labelled by its segment");

    m = begin("/llm/proxy");
    f = &facts;
    asks(m, "{\"model\":\"m\",\"messages\":[]}");
    is_str(openai_dialect_name(f->dialect), "chat", "or known by its body");
}


static void
test_errors(void)
{
    size_t                 i;
    openai_meter_t        *m;
    const openai_facts_t  *f;

    static const char *const  bodies[][4] = {
        { "{\"error\":{\"message\":\"M\",\"type\":\"T\",\"code\":\"C\"}}",
          "M", "T", "C" },
        { "{\"error\":{\"message\":\"M\",\"type\":\"T\",\"code\":null}}",
          "M", "T", "" },
        { "{\"error\":{\"message\":\"M\",\"code\":429}}", "M", "", "429" },
        { "{\"error\":\"M\"}", "M", "", "" },
        { "{\"message\":\"M\",\"request_id\":\"r\"}", "M", "", "" },
        { "{\"detail\":[{\"loc\":[\"a\"],\"msg\":\"M\",\"type\":\"T\"}]}",
          "M", "T", "" },
        { "{\"detail\":\"M\"}", "M", "", "" },
        { "{\"object\":\"error\",\"message\":\"M\",\"type\":\"T\","
          "\"code\":400}", "M", "T", "400" },
        { "[{\"error\":{\"code\":429,\"message\":\"M\",\"status\":\"T\"}}]",
          "M", "T", "429" },
        { "{\"statusCode\":401,\"message\":\"M\"}", "M", "", "401" },
        { "{\"type\":\"error\",\"error\":{\"type\":\"T\",\"message\":\"M\"}}",
          "M", "T", "" }
    };

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        m = begin("/v1/chat/completions");
        f = &facts;

        answers(m, 429, "application/json");
        says(m, bodies[i][0], 1);
        openai_meter_finish(m, 1, 2);

        run_ok((f->flags & OPENAI_FACT_ERROR)
               && strcmp(f->error_message, bodies[i][1]) == 0
               && strcmp(f->error_type, bodies[i][2]) == 0
               && strcmp(f->error_code, bodies[i][3]) == 0,
               "error %s", bodies[i][0]);
    }

    m = begin("/v1/fine_tuning/jobs");
    f = &facts;
    answers(m, 200, "application/json");
    says(m, "{\"id\":\"j\",\"error\":{\"code\":null,\"message\":null}}", 1);
    openai_meter_finish(m, 1, 2);
    is(f->flags & OPENAI_FACT_ERROR, 0u, "an error of nulls is none");

    m = begin("/v1/responses");
    f = &facts;
    answers(m, 200, "text/event-stream");
    says(m, "event: error\ndata: {\"type\":\"error\",\"code\":\"C\","
            "\"message\":\"M\"}\n\n", 1);
    run_ok((f->flags & OPENAI_FACT_ERROR) && strcmp(f->error_code, "C") == 0,
           "an error within a stream of 200");
}


static void
test_forms(void)
{
    openai_meter_t        *m;
    const openai_facts_t  *f;

    static const char  body[] =
        "--B\r\nContent-Disposition: form-data; name=\"file\"; "
        "filename=\"a.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n"
        "\x01\r\n--C\r\n--\r\n"
        "--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n"
        "whisper-1\r\n"
        "--B\r\ncontent-disposition: form-data; name=stream\r\n\r\ntrue\r\n"
        "--B--\r\n";

    size_t  split, i, n;

    for (split = 1; split <= sizeof(body); split += 7) {

        m = begin("/v1/audio/transcriptions");
        f = &facts;

        openai_meter_request_header(m, run_str("content-type"),
                        run_str("multipart/form-data; boundary=\"B\""));

        for (i = 0; i < sizeof(body) - 1; i += n) {
            n = sizeof(body) - 1 - i < split ? sizeof(body) - 1 - i : split;
            openai_meter_request_body(m, body + i, n,
                                      i + n == sizeof(body) - 1);
        }

        run_ok(strcmp(f->model, "whisper-1") == 0 && f->stream_asked == 1
               && (f->flags & OPENAI_FACT_AUDIO),
               "a form split by %zu", split);
    }
}


/* a coded body, a cut one, and one that is not coded as its header says */

static void
test_coded(void)
{
    size_t                 i;
    Bytef                  coded[4096];
    z_stream               z;
    openai_meter_t        *m;
    const openai_facts_t  *f;

    static const char  body[] =
        "{\"id\":\"x\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":"
        "{\"content\":\"hello\"},\"finish_reason\":\"stop\"}],"
        "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}";

    memset(&z, 0, sizeof(z));
    (void) deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);

    z.next_in = (Bytef *) body;
    z.avail_in = sizeof(body) - 1;
    z.next_out = coded;
    z.avail_out = sizeof(coded);
    (void) deflate(&z, Z_FINISH);
    (void) deflateEnd(&z);

    m = begin("/v1/chat/completions");
    f = &facts;
    answers(m, 200, "application/json");
    openai_meter_response_header(m, run_str("Content-Encoding"),
                                 run_str("gzip"));

    for (i = 0; i < z.total_out; i++) {
        openai_meter_response_body(m, coded + i, 1, 1);
    }

    openai_meter_finish(m, 1, 2);
    run_ok(f->usage.output == 2 && strcmp(f->finish_reason, "stop") == 0,
           "an answer in gzip, byte by byte");
    openai_meter_destroy(m);

    m = begin("/v1/chat/completions");
    f = &facts;
    answers(m, 200, "application/json");
    openai_meter_response_header(m, run_str("content-encoding"),
                                 run_str("gzip"));
    openai_meter_response_body(m, coded, z.total_out - 20, 1);
    openai_meter_finish(m, 0, 2);
    is_str(f->response_model, "m", "as far as it goes when cut");
    openai_meter_destroy(m);

    m = begin("/v1/chat/completions");
    f = &facts;
    answers(m, 200, "application/json");
    openai_meter_response_header(m, run_str("content-encoding"),
                                 run_str("gzip"));
    says(m, "\x80{}", 1);
    openai_meter_finish(m, 1, 2);
    run_ok(f->flags & OPENAI_FACT_UNDECODABLE, "what is no gzip is told");
    openai_meter_destroy(m);
}


/* a coding that was not applied, or that is none, on both sides; seen to fail
   when such a body was broken */

static void
test_not_coded(void)
{
    unsigned               i, n;
    const char            *p;
    openai_meter_t        *m;
    const openai_facts_t  *f;

    static const char *const  words[] = { "gzip", "br", "utf-8" };

    static const char  request[] = "{\"model\":\"asked\"}";
    static const char  answer[] =
        ": hi\n\ndata: {\"model\":\"m\",\"choices\":[{\"index\":0,"
        "\"delta\":{\"content\":\"Hel\"},\"finish_reason\":\"stop\"}]}\n\n"
        "data: [DONE]\n\n";

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {

        for (n = 1; n < sizeof(answer); n += 7) {
            m = begin("/v1/chat/completions");
            f = &facts;
            openai_meter_request_header(m, run_str("Content-Encoding"),
                                        run_str(words[i]));
            openai_meter_request_body(m, request, strlen(request), 1);

            answers(m, 200, "text/event-stream");
            openai_meter_response_header(m, run_str("Content-Encoding"),
                                         run_str(words[i]));

            for (p = answer; *p; p += strnlen(p, n)) {
                openai_meter_response_body(m, p, strnlen(p, n), 1);
            }

            run_ok(openai_meter_plain(m, 0) && openai_meter_plain(m, 1),
                   "both bodies are plain");

            openai_meter_finish(m, 1, 2);

            if (!run_ok(strcmp(f->model, "asked") == 0
                        && strcmp(f->response_model, "m") == 0
                        && strcmp(f->finish_reason, "stop") == 0
                        && f->streamed == 1 && f->events == 2
                        && (f->flags & OPENAI_FACT_TERMINAL)
                        && !(f->flags & OPENAI_FACT_UNDECODABLE),
                        "text that is said to be %s", words[i]))
            {
                run_note("model %s, answered %s, %u events", f->model,
                         f->response_model, (unsigned) f->events);
            }

            openai_meter_destroy(m);
        }
    }

    /* an answer of few bytes is known at its end */

    m = begin("/v1/chat/completions");
    f = &facts;
    answers(m, 200, "application/json");
    openai_meter_response_header(m, run_str("Content-Encoding"),
                                 run_str("gzip"));
    says(m, "{\"model\":\"m\"}", 1);
    openai_meter_finish(m, 1, 2);
    is_str(f->response_model, "m", "a short answer that is not gzip");
    openai_meter_destroy(m);
}


/* an event with a text that differs, and one that tells the model once more */

static void
says_twice(openai_meter_t *m, int number, const char *rest)
{
    char  event[256];

    snprintf(event, sizeof(event),
             "data: {\"id\":\"i\",\"model\":\"first\",\"choices\":[{\"index\":0,"
             "\"delta\":{\"content\":\"%d\"}}],\"created\":1700000000%s}\n\n",
             number, rest);
    says(m, event, number);
}


/* the last event names the model */

static void
test_last_model(void)
{
    int                    i, j;
    openai_meter_t        *m;
    const openai_facts_t  *f;

    m = begin("/v1/chat/completions");
    f = &facts;
    answers(m, 200, "text/event-stream");

    for (j = 0; j < 2; j++) {

        for (i = 1; i < 9; i++) {
            says_twice(m, i, "");
        }

        is_str(f->response_model, "first", "the model of all events");

        says_twice(m, 9, ",\"model\":\"second\"");
        is_str(f->response_model, "second", "that of the last one");

        says_twice(m, 10, "");
        is_str(f->response_model, "first", "that of the one after it");

        for (i = 11; i < 19; i++) {
            says_twice(m, i, ",\"model\":\"second\"");
        }

        is_str(f->response_model, "second", "the later one of two");

        says_twice(m, 19, "");
        is_str(f->response_model, "first", "there are not two any more");
    }

    openai_meter_finish(m, 1, 20);
}


/* reasons are in the order of the choices, not in that of their arrival */

static void
test_choices(void)
{
    openai_meter_t  *m;

    m = begin("/v1/chat/completions");
    answers(m, 200, "text/event-stream");

    says(m, ENDS(1, "length"), 1);
    is_str(facts.finish_reason, "length", "the reason of one choice");
    says(m, ENDS(1, "stop"), 2);
    is_str(facts.finish_reason, "stop", "a later one takes its place");
    says(m, ENDS(0, "tool_calls"), 3);
    is_str(facts.finish_reason, "tool_calls,stop", "another choice's");
    says(m, ENDS(2, "length"), 4);
    is_str(facts.finish_reason, "tool_calls,stop,length", "a third one's");
    says(m, ENDS(1, "content_filter"), 5);
    is_str(facts.finish_reason, "tool_calls,content_filter,length",
           "one of several is replaced");
    says(m, ENDS(12, "stop"), 6);
    is_str(facts.finish_reason, "tool_calls,content_filter,length",
           "there is a bound");

    openai_meter_finish(m, 1, 7);
    openai_meter_destroy(m);
}


/* with short memory the meter knows less, but nothing wrong */

static void
test_short_memory(void)
{
    unsigned         most;
    openai_meter_t  *m;

    for (most = 1; most <= 4; most++) {

        m = begin("/v1/chat/completions");
        allowed = most;

        openai_meter_request_body(m, "{\"model\":", 9, 0);
        answers(m, 200, "text/event-stream");
        says(m, "data: {\"id\":\"i\",\"choices\":[{\"delta\":{\"tool_calls\":"
                "[{\"index\":0,\"function\":{\"name\":\"f\"}}]}}]}\n\n", 1);
        says(m, ENDS(0, "tool_calls"), 2);
        says(m, ENDS(1, "stop"), 3);
        says(m, "data: [DONE]\n\n", 4);
        openai_meter_finish(m, 1, 5);

        run_ok(facts.events == 4 && (facts.flags & OPENAI_FACT_TERMINAL)
               && (most > 1) == !strcmp(facts.tool_names, "f")
               && (most > 1) == !!facts.finish_reason[0]
               && (most > 3) == !strcmp(facts.finish_reason, "tool_calls,stop"),
               "%u allocations: \"%s\", \"%s\"", most, facts.tool_names,
               facts.finish_reason);

        openai_meter_destroy(m);
    }

    m = begin("/v1/chat/completions");
    allowed = 1;
    answers(m, 200, "application/json");
    openai_meter_response_header(m, run_str("content-encoding"),
                                 run_str("gzip"));
    run_ok(facts.flags & OPENAI_FACT_UNDECODABLE, "a coding not kept in mind");

    allowed = 32;
}


/* the first characters of the last user message, and of no other text */

static void
test_title(void)
{
    int              i;
    char             want[OPENAI_TITLE_SIZE], body[4096];
    size_t           n, len;
    openai_meter_t  *m;

    static const struct {
        const char  *uri;
        const char  *body;
        const char  *title;
    } cases[] = {
        { "/v1/chat/completions",
          "{\"messages\":[{\"role\":\"system\",\"content\":\"Be brief\"},"
          "{\"role\":\"user\",\"content\":\"First\"},"
          "{\"role\":\"assistant\",\"content\":\"No\"},"
          "{\"content\":\"L\\u00e4st\",\"role\":\"user\"},"
          "{\"role\":\"tool\",\"content\":\"42\"}]}", "L\xc3\xa4st" },
        { "/v1/chat/completions",
          "{\"messages\":[{\"role\":\"user\",\"content\":["
          "{\"type\":\"text\",\"text\":\"a reminder\"},"
          "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:\"}},"
          "{\"type\":\"text\",\"text\":\"Look\"}]}]}", "Look" },
        { "/v1/chat/completions",
          "{\"messages\":[{\"role\":\"assistant\",\"content\":\"x\"}]}",
          "" },
        { "/v1/chat/completions", "{\"model\":\"m\"}", "" },
        { "/v1/responses", "{\"input\":\"Hi\"}", "Hi" },
        { "/v1/responses",
          "{\"instructions\":\"no\",\"input\":["
          "{\"role\":\"user\",\"content\":[{\"type\":\"input_text\","
          "\"text\":\"Why?\"}]},{\"type\":\"function_call_output\","
          "\"output\":\"42\"}]}", "Why?" },
        { "/v1/messages",
          "{\"system\":\"no\",\"messages\":[{\"role\":\"user\","
          "\"content\":\"Bonjour\"},{\"role\":\"user\",\"content\":["
          "{\"type\":\"tool_result\",\"content\":\"42\"}]}]}", "Bonjour" },
        { "/v1beta/models/gemini-2.5-pro:generateContent",
          "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":"
          "\"Ciao\"}]},{\"role\":\"model\",\"parts\":[{\"text\":"
          "\"no\"}]}]}", "Ciao" },
        { "/api/chat",
          "{\"messages\":[{\"role\":\"user\",\"content\":\"Hej\"}]}",
          "Hej" },
        { "/v2/chat",
          "{\"messages\":[{\"role\":\"user\",\"content\":\"Hola\"}]}",
          "Hola" },
        { "/v1/embeddings", "{\"input\":\"no\"}", "" }
    };

    for (n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {

        /* split anywhere, it is the same */

        len = strlen(cases[n].body);

        for (i = 0; i < 2; i++) {
            m = begin(cases[n].uri);
            openai_meter_want_title(m);
            openai_meter_request_body(m, cases[n].body, len * i / 2, 0);
            openai_meter_request_body(m, cases[n].body + len * i / 2,
                                      len - len * i / 2, 1);
            is_str(facts.title, cases[n].title, "title %d of %s", (int) n,
                   cases[n].uri);
        }

        m = begin(cases[n].uri);
        asks(m, cases[n].body);
        is_str(facts.title, "", "no title when none is wanted");
    }

    /* 120 characters of one byte; of three bytes as many as there is room */

    memset(want, 'x', OPENAI_TITLE_CHARS);
    want[OPENAI_TITLE_CHARS] = '\0';
    len = (size_t) snprintf(body, sizeof(body), "{\"input\":\"%s%s\"}", want,
                            want);
    m = begin("/v1/responses");
    openai_meter_want_title(m);
    openai_meter_request_body(m, body, len, 1);
    is_str(facts.title, want, "120 characters");

    for (i = 0, len = 0; i < 85; i++, len += 3) {
        memcpy(&want[len], "\xe4\xb8\xad", 3);
    }

    want[len] = '\0';
    len = (size_t) snprintf(body, sizeof(body), "{\"input\":\"%s%s\"}", want,
                            want);
    m = begin("/v1/responses");
    openai_meter_want_title(m);
    openai_meter_request_body(m, body, len, 1);
    is_str(facts.title, want, "whole characters of three bytes");
}


/* capture/block.c has room for these sizes */

static void
test_memory(void)
{
    int              i;
    openai_meter_t  *m;

    m = begin("/v1/chat/completions");
    asks(m, "{\"model\":\"m\",\"messages\":[]}");
    answers(m, 200, "application/json");
    says(m, "{\"choices\":[]}", 1);
    openai_meter_finish(m, 1, 2);

    run_ok(taken <= 2112, "a plain exchange takes %zu bytes", taken);

    m = begin("/v1/chat/completions");
    asks(m, "{\"model\":\"m\",\"messages\":[],\"stream\":true}");
    answers(m, 200, "text/event-stream");

    for (i = 0; i < 1000; i++) {
        says(m, CHUNK("{\"content\":\"x\"}"), i);
    }

    says(m, ENDS(0, "stop"), 1000);
    openai_meter_finish(m, 1, 1001);

    run_ok(taken <= 2112, "a stream of 1000 events takes %zu bytes", taken);
}


int
main(void)
{
    test_tokens();
    test_usage();
    test_reasoning_apart();
    test_who();
    test_errors();
    test_forms();
    test_coded();
    test_not_coded();
    test_last_model();
    test_choices();
    test_short_memory();
    test_title();
    test_memory();

    return run_done();
}
