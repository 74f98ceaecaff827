
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The text of the running answer that a viewer watches. viewers.c calls this
 * after it has told what is new.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/answer/clock.h"
#include "view/live/feed.h"


#define NGX_OPENAI_WATCH_INTERVAL  80        /* ms */
#define NGX_OPENAI_WATCH_SHARE     20        /* pause, in times of a look */

/* bytes for the event itself and for choices whose text has to wait */
#define NGX_OPENAI_WATCH_MARGIN    (1024 + 128 * NGX_OPENAI_WATCH_CHOICES)


static ngx_int_t ngx_openai_watch_due(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice);
static void ngx_openai_watch_delta(ngx_openai_viewer_t *v,
    yyjson_mut_val *answer);
static ngx_uint_t ngx_openai_watch_choice(ngx_openai_viewer_t *v,
    yyjson_mut_val *choice, ngx_uint_t n);
static size_t ngx_openai_watch_text(ngx_openai_viewer_t *v, const char *key,
    const char *at, yyjson_mut_val *text, ngx_openai_sent_t *sent);
static size_t ngx_openai_watch_room(ngx_openai_viewer_t *v);
static size_t ngx_openai_watch_chars(const char *text, size_t len);
static void ngx_openai_watch_calls(ngx_openai_viewer_t *v,
    yyjson_mut_val *choices);
static uint64_t ngx_openai_watch_hash(uint64_t hash, yyjson_mut_val *val);


ngx_int_t
ngx_openai_watch_start(ngx_openai_viewer_t *v)
{
    ngx_int_t  rc;
    ngx_str_t  id;

    rc = ngx_openai_arg(v->call, "watch", &id);

    if (rc == NGX_ABORT) {
        return rc;
    }

    if (rc == NGX_DECLINED || id.len == 0) {
        return NGX_OK;
    }

    v->call->id = id;

    rc = ngx_openai_read_call(v->call, &v->watch.ref, &v->watch.rec);

    if (rc != NGX_OK) {
        return rc;
    }

    v->watch.active = 1;
    v->watch.next = ngx_current_msec;

    return NGX_OK;
}


/* assembles the answer from the stored bytes and sends what is new */

void
ngx_openai_watch(ngx_openai_viewer_t *v, const ngx_openai_feed_slice_t *slice)
{
    uint64_t             start;
    ngx_int_t            rc;
    ngx_uint_t           over;
    ngx_msec_t           pause;
    yyjson_mut_doc      *doc;
    yyjson_mut_val      *answer;
    openai_exchange_t    all;
    ngx_openai_watch_t  *w;

    w = &v->watch;

    if (ngx_openai_watch_due(v, slice) != NGX_OK) {
        return;
    }

    start = ngx_openai_clock_us();

    over = (w->rec.outcome != NGX_OPENAI_RUNNING);
    w->more = 0;

    ngx_openai_read_set(v->search->record, &w->ref, &w->rec);

    rc = ngx_openai_read_all(v->search->record, &all);

    if (rc == NGX_DECLINED) {
        w->active = 0;
        return;
    }

    doc = (rc == NGX_OK) ? ngx_openai_read_doc(v->search->record) : NULL;
    answer = doc ? openai_answer(doc, &all) : NULL;

    /* no memory: try again at the next tick */

    if (doc == NULL || ngx_openai_read_starved(v->search->record)) {
        ngx_openai_read_reset(v->search->record);
        w->more = 1;
        w->next = ngx_current_msec + NGX_OPENAI_WATCH_INTERVAL;
        return;
    }

    if (answer != NULL) {
        ngx_openai_watch_delta(v, answer);
    }

    ngx_openai_read_reset(v->search->record);

    if (over && !w->more) {
        w->active = 0;
    }

    /* a long answer takes longer to assemble, so look at it less often */

    start = ngx_openai_clock_us() - start;
    pause = NGX_OPENAI_WATCH_SHARE * (ngx_msec_t) start / 1000;

    if (w->more) {
        v->more |= (pause == 0);

    } else {
        pause = ngx_max(pause, NGX_OPENAI_WATCH_INTERVAL);
    }

    w->next = ngx_current_msec + pause;
}


static ngx_int_t
ngx_openai_watch_due(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice)
{
    size_t               size;
    ngx_openai_watch_t  *w;

    w = &v->watch;

    if (!w->active) {
        return NGX_DECLINED;
    }

    if ((ngx_msec_int_t) (ngx_current_msec - w->next) < 0) {
        return NGX_DECLINED;
    }

    if (ngx_openai_feed_stop(v, slice)) {
        return NGX_DECLINED;
    }

    /* Read the state before the size: if the record has ended, then all of
       its bytes are stored. */

    if (ngx_openai_read_record(v->call->zone, &w->ref, &w->rec) != NGX_OK) {
        w->active = 0;
        return NGX_DECLINED;
    }

    size = ngx_openai_reader_size(v->call->zone, &w->ref,
                                  NGX_OPENAI_RESPONSE_BODY);

    if (size == w->size && !w->more
        && w->rec.outcome == NGX_OPENAI_RUNNING)
    {
        return NGX_DECLINED;
    }

    w->size = size;

    return NGX_OK;
}


static void
ngx_openai_watch_delta(ngx_openai_viewer_t *v, yyjson_mut_val *answer)
{
    u_char              *start;
    size_t               i, n;
    ngx_uint_t           news;
    yyjson_mut_val      *choices, *choice;
    ngx_openai_watch_t   before;

    before = v->watch;
    start = v->buf->last;
    news = 0;

    choices = yyjson_mut_obj_get(answer, "choices");

    ngx_openai_feed_open(v, "answer", 0);
    ngx_openai_json_key(&v->json, "id");
    ngx_openai_json_text(&v->json, v->watch.rec.id);
    ngx_openai_json_key(&v->json, "choices");
    ngx_openai_json_open(&v->json, '[');

    yyjson_mut_arr_foreach(choices, i, n, choice) {

        if (i == NGX_OPENAI_WATCH_CHOICES) {
            break;
        }

        news += ngx_openai_watch_choice(v, choice, i);
    }

    ngx_openai_json_close(&v->json, ']');
    ngx_openai_json_key(&v->json, "tool_calls");
    ngx_openai_watch_calls(v, choices);

    news += (v->watch.calls != before.calls);

    if (ngx_openai_feed_close(v, start) != NGX_OK) {
        v->watch = before;
        v->watch.more = 1;
        return;
    }

    if (!news) {
        v->buf->last = start;
    }
}


static ngx_uint_t
ngx_openai_watch_choice(ngx_openai_viewer_t *v, yyjson_mut_val *choice,
    ngx_uint_t n)
{
    size_t               sent;
    ngx_openai_json_t   *json;
    ngx_openai_watch_t  *w;

    json = &v->json;
    w = &v->watch;

    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "index");
    ngx_openai_json_value(json, yyjson_mut_obj_get(choice, "index"));

    sent = ngx_openai_watch_text(v, "text", "text_at",
                                 yyjson_mut_obj_get(choice, "text"),
                                 &w->text[n]);

    sent += ngx_openai_watch_text(v, "reasoning", "reasoning_at",
                                  yyjson_mut_obj_get(choice, "reasoning"),
                                  &w->reasoning[n]);

    ngx_openai_json_close(json, '}');

    return sent != 0;
}


/* writes the part that was not sent, as far as it fits; returns its bytes */

static size_t
ngx_openai_watch_text(ngx_openai_viewer_t *v, const char *key, const char *at,
    yyjson_mut_val *text, ngx_openai_sent_t *sent)
{
    size_t       len, fits;
    const char  *data;

    data = yyjson_mut_get_str(text);
    len = yyjson_mut_get_len(text);

    if (data == NULL || len <= sent->bytes) {
        ngx_openai_json_key(&v->json, at);
        ngx_openai_json_null(&v->json);
        ngx_openai_json_key(&v->json, key);
        ngx_openai_json_null(&v->json);
        return 0;
    }

    data += sent->bytes;
    len -= sent->bytes;

    /* only half of the room, because other texts and calls follow */

    fits = ngx_openai_json_fits(data, len, ngx_openai_watch_room(v) / 2);

    if (len > fits) {
        len = fits;
        v->watch.more = 1;
    }

    ngx_openai_json_key(&v->json, at);
    ngx_openai_json_int(&v->json, sent->chars);
    ngx_openai_json_key(&v->json, key);
    ngx_openai_json_string(&v->json, data, len);

    sent->bytes += len;
    sent->chars += ngx_openai_watch_chars(data, len);

    return len;
}


static size_t
ngx_openai_watch_room(ngx_openai_viewer_t *v)
{
    size_t  room;

    room = v->buf->end - v->buf->last;

    return room > NGX_OPENAI_WATCH_MARGIN ? room - NGX_OPENAI_WATCH_MARGIN : 0;
}


static size_t
ngx_openai_watch_chars(const char *text, size_t len)
{
    size_t  i, n;

    for (i = 0, n = 0; i < len; i++) {
        n += ((u_char) text[i] & 0xc0) != 0x80;
    }

    return n;
}


/* writes all tool calls when one has changed, else null */

static void
ngx_openai_watch_calls(ngx_openai_viewer_t *v, yyjson_mut_val *choices)
{
    u_char              *start;
    size_t               i, j, n, m;
    uint64_t             hash;
    yyjson_mut_val      *choice, *calls, *call;
    ngx_openai_json_t   *json, before;

    json = &v->json;
    hash = 0;

    yyjson_mut_arr_foreach(choices, i, n, choice) {
        hash = ngx_openai_watch_hash(hash,
                                     yyjson_mut_obj_get(choice, "tool_calls"));
    }

    if (hash == v->watch.calls) {
        ngx_openai_json_null(json);
        return;
    }

    start = v->buf->last;
    before = *json;

    ngx_openai_json_open(json, '[');

    yyjson_mut_arr_foreach(choices, i, n, choice) {
        calls = yyjson_mut_obj_get(choice, "tool_calls");

        yyjson_mut_arr_foreach(calls, j, m, call) {
            ngx_openai_json_open(json, '{');
            ngx_openai_json_key(json, "index");
            ngx_openai_json_value(json, yyjson_mut_obj_get(choice, "index"));
            ngx_openai_json_key(json, "id");
            ngx_openai_json_value(json, yyjson_mut_obj_get(call, "id"));
            ngx_openai_json_key(json, "name");
            ngx_openai_json_value(json, yyjson_mut_obj_get(call, "name"));
            ngx_openai_json_key(json, "arguments");
            ngx_openai_json_value(json, yyjson_mut_obj_get(call, "arguments"));
            ngx_openai_json_close(json, '}');
        }
    }

    ngx_openai_json_close(json, ']');

    /* calls that do not fit are left out; the finished record has them */

    if (json->failed || ngx_openai_watch_room(v) == 0) {
        v->buf->last = start;
        *json = before;
        ngx_openai_json_null(json);
    }

    v->watch.calls = hash;
}


/* calls only grow, so the lengths of their parts tell a change */

static uint64_t
ngx_openai_watch_hash(uint64_t hash, yyjson_mut_val *val)
{
    size_t           i, n;
    yyjson_mut_val  *call;

    yyjson_mut_arr_foreach(val, i, n, call) {
        hash = hash * 31 + 1;
        hash = hash * 31 + yyjson_mut_get_len(yyjson_mut_obj_get(call, "name"));
        hash = hash * 31
               + yyjson_mut_get_len(yyjson_mut_obj_get(call, "arguments"));
    }

    return hash;
}
