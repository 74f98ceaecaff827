
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */



/*
 * The tap of an upgraded connection.
 *
 * After an upgrade nginx passes bytes between two connections without a filter.
 * The tap replaces their recv functions, copies what they return, and changes
 * nothing.  exchange.c installs it with a 101 and removes it at commit.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/capture.h"
#include "capture/secrets/veil.h"


static ssize_t ngx_http_openai_client_recv(ngx_connection_t *c, u_char *buf,
    size_t size);
static ssize_t ngx_http_openai_upstream_recv(ngx_connection_t *c, u_char *buf,
    size_t size);
static void ngx_http_openai_websocket_early(ngx_http_openai_exchange_t *ex);


void
ngx_http_openai_websocket_tap(ngx_http_openai_exchange_t *ex)
{
    ngx_http_request_t   *r;
    ngx_http_upstream_t  *u;

    r = ex->request;
    u = r->upstream;

    if (u == NULL || !u->upgrade || u->peer.connection == NULL
        || r->http_version >= NGX_HTTP_VERSION_20)
    {
        return;
    }

    if (ex->meter == NULL) {
        ex->rec.facts.framing = OPENAI_FRAMING_WEBSOCKET;
    }

    ngx_http_openai_veil_frames(ex);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "openai monitor: frames are recorded, flags:%xD",
                   ex->rec.flags);

    ngx_http_openai_websocket_early(ex);

    ex->client_recv = r->connection->recv;
    ex->upstream_recv = u->peer.connection->recv;

    r->connection->recv = ngx_http_openai_client_recv;
    u->peer.connection->recv = ngx_http_openai_upstream_recv;
}


/* takes frames that came together with the headers from nginx's buffers */

static void
ngx_http_openai_websocket_early(ngx_http_openai_exchange_t *ex)
{
    ngx_buf_t  *b;

    b = ex->request->header_in;

    if (b && b->last > b->pos) {
        ngx_http_openai_turn_piece(ex, NGX_HTTP_OPENAI_REQUEST, b->pos,
                                   b->last - b->pos, 0);
    }

    b = &ex->request->upstream->buffer;

    if (b->last > b->pos) {
        ngx_http_openai_turn_piece(ex, NGX_HTTP_OPENAI_RESPONSE, b->pos,
                                   b->last - b->pos, 0);
    }
}


/* gives both connections their own recv back; they may outlive the request */

void
ngx_http_openai_websocket_untap(ngx_http_openai_exchange_t *ex)
{
    ngx_connection_t  *c;

    c = ex->request->connection;

    if (ex->client_recv && c->recv == ngx_http_openai_client_recv) {
        c->recv = ex->client_recv;
    }

    if (ex->upstream_recv && ex->request->upstream) {
        c = ex->request->upstream->peer.connection;

        if (c && c->recv == ngx_http_openai_upstream_recv) {
            c->recv = ex->upstream_recv;
        }
    }
}


static ssize_t
ngx_http_openai_client_recv(ngx_connection_t *c, u_char *buf, size_t size)
{
    ssize_t                      n;
    ngx_http_openai_exchange_t  *ex;

    ex = ngx_http_openai_exchange(c->data);

    n = ex->client_recv(c, buf, size);

    if (n > 0) {
        ngx_http_openai_turn_piece(ex, NGX_HTTP_OPENAI_REQUEST, buf, n, 0);
    }

    return n;
}


static ssize_t
ngx_http_openai_upstream_recv(ngx_connection_t *c, u_char *buf, size_t size)
{
    ssize_t                      n;
    ngx_http_openai_exchange_t  *ex;

    ex = ngx_http_openai_exchange(c->data);

    n = ex->upstream_recv(c, buf, size);

    if (n > 0) {
        ngx_http_openai_turn_piece(ex, NGX_HTTP_OPENAI_RESPONSE, buf, n, 0);
    }

    return n;
}
