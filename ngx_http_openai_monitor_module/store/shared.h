
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The layout of the zone, for the files of this folder only.
 *
 *   ngx_openai_shared_t | index[] | entries[] | next[] | bitmap | pages
 *
 * Who may write what:
 *
 * - under the lock: the lists of pages and slots, the queue of finished
 *   records, the statistics, the processes' slots, index[];
 * - the owner of a running record, without the lock: its entry's record,
 *   extents and bytes, and its own process's reserve of pages.
 */


#ifndef _NGX_OPENAI_SHARED_H_INCLUDED_
#define _NGX_OPENAI_SHARED_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <pthread.h>

#include "store/fault.h"
#include "store/zone.h"


#define NGX_OPENAI_MAGIC           0x6f70656e61694d31ULL

/* grows with every change of what lies in the zone, see t/build/layout.t */

#define NGX_OPENAI_LAYOUT          16

#define NGX_OPENAI_NIL             ((uint32_t) -1)

#define NGX_OPENAI_PAGE_SHIFT      12
#define NGX_OPENAI_PAGE            (1 << NGX_OPENAI_PAGE_SHIFT)

/* A zone that takes over another one's records skips so many numbers, because
   the old zone's workers go on numbering until they exit (invariant 10). */

#define NGX_OPENAI_SEQ_GAP         (1 << 20)

/* Counters of running records.  Keys with the same hash share one. */

#define NGX_OPENAI_SHARES          1024

#define NGX_OPENAI_PROCESSES       256
#define NGX_OPENAI_RESERVE         32
#define NGX_OPENAI_WIPE            32    /* pages that are wiped at a time */
#define NGX_OPENAI_HELD            (NGX_OPENAI_RESERVE + NGX_OPENAI_WIPE)

/* A bit of a page's number in held[]: the page has bytes of a former record. */

#define NGX_OPENAI_USED            0x80000000

#define ngx_openai_page_number(n)  ((n) & ~NGX_OPENAI_USED)

#define ngx_openai_load(p)         __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define ngx_openai_store(p, v)     __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define ngx_openai_count(p, n)                                               \
    (void) __atomic_fetch_add((p), (n), __ATOMIC_RELAXED)
#define ngx_openai_fence()         __atomic_thread_fence(__ATOMIC_ACQ_REL)

/* fetches memory that this process writes soon */

#if (__GNUC__)
#define ngx_openai_prefetch(p)     __builtin_prefetch((p), 1)
#else
#define ngx_openai_prefetch(p)     (void) (p)
#endif


typedef enum {
    NGX_OPENAI_ENTRY_FREE = 0,
    NGX_OPENAI_ENTRY_RUNNING,
    NGX_OPENAI_ENTRY_DONE
} ngx_openai_entry_state_e;


/*
 * Chains share pages, as each page is one more that is in no cache: a head and
 * the body behind it are one extent, and the first marks are in the entry.
 */

typedef enum {
    NGX_OPENAI_EXTENT_REQUEST = 0,
    NGX_OPENAI_EXTENT_RESPONSE,
    NGX_OPENAI_EXTENT_MARKS,
    NGX_OPENAI_EXTENTS
} ngx_openai_extent_e;

#define NGX_OPENAI_MARKS_HERE      64    /* bytes of the marks in the entry */


/* A chain of pages.  The owner writes "first" last, and "bytes" after the
   bytes (invariant 15). */

typedef struct {
    uint32_t                first;
    uint32_t                last;
    uint32_t                pages;
    uint32_t                head;        /* bytes of the head; written first */
    uint64_t                bytes;       /* of all, those in the entry too */
} ngx_openai_extent_t;


/* rec[version & 1] is whole at any time: the owner fills the other copy, and
   then raises the version (invariant 13). */

typedef struct {
    uint32_t                state;
    uint32_t                version;
    uint32_t                next;        /* of the queue of finished ones, or
                                            of the free slots */
    uint32_t                owner;       /* index of the process */
    uint32_t                finished;    /* to be taken into the queue */
    uint32_t                share;       /* the counter it runs in */
    uint64_t                order;       /* of finishing */
    uint64_t                cancel;      /* seq of the record to be ended */
    ngx_openai_extent_t     extents[NGX_OPENAI_EXTENTS];
    u_char                  marks[NGX_OPENAI_MARKS_HERE];
    ngx_openai_record_t     rec[2];
} ngx_openai_entry_t;


/* What a scan of all records reads, apart from the large entries. */

typedef struct {
    uint64_t                seq;         /* 0: no record */
    uint64_t                change;
    uint64_t                running;
} ngx_openai_index_t;


/* A process that attached to the zone, and the pages that it holds. */

struct ngx_openai_process_s {
    int64_t                 pid;         /* 0: unused */
    uint64_t                started;     /* tells a reused pid apart */
    uint32_t                n;           /* pages in reserve */
    uint32_t                wiping;      /* pages taken to be wiped */
    uint32_t                held[NGX_OPENAI_HELD];     /* the reserve first */
};


/* Never changes.  The first two members have the same place in every layout. */

typedef struct {
    uint64_t                magic;
    uint32_t                layout;
    uint32_t                shared_size;
    uint32_t                entry_size;
    uint32_t                entries;
    uint64_t                size;        /* of all of it */

    uint32_t                pages;
    uint32_t                reserve;     /* pages set aside for a process */
    uint64_t                index_off;   /* offsets from sh */
    uint64_t                entries_off;
    uint64_t                next_off;
    uint64_t                bitmap_off;
    uint64_t                pages_off;

    uint64_t                created_ms;
    uint64_t                birth;       /* random, of this memory alone */
    u_char                  nonce[5];    /* part of every id */
    u_char                  salt[16];
    u_char                  pad[3];
    uint64_t                seal;        /* a hash of all above */
} ngx_openai_head_t;


struct ngx_openai_shared_s {
    ngx_openai_head_t       head;

    pthread_mutex_t         mutex;       /* robust, process-shared */

    /* anyone reads these, at any time */

    uint64_t                alive_ms;    /* when the lock was last had */

    uint64_t                changes;
    uint64_t                clears;
    uint64_t                seq;         /* of the newest record */
    uint64_t                evicted;
    uint64_t                cleared;     /* seq = records + evicted + this */
    uint64_t                dropped;
    uint64_t                truncated;
    uint64_t                heals;
    uint64_t                worker_died;
    uint32_t                records;
    uint32_t                running;
    uint32_t                unsettled;   /* finished, not yet in the queue */
    uint32_t                clearing;    /* what goes is cleared, not evicted */

    uint64_t                rounds;      /* how often the lock was had */
    int64_t                 holder;      /* pid; 0: nobody has it, or almost */

    /* only the holder of the lock reads and writes these */

    uint32_t                free_page;   /* these are all zeros */
    uint32_t                used_page;   /* those wait to be wiped */
    uint32_t                pages_free;  /* of both lists */
    uint32_t                high;        /* no page from here on was used */
    uint32_t                free_slot;
    uint32_t                used_slot;
    uint32_t                oldest;      /* queue of finished records */
    uint32_t                newest;
    uint64_t                order;

    uint32_t                stats_version;   /* odd while they change */
    uint32_t                stats_reset;     /* all of them go */
    ngx_openai_stats_t      stats;
    ngx_openai_undo_t       undo;

    uint32_t                shares[NGX_OPENAI_SHARES];

    ngx_openai_process_t    processes[NGX_OPENAI_PROCESSES];
};


#define ngx_openai_at(sh, off)     ((void *) ((u_char *) (sh) + (sh)->head.off))

#define ngx_openai_index(sh)                                                 \
    ((ngx_openai_index_t *) ngx_openai_at(sh, index_off))
#define ngx_openai_entry(sh, slot)                                           \
    ((ngx_openai_entry_t *) ngx_openai_at(sh, entries_off) + (slot))
#define ngx_openai_next(sh)                                                  \
    ((uint32_t *) ngx_openai_at(sh, next_off))
#define ngx_openai_page(sh, n)                                               \
    ((u_char *) ngx_openai_at(sh, pages_off)                                 \
     + ((size_t) (n) << NGX_OPENAI_PAGE_SHIFT))


/* NGX_OK, or NGX_BUSY when the holder seems to be stopped. */
ngx_int_t ngx_openai_lock(ngx_openai_zone_t *zone);
void ngx_openai_unlock(ngx_openai_zone_t *zone);

/* Returns this process's slot, attaching first if need be; NULL: it cannot. */
ngx_openai_process_t *ngx_openai_process(ngx_openai_zone_t *zone);

/* Returns the wall clock in ms. */

static ngx_inline uint64_t
ngx_openai_now_ms(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}


/* Chains.  ngx_openai_chain_size() may run beside the writer. */

#define ngx_openai_extent_of(chain)                                          \
    ((chain) == NGX_OPENAI_MARKS ? NGX_OPENAI_EXTENT_MARKS : (chain) / 2)
#define ngx_openai_chain_is_head(chain)                                      \
    ((chain) == NGX_OPENAI_REQUEST_HEAD                                      \
     || (chain) == NGX_OPENAI_RESPONSE_HEAD)
#define ngx_openai_chain_is_body(chain)                                      \
    ((chain) == NGX_OPENAI_REQUEST_BODY                                      \
     || (chain) == NGX_OPENAI_RESPONSE_BODY)

uint64_t ngx_openai_chain_size(ngx_openai_entry_t *e,
    ngx_openai_chain_e chain);

/* Returns how many of an extent's bytes are in pages. */

static ngx_inline uint64_t
ngx_openai_extent_paged(ngx_uint_t extent, uint64_t bytes)
{
    if (extent == NGX_OPENAI_EXTENT_MARKS) {
        return (bytes > NGX_OPENAI_MARKS_HERE) ? bytes - NGX_OPENAI_MARKS_HERE
                                               : 0;
    }

    return bytes;
}


/* Pages.  The caller holds the lock, but for _take(), _wipe() and _ready(). */

void ngx_openai_pages_init(ngx_openai_shared_t *sh);

/* Adds a page to the reserve, which has room; NGX_DECLINED: none is free. */
ngx_int_t ngx_openai_pages_give(ngx_openai_shared_t *sh,
    ngx_openai_process_t *process);
void ngx_openai_pages_free(ngx_openai_shared_t *sh, uint32_t slot);
void ngx_openai_pages_return(ngx_openai_shared_t *sh,
    ngx_openai_process_t *process);
void ngx_openai_pages_rebuild(ngx_openai_shared_t *sh);

/* Puts wiped pages on the list of free ones, and takes the next used ones. */
void ngx_openai_pages_wiped(ngx_openai_shared_t *sh,
    ngx_openai_process_t *process);

/* _wipe() fills the pages that _wiped() took with zeros, and _ready() the next
   pages of the reserve.  Both need no lock. */
void ngx_openai_pages_wipe(ngx_openai_shared_t *sh,
    ngx_openai_process_t *process);
void ngx_openai_pages_ready(ngx_openai_shared_t *sh,
    ngx_openai_process_t *process);

/* Links a page of the reserve to the end of the extent; NGX_DECLINED: the
   reserve is empty. */
ngx_int_t ngx_openai_pages_take(ngx_openai_shared_t *sh,
    ngx_openai_process_t *process, ngx_openai_extent_t *x);


/* Entries.  The caller holds the lock unless it says otherwise. */

#define ngx_openai_entry_shared(sh, e)                                       \
    (&(sh)->shares[(e)->share % NGX_OPENAI_SHARES])

/* Returns a slot without a record, evicting if need be; NGX_OPENAI_NIL: all
   records run. */
uint32_t ngx_openai_entry_take(ngx_openai_shared_t *sh);
ngx_int_t ngx_openai_entry_evict(ngx_openai_shared_t *sh);

/* Fills the reserve.  Evicts finished records, but not for its second half. */
void ngx_openai_entry_refill(ngx_openai_shared_t *sh,
    ngx_openai_process_t *process);
void ngx_openai_entry_clear(ngx_openai_entry_t *e);

/* Wipes some free entries. */
void ngx_openai_entry_wipe(ngx_openai_shared_t *sh);
void ngx_openai_entry_queue(ngx_openai_shared_t *sh, uint32_t slot);
void ngx_openai_entry_finish(ngx_openai_shared_t *sh, uint32_t slot);
void ngx_openai_entry_settle(ngx_openai_shared_t *sh);

/* Returns the counter of the record's key, or of its client's address if it has
   no key.  No lock. */
uint32_t ngx_openai_entry_share(ngx_openai_shared_t *sh,
    const ngx_openai_record_t *rec);

/* Returns 1 when the key has its share and others go short (invariant 18). */
ngx_uint_t ngx_openai_entry_greedy(ngx_openai_shared_t *sh, uint32_t share);

/* Returns the next slot from this one on with a running record, or
   NGX_OPENAI_NIL. */
uint32_t ngx_openai_entry_running(ngx_openai_shared_t *sh, uint32_t slot);

/* Replace the descriptor; only the owner, no lock.  _begin() writes the members
   that are known from the start, because the memory is cold and most exchanges
   are short. */
void ngx_openai_entry_begin(ngx_openai_entry_t *e,
    const ngx_openai_record_t *rec);
void ngx_openai_entry_set(ngx_openai_entry_t *e,
    const ngx_openai_record_t *rec);


/* Sets the timer that wipes what records left. */
void ngx_openai_zone_sweep(ngx_openai_zone_t *zone);

/* 1 when there is something to wipe.  No lock. */
#define ngx_openai_zone_used(sh)                                             \
    (ngx_openai_load(&(sh)->used_page) != NGX_OPENAI_NIL                     \
     || ngx_openai_load(&(sh)->used_slot) != NGX_OPENAI_NIL)

/* Makes the zone consistent after the lock's holder died. */
void ngx_openai_heal(ngx_openai_shared_t *sh);

/* Takes back a record that was counted in part. */
void ngx_openai_heal_stats(ngx_openai_shared_t *sh);

/* Enclose a change of the statistics, which readers must not see half done. */

static ngx_inline void
ngx_openai_stats_open(ngx_openai_shared_t *sh)
{
    ngx_openai_store(&sh->stats_version, sh->stats_version + 1);
    ngx_openai_fence();
}


static ngx_inline void
ngx_openai_stats_close(ngx_openai_shared_t *sh)
{
    ngx_openai_store(&sh->stats_version, sh->stats_version + 1);
}

/* Makes lists, queue and counts from the states of the entries. */
void ngx_openai_rebuild(ngx_openai_shared_t *sh);

/* Ends a record whose owner did not, with what the zone has of it. */
void ngx_openai_heal_record(ngx_openai_entry_t *e, ngx_uint_t outcome,
    uint64_t ended_ms);

/* Closes the records of a dead process.  The caller holds the lock. */
void ngx_openai_heal_process(ngx_openai_shared_t *sh,
    ngx_openai_process_t *process);

/* Returns 1 when the process of this slot is gone. */
ngx_uint_t ngx_openai_process_dead(const ngx_openai_process_t *process);
uint64_t ngx_openai_process_started(int64_t pid);

/* Returns the letter that ps shows for the process; 0 if unknown. */
char ngx_openai_process_state(int64_t pid);


/* Goes over to the file's spare memory when the file was cut.  NGX_DECLINED:
   there is none, or another process just sets it up; nothing is recorded. */
ngx_int_t ngx_openai_zone_whole(ngx_openai_zone_t *zone);

/* Returns the spare memory; NULL when nothing was recorded there. */
ngx_openai_shared_t *ngx_openai_spare(ngx_openai_file_t *file);

/* Works out where everything lies in "size" bytes. */
void ngx_openai_zone_layout(ngx_openai_head_t *head, size_t size,
    ngx_uint_t entries);

/* Makes an empty zone of "size" bytes.  "sh" is aligned to a page. */
ngx_int_t ngx_openai_zone_create(ngx_openai_shared_t *sh, size_t size,
    ngx_uint_t entries);
ngx_int_t ngx_openai_zone_mutex(ngx_openai_shared_t *sh);
uint64_t ngx_openai_zone_seal(const ngx_openai_head_t *head);

/*
 * A zone from a file, of which nothing is believed.  _head(): NULL, or what is
 * wrong with it.  _check() does the rest, for a zone that nobody else uses:
 * what is not whole goes, what was under way is closed as worker_died.
 */

const char *ngx_openai_check_head(const ngx_openai_head_t *head);
ngx_int_t ngx_openai_check(ngx_openai_shared_t *sh);

/* Writes the id of a record, made of its number and its start. */
void ngx_openai_record_id(const ngx_openai_shared_t *sh,
    const ngx_openai_record_t *rec, char id[NGX_OPENAI_ID_LEN + 1]);


/* Returns this process's slot, taking one if need be; NULL: all are in use.
   The caller holds the lock. */
ngx_openai_process_t *ngx_openai_zone_join(ngx_openai_shared_t *sh);

/* Copies the newest finished records of another zone.  Nobody else uses "sh".
   NGX_BUSY: the other zone's lock is stuck. */
ngx_int_t ngx_openai_zone_copy(ngx_openai_shared_t *sh,
    ngx_openai_shared_t *from);


#endif /* _NGX_OPENAI_SHARED_H_INCLUDED_ */
