
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include "digest/openai_bytes.h"
#include "digest/openai_dialect.h"


static size_t openai_path_length(openai_str_t uri);
static int openai_route_match(const openai_str_t *pattern, const char *path,
    size_t len, openai_str_t *model);


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

    len = openai_path_length(uri);

    if (len < 4) {
        return found;
    }

    p = (const unsigned char *) uri.data + len;
    tail = (uint32_t) p[-1] << 24 | (uint32_t) p[-2] << 16
           | (uint32_t) p[-3] << 8 | p[-4];

    for (i = 1; i < openai_dialects_n; i++) {

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


/* without the arguments and slashes at the end */

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


/* the last segment that has no digit in it, which an identifier would have */

openai_str_t
openai_path_label(openai_str_t uri)
{
    size_t        len, end, i;
    openai_str_t  label;

    label.data = "";
    label.len = 0;

    len = openai_path_length(uri);

    while (len) {

        end = len;

        while (len && uri.data[len - 1] != '/') {
            len--;
        }

        for (i = len; i < end; i++) {
            if (uri.data[i] >= '0' && uri.data[i] <= '9') {
                break;
            }
        }

        if (i == end && end > len) {
            label.data = uri.data + len;
            label.len = end - len;
            break;
        }

        while (len && uri.data[len - 1] == '/') {
            len--;
        }
    }

    return label;
}
