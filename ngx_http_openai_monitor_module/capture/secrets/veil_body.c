
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Takes the pieces of a body through a veil.  capture/body.c calls it with
 * each piece that may go to the record, and at the body's end.  It hands frames
 * to veil_frames.c, and all other bytes to veil_text.c.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/secrets/veil_inner.h"


static void ngx_http_openai_veil_opened(ngx_http_openai_veil_t *veil,
    u_char *p, size_t len);


void
ngx_http_openai_veil_body(ngx_http_openai_veil_t *veil, u_char *data,
    size_t len)
{
    if (veil->closed || len == 0) {
        return;
    }

    if (veil->frames) {
        ngx_http_openai_veil_frame(veil, data, len);

    } else if (veil->coded) {
        ngx_http_openai_veil_opened(veil, data, len);

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

    if (!veil->closed) {

        if (veil->coded || veil->inflate) {

            if (ngx_http_openai_veil_look(veil, NULL, 0, 1) != NGX_OK) {
                ngx_http_openai_veil_close(veil);

            } else if (veil->coded) {
                ngx_http_openai_veil_opened(veil, NULL, 0);

            } else {
                ngx_http_openai_veil_coded(veil, NULL, 0, 0);
            }
        }

        if (!veil->coded && veil->inflate == NULL) {
            ngx_http_openai_veil_text(veil, NULL, 0, 1);
        }
    }

    openai_ws_destroy(veil->inflate);

    if (veil->buf) {
        ngx_explicit_memzero(veil->buf, veil->peak);
    }

    if (veil->wait) {
        ngx_explicit_memzero(veil->wait, veil->room);
    }

    ngx_explicit_memzero(veil->secrets.tail, OPENAI_SECRETS_TAIL);

    veil->closed = 1;
}


/* the meter has decoded this piece, or says that it cannot */

static void
ngx_http_openai_veil_opened(ngx_http_openai_veil_t *veil, u_char *p,
    size_t len)
{
    u_char      *wait;
    size_t       n;
    uint32_t     unread;
    ngx_uint_t   end, plain;

    unread = openai_meter_unread(veil->ex->meter, veil->side);
    plain = (unread & OPENAI_FACT_UNDECODABLE)
            || openai_meter_plain(veil->ex->meter, veil->side);
    end = (p == NULL);

    if (unread & (OPENAI_FACT_BOMB|OPENAI_FACT_NO_DECODER)) {
        veil->blind = 1;
    }

    /* a body of which no text came has not been looked at */

    if (end && veil->decoded == 0 && veil->waiting && !plain) {
        veil->blind = 1;
    }

    if (veil->secrets.found
        || (veil->blind && (veil->secrets.secrecy != OPENAI_SECRETS_NONE
                            || veil->secrets.text)))
    {
        ngx_http_openai_veil_close(veil);
        return;
    }

    if (veil->decoded == 0 && plain) {
        /* it is not what its head says: the bytes may be text */

        veil->coded = 0;

        wait = veil->wait;
        n = veil->waiting;
        veil->waiting = 0;

        if (n) {
            ngx_http_openai_veil_text(veil, wait, n, 0);
        }

        if (len && !veil->closed) {
            ngx_http_openai_veil_text(veil, p, len, 0);
        }

        return;
    }

    ngx_http_openai_veil_coded(veil, p, len,
                               !end && !veil->blind
                               && (veil->size || veil->decoded == 0));
}


/* the meter's: an error may be known by what this text says */

void
ngx_http_openai_veil_decoded(void *ctx, unsigned side, const char *data,
    size_t len)
{
    ngx_http_openai_exchange_t *ex = ctx;

    ngx_http_openai_veil_t  *veil;

    veil = ex->veil[side];

    if (veil == NULL || veil->closed || !veil->coded || veil->secrets.found) {
        return;
    }

    if (side == NGX_HTTP_OPENAI_RESPONSE
        && (ex->rec.facts.flags & OPENAI_FACT_ERROR))
    {
        veil->secrets.text = 1;
    }

    veil->decoded += len;

    (void) ngx_http_openai_veil_look(veil, data, len, 0);
}
