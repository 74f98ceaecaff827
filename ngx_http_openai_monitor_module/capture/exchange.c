
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */



/*
 * The life of one exchange: begin, header, commit, cleanup.
 *
 * Called by filters.c.  An exchange begins once, in the first hook that a
 * request reaches, and is committed once: in the log phase, when its upstream
 * has broken off, or when its pool goes.  No function here fails the request:
 * without memory or a free entry the exchange goes on without a record.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/capture.h"
#include "capture/secrets/veil.h"
#include "digest/wire/decode.h"


static ngx_http_openai_exchange_t *ngx_http_openai_exchange_create(
    ngx_http_request_t *r, ngx_http_openai_capture_conf_t *conf);
static ngx_int_t ngx_http_openai_exchange_wanted(ngx_http_request_t *r,
    ngx_http_openai_capture_conf_t *conf);
static void ngx_http_openai_exchange_start(ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_exchange_early_body(
    ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_exchange_early_file(
    ngx_http_openai_exchange_t *ex, ngx_buf_t *b);
static void ngx_http_openai_exchange_final(ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_exchange_price(const openai_prices_t *prices,
    ngx_openai_record_t *rec);
static void ngx_http_openai_exchange_cleanup(ngx_http_openai_exchange_t *ex);


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
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "openai monitor: not recorded, the condition is false");

        ngx_http_openai_block_decline(r);
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

    /* the location wants a record, but there was no memory at any time */

    if (conf && ngx_http_get_module_ctx(r, ngx_http_openai_monitor_module)
                == NULL)
    {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "openai monitor: not recorded, no memory");

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
    ngx_http_openai_exchange_t  *ex;

    ex = ngx_http_openai_block_take(r, ngx_http_openai_exchange_cleanup);
    if (ex == NULL) {
        return NULL;
    }

    ngx_openai_record_init(&ex->rec);

    ex->reason[0] = '\0';
    ex->conf = conf;
    ex->published = ngx_current_msec;

    alloc.alloc = ngx_http_openai_block_alloc;
    alloc.ctx = ex;

    ex->meter = openai_meter_create(&alloc, &ex->rec.facts);

    return ex;
}


static void
ngx_http_openai_exchange_start(ngx_http_openai_exchange_t *ex)
{
    uint64_t              waited;
    ngx_time_t           *tp;
    ngx_msec_int_t        ms;
    ngx_http_request_t   *r;
    ngx_openai_record_t  *rec;

    r = ex->request;
    rec = &ex->rec;

    /* the request began with its first byte, before its location was known.
       Only wall time tells that distance, and somebody may have set it */

    tp = ngx_timeofday();
    ms = (ngx_msec_int_t) ((tp->sec - r->start_sec) * 1000
                           + (ngx_msec_int_t) (tp->msec - r->start_msec));
    waited = (ms > 0 && ms < 3600000) ? (uint64_t) ms * 1000 : 0;

    ex->start_us = ngx_http_openai_now_us() - waited;

    rec->started_ms = (uint64_t) r->start_sec * 1000 + r->start_msec;

    if (!(ex->conf->store_bodies & NGX_HTTP_OPENAI_STORE_REQUEST)) {
        rec->flags |= NGX_OPENAI_REC_REQUEST_OFF;

    } else if (ex->meter && ex->conf->masks == NULL && ex->conf->body_max) {

        /* a title is text of the body, so it is kept where the body is */

        openai_meter_want_title(ex->meter);
    }

    if (!(ex->conf->store_bodies & NGX_HTTP_OPENAI_STORE_RESPONSE)) {
        rec->flags |= NGX_OPENAI_REC_RESPONSE_OFF;
    }

    ngx_http_openai_log_init(ex);

    ngx_http_openai_request_line(ex);
    ngx_http_openai_request_headers(ex);

    ngx_http_openai_veil_request(ex);

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "openai monitor: begin \"%s\", dialect:%d flags:%xD",
                   rec->id, (int) rec->facts.dialect, rec->flags);

    ex->unpublished = 1;

    ngx_http_openai_turn_begin(ex);
    ngx_http_openai_exchange_early_body(ex);
}


/* takes a body that nginx read before the location was known, so our filter
   did not see it: by "client_body_early_read", or in an earlier phase */

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

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ex->request->connection->log, 0,
                   "openai monitor: body was read before, rest:%O", rb->rest);

    for (cl = rb->bufs; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            ngx_http_openai_turn_piece(ex, NGX_HTTP_OPENAI_REQUEST, b->pos,
                                       b->last - b->pos, 0);

        } else if (b->in_file) {
            ngx_http_openai_exchange_early_file(ex, b);
        }
    }

    if (rb->bufs && rb->rest == 0) {
        ngx_http_openai_turn_piece(ex, NGX_HTTP_OPENAI_REQUEST, NULL, 0, 1);
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

        ngx_http_openai_turn_piece(ex, NGX_HTTP_OPENAI_REQUEST, buf, n, 0);
    }
}


void
ngx_http_openai_exchange_header(ngx_http_openai_exchange_t *ex)
{
    ngx_http_request_t   *r;
    ngx_openai_record_t  *rec;

    if (ex->answered) {
        return;
    }

    ngx_http_openai_turn_settle(ex);

    r = ex->request;
    rec = &ex->rec;

    ex->answered = 1;

    /* nginx cleans a failed upstream up before it answers in its place */

    ex->upstream = (r->upstream && r->upstream->cleanup);

#if (NGX_HTTP_CACHE)
    ex->upstream |= r->cached;
#endif

    ex->status = r->headers_out.status;
    rec->status = ex->status;
    rec->header_us = ngx_http_openai_exchange_age(ex);
    ex->measured = (r->headers_out.content_length_n != -1);

    if (!ex->upstream) {
        rec->flags |= NGX_OPENAI_REC_LOCAL;
    }

#if (NGX_HTTP_CACHE)
    if (r->cached) {
        rec->flags |= NGX_OPENAI_REC_CACHED;
    }
#endif

    /* later filters set header_only for HEAD, "post_action" for any request */

    if (r->header_only || r->method == NGX_HTTP_HEAD) {
        rec->flags |= NGX_OPENAI_REC_HEAD_ONLY;
    }

    if (ex->upstream) {
        ngx_http_openai_words(ex);
    }

    ngx_http_openai_response_head(ex);
    ngx_http_openai_veil_response(ex);

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "openai monitor: answer %ui, upstream:%d length:%d "
                   "flags:%xD",
                   ex->status, ex->upstream, ex->measured, rec->flags);

    if (ex->upstream) {
        ngx_http_openai_websocket_tap(ex);
    }

#if (NGX_HTTP_SSL)

    /* the first request to an upstream is not timed if it has no body, but the
       next ones are */

    if (r->upstream && r->upstream->ssl && !ex->tls_watched) {
        ngx_http_openai_tls_watch(ex);
    }

#endif

    ngx_http_openai_turn_publish(ex);
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

    ngx_log_debug5(NGX_LOG_DEBUG_HTTP, ex->request->connection->log, 0,
                   "openai monitor: commit \"%s\", request:%uL of %uL, "
                   "response:%uL of %uL",
                   ex->rec.id, ex->rec.request_kept, ex->rec.request_bytes,
                   ex->rec.response_kept, ex->rec.response_bytes);

    ngx_http_openai_turn_end(ex);
}


/* completes the record with the facts that only the end knows */

static void
ngx_http_openai_exchange_final(ngx_http_openai_exchange_t *ex)
{
    ngx_http_request_t   *r;
    ngx_openai_record_t  *rec;

    ngx_http_openai_turn_settle(ex);

    r = ex->request;
    rec = &ex->rec;

    rec->duration_us = ngx_http_openai_exchange_age(ex);

    /* "post_action" uses the request again after the client's answer */

    if (!r->post_action || !ex->answered) {
        rec->status = r->err_status ? r->err_status : r->headers_out.status;
    }

    rec->sent_bytes = r->connection->sent;

    if (ex->meter) {
        openai_meter_finish(ex->meter, ex->seen_last, rec->duration_us);
    }

    /* the meter may have decoded the rest */

    ngx_http_openai_veil_end(ex->veil[NGX_HTTP_OPENAI_REQUEST]);
    ngx_http_openai_veil_end(ex->veil[NGX_HTTP_OPENAI_RESPONSE]);

    ngx_http_openai_body_kept(ex);

    ngx_http_openai_attempts(r, rec);

    rec->outcome = (uint8_t) ngx_http_openai_outcome(ex);

    ngx_http_openai_reason(ex);
    ngx_http_openai_veil_facts(ex, &rec->facts);

    if (ex->meter) {
        openai_meter_destroy(ex->meter);
        ex->meter = NULL;
    }

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "openai monitor: outcome %s, status:%d last:%d flags:%xD",
                   ngx_openai_outcome_name(rec->outcome), (int) rec->status,
                   ex->seen_last, rec->flags);

    if (rec->facts.flags & (OPENAI_FACT_NO_DECODER|OPENAI_FACT_BOMB
                            |OPENAI_FACT_UNDECODABLE))
    {
        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "openai monitor: a body was not decoded, facts:%xD, "
                       "decoders hold %uz bytes",
                       rec->facts.flags, openai_decoder_memory());
    }

    if (rec->facts.streamed == 1 && r->upstream && r->upstream->buffering) {
        rec->flags |= NGX_OPENAI_REC_BUFFERED;
    }

    ngx_http_openai_exchange_price(ex->conf->prices, rec);
}


/* An answer out of nginx's cache costs nothing.  The store sets the cost of an
   answer that an earlier record has paid to 0. */

static void
ngx_http_openai_exchange_price(const openai_prices_t *prices,
    ngx_openai_record_t *rec)
{
    unsigned     partial;
    const char  *row;

    if (rec->flags & NGX_OPENAI_REC_CACHED) {

        if (ngx_openai_record_worked(rec)) {
            rec->cost = 0;
        }

        return;
    }

    if (!ngx_openai_record_counts(rec)) {
        return;
    }

    rec->cost = openai_cost(prices, &rec->facts, &row, &partial);

    if (rec->cost >= 0 && row) {
        ngx_openai_copy(rec->price, sizeof(rec->price), row, ngx_strlen(row));
        openai_partial_names(partial, rec->partial);
    }
}


/* the request's pool goes; normally the log phase committed long before */

static void
ngx_http_openai_exchange_cleanup(ngx_http_openai_exchange_t *ex)
{
    if (!ex->committed && ex->queue.next) {
        ngx_http_openai_exchange_commit(ex);
    }

    if (ex->meter) {
        openai_meter_destroy(ex->meter);
        ex->meter = NULL;
    }
}
