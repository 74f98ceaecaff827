
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: no bytes, however split, make the digest read or write outside
 * of its memory, give different facts, or take too much memory.
 *
 * The first bytes of the input choose the path, the content type, the status
 * and the split.  Then come a request body, a zero byte, and an answer.
 *
 * Of docs/reliability.md: fault 33, fault 34.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest/digest.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


#define BLOCKS      64
#define BLOCK_SIZE  (512 * 1024)
#define BUDGET      (64 * 1024 * 1024)


typedef struct {
    void    *block[BLOCKS];
    size_t   n;
    size_t   bytes;
} arena_t;


static const char *const  uris[] = {
    "/v1/chat/completions", "/v1/completions", "/v1/responses",
    "/v1/embeddings", "/v1/images/generations", "/v1/audio/transcriptions",
    "/v1/moderations", "/v1/models", "/v1/files", "/v1/batches",
    "/v1/messages", "/v1beta/models/g:streamGenerateContent",
    "/api/chat", "/api/generate", "/v1/threads/runs", "/v2/chat",
    "/v1/realtime", "/openai/deployments/d/chat/completions", "/unknown/x",
    "/v1/messages/count_tokens", "/v1/files/f/content", "/completion",
    "/api/embed", "/api/pull", "/v1/models/a%3ab%2", "/x/v1beta/y1//z?a=b",
    "/v1/responses/r?model=&stream=true#", "/v1/realtime?x&model=%c3%a4"
};


#define URIS  (sizeof(uris) / sizeof(uris[0]))


static const char *const  types[] = {
    "application/json", "text/event-stream", "application/x-ndjson",
    "text/plain", "", "multipart/form-data; boundary=b", "audio/mpeg",
    "text/event-stream; charset=utf-8"
};


static const char *const  codings[] = {
    "", "", "", "", "", "gzip", "deflate", "br", "zstd", "x"
};


static openai_str_t
str(const char *s)
{
    openai_str_t  r;

    r.data = s;
    r.len = strlen(s);

    return r;
}


static void *
arena_alloc(void *ctx, size_t size)
{
    arena_t  *a = ctx;

    if (a->n == BLOCKS || size > BLOCK_SIZE) {
        return NULL;
    }

    a->block[a->n] = malloc(size);
    a->bytes += size;

    return a->block[a->n++];
}


/* the memory of the assembler */

static size_t  spent;


static void *
budget_malloc(void *ctx, size_t size)
{
    if (size > BUDGET - spent) {
        return NULL;
    }

    spent += size;

    return malloc(size);
}


static void *
budget_realloc(void *ctx, void *p, size_t old, size_t size)
{
    if (size > BUDGET - spent) {
        return NULL;
    }

    spent += size;

    return realloc(p, size);
}


static void
budget_free(void *ctx, void *p)
{
    free(p);
}


static void
run(openai_facts_t *facts, const uint8_t *head, const char *request,
    size_t request_len, const char *answer, size_t answer_len, size_t split)
{
    char            *piece;
    size_t           i, n;
    arena_t          arena;
    openai_alloc_t   alloc;
    openai_meter_t  *m;

    memset(&arena, 0, sizeof(arena));
    alloc.alloc = arena_alloc;
    alloc.ctx = &arena;

    openai_facts_init(facts);
    m = openai_meter_create(&alloc, facts);

    openai_meter_request_line(m, str(head[4] & 1 ? "GET" : "POST"),
                              str(uris[head[0] % URIS]));
    openai_meter_request_header(m, str("content-type"),
                                str(types[head[1] % 8]));

    if (head[3] & 1) {
        openai_meter_response_status(m, 101);
    }

    for (i = 0; i < request_len; i += n) {
        n = request_len - i < split ? request_len - i : split;
        piece = malloc(n);
        memcpy(piece, request + i, n);
        openai_meter_request_body(m, piece, n, i + n == request_len);
        free(piece);
    }

    if (!(head[3] & 1)) {
        openai_meter_response_status(m, (head[3] & 2) ? 429 : 200);
    }

    openai_meter_response_header(m, str("content-type"),
                                 str(types[head[1] / 8 % 8]));
    openai_meter_response_header(m, str("content-encoding"),
                                 str(codings[head[2] % 10]));

    for (i = 0; i < answer_len; i += n) {
        n = answer_len - i < split ? answer_len - i : split;
        piece = malloc(n);
        memcpy(piece, answer + i, n);
        openai_meter_response_body(m, piece, n, 1000);
        free(piece);
    }

    openai_meter_finish(m, head[3] & 4, 2000);
    openai_meter_destroy(m);

    while (arena.n) {
        free(arena.block[--arena.n]);
    }

    if (arena.bytes > 2 * 1024 * 1024) {
        abort();
    }
}


static void
assemble(const openai_exchange_t *ex)
{
    char            *json;
    size_t           len, i;
    yyjson_alc       alc;
    yyjson_mut_doc  *doc;
    yyjson_mut_val  *root;

    static yyjson_mut_val *(*const  builds[])(yyjson_mut_doc *,
        const openai_exchange_t *) = {
        openai_answer, openai_conversation, openai_usage_raw, openai_events
    };

    alc.malloc = budget_malloc;
    alc.realloc = budget_realloc;
    alc.free = budget_free;
    alc.ctx = NULL;

    for (i = 0; i < 4; i++) {
        spent = 0;

        doc = yyjson_mut_doc_new(&alc);
        root = builds[i](doc, ex);
        yyjson_mut_doc_set_root(doc, root);

        /* a strict writer accepts everything that was built */

        json = yyjson_mut_write_opts(doc, YYJSON_WRITE_ALLOW_INF_AND_NAN, NULL,
                                     &len, NULL);

        if (root && json == NULL && spent < BUDGET / 2) {
            abort();
        }

        free(json);
        yyjson_mut_doc_free(doc);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t              i, request_len, answer_len;
    unsigned            broken;
    const char         *request, *answer, *zero, *coding;
    openai_facts_t      whole, pieces;
    openai_exchange_t   ex;

    if (size < 5) {
        return 0;
    }

    request = (const char *) data + 5;
    zero = memchr(request, '\0', size - 5);

    request_len = zero ? (size_t) (zero - request) : 0;
    answer = zero ? zero + 1 : request;
    answer_len = (const char *) data + size - answer;

    run(&whole, data, request, request_len, answer, answer_len, size);
    run(&pieces, data, request, request_len, answer, answer_len,
        1 + data[4] % 64);

    /* libbrotli and libzstd give fewer bytes when a break is in the same piece;
       all other codings give the same for all pieces */

    coding = codings[data[2] % 10];

    broken = (strcmp(coding, "br") == 0 || strcmp(coding, "zstd") == 0)
             && ((whole.flags | pieces.flags) & OPENAI_FACT_UNDECODABLE);

    for (i = 0; i < sizeof(whole) && !broken; i++) {
        if (((char *) &whole)[i] != ((char *) &pieces)[i]) {
            fprintf(stderr, "facts differ at byte %zu: \"%.40s\", \"%.40s\" "
                    "in pieces of %d\n", i, (char *) &whole + i,
                    (char *) &pieces + i, 1 + data[4] % 64);
            abort();
        }
    }

    memset(&ex, 0, sizeof(ex));

    ex.method = str(data[4] & 1 ? "GET" : "POST");
    ex.uri = str(uris[data[0] % URIS]);
    ex.dialect = whole.dialect;
    ex.framing = whole.framing;
    ex.status = (data[3] & 2) ? 429 : 200;
    ex.request_type = str(types[data[1] % 8]);
    ex.response_type = str(types[data[1] / 8 % 8]);
    ex.response_encoding = str(codings[data[2] % 10]);
    ex.request_encoding = str("");
    ex.request_body.data = request;
    ex.request_body.len = request_len;
    ex.response_body.data = answer;
    ex.response_body.len = answer_len;

    assemble(&ex);

    return 0;
}
