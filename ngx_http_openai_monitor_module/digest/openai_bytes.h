
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Looking for bytes at memory speed.
 */


#ifndef _OPENAI_BYTES_H_INCLUDED_
#define _OPENAI_BYTES_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif


/* the first of two bytes in [p, last), or last */

const char *openai_find_far(const char *p, const char *last, char a, char b);

static inline const char *
openai_find2(const char *p, const char *last, char a, char b)
{
#if defined(__SSE2__)
    int      mask;
    __m128i  v;

    /* most are near; what is not is long, as a rule */

    if (last - p >= 16) {
        v = _mm_loadu_si128((const __m128i *) p);
        mask = _mm_movemask_epi8(
                   _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(a)),
                                _mm_cmpeq_epi8(v, _mm_set1_epi8(b))));

        if (mask) {
            return p + __builtin_ctz(mask);
        }

        p += 16;
    }
#endif

    return openai_find_far(p, last, a, b);
}

/* the first line feed or carriage return */
const char *openai_find_eol(const char *p, const char *last);

#define openai_find_quote(p, last)  openai_find2(p, last, '"', '\\')


/* the length of a string of at most 31 bytes that ends with a quote and has no
   backslash, else 32; so many bytes can be read */

static inline unsigned
openai_short_string(const char *p)
{
    unsigned  n;
#if defined(__SSE2__)
    int       mask;
    __m128i   v, quote, slash;

    quote = _mm_set1_epi8('"');
    slash = _mm_set1_epi8('\\');

    v = _mm_loadu_si128((const __m128i *) p);
    mask = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, quote),
                                          _mm_cmpeq_epi8(v, slash)));
    n = 0;

    if (mask == 0) {
        v = _mm_loadu_si128((const __m128i *) p + 1);
        mask = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, quote),
                                              _mm_cmpeq_epi8(v, slash)));
        n = 16;

        if (mask == 0) {
            return 32;
        }
    }

    n += __builtin_ctz(mask);
#else
    for (n = 0; n < 31 && p[n] != '"' && p[n] != '\\'; n++) {
        /* void */
    }
#endif

    return p[n] == '"' ? n : 32;
}


/* of a size that the compiler knows it makes a loop, which libc's is not */
void openai_zero(void *p, size_t size);


/* memory short or unknown alike: a compare of a string with a literal */

#define openai_is(s, l, literal)                                              \
    ((l) == sizeof(literal) - 1 && memcmp(s, literal, sizeof(literal) - 1) == 0)


#endif /* _OPENAI_BYTES_H_INCLUDED_ */
