
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Measures the module's work on an exchange without nginx and the kernel,
 * beside the least work that could replace it.
 *
 *     floor REQUEST ANSWER [exchanges]
 *
 * REQUEST and ANSWER are files of JSON.  Between the halves of an exchange the
 * program touches as much other memory as nginx and the kernel do, so caches
 * are as cold as in a proxy.  It prints one line of JSON: ns an exchange.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <yyjson.h>

#include "digest/digest.h"
#include "store/file.h"
#include "store/shared.h"
#include "store/writer.h"


#define ZONE_SIZE    (64 * 1024 * 1024)
#define ENTRIES      1000

/* nginx and the kernel touch so much memory between two halves */
#define OTHER_BYTES  (300 * 1024)

#define HEAD_BYTES   420
#define REPLY_BYTES  180
#define ARENA_BYTES  (64 * 1024)

#define ROUNDS       5


typedef struct {
    char            *data;
    size_t           len;
} text_t;


typedef struct {
    const char      *name;
    void           (*request)(void);
    void           (*answer)(void);
} work_t;


static void read_file(text_t *text, const char *path);
static uint64_t now_ns(void);
static void touch_others(void);
static uint64_t measure(const work_t *work, unsigned long exchanges);

static void parse_request(void);
static void parse_answer(void);
static void parse(const text_t *text);
static void understand_request(void);
static void understand_answer(void);
static void *arena_alloc(void *ctx, size_t size);
static void copy_request(void);
static void copy_answer(void);
static void copy(const void *data, size_t len);
static void record_request(void);
static void record_answer(void);


/* "parse" and "copy" are the least work, "understand" and "record" are ours */

static const work_t  works[] = {
    { "parse", parse_request, parse_answer },
    { "understand", understand_request, understand_answer },
    { "copy", copy_request, copy_answer },
    { "record", record_request, record_answer },
};


/* in place of nginx, which caches the time */

ngx_pid_t                   ngx_pid;
ngx_uint_t                  ngx_pagesize = 4096;
volatile ngx_msec_t         ngx_current_msec;
static ngx_time_t           cached_time;


static text_t               request, answer;
static char                 head[HEAD_BYTES], reply[REPLY_BYTES];
static char                 others[OTHER_BYTES];

static char                 arena[ARENA_BYTES] __attribute__((aligned(64)));
static size_t               arena_used;
static openai_facts_t       facts;
static openai_meter_t      *meter;

static yyjson_alc           alc;

static char                *memory;      /* as large as a zone */
static size_t               memory_used;

static ngx_shm_zone_t       shm_zone;
static ngx_openai_zone_t    zone;
static ngx_openai_writer_t  writer;
static ngx_openai_record_t  rec;


int
main(int argc, char **argv)
{
    void           *pool;
    size_t          i;
    unsigned long   exchanges;

    if (argc < 3) {
        fprintf(stderr, "usage: floor REQUEST ANSWER [exchanges]\n");
        return 2;
    }

    read_file(&request, argv[1]);
    read_file(&answer, argv[2]);

    exchanges = argc > 3 ? strtoul(argv[3], NULL, 10) : 4000;

    memset(head, 'h', sizeof(head));
    memset(reply, 'r', sizeof(reply));

    i = yyjson_read_max_memory_usage(request.len + answer.len, 0);
    pool = malloc(i);

    if (pool == NULL || !yyjson_alc_pool_init(&alc, pool, i)) {
        fprintf(stderr, "floor: no memory\n");
        return 1;
    }

    memory = mmap(NULL, ZONE_SIZE, PROT_READ|PROT_WRITE,
                  MAP_ANONYMOUS|MAP_SHARED, -1, 0);
    zone.sh = mmap(NULL, ZONE_SIZE, PROT_READ|PROT_WRITE,
                   MAP_ANONYMOUS|MAP_SHARED, -1, 0);

    if (memory == MAP_FAILED || zone.sh == MAP_FAILED) {
        fprintf(stderr, "floor: no memory\n");
        return 1;
    }

    memset(memory, 0, ZONE_SIZE);

    ngx_pid = getpid();
    cached_time.sec = time(NULL);
    shm_zone.shm.size = ZONE_SIZE;
    zone.shm_zone = &shm_zone;

    if (ngx_openai_zone_create(zone.sh, ZONE_SIZE, ENTRIES) != NGX_OK) {
        fprintf(stderr, "floor: no zone\n");
        return 1;
    }

    for (i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
        printf("%s\"%s\":%llu", i ? "," : "{", works[i].name,
               (unsigned long long) measure(&works[i], exchanges));
    }

    printf("}\n");

    return 0;
}


static void
read_file(text_t *text, const char *path)
{
    FILE  *f;
    long   size;

    f = fopen(path, "rb");

    if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) <= 0
        || fseek(f, 0, SEEK_SET) != 0)
    {
        fprintf(stderr, "floor: cannot read %s\n", path);
        exit(1);
    }

    text->len = size;
    text->data = malloc(size);

    if (text->data == NULL || fread(text->data, 1, size, f) != text->len) {
        fprintf(stderr, "floor: cannot read %s\n", path);
        exit(1);
    }

    fclose(f);
}


static uint64_t
now_ns(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


static void
touch_others(void)
{
    char    sum;
    size_t  i;

    sum = 0;

    for (i = 0; i < sizeof(others); i += 64) {
        sum += others[i];
        others[i] = sum;
    }
}


/* returns the best of several rounds, because the machine is shared */

static uint64_t
measure(const work_t *work, unsigned long exchanges)
{
    uint64_t       from, clock, spent, best;
    unsigned       round;
    unsigned long  i;

    clock = UINT64_MAX;

    for (i = 0; i < exchanges; i++) {
        from = now_ns();
        clock = ngx_min(clock, now_ns() - from);
    }

    best = UINT64_MAX;

    for (round = 0; round < ROUNDS; round++) {

        spent = 0;

        for (i = 0; i < exchanges; i++) {

            touch_others();

            from = now_ns();
            work->request();
            spent += now_ns() - from;

            touch_others();

            from = now_ns();
            work->answer();
            spent += now_ns() - from;
        }

        best = ngx_min(best, spent / exchanges);
    }

    return best - ngx_min(best, 2 * clock);
}


ngx_time_t *
ngx_timeofday(void)
{
    return &cached_time;
}


void
ngx_openai_file_private(ngx_openai_file_t *file)
{
    /* the zone has no file here */
}


/* --- what a body says --- */

static void
parse_request(void)
{
    parse(&request);
}


static void
parse_answer(void)
{
    parse(&answer);
}


static void
parse(const text_t *text)
{
    yyjson_doc  *doc;

    doc = yyjson_read_opts(text->data, text->len, 0, &alc, NULL);

    if (doc == NULL) {
        fprintf(stderr, "floor: that is no JSON\n");
        exit(1);
    }

    yyjson_doc_free(doc);
}


static void
understand_request(void)
{
    static const openai_alloc_t  alloc = { arena_alloc, NULL };

    static const openai_str_t  method = openai_str("POST");
    static const openai_str_t  uri = openai_str("/v1/chat/completions");
    static const openai_str_t  type = openai_str("content-type");
    static const openai_str_t  json = openai_str("application/json");

    arena_used = 0;
    openai_facts_init(&facts);
    meter = openai_meter_create(&alloc, &facts);

    openai_meter_request_line(meter, method, uri);
    openai_meter_request_header(meter, type, json);
    openai_meter_request_body(meter, request.data, request.len, 1);
}


static void
understand_answer(void)
{
    static const openai_str_t  type = openai_str("content-type");
    static const openai_str_t  json = openai_str("application/json");

    openai_meter_response_status(meter, 200);
    openai_meter_response_header(meter, type, json);
    openai_meter_response_body(meter, answer.data, answer.len, 1000);
    openai_meter_finish(meter, 1, 1000);
    openai_meter_destroy(meter);
}


static void *
arena_alloc(void *ctx, size_t size)
{
    void  *p;

    p = arena + arena_used;
    arena_used += (size + 63) & ~(size_t) 63;

    return arena_used <= sizeof(arena) ? p : NULL;
}


/* --- to memory that is in no cache --- */

static void
copy_request(void)
{
    copy(head, sizeof(head));
    copy(request.data, request.len);
}


static void
copy_answer(void)
{
    copy(reply, sizeof(reply));
    copy(answer.data, answer.len);
    copy(&rec, sizeof(rec));
}


static void
copy(const void *data, size_t len)
{
    if (memory_used + len > ZONE_SIZE) {
        memory_used = 0;
    }

    memcpy(memory + memory_used, data, len);
    memory_used += len;
}


static void
record_request(void)
{
    ngx_openai_record_init(&rec);

    rec.started_ms = 1700000000000;
    strcpy(rec.method, "POST");
    strcpy(rec.uri, "/v1/chat/completions");
    strcpy(rec.facts.operation, "chat");
    strcpy(rec.facts.model, "gpt-4o-mini");

    (void) ngx_openai_writer_begin(&writer, &zone, &rec);

    (void) ngx_openai_writer_append(&writer, NGX_OPENAI_REQUEST_HEAD,
                                    head, sizeof(head));
    (void) ngx_openai_writer_append(&writer, NGX_OPENAI_REQUEST_BODY,
                                    request.data, request.len);
}


static void
record_answer(void)
{
    static const ngx_openai_mark_t  mark = { 1, 0 };

    (void) ngx_openai_writer_append(&writer, NGX_OPENAI_RESPONSE_HEAD,
                                    reply, sizeof(reply));
    (void) ngx_openai_writer_append(&writer, NGX_OPENAI_MARKS,
                                    &mark, sizeof(mark));
    (void) ngx_openai_writer_append(&writer, NGX_OPENAI_RESPONSE_BODY,
                                    answer.data, answer.len);

    rec.outcome = NGX_OPENAI_OK;
    rec.status = 200;
    rec.duration_us = 1234;
    rec.nattempts = 1;
    strcpy(rec.attempts[0].peer, "127.0.0.1:8000");

    ngx_openai_writer_commit(&writer, &rec);
}
