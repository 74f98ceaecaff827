
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* What the list, the live feed and the exports say of a record. */


#ifndef _NGX_OPENAI_SUMMARY_H_INCLUDED_
#define _NGX_OPENAI_SUMMARY_H_INCLUDED_


#include "store/record.h"
#include "view/read/record.h"
#include "view/answer/json.h"
#include "view/read/threads.h"


/* the fields, into an object that is open; thread may be NULL */
void ngx_openai_summary(ngx_openai_json_t *json,
    const ngx_openai_record_t *rec, const ngx_openai_thread_t *thread);

/* why a side's body was not to be kept, or "" */
const char *ngx_openai_summary_withheld(const ngx_openai_record_t *rec,
    ngx_uint_t side);

/* the peer that answered, or "" */
const char *ngx_openai_summary_peer(const ngx_openai_record_t *rec);

/* how many of the attempts are in the record */
ngx_uint_t ngx_openai_summary_attempts(const ngx_openai_record_t *rec);


#endif /* _NGX_OPENAI_SUMMARY_H_INCLUDED_ */
