
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* The symbols of nginx/ngx_core.h, and stubs for the files of store/ that are
   not built here. */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/file.h"
#include "store/shared.h"


ngx_pid_t            ngx_pid;
ngx_uint_t           ngx_pagesize = 4096;
volatile ngx_msec_t  ngx_current_msec;


/* The clocks of processes are up to 30 s apart, so almost every record ends a
   slice of time. */

ngx_time_t *
ngx_timeofday(void)
{
    struct timespec  now;

    static ngx_time_t  t;

    (void) clock_gettime(CLOCK_REALTIME, &now);

    t.sec = now.tv_sec + ngx_pid % 7 * 5;
    t.msec = now.tv_nsec / 1000000;

    return &t;
}


/* Zones have no file here, and no timers.  Tests wipe when they like. */

void
ngx_openai_zone_sweep(ngx_openai_zone_t *zone)
{
    /* void */
}


void
ngx_openai_file_private(ngx_openai_file_t *file)
{
    /* void */
}


ngx_int_t
ngx_openai_zone_whole(ngx_openai_zone_t *zone)
{
    return NGX_OK;
}
