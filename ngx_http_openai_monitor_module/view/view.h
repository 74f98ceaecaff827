
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#ifndef _NGX_HTTP_OPENAI_VIEW_H_INCLUDED_
#define _NGX_HTTP_OPENAI_VIEW_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "store/zone.h"


#define NGX_OPENAI_NAME     "ngx_http_openai_monitor_module"
#define NGX_OPENAI_VERSION  "0.1.0"


typedef struct {
    ngx_openai_zone_t  *zone;
    ngx_uint_t          page_size;
    size_t              body_max;
    ngx_str_t           proxy;          /* where clients are sent to */
    ngx_array_t        *names;          /* of the server; see the guard */
} ngx_http_openai_view_conf_t;


/* the content handler of a location that shows a zone */
ngx_int_t ngx_http_openai_view_handler(ngx_http_request_t *r);

/* takes the names of the server that is being configured */
ngx_int_t ngx_http_openai_view_names(ngx_conf_t *cf,
    ngx_http_openai_view_conf_t *conf);

/* the settings of the request's location; the root module has this */
ngx_http_openai_view_conf_t *ngx_http_openai_view_conf(ngx_http_request_t *r);


#endif /* _NGX_HTTP_OPENAI_VIEW_H_INCLUDED_ */
