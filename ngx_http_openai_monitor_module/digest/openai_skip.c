
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include "digest/openai_bytes.h"
#include "digest/openai_skip.h"


#define OPENAI_SKIP_BLOCK  64


#if defined(__SSE2__)

typedef struct {
    uint64_t   quote;
    uint64_t   slash;
    uint64_t   open;
    uint64_t   close;
} openai_skip_masks_t;


#define openai_load(v, p)                                                     \
    v ## 0 = _mm_loadu_si128((const __m128i *) (p));                          \
    v ## 1 = _mm_loadu_si128((const __m128i *) (p) + 1);                      \
    v ## 2 = _mm_loadu_si128((const __m128i *) (p) + 2);                      \
    v ## 3 = _mm_loadu_si128((const __m128i *) (p) + 3)

#define openai_bits(a, b, c, d)                                               \
    ((uint64_t) _mm_movemask_epi8(a)                                          \
     | (uint64_t) _mm_movemask_epi8(b) << 16                                  \
     | (uint64_t) _mm_movemask_epi8(c) << 32                                  \
     | (uint64_t) _mm_movemask_epi8(d) << 48)

#define openai_equal(v, c)                                                    \
    openai_bits(_mm_cmpeq_epi8(v ## 0, c), _mm_cmpeq_epi8(v ## 1, c),         \
                _mm_cmpeq_epi8(v ## 2, c), _mm_cmpeq_epi8(v ## 3, c))


static inline void
openai_skip_bytes(openai_skip_masks_t *b, const char *p)
{
    __m128i  v0, v1, v2, v3, w0, w1, w2, w3, blank, c;

    openai_load(v, p);

    blank = _mm_set1_epi8(0x20);

    w0 = _mm_or_si128(v0, blank);
    w1 = _mm_or_si128(v1, blank);
    w2 = _mm_or_si128(v2, blank);
    w3 = _mm_or_si128(v3, blank);

    c = _mm_set1_epi8('"');
    b->quote = openai_equal(v, c);

    c = _mm_set1_epi8('\\');
    b->slash = openai_equal(v, c);

    c = _mm_set1_epi8('{');
    b->open = openai_equal(w, c);

    c = _mm_set1_epi8('}');
    b->close = openai_equal(w, c);
}


/* which bytes a backslash takes the meaning of; *carry goes on to the next */

static inline uint64_t
openai_skip_escaped(uint64_t slash, uint8_t *carry)
{
    uint64_t  even, follows, odd, sum;

    even = 0x5555555555555555;

    slash &= ~(uint64_t) *carry;
    follows = slash << 1 | *carry;
    odd = slash & ~even & ~follows;

    *carry = (uint8_t) __builtin_add_overflow(odd, slash, &sum);

    return (even ^ (sum << 1)) & follows;
}


/* the value's end within the block, or OPENAI_SKIP_BLOCK when it goes on; plain
   is what has no quote and no escape: more of it may follow */

static inline unsigned
openai_skip_block(openai_skip_t *k, const char *p, unsigned *plain)
{
    unsigned             i;
    uint64_t             inside, bits;
    openai_skip_masks_t  b;

    openai_skip_bytes(&b, p);

    if (b.slash || k->escaped) {
        b.quote &= ~openai_skip_escaped(b.slash, &k->escaped);
    }

    *plain = (b.quote | b.slash) == 0;

    inside = b.quote;
    inside ^= inside << 1;
    inside ^= inside << 2;
    inside ^= inside << 4;
    inside ^= inside << 8;
    inside ^= inside << 16;
    inside ^= inside << 32;

    if (k->quoted) {
        inside = ~inside;
    }

    k->quoted = inside >> 63;

    b.open &= ~inside;
    b.close &= ~inside;

    if (b.open == 0 && b.close == 0) {
        return OPENAI_SKIP_BLOCK;
    }

    for (bits = b.open | b.close; bits; bits &= bits - 1) {
        i = __builtin_ctzll(bits);

        if (b.open >> i & 1) {
            k->depth++;

        } else if (--k->depth == 0) {
            return i;
        }
    }

    return OPENAI_SKIP_BLOCK;
}


/* a string, for as long as each block of it has a backslash */

static const char *
openai_skip_text(openai_skip_t *k, const char *p, const char *last)
{
    __m128i   v0, v1, v2, v3, c;
    uint64_t  quote, slash;

    do {
        openai_load(v, p);

        c = _mm_set1_epi8('"');
        quote = openai_equal(v, c);

        c = _mm_set1_epi8('\\');
        slash = openai_equal(v, c);

        if (slash || k->escaped) {
            quote &= ~openai_skip_escaped(slash, &k->escaped);
        }

        if (quote) {
            k->quoted = 0;
            return p + __builtin_ctzll(quote) + 1;
        }

        p += OPENAI_SKIP_BLOCK;

    } while (slash && last - p >= OPENAI_SKIP_BLOCK);

    return p;
}


const char *
openai_skip_escapes(const char *p, const char *last, uint64_t *size)
{
    uint8_t   begun;
    __m128i   v0, v1, v2, v3, c;
    uint64_t  quote, slash, u, escaped, stop;
    unsigned  n;

    begun = 0;

    while (last - p >= OPENAI_SKIP_BLOCK) {

        openai_load(v, p);

        c = _mm_set1_epi8('"');
        quote = openai_equal(v, c);

        c = _mm_set1_epi8('\\');
        slash = openai_equal(v, c);

        c = _mm_set1_epi8('u');
        u = openai_equal(v, c);

        escaped = openai_skip_escaped(slash, &begun);
        u &= escaped;

        if (u & 1) {
            begun = 1;
            break;
        }

        stop = (quote & ~escaped) | u >> 1;

        if (stop) {
            n = __builtin_ctzll(stop);
            escaped &= ((uint64_t) 1 << n) - 1;
            *size += n - __builtin_popcountll(escaped);

            return p + n;
        }

        *size += OPENAI_SKIP_BLOCK - __builtin_popcountll(escaped);
        p += OPENAI_SKIP_BLOCK;

        if (slash == 0) {
            break;
        }
    }

    /* an escape that goes on here is left to the caller */

    *size -= begun;

    return p - begun;
}

#else

const char *
openai_skip_escapes(const char *p, const char *last, uint64_t *size)
{
    return p;
}

#endif


const char *
openai_skip(openai_skip_t *k, const char *p, const char *last)
{
    char      ch;
#if defined(__SSE2__)
    unsigned  n, plain;

    plain = 1;

    for ( ;; ) {

        if (plain && k->quoted && !k->escaped) {
            p = openai_find_quote(p, last);
        }

        if (last - p < OPENAI_SKIP_BLOCK) {
            break;
        }

        if (k->depth == 0) {
            p = openai_skip_text(k, p, last);

            if (!k->quoted) {
                return p;
            }

            continue;
        }

        n = openai_skip_block(k, p, &plain);

        if (n < OPENAI_SKIP_BLOCK) {
            k->quoted = 0;
            return p + n + 1;
        }

        p += OPENAI_SKIP_BLOCK;
    }
#endif

    while (p < last) {

        ch = *p++;

        if (ch == '\\') {
            k->escaped = !k->escaped;
            continue;
        }

        if (ch == '"') {
            k->quoted ^= !k->escaped;

        } else if (k->quoted) {
            /* void */

        } else if ((ch | 0x20) == '{') {
            k->depth++;

        } else if ((ch | 0x20) == '}') {
            k->depth--;
        }

        k->escaped = 0;

        if (k->depth == 0 && !k->quoted) {
            break;
        }
    }

    return p;
}
