
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Reads records: lists of references, descriptors, bytes.
 *
 * Called by the view.  Nothing here takes the lock.  Invariants 13 to 15 of
 * docs/store.md make that safe.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/reader.h"
#include "store/shared.h"


#define NGX_OPENAI_READ_TRIES  16


static int ngx_libc_cdecl ngx_openai_reader_newer(const void *one,
    const void *two);
static ngx_uint_t ngx_openai_reader_gone(ngx_openai_shared_t *sh,
    const ngx_openai_ref_t *ref);
static ngx_int_t ngx_openai_reader_pages(ngx_openai_shared_t *sh,
    ngx_openai_extent_t *x, size_t offset, u_char *buf, size_t size);
static ngx_int_t ngx_openai_reader_digit(u_char c);
static ngx_uint_t ngx_openai_reader_named(ngx_openai_zone_t *zone,
    const ngx_openai_ref_t *ref, ngx_str_t *id);


ngx_uint_t
ngx_openai_reader_list(ngx_openai_zone_t *zone, ngx_openai_ref_t *refs,
    ngx_uint_t max)
{
    uint32_t              slot;
    uint64_t              seq;
    ngx_uint_t            n, sorted;
    ngx_openai_index_t   *index;
    ngx_openai_shared_t  *sh;

    sh = zone->sh;

    if (sh == NULL) {
        return 0;
    }

    index = ngx_openai_index(sh);
    sorted = 1;

    for (slot = 0, n = 0; slot < sh->head.entries && n < max; slot++) {

        seq = ngx_openai_load(&index[slot].seq);

        if (seq == 0) {
            continue;
        }

        refs[n].seq = seq;
        refs[n].slot = slot;
        refs[n].change = ngx_openai_load(&index[slot].change);
        refs[n].running = ngx_openai_load(&index[slot].running);

        if (n > 0 && refs[n - 1].seq < seq) {
            sorted = 0;
        }

        n++;
    }

    if (!sorted) {
        ngx_qsort(refs, n, sizeof(ngx_openai_ref_t), ngx_openai_reader_newer);
    }

    return n;
}


ngx_uint_t
ngx_openai_reader_news(ngx_openai_zone_t *zone, ngx_openai_ref_t *refs,
    ngx_uint_t max, uint64_t change, uint64_t *oldest)
{
    uint32_t              slot;
    uint64_t              least;
    ngx_uint_t            n;
    ngx_openai_ref_t     *ref;
    ngx_openai_index_t   *index;
    ngx_openai_shared_t  *sh;

    sh = zone->sh;
    least = UINT64_MAX;

    if (sh == NULL) {
        *oldest = least;
        return 0;
    }

    index = ngx_openai_index(sh);

    for (slot = 0, n = 0; slot < sh->head.entries && n < max; slot++) {

        ref = &refs[n];

        ref->seq = ngx_openai_load(&index[slot].seq);
        ref->slot = slot;
        ref->change = ngx_openai_load(&index[slot].change);
        ref->running = ngx_openai_load(&index[slot].running);

        if (ref->seq == 0) {
            continue;
        }

        least = ngx_min(least, ref->seq);

        if (ref->change > change || ref->running) {
            n++;
        }
    }

    *oldest = least;

    return n;
}


static int ngx_libc_cdecl
ngx_openai_reader_newer(const void *one, const void *two)
{
    const ngx_openai_ref_t  *a, *b;

    a = one;
    b = two;

    return (a->seq < b->seq) - (a->seq > b->seq);
}


static ngx_int_t
ngx_openai_reader_digit(u_char c)
{
    u_char  *p;

    static u_char  digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

    p = ngx_strlchr(digits, digits + 32, c);

    return p ? p - digits : NGX_ERROR;
}


ngx_int_t
ngx_openai_reader_find(ngx_openai_zone_t *zone, ngx_str_t *id,
    ngx_openai_ref_t *ref)
{
    u_char                bytes[15];
    uint32_t              slot, low;
    uint64_t              acc, seq;
    ngx_int_t             digit;
    ngx_uint_t            i, j;
    ngx_openai_index_t   *index;
    ngx_openai_shared_t  *sh;

    sh = zone->sh;

    if (sh == NULL || id->len != NGX_OPENAI_ID_LEN) {
        return NGX_DECLINED;
    }

    for (i = 0; i < 3; i++) {

        for (acc = 0, j = 0; j < 8; j++) {
            digit = ngx_openai_reader_digit(id->data[8 * i + j]);

            if (digit == NGX_ERROR) {
                return NGX_DECLINED;
            }

            acc = acc << 5 | digit;
        }

        for (j = 0; j < 5; j++) {
            bytes[5 * i + j] = (u_char) (acc >> (32 - 8 * j));
        }
    }

    if (ngx_memcmp(&bytes[10], sh->head.nonce, 5) != 0) {
        return NGX_DECLINED;
    }

    low = (uint32_t) bytes[6] << 24 | bytes[7] << 16 | bytes[8] << 8
          | bytes[9];

    index = ngx_openai_index(sh);

    for (slot = 0; slot < sh->head.entries; slot++) {

        seq = ngx_openai_load(&index[slot].seq);

        if (seq == 0 || (uint32_t) seq != low) {
            continue;
        }

        ref->seq = seq;
        ref->slot = slot;
        ref->change = ngx_openai_load(&index[slot].change);
        ref->running = ngx_openai_load(&index[slot].running);

        if (ngx_openai_reader_named(zone, ref, id)) {
            return NGX_OK;
        }
    }

    return (low && low <= ngx_openai_load(&sh->seq)) ? NGX_DONE : NGX_DECLINED;
}


/* An id holds half of the number, so compare the whole id (invariant 11). */

static ngx_uint_t
ngx_openai_reader_named(ngx_openai_zone_t *zone, const ngx_openai_ref_t *ref,
    ngx_str_t *id)
{
    ngx_openai_record_t  rec;

    return ngx_openai_reader_record(zone, ref, &rec) == NGX_OK
           && ngx_memcmp(rec.id, id->data, NGX_OPENAI_ID_LEN) == 0;
}


/* Asked after reading: the bytes are the record's if it is still there. */

static ngx_uint_t
ngx_openai_reader_gone(ngx_openai_shared_t *sh, const ngx_openai_ref_t *ref)
{
    ngx_openai_fence();

    return ngx_openai_load(&ngx_openai_index(sh)[ref->slot].seq) != ref->seq;
}


ngx_int_t
ngx_openai_reader_record(ngx_openai_zone_t *zone, const ngx_openai_ref_t *ref,
    ngx_openai_record_t *rec)
{
    uint32_t              version;
    ngx_uint_t            i;
    ngx_openai_entry_t   *e;
    ngx_openai_shared_t  *sh;

    sh = zone->sh;

    if (sh == NULL) {
        return NGX_DECLINED;
    }

    e = ngx_openai_entry(sh, ref->slot);

    for (i = 0; i < NGX_OPENAI_READ_TRIES; i++) {

        version = ngx_openai_load(&e->version);

        ngx_memcpy(rec, &e->rec[version & 1], sizeof(ngx_openai_record_t));

        if (ngx_openai_reader_gone(sh, ref)) {
            return NGX_DECLINED;
        }

        if (ngx_openai_load(&e->version) != version) {
            continue;
        }

        if (rec->flags & NGX_OPENAI_REC_BEGUN) {
            ngx_openai_record_rest(rec);
        }

        if (rec->outcome == NGX_OPENAI_RUNNING) {
            rec->request_kept = ngx_openai_chain_size(e,
                                                     NGX_OPENAI_REQUEST_BODY);
            rec->response_kept = ngx_openai_chain_size(e,
                                                    NGX_OPENAI_RESPONSE_BODY);
        }

        return NGX_OK;
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_openai_reader_oldest(ngx_openai_zone_t *zone, ngx_openai_record_t *rec)
{
    ngx_openai_ref_t      ref;
    ngx_openai_shared_t  *sh;

    sh = zone->sh;

    if (sh == NULL) {
        return NGX_DECLINED;
    }

    ref.slot = ngx_openai_load(&sh->oldest);

    if (ref.slot >= sh->head.entries) {
        return NGX_DECLINED;
    }

    ref.seq = ngx_openai_load(&ngx_openai_index(sh)[ref.slot].seq);

    if (ref.seq == 0 || ngx_openai_reader_record(zone, &ref, rec) != NGX_OK
        || rec->outcome == NGX_OPENAI_RUNNING)
    {
        return NGX_DECLINED;
    }

    /* another record may have got the slot meanwhile */

    return ngx_openai_load(&sh->oldest) == ref.slot ? NGX_OK : NGX_DECLINED;
}


size_t
ngx_openai_reader_size(ngx_openai_zone_t *zone, const ngx_openai_ref_t *ref,
    ngx_openai_chain_e chain)
{
    size_t               size;
    ngx_openai_entry_t  *e;

    if (zone->sh == NULL) {
        return 0;
    }

    e = ngx_openai_entry(zone->sh, ref->slot);
    size = ngx_openai_chain_size(e, chain);

    return ngx_openai_reader_gone(zone->sh, ref) ? 0 : size;
}


ssize_t
ngx_openai_reader_bytes(ngx_openai_zone_t *zone, const ngx_openai_ref_t *ref,
    ngx_openai_chain_e chain, size_t offset, u_char *buf, size_t size)
{
    size_t                bytes, head, here;
    ngx_int_t             rc;
    ngx_openai_entry_t   *e;
    ngx_openai_extent_t  *x;
    ngx_openai_shared_t  *sh;

    sh = zone->sh;

    if (sh == NULL) {
        return NGX_DECLINED;
    }

    e = ngx_openai_entry(sh, ref->slot);
    x = &e->extents[ngx_openai_extent_of(chain)];

    bytes = ngx_openai_chain_size(e, chain);
    here = 0;

    if (chain == NGX_OPENAI_REQUEST_BODY || chain == NGX_OPENAI_RESPONSE_BODY) {
        head = ngx_openai_load(&x->head);
        offset += head;
        bytes += head;
    }

    if (ngx_openai_reader_gone(sh, ref)) {
        return NGX_DECLINED;
    }

    if (offset >= bytes) {
        return 0;
    }

    size = ngx_min(size, bytes - offset);

    if (chain == NGX_OPENAI_MARKS) {

        if (offset < NGX_OPENAI_MARKS_HERE) {
            here = ngx_min(size, NGX_OPENAI_MARKS_HERE - offset);
            ngx_memcpy(buf, e->marks + offset, here);
            offset += here;
        }

        offset -= NGX_OPENAI_MARKS_HERE;
    }

    rc = NGX_OK;

    if (here < size) {
        rc = ngx_openai_reader_pages(sh, x, offset, buf + here, size - here);
    }

    if (rc != NGX_OK || ngx_openai_reader_gone(sh, ref)) {
        return NGX_DECLINED;
    }

    return size;
}


static ngx_int_t
ngx_openai_reader_pages(ngx_openai_shared_t *sh, ngx_openai_extent_t *x,
    size_t offset, u_char *buf, size_t size)
{
    size_t     n, from, done;
    uint32_t   page, *next;

    next = ngx_openai_next(sh);
    page = ngx_openai_load(&x->first);

    for (n = offset >> NGX_OPENAI_PAGE_SHIFT; n > 0; n--) {

        if (page >= sh->head.pages) {
            return NGX_DECLINED;
        }

        page = ngx_openai_load(&next[page]);
    }

    from = offset & (NGX_OPENAI_PAGE - 1);

    for (done = 0; done < size; done += n) {

        /* the chain was given back while this walked along it */

        if (page >= sh->head.pages) {
            return NGX_DECLINED;
        }

        n = ngx_min(size - done, NGX_OPENAI_PAGE - from);

        ngx_memcpy(buf + done, ngx_openai_page(sh, page) + from, n);

        page = ngx_openai_load(&next[page]);
        from = 0;
    }

    return NGX_OK;
}


ngx_int_t
ngx_openai_reader_cancel(ngx_openai_zone_t *zone, const ngx_openai_ref_t *ref)
{
    ngx_openai_entry_t  *e;

    if (zone->sh == NULL) {
        return NGX_DECLINED;
    }

    e = ngx_openai_entry(zone->sh, ref->slot);

    if (ngx_openai_reader_gone(zone->sh, ref)
        || !ngx_openai_load(&ngx_openai_index(zone->sh)[ref->slot].running))
    {
        return NGX_DECLINED;
    }

    /* the number tells the record from a later one in this slot */

    ngx_openai_store(&e->cancel, ref->seq);

    return NGX_OK;
}
