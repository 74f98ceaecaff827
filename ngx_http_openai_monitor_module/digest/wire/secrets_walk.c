
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The walk's own hands: looking back, settling, overwriting, and the two steps
 * that do not depend on how a body is written: a word that the caller knows,
 * and a key by its shape.  The other files of the finder call them.
 */


#include "digest/wire/secrets_walk.h"


/* the bytes before p[i], *n of them, the last OPENAI_SECRETS_TAIL at most */

const char *
openai_secrets_behind(const openai_secrets_t *s, const char *p, size_t i,
    char *room, size_t *n)
{
    size_t  tail;

    if (i >= OPENAI_SECRETS_TAIL) {
        *n = OPENAI_SECRETS_TAIL;
        return p + i - OPENAI_SECRETS_TAIL;
    }

    tail = OPENAI_SECRETS_TAIL - i;
    tail = (tail < s->ntail) ? tail : s->ntail;

    memcpy(room, s->tail + OPENAI_SECRETS_TAIL - tail, tail);
    memcpy(room + tail, p, i);

    *n = tail + i;

    return room;
}


void
openai_secrets_settle(openai_secrets_t *s, const char *p, size_t len)
{
    size_t  n;

    if (len >= OPENAI_SECRETS_TAIL) {
        memcpy(s->tail, p + len - OPENAI_SECRETS_TAIL, OPENAI_SECRETS_TAIL);
        s->ntail = OPENAI_SECRETS_TAIL;
        return;
    }

    memmove(s->tail, s->tail + len, OPENAI_SECRETS_TAIL - len);
    memcpy(s->tail + OPENAI_SECRETS_TAIL - len, p, len);

    n = s->ntail + len;
    s->ntail = (n < OPENAI_SECRETS_TAIL) ? n : OPENAI_SECRETS_TAIL;
}


void
openai_secrets_mask(openai_secrets_walk_t *w, size_t i, size_t n)
{
    memset(w->p + i, '*', n);
    w->s->found += n;
}


/* where a text begins in [p, last), or NULL */

const char *
openai_secrets_lookup(const char *p, const char *last, const char *text)
{
    size_t  n;

    n = strlen(text);

    for ( /* void */ ; (size_t) (last - p) >= n; p++) {

        p = memchr(p, text[0], last - p - n + 1);

        if (p == NULL) {
            return NULL;
        }

        if (memcmp(p, text, n) == 0) {
            return p;
        }
    }

    return NULL;
}


/* p[i] may be the telling byte of a shape */

int
openai_secrets_shaped(const openai_secrets_t *s, const char *p, size_t i)
{
    char    three[3];
    size_t  n;

    if (i >= 2) {
        return openai_secrets_shape_end(p + i);
    }

    if (s->ntail + i < 2) {
        return 0;
    }

    for (n = 0; n < 3; n++) {
        three[n] = (i + n >= 2) ? p[i + n - 2]
                                : s->tail[OPENAI_SECRETS_TAIL + i + n - 2];
    }

    return openai_secrets_shape_end(three + 2);
}


size_t
openai_secrets_shape_step(openai_secrets_walk_t *w, size_t i)
{
    int          rc;
    char         room[2 * OPENAI_SECRETS_TAIL + OPENAI_SECRETS_HOLD];
    size_t       n, rest;
    unsigned     run;
    const char  *first, *p, *last, *secret;

    if (!openai_secrets_shaped(w->s, w->p, i)) {
        return i + 1;
    }

    last = w->p + w->len;

    if (i >= OPENAI_SECRETS_TAIL) {
        first = w->p + i - OPENAI_SECRETS_TAIL;
        p = w->p + i;

    } else {

        /* what is before it lies in another place */

        first = openai_secrets_behind(w->s, w->p, i, room, &n);

        rest = w->len - i;
        rest = (rest < OPENAI_SECRETS_HOLD) ? rest : OPENAI_SECRETS_HOLD;

        p = room + n;
        memcpy(room + n, w->p + i, rest);
        last = p + rest;
    }

    rc = openai_secrets_shape_at(first, p, last, w->more, &secret, &run);

    if (rc == OPENAI_SECRETS_MORE) {
        return OPENAI_SECRETS_WAIT;
    }

    if (rc == 0) {
        return i + 1;
    }

    w->s->state = OPENAI_SECRETS_RUN;
    w->s->run = run;

    return i + (secret - p);
}


size_t
openai_secrets_word_step(openai_secrets_walk_t *w, size_t i)
{
    int          rc;
    char         room[OPENAI_SECRETS_TAIL];
    size_t       n, k;
    const char  *first;

    /* the second byte of an escape is kept, so that it stays one */

    first = openai_secrets_behind(w->s, w->p, i, room, &n);

    for (k = 0; k < n && first[n - 1 - k] == '\\'; k++) { /* void */ }

    rc = openai_secrets_word_at(w->s->words, w->s->text
                                             ? OPENAI_SECRETS_WORD_MIN
                                             : OPENAI_SECRETS_WORD_LONG,
                                w->p + i, w->p + w->len, &n);

    if (rc == OPENAI_SECRETS_MORE && w->more) {

        if (w->len - i < OPENAI_SECRETS_HOLD / 2) {
            return OPENAI_SECRETS_WAIT;
        }

        n = n ? n : w->len - i;
    }

    if (n == 0) {
        return i;
    }

    k &= 1;

    openai_secrets_mask(w, i + k, n - k);
    w->s->state = OPENAI_SECRETS_RUN;
    w->s->run = OPENAI_SECRETS_RUN_TEXT;

    return i + n;
}
