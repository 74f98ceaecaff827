
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/ngx_http_openai_veil.h"
#include "digest/openai_decode.h"
#include "digest/openai_secrets.h"
#include "digest/openai_ws_frames.h"


#define NGX_HTTP_OPENAI_VEIL_PIECE  4096

/* what is looked back at, what is held, and the next piece */

#define NGX_HTTP_OPENAI_VEIL_SIZE                                            \
    (NGX_HTTP_OPENAI_MASK_PAST + NGX_HTTP_OPENAI_MASK_MAX                    \
     + OPENAI_SECRETS_WORD_MAX + NGX_HTTP_OPENAI_VEIL_PIECE)

#define NGX_HTTP_OPENAI_FRAME_HEAD  14
#define NGX_HTTP_OPENAI_VEIL_PATH   96


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


static ngx_http_openai_veil_t *ngx_http_openai_veil_create(
    ngx_http_openai_exchange_t *ex, ngx_uint_t side,
    openai_secrecy_e secrecy, ngx_uint_t text);
static openai_secrecy_e ngx_http_openai_veil_secrecy(
    ngx_http_openai_exchange_t *ex);
static ngx_inline ngx_uint_t ngx_http_openai_veil_same(ngx_str_t *one,
    ngx_str_t *two);
static openai_secrecy_e ngx_http_openai_veil_path(ngx_str_t *uri);
static void ngx_http_openai_veil_words(ngx_http_openai_exchange_t *ex,
    openai_secrets_t *secrets);
static void ngx_http_openai_veil_coded(ngx_http_openai_veil_t *veil,
    ngx_str_t *encoding);
static void ngx_http_openai_veil_close(ngx_http_openai_veil_t *veil);
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
static ngx_uint_t ngx_http_openai_veil_message(ngx_http_openai_exchange_t *ex);
static ngx_table_elt_t *ngx_http_openai_veil_header(ngx_list_t *headers,
    const char *name);
static void *ngx_http_openai_veil_alloc(void *ctx, size_t size);


/* flags of the two sides */

static const uint32_t  ngx_http_openai_veil_masked[] = {
    NGX_OPENAI_REC_REQUEST_MASKED, NGX_OPENAI_REC_RESPONSE_MASKED
};

static const uint32_t  ngx_http_openai_veil_opaque[] = {
    NGX_OPENAI_REC_REQUEST_OPAQUE, NGX_OPENAI_REC_RESPONSE_OPAQUE
};

static const uint32_t  ngx_http_openai_veil_unkept[] = {
    NGX_OPENAI_REC_REQUEST_UNKEPT, NGX_OPENAI_REC_RESPONSE_UNKEPT
};


static void *
ngx_http_openai_veil_alloc(void *ctx, size_t size)
{
    ngx_pool_t  *pool = ctx;

    return ngx_palloc(pool, size);
}


void
ngx_http_openai_veil_request(ngx_http_openai_exchange_t *ex)
{
    ngx_table_elt_t   *encoding;
    openai_secrecy_e   secrecy;

    secrecy = ngx_http_openai_veil_secrecy(ex);

    if (secrecy == OPENAI_SECRETS_WHOLE) {
        ex->rec.flags |= NGX_OPENAI_REC_REQUEST_SECRET
                         |NGX_OPENAI_REC_RESPONSE_SECRET;
        return;
    }

    if (secrecy == OPENAI_SECRETS_NONE && ex->conf->masks == NULL) {
        return;
    }

    ex->veil[NGX_HTTP_OPENAI_REQUEST] = ngx_http_openai_veil_create(ex,
                                         NGX_HTTP_OPENAI_REQUEST, secrecy, 0);

    encoding = ngx_http_openai_veil_header(&ex->request->headers_in.headers,
                                           "Content-Encoding");

    if (encoding && ex->veil[NGX_HTTP_OPENAI_REQUEST]) {
        ngx_http_openai_veil_coded(ex->veil[NGX_HTTP_OPENAI_REQUEST],
                                   &encoding->value);
    }
}


/* an error may repeat the key that it complains of; an endpoint may have got
   its path from "proxy_pass" only */

void
ngx_http_openai_veil_response(ngx_http_openai_exchange_t *ex)
{
    ngx_uint_t               text;
    ngx_table_elt_t         *encoding;
    openai_secrecy_e         secrecy;
    ngx_http_openai_veil_t  *veil;

    text = ex->upstream && (ex->rec.status >= NGX_HTTP_BAD_REQUEST
                            || (ex->rec.facts.flags & OPENAI_FACT_ERROR));

    veil = ex->veil[NGX_HTTP_OPENAI_RESPONSE];

    if (veil) {

        /* it is there for another reason, and an error has come */

        if (text && !veil->secrets.text) {
            veil->secrets.text = 1;
            ngx_http_openai_veil_words(ex, &veil->secrets);
        }

        return;
    }

    secrecy = ngx_http_openai_veil_secrecy(ex);

    if (secrecy == OPENAI_SECRETS_WHOLE) {
        ex->rec.flags |= NGX_OPENAI_REC_RESPONSE_SECRET;
        return;
    }

    if (secrecy == OPENAI_SECRETS_NONE && !text && ex->conf->masks == NULL) {
        return;
    }

    encoding = ex->request->headers_out.content_encoding;

    /* nobody can begin to decode in the middle: the message tells for all */

    if (encoding && encoding->value.len && ex->rec.response_bytes) {

        if (ngx_http_openai_veil_message(ex)) {
            ex->rec.flags |= NGX_OPENAI_REC_RESPONSE_OPAQUE;
        }

        return;
    }

    ex->veil[NGX_HTTP_OPENAI_RESPONSE] = ngx_http_openai_veil_create(ex,
                                      NGX_HTTP_OPENAI_RESPONSE, secrecy, text);

    if (encoding && encoding->value.len
        && ex->veil[NGX_HTTP_OPENAI_RESPONSE])
    {
        ngx_http_openai_veil_coded(ex->veil[NGX_HTTP_OPENAI_RESPONSE],
                                   &encoding->value);
    }
}


/* an error's message has a secret */

static ngx_uint_t
ngx_http_openai_veil_message(ngx_http_openai_exchange_t *ex)
{
    char              text[sizeof(ex->rec.facts.error_message)];
    openai_secrets_t  secrets;

    openai_secrets_init(&secrets, OPENAI_SECRETS_NONE, 1);
    ngx_http_openai_veil_words(ex, &secrets);

    ngx_memcpy(text, ex->rec.facts.error_message, sizeof(text));
    (void) openai_secrets_find(&secrets, text, 0, ngx_strlen(text), 1);
    ngx_explicit_memzero(text, sizeof(text));

    return secrets.found != 0;
}


/* what both sides say from now on are frames */

void
ngx_http_openai_veil_frames(ngx_http_openai_exchange_t *ex)
{
    ngx_uint_t               side;
    openai_str_t             extensions;
    openai_alloc_t           alloc;
    ngx_table_elt_t         *header;
    openai_secrecy_e         secrecy;
    ngx_http_openai_veil_t  *veil;

    secrecy = ngx_http_openai_veil_secrecy(ex);

    if (secrecy == OPENAI_SECRETS_NONE && ex->conf->masks == NULL) {
        return;
    }

    header = ngx_http_openai_veil_header(&ex->request->headers_out.headers,
                                         "Sec-WebSocket-Extensions");

    for (side = 0; side < 2; side++) {

        ngx_http_openai_veil_end(ex->veil[side]);

        veil = ngx_http_openai_veil_create(ex, side, secrecy, side);
        ex->veil[side] = veil;

        if (veil == NULL) {
            continue;
        }

        veil->frames = 1;

        if (header == NULL) {
            continue;
        }

        alloc.alloc = ngx_http_openai_veil_alloc;
        alloc.ctx = ex->request->pool;
        extensions.data = (char *) header->value.data;
        extensions.len = header->value.len;

        if (veil->masks == NULL) {
            veil->inflate = openai_ws_create(&alloc, extensions, 0);
        }

        if (veil->inflate == NULL) {
            ngx_http_openai_veil_close(veil);
        }
    }
}


/* of the paths that the client asked for, that nginx made of it, and that the
   upstream got */

static openai_secrecy_e
ngx_http_openai_veil_secrecy(ngx_http_openai_exchange_t *ex)
{
    ngx_str_t           *asked;
    openai_secrecy_e     found, secrecy;
    ngx_http_request_t  *r;

    r = ex->request;
    asked = &r->unparsed_uri;

    found = ngx_http_openai_veil_path(asked);

    if (!ngx_http_openai_veil_same(&r->uri, asked)) {
        secrecy = ngx_http_openai_veil_path(&r->uri);
        found = ngx_max(found, secrecy);
    }

    if (r->upstream && !ngx_http_openai_veil_same(&r->upstream->uri, asked)) {
        secrecy = ngx_http_openai_veil_path(&r->upstream->uri);
        found = ngx_max(found, secrecy);
    }

    return found;
}


static ngx_inline ngx_uint_t
ngx_http_openai_veil_same(ngx_str_t *one, ngx_str_t *two)
{
    return one->len == two->len
           && (one->data == two->data
               || ngx_memcmp(one->data, two->data, one->len) == 0);
}


/* the last path is the next one's, as a rule; one that may hold a secret is
   not kept */

static openai_secrecy_e
ngx_http_openai_veil_path(ngx_str_t *uri)
{
    openai_str_t      path;
    openai_secrecy_e  secrecy;

    static struct {
        size_t            len;
        u_char            path[NGX_HTTP_OPENAI_VEIL_PATH];
        openai_secrecy_e  secrecy;
    } last;

    if (uri->len == 0) {
        return OPENAI_SECRETS_NONE;
    }

    if (uri->len == last.len
        && ngx_memcmp(uri->data, last.path, last.len) == 0)
    {
        return last.secrecy;
    }

    path.data = (char *) uri->data;
    path.len = uri->len;

    secrecy = openai_secrets_path(path);

    if (uri->len <= NGX_HTTP_OPENAI_VEIL_PATH
        && ngx_http_openai_redact_plain(uri))
    {
        last.len = uri->len;
        ngx_memcpy(last.path, uri->data, last.len);
        last.secrecy = secrecy;
    }

    return secrecy;
}


static ngx_http_openai_veil_t *
ngx_http_openai_veil_create(ngx_http_openai_exchange_t *ex, ngx_uint_t side,
    openai_secrecy_e secrecy, ngx_uint_t text)
{
    ngx_http_openai_veil_t  *veil;

    if (ex->rec.flags & ngx_http_openai_veil_unkept[side]) {
        return NULL;
    }

    veil = ngx_pcalloc(ex->request->pool, sizeof(ngx_http_openai_veil_t));

    if (veil) {
        veil->buf = ngx_palloc(ex->request->pool, NGX_HTTP_OPENAI_VEIL_SIZE);
    }

    if (veil == NULL || veil->buf == NULL) {
        ex->rec.flags |= ngx_http_openai_veil_opaque[side];
        return NULL;
    }

    veil->ex = ex;
    veil->side = side;
    veil->masks = ex->conf->masks;

    openai_secrets_init(&veil->secrets, secrecy, text);

    if (veil->secrets.text) {
        ngx_http_openai_veil_words(ex, &veil->secrets);
    }

    return veil;
}


/* the credentials that the client sent */

static void
ngx_http_openai_veil_words(ngx_http_openai_exchange_t *ex,
    openai_secrets_t *secrets)
{
    ngx_uint_t                 i;
    ngx_str_t                  value;
    openai_str_t               word;
    ngx_list_part_t           *part;
    ngx_table_elt_t           *header;
    ngx_http_request_t        *r;
    ngx_http_openai_redact_t  *redact;

    r = ex->request;
    redact = &ex->conf->redact;

    part = r->headers_in.headers.part.elts ? &r->headers_in.headers.part
                                           : NULL;

    for ( /* void */ ; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_openai_redact_header(redact, &header[i].key)
                == NGX_HTTP_OPENAI_PLAIN)
            {
                continue;
            }

            value = header[i].value;
            ngx_http_openai_redact_secret(&header[i].key, &value);

            word.data = (char *) value.data;
            word.len = value.len;
            openai_secrets_word(secrets, word);
        }
    }

    if (ngx_http_openai_redact_find_arg(redact, &r->unparsed_uri, &value)
        == NGX_OK)
    {
        word.data = (char *) value.data;
        word.len = value.len;
        openai_secrets_word(secrets, word);
    }
}


/* a coded body cannot be changed and stay what it is: for secrets it is looked
   through, with patterns it is not kept */

static void
ngx_http_openai_veil_coded(ngx_http_openai_veil_t *veil, ngx_str_t *encoding)
{
    int             status;
    openai_str_t    name;
    openai_alloc_t  alloc;

    name.data = (char *) encoding->data;
    name.len = encoding->len;

    alloc.alloc = ngx_http_openai_veil_alloc;
    alloc.ctx = veil->ex->request->pool;

    veil->decoder = openai_decoder_create(&alloc, name, 0, &status);

    if (veil->decoder == NULL ? status != OPENAI_OK : veil->masks != NULL) {
        ngx_http_openai_veil_close(veil);
    }
}


static void
ngx_http_openai_veil_close(ngx_http_openai_veil_t *veil)
{
    veil->closed = 1;
    veil->ex->rec.flags |= ngx_http_openai_veil_opaque[veil->side];
}


void
ngx_http_openai_veil_body(ngx_http_openai_veil_t *veil, u_char *data,
    size_t len)
{
    if (veil->closed) {
        return;
    }

    if (veil->decoder || veil->inflate) {

        if (ngx_http_openai_veil_through(veil, data, len)) {
            ngx_http_openai_exchange_keep(veil->ex, veil->side, data, len);
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
        ngx_http_openai_exchange_keep(veil->ex, veil->side, p, len);
        return;
    }

    for ( /* void */ ; len; p += n, len -= n) {
        n = ngx_min(len, sizeof(out));

        for (i = 0; i < n; i++) {
            out[i] = p[i] ^ veil->key[veil->stored++ & 3];
        }

        ngx_http_openai_exchange_keep(veil->ex, veil->side, out, n);
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

    ngx_http_openai_exchange_keep(veil->ex, veil->side, head, veil->nhead);

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


/* while the meter runs, its facts stay as they are: masks, and the look at an
   error's message, are of what came */

ngx_openai_record_t *
ngx_http_openai_veil_record(ngx_http_openai_exchange_t *ex)
{
    static ngx_openai_record_t  rec;

    if (ex->meter == NULL
        || (ex->rec.facts.error_message[0] == '\0' && ex->conf->masks == NULL))
    {
        return &ex->rec;
    }

    rec = ex->rec;
    ngx_http_openai_veil_facts(ex, &rec.facts);

    return &rec;
}


void
ngx_http_openai_veil_facts(ngx_http_openai_exchange_t *ex,
    openai_facts_t *facts)
{
    size_t             len;
    ngx_uint_t         i, found;
    openai_secrets_t   secrets;

    if (facts->error_message[0]) {
        openai_secrets_init(&secrets, OPENAI_SECRETS_NONE, 1);
        ngx_http_openai_veil_words(ex, &secrets);

        (void) openai_secrets_find(&secrets, facts->error_message, 0,
                                   ngx_strlen(facts->error_message), 1);
    }

    if (ex->conf->masks == NULL) {
        return;
    }

    for (i = 0; i < 4; i++) {
        char  *text[] = {
            facts->error_message, facts->user, facts->session, facts->model
        };

        len = ngx_strlen(text[i]);
        found = 0;

        if (len && ngx_http_openai_mask(ex->conf->masks, (u_char *) text[i], 0,
                                        len, 1, &found)
                   == NGX_ERROR)
        {
            text[i][0] = '\0';
        }
    }
}


static ngx_table_elt_t *
ngx_http_openai_veil_header(ngx_list_t *headers, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    len = ngx_strlen(name);

    for (part = headers->part.elts ? &headers->part : NULL;
         part;
         part = part->next)
    {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (header[i].hash && header[i].value.len
                && header[i].key.len == len
                && ngx_strncasecmp(header[i].key.data, (u_char *) name, len)
                   == 0)
            {
                return &header[i];
            }
        }
    }

    return NULL;
}
