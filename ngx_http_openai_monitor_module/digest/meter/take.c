
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The takes that the nodes of dialects share: values of JSON into facts.
 *
 * The scanner calls them.  A take changes one field and calls facts.c at most.
 */


#include <math.h>
#include <string.h>

#include "digest/json/bytes.h"
#include "digest/json/ids.h"
#include "digest/meter/meter.h"


#define openai_field(ctx, node, type)                                         \
    ((type *) openai_take_place(ctx, node))


static inline void *openai_take_place(openai_meter_t *m,
    const openai_node_t *node);
static void openai_take_user(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_take_cost(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_take_ticks(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_usage_whole(openai_usage_t *usage);
static void openai_meter_add_before(openai_meter_t *m);
static void openai_take_reason(char *message, const openai_value_t *value);
static void openai_take_first(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_take_status(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_take_kind(void *ctx, const openai_node_t *node,
    const openai_value_t *value);


/* Anthropic's names, which LiteLLM and other gateways pass on */

static const openai_node_t  openai_creation_nodes[] = {
    openai_usage_node("ephemeral_1h_input_tokens", cache_write_1h),
    openai_node_end
};


static const openai_node_t  openai_input_nodes[] = {
    openai_usage_node("cached_tokens", cached),
    openai_usage_node("cache_write_tokens", cache_write),
    openai_usage_node("cache_creation_tokens", cache_write),
    openai_node_in("cache_creation_token_details", openai_creation_nodes,
                   NULL, 0),
    openai_usage_node("audio_tokens", input_audio),
    openai_node_end
};


static const openai_node_t  openai_output_nodes[] = {
    openai_usage_node("reasoning_tokens", reasoning),
    openai_usage_node("audio_tokens", output_audio),
    openai_node_end
};


/* an image of a model for chat has its own rate; that of the API for images is
   the output of its row */

static const openai_node_t  openai_completion_nodes[] = {
    openai_usage_node("reasoning_tokens", reasoning),
    openai_usage_node("audio_tokens", output_audio),
    openai_node("image_tokens", openai_take_partial, OPENAI_FACT_IMAGE_OUT),
    openai_node_end
};


/* the cost is a number at OpenRouter, and an object at Perplexity */

static const openai_node_t  openai_cost_nodes[] = {
    openai_node("total_cost", openai_take_cost, 0),
    openai_node_end
};


/* OpenRouter: the provider's price when the client uses a key of its own */

static const openai_node_t  openai_cost_details_nodes[] = {
    openai_node("upstream_inference_cost", openai_take_real,
                openai_at(byok_cost)),
    openai_node_end
};


/* what gateways pass on of Anthropic's tools */

const openai_node_t  openai_server_tool_nodes[] = {
    openai_node("web_search_requests", openai_take_calls,
                openai_fact(web_searches)),
    openai_node("code_execution_requests", openai_take_partial,
                OPENAI_FACT_FEES),
    openai_node_end
};


const openai_node_t  openai_usage_nodes[] = {
    openai_usage_node("prompt_tokens", input),
    openai_usage_node("completion_tokens", output),
    openai_usage_node("total_tokens", total),
    openai_usage_node("input_tokens", input),
    openai_usage_node("output_tokens", output),
    openai_node_in("prompt_tokens_details", openai_input_nodes, NULL, 0),
    openai_node_in("completion_tokens_details", openai_completion_nodes, NULL,
                   0),
    openai_node_in("prompt_token_details", openai_input_nodes, NULL, 0),
    openai_node_in("input_tokens_details", openai_input_nodes, NULL, 0),
    openai_node_in("output_tokens_details", openai_output_nodes, NULL, 0),
    openai_node_in("input_token_details", openai_input_nodes, NULL, 0),
    openai_node_in("output_token_details", openai_output_nodes, NULL, 0),
    openai_usage_node("reasoning_tokens", reasoning),
    openai_usage_node("prompt_cache_hit_tokens", cached),
    openai_usage_node("cached_tokens", cached),
    openai_usage_node("num_cached_tokens", cached),
    openai_usage_node("cache_read_input_tokens", cached),
    openai_usage_node("cache_creation_input_tokens", cache_write),
    openai_node_in("cost", openai_cost_nodes, openai_take_cost, 0),
    openai_node("cost_in_usd_ticks", openai_take_ticks, 0),
    openai_node("is_byok", openai_take_bool, openai_at(byok)),
    openai_node_in("cost_details", openai_cost_details_nodes, NULL, 0),
    openai_node("service_tier", openai_take_string,
                openai_fact(service_tier)),
    openai_node_in("server_tool_use", openai_server_tool_nodes, NULL, 0),

    /* searches of xAI and Perplexity, which both bill by the piece */

    openai_node("num_sources_used", openai_take_partial, OPENAI_FACT_FEES),
    openai_node("num_search_queries", openai_take_partial, OPENAI_FACT_FEES),
    openai_node_end
};


const openai_node_t  openai_error_nodes[] = {
    openai_node("message", openai_take_failure, openai_fact(error_message)),
    openai_node("type", openai_take_failure, openai_fact(error_type)),
    openai_node("code", openai_take_failure, openai_fact(error_code)),
    openai_node("status", openai_take_status, openai_fact(error_type)),
    openai_node_end
};


/* the shapes of the body of an error */

static const openai_node_t  openai_detail_nodes[] = {
    openai_node("msg", openai_take_failure, openai_fact(error_message)),
    openai_node("message", openai_take_failure, openai_fact(error_message)),
    openai_node("type", openai_take_failure, openai_fact(error_type)),
    openai_node_end
};


/* Cloudflare has a list of errors; the first one is the reason */

static const openai_node_t  openai_errors_nodes[] = {
    openai_node("message", openai_take_first, openai_fact(error_message)),
    openai_node("detail", openai_take_first, openai_fact(error_message)),
    openai_node("code", openai_take_first, openai_fact(error_code)),
    openai_node_end
};


static const openai_node_t  openai_failure_nodes[] = {
    openai_node_in("error", openai_error_nodes, openai_take_error, 0),
    openai_node_in("errors", openai_errors_nodes, openai_take_first,
                   openai_fact(error_message)),
    openai_node("message", openai_take_failure, openai_fact(error_message)),
    openai_node("type", openai_take_kind, openai_fact(error_type)),
    openai_node("code", openai_take_failure, openai_fact(error_code)),
    openai_node("statusCode", openai_take_failure,
                openai_fact(error_code)),
    openai_node_in("detail", openai_detail_nodes, openai_take_failure,
                   openai_fact(error_message)),
    openai_node("request_id", openai_take_string,
                openai_fact(request_id)),
    openai_node_end
};


const openai_node_t  openai_failure =
    openai_node_root(openai_failure_nodes, NULL);


const openai_node_t  openai_stream_options_nodes[] = {
    openai_node("include_usage", openai_take_true, OPENAI_FACT_USAGE_ASKED),
    openai_node_end
};


const openai_node_t  openai_metadata_nodes[] = {
    openai_node("session_id", openai_take_session, 6),
    openai_node("conversation_id", openai_take_session, 5),
    openai_node("thread_id", openai_take_session, 5),
    openai_node("user_id", openai_take_user, openai_fact(user)),
    openai_node_end
};


static inline void *
openai_take_place(openai_meter_t *m, const openai_node_t *node)
{
    char  *base;

    base = (node->arg & OPENAI_AT_FACTS) ? (char *) m->facts : (char *) m;

    return base + (node->arg & (OPENAI_AT_FACTS - 1));
}


void
openai_take_string(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    if ((value->type == OPENAI_SCAN_STRING || value->type == OPENAI_SCAN_NUMBER)
        && value->str.len)
    {
        openai_copy(openai_field(ctx, node, char), node->arg >> 16,
                    value->str.data, value->str.len);
    }
}


void
openai_take_integer(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    if (value->type == OPENAI_SCAN_NUMBER) {
        *openai_field(ctx, node, int64_t) = openai_value_integer(value);
    }
}


void
openai_take_number(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    int64_t  n;

    n = openai_value_integer(value);

    if (n >= 0 && n <= INT32_MAX) {
        *openai_field(ctx, node, int32_t) = (int32_t) n;
    }
}


void
openai_take_real(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    if (value->type == OPENAI_SCAN_NUMBER) {
        *openai_field(ctx, node, double) = openai_value_real(value);
    }
}


void
openai_take_bool(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    if (value->type == OPENAI_SCAN_TRUE || value->type == OPENAI_SCAN_FALSE) {
        *openai_field(ctx, node, int8_t) = (value->type == OPENAI_SCAN_TRUE);
    }
}


/* counts elements as they come, so that a cut body has a count, too */

void
openai_take_count(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    int32_t  *n;

    n = openai_field(ctx, node, int32_t);

    if (value->type == OPENAI_SCAN_ARRAY && value->element < 0) {
        *n = 0;

    } else if (value->element >= 0 && value->type <= OPENAI_SCAN_OBJECT) {
        *n = value->element + 1;

    } else if (value->type == OPENAI_SCAN_STRING) {
        *n = 1;
    }
}


void
openai_take_size(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    if (value->type == OPENAI_SCAN_STRING) {
        *openai_field(ctx, node, uint64_t) = value->size;
    }
}


/* for text that some write under two names, one of them perhaps empty */

void
openai_take_most(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    uint64_t  *size;

    size = openai_field(ctx, node, uint64_t);

    if (value->type == OPENAI_SCAN_STRING && value->size > *size) {
        *size = value->size;
    }
}


void
openai_take_add(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    if (value->type == OPENAI_SCAN_STRING) {
        *openai_field(ctx, node, uint64_t) += value->size;
    }
}


void
openai_take_flag(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_OBJECT
        || (value->type == OPENAI_SCAN_STRING && value->size))
    {
        m->facts->flags |= node->arg;
    }
}


void
openai_take_true(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_TRUE) {
        m->facts->flags |= node->arg;
    }
}


void
openai_take_shape(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_STRING || value->type == OPENAI_SCAN_ARRAY) {
        m->shape |= node->arg;
    }
}


void
openai_take_part_type(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_str_t     s;
    openai_meter_t  *m = ctx;

    if (value->type != OPENAI_SCAN_STRING) {
        return;
    }

    s = value->str;

    if (openai_is(s.data, s.len, "image_url")
        || openai_is(s.data, s.len, "input_image")
        || openai_is(s.data, s.len, "image"))
    {
        m->facts->flags |= OPENAI_FACT_IMAGE;

    } else if (openai_is(s.data, s.len, "input_audio")
               || openai_is(s.data, s.len, "audio_url"))
    {
        m->facts->flags |= OPENAI_FACT_AUDIO;

    } else if (openai_is(s.data, s.len, "file")
               || openai_is(s.data, s.len, "input_file")
               || openai_is(s.data, s.len, "document"))
    {
        m->facts->flags |= OPENAI_FACT_FILE;
    }
}


void
openai_take_session(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    if (value->type == OPENAI_SCAN_STRING) {
        openai_meter_session(ctx, value->str, node->arg);
    }
}


/* Claude Code puts user, account and session into one id */

static void
openai_take_user(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_str_t  session;

    openai_take_string(ctx, node, value);

    if (value->type == OPENAI_SCAN_STRING) {
        session = openai_user_session(value->str);
        openai_meter_session(ctx, session, 6);
    }
}


void
openai_take_provider(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    if (value->type != OPENAI_SCAN_NULL) {
        openai_meter_provider(ctx, (const char *) node->arg, 4);
    }
}


void
openai_take_usage(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_OBJECT) {
        openai_meter_usage_open(m);

    } else if (value->type == OPENAI_SCAN_OBJECT_END) {
        openai_meter_usage(m);
    }
}


/*
 * A usage object begins.  Counts of an answer are never added up: a later count
 * replaces an earlier one.  The counts of an earlier object stay where the
 * later one has none, because gateways send a second object that is empty or
 * all zero.  The total is derived again, because it must fit the other counts.
 */

void
openai_meter_usage_open(openai_meter_t *m)
{
    m->usage.total = OPENAI_UNKNOWN;
    m->tool_input = OPENAI_UNKNOWN;
    m->byok = OPENAI_UNKNOWN;
    m->byok_cost = OPENAI_UNKNOWN;
}


void
openai_take_tokens(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    int64_t          n;
    openai_meter_t  *m = ctx;

    n = openai_value_integer(value);

    if (n >= 0) {
        openai_count((int64_t *) ((char *) &m->usage + node->arg), n);
    }
}


static void
openai_take_cost(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_NUMBER) {
        m->usage.cost = openai_value_real(value);
    }
}


void
openai_take_partial(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_OBJECT || value->element >= 0
        || openai_value_integer(value) > 0)
    {
        m->facts->flags |= node->arg;
    }
}


/* events repeat a count, so the largest one holds */

void
openai_take_calls(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    int64_t    n;
    uint32_t  *calls;

    n = openai_value_integer(value);
    calls = openai_field(ctx, node, uint32_t);

    if (n > *calls && n <= INT32_MAX) {
        *calls = (uint32_t) n;
    }
}


/* takes xAI's cost; 1e10 ticks are one dollar */

static void
openai_take_ticks(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_NUMBER) {
        m->usage.cost = openai_value_real(value) / 1e10;
    }
}


void
openai_meter_usage(openai_meter_t *m)
{
    openai_usage_t  *from, *to;

    from = &m->usage;
    to = &m->facts->usage;

    if (from->input < 0 && from->output < 0 && from->total < 0) {
        return;
    }

    *to = *from;

    openai_usage_whole(to);

    /* the cost is the fee alone, because the provider bills the owner of the
       key */

    if (m->byok == 1 && m->byok_cost >= 0 && to->cost >= 0) {
        to->cost += m->byok_cost;
    }

    openai_meter_add_before(m);

    m->facts->flags |= OPENAI_FACT_USAGE;
}


int
openai_meter_usage_apart(openai_meter_t *m)
{
    openai_usage_t  *from, *to;

    from = &m->usage;
    to = &m->facts->usage;

    if (from->input < 0 && from->output < 0) {
        return 0;
    }

    *to = *from;

    if (to->input >= 0) {
        to->input += from->cached > 0 ? from->cached : 0;
        to->input += from->cache_write > 0 ? from->cache_write : 0;
    }

    if (to->input >= 0 && to->output >= 0) {
        to->total = to->input + to->output;
    }

    m->facts->flags |= OPENAI_FACT_USAGE;

    return 1;
}


/*
 * Adds parts that were left out.  Some upstreams do not count the reasoning in
 * the output, or the cached input in the input.  A part is never larger than
 * its whole, and a total is never larger than input and output, so the excess
 * is what was left out.
 */

static void
openai_usage_whole(openai_usage_t *usage)
{
    int64_t  parts, rest;

    parts = (usage->cached > 0 ? usage->cached : 0)
            + (usage->cache_write > 0 ? usage->cache_write : 0);

    if (usage->input >= 0 && parts > usage->input
        && (usage->total < 0
            || usage->total > usage->input
                              + (usage->output > 0 ? usage->output : 0)))
    {
        usage->input += parts;
    }

    if (usage->input < 0 || usage->output < 0) {
        return;
    }

    rest = usage->total - usage->input - usage->output;

    if (usage->total >= 0 && rest > 0) {
        usage->output += rest;

    } else if (usage->total < 0 && usage->reasoning > usage->output) {
        usage->output += usage->reasoning;
    }

    if (usage->total < usage->input + usage->output) {
        usage->total = usage->input + usage->output;
    }
}


/* adds the usage of earlier answers, because each answer of a connection is
   billed */

static void
openai_meter_add_before(openai_meter_t *m)
{
    unsigned        i;
    int64_t        *to;
    const int64_t  *from;

    static const size_t  counts[] = {
        offsetof(openai_usage_t, input), offsetof(openai_usage_t, output),
        offsetof(openai_usage_t, total), offsetof(openai_usage_t, cached),
        offsetof(openai_usage_t, cache_write),
        offsetof(openai_usage_t, cache_write_1h),
        offsetof(openai_usage_t, reasoning),
        offsetof(openai_usage_t, input_audio),
        offsetof(openai_usage_t, output_audio)
    };

    if (m->before == NULL) {
        return;
    }

    for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {

        to = (int64_t *) ((char *) &m->facts->usage + counts[i]);
        from = (const int64_t *) ((const char *) m->before + counts[i]);

        if (*from >= 0) {
            *to = (*to >= 0) ? *to + *from : *from;
        }
    }
}


void
openai_meter_answered(openai_meter_t *m)
{
    if (m->before) {
        *m->before = m->facts->usage;
    }

    openai_usage_init(&m->usage);
}


/* copies the message of an error; one that is cut ends with "…" */

static void
openai_take_reason(char *message, const openai_value_t *value)
{
    size_t  size;

    static const char  mark[] = "\xe2\x80\xa6";

    if ((value->type != OPENAI_SCAN_STRING && value->type != OPENAI_SCAN_NUMBER)
        || value->str.len == 0)
    {
        return;
    }

    size = OPENAI_MESSAGE_SIZE;

    if (value->type == OPENAI_SCAN_STRING && value->size >= size) {
        size -= sizeof(mark) - 1;
    }

    openai_copy(message, size, value->str.data, value->str.len);

    if (size < OPENAI_MESSAGE_SIZE) {
        memcpy(message + strlen(message), mark, sizeof(mark));
    }
}


void
openai_take_message_text(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_event_t  *ev;
    openai_meter_t  *m = ctx;

    ev = &m->event;

    if (ev->message == NULL) {
        ev->message = m->alloc.alloc(m->alloc.ctx, OPENAI_MESSAGE_SIZE);

        if (ev->message == NULL) {
            return;
        }

        ev->message[0] = '\0';
    }

    openai_take_reason(ev->message, value);
}


/* an empty object is not an error, because jobs have one when all is well */

void
openai_take_error(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_STRING && value->str.len) {
        openai_take_reason(m->facts->error_message, value);
        m->facts->flags |= OPENAI_FACT_ERROR;
    }
}


void
openai_take_failure(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if ((value->type == OPENAI_SCAN_STRING && value->str.len)
        || value->type == OPENAI_SCAN_NUMBER)
    {
        if (node->arg == openai_fact(error_message)) {
            openai_take_reason(m->facts->error_message, value);

        } else {
            openai_take_string(ctx, node, value);
        }

        m->facts->flags |= OPENAI_FACT_ERROR;
    }
}


static void
openai_take_first(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    if (openai_field(ctx, node, char)[0] == '\0') {
        openai_take_failure(ctx, node, value);
    }
}


/* takes Gemini's type; a number is Azure's HTTP status and is ignored */

static void
openai_take_status(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    if (value->type == OPENAI_SCAN_STRING) {
        openai_take_failure(ctx, node, value);
    }
}


/* ignores Anthropic's "error", because the error in it has the type */

static void
openai_take_kind(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    if (value->type == OPENAI_SCAN_STRING
        && !openai_is(value->str.data, value->str.len, "error"))
    {
        openai_take_failure(ctx, node, value);
    }
}
