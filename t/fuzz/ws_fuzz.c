
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 *
 * The promise: no input makes the frame parser crash, exceed its bound, or give
 * other messages when it comes in pieces.  The first byte of the input selects
 * the mode, the second the size of the pieces.
 */


#include <stdlib.h>
#include <string.h>

#include "digest/wire/ws_frames.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


#define FUZZ_MAX  1000


/* what the parser gave, as one number for each way to run it */

typedef struct {
    uint64_t   hash;
    uint64_t   bytes;
    size_t     max;
    int        open;
} seen_t;


static void  *block;


static void *
take(void *ctx, size_t size)
{
    (void) ctx;

    free(block);
    block = malloc(size);

    return block;
}


static void
add(seen_t *seen, const void *data, size_t len)
{
    const uint8_t  *p;

    for (p = data; len; len--) {
        seen->hash = (seen->hash ^ *p++) * 0x100000001b3ULL;
    }
}


static int
sink(void *ctx, const openai_ws_piece_t *piece)
{
    seen_t  *seen = ctx;

    uint8_t  mark[2];

    if (piece->opcode > OPENAI_WS_BINARY) {

        if (!piece->first || !piece->last || piece->data.len > 125) {
            abort();
        }

        /* its place between the pieces of a message may differ */

        return OPENAI_OK;
    }

    if (seen->max && (!piece->first || !piece->last
                      || piece->data.len > seen->max))
    {
        abort();
    }

    if (piece->first == seen->open || piece->bytes < piece->data.len) {
        abort();
    }

    seen->open = !piece->last;

    add(seen, piece->data.data, piece->data.len);

    if (piece->last) {
        mark[0] = piece->opcode;
        mark[1] = piece->cut;
        add(seen, mark, sizeof(mark));
    }

    return OPENAI_OK;
}


static void
run(const uint8_t *data, size_t size, size_t piece, seen_t *seen)
{
    size_t                 n;
    openai_str_t           extensions = openai_str("permessage-deflate");
    openai_ws_t           *ws;
    const openai_alloc_t   alloc = { take, NULL };

    if (data[0] & 1) {
        extensions.len = 0;
    }

    memset(seen, 0, sizeof(seen_t));
    seen->max = data[0] & 2 ? FUZZ_MAX : 0;

    ws = openai_ws_create(&alloc, extensions, seen->max);
    if (ws == NULL) {
        abort();
    }

    data += 2;
    size -= 2;

    while (size) {
        n = piece && piece < size ? piece : size;
        (void) openai_ws_feed(ws, data, n, sink, seen);
        data += n;
        size -= n;
    }

    (void) openai_ws_finish(ws, sink, seen);
    openai_ws_destroy(ws);

    if (seen->open) {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    seen_t  whole, pieces;

    if (size < 2) {
        return 0;
    }

    run(data, size, 0, &whole);
    run(data, size, data[1] + 1, &pieces);

    if (whole.hash != pieces.hash) {
        abort();
    }

    return 0;
}
