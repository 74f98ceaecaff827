
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The meter: reads both bodies of an exchange while they pass.
 *
 * capture/ calls the functions of digest.h in their order.  A body goes
 * through the decoder of its content coding, then through the framing that it
 * has, and the JSON goes to the scanner with the nodes of the dialect.
 *
 * Invariants: memory is bounded, time is linear in the bytes, and no call
 * fails.
 */


#include "digest/json/bytes.h"
#include "digest/meter/meter.h"


static void openai_body_feed(openai_meter_t *m, openai_body_t *body,
    const void *data, size_t len, openai_decoder_sink_pt sink);
static int openai_body_open(openai_meter_t *m, openai_body_t *body);
static void openai_body_decoded(openai_meter_t *m, openai_body_t *body,
    int rc);
static int openai_meter_request_plain(void *ctx, const char *data, size_t len);
static void openai_meter_request_text(openai_meter_t *m, const char *data,
    size_t len);
static void openai_meter_request_end(openai_meter_t *m);
static int openai_meter_response_plain(void *ctx, const char *data,
    size_t len);
static size_t openai_meter_sniff(openai_meter_t *m, const char *data,
    size_t len);
static void openai_meter_frame(openai_meter_t *m, unsigned framing);
static void openai_meter_framed(openai_meter_t *m, const char *data,
    size_t len);
static void openai_meter_rest(openai_meter_t *m, const char *p, size_t len);
static void openai_meter_lines(openai_meter_t *m);
static void openai_meter_data(void *ctx, const char *p, size_t len);
static void openai_meter_done(openai_meter_t *m, const char *p, size_t len);
static void openai_meter_event(void *ctx, openai_str_t name, uint64_t start,
    uint64_t end);


static const openai_frames_t  openai_meter_handler = {
    openai_meter_data,
    openai_meter_event
};


openai_meter_t *
openai_meter_create(const openai_alloc_t *alloc, openai_facts_t *facts)
{
    openai_meter_t  *m;

    m = alloc->alloc(alloc->ctx, sizeof(openai_meter_t));
    if (m == NULL) {
        return NULL;
    }

    openai_zero(&m->multipart, offsetof(openai_meter_t, usage)
                               - offsetof(openai_meter_t, multipart));

    m->facts = facts;
    m->alloc = *alloc;
    m->spare = &m->scan;
    m->dialect = openai_dialects[0];

    m->event.message = NULL;

    openai_usage_init(&m->usage);
    openai_meter_usage_open(m);
    openai_meter_clear(m);

    return m;
}


void
openai_meter_destroy(openai_meter_t *m)
{
    if (m == NULL) {
        return;
    }

    openai_decoder_destroy(m->request.decoder);
    openai_decoder_destroy(m->response.decoder);
    openai_ws_destroy(m->request.ws);
    openai_ws_destroy(m->response.ws);

    m->request.decoder = NULL;
    m->response.decoder = NULL;
    m->request.ws = NULL;
    m->response.ws = NULL;
    m->request.over = 1;
    m->response.over = 1;
    m->events = 0;
}


void
openai_meter_response_status(openai_meter_t *m, unsigned status)
{
    m->status = status;
    m->failed = (status >= 400);

    if (status == 101) {
        openai_meter_upgrade(m);
    }
}


void
openai_meter_request_body(openai_meter_t *m, const void *data, size_t len,
    int last)
{
    openai_body_feed(m, &m->request, data, len, openai_meter_request_plain);

    if (last && !m->request.over) {

        if (m->request.decoder) {
            openai_body_decoded(m, &m->request,
                                openai_decoder_end(m->request.decoder,
                                               openai_meter_request_plain, m));
        }

        openai_meter_request_end(m);
        m->request.over = 1;

        /* the parser of frames may hold bytes until the end */

        if (m->request.scan
            && m->facts->framing != OPENAI_FRAMING_WEBSOCKET)
        {
            m->spare = m->request.scan;
            m->request.scan = NULL;
        }
    }
}


void
openai_meter_response_body(openai_meter_t *m, const void *data, size_t len,
    uint64_t now_us)
{
    /* 0 means that no token has come */
    m->now = now_us ? now_us : 1;

    /* most calls are for the middle of a stream */

    if (m->events) {
        openai_sse_feed(&m->sse, data, len);
        return;
    }

    openai_body_feed(m, &m->response, data, len, openai_meter_response_plain);
}


static void
openai_body_feed(openai_meter_t *m, openai_body_t *body, const void *data,
    size_t len, openai_decoder_sink_pt sink)
{
    if (body->over || len == 0) {
        return;
    }

    if (m->facts->framing == OPENAI_FRAMING_WEBSOCKET) {
        openai_meter_frames(m, body, data, len);
        return;
    }

    if (!body->started) {
        body->started = 1;

        if (openai_body_open(m, body) != OPENAI_OK) {
            body->over = 1;
            return;
        }
    }

    if (body->decoder == NULL) {
        (void) sink(m, data, len);
        return;
    }

    openai_body_decoded(m, body, openai_decoder_feed(body->decoder, data, len,
                                                     sink, m));
}


/*
 * Creates the decoder.  That of a request waits for more bytes or for the end,
 * because a client may hold its upload back.  That of an answer does not wait,
 * because tokens are timed and an error must be known before bytes are kept.
 */

static int
openai_body_open(openai_meter_t *m, openai_body_t *body)
{
    int           rc;
    openai_str_t  encoding;

    encoding.data = (body == &m->request) ? m->request_encoding
                                          : m->response_encoding;

    if (encoding.data == NULL) {
        return OPENAI_OK;
    }

    encoding.len = strlen(encoding.data);

    body->decoder = openai_decoder_create(&m->alloc, encoding, 0, &rc);

    if (body->decoder == NULL) {
        openai_body_decoded(m, body, rc);
        return rc;
    }

    if (body == &m->request) {
        openai_decoder_upload(body->decoder, 1);
    }

    return OPENAI_OK;
}


static void
openai_body_decoded(openai_meter_t *m, openai_body_t *body, int rc)
{
    if (rc == OPENAI_LIMIT) {
        body->unread |= OPENAI_FACT_BOMB;

    } else if (rc == OPENAI_NOMEM) {
        body->unread |= OPENAI_FACT_NO_DECODER;

    } else if (rc == OPENAI_ERROR) {
        body->unread |= OPENAI_FACT_UNDECODABLE;
    }

    m->facts->flags |= body->unread;
}


uint32_t
openai_meter_unread(const openai_meter_t *m, unsigned side)
{
    return side ? m->response.unread : m->request.unread;
}


int
openai_meter_plain(const openai_meter_t *m, unsigned side)
{
    return openai_decoder_plain(side ? m->response.decoder
                                     : m->request.decoder);
}


int
openai_meter_coded(const openai_meter_t *m)
{
    return m->response_encoding != NULL
           && !openai_decoder_plain(m->response.decoder);
}


void
openai_meter_watch(openai_meter_t *m, openai_meter_text_pt text, void *ctx)
{
    m->watch = text;
    m->watch_ctx = ctx;
}


static int
openai_meter_request_plain(void *ctx, const char *data, size_t len)
{
    openai_meter_t  *m = ctx;

    openai_meter_request_text(m, data, len);

    if (m->watch && m->request.decoder
        && !openai_decoder_plain(m->request.decoder))
    {
        m->watch(m->watch_ctx, 0, data, len);
    }

    return OPENAI_OK;
}


static void
openai_meter_request_text(openai_meter_t *m, const char *data, size_t len)
{
    if (m->multipart) {
        openai_multipart_feed(m->multipart, data, len);
        return;
    }

    if (m->request.scan == NULL) {

        if (m->dialect->request == NULL) {
            return;
        }

        m->request.scan = openai_meter_scan(m);
        if (m->request.scan == NULL) {
            m->request.over = 1;
            return;
        }

        openai_scan_init(m->request.scan, m->dialect->request, m);
    }

    openai_scan(m->request.scan, data, len);
}


/* finds the dialect of an unknown path by the members of the request */

static void
openai_meter_request_end(openai_meter_t *m)
{
    unsigned     i;
    const char  *name, *operation;

    if (m->facts->dialect) {
        return;
    }

    name = NULL;
    operation = "chat";

    if (m->shape & OPENAI_SHAPE_MESSAGES) {
        name = "chat";

    } else if (m->shape & OPENAI_SHAPE_CONTENTS) {
        name = "gemini";
        operation = "generate_content";
    }

    for (i = 1; name && i < openai_dialects_n; i++) {
        if (strcmp(openai_dialects[i]->name, name) == 0) {
            m->facts->dialect = (uint8_t) i;
            m->dialect = openai_dialects[i];
            openai_copy(m->facts->operation, sizeof(m->facts->operation),
                        operation, strlen(operation));
            break;
        }
    }
}


static int
openai_meter_response_plain(void *ctx, const char *data, size_t len)
{
    size_t           n;
    openai_meter_t  *m = ctx;

    n = m->framed ? 0 : openai_meter_sniff(m, data, len);

    if (n < len) {
        openai_meter_framed(m, data + n, len - n);
    }

    if (m->watch && m->response.decoder
        && !openai_decoder_plain(m->response.decoder))
    {
        m->watch(m->watch_ctx, 1, data, len);
    }

    return OPENAI_OK;
}


/*
 * Finds the framing by the first bytes of the body, because content types are
 * often wrong.  Returns how many bytes of data it has consumed; it has passed
 * on those that matter, or the caller passes on all of them.
 */

static size_t
openai_meter_sniff(openai_meter_t *m, const char *data, size_t len)
{
    char      ch;
    size_t    n;
    unsigned  framing, type;

    /* its first bytes are not text */

    if (m->type == OPENAI_FRAMING_AWS && !m->failed) {
        openai_meter_frame(m, OPENAI_FRAMING_AWS);
        return 0;
    }

    type = (m->bytes && !m->failed) ? OPENAI_FRAMING_BYTES : m->type;

    for (n = 0; n < len && !m->framed; n++) {

        ch = data[n];

        if (m->sniffed == 0 && openai_framing_lead(&m->comment, ch, type)) {
            continue;
        }

        m->sniff[m->sniffed++] = ch;

        framing = openai_framing(m->sniff, m->sniffed, type);

        if (framing != OPENAI_FRAMING_UNDECIDED) {
            openai_meter_frame(m, framing);

            if (m->sniffed <= n + 1) {
                return n + 1 - m->sniffed;
            }

            openai_meter_framed(m, m->sniff, m->sniffed);
        }
    }

    return n;
}


static void
openai_meter_frame(openai_meter_t *m, unsigned framing)
{
    const openai_node_t  *root;

    root = m->failed ? &openai_failure : m->dialect->answer;

    if (framing == OPENAI_FRAMING_SSE || framing == OPENAI_FRAMING_NDJSON
        || framing == OPENAI_FRAMING_AWS)
    {
        root = m->dialect->event;
    }

    if (framing == OPENAI_FRAMING_ARRAY
        && (root == NULL || root->take != openai_take_element))
    {
        framing = OPENAI_FRAMING_JSON;
    }

    if (framing == OPENAI_FRAMING_NDJSON && m->failed) {
        framing = OPENAI_FRAMING_JSON;
        root = &openai_failure;
    }

    m->framed = 1;
    m->facts->framing = (uint8_t) framing;
    m->facts->streamed = (framing == OPENAI_FRAMING_SSE
                         || framing == OPENAI_FRAMING_NDJSON
                         || framing == OPENAI_FRAMING_AWS
                         || framing == OPENAI_FRAMING_ARRAY);

    if (root) {
        m->response.scan = openai_meter_scan(m);
    }

    if (m->response.scan) {
        openai_scan_init(m->response.scan, root, m);
    }

    if (framing == OPENAI_FRAMING_SSE) {
        m->events = (m->response.decoder == NULL);
        openai_sse_init(&m->sse, &openai_meter_handler, m);

    } else if (framing == OPENAI_FRAMING_NDJSON) {
        openai_ndjson_init(&m->sse, &openai_meter_handler, m);

    } else if (framing == OPENAI_FRAMING_AWS) {
        m->aws = m->alloc.alloc(m->alloc.ctx, sizeof(openai_aws_t));

        if (m->aws) {
            openai_aws_init(m->aws, &openai_meter_handler, m);
        }
    }
}


static void
openai_meter_framed(openai_meter_t *m, const char *data, size_t len)
{
    size_t  n;

    switch (m->facts->framing) {

    case OPENAI_FRAMING_SSE:
        openai_sse_feed(&m->sse, data, len);
        break;

    case OPENAI_FRAMING_NDJSON:
        openai_ndjson_feed(&m->sse, data, len);
        break;

    case OPENAI_FRAMING_AWS:

        if (m->aws) {
            openai_aws_feed(m->aws, data, len);
        }

        break;

    case OPENAI_FRAMING_JSON:
    case OPENAI_FRAMING_ARRAY:

        if (m->response.scan) {
            n = openai_scan(m->response.scan, data, len);

            if (m->response.scan->state == OPENAI_SCAN_DONE) {
                openai_meter_rest(m, data + n, len - n);
            }
        }

        break;

    case OPENAI_FRAMING_NONE:

        if (m->failed && m->type != OPENAI_FRAMING_BYTES) {
            openai_reason_feed(&m->reason, m->facts->error_message,
                               sizeof(m->facts->error_message), data, len);
        }

        break;
    }
}


/*
 * Looks behind the first value of a body of JSON.  When another one begins on
 * a line of its own, the body is a stream of lines, whatever its type says.
 */

static void
openai_meter_rest(openai_meter_t *m, const char *p, size_t len)
{
    size_t  i;

    if (m->rest == OPENAI_REST_NOTHING) {
        m->rest = OPENAI_REST_BLANKS;
        m->valued = m->now;
    }

    for (i = 0; i < len && m->rest != OPENAI_REST_OTHER; i++) {

        if (p[i] == '\n') {
            m->rest = OPENAI_REST_LINE;

        } else if ((unsigned char) p[i] > ' ') {

            if (p[i] == '{' && m->sniff[0] == '{'
                && m->rest == OPENAI_REST_LINE && !m->failed
                && m->dialect->event)
            {
                openai_meter_lines(m);
                openai_ndjson_feed(&m->sse, p + i, len - i);
                return;
            }

            m->rest = OPENAI_REST_OTHER;
        }
    }
}


/* the value so far was the first event, at the time when it ended */

static void
openai_meter_lines(openai_meter_t *m)
{
    uint64_t  now;

    m->facts->framing = OPENAI_FRAMING_NDJSON;
    m->facts->streamed = 1;
    m->facts->events = 1;

    now = m->now;
    m->now = m->valued;

    openai_meter_event_end(m, (openai_str_t) openai_str(""));

    m->now = now;

    openai_scan_init(m->response.scan, m->dialect->event, m);
    openai_ndjson_init(&m->sse, &openai_meter_handler, m);
}


static void
openai_meter_data(void *ctx, const char *p, size_t len)
{
    openai_meter_t  *m = ctx;

    if (*p == '{' && m->done < OPENAI_METER_DONE) {
        m->done = OPENAI_METER_NOT_DONE;

    } else {
        openai_meter_done(m, p, len);
    }

    if (!m->closed && m->response.scan) {
        openai_scan(m->response.scan, p, len);
    }
}


static void
openai_meter_done(openai_meter_t *m, const char *p, size_t len)
{
    size_t  i;

    static const char  done[] = "[DONE]";

    for (i = 0; i < len && m->done < OPENAI_METER_DONE; i++) {

        if (p[i] == done[m->done]) {
            m->done++;

        } else if (p[i] != ' ') {
            m->done = OPENAI_METER_NOT_DONE;
        }
    }
}


static void
openai_meter_event(void *ctx, openai_str_t name, uint64_t start, uint64_t end)
{
    openai_meter_t  *m = ctx;

    m->facts->events++;

    if (!m->closed) {

        if (m->done == OPENAI_METER_DONE) {
            m->facts->flags |= OPENAI_FACT_TERMINAL;
            m->closed = 1;

        } else {
            openai_meter_event_end(m, name);
        }
    }

    m->done = 0;

    if (m->response.scan) {
        openai_scan_reset(m->response.scan);
    }
}


void
openai_meter_finish(openai_meter_t *m, int complete, uint64_t now_us)
{
    if (m->finished) {
        return;
    }

    m->finished = 1;
    m->now = now_us ? now_us : 1;

    /* the client closed the connection during its upload */

    if (m->request.decoder && !m->request.over) {
        openai_body_decoded(m, &m->request,
                            openai_decoder_end(m->request.decoder,
                                               openai_meter_request_plain, m));
    }

    /* an answer of a few bytes may still wait to be known as coded or plain */

    if (m->response.decoder && !m->response.over) {
        openai_body_decoded(m, &m->response,
                            openai_decoder_end(m->response.decoder,
                                              openai_meter_response_plain, m));
    }

    /* a stream without an event still has its framing */

    if (!m->framed && m->type == OPENAI_FRAMING_SSE) {
        openai_meter_frame(m, OPENAI_FRAMING_SSE);
    }

    switch (m->facts->framing) {

    case OPENAI_FRAMING_SSE:
        openai_sse_end(&m->sse);
        break;

    case OPENAI_FRAMING_NDJSON:
        openai_ndjson_end(&m->sse);
        break;

    case OPENAI_FRAMING_WEBSOCKET:
        openai_meter_frames_end(m);
        break;

    case OPENAI_FRAMING_JSON:

        if (!m->failed) {
            openai_meter_event_end(m, (openai_str_t) openai_str(""));
        }

        break;
    }

    /* TGI and others end without [DONE], but with a finish reason */

    if (complete && (!m->facts->streamed || m->facts->finish_reason[0])) {
        m->facts->flags |= OPENAI_FACT_TERMINAL;
    }

    openai_meter_estimate(m);
}
