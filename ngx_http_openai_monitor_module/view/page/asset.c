
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Serves the page's files and the OpenAPI document, which html/embed.sh puts
 * into the module. view.c calls this.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "digest/digest.h"
#include "view/page/assets.h"
#include "view/answer/call.h"


#define NGX_OPENAI_PAGE_CSP                                                  \
    "default-src 'none'; script-src 'self'; style-src 'self'; "              \
    "img-src 'self' data: blob:; media-src data: blob:; "                    \
    "connect-src 'self'; font-src 'self'; "                                  \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


static const ngx_openai_asset_t *ngx_openai_asset_find(ngx_str_t *path);
static ngx_uint_t ngx_openai_asset_accepts_gzip(ngx_http_request_t *r);
static ngx_int_t ngx_openai_asset_headers(ngx_http_request_t *r,
    const ngx_openai_asset_t *asset, ngx_uint_t gzip);
static ngx_int_t ngx_openai_asset_etag(ngx_http_request_t *r,
    const ngx_openai_asset_t *asset);
static ngx_int_t ngx_openai_asset_body(ngx_http_request_t *r,
    const ngx_openai_asset_t *asset, ngx_uint_t gzip, ngx_str_t *body);
static void ngx_openai_asset_free(void *data);


ngx_int_t
ngx_openai_asset(ngx_openai_call_t *call)
{
    ngx_buf_t                 *b;
    ngx_int_t                  rc;
    ngx_str_t                  body;
    ngx_uint_t                 gzip;
    ngx_chain_t                out;
    ngx_http_request_t        *r;
    const ngx_openai_asset_t  *asset;

    r = call->request;

    asset = ngx_openai_asset_find(&call->path);

    if (asset == NULL) {
        (void) ngx_openai_refuse(call, NGX_HTTP_NOT_FOUND, "not_found",
                                 "unknown path \"%V\"", &call->path);
        return call->rc;
    }

    gzip = ngx_openai_asset_accepts_gzip(r);

    if (ngx_openai_asset_body(r, asset, gzip, &body) != NGX_OK
        || ngx_openai_asset_headers(r, asset, gzip) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = body.len;
    r->headers_out.content_type = asset->type;
    r->headers_out.content_type_len = asset->type.len;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b->pos = body.data;
    b->last = body.data + body.len;
    b->memory = body.len ? 1 : 0;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static const ngx_openai_asset_t *
ngx_openai_asset_find(ngx_str_t *path)
{
    ngx_str_t                  name;
    ngx_uint_t                 i;
    const ngx_openai_asset_t  *asset;

    name = *path;

    if (name.len == 0) {
        ngx_str_set(&name, "index.html");
    }

    for (i = 0; i < ngx_openai_assets_n; i++) {
        asset = &ngx_openai_assets[i];

        if (asset->path.len == name.len
            && ngx_strncmp(asset->path.data, name.data, name.len) == 0)
        {
            return asset;
        }
    }

    return NULL;
}


/* the "gzip" directives do not matter, because the bytes are compressed
   already */

static ngx_uint_t
ngx_openai_asset_accepts_gzip(ngx_http_request_t *r)
{
    u_char     *p, *last;
    ngx_str_t  *accept;

    accept = ngx_openai_header_in(r, "Accept-Encoding");
    if (accept == NULL) {
        return 0;
    }

    last = accept->data + accept->len;

    p = ngx_strlcasestrn(accept->data, last, (u_char *) "gzip", 4 - 1);
    if (p == NULL) {
        return 0;
    }

    /* a weight of 0, as in "gzip;q=0", means no */

    for (p += 4; p < last && *p == ' '; p++) { /* void */ }

    if (p == last || *p != ';') {
        return 1;
    }

    for (p++; p < last && (*p == ' ' || *p == 'q' || *p == '='); p++) {
        /* void */
    }

    for ( /* void */ ; p < last && *p != ','; p++) {
        if (*p >= '1' && *p <= '9') {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_openai_asset_headers(ngx_http_request_t *r,
    const ngx_openai_asset_t *asset, ngx_uint_t gzip)
{
    if (ngx_openai_asset_etag(r, asset) != NGX_OK
        || ngx_openai_headers(r, "no-cache") != NGX_OK
        || ngx_openai_header(r, "Vary", "Accept-Encoding") != NGX_OK
        || ngx_openai_header(r, "Content-Security-Policy",
                             NGX_OPENAI_PAGE_CSP)
           != NGX_OK
        || ngx_openai_header(r, "Referrer-Policy", "no-referrer") != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!gzip) {
        return NGX_OK;
    }

    if (ngx_openai_header(r, "Content-Encoding", "gzip") != NGX_OK) {
        return NGX_ERROR;
    }

    /* of the header just pushed; it keeps the gzip filter from compressing
       again */

    r->headers_out.content_encoding =
        (ngx_table_elt_t *) r->headers_out.headers.last->elts
        + r->headers_out.headers.last->nelts - 1;

    return NGX_OK;
}


static ngx_int_t
ngx_openai_asset_etag(ngx_http_request_t *r, const ngx_openai_asset_t *asset)
{
    if (ngx_openai_header(r, "ETag", (char *) asset->etag.data) != NGX_OK) {
        return NGX_ERROR;
    }

    r->headers_out.etag =
        (ngx_table_elt_t *) r->headers_out.headers.last->elts
        + r->headers_out.headers.last->nelts - 1;

    r->headers_out.etag->value = asset->etag;

    return NGX_OK;
}


static ngx_int_t
ngx_openai_asset_body(ngx_http_request_t *r, const ngx_openai_asset_t *asset,
    ngx_uint_t gzip, ngx_str_t *body)
{
    int                  rc;
    char                *out;
    size_t               len;
    openai_str_t         in;
    ngx_pool_cleanup_t  *cln;

    static openai_str_t  coding = openai_str("gzip");

    if (gzip) {
        *body = asset->gzip;
        return NGX_OK;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    in.data = (char *) asset->gzip.data;
    in.len = asset->gzip.len;

    rc = openai_decode(coding, in, asset->plain_len, &out, &len);

    cln->handler = ngx_openai_asset_free;
    cln->data = out;

    if (rc != OPENAI_OK) {
        return NGX_ERROR;
    }

    body->data = (u_char *) out;
    body->len = len;

    return NGX_OK;
}


static void
ngx_openai_asset_free(void *data)
{
    free(data);
}
