
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: the digest understands what providers write and no recording
 * has, whole and in pieces.  The cases are in digest_wire.txt.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest_run.h"


/* a case of digest_wire.txt, which explains its lines */

typedef struct {
    char           *what;
    char           *facts;
    run_exchange_t  exchange;
} wire_t;


static const struct {
    const char  *name;
    size_t       offset;
    size_t       size;                 /* 0: a string */
} wire_facts[] = {
#define wire_number(name, field)                                              \
    { name, offsetof(openai_facts_t, field),                                  \
      sizeof(((openai_facts_t *) 0)->field) }
#define wire_string(name)  { #name, offsetof(openai_facts_t, name), 0 }

    wire_number("stream_asked", stream_asked),
    wire_number("streamed", streamed),
    wire_number("framing", framing),
    wire_number("messages", messages),
    wire_number("tools", tools),
    wire_number("tool_calls", tool_calls),
    wire_number("events", events),
    wire_number("text", text_bytes),
    wire_number("reasoning", reasoning_bytes),
    wire_number("estimate", estimated_output),
    wire_number("processing", processing_ms),
    wire_number("first", first_token_us),
    wire_number("in", usage.input),
    wire_number("out", usage.output),
    wire_number("total", usage.total),
    wire_number("cached", usage.cached),
    wire_number("written", usage.cache_write),
    wire_number("thought", usage.reasoning),
    wire_number("audio_in", usage.input_audio),
    wire_number("audio_out", usage.output_audio),
    wire_number("billed_in", usage.billed_input),
    wire_number("billed_out", usage.billed_output),
    wire_number("web_searches", web_searches),
    wire_number("file_searches", file_searches),
    wire_string(operation),
    wire_string(provider),
    wire_string(model),
    wire_string(response_model),
    wire_string(response_id),
    wire_string(finish_reason),
    wire_string(service_tier),
    wire_string(tool_names),
    wire_string(error_type),
    wire_string(error_code),
    wire_string(error_message),
    wire_string(session),
    wire_string(user),
    { NULL, 0, 0 }
};


static const struct {
    const char  *name;
    unsigned     flag;
} wire_flags[] = {
    { "error", OPENAI_FACT_ERROR },
    { "terminal", OPENAI_FACT_TERMINAL },
    { "usage", OPENAI_FACT_USAGE },
    { "early", OPENAI_FACT_EARLY },
    { "refused", OPENAI_FACT_REFUSAL },
    { "fees", OPENAI_FACT_FEES },
    { "searched", OPENAI_FACT_SEARCHED },
    { "modifier", OPENAI_FACT_MODIFIER },
    { "iterations", OPENAI_FACT_ITERATIONS },
    { "image_out", OPENAI_FACT_IMAGE_OUT },
    { "polled", OPENAI_FACT_POLLED },
    { "pending", OPENAI_FACT_PENDING },
    { "usage_option", OPENAI_FACT_USAGE_OPTION },
    { "usage_asked", OPENAI_FACT_USAGE_ASKED },
    { NULL, 0 }
};


static int64_t
wire_integer(const void *p, size_t size)
{
    switch (size) {

    case 1:
        return *(const int8_t *) p;

    case 4:
        return *(const int32_t *) p;

    default:
        return *(const int64_t *) p;
    }
}


/* writes the value of a fact as text */

static int
wire_fact(const openai_facts_t *f, const char *name, size_t len, char *out,
    size_t size)
{
    unsigned     i;
    const char  *p;

    if (len == 7 && memcmp(name, "dialect", 7) == 0) {
        p = openai_dialect_name(f->dialect);
        (void) snprintf(out, size, "%s", p ? p : "");
        return 1;
    }

    if (len == 4 && memcmp(name, "cost", 4) == 0) {
        (void) snprintf(out, size, "%g", f->usage.cost);
        return 1;
    }

    for (i = 0; wire_flags[i].name; i++) {
        if (strlen(wire_flags[i].name) == len
            && memcmp(wire_flags[i].name, name, len) == 0)
        {
            (void) snprintf(out, size, "%d",
                            (f->flags & wire_flags[i].flag) != 0);
            return 1;
        }
    }

    for (i = 0; wire_facts[i].name; i++) {

        if (strlen(wire_facts[i].name) != len
            || memcmp(wire_facts[i].name, name, len) != 0)
        {
            continue;
        }

        p = (const char *) f + wire_facts[i].offset;

        if (wire_facts[i].size == 0) {
            (void) snprintf(out, size, "%s", p);

        } else {
            (void) snprintf(out, size, "%lld",
                            (long long) wire_integer(p, wire_facts[i].size));
        }

        return 1;
    }

    return 0;
}


/* writes the value at a pointer: a string of one line as it is, any other as
   JSON */

static void
wire_at(yyjson_mut_val *root, const char *pointer, size_t len, char *out,
    size_t size)
{
    char            *json;
    yyjson_mut_val  *v;

    v = yyjson_mut_ptr_getn(root, pointer, len);

    if (yyjson_mut_is_str(v) && !strchr(yyjson_mut_get_str(v), '\n')) {
        (void) snprintf(out, size, "%s", yyjson_mut_get_str(v));
        return;
    }

    json = v ? yyjson_mut_val_write(v, 0, NULL) : NULL;

    (void) snprintf(out, size, "%s", json ? json : "");

    free(json);
}


static void
wire_run(wire_t *w, size_t split)
{
    int                    good;
    char                   got[1024], *p, *eq, *end;
    yyjson_mut_doc        *doc;
    yyjson_mut_val        *answer, *conversation, *usage;
    openai_meter_t        *m;
    openai_exchange_t      ex;
    const openai_facts_t  *f;

    w->exchange.split = split;

    m = run_meter(&w->exchange);
    f = run_facts();

    run_stored(&w->exchange, f, &ex);

    doc = yyjson_mut_doc_new(NULL);
    answer = openai_answer(doc, &ex);
    conversation = openai_conversation(doc, &ex);
    usage = openai_usage_raw(doc, &ex);

    good = 1;

    for (p = w->facts; *p; p = end + 1) {

        eq = strchr(p + 2, '=');
        end = strchr(p, '\n');
        p += 2;

        if (*p == '/') {
            wire_at(answer, p, eq - p, got, sizeof(got));

        } else if (*p == '?') {
            wire_at(conversation, p + 1, eq - p - 1, got, sizeof(got));

        } else if (strncmp(p, "usage_raw=", 10) == 0) {
            (void) snprintf(got, sizeof(got), "%lu",
                            (unsigned long) yyjson_mut_obj_size(usage));

        } else if (!wire_fact(f, p, eq - p, got, sizeof(got))) {
            (void) snprintf(got, sizeof(got), "no such fact");
        }

        if (strlen(got) != (size_t) (end - eq - 1)
            || memcmp(got, eq + 1, end - eq - 1) != 0)
        {
            run_note("%.*s, but is \"%s\"", (int) (end - p), p, got);
            good = 0;
        }
    }

    run_ok(good, "%s, by %lu", w->what, (unsigned long) split);

    yyjson_mut_doc_free(doc);
    run_free(m);
}


/* returns the line at *p without its mark and moves *p to the next line */

static char *
wire_line(char **p, const char *mark)
{
    char  *line;

    line = *p + strlen(mark);
    *p = strchr(*p, '\n');
    *(*p)++ = '\0';

    return line;
}


/* reads the case at p and returns the start of the next one */

static char *
wire_read(wire_t *w, char *p)
{
    char  *end, *type;

    memset(w, 0, sizeof(wire_t));

    w->what = wire_line(&p, "--- ");

    w->exchange.method = run_str(strsep(&p, " "));
    w->exchange.uri = run_str(wire_line(&p, ""));

    if (*p == '>') {
        w->exchange.request = run_str(wire_line(&p, "> "));
    }

    type = wire_line(&p, "< ");

    w->exchange.status = (unsigned) strtoul(type, &type, 10);
    w->exchange.incomplete = (strstr(type, " cut") != NULL);
    strsep(&type, " ");
    w->exchange.response_type = run_str(strsep(&type, " "));

    end = strstr(p, "\n= ");

    w->exchange.response.data = p;
    w->exchange.response.len = end + 1 - p;

    w->facts = end + 1;
    p = strstr(w->facts, "\n--- ");

    if (p) {
        p[0] = '\n';
        p[1] = '\0';
        return p + 1;
    }

    return NULL;
}


int
main(void)
{
    char          *p;
    size_t         split;
    wire_t         w;
    openai_str_t   cases;

    static const size_t  splits[] = { 0, 1, 3, 16 };

    cases = run_read(".", "digest_wire.txt");

    if (cases.data == NULL) {
        cases = run_read("t/unit", "digest_wire.txt");
    }

    for (p = cases.data ? strstr(cases.data, "\n--- ") + 1 : NULL; p; ) {

        *p = '-';
        p = wire_read(&w, p);

        for (split = 0; split < 4; split++) {
            wire_run(&w, splits[split]);
        }
    }

    free((char *) cases.data);

    return run_done();
}
