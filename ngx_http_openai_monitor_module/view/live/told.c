
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The texts of records that have ended: see told.h. changes.c calls this.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/live/told.h"


#define NGX_OPENAI_TOLD  256


typedef struct {
    uint64_t    key;                    /* of the record's zone */
    uint64_t    seq;
    uint64_t    change;
    size_t      size;                   /* of the text's memory */
    ngx_str_t   text;
    unsigned    known:1;                /* see ngx_openai_tell() */
} ngx_openai_told_t;


static ngx_openai_told_t  ngx_openai_all_told[NGX_OPENAI_TOLD];


const ngx_str_t *
ngx_openai_told(ngx_openai_zone_t *zone, const ngx_openai_ref_t *ref,
    ngx_uint_t known)
{
    ngx_openai_told_t  *told;

    told = &ngx_openai_all_told[ref->change % NGX_OPENAI_TOLD];

    if (told->key != ngx_openai_zone_key(zone) || told->seq != ref->seq
        || told->change != ref->change || (known && !told->known))
    {
        return NULL;
    }

    return &told->text;
}


void
ngx_openai_tell(ngx_openai_zone_t *zone, const ngx_openai_ref_t *ref,
    const u_char *text, size_t len, ngx_uint_t known)
{
    u_char             *p;
    ngx_openai_told_t  *told;

    told = &ngx_openai_all_told[ref->change % NGX_OPENAI_TOLD];

    if (len > told->size) {
        p = realloc(told->text.data, len);
        if (p == NULL) {
            return;
        }

        told->text.data = p;
        told->size = len;
    }

    ngx_memcpy(told->text.data, text, len);

    told->text.len = len;
    told->key = ngx_openai_zone_key(zone);
    told->seq = ref->seq;
    told->change = ref->change;
    told->known = (known != 0);
}


void
ngx_openai_told_forget(void)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_OPENAI_TOLD; i++) {
        free(ngx_openai_all_told[i].text.data);
    }

    ngx_memzero(ngx_openai_all_told, sizeof(ngx_openai_all_told));
}
