
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* As much of a request as those parts need that read its line, its headers and
   its arguments; a test defines what sends. */


#ifndef _NGX_HTTP_H_INCLUDED_
#define _NGX_HTTP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <stdarg.h>


#define nginx_version  1022001

#define NGX_ABORT                       -6

#define NGX_HTTP_OK                     200
#define NGX_HTTP_BAD_REQUEST            400
#define NGX_HTTP_NOT_FOUND              404
#define NGX_HTTP_INTERNAL_SERVER_ERROR  500


typedef int                     ngx_fd_t;
typedef struct ngx_log_s        ngx_log_t;
typedef struct ngx_conf_s       ngx_conf_t;
typedef struct ngx_shm_zone_s   ngx_shm_zone_t;

typedef struct {
    void             *elts;
    ngx_uint_t        nelts;
} ngx_array_t;

typedef struct {
    ngx_uint_t        hash;
    ngx_str_t         key;
    ngx_str_t         value;
    u_char           *lowcase_key;
} ngx_table_elt_t;

typedef struct ngx_list_part_s  ngx_list_part_t;

struct ngx_list_part_s {
    void             *elts;
    ngx_uint_t        nelts;
    ngx_list_part_t  *next;
};

typedef struct {
    ngx_list_part_t   part;
    ngx_table_elt_t   spare[8];
} ngx_list_t;

typedef struct ngx_http_request_s  ngx_http_request_t;

struct ngx_http_request_s {
    ngx_http_request_t  *main;
    ngx_pool_t          *pool;
    ngx_str_t            args;
    unsigned             header_only:1;

    struct {
        ngx_list_t       headers;
    } headers_in;

    struct {
        ngx_list_t       headers;
        ngx_uint_t       status;
        off_t            content_length_n;
        ngx_str_t        content_type;
        size_t           content_type_len;
        u_char          *content_type_lowcase;
    } headers_out;
};


#define ngx_log_debug2(level, log, err, fmt, a1, a2)


ngx_int_t ngx_http_send_header(ngx_http_request_t *r);
ngx_int_t ngx_http_output_filter(ngx_http_request_t *r, ngx_chain_t *out);


static ngx_inline void *
ngx_list_push(ngx_list_t *list)
{
    if (list->part.nelts == 8) {
        return NULL;
    }

    return &list->spare[list->part.nelts++];
}


static ngx_inline u_char *
ngx_strlchr(u_char *p, u_char *last, u_char c)
{
    return p < last ? memchr(p, c, last - p) : NULL;
}


static ngx_inline u_char *
ngx_hex_dump(u_char *dst, u_char *src, size_t len)
{
    while (len--) {
        *dst++ = "0123456789abcdef"[*src >> 4];
        *dst++ = "0123456789abcdef"[*src++ & 0xf];
    }

    return dst;
}


/* s2 has n + 1 bytes */

static ngx_inline u_char *
ngx_strlcasestrn(u_char *s1, u_char *last, u_char *s2, size_t n)
{
    for ( /* void */ ; (size_t) (last - s1) > n; s1++) {
        if (ngx_strncasecmp(s1, s2, n + 1) == 0) {
            return s1;
        }
    }

    return NULL;
}


static ngx_inline int
ngx_hex_digit(u_char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


static ngx_inline ngx_int_t
ngx_hextoi(u_char *line, size_t n)
{
    u_char     c;
    ngx_int_t  value;

    for (value = 0; n; n--, line++) {
        c = *line | 0x20;

        if (*line >= '0' && *line <= '9') {
            value = value * 16 + (*line - '0');

        } else if (c >= 'a' && c <= 'f') {
            value = value * 16 + (c - 'a' + 10);

        } else {
            return NGX_ERROR;
        }
    }

    return value;
}



/* what is no code loses its "%", and a code that is half one is lost, as in
   nginx */

static ngx_inline void
ngx_unescape_uri(u_char **dst, u_char **src, size_t size, ngx_uint_t type)
{
    u_char  *d, *s, *last;

    d = *dst;
    last = *src + size;

    for (s = *src; s < last; s++) {

        if (*s != '%') {
            *d++ = *s;
            continue;
        }

        if (++s == last) {
            break;
        }

        if (ngx_hex_digit(*s) < 0) {
            *d++ = *s;
            continue;
        }

        if (++s == last) {
            break;
        }

        if (ngx_hex_digit(*s) >= 0) {
            *d++ = (u_char) (ngx_hex_digit(s[-1]) << 4 | ngx_hex_digit(*s));
        }
    }

    *dst = d;
    *src = s;
}


#define NGX_ESCAPE_URI_COMPONENT  2


/* returns how many bytes have to be escaped, or the end of what is written */

static ngx_inline uintptr_t
ngx_escape_uri(u_char *dst, u_char *src, size_t size, ngx_uint_t type)
{
    size_t      i;
    uintptr_t   n;

    static const char  hex[] = "0123456789ABCDEF";

    for (i = 0, n = 0; i < size; i++) {

        if ((src[i] >= '0' && src[i] <= '9')
            || ((src[i] | 0x20) >= 'a' && (src[i] | 0x20) <= 'z')
            || (src[i] && strchr("-_.~", src[i])))
        {
            if (dst) {
                *dst++ = src[i];
            }

            continue;
        }

        n++;

        if (dst) {
            *dst++ = '%';
            *dst++ = hex[src[i] >> 4];
            *dst++ = hex[src[i] & 0xf];
        }
    }

    return dst ? (uintptr_t) dst : n;
}


/* "%s", "%V" and "%ui" */

static ngx_inline u_char *
ngx_vslprintf(u_char *buf, u_char *last, const char *fmt, va_list args)
{
    int          n;
    char         number[NGX_INT64_LEN + 1];
    ngx_str_t    text;

    for ( /* void */ ; *fmt; fmt++) {

        text.data = (u_char *) fmt;
        text.len = 1;

        if (*fmt == '%') {
            fmt++;

            if (*fmt == 'V') {
                text = *va_arg(args, ngx_str_t *);

            } else if (*fmt == 's') {
                text.data = va_arg(args, u_char *);
                text.len = strlen((char *) text.data);

            } else {
                fmt++;
                n = snprintf(number, sizeof(number), "%lu",
                             (unsigned long) va_arg(args, ngx_uint_t));
                text.data = (u_char *) number;
                text.len = n;
            }
        }

        text.len = ngx_min(text.len, (size_t) (last - buf));
        buf = ngx_cpymem(buf, text.data, text.len);
    }

    return buf;
}


#endif /* _NGX_HTTP_H_INCLUDED_ */
