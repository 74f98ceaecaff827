
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Regular expressions in bytes, without regard to case, searched for in slices.
 * A match lies within one line, and within a window of about 2 KB.
 */


#ifndef _NGX_OPENAI_REGEX_H_INCLUDED_
#define _NGX_OPENAI_REGEX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_openai_regex_s  ngx_openai_regex_t;


/* lives as long as the pool. NGX_OK; NGX_DECLINED: the pattern is invalid;
   NGX_ERROR: no memory */
ngx_int_t ngx_openai_regex_compile(ngx_openai_regex_t **regex,
    ngx_pool_t *pool, ngx_str_t *pattern);

/*
 * Searches from *at on. NGX_OK: found; NGX_DECLINED: not in the text;
 * NGX_AGAIN: "stop" was reached, see ngx_openai_clock_us(), and *at is where
 * the next call goes on; NGX_ABORT: matching takes too long; NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_openai_regex_find(ngx_openai_regex_t *regex,
    const ngx_str_t *text, size_t *at, uint64_t stop);

/* the pattern */
const ngx_str_t *ngx_openai_regex_pattern(const ngx_openai_regex_t *regex);


#endif /* _NGX_OPENAI_REGEX_H_INCLUDED_ */
