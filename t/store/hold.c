
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: a holder of the lock that merely has no CPU costs the other
 * processes no record.  A holder that is stopped, or waits for a disk, costs
 * each of them one wait of 50 ms.  Seen to fail when they gave up any holder
 * after 50 ms, and when they gave up none.
 *
 * A process that is killed while it leaves a file has ended its records.  Seen
 * to fail when it wiped the file first.  A clear attaches the process, so that
 * it can wipe.  Seen to fail without that.
 *
 * Of docs/reliability.md: fault 22.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "store/writer.h"
#include "store/shared.h"
#include "tap.h"


#define SIZE      (4 * 1024 * 1024)
#define ENTRIES   64
#define HOLD_MS   400
#define TRIES     5

#define is(passed, how, name)  okf(passed, "%s: %s", how, name)


static ngx_shm_zone_t     shm_zone;
static ngx_openai_zone_t  zone;


static uint64_t
now_ms(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


/* --- the holder of the lock --- */

static void
spin(void)
{
    uint64_t  since;

    since = now_ms();

    while (now_ms() - since < HOLD_MS) { /* void */ }
}


static void
stop(void)
{
    (void) raise(SIGSTOP);
}


/* As a wait for a page of the file, but a signal can interrupt it. */

static void
wait_for_disk(void)
{
    (void) pause();
}


static void
go_on(int signo)
{
    (void) signo;
}


/* Starts a process, which has the lock when this returns. */

static pid_t
holder(void (*hold)(void))
{
    int    fds[2];
    char   c;
    pid_t  pid;

    if (pipe(fds) == -1 || (pid = fork()) == -1) {
        perror("hold");
        exit(1);
    }

    if (pid == 0) {
        ngx_pid = getpid();
        zone.process = NULL;

        if (ngx_openai_lock(&zone) == NGX_OK && write(fds[1], "x", 1) == 1) {
            hold();
            ngx_openai_unlock(&zone);
        }

        _exit(0);
    }

    if (read(fds[0], &c, 1) != 1) {
        perror("hold");
        exit(1);
    }

    (void) close(fds[0]);
    (void) close(fds[1]);

    return pid;
}


/* --- a process that wants it --- */

static uint64_t
begin(ngx_openai_writer_t *w, ngx_int_t *rc)
{
    uint64_t             since;
    ngx_openai_record_t  rec;

    ngx_openai_record_init(&rec);

    since = now_ms();
    *rc = ngx_openai_writer_begin(w, &zone, &rec);

    return now_ms() - since;
}


static void
end(ngx_openai_writer_t *w)
{
    ngx_openai_record_t  rec;

    ngx_openai_record_init(&rec);
    rec.seq = w->seq;
    rec.outcome = NGX_OPENAI_OK;

    ngx_openai_writer_commit(w, &rec);
}


static void
test_runs(void)
{
    pid_t                pid;
    uint64_t             ms, dropped;
    ngx_int_t            rc;
    ngx_openai_writer_t  w;

    dropped = zone.sh->dropped;

    pid = holder(spin);
    ms = begin(&w, &rc);

    is(rc == NGX_OK, "runs", "the record begins");
    is(zone.sh->dropped == dropped, "runs", "none is dropped");
    is(ms > HOLD_MS / 2, "runs", "as the holder was waited for");

    end(&w);
    (void) waitpid(pid, NULL, 0);
}


static void
test_stands(void (*hold)(void), int signo, const char *how)
{
    pid_t                pid;
    uint64_t             ms, first, least, dropped;
    ngx_int_t            rc;
    ngx_uint_t           i;
    ngx_openai_writer_t  w, before;

    dropped = zone.sh->dropped;

    (void) begin(&before, &rc);

    pid = holder(hold);
    first = begin(&w, &rc);

    is(rc == NGX_DECLINED, how, "no record");
    is(first >= 40 && first < HOLD_MS, how, "one wait");

    for (i = 0, least = first; i < TRIES; i++) {
        ms = begin(&w, &rc);
        least = ngx_min(least, ms);
    }

    is(least < 10, how, "and no other");
    is(zone.sh->dropped == dropped + 1 + TRIES, how, "they are counted");

    end(&before);
    is(zone.sh->running == 1, how, "what ends meanwhile is not lost");

    (void) kill(pid, signo);
    (void) waitpid(pid, NULL, 0);
    (void) begin(&w, &rc);

    is(rc == NGX_OK, how, "afterwards there are records");
    is(zone.sh->running == 1, how, "and what ended is settled");

    end(&w);
}


/* A file's worker wipes when it leaves, and may be killed meanwhile.  Its
   record that still ran has ended before that. */

static void
leaver(void)
{
    u_char               bytes[NGX_OPENAI_PAGE];
    ngx_int_t            rc;
    ngx_openai_writer_t  w, running;

    static uintptr_t     file;

    ngx_pid = getpid();
    zone.process = NULL;
    zone.file = (ngx_openai_file_t *) &file;      /* nothing reads it here */

    (void) setenv("OPENAI_FAULT_SEED", "1", 1);
    (void) setenv("OPENAI_FAULT_PLACE", "wipe.zeroed", 1);
    (void) setenv("OPENAI_FAULT_TIMES", "1", 1);

    memset(bytes, 'x', sizeof(bytes));

    (void) begin(&running, &rc);
    (void) begin(&w, &rc);
    (void) ngx_openai_writer_append(&w, NGX_OPENAI_RESPONSE_BODY, bytes,
                                    sizeof(bytes));
    end(&w);

    (void) ngx_openai_zone_clear(&zone);
    ngx_openai_zone_detach(&zone);

    _exit(0);
}


static void
test_leaves(void)
{
    int    status;
    pid_t  pid;

    static ngx_openai_stats_t  stats;

    pid = fork();

    if (pid == 0) {
        leaver();
    }

    (void) waitpid(pid, &status, 0);
    is(WIFSIGNALED(status), "leaves", "it was killed while it wiped");

    zone.reaped = 0;
    ngx_openai_zone_reap(&zone);
    ngx_openai_stats_read(&zone, &stats);

    is(stats.totals.by_outcome[NGX_OPENAI_SHUTDOWN] == 1, "leaves",
       "the record ended with the shutdown");
    is(stats.totals.by_outcome[NGX_OPENAI_WORKER_DIED] == 0, "leaves",
       "and not with a death");
    is(zone.sh->running == 0, "leaves", "none runs");
}


/* A worker that could not attach when it started can wipe what it clears. */

static void
test_attaches(void)
{
    ngx_openai_zone_detach(&zone);
    is(zone.process == NULL, "attaches", "not before the clear");

    is(ngx_openai_zone_clear(&zone) == NGX_OK, "attaches", "cleared");
    is(zone.process != NULL, "attaches", "the clear attached");
    is(ngx_openai_zone_wipe(&zone) == NGX_AGAIN, "attaches", "and it wipes");
}


int
main(void)
{
    void  *p;

    (void) setvbuf(stdout, NULL, _IOLBF, 0);
    (void) signal(SIGUSR1, go_on);

    p = mmap(NULL, SIZE, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        perror("hold");
        return 1;
    }

    ngx_pid = getpid();
    shm_zone.shm.size = SIZE;
    zone.shm_zone = &shm_zone;
    zone.entries = ENTRIES;
    zone.sh = p;

    if (ngx_openai_zone_create(zone.sh, SIZE, ENTRIES) != NGX_OK
        || ngx_openai_zone_attach(&zone) != NGX_OK)
    {
        perror("hold");
        return 1;
    }

    test_runs();
    test_stands(stop, SIGCONT, "stopped");
    test_stands(wait_for_disk, SIGUSR1, "waits");
    test_leaves();
    test_attaches();

    return done_testing();
}
