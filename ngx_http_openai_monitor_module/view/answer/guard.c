
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The checks of host, origin and proof: see guard.h. view.c calls them before
 * it calls a handler.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/answer/guard.h"


typedef struct {
    ngx_str_t          name;
#if (NGX_PCRE)
    ngx_http_regex_t  *regex;           /* NULL: the name is compared */
#endif
} ngx_openai_guard_name_t;


static ngx_uint_t ngx_openai_guard_address(ngx_str_t *host);
static ngx_uint_t ngx_openai_guard_named(ngx_http_request_t *r,
    ngx_array_t *names, ngx_str_t *host);
static ngx_uint_t ngx_openai_guard_match(ngx_str_t *name, ngx_str_t *host);


/* copies the names of the server, because the core drops its array when the
   configuration has been read */

ngx_int_t
ngx_http_openai_view_names(ngx_conf_t *cf, ngx_http_openai_view_conf_t *conf)
{
    ngx_uint_t                 i;
    ngx_http_server_name_t    *name;
    ngx_openai_guard_name_t   *copy;
    ngx_http_core_srv_conf_t  *cscf;

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    conf->names = ngx_array_create(cf->pool, 4,
                                   sizeof(ngx_openai_guard_name_t));
    if (conf->names == NULL) {
        return NGX_ERROR;
    }

    name = cscf->server_names.elts;

    for (i = 0; i < cscf->server_names.nelts; i++) {

        copy = ngx_array_push(conf->names);
        if (copy == NULL) {
            return NGX_ERROR;
        }

        copy->name = name[i].name;
#if (NGX_PCRE)
        copy->regex = name[i].regex;
#endif
    }

    return NGX_OK;
}


ngx_int_t
ngx_openai_guard_host(ngx_openai_call_t *call)
{
    ngx_str_t           *host;
    ngx_http_request_t  *r;

    r = call->request;
    host = &r->headers_in.server;

    /* every browser sends a host */

    if (host->len == 0
        || ngx_openai_guard_address(host)
        || ngx_openai_guard_named(r, call->conf->names, host))
    {
        return NGX_OK;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "openai monitor: host \"%V\" is not a name of the server",
                   host);

    (void) ngx_openai_refuse(call, 421, "misdirected",
                             "unknown host \"%V\"; add it to \"server_name\"",
                             host);

    return NGX_DECLINED;
}


/* 1 for an address or "localhost": no foreign site can have such a name */

static ngx_uint_t
ngx_openai_guard_address(ngx_str_t *host)
{
    static ngx_str_t  local = ngx_string("localhost");
    static ngx_str_t  below = ngx_string(".localhost");

    if (host->data[0] == '['
        || ngx_inet_addr(host->data, host->len) != INADDR_NONE)
    {
        return 1;
    }

    if (host->len == local.len) {
        return ngx_strncasecmp(host->data, local.data, local.len) == 0;
    }

    return host->len > below.len
           && ngx_strncasecmp(host->data + host->len - below.len, below.data,
                              below.len)
              == 0;
}


static ngx_uint_t
ngx_openai_guard_named(ngx_http_request_t *r, ngx_array_t *names,
    ngx_str_t *host)
{
    ngx_uint_t                i;
    ngx_openai_guard_name_t  *name;

    if (names == NULL) {
        return 0;
    }

    name = names->elts;

    for (i = 0; i < names->nelts; i++) {

#if (NGX_PCRE)
        if (name[i].regex) {

            if (ngx_http_regex_exec(r, name[i].regex, host) == NGX_OK) {
                return 1;
            }

            continue;
        }
#endif

        if (ngx_openai_guard_match(&name[i].name, host)) {
            return 1;
        }
    }

    return 0;
}


/* the forms "a.test", "*.a.test", ".a.test" and "a.*" */

static ngx_uint_t
ngx_openai_guard_match(ngx_str_t *name, ngx_str_t *host)
{
    size_t   n;
    u_char  *p;

    p = name->data;
    n = name->len;

    if (n == 0) {
        return 0;
    }

    if (n > 2 && p[n - 1] == '*' && p[n - 2] == '.') {
        return host->len > n - 1
               && ngx_strncasecmp(host->data, p, n - 1) == 0;
    }

    if (p[0] == '.' && host->len == n - 1
        && ngx_strncasecmp(host->data, p + 1, n - 1) == 0)
    {
        return 1;
    }

    if (p[0] == '*') {
        p++;
        n--;
    }

    if (n && p[0] == '.') {
        return host->len > n
               && ngx_strncasecmp(host->data + host->len - n, p, n) == 0;
    }

    return host->len == n && ngx_strncasecmp(host->data, p, n) == 0;
}


ngx_int_t
ngx_openai_guard_origin(ngx_http_request_t *r)
{
    u_char     *p, *last;
    ngx_str_t  *site, *origin, *host;

    site = ngx_openai_header_in(r, "Sec-Fetch-Site");

    if (site
        && !(site->len == sizeof("same-origin") - 1
             && ngx_strncmp(site->data, "same-origin", site->len) == 0)
        && !(site->len == sizeof("none") - 1
             && ngx_strncmp(site->data, "none", site->len) == 0))
    {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "openai monitor: request of the site \"%V\"", site);
        return NGX_DECLINED;
    }

    origin = ngx_openai_header_in(r, "Origin");
    if (origin == NULL) {
        return NGX_OK;
    }

    p = ngx_strnstr(origin->data, "://", origin->len);
    if (p == NULL) {
        return NGX_DECLINED;
    }

    p += sizeof("://") - 1;
    last = origin->data + origin->len;

    if (r->headers_in.host) {
        host = &r->headers_in.host->value;

    } else {
        host = &r->headers_in.server;

        /* the core has removed the port from this name */

        if ((size_t) (last - p) > host->len && p[host->len] == ':') {
            last = p + host->len;
        }
    }

    if ((size_t) (last - p) != host->len
        || ngx_strncasecmp(p, host->data, host->len) != 0)
    {
        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "openai monitor: origin \"%V\" is not the host \"%V\"",
                       origin, host);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_openai_guard_proof(ngx_http_request_t *r)
{
    ngx_str_t  *value;

    value = ngx_openai_header_in(r, "X-OpenAI-Monitor");

    if (value == NULL || value->len != 1 || value->data[0] != '1') {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "openai monitor: POST without X-OpenAI-Monitor");
        return NGX_DECLINED;
    }

    return NGX_OK;
}
