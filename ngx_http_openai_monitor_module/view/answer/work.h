
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Long work for one request, cut in slices. Between two slices the event loop
 * serves everybody else. One turn of the loop runs one slice, however many
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

    /* works until "stop"; NGX_AGAIN: there is more to do; NGX_DONE: it
       waits, and the caller will call ngx_openai_work_go(); any other value
       finalizes the request, whose answer has been sent */
    ngx_int_t          (*run)(ngx_openai_work_t *work);
    void                *data;

    uint64_t             started;       /* see ngx_openai_clock_us() */
    uint64_t             stop;
    ngx_queue_t          queue;         /* of the works with more to do */
    unsigned             queued:1;
};


/* creates a work; the caller sets run and data; NULL: no memory */
ngx_openai_work_t *ngx_openai_work_create(ngx_http_request_t *r);

/* runs the first slice; returns what a content handler returns */
ngx_int_t ngx_openai_work_start(ngx_openai_work_t *work);

/* the work of a request, or NULL */
ngx_openai_work_t *ngx_openai_work_of(ngx_http_request_t *r);

/* runs the next slice, unless the work is in the queue; the work and its
   request may be gone afterwards */
void ngx_openai_work_go(ngx_openai_work_t *work);


#endif /* _NGX_OPENAI_WORK_H_INCLUDED_ */
