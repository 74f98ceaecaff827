
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Sixteen bytes at once, by SSE2 or by NEON on 64-bit ARM.  On other machines
 * OPENAI_VECTOR is 0, and the callers look at one byte at a time.
 *
 * A comparison gives a vector whose bytes are 0 or 255.  openai_vec_bits()
 * makes a mask of it, in which the first byte is the lowest bit.
 */


#ifndef _OPENAI_VECTOR_H_INCLUDED_
#define _OPENAI_VECTOR_H_INCLUDED_


#include <stdint.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

/* a function may be compiled for AVX2, and called where the processor has it */

#define OPENAI_AVX2  1

#endif

#if defined(__SSE2__)
#include <emmintrin.h>

#define OPENAI_VECTOR  1

typedef __m128i  openai_vec_t;

#define openai_vec_load(p)      _mm_loadu_si128((const __m128i *) (p))
#define openai_vec_all(c)       _mm_set1_epi8(c)
#define openai_vec_equal(a, b)  _mm_cmpeq_epi8(a, b)
#define openai_vec_or(a, b)     _mm_or_si128(a, b)
#define openai_vec_and(a, b)    _mm_and_si128(a, b)
#define openai_vec_add(a, b)    _mm_add_epi8(a, b)
#define openai_vec_bits(v)      (uint32_t) _mm_movemask_epi8(v)

#define openai_vec_bits4(a, b, c, d)                                          \
    ((uint64_t) openai_vec_bits(a)                                            \
     | (uint64_t) openai_vec_bits(b) << 16                                    \
     | (uint64_t) openai_vec_bits(c) << 32                                    \
     | (uint64_t) openai_vec_bits(d) << 48)

#elif defined(__aarch64__) && defined(__ARM_NEON)                             \
      && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include <arm_neon.h>

#define OPENAI_VECTOR  1

typedef uint8x16_t  openai_vec_t;

#define openai_vec_load(p)      vld1q_u8((const uint8_t *) (p))
#define openai_vec_all(c)       vdupq_n_u8((uint8_t) (c))
#define openai_vec_equal(a, b)  vceqq_u8(a, b)
#define openai_vec_or(a, b)     vorrq_u8(a, b)
#define openai_vec_and(a, b)    vandq_u8(a, b)
#define openai_vec_add(a, b)    vaddq_u8(a, b)


/* gives each byte the value of its bit, so that a sum of eight is a mask */

static inline openai_vec_t
openai_vec_worth(openai_vec_t v)
{
    static const uint8_t  worth[16] = {
        1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128
    };

    return vandq_u8(v, vld1q_u8(worth));
}


static inline uint32_t
openai_vec_bits(openai_vec_t v)
{
    v = openai_vec_worth(v);
    v = vpaddq_u8(v, v);
    v = vpaddq_u8(v, v);
    v = vpaddq_u8(v, v);

    return vgetq_lane_u16(vreinterpretq_u16_u8(v), 0);
}


static inline uint64_t
openai_vec_bits4(openai_vec_t a, openai_vec_t b, openai_vec_t c,
    openai_vec_t d)
{
    a = vpaddq_u8(openai_vec_worth(a), openai_vec_worth(b));
    c = vpaddq_u8(openai_vec_worth(c), openai_vec_worth(d));
    a = vpaddq_u8(a, c);
    a = vpaddq_u8(a, a);

    return vgetq_lane_u64(vreinterpretq_u64_u8(a), 0);
}

#else

#define OPENAI_VECTOR  0

#endif


#endif /* _OPENAI_VECTOR_H_INCLUDED_ */
