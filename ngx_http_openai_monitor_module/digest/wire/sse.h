
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Framing of streams: server-sent events, and JSON by lines.
 *
 * Bytes may be split anywhere; nothing is kept but the event's name.
 */


#ifndef _OPENAI_SSE_H_INCLUDED_
#define _OPENAI_SSE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "digest/digest.h"


#define OPENAI_SSE_NAME  64


typedef struct {
    /* a piece of the data of the event to come */
    void        (*data)(void *ctx, const char *p, size_t len);

    /* the event is whole; name is empty when none was given; the event's
       bytes are [start, end) of the stream, its blank line included */
    void        (*event)(void *ctx, openai_str_t name, uint64_t start,
                    uint64_t end);
} openai_frames_t;


typedef struct {
    const openai_frames_t  *handler;
    void                   *ctx;

    uint64_t                offset;    /* of the bytes to come */
    uint64_t                start;     /* of the event */
    uint64_t                line;      /* of the line */

    uint8_t                 state;
    uint8_t                 target;    /* the state that the field asks for */
    uint8_t                 bom;       /* bytes of it seen; 3: no more */
    uint8_t                 cr;        /* a LF to come belongs to a CR */
    uint8_t                 open;      /* start is set */
    uint8_t                 some;      /* there is data */
    uint8_t                 fresh;     /* a line of data has no byte yet */
    char                    tail;      /* the last byte of data */

    uint32_t                len;       /* of the field's name */
    uint32_t                name_len;
    char                    field[8];
    char                    name[OPENAI_SSE_NAME];
} openai_sse_t;


/* openai_framing_e from a body's first bytes, blanks left out, and from what
   its content type says, which is openai_framing_e, too */

#define OPENAI_FRAMING_UNDECIDED  255
#define OPENAI_FRAMING_BYTES      254   /* of a type: no text of an API's */

unsigned openai_framing(const char *p, size_t len, unsigned type);
unsigned openai_framing_type(openai_str_t content_type);


void openai_sse_init(openai_sse_t *sse, const openai_frames_t *handler,
    void *ctx);
void openai_sse_feed(openai_sse_t *sse, const char *p, size_t len);

/* an event that the stream's end cut of its blank line is one, too */
void openai_sse_end(openai_sse_t *sse);


/* one JSON text a line; blank lines are nothing */

void openai_ndjson_init(openai_sse_t *nd, const openai_frames_t *handler,
    void *ctx);
void openai_ndjson_feed(openai_sse_t *nd, const char *p, size_t len);
void openai_ndjson_end(openai_sse_t *nd);


#endif /* _OPENAI_SSE_H_INCLUDED_ */
