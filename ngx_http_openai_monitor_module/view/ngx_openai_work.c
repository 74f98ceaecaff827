
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/ngx_openai_work.h"


#define NGX_OPENAI_WORK_PAUSE  1        /* ms */


static ngx_int_t ngx_openai_work_slice(ngx_openai_work_t *work);
static void ngx_openai_work_handler(ngx_event_t *ev);
static void ngx_openai_work_cleanup(void *data);


ngx_openai_work_t *
ngx_openai_work_create(ngx_http_request_t *r)
{
    ngx_openai_work_t   *work;
    ngx_http_cleanup_t  *cln;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_openai_work_t));
    if (cln == NULL) {
        return NULL;
    }

    work = cln->data;
    ngx_memzero(work, sizeof(ngx_openai_work_t));

    work->request = r;
    work->event.handler = ngx_openai_work_handler;
    work->event.data = work;
    work->event.log = r->connection->log;

    cln->handler = ngx_openai_work_cleanup;

    return work;
}


ngx_int_t
ngx_openai_work_start(ngx_openai_work_t *work)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = work->request;
    r->write_event_handler = ngx_http_request_empty_handler;

    rc = ngx_openai_work_slice(work);

    if (rc != NGX_AGAIN && rc != NGX_DONE) {
        return rc;
    }

    r->main->count++;

    /* a body that is still being discarded reads by itself */

    if (!r->discard_body) {
        r->read_event_handler = ngx_http_test_reading;
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_openai_work_slice(ngx_openai_work_t *work)
{
    ngx_int_t  rc;

    work->stop = ngx_openai_clock_us() + NGX_OPENAI_SLICE_US;

    rc = work->run(work);

    if (rc == NGX_AGAIN) {
        ngx_add_timer(&work->event, NGX_OPENAI_WORK_PAUSE);
    }

    return rc;
}


static void
ngx_openai_work_handler(ngx_event_t *ev)
{
    ngx_connection_t   *c;
    ngx_openai_work_t  *work;

    work = ev->data;
    c = work->request->connection;

    ngx_http_set_log_request(c->log, work->request);

    ngx_openai_work_go(work);

    ngx_http_run_posted_requests(c);
}


void
ngx_openai_work_go(ngx_openai_work_t *work)
{
    ngx_int_t  rc;

    rc = ngx_openai_work_slice(work);

    if (rc != NGX_AGAIN && rc != NGX_DONE) {
        ngx_http_finalize_request(work->request, rc);
    }
}


ngx_openai_work_t *
ngx_openai_work_of(ngx_http_request_t *r)
{
    ngx_http_cleanup_t  *cln;

    for (cln = r->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_openai_work_cleanup) {
            return cln->data;
        }
    }

    return NULL;
}


static void
ngx_openai_work_cleanup(void *data)
{
    ngx_openai_work_t *work = data;

    if (work->event.timer_set) {
        ngx_del_timer(&work->event);
    }
}
