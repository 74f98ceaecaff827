
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Answers with a body of a record, as it travelled or decoded.  view.c calls it
 * for "/request" and "/response".  The answer is a download without a type that
 * a browser would run.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/answer/call.h"
#include "view/read/record.h"


static ngx_int_t ngx_openai_raw(ngx_openai_call_t *call, ngx_uint_t side);
static ngx_int_t ngx_openai_raw_flag(ngx_openai_call_t *call,
    const char *name, ngx_uint_t *flag);
static ngx_int_t ngx_openai_raw_headers(ngx_openai_call_t *call,
    ngx_uint_t side, ngx_uint_t text);


ngx_int_t
ngx_openai_raw_request(ngx_openai_call_t *call)
{
    return ngx_openai_raw(call, NGX_OPENAI_IN);
}


ngx_int_t
ngx_openai_raw_response(ngx_openai_call_t *call)
{
    return ngx_openai_raw(call, NGX_OPENAI_OUT);
}


static ngx_int_t
ngx_openai_raw(ngx_openai_call_t *call, ngx_uint_t side)
{
    ngx_int_t             rc;
    ngx_str_t             body;
    ngx_uint_t            decoded, text;
    ngx_openai_ref_t      ref;
    ngx_openai_json_t     out;
    ngx_openai_record_t  *rec;
    ngx_openai_read_t    *ex;

    if (ngx_openai_raw_flag(call, "decoded", &decoded) != NGX_OK
        || ngx_openai_raw_flag(call, "text", &text) != NGX_OK)
    {
        return call->rc;
    }

    rec = ngx_palloc(call->request->pool, sizeof(ngx_openai_record_t));
    if (rec == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_openai_read_call(call, &ref, rec) != NGX_OK) {
        return call->rc;
    }

    ex = ngx_openai_read_create(call->request->pool, call->zone,
                                call->conf->body_max);
    if (ex == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_openai_read_set(ex, &ref, rec);

    if (decoded) {
        rc = ngx_openai_read_body(ex, side, &body);

    } else {
        rc = ngx_openai_read_chain(ex, side == NGX_OPENAI_IN
                                       ? NGX_OPENAI_REQUEST_BODY
                                       : NGX_OPENAI_RESPONSE_BODY, &body);
    }

    if (rc == NGX_DECLINED) {
        (void) ngx_openai_gone(call);
        return call->rc;
    }

    if (rc != NGX_OK || ngx_openai_raw_headers(call, side, text) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (body.len == 0) {
        return ngx_openai_send_status(call->request, NGX_HTTP_OK);
    }

    ngx_openai_json_init(&out, call->request->pool);
    ngx_openai_json_raw(&out, body.data, body.len);

    return ngx_openai_send(call->request, &out);
}


static ngx_int_t
ngx_openai_raw_flag(ngx_openai_call_t *call, const char *name,
    ngx_uint_t *flag)
{
    *flag = 0;

    return ngx_openai_arg_number(call, name, 0, 1, flag);
}


/* the bytes are foreign, so no browser may show them as a page */

static ngx_int_t
ngx_openai_raw_headers(ngx_openai_call_t *call, ngx_uint_t side,
    ngx_uint_t text)
{
    u_char              *p;
    ngx_str_t            value;
    ngx_http_request_t  *r;

    r = call->request;

    if (ngx_openai_header(r, "Content-Security-Policy",
                          "default-src 'none'; sandbox")
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (text) {
        ngx_openai_set_type(r, "text/plain; charset=utf-8");
        return NGX_OK;
    }

    ngx_openai_set_type(r, "application/octet-stream");

    /* an id of a record has plain characters only */

    value.len = sizeof("attachment; filename=\"-response.bin\"") + call->id.len;
    value.data = ngx_pnalloc(r->pool, value.len);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(value.data, "attachment; filename=\"%V-%s.bin\"",
                    &call->id, side == NGX_OPENAI_IN ? "request" : "response");
    *p = '\0';

    return ngx_openai_header(r, "Content-Disposition", (char *) value.data);
}
