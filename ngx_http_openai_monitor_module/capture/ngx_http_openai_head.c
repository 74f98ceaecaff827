
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/ngx_http_openai_capture.h"


#define NGX_HTTP_OPENAI_HEAD_MAX  65536
#define NGX_HTTP_OPENAI_LINE_MAX  16384


typedef void (*ngx_http_openai_meter_header_pt)(openai_meter_t *m,
    openai_str_t name, openai_str_t value);


static void ngx_http_openai_head_line(ngx_http_openai_exchange_t *ex,
    openai_str_t *target);
static void ngx_http_openai_head_add(ngx_http_openai_exchange_t *ex,
    ngx_openai_chain_e chain, ngx_str_t *name, ngx_str_t *value,
    ngx_http_openai_meter_header_pt meter);
static void ngx_http_openai_head_flush(ngx_http_openai_exchange_t *ex,
    ngx_openai_chain_e chain, u_char *last);
static ngx_http_openai_secrecy_e ngx_http_openai_head_userinfo(
    ngx_str_t *name, ngx_str_t *value);
static u_char *ngx_http_openai_head_redact(ngx_http_openai_exchange_t *ex,
    ngx_openai_chain_e chain, u_char *dst, u_char *last, ngx_str_t *name,
    ngx_str_t *value, ngx_http_openai_secrecy_e secrecy);
static void ngx_http_openai_head_list(ngx_http_openai_exchange_t *ex,
    ngx_openai_chain_e chain, ngx_list_t *headers,
    ngx_http_openai_meter_header_pt meter);
static void ngx_http_openai_head_client(ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_head_status(ngx_http_openai_exchange_t *ex);


/* lines are gathered here, so that the zone gets few and large pieces; a
   worker handles one request at a time */

static u_char   ngx_http_openai_head[NGX_HTTP_OPENAI_HEAD_MAX];
static u_char  *ngx_http_openai_head_pos;


void
ngx_http_openai_request_line(ngx_http_openai_exchange_t *ex)
{
    openai_str_t         method, target;
    ngx_http_request_t  *r;

    r = ex->request;

    ngx_http_openai_head_client(ex);
    ngx_http_openai_head_line(ex, &target);

    ngx_openai_copy(ex->rec.method, sizeof(ex->rec.method),
                    r->method_name.data, r->method_name.len);
    ngx_openai_copy(ex->rec.uri, sizeof(ex->rec.uri), target.data, target.len);

    if (ex->meter) {
        method.data = (char *) r->method_name.data;
        method.len = r->method_name.len;

        openai_meter_request_line(ex->meter, method, target);
    }
}


/* the line as the client wrote it: r->method and r->uri may have been
   rewritten.  What is not a request line may be anything, a key too */

static void
ngx_http_openai_head_line(ngx_http_openai_exchange_t *ex, openai_str_t *target)
{
    u_char                    *p;
    ngx_str_t                 *line, *uri;
    ngx_http_request_t        *r;
    ngx_http_openai_redact_t  *redact;

    r = ex->request;
    redact = &ex->conf->redact;

    p = ngx_http_openai_head;
    line = &r->request_line;
    uri = &r->unparsed_uri;

    /* in HTTP/1 the URI is a part of the line, and what it is */

    if (r->method_name.len && line->len <= NGX_HTTP_OPENAI_LINE_MAX
        && uri->data >= line->data
        && uri->data + uri->len <= line->data + line->len
        && ngx_http_openai_redact_plain(line))
    {
        target->data = (char *) p + (uri->data - line->data);
        target->len = uri->len;

        p = ngx_cpymem(p, line->data, line->len);
        *p++ = '\n';

        ngx_http_openai_head_pos = p;
        return;
    }

    if (r->method_name.len) {
        p = ngx_http_openai_redact_uri(redact, p, p + NGX_HTTP_OPENAI_LINE_MAX,
                                       line);
    }

    *p++ = '\n';

    ngx_http_openai_head_pos = p;

    target->data = (char *) p;
    target->len = ngx_http_openai_redact_uri(redact, p,
                                             p + NGX_HTTP_OPENAI_LINE_MAX, uri)
                  - p;
}


void
ngx_http_openai_request_headers(ngx_http_openai_exchange_t *ex)
{
    ngx_str_t                  key;
    ngx_http_request_t        *r;
    ngx_http_openai_redact_t  *redact;

    r = ex->request;
    redact = &ex->conf->redact;

    ngx_http_openai_head_list(ex, NGX_OPENAI_REQUEST_HEAD,
                              &r->headers_in.headers,
                              openai_meter_request_header);

    if (ex->rec.key[0] == '\0'
        && ngx_http_openai_redact_find_arg(redact, &r->unparsed_uri, &key)
           == NGX_OK)
    {
        ngx_http_openai_fingerprint(redact, &key, ex->rec.key);
    }
}


static void
ngx_http_openai_head_client(ngx_http_openai_exchange_t *ex)
{
    u_char               *p;
    ngx_str_t             host;
    ngx_http_request_t   *r;
    ngx_openai_record_t  *rec;

    r = ex->request;
    rec = &ex->rec;

    rec->http_version = r->http_version;

    ngx_openai_copy(rec->client, sizeof(rec->client),
                    r->connection->addr_text.data,
                    r->connection->addr_text.len);

    if (r->headers_in.host) {
        host = r->headers_in.host->value;

    } else {
        host = r->headers_in.server;
    }

    /* "user:password@host", which versions of nginx let pass */

    p = host.data;

    if (host.len && memchr(p, '@', host.len)) {
        for (p += host.len; p[-1] != '@'; p--) { /* void */ }
    }

    ngx_openai_copy(rec->host, sizeof(rec->host), p,
                    host.data + host.len - p);
}


void
ngx_http_openai_response_head(ngx_http_openai_exchange_t *ex)
{
    u_char                length[NGX_OFF_T_LEN];
    ngx_str_t             name, value;
    ngx_http_request_t   *r;
    ngx_openai_record_t  *rec;

    r = ex->request;
    rec = &ex->rec;

    ngx_http_openai_head_status(ex);

    ngx_openai_copy(rec->content_type, sizeof(rec->content_type),
                    r->headers_out.content_type.data,
                    r->headers_out.content_type.len);

    if (r->headers_out.content_encoding) {
        ngx_openai_copy(rec->content_encoding, sizeof(rec->content_encoding),
                        r->headers_out.content_encoding->value.data,
                        r->headers_out.content_encoding->value.len);
    }

    /* nginx keeps these two apart from the list */

    if (r->headers_out.content_type.len) {
        ngx_str_set(&name, "Content-Type");
        ngx_http_openai_head_add(ex, NGX_OPENAI_RESPONSE_HEAD, &name,
                                 &r->headers_out.content_type,
                                 openai_meter_response_header);
    }

    if (r->headers_out.content_length_n >= 0
        && r->headers_out.content_length == NULL)
    {
        ngx_str_set(&name, "Content-Length");

        value.data = length;
        value.len = ngx_sprintf(length, "%O", r->headers_out.content_length_n)
                    - length;

        ngx_http_openai_head_add(ex, NGX_OPENAI_RESPONSE_HEAD, &name, &value,
                                 NULL);
    }

    ngx_http_openai_head_list(ex, NGX_OPENAI_RESPONSE_HEAD,
                              &r->headers_out.headers,
                              openai_meter_response_header);
}


static void
ngx_http_openai_head_status(ngx_http_openai_exchange_t *ex)
{
    u_char              *p;
    ngx_http_request_t  *r;

    r = ex->request;

    p = ngx_cpymem(ngx_http_openai_head, "HTTP/1.1 200\n", 13);

    if (r->http_version != NGX_HTTP_VERSION_11
        || r->headers_out.status != NGX_HTTP_OK)
    {
        p = ngx_sprintf(ngx_http_openai_head, "HTTP/%ui.%ui %03ui\n",
                        r->http_version / 1000, r->http_version % 1000,
                        r->headers_out.status);
    }

    ngx_http_openai_head_pos = p;

    if (ex->meter) {
        openai_meter_response_status(ex->meter, r->headers_out.status);
    }
}


static void
ngx_http_openai_head_list(ngx_http_openai_exchange_t *ex,
    ngx_openai_chain_e chain, ngx_list_t *headers,
    ngx_http_openai_meter_header_pt meter)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    /* a request line that was not HTTP leaves the list unmade */

    part = headers->part.elts ? &headers->part : NULL;

    for ( /* void */ ; part; part = part->next) {

        header = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (header[i].hash == 0) {
                continue;
            }

            ngx_http_openai_head_add(ex, chain, &header[i].key,
                                     &header[i].value, meter);
        }
    }

    ngx_http_openai_head_flush(ex, chain, ngx_http_openai_head_pos);
}


static void
ngx_http_openai_head_add(ngx_http_openai_exchange_t *ex,
    ngx_openai_chain_e chain, ngx_str_t *name, ngx_str_t *value,
    ngx_http_openai_meter_header_pt meter)
{
    u_char                    *p, *last;
    openai_str_t               key, text;
    ngx_http_openai_redact_t  *redact;
    ngx_http_openai_secrecy_e  secrecy;

    redact = &ex->conf->redact;
    secrecy = ngx_http_openai_redact_header(redact, name);

    if (ngx_http_openai_head_pos + name->len + value->len + 4096
        > ngx_http_openai_head + NGX_HTTP_OPENAI_HEAD_MAX)
    {
        ngx_http_openai_head_flush(ex, chain, ngx_http_openai_head_pos);

        if (name->len > NGX_HTTP_OPENAI_LINE_MAX) {
            return;
        }
    }

    /* what a viewer wants of a request, and marks its answers with */

    if (name->len == sizeof("X-OpenAI-Monitor") - 1
        && ngx_http_openai_same(name->data, (u_char *) "x-openai-monitor",
                                name->len, '-'))
    {
        ex->monitor = 1;
    }

    p = ngx_cpymem(ngx_http_openai_head_pos, name->data, name->len);
    *p++ = ':';
    *p++ = ' ';

    /* room for the line's end */

    last = ngx_http_openai_head + NGX_HTTP_OPENAI_HEAD_MAX - 1;
    text.data = (char *) p;

    if (secrecy == NGX_HTTP_OPENAI_PLAIN
        && ngx_http_openai_redact_plain(value))
    {
        p = ngx_cpymem(p, value->data,
                       ngx_min(value->len, (size_t) (last - p)));

    } else {

        if (secrecy == NGX_HTTP_OPENAI_PLAIN) {
            secrecy = ngx_http_openai_head_userinfo(name, value);
        }

        p = ngx_http_openai_head_redact(ex, chain, p, last, name, value,
                                        secrecy);
    }

    if (meter && ex->meter && secrecy == NGX_HTTP_OPENAI_PLAIN) {
        key.data = (char *) name->data;
        key.len = name->len;
        text.len = (char *) p - text.data;

        meter(ex->meter, key, text);
    }

    *p++ = '\n';

    ngx_http_openai_head_pos = p;
}


/* "user:password@host", which versions of nginx let pass */

static ngx_http_openai_secrecy_e
ngx_http_openai_head_userinfo(ngx_str_t *name, ngx_str_t *value)
{
    if (name->len == 4
        && ngx_strncasecmp(name->data, (u_char *) "Host", 4) == 0
        && ngx_strlchr(value->data, value->data + value->len, '@'))
    {
        return NGX_HTTP_OPENAI_SECRET;
    }

    return NGX_HTTP_OPENAI_PLAIN;
}


/* the first credential of a request is whom it is counted for */

static u_char *
ngx_http_openai_head_redact(ngx_http_openai_exchange_t *ex,
    ngx_openai_chain_e chain, u_char *dst, u_char *last, ngx_str_t *name,
    ngx_str_t *value, ngx_http_openai_secrecy_e secrecy)
{
    char                      *print;
    ngx_http_openai_redact_t  *redact;

    redact = &ex->conf->redact;

    if (secrecy == NGX_HTTP_OPENAI_PLAIN) {
        return ngx_http_openai_redact_uri(redact, dst, last, value);
    }

    print = NULL;

    if (secrecy == NGX_HTTP_OPENAI_CREDENTIAL
        && chain == NGX_OPENAI_REQUEST_HEAD
        && ex->rec.key[0] == '\0')
    {
        print = ex->rec.key;
    }

    return ngx_http_openai_redact_value(redact, dst, last, name, value, print);
}


static void
ngx_http_openai_head_flush(ngx_http_openai_exchange_t *ex,
    ngx_openai_chain_e chain, u_char *last)
{
    (void) ngx_openai_writer_append(&ex->writer, chain, ngx_http_openai_head,
                                    last - ngx_http_openai_head);

    ngx_http_openai_head_pos = ngx_http_openai_head;
}
