
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Which record continues which: see threads.h. The list, the detail, the
 * exports and the live feed call this.
 *
 * Each worker remembers the hashes of the messages of the records that it has
 * seen. A new record continues the record with which it shares the most
 * messages.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/answer/clock.h"
#include "view/read/record.h"
#include "view/read/threads.h"


#define NGX_OPENAI_THREADS_MAX      4096    /* records to remember */
#define NGX_OPENAI_THREADS_BUCKETS  4096    /* a power of two */
#define NGX_OPENAI_THREADS_NEAR     1024    /* searched for a parent */


typedef struct ngx_openai_node_s  ngx_openai_node_t;

struct ngx_openai_node_s {
    ngx_queue_t             queue;          /* newest first */
    ngx_openai_node_t      *next;           /* in its bucket */
    uint64_t                seq;
    uint64_t                listed;         /* when it was last listed */
    char                    id[NGX_OPENAI_ID_LEN + 1];
    char                    session[80];
    ngx_openai_thread_t     thread;         /* id "": no conversation */
    openai_thread_t          chain;          /* cut after what is kept */
};


struct ngx_openai_threads_s {
    ngx_queue_t          queue;             /* in the queue of all zones */
    ngx_pool_t          *pool;
    uint64_t             key;               /* of the zone */
    ngx_openai_zone_t   *zone;
    ngx_openai_read_t   *record;
    ngx_openai_record_t  rec;
    openai_thread_t       chain;

    ngx_openai_ref_t       *refs;
    ngx_uint_t              max;
    ngx_uint_t              nrefs;          /* of the update that goes on, … */
    ngx_uint_t              at;             /* … and where it goes on */
    unsigned                whole:1;        /* it lists all records */
    unsigned                late:1;         /* a request is not whole yet */
    uint64_t                oldest;         /* of the remembered ones */
    uint64_t                listed;         /* when, see _clock_us() */
    uint64_t                upto;           /* changes, at that time */
    uint64_t                looked;         /* "listed" of the one before … */
    uint64_t                changes;        /* … and the last known change */

    ngx_queue_t             nodes;
    ngx_uint_t              nnodes;
    ngx_openai_node_t      *buckets[NGX_OPENAI_THREADS_BUCKETS];
};


static ngx_openai_threads_t *ngx_openai_threads_create(
    ngx_openai_zone_t *zone, size_t body_max);
static void ngx_openai_threads_list(ngx_openai_threads_t *threads);
static int ngx_libc_cdecl ngx_openai_threads_order(const void *one,
    const void *two);
static ngx_int_t ngx_openai_threads_look(ngx_openai_threads_t *threads,
    uint64_t stop);
static ngx_openai_node_t *ngx_openai_threads_find(
    ngx_openai_threads_t *threads, uint64_t seq);
static ngx_int_t ngx_openai_threads_add(ngx_openai_threads_t *threads,
    const ngx_openai_ref_t *ref);
static void ngx_openai_threads_insert(ngx_openai_threads_t *threads,
    ngx_openai_node_t *node);
static void ngx_openai_threads_link(ngx_openai_threads_t *threads,
    ngx_openai_node_t *node);
static ngx_uint_t ngx_openai_threads_related(const ngx_openai_node_t *node,
    const ngx_openai_node_t *before, ngx_uint_t common);
static void ngx_openai_threads_forget(ngx_openai_threads_t *threads,
    uint64_t oldest);
static void ngx_openai_threads_sweep(ngx_openai_threads_t *threads);
static void ngx_openai_threads_free(ngx_openai_threads_t *threads,
    ngx_openai_node_t *node);


/* one for each zone of this worker; they live as long as the worker */

static ngx_queue_t  ngx_openai_all_threads = {
    &ngx_openai_all_threads, &ngx_openai_all_threads
};


ngx_openai_threads_t *
ngx_openai_threads(ngx_openai_zone_t *zone, size_t body_max)
{
    ngx_queue_t           *q, *all;
    ngx_openai_threads_t  *threads;

    all = &ngx_openai_all_threads;

    for (q = ngx_queue_head(all); q != ngx_queue_sentinel(all);
         q = ngx_queue_next(q))
    {
        threads = ngx_queue_data(q, ngx_openai_threads_t, queue);

        if (threads->key == ngx_openai_zone_key(zone)) {
            threads->zone = zone;
            threads->record->zone = zone;
            return threads;
        }
    }

    threads = ngx_openai_threads_create(zone, body_max);

    if (threads != NULL) {
        ngx_queue_insert_head(all, &threads->queue);
    }

    return threads;
}


static ngx_openai_threads_t *
ngx_openai_threads_create(ngx_openai_zone_t *zone, size_t body_max)
{
    ngx_pool_t            *pool;
    ngx_openai_threads_t  *threads;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    threads = ngx_pcalloc(pool, sizeof(ngx_openai_threads_t));
    if (threads == NULL) {
        goto failed;
    }

    threads->pool = pool;
    threads->key = ngx_openai_zone_key(zone);
    threads->zone = zone;
    threads->max = zone->entries;

    threads->refs = ngx_palloc(pool, threads->max * sizeof(ngx_openai_ref_t));
    if (threads->refs == NULL) {
        goto failed;
    }

    threads->record = ngx_openai_read_create(pool, zone, body_max);
    if (threads->record == NULL) {
        goto failed;
    }

    ngx_queue_init(&threads->nodes);

    return threads;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


void
ngx_openai_threads_exit(void)
{
    ngx_queue_t           *q, *all;
    ngx_openai_threads_t  *threads;

    all = &ngx_openai_all_threads;

    while (!ngx_queue_empty(all)) {
        q = ngx_queue_head(all);
        threads = ngx_queue_data(q, ngx_openai_threads_t, queue);

        ngx_queue_remove(q);
        ngx_openai_threads_forget(threads, UINT64_MAX);
        ngx_destroy_pool(threads->pool);
    }
}


ngx_int_t
ngx_openai_threads_update(ngx_openai_threads_t *threads, uint64_t since,
    uint64_t stop)
{
    ngx_int_t  rc;

    /* finish the update that another caller began */

    while (threads->at < threads->nrefs || threads->looked < since) {

        if (threads->at == threads->nrefs) {

            if (!threads->late
                && threads->changes == ngx_openai_zone_changes(threads->zone))
            {
                return NGX_OK;
            }

            ngx_openai_threads_list(threads);
        }

        rc = ngx_openai_threads_look(threads, stop);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* a parent comes before the records that continue it */

static void
ngx_openai_threads_list(ngx_openai_threads_t *threads)
{
    uint64_t    newest;
    ngx_uint_t  n;

    threads->listed = ngx_openai_clock_us();
    threads->upto = ngx_openai_zone_changes(threads->zone);
    threads->late = 0;

    /* a long-running record may be older than many that are gone */

    threads->whole = threads->nnodes
                     > 2 * ngx_min(threads->max, NGX_OPENAI_THREADS_MAX);

    n = ngx_openai_reader_news(threads->zone, threads->refs, threads->max,
                               threads->whole ? 0 : threads->changes,
                               &threads->oldest);

    ngx_qsort(threads->refs, n, sizeof(ngx_openai_ref_t),
              ngx_openai_threads_order);

    threads->nrefs = n;
    threads->at = 0;

    if (n && threads->max > NGX_OPENAI_THREADS_MAX) {
        newest = threads->refs[n - 1].seq;

        if (newest > NGX_OPENAI_THREADS_MAX) {
            threads->oldest = ngx_max(threads->oldest,
                                      newest - NGX_OPENAI_THREADS_MAX);
        }
    }
}


static int ngx_libc_cdecl
ngx_openai_threads_order(const void *one, const void *two)
{
    const ngx_openai_ref_t  *a, *b;

    a = one;
    b = two;

    return (a->seq > b->seq) - (a->seq < b->seq);
}


/* NGX_AGAIN: "stop" was reached; NGX_ERROR: no memory, and the next update
   looks at all of these again */

static ngx_int_t
ngx_openai_threads_look(ngx_openai_threads_t *threads, uint64_t stop)
{
    ngx_int_t           rc;
    ngx_uint_t          added;
    ngx_openai_ref_t   *ref;
    ngx_openai_node_t  *node;

    added = 0;

    for ( /* void */ ; threads->at < threads->nrefs; threads->at++) {
        ref = &threads->refs[threads->at];

        if (ref->seq < threads->oldest) {
            continue;
        }

        node = ngx_openai_threads_find(threads, ref->seq);

        if (node != NULL) {
            node->listed = threads->listed;
            continue;
        }

        /* listing may take longer than a slice, so one record is added in
           any case */

        if (added && ngx_openai_clock_us() >= stop) {
            return NGX_AGAIN;
        }

        rc = ngx_openai_threads_add(threads, ref);
        added = 1;

        if (rc == NGX_ERROR) {
            threads->at = threads->nrefs;
            return NGX_ERROR;
        }

        if (rc == NGX_AGAIN) {
            threads->late = 1;
        }
    }

    ngx_openai_threads_forget(threads, threads->oldest);

    if (threads->whole) {
        ngx_openai_threads_sweep(threads);
    }

    threads->looked = threads->listed;
    threads->changes = threads->upto;

    return NGX_OK;
}


const ngx_openai_thread_t *
ngx_openai_threads_get(ngx_openai_threads_t *threads, uint64_t seq)
{
    ngx_openai_node_t  *node;

    node = ngx_openai_threads_find(threads, seq);

    return (node != NULL && node->thread.id[0]) ? &node->thread : NULL;
}


static ngx_openai_node_t *
ngx_openai_threads_find(ngx_openai_threads_t *threads, uint64_t seq)
{
    ngx_openai_node_t  *node;

    node = threads->buckets[seq & (NGX_OPENAI_THREADS_BUCKETS - 1)];

    while (node != NULL && node->seq != seq) {
        node = node->next;
    }

    return node;
}


static ngx_int_t
ngx_openai_threads_add(ngx_openai_threads_t *threads,
    const ngx_openai_ref_t *ref)
{
    int                   rc;
    size_t                size;
    ngx_int_t             loaded;
    openai_thread_t       *chain;
    openai_exchange_t     all;
    ngx_openai_node_t    *node;
    ngx_openai_record_t  *rec;

    rec = &threads->rec;
    chain = &threads->chain;

    if (ngx_openai_reader_record(threads->zone, ref, rec) != NGX_OK) {
        return NGX_OK;
    }

    if (rec->outcome == NGX_OPENAI_RUNNING && rec->request_us < 0) {
        return NGX_AGAIN;
    }

    ngx_openai_read_set(threads->record, ref, rec);

    loaded = ngx_openai_read_request(threads->record, &all);

    rc = (loaded == NGX_OK) ? openai_thread(chain, &all) : OPENAI_ERROR;

    ngx_openai_read_reset(threads->record);

    if (loaded == NGX_ERROR || rc == OPENAI_NOMEM) {
        return NGX_ERROR;
    }

    if (rc != OPENAI_OK) {
        chain->messages = 0;
        chain->kept = 0;
    }

    size = offsetof(openai_thread_t, prefix) + chain->kept * sizeof(uint64_t);

    node = ngx_calloc(offsetof(ngx_openai_node_t, chain) + size,
                      ngx_cycle->log);
    if (node == NULL) {
        return NGX_ERROR;
    }

    node->seq = rec->seq;
    node->listed = threads->listed;
    ngx_memcpy(node->id, rec->id, sizeof(node->id));
    ngx_memcpy(node->session, rec->facts.session, sizeof(node->session));
    ngx_memcpy(&node->chain, chain, size);

    if (chain->messages) {
        ngx_openai_threads_link(threads, node);
    }

    ngx_openai_threads_insert(threads, node);

    return NGX_OK;
}


static void
ngx_openai_threads_insert(ngx_openai_threads_t *threads,
    ngx_openai_node_t *node)
{
    ngx_uint_t  i;

    i = node->seq & (NGX_OPENAI_THREADS_BUCKETS - 1);

    node->next = threads->buckets[i];
    threads->buckets[i] = node;

    ngx_queue_insert_head(&threads->nodes, &node->queue);
    threads->nnodes++;
}


/* the parent is the record with the most common messages; of equals, the
   newest */

static void
ngx_openai_threads_link(ngx_openai_threads_t *threads,
    ngx_openai_node_t *node)
{
    uint32_t            first;
    ngx_uint_t          n, common, most;
    ngx_queue_t        *q;
    openai_change_t     change;
    ngx_openai_node_t  *before, *parent;

    parent = NULL;
    most = 0;
    n = 0;

    for (q = ngx_queue_head(&threads->nodes);
         q != ngx_queue_sentinel(&threads->nodes)
         && n++ < NGX_OPENAI_THREADS_NEAR;
         q = ngx_queue_next(q))
    {
        before = ngx_queue_data(q, ngx_openai_node_t, queue);

        if (before->chain.messages == 0 || before->seq > node->seq) {
            continue;
        }

        common = ngx_openai_threads_common(&before->chain, &node->chain);

        if ((parent == NULL || common > most)
            && ngx_openai_threads_related(node, before, common))
        {
            parent = before;
            most = common;
        }
    }

    change = openai_thread_compare(parent ? &parent->chain : NULL,
                                  &node->chain, &first);

    (void) openai_change_text(node->thread.change,
                              sizeof(node->thread.change), change, first);

    ngx_memcpy(node->thread.id, parent ? parent->thread.id : node->id,
               sizeof(node->id));

    if (parent) {
        ngx_memcpy(node->thread.parent, parent->id, sizeof(node->id));
    }
}


ngx_uint_t
ngx_openai_threads_common(const openai_thread_t *one,
    const openai_thread_t *two)
{
    ngx_uint_t  low, high, middle;

    /* Each hash covers all messages up to its own, so chains that differ
       once differ from there on. For long conversations the first half of
       prefix[] is enough to rank them. */

    low = 0;
    high = ngx_min(one->kept, two->kept);

    if (one->kept < one->messages || two->kept < two->messages) {
        high = ngx_min(high, OPENAI_THREAD_KEPT / 2);
    }

    while (low < high) {
        middle = (low + high) / 2;

        if (one->prefix[middle] == two->prefix[middle]) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


/* A common system prompt alone makes no conversation, and neither does a
   first message that two conversations share. */

static ngx_uint_t
ngx_openai_threads_related(const ngx_openai_node_t *node,
    const ngx_openai_node_t *before, ngx_uint_t common)
{
    if (node->session[0] && before->session[0]) {
        return ngx_strcmp(node->session, before->session) == 0;
    }

    /* 1 when the first message is a system message */

    if (common == 0 || node->chain.prefix[common - 1] == common) {
        return 0;
    }

    return 2 * common >= before->chain.kept;
}


/* mostly sorted already, because records are added in their order */

static void
ngx_openai_threads_forget(ngx_openai_threads_t *threads, uint64_t oldest)
{
    ngx_queue_t        *q, *prev;
    ngx_openai_node_t  *node;

    for (q = ngx_queue_last(&threads->nodes);
         q != ngx_queue_sentinel(&threads->nodes);
         q = prev)
    {
        prev = ngx_queue_prev(q);
        node = ngx_queue_data(q, ngx_openai_node_t, queue);

        if (node->seq >= oldest) {
            break;
        }

        ngx_openai_threads_free(threads, node);
    }
}


static void
ngx_openai_threads_sweep(ngx_openai_threads_t *threads)
{
    ngx_queue_t        *q, *next;
    ngx_openai_node_t  *node;

    for (q = ngx_queue_head(&threads->nodes);
         q != ngx_queue_sentinel(&threads->nodes);
         q = next)
    {
        next = ngx_queue_next(q);
        node = ngx_queue_data(q, ngx_openai_node_t, queue);

        if (node->listed != threads->listed) {
            ngx_openai_threads_free(threads, node);
        }
    }
}


static void
ngx_openai_threads_free(ngx_openai_threads_t *threads, ngx_openai_node_t *node)
{
    ngx_openai_node_t  **link;

    link = &threads->buckets[node->seq & (NGX_OPENAI_THREADS_BUCKETS - 1)];

    while (*link != node) {
        link = &(*link)->next;
    }

    *link = node->next;

    ngx_queue_remove(&node->queue);
    threads->nnodes--;
    ngx_free(node);
}
