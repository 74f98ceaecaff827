
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: the digest understands every recorded exchange as its manifest
 * says, wherever the bytes are split.
 *
 * Of docs/reliability.md: fault 33.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest_run.h"


#define LAST_SPLIT  64


typedef struct {
    const run_table_t     *table;
    unsigned               row;
    const char            *file;
    const openai_facts_t  *facts;
    yyjson_val            *answer;
    int                    bad;
} check_t;


static const char   *dir;
static run_table_t   table, known;


static const char *
cell(const check_t *c, const char *column)
{
    return run_cell(c->table, c->row, column);
}


static void
differs(check_t *c, const char *what, const char *want, const char *got)
{
    if (strcmp(want, got) != 0) {
        c->bad++;
        run_note("%s: %s is \"%s\", expected \"%s\"", c->file, what, got, want);
    }
}


static void
differs_number(check_t *c, const char *what, int64_t want, int64_t got)
{
    if (want != got) {
        c->bad++;
        run_note("%s: %s is %lld, expected %lld", c->file, what,
                 (long long) got, (long long) want);
    }
}


static int64_t
number(const check_t *c, const char *column)
{
    const char  *s;

    s = cell(c, column);

    return *s ? atoll(s) : OPENAI_UNKNOWN;
}


/* returns the path, which follows from the kind when no file has it */

static const char *
path_of(const check_t *c)
{
    size_t       i;
    const char  *kind;

    static const char *const  paths[][2] = {
        { "chat-", "/v1/chat/completions" },
        { "completions-", "/v1/completions" },
        { "responses-", "/v1/responses" },
        { "embeddings-", "/v1/embeddings" },
        { "images-", "/v1/images/generations" },
        { "audio-", "/v1/audio/transcriptions" },
        { "anthropic-", "/v1/messages" },
        { "gemini-", "/v1beta/models/gemini:streamGenerateContent?alt=sse" },
        { "ollama-", "/api/chat" },
        { "thread-", "/v1/threads/runs" },
        { "cohere-", "/v2/chat" },
        { "realtime-", "/v1/realtime" }
    };

    kind = cell(c, "kind");

    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (strncmp(kind, paths[i][0], strlen(paths[i][0])) == 0) {
            return paths[i][1];
        }
    }

    return strcmp(cell(c, "api"), "gemini") == 0 ? paths[7][1] : paths[0][1];
}


static size_t
characters(const char *s)
{
    size_t  n;

    for (n = 0; *s; s++) {
        n += ((unsigned char) *s & 0xc0) != 0x80;
    }

    return n;
}


/* returns the texts of all choices with record separators; the caller frees
   it */

static char *
joined(const check_t *c, const char *field, size_t *feeds)
{
    size_t       i, n, len;
    char        *s;
    yyjson_val  *r, *v;

    s = calloc(1, 1);
    len = 0;
    *feeds = 0;

    yyjson_arr_foreach(yyjson_obj_get(c->answer, "choices"), i, n, r) {
        v = yyjson_obj_get(r, field);

        if (yyjson_is_str(v)) {
            s = realloc(s, len + yyjson_get_len(v) + 2);

            /* joins the responses of one connection */

            if (len && strcmp(cell(c, "api"), "realtime") != 0) {
                s[len++] = '\x1e';
                (*feeds)++;
            }

            memcpy(s + len, yyjson_get_str(v), yyjson_get_len(v) + 1);
            len += yyjson_get_len(v);
        }
    }

    return s;
}


static void
check_texts(check_t *c)
{
    char   *text, *reasoning, *refusal, sha[13];
    size_t  feeds, ignored;

    text = joined(c, "text", &feeds);
    reasoning = joined(c, "reasoning", &ignored);
    refusal = joined(c, "refusal", &ignored);

    differs_number(c, "text", number(c, "exp_text_chars"), characters(text));
    differs_number(c, "text bytes", number(c, "exp_text_bytes"), strlen(text));

    run_sha12(text, strlen(text), sha);
    differs(c, "text hash", cell(c, "exp_text_sha12"), *text ? sha : "");

    differs_number(c, "reasoning", number(c, "exp_reasoning_chars"),
                   characters(reasoning));
    run_sha12(reasoning, strlen(reasoning), sha);
    differs(c, "reasoning hash", cell(c, "exp_reasoning_sha12"),
            *reasoning ? sha : "");

    differs_number(c, "refusal", number(c, "exp_refusal_chars"),
                   characters(refusal));

    /* the meter counts the bytes that the assembler builds */

    differs_number(c, "text bytes metered",
                   strlen(text) - feeds + strlen(refusal),
                   c->facts->text_bytes);
    differs_number(c, "reasoning bytes metered", strlen(reasoning),
                   c->facts->reasoning_bytes);

    free(text);
    free(reasoning);
    free(refusal);
}


/* returns 1 for the type of a call without a name */

static int
is_type(const char *name)
{
    size_t  len;

    len = name ? strlen(name) : 0;

    return len > 5 && strcmp(name + len - 5, "_call") == 0;
}


static void
check_tools(check_t *c)
{
    size_t       i, k, n, kn, size;
    char         got[4096], names[4096], *p, *np;
    int64_t      count;
    yyjson_val  *r, *t;

    p = got;
    np = names;
    *p = '\0';
    *np = '\0';
    count = 0;

    yyjson_arr_foreach(yyjson_obj_get(c->answer, "choices"), i, n, r) {
        yyjson_arr_foreach(yyjson_obj_get(r, "tool_calls"), k, kn, t) {

            const char  *name = yyjson_get_str(yyjson_obj_get(t, "name"));
            int          hosted = is_type(name);

            size = hosted ? 0 : yyjson_get_len(yyjson_obj_get(t, "arguments"));

            p += snprintf(p, got + sizeof(got) - p, "%s%s%s%s(%zu)",
                          count ? ";" : "", hosted ? "<" : "",
                          name ? name : "", hosted ? ">" : "", size);
            np += snprintf(np, names + sizeof(names) - np, "%s%s",
                           count ? "," : "", name ? name : "");
            count++;
        }
    }

    differs_number(c, "tools", number(c, "exp_n_tools"), count);
    differs(c, "tools", cell(c, "exp_tools(name(arg_bytes))"), got);
    differs_number(c, "tools metered", count, c->facts->tool_calls);

    if (strlen(names) < sizeof(c->facts->tool_names)) {
        differs(c, "tool names metered", names, c->facts->tool_names);
    }
}


/* the manifest has the counts of the upstream, facts those of OpenTelemetry */

static void
check_usage(check_t *c)
{
    int64_t                in, out, total, cached, written, reasoning;
    const openai_usage_t  *u;

    u = &c->facts->usage;

    in = number(c, "exp_in_tok");
    out = number(c, "exp_out_tok");
    total = number(c, "exp_total_tok");
    cached = number(c, "exp_cached_tok");
    written = number(c, "exp_cache_write_tok");
    reasoning = number(c, "exp_reasoning_tok");

    if (strncmp(cell(c, "kind"), "anthropic", 9) == 0 && in >= 0) {
        in += (cached > 0 ? cached : 0) + (written > 0 ? written : 0);
    }

    if (reasoning > 0 && total == in + out + reasoning) {
        out += reasoning;
    }

    if (total < 0 && in >= 0 && out >= 0) {
        total = in + out;
    }

    differs_number(c, "input tokens", in, u->input);
    differs_number(c, "output tokens", out, u->output);
    differs_number(c, "total tokens", total, u->total);
    differs_number(c, "cached tokens", cached, u->cached);
    differs_number(c, "cache-write tokens", written, u->cache_write);
    differs_number(c, "reasoning tokens", reasoning, u->reasoning);
}


static void
check_rest(check_t *c)
{
    size_t                 choices;
    const char            *error;
    const openai_facts_t  *f;

    f = c->facts;

    if (cell(c, "exp_model")[0]) {
        differs(c, "model", cell(c, "exp_model"), f->response_model);
    }

    differs(c, "finish reason", cell(c, "exp_finish"), f->finish_reason);
    differs_number(c, "events", number(c, "exp_n_events"),
                   f->streamed == 1 || f->events ? f->events : 0);

    choices = yyjson_arr_size(yyjson_obj_get(c->answer, "choices"))
              + yyjson_arr_size(yyjson_obj_get(c->answer, "embeddings"));

    if (number(c, "exp_n_choices") > 0) {
        differs_number(c, "choices", number(c, "exp_n_choices"), choices);
    }

    error = cell(c, "exp_error");

    if (*error == '\0') {
        differs(c, "error", "", f->error_code);
        differs_number(c, "error flag", 0, f->flags & OPENAI_FACT_ERROR);
        return;
    }

    differs_number(c, "error flag", OPENAI_FACT_ERROR,
                   f->flags & OPENAI_FACT_ERROR);

    if (strcmp(error, f->error_code) != 0 && strcmp(error, f->error_type) != 0
        && strcmp(error, f->error_message) != 0)
    {
        differs(c, "error", error, f->error_code);
    }
}


static yyjson_val *
answer_of(yyjson_doc **doc, const openai_exchange_t *ex)
{
    char            *json;
    size_t           len;
    yyjson_mut_doc  *mut;

    mut = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(mut, openai_answer(mut, ex));

    json = yyjson_mut_write(mut, 0, &len);
    *doc = json ? yyjson_read(json, len, 0) : NULL;

    free(json);
    yyjson_mut_doc_free(mut);

    return yyjson_doc_get_root(*doc);
}


/* appends a text frame; a client masks it */

static void
frame(openai_str_t *s, const char *json, size_t len, int masked)
{
    size_t          i, n;
    unsigned char  *p;

    p = realloc((char *) s->data, s->len + len + 14);
    n = s->len;

    p[n++] = 0x81;

    if (len < 126) {
        p[n++] = (unsigned char) (len | (masked ? 0x80 : 0));

    } else if (len < 65536) {
        p[n++] = (unsigned char) (126 | (masked ? 0x80 : 0));
        p[n++] = (unsigned char) (len >> 8);
        p[n++] = (unsigned char) len;

    } else {
        p[n++] = (unsigned char) (127 | (masked ? 0x80 : 0));

        for (i = 0; i < 8; i++) {
            p[n++] = (unsigned char) ((uint64_t) len >> (56 - i * 8));
        }
    }

    if (masked) {
        memcpy(p + n, "mask", 4);
        n += 4;
    }

    for (i = 0; i < len; i++) {
        p[n++] = (unsigned char) (json[i] ^ (masked ? "mask"[i & 3] : 0));
    }

    s->data = (char *) p;
    s->len = n;
}


/* makes frames of a recording, which has lines of {"dir", "data"} */

static void
framed(run_exchange_t *x)
{
    char          *line, *next, *json;
    size_t         len;
    int            sent;
    yyjson_doc    *doc;
    openai_str_t   lines;

    lines = x->response;
    x->response.data = NULL;
    x->response.len = 0;
    x->status = 101;
    x->method = run_str("GET");

    for (line = (char *) lines.data; line && *line; line = next) {

        next = strchr(line, '\n');

        if (next) {
            *next++ = '\0';
        }

        doc = yyjson_read(line, strlen(line), 0);
        json = yyjson_val_write(yyjson_obj_get(yyjson_doc_get_root(doc),
                                               "data"), 0, &len);
        sent = yyjson_equals_str(yyjson_obj_get(yyjson_doc_get_root(doc),
                                                "dir"), "sent");

        frame(sent ? &x->request : &x->response, json, len, sent);

        free(json);
        yyjson_doc_free(doc);
    }

    free((char *) lines.data);
}


static void
exchange_of(const check_t *c, run_exchange_t *x, yyjson_doc **meta)
{
    openai_str_t  s;
    const char   *url, *p;

    memset(x, 0, sizeof(run_exchange_t));

    x->method = run_str("POST");
    x->uri = run_str(path_of(c));
    x->status = (unsigned) number(c, "http_status");
    x->response_type = run_str(cell(c, "content_type"));
    x->response = run_read(dir, c->file);

    *meta = NULL;

    if (cell(c, "meta_file")[0]) {
        s = run_read(dir, cell(c, "meta_file"));
        *meta = yyjson_read(s.data, s.len, 0);
        free((char *) s.data);

        x->meta = yyjson_doc_get_root(*meta);
        x->method = run_str(yyjson_get_str(yyjson_obj_get(x->meta, "method")));
        url = yyjson_get_str(yyjson_obj_get(x->meta, "url"));
        p = strstr(url, "://");
        x->uri = run_str(strchr(p + 3, '/'));
    }

    if (x->response_type.len == 0
        && strcmp(cell(c, "kind"), "ollama-ndjson") == 0)
    {
        x->response_type = run_str("application/x-ndjson");
    }

    if (strcmp(cell(c, "kind"), "realtime-jsonl") == 0) {
        framed(x);
    }

    if (cell(c, "request_file")[0]) {
        x->request = run_read(dir, cell(c, "request_file"));
    }
}


/* every split gives the same facts, to the last byte */

static void
check_splits(check_t *c, run_exchange_t *x)
{
    openai_meter_t  *m;
    openai_facts_t   facts;

    facts = *c->facts;

    for (x->split = 1; x->split <= LAST_SPLIT; x->split++) {

        m = run_meter(x);

        if (memcmp(run_facts(), &facts, sizeof(facts)) != 0) {
            c->bad++;
            run_note("%s: other facts when split by %zu", c->file, x->split);
            x->split = LAST_SPLIT;
        }

        run_free(m);
    }
}


static void
check_row(unsigned row)
{
    unsigned           i;
    check_t            c;
    yyjson_doc        *doc, *meta;
    openai_facts_t     facts;
    openai_meter_t    *m;
    run_exchange_t     x;
    openai_exchange_t  ex;

    memset(&c, 0, sizeof(check_t));

    c.table = &table;
    c.row = row;
    c.file = cell(&c, "file");

    exchange_of(&c, &x, &meta);

    m = run_meter(&x);
    facts = *run_facts();
    run_free(m);

    run_stored(&x, &facts, &ex);

    c.facts = &facts;
    c.answer = answer_of(&doc, &ex);

    if (strcmp(cell(&c, "exp_finish"), "?") != 0) {
        check_texts(&c);
        check_tools(&c);
        check_usage(&c);
        check_rest(&c);
    }

    for (i = 0; i < known.nrows; i++) {
        if (strcmp(known.rows[i][0], c.file) == 0) {
            run_note("%s: known: %s", c.file, known.rows[i][1]);
            differs_number(&c, "differences", atoll(known.rows[i][2]), c.bad);
            c.bad -= c.bad == atoi(known.rows[i][2]) ? c.bad : 0;
        }
    }

    check_splits(&c, &x);

    run_ok(c.bad == 0, "%s", c.file);

    yyjson_doc_free(doc);
    yyjson_doc_free(meta);
    free((char *) x.request.data);
    free((char *) x.response.data);
}


static void
check_rows(const char *only)
{
    unsigned  i;

    run_ok(run_table(&table, dir, "MANIFEST.tsv") == OPENAI_OK
           && table.nrows > 0, "%s: %u exchanges", dir, table.nrows);

    for (i = 0; i < table.nrows; i++) {

        if (only == NULL || strstr(table.rows[i][0], only)) {
            check_row(i);
        }
    }
}


int
main(int argc, char **argv)
{
    unsigned  n;

    if (run_table(&known, ".", "digest_known.tsv") != OPENAI_OK
        && run_table(&known, "t/unit", "digest_known.tsv") != OPENAI_OK)
    {
        memset(&known, 0, sizeof(known));
    }

    run_ok(run_fixtures(0) != NULL, "the repository has recordings");

    for (n = 0; (dir = run_fixtures(n)) != NULL; n++) {
        check_rows(argc > 1 ? argv[1] : NULL);
    }

    return run_done();
}
