
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Compares the answer of an earlier record with a later request: see
 * answers.h. Both are built as the detail shows them, so the dialects do not
 * matter.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/read/answers.h"


#define NGX_OPENAI_ANSWERS_DEPTH  16

/* a text of fewer bytes must be equal, because it is in many others */
#define NGX_OPENAI_ANSWERS_LONG   16

/* messages in front of a sub-agent's prompt, and the prompt's */
#define NGX_OPENAI_ANSWERS_FIRST  4


struct ngx_openai_answers_s {
    ngx_openai_read_t    *record;
    ngx_openai_record_t   rec;
};


static yyjson_mut_val *ngx_openai_answers_build(
    ngx_openai_answers_t *answers, const ngx_openai_ref_t *ref);
static ngx_uint_t ngx_openai_answers_prompt(yyjson_val *arguments,
    yyjson_mut_val *messages, ngx_uint_t depth);
static ngx_uint_t ngx_openai_answers_has(yyjson_mut_val *val,
    const char *text, size_t len, ngx_uint_t depth);
static ngx_uint_t ngx_openai_answers_like(const char *one, size_t n,
    const char *two, size_t m);
static const char *ngx_openai_answers_trim(const char *text, size_t *len);


ngx_openai_answers_t *
ngx_openai_answers_create(ngx_pool_t *pool, ngx_openai_zone_t *zone,
    size_t body_max)
{
    ngx_openai_answers_t  *answers;

    answers = ngx_pcalloc(pool, sizeof(ngx_openai_answers_t));
    if (answers == NULL) {
        return NULL;
    }

    answers->record = ngx_openai_read_create(pool, zone, body_max);

    return answers->record ? answers : NULL;
}


void
ngx_openai_answers_zone(ngx_openai_answers_t *answers, ngx_openai_zone_t *zone)
{
    answers->record->zone = zone;
}


const ngx_openai_record_t *
ngx_openai_answers_record(ngx_openai_answers_t *answers,
    const ngx_openai_ref_t *ref)
{
    return ngx_openai_read_record(answers->record->zone, ref, &answers->rec)
           == NGX_OK ? &answers->rec : NULL;
}


/* NULL: there is no answer */

static yyjson_mut_val *
ngx_openai_answers_build(ngx_openai_answers_t *answers,
    const ngx_openai_ref_t *ref)
{
    yyjson_mut_doc     *doc;
    openai_exchange_t   all;

    if (ngx_openai_answers_record(answers, ref) == NULL) {
        return NULL;
    }

    ngx_openai_read_set(answers->record, ref, &answers->rec);

    if (ngx_openai_read_all(answers->record, &all) != NGX_OK) {
        return NULL;
    }

    doc = ngx_openai_read_doc(answers->record);

    return doc ? yyjson_mut_obj_get(openai_answer(doc, &all), "choices") : NULL;
}


ngx_uint_t
ngx_openai_answers_in(ngx_openai_answers_t *answers,
    const ngx_openai_ref_t *ref, ngx_openai_read_t *next,
    openai_exchange_t *request)
{
    size_t           i, j, n, m;
    ngx_uint_t       found;
    yyjson_mut_doc  *doc;
    yyjson_mut_val  *choices, *choice, *call, *said, *id, *text;

    found = 0;

    choices = ngx_openai_answers_build(answers, ref);
    doc = choices ? ngx_openai_read_doc(next) : NULL;
    said = doc ? yyjson_mut_obj_get(openai_conversation(doc, request),
                                    "messages")
               : NULL;

    yyjson_mut_arr_foreach(choices, i, n, choice) {
        text = yyjson_mut_obj_get(choice, "text");

        found |= ngx_openai_answers_has(said, yyjson_mut_get_str(text),
                                        yyjson_mut_get_len(text), 0);

        yyjson_mut_arr_foreach(yyjson_mut_obj_get(choice, "tool_calls"), j, m,
                               call)
        {
            id = yyjson_mut_obj_get(call, "id");

            found |= ngx_openai_answers_has(said, yyjson_mut_get_str(id),
                                            yyjson_mut_get_len(id), 0);
        }
    }

    ngx_openai_read_reset(answers->record);

    return found;
}


ngx_uint_t
ngx_openai_answers_asks(ngx_openai_answers_t *answers,
    const ngx_openai_ref_t *ref, ngx_openai_read_t *next,
    openai_exchange_t *request)
{
    size_t           i, j, n, m;
    ngx_uint_t       found;
    yyjson_doc      *arguments;
    yyjson_mut_doc  *doc;
    yyjson_mut_val  *choices, *choice, *call, *said, *text;

    found = 0;

    choices = ngx_openai_answers_build(answers, ref);
    doc = choices ? ngx_openai_read_doc(next) : NULL;
    said = doc ? yyjson_mut_obj_get(openai_conversation(doc, request),
                                    "messages")
               : NULL;

    yyjson_mut_arr_foreach(choices, i, n, choice) {

        yyjson_mut_arr_foreach(yyjson_mut_obj_get(choice, "tool_calls"), j, m,
                               call)
        {
            text = yyjson_mut_obj_get(call, "arguments");

            arguments = yyjson_mut_is_str(text)
                        ? yyjson_read(yyjson_mut_get_str(text),
                                      yyjson_mut_get_len(text), 0)
                        : NULL;

            found |= ngx_openai_answers_prompt(yyjson_doc_get_root(arguments),
                                               said, 0);

            yyjson_doc_free(arguments);
        }
    }

    ngx_openai_read_reset(answers->record);

    return found;
}


/* a text of the arguments is among the first messages */

static ngx_uint_t
ngx_openai_answers_prompt(yyjson_val *arguments, yyjson_mut_val *messages,
    ngx_uint_t depth)
{
    size_t           i, n;
    yyjson_val      *key, *val;
    yyjson_mut_val  *message;

    if (depth > NGX_OPENAI_ANSWERS_DEPTH) {
        return 0;
    }

    if (yyjson_is_str(arguments)) {

        yyjson_mut_arr_foreach(messages, i, n, message) {

            if (i == NGX_OPENAI_ANSWERS_FIRST) {
                break;
            }

            if (ngx_openai_answers_has(message, yyjson_get_str(arguments),
                                       yyjson_get_len(arguments), 0))
            {
                return 1;
            }
        }

        return 0;
    }

    yyjson_arr_foreach(arguments, i, n, val) {

        if (ngx_openai_answers_prompt(val, messages, depth + 1)) {
            return 1;
        }
    }

    yyjson_obj_foreach(arguments, i, n, key, val) {

        if (ngx_openai_answers_prompt(val, messages, depth + 1)) {
            return 1;
        }
    }

    return 0;
}


/* a string of the value is the text, or has it when it is long */

static ngx_uint_t
ngx_openai_answers_has(yyjson_mut_val *val, const char *text, size_t len,
    ngx_uint_t depth)
{
    size_t           i, n;
    yyjson_mut_val  *key, *element;

    if (text == NULL || depth > NGX_OPENAI_ANSWERS_DEPTH) {
        return 0;
    }

    if (yyjson_mut_is_str(val)) {
        return ngx_openai_answers_like(yyjson_mut_get_str(val),
                                       yyjson_mut_get_len(val), text, len);
    }

    yyjson_mut_arr_foreach(val, i, n, element) {

        if (ngx_openai_answers_has(element, text, len, depth + 1)) {
            return 1;
        }
    }

    yyjson_mut_obj_foreach(val, i, n, key, element) {

        /* a role is no text */

        if (!yyjson_mut_equals_str(key, "role")
            && !yyjson_mut_equals_str(key, "type")
            && ngx_openai_answers_has(element, text, len, depth + 1))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_openai_answers_like(const char *one, size_t n, const char *two, size_t m)
{
    const char  *p, *last;

    one = ngx_openai_answers_trim(one, &n);
    two = ngx_openai_answers_trim(two, &m);

    if (m == 0 || m > n) {
        return 0;
    }

    if (m == n) {
        return ngx_memcmp(one, two, n) == 0;
    }

    if (m < NGX_OPENAI_ANSWERS_LONG) {
        return 0;
    }

    last = one + n - m;

    for (p = one; p <= last; p++) {

        p = memchr(p, *two, last - p + 1);

        if (p == NULL) {
            return 0;
        }

        if (ngx_memcmp(p, two, m) == 0) {
            return 1;
        }
    }

    return 0;
}


static const char *
ngx_openai_answers_trim(const char *text, size_t *len)
{
    while (*len && (u_char) text[*len - 1] <= ' ') {
        (*len)--;
    }

    while (*len && (u_char) *text <= ' ') {
        text++;
        (*len)--;
    }

    return text;
}
