
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* Formats of an export: each writes one record at a time. */


#ifndef _NGX_OPENAI_EXPORT_H_INCLUDED_
#define _NGX_OPENAI_EXPORT_H_INCLUDED_


#include "view/record/detail.h"


typedef struct {
    ngx_str_t     name;
    ngx_str_t     type;
    const char   *disposition;
    ngx_str_t     head;
    ngx_str_t     between;
    ngx_str_t     tail;
    void        (*record)(ngx_openai_json_t *json,
                          ngx_openai_read_t *record,
                          const ngx_openai_thread_t *thread);
    ngx_uint_t    bytes;        /* it writes more than the record has */
} ngx_openai_format_t;


void ngx_openai_har(ngx_openai_json_t *json, ngx_openai_read_t *record,
    const ngx_openai_thread_t *thread);
void ngx_openai_csv(ngx_openai_json_t *json, ngx_openai_read_t *record,
    const ngx_openai_thread_t *thread);
void ngx_openai_jsonl(ngx_openai_json_t *json,
    ngx_openai_read_t  *record, const ngx_openai_thread_t *thread);


/* the first line of ngx_openai_csv() */
#define NGX_OPENAI_CSV_HEAD                                                  \
    "id,started_at,method,uri,status,outcome,dialect,operation,provider,"    \
    "model,response_model,streamed,duration_ms,ttft_ms,input_tokens,"        \
    "output_tokens,cached_tokens,reasoning_tokens,cost_usd,finish_reason,"   \
    "tool_calls,request_bytes,response_bytes,error_type,error_code,"         \
    "error_message,client,user_agent,key,session,user,thread,upstream\r\n"


#endif /* _NGX_OPENAI_EXPORT_H_INCLUDED_ */
