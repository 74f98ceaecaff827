
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The spare memory of a zone whose file was cut under nginx (invariant 31).
 * The master maps it before it forks, so all workers share it.  It costs
 * nothing until somebody uses it.  A process that attaches to the zone, or
 * looks for dead owners, compares the file's size first.  The first process
 * sets the memory up and writes a line to the log.
 *
 * A reload copies the records from there into a new file.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/shared.h"


/* of the word behind the spare memory: else 0, or the pid of who sets it up */

#define NGX_OPENAI_SPARE_READY  ((uint64_t) -1)

/* how often a process looks for it, 1 ms apart: a few are enough */

#define NGX_OPENAI_SPARE_TRIES  1000

#define ngx_openai_spare_word(file)                                          \
    ((uint64_t *) ((file)->spare + (file)->mapped))


static ngx_int_t ngx_openai_spare_init(ngx_openai_zone_t *zone);


ngx_openai_shared_t *
ngx_openai_spare(ngx_openai_file_t *file)
{
    if (file->spare == NULL
        || ngx_openai_load(ngx_openai_spare_word(file))
           != NGX_OPENAI_SPARE_READY)
    {
        return NULL;
    }

    return (ngx_openai_shared_t *) file->spare;
}


ngx_int_t
ngx_openai_zone_whole(ngx_openai_zone_t *zone)
{
    ngx_openai_file_t  *file;

    file = zone->file;

    if (file == NULL || file->mapped == 0
        || (u_char *) zone->sh == file->spare)
    {
        return NGX_OK;
    }

    if (!ngx_openai_file_cut(file)) {
        return NGX_OK;
    }

    if (file->spare == NULL || ngx_openai_spare_init(zone) != NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "openai zone: file \"%V\" was cut, the memory is another",
                   &file->path);

    /* writers that began in the file notice that the memory is another */

    zone->sh = (ngx_openai_shared_t *) file->spare;
    zone->process = NULL;

    return NGX_OK;
}


/* the first worker sets the spare memory up, the others find it ready */

static ngx_int_t
ngx_openai_spare_init(ngx_openai_zone_t *zone)
{
    uint64_t              owner, *word;
    ngx_uint_t            tries;
    ngx_openai_file_t    *file;
    ngx_openai_shared_t  *sh;

    file = zone->file;
    word = ngx_openai_spare_word(file);
    sh = (ngx_openai_shared_t *) file->spare;

    /* without the memory the process would die of the file, so it waits while
       another one sets the memory up */

    for (tries = 0; /* void */ ; tries++) {
        owner = ngx_openai_load(word);

        if (owner == NGX_OPENAI_SPARE_READY) {
            return NGX_OK;
        }

        if ((owner == 0
             || (kill((ngx_pid_t) owner, 0) == -1 && ngx_errno == NGX_ESRCH))
            && __atomic_compare_exchange_n(word, &owner, (uint64_t) ngx_pid, 0,
                                           __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        {
            break;
        }

        if (tries == NGX_OPENAI_SPARE_TRIES) {
            return NGX_DECLINED;
        }

        ngx_msleep(1);
    }

    if (ngx_openai_zone_create(sh, file->mapped, zone->entries) != NGX_OK) {
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, ngx_errno,
                      "openai_monitor zone \"%V\": file \"%V\" was cut, "
                      "nothing is recorded", &zone->name, &file->path);
        ngx_openai_store(word, 0);
        return NGX_DECLINED;
    }

    /* not the numbers of the file's records, which readers may still hold */

    sh->seq = sh->head.created_ms / 1000;
    sh->cleared = sh->seq;

    ngx_openai_store(word, NGX_OPENAI_SPARE_READY);

    ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
                  "openai_monitor zone \"%V\": file \"%V\" was cut, "
                  "the history is in memory only, until a reload makes a "
                  "new file",
                  &zone->name, &file->path);

    return NGX_OK;
}
