
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */



/*
 * Redacts nginx's error log.
 *
 * nginx adds the request line, the upstream's URL and the referrer to a line of
 * its error log, with their arguments.  exchange.c installs the handler here
 * when an exchange begins; it replaces secrets in each quoted text.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/capture.h"


static u_char *ngx_http_openai_log_error(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len);


void
ngx_http_openai_log_init(ngx_http_openai_exchange_t *ex)
{
    ex->log_handler = ex->request->log_handler;
    ex->request->log_handler = ngx_http_openai_log_error;
}


static u_char *
ngx_http_openai_log_error(ngx_http_request_t *r, ngx_http_request_t *sr,
    u_char *buf, size_t len)
{
    u_char                      *p, *end, *last, text[NGX_MAX_ERROR_STR];
    ngx_str_t                    part;
    ngx_http_openai_exchange_t  *ex;

    ex = ngx_http_openai_exchange(r);

    if (ex == NULL) {
        return buf;
    }

    len = ngx_min(len, sizeof(text));

    end = text + (ex->log_handler(r, sr, buf, len) - buf);
    ngx_memcpy(text, buf, end - text);

    last = buf + len;

    for (p = text; p < end; p += part.len) {

        /* text up to a quote, or the quote */

        part.data = p;

        while (p < end && *p != '"') {
            p++;
        }

        part.len = p - part.data;
        p = part.data;

        if (part.len) {
            buf = ngx_http_openai_redact_uri(&ex->conf->redact, buf, last,
                                             &part);

        } else if (buf < last) {
            *buf++ = '"';
            part.len = 1;

        } else {
            break;
        }
    }

    ngx_explicit_memzero(text, sizeof(text));

    return buf;
}
