
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
 * Makes a record: rec->started_ms, method, uri, client, key and the like are the
 * caller's, seq, id and pid are filled in.  NGX_DECLINED when every entry is
 * running, or when this key (this client, if it has none) runs in a quarter of
 * them and all keys together in three quarters.  The exchange is then counted
 * as dropped, and the other calls do nothing.
 */
ngx_int_t ngx_openai_writer_begin(ngx_openai_writer_t *w,
    ngx_openai_zone_t *zone, ngx_openai_record_t *rec);

/* counts an exchange that never came to that */
void ngx_openai_writer_drop(ngx_openai_zone_t *zone);

/* how many of the len bytes were kept; readers see them at once.  A head comes
   whole before the first byte of its body: none is kept afterwards */
size_t ngx_openai_writer_append(ngx_openai_writer_t *w,
    ngx_openai_chain_e chain, const void *data, size_t len);

/* one more mark, where there is memory for it */
void ngx_openai_writer_mark(ngx_openai_writer_t *w, ngx_openai_mark_t mark);

/* readers see rec from now on; not for every byte: some 2.5 KB are copied */
void ngx_openai_writer_publish(ngx_openai_writer_t *w,
    const ngx_openai_record_t *rec);

/* publishes, finishes the record and counts it in the statistics */
void ngx_openai_writer_commit(ngx_openai_writer_t *w,
    const ngx_openai_record_t *rec);

/* a viewer asked for the end of this exchange */
ngx_uint_t ngx_openai_writer_cancelled(ngx_openai_writer_t *w);


#endif /* _NGX_OPENAI_WRITER_H_INCLUDED_ */
