
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Numbers of the scanner: the text of a value as an integer or as a double.
 */


#include <math.h>
#include <stdlib.h>

#include "digest/json/bytes.h"
#include "digest/json/scan.h"


int64_t
openai_value_rounded(const openai_value_t *v)
{
    double  d;

    d = openai_value_real(v);

    if (isnan(d) || d < -9e15 || d > 9e15) {
        return OPENAI_UNKNOWN;
    }

    return (int64_t) d;
}


double
openai_value_real(const openai_value_t *v)
{
    char      buf[48], *end;
    double    d;
    size_t    i, point;
    int64_t   n;
    unsigned  digit;

    /* up to 1e14 dividend and divisor are exact, so the quotient equals that of
       strtod() */

    static const double  powers[] = {
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
        1e13, 1e14
    };

    if (v->type != OPENAI_SCAN_NUMBER || v->str.len == 0
        || v->str.len >= sizeof(buf))
    {
        return NAN;
    }

    n = 0;
    point = 0;

    for (i = 0; i < v->str.len && i < 15; i++) {

        digit = (unsigned char) v->str.data[i] - '0';

        if (digit <= 9) {
            n = n * 10 + digit;

        } else if (v->str.data[i] == '.' && i && !point) {
            point = i + 1;

        } else {
            break;
        }
    }

    if (i == v->str.len && point < i) {
        return point ? (double) n / powers[i - point] : (double) n;
    }

    memcpy(buf, v->str.data, v->str.len);
    buf[v->str.len] = '\0';

    d = strtod(buf, &end);

    return (*end == '\0') ? d : NAN;
}
