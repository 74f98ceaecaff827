
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* The lines of a head, as the zone keeps them: see store/record.h. */


#ifndef _NGX_OPENAI_HEAD_H_INCLUDED_
#define _NGX_OPENAI_HEAD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* takes the next "Name: value" after the first line off a head; 0 at its end */
ngx_uint_t ngx_openai_head_next(ngx_str_t *head, ngx_str_t *name,
    ngx_str_t *value);

/* the URI of the first line of a request's head; 0: there is none, and *uri is
   left alone */
ngx_uint_t ngx_openai_head_uri(const ngx_str_t *head, ngx_str_t *uri);


#endif /* _NGX_OPENAI_HEAD_H_INCLUDED_ */
