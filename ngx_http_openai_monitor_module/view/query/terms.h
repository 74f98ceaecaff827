
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* Terms of a query: making them of keys and values, and comparing them with
   records. query.c calls this. */


#ifndef _NGX_OPENAI_TERMS_H_INCLUDED_
#define _NGX_OPENAI_TERMS_H_INCLUDED_


#include "store/fields.h"
#include "view/query/query.h"
#include "view/query/match.h"
#include "view/query/regex.h"


typedef enum {
    NGX_OPENAI_TERM_AND = 0,
    NGX_OPENAI_TERM_OR,
    NGX_OPENAI_TERM_NOT,
    NGX_OPENAI_TERM_TRUE,               /* "in:" matches every record */
    NGX_OPENAI_TERM_WORD,
    NGX_OPENAI_TERM_REGEX,
    NGX_OPENAI_TERM_HEADER,
    NGX_OPENAI_TERM_FIELD,
    NGX_OPENAI_TERM_STATUS,
    NGX_OPENAI_TERM_NUMBER,
    NGX_OPENAI_TERM_TIME,
    NGX_OPENAI_TERM_STATE
} ngx_openai_term_e;


typedef enum {
    NGX_OPENAI_OP_EQ = 0,
    NGX_OPENAI_OP_LT,
    NGX_OPENAI_OP_LE,
    NGX_OPENAI_OP_GT,
    NGX_OPENAI_OP_GE
} ngx_openai_op_e;


/* numbers that a query can ask for and that are no field of the record */

typedef enum {
    NGX_OPENAI_NUMBER_AGE = 0,          /* age at the time of the question */
    NGX_OPENAI_NUMBER_TOKENS,
    NGX_OPENAI_NUMBER_SIZE
} ngx_openai_number_e;

/*
 * The states of "is:" and of "has:", each with its name. The enumeration and
 * the names are made of these lists, and the compiler warns when
 * ngx_openai_term_is() lacks a state.
 */

#define NGX_OPENAI_STATES_IS(S)                                               \
    S(IS_RUNNING, "running")                                                  \
    S(IS_OK, "ok")                                                            \
    S(IS_ERROR, "error")                                                      \
    S(IS_STREAM, "stream")                                                    \
    S(IS_ABORTED, "aborted")                                                  \
    S(IS_TOOL, "tool")                                                        \
    S(IS_TRUNCATED, "truncated")                                              \
    S(IS_RETRY, "retry")                                                      \
    S(IS_CACHED, "cached")

#define NGX_OPENAI_STATES_HAS(S)                                              \
    S(HAS_TOOL_CALLS, "tool_calls")                                           \
    S(HAS_REASONING, "reasoning")                                             \
    S(HAS_IMAGE, "image")                                                     \
    S(HAS_REFUSAL, "refusal")                                                 \
    S(HAS_USAGE, "usage")                                                     \
    S(HAS_ERROR, "error")

#define ngx_openai_state_id(id, name)    NGX_OPENAI_##id,
#define ngx_openai_state_name(id, name)  name,

typedef enum {
    NGX_OPENAI_STATES_IS(ngx_openai_state_id)
    NGX_OPENAI_STATES_HAS(ngx_openai_state_id)
    NGX_OPENAI_STATES
} ngx_openai_state_e;


struct ngx_openai_term_s {
    ngx_openai_term_e      type;
    const ngx_openai_field_t
                          *field;       /* or NULL */
    ngx_uint_t             what;        /* the number or state */
    ngx_openai_op_e        op;
    double                 low;         /* a number, or a range of status … */
    double                 high;        /* … up to and with this one; of time,
                                           in ms, without it */
    ngx_str_t              name;        /* of a header */
    ngx_str_t              value;       /* a pattern with "*" */
    ngx_openai_needle_t    needle;
    ngx_openai_regex_t    *regex;
    ngx_uint_t             asked;       /* query->asked, to which … */
    ngx_uint_t             match;       /* … this was the answer … */
    ngx_uint_t             level;       /* … at this level */
    ngx_uint_t             text;        /* of the level, that is looked … */
    size_t                 at;          /* … into, where it goes on */
    ngx_openai_term_t     *left;
    ngx_openai_term_t     *right;
};


#define NGX_OPENAI_NO       0
#define NGX_OPENAI_YES      1
#define NGX_OPENAI_PERHAPS  2           /* known at a later level */
#define NGX_OPENAI_LATER    3           /* query->stop was reached */


/* makes a term of key and value; returns as ngx_openai_query_parse() */
ngx_int_t ngx_openai_term_key(ngx_openai_query_t *query,
    ngx_openai_term_t *term, ngx_str_t *key, ngx_str_t *value);

/* reads a moment: "low" and "high" are the start and the end of the time
   that it names */
ngx_int_t ngx_openai_term_time(ngx_openai_query_t *query,
    ngx_openai_term_t *term, ngx_str_t *value);

/* reads a number with its unit into "low", in us for a time */
ngx_int_t ngx_openai_term_number(ngx_openai_query_t *query,
    ngx_openai_term_t *term, ngx_str_t *value);

/* reads the sign of a comparison and moves *pos behind it */
ngx_openai_op_e ngx_openai_term_op(u_char **pos, u_char *last);

/* makes a term that searches for a word */
ngx_int_t ngx_openai_term_word(ngx_openai_query_t *query,
    ngx_openai_term_t *term, ngx_str_t *word);

/* compares a term other than AND, OR and NOT with what is loaded of the
   record */
ngx_uint_t ngx_openai_term_match(ngx_openai_query_t *query,
    ngx_openai_term_t *term, ngx_openai_subject_t *subject, ngx_uint_t level);


/* sets the error of the query; returns NGX_DECLINED */

static ngx_inline ngx_int_t
ngx_openai_term_wrong(ngx_openai_query_t *query, const char *error,
    ngx_str_t *word, const char *suggestion)
{
    query->error = error;
    query->word = *word;
    query->suggestion = suggestion;

    return NGX_DECLINED;
}


#endif /* _NGX_OPENAI_TERMS_H_INCLUDED_ */
