
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: no arguments of a request make the API read behind them, accept
 * a number out of bounds, or refuse in another form than JSON.  The first byte
 * of the input chooses the resource.
 *
 * Of docs/reliability.md: fault 42.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "store/record.c"
#include "store/fields.c"
#include "view/answer/json.c"
#include "view/read/head.c"
#include "view/query/match.c"
#include "view/query/regex.c"
#include "view/query/terms.c"
#include "view/query/terms_match.c"
#include "view/query/terms_number.c"
#include "view/query/terms_time.c"
#include "view/query/query.c"
#include "view/answer/call.c"
#include "view/query/ask.c"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_uint_t  refused;


ngx_int_t
ngx_http_send_header(ngx_http_request_t *r)
{
    return NGX_OK;
}


ngx_int_t
ngx_http_output_filter(ngx_http_request_t *r, ngx_chain_t *out)
{
    char        *text;
    size_t       len;
    yyjson_doc  *doc;

    text = malloc(r->headers_out.content_length_n);

    for (len = 0; out; out = out->next) {
        ngx_memcpy(text + len, out->buf->pos, out->buf->last - out->buf->pos);
        len += out->buf->last - out->buf->pos;
    }

    doc = yyjson_read(text, len, 0);

    if (doc == NULL || len != (size_t) r->headers_out.content_length_n
        || r->headers_out.status != NGX_HTTP_BAD_REQUEST)
    {
        abort();
    }

    yyjson_doc_free(doc);
    free(text);
    refused++;

    return NGX_OK;
}


static ngx_int_t
ask(ngx_openai_call_t *call, unsigned what)
{
    ngx_int_t           rc;
    ngx_str_t           value;
    ngx_uint_t          n;
    ngx_openai_query_t  query;

    static const char *const  names[] = { "q", "page", "window", "a" };

    switch (what & 3) {

    case 0:
        rc = ngx_openai_ask(call, &query);
        break;

    case 1:
        n = 7;
        rc = ngx_openai_arg_number(call, "page", 1, 1000, &n);

        if (n < 1 || n > 1000) {
            abort();
        }

        break;

    default:
        rc = ngx_openai_arg(call, names[what >> 2 & 3], &value);

        if (rc == NGX_OK && value.len > call->request->args.len) {
            abort();
        }
    }

    return rc;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_int_t           rc;
    ngx_openai_call_t   call;
    ngx_http_request_t  r;
    ngx_pool_t          pool = { NULL, 64 * 1024 * 1024 };

    if (size < 1) {
        return 0;
    }

    memset(&r, 0, sizeof(r));
    memset(&call, 0, sizeof(call));

    r.main = &r;
    r.pool = &pool;
    r.args.len = size - 1;
    r.args.data = ngx_pnalloc(&pool, size - 1);
    ngx_memcpy(r.args.data, data + 1, size - 1);

    call.request = &r;

    refused = 0;
    rc = ask(&call, data[0]);

    /* refused at most once */

    if (refused != (rc == NGX_ABORT)) {
        abort();
    }

    ngx_reset_pool(&pool);

    return 0;
}
