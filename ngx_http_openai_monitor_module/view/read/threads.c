
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Which record continues which: see threads.h. The list, the detail, the
 * exports and the live feed call this.
 *
 * Each worker remembers the hashes and the ids of the records that it has seen.
 * digest/thread/run.c tells whether a new record continues an earlier one; of
 * several it continues the one with which it shares the most messages.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/answer/clock.h"
#include "view/read/answers.h"
#include "view/read/record.h"
#include "view/read/threads.h"


#define NGX_OPENAI_THREADS_MAX      4096    /* records to remember */
#define NGX_OPENAI_THREADS_BUCKETS  4096    /* a power of two */
#define NGX_OPENAI_THREADS_NEAR     1024    /* searched for a parent */
#define NGX_OPENAI_THREADS_TIED     8       /* parents to choose among */
#define NGX_OPENAI_THREADS_READ     8       /* answers to read for a record */


typedef struct ngx_openai_node_s  ngx_openai_node_t;

struct ngx_openai_node_s {
    ngx_queue_t             queue;          /* newest first */
    ngx_openai_node_t      *next;           /* in its bucket */
    uint64_t                seq;
    uint64_t                listed;         /* when it was last listed */
    ngx_openai_ref_t        ref;
    char                    id[NGX_OPENAI_ID_LEN + 1];
    char                    key[16];
    ngx_openai_thread_t     thread;         /* id "": no conversation */
    openai_run_t            run;

    /* of the answer: final once "settled" */
    uint64_t                response;       /* the hash of its id */
    unsigned                settled:1;
    unsigned                failed:1;       /* the client may ask again */
    unsigned                starts:1;       /* it may start a sub-agent */

    openai_thread_t         chain;          /* cut after what is kept */
};


/* the search for a parent */

typedef struct {
    openai_side_t           side;           /* of the new record */
    openai_exchange_t      *request;
    ngx_int_t               retry;
    ngx_uint_t              read;           /* answers so far */

    ngx_openai_node_t      *tied[NGX_OPENAI_THREADS_TIED];
    ngx_uint_t              ntied;
    openai_link_t           link;
    ngx_uint_t              common;
    uint64_t                score;
} ngx_openai_kin_t;


struct ngx_openai_threads_s {
    ngx_queue_t          queue;             /* in the queue of all zones */
    ngx_pool_t          *pool;
    uint64_t             key;               /* of the zone */
    ngx_openai_zone_t   *zone;
    ngx_openai_read_t   *record;
    ngx_openai_record_t  rec;
    openai_thread_t      chain;
    openai_run_t         run;
    ngx_openai_answers_t
                        *answers;

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
    ngx_openai_node_t *node, openai_exchange_t *request, ngx_int_t retry);
static void ngx_openai_threads_weigh(ngx_openai_threads_t *threads,
    ngx_openai_kin_t *kin, ngx_openai_node_t *before);
static ngx_openai_node_t *ngx_openai_threads_choose(
    ngx_openai_threads_t *threads, ngx_openai_kin_t *kin);
static ngx_openai_node_t *ngx_openai_threads_caller(
    ngx_openai_threads_t *threads, ngx_openai_kin_t *kin,
    ngx_openai_node_t *node);
static ngx_uint_t ngx_openai_threads_started(ngx_openai_threads_t *threads,
    ngx_openai_kin_t *kin, ngx_openai_node_t *before);
static ngx_openai_node_t *ngx_openai_threads_fellow(
    ngx_openai_threads_t *threads, ngx_openai_kin_t *kin,
    ngx_openai_node_t *node);
static void ngx_openai_threads_settle(ngx_openai_threads_t *threads,
    ngx_openai_node_t *node);
static void ngx_openai_threads_know(ngx_openai_node_t *node,
    const ngx_openai_record_t *rec);
static void ngx_openai_threads_side(openai_side_t *side,
    const ngx_openai_node_t *node);
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
            ngx_openai_answers_zone(threads->answers, zone);
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

    threads->answers = ngx_openai_answers_create(pool, zone, body_max);
    if (threads->answers == NULL) {
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

    rc = (loaded == NGX_OK) ? openai_thread_run(chain, &threads->run, &all)
                            : OPENAI_ERROR;

    if (loaded == NGX_ERROR || rc == OPENAI_NOMEM) {
        goto failed;
    }

    if (rc != OPENAI_OK) {
        chain->messages = 0;
        chain->kept = 0;
    }

    size = offsetof(openai_thread_t, prefix) + chain->kept * sizeof(uint64_t);

    node = ngx_calloc(offsetof(ngx_openai_node_t, chain) + size,
                      ngx_cycle->log);
    if (node == NULL) {
        goto failed;
    }

    node->seq = rec->seq;
    node->ref = *ref;
    node->listed = threads->listed;
    node->run = threads->run;
    ngx_memcpy(node->id, rec->id, sizeof(node->id));
    ngx_memcpy(node->key, rec->key, sizeof(node->key));
    ngx_memcpy(&node->chain, chain, size);

    ngx_openai_threads_know(node, rec);

    if (chain->messages) {
        ngx_openai_threads_link(threads, node, &all, rec->facts.retry);
    }

    ngx_openai_threads_insert(threads, node);
    ngx_openai_read_reset(threads->record);

    return NGX_OK;

failed:

    ngx_openai_read_reset(threads->record);

    return NGX_ERROR;
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


/* A record without a parent begins a conversation.  That is a sub-agent's when
   another record has called it; otherwise it may be of a session. */

static void
ngx_openai_threads_link(ngx_openai_threads_t *threads,
    ngx_openai_node_t *node, openai_exchange_t *request, ngx_int_t retry)
{
    uint32_t              first;
    ngx_uint_t            n;
    ngx_queue_t          *q;
    openai_side_t         prev;
    openai_change_t       change;
    ngx_openai_kin_t      kin;
    ngx_openai_node_t    *before, *parent, *relative;
    ngx_openai_thread_t  *thread;

    ngx_memzero(&kin, sizeof(ngx_openai_kin_t));

    ngx_openai_threads_side(&kin.side, node);
    kin.request = request;
    kin.retry = retry;

    n = 0;

    for (q = ngx_queue_head(&threads->nodes);
         q != ngx_queue_sentinel(&threads->nodes)
         && n++ < NGX_OPENAI_THREADS_NEAR
         && kin.link != OPENAI_LINK_PREVIOUS;
         q = ngx_queue_next(q))
    {
        before = ngx_queue_data(q, ngx_openai_node_t, queue);

        if (before->chain.messages && before->seq < node->seq) {
            ngx_openai_threads_weigh(threads, &kin, before);
        }
    }

    parent = ngx_openai_threads_choose(threads, &kin);
    thread = &node->thread;

    if (parent) {
        ngx_openai_threads_side(&prev, parent);
    }

    change = openai_run_change(parent ? &prev : NULL, &kin.side, kin.link,
                               &first);

    (void) openai_change_text(thread->change, sizeof(thread->change), change,
                              first);

    thread->fresh = node->chain.messages;

    if (node->run.flags & OPENAI_RUN_UTILITY) {
        thread->role = NGX_OPENAI_ROLE_UTILITY;
    }

    ngx_memcpy(thread->id, node->id, sizeof(node->id));
    ngx_memcpy(thread->run, node->id, sizeof(node->id));

    if (parent) {
        thread->fresh -= openai_thread_common(prev.thread, kin.side.thread);

        ngx_memcpy(thread->id, parent->thread.id, sizeof(node->id));
        ngx_memcpy(thread->parent, parent->id, sizeof(node->id));
        ngx_memcpy(thread->run, parent->thread.run, sizeof(node->id));

        if (thread->role != NGX_OPENAI_ROLE_UTILITY) {
            thread->role = parent->thread.role;
        }

        return;
    }

    relative = NULL;

    if (thread->role != NGX_OPENAI_ROLE_UTILITY) {
        relative = ngx_openai_threads_caller(threads, &kin, node);

        if (relative || (node->run.flags & OPENAI_RUN_AGENT)) {
            thread->role = NGX_OPENAI_ROLE_AGENT;
        }

        if (relative) {
            ngx_memcpy(thread->caller, relative->id, sizeof(node->id));
        }
    }

    if (relative == NULL) {
        relative = ngx_openai_threads_fellow(threads, &kin, node);
    }

    if (relative) {
        ngx_memcpy(thread->run, relative->thread.run, sizeof(node->id));
    }
}


/* keeps the best parents so far, the newest first */

static void
ngx_openai_threads_weigh(ngx_openai_threads_t *threads, ngx_openai_kin_t *kin,
    ngx_openai_node_t *before)
{
    uint64_t                score;
    ngx_uint_t              common;
    openai_link_t           link;
    openai_side_t           prev;
    const openai_thread_t  *next;

    if (kin->side.run->previous) {
        ngx_openai_threads_settle(threads, before);
    }

    ngx_openai_threads_side(&prev, before);

    next = kin->side.thread;
    common = ngx_openai_threads_common(prev.thread, next);
    link = openai_run_link(&prev, &kin->side, common);

    if (link == OPENAI_LINK_NONE) {
        return;
    }

    score = (uint64_t) link << 40;

    if (link >= OPENAI_LINK_AGAIN && link <= OPENAI_LINK_MESSAGES) {
        score = (uint64_t) OPENAI_LINK_MESSAGES << 40
                | (uint64_t) common << 3
                | (uint64_t) (prev.thread->system == next->system) << 2
                | (uint64_t) (prev.thread->tools == next->tools) << 1
                | (uint64_t) (prev.thread->settings == next->settings);
    }

    if (score < kin->score
        || (score == kin->score && kin->ntied == NGX_OPENAI_THREADS_TIED))
    {
        return;
    }

    /* an agent that has its answer does not ask again: that is another run */

    if (link == OPENAI_LINK_AGAIN && next->tools && kin->retry <= 0) {
        ngx_openai_threads_settle(threads, before);

        if (!before->failed) {
            return;
        }
    }

    if (link == OPENAI_LINK_ANSWER
        && (kin->read++ >= NGX_OPENAI_THREADS_READ
            || !ngx_openai_answers_in(threads->answers, &before->ref,
                                      threads->record, kin->request)))
    {
        return;
    }

    if (score > kin->score) {
        kin->ntied = 0;
        kin->score = score;
        kin->link = link;
        kin->common = common;
    }

    kin->tied[kin->ntied++] = before;
}


/* of requests that began alike, the parent is the one whose answer is in the
   next request */

static ngx_openai_node_t *
ngx_openai_threads_choose(ngx_openai_threads_t *threads, ngx_openai_kin_t *kin)
{
    ngx_uint_t  i;

    if (kin->ntied > 1 && kin->link == OPENAI_LINK_MESSAGES
        && kin->common < kin->side.thread->messages)
    {
        for (i = 0; i < kin->ntied; i++) {

            if (ngx_openai_answers_in(threads->answers, &kin->tied[i]->ref,
                                      threads->record, kin->request))
            {
                return kin->tied[i];
            }
        }
    }

    return kin->ntied ? kin->tied[0] : NULL;
}


/* the record whose call started the sub-agent that sends this request: a
   header names its thread, or the prompt of the call is the first message */

static ngx_openai_node_t *
ngx_openai_threads_caller(ngx_openai_threads_t *threads, ngx_openai_kin_t *kin,
    ngx_openai_node_t *node)
{
    uint64_t            caller;
    ngx_uint_t          n;
    ngx_queue_t        *q;
    ngx_openai_node_t  *before, *likely;

    n = 0;
    likely = NULL;
    caller = node->run.caller;

    for (q = ngx_queue_head(&threads->nodes);
         q != ngx_queue_sentinel(&threads->nodes)
         && n++ < NGX_OPENAI_THREADS_NEAR;
         q = ngx_queue_next(q))
    {
        before = ngx_queue_data(q, ngx_openai_node_t, queue);

        if (before->chain.messages == 0 || before->seq > node->seq
            || before->thread.role == NGX_OPENAI_ROLE_UTILITY)
        {
            continue;
        }

        if (caller) {

            if (before->run.thread != caller && before->run.session != caller)
            {
                continue;
            }

        } else if (!ngx_openai_threads_started(threads, kin, before)) {
            continue;
        }

        ngx_openai_threads_settle(threads, before);

        if (!before->starts) {
            likely = (caller && likely == NULL) ? before : likely;
            continue;
        }

        if (kin->read++ < NGX_OPENAI_THREADS_READ
            && ngx_openai_answers_asks(threads->answers, &before->ref,
                                       threads->record, kin->request))
        {
            return before;
        }

        if (likely == NULL && (node->run.flags & OPENAI_RUN_AGENT)) {
            likely = before;
        }
    }

    return likely;
}


/* the two may be caller and sub-agent, by their ids */

static ngx_uint_t
ngx_openai_threads_started(ngx_openai_threads_t *threads,
    ngx_openai_kin_t *kin, ngx_openai_node_t *before)
{
    openai_side_t  prev;

    ngx_openai_threads_side(&prev, before);

    if (prev.run->session || kin->side.run->session) {
        return openai_run_same(&prev, &kin->side);
    }

    return ngx_strcmp(prev.key, kin->side.key) == 0;
}


/* the newest record of the same session */

static ngx_openai_node_t *
ngx_openai_threads_fellow(ngx_openai_threads_t *threads, ngx_openai_kin_t *kin,
    ngx_openai_node_t *node)
{
    ngx_queue_t        *q;
    openai_side_t       prev;
    ngx_openai_node_t  *before;

    if (node->run.session == 0) {
        return NULL;
    }

    for (q = ngx_queue_head(&threads->nodes);
         q != ngx_queue_sentinel(&threads->nodes);
         q = ngx_queue_next(q))
    {
        before = ngx_queue_data(q, ngx_openai_node_t, queue);

        ngx_openai_threads_side(&prev, before);

        if (before->chain.messages && openai_run_same(&prev, &kin->side)) {
            return before;
        }
    }

    return NULL;
}


/* reads what the answer tells, until the record has ended */

static void
ngx_openai_threads_settle(ngx_openai_threads_t *threads,
    ngx_openai_node_t *node)
{
    const ngx_openai_record_t  *rec;

    if (node->settled) {
        return;
    }

    rec = ngx_openai_answers_record(threads->answers, &node->ref);

    if (rec) {
        ngx_openai_threads_know(node, rec);
    }
}


static void
ngx_openai_threads_know(ngx_openai_node_t *node,
    const ngx_openai_record_t *rec)
{
    const openai_facts_t  *facts;

    facts = &rec->facts;

    node->response = openai_run_id(facts->response_id,
                                   ngx_strlen(facts->response_id));
    node->starts = openai_run_starts_agent(facts->tool_names);
    node->failed = (rec->outcome != NGX_OPENAI_OK
                    && rec->outcome != NGX_OPENAI_RUNNING);
    node->settled = (rec->outcome != NGX_OPENAI_RUNNING);
}


static void
ngx_openai_threads_side(openai_side_t *side, const ngx_openai_node_t *node)
{
    side->thread = &node->chain;
    side->run = &node->run;
    side->key = node->key;
    side->response = node->response;
    side->child = node->thread.parent[0] != '\0';
}


const char *
ngx_openai_role_name(ngx_uint_t role)
{
    static const char *const  names[] = { "main", "agent", "utility" };

    return names[role];
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
