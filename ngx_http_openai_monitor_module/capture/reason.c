
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Why nginx failed a request: the type and the message of an error that is
 * nginx's own.
 *
 * exchange.c calls this once the outcome is known.  The message is nginx's
 * complaint in the error log, which log.c has noted; the level of error_log may
 * keep it from there, so the status has a message, too.  An upstream's words
 * are never replaced, and nginx's page is never taken for them.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/capture.h"


typedef struct {
    const char  *word;              /* in the complaint */
    const char  *type;
} ngx_http_openai_complaint_t;


typedef struct {
    ngx_uint_t   status;
    const char  *type;
    const char  *message;
} ngx_http_openai_refusal_t;


static const char *ngx_http_openai_reason_directive(
    ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_reason_set(openai_facts_t *facts,
    const char *type, const char *code, const char *message);


/* the first word that is found decides */

static const ngx_http_openai_complaint_t  ngx_http_openai_complaints[] = {
    { "could not be resolved", "name_not_resolved" },
    { "no resolver defined", "name_not_resolved" },
    { "no live upstreams", "no_live_upstreams" },
    { "timed out", "timeout" },
    { "certificate", "tls_failed" },
    { "SSL", "tls_failed" },
    { "connect() ", "connect_failed" },
    { "too large body", "body_too_large" },
    { "prematurely closed", "connection_lost" },
    { "recv() failed", "connection_lost" },
    { "send() failed", "connection_lost" },
    { "writev() failed", "connection_lost" },
    { "too big header", "invalid_answer" },
    { "invalid", "invalid_answer" },
    { "no valid", "invalid_answer" },
    { "unsupported", "invalid_answer" },
    { "limiting", "limited" },
    { "forbidden", "forbidden" },
    { NULL, NULL }
};


static const ngx_http_openai_refusal_t  ngx_http_openai_refusals[] = {
    { NGX_HTTP_UNAUTHORIZED, "forbidden", "nginx refused the credentials" },
    { NGX_HTTP_FORBIDDEN, "forbidden", "nginx refused access" },
    { NGX_HTTP_NOT_FOUND, "not_found", "nginx has nothing at this path" },
    { NGX_HTTP_REQUEST_TIME_OUT, "timeout", "client timed out" },
    { NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, "body_too_large",
      "client intended to send too large body" },
    { NGX_HTTP_TOO_MANY_REQUESTS, "limited", "nginx limits requests" },
    { NGX_HTTP_BAD_GATEWAY, "bad_gateway",
      "nginx got no answer from the upstream" },
    { NGX_HTTP_SERVICE_UNAVAILABLE, "limited",
      "nginx limits requests or connections" },
    { NGX_HTTP_GATEWAY_TIME_OUT, "timeout", "upstream timed out" },
    { 0, "refused", "nginx answered with an error" }
};


void
ngx_http_openai_reason(ngx_http_openai_exchange_t *ex)
{
    const char                         *type, *message;
    openai_facts_t                     *facts;
    ngx_openai_record_t                *rec;
    const ngx_http_openai_refusal_t    *refusal;
    const ngx_http_openai_complaint_t  *complaint;

    rec = &ex->rec;
    facts = &rec->facts;

    if (!ngx_openai_record_failed(rec)
        || (facts->flags & OPENAI_FACT_ERROR)
        || facts->error_message[0])
    {
        return;
    }

    /* an upstream's error without a word is no matter of nginx */

    if (ex->upstream && rec->outcome == NGX_OPENAI_UPSTREAM_ERROR) {
        return;
    }

    refusal = ngx_http_openai_refusals;

    while (refusal->status && refusal->status != rec->status) {
        refusal++;
    }

    type = refusal->type;
    message = refusal->message;

    if (rec->outcome == NGX_OPENAI_SHUTDOWN) {
        type = "shutdown";
        message = "nginx quit before the answer's end";

    } else if (ex->reason[0]) {
        message = ex->reason;

        for (complaint = ngx_http_openai_complaints;
             complaint->word;
             complaint++)
        {
            if (ngx_strstr(message, complaint->word)) {
                type = complaint->type;
                break;
            }
        }

    } else if (ex->upstream && rec->outcome == NGX_OPENAI_TIMEOUT) {
        type = "timeout";
        message = ex->request->connection->timedout ? "client timed out"
                                                    : "upstream timed out";

    } else if (ex->upstream && rec->outcome == NGX_OPENAI_TRUNCATED) {
        type = "connection_lost";
        message = "the answer broke off";
    }

    rec->flags |= NGX_OPENAI_REC_OWN_ERROR;

    ngx_http_openai_reason_set(facts, type,
                               ngx_http_openai_reason_directive(ex), message);
}


/* the directive whose time was over, or "" */

static const char *
ngx_http_openai_reason_directive(ngx_http_openai_exchange_t *ex)
{
    if (ngx_strstr(ex->reason, "timed out") == NULL) {
        return "";
    }

    if (ngx_strstr(ex->reason, "while connecting to upstream")
        || ngx_strstr(ex->reason, "handshaking to upstream"))
    {
        return "proxy_connect_timeout";
    }

    if (ngx_strstr(ex->reason, "while sending request to upstream")
        || ngx_strstr(ex->reason, "while sending to upstream"))
    {
        return "proxy_send_timeout";
    }

    if (ngx_strstr(ex->reason, "upstream")) {
        return "proxy_read_timeout";
    }

    return "";
}


static void
ngx_http_openai_reason_set(openai_facts_t *facts, const char *type,
    const char *code, const char *message)
{
    ngx_openai_copy(facts->error_type, sizeof(facts->error_type), type,
                    ngx_strlen(type));
    ngx_openai_copy(facts->error_code, sizeof(facts->error_code), code,
                    ngx_strlen(code));
    ngx_openai_copy(facts->error_message, sizeof(facts->error_message),
                    message, ngx_strlen(message));
}
