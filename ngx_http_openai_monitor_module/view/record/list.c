
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The list: a page of the records that match a query, in the order that the
 * client asks for. view.c calls this.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <math.h>

#include "view/answer/call.h"
#include "view/query/ask.h"
#include "view/query/search.h"
#include "view/record/summary.h"
#include "view/answer/work.h"


/* us of work to wait for the conversations of a zone that is new to this
   worker; without them "thread" is null */
#define NGX_OPENAI_LIST_THREADS  50000

#define NGX_OPENAI_LIST_PAGES    1000000
#define NGX_OPENAI_LIST_SIZE     1000


typedef struct {
    ngx_openai_ref_t     ref;
    double               value;         /* NAN: unknown */
} ngx_openai_found_t;


typedef struct {
    ngx_openai_call_t    *call;
    ngx_openai_search_t  *search;
    ngx_openai_query_t    query;

    ngx_uint_t           page;
    ngx_uint_t           size;
    const ngx_openai_field_t
                        *sort;          /* NULL: by the start */
    ngx_uint_t           ascending;

    ngx_openai_found_t  *found;
    ngx_uint_t           nfound;
    uint64_t             waited;
} ngx_openai_list_t;


static ngx_int_t ngx_openai_list_args(ngx_openai_list_t *list);
static ngx_int_t ngx_openai_list_sort(ngx_openai_list_t *list);
static ngx_int_t ngx_openai_list_run(ngx_openai_work_t *work);
static ngx_int_t ngx_openai_list_search(ngx_openai_list_t *list,
    uint64_t stop);
static double ngx_openai_list_value(const ngx_openai_field_t *sort,
    const ngx_openai_record_t *rec);
static int ngx_libc_cdecl ngx_openai_list_up(const void *one,
    const void *two);
static int ngx_libc_cdecl ngx_openai_list_down(const void *one,
    const void *two);
static ngx_int_t ngx_openai_list_send(ngx_openai_list_t *list);


ngx_int_t
ngx_openai_list(ngx_openai_call_t *call)
{
    ngx_pool_t         *pool;
    ngx_openai_list_t  *list;
    ngx_openai_work_t  *work;

    pool = call->request->pool;

    list = ngx_pcalloc(pool, sizeof(ngx_openai_list_t));
    if (list == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    list->call = call;

    if (ngx_openai_list_args(list) != NGX_OK) {
        return call->rc;
    }

    ngx_openai_zone_reap(call->zone);

    list->search = ngx_openai_search_create(pool, call->zone,
                                            call->conf->body_max, &list->query);

    if (list->search == NULL
        || ngx_openai_search_list(list->search, pool) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    list->found = ngx_palloc(pool, (list->search->nrefs + 1)
                                   * sizeof(ngx_openai_found_t));

    work = ngx_openai_work_create(call->request);

    if (list->found == NULL || work == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    work->run = ngx_openai_list_run;
    work->data = list;

    return ngx_openai_work_start(work);
}


static ngx_int_t
ngx_openai_list_args(ngx_openai_list_t *list)
{
    ngx_openai_call_t  *call;

    call = list->call;

    list->page = 1;
    list->size = call->conf->page_size;

    if (ngx_openai_arg_number(call, "page", 1, NGX_OPENAI_LIST_PAGES,
                              &list->page)
        != NGX_OK)
    {
        return NGX_ABORT;
    }

    if (ngx_openai_arg_number(call, "page_size", 1, NGX_OPENAI_LIST_SIZE,
                              &list->size)
        != NGX_OK)
    {
        return NGX_ABORT;
    }

    if (ngx_openai_list_sort(list) != NGX_OK) {
        return NGX_ABORT;
    }

    return ngx_openai_ask(call, &list->query);
}


static ngx_int_t
ngx_openai_list_sort(ngx_openai_list_t *list)
{
    ngx_int_t    rc;
    ngx_str_t    arg;
    ngx_uint_t   i;

    static const struct {
        ngx_str_t    name;
        const char  *field;
    } sorts[] = {
        { ngx_string("started_at"), "" },
        { ngx_string("duration"), "duration_ms" },
        { ngx_string("ttft"), "ttft_ms" },
        { ngx_string("input_tokens"), "input_tokens" },
        { ngx_string("output_tokens"), "output_tokens" },
        { ngx_string("cost"), "cost_usd" },
        { ngx_string("status"), "status" },
        { ngx_string("response_bytes"), "response_bytes" }
    };

    rc = ngx_openai_arg(list->call, "sort", &arg);

    if (rc == NGX_DECLINED || (rc == NGX_OK && arg.len == 0)) {
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    list->ascending = 1;

    if (arg.data[0] == '-') {
        list->ascending = 0;
        arg.data++;
        arg.len--;
    }

    for (i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++) {

        if (sorts[i].name.len == arg.len
            && ngx_strncmp(sorts[i].name.data, arg.data, arg.len) == 0)
        {
            list->sort = ngx_openai_field_named(sorts[i].field);
            return NGX_OK;
        }
    }

    return ngx_openai_refuse(list->call, NGX_HTTP_BAD_REQUEST, "bad_request",
                             "unknown value \"%V\" of \"sort\"", &arg);
}


static ngx_int_t
ngx_openai_list_run(ngx_openai_work_t *work)
{
    uint64_t            start;
    ngx_int_t           rc;
    ngx_openai_list_t  *list;

    list = work->data;

    if (list->waited < NGX_OPENAI_LIST_THREADS) {
        start = ngx_openai_clock_us();

        rc = ngx_openai_threads_update(list->search->threads, work->started,
                                       work->stop);
        if (rc == NGX_AGAIN) {
            list->waited += ngx_openai_clock_us() - start;
            return NGX_AGAIN;
        }

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        list->waited = NGX_OPENAI_LIST_THREADS;
    }

    rc = ngx_openai_list_search(list, work->stop);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (rc == NGX_ABORT) {
        return ngx_openai_ask_failed(list->call, &list->query);
    }

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (list->sort || list->ascending) {
        ngx_qsort(list->found, list->nfound, sizeof(ngx_openai_found_t),
                  list->ascending ? ngx_openai_list_up
                                  : ngx_openai_list_down);
    }

    return ngx_openai_list_send(list);
}


static ngx_int_t
ngx_openai_list_search(ngx_openai_list_t *list, uint64_t stop)
{
    ngx_int_t             rc;
    ngx_openai_search_t  *search;
    ngx_openai_found_t   *found;

    search = list->search;

    /* without a query and another order, no record has to be read */

    if (list->query.root == NULL && list->sort == NULL) {

        for ( /* void */ ; search->at < search->nrefs; search->at++) {
            found = &list->found[list->nfound++];
            found->ref = search->refs[search->at];
            found->value = (double) found->ref.seq;
        }

        return NGX_DONE;
    }

    for ( ;; ) {
        rc = ngx_openai_search_next(search, stop);

        if (rc != NGX_OK) {
            return rc;
        }

        found = &list->found[list->nfound++];
        found->ref = search->ref;
        found->value = ngx_openai_list_value(list->sort, &search->rec);
    }
}


static double
ngx_openai_list_value(const ngx_openai_field_t *sort,
    const ngx_openai_record_t *rec)
{
    double  value;

    if (sort == NULL) {
        return (double) rec->seq;
    }

    value = ngx_openai_field_number(sort, rec);

    return value < 0 ? NAN : value;
}


/* unknown values come last in both orders; of equals the newest comes first */

static int ngx_libc_cdecl
ngx_openai_list_up(const void *one, const void *two)
{
    const ngx_openai_found_t  *a, *b;

    a = one;
    b = two;

    if (isnan(a->value) != isnan(b->value)) {
        return isnan(a->value) ? 1 : -1;
    }

    if (a->value < b->value) {
        return -1;
    }

    if (a->value > b->value) {
        return 1;
    }

    return (a->ref.seq < b->ref.seq) ? 1 : -1;
}


static int ngx_libc_cdecl
ngx_openai_list_down(const void *one, const void *two)
{
    const ngx_openai_found_t  *a, *b;

    a = one;
    b = two;

    if (a->value < b->value) {
        return 1;
    }

    if (a->value > b->value) {
        return -1;
    }

    return ngx_openai_list_up(one, two);
}


static ngx_int_t
ngx_openai_list_send(ngx_openai_list_t *list)
{
    ngx_uint_t            i, last;
    ngx_openai_json_t     json;
    ngx_openai_record_t  *rec;
    ngx_openai_search_t  *search;

    search = list->search;
    rec = &search->rec;

    i = (list->page - 1) * list->size;
    last = ngx_min(i + list->size, list->nfound);

    ngx_openai_json_init(&json, list->call->request->pool);

    ngx_openai_json_open(&json, '{');
    ngx_openai_json_key(&json, "items");
    ngx_openai_json_open(&json, '[');

    for ( /* void */ ; i < last; i++) {

        /* the record may have been evicted since it was found */

        if (ngx_openai_read_record(list->call->zone, &list->found[i].ref,
                                   rec)
            != NGX_OK)
        {
            continue;
        }

        ngx_openai_read_set(search->record, &list->found[i].ref, rec);

        ngx_openai_json_open(&json, '{');
        ngx_openai_summary(&json, search->record,
                           ngx_openai_threads_get(search->threads, rec->seq));
        ngx_openai_json_close(&json, '}');
    }

    ngx_openai_json_close(&json, ']');
    ngx_openai_json_key(&json, "total");
    ngx_openai_json_int(&json, list->nfound);
    ngx_openai_json_key(&json, "page");
    ngx_openai_json_int(&json, list->page);
    ngx_openai_json_key(&json, "page_size");
    ngx_openai_json_int(&json, list->size);
    ngx_openai_json_key(&json, "pages");
    ngx_openai_json_int(&json, (list->nfound + list->size - 1) / list->size);
    ngx_openai_json_close(&json, '}');

    return ngx_openai_send(list->call->request, &json);
}
