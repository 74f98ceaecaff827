
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* Words, globs and near words in bytes, without regard to case. The query
   language calls this. */


#ifndef _NGX_OPENAI_MATCH_H_INCLUDED_
#define _NGX_OPENAI_MATCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_OPENAI_NEEDLE_MAX  1024

typedef struct {
    ngx_str_t     word;                 /* in lower case */
    u_char        first;                /* its first and last byte … */
    u_char        last;
    u_char        fold_first;           /* … that a text's byte has to be … */
    u_char        fold_last;            /* … when these bits are added */
} ngx_openai_needle_t;


/* prepares a word for the search; NGX_ERROR: no memory */
ngx_int_t ngx_openai_needle(ngx_openai_needle_t *needle, ngx_pool_t *pool,
    ngx_str_t *word);

/* 1 when the word is in the text, as it is or as JSON escapes it */
ngx_uint_t ngx_openai_find(const ngx_openai_needle_t *needle,
    const ngx_str_t *text);

/* 1 when the whole text fits the pattern, in which "*" stands for any bytes */
ngx_uint_t ngx_openai_glob(const ngx_str_t *pattern, const void *text,
    size_t len);

/* the nearest of the words, whose list ends with NULL; NULL when none is
   near */
const char *ngx_openai_nearest(const char *const *words, ngx_str_t *word);


#endif /* _NGX_OPENAI_MATCH_H_INCLUDED_ */
