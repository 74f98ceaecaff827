
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: no query makes the parser read outside of the query, refuse
 * without a reason, or answer one record in two ways: a record that matches a
 * query does not match its opposite.  Up to a zero byte the input is the
 * query, then come the bodies of the record.
 *
 * Of docs/reliability.md: fault 42.
 */


#include "store/record.c"
#include "store/fields.c"
#include "view/answer/json.c"
#include "view/read/head.c"
#include "view/query/match.c"
#include "view/query/regex.c"
#include "view/query/terms.c"
#include "view/query/terms_match.c"
#include "view/query/terms_number.c"
#include "view/query/terms_time.c"
#include "view/query/query.c"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_str_t  bodies;


static ngx_int_t
load(ngx_openai_subject_t *subject, ngx_uint_t level)
{
    static ngx_str_t  heads[] = {
        ngx_string("POST /v1/chat/completions HTTP/1.1\nHost: api\nX-T: a b\n"),
        ngx_string("HTTP/1.1 200\nServer: upstream")
    };

    switch (level) {

    case NGX_OPENAI_LEVEL_HEADS:
        subject->head[0] = heads[0];
        subject->head[1] = heads[1];
        break;

    case NGX_OPENAI_LEVEL_BODIES:
        subject->body[0] = bodies;
        subject->body[1] = bodies;
        break;

    default:
        subject->answer = bodies;
    }

    return NGX_OK;
}


static void
sample(ngx_openai_record_t *rec)
{
    ngx_openai_record_init(rec);

    strcpy(rec->id, "01abc");
    strcpy(rec->method, "POST");
    strcpy(rec->uri, "/v1/chat/completions?trace=7");
    rec->outcome = NGX_OPENAI_UPSTREAM_ERROR;
    rec->status = 429;
    rec->duration_us = 2500000;
    rec->started_ms = 1795600830250;
    rec->cost = 0.02;
    strcpy(rec->facts.model, "gpt-4o");
    rec->facts.usage.input = 9000;
}


/* returns 1 or 0; -1: the query is refused */

static int
ask(ngx_pool_t *pool, ngx_str_t *text)
{
    ngx_int_t             rc;
    ngx_openai_query_t    query;
    ngx_openai_record_t   rec;
    ngx_openai_subject_t  subject;

    rc = ngx_openai_query_parse(&query, pool, text);

    if (rc == NGX_DECLINED) {

        if (query.error == NULL || query.word.len > text->len + 64) {
            abort();
        }

        return -1;
    }

    if (rc != NGX_OK) {
        abort();
    }

    sample(&rec);

    memset(&subject, 0, sizeof(subject));
    subject.rec = &rec;
    subject.load = load;

    return ngx_openai_query_match(&query, &subject) == NGX_OK;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int             one, two;
    u_char         *p;
    size_t          len;
    ngx_str_t       text, not;
    const uint8_t  *zero;
    ngx_pool_t      pool = { NULL, 64 * 1024 * 1024 };

    if (size == 0) {
        return 0;
    }

    zero = memchr(data, '\0', size);
    len = zero ? (size_t) (zero - data) : size;

    bodies.data = (u_char *) (zero ? zero + 1 : data + size);
    bodies.len = zero ? size - len - 1 : 0;

    /* each has its own block, so that the sanitizer sees a byte too much */

    text.len = len;
    text.data = ngx_pnalloc(&pool, len);
    ngx_memcpy(text.data, data, len);

    not.len = len + 4;
    not.data = ngx_pnalloc(&pool, len + 4);
    p = ngx_cpymem(not.data, "-( ", 3);
    p = ngx_cpymem(p, data, len);
    *p = ')';

    one = ask(&pool, &text);
    two = ask(&pool, &not);

    /* "in:" is of the whole query, and is true where it stands */

    if (one >= 0 && two >= 0 && one == two && len
        && strspn((char *) memcpy(ngx_pcalloc(&pool, len + 1), data, len),
                  " \t\n") != len)
    {
        abort();
    }

    ngx_reset_pool(&pool);

    return 0;
}
