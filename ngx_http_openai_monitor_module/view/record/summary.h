
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* The fields of a record as JSON. */


#ifndef _NGX_OPENAI_SUMMARY_H_INCLUDED_
#define _NGX_OPENAI_SUMMARY_H_INCLUDED_


#include "store/fields.h"
#include "view/answer/json.h"
#include "view/read/record.h"
#include "view/read/threads.h"


/*
 * Both write into an object that is open; thread is NULL for a record that
 * belongs to no conversation.  The first writes what the list has.
 */
void ngx_openai_summary(ngx_openai_json_t *json, ngx_openai_read_t *record,
    const ngx_openai_thread_t *thread);
void ngx_openai_summary_fields(ngx_openai_json_t *json,
    const ngx_openai_field_t *fields, ngx_openai_read_t *record,
    const ngx_openai_thread_t *thread);

/* the text of a field, "" when it is unknown */
const char *ngx_openai_summary_text(const ngx_openai_field_t *field,
    const ngx_openai_record_t *rec, const ngx_openai_thread_t *thread);

/* why a side's body was not kept, or "" */
const char *ngx_openai_summary_withheld(const ngx_openai_record_t *rec,
    ngx_uint_t side);


#endif /* _NGX_OPENAI_SUMMARY_H_INCLUDED_ */
