
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Folding from inside: the totals and the rings are store/stats.c's, the
 * rows of names and of series store/stats_rows.c's.
 */


#ifndef _NGX_OPENAI_STATS_INNER_H_INCLUDED_
#define _NGX_OPENAI_STATS_INNER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/stats.h"


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


/*
 * The most that one record changes: the slice that ends, the totals and a slice
 * of each ring; the new slice and a bucket of two histograms, there and in the
 * totals; a row that gives way and "other" in each table of names and in the
 * series, with a bucket of each histogram; an answer that has counted.
 * t/unit/stats.c reaches it.
 */

#define NGX_OPENAI_FOLD_PARTS                                                \
    (2 + NGX_OPENAI_RINGS + 1 + 4 + 2 * NGX_OPENAI_TABLES + 2                \
     + NGX_OPENAI_SERIES_HISTS + 2)

#define NGX_OPENAI_FOLD_BYTES                                                \
    ((1 + NGX_OPENAI_RINGS) * sizeof(ngx_openai_slice_t)                     \
     + offsetof(ngx_openai_totals_t, duration)                               \
     + offsetof(ngx_openai_slice_t, duration)                                \
     - offsetof(ngx_openai_slice_t, sums)                                    \
     + (4 + NGX_OPENAI_SERIES_HISTS) * sizeof(uint32_t)                      \
     + 2 * NGX_OPENAI_TABLES * sizeof(ngx_openai_name_t)                     \
     + 2 * sizeof(ngx_openai_series_t) + 2 * sizeof(uint64_t))


/* adds to the row of a name; an empty one has none */
void ngx_openai_fold_name(ngx_openai_stats_t *stats, ngx_uint_t table,
    const char *name, const ngx_openai_fold_t *f);

/* remembers an answer whose usage counts now */
void ngx_openai_fold_paid(ngx_openai_stats_t *stats,
    const ngx_openai_record_t *rec, const ngx_openai_fold_t *f);

/* adds to the row of the record's labels; what is no API has none */
void ngx_openai_fold_series(ngx_openai_series_t *rows,
    const ngx_openai_record_t *rec, const ngx_openai_fold_t *f);


static ngx_inline void
ngx_openai_fold_one(uint32_t *bucket, const ngx_openai_fold_t *f)
{
    ngx_openai_undo_keep(f->undo, bucket, sizeof(uint32_t));

    (*bucket)++;
}


#endif /* _NGX_OPENAI_STATS_INNER_H_INCLUDED_ */
