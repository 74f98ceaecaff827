
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Words, globs and near words: see match.h. The query language calls this for
 * every record that it searches.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/answer/json.h"
#include "view/query/match.h"


/* the largest distance of a near word */
#define NGX_OPENAI_NEAR          3
#define NGX_OPENAI_NEAR_MAX      24


/* places of a text that are compared at once */

#define NGX_OPENAI_BLOCK_SIZE    16

typedef u_char       ngx_openai_block_t
                         __attribute__((vector_size(NGX_OPENAI_BLOCK_SIZE)));
typedef signed char  ngx_openai_hits_t
                         __attribute__((vector_size(NGX_OPENAI_BLOCK_SIZE)));


static u_char ngx_openai_fold(u_char c);
static ngx_uint_t ngx_openai_find_plain(const ngx_openai_needle_t *needle,
    const ngx_str_t *text);
static ngx_uint_t ngx_openai_find_near(const ngx_openai_needle_t *needle,
    const u_char *p, const u_char *end);
static ngx_uint_t ngx_openai_find_escaped(const ngx_openai_needle_t *needle,
    const ngx_str_t *text, ngx_uint_t level, ngx_uint_t *nested);
static ngx_uint_t ngx_openai_find_around(const ngx_openai_needle_t *needle,
    const u_char *start, const u_char *p, const u_char *end,
    ngx_uint_t level);
static ngx_uint_t ngx_openai_find_rest(const u_char *word, const u_char *last,
    const u_char *p, const u_char *end, ngx_uint_t level);
static size_t ngx_openai_unescape(const u_char **p, const u_char *end,
    ngx_uint_t level, u_char *out);
static size_t ngx_openai_unescape_unit(const u_char **p, const u_char *end,
    ngx_uint_t level, u_char *out);
static ngx_int_t ngx_openai_unescape_hex(const u_char **p, const u_char *end,
    ngx_uint_t level);
static size_t ngx_openai_unescape_utf8(u_char *out, uint32_t c);
static ngx_uint_t ngx_openai_distance(const char *a, size_t alen,
    const u_char *b, size_t blen);


ngx_int_t
ngx_openai_needle(ngx_openai_needle_t *needle, ngx_pool_t *pool,
    ngx_str_t *word)
{
    size_t  len;

    needle->word.len = ngx_min(word->len, NGX_OPENAI_NEEDLE_MAX);
    needle->word.data = ngx_pnalloc(pool, needle->word.len + 1);
    if (needle->word.data == NULL) {
        return NGX_ERROR;
    }

    ngx_strlow(needle->word.data, word->data, needle->word.len);

    len = needle->word.len;

    if (len == 0) {
        return NGX_OK;
    }

    needle->first = needle->word.data[0];
    needle->last = needle->word.data[len - 1];
    needle->fold_first = ngx_openai_fold(needle->first);
    needle->fold_last = ngx_openai_fold(needle->last);

    return NGX_OK;
}


/* 'A' | 0x20 is 'a', and no other byte becomes a letter by it */

static u_char
ngx_openai_fold(u_char c)
{
    return (c >= 'a' && c <= 'z') ? 0x20 : 0;
}


ngx_uint_t
ngx_openai_find(const ngx_openai_needle_t *needle, const ngx_str_t *text)
{
    ngx_uint_t  nested;

    if (ngx_openai_find_plain(needle, text)) {
        return 1;
    }

    if (ngx_openai_find_escaped(needle, text, 1, &nested)) {
        return 1;
    }

    return nested && ngx_openai_find_escaped(needle, text, 2, &nested);
}


/*
 * A word may begin where the text has its first byte, and its last byte at the
 * right distance. Both are compared in blocks; only the places that are left
 * are compared as words.
 */

static ngx_uint_t
ngx_openai_find_plain(const ngx_openai_needle_t *needle, const ngx_str_t *text)
{
    u_char              *p, *end;
    size_t               len;
    uint64_t             any[NGX_OPENAI_BLOCK_SIZE / sizeof(uint64_t)];
    ngx_openai_hits_t    hits;
    ngx_openai_block_t   a, b;

    len = needle->word.len;

    if (len == 0) {
        return 1;
    }

    if (text->len < len) {
        return 0;
    }

    p = text->data;
    end = p + text->len - len + 1;

    while (end - p >= NGX_OPENAI_BLOCK_SIZE) {
        ngx_memcpy(&a, p, NGX_OPENAI_BLOCK_SIZE);
        ngx_memcpy(&b, p + len - 1, NGX_OPENAI_BLOCK_SIZE);

        hits = ((a | needle->fold_first) == needle->first)
               & ((b | needle->fold_last) == needle->last);

        ngx_memcpy(any, &hits, NGX_OPENAI_BLOCK_SIZE);

        if ((any[0] | any[1])
            && ngx_openai_find_near(needle, p, p + NGX_OPENAI_BLOCK_SIZE))
        {
            return 1;
        }

        p += NGX_OPENAI_BLOCK_SIZE;
    }

    return ngx_openai_find_near(needle, p, end);
}


static ngx_uint_t
ngx_openai_find_near(const ngx_openai_needle_t *needle, const u_char *p,
    const u_char *end)
{
    size_t         i, len;
    const u_char  *word;

    len = needle->word.len;
    word = needle->word.data;

    for ( /* void */ ; p < end; p++) {

        if ((p[0] | needle->fold_first) != needle->first
            || (p[len - 1] | needle->fold_last) != needle->last)
        {
            continue;
        }

        for (i = 1; i + 1 < len; i++) {
            if (ngx_tolower(p[i]) != word[i]) {
                break;
            }
        }

        if (i + 1 >= len) {
            return 1;
        }
    }

    return 0;
}


/*
 * The word where JSON escapes a part of it.  Any character may be escaped, in
 * several ways, so the text is decoded while it is compared: at each escape, a
 * word is tried whose first escaped character this is.  At level 2 the text is
 * JSON in a string of JSON, as the arguments of a call are; *nested tells that
 * there may be some.
 */

static ngx_uint_t
ngx_openai_find_escaped(const ngx_openai_needle_t *needle,
    const ngx_str_t *text, ngx_uint_t level, ngx_uint_t *nested)
{
    size_t         n;
    u_char         out[4];
    const u_char  *p, *end, *escape;

    p = text->data;
    end = p + text->len;

    *nested = 0;

    while (p < end) {

        p = memchr(p, '\\', end - p);
        if (p == NULL) {
            return 0;
        }

        escape = p;

        n = ngx_openai_unescape(&p, end, level, out);

        if (n && out[0] == '\\') {
            *nested = 1;
        }

        if (n && memchr(needle->word.data, ngx_tolower(out[0]),
                        needle->word.len)
            && ngx_openai_find_around(needle, text->data, escape, end, level))
        {
            return 1;
        }
    }

    return 0;
}


/* returns 1 if a word lies around the escape at p, and nothing before p in it
   is escaped */

static ngx_uint_t
ngx_openai_find_around(const ngx_openai_needle_t *needle, const u_char *start,
    const u_char *p, const u_char *end, ngx_uint_t level)
{
    size_t         i, n;
    const u_char  *word;

    word = needle->word.data;

    for (i = 0; i < needle->word.len && i <= (size_t) (p - start); i++) {

        for (n = 0; n < i; n++) {
            if (ngx_tolower(p[-1 - (ssize_t) n]) != word[i - 1 - n]) {
                break;
            }
        }

        if (n == i
            && ngx_openai_find_rest(word + i, word + needle->word.len, p, end,
                                    level))
        {
            return 1;
        }
    }

    return 0;
}


/* returns 1 if the text at p begins with the word, once it is decoded */

static ngx_uint_t
ngx_openai_find_rest(const u_char *word, const u_char *last, const u_char *p,
    const u_char *end, ngx_uint_t level)
{
    size_t  i, n;
    u_char  out[4];

    while (word < last) {

        n = ngx_openai_unescape(&p, end, level, out);

        if (n == 0) {
            return 0;
        }

        for (i = 0; i < n && word < last; i++) {
            if (ngx_tolower(out[i]) != *word++) {
                return 0;
            }
        }
    }

    return 1;
}


/* takes one character from *p, of which "level" layers of JSON's escapes are
   removed.  Returns its bytes, or 0 at the end.  A backslash that escapes
   nothing is itself */

static size_t
ngx_openai_unescape(const u_char **p, const u_char *end, ngx_uint_t level,
    u_char *out)
{
    size_t         n;
    const u_char  *mark;

    if (*p == end) {
        return 0;
    }

    if (level == 0 || **p != '\\') {
        *out = *(*p)++;
        return 1;
    }

    n = ngx_openai_unescape(p, end, level - 1, out);

    if (n != 1 || *out != '\\') {
        return n;
    }

    mark = *p;

    if (ngx_openai_unescape(p, end, level - 1, out) != 1) {
        *p = mark;
        *out = '\\';
        return 1;
    }

    switch (*out) {

    case '"':
    case '\\':
    case '/':
        return 1;

    case 'b':
        *out = '\b';
        return 1;

    case 'f':
        *out = '\f';
        return 1;

    case 'n':
        *out = '\n';
        return 1;

    case 'r':
        *out = '\r';
        return 1;

    case 't':
        *out = '\t';
        return 1;

    case 'u':
        n = ngx_openai_unescape_unit(p, end, level - 1, out);

        if (n) {
            return n;
        }
    }

    *p = mark;
    *out = '\\';

    return 1;
}


/* the digits behind "\u", and those of the second half of a pair.  Returns 0
   if there are no four digits */

static size_t
ngx_openai_unescape_unit(const u_char **p, const u_char *end,
    ngx_uint_t level, u_char *out)
{
    uint32_t       c;
    ngx_int_t      hex;
    const u_char  *mark;

    hex = ngx_openai_unescape_hex(p, end, level);

    if (hex == NGX_ERROR) {
        return 0;
    }

    c = hex;

    if (c < 0xd800 || c > 0xdbff) {
        return ngx_openai_unescape_utf8(out, c);
    }

    mark = *p;

    if (ngx_openai_unescape(p, end, level, out) == 1 && *out == '\\'
        && ngx_openai_unescape(p, end, level, out) == 1 && *out == 'u')
    {
        hex = ngx_openai_unescape_hex(p, end, level);

        if (hex >= 0xdc00 && hex <= 0xdfff) {
            c = 0x10000 + ((c - 0xd800) << 10) + (hex - 0xdc00);
            return ngx_openai_unescape_utf8(out, c);
        }
    }

    *p = mark;

    return ngx_openai_unescape_utf8(out, c);
}


static ngx_int_t
ngx_openai_unescape_hex(const u_char **p, const u_char *end, ngx_uint_t level)
{
    u_char     c, out[4];
    ngx_int_t  i, value;

    value = 0;

    for (i = 0; i < 4; i++) {

        if (ngx_openai_unescape(p, end, level, out) != 1) {
            return NGX_ERROR;
        }

        c = ngx_tolower(out[0]);

        if (c >= '0' && c <= '9') {
            c -= '0';

        } else if (c >= 'a' && c <= 'f') {
            c -= 'a' - 10;

        } else {
            return NGX_ERROR;
        }

        value = value << 4 | c;
    }

    return value;
}


static size_t
ngx_openai_unescape_utf8(u_char *out, uint32_t c)
{
    size_t  i, n;

    static const u_char  lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

    if (c < 0x80) {
        *out = (u_char) c;
        return 1;
    }

    n = (c < 0x800) ? 2 : (c < 0x10000) ? 3 : 4;

    for (i = n - 1; i; i--) {
        out[i] = (u_char) (0x80 | (c & 0x3f));
        c >>= 6;
    }

    out[0] = (u_char) (lead[n] | c);

    return n;
}


ngx_uint_t
ngx_openai_glob(const ngx_str_t *pattern, const void *text, size_t len)
{
    size_t         i, p, star, mark;
    const u_char  *s, *w;

    s = text;
    w = pattern->data;

    i = 0;
    p = 0;
    mark = 0;
    star = NGX_MAX_SIZE_T_VALUE;

    while (i < len) {

        if (p < pattern->len && w[p] == '*') {
            star = p++;
            mark = i;
            continue;
        }

        if (p < pattern->len && ngx_tolower(w[p]) == ngx_tolower(s[i])) {
            p++;
            i++;
            continue;
        }

        if (star == (size_t) NGX_MAX_SIZE_T_VALUE) {
            return 0;
        }

        /* the last "*" takes one byte more */

        p = star + 1;
        i = ++mark;
    }

    while (p < pattern->len && w[p] == '*') {
        p++;
    }

    return p == pattern->len;
}


const char *
ngx_openai_nearest(const char *const *words, ngx_str_t *word)
{
    size_t       len;
    ngx_uint_t   n, best;
    const char  *nearest;

    if (word->len > NGX_OPENAI_NEAR_MAX) {
        return NULL;
    }

    nearest = NULL;
    best = NGX_OPENAI_NEAR + 1;

    for ( /* void */ ; *words; words++) {
        len = ngx_strlen(*words);

        if (len > NGX_OPENAI_NEAR_MAX) {
            continue;
        }

        n = ngx_openai_distance(*words, len, word->data, word->len);

        /* a short word without a common letter is not near */

        if (n < best && n < ngx_max(len, word->len)) {
            best = n;
            nearest = *words;
        }
    }

    return nearest;
}


/* the Levenshtein distance */

static ngx_uint_t
ngx_openai_distance(const char *a, size_t alen, const u_char *b, size_t blen)
{
    size_t      i, j;
    ngx_uint_t  row[NGX_OPENAI_NEAR_MAX + 1], diagonal, above, cost;

    for (j = 0; j <= blen; j++) {
        row[j] = j;
    }

    for (i = 1; i <= alen; i++) {
        diagonal = row[0];
        row[0] = i;

        for (j = 1; j <= blen; j++) {
            above = row[j];
            cost = diagonal + (ngx_tolower(a[i - 1]) != ngx_tolower(b[j - 1]));

            row[j] = ngx_min(cost, ngx_min(above, row[j - 1]) + 1);
            diagonal = above;
        }
    }

    return row[blen];
}
