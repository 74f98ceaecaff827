
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* Looking for words and globs in bytes, without regard to case. */


#ifndef _NGX_OPENAI_MATCH_H_INCLUDED_
#define _NGX_OPENAI_MATCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_OPENAI_NEEDLES     3
#define NGX_OPENAI_NEEDLE_MAX  1024

typedef struct {
    ngx_str_t     word;                 /* in lower case */
    u_char        first;                /* its first and last byte … */
    u_char        last;
    u_char        fold_first;           /* … that a text's byte has to be … */
    u_char        fold_last;            /* … when these bits are added */
} ngx_openai_needle_t;


/*
 * A word as it may stand in a body: as it is, and as JSON writers escape it.
 * Fills needles[NGX_OPENAI_NEEDLES], returns how many; 0: memory is short.
 */
ngx_uint_t ngx_openai_needles(ngx_openai_needle_t *needles, ngx_pool_t *pool,
    ngx_str_t *word);

/* 1 when one of them is in the text */
ngx_uint_t ngx_openai_find(const ngx_openai_needle_t *needles, ngx_uint_t n,
    const ngx_str_t *text);

/* 1 when the whole text fits the pattern, "*" stands for any run */
ngx_uint_t ngx_openai_glob(const ngx_str_t *pattern, const void *text,
    size_t len);

/* the nearest of the words, which end with NULL; NULL when none is near */
const char *ngx_openai_nearest(const char *const *words, ngx_str_t *word);


#endif /* _NGX_OPENAI_MATCH_H_INCLUDED_ */
