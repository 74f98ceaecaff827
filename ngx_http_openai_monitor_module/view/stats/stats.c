
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The statistics as JSON: since start, over a window of time, or of the records
 * that match a query. view.c calls this.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/answer/call.h"
#include "view/stats/rows.h"
#include "view/query/ask.h"
#include "view/query/search.h"
#include "view/answer/work.h"


typedef struct {
    ngx_openai_call_t      *call;
    ngx_openai_json_t       json;
    ngx_openai_query_t      query;
    ngx_openai_search_t    *search;          /* NULL without a query */
    ngx_openai_stats_t     *stats;
    ngx_openai_stats_t     *tables;      /* of the window, or "stats" */
    ngx_uint_t              window;
    uint64_t                from;        /* ms, start of the window; or 0 */
    uint64_t                oldest;      /* ms, end of the first record in the
                                            tables of the window */
    uint64_t                requests;    /* in the window */
    uint64_t                counted;     /* of them in the tables */
    ngx_openai_zone_stat_t  zone;
    ngx_uint_t              ring;        /* that the series is taken from */
    uint64_t                now;         /* seconds */
    ngx_openai_slice_t      sum;         /* of the window's slices */
} ngx_openai_view_stats_t;


typedef double (*ngx_openai_quantile_pt)(const uint32_t *buckets, double q);


static ngx_int_t ngx_openai_stats_search(ngx_openai_view_stats_t *v);
static ngx_int_t ngx_openai_stats_run(ngx_openai_work_t *work);
static void ngx_openai_stats_record(ngx_openai_view_stats_t *v,
    const ngx_openai_record_t *rec);
static int ngx_libc_cdecl ngx_openai_stats_by_age(const void *one,
    const void *two);
static int ngx_libc_cdecl ngx_openai_stats_by_end(const void *one,
    const void *two);
static uint64_t ngx_openai_stats_from(const ngx_openai_view_stats_t *v);
static uint64_t ngx_openai_stats_tables(const ngx_openai_view_stats_t *v);
static ngx_int_t ngx_openai_stats_answer(ngx_openai_view_stats_t *v);
static ngx_int_t ngx_openai_stats_window(ngx_openai_call_t *call,
    ngx_uint_t *window);
static void ngx_openai_stats_sum(ngx_openai_view_stats_t *v);
static ngx_openai_slice_t *ngx_openai_stats_slice(ngx_openai_view_stats_t *v,
    uint64_t at);
static void ngx_openai_stats_all(ngx_openai_view_stats_t *v);
static void ngx_openai_stats_totals(ngx_openai_view_stats_t *v,
    const ngx_openai_totals_t *t);
static void ngx_openai_stats_outcomes(ngx_openai_json_t *json,
    const ngx_openai_totals_t *t);
static void ngx_openai_stats_from_slice(ngx_openai_totals_t *t,
    const ngx_openai_slice_t *s);
static void ngx_openai_stats_times(ngx_openai_view_stats_t *v,
    const char *key, uint64_t n, uint64_t us, ngx_openai_quantile_pt quantile,
    const uint32_t *buckets);
static void ngx_openai_stats_names(ngx_openai_json_t *json, const char *key,
    const ngx_openai_name_t *rows);
static int ngx_libc_cdecl ngx_openai_stats_by_requests(const void *one,
    const void *two);
static void ngx_openai_stats_series(ngx_openai_view_stats_t *v);
static void ngx_openai_stats_point(ngx_openai_json_t *json, uint64_t at,
    ngx_uint_t seconds, const ngx_openai_slice_t *s);
static void ngx_openai_stats_zone(ngx_openai_json_t *json,
    ngx_openai_zone_t *zone, const ngx_openai_zone_stat_t *stat);
static void ngx_openai_stats_cost(ngx_openai_json_t *json,
    const ngx_openai_sums_t *sums);
static void ngx_openai_stats_us(ngx_openai_json_t *json, const char *key,
    double us);


static const ngx_str_t  ngx_openai_windows[] = {
    ngx_string("5m"),
    ngx_string("1h"),
    ngx_string("24h"),
    ngx_string("all")
};


ngx_int_t
ngx_openai_view_stats(ngx_openai_call_t *call)
{
    ngx_pool_t               *pool;
    ngx_openai_view_stats_t  *v;

    pool = call->request->pool;

    v = ngx_pcalloc(pool, sizeof(ngx_openai_view_stats_t));
    if (v == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    v->call = call;

    if (ngx_openai_stats_window(call, &v->window) != NGX_OK
        || ngx_openai_ask(call, &v->query) != NGX_OK)
    {
        return call->rc;
    }

    v->stats = ngx_palloc(pool, sizeof(ngx_openai_stats_t));
    if (v->stats == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    v->tables = v->stats;

    v->now = ngx_time();
    v->ring = ngx_min(v->window, NGX_OPENAI_RING_24H);

    ngx_openai_zone_reap(call->zone);
    ngx_openai_zone_stat(call->zone, &v->zone);

    if (v->query.root == NULL) {
        ngx_openai_stats_read(call->zone, v->stats);

        if (v->window == NGX_OPENAI_RINGS) {
            return ngx_openai_stats_answer(v);
        }
    }

    /* the zone has tables since its start only, so those of a window are
       counted from the records */

    if (v->window < NGX_OPENAI_RINGS) {
        v->from = ngx_openai_stats_from(v) * 1000;

        v->tables = ngx_palloc(pool, sizeof(ngx_openai_stats_t));
        if (v->tables == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_openai_stats_search(v);
}


/* with a query, the statistics are computed from the records that match, as
   the zone computes its own; with a window, its tables are */

static ngx_int_t
ngx_openai_stats_search(ngx_openai_view_stats_t *v)
{
    uint64_t            now;
    ngx_pool_t         *pool;
    ngx_time_t         *tp;
    ngx_openai_call_t  *call;
    ngx_openai_work_t  *work;

    call = v->call;
    pool = call->request->pool;

    v->search = ngx_openai_search_create(pool, call->zone, call->conf->body_max,
                                         &v->query);
    work = ngx_openai_work_create(call->request);

    if (v->search == NULL || work == NULL
        || ngx_openai_search_list(v->search, pool) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    tp = ngx_timeofday();
    now = (uint64_t) tp->sec * 1000 + tp->msec;

    ngx_openai_stats_init(v->tables, now);
    v->oldest = now;

    if (v->query.root == NULL) {

        /* from the newest on, so that older ones are not read */

        ngx_qsort(v->search->refs, v->search->nrefs, sizeof(ngx_openai_ref_t),
                  ngx_openai_stats_by_age);

    } else {
        v->zone.running = 0;

        if (v->stats != v->tables) {
            ngx_openai_stats_init(v->stats, now);
        }

        /* slices of time are filled in the order of time */

        ngx_qsort(v->search->refs, v->search->nrefs, sizeof(ngx_openai_ref_t),
                  ngx_openai_stats_by_end);
    }

    work->run = ngx_openai_stats_run;
    work->data = v;

    return ngx_openai_work_start(work);
}


static ngx_int_t
ngx_openai_stats_run(ngx_openai_work_t *work)
{
    ngx_int_t                 rc;
    ngx_openai_record_t      *rec;
    ngx_openai_view_stats_t  *v;

    v = work->data;
    rec = &v->search->rec;

    rc = NGX_OK;

    if (v->query.threads) {
        rc = ngx_openai_threads_update(v->search->threads, work->started,
                                       work->stop);
    }

    for ( ;; ) {

        if (rc == NGX_OK) {
            rc = ngx_openai_search_next(v->search, work->stop);
        }

        switch (rc) {

        case NGX_OK:
            break;

        case NGX_AGAIN:
            return NGX_AGAIN;

        case NGX_ABORT:
            return ngx_openai_ask_failed(v->call, &v->query);

        case NGX_DONE:
            if (v->query.root != NULL) {
                ngx_openai_stats_settle(v->stats);
            }

            return ngx_openai_stats_answer(v);

        default: /* NGX_ERROR */
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_openai_stats_record(v, rec);
    }
}


static void
ngx_openai_stats_record(ngx_openai_view_stats_t *v,
    const ngx_openai_record_t *rec)
{
    uint64_t  ended;

    if (rec->outcome == NGX_OPENAI_RUNNING) {
        v->zone.running += (v->query.root != NULL);
        return;
    }

    ended = rec->started_ms + ngx_max(rec->duration_us, 0) / 1000;

    if (v->query.root != NULL) {
        v->stats->since_ms = ngx_min(v->stats->since_ms, rec->started_ms);
        ngx_openai_stats_fold(v->stats, rec, ended, NULL);

    } else if (ended < v->stats->since_ms || ended < v->from) {

        /* no other one is in the window, because these are in the order of
           their ends */

        v->search->at = v->search->nrefs;
        return;
    }

    if (v->tables != v->stats && ended >= v->from) {
        v->oldest = ngx_min(v->oldest, ended);
        v->counted++;
        ngx_openai_stats_fold(v->tables, rec, ended, NULL);
    }
}


static int ngx_libc_cdecl
ngx_openai_stats_by_age(const void *one, const void *two)
{
    return ngx_openai_stats_by_end(two, one);
}


static int ngx_libc_cdecl
ngx_openai_stats_by_end(const void *one, const void *two)
{
    const ngx_openai_ref_t  *a, *b;

    a = one;
    b = two;

    return (a->change > b->change) - (a->change < b->change);
}


static ngx_int_t
ngx_openai_stats_answer(ngx_openai_view_stats_t *v)
{
    ngx_openai_json_t   *json;
    ngx_openai_stats_t  *tables;

    json = &v->json;
    tables = v->tables;

    ngx_openai_json_init(json, v->call->request->pool);

    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "window");
    ngx_openai_json_string(json, ngx_openai_windows[v->window].data,
                           ngx_openai_windows[v->window].len);

    if (v->window < NGX_OPENAI_RINGS) {
        ngx_openai_stats_sum(v);

    } else {
        ngx_openai_stats_all(v);
    }

    ngx_openai_rows_names(tables);

    ngx_openai_json_key(json, "tables_since");
    ngx_openai_json_time(json, ngx_openai_stats_tables(v));
    ngx_openai_stats_names(json, "models", tables->names[NGX_OPENAI_BY_MODEL]);
    ngx_openai_stats_names(json, "endpoints",
                           tables->names[NGX_OPENAI_BY_ENDPOINT]);
    ngx_openai_stats_names(json, "keys", tables->names[NGX_OPENAI_BY_KEY]);
    ngx_openai_stats_names(json, "peers", tables->names[NGX_OPENAI_BY_PEER]);

    ngx_openai_stats_series(v);
    ngx_openai_stats_zone(json, v->call->zone, &v->zone);

    ngx_openai_json_close(json, '}');

    return ngx_openai_send(v->call->request, json);
}


static ngx_int_t
ngx_openai_stats_window(ngx_openai_call_t *call, ngx_uint_t *window)
{
    ngx_int_t    rc;
    ngx_str_t    arg;
    ngx_uint_t   i;

    *window = NGX_OPENAI_RINGS;

    rc = ngx_openai_arg(call, "window", &arg);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    for (i = 0; i <= NGX_OPENAI_RINGS; i++) {

        if (ngx_openai_windows[i].len == arg.len
            && ngx_strncmp(ngx_openai_windows[i].data, arg.data, arg.len)
               == 0)
        {
            *window = i;
            return NGX_OK;
        }
    }

    return ngx_openai_refuse(call, NGX_HTTP_BAD_REQUEST, "bad_request",
                             "invalid \"window\"; use one of 5m, 1h, 24h, all");
}


/* since start or reset */

static void
ngx_openai_stats_all(ngx_openai_view_stats_t *v)
{
    ngx_openai_totals_t  *t;

    t = &v->stats->totals;

    ngx_openai_json_key(&v->json, "since");
    ngx_openai_json_time(&v->json, v->stats->since_ms);

    ngx_openai_stats_totals(v, t);
    ngx_openai_stats_times(v, "duration_ms", t->sums.timed, t->sums.duration_us,
                           ngx_openai_hist_quantile, t->duration);
    ngx_openai_stats_times(v, "ttft_ms", t->flow.ttfts, t->flow.ttft_us,
                           ngx_openai_hist_quantile, t->ttft);
}


/* adds the slices of the window */

static void
ngx_openai_stats_sum(ngx_openai_view_stats_t *v)
{
    uint64_t              at, first, seconds;
    ngx_uint_t            i;
    ngx_openai_slice_t   *s;
    ngx_openai_totals_t   t;

    ngx_memzero(&t, sizeof(ngx_openai_totals_t));

    seconds = ngx_openai_ring_seconds(v->ring);
    at = v->now - v->now % seconds;
    first = ngx_openai_stats_from(v);

    ngx_openai_json_key(&v->json, "since");
    ngx_openai_json_time(&v->json,
                         ngx_max(first * 1000, v->stats->since_ms));

    for ( /* void */ ; at >= first; at -= seconds) {
        s = ngx_openai_stats_slice(v, at);

        if (s == NULL) {
            continue;
        }

        ngx_openai_stats_from_slice(&t, s);

        for (i = 0; i < NGX_OPENAI_SLICE_BUCKETS; i++) {
            v->sum.duration[i] += s->duration[i];
            v->sum.ttft[i] += s->ttft[i];
        }
    }

    v->requests = t.sums.requests;

    ngx_openai_stats_totals(v, &t);
    ngx_openai_stats_times(v, "duration_ms", t.sums.timed, t.sums.duration_us,
                           ngx_openai_slice_quantile, v->sum.duration);
    ngx_openai_stats_times(v, "ttft_ms", t.flow.ttfts, t.flow.ttft_us,
                           ngx_openai_slice_quantile, v->sum.ttft);
}


/* the first second of the window */

static uint64_t
ngx_openai_stats_from(const ngx_openai_view_stats_t *v)
{
    uint64_t  seconds;

    seconds = ngx_openai_ring_seconds(v->ring);

    return v->now - v->now % seconds
           - (ngx_openai_ring_slices(v->ring) - 1) * seconds;
}


/* since when the tables count: not since the window's start when records of the
   window had to go */

static uint64_t
ngx_openai_stats_tables(const ngx_openai_view_stats_t *v)
{
    if (v->counted < v->requests) {
        return v->oldest;
    }

    return ngx_max(v->from, v->stats->since_ms);
}


/* NULL: no exchange ended in that time */

static ngx_openai_slice_t *
ngx_openai_stats_slice(ngx_openai_view_stats_t *v, uint64_t at)
{
    ngx_uint_t           seconds;
    ngx_openai_slice_t  *s;

    seconds = ngx_openai_ring_seconds(v->ring);

    s = &v->stats->rings[v->ring][(at / seconds)
                                  % ngx_openai_ring_slices(v->ring)];

    return s->at == at ? s : NULL;
}


static void
ngx_openai_stats_from_slice(ngx_openai_totals_t *t,
    const ngx_openai_slice_t *s)
{
    ngx_uint_t  i;

    ngx_openai_sum(&t->sums, &s->sums, sizeof(ngx_openai_sums_t));
    ngx_openai_sum(&t->flow, &s->flow, sizeof(ngx_openai_flow_t));

    for (i = 0; i < 6; i++) {
        t->by_class[i] += s->by_class[i];
    }

    for (i = 0; i < NGX_OPENAI_OUTCOMES; i++) {
        t->by_outcome[i] += s->by_outcome[i];
    }
}


static void
ngx_openai_stats_totals(ngx_openai_view_stats_t *v,
    const ngx_openai_totals_t *t)
{
    double              speed;
    ngx_openai_json_t  *json;

    json = &v->json;

    ngx_openai_json_key(json, "requests");
    ngx_openai_json_int(json, t->sums.requests);
    ngx_openai_json_key(json, "in_flight");
    ngx_openai_json_int(json, v->zone.running);
    ngx_openai_json_key(json, "streams");
    ngx_openai_json_int(json, t->flow.streams);

    ngx_openai_stats_outcomes(json, t);

    ngx_openai_json_key(json, "tokens_per_second");

    if (t->flow.token_us) {
        speed = (double) t->flow.timed_tokens * 1e9
                / (double) t->flow.token_us;

        ngx_openai_json_fixed(json, (int64_t) (speed + 0.5), 3);

    } else {
        ngx_openai_json_null(json);
    }

    ngx_openai_json_key(json, "usage");
    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "input_tokens");
    ngx_openai_json_int(json, t->sums.input_tokens);
    ngx_openai_json_key(json, "output_tokens");
    ngx_openai_json_int(json, t->sums.output_tokens);
    ngx_openai_json_key(json, "cached_tokens");
    ngx_openai_json_int(json, t->sums.cached_tokens);
    ngx_openai_json_key(json, "cache_write_tokens");
    ngx_openai_json_int(json, t->flow.cache_write_tokens);
    ngx_openai_json_key(json, "reasoning_tokens");
    ngx_openai_json_int(json, t->sums.reasoning_tokens);
    ngx_openai_json_close(json, '}');

    ngx_openai_stats_cost(json, &t->sums);
    ngx_openai_json_key(json, "request_bytes");
    ngx_openai_json_int(json, t->flow.request_bytes);
    ngx_openai_json_key(json, "response_bytes");
    ngx_openai_json_int(json, t->flow.response_bytes);
}


static void
ngx_openai_stats_outcomes(ngx_openai_json_t *json,
    const ngx_openai_totals_t *t)
{
    uint64_t     good;
    ngx_uint_t   i;

    static const char *const  classes[] = {
        NULL, "1xx", "2xx", "3xx", "4xx", "5xx"
    };

    good = t->by_outcome[NGX_OPENAI_OK] + t->by_outcome[NGX_OPENAI_UPGRADED];

    ngx_openai_json_key(json, "success_rate");

    if (t->sums.requests) {
        ngx_openai_json_fixed(json,
                              (int64_t) (good * 10000 / t->sums.requests), 4);

    } else {
        ngx_openai_json_null(json);
    }

    ngx_openai_json_key(json, "by_status");
    ngx_openai_json_open(json, '{');

    for (i = 1; i < 6; i++) {
        ngx_openai_json_key(json, classes[i]);
        ngx_openai_json_int(json, t->by_class[i]);
    }

    ngx_openai_json_close(json, '}');

    ngx_openai_json_key(json, "by_outcome");
    ngx_openai_json_open(json, '{');

    for (i = NGX_OPENAI_RUNNING + 1; i < NGX_OPENAI_OUTCOMES; i++) {
        ngx_openai_json_key(json, ngx_openai_outcome_name(i));
        ngx_openai_json_int(json, t->by_outcome[i]);
    }

    ngx_openai_json_close(json, '}');
}


/* counts "us" n times; the buckets are those of totals or of slices */

static void
ngx_openai_stats_times(ngx_openai_view_stats_t *v, const char *key,
    uint64_t n, uint64_t us, ngx_openai_quantile_pt quantile,
    const uint32_t *buckets)
{
    ngx_uint_t           i;
    ngx_openai_json_t   *json;

    static const struct {
        const char  *key;
        double       q;
    } quantiles[] = {
        { "p50", 0.5 }, { "p90", 0.9 }, { "p95", 0.95 }, { "p99", 0.99 }
    };

    json = &v->json;

    ngx_openai_json_key(json, key);
    ngx_openai_json_open(json, '{');

    ngx_openai_stats_us(json, "mean", n ? (double) us / (double) n : -1);

    for (i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
        ngx_openai_stats_us(json, quantiles[i].key,
                            quantile(buckets, quantiles[i].q));
    }

    ngx_openai_json_close(json, '}');
}


/* the cost, and how many records make it, or the tokens, a lower bound;
   without any known cost there is none */

static void
ngx_openai_stats_cost(ngx_openai_json_t *json, const ngx_openai_sums_t *sums)
{
    ngx_openai_json_key(json, "cost_usd");

    if (sums->cost_nano == 0
        && (sums->unpriced || sums->partial || sums->no_usage))
    {
        ngx_openai_json_null(json);

    } else {
        ngx_openai_json_fixed(json, sums->cost_nano, 9);
    }

    ngx_openai_json_key(json, "unpriced_requests");
    ngx_openai_json_int(json, sums->unpriced);
    ngx_openai_json_key(json, "partial_cost_requests");
    ngx_openai_json_int(json, sums->partial);
    ngx_openai_json_key(json, "no_usage_requests");
    ngx_openai_json_int(json, sums->no_usage);
}


static void
ngx_openai_stats_us(ngx_openai_json_t *json, const char *key, double us)
{
    ngx_openai_json_key(json, key);
    ngx_openai_json_ms(json, us < 0 ? -1 : (int64_t) us);
}


static void
ngx_openai_stats_names(ngx_openai_json_t *json, const char *key,
    const ngx_openai_name_t *rows)
{
    ngx_uint_t                i, n;
    const ngx_openai_name_t  *row, *order[NGX_OPENAI_NAMES];

    n = 0;

    for (i = 0; i < NGX_OPENAI_NAMES; i++) {
        if (rows[i].sums.requests) {
            order[n++] = &rows[i];
        }
    }

    ngx_qsort(order, n, sizeof(ngx_openai_name_t *),
              ngx_openai_stats_by_requests);

    ngx_openai_json_key(json, key);
    ngx_openai_json_open(json, '[');

    for (i = 0; i < n; i++) {
        row = order[i];

        ngx_openai_json_open(json, '{');
        ngx_openai_json_key(json, "name");
        ngx_openai_json_text(json, row->name);
        ngx_openai_json_key(json, "requests");
        ngx_openai_json_int(json, row->sums.requests);
        ngx_openai_json_key(json, "errors");
        ngx_openai_json_int(json, row->sums.errors);
        ngx_openai_json_key(json, "input_tokens");
        ngx_openai_json_int(json, row->sums.input_tokens);
        ngx_openai_json_key(json, "output_tokens");
        ngx_openai_json_int(json, row->sums.output_tokens);
        ngx_openai_json_key(json, "cached_tokens");
        ngx_openai_json_int(json, row->sums.cached_tokens);
        ngx_openai_json_key(json, "reasoning_tokens");
        ngx_openai_json_int(json, row->sums.reasoning_tokens);
        ngx_openai_stats_cost(json, &row->sums);
        ngx_openai_stats_us(json, "mean_ms",
                            row->sums.timed
                            ? (double) row->sums.duration_us
                              / (double) row->sums.timed : -1);
        ngx_openai_json_close(json, '}');
    }

    ngx_openai_json_close(json, ']');
}


static int ngx_libc_cdecl
ngx_openai_stats_by_requests(const void *one, const void *two)
{
    const ngx_openai_name_t  *a, *b;

    a = *(const ngx_openai_name_t *const *) one;
    b = *(const ngx_openai_name_t *const *) two;

    if (a->sums.requests != b->sums.requests) {
        return a->sums.requests < b->sums.requests ? 1 : -1;
    }

    return ngx_strcmp(a->name, b->name);
}


/* a slice in which nothing ended is written too, with unknown values as
   null */

static void
ngx_openai_stats_series(ngx_openai_view_stats_t *v)
{
    uint64_t             at, last, since, seconds;
    ngx_openai_slice_t  *s, none;

    ngx_memzero(&none, sizeof(ngx_openai_slice_t));

    seconds = ngx_openai_ring_seconds(v->ring);
    since = v->stats->since_ms / 1000;

    last = v->now - v->now % seconds;
    at = last - (ngx_openai_ring_slices(v->ring) - 1) * seconds;

    ngx_openai_json_key(&v->json, "series");
    ngx_openai_json_open(&v->json, '[');

    for ( /* void */ ; at <= last; at += seconds) {

        if (at + seconds <= since) {
            continue;
        }

        s = ngx_openai_stats_slice(v, at);

        ngx_openai_stats_point(&v->json, at, seconds, s ? s : &none);
    }

    ngx_openai_json_close(&v->json, ']');
}


static void
ngx_openai_stats_point(ngx_openai_json_t *json, uint64_t at,
    ngx_uint_t seconds, const ngx_openai_slice_t *s)
{
    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "at");
    ngx_openai_json_time(json, at * 1000);
    ngx_openai_json_key(json, "seconds");
    ngx_openai_json_int(json, seconds);
    ngx_openai_json_key(json, "requests");
    ngx_openai_json_int(json, s->sums.requests);
    ngx_openai_json_key(json, "errors");
    ngx_openai_json_int(json, s->sums.errors);
    ngx_openai_json_key(json, "aborted");
    ngx_openai_json_int(json, s->by_outcome[NGX_OPENAI_CLIENT_ABORTED]);
    ngx_openai_stats_us(json, "p50_ms",
                        ngx_openai_slice_quantile(s->duration, 0.5));
    ngx_openai_stats_us(json, "p95_ms",
                        ngx_openai_slice_quantile(s->duration, 0.95));
    ngx_openai_stats_us(json, "ttft_p50_ms",
                        ngx_openai_slice_quantile(s->ttft, 0.5));
    ngx_openai_json_key(json, "input_tokens");
    ngx_openai_json_int(json, s->sums.input_tokens);
    ngx_openai_json_key(json, "output_tokens");
    ngx_openai_json_int(json, s->sums.output_tokens);
    ngx_openai_stats_cost(json, &s->sums);
    ngx_openai_json_close(json, '}');
}


static void
ngx_openai_stats_zone(ngx_openai_json_t *json, ngx_openai_zone_t *zone,
    const ngx_openai_zone_stat_t *stat)
{
    ngx_openai_json_key(json, "zone");
    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "name");
    ngx_openai_json_string(json, zone->name.data, zone->name.len);
    ngx_openai_json_key(json, "size_bytes");
    ngx_openai_json_int(json, stat->size);
    ngx_openai_json_key(json, "pages");
    ngx_openai_json_int(json, stat->pages);
    ngx_openai_json_key(json, "pages_free");
    ngx_openai_json_int(json, stat->pages_free);
    ngx_openai_json_key(json, "entries");
    ngx_openai_json_int(json, stat->entries);
    ngx_openai_json_key(json, "records");
    ngx_openai_json_int(json, stat->records);
    ngx_openai_json_key(json, "evicted");
    ngx_openai_json_int(json, stat->evicted);
    ngx_openai_json_key(json, "dropped");
    ngx_openai_json_int(json, stat->dropped);
    ngx_openai_json_key(json, "truncated");
    ngx_openai_json_int(json, stat->truncated);
    ngx_openai_json_key(json, "heals");
    ngx_openai_json_int(json, stat->heals);
    ngx_openai_json_key(json, "worker_died");
    ngx_openai_json_int(json, stat->worker_died);
    ngx_openai_json_close(json, '}');
}


ngx_int_t
ngx_openai_reset(ngx_openai_call_t *call)
{
    if (ngx_openai_stats_reset(call->zone) != NGX_OK) {
        (void) ngx_openai_refuse(call, NGX_HTTP_SERVICE_UNAVAILABLE, "busy",
                                 "zone is locked, try again");
        return call->rc;
    }

    return ngx_openai_send_status(call->request, NGX_HTTP_NO_CONTENT);
}
