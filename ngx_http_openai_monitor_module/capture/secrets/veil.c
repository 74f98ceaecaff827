
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/secrets/veil_inner.h"


#define NGX_HTTP_OPENAI_VEIL_PATH  96


/* there may be something to take out of the facts */

#define ngx_http_openai_veil_wanted(ex, facts)                               \
    ((facts)->error_message[0] != '\0' || (ex)->conf->masks != NULL)


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
static ngx_uint_t ngx_http_openai_veil_message(ngx_http_openai_exchange_t *ex);
static ngx_table_elt_t *ngx_http_openai_veil_header(ngx_list_t *headers,
    const char *name);
static void *ngx_http_openai_veil_alloc(void *ctx, size_t size);


/* flags of the two sides */

static const uint32_t  ngx_http_openai_veil_unkept[] = {
    NGX_OPENAI_REC_REQUEST_UNKEPT, NGX_OPENAI_REC_RESPONSE_UNKEPT
};


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

    if (veil->decoder && veil->side == NGX_HTTP_OPENAI_REQUEST) {
        openai_decoder_upload(veil->decoder, 0);
    }

    if (veil->decoder == NULL ? status != OPENAI_OK : veil->masks != NULL) {
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


void
ngx_http_openai_veil_facts(ngx_http_openai_exchange_t *ex,
    openai_facts_t *facts)
{
    size_t             len;
    ngx_uint_t         i, found;
    openai_secrets_t   secrets;

    struct {
        char    *data;
        size_t   size;
    } texts[] = {
        { facts->error_message, sizeof(facts->error_message) },
        { facts->user, sizeof(facts->user) },
        { facts->session, sizeof(facts->session) },
        { facts->model, sizeof(facts->model) }
    };

    if (!ngx_http_openai_veil_wanted(ex, facts)) {
        return;
    }

    if (facts->error_message[0]) {
        openai_secrets_init(&secrets, OPENAI_SECRETS_NONE, 1);
        ngx_http_openai_veil_words(ex, &secrets);

        (void) openai_secrets_find(&secrets, facts->error_message, 0,
                                   ngx_strlen(facts->error_message), 1);
    }

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {

        len = ngx_strlen(texts[i].data);
        found = 0;

        if (len && ex->conf->masks
            && ngx_http_openai_mask(ex->conf->masks, (u_char *) texts[i].data,
                                    0, len, 1, &found)
               == NGX_ERROR)
        {
            len = 0;
        }

        /* a longer text may have been there before */

        ngx_memzero(texts[i].data + len, texts[i].size - len);
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


static void *
ngx_http_openai_veil_alloc(void *ctx, size_t size)
{
    ngx_pool_t  *pool = ctx;

    return ngx_palloc(pool, size);
}
