
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Maps memory into this process before an exchange needs it.  The first access
 * to a page of shared memory waits for the kernel.  Pages and slots are handed
 * out in order, so the next ones are known.
 *
 * Called by the writer after a commit and by a process that attaches.  Files
 * are left alone: their pages would have to be written back.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <sys/mman.h>

#include "store/shared.h"


/* This much is mapped before it is needed, and more when half of it is left. */

#define NGX_OPENAI_AHEAD_PAGES  32
#define NGX_OPENAI_AHEAD_SLOTS  8


static uint32_t ngx_openai_ahead(u_char *base, size_t size, uint32_t mapped,
    uint32_t next, uint32_t ahead, uint32_t all);


/* Pages and slots are handed out in order until each was used once. */

void
ngx_openai_zone_ahead(ngx_openai_zone_t *zone)
{
    ngx_openai_shared_t  *sh;

    sh = zone->sh;

    /* pages of a file would be written back without any content */

    if (sh == NULL || zone->file) {
        return;
    }

    zone->mapped_pages = ngx_openai_ahead(ngx_openai_page(sh, 0),
                                          NGX_OPENAI_PAGE, zone->mapped_pages,
                                          ngx_openai_load(&sh->free_page),
                                          NGX_OPENAI_AHEAD_PAGES,
                                          sh->head.pages);

    zone->mapped_slots = ngx_openai_ahead((u_char *) ngx_openai_entry(sh, 0),
                                          sizeof(ngx_openai_entry_t),
                                          zone->mapped_slots,
                                          ngx_openai_load(&sh->free_slot),
                                          NGX_OPENAI_AHEAD_SLOTS,
                                          sh->head.entries);
}


static uint32_t
ngx_openai_ahead(u_char *base, size_t size, uint32_t mapped, uint32_t next,
    uint32_t ahead, uint32_t all)
{
#ifdef MADV_POPULATE_WRITE

    u_char    *from, *to;
    uint32_t   n;

    if (mapped >= all || next >= all || next + ahead / 2 < mapped) {
        return mapped;
    }

    /* one step at a time when other processes were faster */

    n = ngx_min(mapped + ahead, all);

    from = (u_char *) ((uintptr_t) (base + mapped * size)
                       & ~((uintptr_t) ngx_pagesize - 1));
    to = base + n * size;

    /* an older kernel does not know this, and the exchanges wait */

    if (madvise(from, to - from, MADV_POPULATE_WRITE) == -1) {
        return all;
    }

    return n;

#else

    return mapped;

#endif
}
