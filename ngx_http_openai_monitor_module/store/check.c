
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Checks a zone that comes from a file, before anybody uses it.  setup.c calls
 * it.  Processes that were killed, a disk that lost data, or a person may have
 * left anything in the file.
 *
 * After the check each index and length is in bounds, and each string ends.
 * The check drops the records that are not whole.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <math.h>

#include "store/shared.h"


#define NGX_OPENAI_SANE_MS    ((uint64_t) 1 << 47)     /* fits in an id */
#define NGX_OPENAI_SANE_US    ((int64_t) 1 << 52)
#define NGX_OPENAI_SANE_SEQ   ((uint64_t) 1 << 48)

#define ngx_openai_end(s)     (s)[sizeof(s) - 1] = '\0'


static void ngx_openai_check_undo(ngx_openai_shared_t *sh);
static ngx_uint_t ngx_openai_check_entry(ngx_openai_shared_t *sh,
    uint32_t slot);
static void ngx_openai_check_record(ngx_openai_record_t *rec);
static void ngx_openai_check_facts(openai_facts_t *facts);
static void ngx_openai_check_us(int64_t *us);
static void ngx_openai_check_token(uint64_t *us);
static void ngx_openai_check_chain(ngx_openai_shared_t *sh,
    ngx_openai_extent_t *x, ngx_uint_t extent);
static void ngx_openai_check_kept(ngx_openai_entry_t *e,
    ngx_openai_record_t *rec);
static void ngx_openai_check_stats(ngx_openai_shared_t *sh);
static ngx_uint_t ngx_openai_check_totals(const ngx_openai_totals_t *t);
static ngx_uint_t ngx_openai_check_hist(const uint32_t *buckets,
    uint64_t wanted);
static void ngx_openai_check_recount(ngx_openai_shared_t *sh);
static uint64_t ngx_openai_check_ended(ngx_openai_shared_t *sh,
    ngx_openai_entry_t *e);


const char *
ngx_openai_check_head(const ngx_openai_head_t *head)
{
    ngx_openai_head_t  own;

    if (head->magic != NGX_OPENAI_MAGIC) {
        return "is not a history";
    }

    if (head->layout != NGX_OPENAI_LAYOUT
        || head->shared_size != sizeof(ngx_openai_shared_t)
        || head->entry_size != sizeof(ngx_openai_entry_t))
    {
        return "has another layout";
    }

    if (head->seal != ngx_openai_zone_seal(head) || head->entries == 0
        || head->entries > head->size / sizeof(ngx_openai_entry_t)
        || head->size > ((uint64_t) 1 << 44))
    {
        return "is damaged";
    }

    ngx_openai_zone_layout(&own, head->size, head->entries);

    if (head->pages == 0 || head->pages != own.pages
        || head->reserve == 0 || head->reserve > NGX_OPENAI_RESERVE
        || head->index_off != own.index_off
        || head->entries_off != own.entries_off
        || head->next_off != own.next_off
        || head->bitmap_off != own.bitmap_off
        || head->pages_off != own.pages_off)
    {
        return "is damaged";
    }

    return NULL;
}


ngx_int_t
ngx_openai_check(ngx_openai_shared_t *sh)
{
    uint64_t              alive, now;
    uint32_t              slot;
    ngx_openai_entry_t   *e;

    if (ngx_openai_zone_mutex(sh) != NGX_OK) {
        return NGX_ERROR;
    }

    now = ngx_openai_now_ms();
    alive = sh->alive_ms;
    sh->alive_ms = (alive < now) ? alive : now;

    ngx_memzero(sh->processes, sizeof(sh->processes));
    ngx_memzero(ngx_openai_at(sh, bitmap_off), (sh->head.pages + 7) / 8);

    if (sh->seq > NGX_OPENAI_SANE_SEQ) {
        sh->seq = 0;
    }

    sh->order = 0;
    sh->clearing = 0;
    sh->high = ngx_min(sh->high, sh->head.pages);

    ngx_openai_check_undo(sh);

    for (slot = 0; slot < sh->head.entries; slot++) {
        e = ngx_openai_entry(sh, slot);

        if (!ngx_openai_check_entry(sh, slot)) {
            e->state = NGX_OPENAI_ENTRY_FREE;
            ngx_openai_index(sh)[slot].seq = 0;
            continue;
        }

        ngx_openai_check_record(&e->rec[e->version & 1]);

        if (e->state == NGX_OPENAI_ENTRY_RUNNING && !e->finished) {
            ngx_openai_heal_record(e, NGX_OPENAI_WORKER_DIED,
                                   ngx_openai_check_ended(sh, e));
            e->finished = 1;
        }

        ngx_openai_check_kept(e, &e->rec[e->version & 1]);
    }

    ngx_openai_rebuild(sh);

    if (sh->evicted > sh->seq - sh->records) {
        sh->evicted = 0;
    }

    sh->cleared = sh->seq - sh->records - sh->evicted;

    ngx_openai_check_stats(sh);
    ngx_openai_entry_settle(sh);

    return NGX_OK;
}


/* Puts back nothing but statistics. */

static void
ngx_openai_check_undo(ngx_openai_shared_t *sh)
{
    int64_t                  first, last, truncated, died;
    uint32_t                 n;
    ngx_openai_undo_t       *undo;
    ngx_openai_undo_part_t  *part;

    undo = &sh->undo;

    first = (u_char *) &sh->stats - (u_char *) undo;
    last = first + (int64_t) sizeof(ngx_openai_stats_t);
    truncated = (u_char *) &sh->truncated - (u_char *) undo;
    died = (u_char *) &sh->worker_died - (u_char *) undo;

    for (n = 0; n < ngx_min(undo->n, NGX_OPENAI_UNDO_PARTS); n++) {
        part = &undo->parts[n];

        if ((part->at == truncated || part->at == died)
            && part->size == sizeof(uint64_t))
        {
            /* void */

        } else if (part->at < first || part->at > last
                   || part->size > last - part->at)
        {
            break;
        }

        if (part->from > NGX_OPENAI_UNDO_BYTES
            || part->size > NGX_OPENAI_UNDO_BYTES - part->from)
        {
            break;
        }
    }

    if (n != undo->n || undo->slot >= sh->head.entries) {
        undo->n = 0;
    }

    ngx_openai_heal_stats(sh);
}


/* Returns 0 for an entry without a record, or with one that makes no sense. */

static ngx_uint_t
ngx_openai_check_entry(ngx_openai_shared_t *sh, uint32_t slot)
{
    char                  id[NGX_OPENAI_ID_LEN + 1];
    ngx_uint_t            i;
    ngx_openai_entry_t   *e;
    ngx_openai_index_t   *index;
    ngx_openai_record_t  *rec;

    e = ngx_openai_entry(sh, slot);
    index = &ngx_openai_index(sh)[slot];
    rec = &e->rec[e->version & 1];

    if ((e->state != NGX_OPENAI_ENTRY_RUNNING
         && e->state != NGX_OPENAI_ENTRY_DONE)
        || index->seq == 0 || index->seq > NGX_OPENAI_SANE_SEQ
        || index->seq != rec->seq || rec->started_ms >= NGX_OPENAI_SANE_MS)
    {
        return 0;
    }

    /* the id holds the record's time and number, so it tells of damage */

    ngx_openai_record_id(sh, rec, id);

    if (ngx_memcmp(id, rec->id, sizeof(id)) != 0) {
        return 0;
    }

    if (rec->outcome == NGX_OPENAI_RUNNING
        && (e->state == NGX_OPENAI_ENTRY_DONE || e->finished))
    {
        return 0;
    }

    e->order = ngx_min(e->order, NGX_OPENAI_SANE_SEQ);

    for (i = 0; i < NGX_OPENAI_EXTENTS; i++) {
        ngx_openai_check_chain(sh, &e->extents[i], i);
    }

    return 1;
}


static void
ngx_openai_check_record(ngx_openai_record_t *rec)
{
    ngx_uint_t  i;

    if (rec->flags & NGX_OPENAI_REC_BEGUN) {
        ngx_openai_record_rest(rec);
    }

    ngx_openai_end(rec->method);
    ngx_openai_end(rec->uri);
    ngx_openai_end(rec->host);
    ngx_openai_end(rec->client);
    ngx_openai_end(rec->key);
    ngx_openai_end(rec->price);
    ngx_openai_end(rec->partial);
    ngx_openai_end(rec->content_type);
    ngx_openai_end(rec->content_encoding);

    if (rec->outcome >= NGX_OPENAI_OUTCOMES) {
        rec->outcome = NGX_OPENAI_WORKER_DIED;
    }

    rec->nattempts = ngx_min(rec->nattempts, NGX_OPENAI_MAX_ATTEMPTS);

    for (i = 0; i < NGX_OPENAI_MAX_ATTEMPTS; i++) {
        ngx_openai_end(rec->attempts[i].peer);
    }

    ngx_openai_check_us(&rec->request_us);
    ngx_openai_check_us(&rec->header_us);
    ngx_openai_check_us(&rec->first_byte_us);
    ngx_openai_check_us(&rec->last_byte_us);
    ngx_openai_check_us(&rec->duration_us);

    if (!(rec->cost >= 0 && rec->cost < 1e9)) {
        rec->cost = OPENAI_UNKNOWN;
    }

    ngx_openai_check_facts(&rec->facts);
}


static void
ngx_openai_check_facts(openai_facts_t *facts)
{
    ngx_openai_end(facts->operation);
    ngx_openai_end(facts->provider);
    ngx_openai_end(facts->model);
    ngx_openai_end(facts->response_model);
    ngx_openai_end(facts->response_id);
    ngx_openai_end(facts->request_id);
    ngx_openai_end(facts->finish_reason);
    ngx_openai_end(facts->service_tier);
    ngx_openai_end(facts->tool_names);
    ngx_openai_end(facts->error_type);
    ngx_openai_end(facts->error_code);
    ngx_openai_end(facts->error_message);
    ngx_openai_end(facts->session);
    ngx_openai_end(facts->user);
    ngx_openai_end(facts->user_agent);
    ngx_openai_end(facts->agent);
    ngx_openai_end(facts->trace_id);
    ngx_openai_end(facts->span_id);
    ngx_openai_end(facts->title);

    ngx_openai_check_token(&facts->first_token_us);
    ngx_openai_check_token(&facts->last_token_us);
    ngx_openai_check_token(&facts->longest_gap_us);

    if (!(facts->usage.cost >= 0 && facts->usage.cost < 1e9)) {
        facts->usage.cost = OPENAI_UNKNOWN;
    }

    if (isinf(facts->temperature)) {
        facts->temperature = NAN;
    }
}


static void
ngx_openai_check_us(int64_t *us)
{
    if (*us < OPENAI_UNKNOWN || *us > NGX_OPENAI_SANE_US) {
        *us = OPENAI_UNKNOWN;
    }
}


static void
ngx_openai_check_token(uint64_t *us)
{
    if (*us > (uint64_t) NGX_OPENAI_SANE_US) {
        *us = 0;
    }
}


/*
 * Ends the chain at the first page that is out of range or in another chain.
 * Also drops pages behind the last byte: their owner died before it used them.
 */

static void
ngx_openai_check_chain(ngx_openai_shared_t *sh, ngx_openai_extent_t *x,
    ngx_uint_t extent)
{
    u_char    *bitmap, bit;
    uint32_t   page, last, n;
    uint64_t   need, paged;

    bitmap = ngx_openai_at(sh, bitmap_off);
    paged = ngx_openai_extent_paged(extent, x->bytes);
    need = paged / NGX_OPENAI_PAGE + (paged % NGX_OPENAI_PAGE != 0);
    last = NGX_OPENAI_NIL;

    for (page = x->first, n = 0; page < sh->head.pages && n < need; n++) {

        bit = (u_char) (1 << (page % 8));

        if (bitmap[page / 8] & bit) {
            break;
        }

        bitmap[page / 8] |= bit;
        last = page;
        page = ngx_openai_next(sh)[page];
    }

    if (n < need) {
        x->bytes = (uint64_t) n * NGX_OPENAI_PAGE + (x->bytes - paged);
    }

    x->head = (uint32_t) ngx_min(x->head, x->bytes);

    x->pages = n;
    x->last = last;

    if (n == 0) {
        x->first = NGX_OPENAI_NIL;

    } else {
        ngx_openai_next(sh)[last] = NGX_OPENAI_NIL;
    }
}


/* Corrects the sizes of the bodies to what the chains hold. */

static void
ngx_openai_check_kept(ngx_openai_entry_t *e, ngx_openai_record_t *rec)
{
    uint64_t  kept;

    kept = ngx_openai_chain_size(e, NGX_OPENAI_REQUEST_BODY);

    if (rec->request_kept != kept) {
        rec->request_kept = kept;
        rec->flags |= NGX_OPENAI_REC_REQUEST_CUT;
    }

    kept = ngx_openai_chain_size(e, NGX_OPENAI_RESPONSE_BODY);

    if (rec->response_kept != kept) {
        rec->response_kept = kept;
        rec->flags |= NGX_OPENAI_REC_RESPONSE_CUT;
    }
}


/* Returns the last sign of life: the last use of the lock, or the last piece of
   the answer.  Nobody knows when the processes died. */

static uint64_t
ngx_openai_check_ended(ngx_openai_shared_t *sh, ngx_openai_entry_t *e)
{
    u_char               *p;
    uint64_t              at, ended;
    ngx_openai_mark_t     mark;
    ngx_openai_extent_t  *x;

    x = &e->extents[NGX_OPENAI_EXTENT_MARKS];
    ended = e->rec[e->version & 1].started_ms;

    if (x->bytes >= sizeof(ngx_openai_mark_t)) {
        at = (x->bytes / sizeof(mark) - 1) * sizeof(mark);

        if (at < NGX_OPENAI_MARKS_HERE) {
            p = e->marks + at;

        } else {
            at = ngx_openai_extent_paged(NGX_OPENAI_EXTENT_MARKS, at);
            p = ngx_openai_page(sh, x->last) + (at & (NGX_OPENAI_PAGE - 1));
        }

        ngx_memcpy(&mark, p, sizeof(mark));
        ended += mark.at / 100;
    }

    return ngx_max(ended, sh->alive_ms);
}


/* Counts the records again when the sums do not agree. */

static void
ngx_openai_check_stats(ngx_openai_shared_t *sh)
{
    ngx_uint_t            i, n;
    ngx_openai_stats_t   *stats;
    ngx_openai_labels_t  *labels;

    stats = &sh->stats;

    stats->since_ms = ngx_min(stats->since_ms, ngx_openai_now_ms());

    ngx_openai_stats_settle(stats);

    if (!ngx_openai_check_totals(&stats->totals)) {
        ngx_openai_check_recount(sh);
        return;
    }

    for (i = 0; i < NGX_OPENAI_TABLES; i++) {
        for (n = 0; n < NGX_OPENAI_NAMES; n++) {
            ngx_openai_end(stats->names[i][n].name);
        }
    }

    for (i = 0; i < NGX_OPENAI_SERIES; i++) {
        labels = &stats->series[i].labels;

        ngx_openai_end(labels->operation);
        ngx_openai_end(labels->provider);
        ngx_openai_end(labels->model);
        ngx_openai_end(labels->response_model);
        ngx_openai_end(labels->error);
    }
}


static ngx_uint_t
ngx_openai_check_totals(const ngx_openai_totals_t *t)
{
    uint64_t    classes, outcomes;
    ngx_uint_t  i;

    classes = 0;
    outcomes = 0;

    for (i = 0; i < 6; i++) {
        classes += t->by_class[i];
    }

    for (i = 0; i < NGX_OPENAI_OUTCOMES; i++) {
        outcomes += t->by_outcome[i];
    }

    return t->sums.requests == classes && t->sums.requests == outcomes
           && ngx_openai_check_hist(t->duration, t->sums.timed)
           && ngx_openai_check_hist(t->ttft, t->flow.ttfts);
}


static ngx_uint_t
ngx_openai_check_hist(const uint32_t *buckets, uint64_t wanted)
{
    uint64_t    count;
    ngx_uint_t  i;

    count = 0;

    for (i = 0; i < NGX_OPENAI_HIST_BUCKETS; i++) {
        count += buckets[i];
    }

    return count == wanted;
}


static void
ngx_openai_check_recount(ngx_openai_shared_t *sh)
{
    uint32_t              slot;
    uint64_t              ended;
    ngx_openai_entry_t   *e;
    ngx_openai_record_t  *rec;

    ngx_openai_stats_init(&sh->stats, ngx_openai_now_ms());

    for (slot = sh->oldest; slot != NGX_OPENAI_NIL; slot = e->next) {

        e = ngx_openai_entry(sh, slot);
        rec = &e->rec[e->version & 1];

        ended = rec->started_ms;

        if (rec->duration_us > 0) {
            ended += rec->duration_us / 1000;
        }

        ngx_openai_stats_fold(&sh->stats, rec, ended, NULL);
    }
}
