
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Finding secrets in a body that passes in pieces: values of JSON members that
 * are known to hold one, keys that are known by their shape, and words that
 * the caller has.
 *
 * What is found is overwritten with "*", byte for byte, so that lengths and
 * structure stay.
 */


#ifndef _OPENAI_SECRETS_H_INCLUDED_
#define _OPENAI_SECRETS_H_INCLUDED_


#include "digest/digest.h"


/* what an endpoint's bodies may hold */

typedef enum {
    OPENAI_SECRETS_NONE = 0,
    OPENAI_SECRETS_MEMBERS,     /* credentials for remote tools, among others */
    OPENAI_SECRETS_BODY,        /* made to carry a key, among other members */
    OPENAI_SECRETS_WHOLE        /* nothing but secrets */
} openai_secrecy_e;


#define OPENAI_SECRETS_WORDS     6
#define OPENAI_SECRETS_WORD_MIN  6
#define OPENAI_SECRETS_WORD_MAX  512     /* what is longer is compared so far */


typedef struct {
    uint8_t       secrecy;
    uint8_t       text;          /* shapes and words are looked for */
    uint8_t       nwords;
    openai_str_t  words[OPENAI_SECRETS_WORDS];

    /* of the member that passes */

    uint8_t       state;
    uint8_t       flat;          /* members of this object itself are secret */
    uint8_t       skip;          /* but not the value of this one */
    uint8_t       value;         /* a string here is a value, not a name */
    uint8_t       secret;        /* the string that passes is one */
    uint8_t       escaped;
    uint8_t       n;
    char          name[24];
    uint32_t      depth;
    uint64_t      arrays;        /* a bit for each depth */
    char          before;        /* the last byte that was given */

    /* of the text */

    uint8_t       run;           /* within a key */
    char          settled;       /* the last byte that was settled */

    uint64_t      found;         /* bytes overwritten */
} openai_secrets_t;


/* by the path of a URI, arguments or not */
openai_secrecy_e openai_secrets_path(openai_str_t uri);

/* "text": keys by their shape, and words, besides members */
void openai_secrets_init(openai_secrets_t *s, openai_secrecy_e secrecy,
    int text);

/* a word of the caller's, which lives as long as s; one too many is left out */
void openai_secrets_word(openai_secrets_t *s, openai_str_t word);

/* nothing begins in these bytes and nothing goes on in them: they may be left
   out of openai_secrets_find() */
int openai_secrets_idle(openai_secrets_t *s, const char *p, size_t len);

/*
 * Looks through len bytes, the first of which ("again") have been given before
 * and were not settled then.  Returns how many are settled; the others, at most
 * OPENAI_SECRETS_WORD_MAX, must be in front of the next call.  With "last" all
 * are.
 */
size_t openai_secrets_find(openai_secrets_t *s, char *p, size_t again,
    size_t len, int last);

/* the length of a key at p by its shape, prefix included, 0: there is none */
size_t openai_secrets_shape(const char *p, const char *last);


#endif /* _OPENAI_SECRETS_H_INCLUDED_ */
