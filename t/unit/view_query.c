
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: the query language finds what docs/api.md says, names what it
 * does not understand, and loads only bytes on which the answer depends.  An
 * unknown value matches no comparison.
 */


#define _GNU_SOURCE

#include <time.h>

#include "store/record.c"
#include "store/fields.c"
#include "view/answer/json.c"
#include "view/read/head.c"
#include "view/query/match.c"
#include "view/query/regex.c"
#include "view/query/terms.c"
#include "view/query/terms_match.c"
#include "view/query/terms_number.c"
#include "view/query/terms_time.c"
#include "view/query/query.c"
#include "tap.h"


static unsigned    seed;
static ngx_pool_t  pool = { NULL, SIZE_MAX };

static ngx_uint_t  loads[NGX_OPENAI_LEVELS];
static ngx_uint_t  gone;


static ngx_str_t
str(const char *s)
{
    ngx_str_t  v;

    v.data = (u_char *) s;
    v.len = strlen(s);

    return v;
}


static ngx_int_t
load(ngx_openai_subject_t *subject, ngx_uint_t level)
{
    loads[level]++;

    switch (level) {

    case NGX_OPENAI_LEVEL_HEADS:
        subject->head[0] = str("POST /v1/chat/completions HTTP/1.1\n"
                               "Host: api\nX-Trace: One Two\n");
        subject->head[1] = str("HTTP/1.1 200\nServer: upstream");
        break;

    case NGX_OPENAI_LEVEL_BODIES:
        subject->body[0] = str("{\"content\":\"Look for the \\u4e2d\\u6587 "
                               "\\\"needle\\\"\\nHERE\"}");
        subject->body[1] = str("data: {\"delta\":\"Straw\"}\n\n"
                               "data: {\"delta\":\"berry\"}\n\n");
        break;

    default:
        subject->answer = str("Strawberry");
    }

    return (gone && level == gone) ? NGX_DECLINED : NGX_OK;
}


static void
sample(ngx_openai_record_t *rec)
{
    ngx_openai_record_init(rec);

    strcpy(rec->id, "01abc");
    strcpy(rec->method, "POST");
    strcpy(rec->uri, "/v1/chat/completions?trace=7");
    strcpy(rec->host, "api.test");
    strcpy(rec->client, "127.0.0.1");
    strcpy(rec->key, "k1");
    rec->outcome = NGX_OPENAI_UPSTREAM_ERROR;
    rec->status = 429;
    rec->duration_us = 2500000;
    rec->started_ms = 1795600830250;        /* 2026-11-25T10:00:30.250Z */
    rec->request_bytes = 60000;
    rec->response_bytes = 50000;
    rec->cost = 0.02;
    rec->flags = NGX_OPENAI_REC_RESPONSE_CUT;
    rec->nattempts = 2;
    strcpy(rec->attempts[0].peer, "10.0.0.1:443");
    strcpy(rec->attempts[1].peer, "10.0.0.2:443");
    rec->facts.streamed = 1;
    rec->facts.retry = 1;
    rec->facts.flags = OPENAI_FACT_TOOL_CALLS|OPENAI_FACT_REASONING
                       |OPENAI_FACT_USAGE;
    rec->facts.usage.input = 9000;
    rec->facts.usage.output = 2000;
    strcpy(rec->facts.model, "gpt-4o");
    strcpy(rec->facts.agent, "Claude Code");
    strcpy(rec->facts.trace_id, "7f7");
    strcpy(rec->facts.response_model, "gpt-4o-2024-08-06");
    strcpy(rec->facts.operation, "chat");
    strcpy(rec->facts.provider, "openai");
    strcpy(rec->facts.finish_reason, "stop,length");
    strcpy(rec->facts.tool_names, "get_weather,search");
    strcpy(rec->facts.session, "s-1");
}


static int
match(const char *text, int *rc)
{
    ngx_str_t             q;
    ngx_openai_query_t    query;
    ngx_openai_record_t   rec;
    ngx_openai_subject_t  subject;

    sample(&rec);

    memset(&subject, 0, sizeof(subject));
    subject.rec = &rec;
    subject.thread = str("t-1");
    subject.run = str("r-1");
    subject.role = str("agent");
    subject.load = load;

    q = str(text);
    *rc = (int) ngx_openai_query_parse(&query, &pool, &q);

    if (*rc != NGX_OK) {
        return -1;
    }

    return ngx_openai_query_match(&query, &subject) == NGX_OK;
}


static void
test_matches(void)
{
    int     rc, want, got, bad;
    size_t  i;

    /* "+" matches the sample, "-" does not */

    static const char *const  queries[] = {
        "+", "+  ", "+status:429", "+status:4xx", "-status:5xx",
        "+status:>=400", "-status:<400", "+status:upstream_error",
        "-status:ok", "+model:gpt-4o", "+model:GPT-4O*", "+model:*08-06",
        "-model:gpt-4", "+model:*4o*", "+method:post", "-method:GET",
        "+path:/v1/chat*", "-path:/v1/chat", "-path:*trace*", "+host:api.*",
        "+client:127.*", "+key:k1", "+upstream:10.0.0.1*",
        "+upstream:10.0.0.2:443", "-upstream:10.0.0.3*", "+session:s-1",
        "-user:*x", "+thread:t-1", "+run:r-1", "-run:t-1", "+role:agent",
        "-role:main", "+agent:claude*", "+trace:*7", "-trace:8*", "+id:01*", "+op:chat", "+provider:openai",
        "+finish:length", "+finish:stop", "-finish:top", "+tool:search",
        "+tool:get_*", "-tool:get", "+outcome:upstream_error",
        "+latency:>2s", "+latency:>=2500", "-latency:>2500", "+latency:<1m",
        "+latency:=2500000us", "+latency:2.5s", "-ttft:>0", "-ttft:<1s",
        "+-ttft:<1s", "+tokens:11000", "+tokens:11k", "+tokens:>10k",
        "+in_tokens:9k", "+in_tokens:>=0.009M", "-in_tokens:<0.009M",
        "-in_tokens:<0.00000000000000000000000000000000001M", "-out_tokens:>2k", "-cached:<1", "-cached:>=0",
        "+cost:>0.01", "+cost:0.02", "-cost:<.01", "+size:>100k",
        "-size:>1M", "+is:error", "+is:stream", "-is:running", "-is:ok",
        "-is:aborted", "+is:tool", "+is:truncated", "+is:retry",
        "-is:cached", "+has:tool_calls", "+has:reasoning", "-has:image",
        "-has:refusal", "+has:usage", "-has:error",
        "+COMPLETIONS", "+trace=7", "+2024-08", "+\"look for\"",
        "+\"the \xe4\xb8\xad\xe6\x96\x87\"", "+\"\\\"needle\\\"\"",
        "+\"\\\"needle\\\"\nhere\"", "+needle", "-hay", "+strawberry",
        "+in:response strawberry", "-in:request strawberry",
        "+in:request needle", "-in:response needle", "-in:request gpt-4o",
        "+header.x-trace:two", "+header.Server:up", "-header.x-trace:three",
        "-header.race:two", "+header.host:api", "+-header.nope:x",
        "+is:stream needle", "-is:running needle",
        "+(is:running OR is:stream)", "+is:running OR is:stream",
        "-is:running OR is:ok", "+-(is:running OR is:ok)",
        "+hay OR\tneedle", "+hay OR\nneedle", "+(hay\tOR\tneedle)",
        "+ORneedle OR needle", "-OR\x01needle",
        "+status:429 (hay OR needle) -is:ok", "-status:429 -(hay OR needle)",
        "+--is:stream", "+or needle", "-f(x)", "+http://nowhere OR needle",
        "+time:>2026-11-25T10:00", "-time:<2026-11-25T10:00",
        "+time:>=2026-11-25", "-time:>2026-11-25T10:00:30.250",
        "+time:<=2026-11-25T10:00:30.25", "+time:=2026-11-25T10:00:30.250Z",
        "+time:2026-11-25", "+time:2026-11-25T10", "+time:2026-11-25t10:00z",
        "+time:2026-11-25T10:00:30", "-time:2026-11-25T10:01",
        "-time:2026-11-24", "+time:\"2026-11-25 10:00\"",
        "+time:2026-11-25T18:00+08:00", "+time:2026-11-25T18+0800",
        "+time:2026-11-25T04:00-06", "-time:2026-11-25T18:00",
        "+time:1795600830", "+time:1795600830.25", "+time:1795600830250",
        "-time:1795600830251", "+time:>1795600830",
        "+time:2026-11-25T10:00..2026-11-25T10:01",
        "+time:1795600830250..1795600830251",
        "+time:1795600830.25..1795600831",
        "-time:1795600830249..1795600830250",
        "-time:2026-11-25T10:01..2026-11-25T10:00",
        "+time:2026-11-25T10:00Z..2026-11-25T18:01+08:00",
        "+time:2024-02-29..2026-12-31", "-time:1970-01-01",
        "+-time:2026-11-24", "+(time:2026-11-24 OR time:>2026-11-25T10)",
        "+age:<5m", "-age:<30s", "+age:>30s", "+age:<1h", "-age:>1h",
        "+age:<1d", "+age:<=89750ms", "-age:<89750ms",
        "-12:30", "+model:\"gpt-4o\"", "+- OR needle"
    };

    for (i = 0, bad = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        want = queries[i][0] == '+';
        got = match(queries[i] + 1, &rc);

        if (got != want) {
            printf("# %s: %d\n", queries[i], got);
            bad++;
        }

        ngx_reset_pool(&pool);
    }

    ok(bad == 0, "what matches, and what does not");
}


static void
test_errors(void)
{
    int                  bad;
    size_t               i;
    ngx_str_t            q;
    ngx_int_t            rc;
    const char          *suggestion;
    ngx_openai_query_t   query;

    static const char *const  wrong[][3] = {
        { "modle:x", "unknown key", "model" },
        { "latncy:>1", "unknown key", "latency" },
        { "zzzzzz:1", "unknown key", NULL },
        { "status:abc", "invalid status", NULL },
        { "status:>", "invalid status", NULL },
        { "latency:fast", "invalid time", NULL },
        { "latency:>2k", "invalid time", NULL },
        { "tokens:>10s", "invalid number", NULL },
        { "tokens:-5", "invalid number", NULL },
        { "is:runing", "unknown value", "running" },
        { "has:toolcalls", "unknown value", "tool_calls" },
        { "in:respose", "unknown value", "response" },
        { "time:yesterday", "invalid moment", NULL },
        { "time:2026-02-29", "invalid moment", NULL },
        { "time:2026-13-01", "invalid moment", NULL },
        { "time:2026-1-1", "invalid moment", NULL },
        { "time:2026-11-25T24", "invalid moment", NULL },
        { "time:2026-11-25T10:60", "invalid moment", NULL },
        { "time:2026-11-25T10:00+8", "invalid moment", NULL },
        { "time:2026-11-25..", "invalid moment", NULL },
        { "time:>2026-11-24..2026-11-25",
          "invalid moment", NULL },
        { "time:1234567890123456", "invalid moment", NULL },
        { "time:<5m", "invalid moment", "age" },
        { "age:<yesterday", "invalid time", NULL },
        { "tme:1", "unknown key", "time" },
        { "model:", "missing value of", NULL },
        { "header.:x", "missing name of a header in", NULL },
        { "(a", "unmatched", NULL },
        { "a)", "unmatched", NULL },
        { "()", "missing term", NULL },
        { "a OR", "missing term", NULL },
        { "OR a", "missing term", NULL },
        { "\"open", "unterminated string", NULL },
        { "~/open", "unterminated regular expression", NULL },
        { "\"\"", "empty string", NULL }
    };

    for (i = 0, bad = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        q = str(wrong[i][0]);
        rc = ngx_openai_query_parse(&query, &pool, &q);

        suggestion = query.suggestion ? query.suggestion : "";

        if (rc != NGX_DECLINED || query.error == NULL
            || strcmp(query.error, wrong[i][1]) != 0
            || strcmp(suggestion, wrong[i][2] ? wrong[i][2] : "") != 0)
        {
            printf("# %s: %d %s %s\n", wrong[i][0], (int) rc,
                   query.error ? query.error : "", suggestion);
            bad++;
        }

        ngx_reset_pool(&pool);
    }

    ok(bad == 0, "what is wrong is named, with the nearest word");
}


static void
test_bounds(void)
{
    int         rc, i;
    char        text[NGX_OPENAI_QUERY_MAX + 2];

    memset(text, '(', 200);
    text[200] = '\0';
    ok(match(text, &rc) == -1 && rc == NGX_DECLINED, "brackets are bounded");

    memset(text, '-', 200);
    ok(match(text, &rc) == 1 && rc == NGX_OK, "minus signs are a word");

    for (i = 0; i < 100; i++) {
        memcpy(text + 2 * i, "a ", 3);
    }

    ok(match(text, &rc) == -1 && rc == NGX_DECLINED, "so are terms");

    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    ok(match(text, &rc) == -1 && rc == NGX_DECLINED, "and the whole text");

    ngx_reset_pool(&pool);
}


static void
test_levels(void)
{
    int  rc;

    memset(loads, 0, sizeof(loads));
    (void) match("is:running needle", &rc);
    (void) match("is:stream OR needle", &rc);
    (void) match("gpt-4o", &rc);
    ok(loads[1] == 0 && loads[2] == 0, "no bytes when the record decides");

    (void) match("header.x-trace:one OR needle", &rc);
    ok(loads[1] == 1 && loads[2] == 0, "no bodies when a head decides");

    (void) match("needle", &rc);
    ok(loads[2] == 1 && loads[3] == 0, "no answer when a body decides");

    gone = NGX_OPENAI_LEVEL_BODIES;
    ok(match("-hay", &rc) == 0, "a record that is gone does not match");
    gone = 0;

    ngx_reset_pool(&pool);
}


/* any text parses or is refused; a query and its opposite never agree */

static void
test_random(void)
{
    int         i, n, a, b, rc, bad, both;
    char        text[512], not[520];

    static const char *const  parts[] = {
        "status:", "5xx", "4xx", "model:", "gpt*", "*", "is:", "error",
        "stream", "has:", "usage", " ", " ", " OR ", "(", ")", "-", "\"",
        "needle", "hay", "straw", "latency:", ">1s", "<", "header.x-trace:",
        "one", ":", "~/", "/", "\\", "\xff", "time:", "2026", "-11", "-25",
        "T10", ":00", "..", "+08", ".250", "age:<5m", "\xe4\xb8\xad",
        "in:request"
    };

    for (i = 0, bad = 0, both = 0; i < 50000; i++) {
        text[0] = '\0';

        for (n = rand_r(&seed) % 9; n >= 0; n--) {
            strcat(text, parts[(size_t) rand_r(&seed)
                               % (sizeof(parts) / sizeof(parts[0]))]);
        }

        a = match(text, &rc);

        if (a >= 0 && text[strspn(text, " ")] != '\0') {
            sprintf(not, "-(%s )", text);
            b = match(not, &rc);

            /* a word with a bracket in it may not stand within brackets */

            both += b >= 0;

            if (b >= 0 && b != !a) {
                printf("# %s: %d, and its opposite %d\n", text, a, b);
                bad++;
            }
        }

        ngx_reset_pool(&pool);
    }

    ok(bad == 0 && both > 1000, "a query and its opposite");
}


/* "is:error" finds what the statistics count as errors, see errors() in
   stats.c; a client that left got no error, whatever the status */

static void
test_is_error(void)
{
    int                   bad, found;
    ngx_str_t             q;
    ngx_uint_t            outcome, error, status;
    ngx_openai_query_t    query;
    ngx_openai_record_t   rec;
    ngx_openai_subject_t  subject;

    bad = 0;

    q = str("is:error");
    (void) ngx_openai_query_parse(&query, &pool, &q);

    memset(&subject, 0, sizeof(subject));
    subject.rec = &rec;

    for (outcome = 0; outcome < NGX_OPENAI_OUTCOMES; outcome++) {
        for (error = 0; error < 2; error++) {
            for (status = 0; status < 600; status += 100) {

                sample(&rec);
                rec.outcome = (uint8_t) outcome;
                rec.status = (uint16_t) status;
                rec.facts.flags = error ? OPENAI_FACT_ERROR : 0;

                found = ngx_openai_query_match(&query, &subject) == NGX_OK;

                bad += found != (int) ngx_openai_record_failed(&rec);
            }
        }
    }

    ok(bad == 0, "is:error is what is counted as an error");

    ngx_reset_pool(&pool);
}


/* a word is found at any place of any text; the search compares blocks, and
   the borders of blocks must make no difference */

static void
test_words(void)
{
    int                   rounds, wrong, found;
    char                 *where;
    u_char               *text, letters[96], word[48];
    size_t                i, len, n;
    ngx_str_t             s, w;
    ngx_openai_needle_t   needle;

    static const char  alphabet[] = "aAbB{[@`\xe4\xc4";

    wrong = 0;
    found = 0;

    for (rounds = 0; rounds < 100000; rounds++) {
        len = (size_t) rand_r(&seed) % sizeof(letters);
        n = 1 + (size_t) rand_r(&seed) % (rounds % 2 ? 3 : sizeof(word) - 1);

        /* in memory of its own, so that a sanitizer sees reads behind it */

        text = malloc(len + 1);

        for (i = 0; i < len; i++) {
            text[i] = (u_char) alphabet[(size_t) rand_r(&seed)
                                        % (rounds % 3 ? 2 : 10)];
        }

        for (i = 0; i < n; i++) {
            word[i] = (u_char) alphabet[(size_t) rand_r(&seed)
                                        % (rounds % 3 ? 2 : 10)];
        }

        if (rounds % 5 == 0 && n <= len) {
            memcpy(word, text + (size_t) rand_r(&seed) % (len - n + 1), n);
        }

        text[len] = '\0';

        w.data = word;
        w.len = n;
        s.data = text;
        s.len = len;

        ngx_openai_needle(&needle, &pool, &w);

        for (i = 0; i < len; i++) {
            letters[i] = (u_char) ngx_tolower(text[i]);
        }

        where = memmem(letters, len, needle.word.data, n);

        wrong += ngx_openai_find(&needle, &s) != (where != NULL);
        found += where != NULL;

        free(text);
        ngx_reset_pool(&pool);
    }

    ok(wrong == 0 && found > rounds / 10 && found < rounds,
       "random words are found where they are");
}


/* writes a text as JSON, with any way to escape a character that there is */

static size_t
escape(u_char *d, const u_char *s, size_t len)
{
    size_t   i;
    u_char  *start;

    static const char  hex[] = "0123456789abcdef", HEX[] = "0123456789ABCDEF";

    start = d;

    for (i = 0; i < len; i++) {

        if (strchr("\"\\/", s[i]) && rand_r(&seed) % 2) {
            *d++ = '\\';
            *d++ = s[i];

        } else if (s[i] == '\n' && rand_r(&seed) % 2) {
            *d++ = '\\';
            *d++ = 'n';

        } else if (s[i] == '"' || s[i] == '\\' || s[i] < ' '
                   || (s[i] < 0x80 && rand_r(&seed) % 4 == 0))
        {
            d += sprintf((char *) d, "\\u00%c%c", hex[s[i] >> 4],
                         (rand_r(&seed) % 2 ? hex : HEX)[s[i] & 0xf]);

        } else {
            *d++ = s[i];
        }
    }

    return d - start;
}


/* a word is found in JSON, whatever of it is escaped and how, also in JSON that
   is a string of JSON, as arguments of a call are */

static void
test_escapes(void)
{
    int                   rounds, missed, wrong, found;
    u_char                text[24], json[256], twice[2048];
    size_t                i, len, n;
    ngx_str_t             s, w;
    ngx_openai_needle_t   needle;

    static const char  alphabet[] = "ab<>&/\"\\\n";

    missed = 0;
    wrong = 0;
    found = 0;

    for (rounds = 0; rounds < 50000; rounds++) {
        len = 4 + (size_t) rand_r(&seed) % (sizeof(text) - 4);

        for (i = 0; i < len; i++) {
            text[i] = (u_char) alphabet[(size_t) rand_r(&seed)
                                        % (sizeof(alphabet) - 1)];
        }

        n = 1 + (size_t) rand_r(&seed) % 4;
        w.data = text + (size_t) rand_r(&seed) % (len - n + 1);
        w.len = n;

        ngx_openai_needle(&needle, &pool, &w);

        s.data = json;
        s.len = escape(json, text, len);

        missed += !ngx_openai_find(&needle, &s);

        s.data = twice;
        s.len = escape(twice, json, s.len);

        missed += !ngx_openai_find(&needle, &s);

        /* the text has no "z" */

        text[len - 1] = 'z';
        w.data = text + len - n;
        w.len = n;

        ngx_openai_needle(&needle, &pool, &w);

        s.data = json;
        s.len = escape(json, text, len - 1);

        wrong += ngx_openai_find(&needle, &s);
        found++;

        ngx_reset_pool(&pool);
    }

    ok(missed == 0 && wrong == 0 && found, "words in JSON, however escaped");

    if (missed || wrong) {
        printf("# missed %d, wrong %d\n", missed, wrong);
    }

    for (i = 0; i < 4; i++) {

        static const char *const  cases[4][2] = {
            { "\xe4\xb8\xad\xe6\x96\x87", "a \\u4e2d\\u6587 b" },
            { "\xf0\x9f\x98\x80!", "\\ud83d\\uDE00\\u0021" },
            { "\xc3\xa9t\xc3\xa9", "\\\\u00e9t\\\\u00E9" },
            { "c:\\new", "c:\\\\new" }
        };

        w = str(cases[i][0]);
        s = str(cases[i][1]);

        ngx_openai_needle(&needle, &pool, &w);
        okf(ngx_openai_find(&needle, &s), "\"%s\" is found", cases[i][1]);
    }

    w = str("a");
    ngx_openai_needle(&needle, &pool, &w);

    s = str("\\u00");
    ok(!ngx_openai_find(&needle, &s), "an escape that is cut");

    s = str("\\");
    ok(!ngx_openai_find(&needle, &s), "a backslash at the end");
}


static void
test_memory(void)
{
    int        rc;
    size_t     left;
    ngx_int_t  none;

    for (left = 0, none = 0; left < 20000; left += 64) {
        pool.left = left;
        (void) match("(model:x OR \"a \\\" b\") -needle header.a:b", &rc);
        none += rc == NGX_ERROR;
        ngx_reset_pool(&pool);
    }

    pool.left = SIZE_MAX;

    ok(none > 10 && rc == NGX_OK, "without memory it says so");
}


int
main(void)
{
    seed = getenv("TEST_SEED") ? (unsigned) atoi(getenv("TEST_SEED"))
                               : (unsigned) time(NULL);
    printf("# seed: TEST_SEED=%u\n", seed);

    ngx_test_time.sec = 1795600920;

    test_matches();
    test_errors();
    test_bounds();
    test_levels();
    test_random();
    test_is_error();
    test_words();
    test_escapes();
    test_memory();

    return done_testing();
}
