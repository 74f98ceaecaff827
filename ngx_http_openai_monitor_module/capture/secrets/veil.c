
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Decides what a body is searched for, and gives it a veil: the state between
 * the bytes that pass and the record.  capture/exchange.c asks for veils.
 * veil_body.c, veil_frames.c and veil_text.c take the bytes through them.
 *
 * Without a veil a body is not kept.  A veil that cannot do its work withholds
 * the rest of the body; it never touches the exchange.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/secrets/veil_inner.h"


#define NGX_HTTP_OPENAI_VEIL_PATH  96


static ngx_http_openai_veil_t *ngx_http_openai_veil_create(
    ngx_http_openai_exchange_t *ex, ngx_uint_t side,
    openai_secrecy_e secrecy, ngx_uint_t text);
static openai_secrecy_e ngx_http_openai_veil_secrecy(
    ngx_http_openai_exchange_t *ex);
static ngx_inline ngx_uint_t ngx_http_openai_veil_same(ngx_str_t *one,
    ngx_str_t *two);
static openai_secrecy_e ngx_http_openai_veil_path(ngx_str_t *uri);
static void ngx_http_openai_veil_encoding(ngx_http_openai_veil_t *veil,
    ngx_str_t *encoding);
static ngx_uint_t ngx_http_openai_veil_form(ngx_http_request_t *r);
static ngx_uint_t ngx_http_openai_veil_wanted(ngx_http_openai_exchange_t *ex,
    openai_facts_t *facts);
static ngx_table_elt_t *ngx_http_openai_veil_header(ngx_list_t *headers,
    const char *name);
static void *ngx_http_openai_veil_alloc(void *ctx, size_t size);


/* flags of the two sides */

static const uint32_t  ngx_http_openai_veil_unkept[] = {
    NGX_OPENAI_REC_REQUEST_UNKEPT, NGX_OPENAI_REC_RESPONSE_UNKEPT
};


/* the texts of a record that come from bodies */

#define ngx_http_openai_veil_fact(name)                                       \
    { offsetof(openai_facts_t, name), sizeof(((openai_facts_t *) 0)->name) }

static const struct {
    size_t                     offset;
    size_t                     size;
} ngx_http_openai_veil_texts[] = {
    ngx_http_openai_veil_fact(error_message),
    ngx_http_openai_veil_fact(error_type),
    ngx_http_openai_veil_fact(error_code),
    ngx_http_openai_veil_fact(user),
    ngx_http_openai_veil_fact(session),
    ngx_http_openai_veil_fact(model),
    ngx_http_openai_veil_fact(response_model),
    ngx_http_openai_veil_fact(response_id),
    ngx_http_openai_veil_fact(tool_names),
    ngx_http_openai_veil_fact(title)
};

#define NGX_HTTP_OPENAI_VEIL_TEXTS                                            \
    (sizeof(ngx_http_openai_veil_texts) / sizeof(ngx_http_openai_veil_texts[0]))


void
ngx_http_openai_veil_request(ngx_http_openai_exchange_t *ex)
{
    ngx_table_elt_t         *encoding;
    openai_secrecy_e         secrecy;
    ngx_http_openai_veil_t  *veil;

    secrecy = ngx_http_openai_veil_secrecy(ex);

    if (secrecy == OPENAI_SECRETS_WHOLE) {
        ex->rec.flags |= NGX_OPENAI_REC_REQUEST_SECRET
                         |NGX_OPENAI_REC_RESPONSE_SECRET;
        return;
    }

    veil = ngx_http_openai_veil_create(ex, NGX_HTTP_OPENAI_REQUEST, secrecy,
                                       0);
    ex->veil[NGX_HTTP_OPENAI_REQUEST] = veil;

    if (veil == NULL) {
        return;
    }

    veil->secrets.form = ngx_http_openai_veil_form(ex->request);

    encoding = ngx_http_openai_veil_header(&ex->request->headers_in.headers,
                                           "Content-Encoding");
    if (encoding) {
        ngx_http_openai_veil_encoding(veil, &encoding->value);
    }
}


static ngx_uint_t
ngx_http_openai_veil_form(ngx_http_request_t *r)
{
    ngx_str_t  *type;

    if (r->headers_in.content_type == NULL) {
        return OPENAI_SECRETS_JSON;
    }

    type = &r->headers_in.content_type->value;

    if (type->len >= sizeof("application/x-www-form-urlencoded") - 1
        && ngx_strncasecmp(type->data,
                           (u_char *) "application/x-www-form-urlencoded",
                           sizeof("application/x-www-form-urlencoded") - 1)
           == 0)
    {
        return OPENAI_SECRETS_FORM;
    }

    if (type->len >= sizeof("multipart/") - 1
        && ngx_strncasecmp(type->data, (u_char *) "multipart/",
                           sizeof("multipart/") - 1)
           == 0)
    {
        return OPENAI_SECRETS_PARTS;
    }

    return OPENAI_SECRETS_JSON;
}


/* an error may repeat any secret, and an endpoint may have got its path from
   "proxy_pass" only */

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
        veil->secrets.text |= text;
        return;
    }

    secrecy = ngx_http_openai_veil_secrecy(ex);

    if (secrecy == OPENAI_SECRETS_WHOLE) {
        ex->rec.flags |= NGX_OPENAI_REC_RESPONSE_SECRET;
        return;
    }

    veil = ngx_http_openai_veil_create(ex, NGX_HTTP_OPENAI_RESPONSE, secrecy,
                                       text);
    ex->veil[NGX_HTTP_OPENAI_RESPONSE] = veil;

    encoding = ex->request->headers_out.content_encoding;

    if (veil && encoding && encoding->value.len) {
        ngx_http_openai_veil_encoding(veil, &encoding->value);
    }
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

    veil = ngx_http_openai_block_alloc(ex, sizeof(ngx_http_openai_veil_t));

    if (veil == NULL) {
        ex->rec.flags |= ngx_http_openai_veil_opaque[side];
        return NULL;
    }

    ngx_memzero(veil, sizeof(ngx_http_openai_veil_t));

    veil->ex = ex;
    veil->side = side;
    veil->masks = ex->conf->masks;

    openai_secrets_init(&veil->secrets, secrecy, text);

    if (side == NGX_HTTP_OPENAI_RESPONSE) {
        veil->secrets.words = ex->words;
    }

    return veil;
}


/* a coded body cannot be changed: with patterns it is not kept.  Where no meter
   decodes it, it is kept unless its endpoint is known for secrets */

static void
ngx_http_openai_veil_encoding(ngx_http_openai_veil_t *veil, ngx_str_t *encoding)
{
    ngx_http_openai_exchange_t  *ex;

    if (encoding->len == sizeof("identity") - 1
        && ngx_strncasecmp(encoding->data, (u_char *) "identity",
                           sizeof("identity") - 1)
           == 0)
    {
        return;
    }

    ex = veil->ex;

    if (veil->masks) {
        ngx_http_openai_veil_close(veil);
        return;
    }

    if (ex->meter
        && (veil->side == NGX_HTTP_OPENAI_REQUEST || ex->upstream))
    {
        openai_meter_watch(ex->meter, ngx_http_openai_veil_decoded, ex);
        veil->coded = 1;
        return;
    }

    if (veil->secrets.secrecy != OPENAI_SECRETS_NONE || veil->secrets.text) {
        ngx_http_openai_veil_close(veil);
    }
}


/* while the meter runs, its facts stay as they are: masks, and the look at an
   error's message, are of what came */

ngx_openai_record_t *
ngx_http_openai_veil_record(ngx_http_openai_exchange_t *ex)
{
    static ngx_openai_record_t  rec;

    if (ex->meter) {
        openai_meter_estimate(ex->meter);
    }

    if (ex->meter == NULL
        || !ngx_http_openai_veil_wanted(ex, &ex->rec.facts))
    {
        return &ex->rec;
    }

    rec = ex->rec;
    ngx_http_openai_veil_facts(ex, &rec.facts);

    return &rec;
}


/* there may be something to take out of the facts */

static ngx_uint_t
ngx_http_openai_veil_wanted(ngx_http_openai_exchange_t *ex,
    openai_facts_t *facts)
{
    char              *text;
    ngx_uint_t         i;
    openai_secrets_t   secrets;

    if (facts->error_message[0] != '\0' || ex->conf->masks) {
        return 1;
    }

    openai_secrets_init(&secrets, OPENAI_SECRETS_NONE, 0);

    for (i = 0; i < NGX_HTTP_OPENAI_VEIL_TEXTS; i++) {

        text = (char *) facts + ngx_http_openai_veil_texts[i].offset;

        if (!openai_secrets_idle(&secrets, text, ngx_strlen(text))) {
            return 1;
        }

        openai_secrets_next(&secrets);
    }

    return 0;
}


void
ngx_http_openai_veil_facts(ngx_http_openai_exchange_t *ex,
    openai_facts_t *facts)
{
    char              *text;
    size_t             len, size;
    ngx_uint_t         i, cut, found;
    openai_secrets_t   secrets;

    static const char  mark[] = "\xe2\x80\xa6";

    if (!ngx_http_openai_veil_wanted(ex, facts)) {
        return;
    }

    for (i = 0; i < NGX_HTTP_OPENAI_VEIL_TEXTS; i++) {

        text = (char *) facts + ngx_http_openai_veil_texts[i].offset;
        size = ngx_http_openai_veil_texts[i].size;
        len = ngx_strlen(text);
        found = 0;
        cut = 0;

        /* the mark of a message that was cut is no part of a secret */

        if (text == facts->error_message
            && len + 2 * sizeof(mark) > size
            && ngx_memcmp(text + len - (sizeof(mark) - 1), mark,
                          sizeof(mark) - 1)
               == 0)
        {
            len -= sizeof(mark) - 1;
            cut = 1;
        }

        /* a long title may end within a key, which does not look random */

        openai_secrets_init(&secrets, OPENAI_SECRETS_NONE,
                            text == facts->error_message
                            || (text == facts->title && len >= 60));
        secrets.words = ex->words;

        /* a message that still grows, or was cut, may end within a secret: what
           is not settled is left out */

        if (len) {
            len = openai_secrets_find(&secrets, text, len,
                                      text != facts->error_message
                                      || (facts == &ex->rec.facts && !cut));
        }

        if (len && ex->conf->masks
            && ngx_http_openai_mask(ex->conf->masks, (u_char *) text,
                                    0, len, 1, &found)
               == NGX_ERROR)
        {
            len = 0;
        }

        /* a longer text may have been there before */

        ngx_memzero(text + len, size - len);

        if (cut) {
            ngx_memcpy(text + len, mark, sizeof(mark));
        }
    }

    ngx_explicit_memzero(&secrets, sizeof(openai_secrets_t));
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


static void *
ngx_http_openai_veil_alloc(void *ctx, size_t size)
{
    ngx_pool_t  *pool = ctx;

    return ngx_palloc(pool, size);
}
