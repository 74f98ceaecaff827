
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/secrets/redact.h"
#include "digest/wire/secrets.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif


/*
 * What a text must have for anything in it to be replaced: the sign before
 * arguments or behind userinfo, the two slashes of a URI, or the end of a key's
 * prefix.  Most texts have none of these.
 */


static ngx_uint_t ngx_http_openai_plain_bytes(u_char *p, u_char *last)
    __attribute__((noinline));


static ngx_uint_t
ngx_http_openai_plain_bytes(u_char *p, u_char *last)
{
    u_char  before;

    for (before = ' '; p < last; before = *p++) {

        switch (*p) {

        case '?':
        case '#':
        case '@':
            return 0;

        case '/':
            if (before == '/') {
                return 0;
            }

            break;

        case '-':
        case '_':

            /* sk-, xai-, hf_, r8_, fw_, pplx-, sess-, whsec_, tgp_ */

            if (memchr("kif8wxscp", before, 9)) {
                return 0;
            }

            break;

        case 'z':
            if (before == 'I') {
                return 0;
            }

            break;

        case 'J':
            if (before == 'y') {
                return 0;
            }

            break;
        }
    }

    return 1;
}


#if defined(__SSE2__)

#define ngx_http_openai_is(v, c)  _mm_cmpeq_epi8(v, _mm_set1_epi8(c))
#define ngx_http_openai_or(a, b)  _mm_or_si128(a, b)
#define ngx_http_openai_and(a, b) _mm_and_si128(a, b)


/* 16 bytes, and those that each has before it */

static ngx_inline ngx_uint_t
ngx_http_openai_plain_block(__m128i v, __m128i before)
{
    __m128i  any, dash, prefix;

    any = ngx_http_openai_or(ngx_http_openai_is(v, '?'),
                             ngx_http_openai_is(v, '#'));
    any = ngx_http_openai_or(any, ngx_http_openai_is(v, '@'));

    any = ngx_http_openai_or(any,
              ngx_http_openai_and(ngx_http_openai_is(v, '/'),
                                  ngx_http_openai_is(before, '/')));
    any = ngx_http_openai_or(any,
              ngx_http_openai_and(ngx_http_openai_is(v, 'z'),
                                  ngx_http_openai_is(before, 'I')));
    any = ngx_http_openai_or(any,
              ngx_http_openai_and(ngx_http_openai_is(v, 'J'),
                                  ngx_http_openai_is(before, 'y')));

    dash = ngx_http_openai_or(ngx_http_openai_is(v, '-'),
                              ngx_http_openai_is(v, '_'));

    if (_mm_movemask_epi8(ngx_http_openai_or(any, dash)) == 0) {
        return 1;
    }

    prefix = ngx_http_openai_or(ngx_http_openai_is(before, 'k'),
                                ngx_http_openai_is(before, 'i'));
    prefix = ngx_http_openai_or(prefix, ngx_http_openai_is(before, 'f'));
    prefix = ngx_http_openai_or(prefix, ngx_http_openai_is(before, '8'));
    prefix = ngx_http_openai_or(prefix, ngx_http_openai_is(before, 'w'));
    prefix = ngx_http_openai_or(prefix, ngx_http_openai_is(before, 'x'));
    prefix = ngx_http_openai_or(prefix, ngx_http_openai_is(before, 's'));
    prefix = ngx_http_openai_or(prefix, ngx_http_openai_is(before, 'c'));
    prefix = ngx_http_openai_or(prefix, ngx_http_openai_is(before, 'p'));

    any = ngx_http_openai_or(any, ngx_http_openai_and(dash, prefix));

    return _mm_movemask_epi8(any) == 0;
}


static ngx_uint_t
ngx_http_openai_plain_text(ngx_str_t *text)
{
    u_char   *p, *last;
    __m128i   v;

    p = text->data;
    last = p + text->len;

    if (text->len <= 8) {
        return ngx_http_openai_plain_bytes(p, last);
    }

    if (text->len <= 16) {

        /* the first eight bytes and the last eight */

        v = _mm_loadl_epi64((__m128i *) p);

        return ngx_http_openai_plain_block(
                   _mm_unpacklo_epi64(v,
                               _mm_loadl_epi64((__m128i *) (last - 8))),
                   _mm_unpacklo_epi64(_mm_slli_si128(v, 1),
                               _mm_loadl_epi64((__m128i *) (last - 9))));
    }

    v = _mm_loadu_si128((__m128i *) p);

    if (!ngx_http_openai_plain_block(v, _mm_slli_si128(v, 1))) {
        return 0;
    }

    for (p += 16; last - p >= 16; p += 16) {

        if (!ngx_http_openai_plain_block(
                 _mm_loadu_si128((__m128i *) p),
                 _mm_loadu_si128((__m128i *) (p - 1))))
        {
            return 0;
        }
    }

    /* once more what is before the rest, so that it has 16 bytes */

    return p == last
           || ngx_http_openai_plain_block(
                  _mm_loadu_si128((__m128i *) (last - 16)),
                  _mm_loadu_si128((__m128i *) (last - 17)));
}

#else

static ngx_uint_t
ngx_http_openai_plain_text(ngx_str_t *text)
{
    return ngx_http_openai_plain_bytes(text->data, text->data + text->len);
}

#endif


/* the finder of secrets knows more shapes of keys than these signs tell of */

ngx_uint_t
ngx_http_openai_redact_plain(ngx_str_t *text)
{
    openai_secrets_t  secrets;

    if (!ngx_http_openai_plain_text(text)) {
        return 0;
    }

    openai_secrets_init(&secrets, OPENAI_SECRETS_NONE, 0);

    return openai_secrets_idle(&secrets, (char *) text->data, text->len);
}
