
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "digest/digest.h"
#include "view/record/summary.h"


#define ngx_openai_flag(flags, bit)  (((flags) & (bit)) != 0)


static void ngx_openai_summary_request(ngx_openai_json_t *json,
    const ngx_openai_record_t *rec);
static void ngx_openai_summary_meaning(ngx_openai_json_t *json,
    const ngx_openai_record_t *rec);
static void ngx_openai_summary_times(ngx_openai_json_t *json,
    const ngx_openai_record_t *rec);
static void ngx_openai_summary_usage(ngx_openai_json_t *json,
    const openai_facts_t *facts);
static void ngx_openai_summary_error(ngx_openai_json_t *json,
    const openai_facts_t *facts);
static void ngx_openai_summary_thread(ngx_openai_json_t *json,
    const ngx_openai_thread_t *thread);
static void ngx_openai_summary_tries(ngx_openai_json_t *json,
    const ngx_openai_record_t *rec);
static void ngx_openai_summary_kept(ngx_openai_json_t *json,
    const ngx_openai_record_t *rec);
static void ngx_openai_summary_flag(ngx_openai_json_t *json, const char *key,
    int value);
static void ngx_openai_summary_list(ngx_openai_json_t *json, const char *list);
static void ngx_openai_summary_version(ngx_openai_json_t *json,
    ngx_uint_t version);


void
ngx_openai_summary(ngx_openai_json_t *json, const ngx_openai_record_t *rec,
    const ngx_openai_thread_t *thread)
{
    const openai_facts_t  *facts;

    facts = &rec->facts;

    ngx_openai_summary_request(json, rec);
    ngx_openai_summary_meaning(json, rec);
    ngx_openai_summary_times(json, rec);

    ngx_openai_json_key(json, "usage");
    ngx_openai_summary_usage(json, facts);
    ngx_openai_json_key(json, "estimated_output_tokens");
    ngx_openai_json_count(json, facts->estimated_output);

    ngx_openai_json_key(json, "cost_usd");
    ngx_openai_json_money(json, rec->cost);
    ngx_openai_json_key(json, "price");
    ngx_openai_json_text(json, rec->price);

    ngx_openai_json_key(json, "request_bytes");
    ngx_openai_json_int(json, rec->request_bytes);
    ngx_openai_json_key(json, "response_bytes");
    ngx_openai_json_int(json, rec->response_bytes);

    ngx_openai_json_key(json, "error");
    ngx_openai_summary_error(json, facts);

    ngx_openai_json_key(json, "client");
    ngx_openai_json_text(json, rec->client);
    ngx_openai_json_key(json, "user_agent");
    ngx_openai_json_text(json, facts->user_agent);
    ngx_openai_json_key(json, "key");
    ngx_openai_json_text(json, rec->key);
    ngx_openai_json_key(json, "session");
    ngx_openai_json_text(json, facts->session);
    ngx_openai_json_key(json, "user");
    ngx_openai_json_text(json, facts->user);

    ngx_openai_summary_thread(json, thread);

    ngx_openai_json_key(json, "retry");
    ngx_openai_json_count(json, facts->retry);
    ngx_openai_json_key(json, "upstream");
    ngx_openai_json_text(json, ngx_openai_summary_peer(rec));

    ngx_openai_json_key(json, "attempts");
    ngx_openai_summary_tries(json, rec);

    ngx_openai_summary_kept(json, rec);
}


/* what the record has less than passed; nearly always the same */

static void
ngx_openai_summary_kept(ngx_openai_json_t *json,
    const ngx_openai_record_t *rec)
{
    ngx_uint_t  i;

    static const struct {
        const char  *key;
        uint32_t     request;
        uint32_t     response;
    } sides[] = {
        { "truncated", NGX_OPENAI_REC_REQUEST_CUT,
          NGX_OPENAI_REC_RESPONSE_CUT },
        { "masked", NGX_OPENAI_REC_REQUEST_MASKED,
          NGX_OPENAI_REC_RESPONSE_MASKED }
    };

    if (!(rec->flags & NGX_OPENAI_REC_LESS)) {
        ngx_openai_json_literal(json,
                      ",\"truncated\":{\"request\":false,\"response\":false}"
                      ",\"masked\":{\"request\":false,\"response\":false}"
                      ",\"withheld\":{\"request\":null,\"response\":null}");
        return;
    }

    for (i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
        ngx_openai_json_key(json, sides[i].key);
        ngx_openai_json_open(json, '{');
        ngx_openai_json_key(json, "request");
        ngx_openai_json_bool(json, ngx_openai_flag(rec->flags,
                                                   sides[i].request));
        ngx_openai_json_key(json, "response");
        ngx_openai_json_bool(json, ngx_openai_flag(rec->flags,
                                                   sides[i].response));
        ngx_openai_json_close(json, '}');
    }

    ngx_openai_json_key(json, "withheld");
    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "request");
    ngx_openai_json_text(json, ngx_openai_summary_withheld(rec,
                                                           NGX_OPENAI_IN));
    ngx_openai_json_key(json, "response");
    ngx_openai_json_text(json, ngx_openai_summary_withheld(rec,
                                                           NGX_OPENAI_OUT));
    ngx_openai_json_close(json, '}');
}


static void
ngx_openai_summary_request(ngx_openai_json_t *json,
    const ngx_openai_record_t *rec)
{
    ngx_openai_json_key(json, "id");
    ngx_openai_json_text(json, rec->id);
    ngx_openai_json_key(json, "started_at");
    ngx_openai_json_time(json, rec->started_ms);
    ngx_openai_json_key(json, "method");
    ngx_openai_json_text(json, rec->method);
    ngx_openai_json_key(json, "uri");
    ngx_openai_json_text(json, rec->uri);
    ngx_openai_json_key(json, "host");
    ngx_openai_json_text(json, rec->host);
    ngx_openai_json_key(json, "http_version");
    ngx_openai_summary_version(json, rec->http_version);

    ngx_openai_json_key(json, "status");
    ngx_openai_json_count(json, rec->status ? rec->status : -1);
    ngx_openai_json_key(json, "outcome");
    ngx_openai_json_text(json, ngx_openai_outcome_name(rec->outcome));
}


static void
ngx_openai_summary_meaning(ngx_openai_json_t *json,
    const ngx_openai_record_t *rec)
{
    const char            *dialect;
    const openai_facts_t  *facts;

    facts = &rec->facts;

    dialect = openai_dialect_name(facts->dialect);

    ngx_openai_json_key(json, "dialect");
    ngx_openai_json_text(json, dialect ? dialect : "");
    ngx_openai_json_key(json, "operation");
    ngx_openai_json_text(json, facts->operation);
    ngx_openai_json_key(json, "provider");
    ngx_openai_json_text(json, facts->provider);
    ngx_openai_json_key(json, "model");
    ngx_openai_json_text(json, facts->model);
    ngx_openai_json_key(json, "response_model");
    ngx_openai_json_text(json, facts->response_model);

    ngx_openai_summary_flag(json, "streamed", facts->streamed);
    ngx_openai_summary_flag(json, "stream_requested", facts->stream_asked);
    ngx_openai_summary_flag(json, "complete",
                            rec->outcome == NGX_OPENAI_RUNNING ? -1
                            : ngx_openai_flag(rec->flags,
                                              NGX_OPENAI_REC_COMPLETE));
    ngx_openai_summary_flag(json, "buffered",
                            ngx_openai_flag(rec->flags,
                                            NGX_OPENAI_REC_BUFFERED));
    ngx_openai_summary_flag(json, "from_cache",
                            ngx_openai_flag(rec->flags,
                                            NGX_OPENAI_REC_CACHED));

    ngx_openai_json_key(json, "finish_reason");
    ngx_openai_json_text(json, facts->finish_reason);
    ngx_openai_json_key(json, "message_count");
    ngx_openai_json_count(json, facts->messages);
    ngx_openai_json_key(json, "tool_count");
    ngx_openai_json_count(json, facts->tools);
    ngx_openai_json_key(json, "tool_calls");
    ngx_openai_summary_list(json, facts->tool_names);

    ngx_openai_summary_flag(json, "refusal",
                            ngx_openai_flag(facts->flags,
                                            OPENAI_FACT_REFUSAL));
    ngx_openai_summary_flag(json, "has_reasoning",
                            ngx_openai_flag(facts->flags,
                                            OPENAI_FACT_REASONING));
    ngx_openai_summary_flag(json, "has_image",
                            ngx_openai_flag(facts->flags, OPENAI_FACT_IMAGE));

    ngx_openai_json_key(json, "service_tier");
    ngx_openai_json_text(json, facts->service_tier);
}


static void
ngx_openai_summary_times(ngx_openai_json_t *json,
    const ngx_openai_record_t *rec)
{
    double                 rate;
    const openai_facts_t  *facts;

    facts = &rec->facts;

    ngx_openai_json_key(json, "duration_ms");
    ngx_openai_json_ms(json, rec->duration_us);
    ngx_openai_json_key(json, "ttft_ms");
    ngx_openai_json_ms(json, facts->first_token_us
                             ? (int64_t) facts->first_token_us : -1);
    ngx_openai_json_key(json, "last_token_ms");
    ngx_openai_json_ms(json, facts->last_token_us
                             ? (int64_t) facts->last_token_us : -1);
    ngx_openai_json_key(json, "longest_gap_ms");
    ngx_openai_json_ms(json, facts->last_token_us > facts->first_token_us
                             ? (int64_t) facts->longest_gap_us : -1);

    ngx_openai_json_key(json, "pieces");
    ngx_openai_json_int(json, rec->pieces);
    ngx_openai_json_key(json, "events");
    ngx_openai_json_count(json, facts->streamed == 1
                                ? (int64_t) facts->events : -1);

    rate = ngx_openai_record_speed(rec);

    ngx_openai_json_key(json, "tokens_per_second");

    if (rate < 0) {
        ngx_openai_json_null(json);

    } else {
        ngx_openai_json_fixed(json, (int64_t) (rate * 1000 + 0.5), 3);
    }
}


const char *
ngx_openai_summary_withheld(const ngx_openai_record_t *rec, ngx_uint_t side)
{
    ngx_uint_t  i;

    static const struct {
        uint32_t     flag[2];
        const char  *why;
    } reasons[] = {
        { { NGX_OPENAI_REC_REQUEST_OFF, NGX_OPENAI_REC_RESPONSE_OFF },
          "off" },
        { { NGX_OPENAI_REC_REQUEST_SECRET, NGX_OPENAI_REC_RESPONSE_SECRET },
          "secret" },
        { { NGX_OPENAI_REC_REQUEST_OPAQUE, NGX_OPENAI_REC_RESPONSE_OPAQUE },
          "opaque" }
    };

    for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (rec->flags & reasons[i].flag[side]) {
            return reasons[i].why;
        }
    }

    return "";
}


static void
ngx_openai_summary_usage(ngx_openai_json_t *json, const openai_facts_t *facts)
{
    u_char      *usage;
    ngx_uint_t   i;

    static const struct {
        const char  *name;
        size_t       offset;
    } counts[] = {
        { "input_tokens", offsetof(openai_usage_t, input) },
        { "output_tokens", offsetof(openai_usage_t, output) },
        { "total_tokens", offsetof(openai_usage_t, total) },
        { "cached_tokens", offsetof(openai_usage_t, cached) },
        { "cache_write_tokens", offsetof(openai_usage_t, cache_write) },
        { "reasoning_tokens", offsetof(openai_usage_t, reasoning) },
        { "input_audio_tokens", offsetof(openai_usage_t, input_audio) },
        { "output_audio_tokens", offsetof(openai_usage_t, output_audio) }
    };

    if (!(facts->flags & OPENAI_FACT_USAGE)) {
        ngx_openai_json_null(json);
        return;
    }

    usage = (u_char *) &facts->usage;

    ngx_openai_json_open(json, '{');

    for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        ngx_openai_json_key(json, counts[i].name);
        ngx_openai_json_count(json,
                              *(int64_t *) (usage + counts[i].offset));
    }

    ngx_openai_json_close(json, '}');
}


static void
ngx_openai_summary_error(ngx_openai_json_t *json, const openai_facts_t *facts)
{
    if (facts->error_type[0] == '\0' && facts->error_code[0] == '\0'
        && facts->error_message[0] == '\0')
    {
        ngx_openai_json_null(json);
        return;
    }

    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "type");
    ngx_openai_json_text(json, facts->error_type);
    ngx_openai_json_key(json, "code");
    ngx_openai_json_text(json, facts->error_code);
    ngx_openai_json_key(json, "message");
    ngx_openai_json_text(json, facts->error_message);
    ngx_openai_json_close(json, '}');
}


static void
ngx_openai_summary_thread(ngx_openai_json_t *json,
    const ngx_openai_thread_t *thread)
{
    ngx_openai_json_key(json, "thread");
    ngx_openai_json_text(json, thread ? thread->id : "");
    ngx_openai_json_key(json, "parent");
    ngx_openai_json_text(json, thread ? thread->parent : "");
    ngx_openai_json_key(json, "change");
    ngx_openai_json_text(json, thread ? thread->change : "");
}


ngx_uint_t
ngx_openai_summary_attempts(const ngx_openai_record_t *rec)
{
    return ngx_min(rec->nattempts, NGX_OPENAI_MAX_ATTEMPTS);
}


const char *
ngx_openai_summary_peer(const ngx_openai_record_t *rec)
{
    ngx_uint_t  n;

    n = ngx_openai_summary_attempts(rec);

    return n ? rec->attempts[n - 1].peer : "";
}


static void
ngx_openai_summary_tries(ngx_openai_json_t *json,
    const ngx_openai_record_t *rec)
{
    ngx_uint_t                   i;
    const ngx_openai_attempt_t  *a;

    ngx_openai_json_open(json, '[');

    for (i = 0; i < ngx_openai_summary_attempts(rec); i++) {
        a = &rec->attempts[i];

        ngx_openai_json_open(json, '{');
        ngx_openai_json_key(json, "peer");
        ngx_openai_json_text(json, a->peer);
        ngx_openai_json_key(json, "status");
        ngx_openai_json_count(json, a->status ? (int64_t) a->status : -1);
        ngx_openai_json_key(json, "connect_ms");
        ngx_openai_json_count(json, a->connect_ms);
        ngx_openai_json_key(json, "tls_ms");
        ngx_openai_json_count(json, a->tls_ms);
        ngx_openai_json_key(json, "header_ms");
        ngx_openai_json_count(json, a->header_ms);
        ngx_openai_json_key(json, "response_ms");
        ngx_openai_json_count(json, a->response_ms);
        ngx_openai_json_key(json, "bytes_sent");
        ngx_openai_json_count(json, a->sent);
        ngx_openai_json_key(json, "bytes_received");
        ngx_openai_json_count(json, a->received);
        ngx_openai_json_close(json, '}');
    }

    ngx_openai_json_close(json, ']');
}


/* negative is unknown */

static void
ngx_openai_summary_flag(ngx_openai_json_t *json, const char *key, int value)
{
    ngx_openai_json_key(json, key);

    if (value < 0) {
        ngx_openai_json_null(json);

    } else {
        ngx_openai_json_bool(json, value);
    }
}


static void
ngx_openai_summary_list(ngx_openai_json_t *json, const char *list)
{
    size_t  len;

    ngx_openai_json_open(json, '[');

    while (*list) {
        len = strcspn(list, ",");

        ngx_openai_json_string(json, list, len);

        list += len;
        list += (*list == ',');
    }

    ngx_openai_json_close(json, ']');
}


/* 1001 is "1.1", 2000 is "2" */

static void
ngx_openai_summary_version(ngx_openai_json_t *json, ngx_uint_t version)
{
    size_t  len;
    u_char  text[3];

    if (version == 0) {
        ngx_openai_json_null(json);
        return;
    }

    text[0] = (u_char) ('0' + version / 1000 % 10);
    text[1] = '.';
    text[2] = (u_char) ('0' + version % 10);

    len = (version >= 2000 && version % 1000 == 0) ? 1 : 3;

    ngx_openai_json_string(json, text, len);
}
