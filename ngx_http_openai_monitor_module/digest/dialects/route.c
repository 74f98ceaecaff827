
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Finds the route of a path, which names the dialect and the operation.
 *
 * The meter calls it once an exchange, and the assembler once a record.
 */


#include "digest/json/bytes.h"
#include "digest/dialects/dialect.h"


static size_t openai_path_length(openai_str_t uri);
static int openai_route_match(const openai_str_t *pattern, const char *path,
    size_t len, openai_str_t *model);
static openai_str_t openai_path_segment(openai_str_t uri, size_t pos);
static int openai_path_has_digit(openai_str_t segment);
static int openai_path_is_version(openai_str_t segment);
static int openai_path_hex(char ch);


openai_routed_t
openai_find_route(openai_str_t uri)
{
    size_t                 len;
    uint32_t               tail;
    unsigned               i;
    openai_str_t           model;
    openai_routed_t        found;
    const openai_route_t  *r;
    const unsigned char   *p;

    memset(&found, 0, sizeof(openai_routed_t));

    len = uri.len ? openai_path_length(uri) : 0;

    if (len < 4) {
        return found;
    }

    p = (const unsigned char *) uri.data + len;
    tail = (uint32_t) p[-1] << 24 | (uint32_t) p[-2] << 16
           | (uint32_t) p[-3] << 8 | p[-4];

    for (i = 0; i < openai_dialects_n; i++) {

        for (r = openai_dialects[i]->routes; r && r->path.data; r++) {

            if (r->tail && r->tail != tail) {
                continue;
            }

            if (found.route && r->path.len <= found.route->path.len) {
                continue;
            }

            model.len = 0;
            model.data = "";

            if (openai_route_match(&r->path, uri.data, len, &model)) {
                found.dialect = i;
                found.route = r;
                found.model = model;
            }
        }

        if (found.route && (found.route->flags & OPENAI_ROUTE_SURE)) {
            break;
        }
    }

    return found;
}


/* returns the length without arguments and without slashes at the end */

static size_t
openai_path_length(openai_str_t uri)
{
    size_t       len;
    const char  *end;

    end = openai_find2(uri.data, uri.data + uri.len, '?', '#');
    len = end - uri.data;

    while (len && uri.data[len - 1] == '/') {
        len--;
    }

    return len;
}


static int
openai_route_match(const openai_str_t *pattern, const char *path, size_t len,
    openai_str_t *model)
{
    char    ch;
    size_t  n, end;

    for (n = pattern->len; n; n--) {

        ch = pattern->data[n - 1];

        /* some clients encode the colon */

        if (ch == ':' && len > 2 && path[len - 3] == '%'
            && path[len - 2] == '3' && (path[len - 1] | 0x20) == 'a')
        {
            len -= 3;
            continue;
        }

        if (ch != '*' && ch != '@') {

            if (len == 0 || path[len - 1] != ch) {
                return 0;
            }

            len--;
            continue;
        }

        end = len;

        while (len && path[len - 1] != '/') {
            len--;
        }

        if (len == end) {
            return 0;
        }

        if (ch == '@') {
            model->data = path + len;
            model->len = end - len;
        }
    }

    return 1;
}


/* returns the segment behind the version, as "evals" in /v1/evals/ID/runs, or
   the last one when there is no version; a segment with a digit is an id */

openai_str_t
openai_path_label(openai_str_t uri)
{
    size_t        len, end;
    openai_str_t  label, segment;

    label.data = "";
    label.len = 0;

    len = openai_path_length(uri);

    while (len) {

        end = len;

        while (len && uri.data[len - 1] != '/') {
            len--;
        }

        segment.data = uri.data + len;
        segment.len = end - len;

        if (label.len && openai_path_is_version(segment)) {
            return openai_path_segment(uri, end);
        }

        if (label.len == 0 && !openai_path_has_digit(segment)) {
            label = segment;
        }

        while (len && uri.data[len - 1] == '/') {
            len--;
        }
    }

    return label;
}


/* returns the first segment behind pos that is not an id */

static openai_str_t
openai_path_segment(openai_str_t uri, size_t pos)
{
    size_t        len;
    openai_str_t  segment;

    len = openai_path_length(uri);

    do {
        while (pos < len && uri.data[pos] == '/') {
            pos++;
        }

        segment.data = uri.data + pos;

        while (pos < len && uri.data[pos] != '/') {
            pos++;
        }

        segment.len = uri.data + pos - segment.data;

    } while (pos < len && openai_path_has_digit(segment));

    return segment;
}


static int
openai_path_has_digit(openai_str_t segment)
{
    size_t  i;

    for (i = 0; i < segment.len; i++) {
        if (segment.data[i] >= '0' && segment.data[i] <= '9') {
            return 1;
        }
    }

    return 0;
}


/* "v1", "v1beta" */

static int
openai_path_is_version(openai_str_t segment)
{
    return segment.len > 1 && segment.len < 8 && segment.data[0] == 'v'
           && segment.data[1] >= '1' && segment.data[1] <= '9';
}


openai_str_t
openai_path_arg(openai_str_t uri, openai_str_t name)
{
    const char    *p, *end, *last;
    openai_str_t   value;

    value.data = "";
    value.len = 0;

    last = uri.data + uri.len;
    p = openai_find2(uri.data, last, '?', '?');

    while (p < last) {

        p++;
        end = openai_find2(p, last, '&', '#');

        if ((size_t) (end - p) > name.len && p[name.len] == '='
            && memcmp(p, name.data, name.len) == 0)
        {
            value.data = p + name.len + 1;
            value.len = end - value.data;
            break;
        }

        p = (end < last && *end == '#') ? last : end;
    }

    return value;
}


size_t
openai_path_decode(char *dst, size_t size, openai_str_t part)
{
    int     high, low;
    char    ch;
    size_t  i, n;

    n = 0;

    for (i = 0; i < part.len && n < size; i++) {

        ch = part.data[i];

        if (ch == '%' && part.len - i > 2) {
            high = openai_path_hex(part.data[i + 1]);
            low = openai_path_hex(part.data[i + 2]);

            if (high >= 0 && low >= 0 && (high || low)) {
                ch = (char) (high << 4 | low);
                i += 2;
            }
        }

        dst[n++] = ch;
    }

    return n;
}


static int
openai_path_hex(char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    return (ch >= 'a' && ch <= 'f') ? ch - 'a' + 10 : -1;
}
