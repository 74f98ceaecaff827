
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * What differs between the requests of two records. view.c calls this.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/answer/call.h"
#include "view/answer/clock.h"
#include "view/read/record.h"
#include "view/read/threads.h"


#define NGX_OPENAI_DIFF_THREADS  50000      /* us */

/* OpenAI's prompt cache begins at this many tokens and grows by this many */
#define NGX_OPENAI_CACHE_MIN     1024
#define NGX_OPENAI_CACHE_STEP    128

#define NGX_OPENAI_DIFF_DEPTH    128


typedef struct {
    yyjson_mut_val         *tool;
    ngx_str_t               name;
    size_t                  at;         /* index in the request's tools */
} ngx_openai_diff_tool_t;


/* one of the two requests */

typedef struct {
    ngx_openai_ref_t         ref;
    ngx_openai_record_t      rec;
    ngx_openai_read_t       *record;
    openai_thread_t           chain;
    yyjson_mut_val          *conversation;
    ngx_openai_diff_tool_t  *tools;     /* sorted by name */
    size_t                   ntools;
} ngx_openai_side_t;


typedef struct {
    ngx_openai_call_t      *call;
    ngx_openai_json_t       json;
    ngx_openai_side_t       from;
    ngx_openai_side_t       to;
} ngx_openai_diff_t;


static ngx_int_t ngx_openai_diff_parent(ngx_openai_diff_t *d,
    ngx_str_t *parent);
static ngx_int_t ngx_openai_diff_load(ngx_openai_diff_t *d,
    ngx_openai_side_t *side);
static ngx_int_t ngx_openai_diff_index(ngx_openai_call_t *call,
    ngx_openai_side_t *side);
static int ngx_libc_cdecl ngx_openai_diff_order(const void *one,
    const void *two);
static ngx_int_t ngx_openai_diff_order_name(const ngx_str_t *a,
    const ngx_str_t *b);
static void ngx_openai_diff_name(yyjson_mut_val *tool, ngx_str_t *name);
static ngx_int_t ngx_openai_diff_none(ngx_openai_diff_t *d);
static void ngx_openai_diff_tokens(ngx_openai_diff_t *d,
    openai_change_t change);
static void ngx_openai_diff_settings(ngx_openai_diff_t *d);
static void ngx_openai_diff_missing(ngx_openai_json_t *json,
    yyjson_mut_val *from, yyjson_mut_val *to, ngx_uint_t changed);
static void ngx_openai_diff_tools(ngx_openai_diff_t *d);
static void ngx_openai_diff_names(ngx_openai_json_t *json, const char *key,
    ngx_openai_side_t *side, ngx_openai_side_t *other, ngx_uint_t changed);
static yyjson_mut_val *ngx_openai_diff_named(ngx_openai_side_t *side,
    ngx_str_t *name);
static ngx_uint_t ngx_openai_diff_same(yyjson_mut_val *one,
    yyjson_mut_val *two, ngx_uint_t depth);


ngx_int_t
ngx_openai_diff(ngx_openai_call_t *call)
{
    uint32_t            first;
    ngx_int_t           rc;
    ngx_str_t           parent;
    openai_change_t     change;
    ngx_openai_diff_t  *d;
    ngx_openai_json_t  *json;
    char                text[64];

    d = ngx_pcalloc(call->request->pool, sizeof(ngx_openai_diff_t));
    if (d == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    d->call = call;

    if (ngx_openai_diff_load(d, &d->to) != NGX_OK) {
        return call->rc;
    }

    rc = ngx_openai_diff_parent(d, &parent);

    if (rc == NGX_DECLINED) {
        return ngx_openai_diff_none(d);
    }

    if (rc != NGX_OK) {
        return call->rc;
    }

    call->id = parent;

    if (ngx_openai_diff_load(d, &d->from) != NGX_OK) {
        return call->rc;
    }

    change = openai_thread_compare(&d->from.chain, &d->to.chain, &first);
    (void) openai_change_text(text, sizeof(text), change, first);

    json = &d->json;
    ngx_openai_json_init(json, call->request->pool);

    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "parent");
    ngx_openai_json_text(json, d->from.rec.id);
    ngx_openai_json_key(json, "change");
    ngx_openai_json_text(json, text);
    ngx_openai_json_key(json, "same_messages");
    ngx_openai_json_int(json, ngx_openai_threads_common(&d->from.chain,
                                                        &d->to.chain));
    ngx_openai_json_key(json, "settings");
    ngx_openai_diff_settings(d);
    ngx_openai_json_key(json, "tools");
    ngx_openai_diff_tools(d);
    ngx_openai_json_key(json, "system_changed");
    ngx_openai_json_bool(json, d->from.chain.system != d->to.chain.system);
    ngx_openai_json_key(json, "first_changed_message");
    ngx_openai_json_count(json, first ? (int64_t) first : -1);
    ngx_openai_diff_tokens(d, change);
    ngx_openai_json_close(json, '}');

    return ngx_openai_send(call->request, json);
}


/* takes the id of "with=", or of the record that this one continues;
   NGX_DECLINED: there is none */

static ngx_int_t
ngx_openai_diff_parent(ngx_openai_diff_t *d, ngx_str_t *parent)
{
    uint64_t                    now;
    ngx_int_t                   rc;
    ngx_openai_call_t          *call;
    ngx_openai_threads_t       *threads;
    const ngx_openai_thread_t  *thread;

    call = d->call;

    rc = ngx_openai_arg(call, "with", parent);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    threads = ngx_openai_threads(call->zone, call->conf->body_max);
    if (threads == NULL) {
        return ngx_openai_no_memory(call);
    }

    now = ngx_openai_clock_us();

    if (ngx_openai_threads_update(threads, now, now + NGX_OPENAI_DIFF_THREADS)
        == NGX_ERROR)
    {
        return ngx_openai_no_memory(call);
    }

    thread = ngx_openai_threads_get(threads, d->to.rec.seq);

    if (thread == NULL || thread->parent[0] == '\0') {
        return NGX_DECLINED;
    }

    parent->data = (u_char *) thread->parent;
    parent->len = ngx_strlen(thread->parent);

    return NGX_OK;
}


/* reads the record of call->id */

static ngx_int_t
ngx_openai_diff_load(ngx_openai_diff_t *d, ngx_openai_side_t *side)
{
    int                 chain;
    ngx_int_t           rc;
    yyjson_mut_doc     *doc;
    openai_exchange_t   all;
    ngx_openai_call_t  *call;

    call = d->call;

    if (ngx_openai_read_call(call, &side->ref, &side->rec) != NGX_OK) {
        return NGX_ABORT;
    }

    side->record = ngx_openai_read_create(call->request->pool,
                                          call->zone,
                                          call->conf->body_max);
    if (side->record == NULL) {
        return ngx_openai_no_memory(call);
    }

    ngx_openai_read_set(side->record, &side->ref, &side->rec);

    rc = ngx_openai_read_request(side->record, &all);

    if (rc == NGX_ERROR) {
        return ngx_openai_no_memory(call);
    }

    if (rc != NGX_OK) {
        return ngx_openai_gone(call);
    }

    chain = openai_thread(&side->chain, &all);

    if (chain == OPENAI_NOMEM) {
        return ngx_openai_no_memory(call);
    }

    if (chain != OPENAI_OK) {
        return ngx_openai_refuse(call, NGX_HTTP_BAD_REQUEST, "bad_request",
                                 "record \"%V\" has no messages, so it cannot "
                                 "be compared",
                                 &call->id);
    }

    doc = ngx_openai_read_doc(side->record);
    if (doc == NULL) {
        return ngx_openai_no_memory(call);
    }

    side->conversation = openai_conversation(doc, &all);

    if (ngx_openai_read_starved(side->record)) {
        return ngx_openai_no_memory(call);
    }

    return ngx_openai_diff_index(call, side);
}


/* a request may have tens of thousands of names, so they are sorted first */

static ngx_int_t
ngx_openai_diff_index(ngx_openai_call_t *call, ngx_openai_side_t *side)
{
    size_t                   i, n;
    yyjson_mut_val          *tools, *tool;
    ngx_openai_diff_tool_t  *t;

    tools = yyjson_mut_obj_get(side->conversation, "tools");

    side->ntools = yyjson_mut_arr_size(tools);

    if (side->ntools == 0) {
        return NGX_OK;
    }

    t = ngx_palloc(call->request->pool,
                   side->ntools * sizeof(ngx_openai_diff_tool_t));
    if (t == NULL) {
        return ngx_openai_no_memory(call);
    }

    yyjson_mut_arr_foreach(tools, i, n, tool) {
        t[i].tool = tool;
        t[i].at = i;
        ngx_openai_diff_name(tool, &t[i].name);
    }

    ngx_qsort(t, side->ntools, sizeof(ngx_openai_diff_tool_t),
              ngx_openai_diff_order);

    side->tools = t;

    return NGX_OK;
}


static int ngx_libc_cdecl
ngx_openai_diff_order(const void *one, const void *two)
{
    ngx_int_t                      rc;
    const ngx_openai_diff_tool_t  *a, *b;

    a = one;
    b = two;

    rc = ngx_openai_diff_order_name(&a->name, &b->name);

    return rc ? (int) rc : (a->at > b->at) - (a->at < b->at);
}


static ngx_int_t
ngx_openai_diff_order_name(const ngx_str_t *a, const ngx_str_t *b)
{
    return ngx_memn2cmp(a->data, b->data, a->len, b->len);
}


/* empty where the record has none */

static void
ngx_openai_diff_name(yyjson_mut_val *tool, ngx_str_t *name)
{
    yyjson_mut_val  *val;

    val = yyjson_mut_obj_get(tool, "name");

    if (!yyjson_mut_is_str(val)) {
        ngx_str_set(name, "");
        return;
    }

    name->data = (u_char *) yyjson_mut_get_str(val);
    name->len = yyjson_mut_get_len(val);
}


static ngx_int_t
ngx_openai_diff_none(ngx_openai_diff_t *d)
{
    ngx_uint_t          i;
    ngx_openai_json_t  *json;

    static const char *const  unknown[] = {
        "same_messages", "settings", "tools", "system_changed",
        "first_changed_message"
    };

    json = &d->json;
    ngx_openai_json_init(json, d->call->request->pool);

    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "parent");
    ngx_openai_json_null(json);
    ngx_openai_json_key(json, "change");
    ngx_openai_json_text(json, "initial");

    for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        ngx_openai_json_key(json, unknown[i]);
        ngx_openai_json_null(json);
    }

    ngx_openai_diff_tokens(d, OPENAI_CHANGE_INITIAL);
    ngx_openai_json_close(json, '}');

    return ngx_openai_send(d->call->request, json);
}


/* tokens that the prompt cache gave, and that it could have given */

static void
ngx_openai_diff_tokens(ngx_openai_diff_t *d, openai_change_t change)
{
    int64_t             tokens;
    ngx_openai_json_t  *json;

    json = &d->json;
    tokens = OPENAI_UNKNOWN;

    switch (change) {

    case OPENAI_CHANGE_APPEND_ONLY:
    case OPENAI_CHANGE_IDENTICAL:
        tokens = d->from.rec.facts.usage.input;

        if (tokens >= 0) {
            tokens = (tokens < NGX_OPENAI_CACHE_MIN)
                     ? 0 : tokens - tokens % NGX_OPENAI_CACHE_STEP;
        }

        break;

    case OPENAI_CHANGE_TOOLS:
    case OPENAI_CHANGE_UNRELATED:
        tokens = 0;
        break;

    default:

        /* the tokens in front of the change are unknown */

        break;
    }

    ngx_openai_json_key(json, "cached_tokens");
    ngx_openai_json_count(json, d->to.rec.facts.usage.cached);
    ngx_openai_json_key(json, "expected_cached_tokens");
    ngx_openai_json_count(json, tokens);
}


/* names of settings that differ */

static void
ngx_openai_diff_settings(ngx_openai_diff_t *d)
{
    yyjson_mut_val     *from, *to;
    ngx_openai_json_t  *json;

    json = &d->json;

    from = yyjson_mut_obj_get(d->from.conversation, "settings");
    to = yyjson_mut_obj_get(d->to.conversation, "settings");

    ngx_openai_json_open(json, '[');
    ngx_openai_diff_missing(json, to, from, 1);
    ngx_openai_diff_missing(json, from, to, 0);
    ngx_openai_json_close(json, ']');
}


/* names that "to" lacks, or has with another value */

static void
ngx_openai_diff_missing(ngx_openai_json_t *json, yyjson_mut_val *from,
    yyjson_mut_val *to, ngx_uint_t changed)
{
    yyjson_mut_val       *key, *val, *other;
    yyjson_mut_obj_iter   iter;

    if (!yyjson_mut_obj_iter_init(from, &iter)) {
        return;
    }

    while ((key = yyjson_mut_obj_iter_next(&iter)) != NULL) {
        val = yyjson_mut_obj_iter_get_val(key);
        other = yyjson_mut_obj_getn(to, yyjson_mut_get_str(key),
                                    yyjson_mut_get_len(key));

        if (other == NULL
            || (changed && !ngx_openai_diff_same(val, other, 0)))
        {
            ngx_openai_json_value(json, key);
        }
    }
}


static void
ngx_openai_diff_tools(ngx_openai_diff_t *d)
{
    ngx_openai_json_t  *json;

    json = &d->json;

    ngx_openai_json_open(json, '{');
    ngx_openai_diff_names(json, "added", &d->to, &d->from, 0);
    ngx_openai_diff_names(json, "removed", &d->from, &d->to, 0);
    ngx_openai_diff_names(json, "changed", &d->from, &d->to, 1);
    ngx_openai_json_close(json, '}');
}


/* tools that the other request lacks, or has with another definition */

static void
ngx_openai_diff_names(ngx_openai_json_t *json, const char *key,
    ngx_openai_side_t *side, ngx_openai_side_t *other, ngx_uint_t changed)
{
    size_t           i, n;
    ngx_str_t        name;
    yyjson_mut_val  *tool, *same;

    ngx_openai_json_key(json, key);
    ngx_openai_json_open(json, '[');

    yyjson_mut_arr_foreach(yyjson_mut_obj_get(side->conversation, "tools"),
                           i, n, tool)
    {
        ngx_openai_diff_name(tool, &name);
        same = ngx_openai_diff_named(other, &name);

        if (changed ? (same != NULL && !ngx_openai_diff_same(tool, same, 0))
                    : (same == NULL))
        {
            ngx_openai_json_value(json, yyjson_mut_obj_get(tool, "name"));
        }
    }

    ngx_openai_json_close(json, ']');
}


/* the first tool of that name, or NULL */

static yyjson_mut_val *
ngx_openai_diff_named(ngx_openai_side_t *side, ngx_str_t *name)
{
    size_t                   low, high, middle;
    ngx_openai_diff_tool_t  *t;

    low = 0;
    high = side->ntools;
    t = side->tools;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (ngx_openai_diff_order_name(&t[middle].name, name) < 0) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    if (low == side->ntools
        || ngx_openai_diff_order_name(&t[low].name, name) != 0)
    {
        return NULL;
    }

    return t[low].tool;
}


/*
 * Compares two values. The order of members counts, as it does for a prompt
 * cache. yyjson's own comparison recurses as deep as a value nests, and takes
 * quadratic time for members in another order, so it is not safe for foreign
 * values.
 */

static ngx_uint_t
ngx_openai_diff_same(yyjson_mut_val *one, yyjson_mut_val *two,
    ngx_uint_t depth)
{
    yyjson_mut_val       *a, *b;
    yyjson_mut_arr_iter   ai, bi;
    yyjson_mut_obj_iter   ao, bo;

    if (!yyjson_mut_is_ctn(one) || !yyjson_mut_is_ctn(two)) {
        return yyjson_mut_equals(one, two);
    }

    if (yyjson_mut_get_type(one) != yyjson_mut_get_type(two)
        || yyjson_mut_get_len(one) != yyjson_mut_get_len(two))
    {
        return 0;
    }

    /* deeper values are not shown in either */

    if (depth == NGX_OPENAI_DIFF_DEPTH) {
        return 1;
    }

    if (yyjson_mut_is_arr(one)) {
        yyjson_mut_arr_iter_init(one, &ai);
        yyjson_mut_arr_iter_init(two, &bi);

        while ((a = yyjson_mut_arr_iter_next(&ai)) != NULL) {
            b = yyjson_mut_arr_iter_next(&bi);

            if (!ngx_openai_diff_same(a, b, depth + 1)) {
                return 0;
            }
        }

        return 1;
    }

    yyjson_mut_obj_iter_init(one, &ao);
    yyjson_mut_obj_iter_init(two, &bo);

    while ((a = yyjson_mut_obj_iter_next(&ao)) != NULL) {
        b = yyjson_mut_obj_iter_next(&bo);

        if (!yyjson_mut_equals(a, b)
            || !ngx_openai_diff_same(yyjson_mut_obj_iter_get_val(a),
                                     yyjson_mut_obj_iter_get_val(b),
                                     depth + 1))
        {
            return 0;
        }
    }

    return 1;
}
