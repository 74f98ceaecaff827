
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#ifndef _NGX_OPENAI_CLOCK_H_INCLUDED_
#define _NGX_OPENAI_CLOCK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <time.h>


/* us of one turn of the event loop for all viewers */
#define NGX_OPENAI_TELL_US  50

/* us of one turn for all searches; a search has a slice in each turn until
   it ends, so a proxied exchange may wait for one slice at each of its
   steps */
#define NGX_OPENAI_WORK_US  25


/* a clock that goes on while a handler works; nginx's own stands still then */

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
