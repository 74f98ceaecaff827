
/*
 * Reading records.  Readers take no lock and never wait for a writer; what
 * they get is whole, or they are told that it is gone.
 */


#ifndef _NGX_OPENAI_READER_H_INCLUDED_
#define _NGX_OPENAI_READER_H_INCLUDED_


#include "store/zone.h"


/* Names a record for as long as it exists.  Never a pointer. */

typedef struct {
    uint64_t      seq;
    uint64_t      change;      /* when it last began or ended, see _changes() */
    uint32_t      slot;
    uint32_t      running;     /* 1 while it runs */
} ngx_openai_ref_t;


/* Fills refs[] of "max" elements with all records, newest first; returns how
   many. */
ngx_uint_t ngx_openai_reader_list(ngx_openai_zone_t *zone,
    ngx_openai_ref_t *refs, ngx_uint_t max);

/* Fills refs[] with the records that began or ended after "change", and those
   that run, by slot.  "oldest" gets the least number of all records, UINT64_MAX
   if there is none. */
ngx_uint_t ngx_openai_reader_news(ngx_openai_zone_t *zone,
    ngx_openai_ref_t *refs, ngx_uint_t max, uint64_t change,
    uint64_t *oldest);

/* Reads the record that is evicted next; all that finished before it are gone.
   NGX_DECLINED: there is none, or it has just gone. */
ngx_int_t ngx_openai_reader_oldest(ngx_openai_zone_t *zone,
    ngx_openai_record_t *rec);

/*
 * NGX_OK; NGX_DECLINED: there never was such a record as far as the zone
 * knows; NGX_DONE: it was here and is gone.
 */
ngx_int_t ngx_openai_reader_find(ngx_openai_zone_t *zone, ngx_str_t *id,
    ngx_openai_ref_t *ref);

/* Copies the descriptor.  NGX_DECLINED: the record is gone. */
ngx_int_t ngx_openai_reader_record(ngx_openai_zone_t *zone,
    const ngx_openai_ref_t *ref, ngx_openai_record_t *rec);

/* Returns how many bytes of the chain can be read; 0: the record is gone. */
size_t ngx_openai_reader_size(ngx_openai_zone_t *zone,
    const ngx_openai_ref_t *ref, ngx_openai_chain_e chain);

/*
 * Copies up to "size" bytes from "offset" on; how many, or NGX_DECLINED when
 * the record is gone.  Walks the chain from its head: read large pieces.
 */
ssize_t ngx_openai_reader_bytes(ngx_openai_zone_t *zone,
    const ngx_openai_ref_t *ref, ngx_openai_chain_e chain, size_t offset,
    u_char *buf, size_t size);

/* Asks the owner to end a running exchange.  NGX_DECLINED: it is over. */
ngx_int_t ngx_openai_reader_cancel(ngx_openai_zone_t *zone,
    const ngx_openai_ref_t *ref);


#endif /* _NGX_OPENAI_READER_H_INCLUDED_ */
