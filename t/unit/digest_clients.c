
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: the digest understands the exact bytes of real clients: their
 * headers, their forms, and the WebSockets of Codex.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest_run.h"


typedef struct {
    const char  *request;
    const char  *response;     /* of a WebSocket, or NULL */
    const char  *dialect;
    const char  *model;
    int          streams;
} client_t;


/* made by t/recordings/make.mjs, in the form of those below */

static const client_t  made[] = {
    { "codex-http.request.raw", NULL, "responses", NULL, 1 },
    { "codex-websocket.1.c2s.raw", "codex-websocket.1.s2c.raw", "responses",
      NULL, 1 },
    { "node-anthropic-stream.request.raw", NULL, "anthropic", NULL, 1 },
    { "node-chat-stream.request.raw", NULL, "chat", NULL, 1 },
    { "node-embeddings.request.raw", NULL, "embeddings", NULL, -1 },
    { "node-responses.request.raw", NULL, "responses", NULL, -1 },
    { "node-transcription.request.raw", NULL, "audio", "gpt-4o-transcribe",
      -1 }
};


static const client_t  recorded[] = {
    { "codex-0.169-http-toolloop-0.request.raw", NULL, "responses", NULL, 1 },
    { "codex-0.169-websocket-codex.1.c2s.raw",
      "codex-0.169-websocket-codex.1.s2c.raw", "responses", NULL, 1 },
    { "openai-node-6.49-anthropic-stream.request.raw", NULL, "anthropic",
      NULL, 1 },
    { "openai-node-7.57-chat-stream.request.raw", NULL, "chat", NULL, 1 },
    { "openai-node-7.57-embeddings.request.raw", NULL, "embeddings", NULL,
      -1 },
    { "openai-node-7.57-responses.request.raw", NULL, "responses", NULL, -1 },
    { "openai-node-7.57-transcription.request.raw", NULL, "audio",
      "gpt-4o-transcribe", -1 }
};


static char   blocks[16][65536];
static unsigned  nblocks;


static void *
test_alloc(void *ctx, size_t size)
{
    return (nblocks < 16 && size <= sizeof(blocks[0])) ? blocks[nblocks++]
                                                       : NULL;
}


/* feeds a head and returns the start of the body */

static const char *
head(openai_meter_t *m, openai_str_t raw, int request)
{
    const char    *p, *end, *colon;
    openai_str_t   name, value;

    p = strstr(raw.data, "\r\n") + 2;

    while (strncmp(p, "\r\n", 2) != 0) {

        end = strstr(p, "\r\n");
        colon = memchr(p, ':', end - p);

        name.data = p;
        name.len = colon - p;
        value.data = colon + 2;
        value.len = end - colon - 2;

        if (request) {
            openai_meter_request_header(m, name, value);

        } else {
            openai_meter_response_header(m, name, value);
        }

        p = end + 2;
    }

    return p + 2;
}


static void
check(const char *dir, const client_t *c)
{
    const char            *body, *name;
    openai_str_t           raw, answer, uri;
    openai_alloc_t         alloc = { test_alloc, NULL };
    openai_meter_t        *m;
    openai_facts_t         facts;
    const openai_facts_t  *f;

    raw = run_read(dir, c->request);

    if (!run_ok(raw.data != NULL, "%s is there", c->request)) {
        return;
    }

    nblocks = 0;
    f = &facts;
    openai_facts_init(&facts);
    m = openai_meter_create(&alloc, &facts);

    uri.data = strchr(raw.data, ' ') + 1;
    uri.len = strchr(uri.data, ' ') - uri.data;

    openai_meter_request_line(m, run_str("POST"), uri);
    body = head(m, raw, 1);

    if (c->response) {
        answer = run_read(dir, c->response);
        openai_meter_request_body(m, NULL, 0, 1);

        openai_meter_response_status(m, 101);
        (void) head(m, answer, 0);

        openai_meter_request_body(m, body, raw.data + raw.len - body, 0);
        body = strstr(answer.data, "\r\n\r\n") + 4;
        openai_meter_response_body(m, body, answer.data + answer.len - body,
                                   7);
        openai_meter_finish(m, 1, 8);

        run_ok(f->framing == OPENAI_FRAMING_WEBSOCKET && f->events > 1
               && f->text_bytes && f->first_token_us == 7
               && (f->flags & OPENAI_FACT_TERMINAL)
               && !(f->flags & OPENAI_FACT_UNDECODABLE),
               "%u messages of %s", f->events, c->response);

        free((char *) answer.data);

    } else {
        openai_meter_request_body(m, body, raw.data + raw.len - body, 1);
    }

    name = openai_dialect_name(f->dialect);

    run_ok(name && strcmp(name, c->dialect) == 0, "%s speaks %s", c->request,
           c->dialect);
    run_ok(c->model ? strcmp(f->model, c->model) == 0 : f->model[0] != '\0',
           "for the model %s", f->model);
    run_ok(c->streams < 0 || f->stream_asked == c->streams, "stream: %d",
           f->stream_asked);
    run_ok(f->user_agent[0] != '\0', "from %s", f->user_agent);

    if (strncmp(c->request, "codex", 5) == 0) {
        run_ok(f->session[0] && f->messages > 0 && f->tools > 0,
               "session %s, %d messages, %d tools", f->session, f->messages,
               f->tools);
    }

    openai_meter_destroy(m);
    free((char *) raw.data);
}


static void
check_all(const char *fixtures, const client_t *clients, size_t n)
{
    char    dir[4096];
    size_t  i;

    if (fixtures == NULL) {
        return;
    }

    (void) snprintf(dir, sizeof(dir), "%s/clients", fixtures);

    for (i = 0; i < n; i++) {
        check(dir, &clients[i]);
    }
}


int
main(void)
{
    run_ok(run_fixtures(0) != NULL, "the repository has recordings");

    check_all(run_fixtures(0), made, sizeof(made) / sizeof(made[0]));
    check_all(run_fixtures(1), recorded,
              sizeof(recorded) / sizeof(recorded[0]));

    return run_done();
}
