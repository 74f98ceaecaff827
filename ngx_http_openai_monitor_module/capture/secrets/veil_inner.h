
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * A veil from inside: who gets one is capture/secrets/veil.c's, what it does to
 * the body that passes capture/secrets/veil_body.c's.
 */


#ifndef _NGX_HTTP_OPENAI_VEIL_INNER_H_INCLUDED_
#define _NGX_HTTP_OPENAI_VEIL_INNER_H_INCLUDED_


#include "capture/secrets/veil.h"
#include "digest/wire/decode.h"
#include "digest/wire/secrets.h"
#include "digest/wire/ws_frames.h"


#define NGX_HTTP_OPENAI_VEIL_PIECE  4096

/* what is looked back at, what is held, and the next piece */

#define NGX_HTTP_OPENAI_VEIL_SIZE                                            \
    (NGX_HTTP_OPENAI_MASK_PAST + NGX_HTTP_OPENAI_MASK_MAX                    \
     + OPENAI_SECRETS_WORD_MAX + NGX_HTTP_OPENAI_VEIL_PIECE)

#define NGX_HTTP_OPENAI_FRAME_HEAD  14


struct ngx_http_openai_veil_s {
    ngx_http_openai_exchange_t  *ex;
    ngx_uint_t                   side;
    ngx_array_t                 *masks;      /* NULL: none */

    /* [0, past) is stored, [past, clear) has no secrets, [clear, size) has not
       been decided on */

    u_char                      *buf;
    size_t                       past;
    size_t                       clear;
    size_t                       size;

    openai_secrets_t             secrets;

    /* a body that is only looked through, as it is stored coded */

    openai_decoder_t            *decoder;
    openai_ws_t                 *inflate;

    /* the frame of a WebSocket that passes */

    uint64_t                     rest;       /* of its payload */
    uint64_t                     seen;
    uint64_t                     stored;
    ngx_uint_t                   nhead;
    u_char                       head[NGX_HTTP_OPENAI_FRAME_HEAD];
    u_char                       key[4];

    unsigned                     frames:1;
    unsigned                     closed:1;   /* the rest is not kept */
};


/* flags of the two sides */
extern const uint32_t  ngx_http_openai_veil_opaque[];


/* the body, or the rest of it, is not kept */
void ngx_http_openai_veil_close(ngx_http_openai_veil_t *veil);


#endif /* _NGX_HTTP_OPENAI_VEIL_INNER_H_INCLUDED_ */
