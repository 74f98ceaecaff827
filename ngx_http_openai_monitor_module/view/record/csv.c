
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Records as lines of CSV.  The columns are those that store/fields.c numbers,
 * in the order of their numbers.  export.c calls this.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/record/export.h"
#include "view/record/summary.h"


static void ngx_openai_csv_cell(ngx_openai_json_t *json,
    const ngx_openai_field_t *field, ngx_openai_read_t *record,
    const ngx_openai_thread_t *thread);
static void ngx_openai_csv_string(ngx_openai_json_t *json, const char *s);
static void ngx_openai_csv_text(ngx_openai_json_t *json, const u_char *p,
    size_t len);
static void ngx_openai_csv_fixed(ngx_openai_json_t *json, int64_t n,
    ngx_uint_t digits);


void
ngx_openai_csv_head(ngx_openai_json_t *json)
{
    const char                *name;
    ngx_uint_t                 n;
    const ngx_openai_field_t  *field;

    for (n = 1; (field = ngx_openai_field_column(n)) != NULL; n++) {

        if (n > 1) {
            ngx_openai_json_literal(json, ",");
        }

        name = field->heading ? field->heading : field->name;

        ngx_openai_json_raw(json, name, ngx_strlen(name));
    }

    ngx_openai_json_literal(json, "\r\n");
}


void
ngx_openai_csv(ngx_openai_json_t *json, ngx_openai_read_t *record,
    const ngx_openai_thread_t *thread)
{
    ngx_uint_t                 n;
    const ngx_openai_field_t  *field;

    for (n = 1; (field = ngx_openai_field_column(n)) != NULL; n++) {

        if (n > 1) {
            ngx_openai_json_literal(json, ",");
        }

        ngx_openai_csv_cell(json, field, record, thread);
    }

    ngx_openai_json_literal(json, "\r\n");
}


static void
ngx_openai_csv_cell(ngx_openai_json_t *json, const ngx_openai_field_t *field,
    ngx_openai_read_t *record, const ngx_openai_thread_t *thread)
{
    double                      usd;
    u_char                      time[NGX_OPENAI_TIME_LEN];
    int64_t                     n;
    ngx_str_t                   uri;
    const ngx_openai_record_t  *rec;

    rec = record->rec;

    switch (field->as) {

    case NGX_OPENAI_AS_ID:
        ngx_openai_json_raw(json, rec->id, ngx_strlen(rec->id));
        return;

    case NGX_OPENAI_AS_URI:
        ngx_openai_read_uri(record, &uri);
        ngx_openai_csv_text(json, uri.data, uri.len);
        return;

    case NGX_OPENAI_AS_DATE:
        n = ngx_openai_field_int(field, rec);
        ngx_openai_json_raw(json, time, ngx_openai_time(time, n) - time);
        return;

    case NGX_OPENAI_AS_MONEY:
    case NGX_OPENAI_AS_LEAST:
        usd = ngx_openai_field_number(field, rec);
        n = (usd >= 0 && usd < 1e9) ? (int64_t) (usd * 1e9 + 0.5) : -1;
        ngx_openai_csv_fixed(json, n, 9);
        return;

    case NGX_OPENAI_AS_FLAG:
        n = ngx_openai_field_int(field, rec);
        ngx_openai_csv_string(json, n < 0 ? "" : n ? "true" : "false");
        return;

    default:
        if (ngx_openai_field_is_text(field)) {
            ngx_openai_csv_string(json, ngx_openai_summary_text(field, rec,
                                                                thread));
            return;
        }

        ngx_openai_csv_fixed(json, ngx_openai_field_int(field, rec),
                             ngx_openai_field_is_time(field) ? 3 : 0);
    }
}


static void
ngx_openai_csv_string(ngx_openai_json_t *json, const char *s)
{
    ngx_openai_csv_text(json, (const u_char *) s, ngx_strlen(s));
}


/* a quote in front keeps a spreadsheet from taking the cell for a formula */

static void
ngx_openai_csv_text(ngx_openai_json_t *json, const u_char *p, size_t len)
{
    size_t         n, skip;
    const u_char  *last;

    if (len == 0) {
        return;
    }

    ngx_openai_json_literal(json, "\"");

    if (ngx_strchr("=+-@\t\r", *p)) {
        ngx_openai_json_literal(json, "'");
    }

    last = p + len;

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


/* a negative number is unknown, and its cell is empty */

static void
ngx_openai_csv_fixed(ngx_openai_json_t *json, int64_t n, ngx_uint_t digits)
{
    if (n < 0) {
        return;
    }

    json->comma = 0;
    ngx_openai_json_fixed(json, n, digits);
}
