
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/ngx_http_openai_redact.h"
#include "digest/openai_secrets.h"


#define NGX_HTTP_OPENAI_NAME_MAX  64


typedef struct {
    ngx_str_t                   name;
    ngx_http_openai_secrecy_e   secrecy;
} ngx_http_openai_secret_t;


static ngx_uint_t ngx_http_openai_redact_arg(ngx_http_openai_redact_t *redact,
    u_char *name, size_t len);
static u_char *ngx_http_openai_redact_protocols(
    ngx_http_openai_redact_t *redact, u_char *dst, u_char *last,
    ngx_str_t *value);
static u_char *ngx_http_openai_redact_text(ngx_http_openai_redact_t *redact,
    u_char *dst, u_char *last, u_char *p, size_t len);
static u_char *ngx_http_openai_redact_userinfo(u_char *p, u_char *end);
static ngx_uint_t ngx_http_openai_redact_known(ngx_str_t *names, u_char *p,
    size_t len);
static u_char *ngx_http_openai_redact_part(u_char *p, u_char *end);
static u_char *ngx_http_openai_put(u_char *dst, u_char *last, const void *src,
    size_t len);
static u_char *ngx_http_openai_put_secret(ngx_http_openai_redact_t *redact,
    u_char *dst, u_char *last, ngx_str_t *secret);
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
    ngx_string("-key"),
    ngx_string("-token"),
    ngx_string("-secret"),
    ngx_string("-password"),
    ngx_string("-credential"),
    ngx_string("cookie"),
    ngx_null_string
};


/* without "-" and "_" */

static ngx_str_t  ngx_http_openai_args[] = {
    ngx_string("key"),
    ngx_string("apikey"),
    ngx_string("accesstoken"),
    ngx_string("refreshtoken"),
    ngx_string("sessiontoken"),
    ngx_string("idtoken"),
    ngx_string("authtoken"),
    ngx_string("token"),
    ngx_string("password"),
    ngx_string("clientsecret"),
    ngx_string("signingsecret"),
    ngx_string("secret"),
    ngx_string("sig"),
    ngx_string("signature"),
    ngx_string("xamzsignature"),
    ngx_string("xamzcredential"),
    ngx_string("xamzsecuritytoken"),
    ngx_string("xgoogsignature"),
    ngx_string("xgoogcredential"),
    ngx_string("code"),
    ngx_null_string
};


/* any other argument that ends like this */

static ngx_str_t  ngx_http_openai_arg_suffixes[] = {
    ngx_string("apikey"),
    ngx_string("accesskey"),
    ngx_string("secretkey"),
    ngx_string("subscriptionkey"),
    ngx_string("token"),
    ngx_string("secret"),
    ngx_string("password"),
    ngx_null_string
};


/* first words of credentials that are not a part of the secret */

static ngx_str_t  ngx_http_openai_schemes[] = {
    ngx_string("bearer"),
    ngx_string("basic"),
    ngx_string("digest"),
    ngx_string("token"),
    ngx_string("key"),
    ngx_string("apikey"),
    ngx_string("api-key"),
    ngx_string("negotiate"),
    ngx_string("ntlm"),
    ngx_string("aws4-hmac-sha256"),
    ngx_string("sharedkey"),
    ngx_string("dpop"),
    ngx_null_string
};


/* protocols of a WebSocket that are no key in disguise */

static ngx_str_t  ngx_http_openai_protocols[] = {
    ngx_string("realtime"),
    ngx_string("live"),
    ngx_string("token"),
    ngx_string("bearer"),
    ngx_string("json"),
    ngx_string("chat"),
    ngx_string("mcp"),
    ngx_string("graphql-ws"),
    ngx_string("graphql-transport-ws"),
    ngx_string("openai-beta.realtime-v1"),
    ngx_null_string
};


/* for each length of a name, the first letters that secrets of it have, and
   the last ones; a bit for the end of each suffix */

static uint32_t  ngx_http_openai_firsts[NGX_HTTP_OPENAI_NAME_MAX + 1];
static uint32_t  ngx_http_openai_lasts[NGX_HTTP_OPENAI_NAME_MAX + 1];
static uint64_t  ngx_http_openai_endings;


/* bytes that arguments and userinfo come with, and those that the prefixes of
   keys end with */

static uint8_t  ngx_http_openai_signs[256];


/* letters of either case have the same low bits */

static ngx_inline uint64_t
ngx_http_openai_ending(u_char *name, size_t len)
{
    uint32_t  letters;

    letters = (name[len - 3] & 31) << 10 | (name[len - 2] & 31) << 5
              | (name[len - 1] & 31);

    return (uint64_t) 1 << (letters * 2654435769u >> 26);
}


void
ngx_http_openai_redact_init(void)
{
    u_char      *p;
    ngx_str_t   *name;
    ngx_uint_t   i;

    for (p = (u_char *) "?#@/-_zJ"; *p; p++) {
        ngx_http_openai_signs[*p] = 1;
    }

    for (i = 0; ngx_http_openai_headers[i].name.len; i++) {
        name = &ngx_http_openai_headers[i].name;
        ngx_http_openai_firsts[name->len] |= 1 << (name->data[0] & 31);
        ngx_http_openai_lasts[name->len] |= 1 << (name->data[name->len - 1]
                                                  & 31);
    }

    for (i = 0; ngx_http_openai_suffixes[i].len; i++) {
        name = &ngx_http_openai_suffixes[i];
        ngx_http_openai_endings |= ngx_http_openai_ending(name->data,
                                                          name->len);
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


ngx_http_openai_secrecy_e
ngx_http_openai_redact_header(ngx_http_openai_redact_t *redact,
    ngx_str_t *name)
{
    u_char      buf[NGX_HTTP_OPENAI_NAME_MAX];
    ngx_str_t   lower, *suffix;
    ngx_uint_t  n;

    /* no secret's name is as long as this */

    if (name->len == 0 || name->len > sizeof(buf)) {
        return NGX_HTTP_OPENAI_PLAIN;
    }

    if (redact->headers == NULL
        && !((ngx_http_openai_firsts[name->len] & 1 << (name->data[0] & 31))
             && (ngx_http_openai_lasts[name->len]
                 & 1 << (name->data[name->len - 1] & 31)))
        && (name->len < 3
            || !(ngx_http_openai_endings
                 & ngx_http_openai_ending(name->data, name->len))))
    {
        return NGX_HTTP_OPENAI_PLAIN;
    }

    lower.len = name->len;
    lower.data = buf;

    ngx_memcpy(buf, name->data, name->len);

    ngx_http_openai_redact_header_name(&lower);

    for (n = 0; ngx_http_openai_headers[n].name.len; n++) {
        if (ngx_http_openai_headers[n].name.len == lower.len
            && ngx_memcmp(ngx_http_openai_headers[n].name.data, buf, lower.len)
               == 0)
        {
            return ngx_http_openai_headers[n].secrecy;
        }
    }

    for (n = 0; ngx_http_openai_suffixes[n].len; n++) {
        suffix = &ngx_http_openai_suffixes[n];

        if (lower.len > suffix->len
            && ngx_memcmp(buf + lower.len - suffix->len, suffix->data,
                          suffix->len)
               == 0)
        {
            return NGX_HTTP_OPENAI_SECRET;
        }
    }

    if (ngx_http_openai_listed(redact->headers, buf, lower.len)) {
        return NGX_HTTP_OPENAI_SECRET;
    }

    return NGX_HTTP_OPENAI_PLAIN;
}


static u_char *
ngx_http_openai_put(u_char *dst, u_char *last, const void *src, size_t len)
{
    return ngx_cpymem(dst, src, ngx_min(len, (size_t) (last - dst)));
}


static u_char *
ngx_http_openai_put_secret(ngx_http_openai_redact_t *redact, u_char *dst,
    u_char *last, ngx_str_t *secret)
{
    char  print[NGX_HTTP_OPENAI_FINGERPRINT_LEN + 1];

    ngx_http_openai_fingerprint(redact, secret, print);

    dst = ngx_http_openai_put(dst, last, "REDACTED-", 9);

    return ngx_http_openai_put(dst, last, print,
                               NGX_HTTP_OPENAI_FINGERPRINT_LEN);
}


static ngx_uint_t
ngx_http_openai_redact_known(ngx_str_t *names, u_char *p, size_t len)
{
    for ( /* void */ ; names->len; names++) {

        if (names->len == len && ngx_strncasecmp(names->data, p, len) == 0) {
            return 1;
        }
    }

    return 0;
}


/* "Bearer x", "Basic x": the first word is the scheme, not the secret.  Of the
   protocols of a WebSocket, browsers make the last part of one a key */

void
ngx_http_openai_redact_secret(ngx_str_t *name, ngx_str_t *value)
{
    u_char     *p, *end;
    ngx_str_t   key;

    static ngx_str_t  suffix = ngx_string("authorization");

    end = value->data + value->len;

    if (name->len == sizeof("Sec-WebSocket-Protocol") - 1
        && ngx_strncasecmp(name->data, (u_char *) "Sec-WebSocket-Protocol",
                           name->len)
           == 0)
    {
        p = ngx_strlcasestrn(value->data, end, (u_char *) "api-key.",
                             sizeof("api-key.") - 2);

        if (p) {
            key.data = p + sizeof("api-key.") - 1;

            for (p = key.data; p < end && *p != ',' && *p != ' '; p++) {
                /* void */
            }

            value->data = key.data;
            value->len = p - key.data;
        }

        return;
    }

    if (name->len < suffix.len
        || ngx_strncasecmp(name->data + name->len - suffix.len, suffix.data,
                           suffix.len)
           != 0)
    {
        return;
    }

    p = ngx_strlchr(value->data, end, ' ');

    if (p && ngx_http_openai_redact_known(ngx_http_openai_schemes, value->data,
                                          p - value->data))
    {
        while (p < end && *p == ' ') {
            p++;
        }

        value->data = p;
        value->len = end - p;
    }
}


u_char *
ngx_http_openai_redact_value(ngx_http_openai_redact_t *redact, u_char *dst,
    u_char *last, ngx_str_t *name, ngx_str_t *value)
{
    ngx_str_t  secret;

    if (value->len == 0) {
        return dst;
    }

    if (name->len == sizeof("Sec-WebSocket-Protocol") - 1
        && ngx_strncasecmp(name->data, (u_char *) "Sec-WebSocket-Protocol",
                           name->len)
           == 0)
    {
        return ngx_http_openai_redact_protocols(redact, dst, last, value);
    }

    secret = *value;
    ngx_http_openai_redact_secret(name, &secret);

    dst = ngx_http_openai_put(dst, last, value->data,
                              secret.data - value->data);

    return ngx_http_openai_put_secret(redact, dst, last, &secret);
}


/* browsers pass a key as "openai-insecure-api-key.KEY" among the protocols, or
   behind one of its own: what is not known may be one */

static u_char *
ngx_http_openai_redact_protocols(ngx_http_openai_redact_t *redact,
    u_char *dst, u_char *last, ngx_str_t *value)
{
    u_char     *p, *end, *comma, *dot;
    ngx_str_t   secret;

    end = value->data + value->len;

    for (p = value->data; p < end; p = comma) {

        for (comma = p; comma < end && (*comma == ',' || *comma == ' ');
             comma++)
        {
            /* void */
        }

        dst = ngx_http_openai_put(dst, last, p, comma - p);
        p = comma;

        while (comma < end && *comma != ',' && *comma != ' ') {
            comma++;
        }

        if (p == comma) {
            break;
        }

        if (ngx_http_openai_redact_known(ngx_http_openai_protocols, p,
                                         comma - p))
        {
            dst = ngx_http_openai_put(dst, last, p, comma - p);
            continue;
        }

        dot = ngx_strlchr(p, comma, '.');
        dot = dot ? dot + 1 : p;

        dst = ngx_http_openai_put(dst, last, p, dot - p);

        secret.data = dot;
        secret.len = comma - dot;

        dst = ngx_http_openai_put_secret(redact, dst, last, &secret);
    }

    return dst;
}


static ngx_uint_t
ngx_http_openai_redact_arg(ngx_http_openai_redact_t *redact, u_char *name,
    size_t len)
{
    u_char      buf[3 * NGX_HTTP_OPENAI_NAME_MAX], *d, *s;
    ngx_str_t   arg, *suffix;
    ngx_uint_t  i;

    /* every byte of the longest name may be percent-encoded */

    if (len > sizeof(buf)) {
        return 0;
    }

    d = buf;
    s = name;
    ngx_unescape_uri(&d, &s, len, 0);

    arg.data = buf;
    arg.len = d - buf;

    ngx_http_openai_redact_arg_name(&arg);

    for (i = 0; ngx_http_openai_args[i].len; i++) {
        if (ngx_http_openai_args[i].len == arg.len
            && ngx_memcmp(ngx_http_openai_args[i].data, buf, arg.len) == 0)
        {
            return 1;
        }
    }

    for (i = 0; ngx_http_openai_arg_suffixes[i].len; i++) {
        suffix = &ngx_http_openai_arg_suffixes[i];

        if (arg.len >= suffix->len
            && ngx_memcmp(buf + arg.len - suffix->len, suffix->data,
                          suffix->len)
               == 0)
        {
            return 1;
        }
    }

    return ngx_http_openai_listed(redact->args, buf, arg.len);
}


ngx_int_t
ngx_http_openai_redact_find_arg(ngx_http_openai_redact_t *redact,
    ngx_str_t *uri, ngx_str_t *value)
{
    u_char  *p, *end, *amp, *eq;

    end = uri->data + uri->len;
    p = ngx_strlchr(uri->data, end, '?');

    for ( /* void */ ; p && p < end; p = amp) {

        p++;

        amp = ngx_strlchr(p, end, '&');
        amp = amp ? amp : end;

        eq = ngx_strlchr(p, amp, '=');

        if (eq && ngx_http_openai_redact_arg(redact, p, eq - p)) {
            value->data = eq + 1;
            value->len = amp - eq - 1;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* of "user:password@host" the "@", NULL: there is none */

static u_char *
ngx_http_openai_redact_userinfo(u_char *p, u_char *end)
{
    u_char  *at;

    for (at = NULL; p < end; p++) {

        if (*p == '@') {
            at = p;
        }

        if (*p == '/' || *p == '?' || *p == '#' || *p == ' ' || *p == '"'
            || *p == '<' || *p == '>')
        {
            break;
        }
    }

    return at;
}


/* text without arguments */

static u_char *
ngx_http_openai_redact_text(ngx_http_openai_redact_t *redact, u_char *dst,
    u_char *last, u_char *p, size_t len)
{
    u_char     *end, *start, *at;
    ngx_str_t   secret;
    ngx_uint_t  within;

    end = p + len;
    within = 0;

    for (start = p; p < end; /* void */ ) {

        secret.data = p;
        secret.len = 0;

        if (*p == '/' && end - p > 2 && p[1] == '/') {
            at = ngx_http_openai_redact_userinfo(p + 2, end);

            if (at) {
                secret.data = p + 2;
                secret.len = at - secret.data;
            }

        } else if (!within) {
            secret.len = openai_secrets_shape((char *) p, (char *) end);
        }

        if (secret.len == 0) {
            within = (*p >= '0' && *p <= '9')
                     || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z');
            p++;
            continue;
        }

        dst = ngx_http_openai_put(dst, last, start, secret.data - start);
        dst = ngx_http_openai_put_secret(redact, dst, last, &secret);

        p = secret.data + secret.len;
        start = p;
    }

    return ngx_http_openai_put(dst, last, start, end - start);
}


/* a query, a fragment, or a URI within an argument: each may have arguments */

static u_char *
ngx_http_openai_redact_part(u_char *p, u_char *end)
{
    while (p < end && *p != '?' && *p != '#') {
        p++;
    }

    return p;
}


ngx_uint_t
ngx_http_openai_redact_plain(ngx_str_t *text)
{
    u_char  *p, *last, before;

    last = text->data + text->len;

    for (p = text->data; p < last; p++) {

        if (!ngx_http_openai_signs[*p]) {
            continue;
        }

        before = (p > text->data) ? p[-1] : ' ';

        switch (*p) {

        case '/':
            if (before == '/') {
                return 0;
            }

            break;

        case '-':
        case '_':

            /* sk-, xai-, hf_, r8_, fw_, pplx-, sess-, whsec_, tgp_ */

            if (memchr("kif8wxscp", before, 9)) {
                return 0;
            }

            break;

        case 'z':
            if (before == 'I') {
                return 0;
            }

            break;

        case 'J':
            if (before == 'y') {
                return 0;
            }

            break;

        default:
            return 0;
        }
    }

    return 1;
}


u_char *
ngx_http_openai_redact_uri(ngx_http_openai_redact_t *redact, u_char *dst,
    u_char *last, ngx_str_t *uri)
{
    u_char     *p, *end, *amp, *eq;
    ngx_str_t   secret;

    p = uri->data;
    end = p + uri->len;

    if (ngx_http_openai_redact_plain(uri)) {
        return ngx_http_openai_put(dst, last, p, uri->len);
    }

    amp = ngx_http_openai_redact_part(p, end);

    if (amp == end) {
        return ngx_http_openai_redact_text(redact, dst, last, p, end - p);
    }

    dst = ngx_http_openai_redact_text(redact, dst, last, p, amp + 1 - p);

    for (p = amp + 1; p < end; p = amp) {

        for (amp = p; amp < end && *amp != '&' && *amp != ' '; amp++) {
            /* void */
        }

        eq = ngx_strlchr(p, amp, '=');

        if (eq && ngx_http_openai_redact_arg(redact, p, eq - p)) {
            dst = ngx_http_openai_put(dst, last, p, eq + 1 - p);

            secret.data = eq + 1;
            secret.len = amp - eq - 1;

            dst = ngx_http_openai_put_secret(redact, dst, last, &secret);
            p = amp;

        } else {
            amp = ngx_http_openai_redact_part(p, amp);
        }

        if (amp < end) {
            amp++;
        }

        dst = ngx_http_openai_redact_text(redact, dst, last, p, amp - p);
    }

    return dst;
}
