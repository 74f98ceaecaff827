
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Looks at URLs in the values of members: the password before the host, and
 * arguments that are secret by their name, also in a URL within a URL.
 * secrets_members.c calls it at the first byte of such a value.
 */


#include <strings.h>

#include "digest/wire/secrets_walk.h"


#define OPENAI_SECRETS_URL_MAX (OPENAI_SECRETS_HOLD - 128)


static void openai_secrets_url_args(openai_secrets_walk_t *w, size_t i, size_t
    end);
static size_t openai_secrets_url_sign(const char *p, const char *last, char
    *sign);


/* a URL in a string; what is longer than may wait is looked at so far */

size_t
openai_secrets_url(openai_secrets_walk_t *w, size_t i)
{
    size_t       n, end;
    const char  *p, *at, *last;

    p = w->p + i;
    n = w->len - i;

    if (n < 5 && w->more) {
        return OPENAI_SECRETS_WAIT;
    }

    if (n >= 5 && memcmp(p, "data:", 5) == 0) {
        return i;
    }

    n = (n < OPENAI_SECRETS_URL_MAX) ? n : OPENAI_SECRETS_URL_MAX;

    last = memchr(p, '"', n);

    if (last == NULL) {

        if (w->more && n < OPENAI_SECRETS_URL_MAX) {
            return OPENAI_SECRETS_WAIT;
        }

        last = p + n;
    }

    end = last - w->p;

    /* "//user:password@host" */

    at = openai_secrets_lookup(p, last, "//");
    n = 2;

    if (at == NULL) {
        at = openai_secrets_lookup(p, last, "\\/\\/");
        n = 4;
    }

    if (at) {
        at += n;

        for (n = 0; at + n < last && !strchr("/?#@\"", at[n] ? at[n] : '/');
             n++)
        {
            /* void */
        }

        if (at + n < last && at[n] == '@') {
            openai_secrets_mask(w, at - w->p, n);
        }
    }

    openai_secrets_url_args(w, i, end);

    /* keys by their shape are looked for, too */

    return (w->s->state == OPENAI_SECRETS_STRING) ? end : i;
}


/* arguments of the URL, and of those that are percent-encoded in it */

static void
openai_secrets_url_args(openai_secrets_walk_t *w, size_t i, size_t end)
{
    char         sign;
    size_t       n, name, value;
    unsigned     open;
    const char  *last;

    last = w->p + end;
    name = 0;
    value = 0;
    open = 0;

    for ( /* void */ ; i < end; i += n) {

        n = openai_secrets_url_sign(w->p + i, last, &sign);

        if (n == 0) {
            n = 1;
            continue;
        }

        if (sign == '=') {

            if (name && !value && i - name <= OPENAI_SECRETS_TAIL
                && openai_secrets_argument(w->p + name, i - name))
            {
                value = i + n;
            }

            continue;
        }

        if (value) {
            openai_secrets_mask(w, value, i - value);
            value = 0;
        }

        open |= (sign == '?' || sign == '#');
        name = open ? i + n : 0;
    }

    if (value) {
        openai_secrets_mask(w, value, end - value);

        /* it goes on */

        if (end == w->len || *last != '"') {
            w->s->state = OPENAI_SECRETS_STRING;
            w->s->escaped = 0;
        }
    }
}


/* the length of "?", "#", "&", ";" or "=" in one of its writings */

static size_t
openai_secrets_url_sign(const char *p, const char *last, char *sign)
{
    size_t  i;

    static const struct {
        const char  *text;
        char         sign;
    } coded[] = {
        { "%3f", '?' }, { "%26", '&' }, { "%3d", '=' }, { "%23", '#' },
        { "%3b", ';' }, { "\\u0026", '&' }, { "\\u003d", '=' },
    };

    if (strchr("?#&;=", *p ? *p : ' ')) {
        *sign = *p;
        return 1;
    }

    if (*p != '%' && *p != '\\') {
        return 0;
    }

    for (i = 0; i < sizeof(coded) / sizeof(coded[0]); i++) {
        if ((size_t) (last - p) >= strlen(coded[i].text)
            && strncasecmp(p, coded[i].text, strlen(coded[i].text)) == 0)
        {
            *sign = coded[i].sign;
            return strlen(coded[i].text);
        }
    }

    return 0;
}
