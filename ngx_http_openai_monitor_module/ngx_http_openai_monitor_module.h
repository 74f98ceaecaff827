
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */



/*
 * The configuration of the module, and the handlers of its directives.
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


/* handlers of the directives */

char *ngx_http_openai_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_openai_monitor(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_openai_view(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_openai_price(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* cmd->offset: an array of names; cmd->post: normalises a name */
char *ngx_http_openai_redact_names(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* cmd->offset: patterns, or "off" */
char *ngx_http_openai_mask_body(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

char *ngx_http_openai_page_size(ngx_conf_t *cf, void *post, void *data);


/* returns the zone of this name, or NULL; the cycle may be NULL */
ngx_shm_zone_t *ngx_http_openai_zone_of(ngx_cycle_t *cycle, ngx_str_t *name);


#endif /* _NGX_HTTP_OPENAI_MONITOR_MODULE_H_INCLUDED_ */
