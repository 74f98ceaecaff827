
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Finds secrets in a body that passes in pieces, and overwrites them with "*",
 * byte for byte, so that lengths and structure stay.
 *
 * Four kinds of secrets are found:
 * - values of JSON members, form fields and arguments of URLs whose name says
 *   that they are secret (secrets_names.c);
 * - keys that are known by their shape (secrets_shapes.c);
 * - words that the caller knows to be secret (secrets_words.c);
 * - in errors, also what stands behind "key:" and the like.
 *
 * capture/secrets calls this for bodies, for header values that are JSON and
 * for the texts that the meter took out of bodies.  The state is bounded, and
 * the result does not depend on where a body is cut into pieces.
 */


#ifndef _OPENAI_SECRETS_H_INCLUDED_
#define _OPENAI_SECRETS_H_INCLUDED_


#include "digest/digest.h"


/* what an endpoint's bodies may hold, by the path */

typedef enum {
    OPENAI_SECRETS_NONE = 0,    /* what any body may hold */
    OPENAI_SECRETS_MEMBERS,     /* credentials for remote tools, among others */
    OPENAI_SECRETS_BODY,        /* made to carry a key, among other members */
    OPENAI_SECRETS_WHOLE        /* nothing but secrets */
} openai_secrecy_e;


/* how a body is written */

typedef enum {
    OPENAI_SECRETS_JSON = 0,    /* or text, or anything else */
    OPENAI_SECRETS_FORM,        /* application/x-www-form-urlencoded */
    OPENAI_SECRETS_PARTS        /* multipart/form-data */
} openai_secrets_form_e;


#define OPENAI_SECRETS_WORDS      32
#define OPENAI_SECRETS_WORD_MIN   6
#define OPENAI_SECRETS_WORD_LONG  16     /* shorter ones count in errors only */
#define OPENAI_SECRETS_WORD_MAX   256    /* of a longer one this much counts */

#define OPENAI_SECRETS_HOLD       2048   /* bytes that may have to wait */
#define OPENAI_SECRETS_TAIL       48     /* bytes that are looked back at */


/* what the caller knows to be secret; the words' bytes are the caller's */

typedef struct {
    unsigned      n;
    openai_str_t  word[OPENAI_SECRETS_WORDS];
} openai_secrets_words_t;


typedef struct {
    const openai_secrets_words_t  *words;    /* NULL: none */

    uint8_t   secrecy;
    uint8_t   text;              /* an error: what may be a key is one */
    uint8_t   form;

    uint8_t   state;
    uint8_t   run;               /* the bytes that a key may have */
    uint8_t   escaped;           /* the byte before was a backslash */

    /* of the object or array whose members are looked at one by one */

    uint8_t   kind;
    uint8_t   within;            /* a string that is kept */
    uint8_t   value;             /* a string here is a value, not a name */
    uint8_t   member;            /* the class of the member's name */
    uint8_t   depth;
    uint64_t  arrays;            /* a bit for each depth */

    uint8_t   ntail;
    char      tail[OPENAI_SECRETS_TAIL];     /* the last bytes settled */

    uint64_t  found;             /* bytes overwritten */
} openai_secrets_t;


/* by the path of a URI, arguments or not */
openai_secrecy_e openai_secrets_path(openai_str_t uri);

/* "text": the body is an error, or made to carry a key */
void openai_secrets_init(openai_secrets_t *s, openai_secrecy_e secrecy,
    int text);

/* another text begins, of the same kind */
void openai_secrets_next(openai_secrets_t *s);

/* adds a word; one that is too short, known, or one too many is left out */
void openai_secrets_word(openai_secrets_words_t *words, openai_str_t word);

/* returns 1 if one of the words is in the text */
int openai_secrets_words_in(const openai_secrets_words_t *words,
    openai_str_t text);

/* returns 1 if these bytes have nothing to overwrite and nothing that later
   bytes could make a secret; they count as settled then.  Returns 0 if the
   caller has to give them to openai_secrets_find() */
int openai_secrets_idle(openai_secrets_t *s, const char *p, size_t len);

/*
 * Looks through len bytes, which begin with those that the call before did not
 * settle.  Returns how many are settled; the others, at most
 * OPENAI_SECRETS_HOLD, must be in front of the next call's.  With "last" all
 * are settled.
 */
size_t openai_secrets_find(openai_secrets_t *s, char *p, size_t len, int last);

/* returns the length of a key at p by its shape, prefix included, 0: there is
   none.  The byte before p must be no letter or digit */
size_t openai_secrets_shape(const char *p, const char *last);

/* returns 1 if an argument of a URL or form is secret by its name, which is
   neither percent-encoded nor longer than OPENAI_SECRETS_TAIL */
int openai_secrets_argument(const char *name, size_t len);


#endif /* _OPENAI_SECRETS_H_INCLUDED_ */
