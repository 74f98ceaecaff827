
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/capture.h"
#include "capture/secrets/veil.h"


static ngx_int_t ngx_http_openai_string_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_openai_number_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_openai_stream_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_openai_outcome_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_openai_ttft_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_openai_speed_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_openai_cost_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_openai_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

static ngx_openai_record_t *ngx_http_openai_variable_record(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_openai_variable_set(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, u_char *data, size_t len);


#define ngx_http_openai_field(f)  offsetof(ngx_openai_record_t, f)


/* what is not known is "", which nginx writes as "-" in a log */

static ngx_http_variable_t  ngx_http_openai_variables[] = {

    { ngx_string("openai_monitor_id"), NULL,
      ngx_http_openai_string_variable,
      ngx_http_openai_field(id), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_model"), NULL,
      ngx_http_openai_string_variable,
      ngx_http_openai_field(facts.model), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_response_model"), NULL,
      ngx_http_openai_string_variable,
      ngx_http_openai_field(facts.response_model),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_operation"), NULL,
      ngx_http_openai_string_variable,
      ngx_http_openai_field(facts.operation), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_provider"), NULL,
      ngx_http_openai_string_variable,
      ngx_http_openai_field(facts.provider), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_stream"), NULL,
      ngx_http_openai_stream_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_input_tokens"), NULL,
      ngx_http_openai_number_variable,
      ngx_http_openai_field(facts.usage.input), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_output_tokens"), NULL,
      ngx_http_openai_number_variable,
      ngx_http_openai_field(facts.usage.output), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_cached_tokens"), NULL,
      ngx_http_openai_number_variable,
      ngx_http_openai_field(facts.usage.cached), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_reasoning_tokens"), NULL,
      ngx_http_openai_number_variable,
      ngx_http_openai_field(facts.usage.reasoning),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_ttft"), NULL,
      ngx_http_openai_ttft_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_tokens_per_second"), NULL,
      ngx_http_openai_speed_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_finish_reason"), NULL,
      ngx_http_openai_string_variable,
      ngx_http_openai_field(facts.finish_reason),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_outcome"), NULL,
      ngx_http_openai_outcome_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_cost"), NULL,
      ngx_http_openai_cost_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_error"), NULL,
      ngx_http_openai_error_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_session"), NULL,
      ngx_http_openai_string_variable,
      ngx_http_openai_field(facts.session), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("openai_key"), NULL,
      ngx_http_openai_string_variable,
      ngx_http_openai_field(key), NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


/* with the facts of this moment; in the log phase they are the last ones */

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


static ngx_int_t
ngx_http_openai_string_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char               *s;
    ngx_openai_record_t  *rec;

    rec = ngx_http_openai_variable_record(r);

    if (rec == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    s = (u_char *) rec + data;

    return ngx_http_openai_variable_set(r, v, s, ngx_strlen(s));
}


static ngx_int_t
ngx_http_openai_number_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                buf[NGX_INT64_LEN], *p;
    int64_t               n;
    ngx_openai_record_t  *rec;

    rec = ngx_http_openai_variable_record(r);
    n = rec ? *(int64_t *) ((u_char *) rec + data) : OPENAI_UNKNOWN;

    p = (n < 0) ? buf : ngx_sprintf(buf, "%L", n);

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

    /* before the answer has begun, what the request asks for */

    facts = &ex->rec.facts;

    if (facts->streamed == 1 || (!ex->answered && facts->stream_asked == 1)) {
        return ngx_http_openai_variable_set(r, v, (u_char *) "1", 1);
    }

    return ngx_http_openai_variable_set(r, v, (u_char *) "0", 1);
}


static ngx_int_t
ngx_http_openai_outcome_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    const char           *name;
    ngx_openai_record_t  *rec;

    rec = ngx_http_openai_variable_record(r);

    if (rec == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    name = ngx_openai_outcome_name(rec->outcome);

    return ngx_http_openai_variable_set(r, v, (u_char *) name,
                                        ngx_strlen(name));
}


/* seconds with milliseconds, as nginx's own times */

static ngx_int_t
ngx_http_openai_ttft_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                buf[NGX_INT64_LEN + 4], *p;
    uint64_t              ms;
    ngx_openai_record_t  *rec;

    rec = ngx_http_openai_variable_record(r);

    p = buf;

    if (rec && rec->facts.first_token_us) {
        ms = rec->facts.first_token_us / 1000;
        p = ngx_sprintf(buf, "%uL.%03uL", ms / 1000, ms % 1000);
    }

    return ngx_http_openai_variable_set(r, v, buf, p - buf);
}


static ngx_int_t
ngx_http_openai_speed_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                buf[NGX_INT64_LEN + 4], *p;
    double                speed;
    ngx_openai_record_t  *rec;

    rec = ngx_http_openai_variable_record(r);

    p = buf;
    speed = rec ? ngx_openai_record_speed(rec) : OPENAI_UNKNOWN;

    if (speed >= 0) {
        p = ngx_sprintf(buf, "%.1f", speed);
    }

    return ngx_http_openai_variable_set(r, v, buf, p - buf);
}


static ngx_int_t
ngx_http_openai_cost_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                buf[NGX_INT64_LEN + 16], *p;
    ngx_openai_record_t  *rec;

    rec = ngx_http_openai_variable_record(r);

    p = buf;

    if (rec && rec->cost >= 0) {
        p = ngx_sprintf(buf, "%.9f", rec->cost);
    }

    return ngx_http_openai_variable_set(r, v, buf, p - buf);
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
    ngx_http_variable_t  *var, *v;

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
