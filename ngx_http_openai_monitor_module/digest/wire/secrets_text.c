
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Secrets outside of JSON: what an error says of a key, the fields of a form
 * and the parts of a multipart body.  secrets.c calls a step at each byte that
 * may begin one.
 */


#include "digest/wire/secrets_walk.h"


#define OPENAI_SECRETS_HASH    64     /* hexadecimal digits of a hash */


static size_t openai_secrets_assign(openai_secrets_walk_t *w, size_t i);
static int openai_secrets_assigned(openai_secrets_walk_t *w, size_t i);
static size_t openai_secrets_hash(openai_secrets_walk_t *w, size_t i);


/* what is a secret in an error only */

size_t
openai_secrets_text_step(openai_secrets_walk_t *w, size_t i)
{
    int   n;
    char  before;

    before = i ? w->p[i - 1]
               : w->s->ntail ? w->s->tail[OPENAI_SECRETS_TAIL - 1] : ' ';

    if (w->p[i] == ':' || w->p[i] == '=' || w->p[i] == ' ') {
        return openai_secrets_assign(w, i);
    }

    if (openai_secrets_alnum(before)) {
        return i;
    }

    n = openai_secrets_prefix(w->p + i, w->p + w->len);

    if (n == OPENAI_SECRETS_MORE) {
        return w->more ? OPENAI_SECRETS_WAIT : i;
    }

    if (n) {
        w->s->state = OPENAI_SECRETS_RUN;
        w->s->run = OPENAI_SECRETS_RUN_TEXT;

        return i + n;
    }

    return openai_secrets_hash(w, i);
}


/* "api_key=K", "'token': 'K'", "key provided: K", "Bearer K" */

static size_t
openai_secrets_assign(openai_secrets_walk_t *w, size_t i)
{
    int     rc;
    size_t  n;

    if (!openai_secrets_assigned(w, i)) {
        return i;
    }

    for (n = i + 1; n < w->len && n < i + 8 && w->p[n]
                    && strchr(" \"'\\=:[({<", w->p[n]);
         n++)
    {
        /* void */
    }

    if (n == w->len) {
        return w->more ? OPENAI_SECRETS_WAIT : i;
    }

    /* the prefix of a key is kept */

    rc = openai_secrets_prefix(w->p + n, w->p + w->len);

    if (rc == 0) {
        rc = openai_secrets_random(w->p + n, w->p + w->len, 12, w->more);

    } else if (rc > 0) {
        return i;
    }

    if (rc == OPENAI_SECRETS_MORE && w->more) {
        return OPENAI_SECRETS_WAIT;
    }

    if (rc <= 0) {
        return i;
    }

    w->s->state = OPENAI_SECRETS_RUN;
    w->s->run = OPENAI_SECRETS_RUN_TEXT;

    return n;
}


/* the word before p[i] says that a key follows */

static int
openai_secrets_assigned(openai_secrets_walk_t *w, size_t i)
{
    char         room[OPENAI_SECRETS_TAIL], word[12];
    size_t       n, k, len;
    const char  *first, *end;

    static const char *const  names[] = {
        "key", "token", "secret", "password", "passwd", "credential",
        "credentials", "provided", "bearer", "basic", NULL
    };

    first = openai_secrets_behind(w->s, w->p, i, room, &n);
    end = first + n;

    for (k = 0; k < 6 && end > first && end[-1] && strchr(" \"'\\)]}", end[-1]);
         k++)
    {
        end--;
    }

    for (len = 0;
         len < sizeof(word) - 1 && end > first
         && (end[-1] | 0x20) >= 'a' && (end[-1] | 0x20) <= 'z';
         len++)
    {
        end--;
        word[len] = (char) (*end | 0x20);
    }

    /* the letters are from the last one to the first */

    for (k = 0; names[k]; k++) {
        n = strlen(names[k]);

        if (n > len || (w->p[i] == ' ' && names[k][0] != 'b')) {
            continue;
        }

        while (n && names[k][n - 1] == word[strlen(names[k]) - n]) {
            n--;
        }

        if (n == 0) {
            return 1;
        }
    }

    return 0;
}


/* "Key Hash = 5d41…", the digest of a key */

static size_t
openai_secrets_hash(openai_secrets_walk_t *w, size_t i)
{
    char    c;
    size_t  n;

    for (n = 0; n < OPENAI_SECRETS_HASH; n++) {

        if (i + n == w->len) {
            return (w->more && n) ? OPENAI_SECRETS_WAIT : i;
        }

        c = w->p[i + n];

        if (!openai_secrets_digit(c)
            && ((c | 0x20) < 'a' || (c | 0x20) > 'f'))
        {
            return i;
        }
    }

    openai_secrets_mask(w, i, n);
    w->s->state = OPENAI_SECRETS_RUN;
    w->s->run = OPENAI_SECRETS_RUN_TEXT;

    return i + n;
}


/* of a form, the value behind the name and "=" */

size_t
openai_secrets_field(openai_secrets_walk_t *w, size_t i)
{
    char         room[OPENAI_SECRETS_TAIL];
    size_t       n;
    const char  *first, *start, *end;

    first = openai_secrets_behind(w->s, w->p, i, room, &n);
    end = first + n;

    for (start = end; start > first && start[-1] != '&'; start--) {
        /* void */
    }

    if (openai_secrets_argument(start, end - start)) {
        w->s->state = OPENAI_SECRETS_RUN;
        w->s->run = OPENAI_SECRETS_RUN_FIELD;
    }

    return i + 1;
}


/* of a multipart body, the lines behind "Content-Disposition:" */

size_t
openai_secrets_part(openai_secrets_walk_t *w, size_t i)
{
    size_t       rest;
    const char  *first, *p, *last, *name, *quote;

    if (!openai_secrets_disposed(w->s, w->p, i)) {
        return i + 1;
    }

    p = w->p + i;
    rest = w->len - i;
    last = p + (rest < OPENAI_SECRETS_HOLD / 2 ? rest
                                               : OPENAI_SECRETS_HOLD / 2);

    first = openai_secrets_lookup(p, last, "\r\n\r\n");

    if (first == NULL) {
        return (w->more && rest < OPENAI_SECRETS_HOLD / 2)
               ? OPENAI_SECRETS_WAIT : i + 1;
    }

    name = openai_secrets_lookup(p, first, " name=\"");

    if (name == NULL) {
        return i + 1;
    }

    name += 7;
    quote = memchr(name, '"', first - name);

    if (quote && openai_secrets_argument(name, quote - name)) {
        w->s->state = OPENAI_SECRETS_RUN;
        w->s->run = OPENAI_SECRETS_RUN_LINE;

        return first + 4 - w->p;
    }

    return i + 1;
}


/* p[i] is the colon of "Content-Disposition:" */

int
openai_secrets_disposed(const openai_secrets_t *s, const char *p, size_t i)
{
    char         room[OPENAI_SECRETS_TAIL];
    size_t       n;
    const char  *first;

    if (i && p[i - 1] != 'n') {
        return 0;
    }

    first = openai_secrets_behind(s, p, i, room, &n);

    return n >= 10 && memcmp(first + n - 10, "isposition", 10) == 0;
}
