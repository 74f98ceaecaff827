
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The hash of a conversation's parts.  thread.c calls it.
 */


#ifndef _OPENAI_HASH_H_INCLUDED_
#define _OPENAI_HASH_H_INCLUDED_


#include "digest/digest.h"


/* SipHash-1-3, because clients choose the input; the key is fixed, because all
   workers and all runs of nginx must agree */

typedef struct {
    uint64_t    v0;
    uint64_t    v1;
    uint64_t    v2;
    uint64_t    v3;
    uint64_t    tail;
    uint64_t    len;
} openai_hash_t;


void openai_hash_init(openai_hash_t *h);
void openai_hash_bytes(openai_hash_t *h, const void *data, size_t len);
uint64_t openai_hash_done(openai_hash_t *h);

/* adds a string with its length, so that it does not run into its neighbours */
void openai_hash_str(openai_hash_t *h, const char *data, size_t len);

/*
 * Adds a JSON value that was read with numbers as raw text.  The order of
 * members counts; white space and escapes do not.  These do not count either,
 * because clients change them between requests that mean the same:
 *
 * - members called "cache_control", members that are null, "type": "message";
 * - the form of a "content" with one text part, which equals a plain string;
 * - the text part with Claude Code's billing data.
 *
 * OPENAI_ERROR: the value is nested too deep.
 */

int openai_hash_json(openai_hash_t *h, yyjson_val *val);

/* adds the value of a "content" */
int openai_hash_content(openai_hash_t *h, yyjson_val *val);


/*
 * What thread.c hands to run.c: the request and where its messages are.
 */

typedef struct {
    yyjson_val       *root;
    yyjson_val       *messages;     /* an array, or a string */
    yyjson_val       *system;       /* beside the messages, or NULL */
    openai_str_t      model;        /* in the path, or empty */
} openai_request_t;

/* run.c: reads the headers, and the request unless r is NULL */
void openai_run_head(openai_run_t *run, const openai_exchange_t *ex);
void openai_run_body(openai_run_t *run, const openai_request_t *r);


#endif /* _OPENAI_HASH_H_INCLUDED_ */
