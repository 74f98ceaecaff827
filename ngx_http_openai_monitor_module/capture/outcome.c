
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */



/*
 * The outcome of an exchange, and its attempts at upstreams.
 *
 * exchange.c calls this at the end; turn.c notes attempts before, too.  Status
 * codes do not tell an outcome: nginx logs 200 when an upstream dies in the
 * middle of its answer, and when the client leaves.  The last buffer and the
 * state of the connection tell them apart.
 *
 * The upstream's words count before the question who left first, because a
 * client may close the connection as soon as it knows that the answer is an
 * error, or that it is over.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/capture.h"


static ngx_uint_t ngx_http_openai_outcome_upstream(
    ngx_http_openai_exchange_t *ex);
static ngx_uint_t ngx_http_openai_outcome_nginx(
    ngx_http_openai_exchange_t *ex);
static ngx_uint_t ngx_http_openai_outcome_refused(
    ngx_http_openai_exchange_t *ex);
static ngx_uint_t ngx_http_openai_outcome_whole(
    ngx_http_openai_exchange_t *ex);
static ngx_uint_t ngx_http_openai_outcome_passed(ngx_http_request_t *r);
static ngx_uint_t ngx_http_openai_outcome_silent(
    ngx_http_openai_exchange_t *ex);
static ngx_uint_t ngx_http_openai_outcome_failed(ngx_openai_record_t *rec);
static ngx_uint_t ngx_http_openai_outcome_left(ngx_http_openai_exchange_t *ex);
static ngx_uint_t ngx_http_openai_outcome_shutdown(ngx_http_request_t *r);
static int32_t ngx_http_openai_attempt_ms(ngx_msec_t ms);


ngx_uint_t
ngx_http_openai_outcome(ngx_http_openai_exchange_t *ex)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ex->request;
    c = r->connection;

    if (ex->cancelled) {
        return NGX_OPENAI_CLIENT_ABORTED;
    }

    if (ngx_http_openai_outcome_shutdown(r)) {
        return NGX_OPENAI_SHUTDOWN;
    }

    if (r->upstream && r->upstream->upgrade) {
        return NGX_OPENAI_UPGRADED;
    }

    if (ex->upstream) {

        if (ngx_http_openai_outcome_whole(ex)) {
            ex->rec.flags |= NGX_OPENAI_REC_COMPLETE;
        }

        if (ex->status >= NGX_HTTP_BAD_REQUEST
            || (ex->rec.facts.flags & OPENAI_FACT_ERROR))
        {
            return NGX_OPENAI_UPSTREAM_ERROR;
        }

        if (ngx_http_openai_outcome_refused(ex)) {
            return NGX_OPENAI_REJECTED;
        }

        if (ex->rec.flags & NGX_OPENAI_REC_COMPLETE) {
            return NGX_OPENAI_OK;
        }
    }

    /* "return 444" sets "timedout", too */

    if (ex->rec.status == NGX_HTTP_CLOSE && !ex->upstream) {
        return NGX_OPENAI_REJECTED;
    }

    /* an upstream may answer with these statuses itself */

    if (c->timedout
        || (ex->rec.status == NGX_HTTP_REQUEST_TIME_OUT && !ex->upstream))
    {
        return NGX_OPENAI_TIMEOUT;
    }

    if (((ex->rec.status == NGX_HTTP_CLIENT_CLOSED_REQUEST
          || ex->rec.status == 0)
         && !ex->upstream)
        || ngx_http_openai_outcome_left(ex))
    {
        return NGX_OPENAI_CLIENT_ABORTED;
    }

    return ex->upstream ? ngx_http_openai_outcome_upstream(ex)
                        : ngx_http_openai_outcome_nginx(ex);
}


/* the upstream's answer was no error and did not come to its end, and the
   client stayed */

static ngx_uint_t
ngx_http_openai_outcome_upstream(ngx_http_openai_exchange_t *ex)
{
    if (!ex->seen_last) {
        return ngx_http_openai_outcome_silent(ex) ? NGX_OPENAI_TIMEOUT
                                                  : NGX_OPENAI_TRUNCATED;
    }

    /* HTTP ended, but the stream announced no end */

    return ex->rec.facts.finish_reason[0] ? NGX_OPENAI_OK
                                          : NGX_OPENAI_TRUNCATED;
}


/* nginx answered itself, and the client stayed to the end */

static ngx_uint_t
ngx_http_openai_outcome_nginx(ngx_http_openai_exchange_t *ex)
{
    ngx_http_request_t  *r;

    r = ex->request;

    if (ex->rec.status < NGX_HTTP_BAD_REQUEST) {
        return NGX_OPENAI_OK;
    }

    /* nginx refused unless an upstream failed.  An upstream whose name does not
       resolve fails before the first attempt */

    if (!ngx_http_openai_outcome_failed(&ex->rec)
        && (r->upstream == NULL || ex->rec.status < NGX_HTTP_BAD_GATEWAY))
    {
        return NGX_OPENAI_REJECTED;
    }

    return (ex->rec.status == NGX_HTTP_GATEWAY_TIME_OUT)
           ? NGX_OPENAI_TIMEOUT : NGX_OPENAI_UPSTREAM_ERROR;
}


/* a filter of nginx refused the upstream's good answer, as with 416.  When the
   client has got nothing yet, its end sets a status, too */

static ngx_uint_t
ngx_http_openai_outcome_refused(ngx_http_openai_exchange_t *ex)
{
    return ex->rec.status >= NGX_HTTP_BAD_REQUEST
           && ex->rec.status != NGX_HTTP_REQUEST_TIME_OUT
           && ex->rec.status != NGX_HTTP_CLIENT_CLOSED_REQUEST;
}


/* the client got all of the upstream's answer: of a stream that is its terminal
   event, though HTTP may not have come to its own end */

static ngx_uint_t
ngx_http_openai_outcome_whole(ngx_http_openai_exchange_t *ex)
{
    openai_facts_t       *facts;
    ngx_openai_record_t  *rec;

    rec = &ex->rec;
    facts = &rec->facts;

    if ((rec->flags & NGX_OPENAI_REC_HEAD_ONLY)
        || rec->status == NGX_HTTP_NO_CONTENT
        || rec->status == NGX_HTTP_NOT_MODIFIED)
    {
        rec->flags |= NGX_OPENAI_REC_HEAD_ONLY;
        return !ngx_http_openai_outcome_left(ex);
    }

    if (facts->streamed == 1 && facts->dialect) {
        return (facts->flags & OPENAI_FACT_TERMINAL)
               && ngx_http_openai_outcome_passed(ex->request);
    }

    return ex->seen_last && !ngx_http_openai_outcome_left(ex);
}


/* nginx ends an answer whose upstream broke off with a flush, after it has let
   go of the upstream; nothing else looks so */

ngx_uint_t
ngx_http_openai_outcome_broken(ngx_http_openai_exchange_t *ex, ngx_buf_t *b)
{
    ngx_http_request_t  *r;

    r = ex->request;

    return b->flush && !b->last_buf && ngx_buf_special(b)
           && ex->upstream && r->upstream && r->upstream->cleanup == NULL
           && !r->keepalive;
}


/* the upstream broke off, and the client has got what came.  nginx keeps such a
   request for as long as its client may still send something */

ngx_uint_t
ngx_http_openai_outcome_over(ngx_http_openai_exchange_t *ex)
{
    ngx_http_request_t  *r;

    r = ex->request;

    return ex->broken && !r->buffered && ngx_http_openai_outcome_passed(r);
}


/* the kernel took all that there was for the client */

static ngx_uint_t
ngx_http_openai_outcome_passed(ngx_http_request_t *r)
{
    return r->out == NULL && !r->connection->buffered;
}


/*
 * The upstream was silent for as long as its timeout allows.  nginx keeps no
 * note of this, but had another thing ended the answer, it would have been
 * sooner.  A timer may fire NGX_TIMER_LAZY_DELAY early, because nginx does not
 * set it anew for less.
 */

static ngx_uint_t
ngx_http_openai_outcome_silent(ngx_http_openai_exchange_t *ex)
{
    int64_t               last, limit;
    ngx_http_upstream_t  *u;

    u = ex->request->upstream;

    if (u == NULL || u->conf == NULL) {
        return 0;
    }

    last = (ex->rec.last_byte_us == OPENAI_UNKNOWN) ? ex->rec.header_us
                                                    : ex->rec.last_byte_us;
    limit = (int64_t) u->conf->read_timeout;
    limit -= ngx_min(limit / 2, NGX_TIMER_LAZY_DELAY);

    return ex->rec.duration_us >= last + limit * 1000;
}


/* returns 1 if the last attempt answered or failed; an attempt that was under
   way when the request ended has no status */

static ngx_uint_t
ngx_http_openai_outcome_failed(ngx_openai_record_t *rec)
{
    return rec->nattempts && rec->attempts[rec->nattempts - 1].status;
}


/*
 * The client is gone, and did not get all.  An HTTP/3 stream that is reset, or
 * whose connection ends, has errors in its events; nginx may end the request
 * before it marks the connection.  A filter that fails marks the connection
 * without the client.
 */

static ngx_uint_t
ngx_http_openai_outcome_left(ngx_http_openai_exchange_t *ex)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ex->request;
    c = r->connection;

    if (ex->failed || (ex->seen_last && r->request_complete)) {
        return 0;
    }

#if (NGX_HTTP_V3)
    if (c->quic && (c->read->error || c->write->error)) {
        return 1;
    }
#endif

    return c->error;
}


/* returns 1 if worker_shutdown_timeout closed the connection.  For an HTTP/2
   stream nginx closes the real connection, which then has an error that is not
   the client's */

static ngx_uint_t
ngx_http_openai_outcome_shutdown(ngx_http_request_t *r)
{
    ngx_connection_t  *c;

    c = r->connection;

#if (NGX_HTTP_V2)
    if (r->stream) {
        c = r->stream->connection->connection;

        return ngx_exiting && c->error && !c->timedout
               && !c->read->timedout && !c->read->eof && !c->read->error;
    }
#endif

    return c->close && c->error;
}


static int32_t
ngx_http_openai_attempt_ms(ngx_msec_t ms)
{
    return (ms == (ngx_msec_t) -1) ? OPENAI_UNKNOWN : (int32_t) ms;
}


/* notes the attempts of all upstreams; nginx separates redirects by a state
   without a peer */

void
ngx_http_openai_attempts(ngx_http_request_t *r, ngx_openai_record_t *rec)
{
    uint32_t                   known;
    ngx_uint_t                 i;
    ngx_openai_attempt_t      *attempt;
    ngx_http_upstream_state_t  *state;

    known = rec->attempts_total;

    rec->nattempts = 0;
    rec->attempts_total = 0;

    if (r->upstream_states == NULL) {
        return;
    }

    state = r->upstream_states->elts;

    for (i = 0; i < r->upstream_states->nelts; i++) {

        if (state[i].peer == NULL) {
            continue;
        }

        /* when a record has no more room, the newest replaces the last */

        if (rec->nattempts < NGX_OPENAI_MAX_ATTEMPTS) {
            rec->nattempts++;
        }

        rec->attempts_total++;

        attempt = &rec->attempts[rec->nattempts - 1];

        if (rec->attempts_total > known) {
            attempt->tls_ms = OPENAI_UNKNOWN;

            ngx_openai_copy(attempt->peer, sizeof(attempt->peer),
                            state[i].peer->data, state[i].peer->len);
        }

        attempt->status = state[i].status;
        attempt->connect_ms =
                           ngx_http_openai_attempt_ms(state[i].connect_time);
        attempt->header_ms = ngx_http_openai_attempt_ms(state[i].header_time);
        attempt->response_ms =
                          ngx_http_openai_attempt_ms(state[i].response_time);
        attempt->sent = state[i].bytes_sent;
        attempt->received = state[i].bytes_received;
    }
}
