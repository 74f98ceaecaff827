
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The statistics in Prometheus text format, under OpenTelemetry's GenAI names.
 * view.c calls this.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/answer/call.h"
#include "view/stats/rows.h"


/* OpenTelemetry's GenAI metrics, named as Prometheus wants them */

typedef struct {
    const char  *name;
    const char  *help;
    ngx_uint_t   hist;
    ngx_uint_t   digits;        /* digits of the unit behind the point */
    const char  *type;          /* the label gen_ai_token_type, or NULL */
} ngx_openai_family_t;


typedef struct {
    ngx_openai_json_t    out;
    ngx_openai_stats_t  *stats;
} ngx_openai_metrics_t;


static void ngx_openai_metrics_zone(ngx_openai_metrics_t *m,
    ngx_openai_zone_t *zone);
static void ngx_openai_metrics_outcomes(ngx_openai_metrics_t *m);
static void ngx_openai_metrics_counters(ngx_openai_metrics_t *m);
static void ngx_openai_metrics_family(ngx_openai_metrics_t *m,
    const ngx_openai_family_t *family, ngx_uint_t first);
static void ngx_openai_metrics_hist(ngx_openai_metrics_t *m,
    const ngx_openai_family_t *family, const ngx_openai_series_t *row);
static void ngx_openai_metrics_value(ngx_openai_metrics_t *m,
    const char *name, const char *type, const char *help, uint64_t value);
static void ngx_openai_metrics_head(ngx_openai_metrics_t *m,
    const char *name, const char *type, const char *help);
static void ngx_openai_metrics_labels(ngx_openai_metrics_t *m,
    const ngx_openai_labels_t *labels);
static void ngx_openai_metrics_label(ngx_openai_metrics_t *m,
    const char *name, const char *value);
static void ngx_openai_metrics_number(ngx_openai_metrics_t *m, uint64_t value,
    ngx_uint_t digits);
static void ngx_openai_metrics_text(ngx_openai_metrics_t *m, const char *s);


static const ngx_openai_family_t  ngx_openai_families[] = {
    { "gen_ai_server_request_duration_seconds",
      "Whole exchange, from the request line to the last byte.",
      NGX_OPENAI_SERIES_DURATION, 6, NULL },

    { "gen_ai_server_time_to_first_token_seconds",
      "From the request line to the first token of a stream.",
      NGX_OPENAI_SERIES_TTFT, 6, NULL },

    { "gen_ai_server_time_per_output_token_seconds",
      "Between two tokens of a stream, on average.",
      NGX_OPENAI_SERIES_PER_TOKEN, 6, NULL },

    { "gen_ai_client_token_usage",
      "Tokens of one exchange, as the upstream counted them.",
      NGX_OPENAI_SERIES_INPUT, 0, "input" },

    { "gen_ai_client_token_usage", NULL,
      NGX_OPENAI_SERIES_OUTPUT, 0, "output" }
};


ngx_int_t
ngx_openai_metrics(ngx_openai_call_t *call)
{
    ngx_uint_t             i;
    ngx_openai_metrics_t   m;

    m.stats = ngx_palloc(call->request->pool, sizeof(ngx_openai_stats_t));
    if (m.stats == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_openai_zone_reap(call->zone);
    ngx_openai_stats_read(call->zone, m.stats);
    ngx_openai_rows_series(m.stats);

    ngx_openai_json_init(&m.out, call->request->pool);

    for (i = 0; i < sizeof(ngx_openai_families)
                    / sizeof(ngx_openai_families[0]); i++)
    {
        ngx_openai_metrics_family(&m, &ngx_openai_families[i],
                                  ngx_openai_families[i].help != NULL);
    }

    ngx_openai_metrics_counters(&m);
    ngx_openai_metrics_outcomes(&m);
    ngx_openai_metrics_zone(&m, call->zone);

    ngx_openai_set_type(call->request,
                        "text/plain; version=0.0.4; charset=utf-8");

    return ngx_openai_send(call->request, &m.out);
}


static void
ngx_openai_metrics_family(ngx_openai_metrics_t *m,
    const ngx_openai_family_t *family, ngx_uint_t first)
{
    ngx_uint_t  i;

    if (first) {
        ngx_openai_metrics_head(m, family->name, "histogram", family->help);
    }

    for (i = 0; i < NGX_OPENAI_SERIES; i++) {

        if (m->stats->series[i].sums.requests) {
            ngx_openai_metrics_hist(m, family, &m->stats->series[i]);
        }
    }
}


static void
ngx_openai_metrics_hist(ngx_openai_metrics_t *m,
    const ngx_openai_family_t *family, const ngx_openai_series_t *row)
{
    uint64_t         count;
    ngx_uint_t       i, n;
    const uint32_t  *buckets;
    const uint64_t  *bounds;

    buckets = row->buckets[family->hist];
    bounds = ngx_openai_series_bounds(family->hist, &n);

    for (i = 0, count = 0; i <= n; i++) {
        count += buckets[i];
    }

    if (count == 0) {
        return;
    }

    for (i = 0, count = 0; i <= n; i++) {
        count += buckets[i];

        ngx_openai_metrics_text(m, family->name);
        ngx_openai_metrics_text(m, "_bucket{");
        ngx_openai_metrics_labels(m, &row->labels);

        if (family->type) {
            ngx_openai_metrics_label(m, "gen_ai_token_type", family->type);
        }

        ngx_openai_metrics_text(m, "le=\"");

        if (i < n) {
            ngx_openai_metrics_number(m, bounds[i], family->digits);

        } else {
            ngx_openai_metrics_text(m, "+Inf");
        }

        ngx_openai_metrics_text(m, "\"} ");
        ngx_openai_metrics_number(m, count, 0);
        ngx_openai_metrics_text(m, "\n");
    }

    for (i = 0; i < 2; i++) {
        ngx_openai_metrics_text(m, family->name);
        ngx_openai_metrics_text(m, i ? "_count{" : "_sum{");
        ngx_openai_metrics_labels(m, &row->labels);

        if (family->type) {
            ngx_openai_metrics_label(m, "gen_ai_token_type", family->type);
        }

        ngx_openai_metrics_text(m, "} ");
        ngx_openai_metrics_number(m, i ? count : row->values[family->hist],
                                  i ? 0 : family->digits);
        ngx_openai_metrics_text(m, "\n");
    }
}


/* sums that the histograms do not have */

static void
ngx_openai_metrics_counters(ngx_openai_metrics_t *m)
{
    u_char               *value;
    ngx_uint_t            i, n;
    ngx_openai_series_t  *row;

    static const struct {
        const char  *name;
        const char  *help;
        size_t       offset;
        ngx_uint_t   digits;
    } counters[] = {
        { "openai_monitor_cached_input_tokens_total",
          "Input tokens that came from a prompt cache.",
          offsetof(ngx_openai_sums_t, cached_tokens), 0 },

        { "openai_monitor_reasoning_output_tokens_total",
          "Output tokens that were spent on reasoning.",
          offsetof(ngx_openai_sums_t, reasoning_tokens), 0 },

        { "openai_monitor_cost_usd_total",
          "Cost as far as it is known: at least this was spent.",
          offsetof(ngx_openai_sums_t, cost_nano), 9 },

        { "openai_monitor_unpriced_requests_total",
          "Exchanges with tokens that have no price.",
          offsetof(ngx_openai_sums_t, unpriced), 0 },

        { "openai_monitor_partial_cost_requests_total",
          "Exchanges whose cost leaves something out.",
          offsetof(ngx_openai_sums_t, partial), 0 },

        { "openai_monitor_no_usage_requests_total",
          "Exchanges whose tokens are not known, or not all.",
          offsetof(ngx_openai_sums_t, no_usage), 0 }
    };

    for (n = 0; n < sizeof(counters) / sizeof(counters[0]); n++) {
        ngx_openai_metrics_head(m, counters[n].name, "counter",
                                counters[n].help);

        for (i = 0; i < NGX_OPENAI_SERIES; i++) {
            row = &m->stats->series[i];

            if (row->sums.requests == 0) {
                continue;
            }

            ngx_openai_metrics_text(m, counters[n].name);
            ngx_openai_metrics_text(m, "{");
            ngx_openai_metrics_labels(m, &row->labels);
            ngx_openai_metrics_text(m, "} ");

            value = (u_char *) &row->sums + counters[n].offset;
            ngx_openai_metrics_number(m, *(uint64_t *) value,
                                      counters[n].digits);
            ngx_openai_metrics_text(m, "\n");
        }
    }
}


static void
ngx_openai_metrics_outcomes(ngx_openai_metrics_t *m)
{
    ngx_uint_t            i;
    ngx_openai_totals_t  *t;

    t = &m->stats->totals;

    ngx_openai_metrics_head(m, "openai_monitor_requests_total", "counter",
                            "Exchanges that ended, by outcome.");

    for (i = NGX_OPENAI_RUNNING + 1; i < NGX_OPENAI_OUTCOMES; i++) {
        ngx_openai_metrics_text(m, "openai_monitor_requests_total{");
        ngx_openai_metrics_label(m, "outcome", ngx_openai_outcome_name(i));
        ngx_openai_metrics_text(m, "} ");
        ngx_openai_metrics_number(m, t->by_outcome[i], 0);
        ngx_openai_metrics_text(m, "\n");
    }

    ngx_openai_metrics_head(m, "openai_monitor_body_bytes_total", "counter",
                            "Body bytes that passed.");
    ngx_openai_metrics_text(m, "openai_monitor_body_bytes_total"
                               "{direction=\"request\"} ");
    ngx_openai_metrics_number(m, t->flow.request_bytes, 0);
    ngx_openai_metrics_text(m, "\nopenai_monitor_body_bytes_total"
                               "{direction=\"response\"} ");
    ngx_openai_metrics_number(m, t->flow.response_bytes, 0);
    ngx_openai_metrics_text(m, "\n");
}


static void
ngx_openai_metrics_zone(ngx_openai_metrics_t *m, ngx_openai_zone_t *zone)
{
    ngx_openai_zone_stat_t  stat;

    ngx_openai_zone_stat(zone, &stat);

    ngx_openai_metrics_value(m, "openai_monitor_in_flight_requests", "gauge",
                             "Exchanges that are running.", stat.running);
    ngx_openai_metrics_value(m, "openai_monitor_zone_size_bytes", "gauge",
                             "Memory of the zone.", stat.size);
    ngx_openai_metrics_value(m, "openai_monitor_zone_pages", "gauge",
                             "Pages for heads and bodies.", stat.pages);
    ngx_openai_metrics_value(m, "openai_monitor_zone_pages_free", "gauge",
                             "Pages that hold nothing.", stat.pages_free);
    ngx_openai_metrics_value(m, "openai_monitor_zone_records", "gauge",
                             "Records in the zone.", stat.records);
    ngx_openai_metrics_value(m, "openai_monitor_evicted_records_total",
                             "counter", "Records that gave way to newer ones.",
                             stat.evicted);
    ngx_openai_metrics_value(m, "openai_monitor_dropped_requests_total",
                             "counter", "Exchanges that left no record.",
                             stat.dropped);
    ngx_openai_metrics_value(m, "openai_monitor_truncated_records_total",
                             "counter",
                             "Records that keep less than what passed.",
                             stat.truncated);
    ngx_openai_metrics_value(m, "openai_monitor_zone_heals_total", "counter",
                             "Repairs of the zone after a process died.",
                             stat.heals);
}


static void
ngx_openai_metrics_value(ngx_openai_metrics_t *m, const char *name,
    const char *type, const char *help, uint64_t value)
{
    ngx_openai_metrics_head(m, name, type, help);
    ngx_openai_metrics_text(m, name);
    ngx_openai_metrics_text(m, " ");
    ngx_openai_metrics_number(m, value, 0);
    ngx_openai_metrics_text(m, "\n");
}


static void
ngx_openai_metrics_head(ngx_openai_metrics_t *m, const char *name,
    const char *type, const char *help)
{
    ngx_openai_metrics_text(m, "# HELP ");
    ngx_openai_metrics_text(m, name);
    ngx_openai_metrics_text(m, " ");
    ngx_openai_metrics_text(m, help);
    ngx_openai_metrics_text(m, "\n# TYPE ");
    ngx_openai_metrics_text(m, name);
    ngx_openai_metrics_text(m, " ");
    ngx_openai_metrics_text(m, type);
    ngx_openai_metrics_text(m, "\n");
}


static void
ngx_openai_metrics_labels(ngx_openai_metrics_t *m,
    const ngx_openai_labels_t *labels)
{
    ngx_openai_metrics_label(m, "gen_ai_operation_name", labels->operation);
    ngx_openai_metrics_label(m, "gen_ai_provider_name", labels->provider);
    ngx_openai_metrics_label(m, "gen_ai_request_model", labels->model);
    ngx_openai_metrics_label(m, "gen_ai_response_model",
                             labels->response_model);

    /* Prometheus refuses a set of labels that comes twice, so every metric
       has the label that tells failures apart */

    ngx_openai_metrics_label(m, "error_type", labels->error);
}


/* writes name="value" and a comma, which may stand in front of the bracket;
   an empty label counts as absent */

static void
ngx_openai_metrics_label(ngx_openai_metrics_t *m, const char *name,
    const char *value)
{
    size_t         n, skip;
    const u_char  *p, *last;

    p = (const u_char *) value;
    last = p + ngx_strlen(value);

    ngx_openai_metrics_text(m, name);
    ngx_openai_metrics_text(m, "=\"");

    while (p < last) {
        n = ngx_openai_utf8(p, last, &skip);

        if (n == 0) {
            ngx_openai_metrics_text(m, "\xef\xbf\xbd");
            n = skip;

        } else if (*p == '\n') {
            ngx_openai_metrics_text(m, "\\n");

        } else if (*p == '"' || *p == '\\') {
            ngx_openai_metrics_text(m, "\\");
            ngx_openai_json_raw(&m->out, p, 1);

        } else {
            ngx_openai_json_raw(&m->out, p, n);
        }

        p += n;
    }

    ngx_openai_metrics_text(m, "\",");
}


static void
ngx_openai_metrics_number(ngx_openai_metrics_t *m, uint64_t value,
    ngx_uint_t digits)
{
    m->out.comma = 0;
    ngx_openai_json_fixed(&m->out, value, digits);
}


static void
ngx_openai_metrics_text(ngx_openai_metrics_t *m, const char *s)
{
    ngx_openai_json_raw(&m->out, s, ngx_strlen(s));
}
