
/*
 * The digest: what the bytes of an exchange mean.
 *
 * Pure C over libc, yyjson, zlib, libbrotli and libzstd, so that it can be
 * tested and fuzzed without nginx.  Two tiers share the dialects:
 *
 * - the meter runs while the bytes pass; its memory is bounded, its time is
 *   linear, and it keeps no copy of the bytes beyond a partial event;
 * - the assembler runs on reading, over the stored bytes.
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


/* memory for the life of one exchange; free is never called one by one for
   alloc's blocks, the owner drops them together.  Returns NULL on failure:
   the meter then degrades and says so, it never fails. */

typedef struct {
    void  *(*alloc)(void *ctx, size_t size);
    void   *ctx;
} openai_alloc_t;


typedef struct openai_meter_s  openai_meter_t;


/*
 * The meter of one exchange, or NULL when memory is short.  Calls come in the
 * order of this header; any of them may be missing.  now_us counts from the
 * start of the exchange.  Nothing is kept of the arguments but copies.
 *
 * What is known so far is in *facts, which is the caller's, outlives the meter
 * and begins with nothing known: see openai_facts_init().
 */

openai_meter_t *openai_meter_create(const openai_alloc_t *alloc,
    openai_facts_t *facts);

/* releases what is outside of alloc (decoder states); safe to call twice */
void openai_meter_destroy(openai_meter_t *m);

/* before the request's body: keep the first characters of its last user
   message in facts.title, which is text of the body */
void openai_meter_want_title(openai_meter_t *m);

/* the path decides on the dialect, by its suffix; "uri" may hold arguments */
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

/* brings facts.estimated_output up to date, as the other facts always are and
   _finish() leaves it: four bytes make a token, and an event brings one */
void openai_meter_estimate(openai_meter_t *m);

/* complete: the body ended as HTTP wanted it, not cut */
void openai_meter_finish(openai_meter_t *m, int complete, uint64_t now_us);


/* a record of facts in which nothing is known */
void openai_facts_init(openai_facts_t *facts);


/* "chat", "responses", …; NULL for 0, the dialect of what nobody knows */
const char *openai_dialect_name(unsigned dialect);


/*
 * Stored bytes, for the assembler.  Bodies are as they travelled, perhaps cut;
 * content types and encodings are header values, empty when absent.
 */

typedef struct {
    unsigned          dialect;            /* of the facts */
    unsigned          framing;            /* of the facts */
    unsigned          status;
    openai_str_t      method;
    openai_str_t      uri;
    openai_str_t      request_type;
    openai_str_t      request_encoding;
    openai_str_t      request_body;
    openai_str_t      response_type;
    openai_str_t      response_encoding;
    openai_str_t      response_body;
} openai_exchange_t;


/*
 * Each builds values inside doc, whose allocator bounds the memory, and
 * returns NULL when there is nothing to say or memory is short.  docs/api.md
 * describes the shapes.
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
 * Content decoding.  encoding is a Content-Encoding value.  Decodes as far as
 * the bytes go, at most max bytes of output; *out is malloc()ed, or NULL where
 * nothing had to be decoded.  OPENAI_OK: whole; OPENAI_AGAIN: the input ends
 * early; OPENAI_LIMIT: there is more than max; OPENAI_ERROR: broken or
 * unknown coding; OPENAI_NOMEM: memory is short.  *out holds what was good.
 */

#define OPENAI_OK      0
#define OPENAI_AGAIN   1
#define OPENAI_LIMIT   2
#define OPENAI_ERROR  (-1)
#define OPENAI_NOMEM  (-2)

int openai_decode(openai_str_t encoding, openai_str_t in, size_t max,
    char **out, size_t *out_len);


/*
 * Prices.  A table is filled at configuration time and only read after that.
 */

typedef struct openai_prices_s  openai_prices_t;

typedef struct {
    openai_str_t   model;          /* exact name, or prefix ending with "*" */
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
    double         priority;       /* what a service tier multiplies by */
    double         flex;
    double         batch;
} openai_price_t;

/* a row in which nothing is known */
void openai_price_init(openai_price_t *price);

/* one "name=value" of a row, as conf/openai_prices.conf writes them; a name
   that is not known, comes twice or has no plain number is OPENAI_ERROR */
int openai_price_arg(openai_price_t *price, const char *arg, size_t len);

/* alloc lives as long as the table; strings are copied into it */
openai_prices_t *openai_prices_create(const openai_alloc_t *alloc);

/* a later row of the same name replaces the earlier; OPENAI_ERROR when memory
   is short or the row makes no sense: no input and no output rate, half a
   tier, a name of more than 126 bytes */
int openai_prices_add(openai_prices_t *prices, const openai_price_t *price);

/* cost in USD, or < 0 when unknown; *row is the name of the row used, or
   "upstream" when the answer stated its own cost, valid as long as prices;
   NULL when the cost is unknown */
double openai_cost(const openai_prices_t *prices,
    const openai_facts_t *facts, const char **row);


/*
 * Conversations.  The hash chain of a request: settings, tools, system, then
 * each message in order; a prefix stands for everything up to its message.
 * Markers that clients move about (cache_control) do not count.  System
 * messages at the beginning count as the system, and for their number only
 * among the messages.  docs/conversations.md says what is what.
 */

#define OPENAI_THREAD_KEPT  256

typedef struct {
    uint64_t   settings;
    uint64_t   tools;              /* 0: none */
    uint64_t   system;             /* 0: none */
    uint32_t   messages;           /* how many the request has */
    uint32_t   kept;               /* how many of them are in prefix[] */

    /* messages alone, chained; when not all are kept: the first half of
       prefix[] has the first ones, the second half the last ones */
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
    OPENAI_CHANGE_UNRELATED
} openai_change_t;

/* OPENAI_OK, OPENAI_ERROR when the request is not a conversation, or
   OPENAI_NOMEM when there is no memory to see whether it is one */
int openai_thread(openai_thread_t *thread, const openai_exchange_t *ex);

/*
 * How next differs from prev, which is NULL for the first of a conversation.
 * Of several changes it is the one that a prompt cache meets first.  With
 * OPENAI_CHANGE_MESSAGE, *first_changed is its number in the request, counted
 * from 1, else 0.
 */

openai_change_t openai_thread_compare(const openai_thread_t *prev,
    const openai_thread_t *next, uint32_t *first_changed);

/* "append-only", "changed at message 7", …; the length that was written */
size_t openai_change_text(char *buf, size_t size, openai_change_t change,
    uint32_t first_changed);


#endif /* _OPENAI_DIGEST_H_INCLUDED_ */
