
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/answer/clock.h"
#include "view/query/scan.h"


#define NGX_OPENAI_SCAN_DEPTH  32

/* for one record that is tried by itself */
#define NGX_OPENAI_SCAN_US     2000


static void ngx_openai_scan_cleanup(void *data);
static ngx_int_t ngx_openai_scan_record(ngx_openai_scan_t *scan,
    const ngx_openai_ref_t *ref);
static ngx_int_t ngx_openai_scan_load(ngx_openai_subject_t *subject,
    ngx_uint_t level);
static ngx_int_t ngx_openai_scan_answer(ngx_openai_scan_t *scan);
static ngx_int_t ngx_openai_scan_strings(ngx_openai_scan_t *scan,
    yyjson_mut_val *val, ngx_uint_t depth);
static ngx_int_t ngx_openai_scan_append(ngx_openai_scan_t *scan,
    const char *data, size_t len);


ngx_openai_scan_t *
ngx_openai_scan_create(ngx_pool_t *pool, ngx_openai_zone_t *zone,
    size_t body_max, ngx_openai_query_t *query)
{
    ngx_openai_scan_t   *scan;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(pool, sizeof(ngx_openai_scan_t));
    if (cln == NULL) {
        return NULL;
    }

    scan = cln->data;
    ngx_memzero(scan, sizeof(ngx_openai_scan_t));

    cln->handler = ngx_openai_scan_cleanup;

    scan->zone = zone;
    scan->query = query;
    scan->subject.load = ngx_openai_scan_load;
    scan->subject.data = scan;

    scan->record = ngx_openai_read_create(pool, zone, body_max);
    if (scan->record == NULL) {
        return NULL;
    }

    scan->threads = ngx_openai_threads(zone, body_max);
    if (scan->threads == NULL) {
        return NULL;
    }

    return scan;
}


static void
ngx_openai_scan_cleanup(void *data)
{
    ngx_openai_scan_t *scan = data;

    free(scan->text.data);
}


ngx_int_t
ngx_openai_scan_list(ngx_openai_scan_t *scan, ngx_pool_t *pool)
{
    ngx_uint_t  max;

    max = scan->zone->entries;

    scan->refs = ngx_palloc(pool, max * sizeof(ngx_openai_ref_t));
    if (scan->refs == NULL) {
        return NGX_ERROR;
    }

    scan->nrefs = ngx_openai_reader_list(scan->zone, scan->refs, max);
    scan->at = 0;

    return NGX_OK;
}


ngx_int_t
ngx_openai_scan_next(ngx_openai_scan_t *scan, uint64_t stop)
{
    ngx_int_t  rc;

    while (scan->at < scan->nrefs || scan->query->later) {

        /* one of them each time, or it might come to no end */

        if (scan->tried && ngx_openai_clock_us() >= stop) {
            scan->tried = 0;
            return NGX_AGAIN;
        }

        scan->tried = 1;

        scan->query->stop = stop;

        rc = scan->query->later
             ? ngx_openai_query_match(scan->query, &scan->subject)
             : ngx_openai_scan_record(scan, &scan->refs[scan->at++]);

        if (rc == NGX_AGAIN) {
            scan->tried = 0;
        }

        if (rc != NGX_DECLINED && rc != NGX_DONE) {
            return rc;
        }
    }

    return NGX_DONE;
}


ngx_int_t
ngx_openai_scan_try(ngx_openai_scan_t *scan, const ngx_openai_ref_t *ref)
{
    ngx_int_t  rc;

    scan->query->stop = ngx_openai_clock_us() + NGX_OPENAI_SCAN_US;

    rc = ngx_openai_scan_record(scan, ref);

    /* who cannot wait does without it */

    scan->query->later = 0;
    scan->query->error = NULL;

    return (rc == NGX_AGAIN || rc == NGX_ABORT) ? NGX_DECLINED : rc;
}


static ngx_int_t
ngx_openai_scan_record(ngx_openai_scan_t *scan, const ngx_openai_ref_t *ref)
{
    const ngx_openai_thread_t  *thread;

    if (ngx_openai_read_record(scan->zone, ref, &scan->rec) != NGX_OK) {
        return NGX_DONE;
    }

    scan->ref = *ref;

    ngx_openai_read_set(scan->record, ref, &scan->rec);

    scan->subject.rec = &scan->rec;
    ngx_str_null(&scan->subject.thread);

    if (scan->query->threads) {
        thread = ngx_openai_threads_get(scan->threads, ref->seq);

        if (thread) {
            scan->subject.thread.data = (u_char *) thread->id;
            scan->subject.thread.len = ngx_strlen(thread->id);
        }
    }

    return ngx_openai_query_match(scan->query, &scan->subject);
}


static ngx_int_t
ngx_openai_scan_load(ngx_openai_subject_t *subject, ngx_uint_t level)
{
    ngx_int_t           rc;
    ngx_openai_scan_t  *scan;
    ngx_openai_read_t  *record;

    scan = subject->data;
    record = scan->record;

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
        scan->text.len = 0;

        if (scan->rec.facts.streamed == 1) {
            rc = ngx_openai_scan_answer(scan);
            if (rc != NGX_OK) {
                return rc;
            }
        }

        subject->answer = scan->text;

        return NGX_OK;
    }
}


/* a word of a streamed answer is scattered over the events of the stream */

static ngx_int_t
ngx_openai_scan_answer(ngx_openai_scan_t *scan)
{
    ngx_int_t           rc;
    yyjson_mut_doc     *doc;
    yyjson_mut_val     *answer;
    openai_exchange_t   all;

    rc = ngx_openai_read_all(scan->record, &all);
    if (rc != NGX_OK) {
        return rc;
    }

    doc = ngx_openai_read_doc(scan->record);
    if (doc == NULL) {
        return NGX_ERROR;
    }

    answer = openai_answer(doc, &all);

    if (ngx_openai_read_starved(scan->record)) {
        return NGX_ERROR;
    }

    return answer ? ngx_openai_scan_strings(scan, answer, 0) : NGX_OK;
}


static ngx_int_t
ngx_openai_scan_strings(ngx_openai_scan_t *scan, yyjson_mut_val *val,
    ngx_uint_t depth)
{
    size_t                i, n;
    ngx_int_t             rc;
    yyjson_mut_val       *key, *item;
    yyjson_mut_obj_iter   iter;

    if (depth == NGX_OPENAI_SCAN_DEPTH) {
        return NGX_OK;
    }

    if (yyjson_mut_is_str(val)) {
        return ngx_openai_scan_append(scan, yyjson_mut_get_str(val),
                                      yyjson_mut_get_len(val));
    }

    if (yyjson_mut_is_arr(val)) {

        yyjson_mut_arr_foreach(val, i, n, item) {
            rc = ngx_openai_scan_strings(scan, item, depth + 1);
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

            rc = ngx_openai_scan_strings(scan, item, depth + 1);
            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_openai_scan_append(ngx_openai_scan_t *scan, const char *data, size_t len)
{
    u_char  *p;
    size_t   size;

    if (scan->size - scan->text.len < len + 1) {
        size = ngx_max(2 * scan->size, scan->text.len + len + 4096);

        p = realloc(scan->text.data, size);
        if (p == NULL) {
            return NGX_ERROR;
        }

        scan->text.data = p;
        scan->size = size;
    }

    p = ngx_cpymem(scan->text.data + scan->text.len, data, len);
    *p = '\n';

    scan->text.len += len + 1;

    return NGX_OK;
}
