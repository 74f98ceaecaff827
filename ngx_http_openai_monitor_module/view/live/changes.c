
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * What is new for a viewer: records that began, run or ended, a cleared zone,
 * evicted records and the counters. viewers.c calls ngx_openai_changes() once
 * for each slice of a viewer.
 *
 * Invariants: v->cursor is the last change of which the viewer knows
 * everything; an event that did not fit moves no cursor.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/live/feed.h"
#include "view/live/news.h"
#include "view/record/summary.h"
#include "view/live/told.h"


#define NGX_OPENAI_CHANGES_RUNNING  200      /* ms between two states */
#define NGX_OPENAI_CHANGES_STATS    1000
#define NGX_OPENAI_CHANGES_SHOWN    100000   /* us, see below */
#define NGX_OPENAI_CHANGES_ROOM     2048     /* bytes a record needs */


static void ngx_openai_changes_clear(ngx_openai_viewer_t *v);
static void ngx_openai_changes_records(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice);
static ngx_int_t ngx_openai_changes_news(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice, const ngx_openai_news_t *news);
static ngx_uint_t ngx_openai_changes_runs(ngx_openai_viewer_t *v,
    const ngx_openai_ref_t *ref);
static ngx_int_t ngx_openai_changes_record(ngx_openai_viewer_t *v,
    const ngx_openai_ref_t *ref);
static ngx_int_t ngx_openai_changes_again(ngx_openai_viewer_t *v,
    const ngx_openai_ref_t *ref);
static ngx_int_t ngx_openai_changes_lag(ngx_openai_viewer_t *v,
    ngx_uint_t missed);
static void ngx_openai_changes_running(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice, const ngx_openai_news_t *news);
static void ngx_openai_changes_seen(ngx_openai_viewer_t *v,
    const ngx_openai_ref_t *ref, ngx_openai_seen_t *seen);
static void ngx_openai_changes_counts(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice);
static void ngx_openai_changes_gone(ngx_openai_viewer_t *v, uint64_t evicted);
static void ngx_openai_changes_stats(ngx_openai_viewer_t *v,
    const ngx_openai_zone_stat_t *stat);


void
ngx_openai_changes(ngx_openai_viewer_t *v, const ngx_openai_feed_slice_t *slice)
{
    ngx_openai_changes_clear(v);

    if (!v->more) {
        ngx_openai_changes_records(v, slice);
    }

    if (!v->more && !v->cut) {
        ngx_openai_changes_counts(v, slice);
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

    ngx_openai_feed_open(v, "clear", 1);

    if (ngx_openai_feed_close(v, start) == NGX_OK) {
        v->clears = clears;
    }
}


static void
ngx_openai_changes_records(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice)
{
    ngx_uint_t                running;
    const ngx_openai_news_t  *news;

    if (v->lagged && ngx_openai_changes_lag(v, 0) != NGX_OK) {
        return;
    }

    running = (ngx_msec_int_t) (ngx_current_msec - v->ran)
              >= NGX_OPENAI_CHANGES_RUNNING;

    if (v->upto <= v->cursor && !running) {
        return;
    }

    v->known = (ngx_openai_threads_update(v->search->threads, slice->tick,
                                          slice->stop)
                == NGX_OK);

    /* a record sent without its conversation id is never re-sent with it,
       so wait until conversations are known */

    if (!v->known && !slice->late) {
        v->cut = 1;
        return;
    }

    if (v->running == NULL) {
        v->running = ngx_pcalloc(v->request->pool, v->call->zone->entries
                                                   * sizeof(ngx_openai_seen_t));
        if (v->running == NULL) {
            return;
        }
    }

    news = ngx_openai_news(v->call->zone, v->cursor, v->upto);

    if (news == NULL || ngx_openai_changes_news(v, slice, news) != NGX_OK) {
        return;
    }

    if (running) {
        ngx_openai_changes_running(v, slice, news);
    }
}


/* NGX_AGAIN: time or room ran out before all of them */

static ngx_int_t
ngx_openai_changes_news(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice, const ngx_openai_news_t *news)
{
    ngx_uint_t               i;
    const ngx_openai_ref_t  *ref;

    if (news->nchanged > NGX_OPENAI_NEWS_MAX) {
        v->cursor = v->upto;
        return ngx_openai_changes_lag(v, news->nchanged);
    }

    for (i = 0; i < news->nchanged; i++) {
        ref = &news->changed[i];

        if (ref->change <= v->cursor) {
            continue;
        }

        if (ngx_openai_feed_stop(v, slice)) {
            return NGX_AGAIN;
        }

        /* if it has ended since it was listed, its end is a change to come */

        if (!ref->running || ngx_openai_changes_runs(v, ref)) {

            if (ngx_openai_changes_record(v, ref) != NGX_OK) {
                return NGX_AGAIN;
            }

            if (ref->running) {
                ngx_openai_changes_seen(v, ref, &v->running[ref->slot]);
            }
        }

        v->cursor = ref->change;
    }

    v->cursor = v->upto;

    return NGX_OK;
}


/* reads the record into search->rec; 1 while it runs */

static ngx_uint_t
ngx_openai_changes_runs(ngx_openai_viewer_t *v, const ngx_openai_ref_t *ref)
{
    ngx_openai_record_t  *rec;

    rec = &v->search->rec;

    return ngx_openai_read_record(v->call->zone, ref, rec) == NGX_OK
           && rec->outcome == NGX_OPENAI_RUNNING;
}


/* NGX_AGAIN: no room, or no memory to match it */

static ngx_int_t
ngx_openai_changes_record(ngx_openai_viewer_t *v, const ngx_openai_ref_t *ref)
{
    u_char               *start, *text;
    uint64_t              cursor;
    ngx_int_t             rc;
    ngx_openai_record_t  *rec;

    /* when the buffer is nearly full, leave the record to the next buffer */

    if (v->buf->end - v->buf->last < NGX_OPENAI_CHANGES_ROOM
        && v->buf->last > v->buf->pos)
    {
        v->more = 1;
        return NGX_AGAIN;
    }

    if (!ref->running && v->query.root == NULL
        && ngx_openai_told(v->call->zone, ref, v->known) != NULL)
    {
        return ngx_openai_changes_again(v, ref);
    }

    rec = &v->search->rec;

    rc = ngx_openai_search_try(v->search, ref);

    /* no memory: go on from here at the next tick */

    if (rc == NGX_ERROR) {
        return NGX_AGAIN;
    }

    /* a viewer with a query may have seen the record while it ran and
       matched, so tell it that it no longer does */

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
        ngx_openai_feed_open(v, "record", 1);
        text = v->buf->last;
        ngx_openai_summary(&v->json, v->search->record,
                           ngx_openai_threads_get(v->search->threads,
                                                  ref->seq));

        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, v->request->connection->log, 0,
                       "openai monitor: text of %s, %s", rec->id,
                       ref->running ? "which runs" : "which has ended");

        /* nothing but the conversation may change later */

        if (rec->outcome != NGX_OPENAI_RUNNING && !ref->running
            && !v->json.failed)
        {
            ngx_openai_tell(v->call->zone, ref, text, v->buf->last - text,
                            v->known);
        }

    } else {
        ngx_openai_feed_open(v, "unmatch", 1);
        ngx_openai_json_key(&v->json, "id");
        ngx_openai_json_text(&v->json, rec->id);
    }

    rc = ngx_openai_feed_close(v, start);

    if (rc != NGX_OK) {
        v->cursor = cursor;
    }

    return rc;
}


/* sends the text that another viewer was sent */

static ngx_int_t
ngx_openai_changes_again(ngx_openai_viewer_t *v, const ngx_openai_ref_t *ref)
{
    u_char           *start;
    uint64_t          cursor;
    const ngx_str_t  *text;

    text = ngx_openai_told(v->call->zone, ref, v->known);

    start = v->buf->last;

    cursor = v->cursor;
    v->cursor = ngx_max(cursor, ref->change);

    ngx_openai_feed_open(v, "record", 1);
    ngx_openai_json_raw(&v->json, text->data, text->len);

    if (ngx_openai_feed_close(v, start) != NGX_OK) {
        v->cursor = cursor;
        return NGX_AGAIN;
    }

    return NGX_OK;
}


/* 0: the number is unknown */

static ngx_int_t
ngx_openai_changes_lag(ngx_openai_viewer_t *v, ngx_uint_t missed)
{
    u_char  *start;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, v->request->connection->log, 0,
                   "openai monitor: viewer lags, it missed %ui up to %uL",
                   missed, v->upto);

    start = v->buf->last;

    ngx_openai_feed_open(v, "lag", 1);
    ngx_openai_json_key(&v->json, "missed");
    ngx_openai_json_count(&v->json, missed ? (int64_t) missed : -1);

    v->lagged = (ngx_openai_feed_close(v, start) != NGX_OK);

    return v->lagged ? NGX_AGAIN : NGX_OK;
}


/* Sends running records until time or room ends; the next slice goes on
   with the next slot. Records that began since the tick are news of the
   next tick. */

static void
ngx_openai_changes_running(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice, const ngx_openai_news_t *news)
{
    ngx_uint_t               i;
    ngx_openai_seen_t       *seen, now;
    const ngx_openai_ref_t  *ref;

    for (i = 0; i < news->nrefs; i++) {
        ref = &news->refs[i];

        if (!ref->running || ref->slot < v->slot || ref->change > v->upto) {
            continue;
        }

        v->slot = ref->slot;

        if (ngx_openai_feed_stop(v, slice)) {
            return;
        }

        if (!ngx_openai_changes_runs(v, ref)) {
            continue;
        }

        ngx_openai_changes_seen(v, ref, &now);
        seen = &v->running[ref->slot];

        if (seen->seq == now.seq && seen->bytes == now.bytes) {
            continue;
        }

        if (ngx_openai_changes_record(v, ref) != NGX_OK) {
            return;
        }

        *seen = now;
    }

    v->slot = 0;
    v->ran = ngx_current_msec;
}


/* the state of the record that was read last */

static void
ngx_openai_changes_seen(ngx_openai_viewer_t *v, const ngx_openai_ref_t *ref,
    ngx_openai_seen_t *seen)
{
    ngx_openai_record_t  *rec;

    rec = &v->search->rec;

    seen->seq = ref->seq;
    seen->bytes = 1 + rec->request_bytes + rec->response_bytes + rec->status;
}


static void
ngx_openai_changes_counts(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice)
{
    ngx_openai_zone_stat_t  stat;

    if ((ngx_msec_int_t) (ngx_current_msec - v->counted)
        < NGX_OPENAI_CHANGES_STATS)
    {
        return;
    }

    if (ngx_openai_feed_stop(v, slice)) {
        return;
    }

    v->counted = ngx_current_msec;

    ngx_openai_zone_stat(v->call->zone, &stat);

    ngx_openai_changes_gone(v, stat.evicted);

    if (!v->more) {
        ngx_openai_changes_stats(v, &stat);
    }
}


/* One moment stands for all evicted records, so a viewer that missed an
   event misses nothing. Records of the last millisecond are told the next
   time. */

static void
ngx_openai_changes_gone(ngx_openai_viewer_t *v, uint64_t evicted)
{
    u_char               *start;
    ngx_openai_record_t  *rec;

    rec = &v->search->rec;

    if (evicted == v->evicted
        || ngx_openai_reader_oldest(v->call->zone, rec) != NGX_OK)
    {
        return;
    }

    start = v->buf->last;

    ngx_openai_feed_open(v, "gone", 1);
    ngx_openai_json_key(&v->json, "before");
    ngx_openai_json_time(&v->json, rec->started_ms
                                   + ngx_max(rec->duration_us, 0) / 1000);

    if (ngx_openai_feed_close(v, start) == NGX_OK) {
        v->evicted = evicted;
    }
}


static void
ngx_openai_changes_stats(ngx_openai_viewer_t *v,
    const ngx_openai_zone_stat_t *stat)
{
    u_char               *start;
    uint64_t              errors;
    ngx_uint_t            i;
    ngx_openai_totals_t  *totals;

    static ngx_openai_stats_t  stats;

    ngx_openai_stats_read(v->call->zone, &stats);

    totals = &stats.totals;
    errors = 0;

    for (i = NGX_OPENAI_RUNNING + 1; i < NGX_OPENAI_OUTCOMES; i++) {
        if (i != NGX_OPENAI_OK && i != NGX_OPENAI_CLIENT_ABORTED
            && i != NGX_OPENAI_UPGRADED)
        {
            errors += totals->by_outcome[i];
        }
    }

    if (totals->sums.requests == v->requests && stat->running == v->in_flight
        && errors == v->errors)
    {
        return;
    }

    start = v->buf->last;

    ngx_openai_feed_open(v, "stats", 1);
    ngx_openai_json_key(&v->json, "requests");
    ngx_openai_json_int(&v->json, totals->sums.requests);
    ngx_openai_json_key(&v->json, "in_flight");
    ngx_openai_json_int(&v->json, stat->running);
    ngx_openai_json_key(&v->json, "errors");
    ngx_openai_json_int(&v->json, errors);

    if (ngx_openai_feed_close(v, start) == NGX_OK) {
        v->requests = totals->sums.requests;
        v->in_flight = stat->running;
        v->errors = errors;
    }
}
