
/*
 * The facts of an exchange, which the meter writes and the zone keeps.
 *
 * The structure has no pointers, because other processes read it in shared
 * memory.  Strings end with a zero byte and are cut at a UTF-8 character; ""
 * means unknown.  An unknown number is OPENAI_UNKNOWN, never 0.
 */


#ifndef _OPENAI_FACTS_H_INCLUDED_
#define _OPENAI_FACTS_H_INCLUDED_


#include <math.h>
#include <stdint.h>


#define OPENAI_UNKNOWN  (-1)

#define OPENAI_MESSAGE_SIZE 512

#define OPENAI_TITLE_CHARS  120
#define OPENAI_TITLE_SIZE   256


/* tokens as OpenTelemetry GenAI counts them: the input includes the cached and
   the written part, the output includes the reasoning */

typedef struct {
    int64_t   input;
    int64_t   output;
    int64_t   total;
    int64_t   cached;
    int64_t   cache_write;
    int64_t   cache_write_1h;    /* part of cache_write, kept for 1 h */
    int64_t   reasoning;
    int64_t   input_audio;
    int64_t   output_audio;
    int64_t   billed_input;      /* by Cohere, which bills less than it counts;
                                    OPENAI_UNKNOWN: as input */
    int64_t   billed_output;
    double    cost;              /* USD, by the upstream; < 0: unknown */
} openai_usage_t;


typedef enum {
    OPENAI_FRAMING_NONE = 0,     /* no body, or an unknown framing */
    OPENAI_FRAMING_JSON,
    OPENAI_FRAMING_SSE,
    OPENAI_FRAMING_NDJSON,
    OPENAI_FRAMING_ARRAY,        /* a JSON array of events */
    OPENAI_FRAMING_WEBSOCKET,
    OPENAI_FRAMING_AWS           /* Amazon's binary event stream */
} openai_framing_e;


/* bits of openai_facts_t.flags */

#define OPENAI_FACT_REFUSAL         0x0001
#define OPENAI_FACT_REASONING       0x0002
#define OPENAI_FACT_TOOL_CALLS      0x0004
#define OPENAI_FACT_IMAGE           0x0008   /* in the request */
#define OPENAI_FACT_AUDIO           0x0010   /* in the request */
#define OPENAI_FACT_FILE            0x0020   /* in the request */
#define OPENAI_FACT_ERROR           0x0040   /* an error object or event */
#define OPENAI_FACT_TERMINAL        0x0080   /* the last event has come */
#define OPENAI_FACT_USAGE           0x0100   /* usage has counts */
#define OPENAI_FACT_UNDECODABLE     0x0200   /* coding unknown or broken */
#define OPENAI_FACT_BOMB            0x0400   /* too large once decoded */
#define OPENAI_FACT_EARLY           0x0800   /* usage lacks the end */
#define OPENAI_FACT_NO_DECODER      0x2000   /* no memory for a decoder */

#define OPENAI_FACT_FEES           0x10000   /* a tool of the upstream has a
                                                fee, and nothing counts it */
#define OPENAI_FACT_MODIFIER       0x20000   /* a mode with rates of its own */
#define OPENAI_FACT_ITERATIONS     0x40000   /* steps that usage leaves out */
#define OPENAI_FACT_IMAGE_OUT      0x80000   /* tokens of images in output */
#define OPENAI_FACT_POLLED        0x100000   /* clients may fetch the answer
                                                again, by its id */
#define OPENAI_FACT_PENDING       0x200000   /* its usage comes with a fetch */
#define OPENAI_FACT_SEARCHED      0x400000   /* calls searched the web; they do
                                                not tell how often */
#define OPENAI_FACT_USAGE_OPTION  0x800000   /* a stream has usage when the
                                                request asks for it … */
#define OPENAI_FACT_USAGE_ASKED  0x1000000   /* … which it did */


typedef struct {
    /* the request; int8_t: -1 unknown, 0 no, 1 yes */

    int8_t          stream_asked;
    int8_t          streamed;          /* the answer is a stream of events */
    uint8_t         framing;           /* openai_framing_e of the answer */
    uint8_t         dialect;           /* index for openai_dialect_name() */
    uint32_t        flags;             /* OPENAI_FACT_… */

    int32_t         messages;
    int32_t         tools;
    int32_t         choices;           /* asked for: "n" */
    int32_t         retry;             /* by the client's count */
    int64_t         max_tokens;
    double          temperature;       /* NAN: unknown */

    /* the answer */

    uint32_t        events;            /* SSE events, lines, frames */
    uint32_t        tool_calls;
    uint32_t        web_searches;      /* by the upstream, each with a fee */
    uint32_t        file_searches;
    uint64_t        text_bytes;        /* text with refusals */
    uint64_t        reasoning_bytes;
    int64_t         estimated_output;  /* tokens, if there is no usage */
    int64_t         processing_ms;     /* as the upstream states */

    /* microseconds since the start of the exchange; 0: no token yet */

    uint64_t        first_token_us;
    uint64_t        last_token_us;
    uint64_t        longest_gap_us;    /* between two tokens */

    openai_usage_t  usage;

    char            operation[24];     /* OpenTelemetry's operation name */
    char            provider[24];      /* OpenTelemetry's provider name */
    char            model[96];         /* asked */
    char            response_model[96];
    char            response_id[64];
    char            request_id[64];    /* in the upstream's headers */
    char            finish_reason[64]; /* of several choices, with "," */
    char            service_tier[16];  /* of the answer or the request */
    char            tool_names[160];   /* called, in order, with "," */
    char            error_type[48];
    char            error_code[48];
    char            error_message[OPENAI_MESSAGE_SIZE];  /* when it is cut,
                                                            it ends with "…" */
    char            session[80];       /* the id that the client sends */
    char            user[64];
    char            user_agent[64];
    char            agent[24];         /* the client's name, if it is known */
    char            trace_id[33];      /* of the W3C's traceparent */
    char            span_id[17];
    char            title[OPENAI_TITLE_SIZE];  /* of the last user message: its
                                                  first OPENAI_TITLE_CHARS */
} openai_facts_t;


static inline void
openai_usage_init(openai_usage_t *usage)
{
    usage->input = OPENAI_UNKNOWN;
    usage->output = OPENAI_UNKNOWN;
    usage->total = OPENAI_UNKNOWN;
    usage->cached = OPENAI_UNKNOWN;
    usage->cache_write = OPENAI_UNKNOWN;
    usage->cache_write_1h = OPENAI_UNKNOWN;
    usage->reasoning = OPENAI_UNKNOWN;
    usage->input_audio = OPENAI_UNKNOWN;
    usage->output_audio = OPENAI_UNKNOWN;
    usage->billed_input = OPENAI_UNKNOWN;
    usage->billed_output = OPENAI_UNKNOWN;
    usage->cost = OPENAI_UNKNOWN;
}


/* sets zeroed facts to unknown */

static inline void
openai_facts_unknown(openai_facts_t *facts)
{
    facts->stream_asked = OPENAI_UNKNOWN;
    facts->streamed = OPENAI_UNKNOWN;
    facts->messages = OPENAI_UNKNOWN;
    facts->tools = OPENAI_UNKNOWN;
    facts->choices = OPENAI_UNKNOWN;
    facts->retry = OPENAI_UNKNOWN;
    facts->max_tokens = OPENAI_UNKNOWN;
    facts->temperature = NAN;
    facts->estimated_output = OPENAI_UNKNOWN;
    facts->processing_ms = OPENAI_UNKNOWN;

    openai_usage_init(&facts->usage);
}


#endif /* _OPENAI_FACTS_H_INCLUDED_ */
