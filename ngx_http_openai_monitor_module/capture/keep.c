
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Keeps the bytes of a body in the record, up to openai_monitor_body_max and
 * as far as the zone has pages.  Called by body.c, and by the veil with the
 * bytes that it has looked through.  It never fails: what it cannot keep it
 * marks in the record.
 *
 * Most of a stream is the envelope of its events.  Behind the limit a stream is
 * kept joined, up to the limit again, so that its text is whole.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/capture.h"


static void ngx_http_openai_keep_join(ngx_http_openai_exchange_t *ex,
    u_char *data, size_t len);
static void ngx_http_openai_keep_joined(void *ctx, const char *data,
    size_t len);


void
ngx_http_openai_body_keep(ngx_http_openai_exchange_t *ex, ngx_uint_t side,
    u_char *data, size_t len)
{
    size_t                room, rest, n;
    uint32_t              cut, unkept;
    uint64_t             *kept;
    ngx_openai_chain_e    chain;
    ngx_openai_record_t  *rec;

    rec = &ex->rec;

    if (side == NGX_HTTP_OPENAI_REQUEST) {
        chain = NGX_OPENAI_REQUEST_BODY;
        kept = &rec->request_kept;
        cut = NGX_OPENAI_REC_REQUEST_CUT;
        unkept = NGX_OPENAI_REC_REQUEST_UNKEPT;

    } else {
        chain = NGX_OPENAI_RESPONSE_BODY;
        kept = &rec->response_kept;
        cut = NGX_OPENAI_REC_RESPONSE_CUT;
        unkept = NGX_OPENAI_REC_RESPONSE_UNKEPT;
    }

    if (rec->flags & unkept) {
        return;
    }

    if (rec->flags & cut) {

        if (side == NGX_HTTP_OPENAI_RESPONSE && ex->join) {
            openai_join_feed(ex->join, (char *) data, len);
        }

        return;
    }

    room = ex->conf->body_max - *kept;
    rest = 0;

    if (len > room) {
        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ex->request->connection->log, 0,
                       "openai monitor: side %ui is cut at %uz bytes",
                       side, ex->conf->body_max);

        rec->flags |= cut;
        rest = len - room;
        len = room;
    }

    n = len ? ngx_openai_writer_append(&ex->writer, chain, data, len) : 0;

    *kept += n;

    if (n < len) {
        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ex->request->connection->log, 0,
                       "openai monitor: side %ui is cut at %uL bytes, no page",
                       side, *kept);

        rec->flags |= NGX_OPENAI_REC_NO_MEMORY|cut;
        return;
    }

    if (rest && side == NGX_HTTP_OPENAI_RESPONSE) {
        ngx_http_openai_keep_join(ex, data + len, rest);
    }
}


void
ngx_http_openai_body_kept(ngx_http_openai_exchange_t *ex)
{
    if (ex->join) {
        openai_join_end(ex->join);
        ex->join = NULL;
    }
}


/* a stream is longer than the limit, and this is the first piece behind it */

static void
ngx_http_openai_keep_join(ngx_http_openai_exchange_t *ex, u_char *data,
    size_t len)
{
    ngx_uint_t            lines;
    ngx_openai_record_t  *rec;

    rec = &ex->rec;
    lines = (rec->facts.framing == OPENAI_FRAMING_NDJSON);

    if (rec->facts.streamed != 1 || ex->conf->body_max == 0
        || (!lines && rec->facts.framing != OPENAI_FRAMING_SSE)
        || ex->meter == NULL || openai_meter_coded(ex->meter))
    {
        return;
    }

    ex->join = ngx_palloc(ex->request->pool, sizeof(openai_join_t));
    if (ex->join == NULL) {
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ex->request->connection->log, 0,
                   "openai monitor: events are joined behind %uL bytes",
                   rec->response_kept);

    rec->flags |= NGX_OPENAI_REC_JOINED;

    openai_join_init(ex->join, (int) lines, ngx_http_openai_keep_joined, ex);
    openai_join_feed(ex->join, (char *) data, len);
}


static void
ngx_http_openai_keep_joined(void *ctx, const char *data, size_t len)
{
    size_t                       n, room;
    ngx_openai_record_t         *rec;
    ngx_http_openai_exchange_t  *ex = ctx;

    rec = &ex->rec;

    room = 2 * ex->conf->body_max - rec->response_kept;
    len = ngx_min(len, room);

    if (len == 0) {
        return;
    }

    n = ngx_openai_writer_append(&ex->writer, NGX_OPENAI_RESPONSE_BODY, data,
                                 len);

    rec->response_kept += n;

    if (n < len) {
        rec->flags |= NGX_OPENAI_REC_NO_MEMORY;
    }
}
