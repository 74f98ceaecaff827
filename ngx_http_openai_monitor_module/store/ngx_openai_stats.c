
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/ngx_openai_fault.h"
#include "store/ngx_openai_stats.h"


#define NGX_OPENAI_HIST_BASE   128      /* us, the bound of the first bucket */
#define NGX_OPENAI_HIST_SHIFT  7

#define ngx_openai_label(dst, src)                                           \
    ngx_openai_copy(dst, sizeof(dst), src, ngx_strlen(src))


/* a row that served less, or rested longer, may be given to a new name */
#define NGX_OPENAI_ROW_FEW     4
#define NGX_OPENAI_ROW_IDLE    3600


/* what one finished record adds, worked out once for all the places */

typedef struct {
    uint64_t          now;              /* seconds */
    uint64_t          duration_us;
    uint64_t          ttft_us;
    uint64_t          timed_tokens;
    uint64_t          token_us;
    uint64_t          input;
    uint64_t          output;
    uint64_t          cached;
    uint64_t          cache_write;
    uint64_t          reasoning;
    uint64_t          cost_nano;
    ngx_uint_t        class;
    ngx_uint_t        outcome;
    unsigned          error:1;
    unsigned          timed:1;          /* its duration means something */
    unsigned          ttft:1;
    unsigned          streamed:1;
    unsigned          unpriced:1;
    unsigned          input_known:1;
    unsigned          output_known:1;

    ngx_openai_undo_t  *undo;
} ngx_openai_fold_t;


static void ngx_openai_fold_init(ngx_openai_fold_t *f,
    const ngx_openai_record_t *rec, uint64_t now_ms);
static void ngx_openai_fold_totals(ngx_openai_totals_t *t,
    const ngx_openai_record_t *rec, const ngx_openai_fold_t *f);
static void ngx_openai_fold_slice(ngx_openai_slice_t *slices, ngx_uint_t ring,
    const ngx_openai_record_t *rec, const ngx_openai_fold_t *f);
static void ngx_openai_fold_name(ngx_openai_name_t *rows, const char *name,
    const ngx_openai_fold_t *f);
static ngx_openai_name_t *ngx_openai_name_row(ngx_openai_name_t *rows,
    const char *name, const ngx_openai_fold_t *f);
static void ngx_openai_fold_series(ngx_openai_series_t *rows,
    const ngx_openai_record_t *rec, const ngx_openai_fold_t *f);
static ngx_openai_series_t *ngx_openai_series_row(ngx_openai_series_t *rows,
    const ngx_openai_series_t *labels, const ngx_openai_fold_t *f);
static void ngx_openai_series_merge(ngx_openai_series_t *to,
    const ngx_openai_series_t *from);
static void ngx_openai_series_add(ngx_openai_series_t *row, ngx_uint_t hist,
    uint64_t value);
static void ngx_openai_endpoint(char *dst, size_t size, const char *uri);
static void ngx_openai_hist_add(ngx_openai_hist_t *hist, uint64_t us);
static ngx_uint_t ngx_openai_log2(uint64_t n);
static ngx_uint_t ngx_openai_hist_bucket(uint64_t us);
static ngx_uint_t ngx_openai_slice_bucket(uint64_t us);
static uint64_t ngx_openai_known(int64_t n);
static uint64_t ngx_openai_hash(uint64_t hash, const char *s);
static double ngx_openai_quantile(const uint32_t *buckets, ngx_uint_t n,
    uint64_t (*bound)(ngx_uint_t bucket), double q);


static const struct {
    ngx_uint_t  seconds;
    ngx_uint_t  slices;
} ngx_openai_rings[NGX_OPENAI_RINGS] = {
    { 5, 60 },
    { 60, 60 },
    { 900, 96 }
};


/* OpenTelemetry GenAI 1.41; times to first token go on to 60 s, because a
   model that reasons needs them */

static const uint64_t  ngx_openai_bounds_duration[] = {
    10000, 20000, 40000, 80000, 160000, 320000, 640000, 1280000, 2560000,
    5120000, 10240000, 20480000, 40960000, 81920000
};

static const uint64_t  ngx_openai_bounds_ttft[] = {
    1000, 5000, 10000, 20000, 40000, 60000, 80000, 100000, 250000, 500000,
    750000, 1000000, 2500000, 5000000, 7500000, 10000000, 15000000, 20000000,
    30000000, 60000000
};

static const uint64_t  ngx_openai_bounds_per_token[] = {
    10000, 25000, 50000, 75000, 100000, 150000, 200000, 300000, 400000,
    500000, 750000, 1000000, 2500000
};

static const uint64_t  ngx_openai_bounds_tokens[] = {
    1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304,
    16777216, 67108864
};

#define ngx_openai_bounds(a)  { (a), sizeof(a) / sizeof(uint64_t) }

static const struct {
    const uint64_t  *bounds;
    ngx_uint_t       n;
} ngx_openai_series_table[NGX_OPENAI_SERIES_HISTS] = {
    ngx_openai_bounds(ngx_openai_bounds_duration),
    ngx_openai_bounds(ngx_openai_bounds_ttft),
    ngx_openai_bounds(ngx_openai_bounds_per_token),
    ngx_openai_bounds(ngx_openai_bounds_tokens),
    ngx_openai_bounds(ngx_openai_bounds_tokens)
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
    char                     endpoint[96];
    ngx_uint_t               i;
    const char              *model;
    ngx_openai_fold_t        f;
    const openai_facts_t    *facts;

    facts = &rec->facts;

    ngx_openai_fold_init(&f, rec, now_ms);
    f.undo = undo;

    ngx_openai_fold_totals(&stats->totals, rec, &f);
    ngx_openai_fault("fold.totals");

    for (i = 0; i < NGX_OPENAI_RINGS; i++) {
        ngx_openai_fold_slice(stats->rings[i], i, rec, &f);
    }

    ngx_openai_fault("fold.rings");

    model = facts->response_model[0] ? facts->response_model : facts->model;

    ngx_openai_endpoint(endpoint, sizeof(endpoint), rec->uri);

    ngx_openai_fold_name(stats->names[NGX_OPENAI_BY_MODEL], model, &f);
    ngx_openai_fold_name(stats->names[NGX_OPENAI_BY_ENDPOINT], endpoint, &f);
    ngx_openai_fold_name(stats->names[NGX_OPENAI_BY_KEY], rec->key, &f);

    /* the peer that answered is the last one that was tried */

    if (rec->nattempts != 0 && rec->nattempts <= NGX_OPENAI_MAX_ATTEMPTS) {
        ngx_openai_fold_name(stats->names[NGX_OPENAI_BY_PEER],
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

    f->error = (f->outcome != NGX_OPENAI_OK
                && f->outcome != NGX_OPENAI_CLIENT_ABORTED
                && f->outcome != NGX_OPENAI_UPGRADED);

    f->timed = (f->outcome != NGX_OPENAI_UPGRADED && rec->duration_us >= 0);
    f->duration_us = f->timed ? (uint64_t) rec->duration_us : 0;

    f->streamed = (facts->streamed == 1);
    f->ttft = (facts->first_token_us != 0);
    f->ttft_us = facts->first_token_us;

    /* an answer that is read again, or polled for, used its tokens when it was
       made; nothing else of it is summed */

    if (ngx_strcmp(facts->operation, "fetch_response") == 0) {
        return;
    }

    f->input_known = (facts->usage.input >= 0);
    f->output_known = (facts->usage.output >= 0);

    f->input = ngx_openai_known(facts->usage.input);
    f->output = ngx_openai_known(facts->usage.output);
    f->cached = ngx_openai_known(facts->usage.cached);
    f->cache_write = ngx_openai_known(facts->usage.cache_write);
    f->reasoning = ngx_openai_known(facts->usage.reasoning);

    if (f->output != 0 && f->ttft
        && facts->last_token_us > facts->first_token_us)
    {
        f->timed_tokens = f->output;
        f->token_us = facts->last_token_us - facts->first_token_us;
    }

    if (rec->cost >= 0 && rec->cost < 1e9) {
        f->cost_nano = (uint64_t) (rec->cost * 1e9 + 0.5);

    } else if (f->input_known || f->output_known) {
        f->unpriced = 1;
    }
}


static void
ngx_openai_fold_totals(ngx_openai_totals_t *t, const ngx_openai_record_t *rec,
    const ngx_openai_fold_t *f)
{
    ngx_openai_undo_keep(f->undo, t, sizeof(ngx_openai_totals_t));

    t->requests++;
    t->by_class[f->class]++;
    t->by_outcome[f->outcome]++;
    t->streams += f->streamed;
    t->request_bytes += rec->request_bytes;
    t->response_bytes += rec->response_bytes;
    t->input_tokens += f->input;
    t->output_tokens += f->output;
    t->cached_tokens += f->cached;
    t->cache_write_tokens += f->cache_write;
    t->reasoning_tokens += f->reasoning;
    t->timed_tokens += f->timed_tokens;
    t->token_us += f->token_us;
    t->cost_nano += f->cost_nano;
    t->unpriced += f->unpriced;

    if (f->timed) {
        ngx_openai_hist_add(&t->duration, f->duration_us);
    }

    if (f->ttft) {
        ngx_openai_hist_add(&t->ttft, f->ttft_us);
    }
}


static void
ngx_openai_fold_slice(ngx_openai_slice_t *slices, ngx_uint_t ring,
    const ngx_openai_record_t *rec, const ngx_openai_fold_t *f)
{
    uint64_t             at;
    ngx_uint_t           seconds;
    ngx_openai_slice_t  *s;

    seconds = ngx_openai_rings[ring].seconds;

    at = f->now - f->now % seconds;
    s = &slices[(f->now / seconds) % ngx_openai_rings[ring].slices];

    ngx_openai_undo_keep(f->undo, s, sizeof(ngx_openai_slice_t));

    /* a clock that was set back must not wipe what is there */

    if (s->at < at) {
        ngx_memzero(s, sizeof(ngx_openai_slice_t));
        s->at = at;
    }

    s->requests++;
    s->errors += f->error;
    s->streams += f->streamed;
    s->unpriced += f->unpriced;
    s->by_class[f->class]++;
    s->by_outcome[f->outcome]++;
    s->input_tokens += f->input;
    s->output_tokens += f->output;
    s->cached_tokens += f->cached;
    s->cache_write_tokens += f->cache_write;
    s->reasoning_tokens += f->reasoning;
    s->timed_tokens += f->timed_tokens;
    s->token_us += f->token_us;
    s->request_bytes += rec->request_bytes;
    s->response_bytes += rec->response_bytes;
    s->cost_nano += f->cost_nano;

    if (f->timed) {
        s->timed++;
        s->duration_us += f->duration_us;
        s->duration[ngx_openai_slice_bucket(f->duration_us)]++;
    }

    if (f->ttft) {
        s->ttfts++;
        s->ttft_us += f->ttft_us;
        s->ttft[ngx_openai_slice_bucket(f->ttft_us)]++;
    }
}


static void
ngx_openai_fold_name(ngx_openai_name_t *rows, const char *name,
    const ngx_openai_fold_t *f)
{
    ngx_openai_name_t  *row;

    if (name[0] == '\0') {
        return;
    }

    row = ngx_openai_name_row(rows, name, f);

    row->used = f->now;
    row->requests++;
    row->errors += f->error;
    row->input_tokens += f->input;
    row->output_tokens += f->output;
    row->cached_tokens += f->cached;
    row->reasoning_tokens += f->reasoning;
    row->cost_nano += f->cost_nano;
    row->unpriced += f->unpriced;
    row->duration_us += f->duration_us;
}


static ngx_openai_name_t *
ngx_openai_name_row(ngx_openai_name_t *rows, const char *name,
    const ngx_openai_fold_t *f)
{
    uint64_t            hash;
    ngx_uint_t          i;
    ngx_openai_name_t  *row, *other, *least;

    hash = ngx_openai_hash(0, name);
    other = &rows[NGX_OPENAI_NAMES - 1];
    least = NULL;

    for (i = 0; i < NGX_OPENAI_NAMES - 1; i++) {
        row = &rows[i];

        if (row->hash == 0) {
            least = row;
            break;
        }

        if (row->hash == hash
            && ngx_strncmp(row->name, name, sizeof(row->name) - 1) == 0)
        {
            ngx_openai_undo_keep(f->undo, row, sizeof(ngx_openai_name_t));
            return row;
        }

        if ((row->requests < NGX_OPENAI_ROW_FEW
             || row->used + NGX_OPENAI_ROW_IDLE < f->now)
            && (least == NULL || row->requests < least->requests))
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

    other->requests += least->requests;
    other->errors += least->errors;
    other->input_tokens += least->input_tokens;
    other->output_tokens += least->output_tokens;
    other->cached_tokens += least->cached_tokens;
    other->reasoning_tokens += least->reasoning_tokens;
    other->cost_nano += least->cost_nano;
    other->unpriced += least->unpriced;
    other->duration_us += least->duration_us;

    ngx_memzero(least, sizeof(ngx_openai_name_t));
    least->hash = hash;
    ngx_openai_copy(least->name, sizeof(least->name), name, ngx_strlen(name));

    return least;
}


static void
ngx_openai_fold_series(ngx_openai_series_t *rows,
    const ngx_openai_record_t *rec, const ngx_openai_fold_t *f)
{
    const char             *error;
    ngx_openai_series_t    *row, labels;
    const openai_facts_t   *facts;

    facts = &rec->facts;

    if (facts->operation[0] == '\0') {
        return;
    }

    ngx_memzero(&labels, offsetof(ngx_openai_series_t, hists));
    ngx_openai_label(labels.operation, facts->operation);
    ngx_openai_label(labels.provider, facts->provider);
    ngx_openai_label(labels.model, facts->model);
    ngx_openai_label(labels.response_model, facts->response_model);

    if (f->outcome != NGX_OPENAI_OK && f->outcome != NGX_OPENAI_UPGRADED) {

        if (rec->status >= 400 && rec->status < 1000) {
            labels.error[0] = (char) ('0' + rec->status / 100);
            labels.error[1] = (char) ('0' + rec->status / 10 % 10);
            labels.error[2] = (char) ('0' + rec->status % 10);

        } else {
            error = ngx_openai_outcome_name(f->outcome);
            ngx_openai_label(labels.error, error);
        }
    }

    labels.hash = ngx_openai_hash(0, labels.operation);
    labels.hash = ngx_openai_hash(labels.hash, labels.provider);
    labels.hash = ngx_openai_hash(labels.hash, labels.model);
    labels.hash = ngx_openai_hash(labels.hash, labels.response_model);
    labels.hash = ngx_openai_hash(labels.hash, labels.error);

    row = ngx_openai_series_row(rows, &labels, f);

    row->used = f->now;
    row->requests++;
    row->cached_tokens += f->cached;
    row->reasoning_tokens += f->reasoning;
    row->cost_nano += f->cost_nano;

    if (f->timed) {
        ngx_openai_series_add(row, NGX_OPENAI_SERIES_DURATION, f->duration_us);
    }

    if (f->ttft && labels.error[0] == '\0') {
        ngx_openai_series_add(row, NGX_OPENAI_SERIES_TTFT, f->ttft_us);
    }

    if (f->timed_tokens > 1 && labels.error[0] == '\0') {
        ngx_openai_series_add(row, NGX_OPENAI_SERIES_PER_TOKEN,
                              f->token_us / (f->timed_tokens - 1));
    }

    if (f->input_known) {
        ngx_openai_series_add(row, NGX_OPENAI_SERIES_INPUT, f->input);
    }

    if (f->output_known) {
        ngx_openai_series_add(row, NGX_OPENAI_SERIES_OUTPUT, f->output);
    }
}


static ngx_openai_series_t *
ngx_openai_series_row(ngx_openai_series_t *rows,
    const ngx_openai_series_t *labels, const ngx_openai_fold_t *f)
{
    size_t                from, to;
    ngx_uint_t            i;
    ngx_openai_series_t  *row, *other, *least;

    from = offsetof(ngx_openai_series_t, operation);
    to = offsetof(ngx_openai_series_t, hists);

    other = &rows[NGX_OPENAI_SERIES - 1];
    least = NULL;

    for (i = 0; i < NGX_OPENAI_SERIES - 1; i++) {
        row = &rows[i];

        if (row->hash == 0) {
            least = row;
            break;
        }

        if (row->hash == labels->hash
            && ngx_memcmp((u_char *) row + from, (u_char *) labels + from,
                          to - from) == 0)
        {
            ngx_openai_undo_keep(f->undo, row, sizeof(ngx_openai_series_t));
            return row;
        }

        if ((row->requests < NGX_OPENAI_ROW_FEW
             || row->used + NGX_OPENAI_ROW_IDLE < f->now)
            && (least == NULL || row->requests < least->requests))
        {
            least = row;
        }
    }

    ngx_openai_undo_keep(f->undo, other, sizeof(ngx_openai_series_t));

    if (other->hash == 0) {
        other->hash = 1;
        ngx_memcpy(other->operation, "other", sizeof("other"));
        ngx_memcpy(other->model, "other", sizeof("other"));
    }

    if (least == NULL) {
        return other;
    }

    ngx_openai_undo_keep(f->undo, least, sizeof(ngx_openai_series_t));

    ngx_openai_series_merge(other, least);

    ngx_memzero(least, sizeof(ngx_openai_series_t));
    ngx_memcpy(least, labels, to);

    return least;
}


static void
ngx_openai_series_merge(ngx_openai_series_t *to,
    const ngx_openai_series_t *from)
{
    ngx_uint_t  i, n;

    to->requests += from->requests;
    to->cached_tokens += from->cached_tokens;
    to->reasoning_tokens += from->reasoning_tokens;
    to->cost_nano += from->cost_nano;

    for (i = 0; i < NGX_OPENAI_SERIES_HISTS; i++) {
        to->hists[i].sum += from->hists[i].sum;

        for (n = 0; n < NGX_OPENAI_SERIES_MAX; n++) {
            to->hists[i].buckets[n] += from->hists[i].buckets[n];
        }
    }
}


static void
ngx_openai_series_add(ngx_openai_series_t *row, ngx_uint_t hist,
    uint64_t value)
{
    ngx_uint_t       i, n;
    const uint64_t  *bounds;

    bounds = ngx_openai_series_bounds(hist, &n);

    for (i = 0; i < n && value > bounds[i]; i++) { /* void */ }

    row->hists[hist].sum += value;
    row->hists[hist].buckets[i]++;
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


const uint64_t *
ngx_openai_series_bounds(ngx_uint_t hist, ngx_uint_t *n)
{
    *n = ngx_openai_series_table[hist].n;

    return ngx_openai_series_table[hist].bounds;
}


uint64_t
ngx_openai_hist_bound(ngx_uint_t bucket)
{
    if (bucket == 0) {
        return NGX_OPENAI_HIST_BASE;
    }

    if (bucket >= NGX_OPENAI_HIST_BUCKETS - 1) {
        return UINT64_MAX;
    }

    bucket--;

    return ((uint64_t) NGX_OPENAI_HIST_BASE << bucket / 4)
           / 4 * (5 + bucket % 4);
}


uint64_t
ngx_openai_slice_bound(ngx_uint_t bucket)
{
    if (bucket >= NGX_OPENAI_SLICE_BUCKETS - 1) {
        return UINT64_MAX;
    }

    return (uint64_t) NGX_OPENAI_HIST_BASE << bucket;
}


double
ngx_openai_hist_quantile(const ngx_openai_hist_t *hist, double q)
{
    return ngx_openai_quantile(hist->buckets, NGX_OPENAI_HIST_BUCKETS,
                               ngx_openai_hist_bound, q);
}


double
ngx_openai_slice_quantile(const uint32_t *buckets, double q)
{
    return ngx_openai_quantile(buckets, NGX_OPENAI_SLICE_BUCKETS,
                               ngx_openai_slice_bound, q);
}


static double
ngx_openai_quantile(const uint32_t *buckets, ngx_uint_t n,
    uint64_t (*bound)(ngx_uint_t bucket), double q)
{
    double      rank, below, low, high;
    uint64_t    total;
    ngx_uint_t  i;

    total = 0;

    for (i = 0; i < n; i++) {
        total += buckets[i];
    }

    if (total == 0) {
        return -1;
    }

    rank = q * (double) total;
    below = 0;

    for (i = 0; i < n; i++) {

        if (buckets[i] != 0 && below + buckets[i] >= rank) {
            break;
        }

        below += buckets[i];
    }

    low = (i == 0) ? 0 : (double) bound(i - 1);
    high = (i == n - 1) ? 2 * low : (double) bound(i);

    return low + (high - low) * ((rank - below) / buckets[i]);
}


static void
ngx_openai_hist_add(ngx_openai_hist_t *hist, uint64_t us)
{
    hist->count++;
    hist->sum_us += us;
    hist->buckets[ngx_openai_hist_bucket(us)]++;
}


/* the place of the highest bit that is set; n is not 0 */

static ngx_uint_t
ngx_openai_log2(uint64_t n)
{
#if (__GNUC__)
    return 63 - __builtin_clzll(n);
#else
    ngx_uint_t  i;

    for (i = 0; n >>= 1; i++) { /* void */ }

    return i;
#endif
}


static ngx_uint_t
ngx_openai_hist_bucket(uint64_t us)
{
    ngx_uint_t  bucket, octave;

    if (us <= NGX_OPENAI_HIST_BASE) {
        return 0;
    }

    /* bounds belong to the bucket below, hence us - 1 */

    octave = ngx_openai_log2(us - 1) - NGX_OPENAI_HIST_SHIFT;
    bucket = 1 + octave * 4
             + (ngx_uint_t) ((us - 1) >> (NGX_OPENAI_HIST_SHIFT + octave - 2))
             - 4;

    return ngx_min(bucket, NGX_OPENAI_HIST_BUCKETS - 1);
}


static ngx_uint_t
ngx_openai_slice_bucket(uint64_t us)
{
    ngx_uint_t  bucket;

    if (us <= NGX_OPENAI_HIST_BASE) {
        return 0;
    }

    bucket = ngx_openai_log2(us - 1) - NGX_OPENAI_HIST_SHIFT + 1;

    return ngx_min(bucket, NGX_OPENAI_SLICE_BUCKETS - 1);
}


static uint64_t
ngx_openai_known(int64_t n)
{
    return n > 0 ? (uint64_t) n : 0;
}


/* FNV-1a, never 0 and never 1: these mark free rows and "other" */

static uint64_t
ngx_openai_hash(uint64_t hash, const char *s)
{
    if (hash == 0) {
        hash = 0xcbf29ce484222325ULL;
    }

    for ( /* void */ ; *s; s++) {
        hash = (hash ^ (u_char) *s) * 0x100000001b3ULL;
    }

    hash = (hash ^ 0xff) * 0x100000001b3ULL;

    return hash < 2 ? 2 : hash;
}
