
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#ifndef _OPENAI_HASH_H_INCLUDED_
#define _OPENAI_HASH_H_INCLUDED_


#include "digest/digest.h"


/* SipHash-1-3: clients choose what is hashed; its key is fixed, so that all
   workers and every run of nginx agree */

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

/* a string of bytes, told apart from its neighbours */
void openai_hash_str(openai_hash_t *h, const char *data, size_t len);

/*
 * A JSON value that was read with numbers as raw text.  Order counts; white
 * space and escapes do not.  Neither does what clients move about from request
 * to request while they mean the same:
 *
 * - members called "cache_control", members that are null, "type": "message";
 * - a "content" of one text part: it equals that text as a plain string;
 * - Claude Code's text part of billing data, which is another each time.
 *
 * OPENAI_ERROR: nested too deep.
 */

int openai_hash_json(openai_hash_t *h, yyjson_val *val);

/* the same for a value that stands for a "content" */
int openai_hash_content(openai_hash_t *h, yyjson_val *val);


#endif /* _OPENAI_HASH_H_INCLUDED_ */
