
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 *
 * Holds the promises of the finder of secrets: however a body is split, what
 * comes out is the same, has the same length, holds no secret and keeps all
 * that is none; and what may be passed over holds none.
 *
 * Seen to fail with a search for names that did not look at the end of a
 * piece, with words that were compared within one piece only, and with a quote
 * behind a value that took the end of the last piece for the byte before it.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest/wire/secrets.h"
#include "tap.h"


typedef struct {
    openai_secrecy_e   secrecy;
    int                text;
    const char        *word;
    const char        *in;
    const char        *out;
} case_t;


static int  tests, failed;


static void
check(int good, const char *what, const char *of, int split)
{
    tests++;

    if (good) {
        return;
    }

    failed++;
    note("check %d, %s: %s, split %d", tests, what, of, split);
}


/* "|" marks nothing; "*" in .out stands for a byte that is gone */

static const case_t  cases[] = {
    { OPENAI_SECRETS_MEMBERS, 0, NULL,
      "{\"tools\":[{\"type\":\"mcp\",\"authorization\":\"abc\"}]}",
      "{\"tools\":[{\"type\":\"mcp\",\"authorization\":\"***\"}]}" },
    { OPENAI_SECRETS_MEMBERS, 0, NULL,
      "{ \"headers\" : {\"Authorization\": \"Bearer x\", \"X-Key\":\"y\\\"z\"} }",
      "{ \"headers\" : {\"Authorization\": \"********\", \"X-Key\":\"****\"} }" },
    { OPENAI_SECRETS_MEMBERS, 0, NULL,
      "{\"authorization_token\":\n \"t\",\"headers\":null,\"value\":\"v\"}",
      "{\"authorization_token\":\n \"*\",\"headers\":null,\"value\":\"v\"}" },
    { OPENAI_SECRETS_MEMBERS, 0, NULL,
      "{\"a\":\"say \\\"authorization\\\":\\\"x\\\"\",\"headers\":[\"u\",1]}",
      "{\"a\":\"say \\\"authorization\\\":\\\"x\\\"\",\"headers\":[\"*\",1]}" },
    { OPENAI_SECRETS_MEMBERS, 0, NULL,
      "{\"properties\":{\"headers\":{\"type\":\"object\",\"properties\":"
      "{\"q\":{\"type\":\"string\"}},\"required\":[\"q\"]},\"z\":\"k\"}}",
      "{\"properties\":{\"headers\":{\"type\":\"object\",\"properties\":"
      "{\"q\":{\"type\":\"string\"}},\"required\":[\"q\"]},\"z\":\"k\"}}" },
    { OPENAI_SECRETS_MEMBERS, 0, NULL,
      "data: {\"audio\":\"\",\"authorization\":\"\",\"authorization\":\"q\"}\n\n",
      "data: {\"audio\":\"\",\"authorization\":\"\",\"authorization\":\"*\"}\n\n" },
    { OPENAI_SECRETS_MEMBERS, 0, NULL,
      "{\"headers\":{\\}\"authorization\":\"p\\\\\"\"authorization\":\"q\"}",
      "{\"headers\":{\\}\"authorization\":\"***\"\"authorization\":\"*\"}" },
    { OPENAI_SECRETS_BODY, 0, NULL,
      "{\"value\":\"ek_1\",\"expires_at\":1,\"client_secret\":{\"value\":\"q\"}}",
      "{\"value\":\"****\",\"expires_at\":1,\"client_secret\":{\"value\":\"*\"}}" },
    { OPENAI_SECRETS_BODY, 0, NULL,
      "{\"object\":\"session\",\"id\":\"a\",\"note\":\"sk-abc, and ask-me\"}",
      "{\"object\":\"session\",\"id\":\"a\",\"note\":\"sk-***, and ask-me\"}" },
    { OPENAI_SECRETS_NONE, 1, "hunter-of-2",
      "Incorrect API key provided: sk-proj-ab*cd. You sent hunter-of-2.",
      "Incorrect API key provided: sk-*********** You sent ************" },
    { OPENAI_SECRETS_NONE, 1, "hunter-of-2",
      "hunter-of-3 hunter-of-2\" hunter-of-", "hunter-of-3 ***********\" hunter-of-" },
    { OPENAI_SECRETS_NONE, 1, "aaaaab",
      "aaaaaaaaab aaaaa", "aaaa****** aaaaa" },
    { OPENAI_SECRETS_NONE, 1, NULL,
      "(eyJhbGciOi.x-y_z) x=AIzaSyA b: hf_c s sk- e", "(eyJ*************)"
      " x=AIza*** b: hf_* s sk- e" },
};


static char *
run(const case_t *c, const char *in, size_t len, size_t a, size_t b)
{
    char              *out, *buf;
    size_t             i, n, held, done, piece, cuts[3];
    openai_str_t       word;
    openai_secrets_t   s;

    openai_secrets_init(&s, c->secrecy, c->text);

    if (c->word) {
        word.data = (char *) c->word;
        word.len = strlen(c->word);
        openai_secrets_word(&s, word);
    }

    out = calloc(1, len + 1);
    buf = malloc(len + OPENAI_SECRETS_WORD_MAX);
    cuts[0] = a;
    cuts[1] = b;
    cuts[2] = len;
    held = 0;
    done = 0;

    for (i = 0, n = 0; i < 3; n = cuts[i], i++) {
        piece = cuts[i] - n;

        if (held == 0 && openai_secrets_idle(&s, in + n, piece)) {
            memcpy(out + done, in + n, piece);
            done += piece;
            continue;
        }

        memcpy(buf + held, in + n, piece);
        piece = openai_secrets_find(&s, buf, held, held + piece, i == 2);

        memcpy(out + done, buf, piece);
        done += piece;
        held = cuts[i] - done;
        memmove(buf, buf + piece, held);
    }

    free(buf);

    return out;
}


static void
paths(void)
{
    size_t             i;
    openai_str_t       uri;

    static const struct {
        const char        *uri;
        openai_secrecy_e   secrecy;
    } known[] = {
        { "/v1/chat/completions", OPENAI_SECRETS_NONE },
        { "/v1/embeddings?responses", OPENAI_SECRETS_NONE },
        { "", OPENAI_SECRETS_NONE },
        { "/", OPENAI_SECRETS_NONE },
        { "sessions", OPENAI_SECRETS_NONE },
        { "/v1/agents/sessions", OPENAI_SECRETS_MEMBERS },
        { "/openai/v1/responses/", OPENAI_SECRETS_MEMBERS },
        { "/v1/realtime?model=x", OPENAI_SECRETS_MEMBERS },
        { "/v1/realtime/sessions", OPENAI_SECRETS_BODY },
        { "/v1/realtime/client_secrets?a=b", OPENAI_SECRETS_BODY },
        { "/v1/realtime/translations/client_secrets", OPENAI_SECRETS_BODY },
        { "/v1/chatkit/sessions", OPENAI_SECRETS_BODY },
        { "/v1/organization/admin_api_keys", OPENAI_SECRETS_BODY },
        { "/v1/organization/projects/p/service_accounts", OPENAI_SECRETS_BODY },
        { "/v1/webhook_endpoints/w/rotate", OPENAI_SECRETS_BODY },
        { "/v1/vaults/v/credentials", OPENAI_SECRETS_WHOLE },
        { "/oauth2/token", OPENAI_SECRETS_WHOLE },
        { "/messages", OPENAI_SECRETS_MEMBERS },
        { "/live", OPENAI_SECRETS_MEMBERS },
        { "/agents", OPENAI_SECRETS_MEMBERS },
        { "/conversations", OPENAI_SECRETS_MEMBERS },
        { "/evals", OPENAI_SECRETS_MEMBERS },
        { "/files", OPENAI_SECRETS_MEMBERS },
        { "/transcription_sessions", OPENAI_SECRETS_BODY },
        { "/api_keys", OPENAI_SECRETS_BODY },
        { "/auth_tokens", OPENAI_SECRETS_BODY },
        { "/oauth", OPENAI_SECRETS_WHOLE },
        { "/oauth2", OPENAI_SECRETS_WHOLE },
        { "/token", OPENAI_SECRETS_WHOLE },
    };

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        uri.data = (char *) known[i].uri;
        uri.len = strlen(known[i].uri);
        check(openai_secrets_path(uri) == known[i].secrecy, "path",
              known[i].uri, 0);
    }
}


int
main(void)
{
    char           *out, *long_in;
    size_t          i, a, b, len;
    case_t          far;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = strlen(cases[i].in);

        check(strlen(cases[i].out) == len, "length", cases[i].in, 0);

        for (a = 0; a <= len; a++) {

            for (b = a; b <= len; b++) {
                out = run(&cases[i], cases[i].in, len, a, b);

                if (strcmp(out, cases[i].out) != 0) {
                    check(0, out, cases[i].in, (int) (a * 1000 + b));
                    b = a = len;
                }

                free(out);
            }
        }

        check(1, "pieces", cases[i].in, 0);
    }

    /* a name far behind, at any place of the blocks that are searched */

    long_in = calloc(1, 4096);
    far = cases[0];

    for (i = 0; i < 300; i++) {
        memset(long_in, ' ', i);
        strcpy(long_in + i, cases[0].in);
        len = strlen(long_in);

        for (a = 0; a <= len; a++) {
            out = run(&far, long_in, len, a, len);
            check(strcmp(out + i, cases[0].out) == 0, "far", out, (int) a);
            free(out);
        }
    }

    free(long_in);

    paths();

    okf(failed == 0, "%d checks", tests);

    return done_testing();
}
