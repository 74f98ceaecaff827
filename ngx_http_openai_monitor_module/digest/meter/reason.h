
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The reason in the body of an error that is no JSON: plain text, or a page of
 * HTML, as proxies and load balancers send them.
 */


#ifndef _OPENAI_REASON_H_INCLUDED_
#define _OPENAI_REASON_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


typedef struct {
    uint32_t  len;          /* bytes of the reason so far */
    uint8_t   state;
    uint8_t   space;        /* blanks wait for the next word */
    uint8_t   skip;         /* within a style or a script */
    uint8_t   n;            /* bytes of the tag's name */
    char      tag[8];       /* its name, in lower case */
} openai_reason_t;


/*
 * Appends the text of a piece of the body to dst, which has size bytes and
 * always ends with a zero byte.  Blanks are folded.  Of HTML it takes the
 * title, or the body's text where there is no title.  A zeroed structure
 * begins a body.  Text that is cut ends with "…".
 */

void openai_reason_feed(openai_reason_t *r, char *dst, size_t size,
    const char *data, size_t len);


#endif /* _OPENAI_REASON_H_INCLUDED_ */
