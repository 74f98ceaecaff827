
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The meter from inside: its state, and the functions that its files and the
 * dialects share.
 *
 * Arrows: headers.c, meter.c and ws.c use event.c, take.c, form.c and facts.c;
 * event.c, take.c and form.c use facts.c; the dialects use event.c, take.c and
 * facts.c.
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
#define OPENAI_METER_DONE     6       /* bytes of "[DONE]" */
#define OPENAI_METER_NOT_DONE 255


/* a choice, an item or a block while its object is open; sizes in bytes */

typedef struct {
    int64_t            index;
    uint64_t           content;
    uint64_t           parts;          /* of a content that is an array */
    uint64_t           text;           /* of "text" beside the content */
    uint64_t           reasoning;
    uint64_t           thinking;       /* reasoning in the content */
    uint64_t           details;        /* reasoning that is only there */
    uint64_t           delta;          /* content beside a whole message */
    uint64_t           refusal;
    uint64_t           other;          /* audio, arguments, images */
    char               finish[OPENAI_METER_REASON];
} openai_choice_t;


/* a call of a tool while its object is open; sizes in bytes */

typedef struct {
    int64_t            index;
    uint64_t           arguments;
    char               id[64];
    char               name[64];
} openai_call_t;


/* an event until its commit; sizes in bytes */

typedef struct {
    openai_choice_t    choice;
    openai_call_t      call;

    uint64_t           text;
    uint64_t           reasoning;
    uint64_t           refusal;
    uint64_t           other;
    uint64_t           delta;          /* of Responses; "type" says of what */
    uint32_t           choices;        /* choices so far */
    int8_t             flag;

    char               type[56];
    char               item[32];       /* the type of an item or block */
    char               status[24];
    char               reason[48];
    char               code[48];
    char              *message;        /* of an error; NULL: none so far */
} openai_event_t;


typedef struct {
    openai_decoder_t  *decoder;
    openai_ws_t       *ws;
    openai_scan_t     *scan;           /* NULL: no value is wanted, yet */
    uint16_t           unread;         /* see openai_meter_unread() */
    uint8_t            started;
    uint8_t            over;
} openai_body_t;


/* what a message of the request says, until it ends: see title.c */

typedef struct {
    uint8_t            user;           /* its role is "user" */
    char               text[OPENAI_TITLE_SIZE];
} openai_said_t;


struct openai_meter_s {
    openai_facts_t            *facts;   /* the caller's */

    /* openai_meter_create() clears the fields up to usage; a NULL pointer gets
       its memory when an exchange needs it, because few do */

    openai_multipart_t        *multipart;
    openai_aws_t              *aws;     /* Amazon's event stream */
    openai_said_t             *said;
    openai_meter_text_pt       watch;   /* of the text of coded bodies */
    void                      *watch_ctx;
    openai_usage_t            *before;  /* of earlier answers of a connection */
    uint64_t                  *calls;   /* hashes of the last ones */
    char                     (*finish)[OPENAI_METER_REASON];  /* of
                                           several choices */
    char                      *request_encoding;   /* OPENAI_METER_WORD each */
    char                      *response_encoding;
    char                      *extensions;

    openai_body_t              request;
    openai_body_t              response;

    uint64_t                   now;
    uint64_t                   valued;  /* the first value of JSON ended */
    uint64_t                   told;    /* bytes of earlier answers */
    uint32_t                   tokens;  /* events with tokens */
    uint32_t                   status;
    uint32_t                   shape;   /* OPENAI_SHAPE_… */
    uint32_t                   answers; /* of the connection */
    uint32_t                   ncalls;
    uint32_t                   ended;   /* bit of each choice with a
                                           reason */
    uint8_t                    type;    /* framing by the content type */
    uint8_t                    framed;
    uint8_t                    events;  /* events go to the parser at once */
    uint8_t                    failed;  /* the body is that of an error */
    uint8_t                    bytes;   /* the answer is a file */
    uint8_t                    finished;
    uint8_t                    closed;  /* after the terminal event */
    uint8_t                    ids;     /* rank of facts.session */
    uint8_t                    rid;     /* rank of facts.request_id */
    uint8_t                    vendor;  /* rank of facts.provider */

    uint8_t                    done;    /* bytes of [DONE] seen */
    uint8_t                    sniffed;
    uint8_t                    comment; /* before the bytes to sniff */
    uint8_t                    titled;  /* a title is wanted */
    uint8_t                    rest;    /* OPENAI_REST_… of a body of JSON */
    openai_reason_t            reason;  /* of an error that is text */

    /* not cleared, because they are written before they are read */

    openai_usage_t             usage;   /* of this answer, as the upstream
                                           counts */
    int64_t                    tool_input;  /* tokens that tools added */
    double                     byok_cost;  /* USD; < 0: unknown */
    int8_t                     byok;    /* the client's own key: 0, 1; -1 */
    openai_alloc_t             alloc;
    const openai_dialect_t    *dialect;
    openai_sse_t               sse;
    openai_event_t             event;
    char                       sniff[OPENAI_METER_SNIFF];

    openai_scan_t             *spare;   /* a free scanner, or NULL */
    openai_scan_t              scan;    /* of the first body */
};


/* what has come behind the first value of a body of JSON */

#define OPENAI_REST_NOTHING  0
#define OPENAI_REST_BLANKS   1
#define OPENAI_REST_LINE     2          /* with a line feed */
#define OPENAI_REST_OTHER    3          /* what is not read */


/* the members of a request whose path is unknown */

#define OPENAI_SHAPE_MESSAGES  0x01
#define OPENAI_SHAPE_INPUT     0x02
#define OPENAI_SHAPE_CONTENTS  0x04
#define OPENAI_SHAPE_PROMPT    0x08


/* sets a count; 0 does not replace a count that is known */

static inline void
openai_count(int64_t *count, int64_t n)
{
    if (n > 0 || *count <= 0) {
        *count = n;
    }
}


/* the argument of a node: offset and size of a
   field of the meter or of its facts */

#define OPENAI_AT_FACTS  0x8000

#define openai_at(field)                                                      \
    (offsetof(openai_meter_t, field)                                          \
     | sizeof(((openai_meter_t *) 0)->field) << 16)
#define openai_fact(field)                                                    \
    (offsetof(openai_facts_t, field) | OPENAI_AT_FACTS                        \
     | sizeof(((openai_facts_t *) 0)->field) << 16)


/*
 * Takes for the nodes of dialects.  A null, a value of another type and an
 * empty string change nothing.  The comment is the type of the field.
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
    const openai_value_t *value);          /* int32_t, elements of an array */
void openai_take_size(void *ctx, const openai_node_t *node,
    const openai_value_t *value);          /* uint64_t, bytes of a string */
void openai_take_most(void *ctx, const openai_node_t *node,
    const openai_value_t *value);          /* uint64_t, if it is larger */
void openai_take_add(void *ctx, const openai_node_t *node,
    const openai_value_t *value);          /* uint64_t, added */
void openai_take_flag(void *ctx, const openai_node_t *node,
    const openai_value_t *value);          /* OPENAI_FACT_…, if present */
void openai_take_true(void *ctx, const openai_node_t *node,
    const openai_value_t *value);          /* OPENAI_FACT_…, if true */
void openai_take_shape(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* takes the type of a part of a message: image, audio or file */
/* messages of a request, their roles and their texts: see title.c */
void openai_take_message(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
void openai_take_role(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
void openai_take_said(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
void openai_take_part_type(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* takes the id of a session; the argument is its rank */
void openai_take_session(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* sets the provider if there is a value; the argument is a const char * */
void openai_take_provider(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* takes the usage as OpenAI counts; the last object wins */
void openai_take_usage(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* takes an error: an object, or a string that is its message */
void openai_take_error(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* takes the message of an error into the event */
void openai_take_message_text(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* takes a member of an error, see openai_error_nodes */
void openai_take_failure(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* sets a fact that makes the cost partial, the argument: by a number above 0,
   an object, or the element of an array */
void openai_take_partial(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* takes a count that never goes down; uint32_t */
void openai_take_calls(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* takes a count of tokens; the argument is a field of m->usage */
void openai_take_tokens(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

#define openai_usage_node(key, field)                                         \
    openai_node(key, openai_take_tokens, offsetof(openai_usage_t, field))

/* ends an event with each element of an array that is the body */
void openai_take_element(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

/* open and close a choice, and the call of a tool in it */
void openai_take_choice(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
void openai_take_call(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

extern const openai_node_t  openai_usage_nodes[];
extern const openai_node_t  openai_server_tool_nodes[];
extern const openai_node_t  openai_stream_options_nodes[];
extern const openai_node_t  openai_error_nodes[];
extern const openai_node_t  openai_metadata_nodes[];
extern const openai_node_t  openai_part_nodes[];
extern const openai_node_t  openai_message_nodes[];
extern const openai_node_t  openai_failure;     /* the body of an error */

#define OPENAI_REQUEST_NODES                                                  \
    openai_node("model", openai_take_string, openai_fact(model)),             \
    openai_node("stream", openai_take_bool, openai_fact(stream_asked)),       \
    openai_node_in("stream_options", openai_stream_options_nodes, NULL, 0),   \
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


/* an error that is the whole event, as vLLM and llama.cpp write it; see
   openai_meter_flat_error() */

#define OPENAI_FLAT_ERROR_NODES                                               \
    openai_node("message", openai_take_message_text, 0),                      \
    openai_node("code", openai_take_string, openai_at(event.code)),           \
    openai_node("type", openai_take_string, openai_at(event.type))


/* the dialects call these for the parts of an event */

void openai_meter_choice_open(openai_meter_t *m, int64_t index);
void openai_meter_choice_close(openai_meter_t *m);
void openai_meter_call_open(openai_meter_t *m, int64_t index);
void openai_meter_call_close(openai_meter_t *m);

/* sets the reason why the choice with this index ended */
void openai_meter_finish_reason(openai_meter_t *m, int64_t index,
    const char *reason);

/* counts the call of a tool; the name may be empty */
void openai_meter_tool(openai_meter_t *m, const char *name);

/* forgets the message of the event */
void openai_meter_unsaid(openai_meter_t *m);

/* set the error of event.code, event.message and the type */
void openai_meter_failure(openai_meter_t *m, const char *type);
void openai_meter_flat_error(openai_meter_t *m);

/* adds the event to the facts; in a stream it also sets the times of tokens */
void openai_meter_commit(openai_meter_t *m);

/* begins a usage object; counts that it does not have stay */
void openai_meter_usage_open(openai_meter_t *m);

/* likewise where the cached parts are not in the input, as Anthropic and
   Bedrock count; returns 0 when there is no usage */
int openai_meter_usage_apart(openai_meter_t *m);

/* makes facts.usage of m->usage, as OpenAI counts */
void openai_meter_usage(openai_meter_t *m);

void openai_meter_provider(openai_meter_t *m, const char *name, unsigned rank);
void openai_meter_session(openai_meter_t *m, openai_str_t id, unsigned rank);

/* ends one of several answers of a connection */
void openai_meter_answered(openai_meter_t *m);

/* after a 101 the bytes of both sides are frames */
void openai_meter_upgrade(openai_meter_t *m);
void openai_meter_frames(openai_meter_t *m, openai_body_t *body,
    const void *data, size_t len);
void openai_meter_frames_end(openai_meter_t *m);

/* returns a scanner for a body, that of the other body if it is over; NULL:
   memory is short */
openai_scan_t *openai_meter_scan(openai_meter_t *m);

/* empties the event */
void openai_meter_clear(openai_meter_t *m);

/* ends an event and commits it */
void openai_meter_event_end(openai_meter_t *m, openai_str_t name);

void openai_meter_multipart_begin(openai_meter_t *m, openai_str_t type);


/* copy and append with a comma; the text is cut at a UTF-8 character to fit
   into size bytes, the last of which is zero */
void openai_copy(char *dst, size_t size, const char *src, size_t len);
void openai_append(char *dst, size_t size, const char *src);


#endif /* _OPENAI_METER_H_INCLUDED_ */
