
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Framing of streams: server-sent events (SSE) and JSON by lines (NDJSON).
 *
 * The meter and the assembler feed the bytes, which may be split anywhere.
 * The parser keeps the name of the event and no data.
 */


#ifndef _OPENAI_SSE_H_INCLUDED_
#define _OPENAI_SSE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "digest/digest.h"


#define OPENAI_SSE_NAME  64


typedef struct {
    /* takes a piece of the data of an event that has not ended */
    void        (*data)(void *ctx, const char *p, size_t len);

    /* ends the event; name may be empty; the event is the bytes [start, end)
       of the stream, with its blank line */
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
    uint8_t                 target;    /* the state behind the colon */
    uint8_t                 bom;       /* bytes of it so far; 3: over */
    uint8_t                 cr;        /* a LF that follows belongs to it */
    uint8_t                 open;      /* start is set */
    uint8_t                 some;      /* the event has data */
    uint8_t                 fresh;     /* the line of data is empty yet */
    char                    tail;      /* the last byte of data */

    uint32_t                len;       /* of the field's name */
    uint32_t                name_len;
    char                    field[8];
    char                    name[OPENAI_SSE_NAME];
} openai_sse_t;


/* returns the framing of a body, openai_framing_e, by its first bytes without
   leading blanks and by the framing of its content type */

#define OPENAI_FRAMING_UNDECIDED  255
#define OPENAI_FRAMING_BYTES      254   /* a type that is not text */
#define OPENAI_FRAMING_OTHER      253   /* a type that is not known */

unsigned openai_framing(const char *p, size_t len, unsigned type);

/*
 * Returns 1 if a byte comes before those that tell the framing of a body: a
 * blank, or under OPENAI_FRAMING_OTHER a comment of a stream, because a binary
 * body may begin with ":".  *comment is 0 before the first byte.
 */

int openai_framing_lead(unsigned char *comment, char ch, unsigned type);
unsigned openai_framing_type(openai_str_t content_type);


void openai_sse_init(openai_sse_t *sse, const openai_frames_t *handler,
    void *ctx);
void openai_sse_feed(openai_sse_t *sse, const char *p, size_t len);

/* ends the stream; an event without its blank line counts, too */
void openai_sse_end(openai_sse_t *sse);


/* NDJSON: each line that is not blank is an event */

void openai_ndjson_init(openai_sse_t *nd, const openai_frames_t *handler,
    void *ctx);
void openai_ndjson_feed(openai_sse_t *nd, const char *p, size_t len);
void openai_ndjson_end(openai_sse_t *nd);


#endif /* _OPENAI_SSE_H_INCLUDED_ */
