
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * What the parts of the live feed share: writing an event into a viewer's
 * buffer, and asking whether a slice is over. viewers.c, changes.c and watch.c
 * call this; it calls none of them.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "view/answer/clock.h"
#include "view/live/feed.h"


void
ngx_openai_feed_open(ngx_openai_viewer_t *v, const char *name,
    ngx_uint_t with_id)
{
    u_char              id[64];
    ngx_openai_json_t  *json;

    json = &v->json;

    if (with_id) {
        ngx_openai_json_literal(json, "id: ");
        ngx_openai_json_raw(json, id, ngx_sprintf(id, "%xL-%uL", v->origin,
                                                  v->cursor) - id);
        ngx_openai_json_literal(json, "\n");
    }

    ngx_openai_json_literal(json, "event: ");
    ngx_openai_json_raw(json, name, ngx_strlen(name));
    ngx_openai_json_literal(json, "\ndata: ");

    json->comma = 0;
    ngx_openai_json_open(json, '{');
}


/* NGX_AGAIN: the event did not fit and was removed from the buffer */

ngx_int_t
ngx_openai_feed_close(ngx_openai_viewer_t *v, u_char *start)
{
    ngx_openai_json_close(&v->json, '}');
    ngx_openai_json_literal(&v->json, "\n\n");

    if (!v->json.failed) {
        return NGX_OK;
    }

    v->json.failed = 0;
    v->buf->last = start;
    v->more = 1;

    return NGX_AGAIN;
}


ngx_uint_t
ngx_openai_feed_stop(ngx_openai_viewer_t *v,
    const ngx_openai_feed_slice_t *slice)
{
    if (v->begun && ngx_openai_clock_us() >= slice->stop) {
        v->cut = 1;
        return 1;
    }

    v->begun = 1;

    return 0;
}
