
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Conversations: which record continues which, and what changed between them.
 * Each worker computes this from the stored requests when it is first asked,
 * and remembers it.
 */


#ifndef _NGX_OPENAI_THREADS_H_INCLUDED_
#define _NGX_OPENAI_THREADS_H_INCLUDED_


#include "digest/digest.h"
#include "store/reader.h"


typedef enum {
    NGX_OPENAI_ROLE_MAIN = 0,
    NGX_OPENAI_ROLE_AGENT,                      /* a sub-agent's */
    NGX_OPENAI_ROLE_UTILITY                     /* a title, a probe, … */
} ngx_openai_role_e;


typedef struct {
    char      id[NGX_OPENAI_ID_LEN + 1];        /* of its first record */
    char      parent[NGX_OPENAI_ID_LEN + 1];    /* "" for the first one */
    char      run[NGX_OPENAI_ID_LEN + 1];       /* the run's first record */
    char      caller[NGX_OPENAI_ID_LEN + 1];    /* of a sub-agent: the record
                                                   whose call started it */
    char      change[64];
    uint32_t  role;                             /* ngx_openai_role_e */
    uint32_t  fresh;                            /* messages that the parent
                                                   does not have */
} ngx_openai_thread_t;


typedef struct ngx_openai_threads_s  ngx_openai_threads_t;


/* this worker's conversations of the zone; NULL: no memory */
ngx_openai_threads_t *ngx_openai_threads(ngx_openai_zone_t *zone,
    size_t body_max);

/* frees everything, when the worker exits */
void ngx_openai_threads_exit(void);

/* looks at new records until "stop". NGX_OK: all records of the time
   "since" are known, except those whose requests have not arrived whole;
   NGX_AGAIN: there are more; NGX_ERROR: no memory. Times are those of
   ngx_openai_clock_us() */
ngx_int_t ngx_openai_threads_update(ngx_openai_threads_t *threads,
    uint64_t since, uint64_t stop);

/* NULL when the record has no messages, or is not known yet */
const ngx_openai_thread_t *ngx_openai_threads_get(
    ngx_openai_threads_t *threads, uint64_t seq);

/* "main", "agent", "utility" */
const char *ngx_openai_role_name(ngx_uint_t role);

/* how many messages at the beginning are equal */
ngx_uint_t ngx_openai_threads_common(const openai_thread_t *one,
    const openai_thread_t *two);


#endif /* _NGX_OPENAI_THREADS_H_INCLUDED_ */
