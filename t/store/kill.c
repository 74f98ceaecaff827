
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: a process may be killed at any instruction, with the lock or
 * without, and the others go on using the zone.  A process that is stopped
 * holds nobody up for long.  Nothing is torn, lost or counted twice.
 *
 * Writers kill and stop themselves at places that they choose at random
 * (store/fault.h).  Meanwhile readers compare the records with the bytes that
 * the writers must have written, because these follow from a record's number.
 * In the end every sum is exact, every page is there, and no byte of a former
 * record can be read.  Seen to fail without the undo, when pages left the
 * reserve before they were in a chain, and when the heal did not build a new
 * list of free pages.
 *
 * usage: kill KILLS [SEED]
 *
 * Of docs/reliability.md: fault 21, fault 22, fault 29.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "store/reader.h"
#include "store/writer.h"
#include "store/shared.h"
#include "tap.h"


#define SIZE      (4 * 1024 * 1024)
#define ENTRIES   64
#define WRITERS   5
#define READERS   2
#define OPEN      4             /* records that a writer has at once */
#define STOP_MS   70
#define HANG_MS   10000


typedef struct {
    volatile int        stop;
    volatile int        resets;             /* writers also reset and clear */
    volatile uint64_t   turns[WRITERS + READERS];
    volatile uint64_t   reads;              /* records compared */
    volatile uint64_t   torn;
    volatile uint64_t   longest_ms;         /* one call of a writer */
} control_t;


typedef struct {
    ngx_openai_writer_t  w;
    ngx_openai_record_t  rec;
    size_t               sizes[NGX_OPENAI_CHAINS];
    size_t               done[NGX_OPENAI_CHAINS];
} exchange_t;


extern const char  *ngx_openai_fault_places[];

static ngx_shm_zone_t      shm_zone;
static ngx_openai_zone_t   zone;
static control_t          *control;
static unsigned            seed, state;

static pid_t               pids[WRITERS + READERS];
static uint64_t            stopped_at[WRITERS + READERS];
static unsigned            fired[256], kills, stops;


static void
equal(uint64_t got, uint64_t want, const char *name)
{
    ok(got == want, name);

    if (got != want) {
        printf("# got %llu, want %llu\n", (unsigned long long) got,
               (unsigned long long) want);
    }
}


static uint64_t
now_ms(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);
    ngx_current_msec = (ngx_msec_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;

    return ngx_current_msec;
}


/* Return a byte of a record's chain, and its length, mostly a page or less. */

static u_char
byte_of(uint64_t seq, ngx_uint_t chain, size_t at)
{
    return (u_char) (seq * 131 + chain * 17 + at * 7 + (at >> 12) * 29);
}


static size_t
size_of(uint64_t seq, ngx_uint_t chain)
{
    uint64_t  n;

    n = (seq * 2654435761ULL + chain * 40503) >> 7;

    return (n % 8 == 0) ? n / 8 % 60000 : n / 8 % 5000;
}


/* --- a writer --- */

static void
timed(uint64_t since)
{
    uint64_t  ms;

    ms = now_ms() - since;

    if (ms > control->longest_ms) {
        control->longest_ms = ms;
    }
}


static void
begin(exchange_t *x)
{
    uint64_t    since;
    ngx_uint_t  i;

    ngx_openai_record_init(&x->rec);

    /* before the clock of any process that may end it */

    x->rec.started_ms = ngx_openai_now_ms() - 60000;

    since = now_ms();

    if (ngx_openai_writer_begin(&x->w, &zone, &x->rec) != NGX_OK) {
        return;
    }

    timed(since);

    (void) sprintf(x->rec.uri, "/%llu", (unsigned long long) x->w.seq);
    (void) sprintf(x->rec.key, "key-%llu",
                   (unsigned long long) x->w.seq % 40);
    (void) sprintf(x->rec.facts.model, "model-%llu",
                   (unsigned long long) x->w.seq % 90);
    (void) strcpy(x->rec.facts.operation, "chat");

    x->rec.status = 200;

    for (i = 0; i < NGX_OPENAI_CHAINS; i++) {
        x->sizes[i] = size_of(x->w.seq, i);
        x->done[i] = 0;
    }

    ngx_openai_writer_publish(&x->w, &x->rec);
}


static void
append(exchange_t *x)
{
    size_t      n, i;
    u_char      bytes[9000];
    ngx_uint_t  chain;

    chain = rand_r(&state) % NGX_OPENAI_CHAINS;

    /* the head comes whole before its body */

    if ((chain == NGX_OPENAI_REQUEST_BODY || chain == NGX_OPENAI_RESPONSE_BODY)
        && x->done[chain - 1] < x->sizes[chain - 1])
    {
        chain--;
    }

    n = 1 + rand_r(&state) % sizeof(bytes);
    n = ngx_min(n, x->sizes[chain] - x->done[chain]);

    for (i = 0; i < n; i++) {
        bytes[i] = byte_of(x->w.seq, chain, x->done[chain] + i);
    }

    i = ngx_openai_writer_append(&x->w, chain, bytes, n);
    x->done[chain] += i;

    /* no memory: the chain ends here */

    if (i < n) {
        x->sizes[chain] = x->done[chain];
        x->rec.flags |= NGX_OPENAI_REC_RESPONSE_CUT;
    }
}


static void
commit(exchange_t *x)
{
    uint64_t  since;

    x->rec.outcome = NGX_OPENAI_OK;
    x->rec.duration_us = 1000;
    x->rec.facts.usage.input = 3;
    x->rec.facts.usage.output = 2;
    x->rec.request_kept = x->done[NGX_OPENAI_REQUEST_BODY];
    x->rec.response_kept = x->done[NGX_OPENAI_RESPONSE_BODY];

    since = now_ms();
    ngx_openai_writer_commit(&x->w, &x->rec);
    timed(since);
}


static void
writer(ngx_uint_t n)
{
    ngx_uint_t   i, what;
    exchange_t  *x, open[OPEN];

    ngx_memzero(open, sizeof(open));

    (void) ngx_openai_zone_attach(&zone);

    while (!control->stop) {
        x = &open[rand_r(&state) % OPEN];
        what = rand_r(&state) % 2000;

        if (x->w.seq == 0) {
            begin(x);

        } else if (what < 300) {
            commit(x);

        } else {
            append(x);
        }

        if (what == 1999) {
            ngx_openai_zone_reap(&zone);
        }

        if (what >= 1980 && what < 1994) {
            (void) ngx_openai_zone_wipe(&zone);
        }

        if (what == 1998 && control->resets) {
            (void) ngx_openai_stats_reset(&zone);
        }

        if (what >= 1995 && what < 1998 && control->resets) {
            (void) ngx_openai_zone_clear(&zone);
        }

        if (what == 1994) {
            break;
        }

        control->turns[n]++;
    }

    for (i = 0; i < OPEN / 2; i++) {
        if (open[i].w.seq) {
            commit(&open[i]);
        }
    }

    ngx_openai_zone_detach(&zone);
}


/* --- a reader --- */

static void
torn(const char *what, uint64_t seq)
{
    fprintf(stderr, "torn: %s of %llu\n", what, (unsigned long long) seq);
    __atomic_fetch_add(&control->torn, 1, __ATOMIC_RELAXED);
}


static void
compare(ngx_openai_ref_t *ref)
{
    char                 uri[32];
    size_t               want;
    ssize_t              size, i;
    ngx_uint_t           chain;
    ngx_openai_record_t  rec;

    static u_char        bytes[65536];

    if (ngx_openai_reader_record(&zone, ref, &rec) != NGX_OK) {
        return;
    }

    (void) sprintf(uri, "/%llu", (unsigned long long) ref->seq);

    if (rec.seq != ref->seq
        || (rec.uri[0] != '\0' && ngx_strcmp(rec.uri, uri) != 0))
    {
        torn("record", ref->seq);
    }

    for (chain = 0; chain < NGX_OPENAI_CHAINS; chain++) {

        want = ngx_openai_reader_size(&zone, ref, chain);

        size = ngx_openai_reader_bytes(&zone, ref, chain, 0, bytes,
                                       sizeof(bytes));
        if (size == NGX_DECLINED) {
            return;
        }

        if ((size_t) size < want || (size_t) size > size_of(ref->seq, chain)) {
            torn("size", ref->seq);
        }

        if (rec.outcome == NGX_OPENAI_OK
            && ((chain == NGX_OPENAI_REQUEST_BODY
                 && rec.request_kept != (uint64_t) size)
                || (chain == NGX_OPENAI_RESPONSE_BODY
                    && rec.response_kept != (uint64_t) size)))
        {
            torn("kept", ref->seq);
        }

        for (i = 0; i < size; i++) {
            if (bytes[i] != byte_of(ref->seq, chain, i)) {
                torn("byte", ref->seq);
                break;
            }
        }
    }

    control->reads++;
}


static uint64_t
outcomes(const ngx_openai_totals_t *t)
{
    uint64_t    n;
    ngx_uint_t  i;

    for (n = 0, i = 0; i < NGX_OPENAI_OUTCOMES; i++) {
        n += t->by_outcome[i];
    }

    return n;
}


static void
reader(ngx_uint_t n)
{
    ngx_uint_t                 i, count;
    ngx_openai_ref_t           refs[ENTRIES];

    static ngx_openai_stats_t  stats;

    while (!control->stop) {
        count = ngx_openai_reader_list(&zone, refs, ENTRIES);

        for (i = 0; i < count; i++) {
            if (i > 0 && refs[i].seq >= refs[i - 1].seq) {
                torn("order", refs[i].seq);
            }

            compare(&refs[i]);
        }

        (void) now_ms();
        ngx_openai_zone_reap(&zone);
        ngx_openai_stats_read(&zone, &stats);

        control->turns[n]++;
    }
}


/* --- the parent --- */

static void
start(ngx_uint_t n, int err)
{
    char   text[32];
    pid_t  pid;

    pid = fork();

    if (pid != 0) {
        pids[n] = pid;
        stopped_at[n] = 0;
        return;
    }

    ngx_pid = getpid();
    state = seed ^ (unsigned) ngx_pid;
    zone.process = NULL;

    (void) dup2(err, STDERR_FILENO);

    if (n < WRITERS) {
        (void) sprintf(text, "%u", seed);
        (void) setenv("OPENAI_FAULT_SEED", text, 1);
        writer(n);

    } else {
        reader(n);
    }

    _exit(0);
}


/* Reads the lines of the children: their places, and torn records. */

static void
hear(int fd)
{
    char         *line, *next, *place;
    ssize_t       len;
    ngx_uint_t    i;

    static char   text[65536];
    static size_t used;

    for ( ;; ) {
        len = read(fd, text + used, sizeof(text) - 1 - used);

        if (len <= 0) {
            return;
        }

        used += len;
        text[used] = '\0';

        for (line = text; (next = strchr(line, '\n')) != NULL; line = next + 1)
        {
            *next = '\0';
            place = strstr(line, " at ");

            if (strncmp(line, "fault: ", 7) != 0 || place == NULL) {
                printf("# %s\n", line);
                continue;
            }

            for (i = 0; ngx_openai_fault_places[i]; i++) {
                if (strcmp(ngx_openai_fault_places[i], place + 4) == 0) {
                    fired[i]++;
                }
            }
        }

        used -= line - text;
        memmove(text, line, used);
    }
}


static void
tend(int err)
{
    int         status;
    pid_t       pid;
    ngx_uint_t  n;

    while ((pid = waitpid(-1, &status, WNOHANG|WUNTRACED)) > 0) {

        for (n = 0; pids[n] != pid; n++) { /* void */ }

        if (WIFSTOPPED(status)) {
            stops++;
            stopped_at[n] = now_ms();
            continue;
        }

        pids[n] = 0;

        if (WIFSIGNALED(status)) {
            kills++;

            if (WTERMSIG(status) != SIGKILL) {
                printf("# killed by signal %d\n", WTERMSIG(status));
                tap_failures++;
            }
        }

        if (!control->stop) {
            start(n, err);
        }
    }

    for (n = 0; n < WRITERS + READERS; n++) {
        if (pids[n] && stopped_at[n] && now_ms() - stopped_at[n] > STOP_MS) {
            stopped_at[n] = 0;
            (void) kill(pids[n], SIGCONT);
        }
    }
}


static void
run(unsigned wanted, int fds[2])
{
    uint64_t    turns[WRITERS + READERS], since[WRITERS + READERS];
    unsigned    before;
    ngx_uint_t  n, hung, alive;

    control->stop = 0;
    before = kills;
    hung = 0;

    for (n = 0; n < WRITERS + READERS; n++) {
        start(n, fds[1]);
        turns[n] = 0;
        since[n] = now_ms();
    }

    while (kills - before < wanted && !hung) {
        (void) usleep(500);
        hear(fds[0]);
        tend(fds[1]);

        for (n = 0; n < WRITERS + READERS; n++) {
            if (turns[n] != control->turns[n]) {
                turns[n] = control->turns[n];
                since[n] = now_ms();
            }

            if (now_ms() - since[n] > HANG_MS) {
                hung = 1;
            }
        }
    }

    ok(!hung, "nobody hangs");

    control->stop = 1;

    do {
        (void) usleep(1000);
        hear(fds[0]);
        tend(fds[1]);

        for (n = 0, alive = 0; n < WRITERS + READERS; n++) {
            alive += (pids[n] != 0);

            if (hung && pids[n]) {
                (void) kill(pids[n], SIGKILL);
            }
        }
    } while (alive);
}


/* Returns the number of bytes that are left of records. */

static uint64_t
readable(ngx_openai_shared_t *sh)
{
    size_t               size;
    u_char              *p;
    uint64_t             n;
    uint32_t             slot;
    ngx_openai_entry_t  *e;

    n = 0;
    p = ngx_openai_page(sh, 0);

    for (size = (size_t) sh->head.pages * NGX_OPENAI_PAGE; size > 0; size--) {
        n += (*p++ != 0);
    }

    for (slot = 0; slot < sh->head.entries; slot++) {
        e = ngx_openai_entry(sh, slot);
        p = e->marks;

        for (size = sizeof(e->marks) + sizeof(e->rec); size > 0; size--) {
            n += (*p++ != 0);
        }
    }

    return n;
}


/* No other process is left, so all figures must be exact. */

static void
verify(ngx_uint_t exact)
{
    uint64_t                 n, seq;
    ngx_uint_t               i, j, count;
    ngx_openai_ref_t         refs[ENTRIES];
    ngx_openai_shared_t     *sh;
    ngx_openai_zone_stat_t   stat;
    ngx_openai_totals_t     *t;

    static ngx_openai_stats_t  stats;

    sh = zone.sh;
    t = &stats.totals;

    zone.reaped = 0;
    (void) now_ms();

    ok(ngx_openai_zone_attach(&zone) == NGX_OK, "the zone can be used");
    ngx_openai_zone_detach(&zone);

    ngx_openai_zone_stat(&zone, &stat);
    ngx_openai_stats_read(&zone, &stats);
    seq = sh->seq;

    equal(stat.running, 0, "none runs");
    equal(stat.records + sh->evicted + sh->cleared, seq, "each has its end");
    equal(t->sums.requests, outcomes(t), "outcomes and requests");

    count = ngx_openai_reader_list(&zone, refs, ENTRIES);
    equal(count, stat.records, "all are in the list");

    for (i = 0; i < count; i++) {
        compare(&refs[i]);
    }

    if (exact) {
        equal(t->sums.requests, seq, "each was counted once");
        equal(t->by_outcome[NGX_OPENAI_WORKER_DIED], stat.worker_died,
              "the dead ones, too");
        equal(t->sums.input_tokens, 3 * t->by_outcome[NGX_OPENAI_OK],
              "tokens of those that ended well");
        equal(t->sums.timed, seq, "durations");

        for (i = 0, n = 0; i < NGX_OPENAI_RING_MAX; i++) {
            n += stats.rings[NGX_OPENAI_RING_24H][i].sums.requests;
        }

        equal(n, seq, "the day's ring");

        for (j = 0; j < NGX_OPENAI_BY_PEER; j++) {
            for (i = 0, n = 0; i < NGX_OPENAI_NAMES; i++) {
                n += stats.names[j][i].sums.requests;
            }

            ok(n <= seq && n + stat.worker_died >= seq, "a table of names");
        }
    }

    n = stat.records;
    ok(ngx_openai_check(sh) == NGX_OK, "a check of the zone");
    ngx_openai_zone_stat(&zone, &stat);
    ngx_openai_stats_read(&zone, &stats);
    equal(stat.records, n, "finds nothing to drop");
    equal(t->sums.requests, outcomes(t), "nor to count");

    for (i = 0; i < count; i++) {
        compare(&refs[i]);
    }

    ok(ngx_openai_zone_clear(&zone) == NGX_OK, "cleared");
    ngx_openai_zone_stat(&zone, &stat);
    equal(stat.pages_free, stat.pages, "every page is there");

    for (i = 0, n = 0; i < NGX_OPENAI_SHARES; i++) {
        n += sh->shares[i];
    }

    equal(n, 0, "every share is given back");

    (void) ngx_openai_zone_attach(&zone);
    while (ngx_openai_zone_wipe(&zone) == NGX_AGAIN) { /* void */ }
    ngx_openai_zone_detach(&zone);

    equal(readable(sh), 0, "nothing is left to be read");

    equal(control->torn, 0, "nothing was torn");
    ok(control->reads > 0, "readers have compared");

    printf("# %llu records, %llu heals, %llu died, %llu compared, longest call "
           "%llu ms\n", (unsigned long long) seq,
           (unsigned long long) sh->heals,
           (unsigned long long) stat.worker_died,
           (unsigned long long) control->reads,
           (unsigned long long) control->longest_ms);
}


int
main(int argc, char **argv)
{
    int         fds[2];
    void       *p;
    unsigned    wanted, n;
    ngx_uint_t  i;

    wanted = (argc > 1) ? (unsigned) atoi(argv[1]) : 400;
    seed = (argc > 2) ? (unsigned) atoi(argv[2]) : (unsigned) time(NULL);

    printf("# seed %u\n", seed);
    (void) setvbuf(stdout, NULL, _IOLBF, 0);

    p = mmap(NULL, SIZE, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0);
    control = mmap(NULL, sizeof(control_t), PROT_READ|PROT_WRITE,
                   MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED || control == MAP_FAILED || pipe(fds) == -1
        || fcntl(fds[0], F_SETFL, O_NONBLOCK) == -1)
    {
        perror("kill");
        return 1;
    }

    ngx_pid = getpid();
    shm_zone.shm.size = SIZE;
    zone.shm_zone = &shm_zone;
    zone.entries = ENTRIES;
    zone.sh = p;

    if (ngx_openai_zone_create(zone.sh, SIZE, ENTRIES) != NGX_OK) {
        perror("kill");
        return 1;
    }

    run(wanted / 2, fds);
    verify(1);

    control->resets = 1;
    run(wanted - wanted / 2, fds);
    verify(0);

    ok(zone.sh->heals > 0, "some died with the lock");
    ok(stops > 0, "some were stopped");

    for (i = 0, n = 0; ngx_openai_fault_places[i]; i++) {
        n += (fired[i] > 0);

        if (fired[i] == 0 && wanted >= 2000) {
            printf("# never at %s\n", ngx_openai_fault_places[i]);
        }
    }

    printf("# %u killed, %u stopped, at %u of %u places\n", kills, stops, n,
           (unsigned) i);
    ok(n >= i / 2, "at many places");

    if (wanted >= 2000) {
        ok(n == i, "at all of them");
    }

    return done_testing();
}
