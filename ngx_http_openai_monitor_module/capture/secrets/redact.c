
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Writes a header's value, a URI or a request line with its secrets replaced by
 * fingerprints.  capture/head.c calls it for the record, capture/log.c for the
 * lines that nginx logs.
 *
 * The output never exceeds its room.  An argument is decoded at most twice and
 * at most four times tried, so that the time is linear in the input's length;
 * an argument beyond that is replaced as a whole.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/secrets/redact.h"
#include "digest/wire/secrets.h"


/* text that is decoded, or masked, before it is written */

#define NGX_HTTP_OPENAI_REDACT_TEXT   4096

/* encodings within each other, and values of one argument, that are decoded:
   more are not kept, because each costs a pass over the rest */

#define NGX_HTTP_OPENAI_REDACT_DEPTH  2
#define NGX_HTTP_OPENAI_REDACT_TRIES  4


static u_char *ngx_http_openai_redact_protocols(
    ngx_http_openai_redact_t *redact, u_char *dst, u_char *last,
    ngx_str_t *value);
static u_char *ngx_http_openai_redact_text(ngx_http_openai_redact_t *redact,
    u_char *dst, u_char *last, u_char *p, size_t len);
static u_char *ngx_http_openai_redact_userinfo(u_char *p, u_char *end);
static ngx_uint_t ngx_http_openai_redact_known(ngx_str_t *names, u_char *p,
    size_t len);
static u_char *ngx_http_openai_redact_part(u_char *p, u_char *end);
static u_char *ngx_http_openai_redact_unescape(u_char *dst, u_char *p,
    size_t len);
static ngx_uint_t ngx_http_openai_redact_encoded(
    ngx_http_openai_redact_t *redact, u_char **dst, u_char *last, u_char *name,
    u_char *value, u_char *end, ngx_uint_t level, ngx_uint_t tries);
static u_char *ngx_http_openai_redact_decoded(
    ngx_http_openai_redact_t *redact, u_char *dst, u_char *last,
    ngx_str_t *value, openai_secrets_words_t *words, ngx_uint_t level);
static u_char *ngx_http_openai_redact_level(ngx_http_openai_redact_t *redact,
    u_char *dst, u_char *last, ngx_str_t *uri, ngx_uint_t level);
static u_char *ngx_http_openai_put(u_char *dst, u_char *last, const void *src,
    size_t len);
static u_char *ngx_http_openai_put_secret(ngx_http_openai_redact_t *redact,
    u_char *dst, u_char *last, ngx_str_t *secret);
static u_char *ngx_http_openai_put_print(u_char *dst, u_char *last,
    char *print);


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


/* of these, the ones that tell of a credential under any header's name */

static ngx_str_t  ngx_http_openai_credentials[] = {
    ngx_string("bearer"),
    ngx_string("basic"),
    ngx_string("dpop"),
    ngx_string("apikey"),
    ngx_string("negotiate"),
    ngx_string("ntlm"),
    ngx_string("aws4-hmac-sha256"),
    ngx_string("sharedkey"),
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

    return ngx_http_openai_put_print(dst, last, print);
}


static u_char *
ngx_http_openai_put_print(u_char *dst, u_char *last, char *print)
{
    dst = ngx_http_openai_put(dst, last, "REDACTED-", 9);

    return ngx_http_openai_put(dst, last, print,
                               NGX_HTTP_OPENAI_FINGERPRINT_LEN);
}


static ngx_uint_t
ngx_http_openai_redact_known(ngx_str_t *names, u_char *p, size_t len)
{
    for ( /* void */ ; names->len; names++) {

        if (names->len == len
            && ngx_http_openai_same(p, names->data, len, '-'))
        {
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


ngx_uint_t
ngx_http_openai_redact_scheme(ngx_str_t *value)
{
    u_char  *p, *end;

    end = value->data + ngx_min(value->len, 20);
    p = ngx_strlchr(value->data, end, ' ');

    return p && p - value->data >= 4
           && ngx_http_openai_redact_known(ngx_http_openai_credentials,
                                           value->data, p - value->data);
}


u_char *
ngx_http_openai_redact_value(ngx_http_openai_redact_t *redact, u_char *dst,
    u_char *last, ngx_str_t *name, ngx_str_t *value,
    char print[NGX_HTTP_OPENAI_FINGERPRINT_LEN + 1])
{
    char       text[NGX_HTTP_OPENAI_FINGERPRINT_LEN + 1];
    ngx_str_t  secret;

    if (name->len == sizeof("Sec-WebSocket-Protocol") - 1
        && ngx_strncasecmp(name->data, (u_char *) "Sec-WebSocket-Protocol",
                           name->len)
           == 0)
    {
        return ngx_http_openai_redact_protocols(redact, dst, last, value);
    }

    if (print == NULL) {
        print = text;
    }

    secret = *value;
    ngx_http_openai_redact_secret(name, &secret);
    ngx_http_openai_fingerprint(redact, &secret, print);

    if (value->len == 0) {
        return dst;
    }

    dst = ngx_http_openai_put(dst, last, value->data,
                              secret.data - value->data);

    return ngx_http_openai_put_print(dst, last, print);
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


ngx_int_t
ngx_http_openai_redact_find_arg(ngx_http_openai_redact_t *redact,
    ngx_str_t *uri, ngx_str_t *value)
{
    u_char  *at;

    at = NULL;

    return ngx_http_openai_redact_next_arg(redact, uri, &at, value);
}


ngx_int_t
ngx_http_openai_redact_next_arg(ngx_http_openai_redact_t *redact,
    ngx_str_t *uri, u_char **at, ngx_str_t *value)
{
    u_char  *p, *end, *amp, *eq;

    end = uri->data + uri->len;
    p = *at ? *at : ngx_strlchr(uri->data, end, '?');

    for ( /* void */ ; p && p < end; p = amp) {

        p++;

        for (amp = p; amp < end && *amp != '&' && *amp != ';'; amp++) {
            /* void */
        }

        eq = ngx_strlchr(p, amp, '=');

        if (eq && ngx_http_openai_redact_arg(redact, p, eq - p)) {
            value->data = eq + 1;
            value->len = amp - eq - 1;
            *at = amp;
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


/* bytes that are no escape stay as they are, because the upstream may read
   them so; ngx_unescape_uri() leaves them out, and a "?" with them */

static u_char *
ngx_http_openai_redact_unescape(u_char *dst, u_char *p, size_t len)
{
    u_char     *last;
    ngx_int_t   c;

    for (last = p + len; p < last; /* void */ ) {

        if (*p == '%' && last - p >= 3) {
            c = ngx_hextoi(p + 1, 2);

            if (c != NGX_ERROR) {
                *dst++ = (u_char) c;
                p += 3;
                continue;
            }
        }

        *dst++ = *p++;
    }

    return dst;
}


/*
 * An argument whose value [value, end) is percent-encoded may have a URI of its
 * own, or JSON.  Returns 0 if nothing in it has to be replaced; else it is
 * written from its name on.
 */

static ngx_uint_t
ngx_http_openai_redact_encoded(ngx_http_openai_redact_t *redact, u_char **dst,
    u_char *last, u_char *name, u_char *value, u_char *end, ngx_uint_t level,
    ngx_uint_t tries)
{
    size_t      len;
    u_char     *p, *d;
    u_char      text[NGX_HTTP_OPENAI_REDACT_TEXT];
    u_char      out[NGX_HTTP_OPENAI_REDACT_TEXT];
    ngx_str_t   decoded;
    ngx_uint_t  found;

    len = end - value;

    if (len > sizeof(text) || level == NGX_HTTP_OPENAI_REDACT_DEPTH
        || tries > NGX_HTTP_OPENAI_REDACT_TRIES)
    {
        /* too long for a look: not kept, if it could have a URI; too deep, or
           too many: not kept */

        if (level < NGX_HTTP_OPENAI_REDACT_DEPTH
            && tries <= NGX_HTTP_OPENAI_REDACT_TRIES
            && ngx_strlcasestrn(value, end, (u_char *) "%3d", 3 - 1) == NULL
            && ngx_strlcasestrn(value, end, (u_char *) "%40", 3 - 1) == NULL)
        {
            return 0;
        }

        decoded.data = value;
        decoded.len = len;

        *dst = ngx_http_openai_put(*dst, last, name, value - name);
        *dst = ngx_http_openai_put_secret(redact, *dst, last, &decoded);

        return 1;
    }

    d = ngx_http_openai_redact_unescape(text, value, len);

    decoded.data = text;
    decoded.len = d - text;

    p = ngx_http_openai_redact_decoded(redact, out, out + sizeof(out),
                                       &decoded, NULL, level + 1);
    len = p - out;

    found = (len != decoded.len || ngx_memcmp(out, text, len) != 0);

    /* a URI that was handed on may be encoded once more */

    if (level + 1 < NGX_HTTP_OPENAI_REDACT_DEPTH
        && ngx_strlchr(out, out + len, '%'))
    {
        d = text;

        if (ngx_http_openai_redact_encoded(redact, &d, text + sizeof(text),
                                           out, out, p, level + 1, tries))
        {
            len = d - text;
            ngx_memcpy(out, text, len);
            found = 1;
        }
    }

    if (found) {
        *dst = ngx_http_openai_put(*dst, last, name, value - name);

        if (len + 2 * ngx_escape_uri(NULL, out, len,
                                     NGX_ESCAPE_URI_COMPONENT)
            <= (size_t) (last - *dst))
        {
            *dst = (u_char *) ngx_escape_uri(*dst, out, len,
                                             NGX_ESCAPE_URI_COMPONENT);
        }
    }

    ngx_explicit_memzero(text, sizeof(text));

    return found;
}


u_char *
ngx_http_openai_redact_text_value(ngx_http_openai_redact_t *redact,
    u_char *dst, u_char *last, ngx_str_t *value,
    openai_secrets_words_t *words)
{
    return ngx_http_openai_redact_decoded(redact, dst, last, value, words, 0);
}


static u_char *
ngx_http_openai_redact_decoded(ngx_http_openai_redact_t *redact, u_char *dst,
    u_char *last, ngx_str_t *value, openai_secrets_words_t *words,
    ngx_uint_t level)
{
    u_char            *p, text[NGX_HTTP_OPENAI_REDACT_TEXT];
    ngx_str_t          masked;
    openai_secrets_t   secrets;

    if (words == NULL && !ngx_http_openai_redact_json(value)) {
        return ngx_http_openai_redact_level(redact, dst, last, value, level);
    }

    openai_secrets_init(&secrets, OPENAI_SECRETS_MEMBERS, words != NULL);
    secrets.words = words;

    if (value->len > sizeof(text)) {

        p = ngx_http_openai_put(dst, last, value->data, value->len);
        (void) openai_secrets_find(&secrets, (char *) dst, p - dst, 1);

        return p;
    }

    ngx_memcpy(text, value->data, value->len);
    (void) openai_secrets_find(&secrets, (char *) text, value->len, 1);

    masked.data = text;
    masked.len = value->len;

    p = ngx_http_openai_redact_level(redact, dst, last, &masked, level);

    ngx_explicit_memzero(text, sizeof(text));

    return p;
}


u_char *
ngx_http_openai_redact_uri(ngx_http_openai_redact_t *redact, u_char *dst,
    u_char *last, ngx_str_t *uri)
{
    return ngx_http_openai_redact_level(redact, dst, last, uri, 0);
}


/* an argument may have "?" and "#" in it, so its end and its "=" are looked for
   once, not behind each of them */

static u_char *
ngx_http_openai_redact_level(ngx_http_openai_redact_t *redact, u_char *dst,
    u_char *last, ngx_str_t *uri, ngx_uint_t level)
{
    u_char      *p, *end, *amp, *eq, *stop;
    ngx_str_t    secret;
    ngx_uint_t   tries;

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

    eq = NULL;
    stop = NULL;
    tries = 0;

    for (p = amp + 1; p < end; p = amp) {

        if (stop == NULL || p > stop) {

            for (stop = p;
                 stop < end && *stop != '&' && *stop != ' ' && *stop != ';';
                 stop++)
            {
                /* void */
            }

            eq = ngx_strlchr(p, stop, '=');
            tries = 0;

        } else if (eq && eq < p) {
            eq = ngx_strlchr(p, stop, '=');
        }

        amp = stop;

        if (eq && ngx_http_openai_redact_arg(redact, p, eq - p)) {
            dst = ngx_http_openai_put(dst, last, p, eq + 1 - p);

            secret.data = eq + 1;
            secret.len = amp - eq - 1;

            dst = ngx_http_openai_put_secret(redact, dst, last, &secret);
            p = amp;

        } else if (eq && tries <= NGX_HTTP_OPENAI_REDACT_TRIES
                   && ngx_strlchr(eq, amp, '%')
                   && ngx_http_openai_redact_encoded(redact, &dst, last, p,
                                                     eq + 1, amp, level,
                                                     ++tries))
        {
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
