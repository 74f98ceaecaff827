
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Writes one record: begins it, appends its bytes, publishes, commits.
 *
 * Called by the capture.  No call fails in a way that the caller must act on.
 * The lock is taken once to begin and once to commit, and once more whenever
 * the reserve of pages is empty.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/writer.h"
#include "store/shared.h"


#define NGX_OPENAI_LINE   64            /* bytes of a cache line */
#define NGX_OPENAI_AHEAD  1024          /* bytes of a page to prefetch */


/* 1 when there is a record, and the zone still uses the memory that has it */

#define ngx_openai_writer_has(w)                                             \
    ((w)->seq != 0 && (w)->sh == (w)->zone->sh)


static void ngx_openai_writer_fetch(ngx_openai_shared_t *sh,
    ngx_openai_entry_t *e, ngx_openai_process_t *process);
static void ngx_openai_writer_ahead(void *start, size_t size);
static size_t ngx_openai_writer_parts(ngx_openai_writer_t *w,
    ngx_openai_chain_e chain, const u_char *p, size_t len);
static ngx_int_t ngx_openai_writer_page(ngx_openai_writer_t *w,
    ngx_openai_extent_t *x);
static uint32_t ngx_openai_writer_slot(ngx_openai_zone_t *zone,
    ngx_openai_process_t *process, uint32_t share);


ngx_int_t
ngx_openai_writer_begin(ngx_openai_writer_t *w, ngx_openai_zone_t *zone,
    ngx_openai_record_t *rec)
{
    uint32_t               slot, share;
    ngx_openai_entry_t    *e;
    ngx_openai_index_t    *index;
    ngx_openai_shared_t   *sh;
    ngx_openai_process_t  *process;

    w->zone = zone;
    w->seq = 0;

    if (zone->sh == NULL) {
        return NGX_DECLINED;
    }

    process = ngx_openai_process(zone);

    if (process == NULL || ngx_openai_lock(zone) != NGX_OK) {
        ngx_openai_writer_drop(zone);
        return NGX_DECLINED;
    }

    sh = zone->sh;
    share = ngx_openai_entry_share(sh, rec);

    slot = ngx_openai_writer_slot(zone, process, share);

    if (slot == NGX_OPENAI_NIL) {
        ngx_openai_unlock(zone);
        ngx_openai_count(&sh->dropped, 1);

        ngx_log_debug3(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                       "openai zone: no entry, %uD of %uD running, "
                       "%uD of this key", sh->running, sh->head.entries,
                       sh->shares[share]);

        return NGX_DECLINED;
    }

    ngx_openai_fault("begin.slot");

    w->sh = sh;
    w->slot = slot;
    w->seq = sh->seq + 1;

    rec->seq = w->seq;
    rec->pid = ngx_pid;
    ngx_openai_record_id(sh, rec, rec->id);

    e = ngx_openai_entry(sh, slot);
    index = &ngx_openai_index(sh)[slot];

    ngx_openai_entry_begin(e, rec);
    ngx_openai_fault("begin.set");

    e->owner = process - sh->processes;
    e->finished = 0;
    e->share = share;
    ngx_openai_store(&e->state, NGX_OPENAI_ENTRY_RUNNING);

    ngx_openai_fault("begin.state");

    index->change = sh->changes + 1;
    index->running = 1;
    ngx_openai_store(&index->seq, w->seq);
    ngx_openai_fault("begin.index");

    sh->records++;
    sh->running++;
    sh->shares[share]++;
    ngx_openai_fault("begin.counted");

    ngx_openai_store(&sh->seq, w->seq);
    ngx_openai_store(&sh->changes, sh->changes + 1);

    ngx_openai_unlock(zone);

    ngx_log_debug2(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "openai zone: begin record %uL in slot %uD", w->seq, slot);

    ngx_openai_writer_fetch(sh, e, process);

    return NGX_OK;
}


void
ngx_openai_writer_drop(ngx_openai_zone_t *zone)
{
    if (zone->sh) {
        ngx_openai_count(&zone->sh->dropped, 1);
    }
}


/*
 * Prefetches what this exchange writes next.  The memory is in no cache,
 * because nobody touched it since its last record.
 */

static void
ngx_openai_writer_fetch(ngx_openai_shared_t *sh, ngx_openai_entry_t *e,
    ngx_openai_process_t *process)
{
    uint32_t  n, slot, page;

    /* the first pages of the request and of the response */

    for (n = process->n; n > 0 && process->n - n < 2; n--) {
        page = ngx_openai_page_number(process->held[n - 1]);
        ngx_openai_writer_ahead(ngx_openai_page(sh, page), NGX_OPENAI_AHEAD);
    }

    ngx_openai_writer_ahead(&e->rec[(e->version + 1) & 1],
                            offsetof(ngx_openai_record_t, attempts));

    /* the next exchange begins here, as a rule */

    slot = (sh->used_slot != NGX_OPENAI_NIL) ? sh->used_slot
           : (sh->free_slot != NGX_OPENAI_NIL) ? sh->free_slot : sh->oldest;

    if (slot < sh->head.entries) {
        e = ngx_openai_entry(sh, slot);

        ngx_openai_writer_ahead(e, offsetof(ngx_openai_entry_t, rec)
                                + offsetof(ngx_openai_record_t, request_us));
    }
}


static void
ngx_openai_writer_ahead(void *start, size_t size)
{
    u_char  *p;

    for (p = start; p < (u_char *) start + size; p += NGX_OPENAI_LINE) {
        ngx_openai_prefetch(p);
    }
}


/* Takes the lock once: the pages of an ordinary exchange come with the slot. */

static uint32_t
ngx_openai_writer_slot(ngx_openai_zone_t *zone, ngx_openai_process_t *process,
    uint32_t share)
{
    ngx_openai_shared_t  *sh;

    sh = zone->sh;

    ngx_openai_entry_settle(sh);

    if (ngx_openai_entry_greedy(sh, share)) {
        return NGX_OPENAI_NIL;
    }

    if (process->n < sh->head.reserve / 4) {
        ngx_openai_entry_refill(sh, process);
    }

    return ngx_openai_entry_take(sh);
}


size_t
ngx_openai_writer_append(ngx_openai_writer_t *w, ngx_openai_chain_e chain,
    const void *data, size_t len)
{
    size_t                at;
    ngx_openai_entry_t   *e;
    ngx_openai_extent_t  *x;

    if (!ngx_openai_writer_has(w)) {
        return 0;
    }

    e = ngx_openai_entry(w->zone->sh, w->slot);
    x = &e->extents[ngx_openai_extent_of(chain)];

    at = x->bytes & (NGX_OPENAI_PAGE - 1);

    /* a piece of a stream that fits the page */

    if (at && len <= NGX_OPENAI_PAGE - at && ngx_openai_chain_is_body(chain)) {
        ngx_memcpy(ngx_openai_page(w->zone->sh, x->last) + at, data, len);
        ngx_openai_fault("append.copied");
        ngx_openai_store(&x->bytes, x->bytes + len);

        return len;
    }

    return ngx_openai_writer_parts(w, chain, data, len);
}


void
ngx_openai_writer_mark(ngx_openai_writer_t *w, ngx_openai_mark_t mark)
{
    size_t                at;
    ngx_openai_entry_t   *e;
    ngx_openai_extent_t  *x;

    if (!ngx_openai_writer_has(w)) {
        return;
    }

    e = ngx_openai_entry(w->zone->sh, w->slot);
    x = &e->extents[NGX_OPENAI_EXTENT_MARKS];

    at = ngx_openai_extent_paged(NGX_OPENAI_EXTENT_MARKS, x->bytes)
         & (NGX_OPENAI_PAGE - 1);

    if (at == 0) {
        (void) ngx_openai_writer_parts(w, NGX_OPENAI_MARKS, (u_char *) &mark,
                                       sizeof(ngx_openai_mark_t));
        return;
    }

    *(ngx_openai_mark_t *) (ngx_openai_page(w->zone->sh, x->last) + at) = mark;
    ngx_openai_fault("append.copied");
    ngx_openai_store(&x->bytes, x->bytes + sizeof(ngx_openai_mark_t));
}


static size_t
ngx_openai_writer_parts(ngx_openai_writer_t *w, ngx_openai_chain_e chain,
    const u_char *p, size_t len)
{
    size_t                n, at, rest;
    u_char               *to;
    ngx_uint_t            head, extent;
    ngx_openai_entry_t   *e;
    ngx_openai_extent_t  *x;

    extent = ngx_openai_extent_of(chain);
    head = ngx_openai_chain_is_head(chain);

    e = ngx_openai_entry(w->zone->sh, w->slot);
    x = &e->extents[extent];

    /* a head cannot grow behind its body (invariant 15) */

    if (head && x->head != x->bytes) {
        return 0;
    }

    for (rest = len; rest > 0; rest -= n) {

        if (extent == NGX_OPENAI_EXTENT_MARKS
            && x->bytes < NGX_OPENAI_MARKS_HERE)
        {
            at = x->bytes;
            to = e->marks + at;
            n = ngx_min(rest, NGX_OPENAI_MARKS_HERE - at);

        } else {
            at = ngx_openai_extent_paged(extent, x->bytes)
                 & (NGX_OPENAI_PAGE - 1);

            if (at == 0 && ngx_openai_writer_page(w, x) != NGX_OK) {
                break;
            }

            to = ngx_openai_page(w->zone->sh, x->last) + at;
            n = ngx_min(rest, NGX_OPENAI_PAGE - at);
        }

        if (head) {
            ngx_openai_store(&x->head, (uint32_t) (x->bytes + n));
        }

        ngx_memcpy(to, p, n);
        p += n;

        ngx_openai_fault("append.copied");
        ngx_openai_store(&x->bytes, x->bytes + n);
    }

    return len - rest;
}


static ngx_int_t
ngx_openai_writer_page(ngx_openai_writer_t *w, ngx_openai_extent_t *x)
{
    ngx_openai_zone_t     *zone;
    ngx_openai_process_t  *process;

    zone = w->zone;
    process = ngx_openai_process(zone);

    /* the zone's file was cut, so the zone went over to other memory */

    if (process == NULL || !ngx_openai_writer_has(w)) {
        return NGX_DECLINED;
    }

    if (process->n == 0) {

        if (ngx_openai_lock(zone) != NGX_OK) {
            return NGX_DECLINED;
        }

        ngx_openai_entry_refill(zone->sh, process);
        ngx_openai_unlock(zone);

        ngx_log_debug1(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                       "openai zone: refill, %uD pages in reserve",
                       process->n);
    }

    return ngx_openai_pages_take(zone->sh, process, x);
}


void
ngx_openai_writer_publish(ngx_openai_writer_t *w,
    const ngx_openai_record_t *rec)
{
    if (ngx_openai_writer_has(w)) {
        ngx_openai_entry_set(ngx_openai_entry(w->zone->sh, w->slot), rec);
    }
}


void
ngx_openai_writer_commit(ngx_openai_writer_t *w,
    const ngx_openai_record_t *rec)
{
    ngx_openai_entry_t   *e;
    ngx_openai_shared_t  *sh;

    if (!ngx_openai_writer_has(w)) {
        return;
    }

    sh = w->zone->sh;
    e = ngx_openai_entry(sh, w->slot);

    ngx_openai_entry_set(e, rec);

    /* from here on others may end it: when the lock is stuck, or when this
       process dies */

    ngx_openai_fault("commit.set");
    ngx_openai_store(&e->finished, 1);
    ngx_openai_fault("commit.finished");

    if (ngx_openai_lock(w->zone) == NGX_OK) {

        if (e->state == NGX_OPENAI_ENTRY_RUNNING
            && ngx_openai_index(sh)[w->slot].seq == w->seq)
        {
            ngx_openai_entry_finish(sh, w->slot);
        }

        ngx_openai_unlock(w->zone);

    } else {
        ngx_openai_store(&sh->unsettled, 1);

        ngx_log_debug1(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                       "openai zone: lock is stuck, record %uL is left "
                       "to be finished", w->seq);
    }

    w->seq = 0;

    /* the client has its answer, so do now what the next one would wait for */

    ngx_openai_zone_ahead(w->zone);

    if (w->zone->process) {
        ngx_openai_pages_ready(sh, w->zone->process);
    }

    if (ngx_openai_zone_used(sh)) {
        ngx_openai_zone_sweep(w->zone);
    }
}


ngx_uint_t
ngx_openai_writer_cancelled(ngx_openai_writer_t *w)
{
    ngx_openai_entry_t  *e;

    if (!ngx_openai_writer_has(w)) {
        return 0;
    }

    e = ngx_openai_entry(w->zone->sh, w->slot);

    return (ngx_openai_load(&e->cancel) == w->seq);
}
