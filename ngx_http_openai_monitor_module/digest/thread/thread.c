
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The thread of a request: hashes of its settings, its tools, its system
 * message and of each message together with all before it.
 *
 * view/read/threads.c compares the threads of two requests to see whether they
 * belong to one conversation, by the rules of run.c; view/record/diff.c shows
 * what changed.  Equal
 * hashes mean equal content in every worker and in every run of nginx.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest/thread/hash.h"


/* a request that decodes to more bytes is not treated as a conversation */

#define OPENAI_THREAD_MAX   (64 * 1024 * 1024)

/* prefix[] has this many links of each end of a longer conversation */

#define OPENAI_THREAD_HALF  (OPENAI_THREAD_KEPT / 2)


static int openai_thread_shape(openai_request_t *r, openai_str_t uri);
static int openai_thread_is_input(yyjson_val *input, openai_str_t path);
static openai_str_t openai_thread_path(openai_str_t uri);
static openai_str_t openai_thread_model(openai_str_t path);
static int openai_thread_settings(openai_thread_t *thread,
    const openai_request_t *r);
static int openai_thread_tools(openai_thread_t *thread,
    const openai_request_t *r);
static int openai_thread_fields(openai_hash_t *h, yyjson_val *obj,
    const char *const *fields);
static int openai_thread_messages(openai_thread_t *thread,
    const openai_request_t *r);
static int openai_thread_message(yyjson_val *message, uint64_t *link);
static int openai_thread_is_system(yyjson_val *message);
static void openai_thread_keep(openai_thread_t *thread, uint64_t link);
static int openai_thread_at(const openai_thread_t *thread, uint32_t n,
    uint64_t *link);


/* the settings that an upstream's prompt cache depends on, see
   docs/conversations.md */

static const char *const  openai_thread_setting[] = {
    "model", "tool_choice", "parallel_tool_calls", "function_call",
    "response_format", "text", "format", "output_config", "output_format",
    "reasoning_effort", "reasoning", "thinking", "think", "verbosity",
    "modalities", "web_search_options", "prompt", "prompt_cache_key",
    "prompt_cache_retention", "cachedContent", "cached_content",
    "toolConfig", "tool_config", "speed", NULL
};

static const char *const  openai_thread_tool[] = {
    "tools", "functions", "mcp_servers", NULL
};

/* likewise in Gemini's generationConfig; its other fields steer the sampling */

static const char *const  openai_thread_generation[] = {
    "responseMimeType", "responseSchema", "responseJsonSchema",
    "responseModalities", "thinkingConfig", "mediaResolution", NULL
};


int
openai_thread(openai_thread_t *thread, const openai_exchange_t *ex)
{
    openai_run_t  run;

    return openai_thread_run(thread, &run, ex);
}


int
openai_thread_run(openai_thread_t *thread, openai_run_t *run,
    const openai_exchange_t *ex)
{
    int                rc;
    char              *body;
    size_t             len;
    yyjson_doc        *doc;
    openai_str_t       in;
    yyjson_read_err    err;
    openai_request_t   r;

    memset(thread, 0, sizeof(openai_thread_t));
    memset(run, 0, sizeof(openai_run_t));

    openai_run_head(run, ex);

    in = ex->request_body;

    rc = openai_decode(ex->request_encoding, in, OPENAI_THREAD_MAX, &body,
                       &len);

    if (body) {
        in.data = body;
        in.len = len;
    }

    doc = NULL;
    err.code = YYJSON_READ_SUCCESS;

    if (rc == OPENAI_OK && in.len && in.len <= OPENAI_THREAD_MAX) {
        doc = yyjson_read_opts((char *) in.data, in.len,
                               YYJSON_READ_NUMBER_AS_RAW
                               |YYJSON_READ_ALLOW_INVALID_UNICODE,
                               NULL, &err);
    }

    r.root = yyjson_doc_get_root(doc);

    /* Gemini CLI's internal API wraps the request into an object */

    if (yyjson_is_obj(yyjson_obj_get(r.root, "request"))) {
        r.root = yyjson_obj_get(r.root, "request");
    }

    if (rc == OPENAI_NOMEM
        || err.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
    {
        rc = OPENAI_NOMEM;

    } else if (doc == NULL
               || openai_thread_shape(&r, ex->uri) != OPENAI_OK
               || openai_thread_settings(thread, &r) != OPENAI_OK
               || openai_thread_tools(thread, &r) != OPENAI_OK
               || openai_thread_messages(thread, &r) != OPENAI_OK)
    {
        rc = OPENAI_ERROR;

    } else {
        openai_run_body(run, &r);
    }

    yyjson_doc_free(doc);
    free(body);

    return rc;
}


/* finds the messages: "messages" of chat, Anthropic and Ollama, "contents" of
   Gemini, "input" of Responses */

static int
openai_thread_shape(openai_request_t *r, openai_str_t uri)
{
    openai_str_t  path;

    path = openai_thread_path(uri);

    r->model.data = "";
    r->model.len = 0;

    r->messages = yyjson_obj_get(r->root, "messages");
    r->system = yyjson_obj_get(r->root, "system");

    if (yyjson_is_arr(r->messages)) {
        return OPENAI_OK;
    }

    r->messages = yyjson_obj_get(r->root, "contents");
    r->system = yyjson_obj_get(r->root, "systemInstruction");

    if (r->system == NULL) {
        r->system = yyjson_obj_get(r->root, "system_instruction");
    }

    if (yyjson_is_arr(r->messages)) {
        r->model = openai_thread_model(path);
        return OPENAI_OK;
    }

    r->messages = yyjson_obj_get(r->root, "input");
    r->system = yyjson_obj_get(r->root, "instructions");

    return openai_thread_is_input(r->messages, path) ? OPENAI_OK
                                                    : OPENAI_ERROR;
}


/* tells the "input" of Responses from that of embeddings, moderations and
   speech */

static int
openai_thread_is_input(yyjson_val *input, openai_str_t path)
{
    size_t        i;
    openai_str_t  name = openai_str("/responses");

    if (yyjson_get_str(yyjson_obj_get(yyjson_arr_get_first(input), "role"))) {
        return 1;
    }

    if (!yyjson_is_str(input) && !yyjson_is_arr(input)) {
        return 0;
    }

    for (i = 0; i + name.len <= path.len; i++) {
        if (memcmp(path.data + i, name.data, name.len) == 0) {
            return 1;
        }
    }

    return 0;
}


static openai_str_t
openai_thread_path(openai_str_t uri)
{
    const char  *p;

    p = uri.len ? memchr(uri.data, '?', uri.len) : NULL;

    if (p) {
        uri.len = p - uri.data;
    }

    return uri;
}


/* Gemini's model is the last segment of the path, up to the colon */

static openai_str_t
openai_thread_model(openai_str_t path)
{
    size_t        i, last;
    openai_str_t  model;

    last = path.len;

    for (i = path.len; i && path.data[i - 1] != '/'; i--) {
        if (path.data[i - 1] == ':') {
            last = i - 1;
        }
    }

    model.data = path.data + i;
    model.len = last - i;

    return model;
}


static int
openai_thread_settings(openai_thread_t *thread, const openai_request_t *r)
{
    int            rc;
    yyjson_val    *config;
    openai_hash_t  h;

    openai_hash_init(&h);

    openai_hash_str(&h, r->model.data, r->model.len);

    rc = openai_thread_fields(&h, r->root, openai_thread_setting);

    config = yyjson_obj_get(r->root, "generationConfig");

    if (config == NULL) {
        config = yyjson_obj_get(r->root, "generation_config");
    }

    if (rc == OPENAI_OK) {
        rc = openai_thread_fields(&h, config, openai_thread_generation);
    }

    thread->settings = openai_hash_done(&h);

    return rc;
}


static int
openai_thread_tools(openai_thread_t *thread, const openai_request_t *r)
{
    int            rc;
    openai_hash_t  h;

    openai_hash_init(&h);

    rc = openai_thread_fields(&h, r->root, openai_thread_tool);

    thread->tools = h.len ? openai_hash_done(&h) : 0;

    return rc;
}


/* treats an absent field, null and an empty list alike */

static int
openai_thread_fields(openai_hash_t *h, yyjson_val *obj,
    const char *const *fields)
{
    yyjson_val  *val;

    for ( /* void */ ; *fields; fields++) {
        val = yyjson_obj_get(obj, *fields);

        if (val == NULL || yyjson_is_null(val)
            || (yyjson_is_ctn(val) && unsafe_yyjson_get_len(val) == 0))
        {
            continue;
        }

        openai_hash_str(h, *fields, strlen(*fields));

        if (openai_hash_json(h, val) != OPENAI_OK) {
            return OPENAI_ERROR;
        }
    }

    return OPENAI_OK;
}


/* hashes leading system messages into the system; they keep their places among
   the messages, so that the numbers are those of the request */

static int
openai_thread_messages(openai_thread_t *thread, const openai_request_t *r)
{
    int             rc, leading;
    size_t          i, n;
    uint64_t        link;
    yyjson_val     *message;
    openai_hash_t   system;

    openai_hash_init(&system);

    rc = OPENAI_OK;

    if (r->system && !yyjson_is_null(r->system)) {
        rc = openai_hash_content(&system, r->system);
    }

    link = 0;
    leading = 1;

    if (yyjson_is_str(r->messages) && rc == OPENAI_OK) {
        rc = openai_thread_message(r->messages, &link);
        openai_thread_keep(thread, link);
    }

    yyjson_arr_foreach(r->messages, i, n, message) {

        if (rc != OPENAI_OK) {
            return rc;
        }

        leading = leading && openai_thread_is_system(message);

        if (leading) {
            rc = openai_hash_json(&system, message);
            link++;

        } else {
            rc = openai_thread_message(message, &link);
        }

        openai_thread_keep(thread, link);
    }

    thread->system = system.len ? openai_hash_done(&system) : 0;

    return rc;
}


static int
openai_thread_message(yyjson_val *message, uint64_t *link)
{
    int            rc;
    openai_hash_t  h;

    openai_hash_init(&h);
    openai_hash_bytes(&h, link, sizeof(uint64_t));

    if (yyjson_is_str(message)) {

        /* a string equals {"role": "user", "content": string} */

        openai_hash_bytes(&h, "{", 1);
        openai_hash_str(&h, "role", 4);
        openai_hash_str(&h, "user", 4);
        openai_hash_str(&h, "content", 7);
        openai_hash_str(&h, yyjson_get_str(message), yyjson_get_len(message));
        openai_hash_bytes(&h, "}", 1);

        rc = OPENAI_OK;

    } else {
        rc = openai_hash_json(&h, message);
    }

    *link = openai_hash_done(&h);

    return rc;
}


static int
openai_thread_is_system(yyjson_val *message)
{
    yyjson_val  *role;

    role = yyjson_obj_get(message, "role");

    return yyjson_equals_str(role, "system")
           || yyjson_equals_str(role, "developer");
}


static void
openai_thread_keep(openai_thread_t *thread, uint64_t link)
{
    thread->messages++;

    if (thread->kept < OPENAI_THREAD_KEPT) {
        thread->prefix[thread->kept++] = link;
        return;
    }

    memmove(&thread->prefix[OPENAI_THREAD_HALF],
            &thread->prefix[OPENAI_THREAD_HALF + 1],
            (OPENAI_THREAD_HALF - 1) * sizeof(uint64_t));

    thread->prefix[OPENAI_THREAD_KEPT - 1] = link;
}


static int
openai_thread_at(const openai_thread_t *thread, uint32_t n, uint64_t *link)
{
    uint32_t  skipped;

    skipped = thread->messages - thread->kept;

    if (skipped && n >= OPENAI_THREAD_HALF) {

        if (n < OPENAI_THREAD_HALF + skipped) {
            return 0;
        }

        n -= skipped;
    }

    *link = thread->prefix[n];

    return 1;
}


openai_change_t
openai_thread_compare(const openai_thread_t *prev, const openai_thread_t *next,
    uint32_t *first_changed)
{
    int       said;
    uint32_t  common;
    uint64_t  link;

    *first_changed = 0;

    if (prev == NULL) {
        return OPENAI_CHANGE_INITIAL;
    }

    common = openai_thread_common(prev, next);

    /* the link of a leading system message is its number, so a common message
       is one with another link */

    said = common && openai_thread_at(next, common - 1, &link)
           && link != common;

    if (!said
        && (prev->tools != next->tools || prev->system != next->system
            || (prev->tools == 0 && prev->system == 0)))
    {
        return OPENAI_CHANGE_UNRELATED;
    }

    if (prev->settings != next->settings) {
        return OPENAI_CHANGE_SETTINGS;
    }

    if (prev->tools != next->tools) {
        return OPENAI_CHANGE_TOOLS;
    }

    if (prev->system != next->system) {
        return OPENAI_CHANGE_SYSTEM;
    }

    if (common < prev->messages) {
        *first_changed = common + 1;
        return OPENAI_CHANGE_MESSAGE;
    }

    return common < next->messages ? OPENAI_CHANGE_APPEND_ONLY
                                   : OPENAI_CHANGE_IDENTICAL;
}


openai_change_t
openai_run_change(const openai_side_t *prev, const openai_side_t *next,
    openai_link_t link, uint32_t *first_changed)
{
    openai_change_t  change;

    *first_changed = 0;

    if (link == OPENAI_LINK_COMPACTED) {
        return OPENAI_CHANGE_COMPACTED;
    }

    change = openai_thread_compare(prev ? prev->thread : NULL, next->thread,
                                   first_changed);

    /* the upstream has the messages before */

    if ((link == OPENAI_LINK_PREVIOUS || link == OPENAI_LINK_NAMED)
        && (change == OPENAI_CHANGE_MESSAGE
            || change == OPENAI_CHANGE_UNRELATED))
    {
        *first_changed = 0;

        return prev->thread->settings != next->thread->settings
               ? OPENAI_CHANGE_SETTINGS
               : prev->thread->tools != next->thread->tools
               ? OPENAI_CHANGE_TOOLS
               : prev->thread->system != next->thread->system
               ? OPENAI_CHANGE_SYSTEM : OPENAI_CHANGE_APPEND_ONLY;
    }

    return change;
}


/* a link stands for all messages before it, so the last equal link decides */

uint32_t
openai_thread_common(const openai_thread_t *prev, const openai_thread_t *next)
{
    uint32_t  n;
    uint64_t  a, b;

    n = prev->messages < next->messages ? prev->messages : next->messages;

    for ( /* void */ ; n; n--) {

        if (openai_thread_at(prev, n - 1, &a)
            && openai_thread_at(next, n - 1, &b)
            && a == b)
        {
            break;
        }
    }

    return n;
}


size_t
openai_change_text(char *buf, size_t size, openai_change_t change,
    uint32_t first_changed)
{
    int          n;
    const char  *name;

    static const char *const  names[] = {
        "initial", "identical", "append-only", "changed at message",
        "settings changed", "tools changed", "system changed", "unrelated",
        "compacted"
    };

    name = (unsigned) change < sizeof(names) / sizeof(names[0])
           ? names[change] : "";

    if (change == OPENAI_CHANGE_MESSAGE) {
        n = snprintf(buf, size, "%s %lu", name,
                     (unsigned long) first_changed);
    } else {
        n = snprintf(buf, size, "%s", name);
    }

    if (n < 0 || size == 0) {
        return 0;
    }

    return (size_t) n < size ? (size_t) n : size - 1;
}
