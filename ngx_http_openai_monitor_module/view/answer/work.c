
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The queue of work that is cut in slices: see work.h. The list, the statistics
 * and the exports put their work here.
 *
 * Invariants: a work that has more to do is in the queue once; the posted event
 * is set while the queue is not empty; the timer is set while the queue is not
 * empty, so a worker that is told to exit does not leave in the middle of an
 * answer.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/answer/work.h"


#define NGX_OPENAI_WORK_KEEP  1000      /* ms */


static ngx_int_t ngx_openai_work_slice(ngx_openai_work_t *work);
static void ngx_openai_work_wait(ngx_openai_work_t *work);
static void ngx_openai_work_handler(ngx_event_t *ev);
static void ngx_openai_work_keep(void);
static void ngx_openai_work_kept(ngx_event_t *ev);
static void ngx_openai_work_cleanup(void *data);


/* the works of this process that have more to do, the longest waiting first */

static ngx_queue_t       ngx_openai_works;
static ngx_event_t       ngx_openai_works_event;
static ngx_event_t       ngx_openai_works_timer;
static ngx_connection_t  ngx_openai_works_dumb;


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
    work->started = ngx_openai_clock_us();

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

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "openai monitor: search begins");

    rc = ngx_openai_work_slice(work);

    if (rc != NGX_AGAIN && rc != NGX_DONE) {
        return rc;
    }

    r->main->count++;

    /* a request body that is still being discarded has its own read handler */

    if (!r->discard_body) {
        r->read_event_handler = ngx_http_test_reading;
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_openai_work_slice(ngx_openai_work_t *work)
{
    ngx_int_t  rc;

    work->stop = ngx_openai_clock_us() + NGX_OPENAI_WORK_US;

    rc = work->run(work);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, work->request->connection->log, 0,
                   "openai monitor: slice of a search until %uL us: %i",
                   work->stop, rc);

    if (rc == NGX_AGAIN) {
        ngx_openai_work_wait(work);
    }

    return rc;
}


static void
ngx_openai_work_wait(ngx_openai_work_t *work)
{
    ngx_event_t  *ev;

    if (ngx_openai_works.next == NULL) {
        ngx_queue_init(&ngx_openai_works);
    }

    ngx_queue_insert_tail(&ngx_openai_works, &work->queue);
    work->queued = 1;

    ev = &ngx_openai_works_event;
    ev->handler = ngx_openai_work_handler;
    ev->log = ngx_cycle->log;

    /* in the next turn, because events that are ready for others come first */

    if (!ev->posted) {
        ngx_post_event(ev, &ngx_posted_next_events);
    }

    ngx_openai_work_keep();
}


/* a timer keeps an exiting worker alive; a posted event would not */

static void
ngx_openai_work_keep(void)
{
    ngx_event_t  *ev;

    ev = &ngx_openai_works_timer;

    if (ngx_queue_empty(&ngx_openai_works)) {

        if (ev->timer_set) {
            ngx_del_timer(ev);
        }

    } else if (!ev->timer_set) {
        ngx_openai_works_dumb.fd = (ngx_socket_t) -1;

        ev->handler = ngx_openai_work_kept;
        ev->data = &ngx_openai_works_dumb;
        ev->log = ngx_cycle->log;

        ngx_add_timer(ev, NGX_OPENAI_WORK_KEEP);
    }
}


static void
ngx_openai_work_kept(ngx_event_t *ev)
{
    ngx_openai_work_keep();
}


static void
ngx_openai_work_handler(ngx_event_t *ev)
{
    ngx_queue_t        *q;
    ngx_connection_t   *c;
    ngx_openai_work_t  *work;

    if (ngx_queue_empty(&ngx_openai_works)) {
        return;
    }

    q = ngx_queue_head(&ngx_openai_works);
    ngx_queue_remove(q);

    work = ngx_queue_data(q, ngx_openai_work_t, queue);
    work->queued = 0;

    if (!ngx_queue_empty(&ngx_openai_works)) {
        ngx_post_event(ev, &ngx_posted_next_events);
    }

    c = work->request->connection;

    ngx_http_set_log_request(c->log, work->request);

    ngx_openai_work_go(work);

    ngx_openai_work_keep();

    ngx_http_run_posted_requests(c);
}


void
ngx_openai_work_go(ngx_openai_work_t *work)
{
    ngx_int_t  rc;

    if (work->queued) {
        return;
    }

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

    if (work->queued) {
        ngx_queue_remove(&work->queue);
        ngx_openai_work_keep();
    }
}
