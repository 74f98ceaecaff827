
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * What is new in a zone, listed once for all viewers of a tick. Viewers with
 * the same cursor, and viewers that go on where their slice ended, share the
 * list.
 */


#ifndef _NGX_OPENAI_NEWS_H_INCLUDED_
#define _NGX_OPENAI_NEWS_H_INCLUDED_


#include "store/reader.h"


/* a viewer that is further behind should load the list again */
#define NGX_OPENAI_NEWS_MAX  500


typedef struct {
    uint64_t                key;        /* of the zone; 0: there is none */
    uint64_t                after;      /* changes after this one … */
    uint64_t                upto;       /* … up to this one, inclusive */
    ngx_openai_ref_t       *refs;       /* by slot: running, and changed */
    ngx_uint_t              nrefs;
    ngx_uint_t              max;

    /* in the order of their changes; when nchanged is more than
       NGX_OPENAI_NEWS_MAX, changed[] is not in order */

    ngx_uint_t              nchanged;
    ngx_openai_ref_t        changed[NGX_OPENAI_NEWS_MAX];
} ngx_openai_news_t;


/* the changes after one change and up to another; the list may have earlier
   ones too. It stays valid until the next call. NULL: no memory */
const ngx_openai_news_t *ngx_openai_news(ngx_openai_zone_t *zone,
    uint64_t after, uint64_t upto);

/* the list is old: the next call makes a new one */
void ngx_openai_news_expire(void);

/* frees the memory when the last viewer has left */
void ngx_openai_news_forget(void);


#endif /* _NGX_OPENAI_NEWS_H_INCLUDED_ */
