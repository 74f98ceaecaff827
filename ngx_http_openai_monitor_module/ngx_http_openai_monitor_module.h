
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#ifndef _NGX_HTTP_OPENAI_MONITOR_MODULE_H_INCLUDED_
#define _NGX_HTTP_OPENAI_MONITOR_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/capture.h"
#include "view/view.h"


typedef struct {
    ngx_array_t                     zones;       /* of ngx_shm_zone_t * */
    openai_prices_t                *prices;      /* NULL: none are known */
} ngx_http_openai_main_conf_t;


typedef struct {
    ngx_http_openai_capture_conf_t  capture;

    ngx_shm_zone_t                 *view_zone;   /* NULL: not a view */
    ngx_http_openai_view_conf_t     view;
} ngx_http_openai_loc_conf_t;


/* what each directive does with its arguments */

char *ngx_http_openai_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_openai_monitor(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_openai_view(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_openai_price(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* cmd->offset: an array of names; cmd->post: how a name is normalised */
char *ngx_http_openai_redact_names(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* cmd->offset: patterns, or "off" */
char *ngx_http_openai_mask_body(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

char *ngx_http_openai_page_size(ngx_conf_t *cf, void *post, void *data);


/* the zone of this name in a cycle, which may be NULL; NULL: there is none */
ngx_shm_zone_t *ngx_http_openai_zone_of(ngx_cycle_t *cycle, ngx_str_t *name);


#endif /* _NGX_HTTP_OPENAI_MONITOR_MODULE_H_INCLUDED_ */
