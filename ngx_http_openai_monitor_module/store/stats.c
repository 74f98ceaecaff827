
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Adds a finished record to the totals and to the rings of time.
 *
 * Called by the entries under the lock, and by the check for a zone that nobody
 * else uses.  Each change is kept in the undo before it is made (invariants 25
 * and 26 of docs/store.md).
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/fault.h"
#include "store/stats_inner.h"


static void ngx_openai_fold_init(ngx_openai_fold_t *f,
    const ngx_openai_record_t *rec, uint64_t now_ms);
static void ngx_openai_fold_usage(ngx_openai_fold_t *f,
    const ngx_openai_record_t *rec);
static void ngx_openai_fold_now(ngx_openai_stats_t *stats,
    const ngx_openai_fold_t *f);
static void ngx_openai_now_end(ngx_openai_stats_t *stats,
    ngx_openai_undo_t *undo) ngx_openai_seldom;
static void ngx_openai_ring_add(ngx_openai_slice_t *slices, ngx_uint_t ring,
    const ngx_openai_slice_t *now, ngx_openai_undo_t *undo);
static const char *ngx_openai_endpoint_of(const char *uri);
static void ngx_openai_endpoint(char *dst, size_t size, const char *uri);
static uint64_t ngx_openai_known(int64_t n);


static const struct {
    ngx_uint_t  seconds;
    ngx_uint_t  slices;
} ngx_openai_rings[NGX_OPENAI_RINGS] = {
    { 5, 60 },
    { 60, 60 },
    { 900, 96 }
};


void
ngx_openai_stats_init(ngx_openai_stats_t *stats, uint64_t now_ms)
{
    ngx_memzero(stats, sizeof(ngx_openai_stats_t));

    stats->since_ms = now_ms;
}


void
ngx_openai_stats_fold(ngx_openai_stats_t *stats,
    const ngx_openai_record_t *rec, uint64_t now_ms, ngx_openai_undo_t *undo)
{
    const char            *model;
    ngx_openai_fold_t      f;
    const openai_facts_t  *facts;

    facts = &rec->facts;

    ngx_openai_fold_init(&f, rec, now_ms);
    f.undo = undo;

    ngx_openai_fold_now(stats, &f);
    ngx_openai_fault("fold.now");

    model = facts->response_model[0] ? facts->response_model : facts->model;

    ngx_openai_fold_name(stats, NGX_OPENAI_BY_MODEL, model, &f);
    ngx_openai_fold_name(stats, NGX_OPENAI_BY_ENDPOINT,
                         ngx_openai_endpoint_of(rec->uri), &f);
    ngx_openai_fold_name(stats, NGX_OPENAI_BY_KEY, rec->key, &f);

    /* the upstream that answered is the last one that nginx tried */

    if (rec->nattempts != 0 && rec->nattempts <= NGX_OPENAI_MAX_ATTEMPTS) {
        ngx_openai_fold_name(stats, NGX_OPENAI_BY_PEER,
                             rec->attempts[rec->nattempts - 1].peer, &f);
    }

    ngx_openai_fault("fold.names");
    ngx_openai_fold_paid(stats, rec, &f);
    ngx_openai_fold_series(stats->series, rec, &f);
}


static void
ngx_openai_fold_init(ngx_openai_fold_t *f, const ngx_openai_record_t *rec,
    uint64_t now_ms)
{
    const openai_facts_t  *facts;

    facts = &rec->facts;

    ngx_memzero(f, sizeof(ngx_openai_fold_t));

    f->now = now_ms / 1000;

    f->outcome = (rec->outcome < NGX_OPENAI_OUTCOMES)
                 ? rec->outcome : NGX_OPENAI_WORKER_DIED;
    f->class = (rec->status >= 100 && rec->status < 600)
               ? rec->status / 100 : 0;

    f->sums.requests = 1;
    f->sums.errors = ngx_openai_record_failed(rec);

    f->failed = (f->sums.errors || f->outcome == NGX_OPENAI_CLIENT_ABORTED);

    f->flow.streams = (facts->streamed == 1);
    f->flow.request_bytes = rec->request_bytes;
    f->flow.response_bytes = rec->response_bytes;

    /* the life of an upgraded connection says nothing about speed */

    if (f->outcome != NGX_OPENAI_UPGRADED && rec->duration_us >= 0) {
        f->sums.timed = 1;
        f->sums.duration_us = rec->duration_us;
    }

    if (facts->first_token_us) {
        f->flow.ttfts = 1;
        f->flow.ttft_us = facts->first_token_us;
    }

    if (ngx_openai_record_counts(rec)) {
        ngx_openai_fold_usage(f, rec);
    }
}


static void
ngx_openai_fold_usage(ngx_openai_fold_t *f, const ngx_openai_record_t *rec)
{
    const openai_facts_t  *facts;

    facts = &rec->facts;

    f->input_known = (facts->usage.input >= 0);
    f->output_known = (facts->usage.output >= 0);

    f->sums.input_tokens = ngx_openai_known(facts->usage.input);
    f->sums.output_tokens = ngx_openai_known(facts->usage.output);
    f->sums.cached_tokens = ngx_openai_known(facts->usage.cached);
    f->sums.reasoning_tokens = ngx_openai_known(facts->usage.reasoning);
    f->flow.cache_write_tokens = ngx_openai_known(facts->usage.cache_write);

    f->flow.timed_tokens = ngx_openai_record_timed(rec);

    if (f->flow.timed_tokens) {
        f->flow.token_us = facts->last_token_us - facts->first_token_us;
    }

    f->sums.no_usage = ngx_openai_record_worked(rec)
                       && (!(f->input_known || f->output_known)
                           || (facts->flags & OPENAI_FACT_EARLY))
                       && !(facts->flags & OPENAI_FACT_PENDING);

    if (rec->cost >= 0 && rec->cost < 1e9) {
        f->sums.cost_nano = (uint64_t) (rec->cost * 1e9 + 0.5);
        f->sums.partial = (rec->partial[0] != '\0');

    } else if (f->input_known || f->output_known) {
        f->sums.unpriced = 1;
    }
}


static void
ngx_openai_fold_now(ngx_openai_stats_t *stats, const ngx_openai_fold_t *f)
{
    uint64_t              at;
    ngx_uint_t            i;
    ngx_openai_slice_t   *now;
    ngx_openai_totals_t  *t;

    now = &stats->now;
    t = &stats->totals;

    at = f->now - f->now % ngx_openai_rings[NGX_OPENAI_RING_5M].seconds;

    if (now->at != at) {
        ngx_openai_now_end(stats, f->undo);
        now->at = at;
    }

    ngx_openai_undo_keep(f->undo, &now->sums,
                         offsetof(ngx_openai_slice_t, duration)
                         - offsetof(ngx_openai_slice_t, sums));

    ngx_openai_sum(&now->sums, &f->sums, sizeof(ngx_openai_sums_t));
    ngx_openai_sum(&now->flow, &f->flow, sizeof(ngx_openai_flow_t));

    now->by_class[f->class]++;
    now->by_outcome[f->outcome]++;

    if (f->sums.timed) {
        i = ngx_openai_slice_bucket(f->sums.duration_us);
        ngx_openai_fold_one(&now->duration[i], f);

        i = ngx_openai_hist_bucket(f->sums.duration_us);
        ngx_openai_fold_one(&t->duration[i], f);
    }

    if (f->flow.ttfts) {
        i = ngx_openai_slice_bucket(f->flow.ttft_us);
        ngx_openai_fold_one(&now->ttft[i], f);

        i = ngx_openai_hist_bucket(f->flow.ttft_us);
        ngx_openai_fold_one(&t->ttft[i], f);
    }
}


/* The time has moved on: adds the last slice to totals and rings. */

static void
ngx_openai_now_end(ngx_openai_stats_t *stats, ngx_openai_undo_t *undo)
{
    ngx_uint_t            i;
    ngx_openai_slice_t   *now;
    ngx_openai_totals_t  *t;

    now = &stats->now;
    t = &stats->totals;

    ngx_openai_undo_keep(undo, now, sizeof(ngx_openai_slice_t));

    if (now->sums.requests) {
        ngx_openai_undo_keep(undo, t, offsetof(ngx_openai_totals_t, duration));

        ngx_openai_sum(&t->sums, &now->sums, sizeof(ngx_openai_sums_t));
        ngx_openai_sum(&t->flow, &now->flow, sizeof(ngx_openai_flow_t));

        for (i = 0; i < 6; i++) {
            t->by_class[i] += now->by_class[i];
        }

        for (i = 0; i < NGX_OPENAI_OUTCOMES; i++) {
            t->by_outcome[i] += now->by_outcome[i];
        }

        ngx_openai_fault("fold.totals");

        for (i = 0; i < NGX_OPENAI_RINGS; i++) {
            ngx_openai_ring_add(stats->rings[i], i, now, undo);
        }

        ngx_openai_fault("fold.rings");
    }

    ngx_memzero(now, sizeof(ngx_openai_slice_t));
}


static void
ngx_openai_ring_add(ngx_openai_slice_t *slices, ngx_uint_t ring,
    const ngx_openai_slice_t *now, ngx_openai_undo_t *undo)
{
    uint64_t             at, n;
    ngx_uint_t           i;
    ngx_openai_slice_t  *s;

    n = now->at / ngx_openai_rings[ring].seconds;
    at = n * ngx_openai_rings[ring].seconds;
    s = &slices[n % ngx_openai_rings[ring].slices];

    ngx_openai_undo_keep(undo, s, sizeof(ngx_openai_slice_t));

    /* a clock that was set back must not wipe a later slice */

    if (s->at < at) {
        ngx_memzero(s, sizeof(ngx_openai_slice_t));
        s->at = at;
    }

    ngx_openai_sum(&s->sums, &now->sums, sizeof(ngx_openai_sums_t));
    ngx_openai_sum(&s->flow, &now->flow, sizeof(ngx_openai_flow_t));

    for (i = 0; i < 6; i++) {
        s->by_class[i] += now->by_class[i];
    }

    for (i = 0; i < NGX_OPENAI_OUTCOMES; i++) {
        s->by_outcome[i] += now->by_outcome[i];
    }

    for (i = 0; i < NGX_OPENAI_SLICE_BUCKETS; i++) {
        s->duration[i] += now->duration[i];
        s->ttft[i] += now->ttft[i];
    }
}


void
ngx_openai_stats_settle(ngx_openai_stats_t *stats)
{
    ngx_openai_now_end(stats, NULL);
}


/* Remembers the last one, which the next record has too as a rule. */

static const char *
ngx_openai_endpoint_of(const char *uri)
{
    static char  last[sizeof(((ngx_openai_record_t *) 0)->uri)];
    static char  endpoint[96];

    if (ngx_strcmp(uri, last) != 0) {
        ngx_openai_copy(last, sizeof(last), uri, ngx_strlen(uri));
        ngx_openai_endpoint(endpoint, sizeof(endpoint), uri);
    }

    return endpoint;
}


/*
 * Copies the path without arguments.  Ids in it become "*", because each id
 * would be an endpoint of its own.
 */

static void
ngx_openai_endpoint(char *dst, size_t size, const char *uri)
{
    char        *d, *last, *seg;
    ngx_uint_t   digits;

    d = dst;
    last = dst + size - 1;
    seg = dst;
    digits = 0;

    for ( /* void */ ; d < last; uri++) {

        if (*uri == '/' || *uri == '?' || *uri == '#' || *uri == '\0') {

            if (d - seg >= 16 && digits) {
                d = seg;
                *d++ = '*';
            }

            if (*uri != '/') {
                break;
            }

            *d++ = '/';
            seg = d;
            digits = 0;
            continue;
        }

        if (*uri >= '0' && *uri <= '9') {
            digits = 1;
        }

        *d++ = *uri;
    }

    *d = '\0';
}


ngx_uint_t
ngx_openai_ring_seconds(ngx_uint_t ring)
{
    return ngx_openai_rings[ring].seconds;
}


ngx_uint_t
ngx_openai_ring_slices(ngx_uint_t ring)
{
    return ngx_openai_rings[ring].slices;
}


static uint64_t
ngx_openai_known(int64_t n)
{
    return n > 0 ? (uint64_t) n : 0;
}
