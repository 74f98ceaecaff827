
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Conversations: which record continues which, and what has changed between
 * them.  Each worker works this out from the stored requests when somebody
 * looks, and remembers it.
 */


#ifndef _NGX_OPENAI_THREADS_H_INCLUDED_
#define _NGX_OPENAI_THREADS_H_INCLUDED_


#include "digest/digest.h"
#include "store/reader.h"


typedef struct {
    char      id[NGX_OPENAI_ID_LEN + 1];        /* of its first record */
    char      parent[NGX_OPENAI_ID_LEN + 1];    /* "" for the first one */
    char      change[64];
} ngx_openai_thread_t;


typedef struct ngx_openai_threads_s  ngx_openai_threads_t;


/* this worker's, for the zone; NULL when memory is short */
ngx_openai_threads_t *ngx_openai_threads(ngx_openai_zone_t *zone,
    size_t body_max);

/* gives back what this worker holds of all zones, as it ends */
void ngx_openai_threads_exit(void);

/* looks at new records until "stop"; NGX_OK: all that were there at "since" are
   known, but for those whose requests are on their way; NGX_AGAIN: there are
   more; NGX_ERROR: memory is short.  Times are of ngx_openai_clock_us() */
ngx_int_t ngx_openai_threads_update(ngx_openai_threads_t *threads,
    uint64_t since, uint64_t stop);

/* NULL when the record is no conversation, or not known yet */
const ngx_openai_thread_t *ngx_openai_threads_get(
    ngx_openai_threads_t *threads, uint64_t seq);

/* how many of the first messages are the same */
ngx_uint_t ngx_openai_threads_common(const openai_thread_t *one,
    const openai_thread_t *two);


#endif /* _NGX_OPENAI_THREADS_H_INCLUDED_ */
