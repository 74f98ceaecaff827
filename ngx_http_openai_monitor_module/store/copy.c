
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Copies the newest finished records of one zone into another.
 *
 * Called by setup.c when a reload changed the size, the entries or the place of
 * a zone, and for a file of another geometry.  The old zone's users go on
 * meanwhile, so the copy holds the old zone's lock.  Running records stay
 * behind.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/shared.h"


static void ngx_openai_copy_touch(ngx_openai_shared_t *sh,
    ngx_openai_shared_t *from);
static void ngx_openai_copy_totals(ngx_openai_shared_t *sh,
    ngx_openai_shared_t *from);
static void ngx_openai_copy_record(ngx_openai_entry_t *e,
    ngx_openai_entry_t *src);
static void ngx_openai_copy_extent(ngx_openai_zone_t *zone,
    ngx_openai_extent_t *x, ngx_openai_shared_t *from,
    ngx_openai_extent_t *src, ngx_uint_t extent);


/* Other processes go on using the old zone.  Only finished records move. */

ngx_int_t
ngx_openai_zone_copy(ngx_openai_shared_t *sh, ngx_openai_shared_t *from)
{
    uint32_t             slot, to;
    ngx_uint_t           i;
    ngx_openai_zone_t    old, zone;
    ngx_openai_entry_t  *src, *e;
    ngx_openai_index_t  *index;

    ngx_memzero(&old, sizeof(ngx_openai_zone_t));
    ngx_memzero(&zone, sizeof(ngx_openai_zone_t));

    old.sh = from;
    zone.sh = sh;

    ngx_openai_copy_touch(sh, from);

    if (ngx_openai_lock(&old) != NGX_OK) {
        return NGX_BUSY;
    }

    ngx_openai_copy_totals(sh, from);

    zone.process = ngx_openai_zone_join(sh);
    index = ngx_openai_index(sh);

    /* oldest first, so the newest ones stay */

    for (slot = from->oldest; slot != NGX_OPENAI_NIL; slot = src->next) {

        src = ngx_openai_entry(from, slot);

        to = ngx_openai_entry_take(sh);
        e = ngx_openai_entry(sh, to);

        ngx_memcpy(e->marks, src->marks, NGX_OPENAI_MARKS_HERE);

        for (i = 0; i < NGX_OPENAI_EXTENTS; i++) {
            ngx_openai_copy_extent(&zone, &e->extents[i], from,
                                   &src->extents[i], i);
        }

        ngx_openai_copy_record(e, src);

        index[to].seq = e->rec[e->version & 1].seq;
        index[to].change = sh->changes;
        index[to].running = 0;

        sh->records++;

        ngx_openai_entry_queue(sh, to);
    }

    /* running records stay behind, and nobody got the skipped numbers */

    sh->cleared = sh->seq - sh->evicted - sh->records;

    ngx_log_debug2(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "openai zone: %uD of %uD records copied",
                   sh->records, from->records);

    ngx_openai_pages_return(sh, zone.process);
    zone.process->pid = 0;

    ngx_openai_unlock(&old);

    return NGX_OK;
}


/* The first touch of a page costs this process far more than its copy, so it
   comes before the lock.  Pages that nobody has used stay untouched. */

static void
ngx_openai_copy_touch(ngx_openai_shared_t *sh, ngx_openai_shared_t *from)
{
    uint32_t  i, n;

    n = ngx_min(from->high, from->head.pages);

    for (i = 0; i < n; i++) {

        (void) *(volatile u_char *) ngx_openai_page(from, i);

        if (i < sh->head.pages) {
            *(volatile u_char *) ngx_openai_page(sh, i) = 0;
        }
    }
}


/* A smaller zone may not have room for the whole body. */

static void
ngx_openai_copy_record(ngx_openai_entry_t *e, ngx_openai_entry_t *src)
{
    uint64_t             kept;
    ngx_openai_record_t  rec;

    rec = src->rec[src->version & 1];

    kept = ngx_openai_chain_size(e, NGX_OPENAI_REQUEST_BODY);

    if (kept < rec.request_kept) {
        rec.request_kept = kept;
        rec.flags |= NGX_OPENAI_REC_REQUEST_CUT|NGX_OPENAI_REC_NO_MEMORY;
    }

    kept = ngx_openai_chain_size(e, NGX_OPENAI_RESPONSE_BODY);

    if (kept < rec.response_kept) {
        rec.response_kept = kept;
        rec.flags |= NGX_OPENAI_REC_RESPONSE_CUT|NGX_OPENAI_REC_NO_MEMORY;
    }

    ngx_openai_entry_set(e, &rec);
}


static void
ngx_openai_copy_totals(ngx_openai_shared_t *sh, ngx_openai_shared_t *from)
{
    sh->head.created_ms = from->head.created_ms;
    sh->seq = from->seq + NGX_OPENAI_SEQ_GAP;
    sh->changes = from->changes + 1;
    sh->clears = from->clears;
    sh->evicted = from->evicted;
    sh->dropped = from->dropped;
    sh->truncated = from->truncated;
    sh->heals = from->heals;
    sh->worker_died = from->worker_died;
    sh->stats = from->stats;

    ngx_memcpy(sh->head.nonce, from->head.nonce, sizeof(sh->head.nonce));
    ngx_memcpy(sh->head.salt, from->head.salt, sizeof(sh->head.salt));

    sh->head.seal = ngx_openai_zone_seal(&sh->head);
}


static void
ngx_openai_copy_extent(ngx_openai_zone_t *zone, ngx_openai_extent_t *x,
    ngx_openai_shared_t *from, ngx_openai_extent_t *src, ngx_uint_t extent)
{
    size_t    n, size;
    uint32_t  page;

    page = src->first;
    size = ngx_openai_extent_paged(extent, src->bytes);

    x->bytes = src->bytes - size;

    for ( /* void */ ; size > 0; size -= n) {

        n = ngx_min(size, NGX_OPENAI_PAGE);

        ngx_openai_entry_refill(zone->sh, zone->process);

        if (ngx_openai_pages_take(zone->sh, zone->process, x) != NGX_OK) {
            break;
        }

        ngx_memcpy(ngx_openai_page(zone->sh, x->last),
                   ngx_openai_page(from, page), n);

        x->bytes += n;
        page = ngx_openai_next(from)[page];
    }

    x->head = (uint32_t) ngx_min(src->head, x->bytes);
}
