
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* The arguments of a request that select records. */


#ifndef _NGX_OPENAI_ASK_H_INCLUDED_
#define _NGX_OPENAI_ASK_H_INCLUDED_


#include "view/answer/call.h"
#include "view/query/query.h"


/*
 * Makes a query of "q=", and of those of "status=", "method=" and "model="
 * that the request has.  NGX_ABORT: the error has been sent, and the handler
 * returns call->rc.
 */
ngx_int_t ngx_openai_ask(ngx_openai_call_t *call, ngx_openai_query_t *query);

/* sends query->error when a query turns out to be unanswerable while it runs;
   returns what the handler returns */
ngx_int_t ngx_openai_ask_failed(ngx_openai_call_t *call,
    ngx_openai_query_t *query);


#endif /* _NGX_OPENAI_ASK_H_INCLUDED_ */
