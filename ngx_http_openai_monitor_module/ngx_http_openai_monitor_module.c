
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_openai_monitor_module.h"


#define NGX_HTTP_OPENAI_ENTRIES      1000
#define NGX_HTTP_OPENAI_MIN_ENTRIES  16
#define NGX_HTTP_OPENAI_MAX_ENTRIES  1000000
#define NGX_HTTP_OPENAI_BODY_MAX     (1024 * 1024)
#define NGX_HTTP_OPENAI_PAGE_SIZE    20
#define NGX_HTTP_OPENAI_MAX_PAGE     1000


static ngx_shm_zone_t *ngx_http_openai_old_zone(ngx_cycle_t *cycle,
    ngx_str_t *name);

static void *ngx_http_openai_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_openai_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_openai_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static void ngx_http_openai_merge_view(ngx_conf_t *cf,
    ngx_http_openai_loc_conf_t *prev, ngx_http_openai_loc_conf_t *conf);

static char *ngx_http_openai_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_openai_zone_add(ngx_conf_t *cf, ngx_str_t *name,
    ssize_t size, ngx_int_t entries);
static char *ngx_http_openai_monitor(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_openai_redact_names(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_openai_view(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_openai_price(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_openai_page_size(ngx_conf_t *cf, void *post,
    void *data);
static void *ngx_http_openai_conf_alloc(void *ctx, size_t size);

static ngx_int_t ngx_http_openai_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_openai_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_openai_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_openai_init_process(ngx_cycle_t *cycle);
static void ngx_http_openai_exit_process(ngx_cycle_t *cycle);


static ngx_conf_post_t  ngx_http_openai_page_size_post = {
    ngx_http_openai_page_size
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
     */

    conf->capture.shm_zone = NGX_CONF_UNSET_PTR;
    conf->capture.body_max = NGX_CONF_UNSET_SIZE;
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

    /* zones of all of http{} are known by now; one that is not has no size,
       which the core refuses */

    if (conf->capture.shm_zone) {
        conf->capture.redact.zone = conf->capture.shm_zone->data;
    }

    if (conf->view_zone) {
        conf->view.zone = conf->view_zone->data;
        conf->view.body_max = conf->capture.body_max;
    }

    return NGX_CONF_OK;
}


/* "if" takes the handler of its location along, "limit_except" loses it */

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


static char *
ngx_http_openai_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char      *p;
    ssize_t      size;
    ngx_str_t   *value, name, s;
    ngx_int_t    entries;
    ngx_uint_t   i;

    value = cf->args->elts;

    ngx_str_null(&name);
    size = 0;
    entries = 0;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "zone=", 5) == 0) {

            name.data = value[i].data + 5;

            p = (u_char *) ngx_strchr(name.data, ':');

            if (p == NULL || p == name.data) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "invalid zone size \"%V\"", &value[i]);
                return NGX_CONF_ERROR;
            }

            name.len = p - name.data;

            s.data = p + 1;
            s.len = value[i].data + value[i].len - s.data;

            size = ngx_parse_size(&s);

            if (size == NGX_ERROR) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "invalid zone size \"%V\"", &value[i]);
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_strncmp(value[i].data, "entries=", 8) == 0) {

            entries = ngx_atoi(value[i].data + 8, value[i].len - 8);

            if (entries < NGX_HTTP_OPENAI_MIN_ENTRIES
                || entries > NGX_HTTP_OPENAI_MAX_ENTRIES)
            {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "invalid entries value \"%V\", "
                                   "it must be between %d and %d",
                                   &value[i], NGX_HTTP_OPENAI_MIN_ENTRIES,
                                   NGX_HTTP_OPENAI_MAX_ENTRIES);
                return NGX_CONF_ERROR;
            }

            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\"", &value[i]);
        return NGX_CONF_ERROR;
    }

    if (name.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" must have \"zone\" parameter",
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    return ngx_http_openai_zone_add(cf, &name, size, entries);
}


static char *
ngx_http_openai_zone_add(ngx_conf_t *cf, ngx_str_t *name, ssize_t size,
    ngx_int_t entries)
{
    size_t                         min;
    ngx_shm_zone_t                *shm_zone, *old, **zp;
    ngx_openai_zone_t             *zone, *previous;
    ngx_http_openai_main_conf_t   *omcf;

    min = ngx_openai_zone_min_size(entries ? entries
                                           : NGX_HTTP_OPENAI_MIN_ENTRIES);

    if ((size_t) size < min) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is too small, it needs at least %uzk",
                           name, (min + 1023) / 1024);
        return NGX_CONF_ERROR;
    }

    shm_zone = ngx_shared_memory_add(cf, name, size,
                                     &ngx_http_openai_monitor_module);
    if (shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    if (shm_zone->data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate zone \"%V\"", name);
        return NGX_CONF_ERROR;
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_openai_zone_t));
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    zone->name = *name;
    zone->shm_zone = shm_zone;
    zone->entries = entries ? (ngx_uint_t) entries
                            : ngx_openai_zone_fit(size,
                                                  NGX_HTTP_OPENAI_ENTRIES);

    shm_zone->init = ngx_openai_zone_init;
    shm_zone->data = zone;

    /* another geometry means new memory, into which the history moves */

    old = ngx_http_openai_old_zone(cf->cycle, name);

    if (old && old->data) {
        previous = old->data;

        if (previous->entries != zone->entries
            || old->shm.size != (size_t) size)
        {
            zone->previous = previous;
            shm_zone->noreuse = 1;
        }
    }

    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_openai_monitor_module);

    zp = ngx_array_push(&omcf->zones);
    if (zp == NULL) {
        return NGX_CONF_ERROR;
    }

    *zp = shm_zone;

    return NGX_CONF_OK;
}


/* the zone of this name in the cycle before; NULL when there was none */

static ngx_shm_zone_t *
ngx_http_openai_old_zone(ngx_cycle_t *cycle, ngx_str_t *name)
{
    ngx_uint_t        i;
    ngx_shm_zone_t   *shm_zone;
    ngx_list_part_t  *part;

    if (cycle->old_cycle == NULL) {
        return NULL;
    }

    for (part = &cycle->old_cycle->shared_memory.part;
         part;
         part = part->next)
    {
        shm_zone = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (shm_zone[i].tag == &ngx_http_openai_monitor_module
                && shm_zone[i].shm.name.len == name->len
                && ngx_memcmp(shm_zone[i].shm.name.data, name->data, name->len)
                   == 0)
            {
                return &shm_zone[i];
            }
        }
    }

    return NULL;
}


static char *
ngx_http_openai_monitor(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_openai_loc_conf_t *olcf = conf;

    ngx_str_t                         *value, s;
    ngx_uint_t                         i;
    ngx_http_compile_complex_value_t   ccv;

    if (olcf->capture.shm_zone != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {

        if (cf->args->nelts > 2) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[2]);
            return NGX_CONF_ERROR;
        }

        olcf->capture.shm_zone = NULL;
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "zone=", 5) == 0 && value[i].len > 5) {

            s.data = value[i].data + 5;
            s.len = value[i].len - 5;

            olcf->capture.shm_zone = ngx_shared_memory_add(cf, &s, 0,
                                             &ngx_http_openai_monitor_module);
            if (olcf->capture.shm_zone == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_strncmp(value[i].data, "if=", 3) == 0 && value[i].len > 3) {

            s.data = value[i].data + 3;
            s.len = value[i].len - 3;

            olcf->capture.condition = ngx_palloc(cf->pool,
                                            sizeof(ngx_http_complex_value_t));
            if (olcf->capture.condition == NULL) {
                return NGX_CONF_ERROR;
            }

            ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

            ccv.cf = cf;
            ccv.value = &s;
            ccv.complex_value = olcf->capture.condition;

            if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\"", &value[i]);
        return NGX_CONF_ERROR;
    }

    if (olcf->capture.shm_zone == NGX_CONF_UNSET_PTR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" must have \"zone\" parameter or \"off\"",
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* "off" takes back what was inherited; the built-in names always count */

static char *
ngx_http_openai_redact_names(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    void        (*normalise)(ngx_str_t *name) = (void (*)(ngx_str_t *))
                                                 cmd->post;
    ngx_str_t    *value, *name;
    ngx_uint_t    i;
    ngx_array_t **names;

    names = (ngx_array_t **) (p + cmd->offset);
    value = cf->args->elts;

    if (*names == NULL) {
        return "is used with \"off\" in the same context";
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {

        if (cf->args->nelts > 2 || *names != NGX_CONF_UNSET_PTR) {
            return "has \"off\" beside other names";
        }

        *names = NULL;
        return NGX_CONF_OK;
    }

    if (*names == NGX_CONF_UNSET_PTR) {
        *names = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
        if (*names == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].len == 0 || value[i].len > 64) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid name \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        name = ngx_array_push(*names);
        if (name == NULL) {
            return NGX_CONF_ERROR;
        }

        *name = value[i];
        normalise(name);
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_openai_view(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_openai_loc_conf_t *olcf = conf;

    ngx_str_t                 *value, s;
    ngx_uint_t                 i;
    ngx_http_core_loc_conf_t  *clcf;

    if (olcf->view_zone) {
        return "is duplicate";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->named || clcf->noname) {
        return "cannot be used inside named locations or \"if\"";
    }

    if (!clcf->exact_match && clcf->name.len
        && clcf->name.data[clcf->name.len - 1] != '/')
    {
        return "cannot be used inside a location without slash at the end";
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "zone=", 5) == 0 && value[i].len > 5) {

            s.data = value[i].data + 5;
            s.len = value[i].len - 5;

            olcf->view_zone = ngx_shared_memory_add(cf, &s, 0,
                                             &ngx_http_openai_monitor_module);
            if (olcf->view_zone == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_strncmp(value[i].data, "proxy=", 6) == 0) {
            olcf->view.proxy.data = value[i].data + 6;
            olcf->view.proxy.len = value[i].len - 6;
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\"", &value[i]);
        return NGX_CONF_ERROR;
    }

    if (olcf->view_zone == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" must have \"zone\" parameter",
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    clcf->handler = ngx_http_openai_view_handler;
    clcf->auto_redirect = 1;

    return NGX_CONF_OK;
}


static void *
ngx_http_openai_conf_alloc(void *ctx, size_t size)
{
    ngx_pool_t  *pool = ctx;

    return ngx_palloc(pool, size);
}


static char *
ngx_http_openai_price(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_openai_main_conf_t *omcf = conf;

    ngx_str_t       *value;
    ngx_uint_t       i;
    openai_price_t   price;
    openai_alloc_t   alloc;

    if (omcf->prices == NULL) {
        alloc.alloc = ngx_http_openai_conf_alloc;
        alloc.ctx = cf->pool;

        omcf->prices = openai_prices_create(&alloc);
        if (omcf->prices == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;

    openai_price_init(&price);

    price.model.data = (char *) value[1].data;
    price.model.len = value[1].len;

    for (i = 2; i < cf->args->nelts; i++) {

        if (openai_price_arg(&price, (char *) value[i].data, value[i].len)
            != OPENAI_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    if (openai_prices_add(omcf->prices, &price) != OPENAI_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "price of \"%V\" cannot be used", &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_openai_page_size(ngx_conf_t *cf, void *post, void *data)
{
    ngx_int_t *np = data;

    if (*np < 1 || *np > NGX_HTTP_OPENAI_MAX_PAGE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "value must be between 1 and %d",
                           NGX_HTTP_OPENAI_MAX_PAGE);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
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

    /* a module that is loaded and not used costs nothing */

    if (omcf->zones.nelts == 0) {
        return NGX_OK;
    }

    return ngx_http_openai_capture_init(cf);
}


/*
 * Whether memory is taken over the core decides by the new zone's "noreuse",
 * whether the old memory is unmapped by the old zone's.  The new cycle cannot
 * fail any more, and the old one's memory is still mapped: now the flag moves.
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

        if (zones[i]->noreuse) {
            zones[i]->noreuse = 0;

            old = ngx_http_openai_old_zone(cycle, &zones[i]->shm.name);

            if (old) {
                old->noreuse = 1;
            }
        }
    }

    return NGX_OK;
}


/* joining also closes what a predecessor of this worker left behind */

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

    zones = omcf->zones.elts;

    for (i = 0; i < omcf->zones.nelts; i++) {
        ngx_openai_zone_detach(zones[i]->data);
    }
}
