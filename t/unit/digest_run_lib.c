
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * What the tests of the digest share, see digest_run.h.
 */


#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "digest_run.h"


#define RUN_BLOCKS  64


static unsigned        run_count, run_failed;
static void           *run_blocks[RUN_BLOCKS];
static unsigned        run_nblocks;
static size_t          run_bytes;
static openai_facts_t  run_known;


int
run_ok(int ok, const char *format, ...)
{
    va_list  args;

    run_count++;
    run_failed += !ok;

    printf("%sok %u - ", ok ? "" : "not ", run_count);

    va_start(args, format);
    vprintf(format, args);
    va_end(args);

    printf("\n");

    return ok;
}


void
run_note(const char *format, ...)
{
    va_list  args;

    printf("# ");

    va_start(args, format);
    vprintf(format, args);
    va_end(args);

    printf("\n");
}


int
run_done(void)
{
    printf("1..%u\n", run_count);

    return run_failed || run_count == 0;
}


const char *
run_fixtures(unsigned n)
{
    size_t       i;
    FILE        *f;
    char         name[4096];
    const char  *dir;

    /* as seen from t/unit, and from the top */

    static const char *const  dirs[2][2] = {
        { "../recordings", "t/recordings" },
        { "../../../shared/fixtures", "../shared/fixtures" }
    };

    if (n > 1) {
        return NULL;
    }

    if (n == 1 && (dir = getenv("OPENAI_FIXTURES")) != NULL) {
        return *dir ? dir : NULL;
    }

    for (i = 0; i < 2; i++) {

        (void) snprintf(name, sizeof(name), "%s/MANIFEST.tsv", dirs[n][i]);

        f = fopen(name, "r");

        if (f) {
            fclose(f);
            return dirs[n][i];
        }
    }

    return NULL;
}


openai_str_t
run_read(const char *dir, const char *name)
{
    long          size;
    char         *p, path[4096];
    FILE         *f;
    openai_str_t  s;

    s.data = NULL;
    s.len = 0;

    (void) snprintf(path, sizeof(path), "%s/%s", dir, name);

    f = fopen(path, "rb");
    if (f == NULL) {
        return s;
    }

    if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0
        && fseek(f, 0, SEEK_SET) == 0)
    {
        p = malloc(size + 1);

        if (p && fread(p, 1, size, f) == (size_t) size) {
            p[size] = '\0';
            s.data = p;
            s.len = size;
        }
    }

    fclose(f);

    return s;
}


int
run_table(run_table_t *t, const char *dir, const char *name)
{
    char          *line, *next, *cell, **row;
    unsigned       i;
    openai_str_t   s;

    memset(t, 0, sizeof(run_table_t));

    s = run_read(dir, name);
    if (s.data == NULL) {
        return OPENAI_ERROR;
    }

    t->text = (char *) s.data;
    t->rows = calloc(s.len + 1, sizeof(char **));

    for (line = t->text; line && *line; line = next) {

        next = strchr(line, '\n');

        if (next) {
            *next++ = '\0';
        }

        if (*line == '#') {
            continue;
        }

        row = calloc(RUN_COLUMNS, sizeof(char *));

        for (i = 0; i < RUN_COLUMNS; i++) {
            cell = line ? strsep(&line, "\t") : "";
            row[i] = cell;
        }

        if (t->ncolumns == 0) {
            memcpy(t->columns, row, sizeof(t->columns));
            t->ncolumns = RUN_COLUMNS;
            free(row);
            continue;
        }

        t->rows[t->nrows++] = row;
    }

    return OPENAI_OK;
}


const char *
run_cell(const run_table_t *t, unsigned row, const char *column)
{
    unsigned  i;

    for (i = 0; i < t->ncolumns; i++) {
        if (strcmp(t->columns[i], column) == 0) {
            return t->rows[row][i];
        }
    }

    return "";
}


static void *
run_alloc(void *ctx, size_t size)
{
    void  *p;

    if (run_nblocks == RUN_BLOCKS) {
        return NULL;
    }

    p = malloc(size);

    if (p) {
        run_blocks[run_nblocks++] = p;
        run_bytes += size;
    }

    return p;
}


size_t
run_allocated(void)
{
    return run_bytes;
}


const openai_facts_t *
run_facts(void)
{
    return &run_known;
}


void
run_free(openai_meter_t *m)
{
    openai_meter_destroy(m);

    while (run_nblocks) {
        free(run_blocks[--run_nblocks]);
    }
}


static void
run_headers(openai_meter_t *m, yyjson_val *headers,
    void (*header)(openai_meter_t *m, openai_str_t name, openai_str_t value))
{
    yyjson_val      *k, *v;
    openai_str_t     name;
    yyjson_obj_iter  iter;

    if (!yyjson_is_obj(headers)) {
        return;
    }

    yyjson_obj_iter_init(headers, &iter);

    while ((k = yyjson_obj_iter_next(&iter)) != NULL) {

        v = yyjson_obj_iter_get_val(k);
        name = run_str(yyjson_get_str(k));

        /* recordings have decoded bodies, so the coding is left out */

        if (yyjson_is_str(v) && strcmp(name.data, "content-encoding") != 0) {
            header(m, name, run_str(yyjson_get_str(v)));
        }
    }
}


openai_meter_t *
run_meter(const run_exchange_t *x)
{
    char            *piece;
    size_t           i, n, split;
    openai_alloc_t   alloc;
    openai_meter_t  *m;

    alloc.alloc = run_alloc;
    alloc.ctx = NULL;
    run_bytes = 0;

    openai_facts_init(&run_known);
    m = openai_meter_create(&alloc, &run_known);
    if (m == NULL) {
        return NULL;
    }

    split = x->split ? x->split : x->request.len + x->response.len + 1;

    /* each piece has its own block, so that a sanitizer sees a read
       behind it */

    piece = malloc(split);
    if (piece == NULL) {
        return NULL;
    }

    openai_meter_request_line(m, x->method, x->uri);
    run_headers(m, yyjson_obj_get(x->meta, "request_headers"),
                openai_meter_request_header);

    if (x->request_type.len) {
        openai_meter_request_header(m, run_str("Content-Type"),
                                    x->request_type);
    }

    if (x->request_encoding.len) {
        openai_meter_request_header(m, run_str("Content-Encoding"),
                                    x->request_encoding);
    }

    if (x->status == 101) {
        openai_meter_request_body(m, NULL, 0, 1);
        openai_meter_response_status(m, x->status);
    }

    for (i = 0; i < x->request.len; i += n) {
        n = x->request.len - i < split ? x->request.len - i : split;
        memcpy(piece, x->request.data + i, n);
        openai_meter_request_body(m, piece, n,
                                  x->status != 101
                                  && i + n == x->request.len);
    }

    if (x->status != 101) {
        openai_meter_response_status(m, x->status);
    }

    run_headers(m, yyjson_obj_get(x->meta, "response_headers"),
                openai_meter_response_header);

    if (x->response_type.len) {
        openai_meter_response_header(m, run_str("Content-Type"),
                                     x->response_type);
    }

    if (x->response_encoding.len) {
        openai_meter_response_header(m, run_str("Content-Encoding"),
                                     x->response_encoding);
    }

    for (i = 0; i < x->response.len; i += n) {
        n = x->response.len - i < split ? x->response.len - i : split;
        memcpy(piece, x->response.data + i, n);
        openai_meter_response_body(m, piece, n, 1000);
    }

    openai_meter_finish(m, !x->incomplete, 2000);

    free(piece);

    return m;
}


void
run_stored(const run_exchange_t *x, const openai_facts_t *facts,
    openai_exchange_t *ex)
{
    memset(ex, 0, sizeof(openai_exchange_t));

    ex->dialect = facts->dialect;
    ex->framing = facts->framing;
    ex->status = x->status;
    ex->method = x->method;
    ex->uri = x->uri;
    ex->request_type = x->request_type;
    ex->request_encoding = x->request_encoding;
    ex->request_body = x->request;
    ex->response_type = x->response_type;
    ex->response_encoding = x->response_encoding;
    ex->response_body = x->response;
}


uint64_t
run_seed(void)
{
    uint64_t     seed;
    const char  *given;

    given = getenv("SEED");
    seed = given ? strtoull(given, NULL, 0) : (uint64_t) time(NULL);

    run_note("SEED=%llu", (unsigned long long) seed);

    return seed;
}


uint64_t
run_random(uint64_t *state)
{
    uint64_t  z;

    z = (*state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;

    return z ^ (z >> 31);
}


openai_str_t
run_str(const char *s)
{
    openai_str_t  str;

    str.data = s;
    str.len = strlen(s);

    return str;
}


/* SHA-256 of FIPS 180-4 */

#define run_rotr(x, n)  ((x) >> (n) | (x) << (32 - (n)))


static const uint32_t  run_sha_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};


static void
run_sha_block(uint32_t *h, const unsigned char *p)
{
    int       i;
    uint32_t  w[64], s[8], a, b;

    for (i = 0; i < 16; i++) {
        w[i] = (uint32_t) p[i * 4] << 24 | (uint32_t) p[i * 4 + 1] << 16
               | (uint32_t) p[i * 4 + 2] << 8 | p[i * 4 + 3];
    }

    for (i = 16; i < 64; i++) {
        a = run_rotr(w[i - 15], 7) ^ run_rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
        b = run_rotr(w[i - 2], 17) ^ run_rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }

    memcpy(s, h, sizeof(s));

    for (i = 0; i < 64; i++) {
        a = s[7] + (run_rotr(s[4], 6) ^ run_rotr(s[4], 11)
                    ^ run_rotr(s[4], 25))
            + ((s[4] & s[5]) ^ (~s[4] & s[6])) + run_sha_k[i] + w[i];
        b = (run_rotr(s[0], 2) ^ run_rotr(s[0], 13) ^ run_rotr(s[0], 22))
            + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

        memmove(s + 1, s, 7 * sizeof(uint32_t));
        s[4] += a;
        s[0] = a + b;
    }

    for (i = 0; i < 8; i++) {
        h[i] += s[i];
    }
}


void
run_sha12(const char *data, size_t len, char *out)
{
    size_t         i, rest;
    unsigned char  tail[128];

    uint32_t  h[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
    };

    for (i = 0; i + 64 <= len; i += 64) {
        run_sha_block(h, (const unsigned char *) data + i);
    }

    memset(tail, 0, sizeof(tail));

    if (len > i) {
        memcpy(tail, data + i, len - i);
    }

    tail[len - i] = 0x80;
    rest = len - i < 56 ? 64 : 128;

    for (i = 0; i < 8; i++) {
        tail[rest - 1 - i] = (unsigned char) ((uint64_t) len * 8 >> i * 8);
    }

    for (i = 0; i < rest; i += 64) {
        run_sha_block(h, tail + i);
    }

    (void) snprintf(out, 13, "%08x%04x", h[0], h[1] >> 16);
}
