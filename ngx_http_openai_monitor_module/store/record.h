
/*
 * One exchange as the zone keeps it: a value type without pointers.
 *
 * The owner of a running record fills a copy in its own memory and publishes
 * it.  Readers get a copy, never a view of shared memory.  Strings end with a
 * zero byte; "" means unknown.  Times *_us count from the start of the
 * exchange.  OPENAI_UNKNOWN (-1) means that the moment did not come.
 */


#ifndef _NGX_OPENAI_RECORD_H_INCLUDED_
#define _NGX_OPENAI_RECORD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "digest/facts.h"


/* Unrolls a short loop that every record passes. */

#if (__GNUC__ && !__clang__)
#define ngx_openai_unroll        _Pragma("GCC unroll 8")
#else
#define ngx_openai_unroll
#endif

#define NGX_OPENAI_ID_LEN        24     /* without the zero byte */
#define NGX_OPENAI_MAX_ATTEMPTS  6


typedef enum {
    NGX_OPENAI_RUNNING = 0,
    NGX_OPENAI_OK,
    NGX_OPENAI_UPSTREAM_ERROR,     /* it failed, or told an error */
    NGX_OPENAI_CLIENT_ABORTED,
    NGX_OPENAI_TRUNCATED,          /* the upstream cut its answer */
    NGX_OPENAI_REJECTED,           /* nginx refused the request */
    NGX_OPENAI_TIMEOUT,
    NGX_OPENAI_UPGRADED,           /* WebSocket or a tunnel */
    NGX_OPENAI_SHUTDOWN,           /* nginx was stopping */
    NGX_OPENAI_WORKER_DIED,
    NGX_OPENAI_OUTCOMES
} ngx_openai_outcome_e;


/* The byte chains of a record. */

typedef enum {
    NGX_OPENAI_REQUEST_HEAD = 0,   /* the request line and headers, as below */
    NGX_OPENAI_REQUEST_BODY,
    NGX_OPENAI_RESPONSE_HEAD,
    NGX_OPENAI_RESPONSE_BODY,
    NGX_OPENAI_MARKS,              /* ngx_openai_mark_t, one per piece */
    NGX_OPENAI_CHAINS
} ngx_openai_chain_e;

/*
 * A head chain is a sequence of lines that end with "\n", secrets replaced:
 * first the request line ("POST /v1/x?y HTTP/1.1") or the status line
 * ("HTTP/1.1 200"), then "Name: value".
 */


typedef struct {
    uint32_t                 at;       /* 10 us units since the start */
    uint32_t                 offset;   /* body bytes before this piece */
} ngx_openai_mark_t;


typedef struct {
    int32_t                  connect_ms;    /* -1: no connection */
    int32_t                  tls_ms;        /* within it; -1: no TLS */
    int32_t                  header_ms;
    int32_t                  response_ms;
    uint32_t                 status;        /* 0: no answer */
    int64_t                  sent;          /* bytes */
    int64_t                  received;
    char                     peer[48];
} ngx_openai_attempt_t;


/* bits of ngx_openai_record_t.flags */

#define NGX_OPENAI_REC_REQUEST_CUT      0x00001  /* body kept less than seen */
#define NGX_OPENAI_REC_RESPONSE_CUT     0x00002
#define NGX_OPENAI_REC_NO_MEMORY        0x00004  /* the zone was full */
#define NGX_OPENAI_REC_BUFFERED         0x00008  /* a stream held in buffers */
#define NGX_OPENAI_REC_COMPLETE         0x00010  /* the answer's end was seen */
#define NGX_OPENAI_REC_CACHED           0x00020  /* out of nginx's cache */
#define NGX_OPENAI_REC_LOCAL            0x00040  /* the answer is nginx's own */
#define NGX_OPENAI_REC_HEAD_ONLY        0x00080  /* HEAD, 204, 304 */
#define NGX_OPENAI_REC_CANCELLED        0x00100  /* ended from the viewer */
#define NGX_OPENAI_REC_REQUEST_OFF      0x00200  /* not kept, by directive */
#define NGX_OPENAI_REC_RESPONSE_OFF     0x00400
#define NGX_OPENAI_REC_REQUEST_SECRET   0x00800  /* withheld: secrets */
#define NGX_OPENAI_REC_RESPONSE_SECRET  0x01000
#define NGX_OPENAI_REC_REQUEST_OPAQUE   0x02000  /* withheld: not read */
#define NGX_OPENAI_REC_RESPONSE_OPAQUE  0x04000
#define NGX_OPENAI_REC_REQUEST_MASKED   0x08000  /* secrets overwritten */
#define NGX_OPENAI_REC_RESPONSE_MASKED  0x10000
#define NGX_OPENAI_REC_BEGUN            0x20000  /* only the start is written */
#define NGX_OPENAI_REC_REPEATED         0x40000  /* the usage is that of an
                                                    earlier record */
#define NGX_OPENAI_REC_OWN_ERROR        0x80000  /* the error in facts is in the
                                                    words of nginx */

#define NGX_OPENAI_REC_JOINED           0x100000 /* behind the limit, events of
                                                    the answer are joined */

/* The zone keeps nothing of this body, on purpose. */

#define NGX_OPENAI_REC_REQUEST_UNKEPT                                        \
    (NGX_OPENAI_REC_REQUEST_OFF|NGX_OPENAI_REC_REQUEST_SECRET                \
     |NGX_OPENAI_REC_REQUEST_OPAQUE)
#define NGX_OPENAI_REC_RESPONSE_UNKEPT                                       \
    (NGX_OPENAI_REC_RESPONSE_OFF|NGX_OPENAI_REC_RESPONSE_SECRET              \
     |NGX_OPENAI_REC_RESPONSE_OPAQUE)

/* The record has less than what passed, for any reason. */

#define NGX_OPENAI_REC_LESS                                                  \
    (NGX_OPENAI_REC_REQUEST_CUT|NGX_OPENAI_REC_RESPONSE_CUT                  \
     |NGX_OPENAI_REC_REQUEST_UNKEPT|NGX_OPENAI_REC_RESPONSE_UNKEPT           \
     |NGX_OPENAI_REC_REQUEST_MASKED|NGX_OPENAI_REC_RESPONSE_MASKED)


typedef struct {
    uint64_t                 seq;           /* order of start, from 1 */
    char                     id[NGX_OPENAI_ID_LEN + 1];

    uint8_t                  outcome;       /* ngx_openai_outcome_e */
    uint8_t                  nattempts;     /* kept; see attempts_total */
    uint16_t                 status;        /* 0: none yet */
    uint32_t                 flags;
    uint32_t                 http_version;  /* 1001 is HTTP/1.1 */
    uint32_t                 attempts_total;
    int64_t                  pid;           /* of the owner */
    uint64_t                 started_ms;    /* wall clock, since the epoch */

    char                     method[16];
    char                     client[64];
    char                     host[96];
    char                     uri[240];      /* cut; whole in the head chain */

    /* the start of the exchange sets the members before this line */

    int64_t                  request_us;    /* request body had arrived */
    int64_t                  header_us;     /* response header came */
    int64_t                  first_byte_us; /* of the response body */
    int64_t                  last_byte_us;
    int64_t                  duration_us;

    uint64_t                 request_bytes;     /* body, seen */
    uint64_t                 response_bytes;
    uint64_t                 request_kept;      /* body, in the zone */
    uint64_t                 response_kept;
    uint64_t                 sent_bytes;        /* to the client, all */
    uint32_t                 pieces;            /* of the response body */

    double                   cost;          /* USD; < 0 unknown; without what
                                               "partial" names */

    openai_facts_t           facts;

    char                     key[16];       /* fingerprint of the credential */
    char                     price[48];     /* name of the row used */
    char                     partial[88];   /* what the cost leaves out */
    char                     content_type[48];     /* of the answer */
    char                     content_encoding[16];

    ngx_openai_attempt_t     attempts[NGX_OPENAI_MAX_ATTEMPTS];
} ngx_openai_record_t;


/* Sets all members to unknown.  _rest() leaves those that the start of the
   exchange sets, and the record is whole from then on. */
void ngx_openai_record_init(ngx_openai_record_t *rec);
void ngx_openai_record_rest(ngx_openai_record_t *rec);

/* Returns "running", "ok", "upstream_error", … */
const char *ngx_openai_outcome_name(ngx_uint_t outcome);

/* Returns 1 for what every list, count and query calls an error.  A client
   that left is none. */
ngx_uint_t ngx_openai_record_failed(const ngx_openai_record_t *rec);

/* Returns 1 when the URI may be longer than its member. */
ngx_uint_t ngx_openai_record_uri_cut(const ngx_openai_record_t *rec);

/* Returns the number of attempts that the record has. */
ngx_uint_t ngx_openai_record_attempts(const ngx_openai_record_t *rec);

/* Returns the wall clock in ms at the end of the exchange, as the clock stood
   at its start; 0: it has not ended, or its end is unknown. */
uint64_t ngx_openai_record_ended(const ngx_openai_record_t *rec);

/* Returns 1 when a model worked for the client, as far as one can tell. */
ngx_uint_t ngx_openai_record_worked(const ngx_openai_record_t *rec);

/* Returns 1 when the usage of the record counts: no earlier record has it, and
   nginx did not take the answer from its cache. */
ngx_uint_t ngx_openai_record_counts(const ngx_openai_record_t *rec);

/* Returns 1 for a stream without usage whose request could have asked for
   it. */
ngx_uint_t ngx_openai_record_unasked(const ngx_openai_record_t *rec);

/* Returns the number of output tokens after the first one, whose moment starts
   the time; 0: not streamed, or unknown. */
uint64_t ngx_openai_record_timed(const ngx_openai_record_t *rec);

/* Returns these tokens per second; < 0: unknown. */
double ngx_openai_record_speed(const ngx_openai_record_t *rec);

/* Copies a text, cuts it between two characters of UTF-8, and ends it with a
   zero byte. */
void ngx_openai_copy(char *dst, size_t size, const void *src, size_t len);


#endif /* _NGX_OPENAI_RECORD_H_INCLUDED_ */
