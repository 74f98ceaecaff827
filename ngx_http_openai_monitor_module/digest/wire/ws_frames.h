
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#ifndef _OPENAI_WS_FRAMES_H_INCLUDED_
#define _OPENAI_WS_FRAMES_H_INCLUDED_


#include "digest/digest.h"


#define OPENAI_WS_TEXT    1
#define OPENAI_WS_BINARY  2
#define OPENAI_WS_CLOSE   8
#define OPENAI_WS_PING    9
#define OPENAI_WS_PONG    10


/*
 * A message or a piece of it, unmasked and inflated; data is valid during the
 * call only, the last piece may be empty.  Control frames may come between the
 * pieces of a message.
 */

typedef struct {
    unsigned          opcode;
    unsigned          first:1;
    unsigned          last:1;
    unsigned          cut:1;      /* last, and more was sent than was given */
    uint64_t          bytes;      /* of the message up to here, given or not */
    openai_str_t      data;
} openai_ws_piece_t;


typedef struct openai_ws_s  openai_ws_t;

/* a value other than OPENAI_OK stops the parser and becomes its state */
typedef int (*openai_ws_sink_pt)(void *ctx, const openai_ws_piece_t *piece);


/*
 * A parser of the frames that one side sends behind the 101, masked or not.
 * extensions is Sec-WebSocket-Extensions of the 101, empty when there is none.
 * With max, each message is given whole, in one piece of max bytes at most;
 * with 0 it is given in pieces as it comes.  NULL: memory is short.
 */

openai_ws_t *openai_ws_create(const openai_alloc_t *alloc,
    openai_str_t extensions, size_t max);

/*
 * The input may be split anywhere.  OPENAI_OK: a message has ended here;
 * OPENAI_AGAIN: it has not; OPENAI_ERROR: these are no frames, what follows is
 * ignored.  OPENAI_LIMIT: a message could not be inflated within the bounds of
 * decode.h or is broken; it and the deflated ones that follow are cut.
 */

int openai_ws_feed(openai_ws_t *ws, const void *data, size_t len,
    openai_ws_sink_pt sink, void *ctx);

/* the connection has ended: gives a message that has not, as cut */
int openai_ws_finish(openai_ws_t *ws, openai_ws_sink_pt sink, void *ctx);

/* releases what is outside of alloc; safe with NULL and to call twice */
void openai_ws_destroy(openai_ws_t *ws);


#endif /* _OPENAI_WS_FRAMES_H_INCLUDED_ */
