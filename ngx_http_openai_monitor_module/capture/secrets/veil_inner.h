
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * A veil from inside.  veil.c decides what a veil looks for, veil_body.c takes
 * the pieces of bodies through it, veil_frames.c those of a WebSocket, and
 * veil_text.c looks for secrets in both.
 */


#ifndef _NGX_HTTP_OPENAI_VEIL_INNER_H_INCLUDED_
#define _NGX_HTTP_OPENAI_VEIL_INNER_H_INCLUDED_


#include "capture/secrets/veil.h"
#include "digest/wire/secrets.h"
#include "digest/wire/ws_frames.h"


#define NGX_HTTP_OPENAI_VEIL_PIECE  4096

/* what is looked back at, what is held, and the next piece */

#define NGX_HTTP_OPENAI_VEIL_SIZE                                            \
    (NGX_HTTP_OPENAI_MASK_PAST + NGX_HTTP_OPENAI_MASK_MAX                    \
     + OPENAI_SECRETS_HOLD + NGX_HTTP_OPENAI_VEIL_PIECE)

/* bytes of a coded body that wait for what they say; zstd says nothing of a
   block before all of it has come, which is at most 128 KB */

#define NGX_HTTP_OPENAI_VEIL_WAIT   (192 * 1024)

#define NGX_HTTP_OPENAI_FRAME_HEAD  14


struct ngx_http_openai_veil_s {
    ngx_http_openai_exchange_t  *ex;
    ngx_uint_t                   side;
    ngx_array_t                 *masks;      /* NULL: none */

    /* NULL until something has to be held; [0, past) is stored, [past, clear)
       has no secrets, [clear, size) has not been decided on */

    u_char                      *buf;
    size_t                       past;
    size_t                       clear;
    size_t                       size;
    size_t                       peak;       /* of size: what has to be wiped */

    openai_secrets_t             secrets;

    /* a coded body is stored as it came, and its text is only looked at; bytes
       wait until their text is known to be harmless */

    u_char                      *wait;
    size_t                       waiting;
    size_t                       room;
    uint64_t                     decoded;    /* bytes of text */

    openai_ws_t                 *inflate;

    /* the frame of a WebSocket that passes */

    uint64_t                     rest;       /* of its payload */
    uint64_t                     seen;
    uint64_t                     stored;
    ngx_uint_t                   nhead;
    u_char                       head[NGX_HTTP_OPENAI_FRAME_HEAD];
    u_char                       key[4];

    unsigned                     coded:1;    /* the meter decodes it */
    unsigned                     blind:1;    /* but has given up */
    unsigned                     frames:1;
    unsigned                     closed:1;   /* the rest is not kept */
};


/* flags of the two sides */
extern const uint32_t  ngx_http_openai_veil_opaque[];


/* withholds the body, or the rest of it */
void ngx_http_openai_veil_close(ngx_http_openai_veil_t *veil);

/* takes a piece of text through the veil; "last": no more text follows that
   could belong to it */
void ngx_http_openai_veil_text(ngx_http_openai_veil_t *veil, u_char *p,
    size_t len, ngx_uint_t last);

/* looks at text that is not stored itself; NGX_ERROR: it has a secret */
ngx_int_t ngx_http_openai_veil_look(ngx_http_openai_veil_t *veil,
    const char *data, size_t len, ngx_uint_t last);

/* stores coded bytes, or lets them wait for what follows */
void ngx_http_openai_veil_coded(ngx_http_openai_veil_t *veil, u_char *p,
    size_t len, ngx_uint_t wait);

/* takes a piece of a WebSocket's frames through the veil */
void ngx_http_openai_veil_frame(ngx_http_openai_veil_t *veil, u_char *p,
    size_t len);

#endif /* _NGX_HTTP_OPENAI_VEIL_INNER_H_INCLUDED_ */
