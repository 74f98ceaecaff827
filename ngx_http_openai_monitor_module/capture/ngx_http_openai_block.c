
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/ngx_http_openai_capture.h"


#define NGX_HTTP_OPENAI_BLOCK   8192
#define NGX_HTTP_OPENAI_BLOCKS  64


/*
 * An exchange and its meter are larger than what a request's pool has left, so
 * that each request would take two more blocks from malloc() and give them
 * back.  Blocks of finished exchanges serve the next ones of this process, the
 * last one first: it is still in the processor's caches.
 */

typedef struct ngx_http_openai_block_s  ngx_http_openai_block_t;

struct ngx_http_openai_block_s {
    ngx_http_openai_block_t  *next;
};


static ngx_http_openai_block_t  *ngx_http_openai_free_blocks;
static ngx_uint_t                ngx_http_openai_nfree;


ngx_http_openai_exchange_t *
ngx_http_openai_block_take(ngx_http_request_t *r)
{
    ngx_http_openai_block_t     *block;
    ngx_http_openai_exchange_t  *ex;

    block = ngx_http_openai_free_blocks;

    if (block) {
        ngx_http_openai_free_blocks = block->next;
        ngx_http_openai_nfree--;

    } else {
        block = ngx_alloc(NGX_HTTP_OPENAI_BLOCK, r->connection->log);
        if (block == NULL) {
            return NULL;
        }
    }

    ex = (ngx_http_openai_exchange_t *) block;

    ngx_memzero(ex, offsetof(ngx_http_openai_exchange_t, rec));

    ex->request = r;
    ex->spare = (u_char *) ngx_align_ptr(ex + 1, NGX_ALIGNMENT);

    return ex;
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


void
ngx_http_openai_block_give(ngx_http_openai_exchange_t *ex)
{
    ngx_http_openai_block_t  *block;

    block = (ngx_http_openai_block_t *) ex;

#if !(NGX_DEBUG_PALLOC)

    if (ngx_http_openai_nfree < NGX_HTTP_OPENAI_BLOCKS) {
        block->next = ngx_http_openai_free_blocks;
        ngx_http_openai_free_blocks = block;
        ngx_http_openai_nfree++;
        return;
    }

#endif

    ngx_free(block);
}


void
ngx_http_openai_block_exit(void)
{
    ngx_http_openai_block_t  *block;

    while (ngx_http_openai_free_blocks) {
        block = ngx_http_openai_free_blocks;
        ngx_http_openai_free_blocks = block->next;
        ngx_free(block);
    }

    ngx_http_openai_nfree = 0;
}
