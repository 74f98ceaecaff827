
/*
 * Writing one record.  A writer belongs to one exchange of one worker.
 *
 * No call can fail in a way that the caller must act on: when memory is short
 * the record is cut or missing, and says or counts so.
 */


#ifndef _NGX_OPENAI_WRITER_H_INCLUDED_
#define _NGX_OPENAI_WRITER_H_INCLUDED_


#include "store/zone.h"


typedef struct {
    ngx_openai_zone_t    *zone;
    ngx_openai_shared_t  *sh;         /* the memory that has the record */
    uint64_t              seq;        /* 0: there is no record */
    uint32_t              slot;
} ngx_openai_writer_t;


/*
 * Makes a record.  The caller has filled rec->started_ms, method, uri, client,
 * key and the like; this fills seq, id and pid.  NGX_DECLINED: every entry
 * runs, or the key has its share (invariant 18).  The exchange is dropped
 * then, and the other calls do nothing.
 */
ngx_int_t ngx_openai_writer_begin(ngx_openai_writer_t *w,
    ngx_openai_zone_t *zone, ngx_openai_record_t *rec);

/* Counts an exchange that got no record. */
void ngx_openai_writer_drop(ngx_openai_zone_t *zone);

/* Returns how many of the bytes were kept; readers see them at once.  The whole
   head comes before the first byte of its body. */
size_t ngx_openai_writer_append(ngx_openai_writer_t *w,
    ngx_openai_chain_e chain, const void *data, size_t len);

/* Adds a mark, if there is memory for it. */
void ngx_openai_writer_mark(ngx_openai_writer_t *w, ngx_openai_mark_t mark);

/* Lets readers see "rec".  Copies some 2.5 KB, so not for every byte. */
void ngx_openai_writer_publish(ngx_openai_writer_t *w,
    const ngx_openai_record_t *rec);

/* Publishes, ends the record and counts it in the statistics. */
void ngx_openai_writer_commit(ngx_openai_writer_t *w,
    const ngx_openai_record_t *rec);

/* Returns 1 when a viewer asked to end this exchange. */
ngx_uint_t ngx_openai_writer_cancelled(ngx_openai_writer_t *w);


#endif /* _NGX_OPENAI_WRITER_H_INCLUDED_ */
