
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
static void ngx_http_openai_log_reason(ngx_http_openai_exchange_t *ex,
    u_char *line, u_char *end);
static u_char *ngx_http_openai_log_redact(ngx_http_openai_exchange_t *ex,
    u_char *buf, u_char *last, u_char *text, u_char *end);


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
    u_char                      *end, *last, text[NGX_MAX_ERROR_STR];
    ngx_http_openai_exchange_t  *ex;

    ex = ngx_http_openai_exchange(r);

    if (ex == NULL) {
        return buf;
    }

    /* nginx composes a line in an array of this size, and hands out its rest */

    if (len < NGX_MAX_ERROR_STR) {
        ngx_http_openai_log_reason(ex, buf + len - NGX_MAX_ERROR_STR, buf);
    }

    len = ngx_min(len, sizeof(text));

    end = text + (ex->log_handler(r, sr, buf, len) - buf);
    ngx_memcpy(text, buf, end - text);

    last = buf + len;
    buf = ngx_http_openai_log_redact(ex, buf, last, text, end);

    ngx_explicit_memzero(text, sizeof(text));

    return buf;
}


/*
 * Keeps the complaint in a line of the error log, as far as nginx has written
 * it: "TIME [error] PID#TID: *NUMBER connect() failed …, client: ADDRESS".
 * Nothing else in nginx tells why an upstream was not reached.  A line of
 * another form is left alone.
 */

static void
ngx_http_openai_log_reason(ngx_http_openai_exchange_t *ex, u_char *line,
    u_char *end)
{
    u_char      *p, *last, *client;
    ngx_uint_t   i;

    static const ngx_str_t  levels[] = {
        ngx_string(" [error] "),
        ngx_string(" [crit] "),
        ngx_string(" [alert] ")
    };

    if ((size_t) (end - line) <= ngx_cached_err_log_time.len
        || ngx_memcmp(line, ngx_cached_err_log_time.data,
                      ngx_cached_err_log_time.len)
           != 0)
    {
        return;
    }

    line += ngx_cached_err_log_time.len;
    p = NULL;

    for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if ((size_t) (end - line) > levels[i].len
            && ngx_memcmp(line, levels[i].data, levels[i].len) == 0)
        {
            p = ngx_strlchr(line, end, ':');
        }
    }

    if (p == NULL || end - p < 3) {
        return;
    }

    p += 2;

    if (*p == '*') {
        p = ngx_strlchr(p, end, ' ');

        if (p == NULL) {
            return;
        }

        p++;
    }

    for (client = p, last = end; client < end; client++) {
        if (end - client > 10 && ngx_memcmp(client, ", client: ", 10) == 0) {
            last = client;
        }
    }

    client = ngx_http_openai_log_redact(ex, (u_char *) ex->reason,
                               (u_char *) ex->reason + sizeof(ex->reason) - 1,
                               p, last);
    *client = '\0';
}


/* copies a text, whose quoted parts may be URIs with secrets */

static u_char *
ngx_http_openai_log_redact(ngx_http_openai_exchange_t *ex, u_char *buf,
    u_char *last, u_char *text, u_char *end)
{
    u_char     *p;
    ngx_str_t   part;

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

    return buf;
}
