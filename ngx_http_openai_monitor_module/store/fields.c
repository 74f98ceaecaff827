
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The tables of the fields of a record, and the values that the rows name.
 * JSON has the fields in the order of the rows.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/fields.h"


#define ngx_openai_at(m)                                                      \
    offsetof(ngx_openai_record_t, m), sizeof(((ngx_openai_record_t *) 0)->m)

#define ngx_openai_nowhere  0, 0

/* a row without the columns behind the member */

#define ngx_openai_field(name, as, m)                                         \
    { name, as, ngx_openai_at(m), 0, 0, 0, NULL, NULL, NULL }
#define ngx_openai_bit(name, m, bit)                                          \
    { name, NGX_OPENAI_AS_BIT, ngx_openai_at(m), bit, 0, 0, NULL, NULL, NULL }


static const char *ngx_openai_field_blame(const ngx_openai_record_t *rec);
static int64_t ngx_openai_field_stored(const ngx_openai_field_t *field,
    const ngx_openai_record_t *rec);
static int64_t ngx_openai_field_connect(const ngx_openai_field_t *field,
    const ngx_openai_record_t *rec);


/* name, kind, member, bit, 1 in a group, column, heading, variable, key */

const ngx_openai_field_t  ngx_openai_fields[] = {

    { "id", NGX_OPENAI_AS_ID, ngx_openai_at(id),
      0, 0, 1, NULL, "openai_monitor_id", "id" },

    { "started_at", NGX_OPENAI_AS_DATE, ngx_openai_at(started_ms),
      0, 0, 2, NULL, NULL, NULL },

    { "method", NGX_OPENAI_AS_TEXT, ngx_openai_at(method),
      0, 0, 3, NULL, NULL, "method" },

    { "uri", NGX_OPENAI_AS_URI, ngx_openai_at(uri),
      0, 0, 4, NULL, NULL, "path" },

    { "host", NGX_OPENAI_AS_TEXT, ngx_openai_at(host),
      0, 0, 0, NULL, NULL, "host" },

    ngx_openai_field("http_version", NGX_OPENAI_AS_VERSION, http_version),

    { "status", NGX_OPENAI_AS_STATUS, ngx_openai_at(status),
      0, 0, 5, NULL, NULL, "status" },

    { "outcome", NGX_OPENAI_AS_OUTCOME, ngx_openai_at(outcome),
      0, 0, 6, NULL, "openai_outcome", "outcome" },

    { "dialect", NGX_OPENAI_AS_DIALECT, ngx_openai_at(facts.dialect),
      0, 0, 7, NULL, NULL, "dialect" },

    { "operation", NGX_OPENAI_AS_TEXT, ngx_openai_at(facts.operation),
      0, 0, 8, NULL, "openai_operation", "op" },

    { "provider", NGX_OPENAI_AS_TEXT, ngx_openai_at(facts.provider),
      0, 0, 9, NULL, "openai_provider", "provider" },

    { "model", NGX_OPENAI_AS_TEXT, ngx_openai_at(facts.model),
      0, 0, 10, NULL, "openai_model", "model" },

    { "response_model", NGX_OPENAI_AS_TEXT,
      ngx_openai_at(facts.response_model),
      0, 0, 11, NULL, "openai_response_model", "model" },

    { "title", NGX_OPENAI_AS_TEXT, ngx_openai_at(facts.title),
      0, 0, 34, NULL, NULL, "title" },

    { "streamed", NGX_OPENAI_AS_FLAG, ngx_openai_at(facts.streamed),
      0, 0, 12, NULL, NULL, NULL },

    ngx_openai_field("stream_requested", NGX_OPENAI_AS_FLAG,
                     facts.stream_asked),
    ngx_openai_field("complete", NGX_OPENAI_AS_COMPLETE, flags),
    ngx_openai_bit("buffered", flags, NGX_OPENAI_REC_BUFFERED),
    ngx_openai_bit("from_cache", flags, NGX_OPENAI_REC_CACHED),

    { "finish_reason", NGX_OPENAI_AS_JOINED,
      ngx_openai_at(facts.finish_reason),
      0, 0, 20, NULL, "openai_finish_reason", "finish" },

    ngx_openai_field("message_count", NGX_OPENAI_AS_COUNT, facts.messages),
    { "tool_count", NGX_OPENAI_AS_COUNT, ngx_openai_at(facts.tools),
      0, 0, 0, NULL, "openai_tools", NULL },

    { "tool_calls", NGX_OPENAI_AS_LIST, ngx_openai_at(facts.tool_names),
      0, 0, 21, NULL, "openai_tool_calls", "tool" },

    ngx_openai_bit("refusal", facts.flags, OPENAI_FACT_REFUSAL),
    ngx_openai_bit("has_reasoning", facts.flags, OPENAI_FACT_REASONING),
    ngx_openai_bit("has_image", facts.flags, OPENAI_FACT_IMAGE),
    ngx_openai_field("service_tier", NGX_OPENAI_AS_TEXT, facts.service_tier),

    { "duration_ms", NGX_OPENAI_AS_TIME, ngx_openai_at(duration_us),
      0, 0, 13, NULL, NULL, "latency" },

    { "ttft_ms", NGX_OPENAI_AS_MOMENT, ngx_openai_at(facts.first_token_us),
      0, 0, 14, NULL, "openai_ttft", "ttft" },

    ngx_openai_field("last_token_ms", NGX_OPENAI_AS_MOMENT,
                     facts.last_token_us),
    ngx_openai_field("longest_gap_ms", NGX_OPENAI_AS_GAP,
                     facts.longest_gap_us),
    ngx_openai_field("pieces", NGX_OPENAI_AS_SIZE, pieces),
    ngx_openai_field("events", NGX_OPENAI_AS_EVENTS, facts.events),

    { "tokens_per_second", NGX_OPENAI_AS_SPEED, ngx_openai_nowhere,
      0, 0, 0, NULL, "openai_tokens_per_second", NULL },

    { "usage", NGX_OPENAI_AS_GROUP, ngx_openai_at(facts.flags),
      OPENAI_FACT_USAGE, 0, 0, NULL, NULL, NULL },

    { "input_tokens", NGX_OPENAI_AS_COUNT, ngx_openai_at(facts.usage.input),
      0, 1, 15, NULL, "openai_input_tokens", "in_tokens" },

    { "output_tokens", NGX_OPENAI_AS_COUNT, ngx_openai_at(facts.usage.output),
      0, 1, 16, NULL, "openai_output_tokens", "out_tokens" },

    { "total_tokens", NGX_OPENAI_AS_COUNT, ngx_openai_at(facts.usage.total),
      0, 1, 0, NULL, NULL, NULL },

    { "cached_tokens", NGX_OPENAI_AS_COUNT, ngx_openai_at(facts.usage.cached),
      0, 1, 17, NULL, "openai_cached_tokens", "cached" },

    { "cache_write_tokens", NGX_OPENAI_AS_COUNT,
      ngx_openai_at(facts.usage.cache_write),
      0, 1, 0, NULL, "openai_cache_write_tokens", NULL },

    { "reasoning_tokens", NGX_OPENAI_AS_COUNT,
      ngx_openai_at(facts.usage.reasoning),
      0, 1, 18, NULL, "openai_reasoning_tokens", NULL },

    { "input_audio_tokens", NGX_OPENAI_AS_COUNT,
      ngx_openai_at(facts.usage.input_audio),
      0, 1, 0, NULL, NULL, NULL },

    { "output_audio_tokens", NGX_OPENAI_AS_COUNT,
      ngx_openai_at(facts.usage.output_audio),
      0, 1, 0, NULL, NULL, NULL },

    ngx_openai_field("estimated_output_tokens", NGX_OPENAI_AS_COUNT,
                     facts.estimated_output),

    { "cost_usd", NGX_OPENAI_AS_MONEY, ngx_openai_at(cost),
      0, 0, 19, NULL, "openai_cost", "cost" },

    ngx_openai_field("price", NGX_OPENAI_AS_TEXT, price),

    { "cost_partial", NGX_OPENAI_AS_LIST, ngx_openai_at(partial),
      0, 0, 40, NULL, NULL, NULL },

    { "cost_at_least_usd", NGX_OPENAI_AS_LEAST, ngx_openai_at(cost),
      0, 0, 41, NULL, NULL, NULL },

    ngx_openai_bit("usage_repeated", flags, NGX_OPENAI_REC_REPEATED),
    ngx_openai_field("usage_hint", NGX_OPENAI_AS_HINT, facts.flags),

    { "request_bytes", NGX_OPENAI_AS_SIZE, ngx_openai_at(request_bytes),
      0, 0, 22, NULL, NULL, NULL },

    { "response_bytes", NGX_OPENAI_AS_SIZE, ngx_openai_at(response_bytes),
      0, 0, 23, NULL, NULL, NULL },

    { "error", NGX_OPENAI_AS_GROUP, ngx_openai_nowhere,
      0, 0, 0, NULL, NULL, NULL },

    { "type", NGX_OPENAI_AS_TEXT, ngx_openai_at(facts.error_type),
      0, 1, 24, "error_type", NULL, NULL },

    { "code", NGX_OPENAI_AS_TEXT, ngx_openai_at(facts.error_code),
      0, 1, 25, "error_code", NULL, NULL },

    { "message", NGX_OPENAI_AS_TEXT, ngx_openai_at(facts.error_message),
      0, 1, 26, "error_message", NULL, NULL },

    { "by", NGX_OPENAI_AS_BLAME, ngx_openai_at(flags),
      0, 1, 0, NULL, NULL, NULL },

    { "client", NGX_OPENAI_AS_TEXT, ngx_openai_at(client),
      0, 0, 27, NULL, NULL, "client" },

    { "user_agent", NGX_OPENAI_AS_TEXT, ngx_openai_at(facts.user_agent),
      0, 0, 28, NULL, NULL, NULL },

    { "agent", NGX_OPENAI_AS_TEXT, ngx_openai_at(facts.agent),
      0, 0, 37, NULL, "openai_agent", "agent" },

    { "key", NGX_OPENAI_AS_TEXT, ngx_openai_at(key),
      0, 0, 29, NULL, "openai_key", "key" },

    { "session", NGX_OPENAI_AS_TEXT, ngx_openai_at(facts.session),
      0, 0, 30, NULL, "openai_session", "session" },

    { "user", NGX_OPENAI_AS_TEXT, ngx_openai_at(facts.user),
      0, 0, 31, NULL, "openai_user", "user" },

    { "trace_id", NGX_OPENAI_AS_TEXT, ngx_openai_at(facts.trace_id),
      0, 0, 38, NULL, "openai_trace_id", "trace" },

    { "span_id", NGX_OPENAI_AS_TEXT, ngx_openai_at(facts.span_id),
      0, 0, 39, NULL, "openai_span_id", NULL },

    { "thread", NGX_OPENAI_AS_THREAD, ngx_openai_nowhere,
      0, 0, 32, NULL, NULL, "thread" },

    { "parent", NGX_OPENAI_AS_PARENT, ngx_openai_nowhere,
      0, 0, 0, NULL, NULL, NULL },

    { "change", NGX_OPENAI_AS_CHANGE, ngx_openai_nowhere,
      0, 0, 0, NULL, NULL, NULL },

    { "new_messages", NGX_OPENAI_AS_FRESH, ngx_openai_nowhere,
      0, 0, 0, NULL, NULL, NULL },

    { "run", NGX_OPENAI_AS_RUN, ngx_openai_nowhere,
      0, 0, 35, NULL, NULL, "run" },

    { "role", NGX_OPENAI_AS_ROLE, ngx_openai_nowhere,
      0, 0, 36, NULL, NULL, "role" },

    { "caller", NGX_OPENAI_AS_CALLER, ngx_openai_nowhere,
      0, 0, 0, NULL, NULL, NULL },

    ngx_openai_field("retry", NGX_OPENAI_AS_COUNT, facts.retry),

    { "upstream", NGX_OPENAI_AS_UPSTREAM, ngx_openai_at(attempts),
      0, 0, 33, NULL, NULL, "upstream" },

    ngx_openai_field("attempts", NGX_OPENAI_AS_ATTEMPTS, attempts),

    { "truncated", NGX_OPENAI_AS_SIDES, ngx_openai_at(flags),
      NGX_OPENAI_REC_REQUEST_CUT, 0, 0, NULL, NULL, NULL },

    ngx_openai_bit("joined", flags, NGX_OPENAI_REC_JOINED),

    { "masked", NGX_OPENAI_AS_SIDES, ngx_openai_at(flags),
      NGX_OPENAI_REC_REQUEST_MASKED, 0, 0, NULL, NULL, NULL },

    ngx_openai_field("withheld", NGX_OPENAI_AS_WITHHELD, flags),

    { NULL, NGX_OPENAI_AS_TEXT, ngx_openai_nowhere, 0, 0, 0, NULL, NULL, NULL }
};


/* of one record only, behind its bodies */

const ngx_openai_field_t  ngx_openai_detail_fields[] = {
    ngx_openai_field("upstream_request_id", NGX_OPENAI_AS_TEXT,
                     facts.request_id),
    ngx_openai_field("processing_ms", NGX_OPENAI_AS_COUNT,
                     facts.processing_ms),
    ngx_openai_field("response_id", NGX_OPENAI_AS_TEXT, facts.response_id),
    { NULL, NGX_OPENAI_AS_TEXT, ngx_openai_nowhere, 0, 0, 0, NULL, NULL, NULL }
};


const ngx_openai_field_t  ngx_openai_timing_fields[] = {
    ngx_openai_field("request_received_ms", NGX_OPENAI_AS_TIME, request_us),
    ngx_openai_field("tls_start_ms", NGX_OPENAI_AS_TLS, attempts),
    ngx_openai_field("connect_ms", NGX_OPENAI_AS_CONNECT, attempts),
    ngx_openai_field("upstream_header_ms", NGX_OPENAI_AS_TIME, header_us),
    ngx_openai_field("first_byte_ms", NGX_OPENAI_AS_TIME, first_byte_us),
    ngx_openai_field("first_token_ms", NGX_OPENAI_AS_MOMENT,
                     facts.first_token_us),
    ngx_openai_field("last_token_ms", NGX_OPENAI_AS_MOMENT,
                     facts.last_token_us),
    ngx_openai_field("last_byte_ms", NGX_OPENAI_AS_TIME, last_byte_us),
    ngx_openai_field("duration_ms", NGX_OPENAI_AS_TIME, duration_us),
    { NULL, NGX_OPENAI_AS_TEXT, ngx_openai_nowhere, 0, 0, 0, NULL, NULL, NULL }
};


/* NGX_OPENAI_AS_SIDES counts on this */

typedef char  ngx_openai_field_sides[
    NGX_OPENAI_REC_RESPONSE_CUT == 2 * NGX_OPENAI_REC_REQUEST_CUT
    && NGX_OPENAI_REC_RESPONSE_MASKED == 2 * NGX_OPENAI_REC_REQUEST_MASKED
    ? 1 : -1];


const ngx_openai_field_t *
ngx_openai_field_named(const char *name)
{
    const ngx_openai_field_t  *field;

    for (field = ngx_openai_fields; field->name; field++) {
        if (ngx_strcmp(field->name, name) == 0) {
            return field;
        }
    }

    return NULL;
}


const ngx_openai_field_t *
ngx_openai_field_column(ngx_uint_t column)
{
    const ngx_openai_field_t  *field;

    for (field = ngx_openai_fields; field->name; field++) {
        if (field->column == column) {
            return field;
        }
    }

    return NULL;
}


const ngx_openai_field_t *
ngx_openai_field_term(const ngx_openai_field_t *after, const u_char *key,
    size_t len)
{
    const ngx_openai_field_t  *field;

    field = after ? after + 1 : ngx_openai_fields;

    for ( /* void */ ; field->name; field++) {
        if (field->term
            && ngx_strlen(field->term) == len
            && ngx_strncasecmp((u_char *) field->term, (u_char *) key, len)
               == 0)
        {
            return field;
        }
    }

    return NULL;
}


ngx_uint_t
ngx_openai_field_is_text(const ngx_openai_field_t *field)
{
    return field->as <= NGX_OPENAI_AS_CHANGE;
}


ngx_uint_t
ngx_openai_field_is_time(const ngx_openai_field_t *field)
{
    return field->as >= NGX_OPENAI_AS_TIME && field->as <= NGX_OPENAI_AS_TLS;
}


const char *
ngx_openai_field_text(const ngx_openai_field_t *field,
    const ngx_openai_record_t *rec)
{
    ngx_uint_t  n;

    switch (field->as) {

    case NGX_OPENAI_AS_TEXT:
    case NGX_OPENAI_AS_ID:
    case NGX_OPENAI_AS_URI:
    case NGX_OPENAI_AS_JOINED:
    case NGX_OPENAI_AS_LIST:
        return (const char *) rec + field->offset;

    case NGX_OPENAI_AS_OUTCOME:
        return ngx_openai_outcome_name(rec->outcome);

    case NGX_OPENAI_AS_HINT:
        return ngx_openai_record_unasked(rec)
               ? "stream_options.include_usage" : "";

    case NGX_OPENAI_AS_BLAME:
        return ngx_openai_field_blame(rec);

    case NGX_OPENAI_AS_UPSTREAM:
        n = ngx_openai_record_attempts(rec);
        return n ? rec->attempts[n - 1].peer : "";

    default:
        return "";
    }
}


/* an error without a word is nobody's */

static const char *
ngx_openai_field_blame(const ngx_openai_record_t *rec)
{
    const openai_facts_t  *facts;

    facts = &rec->facts;

    if (facts->error_type[0] == '\0' && facts->error_code[0] == '\0'
        && facts->error_message[0] == '\0')
    {
        return "";
    }

    return (rec->flags & NGX_OPENAI_REC_OWN_ERROR) ? "nginx" : "upstream";
}


int64_t
ngx_openai_field_int(const ngx_openai_field_t *field,
    const ngx_openai_record_t *rec)
{
    int64_t  n;

    n = ngx_openai_field_stored(field, rec);

    switch (field->as) {

    case NGX_OPENAI_AS_STATUS:
    case NGX_OPENAI_AS_MOMENT:
        return n ? n : OPENAI_UNKNOWN;

    case NGX_OPENAI_AS_EVENTS:
        return rec->facts.streamed == 1 ? n : OPENAI_UNKNOWN;

    case NGX_OPENAI_AS_GAP:
        return rec->facts.last_token_us > rec->facts.first_token_us
               ? n : OPENAI_UNKNOWN;

    case NGX_OPENAI_AS_CONNECT:
    case NGX_OPENAI_AS_TLS:
        return ngx_openai_field_connect(field, rec);

    case NGX_OPENAI_AS_BIT:
        return (n & field->bit) != 0;

    case NGX_OPENAI_AS_COMPLETE:
        return rec->outcome == NGX_OPENAI_RUNNING
               ? OPENAI_UNKNOWN : (n & NGX_OPENAI_REC_COMPLETE) != 0;

    default:
        return n;
    }
}


double
ngx_openai_field_number(const ngx_openai_field_t *field,
    const ngx_openai_record_t *rec)
{
    switch (field->as) {

    case NGX_OPENAI_AS_MONEY:
        return rec->partial[0] ? OPENAI_UNKNOWN : rec->cost;

    case NGX_OPENAI_AS_LEAST:
        return rec->partial[0] ? rec->cost : OPENAI_UNKNOWN;

    case NGX_OPENAI_AS_SPEED:
        return ngx_openai_record_speed(rec);

    default:
        return (double) ngx_openai_field_int(field, rec);
    }
}


/* the kinds of signed numbers are those whose members may be negative */

static int64_t
ngx_openai_field_stored(const ngx_openai_field_t *field,
    const ngx_openai_record_t *rec)
{
    const u_char  *p;

    p = (const u_char *) rec + field->offset;

    switch (field->size) {

    case 1:
        return *(const int8_t *) p;

    case 2:
        return *(const uint16_t *) p;

    case 4:
        return field->as == NGX_OPENAI_AS_COUNT
               ? (int64_t) *(const int32_t *) p
               : (int64_t) *(const uint32_t *) p;

    case 8:
        return *(const int64_t *) p;

    default:
        return OPENAI_UNKNOWN;
    }
}


/* when the attempt that gave the header had connected, or when its TLS
   handshake had begun, from the start of the exchange */

static int64_t
ngx_openai_field_connect(const ngx_openai_field_t *field,
    const ngx_openai_record_t *rec)
{
    int64_t                      us;
    ngx_uint_t                   n;
    const ngx_openai_attempt_t  *a;

    n = ngx_openai_record_attempts(rec);

    if (n == 0 || rec->header_us < 0) {
        return OPENAI_UNKNOWN;
    }

    a = &rec->attempts[n - 1];

    if (a->connect_ms < 0 || a->header_ms < a->connect_ms) {
        return OPENAI_UNKNOWN;
    }

    us = rec->header_us - (int64_t) (a->header_ms - a->connect_ms) * 1000;
    us = ngx_max(us, 0);

    if (field->as == NGX_OPENAI_AS_CONNECT) {
        return us;
    }

    if (a->tls_ms < 0) {
        return OPENAI_UNKNOWN;
    }

    return ngx_max(us - (int64_t) a->tls_ms * 1000, 0);
}


/* a group is known by its bit, or when one of its members has a text */

ngx_uint_t
ngx_openai_field_known(const ngx_openai_field_t *group,
    const ngx_openai_record_t *rec)
{
    const ngx_openai_field_t  *field;

    if (group->bit) {
        return (ngx_openai_field_stored(group, rec) & group->bit) != 0;
    }

    for (field = group + 1; field->member; field++) {
        if (*ngx_openai_field_text(field, rec)) {
            return 1;
        }
    }

    return 0;
}
