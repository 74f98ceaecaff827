
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Exports: every record that matches a query, oldest first, as HAR, JSONL or
 * CSV. view.c calls this.
 *
 * Only one record is in memory at a time: the next one is read when the last
 * one has been sent.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/answer/call.h"
#include "view/record/export.h"
#include "view/query/ask.h"
#include "view/query/search.h"
#include "view/answer/work.h"


typedef struct {
    ngx_openai_call_t          *call;
    ngx_openai_query_t          query;
    ngx_openai_search_t        *search;
    ngx_openai_work_t          *work;
    const ngx_openai_format_t  *format;

    /* of the last output, until it has been sent */
    ngx_pool_t                 *pool;

    unsigned                    threads:1;      /* conversations are known */
    unsigned                    begun:1;
    unsigned                    some:1;         /* a record was written */
} ngx_openai_export_t;


static ngx_int_t ngx_openai_export_format(ngx_openai_export_t *e);
static ngx_int_t ngx_openai_export_header(ngx_openai_export_t *e);
static void ngx_openai_export_reverse(ngx_openai_search_t *search);
static ngx_int_t ngx_openai_export_run(ngx_openai_work_t *work);
static ngx_int_t ngx_openai_export_failed(ngx_openai_export_t *e);
static ngx_int_t ngx_openai_export_record(ngx_openai_export_t *e);
static void ngx_openai_export_begin(ngx_openai_export_t *e,
    ngx_openai_json_t *json);
static ngx_int_t ngx_openai_export_end(ngx_openai_export_t *e);
static ngx_int_t ngx_openai_export_pool(ngx_openai_export_t *e);
static ngx_int_t ngx_openai_export_output(ngx_openai_export_t *e,
    ngx_openai_json_t *json);
static ngx_int_t ngx_openai_export_wait(ngx_openai_export_t *e);
static void ngx_openai_export_writer(ngx_http_request_t *r);
static void ngx_openai_export_cleanup(void *data);


static const ngx_openai_format_t  ngx_openai_formats[] = {
    { ngx_string("har"),
      ngx_string("application/json"),
      "attachment; filename=\"openai-monitor.har\"",
      ngx_string("{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\""
                 NGX_OPENAI_NAME "\",\"version\":\"" NGX_OPENAI_VERSION
                 "\"},\"pages\":[],\"entries\":["), NULL,
      ngx_string(",\n"),
      ngx_string("]}}\n"),
      ngx_openai_har, 1 },

    { ngx_string("jsonl"),
      ngx_string("application/jsonl"),
      "attachment; filename=\"openai-monitor.jsonl\"",
      ngx_null_string, NULL,
      ngx_string("\n"),
      ngx_string("\n"),
      ngx_openai_jsonl, 1 },

    { ngx_string("csv"),
      ngx_string("text/csv; charset=utf-8"),
      "attachment; filename=\"openai-monitor.csv\"",
      ngx_null_string, ngx_openai_csv_head,
      ngx_null_string,
      ngx_null_string,
      ngx_openai_csv, 0 }
};


ngx_int_t
ngx_openai_export(ngx_openai_call_t *call)
{
    ngx_pool_t           *pool;
    ngx_openai_export_t  *e;
    ngx_pool_cleanup_t   *cln;

    pool = call->request->pool;

    cln = ngx_pool_cleanup_add(pool, sizeof(ngx_openai_export_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    e = cln->data;
    ngx_memzero(e, sizeof(ngx_openai_export_t));

    cln->handler = ngx_openai_export_cleanup;

    e->call = call;

    if (ngx_openai_export_format(e) != NGX_OK
        || ngx_openai_ask(call, &e->query) != NGX_OK)
    {
        return call->rc;
    }

    ngx_openai_zone_reap(call->zone);

    e->work = ngx_openai_work_create(call->request);
    e->search = ngx_openai_search_create(pool, call->zone, call->conf->body_max,
                                         &e->query);

    if (e->work == NULL || e->search == NULL
        || ngx_openai_search_list(e->search, pool) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_openai_export_reverse(e->search);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, call->request->connection->log, 0,
                   "openai monitor: export of %ui records at most as %V",
                   e->search->nrefs, &e->format->name);

    if (call->request->method == NGX_HTTP_HEAD) {
        return ngx_openai_export_header(e);
    }

    e->work->run = ngx_openai_export_run;
    e->work->data = e;

    return ngx_openai_work_start(e->work);
}


static ngx_int_t
ngx_openai_export_format(ngx_openai_export_t *e)
{
    ngx_str_t    arg;
    ngx_uint_t   i;

    ngx_str_set(&arg, "jsonl");

    if (ngx_openai_arg(e->call, "format", &arg) == NGX_ABORT) {
        return NGX_ABORT;
    }

    for (i = 0; i < sizeof(ngx_openai_formats) / sizeof(ngx_openai_format_t);
         i++)
    {
        e->format = &ngx_openai_formats[i];

        if (e->format->name.len == arg.len
            && ngx_strncmp(e->format->name.data, arg.data, arg.len) == 0)
        {
            return NGX_OK;
        }
    }

    return ngx_openai_refuse(e->call, NGX_HTTP_BAD_REQUEST, "bad_request",
                             "invalid \"format\"; use one of har, jsonl, csv");
}


/* sends the header once, after the first record could be read */

static ngx_int_t
ngx_openai_export_header(ngx_openai_export_t *e)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = e->call->request;

    if (r->header_sent) {
        return NGX_OK;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_type = e->format->type;
    r->headers_out.content_type_len = e->format->type.len;

    ngx_http_clear_content_length(r);

    if (ngx_openai_headers(r, "no-store") != NGX_OK
        || ngx_openai_header(r, "Content-Disposition", e->format->disposition)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

#if (NGX_HTTP_GZIP)

    /* a filter that holds bytes back would hide when they have been sent */

    r->gzip_tested = 1;
    r->gzip_ok = 0;

#endif

    rc = ngx_http_send_header(r);

    return (rc == NGX_ERROR || rc > NGX_OK) ? NGX_ERROR : NGX_OK;
}


/* an export begins with the oldest record */

static void
ngx_openai_export_reverse(ngx_openai_search_t *search)
{
    ngx_uint_t        i, last;
    ngx_openai_ref_t  ref;

    for (i = 0; i < search->nrefs / 2; i++) {
        last = search->nrefs - 1 - i;

        ref = search->refs[i];
        search->refs[i] = search->refs[last];
        search->refs[last] = ref;
    }
}


static ngx_int_t
ngx_openai_export_run(ngx_openai_work_t *work)
{
    ngx_int_t             rc;
    ngx_http_request_t   *r;
    ngx_openai_export_t  *e;

    e = work->data;
    r = work->request;

    if (!e->threads) {
        rc = ngx_openai_threads_update(e->search->threads, work->started,
                                       work->stop);
        if (rc == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        e->threads = 1;
    }

    for ( ;; ) {

        /* wait until the last record has been sent */

        if (r->buffered || r->connection->buffered) {
            return ngx_openai_export_wait(e);
        }

        rc = ngx_openai_search_next(e->search, work->stop);

        if (rc == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        if (rc == NGX_DONE) {
            return ngx_openai_export_end(e);
        }

        if (rc == NGX_ABORT) {
            return ngx_openai_export_failed(e);
        }

        /* cut the connection, so that the client does not take a part for
           the whole */

        if (rc != NGX_OK || ngx_openai_export_record(e) != NGX_OK) {
            return r->header_sent ? NGX_ERROR : NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }
}


/* an error in the middle cannot be sent, so the connection is cut */

static ngx_int_t
ngx_openai_export_failed(ngx_openai_export_t *e)
{
    ngx_http_request_t  *r;

    r = e->call->request;

    if (!r->header_sent) {
        return ngx_openai_ask_failed(e->call, &e->query);
    }

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "openai monitor: export ended early, %s \"%V\"",
                  e->query.error, &e->query.word);

    return NGX_ERROR;
}


static ngx_int_t
ngx_openai_export_record(ngx_openai_export_t *e)
{
    ngx_int_t                   rc;
    ngx_openai_json_t           json;
    const ngx_openai_thread_t  *thread;

    rc = e->format->bytes ? ngx_openai_read_whole(e->search->record)
                          : NGX_OK;

    /* evicted since it was found */

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    if (rc != NGX_OK || ngx_openai_export_pool(e) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_openai_json_init(&json, e->pool);

    ngx_openai_export_begin(e, &json);

    if (e->some) {
        ngx_openai_json_raw(&json, e->format->between.data,
                            e->format->between.len);
    }

    e->some = 1;

    thread = ngx_openai_threads_get(e->search->threads, e->search->ref.seq);

    e->format->record(&json, e->search->record, thread);

    return ngx_openai_export_output(e, &json);
}


/* writes the format's head once, in front of the first record or of none */

static void
ngx_openai_export_begin(ngx_openai_export_t *e, ngx_openai_json_t *json)
{
    if (e->begun) {
        return;
    }

    e->begun = 1;

    ngx_openai_json_raw(json, e->format->head.data, e->format->head.len);

    if (e->format->begin) {
        e->format->begin(json);
    }
}


static ngx_int_t
ngx_openai_export_end(ngx_openai_export_t *e)
{
    ngx_openai_json_t  json;

    if (ngx_openai_export_pool(e) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_openai_json_init(&json, e->pool);

    ngx_openai_export_begin(e, &json);

    if (e->some || e->format->head.len) {
        ngx_openai_json_raw(&json, e->format->tail.data,
                            e->format->tail.len);
    }

    if (json.buf != NULL || json.failed) {
        if (ngx_openai_export_output(e, &json) != NGX_OK) {
            return NGX_ERROR;
        }

    } else if (ngx_openai_export_header(e) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_send_special(e->call->request, NGX_HTTP_LAST);
}


/* a new pool; nothing of the old one is being sent any more */

static ngx_int_t
ngx_openai_export_pool(ngx_openai_export_t *e)
{
    if (e->pool != NULL) {
        ngx_destroy_pool(e->pool);
    }

    e->pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE,
                              e->call->request->connection->log);

    return e->pool ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_openai_export_output(ngx_openai_export_t *e, ngx_openai_json_t *json)
{
    if (json->failed || ngx_openai_export_header(e) != NGX_OK) {
        return NGX_ERROR;
    }

    json->buf->flush = 1;

    return ngx_http_output_filter(e->call->request, json->first) == NGX_ERROR
           ? NGX_ERROR : NGX_OK;
}


/* waits for the client */

static ngx_int_t
ngx_openai_export_wait(ngx_openai_export_t *e)
{
    ngx_event_t               *wev;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = e->call->request;
    wev = r->connection->write;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    r->write_event_handler = ngx_openai_export_writer;

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_DONE;
}


static void
ngx_openai_export_writer(ngx_http_request_t *r)
{
    ngx_event_t        *wev;
    ngx_openai_work_t  *work;

    wev = r->connection->write;

    if (wev->timedout) {
        r->connection->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (wev->delayed) {
        return;
    }

    if (ngx_http_output_filter(r, NULL) == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    if (wev->timer_set && !r->buffered && !r->connection->buffered) {
        ngx_del_timer(wev);
    }

    work = ngx_openai_work_of(r);

    if (work != NULL) {
        ngx_openai_work_go(work);
    }
}


static void
ngx_openai_export_cleanup(void *data)
{
    ngx_openai_export_t *e = data;

    if (e->pool != NULL) {
        ngx_destroy_pool(e->pool);
    }
}
