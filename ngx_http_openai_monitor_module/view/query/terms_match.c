
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Compares one term with what is loaded of a record. query.c calls this while
 * it evaluates the tree.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "digest/digest.h"
#include "view/query/terms.h"
#include "view/read/head.h"


#define NGX_OPENAI_TERM_TEXTS  3        /* texts of a level */


static ngx_uint_t ngx_openai_term_any(ngx_openai_term_t *term,
    ngx_openai_subject_t *subject, ngx_uint_t level);
static ngx_uint_t ngx_openai_term_path(ngx_openai_term_t *term,
    ngx_openai_subject_t *subject, ngx_uint_t level);
static ngx_uint_t ngx_openai_term_text_field(ngx_openai_term_t *term,
    const ngx_openai_field_t *field, ngx_openai_subject_t *subject);
static ngx_uint_t ngx_openai_term_is_text(ngx_openai_term_t *term,
    const char *s);
static ngx_uint_t ngx_openai_term_upstream(ngx_openai_term_t *term,
    const ngx_openai_record_t *rec);
static ngx_uint_t ngx_openai_term_one_of(ngx_openai_term_t *term,
    const char *list);
static ngx_uint_t ngx_openai_term_compare(ngx_openai_term_t *term,
    const ngx_openai_record_t *rec);
static double ngx_openai_term_value(ngx_uint_t number,
    const ngx_openai_record_t *rec);
static double ngx_openai_term_age(const ngx_openai_record_t *rec);
static ngx_uint_t ngx_openai_term_is(ngx_uint_t state,
    const ngx_openai_record_t *rec);
static ngx_uint_t ngx_openai_term_in_head(ngx_openai_term_t *term,
    ngx_str_t *head);
static ngx_uint_t ngx_openai_term_text(ngx_openai_query_t *query,
    ngx_openai_term_t *term, ngx_openai_subject_t *subject, ngx_uint_t level);
static ngx_uint_t ngx_openai_term_texts(ngx_openai_query_t *query,
    ngx_openai_subject_t *subject, ngx_uint_t level, ngx_str_t *texts);
static void ngx_openai_term_string(ngx_str_t *text, const char *s);
static ngx_uint_t ngx_openai_term_find(ngx_openai_query_t *query,
    ngx_openai_term_t *term, const ngx_str_t *text);


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
        return ngx_openai_term_any(term, subject, level);

    case NGX_OPENAI_TERM_NUMBER:
        return ngx_openai_term_compare(term, rec);

    case NGX_OPENAI_TERM_STATE:
        return ngx_openai_term_is(term->what, rec);

    case NGX_OPENAI_TERM_TIME:
        if (term->op == NGX_OPENAI_OP_EQ) {
            return rec->started_ms >= term->low
                   && rec->started_ms < term->high;
        }

        return ngx_openai_term_compare(term, rec);

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


/* a key may stand for several fields; one of them has to match */

static ngx_uint_t
ngx_openai_term_any(ngx_openai_term_t *term, ngx_openai_subject_t *subject,
    ngx_uint_t level)
{
    const char                *key;
    const ngx_openai_field_t  *field;

    if (term->field->as == NGX_OPENAI_AS_URI) {
        return ngx_openai_term_path(term, subject, level);
    }

    key = term->field->term;

    for (field = term->field;
         field;
         field = ngx_openai_field_term(field, (u_char *) key,
                                       ngx_strlen(key)))
    {
        if (ngx_openai_term_text_field(term, field, subject)) {
            return 1;
        }
    }

    return 0;
}


/* compares the path up to the "?"; a long path may end behind what the
   record has of it */

static ngx_uint_t
ngx_openai_term_path(ngx_openai_term_t *term, ngx_openai_subject_t *subject,
    ngx_uint_t level)
{
    u_char     *end;
    ngx_str_t   uri;

    ngx_openai_term_string(&uri, subject->rec->uri);

    if (ngx_openai_record_uri_cut(subject->rec)
        && memchr(uri.data, '?', uri.len) == NULL)
    {
        if (level < NGX_OPENAI_LEVEL_HEADS) {
            return NGX_OPENAI_PERHAPS;
        }

        (void) ngx_openai_head_uri(&subject->head[0], &uri);
    }

    end = uri.len ? memchr(uri.data, '?', uri.len) : NULL;

    return ngx_openai_glob(&term->value, uri.data,
                           end ? (size_t) (end - uri.data) : uri.len);
}


static ngx_uint_t
ngx_openai_term_text_field(ngx_openai_term_t *term,
    const ngx_openai_field_t *field, ngx_openai_subject_t *subject)
{
    const char                 *s;
    const ngx_openai_record_t  *rec;

    rec = subject->rec;
    s = ngx_openai_field_text(field, rec);

    switch (field->as) {

    case NGX_OPENAI_AS_UPSTREAM:
        return ngx_openai_term_upstream(term, rec);

    case NGX_OPENAI_AS_JOINED:
    case NGX_OPENAI_AS_LIST:
        return ngx_openai_term_one_of(term, s);

    case NGX_OPENAI_AS_THREAD:
        return ngx_openai_glob(&term->value, subject->thread.data,
                               subject->thread.len);

    case NGX_OPENAI_AS_RUN:
        return ngx_openai_glob(&term->value, subject->run.data,
                               subject->run.len);

    case NGX_OPENAI_AS_ROLE:
        return ngx_openai_glob(&term->value, subject->role.data,
                               subject->role.len);

    case NGX_OPENAI_AS_DIALECT:
        s = openai_dialect_name(rec->facts.dialect);
        return ngx_openai_term_is_text(term, s ? s : "");

    default:
        return ngx_openai_term_is_text(term, s);
    }
}


static ngx_uint_t
ngx_openai_term_is_text(ngx_openai_term_t *term, const char *s)
{
    return ngx_openai_glob(&term->value, s, ngx_strlen(s));
}


static ngx_uint_t
ngx_openai_term_upstream(ngx_openai_term_t *term,
    const ngx_openai_record_t *rec)
{
    ngx_uint_t  i;

    for (i = 0; i < ngx_openai_record_attempts(rec); i++) {

        if (ngx_openai_term_is_text(term, rec->attempts[i].peer)) {
            return 1;
        }
    }

    return 0;
}


/* compares each element of a list joined by "," */

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


/* an unknown value is neither more nor less than any number */

static ngx_uint_t
ngx_openai_term_compare(ngx_openai_term_t *term,
    const ngx_openai_record_t *rec)
{
    double  value;

    switch (term->type) {

    case NGX_OPENAI_TERM_STATUS:
        value = rec->status ? rec->status : -1;
        break;

    case NGX_OPENAI_TERM_TIME:
        value = (double) rec->started_ms;
        break;

    default: /* NGX_OPENAI_TERM_NUMBER */
        value = term->field ? ngx_openai_field_number(term->field, rec)
                            : ngx_openai_term_value(term->what, rec);
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


/* negative is unknown */

static double
ngx_openai_term_value(ngx_uint_t number, const ngx_openai_record_t *rec)
{
    const openai_usage_t  *usage;

    usage = &rec->facts.usage;

    switch (number) {

    case NGX_OPENAI_NUMBER_AGE:
        return ngx_openai_term_age(rec);

    case NGX_OPENAI_NUMBER_TOKENS:
        if (usage->total < 0 && (usage->input >= 0 || usage->output >= 0)) {
            return ngx_max(usage->input, 0) + ngx_max(usage->output, 0);
        }

        return usage->total;

    default: /* NGX_OPENAI_NUMBER_SIZE */
        return (double) (rec->request_bytes + rec->response_bytes);
    }
}


/* in us; at least 0, because the clock may have been set back */

static double
ngx_openai_term_age(const ngx_openai_record_t *rec)
{
    double       us;
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    us = ((double) tp->sec * 1000 + tp->msec - rec->started_ms) * 1000;

    return ngx_max(us, 0);
}


static ngx_uint_t
ngx_openai_term_is(ngx_uint_t state, const ngx_openai_record_t *rec)
{
    const openai_facts_t  *facts;

    facts = &rec->facts;

    /* without "default", so that the compiler warns of a missing state */

    switch ((ngx_openai_state_e) state) {

    case NGX_OPENAI_IS_RUNNING:
        return rec->outcome == NGX_OPENAI_RUNNING;

    case NGX_OPENAI_IS_OK:
        return rec->outcome == NGX_OPENAI_OK;

    case NGX_OPENAI_IS_ERROR:
        return ngx_openai_record_failed(rec);

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

    case NGX_OPENAI_HAS_ERROR:
        return (facts->flags & OPENAI_FACT_ERROR) != 0
               || (rec->flags & NGX_OPENAI_REC_OWN_ERROR) != 0;

    case NGX_OPENAI_STATES:
        break;
    }

    return 0;
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

            if (ngx_openai_find(&term->needle, &value)) {
                return 1;
            }
        }

        p = end + 1;
    }

    return 0;
}


/* what is found is certain; what is not found may be at the next level */

static ngx_uint_t
ngx_openai_term_text(ngx_openai_query_t *query, ngx_openai_term_t *term,
    ngx_openai_subject_t *subject, ngx_uint_t level)
{
    ngx_str_t   texts[NGX_OPENAI_TERM_TEXTS];
    ngx_uint_t  n, found;

    n = ngx_openai_term_texts(query, subject, level, texts);

    for ( /* void */ ; term->text < n; term->text++) {
        found = ngx_openai_term_find(query, term, &texts[term->text]);

        if (found != NGX_OPENAI_NO) {
            return found;
        }

        term->at = 0;
    }

    if (level == NGX_OPENAI_LEVEL_ANSWER
        || (level == NGX_OPENAI_LEVEL_BODIES && query->request
            && !query->response))
    {
        return NGX_OPENAI_NO;
    }

    return NGX_OPENAI_PERHAPS;
}


/* the texts that a level adds, of the sides that the query searches */

static ngx_uint_t
ngx_openai_term_texts(ngx_openai_query_t *query, ngx_openai_subject_t *subject,
    ngx_uint_t level, ngx_str_t *texts)
{
    ngx_uint_t                  n, request, response;
    const ngx_openai_record_t  *rec;

    rec = subject->rec;
    request = query->request || !query->response;
    response = query->response || !query->request;
    n = 0;

    switch (level) {

    case NGX_OPENAI_LEVEL_RECORD:
        if (request && response) {
            ngx_openai_term_string(&texts[n++], rec->uri);
            ngx_openai_term_string(&texts[n++], rec->facts.model);
            ngx_openai_term_string(&texts[n++], rec->facts.response_model);
        }

        break;

    case NGX_OPENAI_LEVEL_HEADS:
        if (request && response && ngx_openai_record_uri_cut(rec)
            && ngx_openai_head_uri(&subject->head[0], &texts[0]))
        {
            n = 1;
        }

        break;

    case NGX_OPENAI_LEVEL_BODIES:
        if (request) {
            texts[n++] = subject->body[0];
        }

        if (response) {
            texts[n++] = subject->body[1];
        }

        break;

    default: /* NGX_OPENAI_LEVEL_ANSWER */
        texts[n++] = subject->answer;
    }

    return n;
}


static void
ngx_openai_term_string(ngx_str_t *text, const char *s)
{
    text->data = (u_char *) s;
    text->len = ngx_strlen(s);
}


static ngx_uint_t
ngx_openai_term_find(ngx_openai_query_t *query, ngx_openai_term_t *term,
    const ngx_str_t *text)
{
    if (term->type != NGX_OPENAI_TERM_REGEX) {
        return ngx_openai_find(&term->needle, text);
    }

    switch (ngx_openai_regex_find(term->regex, text, &term->at, query->stop)) {

    case NGX_OK:
        return NGX_OPENAI_YES;

    case NGX_DECLINED:
        return NGX_OPENAI_NO;

    case NGX_AGAIN:
        return NGX_OPENAI_LATER;

    case NGX_ERROR:
        query->starved = 1;
        return NGX_OPENAI_NO;

    default: /* NGX_ABORT */
        query->error = "matching takes too long for";
        query->word = *ngx_openai_regex_pattern(term->regex);

        return NGX_OPENAI_NO;
    }
}
