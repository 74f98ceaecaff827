
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * What the tests of the digest share: TAP, recorded traffic, and a run of the
 * meter.
 */


#ifndef _DIGEST_RUN_H_INCLUDED_
#define _DIGEST_RUN_H_INCLUDED_


#include "digest/digest.h"


#define RUN_COLUMNS  40


typedef struct {
    char         *text;                /* of all cells */
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
    yyjson_val     *meta;              /* headers of both heads, or NULL */
    size_t          split;             /* 0: whole */
    int             incomplete;
} run_exchange_t;


/* TAP; main() returns run_done() */

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

/* returns a file with a zero byte behind it, or no data */
openai_str_t run_read(const char *dir, const char *name);

int run_table(run_table_t *t, const char *dir, const char *name);
/* returns a cell, or "" when the table has no such column */
const char *run_cell(const run_table_t *t, unsigned row, const char *column);


/* returns a meter that has read the exchange; run_free() releases it */
openai_meter_t *run_meter(const run_exchange_t *x);
void run_free(openai_meter_t *m);

/* the facts of the last meter */
const openai_facts_t *run_facts(void);

/* bytes that the last meter has allocated */
size_t run_allocated(void);

void run_stored(const run_exchange_t *x, const openai_facts_t *facts,
    openai_exchange_t *ex);


/* a deterministic generator; run_seed() prints its seed */
uint64_t run_seed(void);
uint64_t run_random(uint64_t *state);

/* writes the first twelve hex digits of SHA-256 and a zero byte */
void run_sha12(const char *data, size_t len, char *out);

openai_str_t run_str(const char *s);


#endif /* _DIGEST_RUN_H_INCLUDED_ */
