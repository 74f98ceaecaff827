
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Takes the frames of a WebSocket through a veil.  Frames that a client has
 * scrambled with a key are stored with that key again.  A message that comes
 * in several frames, or with an extension that was not agreed on, is withheld,
 * because a secret could be in more than one frame.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/secrets/veil_inner.h"


static ngx_int_t ngx_http_openai_veil_head(ngx_http_openai_veil_t *veil,
    u_char c);
static void ngx_http_openai_veil_inflate(ngx_http_openai_veil_t *veil,
    u_char *p, size_t len);
static int ngx_http_openai_veil_piece(void *ctx,
    const openai_ws_piece_t *piece);


void
ngx_http_openai_veil_frame(ngx_http_openai_veil_t *veil, u_char *p, size_t len)
{
    size_t   i, n;
    u_char  *last, text[NGX_HTTP_OPENAI_VEIL_PIECE];

    if (veil->inflate) {
        ngx_http_openai_veil_inflate(veil, p, len);
        return;
    }

    last = p + len;

    while (p < last && !veil->closed) {

        if (veil->rest == 0) {

            if (ngx_http_openai_veil_head(veil, *p++) == NGX_ERROR) {
                ngx_http_openai_veil_close(veil);
            }

            continue;
        }

        n = ngx_min((size_t) (last - p), sizeof(text));
        n = ngx_min(n, veil->rest);

        for (i = 0; i < n; i++) {
            text[i] = p[i] ^ veil->key[veil->seen++ & 3];
        }

        p += n;
        veil->rest -= n;

        ngx_http_openai_veil_text(veil, text, n, veil->rest == 0);

        if (veil->rest == 0) {
            openai_secrets_next(&veil->secrets);
        }
    }

    ngx_explicit_memzero(text, sizeof(text));
}


/* the next byte of a frame's head; a message in several frames, or with an
   extension that was not agreed on, is not looked into */

static ngx_int_t
ngx_http_openai_veil_head(ngx_http_openai_veil_t *veil, u_char c)
{
    u_char      *head;
    ngx_uint_t   i, n, length;

    head = veil->head;
    head[veil->nhead++] = c;

    if (veil->nhead < 2) {
        return NGX_AGAIN;
    }

    length = head[1] & 0x7f;
    n = (length == 127) ? 8 : (length == 126) ? 2 : 0;

    if (veil->nhead < 2 + n + ((head[1] & 0x80) ? 4 : 0)) {
        return NGX_AGAIN;
    }

    if ((head[0] & 0xf0) != 0x80 || (head[0] & 0x0f) == 0) {
        return NGX_ERROR;
    }

    veil->rest = n ? 0 : length;

    for (i = 0; i < n; i++) {
        veil->rest = veil->rest << 8 | head[2 + i];
    }

    ngx_memzero(veil->key, 4);

    if (head[1] & 0x80) {
        ngx_memcpy(veil->key, head + 2 + n, 4);
    }

    ngx_http_openai_body_keep(veil->ex, veil->side, head, veil->nhead);

    veil->nhead = 0;
    veil->seen = 0;
    veil->stored = 0;

    return NGX_OK;
}


/* of compressed messages the text is only looked at */

static void
ngx_http_openai_veil_inflate(ngx_http_openai_veil_t *veil, u_char *p,
    size_t len)
{
    int  rc;

    rc = openai_ws_feed(veil->inflate, p, len, ngx_http_openai_veil_piece,
                        veil);

    if ((rc != OPENAI_OK && rc != OPENAI_AGAIN) || veil->secrets.found) {
        ngx_http_openai_veil_close(veil);
        return;
    }

    ngx_http_openai_veil_coded(veil, p, len, veil->size != 0);
}


static int
ngx_http_openai_veil_piece(void *ctx, const openai_ws_piece_t *piece)
{
    ngx_http_openai_veil_t *veil = ctx;

    if (piece->cut
        || ngx_http_openai_veil_look(veil, piece->data.data, piece->data.len,
                                     0)
           != NGX_OK)
    {
        return OPENAI_ERROR;
    }

    return OPENAI_OK;
}
