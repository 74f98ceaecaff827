
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Kills or stops this process at a place that a test chose, see fault.h.  The
 * shipped module has none of it.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "store/fault.h"


#if (NGX_OPENAI_FAULTS)


#define NGX_OPENAI_FAULT_TIMES  40
#define NGX_OPENAI_FAULT_LIFE   20000


static void ngx_openai_fault_choose(void);


/* once for each ngx_openai_fault() of this folder, see t/store/kill.c */

const char  *ngx_openai_fault_places[] = {
    "begin.slot", "begin.set", "begin.state", "begin.index", "begin.counted",
    "append.copied", "commit.set", "commit.finished",
    "slot.taken", "evict.unlinked", "evict.gone", "evict.free", "evict.pages",
    "evict.uncounted", "set.copied", "queue.linked", "queue.newest",
    "finish.opened", "finish.folded", "finish.closed", "finish.totals",
    "finish.queued", "finish.counted", "finish.stopped", "settle.taken",
    "fold.totals", "fold.rings", "fold.now", "fold.names",
    "refill.popped", "refill.put", "return.out", "return.pushed",
    "take.begun", "take.last", "take.chained", "take.linked", "take.counted",
    "take.out", "free.chain", "rebuild.marked",
    "wipe.out", "wipe.popped", "wipe.zeroed", "wipe.entry",
    "heal.undone", "heal.entries", "heal.queued", "heal.pages",
    "reap.extents", "reap.ended", "reap.records", "reap.pages",
    "lock.had", "lock.done", "join.slot", "join.done",
    "leave.records", "leave.pages", "clear.one", "clear.all",
    "reset.opened", "reset.done", NULL
};


static ngx_pid_t    ngx_openai_fault_pid;
static const char  *ngx_openai_fault_place;
static const char  *ngx_openai_fault_only;
static ngx_uint_t   ngx_openai_fault_left;
static ngx_uint_t   ngx_openai_fault_passed;
static unsigned     ngx_openai_fault_state;


void
ngx_openai_fault(const char *place)
{
    int         n, signal;
    char        text[64];

    if (ngx_openai_fault_pid != ngx_pid
        || ++ngx_openai_fault_passed > NGX_OPENAI_FAULT_LIFE)
    {
        ngx_openai_fault_choose();
    }

    if (ngx_openai_fault_place == NULL
        || ngx_strcmp(place, ngx_openai_fault_place) != 0
        || --ngx_openai_fault_left > 0)
    {
        return;
    }

    signal = (ngx_openai_fault_only
              || rand_r(&ngx_openai_fault_state) % 8) ? SIGKILL : SIGSTOP;

    if (getenv("OPENAI_FAULT_SIGNAL")) {
        signal = atoi(getenv("OPENAI_FAULT_SIGNAL"));
    }

    n = snprintf(text, sizeof(text), "fault: %s at %s\n",
                 (signal == SIGKILL) ? "killed"
                 : (signal == SIGSTOP) ? "stopped" : "told", place);

    if (write(STDERR_FILENO, text, n) == n) {
        (void) kill(ngx_pid, signal);
    }

    ngx_openai_fault_choose();
}


static void
ngx_openai_fault_choose(void)
{
    char        *seed, *times;
    ngx_uint_t   n;

    if (ngx_openai_fault_pid != ngx_pid) {
        ngx_openai_fault_pid = ngx_pid;

        seed = getenv("OPENAI_FAULT_SEED");

        if (seed == NULL) {
            ngx_openai_fault_place = NULL;
            return;
        }

        ngx_openai_fault_only = getenv("OPENAI_FAULT_PLACE");
        ngx_openai_fault_state = (unsigned) atoi(seed) ^ (unsigned) ngx_pid;
    }

    for (n = 0; ngx_openai_fault_places[n]; n++) { /* void */ }

    ngx_openai_fault_passed = 0;
    ngx_openai_fault_place =
        ngx_openai_fault_only ? ngx_openai_fault_only
            : ngx_openai_fault_places[rand_r(&ngx_openai_fault_state) % n];

    /* what seldom happens is met at its first time, or never */

    n = 1 + rand_r(&ngx_openai_fault_state) % NGX_OPENAI_FAULT_TIMES;
    ngx_openai_fault_left = (n % 2) ? 1 : n;

    times = getenv("OPENAI_FAULT_TIMES");

    if (times) {
        ngx_openai_fault_left = (ngx_uint_t) atoi(times);
    }
}


#endif
