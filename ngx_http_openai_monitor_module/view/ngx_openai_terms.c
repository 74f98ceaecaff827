
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "digest/openai_digest.h"
#include "view/ngx_openai_terms.h"


typedef enum {
    NGX_OPENAI_FIELD_MODEL = 0,
    NGX_OPENAI_FIELD_METHOD,
    NGX_OPENAI_FIELD_PATH,
    NGX_OPENAI_FIELD_HOST,
    NGX_OPENAI_FIELD_CLIENT,
    NGX_OPENAI_FIELD_KEY,
    NGX_OPENAI_FIELD_UPSTREAM,
    NGX_OPENAI_FIELD_SESSION,
    NGX_OPENAI_FIELD_USER,
    NGX_OPENAI_FIELD_THREAD,
    NGX_OPENAI_FIELD_ID,
    NGX_OPENAI_FIELD_DIALECT,
    NGX_OPENAI_FIELD_OPERATION,
    NGX_OPENAI_FIELD_PROVIDER,
    NGX_OPENAI_FIELD_FINISH,
    NGX_OPENAI_FIELD_OUTCOME,
    NGX_OPENAI_FIELD_TOOL
} ngx_openai_field_e;

typedef enum {
    NGX_OPENAI_NUMBER_LATENCY = 0,
    NGX_OPENAI_NUMBER_TTFT,
    NGX_OPENAI_NUMBER_TOKENS,
    NGX_OPENAI_NUMBER_IN,
    NGX_OPENAI_NUMBER_OUT,
    NGX_OPENAI_NUMBER_CACHED,
    NGX_OPENAI_NUMBER_COST,
    NGX_OPENAI_NUMBER_SIZE
} ngx_openai_number_e;

typedef enum {
    NGX_OPENAI_IS_RUNNING = 0,
    NGX_OPENAI_IS_OK,
    NGX_OPENAI_IS_ERROR,
    NGX_OPENAI_IS_STREAM,
    NGX_OPENAI_IS_ABORTED,
    NGX_OPENAI_IS_TOOL,
    NGX_OPENAI_IS_TRUNCATED,
    NGX_OPENAI_IS_RETRY,
    NGX_OPENAI_IS_CACHED,
    NGX_OPENAI_HAS_TOOL_CALLS,
    NGX_OPENAI_HAS_REASONING,
    NGX_OPENAI_HAS_IMAGE,
    NGX_OPENAI_HAS_REFUSAL,
    NGX_OPENAI_HAS_USAGE,
    NGX_OPENAI_HAS_ERROR
} ngx_openai_state_e;


static ngx_int_t ngx_openai_term_status(ngx_openai_query_t *query,
    ngx_openai_term_t *term, ngx_str_t *value);
static ngx_int_t ngx_openai_term_number(ngx_openai_query_t *query,
    ngx_openai_term_t *term, ngx_str_t *value);
static double ngx_openai_term_unit(u_char *name, size_t len, ngx_uint_t time);
static ngx_int_t ngx_openai_term_state(ngx_openai_query_t *query,
    ngx_openai_term_t *term, const char *const *names, ngx_uint_t first,
    ngx_str_t *value);
static ngx_int_t ngx_openai_term_in(ngx_openai_query_t *query,
    ngx_str_t *value);
static ngx_int_t ngx_openai_term_header(ngx_openai_query_t *query,
    ngx_openai_term_t *term, ngx_str_t *key, ngx_str_t *value);
static ngx_int_t ngx_openai_term_wrong(ngx_openai_query_t *query,
    const char *error, ngx_str_t *word, const char *suggestion);
static ngx_int_t ngx_openai_term_index(const char *const *words,
    ngx_str_t *word);
static ngx_uint_t ngx_openai_term_field(ngx_openai_term_t *term,
    ngx_openai_subject_t *subject);
static ngx_uint_t ngx_openai_term_one_of(ngx_openai_term_t *term,
    const char *list);
static ngx_uint_t ngx_openai_term_compare(ngx_openai_term_t *term,
    const ngx_openai_record_t *rec);
static ngx_uint_t ngx_openai_term_is(ngx_uint_t state,
    const ngx_openai_record_t *rec);
static ngx_uint_t ngx_openai_term_in_head(ngx_openai_term_t *term,
    ngx_str_t *head);
static ngx_uint_t ngx_openai_term_text(ngx_openai_query_t *query,
    ngx_openai_term_t *term, ngx_openai_subject_t *subject, ngx_uint_t level);
static ngx_uint_t ngx_openai_term_find(ngx_openai_term_t *term,
    const void *data, size_t len);


/* all keys, for suggestions; the fields and numbers come first and stand in
   the order of their enumerations */

static const char *const  ngx_openai_term_keys[] = {
    "model", "method", "path", "host", "client", "key", "upstream", "session",
    "user", "thread", "id", "dialect", "op", "provider", "finish", "outcome",
    "tool",
    "latency", "ttft", "tokens", "in_tokens", "out_tokens", "cached", "cost",
    "size",
    "status", "is", "has", "in", "header.",
    NULL
};

#define NGX_OPENAI_KEY_NUMBER  (NGX_OPENAI_FIELD_TOOL + 1)
#define NGX_OPENAI_KEY_STATUS                                                \
    (NGX_OPENAI_KEY_NUMBER + NGX_OPENAI_NUMBER_SIZE + 1)
#define NGX_OPENAI_KEY_IS      (NGX_OPENAI_KEY_STATUS + 1)
#define NGX_OPENAI_KEY_HAS     (NGX_OPENAI_KEY_STATUS + 2)
#define NGX_OPENAI_KEY_IN      (NGX_OPENAI_KEY_STATUS + 3)


static const char *const  ngx_openai_term_is_names[] = {
    "running", "ok", "error", "stream", "aborted", "tool", "truncated",
    "retry", "cached", NULL
};

static const char *const  ngx_openai_term_has_names[] = {
    "tool_calls", "reasoning", "image", "refusal", "usage", "error", NULL
};

static const char *const  ngx_openai_term_in_names[] = {
    "request", "response", NULL
};


ngx_int_t
ngx_openai_term_key(ngx_openai_query_t *query, ngx_openai_term_t *term,
    ngx_str_t *key, ngx_str_t *value)
{
    ngx_int_t  index;

    if (value->len == 0) {
        return ngx_openai_term_wrong(query, "no value after", key, NULL);
    }

    if (key->len >= sizeof("header.") - 1
        && ngx_strncasecmp(key->data, (u_char *) "header.",
                           sizeof("header.") - 1) == 0)
    {
        return ngx_openai_term_header(query, term, key, value);
    }

    index = ngx_openai_term_index(ngx_openai_term_keys, key);

    if (index == NGX_ERROR) {
        return ngx_openai_term_wrong(query, "unknown key", key,
                                     ngx_openai_nearest(ngx_openai_term_keys,
                                                        key));
    }

    if (index < NGX_OPENAI_KEY_NUMBER) {
        term->type = NGX_OPENAI_TERM_FIELD;
        term->what = index;
        term->value = *value;

        if (index == NGX_OPENAI_FIELD_THREAD) {
            query->threads = 1;
        }

        return NGX_OK;
    }

    if (index < NGX_OPENAI_KEY_STATUS) {
        term->what = index - NGX_OPENAI_KEY_NUMBER;
        return ngx_openai_term_number(query, term, value);
    }

    switch (index) {

    case NGX_OPENAI_KEY_STATUS:
        return ngx_openai_term_status(query, term, value);

    case NGX_OPENAI_KEY_IS:
        return ngx_openai_term_state(query, term, ngx_openai_term_is_names,
                                     NGX_OPENAI_IS_RUNNING, value);

    case NGX_OPENAI_KEY_HAS:
        return ngx_openai_term_state(query, term, ngx_openai_term_has_names,
                                     NGX_OPENAI_HAS_TOOL_CALLS, value);

    default: /* NGX_OPENAI_KEY_IN */
        term->type = NGX_OPENAI_TERM_TRUE;
        return ngx_openai_term_in(query, value);
    }
}


ngx_int_t
ngx_openai_term_word(ngx_openai_query_t *query, ngx_openai_term_t *term,
    ngx_str_t *word)
{
    term->needles = ngx_palloc(query->pool, NGX_OPENAI_NEEDLES
                                            * sizeof(ngx_openai_needle_t));
    if (term->needles == NULL) {
        return NGX_ERROR;
    }

    term->nneedles = ngx_openai_needles(term->needles, query->pool, word);
    if (term->nneedles == 0) {
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
            term->what = NGX_OPENAI_FIELD_OUTCOME;
            term->value = *value;
            return NGX_OK;
        }
    }

    term->what = NGX_OPENAI_NUMBER_SIZE;

    if (ngx_openai_term_number(query, term, value) != NGX_OK) {
        return ngx_openai_term_wrong(query, "not a status:", value, NULL);
    }

    term->type = NGX_OPENAI_TERM_STATUS;
    term->high = term->low;

    return NGX_OK;
}


/* times become us, everything else is kept in units of one */

static ngx_int_t
ngx_openai_term_number(ngx_openai_query_t *query, ngx_openai_term_t *term,
    ngx_str_t *value)
{
    u_char      *p, *last;
    double       scale;
    ngx_uint_t   digits, time;

    p = value->data;
    last = p + value->len;

    time = (term->what == NGX_OPENAI_NUMBER_LATENCY
            || term->what == NGX_OPENAI_NUMBER_TTFT);

    term->type = NGX_OPENAI_TERM_NUMBER;
    term->op = NGX_OPENAI_OP_EQ;
    term->low = 0;

    if (*p == '>' || *p == '<') {
        term->op = (*p == '>') ? NGX_OPENAI_OP_GT : NGX_OPENAI_OP_LT;
        p++;

        if (p < last && *p == '=') {
            term->op = (term->op == NGX_OPENAI_OP_GT) ? NGX_OPENAI_OP_GE
                                                      : NGX_OPENAI_OP_LE;
            p++;
        }

    } else if (*p == '=') {
        p++;
    }

    for (digits = 0; p < last && *p >= '0' && *p <= '9'; p++, digits++) {
        term->low = term->low * 10 + (*p - '0');
    }

    if (p < last && *p == '.') {
        p++;

        for (scale = 0.1; p < last && *p >= '0' && *p <= '9'; p++, digits++) {
            term->low += (*p - '0') * scale;
            scale /= 10;
        }
    }

    scale = ngx_openai_term_unit(p, last - p, time);

    if (digits == 0 || scale == 0) {
        return ngx_openai_term_wrong(query,
                                     time ? "not a time:" : "not a number:",
                                     value, NULL);
    }

    term->low *= scale;

    return NGX_OK;
}


/* what one of it counts, in us for times; 0: there is no such unit */

static double
ngx_openai_term_unit(u_char *name, size_t len, ngx_uint_t time)
{
    ngx_uint_t  i;

    static const struct {
        const char  *name;
        ngx_uint_t   time;
        double       scale;
    } units[] = {
        { "",   0, 1 },
        { "k",  0, 1000 },
        { "M",  0, 1000000 },
        { "",   1, 1000 },               /* milliseconds, as in the API */
        { "us", 1, 1 },
        { "ms", 1, 1000 },
        { "s",  1, 1000000 },
        { "m",  1, 60000000 }
    };

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {

        if (units[i].time == time
            && ngx_strlen(units[i].name) == len
            && ngx_strncmp(units[i].name, name, len) == 0)
        {
            return units[i].scale;
        }
    }

    return 0;
}


static ngx_int_t
ngx_openai_term_state(ngx_openai_query_t *query, ngx_openai_term_t *term,
    const char *const *names, ngx_uint_t first, ngx_str_t *value)
{
    ngx_int_t  index;

    index = ngx_openai_term_index(names, value);

    if (index == NGX_ERROR) {
        return ngx_openai_term_wrong(query, "unknown state", value,
                                     ngx_openai_nearest(names, value));
    }

    term->type = NGX_OPENAI_TERM_STATE;
    term->what = first + index;

    return NGX_OK;
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
        return ngx_openai_term_wrong(query, "\"in:\" knows no", value,
                                 ngx_openai_nearest(ngx_openai_term_in_names,
                                                    value));
    }
}


static ngx_int_t
ngx_openai_term_header(ngx_openai_query_t *query, ngx_openai_term_t *term,
    ngx_str_t *key, ngx_str_t *value)
{
    if (key->len == sizeof("header.") - 1) {
        return ngx_openai_term_wrong(query, "no header's name in", key, NULL);
    }

    if (ngx_openai_term_word(query, term, value) != NGX_OK) {
        return NGX_ERROR;
    }

    /* a head has no JSON in it */

    term->nneedles = 1;

    term->type = NGX_OPENAI_TERM_HEADER;
    term->name.data = key->data + sizeof("header.") - 1;
    term->name.len = key->len - (sizeof("header.") - 1);

    return NGX_OK;
}


static ngx_int_t
ngx_openai_term_wrong(ngx_openai_query_t *query, const char *error,
    ngx_str_t *word, const char *suggestion)
{
    query->error = error;
    query->word = *word;
    query->suggestion = suggestion;

    return NGX_DECLINED;
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


ngx_uint_t
ngx_openai_term_match(ngx_openai_query_t *query, ngx_openai_term_t *term,
    ngx_openai_subject_t *subject, ngx_uint_t level)
{
    const ngx_openai_record_t  *rec;

    rec = subject->rec;

    switch (term->type) {

    case NGX_OPENAI_TERM_TRUE:
        return NGX_OPENAI_YES;

    case NGX_OPENAI_TERM_FIELD:
        return ngx_openai_term_field(term, subject);

    case NGX_OPENAI_TERM_NUMBER:
        return ngx_openai_term_compare(term, rec);

    case NGX_OPENAI_TERM_STATE:
        return ngx_openai_term_is(term->what, rec);

    case NGX_OPENAI_TERM_STATUS:
        if (term->op == NGX_OPENAI_OP_EQ) {
            return rec->status >= term->low && rec->status <= term->high;
        }

        return ngx_openai_term_compare(term, rec);

    case NGX_OPENAI_TERM_HEADER:
        if (level < NGX_OPENAI_LEVEL_HEADS) {
            return NGX_OPENAI_PERHAPS;
        }

        return ngx_openai_term_in_head(term, &subject->head[0])
               || ngx_openai_term_in_head(term, &subject->head[1]);

    default: /* NGX_OPENAI_TERM_WORD, NGX_OPENAI_TERM_REGEX */
        return ngx_openai_term_text(query, term, subject, level);
    }
}


static ngx_uint_t
ngx_openai_term_field(ngx_openai_term_t *term, ngx_openai_subject_t *subject)
{
    size_t                      len;
    ngx_uint_t                  i;
    const char                 *s;
    const openai_facts_t       *facts;
    const ngx_openai_record_t  *rec;

    rec = subject->rec;
    facts = &rec->facts;

    switch (term->what) {

    case NGX_OPENAI_FIELD_MODEL:
        if (ngx_openai_glob(&term->value, facts->response_model,
                            ngx_strlen(facts->response_model)))
        {
            return 1;
        }

        s = facts->model;
        break;

    case NGX_OPENAI_FIELD_PATH:
        len = strcspn(rec->uri, "?");
        return ngx_openai_glob(&term->value, rec->uri, len);

    case NGX_OPENAI_FIELD_UPSTREAM:
        for (i = 0; i < ngx_min(rec->nattempts, NGX_OPENAI_MAX_ATTEMPTS);
             i++)
        {
            s = rec->attempts[i].peer;

            if (ngx_openai_glob(&term->value, s, ngx_strlen(s))) {
                return 1;
            }
        }

        return 0;

    case NGX_OPENAI_FIELD_FINISH:
        return ngx_openai_term_one_of(term, facts->finish_reason);

    case NGX_OPENAI_FIELD_TOOL:
        return ngx_openai_term_one_of(term, facts->tool_names);

    case NGX_OPENAI_FIELD_THREAD:
        return ngx_openai_glob(&term->value, subject->thread.data,
                               subject->thread.len);

    case NGX_OPENAI_FIELD_METHOD:
        s = rec->method;
        break;

    case NGX_OPENAI_FIELD_HOST:
        s = rec->host;
        break;

    case NGX_OPENAI_FIELD_CLIENT:
        s = rec->client;
        break;

    case NGX_OPENAI_FIELD_KEY:
        s = rec->key;
        break;

    case NGX_OPENAI_FIELD_SESSION:
        s = facts->session;
        break;

    case NGX_OPENAI_FIELD_USER:
        s = facts->user;
        break;

    case NGX_OPENAI_FIELD_ID:
        s = rec->id;
        break;

    case NGX_OPENAI_FIELD_DIALECT:
        s = openai_dialect_name(facts->dialect);
        s = s ? s : "";
        break;

    case NGX_OPENAI_FIELD_OPERATION:
        s = facts->operation;
        break;

    case NGX_OPENAI_FIELD_PROVIDER:
        s = facts->provider;
        break;

    default: /* NGX_OPENAI_FIELD_OUTCOME */
        s = ngx_openai_outcome_name(rec->outcome);
    }

    return ngx_openai_glob(&term->value, s, ngx_strlen(s));
}


/* an element of a list that is joined by "," */

static ngx_uint_t
ngx_openai_term_one_of(ngx_openai_term_t *term, const char *list)
{
    size_t  len;

    for ( ;; ) {
        len = strcspn(list, ",");

        if (len && ngx_openai_glob(&term->value, list, len)) {
            return 1;
        }

        list += len;

        if (*list++ == '\0') {
            return 0;
        }
    }
}


/* what is not known is neither more nor less than anything */

static ngx_uint_t
ngx_openai_term_compare(ngx_openai_term_t *term,
    const ngx_openai_record_t *rec)
{
    double                 value;
    const openai_usage_t  *usage;

    usage = &rec->facts.usage;

    if (term->type == NGX_OPENAI_TERM_STATUS) {
        value = rec->status ? rec->status : -1;

    } else switch (term->what) {

    case NGX_OPENAI_NUMBER_LATENCY:
        value = rec->duration_us;
        break;

    case NGX_OPENAI_NUMBER_TTFT:
        value = rec->facts.first_token_us
                ? (double) rec->facts.first_token_us : -1;
        break;

    case NGX_OPENAI_NUMBER_TOKENS:
        value = usage->total;

        if (value < 0 && (usage->input >= 0 || usage->output >= 0)) {
            value = ngx_max(usage->input, 0) + ngx_max(usage->output, 0);
        }

        break;

    case NGX_OPENAI_NUMBER_IN:
        value = usage->input;
        break;

    case NGX_OPENAI_NUMBER_OUT:
        value = usage->output;
        break;

    case NGX_OPENAI_NUMBER_CACHED:
        value = usage->cached;
        break;

    case NGX_OPENAI_NUMBER_COST:
        value = rec->cost;
        break;

    default: /* NGX_OPENAI_NUMBER_SIZE */
        value = (double) (rec->request_bytes + rec->response_bytes);
    }

    if (value < 0) {
        return 0;
    }

    switch (term->op) {

    case NGX_OPENAI_OP_LT:
        return value < term->low;

    case NGX_OPENAI_OP_LE:
        return value <= term->low;

    case NGX_OPENAI_OP_GT:
        return value > term->low;

    case NGX_OPENAI_OP_GE:
        return value >= term->low;

    default: /* NGX_OPENAI_OP_EQ */
        return value >= term->low - 1e-9 && value <= term->low + 1e-9;
    }
}


static ngx_uint_t
ngx_openai_term_is(ngx_uint_t state, const ngx_openai_record_t *rec)
{
    const openai_facts_t  *facts;

    facts = &rec->facts;

    switch (state) {

    case NGX_OPENAI_IS_RUNNING:
        return rec->outcome == NGX_OPENAI_RUNNING;

    case NGX_OPENAI_IS_OK:
        return rec->outcome == NGX_OPENAI_OK;

    case NGX_OPENAI_IS_ERROR:
        return (rec->outcome != NGX_OPENAI_RUNNING
                && rec->outcome != NGX_OPENAI_OK
                && rec->outcome != NGX_OPENAI_CLIENT_ABORTED
                && rec->outcome != NGX_OPENAI_UPGRADED)
               || rec->status >= 400
               || (facts->flags & OPENAI_FACT_ERROR) != 0;

    case NGX_OPENAI_IS_STREAM:
        return facts->streamed == 1;

    case NGX_OPENAI_IS_ABORTED:
        return rec->outcome == NGX_OPENAI_CLIENT_ABORTED;

    case NGX_OPENAI_IS_TOOL:
    case NGX_OPENAI_HAS_TOOL_CALLS:
        return (facts->flags & OPENAI_FACT_TOOL_CALLS) != 0;

    case NGX_OPENAI_IS_TRUNCATED:
        return rec->outcome == NGX_OPENAI_TRUNCATED
               || (rec->flags & (NGX_OPENAI_REC_REQUEST_CUT
                                 |NGX_OPENAI_REC_RESPONSE_CUT)) != 0;

    case NGX_OPENAI_IS_RETRY:
        return facts->retry > 0;

    case NGX_OPENAI_IS_CACHED:
        return (rec->flags & NGX_OPENAI_REC_CACHED) != 0;

    case NGX_OPENAI_HAS_REASONING:
        return (facts->flags & OPENAI_FACT_REASONING) != 0;

    case NGX_OPENAI_HAS_IMAGE:
        return (facts->flags & OPENAI_FACT_IMAGE) != 0;

    case NGX_OPENAI_HAS_REFUSAL:
        return (facts->flags & OPENAI_FACT_REFUSAL) != 0;

    case NGX_OPENAI_HAS_USAGE:
        return (facts->flags & OPENAI_FACT_USAGE) != 0;

    default: /* NGX_OPENAI_HAS_ERROR */
        return (facts->flags & OPENAI_FACT_ERROR) != 0;
    }
}


static ngx_uint_t
ngx_openai_term_in_head(ngx_openai_term_t *term, ngx_str_t *head)
{
    u_char     *p, *end, *last;
    ngx_str_t   value;

    p = head->data;
    last = p + head->len;

    while (p < last) {
        end = memchr(p, '\n', last - p);
        end = end ? end : last;

        if ((size_t) (end - p) > term->name.len
            && p[term->name.len] == ':'
            && ngx_strncasecmp(p, term->name.data, term->name.len) == 0)
        {
            value.data = p + term->name.len + 1;
            value.len = end - value.data;

            if (ngx_openai_find(term->needles, term->nneedles, &value)) {
                return 1;
            }
        }

        p = end + 1;
    }

    return 0;
}


/* what is found is certain, what is not found may be at the next level */

static ngx_uint_t
ngx_openai_term_text(ngx_openai_query_t *query, ngx_openai_term_t *term,
    ngx_openai_subject_t *subject, ngx_uint_t level)
{
    ngx_uint_t                  request, response;
    const ngx_openai_record_t  *rec;

    rec = subject->rec;
    request = query->request || !query->response;
    response = query->response || !query->request;

    switch (level) {

    case NGX_OPENAI_LEVEL_RECORD:
        if (request && response
            && (ngx_openai_term_find(term, rec->uri, ngx_strlen(rec->uri))
                || ngx_openai_term_find(term, rec->facts.model,
                                        ngx_strlen(rec->facts.model))
                || ngx_openai_term_find(term, rec->facts.response_model,
                                      ngx_strlen(rec->facts.response_model))))
        {
            return NGX_OPENAI_YES;
        }

        return NGX_OPENAI_PERHAPS;

    case NGX_OPENAI_LEVEL_HEADS:
        return NGX_OPENAI_PERHAPS;

    case NGX_OPENAI_LEVEL_BODIES:
        if (request && ngx_openai_term_find(term, subject->body[0].data,
                                            subject->body[0].len))
        {
            return NGX_OPENAI_YES;
        }

        if (!response) {
            return NGX_OPENAI_NO;
        }

        if (ngx_openai_term_find(term, subject->body[1].data,
                                 subject->body[1].len))
        {
            return NGX_OPENAI_YES;
        }

        return NGX_OPENAI_PERHAPS;

    default: /* NGX_OPENAI_LEVEL_ANSWER */
        return ngx_openai_term_find(term, subject->answer.data,
                                    subject->answer.len);
    }
}


static ngx_uint_t
ngx_openai_term_find(ngx_openai_term_t *term, const void *data, size_t len)
{
    ngx_str_t  text;

    text.data = (u_char *) data;
    text.len = len;

    if (term->type == NGX_OPENAI_TERM_REGEX) {
        return ngx_openai_regex_find(term->regex, &text);
    }

    return ngx_openai_find(term->needles, term->nneedles, &text);
}
