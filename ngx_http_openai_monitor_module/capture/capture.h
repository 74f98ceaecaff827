
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Capture: the life of one exchange, from the first phase that knows its
 * location to the log phase.
 *
 * The exchange lives as long as the request's pool.  Internal redirects wipe
 * the request's module contexts, so a cleanup of the pool keeps it findable.
 */


#ifndef _NGX_HTTP_OPENAI_CAPTURE_H_INCLUDED_
#define _NGX_HTTP_OPENAI_CAPTURE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/secrets/redact.h"
#include "digest/digest.h"
#include "digest/wire/join.h"
#include "digest/wire/secrets.h"
#include "store/writer.h"


/* the sides of an exchange */

#define NGX_HTTP_OPENAI_REQUEST         0
#define NGX_HTTP_OPENAI_RESPONSE        1

/* bits of store_bodies */

#define NGX_HTTP_OPENAI_STORE_REQUEST   1
#define NGX_HTTP_OPENAI_STORE_RESPONSE  2


/* bytes of a complaint of nginx */

#define NGX_HTTP_OPENAI_REASON          256


/* the configuration of a location; the directives fill it */

typedef struct {
    ngx_shm_zone_t            *shm_zone;      /* NULL: nothing is captured */
    ngx_http_complex_value_t  *condition;     /* NULL: always */
    size_t                     body_max;      /* bytes kept per direction */
    ngx_uint_t                 store_bodies;  /* bits of sides to keep */
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


    /* the first piece of a body that waits for the turn's end, and how many */
    ngx_http_openai_waiting_t       *waiting;
    ngx_uint_t                       nwaiting;

    ngx_openai_writer_t              writer;
    openai_meter_t                  *meter;      /* NULL: memory was short */
    u_char                          *spare;      /* free rest of its block */

    /* NULL: the body goes to the record as it is */
    ngx_http_openai_veil_t          *veil[2];
    openai_secrets_words_t          *words;      /* NULL: none */

    /* an upload that goes on as it comes: nginx reuses the chain of the head
       that it has made, so words.c notes the buffer when it is made */

    ngx_int_t                      (*create_request)(ngx_http_request_t *r);
    ngx_http_upstream_t             *watched;    /* its function is ours */
    ngx_buf_t                       *head;       /* what it has made, or NULL */

    openai_join_t                   *join;       /* a long stream, or NULL */

    ngx_http_log_handler_pt          log_handler;   /* nginx's own */

    /* nginx's recv of both sides of an upgraded connection */

    ngx_recv_pt                      client_recv;
    ngx_recv_pt                      upstream_recv;

    uint64_t                         start_us;   /* monotonic */
    ngx_msec_t                       published;
    ngx_msec_t                       tls_start;

    ngx_uint_t                       status;     /* in the answer's header */

    unsigned                         answered:1; /* a header was seen */
    unsigned                         upstream:1; /* it was an upstream's */
    unsigned                         measured:1; /* its length is known */
    unsigned                         seen_last:1;
    unsigned                         broken:1;      /* by the upstream */
    unsigned                         failed:1;   /* by a filter of nginx */
    unsigned                         cancelled:1;
    unsigned                         monitor:1;  /* has a monitor's header */
    unsigned                         tls_watched:1;
    unsigned                         tls_running:1;  /* since tls_start */
    unsigned                         unpublished:1;  /* rec has news */
    unsigned                         token_told:1;   /* the first token */
    unsigned                         committed:1;   /* rec is final */

    ngx_openai_record_t              rec;        /* the meter's facts, too */

    /* nginx's last complaint about the request; "": none */
    char                             reason[NGX_HTTP_OPENAI_REASON];
};


extern ngx_module_t  ngx_http_openai_monitor_module;


/* returns NULL where capture is off; the module root implements it */
ngx_http_openai_capture_conf_t *ngx_http_openai_capture_conf(
    ngx_http_request_t *r);


/* installs the filters and the phase handlers; at postconfiguration */
ngx_int_t ngx_http_openai_capture_init(ngx_conf_t *cf);
ngx_int_t ngx_http_openai_capture_variables(ngx_conf_t *cf);


/* takes a block for an exchange, zeroed up to its record, and makes it the
   context of the request until the pool goes, which calls "cleanup" first;
   NULL: no memory.  _alloc() is an openai_alloc_t whose context is the
   exchange; without room in the block it takes from the request's pool */
ngx_http_openai_exchange_t *ngx_http_openai_block_take(ngx_http_request_t *r,
    ngx_http_openai_cleanup_pt cleanup);
void *ngx_http_openai_block_alloc(void *ctx, size_t size);

/* marks a request that must not be recorded */
void ngx_http_openai_block_decline(ngx_http_request_t *r);

/* returns the exchange of a request, or NULL; _find() also looks for one whose
   context a redirect wiped */

ngx_http_openai_exchange_t *ngx_http_openai_block_find(ngx_http_request_t *r);

static ngx_inline ngx_http_openai_exchange_t *
ngx_http_openai_exchange(ngx_http_request_t *r)
{
    ngx_http_openai_exchange_t  *ex;

    ex = ngx_http_get_module_ctx(r, ngx_http_openai_monitor_module);

    return (ex && ex->request) ? ex : ngx_http_openai_block_find(r);
}


/* begins an exchange unless one runs; NULL if the location does not want it or
   memory is short */
ngx_http_openai_exchange_t *ngx_http_openai_exchange_begin(
    ngx_http_request_t *r);

/* counts a request without an exchange in the log phase, if one was wanted */
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


/* an exchange runs in this process between these two */
void ngx_http_openai_turn_begin(ngx_http_openai_exchange_t *ex);
void ngx_http_openai_turn_end(ngx_http_openai_exchange_t *ex);

/* takes a piece of a body, which is parsed at the end of the event loop's turn,
   or at once if it is large.  The caller may free data after the call */
void ngx_http_openai_turn_piece(ngx_http_openai_exchange_t *ex,
    ngx_uint_t side, u_char *data, size_t len, ngx_uint_t last);

/* parses the waiting pieces of this exchange now, for callers that need its
   facts */
void ngx_http_openai_turn_settle(ngx_http_openai_exchange_t *ex);

/* the process ends: parses and publishes all that waits */
void ngx_http_openai_turn_exit(void);

/* shows the facts so far to readers, within 200 ms, and the first token at
   once */
void ngx_http_openai_turn_publish(ngx_http_openai_exchange_t *ex);

/* gives a piece to the meter and to the record; "age" is when it came, in us
   since the exchange began; "last" says that no more comes */
void ngx_http_openai_body_piece(ngx_http_openai_exchange_t *ex,
    ngx_uint_t side, u_char *data, size_t len, ngx_uint_t last, uint64_t age);

/* copies bytes of a body to the record, as far as there is room; _kept() when
   no more come */
void ngx_http_openai_body_keep(ngx_http_openai_exchange_t *ex,
    ngx_uint_t side, u_char *data, size_t len);
void ngx_http_openai_body_kept(ngx_http_openai_exchange_t *ex);

/* observes both connections after a 101, until the exchange ends */
void ngx_http_openai_websocket_tap(ngx_http_openai_exchange_t *ex);
void ngx_http_openai_websocket_untap(ngx_http_openai_exchange_t *ex);

#if (NGX_HTTP_SSL)
/* times the handshakes with this upstream from now on, also those of other
   exchanges; the request must have an upstream over TLS */
void ngx_http_openai_tls_watch(ngx_http_openai_exchange_t *ex);
#endif

/* completes and ends the record; the log phase calls it, or the cleanup of the
   pool, and the second call does nothing */
void ngx_http_openai_exchange_commit(ngx_http_openai_exchange_t *ex);

/* returns an ngx_openai_outcome_e; the request is in its log phase, or
   ngx_http_openai_outcome_over() has returned 1 in a body filter */
ngx_uint_t ngx_http_openai_outcome(ngx_http_openai_exchange_t *ex);
ngx_uint_t ngx_http_openai_outcome_over(ngx_http_openai_exchange_t *ex);

/* returns 1 if this buffer of the answer tells that the upstream broke off */
ngx_uint_t ngx_http_openai_outcome_broken(ngx_http_openai_exchange_t *ex,
    ngx_buf_t *b);

/* notes the attempts so far from nginx's own states, and keeps what else the
   record knows of them */
void ngx_http_openai_attempts(ngx_http_request_t *r,
    ngx_openai_record_t *rec);

/* words an error of nginx's own, once the outcome is known: nginx refused the
   request, did not reach the upstream, or the answer broke off */
void ngx_http_openai_reason(ngx_http_openai_exchange_t *ex);

/* redacts what nginx logs of this request, and notes what it complains of */
void ngx_http_openai_log_init(ngx_http_openai_exchange_t *ex);

/* copy request line or status line and headers to the zone, redacted; the
   request's line goes there together with its headers */
void ngx_http_openai_head_init(void);     /* with each configuration */
void ngx_http_openai_request_line(ngx_http_openai_exchange_t *ex);
void ngx_http_openai_request_headers(ngx_http_openai_exchange_t *ex);
void ngx_http_openai_response_head(ngx_http_openai_exchange_t *ex);


#endif /* _NGX_HTTP_OPENAI_CAPTURE_H_INCLUDED_ */
