
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Joins the events of a stream that differ in one piece of text only.
 *
 * Most of a stream is the envelope that each event repeats.  The record keeps a
 * stream that is longer than its limit joined: it is a stream with the same
 * meaning and a fraction of the bytes.  capture/keep.c calls this.  Memory is
 * bounded by the structure.
 */


#ifndef _OPENAI_JOIN_H_INCLUDED_
#define _OPENAI_JOIN_H_INCLUDED_


#include <stddef.h>


#define OPENAI_JOIN_EVENT  4096         /* a longer event stays as it is */
#define OPENAI_JOIN_HELD   8192         /* of joined events */


typedef void (*openai_join_sink_pt)(void *ctx, const char *p, size_t len);


typedef struct {
    openai_join_sink_pt  sink;
    void                *ctx;

    int                  lines;         /* each line is an event */
    int                  pass;          /* the event passes as it is … */
    unsigned char        blank;         /* its line is blank so far */

    size_t               len;           /* of the event that comes */

    size_t               held_len;      /* 0: none */
    size_t               start;         /* its text */
    size_t               end;

    char                 event[OPENAI_JOIN_EVENT];
    char                 held[OPENAI_JOIN_HELD];
} openai_join_t;


/* lines: NDJSON, else server-sent events.  The first bytes may be the rest of
   an event; they pass as they are. */
void openai_join_init(openai_join_t *j, int lines, openai_join_sink_pt sink,
    void *ctx);

/* the input may be split anywhere */
void openai_join_feed(openai_join_t *j, const char *p, size_t len);

/* passes on what is held */
void openai_join_end(openai_join_t *j);


#endif /* _OPENAI_JOIN_H_INCLUDED_ */
