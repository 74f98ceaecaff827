
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: a secret argument or header is gone whatever is around it, and
 * nothing is written outside of the buffer.  The first byte of the input
 * chooses the form, the second the room, the third the place of the secret.
 *
 * The fast checks agree with the slow ones: whether a text is plain, and
 * whether the name of a header is that of a secret.
 */


#include "capture/secrets/fingerprint.c"
#include "capture/secrets/names.c"
#include "capture/secrets/plain.c"
#include "capture/secrets/redact.c"


#define SECRET  "tops3cret"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const char *const  arguments[] = {
    "?api_key=", "?x=1&token=", "?a&CODE=", "?%61pi-key="
};

static const char *const  headers[] = {
    "authorization", "X_Api_Key", "cookie", "proxy-authorization"
};


void
ngx_openai_zone_salt(ngx_openai_zone_t *zone, u_char salt[16])
{
    memset(salt, 7, 16);
}


/* writes the text into its own block, so that the sanitizer sees a byte too
   much */

static u_char *
join(const uint8_t *before, size_t len, const char *name, const uint8_t *after,
    size_t rest, size_t *total)
{
    u_char  *text, *p;

    *total = len + strlen(name) + strlen(SECRET) + rest;

    text = malloc(*total);
    p = ngx_cpymem(text, before, len);
    p = ngx_cpymem(p, name, strlen(name));
    p = ngx_cpymem(p, SECRET, strlen(SECRET));
    (void) ngx_cpymem(p, after, rest);

    return text;
}


static void
leaked(const u_char *out, const u_char *last)
{
    for ( /* void */ ; last - out >= (ssize_t) strlen(SECRET); out++) {
        if (memcmp(out, SECRET, strlen(SECRET)) == 0) {
            abort();
        }
    }
}


static void
compare(const uint8_t *data, size_t size)
{
    u_char                    *p;
    size_t                     i, n;
    ngx_str_t                  text;
    ngx_array_t                none;
    ngx_http_openai_secret_t  *header;
    ngx_http_openai_redact_t   redact, listed;

    /* short texts take another way */

    n = (data[0] & 1) ? size : data[1] % 40;
    n = n < size ? n : size;

    p = malloc(n);
    memcpy(p, data + size - n, n);

    text.data = p;
    text.len = n;

    if (ngx_http_openai_plain_text(&text)
        != ngx_http_openai_plain_bytes(p, p + n))
    {
        abort();
    }

    free(p);

    /* with a list, be it empty, each name is looked at closely: one that is
       known, with some of its bytes changed */

    memset(&none, 0, sizeof(none));
    memset(&redact, 0, sizeof(redact));
    listed = redact;
    listed.headers = &none;

    n = sizeof(ngx_http_openai_headers) / sizeof(ngx_http_openai_headers[0]);
    text = ngx_http_openai_headers[data[0] % (n - 1)].name;

    p = malloc(text.len);
    memcpy(p, text.data, text.len);
    text.data = p;

    for (i = 1; i + 1 < size && i < 8; i += 2) {
        p[data[i] % text.len] ^= (data[i + 1] & 3) ? 0x20 : data[i + 1];
    }

    n = (data[1] & 1) ? data[1] % text.len : 0;
    text.data += n;
    text.len -= n;

    if (ngx_http_openai_redact_header(&redact, &text)
        != ngx_http_openai_redact_header(&listed, &text))
    {
        abort();
    }

    header = ngx_http_openai_header_find(&text);

    ngx_http_openai_redact_header_name(&text);

    for (i = 0; ngx_http_openai_headers[i].name.len; i++) {
        if (ngx_http_openai_headers[i].name.len == text.len
            && memcmp(ngx_http_openai_headers[i].name.data, text.data,
                      text.len)
               == 0)
        {
            break;
        }
    }

    if (header != (ngx_http_openai_headers[i].name.len
                   ? &ngx_http_openai_headers[i] : NULL))
    {
        abort();
    }

    free(p);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                    *out, *end;
    size_t                     room, cut;
    ngx_str_t                  text, name, value;
    ngx_http_openai_redact_t   redact;

    if (size < 3) {
        return 0;
    }

    memset(&redact, 0, sizeof(redact));
    ngx_http_openai_redact_init();

    compare(data, size);

    cut = data[2] % (size - 2);
    room = (size_t) data[1] << 3;

    if (data[0] & 4) {
        text.data = join(data + 3, cut, arguments[data[0] & 3],
                         data + 3 + cut, size - 3 - cut, &text.len);

        out = malloc(room);
        end = ngx_http_openai_redact_uri(&redact, out, out + room, &text);

        if (ngx_http_openai_redact_plain(&text)) {
            abort();
        }

        if (ngx_http_openai_redact_find_arg(&redact, &text, &value) == NGX_OK
            && (value.data < text.data
                || value.data + value.len > text.data + text.len))
        {
            abort();
        }

    } else {
        name.data = (u_char *) headers[data[0] & 3];
        name.len = strlen(headers[data[0] & 3]);

        if (ngx_http_openai_redact_header(&redact, &name)
            == NGX_HTTP_OPENAI_PLAIN)
        {
            abort();
        }

        /* the first word of an authorization is its scheme */

        text.data = join((const uint8_t *) "Bearer ", data[0] & 8 ? 7 : 0, "",
                         data + 3, size - 3, &text.len);

        out = malloc(room);
        end = ngx_http_openai_redact_value(&redact, out, out + room, &name,
                                           &text, NULL);
    }

    if (end < out || end > out + room) {
        abort();
    }

    /* a text that is in the input itself is not a secret */

    if (memmem(data, size, SECRET, strlen(SECRET)) == NULL
        && ((data[0] & 12) || memchr(data, ' ', size) == NULL))
    {
        leaked(out, end);
    }

    free(text.data);
    free(out);

    return 0;
}
