
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* what store/ needs of nginx besides, for a zone without a server */


#ifndef _NGX_STORE_CORE_H_INCLUDED_
#define _NGX_STORE_CORE_H_INCLUDED_


#include "../../unit/nginx/ngx_core.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>


#define NGX_BUSY           -3
#define NGX_ESRCH          ESRCH
#define NGX_ENOMEM         ENOMEM
#define NGX_INVALID_FILE   -1
#define NGX_FILE_RDONLY    O_RDONLY
#define NGX_FILE_OPEN      0

typedef intptr_t           ngx_msec_int_t;
typedef int                ngx_fd_t;
typedef int                ngx_err_t;
typedef pid_t              ngx_pid_t;
typedef struct ngx_log_s   ngx_log_t;

typedef struct {
    struct {
        size_t             size;
    } shm;
} ngx_shm_zone_t;

extern ngx_pid_t           ngx_pid;
extern ngx_uint_t          ngx_pagesize;
extern volatile ngx_msec_t ngx_current_msec;

#undef  ngx_timeofday
ngx_time_t *ngx_timeofday(void);

#define ngx_log_debug0(...)
#define ngx_log_debug1(...)
#define ngx_log_debug2(...)
#define ngx_log_debug3(...)

#define ngx_errno                  errno
#define ngx_set_errno(err)         errno = err
#define ngx_align(d, a)            (((d) + (a - 1)) & ~(a - 1))
#define ngx_cpu_pause()            usleep(10)
#define ngx_qsort                  qsort
#define ngx_open_file(name, mode, create, access)                            \
    open((const char *) name, mode|create)
#define ngx_close_file             close
#define ngx_read_fd                read


static ngx_inline u_char *
ngx_strlchr(u_char *p, u_char *last, u_char c)
{
    while (p < last) {
        if (*p == c) {
            return p;
        }

        p++;
    }

    return NULL;
}


/* for the one format that store/ has */

static ngx_inline u_char *
ngx_sprintf(u_char *buf, const char *fmt, int64_t n)
{
    (void) fmt;

    return buf + sprintf((char *) buf, "/proc/%lld/stat", (long long) n) + 1;
}


#endif /* _NGX_STORE_CORE_H_INCLUDED_ */
