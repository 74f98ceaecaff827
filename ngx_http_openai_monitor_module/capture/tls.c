
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */



/*
 * The time of the TLS handshake with an upstream.
 *
 * nginx measures connect and handshake as one.  OpenSSL reports the start and
 * the end of a handshake to a function that nginx set; ours notes the time and
 * calls nginx's.  The first exchange of a process that reaches an upstream puts
 * it into the upstream's context, with which it goes.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/capture.h"


#if (NGX_HTTP_SSL)

typedef void (*ngx_http_openai_tls_info_pt)(const ngx_ssl_conn_t *conn,
    int where, int ret);


static void ngx_http_openai_tls_info(const ngx_ssl_conn_t *conn, int where,
    int ret);
static void ngx_http_openai_tls_handshake(const ngx_ssl_conn_t *conn,
    int where);


/* nginx's own function; a context with another one is not touched */

static ngx_http_openai_tls_info_pt  ngx_http_openai_tls_next_info;


void
ngx_http_openai_tls_watch(ngx_http_openai_exchange_t *ex)
{
    SSL_CTX                      *ctx;
    ngx_http_upstream_conf_t     *conf;
    ngx_http_openai_tls_info_pt   info;

    ex->tls_watched = 1;

    conf = ex->request->upstream->conf;

    if (conf == NULL || conf->ssl == NULL || conf->ssl->ctx == NULL) {
        return;
    }

    ctx = conf->ssl->ctx;
    info = SSL_CTX_get_info_callback(ctx);

    if (info == ngx_http_openai_tls_info) {
        return;
    }

    if (ngx_http_openai_tls_next_info == NULL) {
        ngx_http_openai_tls_next_info = info;
    }

    if (info == ngx_http_openai_tls_next_info) {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, ex->request->connection->log, 0,
                       "openai monitor: TLS handshakes are timed");

        SSL_CTX_set_info_callback(ctx, ngx_http_openai_tls_info);
    }
}


static void
ngx_http_openai_tls_info(const ngx_ssl_conn_t *conn, int where, int ret)
{
    if (where & (SSL_CB_HANDSHAKE_START|SSL_CB_HANDSHAKE_DONE)) {
        ngx_http_openai_tls_handshake(conn, where);
    }

    if (ngx_http_openai_tls_next_info) {
        ngx_http_openai_tls_next_info(conn, where, ret);
    }
}


static void
ngx_http_openai_tls_handshake(const ngx_ssl_conn_t *conn, int where)
{
    ngx_connection_t            *c;
    ngx_http_request_t          *r;
    ngx_openai_record_t         *rec;
    ngx_openai_attempt_t        *attempt;
    ngx_http_openai_exchange_t  *ex;

    c = ngx_ssl_get_connection((ngx_ssl_conn_t *) conn);

    /* renegotiations are handshakes, too, and with some libraries so are the
       tickets of TLS 1.3; then the connection may belong to no request */

    if (c == NULL || c->ssl == NULL || c->ssl->handshaked) {
        return;
    }

    r = c->data;

    if (r == NULL || r->signature != NGX_HTTP_MODULE || r != r->main
        || r->upstream == NULL || r->upstream->peer.connection != c)
    {
        return;
    }

    ex = ngx_http_openai_exchange(r);

    if (ex == NULL || ex->committed) {
        return;
    }

    if (where & SSL_CB_HANDSHAKE_START) {
        ex->tls_start = ngx_current_msec;
        ex->tls_running = 1;
        return;
    }

    if (!ex->tls_running) {
        return;
    }

    ex->tls_running = 0;

    rec = &ex->rec;

    ngx_http_openai_attempts(r, rec);

    /* the attempt's other times are of this clock, too */

    if (rec->nattempts) {
        attempt = &rec->attempts[rec->nattempts - 1];
        attempt->tls_ms = (int32_t) (ngx_current_msec - ex->tls_start);
    }
}

#endif
