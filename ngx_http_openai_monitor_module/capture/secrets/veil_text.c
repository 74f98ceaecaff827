
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Looks for secrets in text, and stores what is harmless.  veil_body.c and
 * veil_frames.c call it.
 *
 * Text is overwritten where it has a secret.  A coded body cannot be changed
 * and stay what it is: the meter decodes it, the text is looked at here, and
 * the bytes are stored when their text is known to be harmless; from a secret
 * on the body is withheld.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/secrets/veil_inner.h"


static ngx_int_t ngx_http_openai_veil_room(ngx_http_openai_veil_t *veil);
static ngx_int_t ngx_http_openai_veil_settle(ngx_http_openai_veil_t *veil,
    size_t len, ngx_uint_t last);
static void ngx_http_openai_veil_keep(ngx_http_openai_veil_t *veil, u_char *p,
    size_t len);


/* flags of the two sides */

static const uint32_t  ngx_http_openai_veil_masked[] = {
    NGX_OPENAI_REC_REQUEST_MASKED, NGX_OPENAI_REC_RESPONSE_MASKED
};

const uint32_t  ngx_http_openai_veil_opaque[] = {
    NGX_OPENAI_REC_REQUEST_OPAQUE, NGX_OPENAI_REC_RESPONSE_OPAQUE
};


void
ngx_http_openai_veil_close(ngx_http_openai_veil_t *veil)
{
    veil->closed = 1;
    veil->ex->rec.flags |= ngx_http_openai_veil_opaque[veil->side];
}


void
ngx_http_openai_veil_coded(ngx_http_openai_veil_t *veil, u_char *p, size_t len,
    ngx_uint_t wait)
{
    size_t   room;
    u_char  *data;

    if (!wait) {

        if (veil->waiting) {
            ngx_http_openai_body_keep(veil->ex, veil->side, veil->wait,
                                      veil->waiting);
            veil->waiting = 0;
        }

        if (len) {
            ngx_http_openai_body_keep(veil->ex, veil->side, p, len);
        }

        return;
    }

    if (len > NGX_HTTP_OPENAI_VEIL_WAIT - veil->waiting) {
        ngx_http_openai_veil_close(veil);
        return;
    }

    if (veil->waiting + len > veil->room) {

        room = ngx_max(2 * veil->room, veil->waiting + len);
        room = ngx_max(room, 1024);

        data = ngx_palloc(veil->ex->request->pool, room);
        if (data == NULL) {
            ngx_http_openai_veil_close(veil);
            return;
        }

        if (veil->wait) {
            ngx_memcpy(data, veil->wait, veil->waiting);
            (void) ngx_pfree(veil->ex->request->pool, veil->wait);
        }

        veil->wait = data;
        veil->room = room;
    }

    ngx_memcpy(veil->wait + veil->waiting, p, len);
    veil->waiting += len;
}


ngx_int_t
ngx_http_openai_veil_look(ngx_http_openai_veil_t *veil, const char *data,
    size_t len, ngx_uint_t last)
{
    size_t  n, settled;

    if (veil->size == 0
        && (len == 0 || openai_secrets_idle(&veil->secrets, data, len)))
    {
        return NGX_OK;
    }

    if (ngx_http_openai_veil_room(veil) != NGX_OK) {
        veil->secrets.found++;
        return NGX_ERROR;
    }

    do {
        n = ngx_min(len, NGX_HTTP_OPENAI_VEIL_PIECE);

        if (veil->size + n > NGX_HTTP_OPENAI_VEIL_SIZE) {
            veil->secrets.found++;
            return NGX_ERROR;
        }

        if (n) {
            ngx_memcpy(veil->buf + veil->size, data, n);
            veil->peak = ngx_max(veil->peak, veil->size + n);
        }

        len -= n;
        data += n;

        settled = openai_secrets_find(&veil->secrets, (char *) veil->buf,
                                      veil->size + n, last && len == 0);
        if (veil->secrets.found) {
            return NGX_ERROR;
        }

        veil->size += n - settled;

        ngx_memmove(veil->buf, veil->buf + settled, veil->size);

    } while (len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_openai_veil_room(ngx_http_openai_veil_t *veil)
{
    if (veil->buf == NULL) {
        veil->buf = ngx_palloc(veil->ex->request->pool,
                               NGX_HTTP_OPENAI_VEIL_SIZE);
    }

    return veil->buf ? NGX_OK : NGX_ERROR;
}


void
ngx_http_openai_veil_text(ngx_http_openai_veil_t *veil, u_char *p, size_t len,
    ngx_uint_t last)
{
    size_t  n;

    if (len == 0 && veil->size == veil->past) {
        return;
    }

    if (veil->masks == NULL && veil->size == veil->past
        && openai_secrets_idle(&veil->secrets, (char *) p, len))
    {
        ngx_http_openai_veil_keep(veil, p, len);
        return;
    }

    if (ngx_http_openai_veil_room(veil) != NGX_OK) {
        ngx_http_openai_veil_close(veil);
        return;
    }

    do {
        n = ngx_min(len, NGX_HTTP_OPENAI_VEIL_PIECE);

        if (veil->size + n > NGX_HTTP_OPENAI_VEIL_SIZE) {
            ngx_http_openai_veil_close(veil);
            return;
        }

        if (n) {
            ngx_memcpy(veil->buf + veil->size, p, n);
            veil->peak = ngx_max(veil->peak, veil->size + n);
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
    size_t       settled, past, drop;
    ngx_int_t    rc;
    ngx_uint_t   found;
    uint64_t     before;

    veil->size += len;
    before = veil->secrets.found;

    veil->clear += openai_secrets_find(&veil->secrets,
                                       (char *) veil->buf + veil->clear,
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

    /* only patterns look back */

    past = veil->masks ? NGX_HTTP_OPENAI_MASK_PAST : 0;
    drop = (settled > past) ? settled - past : 0;

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
