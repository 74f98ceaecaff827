
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The connections of the live feed: it accepts viewers, gives each of them a
 * buffer, and shares the time of a tick among them. view.c calls
 * ngx_openai_feed(); changes.c and watch.c fill the buffers.
 *
 * Invariants: a viewer is in exactly one of the two queues while it is linked;
 * the timer is set while there are viewers; a buffer that is on its way to the
 * client is never written to.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/answer/clock.h"
#include "view/live/feed.h"
#include "view/live/news.h"
#include "view/live/told.h"
#include "view/query/ask.h"


#define NGX_OPENAI_VIEWERS_MAX    64       /* of one worker */
#define NGX_OPENAI_VIEWERS_INTERVAL   100      /* ms */
#define NGX_OPENAI_VIEWERS_HEARTBEAT  15000
#define NGX_OPENAI_VIEWERS_BUFFER     65536
#define NGX_OPENAI_VIEWERS_BUDGET     2000     /* us of one tick */
#define NGX_OPENAI_VIEWERS_PATIENCE   50000    /* us, for conversations */

/* us; an event loop with nothing to do turns in less than this */
#define NGX_OPENAI_VIEWERS_IDLE       5


static ngx_int_t ngx_openai_viewer_args(ngx_openai_viewer_t *v);
static void ngx_openai_viewer_cursor(ngx_openai_viewer_t *v);
static ngx_int_t ngx_openai_viewer_header(ngx_http_request_t *r);
static void ngx_openai_viewer_hello(ngx_openai_viewer_t *v);
static void ngx_openai_viewer_link(ngx_openai_viewer_t *v);
static void ngx_openai_viewer_unlink(void *data);
static void ngx_openai_viewers_timer(ngx_event_t *ev);
static void ngx_openai_viewers_end(void);
static void ngx_openai_viewers_handler(ngx_event_t *ev);
static ngx_int_t ngx_openai_viewers_begin(ngx_openai_feed_slice_t *slice);
static void ngx_openai_viewers_turn(const ngx_openai_feed_slice_t *slice);
static ngx_int_t ngx_openai_viewer_step(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice);
static ngx_int_t ngx_openai_viewer_buffer(ngx_openai_viewer_t *v);
static ngx_int_t ngx_openai_viewer_flush(ngx_openai_viewer_t *v);
static ngx_int_t ngx_openai_viewer_sent(ngx_openai_viewer_t *v);
static void ngx_openai_viewer_writer(ngx_http_request_t *r);
static ngx_openai_viewer_t *ngx_openai_viewer_of(ngx_http_request_t *r);


/*
 * The viewers of this worker share one timer, which is set while there are
 * viewers. At a tick all viewers are due. They run in slices, one in each turn
 * of the event loop, until all have been told what there was at the tick, or
 * the budget of the tick is used up. Viewers that are still due then come first
 * at the next tick.
 */

static ngx_queue_t       ngx_openai_viewers = {
    &ngx_openai_viewers, &ngx_openai_viewers
};
static ngx_queue_t       ngx_openai_viewers_due = {
    &ngx_openai_viewers_due, &ngx_openai_viewers_due
};
static ngx_uint_t        ngx_openai_nviewers;
static ngx_event_t       ngx_openai_viewers_event;
static ngx_event_t       ngx_openai_viewers_slice;
static ngx_connection_t  ngx_openai_viewers_dumb;


/* of the current tick; us of the clock */

static struct {
    uint64_t             began;
    uint64_t             used;        /* of the budget */
    uint64_t             length;      /* of the last slice … */
    uint64_t             ended;       /* … and when that was */
} ngx_openai_viewers_tick;


ngx_int_t
ngx_openai_feed(ngx_openai_call_t *call)
{
    ngx_int_t             rc;
    ngx_http_cleanup_t   *cln;
    ngx_http_request_t   *r;
    ngx_openai_viewer_t  *v;

    r = call->request;

    if (ngx_openai_nviewers >= NGX_OPENAI_VIEWERS_MAX) {
        (void) ngx_openai_refuse(call, NGX_HTTP_SERVICE_UNAVAILABLE, "busy",
                                 "too many viewers");
        return call->rc;
    }

    cln = ngx_http_cleanup_add(r, sizeof(ngx_openai_viewer_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    v = cln->data;
    ngx_memzero(v, sizeof(ngx_openai_viewer_t));

    v->request = r;
    v->call = call;

    cln->handler = ngx_openai_viewer_unlink;

    if (ngx_openai_viewer_args(v) != NGX_OK) {
        return call->rc;
    }

    rc = ngx_openai_viewer_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    if (ngx_openai_viewer_buffer(v) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_openai_viewer_hello(v);

    if (ngx_openai_viewer_flush(v) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_openai_viewer_link(v);

    r->main->count++;

    return NGX_DONE;
}


static ngx_int_t
ngx_openai_viewer_args(ngx_openai_viewer_t *v)
{
    ngx_openai_call_t  *call;

    call = v->call;

    if (ngx_openai_ask(call, &v->query) != NGX_OK
        || ngx_openai_watch_start(v) != NGX_OK)
    {
        return NGX_ABORT;
    }

    v->search = ngx_openai_search_create(call->request->pool, call->zone,
                                         call->conf->body_max, &v->query);
    if (v->search == NULL) {
        return ngx_openai_no_memory(call);
    }

    ngx_openai_viewer_cursor(v);

    return NGX_OK;
}


/* An event's id holds 48 bits of the zone's key and the count of its changes.
   A reload that resizes the zone copies the records and the count, but leaves
   the running records behind: only the key tells a viewer of that. */

static void
ngx_openai_viewer_cursor(ngx_openai_viewer_t *v)
{
    u_char     *p, *last;
    ngx_str_t  *id;
    ngx_int_t   origin, cursor;

    v->origin = ngx_openai_zone_key(v->call->zone) >> 16;
    v->cursor = ngx_openai_zone_changes(v->call->zone);
    v->clears = ngx_openai_zone_clears(v->call->zone);

    id = ngx_openai_header_in(v->request, "Last-Event-ID");

    if (id == NULL || id->len == 0) {
        return;
    }

    last = id->data + id->len;
    p = memchr(id->data, '-', id->len);

    if (p != NULL) {
        origin = ngx_hextoi(id->data, p - id->data);
        cursor = ngx_atoi(p + 1, last - p - 1);

        if (origin != NGX_ERROR && cursor != NGX_ERROR
            && (uint64_t) origin == v->origin
            && (uint64_t) cursor <= v->cursor)
        {
            v->cursor = cursor;
            return;
        }
    }

    /* the cursor is of another zone, perhaps of the time before a restart */

    v->lagged = 1;
}


static ngx_int_t
ngx_openai_viewer_header(ngx_http_request_t *r)
{
    ngx_http_core_loc_conf_t  *clcf;

    r->headers_out.status = NGX_HTTP_OK;
    ngx_openai_set_type(r, "text/event-stream");

    ngx_http_clear_content_length(r);

    if (ngx_openai_headers(r, "no-store") != NGX_OK
        || ngx_openai_header(r, "X-Accel-Buffering", "no") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

#if (NGX_HTTP_GZIP)

    /* small pieces that must arrive at once do not compress */

    r->gzip_tested = 1;
    r->gzip_ok = 0;

#endif

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->tcp_nodelay && ngx_tcp_nodelay(r->connection) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_send_header(r);
}


static void
ngx_openai_viewer_hello(ngx_openai_viewer_t *v)
{
    u_char                       *start, id[64];
    ngx_time_t                   *tp;
    ngx_openai_json_t            *json;
    ngx_http_openai_view_conf_t  *conf;

    tp = ngx_timeofday();
    json = &v->json;
    conf = v->call->conf;
    start = v->buf->last;

    ngx_openai_feed_open(v, "hello", 1);

    ngx_openai_json_key(json, "version");
    ngx_openai_json_text(json, NGX_OPENAI_VERSION);
    ngx_openai_json_key(json, "cursor");
    ngx_openai_json_string(json, id, ngx_sprintf(id, "%xL-%uL", v->origin,
                                                 v->cursor) - id);
    ngx_openai_json_key(json, "page_size");
    ngx_openai_json_int(json, conf->page_size);
    ngx_openai_json_key(json, "proxy");

    if (conf->proxy.len) {
        ngx_openai_json_string(json, conf->proxy.data, conf->proxy.len);

    } else {
        ngx_openai_json_null(json);
    }

    ngx_openai_json_key(json, "zone");
    ngx_openai_json_string(json, v->call->zone->name.data,
                           v->call->zone->name.len);
    ngx_openai_json_key(json, "now");
    ngx_openai_json_time(json, (uint64_t) tp->sec * 1000 + tp->msec);

    (void) ngx_openai_feed_close(v, start);
}


static void
ngx_openai_viewer_link(ngx_openai_viewer_t *v)
{
    ngx_event_t         *ev;
    ngx_http_request_t  *r;

    r = v->request;

    r->write_event_handler = ngx_openai_viewer_writer;

    if (!r->discard_body) {
        r->read_event_handler = ngx_http_test_reading;
    }

    ngx_queue_insert_tail(&ngx_openai_viewers, &v->queue);
    ngx_openai_nviewers++;
    v->linked = 1;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "openai monitor: viewer %ui opened at change %uL",
                   ngx_openai_nviewers, v->cursor);

    ev = &ngx_openai_viewers_event;

    if (ev->timer_set) {
        return;
    }

    /* The timer is not cancelable: at the next tick it ends the streams of
       an exiting worker, which must not be cut before that. */

    ngx_openai_viewers_dumb.fd = (ngx_socket_t) -1;

    ev->handler = ngx_openai_viewers_timer;
    ev->data = &ngx_openai_viewers_dumb;
    ev->log = ngx_cycle->log;

    ngx_add_timer(ev, NGX_OPENAI_VIEWERS_INTERVAL);
}


static void
ngx_openai_viewer_unlink(void *data)
{
    ngx_openai_viewer_t *v = data;

    if (!v->linked) {
        return;
    }

    ngx_queue_remove(&v->queue);
    ngx_openai_nviewers--;
    v->linked = 0;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, v->request->connection->log, 0,
                   "openai monitor: viewer closed at change %uL, %ui left",
                   v->cursor, ngx_openai_nviewers);

    if (ngx_openai_nviewers) {
        return;
    }

    ngx_openai_told_forget();
    ngx_openai_news_forget();

    if (ngx_openai_viewers_event.timer_set) {
        ngx_del_timer(&ngx_openai_viewers_event);
    }

    if (ngx_openai_viewers_slice.posted) {
        ngx_delete_posted_event(&ngx_openai_viewers_slice);
    }
}


static void
ngx_openai_viewers_timer(ngx_event_t *ev)
{
    ngx_queue_t          *q, *due;
    ngx_openai_viewer_t  *v;

    due = &ngx_openai_viewers_due;

    /* the log of a former cycle is gone after a reload of a single process */

    ev->log = ngx_cycle->log;

    if (!ngx_queue_empty(&ngx_openai_viewers)) {
        ngx_queue_add(due, &ngx_openai_viewers);
        ngx_queue_init(&ngx_openai_viewers);
    }

    if (ngx_exiting || ngx_terminate) {
        ngx_openai_viewers_end();
        return;
    }

    ngx_openai_news_expire();

    for (q = ngx_queue_head(due); q != ngx_queue_sentinel(due);
         q = ngx_queue_next(q))
    {
        v = ngx_queue_data(q, ngx_openai_viewer_t, queue);
        v->upto = ngx_openai_zone_changes(v->call->zone);
    }

    ngx_memzero(&ngx_openai_viewers_tick, sizeof(ngx_openai_viewers_tick));
    ngx_openai_viewers_tick.began = ngx_openai_clock_us();

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "openai monitor: tick of %ui viewers", ngx_openai_nviewers);

    ngx_openai_viewers_slice.handler = ngx_openai_viewers_handler;
    ngx_openai_viewers_slice.log = ngx_cycle->log;

    if (!ngx_openai_viewers_slice.posted) {
        ngx_post_event(&ngx_openai_viewers_slice, &ngx_posted_next_events);
    }

    ngx_add_timer(ev, NGX_OPENAI_VIEWERS_INTERVAL);
}


static void
ngx_openai_viewers_end(void)
{
    ngx_int_t             rc;
    ngx_queue_t          *q;
    ngx_connection_t     *c;
    ngx_http_request_t   *r;
    ngx_openai_viewer_t  *v;

    while (!ngx_queue_empty(&ngx_openai_viewers_due)) {
        q = ngx_queue_head(&ngx_openai_viewers_due);
        v = ngx_queue_data(q, ngx_openai_viewer_t, queue);

        r = v->request;
        c = r->connection;

        ngx_http_set_log_request(c->log, r);

        ngx_openai_viewer_unlink(v);
        rc = ngx_http_send_special(r, NGX_HTTP_LAST);

        ngx_http_finalize_request(r, rc);
        ngx_http_run_posted_requests(c);
    }
}


static void
ngx_openai_viewers_handler(ngx_event_t *ev)
{
    uint64_t                  began;
    ngx_openai_feed_slice_t   slice;

    if (ngx_openai_viewers_begin(&slice) != NGX_OK) {
        return;
    }

    began = ngx_openai_clock_us();
    slice.stop = began + NGX_OPENAI_TELL_US;

    ngx_openai_viewers_turn(&slice);

    ngx_openai_viewers_tick.ended = ngx_openai_clock_us();
    ngx_openai_viewers_tick.length = ngx_openai_viewers_tick.ended - began;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "openai monitor: slice of the viewers, %uL us",
                   ngx_openai_viewers_tick.length);

    /* in the next turn, because events that are ready for others come first */

    if (!ngx_queue_empty(&ngx_openai_viewers_due)) {
        ngx_post_event(ev, &ngx_posted_next_events);
    }
}


/* NGX_DECLINED: the tick's budget is used up. A slice counts only when
   other events were ready after it, because otherwise nobody waited for it. */

static ngx_int_t
ngx_openai_viewers_begin(ngx_openai_feed_slice_t *slice)
{
    uint64_t  now;

    now = ngx_openai_clock_us();

    if (now - ngx_openai_viewers_tick.ended > NGX_OPENAI_VIEWERS_IDLE) {
        ngx_openai_viewers_tick.used += ngx_openai_viewers_tick.length;
    }

    if (ngx_openai_viewers_tick.used >= NGX_OPENAI_VIEWERS_BUDGET) {
        return NGX_DECLINED;
    }

    slice->tick = ngx_openai_viewers_tick.began;

    slice->late = ngx_openai_viewers_tick.used >= NGX_OPENAI_VIEWERS_BUDGET / 2
                  || now - slice->tick >= NGX_OPENAI_VIEWERS_PATIENCE;

    return NGX_OK;
}


/* Runs as many viewers as there is time for. A viewer that has more to be
   told goes to the end of the queue, so that all viewers need the same
   texts at the same time. */

static void
ngx_openai_viewers_turn(const ngx_openai_feed_slice_t *slice)
{
    ngx_int_t             rc;
    ngx_queue_t          *q;
    ngx_connection_t     *c;
    ngx_http_request_t   *r;
    ngx_openai_viewer_t  *v;

    while (!ngx_queue_empty(&ngx_openai_viewers_due)) {
        q = ngx_queue_head(&ngx_openai_viewers_due);
        v = ngx_queue_data(q, ngx_openai_viewer_t, queue);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&ngx_openai_viewers, q);

        r = v->request;
        c = r->connection;

        ngx_http_set_log_request(c->log, r);

        rc = ngx_openai_viewer_step(v, slice);

        if (rc == NGX_AGAIN) {
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&ngx_openai_viewers_due, q);
            return;
        }

        if (rc != NGX_OK) {
            ngx_http_finalize_request(r, rc);
            ngx_http_run_posted_requests(c);
        }

        if (ngx_openai_clock_us() >= slice->stop) {
            return;
        }
    }
}


/* fills and sends one buffer; NGX_AGAIN: there is more; NGX_ERROR: the
   viewer is lost */

static ngx_int_t
ngx_openai_viewer_step(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice)
{
    ngx_uint_t  more;

    /* a reload removed the zone: the client reconnects to the new one */

    if (ngx_openai_zone_key(v->call->zone) >> 16 != v->origin) {
        return NGX_ERROR;
    }

    /* the last buffer is still being sent */

    if (v->busy != NULL) {
        return NGX_OK;
    }

    if (ngx_openai_viewer_buffer(v) != NGX_OK) {
        return NGX_ERROR;
    }

    v->more = 0;
    v->cut = 0;
    v->begun = 0;

    ngx_openai_changes(v, slice);

    if (!v->more && !v->cut) {
        ngx_openai_watch(v, slice);
    }

    if (v->buf->last == v->buf->pos
        && (ngx_msec_int_t) (ngx_current_msec - v->spoke)
           >= NGX_OPENAI_VIEWERS_HEARTBEAT)
    {
        ngx_openai_json_literal(&v->json, ": still here\n\n");
    }

    /* an event that does not fit into an empty buffer would come again for
       ever */

    more = v->cut || (v->more && v->buf->last != v->buf->pos);

    if (ngx_openai_viewer_flush(v) != NGX_OK) {
        return NGX_ERROR;
    }

    return (more && v->busy == NULL) ? NGX_AGAIN : NGX_OK;
}


/* gives the viewer its buffer, empty */

static ngx_int_t
ngx_openai_viewer_buffer(ngx_openai_viewer_t *v)
{
    ngx_pool_t   *pool;
    ngx_chain_t  *cl;

    pool = v->request->pool;

    if (v->free == NULL) {
        cl = ngx_alloc_chain_link(pool);
        if (cl == NULL) {
            return NGX_ERROR;
        }

        cl->buf = ngx_create_temp_buf(pool, NGX_OPENAI_VIEWERS_BUFFER);
        if (cl->buf == NULL) {
            return NGX_ERROR;
        }

        cl->next = NULL;
        v->free = cl;
    }

    v->buf = v->free->buf;
    v->buf->pos = v->buf->start;
    v->buf->last = v->buf->start;

    ngx_openai_json_init_fixed(&v->json, v->buf);

    return NGX_OK;
}


static ngx_int_t
ngx_openai_viewer_flush(ngx_openai_viewer_t *v)
{
    ngx_chain_t  *out;

    if (v->buf->pos == v->buf->last) {
        return NGX_OK;
    }

    out = v->free;
    v->free = out->next;
    out->next = NULL;

    v->buf->tag = (ngx_buf_tag_t) &ngx_openai_viewers;
    v->buf->flush = 1;
    v->spoke = ngx_current_msec;

    if (ngx_http_output_filter(v->request, out) == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_chain_update_chains(v->request->pool, &v->free, &v->busy, &out,
                            (ngx_buf_tag_t) &ngx_openai_viewers);

    return ngx_openai_viewer_sent(v);
}


/* waits for the socket while something is left to send */

static ngx_int_t
ngx_openai_viewer_sent(ngx_openai_viewer_t *v)
{
    ngx_event_t               *wev;
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = v->request;
    c = r->connection;
    wev = c->write;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (r->buffered || c->buffered) {

        if (!wev->delayed && !wev->timer_set) {
            ngx_add_timer(wev, clcf->send_timeout);
        }

    } else if (wev->timer_set && !wev->delayed) {
        ngx_del_timer(wev);
    }

    return ngx_handle_write_event(wev, clcf->send_lowat);
}


static void
ngx_openai_viewer_writer(ngx_http_request_t *r)
{
    ngx_chain_t          *none;
    ngx_event_t          *wev;
    ngx_openai_viewer_t  *v;

    wev = r->connection->write;

    if (wev->timedout) {
        r->connection->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    v = ngx_openai_viewer_of(r);

    if (v == NULL || wev->delayed) {
        return;
    }

    if (ngx_http_output_filter(r, NULL) == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    none = NULL;

    ngx_chain_update_chains(r->pool, &v->free, &v->busy, &none,
                            (ngx_buf_tag_t) &ngx_openai_viewers);

    if (ngx_openai_viewer_sent(v) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}


static ngx_openai_viewer_t *
ngx_openai_viewer_of(ngx_http_request_t *r)
{
    ngx_http_cleanup_t  *cln;

    for (cln = r->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_openai_viewer_unlink) {
            return cln->data;
        }
    }

    return NULL;
}
