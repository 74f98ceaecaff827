
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 *
 * The promise: openai_thread_compare() knows a request that continues another
 * one, and names the first difference that a prompt cache meets, in every API
 * and in every form that clients write.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "digest/thread/hash.h"
#include "digest_run.h"
#include "tap.h"


static int
thread_of(openai_thread_t *thread, const char *uri, const char *body,
    size_t len)
{
    openai_exchange_t  ex;

    memset(&ex, 0, sizeof(ex));

    ex.uri.data = uri;
    ex.uri.len = strlen(uri);
    ex.request_encoding.data = "";
    ex.request_body.data = body;
    ex.request_body.len = len;

    return openai_thread(thread, &ex);
}


/* returns the text of the change between two requests */

static const char *
change_at(const char *uri, const char *from, const char *to)
{
    uint32_t        first;
    openai_thread_t  a, b;
    openai_change_t change;

    static char     text[64];

    if (thread_of(&a, uri, from, strlen(from)) != OPENAI_OK
        || thread_of(&b, uri, to, strlen(to)) != OPENAI_OK)
    {
        return "not a conversation";
    }

    change = openai_thread_compare(&a, &b, &first);
    openai_change_text(text, sizeof(text), change, first);

    return text;
}


static void
is(const char *uri, const char *from, const char *to, const char *want)
{
    char         name[512];
    const char  *got;

    got = change_at(uri, from, to);

    snprintf(name, sizeof(name), "%s: %.150s", want, to);
    ok(strcmp(got, want) == 0, name);

    if (strcmp(got, want) != 0) {
        printf("# got %s\n", got);
    }
}


#define U1  "{\"role\":\"user\",\"content\":\"one\"}"
#define A1  "{\"role\":\"assistant\",\"content\":\"first\"}"
#define U2  "{\"role\":\"user\",\"content\":\"two\"}"
#define S1  "{\"role\":\"system\",\"content\":\"be brief\"}"
#define S2  "{\"role\":\"system\",\"content\":\"be long\"}"
#define T1  "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],"
#define T2  "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"g\"}}],"

#define chat(rest)  "{\"model\":\"m\"," rest "}"
#define msgs(list)  "\"messages\":[" list "]"


static void
test_chat(void)
{
    const char  *uri = "/v1/chat/completions";
    const char  *base = chat(msgs(S1 "," U1));

    is(uri, base, base, "identical");
    is(uri, base, " {\"messages\" : [" S1 ", " U1 "], \"model\":\"\\u006d\"}",
       "identical");
    is(uri, base, chat("\"temperature\":1,\"stream\":true," msgs(S1 "," U1)),
       "identical");
    is(uri, base, chat("\"tools\":[],\"tool_choice\":null," msgs(S1 "," U1)),
       "identical");
    is(uri, base, chat(msgs(S1 "," U1 "," A1 "," U2)), "append-only");
    is(uri, chat(msgs(U1 "," A1)), chat(msgs(U1 "," A1 "," S2 "," U2)),
       "append-only");
    is(uri, base, chat(msgs(S2 "," U1 "," A1 "," U2)), "system changed");
    is(uri, base, chat(msgs(U1)), "unrelated");
    is(uri, chat(msgs(S1 "," U1 "," A1)), chat(msgs(S1 "," U1 "," U2)),
       "changed at message 3");
    is(uri, chat(msgs(S1 "," U1 "," A1)), chat(msgs(S1 "," U1)),
       "changed at message 3");
    is(uri, base, chat(msgs(S1 "," U2)), "changed at message 2");
    is(uri, chat(msgs(U1)), chat(msgs(U2)), "unrelated");
    is(uri, base, chat(msgs(S2 "," U2)), "unrelated");
    is(uri, base, chat(T1 msgs(S1 "," U1 "," A1)), "tools changed");
    is(uri, chat(T1 msgs(S1 "," U1)), chat(T2 msgs(S1 "," U1)),
       "tools changed");
    is(uri, chat(T1 msgs(U1)), chat(T1 msgs(U1)), "identical");
    is(uri, chat(T1 msgs(U1)), chat(T1 "\"tool_choice\":\"none\"," msgs(U1)),
       "settings changed");
    is(uri, base, "{\"model\":\"n\"," msgs(S1 "," U1) "}",
       "settings changed");
    is(uri, base, chat("\"reasoning_effort\":\"high\"," msgs(S1 "," U1)),
       "settings changed");
    is(uri, chat("\"seed\":1," msgs(U1)), chat("\"seed\":2," msgs(U1)),
       "identical");
    is(uri, chat(msgs("{\"n\":10}")), chat(msgs("{\"n\":1e1}")), "unrelated");
    is(uri, chat(msgs("{\"n\":[1,[2]]}")), chat(msgs("{\"n\":[1,2]}")),
       "unrelated");
    is(uri, chat(msgs("{\"n\":\"1\"}")), chat(msgs("{\"n\":1}")),
       "unrelated");
    is(uri, chat(msgs("{\"n\":\"ab\",\"c\":\"d\"}")),
       chat(msgs("{\"n\":\"a\",\"bc\":\"d\"}")), "unrelated");
    is(uri, chat(msgs("{\"n\":[[],[]]}")), chat(msgs("{\"n\":[[[]]]}")),
       "unrelated");
    is(uri, chat(msgs("{\"n\":true}")), chat(msgs("{\"n\":false}")),
       "unrelated");
    is(uri, "{" msgs(S1) "}", "{" msgs(S1 "," U1) "}", "append-only");
}


static void
test_anthropic(void)
{
    const char  *uri = "/v1/messages?beta=true";

    is(uri, chat("\"system\":\"s\"," msgs(U1)),
       chat("\"system\":[{\"type\":\"text\",\"text\":\"s\",\"cache_control\":"
            "{\"type\":\"ephemeral\"}}],"
            msgs("{\"role\":\"user\",\"content\":[{\"type\":\"text\","
                 "\"text\":\"one\",\"cache_control\":{\"type\":"
                 "\"ephemeral\"}}]}," A1)), "append-only");
    is(uri, chat("\"system\":\"s\"," msgs(U1)),
       chat("\"system\":\"t\"," msgs(U1)), "system changed");
    is(uri, chat("\"system\":\"s\"," msgs(U1)),
       chat("\"system\":[{\"type\":\"text\",\"text\":"
            "\"x-anthropic-billing-header: cch=1;\"},{\"type\":\"text\","
            "\"text\":\"s\"}]," msgs(U1)), "identical");
    is(uri, chat(msgs("{\"role\":\"user\",\"content\":[{\"type\":\"text\","
                      "\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]}")),
       chat(msgs("{\"role\":\"user\",\"content\":\"ab\"}")), "unrelated");
    is(uri, chat(T1 msgs("{\"role\":\"user\",\"content\":[{\"type\":"
                         "\"tool_result\",\"content\":\"x\"}]}")),
       chat(T1 msgs("{\"role\":\"user\",\"content\":[{\"type\":"
                    "\"tool_result\",\"content\":[{\"type\":\"text\",\"text\":"
                    "\"x\"}],\"is_error\":null}]}")), "identical");
    is(uri, chat(msgs(U1)),
       chat("\"thinking\":{\"type\":\"adaptive\"}," msgs(U1)),
       "settings changed");
}


static void
test_responses(void)
{
    const char      *uri = "/v1/responses";
    openai_thread_t   c;

    is(uri, "{\"model\":\"m\",\"input\":\"one\"}",
       "{\"model\":\"m\",\"input\":[" U1 "," A1 "," U2 "]}", "append-only");
    is(uri, "{\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":"
            "[{\"type\":\"input_text\",\"text\":\"one\"}]}]}",
       "{\"input\":[" U1 "]}", "identical");
    is(uri, "{\"instructions\":\"a\",\"input\":\"one\"}",
       "{\"instructions\":\"b\",\"input\":\"one\"}", "system changed");
    is(uri, "{\"input\":\"one\"}",
       "{\"input\":\"one\",\"text\":{\"format\":{\"type\":\"json_object\"}}}",
       "settings changed");

    ok(thread_of(&c, "/v1/embeddings", "{\"input\":\"one\"}", 15)
       == OPENAI_ERROR, "embeddings are no conversation");
    ok(thread_of(&c, "/v1/embeddings", "{\"input\":[\"one\"]}", 17)
       == OPENAI_ERROR, "nor is a list of them");
    ok(thread_of(&c, "/v1/x?/responses", "{\"input\":\"one\"}", 15)
       == OPENAI_ERROR, "arguments are no path");
    ok(thread_of(&c, "", "{\"input\":[" U1 "]}", sizeof(U1) + 11)
       == OPENAI_OK, "messages are one, whatever the path");
    ok(thread_of(&c, uri, "{\"input\":7}", 11) == OPENAI_ERROR,
       "an input of another type");
}


static void
test_gemini(void)
{
    const char  *uri = "/v1beta/models/gemini-3:streamGenerateContent?alt=sse";
    const char  *base = "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\""
                        ":\"a\"}]}],\"systemInstruction\":{\"parts\":[{"
                        "\"text\":\"s\"}]}}";
    openai_thread_t  a, b, c;

    is(uri, base, "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":"
                  "\"a\"}]},{\"role\":\"model\",\"parts\":[]}],"
                  "\"system_instruction\":{\"parts\":[{\"text\":\"s\"}]}}",
       "append-only");
    is(uri, base, "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":"
                  "\"a\"}]}],\"systemInstruction\":{\"parts\":[{\"text\":"
                  "\"t\"}]}}", "system changed");
    is(uri, "{\"contents\":[{\"parts\":[]}]}",
       "{\"contents\":[{\"parts\":[]}],\"generationConfig\":{\"temperature\""
       ":1}}", "identical");
    is(uri, "{\"contents\":[{\"parts\":[]}]}",
       "{\"contents\":[{\"parts\":[]}],\"generationConfig\":{"
       "\"thinkingConfig\":{\"thinkingBudget\":1}}}", "settings changed");

    (void) thread_of(&a, uri, base, strlen(base));
    (void) thread_of(&b, "/v1/projects/p/models/gemini-3:generateContent",
                    base, strlen(base));
    (void) thread_of(&c, "/v1beta/models/gemini-4:generateContent", base,
                    strlen(base));

    ok(a.settings == b.settings && a.settings != c.settings,
       "the model in the path is a setting, the method is not");
}


static void
test_broken(void)
{
    char            *deep;
    size_t           i;
    openai_thread_t   c;

    static const char  *bodies[] = {
        "", "{", "[]", "7", "null", "{}", "{\"messages\":{}}",
        "{\"messages\":\"x\"}", "{\"messages\":[", "{\"prompt\":\"x\"}",
        "--boundary",
    };

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        ok(thread_of(&c, "/v1/chat/completions", bodies[i], strlen(bodies[i]))
           == OPENAI_ERROR, bodies[i]);
    }

    ok(thread_of(&c, "/", "{\"messages\":[]}", 15) == OPENAI_OK
       && c.messages == 0 && c.kept == 0, "no messages at all");
    ok(thread_of(&c, "/", "{\"messages\":[null,7,\"x\",[]]}", 28) == OPENAI_OK
       && c.messages == 4, "messages of any type");

    deep = malloc(200100);

    if (deep == NULL) {
        abort();
    }

    strcpy(deep, "{\"messages\":[");
    memset(deep + 13, '[', 100000);
    memset(deep + 100013, ']', 100000);
    strcpy(deep + 200013, "]}");

    ok(thread_of(&c, "/", deep, strlen(deep)) == OPENAI_ERROR,
       "nested without end");
    free(deep);
}


/* returns a request of n messages; the message "other" is different */

static char *
long_request(unsigned n, unsigned other)
{
    char      *body, *p;
    unsigned   i;

    body = malloc(64 + n * 48);

    if (body == NULL) {
        abort();
    }

    p = body + sprintf(body, "{\"messages\":[" S1);

    for (i = 2; i <= n; i++) {
        p += sprintf(p, ",{\"role\":\"user\",\"content\":\"%u\"}",
                     i == other ? 0 : i);
    }

    strcpy(p, "]}");

    return body;
}


static void
test_long(void)
{
    int             good;
    char           *a, *b, want[64];
    unsigned        i, n;
    openai_thread_t  c;

    static const unsigned  sizes[] = { 255, 256, 257, 258, 300, 384, 1000 };

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        a = long_request(sizes[i], 0);
        b = long_request(sizes[i] + 7, 0);
        is("/", a, b, "append-only");
        is("/", b, b, "identical");
        free(b);

        b = long_request(sizes[i] + 7, sizes[i]);
        snprintf(want, sizeof(want), "changed at message %u", sizes[i]);
        is("/", a, b, want);
        free(b);

        b = long_request(sizes[i] + 7, 100);
        is("/", a, b, "changed at message 100");
        free(b);

        (void) thread_of(&c, "/", a, strlen(a));
        ok(c.messages == sizes[i]
           && c.kept == (sizes[i] > 256 ? 256 : sizes[i]),
           "messages and kept");
        free(a);
    }

    /* a change in messages that are not kept may be named too early, but not
       too late */

    a = long_request(1000, 0);
    good = 1;

    for (n = 2; n <= 1000; n++) {
        b = long_request(1000, n);
        snprintf(want, sizeof(want), "%s", change_at("/", a, b));

        i = strncmp(want, "changed at message ", 19) == 0 ? atoi(want + 19)
                                                          : 0;

        good &= n <= 128 || n > 873 ? i == n : i == 129;
        free(b);
    }

    ok(good, "a change anywhere in a thousand messages is seen");
    free(a);
}


static void
test_encoded(void)
{
    uLongf              len;
    Bytef               packed[256];
    openai_thread_t      a, b;
    openai_exchange_t   ex;

    const char         *body = chat(msgs(S1 "," U1));

    len = sizeof(packed);

    if (compress(packed, &len, (const Bytef *) body, strlen(body)) != Z_OK) {
        abort();
    }

    memset(&ex, 0, sizeof(ex));
    ex.uri.data = "/";
    ex.uri.len = 1;
    ex.request_encoding.data = "deflate";
    ex.request_encoding.len = 7;
    ex.request_body.data = (char *) packed;
    ex.request_body.len = len;

    ok(openai_thread(&a, &ex) == OPENAI_OK
       && thread_of(&b, "/", body, strlen(body)) == OPENAI_OK
       && memcmp(&a, &b, sizeof(a)) == 0, "an encoded request is decoded");

    ex.request_body.len -= 6;
    ok(openai_thread(&a, &ex) == OPENAI_ERROR, "a cut one is no conversation");

    ex.request_encoding.data = "rot13";
    ex.request_encoding.len = 5;
    ok(openai_thread(&a, &ex) == OPENAI_ERROR, "nor is an unknown coding");
}


static void
test_text(void)
{
    char      buf[64];
    uint32_t  first;
    size_t    n;

    openai_thread_t  c;

    memset(&c, 0, sizeof(c));

    ok(openai_thread_compare(NULL, &c, &first) == OPENAI_CHANGE_INITIAL
       && first == 0, "the first of a conversation");

    n = openai_change_text(buf, sizeof(buf), OPENAI_CHANGE_INITIAL, 0);
    ok(n == 7 && strcmp(buf, "initial") == 0, "its text");

    n = openai_change_text(buf, 8, OPENAI_CHANGE_MESSAGE, 7);
    ok(n == 7 && strcmp(buf, "changed") == 0, "a short buffer");

    n = openai_change_text(buf, 0, OPENAI_CHANGE_MESSAGE, 7);
    ok(n == 0, "no buffer");
}


/* SipHash-1-3 of the bytes 0, 1, 2 … does not depend on how they are split */

static void
test_hash(void)
{
    int             good;
    uint64_t        seen[64];
    unsigned        i, j, n;
    unsigned char   bytes[64];
    openai_hash_t   h;

    good = 1;

    for (n = 0; n < 64; n++) {
        bytes[n] = n;

        openai_hash_init(&h);
        openai_hash_bytes(&h, bytes, n);
        seen[n] = openai_hash_done(&h);

        for (i = 0; i <= n; i++) {
            openai_hash_init(&h);
            openai_hash_bytes(&h, bytes, i);
            openai_hash_bytes(&h, bytes + i, n - i);
            good &= openai_hash_done(&h) == seen[n];
        }

        for (j = 0; j < n; j++) {
            good &= seen[j] != seen[n];
        }
    }

    ok(good, "a hash does not depend on how its bytes come");
}


static void
test_fixtures(const char *dir)
{
    openai_str_t  a, b;

    a = run_read(dir, "openai-chat/agent-loop-1.req.json");
    b = run_read(dir, "openai-chat/agent-loop-2.req.json");

    ok(a.data && b.data, "two turns of an agent were recorded");

    if (a.data && b.data) {
        is("/v1/chat/completions", a.data, b.data, "append-only");
        is("/v1/chat/completions", b.data, a.data, "changed at message 5");
    }

    free((char *) a.data);
    free((char *) b.data);
}


int
main(void)
{
    unsigned  n;

    test_chat();
    test_anthropic();
    test_responses();
    test_gemini();
    test_broken();
    test_long();
    test_encoded();
    test_text();
    test_hash();

    ok(run_fixtures(0) != NULL, "the repository has recordings");

    for (n = 0; run_fixtures(n); n++) {
        test_fixtures(run_fixtures(n));
    }

    return done_testing();
}
