
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Values that a record is made of: names of outcomes, what is unknown, speeds.
 *
 * Called by all rooms.  Pure functions.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/record.h"


static const char  *ngx_openai_outcomes[] = {
    "running",
    "ok",
    "upstream_error",
    "client_aborted",
    "truncated",
    "rejected",
    "timeout",
    "upgraded",
    "shutdown",
    "worker_died"
};


void
ngx_openai_record_init(ngx_openai_record_t *rec)
{
    ngx_memzero(rec, offsetof(ngx_openai_record_t, request_us));

    ngx_openai_record_rest(rec);
}


void
ngx_openai_record_rest(ngx_openai_record_t *rec)
{
    rec->flags &= ~NGX_OPENAI_REC_BEGUN;

    ngx_memzero(&rec->request_us, sizeof(ngx_openai_record_t)
                                  - offsetof(ngx_openai_record_t, request_us));

    rec->request_us = OPENAI_UNKNOWN;
    rec->header_us = OPENAI_UNKNOWN;
    rec->first_byte_us = OPENAI_UNKNOWN;
    rec->last_byte_us = OPENAI_UNKNOWN;
    rec->duration_us = OPENAI_UNKNOWN;
    rec->cost = OPENAI_UNKNOWN;

    openai_facts_unknown(&rec->facts);
}


const char *
ngx_openai_outcome_name(ngx_uint_t outcome)
{
    if (outcome >= NGX_OPENAI_OUTCOMES) {
        return "unknown";
    }

    return ngx_openai_outcomes[outcome];
}


ngx_uint_t
ngx_openai_record_failed(const ngx_openai_record_t *rec)
{
    switch (rec->outcome) {

    case NGX_OPENAI_RUNNING:
    case NGX_OPENAI_OK:
    case NGX_OPENAI_CLIENT_ABORTED:
        return 0;

    case NGX_OPENAI_UPGRADED:
        return (rec->facts.flags & OPENAI_FACT_ERROR) != 0;

    default:
        return 1;
    }
}


/* ngx_openai_copy() leaves up to three bytes of a cut character free */

ngx_uint_t
ngx_openai_record_uri_cut(const ngx_openai_record_t *rec)
{
    return ngx_strlen(rec->uri) + 4 >= sizeof(rec->uri);
}


ngx_uint_t
ngx_openai_record_attempts(const ngx_openai_record_t *rec)
{
    return ngx_min(rec->nattempts, NGX_OPENAI_MAX_ATTEMPTS);
}


uint64_t
ngx_openai_record_ended(const ngx_openai_record_t *rec)
{
    return rec->duration_us < 0
           ? 0 : rec->started_ms + (uint64_t) rec->duration_us / 1000;
}


ngx_uint_t
ngx_openai_record_worked(const ngx_openai_record_t *rec)
{
    ngx_uint_t             i;
    const openai_facts_t  *facts;

    static const char *const  work[] = {
        "chat", "text_completion", "generate_content", "embeddings",
        "invoke_agent", "realtime", NULL
    };

    facts = &rec->facts;

    for (i = 0; work[i] && ngx_strcmp(facts->operation, work[i]) != 0; i++) {
        /* void */
    }

    if (work[i] == NULL
        || (rec->flags & (NGX_OPENAI_REC_LOCAL|NGX_OPENAI_REC_HEAD_ONLY)))
    {
        return 0;
    }

    switch (rec->outcome) {

    case NGX_OPENAI_REJECTED:
        return 0;

    case NGX_OPENAI_UPSTREAM_ERROR:
    case NGX_OPENAI_UPGRADED:
        return facts->text_bytes || facts->reasoning_bytes
               || facts->tool_calls;

    default:

        /* an upstream that was reached may have worked without an answer */

        i = ngx_openai_record_attempts(rec);

        return rec->status < 400
               ? rec->header_us >= 0
               : i && rec->attempts[i - 1].connect_ms >= 0;
    }
}


ngx_uint_t
ngx_openai_record_counts(const ngx_openai_record_t *rec)
{
    const openai_facts_t  *facts;

    facts = &rec->facts;

    if (rec->flags & (NGX_OPENAI_REC_CACHED|NGX_OPENAI_REC_REPEATED)) {
        return 0;
    }

    /* the first answer to a poll that has the usage counts */

    return ngx_strcmp(facts->operation, "fetch_response") != 0
           || (facts->flags & (OPENAI_FACT_POLLED|OPENAI_FACT_USAGE))
              == (OPENAI_FACT_POLLED|OPENAI_FACT_USAGE);
}


ngx_uint_t
ngx_openai_record_unasked(const ngx_openai_record_t *rec)
{
    const openai_facts_t  *facts;

    facts = &rec->facts;

    return rec->outcome == NGX_OPENAI_OK && facts->streamed == 1
           && facts->stream_asked == 1
           && (facts->flags & (OPENAI_FACT_USAGE|OPENAI_FACT_USAGE_ASKED
                               |OPENAI_FACT_USAGE_OPTION))
              == OPENAI_FACT_USAGE_OPTION;
}


uint64_t
ngx_openai_record_timed(const ngx_openai_record_t *rec)
{
    const openai_facts_t  *facts;

    facts = &rec->facts;

    /* the usage at the beginning of a stream has none of its tokens */

    if (facts->usage.output <= 1 || facts->streamed != 1
        || facts->first_token_us == 0
        || facts->last_token_us <= facts->first_token_us
        || (facts->flags & OPENAI_FACT_EARLY))
    {
        return 0;
    }

    return (uint64_t) facts->usage.output - 1;
}


double
ngx_openai_record_speed(const ngx_openai_record_t *rec)
{
    uint64_t  tokens;

    tokens = ngx_openai_record_timed(rec);

    if (tokens == 0) {
        return OPENAI_UNKNOWN;
    }

    return (double) tokens * 1e6
           / (double) (rec->facts.last_token_us - rec->facts.first_token_us);
}


void
ngx_openai_copy(char *dst, size_t size, const void *src, size_t len)
{
    const u_char  *p;

    p = src;

    if (len >= size) {
        len = size - 1;

        /* not in the middle of a UTF-8 sequence */

        while (len > 0 && (p[len] & 0xc0) == 0x80) {
            len--;
        }
    }

    ngx_memcpy(dst, p, len);
    dst[len] = '\0';
}
