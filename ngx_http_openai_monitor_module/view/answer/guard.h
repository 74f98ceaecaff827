
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Who may read and change: the page itself, and programs; no other site, and
 * nobody under a name that was bound anew to this address.
 */


#ifndef _NGX_OPENAI_GUARD_H_INCLUDED_
#define _NGX_OPENAI_GUARD_H_INCLUDED_


#include "view/answer/call.h"


/* an address, "localhost", or a name of this server; else the call has been
   refused */
ngx_int_t ngx_openai_guard_host(ngx_openai_call_t *call);

/* browsers say where a request comes from; other clients say nothing */
ngx_int_t ngx_openai_guard_origin(ngx_http_request_t *r);

/* a form of another site cannot send a header of ours, a script of it may not
   without asking first, and nobody answers that question */
ngx_int_t ngx_openai_guard_proof(ngx_http_request_t *r);


#endif /* _NGX_OPENAI_GUARD_H_INCLUDED_ */
