
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


static ngx_int_t ngx_openai_needle(ngx_openai_needle_t *needle,
    ngx_pool_t *pool, ngx_str_t *word);
static u_char ngx_openai_fold(u_char c);
static ngx_int_t ngx_openai_escaped(ngx_pool_t *pool, ngx_str_t *dst,
    ngx_str_t *src, ngx_uint_t ascii);
static u_char *ngx_openai_escape_char(u_char *d, ngx_uint_t c);
static ngx_uint_t ngx_openai_find_one(const ngx_openai_needle_t *needle,
    const ngx_str_t *text);
static ngx_uint_t ngx_openai_find_near(const ngx_openai_needle_t *needle,
    const u_char *p, const u_char *end);
static ngx_uint_t ngx_openai_distance(const char *a, size_t alen,
    const u_char *b, size_t blen);


ngx_uint_t
ngx_openai_needles(ngx_openai_needle_t *needles, ngx_pool_t *pool,
    ngx_str_t *word)
{
    ngx_str_t   escaped;
    ngx_uint_t  n, ascii;

    if (ngx_openai_needle(&needles[0], pool, word) != NGX_OK) {
        return 0;
    }

    n = 1;

    for (ascii = 0; ascii < 2; ascii++) {

        if (ngx_openai_escaped(pool, &escaped, word, ascii) != NGX_OK) {
            return 0;
        }

        if (escaped.len == needles[n - 1].word.len) {
            continue;
        }

        if (ngx_openai_needle(&needles[n], pool, &escaped) != NGX_OK) {
            return 0;
        }

        n++;
    }

    return n;
}


static ngx_int_t
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


/* the word as JSON writes it, with characters beyond ASCII escaped or not */

static ngx_int_t
ngx_openai_escaped(ngx_pool_t *pool, ngx_str_t *dst, ngx_str_t *src,
    ngx_uint_t ascii)
{
    u_char      *d, *p, *last;
    size_t       n, skip;
    uint32_t     c;

    dst->data = ngx_pnalloc(pool, 6 * src->len + 1);
    if (dst->data == NULL) {
        return NGX_ERROR;
    }

    d = dst->data;
    p = src->data;
    last = p + src->len;

    while (p < last) {

        if (*p == '"' || *p == '\\') {
            *d++ = '\\';
            *d++ = *p++;
            continue;
        }

        if (*p == '\n' || *p == '\r' || *p == '\t') {
            *d++ = '\\';
            *d++ = (*p == '\n') ? 'n' : (*p == '\r') ? 'r' : 't';
            p++;
            continue;
        }

        n = ngx_openai_utf8(p, last, &skip);

        if (n < 2 || !ascii) {
            *d++ = *p++;
            continue;
        }

        c = *p++ & (0xff >> (n + 1));

        while (--n) {
            c = (c << 6) | (*p++ & 0x3f);
        }

        if (c > 0xffff) {
            c -= 0x10000;
            d = ngx_openai_escape_char(d, 0xd800 + (c >> 10));
            c = 0xdc00 + (c & 0x3ff);
        }

        d = ngx_openai_escape_char(d, c);
    }

    dst->len = d - dst->data;

    return NGX_OK;
}


static u_char *
ngx_openai_escape_char(u_char *d, ngx_uint_t c)
{
    static const u_char  hex[] = "0123456789abcdef";

    *d++ = '\\';
    *d++ = 'u';
    *d++ = hex[c >> 12 & 0xf];
    *d++ = hex[c >> 8 & 0xf];
    *d++ = hex[c >> 4 & 0xf];
    *d++ = hex[c & 0xf];

    return d;
}


ngx_uint_t
ngx_openai_find(const ngx_openai_needle_t *needles, ngx_uint_t n,
    const ngx_str_t *text)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {

        if (ngx_openai_find_one(&needles[i], text)) {
            return 1;
        }
    }

    return 0;
}


/*
 * A word may begin where the text has its first byte, and its last byte at the
 * right distance. Both are compared in blocks; only the places that are left
 * are compared as words.
 */

static ngx_uint_t
ngx_openai_find_one(const ngx_openai_needle_t *needle, const ngx_str_t *text)
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
