
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* One call of the API. The router fills in ngx_openai_call_t and hands it
   to a handler; the handler reads arguments and answers through the
   functions below. */


#ifndef _NGX_OPENAI_CALL_H_INCLUDED_
#define _NGX_OPENAI_CALL_H_INCLUDED_


#include "store/reader.h"
#include "view/view.h"
#include "view/answer/json.h"


#define ngx_openai_set_type(r, s)                                            \
    ngx_str_set(&(r)->headers_out.content_type, s);                          \
    (r)->headers_out.content_type_len = sizeof(s) - 1;                       \
    (r)->headers_out.content_type_lowcase = NULL


typedef struct {
    ngx_http_request_t           *request;
    ngx_http_openai_view_conf_t  *conf;
    ngx_openai_zone_t            *zone;
    ngx_str_t                     id;        /* of api/request/{id}, or of
                                                api/session/{id} */
    ngx_str_t                     path;      /* relative to the location */
    ngx_int_t                     rc;        /* returned after NGX_ABORT */
} ngx_openai_call_t;


typedef ngx_int_t (*ngx_openai_call_pt)(ngx_openai_call_t *call);


ngx_int_t ngx_openai_asset(ngx_openai_call_t *call);
ngx_int_t ngx_openai_list(ngx_openai_call_t *call);
ngx_int_t ngx_openai_detail(ngx_openai_call_t *call);
ngx_int_t ngx_openai_sessions(ngx_openai_call_t *call);
ngx_int_t ngx_openai_session(ngx_openai_call_t *call);
ngx_int_t ngx_openai_record_events(ngx_openai_call_t *call);
ngx_int_t ngx_openai_raw_request(ngx_openai_call_t *call);
ngx_int_t ngx_openai_raw_response(ngx_openai_call_t *call);
ngx_int_t ngx_openai_diff(ngx_openai_call_t *call);
ngx_int_t ngx_openai_cancel(ngx_openai_call_t *call);
ngx_int_t ngx_openai_view_stats(ngx_openai_call_t *call);
ngx_int_t ngx_openai_feed(ngx_openai_call_t *call);
ngx_int_t ngx_openai_export(ngx_openai_call_t *call);
ngx_int_t ngx_openai_metrics(ngx_openai_call_t *call);
ngx_int_t ngx_openai_info(ngx_openai_call_t *call);
ngx_int_t ngx_openai_clear(ngx_openai_call_t *call);
ngx_int_t ngx_openai_reset(ngx_openai_call_t *call);


/*
 * These send an answer and return what a content handler returns. Formats are
 * ngx_sprintf()'s; the text is escaped for JSON.
 */
ngx_int_t ngx_openai_send(ngx_http_request_t *r, ngx_openai_json_t *json);
ngx_int_t ngx_openai_send_status(ngx_http_request_t *r, ngx_uint_t status);
ngx_int_t ngx_openai_error(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *fmt, va_list args);

/* the headers that every answer of the API carries */
ngx_int_t ngx_openai_headers(ngx_http_request_t *r, const char *cache);
ngx_int_t ngx_openai_header(ngx_http_request_t *r, const char *name,
    const char *value);

/* a header of the request, or NULL */
ngx_str_t *ngx_openai_header_in(ngx_http_request_t *r, const char *name);

/*
 * These read the request. They return NGX_ABORT when they have sent an error,
 * and the handler then returns call->rc.
 */

/* the decoded value; NGX_DECLINED when the argument is absent */
ngx_int_t ngx_openai_arg(ngx_openai_call_t *call, const char *name,
    ngx_str_t *value);

/* a number from min to max; *value keeps its value when the argument is
   absent */
ngx_int_t ngx_openai_arg_number(ngx_openai_call_t *call, const char *name,
    ngx_uint_t min, ngx_uint_t max, ngx_uint_t *value);

/* these send an error and return NGX_ABORT */
ngx_int_t ngx_openai_refuse(ngx_openai_call_t *call, ngx_uint_t status,
    const char *code, const char *fmt, ...);
ngx_int_t ngx_openai_gone(ngx_openai_call_t *call);
ngx_int_t ngx_openai_no_memory(ngx_openai_call_t *call);


#endif /* _NGX_OPENAI_CALL_H_INCLUDED_ */
