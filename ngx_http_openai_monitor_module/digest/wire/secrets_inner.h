
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * What the files of the finder of secrets share: secrets.c walks through a
 * body, and asks secrets_names.c, secrets_shapes.c and secrets_words.c about
 * the places where a secret may begin.
 */


#ifndef _OPENAI_SECRETS_INNER_H_INCLUDED_
#define _OPENAI_SECRETS_INNER_H_INCLUDED_


#include <string.h>

#include "digest/wire/secrets.h"


/* what a member's name says of its value */

typedef enum {
    OPENAI_SECRETS_PLAIN = 0,
    OPENAI_SECRETS_STRONG,     /* a secret, or an object that has one */
    OPENAI_SECRETS_WEAK,       /* a secret if it looks like a random one */
    OPENAI_SECRETS_VALUE,      /* a secret within a secret's object */
    OPENAI_SECRETS_INSIDE,     /* an object that may have secrets */
    OPENAI_SECRETS_HEADERS,    /* an object whose members are headers */
    OPENAI_SECRETS_URL,        /* may have secret arguments */
    OPENAI_SECRETS_SCHEMA,     /* of a JSON schema, or a header after all */
    OPENAI_SECRETS_OUTLINE     /* of a JSON schema for sure */
} openai_secrets_class_e;


/* the bytes of a key that a run of them may have */

typedef enum {
    OPENAI_SECRETS_RUN_KEY = 0,   /* letters, digits, "-", "_" */
    OPENAI_SECRETS_RUN_DOTS,      /* "." too */
    OPENAI_SECRETS_RUN_BASE64,    /* "+", "/", "=" too */
    OPENAI_SECRETS_RUN_TEXT,      /* what an error may have made of a key */
    OPENAI_SECRETS_RUN_PEM,       /* base64 in lines */
    OPENAI_SECRETS_RUN_FIELD,     /* all up to "&" */
    OPENAI_SECRETS_RUN_LINE       /* all of a line */
} openai_secrets_run_e;


/* bits for the ends of names, and for those of prefixes */

#define OPENAI_SECRETS_ENDS_BITS  12
#define OPENAI_SECRETS_ENDS       (1 << OPENAI_SECRETS_ENDS_BITS)


/* answers to the question whether a secret is here: 0 no, 1 yes, and */

#define OPENAI_SECRETS_MORE  -1   /* that depends on what follows */


static inline int
openai_secrets_digit(char c)
{
    return c >= '0' && c <= '9';
}


static inline int
openai_secrets_alnum(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || openai_secrets_digit(c);
}


static inline int
openai_secrets_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


/* the class of a member by its name, without quotes */
openai_secrets_class_e openai_secrets_name(const char *name, size_t len);

/* makes the tables that the two below look into; once is enough */
void openai_secrets_names_init(void);
void openai_secrets_shapes_init(void);

extern uint64_t  openai_secrets_name_ends[OPENAI_SECRETS_ENDS / 64];
extern uint64_t  openai_secrets_shape_ends[OPENAI_SECRETS_ENDS / 64];


/* a hash of three bytes, for a bit in either table */

static inline unsigned
openai_secrets_end(const char *p, uint32_t fold)
{
    uint32_t  three;

    three = (uint32_t) (unsigned char) p[0] << 16
            | (uint32_t) (unsigned char) p[1] << 8 | (unsigned char) p[2];

    return (three | fold) * 2654435769u >> (32 - OPENAI_SECRETS_ENDS_BITS);
}


/* returns 0 if no name that has a class ends like the bytes before p, of which
   there are three, in any case */

static inline int
openai_secrets_name_end(const char *p)
{
    unsigned  bit;

    bit = openai_secrets_end(p - 3, 0x202020);

    return (openai_secrets_name_ends[bit / 64] >> bit % 64) & 1;
}


/* returns 0 if no shape has its telling byte at p; two bytes are before it */

static inline int
openai_secrets_shape_end(const char *p)
{
    unsigned  bit;

    bit = openai_secrets_end(p - 2, 0);

    return (openai_secrets_shape_ends[bit / 64] >> bit % 64) & 1;
}


/* the byte may be one of this run */
int openai_secrets_in_run(unsigned run, char c);

/* the first bytes of [p, last) that may be in the run look as if they were
   made at random; at least min of them */
int openai_secrets_random(const char *p, const char *last, size_t min,
    int more);

/*
 * A key whose telling byte is at p, with bytes from "first" on to look back
 * at.  Sets *secret to what is to be overwritten first, and *run to how the
 * key goes on.
 */
int openai_secrets_shape_at(const char *first, const char *p,
    const char *last, int more, const char **secret, unsigned *run);

/* the length of a prefix at p of those that count in errors whatever follows,
   or OPENAI_SECRETS_MORE */
int openai_secrets_prefix(const char *p, const char *last);

/* a word at p; *len is how much of the text it takes, with its escapes */
int openai_secrets_word_at(const openai_secrets_words_t *words, size_t min,
    const char *p, const char *last, size_t *len);

/* returns where one of the words may begin, or last */
const char *openai_secrets_word_seek(const openai_secrets_words_t *words,
    const char *p, const char *last);


#endif /* _OPENAI_SECRETS_INNER_H_INCLUDED_ */
