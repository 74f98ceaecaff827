
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#ifndef _OPENAI_DECODE_H_INCLUDED_
#define _OPENAI_DECODE_H_INCLUDED_


#include "digest/digest.h"


/* codings that one Content-Encoding value may stack */

#define OPENAI_DECODER_CODINGS  3

/* the window that RFC 9659 allows to a zstd content coding: 8 MB */

#define OPENAI_DECODER_ZSTD_LOG  23

/* how far the output may run ahead of the input where no maximum is given */

#define OPENAI_DECODER_FREE   (4 * 1024 * 1024)
#define OPENAI_DECODER_RATIO  256


typedef struct openai_decoder_s  openai_decoder_t;

/* a value other than OPENAI_OK stops the decoder and becomes its state */
typedef int (*openai_decoder_sink_pt)(void *ctx, const char *data, size_t len);


/*
 * A decoder for a Content-Encoding value.  The output is at most max bytes;
 * with max 0 it is OPENAI_DECODER_FREE bytes and OPENAI_DECODER_RATIO times
 * the input.  NULL with *status OPENAI_OK: there is nothing to decode;
 * with OPENAI_ERROR: a coding is not known; with OPENAI_LIMIT: memory is short.
 */

openai_decoder_t *openai_decoder_create(const openai_alloc_t *alloc,
    openai_str_t encoding, uint64_t max, int *status);

/*
 * The input may be split anywhere.  OPENAI_OK: the coding has ended here, what
 * follows is another member of it or is ignored; OPENAI_AGAIN: it has not;
 * OPENAI_LIMIT: the bound of output or of memory is reached; OPENAI_ERROR: the
 * input is broken.  The last two stay, and later input is ignored.
 */

int openai_decoder_feed(openai_decoder_t *d, const void *in, size_t len,
    openai_decoder_sink_pt sink, void *ctx);

/* releases what is outside of alloc; safe with NULL and to call twice */
void openai_decoder_destroy(openai_decoder_t *d);


#endif /* _OPENAI_DECODE_H_INCLUDED_ */
