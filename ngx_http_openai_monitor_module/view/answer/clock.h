
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#ifndef _NGX_OPENAI_CLOCK_H_INCLUDED_
#define _NGX_OPENAI_CLOCK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <time.h>


/* how long one turn of the event loop may be kept waiting, by all viewers … */
#define NGX_OPENAI_TELL_US  50

/* … and by all searches: they have a slice in each turn until they are over,
   so that what is proxied meets one of them at every step of its way */
#define NGX_OPENAI_WORK_US  25


/* nginx's own time stands still while a handler works */

static ngx_inline uint64_t
ngx_openai_clock_us(void)
{
    struct timespec  ts;

    if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1) {
        return 0;
    }

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}


#endif /* _NGX_OPENAI_CLOCK_H_INCLUDED_ */
