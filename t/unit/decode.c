
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 *
 * Holds the promises of content decoding: an encoded body comes back whole
 * however it is split, a truncated or broken body gives its good part, a bomb
 * stops at its bound, text is its own output whatever its coding is said to be,
 * and all decoders of a process together hold no more than their budget.  Seen
 * to fail when a decoder kept its window until its body ended.
 *
 * Of docs/reliability.md: fault 9.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>
#include <zstd.h>
#include <brotli/encode.h>

#include "digest/wire/decode.h"
#include "tap.h"


typedef struct {
    char    *data;
    size_t   len;
    size_t   size;
} buf_t;


static uint64_t  state;


static uint32_t
rnd(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return n ? (uint32_t) (state >> 16) % n : 0;
}


/* a decoder takes one block; the test owns it, as a pool would */

static void  *block;


static void *
heap(void *ctx, size_t size)
{
    (void) ctx;

    free(block);
    block = malloc(size);

    return block;
}


static const openai_alloc_t  from_heap = { heap, NULL };


static void
put(buf_t *b, const void *data, size_t len)
{
    if (b->len + len > b->size) {
        b->size = (b->len + len) * 2;
        b->data = realloc(b->data, b->size);

        if (b->data == NULL) {
            abort();
        }
    }

    if (len) {
        memcpy(b->data + b->len, data, len);
        b->len += len;
    }
}


static void
twice(buf_t *b)
{
    buf_t  copy;

    memset(&copy, 0, sizeof(copy));
    put(&copy, b->data, b->len);
    put(b, copy.data, copy.len);
    free(copy.data);
}


static int
sink(void *ctx, const char *data, size_t len)
{
    put(ctx, data, len);

    return OPENAI_OK;
}


static void
deflate_with(buf_t *to, const buf_t *from, int bits)
{
    size_t         n;
    z_stream       z;
    unsigned char  out[4096];

    memset(&z, 0, sizeof(z));

    if (deflateInit2(&z, 6, Z_DEFLATED, bits, 8, 0) != Z_OK) {
        abort();
    }

    z.next_in = (unsigned char *) from->data;
    z.avail_in = from->len;

    do {
        z.next_out = out;
        z.avail_out = sizeof(out);
        (void) deflate(&z, Z_FINISH);
        n = sizeof(out) - z.avail_out;
        put(to, out, n);

    } while (n == sizeof(out));

    deflateEnd(&z);
}


static buf_t
encode(const char *coding, const buf_t *from)
{
    buf_t   to;
    size_t  n;

    memset(&to, 0, sizeof(to));

    if (strcmp(coding, "gzip") == 0) {
        deflate_with(&to, from, 31);

    } else if (strcmp(coding, "deflate") == 0) {
        deflate_with(&to, from, 15);

    } else if (strcmp(coding, "raw") == 0) {
        deflate_with(&to, from, -15);

    } else if (strcmp(coding, "br") == 0) {
        to.size = BrotliEncoderMaxCompressedSize(from->len) + 64;
        to.data = malloc(to.size);
        n = to.size;

        if (!BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, from->len,
                                   (uint8_t *) from->data, &n,
                                   (uint8_t *) to.data))
        {
            abort();
        }

        to.len = n;

    } else {
        to.size = ZSTD_compressBound(from->len);
        to.data = malloc(to.size);
        to.len = ZSTD_compress(to.data, to.size, from->data, from->len, 3);
    }

    return to;
}


/* text that compresses, with stretches that do not */

static buf_t
sample(size_t len)
{
    buf_t   b;
    size_t  i;

    memset(&b, 0, sizeof(b));
    b.data = malloc(len + 1);
    b.size = len + 1;
    b.len = len;

    for (i = 0; i < len; i++) {
        b.data[i] = (i / 512) % 3 ? "data: {\"delta\"}\n"[rnd(3) ? i % 16 : 0]
                                  : (char) rnd(256);
    }

    return b;
}


static int
same(const buf_t *a, const buf_t *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}


static int
prefix_of(const buf_t *a, const buf_t *b)
{
    return a->len <= b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}


/* with "whole" the body ends; without, more of it may come */

static int
feed_as(const char *encoding, const buf_t *in, uint64_t max, uint32_t piece,
    int whole, buf_t *out)
{
    int                rc, status;
    size_t             n, pos;
    openai_str_t       e;
    openai_decoder_t  *d;

    e.data = encoding;
    e.len = strlen(encoding);

    memset(out, 0, sizeof(*out));

    d = openai_decoder_create(&from_heap, e, max, &status);
    if (d == NULL) {
        return status == OPENAI_OK ? 100 : 100 + status;
    }

    rc = OPENAI_AGAIN;

    for (pos = 0; pos < in->len; pos += n) {
        n = piece ? 1 + rnd(piece) : in->len;

        if (n > in->len - pos) {
            n = in->len - pos;
        }

        rc = openai_decoder_feed(d, in->data + pos, n, sink, out);
        rc = openai_decoder_feed(d, in->data, 0, sink, out);
    }

    if (whole) {
        rc = openai_decoder_end(d, sink, out);
    }

    openai_decoder_destroy(d);
    openai_decoder_destroy(d);

    return rc;
}


static int
feed(const char *encoding, const buf_t *in, uint64_t max, uint32_t piece,
    buf_t *out)
{
    return feed_as(encoding, in, max, piece, 0, out);
}


static const struct {
    const char  *coding;
    const char  *header;
} codings[] = {
    { "gzip", "gzip" },
    { "gzip", "X-GZip" },
    { "deflate", "deflate" },
    { "raw", "deflate" },
    { "br", "br" },
    { "zstd", " identity, zstd " },
};

#define CODINGS  (sizeof(codings) / sizeof(codings[0]))


static void
test_splits(void)
{
    int       good;
    buf_t     in, enc, out;
    unsigned  i, n;
    char      name[80];

    for (i = 0; i < CODINGS; i++) {
        good = 1;

        for (n = 0; n < 40; n++) {
            in = sample(n < 4 ? n : rnd(200000));
            enc = encode(codings[i].coding, &in);

            good &= feed_as(codings[i].header, &enc, 0,
                            n % 4 == 0 ? 0 : n % 4 == 1 ? 1 : 1u << rnd(16),
                            1, &out) == OPENAI_OK
                    && same(&in, &out);

            free(in.data);
            free(enc.data);
            free(out.data);
        }

        snprintf(name, sizeof(name), "%s as \"%s\" comes back whole",
                 codings[i].coding, codings[i].header);
        ok(good, name);
    }
}


static void
test_truncation(void)
{
    int       good, grows, rc;
    buf_t     in, enc, cut, out;
    size_t    last;
    unsigned  i;
    char      name[80];

    for (i = 0; i < CODINGS; i++) {
        in = sample(3000);
        enc = encode(codings[i].coding, &in);
        cut = enc;
        good = 1;
        grows = 0;
        last = 0;

        for (cut.len = 0; cut.len < enc.len; cut.len++) {
            rc = feed(codings[i].header, &cut, 0, 0, &out);

            good &= rc == OPENAI_AGAIN && prefix_of(&out, &in)
                    && out.len >= last;

            grows += out.len > last;
            last = out.len;
            free(out.data);
        }

        snprintf(name, sizeof(name), "%s cut at each of %u bytes",
                 codings[i].coding, (unsigned) enc.len);
        ok(good, name);

        /* zstd gives whole blocks, the others what the bytes say */
        ok(strcmp(codings[i].coding, "zstd") == 0 ? last <= in.len
                                                  : grows > 100
                                                    && last + 64 > in.len,
           "a cut body gives what could be decoded");

        free(in.data);
        free(enc.data);
    }
}


static void
test_zstd_blocks(void)
{
    buf_t  in, enc, out;

    in = sample(600000);
    enc = encode("zstd", &in);
    enc.len -= 10;

    ok(feed("zstd", &enc, 0, 0, &out) == OPENAI_AGAIN && prefix_of(&out, &in)
       && out.len >= 300000, "zstd cut near its end gives the whole blocks");

    free(in.data);
    free(enc.data);
    free(out.data);
}


static void
test_stacked(void)
{
    buf_t        in, a, b, c, out;
    char        *data;
    size_t       len;
    openai_str_t e, s;

    in = sample(100000);
    a = encode("gzip", &in);
    b = encode("br", &a);
    c = encode("zstd", &b);

    ok(feed("gzip, br", &b, 0, 300, &out) == OPENAI_OK && same(&in, &out),
       "a stack of two is undone from the right");
    free(out.data);

    ok(feed("gzip,br,,identity,zstd", &c, in.len, 50, &out) == OPENAI_OK
       && same(&in, &out), "a stack of three is undone from the right");
    free(out.data);

    ok(feed("br, gzip", &b, 0, 0, &out) == OPENAI_ERROR,
       "the wrong order is an error");
    free(out.data);

    ok(feed("gzip,gzip,gzip,gzip", &b, 0, 0, &out) == OPENAI_ERROR,
       "a stack of four is not known");
    ok(feed("gzip, compress", &b, 0, 0, &out) == OPENAI_ERROR,
       "a coding that is not known is told apart");
    ok(feed("", &b, 0, 0, &out) == 100 && feed("Identity", &b, 0, 0, &out)
       == 100, "identity is told apart");

    e.data = "identity";
    e.len = 8;
    s.data = in.data;
    s.len = in.len;

    ok(openai_decode(e, s, 10, &data, &len) == OPENAI_OK && data == NULL,
       "openai_decode has nothing to do for identity");

    e.data = "compress";
    ok(openai_decode(e, s, 10, &data, &len) == OPENAI_ERROR && data == NULL,
       "openai_decode refuses a coding that is not known");

    free(in.data);
    free(a.data);
    free(b.data);
    free(c.data);
}


static void
test_members(void)
{
    buf_t     in, enc, all, out;
    unsigned  i;

    in = sample(5000);
    memset(&all, 0, sizeof(all));

    enc = encode("gzip", &in);
    twice(&enc);
    put(&all, in.data, in.len);
    put(&all, in.data, in.len);

    for (i = 0; i < 3; i++) {
        ok(feed("gzip", &enc, 0, i, &out) == OPENAI_OK && same(&all, &out),
           "two gzip members are one content");
        free(out.data);
    }

    put(&enc, "\0\0\0\0garbage", 11);
    ok(feed("gzip", &enc, 0, 7, &out) == OPENAI_OK && same(&all, &out),
       "padding behind gzip is ignored");
    free(out.data);

    enc.len -= 11;
    put(&enc, "\x1fgarbage", 8);
    ok(feed("gzip", &enc, 0, 1, &out) == OPENAI_OK && same(&all, &out),
       "padding that begins as a member is ignored");
    free(out.data);
    free(enc.data);

    enc = encode("zstd", &in);
    twice(&enc);
    ok(feed("zstd", &enc, 0, 3, &out) == OPENAI_OK && same(&all, &out),
       "two zstd frames are one content");
    free(out.data);

    put(&enc, "garbage", 7);
    ok(feed("zstd", &enc, 0, 3, &out) == OPENAI_OK && same(&all, &out),
       "padding behind zstd is ignored");
    free(out.data);
    free(enc.data);

    enc = encode("br", &in);
    put(&enc, "garbage", 7);
    ok(feed("br", &enc, 0, 3, &out) == OPENAI_OK && same(&in, &out),
       "padding behind br is ignored");
    free(out.data);
    free(enc.data);

    enc = encode("raw", &in);
    put(&enc, "garbage", 7);
    ok(feed("deflate", &enc, 0, 3, &out) == OPENAI_OK && same(&in, &out),
       "padding behind deflate is ignored");

    free(out.data);
    free(enc.data);
    free(in.data);
    free(all.data);
}


static void
test_broken(void)
{
    int       good, rc;
    buf_t     in, enc, out;
    unsigned  i, n;

    for (i = 0; i < CODINGS; i++) {
        good = 1;

        for (n = 0; n < 300; n++) {
            in = sample(rnd(5000) + 1);
            enc = encode(codings[i].coding, &in);
            enc.data[rnd(enc.len)] ^= 1 << rnd(8);

            rc = feed(codings[i].header, &enc, 6000, rnd(2) * 100, &out);

            good &= out.len <= 6000 && rc >= OPENAI_ERROR
                    && rc <= OPENAI_LIMIT;

            free(in.data);
            free(enc.data);
            free(out.data);
        }

        ok(good, "a flipped bit does no harm");
    }

    in = sample(50000);
    enc = encode("br", &in);
    memset(enc.data + enc.len / 2, 0x55, 600);
    (void) feed("br", &enc, 0, 0, &out);

    /* br has no checksum: damaged literals may even go unnoticed */
    ok(out.len > 10000
       && memcmp(out.data, in.data, 10000) == 0,
       "a broken br body gives what was before the damage");

    free(in.data);
    free(enc.data);
    free(out.data);

    in = sample(5000);
    in.data[0] = '\x80';
    ok(feed("gzip", &in, 0, 1, &out) == OPENAI_ERROR && out.len == 0,
       "bytes that are neither coded nor text are an error");
    free(in.data);
    free(out.data);
}


/* a coding that was not applied, or that is none.  Seen to fail when such a
   body was broken */

static void
test_plain(void)
{
    int                good, status;
    char              *data;
    buf_t              in, out;
    size_t             i, j, len, n;
    openai_str_t       e, s;
    openai_decoder_t  *d;

    static const char *const  words[] = {
        "gzip", "deflate", "br", "zstd", "gzip, br", "utf-8", "compress",
        "gzip,gzip,gzip,gzip"
    };

    static const char *const  bodies[] = {
        "{}", "[1]", "{\"model\":\"m\"}", "data: {\"model\":\"m\"}\n\n",
        "\xef\xbb\xbf{\"model\":\"m\"}", ": hi\n\ndata: [DONE]\r\n\r\n",
        "{\"a text\":\"\xe6\x84\x8f\"}"
    };

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        good = 1;

        for (j = 0; j < sizeof(bodies) / sizeof(bodies[0]); j++) {
            in.data = (char *) bodies[j];
            in.len = strlen(bodies[j]);

            for (n = 0; n < 20; n++) {
                good &= feed_as(words[i], &in, 0, n, 1, &out) == OPENAI_OK
                        && same(&in, &out);
                free(out.data);
            }

            e.data = words[i];
            e.len = strlen(words[i]);
            s.data = in.data;
            s.len = in.len;

            good &= openai_decode(e, s, 100, &data, &len) == OPENAI_OK
                    && len == in.len && memcmp(data, in.data, len) == 0;
            free(data);

            good &= openai_decode(e, s, 1, &data, &len) == OPENAI_LIMIT
                    && len == 1;
            free(data);
        }

        ok(good, words[i]);
    }

    e.data = "utf-8";
    e.len = 5;
    memset(&out, 0, sizeof(out));

    d = openai_decoder_create(&from_heap, e, 0, &status);

    ok(openai_decoder_feed(d, "data: 1\n", 8, sink, &out) == OPENAI_AGAIN
       && !openai_decoder_plain(d)
       && openai_decoder_feed(d, "data: 2\n", 8, sink, &out) == OPENAI_OK
       && openai_decoder_plain(d) && out.len == 16,
       "16 bytes tell that a body is text");

    openai_decoder_destroy(d);
    free(out.data);
}


static int
count(void *ctx, const char *data, size_t len)
{
    (void) data;

    *(uint64_t *) ctx += len;

    return OPENAI_OK;
}


static void
test_bomb(const char *coding)
{
    int                rc, status;
    char              *data;
    buf_t              in, enc;
    size_t             len;
    clock_t            start;
    unsigned           i;
    uint64_t           out, fed;
    openai_str_t       e, s;
    openai_decoder_t  *d;
    char               name[80];

    memset(&in, 0, sizeof(in));
    in.len = 10000000;
    in.data = calloc(1, in.len);

    enc = encode(coding, &in);

    e.data = coding;
    e.len = strlen(coding);
    s.data = enc.data;
    s.len = enc.len;

    ok(openai_decode(e, s, 65537, &data, &len) == OPENAI_LIMIT
       && len == 65537, "openai_decode stops at max");
    free(data);

    ok(openai_decode(e, s, 10000000, &data, &len) == OPENAI_OK
       && len == 10000000 && memcmp(data, in.data, len) == 0,
       "openai_decode with max equal to the size is whole");
    free(data);

    ok(openai_decode(e, s, 9999999, &data, &len) == OPENAI_LIMIT
       && len == 9999999, "openai_decode with one less is not");
    free(data);

    start = clock();
    out = 0;
    fed = 0;
    rc = OPENAI_OK;
    status = OPENAI_OK;

    d = openai_decoder_create(&from_heap, e, 0, &status);

    for (i = 0; i < 1000 && d; i++) {
        rc = openai_decoder_feed(d, enc.data, enc.len, count, &out);

        if (rc != OPENAI_OK) {
            break;
        }

        fed += enc.len;
    }

    snprintf(name, sizeof(name), "a bomb of %s stops at %llu bytes", coding,
             (unsigned long long) out);
    ok(rc == OPENAI_LIMIT
       && out == OPENAI_DECODER_FREE + (fed + enc.len) * 256, name);

    ok(openai_decoder_feed(d, enc.data, enc.len, count, &out)
       == OPENAI_LIMIT, "the bound stays");

    ok((clock() - start) < 2 * CLOCKS_PER_SEC, "and it stops quickly");

    openai_decoder_destroy(d);
    free(in.data);
    free(enc.data);
}


static void
test_window(void)
{
    buf_t              in, out, enc;
    size_t             n;
    ZSTD_CCtx         *c;

    in = sample(4000);
    memset(&enc, 0, sizeof(enc));
    enc.size = 20000;
    enc.data = malloc(enc.size);

    c = ZSTD_createCCtx();
    (void) ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, 27);
    (void) ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);

    {
        ZSTD_inBuffer   ib = { in.data, in.len, 0 };
        ZSTD_outBuffer  ob = { enc.data, enc.size, 0 };

        (void) ZSTD_compressStream2(c, &ob, &ib, ZSTD_e_flush);
        n = ZSTD_compressStream2(c, &ob, &ib, ZSTD_e_end);
        enc.len = ob.pos;
    }

    ok(n == 0 && feed("zstd", &enc, 0, 0, &out) == OPENAI_LIMIT
       && out.len == 0, "a zstd window over 8 MB is refused");

    ZSTD_freeCCtx(c);
    free(in.data);
    free(enc.data);
    free(out.data);
}


static int
refuse(void *ctx, const char *data, size_t len)
{
    (void) ctx;
    (void) data;
    (void) len;

    return 42;
}


static void
test_sink(void)
{
    int                status;
    buf_t              in, enc;
    openai_str_t       e = openai_str("gzip");
    openai_decoder_t  *d;

    in = sample(100);
    enc = encode("gzip", &in);

    d = openai_decoder_create(&from_heap, e, 0, &status);

    ok(d && openai_decoder_feed(d, enc.data, enc.len, refuse, NULL) == 42
       && openai_decoder_feed(d, enc.data, enc.len, refuse, NULL) == 42,
       "what the sink says stops the decoder");

    openai_decoder_destroy(d);
    free(in.data);
    free(enc.data);
}


/* a bomb whose window a decoder has to keep, as its body has not ended */

static buf_t
held_bomb(const char *coding)
{
    buf_t  in, enc;

    memset(&in, 0, sizeof(in));
    in.len = 900000;
    in.data = calloc(1, in.len);

    enc = encode(coding, &in);
    enc.len--;

    free(in.data);

    return enc;
}


#define HELD  4000


/* so many bodies that do not end: uploads, then answers */

static void
test_budget(const char *coding)
{
    int                 rc, refused, early, status;
    buf_t               enc, out;
    char                name[80];
    size_t              most, before;
    unsigned            i, side;
    openai_str_t        e;
    openai_decoder_t  **d;

    static void          *blocks[HELD];
    static const size_t   bounds[] = {
        OPENAI_DECODER_UPLOADS, OPENAI_DECODER_MEMORY
    };

    e.data = coding;
    e.len = strlen(coding);
    enc = held_bomb(coding);
    before = openai_decoder_memory();

    for (side = 0; side < 2; side++) {
        d = calloc(HELD, sizeof(openai_decoder_t *));
        most = 0;
        refused = 0;
        early = 0;

        for (i = 0; i < HELD; i++) {
            d[i] = openai_decoder_create(&from_heap, e, 0, &status);
            blocks[i] = block;
            block = NULL;

            if (side == 0) {
                openai_decoder_upload(d[i], 0);
            }

            memset(&out, 0, sizeof(out));
            rc = openai_decoder_feed(d[i], enc.data, enc.len, sink, &out);
            free(out.data);

            if (rc == OPENAI_NOMEM) {
                refused++;

            } else if (rc != OPENAI_AGAIN || refused) {

                /* what is refused left room for a smaller one, not for this */

                early++;
            }

            if (openai_decoder_memory() > most) {
                most = openai_decoder_memory();
            }
        }

        snprintf(name, sizeof(name), "%d held %s of %s take %zu bytes", HELD,
                 side ? "answers" : "uploads", coding, most);
        ok(most <= bounds[side] && most > bounds[side] / 2, name);
        ok(refused > 0 && early == 0, "more are refused, and say so");

        if (side == 0) {
            openai_decoder_destroy(d[0]);
            d[0] = openai_decoder_create(&from_heap, e, 0, &status);

            rc = openai_decoder_feed(d[0], enc.data, enc.len, count, &most);
            ok(rc == OPENAI_AGAIN, "an answer has the memory that they left");

            openai_decoder_destroy(d[0]);
            free(block);
            block = NULL;
        }

        for (i = 0; i < HELD; i++) {

            if (side == 1 || i) {
                openai_decoder_destroy(d[i]);
            }

            free(blocks[i]);
        }

        ok(openai_decoder_memory() == before, "all of it is given back");
        free(d);
    }

    free(enc.data);
}


/* nothing is decoded of an upload before there is something to gain */

static void
test_wait(const char *coding)
{
    int                rc, status;
    buf_t              in, enc, bomb, out;
    char               name[80];
    size_t             before, pos, held;
    openai_str_t       e;
    openai_decoder_t  *d;

    e.data = coding;
    e.len = strlen(coding);
    before = openai_decoder_memory();

    /* 14 bytes hold hardly more than themselves */

    bomb = held_bomb(coding);
    memset(&out, 0, sizeof(out));

    d = openai_decoder_create(&from_heap, e, 0, &status);
    openai_decoder_upload(d, 1);

    rc = openai_decoder_feed(d, bomb.data, 14, sink, &out);
    snprintf(name, sizeof(name), "14 bytes of a bomb of %s wait", coding);
    ok(rc == OPENAI_AGAIN && out.len == 0
       && openai_decoder_memory() - before < 1024, name);

    openai_decoder_destroy(d);
    ok(openai_decoder_memory() == before, "and go when nobody needs them");

    free(bomb.data);

    /* in pieces, up to the end */

    in = sample(12000);
    enc = encode(coding, &in);

    d = openai_decoder_create(&from_heap, e, 0, &status);
    openai_decoder_upload(d, 1);

    rc = OPENAI_AGAIN;

    for (pos = 0; pos < enc.len && rc == OPENAI_AGAIN; pos++) {
        rc = openai_decoder_feed(d, enc.data + pos, 1, sink, &out);
    }

    held = openai_decoder_memory() - before;
    ok(rc == OPENAI_AGAIN && out.len == 0 && held < 2 * OPENAI_DECODER_WAIT,
       "a short body is decoded at its end");

    rc = openai_decoder_end(d, sink, &out);
    ok(rc == OPENAI_OK && same(&in, &out)
       && openai_decoder_memory() == before, "then it comes whole");

    free(out.data);
    free(in.data);
    free(enc.data);

    /* a longer one as soon as it is longer */

    in = sample(200000);
    enc = encode(coding, &in);
    memset(&out, 0, sizeof(out));

    d = openai_decoder_create(&from_heap, e, 0, &status);
    openai_decoder_upload(d, 1);

    rc = OPENAI_AGAIN;

    for (pos = 0; pos < enc.len && rc == OPENAI_AGAIN; pos += 1000) {
        rc = openai_decoder_feed(d, enc.data + pos,
                                 enc.len - pos < 1000 ? enc.len - pos : 1000,
                                 sink, &out);

        if (pos + 1000 < OPENAI_DECODER_WAIT && out.len) {
            break;
        }
    }

    ok(rc == OPENAI_OK && same(&in, &out)
       && openai_decoder_memory() == before,
       "a long body comes whole, and its end gives the memory back");

    openai_decoder_destroy(d);
    free(out.data);
    free(in.data);
    free(enc.data);
}


/* a decoder that has nothing more to say has no memory, either */

static void
test_released(const char *coding)
{
    int                rc, status;
    buf_t              in, enc;
    size_t             before;
    uint64_t           out;
    unsigned           i;
    openai_str_t       e;
    openai_decoder_t  *d;

    e.data = coding;
    e.len = strlen(coding);
    before = openai_decoder_memory();

    memset(&in, 0, sizeof(in));
    in.len = 3000000;
    in.data = calloc(1, in.len);
    enc = encode(coding, &in);
    out = 0;

    d = openai_decoder_create(&from_heap, e, 500000, &status);
    rc = openai_decoder_feed(d, enc.data, enc.len, count, &out);

    ok(rc == OPENAI_LIMIT && out == 500000
       && openai_decoder_memory() == before,
       "at its bound a decoder gives its memory back");

    d = openai_decoder_create(&from_heap, e, 0, &status);
    rc = OPENAI_AGAIN;

    for (i = 0; i < 1000 && (rc == OPENAI_AGAIN || rc == OPENAI_OK); i++) {
        rc = openai_decoder_feed(d, "\xff\xfe\xfd\xfc\xfb\xfa", 6, count,
                                 &out);
    }

    ok(rc == OPENAI_ERROR && openai_decoder_memory() == before,
       "so it does when the body is broken");

    free(in.data);
    free(enc.data);
}


int
main(int argc, char **argv)
{
    unsigned  i;

    static const char  *held[] = { "gzip", "deflate", "br", "zstd" };

    state = argc > 1 ? strtoull(argv[1], NULL, 10)
                     : (uint64_t) time(NULL) * 2654435761u + 1;

    printf("# seed %llu\n", (unsigned long long) state);

    test_splits();
    test_truncation();
    test_zstd_blocks();
    test_stacked();
    test_members();
    test_broken();
    test_plain();
    test_bomb("gzip");
    test_bomb("deflate");
    test_bomb("br");
    test_bomb("zstd");
    test_window();
    test_sink();

    for (i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
        test_budget(held[i]);
        test_wait(held[i]);
        test_released(held[i]);
    }

    free(block);

    return done_testing();
}
