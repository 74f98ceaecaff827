
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Pages: the lists of free and used ones, the reserves of processes, and the
 * chains of records.
 *
 * Called by the entries, the writer, the healing and the wiping.  The caller
 * holds the lock, but for ngx_openai_pages_take(), _wipe() and _ready(), which
 * touch only what this process holds.  Nothing here locks or evicts.
 *
 * Invariants 19 to 23 of docs/store.md are kept here.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/shared.h"


/* pages of the reserve that are made ready: an ordinary exchange takes fewer */

#define NGX_OPENAI_READY  4


static void ngx_openai_pages_mark(ngx_openai_shared_t *sh, uint32_t page);
static void ngx_openai_pages_push(ngx_openai_shared_t *sh, uint32_t page);
static uint32_t ngx_openai_pages_pop(ngx_openai_shared_t *sh);
static void ngx_openai_pages_zero(ngx_openai_shared_t *sh, uint32_t *held);


uint64_t
ngx_openai_chain_size(ngx_openai_entry_t *e, ngx_openai_chain_e chain)
{
    uint64_t              head, bytes;
    ngx_openai_extent_t  *x;

    x = &e->extents[ngx_openai_extent_of(chain)];

    /* bytes first: so no byte of a head counts as one of the body */

    bytes = ngx_openai_load(&x->bytes);
    head = ngx_openai_load(&x->head);

    if (chain == NGX_OPENAI_MARKS) {
        return bytes;
    }

    head = ngx_min(head, bytes);

    return ngx_openai_chain_is_head(chain) ? head : bytes - head;
}


void
ngx_openai_pages_init(ngx_openai_shared_t *sh)
{
    uint32_t  n, *next;

    next = ngx_openai_next(sh);

    /* in order, because untouched pages of a large zone cost no memory */

    for (n = 0; n < sh->head.pages; n++) {
        next[n] = (n + 1 < sh->head.pages) ? n + 1 : NGX_OPENAI_NIL;
    }

    sh->free_page = 0;
    sh->used_page = NGX_OPENAI_NIL;
    sh->pages_free = sh->head.pages;
    sh->high = 0;
}


static void
ngx_openai_pages_push(ngx_openai_shared_t *sh, uint32_t page)
{
    uint32_t  n, *list;

    n = ngx_openai_page_number(page);
    list = (page & NGX_OPENAI_USED) ? &sh->used_page : &sh->free_page;

    ngx_openai_next(sh)[n] = *list;
    *list = n;
    sh->pages_free++;
}


/* Prefers a page that is wiped.  NGX_OPENAI_NIL: both lists are empty. */

static uint32_t
ngx_openai_pages_pop(ngx_openai_shared_t *sh)
{
    uint32_t  page;

    page = sh->free_page;

    if (page != NGX_OPENAI_NIL) {
        sh->high = ngx_max(sh->high, page + 1);
        sh->free_page = ngx_openai_next(sh)[page];
        return page;
    }

    page = sh->used_page;

    if (page != NGX_OPENAI_NIL) {
        sh->used_page = ngx_openai_next(sh)[page];
        return page | NGX_OPENAI_USED;
    }

    return NGX_OPENAI_NIL;
}


ngx_int_t
ngx_openai_pages_give(ngx_openai_shared_t *sh, ngx_openai_process_t *process)
{
    uint32_t  page;

    page = ngx_openai_pages_pop(sh);

    if (page == NGX_OPENAI_NIL) {
        return NGX_DECLINED;
    }

    ngx_openai_fault("refill.popped");
    sh->pages_free--;

    process->held[process->n] = page;
    ngx_openai_fault("refill.put");
    ngx_openai_store(&process->n, process->n + 1);

    return NGX_OK;
}


/* Looks at all places: a process may die between a page and its count. */

void
ngx_openai_pages_return(ngx_openai_shared_t *sh, ngx_openai_process_t *process)
{
    uint32_t    page;
    ngx_uint_t  i;

    process->n = 0;
    process->wiping = 0;

    for (i = 0; i < NGX_OPENAI_HELD; i++) {
        page = process->held[i];

        if (page != NGX_OPENAI_NIL) {
            process->held[i] = NGX_OPENAI_NIL;
            ngx_openai_fault("return.out");
            ngx_openai_pages_push(sh, page);
            ngx_openai_fault("return.pushed");
        }
    }
}


/*
 * The page enters the extent before it leaves the reserve.  When this process
 * dies in between, ngx_openai_heal_extents() finds the page in both, and the
 * extent counts (invariants 19 and 20).
 */

ngx_int_t
ngx_openai_pages_take(ngx_openai_shared_t *sh, ngx_openai_process_t *process,
    ngx_openai_extent_t *x)
{
    uint32_t  page;

    if (process->n == 0) {
        return NGX_DECLINED;
    }

    if (process->held[process->n - 1] & NGX_OPENAI_USED) {
        ngx_openai_pages_zero(sh, &process->held[process->n - 1]);
    }

    page = process->held[process->n - 1];
    ngx_openai_fault("take.begun");

    ngx_openai_next(sh)[page] = NGX_OPENAI_NIL;

    if (x->first == NGX_OPENAI_NIL) {
        x->last = page;
        ngx_openai_fault("take.last");
        ngx_openai_store(&x->first, page);

    } else {
        ngx_openai_store(&ngx_openai_next(sh)[x->last], page);
        ngx_openai_fault("take.chained");
        ngx_openai_store(&x->last, page);
    }

    ngx_openai_fault("take.linked");
    x->pages++;
    ngx_openai_fault("take.counted");

    ngx_openai_store(&process->held[process->n - 1], NGX_OPENAI_NIL);
    ngx_openai_fault("take.out");
    ngx_openai_store(&process->n, process->n - 1);

    return NGX_OK;
}


/* Gives whole chains back, in the same time whatever their length. */

void
ngx_openai_pages_free(ngx_openai_shared_t *sh, uint32_t slot)
{
    ngx_uint_t            i;
    ngx_openai_entry_t   *e;
    ngx_openai_extent_t  *x;

    e = ngx_openai_entry(sh, slot);

    for (i = 0; i < NGX_OPENAI_EXTENTS; i++) {
        x = &e->extents[i];

        if (x->first != NGX_OPENAI_NIL) {
            ngx_openai_next(sh)[x->last] = sh->used_page;
            sh->used_page = x->first;
            sh->pages_free += x->pages;
            ngx_openai_fault("free.chain");
        }
    }
}


void
ngx_openai_pages_wiped(ngx_openai_shared_t *sh, ngx_openai_process_t *process)
{
    uint32_t    *held, page;
    ngx_uint_t   i;

    held = &process->held[NGX_OPENAI_RESERVE];

    for (i = 0; i < NGX_OPENAI_WIPE; i++) {
        page = held[i];

        if (page != NGX_OPENAI_NIL) {
            held[i] = NGX_OPENAI_NIL;
            ngx_openai_fault("wipe.out");
            ngx_openai_pages_push(sh, page);
        }
    }

    for (i = 0;
         i < NGX_OPENAI_WIPE && sh->used_page != NGX_OPENAI_NIL;
         i++)
    {
        page = sh->used_page;
        sh->used_page = ngx_openai_next(sh)[page];
        ngx_openai_fault("wipe.popped");
        sh->pages_free--;

        held[i] = page | NGX_OPENAI_USED;
    }

    process->wiping = i;
}


void
ngx_openai_pages_wipe(ngx_openai_shared_t *sh, ngx_openai_process_t *process)
{
    ngx_uint_t  i;

    for (i = 0; i < process->wiping; i++) {
        ngx_openai_pages_zero(sh, &process->held[NGX_OPENAI_RESERVE + i]);
        ngx_openai_fault("wipe.zeroed");
    }
}


void
ngx_openai_pages_ready(ngx_openai_shared_t *sh, ngx_openai_process_t *process)
{
    uint32_t  n;

    for (n = process->n; n > 0 && process->n - n < NGX_OPENAI_READY; n--) {

        if (process->held[n - 1] & NGX_OPENAI_USED) {
            ngx_openai_pages_zero(sh, &process->held[n - 1]);
        }
    }
}


/* Looks first, because a file's page that is changed has to be written back. */

static void
ngx_openai_pages_zero(ngx_openai_shared_t *sh, uint32_t *held)
{
    uint32_t             n;
    ngx_uint_t           i;
    ngx_openai_words_t  *words, any;

    n = ngx_openai_page_number(*held);
    words = (ngx_openai_words_t *) ngx_openai_page(sh, n);
    any = words[0];

    for (i = 1; i < NGX_OPENAI_PAGE / sizeof(ngx_openai_words_t); i++) {
        any |= words[i];
    }

    if (any[0] | any[1]) {
        ngx_memzero(words, NGX_OPENAI_PAGE);
    }

    /* a process that dies before this wipes in vain, and the page stays used */

    ngx_openai_store(held, n);
}


static void
ngx_openai_pages_mark(ngx_openai_shared_t *sh, uint32_t page)
{
    u_char  *bitmap;

    page = ngx_openai_page_number(page);

    if (page < sh->head.pages) {
        bitmap = ngx_openai_at(sh, bitmap_off);
        bitmap[page / 8] |= 1 << (page % 8);
    }
}


/*
 * A page that no reserve and no record holds is free.  Reserves come first,
 * because other processes go on moving pages from there into their records.
 */

void
ngx_openai_pages_rebuild(ngx_openai_shared_t *sh)
{
    u_char               *bitmap;
    uint32_t              n, page, slot, used, *next;
    ngx_uint_t            i;
    ngx_openai_entry_t   *e;
    ngx_openai_extent_t  *x;

    next = ngx_openai_next(sh);
    bitmap = ngx_openai_at(sh, bitmap_off);

    ngx_memzero(bitmap, (sh->head.pages + 7) / 8);

    for (n = 0; n < NGX_OPENAI_PROCESSES; n++) {
        if (sh->processes[n].pid == 0) {
            continue;
        }

        for (i = 0; i < NGX_OPENAI_HELD; i++) {
            ngx_openai_pages_mark(sh,
                                 ngx_openai_load(&sh->processes[n].held[i]));
        }
    }

    ngx_openai_fence();

    for (slot = 0; slot < sh->head.entries; slot++) {
        e = ngx_openai_entry(sh, slot);

        if (e->state == NGX_OPENAI_ENTRY_FREE) {
            continue;
        }

        for (i = 0; i < NGX_OPENAI_EXTENTS; i++) {
            x = &e->extents[i];
            page = ngx_openai_load(&x->first);

            for (n = 0; page < sh->head.pages && n < sh->head.pages; n++) {
                ngx_openai_pages_mark(sh, page);

                if (page == ngx_openai_load(&x->last)) {
                    break;
                }

                page = ngx_openai_load(&next[page]);
            }
        }
    }

    ngx_openai_fault("rebuild.marked");

    sh->free_page = NGX_OPENAI_NIL;
    sh->used_page = NGX_OPENAI_NIL;
    sh->pages_free = 0;

    for (n = sh->head.pages; n > 0; n--) {
        if (!(bitmap[(n - 1) / 8] & (1 << ((n - 1) % 8)))) {
            used = (n - 1 < sh->high) ? NGX_OPENAI_USED : 0;
            ngx_openai_pages_push(sh, (n - 1) | used);
        }
    }
}
