
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Decodes compressed bodies with zlib, libbrotli and libzstd.
 *
 * Invariants: all memory of the libraries comes from openai_decoder_take(),
 * which counts it; a decoder that did not return OPENAI_AGAIN holds none; the
 * output never exceeds the bound of its decoder.
 *
 * Upstreams and clients name codings that they did not apply, and words that
 * are no coding.  So the first bytes of a body are held until they tell whether
 * it is text, which no coding begins with.
 */


#define ZSTD_STATIC_LINKING_ONLY    /* for its allocator */

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>
#include <brotli/decode.h>

#include "digest/json/json.h"
#include "digest/wire/decode.h"


#define OPENAI_DECODER_BUFFER  8192

/* brotli drops pending output on an error, so small slices lose little */

#define OPENAI_DECODER_BROTLI_SLICE  1024

/* bytes that an outer coding may add to incompressible data */

#define OPENAI_DECODER_SLACK  65536


/* the first size of the buffer for input that waits */

#define OPENAI_DECODER_PENDING  256

/* so many bytes are UTF-8 without control characters by chance once in 400,000
   times.  A single byte may be the whole of an empty body in brotli */

#define OPENAI_DECODER_TEXT      16
#define OPENAI_DECODER_TEXT_MIN  2


typedef enum {
    OPENAI_CODING_GZIP = 0,
    OPENAI_CODING_DEFLATE,
    OPENAI_CODING_BROTLI,
    OPENAI_CODING_ZSTD
} openai_coding_e;


/* the head of each block that a library gets */

typedef union {
    size_t                    size;        /* with this head */
    max_align_t               align;
} openai_decoder_block_t;


typedef struct {
    openai_coding_e           kind;

    union {
        z_stream              zlib;
        BrotliDecoderState   *brotli;
        ZSTD_DStream         *zstd;
    } u;

    uint64_t                  out;
    uint64_t                  member;      /* out when the last member ended */

    unsigned                  open:1;      /* u holds a live state */
    unsigned                  ended:1;     /* between members, or at the end */
    unsigned                  members:1;   /* at least one has ended */
    unsigned                  closed:1;    /* what follows is padding */
    unsigned                  held:1;      /* first holds a byte */
    unsigned                  decided:1;   /* with a zlib header or without */
    unsigned char             first;
} openai_coding_t;


struct openai_decoder_s {
    openai_coding_t           codings[OPENAI_DECODER_CODINGS];
    unsigned                  n;
    int                       state;
    uint64_t                  in;
    uint64_t                  max;
    size_t                    budget;      /* of all decoders; 0: no bound */

    /* input that waits for the rest of "wait" bytes */

    size_t                    wait;        /* 0: enough has come */
    char                     *pending;
    size_t                    npending;
    size_t                    size;        /* of pending */

    unsigned                  unknown:1;   /* a coding is not known */
    unsigned                  plain:1;     /* the input is text */
    unsigned                  starved:1;   /* it is memory that is short */

    openai_decoder_sink_pt    sink;
    void                     *ctx;
};


typedef struct {
    char                     *data;
    size_t                    len;
    size_t                    size;
    size_t                    max;
} openai_decode_buf_t;


static void openai_decoder_init(openai_decoder_t *d, openai_str_t encoding);
static void openai_decoder_push(openai_decoder_t *d, openai_str_t name);
static int openai_decoder_hold(openai_decoder_t *d, const void *in,
    size_t len);
static int openai_decoder_release(openai_decoder_t *d, const void *in,
    size_t len);
static int openai_decoder_text(openai_decoder_t *d, const void *in,
    size_t len);
static int openai_decoder_run(openai_decoder_t *d, const void *in, size_t len);
static int openai_decoder_pass(openai_decoder_t *d, const void *in,
    size_t len);
static void openai_decoder_close(openai_decoder_t *d);
static void *openai_decoder_take(void *ctx, size_t size);
static void *openai_decoder_take_items(void *ctx, unsigned n, unsigned size);
static void openai_decoder_give(void *ctx, void *p);
static int openai_coding_kind(openai_coding_t *c, openai_str_t name);
static int openai_coding_open(openai_decoder_t *d, openai_coding_t *c);
static int openai_coding_open_zlib(openai_decoder_t *d, openai_coding_t *c,
    int bits);
static int openai_coding_open_zstd(openai_decoder_t *d, openai_coding_t *c);
static void openai_coding_close(openai_coding_t *c);
static int openai_coding_feed(openai_decoder_t *d, openai_coding_t *c,
    const unsigned char *in, size_t len);
static int openai_coding_gzip(openai_decoder_t *d, openai_coding_t *c,
    const unsigned char *in, size_t len);
static int openai_coding_deflate(openai_decoder_t *d, openai_coding_t *c,
    const unsigned char *in, size_t len);
static int openai_coding_inflate(openai_decoder_t *d, openai_coding_t *c,
    const unsigned char *in, size_t *len);
static int openai_coding_brotli(openai_decoder_t *d, openai_coding_t *c,
    const unsigned char *in, size_t len);
static int openai_coding_zstd(openai_decoder_t *d, openai_coding_t *c,
    const unsigned char *in, size_t len);
static int openai_coding_zstd_error(openai_coding_t *c, ZSTD_ErrorCode code);
static int openai_coding_broken(openai_coding_t *c);
static void openai_coding_end(openai_coding_t *c);
static int openai_coding_emit(openai_decoder_t *d, openai_coding_t *c,
    const unsigned char *data, size_t len);
static int openai_decode_sink(void *ctx, const char *data, size_t len);


/* bytes that the decoders of this process hold, with their heads */

static size_t  openai_decoder_used;


openai_decoder_t *
openai_decoder_create(const openai_alloc_t *alloc, openai_str_t encoding,
    uint64_t max, int *status)
{
    openai_decoder_t  *d;

    d = alloc->alloc(alloc->ctx, sizeof(openai_decoder_t));
    if (d == NULL) {
        *status = OPENAI_NOMEM;
        return NULL;
    }

    memset(d, 0, sizeof(openai_decoder_t));
    d->max = max;
    d->budget = OPENAI_DECODER_MEMORY;

    *status = OPENAI_OK;

    openai_decoder_init(d, encoding);

    return (d->n || d->unknown) ? d : NULL;
}


void
openai_decoder_upload(openai_decoder_t *d, int wait)
{
    d->budget = OPENAI_DECODER_UPLOADS;

    if (wait) {
        d->wait = OPENAI_DECODER_WAIT;
    }
}


int
openai_decoder_feed(openai_decoder_t *d, const void *in, size_t len,
    openai_decoder_sink_pt sink, void *ctx)
{
    int  rc;

    if (d->state != OPENAI_OK) {
        return d->state;
    }

    d->in += len;
    d->sink = sink;
    d->ctx = ctx;

    if (d->in < d->wait
        && (d->wait > OPENAI_DECODER_TEXT || openai_decoder_text(d, in, len)))
    {
        rc = openai_decoder_hold(d, in, len);

    } else {
        rc = openai_decoder_release(d, in, len);
    }

    /* at its bound, broken or at its end it needs no window any more */

    if (rc != OPENAI_AGAIN) {
        openai_decoder_close(d);
    }

    if (rc != OPENAI_AGAIN && rc != OPENAI_OK) {
        d->state = rc;
    }

    return rc;
}


int
openai_decoder_end(openai_decoder_t *d, openai_decoder_sink_pt sink, void *ctx)
{
    int  rc;

    if (d->state != OPENAI_OK) {
        return d->state;
    }

    d->sink = sink;
    d->ctx = ctx;

    rc = openai_decoder_release(d, NULL, 0);

    openai_decoder_destroy(d);

    return rc;
}


int
openai_decoder_plain(const openai_decoder_t *d)
{
    return d && d->plain;
}


void
openai_decoder_destroy(openai_decoder_t *d)
{
    if (d == NULL) {
        return;
    }

    openai_decoder_close(d);

    if (d->state == OPENAI_OK) {
        d->state = OPENAI_ERROR;
    }
}


size_t
openai_decoder_memory(void)
{
    return openai_decoder_used;
}


/* codings[] has the order of the header, so the last one is decoded first */

static void
openai_decoder_init(openai_decoder_t *d, openai_str_t encoding)
{
    const char   *p, *last;
    openai_str_t  name;

    d->wait = OPENAI_DECODER_TEXT;

    p = encoding.data;
    last = p + encoding.len;

    while (p < last) {

        while (p < last && (*p == ' ' || *p == '\t' || *p == ',')) {
            p++;
        }

        name.data = p;

        while (p < last && *p != ' ' && *p != '\t' && *p != ',') {
            p++;
        }

        name.len = p - name.data;

        openai_decoder_push(d, name);
    }
}


static void
openai_decoder_push(openai_decoder_t *d, openai_str_t name)
{
    if (name.len == 0
        || (name.len == 8 && strncasecmp(name.data, "identity", 8) == 0))
    {
        return;
    }

    if (d->n == OPENAI_DECODER_CODINGS
        || openai_coding_kind(&d->codings[d->n], name) != OPENAI_OK)
    {
        d->unknown = 1;
        return;
    }

    d->n++;
}


static int
openai_decoder_hold(openai_decoder_t *d, const void *in, size_t len)
{
    char    *p;
    size_t   size;

    if (len > d->size - d->npending) {

        size = d->size ? d->size : OPENAI_DECODER_PENDING;

        while (len > size - d->npending) {
            size *= 2;
        }

        p = openai_decoder_take(d, size);
        if (p == NULL) {
            return OPENAI_NOMEM;
        }

        if (d->npending) {
            memcpy(p, d->pending, d->npending);
        }

        openai_decoder_give(d, d->pending);

        d->pending = p;
        d->size = size;
    }

    if (len) {
        memcpy(d->pending + d->npending, in, len);
        d->npending += len;
    }

    return OPENAI_AGAIN;
}


/* decodes the pending input, if there is any, and what has come behind it */

static int
openai_decoder_release(openai_decoder_t *d, const void *in, size_t len)
{
    int     rc;
    char   *p;
    size_t  n;

    if (d->wait) {
        d->wait = 0;
        d->plain = (d->in >= OPENAI_DECODER_TEXT_MIN
                    && openai_decoder_text(d, in, len));
    }

    p = d->pending;
    n = d->npending;

    d->pending = NULL;
    d->npending = 0;
    d->size = 0;

    rc = openai_decoder_run(d, p, n);

    openai_decoder_give(d, p);

    if (len && (rc == OPENAI_OK || rc == OPENAI_AGAIN)) {
        rc = openai_decoder_run(d, in, len);
    }

    return rc;
}


/* returns 1 if all that has come of the first bytes is text */

static int
openai_decoder_text(openai_decoder_t *d, const void *in, size_t len)
{
    char           head[OPENAI_DECODER_TEXT];
    size_t         i, n;
    unsigned char  ch;

    n = d->npending < sizeof(head) ? d->npending : sizeof(head);

    if (n) {
        memcpy(head, d->pending, n);
    }

    if (len > sizeof(head) - n) {
        len = sizeof(head) - n;
    }

    if (len) {
        memcpy(head + n, in, len);
        n += len;
    }

    for (i = 0; i < n; i += len) {
        ch = (unsigned char) head[i];

        if (ch == 0x7f || (ch < ' ' && ch != '\t' && ch != '\r' && ch != '\n'))
        {
            return 0;
        }

        len = openai_utf8(head + i, n - i);

        if (len == 0) {
            return openai_utf8_cut(head + i, n - i);
        }
    }

    return 1;
}


static int
openai_decoder_run(openai_decoder_t *d, const void *in, size_t len)
{
    int       rc;
    unsigned  i;

    if (d->plain) {
        return openai_decoder_pass(d, in, len);
    }

    if (d->unknown) {
        return OPENAI_ERROR;
    }

    if (len) {
        rc = openai_coding_feed(d, &d->codings[d->n - 1], in, len);

        if (rc != OPENAI_OK) {
            return rc;
        }
    }

    for (i = 0; i < d->n; i++) {
        if (!d->codings[i].ended) {
            return OPENAI_AGAIN;
        }
    }

    return OPENAI_OK;
}


/* text is its own output, of which only a given maximum is a bound */

static int
openai_decoder_pass(openai_decoder_t *d, const void *in, size_t len)
{
    int       rc;
    size_t    n;
    uint64_t  room;

    room = d->max ? d->max - d->codings[0].out : UINT64_MAX;
    n = len > room ? (size_t) room : len;

    if (n) {
        d->codings[0].out += n;

        rc = d->sink(d->ctx, in, n);
        if (rc != OPENAI_OK) {
            return rc;
        }
    }

    return n < len ? OPENAI_LIMIT : OPENAI_OK;
}


/* gives all memory back; a further member opens its coding again */

static void
openai_decoder_close(openai_decoder_t *d)
{
    unsigned  i;

    for (i = 0; i < d->n; i++) {
        openai_coding_close(&d->codings[i]);
    }

    openai_decoder_give(d, d->pending);

    d->pending = NULL;
    d->npending = 0;
    d->size = 0;
}


/* takes memory for a library or for pending input, within the budget */

static void *
openai_decoder_take(void *ctx, size_t size)
{
    openai_decoder_t        *d = ctx;
    openai_decoder_block_t  *block;

    size += sizeof(openai_decoder_block_t);

    if (d->budget
        && (openai_decoder_used >= d->budget
            || size > d->budget - openai_decoder_used))
    {
        d->starved = 1;
        return NULL;
    }

    block = malloc(size);
    if (block == NULL) {
        d->starved = 1;
        return NULL;
    }

    block->size = size;
    openai_decoder_used += size;

    return block + 1;
}


static void *
openai_decoder_take_items(void *ctx, unsigned n, unsigned size)
{
    return openai_decoder_take(ctx, (size_t) n * size);
}


static void
openai_decoder_give(void *ctx, void *p)
{
    openai_decoder_block_t  *block;

    if (p == NULL) {
        return;
    }

    block = (openai_decoder_block_t *) p - 1;

    openai_decoder_used -= block->size;

    free(block);
}


static int
openai_coding_kind(openai_coding_t *c, openai_str_t name)
{
    unsigned  i;

    static const struct {
        openai_str_t     name;
        openai_coding_e  kind;
    } known[] = {
        { openai_str("gzip"), OPENAI_CODING_GZIP },
        { openai_str("x-gzip"), OPENAI_CODING_GZIP },
        { openai_str("deflate"), OPENAI_CODING_DEFLATE },
        { openai_str("br"), OPENAI_CODING_BROTLI },
        { openai_str("zstd"), OPENAI_CODING_ZSTD }
    };

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {

        if (name.len == known[i].name.len
            && strncasecmp(name.data, known[i].name.data, name.len) == 0)
        {
            c->kind = known[i].kind;
            return OPENAI_OK;
        }
    }

    return OPENAI_ERROR;
}


static int
openai_coding_open(openai_decoder_t *d, openai_coding_t *c)
{
    int  rc;

    switch (c->kind) {

    case OPENAI_CODING_GZIP:
        rc = openai_coding_open_zlib(d, c, MAX_WBITS + (c->members ? 16 : 32));
        break;

    case OPENAI_CODING_DEFLATE:
        rc = openai_coding_open_zlib(d, c, MAX_WBITS);
        break;

    case OPENAI_CODING_BROTLI:
        c->u.brotli = BrotliDecoderCreateInstance(openai_decoder_take,
                                                  openai_decoder_give, d);
        rc = c->u.brotli ? OPENAI_OK : OPENAI_NOMEM;
        break;

    default: /* OPENAI_CODING_ZSTD */
        rc = openai_coding_open_zstd(d, c);
        break;
    }

    c->open = (rc == OPENAI_OK);

    return rc;
}


static int
openai_coding_open_zlib(openai_decoder_t *d, openai_coding_t *c, int bits)
{
    memset(&c->u.zlib, 0, sizeof(z_stream));

    c->u.zlib.zalloc = openai_decoder_take_items;
    c->u.zlib.zfree = openai_decoder_give;
    c->u.zlib.opaque = d;

    return inflateInit2(&c->u.zlib, bits) == Z_OK ? OPENAI_OK : OPENAI_NOMEM;
}


static int
openai_coding_open_zstd(openai_decoder_t *d, openai_coding_t *c)
{
    ZSTD_customMem  mem;

    mem.customAlloc = openai_decoder_take;
    mem.customFree = openai_decoder_give;
    mem.opaque = d;

    c->u.zstd = ZSTD_createDStream_advanced(mem);

    if (c->u.zstd == NULL) {
        return OPENAI_NOMEM;
    }

    if (ZSTD_isError(ZSTD_DCtx_setParameter(c->u.zstd, ZSTD_d_windowLogMax,
                                            OPENAI_DECODER_ZSTD_LOG)))
    {
        ZSTD_freeDStream(c->u.zstd);
        return OPENAI_NOMEM;
    }

    return OPENAI_OK;
}


static void
openai_coding_close(openai_coding_t *c)
{
    if (!c->open) {
        return;
    }

    switch (c->kind) {

    case OPENAI_CODING_BROTLI:
        BrotliDecoderDestroyInstance(c->u.brotli);
        break;

    case OPENAI_CODING_ZSTD:
        ZSTD_freeDStream(c->u.zstd);
        break;

    default: /* OPENAI_CODING_GZIP, OPENAI_CODING_DEFLATE */
        (void) inflateEnd(&c->u.zlib);
        break;
    }

    c->open = 0;
}


static int
openai_coding_feed(openai_decoder_t *d, openai_coding_t *c,
    const unsigned char *in, size_t len)
{
    int  rc;

    /* these two have no members, so bytes after the end are padding */

    if (c->closed
        || (c->ended && (c->kind == OPENAI_CODING_DEFLATE
                         || c->kind == OPENAI_CODING_BROTLI)))
    {
        return OPENAI_OK;
    }

    if (!c->open) {
        rc = openai_coding_open(d, c);
        if (rc != OPENAI_OK) {
            return rc;
        }
    }

    switch (c->kind) {

    case OPENAI_CODING_GZIP:
        return openai_coding_gzip(d, c, in, len);

    case OPENAI_CODING_DEFLATE:
        return openai_coding_deflate(d, c, in, len);

    case OPENAI_CODING_BROTLI:
        return openai_coding_brotli(d, c, in, len);

    default: /* OPENAI_CODING_ZSTD */
        return openai_coding_zstd(d, c, in, len);
    }
}


/* several members are one content; clients ignore other bytes after the first
   member as padding */

static int
openai_coding_gzip(openai_decoder_t *d, openai_coding_t *c,
    const unsigned char *in, size_t len)
{
    int     rc;
    size_t  rest;

    while (len && !c->closed) {

        if (c->ended) {
            if (*in != 0x1f) {
                c->closed = 1;
                return OPENAI_OK;
            }

            if (inflateReset2(&c->u.zlib, MAX_WBITS + 16) != Z_OK) {
                return OPENAI_NOMEM;
            }

            c->ended = 0;
        }

        rest = len;

        rc = openai_coding_inflate(d, c, in, &rest);
        if (rc != OPENAI_OK) {
            return rc;
        }

        in += len - rest;
        len = rest;
    }

    return OPENAI_OK;
}


/* "deflate" means zlib, but some servers send it without the zlib header */

static int
openai_coding_deflate(openai_decoder_t *d, openai_coding_t *c,
    const unsigned char *in, size_t len)
{
    int            rc;
    size_t         rest;
    unsigned       head;
    unsigned char  first;

    if (!c->decided && !c->held) {
        c->held = 1;
        c->first = *in++;
        len--;
    }

    if (!c->decided && len) {
        c->decided = 1;

        head = (c->first << 8) | *in;

        if ((c->first & 0x8f) != 0x08 || head % 31) {
            if (inflateReset2(&c->u.zlib, -MAX_WBITS) != Z_OK) {
                return OPENAI_NOMEM;
            }
        }

        first = c->first;
        rest = 1;

        rc = openai_coding_inflate(d, c, &first, &rest);
        if (rc != OPENAI_OK) {
            return rc;
        }
    }

    if (c->ended || len == 0) {
        return OPENAI_OK;
    }

    rest = len;

    return openai_coding_inflate(d, c, in, &rest);
}


/* decodes up to the end of the member; *len becomes the rest of the input */

static int
openai_coding_inflate(openai_decoder_t *d, openai_coding_t *c,
    const unsigned char *in, size_t *len)
{
    int            rc, zrc;
    uInt           n;
    z_stream      *z;
    unsigned char  buf[OPENAI_DECODER_BUFFER];

    z = &c->u.zlib;
    n = 0;

    do {
        if (n == 0) {
            n = *len > 0x10000000 ? 0x10000000 : (uInt) *len;
            z->next_in = (unsigned char *) in;
            z->avail_in = n;
        }

        z->next_out = buf;
        z->avail_out = sizeof(buf);

        zrc = inflate(z, Z_SYNC_FLUSH);

        rc = openai_coding_emit(d, c, buf, sizeof(buf) - z->avail_out);
        if (rc != OPENAI_OK) {
            return rc;
        }

        in += n - z->avail_in;
        *len -= n - z->avail_in;
        n = z->avail_in;

        if (zrc == Z_STREAM_END) {
            openai_coding_end(c);
            return OPENAI_OK;
        }

        if (zrc == Z_MEM_ERROR) {
            return OPENAI_NOMEM;
        }

        if (zrc != Z_OK && zrc != Z_BUF_ERROR) {
            *len = 0;
            return openai_coding_broken(c);
        }

    } while (*len || z->avail_out == 0);

    return OPENAI_OK;
}


static int
openai_coding_brotli(openai_decoder_t *d, openai_coding_t *c,
    const unsigned char *in, size_t len)
{
    int                   rc;
    size_t                n, left, room;
    unsigned char        *out;
    unsigned char         buf[OPENAI_DECODER_BUFFER];
    BrotliDecoderResult   brc;

    while (len && !c->ended) {
        n = len;

        if (n > OPENAI_DECODER_BROTLI_SLICE) {
            n = OPENAI_DECODER_BROTLI_SLICE;
        }

        left = n;

        do {
            out = buf;
            room = sizeof(buf);

            brc = BrotliDecoderDecompressStream(c->u.brotli, &left, &in,
                                                &room, &out, NULL);

            rc = openai_coding_emit(d, c, buf, out - buf);
            if (rc != OPENAI_OK) {
                return rc;
            }

        } while (brc == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT);

        if (brc == BROTLI_DECODER_RESULT_ERROR) {
            return d->starved ? OPENAI_NOMEM : OPENAI_ERROR;
        }

        if (brc == BROTLI_DECODER_RESULT_SUCCESS) {
            openai_coding_end(c);
        }

        len -= n;
    }

    return OPENAI_OK;
}


static int
openai_coding_zstd(openai_decoder_t *d, openai_coding_t *c,
    const unsigned char *in, size_t len)
{
    int             rc;
    size_t          n;
    ZSTD_inBuffer   ib;
    ZSTD_outBuffer  ob;
    unsigned char   buf[OPENAI_DECODER_BUFFER];

    ib.src = in;
    ib.size = len;
    ib.pos = 0;

    ob.dst = buf;
    ob.size = sizeof(buf);
    ob.pos = 0;

    while (!c->closed
           && (ib.pos < ib.size || (ob.pos == ob.size && !c->ended)))
    {
        c->ended = 0;
        ob.pos = 0;

        n = ZSTD_decompressStream(c->u.zstd, &ob, &ib);

        if (ZSTD_isError(n)) {
            return openai_coding_zstd_error(c, ZSTD_getErrorCode(n));
        }

        rc = openai_coding_emit(d, c, buf, ob.pos);
        if (rc != OPENAI_OK) {
            return rc;
        }

        if (n == 0) {
            openai_coding_end(c);
        }
    }

    return OPENAI_OK;
}


static int
openai_coding_zstd_error(openai_coding_t *c, ZSTD_ErrorCode code)
{
    switch (code) {

    case ZSTD_error_memory_allocation:
        return OPENAI_NOMEM;

    case ZSTD_error_frameParameter_windowTooLarge:
        return OPENAI_LIMIT;

    case ZSTD_error_prefix_unknown:
        return openai_coding_broken(c);

    default:
        return OPENAI_ERROR;
    }
}


static void
openai_coding_end(openai_coding_t *c)
{
    c->ended = 1;
    c->members = 1;
    c->member = c->out;
}


/* broken input after a whole member is padding, unless it gave output */

static int
openai_coding_broken(openai_coding_t *c)
{
    if (!c->members || c->out != c->member) {
        return OPENAI_ERROR;
    }

    c->ended = 1;
    c->closed = 1;

    return OPENAI_OK;
}


static int
openai_coding_emit(openai_decoder_t *d, openai_coding_t *c,
    const unsigned char *data, size_t len)
{
    int       rc;
    size_t    n;
    uint64_t  limit;

    limit = d->max;

    if (limit == 0) {
        limit = OPENAI_DECODER_FREE + d->in * OPENAI_DECODER_RATIO;
    }

    if (c != d->codings && limit < UINT64_MAX / 4) {
        limit = limit * 2 + OPENAI_DECODER_SLACK;
    }

    n = len > limit - c->out ? (size_t) (limit - c->out) : len;

    c->out += n;
    rc = OPENAI_OK;

    if (n && c == d->codings) {
        rc = d->sink(d->ctx, (const char *) data, n);

    } else if (n) {
        rc = openai_coding_feed(d, c - 1, data, n);
    }

    if (rc == OPENAI_OK && n < len) {
        return OPENAI_LIMIT;
    }

    return rc;
}


int
openai_decode(openai_str_t encoding, openai_str_t in, size_t max, char **out,
    size_t *out_len)
{
    int                  rc, plain;
    openai_decoder_t     d;
    openai_decode_buf_t  b;

    *out = NULL;
    *out_len = 0;

    memset(&d, 0, sizeof(openai_decoder_t));
    d.max = max;

    openai_decoder_init(&d, encoding);

    if ((d.n == 0 && !d.unknown) || in.len == 0) {
        return OPENAI_OK;
    }

    plain = (in.len >= OPENAI_DECODER_TEXT_MIN
             && openai_decoder_text(&d, in.data, in.len));

    if (d.unknown && !plain) {
        return OPENAI_ERROR;
    }

    if (max == 0) {
        return OPENAI_LIMIT;
    }

    b.len = 0;
    b.max = max;
    b.size = in.len < max / 4 ? in.len * 4 : max;
    b.data = malloc(b.size);

    if (b.data == NULL) {
        return OPENAI_NOMEM;
    }

    d.wait = 0;
    d.plain = plain;

    rc = openai_decoder_feed(&d, in.data, in.len, openai_decode_sink, &b);

    openai_decoder_destroy(&d);

    *out = b.data;
    *out_len = b.len;

    return rc;
}


static int
openai_decode_sink(void *ctx, const char *data, size_t len)
{
    openai_decode_buf_t  *b = ctx;

    char    *p;
    size_t   size;

    if (len > b->size - b->len) {

        for (size = b->size; len > size - b->len; /* void */ ) {
            size = size < b->max / 2 ? size * 2 : b->max;
        }

        p = realloc(b->data, size);
        if (p == NULL) {
            return OPENAI_NOMEM;
        }

        b->data = p;
        b->size = size;
    }

    memcpy(b->data + b->len, data, len);
    b->len += len;

    return OPENAI_OK;
}
