
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Parses a query into a tree and evaluates the tree: see query.h. ask.c parses,
 * search.c evaluates.
 *
 * The parser goes down by precedence: OR, AND, NOT, then a group or a term.
 * What a single term means is in terms.c.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/query/terms.h"


#define ngx_openai_query_space(c)                                            \
    ((c) == ' ' || (c) == '\t' || (c) == '\n')


typedef struct {
    ngx_openai_query_t  *query;
    u_char              *pos;
    u_char              *last;
    ngx_uint_t           depth;
} ngx_openai_parser_t;


static ngx_int_t ngx_openai_parse_or(ngx_openai_parser_t *p,
    ngx_openai_term_t **term);
static ngx_int_t ngx_openai_parse_and(ngx_openai_parser_t *p,
    ngx_openai_term_t **term);
static ngx_int_t ngx_openai_parse_not(ngx_openai_parser_t *p,
    ngx_openai_term_t **term);
static ngx_int_t ngx_openai_parse_group(ngx_openai_parser_t *p,
    ngx_openai_term_t **term);
static ngx_int_t ngx_openai_parse_leaf(ngx_openai_parser_t *p,
    ngx_openai_term_t *term);
static ngx_int_t ngx_openai_parse_regex(ngx_openai_parser_t *p,
    ngx_openai_term_t *term);
static ngx_int_t ngx_openai_parse_quoted(ngx_openai_parser_t *p,
    ngx_str_t *word);
static void ngx_openai_parse_bare(ngx_openai_parser_t *p, ngx_str_t *word);
static ngx_uint_t ngx_openai_parse_key(ngx_openai_parser_t *p,
    ngx_str_t *key);
static ngx_uint_t ngx_openai_parse_at_or(ngx_openai_parser_t *p);
static void ngx_openai_parse_spaces(ngx_openai_parser_t *p);
static ngx_int_t ngx_openai_parse_wrong(ngx_openai_parser_t *p,
    const char *error, u_char *word, u_char *last);
static ngx_openai_term_t *ngx_openai_query_term(ngx_openai_query_t *query);
static ngx_uint_t ngx_openai_query_eval(ngx_openai_query_t *query,
    ngx_openai_term_t *term, ngx_openai_subject_t *subject, ngx_uint_t level);


ngx_int_t
ngx_openai_query_parse(ngx_openai_query_t *query, ngx_pool_t *pool,
    ngx_str_t *text)
{
    ngx_int_t            rc;
    ngx_openai_parser_t  p;

    ngx_memzero(query, sizeof(ngx_openai_query_t));

    query->pool = pool;

    if (text->len == 0) {
        return NGX_OK;
    }

    p.query = query;
    p.pos = text->data;
    p.last = text->data + text->len;
    p.depth = 0;

    if (text->len > NGX_OPENAI_QUERY_MAX) {
        return ngx_openai_parse_wrong(&p, "query is longer than 2048 bytes",
                                      NULL, NULL);
    }

    ngx_openai_parse_spaces(&p);

    if (p.pos == p.last) {
        return NGX_OK;
    }

    rc = ngx_openai_parse_or(&p, &query->root);

    if (rc == NGX_OK && p.pos < p.last) {

        /* nothing but a closing bracket ends a group early */

        return ngx_openai_parse_wrong(&p, "unmatched", p.pos, p.pos + 1);
    }

    return rc;
}


static ngx_int_t
ngx_openai_parse_or(ngx_openai_parser_t *p, ngx_openai_term_t **term)
{
    ngx_int_t           rc;
    ngx_openai_term_t  *or;

    rc = ngx_openai_parse_and(p, term);

    while (rc == NGX_OK && ngx_openai_parse_at_or(p)) {
        p->pos += 2;

        or = ngx_openai_query_term(p->query);
        if (or == NULL) {
            return NGX_ERROR;
        }

        or->type = NGX_OPENAI_TERM_OR;
        or->left = *term;

        rc = ngx_openai_parse_and(p, &or->right);
        *term = or;
    }

    return rc;
}


static ngx_int_t
ngx_openai_parse_and(ngx_openai_parser_t *p, ngx_openai_term_t **term)
{
    ngx_int_t           rc;
    ngx_openai_term_t  *and, *right;

    *term = NULL;

    for ( ;; ) {
        ngx_openai_parse_spaces(p);

        if (p->pos == p->last || *p->pos == ')' || ngx_openai_parse_at_or(p))
        {
            break;
        }

        rc = ngx_openai_parse_not(p, &right);
        if (rc != NGX_OK) {
            return rc;
        }

        if (*term == NULL) {
            *term = right;
            continue;
        }

        and = ngx_openai_query_term(p->query);
        if (and == NULL) {
            return NGX_ERROR;
        }

        and->type = NGX_OPENAI_TERM_AND;
        and->left = *term;
        and->right = right;
        *term = and;
    }

    if (*term == NULL) {
        return ngx_openai_parse_wrong(p, "missing term", NULL, NULL);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_openai_parse_not(ngx_openai_parser_t *p, ngx_openai_term_t **term)
{
    ngx_int_t           rc;
    ngx_uint_t          not;
    ngx_openai_term_t  *leaf;

    if (++p->query->terms > NGX_OPENAI_QUERY_TERMS) {
        return ngx_openai_parse_wrong(p, "more than 64 terms", NULL, NULL);
    }

    not = 0;

    if (*p->pos == '-' && p->pos + 1 < p->last
        && !ngx_openai_query_space(p->pos[1]) && p->pos[1] != ')')
    {
        not = 1;
        p->pos++;
    }

    if (*p->pos == '(') {
        rc = ngx_openai_parse_group(p, term);

    } else {
        *term = ngx_openai_query_term(p->query);
        if (*term == NULL) {
            return NGX_ERROR;
        }

        rc = ngx_openai_parse_leaf(p, *term);
    }

    if (rc != NGX_OK || !not) {
        return rc;
    }

    leaf = *term;

    *term = ngx_openai_query_term(p->query);
    if (*term == NULL) {
        return NGX_ERROR;
    }

    (*term)->type = NGX_OPENAI_TERM_NOT;
    (*term)->left = leaf;

    return NGX_OK;
}


static ngx_int_t
ngx_openai_parse_group(ngx_openai_parser_t *p, ngx_openai_term_t **term)
{
    u_char     *open;
    ngx_int_t   rc;

    open = p->pos++;

    if (++p->depth > NGX_OPENAI_QUERY_DEPTH) {
        return ngx_openai_parse_wrong(p, "brackets nested deeper than 16",
                                      NULL, NULL);
    }

    rc = ngx_openai_parse_or(p, term);
    if (rc != NGX_OK) {
        return rc;
    }

    if (p->pos == p->last) {
        return ngx_openai_parse_wrong(p, "unmatched", open, open + 1);
    }

    p->pos++;
    p->depth--;

    return NGX_OK;
}


static ngx_int_t
ngx_openai_parse_leaf(ngx_openai_parser_t *p, ngx_openai_term_t *term)
{
    ngx_int_t   rc;
    ngx_str_t   key, value;
    ngx_uint_t  keyed;

    if (p->last - p->pos > 1 && p->pos[0] == '~' && p->pos[1] == '/') {
        return ngx_openai_parse_regex(p, term);
    }

    keyed = ngx_openai_parse_key(p, &key);

    if (p->pos < p->last && *p->pos == '"') {
        rc = ngx_openai_parse_quoted(p, &value);
        if (rc != NGX_OK) {
            return rc;
        }

    } else {
        ngx_openai_parse_bare(p, &value);
    }

    if (keyed) {
        return ngx_openai_term_key(p->query, term, &key, &value);
    }

    if (value.len == 0) {
        return ngx_openai_parse_wrong(p, "empty string", NULL, NULL);
    }

    return ngx_openai_term_word(p->query, term, &value);
}


/* "~/PATTERN/"; a backslash in front of "/" makes it a part of the pattern */

static ngx_int_t
ngx_openai_parse_regex(ngx_openai_parser_t *p, ngx_openai_term_t *term)
{
    u_char     *start;
    ngx_str_t   pattern;
    ngx_int_t   rc;

    start = p->pos;
    p->pos += 2;
    pattern.data = p->pos;

    while (p->pos < p->last && *p->pos != '/') {
        p->pos += (*p->pos == '\\' && p->pos + 1 < p->last) ? 2 : 1;
    }

    if (p->pos == p->last) {
        return ngx_openai_parse_wrong(p, "unterminated regular expression",
                                      start, p->last);
    }

    pattern.len = p->pos - pattern.data;
    p->pos++;

    rc = ngx_openai_regex_compile(&term->regex, p->query->pool, &pattern);

    if (rc == NGX_DECLINED) {
        return ngx_openai_parse_wrong(p, "invalid regular expression",
                                      pattern.data,
                                      pattern.data + pattern.len);
    }

    term->type = NGX_OPENAI_TERM_REGEX;
    p->query->bytes = 1;

    return rc;
}


static ngx_int_t
ngx_openai_parse_quoted(ngx_openai_parser_t *p, ngx_str_t *word)
{
    u_char  *start, *d;

    start = p->pos++;

    word->data = ngx_pnalloc(p->query->pool, p->last - start);
    if (word->data == NULL) {
        return NGX_ERROR;
    }

    d = word->data;

    while (p->pos < p->last && *p->pos != '"') {

        if (*p->pos == '\\' && p->pos + 1 < p->last
            && (p->pos[1] == '"' || p->pos[1] == '\\'))
        {
            p->pos++;
        }

        *d++ = *p->pos++;
    }

    if (p->pos == p->last) {
        return ngx_openai_parse_wrong(p, "unterminated string", start, p->last);
    }

    p->pos++;
    word->len = d - word->data;

    return NGX_OK;
}


static void
ngx_openai_parse_bare(ngx_openai_parser_t *p, ngx_str_t *word)
{
    ngx_uint_t  depth;

    word->data = p->pos;

    /* paired brackets within a word belong to the word */

    for (depth = 0; p->pos < p->last; p->pos++) {

        if (ngx_openai_query_space(*p->pos)) {
            break;
        }

        if (*p->pos == '(') {
            depth++;

        } else if (*p->pos == ')') {
            if (depth == 0) {
                break;
            }

            depth--;
        }
    }

    word->len = p->pos - word->data;
}


/* moves behind the ":" of a key; "http://" is no key */

static ngx_uint_t
ngx_openai_parse_key(ngx_openai_parser_t *p, ngx_str_t *key)
{
    u_char      c, *s;
    ngx_uint_t  header;

    header = (p->last - p->pos > 7
              && ngx_strncasecmp(p->pos, (u_char *) "header.", 7) == 0);

    for (s = p->pos; s < p->last && *s != ':'; s++) {
        c = (u_char) (*s | 0x20);

        if ((c >= 'a' && c <= 'z') || *s == '_') {
            continue;
        }

        if (header && *s > ' ' && *s != '"' && *s < 0x7f) {
            continue;
        }

        return 0;
    }

    if (s == p->last || s == p->pos) {
        return 0;
    }

    if (p->last - s > 2 && s[1] == '/' && s[2] == '/') {
        return 0;
    }

    key->data = p->pos;
    key->len = s - p->pos;
    p->pos = s + 1;

    return 1;
}


static ngx_uint_t
ngx_openai_parse_at_or(ngx_openai_parser_t *p)
{
    return p->last - p->pos >= 2
           && p->pos[0] == 'O' && p->pos[1] == 'R'
           && (p->last - p->pos == 2 || ngx_openai_query_space(p->pos[2])
               || p->pos[2] == '(');
}


static void
ngx_openai_parse_spaces(ngx_openai_parser_t *p)
{
    while (p->pos < p->last && ngx_openai_query_space(*p->pos)) {
        p->pos++;
    }
}


static ngx_int_t
ngx_openai_parse_wrong(ngx_openai_parser_t *p, const char *error,
    u_char *word, u_char *last)
{
    p->query->error = error;
    p->query->word.data = word;
    p->query->word.len = last - word;

    return NGX_DECLINED;
}


static ngx_openai_term_t *
ngx_openai_query_term(ngx_openai_query_t *query)
{
    return ngx_pcalloc(query->pool, sizeof(ngx_openai_term_t));
}


ngx_int_t
ngx_openai_query_and(ngx_openai_query_t *query, const char *key,
    ngx_str_t *value)
{
    ngx_str_t           name;
    ngx_int_t           rc;
    ngx_openai_term_t  *term, *and;

    term = ngx_openai_query_term(query);
    if (term == NULL) {
        return NGX_ERROR;
    }

    name.data = (u_char *) key;
    name.len = ngx_strlen(key);

    rc = ngx_openai_term_key(query, term, &name, value);
    if (rc != NGX_OK) {
        return rc;
    }

    if (query->root == NULL) {
        query->root = term;
        return NGX_OK;
    }

    and = ngx_openai_query_term(query);
    if (and == NULL) {
        return NGX_ERROR;
    }

    and->type = NGX_OPENAI_TERM_AND;
    and->left = term;
    and->right = query->root;
    query->root = and;

    return NGX_OK;
}


ngx_int_t
ngx_openai_query_match(ngx_openai_query_t *query,
    ngx_openai_subject_t *subject)
{
    ngx_int_t   rc;
    ngx_uint_t  match;

    if (query->root == NULL) {
        return NGX_OK;
    }

    if (!query->later) {
        query->asked++;
        query->level = NGX_OPENAI_LEVEL_RECORD;
    }

    for ( /* void */ ; query->level < NGX_OPENAI_LEVELS; query->level++) {

        if (query->level != NGX_OPENAI_LEVEL_RECORD && !query->later) {
            rc = subject->load(subject, query->level);

            if (rc != NGX_OK) {
                return rc;
            }
        }

        query->later = 0;

        match = ngx_openai_query_eval(query, query->root, subject,
                                      query->level);

        if (query->starved) {
            query->starved = 0;
            return NGX_ERROR;
        }

        if (query->error) {
            return NGX_ABORT;
        }

        switch (match) {

        case NGX_OPENAI_PERHAPS:
            continue;

        case NGX_OPENAI_LATER:
            query->later = 1;
            return NGX_AGAIN;

        default:
            return match == NGX_OPENAI_YES ? NGX_OK : NGX_DECLINED;
        }
    }

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_openai_query_eval(ngx_openai_query_t *query, ngx_openai_term_t *term,
    ngx_openai_subject_t *subject, ngx_uint_t level)
{
    ngx_uint_t  left, right, decides;

    switch (term->type) {

    case NGX_OPENAI_TERM_AND:
    case NGX_OPENAI_TERM_OR:
        decides = (term->type == NGX_OPENAI_TERM_OR);

        left = ngx_openai_query_eval(query, term->left, subject, level);

        if (left == decides || left == NGX_OPENAI_LATER) {
            return left;
        }

        right = ngx_openai_query_eval(query, term->right, subject, level);

        if (right == decides || right == NGX_OPENAI_LATER) {
            return right;
        }

        return (left == NGX_OPENAI_PERHAPS) ? left : right;

    case NGX_OPENAI_TERM_NOT:
        left = ngx_openai_query_eval(query, term->left, subject, level);

        return (left == NGX_OPENAI_YES || left == NGX_OPENAI_NO) ? !left
                                                                 : left;

    default:

        /* A certain answer stays. Each level looks only at what it has
           added. */

        if (term->asked != query->asked
            || term->match == NGX_OPENAI_LATER
            || (term->match == NGX_OPENAI_PERHAPS && term->level != level))
        {
            if (term->asked != query->asked
                || term->match != NGX_OPENAI_LATER)
            {
                term->text = 0;
                term->at = 0;
            }

            term->asked = query->asked;
            term->match = ngx_openai_term_match(query, term, subject, level);
            term->level = level;
        }

        return term->match;
    }
}
