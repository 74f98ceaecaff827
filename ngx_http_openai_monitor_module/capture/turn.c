
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/capture.h"
#include "capture/secrets/veil.h"
#include "store/fault.h"


/*
 * What the end of the event loop's turn does, when all that came in this turn
 * has been passed on: pieces of bodies wait for it in a copy, so that neither
 * they nor those of other exchanges wait for what becomes of them.  Where many
 * exchanges run, they wait for a turn that brings no more.
 *
 * And what time does: the sweep.
 */


#define NGX_HTTP_OPENAI_PUBLISH_MS  100
#define NGX_HTTP_OPENAI_SWEEP_MS    100
#define NGX_HTTP_OPENAI_SWEEP       16          /* exchanges, all at once */
#define NGX_HTTP_OPENAI_PAUSE_MS    5

#define NGX_HTTP_OPENAI_TURN_SIZE   1048576     /* bytes that wait at once */
#define NGX_HTTP_OPENAI_TURN_PIECE  4096        /* larger ones do not wait */

/* with so many exchanges pieces wait on while others come, and are looked at a
   few in a turn; more of them when so many bytes wait */
#define NGX_HTTP_OPENAI_TURN_MANY   64
#define NGX_HTTP_OPENAI_TURN_FEW    4
#define NGX_HTTP_OPENAI_TURN_MORE   256
#define NGX_HTTP_OPENAI_TURN_HIGH   (NGX_HTTP_OPENAI_TURN_SIZE / 4 * 3)


/* a piece that waits; its bytes follow it, and the next one them */

struct ngx_http_openai_waiting_s {
    ngx_http_openai_exchange_t  *ex;    /* NULL: no longer */
    uint64_t                     age;
    uint32_t                     size;  /* with its bytes */
    uint32_t                     len;
    uint16_t                     side;
    uint16_t                     last;
};


#define ngx_http_openai_turn_last()                                          \
    ((u_char *) ngx_http_openai_waiting + ngx_http_openai_waiting_size)


static void ngx_http_openai_turn_process(void);
static void ngx_http_openai_turn_log(void);
static void ngx_http_openai_turn_wipe(void);
static ngx_http_openai_waiting_t *ngx_http_openai_turn_place(size_t len);
static void ngx_http_openai_turn_pieces(u_char *last);
static u_char *ngx_http_openai_turn_share(void);
static void ngx_http_openai_turn_do(ngx_http_openai_waiting_t *w);
static void ngx_http_openai_turn_over(ngx_event_t *ev);
static void ngx_http_openai_turn_records(void);
static void ngx_http_openai_turn_not_due(ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_turn_write(ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_turn_sweep(ngx_event_t *ev);
static void ngx_http_openai_turn_cancel(ngx_http_openai_exchange_t *ex);
static ngx_msec_t ngx_http_openai_turn_pause(void);


/* of this process: what runs, the timer that looks after it, what is to be
   published when the turn ends, and what waits for that */

static ngx_queue_t       ngx_http_openai_running;
static ngx_uint_t        ngx_http_openai_nrunning;
static ngx_queue_t      *ngx_http_openai_swept;          /* the next one */
static ngx_queue_t       ngx_http_openai_due;
static ngx_event_t       ngx_http_openai_turn_event;
static ngx_uint_t        ngx_http_openai_turn_later;  /* put off already */
static ngx_event_t       ngx_http_openai_sweep_event;
static ngx_connection_t  ngx_http_openai_turn_connection;

static uint64_t          ngx_http_openai_waiting[NGX_HTTP_OPENAI_TURN_SIZE / 8];
static size_t            ngx_http_openai_waiting_size;   /* bytes */
static size_t            ngx_http_openai_waiting_done;   /* of them */
static size_t            ngx_http_openai_waiting_seen;   /* the turn before */
static size_t            ngx_http_openai_waiting_used;   /* not wiped since */
static ngx_uint_t        ngx_http_openai_waiting_wipe;


void
ngx_http_openai_turn_begin(ngx_http_openai_exchange_t *ex)
{
    if (ngx_http_openai_running.next == NULL) {
        ngx_http_openai_turn_process();
    }

    ngx_queue_insert_tail(&ngx_http_openai_running, &ex->queue);
    ngx_http_openai_nrunning++;

    if (!ngx_http_openai_sweep_event.timer_set) {
        ngx_http_openai_turn_log();
        ngx_add_timer(&ngx_http_openai_sweep_event, NGX_HTTP_OPENAI_SWEEP_MS);
    }
}


void
ngx_http_openai_turn_end(ngx_http_openai_exchange_t *ex)
{
    ngx_http_openai_turn_not_due(ex);

    if (ngx_http_openai_swept == &ex->queue) {
        ngx_http_openai_swept = ngx_queue_next(&ex->queue);
    }

    ngx_queue_remove(&ex->queue);
    ngx_http_openai_nrunning--;

    ngx_http_openai_waiting_wipe = 1;

    if (ngx_http_openai_waiting_size == 0) {
        ngx_http_openai_turn_wipe();
    }
}


/* its bodies may have secrets: no piece of them stays */

static void
ngx_http_openai_turn_wipe(void)
{
    ngx_memzero(ngx_http_openai_waiting, ngx_http_openai_waiting_used);

    ngx_http_openai_waiting_used = 0;
    ngx_http_openai_waiting_wipe = 0;
}


/* not at init_process, which a single process does not see after a reload */

static void
ngx_http_openai_turn_process(void)
{
    ngx_queue_init(&ngx_http_openai_running);
    ngx_http_openai_swept = ngx_queue_sentinel(&ngx_http_openai_running);
    ngx_queue_init(&ngx_http_openai_due);

    ngx_http_openai_turn_connection.fd = (ngx_socket_t) -1;

    ngx_http_openai_sweep_event.handler = ngx_http_openai_turn_sweep;
    ngx_http_openai_sweep_event.data = &ngx_http_openai_turn_connection;
    ngx_http_openai_sweep_event.cancelable = 1;

    ngx_http_openai_turn_event.handler = ngx_http_openai_turn_over;
    ngx_http_openai_turn_event.data = &ngx_http_openai_turn_connection;
}


/* of this cycle: a single process goes on with the next one after a reload */

static void
ngx_http_openai_turn_log(void)
{
    ngx_http_openai_turn_event.log = ngx_cycle->log;
    ngx_http_openai_sweep_event.log = ngx_cycle->log;
}


void
ngx_http_openai_turn_piece(ngx_http_openai_exchange_t *ex, ngx_uint_t side,
    u_char *data, size_t len, ngx_uint_t last)
{
    uint64_t                    age;
    ngx_http_openai_waiting_t  *w;

    /* it came before what waits may have to be looked at */

    age = ngx_http_openai_exchange_age(ex);

    /* a whole answer ends in this turn, as a rule, and its record with it */

    if (len > NGX_HTTP_OPENAI_TURN_PIECE
        || (side == NGX_HTTP_OPENAI_RESPONSE && ex->measured))
    {
        ngx_http_openai_turn_settle(ex);
        ngx_http_openai_body_piece(ex, side, data, len, last, age);
        ngx_http_openai_turn_publish(ex);
        return;
    }

    w = ngx_http_openai_turn_place(len);

    w->ex = ex;
    w->age = age;
    w->len = (uint32_t) len;
    w->side = (uint16_t) side;
    w->last = (uint16_t) last;

    if (len) {
        ngx_memcpy(w + 1, data, len);
    }

    if (ex->nwaiting++ == 0) {
        ex->waiting = w;
    }

    ngx_post_event(&ngx_http_openai_turn_event, &ngx_posted_events);
}


/* in memory that the turns before have used too, so that it is in the caches */

static ngx_http_openai_waiting_t *
ngx_http_openai_turn_place(size_t len)
{
    size_t                      size;
    ngx_http_openai_waiting_t  *w;

    size = ngx_align(sizeof(ngx_http_openai_waiting_t) + len, NGX_ALIGNMENT);

    if (size > NGX_HTTP_OPENAI_TURN_SIZE - ngx_http_openai_waiting_size) {
        ngx_openai_fault("turn.full");
        ngx_http_openai_turn_pieces(ngx_http_openai_turn_last());
    }

    w = (ngx_http_openai_waiting_t *) ngx_http_openai_turn_last();
    w->size = (uint32_t) size;

    ngx_http_openai_waiting_size += size;

    return w;
}


void
ngx_http_openai_turn_settle(ngx_http_openai_exchange_t *ex)
{
    u_char                     *p;
    ngx_http_openai_waiting_t  *w;

    for (p = (u_char *) ex->waiting; ex->nwaiting; p += w->size) {
        w = (ngx_http_openai_waiting_t *) p;

        if (w->ex == ex) {
            ngx_http_openai_turn_do(w);
        }
    }
}


/* of those that wait, what is before this place in their memory */

static void
ngx_http_openai_turn_pieces(u_char *last)
{
    u_char                     *p;
    ngx_http_openai_waiting_t  *w;

    p = (u_char *) ngx_http_openai_waiting + ngx_http_openai_waiting_done;

    if (p == last) {
        return;
    }

    ngx_openai_fault("turn.over");

    for ( /* void */ ; p < last; p += w->size) {
        w = (ngx_http_openai_waiting_t *) p;

        if (w->ex) {
            ngx_http_openai_turn_do(w);
        }
    }

    if (last < ngx_http_openai_turn_last()) {
        ngx_http_openai_waiting_done = p - (u_char *) ngx_http_openai_waiting;
        return;
    }

    ngx_http_openai_waiting_used = ngx_max(ngx_http_openai_waiting_used,
                                           ngx_http_openai_waiting_size);
    ngx_http_openai_waiting_size = 0;
    ngx_http_openai_waiting_done = 0;

    if (ngx_http_openai_waiting_wipe) {
        ngx_http_openai_turn_wipe();
    }
}


/* of its exchange, none before it waits */

static void
ngx_http_openai_turn_do(ngx_http_openai_waiting_t *w)
{
    ngx_http_openai_exchange_t  *ex;

    ex = w->ex;

    w->ex = NULL;
    ex->nwaiting--;

    ngx_http_openai_body_piece(ex, w->side, (u_char *) (w + 1), w->len, w->last,
                               w->age);
    ngx_http_openai_turn_publish(ex);
}


void
ngx_http_openai_turn_publish(ngx_http_openai_exchange_t *ex)
{
    ex->unpublished = 1;

    /* the first token does not wait; the sweep does the rest, so that a short
       exchange is written twice, when it begins and when it ends */

    if ((ex->rec.facts.first_token_us == 0 || ex->token_told)
        && (ngx_msec_int_t) (ngx_current_msec - ex->published)
           < NGX_HTTP_OPENAI_PUBLISH_MS)
    {
        return;
    }

    /* when the turn is over, unless it brings the end */

    if (ex->due.next == NULL) {
        ngx_queue_insert_tail(&ngx_http_openai_due, &ex->due);
    }

    ngx_post_event(&ngx_http_openai_turn_event, &ngx_posted_events);
}


static void
ngx_http_openai_turn_over(ngx_event_t *ev)
{
    /* what others have put off to the turn's end since may be to pass on, as
       the packets of HTTP/3 are; once, as they may think so, too */

    if (!ngx_http_openai_turn_later && !ngx_queue_empty(&ngx_posted_events)) {
        ngx_http_openai_turn_later = 1;
        ngx_post_event(ev, &ngx_posted_events);
        return;
    }

    ngx_http_openai_turn_later = 0;

    ngx_http_openai_turn_pieces(ngx_http_openai_turn_share());

    if (!ngx_queue_empty(&ngx_http_openai_due)) {
        ngx_http_openai_turn_records();
    }

    /* by what was to be published of these pieces, which is done */

    if (ev->posted) {
        ngx_delete_posted_event(ev);
    }

    ngx_http_openai_waiting_seen = ngx_http_openai_waiting_size;

    if (ngx_http_openai_waiting_size) {
        ngx_post_event(ev, &ngx_posted_next_events);
    }
}


/*
 * The end of the pieces to be looked at in this turn.  A worker that is busy
 * with many streams has more of them to pass on in each turn, which would come
 * later by what becomes of these; they wait for the next moment in which it has
 * nothing else to do.
 */

static u_char *
ngx_http_openai_turn_share(void)
{
    u_char      *p, *last;
    ngx_uint_t   n;

    last = ngx_http_openai_turn_last();

    if (ngx_http_openai_nrunning < NGX_HTTP_OPENAI_TURN_MANY) {
        return last;
    }

    p = (u_char *) ngx_http_openai_waiting + ngx_http_openai_waiting_done;
    n = NGX_HTTP_OPENAI_TURN_FEW;

    if (ngx_http_openai_waiting_size >= NGX_HTTP_OPENAI_TURN_HIGH) {
        n = NGX_HTTP_OPENAI_TURN_MORE;

    } else if (ngx_http_openai_waiting_size > ngx_http_openai_waiting_seen) {
        return p;
    }

    for ( /* void */ ; n && p < last; n--) {
        p += ((ngx_http_openai_waiting_t *) p)->size;
    }

    return p;
}


void
ngx_http_openai_turn_exit(void)
{
    ngx_queue_t                 *q;
    ngx_http_openai_exchange_t  *ex;

    if (ngx_http_openai_running.next == NULL) {
        return;
    }

    ngx_http_openai_turn_pieces(ngx_http_openai_turn_last());

    /* what the sweep would write is not known to anybody else, either */

    for (q = ngx_queue_head(&ngx_http_openai_running);
         q != ngx_queue_sentinel(&ngx_http_openai_running);
         q = ngx_queue_next(q))
    {
        ex = ngx_queue_data(q, ngx_http_openai_exchange_t, queue);

        if (ex->unpublished) {
            ngx_http_openai_turn_not_due(ex);
            ngx_http_openai_turn_write(ex);
        }
    }
}


static void
ngx_http_openai_turn_records(void)
{
    ngx_queue_t                 *q;
    ngx_http_openai_exchange_t  *ex;

    while (!ngx_queue_empty(&ngx_http_openai_due)) {

        q = ngx_queue_head(&ngx_http_openai_due);
        ex = ngx_queue_data(q, ngx_http_openai_exchange_t, due);

        ngx_http_openai_turn_not_due(ex);
        ngx_http_openai_turn_write(ex);
    }
}


static void
ngx_http_openai_turn_not_due(ngx_http_openai_exchange_t *ex)
{
    if (ex->due.next) {
        ngx_queue_remove(&ex->due);
        ex->due.next = NULL;
    }
}


static void
ngx_http_openai_turn_write(ngx_http_openai_exchange_t *ex)
{
    ex->unpublished = 0;
    ex->token_told = (ex->rec.facts.first_token_us != 0);
    ex->published = ngx_current_msec;

    ngx_http_openai_attempts(ex->request, &ex->rec);

    ngx_openai_writer_publish(&ex->writer, ngx_http_openai_veil_record(ex));
}


/*
 * Each exchange is looked at once in 100 ms.  Where many run, it is a few of
 * them at a time: what is known of them lies in memory which is in no cache,
 * and what is proxied would wait for it.
 */

static void
ngx_http_openai_turn_sweep(ngx_event_t *ev)
{
    ngx_uint_t                   n;
    ngx_queue_t                 *q;
    ngx_http_openai_exchange_t  *ex;

    n = 1 + ngx_http_openai_nrunning * ngx_http_openai_turn_pause()
            / NGX_HTTP_OPENAI_SWEEP_MS;

    for ( /* void */ ; n && !ngx_queue_empty(&ngx_http_openai_running); n--) {

        q = ngx_http_openai_swept;

        if (q == ngx_queue_sentinel(&ngx_http_openai_running)) {
            q = ngx_queue_head(&ngx_http_openai_running);
        }

        ngx_http_openai_swept = ngx_queue_next(q);

        ex = ngx_queue_data(q, ngx_http_openai_exchange_t, queue);

        if (!ex->cancelled && ngx_openai_writer_cancelled(&ex->writer)) {
            ngx_http_openai_turn_cancel(ex);
            continue;
        }

        /* after a burst no further piece may come for long */

        if (ex->unpublished
            && (ngx_msec_int_t) (ngx_current_msec - ex->published)
               >= NGX_HTTP_OPENAI_PUBLISH_MS)
        {
            ngx_http_openai_turn_not_due(ex);
            ngx_http_openai_turn_write(ex);
        }
    }

    if (ngx_http_openai_nrunning) {
        ngx_http_openai_turn_log();
        ngx_add_timer(ev, ngx_http_openai_turn_pause());
    }
}


/*
 * Cancelling goes through nginx's own way to end a request whose connection
 * must close, which serves all states and versions of HTTP.
 */

static void
ngx_http_openai_turn_cancel(ngx_http_openai_exchange_t *ex)
{
    ngx_connection_t  *c;

    c = ex->request->connection;

    ex->cancelled = 1;
    ex->rec.flags |= NGX_OPENAI_REC_CANCELLED;

    ngx_log_error(NGX_LOG_INFO, c->log, 0,
                  "exchange %s was cancelled in the monitor", ex->rec.id);

    c->close = 1;
    c->error = 1;

    c->read->handler(c->read);
}


/* ms between two looks at some of those that run */

static ngx_msec_t
ngx_http_openai_turn_pause(void)
{
    ngx_msec_t  ms;

    ms = NGX_HTTP_OPENAI_SWEEP_MS * NGX_HTTP_OPENAI_SWEEP
         / ngx_max(ngx_http_openai_nrunning, NGX_HTTP_OPENAI_SWEEP);

    return ngx_max(ms, NGX_HTTP_OPENAI_PAUSE_MS);
}
