
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Skips JSON that nobody asked for, 64 bytes at a time.  The scanner calls it.
 */


#ifndef _OPENAI_SKIP_H_INCLUDED_
#define _OPENAI_SKIP_H_INCLUDED_


#include <stdint.h>


typedef struct {
    uint32_t   depth;      /* open brackets; 0: only a string */
    uint8_t    quoted;     /* within a string */
    uint8_t    escaped;    /* a backslash precedes the next byte */
} openai_skip_t;

#define openai_skipping(k)  ((k)->depth || (k)->quoted)


/*
 * Skips to the end of a string or of brackets that have begun.  Returns the
 * place behind the end, or last; openai_skipping() tells whether to go on.
 */

const char *openai_skip(openai_skip_t *k, const char *p, const char *last);

/*
 * Skips text with escapes inside a string; p is not in the middle of an escape.
 * Adds to *size the bytes that the skipped text stands for once decoded.  Stops
 * at the closing quote, at a "\u", at an escape that the input cuts, or where
 * the escapes become rare, and returns that place.
 */

const char *openai_skip_escapes(const char *p, const char *last,
    uint64_t *size);


#endif /* _OPENAI_SKIP_H_INCLUDED_ */
