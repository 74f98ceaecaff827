
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Who may use the monitor: its own page and programs. Other sites may not, also
 * when their name has been bound to this address (DNS rebinding).
 */


#ifndef _NGX_OPENAI_GUARD_H_INCLUDED_
#define _NGX_OPENAI_GUARD_H_INCLUDED_


#include "view/answer/call.h"


/* NGX_OK for an address, "localhost" or a name of this server; otherwise it
   sends the refusal and returns NGX_DECLINED */
ngx_int_t ngx_openai_guard_host(ngx_openai_call_t *call);

/* NGX_DECLINED when a browser says that another site asks; programs send no
   such header */
ngx_int_t ngx_openai_guard_origin(ngx_http_request_t *r);

/* NGX_DECLINED without the header that proves the page's own origin: a form
   of another site cannot send it, and a script may not */
ngx_int_t ngx_openai_guard_proof(ngx_http_request_t *r);


#endif /* _NGX_OPENAI_GUARD_H_INCLUDED_ */
