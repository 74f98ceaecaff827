
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Adds a finished record to the rows of names and to the series of /metrics.
 *
 * Called by stats.c.  A full table gives a row away when it served little or
 * rested for an hour; its sums go to the row "other".
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/stats_inner.h"


#define ngx_openai_label(dst, src)                                           \
    ngx_openai_copy(dst, sizeof(dst), src, ngx_strlen(src))

/* a row that served less, or rested longer, may be given to a new name */
#define NGX_OPENAI_ROW_FEW     4
#define NGX_OPENAI_ROW_IDLE    3600

#define NGX_OPENAI_HINTS       64


static ngx_inline ngx_openai_name_t *ngx_openai_name_find(
    ngx_openai_name_t *rows, ngx_uint_t table, const char *name, size_t len,
    const ngx_openai_fold_t *f);
static ngx_openai_name_t *ngx_openai_name_row(ngx_openai_name_t *rows,
    uint64_t hash, const char *name, size_t len, const ngx_openai_fold_t *f)
    ngx_openai_seldom;
static ngx_openai_series_t *ngx_openai_series_find(ngx_openai_series_t *rows,
    const ngx_openai_record_t *rec, const ngx_openai_fold_t *f);
static void ngx_openai_series_error(char error[24],
    const ngx_openai_record_t *rec, const ngx_openai_fold_t *f);
static ngx_openai_series_t *ngx_openai_series_row(ngx_openai_series_t *rows,
    const ngx_openai_labels_t *labels, const ngx_openai_fold_t *f)
    ngx_openai_seldom;
static void ngx_openai_series_add(ngx_openai_series_t *row, ngx_uint_t hist,
    uint64_t value, const ngx_openai_fold_t *f);
static ngx_inline uint64_t ngx_openai_hash(const char *p, size_t len);


/* Where this process found a name, or labels, the last time.  Another process
   may have moved them. */

static uint8_t  ngx_openai_name_last[NGX_OPENAI_TABLES];
static uint8_t  ngx_openai_name_hints[NGX_OPENAI_TABLES][NGX_OPENAI_HINTS];
static uint8_t  ngx_openai_series_hints[NGX_OPENAI_HINTS];


/* A name fits its row, because a record's strings are no longer. */

void
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


/* Tries the last row first, which the next record uses too as a rule. */

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


ngx_uint_t
ngx_openai_stats_paid(const ngx_openai_stats_t *stats,
    const ngx_openai_record_t *rec)
{
    uint64_t               hash;
    ngx_uint_t             i;
    const openai_facts_t  *facts;

    facts = &rec->facts;

    if (!(facts->flags & OPENAI_FACT_POLLED)
        || !(facts->flags & OPENAI_FACT_USAGE)
        || facts->response_id[0] == '\0'
        || ngx_strcmp(facts->operation, "fetch_response") != 0)
    {
        return 0;
    }

    hash = ngx_openai_hash(facts->response_id, ngx_strlen(facts->response_id));

    for (i = 0; i < NGX_OPENAI_PAID; i++) {
        if (stats->paid[i] == hash) {
            return 1;
        }
    }

    return 0;
}


void
ngx_openai_fold_paid(ngx_openai_stats_t *stats,
    const ngx_openai_record_t *rec, const ngx_openai_fold_t *f)
{
    uint64_t              *paid;
    const openai_facts_t  *facts;

    facts = &rec->facts;

    if (!(facts->flags & OPENAI_FACT_POLLED)
        || !(facts->flags & OPENAI_FACT_USAGE)
        || facts->response_id[0] == '\0' || !ngx_openai_record_counts(rec))
    {
        return;
    }

    paid = &stats->paid[stats->paids % NGX_OPENAI_PAID];

    ngx_openai_undo_keep(f->undo, &stats->paids, sizeof(uint64_t));
    ngx_openai_undo_keep(f->undo, paid, sizeof(uint64_t));

    *paid = ngx_openai_hash(facts->response_id,
                            ngx_strlen(facts->response_id));
    stats->paids++;
}


void
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

    if (f->flow.timed_tokens && !f->failed) {
        ngx_openai_series_add(row, NGX_OPENAI_SERIES_PER_TOKEN,
                              f->flow.token_us / f->flow.timed_tokens, f);
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


/* Compares the facts with a row byte by byte, which finds most.  Only the rest
   gets labels of its own. */

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

    ngx_openai_series_sum(other, least);

    ngx_memzero(least, sizeof(ngx_openai_series_t));

    least->hash = hash;
    least->labels = *labels;

    return least;
}


void
ngx_openai_series_sum(ngx_openai_series_t *to,
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


/* Returns no 0 and no 1, which mark free rows and "other". */

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
