
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The walk through a body, as the files of the finder of secrets share it:
 * secrets.c leads it, and the others look at the places that it comes to.
 *
 * A step looks at p[i].  It returns where to go on, or OPENAI_SECRETS_WAIT if
 * it cannot tell before more bytes are there.  A step that returns i has found
 * nothing, where another one may.
 */


#ifndef _OPENAI_SECRETS_WALK_H_INCLUDED_
#define _OPENAI_SECRETS_WALK_H_INCLUDED_


#include "digest/wire/secrets_inner.h"


#define OPENAI_SECRETS_WAIT  ((size_t) -1)


typedef enum {
    OPENAI_SECRETS_WALK = 0,
    OPENAI_SECRETS_STRING,            /* a secret up to its quote */
    OPENAI_SECRETS_RUN,               /* a secret up to another byte */
    OPENAI_SECRETS_DEEP               /* within an object or array */
} openai_secrets_state_e;


/* a buffer that is walked through */

typedef struct {
    openai_secrets_t  *s;
    char              *p;
    size_t             len;
    int                more;          /* bytes may follow */
} openai_secrets_walk_t;


/* a block of a buffer, and its bytes that may tell */

typedef struct {
    const char        *p;
    size_t             len;
    size_t             at;            /* where the block begins */
    uint32_t           width;         /* its bytes */
    uint32_t           mask;          /* those that are still to be looked at */
} openai_secrets_marks_t;


/* one of the bytes at which a step may find something; "before" is the one
   before it */

static inline int
openai_secrets_tells(char c, char before)
{
    switch (c) {

    case ':':
    case '-':
    case '_':
        return 1;

    case '.':
        return before == 's' || before == '9' || before == 'G';

    case 'z':
    case 'A':
        return before == 'I';

    case 'J':
        return before == 'y';

    case 'V':
        return before == 'm';
    }

    return 0;
}


/* goes through the bytes of p that may tell, from i on */
void openai_secrets_marks(openai_secrets_marks_t *m, const openai_secrets_t *s,
    const char *p, size_t i, size_t len);

/* finds the next block that has such a byte */
void openai_secrets_next_block(openai_secrets_marks_t *m);

/* returns the first one from i on, or the length */
size_t openai_secrets_seek(const openai_secrets_t *s, const char *p, size_t i,
    size_t len);

/* returns the bytes before p[i], *n of them, the last OPENAI_SECRETS_TAIL at
   most; "room" has as many */
const char *openai_secrets_behind(const openai_secrets_t *s, const char *p,
    size_t i, char *room, size_t *n);

/* remembers the last of len settled bytes */
void openai_secrets_settle(openai_secrets_t *s, const char *p, size_t len);

/* overwrites n bytes */
void openai_secrets_mask(openai_secrets_walk_t *w, size_t i, size_t n);

/* a word that the caller knows to be secret */
size_t openai_secrets_word_step(openai_secrets_walk_t *w, size_t i);

/* returns 1 if p[i] may be the telling byte of a shape */
int openai_secrets_shaped(const openai_secrets_t *s, const char *p, size_t i);

/* a key by its shape, whose telling byte is p[i] */
size_t openai_secrets_shape_step(openai_secrets_walk_t *w, size_t i);

/* in an error: a key behind what says so, or a digest of a key */
size_t openai_secrets_text_step(openai_secrets_walk_t *w, size_t i);

/* the "=" of a form's field */
size_t openai_secrets_field(openai_secrets_walk_t *w, size_t i);

/* a colon in a multipart body */
size_t openai_secrets_part(openai_secrets_walk_t *w, size_t i);

/* returns 1 if p[i] is the colon of "Content-Disposition:" */
int openai_secrets_disposed(const openai_secrets_t *s, const char *p,
    size_t i);

/* returns the class of the member's name before the colon p[i] */
openai_secrets_class_e openai_secrets_named(const openai_secrets_t *s,
    const char *p, size_t i);

/* the colon of a member */
size_t openai_secrets_member(openai_secrets_walk_t *w, size_t i);

/* any byte of an object or array whose members are looked at one by one */
size_t openai_secrets_deep(openai_secrets_walk_t *w, size_t i);

/* the first byte of a string that is a URL; of a longer one than may wait, only
   the first part is looked at */
size_t openai_secrets_url(openai_secrets_walk_t *w, size_t i);

/* returns where a text begins in [p, last), or NULL */
const char *openai_secrets_lookup(const char *p, const char *last,
    const char *text);


/* returns the next byte that may tell, or the length when there is none */

static inline size_t
openai_secrets_next_mark(openai_secrets_marks_t *m)
{
    size_t  i;

    for ( ;; ) {

        for ( /* void */ ; m->mask; m->mask &= m->mask - 1) {
            i = m->at + __builtin_ctz(m->mask);

            if (i == 0 || openai_secrets_tells(m->p[i], m->p[i - 1])) {
                m->mask &= m->mask - 1;
                return i;
            }
        }

        m->at += m->width;

        if (m->at >= m->len) {
            return m->len;
        }

        openai_secrets_next_block(m);
    }
}


#endif /* _OPENAI_SECRETS_WALK_H_INCLUDED_ */
