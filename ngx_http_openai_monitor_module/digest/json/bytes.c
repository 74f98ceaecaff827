
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The far side of finding bytes: what the inline functions of bytes.h do not
 * find in the first 16 bytes.  AVX2 is used where the machine has it.
 */


#include "digest/json/bytes.h"

#if (OPENAI_AVX2)

static const char *openai_find_avx2(const char *p, const char *last, char a,
    char b);
static const char *openai_eol_avx2(const char *p, const char *last);
#endif


const char *
openai_find_far(const char *p, const char *last, char a, char b)
{
#if (OPENAI_VECTOR)
    uint32_t      mask;
    openai_vec_t  v, va, vb;
#endif

#if (OPENAI_AVX2)
    if (last - p >= 32 && __builtin_cpu_supports("avx2")) {
        return openai_find_avx2(p, last, a, b);
    }
#endif

#if (OPENAI_VECTOR)
    va = openai_vec_all(a);
    vb = openai_vec_all(b);

    for ( /* void */ ; last - p >= 16; p += 16) {
        v = openai_vec_load(p);
        mask = openai_vec_bits(openai_vec_or(openai_vec_equal(v, va),
                                             openai_vec_equal(v, vb)));

        if (mask) {
            return p + __builtin_ctz(mask);
        }
    }
#endif

    while (p < last && *p != a && *p != b) {
        p++;
    }

    return p;
}


const char *
openai_find_eol(const char *p, const char *last)
{
#if (OPENAI_AVX2)
    if (last - p >= 64 && __builtin_cpu_supports("avx2")) {
        return openai_eol_avx2(p, last);
    }
#endif

    return openai_find_far(p, last, '\n', '\r');
}


#if (OPENAI_AVX2)

/* needs 32 bytes or more, and may look at the last ones twice */

__attribute__((target("avx2")))
static const char *
openai_find_avx2(const char *p, const char *last, char a, char b)
{
    size_t    n;
    uint32_t  mask;
    __m256i   v0, v1, v2, v3, va, vb;

    va = _mm256_set1_epi8(a);
    vb = _mm256_set1_epi8(b);

#define openai_hit(i)                                                         \
    _mm256_or_si256(                                                          \
        _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *) p + (i)),      \
                          va),                                                \
        _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *) p + (i)),      \
                          vb))

    for (n = (size_t) (last - p) / 128; n; n--, p += 128) {
        v0 = openai_hit(0);
        v1 = openai_hit(1);
        v2 = openai_hit(2);
        v3 = openai_hit(3);

        v0 = _mm256_or_si256(v0, v1);
        v2 = _mm256_or_si256(v2, v3);
        v0 = _mm256_or_si256(v0, v2);

        if (!_mm256_testz_si256(v0, v0)) {
            break;
        }
    }

    for ( ;; ) {

        if (last - p < 32) {

            if (p == last) {
                return last;
            }

            p = last - 32;
        }

        mask = (uint32_t) _mm256_movemask_epi8(openai_hit(0));

        if (mask) {
            return p + __builtin_ctz(mask);
        }

        p += 32;
    }

#undef openai_hit
}


/* needs 64 bytes or more, and may look at the last ones twice; it looks for
   bytes up to "\r" first, because JSON has hardly any of them */

__attribute__((target("avx2")))
static const char *
openai_eol_avx2(const char *p, const char *last)
{
    uint64_t     mask;
    __m256i      v0, v1, v2, v3, high;
    const char  *end;

    high = _mm256_set1_epi8('\r');

#define openai_load(i)  _mm256_loadu_si256((const __m256i *) p + (i))
#define openai_low(v)   _mm256_cmpeq_epi8(_mm256_min_epu8(v, high), v)
#define openai_mask(v)  (uint32_t) _mm256_movemask_epi8(openai_low(v))

    for ( /* void */ ; last - p >= 128; p += 128) {
        v0 = openai_load(0);
        v1 = openai_load(1);
        v2 = openai_load(2);
        v3 = openai_load(3);

        v0 = _mm256_min_epu8(v0, v1);
        v2 = _mm256_min_epu8(v2, v3);
        v0 = _mm256_min_epu8(v0, v2);

        if (openai_mask(v0)) {
            break;
        }
    }

    while (p < last) {

        if (last - p < 64) {
            p = last - 64;
        }

        v0 = openai_load(0);
        v1 = openai_load(1);

        mask = openai_mask(v0) | (uint64_t) openai_mask(v1) << 32;

        for ( /* void */ ; mask; mask &= mask - 1) {
            end = p + __builtin_ctzll(mask);

            if (*end == '\n' || *end == '\r') {
                return end;
            }
        }

        p += 64;
    }

    return last;

#undef openai_load
#undef openai_low
#undef openai_mask
}

#endif


void
openai_zero(void *p, size_t size)
{
    memset(p, 0, size);
}
