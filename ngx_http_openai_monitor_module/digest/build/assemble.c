
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The assembler: builds the conversation and the answer of stored bytes.
 *
 * view/ calls it when somebody reads a record.  It decodes the bodies by
 * walk.c and passes the values to the callbacks of the dialect.
 */


#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "digest/json/json.h"
#include "digest/wire/multipart.h"
#include "digest/build/walk.h"


static const openai_dialect_t *openai_assemble_dialect(
    const openai_exchange_t *ex);
static int openai_plain_is_text(const openai_plain_t *plain,
    const openai_exchange_t *ex);
static void openai_assemble_text(openai_builder_t *b, openai_str_t body);
static void openai_walk_listed(void *ctx, openai_str_t name, uint64_t start,
    uint64_t end);
static void openai_walk_answer(openai_walk_t *w, openai_str_t name,
    yyjson_val *root);
static void openai_walk_asked(openai_walk_t *w, openai_str_t name,
    yyjson_val *root);
static int openai_walk_said(yyjson_val *v);
static void openai_walk_usage(openai_walk_t *w, openai_str_t name,
    yyjson_val *root);
static void openai_assemble_failure(openai_builder_t *b, yyjson_val *root);
static void openai_assemble_multipart(openai_builder_t *b, openai_str_t body,
    openai_str_t type);
static void openai_assemble_field(void *ctx, openai_str_t name,
    openai_str_t value);
static void openai_assemble_file(void *ctx, openai_str_t name,
    openai_str_t type);


static const openai_frames_t  openai_list_frames = {
    openai_walk_data,
    openai_walk_listed
};


static const openai_multipart_handler_t  openai_assemble_form = {
    openai_assemble_field,
    openai_assemble_file
};


yyjson_mut_val *
openai_answer(yyjson_mut_doc *doc, const openai_exchange_t *ex)
{
    int                partial;
    yyjson_doc        *json;
    yyjson_mut_val    *answer;
    openai_walk_t      w;
    openai_plain_t     plain;
    openai_builder_t   b;

    memset(&w, 0, sizeof(openai_walk_t));

    openai_builder_init(&b, doc, ex);
    openai_plain_answer(&plain, ex);

    w.b = &b;
    w.dialect = openai_assemble_dialect(ex);
    w.event = openai_walk_answer;

    if (plain.framing == OPENAI_FRAMING_JSON) {

        json = openai_json_read(&doc->alc, plain.body.data, plain.body.len,
                                &partial);
        if (json) {
            b.partial = partial;

            if (ex->status >= 400) {
                openai_assemble_failure(&b, yyjson_doc_get_root(json));

            } else if (w.dialect->build_answer) {
                w.dialect->build_answer(&b, yyjson_doc_get_root(json));
            }

            yyjson_doc_free(json);
        }

    } else {
        openai_walk(&w, &plain);
    }

    if (b.results == NULL && b.extra == NULL && w.dialect->build_answer
        && ex->status < 400 && openai_plain_is_text(&plain, ex))
    {
        openai_assemble_text(&b, plain.body);
    }

    answer = openai_builder_answer(&b);

    openai_builder_done(&b);
    free(plain.decoded);

    return answer;
}


yyjson_mut_val *
openai_usage_raw(yyjson_mut_doc *doc, const openai_exchange_t *ex)
{
    int                partial;
    yyjson_doc        *json;
    openai_str_t       none;
    openai_walk_t      w;
    openai_plain_t     plain;
    openai_builder_t   b;

    memset(&w, 0, sizeof(openai_walk_t));

    openai_builder_init(&b, doc, ex);
    openai_plain_answer(&plain, ex);

    w.b = &b;
    w.dialect = openai_assemble_dialect(ex);
    w.event = openai_walk_usage;

    if (plain.framing == OPENAI_FRAMING_JSON) {

        json = openai_json_read(&doc->alc, plain.body.data, plain.body.len,
                                &partial);
        if (json) {
            none.data = "";
            none.len = 0;
            openai_walk_usage(&w, none, yyjson_doc_get_root(json));
            yyjson_doc_free(json);
        }

    } else {
        openai_walk(&w, &plain);
    }

    openai_builder_done(&b);
    free(plain.decoded);

    return w.result;
}


yyjson_mut_val *
openai_events(yyjson_mut_doc *doc, const openai_exchange_t *ex)
{
    openai_walk_t      w;
    openai_plain_t     plain;
    openai_builder_t   b;

    memset(&w, 0, sizeof(openai_walk_t));

    openai_builder_init(&b, doc, ex);
    openai_plain_answer(&plain, ex);

    w.b = &b;

    w.handler = &openai_list_frames;

    if (plain.framing == OPENAI_FRAMING_SSE
        || plain.framing == OPENAI_FRAMING_NDJSON
        || plain.framing == OPENAI_FRAMING_AWS
        || plain.framing == OPENAI_FRAMING_WEBSOCKET)
    {
        w.result = yyjson_mut_arr(doc);
        openai_walk(&w, &plain);
    }

    openai_builder_done(&b);
    free(plain.decoded);

    return w.result;
}


yyjson_mut_val *
openai_conversation(yyjson_mut_doc *doc, const openai_exchange_t *ex)
{
    int                       partial;
    yyjson_doc               *json;
    openai_walk_t             w;
    yyjson_mut_val           *v;
    openai_plain_t            plain;
    openai_builder_t          b;
    const openai_dialect_t   *dialect;

    openai_builder_init(&b, doc, ex);
    openai_plain(&plain, ex->request_encoding, ex->request_body,
                 ex->request_type);

    dialect = openai_assemble_dialect(ex);

    if (ex->framing == OPENAI_FRAMING_WEBSOCKET || ex->status == 101) {
        memset(&w, 0, sizeof(openai_walk_t));

        w.b = &b;
        w.dialect = dialect;
        w.event = openai_walk_asked;

        plain.body = ex->request_body;
        plain.framing = OPENAI_FRAMING_WEBSOCKET;

        openai_walk(&w, &plain);

    } else if (plain.framing == OPENAI_FRAMING_NONE) {
        openai_assemble_multipart(&b, plain.body, ex->request_type);

    } else if (dialect->conversation) {

        json = openai_json_read(&doc->alc, plain.body.data, plain.body.len,
                                &partial);
        if (json) {
            b.partial = partial;
            dialect->conversation(&b, yyjson_doc_get_root(json));
            yyjson_doc_free(json);
        }
    }

    v = NULL;

    if (b.messages || b.settings || b.tools) {
        v = yyjson_mut_obj(doc);

#define openai_or(x, otherwise)  ((x) ? (x) : (otherwise))

        yyjson_mut_obj_add_val(doc, v, "system",
                               b.system.len ? openai_mut_buf(&b, &b.system)
                                            : yyjson_mut_null(doc));
        yyjson_mut_obj_add_val(doc, v, "settings",
                               openai_or(b.settings, yyjson_mut_obj(doc)));
        yyjson_mut_obj_add_val(doc, v, "tools",
                               openai_or(b.tools, yyjson_mut_arr(doc)));
        yyjson_mut_obj_add_val(doc, v, "messages",
                               openai_or(b.messages, yyjson_mut_arr(doc)));

        if (b.partial) {
            yyjson_mut_obj_add_bool(doc, v, "partial", 1);
        }
    }

    openai_builder_done(&b);
    free(plain.decoded);

    return v;
}


static const openai_dialect_t *
openai_assemble_dialect(const openai_exchange_t *ex)
{
    return openai_dialects[ex->dialect < openai_dialects_n ? ex->dialect : 0];
}


/* transcriptions may be plain text or subtitles, if the client asks for that */

static int
openai_plain_is_text(const openai_plain_t *plain, const openai_exchange_t *ex)
{
    size_t        i, n;
    openai_str_t  type;

    static const char *const  types[] = {
        "text/plain", "text/vtt", "application/x-subrip"
    };

    type = ex->response_type;

    if (plain->framing == OPENAI_FRAMING_SSE || plain->body.len == 0) {
        return 0;
    }

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {

        n = strlen(types[i]);

        if (type.len >= n && strncasecmp(type.data, types[i], n) == 0) {
            return 1;
        }
    }

    return 0;
}


static void
openai_assemble_text(openai_builder_t *b, openai_str_t body)
{
    openai_result_t  *r;

    b->partial = 0;

    r = openai_build_result(b, 0);

    if (r) {
        openai_buf_append(b, &r->text, body.data, body.len);
    }
}


static void
openai_walk_listed(void *ctx, openai_str_t name, uint64_t start, uint64_t end)
{
    openai_walk_t   *w = ctx;
    yyjson_mut_doc  *doc;
    yyjson_mut_val  *v;

    doc = w->b->doc;

    v = yyjson_mut_arr_add_obj(doc, w->result);

    yyjson_mut_obj_add_val(doc, v, "event",
                           name.len ? openai_mut_str(w->b, name.data, name.len)
                                    : yyjson_mut_null(doc));
    yyjson_mut_obj_add_val(doc, v, "data", openai_mut_buf(w->b, &w->data));
    yyjson_mut_obj_add_uint(doc, v, "bytes", end - start);
    yyjson_mut_obj_add_uint(doc, v, "at", end ? end - 1 : 0);

    w->data.len = 0;
}


static void
openai_walk_answer(openai_walk_t *w, openai_str_t name, yyjson_val *root)
{
    if (w->b->ex->status >= 400 || w->dialect->build_event == NULL) {
        openai_assemble_failure(w->b, root);
        return;
    }

    w->dialect->build_event(w->b, name, root);
}


static void
openai_walk_asked(openai_walk_t *w, openai_str_t name, yyjson_val *root)
{
    if (w->dialect->conversation) {
        w->dialect->conversation(w->b, root);
    }
}


/* returns 1 for an object that is not empty */

static int
openai_walk_said(yyjson_val *v)
{
    yyjson_val      *k;
    yyjson_obj_iter  iter;

    if (!yyjson_obj_iter_init(v, &iter)) {
        return 0;
    }

    while ((k = yyjson_obj_iter_next(&iter)) != NULL) {
        if (!yyjson_is_null(yyjson_obj_iter_get_val(k))) {
            return 1;
        }
    }

    return 0;
}


static void
openai_walk_usage(openai_walk_t *w, openai_str_t name, yyjson_val *root)
{
    yyjson_val  *v;

    v = w->dialect->usage ? w->dialect->usage(root) : openai_get(root, "usage");

    if (openai_walk_said(v)) {
        w->result = openai_mut_copy(w->b, v);
    }
}


/* the shapes of an error's body */

static void
openai_assemble_failure(openai_builder_t *b, yyjson_val *root)
{
    yyjson_val  *v;

    if (yyjson_is_arr(root)) {
        root = yyjson_arr_get_first(root);
    }

    v = openai_get(root, "error");

    if (v == NULL && openai_get(root, "detail")) {
        v = openai_get(root, "detail");
        openai_build_extra(b, "error", openai_mut_copy(b, v));
        return;
    }

    if (v == NULL && openai_get(root, "message")) {
        v = root;
    }

    openai_build_error(b, v);
}


static void
openai_assemble_multipart(openai_builder_t *b, openai_str_t body,
    openai_str_t type)
{
    openai_str_t         role;
    openai_multipart_t   mp;

    if (openai_multipart_init(&mp, type, &openai_assemble_form, b)
        != OPENAI_OK)
    {
        return;
    }

    role.data = "user";
    role.len = 4;

    b->settings = yyjson_mut_obj(b->doc);

    (void) openai_build_message(b, role);

    openai_multipart_feed(&mp, body.data, body.len);
}


static void
openai_assemble_field(void *ctx, openai_str_t name, openai_str_t value)
{
    yyjson_mut_val    *part;
    openai_builder_t  *b = ctx;

    if (openai_str_is(name, "prompt")) {
        part = openai_build_part(b, yyjson_mut_arr_get_first(b->messages),
                                 "text");
        yyjson_mut_obj_add_val(b->doc, part, "text",
                               openai_mut_str(b, value.data, value.len));
        return;
    }

    yyjson_mut_obj_put(b->settings, openai_mut_str(b, name.data, name.len),
                       openai_mut_str(b, value.data, value.len));
}


static void
openai_assemble_file(void *ctx, openai_str_t name, openai_str_t type)
{
    const char        *kind;
    yyjson_mut_val    *part;
    openai_builder_t  *b = ctx;

    kind = "file";

    if (type.len > 6 && memcmp(type.data, "image/", 6) == 0) {
        kind = "image";

    } else if (type.len > 6 && memcmp(type.data, "audio/", 6) == 0) {
        kind = "audio";
    }

    part = openai_build_part(b, yyjson_mut_arr_get_first(b->messages), kind);

    yyjson_mut_obj_add_val(b->doc, part, "name",
                           openai_mut_str(b, name.data, name.len));
    yyjson_mut_obj_add_val(b->doc, part, "media_type",
                           openai_mut_str(b, type.data, type.len));
}
