
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Tries records against a query, and loads of each record only what the query
 * needs: see search.h. The list, the statistics, the exports and the live feed
 * call this.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/answer/clock.h"
#include "view/query/search.h"


#define NGX_OPENAI_SEARCH_DEPTH  32

/* us for a record that is tried alone */
#define NGX_OPENAI_SEARCH_US     2000


static void ngx_openai_search_cleanup(void *data);
static ngx_int_t ngx_openai_search_record(ngx_openai_search_t *search,
    const ngx_openai_ref_t *ref);
static ngx_int_t ngx_openai_search_load(ngx_openai_subject_t *subject,
    ngx_uint_t level);
static ngx_int_t ngx_openai_search_answer(ngx_openai_search_t *search);
static ngx_int_t ngx_openai_search_strings(ngx_openai_search_t *search,
    yyjson_mut_val *val, ngx_uint_t depth);
static ngx_int_t ngx_openai_search_append(ngx_openai_search_t *search,
    const char *data, size_t len);


ngx_openai_search_t *
ngx_openai_search_create(ngx_pool_t *pool, ngx_openai_zone_t *zone,
    size_t body_max, ngx_openai_query_t *query)
{
    ngx_openai_search_t  *search;
    ngx_pool_cleanup_t   *cln;

    cln = ngx_pool_cleanup_add(pool, sizeof(ngx_openai_search_t));
    if (cln == NULL) {
        return NULL;
    }

    search = cln->data;
    ngx_memzero(search, sizeof(ngx_openai_search_t));

    cln->handler = ngx_openai_search_cleanup;

    search->zone = zone;
    search->query = query;
    search->subject.load = ngx_openai_search_load;
    search->subject.data = search;

    search->record = ngx_openai_read_create(pool, zone, body_max);
    if (search->record == NULL) {
        return NULL;
    }

    search->threads = ngx_openai_threads(zone, body_max);
    if (search->threads == NULL) {
        return NULL;
    }

    return search;
}


static void
ngx_openai_search_cleanup(void *data)
{
    ngx_openai_search_t *search = data;

    free(search->text.data);
}


ngx_int_t
ngx_openai_search_list(ngx_openai_search_t *search, ngx_pool_t *pool)
{
    ngx_uint_t  max;

    max = search->zone->entries;

    search->refs = ngx_palloc(pool, max * sizeof(ngx_openai_ref_t));
    if (search->refs == NULL) {
        return NGX_ERROR;
    }

    search->nrefs = ngx_openai_reader_list(search->zone, search->refs, max);
    search->at = 0;

    return NGX_OK;
}


ngx_int_t
ngx_openai_search_next(ngx_openai_search_t *search, uint64_t stop)
{
    ngx_int_t  rc;

    while (search->at < search->nrefs || search->query->later) {

        /* at least one record each time, so that each slice makes progress */

        if (search->tried && ngx_openai_clock_us() >= stop) {
            search->tried = 0;
            return NGX_AGAIN;
        }

        search->tried = 1;

        search->query->stop = stop;

        rc = search->query->later
             ? ngx_openai_query_match(search->query, &search->subject)
             : ngx_openai_search_record(search, &search->refs[search->at++]);

        if (rc == NGX_AGAIN) {
            search->tried = 0;
        }

        if (rc != NGX_DECLINED && rc != NGX_DONE) {
            return rc;
        }
    }

    return NGX_DONE;
}


ngx_int_t
ngx_openai_search_try(ngx_openai_search_t *search, const ngx_openai_ref_t *ref)
{
    ngx_int_t  rc;

    search->query->stop = ngx_openai_clock_us() + NGX_OPENAI_SEARCH_US;

    rc = ngx_openai_search_record(search, ref);

    /* the live feed cannot wait, so it skips a record that takes too long */

    search->query->later = 0;
    search->query->error = NULL;

    return (rc == NGX_AGAIN || rc == NGX_ABORT) ? NGX_DECLINED : rc;
}


static ngx_int_t
ngx_openai_search_record(ngx_openai_search_t *search,
    const ngx_openai_ref_t *ref)
{
    const ngx_openai_thread_t  *thread;

    if (ngx_openai_read_record(search->zone, ref, &search->rec) != NGX_OK) {
        return NGX_DONE;
    }

    search->ref = *ref;

    ngx_openai_read_set(search->record, ref, &search->rec);

    search->subject.rec = &search->rec;
    ngx_str_null(&search->subject.thread);
    ngx_str_null(&search->subject.run);
    ngx_str_null(&search->subject.role);

    if (search->query->threads) {
        thread = ngx_openai_threads_get(search->threads, ref->seq);

        if (thread) {
            search->subject.thread.data = (u_char *) thread->id;
            search->subject.thread.len = ngx_strlen(thread->id);
            search->subject.run.data = (u_char *) thread->run;
            search->subject.run.len = ngx_strlen(thread->run);
            search->subject.role.data = (u_char *)
                                        ngx_openai_role_name(thread->role);
            search->subject.role.len = ngx_strlen(search->subject.role.data);
        }
    }

    return ngx_openai_query_match(search->query, &search->subject);
}


static ngx_int_t
ngx_openai_search_load(ngx_openai_subject_t *subject, ngx_uint_t level)
{
    ngx_int_t             rc;
    ngx_openai_search_t  *search;
    ngx_openai_read_t    *record;

    search = subject->data;
    record = search->record;

    switch (level) {

    case NGX_OPENAI_LEVEL_HEADS:
        rc = ngx_openai_read_chain(record, NGX_OPENAI_REQUEST_HEAD,
                                   &subject->head[NGX_OPENAI_IN]);
        if (rc != NGX_OK) {
            return rc;
        }

        return ngx_openai_read_chain(record, NGX_OPENAI_RESPONSE_HEAD,
                                     &subject->head[NGX_OPENAI_OUT]);

    case NGX_OPENAI_LEVEL_BODIES:
        rc = ngx_openai_read_body(record, NGX_OPENAI_IN,
                                  &subject->body[NGX_OPENAI_IN]);
        if (rc != NGX_OK) {
            return rc;
        }

        return ngx_openai_read_body(record, NGX_OPENAI_OUT,
                                    &subject->body[NGX_OPENAI_OUT]);

    default: /* NGX_OPENAI_LEVEL_ANSWER */
        search->text.len = 0;

        if (search->rec.facts.streamed == 1) {
            rc = ngx_openai_search_answer(search);
            if (rc != NGX_OK) {
                return rc;
            }
        }

        subject->answer = search->text;

        return NGX_OK;
    }
}


/* the events of a stream split its words, so search the assembled answer */

static ngx_int_t
ngx_openai_search_answer(ngx_openai_search_t *search)
{
    ngx_int_t           rc;
    yyjson_mut_doc     *doc;
    yyjson_mut_val     *answer;
    openai_exchange_t   all;

    rc = ngx_openai_read_all(search->record, &all);
    if (rc != NGX_OK) {
        return rc;
    }

    doc = ngx_openai_read_doc(search->record);
    if (doc == NULL) {
        return NGX_ERROR;
    }

    answer = openai_answer(doc, &all);

    if (ngx_openai_read_starved(search->record)) {
        return NGX_ERROR;
    }

    return answer ? ngx_openai_search_strings(search, answer, 0) : NGX_OK;
}


static ngx_int_t
ngx_openai_search_strings(ngx_openai_search_t *search, yyjson_mut_val *val,
    ngx_uint_t depth)
{
    size_t                i, n;
    ngx_int_t             rc;
    yyjson_mut_val       *key, *item;
    yyjson_mut_obj_iter   iter;

    if (depth == NGX_OPENAI_SEARCH_DEPTH) {
        return NGX_OK;
    }

    if (yyjson_mut_is_str(val)) {
        return ngx_openai_search_append(search, yyjson_mut_get_str(val),
                                        yyjson_mut_get_len(val));
    }

    if (yyjson_mut_is_arr(val)) {

        yyjson_mut_arr_foreach(val, i, n, item) {
            rc = ngx_openai_search_strings(search, item, depth + 1);
            if (rc != NGX_OK) {
                return rc;
            }
        }

        return NGX_OK;
    }

    if (yyjson_mut_is_obj(val)) {
        yyjson_mut_obj_iter_init(val, &iter);

        while ((key = yyjson_mut_obj_iter_next(&iter)) != NULL) {
            item = yyjson_mut_obj_iter_get_val(key);

            rc = ngx_openai_search_strings(search, item, depth + 1);
            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_openai_search_append(ngx_openai_search_t *search, const char *data,
    size_t len)
{
    u_char  *p;
    size_t   size;

    if (search->size - search->text.len < len + 1) {
        size = ngx_max(2 * search->size, search->text.len + len + 4096);

        p = realloc(search->text.data, size);
        if (p == NULL) {
            return NGX_ERROR;
        }

        search->text.data = p;
        search->size = size;
    }

    p = ngx_cpymem(search->text.data + search->text.len, data, len);
    *p = '\n';

    search->text.len += len + 1;

    return NGX_OK;
}
