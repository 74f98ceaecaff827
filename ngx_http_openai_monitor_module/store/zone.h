
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


/* A zone as the configuration names it, and this process's view of it.  One for
   each cycle, in the cycle's pool; shm_zone->data. */

struct ngx_openai_zone_s {
    ngx_str_t             name;
    ngx_uint_t            entries;
    ngx_pool_t           *pool;         /* which the zone is in */
    ngx_shm_zone_t       *shm_zone;
    ngx_openai_shared_t  *sh;           /* NULL until the zone is mapped */
    ngx_openai_file_t    *file;         /* NULL: in anonymous memory */
    ngx_openai_zone_t    *previous;     /* of the last cycle, to be copied */

    /* these belong to the process that uses the zone */

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


/* Returns the least size for "entries" records of one page each. */
size_t ngx_openai_zone_min_size(ngx_uint_t entries);

/* Returns how many of the wanted entries suit a zone of this size. */
ngx_uint_t ngx_openai_zone_fit(size_t size, ngx_uint_t entries);

/* ngx_shm_zone_t.init */
ngx_int_t ngx_openai_zone_init(ngx_shm_zone_t *shm_zone, void *data);

/* Sets the file of the zone; "path" ends with a zero byte. */
ngx_int_t ngx_openai_zone_file(ngx_openai_zone_t *zone, ngx_pool_t *pool,
    ngx_str_t *path);

/* Returns 1 when both zones name the same file. */
ngx_uint_t ngx_openai_zone_shares(const ngx_openai_zone_t *one,
    const ngx_openai_zone_t *two);

/* Returns 1 when "one" can go on with the memory of "two": same size, entries
   and file, and nobody cut, deleted or replaced the file. */
ngx_uint_t ngx_openai_zone_same(const ngx_openai_zone_t *one,
    const ngx_openai_zone_t *two);

/* Called when the new cycle cannot fail any more; "old" is NULL or the zone of
   the last cycle. */
void ngx_openai_zone_commit(ngx_openai_zone_t *zone, ngx_openai_zone_t *old);

/* Lets a single process forget the memory, which goes with the old cycle. */
void ngx_openai_zone_leave(ngx_openai_zone_t *zone);

/* This process begins, or ends, to use the zone. */
ngx_int_t ngx_openai_zone_attach(ngx_openai_zone_t *zone);
void ngx_openai_zone_detach(ngx_openai_zone_t *zone);

/* Maps the memory that the next exchanges write to, at most 170 KB at a time;
   as a rule there is nothing to do. */
void ngx_openai_zone_ahead(ngx_openai_zone_t *zone);

/* Closes the records of dead processes.  Cheap; readers call it too. */
void ngx_openai_zone_reap(ngx_openai_zone_t *zone);

/* Forgets finished records; running ones stay.  NGX_BUSY: the lock is stuck. */
ngx_int_t ngx_openai_zone_clear(ngx_openai_zone_t *zone);

/*
 * Wipes up to 32 pages and a few entries of records that are gone.  NGX_AGAIN:
 * there may be more; NGX_OK: there is nothing; NGX_BUSY: the lock is stuck.
 */
ngx_int_t ngx_openai_zone_wipe(ngx_openai_zone_t *zone);

/* Returns a count that grows when a record begins or ends, and with a clear. */
uint64_t ngx_openai_zone_changes(ngx_openai_zone_t *zone);

/* Returns the count of clears. */
uint64_t ngx_openai_zone_clears(ngx_openai_zone_t *zone);

void ngx_openai_zone_stat(ngx_openai_zone_t *zone,
    ngx_openai_zone_stat_t *stat);

/* Returns what tells memories apart, also those of one zone before and after a
   reload; 0: the memory is gone. */
uint64_t ngx_openai_zone_key(ngx_openai_zone_t *zone);

/* Copies the salt of fingerprints, which is random and stays with the zone. */
void ngx_openai_zone_salt(ngx_openai_zone_t *zone, u_char salt[16]);


#endif /* _NGX_OPENAI_ZONE_H_INCLUDED_ */
