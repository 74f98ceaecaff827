
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */



/*
 * The handlers of the directives, which the module root's table names.
 *
 * A handler checks its arguments and fills the configuration.  It returns
 * NGX_CONF_OK, NGX_CONF_ERROR after it logged the reason, or a text that nginx
 * completes with the directive's name.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_openai_monitor_module.h"
#include "capture/secrets/veil.h"


#define NGX_HTTP_OPENAI_ENTRIES      1000
#define NGX_HTTP_OPENAI_MIN_ENTRIES  16
#define NGX_HTTP_OPENAI_MAX_ENTRIES  1000000
#define NGX_HTTP_OPENAI_MAX_PAGE     1000


static char *ngx_http_openai_zone_add(ngx_conf_t *cf, ngx_str_t *name,
    ssize_t size, ngx_int_t entries, ngx_str_t *file);
static char *ngx_http_openai_zone_path(ngx_conf_t *cf,
    ngx_openai_zone_t *zone, ngx_str_t *file);
static void *ngx_http_openai_conf_alloc(void *ctx, size_t size);


char *
ngx_http_openai_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char      *p;
    ssize_t      size;
    ngx_str_t   *value, name, file, s;
    ngx_int_t    entries;
    ngx_uint_t   i;

    value = cf->args->elts;

    ngx_str_null(&name);
    ngx_str_null(&file);
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

        if (ngx_strncmp(value[i].data, "file=", 5) == 0 && value[i].len > 5) {

            file.data = value[i].data + 5;
            file.len = value[i].len - 5;

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

    return ngx_http_openai_zone_add(cf, &name, size, entries, &file);
}


static char *
ngx_http_openai_zone_add(ngx_conf_t *cf, ngx_str_t *name, ssize_t size,
    ngx_int_t entries, ngx_str_t *file)
{
    size_t                         min;
    ngx_shm_zone_t                *shm_zone, *old, **zp;
    ngx_openai_zone_t             *zone;
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
    zone->pool = cf->pool;
    zone->shm_zone = shm_zone;
    zone->entries = entries ? (ngx_uint_t) entries
                            : ngx_openai_zone_fit(size,
                                                  NGX_HTTP_OPENAI_ENTRIES);

    if (file->len && ngx_http_openai_zone_path(cf, zone, file) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    shm_zone->init = ngx_openai_zone_init;
    shm_zone->data = zone;

    /* another size or file needs new memory; the history moves into it */

    old = ngx_http_openai_zone_of(cf->cycle->old_cycle, name);

    if (old && old->data && !ngx_openai_zone_same(zone, old->data)) {
        zone->previous = old->data;
        shm_zone->noreuse = 1;
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


static char *
ngx_http_openai_zone_path(ngx_conf_t *cf, ngx_openai_zone_t *zone,
    ngx_str_t *file)
{
    ngx_uint_t                     i;
    ngx_shm_zone_t               **zones;
    ngx_openai_zone_t             *other;
    ngx_http_openai_main_conf_t   *omcf;

    if (ngx_conf_full_name(cf->cycle, file, 0) != NGX_OK
        || ngx_openai_zone_file(zone, cf->pool, file) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_openai_monitor_module);
    zones = omcf->zones.elts;

    for (i = 0; i < omcf->zones.nelts; i++) {
        other = zones[i]->data;

        if (other->file && ngx_openai_zone_shares(zone, other)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "zones \"%V\" and \"%V\" have the same file "
                               "\"%V\"", &other->name, &zone->name, file);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


ngx_shm_zone_t *
ngx_http_openai_zone_of(ngx_cycle_t *cycle, ngx_str_t *name)
{
    ngx_uint_t        i;
    ngx_shm_zone_t   *shm_zone;
    ngx_list_part_t  *part;

    if (cycle == NULL) {
        return NULL;
    }

    for (part = &cycle->shared_memory.part; part; part = part->next) {
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


char *
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


/* "off" drops inherited names; the built-in names always count */

char *
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


/* patterns add up within a context; "off" drops inherited ones */

char *
ngx_http_openai_mask_body(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_openai_loc_conf_t *olcf = conf;

    char        *rv;
    ngx_str_t   *value;
    ngx_uint_t   i;

    value = cf->args->elts;

    if (olcf->capture.masks == NULL) {
        return "is used with \"off\" in the same context";
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {

        if (cf->args->nelts > 2 || olcf->capture.masks != NGX_CONF_UNSET_PTR) {
            return "has \"off\" beside patterns";
        }

        olcf->capture.masks = NULL;
        return NGX_CONF_OK;
    }

    if (olcf->capture.masks == NGX_CONF_UNSET_PTR) {
        olcf->capture.masks = NULL;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        rv = ngx_http_openai_mask_add(cf, &olcf->capture.masks, &value[i]);

        if (rv) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


char *
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

    if (clcf->name.len && clcf->name.data[clcf->name.len - 1] == '/') {
        clcf->auto_redirect = 1;
    }

    return NGX_CONF_OK;
}


static void *
ngx_http_openai_conf_alloc(void *ctx, size_t size)
{
    ngx_pool_t  *pool = ctx;

    return ngx_palloc(pool, size);
}


char *
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


char *
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
