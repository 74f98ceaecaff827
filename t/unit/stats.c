
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: statistics are exact.  What is folded in is found again, in the
 * totals, in the rings, in the tables and in the series, whatever number of
 * names there are and however the clock moves; a quantile is never farther
 * from the truth than its bucket is wide.
 */


#include <time.h>

#include "store/ngx_openai_record.c"
#include "store/ngx_openai_stats.c"


#define NOW  1800000000000ULL


static int         tests;
static int         failures;
static unsigned    seed;

static ngx_openai_stats_t   stats;
static ngx_openai_record_t  rec;


static void
ok(int passed, const char *name)
{
    printf("%sok %d - %s\n", passed ? "" : "not ", ++tests, name);
    failures += !passed;
}


static uint64_t
random_us(void)
{
    return (uint64_t) 1 << (rand_r(&seed) % 42)
           | (uint64_t) rand_r(&seed) >> (rand_r(&seed) % 31);
}


static int
by_value(const void *one, const void *two)
{
    uint64_t  a, b;

    a = *(const uint64_t *) one;
    b = *(const uint64_t *) two;

    return (a > b) - (a < b);
}


static void
test_buckets(void)
{
    uint64_t    us;
    ngx_uint_t  i, b, n, bad;

    for (i = 1, bad = 0; i < NGX_OPENAI_HIST_BUCKETS; i++) {
        bad += ngx_openai_hist_bound(i) <= ngx_openai_hist_bound(i - 1);
        bad += ngx_openai_hist_bucket(ngx_openai_hist_bound(i - 1)) != i - 1;
        bad += ngx_openai_hist_bucket(ngx_openai_hist_bound(i - 1) + 1) != i;
    }

    ok(bad == 0, "bounds grow, and belong to the bucket below");

    for (i = 1, bad = 0; i < NGX_OPENAI_SLICE_BUCKETS; i++) {
        bad += ngx_openai_slice_bucket(ngx_openai_slice_bound(i - 1)) != i - 1;
        bad += ngx_openai_slice_bucket(ngx_openai_slice_bound(i - 1) + 1) != i;
    }

    ok(bad == 0, "so do those of slices");

    for (i = 0, bad = 0; i < 200000; i++) {
        us = random_us();
        b = ngx_openai_hist_bucket(us);
        bad += us > ngx_openai_hist_bound(b);
        bad += b > 0 && us <= ngx_openai_hist_bound(b - 1);
    }

    ok(bad == 0, "a time is between the bounds of its bucket");

    for (i = 0, bad = 0; i < NGX_OPENAI_SERIES_HISTS; i++) {
        (void) ngx_openai_series_bounds(i, &n);
        bad += n >= NGX_OPENAI_SERIES_MAX;
    }

    ok(bad == 0, "a series has room for all bounds and one more");
}


static void
test_quantiles(void)
{
    double              got;
    size_t              i, j;
    uint64_t            times[1000], true_us, low, high;
    ngx_uint_t          b, bad;
    ngx_openai_hist_t   hist;

    static const double  q[] = { 0.5, 0.9, 0.95, 0.99, 1 };

    memset(&hist, 0, sizeof(hist));
    ok(ngx_openai_hist_quantile(&hist, 0.5) == -1, "none is of nothing");

    for (i = 0; i < 1000; i++) {
        times[i] = random_us() % 1000000000;
        ngx_openai_hist_add(&hist, times[i]);
    }

    qsort(times, 1000, sizeof(uint64_t), by_value);

    for (i = 0, bad = 0; i < sizeof(q) / sizeof(q[0]); i++) {
        j = (size_t) (q[i] * 1000 + 0.5) - 1;
        true_us = times[j];

        b = ngx_openai_hist_bucket(true_us);
        low = b ? ngx_openai_hist_bound(b - 1) : 0;
        high = ngx_openai_hist_bound(b);

        got = ngx_openai_hist_quantile(&hist, q[i]);
        bad += got < (double) low || got > (double) high;
    }

    ok(bad == 0, "quantiles lie in the bucket of the true one");
}


static void
test_fold(void)
{
    uint64_t             tokens;
    ngx_openai_slice_t  *s;

    ngx_openai_stats_init(&stats, NOW);
    ngx_openai_record_init(&rec);

    rec.outcome = NGX_OPENAI_OK;
    rec.status = 200;
    rec.duration_us = 2000000;
    rec.request_bytes = 10;
    rec.response_bytes = 20;
    rec.cost = 0.000123456;
    strcpy(rec.uri, "/v1/chat/completions?x=1");
    strcpy(rec.key, "abc");
    strcpy(rec.facts.operation, "chat");
    strcpy(rec.facts.model, "m");
    rec.facts.streamed = 1;
    rec.facts.flags = OPENAI_FACT_USAGE;
    rec.facts.usage.input = 100;
    rec.facts.usage.output = 50;
    rec.facts.first_token_us = 500000;
    rec.facts.last_token_us = 1500000;

    ngx_openai_stats_fold(&stats, &rec, NOW, NULL);

    ok(stats.totals.requests == 1 && stats.totals.by_class[2] == 1
       && stats.totals.by_outcome[NGX_OPENAI_OK] == 1
       && stats.totals.streams == 1 && stats.totals.request_bytes == 10
       && stats.totals.response_bytes == 20, "totals of one record");
    ok(stats.totals.cost_nano == 123456 && stats.totals.unpriced == 0,
       "cost to the nano-dollar");
    ok(stats.totals.cached_tokens == 0 && stats.totals.input_tokens == 100,
       "what is unknown adds nothing");
    ok(stats.totals.timed_tokens == 50 && stats.totals.token_us == 1000000,
       "tokens over the time from first to last");
    ok(strcmp(stats.names[NGX_OPENAI_BY_ENDPOINT][0].name,
              "/v1/chat/completions") == 0, "an endpoint has no arguments");
    ok(stats.names[NGX_OPENAI_BY_PEER][0].requests == 0,
       "without an attempt there is no peer");

    s = &stats.rings[NGX_OPENAI_RING_5M][NOW / 5000 % 60];
    ok(s->at == NOW / 1000 && s->requests == 1 && s->timed == 1
       && s->ttfts == 1 && s->ttft_us == 500000, "its slice of 5 s");

    rec.outcome = NGX_OPENAI_UPGRADED;
    rec.duration_us = 3600000000;
    ngx_openai_stats_fold(&stats, &rec, NOW, NULL);
    ok(stats.totals.duration.count == 1 && s->timed == 1,
       "an upgraded connection has no part in durations");

    rec.outcome = NGX_OPENAI_TIMEOUT;
    rec.cost = OPENAI_UNKNOWN;
    ngx_openai_stats_fold(&stats, &rec, NOW - 3600000, NULL);
    ok(stats.totals.requests == 3 && s->requests == 3 && s->at == NOW / 1000,
       "a clock that is set back wipes nothing");
    ok(stats.totals.unpriced == 1 && stats.names[0][0].errors == 1
       && stats.names[0][0].unpriced == 1,
       "usage without a price, and an error");

    tokens = stats.totals.input_tokens;
    ngx_openai_copy(rec.facts.operation, sizeof(rec.facts.operation),
                    "fetch_response", 14);
    ngx_openai_stats_fold(&stats, &rec, NOW, NULL);
    ok(stats.totals.requests == 4 && stats.totals.input_tokens == tokens
       && stats.totals.unpriced == 1,
       "an answer that is polled for used its tokens once");
}


static void
test_endpoints(void)
{
    char     name[96];
    size_t   i;
    int      bad;

    static const char *const  uris[][2] = {
        { "/v1/models", "/v1/models" },
        { "/v1/files/file-AbCdEfGhIjKl1234", "/v1/files/*" },
        { "/v1/files/file-AbCdEfGhIjKl1234/content?a", "/v1/files/*/content" },
        { "/v1/fine_tuning/jobs", "/v1/fine_tuning/jobs" },
        { "/v1/responses/resp_0123456789abcdef#x", "/v1/responses/*" },
        { "/", "/" },
        { "", "" }
    };

    for (i = 0, bad = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        ngx_openai_endpoint(name, sizeof(name), uris[i][0]);
        bad += strcmp(name, uris[i][1]) != 0;
    }

    ok(bad == 0, "ids in a path are one endpoint");

    memset(rec.uri, '/', sizeof(rec.uri) - 1);
    ngx_openai_endpoint(name, sizeof(name), rec.uri);
    ok(strlen(name) == sizeof(name) - 1, "a long path is cut");
}


/* nothing is lost when names do not fit */

static void
test_names(void)
{
    uint64_t    requests, series, tokens, buckets;
    ngx_uint_t  i, b;

    ngx_openai_stats_init(&stats, NOW);
    ngx_openai_record_init(&rec);

    rec.outcome = NGX_OPENAI_OK;
    rec.status = 200;
    rec.duration_us = 1000;
    rec.facts.usage.input = 7;
    strcpy(rec.facts.operation, "chat");

    for (i = 0; i < 20000; i++) {

        /* some heavy ones among many that come once or twice */

        sprintf(rec.facts.model, "model-%d",
                rand_r(&seed) % 4 ? rand_r(&seed) % 8 : rand_r(&seed) % 5000);
        ngx_openai_stats_fold(&stats, &rec, NOW + i * 1000, NULL);
    }

    requests = 0;
    tokens = 0;

    for (i = 0; i < NGX_OPENAI_NAMES; i++) {
        requests += stats.names[NGX_OPENAI_BY_MODEL][i].requests;
        tokens += stats.names[NGX_OPENAI_BY_MODEL][i].input_tokens;
    }

    ok(requests == 20000 && tokens == 140000,
       "no request falls out of a table");
    ok(strcmp(stats.names[NGX_OPENAI_BY_MODEL][NGX_OPENAI_NAMES - 1].name,
              "other") == 0, "the last row is \"other\"");

    series = 0;
    buckets = 0;

    for (i = 0; i < NGX_OPENAI_SERIES; i++) {
        series += stats.series[i].requests;

        for (b = 0; b < NGX_OPENAI_SERIES_MAX; b++) {
            buckets += stats.series[i].hists[NGX_OPENAI_SERIES_INPUT]
                           .buckets[b];
        }
    }

    ok(series == 20000 && buckets == 20000, "none out of the series");

    for (i = 0, b = 0; i < NGX_OPENAI_NAMES - 1; i++) {
        b += strlen(stats.names[NGX_OPENAI_BY_MODEL][i].name) == 7
             && stats.names[NGX_OPENAI_BY_MODEL][i].requests > 1000;
    }

    ok(b == 8, "the heavy ones keep a row of their own");
}


static void
test_speed(void)
{
    double           us;
    ngx_uint_t       i;
    struct timespec  from, to;

    clock_gettime(CLOCK_MONOTONIC, &from);

    for (i = 0; i < 100000; i++) {
        rec.facts.model[6] = (char) ('0' + i % 64);
        ngx_openai_stats_fold(&stats, &rec, NOW, NULL);
    }

    clock_gettime(CLOCK_MONOTONIC, &to);

    us = (double) (to.tv_sec - from.tv_sec) * 1e6
         + (double) (to.tv_nsec - from.tv_nsec) / 1e3;

    printf("# %.3f us for a record\n", us / 100000);
}


int
main(void)
{
    seed = getenv("TEST_SEED") ? (unsigned) atoi(getenv("TEST_SEED"))
                               : (unsigned) time(NULL);
    printf("# seed: TEST_SEED=%u\n", seed);

    test_buckets();
    test_quantiles();
    test_fold();
    test_endpoints();
    test_names();
    test_speed();

    printf("1..%d\n", tests);

    return failures != 0;
}
