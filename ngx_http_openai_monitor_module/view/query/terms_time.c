
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/query/terms.h"


/*
 * Moments in a query: "2026-11-25", "2026-11-25T10:00" or "…:30.250", each with
 * "Z", an offset such as "+08:00", or nothing for UTC; or seconds since the
 * epoch; or, from 12 digits on, milliseconds. terms.c calls this for "time:".
 */


typedef struct {
    u_char    *pos;
    u_char    *last;
    int64_t    at;                      /* ms since the epoch … */
    int64_t    span;                    /* … and the time that it names */
} ngx_openai_moment_t;


static ngx_int_t ngx_openai_moment(ngx_openai_moment_t *m);
static ngx_int_t ngx_openai_moment_epoch(ngx_openai_moment_t *m,
    ngx_uint_t digits);
static ngx_int_t ngx_openai_moment_date(ngx_openai_moment_t *m);
static ngx_int_t ngx_openai_moment_clock(ngx_openai_moment_t *m);
static ngx_int_t ngx_openai_moment_fraction(ngx_openai_moment_t *m);
static ngx_int_t ngx_openai_moment_offset(ngx_openai_moment_t *m);
static ngx_int_t ngx_openai_moment_number(ngx_openai_moment_t *m,
    ngx_uint_t digits, ngx_uint_t max);
static ngx_int_t ngx_openai_term_no_moment(ngx_openai_query_t *query,
    ngx_str_t *value);


/* ">=MOMENT"; "MOMENT..MOMENT", without the last; or the time that MOMENT
   names */

ngx_int_t
ngx_openai_term_time(ngx_openai_query_t *query, ngx_openai_term_t *term,
    ngx_str_t *value)
{
    ngx_openai_moment_t  m;

    term->type = NGX_OPENAI_TERM_TIME;

    m.pos = value->data;
    m.last = value->data + value->len;

    term->op = ngx_openai_term_op(&m.pos, m.last);

    if (ngx_openai_moment(&m) != NGX_OK) {
        return ngx_openai_term_no_moment(query, value);
    }

    term->low = (double) m.at;
    term->high = (double) (m.at + m.span);

    if (term->op == NGX_OPENAI_OP_EQ && m.last - m.pos > 2
        && m.pos[0] == '.' && m.pos[1] == '.')
    {
        m.pos += 2;

        if (ngx_openai_moment(&m) != NGX_OK) {
            return ngx_openai_term_no_moment(query, value);
        }

        term->high = (double) m.at;
    }

    if (m.pos != m.last) {
        return ngx_openai_term_no_moment(query, value);
    }

    return NGX_OK;
}


/* a user who writes "time:<5m" probably means "age:<5m" */

static ngx_int_t
ngx_openai_term_no_moment(ngx_openai_query_t *query, ngx_str_t *value)
{
    u_char       c;
    const char  *key;

    c = value->data[value->len - 1];
    key = (c == 's' || c == 'm' || c == 'h' || c == 'd') ? "age" : NULL;

    query->tail = "; use a form such as 2026-11-25T10:00";

    return ngx_openai_term_wrong(query, "invalid moment", value, key);
}


static ngx_int_t
ngx_openai_moment(ngx_openai_moment_t *m)
{
    ngx_uint_t  n;

    for (n = 0; m->pos + n < m->last; n++) {

        if (m->pos[n] < '0' || m->pos[n] > '9') {
            break;
        }
    }

    if (n == 4 && m->last - m->pos > 4 && m->pos[4] == '-') {
        return ngx_openai_moment_date(m);
    }

    return ngx_openai_moment_epoch(m, n);
}


static ngx_int_t
ngx_openai_moment_epoch(ngx_openai_moment_t *m, ngx_uint_t digits)
{
    if (digits == 0 || digits > 15) {
        return NGX_DECLINED;
    }

    m->at = ngx_atoof(m->pos, digits);
    m->span = 1;
    m->pos += digits;

    if (digits < 12) {
        m->at *= 1000;
        m->span = 1000;
        return ngx_openai_moment_fraction(m);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_openai_moment_date(ngx_openai_moment_t *m)
{
    ngx_int_t  year, month, day;

    static const ngx_int_t  days[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    year = ngx_openai_moment_number(m, 4, 9999);
    m->pos++;

    month = ngx_openai_moment_number(m, 2, 12);

    if (month < 1 || m->pos == m->last || *m->pos++ != '-') {
        return NGX_DECLINED;
    }

    day = ngx_openai_moment_number(m, 2, 31);

    if (year < 1970 || day < 1
        || day > days[month - 1]
                 + (month == 2 && year % 4 == 0
                    && (year % 100 != 0 || year % 400 == 0)))
    {
        return NGX_DECLINED;
    }

    /* count the year from March, so that the leap day is its last day */

    if (month < 3) {
        month += 12;
        year--;
    }

    m->at = (int64_t) (365 * year + year / 4 - year / 100 + year / 400
                       + (153 * (month - 3) + 2) / 5 + day - 1 - 719468)
            * 86400000;
    m->span = 86400000;

    if (m->last - m->pos > 2 && (*m->pos == 'T' || *m->pos == 't'
                                 || *m->pos == ' '))
    {
        m->pos++;

        if (ngx_openai_moment_clock(m) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    return ngx_openai_moment_offset(m);
}


/* hours, minutes and seconds, as far as they are given */

static ngx_int_t
ngx_openai_moment_clock(ngx_openai_moment_t *m)
{
    ngx_int_t   n;
    ngx_uint_t  i;

    m->span = 3600000;

    for (i = 0; ; i++) {
        n = ngx_openai_moment_number(m, 2, i == 0 ? 23 : 59);

        if (n < 0) {
            return NGX_DECLINED;
        }

        m->at += n * m->span;

        if (i == 2) {
            return ngx_openai_moment_fraction(m);
        }

        if (m->pos == m->last || *m->pos != ':') {
            return NGX_OK;
        }

        m->pos++;
        m->span /= 60;
    }
}


/* of a second; the two dots of a range are no fraction */

static ngx_int_t
ngx_openai_moment_fraction(ngx_openai_moment_t *m)
{
    ngx_int_t  scale;

    if (m->last - m->pos < 2 || m->pos[0] != '.' || m->pos[1] == '.') {
        return NGX_OK;
    }

    m->pos++;
    m->span = 1;

    for (scale = 100;
         m->pos < m->last && *m->pos >= '0' && *m->pos <= '9';
         m->pos++)
    {
        m->at += (*m->pos - '0') * scale;
        scale /= 10;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_openai_moment_offset(ngx_openai_moment_t *m)
{
    u_char     sign;
    ngx_int_t  hours, minutes;

    if (m->pos == m->last) {
        return NGX_OK;
    }

    sign = *m->pos;

    if (sign == 'Z' || sign == 'z') {
        m->pos++;
        return NGX_OK;
    }

    if (sign != '+' && sign != '-') {
        return NGX_OK;
    }

    m->pos++;
    minutes = 0;
    hours = ngx_openai_moment_number(m, 2, 23);

    if (m->pos < m->last && *m->pos != '.') {
        m->pos += (*m->pos == ':');
        minutes = ngx_openai_moment_number(m, 2, 59);
    }

    if (hours < 0 || minutes < 0) {
        return NGX_DECLINED;
    }

    minutes += hours * 60;
    m->at -= (int64_t) (sign == '+' ? minutes : -minutes) * 60000;

    return NGX_OK;
}


static ngx_int_t
ngx_openai_moment_number(ngx_openai_moment_t *m, ngx_uint_t digits,
    ngx_uint_t max)
{
    ngx_int_t  n;

    if (m->last - m->pos < (ssize_t) digits) {
        return NGX_ERROR;
    }

    n = ngx_atoi(m->pos, digits);

    if (n == NGX_ERROR || n > (ngx_int_t) max) {
        return NGX_ERROR;
    }

    m->pos += digits;

    return n;
}
