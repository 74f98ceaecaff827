
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Numbers in a query: the sign of a comparison, digits, a fraction, a unit.
 * terms.c calls this for keys whose value is a number, and terms_time.c for the
 * sign in front of a moment.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/query/terms.h"


/* more digits behind the point change nothing */
#define NGX_OPENAI_DIVISOR_MAX  1e15


static double ngx_openai_term_unit(u_char *name, size_t len, ngx_uint_t time);


/* times become us; other numbers stay in units of one */

ngx_int_t
ngx_openai_term_number(ngx_openai_query_t *query, ngx_openai_term_t *term,
    ngx_str_t *value)
{
    u_char      *p, *last;
    double       scale, divisor;
    ngx_uint_t   digits, time;

    p = value->data;
    last = p + value->len;

    time = term->field ? ngx_openai_field_is_time(term->field)
                       : term->what == NGX_OPENAI_NUMBER_AGE;

    term->type = NGX_OPENAI_TERM_NUMBER;
    term->op = ngx_openai_term_op(&p, last);
    term->low = 0;

    for (digits = 0; p < last && *p >= '0' && *p <= '9'; p++, digits++) {
        term->low = term->low * 10 + (*p - '0');
    }

    /* one division at the end, because 2.3k has to be exactly 2300 */

    divisor = 1;

    if (p < last && *p == '.') {
        p++;

        for ( /* void */ ; p < last && *p >= '0' && *p <= '9'; p++, digits++) {

            if (divisor < NGX_OPENAI_DIVISOR_MAX) {
                term->low = term->low * 10 + (*p - '0');
                divisor *= 10;
            }
        }
    }

    scale = ngx_openai_term_unit(p, last - p, time);

    if (digits == 0 || scale == 0) {
        return ngx_openai_term_wrong(query,
                                     time ? "invalid time" : "invalid number",
                                     value, NULL);
    }

    term->low = term->low * scale / divisor;

    return NGX_OK;
}


/* no sign means "=" */

ngx_openai_op_e
ngx_openai_term_op(u_char **pos, u_char *last)
{
    u_char           *p;
    ngx_openai_op_e   op;

    p = *pos;
    op = NGX_OPENAI_OP_EQ;

    if (p < last && (*p == '>' || *p == '<')) {
        op = (*p++ == '>') ? NGX_OPENAI_OP_GT : NGX_OPENAI_OP_LT;

        if (p < last && *p == '=') {
            op = (op == NGX_OPENAI_OP_GT) ? NGX_OPENAI_OP_GE
                                          : NGX_OPENAI_OP_LE;
            p++;
        }

    } else if (p < last && *p == '=') {
        p++;
    }

    *pos = p;

    return op;
}


/* the factor of a unit, in us for times; 0: unknown unit */

static double
ngx_openai_term_unit(u_char *name, size_t len, ngx_uint_t time)
{
    ngx_uint_t  i;

    static const struct {
        const char  *name;
        ngx_uint_t   time;
        double       scale;
    } units[] = {
        { "",   0, 1 },
        { "k",  0, 1000 },
        { "M",  0, 1000000 },
        { "",   1, 1000 },               /* milliseconds, as in the API */
        { "us", 1, 1 },
        { "ms", 1, 1000 },
        { "s",  1, 1000000 },
        { "m",  1, 60000000 },
        { "h",  1, 3600000000.0 },
        { "d",  1, 86400000000.0 }
    };

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {

        if (units[i].time == time
            && ngx_strlen(units[i].name) == len
            && ngx_strncmp(units[i].name, name, len) == 0)
        {
            return units[i].scale;
        }
    }

    return 0;
}
