
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The bounds of the histograms, the bucket of a value, and quantiles.
 *
 * Called by the statistics and by the view.  Pure functions.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/stats.h"


#define NGX_OPENAI_HIST_BASE   128      /* us, the bound of the first bucket */
#define NGX_OPENAI_HIST_SHIFT  7


static ngx_uint_t ngx_openai_log2(uint64_t n);
static double ngx_openai_quantile(const uint32_t *buckets, ngx_uint_t n,
    uint64_t (*bound)(ngx_uint_t bucket), double q);


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

#define ngx_openai_bounds(a, doublings)                                      \
    { (a), sizeof(a) / sizeof(uint64_t), (doublings) }

static const struct {
    const uint64_t  *bounds;
    ngx_uint_t       n;
    ngx_uint_t       doublings;     /* from one to the next; 0: they differ */
} ngx_openai_series_table[NGX_OPENAI_SERIES_HISTS] = {
    ngx_openai_bounds(ngx_openai_bounds_duration, 1),
    ngx_openai_bounds(ngx_openai_bounds_ttft, 0),
    ngx_openai_bounds(ngx_openai_bounds_per_token, 0),
    ngx_openai_bounds(ngx_openai_bounds_tokens, 2),
    ngx_openai_bounds(ngx_openai_bounds_tokens, 2)
};


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
ngx_openai_hist_quantile(const uint32_t *buckets, double q)
{
    return ngx_openai_quantile(buckets, NGX_OPENAI_HIST_BUCKETS,
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


/* Returns the place of the highest bit that is set; n is not 0. */

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


ngx_uint_t
ngx_openai_hist_bucket(uint64_t us)
{
    ngx_uint_t  bucket, octave;

    if (us <= NGX_OPENAI_HIST_BASE) {
        return 0;
    }

    /* a bound belongs to the bucket below, hence us - 1 */

    octave = ngx_openai_log2(us - 1) - NGX_OPENAI_HIST_SHIFT;
    bucket = 1 + octave * 4
             + (ngx_uint_t) ((us - 1) >> (NGX_OPENAI_HIST_SHIFT + octave - 2))
             - 4;

    return ngx_min(bucket, NGX_OPENAI_HIST_BUCKETS - 1);
}


ngx_uint_t
ngx_openai_slice_bucket(uint64_t us)
{
    ngx_uint_t  bucket;

    if (us <= NGX_OPENAI_HIST_BASE) {
        return 0;
    }

    bucket = ngx_openai_log2(us - 1) - NGX_OPENAI_HIST_SHIFT + 1;

    return ngx_min(bucket, NGX_OPENAI_SLICE_BUCKETS - 1);
}


ngx_uint_t
ngx_openai_series_bucket(ngx_uint_t hist, uint64_t value)
{
    ngx_uint_t       low, high, middle, doublings;
    const uint64_t  *bounds;

    bounds = ngx_openai_series_table[hist].bounds;
    high = ngx_openai_series_table[hist].n;
    doublings = ngx_openai_series_table[hist].doublings;

    if (value <= bounds[0]) {
        return 0;
    }

    if (doublings) {
        low = ngx_openai_log2((value - 1) / bounds[0]) / doublings + 1;
        return ngx_min(low, high);
    }

    for (low = 0; low < high; /* void */ ) {
        middle = (low + high) / 2;

        if (value > bounds[middle]) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}
