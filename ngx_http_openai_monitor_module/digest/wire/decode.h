
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Decoding of compressed bodies: gzip, deflate, br, zstd, and stacks of them.
 *
 * The meter and the veil decode bodies as they pass, within the budget of the
 * process; openai_decode() of digest.h decodes a stored body at once, without
 * it.  A body cannot make a decoder exceed its bounds of output and memory.  A
 * body that begins with text is its own output, whatever its head says.
 */


#ifndef _OPENAI_DECODE_H_INCLUDED_
#define _OPENAI_DECODE_H_INCLUDED_


#include "digest/digest.h"


/* the most codings in one Content-Encoding value */

#define OPENAI_DECODER_CODINGS  3

/* the window that RFC 9659 allows to a zstd content coding: 8 MB */

#define OPENAI_DECODER_ZSTD_LOG  23

/* how far the output may run ahead of the input where no maximum is given */

#define OPENAI_DECODER_FREE   (1024 * 1024)
#define OPENAI_DECODER_RATIO  256

/* bytes that all decoders of a process may hold.  A decoder of an upload gets
   no more when they hold OPENAI_DECODER_UPLOADS; the rest is for answers */

#define OPENAI_DECODER_MEMORY   (64 * 1024 * 1024)
#define OPENAI_DECODER_UPLOADS  (OPENAI_DECODER_MEMORY / 2)

/* an upload of fewer bytes is decoded at its end */

#define OPENAI_DECODER_WAIT  16384


typedef struct openai_decoder_s  openai_decoder_t;

/* a value other than OPENAI_OK stops the decoder and becomes its state */
typedef int (*openai_decoder_sink_pt)(void *ctx, const char *data, size_t len);


/*
 * A decoder for a Content-Encoding value.  The output is at most max bytes;
 * with max 0 it is OPENAI_DECODER_FREE bytes and OPENAI_DECODER_RATIO times
 * the input.  It takes memory outside of alloc when input comes.
 *
 * NULL with *status OPENAI_OK: there is nothing to decode; with OPENAI_NOMEM:
 * alloc has no memory.
 */

openai_decoder_t *openai_decoder_create(const openai_alloc_t *alloc,
    openai_str_t encoding, uint64_t max, int *status);

/*
 * The body is an upload, which a client may hold back for long.  The decoder
 * may use the uploads' part of the memory only; with wait it decodes nothing
 * before OPENAI_DECODER_WAIT bytes have come, or openai_decoder_end() is
 * called.  Comes before the first input.
 */

void openai_decoder_upload(openai_decoder_t *d, int wait);

/*
 * The input may be split anywhere.  OPENAI_OK: the coding has ended here, what
 * follows is another member of it or is ignored; OPENAI_AGAIN: it has not;
 * OPENAI_LIMIT: the bound of output or the window's is reached; OPENAI_NOMEM:
 * the memory of all decoders is used up, or malloc() failed; OPENAI_ERROR: the
 * input is broken, or a coding is not known.  The last three stay, and later
 * input is ignored.  The decoder gives its memory back unless it returns
 * OPENAI_AGAIN.
 */

int openai_decoder_feed(openai_decoder_t *d, const void *in, size_t len,
    openai_decoder_sink_pt sink, void *ctx);

/* no more input comes: decodes what has waited, and destroys the decoder.
   Returns what openai_decoder_feed() does */
int openai_decoder_end(openai_decoder_t *d, openai_decoder_sink_pt sink,
    void *ctx);

/* returns 1 once it is known that the body is text, not coded; NULL is safe */
int openai_decoder_plain(const openai_decoder_t *d);

/* gives back what is outside of alloc; safe with NULL and to call twice */
void openai_decoder_destroy(openai_decoder_t *d);

/* bytes that the decoders of this process hold outside of alloc */
size_t openai_decoder_memory(void);


#endif /* _OPENAI_DECODE_H_INCLUDED_ */
