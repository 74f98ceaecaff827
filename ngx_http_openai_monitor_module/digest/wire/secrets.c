
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <string.h>

#include "digest/json/bytes.h"
#include "digest/wire/secrets.h"


#define OPENAI_SECRETS_DEPTH    64    /* of brackets whose kind is known */
#define OPENAI_SECRETS_KEY      8     /* letters of a key behind its prefix */


typedef enum {
    OPENAI_SECRETS_IDLE = 0,
    OPENAI_SECRETS_NAME,              /* behind a quote */
    OPENAI_SECRETS_COLON,
    OPENAI_SECRETS_VALUE,
    OPENAI_SECRETS_STRING,
    OPENAI_SECRETS_DEEP               /* within an object or array */
} openai_secrets_state_e;


typedef struct {
    const char  *segment;
    const char  *after;               /* only behind this one; NULL: any */
    uint8_t      secrecy;
} openai_secrets_segment_t;


static int openai_secrets_segment(const char *name, const char *p,
    size_t len);
static int openai_secrets_named(openai_secrets_t *s);
static const char *openai_secrets_seek(const char *p, const char *last);
static void openai_secrets_members(openai_secrets_t *s, char *p, char *last);
static char *openai_secrets_outside(openai_secrets_t *s, char *p, char *last);
static char *openai_secrets_string(openai_secrets_t *s, char *p, char *last);
static void openai_secrets_deep(openai_secrets_t *s, char c);
static size_t openai_secrets_text(openai_secrets_t *s, char *p, size_t len,
    int last);
static long openai_secrets_at(openai_secrets_t *s, const char *p,
    const char *last, char before, int *more);
static int openai_secrets_letter(char c);
static int openai_secrets_alnum(char c);


/* segments of paths.  In ordinary bodies, remote tools come with credentials */

static const openai_secrets_segment_t  openai_secrets_segments[] = {
    { "responses", NULL, OPENAI_SECRETS_MEMBERS },
    { "messages", NULL, OPENAI_SECRETS_MEMBERS },
    { "realtime", NULL, OPENAI_SECRETS_MEMBERS },
    { "live", NULL, OPENAI_SECRETS_MEMBERS },
    { "agents", NULL, OPENAI_SECRETS_MEMBERS },
    { "conversations", NULL, OPENAI_SECRETS_MEMBERS },
    { "evals", NULL, OPENAI_SECRETS_MEMBERS },
    { "files", NULL, OPENAI_SECRETS_MEMBERS },
    { "client_secrets", NULL, OPENAI_SECRETS_BODY },
    { "transcription_sessions", NULL, OPENAI_SECRETS_BODY },
    { "sessions", "realtime", OPENAI_SECRETS_BODY },
    { "sessions", "chatkit", OPENAI_SECRETS_BODY },
    { "api_keys", NULL, OPENAI_SECRETS_BODY },
    { "admin_api_keys", NULL, OPENAI_SECRETS_BODY },
    { "service_accounts", NULL, OPENAI_SECRETS_BODY },
    { "webhook_endpoints", NULL, OPENAI_SECRETS_BODY },
    { "auth_tokens", NULL, OPENAI_SECRETS_BODY },
    { "credentials", NULL, OPENAI_SECRETS_WHOLE },
    { "oauth", NULL, OPENAI_SECRETS_WHOLE },
    { "oauth2", NULL, OPENAI_SECRETS_WHOLE },
    { "token", NULL, OPENAI_SECRETS_WHOLE },
    { NULL, NULL, 0 }
};


/* for each length, the letters that a segment above begins with */

#define openai_secrets_bit(c)  (1u << ((c) & 31))

static const uint32_t  openai_secrets_letters[] = {
    [4] = openai_secrets_bit('l'),
    [5] = openai_secrets_bit('e') | openai_secrets_bit('f')
          | openai_secrets_bit('o') | openai_secrets_bit('t'),
    [6] = openai_secrets_bit('a') | openai_secrets_bit('o'),
    [8] = openai_secrets_bit('m') | openai_secrets_bit('r')
          | openai_secrets_bit('s') | openai_secrets_bit('a'),
    [9] = openai_secrets_bit('r'),
    [11] = openai_secrets_bit('c') | openai_secrets_bit('a'),
    [13] = openai_secrets_bit('c'),
    [14] = openai_secrets_bit('c') | openai_secrets_bit('a'),
    [16] = openai_secrets_bit('s'),
    [17] = openai_secrets_bit('w'),
    [22] = openai_secrets_bit('t')
};


/* the first three are in ordinary bodies too */

static const char *const  openai_secrets_names[] = {
    "authorization", "authorization_token", "headers",
    "value", "client_secret", "secret", "signing_secret", "api_key", "apiKey",
    "key", "token", "access_token", "refresh_token", "id_token", "password",
    "private_key", NULL
};

#define OPENAI_SECRETS_ORDINARY  3


/* of a JSON schema, where "headers" names a parameter of a function */

static const char *const  openai_secrets_schema[] = {
    "type", "description", "title", "format", "pattern", "default", "$ref",
    "example", NULL
};


static const char *const  openai_secrets_prefixes[] = {
    "sk-", "sk_", "ek_", "AIza", "gsk_", "xai-", "hf_", "r8_", "fw_", "pplx-",
    "eyJ", "sess-", "whsec_", "nvapi-", "csk-", "tgp_", NULL
};


openai_secrecy_e
openai_secrets_path(openai_str_t uri)
{
    size_t                           len, before;
    const char                      *p, *last, *end;
    openai_secrecy_e                 found;
    const openai_secrets_segment_t  *segment;

    p = uri.data;
    last = p + uri.len;
    before = 0;
    found = OPENAI_SECRETS_NONE;

    for (end = p; end < last && *end != '?'; p = end + 1) {

        for (end = p; end < last && *end != '/' && *end != '?'; end++) {
            /* void */
        }

        len = end - p;

        if (len && len < sizeof(openai_secrets_letters) / sizeof(uint32_t)
            && (openai_secrets_letters[len] & openai_secrets_bit(*p)))
        {
            for (segment = openai_secrets_segments; segment->segment;
                 segment++)
            {
                if (openai_secrets_segment(segment->segment, p, len)
                    && (segment->after == NULL
                        || openai_secrets_segment(segment->after,
                                                  p - 1 - before, before))
                    && segment->secrecy > found)
                {
                    found = segment->secrecy;
                }
            }
        }

        before = len;
    }

    return found;
}


static int
openai_secrets_segment(const char *name, const char *p, size_t len)
{
    return len && name[0] == *p && strncmp(name, p, len) == 0
           && name[len] == '\0';
}


void
openai_secrets_init(openai_secrets_t *s, openai_secrecy_e secrecy, int text)
{
    memset(s, 0, sizeof(openai_secrets_t));

    s->secrecy = secrecy;
    s->text = (text || secrecy >= OPENAI_SECRETS_BODY);
}


void
openai_secrets_word(openai_secrets_t *s, openai_str_t word)
{
    if (word.len < OPENAI_SECRETS_WORD_MIN
        || s->nwords == OPENAI_SECRETS_WORDS)
    {
        return;
    }

    s->words[s->nwords++] = word;
}


size_t
openai_secrets_find(openai_secrets_t *s, char *p, size_t again, size_t len,
    int last)
{
    if (s->secrecy != OPENAI_SECRETS_NONE && len > again) {
        openai_secrets_members(s, p + again, p + len);
    }

    if (!s->text) {
        return len;
    }

    return openai_secrets_text(s, p, len, last);
}


/* a quote and two letters that names of ordinary bodies begin with */

static const char *
openai_secrets_seek(const char *p, const char *last)
{
#if (OPENAI_VECTOR)
    uint32_t      mask;
    openai_vec_t  q, a, b, au, he;

    while (last - p >= 18) {
        q = openai_vec_equal(openai_vec_load(p), openai_vec_all('"'));
        a = openai_vec_load(p + 1);
        b = openai_vec_load(p + 2);

        au = openai_vec_and(openai_vec_equal(a, openai_vec_all('a')),
                            openai_vec_equal(b, openai_vec_all('u')));
        he = openai_vec_and(openai_vec_equal(a, openai_vec_all('h')),
                            openai_vec_equal(b, openai_vec_all('e')));

        mask = openai_vec_bits(openai_vec_and(q, openai_vec_or(au, he)));

        if (mask) {
            return p + __builtin_ctz(mask);
        }

        p += 16;
    }
#endif

    p = memchr(p, '"', last - p);

    return p ? p : last;
}


int
openai_secrets_idle(openai_secrets_t *s, const char *p, size_t len)
{
    size_t       i, n, rest;
    const char  *last;

    if (s->secrecy > OPENAI_SECRETS_MEMBERS || s->text || s->state) {
        return 0;
    }

    if (len == 0) {
        return 1;
    }

    last = p + len;

    for (p = openai_secrets_seek(p, last);
         p < last;
         p = openai_secrets_seek(p + 1, last))
    {
        rest = last - p - 1;

        for (i = 0; i < OPENAI_SECRETS_ORDINARY; i++) {
            n = strlen(openai_secrets_names[i]);

            if (memcmp(openai_secrets_names[i], p + 1, n < rest ? n : rest)
                == 0)
            {
                return 0;
            }
        }
    }

    s->before = last[-1];

    return 1;
}


static void
openai_secrets_members(openai_secrets_t *s, char *p, char *last)
{
    char  before;

    before = last[-1];

    while (p < last) {

        if (s->state == OPENAI_SECRETS_STRING) {
            p = openai_secrets_string(s, p, last);

        } else if (s->state == OPENAI_SECRETS_DEEP) {
            s->before = *p;
            openai_secrets_deep(s, *p++);

        } else {
            p = openai_secrets_outside(s, p, last);
        }
    }

    s->before = before;
}


/* any quote that is not escaped may begin a name: a false start ends at the
   next byte that no name has */

static char *
openai_secrets_outside(openai_secrets_t *s, char *p, char *last)
{
    char  c, *quote;

    if (s->state == OPENAI_SECRETS_IDLE) {

        quote = memchr(p, '"', last - p);
        if (quote == NULL) {
            return last;
        }

        if ((quote > p ? quote[-1] : s->before) != '\\') {
            s->state = OPENAI_SECRETS_NAME;
            s->n = 0;
        }

        s->before = '"';

        return quote + 1;
    }

    c = *p++;
    s->before = c;

    if (s->state == OPENAI_SECRETS_NAME) {

        if (c == '"' && s->n > 0) {
            s->state = openai_secrets_named(s) ? OPENAI_SECRETS_COLON
                                               : OPENAI_SECRETS_IDLE;

        } else if (c == '"') {
            s->n = 0;

        } else if (((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_') {

            if (s->n == sizeof(s->name)) {
                s->state = OPENAI_SECRETS_IDLE;

            } else {
                s->name[s->n++] = c;
            }

        } else {
            s->state = OPENAI_SECRETS_IDLE;
        }

        return p;
    }

    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        return p;
    }

    if (s->state == OPENAI_SECRETS_COLON) {

        if (c == ':') {
            s->state = OPENAI_SECRETS_VALUE;
            return p;
        }

    } else if (c == '"') {
        s->state = OPENAI_SECRETS_STRING;
        s->secret = 1;
        s->escaped = 0;
        s->depth = 0;
        return p;

    } else if (c == '[' || (c == '{' && s->flat)) {
        s->state = OPENAI_SECRETS_DEEP;
        s->depth = 1;
        s->arrays = (c == '[') ? 1 : 0;
        s->value = (c == '[');
        s->skip = 0;
        return p;
    }

    s->state = OPENAI_SECRETS_IDLE;

    return (c == '"') ? p - 1 : p;
}


/* sets "flat" for the members whose own members are secrets */

static int
openai_secrets_named(openai_secrets_t *s)
{
    size_t  i, n;

    n = (s->secrecy == OPENAI_SECRETS_MEMBERS)
        ? OPENAI_SECRETS_ORDINARY
        : sizeof(openai_secrets_names) / sizeof(char *) - 1;

    for (i = 0; i < n; i++) {

        if (strlen(openai_secrets_names[i]) == s->n
            && memcmp(openai_secrets_names[i], s->name, s->n) == 0)
        {
            s->flat = (i < OPENAI_SECRETS_ORDINARY);
            return 1;
        }
    }

    return 0;
}


static char *
openai_secrets_string(openai_secrets_t *s, char *p, char *last)
{
    char  c;

    for ( /* void */ ; p < last; p++) {
        c = *p;

        if (s->escaped) {
            s->escaped = 0;

        } else if (c == '"') {
            s->state = s->depth ? OPENAI_SECRETS_DEEP : OPENAI_SECRETS_IDLE;
            s->before = c;
            return p + 1;

        } else if (c == '\\') {
            s->escaped = 1;
        }

        if (s->secret) {
            *p = '*';
            s->found++;

        } else if (s->n < sizeof(s->name)) {
            s->name[s->n++] = c;
        }
    }

    return p;
}


/* strings of the object itself, but for those of a schema; and of arrays */

static void
openai_secrets_deep(openai_secrets_t *s, char c)
{
    size_t    i;
    uint64_t  bit;

    bit = (s->depth - 1 < OPENAI_SECRETS_DEPTH - 1)
          ? (uint64_t) 1 << (s->depth - 1) : 0;

    switch (c) {

    case '"':
        s->state = OPENAI_SECRETS_STRING;
        s->secret = s->value && s->depth == 1 && !s->skip;
        s->escaped = 0;
        s->n = 0;
        break;

    case ':':
        s->value = 1;
        s->skip = 0;

        for (i = 0; openai_secrets_schema[i]; i++) {

            if (strlen(openai_secrets_schema[i]) == s->n
                && memcmp(openai_secrets_schema[i], s->name, s->n) == 0)
            {
                s->skip = 1;
            }
        }

        break;

    case ',':
        s->value = (s->arrays & bit) != 0;
        break;

    case '{':
    case '[':
        s->depth++;
        bit = (s->depth - 1 < OPENAI_SECRETS_DEPTH - 1)
              ? (uint64_t) 1 << (s->depth - 1) : 0;
        s->arrays = (c == '[') ? s->arrays | bit : s->arrays & ~bit;
        s->value = (c == '[');
        break;

    case '}':
    case ']':
        if (--s->depth == 0) {
            s->state = OPENAI_SECRETS_IDLE;
        }

        break;
    }
}


static int
openai_secrets_letter(char c)
{
    return openai_secrets_alnum(c)
           || c == '-' || c == '_' || c == '.' || c == '~' || c == '*';
}


static int
openai_secrets_alnum(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9');
}


static size_t
openai_secrets_text(openai_secrets_t *s, char *p, size_t len, int last)
{
    int     more;
    long    n;
    size_t  i;

    for (i = 0; i < len; i++) {

        if (s->run) {

            if (openai_secrets_letter(p[i])) {
                p[i] = '*';
                s->found++;
                continue;
            }

            s->run = 0;
        }

        more = 0;
        n = openai_secrets_at(s, p + i, p + len, i ? p[i - 1] : s->settled,
                              &more);

        if (more && !last) {
            break;
        }

        if (n > 0) {
            memset(p + i, '*', n);
            s->found += n;
            s->run = 1;
            i += n - 1;

        } else if (n < 0) {

            /* the prefix of a key stays, so that it is seen whose it was */

            s->run = 1;
            i += -n - 1;
        }
    }

    if (i) {
        s->settled = p[i - 1];
    }

    return i;
}


/* the length of a word at p; of a prefix, negative; 0: neither.  *more: that
   depends on what follows */

static long
openai_secrets_at(openai_secrets_t *s, const char *p, const char *last,
    char before, int *more)
{
    size_t       i, n, rest;
    const char  *prefix;

    rest = last - p;

    for (i = 0; i < s->nwords; i++) {

        if (s->words[i].data[0] != *p) {
            continue;
        }

        n = s->words[i].len;
        n = (n < OPENAI_SECRETS_WORD_MAX) ? n : OPENAI_SECRETS_WORD_MAX;

        if (memcmp(s->words[i].data, p, n < rest ? n : rest) == 0) {

            if (n <= rest) {
                return n;
            }

            *more = 1;
        }
    }

    if (openai_secrets_alnum(before)) {
        return 0;
    }

    for (i = 0; openai_secrets_prefixes[i]; i++) {
        prefix = openai_secrets_prefixes[i];

        if (prefix[0] != *p) {
            continue;
        }

        n = strlen(prefix);

        if (memcmp(prefix, p, n < rest ? n : rest) == 0) {

            if (n <= rest) {
                return -(long) n;
            }

            *more = 1;
        }
    }

    return 0;
}


size_t
openai_secrets_shape(const char *p, const char *last)
{
    size_t       i, n;
    const char  *end;

    for (i = 0; openai_secrets_prefixes[i]; i++) {

        if (openai_secrets_prefixes[i][0] != *p) {
            continue;
        }

        n = strlen(openai_secrets_prefixes[i]);

        if ((size_t) (last - p) < n + OPENAI_SECRETS_KEY
            || memcmp(openai_secrets_prefixes[i], p, n) != 0)
        {
            continue;
        }

        for (end = p + n; end < last && openai_secrets_letter(*end); end++) {
            /* void */
        }

        if (end - p >= (long) n + OPENAI_SECRETS_KEY) {
            return end - p;
        }
    }

    return 0;
}
