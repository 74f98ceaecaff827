
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */



/*
 * The memory of an exchange and its meter, and the way from a request to it.
 *
 * Called by exchange.c and, through ngx_http_openai_exchange(), by all of
 * capture.  A block belongs to one request until the request's pool goes; the
 * pool's cleanup also finds it when a redirect has wiped the context.
 *
 * A request's pool has no room for a block, so each request would call malloc()
 * twice more.  A process keeps the blocks of finished exchanges and reuses the
 * last one first, because it is still in the processor's caches.  The first
 * NGX_HTTP_OPENAI_BLOCKS lie outside of the heap: inside it, free() of request
 * buffers above them would return memory to the kernel again and again, which
 * costs 15 page faults for a body of 64 KB.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <sys/mman.h>

#include "capture/capture.h"


#define NGX_HTTP_OPENAI_BLOCK   7168    /* bytes, with a stream's meter */
#define NGX_HTTP_OPENAI_BLOCKS  64      /* outside of the heap, kept */


typedef struct ngx_http_openai_block_s  ngx_http_openai_block_t;

struct ngx_http_openai_block_s {
    ngx_http_openai_block_t  *next;
};


#define ngx_http_openai_block_is_own(block)                                  \
    ((uintptr_t) (block) - (uintptr_t) ngx_http_openai_blocks                 \
     < NGX_HTTP_OPENAI_BLOCKS * NGX_HTTP_OPENAI_BLOCK)


static ngx_http_openai_block_t *ngx_http_openai_block_new(ngx_log_t *log);
static void ngx_http_openai_block_cleanup(void *data);
static void ngx_http_openai_block_give(ngx_http_openai_exchange_t *ex);


static u_char                   *ngx_http_openai_blocks;
static ngx_http_openai_block_t  *ngx_http_openai_free_blocks;

#if !(NGX_DEBUG_PALLOC)
static ngx_uint_t                ngx_http_openai_nblocks;
#endif


/* the context of a request that must not be recorded; it saves a second
   evaluation of the condition */

static ngx_http_openai_exchange_t  ngx_http_openai_declined;


ngx_http_openai_exchange_t *
ngx_http_openai_block_take(ngx_http_request_t *r,
    ngx_http_openai_cleanup_pt cleanup)
{
    ngx_pool_cleanup_t          *cln;
    ngx_http_openai_block_t     *block;
    ngx_http_openai_exchange_t  *ex;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    block = ngx_http_openai_free_blocks;

    if (block) {
        ngx_http_openai_free_blocks = block->next;

    } else {
        block = ngx_http_openai_block_new(r->connection->log);
        if (block == NULL) {
            return NULL;
        }
    }

    ex = (ngx_http_openai_exchange_t *) block;

    ngx_memzero(ex, offsetof(ngx_http_openai_exchange_t, rec));

    ex->request = r;
    ex->spare = (u_char *) ngx_align_ptr(ex + 1, NGX_ALIGNMENT);
    ex->cleanup = cleanup;

    cln->handler = ngx_http_openai_block_cleanup;
    cln->data = ex;

    ngx_http_set_ctx(r, ex, ngx_http_openai_monitor_module);

    return ex;
}


ngx_http_openai_exchange_t *
ngx_http_openai_block_find(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t          *cln;
    ngx_http_openai_exchange_t  *ex;

    ex = ngx_http_get_module_ctx(r, ngx_http_openai_monitor_module);

    if (ex == NULL && (r->internal || r->filter_finalize)) {

        /* an internal redirect wiped the context */

        for (cln = r->pool->cleanup; cln; cln = cln->next) {

            if (cln->handler == ngx_http_openai_block_cleanup) {
                ex = cln->data;
                ngx_http_set_ctx(r, ex, ngx_http_openai_monitor_module);
                break;
            }
        }
    }

    return (ex == &ngx_http_openai_declined) ? NULL : ex;
}


void
ngx_http_openai_block_decline(ngx_http_request_t *r)
{
    ngx_http_set_ctx(r, &ngx_http_openai_declined,
                     ngx_http_openai_monitor_module);
}


static ngx_http_openai_block_t *
ngx_http_openai_block_new(ngx_log_t *log)
{
#if !(NGX_DEBUG_PALLOC)
    u_char  *p;

    if (ngx_http_openai_blocks == NULL) {

        /* unused pages take no memory */

        p = mmap(NULL, NGX_HTTP_OPENAI_BLOCKS * NGX_HTTP_OPENAI_BLOCK,
                 PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANON, -1, 0);

        if (p == MAP_FAILED) {
            ngx_log_error(NGX_LOG_ERR, log, ngx_errno, "mmap() failed");
            return NULL;
        }

        ngx_http_openai_blocks = p;
    }

    if (ngx_http_openai_nblocks < NGX_HTTP_OPENAI_BLOCKS) {
        p = ngx_http_openai_blocks
            + ngx_http_openai_nblocks++ * NGX_HTTP_OPENAI_BLOCK;

        return (ngx_http_openai_block_t *) p;
    }

#endif

    return ngx_alloc(NGX_HTTP_OPENAI_BLOCK, log);
}


void *
ngx_http_openai_block_alloc(void *ctx, size_t size)
{
    u_char                      *p, *last;
    ngx_http_openai_exchange_t  *ex = ctx;

    p = ex->spare;
    last = (u_char *) ex + NGX_HTTP_OPENAI_BLOCK;

    if (size > (size_t) (last - p)) {
        return ngx_palloc(ex->request->pool, size);
    }

    ex->spare = p + ngx_min(ngx_align(size, NGX_ALIGNMENT),
                            (size_t) (last - p));

    return p;
}


static void
ngx_http_openai_block_cleanup(void *data)
{
    ngx_http_openai_exchange_t  *ex = data;

    ex->cleanup(ex);
    ngx_http_openai_block_give(ex);
}


static void
ngx_http_openai_block_give(ngx_http_openai_exchange_t *ex)
{
    ngx_http_openai_block_t  *block;

    block = (ngx_http_openai_block_t *) ex;

    if (ngx_http_openai_blocks && ngx_http_openai_block_is_own(block)) {
        block->next = ngx_http_openai_free_blocks;
        ngx_http_openai_free_blocks = block;
        return;
    }

    ngx_free(block);
}
