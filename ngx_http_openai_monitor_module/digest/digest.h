
/*
 * The digest tells what the bytes of an exchange mean.  This is all that
 * capture/, store/ and view/ use of it.
 *
 * It is pure C over libc, yyjson, zlib, libbrotli and libzstd, because it is
 * tested and fuzzed without nginx.  Two parts share the dialects:
 *
 * - the meter runs while bytes pass; its memory is bounded, its time is linear,
 *   and it keeps no bytes beyond a partial event;
 * - the assembler runs when somebody reads a record, over the stored bytes.
 */


#ifndef _OPENAI_DIGEST_H_INCLUDED_
#define _OPENAI_DIGEST_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <yyjson.h>

#include "digest/facts.h"


typedef struct {
    const char  *data;
    size_t       len;
} openai_str_t;

#define openai_str(s)  { (s), sizeof(s) - 1 }


/* memory for the life of an exchange; the owner frees all blocks at once.  When
   alloc() returns NULL, the meter goes on, knows less, and says so */

typedef struct {
    void  *(*alloc)(void *ctx, size_t size);
    void   *ctx;
} openai_alloc_t;


typedef struct openai_meter_s  openai_meter_t;


/*
 * Creates the meter of an exchange; NULL: memory is short.  The caller calls
 * the functions in the order of this header and may leave out any.  now_us
 * counts microseconds from the start of the exchange.  The meter copies what it
 * keeps.
 *
 * The meter writes to *facts as it learns them.  The caller owns facts, calls
 * openai_facts_init() before, and keeps them as long as the meter.
 */

openai_meter_t *openai_meter_create(const openai_alloc_t *alloc,
    openai_facts_t *facts);

/* releases memory outside of alloc, as states of decoders; a second call is
   harmless */
void openai_meter_destroy(openai_meter_t *m);

/* before the request's body: keep the first characters of its last user
   message in facts.title, which is text of the body */
void openai_meter_want_title(openai_meter_t *m);

/* "text" gets the decoded text of coded bodies, behind the meter's own look at
   it; the side is 0 for the request, 1 for the answer */

typedef void (*openai_meter_text_pt)(void *ctx, unsigned side,
    const char *data, size_t len);

void openai_meter_watch(openai_meter_t *m, openai_meter_text_pt text,
    void *ctx);

/* why a side's coded body cannot be read: OPENAI_FACT_BOMB, _NO_DECODER or
   _UNDECODABLE, or 0.  The facts have the same of both sides together. */
uint32_t openai_meter_unread(const openai_meter_t *m, unsigned side);

/* returns 1 once it is known that a side's body is text, though its head names
   a coding; "text" does not get it */
int openai_meter_plain(const openai_meter_t *m, unsigned side);

/* returns 1 when the answer's bytes have a content coding */
int openai_meter_coded(const openai_meter_t *m);

/* the end of the path decides on the dialect; uri may have arguments */
void openai_meter_request_line(openai_meter_t *m, openai_str_t method,
    openai_str_t uri);
void openai_meter_request_header(openai_meter_t *m, openai_str_t name,
    openai_str_t value);
void openai_meter_request_body(openai_meter_t *m, const void *data, size_t len,
    int last);

/* after a 101 the bytes of both bodies are frames of a WebSocket */
void openai_meter_response_status(openai_meter_t *m, unsigned status);
void openai_meter_response_header(openai_meter_t *m, openai_str_t name,
    openai_str_t value);
void openai_meter_response_body(openai_meter_t *m, const void *data,
    size_t len, uint64_t now_us);

/* updates facts.estimated_output before the end; four bytes are a token, and an
   event has one at least */
void openai_meter_estimate(openai_meter_t *m);

/* complete: the answer's body has ended and was not cut */
void openai_meter_finish(openai_meter_t *m, int complete, uint64_t now_us);


/* sets all facts to unknown */
void openai_facts_init(openai_facts_t *facts);


/* "chat", "responses", …; NULL for 0, which is no known dialect */
const char *openai_dialect_name(unsigned dialect);


/*
 * Stored bytes, for the assembler.  Bodies are as they were on the wire,
 * perhaps cut.  Types and encodings are values of headers, or empty.
 */

typedef struct {
    unsigned          dialect;            /* of the facts */
    unsigned          framing;            /* of the facts */
    unsigned          status;
    openai_str_t      method;
    openai_str_t      uri;
    openai_str_t      request_head;       /* lines "Name: value" */
    openai_str_t      request_type;
    openai_str_t      request_encoding;
    openai_str_t      request_body;
    openai_str_t      response_type;
    openai_str_t      response_encoding;
    openai_str_t      response_body;
} openai_exchange_t;


/*
 * Build a value inside doc, whose allocator bounds the memory.  NULL: there is
 * nothing, or memory is short.  docs/api.md describes the shapes.
 */

yyjson_mut_val *openai_conversation(yyjson_mut_doc *doc,
    const openai_exchange_t *ex);
yyjson_mut_val *openai_answer(yyjson_mut_doc *doc,
    const openai_exchange_t *ex);
yyjson_mut_val *openai_usage_raw(yyjson_mut_doc *doc,
    const openai_exchange_t *ex);

/* [{"event", "data", "bytes", "at"}…]: "at" is the offset of the event's last
   byte in the decoded body */
yyjson_mut_val *openai_events(yyjson_mut_doc *doc,
    const openai_exchange_t *ex);


/*
 * Decodes a body; encoding is the value of Content-Encoding.  *out gets at most
 * max bytes; the caller frees it; it is NULL when the body is not coded.
 * OPENAI_OK: all is decoded; OPENAI_AGAIN: the input ends early; OPENAI_LIMIT:
 * there is more than max; OPENAI_ERROR: the coding is broken or unknown;
 * OPENAI_NOMEM: memory is short.  *out has the bytes up to the failure.
 */

#define OPENAI_OK      0
#define OPENAI_AGAIN   1
#define OPENAI_LIMIT   2
#define OPENAI_ERROR  (-1)
#define OPENAI_NOMEM  (-2)

int openai_decode(openai_str_t encoding, openai_str_t in, size_t max,
    char **out, size_t *out_len);


/*
 * Prices.  nginx's configuration fills the table; after that it is only read.
 */

typedef struct openai_prices_s  openai_prices_t;

typedef struct {
    openai_str_t   model;          /* a name, or a prefix and "*" */
    double         input;          /* USD per million tokens; < 0 unknown */
    double         cached;
    double         cache_write;
    double         output;
    double         input_audio;
    double         output_audio;
    int64_t        tier_above;     /* input tokens; 0: no tier */
    double         tier_input;
    double         tier_cached;
    double         tier_cache_write;
    double         tier_output;
    double         priority;       /* factor of a service tier */
    double         flex;
    double         batch;
    double         web_search;     /* USD for 1000 calls */
    double         file_search;
} openai_price_t;

/* sets all rates to unknown */
void openai_price_init(openai_price_t *price);

/* reads a "name=value" of a row in conf/openai_prices.conf; OPENAI_ERROR: the
   name is unknown or a duplicate, or the value is not a plain number */
int openai_price_arg(openai_price_t *price, const char *arg, size_t len);

/* alloc must live as long as the table; strings are copied */
openai_prices_t *openai_prices_create(const openai_alloc_t *alloc);

/* adds a row, or replaces the row of this name; OPENAI_ERROR: memory is short,
   or the row has no price, half a tier, or a name of more than 126 bytes */
int openai_prices_add(openai_prices_t *prices, const openai_price_t *price);

/* what a cost leaves out */

#define OPENAI_PARTIAL_FEES        0x01     /* of tools, without a price */
#define OPENAI_PARTIAL_MODIFIER    0x02
#define OPENAI_PARTIAL_TIER        0x04
#define OPENAI_PARTIAL_ITERATIONS  0x08
#define OPENAI_PARTIAL_IMAGE       0x10
#define OPENAI_PARTIAL_CUT         0x20     /* the answer was cut */

#define OPENAI_PARTIAL_SIZE        88       /* of all names, with zero byte */

/* returns the cost in USD; < 0: unknown.  *row is the name of the row, which
   lives as long as prices, "upstream" when the answer states its cost, or
   NULL.  *partial has the bits of what the cost leaves out; 0: nothing */
double openai_cost(const openai_prices_t *prices,
    const openai_facts_t *facts, const char **row, unsigned *partial);

/* writes the names of these bits, with "," between them */
void openai_partial_names(unsigned partial, char dst[OPENAI_PARTIAL_SIZE]);


/*
 * Conversations.  The thread of a request has a hash of the settings, of the
 * tools and of the system, and a prefix for each message, a hash of all
 * messages up to it.  Markers that clients move (cache_control) do not count.
 * Leading system messages are hashed into the system; their prefixes are their
 * numbers.  docs/conversations.md has the rules.
 */

#define OPENAI_THREAD_KEPT  256

typedef struct {
    uint64_t   settings;
    uint64_t   tools;              /* 0: none */
    uint64_t   system;             /* 0: none */
    uint32_t   messages;           /* of the request */
    uint32_t   kept;               /* of them in prefix[] */

    /* of a longer request the first half of prefix[] has the first messages,
       the second half the last ones */
    uint64_t   prefix[OPENAI_THREAD_KEPT];
} openai_thread_t;

typedef enum {
    OPENAI_CHANGE_INITIAL = 0,
    OPENAI_CHANGE_IDENTICAL,
    OPENAI_CHANGE_APPEND_ONLY,
    OPENAI_CHANGE_MESSAGE,
    OPENAI_CHANGE_SETTINGS,
    OPENAI_CHANGE_TOOLS,
    OPENAI_CHANGE_SYSTEM,
    OPENAI_CHANGE_UNRELATED,
    OPENAI_CHANGE_COMPACTED        /* see openai_run_change() */
} openai_change_t;

/* OPENAI_ERROR: the request is not a conversation; OPENAI_NOMEM: memory is too
   short to know */
int openai_thread(openai_thread_t *thread, const openai_exchange_t *ex);

/* how many messages at the beginning are equal */
uint32_t openai_thread_common(const openai_thread_t *prev,
    const openai_thread_t *next);

/*
 * Tells how next differs from prev, which is NULL for the first request.  Of
 * several changes it is the one that a prompt cache meets first.
 * *first_changed is the number of the message, counted from 1, with
 * OPENAI_CHANGE_MESSAGE, and 0 else.
 */

openai_change_t openai_thread_compare(const openai_thread_t *prev,
    const openai_thread_t *next, uint32_t *first_changed);

/* writes "append-only", "changed at message 7", …; returns the length */
size_t openai_change_text(char *buf, size_t size, openai_change_t change,
    uint32_t first_changed);


/*
 * Runs: what else than its messages tells which request belongs to which.
 * thread/run.c has the rules as tables; docs/conversations.md explains them.
 * Ids are hashes, so that a record takes little memory; 0: there is none.
 */

#define OPENAI_RUN_AGENT    0x01   /* a header says that it is a sub-agent */
#define OPENAI_RUN_UTILITY  0x02   /* a title, a count of tokens, a probe */
#define OPENAI_RUN_SUMMARY  0x04   /* a summary stands for earlier messages */
#define OPENAI_RUN_LONG     0x08   /* nobody else has this session by chance */

#define OPENAI_RUN_TAIL     4

typedef struct {
    uint64_t   session;
    uint64_t   thread;             /* an agent of the session */
    uint64_t   caller;             /* the thread that started this one */
    uint64_t   conversation;       /* kept by the upstream or the client */
    uint64_t   previous;           /* the response that this one continues */
    uint32_t   flags;              /* OPENAI_RUN_… */
    uint32_t   answered;           /* number of the model's first message */
    uint32_t   ntail;
    uint64_t   tail[OPENAI_RUN_TAIL];  /* the last messages, each alone */
} openai_run_t;

/* reads both; the thread may be unknown (OPENAI_ERROR), and the run is set
   in any case, because headers may tell it */
int openai_thread_run(openai_thread_t *thread, openai_run_t *run,
    const openai_exchange_t *ex);

/* the hash of an id */
uint64_t openai_run_id(const char *id, size_t len);


/* one of two requests that are compared */

typedef struct {
    const openai_thread_t  *thread;
    const openai_run_t     *run;
    const char             *key;       /* the credential's fingerprint */
    uint64_t                response;  /* id of its answer, or 0 */
    int                     child;     /* it continues another one */
} openai_side_t;

/* from weak to strong */

typedef enum {
    OPENAI_LINK_NONE = 0,
    OPENAI_LINK_COMPACTED,  /* it goes on from a summary */
    OPENAI_LINK_NAMED,      /* of one conversation, by its id */
    OPENAI_LINK_AGAIN,      /* asks the same: only if the other one failed, or
                               has no tools */
    OPENAI_LINK_ANSWER,     /* only if the other one's answer is in it */
    OPENAI_LINK_MESSAGES,
    OPENAI_LINK_PREVIOUS    /* it names the other one's answer */
} openai_link_t;

/* tells whether next continues prev, which began before; common is how many
   messages at the beginning are equal */
openai_link_t openai_run_link(const openai_side_t *prev,
    const openai_side_t *next, uint32_t common);

/* the two are of one run, without being of one conversation */
int openai_run_same(const openai_side_t *prev, const openai_side_t *next);

/* as openai_thread_compare(), where the link counts, too */
openai_change_t openai_run_change(const openai_side_t *prev,
    const openai_side_t *next, openai_link_t link, uint32_t *first_changed);

/* one of the tools starts a sub-agent, by its name; the names have "," between
   them */
int openai_run_starts_agent(const char *tools);


#endif /* _OPENAI_DIGEST_H_INCLUDED_ */
