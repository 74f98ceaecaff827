
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Rows of the statistics whose names read the same: see rows.h. stats.c and
 * metrics.c call this.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/answer/json.h"
#include "view/stats/rows.h"


static ngx_uint_t ngx_openai_rows_plain(const void *text, size_t len);
static ngx_uint_t ngx_openai_rows_alike(const char *one, const char *two);
static size_t ngx_openai_rows_char(const u_char *p, const u_char *last,
    size_t *skip);


void
ngx_openai_rows_names(ngx_openai_stats_t *stats)
{
    ngx_uint_t          i, j, table;
    ngx_openai_name_t  *rows;

    for (table = 0; table < NGX_OPENAI_TABLES; table++) {
        rows = stats->names[table];

        for (i = NGX_OPENAI_NAMES - 1; i > 0; i--) {

            if (rows[i].sums.requests == 0
                || (i < NGX_OPENAI_NAMES - 1
                    && ngx_openai_rows_plain(rows[i].name,
                                             sizeof(rows[i].name))))
            {
                continue;
            }

            for (j = 0; j < i; j++) {

                if (ngx_openai_rows_alike(rows[j].name, rows[i].name)) {
                    ngx_openai_sum(&rows[j].sums, &rows[i].sums,
                                   sizeof(ngx_openai_sums_t));
                    ngx_memzero(&rows[i], sizeof(ngx_openai_name_t));
                    break;
                }
            }
        }
    }
}


void
ngx_openai_rows_series(ngx_openai_stats_t *stats)
{
    ngx_uint_t                  i, j;
    ngx_openai_series_t        *rows;
    const ngx_openai_labels_t  *one, *two;

    rows = stats->series;

    for (i = NGX_OPENAI_SERIES - 1; i > 0; i--) {
        two = &rows[i].labels;

        if (rows[i].sums.requests == 0
            || (i < NGX_OPENAI_SERIES - 1
                && ngx_openai_rows_plain(two, sizeof(ngx_openai_labels_t))))
        {
            continue;
        }

        for (j = 0; j < i; j++) {
            one = &rows[j].labels;

            if (ngx_openai_rows_alike(one->operation, two->operation)
                && ngx_openai_rows_alike(one->provider, two->provider)
                && ngx_openai_rows_alike(one->model, two->model)
                && ngx_openai_rows_alike(one->response_model,
                                         two->response_model)
                && ngx_openai_rows_alike(one->error, two->error))
            {
                ngx_openai_series_sum(&rows[j], &rows[i]);
                ngx_memzero(&rows[i], sizeof(ngx_openai_series_t));
                break;
            }
        }
    }
}


/* 1 for pure ASCII, which is compared as it is */

static ngx_uint_t
ngx_openai_rows_plain(const void *text, size_t len)
{
    const u_char  *p, *last;

    p = text;

    for (last = p + len; p < last; p++) {
        if (*p >= 0x80) {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
ngx_openai_rows_alike(const char *one, const char *two)
{
    size_t         n, skip, skip_q;
    const u_char  *p, *q, *last, *last_q;

    p = (const u_char *) one;
    q = (const u_char *) two;
    last = p + ngx_strlen(one);
    last_q = q + ngx_strlen(two);

    while (p < last && q < last_q) {
        n = ngx_openai_rows_char(p, last, &skip);

        if (ngx_openai_rows_char(q, last_q, &skip_q) != n) {
            return 0;
        }

        if (n && ngx_memcmp(p, q, n) != 0) {
            return 0;
        }

        p += n ? n : skip;
        q += n ? n : skip_q;
    }

    return p == last && q == last_q;
}


/* as ngx_openai_utf8(), but U+FFFD itself equals what it replaces */

static size_t
ngx_openai_rows_char(const u_char *p, const u_char *last, size_t *skip)
{
    size_t  n;

    n = ngx_openai_utf8(p, last, skip);

    if (n == 3 && ngx_memcmp(p, "\xef\xbf\xbd", 3) == 0) {
        *skip = n;
        return 0;
    }

    return n;
}
