
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
 * A message or a piece of one, unmasked and inflated.  data is valid during the
 * call only.  The last piece may be empty.  Control frames may come between the
 * pieces of a message.
 */

typedef struct {
    unsigned          opcode;
    unsigned          first:1;
    unsigned          last:1;
    unsigned          cut:1;      /* last; the sender sent more */
    uint64_t          bytes;      /* of the message so far */
    openai_str_t      data;
} openai_ws_piece_t;


typedef struct openai_ws_s  openai_ws_t;

/* a result other than OPENAI_OK stops the parser and becomes its result */
typedef int (*openai_ws_sink_pt)(void *ctx, const openai_ws_piece_t *piece);


/*
 * Creates a parser of the frames of one side, masked or not.  extensions is the
 * value of Sec-WebSocket-Extensions in the 101, or empty.  If max is 0, the
 * parser gives messages in pieces as they come; else it gives each message in
 * one piece of at most max bytes.  NULL: memory is short.
 */

openai_ws_t *openai_ws_create(const openai_alloc_t *alloc,
    openai_str_t extensions, size_t max);

/*
 * Feeds bytes, which may be split anywhere.  OPENAI_OK: a message ends here;
 * OPENAI_AGAIN: it goes on; OPENAI_ERROR: these are not frames, and the parser
 * ignores the rest.  OPENAI_LIMIT: a message is broken, or exceeds the bounds
 * of decode.h; the parser cuts it and all deflated messages that follow.
 */

int openai_ws_feed(openai_ws_t *ws, const void *data, size_t len,
    openai_ws_sink_pt sink, void *ctx);

/* ends the connection; gives an unfinished message as one that is cut */
int openai_ws_finish(openai_ws_t *ws, openai_ws_sink_pt sink, void *ctx);

/* releases the memory outside of alloc; NULL and a second call are harmless */
void openai_ws_destroy(openai_ws_t *ws);


#endif /* _OPENAI_WS_FRAMES_H_INCLUDED_ */
