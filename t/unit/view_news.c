
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: the news of a tick are the changes after a viewer's cursor and
 * up to the tick.  Other processes write while the records are listed, so the
 * list may have a later change and lack an earlier one.  A viewer that was told
 * the later one would never be told the earlier one.  Seen to fail when
 * everything in the list was news.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ngx_config.h>
#include <ngx_core.h>

typedef int                    ngx_fd_t;
typedef unsigned long          ngx_msec_t;
typedef struct ngx_shm_zone_s  ngx_shm_zone_t;
typedef struct ngx_log_s       ngx_log_t;

#define ngx_libc_cdecl
#define ngx_qsort              qsort
#define ngx_alloc(size, log)   malloc(size)
#define ngx_free               free

#include "view/live/news.c"
#include "tap.h"


#define SLOTS  600


static ngx_uint_t        listed;      /* how often */
static ngx_openai_ref_t  slots[SLOTS];


uint64_t
ngx_openai_zone_key(ngx_openai_zone_t *zone)
{
    return (uint64_t) (uintptr_t) zone->sh;
}


ngx_uint_t
ngx_openai_reader_news(ngx_openai_zone_t *zone, ngx_openai_ref_t *refs,
    ngx_uint_t max, uint64_t change, uint64_t *oldest)
{
    ngx_uint_t  i, n;

    listed++;
    *oldest = 1;

    for (i = 0, n = 0; i < SLOTS && n < max; i++) {
        if (slots[i].change > change || slots[i].running) {
            refs[n++] = slots[i];
        }
    }

    return n;
}


static void
slot(ngx_uint_t i, uint64_t change, uint32_t running)
{
    slots[i].seq = i + 1;
    slots[i].slot = i;
    slots[i].change = change;
    slots[i].running = running;
}


/* the changes that are news, in their order */

static int
news_are(const ngx_openai_news_t *news, const char *changes)
{
    char        *p, text[256];
    ngx_uint_t   i;

    if (news == NULL) {
        return 0;
    }

    p = text;
    *p = '\0';

    for (i = 0; i < news->nchanged; i++) {
        p += sprintf(p, "%d ", (int) news->changed[i].change);
    }

    return strcmp(text, changes) == 0;
}


static void
test_race(ngx_openai_zone_t *zone)
{
    /* at the tick there are 5 changes; slot 0 is listed, then its record ends,
       change 6, and that of slot 1, change 7, which is listed yet */

    slot(0, 3, 1);
    slot(1, 7, 0);
    slot(2, 5, 0);

    ok(news_are(ngx_openai_news(zone, 2, 5), "3 5 "),
       "what has changed since the tick is no news of it");

    ngx_openai_news_expire();
    slot(0, 6, 0);

    ok(news_are(ngx_openai_news(zone, 5, 7), "6 7 "),
       "at the next one both have, in their order");
}


static void
test_shared(ngx_openai_zone_t *zone)
{
    ngx_openai_zone_t  other;

    listed = 0;
    ngx_openai_news_expire();

    (void) ngx_openai_news(zone, 4, 7);
    (void) ngx_openai_news(zone, 4, 7);
    (void) ngx_openai_news(zone, 6, 7);
    ok(listed == 1, "listed once for who was told as much, or more");

    (void) ngx_openai_news(zone, 3, 7);
    ok(listed == 2, "and for who was told less");

    other = *zone;
    other.sh = (ngx_openai_shared_t *) slots;

    (void) ngx_openai_news(&other, 3, 7);
    ok(listed == 3, "and of another zone");
}


static void
test_many(ngx_openai_zone_t *zone)
{
    ngx_uint_t                i;
    const ngx_openai_news_t  *news;

    for (i = 0; i < SLOTS; i++) {
        slot(i, 1000 + i, 0);
    }

    ngx_openai_news_expire();
    news = ngx_openai_news(zone, 7, 2000);

    ok(news && news->nchanged == SLOTS, "more than there is room for count");
}


int
main(void)
{
    ngx_openai_zone_t  zone;

    memset(&zone, 0, sizeof(zone));

    zone.entries = SLOTS;
    zone.sh = (ngx_openai_shared_t *) &zone;

    test_race(&zone);
    test_shared(&zone);
    test_many(&zone);

    ngx_openai_news_forget();

    return done_testing();
}
