
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Words that the caller of the finder knows to be secret, wherever they stand
 * in a body: as they are, or with the escapes of JSON, HTML or a URL.
 */


#include "digest/json/bytes.h"
#include "digest/wire/secrets_inner.h"


#define OPENAI_SECRETS_UNIT  12    /* bytes of the longest escape */


static size_t openai_secrets_unit(const char *p, const char *last, char want,
    char *c);
static int openai_secrets_word_match(openai_str_t word, const char *p,
    const char *last, size_t *len);
static int openai_secrets_hex(const char *p, size_t n);
static const char *openai_secrets_word_find(openai_str_t word, const char *p,
    const char *last);


void
openai_secrets_word(openai_secrets_words_t *words, openai_str_t word)
{
    unsigned  i;

    if (word.len < OPENAI_SECRETS_WORD_MIN
        || words->n == OPENAI_SECRETS_WORDS)
    {
        return;
    }

    if (word.len > OPENAI_SECRETS_WORD_MAX) {
        word.len = OPENAI_SECRETS_WORD_MAX;
    }

    for (i = 0; i < words->n; i++) {
        if (words->word[i].len == word.len
            && memcmp(words->word[i].data, word.data, word.len) == 0)
        {
            return;
        }
    }

    words->word[words->n++] = word;
}


static int
openai_secrets_hex(const char *p, size_t n)
{
    int  c, value;

    for (value = 0; n; n--) {
        c = (unsigned char) *p++;

        if (c >= '0' && c <= '9') {
            c -= '0';

        } else {
            c |= 0x20;

            if (c < 'a' || c > 'f') {
                return -1;
            }

            c -= 'a' - 10;
        }

        value = value << 4 | c;
    }

    return value;
}


/* the length of an escape at p that stands for one byte, which goes to *c;
   0: there is none, or it is cut */

static size_t
openai_secrets_unit(const char *p, const char *last, char want, char *c)
{
    int          value;
    size_t       n, i, rest;

    static const struct {
        const char  *name;
        char         c;
    } html[] = {
        { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' },
        { "&quot;", '"' }, { "&#39;", '\'' }, { "&#x27;", '\'' },
        { "&#34;", '"' }, { "&#x2F;", '/' }, { "&#47;", '/' },
        { "&#61;", '=' }, { "&#x3D;", '=' }, { "&#43;", '+' },
    };

    rest = last - p;

    if (*p == '%' && rest >= 3) {
        value = openai_secrets_hex(p + 1, 2);
        *c = (char) value;

        return value < 0 ? 0 : 3;
    }

    if (*p == '&') {
        for (i = 0; i < sizeof(html) / sizeof(html[0]); i++) {
            n = strlen(html[i].name);

            if (rest >= n && memcmp(p, html[i].name, n) == 0) {
                *c = html[i].c;
                return n;
            }
        }

        return 0;
    }

    if (*p != '\\') {
        return 0;
    }

    /* JSON within JSON has backslashes before backslashes */

    for (n = 1;
         n < rest && n < OPENAI_SECRETS_UNIT && p[n] == '\\';
         n++)
    {
        /* void */
    }

    if (n == rest || n == OPENAI_SECRETS_UNIT) {
        return 0;
    }

    if (p[n] == 'u') {

        if (rest < n + 5) {
            return 0;
        }

        value = openai_secrets_hex(p + n + 1, 4);
        *c = (char) value;

        return (value < 0 || value > 127) ? 0 : n + 5;
    }

    if (want == '\\') {
        *c = '\\';
        return n > 1 ? 2 : 0;
    }

    *c = p[n];

    return n + 1;
}


static int
openai_secrets_word_match(openai_str_t word, const char *p, const char *last,
    size_t *len)
{
    char         c;
    size_t       i, n;
    unsigned     cut;
    const char  *start;

    start = p;
    cut = 0;

    for (i = 0; i < word.len; i++) {

        if (p == last) {
            return OPENAI_SECRETS_MORE;
        }

        if (*p == '\\' || *p == '&' || *p == '%') {

            n = openai_secrets_unit(p, last, word.data[i], &c);

            if (n && c == word.data[i]) {
                p += n;
                continue;
            }

            /* perhaps half an escape */

            cut |= (n == 0 && last - p < OPENAI_SECRETS_UNIT);
        }

        if (*p != word.data[i]
            && !(*p == '+' && word.data[i] == ' ')
            && !(*p == ' ' && word.data[i] == '+'))
        {
            return cut ? OPENAI_SECRETS_MORE : 0;
        }

        p++;
    }

    *len = p - start;

    return 1;
}


int
openai_secrets_word_at(const openai_secrets_words_t *words, size_t min,
    const char *p, const char *last, size_t *len)
{
    int       rc, more;
    size_t    n;
    unsigned  i;

    *len = 0;
    more = 0;

    for (i = 0; i < words->n; i++) {

        if (words->word[i].len < min
            || (words->word[i].data[0] != *p && *p != '\\' && *p != '&'
                && *p != '%'))
        {
            continue;
        }

        rc = openai_secrets_word_match(words->word[i], p, last, &n);

        if (rc == OPENAI_SECRETS_MORE) {
            more = 1;

        } else if (rc && n > *len) {
            *len = n;
        }
    }

    return more ? OPENAI_SECRETS_MORE : *len != 0;
}


int
openai_secrets_words_in(const openai_secrets_words_t *words, openai_str_t text)
{
    size_t       len;
    unsigned     i;
    const char  *p, *last;

    /* most texts are shorter than any of them */

    for (i = 0; i < words->n && words->word[i].len > text.len; i++) {
        /* void */
    }

    if (i == words->n) {
        return 0;
    }

    last = text.data + text.len;

    for (p = text.data; p < last; p++) {

        (void) openai_secrets_word_at(words, OPENAI_SECRETS_WORD_MIN, p, last,
                                      &len);
        if (len) {
            return 1;
        }
    }

    return 0;
}


/* whether a word may begin at p: by its first three bytes, as far as they are
   there; an escape may stand for the third one */

static inline int
openai_secrets_word_begins(openai_str_t word, const char *p, const char *last)
{
    if (p[0] != word.data[0]) {
        return 0;
    }

    if (p + 1 == last) {
        return 1;
    }

    if (p[1] != word.data[1]) {
        return 0;
    }

    return p + 2 == last || p[2] == word.data[2] || p[2] == '\\'
           || p[2] == '&' || p[2] == '%' || p[2] == '+' || p[2] == ' ';
}


const char *
openai_secrets_word_seek(const openai_secrets_words_t *words, const char *p,
    const char *last)
{
    unsigned  i;

    for (i = 0; i < words->n; i++) {
        if (words->word[i].len >= OPENAI_SECRETS_WORD_LONG) {
            last = openai_secrets_word_find(words->word[i], p, last);
        }
    }

    return last;
}


static const char *
openai_secrets_word_find(openai_str_t word, const char *p, const char *last)
{
#if (OPENAI_VECTOR)
    uint32_t      mask;
    openai_vec_t  a, b;

    a = openai_vec_all(word.data[0]);
    b = openai_vec_all(word.data[1]);

    for ( /* void */ ; last - p >= 17; p += 16) {
        mask = openai_vec_bits(openai_vec_and(
                   openai_vec_equal(openai_vec_load(p), a),
                   openai_vec_equal(openai_vec_load(p + 1), b)));

        for ( /* void */ ; mask; mask &= mask - 1) {
            if (openai_secrets_word_begins(word, p + __builtin_ctz(mask),
                                           last))
            {
                return p + __builtin_ctz(mask);
            }
        }
    }
#endif

    for ( /* void */ ; p < last; p++) {
        if (openai_secrets_word_begins(word, p, last)) {
            return p;
        }
    }

    return last;
}
