
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "digest/digest.h"
#include "view/record/export.h"
#include "view/record/summary.h"


static void ngx_openai_csv_text(ngx_openai_json_t *json, const char *s);
static void ngx_openai_csv_count(ngx_openai_json_t *json, int64_t n);
static void ngx_openai_csv_ms(ngx_openai_json_t *json, int64_t us);
static void ngx_openai_csv_fixed(ngx_openai_json_t *json, int64_t n,
    ngx_uint_t digits);


/* one line; the columns are those of NGX_OPENAI_CSV_HEAD */

void
ngx_openai_csv(ngx_openai_json_t *json, ngx_openai_read_t *record,
    const ngx_openai_thread_t *thread)
{
    u_char                      time[NGX_OPENAI_TIME_LEN];
    const char                 *dialect;
    const openai_facts_t       *facts;
    const ngx_openai_record_t  *rec;

    rec = record->rec;
    facts = &rec->facts;

    dialect = openai_dialect_name(facts->dialect);

    ngx_openai_json_raw(json, rec->id, ngx_strlen(rec->id));
    ngx_openai_json_literal(json, ",");
    ngx_openai_json_raw(json, time,
                        ngx_openai_time(time, rec->started_ms) - time);
    ngx_openai_csv_text(json, rec->method);
    ngx_openai_csv_text(json, rec->uri);
    ngx_openai_csv_count(json, rec->status ? rec->status : -1);
    ngx_openai_csv_text(json, ngx_openai_outcome_name(rec->outcome));
    ngx_openai_csv_text(json, dialect ? dialect : "");
    ngx_openai_csv_text(json, facts->operation);
    ngx_openai_csv_text(json, facts->provider);
    ngx_openai_csv_text(json, facts->model);
    ngx_openai_csv_text(json, facts->response_model);
    ngx_openai_csv_text(json, facts->streamed < 0 ? ""
                              : facts->streamed ? "true" : "false");
    ngx_openai_csv_ms(json, rec->duration_us);
    ngx_openai_csv_ms(json, facts->first_token_us
                            ? (int64_t) facts->first_token_us : -1);
    ngx_openai_csv_count(json, facts->usage.input);
    ngx_openai_csv_count(json, facts->usage.output);
    ngx_openai_csv_count(json, facts->usage.cached);
    ngx_openai_csv_count(json, facts->usage.reasoning);
    ngx_openai_csv_fixed(json, rec->cost >= 0 && rec->cost < 1e9
                               ? (int64_t) (rec->cost * 1e9 + 0.5) : -1, 9);
    ngx_openai_csv_text(json, facts->finish_reason);
    ngx_openai_csv_text(json, facts->tool_names);
    ngx_openai_csv_count(json, rec->request_bytes);
    ngx_openai_csv_count(json, rec->response_bytes);
    ngx_openai_csv_text(json, facts->error_type);
    ngx_openai_csv_text(json, facts->error_code);
    ngx_openai_csv_text(json, facts->error_message);
    ngx_openai_csv_text(json, rec->client);
    ngx_openai_csv_text(json, facts->user_agent);
    ngx_openai_csv_text(json, rec->key);
    ngx_openai_csv_text(json, facts->session);
    ngx_openai_csv_text(json, facts->user);
    ngx_openai_csv_text(json, thread ? thread->id : "");
    ngx_openai_csv_text(json, ngx_openai_summary_peer(rec));
    ngx_openai_json_literal(json, "\r\n");
}


/* a cell that a spreadsheet would take for a formula gets a quote in front */

static void
ngx_openai_csv_text(ngx_openai_json_t *json, const char *s)
{
    size_t         n, skip;
    const u_char  *p, *last;

    ngx_openai_json_literal(json, ",");

    if (*s == '\0') {
        return;
    }

    ngx_openai_json_literal(json, "\"");

    if (ngx_strchr("=+-@\t\r", *s)) {
        ngx_openai_json_literal(json, "'");
    }

    p = (const u_char *) s;
    last = p + ngx_strlen(s);

    while (p < last) {
        n = ngx_openai_utf8(p, last, &skip);

        if (n == 0) {
            ngx_openai_json_literal(json, "\xef\xbf\xbd");
            n = skip;

        } else {
            ngx_openai_json_raw(json, p, n);

            if (*p == '"') {
                ngx_openai_json_literal(json, "\"");
            }
        }

        p += n;
    }

    ngx_openai_json_literal(json, "\"");
}


static void
ngx_openai_csv_count(ngx_openai_json_t *json, int64_t n)
{
    ngx_openai_csv_fixed(json, n, 0);
}


static void
ngx_openai_csv_ms(ngx_openai_json_t *json, int64_t us)
{
    ngx_openai_csv_fixed(json, us, 3);
}


/* negative is unknown, and an empty cell */

static void
ngx_openai_csv_fixed(ngx_openai_json_t *json, int64_t n, ngx_uint_t digits)
{
    ngx_openai_json_literal(json, ",");

    if (n < 0) {
        return;
    }

    json->comma = 0;
    ngx_openai_json_fixed(json, n, digits);
}
