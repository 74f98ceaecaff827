
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */



/*
 * The variables $openai_...: fields of the record for access_log and maps.
 *
 * nginx evaluates them at any time.  A variable parses the pieces of its
 * exchange that wait first, so it is never behind the traffic.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/capture.h"
#include "capture/secrets/veil.h"
#include "store/fields.h"


static ngx_int_t ngx_http_openai_field_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_openai_stream_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_openai_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

static ngx_openai_record_t *ngx_http_openai_variable_record(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_openai_variable_set(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, u_char *data, size_t len);


/* variables that are not a field of the record */

static ngx_http_variable_t  ngx_http_openai_variables[] = {

    { ngx_string("openai_stream"), NULL,
      ngx_http_openai_stream_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_error"), NULL,
      ngx_http_openai_error_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


/* returns the record with the facts of this moment; in the log phase they are
   final */

static ngx_openai_record_t *
ngx_http_openai_variable_record(ngx_http_request_t *r)
{
    ngx_http_openai_exchange_t  *ex;

    ex = ngx_http_openai_exchange(r->main);

    if (ex == NULL) {
        return NULL;
    }

    ngx_http_openai_turn_settle(ex);

    return ngx_http_openai_veil_record(ex);
}


static ngx_int_t
ngx_http_openai_variable_set(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, u_char *data, size_t len)
{
    if (len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->data = ngx_pnalloc(r->pool, len);
    if (v->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(v->data, data, len);

    v->len = len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* an unknown value is "", which nginx logs as "-"; times are in seconds with
   milliseconds, as nginx's own */

static ngx_int_t
ngx_http_openai_field_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                     buf[NGX_INT64_LEN + 16], *p;
    double                     n;
    uint64_t                   ms;
    const char                *s;
    ngx_openai_record_t       *rec;
    const ngx_openai_field_t  *field;

    field = (const ngx_openai_field_t *) data;
    rec = ngx_http_openai_variable_record(r);

    if (rec == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    if (ngx_openai_field_is_text(field)) {
        s = ngx_openai_field_text(field, rec);
        return ngx_http_openai_variable_set(r, v, (u_char *) s,
                                            ngx_strlen(s));
    }

    n = ngx_openai_field_number(field, rec);

    if (n < 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    if (ngx_openai_field_is_time(field)) {
        ms = ngx_openai_field_int(field, rec) / 1000;
        p = ngx_sprintf(buf, "%uL.%03uL", ms / 1000, ms % 1000);

    } else if (field->as == NGX_OPENAI_AS_MONEY) {
        p = ngx_sprintf(buf, "%.9f", n);

    } else if (field->as == NGX_OPENAI_AS_SPEED) {
        p = ngx_sprintf(buf, "%.1f", n);

    } else {
        p = ngx_sprintf(buf, "%L", ngx_openai_field_int(field, rec));
    }

    return ngx_http_openai_variable_set(r, v, buf, p - buf);
}


static ngx_int_t
ngx_http_openai_stream_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    openai_facts_t              *facts;
    ngx_http_openai_exchange_t  *ex;

    ex = ngx_http_openai_exchange(r->main);

    if (ex == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    ngx_http_openai_turn_settle(ex);

    /* before the answer begins, tell what the request asks for */

    facts = &ex->rec.facts;

    if (facts->streamed == 1 || (!ex->answered && facts->stream_asked == 1)) {
        return ngx_http_openai_variable_set(r, v, (u_char *) "1", 1);
    }

    return ngx_http_openai_variable_set(r, v, (u_char *) "0", 1);
}


/* the most telling word there is */

static ngx_int_t
ngx_http_openai_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    char                 *s;
    ngx_openai_record_t  *rec;

    rec = ngx_http_openai_variable_record(r);

    if (rec == NULL || !(rec->facts.flags & OPENAI_FACT_ERROR)) {
        v->not_found = 1;
        return NGX_OK;
    }

    s = rec->facts.error_code;
    s = *s ? s : rec->facts.error_type;
    s = *s ? s : rec->facts.error_message;
    s = *s ? s : "error";

    return ngx_http_openai_variable_set(r, v, (u_char *) s, ngx_strlen(s));
}


ngx_int_t
ngx_http_openai_capture_variables(ngx_conf_t *cf)
{
    ngx_str_t                  name;
    ngx_http_variable_t       *var, *v;
    const ngx_openai_field_t  *field;

    for (field = ngx_openai_fields; field->name; field++) {

        if (field->variable == NULL) {
            continue;
        }

        name.data = (u_char *) field->variable;
        name.len = ngx_strlen(name.data);

        var = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = ngx_http_openai_field_variable;
        var->data = (uintptr_t) field;
    }

    for (v = ngx_http_openai_variables; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}
