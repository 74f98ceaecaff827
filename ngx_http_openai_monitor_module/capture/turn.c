
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
 * The end of the event loop's turn, for the exchanges of this process.
 *
 * Filters hand the pieces of bodies over while the turn runs.  A piece waits
 * in a copy until the turn has passed on all that came in it, so that parsing
 * delays nothing.  Then the queue of pieces is parsed in its order, and changed
 * records are published.  Pieces that wait take NGX_HTTP_OPENAI_TURN_SIZE bytes
 * at most: when that is full, the queue is parsed at once.  The copy is wiped
 * when an exchange ends, because bodies may have secrets.
 *
 * A timer, the sweep, publishes what a burst left unpublished, and ends the
 * exchanges that a viewer cancelled.
 */


#define NGX_HTTP_OPENAI_PUBLISH_MS  100
#define NGX_HTTP_OPENAI_SWEEP_MS    100
#define NGX_HTTP_OPENAI_SWEEP       16          /* exchanges, all at once */
#define NGX_HTTP_OPENAI_PAUSE_MS    5

#define NGX_HTTP_OPENAI_TURN_SIZE   1048576     /* bytes that wait at once */
#define NGX_HTTP_OPENAI_TURN_PIECE  4096        /* larger ones do not wait */

/* a waiting piece; its bytes follow it, then the next piece */

struct ngx_http_openai_waiting_s {
    ngx_http_openai_exchange_t  *ex;    /* NULL: parsed already */
    uint64_t                     age;
    uint32_t                     size;  /* with its bytes */
    uint32_t                     len;
    uint16_t                     side;
    uint16_t                     last;
};


typedef struct {
    ngx_queue_t       running;      /* exchanges; next is NULL before any */
    ngx_uint_t        nrunning;
    ngx_queue_t      *swept;        /* the next one to be swept */
    ngx_queue_t       due;          /* exchanges to publish at the turn's end */

    ngx_event_t       end;          /* of the turn */
    ngx_event_t       sweep;
    ngx_connection_t  connection;   /* of both events, for the debug log */

    size_t            waiting;      /* bytes of pieces in the buffer */
    size_t            dirty;        /* bytes written since the last wipe */

    unsigned          deferred:1;   /* the end was put off in this turn */
    unsigned          wipe:1;       /* an exchange has ended */

    uint64_t          buf[NGX_HTTP_OPENAI_TURN_SIZE / 8];
} ngx_http_openai_turn_t;


static void ngx_http_openai_turn_process(void);
static void ngx_http_openai_turn_log(void);
static void ngx_http_openai_turn_wipe(void);
static ngx_http_openai_waiting_t *ngx_http_openai_turn_place(size_t len);
static void ngx_http_openai_turn_pieces(void);
static void ngx_http_openai_turn_do(ngx_http_openai_waiting_t *w);
static void ngx_http_openai_turn_over(ngx_event_t *ev);
static void ngx_http_openai_turn_records(void);
static void ngx_http_openai_turn_not_due(ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_turn_write(ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_turn_sweep(ngx_event_t *ev);
static void ngx_http_openai_turn_cancel(ngx_http_openai_exchange_t *ex);
static ngx_msec_t ngx_http_openai_turn_pause(void);


static ngx_http_openai_turn_t  ngx_http_openai_turn;


void
ngx_http_openai_turn_begin(ngx_http_openai_exchange_t *ex)
{
    if (ngx_http_openai_turn.running.next == NULL) {
        ngx_http_openai_turn_process();
    }

    ngx_queue_insert_tail(&ngx_http_openai_turn.running, &ex->queue);
    ngx_http_openai_turn.nrunning++;

    if (!ngx_http_openai_turn.sweep.timer_set) {
        ngx_http_openai_turn_log();
        ngx_add_timer(&ngx_http_openai_turn.sweep, NGX_HTTP_OPENAI_SWEEP_MS);
    }
}


void
ngx_http_openai_turn_end(ngx_http_openai_exchange_t *ex)
{
    ngx_http_openai_turn_not_due(ex);

    if (ngx_http_openai_turn.swept == &ex->queue) {
        ngx_http_openai_turn.swept = ngx_queue_next(&ex->queue);
    }

    ngx_queue_remove(&ex->queue);
    ngx_http_openai_turn.nrunning--;

    ngx_http_openai_turn.wipe = 1;

    if (ngx_http_openai_turn.waiting == 0) {
        ngx_http_openai_turn_wipe();
    }
}


/* overwrites the pieces, because bodies may have secrets */

static void
ngx_http_openai_turn_wipe(void)
{
    ngx_memzero(ngx_http_openai_turn.buf, ngx_http_openai_turn.dirty);

    ngx_http_openai_turn.dirty = 0;
    ngx_http_openai_turn.wipe = 0;
}


/* not called at init_process, because a single process has none after a
   reload */

static void
ngx_http_openai_turn_process(void)
{
    ngx_queue_init(&ngx_http_openai_turn.running);
    ngx_http_openai_turn.swept =
                          ngx_queue_sentinel(&ngx_http_openai_turn.running);
    ngx_queue_init(&ngx_http_openai_turn.due);

    ngx_http_openai_turn.connection.fd = (ngx_socket_t) -1;

    ngx_http_openai_turn.sweep.handler = ngx_http_openai_turn_sweep;
    ngx_http_openai_turn.sweep.data = &ngx_http_openai_turn.connection;
    ngx_http_openai_turn.sweep.cancelable = 1;

    ngx_http_openai_turn.end.handler = ngx_http_openai_turn_over;
    ngx_http_openai_turn.end.data = &ngx_http_openai_turn.connection;
}


/* takes the log of the cycle; a single process has another one after a
   reload */

static void
ngx_http_openai_turn_log(void)
{
    ngx_http_openai_turn.end.log = ngx_cycle->log;
    ngx_http_openai_turn.sweep.log = ngx_cycle->log;
}


void
ngx_http_openai_turn_piece(ngx_http_openai_exchange_t *ex, ngx_uint_t side,
    u_char *data, size_t len, ngx_uint_t last)
{
    uint64_t                    age;
    ngx_http_openai_waiting_t  *w;

    /* parsing other pieces may take time, so note the time first */

    age = ngx_http_openai_exchange_age(ex);

    /* an answer of known length normally ends in this turn, so waiting would
       gain nothing */

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

    ngx_post_event(&ngx_http_openai_turn.end, &ngx_posted_events);
}


/* each turn starts at the same place, so the memory stays in the caches */

static ngx_http_openai_waiting_t *
ngx_http_openai_turn_place(size_t len)
{
    size_t                      size;
    ngx_http_openai_waiting_t  *w;

    size = ngx_align(sizeof(ngx_http_openai_waiting_t) + len, NGX_ALIGNMENT);

    if (size > NGX_HTTP_OPENAI_TURN_SIZE - ngx_http_openai_turn.waiting) {
        ngx_openai_fault("turn.full");

        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                       "openai monitor: %uz bytes wait, parse them now",
                       ngx_http_openai_turn.waiting);

        ngx_http_openai_turn_pieces();
    }

    w = (ngx_http_openai_waiting_t *)
            ((u_char *) ngx_http_openai_turn.buf
             + ngx_http_openai_turn.waiting);
    w->size = (uint32_t) size;

    ngx_http_openai_turn.waiting += size;

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


/* parses all pieces that wait, in the order in which they came */

static void
ngx_http_openai_turn_pieces(void)
{
    u_char                     *p, *last;
    ngx_http_openai_turn_t     *turn;
    ngx_http_openai_waiting_t  *w;

    turn = &ngx_http_openai_turn;

    if (turn->waiting == 0) {
        return;
    }

    ngx_openai_fault("turn.over");

    p = (u_char *) turn->buf;
    last = p + turn->waiting;

    for ( /* void */ ; p < last; p += w->size) {
        w = (ngx_http_openai_waiting_t *) p;

        if (w->ex) {
            ngx_http_openai_turn_do(w);
        }
    }

    turn->dirty = ngx_max(turn->dirty, turn->waiting);
    turn->waiting = 0;

    if (turn->wipe) {
        ngx_http_openai_turn_wipe();
    }
}


/* parses a piece; its exchange has no earlier one that waits */

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

    /* the first token is published at once and the rest by the sweep, so a
       short exchange is written twice only */

    if ((ex->rec.facts.first_token_us == 0 || ex->token_told)
        && (ngx_msec_int_t) (ngx_current_msec - ex->published)
           < NGX_HTTP_OPENAI_PUBLISH_MS)
    {
        return;
    }

    /* at the end of the turn, unless the exchange ends before */

    if (ex->due.next == NULL) {
        ngx_queue_insert_tail(&ngx_http_openai_turn.due, &ex->due);
    }

    ngx_post_event(&ngx_http_openai_turn.end, &ngx_posted_events);
}


static void
ngx_http_openai_turn_over(ngx_event_t *ev)
{
    /* other events may have to pass data on at the end of the turn, such as
       the packets of HTTP/3.  Let them run first, but only once, because they
       may wait for this one in the same way */

    if (!ngx_http_openai_turn.deferred
        && !ngx_queue_empty(&ngx_posted_events))
    {
        ngx_http_openai_turn.deferred = 1;
        ngx_post_event(ev, &ngx_posted_events);
        return;
    }

    ngx_http_openai_turn.deferred = 0;

    ngx_http_openai_turn_pieces();

    if (!ngx_queue_empty(&ngx_http_openai_turn.due)) {
        ngx_http_openai_turn_records();
    }

    /* publishing these pieces posted the event again */

    if (ev->posted) {
        ngx_delete_posted_event(ev);
    }
}


void
ngx_http_openai_turn_exit(void)
{
    ngx_queue_t                 *q;
    ngx_http_openai_exchange_t  *ex;

    if (ngx_http_openai_turn.running.next == NULL) {
        return;
    }

    ngx_http_openai_turn_pieces();

    /* only this process knows what the sweep has not published yet */

    for (q = ngx_queue_head(&ngx_http_openai_turn.running);
         q != ngx_queue_sentinel(&ngx_http_openai_turn.running);
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

    while (!ngx_queue_empty(&ngx_http_openai_turn.due)) {

        q = ngx_queue_head(&ngx_http_openai_turn.due);
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
    if (ex->rec.facts.first_token_us && !ex->token_told) {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ex->request->connection->log, 0,
                       "openai monitor: first token at %uL us",
                       ex->rec.facts.first_token_us);
    }

    ex->unpublished = 0;
    ex->token_told = (ex->rec.facts.first_token_us != 0);
    ex->published = ngx_current_msec;

    ngx_http_openai_attempts(ex->request, &ex->rec);

    ngx_openai_writer_publish(&ex->writer, ngx_http_openai_veil_record(ex));
}


/*
 * Visits each exchange once in 100 ms.  With many exchanges a visit takes only
 * a few of them, because their memory is in no cache and traffic would wait.
 */

static void
ngx_http_openai_turn_sweep(ngx_event_t *ev)
{
    ngx_uint_t                   n;
    ngx_queue_t                 *q;
    ngx_http_openai_exchange_t  *ex;

    n = 1 + ngx_http_openai_turn.nrunning * ngx_http_openai_turn_pause()
            / NGX_HTTP_OPENAI_SWEEP_MS;

    for ( /* void */ ; n; n--) {

        if (ngx_queue_empty(&ngx_http_openai_turn.running)) {
            break;
        }

        q = ngx_http_openai_turn.swept;

        if (q == ngx_queue_sentinel(&ngx_http_openai_turn.running)) {
            q = ngx_queue_head(&ngx_http_openai_turn.running);
        }

        ngx_http_openai_turn.swept = ngx_queue_next(q);

        ex = ngx_queue_data(q, ngx_http_openai_exchange_t, queue);

        if (!ex->cancelled && ngx_openai_writer_cancelled(&ex->writer)) {
            ngx_http_openai_turn_cancel(ex);
            continue;
        }

        /* after a burst it may take long until the next piece */

        if (ex->unpublished
            && (ngx_msec_int_t) (ngx_current_msec - ex->published)
               >= NGX_HTTP_OPENAI_PUBLISH_MS)
        {
            ngx_http_openai_turn_not_due(ex);
            ngx_http_openai_turn_write(ex);
        }
    }

    if (ngx_http_openai_turn.nrunning) {
        ngx_http_openai_turn_log();
        ngx_add_timer(ev, ngx_http_openai_turn_pause());
    }
}


/* ends a request in nginx's own way for a connection that must close, which
   works in all states and versions of HTTP */

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


/* returns the ms between two visits */

static ngx_msec_t
ngx_http_openai_turn_pause(void)
{
    ngx_msec_t  ms;

    ms = NGX_HTTP_OPENAI_SWEEP_MS * NGX_HTTP_OPENAI_SWEEP
         / ngx_max(ngx_http_openai_turn.nrunning, NGX_HTTP_OPENAI_SWEEP);

    return ngx_max(ms, NGX_HTTP_OPENAI_PAUSE_MS);
}
