
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Which headers and arguments are secrets by their names: the built-in ones and
 * those of "openai_monitor_redact_header" and "openai_monitor_redact_arg".
 * redact.c, plain.c and words.c ask here; directives.c adds names.
 *
 * In names "_" and "-" are the same, and case does not matter.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/secrets/redact.h"
#include "digest/wire/secrets.h"


#define NGX_HTTP_OPENAI_NAME_MAX  64

/* the shortest name or suffix of a header has as many letters; by the last ones
   of all, most headers are known to be none of them */

#define NGX_HTTP_OPENAI_END       4
#define NGX_HTTP_OPENAI_ENDS      1024


typedef struct {
    ngx_str_t                   name;
    ngx_http_openai_secrecy_e   secrecy;
} ngx_http_openai_secret_t;


static void ngx_http_openai_end_add(ngx_str_t *name);
static ngx_http_openai_secrecy_e ngx_http_openai_header_look(
    ngx_http_openai_redact_t *redact, ngx_str_t *name)
    __attribute__((noinline));
static ngx_http_openai_secret_t *ngx_http_openai_header_find(ngx_str_t *name);
static ngx_uint_t ngx_http_openai_suffixed(ngx_str_t *suffix, u_char *name,
    size_t len);
static ngx_uint_t ngx_http_openai_listed(ngx_array_t *names, u_char *name,
    size_t len);


#define ngx_http_openai_credential(s)                                        \
    { ngx_string(s), NGX_HTTP_OPENAI_CREDENTIAL }
#define ngx_http_openai_secret(s)                                            \
    { ngx_string(s), NGX_HTTP_OPENAI_SECRET }


/* these only end like secrets */

#define ngx_http_openai_harmless(s)                                          \
    { ngx_string(s), NGX_HTTP_OPENAI_PLAIN }


static ngx_http_openai_secret_t  ngx_http_openai_headers[] = {
    ngx_http_openai_credential("authorization"),
    ngx_http_openai_credential("api-key"),
    ngx_http_openai_credential("x-api-key"),
    ngx_http_openai_credential("x-goog-api-key"),
    ngx_http_openai_credential("ocp-apim-subscription-key"),
    ngx_http_openai_credential("x-portkey-api-key"),
    ngx_http_openai_credential("x-litellm-api-key"),
    ngx_http_openai_credential("xi-api-key"),
    ngx_http_openai_credential("x-auth-token"),
    ngx_http_openai_credential("apikey"),
    ngx_http_openai_credential("token"),
    ngx_http_openai_credential("auth"),
    ngx_http_openai_secret("authentication"),
    ngx_http_openai_secret("dpop"),
    ngx_http_openai_secret("secret"),
    ngx_http_openai_secret("password"),
    ngx_http_openai_secret("proxy-authorization"),
    ngx_http_openai_secret("helicone-auth"),
    ngx_http_openai_secret("cf-aig-authorization"),
    ngx_http_openai_secret("x-session-token"),
    ngx_http_openai_secret("x-id-token"),
    ngx_http_openai_secret("x-amz-security-token"),
    ngx_http_openai_secret("x-amz-signature"),
    ngx_http_openai_secret("cookie"),
    ngx_http_openai_secret("set-cookie"),
    ngx_http_openai_secret("chatgpt-account-id"),
    ngx_http_openai_secret("x-client-cert"),
    ngx_http_openai_secret("ssl-client-cert"),
    ngx_http_openai_secret("x-ssl-client-cert"),
    ngx_http_openai_secret("x-forwarded-client-cert"),
    ngx_http_openai_secret("sec-websocket-protocol"),
    ngx_http_openai_harmless("sec-websocket-key"),
    ngx_http_openai_harmless("idempotency-key"),
    { ngx_null_string, NGX_HTTP_OPENAI_PLAIN }
};


/* any other name that ends like this is a secret's too */

static ngx_str_t  ngx_http_openai_suffixes[] = {
    ngx_string("authorization"),
    ngx_string("authentication"),
    ngx_string("apikey"),
    ngx_string("accesskey"),
    ngx_string("secretkey"),
    ngx_string("-key"),
    ngx_string("-auth"),
    ngx_string("-jwt"),
    ngx_string("-assertion"),
    ngx_string("-token"),
    ngx_string("-secret"),
    ngx_string("-password"),
    ngx_string("-passwd"),
    ngx_string("-credential"),
    ngx_string("-credentials"),
    ngx_string("cookie"),
    ngx_null_string
};


/* a bit for each of these ends, by a hash of it */

static uint64_t  ngx_http_openai_ends[NGX_HTTP_OPENAI_ENDS / 64];


/* letters of either case differ in one bit */

static ngx_inline ngx_uint_t
ngx_http_openai_end(u_char *last)
{
    uint32_t  letters;

    ngx_memcpy(&letters, last - NGX_HTTP_OPENAI_END, NGX_HTTP_OPENAI_END);

    return (letters | 0x20202020) * 2654435769u >> 22;
}


void
ngx_http_openai_redact_init(void)
{
    ngx_uint_t  i;

    for (i = 0; ngx_http_openai_headers[i].name.len; i++) {
        ngx_http_openai_end_add(&ngx_http_openai_headers[i].name);
    }

    for (i = 0; ngx_http_openai_suffixes[i].len; i++) {
        ngx_http_openai_end_add(&ngx_http_openai_suffixes[i]);
    }
}


/* each "-" may come as "_" */

static void
ngx_http_openai_end_add(ngx_str_t *name)
{
    u_char      end[NGX_HTTP_OPENAI_END];
    ngx_uint_t  i, n, bit;

    for (n = 0; n < 1 << NGX_HTTP_OPENAI_END; n++) {

        ngx_memcpy(end, name->data + name->len - NGX_HTTP_OPENAI_END,
                   NGX_HTTP_OPENAI_END);

        for (i = 0; i < NGX_HTTP_OPENAI_END; i++) {
            if (end[i] == '-' && (n & 1 << i)) {
                end[i] = '_';
            }
        }

        bit = ngx_http_openai_end(end + NGX_HTTP_OPENAI_END);
        ngx_http_openai_ends[bit / 64] |= (uint64_t) 1 << bit % 64;
    }
}


void
ngx_http_openai_redact_header_name(ngx_str_t *name)
{
    size_t  i;

    for (i = 0; i < name->len; i++) {
        name->data[i] = (name->data[i] == '_') ? '-'
                                               : ngx_tolower(name->data[i]);
    }
}


void
ngx_http_openai_redact_arg_name(ngx_str_t *name)
{
    size_t  i, n;

    for (i = 0, n = 0; i < name->len; i++) {
        if (name->data[i] != '-' && name->data[i] != '_') {
            name->data[n++] = ngx_tolower(name->data[i]);
        }
    }

    name->len = n;
}


static ngx_uint_t
ngx_http_openai_listed(ngx_array_t *names, u_char *name, size_t len)
{
    ngx_str_t   *elt;
    ngx_uint_t   i;

    if (names == NULL) {
        return 0;
    }

    elt = names->elts;

    for (i = 0; i < names->nelts; i++) {
        if (elt[i].len == len && ngx_memcmp(elt[i].data, name, len) == 0) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_openai_suffixed(ngx_str_t *suffix, u_char *name, size_t len)
{
    for ( /* void */ ; suffix->len; suffix++) {

        if (len >= suffix->len
            && ngx_memcmp(name + len - suffix->len, suffix->data, suffix->len)
               == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_http_openai_secret_t *
ngx_http_openai_header_find(ngx_str_t *name)
{
    ngx_http_openai_secret_t  *header;

    for (header = ngx_http_openai_headers; header->name.len; header++) {

        if (header->name.len == name->len
            && ngx_http_openai_same(name->data, header->name.data, name->len,
                                    '_'))
        {
            return header;
        }
    }

    return NULL;
}


ngx_uint_t
ngx_http_openai_same(u_char *p, u_char *lower, size_t len, u_char dash)
{
    u_char     c, *last;
    uint64_t   one, two;
    ptrdiff_t  n;

    last = p + len;

    /* eight at a time, the last ones together with some that were compared: of
       all that names have, letters alone have the bit 0x40, and may differ in
       0x20 */

    while (len >= 8) {
        ngx_memcpy(&one, p, 8);
        ngx_memcpy(&two, lower, 8);

        if ((one ^ two) & ~((two & 0x4040404040404040ULL) >> 1)) {
            break;
        }

        if (last - p == 8) {
            return 1;
        }

        n = ngx_min(last - p - 8, 8);
        p += n;
        lower += n;
    }

    for ( /* void */ ; p < last; p++) {
        c = *lower++;

        if (*p == c
            || (*p == (c ^ 0x20) && c >= 'a' && c <= 'z')
            || (*p == dash && c == '-'))
        {
            continue;
        }

        return 0;
    }

    return 1;
}


ngx_http_openai_secrecy_e
ngx_http_openai_redact_header(ngx_http_openai_redact_t *redact,
    ngx_str_t *name)
{
    ngx_uint_t  bit;

    if (redact->headers == NULL) {

        if (name->len < NGX_HTTP_OPENAI_END) {
            return NGX_HTTP_OPENAI_PLAIN;
        }

        bit = ngx_http_openai_end(name->data + name->len);

        if (!(ngx_http_openai_ends[bit / 64] & (uint64_t) 1 << bit % 64)) {
            return NGX_HTTP_OPENAI_PLAIN;
        }
    }

    return ngx_http_openai_header_look(redact, name);
}


static ngx_http_openai_secrecy_e
ngx_http_openai_header_look(ngx_http_openai_redact_t *redact, ngx_str_t *name)
{
    u_char                     buf[NGX_HTTP_OPENAI_NAME_MAX];
    ngx_str_t                  lower;
    ngx_http_openai_secret_t  *header;

    /* no secret's name is as long as this */

    if (name->len == 0 || name->len > sizeof(buf)) {
        return NGX_HTTP_OPENAI_PLAIN;
    }

    header = ngx_http_openai_header_find(name);

    if (header) {
        return header->secrecy;
    }

    lower.len = name->len;
    lower.data = buf;

    ngx_memcpy(buf, name->data, name->len);

    ngx_http_openai_redact_header_name(&lower);

    /* a suffix is not all of a name */

    if (ngx_http_openai_suffixed(ngx_http_openai_suffixes, buf + 1,
                                 lower.len - 1)
        || ngx_http_openai_listed(redact->headers, buf, lower.len))
    {
        return NGX_HTTP_OPENAI_SECRET;
    }

    return NGX_HTTP_OPENAI_PLAIN;
}


ngx_uint_t
ngx_http_openai_redact_arg(ngx_http_openai_redact_t *redact, u_char *name,
    size_t len)
{
    u_char      buf[3 * NGX_HTTP_OPENAI_NAME_MAX], *d, *s;
    ngx_str_t   arg;

    /* every byte of the longest name may be percent-encoded */

    if (len > sizeof(buf)) {
        return 0;
    }

    d = buf;
    s = name;
    ngx_unescape_uri(&d, &s, len, 0);

    len = d - buf;

    if (openai_secrets_argument((char *) buf, len)) {
        return 1;
    }

    if (redact->args == NULL) {
        return 0;
    }

    arg.data = buf;
    arg.len = len;

    ngx_http_openai_redact_arg_name(&arg);

    return ngx_http_openai_listed(redact->args, buf, arg.len);
}
