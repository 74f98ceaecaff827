
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * For tests of the digest: TAP, recorded traffic, and a run of the meter.
 */


#ifndef _DIGEST_RUN_H_INCLUDED_
#define _DIGEST_RUN_H_INCLUDED_


#include "digest/digest.h"


#define RUN_COLUMNS  40


typedef struct {
    char         *text;                /* of all of them */
    char         *columns[RUN_COLUMNS];
    unsigned      ncolumns;
    char       ***rows;                /* NULL-terminated */
    unsigned      nrows;
} run_table_t;


typedef struct {
    openai_str_t    method;
    openai_str_t    uri;
    unsigned        status;
    openai_str_t    request_type;
    openai_str_t    request_encoding;
    openai_str_t    request;
    openai_str_t    response_type;
    openai_str_t    response_encoding;
    openai_str_t    response;
    yyjson_val     *meta;              /* headers of both, or NULL */
    size_t          split;             /* 0: whole */
    int             incomplete;
} run_exchange_t;


/* TAP; run_done() is what main() returns */

int run_ok(int ok, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void run_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
int run_done(void);


/*
 * The n-th directory of recorded traffic, or NULL.  The first is the
 * repository's own; a second one is in OPENAI_FIXTURES, or beside the
 * checkout if that is not set.
 */
const char *run_fixtures(unsigned n);

/* a file, zero-terminated, or no data */
openai_str_t run_read(const char *dir, const char *name);

int run_table(run_table_t *t, const char *dir, const char *name);
/* "" when the table has no such column */
const char *run_cell(const run_table_t *t, unsigned row, const char *column);


/* a meter that has seen the exchange; release with run_free() */
openai_meter_t *run_meter(const run_exchange_t *x);
void run_free(openai_meter_t *m);

/* what the last meter found */
const openai_facts_t *run_facts(void);

/* bytes that the last meter took from its allocator */
size_t run_allocated(void);

void run_stored(const run_exchange_t *x, const openai_facts_t *facts,
    openai_exchange_t *ex);


/* a deterministic generator; its seed is printed */
uint64_t run_seed(void);
uint64_t run_random(uint64_t *state);

/* the first twelve hex digits of SHA-256; out has room for 13 */
void run_sha12(const char *data, size_t len, char *out);

openai_str_t run_str(const char *s);


#endif /* _DIGEST_RUN_H_INCLUDED_ */
