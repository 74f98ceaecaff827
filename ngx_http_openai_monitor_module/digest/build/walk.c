
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Decoding of stored bodies, and the walk over their events, see walk.h.
 */


#include <string.h>

#include "digest/json/json.h"
#include "digest/build/walk.h"
#include "digest/wire/eventstream.h"
#include "digest/wire/ws_frames.h"


/* the most bytes that a body decodes to */
#define OPENAI_WALK_DECODED  (64 * 1024 * 1024)

/* the precision of a frame's place in the stored bytes */
#define OPENAI_WALK_FRAME    64


static void openai_walk_frames(openai_walk_t *w, openai_str_t body);
static int openai_walk_frame(void *ctx, const openai_ws_piece_t *piece);
static void *openai_walk_alloc(void *ctx, size_t size);
static void openai_walk_array(openai_walk_t *w, openai_str_t body);
static void openai_walk_event(void *ctx, openai_str_t name, uint64_t start,
    uint64_t end);


static const openai_frames_t  openai_walk_handler = {
    openai_walk_data,
    openai_walk_event
};


void
openai_plain_answer(openai_plain_t *plain, const openai_exchange_t *ex)
{
    openai_routed_t  found;

    if (ex->framing == OPENAI_FRAMING_WEBSOCKET || ex->status == 101) {
        plain->decoded = NULL;
        plain->body = ex->response_body;
        plain->framing = OPENAI_FRAMING_WEBSOCKET;
        return;
    }

    openai_plain(plain, ex->response_encoding, ex->response_body,
                 ex->response_type);

    /* lines of JSON look as one value at their begin */

    if (plain->framing == OPENAI_FRAMING_JSON
        && ex->framing == OPENAI_FRAMING_NDJSON)
    {
        plain->framing = OPENAI_FRAMING_NDJSON;
    }

    found = openai_find_route(ex->uri);

    if (found.route && (found.route->flags & OPENAI_ROUTE_BYTES)
        && ex->status < 400)
    {
        plain->framing = OPENAI_FRAMING_NONE;
    }
}


void
openai_plain(openai_plain_t *plain, openai_str_t encoding, openai_str_t body,
    openai_str_t type)
{
    size_t         i, n, len;
    unsigned       named;
    unsigned char  comment;

    plain->decoded = NULL;
    plain->body = body;
    plain->framing = OPENAI_FRAMING_NONE;

    if (encoding.len) {
        (void) openai_decode(encoding, body, OPENAI_WALK_DECODED,
                             &plain->decoded, &len);

        if (plain->decoded) {
            plain->body.data = plain->decoded;
            plain->body.len = len;
        }
    }

    body = plain->body;
    named = openai_framing_type(type);
    comment = 0;

    if (named == OPENAI_FRAMING_SSE) {
        plain->framing = named;
    }

    /* its first bytes are not text */

    if (named == OPENAI_FRAMING_AWS) {
        plain->framing = named;
        return;
    }

    for (i = 0; i < body.len; i++) {

        if (openai_framing_lead(&comment, body.data[i], named)) {
            continue;
        }

        for (n = 1; n <= body.len - i && n <= 8; n++) {
            plain->framing = openai_framing(body.data + i, n, named);

            if (plain->framing != OPENAI_FRAMING_UNDECIDED) {
                break;
            }
        }

        break;
    }

    if (plain->framing == OPENAI_FRAMING_UNDECIDED) {
        plain->framing = OPENAI_FRAMING_NONE;
    }

    if (plain->framing == OPENAI_FRAMING_JSON
        || plain->framing == OPENAI_FRAMING_ARRAY)
    {
        plain->body.data += i;
        plain->body.len -= i;
    }
}


void
openai_walk(openai_walk_t *w, const openai_plain_t *plain)
{
    openai_sse_t  sse;
    openai_aws_t  aws;

    if (w->handler == NULL) {
        w->handler = &openai_walk_handler;
    }

    switch (plain->framing) {

    case OPENAI_FRAMING_SSE:
        openai_sse_init(&sse, w->handler, w);
        openai_sse_feed(&sse, plain->body.data, plain->body.len);
        openai_sse_end(&sse);
        break;

    case OPENAI_FRAMING_NDJSON:
        openai_ndjson_init(&sse, w->handler, w);
        openai_ndjson_feed(&sse, plain->body.data, plain->body.len);
        openai_ndjson_end(&sse);
        break;

    case OPENAI_FRAMING_AWS:
        openai_aws_init(&aws, w->handler, w);
        openai_aws_feed(&aws, plain->body.data, plain->body.len);
        break;

    case OPENAI_FRAMING_ARRAY:
        openai_walk_array(w, plain->body);
        break;

    case OPENAI_FRAMING_WEBSOCKET:
        openai_walk_frames(w, plain->body);
        break;
    }

    openai_buf_free(w->b, &w->data);
}


static void
openai_walk_frames(openai_walk_t *w, openai_str_t body)
{
    size_t           i, n;
    openai_ws_t     *ws;
    openai_str_t     extensions;
    openai_alloc_t   alloc;

    /* each frame says whether it is deflated */

    extensions.data = "permessage-deflate";
    extensions.len = strlen(extensions.data);

    alloc.alloc = openai_walk_alloc;
    alloc.ctx = w->b->doc;

    ws = openai_ws_create(&alloc, extensions, 0);
    if (ws == NULL) {
        return;
    }

    for (i = 0; i < body.len; i += n) {
        n = body.len - i;

        if (n > OPENAI_WALK_FRAME) {
            n = OPENAI_WALK_FRAME;
        }

        w->at = i + n;

        if (openai_ws_feed(ws, body.data + i, n, openai_walk_frame, w)
            == OPENAI_ERROR)
        {
            break;
        }
    }

    openai_ws_destroy(ws);
    w->b->doc->alc.free(w->b->doc->alc.ctx, ws);
}


/* the parser allocates one block, which is itself */

static void *
openai_walk_alloc(void *ctx, size_t size)
{
    yyjson_mut_doc  *doc = ctx;

    return doc->alc.malloc(doc->alc.ctx, size);
}


static int
openai_walk_frame(void *ctx, const openai_ws_piece_t *piece)
{
    openai_str_t    none;
    openai_walk_t  *w = ctx;

    if (piece->opcode != OPENAI_WS_TEXT) {
        return OPENAI_OK;
    }

    if (piece->data.len) {
        w->handler->data(w, piece->data.data, piece->data.len);
    }

    if (piece->last) {
        none.data = "";
        none.len = 0;

        w->handler->event(w, none,
                          w->at > piece->bytes ? w->at - piece->bytes : 0,
                          w->at);
    }

    return OPENAI_OK;
}


static void
openai_walk_array(openai_walk_t *w, openai_str_t body)
{
    int            partial;
    size_t         i, n;
    yyjson_val    *v;
    yyjson_doc    *json;
    openai_str_t   none;

    none.data = "";
    none.len = 0;

    json = openai_json_read(&w->b->doc->alc, body.data, body.len, &partial);
    if (json == NULL) {
        return;
    }

    /* only the last element can be cut; where the array alone is open, none */

    yyjson_arr_foreach(yyjson_doc_get_root(json), i, n, v) {
        w->b->partial = (partial > 1 && i + 1 == n);
        w->event(w, none, v);
    }

    if (partial) {
        w->b->partial = 1;
    }

    yyjson_doc_free(json);
}


void
openai_walk_data(void *ctx, const char *p, size_t len)
{
    openai_walk_t  *w = ctx;

    openai_buf_append(w->b, &w->data, p, len);
}


/* ignores data that is not JSON and an event that is cut, as the SDKs do, and
   marks the answer as partial, because the meter may have counted the event */

static void
openai_walk_event(void *ctx, openai_str_t name, uint64_t start, uint64_t end)
{
    int             partial;
    size_t          i;
    yyjson_doc     *json;
    openai_walk_t  *w = ctx;

    for (i = 0; i < w->data.len && w->data.data[i] == ' '; i++) { /* void */ }

    if (w->data.len - i >= 6 && memcmp(w->data.data + i, "[DONE]", 6) == 0) {
        w->closed = 1;
    }

    if (!w->closed && w->data.len) {

        json = openai_json_read(&w->b->doc->alc, w->data.data, w->data.len,
                                &partial);
        if (json) {
            if (partial) {
                w->b->partial = 1;

            } else {
                w->event(w, name, yyjson_doc_get_root(json));
            }

            yyjson_doc_free(json);
        }
    }

    w->data.len = 0;
}
