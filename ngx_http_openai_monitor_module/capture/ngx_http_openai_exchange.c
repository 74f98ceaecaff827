
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/ngx_http_openai_capture.h"
#include "capture/ngx_http_openai_veil.h"


#define NGX_HTTP_OPENAI_PUBLISH_MS  100
#define NGX_HTTP_OPENAI_SWEEP_MS    100


static ngx_http_openai_exchange_t *ngx_http_openai_exchange_create(
    ngx_http_request_t *r, ngx_http_openai_capture_conf_t *conf);
static ngx_int_t ngx_http_openai_exchange_wanted(ngx_http_request_t *r,
    ngx_http_openai_capture_conf_t *conf);
static void ngx_http_openai_exchange_start(ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_exchange_early_body(
    ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_exchange_early_file(
    ngx_http_openai_exchange_t *ex, ngx_buf_t *b);
static void ngx_http_openai_exchange_keep_request(
    ngx_http_openai_exchange_t *ex, u_char *data, size_t len);
static void ngx_http_openai_exchange_keep_response(
    ngx_http_openai_exchange_t *ex, u_char *data, size_t len);
static void ngx_http_openai_exchange_mark(ngx_http_openai_exchange_t *ex,
    uint64_t age);
static size_t ngx_http_openai_exchange_append(ngx_http_openai_exchange_t *ex,
    ngx_openai_chain_e chain, u_char *data, size_t len);
static void ngx_http_openai_exchange_cleanup(void *data);
static void ngx_http_openai_exchange_sweep(ngx_event_t *ev);
static void ngx_http_openai_exchange_due(ngx_event_t *ev);
static void ngx_http_openai_exchange_settle(ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_exchange_write(ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_exchange_process(void);
static void ngx_http_openai_exchange_cancel(ngx_http_openai_exchange_t *ex);
static uint64_t ngx_http_openai_now_us(void);
static uint64_t ngx_http_openai_exchange_age(ngx_http_openai_exchange_t *ex);


/* of this process: what runs, the timer that looks after it, and what is to be
   published when the event loop's turn ends */

static ngx_queue_t       ngx_http_openai_running;
static ngx_queue_t       ngx_http_openai_due;
static ngx_event_t       ngx_http_openai_due_event;
static ngx_event_t       ngx_http_openai_sweep_event;
static ngx_connection_t  ngx_http_openai_sweep_connection;


static uint64_t
ngx_http_openai_now_us(void)
{
    struct timespec  ts;

    if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1) {
        return (uint64_t) ngx_current_msec * 1000;
    }

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


static uint64_t
ngx_http_openai_exchange_age(ngx_http_openai_exchange_t *ex)
{
    uint64_t  now;

    now = ngx_http_openai_now_us();

    return (now > ex->start_us) ? now - ex->start_us : 0;
}


/* the context of a request whose location does not want it recorded: the
   condition is asked once */

static ngx_http_openai_exchange_t  ngx_http_openai_declined;


ngx_http_openai_exchange_t *
ngx_http_openai_exchange(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t          *cln;
    ngx_http_openai_exchange_t  *ex;

    ex = ngx_http_get_module_ctx(r, ngx_http_openai_monitor_module);

    if (ex == NULL && (r->internal || r->filter_finalize)) {

        /* an internal redirect has wiped the context */

        for (cln = r->pool->cleanup; cln; cln = cln->next) {

            if (cln->handler == ngx_http_openai_exchange_cleanup) {
                ex = cln->data;
                ngx_http_set_ctx(r, ex, ngx_http_openai_monitor_module);
                break;
            }
        }
    }

    return (ex == &ngx_http_openai_declined) ? NULL : ex;
}


ngx_http_openai_exchange_t *
ngx_http_openai_exchange_begin(ngx_http_request_t *r)
{
    ngx_http_openai_exchange_t      *ex;
    ngx_http_openai_capture_conf_t  *conf;

    ex = ngx_http_openai_exchange(r);

    if (ex || ngx_http_get_module_ctx(r, ngx_http_openai_monitor_module)) {
        return ex;
    }

    conf = ngx_http_openai_capture_conf(r);

    if (conf == NULL) {
        return NULL;
    }

    if (ngx_http_openai_exchange_wanted(r, conf) != NGX_OK) {
        ngx_http_set_ctx(r, &ngx_http_openai_declined,
                         ngx_http_openai_monitor_module);
        return NULL;
    }

    ex = ngx_http_openai_exchange_create(r, conf);
    if (ex == NULL) {
        return NULL;
    }

    ngx_http_openai_exchange_start(ex);

    return ex;
}


void
ngx_http_openai_exchange_lost(ngx_http_request_t *r)
{
    ngx_http_openai_capture_conf_t  *conf;

    conf = ngx_http_openai_capture_conf(r);

    /* it was wanted, but at no time was there memory for it */

    if (conf && ngx_http_get_module_ctx(r, ngx_http_openai_monitor_module)
                == NULL)
    {
        ngx_openai_writer_drop(conf->shm_zone->data);
    }
}


static ngx_int_t
ngx_http_openai_exchange_wanted(ngx_http_request_t *r,
    ngx_http_openai_capture_conf_t *conf)
{
    ngx_str_t  value;

    if (conf->condition == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, conf->condition, &value) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (value.len == 0 || (value.len == 1 && value.data[0] == '0')) {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_http_openai_exchange_t *
ngx_http_openai_exchange_create(ngx_http_request_t *r,
    ngx_http_openai_capture_conf_t *conf)
{
    openai_alloc_t               alloc;
    ngx_pool_cleanup_t          *cln;
    ngx_http_openai_exchange_t  *ex;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    ex = ngx_http_openai_block_take(r);
    if (ex == NULL) {
        return NULL;
    }

    ngx_openai_record_init(&ex->rec);

    ex->conf = conf;
    ex->published = ngx_current_msec;

    alloc.alloc = ngx_http_openai_block_alloc;
    alloc.ctx = ex;

    ex->meter = openai_meter_create(&alloc, &ex->rec.facts);

    cln->handler = ngx_http_openai_exchange_cleanup;
    cln->data = ex;

    ngx_http_set_ctx(r, ex, ngx_http_openai_monitor_module);

    return ex;
}


static void
ngx_http_openai_exchange_start(ngx_http_openai_exchange_t *ex)
{
    uint64_t              waited;
    ngx_time_t           *tp;
    ngx_msec_int_t        ms;
    ngx_openai_zone_t    *zone;
    ngx_http_request_t   *r;
    ngx_openai_record_t  *rec;

    r = ex->request;
    rec = &ex->rec;
    zone = ex->conf->shm_zone->data;

    /* the request began with its first byte, not when its location was known;
       that distance is wall time, which may have been set meanwhile */

    tp = ngx_timeofday();
    ms = (ngx_msec_int_t) ((tp->sec - r->start_sec) * 1000
                           + (ngx_msec_int_t) (tp->msec - r->start_msec));
    waited = (ms > 0 && ms < 3600000) ? (uint64_t) ms * 1000 : 0;

    ex->start_us = ngx_http_openai_now_us() - waited;

    if (ngx_http_openai_running.next == NULL) {
        ngx_http_openai_exchange_process();
    }

    rec->started_ms = (uint64_t) r->start_sec * 1000 + r->start_msec;

    if (!(ex->conf->store_bodies & NGX_HTTP_OPENAI_STORE_REQUEST)) {
        rec->flags |= NGX_OPENAI_REC_REQUEST_OFF;
    }

    if (!(ex->conf->store_bodies & NGX_HTTP_OPENAI_STORE_RESPONSE)) {
        rec->flags |= NGX_OPENAI_REC_RESPONSE_OFF;
    }

    ngx_http_openai_log_init(ex);

    /* a record says what was asked from the moment that others see it */

    ngx_http_openai_request_line(ex);
    (void) ngx_openai_writer_begin(&ex->writer, zone, rec);
    ngx_http_openai_request_headers(ex);

    ngx_http_openai_veil_request(ex);
    ngx_http_openai_exchange_early_body(ex);

    ex->unpublished = 1;

    ngx_queue_insert_tail(&ngx_http_openai_running, &ex->queue);

    if (!ngx_http_openai_sweep_event.timer_set) {
        ngx_http_openai_sweep_event.log = ngx_cycle->log;
        ngx_add_timer(&ngx_http_openai_sweep_event, NGX_HTTP_OPENAI_SWEEP_MS);
    }
}


/* a body that was read before the location was known, so that no filter of
   ours saw it: "client_body_early_read", or a handler of an earlier phase */

static void
ngx_http_openai_exchange_early_body(ngx_http_openai_exchange_t *ex)
{
    ngx_buf_t                *b;
    ngx_chain_t              *cl;
    ngx_http_request_body_t  *rb;

    rb = ex->request->request_body;

    if (rb == NULL) {
        return;
    }

    for (cl = rb->bufs; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            ngx_http_openai_exchange_request_body(ex, b->pos, b->last - b->pos,
                                                  0);

        } else if (b->in_file) {
            ngx_http_openai_exchange_early_file(ex, b);
        }
    }

    if (rb->bufs && rb->rest == 0) {
        ngx_http_openai_exchange_request_body(ex, NULL, 0, 1);
    }
}


static void
ngx_http_openai_exchange_early_file(ngx_http_openai_exchange_t *ex,
    ngx_buf_t *b)
{
    off_t    offset;
    u_char   buf[4096];
    size_t   size;
    ssize_t  n;

    for (offset = b->file_pos; offset < b->file_last; offset += n) {

        size = ngx_min((off_t) sizeof(buf), b->file_last - offset);

        n = ngx_read_file(b->file, buf, size, offset);
        if (n <= 0) {
            return;
        }

        ngx_http_openai_exchange_request_body(ex, buf, n, 0);
    }
}


static size_t
ngx_http_openai_exchange_append(ngx_http_openai_exchange_t *ex,
    ngx_openai_chain_e chain, u_char *data, size_t len)
{
    size_t  n;

    if (len == 0) {
        return 0;
    }

    n = ngx_openai_writer_append(&ex->writer, chain, data, len);

    if (n < len) {
        ex->rec.flags |= NGX_OPENAI_REC_NO_MEMORY;
    }

    return n;
}


static void
ngx_http_openai_exchange_keep_request(ngx_http_openai_exchange_t *ex,
    u_char *data, size_t len)
{
    size_t                n;
    ngx_openai_record_t  *rec;

    rec = &ex->rec;

    if (rec->flags
        & (NGX_OPENAI_REC_REQUEST_CUT|NGX_OPENAI_REC_REQUEST_UNKEPT))
    {
        return;
    }

    n = ngx_min(len, ex->conf->body_max - ngx_min(ex->conf->body_max,
                                                  rec->request_kept));

    n = ngx_http_openai_exchange_append(ex, NGX_OPENAI_REQUEST_BODY, data, n);
    rec->request_kept += n;

    if (n < len) {
        rec->flags |= NGX_OPENAI_REC_REQUEST_CUT;
    }
}


static void
ngx_http_openai_exchange_keep_response(ngx_http_openai_exchange_t *ex,
    u_char *data, size_t len)
{
    size_t                n;
    ngx_openai_record_t  *rec;

    rec = &ex->rec;

    if (rec->flags
        & (NGX_OPENAI_REC_RESPONSE_CUT|NGX_OPENAI_REC_RESPONSE_UNKEPT))
    {
        return;
    }

    n = ngx_min(len, ex->conf->body_max - ngx_min(ex->conf->body_max,
                                                  rec->response_kept));

    n = ngx_http_openai_exchange_append(ex, NGX_OPENAI_RESPONSE_BODY, data, n);
    rec->response_kept += n;

    if (n < len) {
        rec->flags |= NGX_OPENAI_REC_RESPONSE_CUT;
    }
}


void
ngx_http_openai_exchange_keep(ngx_http_openai_exchange_t *ex, ngx_uint_t side,
    u_char *data, size_t len)
{
    if (side == NGX_HTTP_OPENAI_REQUEST) {
        ngx_http_openai_exchange_keep_request(ex, data, len);

    } else {
        ngx_http_openai_exchange_keep_response(ex, data, len);
    }
}


/* when a piece came; for as long as its bytes are kept, or would be */

static void
ngx_http_openai_exchange_mark(ngx_http_openai_exchange_t *ex, uint64_t age)
{
    uint64_t              units;
    ngx_openai_mark_t     mark;
    ngx_openai_record_t  *rec;

    rec = &ex->rec;

    if ((rec->flags & NGX_OPENAI_REC_RESPONSE_CUT)
        || rec->response_bytes >= ex->conf->body_max)
    {
        return;
    }

    units = age / 10;

    mark.at = (uint32_t) ngx_min(units, 0xffffffff);
    mark.offset = (uint32_t) ngx_min(rec->response_bytes, 0xffffffff);

    (void) ngx_openai_writer_append(&ex->writer, NGX_OPENAI_MARKS, &mark,
                                    sizeof(ngx_openai_mark_t));
}


void
ngx_http_openai_exchange_request_body(ngx_http_openai_exchange_t *ex,
    u_char *data, size_t len, ngx_uint_t last)
{
    ngx_openai_record_t  *rec;

    rec = &ex->rec;

    if (len) {
        rec->request_bytes += len;

        if (ex->veil[NGX_HTTP_OPENAI_REQUEST]) {
            ngx_http_openai_veil_body(ex->veil[NGX_HTTP_OPENAI_REQUEST], data,
                                      len);
        } else {
            ngx_http_openai_exchange_keep_request(ex, data, len);
        }
    }

    if (ex->meter) {
        openai_meter_request_body(ex->meter, data, len, last);
    }

    if (last) {
        rec->request_us = ngx_http_openai_exchange_age(ex);
    }

    ngx_http_openai_exchange_publish(ex);
}


void
ngx_http_openai_exchange_header(ngx_http_openai_exchange_t *ex)
{
    ngx_http_request_t   *r;
    ngx_openai_record_t  *rec;

    if (ex->answered) {
        return;
    }

    r = ex->request;
    rec = &ex->rec;

    ex->answered = 1;

    /* an upstream that failed has been cleaned up before nginx answers in its
       place; one that answers has not */

    ex->upstream = (r->upstream && r->upstream->cleanup);

#if (NGX_HTTP_CACHE)
    ex->upstream |= r->cached;
#endif

    rec->status = r->headers_out.status;
    rec->header_us = ngx_http_openai_exchange_age(ex);

    if (!ex->upstream) {
        rec->flags |= NGX_OPENAI_REC_LOCAL;
    }

#if (NGX_HTTP_CACHE)
    if (r->cached) {
        rec->flags |= NGX_OPENAI_REC_CACHED;
    }
#endif

    /* later filters turn HEAD into header_only, and post_action does so to
       any request */

    if (r->header_only || r->method == NGX_HTTP_HEAD) {
        rec->flags |= NGX_OPENAI_REC_HEAD_ONLY;
    }

    ngx_http_openai_response_head(ex);
    ngx_http_openai_veil_response(ex);

    if (ex->upstream) {
        ngx_http_openai_websocket_tap(ex);
    }

#if (NGX_HTTP_SSL)

    /* a request without a body comes here first: its successors profit */

    if (r->upstream && r->upstream->ssl && !ex->tls_watched) {
        ngx_http_openai_tls_watch(ex);
    }

#endif

    ngx_http_openai_exchange_publish(ex);
}


void
ngx_http_openai_exchange_response_body(ngx_http_openai_exchange_t *ex,
    u_char *data, size_t len)
{
    uint64_t              age;
    ngx_openai_record_t  *rec;

    rec = &ex->rec;
    age = ngx_http_openai_exchange_age(ex);

    if (rec->first_byte_us == OPENAI_UNKNOWN) {
        rec->first_byte_us = age;
    }

    rec->last_byte_us = age;
    rec->pieces++;

    ngx_http_openai_exchange_mark(ex, age);

    rec->response_bytes += len;

    /* nginx's own error page is not what the model said.  An error that comes
       behind a 200 may repeat a key like any other */

    if (ex->meter && ex->upstream) {
        openai_meter_response_body(ex->meter, data, len, age);

        if (rec->facts.flags & OPENAI_FACT_ERROR) {
            ngx_http_openai_veil_response(ex);
        }
    }

    if (ex->veil[NGX_HTTP_OPENAI_RESPONSE]) {
        ngx_http_openai_veil_body(ex->veil[NGX_HTTP_OPENAI_RESPONSE], data,
                                  len);
    } else {
        ngx_http_openai_exchange_keep_response(ex, data, len);
    }

    ngx_http_openai_exchange_publish(ex);
}


void
ngx_http_openai_exchange_publish(ngx_http_openai_exchange_t *ex)
{
    ex->unpublished = 1;

    /* the first token does not wait; the sweep does the rest, so that a short
       exchange is written twice, when it begins and when it ends */

    if ((ex->rec.facts.first_token_us == 0 || ex->token_told)
        && (ngx_msec_int_t) (ngx_current_msec - ex->published)
           < NGX_HTTP_OPENAI_PUBLISH_MS)
    {
        return;
    }

    /* after all that this turn of the event loop brings, unless that is the
       end */

    if (ex->due.next == NULL) {
        ngx_queue_insert_tail(&ngx_http_openai_due, &ex->due);
    }

    ngx_post_event(&ngx_http_openai_due_event, &ngx_posted_events);
}


static void
ngx_http_openai_exchange_due(ngx_event_t *ev)
{
    ngx_queue_t                 *q;
    ngx_http_openai_exchange_t  *ex;

    while (!ngx_queue_empty(&ngx_http_openai_due)) {

        q = ngx_queue_head(&ngx_http_openai_due);
        ex = ngx_queue_data(q, ngx_http_openai_exchange_t, due);

        ngx_http_openai_exchange_settle(ex);
        ngx_http_openai_exchange_write(ex);
    }
}


static void
ngx_http_openai_exchange_settle(ngx_http_openai_exchange_t *ex)
{
    if (ex->due.next) {
        ngx_queue_remove(&ex->due);
        ex->due.next = NULL;
    }
}


static void
ngx_http_openai_exchange_write(ngx_http_openai_exchange_t *ex)
{
    ex->unpublished = 0;
    ex->token_told = (ex->rec.facts.first_token_us != 0);
    ex->published = ngx_current_msec;

    ngx_http_openai_attempts(ex->request, &ex->rec);

    ngx_openai_writer_publish(&ex->writer, ngx_http_openai_veil_record(ex));
}


void
ngx_http_openai_exchange_final(ngx_http_openai_exchange_t *ex)
{
    const char           *row;
    ngx_http_request_t   *r;
    ngx_openai_record_t  *rec;

    if (ex->final) {
        return;
    }

    ex->final = 1;

    r = ex->request;
    rec = &ex->rec;

    rec->duration_us = ngx_http_openai_exchange_age(ex);

    ngx_http_openai_veil_end(ex->veil[NGX_HTTP_OPENAI_REQUEST]);
    ngx_http_openai_veil_end(ex->veil[NGX_HTTP_OPENAI_RESPONSE]);

    /* "post_action" goes on with this request after the client's answer */

    if (!r->post_action || !ex->answered) {
        rec->status = r->err_status ? r->err_status : r->headers_out.status;
    }

    rec->sent_bytes = r->connection->sent;

    if (ex->meter) {
        openai_meter_finish(ex->meter, ex->seen_last, rec->duration_us);
        ngx_http_openai_veil_facts(ex, &rec->facts);
        openai_meter_destroy(ex->meter);
        ex->meter = NULL;
    }

    ngx_http_openai_attempts(r, rec);

    rec->outcome = (uint8_t) ngx_http_openai_outcome(ex);

    if (rec->facts.streamed == 1 && r->upstream && r->upstream->buffering) {
        rec->flags |= NGX_OPENAI_REC_BUFFERED;
    }

    /* an answer that is read again was paid when it was made */

    if (ex->conf->prices
        && ngx_strcmp(rec->facts.operation, "fetch_response") != 0)
    {
        rec->cost = openai_cost(ex->conf->prices, &rec->facts, &row);

        if (rec->cost >= 0 && row) {
            ngx_openai_copy(rec->price, sizeof(rec->price), row,
                            ngx_strlen(row));
        }
    }
}


void
ngx_http_openai_exchange_commit(ngx_http_openai_exchange_t *ex)
{
    if (ex->committed) {
        return;
    }

    ngx_http_openai_exchange_final(ex);

    ex->committed = 1;

    ngx_http_openai_websocket_untap(ex);

    ngx_openai_writer_commit(&ex->writer, &ex->rec);

    ngx_http_openai_exchange_settle(ex);
    ngx_queue_remove(&ex->queue);
}


/* the pool goes; normally the log phase has committed long before */

static void
ngx_http_openai_exchange_cleanup(void *data)
{
    ngx_http_openai_exchange_t  *ex = data;

    if (!ex->committed && ex->queue.next) {
        ngx_http_openai_exchange_commit(ex);
    }

    if (ex->meter) {
        openai_meter_destroy(ex->meter);
        ex->meter = NULL;
    }

    ngx_http_openai_block_give(ex);
}


/*
 * Cancelling goes through nginx's own way to end a request whose connection
 * must close, which serves all states and versions of HTTP.
 */

static void
ngx_http_openai_exchange_cancel(ngx_http_openai_exchange_t *ex)
{
    ngx_connection_t  *c;

    c = ex->request->connection;

    ex->cancelled = 1;
    ex->rec.flags |= NGX_OPENAI_REC_CANCELLED;

    ngx_log_error(NGX_LOG_INFO, c->log, 0,
                  "exchange %s was cancelled in the monitor", ex->rec.id);

    c->close = 1;
    c->error = 1;

    c->read->handler(c->read);
}


static void
ngx_http_openai_exchange_sweep(ngx_event_t *ev)
{
    ngx_queue_t                 *q, *next;
    ngx_http_openai_exchange_t  *ex;

    for (q = ngx_queue_head(&ngx_http_openai_running);
         q != ngx_queue_sentinel(&ngx_http_openai_running);
         q = next)
    {
        next = ngx_queue_next(q);

        ex = ngx_queue_data(q, ngx_http_openai_exchange_t, queue);

        if (!ex->cancelled && ngx_openai_writer_cancelled(&ex->writer)) {
            ngx_http_openai_exchange_cancel(ex);

            /* others may have ended with it; the rest has time */

            break;
        }

        /* after a burst no further piece may come for long */

        if (ex->unpublished) {
            ngx_http_openai_exchange_settle(ex);
            ngx_http_openai_exchange_write(ex);
        }
    }

    if (!ngx_queue_empty(&ngx_http_openai_running)) {
        ev->log = ngx_cycle->log;
        ngx_add_timer(ev, NGX_HTTP_OPENAI_SWEEP_MS);
    }
}


/* not at init_process, which a single process does not see after a reload */

static void
ngx_http_openai_exchange_process(void)
{
    ngx_queue_init(&ngx_http_openai_running);
    ngx_queue_init(&ngx_http_openai_due);

    ngx_http_openai_sweep_connection.fd = (ngx_socket_t) -1;

    ngx_http_openai_sweep_event.handler = ngx_http_openai_exchange_sweep;
    ngx_http_openai_sweep_event.data = &ngx_http_openai_sweep_connection;
    ngx_http_openai_sweep_event.cancelable = 1;

    ngx_http_openai_due_event.handler = ngx_http_openai_exchange_due;
    ngx_http_openai_due_event.data = &ngx_http_openai_sweep_connection;
    ngx_http_openai_due_event.log = ngx_cycle->log;
}
