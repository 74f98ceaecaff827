
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Keeps the bytes of a body in the record, up to openai_monitor_body_max and
 * as far as the zone has pages.  Called by body.c, and by the veil with the
 * bytes that it has looked through.  It never fails: what it cannot keep it
 * marks in the record.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/capture.h"


void
ngx_http_openai_body_keep(ngx_http_openai_exchange_t *ex, ngx_uint_t side,
    u_char *data, size_t len)
{
    size_t                room, n;
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

    if (rec->flags & (cut|unkept)) {
        return;
    }

    room = ex->conf->body_max - *kept;

    if (len > room) {
        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ex->request->connection->log, 0,
                       "openai monitor: side %ui is cut at %uz bytes",
                       side, ex->conf->body_max);

        rec->flags |= cut;
        len = room;
    }

    if (len == 0) {
        return;
    }

    n = ngx_openai_writer_append(&ex->writer, chain, data, len);

    *kept += n;

    if (n < len) {
        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ex->request->connection->log, 0,
                       "openai monitor: side %ui is cut at %uL bytes, no page",
                       side, *kept);

        rec->flags |= NGX_OPENAI_REC_NO_MEMORY|cut;
    }
}
