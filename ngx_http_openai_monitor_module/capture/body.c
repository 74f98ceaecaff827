
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */



/*
 * A piece of a body: the meter reads it, and the record keeps its bytes.
 *
 * Called by turn.c, for each piece once and in the order in which the pieces
 * came.  The pieces of an answer reach the meter before the record, because an
 * error that the meter finds decides whether the bytes are kept.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/capture.h"
#include "capture/secrets/veil.h"


static void ngx_http_openai_body_request(ngx_http_openai_exchange_t *ex,
    u_char *data, size_t len, ngx_uint_t last, uint64_t age);
static void ngx_http_openai_body_response(ngx_http_openai_exchange_t *ex,
    u_char *data, size_t len, uint64_t age);
static void ngx_http_openai_body_mark(ngx_http_openai_exchange_t *ex,
    uint64_t age);
static ngx_inline void ngx_http_openai_body_show(
    ngx_http_openai_exchange_t *ex, ngx_uint_t side, u_char *data, size_t len);


void
ngx_http_openai_body_piece(ngx_http_openai_exchange_t *ex, ngx_uint_t side,
    u_char *data, size_t len, ngx_uint_t last, uint64_t age)
{
    if (side == NGX_HTTP_OPENAI_REQUEST) {
        ngx_http_openai_body_request(ex, data, len, last, age);

    } else {
        ngx_http_openai_body_response(ex, data, len, age);
    }
}


static void
ngx_http_openai_body_request(ngx_http_openai_exchange_t *ex, u_char *data,
    size_t len, ngx_uint_t last, uint64_t age)
{
    ngx_openai_record_t  *rec;

    rec = &ex->rec;

    rec->request_bytes += len;

    /* the meter is first: it decodes what the veil looks at */

    if (ex->meter) {
        openai_meter_request_body(ex->meter, data, len, last);
    }

    if (len) {
        ngx_http_openai_body_show(ex, NGX_HTTP_OPENAI_REQUEST, data, len);
    }

    if (last) {
        rec->request_us = age;
        ngx_http_openai_veil_end(ex->veil[NGX_HTTP_OPENAI_REQUEST]);
    }
}


static void
ngx_http_openai_body_response(ngx_http_openai_exchange_t *ex, u_char *data,
    size_t len, uint64_t age)
{
    ngx_uint_t            framing;
    ngx_openai_record_t  *rec;

    rec = &ex->rec;

    if (rec->first_byte_us == OPENAI_UNKNOWN) {
        rec->first_byte_us = age;
    }

    rec->last_byte_us = age;
    rec->pieces++;

    ngx_http_openai_body_mark(ex, age);

    rec->response_bytes += len;

    /* nginx's own error page is not an answer of the model.  An error after a
       200 may repeat a key, so a veil looks through the bytes from here on */

    if (ex->meter && ex->upstream) {
        framing = rec->facts.framing;

        openai_meter_response_body(ex->meter, data, len, age);

        if (rec->facts.framing != framing) {
            ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ex->request->connection->log, 0,
                           "openai monitor: body has framing %d, stream:%d",
                           rec->facts.framing, rec->facts.streamed);
        }

        if (rec->facts.flags & OPENAI_FACT_ERROR) {
            ngx_http_openai_veil_response(ex);
        }
    }

    ngx_http_openai_body_show(ex, NGX_HTTP_OPENAI_RESPONSE, data, len);
}


/* notes when a piece came, as long as the record keeps its bytes */

static void
ngx_http_openai_body_mark(ngx_http_openai_exchange_t *ex, uint64_t age)
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

    ngx_openai_writer_mark(&ex->writer, mark);
}


/* gives the bytes to the record, through a veil if there is one */

static ngx_inline void
ngx_http_openai_body_show(ngx_http_openai_exchange_t *ex, ngx_uint_t side,
    u_char *data, size_t len)
{
    if (ex->veil[side]) {
        ngx_http_openai_veil_body(ex->veil[side], data, len);

    } else {
        ngx_http_openai_body_keep(ex, side, data, len);
    }
}
