
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Capture: the life of one exchange, from the first phase that knows its
 * location to the log phase.
 *
 * The exchange lives in the request's pool.  Internal redirects wipe the
 * request's module contexts, so a pool cleanup keeps it findable.
 */


#ifndef _NGX_HTTP_OPENAI_CAPTURE_H_INCLUDED_
#define _NGX_HTTP_OPENAI_CAPTURE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/secrets/redact.h"
#include "digest/digest.h"
#include "digest/wire/secrets.h"
#include "store/writer.h"


/* the sides of an exchange */

#define NGX_HTTP_OPENAI_REQUEST         0
#define NGX_HTTP_OPENAI_RESPONSE        1

/* bits of store_bodies */

#define NGX_HTTP_OPENAI_STORE_REQUEST   1
#define NGX_HTTP_OPENAI_STORE_RESPONSE  2


/* what a location says of capture; filled by the directives */

typedef struct {
    ngx_shm_zone_t            *shm_zone;      /* NULL: nothing is captured */
    ngx_http_complex_value_t  *condition;     /* NULL: always */
    size_t                     body_max;      /* bytes kept per direction */
    ngx_uint_t                 store_bodies;  /* whose bodies are kept at all */
    ngx_array_t               *masks;         /* of bodies; NULL: none */
    ngx_http_openai_redact_t   redact;
    openai_prices_t           *prices;
} ngx_http_openai_capture_conf_t;


typedef struct ngx_http_openai_veil_s     ngx_http_openai_veil_t;
typedef struct ngx_http_openai_waiting_s  ngx_http_openai_waiting_t;


typedef struct ngx_http_openai_exchange_s  ngx_http_openai_exchange_t;

typedef void (*ngx_http_openai_cleanup_pt)(ngx_http_openai_exchange_t *ex);

struct ngx_http_openai_exchange_s {
    ngx_http_request_t              *request;
    ngx_http_openai_capture_conf_t  *conf;
    ngx_http_openai_cleanup_pt       cleanup;    /* when the pool goes */
    ngx_queue_t                      queue;      /* of this process */
    ngx_queue_t                      due;        /* to be published; or 0 */


    /* pieces of its bodies that wait for the turn's end, and the first one */
    ngx_http_openai_waiting_t       *waiting;
    ngx_uint_t                       nwaiting;

    ngx_openai_writer_t              writer;
    openai_meter_t                  *meter;      /* NULL: memory was short */
    u_char                          *spare;      /* what its block has left */

    /* NULL: a body goes to the record as it is */
    ngx_http_openai_veil_t          *veil[2];
    openai_secrets_words_t          *words;      /* NULL: none */

    ngx_http_log_handler_pt          log_handler;   /* nginx's own */

    /* of an upgraded connection: what receives on its two sides */

    ngx_recv_pt                      client_recv;
    ngx_recv_pt                      upstream_recv;

    uint64_t                         start_us;   /* monotonic */
    ngx_msec_t                       published;
    ngx_msec_t                       tls_start;

    ngx_uint_t                       status;     /* that was answered with */

    unsigned                         answered:1; /* a header was seen */
    unsigned                         upstream:1; /* it was an upstream's */
    unsigned                         measured:1; /* its length is known */
    unsigned                         seen_last:1;
    unsigned                         failed:1;   /* by a filter of nginx */
    unsigned                         cancelled:1;
    unsigned                         monitor:1;  /* a monitor's, by a header */
    unsigned                         tls_watched:1;
    unsigned                         tls_running:1;  /* since tls_start */
    unsigned                         unpublished:1;  /* rec says more */
    unsigned                         token_told:1;   /* the first one */
    unsigned                         committed:1;   /* rec is final */

    ngx_openai_record_t              rec;        /* the meter's facts, too */
};


extern ngx_module_t  ngx_http_openai_monitor_module;


/* implemented by whoever owns the directives; NULL where capture is off */
ngx_http_openai_capture_conf_t *ngx_http_openai_capture_conf(
    ngx_http_request_t *r);


/* installs the filters and the phase handlers; at postconfiguration */
ngx_int_t ngx_http_openai_capture_init(ngx_conf_t *cf);
ngx_int_t ngx_http_openai_capture_variables(ngx_conf_t *cf);


/* the memory of an exchange and its meter, zeroed up to its record, as the
   context of the request until its pool goes, which calls "cleanup" first.
   _alloc() is of openai_alloc_t, with the exchange as its context, and takes
   from the request's pool what a block has no room for */
ngx_http_openai_exchange_t *ngx_http_openai_block_take(ngx_http_request_t *r,
    ngx_http_openai_cleanup_pt cleanup);
void *ngx_http_openai_block_alloc(void *ctx, size_t size);

/* the request is not to be recorded, and not to be asked for again */
void ngx_http_openai_block_decline(ngx_http_request_t *r);

/* the exchange of this request, NULL when it is not captured; _find() where
   the request's context does not tell */

ngx_http_openai_exchange_t *ngx_http_openai_block_find(ngx_http_request_t *r);

static ngx_inline ngx_http_openai_exchange_t *
ngx_http_openai_exchange(ngx_http_request_t *r)
{
    ngx_http_openai_exchange_t  *ex;

    ex = ngx_http_get_module_ctx(r, ngx_http_openai_monitor_module);

    return (ex && ex->request) ? ex : ngx_http_openai_block_find(r);
}


/* begins one unless it runs already, or the location does not want it */
ngx_http_openai_exchange_t *ngx_http_openai_exchange_begin(
    ngx_http_request_t *r);

/* in the log phase, where there is none: counts it, had it been wanted */
void ngx_http_openai_exchange_lost(ngx_http_request_t *r);

void ngx_http_openai_exchange_header(ngx_http_openai_exchange_t *ex);

/* us, monotonic */

static ngx_inline uint64_t
ngx_http_openai_now_us(void)
{
    struct timespec  ts;

    if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1) {
        return (uint64_t) ngx_current_msec * 1000;
    }

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}


/* us since it began, never less than 0 */

static ngx_inline uint64_t
ngx_http_openai_exchange_age(ngx_http_openai_exchange_t *ex)
{
    uint64_t  now;

    now = ngx_http_openai_now_us();

    return (now > ex->start_us) ? now - ex->start_us : 0;
}


/* it runs in this process, from the one to the other */
void ngx_http_openai_turn_begin(ngx_http_openai_exchange_t *ex);
void ngx_http_openai_turn_end(ngx_http_openai_exchange_t *ex);

/* a piece of a body has come: it is looked at when the event loop's turn is
   over, or at once where it is large.  data may go after the call */
void ngx_http_openai_turn_piece(ngx_http_openai_exchange_t *ex,
    ngx_uint_t side, u_char *data, size_t len, ngx_uint_t last);

/* now, as the order or the facts so far matter: nothing of this exchange
   waits afterwards */
void ngx_http_openai_turn_settle(ngx_http_openai_exchange_t *ex);

/* the process ends: nothing waits any longer */
void ngx_http_openai_turn_exit(void);

/* readers see what is known so far, within 200 ms, and the first token at
   once */
void ngx_http_openai_turn_publish(ngx_http_openai_exchange_t *ex);

/* a piece goes to the meter and to the record; "age" is when it came, in us of
   the exchange, "last" that no more comes */
void ngx_http_openai_body_piece(ngx_http_openai_exchange_t *ex,
    ngx_uint_t side, u_char *data, size_t len, ngx_uint_t last, uint64_t age);

/* bytes of a side's body to the record, as far as there is room */
void ngx_http_openai_body_keep(ngx_http_openai_exchange_t *ex,
    ngx_uint_t side, u_char *data, size_t len);

/* after 101: observes both connections, until the end of the exchange */
void ngx_http_openai_websocket_tap(ngx_http_openai_exchange_t *ex);
void ngx_http_openai_websocket_untap(ngx_http_openai_exchange_t *ex);

#if (NGX_HTTP_SSL)
/* from now on the handshakes with this upstream are timed, those of other
   exchanges too; the request has an upstream over TLS */
void ngx_http_openai_tls_watch(ngx_http_openai_exchange_t *ex);
#endif

/* fills in what only the end knows and ends the record; in the log phase, or
   when the pool goes, by whoever is first */
void ngx_http_openai_exchange_commit(ngx_http_openai_exchange_t *ex);

/* how it ended; the request is in its log phase */
ngx_uint_t ngx_http_openai_outcome(ngx_http_openai_exchange_t *ex);
/* the attempts so far, from nginx's own notes; what else is known of those
   that the record has already stays */
void ngx_http_openai_attempts(ngx_http_request_t *r,
    ngx_openai_record_t *rec);

/* takes secrets out of what nginx logs of this request */
void ngx_http_openai_log_init(ngx_http_openai_exchange_t *ex);

/* request line or status line and headers, secrets replaced, to the zone; the
   request's line goes there with its headers, which follow at once */
void ngx_http_openai_head_init(void);     /* with each configuration */
void ngx_http_openai_request_line(ngx_http_openai_exchange_t *ex);
void ngx_http_openai_request_headers(ngx_http_openai_exchange_t *ex);
void ngx_http_openai_response_head(ngx_http_openai_exchange_t *ex);


#endif /* _NGX_HTTP_OPENAI_CAPTURE_H_INCLUDED_ */
