
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The entries of a zone: taken, filled, finished, queued, evicted, wiped.
 *
 * Called by the writer, the zone, the copy and the healing.  The caller holds
 * the lock, but for ngx_openai_entry_begin() and _set(), which the owner of a
 * running record calls without it.
 *
 * Invariants 12 to 18 of docs/store.md are kept here.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/shared.h"
#include "store/stats_inner.h"


/* A commit that does not fit cannot be taken back.  It changes the statistics
   and two counters. */

typedef char  ngx_openai_undo_fits[
    (NGX_OPENAI_FOLD_PARTS + 2 <= NGX_OPENAI_UNDO_PARTS
     && NGX_OPENAI_FOLD_BYTES + 2 * sizeof(uint64_t) <= NGX_OPENAI_UNDO_BYTES)
    ? 1 : -1];


#define NGX_OPENAI_WIPE_SLOTS  4


static void ngx_openai_entry_write(ngx_openai_entry_t *e,
    const ngx_openai_record_t *rec, size_t size, uint32_t flags);
static void ngx_openai_entry_trim(ngx_openai_entry_t *e);
static void ngx_openai_entry_repeated(ngx_openai_entry_t *e);


uint32_t
ngx_openai_entry_take(ngx_openai_shared_t *sh)
{
    uint32_t             slot, *list;
    ngx_openai_entry_t  *e;

    if (sh->used_slot == NGX_OPENAI_NIL && sh->free_slot == NGX_OPENAI_NIL
        && ngx_openai_entry_evict(sh) != NGX_OK)
    {
        return NGX_OPENAI_NIL;
    }

    list = (sh->used_slot != NGX_OPENAI_NIL) ? &sh->used_slot : &sh->free_slot;

    slot = *list;
    e = ngx_openai_entry(sh, slot);
    *list = e->next;
    ngx_openai_fault("slot.taken");

    return slot;
}


/* Evicts the record that finished first, and never a running one. */

ngx_int_t
ngx_openai_entry_evict(ngx_openai_shared_t *sh)
{
    uint32_t             slot;
    ngx_openai_entry_t  *e;

    slot = sh->oldest;

    if (slot == NGX_OPENAI_NIL) {
        return NGX_DECLINED;
    }

    e = ngx_openai_entry(sh, slot);

    ngx_log_debug2(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "openai zone: evict record %uL from slot %uD",
                   ngx_openai_index(sh)[slot].seq, slot);

    sh->oldest = e->next;

    if (e->next == NGX_OPENAI_NIL) {
        sh->newest = NGX_OPENAI_NIL;
    }

    ngx_openai_fault("evict.unlinked");

    /* a reader that is in the pages finds the record gone when it has read */

    ngx_openai_store(&ngx_openai_index(sh)[slot].seq, 0);
    ngx_openai_fault("evict.gone");
    ngx_openai_store(&e->state, NGX_OPENAI_ENTRY_FREE);
    ngx_openai_fault("evict.free");
    ngx_openai_fence();

    ngx_openai_pages_free(sh, slot);
    ngx_openai_entry_clear(e);

    ngx_openai_fault("evict.pages");

    e->next = sh->used_slot;
    sh->used_slot = slot;

    sh->records--;
    ngx_openai_fault("evict.uncounted");
    ngx_openai_count(sh->clearing ? &sh->cleared : &sh->evicted, 1);

    return NGX_OK;
}


void
ngx_openai_entry_refill(ngx_openai_shared_t *sh, ngx_openai_process_t *process)
{
    while (process->n < sh->head.reserve) {

        if (ngx_openai_pages_give(sh, process) == NGX_OK) {
            continue;
        }

        if (process->n >= (sh->head.reserve + 1) / 2
            || ngx_openai_entry_evict(sh) != NGX_OK)
        {
            return;
        }
    }
}


/* Wipes entries whose record is gone and that have no new one yet. */

void
ngx_openai_entry_wipe(ngx_openai_shared_t *sh)
{
    uint32_t             slot;
    ngx_uint_t           i;
    ngx_openai_entry_t  *e;

    for (i = 0;
         i < NGX_OPENAI_WIPE_SLOTS && sh->used_slot != NGX_OPENAI_NIL;
         i++)
    {
        slot = sh->used_slot;
        e = ngx_openai_entry(sh, slot);

        ngx_memzero(e->marks, sizeof(e->marks));
        ngx_memzero(e->rec, sizeof(e->rec));
        ngx_openai_fault("wipe.entry");

        sh->used_slot = e->next;
        e->next = sh->free_slot;
        sh->free_slot = slot;
    }
}


/* Forgets the pages of an entry, because the entry does not own them now. */

void
ngx_openai_entry_clear(ngx_openai_entry_t *e)
{
    ngx_uint_t            i;
    ngx_openai_extent_t  *x;

    for (i = 0; i < NGX_OPENAI_EXTENTS; i++) {
        x = &e->extents[i];

        x->first = NGX_OPENAI_NIL;
        x->last = NGX_OPENAI_NIL;
        x->pages = 0;
        x->head = 0;
        x->bytes = 0;
    }
}


void
ngx_openai_entry_begin(ngx_openai_entry_t *e, const ngx_openai_record_t *rec)
{
    ngx_openai_entry_write(e, rec, offsetof(ngx_openai_record_t, request_us),
                           rec->flags | NGX_OPENAI_REC_BEGUN);
}


void
ngx_openai_entry_set(ngx_openai_entry_t *e, const ngx_openai_record_t *rec)
{
    size_t  size;

    size = offsetof(ngx_openai_record_t, attempts)
           + rec->nattempts * sizeof(ngx_openai_attempt_t);

    ngx_openai_entry_write(e, rec, size, rec->flags);
}


static void
ngx_openai_entry_write(ngx_openai_entry_t *e, const ngx_openai_record_t *rec,
    size_t size, uint32_t flags)
{
    uint32_t              version;
    ngx_openai_record_t  *to;

    version = e->version + 1;
    to = &e->rec[version & 1];

    /* the fence keeps the copy behind the last raise of the version */

    ngx_openai_fence();
    ngx_memcpy(to, rec, size);
    to->flags = flags;
    ngx_openai_fault("set.copied");
    ngx_openai_store(&e->version, version);
}


void
ngx_openai_entry_queue(ngx_openai_shared_t *sh, uint32_t slot)
{
    ngx_openai_entry_t  *e;

    e = ngx_openai_entry(sh, slot);

    e->order = ++sh->order;
    e->next = NGX_OPENAI_NIL;

    if (sh->newest == NGX_OPENAI_NIL) {
        sh->oldest = slot;

    } else {
        ngx_openai_entry(sh, sh->newest)->next = slot;
    }

    ngx_openai_fault("queue.linked");
    sh->newest = slot;
    ngx_openai_fault("queue.newest");

    ngx_openai_store(&e->state, NGX_OPENAI_ENTRY_DONE);
}


/* Wipes what a former record of this entry left: in the copy that is not the
   current one, and behind the attempts of the current one. */

static void
ngx_openai_entry_trim(ngx_openai_entry_t *e)
{
    ngx_uint_t            n;
    ngx_openai_record_t  *rec;

    ngx_memzero(&e->rec[(e->version + 1) & 1], sizeof(ngx_openai_record_t));

    rec = &e->rec[e->version & 1];
    n = ngx_min(rec->nattempts, NGX_OPENAI_MAX_ATTEMPTS);

    ngx_memzero(&rec->attempts[n],
                (NGX_OPENAI_MAX_ATTEMPTS - n) * sizeof(ngx_openai_attempt_t));
}


/* Notes that an earlier record has paid for the answer.  A process that dies
   behind this leaves it to the next one, which finds the same. */

static void
ngx_openai_entry_repeated(ngx_openai_entry_t *e)
{
    ngx_openai_record_t  rec;

    rec = e->rec[e->version & 1];

    rec.flags |= NGX_OPENAI_REC_REPEATED;
    rec.cost = 0;
    rec.price[0] = '\0';
    rec.partial[0] = '\0';

    ngx_openai_entry_set(e, &rec);
}


/*
 * Counts a record that its owner finished, and queues it.  A process that dies
 * before the undo is empty has done neither (invariant 17).
 */

void
ngx_openai_entry_finish(ngx_openai_shared_t *sh, uint32_t slot)
{
    uint64_t              ended;
    ngx_openai_entry_t   *e;
    ngx_openai_index_t   *index;
    ngx_openai_record_t  *rec;

    e = ngx_openai_entry(sh, slot);
    index = &ngx_openai_index(sh)[slot];
    rec = &e->rec[e->version & 1];

    if (ngx_openai_stats_paid(&sh->stats, rec)) {
        ngx_openai_entry_repeated(e);
        rec = &e->rec[e->version & 1];
    }

    ngx_openai_entry_trim(e);

    /* a clock that is set while the exchange ends must not move it */

    ended = ngx_openai_record_ended(rec);

    sh->undo.slot = slot;

    ngx_openai_stats_open(sh);
    ngx_openai_fault("finish.opened");
    ngx_openai_stats_fold(&sh->stats, rec, ended ? ended : ngx_openai_now_ms(),
                          &sh->undo);
    ngx_openai_fault("finish.folded");
    ngx_openai_stats_close(sh);
    ngx_openai_fault("finish.closed");

    if (rec->flags & (NGX_OPENAI_REC_REQUEST_CUT|NGX_OPENAI_REC_RESPONSE_CUT)) {
        ngx_openai_undo_keep(&sh->undo, &sh->truncated, sizeof(sh->truncated));
        ngx_openai_count(&sh->truncated, 1);
    }

    if (rec->outcome == NGX_OPENAI_WORKER_DIED) {
        ngx_openai_undo_keep(&sh->undo, &sh->worker_died,
                             sizeof(sh->worker_died));
        ngx_openai_count(&sh->worker_died, 1);
    }

    ngx_openai_fault("finish.totals");
    ngx_openai_entry_queue(sh, slot);
    ngx_openai_fault("finish.queued");

    ngx_openai_order();
    ngx_openai_store(&sh->undo.n, 0);
    ngx_openai_fault("finish.counted");

    sh->running--;
    (*ngx_openai_entry_shared(sh, e))--;

    ngx_openai_store(&index->running, 0);
    ngx_openai_fault("finish.stopped");
    ngx_openai_store(&index->change, sh->changes + 1);
    ngx_openai_store(&sh->changes, sh->changes + 1);
}


/* FNV-1a from the zone's salt, so no client chooses another one's counter. */

uint32_t
ngx_openai_entry_share(ngx_openai_shared_t *sh, const ngx_openai_record_t *rec)
{
    uint64_t     hash;
    const char  *p;

    ngx_memcpy(&hash, sh->head.salt, sizeof(hash));

    for (p = rec->key[0] ? rec->key : rec->client; *p; p++) {
        hash = (hash ^ (u_char) *p) * 0x100000001b3ULL;
    }

    return (uint32_t) (hash >> 32) % NGX_OPENAI_SHARES;
}


/*
 * One key may run in a quarter of the entries, and in more while all running
 * records leave a quarter free (invariant 18).  Without this, slow uploads of
 * one client leave nobody else a record.
 */

ngx_uint_t
ngx_openai_entry_greedy(ngx_openai_shared_t *sh, uint32_t share)
{
    uint32_t  quarter;

    quarter = sh->head.entries / 4;

    return sh->shares[share] >= quarter
           && sh->running >= sh->head.entries - quarter;
}


/* Reads the index and not the entries, because each entry costs a page fault
   while this process holds the lock. */

uint32_t
ngx_openai_entry_running(ngx_openai_shared_t *sh, uint32_t slot)
{
    ngx_openai_index_t  *index;

    index = ngx_openai_index(sh);

    for ( /* void */ ; slot < sh->head.entries; slot++) {

        if (index[slot].running
            && ngx_openai_entry(sh, slot)->state == NGX_OPENAI_ENTRY_RUNNING)
        {
            return slot;
        }
    }

    return NGX_OPENAI_NIL;
}


/* Ends the records that their owners finished while the lock was stuck. */

void
ngx_openai_entry_settle(ngx_openai_shared_t *sh)
{
    uint32_t             slot;
    ngx_openai_entry_t  *e;

    if (ngx_openai_load(&sh->unsettled) == 0) {
        return;
    }

    ngx_openai_store(&sh->unsettled, 0);
    ngx_openai_fault("settle.taken");

    for (slot = ngx_openai_entry_running(sh, 0);
         slot != NGX_OPENAI_NIL;
         slot = ngx_openai_entry_running(sh, slot + 1))
    {
        e = ngx_openai_entry(sh, slot);

        if (ngx_openai_load(&e->finished)) {
            ngx_openai_entry_finish(sh, slot);
        }
    }
}


/* Time, sequence and the zone's nonce, 15 bytes, as 24 digits of base 32 that
   sort as the bytes do. */

void
ngx_openai_record_id(const ngx_openai_shared_t *sh,
    const ngx_openai_record_t *rec, char id[NGX_OPENAI_ID_LEN + 1])
{
    uint64_t    parts[3], bits;
    ngx_uint_t  i, j;

    static const char  digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

    parts[0] = rec->started_ms >> 8;
    parts[1] = (rec->started_ms & 0xff) << 32 | (uint32_t) rec->seq;
    parts[2] = 0;

    for (i = 0; i < 5; i++) {
        parts[2] = parts[2] << 8 | sh->head.nonce[i];
    }

    for (i = 0; i < 3; i++) {
        bits = parts[i];

        ngx_openai_unroll
        for (j = 8; j > 0; j--) {
            id[8 * i + j - 1] = digits[bits & 31];
            bits >>= 5;
        }
    }

    id[NGX_OPENAI_ID_LEN] = '\0';
}
