
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Fills with zeros what records that are gone left in pages and entries
 * (invariant 24).  A slice takes pages from the list of used pages under the
 * lock, and fills them without it.  The next slice puts them on the list of
 * free pages.  When the process dies in between, they go back as used pages.
 *
 * Called by the timer of sweep.c, and by a process that leaves a zone in a
 * file.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/shared.h"


ngx_int_t
ngx_openai_zone_wipe(ngx_openai_zone_t *zone)
{
    ngx_openai_shared_t   *sh;
    ngx_openai_process_t  *process;

    sh = zone->sh;
    process = zone->process;

    if (sh == NULL || process == NULL || process->pid != (int64_t) ngx_pid) {
        return NGX_OK;
    }

    if (process->wiping == 0 && !ngx_openai_zone_used(sh)) {
        return NGX_OK;
    }

    if (ngx_openai_lock(zone) != NGX_OK) {
        return NGX_BUSY;
    }

    ngx_openai_pages_wiped(sh, process);
    ngx_openai_entry_wipe(sh);

    ngx_openai_unlock(zone);

    ngx_log_debug1(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "openai zone: wipe %uD pages", process->wiping);

    /* without the lock, as the pages may be on a disk */

    ngx_openai_pages_wipe(sh, process);

    return NGX_AGAIN;
}
