
/*
 * Statistics in the zone: totals since start or reset, three rings of time
 * buckets, four bounded tables of names and the series of /metrics.  They are
 * exact over all workers, because each finished record is folded in once, under
 * the zone's lock.
 */


#ifndef _NGX_OPENAI_STATS_H_INCLUDED_
#define _NGX_OPENAI_STATS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/record.h"
#include "store/undo.h"


/*
 * Sums over records.  Each structure has an even number of words, because
 * ngx_openai_sum() adds two at a time.  The members that one record changes lie
 * together, because the undo keeps them, and because other processes have
 * written them, so they come from memory that is not in this core's cache.
 */

typedef struct {
    uint64_t               requests;                /* finished */
    uint64_t               errors;       /* all but ok, aborted, upgraded */
    uint64_t               unpriced;                /* usage, but no price */
    uint64_t               partial;      /* the cost leaves something out */
    uint64_t               no_usage;     /* a model worked; usage unknown */
    uint64_t               input_tokens;
    uint64_t               output_tokens;
    uint64_t               cached_tokens;
    uint64_t               reasoning_tokens;
    uint64_t               cost_nano;               /* 1e-9 USD */
    uint64_t               timed;                   /* all but upgraded … */
    uint64_t               duration_us;             /* … took this time */
} ngx_openai_sums_t;

typedef struct {
    uint64_t               streams;
    uint64_t               request_bytes;
    uint64_t               response_bytes;
    uint64_t               cache_write_tokens;
    uint64_t               timed_tokens;            /* after the first … */
    uint64_t               token_us;                /* … over this time */
    uint64_t               ttfts;                   /* those in ttft_us */
    uint64_t               ttft_us;
} ngx_openai_flow_t;


/*
 * Histogram of times.  Bucket i counts times of at most
 * ngx_openai_hist_bound(i) us.  Each doubling has four buckets, from 128 us to
 * about 3.6 hours.  The last bucket has no bound.
 */

#define NGX_OPENAI_HIST_BUCKETS  108

typedef struct {
    ngx_openai_sums_t      sums;
    ngx_openai_flow_t      flow;
    uint64_t               by_class[6];             /* 1xx … 5xx at 1 … 5 */
    uint64_t               by_outcome[NGX_OPENAI_OUTCOMES];
    uint32_t               duration[NGX_OPENAI_HIST_BUCKETS];
    uint32_t               ttft[NGX_OPENAI_HIST_BUCKETS];
} ngx_openai_totals_t;


/*
 * One row of a table of names.  The last row is "other".  It counts names that
 * have no row, and takes the sums of a row that had to give way.
 */

#define NGX_OPENAI_NAMES        32

typedef struct {
    uint64_t               hash;         /* of the name; 0: a free row */
    uint64_t               used;         /* last, seconds since the epoch */
    ngx_openai_sums_t      sums;
    char                   name[96];
} ngx_openai_name_t;

typedef enum {
    NGX_OPENAI_BY_MODEL = 0,
    NGX_OPENAI_BY_ENDPOINT,
    NGX_OPENAI_BY_KEY,
    NGX_OPENAI_BY_PEER,
    NGX_OPENAI_TABLES
} ngx_openai_table_e;


/* One bucket of time. */

#define NGX_OPENAI_SLICE_BUCKETS  27    /* one per doubling */

typedef struct {
    uint64_t               at;           /* start, seconds since the epoch */
    ngx_openai_sums_t      sums;
    ngx_openai_flow_t      flow;
    uint32_t               by_class[6];
    uint32_t               by_outcome[NGX_OPENAI_OUTCOMES];
    uint32_t               duration[NGX_OPENAI_SLICE_BUCKETS];
    uint32_t               ttft[NGX_OPENAI_SLICE_BUCKETS];
} ngx_openai_slice_t;

typedef enum {
    NGX_OPENAI_RING_5M = 0,              /* 60 slices of 5 s */
    NGX_OPENAI_RING_1H,                  /* 60 slices of 60 s */
    NGX_OPENAI_RING_24H,                 /* 96 slices of 900 s */
    NGX_OPENAI_RINGS
} ngx_openai_ring_e;

#define NGX_OPENAI_RING_MAX  96


/*
 * The series of /metrics: one row for each set of labels.  The bounds of the
 * buckets are those of OpenTelemetry's GenAI metrics.  The last row is "other".
 */

#define NGX_OPENAI_SERIES        64
#define NGX_OPENAI_SERIES_MAX    21      /* buckets of the longest, and +Inf */

typedef enum {
    NGX_OPENAI_SERIES_DURATION = 0,      /* sums and values in us … */
    NGX_OPENAI_SERIES_TTFT,
    NGX_OPENAI_SERIES_PER_TOKEN,
    NGX_OPENAI_SERIES_INPUT,             /* … and these in tokens */
    NGX_OPENAI_SERIES_OUTPUT,
    NGX_OPENAI_SERIES_HISTS
} ngx_openai_series_hist_e;

/* All bytes after the end of a text are 0, because labels are compared as one
   piece.  The first four texts are those of the facts. */

typedef struct {
    char                   operation[24];
    char                   provider[24];
    char                   model[96];
    char                   response_model[96];
    char                   error[24];    /* error.type; "" for none */
} ngx_openai_labels_t;

typedef struct {
    uint64_t               hash;         /* of the labels; 0: a free row */
    uint64_t               used;         /* last, seconds since the epoch */
    ngx_openai_sums_t      sums;
    uint64_t               values[NGX_OPENAI_SERIES_HISTS];
    ngx_openai_labels_t    labels;
    uint32_t               buckets[NGX_OPENAI_SERIES_HISTS]
                                  [NGX_OPENAI_SERIES_MAX];
} ngx_openai_series_t;


/* Answers that clients may fetch again, and whose usage has counted: hashes of
   the last ids. */

#define NGX_OPENAI_PAID          512

/* The statistics in the zone.  "now" counts the current slice of 5 s.  When the
   slice is over, its sums move to totals and rings.  Only the buckets of the
   totals change at once.  So a record changes few places. */

typedef struct {
    uint64_t               since_ms;     /* wall clock of start or reset */
    ngx_openai_slice_t     now;
    ngx_openai_totals_t    totals;
    ngx_openai_name_t      names[NGX_OPENAI_TABLES][NGX_OPENAI_NAMES];
    ngx_openai_slice_t     rings[NGX_OPENAI_RINGS][NGX_OPENAI_RING_MAX];
    ngx_openai_series_t    series[NGX_OPENAI_SERIES];
    uint64_t               paids;        /* answers so far */
    uint64_t               paid[NGX_OPENAI_PAID];
} ngx_openai_stats_t;


/* The caller holds the zone's lock. */
void ngx_openai_stats_init(ngx_openai_stats_t *stats, uint64_t now_ms);
void ngx_openai_stats_fold(ngx_openai_stats_t *stats,
    const ngx_openai_record_t *rec, uint64_t now_ms, ngx_openai_undo_t *undo);

/* Returns 1 for an answer that was fetched, and whose usage has counted. */
ngx_uint_t ngx_openai_stats_paid(const ngx_openai_stats_t *stats,
    const ngx_openai_record_t *rec);

/* Moves the sums of "now" to totals and rings.  The caller has a copy of the
   statistics, or is the only process that uses them. */
void ngx_openai_stats_settle(ngx_openai_stats_t *stats);

/* Return the seconds of a slice, and the number of slices of the ring. */
ngx_uint_t ngx_openai_ring_seconds(ngx_uint_t ring);
ngx_uint_t ngx_openai_ring_slices(ngx_uint_t ring);

/* Return the upper bound of a bucket in us; UINT64_MAX for the last one. */
uint64_t ngx_openai_hist_bound(ngx_uint_t bucket);
uint64_t ngx_openai_slice_bound(ngx_uint_t bucket);

/* Returns the finite upper bounds of a histogram of the series, *n of them. */
const uint64_t *ngx_openai_series_bounds(ngx_uint_t hist, ngx_uint_t *n);

/* Return the bucket of a time in us, or of another value of the series. */
ngx_uint_t ngx_openai_hist_bucket(uint64_t us);
ngx_uint_t ngx_openai_slice_bucket(uint64_t us);
ngx_uint_t ngx_openai_series_bucket(ngx_uint_t hist, uint64_t value);

/* Return the quantile q (0 … 1) in us, interpolated; -1 when empty. */
double ngx_openai_hist_quantile(const uint32_t *buckets, double q);
double ngx_openai_slice_quantile(const uint32_t *buckets, double q);


/* Adds words to words, two at a time. */

typedef uint64_t  ngx_openai_words_t
                      __attribute__((vector_size(16), aligned(8), may_alias));

static ngx_inline void
ngx_openai_sum(void *to, const void *from, size_t size)
{
    size_t                     i;
    ngx_openai_words_t        *t;
    const ngx_openai_words_t  *f;

    t = to;
    f = from;

    ngx_openai_unroll
    for (i = 0; i < size / sizeof(ngx_openai_words_t); i++) {
        t[i] += f[i];
    }
}


/* Adds the counts of a row to another row. */
void ngx_openai_series_sum(ngx_openai_series_t *to,
    const ngx_openai_series_t *from);


struct ngx_openai_zone_s;

/* Copies the statistics, some 200 KB, consistent and settled. */
void ngx_openai_stats_read(struct ngx_openai_zone_s *zone,
    ngx_openai_stats_t *stats);

/* Returns NGX_BUSY when the lock is stuck; then nothing was reset. */
ngx_int_t ngx_openai_stats_reset(struct ngx_openai_zone_s *zone);


#endif /* _NGX_OPENAI_STATS_H_INCLUDED_ */
