
/*
 * The zone: records, their bytes and the statistics in shared memory.
 *
 * All of it holds indices and offsets, no pointers.  A zone belongs to all
 * workers of one nginx and is kept across reload.  Sizes are in bytes.
 */


#ifndef _NGX_OPENAI_ZONE_H_INCLUDED_
#define _NGX_OPENAI_ZONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/file.h"
#include "store/record.h"
#include "store/stats.h"


typedef struct ngx_openai_zone_s     ngx_openai_zone_t;
typedef struct ngx_openai_shared_s   ngx_openai_shared_t;
typedef struct ngx_openai_process_s  ngx_openai_process_t;


/* what the configuration says of a zone, and this process's view of it; one
   per cycle, in the cycle's pool; shm_zone->data */

struct ngx_openai_zone_s {
    ngx_str_t             name;
    ngx_uint_t            entries;
    ngx_shm_zone_t       *shm_zone;
    ngx_openai_shared_t  *sh;           /* NULL until the zone is mapped */
    ngx_openai_file_t    *file;         /* NULL: in anonymous memory */
    ngx_openai_zone_t    *previous;     /* of the last cycle, to be copied */

    /* of the process that uses it */

    ngx_openai_process_t *process;
    ngx_msec_t            reaped;       /* when dead owners were looked for */
    uint32_t              mapped_pages; /* so many, from the first on */
    uint32_t              mapped_slots;
    struct ngx_event_s   *wiper;        /* the timer, see store/sweep.c */
    uint64_t              stalled;      /* lock round that seems stuck, + 1 */
};


typedef struct {
    size_t                size;
    ngx_uint_t            pages;
    ngx_uint_t            pages_free;   /* reserves of workers included */
    ngx_uint_t            entries;
    ngx_uint_t            records;      /* running ones included */
    ngx_uint_t            running;
    uint64_t              evicted;
    uint64_t              dropped;      /* exchanges that left no record */
    uint64_t              truncated;    /* records cut by body_max or memory */
    uint64_t              heals;
    uint64_t              worker_died;
    uint64_t              created_ms;   /* wall clock */
} ngx_openai_zone_stat_t;


/* the smallest zone that can hold "entries" records of one page each */
size_t ngx_openai_zone_min_size(ngx_uint_t entries);

/* how many of the wished entries a zone of this size should have */
ngx_uint_t ngx_openai_zone_fit(size_t size, ngx_uint_t entries);

/* ngx_shm_zone_t.init */
ngx_int_t ngx_openai_zone_init(ngx_shm_zone_t *shm_zone, void *data);

/* the file that the zone is to be mapped from; "path" ends with a zero byte */
ngx_int_t ngx_openai_zone_file(ngx_openai_zone_t *zone, ngx_pool_t *pool,
    ngx_str_t *path);

/* 1 when both are in one file */
ngx_uint_t ngx_openai_zone_shares(const ngx_openai_zone_t *one,
    const ngx_openai_zone_t *two);

/* 1 when both are of the same size, with as many entries, at one place */
ngx_uint_t ngx_openai_zone_same(const ngx_openai_zone_t *one,
    const ngx_openai_zone_t *two);

/* the new cycle cannot fail any more; "old" is NULL or the zone before */
void ngx_openai_zone_commit(ngx_openai_zone_t *zone, ngx_openai_zone_t *old);

/* its memory goes with the old cycle, which a single process may still use */
void ngx_openai_zone_leave(ngx_openai_zone_t *zone);

/* this process begins, or ends, to use the zone */
ngx_int_t ngx_openai_zone_attach(ngx_openai_zone_t *zone);
void ngx_openai_zone_detach(ngx_openai_zone_t *zone);

/* maps the memory that the next exchanges will write to into this process; 170
   KB at most in one call, and nothing in most of them */
void ngx_openai_zone_ahead(ngx_openai_zone_t *zone);

/* closes records whose owner has died; cheap, called by readers too */
void ngx_openai_zone_reap(ngx_openai_zone_t *zone);

/* forgets finished records, running ones stay; NGX_BUSY: the lock is stuck */
ngx_int_t ngx_openai_zone_clear(ngx_openai_zone_t *zone);

/*
 * Wipes up to 32 pages and a few entries of records that are gone.  NGX_AGAIN:
 * there may be more; NGX_OK: there is nothing; NGX_BUSY: the lock is stuck.
 */
ngx_int_t ngx_openai_zone_wipe(ngx_openai_zone_t *zone);

/* grows by one whenever a record begins, ends, or the zone is cleared */
uint64_t ngx_openai_zone_changes(ngx_openai_zone_t *zone);

/* grows by one at every clear */
uint64_t ngx_openai_zone_clears(ngx_openai_zone_t *zone);

void ngx_openai_zone_stat(ngx_openai_zone_t *zone,
    ngx_openai_zone_stat_t *stat);

/* tells zones apart: each memory has a key of its own, also after a reload
   that copies the records; 0: the zone's memory is gone */
uint64_t ngx_openai_zone_key(ngx_openai_zone_t *zone);

/* random for this zone, kept with it: the salt of fingerprints */
void ngx_openai_zone_salt(ngx_openai_zone_t *zone, u_char salt[16]);


#endif /* _NGX_OPENAI_ZONE_H_INCLUDED_ */
