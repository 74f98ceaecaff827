
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 *
 * The promise: openai_run_link() joins what belongs together and keeps the
 * rest apart, for each rule of docs/conversations.md.
 */


#include <stdio.h>
#include <string.h>

#include "digest/digest.h"
#include "digest_run.h"
#include "tap.h"


typedef struct {
    const char  *key;
    const char  *head;
    const char  *body;
} asked_t;


#define S1  "{\"role\":\"system\",\"content\":\"be brief\"}"
#define S2  "{\"role\":\"system\",\"content\":\"be long\"}"
#define U1  "{\"role\":\"user\",\"content\":\"one\"}"
#define U2  "{\"role\":\"user\",\"content\":\"two\"}"
#define A1  "{\"role\":\"assistant\",\"content\":\"first\"}"
#define A2  "{\"role\":\"assistant\",\"content\":\"second\"}"
#define T   "\"tools\":[{\"name\":\"f\"}],"
#define SUM "{\"role\":\"user\",\"content\":\"This session is being " \
            "continued from a previous conversation\"}"

#define m(list)  "{\"model\":\"m\",\"messages\":[" list "]}"
#define mt(list) "{\"model\":\"m\"," T "\"messages\":[" list "]}"
#define LONG     "x-session-id: 0123456789abcdef\n"
#define OTHER    "x-session-id: 0123456789abcdeg\n"


static void
side(openai_side_t *side, openai_thread_t *thread, openai_run_t *run,
    const asked_t *asked)
{
    openai_exchange_t  ex;

    memset(&ex, 0, sizeof(ex));

    ex.uri = run_str("/v1/responses");
    ex.request_encoding = run_str("");
    ex.request_head.data = asked->head;
    ex.request_head.len = strlen(asked->head);
    ex.request_body.data = asked->body;
    ex.request_body.len = strlen(asked->body);

    ok(openai_thread_run(thread, run, &ex) == OPENAI_OK, asked->body);

    side->thread = thread;
    side->run = run;
    side->key = asked->key;
    side->response = openai_run_id("resp_1", 6);
    side->child = 0;
}


static void
link_is(asked_t prev, asked_t next, int child, openai_link_t want,
    const char *what)
{
    openai_link_t    link;
    openai_run_t     run[2];
    openai_side_t    sides[2];

    static openai_thread_t  threads[2];

    side(&sides[0], &threads[0], &run[0], &prev);
    side(&sides[1], &threads[1], &run[1], &next);

    sides[0].child = child;

    link = openai_run_link(&sides[0], &sides[1],
                           openai_thread_common(&threads[0], &threads[1]));

    ok(link == want, what);

    if (link != want) {
        printf("# got %d, want %d\n", (int) link, (int) want);
    }
}


#define of(key, head, body)  ((asked_t) { key, head, body })
#define plain(body)          of("", "", body)


static void
test_messages(void)
{
    asked_t  first = plain(m(S1 "," U1));

    link_is(first, plain(m(S1 "," U1 "," A1 "," U2)), 0,
            OPENAI_LINK_MESSAGES, "the next turn");
    link_is(first, plain(m(S2 "," U1 "," A1 "," U2)), 0, OPENAI_LINK_ANSWER,
            "another system prompt: if the answer is in it");
    link_is(first, plain(m(S1 "," U1 "," U2)), 0, OPENAI_LINK_MESSAGES,
            "one more message of the user");
    link_is(first, plain(m(S2 "," U1 "," U2)), 0, OPENAI_LINK_NONE,
            "that with another system prompt");
    link_is(first, first, 0, OPENAI_LINK_AGAIN, "the same");
    link_is(first, plain("{\"model\":\"n\",\"messages\":[" S1 "," U1 "]}"), 0,
            OPENAI_LINK_NONE, "the same for another model");
    link_is(first, plain(m(S2 "," U1)), 0, OPENAI_LINK_NONE,
            "the same with another system prompt");
    link_is(first, plain(mt(S1 "," U1)), 0, OPENAI_LINK_NONE,
            "the same with tools");
    link_is(first, plain(m(S1 "," U2)), 0, OPENAI_LINK_NONE,
            "the system prompt alone");
    link_is(plain(m(U1 "," A1 "," U2)), plain(m(U1 "," A1 "," U1)), 0,
            OPENAI_LINK_NONE, "examples in front");
    link_is(plain(m(U1 "," A1 "," U2)), plain(m(U1 "," A1 "," U1)), 1,
            OPENAI_LINK_MESSAGES, "a changed message");
}


static void
test_ids(void)
{
    const char  *next = m(S1 "," U1 "," A1 "," U2);
    const char  *first = m(S1 "," U1);

    link_is(of("k1", "", first), of("k2", "", next), 0, OPENAI_LINK_NONE,
            "another key");
    link_is(of("k1", LONG, first), of("k2", LONG, next), 0,
            OPENAI_LINK_MESSAGES, "another key of the same session");
    link_is(of("k1", "x-session-id: 1\n", first),
            of("k2", "x-session-id: 1\n", next), 0, OPENAI_LINK_NONE,
            "a session that is short");
    link_is(of("", LONG, first), of("", OTHER, next), 0, OPENAI_LINK_NONE,
            "another session");
    link_is(of("", LONG, first), of("", LONG, m(S2 "," U1 "," A1 "," U2)), 0,
            OPENAI_LINK_MESSAGES, "another system prompt in the session");
    link_is(of("", LONG, first), of("", LONG, m(S1 "," U2)), 0,
            OPENAI_LINK_NONE, "other words in the session");
    link_is(of("", LONG, first),
            of("", LONG "x-claude-code-agent-id: a\n", next), 0,
            OPENAI_LINK_NONE, "a sub-agent in the session");
    link_is(of("", LONG "thread-id: a\n", first),
            of("", LONG "thread-id: a\n", next), 0, OPENAI_LINK_MESSAGES,
            "the same thread");
    link_is(of("", "x-client-request-id: a\n", first),
            of("", "x-client-request-id: b\n", next), 0, OPENAI_LINK_MESSAGES,
            "an id for each request");
    link_is(plain("{\"input\":\"a\"}"),
            plain("{\"input\":\"b\",\"previous_response_id\":\"resp_1\"}"), 0,
            OPENAI_LINK_PREVIOUS, "the answer's id");
    link_is(plain("{\"input\":\"a\"}"),
            plain("{\"input\":\"a\",\"previous_response_id\":\"resp_2\"}"), 0,
            OPENAI_LINK_NONE, "the id of another answer");
    link_is(plain("{\"input\":\"a\",\"conversation\":\"c\"}"),
            plain("{\"input\":\"b\",\"conversation\":{\"id\":\"c\"}}"), 0,
            OPENAI_LINK_NAMED, "the same conversation");
}


static void
test_compacted(void)
{
    link_is(plain(m(S1 "," U1 "," A1 "," U2)), plain(m(S1 "," SUM)), 0,
            OPENAI_LINK_COMPACTED, "a summary");
    link_is(plain(m(S1 "," U1 "," A1 "," U2)), plain(m(S2 "," SUM)), 0,
            OPENAI_LINK_NONE, "a summary of another agent");
    link_is(plain(m(S1 "," U1)), plain(m(S1 "," SUM)), 0, OPENAI_LINK_NONE,
            "a summary that is not shorter");
    link_is(plain(m(S1 "," U1 "," A1 "," U2 "," A2 "," U1)),
            plain(m(S1 "," U2 "," A2 "," U1)), 0, OPENAI_LINK_COMPACTED,
            "the same end");
    link_is(plain(m(S1 "," U1 "," A1 "," U2 "," A2)), plain(m(S1 "," U2)), 0,
            OPENAI_LINK_NONE, "the same beginning");
}


static unsigned
flags(const char *uri, const char *body)
{
    openai_run_t       run;
    openai_exchange_t  ex;

    static openai_thread_t  thread;

    memset(&ex, 0, sizeof(ex));

    ex.uri.data = uri;
    ex.uri.len = strlen(uri);
    ex.request_encoding = run_str("");
    ex.request_body.data = body;
    ex.request_body.len = strlen(body);

    (void) openai_thread_run(&thread, &run, &ex);

    return run.flags;
}


static void
test_utilities(void)
{
    const char  *chat = "/v1/chat/completions";

    ok(flags("/v1/messages/count_tokens", m(U1)) == OPENAI_RUN_UTILITY,
       "a count of tokens");
    ok(flags(chat, "{\"max_tokens\":1,\"messages\":[" U1 "]}")
       == OPENAI_RUN_UTILITY, "a probe");
    ok(flags(chat, "{\"max_tokens\":10,\"messages\":[" U1 "]}") == 0,
       "not a probe");
    ok(flags(chat, "{\"system\":[{\"type\":\"text\",\"text\":\"You are a Title "
             "Generator.\"}],\"messages\":[" U1 "]}")
       == OPENAI_RUN_UTILITY, "a title, by its system prompt");
    ok(flags(chat, m("{\"role\":\"user\",\"content\":\"### Task: Generate a "
                     "concise, 3-5 word title\"}"))
       == OPENAI_RUN_UTILITY, "a title, by its message");
    ok(flags(chat, mt("{\"role\":\"user\",\"content\":\"Generate a title\"}"))
       == 0, "an agent with tools that is asked for one");

    ok(openai_run_starts_agent("Read,Task") && openai_run_starts_agent("Agent")
       && openai_run_starts_agent("spawn_agent")
       && !openai_run_starts_agent("Read,Edit"),
       "tools that start sub-agents");
}


int
main(void)
{
    test_messages();
    test_ids();
    test_compacted();
    test_utilities();

    return done_testing();
}
