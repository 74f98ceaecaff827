
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* Searches the records of a zone with a query, newest first. */


#ifndef _NGX_OPENAI_SEARCH_H_INCLUDED_
#define _NGX_OPENAI_SEARCH_H_INCLUDED_


#include "view/read/record.h"
#include "view/query/query.h"
#include "view/read/threads.h"


typedef struct {
    ngx_openai_zone_t     *zone;
    ngx_openai_query_t    *query;
    ngx_openai_threads_t  *threads;
    ngx_openai_read_t     *record;
    ngx_openai_subject_t   subject;
    ngx_str_t              text;        /* of an answer, malloc()ed */
    size_t                 size;        /* of its memory */

    ngx_openai_ref_t       *refs;
    ngx_uint_t              nrefs;
    ngx_uint_t              at;
    ngx_uint_t              tried;      /* a record, since the last stop */

    /* the record that was found */

    ngx_openai_ref_t        ref;
    ngx_openai_record_t     rec;
} ngx_openai_search_t;


/* without refs; NULL: no memory */
ngx_openai_search_t *ngx_openai_search_create(ngx_pool_t *pool,
    ngx_openai_zone_t *zone, size_t body_max, ngx_openai_query_t *query);

/* lists the records that there are now */
ngx_int_t ngx_openai_search_list(ngx_openai_search_t *search, ngx_pool_t *pool);

/* NGX_OK: search->rec matches; NGX_AGAIN: "stop" was reached; NGX_DONE: no
   more records; NGX_ABORT: the query cannot be answered, and query->error
   says why; NGX_ERROR: no memory */
ngx_int_t ngx_openai_search_next(ngx_openai_search_t *search, uint64_t stop);

/* reads one record into search->rec and tries it. NGX_OK; NGX_DECLINED: it
   does not match, or trying it takes too long; NGX_DONE: it is gone;
   NGX_ERROR: no memory */
ngx_int_t ngx_openai_search_try(ngx_openai_search_t *search,
    const ngx_openai_ref_t *ref);


#endif /* _NGX_OPENAI_SEARCH_H_INCLUDED_ */
