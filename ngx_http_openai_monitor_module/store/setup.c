
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Sets up the zone of a cycle: in memory or in a file, empty, found, or copied
 * from the last cycle.
 *
 * Called by nginx for each shared zone, in the master, before workers start;
 * and by the module when the new cycle cannot fail any more.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/shared.h"


static ngx_int_t ngx_openai_zone_setup(ngx_openai_zone_t *zone, size_t size);
static ngx_int_t ngx_openai_zone_open(ngx_openai_zone_t *zone, size_t size,
    ngx_openai_shared_t **from, ngx_log_t *log);
static ngx_int_t ngx_openai_zone_take(ngx_openai_zone_t *zone, size_t size,
    ngx_openai_shared_t **from, ngx_log_t *log);
static ngx_int_t ngx_openai_zone_make(ngx_openai_zone_t *zone, size_t size,
    ngx_log_t *log);
static void ngx_openai_zone_mapped(ngx_openai_zone_t *zone, size_t size,
    ngx_log_t *log);
static ngx_openai_shared_t *ngx_openai_zone_before(ngx_openai_zone_t *zone,
    ngx_openai_zone_t *old, ngx_log_t *log);



ngx_int_t
ngx_openai_zone_file(ngx_openai_zone_t *zone, ngx_pool_t *pool,
    ngx_str_t *path)
{
    zone->file = ngx_openai_file_create(pool, &zone->name, path);

    return zone->file ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
ngx_openai_zone_shares(const ngx_openai_zone_t *one,
    const ngx_openai_zone_t *two)
{
    return one->file && two->file
           && ngx_strcmp(one->file->path.data, two->file->path.data) == 0;
}


ngx_uint_t
ngx_openai_zone_same(const ngx_openai_zone_t *one,
    const ngx_openai_zone_t *two)
{
    return one->entries == two->entries
           && one->shm_zone->shm.size == two->shm_zone->shm.size
           && ((one->file == NULL && two->file == NULL)
               || (ngx_openai_zone_shares(one, two)
                   && ngx_openai_file_gone(two->file) == NULL));
}


ngx_int_t
ngx_openai_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    size_t              size;
    ngx_slab_pool_t    *pool;
    ngx_openai_zone_t  *zone, *old;

    zone = shm_zone->data;
    old = data;

    if (old && !shm_zone->noreuse) {
        zone->sh = old->sh;
        return NGX_OK;
    }

    /* one block of the slab holds the zone; a file is mapped over it */

    pool = (ngx_slab_pool_t *) shm_zone->shm.addr;
    size = pool->pfree * ngx_pagesize;

    zone->sh = ngx_slab_alloc(pool, size);

    if (zone->sh == NULL) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "openai_monitor zone \"%V\" cannot be set up",
                      &zone->name);
        return NGX_ERROR;
    }

    pool->data = zone->sh;

    if (ngx_openai_zone_setup(zone, size) != NGX_OK) {
        zone->sh = NULL;
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_openai_zone_setup(ngx_openai_zone_t *zone, size_t size)
{
    ngx_int_t             rc;
    ngx_log_t            *log;
    ngx_openai_zone_t    *old;
    ngx_openai_shared_t  *from, *before;

    log = zone->shm_zone->shm.log;

    old = zone->previous;
    zone->previous = NULL;

    before = old ? ngx_openai_zone_before(zone, old, log) : NULL;
    from = before;

    if (zone->file) {
        rc = ngx_openai_zone_open(zone, size, &from, log);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (ngx_openai_zone_create(zone->sh, size, zone->entries) != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "openai_monitor zone \"%V\" cannot be set up",
                      &zone->name);
        return NGX_ERROR;
    }

    if (from && ngx_openai_zone_copy(zone->sh, from) != NGX_OK) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "openai_monitor zone \"%V\" is locked, and begins empty",
                      &zone->name);

        if (zone->file) {
            zone->file->reason = "could not be read";
        }
    }

    if (from != before) {
        (void) munmap(from, from->head.size);

    } else if (old) {
        ngx_openai_zone_leave(old);
    }

    return NGX_OK;
}


/* Returns the memory of the last cycle; NULL if it cannot be read. */

static ngx_openai_shared_t *
ngx_openai_zone_before(ngx_openai_zone_t *zone, ngx_openai_zone_t *old,
    ngx_log_t *log)
{
    const char         *what;
    ngx_openai_file_t  *file;

    file = old->file;

    if (file == NULL || old->sh == NULL) {
        return old->sh;
    }

    what = ngx_openai_file_gone(file);

    if (what && zone->file) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "openai_monitor zone \"%V\": file \"%V\" %s, "
                      "a new one is made",
                      &zone->name, &file->path, what);
    }

    if (!ngx_openai_file_cut(file)) {
        return old->sh;
    }

    /* the workers of a file that was cut go on in the spare memory */

    return ngx_openai_spare(file);
}


/* A single process still has exchanges and viewers that use this memory. */

void
ngx_openai_zone_leave(ngx_openai_zone_t *zone)
{
    if (ngx_process == NGX_PROCESS_SINGLE) {
        zone->sh = NULL;
        zone->process = NULL;
    }
}


/*
 * NGX_OK: the zone is the file, with its history.  NGX_DECLINED: the zone is
 * empty, in a new file or in memory, and the caller copies "from" if it is not
 * NULL.
 */

static ngx_int_t
ngx_openai_zone_open(ngx_openai_zone_t *zone, size_t size,
    ngx_openai_shared_t **from, ngx_log_t *log)
{
    ngx_int_t  rc;

    /* nginx -t must not disturb an nginx that runs */

    if (ngx_test_config) {
        rc = ngx_openai_file_test(zone->file, log);

        return (rc == NGX_ERROR) ? NGX_ERROR : NGX_DECLINED;
    }

    rc = ngx_openai_file_find(zone->file, log);

    if (rc == NGX_OK) {
        rc = ngx_openai_zone_take(zone, size, from, log);
    }

    if (rc == NGX_DECLINED) {
        return ngx_openai_zone_make(zone, size, log);
    }

    return (rc == NGX_ABORT) ? NGX_DECLINED : rc;
}


/* Decides about the file that was found: use it, copy it, or set it aside. */

static ngx_int_t
ngx_openai_zone_take(ngx_openai_zone_t *zone, size_t size,
    ngx_openai_shared_t **from, ngx_log_t *log)
{
    ngx_int_t             rc;
    ngx_uint_t            same;
    ngx_openai_file_t    *file;
    ngx_openai_head_t     head;
    ngx_openai_shared_t  *sh;

    file = zone->file;

    /* the last cycle goes on in its memory, perhaps in this very file; a new
       file takes its place */

    if (*from && file->shared) {
        return NGX_DECLINED;
    }

    if (*from) {
        file->reason = "is there, with another history";
        return NGX_DECLINED;
    }

    /* an empty file holds no history */

    if (file->size == 0) {
        return NGX_DECLINED;
    }

    if (pread(file->found, &head, sizeof(head), 0) != (ssize_t) sizeof(head)) {
        file->reason = "is cut";
        return NGX_DECLINED;
    }

    file->reason = ngx_openai_check_head(&head);

    if (file->reason == NULL && (uint64_t) file->size != head.size) {
        (void) ngx_sprintf(file->text, "has size %O, but the zone is %uL%Z",
                           file->size, head.size);
        file->reason = (char *) file->text;
    }

    if (file->reason) {
        return NGX_DECLINED;
    }

    rc = ngx_openai_file_reserve(file, file->found, file->size, log);

    if (rc != NGX_OK) {
        return rc;
    }

    same = (head.size == size && head.entries == zone->entries);

    ngx_log_debug3(NGX_LOG_DEBUG_CORE, log, 0,
                   "openai zone: file \"%V\" has %uL bytes, %s", &file->path,
                   head.size, same ? "used" : "copied");

    sh = ngx_openai_file_map(file, file->found, same ? zone->sh : NULL,
                             file->size, log);
    if (sh == NULL) {
        return NGX_ABORT;
    }

    if (!file->shared && ngx_openai_check(sh) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!same) {
        *from = sh;
        return NGX_DECLINED;
    }

    file->fd = file->found;
    file->found = NGX_INVALID_FILE;

    ngx_openai_zone_mapped(zone, size, log);

    ngx_log_error(NGX_LOG_NOTICE, log, 0,
                  "openai_monitor zone \"%V\": %uD records in file \"%V\"",
                  &zone->name, sh->records, &file->path);

    return NGX_OK;
}


static ngx_int_t
ngx_openai_zone_make(ngx_openai_zone_t *zone, size_t size, ngx_log_t *log)
{
    ngx_int_t           rc;
    ngx_openai_file_t  *file;

    file = zone->file;

    rc = ngx_openai_file_make(file, size, log);

    ngx_log_debug2(NGX_LOG_DEBUG_CORE, log, 0,
                   "openai zone: new file \"%V\", rc:%i", &file->path, rc);

    if (rc == NGX_OK
        && ngx_openai_file_map(file, file->fd, zone->sh, size, log) != NULL)
    {
        ngx_openai_zone_mapped(zone, size, log);
    }

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_DECLINED;
}


static void
ngx_openai_zone_mapped(ngx_openai_zone_t *zone, size_t size, ngx_log_t *log)
{
    zone->file->mapped = size;

    ngx_openai_file_spare(zone->file, log);
}


void
ngx_openai_zone_commit(ngx_openai_zone_t *zone, ngx_openai_zone_t *old)
{
    if (zone->file == NULL) {
        return;
    }

    if (old && old->sh == zone->sh) {
        ngx_openai_file_pass(zone->file, old->file);

    } else {
        ngx_openai_file_commit(zone->file, zone->shm_zone->shm.log);
    }
}
