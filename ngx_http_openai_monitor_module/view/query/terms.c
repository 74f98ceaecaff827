
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Makes a term of a key and its value. query.c calls this for each term that it
 * has parsed.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/query/terms.h"


/* the most keys, with the NULL at the end */
#define NGX_OPENAI_TERM_KEYS  64


static ngx_int_t ngx_openai_term_field(ngx_openai_query_t *query,
    ngx_openai_term_t *term, const ngx_openai_field_t *field,
    ngx_str_t *value);
static ngx_int_t ngx_openai_term_unknown(ngx_openai_query_t *query,
    ngx_str_t *key);
static ngx_int_t ngx_openai_term_status(ngx_openai_query_t *query,
    ngx_openai_term_t *term, ngx_str_t *value);
static ngx_int_t ngx_openai_term_state(ngx_openai_query_t *query,
    ngx_openai_term_t *term, const char *key, const char *const *names,
    ngx_uint_t first, ngx_str_t *value);
static ngx_int_t ngx_openai_term_no_value(ngx_openai_query_t *query,
    const char *key, const char *const *names, ngx_str_t *value);
static ngx_int_t ngx_openai_term_in(ngx_openai_query_t *query,
    ngx_str_t *value);
static ngx_int_t ngx_openai_term_header(ngx_openai_query_t *query,
    ngx_openai_term_t *term, ngx_str_t *key, ngx_str_t *value);
static ngx_int_t ngx_openai_term_index(const char *const *words,
    ngx_str_t *word);


/* keys that belong to no field; the numbers come first, in the order of
   their enumeration */

static const char *const  ngx_openai_term_keys[] = {
    "age", "tokens", "size", "is", "has", "in", "time", "header.", NULL
};

#define NGX_OPENAI_KEY_IS      (NGX_OPENAI_NUMBER_SIZE + 1)
#define NGX_OPENAI_KEY_HAS     (NGX_OPENAI_KEY_IS + 1)
#define NGX_OPENAI_KEY_IN      (NGX_OPENAI_KEY_IS + 2)
#define NGX_OPENAI_KEY_TIME    (NGX_OPENAI_KEY_IS + 3)


static const char *const  ngx_openai_term_is_names[] = {
    NGX_OPENAI_STATES_IS(ngx_openai_state_name) NULL
};

static const char *const  ngx_openai_term_has_names[] = {
    NGX_OPENAI_STATES_HAS(ngx_openai_state_name) NULL
};

static const char *const  ngx_openai_term_in_names[] = {
    "request", "response", NULL
};


ngx_int_t
ngx_openai_term_key(ngx_openai_query_t *query, ngx_openai_term_t *term,
    ngx_str_t *key, ngx_str_t *value)
{
    ngx_int_t                  index;
    const ngx_openai_field_t  *field;

    if (value->len == 0) {
        return ngx_openai_term_wrong(query, "missing value of", key, NULL);
    }

    if (key->len >= sizeof("header.") - 1
        && ngx_strncasecmp(key->data, (u_char *) "header.",
                           sizeof("header.") - 1) == 0)
    {
        return ngx_openai_term_header(query, term, key, value);
    }

    field = ngx_openai_field_term(NULL, key->data, key->len);

    if (field) {
        return ngx_openai_term_field(query, term, field, value);
    }

    index = ngx_openai_term_index(ngx_openai_term_keys, key);

    if (index == NGX_ERROR) {
        return ngx_openai_term_unknown(query, key);
    }

    if (index < NGX_OPENAI_KEY_IS) {
        term->what = index;
        return ngx_openai_term_number(query, term, value);
    }

    switch (index) {

    case NGX_OPENAI_KEY_IS:
        return ngx_openai_term_state(query, term, "is",
                                     ngx_openai_term_is_names,
                                     NGX_OPENAI_IS_RUNNING, value);

    case NGX_OPENAI_KEY_HAS:
        return ngx_openai_term_state(query, term, "has",
                                     ngx_openai_term_has_names,
                                     NGX_OPENAI_HAS_TOOL_CALLS, value);

    case NGX_OPENAI_KEY_TIME:
        return ngx_openai_term_time(query, term, value);

    default: /* NGX_OPENAI_KEY_IN */
        term->type = NGX_OPENAI_TERM_TRUE;
        return ngx_openai_term_in(query, value);
    }
}


static ngx_int_t
ngx_openai_term_field(ngx_openai_query_t *query, ngx_openai_term_t *term,
    const ngx_openai_field_t *field, ngx_str_t *value)
{
    term->field = field;

    if (field->as == NGX_OPENAI_AS_STATUS) {
        return ngx_openai_term_status(query, term, value);
    }

    if (!ngx_openai_field_is_text(field)) {
        return ngx_openai_term_number(query, term, value);
    }

    term->type = NGX_OPENAI_TERM_FIELD;
    term->value = *value;

    if (field->as == NGX_OPENAI_AS_THREAD || field->as == NGX_OPENAI_AS_RUN
        || field->as == NGX_OPENAI_AS_ROLE)
    {
        query->threads = 1;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_openai_term_unknown(ngx_openai_query_t *query, ngx_str_t *key)
{
    ngx_uint_t                 n;
    const char                *keys[NGX_OPENAI_TERM_KEYS];
    const ngx_openai_field_t  *field;

    n = 0;

    for (field = ngx_openai_fields; field->name; field++) {
        if (field->term) {
            keys[n++] = field->term;
        }
    }

    ngx_memcpy(&keys[n], ngx_openai_term_keys, sizeof(ngx_openai_term_keys));

    return ngx_openai_term_wrong(query, "unknown key", key,
                                 ngx_openai_nearest(keys, key));
}


ngx_int_t
ngx_openai_term_word(ngx_openai_query_t *query, ngx_openai_term_t *term,
    ngx_str_t *word)
{
    if (ngx_openai_needle(&term->needle, query->pool, word) != NGX_OK) {
        return NGX_ERROR;
    }

    term->type = NGX_OPENAI_TERM_WORD;
    query->bytes = 1;

    return NGX_OK;
}


/* "5xx", "404", ">=400", or the name of an outcome */

static ngx_int_t
ngx_openai_term_status(ngx_openai_query_t *query, ngx_openai_term_t *term,
    ngx_str_t *value)
{
    u_char      *p;
    ngx_int_t    n;
    ngx_uint_t   i;

    p = value->data;

    if (value->len == 3 && p[0] >= '1' && p[0] <= '5'
        && ngx_strncasecmp(p + 1, (u_char *) "xx", 2) == 0)
    {
        term->type = NGX_OPENAI_TERM_STATUS;
        term->low = (p[0] - '0') * 100;
        term->high = term->low + 99;
        return NGX_OK;
    }

    n = ngx_atoi(p, value->len);

    if (n != NGX_ERROR) {
        term->type = NGX_OPENAI_TERM_STATUS;
        term->low = n;
        term->high = n;
        return NGX_OK;
    }

    for (i = 0; i < NGX_OPENAI_OUTCOMES; i++) {

        if (ngx_openai_glob(value, ngx_openai_outcome_name(i),
                            ngx_strlen(ngx_openai_outcome_name(i))))
        {
            term->type = NGX_OPENAI_TERM_FIELD;
            term->field = ngx_openai_field_named("outcome");
            term->value = *value;
            return NGX_OK;
        }
    }

    if (ngx_openai_term_number(query, term, value) != NGX_OK) {
        return ngx_openai_term_wrong(query, "invalid status", value, NULL);
    }

    term->type = NGX_OPENAI_TERM_STATUS;
    term->high = term->low;

    return NGX_OK;
}


static ngx_int_t
ngx_openai_term_state(ngx_openai_query_t *query, ngx_openai_term_t *term,
    const char *key, const char *const *names, ngx_uint_t first,
    ngx_str_t *value)
{
    ngx_int_t  index;

    index = ngx_openai_term_index(names, value);

    if (index == NGX_ERROR) {
        return ngx_openai_term_no_value(query, key, names, value);
    }

    term->type = NGX_OPENAI_TERM_STATE;
    term->what = first + index;

    return NGX_OK;
}


/* suggests the nearest value of the key, or lists all of them */

static ngx_int_t
ngx_openai_term_no_value(ngx_openai_query_t *query, const char *key,
    const char *const *names, ngx_str_t *value)
{
    u_char      *p;
    size_t       len;
    ngx_uint_t   i;
    const char  *nearest;

    nearest = ngx_openai_nearest(names, value);

    len = sizeof(" for \":\"; use one of ") + ngx_strlen(key);

    for (i = 0; names[i]; i++) {
        len += ngx_strlen(names[i]) + sizeof(", ") - 1;
    }

    p = ngx_pnalloc(query->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    query->tail = (char *) p;

    p = ngx_cpymem(p, " for \"", sizeof(" for \"") - 1);
    p = ngx_cpymem(p, key, ngx_strlen(key));
    p = ngx_cpymem(p, ":\"", sizeof(":\"") - 1);

    if (nearest == NULL) {
        p = ngx_cpymem(p, "; use one of ", sizeof("; use one of ") - 1);

        for (i = 0; names[i]; i++) {

            if (i) {
                p = ngx_cpymem(p, ", ", sizeof(", ") - 1);
            }

            p = ngx_cpymem(p, names[i], ngx_strlen(names[i]));
        }
    }

    *p = '\0';

    return ngx_openai_term_wrong(query, "unknown value", value, nearest);
}


static ngx_int_t
ngx_openai_term_in(ngx_openai_query_t *query, ngx_str_t *value)
{
    switch (ngx_openai_term_index(ngx_openai_term_in_names, value)) {

    case 0:
        query->request = 1;
        return NGX_OK;

    case 1:
        query->response = 1;
        return NGX_OK;

    default:
        return ngx_openai_term_no_value(query, "in", ngx_openai_term_in_names,
                                     value);
    }
}


static ngx_int_t
ngx_openai_term_header(ngx_openai_query_t *query, ngx_openai_term_t *term,
    ngx_str_t *key, ngx_str_t *value)
{
    if (key->len == sizeof("header.") - 1) {
        return ngx_openai_term_wrong(query, "missing name of a header in", key,
                                     NULL);
    }

    if (ngx_openai_term_word(query, term, value) != NGX_OK) {
        return NGX_ERROR;
    }

    term->type = NGX_OPENAI_TERM_HEADER;
    term->name.data = key->data + sizeof("header.") - 1;
    term->name.len = key->len - (sizeof("header.") - 1);

    return NGX_OK;
}


static ngx_int_t
ngx_openai_term_index(const char *const *words, ngx_str_t *word)
{
    ngx_int_t  i;

    for (i = 0; words[i]; i++) {

        if (ngx_strlen(words[i]) == word->len
            && ngx_strncasecmp((u_char *) words[i], word->data, word->len)
               == 0)
        {
            return i;
        }
    }

    return NGX_ERROR;
}
