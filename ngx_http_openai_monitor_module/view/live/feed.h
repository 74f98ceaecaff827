
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The live feed. No events are queued for a viewer: it has a cursor and one
 * buffer, which is filled again when it has been sent. A slow viewer skips
 * intermediate states; it never falls behind.
 */


#ifndef _NGX_OPENAI_FEED_H_INCLUDED_
#define _NGX_OPENAI_FEED_H_INCLUDED_


#include "view/answer/call.h"
#include "view/query/search.h"


#define NGX_OPENAI_WATCH_CHOICES  16


/* how much of a text was sent */

typedef struct {
    size_t                  bytes;
    size_t                  chars;
} ngx_openai_sent_t;


/* the running answer that a viewer watches */

typedef struct {
    ngx_openai_ref_t        ref;
    ngx_openai_record_t     rec;
    size_t                  size;        /* of the body, at the last look */
    ngx_msec_t              next;        /* not looked at before */
    uint64_t                calls;       /* hash of the tool calls sent */
    ngx_openai_sent_t       text[NGX_OPENAI_WATCH_CHOICES];
    ngx_openai_sent_t       reasoning[NGX_OPENAI_WATCH_CHOICES];
    unsigned                active:1;
    unsigned                more:1;      /* the rest did not fit */
} ngx_openai_watch_t;


/* the last state of a running record that was sent */

typedef struct {
    uint64_t                seq;
    uint64_t                bytes;
} ngx_openai_seen_t;


typedef struct {
    ngx_queue_t           queue;
    ngx_http_request_t   *request;
    ngx_openai_call_t    *call;
    ngx_openai_query_t    query;
    ngx_openai_search_t  *search;
    ngx_openai_watch_t    watch;

    /* what was sent */

    uint64_t                cursor;      /* see ngx_openai_zone_changes() */
    uint64_t                upto;        /* end of the changes of this tick */
    uint64_t                clears;
    uint64_t                evicted;
    uint64_t                origin;      /* of the zone, in ids */
    uint64_t                requests;
    uint64_t                in_flight;
    uint64_t                errors;
    ngx_openai_seen_t      *running;     /* by slot */
    uint32_t                slot;        /* where to go on */

    ngx_msec_t              spoke;       /* when something was sent */
    ngx_msec_t              ran;         /* when running records were sent */
    ngx_msec_t              counted;     /* when the counters were sent */

    ngx_buf_t              *buf;
    ngx_chain_t            *free;
    ngx_chain_t            *busy;
    ngx_openai_json_t       json;        /* writes into buf */
    unsigned                linked:1;
    unsigned                lagged:1;    /* the cursor is of another zone */
    unsigned                more:1;      /* the buffer was full */
    unsigned                cut:1;       /* the time was over */
    unsigned                begun:1;     /* this slice has done something */
    unsigned                known:1;     /* all conversations are known */
} ngx_openai_viewer_t;


/* the viewers' time in one turn of the event loop, in us of the clock */

typedef struct {
    uint64_t                tick;        /* when its tick began */
    uint64_t                stop;
    unsigned                late:1;      /* the tick cannot finish */
} ngx_openai_feed_slice_t;


/* writes an event: it is in the buffer whole, or not at all */

void ngx_openai_feed_open(ngx_openai_viewer_t *v, const char *name,
    ngx_uint_t with_id);
ngx_int_t ngx_openai_feed_close(ngx_openai_viewer_t *v, u_char *start);

/* 1 when the slice is over, and sets v->cut. The first call of a slice
   returns 0, so that every slice makes progress */
ngx_uint_t ngx_openai_feed_stop(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice);

/* fills the buffer with what is new, until time or room ends */
void ngx_openai_changes(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice);

/* the same for the watched answer; _start() reads the argument "watch" */
ngx_int_t ngx_openai_watch_start(ngx_openai_viewer_t *v);
void ngx_openai_watch(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice);


#endif /* _NGX_OPENAI_FEED_H_INCLUDED_ */
