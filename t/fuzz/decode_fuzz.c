
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 *
 * The promise: no input makes a decoder crash, exceed its bound, or give other
 * results when it comes in pieces.  The first byte of the input selects
 * the codings, the second the size of the pieces.
 *
 * Of docs/reliability.md: fault 9.
 */


#include <stdlib.h>
#include <string.h>

#include "digest/wire/decode.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


#define FUZZ_MAX  200000


typedef struct {
    char     data[FUZZ_MAX];
    size_t   len;
} out_t;


static out_t   whole, pieces;
static void   *block;


static const char  *encodings[] = {
    "gzip", "deflate", "br", "zstd", "gzip, br", "zstd, gzip", "br, zstd",
    "deflate, gzip, zstd"
};


static void *
take(void *ctx, size_t size)
{
    (void) ctx;

    free(block);
    block = malloc(size);

    return block;
}


static int
sink(void *ctx, const char *data, size_t len)
{
    out_t  *out = ctx;

    if (len > FUZZ_MAX - out->len) {
        abort();
    }

    memcpy(out->data + out->len, data, len);
    out->len += len;

    return OPENAI_OK;
}


static int
run(openai_str_t encoding, const uint8_t *data, size_t size, size_t piece,
    out_t *out)
{
    int                    rc, status;
    size_t                 n;
    openai_decoder_t      *d;
    const openai_alloc_t   alloc = { take, NULL };

    out->len = 0;
    rc = OPENAI_AGAIN;

    d = openai_decoder_create(&alloc, encoding, FUZZ_MAX, &status);
    if (d == NULL) {
        abort();
    }

    while (size) {
        n = piece && piece < size ? piece : size;
        rc = openai_decoder_feed(d, data, n, sink, out);
        data += n;
        size -= n;
    }

    openai_decoder_destroy(d);

    return rc;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int           rc, rc_pieces;
    size_t        len;
    openai_str_t  encoding;

    if (size < 2) {
        return 0;
    }

    encoding.data = encodings[data[0] & 7];
    encoding.len = strlen(encoding.data);

    rc = run(encoding, data + 2, size - 2, 0, &whole);
    rc_pieces = run(encoding, data + 2, size - 2, data[1] + 1, &pieces);

    /* an error may lose bytes that were held back, but not change any */

    len = whole.len < pieces.len ? whole.len : pieces.len;

    if (memcmp(whole.data, pieces.data, len) != 0) {
        abort();
    }

    /* brotli drops bytes when it breaks, which may have been over the limit */

    if (strstr(encoding.data, "br") && rc == OPENAI_ERROR
        && rc_pieces == OPENAI_LIMIT)
    {
        rc_pieces = rc;
    }

    /* libzstd sees a wrong content size only if a frame comes whole */

    if (strstr(encoding.data, "zstd") == NULL
        && (rc != rc_pieces || (rc >= 0 && whole.len != pieces.len)))
    {
        abort();
    }

    return 0;
}
