
/*
 * Statistics in the zone: totals since start or reset, three rings of time
 * buckets, four bounded tables of names and the series of /metrics.  Exact
 * over all workers: every finished record is folded in under the zone's lock,
 * once.
 */


#ifndef _NGX_OPENAI_STATS_H_INCLUDED_
#define _NGX_OPENAI_STATS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/record.h"
#include "store/undo.h"


/*
 * What is summed of records, as an even number of words, which are added two at
 * a time.  Whatever one record changes in a place lies together: that much is
 * kept in the undo, and comes from memory that other processes have written.
 */

typedef struct {
    uint64_t               requests;                /* finished */
    uint64_t               errors;       /* all but ok, aborted, upgraded */
    uint64_t               unpriced;                /* usage, but no price */
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
 * Histogram of times: bucket i holds what is at most
 * ngx_openai_hist_bound(i) us; four buckets to each doubling from 128 us to
 * about 3.6 hours, the last one unbounded.
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
 * One row of a table of names.  The last row is "other": it takes what has no
 * place, and what was in a row that had to give way.
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


/* one bucket of time */

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
 * What /metrics shows: one row for each set of labels, with the bucket bounds
 * of OpenTelemetry's GenAI metrics.  The last row again is "other".
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

/* the bytes behind the ends are 0, so that labels are compared as one.  The
   first four are as the facts have them */

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


/* what lives in the zone.  Of the last 5 s that a record ended in, all but the
   totals' buckets is in "now", and in totals and rings only when they are
   over: each record changes one of four places */

typedef struct {
    uint64_t               since_ms;     /* wall clock of start or reset */
    ngx_openai_slice_t     now;
    ngx_openai_totals_t    totals;
    ngx_openai_name_t      names[NGX_OPENAI_TABLES][NGX_OPENAI_NAMES];
    ngx_openai_slice_t     rings[NGX_OPENAI_RINGS][NGX_OPENAI_RING_MAX];
    ngx_openai_series_t    series[NGX_OPENAI_SERIES];
} ngx_openai_stats_t;


/* the caller holds the zone's lock */
void ngx_openai_stats_init(ngx_openai_stats_t *stats, uint64_t now_ms);
void ngx_openai_stats_fold(ngx_openai_stats_t *stats,
    const ngx_openai_record_t *rec, uint64_t now_ms, ngx_openai_undo_t *undo);

/* takes what is in "now" to totals and rings; for who has a copy, or nobody
   beside him */
void ngx_openai_stats_settle(ngx_openai_stats_t *stats);

/* seconds of a slice, and how many slices the ring has */
ngx_uint_t ngx_openai_ring_seconds(ngx_uint_t ring);
ngx_uint_t ngx_openai_ring_slices(ngx_uint_t ring);

/* upper bound of a bucket in us; the last one is UINT64_MAX */
uint64_t ngx_openai_hist_bound(ngx_uint_t bucket);
uint64_t ngx_openai_slice_bound(ngx_uint_t bucket);

/* the finite upper bounds of a histogram of the series; how many: *n */
const uint64_t *ngx_openai_series_bounds(ngx_uint_t hist, ngx_uint_t *n);

/* the bucket that a time in us belongs to */
ngx_uint_t ngx_openai_hist_bucket(uint64_t us);
ngx_uint_t ngx_openai_slice_bucket(uint64_t us);
ngx_uint_t ngx_openai_series_bucket(ngx_uint_t hist, uint64_t value);

/* us below which the share q (0 … 1) lies, interpolated; -1 when empty */
double ngx_openai_hist_quantile(const uint32_t *buckets, double q);
double ngx_openai_slice_quantile(const uint32_t *buckets, double q);


/* words to words, two at a time */

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


/* adds what a row counted to another one */
void ngx_openai_series_sum(ngx_openai_series_t *to,
    const ngx_openai_series_t *from);


struct ngx_openai_zone_s;

/* a copy of the statistics, consistent and settled, for a reader; some
   200 KB */
void ngx_openai_stats_read(struct ngx_openai_zone_s *zone,
    ngx_openai_stats_t *stats);

/* NGX_BUSY: the lock is stuck, nothing was reset */
ngx_int_t ngx_openai_stats_reset(struct ngx_openai_zone_s *zone);


#endif /* _NGX_OPENAI_STATS_H_INCLUDED_ */
