
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: the next viewer is sent the text that was made for this record,
 * and not the text of a record with the same number in another zone, which may
 * even have the memory of the first zone.  Seen to fail when the address stood
 * for the zone.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ngx_config.h>
#include <ngx_core.h>

typedef int                    ngx_fd_t;
typedef unsigned long          ngx_msec_t;
typedef struct ngx_shm_zone_s  ngx_shm_zone_t;
typedef struct ngx_log_s       ngx_log_t;

#include "view/live/told.c"
#include "tap.h"


struct ngx_openai_shared_s {
    uint64_t  key;
};


uint64_t
ngx_openai_zone_key(ngx_openai_zone_t *zone)
{
    return zone->sh ? zone->sh->key : 0;
}


static int
told(ngx_openai_zone_t *zone, ngx_openai_ref_t *ref, ngx_uint_t known,
    const char *text)
{
    const ngx_str_t  *got;

    got = ngx_openai_told(zone, ref, known);

    if (got == NULL) {
        return text == NULL;
    }

    return text && got->len == strlen(text)
           && memcmp(got->data, text, got->len) == 0;
}


int
main(void)
{
    ngx_openai_ref_t     ref;
    ngx_openai_zone_t    zone;
    ngx_openai_shared_t  shared;

    memset(&ref, 0, sizeof(ref));
    memset(&zone, 0, sizeof(zone));

    shared.key = 7;
    zone.sh = &shared;
    ref.seq = 1;
    ref.change = 2;

    ok(told(&zone, &ref, 0, NULL), "nothing at first");

    ngx_openai_tell(&zone, &ref, (u_char *) "one", 3, 0);

    ok(told(&zone, &ref, 0, "one"), "what was told is told again");
    ok(told(&zone, &ref, 1, NULL), "but without its conversation");

    ngx_openai_tell(&zone, &ref, (u_char *) "another", 7, 1);

    ok(told(&zone, &ref, 1, "another"), "until that is known");

    ref.change += NGX_OPENAI_TOLD;
    ok(told(&zone, &ref, 0, NULL), "no earlier state of it");
    ref.change -= NGX_OPENAI_TOLD;

    shared.key = 8;
    ok(told(&zone, &ref, 0, NULL), "nor the record of another zone");

    shared.key = 7;
    ok(told(&zone, &ref, 0, "another"), "whose own is not forgotten");

    ngx_openai_told_forget();
    ok(told(&zone, &ref, 0, NULL), "until nobody listens");

    return done_testing();
}
