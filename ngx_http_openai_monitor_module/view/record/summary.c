
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The fields of a record as JSON, in the order of the tables of
 * store/fields.c.  The list, the live feed, the detail and the exports call
 * this.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "digest/digest.h"
#include "view/record/summary.h"


static void ngx_openai_summary_value(ngx_openai_json_t *json,
    const ngx_openai_field_t *field, ngx_openai_read_t *record,
    const ngx_openai_thread_t *thread);
static void ngx_openai_summary_flag(ngx_openai_json_t *json, int64_t value);
static void ngx_openai_summary_speed(ngx_openai_json_t *json, double speed);
static void ngx_openai_summary_list(ngx_openai_json_t *json, const char *list);
static void ngx_openai_summary_version(ngx_openai_json_t *json,
    ngx_uint_t version);
static void ngx_openai_summary_attempts(ngx_openai_json_t *json,
    const ngx_openai_record_t *rec);
static void ngx_openai_summary_sides(ngx_openai_json_t *json,
    const ngx_openai_field_t *field, const ngx_openai_record_t *rec);
static void ngx_openai_summary_reasons(ngx_openai_json_t *json,
    const ngx_openai_record_t *rec);


void
ngx_openai_summary(ngx_openai_json_t *json, ngx_openai_read_t *record,
    const ngx_openai_thread_t *thread)
{
    ngx_openai_summary_fields(json, ngx_openai_fields, record, thread);
}


void
ngx_openai_summary_fields(ngx_openai_json_t *json,
    const ngx_openai_field_t *fields, ngx_openai_read_t *record,
    const ngx_openai_thread_t *thread)
{
    ngx_uint_t                 open;
    const ngx_openai_field_t  *field;

    open = 0;

    for (field = fields; field->name; field++) {

        if (field->member && !open) {
            continue;
        }

        if (open && !field->member) {
            ngx_openai_json_close(json, '}');
            open = 0;
        }

        ngx_openai_json_key(json, field->name);

        if (field->as != NGX_OPENAI_AS_GROUP) {
            ngx_openai_summary_value(json, field, record, thread);
            continue;
        }

        if (ngx_openai_field_known(field, record->rec)) {
            ngx_openai_json_open(json, '{');
            open = 1;

        } else {
            ngx_openai_json_null(json);
        }
    }
}


static void
ngx_openai_summary_value(ngx_openai_json_t *json,
    const ngx_openai_field_t *field, ngx_openai_read_t *record,
    const ngx_openai_thread_t *thread)
{
    ngx_str_t                   uri;
    const ngx_openai_record_t  *rec;

    rec = record->rec;

    switch (field->as) {

    case NGX_OPENAI_AS_URI:
        ngx_openai_read_uri(record, &uri);

        if (uri.len) {
            ngx_openai_json_string(json, uri.data, uri.len);

        } else {
            ngx_openai_json_null(json);
        }

        break;

    case NGX_OPENAI_AS_LIST:
        ngx_openai_summary_list(json, ngx_openai_field_text(field, rec));
        break;

    case NGX_OPENAI_AS_TIME:
    case NGX_OPENAI_AS_MOMENT:
    case NGX_OPENAI_AS_GAP:
    case NGX_OPENAI_AS_CONNECT:
    case NGX_OPENAI_AS_TLS:
        ngx_openai_json_ms(json, ngx_openai_field_int(field, rec));
        break;

    case NGX_OPENAI_AS_FRESH:
        ngx_openai_json_count(json, thread ? (int64_t) thread->fresh
                                           : OPENAI_UNKNOWN);
        break;

    case NGX_OPENAI_AS_MONEY:
    case NGX_OPENAI_AS_LEAST:
        ngx_openai_json_money(json, ngx_openai_field_number(field, rec));
        break;

    case NGX_OPENAI_AS_SPEED:
        ngx_openai_summary_speed(json, ngx_openai_field_number(field, rec));
        break;

    case NGX_OPENAI_AS_FLAG:
    case NGX_OPENAI_AS_BIT:
    case NGX_OPENAI_AS_COMPLETE:
        ngx_openai_summary_flag(json, ngx_openai_field_int(field, rec));
        break;

    case NGX_OPENAI_AS_DATE:
        ngx_openai_json_time(json, ngx_openai_field_int(field, rec));
        break;

    case NGX_OPENAI_AS_VERSION:
        ngx_openai_summary_version(json, ngx_openai_field_int(field, rec));
        break;

    case NGX_OPENAI_AS_ATTEMPTS:
        ngx_openai_summary_attempts(json, rec);
        break;

    case NGX_OPENAI_AS_SIDES:
        ngx_openai_summary_sides(json, field, rec);
        break;

    case NGX_OPENAI_AS_WITHHELD:
        ngx_openai_summary_reasons(json, rec);
        break;

    default:
        if (ngx_openai_field_is_text(field)) {
            ngx_openai_json_text(json, ngx_openai_summary_text(field, rec,
                                                               thread));
        } else {
            ngx_openai_json_count(json, ngx_openai_field_int(field, rec));
        }
    }
}


const char *
ngx_openai_summary_text(const ngx_openai_field_t *field,
    const ngx_openai_record_t *rec, const ngx_openai_thread_t *thread)
{
    const char  *name;

    switch (field->as) {

    case NGX_OPENAI_AS_DIALECT:
        name = openai_dialect_name(rec->facts.dialect);
        return name ? name : "";

    case NGX_OPENAI_AS_THREAD:
        return thread ? thread->id : "";

    case NGX_OPENAI_AS_PARENT:
        return thread ? thread->parent : "";

    case NGX_OPENAI_AS_CHANGE:
        return thread ? thread->change : "";

    case NGX_OPENAI_AS_RUN:
        return thread ? thread->run : "";

    case NGX_OPENAI_AS_ROLE:
        return thread ? ngx_openai_role_name(thread->role) : "";

    case NGX_OPENAI_AS_CALLER:
        return thread ? thread->caller : "";

    default:
        return ngx_openai_field_text(field, rec);
    }
}


/* negative is unknown */

static void
ngx_openai_summary_flag(ngx_openai_json_t *json, int64_t value)
{
    if (value < 0) {
        ngx_openai_json_null(json);

    } else {
        ngx_openai_json_bool(json, value);
    }
}


static void
ngx_openai_summary_speed(ngx_openai_json_t *json, double speed)
{
    if (speed < 0) {
        ngx_openai_json_null(json);

    } else {
        ngx_openai_json_fixed(json, (int64_t) (speed * 1000 + 0.5), 3);
    }
}


static void
ngx_openai_summary_list(ngx_openai_json_t *json, const char *list)
{
    size_t  len;

    ngx_openai_json_open(json, '[');

    while (*list) {
        len = strcspn(list, ",");

        ngx_openai_json_string(json, list, len);

        list += len;
        list += (*list == ',');
    }

    ngx_openai_json_close(json, ']');
}


/* 1001 is "1.1", 2000 is "2" */

static void
ngx_openai_summary_version(ngx_openai_json_t *json, ngx_uint_t version)
{
    size_t  len;
    u_char  text[3];

    if (version == 0) {
        ngx_openai_json_null(json);
        return;
    }

    text[0] = (u_char) ('0' + version / 1000 % 10);
    text[1] = '.';
    text[2] = (u_char) ('0' + version % 10);

    len = (version >= 2000 && version % 1000 == 0) ? 1 : 3;

    ngx_openai_json_string(json, text, len);
}


static void
ngx_openai_summary_attempts(ngx_openai_json_t *json,
    const ngx_openai_record_t *rec)
{
    ngx_uint_t                   i;
    const ngx_openai_attempt_t  *a;

    ngx_openai_json_open(json, '[');

    for (i = 0; i < ngx_openai_record_attempts(rec); i++) {
        a = &rec->attempts[i];

        ngx_openai_json_open(json, '{');
        ngx_openai_json_key(json, "peer");
        ngx_openai_json_text(json, a->peer);
        ngx_openai_json_key(json, "status");
        ngx_openai_json_count(json, a->status ? (int64_t) a->status : -1);
        ngx_openai_json_key(json, "connect_ms");
        ngx_openai_json_count(json, a->connect_ms);
        ngx_openai_json_key(json, "tls_ms");
        ngx_openai_json_count(json, a->tls_ms);
        ngx_openai_json_key(json, "header_ms");
        ngx_openai_json_count(json, a->header_ms);
        ngx_openai_json_key(json, "response_ms");
        ngx_openai_json_count(json, a->response_ms);
        ngx_openai_json_key(json, "bytes_sent");
        ngx_openai_json_count(json, a->sent);
        ngx_openai_json_key(json, "bytes_received");
        ngx_openai_json_count(json, a->received);
        ngx_openai_json_close(json, '}');
    }

    ngx_openai_json_close(json, ']');
}


static void
ngx_openai_summary_sides(ngx_openai_json_t *json,
    const ngx_openai_field_t *field, const ngx_openai_record_t *rec)
{
    uint32_t  flags;

    flags = (uint32_t) ngx_openai_field_int(field, rec);

    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "request");
    ngx_openai_json_bool(json, (flags & field->bit) != 0);
    ngx_openai_json_key(json, "response");
    ngx_openai_json_bool(json, (flags & (field->bit << 1)) != 0);
    ngx_openai_json_close(json, '}');
}


static void
ngx_openai_summary_reasons(ngx_openai_json_t *json,
    const ngx_openai_record_t *rec)
{
    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "request");
    ngx_openai_json_text(json, ngx_openai_summary_withheld(rec,
                                                           NGX_OPENAI_IN));
    ngx_openai_json_key(json, "response");
    ngx_openai_json_text(json, ngx_openai_summary_withheld(rec,
                                                           NGX_OPENAI_OUT));
    ngx_openai_json_close(json, '}');
}


const char *
ngx_openai_summary_withheld(const ngx_openai_record_t *rec, ngx_uint_t side)
{
    ngx_uint_t  i;

    static const struct {
        uint32_t     flag[2];
        const char  *why;
    } reasons[] = {
        { { NGX_OPENAI_REC_REQUEST_OFF, NGX_OPENAI_REC_RESPONSE_OFF },
          "off" },
        { { NGX_OPENAI_REC_REQUEST_SECRET, NGX_OPENAI_REC_RESPONSE_SECRET },
          "secret" },
        { { NGX_OPENAI_REC_REQUEST_OPAQUE, NGX_OPENAI_REC_RESPONSE_OPAQUE },
          "opaque" }
    };

    for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (rec->flags & reasons[i].flag[side]) {
            return reasons[i].why;
        }
    }

    return "";
}
