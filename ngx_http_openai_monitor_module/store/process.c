
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * What the system knows of a process: whether it is the one that joined the
 * zone, and whether it runs.  A pid that was given again is told apart by the
 * time at which its process started.
 *
 * Called by the lock, which waits for a holder that runs, and by the zone,
 * which closes the records of the dead.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/shared.h"


static char *ngx_openai_process_stat(int64_t pid, char *buf, size_t size);


ngx_uint_t
ngx_openai_process_dead(const ngx_openai_process_t *process)
{
    int64_t   pid;
    uint64_t  started;

    pid = process->pid;

    if (pid == 0 || pid == (int64_t) ngx_pid) {
        return 0;
    }

    if (kill((ngx_pid_t) pid, 0) == -1 && ngx_errno == NGX_ESRCH) {
        return 1;
    }

    started = ngx_openai_process_started(pid);

    return (started && process->started && started != process->started);
}


/* field 22 of /proc/PID/stat; 0 where there is none: then pids alone count.
   A zombie has ended, whatever kill() says */

uint64_t
ngx_openai_process_started(int64_t pid)
{
    char       *p, buf[512];
    ngx_int_t   field;

    p = ngx_openai_process_stat(pid, buf, sizeof(buf));

    if (p && p[2] == 'Z') {
        return (uint64_t) -1;
    }

    for (field = 2; p && field < 22; field++) {
        p = strchr(p + 1, ' ');
    }

    return p ? strtoull(p + 1, NULL, 10) : 0;
}


char
ngx_openai_process_state(int64_t pid)
{
    char  *p, buf[512];

    p = ngx_openai_process_stat(pid, buf, sizeof(buf));

    return p ? p[2] : '\0';
}


/* the second field may hold spaces, but ends with the last ")": what follows
   it, " S ..." */

static char *
ngx_openai_process_stat(int64_t pid, char *buf, size_t size)
{
    char      path[32], *p;
    ssize_t   n;
    ngx_fd_t  fd;

    ngx_sprintf((u_char *) path, "/proc/%L/stat%Z", pid);

    fd = open(path, O_RDONLY|O_CLOEXEC);
    if (fd == -1) {
        return NULL;
    }

    n = read(fd, buf, size - 1);
    (void) close(fd);

    if (n <= 0) {
        return NULL;
    }

    buf[n] = '\0';
    p = strrchr(buf, ')');

    return (p && p[1] == ' ' && p[2] != '\0') ? p : NULL;
}
