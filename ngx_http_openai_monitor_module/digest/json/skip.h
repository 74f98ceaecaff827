
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Passing over JSON of no interest, 64 bytes at a time.
 */


#ifndef _OPENAI_SKIP_H_INCLUDED_
#define _OPENAI_SKIP_H_INCLUDED_


#include <stdint.h>


typedef struct {
    uint32_t   depth;      /* of brackets; 0: within a string alone */
    uint8_t    quoted;     /* within a string */
    uint8_t    escaped;    /* the next byte is taken as it is */
} openai_skip_t;

#define openai_skipping(k)  ((k)->depth || (k)->quoted)


/*
 * Goes on within a string or brackets, which must have begun.  Returns where
 * they end, or last; openai_skipping() tells which.
 */

const char *openai_skip(openai_skip_t *k, const char *p, const char *last);

/*
 * Goes on within a string, not in the middle of an escape, for as long as there
 * are more escapes.  Returns the string's end, a "\u", what is not whole in the
 * input or has not been looked at; *size grows by the bytes that the text up to
 * there stands for.
 */

const char *openai_skip_escapes(const char *p, const char *last,
    uint64_t *size);


#endif /* _OPENAI_SKIP_H_INCLUDED_ */
