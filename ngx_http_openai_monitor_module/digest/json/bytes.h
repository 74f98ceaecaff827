
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Finds bytes at the speed of memory.  The scanner, the framing of streams and
 * the secrets call it.
 */


#ifndef _OPENAI_BYTES_H_INCLUDED_
#define _OPENAI_BYTES_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "digest/json/vector.h"


/* return the first place of one of two bytes in [p, last), or last */

const char *openai_find_far(const char *p, const char *last, char a, char b);

static inline const char *
openai_find2(const char *p, const char *last, char a, char b)
{
#if (OPENAI_VECTOR)
    uint32_t      mask;
    openai_vec_t  v;

    /* inline, because most places are near */

    if (last - p >= 16) {
        v = openai_vec_load(p);
        mask = openai_vec_bits(
                   openai_vec_or(openai_vec_equal(v, openai_vec_all(a)),
                                 openai_vec_equal(v, openai_vec_all(b))));

        if (mask) {
            return p + __builtin_ctz(mask);
        }

        p += 16;
    }
#endif

    return openai_find_far(p, last, a, b);
}

/* returns the place of the first line feed or carriage return, or last */
const char *openai_find_eol(const char *p, const char *last);

#define openai_find_quote(p, last)  openai_find2(p, last, '"', '\\')


/* clears by libc, because the compiler makes a slow loop of a known size */
void openai_zero(void *p, size_t size);


/* the string of l bytes at s equals the literal */

#define openai_is(s, l, literal)                                              \
    ((l) == sizeof(literal) - 1 && memcmp(s, literal, sizeof(literal) - 1) == 0)


#endif /* _OPENAI_BYTES_H_INCLUDED_ */
