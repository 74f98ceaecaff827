
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/ngx_openai_shared.h"


#define NGX_OPENAI_LOCK_NS       50000000    /* a preempted holder's slice */
#define NGX_OPENAI_LOCK_ROUNDS   4
#define NGX_OPENAI_REAP_MS       500
#define NGX_OPENAI_CLEAR_BATCH   1000
#define NGX_OPENAI_MIN_PAGES     64


static size_t ngx_openai_zone_layout(ngx_openai_shared_t *sh, size_t size,
    ngx_uint_t entries);
static ngx_int_t ngx_openai_zone_create(ngx_openai_zone_t *zone, size_t size);
static ngx_int_t ngx_openai_zone_mutex(ngx_openai_shared_t *sh);
static int ngx_openai_lock_wait(ngx_openai_zone_t *zone);


/*
 * Computes the offsets for a zone of "size" bytes after its fixed part; what
 * the fixed part and the tables leave is for pages.  Returns the bytes that
 * everything but the pages needs.
 */

static size_t
ngx_openai_zone_layout(ngx_openai_shared_t *sh, size_t size,
    ngx_uint_t entries)
{
    size_t  off, pages;

    off = ngx_align(sizeof(ngx_openai_shared_t), 64);

    sh->index_off = off;
    off += ngx_align(entries * sizeof(ngx_openai_index_t), 64);

    sh->entries_off = off;
    off += ngx_align(entries * sizeof(ngx_openai_entry_t), 64);

    pages = (size > off) ? (size - off) / (NGX_OPENAI_PAGE + 5) : 0;

    sh->next_off = off;
    off += ngx_align(pages * sizeof(uint32_t), 64);

    sh->bitmap_off = off;
    off += pages / 8 + 1;

    /* pages begin on a page of the machine, whatever the address of sh */

    off = ngx_align((uintptr_t) sh + off, NGX_OPENAI_PAGE) - (uintptr_t) sh;

    sh->pages_off = off;
    sh->entries = entries;
    sh->pages = 0;

    if (size > off) {
        sh->pages = ngx_min(pages, (size - off) / NGX_OPENAI_PAGE);
    }

    return off;
}


size_t
ngx_openai_zone_min_size(ngx_uint_t entries)
{
    size_t  size;

    /* the slab's own pages, ours, and a page for each record */

    size = sizeof(ngx_openai_shared_t) + 16 * ngx_pagesize
           + entries * (sizeof(ngx_openai_entry_t)
                        + sizeof(ngx_openai_index_t) + NGX_OPENAI_PAGE + 8)
           + NGX_OPENAI_MIN_PAGES * NGX_OPENAI_PAGE;

    return ngx_align(size, ngx_pagesize);
}


/* tables for the records take at most half of a small zone */

ngx_uint_t
ngx_openai_zone_fit(size_t size, ngx_uint_t entries)
{
    size_t  fixed, room;

    fixed = ngx_openai_zone_min_size(0);
    room = (size > fixed) ? size - fixed : 0;

    return ngx_min(entries, room / (2 * sizeof(ngx_openai_entry_t)));
}


ngx_int_t
ngx_openai_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    size_t                size;
    ngx_slab_pool_t      *pool;
    ngx_openai_zone_t    *zone, *old;
    ngx_openai_shared_t  *sh;

    zone = shm_zone->data;
    old = data;

    if (old && !shm_zone->noreuse) {
        zone->sh = old->sh;
        return NGX_OK;
    }

    old = zone->previous;
    zone->previous = NULL;

    pool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (shm_zone->shm.exists) {
        sh = pool->data;

        if (sh->magic != NGX_OPENAI_MAGIC || sh->layout != NGX_OPENAI_LAYOUT
            || sh->entry_size != sizeof(ngx_openai_entry_t))
        {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "openai_monitor zone \"%V\" has another layout",
                          &zone->name);
            return NGX_ERROR;
        }

        zone->sh = sh;
        return NGX_OK;
    }

    /* one block for everything: the slab serves only as its frame */

    size = pool->pfree * ngx_pagesize;

    sh = ngx_slab_alloc(pool, size);
    if (sh == NULL) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "openai_monitor zone \"%V\" cannot be set up",
                      &zone->name);
        return NGX_ERROR;
    }

    pool->data = sh;
    zone->sh = sh;

    if (ngx_openai_zone_create(zone, size) != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, ngx_errno,
                      "openai_monitor zone \"%V\" cannot be set up",
                      &zone->name);
        return NGX_ERROR;
    }

    if (old && old->sh) {
        ngx_openai_zone_copy(sh, old->sh);

        /* the old memory goes, while a single process still has exchanges
           that write there */

        if (ngx_process == NGX_PROCESS_SINGLE) {
            old->sh = NULL;
            old->process = NULL;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_openai_zone_create(ngx_openai_zone_t *zone, size_t size)
{
    u_char                seed[21];
    uint32_t              slot, n;
    ngx_fd_t              fd;
    ngx_openai_entry_t   *e;
    ngx_openai_index_t   *index;
    ngx_openai_shared_t  *sh;

    sh = zone->sh;

    ngx_memzero(sh, sizeof(ngx_openai_shared_t));

    (void) ngx_openai_zone_layout(sh, size, zone->entries);

    if (sh->pages < NGX_OPENAI_MIN_PAGES / 4) {
        ngx_set_errno(NGX_ENOMEM);
        return NGX_ERROR;
    }

    if (ngx_openai_zone_mutex(sh) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = ngx_open_file((u_char *) "/dev/urandom", NGX_FILE_RDONLY,
                       NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        return NGX_ERROR;
    }

    n = (ngx_read_fd(fd, seed, sizeof(seed)) == (ssize_t) sizeof(seed));
    (void) ngx_close_file(fd);

    if (n == 0) {
        return NGX_ERROR;
    }

    ngx_memcpy(sh->nonce, seed, 5);
    ngx_memcpy(sh->salt, seed + 5, 16);

    sh->size = size;
    sh->entry_size = sizeof(ngx_openai_entry_t);
    sh->reserve = ngx_min(NGX_OPENAI_RESERVE, ngx_max(4, sh->pages / 64));
    sh->created_ms = ngx_openai_now_ms();
    sh->oldest = NGX_OPENAI_NIL;
    sh->newest = NGX_OPENAI_NIL;

    index = ngx_openai_index(sh);

    for (slot = 0; slot < sh->entries; slot++) {
        e = ngx_openai_entry(sh, slot);

        ngx_memzero(e, offsetof(ngx_openai_entry_t, extents));

        e->next = (slot + 1 < sh->entries) ? slot + 1 : NGX_OPENAI_NIL;

        ngx_openai_entry_clear(e);

        ngx_memzero(&index[slot], sizeof(ngx_openai_index_t));
    }

    ngx_openai_pages_init(sh);
    ngx_openai_stats_init(&sh->stats, sh->created_ms);

    sh->layout = NGX_OPENAI_LAYOUT;
    sh->magic = NGX_OPENAI_MAGIC;

    return NGX_OK;
}


static ngx_int_t
ngx_openai_zone_mutex(ngx_openai_shared_t *sh)
{
    ngx_err_t            err;
    pthread_mutexattr_t  attr;

    err = pthread_mutexattr_init(&attr);
    if (err) {
        ngx_set_errno(err);
        return NGX_ERROR;
    }

    err = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);

    if (err == 0) {
        err = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    }

    if (err == 0) {
        err = pthread_mutex_init(&sh->mutex, &attr);
    }

    (void) pthread_mutexattr_destroy(&attr);

    if (err) {
        ngx_set_errno(err);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * A holder that was killed is known by EOWNERDEAD.  One that is only stopped
 * costs each process a wait, once; until somebody gets the lock again it only
 * tries, and its records are cut or settled later.
 */

ngx_int_t
ngx_openai_lock(ngx_openai_zone_t *zone)
{
    int                   err;
    ngx_openai_shared_t  *sh;

    sh = zone->sh;

    err = pthread_mutex_trylock(&sh->mutex);

    if (err == EBUSY) {
        err = ngx_openai_lock_wait(zone);
    }

    if (err == EOWNERDEAD) {
        ngx_openai_heal(sh);
        err = pthread_mutex_consistent(&sh->mutex);
    }

    if (err) {
        return NGX_BUSY;
    }

    ngx_openai_store(&sh->rounds, sh->rounds + 1);

    return NGX_OK;
}


/* as long as others get the lock, its holders are only busy */

static int
ngx_openai_lock_wait(ngx_openai_zone_t *zone)
{
    int              err;
    uint64_t         rounds;
    ngx_uint_t       i;
    struct timespec  ts;

    for (i = 0; i < NGX_OPENAI_LOCK_ROUNDS; i++) {

        rounds = ngx_openai_load(&zone->sh->rounds);

        if (zone->stalled == rounds + 1) {
            return EBUSY;
        }

        /* the clock that pthread_mutex_timedlock() is defined on */

        if (clock_gettime(CLOCK_REALTIME, &ts) == -1) {
            return EBUSY;
        }

        ts.tv_nsec += NGX_OPENAI_LOCK_NS;

        if (ts.tv_nsec >= 1000000000) {
            ts.tv_nsec -= 1000000000;
            ts.tv_sec++;
        }

        err = pthread_mutex_timedlock(&zone->sh->mutex, &ts);

        if (err != ETIMEDOUT) {
            return err;
        }

        if (ngx_openai_load(&zone->sh->rounds) == rounds) {
            zone->stalled = rounds + 1;
            break;
        }
    }

    return EBUSY;
}


void
ngx_openai_unlock(ngx_openai_zone_t *zone)
{
    (void) pthread_mutex_unlock(&zone->sh->mutex);
}


uint64_t
ngx_openai_now_ms(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}


/* the zone object is made before the fork, so every process joins by itself */

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

    zone->reaped = 0;
    ngx_openai_zone_reap(zone);

    if (ngx_openai_lock(zone) != NGX_OK) {
        return NGX_DECLINED;
    }

    zone->process = ngx_openai_zone_join(zone->sh);

    ngx_openai_unlock(zone);

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

        /* a single process joins again after a reload; any other that had
           this pid is dead */

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

        for (n = 0; n < NGX_OPENAI_RESERVE; n++) {
            unused->reserve[n] = NGX_OPENAI_NIL;
        }

        ngx_openai_store(&unused->pid, (int64_t) ngx_pid);
    }

    return unused;
}


/* what still runs in a process that exits in good order ended with it */

void
ngx_openai_zone_detach(ngx_openai_zone_t *zone)
{
    uint32_t               slot, owner;
    ngx_openai_entry_t    *e;
    ngx_openai_shared_t   *sh;
    ngx_openai_process_t  *process;

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
                ngx_openai_heal_record(e, NGX_OPENAI_SHUTDOWN);
            }

            ngx_openai_entry_finish(sh, slot);
        }
    }

    ngx_openai_pages_return(sh, process);

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

        /* another one may have been faster */

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

    sh = zone->sh;

    if (sh == NULL || ngx_openai_lock(zone) != NGX_OK) {
        return NGX_BUSY;
    }

    ngx_openai_entry_settle(sh);

    order = sh->order;

    /* what finishes from now on is not meant; others get their turns */

    for (i = 1;
         sh->oldest != NGX_OPENAI_NIL
         && ngx_openai_entry(sh, sh->oldest)->order <= order;
         i++)
    {
        (void) ngx_openai_entry_evict(sh);
        sh->evicted--;

        if (i % NGX_OPENAI_CLEAR_BATCH == 0) {
            ngx_openai_unlock(zone);

            if (ngx_openai_lock(zone) != NGX_OK) {
                return NGX_BUSY;
            }
        }
    }

    ngx_openai_store(&sh->clears, sh->clears + 1);
    ngx_openai_store(&sh->changes, sh->changes + 1);

    ngx_openai_unlock(zone);

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
    stat->pages = sh->pages;
    stat->pages_free = ngx_openai_load(&sh->pages_free);
    stat->entries = sh->entries;
    stat->records = ngx_openai_load(&sh->records);
    stat->running = ngx_openai_load(&sh->running);
    stat->evicted = ngx_openai_load(&sh->evicted);
    stat->dropped = ngx_openai_load(&sh->dropped);
    stat->truncated = ngx_openai_load(&sh->truncated);
    stat->heals = ngx_openai_load(&sh->heals);
    stat->worker_died = ngx_openai_load(&sh->worker_died);
    stat->created_ms = sh->created_ms;

    for (i = 0; i < NGX_OPENAI_PROCESSES; i++) {
        if (ngx_openai_load(&sh->processes[i].pid)) {
            stat->pages_free += ngx_openai_load(&sh->processes[i].n);
        }
    }
}


void
ngx_openai_zone_salt(ngx_openai_zone_t *zone, u_char salt[16])
{
    if (zone->sh) {
        ngx_memcpy(salt, zone->sh->salt, 16);

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
            return;
        }
    }

    /* folded in faster than copied: now the writers wait, some 20 us.  With a
       stuck lock a sum may be torn, which is better than none */

    version = (ngx_openai_lock(zone) == NGX_OK);

    ngx_memcpy(stats, &sh->stats, sizeof(ngx_openai_stats_t));

    if (version) {
        ngx_openai_unlock(zone);
    }
}


ngx_int_t
ngx_openai_stats_reset(ngx_openai_zone_t *zone)
{
    ngx_openai_shared_t  *sh;

    sh = zone->sh;

    if (sh == NULL || ngx_openai_lock(zone) != NGX_OK) {
        return NGX_BUSY;
    }

    ngx_openai_store(&sh->stats_version, sh->stats_version + 1);
    ngx_openai_fence();

    ngx_openai_stats_init(&sh->stats, ngx_openai_now_ms());

    ngx_openai_store(&sh->stats_version, sh->stats_version + 1);
    ngx_openai_store(&sh->changes, sh->changes + 1);

    ngx_openai_unlock(zone);

    return NGX_OK;
}
