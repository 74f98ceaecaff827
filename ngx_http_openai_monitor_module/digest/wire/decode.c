
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>
#include <brotli/decode.h>

#include "digest/wire/decode.h"


#define OPENAI_DECODER_BUFFER  8192

/* brotli drops its pending output on an error: small slices lose little */

#define OPENAI_DECODER_BROTLI_SLICE  1024

/* what a coding in the middle of a stack may add to incompressible data */

#define OPENAI_DECODER_SLACK  65536


typedef struct openai_coding_s  openai_coding_t;

struct openai_coding_s {
    int                     (*feed)(openai_decoder_t *d, openai_coding_t *c,
                                const unsigned char *in, size_t len);
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
};


struct openai_decoder_s {
    openai_coding_t           codings[OPENAI_DECODER_CODINGS];
    unsigned                  n;
    int                       state;
    int                       starved;     /* it is memory that is short */
    uint64_t                  in;
    uint64_t                  max;
    openai_decoder_sink_pt    sink;
    void                     *ctx;
};


typedef struct {
    char                     *data;
    size_t                    len;
    size_t                    size;
    size_t                    max;
} openai_decode_buf_t;


static int openai_decoder_init(openai_decoder_t *d, openai_str_t encoding);
static int openai_decoder_push(openai_decoder_t *d, openai_str_t name);
static int openai_coding_open(openai_coding_t *c, openai_str_t name);
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
static int openai_coding_zstd_error(openai_decoder_t *d, openai_coding_t *c,
    ZSTD_ErrorCode code);
static int openai_coding_broken(openai_coding_t *c);
static void openai_coding_end(openai_coding_t *c);
static int openai_coding_emit(openai_decoder_t *d, openai_coding_t *c,
    const unsigned char *data, size_t len);
static int openai_decode_sink(void *ctx, const char *data, size_t len);


openai_decoder_t *
openai_decoder_create(const openai_alloc_t *alloc, openai_str_t encoding,
    uint64_t max, int *status)
{
    openai_decoder_t  *d;

    d = alloc->alloc(alloc->ctx, sizeof(openai_decoder_t));
    if (d == NULL) {
        *status = OPENAI_LIMIT;
        return NULL;
    }

    memset(d, 0, sizeof(openai_decoder_t));
    d->max = max;

    *status = openai_decoder_init(d, encoding);

    if (*status != OPENAI_OK || d->n == 0) {
        openai_decoder_destroy(d);
        return NULL;
    }

    return d;
}


int
openai_decoder_feed(openai_decoder_t *d, const void *in, size_t len,
    openai_decoder_sink_pt sink, void *ctx)
{
    int               rc;
    unsigned          i;
    openai_coding_t  *c;

    if (d->state != OPENAI_OK) {
        return d->state;
    }

    d->in += len;
    d->sink = sink;
    d->ctx = ctx;

    if (len) {
        c = &d->codings[d->n - 1];

        rc = c->feed(d, c, in, len);

        if (rc != OPENAI_OK) {
            d->state = rc;
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


void
openai_decoder_destroy(openai_decoder_t *d)
{
    unsigned          i;
    openai_coding_t  *c;

    if (d == NULL) {
        return;
    }

    for (i = 0; i < d->n; i++) {
        c = &d->codings[i];

        if (!c->open) {
            continue;
        }

        if (c->feed == openai_coding_brotli) {
            BrotliDecoderDestroyInstance(c->u.brotli);

        } else if (c->feed == openai_coding_zstd) {
            ZSTD_freeDStream(c->u.zstd);

        } else {
            (void) inflateEnd(&c->u.zlib);
        }

        c->open = 0;
    }

    d->state = OPENAI_ERROR;
}


/* codings[] keeps the order of the header: the last one is undone first */

static int
openai_decoder_init(openai_decoder_t *d, openai_str_t encoding)
{
    int           rc;
    const char   *p, *last;
    openai_str_t  name;

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

        rc = openai_decoder_push(d, name);
        if (rc != OPENAI_OK) {
            return rc;
        }
    }

    return OPENAI_OK;
}


static int
openai_decoder_push(openai_decoder_t *d, openai_str_t name)
{
    int               rc;
    openai_coding_t  *c;

    if (name.len == 0
        || (name.len == 8 && strncasecmp(name.data, "identity", 8) == 0))
    {
        return OPENAI_OK;
    }

    if (d->n == OPENAI_DECODER_CODINGS) {
        return OPENAI_ERROR;
    }

    c = &d->codings[d->n];

    rc = openai_coding_open(c, name);
    if (rc != OPENAI_OK) {
        return rc;
    }

    c->open = 1;
    d->n++;

    return OPENAI_OK;
}


static int
openai_coding_open(openai_coding_t *c, openai_str_t name)
{
    if ((name.len == 4 && strncasecmp(name.data, "gzip", 4) == 0)
        || (name.len == 6 && strncasecmp(name.data, "x-gzip", 6) == 0))
    {
        c->feed = openai_coding_gzip;

        return inflateInit2(&c->u.zlib, MAX_WBITS + 32) == Z_OK
               ? OPENAI_OK : OPENAI_LIMIT;
    }

    if (name.len == 7 && strncasecmp(name.data, "deflate", 7) == 0) {
        c->feed = openai_coding_deflate;

        return inflateInit2(&c->u.zlib, MAX_WBITS) == Z_OK
               ? OPENAI_OK : OPENAI_LIMIT;
    }

    if (name.len == 2 && strncasecmp(name.data, "br", 2) == 0) {
        c->feed = openai_coding_brotli;
        c->u.brotli = BrotliDecoderCreateInstance(NULL, NULL, NULL);

        return c->u.brotli ? OPENAI_OK : OPENAI_LIMIT;
    }

    if (name.len == 4 && strncasecmp(name.data, "zstd", 4) == 0) {
        c->feed = openai_coding_zstd;
        c->u.zstd = ZSTD_createDStream();

        if (c->u.zstd == NULL) {
            return OPENAI_LIMIT;
        }

        if (ZSTD_isError(ZSTD_DCtx_setParameter(c->u.zstd,
                                                ZSTD_d_windowLogMax,
                                                OPENAI_DECODER_ZSTD_LOG)))
        {
            ZSTD_freeDStream(c->u.zstd);
            return OPENAI_LIMIT;
        }

        return OPENAI_OK;
    }

    return OPENAI_ERROR;
}


/* a file of several members is one content; anything else after the first
   member is padding, which clients ignore */

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
                return OPENAI_LIMIT;
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
                return OPENAI_LIMIT;
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


/* up to the end of the member; *len becomes what is left of the input */

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
            d->starved = 1;
            return OPENAI_LIMIT;
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
    int                      rc;
    size_t                   n, left, room;
    unsigned char           *out;
    unsigned char            buf[OPENAI_DECODER_BUFFER];
    BrotliDecoderResult      brc;
    BrotliDecoderErrorCode   code;

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
            code = BrotliDecoderGetErrorCode(c->u.brotli);

            d->starved = (code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES
                          && code
                             >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES);

            return d->starved ? OPENAI_LIMIT : OPENAI_ERROR;
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
            return openai_coding_zstd_error(d, c, ZSTD_getErrorCode(n));
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
openai_coding_zstd_error(openai_decoder_t *d, openai_coding_t *c,
    ZSTD_ErrorCode code)
{
    switch (code) {

    case ZSTD_error_memory_allocation:
        d->starved = 1;
        return OPENAI_LIMIT;

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


/* what breaks behind a whole member and before any more output is padding */

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
        rc = (c - 1)->feed(d, c - 1, data, n);
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
    int                  rc;
    openai_decoder_t     d;
    openai_decode_buf_t  b;

    *out = NULL;
    *out_len = 0;

    memset(&d, 0, sizeof(openai_decoder_t));
    d.max = max;

    rc = openai_decoder_init(&d, encoding);

    if (rc != OPENAI_OK || d.n == 0 || in.len == 0) {
        openai_decoder_destroy(&d);
        return rc == OPENAI_LIMIT ? OPENAI_NOMEM : rc;
    }

    if (max == 0) {
        openai_decoder_destroy(&d);
        return OPENAI_LIMIT;
    }

    b.len = 0;
    b.max = max;
    b.size = in.len < max / 4 ? in.len * 4 : max;
    b.data = malloc(b.size);

    if (b.data == NULL) {
        openai_decoder_destroy(&d);
        return OPENAI_NOMEM;
    }

    rc = openai_decoder_feed(&d, in.data, in.len, openai_decode_sink, &b);

    openai_decoder_destroy(&d);

    *out = b.data;
    *out_len = b.len;

    return d.starved ? OPENAI_NOMEM : rc;
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
