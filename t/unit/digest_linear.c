
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: no input takes more than linear time.  Four times the bytes
 * must not take much more than four times as long.
 *
 * Of docs/reliability.md: fault 34.
 */


#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "digest_run.h"


/* quadratic time would give 16 */
#define BOUND  9.0

#define SMALL  (128 * 1024)
#define TRIES  4


typedef struct {
    const char  *what;
    const char  *uri;
    const char  *head;
    const char  *unit;         /* repeated */
    const char  *tail;
    int          request;      /* 1: the request, 0: the answer */
} input_t;


static const input_t  inputs[] = {
    { "brackets", "/v1/chat/completions", "", "[", "", 0 },
    { "braces", "/v1/chat/completions", "", "{\"a\":", "", 0 },
    { "choices within choices", "/v1/chat/completions", "",
      "{\"choices\":[", "", 0 },
    { "backslashes", "/v1/chat/completions",
      "{\"choices\":[{\"message\":{\"content\":\"", "\\\\", "\"}}]}", 0 },
    { "escapes", "/v1/chat/completions",
      "{\"choices\":[{\"message\":{\"content\":\"", "\\ud83d\\u0041", "\"}}]}",
      0 },
    { "a long key", "/v1/chat/completions", "{\"", "k", "\":1}", 0 },
    { "many keys", "/v1/chat/completions", "{\"a\":1", ",\"model\":\"m\"", "}",
      0 },
    { "many settings", "/v1/chat/completions", "{\"a\":1", ",\"b\":2", "}",
      1 },
    { "many choices", "/v1/chat/completions", "{\"choices\":[{}",
      ",{\"message\":{\"content\":\"x\"},\"finish_reason\":\"s\"}", "]}", 0 },
    { "many calls", "/v1/chat/completions",
      "{\"choices\":[{\"message\":{\"tool_calls\":[{}",
      ",{\"function\":{\"name\":\"f\",\"arguments\":\"\"}}", "]}}]}", 0 },
    { "many messages", "/v1/chat/completions", "{\"messages\":[{}",
      ",{\"role\":\"system\",\"content\":\"x\"}", "]}", 1 },
    { "many tools", "/v1/responses", "{\"tools\":[{}", ",{\"name\":\"f\"}",
      "],\"input\":\"\"}", 1 },
    { "small events", "/v1/chat/completions", "", "data: 1\n\n", "", 0 },
    { "empty lines", "/v1/chat/completions", "data: 1", "\n", "", 0 },
    { "one event of many lines", "/v1/chat/completions", "", "data: 1\n", "",
      0 },
    { "a long name", "/v1/chat/completions", "event: ", "x", "\ndata: 1\n\n",
      0 },
    { "deltas", "/v1/chat/completions", "",
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n",
      "", 0 },
    { "calls that change", "/v1/chat/completions", "",
      "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":"
      "\"a\",\"function\":{\"name\":\"f\"}},{\"index\":0,\"id\":\"b\","
      "\"function\":{\"name\":\"f\"}}]}}]}\n\n", "", 0 },
    { "items", "/v1/responses", "",
      "data: {\"type\":\"response.output_item.added\",\"output_index\":1,"
      "\"item\":{\"type\":\"function_call\",\"name\":\"f\"}}\n\n", "", 0 },
    { "responses", "/v1/responses", "",
      "data: {\"type\":\"response.completed\",\"response\":{\"status\":"
      "\"completed\",\"output\":[]}}\n\n", "", 0 },
    { "an array of candidates", "/v1beta/models/g:streamGenerateContent",
      "[{}", ",{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]}}]}",
      "]", 0 },
    { "no UTF-8", "/v1/chat/completions",
      "{\"choices\":[{\"message\":{\"content\":\"", "\xff\xe2", "\"}}]}", 0 }
};


static double
spent(const input_t *in, size_t size)
{
    char              *body;
    size_t             n, len;
    clock_t            start;
    double             seconds;
    run_exchange_t     x;
    openai_meter_t    *m;
    yyjson_mut_doc    *doc;
    openai_exchange_t  ex;

    len = strlen(in->unit);
    body = malloc(size + 1024);
    n = strlen(in->head);
    memcpy(body, in->head, n);

    while (n < size) {
        memcpy(body + n, in->unit, len);
        n += len;
    }

    memcpy(body + n, in->tail, strlen(in->tail));
    n += strlen(in->tail);

    memset(&x, 0, sizeof(x));

    x.method = run_str("POST");
    x.uri = run_str(in->uri);
    x.status = 200;
    x.split = 4096;
    x.request_type = run_str("application/json");
    x.response_type = run_str("");
    x.request_encoding = run_str("");
    x.response_encoding = run_str("");
    x.request = run_str("");
    x.response = run_str("");

    if (in->request) {
        x.request.data = body;
        x.request.len = n;

    } else {
        x.response.data = body;
        x.response.len = n;
    }

    start = clock();

    m = run_meter(&x);
    run_stored(&x, run_facts(), &ex);
    run_free(m);

    doc = yyjson_mut_doc_new(NULL);
    (void) openai_answer(doc, &ex);
    (void) openai_conversation(doc, &ex);
    (void) openai_usage_raw(doc, &ex);
    (void) openai_events(doc, &ex);
    yyjson_mut_doc_free(doc);

    seconds = (double) (clock() - start) / CLOCKS_PER_SEC;

    free(body);

    return seconds;
}


/* returns the least time of several tries, because the machine is shared */

static double
least(const input_t *in, size_t size)
{
    int     i;
    double  t, min;

    min = spent(in, size);

    for (i = 1; i < TRIES; i++) {
        t = spent(in, size);
        min = t < min ? t : min;
    }

    return min;
}


int
main(void)
{
    int             tries;
    size_t          i;
    double          once, four;
    const input_t  *in;

#ifdef M_MMAP_THRESHOLD

    /* keeps freed memory in the process, because the kernel's time for new
       pages is not linear on a busy machine; musl has no such option */

    (void) mallopt(M_MMAP_THRESHOLD, 1024 * 1024 * 1024);
    (void) mallopt(M_TRIM_THRESHOLD, 1024 * 1024 * 1024);
#endif

    for (i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {

        in = &inputs[i];

        for (tries = 0; tries < 3; tries++) {
            once = least(in, SMALL);
            four = least(in, SMALL * 4);

            if (four < BOUND * once + 0.002) {
                break;
            }
        }

        run_ok(four < BOUND * once + 0.002, "%s: %.2f ms, and %.2f ms for "
               "four times the bytes", in->what, once * 1e3, four * 1e3);
    }

    return run_done();
}
