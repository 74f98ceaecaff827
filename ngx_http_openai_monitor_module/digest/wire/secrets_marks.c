
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Finds the bytes of a body that may tell of a secret: the colon behind a
 * member's name, or the byte of a key's prefix that is rare in text.  All
 * others are skipped 16 or 32 bytes at a time.  secrets.c calls it.
 *
 * No telling byte is left out; some that are found tell nothing.
 */


#include "digest/json/vector.h"
#include "digest/wire/secrets_walk.h"


#if (OPENAI_VECTOR)

/*
 * A bit for each of 16 bytes that may tell.  Sums of two bytes stand for pairs:
 * 'I' and 'z', 'y' and 'J', 'm' and 'V'; 'I' and 'A'.  Other pairs have these
 * sums, too, so each is looked at by itself.
 */

static inline uint32_t
openai_secrets_tellers(const char *p)
{
    openai_vec_t  v, before, any, sum, dots;

    v = openai_vec_load(p);
    before = openai_vec_load(p - 1);
    sum = openai_vec_add(v, before);

    any = openai_vec_or(openai_vec_equal(v, openai_vec_all(':')),
                        openai_vec_equal(v, openai_vec_all('-')));
    any = openai_vec_or(any, openai_vec_equal(v, openai_vec_all('_')));
    any = openai_vec_or(any,
                        openai_vec_equal(sum, openai_vec_all((char) 0xc3)));
    any = openai_vec_or(any,
                        openai_vec_equal(sum, openai_vec_all((char) 0x8a)));

    dots = openai_vec_or(openai_vec_equal(before, openai_vec_all('s')),
                         openai_vec_equal(before, openai_vec_all('9')));
    dots = openai_vec_or(dots, openai_vec_equal(before, openai_vec_all('G')));
    any = openai_vec_or(any,
              openai_vec_and(openai_vec_equal(v, openai_vec_all('.')), dots));

    return openai_vec_bits(any);
}

#endif


#if (OPENAI_AVX2)

/*
 * The same for 32 bytes, on a processor with AVX2.  Two tables, one by each
 * half of a byte, find the bytes that may tell.  Returns where the first block
 * with such a byte begins, from i on, or where fewer than 32 bytes are left.
 */

__attribute__((target("avx2")))
static size_t
openai_secrets_tellers_avx2(const char *p, size_t i, size_t len,
    uint32_t *mask)
{
    __m256i  v, high, found;

    /* bit 0: "-" and "."; 1: ":"; 2: "A" and "J"; 3: "V" and "_"; 4: "z" */

    const __m256i  lows = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 4, 0, 0, 0, 0, 8, 0, 0, 0, 22, 0, 0, 1, 1, 8));
    const __m256i  highs = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 0, 1, 2, 4, 8, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i  half = _mm256_set1_epi8(15);

    for (*mask = 0; i + 32 <= len; i += 32) {

        v = _mm256_loadu_si256((const __m256i *) (p + i));
        high = _mm256_and_si256(_mm256_srli_epi16(v, 4), half);

        found = _mm256_and_si256(
                    _mm256_shuffle_epi8(lows, _mm256_and_si256(v, half)),
                    _mm256_shuffle_epi8(highs, high));

        *mask = ~(uint32_t) _mm256_movemask_epi8(
                                _mm256_cmpeq_epi8(found,
                                                  _mm256_setzero_si256()));
        if (*mask) {
            break;
        }
    }

    return i;
}

#endif


/* goes through the bytes of p that tell, from i on */

void
openai_secrets_marks(openai_secrets_marks_t *m, const openai_secrets_t *s,
    const char *p, size_t i, size_t len)
{
    m->p = p;
    m->len = len;
    m->at = i;
    m->width = 0;
    m->mask = 0;

    if (i == 0 && len) {
        m->width = 1;
        m->mask = openai_secrets_tells(p[0],
                                       s->ntail
                                       ? s->tail[OPENAI_SECRETS_TAIL - 1]
                                       : '\0');
    }
}


void
openai_secrets_next_block(openai_secrets_marks_t *m)
{
#if (OPENAI_VECTOR)
    size_t  n;
#endif

#if (OPENAI_AVX2)

    if (m->at + 32 <= m->len && __builtin_cpu_supports("avx2")) {
        m->at = openai_secrets_tellers_avx2(m->p, m->at, m->len, &m->mask);
        m->width = m->mask ? 32 : 0;
        return;
    }

#endif

#if (OPENAI_VECTOR)

    if (m->len > 16) {

        /* the last block has some bytes of the one before it */

        n = m->len - m->at;
        n = (n < 16) ? 16 - n : 0;

        m->mask = openai_secrets_tellers(m->p + m->at - n) >> n;
        m->width = 16 - n;
        return;
    }

#endif

    /* a byte that is looked at by itself */

    m->mask = 1;
    m->width = 1;
}


size_t
openai_secrets_seek(const openai_secrets_t *s, const char *p, size_t i,
    size_t len)
{
    openai_secrets_marks_t  m;

    openai_secrets_marks(&m, s, p, i, len);

    return openai_secrets_next_mark(&m);
}
