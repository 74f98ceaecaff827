
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Walks through a body and overwrites its secrets; secrets.h says what counts.
 *
 * The walk goes from one telling byte to the next (secrets_marks.c).  From
 * there it looks back at a name or prefix, and forward at the value.  A value
 * that is not there yet makes the walk stop at the telling byte, and come by
 * it again with more bytes; so the result is the same however a body is cut.
 * Names and prefixes that were settled before are in a tail of the last bytes.
 *
 * Objects whose members count one by one, as those of "headers", are walked
 * through byte by byte.  So are errors.
 */


#include "digest/wire/secrets_walk.h"


static size_t openai_secrets_run(openai_secrets_walk_t *w, size_t i);
static size_t openai_secrets_step(openai_secrets_walk_t *w, size_t i);


void
openai_secrets_init(openai_secrets_t *s, openai_secrecy_e secrecy, int text)
{
    static int  ready;

    if (!ready) {
        openai_secrets_names_init();
        openai_secrets_shapes_init();
        ready = 1;
    }

    memset(s, 0, sizeof(openai_secrets_t));

    s->secrecy = secrecy;
    s->text = (text || secrecy >= OPENAI_SECRETS_BODY);
}


void
openai_secrets_next(openai_secrets_t *s)
{
    s->state = OPENAI_SECRETS_WALK;
    s->depth = 0;
    s->ntail = 0;
}


int
openai_secrets_idle(openai_secrets_t *s, const char *p, size_t len)
{
    size_t                  i;
    openai_secrets_marks_t  m;

    if (s->state != OPENAI_SECRETS_WALK || s->text
        || s->form == OPENAI_SECRETS_FORM)
    {
        return 0;
    }

    if (len == 0) {
        return 1;
    }

    if (s->words && openai_secrets_word_seek(s->words, p, p + len) != p + len)
    {
        return 0;
    }

    openai_secrets_marks(&m, s, p, 0, len);

    while ((i = openai_secrets_next_mark(&m)) < len) {

        if (p[i] != ':') {

            if (openai_secrets_shaped(s, p, i)) {
                return 0;
            }

            continue;
        }

        /* most names are none of those that count */

        if (i >= 4 && p[i - 1] == '"' && !openai_secrets_name_end(p + i - 1)) {
            continue;
        }

        if (openai_secrets_named(s, p, i) != OPENAI_SECRETS_PLAIN
            || (s->form == OPENAI_SECRETS_PARTS
                && openai_secrets_disposed(s, p, i)))
        {
            return 0;
        }
    }

    openai_secrets_settle(s, p, len);

    return 1;
}


size_t
openai_secrets_find(openai_secrets_t *s, char *p, size_t len, int last)
{
    char                   c;
    size_t                 i, n, at;
    openai_secrets_walk_t  w;

    w.s = s;
    w.p = p;
    w.len = len;
    w.more = !last;

    for (i = 0; i < len; i = n) {

        switch (s->state) {

        case OPENAI_SECRETS_STRING:
            c = p[i];
            n = i + 1;

            if (c == '"' && !s->escaped) {
                s->state = s->depth ? OPENAI_SECRETS_DEEP
                                    : OPENAI_SECRETS_WALK;
                break;
            }

            s->escaped = (c == '\\' && !s->escaped);
            openai_secrets_mask(&w, i, 1);
            break;

        case OPENAI_SECRETS_RUN:
            n = openai_secrets_run(&w, i);
            break;

        case OPENAI_SECRETS_DEEP:
            n = openai_secrets_deep(&w, i);
            break;

        default:
            at = i;

            if (!s->text && s->form != OPENAI_SECRETS_FORM) {
                at = openai_secrets_seek(s, p, i, len);

                if (s->words) {
                    at = openai_secrets_word_seek(s->words, p + i, p + at) - p;
                }
            }

            n = (at < len) ? openai_secrets_step(&w, at) : len;

            if (n == OPENAI_SECRETS_WAIT) {
                i = at;
            }
        }

        if (n == OPENAI_SECRETS_WAIT) {
            break;
        }
    }

    openai_secrets_settle(s, p, i);

    return i;
}


/* the next byte of a key; of escapes both bytes, so that JSON stays JSON */

static size_t
openai_secrets_run(openai_secrets_walk_t *w, size_t i)
{
    openai_secrets_t  *s;

    s = w->s;

    if (openai_secrets_in_run(s->run, w->p[i])) {
        openai_secrets_mask(w, i, 1);
        return i + 1;
    }

    if (w->p[i] == '\\' && (s->run == OPENAI_SECRETS_RUN_PEM
                            || s->run == OPENAI_SECRETS_RUN_BASE64))
    {
        if (i + 1 == w->len && w->more) {
            return OPENAI_SECRETS_WAIT;
        }

        if (i + 1 < w->len && w->p[i + 1] && strchr("nr/\\", w->p[i + 1])) {
            openai_secrets_mask(w, i, 2);
            return i + 2;
        }
    }

    s->state = s->depth ? OPENAI_SECRETS_DEEP : OPENAI_SECRETS_WALK;

    return i;
}


/* each step looks at p[i], and returns where to go on */

static size_t
openai_secrets_step(openai_secrets_walk_t *w, size_t i)
{
    size_t  n;

    if (w->s->words) {
        n = openai_secrets_word_step(w, i);

        if (n != i) {
            return n;
        }
    }

    if (w->s->text) {
        n = openai_secrets_text_step(w, i);

        if (n != i) {
            return n;
        }
    }

    switch (w->p[i]) {

    case ':':

        n = openai_secrets_member(w, i);

        if (n != i + 1) {
            return n;
        }

        if (w->s->form == OPENAI_SECRETS_PARTS) {
            return openai_secrets_part(w, i);
        }

        break;

    case '=':

        if (w->s->form == OPENAI_SECRETS_FORM) {
            return openai_secrets_field(w, i);
        }

        break;

    default:
        return openai_secrets_shape_step(w, i);
    }

    return i + 1;
}
