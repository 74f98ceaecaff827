
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The scanner from inside: what lies whole in the input is scan.c's,
 * what has to be put together scan_cut.c's.
 */


#ifndef _OPENAI_SCAN_INNER_H_INCLUDED_
#define _OPENAI_SCAN_INNER_H_INCLUDED_


#include "digest/json/scan.h"


typedef enum {
    OPENAI_SCAN_BARE = 0,
    OPENAI_SCAN_BLANK,         /* and ":" */
    OPENAI_SCAN_COMMA,
    OPENAI_SCAN_QUOTE,
    OPENAI_SCAN_OPEN,
    OPENAI_SCAN_CLOSE
} openai_scan_class_e;

extern const uint8_t  openai_scan_classes[256];

#define openai_scan_class(ch)  openai_scan_classes[(unsigned char) (ch)]


/* of the bytes of a value so many are kept */

#define openai_scan_cut(len)                                                  \
    ((len) < OPENAI_SCAN_VALUE ? (size_t) (len) : OPENAI_SCAN_VALUE)


/* ends the value in hand; without p it has been delivered already */
void openai_scan_deliver(openai_scan_t *s, openai_scan_type_e type,
    const char *p, size_t len, uint64_t size);

/* goes on in what has begun in the input before */
const char *openai_scan_within(openai_scan_t *s, const char *p,
    const char *last);

/* nothing is there yet of the string or the key to come */
void openai_scan_begin(openai_scan_t *s);

/* begins a string with an escape in it, or one that goes on in the input to
   come; [start, end) is the plain part of it */
const char *openai_scan_value(openai_scan_t *s, const char *start,
    const char *end);

const char *openai_scan_bare(openai_scan_t *s, const char *p,
    const char *last);


static inline openai_scan_type_e
openai_scan_bare_type(char ch)
{
    switch (ch) {
    case 'n': return OPENAI_SCAN_NULL;
    case 't': return OPENAI_SCAN_TRUE;
    case 'f': return OPENAI_SCAN_FALSE;
    default:  return OPENAI_SCAN_NUMBER;
    }
}


#endif /* _OPENAI_SCAN_INNER_H_INCLUDED_ */
