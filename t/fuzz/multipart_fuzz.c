
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: no form makes its parser read or write outside of its memory,
 * or find other fields when it comes in pieces.  The first byte of the input
 * is the size of the pieces, the first line the content type.
 */


#include <stdlib.h>
#include <string.h>

#include "digest/wire/multipart.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
add(void *ctx, openai_str_t name, openai_str_t value)
{
    size_t     i;
    uint64_t  *hash = ctx;

    if (name.len > OPENAI_MULTIPART_FIELD || value.len > OPENAI_MULTIPART_LINE)
    {
        abort();
    }

    for (i = 0; i < name.len + value.len; i++) {
        *hash = (*hash ^ (uint8_t) (i < name.len ? name.data[i]
                                                 : value.data[i - name.len]))
                * 0x100000001b3ULL;
    }

    *hash += 1;
}


static const openai_multipart_handler_t  handler = { add, add };


static uint64_t
run(openai_str_t type, const char *p, size_t len, size_t piece)
{
    char                *copy;
    size_t               n;
    uint64_t             hash;
    openai_multipart_t   mp;

    hash = 1;

    if (openai_multipart_init(&mp, type, &handler, &hash) != OPENAI_OK) {
        return 0;
    }

    for ( /* void */ ; len; p += n, len -= n) {
        n = piece < len ? piece : len;

        copy = malloc(n);
        memcpy(copy, p, n);
        openai_multipart_feed(&mp, copy, n);
        free(copy);
    }

    return hash;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char    *p, *last, *end;
    openai_str_t   type;

    if (size < 2) {
        return 0;
    }

    p = (const char *) data + 1;
    last = (const char *) data + size;

    end = memchr(p, '\n', last - p);
    end = end ? end : last;

    type.data = p;
    type.len = end - p;

    p = end + (end < last);

    if (run(type, p, last - p, last - p)
        != run(type, p, last - p, 1 + data[0] % 64))
    {
        abort();
    }

    return 0;
}
