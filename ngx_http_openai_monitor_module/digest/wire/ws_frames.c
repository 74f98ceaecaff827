
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * A parser of WebSocket frames, with permessage-deflate.
 *
 * The meter has one for each side of a connection; the assembler has one for
 * the stored bytes.
 */


#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "digest/wire/decode.h"
#include "digest/wire/ws_frames.h"


#define OPENAI_WS_HEAD     14
#define OPENAI_WS_CONTROL  125
#define OPENAI_WS_BUFFER   4096

/* restarting a deflate stream copies its window, so it is allowed once for so
   many bytes only */

#define OPENAI_WS_STREAM   1024

/* between messages the parser frees a larger buffer than this */

#define OPENAI_WS_IDLE     65536

#define OPENAI_WS_FIN      0x80
#define OPENAI_WS_RSV1     0x40
#define OPENAI_WS_RSV23    0x30
#define OPENAI_WS_MASKED   0x80


struct openai_ws_s {
    int                  state;
    size_t               max;
    openai_ws_sink_pt    sink;
    void                *ctx;

    /* the frame */

    unsigned char        head[OPENAI_WS_HEAD];
    unsigned             filled;       /* bytes of head */
    unsigned             size;         /* bytes that head will have */
    unsigned             opcode;
    unsigned             phase;        /* of the mask */
    uint64_t             left;         /* payload to come */

    unsigned char        control[OPENAI_WS_CONTROL];
    size_t               control_len;

    /* the message */

    openai_ws_piece_t    piece;
    char                *buf;
    size_t               buf_len;
    size_t               buf_size;
    uint64_t             packed;       /* bytes of it before inflation */
    uint64_t             streams;      /* deflate streams that ended in it */

    unsigned             in_payload:1;
    unsigned             fin:1;
    unsigned             masked:1;
    unsigned             open:1;       /* a message has begun */
    unsigned             deflated:1;   /* and is deflated */
    unsigned             deflate:1;    /* was negotiated */
    unsigned             inflater:1;   /* zlib holds a live state */
    unsigned             broken:1;     /* zlib lost the context */

    z_stream             zlib;
};


static int openai_ws_negotiated(openai_str_t extensions);
static int openai_ws_head(openai_ws_t *ws, const unsigned char **p,
    const unsigned char *last);
static int openai_ws_begin(openai_ws_t *ws);
static int openai_ws_begin_data(openai_ws_t *ws);
static int openai_ws_payload(openai_ws_t *ws, const unsigned char **p,
    const unsigned char *last);
static int openai_ws_data(openai_ws_t *ws, const unsigned char *data,
    size_t len);
static int openai_ws_end(openai_ws_t *ws);
static int openai_ws_end_control(openai_ws_t *ws);
static int openai_ws_end_message(openai_ws_t *ws);
static int openai_ws_inflate(openai_ws_t *ws, const unsigned char *data,
    size_t len);
static int openai_ws_inflate_again(openai_ws_t *ws);
static int openai_ws_give(openai_ws_t *ws, const unsigned char *data,
    size_t len);
static void openai_ws_keep(openai_ws_t *ws, const unsigned char *data,
    size_t len);


openai_ws_t *
openai_ws_create(const openai_alloc_t *alloc, openai_str_t extensions,
    size_t max)
{
    openai_ws_t  *ws;

    ws = alloc->alloc(alloc->ctx, sizeof(openai_ws_t));
    if (ws == NULL) {
        return NULL;
    }

    memset(ws, 0, sizeof(openai_ws_t));

    ws->max = max;
    ws->size = 2;
    ws->deflate = openai_ws_negotiated(extensions);

    return ws;
}


/* ignores the parameters, because they bound the sender; an inflater with the
   largest window, kept from message to message, reads every sender */

static int
openai_ws_negotiated(openai_str_t extensions)
{
    size_t        i;
    openai_str_t  name = openai_str("permessage-deflate");

    for (i = 0; i + name.len <= extensions.len; i++) {
        if (strncasecmp(extensions.data + i, name.data, name.len) == 0) {
            return 1;
        }
    }

    return 0;
}


int
openai_ws_feed(openai_ws_t *ws, const void *data, size_t len,
    openai_ws_sink_pt sink, void *ctx)
{
    int                   rc;
    const unsigned char  *p, *last;

    ws->sink = sink;
    ws->ctx = ctx;

    p = data;
    last = p + len;

    while (ws->state == OPENAI_OK && (p < last || ws->in_payload)) {

        if (!ws->in_payload) {
            rc = openai_ws_head(ws, &p, last);

        } else if (ws->left) {
            rc = openai_ws_payload(ws, &p, last);

        } else {
            rc = openai_ws_end(ws);
        }

        if (rc == OPENAI_AGAIN) {
            break;
        }

        ws->state = rc;
    }

    if (ws->state != OPENAI_OK) {
        return ws->state;
    }

    if (ws->broken) {
        return OPENAI_LIMIT;
    }

    return ws->open || ws->filled || ws->in_payload ? OPENAI_AGAIN
                                                    : OPENAI_OK;
}


int
openai_ws_finish(openai_ws_t *ws, openai_ws_sink_pt sink, void *ctx)
{
    ws->sink = sink;
    ws->ctx = ctx;

    if (!ws->open) {
        return OPENAI_OK;
    }

    ws->piece.cut = 1;

    return openai_ws_end_message(ws);
}


void
openai_ws_destroy(openai_ws_t *ws)
{
    if (ws == NULL) {
        return;
    }

    if (ws->inflater) {
        (void) inflateEnd(&ws->zlib);
        ws->inflater = 0;
    }

    free(ws->buf);
    ws->buf = NULL;

    ws->open = 0;
    ws->state = OPENAI_ERROR;
}


static int
openai_ws_head(openai_ws_t *ws, const unsigned char **p,
    const unsigned char *last)
{
    unsigned char  *head;

    head = ws->head;

    while (ws->filled < ws->size) {

        if (*p == last) {
            return OPENAI_AGAIN;
        }

        head[ws->filled++] = *(*p)++;

        if (ws->filled == 2) {
            ws->size = 2 + (head[1] & OPENAI_WS_MASKED ? 4 : 0);

            if ((head[1] & 0x7f) == 126) {
                ws->size += 2;

            } else if ((head[1] & 0x7f) == 127) {
                ws->size += 8;
            }
        }
    }

    return openai_ws_begin(ws);
}


static int
openai_ws_begin(openai_ws_t *ws)
{
    unsigned              i, n;
    const unsigned char  *head;

    head = ws->head;

    ws->fin = (head[0] & OPENAI_WS_FIN) != 0;
    ws->masked = (head[1] & OPENAI_WS_MASKED) != 0;
    ws->opcode = head[0] & 0x0f;
    ws->left = head[1] & 0x7f;
    ws->phase = 0;

    if (ws->left >= 126) {
        n = ws->left == 126 ? 2 : 8;
        ws->left = 0;

        for (i = 0; i < n; i++) {
            ws->left = ws->left << 8 | head[2 + i];
        }
    }

    if ((head[0] & OPENAI_WS_RSV23) || ws->left >> 63) {
        return OPENAI_ERROR;
    }

    ws->in_payload = 1;

    if (ws->opcode <= OPENAI_WS_BINARY) {
        return openai_ws_begin_data(ws);
    }

    ws->control_len = 0;

    if (ws->opcode < OPENAI_WS_CLOSE || ws->opcode > OPENAI_WS_PONG
        || !ws->fin || ws->left > OPENAI_WS_CONTROL
        || (head[0] & OPENAI_WS_RSV1))
    {
        return OPENAI_ERROR;
    }

    return OPENAI_OK;
}


static int
openai_ws_begin_data(openai_ws_t *ws)
{
    unsigned  rsv1;

    rsv1 = ws->head[0] & OPENAI_WS_RSV1;

    if (ws->opcode == 0) {
        return ws->open && !rsv1 ? OPENAI_OK : OPENAI_ERROR;
    }

    if (ws->open || (rsv1 && !ws->deflate)) {
        return OPENAI_ERROR;
    }

    ws->open = 1;
    ws->deflated = rsv1 != 0;
    ws->packed = 0;
    ws->streams = 0;
    ws->buf_len = 0;

    memset(&ws->piece, 0, sizeof(openai_ws_piece_t));
    ws->piece.opcode = ws->opcode;
    ws->piece.first = 1;

    return OPENAI_OK;
}


static int
openai_ws_payload(openai_ws_t *ws, const unsigned char **p,
    const unsigned char *last)
{
    size_t                i, n;
    const unsigned char  *mask, *data;
    unsigned char         buf[OPENAI_WS_BUFFER];

    n = last - *p;

    if (n == 0) {
        return OPENAI_AGAIN;
    }

    if (n > ws->left) {
        n = (size_t) ws->left;
    }

    data = *p;

    if (ws->masked) {
        if (n > OPENAI_WS_BUFFER) {
            n = OPENAI_WS_BUFFER;
        }

        mask = ws->head + ws->size - 4;

        for (i = 0; i < n; i++) {
            buf[i] = data[i] ^ mask[(ws->phase + i) & 3];
        }

        ws->phase = (ws->phase + n) & 3;
        data = buf;
    }

    *p += n;
    ws->left -= n;

    if (ws->opcode > OPENAI_WS_BINARY) {
        memcpy(ws->control + ws->control_len, data, n);
        ws->control_len += n;
        return OPENAI_OK;
    }

    return openai_ws_data(ws, data, n);
}


static int
openai_ws_data(openai_ws_t *ws, const unsigned char *data, size_t len)
{
    ws->packed += len;

    if (ws->deflated) {
        return openai_ws_inflate(ws, data, len);
    }

    return openai_ws_give(ws, data, len);
}


static int
openai_ws_end(openai_ws_t *ws)
{
    int  rc;

    static const unsigned char  tail[] = { 0x00, 0x00, 0xff, 0xff };

    ws->in_payload = 0;
    ws->filled = 0;
    ws->size = 2;

    if (ws->opcode > OPENAI_WS_BINARY) {
        return openai_ws_end_control(ws);
    }

    if (!ws->fin) {
        return OPENAI_OK;
    }

    if (ws->deflated) {
        rc = openai_ws_inflate(ws, tail, sizeof(tail));
        if (rc != OPENAI_OK) {
            return rc;
        }
    }

    return openai_ws_end_message(ws);
}


static int
openai_ws_end_control(openai_ws_t *ws)
{
    openai_ws_piece_t  piece;

    memset(&piece, 0, sizeof(openai_ws_piece_t));

    piece.opcode = ws->opcode;
    piece.first = 1;
    piece.last = 1;
    piece.bytes = ws->control_len;
    piece.data.data = (const char *) ws->control;
    piece.data.len = ws->control_len;

    return ws->sink(ws->ctx, &piece);
}


static int
openai_ws_end_message(openai_ws_t *ws)
{
    int  rc;

    ws->open = 0;

    ws->piece.last = 1;
    ws->piece.data.data = ws->buf ? ws->buf : "";
    ws->piece.data.len = ws->buf_len;

    if (ws->deflated && ws->broken) {
        ws->piece.cut = 1;
    }

    rc = ws->sink(ws->ctx, &ws->piece);

    ws->buf_len = 0;

    if (ws->buf_size > OPENAI_WS_IDLE) {
        free(ws->buf);
        ws->buf = NULL;
        ws->buf_size = 0;
    }

    return rc;
}


static int
openai_ws_inflate(openai_ws_t *ws, const unsigned char *data, size_t len)
{
    int            rc, zrc;
    size_t         n;
    unsigned char  out[OPENAI_WS_BUFFER];

    if (!ws->inflater && !ws->broken) {
        ws->inflater = inflateInit2(&ws->zlib, -MAX_WBITS) == Z_OK;
        ws->broken = !ws->inflater;
    }

    ws->zlib.next_in = (unsigned char *) data;
    ws->zlib.avail_in = 0;

    do {
        if (ws->broken) {
            return OPENAI_OK;
        }

        /* uInt may be narrower than a frame */

        if (ws->zlib.avail_in == 0) {
            n = len > 0x10000000 ? 0x10000000 : len;
            ws->zlib.avail_in = (uInt) n;
            len -= n;
        }

        ws->zlib.next_out = out;
        ws->zlib.avail_out = sizeof(out);

        zrc = inflate(&ws->zlib, Z_SYNC_FLUSH);

        rc = openai_ws_give(ws, out, sizeof(out) - ws->zlib.avail_out);
        if (rc != OPENAI_OK) {
            return rc;
        }

        if (zrc == Z_STREAM_END) {
            zrc = openai_ws_inflate_again(ws);
        }

        if ((zrc != Z_OK && zrc != Z_BUF_ERROR)
            || ws->piece.bytes > OPENAI_DECODER_FREE
                                 + ws->packed * OPENAI_DECODER_RATIO)
        {
            ws->broken = 1;
        }

    } while (ws->zlib.avail_in || len || ws->zlib.avail_out == 0);

    return OPENAI_OK;
}


/* a sender may end its deflate stream anywhere; the next stream refers to the
   window, so it is given to zlib again */

static int
openai_ws_inflate_again(openai_ws_t *ws)
{
    uInt            len;
    unsigned char   window[32768];

    len = sizeof(window);

    if (++ws->streams > 1 + ws->packed / OPENAI_WS_STREAM) {
        return Z_DATA_ERROR;
    }

    if (inflateGetDictionary(&ws->zlib, window, &len) != Z_OK
        || inflateReset(&ws->zlib) != Z_OK)
    {
        return Z_DATA_ERROR;
    }

    return inflateSetDictionary(&ws->zlib, window, len);
}


static int
openai_ws_give(openai_ws_t *ws, const unsigned char *data, size_t len)
{
    int  rc;

    if (len == 0) {
        return OPENAI_OK;
    }

    ws->piece.bytes += len;

    if (ws->max) {
        openai_ws_keep(ws, data, len);
        return OPENAI_OK;
    }

    ws->piece.data.data = (const char *) data;
    ws->piece.data.len = len;

    rc = ws->sink(ws->ctx, &ws->piece);

    ws->piece.first = 0;

    return rc;
}


/* cuts the message when memory is short, as at its bound */

static void
openai_ws_keep(openai_ws_t *ws, const unsigned char *data, size_t len)
{
    char    *p;
    size_t   size;

    if (ws->piece.cut || len > ws->max - ws->buf_len) {
        len = ws->piece.cut ? 0 : ws->max - ws->buf_len;
        ws->piece.cut = 1;
    }

    if (len > ws->buf_size - ws->buf_len) {
        size = ws->buf_size ? ws->buf_size : OPENAI_WS_BUFFER;

        while (len > size - ws->buf_len) {
            size = size < ws->max / 2 ? size * 2 : ws->max;
        }

        p = realloc(ws->buf, size);
        if (p == NULL) {
            ws->piece.cut = 1;
            return;
        }

        ws->buf = p;
        ws->buf_size = size;
    }

    if (len) {
        memcpy(ws->buf + ws->buf_len, data, len);
        ws->buf_len += len;
    }
}
