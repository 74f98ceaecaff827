
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/ngx_openai_clock.h"
#include "view/ngx_openai_events.h"
#include "view/ngx_openai_summary.h"
#include "view/ngx_openai_told.h"


#define NGX_OPENAI_CHANGES_RUNNING  200      /* ms between two states */
#define NGX_OPENAI_CHANGES_STATS    1000
#define NGX_OPENAI_CHANGES_SHOWN    100000   /* us, see below */

/* who is farther behind does better to load the list again */
#define NGX_OPENAI_CHANGES_LAG      500


static void ngx_openai_changes_clear(ngx_openai_viewer_t *v);
static void ngx_openai_changes_records(ngx_openai_viewer_t *v, uint64_t stop);
static ngx_int_t ngx_openai_changes_memory(ngx_openai_viewer_t *v);
static ngx_uint_t ngx_openai_changes_since(ngx_openai_viewer_t *v,
    ngx_uint_t n, uint64_t changes, ngx_openai_ref_t *news);
static int ngx_libc_cdecl ngx_openai_changes_order(const void *one,
    const void *two);
static ngx_int_t ngx_openai_changes_record(ngx_openai_viewer_t *v,
    const ngx_openai_ref_t *ref);
static ngx_int_t ngx_openai_changes_again(ngx_openai_viewer_t *v,
    const ngx_openai_ref_t *ref);
static ngx_int_t ngx_openai_changes_lag(ngx_openai_viewer_t *v,
    ngx_uint_t missed);
static void ngx_openai_changes_running(ngx_openai_viewer_t *v, ngx_uint_t n,
    uint64_t stop);
static void ngx_openai_changes_stats(ngx_openai_viewer_t *v);


void
ngx_openai_changes(ngx_openai_viewer_t *v, uint64_t stop)
{
    ngx_openai_changes_clear(v);

    if (!v->more) {
        ngx_openai_changes_records(v, stop);
    }

    if (!v->more) {
        ngx_openai_changes_stats(v);
    }
}


static void
ngx_openai_changes_clear(ngx_openai_viewer_t *v)
{
    u_char    *start;
    uint64_t   clears;

    clears = ngx_openai_zone_clears(v->call->zone);

    if (clears == v->clears) {
        return;
    }

    start = v->buf->last;

    ngx_openai_event_open(v, "clear", 1);

    if (ngx_openai_event_close(v, start) == NGX_OK) {
        v->clears = clears;
    }
}


static void
ngx_openai_changes_records(ngx_openai_viewer_t *v, uint64_t stop)
{
    uint64_t            changes;
    ngx_uint_t          i, n, since, running;
    ngx_openai_zone_t  *zone;

    static ngx_openai_ref_t  news[NGX_OPENAI_CHANGES_LAG];

    zone = v->call->zone;

    if (v->lagged && ngx_openai_changes_lag(v, 0) != NGX_OK) {
        return;
    }

    changes = ngx_openai_zone_changes(zone);

    running = (ngx_msec_int_t) (ngx_current_msec - v->ran)
              >= NGX_OPENAI_CHANGES_RUNNING;

    if (changes == v->cursor && !running) {
        return;
    }

    v->known = 1;

    if (ngx_openai_threads_update(v->scan->threads, stop) == NGX_AGAIN) {
        v->known = 0;
        running = 0;
    }

    if (ngx_openai_changes_memory(v) != NGX_OK) {
        return;
    }

    n = ngx_openai_reader_news(zone, v->scan->refs, zone->entries, v->cursor);

    since = ngx_openai_changes_since(v, n, changes, news);

    if (since > NGX_OPENAI_CHANGES_LAG) {
        v->cursor = changes;
        (void) ngx_openai_changes_lag(v, since);
        return;
    }

    for (i = 0; i < since; i++) {

        if (ngx_openai_changes_record(v, &news[i]) != NGX_OK) {
            return;
        }

        v->cursor = news[i].change;

        if (ngx_openai_clock_us() >= stop) {
            v->more = (i + 1 < since);
            return;
        }
    }

    v->cursor = changes;

    if (running) {
        ngx_openai_changes_running(v, n, stop);
    }
}


static ngx_int_t
ngx_openai_changes_memory(ngx_openai_viewer_t *v)
{
    ngx_pool_t  *pool;
    ngx_uint_t   entries;

    pool = v->request->pool;
    entries = v->call->zone->entries;

    if (v->scan->refs == NULL) {
        v->scan->refs = ngx_palloc(pool, entries * sizeof(ngx_openai_ref_t));

        if (v->scan->refs == NULL) {
            return NGX_ERROR;
        }
    }

    if (v->running == NULL) {
        v->running = ngx_pcalloc(pool, entries * sizeof(ngx_openai_seen_t));

        if (v->running == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * Those with news, in the order in which they changed; how many there are, of
 * which "news" has room for NGX_OPENAI_CHANGES_LAG.  What changed after
 * "changes" was read waits: of such news the list may have the later and not
 * the earlier.
 */

static ngx_uint_t
ngx_openai_changes_since(ngx_openai_viewer_t *v, ngx_uint_t n,
    uint64_t changes, ngx_openai_ref_t *news)
{
    ngx_uint_t         i, since;
    ngx_openai_ref_t  *refs;

    refs = v->scan->refs;
    since = 0;

    for (i = 0; i < n; i++) {

        if (refs[i].change > v->cursor && refs[i].change <= changes) {

            if (since < NGX_OPENAI_CHANGES_LAG) {
                news[since] = refs[i];
            }

            since++;
        }
    }

    if (since <= NGX_OPENAI_CHANGES_LAG) {
        ngx_qsort(news, since, sizeof(ngx_openai_ref_t),
                  ngx_openai_changes_order);
    }

    return since;
}


static int ngx_libc_cdecl
ngx_openai_changes_order(const void *one, const void *two)
{
    const ngx_openai_ref_t  *a, *b;

    a = one;
    b = two;

    return (a->change > b->change) - (a->change < b->change);
}


/* NGX_AGAIN: it had no room */

static ngx_int_t
ngx_openai_changes_record(ngx_openai_viewer_t *v, const ngx_openai_ref_t *ref)
{
    u_char               *start, *text;
    uint64_t              cursor;
    ngx_int_t             rc;
    ngx_openai_record_t  *rec;

    if (!ref->running && v->query.root == NULL
        && ngx_openai_told(v->call->zone, ref) != NULL)
    {
        return ngx_openai_changes_again(v, ref);
    }

    rec = &v->scan->rec;

    rc = ngx_openai_scan_try(v->scan, ref);

    /* a viewer with a query may have seen it while it ran and matched */

    if (rc == NGX_DONE
        || (rc == NGX_DECLINED
            && (rec->outcome == NGX_OPENAI_RUNNING
                || rec->duration_us < NGX_OPENAI_CHANGES_SHOWN)))
    {
        return NGX_OK;
    }

    start = v->buf->last;

    cursor = v->cursor;
    v->cursor = ngx_max(cursor, ref->change);

    if (rc == NGX_OK) {
        ngx_openai_event_open(v, "record", 1);
        text = v->buf->last;
        ngx_openai_summary(&v->json, rec,
                           ngx_openai_threads_get(v->scan->threads, ref->seq));

        /* its conversation may become known later, and nothing else */

        if (rec->outcome != NGX_OPENAI_RUNNING && !ref->running && v->known
            && !v->json.failed)
        {
            ngx_openai_tell(v->call->zone, ref, text, v->buf->last - text);
        }

    } else {
        ngx_openai_event_open(v, "unmatch", 1);
        ngx_openai_json_key(&v->json, "id");
        ngx_openai_json_text(&v->json, rec->id);
    }

    rc = ngx_openai_event_close(v, start);

    if (rc != NGX_OK) {
        v->cursor = cursor;
    }

    return rc;
}


/* what another viewer has been told */

static ngx_int_t
ngx_openai_changes_again(ngx_openai_viewer_t *v, const ngx_openai_ref_t *ref)
{
    u_char           *start;
    uint64_t          cursor;
    const ngx_str_t  *text;

    text = ngx_openai_told(v->call->zone, ref);

    start = v->buf->last;

    cursor = v->cursor;
    v->cursor = ngx_max(cursor, ref->change);

    ngx_openai_event_open(v, "record", 1);
    ngx_openai_json_raw(&v->json, text->data, text->len);

    if (ngx_openai_event_close(v, start) != NGX_OK) {
        v->cursor = cursor;
        return NGX_AGAIN;
    }

    return NGX_OK;
}


/* 0: nobody knows how many */

static ngx_int_t
ngx_openai_changes_lag(ngx_openai_viewer_t *v, ngx_uint_t missed)
{
    u_char  *start;

    start = v->buf->last;

    ngx_openai_event_open(v, "lag", 1);
    ngx_openai_json_key(&v->json, "missed");
    ngx_openai_json_count(&v->json, missed ? (int64_t) missed : -1);

    v->lagged = (ngx_openai_event_close(v, start) != NGX_OK);

    return v->lagged ? NGX_AGAIN : NGX_OK;
}


/* one after the other, as far as there is time and room: the next turn goes on
   where this one ends */

static void
ngx_openai_changes_running(ngx_openai_viewer_t *v, ngx_uint_t n,
    uint64_t stop)
{
    uint64_t              bytes;
    ngx_uint_t            i;
    ngx_openai_ref_t     *ref;
    ngx_openai_seen_t    *seen;
    ngx_openai_record_t  *rec;

    rec = &v->scan->rec;

    for (i = 0; i < n; i++) {
        ref = &v->scan->refs[i];

        if (!ref->running || ref->slot < v->slot) {
            continue;
        }

        v->slot = ref->slot;

        if (ngx_openai_clock_us() >= stop) {
            return;
        }

        if (ngx_openai_exchange_record(v->call->zone, ref, rec) != NGX_OK
            || rec->outcome != NGX_OPENAI_RUNNING)
        {
            continue;
        }

        bytes = 1 + rec->request_bytes + rec->response_bytes + rec->status;
        seen = &v->running[ref->slot];

        if (seen->seq == rec->seq && seen->bytes == bytes) {
            continue;
        }

        if (ngx_openai_changes_record(v, ref) != NGX_OK) {
            return;
        }

        seen->seq = rec->seq;
        seen->bytes = bytes;
    }

    v->slot = 0;
    v->ran = ngx_current_msec;
}


static void
ngx_openai_changes_stats(ngx_openai_viewer_t *v)
{
    u_char                  *start;
    uint64_t                 errors;
    ngx_uint_t               i;
    ngx_openai_totals_t     *totals;
    ngx_openai_zone_stat_t   stat;

    static ngx_openai_stats_t  stats;

    if ((ngx_msec_int_t) (ngx_current_msec - v->counted)
        < NGX_OPENAI_CHANGES_STATS)
    {
        return;
    }

    v->counted = ngx_current_msec;

    ngx_openai_stats_read(v->call->zone, &stats);
    ngx_openai_zone_stat(v->call->zone, &stat);

    totals = &stats.totals;
    errors = 0;

    for (i = NGX_OPENAI_RUNNING + 1; i < NGX_OPENAI_OUTCOMES; i++) {
        if (i != NGX_OPENAI_OK && i != NGX_OPENAI_CLIENT_ABORTED
            && i != NGX_OPENAI_UPGRADED)
        {
            errors += totals->by_outcome[i];
        }
    }

    if (totals->sums.requests == v->requests && stat.running == v->in_flight
        && errors == v->errors)
    {
        return;
    }

    start = v->buf->last;

    ngx_openai_event_open(v, "stats", 1);
    ngx_openai_json_key(&v->json, "requests");
    ngx_openai_json_int(&v->json, totals->sums.requests);
    ngx_openai_json_key(&v->json, "in_flight");
    ngx_openai_json_int(&v->json, stat.running);
    ngx_openai_json_key(&v->json, "errors");
    ngx_openai_json_int(&v->json, errors);

    if (ngx_openai_event_close(v, start) == NGX_OK) {
        v->requests = totals->sums.requests;
        v->in_flight = stat.running;
        v->errors = errors;
    }
}
