
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The small routes: api/info, api/clear and the cancelling of an exchange.
 * view.c calls them.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <nginx.h>

#include "view/answer/call.h"
#include "view/read/record.h"


ngx_int_t
ngx_openai_info(ngx_openai_call_t *call)
{
    ngx_openai_json_t             json;
    ngx_openai_zone_stat_t        stat;
    ngx_http_openai_view_conf_t  *conf;

    conf = call->conf;

    ngx_openai_zone_stat(call->zone, &stat);

    ngx_openai_json_init(&json, call->request->pool);

    ngx_openai_json_open(&json, '{');
    ngx_openai_json_key(&json, "name");
    ngx_openai_json_text(&json, NGX_OPENAI_NAME);
    ngx_openai_json_key(&json, "version");
    ngx_openai_json_text(&json, NGX_OPENAI_VERSION);
    ngx_openai_json_key(&json, "nginx");
    ngx_openai_json_text(&json, NGINX_VERSION);
    ngx_openai_json_key(&json, "zone");
    ngx_openai_json_string(&json, call->zone->name.data,
                           call->zone->name.len);
    ngx_openai_json_key(&json, "entries");
    ngx_openai_json_int(&json, call->zone->entries);
    ngx_openai_json_key(&json, "page_size");
    ngx_openai_json_int(&json, conf->page_size);
    ngx_openai_json_key(&json, "body_max");
    ngx_openai_json_int(&json, conf->body_max);
    ngx_openai_json_key(&json, "proxy");

    if (conf->proxy.len) {
        ngx_openai_json_string(&json, conf->proxy.data, conf->proxy.len);

    } else {
        ngx_openai_json_null(&json);
    }

    ngx_openai_json_key(&json, "started_at");
    ngx_openai_json_time(&json, stat.created_ms);
    ngx_openai_json_close(&json, '}');

    return ngx_openai_send(call->request, &json);
}


ngx_int_t
ngx_openai_clear(ngx_openai_call_t *call)
{
    if (ngx_openai_zone_clear(call->zone) != NGX_OK) {
        (void) ngx_openai_refuse(call, NGX_HTTP_SERVICE_UNAVAILABLE, "busy",
                                 "zone is locked, try again");
        return call->rc;
    }

    return ngx_openai_send_status(call->request, NGX_HTTP_NO_CONTENT);
}


ngx_int_t
ngx_openai_cancel(ngx_openai_call_t *call)
{
    ngx_openai_ref_t      ref;
    ngx_openai_json_t     json;
    ngx_openai_record_t  *rec;

    rec = ngx_palloc(call->request->pool, sizeof(ngx_openai_record_t));
    if (rec == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_openai_read_call(call, &ref, rec) != NGX_OK) {
        return call->rc;
    }

    if (rec->outcome != NGX_OPENAI_RUNNING
        || ngx_openai_reader_cancel(call->zone, &ref) != NGX_OK)
    {
        (void) ngx_openai_refuse(call, NGX_HTTP_CONFLICT, "conflict",
                                 "exchange \"%V\" has ended", &call->id);
        return call->rc;
    }

    ngx_openai_json_init(&json, call->request->pool);

    ngx_openai_json_open(&json, '{');
    ngx_openai_json_key(&json, "cancelled");
    ngx_openai_json_bool(&json, 1);
    ngx_openai_json_close(&json, '}');

    call->request->headers_out.status = NGX_HTTP_ACCEPTED;

    return ngx_openai_send(call->request, &json);
}
