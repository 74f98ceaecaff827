
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* The formats of an export. Each writes one record at a time. */


#ifndef _NGX_OPENAI_EXPORT_H_INCLUDED_
#define _NGX_OPENAI_EXPORT_H_INCLUDED_


#include "view/record/detail.h"


typedef struct {
    ngx_str_t     name;
    ngx_str_t     type;
    const char   *disposition;
    ngx_str_t     head;
    void        (*begin)(ngx_openai_json_t *json);      /* after head */
    ngx_str_t     between;
    ngx_str_t     tail;
    void        (*record)(ngx_openai_json_t *json,
                          ngx_openai_read_t *record,
                          const ngx_openai_thread_t *thread);
    ngx_uint_t    bytes;        /* it writes more than the record has */
} ngx_openai_format_t;


void ngx_openai_har(ngx_openai_json_t *json, ngx_openai_read_t *record,
    const ngx_openai_thread_t *thread);
void ngx_openai_csv_head(ngx_openai_json_t *json);
void ngx_openai_csv(ngx_openai_json_t *json, ngx_openai_read_t *record,
    const ngx_openai_thread_t *thread);
void ngx_openai_jsonl(ngx_openai_json_t *json,
    ngx_openai_read_t  *record, const ngx_openai_thread_t *thread);


#endif /* _NGX_OPENAI_EXPORT_H_INCLUDED_ */
