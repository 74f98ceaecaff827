
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: no request differs from itself, and the difference of two
 * requests is told within bounds.  The first byte of the input chooses the
 * dialect; then come a request, a zero byte, and another request.
 */


#include <stdlib.h>
#include <string.h>

#include "digest/digest.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static int
thread(openai_thread_t *c, unsigned dialect, const char *body, size_t len)
{
    int                 rc;
    char               *copy;
    openai_exchange_t   ex;

    memset(&ex, 0, sizeof(ex));

    copy = malloc(len);
    memcpy(copy, body, len);

    ex.dialect = dialect;
    ex.method.data = "";
    ex.uri.data = "";
    ex.request_encoding.data = "";
    ex.response_encoding.data = "";
    ex.response_type.data = "";
    ex.request_type.data = "application/json";
    ex.request_type.len = 16;
    ex.request_body.data = copy;
    ex.request_body.len = len;

    rc = openai_thread(c, &ex);

    free(copy);

    return rc;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char             text[64];
    size_t           len;
    unsigned         n;
    uint32_t         first;
    const char      *one, *two, *last;
    openai_change_t  change;

    static openai_thread_t  a, b, c;

    for (n = 1; openai_dialect_name(n); n++) { /* void */ }

    if (size < 2) {
        return 0;
    }

    one = (const char *) data + 1;
    last = (const char *) data + size;
    two = memchr(one, '\0', last - one);
    two = two ? two : last;

    if (thread(&a, data[0] % n, one, two - one) != OPENAI_OK) {
        return 0;
    }

    if (a.kept > OPENAI_THREAD_KEPT || a.kept > a.messages
        || thread(&b, data[0] % n, one, two - one) != OPENAI_OK)
    {
        abort();
    }

    change = openai_thread_compare(&a, &b, &first);

    if (a.messages && change != OPENAI_CHANGE_IDENTICAL) {
        abort();
    }

    two += (two < last);

    if (thread(&c, data[0] % n, two, last - two) != OPENAI_OK) {
        return 0;
    }

    change = openai_thread_compare(&a, &c, &first);

    if (first > c.messages + 1 || first > a.messages + 1
        || (first != 0) != (change == OPENAI_CHANGE_MESSAGE))
    {
        abort();
    }

    len = openai_change_text(text, sizeof(text), change, first);

    if (len >= sizeof(text)) {
        abort();
    }

    return 0;
}
