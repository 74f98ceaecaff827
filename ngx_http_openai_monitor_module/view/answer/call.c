
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * How the API answers and refuses, and how it reads the arguments and headers
 * of a request. Every handler calls this.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/answer/call.h"


static void ngx_openai_decode_arg(ngx_str_t *value);


ngx_int_t
ngx_openai_send(ngx_http_request_t *r, ngx_openai_json_t *json)
{
    ngx_int_t  rc;

    if (json->failed || json->buf == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->headers_out.status == 0) {
        r->headers_out.status = NGX_HTTP_OK;
    }

    r->headers_out.content_length_n = json->size;

    if (r->headers_out.content_type.len == 0) {
        ngx_openai_set_type(r, "application/json");
    }

    if (ngx_openai_headers(r, "no-store") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    json->buf->last_buf = (r == r->main) ? 1 : 0;
    json->buf->last_in_chain = 1;

    return ngx_http_output_filter(r, json->first);
}


ngx_int_t
ngx_openai_send_status(ngx_http_request_t *r, ngx_uint_t status)
{
    r->headers_out.status = status;
    r->headers_out.content_length_n = 0;
    r->header_only = 1;

    if (ngx_openai_headers(r, "no-store") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_send_header(r);
}


ngx_int_t
ngx_openai_error(ngx_http_request_t *r, ngx_uint_t status, const char *code,
    const char *fmt, va_list args)
{
    u_char             *p, message[1024];
    ngx_openai_json_t   json;

    p = ngx_vslprintf(message, message + sizeof(message), fmt, args);

    ngx_openai_json_init(&json, r->pool);

    ngx_openai_json_open(&json, '{');
    ngx_openai_json_key(&json, "error");
    ngx_openai_json_open(&json, '{');
    ngx_openai_json_key(&json, "code");
    ngx_openai_json_text(&json, code);
    ngx_openai_json_key(&json, "message");
    ngx_openai_json_string(&json, message, p - message);
    ngx_openai_json_close(&json, '}');
    ngx_openai_json_close(&json, '}');

    r->headers_out.status = status;
    r->headers_out.content_type.len = 0;

    return ngx_openai_send(r, &json);
}


ngx_int_t
ngx_openai_headers(ngx_http_request_t *r, const char *cache)
{
    if (ngx_openai_header(r, "Cache-Control", cache) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_openai_header(r, "X-Content-Type-Options", "nosniff") != NGX_OK
        || ngx_openai_header(r, "Cross-Origin-Resource-Policy", "same-origin")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* a recording proxy refuses answers with this header, so nobody reaches
       the monitor through it */

    return ngx_openai_header(r, "X-OpenAI-Monitor", "view");
}


/* name and value must live as long as the request */

ngx_int_t
ngx_openai_header(ngx_http_request_t *r, const char *name, const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);
    h->lowcase_key = NULL;

#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return NGX_OK;
}


ngx_str_t *
ngx_openai_header_in(ngx_http_request_t *r, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    len = ngx_strlen(name);
    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NULL;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == len
            && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
        {
            return &h[i].value;
        }
    }
}


ngx_int_t
ngx_openai_refuse(ngx_openai_call_t *call, ngx_uint_t status,
    const char *code, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    call->rc = ngx_openai_error(call->request, status, code, fmt, args);
    va_end(args);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, call->request->connection->log, 0,
                   "openai monitor: refused with %ui, %s", status, code);

    return NGX_ABORT;
}


ngx_int_t
ngx_openai_gone(ngx_openai_call_t *call)
{
    return ngx_openai_refuse(call, 410, "gone",
                             "record \"%V\" was evicted", &call->id);
}


ngx_int_t
ngx_openai_no_memory(ngx_openai_call_t *call)
{
    call->rc = NGX_HTTP_INTERNAL_SERVER_ERROR;

    return NGX_ABORT;
}


ngx_int_t
ngx_openai_arg(ngx_openai_call_t *call, const char *name, ngx_str_t *value)
{
    u_char      *p, *end, *last, *eq;
    ngx_str_t    key, val, *args;
    ngx_uint_t   found;

    args = &call->request->args;
    found = 0;

    p = args->data;
    last = p + args->len;

    while (p < last) {
        end = memchr(p, '&', last - p);
        end = end ? end : last;

        eq = memchr(p, '=', end - p);

        key.data = p;
        key.len = (eq ? eq : end) - p;
        val.data = eq ? eq + 1 : end;
        val.len = end - val.data;

        p = end + 1;

        /* the names are plain words, so they are compared without decoding */

        if (key.len != ngx_strlen(name)
            || ngx_strncmp(key.data, name, key.len) != 0)
        {
            continue;
        }

        if (found) {
            return ngx_openai_refuse(call, NGX_HTTP_BAD_REQUEST, "bad_request",
                                     "duplicate argument \"%s\"", name);
        }

        found = 1;
        *value = val;
    }

    if (!found) {
        return NGX_DECLINED;
    }

    val.data = ngx_pnalloc(call->request->pool, value->len + 1);
    if (val.data == NULL) {
        return ngx_openai_no_memory(call);
    }

    ngx_memcpy(val.data, value->data, value->len);
    value->data = val.data;

    ngx_openai_decode_arg(value);

    return NGX_OK;
}


/* decodes in place; forms write a space as "+" */

static void
ngx_openai_decode_arg(ngx_str_t *value)
{
    u_char  *src, *dst;
    size_t   i;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] == '+') {
            value->data[i] = ' ';
        }
    }

    src = value->data;
    dst = value->data;

    ngx_unescape_uri(&dst, &src, value->len, 0);

    value->len = dst - value->data;
}


ngx_int_t
ngx_openai_arg_number(ngx_openai_call_t *call, const char *name,
    ngx_uint_t min, ngx_uint_t max, ngx_uint_t *value)
{
    ngx_int_t  rc, n;
    ngx_str_t  arg;

    rc = ngx_openai_arg(call, name, &arg);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    n = ngx_atoi(arg.data, arg.len);

    if (n == NGX_ERROR || (ngx_uint_t) n < min || (ngx_uint_t) n > max) {
        return ngx_openai_refuse(call, NGX_HTTP_BAD_REQUEST, "bad_request",
                                 "invalid \"%s\"; use a number from %ui to %ui",
                                 name, min, max);
    }

    *value = n;

    return NGX_OK;
}
