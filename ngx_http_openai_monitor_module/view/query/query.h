
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The query language of docs/api.md.
 *
 * A query is parsed once, into a tree, and then evaluated for many records.
 * Records are evaluated level by level: first with the record's own fields,
 * then with its heads, its bodies, and the text of its answer. A level is
 * loaded only when the answer depends on it.
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
    NGX_OPENAI_LEVEL_BODIES,            /* with their content coding undone */
    NGX_OPENAI_LEVEL_ANSWER,            /* a streamed answer, assembled */
    NGX_OPENAI_LEVELS
} ngx_openai_level_e;


/* of arrays of two: 0 is the request, 1 the response */

typedef struct ngx_openai_subject_s  ngx_openai_subject_t;

struct ngx_openai_subject_s {
    const ngx_openai_record_t  *rec;
    ngx_str_t                   thread;
    ngx_str_t                   run;
    ngx_str_t                   role;
    ngx_str_t                   head[2];
    ngx_str_t                   body[2];
    ngx_str_t                   answer;

    /* loads what the level adds; NGX_OK; NGX_DECLINED when the record is
       gone; NGX_ERROR when memory is short */
    ngx_int_t                 (*load)(ngx_openai_subject_t *subject,
                                      ngx_uint_t level);
    void                       *data;
};


typedef struct ngx_openai_term_s  ngx_openai_term_t;

typedef struct {
    ngx_pool_t         *pool;
    ngx_openai_term_t  *root;           /* NULL: everything matches */
    ngx_uint_t          terms;
    ngx_uint_t          asked;          /* records evaluated so far */

    uint64_t            stop;           /* see ngx_openai_clock_us() */
    ngx_uint_t          level;          /* where evaluation goes on */

    /* sides that words are searched in, see "in:" */
    unsigned            request:1;
    unsigned            response:1;

    unsigned            threads:1;      /* thread, run, role are needed */
    unsigned            bytes:1;        /* a term reads bytes of the record */
    unsigned            later:1;        /* the same record goes on */
    unsigned            starved:1;      /* memory was short */

    /* the error: what is wrong, the word it is about, what follows the
       word, and a better word; NULL and "" where there is none */
    const char         *error;
    ngx_str_t           word;
    const char         *tail;
    const char         *suggestion;
} ngx_openai_query_t;


/*
 * NGX_OK; NGX_DECLINED: the query is wrong, and query->error says why;
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_openai_query_parse(ngx_openai_query_t *query, ngx_pool_t *pool,
    ngx_str_t *text);

/* adds "and key:value" to the query; returns the same */
ngx_int_t ngx_openai_query_and(ngx_openai_query_t *query, const char *key,
    ngx_str_t *value);

/*
 * NGX_OK: the record matches; NGX_DECLINED: it does not, or it is gone;
 * NGX_AGAIN: query->stop was reached, and the same record has to be evaluated
 * again; NGX_ABORT: matching takes too long, and query->error says so;
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_openai_query_match(ngx_openai_query_t *query,
    ngx_openai_subject_t *subject);


#endif /* _NGX_OPENAI_QUERY_H_INCLUDED_ */
