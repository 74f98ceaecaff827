
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The query language of docs/api.md.
 *
 * A query is parsed once into a tree and then asked about many records.  Each
 * answer may be "not yet known": the cheap terms are tried on the record
 * first, and its bytes are loaded, level by level, only when the answer hangs
 * on them.
 */


#ifndef _NGX_OPENAI_QUERY_H_INCLUDED_
#define _NGX_OPENAI_QUERY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/record.h"


#define NGX_OPENAI_QUERY_MAX    2048    /* bytes */
#define NGX_OPENAI_QUERY_TERMS  64
#define NGX_OPENAI_QUERY_DEPTH  16


typedef enum {
    NGX_OPENAI_LEVEL_RECORD = 0,
    NGX_OPENAI_LEVEL_HEADS,
    NGX_OPENAI_LEVEL_BODIES,            /* decoded */
    NGX_OPENAI_LEVEL_ANSWER,            /* a stream's text, put together */
    NGX_OPENAI_LEVELS
} ngx_openai_level_e;


/* 0 is the request, 1 the response */

typedef struct ngx_openai_subject_s  ngx_openai_subject_t;

struct ngx_openai_subject_s {
    const ngx_openai_record_t  *rec;
    ngx_str_t                   thread;
    ngx_str_t                   head[2];
    ngx_str_t                   body[2];
    ngx_str_t                   answer;

    /* fills in what the level adds; NGX_OK, NGX_DECLINED when the record is
       gone, or NGX_ERROR when memory is short */
    ngx_int_t                 (*load)(ngx_openai_subject_t *subject,
                                      ngx_uint_t level);
    void                       *data;
};


typedef struct ngx_openai_term_s  ngx_openai_term_t;

typedef struct {
    ngx_pool_t         *pool;
    ngx_openai_term_t  *root;           /* NULL: everything matches */
    ngx_uint_t          terms;
    ngx_uint_t          asked;          /* how often it was asked */

    uint64_t            stop;           /* see ngx_openai_clock_us() */
    ngx_uint_t          level;          /* at which it goes on */

    /* where words are looked for, see "in:" */
    unsigned            request:1;
    unsigned            response:1;

    unsigned            threads:1;      /* subject.thread is needed */
    unsigned            bytes:1;        /* a term looks into bytes */
    unsigned            later:1;        /* it goes on with the same record */
    unsigned            starved:1;      /* memory is short */

    /* the error: what is wrong, the word it is about, what follows the word,
       and a better word; NULL and "" where there is none */
    const char         *error;
    ngx_str_t           word;
    const char         *tail;
    const char         *suggestion;
} ngx_openai_query_t;


/*
 * NGX_OK; NGX_DECLINED with query->error set; NGX_ERROR when memory is short.
 */
ngx_int_t ngx_openai_query_parse(ngx_openai_query_t *query, ngx_pool_t *pool,
    ngx_str_t *text);

/* adds "and key:value", as if it had been in the text */
ngx_int_t ngx_openai_query_and(ngx_openai_query_t *query, const char *key,
    ngx_str_t *value);

/*
 * NGX_OK: it matches; NGX_DECLINED: it does not, or it is gone; NGX_AGAIN: it
 * is query->stop, and the same has to be asked again; NGX_ABORT: nobody knows,
 * query->error says why; NGX_ERROR: memory is short.
 */
ngx_int_t ngx_openai_query_match(ngx_openai_query_t *query,
    ngx_openai_subject_t *subject);


#endif /* _NGX_OPENAI_QUERY_H_INCLUDED_ */
