
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The arguments of a request that select records: "q" and its short forms.
 * The list, the live feed, the exports and the statistics call this.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/query/ask.h"


static ngx_int_t ngx_openai_ask_error(ngx_openai_call_t *call,
    const char *name, ngx_openai_query_t *query, ngx_int_t rc);


ngx_int_t
ngx_openai_ask(ngx_openai_call_t *call, ngx_openai_query_t *query)
{
    ngx_int_t    rc;
    ngx_str_t    arg;
    ngx_uint_t   i;

    static const char *const  terms[] = { "status", "method", "model" };

    ngx_str_null(&arg);

    if (ngx_openai_arg(call, "q", &arg) == NGX_ABORT) {
        return NGX_ABORT;
    }

    rc = ngx_openai_query_parse(query, call->request->pool, &arg);

    if (rc != NGX_OK) {
        return ngx_openai_ask_error(call, "q", query, rc);
    }

    for (i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {

        rc = ngx_openai_arg(call, terms[i], &arg);

        if (rc == NGX_ABORT) {
            return rc;
        }

        /* forms send empty fields */

        if (rc == NGX_DECLINED || arg.len == 0) {
            continue;
        }

        rc = ngx_openai_query_and(query, terms[i], &arg);

        if (rc != NGX_OK) {
            return ngx_openai_ask_error(call, terms[i], query, rc);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_openai_ask_error(ngx_openai_call_t *call, const char *name,
    ngx_openai_query_t *query, ngx_int_t rc)
{
    const char  *tail;

    if (rc == NGX_ERROR) {
        return ngx_openai_no_memory(call);
    }

    if (query->word.len == 0) {
        return ngx_openai_refuse(call, NGX_HTTP_BAD_REQUEST, "bad_request",
                                 "\"%s\": %s", name, query->error);
    }

    tail = query->tail ? query->tail : "";

    if (query->suggestion == NULL) {
        return ngx_openai_refuse(call, NGX_HTTP_BAD_REQUEST, "bad_request",
                                 "\"%s\": %s \"%V\"%s", name, query->error,
                                 &query->word, tail);
    }

    return ngx_openai_refuse(call, NGX_HTTP_BAD_REQUEST, "bad_request",
                             "\"%s\": %s \"%V\"%s, did you mean \"%s\"?", name,
                             query->error, &query->word, tail,
                             query->suggestion);
}


ngx_int_t
ngx_openai_ask_failed(ngx_openai_call_t *call, ngx_openai_query_t *query)
{
    (void) ngx_openai_ask_error(call, "q", query, NGX_DECLINED);

    return call->rc;
}
