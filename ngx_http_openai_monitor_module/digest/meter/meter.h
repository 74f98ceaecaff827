
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The meter from inside: what the dialects' nodes write to.
 */


#ifndef _OPENAI_METER_H_INCLUDED_
#define _OPENAI_METER_H_INCLUDED_


#include <stddef.h>

#include "digest/wire/decode.h"
#include "digest/dialects/dialect.h"
#include "digest/wire/multipart.h"
#include "digest/json/scan.h"
#include "digest/meter/reason.h"
#include "digest/wire/eventstream.h"
#include "digest/wire/sse.h"
#include "digest/wire/ws_frames.h"


#define OPENAI_METER_CHOICES  12
#define OPENAI_METER_REASON   48
#define OPENAI_METER_CALLS    24
#define OPENAI_METER_WORD     48
#define OPENAI_METER_SNIFF    8
#define OPENAI_METER_DONE     6       /* all of [DONE] */
#define OPENAI_METER_NOT_DONE 255


/* one choice, item or block while its object is open; sizes in bytes */

typedef struct {
    int64_t            index;
    uint64_t           content;
    uint64_t           parts;          /* of content that is an array */
    uint64_t           text;           /* a field of that name beside it */
    uint64_t           reasoning;
    uint64_t           thinking;       /* reasoning among the content */
    uint64_t           details;        /* reasoning, where it is nowhere else */
    uint64_t           delta;          /* content beside a whole message */
    uint64_t           refusal;
    uint64_t           other;          /* audio, arguments, images */
    char               finish[OPENAI_METER_REASON];
} openai_choice_t;


/* one tool call while its object is open */

typedef struct {
    int64_t            index;
    uint64_t           arguments;
    char               id[64];
    char               name[64];
} openai_call_t;


/* one event, until it is committed */

typedef struct {
    openai_choice_t    choice;
    openai_call_t      call;

    uint64_t           text;
    uint64_t           reasoning;
    uint64_t           refusal;
    uint64_t           other;
    uint64_t           delta;          /* of Responses, by its type */
    uint32_t           choices;        /* that came */
    int8_t             flag;

    char               type[56];
    char               item[32];       /* type of an item or a block */
    char               status[24];
    char               reason[48];
    char               code[48];
    char               message[160];
} openai_event_t;


typedef struct {
    openai_decoder_t  *decoder;
    openai_ws_t       *ws;
    openai_scan_t     *scan;           /* NULL: nothing is asked of it, yet */
    uint8_t            started;
    uint8_t            over;
} openai_body_t;


/* what a message of the request says, until it ends: see title.c */

typedef struct {
    uint8_t            user;           /* its role is "user" */
    char               text[OPENAI_TITLE_SIZE];
} openai_said_t;


struct openai_meter_s {
    openai_facts_t            *facts;   /* the creator's */

    /* cleared at first, up to usage; what few need is taken when it is needed:
       NULL */

    openai_multipart_t        *multipart;
    openai_aws_t              *aws;     /* frames of Amazon's */
    openai_said_t             *said;
    openai_usage_t            *before;  /* of a connection's earlier answers */
    uint64_t                  *calls;   /* a hash of each, the last ones */
    char                     (*finish)[OPENAI_METER_REASON];  /* of choices,
                                           where they are several */
    char                      *request_encoding;   /* OPENAI_METER_WORD each */
    char                      *response_encoding;
    char                      *extensions;

    openai_body_t              request;
    openai_body_t              response;

    uint64_t                   now;
    uint64_t                   told;    /* bytes of the answers before */
    uint32_t                   tokens;  /* events that brought some */
    uint32_t                   status;
    uint32_t                   shape;   /* OPENAI_SHAPE_… */
    uint32_t                   answers; /* of a connection with several */
    uint32_t                   ncalls;
    uint32_t                   ended;   /* a bit for each choice with a
                                           reason */
    uint8_t                    type;    /* openai_framing_e by content type */
    uint8_t                    framed;
    uint8_t                    events;  /* come as they are: not coded */
    uint8_t                    failed;  /* what came is an error's body */
    uint8_t                    bytes;   /* what comes is somebody's file */
    uint8_t                    finished;
    uint8_t                    closed;  /* after the terminal event */
    uint8_t                    ids;     /* rank of facts.session */
    uint8_t                    rid;     /* rank of facts.request_id */
    uint8_t                    vendor;  /* rank of facts.provider */

    uint8_t                    done;    /* bytes of [DONE] seen */
    uint8_t                    sniffed;
    uint8_t                    titled;  /* a title is wanted */
    openai_reason_t            reason;  /* of a failure that is text */

    /* written before they are read */

    openai_usage_t             usage;   /* of this answer, as the upstream
                                           counts */
    int64_t                    tool_input;  /* tokens that tools brought */
    double                     byok_cost;  /* USD; < 0: not told */
    int8_t                     byok;    /* the client's own key: 0, 1; -1 */
    openai_alloc_t             alloc;
    const openai_dialect_t    *dialect;
    openai_sse_t               sse;
    openai_event_t             event;
    char                       sniff[OPENAI_METER_SNIFF];

    openai_scan_t             *spare;   /* one that no body has, or NULL */
    openai_scan_t              scan;    /* the first one */
};


/* what a request is made of, where its path does not tell */

#define OPENAI_SHAPE_MESSAGES  0x01
#define OPENAI_SHAPE_INPUT     0x02
#define OPENAI_SHAPE_CONTENTS  0x04
#define OPENAI_SHAPE_PROMPT    0x08


/* a count never goes back to nothing within an answer */

static inline void
openai_count(int64_t *count, int64_t n)
{
    if (n > 0 || *count <= 0) {
        *count = n;
    }
}


/* a node's argument: a field of the meter, or one of its facts */

#define OPENAI_AT_FACTS  0x8000

#define openai_at(field)                                                      \
    (offsetof(openai_meter_t, field)                                          \
     | sizeof(((openai_meter_t *) 0)->field) << 16)
#define openai_fact(field)                                                    \
    (offsetof(openai_facts_t, field) | OPENAI_AT_FACTS                        \
     | sizeof(((openai_facts_t *) 0)->field) << 16)


/*
 * Takes for the dialects' nodes.  What is null or of another type changes
 * nothing; an empty string changes nothing, either.
 */

void openai_take_string(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
void openai_take_integer(void *ctx, const openai_node_t *node,
    const openai_value_t *value);          /* int64_t */
void openai_take_number(void *ctx, const openai_node_t *node,
    const openai_value_t *value);          /* int32_t */
void openai_take_real(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
void openai_take_bool(void *ctx, const openai_node_t *node,
    const openai_value_t *value);          /* int8_t */
void openai_take_count(void *ctx, const openai_node_t *node,
    const openai_value_t *value);          /* int32_t: an array's elements */
void openai_take_size(void *ctx, const openai_node_t *node,
    const openai_value_t *value);          /* uint64_t: a string's bytes */
void openai_take_most(void *ctx, const openai_node_t *node,
    const openai_value_t *value);          /* the same, where it is more */
void openai_take_add(void *ctx, const openai_node_t *node,
    const openai_value_t *value);          /* the same, added up */
void openai_take_flag(void *ctx, const openai_node_t *node,
    const openai_value_t *value);          /* OPENAI_FACT_…, by presence */
void openai_take_shape(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* the type of a part of a message: image, audio or file */
/* messages of a request, their roles and their texts: see title.c */
void openai_take_message(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
void openai_take_role(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
void openai_take_said(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
void openai_take_part_type(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* ids of a session, the argument is their rank */
void openai_take_session(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* the provider that the presence of a value gives away; a const char * */
void openai_take_provider(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* the usage object as OpenAI and its like count; the last one wins */
void openai_take_usage(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* an error: an object, or a string that is its message */
void openai_take_error(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* the arguments of openai_take_error's members: see openai_error_nodes */
void openai_take_failure(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* what is billed beside tokens: a number above 0, or any object */
void openai_take_unpriced(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* tokens, the argument is a field of m->usage */
void openai_take_tokens(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

#define openai_usage_node(key, field)                                         \
    openai_node(key, openai_take_tokens, offsetof(openai_usage_t, field))

/* an element of an array that is the whole body is an event */
void openai_take_element(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* one answer of several, and the call of a tool in it */
void openai_take_choice(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
void openai_take_call(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

extern const openai_node_t  openai_usage_nodes[];
extern const openai_node_t  openai_error_nodes[];
extern const openai_node_t  openai_metadata_nodes[];
extern const openai_node_t  openai_part_nodes[];
extern const openai_node_t  openai_message_nodes[];
extern const openai_node_t  openai_failure;     /* root of an error's body */

#define OPENAI_REQUEST_NODES                                                  \
    openai_node("model", openai_take_string, openai_fact(model)),             \
    openai_node("stream", openai_take_bool, openai_fact(stream_asked)),       \
    openai_node("n", openai_take_number, openai_fact(choices)),               \
    openai_node("max_tokens", openai_take_integer,                            \
                openai_fact(max_tokens)),                                     \
    openai_node("max_completion_tokens", openai_take_integer,                 \
                openai_fact(max_tokens)),                                     \
    openai_node("max_output_tokens", openai_take_integer,                     \
                openai_fact(max_tokens)),                                     \
    openai_node("temperature", openai_take_real,                              \
                openai_fact(temperature)),                                    \
    openai_node("service_tier", openai_take_string,                           \
                openai_fact(service_tier)),                                   \
    openai_node("user", openai_take_string, openai_fact(user)),               \
    openai_node("safety_identifier", openai_take_string,                      \
                openai_fact(user)),                                           \
    openai_node("session_id", openai_take_session, 6),                        \
    openai_node("prompt_cache_key", openai_take_session, 2),                  \
    openai_node_in("metadata", openai_metadata_nodes, NULL, 0)

#define OPENAI_ANSWER_NODES                                                   \
    openai_node("id", openai_take_string, openai_fact(response_id)),          \
    openai_node("model", openai_take_string, openai_fact(response_model)),    \
    openai_node("service_tier", openai_take_string,                           \
                openai_fact(service_tier)),                                   \
    openai_node_in("usage", openai_usage_nodes, openai_take_usage, 0),        \
    openai_node_in("error", openai_error_nodes, openai_take_error, 0)


/* an error that is the whole event: vLLM, llama.cpp; see
   openai_meter_flat_error() */

#define OPENAI_FLAT_ERROR_NODES                                               \
    openai_node("message", openai_take_string, openai_at(event.message)),     \
    openai_node("code", openai_take_string, openai_at(event.code)),           \
    openai_node("type", openai_take_string, openai_at(event.type))


/* what the dialects tell of events */

void openai_meter_choice_open(openai_meter_t *m, int64_t index);
void openai_meter_choice_close(openai_meter_t *m);
void openai_meter_call_open(openai_meter_t *m, int64_t index);
void openai_meter_call_close(openai_meter_t *m);

/* the reason why the choice of this index ended */
void openai_meter_finish_reason(openai_meter_t *m, int64_t index,
    const char *reason);

/* a tool was called; name may be empty */
void openai_meter_tool(openai_meter_t *m, const char *name);

/* event.code, event.message and type are those of an error */
void openai_meter_failure(openai_meter_t *m, const char *type);
void openai_meter_flat_error(openai_meter_t *m);

/* what event holds becomes facts; streams: with the time of a token */
void openai_meter_commit(openai_meter_t *m);

/* a usage object begins; what came before stays where it brings nothing */
void openai_meter_usage_open(openai_meter_t *m);

/* the same where the cached parts stand beside the input, as Anthropic and
   Bedrock count; returns 0 where there is nothing */
int openai_meter_usage_apart(openai_meter_t *m);

/* m->usage becomes facts.usage, as OpenAI and its like count */
void openai_meter_usage(openai_meter_t *m);

void openai_meter_provider(openai_meter_t *m, const char *name, unsigned rank);
void openai_meter_session(openai_meter_t *m, openai_str_t id, unsigned rank);

/* an answer among several on one connection is over */
void openai_meter_answered(openai_meter_t *m);

/* after a 101 each side's bytes are frames */
void openai_meter_upgrade(openai_meter_t *m);
void openai_meter_frames(openai_meter_t *m, openai_body_t *body,
    const void *data, size_t len);
void openai_meter_frames_end(openai_meter_t *m);

/* a scanner for a body, NULL when memory is short; the other one's, if that is
   over */
openai_scan_t *openai_meter_scan(openai_meter_t *m);

/* an event in which there is nothing yet */
void openai_meter_clear(openai_meter_t *m);

/* ends an event: commits what it brought */
void openai_meter_event_end(openai_meter_t *m, openai_str_t name);

void openai_meter_multipart_begin(openai_meter_t *m, openai_str_t type);


/* cut to fit on a UTF-8 boundary; dst ends with a zero byte */
void openai_copy(char *dst, size_t size, const char *src, size_t len);
void openai_append(char *dst, size_t size, const char *src);


#endif /* _OPENAI_METER_H_INCLUDED_ */
