
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Gathers the secrets of an exchange that its answer may repeat: those of the
 * client's head, and those that nginx itself has sent to the upstream, such as
 * a key of "proxy_set_header".  capture/exchange.c calls it when an upstream
 * has answered.
 *
 * The words point into the request, or into its pool, and live as long as the
 * exchange does.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/secrets/veil.h"


/* a part of a cookie may be "dark", which is no secret */

#define NGX_HTTP_OPENAI_WORDS_PART  8


static ngx_int_t ngx_http_openai_words_create_request(ngx_http_request_t *r);
static void ngx_http_openai_words_client(ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_words_upstream(ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_words_header(ngx_http_openai_exchange_t *ex,
    ngx_str_t *name, ngx_str_t *value);
static void ngx_http_openai_words_basic(ngx_http_openai_exchange_t *ex,
    ngx_str_t *coded);
static void ngx_http_openai_words_parts(ngx_http_openai_exchange_t *ex,
    ngx_str_t *value);
static void ngx_http_openai_words_args(ngx_http_openai_exchange_t *ex,
    ngx_str_t *uri);
static void ngx_http_openai_words_add(ngx_http_openai_exchange_t *ex,
    u_char *data, size_t len);


void
ngx_http_openai_words(ngx_http_openai_exchange_t *ex)
{
    ngx_http_openai_words_client(ex);
    ngx_http_openai_words_upstream(ex);
}


void
ngx_http_openai_words_watch(ngx_http_openai_exchange_t *ex)
{
    ngx_http_upstream_t  *u;

    u = ex->request->upstream;

    if (u == NULL || u == ex->watched || u->request_bufs
        || u->create_request == NULL)
    {
        return;
    }

    ex->watched = u;
    ex->head = NULL;
    ex->create_request = u->create_request;

    u->create_request = ngx_http_openai_words_create_request;
}


static ngx_int_t
ngx_http_openai_words_create_request(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_http_upstream_t         *u;
    ngx_http_openai_exchange_t  *ex;

    ex = ngx_http_openai_exchange(r);

    /* only a request with an exchange has this function, and keeps it */

    if (ex == NULL) {
        return NGX_ERROR;
    }

    rc = ex->create_request(r);

    u = r->upstream;

    if (rc == NGX_OK && u == ex->watched && u->request_bufs) {
        ex->head = u->request_bufs->buf;
    }

    return rc;
}


static void
ngx_http_openai_words_client(ngx_http_openai_exchange_t *ex)
{
    ngx_uint_t           i;
    ngx_list_part_t     *part;
    ngx_table_elt_t     *header;
    ngx_http_request_t  *r;

    r = ex->request;

    /* a request line that was not HTTP leaves the list unmade */

    part = r->headers_in.headers.part.elts ? &r->headers_in.headers.part
                                           : NULL;

    for ( /* void */ ; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {
            ngx_http_openai_words_header(ex, &header[i].key,
                                         &header[i].value);
        }
    }

    ngx_http_openai_words_args(ex, &r->unparsed_uri);
}


/* the head that nginx has made for an upstream of HTTP/1 is in its first
   buffer; others are not text */

static void
ngx_http_openai_words_upstream(ngx_http_openai_exchange_t *ex)
{
    u_char               *p, *end, *eol, *colon;
    ngx_str_t             name, value;
    ngx_buf_t            *head;
    ngx_http_upstream_t  *u;

    u = ex->request->upstream;

    if (u == NULL) {
        return;
    }

    if (u == ex->watched) {
        head = ex->head;

    } else {
        head = u->request_bufs ? u->request_bufs->buf : NULL;
    }

    if (head == NULL || !ngx_buf_in_memory(head)) {
        return;
    }

    p = head->start;
    end = head->last;

    if (p == NULL || end <= p) {
        return;
    }

    for ( /* void */ ; p < end; p = eol + 1) {

        eol = ngx_strlchr(p, end, '\n');

        if (eol == NULL || eol - p < 2) {
            break;
        }

        if (p == head->start) {

            name.data = p;
            name.len = eol - p;

            if (name.len < 10
                || ngx_strncmp(eol - 9, "HTTP/1.", 7) != 0)
            {
                break;
            }

            name.len -= 10;
            ngx_http_openai_words_args(ex, &name);
            continue;
        }

        colon = ngx_strlchr(p, eol, ':');

        if (colon == NULL) {
            break;
        }

        name.data = p;
        name.len = colon - p;

        for (colon++; colon < eol && *colon == ' '; colon++) { /* void */ }

        value.data = colon;
        value.len = eol - colon;

        if (value.len && value.data[value.len - 1] == '\r') {
            value.len--;
        }

        ngx_http_openai_words_header(ex, &name, &value);
    }
}


static void
ngx_http_openai_words_header(ngx_http_openai_exchange_t *ex, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_str_t  secret;

    if (value->len == 0
        || (ngx_http_openai_redact_header(&ex->conf->redact, name)
            == NGX_HTTP_OPENAI_PLAIN
            && !ngx_http_openai_redact_scheme(value)))
    {
        return;
    }

    secret = *value;
    ngx_http_openai_redact_secret(name, &secret);

    ngx_http_openai_words_add(ex, secret.data, secret.len);

    if (value->len > 6
        && ngx_strncasecmp(value->data, (u_char *) "basic ", 6) == 0)
    {
        ngx_http_openai_words_basic(ex, &secret);
    }

    if (name->len >= sizeof("cookie") - 1
        && (name->data[name->len - 1] | 0x20) == 'e'
        && ngx_strlchr(value->data, value->data + value->len, '='))
    {
        ngx_http_openai_words_parts(ex, value);
    }
}


/* "user:password" */

static void
ngx_http_openai_words_basic(ngx_http_openai_exchange_t *ex, ngx_str_t *coded)
{
    u_char     *p;
    ngx_str_t   text;

    text.data = ngx_pnalloc(ex->request->pool,
                            ngx_base64_decoded_length(coded->len) + 1);
    if (text.data == NULL) {
        return;
    }

    if (ngx_decode_base64(&text, coded) != NGX_OK) {
        return;
    }

    ngx_http_openai_words_add(ex, text.data, text.len);

    p = ngx_strlchr(text.data, text.data + text.len, ':');

    if (p) {
        p++;
        ngx_http_openai_words_add(ex, p, text.data + text.len - p);
    }
}


/* "a=b; c=d" */

static void
ngx_http_openai_words_parts(ngx_http_openai_exchange_t *ex, ngx_str_t *value)
{
    u_char  *p, *end, *last;

    last = value->data + value->len;

    for (p = value->data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, ';');
        end = end ? end : last;

        p = ngx_strlchr(p, end, '=');

        if (p && end - p > NGX_HTTP_OPENAI_WORDS_PART) {
            ngx_http_openai_words_add(ex, p + 1, end - p - 1);
        }
    }
}


/* an answer may have them decoded, too */

static void
ngx_http_openai_words_args(ngx_http_openai_exchange_t *ex, ngx_str_t *uri)
{
    u_char     *at, *d, *s, *p;
    ngx_str_t   value;

    at = NULL;

    while (ngx_http_openai_redact_next_arg(&ex->conf->redact, uri, &at, &value)
           == NGX_OK)
    {
        if (memchr(value.data, '%', value.len) == NULL) {
            ngx_http_openai_words_add(ex, value.data, value.len);
            continue;
        }

        p = ngx_pnalloc(ex->request->pool, value.len);
        if (p == NULL) {
            return;
        }

        d = p;
        s = value.data;
        ngx_unescape_uri(&d, &s, value.len, 0);

        ngx_http_openai_words_add(ex, p, d - p);
    }
}


static void
ngx_http_openai_words_add(ngx_http_openai_exchange_t *ex, u_char *data,
    size_t len)
{
    openai_str_t  word;

    if (len < OPENAI_SECRETS_WORD_MIN) {
        return;
    }

    if (ex->words == NULL) {

        ex->words = ngx_palloc(ex->request->pool,
                               sizeof(openai_secrets_words_t));
        if (ex->words == NULL) {
            return;
        }

        ex->words->n = 0;
    }

    word.data = (char *) data;
    word.len = len;

    openai_secrets_word(ex->words, word);
}


ngx_uint_t
ngx_http_openai_words_in(ngx_http_openai_exchange_t *ex, ngx_str_t *text)
{
    openai_str_t  value;

    if (ex->words == NULL) {
        return 0;
    }

    value.data = (char *) text->data;
    value.len = text->len;

    return openai_secrets_words_in(ex->words, value);
}
