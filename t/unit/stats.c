
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: statistics are exact.  What is folded in is found again, in the
 * totals, in the rings, in the tables and in the series, whatever number of
 * names there are and however the clock moves; a quantile is never farther
 * from the truth than its bucket is wide.  Whatever a record changes can be
 * taken back.  A record's facts begin as those of the digest do.
 */


#include <time.h>

#include "digest/digest.h"
#include "store/hist.c"
#include "store/record.c"
#include "store/stats.c"
#include "store/stats_rows.c"
#include "tap.h"


#define NOW  1800000000000ULL


static unsigned    seed;

static ngx_openai_stats_t   stats;
static ngx_openai_record_t  rec;


/* what a reader of it sees is in "stats" */

static ngx_openai_stats_t   zone;

static void
fold(uint64_t now)
{
    ngx_openai_stats_fold(&zone, &rec, now, NULL);

    stats = zone;
    ngx_openai_stats_settle(&stats);
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

    for (i = 0, bad = 0; i < 200000; i++) {
        n = i % NGX_OPENAI_SERIES_HISTS;
        us = random_us();

        if (us % 4 == 0) {
            b = us / 4 % ngx_openai_series_table[n].n;
            us = ngx_openai_series_table[n].bounds[b] + us / 4096 % 3 - 1;
        }

        for (b = 0; b < ngx_openai_series_table[n].n
                    && us > ngx_openai_series_table[n].bounds[b]; b++)
        {
            /* void */
        }

        bad += ngx_openai_series_bucket(n, us) != b;
    }

    ok(bad == 0, "a value is in the first bucket that is not below it");
}


static void
test_quantiles(void)
{
    double              got;
    size_t              i, j;
    uint64_t            times[1000], true_us, low, high;
    ngx_uint_t          b, bad;
    uint32_t            hist[NGX_OPENAI_HIST_BUCKETS];

    static const double  q[] = { 0.5, 0.9, 0.95, 0.99, 1 };

    memset(hist, 0, sizeof(hist));
    ok(ngx_openai_hist_quantile(hist, 0.5) == -1, "none is of nothing");

    for (i = 0; i < 1000; i++) {
        times[i] = random_us() % 1000000000;
        hist[ngx_openai_hist_bucket(times[i])]++;
    }

    qsort(times, 1000, sizeof(uint64_t), by_value);

    for (i = 0, bad = 0; i < sizeof(q) / sizeof(q[0]); i++) {
        j = (size_t) (q[i] * 1000 + 0.5) - 1;
        true_us = times[j];

        b = ngx_openai_hist_bucket(true_us);
        low = b ? ngx_openai_hist_bound(b - 1) : 0;
        high = ngx_openai_hist_bound(b);

        got = ngx_openai_hist_quantile(hist, q[i]);
        bad += got < (double) low || got > (double) high;
    }

    ok(bad == 0, "quantiles lie in the bucket of the true one");
}


static void
test_unknown(void)
{
    openai_facts_t  facts;

    memset(&facts, 'x', sizeof(openai_facts_t));
    openai_facts_init(&facts);

    memset(&rec, 'x', sizeof(ngx_openai_record_t));
    ngx_openai_record_init(&rec);

    ok(memcmp(&rec.facts, &facts, sizeof(openai_facts_t)) == 0
       && facts.usage.cache_write_1h == OPENAI_UNKNOWN,
       "nothing is known of a new record, in the digest's words");
}


/* one definition of an error: the sums count what a query for "is:error" finds,
   and what has a type of error in the metrics, unless the client left */

static void
test_errors(void)
{
    int         bad, failed, labelled;
    ngx_uint_t  i, outcome, error;

    static const int  errors[NGX_OPENAI_OUTCOMES] = {
        0, 0, 1, 0, 1, 1, 1, 0, 1, 1        /* see ngx_openai_outcomes */
    };

    bad = 0;

    for (outcome = 1; outcome < NGX_OPENAI_OUTCOMES; outcome++) {
        for (error = 0; error < 2; error++) {

            ngx_openai_stats_init(&zone, NOW);
            ngx_openai_record_init(&rec);

            rec.outcome = (uint8_t) outcome;
            rec.status = (outcome == NGX_OPENAI_CLIENT_ABORTED) ? 499 : 200;
            rec.facts.flags = error ? OPENAI_FACT_ERROR : 0;
            strcpy(rec.facts.model, "m");
            strcpy(rec.facts.operation, "chat");

            failed = errors[outcome]
                     || (outcome == NGX_OPENAI_UPGRADED && error);

            fold(NOW);

            labelled = 0;

            for (i = 0; i < NGX_OPENAI_SERIES; i++) {
                labelled |= zone.series[i].labels.error[0] != '\0';
            }

            bad += (int) ngx_openai_record_failed(&rec) != failed
                   || (int) stats.names[NGX_OPENAI_BY_MODEL][0].sums.errors
                      != failed
                   || labelled != (failed
                                   || outcome == NGX_OPENAI_CLIENT_ABORTED);
        }
    }

    ok(bad == 0, "what the sums count as an error");
}


static void
test_fold(void)
{
    uint64_t              tokens;
    ngx_uint_t            i;
    ngx_openai_slice_t   *s;
    ngx_openai_totals_t  *t;

    t = &stats.totals;

    ngx_openai_stats_init(&zone, NOW);
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

    fold(NOW);

    ok(t->sums.requests == 1 && t->by_class[2] == 1
       && t->by_outcome[NGX_OPENAI_OK] == 1 && t->flow.streams == 1
       && t->flow.request_bytes == 10 && t->flow.response_bytes == 20,
       "totals of one record");
    ok(t->sums.cost_nano == 123456 && t->sums.unpriced == 0,
       "cost to the nano-dollar");
    ok(t->sums.cached_tokens == 0 && t->sums.input_tokens == 100,
       "what is unknown adds nothing");
    ok(t->flow.timed_tokens == 49 && t->flow.token_us == 1000000
       && ngx_openai_record_speed(&rec) == 49,
       "tokens after the first, over the time from first to last");

    rec.facts.flags |= OPENAI_FACT_EARLY;
    ok(ngx_openai_record_timed(&rec) == 0 && ngx_openai_record_speed(&rec) < 0,
       "the usage of a stream's beginning counts none of its tokens");
    rec.facts.flags &= ~OPENAI_FACT_EARLY;

    ok(strcmp(stats.names[NGX_OPENAI_BY_ENDPOINT][0].name,
              "/v1/chat/completions") == 0, "an endpoint has no arguments");
    ok(stats.names[NGX_OPENAI_BY_PEER][0].sums.requests == 0,
       "without an attempt there is no peer");

    s = &stats.rings[NGX_OPENAI_RING_5M][NOW / 5000 % 60];
    ok(s->at == NOW / 1000 && s->sums.requests == 1 && s->sums.timed == 1
       && s->flow.ttfts == 1 && s->flow.ttft_us == 500000, "its slice of 5 s");

    rec.outcome = NGX_OPENAI_UPGRADED;
    rec.duration_us = 3600000000;
    fold(NOW);
    ok(t->sums.timed == 1 && s->sums.timed == 1,
       "an upgraded connection has no part in durations");

    rec.outcome = NGX_OPENAI_TIMEOUT;
    rec.cost = OPENAI_UNKNOWN;
    fold(NOW - 3600000);
    ok(t->sums.requests == 3 && s->sums.requests == 3 && s->at == NOW / 1000,
       "a clock that is set back wipes nothing");
    ok(t->sums.unpriced == 1 && stats.names[0][0].sums.errors == 1
       && stats.names[0][0].sums.unpriced == 1,
       "usage without a price, and an error");

    tokens = t->sums.input_tokens;
    ngx_openai_copy(rec.facts.operation, sizeof(rec.facts.operation),
                    "fetch_response", 14);
    fold(NOW);
    ok(t->sums.requests == 4 && t->sums.input_tokens == tokens
       && t->sums.unpriced == 1,
       "an answer that is read again used its tokens once");

    rec.facts.flags |= OPENAI_FACT_POLLED;
    strcpy(rec.facts.response_id, "resp_1");
    fold(NOW);
    ok(t->sums.input_tokens == tokens + 100 && t->sums.unpriced == 2,
       "an answer that is polled for uses them with its first usage");

    ok(ngx_openai_stats_paid(&zone, &rec), "and then it has counted");

    strcpy(rec.facts.response_id, "resp_2");
    ok(!ngx_openai_stats_paid(&zone, &rec), "but no other has");

    strcpy(rec.facts.response_id, "resp_1");
    rec.flags = NGX_OPENAI_REC_REPEATED;
    fold(NOW);
    ok(t->sums.requests == 6 && t->sums.input_tokens == tokens + 100
       && t->sums.unpriced == 2, "a second poll uses none");

    strcpy(rec.facts.operation, "chat");
    rec.flags = NGX_OPENAI_REC_CACHED;
    fold(NOW);
    ok(t->sums.requests == 7 && t->sums.input_tokens == tokens + 100
       && t->sums.unpriced == 2, "nor does an answer out of nginx's cache");

    rec.flags = 0;

    for (i = 0; i < NGX_OPENAI_PAID; i++) {
        sprintf(rec.facts.response_id, "resp_%d", (int) i + 3);
        fold(NOW);
    }

    strcpy(rec.facts.operation, "fetch_response");
    ok(ngx_openai_stats_paid(&zone, &rec), "the last answers are remembered");
    strcpy(rec.facts.response_id, "resp_1");
    ok(!ngx_openai_stats_paid(&zone, &rec), "and the older ones are not");
}


/* what is unknown is counted, so that no sum passes for the whole */

static void
test_unknowns(void)
{
    ngx_openai_sums_t  *sums;

    sums = &stats.totals.sums;

    ngx_openai_stats_init(&zone, NOW);
    ngx_openai_record_init(&rec);

    rec.outcome = NGX_OPENAI_OK;
    rec.status = 200;
    rec.header_us = 1000;
    rec.duration_us = 2000;
    strcpy(rec.facts.operation, "chat");
    strcpy(rec.facts.model, "m");
    fold(NOW);

    ok(sums->no_usage == 1 && sums->unpriced == 0 && sums->partial == 0
       && stats.names[0][0].sums.no_usage == 1
       && stats.series[0].sums.no_usage == 1
       && stats.rings[0][NOW / 5000 % 60].sums.no_usage == 1,
       "an answer without usage, in the totals, the tables and the series");

    rec.facts.flags = OPENAI_FACT_PENDING;
    fold(NOW);
    ok(sums->no_usage == 1, "one whose usage is still to come is none");

    rec.facts.flags = OPENAI_FACT_USAGE|OPENAI_FACT_EARLY;
    rec.facts.usage.input = 10;
    rec.cost = 0.5;
    strcpy(rec.partial, "cut");
    fold(NOW);
    ok(sums->no_usage == 2 && sums->partial == 1 && sums->unpriced == 0
       && sums->input_tokens == 10 && sums->cost_nano == 500000000,
       "one that was cut counts with what is known");

    ngx_openai_record_init(&rec);
    rec.outcome = NGX_OPENAI_UPSTREAM_ERROR;
    rec.status = 429;
    strcpy(rec.facts.operation, "chat");
    fold(NOW);
    ok(sums->no_usage == 2, "an error used nothing");

    rec.facts.text_bytes = 3;
    rec.status = 200;
    fold(NOW);
    ok(sums->no_usage == 3, "unless it came in the midst of an answer");

    ngx_openai_record_init(&rec);
    rec.outcome = NGX_OPENAI_CLIENT_ABORTED;
    rec.status = 499;
    rec.nattempts = 1;
    rec.attempts[0].connect_ms = -1;
    strcpy(rec.facts.operation, "chat");
    fold(NOW);
    ok(sums->no_usage == 3, "an upstream that was not reached used nothing");

    rec.attempts[0].connect_ms = 1;
    fold(NOW);
    ok(sums->no_usage == 4, "one that was reached may have worked");

    strcpy(rec.facts.operation, "models");
    fold(NOW);
    ok(sums->no_usage == 4, "a list of models has no usage to lack");
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
        requests += stats.names[NGX_OPENAI_BY_MODEL][i].sums.requests;
        tokens += stats.names[NGX_OPENAI_BY_MODEL][i].sums.input_tokens;
    }

    ok(requests == 20000 && tokens == 140000,
       "no request falls out of a table");
    ok(strcmp(stats.names[NGX_OPENAI_BY_MODEL][NGX_OPENAI_NAMES - 1].name,
              "other") == 0, "the last row is \"other\"");

    series = 0;
    buckets = 0;

    for (i = 0; i < NGX_OPENAI_SERIES; i++) {
        series += stats.series[i].sums.requests;

        for (b = 0; b < NGX_OPENAI_SERIES_MAX; b++) {
            buckets += stats.series[i].buckets[NGX_OPENAI_SERIES_INPUT][b];
        }
    }

    ok(series == 20000 && buckets == 20000, "none out of the series");

    for (i = 0, b = 0; i < NGX_OPENAI_NAMES - 1; i++) {
        b += strlen(stats.names[NGX_OPENAI_BY_MODEL][i].name) == 7
             && stats.names[NGX_OPENAI_BY_MODEL][i].sums.requests > 1000;
    }

    ok(b == 8, "the heavy ones keep a row of their own");
}


/*
 * A row that was used four times keeps its name for an hour after its last use,
 * even when the table is full.  Seen to fail with rows that every new name
 * could take.
 */

static ngx_uint_t
rows_named(const char *text)
{
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < NGX_OPENAI_NAMES; i++) {
        n += strncmp(stats.names[NGX_OPENAI_BY_KEY][i].name, text,
                     strlen(text)) == 0;
    }

    for (i = 0; i < NGX_OPENAI_SERIES; i++) {
        n += strncmp(stats.series[i].labels.model, text, strlen(text)) == 0;
    }

    return n;
}


static void
row(const char *text, ngx_uint_t n, ngx_uint_t seconds)
{
    sprintf(rec.key, "%s-%d", text, (int) n);
    sprintf(rec.facts.model, "%s-%d", text, (int) n);
    ngx_openai_stats_fold(&stats, &rec, NOW + seconds * 1000, NULL);
}


static void
test_rows(void)
{
    ngx_uint_t  i, old;

    ngx_openai_stats_init(&stats, NOW);
    ngx_openai_record_init(&rec);

    rec.outcome = NGX_OPENAI_OK;
    strcpy(rec.facts.operation, "chat");

    for (i = 0; i < 4 * (NGX_OPENAI_SERIES - 1); i++) {
        row("old", i / 4, 0);
    }

    old = rows_named("old-");

    ok(old == NGX_OPENAI_NAMES - 1 + NGX_OPENAI_SERIES - 1,
       "the tables are full");

    row("new", 1, 3600);

    ok(rows_named("new-") == 0 && rows_named("old-") == old,
       "a row that rested for an hour keeps its name");

    row("new", 2, 3601);

    ok(rows_named("new-2") == 2 && rows_named("old-") == old - 2,
       "a row that rested longer gives way");

    row("new", 3, 3602);

    ok(rows_named("new-3") == 2 && rows_named("new-2") == 0
       && rows_named("old-") == old - 2,
       "a row that was used less gives way first");
}


/*
 * The largest commit fits into the undo, and is as large as is written beside
 * the static assertion.
 */

static void
test_largest(void)
{
    ngx_uint_t                 i;
    ngx_openai_undo_part_t    *last;

    static ngx_openai_undo_t   undo;

    test_rows();

    /* a new slice, and a new name in each table */

    for (i = 0; i < 4 * NGX_OPENAI_NAMES; i++) {
        rec.nattempts = 1;
        sprintf(rec.attempts[0].peer, "old-%d", (int) i / 4);
        sprintf(rec.uri, "/old-%d", (int) i / 4);
        row("old", i / 4, 4000);
    }

    rec.duration_us = 3000000;
    rec.facts.streamed = 1;
    rec.facts.first_token_us = 1000;
    rec.facts.last_token_us = 2000000;
    rec.facts.usage.input = 1;
    rec.facts.usage.output = 9;
    rec.facts.flags = OPENAI_FACT_POLLED|OPENAI_FACT_USAGE;
    strcpy(rec.facts.response_id, "resp_1");
    strcpy(rec.attempts[0].peer, "new");
    strcpy(rec.uri, "/new");

    ngx_memzero(&undo, sizeof(undo));

    sprintf(rec.key, "new");
    sprintf(rec.facts.model, "new");
    ngx_openai_stats_fold(&stats, &rec, NOW + 9000000, &undo);

    last = &undo.parts[undo.n - 1];

    ok(undo.n == NGX_OPENAI_FOLD_PARTS, "the most parts that a record changes");
    ok(last->from + last->size == NGX_OPENAI_FOLD_BYTES, "and their bytes");

    printf("# %u parts, %u bytes\n", undo.n, last->from + last->size);
}


/* what is in the undo puts all of it back, byte by byte; two statistics take
   turns, as what this process remembers of one is not true of the other */

static void
random_record(ngx_uint_t i)
{
    ngx_openai_record_init(&rec);

    rec.outcome = (uint8_t) (rand_r(&seed) % (NGX_OPENAI_OUTCOMES + 1));
    rec.status = (uint16_t) (rand_r(&seed) % 700);
    rec.duration_us = (int64_t) random_us() - 1000;
    rec.request_bytes = random_us();
    rec.cost = (rand_r(&seed) % 3) / 7.0 - 0.1;
    rec.nattempts = rand_r(&seed) % 3;
    sprintf(rec.attempts[0].peer, "10.0.0.%d:80", rand_r(&seed) % 3);
    sprintf(rec.uri, "/v1/x%d?y", rand_r(&seed) % 50);
    sprintf(rec.key, "%010x", (unsigned) rand_r(&seed) % 40);
    sprintf(rec.facts.model, "model-%u",
            (unsigned) rand_r(&seed) % (unsigned) (1 + i % 200));
    sprintf(rec.facts.operation, "%.*s", rand_r(&seed) % 5, "chat");

    if (rand_r(&seed) % 2) {

        /* a shorter name over a longer one leaves bytes behind its end */

        memset(rec.facts.response_model, 'x', 30);
        strcpy(rec.facts.response_model, rec.facts.model);
    }

    rec.facts.usage.input = (int64_t) random_us() - 1;
    rec.facts.usage.output = (int64_t) random_us() - 1;
    rec.facts.first_token_us = random_us() * (rand_r(&seed) % 2);
    rec.facts.last_token_us = random_us();
}


static void
test_undo(void)
{
    uint64_t                     now, requests, want, n;
    ngx_uint_t                   i, p, bad, full;
    ngx_openai_stats_t          *s;
    ngx_openai_undo_part_t      *part;

    static ngx_openai_undo_t     undo;
    static ngx_openai_stats_t    two[2], before;

    ngx_openai_stats_init(&two[0], NOW);
    ngx_openai_stats_init(&two[1], NOW);

    for (i = 0, bad = 0, full = 0; i < 4000; i++) {
        random_record(i);

        s = &two[rand_r(&seed) % 2];
        now = NOW + i * (rand_r(&seed) % 2000);
        before = *s;

        undo.n = 0;
        ngx_openai_stats_fold(s, &rec, now, &undo);

        bad += memcmp(s, &before, sizeof(before)) == 0;
        full += undo.n == NGX_OPENAI_UNDO_PARTS;

        for (p = undo.n; p > 0; p--) {
            part = &undo.parts[p - 1];
            memcpy((u_char *) &undo + part->at, &undo.bytes[part->from],
                   part->size);
        }

        bad += memcmp(s, &before, sizeof(before)) != 0;

        ngx_openai_stats_fold(s, &rec, now, NULL);
    }

    ok(bad == 0 && full == 0, "what a record changed can be taken back");

    for (i = 0, bad = 0, want = 0; i < 2; i++) {
        ngx_openai_stats_settle(&two[i]);
        requests = two[i].totals.sums.requests;
        want += requests;

        for (p = 0, n = 0; p < NGX_OPENAI_NAMES; p++) {
            n += two[i].names[NGX_OPENAI_BY_KEY][p].sums.requests;
        }

        bad += n != requests;
    }

    ok(bad == 0 && want == 4000, "each of two has what is its own");
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
    test_unknown();
    test_errors();
    test_fold();
    test_unknowns();
    test_endpoints();
    test_names();
    test_largest();
    test_undo();
    test_speed();

    return done_testing();
}
