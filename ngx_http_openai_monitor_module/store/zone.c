
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * A process and its zone: attaching, leaving, closing what the dead left,
 * clearing, figures.
 *
 * Called by the module when a process starts and ends, by the writer when this
 * process has not attached yet, and by the view.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/shared.h"


#define NGX_OPENAI_REAP_MS      500
#define NGX_OPENAI_CLEAR_BATCH  1000


/* The zone's object exists before the fork, so each process attaches itself. */

ngx_openai_process_t *
ngx_openai_process(ngx_openai_zone_t *zone)
{
    if (zone->process && zone->process->pid == (int64_t) ngx_pid) {
        return zone->process;
    }

    if (ngx_openai_zone_attach(zone) != NGX_OK) {
        return NULL;
    }

    return zone->process;
}


ngx_int_t
ngx_openai_zone_attach(ngx_openai_zone_t *zone)
{
    if (zone->sh == NULL) {
        return NGX_DECLINED;
    }

    if (zone->file) {
        ngx_openai_file_private(zone->file);

        if (ngx_openai_zone_whole(zone) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    zone->reaped = 0;
    ngx_openai_zone_reap(zone);

    if (ngx_openai_lock(zone) != NGX_OK) {
        return NGX_DECLINED;
    }

    zone->process = ngx_openai_zone_join(zone->sh);

    ngx_openai_unlock(zone);

    zone->mapped_pages = 0;
    zone->mapped_slots = 0;
    ngx_openai_zone_ahead(zone);

    if (ngx_openai_zone_used(zone->sh)) {
        ngx_openai_zone_sweep(zone);
    }

    return zone->process ? NGX_OK : NGX_DECLINED;
}


ngx_openai_process_t *
ngx_openai_zone_join(ngx_openai_shared_t *sh)
{
    uint64_t               started;
    ngx_uint_t             i, n;
    ngx_openai_process_t  *process, *unused;

    unused = NULL;
    started = ngx_openai_process_started(ngx_pid);

    for (i = 0; i < NGX_OPENAI_PROCESSES; i++) {
        process = &sh->processes[i];

        /* a single process attaches again after a reload; another process
           that had this pid is dead */

        if (process->pid == (int64_t) ngx_pid) {

            if (process->started == started) {
                return process;
            }

            ngx_openai_heal_process(sh, process);
        }

        if (process->pid == 0 && unused == NULL) {
            unused = process;
        }
    }

    if (unused) {
        unused->n = 0;
        unused->started = started;

        unused->wiping = 0;

        for (n = 0; n < NGX_OPENAI_HELD; n++) {
            unused->held[n] = NGX_OPENAI_NIL;
        }

        ngx_openai_fault("join.slot");
        ngx_openai_store(&unused->pid, (int64_t) ngx_pid);
        ngx_openai_fault("join.done");
    }

    return unused;
}


/* Records that still run in a process that exits in good order end with it. */

void
ngx_openai_zone_detach(ngx_openai_zone_t *zone)
{
    uint32_t               slot, owner;
    ngx_openai_entry_t    *e;
    ngx_openai_shared_t   *sh;
    ngx_openai_process_t  *process;

    if (zone->file && ngx_openai_zone_whole(zone) != NGX_OK) {
        return;
    }

    sh = zone->sh;
    process = zone->process;

    if (sh == NULL || process == NULL || process->pid != (int64_t) ngx_pid
        || ngx_openai_lock(zone) != NGX_OK)
    {
        return;
    }

    owner = process - sh->processes;

    for (slot = ngx_openai_entry_running(sh, 0);
         slot != NGX_OPENAI_NIL;
         slot = ngx_openai_entry_running(sh, slot + 1))
    {
        e = ngx_openai_entry(sh, slot);

        if (e->owner == owner) {

            if (!e->finished) {
                ngx_openai_heal_record(e, NGX_OPENAI_SHUTDOWN,
                                       ngx_openai_now_ms());
            }

            ngx_openai_entry_finish(sh, slot);
        }
    }

    ngx_openai_fault("leave.records");
    ngx_openai_pages_return(sh, process);
    ngx_openai_fault("leave.pages");

    /* Wipe a file now, because no process may come that does.  The records
       have ended before, because the master kills a worker that is slow. */

    if (zone->file) {
        ngx_openai_unlock(zone);

        while (ngx_openai_zone_wipe(zone) == NGX_AGAIN) { /* void */ }

        if (ngx_openai_lock(zone) != NGX_OK) {
            return;
        }

        ngx_openai_pages_return(sh, process);
    }

    process->pid = 0;
    zone->process = NULL;

    ngx_openai_unlock(zone);
}


void
ngx_openai_zone_reap(ngx_openai_zone_t *zone)
{
    ngx_uint_t             i;
    ngx_openai_shared_t   *sh;
    ngx_openai_process_t  *process;

    sh = zone->sh;

    if (sh == NULL) {
        return;
    }

    if (zone->reaped
        && (ngx_msec_int_t) (ngx_current_msec - zone->reaped)
           < NGX_OPENAI_REAP_MS)
    {
        return;
    }

    zone->reaped = ngx_current_msec ? ngx_current_msec : 1;

    if (zone->file && ngx_openai_zone_whole(zone) != NGX_OK) {
        return;
    }

    sh = zone->sh;

    if (ngx_openai_load(&sh->unsettled) && ngx_openai_lock(zone) == NGX_OK) {
        ngx_openai_entry_settle(sh);
        ngx_openai_unlock(zone);
    }

    for (i = 0; i < NGX_OPENAI_PROCESSES; i++) {
        process = &sh->processes[i];

        if (!ngx_openai_process_dead(process)) {
            continue;
        }

        if (ngx_openai_lock(zone) != NGX_OK) {
            return;
        }

        /* another process may have closed it meanwhile */

        if (ngx_openai_process_dead(process)) {
            ngx_openai_heal_process(sh, process);
        }

        ngx_openai_unlock(zone);
    }
}


ngx_int_t
ngx_openai_zone_clear(ngx_openai_zone_t *zone)
{
    uint64_t              order;
    ngx_uint_t            i;
    ngx_openai_shared_t  *sh;

    /* only a process that has attached can wipe what this leaves */

    (void) ngx_openai_process(zone);

    sh = zone->sh;

    if (sh == NULL || ngx_openai_lock(zone) != NGX_OK) {
        return NGX_BUSY;
    }

    ngx_openai_entry_settle(sh);

    ngx_log_debug2(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "openai zone: clear %uD records, %uD running",
                   sh->records, sh->running);

    order = sh->order;
    sh->clearing = 1;

    /* records that finish from now on stay; others get the lock in between */

    for (i = 1;
         sh->oldest != NGX_OPENAI_NIL
         && ngx_openai_entry(sh, sh->oldest)->order <= order;
         i++)
    {
        (void) ngx_openai_entry_evict(sh);
        ngx_openai_fault("clear.one");

        if (i % NGX_OPENAI_CLEAR_BATCH == 0) {
            sh->clearing = 0;
            ngx_openai_unlock(zone);

            if (ngx_openai_lock(zone) != NGX_OK) {
                ngx_openai_zone_sweep(zone);
                return NGX_BUSY;
            }

            sh->clearing = 1;
        }
    }

    sh->clearing = 0;
    ngx_openai_fault("clear.all");

    ngx_openai_store(&sh->clears, sh->clears + 1);
    ngx_openai_store(&sh->changes, sh->changes + 1);

    ngx_openai_unlock(zone);

    ngx_openai_zone_sweep(zone);

    return NGX_OK;
}


uint64_t
ngx_openai_zone_changes(ngx_openai_zone_t *zone)
{
    return zone->sh ? ngx_openai_load(&zone->sh->changes) : 0;
}


uint64_t
ngx_openai_zone_clears(ngx_openai_zone_t *zone)
{
    return zone->sh ? ngx_openai_load(&zone->sh->clears) : 0;
}


void
ngx_openai_zone_stat(ngx_openai_zone_t *zone, ngx_openai_zone_stat_t *stat)
{
    ngx_uint_t            i;
    ngx_openai_shared_t  *sh;

    ngx_memzero(stat, sizeof(ngx_openai_zone_stat_t));

    sh = zone->sh;

    if (sh == NULL) {
        return;
    }

    stat->size = zone->shm_zone->shm.size;
    stat->pages = sh->head.pages;
    stat->pages_free = ngx_openai_load(&sh->pages_free);
    stat->entries = sh->head.entries;
    stat->records = ngx_openai_load(&sh->records);
    stat->running = ngx_openai_load(&sh->running);
    stat->evicted = ngx_openai_load(&sh->evicted);
    stat->dropped = ngx_openai_load(&sh->dropped);
    stat->truncated = ngx_openai_load(&sh->truncated);
    stat->heals = ngx_openai_load(&sh->heals);
    stat->worker_died = ngx_openai_load(&sh->worker_died);
    stat->created_ms = sh->head.created_ms;

    for (i = 0; i < NGX_OPENAI_PROCESSES; i++) {
        if (ngx_openai_load(&sh->processes[i].pid)) {
            stat->pages_free += ngx_openai_load(&sh->processes[i].n)
                                + ngx_openai_load(&sh->processes[i].wiping);
        }
    }
}


uint64_t
ngx_openai_zone_key(ngx_openai_zone_t *zone)
{
    return zone->sh ? zone->sh->head.seal : 0;
}


void
ngx_openai_zone_salt(ngx_openai_zone_t *zone, u_char salt[16])
{
    if (zone->sh) {
        ngx_memcpy(salt, zone->sh->head.salt, 16);

    } else {
        ngx_memzero(salt, 16);
    }
}


void
ngx_openai_stats_read(ngx_openai_zone_t *zone, ngx_openai_stats_t *stats)
{
    uint32_t              version;
    ngx_uint_t            i;
    ngx_openai_shared_t  *sh;

    sh = zone->sh;

    if (sh == NULL) {
        ngx_openai_stats_init(stats, ngx_openai_now_ms());
        return;
    }

    for (i = 0; i < 32; i++) {
        version = ngx_openai_load(&sh->stats_version);

        if (version & 1) {
            ngx_cpu_pause();
            continue;
        }

        ngx_memcpy(stats, &sh->stats, sizeof(ngx_openai_stats_t));
        ngx_openai_fence();

        if (ngx_openai_load(&sh->stats_version) == version) {
            ngx_openai_stats_settle(stats);
            return;
        }
    }

    /* The writers fold faster than this copies, so they wait now, some 20 us.
       When the lock is stuck, a torn sum is better than none. */

    version = (ngx_openai_lock(zone) == NGX_OK);

    ngx_memcpy(stats, &sh->stats, sizeof(ngx_openai_stats_t));

    if (version) {
        ngx_openai_unlock(zone);
    }

    ngx_openai_stats_settle(stats);
}


ngx_int_t
ngx_openai_stats_reset(ngx_openai_zone_t *zone)
{
    ngx_openai_shared_t  *sh;

    sh = zone->sh;

    if (sh == NULL || ngx_openai_lock(zone) != NGX_OK) {
        return NGX_BUSY;
    }

    sh->stats_reset = 1;
    ngx_openai_order();

    ngx_openai_stats_open(sh);
    ngx_openai_fault("reset.opened");
    ngx_openai_stats_init(&sh->stats, ngx_openai_now_ms());
    ngx_openai_fault("reset.done");
    ngx_openai_stats_close(sh);

    ngx_openai_order();
    sh->stats_reset = 0;

    ngx_openai_store(&sh->changes, sh->changes + 1);

    ngx_openai_unlock(zone);

    return NGX_OK;
}
