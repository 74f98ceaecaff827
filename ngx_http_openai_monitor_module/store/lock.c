
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The lock of a zone: a robust mutex that all processes share.  Whoever gets it
 * after its holder died heals the zone first.
 *
 * Called by the writer, the zone and the copy.  Nothing below calls it: what
 * they call has the lock already.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/shared.h"


#define NGX_OPENAI_LOCK_NS      50000000
#define NGX_OPENAI_LOCK_ROUNDS  20       /* of a holder that runs */


static int ngx_openai_lock_wait(ngx_openai_zone_t *zone);
static ngx_uint_t ngx_openai_holder_runs(ngx_openai_shared_t *sh);


/*
 * EOWNERDEAD tells that the holder was killed (invariant 8).  A holder that is
 * stopped costs each process one wait.  Until somebody gets the lock again, the
 * process only tries, and its records are missing, cut, or ended later.  A
 * holder that could run is waited for, because a loaded machine must not cost
 * records (invariant 9).
 */

ngx_int_t
ngx_openai_lock(ngx_openai_zone_t *zone)
{
    int                   err;
    ngx_openai_shared_t  *sh;

    sh = zone->sh;

    /* a file that was cut and has grown again is all zeros */

    if (sh->head.magic != NGX_OPENAI_MAGIC) {
        return NGX_BUSY;
    }

    err = pthread_mutex_trylock(&sh->mutex);

    if (err == EBUSY) {
        err = ngx_openai_lock_wait(zone);
    }

    if (err && err != EOWNERDEAD) {
        return NGX_BUSY;
    }

    ngx_openai_store(&sh->holder, (int64_t) ngx_pid);

    if (err) {
        ngx_log_debug0(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                       "openai zone: heal, the lock's holder died");

        ngx_openai_heal(sh);

        if (pthread_mutex_consistent(&sh->mutex)) {
            return NGX_BUSY;
        }
    }

    ngx_openai_fault("lock.had");
    ngx_openai_store(&sh->rounds, sh->rounds + 1);
    ngx_openai_store(&sh->alive_ms, ngx_openai_now_ms());

    return NGX_OK;
}


/* While others get the lock, its holders are only busy. */

static int
ngx_openai_lock_wait(ngx_openai_zone_t *zone)
{
    int              err;
    uint64_t         rounds;
    ngx_uint_t       i;
    struct timespec  ts;

    rounds = 0;

    for (i = 0; i < NGX_OPENAI_LOCK_ROUNDS; i++) {

        rounds = ngx_openai_load(&zone->sh->rounds);

        if (zone->stalled == rounds + 1) {
            return EBUSY;
        }

        /* pthread_mutex_timedlock() is defined on this clock */

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

        if (ngx_openai_load(&zone->sh->rounds) == rounds
            && !ngx_openai_holder_runs(zone->sh))
        {
            break;
        }
    }

    if (ngx_openai_load(&zone->sh->rounds) == rounds) {
        zone->stalled = rounds + 1;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "openai zone: lock is stuck in round %uL", rounds);

    return EBUSY;
}


/* 1 when the holder runs or waits for a CPU; 0 when it is stopped, or waits for
   a disk. */

static ngx_uint_t
ngx_openai_holder_runs(ngx_openai_shared_t *sh)
{
    int64_t  pid;

    pid = ngx_openai_load(&sh->holder);

    /* 0: it has just got the lock, or gives it away */

    return pid == 0 || ngx_openai_process_state(pid) == 'R';
}


void
ngx_openai_unlock(ngx_openai_zone_t *zone)
{
    ngx_openai_fault("lock.done");
    ngx_openai_store(&zone->sh->holder, 0);
    (void) pthread_mutex_unlock(&zone->sh->mutex);
}
