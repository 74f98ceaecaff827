
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * One record with everything that is known of it, and the events of its stream.
 * view.c calls the two handlers; export.c calls ngx_openai_detail_write() for
 * each line of JSONL.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/answer/call.h"
#include "view/answer/clock.h"
#include "view/record/detail.h"
#include "view/record/summary.h"


#define NGX_OPENAI_DETAIL_MARKS    5000
#define NGX_OPENAI_DETAIL_THREADS  20000     /* us */


typedef struct {
    ngx_openai_read_t          *record;
    const ngx_openai_record_t  *rec;
    ngx_openai_json_t          *json;
    ngx_uint_t                  bodies;
} ngx_openai_detail_t;


static ngx_openai_read_t *ngx_openai_detail_read(
    ngx_openai_call_t *call);
static void ngx_openai_detail_side(ngx_openai_detail_t *d, const char *key,
    ngx_uint_t side);
static void ngx_openai_detail_headers(ngx_openai_detail_t *d,
    ngx_uint_t side);
static void ngx_openai_detail_body(ngx_openai_detail_t *d, ngx_uint_t side);
static void ngx_openai_detail_text(ngx_openai_json_t *json, ngx_str_t *text);
static void ngx_openai_detail_meaning(ngx_openai_detail_t *d);
static void ngx_openai_detail_undecoded(ngx_openai_detail_t *d);
static void ngx_openai_detail_limits(ngx_openai_detail_t *d);
static void ngx_openai_detail_pieces(ngx_openai_detail_t *d);
static int64_t ngx_openai_detail_at(ngx_str_t *marks, uint64_t offset,
    ngx_uint_t *from);


ngx_int_t
ngx_openai_detail(ngx_openai_call_t *call)
{
    uint64_t                    now;
    ngx_int_t                   rc;
    ngx_str_t                   arg;
    ngx_uint_t                  bodies;
    ngx_openai_json_t           json;
    ngx_openai_threads_t       *threads;
    ngx_openai_read_t          *record;
    const ngx_openai_thread_t  *thread;

    rc = ngx_openai_arg(call, "body", &arg);

    if (rc == NGX_ABORT) {
        return call->rc;
    }

    if (rc == NGX_OK
        && !(arg.len == 4 && ngx_strncmp(arg.data, "none", 4) == 0))
    {
        (void) ngx_openai_refuse(call, NGX_HTTP_BAD_REQUEST, "bad_request",
                                 "unknown value \"%V\" of \"body\"; use none",
                                 &arg);
        return call->rc;
    }

    record = ngx_openai_detail_read(call);
    if (record == NULL) {
        return call->rc;
    }

    bodies = (rc == NGX_DECLINED);

    rc = ngx_openai_read_whole(record);

    if (rc == NGX_DECLINED) {
        (void) ngx_openai_gone(call);
        return call->rc;
    }

    threads = ngx_openai_threads(call->zone, call->conf->body_max);
    now = ngx_openai_clock_us();

    if (rc != NGX_OK || threads == NULL
        || ngx_openai_threads_update(threads, now,
                                     now + NGX_OPENAI_DETAIL_THREADS)
           == NGX_ERROR)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    thread = ngx_openai_threads_get(threads, record->ref.seq);

    ngx_openai_json_init(&json, call->request->pool);

    ngx_openai_detail_write(&json, record, thread, bodies);

    return ngx_openai_send(call->request, &json);
}


/* reads the record with the call's id; NULL: the handler returns call->rc */

static ngx_openai_read_t *
ngx_openai_detail_read(ngx_openai_call_t *call)
{
    ngx_pool_t           *pool;
    ngx_openai_ref_t      ref;
    ngx_openai_record_t  *rec;
    ngx_openai_read_t    *record;

    pool = call->request->pool;

    rec = ngx_palloc(pool, sizeof(ngx_openai_record_t));
    record = ngx_openai_read_create(pool, call->zone,
                                    call->conf->body_max);

    if (rec == NULL || record == NULL) {
        (void) ngx_openai_no_memory(call);
        return NULL;
    }

    ngx_openai_zone_reap(call->zone);

    if (ngx_openai_read_call(call, &ref, rec) != NGX_OK) {
        return NULL;
    }

    ngx_openai_read_set(record, &ref, rec);

    return record;
}


void
ngx_openai_detail_write(ngx_openai_json_t *json,
    ngx_openai_read_t *record, const ngx_openai_thread_t *thread,
    ngx_uint_t bodies)
{
    ngx_openai_detail_t  detail, *d;

    d = &detail;
    d->record = record;
    d->rec = record->rec;
    d->json = json;
    d->bodies = bodies;

    ngx_openai_json_open(json, '{');
    ngx_openai_summary(json, record, thread);

    ngx_openai_detail_side(d, "request", NGX_OPENAI_IN);
    ngx_openai_detail_side(d, "response", NGX_OPENAI_OUT);
    ngx_openai_detail_meaning(d);
    ngx_openai_detail_undecoded(d);
    ngx_openai_detail_limits(d);

    ngx_openai_summary_fields(json, ngx_openai_detail_fields, record, NULL);

    ngx_openai_json_key(json, "timing");
    ngx_openai_json_open(json, '{');
    ngx_openai_summary_fields(json, ngx_openai_timing_fields, record, NULL);
    ngx_openai_json_close(json, '}');

    ngx_openai_detail_pieces(d);

    ngx_openai_json_close(json, '}');
}


static void
ngx_openai_detail_side(ngx_openai_detail_t *d, const char *key,
    ngx_uint_t side)
{
    ngx_str_t                   value;
    ngx_openai_json_t          *json;
    const ngx_openai_record_t  *rec;

    json = d->json;
    rec = d->rec;

    ngx_openai_json_key(json, key);
    ngx_openai_json_open(json, '{');

    ngx_openai_read_line(d->record, side, &value);
    ngx_openai_json_key(json, "line");
    ngx_openai_detail_text(json, &value);

    ngx_openai_json_key(json, "headers");
    ngx_openai_detail_headers(d, side);

    ngx_openai_detail_body(d, side);

    ngx_openai_json_key(json, "body_bytes");
    ngx_openai_json_int(json, side == NGX_OPENAI_IN ? rec->request_bytes
                                                    : rec->response_bytes);
    ngx_openai_json_key(json, "body_kept_bytes");
    ngx_openai_json_int(json, side == NGX_OPENAI_IN ? rec->request_kept
                                                    : rec->response_kept);

    ngx_openai_read_header(d->record, side, "Content-Type", &value);
    ngx_openai_json_key(json, "content_type");
    ngx_openai_detail_text(json, &value);

    ngx_openai_read_header(d->record, side, "Content-Encoding", &value);
    ngx_openai_json_key(json, "content_encoding");
    ngx_openai_detail_text(json, &value);

    ngx_openai_json_key(json, "decoded");
    ngx_openai_json_bool(json, d->record->decoded[side] != NULL);

    ngx_openai_json_close(json, '}');
}


static void
ngx_openai_detail_headers(ngx_openai_detail_t *d, ngx_uint_t side)
{
    ngx_str_t           head, name, value;
    ngx_openai_json_t  *json;

    json = d->json;

    (void) ngx_openai_read_chain(d->record, side == NGX_OPENAI_IN
                                            ? NGX_OPENAI_REQUEST_HEAD
                                            : NGX_OPENAI_RESPONSE_HEAD,
                                 &head);

    ngx_openai_json_open(json, '[');

    while (ngx_openai_head_next(&head, &name, &value)) {
        ngx_openai_json_open(json, '{');
        ngx_openai_json_key(json, "name");
        ngx_openai_json_string(json, name.data, name.len);
        ngx_openai_json_key(json, "value");
        ngx_openai_json_string(json, value.data, value.len);
        ngx_openai_json_close(json, '}');
    }

    ngx_openai_json_close(json, ']');
}


static void
ngx_openai_detail_body(ngx_openai_detail_t *d, ngx_uint_t side)
{
    ngx_str_t           body;
    ngx_uint_t          text;
    ngx_openai_json_t  *json;

    json = d->json;

    ngx_str_null(&body);

    if (d->bodies
        && ngx_openai_read_body(d->record, side, &body) != NGX_OK)
    {
        json->failed = 1;
    }

    text = ngx_openai_detail_is_text(&body,
                                     ngx_openai_detail_cut(d->rec, side));

    ngx_openai_json_key(json, "body");

    if (body.len == 0) {
        ngx_openai_json_null(json);

    } else if (text) {
        ngx_openai_json_string(json, body.data, body.len);

    } else {
        ngx_openai_json_base64(json, body.data, body.len);
    }

    ngx_openai_json_key(json, "body_encoding");
    ngx_openai_json_text(json, body.len == 0 ? "" : text ? "text" : "base64");
}


static void
ngx_openai_detail_text(ngx_openai_json_t *json, ngx_str_t *text)
{
    if (text->len == 0) {
        ngx_openai_json_null(json);
        return;
    }

    ngx_openai_json_string(json, text->data, text->len);
}


ngx_uint_t
ngx_openai_detail_cut(const ngx_openai_record_t *rec, ngx_uint_t side)
{
    ngx_uint_t  flag;

    flag = (side == NGX_OPENAI_IN) ? NGX_OPENAI_REC_REQUEST_CUT
                                   : NGX_OPENAI_REC_RESPONSE_CUT;

    return rec->outcome == NGX_OPENAI_RUNNING
           || (rec->flags & flag)
           || !(rec->flags & NGX_OPENAI_REC_COMPLETE);
}


ngx_uint_t
ngx_openai_detail_is_text(ngx_str_t *body, ngx_uint_t cut)
{
    u_char  *p, *last;
    size_t   n, skip;

    p = body->data;
    last = p + body->len;

    while (p < last) {
        n = ngx_openai_utf8(p, last, &skip);

        if (n == 0) {
            return cut && p + skip == last;
        }

        if (*p == '\0') {
            return 0;
        }

        p += n;
    }

    return 1;
}


/* why the digest knows nothing, or not everything, of a compressed body */

static void
ngx_openai_detail_undecoded(ngx_openai_detail_t *d)
{
    uint32_t  flags;

    flags = d->rec->facts.flags;

    ngx_openai_json_key(d->json, "undecoded");
    ngx_openai_json_text(d->json,
                         (flags & OPENAI_FACT_NO_DECODER) ? "memory"
                         : (flags & OPENAI_FACT_BOMB) ? "limit"
                         : (flags & OPENAI_FACT_UNDECODABLE) ? "broken" : "");
}


static void
ngx_openai_detail_meaning(ngx_openai_detail_t *d)
{
    ngx_uint_t           i;
    yyjson_mut_doc      *doc;
    openai_exchange_t    all;
    ngx_openai_json_t   *json;

    static const struct {
        const char       *key;
        yyjson_mut_val *(*build)(yyjson_mut_doc *doc,
                                 const openai_exchange_t *ex);
    } parts[] = {
        { "conversation", openai_conversation },
        { "answer", openai_answer },
        { "usage_raw", openai_usage_raw }
    };

    json = d->json;

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        ngx_openai_json_key(json, parts[i].key);

        if (!d->bodies) {
            ngx_openai_json_null(json);
            continue;
        }

        if (ngx_openai_read_all(d->record, &all) != NGX_OK) {
            json->failed = 1;
            return;
        }

        doc = ngx_openai_read_doc(d->record);

        ngx_openai_json_value(json, doc ? parts[i].build(doc, &all) : NULL);

        if (ngx_openai_read_starved(d->record)) {
            json->failed = 1;
            return;
        }
    }
}


static void
ngx_openai_detail_limits(ngx_openai_detail_t *d)
{
    u_char              *p;
    ngx_str_t            head, name, value;
    ngx_openai_json_t   *json;

    json = d->json;

    (void) ngx_openai_read_chain(d->record, NGX_OPENAI_RESPONSE_HEAD,
                                 &head);

    ngx_openai_json_key(json, "rate_limit");
    ngx_openai_json_open(json, '{');

    while (ngx_openai_head_next(&head, &name, &value)) {

        p = ngx_strlcasestrn(name.data, name.data + name.len,
                             (u_char *) "ratelimit", sizeof("ratelimit") - 2);

        /* Retry-After-Ms is OpenAI's own */

        if (p == NULL
            && (name.len < sizeof("Retry-After") - 1
                || ngx_strncasecmp(name.data, (u_char *) "Retry-After",
                                   sizeof("Retry-After") - 1)
                   != 0))
        {
            continue;
        }

        ngx_openai_json_string(json, name.data, name.len);
        ngx_openai_json_literal(json, ":");
        json->comma = 0;
        ngx_openai_json_string(json, value.data, value.len);
    }

    ngx_openai_json_close(json, '}');
}


static void
ngx_openai_detail_pieces(ngx_openai_detail_t *d)
{
    ngx_str_t           marks;
    ngx_uint_t          i, n, step;
    ngx_openai_json_t  *json;
    ngx_openai_mark_t   mark;

    json = d->json;

    (void) ngx_openai_read_chain(d->record, NGX_OPENAI_MARKS, &marks);

    n = marks.len / sizeof(ngx_openai_mark_t);
    step = n / NGX_OPENAI_DETAIL_MARKS + 1;

    ngx_openai_json_key(json, "pieces_timeline");
    ngx_openai_json_open(json, '[');

    for (i = 0; i < n; i += step) {
        ngx_memcpy(&mark, marks.data + i * sizeof(mark), sizeof(mark));

        ngx_openai_json_open(json, '[');
        ngx_openai_json_fixed(json, mark.at, 2);
        ngx_openai_json_int(json, mark.offset);
        ngx_openai_json_close(json, ']');
    }

    ngx_openai_json_close(json, ']');
}


ngx_int_t
ngx_openai_record_events(ngx_openai_call_t *call)
{
    size_t              i, n;
    int64_t             at;
    ngx_int_t           rc;
    ngx_str_t           marks;
    ngx_uint_t          from;
    yyjson_mut_doc     *doc;
    yyjson_mut_val     *events, *event, *data;
    openai_exchange_t   all;
    ngx_openai_json_t   out, *json;
    ngx_openai_read_t  *record;

    record = ngx_openai_detail_read(call);
    if (record == NULL) {
        return call->rc;
    }

    json = &out;
    ngx_openai_json_init(json, call->request->pool);

    rc = ngx_openai_read_all(record, &all);

    if (rc == NGX_OK) {
        rc = ngx_openai_read_chain(record, NGX_OPENAI_MARKS, &marks);
    }

    if (rc == NGX_DECLINED) {
        (void) ngx_openai_gone(call);
        return call->rc;
    }

    doc = (rc == NGX_OK) ? ngx_openai_read_doc(record) : NULL;
    events = doc ? openai_events(doc, &all) : NULL;

    if (doc == NULL || ngx_openai_read_starved(record)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    from = 0;

    /* marks give places in the coded body, so they say nothing of a decoded
       one */

    if (record->decoded[NGX_OPENAI_OUT] != NULL) {
        ngx_str_null(&marks);
    }

    ngx_openai_json_open(json, '[');

    yyjson_mut_arr_foreach(events, i, n, event) {
        at = yyjson_mut_get_sint(yyjson_mut_obj_get(event, "at"));
        data = yyjson_mut_obj_get(event, "data");

        ngx_openai_json_open(json, '{');
        ngx_openai_json_key(json, "ms");
        ngx_openai_json_ms(json, ngx_openai_detail_at(&marks, at, &from));
        ngx_openai_json_key(json, "event");
        ngx_openai_json_value(json, yyjson_mut_obj_get(event, "event"));
        ngx_openai_json_key(json, "data");
        ngx_openai_json_value(json, data);
        ngx_openai_json_key(json, "bytes");
        ngx_openai_json_value(json, yyjson_mut_obj_get(event, "bytes"));
        ngx_openai_json_close(json, '}');
    }

    ngx_openai_json_close(json, ']');

    return ngx_openai_send(call->request, json);
}


/* us at which the byte at "offset" had arrived; -1: unknown. Offsets grow
   from call to call, and *from is where the last call ended */

static int64_t
ngx_openai_detail_at(ngx_str_t *marks, uint64_t offset, ngx_uint_t *from)
{
    ngx_uint_t         i, n;
    ngx_openai_mark_t  mark;

    n = marks->len / sizeof(ngx_openai_mark_t);

    for (i = *from; i + 1 < n; i++) {
        ngx_memcpy(&mark, marks->data + (i + 1) * sizeof(mark), sizeof(mark));

        if (mark.offset > offset) {
            break;
        }
    }

    if (i >= n) {
        return -1;
    }

    *from = i;

    ngx_memcpy(&mark, marks->data + i * sizeof(mark), sizeof(mark));

    return (int64_t) mark.at * 10;
}
