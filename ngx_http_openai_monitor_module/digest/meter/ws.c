
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The meter of a WebSocket: the messages of JSON of both sides.
 *
 * meter.c calls it after a 101.
 */


#include "digest/meter/meter.h"


static int openai_meter_asked(void *ctx, const openai_ws_piece_t *piece);
static int openai_meter_told(void *ctx, const openai_ws_piece_t *piece);
static int openai_meter_message(openai_meter_t *m, openai_body_t *body,
    const openai_node_t *root, const openai_ws_piece_t *piece);


void
openai_meter_upgrade(openai_meter_t *m)
{
    m->facts->framing = OPENAI_FRAMING_WEBSOCKET;
    m->events = 0;
    m->facts->streamed = 1;

    /* the request had no body; the frames of the client follow */
    m->request.over = 0;

    m->before = m->alloc.alloc(m->alloc.ctx, sizeof(openai_usage_t));

    if (m->before) {
        openai_usage_init(m->before);
    }
}


void
openai_meter_frames(openai_meter_t *m, openai_body_t *body, const void *data,
    size_t len)
{
    int           rc;
    openai_str_t  extensions;

    if (body->ws == NULL) {
        extensions.data = m->extensions ? m->extensions : "";
        extensions.len = strlen(extensions.data);

        body->ws = openai_ws_create(&m->alloc, extensions, 0);

        if (body->ws == NULL) {
            body->over = 1;
            return;
        }
    }

    rc = openai_ws_feed(body->ws, data, len,
                        body == &m->request ? openai_meter_asked
                                            : openai_meter_told, m);

    if (rc == OPENAI_ERROR) {
        m->facts->flags |= OPENAI_FACT_UNDECODABLE;
        body->over = 1;

    } else if (rc == OPENAI_LIMIT) {
        m->facts->flags |= OPENAI_FACT_BOMB;
    }
}


void
openai_meter_frames_end(openai_meter_t *m)
{
    if (m->request.ws) {
        (void) openai_ws_finish(m->request.ws, openai_meter_asked, m);
    }

    if (m->response.ws) {
        (void) openai_ws_finish(m->response.ws, openai_meter_told, m);
    }
}


static int
openai_meter_asked(void *ctx, const openai_ws_piece_t *piece)
{
    openai_meter_t  *m = ctx;

    if (piece->opcode != OPENAI_WS_TEXT
        || openai_meter_message(m, &m->request, m->dialect->request, piece)
           != OPENAI_OK)
    {
        return OPENAI_OK;
    }

    if (piece->last) {
        m->facts->events++;
    }

    return OPENAI_OK;
}


static int
openai_meter_told(void *ctx, const openai_ws_piece_t *piece)
{
    openai_meter_t  *m = ctx;

    if (piece->opcode != OPENAI_WS_TEXT
        || openai_meter_message(m, &m->response, m->dialect->event, piece)
           != OPENAI_OK)
    {
        return OPENAI_OK;
    }

    if (piece->last) {
        m->facts->events++;
        openai_meter_event_end(m, (openai_str_t) openai_str(""));
    }

    return OPENAI_OK;
}


/* scans a piece of a text message */

static int
openai_meter_message(openai_meter_t *m, openai_body_t *body,
    const openai_node_t *root, const openai_ws_piece_t *piece)
{
    if (root == NULL) {
        return OPENAI_ERROR;
    }

    if (body->scan == NULL) {
        body->scan = openai_meter_scan(m);
        if (body->scan == NULL) {
            return OPENAI_NOMEM;
        }

        openai_scan_init(body->scan, root, m);
    }

    if (piece->first) {
        openai_scan_init(body->scan, root, m);
    }

    openai_scan(body->scan, piece->data.data, piece->data.len);

    return OPENAI_OK;
}
