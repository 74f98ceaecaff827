
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The fingerprint that stands for a secret in a record: the first bytes of a
 * hash keyed by the zone's salt.  redact.c and capture/head.c call it.
 *
 * Nothing here keeps a secret.  A worker remembers the last fingerprints by a
 * keyed hash of their secrets, because a client sends its key with every
 * request.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_md5.h>

#include "capture/secrets/redact.h"


#define NGX_HTTP_OPENAI_PRINTS  16


/* a fingerprint that was made, by a keyed hash of its secret: the secret itself
   is nowhere kept */

typedef struct {
    uint64_t                 hash;
    char                     print[NGX_HTTP_OPENAI_FINGERPRINT_LEN + 1];
} ngx_http_openai_print_t;


static uint64_t ngx_http_openai_siphash(u_char key[16], u_char *p, size_t len);


static ngx_http_openai_print_t  ngx_http_openai_prints[NGX_HTTP_OPENAI_PRINTS];


uint64_t
ngx_http_openai_hash(ngx_http_openai_redact_t *redact, ngx_str_t *text)
{
    u_char  salt[16];

    ngx_openai_zone_salt(redact->zone, salt);

    return ngx_http_openai_siphash(salt, text->data, text->len);
}


/* clients come again and again with their keys */

void
ngx_http_openai_fingerprint(ngx_http_openai_redact_t *redact,
    ngx_str_t *secret, char out[NGX_HTTP_OPENAI_FINGERPRINT_LEN + 1])
{
    u_char                    digest[16], salt[16];
    uint64_t                  hash;
    ngx_md5_t                 md5;
    ngx_http_openai_print_t  *print;

    ngx_openai_zone_salt(redact->zone, salt);

    hash = ngx_http_openai_siphash(salt, secret->data, secret->len);
    print = &ngx_http_openai_prints[hash % NGX_HTTP_OPENAI_PRINTS];

    if (print->hash != hash || print->print[0] == '\0') {

        ngx_md5_init(&md5);
        ngx_md5_update(&md5, salt, sizeof(salt));
        ngx_md5_update(&md5, secret->data, secret->len);
        ngx_md5_update(&md5, salt, sizeof(salt));
        ngx_md5_final(digest, &md5);

        (void) ngx_hex_dump((u_char *) print->print, digest,
                            NGX_HTTP_OPENAI_FINGERPRINT_LEN / 2);

        print->print[NGX_HTTP_OPENAI_FINGERPRINT_LEN] = '\0';
        print->hash = hash;
    }

    ngx_memcpy(out, print->print, sizeof(print->print));
}


/* SipHash-1-3, for a table of this process */

#define ngx_http_openai_rotl(x, n)  ((x) << (n) | (x) >> (64 - (n)))

#define ngx_http_openai_sipround(v)                                          \
    v[0] += v[1]; v[1] = ngx_http_openai_rotl(v[1], 13) ^ v[0];              \
    v[0] = ngx_http_openai_rotl(v[0], 32);                                   \
    v[2] += v[3]; v[3] = ngx_http_openai_rotl(v[3], 16) ^ v[2];              \
    v[0] += v[3]; v[3] = ngx_http_openai_rotl(v[3], 21) ^ v[0];              \
    v[2] += v[1]; v[1] = ngx_http_openai_rotl(v[1], 17) ^ v[2];              \
    v[2] = ngx_http_openai_rotl(v[2], 32)


/* the last n bytes of a word, 0 < n < 8, as its lowest */

#if (NGX_HAVE_LITTLE_ENDIAN)
#define ngx_http_openai_tail(word, n)  ((word) >> (64 - 8 * (n)))
#else
#define ngx_http_openai_tail(word, n)                                        \
    ((word) & (((uint64_t) 1 << 8 * (n)) - 1))
#endif


static uint64_t
ngx_http_openai_siphash(u_char key[16], u_char *p, size_t len)
{
    size_t      n;
    uint64_t    v[4], k0, k1, word;
    ngx_uint_t  i;

    ngx_memcpy(&k0, key, 8);
    ngx_memcpy(&k1, key + 8, 8);

    v[0] = k0 ^ 0x736f6d6570736575ULL;
    v[1] = k1 ^ 0x646f72616e646f6dULL;
    v[2] = k0 ^ 0x6c7967656e657261ULL;
    v[3] = k1 ^ 0x7465646279746573ULL;

    for (n = len; n >= 8; n -= 8, p += 8) {
        ngx_memcpy(&word, p, 8);

        v[3] ^= word;
        ngx_http_openai_sipround(v);
        v[0] ^= word;
    }

    if (n && len >= 8) {

        /* with bytes of the word before, which go */

        ngx_memcpy(&word, p + n - 8, 8);
        word = ngx_http_openai_tail(word, n);

    } else {
        for (word = 0; n > 0; n--) {
            word = word << 8 | p[n - 1];
        }
    }

    word |= (uint64_t) len << 56;

    v[3] ^= word;
    ngx_http_openai_sipround(v);
    v[0] ^= word;

    v[2] ^= 0xff;

    for (i = 0; i < 3; i++) {
        ngx_http_openai_sipround(v);
    }

    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
