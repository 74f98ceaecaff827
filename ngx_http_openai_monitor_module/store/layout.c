
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Where everything lies in a zone, and an empty zone.
 *
 * Called by setup.c, spare.c, the check, and the directive, which asks for the
 * least size.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/shared.h"


#define NGX_OPENAI_MIN_PAGES  64


/* what the fixed part and the tables leave is for pages */

void
ngx_openai_zone_layout(ngx_openai_head_t *head, size_t size,
    ngx_uint_t entries)
{
    size_t  off, pages;

    off = ngx_align(sizeof(ngx_openai_shared_t), 64);

    head->index_off = off;
    off += ngx_align(entries * sizeof(ngx_openai_index_t), 64);

    head->entries_off = off;
    off += ngx_align(entries * sizeof(ngx_openai_entry_t), 64);

    pages = (size > off) ? (size - off) / (NGX_OPENAI_PAGE + 5) : 0;

    head->next_off = off;
    off += ngx_align(pages * sizeof(uint32_t), 64);

    head->bitmap_off = off;
    off += pages / 8 + 1;

    off = ngx_align(off, NGX_OPENAI_PAGE);

    head->pages_off = off;
    head->entries = entries;
    head->pages = 0;

    if (size > off) {
        head->pages = ngx_min(pages, (size - off) / NGX_OPENAI_PAGE);
    }
}


size_t
ngx_openai_zone_min_size(ngx_uint_t entries)
{
    size_t  size;

    /* pages of the slab, our own, and one page for each record */

    size = sizeof(ngx_openai_shared_t) + 16 * ngx_pagesize
           + entries * (sizeof(ngx_openai_entry_t)
                        + sizeof(ngx_openai_index_t) + NGX_OPENAI_PAGE + 8)
           + NGX_OPENAI_MIN_PAGES * NGX_OPENAI_PAGE;

    return ngx_align(size, ngx_pagesize);
}


/* The tables of the records take at most half of a small zone. */

ngx_uint_t
ngx_openai_zone_fit(size_t size, ngx_uint_t entries)
{
    size_t  fixed, room;

    fixed = ngx_openai_zone_min_size(0);
    room = (size > fixed) ? size - fixed : 0;

    return ngx_min(entries, room / (2 * sizeof(ngx_openai_entry_t)));
}


ngx_int_t
ngx_openai_zone_create(ngx_openai_shared_t *sh, size_t size,
    ngx_uint_t entries)
{
    u_char               seed[29];
    uint32_t             slot, n;
    ngx_fd_t             fd;
    ngx_openai_entry_t  *e;
    ngx_openai_index_t  *index;

    ngx_memzero(sh, sizeof(ngx_openai_shared_t));

    ngx_openai_zone_layout(&sh->head, size, entries);

    if (sh->head.pages < NGX_OPENAI_MIN_PAGES / 4) {
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

    ngx_memcpy(sh->head.nonce, seed, 5);
    ngx_memcpy(sh->head.salt, seed + 5, 16);
    ngx_memcpy(&sh->head.birth, seed + 21, sizeof(sh->head.birth));

    sh->head.size = size;
    sh->head.shared_size = sizeof(ngx_openai_shared_t);
    sh->head.entry_size = sizeof(ngx_openai_entry_t);
    sh->head.reserve = ngx_min(NGX_OPENAI_RESERVE,
                               ngx_max(4, sh->head.pages / 64));
    sh->head.created_ms = ngx_openai_now_ms();
    sh->used_slot = NGX_OPENAI_NIL;
    sh->oldest = NGX_OPENAI_NIL;
    sh->newest = NGX_OPENAI_NIL;

    index = ngx_openai_index(sh);

    for (slot = 0; slot < sh->head.entries; slot++) {
        e = ngx_openai_entry(sh, slot);

        ngx_memzero(e, offsetof(ngx_openai_entry_t, extents));

        e->next = (slot + 1 < sh->head.entries) ? slot + 1 : NGX_OPENAI_NIL;

        ngx_openai_entry_clear(e);

        ngx_memzero(&index[slot], sizeof(ngx_openai_index_t));
    }

    ngx_openai_pages_init(sh);
    ngx_openai_stats_init(&sh->stats, sh->head.created_ms);

    sh->head.layout = NGX_OPENAI_LAYOUT;
    sh->head.magic = NGX_OPENAI_MAGIC;
    sh->head.seal = ngx_openai_zone_seal(&sh->head);

    return NGX_OK;
}


/* FNV-1a of the head, which never changes. */

uint64_t
ngx_openai_zone_seal(const ngx_openai_head_t *head)
{
    uint64_t       hash;
    const u_char  *p, *last;

    hash = 0xcbf29ce484222325ULL;
    last = (const u_char *) &head->seal;

    for (p = (const u_char *) head; p < last; p++) {
        hash = (hash ^ *p) * 0x100000001b3ULL;
    }

    return hash;
}


ngx_int_t
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
        sh->holder = 0;
    }

    (void) pthread_mutexattr_destroy(&attr);

    if (err) {
        ngx_set_errno(err);
        return NGX_ERROR;
    }

    return NGX_OK;
}
