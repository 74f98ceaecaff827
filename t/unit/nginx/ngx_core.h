
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#ifndef _NGX_CORE_H_INCLUDED_
#define _NGX_CORE_H_INCLUDED_


#include <ngx_config.h>


typedef struct {
    size_t       len;
    u_char      *data;
} ngx_str_t;

typedef struct {
    u_char      *pos;
    u_char      *last;
    u_char      *start;
    u_char      *end;
    unsigned     last_buf:1;
    unsigned     last_in_chain:1;
} ngx_buf_t;

typedef struct ngx_chain_s  ngx_chain_t;

struct ngx_chain_s {
    ngx_buf_t    *buf;
    ngx_chain_t  *next;
};

typedef struct ngx_block_s  ngx_block_t;

struct ngx_block_s {
    ngx_block_t  *next;
    max_align_t   data[];
};

typedef struct {
    ngx_block_t  *blocks;
    size_t        left;         /* what it may still give; 0 of this: nothing */
} ngx_pool_t;


typedef struct {
    time_t       sec;
    ngx_uint_t   msec;
} ngx_time_t;

/* set by the test that needs it */
static ngx_time_t  ngx_test_time __attribute__((unused));

#define ngx_timeofday()        (&ngx_test_time)


#define ngx_string(s)          { sizeof(s) - 1, (u_char *) s }
#define ngx_null_string        { 0, NULL }
#define ngx_str_set(str, s)                                                  \
    (str)->len = sizeof(s) - 1; (str)->data = (u_char *) s
#define ngx_str_null(str)      (str)->len = 0; (str)->data = NULL

#define ngx_tolower(c)                                                       \
    (u_char) ((c >= 'A' && c <= 'Z') ? (c | 0x20) : c)
#define ngx_toupper(c)                                                       \
    (u_char) ((c >= 'a' && c <= 'z') ? (c & ~0x20) : c)

#define ngx_min(a, b)          ((a > b) ? (b) : (a))
#define ngx_max(a, b)          ((a < b) ? (b) : (a))

#define ngx_memzero(p, n)      (void) memset(p, 0, n)
#define ngx_explicit_memzero   ngx_memzero
#define ngx_memcpy(d, s, n)    (void) memcpy(d, s, n)
#define ngx_cpymem(d, s, n)    (((u_char *) memcpy(d, s, n)) + (n))
#define ngx_memcmp             memcmp
#define ngx_strlen(s)          strlen((const char *) s)
#define ngx_strcmp(a, b)       strcmp((const char *) a, (const char *) b)
#define ngx_strncmp(a, b, n)   strncmp((const char *) a, (const char *) b, n)
#define ngx_strncasecmp(a, b, n)                                             \
    strncasecmp((const char *) a, (const char *) b, n)

#define ngx_base64_encoded_length(len)  (((len + 2) / 3) * 4)


static ngx_inline void *
ngx_palloc(ngx_pool_t *pool, size_t size)
{
    ngx_block_t  *block;

    if (size > pool->left) {
        return NULL;
    }

    pool->left -= size;

    block = malloc(sizeof(ngx_block_t) + size);
    if (block == NULL) {
        return NULL;
    }

    block->next = pool->blocks;
    pool->blocks = block;

    return block->data;
}


#define ngx_pnalloc  ngx_palloc


static ngx_inline void *
ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    void  *p;

    p = ngx_palloc(pool, size);

    return p ? memset(p, 0, size) : NULL;
}


static ngx_inline void
ngx_reset_pool(ngx_pool_t *pool)
{
    ngx_block_t  *block;

    while ((block = pool->blocks) != NULL) {
        pool->blocks = block->next;
        free(block);
    }
}


static ngx_inline ngx_chain_t *
ngx_alloc_chain_link(ngx_pool_t *pool)
{
    return ngx_palloc(pool, sizeof(ngx_chain_t));
}


static ngx_inline ngx_buf_t *
ngx_create_temp_buf(ngx_pool_t *pool, size_t size)
{
    ngx_buf_t  *b;

    b = ngx_palloc(pool, sizeof(ngx_buf_t));
    if (b == NULL) {
        return NULL;
    }

    b->start = ngx_palloc(pool, size);
    if (b->start == NULL) {
        return NULL;
    }

    b->pos = b->start;
    b->last = b->start;
    b->end = b->start + size;

    return b;
}


static ngx_inline void
ngx_strlow(u_char *dst, u_char *src, size_t n)
{
    while (n--) {
        *dst++ = ngx_tolower(*src);
        src++;
    }
}


static ngx_inline ngx_int_t
ngx_atoi(u_char *line, size_t n)
{
    ngx_int_t  value;

    if (n == 0 || n > 18) {
        return NGX_ERROR;
    }

    for (value = 0; n--; line++) {
        if (*line < '0' || *line > '9') {
            return NGX_ERROR;
        }

        value = value * 10 + (*line - '0');
    }

    return value;
}


static ngx_inline off_t
ngx_atoof(u_char *line, size_t n)
{
    return ngx_atoi(line, n);
}


static ngx_inline void
ngx_encode_base64(ngx_str_t *dst, ngx_str_t *src)
{
    size_t    i, n;
    u_char   *d;
    uint32_t  bits;

    static const char  basis[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";

    d = dst->data;

    for (i = 0; i < src->len; i += 3) {
        n = ngx_min(src->len - i, 3);

        bits = (uint32_t) src->data[i] << 16;
        bits |= (n > 1) ? (uint32_t) src->data[i + 1] << 8 : 0;
        bits |= (n > 2) ? src->data[i + 2] : 0;

        *d++ = basis[bits >> 18];
        *d++ = basis[bits >> 12 & 0x3f];
        *d++ = (n > 1) ? basis[bits >> 6 & 0x3f] : '=';
        *d++ = (n > 2) ? basis[bits & 0x3f] : '=';
    }

    dst->len = d - dst->data;
}


#endif /* _NGX_CORE_H_INCLUDED_ */
