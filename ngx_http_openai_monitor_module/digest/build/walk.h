
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Stored bytes as plain text, and a walk over the events in it: the events of
 * a stream, the elements of an array, or the messages of a WebSocket.
 *
 * assemble.c calls it.
 */


#ifndef _OPENAI_WALK_H_INCLUDED_
#define _OPENAI_WALK_H_INCLUDED_


#include "digest/dialects/dialect.h"
#include "digest/wire/sse.h"


/* a stored body without its content coding; the caller frees decoded, which is
   NULL when the body was not coded */

typedef struct {
    char                      *decoded;
    openai_str_t               body;
    unsigned                   framing;
} openai_plain_t;


typedef struct openai_walk_s  openai_walk_t;

/* a walk over the events of an answer */

struct openai_walk_s {
    openai_builder_t          *b;
    const openai_dialect_t    *dialect;
    openai_buf_t               data;
    size_t                     at;         /* bytes of frames so far */
    const openai_frames_t     *handler;    /* NULL: event() is called */
    int                        closed;     /* after [DONE] */
    yyjson_mut_val            *result;

    void                     (*event)(openai_walk_t *w, openai_str_t name,
                                 yyjson_val *root);
};


void openai_plain(openai_plain_t *plain, openai_str_t encoding,
    openai_str_t body, openai_str_t type);
void openai_plain_answer(openai_plain_t *plain, const openai_exchange_t *ex);

/* walks over all events; the caller zeroes w and sets what it needs */
void openai_walk(openai_walk_t *w, const openai_plain_t *plain);

/* a callback for handlers: appends the data to w->data */
void openai_walk_data(void *ctx, const char *p, size_t len);


#endif /* _OPENAI_WALK_H_INCLUDED_ */
