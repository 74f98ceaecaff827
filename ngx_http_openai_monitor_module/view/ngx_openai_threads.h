
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


#include "digest/openai_digest.h"
#include "store/ngx_openai_reader.h"


typedef struct {
    char      id[NGX_OPENAI_ID_LEN + 1];        /* of its first record */
    char      parent[NGX_OPENAI_ID_LEN + 1];    /* "" for the first one */
    char      change[64];
} ngx_openai_thread_t;


typedef struct ngx_openai_threads_s  ngx_openai_threads_t;


/* this worker's, for the zone; NULL when memory is short */
ngx_openai_threads_t *ngx_openai_threads(ngx_openai_zone_t *zone,
    size_t body_max);

/* looks at new records until "stop"; NGX_OK: all are known, NGX_AGAIN: there
   are more */
ngx_int_t ngx_openai_threads_update(ngx_openai_threads_t *threads,
    uint64_t stop);

/* NULL when the record is no conversation, or not known yet */
const ngx_openai_thread_t *ngx_openai_threads_get(
    ngx_openai_threads_t *threads, uint64_t seq);

/* how many messages two requests have in common, from the first one on */
ngx_uint_t ngx_openai_threads_common(const uint64_t *one, ngx_uint_t n,
    const uint64_t *two, ngx_uint_t m);

/* how a request differs from the one it continues, as in "change" */
void ngx_openai_threads_change(char *text, size_t size,
    const openai_chain_t *from, const openai_chain_t *to, ngx_uint_t common);


#endif /* _NGX_OPENAI_THREADS_H_INCLUDED_ */
