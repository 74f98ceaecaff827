
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * What stands between a body that passes and the record, where the record may
 * not have all of it: secrets that endpoints are known to carry, keys that an
 * upstream's error repeats, and what the configuration wants masked.
 *
 * Bodies pass in pieces, so the end of one is held until it is known to be
 * harmless.  What cannot be looked through is not kept.  The exchange itself
 * is never touched: everything happens to a copy.
 */


#ifndef _NGX_HTTP_OPENAI_VEIL_H_INCLUDED_
#define _NGX_HTTP_OPENAI_VEIL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/capture.h"


/* the longest match of a pattern that is sure to be seen whole, in bytes */

#define NGX_HTTP_OPENAI_MASK_MAX   4096

/* bytes that a pattern may look back at */

#define NGX_HTTP_OPENAI_MASK_PAST  32


/* gives ex->veil[] what it needs; when the request line is known, when the
   status is, and after an upgrade.  Without memory the body is not kept */
void ngx_http_openai_veil_request(ngx_http_openai_exchange_t *ex);
void ngx_http_openai_veil_response(ngx_http_openai_exchange_t *ex);
void ngx_http_openai_veil_frames(ngx_http_openai_exchange_t *ex);

/* the meter's: decoded text of a side's coded body; "ctx" is the exchange */
void ngx_http_openai_veil_decoded(void *ctx, unsigned side, const char *data,
    size_t len);

/* gathers the secrets that the exchange has brought so far, which its answer
   may repeat: into ex->words, if there are any */
void ngx_http_openai_words(ngx_http_openai_exchange_t *ex);

/* the body of the request is not buffered: notes the head that nginx makes for
   the upstream, when it makes it */
void ngx_http_openai_words_watch(ngx_http_openai_exchange_t *ex);

/* returns 1 if a word is in the text */
ngx_uint_t ngx_http_openai_words_in(ngx_http_openai_exchange_t *ex,
    ngx_str_t *text);

/* a piece of a body; what may be kept of it goes to the record */
void ngx_http_openai_veil_body(ngx_http_openai_veil_t *veil, u_char *data,
    size_t len);

/* no more comes: what was held goes to the record.  Safe to call twice */
void ngx_http_openai_veil_end(ngx_http_openai_veil_t *veil);

/* the texts that the digest took out of the bodies; for good */
void ngx_http_openai_veil_facts(ngx_http_openai_exchange_t *ex,
    openai_facts_t *facts);

/* ex->rec, or what others may see of it: a copy, until the next call */
ngx_openai_record_t *ngx_http_openai_veil_record(
    ngx_http_openai_exchange_t *ex);


/* adds a pattern to *masks, which may be NULL; a sentence, or NULL: it is in.
   "cf" gets the matcher's own words */
char *ngx_http_openai_mask_add(ngx_conf_t *cf, ngx_array_t **masks,
    ngx_str_t *pattern);

/*
 * Overwrites what matches in [p + past, p + len) with "*"; the bytes before
 * are there to look back at.  Returns how many are settled, counted from p, or
 * NGX_ERROR when the matcher gave up.  *found counts matches.
 */
ngx_int_t ngx_http_openai_mask(ngx_array_t *masks, u_char *p, size_t past,
    size_t len, ngx_uint_t last, ngx_uint_t *found);

/* gives back what this process has of the matcher */
void ngx_http_openai_mask_exit(void);


#endif /* _NGX_HTTP_OPENAI_VEIL_H_INCLUDED_ */
