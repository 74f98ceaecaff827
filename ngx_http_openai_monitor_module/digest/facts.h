
/*
 * What is known of one exchange: the plain result of the digest.
 *
 * A value type without pointers, so that it can be copied into shared memory
 * and read there by another process.  Strings end with a zero byte and are
 * cut to fit on a UTF-8 boundary; "" means unknown.  Numbers that are not
 * known are OPENAI_UNKNOWN, never 0.
 */


#ifndef _OPENAI_FACTS_H_INCLUDED_
#define _OPENAI_FACTS_H_INCLUDED_


#include <math.h>
#include <stdint.h>


#define OPENAI_UNKNOWN  (-1)

#define OPENAI_TITLE_CHARS  120
#define OPENAI_TITLE_SIZE   256


/* tokens as OpenTelemetry GenAI counts them: input holds the cached and the
   cache-write part, output holds the reasoning part */

typedef struct {
    int64_t   input;
    int64_t   output;
    int64_t   total;
    int64_t   cached;
    int64_t   cache_write;
    int64_t   cache_write_1h;    /* the part of cache_write kept an hour */
    int64_t   reasoning;
    int64_t   input_audio;
    int64_t   output_audio;
    double    cost;              /* USD, stated by the upstream; < 0 unknown */
} openai_usage_t;


typedef enum {
    OPENAI_FRAMING_NONE = 0,     /* no body, or not understood */
    OPENAI_FRAMING_JSON,
    OPENAI_FRAMING_SSE,
    OPENAI_FRAMING_NDJSON,
    OPENAI_FRAMING_ARRAY,        /* one JSON array that arrives in pieces */
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
#define OPENAI_FACT_TERMINAL        0x0080   /* the terminal event was seen */
#define OPENAI_FACT_USAGE           0x0100   /* usage holds what came */
#define OPENAI_FACT_UNDECODABLE     0x0200   /* coding unknown or broken */
#define OPENAI_FACT_BOMB            0x0400   /* decoder bound reached */
#define OPENAI_FACT_EARLY           0x0800   /* usage is of the beginning */
#define OPENAI_FACT_UNPRICED        0x1000   /* billed for more than tokens, or
                                                at rates that no row has */
#define OPENAI_FACT_NO_DECODER      0x2000   /* no memory to decode a body */


typedef struct {
    /* what the request asked; int8_t: -1 unknown, 0 no, 1 yes */

    int8_t          stream_asked;
    int8_t          streamed;          /* the answer is a stream of events */
    uint8_t         framing;           /* openai_framing_e of the answer */
    uint8_t         dialect;           /* index for openai_dialect_name() */
    uint32_t        flags;             /* OPENAI_FACT_… */

    int32_t         messages;
    int32_t         tools;
    int32_t         choices;           /* asked for: "n" */
    int32_t         retry;             /* the client's own retry count */
    int64_t         max_tokens;
    double          temperature;       /* NAN: unknown */

    /* the answer */

    uint32_t        events;            /* SSE events, lines, frames */
    uint32_t        tool_calls;
    uint64_t        text_bytes;        /* answer text, refusal included */
    uint64_t        reasoning_bytes;
    int64_t         estimated_output;  /* tokens; only without usage */
    int64_t         processing_ms;     /* stated by the upstream */

    /* us since the start that the caller chose; 0: none yet */

    uint64_t        first_token_us;
    uint64_t        last_token_us;
    uint64_t        longest_gap_us;    /* between two tokens */

    openai_usage_t  usage;

    char            operation[24];     /* OpenTelemetry's operation name */
    char            provider[24];      /* OpenTelemetry's provider name */
    char            model[96];         /* asked */
    char            response_model[96];
    char            response_id[64];
    char            request_id[64];    /* the upstream's, from its headers */
    char            finish_reason[64]; /* several choices are joined by "," */
    char            service_tier[16];  /* of the answer, else of the request */
    char            tool_names[160];   /* called, in order, joined by "," */
    char            error_type[48];
    char            error_code[48];
    char            error_message[160];
    char            session[80];       /* session or thread id of the client */
    char            user[64];
    char            user_agent[64];
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
    usage->cost = OPENAI_UNKNOWN;
}


/* of facts that are zeroed nothing is known from now on */

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
