
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Building an answer: buffers, choices, calls of tools, values of the
 * document.
 *
 * Rule of the buffers: a string that begins with half of a surrogate pair is
 * joined with the half at the end of the buffer.
 */


#include <string.h>

#include "digest/build/build.h"
#include "digest/json/json.h"


static void *openai_build_alloc(openai_builder_t *b, size_t size);
static int openai_buf_join(openai_buf_t *buf, const char *data, size_t len);
static void openai_build_whole(yyjson_val *v);
static openai_tool_t *openai_build_new_tool(openai_builder_t *b,
    int64_t index);
static void openai_build_embedding(openai_builder_t *b, yyjson_mut_val *list,
    yyjson_val *v, size_t index);
static void openai_builder_nullable(openai_builder_t *b, yyjson_mut_val *to,
    const char *key, const openai_buf_t *buf);
static yyjson_mut_val *openai_builder_result(openai_builder_t *b,
    openai_result_t *r);
static yyjson_mut_val *openai_builder_calls(openai_builder_t *b,
    openai_tool_t *t);


void
openai_builder_init(openai_builder_t *b, yyjson_mut_doc *doc,
    const openai_exchange_t *ex)
{
    memset(b, 0, sizeof(openai_builder_t));

    b->doc = doc;
    b->ex = ex;
}


void
openai_builder_done(openai_builder_t *b)
{
    openai_tool_t    *t;
    openai_result_t  *r;
    const yyjson_alc *alc;

    alc = &b->doc->alc;

    while ((r = b->results) != NULL) {

        while ((t = r->tools) != NULL) {
            r->tools = t->next;
            openai_buf_free(b, &t->key);
            openai_buf_free(b, &t->id);
            openai_buf_free(b, &t->name);
            openai_buf_free(b, &t->arguments);
            alc->free(alc->ctx, t);
        }

        b->results = r->next;
        openai_buf_free(b, &r->text);
        openai_buf_free(b, &r->reasoning);
        openai_buf_free(b, &r->refusal);
        openai_buf_free(b, &r->finish);
        openai_buf_free(b, &r->transcript);
        alc->free(alc->ctx, r);
    }

    openai_buf_free(b, &b->system);
}


static void *
openai_build_alloc(openai_builder_t *b, size_t size)
{
    void  *p;

    p = b->doc->alc.malloc(b->doc->alc.ctx, size);

    if (p) {
        memset(p, 0, size);
    }

    return p;
}


void
openai_buf_free(openai_builder_t *b, openai_buf_t *buf)
{
    if (buf->data) {
        b->doc->alc.free(b->doc->alc.ctx, buf->data);
    }

    memset(buf, 0, sizeof(openai_buf_t));
}


/* an empty string sets the buffer, which stays empty */

void
openai_buf_append(openai_builder_t *b, openai_buf_t *buf, const char *data,
    size_t len)
{
    void    *p;
    size_t   size;

    if (openai_buf_join(buf, data, len)) {
        data += 3;
        len -= 3;
    }

    if (buf->data == NULL || len >= buf->size - buf->len) {

        size = buf->size ? buf->size * 2 : 32;

        if (size < buf->len + len + 1) {
            size = buf->len + len + 1;
        }

        p = b->doc->alc.malloc(b->doc->alc.ctx, size);
        if (p == NULL) {
            b->partial = 1;
            return;
        }

        if (buf->data) {
            memcpy(p, buf->data, buf->len);
            b->doc->alc.free(b->doc->alc.ctx, buf->data);
        }

        buf->data = p;
        buf->size = size;
    }

    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
}


/* joins halves of a surrogate pair, because some upstreams cut their pieces
   there; the character needs one byte more than the half in the buffer */

static int
openai_buf_join(openai_buf_t *buf, const char *data, size_t len)
{
    int             high, low;
    unsigned        code;
    unsigned char  *p;

    low = openai_utf8_half(data, len);

    if (low < 0xdc00 || buf->len < 3) {
        return 0;
    }

    p = (unsigned char *) buf->data + buf->len - 3;
    high = openai_utf8_half((char *) p, 3);

    if (high == 0 || high >= 0xdc00) {
        return 0;
    }

    code = 0x10000 + ((unsigned) (high - 0xd800) << 10) + (low - 0xdc00);

    p[0] = (unsigned char) (0xf0 | code >> 18);
    p[1] = (unsigned char) (0x80 | (code >> 12 & 0x3f));
    p[2] = (unsigned char) (0x80 | (code >> 6 & 0x3f));
    p[3] = (unsigned char) (0x80 | (code & 0x3f));

    buf->len++;

    return 1;
}


void
openai_buf_set(openai_builder_t *b, openai_buf_t *buf, openai_str_t s)
{
    buf->len = 0;
    openai_buf_append(b, buf, s.data, s.len);
}


void
openai_buf_value(openai_builder_t *b, openai_buf_t *buf, yyjson_val *v)
{
    char    *json;
    size_t   len;

    if (yyjson_is_str(v)) {
        openai_buf_append(b, buf, yyjson_get_str(v), yyjson_get_len(v));
        return;
    }

    if (v == NULL || yyjson_is_null(v)) {
        return;
    }

    openai_build_whole(v);

    json = yyjson_val_write_opts(v, YYJSON_WRITE_ALLOW_INF_AND_NAN,
                                 &b->doc->alc, &len, NULL);
    if (json) {
        openai_buf_append(b, buf, json, len);
        b->doc->alc.free(b->doc->alc.ctx, json);
    }
}


openai_result_t *
openai_build_result(openai_builder_t *b, int64_t index)
{
    openai_result_t  *r, **next;

    for (next = &b->results; *next; next = &(*next)->next) {

        if ((*next)->index == index) {
            return *next;
        }

        if ((*next)->index > index) {
            break;
        }
    }

    if (b->nresults == OPENAI_BUILD_RESULTS) {
        b->partial = 1;
        return NULL;
    }

    r = openai_build_alloc(b, sizeof(openai_result_t));

    if (r) {
        b->nresults++;
        r->index = index;
        r->next = *next;
        *next = r;
    }

    return r;
}


/*
 * A new id with a name begins a call even at a used index, because some
 * upstreams write every parallel call at index 0.  A piece without an index
 * goes on with the last call, unless it names a function.
 */

openai_tool_t *
openai_build_call(openai_builder_t *b, openai_result_t *r, int64_t index,
    openai_str_t id, openai_str_t name)
{
    openai_tool_t  *t, *last, *newest, **next;

    last = NULL;
    newest = NULL;

    for (next = &r->tools; *next; next = &(*next)->next) {
        newest = *next;

        if (index < 0 || newest->index == index) {
            last = newest;
        }
    }

    /* a piece without id, name and known index goes on with the newest call */

    t = (last == NULL && id.len == 0 && name.len == 0) ? newest : last;

    if (t && name.len) {

        if (id.len) {
            if (t->id.len != id.len
                || memcmp(t->id.data, id.data, id.len) != 0)
            {
                t = (t->id.len == 0 && t->name.len == 0) ? t : NULL;
            }

        } else if (index < 0) {
            t = NULL;
        }
    }

    if (t) {
        return t;
    }

    t = openai_build_new_tool(b, index);
    *next = t;

    return t;
}


static openai_tool_t *
openai_build_new_tool(openai_builder_t *b, int64_t index)
{
    openai_tool_t  *t;

    if (b->ntools == OPENAI_BUILD_TOOLS) {
        b->partial = 1;
        return NULL;
    }

    t = openai_build_alloc(b, sizeof(openai_tool_t));

    if (t) {
        b->ntools++;
        t->index = index;
    }

    return t;
}


openai_tool_t *
openai_build_tool(openai_builder_t *b, openai_result_t *r, int64_t index)
{
    openai_tool_t  *t, **next;

    for (next = &r->tools; *next; next = &(*next)->next) {
        if ((*next)->index == index) {
            return *next;
        }
    }

    t = openai_build_new_tool(b, index);
    *next = t;

    return t;
}


yyjson_mut_val *
openai_build_image(openai_builder_t *b, openai_result_t *r, openai_str_t url,
    openai_str_t type, openai_str_t base64)
{
    openai_buf_t     buf;
    yyjson_mut_val  *image;

    if (r->images == NULL) {
        r->images = yyjson_mut_arr(b->doc);
    }

    image = yyjson_mut_arr_add_obj(b->doc, r->images);

    if (url.len) {
        yyjson_mut_obj_add_val(b->doc, image, "url",
                               openai_mut_str(b, url.data, url.len));
        return image;
    }

    memset(&buf, 0, sizeof(openai_buf_t));

    openai_buf_append(b, &buf, "data:", 5);
    openai_buf_append(b, &buf, type.len ? type.data : "image/png",
                      type.len ? type.len : 9);
    openai_buf_append(b, &buf, ";base64,", 8);
    openai_buf_append(b, &buf, base64.data, base64.len);

    yyjson_mut_obj_add_val(b->doc, image, "url", openai_mut_buf(b, &buf));

    openai_buf_free(b, &buf);

    return image;
}


void
openai_build_extra(openai_builder_t *b, const char *key, yyjson_mut_val *v)
{
    if (b->extra == NULL) {
        b->extra = yyjson_mut_obj(b->doc);
    }

    yyjson_mut_obj_remove_key(b->extra, key);
    yyjson_mut_obj_add_val(b->doc, b->extra, key, v);
}


/* leaves the vectors in the body and tells their number and length */

void
openai_build_embeddings(openai_builder_t *b, yyjson_val *data)
{
    size_t           i, n;
    yyjson_val      *v;
    yyjson_mut_val  *list;

    list = yyjson_mut_arr(b->doc);

    if (yyjson_is_obj(data)) {
        openai_build_embedding(b, list, data, 0);
    }

    yyjson_arr_foreach(data, i, n, v) {
        openai_build_embedding(b, list, v, i);
    }

    if (yyjson_mut_arr_size(list)) {
        openai_build_extra(b, "embeddings", list);
    }
}


static void
openai_build_embedding(openai_builder_t *b, yyjson_mut_val *list,
    yyjson_val *v, size_t index)
{
    size_t           dimensions;
    yyjson_val      *e;
    yyjson_mut_val  *item;

    e = yyjson_is_arr(v) ? v : openai_get(v, "embedding");
    e = e ? e : openai_get(v, "values");

    /* base64 of four bytes for each number */

    dimensions = yyjson_is_str(e) ? yyjson_get_len(e) / 4 * 3 / 4
                                  : yyjson_arr_size(e);

    item = yyjson_mut_arr_add_obj(b->doc, list);

    yyjson_mut_obj_add_int(b->doc, item, "index",
                           openai_get_int(v, "index", index));
    yyjson_mut_obj_add_str(b->doc, item, "encoding",
                           yyjson_is_str(e) ? "base64" : "float");
    yyjson_mut_obj_add_uint(b->doc, item, "dimensions", dimensions);
}


void
openai_build_error(openai_builder_t *b, yyjson_val *error)
{
    yyjson_mut_val  *v;

    if (yyjson_is_str(error)) {
        v = yyjson_mut_obj(b->doc);
        yyjson_mut_obj_add_val(b->doc, v, "message", openai_mut_copy(b, error));
        openai_build_extra(b, "error", v);

    } else if (yyjson_is_obj(error) && yyjson_obj_size(error)) {
        openai_build_extra(b, "error", openai_mut_copy(b, error));
    }
}


void
openai_build_failure(openai_builder_t *b, yyjson_val *root)
{
    yyjson_val  *error;

    error = openai_get(root, "error");

    if (error == NULL && yyjson_is_str(openai_get(root, "message"))
        && yyjson_arr_size(openai_get(root, "choices")) == 0
        && !yyjson_equals_str(openai_get(root, "code"), "0")
        && openai_get_int(root, "code", 1) != 0)
    {
        error = root;
    }

    openai_build_error(b, error);
}


yyjson_mut_val *
openai_builder_answer(openai_builder_t *b)
{
    yyjson_mut_val   *answer, *choices;
    openai_result_t  *r;

    if (b->results == NULL && b->extra == NULL) {
        return NULL;
    }

    answer = b->extra ? b->extra : yyjson_mut_obj(b->doc);
    choices = yyjson_mut_arr(b->doc);

    for (r = b->results; r; r = r->next) {
        yyjson_mut_arr_append(choices, openai_builder_result(b, r));
    }

    yyjson_mut_obj_add_val(b->doc, answer, "choices", choices);

    if (b->partial) {
        yyjson_mut_obj_add_bool(b->doc, answer, "partial", 1);
    }

    return answer;
}


static yyjson_mut_val *
openai_builder_result(openai_builder_t *b, openai_result_t *r)
{
    yyjson_mut_val  *v, *audio;

    v = yyjson_mut_obj(b->doc);

    yyjson_mut_obj_add_int(b->doc, v, "index", r->index);

    openai_builder_nullable(b, v, "text", &r->text);
    openai_builder_nullable(b, v, "reasoning", &r->reasoning);
    openai_builder_nullable(b, v, "refusal", &r->refusal);

    yyjson_mut_obj_add_val(b->doc, v, "tool_calls",
                           openai_builder_calls(b, r->tools));

    openai_builder_nullable(b, v, "finish_reason", &r->finish);

    if (r->images) {
        yyjson_mut_obj_add_val(b->doc, v, "images", r->images);
    }

    if (r->audio || r->transcript.data) {
        audio = yyjson_mut_obj_add_obj(b->doc, v, "audio");
        yyjson_mut_obj_add_uint(b->doc, audio, "base64_bytes", r->audio);
        openai_builder_nullable(b, audio, "transcript", &r->transcript);
    }

    return v;
}


static yyjson_mut_val *
openai_builder_calls(openai_builder_t *b, openai_tool_t *t)
{
    yyjson_mut_val  *calls, *call;

    calls = yyjson_mut_arr(b->doc);

    for ( /* void */ ; t; t = t->next) {
        call = yyjson_mut_arr_add_obj(b->doc, calls);

        openai_builder_nullable(b, call, "id", &t->id);
        openai_builder_nullable(b, call, "name", &t->name);

        yyjson_mut_obj_add_val(b->doc, call, "arguments",
                               openai_mut_buf(b, &t->arguments));

        if (t->hosted) {
            yyjson_mut_obj_add_bool(b->doc, call, "hosted", 1);
        }

        if (t->result.data) {
            yyjson_mut_obj_add_val(b->doc, call, "result",
                                   openai_mut_buf(b, &t->result));
        }
    }

    return calls;
}


static void
openai_builder_nullable(openai_builder_t *b, yyjson_mut_val *to,
    const char *key, const openai_buf_t *buf)
{
    yyjson_mut_obj_add_val(b->doc, to, key,
                           buf->data ? openai_mut_buf(b, buf)
                                     : yyjson_mut_null(b->doc));
}


yyjson_mut_val *
openai_mut_buf(openai_builder_t *b, const openai_buf_t *buf)
{
    return openai_mut_str(b, buf->data ? buf->data : "", buf->len);
}


/* replaces halves of surrogate pairs in all strings of a value by U+FFFD, which
   is as long, because writers of JSON refuse halves */

static void
openai_build_whole(yyjson_val *v)
{
    char        *p, *last;
    yyjson_val  *end;

    if (v == NULL) {
        return;
    }

    for (end = unsafe_yyjson_get_next(v); v < end; v++) {

        if (!unsafe_yyjson_is_str(v)) {
            continue;
        }

        p = (char *) unsafe_yyjson_get_str(v);
        last = p + unsafe_yyjson_get_len(v);

        if (openai_utf8_half(p, last - p)) {
            memcpy(p, "\xef\xbf\xbd", 3);
        }

        if (last - p >= 3 && openai_utf8_half(last - 3, 3)) {
            memcpy(last - 3, "\xef\xbf\xbd", 3);
        }
    }
}


/* writers of JSON refuse invalid UTF-8, so it is replaced */

yyjson_mut_val *
openai_mut_str(openai_builder_t *b, const char *data, size_t len)
{
    size_t           i, n;
    openai_buf_t     buf;
    yyjson_mut_val  *v;

    for (i = 0; i < len; i += n) {
        n = openai_utf8(data + i, len - i);

        if (n == 0) {
            break;
        }
    }

    if (i == len) {
        return yyjson_mut_strncpy(b->doc, data, len);
    }

    memset(&buf, 0, sizeof(openai_buf_t));

    for (i = 0; i < len; i += n) {
        n = openai_utf8(data + i, len - i);

        if (n) {
            openai_buf_append(b, &buf, data + i, n);

        } else {
            openai_buf_append(b, &buf, "\xef\xbf\xbd", 3);
            n = openai_utf8_half(data + i, len - i) ? 3 : 1;
        }
    }

    v = yyjson_mut_strncpy(b->doc, buf.data ? buf.data : "", buf.len);

    openai_buf_free(b, &buf);

    return v;
}


yyjson_mut_val *
openai_mut_copy(openai_builder_t *b, yyjson_val *v)
{
    openai_build_whole(v);

    return yyjson_val_mut_copy(b->doc, v);
}


void
openai_mut_members(openai_builder_t *b, yyjson_mut_val *to, yyjson_val *from,
    const char *const *names)
{
    yyjson_val  *v;

    for ( /* void */ ; *names; names++) {
        v = openai_get(from, *names);

        if (v && !yyjson_is_null(v)) {
            yyjson_mut_obj_add_val(b->doc, to, *names, openai_mut_copy(b, v));
        }
    }
}
