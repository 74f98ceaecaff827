
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Records as entries of HAR 1.2, and as lines of JSONL. export.c calls this.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/record/export.h"
#include "view/record/summary.h"


/* an entry; its strings point into the record */

typedef struct {
    ngx_openai_json_t          *json;
    ngx_openai_read_t          *record;
    const ngx_openai_record_t  *rec;
    ngx_str_t                   uri;
    ngx_str_t                   version;
} ngx_openai_har_t;


static void ngx_openai_har_line(ngx_openai_har_t *h);
static void ngx_openai_har_request(ngx_openai_har_t *h);
static void ngx_openai_har_query(ngx_openai_har_t *h);
static void ngx_openai_har_pair(ngx_openai_json_t *json, ngx_str_t *name,
    ngx_str_t *value);
static void ngx_openai_har_post(ngx_openai_har_t *h);
static void ngx_openai_har_response(ngx_openai_har_t *h);
static void ngx_openai_har_headers(ngx_openai_har_t *h, ngx_uint_t side);
static void ngx_openai_har_text(ngx_openai_har_t *h, ngx_uint_t side,
    const char *encoding);
static void ngx_openai_har_timings(ngx_openai_har_t *h);
static int64_t ngx_openai_har_time(int64_t us);


void
ngx_openai_har(ngx_openai_json_t *json, ngx_openai_read_t *record,
    const ngx_openai_thread_t *thread)
{
    ngx_openai_har_t  h;

    h.json = json;
    h.record = record;
    h.rec = record->rec;

    ngx_openai_har_line(&h);

    json->comma = 0;

    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "startedDateTime");
    ngx_openai_json_time(json, h.rec->started_ms);

    ngx_openai_har_timings(&h);
    ngx_openai_har_request(&h);
    ngx_openai_har_response(&h);

    ngx_openai_json_key(json, "cache");
    ngx_openai_json_open(json, '{');
    ngx_openai_json_close(json, '}');

    /* HAR wants names of extensions to begin with "_" */

    ngx_openai_json_key(json, "_openai");
    ngx_openai_json_open(json, '{');
    ngx_openai_summary(json, record, thread);
    ngx_openai_json_close(json, '}');

    ngx_openai_json_close(json, '}');
}


/* takes the URI and the version from "POST /v1/x HTTP/1.1" */

static void
ngx_openai_har_line(ngx_openai_har_t *h)
{
    u_char     *p, *last;
    ngx_str_t   line;

    ngx_openai_read_line(h->record, NGX_OPENAI_IN, &line);

    h->uri.data = (u_char *) h->rec->uri;
    h->uri.len = ngx_strlen(h->rec->uri);
    ngx_str_set(&h->version, "HTTP/1.1");

    last = line.data + line.len;
    p = line.len ? memchr(line.data, ' ', line.len) : NULL;

    if (p == NULL) {
        return;
    }

    h->uri.data = p + 1;

    for (p = last; p > h->uri.data && p[-1] != ' '; p--) { /* void */ }

    if (p == h->uri.data) {
        h->uri.len = last - p;
        return;
    }

    h->uri.len = p - 1 - h->uri.data;
    h->version.data = p;
    h->version.len = last - p;
}


static void
ngx_openai_har_request(ngx_openai_har_t *h)
{
    u_char             *url, *p;
    ngx_openai_json_t  *json;

    json = h->json;

    ngx_openai_json_key(json, "request");
    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "method");
    ngx_openai_json_string(json, h->rec->method, ngx_strlen(h->rec->method));

    /* HAR wants an absolute URL */

    ngx_openai_json_key(json, "url");

    url = ngx_pnalloc(json->pool, sizeof("http://") + sizeof(h->rec->host)
                                  + h->uri.len);
    if (url == NULL) {
        json->failed = 1;
        return;
    }

    p = url;

    if (h->uri.len == 0 || h->uri.data[0] == '/') {
        p = ngx_cpymem(p, "http://", sizeof("http://") - 1);
        p = ngx_cpymem(p, h->rec->host, ngx_strlen(h->rec->host));
    }

    p = ngx_cpymem(p, h->uri.data, h->uri.len);

    ngx_openai_json_string(json, url, p - url);

    ngx_openai_json_key(json, "httpVersion");
    ngx_openai_json_string(json, h->version.data, h->version.len);
    ngx_openai_json_key(json, "cookies");
    ngx_openai_json_open(json, '[');
    ngx_openai_json_close(json, ']');

    ngx_openai_har_headers(h, NGX_OPENAI_IN);
    ngx_openai_har_query(h);
    ngx_openai_har_post(h);

    ngx_openai_json_key(json, "headersSize");
    ngx_openai_json_int(json, -1);
    ngx_openai_json_key(json, "bodySize");
    ngx_openai_json_int(json, h->rec->request_bytes);
    ngx_openai_json_close(json, '}');
}


static void
ngx_openai_har_query(ngx_openai_har_t *h)
{
    u_char     *p, *end, *eq, *last;
    ngx_str_t   name, value;

    ngx_openai_json_key(h->json, "queryString");
    ngx_openai_json_open(h->json, '[');

    last = h->uri.data + h->uri.len;
    p = h->uri.len ? memchr(h->uri.data, '?', h->uri.len) : NULL;

    for (p = p ? p + 1 : last; p < last; p = end + 1) {
        end = memchr(p, '&', last - p);
        end = end ? end : last;
        eq = memchr(p, '=', end - p);

        name.data = p;
        name.len = (eq ? eq : end) - p;
        value.data = eq ? eq + 1 : end;
        value.len = end - value.data;

        ngx_openai_har_pair(h->json, &name, &value);
    }

    ngx_openai_json_close(h->json, ']');
}


static void
ngx_openai_har_pair(ngx_openai_json_t *json, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "name");
    ngx_openai_json_string(json, name->data, name->len);
    ngx_openai_json_key(json, "value");
    ngx_openai_json_string(json, value->data, value->len);
    ngx_openai_json_close(json, '}');
}


static void
ngx_openai_har_post(ngx_openai_har_t *h)
{
    ngx_str_t           type;
    ngx_openai_json_t  *json;

    json = h->json;

    if (h->rec->request_bytes == 0) {
        return;
    }

    ngx_openai_read_header(h->record, NGX_OPENAI_IN, "Content-Type",
                           &type);

    ngx_openai_json_key(json, "postData");
    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "mimeType");
    ngx_openai_json_string(json, type.data, type.len);
    ngx_openai_json_key(json, "params");
    ngx_openai_json_open(json, '[');
    ngx_openai_json_close(json, ']');

    ngx_openai_har_text(h, NGX_OPENAI_IN, "_encoding");

    ngx_openai_json_close(json, '}');
}


static void
ngx_openai_har_response(ngx_openai_har_t *h)
{
    ngx_str_t           type, location;
    ngx_openai_json_t  *json;

    json = h->json;

    ngx_openai_read_header(h->record, NGX_OPENAI_OUT, "Content-Type",
                           &type);
    ngx_openai_read_header(h->record, NGX_OPENAI_OUT, "Location",
                           &location);

    ngx_openai_json_key(json, "response");
    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "status");
    ngx_openai_json_int(json, h->rec->status);
    ngx_openai_json_key(json, "statusText");
    ngx_openai_json_string(json, "", 0);
    ngx_openai_json_key(json, "httpVersion");
    ngx_openai_json_string(json, h->version.data, h->version.len);
    ngx_openai_json_key(json, "cookies");
    ngx_openai_json_open(json, '[');
    ngx_openai_json_close(json, ']');

    ngx_openai_har_headers(h, NGX_OPENAI_OUT);

    ngx_openai_json_key(json, "content");
    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "mimeType");

    if (type.len) {
        ngx_openai_json_string(json, type.data, type.len);

    } else {
        ngx_openai_json_text(json, "x-unknown");
    }

    ngx_openai_har_text(h, NGX_OPENAI_OUT, "encoding");
    ngx_openai_json_close(json, '}');

    ngx_openai_json_key(json, "redirectURL");
    ngx_openai_json_string(json, location.data, location.len);
    ngx_openai_json_key(json, "headersSize");
    ngx_openai_json_int(json, -1);
    ngx_openai_json_key(json, "bodySize");
    ngx_openai_json_int(json, h->rec->response_bytes);
    ngx_openai_json_close(json, '}');
}


static void
ngx_openai_har_headers(ngx_openai_har_t *h, ngx_uint_t side)
{
    ngx_str_t  head, name, value;

    (void) ngx_openai_read_chain(h->record, side == NGX_OPENAI_IN
                                            ? NGX_OPENAI_REQUEST_HEAD
                                            : NGX_OPENAI_RESPONSE_HEAD,
                                 &head);

    ngx_openai_json_key(h->json, "headers");
    ngx_openai_json_open(h->json, '[');

    while (ngx_openai_head_next(&head, &name, &value)) {
        ngx_openai_har_pair(h->json, &name, &value);
    }

    ngx_openai_json_close(h->json, ']');
}


static void
ngx_openai_har_text(ngx_openai_har_t *h, ngx_uint_t side,
    const char *encoding)
{
    ngx_str_t           body;
    ngx_openai_json_t  *json;

    json = h->json;

    if (ngx_openai_read_body(h->record, side, &body) != NGX_OK) {
        json->failed = 1;
        return;
    }

    if (side == NGX_OPENAI_OUT) {
        ngx_openai_json_key(json, "size");
        ngx_openai_json_int(json, body.len);
    }

    if (*ngx_openai_summary_withheld(h->rec, side)) {
        ngx_openai_json_key(json, "comment");
        ngx_openai_json_text(json, "bodies are not stored");
    }

    ngx_openai_json_key(json, "text");

    if (ngx_openai_detail_is_text(&body, ngx_openai_detail_cut(h->rec, side)))
    {
        ngx_openai_json_string(json, body.data, body.len);
        return;
    }

    ngx_openai_json_base64(json, body.data, body.len);
    ngx_openai_json_key(json, encoding);
    ngx_openai_json_text(json, "base64");
}


/* "time" must be the sum of the timings, and HAR wants all three */

static void
ngx_openai_har_timings(ngx_openai_har_t *h)
{
    int64_t                     send, wait, receive;
    ngx_openai_json_t          *json;
    const ngx_openai_record_t  *rec;

    json = h->json;
    rec = h->rec;

    send = ngx_openai_har_time(rec->request_us);
    wait = ngx_openai_har_time(rec->header_us) - send;
    wait = ngx_openai_har_time(wait);
    receive = ngx_openai_har_time(rec->duration_us) - send - wait;
    receive = ngx_openai_har_time(receive);

    ngx_openai_json_key(json, "time");
    ngx_openai_json_ms(json, send + wait + receive);

    ngx_openai_json_key(json, "timings");
    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "send");
    ngx_openai_json_ms(json, send);
    ngx_openai_json_key(json, "wait");
    ngx_openai_json_ms(json, wait);
    ngx_openai_json_key(json, "receive");
    ngx_openai_json_ms(json, receive);
    ngx_openai_json_close(json, '}');
}


static int64_t
ngx_openai_har_time(int64_t us)
{
    return us < 0 ? 0 : us;
}


void
ngx_openai_jsonl(ngx_openai_json_t *json, ngx_openai_read_t *record,
    const ngx_openai_thread_t *thread)
{
    json->comma = 0;

    ngx_openai_detail_write(json, record, thread, 1);
}
