
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Holds the promises of the finder of secrets: however a body is split, what
 * comes out is the same, has the same length, holds no secret and keeps all
 * that is none; and what may be passed over holds none.
 *
 * Seen to fail with a search for names that did not look at the end of a
 * piece, with words that were compared within one piece only, and with a quote
 * behind a value that took the end of the last piece for the byte before it.
 * The cases of names, shapes, forms and escapes were seen to fail before any
 * body was looked through for them.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest/wire/secrets.h"
#include "tap.h"


/* secrets are put together, so that none is found in this file */

#define SK     "s" "k-"
#define KEY    SK "proj-Ab3dEf6hIj9lMn2pQr"
#define MASK   SK "********************"


typedef struct {
    openai_secrecy_e   secrecy;
    int                text;         /* an error; 2: a form; 3: of parts */
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


/* "*" in .out stands for a byte that is gone; without .out none is */

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
      "(ey" "JhbGciOi.x-y_z) x=AIzaSyA b: hf_c s sk- e", "(eyJ*************)"
      " x=AIza*** b: hf_* s sk- e" },

    /* members that are secret by their name, in any body */

    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"api_key\":\"abc\",\"apiKey\" : \"d\",\"x\":1,\"API-Key\":\"e\"}",
      "{\"api_key\":\"***\",\"apiKey\" : \"*\",\"x\":1,\"API-Key\":\"*\"}" },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"password\":\"hunter2\",\"db_password\":\"p\\\"q\",\"Authorization\":\"Bearer abc\"}",
      "{\"password\":\"*******\",\"db_password\":\"****\",\"Authorization\":\"**********\"}" },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"aws_secret_access_key\":\"a/b\",\"connection_string\":\"Server=x;User ID=y\"}",
      "{\"aws_secret_access_key\":\"***\",\"connection_string\":\"******************\"}" },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"client_secret\":{\"value\":\"q\",\"expires_at\":1},\"api_key\":[\"k\"]}",
      "{\"client_secret\":{\"value\":\"*\",\"expires_at\":1},\"api_key\":[\"*\"]}" },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"data_sources\":[{\"type\":\"azure_search\",\"parameters\":{\"endpoint\":"
      "\"https://s\",\"authentication\":{\"type\":\"api_key\",\"key\":\"kk\"}}}]}",
      "{\"data_sources\":[{\"type\":\"azure_search\",\"parameters\":{\"endpoint\":"
      "\"https://s\",\"authentication\":{\"type\":\"api_key\",\"key\":\"**\"}}}]}" },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"dataSources\":[{\"parameters\":{\"key\":\"kk\",\"roleInformation\":\"a b\"}}]}",
      "{\"dataSources\":[{\"parameters\":{\"key\":\"**\",\"roleInformation\":\"a b\"}}]}" },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"domain_secrets\":[{\"domain\":\"a.test\",\"name\":\"N\",\"value\":\"vvv\"}]}",
      "{\"domain_secrets\":[{\"domain\":\"a.test\",\"name\":\"N\",\"value\":\"***\"}]}" },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"mcp\":{\"headers\":{\"X-Foo\":\"hush-hush\",\"b\":[\"Bearer x\"]}},\"k\":\"hush-hush\"}",
      "{\"mcp\":{\"headers\":{\"X-Foo\":\"*********\",\"b\":[\"********\"]}},\"k\":\"hush-hush\"}" },
    { OPENAI_SECRETS_MEMBERS, 0, NULL,
      "{\"headers\":{\"default\":\"hush-hush\",\"description\":\"Basic abc\",\"x\":\"y\"}}",
      "{\"headers\":{\"default\":\"*********\",\"description\":\"*********\",\"x\":\"*\"}}" },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"headers\":[{\"name\":\"A\",\"value\":\"hush-hush\"},[\"B\",\"hush-hush\"]]}",
      "{\"headers\":[{\"name\":\"A\",\"value\":\"*********\"},[\"B\",\"*********\"]]}" },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"env\":{\"GITHUB_TOKEN\":\"t\",\"HOME\":\"/h\"},\"auth\":{\"token\":\"u\"}}",
      "{\"env\":{\"GITHUB_TOKEN\":\"*\",\"HOME\":\"/h\"},\"auth\":{\"token\":\"*\"}}" },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"key\":\"Ab3dEf6hIj9lMn2pQr\",\"token\":\"bearer abcdef\"}",
      "{\"key\":\"******************\",\"token\":\"*************\"}" },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"server_url\":\"https://u:p@h/x?a=b&api_key=kk&c=d\",\"url\":\"data:,?key=k\"}",
      "{\"server_url\":\"https://***@h/x?a=b&api_key=**&c=d\",\"url\":\"data:,?key=k\"}" },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"api_base\":\"https:\\/\\/h?u=http%3A%2F%2Fi%2F%3Ftoken%3Dttt%26b\\u0026key=kk\"}",
      "{\"api_base\":\"https:\\/\\/h?u=http%3A%2F%2Fi%2F%3Ftoken%3D***%26b\\u0026key=**\"}" },

    /* what only looks like one of these */

    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"max_tokens\":5,\"logprobs\":[{\"token\":\"Hello\",\"bytes\":[1]}],\"key\":\"value\"}",
      NULL },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"parameters\":{\"properties\":{\"password\":{\"type\":\"string\",\"description\":"
      "\"the password\",\"default\":\"abc\"},\"api_key\":{\"type\":\"string\"}}}}", NULL },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"password\":\"string\",\"secret\":\"must be eight letters\",\"token\":null,\"api_key\":\"\"}",
      NULL },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"arguments\":\"{\\\"key\\\":\\\"value\\\",\\\"password\\\":\\\"x\\\"}\"}", NULL },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"headers\":{\"type\":\"object\",\"description\":\"of the request\",\"properties\":"
      "{\"X-Trace\":{\"type\":\"string\",\"enum\":[\"application/json\"]}}}}", NULL },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"prompt_cache_key\":\"Ab3dEf6hIj9lMn2pQr\",\"next_page_token\":\"Ab3dEf6hIj9lMn2pQr\"}",
      NULL },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "use " SK "learn-2024-notes-and-more, hf_hub_download_2024_x, a task-force-Ab3dEf6hIj9l",
      NULL },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "data: {\"choices\":[{\"delta\":{\"content\":\"Bearer of news: key = value\"}}]}\n\n", NULL },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"embedding\":[-0.1,1e-05],\"object\":\"list\",\"signature\":\"ErUBCkYI+/eyJx\"}", NULL },

    /* keys by their shape, anywhere */

    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"content\":\"here:\\n" KEY "\\nand " KEY ".\"}",
      "{\"content\":\"here:\\n" SK "***********************\\nand " SK
      "***********************.\"}" },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "AI" "zaSyA1b2C3d4E5f6G7h8I9j0 AK" "IA0123456789ABCDEF gh" "p_0a1B2c3D4e5F6g7H8i h" "vs.A1b2C3d4E5f6G7h8",
      "AI" "za********************** AK" "IA**************** gh" "p_****************** h" "vs.****************" },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "a=ey" "JhbGciOiJSUzI1.ey" "JzdWIiOiJ4.c-_ b=ey" "JhbGciOiJSUzI1",
      "a=ey" "J****************************** b=ey" "JhbGciOiJSUzI1" },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"k\":\"-----BEGIN RSA " "PRIVATE KEY-----\\nMII/+a=\\n-----END RSA\"}",
      "{\"k\":\"-----BEGIN RSA " "PRIVATE KEY-----***********-----END RSA\"}" },
    { OPENAI_SECRETS_NONE, 0, NULL,
      "{\"name\":\"auth_tokens/0a1B2c3D4e5F6g7H8\"}",
      "{\"name\":\"auth_tokens/*****************\"}" },

    /* words of the caller: in errors all, else the long ones; with escapes */

    { OPENAI_SECRETS_NONE, 0, "hush/ThisIsNotToBe&Seen",
      "a hush/ThisIsNotToBe&Seen b hush\\/ThisIsNotToBe\\u0026Seen c",
      "a *********************** b ***************************** c" },
    { OPENAI_SECRETS_NONE, 0, "hush/ThisIsNotToBe&Seen",
      "a hush%2fThisIsNotToBe%26Seen b hush\\\\\\/ThisIsNotToBe&amp;Seen c",
      "a *************************** b ****************************** c" },
    { OPENAI_SECRETS_NONE, 0, "hunter-2",
      "hunter-2", NULL },
    { OPENAI_SECRETS_NONE, 1, NULL,
      "Received API Key = " SK "...wxyz, Key Hash (Token) = "
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef. No",
      "Received API Key = " SK "*******, Key Hash (Token) = "
      "***************************************************************** No" },
    { OPENAI_SECRETS_NONE, 1, NULL,
      "{'api_key': 'Ab3dEf6hIj9l', bad token: 0a1b2c3d4e5f. Request req_0a1b2c3d4e5f6a",
      "{'api_key': '************', bad token: ************* Request req_0a1b2c3d4e5f6a" },

    /* forms */

    { OPENAI_SECRETS_NONE, 2, NULL,
      "grant_type=x&client_secret=a%20b&key=c&d=e", "grant_type=x&client_secret=*****&key=*&d=e" },
    { OPENAI_SECRETS_NONE, 3, NULL,
      "--b\r\nContent-Disposition: form-data; name=\"api_key\"\r\n\r\nabc\r\n--b\r\n"
      "Content-Disposition: form-data; name=\"model\"\r\n\r\nabc\r\n--b--\r\n",
      "--b\r\nContent-Disposition: form-data; name=\"api_key\"\r\n\r\n***\r\n--b\r\n"
      "Content-Disposition: form-data; name=\"model\"\r\n\r\nabc\r\n--b--\r\n" },
};


static char *
run(const case_t *c, const char *in, size_t len, size_t a, size_t b)
{
    char                   *out, *buf;
    size_t                  i, n, held, done, piece, cuts[3];
    openai_str_t            word;
    openai_secrets_t        s;
    openai_secrets_words_t  words;

    openai_secrets_init(&s, c->secrecy, c->text == 1);

    s.form = (c->text == 2) ? OPENAI_SECRETS_FORM
             : (c->text == 3) ? OPENAI_SECRETS_PARTS : OPENAI_SECRETS_JSON;

    if (c->word) {
        words.n = 0;
        word.data = c->word;
        word.len = strlen(c->word);
        openai_secrets_word(&words, word);
        s.words = &words;
    }

    out = calloc(1, len + 1);
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

        /* of its own, so that a byte too much is seen */

        buf = malloc(held + piece);
        memcpy(buf, in + done, held);
        memcpy(buf + held, in + n, piece);

        piece = openai_secrets_find(&s, buf, held + piece, i == 2);

        memcpy(out + done, buf, piece);
        done += piece;
        held = cuts[i] - done;

        free(buf);
    }

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
    const char     *want;
    case_t          far;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = strlen(cases[i].in);
        want = cases[i].out ? cases[i].out : cases[i].in;

        check(strlen(want) == len, "length", cases[i].in, 0);

        for (a = 0; a <= len; a++) {

            for (b = a; b <= len; b++) {
                out = run(&cases[i], cases[i].in, len, a, b);

                if (strcmp(out, want) != 0) {
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
