
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The JSON writer: see json.h. Everything that the API writes goes through it.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <math.h>
#include <time.h>

#include "view/answer/json.h"


#define NGX_OPENAI_JSON_BUF_MIN  4096
#define NGX_OPENAI_JSON_BUF_MAX  65536
#define NGX_OPENAI_JSON_DEPTH    128


static u_char *ngx_openai_json_room(ngx_openai_json_t *json, size_t min,
    size_t want);
static void ngx_openai_json_begin(ngx_openai_json_t *json);
static void ngx_openai_json_chars(ngx_openai_json_t *json, const u_char *p,
    size_t len);
static u_char *ngx_openai_json_escape(u_char *d, u_char c);
static void ngx_openai_json_nested(ngx_openai_json_t *json,
    yyjson_mut_val *val, ngx_uint_t depth);


/* bytes that stand in a string as they are */

static const uint32_t  ngx_openai_json_plain[] = {
    0x00000000, /* 0000 0000 0000 0000  0000 0000 0000 0000 */

                /* ?>=< ;:98 7654 3210  /.-, +*)( '&%$ #"!  */
    0xfffffffb, /* 1111 1111 1111 1111  1111 1111 1111 1011 */

                /* _^]\ [ZYX WVUT SRQP  ONML KJIH GFED CBA@ */
    0xefffffff, /* 1110 1111 1111 1111  1111 1111 1111 1111 */

                /*  ~}| {zyx wvut srqp  onml kjih gfed cba` */
    0x7fffffff, /* 0111 1111 1111 1111  1111 1111 1111 1111 */

    0x00000000, 0x00000000, 0x00000000, 0x00000000
};


void
ngx_openai_json_init(ngx_openai_json_t *json, ngx_pool_t *pool)
{
    ngx_memzero(json, sizeof(ngx_openai_json_t));

    json->pool = pool;
    json->next = &json->first;
}


void
ngx_openai_json_init_fixed(ngx_openai_json_t *json, ngx_buf_t *buf)
{
    ngx_memzero(json, sizeof(ngx_openai_json_t));

    json->buf = buf;
}


/*
 * Makes room for at least "min" bytes and returns where to write, or NULL when
 * there is no memory. A new buffer has "want" bytes when that is more than the
 * usual size.
 */

static u_char *
ngx_openai_json_room(ngx_openai_json_t *json, size_t min, size_t want)
{
    size_t        size;
    ngx_chain_t  *cl;

    if (json->failed) {
        return NULL;
    }

    if (json->buf && (size_t) (json->buf->end - json->buf->last) >= min) {
        return json->buf->last;
    }

    if (json->pool == NULL) {
        json->failed = 1;
        return NULL;
    }

    size = NGX_OPENAI_JSON_BUF_MIN;

    if (json->buf) {
        size = 4 * (json->buf->end - json->buf->start);
        size = ngx_min(size, NGX_OPENAI_JSON_BUF_MAX);
    }

    size = ngx_max(size, want);

    cl = ngx_alloc_chain_link(json->pool);

    if (cl != NULL) {
        cl->buf = ngx_create_temp_buf(json->pool, size);
    }

    if (cl == NULL || cl->buf == NULL) {
        json->failed = 1;
        return NULL;
    }

    cl->next = NULL;
    *json->next = cl;
    json->next = &cl->next;
    json->buf = cl->buf;

    return json->buf->last;
}


void
ngx_openai_json_raw(ngx_openai_json_t *json, const void *data, size_t len)
{
    u_char        *d;
    size_t         n;
    const u_char  *p;

    p = data;

    /* nearly always true */

    if (json->buf && (size_t) (json->buf->end - json->buf->last) >= len
        && !json->failed)
    {
        json->buf->last = ngx_cpymem(json->buf->last, p, len);
        json->size += len;
        return;
    }

    while (len) {
        d = ngx_openai_json_room(json, json->pool ? 1 : len, len);
        if (d == NULL) {
            return;
        }

        n = ngx_min(len, (size_t) (json->buf->end - d));

        json->buf->last = ngx_cpymem(d, p, n);
        json->size += n;

        p += n;
        len -= n;
    }
}


static void
ngx_openai_json_begin(ngx_openai_json_t *json)
{
    if (json->comma) {
        ngx_openai_json_literal(json, ",");
    }

    json->comma = 1;
}


void
ngx_openai_json_open(ngx_openai_json_t *json, u_char bracket)
{
    ngx_openai_json_begin(json);
    ngx_openai_json_raw(json, &bracket, 1);

    json->comma = 0;
}


void
ngx_openai_json_close(ngx_openai_json_t *json, u_char bracket)
{
    ngx_openai_json_raw(json, &bracket, 1);

    json->comma = 1;
}


/* keys are constants of the program and need no escaping */

void
ngx_openai_json_key(ngx_openai_json_t *json, const char *key)
{
    u_char  *p, *d;
    size_t   len;

    len = ngx_strlen(key);

    p = ngx_openai_json_room(json, len + 4, len + 4);
    if (p == NULL) {
        return;
    }

    d = p;

    if (json->comma) {
        *d++ = ',';
    }

    *d++ = '"';
    d = ngx_cpymem(d, key, len);
    *d++ = '"';
    *d++ = ':';

    json->buf->last = d;
    json->size += d - p;
    json->comma = 0;
}


void
ngx_openai_json_null(ngx_openai_json_t *json)
{
    ngx_openai_json_begin(json);
    ngx_openai_json_literal(json, "null");
}


void
ngx_openai_json_bool(ngx_openai_json_t *json, ngx_uint_t value)
{
    ngx_openai_json_begin(json);

    if (value) {
        ngx_openai_json_literal(json, "true");

    } else {
        ngx_openai_json_literal(json, "false");
    }
}


void
ngx_openai_json_int(ngx_openai_json_t *json, int64_t value)
{
    ngx_openai_json_fixed(json, value, 0);
}


void
ngx_openai_json_fixed(ngx_openai_json_t *json, int64_t value,
    ngx_uint_t digits)
{
    u_char      *p, *last, buf[NGX_INT64_LEN + 4];
    uint64_t     n;
    ngx_uint_t   i;

    last = buf + sizeof(buf);
    p = last;

    n = (value < 0) ? 0 - (uint64_t) value : (uint64_t) value;

    for (i = digits; i && n % 10 == 0; i--) {
        n /= 10;
    }

    if (i) {
        for ( /* void */ ; i; i--) {
            *--p = (u_char) ('0' + n % 10);
            n /= 10;
        }

        *--p = '.';
    }

    do {
        *--p = (u_char) ('0' + n % 10);
        n /= 10;
    } while (n);

    if (value < 0) {
        *--p = '-';
    }

    ngx_openai_json_begin(json);
    ngx_openai_json_raw(json, p, last - p);
}


void
ngx_openai_json_double(ngx_openai_json_t *json, double value)
{
    int   n, precision;
    char  buf[32];

    if (!isfinite(value)) {
        ngx_openai_json_null(json);
        return;
    }

    n = 0;

    for (precision = 15; precision <= 17; precision++) {
        n = snprintf(buf, sizeof(buf), "%.*g", precision, value);

        if (n > 0 && strtod(buf, NULL) == value) {
            break;
        }
    }

    if (n <= 0) {
        ngx_openai_json_null(json);
        return;
    }

    ngx_openai_json_begin(json);
    ngx_openai_json_raw(json, buf, n);
}


void
ngx_openai_json_string(ngx_openai_json_t *json, const void *data, size_t len)
{
    ngx_openai_json_begin(json);
    ngx_openai_json_literal(json, "\"");
    ngx_openai_json_chars(json, data, len);
    ngx_openai_json_literal(json, "\"");
}


size_t
ngx_openai_json_fits(const void *data, size_t len, size_t room)
{
    size_t         n, skip, need;
    const u_char  *p, *last;

    p = data;
    last = p + len;

    while (p < last) {
        n = 1;
        need = 1;

        if (*p >= 0x80) {
            n = ngx_openai_utf8(p, last, &skip);
            need = n ? n : 3;
            n = n ? n : skip;

        } else if (!(ngx_openai_json_plain[*p >> 5] & (1U << (*p & 0x1f)))) {
            need = 6;
        }

        if (need > room) {
            break;
        }

        room -= need;
        p += n;
    }

    return p - (const u_char *) data;
}


static void
ngx_openai_json_chars(ngx_openai_json_t *json, const u_char *p, size_t len)
{
    u_char        *d, *end;
    size_t         n, skip;
    const u_char  *last;

    last = p + len;

    while (p < last) {

        /* one byte becomes six at most */

        d = ngx_openai_json_room(json, 6, last - p);
        if (d == NULL) {
            return;
        }

        end = json->buf->end - 5;

        while (p < last && d < end) {

            if (ngx_openai_json_plain[*p >> 5] & (1U << (*p & 0x1f))) {
                *d++ = *p++;
                continue;
            }

            if (*p < 0x80) {
                d = ngx_openai_json_escape(d, *p++);
                continue;
            }

            n = ngx_openai_utf8(p, last, &skip);

            if (n == 0) {
                d = ngx_cpymem(d, "\xef\xbf\xbd", 3);
                p += skip;
                continue;
            }

            while (n--) {
                *d++ = *p++;
            }
        }

        json->size += d - json->buf->last;
        json->buf->last = d;
    }
}


static u_char *
ngx_openai_json_escape(u_char *d, u_char c)
{
    static const u_char  hex[] = "0123456789abcdef";

    *d++ = '\\';

    switch (c) {

    case '"':
    case '\\':
        *d++ = c;
        break;

    case '\n':
        *d++ = 'n';
        break;

    case '\r':
        *d++ = 'r';
        break;

    case '\t':
        *d++ = 't';
        break;

    default:
        *d++ = 'u';
        *d++ = '0';
        *d++ = '0';
        *d++ = hex[c >> 4];
        *d++ = hex[c & 0xf];
    }

    return d;
}


size_t
ngx_openai_utf8(const u_char *p, const u_char *last, size_t *skip)
{
    u_char  low, high;
    size_t  n, i;

    low = 0x80;
    high = 0xbf;
    *skip = 1;

    if (*p < 0x80) {
        return 1;
    }

    if (*p >= 0xc2 && *p <= 0xdf) {
        n = 2;

    } else if (*p >= 0xe0 && *p <= 0xef) {
        n = 3;

        /* overlong forms and surrogates are invalid */

        if (*p == 0xe0) {
            low = 0xa0;

        } else if (*p == 0xed) {
            high = 0x9f;
        }

    } else if (*p >= 0xf0 && *p <= 0xf4) {
        n = 4;

        if (*p == 0xf0) {
            low = 0x90;

        } else if (*p == 0xf4) {
            high = 0x8f;
        }

    } else {
        return 0;
    }

    for (i = 1; i < n; i++) {

        if (p + i == last || p[i] < low || p[i] > high) {
            *skip = i;
            return 0;
        }

        low = 0x80;
        high = 0xbf;
    }

    return n;
}


void
ngx_openai_json_base64(ngx_openai_json_t *json, const void *data, size_t len)
{
    u_char     *d;
    size_t      n;
    ngx_str_t   src, dst;

    ngx_openai_json_begin(json);
    ngx_openai_json_literal(json, "\"");

    src.data = (u_char *) data;

    while (len) {
        d = ngx_openai_json_room(json, 4, ngx_base64_encoded_length(len));
        if (d == NULL) {
            return;
        }

        n = (json->buf->end - d) / 4 * 3;

        src.len = ngx_min(n, len);
        dst.data = d;

        ngx_encode_base64(&dst, &src);

        json->buf->last += dst.len;
        json->size += dst.len;

        src.data += src.len;
        len -= src.len;
    }

    ngx_openai_json_literal(json, "\"");
}


void
ngx_openai_json_text(ngx_openai_json_t *json, const char *s)
{
    if (*s == '\0') {
        ngx_openai_json_null(json);
        return;
    }

    ngx_openai_json_string(json, s, ngx_strlen(s));
}


void
ngx_openai_json_count(ngx_openai_json_t *json, int64_t value)
{
    if (value < 0) {
        ngx_openai_json_null(json);
        return;
    }

    ngx_openai_json_int(json, value);
}


void
ngx_openai_json_ms(ngx_openai_json_t *json, int64_t us)
{
    if (us < 0) {
        ngx_openai_json_null(json);
        return;
    }

    ngx_openai_json_fixed(json, us, 3);
}


void
ngx_openai_json_money(ngx_openai_json_t *json, double usd)
{
    if (!(usd >= 0 && usd < 1e9)) {
        ngx_openai_json_null(json);
        return;
    }

    ngx_openai_json_fixed(json, (int64_t) (usd * 1e9 + 0.5), 9);
}


void
ngx_openai_json_time(ngx_openai_json_t *json, uint64_t ms)
{
    u_char  buf[NGX_OPENAI_TIME_LEN];

    (void) ngx_openai_time(buf, ms);

    ngx_openai_json_string(json, buf, NGX_OPENAI_TIME_LEN);
}


u_char *
ngx_openai_time(u_char *p, uint64_t ms)
{
    char       buf[NGX_OPENAI_TIME_LEN + 1];
    time_t     sec;
    struct tm  tm;

    /* a wrong clock must not make the year longer than four digits */

    sec = (time_t) ngx_min(ms / 1000, 253402300799ULL);

    if (gmtime_r(&sec, &tm) == NULL
        || strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S.000Z", &tm) == 0)
    {
        ngx_memcpy(buf, "1970-01-01T00:00:00.000Z", sizeof(buf));
        ms = 0;
    }

    buf[20] = (char) ('0' + ms / 100 % 10);
    buf[21] = (char) ('0' + ms / 10 % 10);
    buf[22] = (char) ('0' + ms % 10);

    return ngx_cpymem(p, buf, NGX_OPENAI_TIME_LEN);
}


void
ngx_openai_json_value(ngx_openai_json_t *json, yyjson_mut_val *val)
{
    ngx_openai_json_nested(json, val, 0);
}


static void
ngx_openai_json_nested(ngx_openai_json_t *json, yyjson_mut_val *val,
    ngx_uint_t depth)
{
    yyjson_mut_val       *key, *item;
    yyjson_mut_obj_iter   object;
    yyjson_mut_arr_iter   array;

    /* deeper nesting would use up the stack, so it becomes null */

    if (depth == NGX_OPENAI_JSON_DEPTH) {
        ngx_openai_json_null(json);
        return;
    }

    switch (yyjson_mut_get_type(val)) {

    case YYJSON_TYPE_OBJ:
        ngx_openai_json_open(json, '{');
        yyjson_mut_obj_iter_init(val, &object);

        while ((key = yyjson_mut_obj_iter_next(&object)) != NULL) {
            ngx_openai_json_nested(json, key, depth);
            ngx_openai_json_literal(json, ":");
            json->comma = 0;
            ngx_openai_json_nested(json, yyjson_mut_obj_iter_get_val(key),
                                   depth + 1);
        }

        ngx_openai_json_close(json, '}');
        break;

    case YYJSON_TYPE_ARR:
        ngx_openai_json_open(json, '[');
        yyjson_mut_arr_iter_init(val, &array);

        while ((item = yyjson_mut_arr_iter_next(&array)) != NULL) {
            ngx_openai_json_nested(json, item, depth + 1);
        }

        ngx_openai_json_close(json, ']');
        break;

    case YYJSON_TYPE_STR:
        ngx_openai_json_string(json, yyjson_mut_get_str(val),
                               yyjson_mut_get_len(val));
        break;

    case YYJSON_TYPE_BOOL:
        ngx_openai_json_bool(json, yyjson_mut_get_bool(val));
        break;

    case YYJSON_TYPE_NUM:
        if (yyjson_mut_is_sint(val)) {
            ngx_openai_json_int(json, yyjson_mut_get_sint(val));

        } else if (yyjson_mut_is_uint(val)
                   && yyjson_mut_get_uint(val) <= INT64_MAX)
        {
            ngx_openai_json_int(json, (int64_t) yyjson_mut_get_uint(val));

        } else {
            ngx_openai_json_double(json, yyjson_mut_get_num(val));
        }

        break;

    case YYJSON_TYPE_RAW:
        ngx_openai_json_begin(json);
        ngx_openai_json_raw(json, yyjson_mut_get_raw(val),
                            yyjson_mut_get_len(val));
        break;

    default:
        ngx_openai_json_null(json);
    }
}
