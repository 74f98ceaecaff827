
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Regular expressions in bytes, without regard to case, a bit at a time.  A
 * match lies within one line, and within some 2 KB of it.
 */


#ifndef _NGX_OPENAI_REGEX_H_INCLUDED_
#define _NGX_OPENAI_REGEX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_openai_regex_s  ngx_openai_regex_t;


/* lives as long as the pool.  NGX_OK; NGX_DECLINED: not a regular expression;
   NGX_ERROR: memory is short */
ngx_int_t ngx_openai_regex_compile(ngx_openai_regex_t **regex,
    ngx_pool_t *pool, ngx_str_t *pattern);

/*
 * From *at on.  NGX_OK: it is in the text; NGX_DECLINED: it is not; NGX_AGAIN:
 * it is "stop", see ngx_openai_clock_us(), and *at is where it goes on;
 * NGX_ABORT: there are too many ways to match, nobody knows; NGX_ERROR: memory
 * is short.
 */
ngx_int_t ngx_openai_regex_find(ngx_openai_regex_t *regex,
    const ngx_str_t *text, size_t *at, uint64_t stop);

/* what it was compiled from */
const ngx_str_t *ngx_openai_regex_pattern(const ngx_openai_regex_t *regex);


#endif /* _NGX_OPENAI_REGEX_H_INCLUDED_ */
