
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Long work of one request, cut in slices: between two of them the event loop
 * serves everybody else.  Each turn of the loop has one slice, however many
 * works there are.
 */


#ifndef _NGX_OPENAI_WORK_H_INCLUDED_
#define _NGX_OPENAI_WORK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/answer/clock.h"


typedef struct ngx_openai_work_s  ngx_openai_work_t;

struct ngx_openai_work_s {
    ngx_http_request_t  *request;

    /* does some of it until "stop"; NGX_AGAIN: there is more to do; NGX_DONE:
       it waits, and ngx_openai_work_go() will be called; else what the request
       ends with, the answer has been sent then */
    ngx_int_t          (*run)(ngx_openai_work_t *work);
    void                *data;

    uint64_t             started;       /* see ngx_openai_clock_us() */
    uint64_t             stop;
    ngx_queue_t          queue;         /* of those that have more to do */
    unsigned             queued:1;
};


/* a work without its run() and data; NULL: memory is short */
ngx_openai_work_t *ngx_openai_work_create(ngx_http_request_t *r);

/* does the first slice; what a content handler returns */
ngx_int_t ngx_openai_work_start(ngx_openai_work_t *work);

/* the work of a request, or NULL */
ngx_openai_work_t *ngx_openai_work_of(ngx_http_request_t *r);

/* goes on, unless it does so by itself; the work and its request may be gone
   afterwards */
void ngx_openai_work_go(ngx_openai_work_t *work);


#endif /* _NGX_OPENAI_WORK_H_INCLUDED_ */
