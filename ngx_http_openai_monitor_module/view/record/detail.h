
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* One record with everything that is known of it. */


#ifndef _NGX_OPENAI_DETAIL_H_INCLUDED_
#define _NGX_OPENAI_DETAIL_H_INCLUDED_


#include "view/read/record.h"
#include "view/answer/json.h"
#include "view/read/threads.h"


/* writes one object; thread is NULL for a record without a conversation */
void ngx_openai_detail_write(ngx_openai_json_t *json,
    ngx_openai_read_t *record, const ngx_openai_thread_t *thread,
    ngx_uint_t bodies);

/* 1 when a body can be shown as text; one that was cut may end within a
   character */
ngx_uint_t ngx_openai_detail_is_text(ngx_str_t *body, ngx_uint_t cut);

/* 1 when the record has less of a body than passed, or will pass */
ngx_uint_t ngx_openai_detail_cut(const ngx_openai_record_t *rec,
    ngx_uint_t side);


#endif /* _NGX_OPENAI_DETAIL_H_INCLUDED_ */
