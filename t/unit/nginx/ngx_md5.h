
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* No MD5, but sixteen bytes that hang on all that came before. */


#ifndef _NGX_MD5_H_INCLUDED_
#define _NGX_MD5_H_INCLUDED_


#include <ngx_config.h>


typedef struct {
    uint64_t  a;
    uint64_t  b;
} ngx_md5_t;


static ngx_inline void
ngx_md5_init(ngx_md5_t *md5)
{
    md5->a = 0xcbf29ce484222325ULL;
    md5->b = 0;
}


static ngx_inline void
ngx_md5_update(ngx_md5_t *md5, const void *data, size_t size)
{
    const u_char  *p;

    for (p = data; size; size--) {
        md5->a = (md5->a ^ *p++) * 0x100000001b3ULL;
        md5->b = (md5->b << 7 | md5->b >> 57) + md5->a;
    }
}


static ngx_inline void
ngx_md5_final(u_char result[16], ngx_md5_t *md5)
{
    memcpy(result, &md5->a, 8);
    memcpy(result + 8, &md5->b, 8);
}


#endif /* _NGX_MD5_H_INCLUDED_ */
