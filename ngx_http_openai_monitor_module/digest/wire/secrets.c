
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Walks through a body and overwrites its secrets; secrets.h says what counts.
 *
 * Most of a body is skipped 16 bytes at a time, up to a byte that may tell of
 * a secret: the colon behind a member's name, or the byte of a key's prefix
 * that is rare in text.  From there the walk looks back at the name or prefix,
 * and forward at the value.  Where the value is not there yet, the walk stops
 * at the telling byte, and comes by it again with more bytes; so the result is
 * the same however a body is cut.  Names and prefixes that were settled before
 * are in a tail of the last bytes.
 *
 * Objects whose members count one by one, as those of "headers", are walked
 * through byte by byte.  So are errors.
 */


#include <strings.h>

#include "digest/json/vector.h"
#include "digest/wire/secrets_inner.h"


#define OPENAI_SECRETS_DEPTH   64     /* of brackets that are followed */
#define OPENAI_SECRETS_DECIDE  64     /* bytes of a value that decide */
#define OPENAI_SECRETS_SPACES  64     /* between a name and its value */
#define OPENAI_SECRETS_PROSE   32     /* bytes in which prose has a space */
#define OPENAI_SECRETS_URL_MAX (OPENAI_SECRETS_HOLD - 128)
#define OPENAI_SECRETS_HASH    64     /* hexadecimal digits of a hash */
#define OPENAI_SECRETS_LOOSE   8      /* letters of a header that counts */


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


/* a block of the buffer, and its bytes that may tell */

typedef struct {
    const char        *p;
    size_t             len;
    size_t             at;            /* where the block begins */
    uint32_t           width;         /* its bytes */
    uint32_t           mask;          /* those that are still to be looked at */
} openai_secrets_marks_t;


/* what a step returns where it does not know its end */

#define OPENAI_SECRETS_WAIT  ((size_t) -1)


static void openai_secrets_marks(openai_secrets_marks_t *m,
    const openai_secrets_t *s, const char *p, size_t i, size_t len);
static size_t openai_secrets_next_mark(openai_secrets_marks_t *m);
static void openai_secrets_next_block(openai_secrets_marks_t *m);
static size_t openai_secrets_seek(const openai_secrets_t *s, const char *p,
    size_t i, size_t len);
static inline int openai_secrets_tells(char c, char before);
static const char *openai_secrets_behind(const openai_secrets_t *s,
    const char *p, size_t i, char *room, size_t *n);
static void openai_secrets_settle(openai_secrets_t *s, const char *p,
    size_t len);
static openai_secrets_class_e openai_secrets_named(const openai_secrets_t *s,
    const char *p, size_t i);
static int openai_secrets_shaped(const openai_secrets_t *s, const char *p,
    size_t i);
static size_t openai_secrets_run(openai_secrets_walk_t *w, size_t i);
static size_t openai_secrets_step(openai_secrets_walk_t *w, size_t i);
static size_t openai_secrets_word_step(openai_secrets_walk_t *w, size_t i);
static size_t openai_secrets_shape_step(openai_secrets_walk_t *w, size_t i);
static size_t openai_secrets_text_step(openai_secrets_walk_t *w, size_t i);
static size_t openai_secrets_assign(openai_secrets_walk_t *w, size_t i);
static size_t openai_secrets_hash(openai_secrets_walk_t *w, size_t i);
static size_t openai_secrets_field(openai_secrets_walk_t *w, size_t i);
static size_t openai_secrets_part(openai_secrets_walk_t *w, size_t i);
static int openai_secrets_disposed(const openai_secrets_t *s, const char *p,
    size_t i);
static size_t openai_secrets_member(openai_secrets_walk_t *w, size_t i);
static size_t openai_secrets_string(openai_secrets_walk_t *w, size_t i,
    openai_secrets_class_e class);
static int openai_secrets_wanted(openai_secrets_t *s, const char *p, size_t n,
    openai_secrets_class_e class, int whole);
static int openai_secrets_scheme(const char *p, size_t n);
static int openai_secrets_prose(const char *p, size_t n);
static size_t openai_secrets_url(openai_secrets_walk_t *w, size_t i);
static void openai_secrets_url_args(openai_secrets_walk_t *w, size_t i,
    size_t last);
static size_t openai_secrets_url_sign(const char *p, const char *last,
    char *sign);
static size_t openai_secrets_deep(openai_secrets_walk_t *w, size_t i);
static size_t openai_secrets_deep_open(openai_secrets_walk_t *w, size_t i);
static void openai_secrets_mask(openai_secrets_walk_t *w, size_t i, size_t n);
static const char *openai_secrets_lookup(const char *p, const char *last,
    const char *text);


void
openai_secrets_init(openai_secrets_t *s, openai_secrecy_e secrecy, int text)
{
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


#if (OPENAI_VECTOR)

/*
 * A bit for each of 16 bytes that may tell.  Sums of two bytes stand for pairs:
 * 'I' and 'z', 'y' and 'J', 'm' and 'V'; 'I' and 'A'.  Other pairs have these
 * sums, too, so each is looked at by itself.
 */

static inline uint32_t
openai_secrets_tellers(const char *p)
{
    openai_vec_t  v, before, any, sum, dots;

    v = openai_vec_load(p);
    before = openai_vec_load(p - 1);
    sum = openai_vec_add(v, before);

    any = openai_vec_or(openai_vec_equal(v, openai_vec_all(':')),
                        openai_vec_equal(v, openai_vec_all('-')));
    any = openai_vec_or(any, openai_vec_equal(v, openai_vec_all('_')));
    any = openai_vec_or(any,
                        openai_vec_equal(sum, openai_vec_all((char) 0xc3)));
    any = openai_vec_or(any,
                        openai_vec_equal(sum, openai_vec_all((char) 0x8a)));

    dots = openai_vec_or(openai_vec_equal(before, openai_vec_all('s')),
                         openai_vec_equal(before, openai_vec_all('9')));
    dots = openai_vec_or(dots, openai_vec_equal(before, openai_vec_all('G')));
    any = openai_vec_or(any,
              openai_vec_and(openai_vec_equal(v, openai_vec_all('.')), dots));

    return openai_vec_bits(any);
}

#endif


#if (OPENAI_AVX2)

/*
 * The same for 32 bytes, on a processor with AVX2.  Two tables, one by each
 * half of a byte, find the bytes that may tell.  Returns where the first block
 * with such a byte begins, from i on, or where fewer than 32 bytes are left.
 */

__attribute__((target("avx2")))
static size_t
openai_secrets_tellers_avx2(const char *p, size_t i, size_t len,
    uint32_t *mask)
{
    __m256i  v, high, found;

    /* bit 0: "-" and "."; 1: ":"; 2: "A" and "J"; 3: "V" and "_"; 4: "z" */

    const __m256i  lows = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 4, 0, 0, 0, 0, 8, 0, 0, 0, 22, 0, 0, 1, 1, 8));
    const __m256i  highs = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 0, 1, 2, 4, 8, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i  half = _mm256_set1_epi8(15);

    for (*mask = 0; i + 32 <= len; i += 32) {

        v = _mm256_loadu_si256((const __m256i *) (p + i));
        high = _mm256_and_si256(_mm256_srli_epi16(v, 4), half);

        found = _mm256_and_si256(
                    _mm256_shuffle_epi8(lows, _mm256_and_si256(v, half)),
                    _mm256_shuffle_epi8(highs, high));

        *mask = ~(uint32_t) _mm256_movemask_epi8(
                                _mm256_cmpeq_epi8(found,
                                                  _mm256_setzero_si256()));
        if (*mask) {
            break;
        }
    }

    return i;
}

#endif


/* goes through the bytes of p that tell, from i on */

static void
openai_secrets_marks(openai_secrets_marks_t *m, const openai_secrets_t *s,
    const char *p, size_t i, size_t len)
{
    m->p = p;
    m->len = len;
    m->at = i;
    m->width = 0;
    m->mask = 0;

    if (i == 0 && len) {
        m->width = 1;
        m->mask = openai_secrets_tells(p[0],
                                       s->ntail
                                       ? s->tail[OPENAI_SECRETS_TAIL - 1]
                                       : '\0');
    }
}


/* the next one; the length when there is none */

static size_t
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


static void
openai_secrets_next_block(openai_secrets_marks_t *m)
{
#if (OPENAI_VECTOR)
    size_t  n;
#endif

#if (OPENAI_AVX2)

    if (m->at + 32 <= m->len && __builtin_cpu_supports("avx2")) {
        m->at = openai_secrets_tellers_avx2(m->p, m->at, m->len, &m->mask);
        m->width = m->mask ? 32 : 0;
        return;
    }

#endif

#if (OPENAI_VECTOR)

    if (m->len > 16) {

        /* the last block has some bytes of the one before it */

        n = m->len - m->at;
        n = (n < 16) ? 16 - n : 0;

        m->mask = openai_secrets_tellers(m->p + m->at - n) >> n;
        m->width = 16 - n;
        return;
    }

#endif

    /* a byte that is looked at by itself */

    m->mask = 1;
    m->width = 1;
}


static size_t
openai_secrets_seek(const openai_secrets_t *s, const char *p, size_t i,
    size_t len)
{
    openai_secrets_marks_t  m;

    openai_secrets_marks(&m, s, p, i, len);

    return openai_secrets_next_mark(&m);
}


/* the bytes before p[i], *n of them, the last OPENAI_SECRETS_TAIL at most */

static const char *
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


static void
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


/* the class of the name before the colon p[i] */

static openai_secrets_class_e
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


/* p[i] may be the telling byte of a shape */

static int
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


static void
openai_secrets_mask(openai_secrets_walk_t *w, size_t i, size_t n)
{
    memset(w->p + i, '*', n);
    w->s->found += n;
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


/* where a text begins in [p, last), or NULL */

static const char *
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


static size_t
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


static size_t
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


/* what is a secret in an error only */

static size_t
openai_secrets_text_step(openai_secrets_walk_t *w, size_t i)
{
    int     n;
    char    before;
    size_t  end;

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

    end = openai_secrets_hash(w, i);

    return end;
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


/* "api_key=K", "'token': 'K'", "key provided: K", "Bearer K" */

static size_t
openai_secrets_assign(openai_secrets_walk_t *w, size_t i)
{
    int          rc;
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

    if (len == 0) {
        return i;
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
            break;
        }
    }

    if (names[k] == NULL) {
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


/* of a form, the value behind the name and "=" */

static size_t
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

static size_t
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

static int
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


/* a member of any object */

static size_t
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
        n = (class == OPENAI_SECRETS_URL)
            ? openai_secrets_url(w, n + 1)
            : openai_secrets_string(w, n + 1, class);

        return n;

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


/* a URL in a string; what is longer than may wait is looked at so far */

static size_t
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


/* within an object or array whose members are looked at one by one */

static size_t
openai_secrets_deep(openai_secrets_walk_t *w, size_t i)
{
    char                    c;
    size_t                  n;
    uint64_t                bit;
    openai_secrets_t       *s;
    openai_secrets_class_e  class;

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

    bit = (uint64_t) 1 << (s->depth - 1);

    switch (c) {

    case '"':
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

        if (s->kind == OPENAI_SECRETS_HEADERS
            && class == OPENAI_SECRETS_SCHEMA)
        {
            class = OPENAI_SECRETS_HEADERS;
        }

        return openai_secrets_string(w, i + 1, class);

    case ':':
        s->value = 1;
        s->member = openai_secrets_named(s, w->p, i);

        if (s->kind != OPENAI_SECRETS_HEADERS) {

            if (s->member == OPENAI_SECRETS_WEAK
                || s->member == OPENAI_SECRETS_VALUE)
            {
                s->member = OPENAI_SECRETS_STRONG;
            }

            break;
        }

        /* a header may have any name */

        if (s->member >= OPENAI_SECRETS_SCHEMA
            || s->member == OPENAI_SECRETS_STRONG)
        {
            break;
        }

        s->member = (s->depth == 1 && s->secrecy == OPENAI_SECRETS_MEMBERS)
                    ? OPENAI_SECRETS_STRONG : OPENAI_SECRETS_HEADERS;
        break;

    case ',':
        s->value = (s->arrays & bit) != 0;
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
