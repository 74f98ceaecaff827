
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Makes a zone consistent after the death of a process: of the lock's holder
 * (ngx_openai_heal), or of the owner of records (ngx_openai_heal_process).
 *
 * Called by the lock, the zone and the check.  The caller holds the lock, or
 * nobody else uses the zone.  Each step may be interrupted at any place; the
 * next process starts again.  See "Healing" in docs/store.md.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/shared.h"


static void ngx_openai_heal_queue(ngx_openai_shared_t *sh);
static void ngx_openai_heal_extents(ngx_openai_shared_t *sh,
    ngx_openai_entry_t *e, ngx_openai_process_t *process);


void
ngx_openai_heal(ngx_openai_shared_t *sh)
{
    ngx_openai_heal_stats(sh);
    ngx_openai_rebuild(sh);

    ngx_openai_count(&sh->heals, 1);
}


/* Takes back a record that was counted in part; it will be counted again. */

void
ngx_openai_heal_stats(ngx_openai_shared_t *sh)
{
    uint32_t                 n;
    ngx_openai_entry_t      *e;
    ngx_openai_undo_t       *undo;
    ngx_openai_undo_part_t  *part;

    undo = &sh->undo;

    if ((sh->stats_version & 1) == 0) {
        ngx_openai_stats_open(sh);
    }

    if (undo->n) {
        e = ngx_openai_entry(sh, undo->slot);

        if (e->state == NGX_OPENAI_ENTRY_DONE) {
            e->finished = 1;
            ngx_openai_store(&e->state, NGX_OPENAI_ENTRY_RUNNING);
        }

        for (n = undo->n; n > 0; n--) {
            part = &undo->parts[n - 1];

            ngx_memcpy((u_char *) undo + part->at, &undo->bytes[part->from],
                       part->size);
        }

        ngx_openai_order();
        ngx_openai_fault("heal.undone");
        undo->n = 0;
    }

    if (sh->stats_reset) {
        ngx_openai_stats_init(&sh->stats, ngx_openai_now_ms());
        ngx_openai_order();
        sh->stats_reset = 0;
    }

    ngx_openai_stats_close(sh);
}


/* Believes nothing but the states of the entries. */

void
ngx_openai_rebuild(ngx_openai_shared_t *sh)
{
    uint32_t             slot, *list;
    ngx_openai_entry_t  *e;
    ngx_openai_index_t  *index;

    index = ngx_openai_index(sh);

    sh->free_slot = NGX_OPENAI_NIL;
    sh->used_slot = NGX_OPENAI_NIL;
    sh->records = 0;
    sh->running = 0;
    ngx_memzero(sh->shares, sizeof(sh->shares));

    for (slot = sh->head.entries; slot > 0; slot--) {
        e = ngx_openai_entry(sh, slot - 1);

        /* its begin or its eviction was cut short */

        if (e->state != NGX_OPENAI_ENTRY_FREE && index[slot - 1].seq == 0) {
            e->state = NGX_OPENAI_ENTRY_FREE;
        }

        ngx_openai_store(&index[slot - 1].running,
                         e->state == NGX_OPENAI_ENTRY_RUNNING);

        if (e->state == NGX_OPENAI_ENTRY_FREE) {
            ngx_openai_entry_clear(e);
            ngx_openai_store(&index[slot - 1].seq, 0);

            list = e->version ? &sh->used_slot : &sh->free_slot;

            e->next = *list;
            *list = slot - 1;
            continue;
        }

        /* a number is given once, also when its giver died (invariant 10) */

        sh->seq = ngx_max(sh->seq, index[slot - 1].seq);
        sh->records++;

        if (e->state == NGX_OPENAI_ENTRY_RUNNING) {
            sh->running++;
            (*ngx_openai_entry_shared(sh, e))++;
        }
    }

    ngx_openai_fault("heal.entries");

    if (sh->clearing) {
        sh->cleared = sh->seq - sh->evicted - sh->records;
        sh->clearing = 0;

    } else {
        sh->evicted = sh->seq - sh->cleared - sh->records;
    }

    ngx_openai_heal_queue(sh);
    ngx_openai_fault("heal.queued");
    ngx_openai_pages_rebuild(sh);
    ngx_openai_fault("heal.pages");

    ngx_openai_store(&sh->unsettled, 1);
    ngx_openai_store(&sh->changes, sh->changes + 1);
}


/* A merge sort of a linked list, because nothing can be allocated here. */

static void
ngx_openai_heal_queue(ngx_openai_shared_t *sh)
{
    uint32_t             slot, head, tail, a, b, na, nb, width, merges, take;
    ngx_openai_entry_t  *e;

    head = NGX_OPENAI_NIL;

    for (slot = 0; slot < sh->head.entries; slot++) {
        e = ngx_openai_entry(sh, slot);

        if (e->state == NGX_OPENAI_ENTRY_DONE) {
            e->next = head;
            head = slot;
        }
    }

    for (width = 1; /* void */ ; width *= 2) {

        a = head;
        head = NGX_OPENAI_NIL;
        tail = NGX_OPENAI_NIL;

        for (merges = 0; a != NGX_OPENAI_NIL; merges++) {

            for (b = a, na = 0; na < width && b != NGX_OPENAI_NIL; na++) {
                b = ngx_openai_entry(sh, b)->next;
            }

            nb = width;

            while (na > 0 || (nb > 0 && b != NGX_OPENAI_NIL)) {

                if (na > 0
                    && (nb == 0 || b == NGX_OPENAI_NIL
                        || ngx_openai_entry(sh, a)->order
                           <= ngx_openai_entry(sh, b)->order))
                {
                    take = a;
                    a = ngx_openai_entry(sh, a)->next;
                    na--;

                } else {
                    take = b;
                    b = ngx_openai_entry(sh, b)->next;
                    nb--;
                }

                if (tail == NGX_OPENAI_NIL) {
                    head = take;

                } else {
                    ngx_openai_entry(sh, tail)->next = take;
                }

                tail = take;
            }

            a = b;
        }

        if (tail != NGX_OPENAI_NIL) {
            ngx_openai_entry(sh, tail)->next = NGX_OPENAI_NIL;
        }

        if (merges <= 1) {
            break;
        }
    }

    sh->oldest = head;
    sh->newest = tail;

    if (tail != NGX_OPENAI_NIL && sh->order < ngx_openai_entry(sh, tail)->order)
    {
        sh->order = ngx_openai_entry(sh, tail)->order;
    }
}


void
ngx_openai_heal_process(ngx_openai_shared_t *sh, ngx_openai_process_t *process)
{
    uint32_t             slot, owner;
    ngx_openai_entry_t  *e;

    owner = process - sh->processes;

    ngx_log_debug1(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "openai zone: close what process %L left", process->pid);

    for (slot = ngx_openai_entry_running(sh, 0);
         slot != NGX_OPENAI_NIL;
         slot = ngx_openai_entry_running(sh, slot + 1))
    {
        e = ngx_openai_entry(sh, slot);

        if (e->owner != owner) {
            continue;
        }

        ngx_openai_heal_extents(sh, e, process);
        ngx_openai_fault("reap.extents");

        if (!e->finished) {
            ngx_openai_heal_record(e, NGX_OPENAI_WORKER_DIED,
                                   ngx_openai_now_ms());
        }

        ngx_openai_fault("reap.ended");
        ngx_openai_entry_finish(sh, slot);
    }

    ngx_openai_fault("reap.records");
    ngx_openai_pages_return(sh, process);
    ngx_openai_fault("reap.pages");

    process->started = 0;
    process->pid = 0;
}


/* The owner may have died between any two stores of ngx_openai_pages_take(). */

static void
ngx_openai_heal_extents(ngx_openai_shared_t *sh, ngx_openai_entry_t *e,
    ngx_openai_process_t *process)
{
    uint32_t              page, n, top;
    ngx_uint_t            i;
    ngx_openai_extent_t  *x;

    for (i = 0; i < NGX_OPENAI_EXTENTS; i++) {
        x = &e->extents[i];
        x->head = (uint32_t) ngx_min(x->head, x->bytes);

        if (x->first == NGX_OPENAI_NIL) {
            x->last = NGX_OPENAI_NIL;
            x->pages = 0;
            continue;
        }

        top = process->n ? process->n - 1 : 0;

        if (process->n
            && ngx_openai_page_number(process->held[top]) == x->last)
        {
            process->held[top] = NGX_OPENAI_NIL;
            process->n--;
        }

        for (page = x->first, n = 1;
             page != x->last && page < sh->head.pages && n < sh->head.pages;
             n++)
        {
            page = ngx_openai_next(sh)[page];
        }

        x->pages = n;
    }
}


void
ngx_openai_heal_record(ngx_openai_entry_t *e, ngx_uint_t outcome,
    uint64_t ended_ms)
{
    ngx_openai_record_t  rec;

    rec = e->rec[e->version & 1];

    if (rec.flags & NGX_OPENAI_REC_BEGUN) {
        ngx_openai_record_rest(&rec);
    }

    /* the owner wrote how it ended, and died before "finished" */

    if (rec.outcome != NGX_OPENAI_RUNNING) {
        return;
    }

    rec.outcome = (uint8_t) outcome;
    rec.request_kept = ngx_openai_chain_size(e, NGX_OPENAI_REQUEST_BODY);
    rec.response_kept = ngx_openai_chain_size(e, NGX_OPENAI_RESPONSE_BODY);
    rec.request_bytes = ngx_max(rec.request_bytes, rec.request_kept);
    rec.response_bytes = ngx_max(rec.response_bytes, rec.response_kept);

    if (ended_ms >= rec.started_ms) {
        rec.duration_us = (int64_t) (ended_ms - rec.started_ms) * 1000;
    }

    ngx_openai_entry_set(e, &rec);
}
