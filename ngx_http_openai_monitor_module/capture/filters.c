
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */



/*
 * The hooks into nginx: preaccess, request body, header, body, log.
 *
 * nginx calls them; the module root installs them.  Each hook copies or notes
 * and returns what the next filter returns.  Data passes unchanged: no hook
 * touches a buffer, and none fails a request because of the record.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/capture.h"
#include "capture/secrets/veil.h"


static ngx_int_t ngx_http_openai_preaccess_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_openai_request_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_openai_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_openai_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_openai_log_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_openai_add_log_handler(
    ngx_http_core_main_conf_t *cmcf);


static ngx_http_request_body_filter_pt   ngx_http_next_request_body_filter;
static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


/* preaccess is the first phase after rewrites, and the last before limits and
   access rules can refuse a request */

static ngx_int_t
ngx_http_openai_preaccess_handler(ngx_http_request_t *r)
{
    ngx_http_openai_exchange_t  *ex;

    if (r != r->main) {
        return NGX_DECLINED;
    }

    ex = ngx_http_openai_exchange_begin(r);

    /* the header is the monitor's own, so this request would reach a monitor
       through the proxy, past its access rules */

    return (ex && ex->monitor) ? NGX_HTTP_FORBIDDEN : NGX_DECLINED;
}


static ngx_int_t
ngx_http_openai_request_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_buf_t                   *b;
    ngx_chain_t                 *cl;
    ngx_http_openai_exchange_t  *ex;

    /* nginx may write the data to a temporary file after this */

    ex = (r == r->main) ? ngx_http_openai_exchange(r) : NULL;

    if (ex && !ex->committed) {

#if (NGX_HTTP_SSL)
        if (r->upstream && r->upstream->ssl && !ex->tls_watched) {
            ngx_http_openai_tls_watch(ex);
        }
#endif

        if (r->request_body_no_buffering) {
            ngx_http_openai_words_watch(ex);
        }

        for (cl = in; cl; cl = cl->next) {
            b = cl->buf;

            ngx_http_openai_turn_piece(ex, NGX_HTTP_OPENAI_REQUEST, b->pos,
                                ngx_buf_in_memory(b) ? b->last - b->pos : 0,
                                b->last_buf);
        }
    }

    return ngx_http_next_request_body_filter(r, in);
}


static ngx_int_t
ngx_http_openai_header_filter(ngx_http_request_t *r)
{
    ngx_http_openai_exchange_t  *ex;

    if (r != r->main || r->post_action) {
        return ngx_http_next_header_filter(r);
    }

    /* a request that ended before preaccess begins its record here */

    ex = ngx_http_openai_exchange_begin(r);

    if (ex && !ex->committed) {
        ngx_http_openai_exchange_header(ex);

        /* cached and spilled answers come as files otherwise */

        r->filter_need_in_memory = 1;

        /* a monitor's answer must not get out through the proxy */

        if (ex->monitor && ex->upstream) {
            ex->upstream = 0;
            ex->rec.flags |= NGX_OPENAI_REC_LOCAL;

            ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                          "the upstream is an openai_monitor_view");

            return ngx_http_filter_finalize_request(r,
                                               &ngx_http_openai_monitor_module,
                                               NGX_HTTP_FORBIDDEN);
        }
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_openai_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t                    rc;
    ngx_buf_t                   *b;
    ngx_chain_t                 *cl;
    ngx_http_openai_exchange_t  *ex;

    if (r != r->main || r->post_action) {
        return ngx_http_next_body_filter(r, in);
    }

    ex = ngx_http_openai_exchange(r);

    if (ex == NULL || ex->committed) {
        return ngx_http_next_body_filter(r, in);
    }

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        /* a buffer that was read from a file is in memory and in the file, so
           its bytes would count twice if the file came first */

        if (ngx_buf_in_memory(b)) {

            if (b->last > b->pos) {
                ngx_http_openai_turn_piece(ex, NGX_HTTP_OPENAI_RESPONSE,
                                           b->pos, b->last - b->pos, 0);
            }

        } else if (b->in_file) {
            ngx_http_openai_turn_settle(ex);

            ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                           "openai monitor: %O bytes pass as a file",
                           b->file_last - b->file_pos);

            ex->rec.response_bytes += b->file_last - b->file_pos;
            ex->rec.flags |= NGX_OPENAI_REC_RESPONSE_CUT;
        }

        if (b->last_buf) {
            ex->seen_last = 1;

        } else if (ngx_http_openai_outcome_broken(ex, b)) {
            ex->broken = 1;
        }
    }

    rc = ngx_http_next_body_filter(r, in);

    /* nginx marks the client's connection after this, though a filter failed */

    if (rc == NGX_ERROR && !r->connection->error) {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "openai monitor: a later filter failed");

        ex->failed = 1;
    }

    if (rc != NGX_ERROR && ngx_http_openai_outcome_over(ex)) {
        ngx_http_openai_exchange_commit(ex);
    }

    return rc;
}


static ngx_int_t
ngx_http_openai_log_handler(ngx_http_request_t *r)
{
    ngx_http_openai_exchange_t  *ex;

    if (r != r->main) {
        return NGX_OK;
    }

    /* a request that nginx refused early, or that is not HTTP, begins here */

    ex = ngx_http_openai_exchange_begin(r);

    if (ex) {
        ngx_http_openai_exchange_commit(ex);

    } else {
        ngx_http_openai_exchange_lost(r);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_openai_capture_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    ngx_http_openai_redact_init();
    ngx_http_openai_head_init();

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PREACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_openai_preaccess_handler;

    if (ngx_http_openai_add_log_handler(cmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_next_request_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_openai_request_body_filter;

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_openai_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_openai_body_filter;

    return NGX_OK;
}


/* puts the handler first in the log phase, so that access_log finds the
   variables final */

static ngx_int_t
ngx_http_openai_add_log_handler(ngx_http_core_main_conf_t *cmcf)
{
    ngx_array_t          *handlers;
    ngx_http_handler_pt  *h;

    handlers = &cmcf->phases[NGX_HTTP_LOG_PHASE].handlers;

    h = ngx_array_push(handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h = handlers->elts;

    ngx_memmove(h + 1, h, (handlers->nelts - 1) * sizeof(ngx_http_handler_pt));

    *h = ngx_http_openai_log_handler;

    return NGX_OK;
}
