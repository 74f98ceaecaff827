
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The list of changed records that all viewers of a tick share: see news.h.
 * changes.c calls this.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/live/news.h"


static ngx_uint_t ngx_openai_news_has(ngx_openai_zone_t *zone, uint64_t after,
    uint64_t upto);
static ngx_int_t ngx_openai_news_memory(ngx_openai_zone_t *zone);
static void ngx_openai_news_sort(void);
static int ngx_libc_cdecl ngx_openai_news_order(const void *one,
    const void *two);


static ngx_openai_news_t  ngx_openai_all_news;


const ngx_openai_news_t *
ngx_openai_news(ngx_openai_zone_t *zone, uint64_t after, uint64_t upto)
{
    uint64_t            oldest;
    ngx_openai_news_t  *news;

    news = &ngx_openai_all_news;

    if (ngx_openai_news_has(zone, after, upto)) {
        return news;
    }

    if (ngx_openai_news_memory(zone) != NGX_OK) {
        return NULL;
    }

    news->key = ngx_openai_zone_key(zone);
    news->after = after;
    news->upto = upto;
    news->nrefs = ngx_openai_reader_news(zone, news->refs, news->max, after,
                                         &oldest);

    ngx_openai_news_sort();

    return news;
}


static ngx_uint_t
ngx_openai_news_has(ngx_openai_zone_t *zone, uint64_t after, uint64_t upto)
{
    ngx_openai_news_t  *news;

    news = &ngx_openai_all_news;

    if (news->key == 0 || news->key != ngx_openai_zone_key(zone)
        || news->upto != upto)
    {
        return 0;
    }

    return news->after == after
           || (news->after < after && news->nchanged <= NGX_OPENAI_NEWS_MAX);
}


static ngx_int_t
ngx_openai_news_memory(ngx_openai_zone_t *zone)
{
    ngx_openai_news_t  *news;

    news = &ngx_openai_all_news;

    if (news->max >= zone->entries) {
        return NGX_OK;
    }

    ngx_openai_news_forget();

    news->refs = ngx_alloc(zone->entries * sizeof(ngx_openai_ref_t),
                           ngx_cycle->log);
    if (news->refs == NULL) {
        return NGX_ERROR;
    }

    news->max = zone->entries;

    return NGX_OK;
}


/* changes after "upto" wait for the next tick, because the list may have a
   later one and lack an earlier one */

static void
ngx_openai_news_sort(void)
{
    ngx_uint_t          i;
    ngx_openai_ref_t   *ref;
    ngx_openai_news_t  *news;

    news = &ngx_openai_all_news;
    news->nchanged = 0;

    for (i = 0; i < news->nrefs; i++) {
        ref = &news->refs[i];

        if (ref->change <= news->after || ref->change > news->upto) {
            continue;
        }

        if (news->nchanged < NGX_OPENAI_NEWS_MAX) {
            news->changed[news->nchanged] = *ref;
        }

        news->nchanged++;
    }

    if (news->nchanged <= NGX_OPENAI_NEWS_MAX) {
        ngx_qsort(news->changed, news->nchanged, sizeof(ngx_openai_ref_t),
                  ngx_openai_news_order);
    }
}


static int ngx_libc_cdecl
ngx_openai_news_order(const void *one, const void *two)
{
    const ngx_openai_ref_t  *a, *b;

    a = one;
    b = two;

    return (a->change > b->change) - (a->change < b->change);
}


void
ngx_openai_news_expire(void)
{
    ngx_openai_all_news.key = 0;
}


void
ngx_openai_news_forget(void)
{
    ngx_openai_news_t  *news;

    news = &ngx_openai_all_news;

    if (news->refs != NULL) {
        ngx_free(news->refs);
    }

    news->refs = NULL;
    news->max = 0;
    news->key = 0;
}
