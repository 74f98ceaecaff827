
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The live feed.  Nothing is queued for a viewer: it has a cursor, and one
 * buffer that is filled again when it has gone out.  Who is slow gets fewer
 * and later states of a record, never all of them late.
 */


#ifndef _NGX_OPENAI_FEED_H_INCLUDED_
#define _NGX_OPENAI_FEED_H_INCLUDED_


#include "view/answer/call.h"
#include "view/query/search.h"


#define NGX_OPENAI_WATCH_CHOICES  16


/* how much of a text has been sent */

typedef struct {
    size_t                  bytes;
    size_t                  chars;
} ngx_openai_sent_t;


/* the running answer that a viewer looks at */

typedef struct {
    ngx_openai_ref_t        ref;
    ngx_openai_record_t     rec;
    size_t                  size;        /* of the body when last looked at */
    ngx_msec_t              next;        /* not to be looked at before */
    uint64_t                calls;       /* hash of the tool calls sent */
    ngx_openai_sent_t       text[NGX_OPENAI_WATCH_CHOICES];
    ngx_openai_sent_t       reasoning[NGX_OPENAI_WATCH_CHOICES];
    unsigned                active:1;
    unsigned                more:1;      /* not all of it had room */
} ngx_openai_watch_t;


/* the state of a running record that was sent last */

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

    /* what has been sent */

    uint64_t                cursor;      /* see ngx_openai_zone_changes() */
    uint64_t                upto;        /* what this tick tells */
    uint64_t                clears;
    uint64_t                evicted;
    uint64_t                origin;      /* of the zone, in ids */
    uint64_t                requests;
    uint64_t                in_flight;
    uint64_t                errors;
    ngx_openai_seen_t      *running;     /* by slot */
    uint32_t                slot;        /* of them, where to go on */

    ngx_msec_t              spoke;       /* when something was sent last */
    ngx_msec_t              ran;         /* when running records were */
    ngx_msec_t              counted;     /* when statistics were */

    ngx_buf_t              *buf;
    ngx_chain_t            *free;
    ngx_chain_t            *busy;
    ngx_openai_json_t       json;        /* writes into buf */
    unsigned                linked:1;
    unsigned                lagged:1;    /* the client's cursor is foreign */
    unsigned                more:1;      /* the buffer had no room for all */
    unsigned                cut:1;       /* there was no time for all */
    unsigned                begun:1;     /* something was done in this slice */
    unsigned                known:1;     /* all conversations are */
} ngx_openai_viewer_t;


/* of the viewers' time in one turn of the event loop; us of the clock */

typedef struct {
    uint64_t                tick;        /* when that began which it is of */
    uint64_t                stop;
    unsigned                late:1;      /* not all can be done in the tick */
} ngx_openai_feed_slice_t;


/* an event goes into the buffer whole or not at all */

void ngx_openai_feed_open(ngx_openai_viewer_t *v, const char *name,
    ngx_uint_t with_id);
ngx_int_t ngx_openai_feed_close(ngx_openai_viewer_t *v, u_char *start);

/* whether the slice is over; not before something was done in it, or it might
   come to no end.  The viewer is "cut" then */
ngx_uint_t ngx_openai_feed_stop(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice);

/* fills the buffer with what is new, as far as there is time and room */
void ngx_openai_changes(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice);

/* the same for the answer that is watched */
ngx_int_t ngx_openai_watch_start(ngx_openai_viewer_t *v);
void ngx_openai_watch(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice);


#endif /* _NGX_OPENAI_FEED_H_INCLUDED_ */
