
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The events of a stream repeat each other but for a few values.  The memo
 * keeps what the last one had in common with the one before: where the next
 * one has the same bytes, the takes of these bytes are called again, and the
 * scanner goes on behind them.  Nobody can tell the difference but by time.
 */


#ifndef _OPENAI_MEMO_H_INCLUDED_
#define _OPENAI_MEMO_H_INCLUDED_


#include "digest/json/scan.h"


#define OPENAI_MEMO_BYTES     448
#define OPENAI_MEMO_SEGMENTS  4
#define OPENAI_MEMO_TAKES     16
#define OPENAI_MEMO_DEPTH     7


typedef struct {
    const openai_node_t  *node;
    openai_value_t        value;       /* its string is in the memo's bytes */
} openai_memo_take_t;


/* bytes that come again, and the scanner behind them, where the value of a key
   follows or the document is over; the next segment is behind that value */

typedef struct {
    const openai_node_t  *node;
    openai_scan_frame_t   frames[OPENAI_MEMO_DEPTH];
    const char           *found;       /* in the document */
    uint16_t              start;       /* in the bytes */
    uint16_t              len;
    uint8_t               take;        /* the first of its takes */
    uint8_t               ntakes;
    uint8_t               lasting;     /* so many of the first segment's takes
                                          come first and last */
    uint8_t               stales;      /* there are others that last */
    uint8_t               depth;
    uint8_t               final;       /* the document ends with it */
} openai_memo_segment_t;


struct openai_memo_s {
    uint16_t                len;
    uint8_t                 n;
    uint8_t                 ntakes;
    uint8_t                 tries;     /* to learn more, in vain */
    uint8_t                 failed;    /* what is recorded cannot be kept */
    uint8_t                 cut;       /* the document was longer */
    uint8_t                 stale;     /* what lasts was told elsewhere, too */
    const char             *segment;   /* being recorded */
    const char             *end;
    openai_memo_segment_t   segments[OPENAI_MEMO_SEGMENTS];
    openai_memo_take_t      takes[OPENAI_MEMO_TAKES];
    char                    bytes[OPENAI_MEMO_BYTES];
};


/* a value is about to be taken */
void openai_memo_told(openai_memo_t *memo, const openai_scan_t *s,
    const openai_node_t *node, const openai_value_t *value);


#endif /* _OPENAI_MEMO_H_INCLUDED_ */
