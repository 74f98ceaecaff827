
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * What the answer of an earlier record has to do with a later request.
 * threads.c asks when hashes and ids leave it open.
 */


#ifndef _NGX_OPENAI_ANSWERS_H_INCLUDED_
#define _NGX_OPENAI_ANSWERS_H_INCLUDED_


#include "view/read/record.h"


typedef struct ngx_openai_answers_s  ngx_openai_answers_t;


/* lives as long as the pool; NULL: no memory */
ngx_openai_answers_t *ngx_openai_answers_create(ngx_pool_t *pool,
    ngx_openai_zone_t *zone, size_t body_max);

/* the same zone, mapped anew */
void ngx_openai_answers_zone(ngx_openai_answers_t *answers,
    ngx_openai_zone_t *zone);

/* the earlier record as it is now, until the next call; NULL: it is gone */
const ngx_openai_record_t *ngx_openai_answers_record(
    ngx_openai_answers_t *answers, const ngx_openai_ref_t *ref);

/*
 * 1: the text or a call of the earlier answer is in the request; 1: a call of
 * the earlier answer has the first words of the request as an argument. 0:
 * not, the record is gone, or memory is short. "next" holds the request.
 */
ngx_uint_t ngx_openai_answers_in(ngx_openai_answers_t *answers,
    const ngx_openai_ref_t *ref, ngx_openai_read_t *next,
    openai_exchange_t *request);
ngx_uint_t ngx_openai_answers_asks(ngx_openai_answers_t *answers,
    const ngx_openai_ref_t *ref, ngx_openai_read_t *next,
    openai_exchange_t *request);


#endif /* _NGX_OPENAI_ANSWERS_H_INCLUDED_ */
