
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The request as a form: multipart/form-data.
 *
 * headers.c begins a form by its content type; meter.c feeds the parser.
 */


#include <string.h>

#include "digest/json/bytes.h"
#include "digest/meter/meter.h"


static void openai_meter_field(void *ctx, openai_str_t name,
    openai_str_t value);
static void openai_meter_file(void *ctx, openai_str_t name, openai_str_t type);


static const openai_multipart_handler_t  openai_meter_multipart = {
    openai_meter_field,
    openai_meter_file
};


/* creates the parser; a field of a form goes to the take of the JSON member */

void
openai_meter_multipart_begin(openai_meter_t *m, openai_str_t content_type)
{
    openai_multipart_t  *mp;

    mp = m->alloc.alloc(m->alloc.ctx, sizeof(openai_multipart_t));
    if (mp == NULL) {
        return;
    }

    if (openai_multipart_init(mp, content_type, &openai_meter_multipart, m)
        == OPENAI_OK)
    {
        m->multipart = mp;
    }
}


static void
openai_meter_field(void *ctx, openai_str_t name, openai_str_t value)
{
    openai_value_t        v;
    openai_meter_t       *m = ctx;
    const openai_node_t  *n;

    v.str = value;
    v.size = value.len;
    v.element = -1;
    v.type = OPENAI_SCAN_NUMBER;

    if (openai_is(value.data, value.len, "true")) {
        v.type = OPENAI_SCAN_TRUE;

    } else if (openai_is(value.data, value.len, "false")) {
        v.type = OPENAI_SCAN_FALSE;

    } else if (openai_value_real(&v) != openai_value_real(&v)) {
        v.type = OPENAI_SCAN_STRING;
    }

    n = m->dialect->request ? m->dialect->request->nodes : NULL;

    for ( /* void */ ; n && n->key.data; n++) {
        if (n->take && n->key.len == name.len
            && memcmp(n->key.data, name.data, name.len) == 0)
        {
            n->take(m, n, &v);
        }
    }
}


static void
openai_meter_file(void *ctx, openai_str_t name, openai_str_t type)
{
    openai_meter_t  *m = ctx;

    if (type.len > 6 && memcmp(type.data, "image/", 6) == 0) {
        m->facts->flags |= OPENAI_FACT_IMAGE;

    } else if (type.len > 6 && memcmp(type.data, "audio/", 6) == 0) {
        m->facts->flags |= OPENAI_FACT_AUDIO;

    } else {
        m->facts->flags |= OPENAI_FACT_FILE;
    }
}
