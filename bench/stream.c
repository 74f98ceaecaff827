
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Streams of events through a proxy, timed: what wrk cannot do.
 *
 *     stream UPSTREAM PROXY [name=value ...]
 *
 * is the upstream on one port and the clients of the proxy on another, in one
 * thread, so that one clock times both ends and neither waits for the other to
 * be scheduled.  It spins: give it a core of its own.
 *
 *     streams=50    open at the same time
 *     total=50      streams until the end; 0: see window
 *     pieces=200    of a stream
 *     gap=5000      us between two pieces; 0: as fast as they go
 *     window=0      ms: with total=0 streams do not end, and delays count from
 *                   the moment when all are open, for so long
 *     limit=60      s, after which it gives up
 *
 * With total=0 the streams' pieces are spread evenly over the gap, and late_p99
 * tells how much later than planned they were written: as long as that is
 * little, it is not this program that is at its end.
 *
 * Prints "open" when all streams have had their first piece; after a window
 * "over", and waits for a line, so that they can be looked at before they end;
 * and then one line of JSON; times are in us.
 */


#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define EVENTS      32          /* taken at once, so that no end waits long */
#define TURN        8           /* pieces sent at once */
#define OPENING     64          /* connections being opened at once */
#define BODY        1024
#define STAMP       16          /* hex digits of a piece's time */
#define TAIL        "\r\n0\r\n\r\n"
#define TAIL_LEN    (sizeof(TAIL) - 1)


typedef struct conn_s  conn_t;

struct conn_s {
    int         fd;
    int         upstream;

    /* upstream: a request is read, then its answer is written */

    conn_t     *next;           /* in the queue of those with a piece to send */
    uint64_t    due;
    char        head[8192];
    size_t      nhead;
    size_t      body;           /* bytes of the request still to come */
    unsigned    sent;           /* pieces */

    /* client */

    uint64_t    asked;
    unsigned    got;            /* pieces of this stream */
    int         digits;         /* of a stamp so far; -1: outside of one */
    uint64_t    stamp;
    int         ended;
    size_t      tail;
};


typedef struct {
    uint32_t   *us10;           /* in 0.1 us */
    size_t      n;
    size_t      size;
} sample_t;


static struct {
    unsigned    streams, total, pieces, gap, window, limit;
} opt = { 50, 50, 200, 5000, 0, 60 };

static int        ep, upstream_port, proxy_port;
static conn_t    *queue, **queue_end = &queue;
static sample_t   delays, first, late;
static uint64_t   measured, reads, started, finished, opened, connecting;
static uint64_t   window_from, window_to;

static char       request[2048];
static int        request_len;
static char       buf[65536];


static void
die(const char *what)
{
    fprintf(stderr, "stream: %s: %s\n", what, strerror(errno));
    exit(1);
}


static uint64_t
now_ns(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


static void
add(sample_t *s, uint64_t ns)
{
    if (s->n == s->size) {
        s->size = s->size ? 2 * s->size : 65536;
        s->us10 = realloc(s->us10, s->size * sizeof(uint32_t));

        if (s->us10 == NULL) {
            die("realloc");
        }
    }

    s->us10[s->n++] = ns / 100 > UINT32_MAX ? UINT32_MAX : ns / 100;
}


static int
order(const void *one, const void *two)
{
    uint32_t  a = *(const uint32_t *) one, b = *(const uint32_t *) two;

    return (a > b) - (a < b);
}


static double
quantile(const sample_t *s, double q)
{
    return s->n ? s->us10[(size_t) (q * (s->n - 1))] / 10.0 : 0;
}


static conn_t *
watch(int fd, int upstream)
{
    int                 one = 1;
    conn_t             *c;
    struct epoll_event  ev;

    c = calloc(1, sizeof(conn_t));

    if (c == NULL || fcntl(fd, F_SETFL, O_NONBLOCK) == -1) {
        die("connection");
    }

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

    c->fd = fd;
    c->upstream = upstream;
    c->digits = -1;

    ev.events = EPOLLIN;
    ev.data.ptr = c;

    if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == -1) {
        die("epoll_ctl");
    }

    return c;
}


/* upstream: all gaps are the same, so that who comes last is due last */

static void
enqueue(conn_t *c, uint64_t due)
{
    c->due = due;
    c->next = NULL;
    *queue_end = c;
    queue_end = &c->next;
}


static void
answer(conn_t *c)
{
    static const char  head[] = "HTTP/1.1 200 OK\r\n"
                                "Content-Type: text/event-stream\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n";

    if (write(c->fd, head, sizeof(head) - 1) != (ssize_t) sizeof(head) - 1) {
        die("upstream write");
    }

    c->sent = 0;
    enqueue(c, now_ns());
}


static size_t
piece(char *p, int last)
{
    char    event[1024];
    size_t  n;

    n = sprintf(event, "data: {\"id\":\"chatcmpl-Cx7kq9QmB2s\",\"object\":"
                "\"chat.completion.chunk\",\"created\":1790000000,\"model\":"
                "\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\","
                "\"system_fingerprint\":\"fp_44709d6fcb\",\"choices\":[{"
                "\"index\":0,\"delta\":{\"content\":\" @%016llx\"},"
                "\"logprobs\":null,\"finish_reason\":%s}],\"usage\":null}\n\n",
                (unsigned long long) now_ns(), last ? "\"stop\"" : "null");

    n = sprintf(p, "%zx\r\n%s\r\n", n, event);

    if (last) {
        n += sprintf(p + n, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
    }

    return n;
}


static void
send_pieces(void)
{
    int       i, last;
    char      out[2048];
    size_t    n;
    conn_t   *c;
    uint64_t  now;

    now = now_ns();

    for (i = 0; i < TURN && queue != NULL && queue->due <= now; i++) {
        c = queue;
        queue = c->next;

        if (queue == NULL) {
            queue_end = &queue;
        }

        if (c->fd == -1) {
            free(c);
            continue;
        }

        if (window_from && c->due >= window_from) {
            add(&late, now - c->due);
        }

        last = (opt.total && c->sent + 1 == opt.pieces);
        n = piece(out, last);

        if (write(c->fd, out, n) != (ssize_t) n) {

            /* the proxy does not read: a piece is sent whole or not at all,
               as the kernel's buffers are far larger */

            if (errno != EAGAIN) {
                die("upstream write");
            }

            enqueue(c, now);
            continue;
        }

        c->sent++;

        if (!last) {
            enqueue(c, c->due + (uint64_t) opt.gap * 1000);
        }
    }
}


/* each stream has a time of its own within the gap, as if they had been asked
   for independently, and the queue of their opening is worked off first */

static void
spread(void)
{
    conn_t    *c;
    uint64_t   gap, n, now;

    now = now_ns();
    gap = (uint64_t) opt.gap * 1000;
    n = 0;

    for (c = queue; c != NULL; c = c->next) {
        c->due = now + gap + gap * n++ / opt.streams;
    }

    window_from = now + 3 * gap;
}


static void
gone(conn_t *c)
{
    if (!c->upstream) {
        fprintf(stderr, "stream: the proxy closed a connection\n");
        exit(1);
    }

    close(c->fd);
    c->fd = -1;     /* freed by the queue, or with the process */
}


static void
read_request(conn_t *c)
{
    char     *end, *length;
    ssize_t   n;

    n = read(c->fd, buf, sizeof(buf));

    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) {
            gone(c);
        }

        return;
    }

    if (c->body) {
        c->body -= (size_t) n < c->body ? (size_t) n : c->body;

        if (c->body == 0) {
            answer(c);
        }

        return;
    }

    if (c->nhead + n >= sizeof(c->head)) {
        die("request head");
    }

    memcpy(c->head + c->nhead, buf, n);
    c->nhead += n;
    c->head[c->nhead] = '\0';

    end = strstr(c->head, "\r\n\r\n");

    if (end == NULL) {
        return;
    }

    length = strcasestr(c->head, "\ncontent-length:");

    c->body = length ? strtoul(length + 16, NULL, 10) : 0;
    c->body -= c->head + c->nhead - (end + 4);
    c->nhead = 0;

    if (c->body == 0) {
        answer(c);
    }
}


/* clients */

static void
ask(conn_t *c)
{
    c->asked = now_ns();
    c->got = 0;
    c->ended = 0;
    c->tail = 0;
    started++;

    if (write(c->fd, request, request_len) != request_len) {
        die("client write");
    }
}


static void
open_client(void)
{
    int                 fd;
    struct sockaddr_in  sin;

    fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(proxy_port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    if (fd == -1 || connect(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1) {
        die("connect to the proxy");
    }

    connecting++;
    ask(watch(fd, 0));
}


static void
got_piece(conn_t *c, uint64_t now)
{
    if (c->got++ == 0) {
        add(&first, now - c->asked);
        opened++;

        if (connecting) {
            connecting--;
        }
    }

    if (opt.total || (window_from && c->stamp >= window_from)) {
        add(&delays, now - c->stamp);
        measured++;
    }
}


/* the end of the answer, which may come in parts */

static int
at_end(conn_t *c, const char *p, const char *last)
{
    for ( /* void */ ; p < last; p++) {

        if (*p == TAIL[c->tail]) {
            c->tail++;

        } else {
            c->tail = (*p == TAIL[0]);
        }

        if (c->tail == TAIL_LEN) {
            return 1;
        }
    }

    return 0;
}


static void
read_answer(conn_t *c)
{
    char      *p, *last;
    ssize_t    n;
    uint64_t   now, before;

    n = read(c->fd, buf, sizeof(buf));

    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) {
            gone(c);
        }

        return;
    }

    now = now_ns();
    before = measured;
    last = buf + n;

    for (p = buf; p < last; p++) {

        if (c->digits == -1) {
            p = memchr(p, '@', last - p);

            if (p == NULL) {
                break;
            }

            c->digits = 0;
            c->stamp = 0;
            continue;
        }

        c->stamp = c->stamp << 4 | (*p <= '9' ? *p - '0' : *p - 'a' + 10);

        if (++c->digits == STAMP) {
            c->digits = -1;
            got_piece(c, now);
        }
    }

    reads += (measured > before);

    if (opt.total && c->got == opt.pieces && at_end(c, buf, last)) {
        finished++;

        if (started < opt.total) {
            ask(c);
        }
    }
}


static void
listen_upstream(void)
{
    int                 fd, one = 1;
    conn_t             *c;
    struct sockaddr_in  sin;

    fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(upstream_port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));

    if (bind(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        || listen(fd, 4096) == -1)
    {
        die("listen");
    }

    c = watch(fd, 1);
    c->upstream = 2;
}


static void
event(conn_t *c)
{
    int  fd;

    if (c->upstream == 2) {

        while ((fd = accept(c->fd, NULL, NULL)) != -1) {
            watch(fd, 1);
        }

    } else if (c->upstream) {
        read_request(c);

    } else {
        read_answer(c);
    }
}


static int
over(void)
{
    if (opt.total) {
        return finished == opt.total;
    }

    return window_to && now_ns() >= window_to;
}


static void
run(void)
{
    int                 i, n;
    uint64_t            stop;
    unsigned            clients;
    struct epoll_event  events[EVENTS];

    clients = 0;
    stop = now_ns() + (uint64_t) opt.limit * 1000000000;

    while (!over()) {

        if (clients < opt.streams && connecting < OPENING) {
            open_client();
            clients++;
        }

        send_pieces();

        n = epoll_wait(ep, events, EVENTS, 0);

        for (i = 0; i < n; i++) {
            event(events[i].data.ptr);
        }

        if (window_from == 0 && opened >= opt.streams) {
            spread();
        }

        if (window_to == 0 && window_from && now_ns() >= window_from) {
            window_to = window_from + (uint64_t) opt.window * 1000000;

            printf("open\n");
            fflush(stdout);
        }

        if (now_ns() > stop) {
            fprintf(stderr, "stream: not done after %u s: %lu of %u open\n",
                    opt.limit, (unsigned long) opened, opt.streams);
            exit(1);
        }
    }
}


static void
options(int argc, char **argv)
{
    int   i;
    char *value;

    static const struct {
        const char  *name;
        unsigned    *value;
    } names[] = {
        { "streams", &opt.streams }, { "total", &opt.total },
        { "pieces", &opt.pieces },   { "gap", &opt.gap },
        { "window", &opt.window },   { "limit", &opt.limit },
        { NULL, NULL }
    }, *o;

    for (i = 3; i < argc; i++) {
        value = strchr(argv[i], '=');

        for (o = names; value != NULL && o->name != NULL; o++) {
            if (strlen(o->name) == (size_t) (value - argv[i])
                && strncmp(o->name, argv[i], value - argv[i]) == 0)
            {
                *o->value = strtoul(value + 1, NULL, 10);
                break;
            }
        }

        if (value == NULL || o->name == NULL) {
            fprintf(stderr, "stream: what is \"%s\"?\n", argv[i]);
            exit(2);
        }
    }

    if (opt.total && opt.streams > opt.total) {
        opt.streams = opt.total;
    }
}


int
main(int argc, char **argv)
{
    int            n;
    struct rlimit  rl;

    if (argc < 3) {
        fprintf(stderr, "usage: stream UPSTREAM PROXY [name=value ...]\n");
        return 2;
    }

    upstream_port = atoi(argv[1]);
    proxy_port = atoi(argv[2]);
    options(argc, argv);

    if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
        rl.rlim_cur = rl.rlim_max;
        setrlimit(RLIMIT_NOFILE, &rl);
    }

    n = sprintf(buf, "{\"model\":\"gpt-4o-mini\",\"stream\":true,"
                "\"messages\":[{\"role\":\"user\",\"content\":\"");
    memset(buf + n, 'x', BODY - n);
    memcpy(buf + BODY - 4, "\"}]}", 4);

    request_len = sprintf(request, "POST /v1/chat/completions HTTP/1.1\r\n"
                          "Host: 127.0.0.1\r\n"
                          "Content-Type: application/json\r\n"
                          "Content-Length: %d\r\n\r\n%.*s",
                          BODY, BODY, buf);

    ep = epoll_create1(0);

    if (ep == -1) {
        die("epoll");
    }

    listen_upstream();
    run();

    qsort(delays.us10, delays.n, sizeof(uint32_t), order);
    qsort(first.us10, first.n, sizeof(uint32_t), order);
    qsort(late.us10, late.n, sizeof(uint32_t), order);

    if (opt.total == 0) {
        printf("over\n");
        fflush(stdout);
        (void) getchar();
    }

    printf("{\"streams\":%u,\"pieces\":%lu,\"reads\":%lu,"
           "\"first_p50\":%.1f,\"first_p99\":%.1f,"
           "\"delay_p50\":%.1f,\"delay_p99\":%.1f,\"delay_max\":%.1f,"
           "\"late_p99\":%.1f}\n",
           opt.streams, (unsigned long) measured, (unsigned long) reads,
           quantile(&first, 0.5), quantile(&first, 0.99),
           quantile(&delays, 0.5), quantile(&delays, 0.99),
           quantile(&delays, 1), quantile(&late, 0.99));

    return 0;
}
