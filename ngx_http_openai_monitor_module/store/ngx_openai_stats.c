
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/ngx_openai_fault.h"
#include "store/ngx_openai_stats.h"


#define ngx_openai_label(dst, src)                                           \
    ngx_openai_copy(dst, sizeof(dst), src, ngx_strlen(src))

/* a row that served less, or rested longer, may be given to a new name */
#define NGX_OPENAI_ROW_FEW     4
#define NGX_OPENAI_ROW_IDLE    3600

#define NGX_OPENAI_HINTS       64

/* apart from what every record passes */
#define ngx_openai_seldom      __attribute__((noinline, cold))


/* what one finished record adds, worked out once for all the places */

typedef struct {
    uint64_t            now;            /* seconds */
    ngx_openai_sums_t   sums;
    ngx_openai_flow_t   flow;
    ngx_uint_t          class;
    ngx_uint_t          outcome;
    unsigned            failed:1;
    unsigned            input_known:1;
    unsigned            output_known:1;

    ngx_openai_undo_t  *undo;
} ngx_openai_fold_t;


static void ngx_openai_fold_init(ngx_openai_fold_t *f,
    const ngx_openai_record_t *rec, uint64_t now_ms);
static void ngx_openai_fold_usage(ngx_openai_fold_t *f,
    const ngx_openai_record_t *rec);
static void ngx_openai_fold_now(ngx_openai_stats_t *stats,
    const ngx_openai_fold_t *f);
static void ngx_openai_now_end(ngx_openai_stats_t *stats,
    ngx_openai_undo_t *undo) ngx_openai_seldom;
static void ngx_openai_ring_add(ngx_openai_slice_t *slices, ngx_uint_t ring,
    const ngx_openai_slice_t *now, ngx_openai_undo_t *undo);
static void ngx_openai_fold_one(uint32_t *bucket, const ngx_openai_fold_t *f);
static void ngx_openai_fold_name(ngx_openai_stats_t *stats, ngx_uint_t table,
    const char *name, const ngx_openai_fold_t *f);
static ngx_inline ngx_openai_name_t *ngx_openai_name_find(
    ngx_openai_name_t *rows, ngx_uint_t table, const char *name, size_t len,
    const ngx_openai_fold_t *f);
static ngx_openai_name_t *ngx_openai_name_row(ngx_openai_name_t *rows,
    uint64_t hash, const char *name, size_t len, const ngx_openai_fold_t *f)
    ngx_openai_seldom;
static void ngx_openai_fold_series(ngx_openai_series_t *rows,
    const ngx_openai_record_t *rec, const ngx_openai_fold_t *f);
static ngx_openai_series_t *ngx_openai_series_find(ngx_openai_series_t *rows,
    const ngx_openai_record_t *rec, const ngx_openai_fold_t *f);
static void ngx_openai_series_error(char error[24],
    const ngx_openai_record_t *rec, const ngx_openai_fold_t *f);
static ngx_openai_series_t *ngx_openai_series_row(ngx_openai_series_t *rows,
    const ngx_openai_labels_t *labels, const ngx_openai_fold_t *f)
    ngx_openai_seldom;
static void ngx_openai_series_merge(ngx_openai_series_t *to,
    const ngx_openai_series_t *from);
static void ngx_openai_series_add(ngx_openai_series_t *row, ngx_uint_t hist,
    uint64_t value, const ngx_openai_fold_t *f);
static const char *ngx_openai_endpoint_of(const char *uri);
static void ngx_openai_endpoint(char *dst, size_t size, const char *uri);
static uint64_t ngx_openai_known(int64_t n);
static ngx_inline uint64_t ngx_openai_hash(const char *p, size_t len);


/* where this process found a name, or labels, the last time: it may be
   elsewhere by now */

static uint8_t  ngx_openai_name_last[NGX_OPENAI_TABLES];
static uint8_t  ngx_openai_name_hints[NGX_OPENAI_TABLES][NGX_OPENAI_HINTS];
static uint8_t  ngx_openai_series_hints[NGX_OPENAI_HINTS];


static const struct {
    ngx_uint_t  seconds;
    ngx_uint_t  slices;
} ngx_openai_rings[NGX_OPENAI_RINGS] = {
    { 5, 60 },
    { 60, 60 },
    { 900, 96 }
};


void
ngx_openai_stats_init(ngx_openai_stats_t *stats, uint64_t now_ms)
{
    ngx_memzero(stats, sizeof(ngx_openai_stats_t));

    stats->since_ms = now_ms;
}


void
ngx_openai_stats_fold(ngx_openai_stats_t *stats,
    const ngx_openai_record_t *rec, uint64_t now_ms, ngx_openai_undo_t *undo)
{
    const char            *model;
    ngx_openai_fold_t      f;
    const openai_facts_t  *facts;

    facts = &rec->facts;

    ngx_openai_fold_init(&f, rec, now_ms);
    f.undo = undo;

    ngx_openai_fold_now(stats, &f);
    ngx_openai_fault("fold.now");

    model = facts->response_model[0] ? facts->response_model : facts->model;

    ngx_openai_fold_name(stats, NGX_OPENAI_BY_MODEL, model, &f);
    ngx_openai_fold_name(stats, NGX_OPENAI_BY_ENDPOINT,
                         ngx_openai_endpoint_of(rec->uri), &f);
    ngx_openai_fold_name(stats, NGX_OPENAI_BY_KEY, rec->key, &f);

    /* the peer that answered is the last one that was tried */

    if (rec->nattempts != 0 && rec->nattempts <= NGX_OPENAI_MAX_ATTEMPTS) {
        ngx_openai_fold_name(stats, NGX_OPENAI_BY_PEER,
                             rec->attempts[rec->nattempts - 1].peer, &f);
    }

    ngx_openai_fault("fold.names");
    ngx_openai_fold_series(stats->series, rec, &f);
}


static void
ngx_openai_fold_init(ngx_openai_fold_t *f, const ngx_openai_record_t *rec,
    uint64_t now_ms)
{
    const openai_facts_t  *facts;

    facts = &rec->facts;

    ngx_memzero(f, sizeof(ngx_openai_fold_t));

    f->now = now_ms / 1000;

    f->outcome = (rec->outcome < NGX_OPENAI_OUTCOMES)
                 ? rec->outcome : NGX_OPENAI_WORKER_DIED;
    f->class = (rec->status >= 100 && rec->status < 600)
               ? rec->status / 100 : 0;

    f->failed = (f->outcome != NGX_OPENAI_OK
                 && f->outcome != NGX_OPENAI_UPGRADED);

    f->sums.requests = 1;
    f->sums.errors = (f->failed && f->outcome != NGX_OPENAI_CLIENT_ABORTED);

    f->flow.streams = (facts->streamed == 1);
    f->flow.request_bytes = rec->request_bytes;
    f->flow.response_bytes = rec->response_bytes;

    /* how long an upgraded connection was open says nothing */

    if (f->outcome != NGX_OPENAI_UPGRADED && rec->duration_us >= 0) {
        f->sums.timed = 1;
        f->sums.duration_us = rec->duration_us;
    }

    if (facts->first_token_us) {
        f->flow.ttfts = 1;
        f->flow.ttft_us = facts->first_token_us;
    }

    /* an answer that is read again, or polled for, used its tokens when it was
       made; nothing else of it is summed */

    if (ngx_strcmp(facts->operation, "fetch_response") != 0) {
        ngx_openai_fold_usage(f, rec);
    }
}


static void
ngx_openai_fold_usage(ngx_openai_fold_t *f, const ngx_openai_record_t *rec)
{
    const openai_facts_t  *facts;

    facts = &rec->facts;

    f->input_known = (facts->usage.input >= 0);
    f->output_known = (facts->usage.output >= 0);

    f->sums.input_tokens = ngx_openai_known(facts->usage.input);
    f->sums.output_tokens = ngx_openai_known(facts->usage.output);
    f->sums.cached_tokens = ngx_openai_known(facts->usage.cached);
    f->sums.reasoning_tokens = ngx_openai_known(facts->usage.reasoning);
    f->flow.cache_write_tokens = ngx_openai_known(facts->usage.cache_write);

    if (f->sums.output_tokens != 0 && f->flow.ttfts
        && facts->last_token_us > facts->first_token_us)
    {
        f->flow.timed_tokens = f->sums.output_tokens;
        f->flow.token_us = facts->last_token_us - facts->first_token_us;
    }

    if (rec->cost >= 0 && rec->cost < 1e9) {
        f->sums.cost_nano = (uint64_t) (rec->cost * 1e9 + 0.5);

    } else if (f->input_known || f->output_known) {
        f->sums.unpriced = 1;
    }
}


static void
ngx_openai_fold_now(ngx_openai_stats_t *stats, const ngx_openai_fold_t *f)
{
    uint64_t              at;
    ngx_uint_t            i;
    ngx_openai_slice_t   *now;
    ngx_openai_totals_t  *t;

    now = &stats->now;
    t = &stats->totals;

    at = f->now - f->now % ngx_openai_rings[NGX_OPENAI_RING_5M].seconds;

    if (now->at != at) {
        ngx_openai_now_end(stats, f->undo);
        now->at = at;
    }

    ngx_openai_undo_keep(f->undo, &now->sums,
                         offsetof(ngx_openai_slice_t, duration)
                         - offsetof(ngx_openai_slice_t, sums));

    ngx_openai_sum(&now->sums, &f->sums, sizeof(ngx_openai_sums_t));
    ngx_openai_sum(&now->flow, &f->flow, sizeof(ngx_openai_flow_t));

    now->by_class[f->class]++;
    now->by_outcome[f->outcome]++;

    if (f->sums.timed) {
        i = ngx_openai_slice_bucket(f->sums.duration_us);
        ngx_openai_fold_one(&now->duration[i], f);

        i = ngx_openai_hist_bucket(f->sums.duration_us);
        ngx_openai_fold_one(&t->duration[i], f);
    }

    if (f->flow.ttfts) {
        i = ngx_openai_slice_bucket(f->flow.ttft_us);
        ngx_openai_fold_one(&now->ttft[i], f);

        i = ngx_openai_hist_bucket(f->flow.ttft_us);
        ngx_openai_fold_one(&t->ttft[i], f);
    }
}


/* a record ended at another time: what there was goes where it belongs */

static void
ngx_openai_now_end(ngx_openai_stats_t *stats, ngx_openai_undo_t *undo)
{
    ngx_uint_t            i;
    ngx_openai_slice_t   *now;
    ngx_openai_totals_t  *t;

    now = &stats->now;
    t = &stats->totals;

    ngx_openai_undo_keep(undo, now, sizeof(ngx_openai_slice_t));

    if (now->sums.requests) {
        ngx_openai_undo_keep(undo, t, offsetof(ngx_openai_totals_t, duration));

        ngx_openai_sum(&t->sums, &now->sums, sizeof(ngx_openai_sums_t));
        ngx_openai_sum(&t->flow, &now->flow, sizeof(ngx_openai_flow_t));

        for (i = 0; i < 6; i++) {
            t->by_class[i] += now->by_class[i];
        }

        for (i = 0; i < NGX_OPENAI_OUTCOMES; i++) {
            t->by_outcome[i] += now->by_outcome[i];
        }

        ngx_openai_fault("fold.totals");

        for (i = 0; i < NGX_OPENAI_RINGS; i++) {
            ngx_openai_ring_add(stats->rings[i], i, now, undo);
        }

        ngx_openai_fault("fold.rings");
    }

    ngx_memzero(now, sizeof(ngx_openai_slice_t));
}


static void
ngx_openai_ring_add(ngx_openai_slice_t *slices, ngx_uint_t ring,
    const ngx_openai_slice_t *now, ngx_openai_undo_t *undo)
{
    uint64_t             at, n;
    ngx_uint_t           i;
    ngx_openai_slice_t  *s;

    n = now->at / ngx_openai_rings[ring].seconds;
    at = n * ngx_openai_rings[ring].seconds;
    s = &slices[n % ngx_openai_rings[ring].slices];

    ngx_openai_undo_keep(undo, s, sizeof(ngx_openai_slice_t));

    /* a clock that was set back must not wipe what is there */

    if (s->at < at) {
        ngx_memzero(s, sizeof(ngx_openai_slice_t));
        s->at = at;
    }

    ngx_openai_sum(&s->sums, &now->sums, sizeof(ngx_openai_sums_t));
    ngx_openai_sum(&s->flow, &now->flow, sizeof(ngx_openai_flow_t));

    for (i = 0; i < 6; i++) {
        s->by_class[i] += now->by_class[i];
    }

    for (i = 0; i < NGX_OPENAI_OUTCOMES; i++) {
        s->by_outcome[i] += now->by_outcome[i];
    }

    for (i = 0; i < NGX_OPENAI_SLICE_BUCKETS; i++) {
        s->duration[i] += now->duration[i];
        s->ttft[i] += now->ttft[i];
    }
}


void
ngx_openai_stats_settle(ngx_openai_stats_t *stats)
{
    ngx_openai_now_end(stats, NULL);
}


static void
ngx_openai_fold_one(uint32_t *bucket, const ngx_openai_fold_t *f)
{
    ngx_openai_undo_keep(f->undo, bucket, sizeof(uint32_t));

    (*bucket)++;
}


/* a name fits into its row, as records have no longer ones */

static void
ngx_openai_fold_name(ngx_openai_stats_t *stats, ngx_uint_t table,
    const char *name, const ngx_openai_fold_t *f)
{
    size_t              len;
    ngx_openai_name_t  *row;

    len = ngx_strlen(name);

    if (len == 0) {
        return;
    }

    row = ngx_openai_name_find(stats->names[table], table, name, len, f);

    row->used = f->now;
    ngx_openai_sum(&row->sums, &f->sums, sizeof(ngx_openai_sums_t));
}


/* the last one is the next one's, as a rule */

static ngx_inline ngx_openai_name_t *
ngx_openai_name_find(ngx_openai_name_t *rows, ngx_uint_t table,
    const char *name, size_t len, const ngx_openai_fold_t *f)
{
    uint8_t            *hint, *last;
    uint64_t            hash;
    ngx_openai_name_t  *row;

    last = &ngx_openai_name_last[table];
    row = &rows[*last];

    if (row->hash < 2 || ngx_memcmp(row->name, name, len + 1) != 0) {

        hash = ngx_openai_hash(name, len);
        hint = &ngx_openai_name_hints[table][hash % NGX_OPENAI_HINTS];
        row = &rows[*hint];

        if (row->hash != hash || ngx_memcmp(row->name, name, len + 1) != 0) {
            row = ngx_openai_name_row(rows, hash, name, len, f);

            *hint = (uint8_t) (row - rows);
            *last = *hint;

            return row;
        }

        *last = *hint;
    }

    ngx_openai_undo_keep(f->undo, &row->used,
                         offsetof(ngx_openai_name_t, name)
                         - offsetof(ngx_openai_name_t, used));

    return row;
}


static ngx_openai_name_t *
ngx_openai_name_row(ngx_openai_name_t *rows, uint64_t hash, const char *name,
    size_t len, const ngx_openai_fold_t *f)
{
    ngx_uint_t          i;
    ngx_openai_name_t  *row, *other, *least;

    other = &rows[NGX_OPENAI_NAMES - 1];
    least = NULL;

    for (i = 0; i < NGX_OPENAI_NAMES - 1; i++) {
        row = &rows[i];

        if (row->hash == 0) {
            least = row;
            break;
        }

        if (row->hash == hash && ngx_memcmp(row->name, name, len + 1) == 0) {
            ngx_openai_undo_keep(f->undo, row, sizeof(ngx_openai_name_t));
            return row;
        }

        if ((row->sums.requests < NGX_OPENAI_ROW_FEW
             || row->used + NGX_OPENAI_ROW_IDLE < f->now)
            && (least == NULL || row->sums.requests < least->sums.requests))
        {
            least = row;
        }
    }

    ngx_openai_undo_keep(f->undo, other, sizeof(ngx_openai_name_t));

    if (other->hash == 0) {
        other->hash = 1;
        ngx_memcpy(other->name, "other", sizeof("other"));
    }

    if (least == NULL) {
        return other;
    }

    ngx_openai_undo_keep(f->undo, least, sizeof(ngx_openai_name_t));

    ngx_openai_sum(&other->sums, &least->sums, sizeof(ngx_openai_sums_t));

    ngx_memzero(least, sizeof(ngx_openai_name_t));

    least->hash = hash;
    ngx_memcpy(least->name, name, len + 1);

    return least;
}


static void
ngx_openai_fold_series(ngx_openai_series_t *rows,
    const ngx_openai_record_t *rec, const ngx_openai_fold_t *f)
{
    ngx_openai_series_t  *row;

    if (rec->facts.operation[0] == '\0') {
        return;
    }

    row = ngx_openai_series_find(rows, rec, f);

    row->used = f->now;
    ngx_openai_sum(&row->sums, &f->sums, sizeof(ngx_openai_sums_t));

    if (f->sums.timed) {
        ngx_openai_series_add(row, NGX_OPENAI_SERIES_DURATION,
                              f->sums.duration_us, f);
    }

    if (f->flow.ttfts && !f->failed) {
        ngx_openai_series_add(row, NGX_OPENAI_SERIES_TTFT, f->flow.ttft_us, f);
    }

    if (f->flow.timed_tokens > 1 && !f->failed) {
        ngx_openai_series_add(row, NGX_OPENAI_SERIES_PER_TOKEN,
                         f->flow.token_us / (f->flow.timed_tokens - 1), f);
    }

    if (f->input_known) {
        ngx_openai_series_add(row, NGX_OPENAI_SERIES_INPUT,
                              f->sums.input_tokens, f);
    }

    if (f->output_known) {
        ngx_openai_series_add(row, NGX_OPENAI_SERIES_OUTPUT,
                              f->sums.output_tokens, f);
    }
}


/* the labels of most are those of a row, byte by byte; of the others they are
   made as rows have them */

static ngx_openai_series_t *
ngx_openai_series_find(ngx_openai_series_t *rows,
    const ngx_openai_record_t *rec, const ngx_openai_fold_t *f)
{
    ngx_uint_t             hint;
    const u_char          *from;
    ngx_openai_labels_t    labels;
    ngx_openai_series_t   *row;
    const openai_facts_t  *facts;

    facts = &rec->facts;
    from = (const u_char *) facts + offsetof(openai_facts_t, operation);

    ngx_openai_series_error(labels.error, rec, f);

    hint = (ngx_openai_hash(facts->model, 16) ^ rec->status)
           % NGX_OPENAI_HINTS;
    row = &rows[ngx_openai_series_hints[hint]];

    if (row->hash > 1
        && ngx_memcmp(&row->labels, from,
                      offsetof(ngx_openai_labels_t, error)) == 0
        && ngx_memcmp(row->labels.error, labels.error, sizeof(labels.error))
           == 0)
    {
        ngx_openai_undo_keep(f->undo, &row->used,
                             offsetof(ngx_openai_series_t, labels)
                             - offsetof(ngx_openai_series_t, used));
        return row;
    }

    ngx_memzero(&labels, offsetof(ngx_openai_labels_t, error));
    ngx_openai_label(labels.operation, facts->operation);
    ngx_openai_label(labels.provider, facts->provider);
    ngx_openai_label(labels.model, facts->model);
    ngx_openai_label(labels.response_model, facts->response_model);

    row = ngx_openai_series_row(rows, &labels, f);
    ngx_openai_series_hints[hint] = (uint8_t) (row - rows);

    return row;
}


static void
ngx_openai_series_error(char error[24], const ngx_openai_record_t *rec,
    const ngx_openai_fold_t *f)
{
    const char  *name;

    ngx_memzero(error, 24);

    if (!f->failed) {
        return;
    }

    if (rec->status >= 400 && rec->status < 1000) {
        error[0] = (char) ('0' + rec->status / 100);
        error[1] = (char) ('0' + rec->status / 10 % 10);
        error[2] = (char) ('0' + rec->status % 10);

    } else {
        name = ngx_openai_outcome_name(f->outcome);
        ngx_openai_copy(error, 24, name, ngx_strlen(name));
    }
}


static ngx_openai_series_t *
ngx_openai_series_row(ngx_openai_series_t *rows,
    const ngx_openai_labels_t *labels, const ngx_openai_fold_t *f)
{
    uint64_t              hash;
    ngx_uint_t            i;
    ngx_openai_series_t  *row, *other, *least;

    hash = ngx_openai_hash((const char *) labels, sizeof(ngx_openai_labels_t));

    other = &rows[NGX_OPENAI_SERIES - 1];
    least = NULL;

    for (i = 0; i < NGX_OPENAI_SERIES - 1; i++) {
        row = &rows[i];

        if (row->hash == 0) {
            least = row;
            break;
        }

        if (row->hash == hash
            && ngx_memcmp(&row->labels, labels, sizeof(ngx_openai_labels_t))
               == 0)
        {
            ngx_openai_undo_keep(f->undo, row, sizeof(ngx_openai_series_t));
            return row;
        }

        if ((row->sums.requests < NGX_OPENAI_ROW_FEW
             || row->used + NGX_OPENAI_ROW_IDLE < f->now)
            && (least == NULL || row->sums.requests < least->sums.requests))
        {
            least = row;
        }
    }

    ngx_openai_undo_keep(f->undo, other, sizeof(ngx_openai_series_t));

    if (other->hash == 0) {
        other->hash = 1;
        ngx_memcpy(other->labels.operation, "other", sizeof("other"));
        ngx_memcpy(other->labels.model, "other", sizeof("other"));
    }

    if (least == NULL) {
        return other;
    }

    ngx_openai_undo_keep(f->undo, least, sizeof(ngx_openai_series_t));

    ngx_openai_series_merge(other, least);

    ngx_memzero(least, sizeof(ngx_openai_series_t));

    least->hash = hash;
    least->labels = *labels;

    return least;
}


static void
ngx_openai_series_merge(ngx_openai_series_t *to,
    const ngx_openai_series_t *from)
{
    ngx_uint_t  i, n;

    ngx_openai_sum(&to->sums, &from->sums, sizeof(ngx_openai_sums_t));

    for (i = 0; i < NGX_OPENAI_SERIES_HISTS; i++) {
        to->values[i] += from->values[i];

        for (n = 0; n < NGX_OPENAI_SERIES_MAX; n++) {
            to->buckets[i][n] += from->buckets[i][n];
        }
    }
}


static void
ngx_openai_series_add(ngx_openai_series_t *row, ngx_uint_t hist,
    uint64_t value, const ngx_openai_fold_t *f)
{
    ngx_uint_t  i;

    i = ngx_openai_series_bucket(hist, value);

    row->values[hist] += value;
    ngx_openai_fold_one(&row->buckets[hist][i], f);
}


/* the last one is the next one's, as a rule */

static const char *
ngx_openai_endpoint_of(const char *uri)
{
    static char  last[sizeof(((ngx_openai_record_t *) 0)->uri)];
    static char  endpoint[96];

    if (ngx_strcmp(uri, last) != 0) {
        ngx_openai_copy(last, sizeof(last), uri, ngx_strlen(uri));
        ngx_openai_endpoint(endpoint, sizeof(endpoint), uri);
    }

    return endpoint;
}


/*
 * The path without arguments; ids in it become "*", because every one of them
 * would otherwise be an endpoint of its own.
 */

static void
ngx_openai_endpoint(char *dst, size_t size, const char *uri)
{
    char        *d, *last, *seg;
    ngx_uint_t   digits;

    d = dst;
    last = dst + size - 1;
    seg = dst;
    digits = 0;

    for ( /* void */ ; d < last; uri++) {

        if (*uri == '/' || *uri == '?' || *uri == '#' || *uri == '\0') {

            if (d - seg >= 16 && digits) {
                d = seg;
                *d++ = '*';
            }

            if (*uri != '/') {
                break;
            }

            *d++ = '/';
            seg = d;
            digits = 0;
            continue;
        }

        if (*uri >= '0' && *uri <= '9') {
            digits = 1;
        }

        *d++ = *uri;
    }

    *d = '\0';
}


ngx_uint_t
ngx_openai_ring_seconds(ngx_uint_t ring)
{
    return ngx_openai_rings[ring].seconds;
}


ngx_uint_t
ngx_openai_ring_slices(ngx_uint_t ring)
{
    return ngx_openai_rings[ring].slices;
}


static uint64_t
ngx_openai_known(int64_t n)
{
    return n > 0 ? (uint64_t) n : 0;
}


/* never 0 and never 1: these mark free rows and "other" */

static ngx_inline uint64_t
ngx_openai_hash(const char *p, size_t len)
{
    uint64_t     hash, word;
    const char  *last;

    hash = len;
    last = p + len;

    for ( /* void */ ; last - p >= 8; p += 8) {
        ngx_memcpy(&word, p, 8);

        hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
        hash ^= hash >> 32;
    }

    if (p < last) {

        if (len >= 8) {
            ngx_memcpy(&word, last - 8, 8);

        } else {
            for (word = 0; p < last; p++) {
                word = word << 8 | (u_char) *p;
            }
        }

        hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
        hash ^= hash >> 32;
    }

    return hash < 2 ? 2 : hash;
}
