
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Skipping by blocks of 64 bytes: bit i of a mask stands for byte i of the
 * block.
 *
 * The masks of quotes and backslashes give the bytes that are in strings, and
 * only brackets outside of strings count.  Without vectors, and for the last
 * bytes of the input, a loop looks at one byte at a time.
 */


#include "digest/json/bytes.h"
#include "digest/json/skip.h"


#define OPENAI_SKIP_BLOCK  64


#if (OPENAI_VECTOR)

typedef struct {
    uint64_t   quote;
    uint64_t   slash;
    uint64_t   open;
    uint64_t   close;
} openai_skip_masks_t;


#define openai_load(v, p)                                                     \
    v ## 0 = openai_vec_load(p);                                              \
    v ## 1 = openai_vec_load((p) + 16);                                       \
    v ## 2 = openai_vec_load((p) + 32);                                       \
    v ## 3 = openai_vec_load((p) + 48)

#define openai_equal(v, c)                                                    \
    openai_vec_bits4(openai_vec_equal(v ## 0, c), openai_vec_equal(v ## 1, c), \
                     openai_vec_equal(v ## 2, c), openai_vec_equal(v ## 3, c))


static inline void
openai_skip_bytes(openai_skip_masks_t *b, const char *p)
{
    openai_vec_t  v0, v1, v2, v3, w0, w1, w2, w3, blank, c;

    openai_load(v, p);

    blank = openai_vec_all(0x20);

    w0 = openai_vec_or(v0, blank);
    w1 = openai_vec_or(v1, blank);
    w2 = openai_vec_or(v2, blank);
    w3 = openai_vec_or(v3, blank);

    c = openai_vec_all('"');
    b->quote = openai_equal(v, c);

    c = openai_vec_all('\\');
    b->slash = openai_equal(v, c);

    c = openai_vec_all('{');
    b->open = openai_equal(w, c);

    c = openai_vec_all('}');
    b->close = openai_equal(w, c);
}


/* a mask of the bytes that a backslash escapes; *carry: a backslash at the
   end of the last block escapes the first byte of this one */

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


/* returns the place of the value's end in the block, or OPENAI_SKIP_BLOCK when
   the value goes on; *plain: the block has no quote and no backslash */

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


/* skips a string as long as each block of it has a backslash */

static const char *
openai_skip_text(openai_skip_t *k, const char *p, const char *last)
{
    uint64_t      quote, slash;
    openai_vec_t  v0, v1, v2, v3, c;

    do {
        openai_load(v, p);

        c = openai_vec_all('"');
        quote = openai_equal(v, c);

        c = openai_vec_all('\\');
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
    uint8_t       begun;
    uint64_t      quote, slash, u, escaped, stop;
    unsigned      n;
    openai_vec_t  v0, v1, v2, v3, c;

    begun = 0;

    while (last - p >= OPENAI_SKIP_BLOCK) {

        openai_load(v, p);

        c = openai_vec_all('"');
        quote = openai_equal(v, c);

        c = openai_vec_all('\\');
        slash = openai_equal(v, c);

        c = openai_vec_all('u');
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

    /* the caller handles an escape that this block cuts */

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
#if (OPENAI_VECTOR)
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
