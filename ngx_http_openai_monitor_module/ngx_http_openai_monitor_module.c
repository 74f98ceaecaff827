
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */



/*
 * The module root: directives, configuration, and the calls that wire capture,
 * store and view into nginx.
 *
 * nginx calls it.  This is the only file that knows all rooms.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_openai_monitor_module.h"
#include "capture/secrets/veil.h"
#include "view/read/threads.h"


#define NGX_HTTP_OPENAI_BODY_MAX   (1024 * 1024)
#define NGX_HTTP_OPENAI_PAGE_SIZE  20


static void *ngx_http_openai_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_openai_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_openai_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static void ngx_http_openai_merge_view(ngx_conf_t *cf,
    ngx_http_openai_loc_conf_t *prev, ngx_http_openai_loc_conf_t *conf);

static ngx_int_t ngx_http_openai_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_openai_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_openai_init_module(ngx_cycle_t *cycle);
static void ngx_http_openai_leave_zones(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_openai_init_process(ngx_cycle_t *cycle);
static void ngx_http_openai_exit_process(ngx_cycle_t *cycle);


static ngx_conf_post_t  ngx_http_openai_page_size_post = {
    ngx_http_openai_page_size
};


static ngx_conf_enum_t  ngx_http_openai_store_bodies[] = {
    { ngx_string("off"), 0 },
    { ngx_string("request"), NGX_HTTP_OPENAI_STORE_REQUEST },
    { ngx_string("response"), NGX_HTTP_OPENAI_STORE_RESPONSE },
    { ngx_string("on"),
      NGX_HTTP_OPENAI_STORE_REQUEST|NGX_HTTP_OPENAI_STORE_RESPONSE },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_openai_commands[] = {

    { ngx_string("openai_monitor_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_openai_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("openai_monitor"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_HTTP_LIF_CONF
                        |NGX_CONF_TAKE12,
      ngx_http_openai_monitor,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("openai_monitor_body_max"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_openai_loc_conf_t, capture.body_max),
      NULL },

    { ngx_string("openai_monitor_store_bodies"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_openai_loc_conf_t, capture.store_bodies),
      &ngx_http_openai_store_bodies },

    { ngx_string("openai_monitor_mask_body"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_openai_mask_body,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("openai_monitor_redact_header"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_openai_redact_names,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_openai_loc_conf_t, capture.redact.headers),
      ngx_http_openai_redact_header_name },

    { ngx_string("openai_monitor_redact_arg"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_openai_redact_names,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_openai_loc_conf_t, capture.redact.args),
      ngx_http_openai_redact_arg_name },

    { ngx_string("openai_monitor_price"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_2MORE,
      ngx_http_openai_price,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("openai_monitor_view"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_openai_view,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("openai_monitor_page_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_openai_loc_conf_t, view.page_size),
      &ngx_http_openai_page_size_post },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_openai_monitor_module_ctx = {
    ngx_http_openai_preconfiguration,      /* preconfiguration */
    ngx_http_openai_postconfiguration,     /* postconfiguration */

    ngx_http_openai_create_main_conf,      /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_openai_create_loc_conf,       /* create location configuration */
    ngx_http_openai_merge_loc_conf         /* merge location configuration */
};


ngx_module_t  ngx_http_openai_monitor_module = {
    NGX_MODULE_V1,
    &ngx_http_openai_monitor_module_ctx,   /* module context */
    ngx_http_openai_commands,              /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_openai_init_module,           /* init module */
    ngx_http_openai_init_process,          /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_openai_exit_process,          /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


ngx_http_openai_capture_conf_t *
ngx_http_openai_capture_conf(ngx_http_request_t *r)
{
    ngx_http_openai_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_openai_monitor_module);

    /* the monitor's own requests never count, even where capture is inherited
       from the server */

    if (olcf->capture.shm_zone == NULL || olcf->view_zone) {
        return NULL;
    }

    return &olcf->capture;
}


ngx_http_openai_view_conf_t *
ngx_http_openai_view_conf(ngx_http_request_t *r)
{
    ngx_http_openai_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_openai_monitor_module);

    return &olcf->view;
}


static void *
ngx_http_openai_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_openai_main_conf_t  *omcf;

    omcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_openai_main_conf_t));
    if (omcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     omcf->prices = NULL;
     */

    if (ngx_array_init(&omcf->zones, cf->pool, 1, sizeof(ngx_shm_zone_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return omcf;
}


static void *
ngx_http_openai_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_openai_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_openai_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->capture.condition = NULL;
     *     conf->capture.prices = NULL;
     *     conf->capture.redact.zone = NULL;
     *     conf->view_zone = NULL;
     *     conf->view.zone = NULL;
     *     conf->view.proxy = { 0, NULL };
     *     conf->view.names = NULL;
     */

    conf->capture.shm_zone = NGX_CONF_UNSET_PTR;
    conf->capture.body_max = NGX_CONF_UNSET_SIZE;
    conf->capture.store_bodies = NGX_CONF_UNSET_UINT;
    conf->capture.masks = NGX_CONF_UNSET_PTR;
    conf->capture.redact.headers = NGX_CONF_UNSET_PTR;
    conf->capture.redact.args = NGX_CONF_UNSET_PTR;
    conf->view.page_size = NGX_CONF_UNSET_UINT;

    return conf;
}


static char *
ngx_http_openai_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_openai_loc_conf_t *prev = parent;
    ngx_http_openai_loc_conf_t *conf = child;

    ngx_http_openai_main_conf_t  *omcf;

    if (conf->capture.shm_zone == NGX_CONF_UNSET_PTR) {
        conf->capture.condition = prev->capture.condition;
    }

    ngx_conf_merge_ptr_value(conf->capture.shm_zone, prev->capture.shm_zone,
                             NULL);
    ngx_conf_merge_size_value(conf->capture.body_max, prev->capture.body_max,
                              NGX_HTTP_OPENAI_BODY_MAX);
    ngx_conf_merge_uint_value(conf->capture.store_bodies,
                              prev->capture.store_bodies,
                              NGX_HTTP_OPENAI_STORE_REQUEST
                              |NGX_HTTP_OPENAI_STORE_RESPONSE);
    ngx_conf_merge_ptr_value(conf->capture.masks, prev->capture.masks, NULL);
    ngx_conf_merge_ptr_value(conf->capture.redact.headers,
                             prev->capture.redact.headers, NULL);
    ngx_conf_merge_ptr_value(conf->capture.redact.args,
                             prev->capture.redact.args, NULL);
    ngx_conf_merge_uint_value(conf->view.page_size, prev->view.page_size,
                              NGX_HTTP_OPENAI_PAGE_SIZE);

    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_openai_monitor_module);
    conf->capture.prices = omcf->prices;

    ngx_http_openai_merge_view(cf, prev, conf);

    /* all zones of http{} are known now; a zone without a directive has no
       size, and the core refuses it */

    if (conf->capture.shm_zone) {
        conf->capture.redact.zone = conf->capture.shm_zone->data;
    }

    if (conf->view_zone) {
        conf->view.zone = conf->view_zone->data;
        conf->view.body_max = conf->capture.body_max;

        if (ngx_http_openai_view_names(cf, &conf->view) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* "if" inherits the handler of its location, "limit_except" loses it */

static void
ngx_http_openai_merge_view(ngx_conf_t *cf, ngx_http_openai_loc_conf_t *prev,
    ngx_http_openai_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if ((!clcf->noname && !clcf->lmt_excpt)
        || conf->view_zone || prev->view_zone == NULL)
    {
        return;
    }

    conf->view_zone = prev->view_zone;
    conf->view.proxy = prev->view.proxy;

    if (clcf->lmt_excpt && clcf->handler == NULL) {
        clcf->handler = ngx_http_openai_view_handler;
    }
}


static ngx_int_t
ngx_http_openai_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_openai_capture_variables(cf);
}


static ngx_int_t
ngx_http_openai_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_openai_main_conf_t  *omcf;

    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_openai_monitor_module);

    /* without a zone the module installs nothing */

    if (omcf->zones.nelts == 0) {
        return NGX_OK;
    }

    return ngx_http_openai_capture_init(cf);
}


/*
 * The core looks at the new zone's "noreuse" to take memory over, and at the
 * old zone's to unmap the old memory.  Now the new cycle cannot fail any more
 * and the old memory is still mapped, so the flag moves.
 */

static ngx_int_t
ngx_http_openai_init_module(ngx_cycle_t *cycle)
{
    ngx_uint_t                     i;
    ngx_shm_zone_t                *old, **zones;
    ngx_http_openai_main_conf_t   *omcf;

    omcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_openai_monitor_module);
    if (omcf == NULL) {
        return NGX_OK;
    }

    zones = omcf->zones.elts;

    for (i = 0; i < omcf->zones.nelts; i++) {

        old = ngx_http_openai_zone_of(cycle->old_cycle, &zones[i]->shm.name);

        ngx_openai_zone_commit(zones[i]->data, old ? old->data : NULL);

        if (zones[i]->noreuse) {
            zones[i]->noreuse = 0;

            if (old) {
                old->noreuse = 1;
            }
        }
    }

    if (cycle->old_cycle) {
        ngx_http_openai_leave_zones(cycle);
    }

    return NGX_OK;
}


/* closes the zones that the new configuration does not have */

static void
ngx_http_openai_leave_zones(ngx_cycle_t *cycle)
{
    ngx_uint_t        i;
    ngx_shm_zone_t   *shm_zone;
    ngx_list_part_t  *part;

    for (part = &cycle->old_cycle->shared_memory.part;
         part;
         part = part->next)
    {
        shm_zone = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (shm_zone[i].tag == &ngx_http_openai_monitor_module
                && ngx_http_openai_zone_of(cycle, &shm_zone[i].shm.name)
                   == NULL)
            {
                ngx_openai_zone_leave(shm_zone[i].data);
            }
        }
    }
}


/* joining a zone also closes the records of a dead predecessor */

static ngx_int_t
ngx_http_openai_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                     i;
    ngx_shm_zone_t               **zones;
    ngx_http_openai_main_conf_t   *omcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    omcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_openai_monitor_module);
    if (omcf == NULL) {
        return NGX_OK;
    }

    zones = omcf->zones.elts;

    for (i = 0; i < omcf->zones.nelts; i++) {

        if (ngx_openai_zone_attach(zones[i]->data) != NGX_OK) {
            ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                          "openai_monitor zone \"%V\" cannot be used now",
                          &zones[i]->shm.name);
        }
    }

    return NGX_OK;
}


static void
ngx_http_openai_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                     i;
    ngx_shm_zone_t               **zones;
    ngx_http_openai_main_conf_t   *omcf;

    omcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_openai_monitor_module);
    if (omcf == NULL) {
        return;
    }

    ngx_http_openai_turn_exit();
    ngx_openai_threads_exit();
    ngx_http_openai_mask_exit();

    zones = omcf->zones.elts;

    for (i = 0; i < omcf->zones.nelts; i++) {
        ngx_openai_zone_detach(zones[i]->data);
    }
}
