
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The content handler of the monitor: it checks who asks, finds the route, and
 * calls its handler. A new route is a line in one of the tables.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/answer/call.h"
#include "view/answer/guard.h"


#define NGX_OPENAI_READ   (NGX_HTTP_GET|NGX_HTTP_HEAD)
#define NGX_OPENAI_WRITE  NGX_HTTP_POST


typedef struct {
    ngx_str_t           path;
    ngx_uint_t          methods;
    ngx_openai_call_pt  handler;
} ngx_openai_route_t;


static const ngx_openai_route_t *ngx_openai_route(ngx_openai_call_t *call);
static const ngx_openai_route_t *ngx_openai_route_in(
    const ngx_openai_route_t *routes, u_char *path, size_t len);
static void ngx_openai_relative(ngx_openai_call_t *call);
static ngx_int_t ngx_openai_bad_method(ngx_openai_call_t *call,
    ngx_uint_t methods);


static const ngx_openai_route_t  ngx_openai_routes[] = {
    { ngx_string("api/requests"), NGX_OPENAI_READ, ngx_openai_list },
    { ngx_string("api/sessions"), NGX_OPENAI_READ, ngx_openai_sessions },
    { ngx_string("api/stats"), NGX_OPENAI_READ, ngx_openai_view_stats },
    { ngx_string("api/events"), NGX_OPENAI_READ, ngx_openai_feed },
    { ngx_string("api/export"), NGX_OPENAI_READ, ngx_openai_export },
    { ngx_string("api/info"), NGX_OPENAI_READ, ngx_openai_info },
    { ngx_string("api/openapi.json"), NGX_OPENAI_READ, ngx_openai_asset },
    { ngx_string("api/clear"), NGX_OPENAI_WRITE, ngx_openai_clear },
    { ngx_string("api/stats/reset"), NGX_OPENAI_WRITE, ngx_openai_reset },
    { ngx_string("metrics"), NGX_OPENAI_READ, ngx_openai_metrics },
    { ngx_null_string, 0, NULL }
};


/* the part behind api/request/{id} */

static const ngx_openai_route_t  ngx_openai_record_routes[] = {
    { ngx_string(""), NGX_OPENAI_READ, ngx_openai_detail },
    { ngx_string("/request"), NGX_OPENAI_READ, ngx_openai_raw_request },
    { ngx_string("/response"), NGX_OPENAI_READ, ngx_openai_raw_response },
    { ngx_string("/events"), NGX_OPENAI_READ, ngx_openai_record_events },
    { ngx_string("/diff"), NGX_OPENAI_READ, ngx_openai_diff },
    { ngx_string("/cancel"), NGX_OPENAI_WRITE, ngx_openai_cancel },
    { ngx_null_string, 0, NULL }
};


static const ngx_openai_route_t  ngx_openai_session_routes[] = {
    { ngx_string(""), NGX_OPENAI_READ, ngx_openai_session },
    { ngx_null_string, 0, NULL }
};


/* the paths that have an id behind them */

static const struct {
    ngx_str_t                  path;
    const ngx_openai_route_t  *routes;
} ngx_openai_id_routes[] = {
    { ngx_string("api/request/"), ngx_openai_record_routes },
    { ngx_string("api/session/"), ngx_openai_session_routes }
};

#define NGX_OPENAI_ID_ROUTES                                                  \
    (sizeof(ngx_openai_id_routes) / sizeof(ngx_openai_id_routes[0]))


/* The page's files hold no records, so they are served to anybody: a pasted
   link must work from anywhere. */

static const ngx_openai_route_t  ngx_openai_asset_route = {
    ngx_string(""), NGX_OPENAI_READ, ngx_openai_asset
};


ngx_int_t
ngx_http_openai_view_handler(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_openai_call_t         *call;
    const ngx_openai_route_t  *route;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    call = ngx_pcalloc(r->pool, sizeof(ngx_openai_call_t));
    if (call == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call->request = r;
    call->conf = ngx_http_openai_view_conf(r);
    call->zone = call->conf->zone;

    ngx_openai_relative(call);

    if (ngx_openai_guard_host(call) != NGX_OK) {
        return call->rc;
    }

    route = ngx_openai_route(call);

    if (route != &ngx_openai_asset_route
        && ngx_openai_guard_origin(r) != NGX_OK)
    {
        (void) ngx_openai_refuse(call, NGX_HTTP_FORBIDDEN, "forbidden",
                                 "cross-site request");
        return call->rc;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "openai monitor: path \"%V\", id \"%V\", route \"%s\"",
                   &call->path, &call->id,
                   route == NULL ? "none"
                   : route == &ngx_openai_asset_route ? "page" : "api");

    if (route == NULL) {
        (void) ngx_openai_refuse(call, NGX_HTTP_NOT_FOUND, "not_found",
                                 "unknown path \"%V\"", &call->path);
        return call->rc;
    }

    if (!(r->method & route->methods)) {
        return ngx_openai_bad_method(call, route->methods);
    }

    if (r->method == NGX_HTTP_POST && ngx_openai_guard_proof(r) != NGX_OK) {
        (void) ngx_openai_refuse(call, NGX_HTTP_FORBIDDEN, "forbidden",
                                 "missing header \"X-OpenAI-Monitor: 1\"");
        return call->rc;
    }

    r->connection->log->action = "showing records";

    return route->handler(call);
}


static const ngx_openai_route_t *
ngx_openai_route(ngx_openai_call_t *call)
{
    u_char                    *p, *end, *last;
    ngx_uint_t                 i;
    const ngx_str_t           *path;
    const ngx_openai_route_t  *route;

    p = call->path.data;
    last = p + call->path.len;

    for (i = 0; i < NGX_OPENAI_ID_ROUTES; i++) {
        path = &ngx_openai_id_routes[i].path;

        if (call->path.len <= path->len
            || ngx_strncmp(p, path->data, path->len) != 0)
        {
            continue;
        }

        p += path->len;
        end = memchr(p, '/', last - p);
        end = end ? end : last;

        call->id.data = p;
        call->id.len = end - p;

        return ngx_openai_route_in(ngx_openai_id_routes[i].routes, end,
                                   last - end);
    }

    route = ngx_openai_route_in(ngx_openai_routes, p, call->path.len);

    if (route == NULL
        && !(call->path.len >= 4 && ngx_strncmp(p, "api/", 4) == 0))
    {
        return &ngx_openai_asset_route;
    }

    return route;
}


static const ngx_openai_route_t *
ngx_openai_route_in(const ngx_openai_route_t *routes, u_char *path,
    size_t len)
{
    for ( /* void */ ; routes->handler; routes++) {

        if (routes->path.len == len
            && ngx_strncmp(routes->path.data, path, len) == 0)
        {
            return routes;
        }
    }

    return NULL;
}


static void
ngx_openai_relative(ngx_openai_call_t *call)
{
    ngx_str_t                 *name, *uri;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(call->request, ngx_http_core_module);

    uri = &call->request->uri;
    name = &clcf->name;

    call->path = *uri;

    if (uri->len >= name->len
        && ngx_strncmp(uri->data, name->data, name->len) == 0)
    {
        call->path.data += name->len;
        call->path.len -= name->len;
    }

    if (call->path.len && call->path.data[0] == '/') {
        call->path.data++;
        call->path.len--;
    }
}


static ngx_int_t
ngx_openai_bad_method(ngx_openai_call_t *call, ngx_uint_t methods)
{
    const char  *allow;

    allow = (methods == NGX_OPENAI_WRITE) ? "POST" : "GET, HEAD";

    if (ngx_openai_header(call->request, "Allow", allow) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    (void) ngx_openai_refuse(call, NGX_HTTP_NOT_ALLOWED, "method_not_allowed",
                             "method not allowed; use %s", allow);

    return call->rc;
}
