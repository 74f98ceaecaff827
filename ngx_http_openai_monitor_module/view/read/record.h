
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Reads the bytes of one record and hands them to the digest. The bytes are
 * copied from the zone when they are first asked for. One ngx_openai_read_t
 * serves many records, one after the other, and reuses its memory.
 */


#ifndef _NGX_OPENAI_READ_RECORD_H_INCLUDED_
#define _NGX_OPENAI_READ_RECORD_H_INCLUDED_


#include "digest/digest.h"
#include "store/reader.h"
#include "view/answer/call.h"
#include "view/read/head.h"


#define NGX_OPENAI_IN   0               /* the request */
#define NGX_OPENAI_OUT  1               /* the response */


typedef struct {
    u_char                     *data;
    size_t                      size;
    size_t                      len;
    unsigned                    loaded:1;
} ngx_openai_bytes_t;


/* memory of a document, and its bound */

typedef struct {
    size_t                      used;
    size_t                      max;
    yyjson_alc                  alc;
    unsigned                    starved:1;      /* malloc() failed */
} ngx_openai_budget_t;


typedef struct {
    ngx_openai_zone_t          *zone;
    ngx_openai_ref_t            ref;
    const ngx_openai_record_t  *rec;
    size_t                      decode_max;

    ngx_openai_bytes_t          chains[NGX_OPENAI_CHAINS];

    /* decoded bodies, from malloc(); NULL where the stored bytes are not
       coded */
    char                       *decoded[2];
    ngx_str_t                   text[2];
    ngx_str_t                   encoding[2];
    ngx_str_t                   type[2];
    unsigned                    ready:2;        /* a bit for each text[] */

    ngx_openai_budget_t         budget;
    yyjson_mut_doc             *doc;
} ngx_openai_read_t;


/*
 * Reads a record: NGX_OK, or NGX_DECLINED when it is gone. An owner publishes
 * the state of a running record now and then, but its bytes at once, so the
 * sizes come from the bytes.
 */
ngx_int_t ngx_openai_read_record(ngx_openai_zone_t *zone,
    const ngx_openai_ref_t *ref, ngx_openai_record_t *rec);

/* reads the record with the call's id; NGX_ABORT: there is none, the error
   has been sent, and the handler returns call->rc */
ngx_int_t ngx_openai_read_call(ngx_openai_call_t *call, ngx_openai_ref_t *ref,
    ngx_openai_record_t *rec);

/* lives as long as the pool */
ngx_openai_read_t *ngx_openai_read_create(ngx_pool_t *pool,
    ngx_openai_zone_t *zone, size_t body_max);

/* chooses the record for the calls below; "rec" must live as long */
void ngx_openai_read_set(ngx_openai_read_t *record,
    const ngx_openai_ref_t *ref, const ngx_openai_record_t *rec);

/* forgets the bytes, because those of a running record may have grown */
void ngx_openai_read_reset(ngx_openai_read_t *record);

/*
 * NGX_OK; NGX_DECLINED: the record is gone; NGX_ERROR: no memory. The results
 * stay valid until the next _set() or _reset().
 */
ngx_int_t ngx_openai_read_chain(ngx_openai_read_t *record,
    ngx_openai_chain_e chain, ngx_str_t *bytes);

/* copies all chains; after that the record may be evicted */
ngx_int_t ngx_openai_read_whole(ngx_openai_read_t *record);

/* a body with its content coding undone, as far as possible */
ngx_int_t ngx_openai_read_body(ngx_openai_read_t *record, ngx_uint_t side,
    ngx_str_t *body);

/* the value of a header; "" when it is absent */
void ngx_openai_read_header(ngx_openai_read_t *record, ngx_uint_t side,
    const char *name, ngx_str_t *value);

/* the whole URI; a long one is read from the head, because the record has
   only its first bytes */
void ngx_openai_read_uri(ngx_openai_read_t *record, ngx_str_t *uri);

/* the first line of a head */
void ngx_openai_read_line(ngx_openai_read_t *record, ngx_uint_t side,
    ngx_str_t *line);

/* everything for the digest, with bodies decoded; _request() leaves the
   response out */
ngx_int_t ngx_openai_read_all(ngx_openai_read_t *record,
    openai_exchange_t *all);
ngx_int_t ngx_openai_read_request(ngx_openai_read_t *record,
    openai_exchange_t *all);

/* a new document with bounded memory, which replaces the last one; NULL: no
   memory */
yyjson_mut_doc *ngx_openai_read_doc(ngx_openai_read_t *record);

/* 1 when malloc() failed for the document, so it may lack anything; 0 when
   only its bound was reached, which is the same each time */
ngx_uint_t ngx_openai_read_starved(const ngx_openai_read_t *record);


#endif /* _NGX_OPENAI_READ_RECORD_H_INCLUDED_ */
