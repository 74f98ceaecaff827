
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Multipart forms, split anywhere.  The meter calls it for requests, the
 * assembler for stored ones.  It hands over whole fields up to a bound and the
 * kinds of files, and keeps no byte of a file.
 */


#include <string.h>
#include <strings.h>

#include "digest/json/bytes.h"
#include "digest/wire/multipart.h"


typedef enum {
    OPENAI_MULTIPART_PREAMBLE = 0,
    OPENAI_MULTIPART_HEADERS,
    OPENAI_MULTIPART_BODY,
    OPENAI_MULTIPART_DONE
} openai_multipart_state_e;


static void openai_multipart_line(openai_multipart_t *mp);
static void openai_multipart_header(openai_multipart_t *mp);
static void openai_multipart_keep(openai_multipart_t *mp);
static void openai_multipart_part(openai_multipart_t *mp);
static openai_str_t openai_multipart_parameter(const char *p, size_t len,
    const char *name);


int
openai_multipart_init(openai_multipart_t *mp, openai_str_t content_type,
    const openai_multipart_handler_t *handler, void *ctx)
{
    openai_str_t  boundary;

    boundary = openai_multipart_parameter(content_type.data, content_type.len,
                                          "boundary");

    if (boundary.len == 0 || boundary.len + 2 > sizeof(mp->boundary)) {
        return OPENAI_ERROR;
    }

    memset(mp, 0, sizeof(openai_multipart_t));

    memcpy(mp->boundary, "--", 2);
    memcpy(mp->boundary + 2, boundary.data, boundary.len);

    mp->boundary_len = boundary.len + 2;
    mp->handler = handler;
    mp->ctx = ctx;

    return OPENAI_OK;
}


void
openai_multipart_feed(openai_multipart_t *mp, const char *p, size_t len)
{
    size_t       n;
    const char  *end, *last;

    last = p + len;

    while (p < last && mp->state != OPENAI_MULTIPART_DONE) {

        end = memchr(p, '\n', last - p);
        n = (end ? end : last) - p;

        if (n > OPENAI_MULTIPART_LINE - mp->line_len) {
            n = OPENAI_MULTIPART_LINE - mp->line_len;
            mp->blind = 1;
        }

        memcpy(mp->line + mp->line_len, p, n);
        mp->line_len += n;

        if (end == NULL) {
            return;
        }

        openai_multipart_line(mp);

        mp->line_len = 0;
        mp->blind = 0;
        p = end + 1;
    }
}


static void
openai_multipart_line(openai_multipart_t *mp)
{
    if (mp->line_len >= mp->boundary_len
        && memcmp(mp->line, mp->boundary, mp->boundary_len) == 0)
    {
        openai_multipart_part(mp);

        mp->state = OPENAI_MULTIPART_HEADERS;
        mp->is_file = 0;
        mp->name_len = 0;
        mp->type_len = 0;
        mp->value_len = 0;

        if (mp->line_len >= mp->boundary_len + 2
            && memcmp(mp->line + mp->boundary_len, "--", 2) == 0)
        {
            mp->state = OPENAI_MULTIPART_DONE;
        }

        return;
    }

    if (mp->state == OPENAI_MULTIPART_BODY) {
        openai_multipart_keep(mp);
        return;
    }

    if (mp->state == OPENAI_MULTIPART_HEADERS) {

        if (mp->line_len && mp->line[mp->line_len - 1] == '\r') {
            mp->line_len--;
        }

        if (mp->line_len) {
            openai_multipart_header(mp);
            return;
        }

        mp->state = OPENAI_MULTIPART_BODY;

        if (mp->is_file) {
            mp->handler->file(mp->ctx,
                              (openai_str_t) { mp->name, mp->name_len },
                              (openai_str_t) { mp->type, mp->type_len });
        }
    }
}


static void
openai_multipart_header(openai_multipart_t *mp)
{
    size_t        n;
    const char   *line;
    openai_str_t  value;

    line = mp->line;
    n = mp->line_len;

    if (n > 20 && strncasecmp(line, "content-disposition:", 20) == 0) {

        value = openai_multipart_parameter(line + 20, n - 20, "name");

        if (value.len && value.len <= OPENAI_MULTIPART_FIELD) {
            memcpy(mp->name, value.data, value.len);
            mp->name_len = value.len;
        }

        value = openai_multipart_parameter(line + 20, n - 20, "filename");
        mp->is_file = (value.data != NULL);

    } else if (n > 13 && strncasecmp(line, "content-type:", 13) == 0) {

        line += 13;
        n -= 13;

        while (n && *line == ' ') {
            line++;
            n--;
        }

        mp->type_len = n < OPENAI_MULTIPART_FIELD ? n : OPENAI_MULTIPART_FIELD;
        memcpy(mp->type, line, mp->type_len);
    }
}


/* each line of a value brings its line feed, the last one's is no part of it */

static void
openai_multipart_keep(openai_multipart_t *mp)
{
    size_t  n;

    if (mp->is_file) {
        return;
    }

    n = mp->line_len;

    if (n > OPENAI_MULTIPART_LINE - mp->value_len) {
        n = OPENAI_MULTIPART_LINE - mp->value_len;
    }

    memcpy(mp->value + mp->value_len, mp->line, n);
    mp->value_len += n;

    if (mp->value_len < OPENAI_MULTIPART_LINE) {
        mp->value[mp->value_len++] = '\n';
    }
}


static void
openai_multipart_part(openai_multipart_t *mp)
{
    if (mp->state != OPENAI_MULTIPART_BODY || mp->is_file
        || mp->name_len == 0)
    {
        return;
    }

    if (mp->value_len && mp->value[mp->value_len - 1] == '\n') {
        mp->value_len--;
    }

    if (mp->value_len && mp->value[mp->value_len - 1] == '\r') {
        mp->value_len--;
    }

    mp->handler->field(mp->ctx, (openai_str_t) { mp->name, mp->name_len },
                       (openai_str_t) { mp->value, mp->value_len });
}


/* the value of ;name=value or ;name="value"; no data: it is not there */

static openai_str_t
openai_multipart_parameter(const char *p, size_t len, const char *name)
{
    char          stop;
    size_t        n;
    const char   *last, *start;
    openai_str_t  value;

    value.data = NULL;
    value.len = 0;

    n = strlen(name);
    last = p + len;

    while (p != last && (p = memchr(p, ';', last - p)) != NULL) {

        do {
            p++;
        } while (p < last && (*p == ' ' || *p == '\t'));

        if ((size_t) (last - p) <= n || p[n] != '='
            || strncasecmp(p, name, n) != 0)
        {
            continue;
        }

        p += n + 1;
        stop = ';';

        if (p < last && *p == '"') {
            stop = '"';
            p++;
        }

        start = p;

        while (p < last && *p != stop && *p != '\r') {
            p++;
        }

        value.data = start;
        value.len = p - start;

        break;
    }

    return value;
}
