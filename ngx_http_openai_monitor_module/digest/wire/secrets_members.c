
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Members of JSON objects: the class of a name, and whether its value is to be
 * overwritten.  secrets.c comes here at each colon, and at each byte of an
 * object whose members count one by one.
 *
 * The state of such an object is s->depth and what stands beside it; a string
 * that is not overwritten is walked through like other text.
 */


#include "digest/wire/secrets_walk.h"


#define OPENAI_SECRETS_DEPTH   64     /* of brackets that are followed */
#define OPENAI_SECRETS_DECIDE  64     /* bytes of a value that decide */
#define OPENAI_SECRETS_SPACES  64     /* between a name and its value */
#define OPENAI_SECRETS_PROSE   32     /* bytes in which prose has a space */
#define OPENAI_SECRETS_LOOSE   8      /* letters of a header that counts */


static size_t openai_secrets_string(openai_secrets_walk_t *w, size_t i,
    openai_secrets_class_e class);
static int openai_secrets_wanted(openai_secrets_t *s, const char *p, size_t n,
    openai_secrets_class_e class, int whole);
static int openai_secrets_scheme(const char *p, size_t n);
static int openai_secrets_prose(const char *p, size_t n);
static size_t openai_secrets_deep_string(openai_secrets_walk_t *w, size_t i);
static openai_secrets_class_e openai_secrets_deep_name(
    const openai_secrets_t *s, openai_secrets_class_e class);
static size_t openai_secrets_deep_open(openai_secrets_walk_t *w, size_t i);


/* a member of any object */

size_t
openai_secrets_member(openai_secrets_walk_t *w, size_t i)
{
    size_t                  n;
    openai_secrets_t       *s;
    openai_secrets_class_e  class;

    s = w->s;
    class = openai_secrets_named(s, w->p, i);

    if (class == OPENAI_SECRETS_PLAIN || class >= OPENAI_SECRETS_SCHEMA
        || (class == OPENAI_SECRETS_VALUE
            && s->secrecy != OPENAI_SECRETS_BODY))
    {
        return i + 1;
    }

    for (n = i + 1; n < w->len && openai_secrets_space(w->p[n]); n++) {

        if (n - i > OPENAI_SECRETS_SPACES) {
            return i + 1;
        }
    }

    if (n == w->len) {
        return w->more ? OPENAI_SECRETS_WAIT : i + 1;
    }

    switch (w->p[n]) {

    case '"':
        return (class == OPENAI_SECRETS_URL)
               ? openai_secrets_url(w, n + 1)
               : openai_secrets_string(w, n + 1, class);

    case '[':
    case '{':

        if (class == OPENAI_SECRETS_URL || class == OPENAI_SECRETS_WEAK
            || class == OPENAI_SECRETS_VALUE)
        {
            return i + 1;
        }

        s->state = OPENAI_SECRETS_DEEP;
        s->kind = (class == OPENAI_SECRETS_HEADERS) ? OPENAI_SECRETS_HEADERS
                                                    : OPENAI_SECRETS_INSIDE;
        s->member = (class == OPENAI_SECRETS_STRONG) ? OPENAI_SECRETS_STRONG
                                                     : OPENAI_SECRETS_PLAIN;
        s->within = 0;
        s->depth = 0;

        return openai_secrets_deep_open(w, n);
    }

    return i + 1;
}


/* the class of the name before the colon p[i] */

openai_secrets_class_e
openai_secrets_named(const openai_secrets_t *s, const char *p, size_t i)
{
    char         room[OPENAI_SECRETS_TAIL];
    size_t       n;
    unsigned     any;
    const char  *first, *start, *end;

    /* most names are none of those that count */

    any = (s->state == OPENAI_SECRETS_DEEP
           || s->secrecy == OPENAI_SECRETS_BODY);

    if (i >= 4 && p[i - 1] == '"' && !any
        && !openai_secrets_name_end(p + i - 1))
    {
        return OPENAI_SECRETS_PLAIN;
    }

    if (i && p[i - 1] != '"' && !openai_secrets_space(p[i - 1])) {
        return OPENAI_SECRETS_PLAIN;
    }

    first = openai_secrets_behind(s, p, i, room, &n);
    end = first + n;

    while (end > first && openai_secrets_space(end[-1])) {
        end--;
    }

    if (end == first || *--end != '"' || end - first < 4
        || (!any && !openai_secrets_name_end(end)))
    {
        return OPENAI_SECRETS_PLAIN;
    }

    for (start = end;
         start > first && (openai_secrets_alnum(start[-1]) || start[-1] == '_'
                           || start[-1] == '-' || start[-1] == '.'
                           || start[-1] == '$');
         start--)
    {
        /* void */
    }

    if (start == end || start == first || start[-1] != '"'
        || (start - first >= 2 && start[-2] == '\\'))
    {
        return OPENAI_SECRETS_PLAIN;
    }

    return openai_secrets_name(start, end - start);
}


/* the value of a member that begins at p[i], behind its quote */

static size_t
openai_secrets_string(openai_secrets_walk_t *w, size_t i,
    openai_secrets_class_e class)
{
    size_t  n;

    for (n = i; n < w->len && n - i < OPENAI_SECRETS_DECIDE; n++) {

        if (w->p[n] == '"') {
            break;
        }

        n += (w->p[n] == '\\');
    }

    if (n >= w->len) {

        if (w->more) {
            return OPENAI_SECRETS_WAIT;
        }

        n = w->len;
    }

    if (openai_secrets_wanted(w->s, w->p + i, n - i, class,
                              n < w->len && w->p[n] == '"'))
    {
        w->s->state = OPENAI_SECRETS_STRING;
        w->s->escaped = 0;
        return i;
    }

    /* the string is text like any other */

    w->s->within = (w->s->state == OPENAI_SECRETS_DEEP);

    return i;
}


/* the first bytes of a string are to be overwritten, and with them all of it;
   "whole": there are no more of them */

static int
openai_secrets_wanted(openai_secrets_t *s, const char *p, size_t n,
    openai_secrets_class_e class, int whole)
{
    size_t  i;

    static const char *const  types[] = {
        "string", "object", "array", "boolean", "integer", "number", "null",
        "none", NULL
    };

    if (n == 0 || class == OPENAI_SECRETS_PLAIN
        || class >= OPENAI_SECRETS_URL)
    {
        return 0;
    }

    /* endpoints that are known to have secrets there */

    if (s->secrecy == OPENAI_SECRETS_BODY
        && class != OPENAI_SECRETS_INSIDE)
    {
        return 1;
    }

    if (class == OPENAI_SECRETS_HEADERS) {
        return openai_secrets_scheme(p, n)
               || (n >= OPENAI_SECRETS_LOOSE && *p != '#' && *p != '^'
                   && !openai_secrets_prose(p, n));
    }

    if (class == OPENAI_SECRETS_WEAK || class == OPENAI_SECRETS_INSIDE) {
        return openai_secrets_scheme(p, n)
               || (n >= 16 && !openai_secrets_prose(p, n)
                   && openai_secrets_random(p, p + n, whole ? n : 40, 0));
    }

    for (i = 0; whole && types[i]; i++) {
        if (strlen(types[i]) == n && memcmp(types[i], p, n) == 0) {
            return 0;
        }
    }

    return !openai_secrets_prose(p, n);
}


static int
openai_secrets_scheme(const char *p, size_t n)
{
    size_t  i, k, len;

    static const char *const  schemes[] = {
        "bearer ", "basic ", "token ", "apikey ", "dpop ", NULL
    };

    for (i = 0; schemes[i]; i++) {
        len = strlen(schemes[i]);

        if (n <= len) {
            continue;
        }

        for (k = 0; k < len && (p[k] | 0x20) == schemes[i][k]; k++) {
            /* void */
        }

        if (k == len) {
            return 1;
        }
    }

    return 0;
}


/* words with spaces between them, and no secret in them */

static int
openai_secrets_prose(const char *p, size_t n)
{
    size_t  i;

    if (openai_secrets_scheme(p, n) || *p == '{' || *p == '-') {
        return 0;
    }

    n = (n < OPENAI_SECRETS_PROSE) ? n : OPENAI_SECRETS_PROSE;

    for (i = 0; i < n && p[i] != '='; i++) {
        if (p[i] == ' ') {
            return 1;
        }
    }

    return 0;
}


/* within an object or array whose members are looked at one by one */

size_t
openai_secrets_deep(openai_secrets_walk_t *w, size_t i)
{
    char               c;
    size_t             n;
    openai_secrets_t  *s;

    s = w->s;
    c = w->p[i];

    if (s->words) {
        n = openai_secrets_word_step(w, i);

        if (n == OPENAI_SECRETS_WAIT) {
            return n;
        }

        if (n != i) {
            s->escaped = 0;
            return n;
        }
    }

    if (s->within) {

        if (c == '"' && !s->escaped) {
            s->within = 0;
            return i + 1;
        }

        s->escaped = (c == '\\' && !s->escaped);

        return openai_secrets_shape_step(w, i);
    }

    switch (c) {

    case '"':
        return openai_secrets_deep_string(w, i);

    case ':':
        s->value = 1;
        s->member = openai_secrets_deep_name(s,
                                             openai_secrets_named(s, w->p, i));
        break;

    case ',':
        s->value = (s->arrays >> (s->depth - 1)) & 1;
        break;

    case '{':
    case '[':
        return openai_secrets_deep_open(w, i);

    case '}':
    case ']':
        s->depth--;
        s->member = (s->kind == OPENAI_SECRETS_HEADERS)
                    ? OPENAI_SECRETS_HEADERS : OPENAI_SECRETS_PLAIN;

        if (s->depth == 0) {
            s->state = OPENAI_SECRETS_WALK;
        }

        break;
    }

    return i + 1;
}


/* a string that begins with the quote p[i] */

static size_t
openai_secrets_deep_string(openai_secrets_walk_t *w, size_t i)
{
    size_t                  n;
    openai_secrets_t       *s;
    openai_secrets_class_e  class;

    s = w->s;
    s->escaped = 0;

    if (!s->value) {
        s->within = 1;
        return i + 1;
    }

    if (s->member == OPENAI_SECRETS_URL) {
        n = openai_secrets_url(w, i + 1);
        s->within = (s->state == OPENAI_SECRETS_DEEP
                     && n != OPENAI_SECRETS_WAIT);
        return n;
    }

    /* a header may be named like a member of a schema */

    class = s->member;

    if (s->kind == OPENAI_SECRETS_HEADERS && class == OPENAI_SECRETS_SCHEMA) {
        class = OPENAI_SECRETS_HEADERS;
    }

    return openai_secrets_string(w, i + 1, class);
}


/* what the class of a member's name means within this object */

static openai_secrets_class_e
openai_secrets_deep_name(const openai_secrets_t *s,
    openai_secrets_class_e class)
{
    if (s->kind != OPENAI_SECRETS_HEADERS) {
        return (class == OPENAI_SECRETS_WEAK || class == OPENAI_SECRETS_VALUE)
               ? OPENAI_SECRETS_STRONG : class;
    }

    /* a header may have any name */

    if (class >= OPENAI_SECRETS_SCHEMA || class == OPENAI_SECRETS_STRONG) {
        return class;
    }

    return (s->depth == 1 && s->secrecy == OPENAI_SECRETS_MEMBERS)
           ? OPENAI_SECRETS_STRONG : OPENAI_SECRETS_HEADERS;
}


static size_t
openai_secrets_deep_open(openai_secrets_walk_t *w, size_t i)
{
    uint64_t           bit;
    openai_secrets_t  *s;

    s = w->s;

    if (s->depth == OPENAI_SECRETS_DEPTH
        || (s->depth && s->kind == OPENAI_SECRETS_HEADERS
            && s->member == OPENAI_SECRETS_OUTLINE))
    {
        s->state = OPENAI_SECRETS_WALK;
        s->depth = 0;
        return i + 1;
    }

    bit = (uint64_t) 1 << s->depth++;

    s->value = (w->p[i] == '[');
    s->arrays = s->value ? s->arrays | bit : s->arrays & ~bit;

    if (s->kind == OPENAI_SECRETS_HEADERS && s->depth == 1) {
        s->member = (s->secrecy == OPENAI_SECRETS_MEMBERS)
                    ? OPENAI_SECRETS_STRONG : OPENAI_SECRETS_HEADERS;
    }

    return i + 1;
}
