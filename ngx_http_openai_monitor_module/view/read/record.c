
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Reads a record's bytes from the zone, decodes its bodies, and hands both to
 * the digest: see record.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/read/record.h"


/* bounds of decoded bodies and of documents, in times of
   openai_monitor_body_max */

#define NGX_OPENAI_DECODE_TIMES    8
#define NGX_OPENAI_DECODE_MIN      (1024 * 1024)
#define NGX_OPENAI_DECODE_MAX      (64 * 1024 * 1024)
#define NGX_OPENAI_DOCUMENT_TIMES  16

#define ngx_openai_read_str(to, from)                                        \
    (to)->data = (char *) (from)->data; (to)->len = (from)->len

#define NGX_OPENAI_BLOCK           16    /* holds the size of a block */


static void ngx_openai_read_cleanup(void *data);
static ngx_int_t ngx_openai_read_load(ngx_openai_read_t *record,
    ngx_openai_chain_e chain);
static ngx_int_t ngx_openai_read_decode(ngx_openai_read_t *record,
    ngx_uint_t side);
static void *ngx_openai_budget_malloc(void *ctx, size_t size);
static void *ngx_openai_budget_realloc(void *ctx, void *p, size_t old,
    size_t size);
static void ngx_openai_budget_free(void *ctx, void *p);


ngx_int_t
ngx_openai_read_record(ngx_openai_zone_t *zone,
    const ngx_openai_ref_t *ref, ngx_openai_record_t *rec)
{
    uint64_t  size;

    if (ngx_openai_reader_record(zone, ref, rec) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (rec->outcome == NGX_OPENAI_RUNNING) {
        size = ngx_openai_reader_size(zone, ref, NGX_OPENAI_RESPONSE_BODY);

        rec->response_kept = ngx_max(rec->response_kept, size);
        rec->response_bytes = ngx_max(rec->response_bytes, size);
    }

    return NGX_OK;
}


ngx_int_t
ngx_openai_read_call(ngx_openai_call_t *call, ngx_openai_ref_t *ref,
    ngx_openai_record_t *rec)
{
    ngx_int_t  rc;

    rc = ngx_openai_reader_find(call->zone, &call->id, ref);

    if (rc == NGX_OK) {
        rc = (ngx_openai_read_record(call->zone, ref, rec) == NGX_OK)
             ? NGX_OK : NGX_DONE;
    }

    switch (rc) {

    case NGX_OK:
        return NGX_OK;

    case NGX_DONE:
        return ngx_openai_gone(call);

    default:
        return ngx_openai_refuse(call, NGX_HTTP_NOT_FOUND, "not_found",
                                 "unknown record \"%V\"", &call->id);
    }
}


ngx_openai_read_t *
ngx_openai_read_create(ngx_pool_t *pool, ngx_openai_zone_t *zone,
    size_t body_max)
{
    ngx_pool_cleanup_t  *cln;
    ngx_openai_read_t   *record;

    cln = ngx_pool_cleanup_add(pool, sizeof(ngx_openai_read_t));
    if (cln == NULL) {
        return NULL;
    }

    record = cln->data;
    ngx_memzero(record, sizeof(ngx_openai_read_t));

    record->zone = zone;

    /* divided, not multiplied, because a size may have 32 bits */

    record->decode_max = NGX_OPENAI_DECODE_TIMES
                     * ngx_min(body_max, NGX_OPENAI_DECODE_MAX
                                         / NGX_OPENAI_DECODE_TIMES);
    record->decode_max = ngx_max(record->decode_max, NGX_OPENAI_DECODE_MIN);

    record->budget.max = NGX_OPENAI_DOCUMENT_TIMES * record->decode_max;
    record->budget.alc.malloc = ngx_openai_budget_malloc;
    record->budget.alc.realloc = ngx_openai_budget_realloc;
    record->budget.alc.free = ngx_openai_budget_free;
    record->budget.alc.ctx = &record->budget;

    cln->handler = ngx_openai_read_cleanup;

    return record;
}


static void
ngx_openai_read_cleanup(void *data)
{
    ngx_openai_read_t *record = data;

    ngx_uint_t  i;

    ngx_openai_read_reset(record);

    for (i = 0; i < NGX_OPENAI_CHAINS; i++) {
        free(record->chains[i].data);
    }
}


void
ngx_openai_read_set(ngx_openai_read_t *record,
    const ngx_openai_ref_t *ref, const ngx_openai_record_t *rec)
{
    ngx_openai_read_reset(record);

    record->ref = *ref;
    record->rec = rec;
}


void
ngx_openai_read_reset(ngx_openai_read_t *record)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_OPENAI_CHAINS; i++) {
        record->chains[i].loaded = 0;
    }

    for (i = 0; i < 2; i++) {
        free(record->decoded[i]);
        record->decoded[i] = NULL;
    }

    record->ready = 0;

    yyjson_mut_doc_free(record->doc);
    record->doc = NULL;
}


ngx_int_t
ngx_openai_read_chain(ngx_openai_read_t *record, ngx_openai_chain_e chain,
    ngx_str_t *bytes)
{
    ngx_int_t            rc;
    ngx_openai_bytes_t  *b;

    b = &record->chains[chain];

    if (!b->loaded) {
        rc = ngx_openai_read_load(record, chain);

        if (rc != NGX_OK) {
            ngx_str_null(bytes);
            return rc;
        }
    }

    bytes->data = b->data;
    bytes->len = b->len;

    return NGX_OK;
}


ngx_int_t
ngx_openai_read_whole(ngx_openai_read_t *record)
{
    ngx_int_t   rc;
    ngx_str_t   bytes;
    ngx_uint_t  i;

    for (i = 0; i < NGX_OPENAI_CHAINS; i++) {
        rc = ngx_openai_read_chain(record, i, &bytes);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_openai_read_load(ngx_openai_read_t *record, ngx_openai_chain_e chain)
{
    u_char              *p;
    size_t               size;
    ssize_t              n;
    ngx_openai_bytes_t  *b;

    b = &record->chains[chain];
    b->len = 0;

    size = ngx_openai_reader_size(record->zone, &record->ref, chain);

    if (size > b->size || b->data == NULL) {
        p = realloc(b->data, ngx_align(size + 1, 4096));
        if (p == NULL) {
            return NGX_ERROR;
        }

        b->data = p;
        b->size = ngx_align(size + 1, 4096);
    }

    /* ask once even for 0 bytes, because a record that is gone has no bytes
       either */

    do {
        n = ngx_openai_reader_bytes(record->zone, &record->ref, chain, b->len,
                                    b->data + b->len, size - b->len);
        if (n < 0) {
            return NGX_DECLINED;
        }

        b->len += n;

    } while (n > 0 && b->len < size);

    b->loaded = 1;

    return NGX_OK;
}


ngx_int_t
ngx_openai_read_body(ngx_openai_read_t *record, ngx_uint_t side,
    ngx_str_t *body)
{
    ngx_int_t  rc;

    if (!(record->ready & (1 << side))) {
        rc = ngx_openai_read_decode(record, side);

        if (rc != NGX_OK) {
            ngx_str_null(body);
            return rc;
        }

        record->ready |= 1 << side;
    }

    *body = record->text[side];

    return NGX_OK;
}


static ngx_int_t
ngx_openai_read_decode(ngx_openai_read_t *record, ngx_uint_t side)
{
    int            status;
    char          *out;
    size_t         len;
    ngx_int_t      rc;
    ngx_str_t      head;
    openai_str_t   encoding, in;

    rc = ngx_openai_read_chain(record, side == NGX_OPENAI_IN
                                       ? NGX_OPENAI_REQUEST_HEAD
                                       : NGX_OPENAI_RESPONSE_HEAD, &head);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_openai_read_header(record, side, "Content-Type", &record->type[side]);
    ngx_openai_read_header(record, side, "Content-Encoding",
                           &record->encoding[side]);

    rc = ngx_openai_read_chain(record, side == NGX_OPENAI_IN
                                       ? NGX_OPENAI_REQUEST_BODY
                                       : NGX_OPENAI_RESPONSE_BODY,
                               &record->text[side]);

    if (rc != NGX_OK || record->encoding[side].len == 0
        || record->text[side].len == 0)
    {
        return rc;
    }

    encoding.data = (char *) record->encoding[side].data;
    encoding.len = record->encoding[side].len;
    in.data = (char *) record->text[side].data;
    in.len = record->text[side].len;

    out = NULL;
    len = 0;

    status = openai_decode(encoding, in, record->decode_max, &out, &len);

    if (status == OPENAI_NOMEM) {
        free(out);
        return NGX_ERROR;
    }

    /* a broken body is shown up to where it breaks */

    if (status == OPENAI_ERROR && len == 0) {
        free(out);
        return NGX_OK;
    }

    /* text whose coding is not true is stored as it is read */

    if (out != NULL && len <= in.len && ngx_memcmp(out, in.data, len) == 0) {
        free(out);
        return NGX_OK;
    }

    if (out != NULL) {
        record->decoded[side] = out;
        record->text[side].data = (u_char *) out;
        record->text[side].len = len;
    }

    return NGX_OK;
}


void
ngx_openai_read_header(ngx_openai_read_t *record, ngx_uint_t side,
    const char *name, ngx_str_t *value)
{
    size_t     len;
    ngx_str_t  head, key;

    len = ngx_strlen(name);

    if (ngx_openai_read_chain(record, side == NGX_OPENAI_IN
                                      ? NGX_OPENAI_REQUEST_HEAD
                                      : NGX_OPENAI_RESPONSE_HEAD, &head)
        == NGX_OK)
    {
        while (ngx_openai_head_next(&head, &key, value)) {

            if (key.len == len
                && ngx_strncasecmp(key.data, (u_char *) name, len) == 0)
            {
                return;
            }
        }
    }

    ngx_str_set(value, "");
}


void
ngx_openai_read_line(ngx_openai_read_t *record, ngx_uint_t side,
    ngx_str_t *line)
{
    u_char  *end;

    if (ngx_openai_read_chain(record, side == NGX_OPENAI_IN
                                      ? NGX_OPENAI_REQUEST_HEAD
                                      : NGX_OPENAI_RESPONSE_HEAD, line)
        != NGX_OK)
    {
        ngx_str_set(line, "");
        return;
    }

    end = line->len ? memchr(line->data, '\n', line->len) : NULL;

    if (end != NULL) {
        line->len = end - line->data;
    }
}


void
ngx_openai_read_uri(ngx_openai_read_t *record, ngx_str_t *uri)
{
    ngx_str_t  head;

    uri->data = (u_char *) record->rec->uri;
    uri->len = ngx_strlen(uri->data);

    if (ngx_openai_record_uri_cut(record->rec)
        && ngx_openai_read_chain(record, NGX_OPENAI_REQUEST_HEAD, &head)
           == NGX_OK)
    {
        ngx_openai_head_uri(&head, uri);
    }
}


ngx_int_t
ngx_openai_read_all(ngx_openai_read_t *record, openai_exchange_t *all)
{
    ngx_int_t  rc;
    ngx_str_t  body;

    rc = ngx_openai_read_request(record, all);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_openai_read_body(record, NGX_OPENAI_OUT, &body);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_openai_read_str(&all->response_type, &record->type[NGX_OPENAI_OUT]);
    ngx_openai_read_str(&all->response_body, &body);

    return NGX_OK;
}


ngx_int_t
ngx_openai_read_request(ngx_openai_read_t *record, openai_exchange_t *all)
{
    ngx_int_t                   rc;
    ngx_str_t                   head, body, uri;
    const ngx_openai_record_t  *rec;

    rec = record->rec;

    rc = ngx_openai_read_body(record, NGX_OPENAI_IN, &body);
    if (rc != NGX_OK) {
        return rc;
    }

    all->dialect = rec->facts.dialect;
    all->framing = rec->facts.framing;
    all->status = rec->status;
    all->method.data = rec->method;
    all->method.len = ngx_strlen(rec->method);

    ngx_openai_read_uri(record, &uri);
    ngx_openai_read_str(&all->uri, &uri);

    rc = ngx_openai_read_chain(record, NGX_OPENAI_REQUEST_HEAD, &head);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_openai_read_str(&all->request_head, &head);
    ngx_openai_read_str(&all->request_type, &record->type[NGX_OPENAI_IN]);
    ngx_openai_read_str(&all->request_body, &body);

    /* the rest is empty; bodies are decoded already */

    all->request_encoding.data = "";
    all->request_encoding.len = 0;
    all->response_type = all->request_encoding;
    all->response_encoding = all->request_encoding;
    all->response_body = all->request_encoding;

    return NGX_OK;
}


yyjson_mut_doc *
ngx_openai_read_doc(ngx_openai_read_t *record)
{
    yyjson_mut_doc_free(record->doc);

    record->budget.starved = 0;
    record->doc = yyjson_mut_doc_new(&record->budget.alc);

    return record->doc;
}


ngx_uint_t
ngx_openai_read_starved(const ngx_openai_read_t *record)
{
    return record->budget.starved;
}


static void *
ngx_openai_budget_malloc(void *ctx, size_t size)
{
    ngx_openai_budget_t *budget = ctx;

    size_t  *p;

    if (size > budget->max - budget->used) {
        return NULL;
    }

    p = malloc(NGX_OPENAI_BLOCK + size);
    if (p == NULL) {
        budget->starved = 1;
        return NULL;
    }

    *p = size;
    budget->used += size;

    return (u_char *) p + NGX_OPENAI_BLOCK;
}


static void *
ngx_openai_budget_realloc(void *ctx, void *p, size_t old, size_t size)
{
    ngx_openai_budget_t *budget = ctx;

    size_t  *block, *larger;

    block = (size_t *) ((u_char *) p - NGX_OPENAI_BLOCK);

    if (size > budget->max - (budget->used - *block)) {
        return NULL;
    }

    budget->used -= *block;
    old = *block;

    larger = realloc(block, NGX_OPENAI_BLOCK + size);

    if (larger == NULL) {
        budget->starved = 1;
        budget->used += old;
        return NULL;
    }

    *larger = size;
    budget->used += size;

    return (u_char *) larger + NGX_OPENAI_BLOCK;
}


static void
ngx_openai_budget_free(void *ctx, void *p)
{
    ngx_openai_budget_t *budget = ctx;

    size_t  *block;

    block = (size_t *) ((u_char *) p - NGX_OPENAI_BLOCK);

    budget->used -= *block;

    free(block);
}
