
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * What is new in a zone, listed once for all viewers of a tick: those who have
 * been told equally much, or go on where their slice ended, get the same list.
 */


#ifndef _NGX_OPENAI_NEWS_H_INCLUDED_
#define _NGX_OPENAI_NEWS_H_INCLUDED_


#include "store/reader.h"


/* who is farther behind does better to load the list again */
#define NGX_OPENAI_NEWS_MAX  500


typedef struct {
    uint64_t                key;        /* of the zone; 0: there is none */
    uint64_t                after;      /* changes after this one … */
    uint64_t                upto;       /* … up to this one, inclusive */
    ngx_openai_ref_t       *refs;       /* by slot; of those that run, all */
    ngx_uint_t              nrefs;
    ngx_uint_t              max;

    /* in the order in which they changed; "nchanged" may be more than there is
       room for, none of them is in order then */

    ngx_uint_t              nchanged;
    ngx_openai_ref_t        changed[NGX_OPENAI_NEWS_MAX];
} ngx_openai_news_t;


/* those after one change and up to another, perhaps more before them; it
   stays until the next call; NULL when memory is short */
const ngx_openai_news_t *ngx_openai_news(ngx_openai_zone_t *zone,
    uint64_t after, uint64_t upto);

/* what is listed is old: the next one lists it anew */
void ngx_openai_news_expire(void);

/* nobody listens any more */
void ngx_openai_news_forget(void);


#endif /* _NGX_OPENAI_NEWS_H_INCLUDED_ */
