
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * What the module's root and the monitor share: the settings of a location and
 * the content handler.
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
    ngx_str_t           proxy;          /* the address that clients use */
    ngx_array_t        *names;          /* of the server, for the guard */
} ngx_http_openai_view_conf_t;


/* the content handler of openai_monitor_view */
ngx_int_t ngx_http_openai_view_handler(ngx_http_request_t *r);

/* copies the names of the server that is being configured */
ngx_int_t ngx_http_openai_view_names(ngx_conf_t *cf,
    ngx_http_openai_view_conf_t *conf);

/* the settings of the request's location, which the module's root defines */
ngx_http_openai_view_conf_t *ngx_http_openai_view_conf(ngx_http_request_t *r);


#endif /* _NGX_HTTP_OPENAI_VIEW_H_INCLUDED_ */
