
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/ngx_openai_clock.h"
#include "view/ngx_openai_exchange.h"
#include "view/ngx_openai_threads.h"


#define NGX_OPENAI_THREADS_MAX      4096    /* records that are remembered */
#define NGX_OPENAI_THREADS_BUCKETS  4096    /* a power of two */
#define NGX_OPENAI_THREADS_NEAR     1024    /* records a parent is sought in */


typedef struct ngx_openai_node_s  ngx_openai_node_t;

struct ngx_openai_node_s {
    ngx_queue_t             queue;          /* newest first */
    ngx_openai_node_t      *next;           /* in its bucket */
    uint64_t                seq;
    uint64_t                settings;
    uint64_t                tools;
    uint64_t                system;
    uint32_t                messages;       /* 0: no conversation */
    uint32_t                kept;
    char                    id[NGX_OPENAI_ID_LEN + 1];
    char                    session[80];
    ngx_openai_thread_t     thread;
    uint64_t                prefix[1];      /* kept of them */
};


struct ngx_openai_threads_s {
    ngx_queue_t             queue;          /* of all zones' threads */
    ngx_openai_shared_t    *sh;
    ngx_openai_zone_t      *zone;
    ngx_openai_exchange_t  *exchange;
    ngx_openai_record_t     rec;
    openai_chain_t          chain;
    openai_chain_t          from;           /* the parent's, but prefix[] */

    ngx_openai_ref_t       *refs;
    ngx_uint_t              max;
    uint64_t                changes;        /* up to which all is known */

    ngx_queue_t             nodes;
    ngx_uint_t              nnodes;
    ngx_openai_node_t      *buckets[NGX_OPENAI_THREADS_BUCKETS];
};


static ngx_openai_threads_t *ngx_openai_threads_create(
    ngx_openai_zone_t *zone, size_t body_max);
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


/* of this worker, one for each zone; they live as long as it does */

static ngx_queue_t  ngx_openai_all_threads;


ngx_openai_threads_t *
ngx_openai_threads(ngx_openai_zone_t *zone, size_t body_max)
{
    ngx_queue_t           *q, *all;
    ngx_openai_threads_t  *threads;

    all = &ngx_openai_all_threads;

    if (all->next == NULL) {
        ngx_queue_init(all);
    }

    for (q = ngx_queue_head(all); q != ngx_queue_sentinel(all);
         q = ngx_queue_next(q))
    {
        threads = ngx_queue_data(q, ngx_openai_threads_t, queue);

        if (threads->sh == zone->sh) {
            threads->zone = zone;
            threads->exchange->zone = zone;
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

    threads->sh = zone->sh;
    threads->zone = zone;
    threads->max = zone->entries;

    threads->refs = ngx_palloc(pool, threads->max * sizeof(ngx_openai_ref_t));
    if (threads->refs == NULL) {
        goto failed;
    }

    threads->exchange = ngx_openai_exchange_create(pool, zone, body_max);
    if (threads->exchange == NULL) {
        goto failed;
    }

    ngx_queue_init(&threads->nodes);

    return threads;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


ngx_int_t
ngx_openai_threads_update(ngx_openai_threads_t *threads, uint64_t stop)
{
    uint64_t           changes;
    ngx_int_t          rc;
    ngx_uint_t         i, n;
    ngx_openai_ref_t  *refs;

    changes = ngx_openai_zone_changes(threads->zone);

    if (changes == threads->changes) {
        return NGX_OK;
    }

    refs = threads->refs;
    n = ngx_openai_reader_list(threads->zone, refs, threads->max);
    n = ngx_min(n, NGX_OPENAI_THREADS_MAX);

    /* what is continued comes before what continues it */

    for (i = n; i-- > 0; /* void */ ) {

        if (ngx_openai_threads_find(threads, refs[i].seq) != NULL) {
            continue;
        }

        if (ngx_openai_clock_us() >= stop) {
            return NGX_AGAIN;
        }

        rc = ngx_openai_threads_add(threads, &refs[i]);

        if (rc == NGX_ERROR) {
            return NGX_OK;
        }

        /* the request of a running record may still be on its way */

        if (rc == NGX_AGAIN) {
            changes = 0;
        }
    }

    ngx_openai_threads_forget(threads, n ? refs[n - 1].seq : UINT64_MAX);

    threads->changes = changes;

    return NGX_OK;
}


const ngx_openai_thread_t *
ngx_openai_threads_get(ngx_openai_threads_t *threads, uint64_t seq)
{
    ngx_openai_node_t  *node;

    node = ngx_openai_threads_find(threads, seq);

    return (node != NULL && node->messages) ? &node->thread : NULL;
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
    uint32_t              kept;
    openai_chain_t       *chain;
    openai_exchange_t     all;
    ngx_openai_node_t    *node;
    ngx_openai_record_t  *rec;

    rec = &threads->rec;
    chain = &threads->chain;
    kept = 0;

    if (ngx_openai_reader_record(threads->zone, ref, rec) != NGX_OK) {
        return NGX_OK;
    }

    if (rec->outcome == NGX_OPENAI_RUNNING && rec->request_us < 0) {
        return NGX_AGAIN;
    }

    ngx_openai_exchange_set(threads->exchange, ref, rec);

    if (ngx_openai_exchange_request(threads->exchange, &all) != NGX_OK
        || openai_chain(chain, &all) != OPENAI_OK)
    {
        chain->messages = 0;

    } else {
        kept = ngx_min(chain->kept, 256);
    }

    ngx_openai_exchange_reset(threads->exchange);

    node = ngx_calloc(sizeof(ngx_openai_node_t) + kept * sizeof(uint64_t),
                      ngx_cycle->log);
    if (node == NULL) {
        return NGX_ERROR;
    }

    node->seq = rec->seq;
    ngx_memcpy(node->id, rec->id, sizeof(node->id));

    if (kept) {
        node->messages = chain->messages;
        node->kept = kept;
        node->settings = chain->settings;
        node->tools = chain->tools;
        node->system = chain->system;
        ngx_memcpy(node->prefix, chain->prefix, kept * sizeof(uint64_t));
        ngx_memcpy(node->session, rec->facts.session, sizeof(node->session));

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


/* the parent is who shares the most messages, the newest of equals */

static void
ngx_openai_threads_link(ngx_openai_threads_t *threads,
    ngx_openai_node_t *node)
{
    ngx_uint_t          n, common, most;
    ngx_queue_t        *q;
    openai_chain_t     *from;
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

        if (before->messages == 0 || before->seq > node->seq) {
            continue;
        }

        common = ngx_openai_threads_common(before->prefix, before->kept,
                                           node->prefix, node->kept);

        if ((parent == NULL || common > most)
            && ngx_openai_threads_related(node, before, common))
        {
            parent = before;
            most = common;
        }
    }

    if (parent == NULL) {
        ngx_memcpy(node->thread.id, node->id, sizeof(node->id));
        ngx_memcpy(node->thread.change, "initial", sizeof("initial"));
        return;
    }

    ngx_memcpy(node->thread.id, parent->thread.id, sizeof(node->id));
    ngx_memcpy(node->thread.parent, parent->id, sizeof(node->id));

    from = &threads->from;
    from->settings = parent->settings;
    from->tools = parent->tools;
    from->system = parent->system;
    from->messages = parent->messages;

    ngx_openai_threads_change(node->thread.change,
                              sizeof(node->thread.change), from,
                              &threads->chain, most);
}


ngx_uint_t
ngx_openai_threads_common(const uint64_t *one, ngx_uint_t n,
    const uint64_t *two, ngx_uint_t m)
{
    ngx_uint_t  low, high, middle;

    /* each hash stands for all before it: once they differ, they do for good */

    low = 0;
    high = ngx_min(n, m);

    if (high == 0 || one[0] != two[0]) {
        return 0;
    }

    while (low < high) {
        middle = (low + high) / 2;

        if (one[middle] == two[middle]) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


/* sharing a first message alone makes no conversation, unless that was all */

static ngx_uint_t
ngx_openai_threads_related(const ngx_openai_node_t *node,
    const ngx_openai_node_t *before, ngx_uint_t common)
{
    if (node->session[0] && before->session[0]) {
        return ngx_strcmp(node->session, before->session) == 0;
    }

    return common != 0
           && (common == before->kept
               || (common >= 2 && 2 * common >= before->kept));
}


void
ngx_openai_threads_change(char *text, size_t size,
    const openai_chain_t *from, const openai_chain_t *to, ngx_uint_t common)
{
    u_char      *p, *last;
    ngx_uint_t   settings, tools, system, cut;

    p = (u_char *) text;
    last = p + size - 1;

    settings = (from->settings != to->settings);
    tools = (from->tools != to->tools);
    system = (from->system != to->system);

    /* of very long conversations only the first messages can be compared */

    cut = (common < from->messages && common < 256);

    if (settings || tools || system) {
        p = ngx_slprintf(p, last, "%s%s%s%s%s changed",
                         settings ? "settings" : "",
                         settings && (tools || system) ? ", " : "",
                         tools ? "tools" : "",
                         tools && system ? ", " : "",
                         system ? "system" : "");

        if (cut) {
            p = ngx_slprintf(p, last, ", ");
        }
    }

    if (cut) {
        p = ngx_slprintf(p, last, "changed at message %ui", common + 1);

    } else if (p == (u_char *) text) {
        p = ngx_slprintf(p, last, "%s", from->messages < to->messages
                                        ? "append-only" : "identical");
    }

    *p = '\0';
}


static void
ngx_openai_threads_forget(ngx_openai_threads_t *threads, uint64_t oldest)
{
    ngx_queue_t         *q, *prev;
    ngx_openai_node_t   *node, **link;

    for (q = ngx_queue_last(&threads->nodes);
         q != ngx_queue_sentinel(&threads->nodes);
         q = prev)
    {
        prev = ngx_queue_prev(q);
        node = ngx_queue_data(q, ngx_openai_node_t, queue);

        if (node->seq >= oldest) {
            continue;
        }

        link = &threads->buckets[node->seq & (NGX_OPENAI_THREADS_BUCKETS - 1)];

        while (*link != node) {
            link = &(*link)->next;
        }

        *link = node->next;

        ngx_queue_remove(q);
        threads->nnodes--;
        ngx_free(node);
    }
}
