
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Reads the lines of a head.  read/record.c, the detail, the exports and the
 * query language call this.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/read/head.h"


ngx_uint_t
ngx_openai_head_next(ngx_str_t *head, ngx_str_t *name, ngx_str_t *value)
{
    u_char  *p, *end, *last, *colon;

    p = head->data;
    last = p + head->len;

    while (p < last) {
        end = memchr(p, '\n', last - p);
        end = end ? end : last;

        colon = memchr(p, ':', end - p);

        /* the first line has a space in front of any colon; a header's name
           has none */

        if (colon == NULL || memchr(p, ' ', colon - p) != NULL) {
            p = end + 1;
            continue;
        }

        name->data = p;
        name->len = colon - p;

        for (colon++; colon < end && *colon == ' '; colon++) { /* void */ }

        value->data = colon;
        value->len = end - colon;

        head->data = ngx_min(end + 1, last);
        head->len = last - head->data;

        return 1;
    }

    return 0;
}


/* "POST /v1/x HTTP/1.1"; a line longer than the zone keeps has no version */

ngx_uint_t
ngx_openai_head_uri(const ngx_str_t *head, ngx_str_t *uri)
{
    u_char  *p, *end, *last;

    last = head->len ? memchr(head->data, '\n', head->len) : NULL;
    p = last ? memchr(head->data, ' ', last - head->data) : NULL;

    if (p == NULL) {
        return 0;
    }

    p++;

    for (end = last; end > p && end[-1] != ' '; end--) { /* void */ }

    end = (end > p) ? end - 1 : last;

    uri->data = p;
    uri->len = end - p;

    return 1;
}
