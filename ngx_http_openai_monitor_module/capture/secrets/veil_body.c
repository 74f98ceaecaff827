
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/secrets/veil_inner.h"


static void ngx_http_openai_veil_text(ngx_http_openai_veil_t *veil,
    u_char *p, size_t len, ngx_uint_t last);
static ngx_int_t ngx_http_openai_veil_settle(ngx_http_openai_veil_t *veil,
    size_t len, ngx_uint_t last);
static void ngx_http_openai_veil_keep(ngx_http_openai_veil_t *veil, u_char *p,
    size_t len);
static void ngx_http_openai_veil_frame(ngx_http_openai_veil_t *veil,
    u_char *p, size_t len);
static ngx_int_t ngx_http_openai_veil_head(ngx_http_openai_veil_t *veil,
    u_char c);
static ngx_uint_t ngx_http_openai_veil_through(ngx_http_openai_veil_t *veil,
    u_char *p, size_t len);
static int ngx_http_openai_veil_look(void *ctx, const char *data, size_t len);
static int ngx_http_openai_veil_piece(void *ctx,
    const openai_ws_piece_t *piece);


/* flags of the two sides */

static const uint32_t  ngx_http_openai_veil_masked[] = {
    NGX_OPENAI_REC_REQUEST_MASKED, NGX_OPENAI_REC_RESPONSE_MASKED
};

const uint32_t  ngx_http_openai_veil_opaque[] = {
    NGX_OPENAI_REC_REQUEST_OPAQUE, NGX_OPENAI_REC_RESPONSE_OPAQUE
};


void
ngx_http_openai_veil_body(ngx_http_openai_veil_t *veil, u_char *data,
    size_t len)
{
    if (veil->closed) {
        return;
    }

    if (veil->decoder || veil->inflate) {

        if (ngx_http_openai_veil_through(veil, data, len)) {
            ngx_http_openai_body_keep(veil->ex, veil->side, data, len);
        }

    } else if (veil->frames) {
        ngx_http_openai_veil_frame(veil, data, len);

    } else {
        ngx_http_openai_veil_text(veil, data, len, 0);
    }
}


void
ngx_http_openai_veil_end(ngx_http_openai_veil_t *veil)
{
    if (veil == NULL) {
        return;
    }

    if (!veil->closed && veil->decoder == NULL && veil->inflate == NULL) {
        ngx_http_openai_veil_text(veil, NULL, 0, 1);
    }

    openai_decoder_destroy(veil->decoder);
    openai_ws_destroy(veil->inflate);

    ngx_explicit_memzero(veil->buf, NGX_HTTP_OPENAI_VEIL_SIZE);

    veil->closed = 1;
}


void
ngx_http_openai_veil_close(ngx_http_openai_veil_t *veil)
{
    veil->closed = 1;
    veil->ex->rec.flags |= ngx_http_openai_veil_opaque[veil->side];
}


static void
ngx_http_openai_veil_text(ngx_http_openai_veil_t *veil, u_char *p, size_t len,
    ngx_uint_t last)
{
    size_t  n;

    if (veil->masks == NULL && veil->size == veil->past
        && openai_secrets_idle(&veil->secrets, (char *) p, len))
    {
        ngx_http_openai_veil_keep(veil, p, len);
        return;
    }

    do {
        n = ngx_min(len, NGX_HTTP_OPENAI_VEIL_PIECE);

        if (n) {
            ngx_memcpy(veil->buf + veil->size, p, n);
        }

        if (ngx_http_openai_veil_settle(veil, n, last && n == len)
            != NGX_OK)
        {
            ngx_http_openai_veil_close(veil);
            return;
        }

        p += n;
        len -= n;

    } while (len);
}


/* secrets first, then patterns; what both have let pass is stored */

static ngx_int_t
ngx_http_openai_veil_settle(ngx_http_openai_veil_t *veil, size_t len,
    ngx_uint_t last)
{
    size_t       again, settled, drop;
    ngx_int_t    rc;
    ngx_uint_t   found;
    uint64_t     before;

    again = veil->size - veil->clear;
    veil->size += len;
    before = veil->secrets.found;

    veil->clear += openai_secrets_find(&veil->secrets,
                                       (char *) veil->buf + veil->clear, again,
                                       veil->size - veil->clear, last);
    settled = veil->clear;
    found = (veil->secrets.found != before);

    if (veil->masks) {
        rc = ngx_http_openai_mask(veil->masks, veil->buf, veil->past,
                                  veil->clear, last, &found);
        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        settled = rc;
    }

    if (found) {
        veil->ex->rec.flags |= ngx_http_openai_veil_masked[veil->side];
    }

    ngx_http_openai_veil_keep(veil, veil->buf + veil->past,
                              settled - veil->past);

    drop = (settled > NGX_HTTP_OPENAI_MASK_PAST)
           ? settled - NGX_HTTP_OPENAI_MASK_PAST : 0;

    ngx_memmove(veil->buf, veil->buf + drop, veil->size - drop);

    veil->past = settled - drop;
    veil->clear -= drop;
    veil->size -= drop;

    return NGX_OK;
}


/* a frame that came with a key is stored with it again */

static void
ngx_http_openai_veil_keep(ngx_http_openai_veil_t *veil, u_char *p, size_t len)
{
    size_t  i, n;
    u_char  out[1024];

    if (!veil->frames) {
        ngx_http_openai_body_keep(veil->ex, veil->side, p, len);
        return;
    }

    for ( /* void */ ; len; p += n, len -= n) {
        n = ngx_min(len, sizeof(out));

        for (i = 0; i < n; i++) {
            out[i] = p[i] ^ veil->key[veil->stored++ & 3];
        }

        ngx_http_openai_body_keep(veil->ex, veil->side, out, n);
    }
}


static void
ngx_http_openai_veil_frame(ngx_http_openai_veil_t *veil, u_char *p, size_t len)
{
    size_t   i, n;
    u_char  *last, text[NGX_HTTP_OPENAI_VEIL_PIECE];

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


/* whether a coded piece may be kept; the first one that has a secret, or the
   beginning of one, is the end */

static ngx_uint_t
ngx_http_openai_veil_through(ngx_http_openai_veil_t *veil, u_char *p,
    size_t len)
{
    int  rc;

    rc = veil->decoder
         ? openai_decoder_feed(veil->decoder, p, len,
                               ngx_http_openai_veil_look, veil)
         : openai_ws_feed(veil->inflate, p, len,
                          ngx_http_openai_veil_piece, veil);

    if ((rc != OPENAI_OK && rc != OPENAI_AGAIN) || veil->size) {
        ngx_http_openai_veil_close(veil);
        return 0;
    }

    return 1;
}


static int
ngx_http_openai_veil_look(void *ctx, const char *data, size_t len)
{
    ngx_http_openai_veil_t *veil = ctx;

    size_t  n, settled;

    for ( /* void */ ; len; data += n, len -= n) {

        n = ngx_min(len, NGX_HTTP_OPENAI_VEIL_PIECE);

        ngx_memcpy(veil->buf + veil->size, data, n);

        settled = openai_secrets_find(&veil->secrets, (char *) veil->buf,
                                      veil->size, veil->size + n, 0);
        if (veil->secrets.found) {
            return OPENAI_ERROR;
        }

        veil->size += n - settled;

        ngx_memmove(veil->buf, veil->buf + settled, veil->size);
    }

    return OPENAI_OK;
}


static int
ngx_http_openai_veil_piece(void *ctx, const openai_ws_piece_t *piece)
{
    return piece->cut ? OPENAI_ERROR
                      : ngx_http_openai_veil_look(ctx, piece->data.data,
                                                  piece->data.len);
}
