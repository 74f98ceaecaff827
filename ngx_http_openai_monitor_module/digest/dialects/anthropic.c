
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of Anthropic's Messages, which other providers have, too.
 */


#include "digest/json/bytes.h"
#include "digest/json/json.h"
#include "digest/meter/meter.h"


static void openai_anthropic_block(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_anthropic_iteration(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_anthropic_speed(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_anthropic_geo(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_anthropic_usage(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_anthropic_commit(openai_meter_t *m, openai_str_t name);

static void openai_anthropic_conversation(openai_builder_t *b,
    yyjson_val *root);
static void openai_anthropic_message(openai_builder_t *b,
    yyjson_val *message);
static void openai_anthropic_part(openai_builder_t *b, yyjson_mut_val *m,
    yyjson_val *v);
static void openai_anthropic_media(openai_builder_t *b, yyjson_mut_val *m,
    const char *type, yyjson_val *v);
static void openai_anthropic_answer(openai_builder_t *b, yyjson_val *root);
static void openai_anthropic_event(openai_builder_t *b, openai_str_t name,
    yyjson_val *root);
static void openai_anthropic_begin(openai_builder_t *b, openai_result_t *r,
    yyjson_val *block, int64_t index);
static yyjson_val *openai_anthropic_usage_raw(yyjson_val *root);


static const openai_route_t  openai_anthropic_routes[] = {
    openai_route("/v1/messages", "chat"),
    openai_route("/messages", "chat"),
    openai_route("/messages/count_tokens", "count_tokens"),
    openai_route("/anthropic/messages", "chat"),
    openai_route("/v1/messages/count_tokens", "count_tokens"),
    openai_route_as("/publishers/anthropic/models/@:rawPredict", "chat",
                    OPENAI_ROUTE_VERTEX),
    openai_route_as("/publishers/anthropic/models/@:streamRawPredict", "chat",
                    OPENAI_ROUTE_VERTEX|OPENAI_ROUTE_STREAM),
    openai_route_as("/model/@/invoke", "chat", OPENAI_ROUTE_BEDROCK),
    openai_route_as("/model/@/invoke-with-response-stream", "chat",
                    OPENAI_ROUTE_BEDROCK|OPENAI_ROUTE_STREAM),
    openai_route("/v1/messages/batches", "batches"),
    openai_route("/v1/messages/batches/*", "batches"),
    openai_route_as("/v1/messages/batches/*/results", "batches",
                    OPENAI_ROUTE_BYTES),
    openai_route("/v1/messages/batches/*/cancel", "batches"),
    openai_route_end
};


static const openai_node_t  openai_anthropic_request_nodes[] = {
    OPENAI_REQUEST_NODES,
    openai_node_in("messages", openai_message_nodes, openai_take_message,
                   openai_fact(messages)),
    openai_node("tools", openai_take_count, openai_fact(tools)),
    openai_node_end
};


static const openai_node_t  openai_anthropic_creation_nodes[] = {
    openai_usage_node("ephemeral_1h_input_tokens", cache_write_1h),
    openai_node_end
};


static const openai_node_t  openai_anthropic_output_nodes[] = {
    openai_usage_node("thinking_tokens", reasoning),
    openai_node_end
};


/* the tokens of a compaction are billed, but the usage does not include them */

static const openai_node_t  openai_anthropic_iteration_nodes[] = {
    openai_node("type", openai_anthropic_iteration, 0),
    openai_node_end
};


static const openai_node_t  openai_anthropic_usage_nodes[] = {
    openai_usage_node("input_tokens", input),
    openai_usage_node("output_tokens", output),
    openai_usage_node("cache_read_input_tokens", cached),
    openai_usage_node("cache_creation_input_tokens", cache_write),
    openai_node_in("cache_creation", openai_anthropic_creation_nodes, NULL, 0),
    openai_node_in("output_tokens_details", openai_anthropic_output_nodes,
                   NULL, 0),
    openai_node("service_tier", openai_take_string,
                openai_fact(service_tier)),
    openai_node_in("server_tool_use", openai_server_tool_nodes, NULL, 0),
    openai_node_in("iterations", openai_anthropic_iteration_nodes, NULL, 0),
    openai_node("speed", openai_anthropic_speed, 0),
    openai_node("inference_geo", openai_anthropic_geo, 0),
    openai_node_end
};


static const openai_node_t  openai_anthropic_block_nodes[] = {
    openai_node("type", openai_take_string, openai_at(event.item)),
    openai_node("id", openai_take_string, openai_at(event.call.id)),
    openai_node("name", openai_take_string, openai_at(event.call.name)),
    openai_node_text("text", openai_take_size, openai_at(event.choice.text)),
    openai_node_text("thinking", openai_take_size,
                     openai_at(event.choice.thinking)),
    openai_node_end
};


static const openai_node_t  openai_anthropic_delta_nodes[] = {
    openai_node_text("text", openai_take_size, openai_at(event.text)),
    openai_node_text("thinking", openai_take_size,
                     openai_at(event.reasoning)),
    openai_node_text("partial_json", openai_take_size, openai_at(event.other)),
    openai_node("stop_reason", openai_take_string, openai_at(event.reason)),
    openai_node_end
};


#define OPENAI_ANTHROPIC_MESSAGE(early)                                       \
    openai_node("id", openai_take_string, openai_fact(response_id)),          \
    openai_node("model", openai_take_string,                                  \
                openai_fact(response_model)),                                 \
    openai_node("stop_reason", openai_take_string, openai_at(event.reason)),  \
    openai_node_in("usage", openai_anthropic_usage_nodes,                     \
                   openai_anthropic_usage, early),                            \
    openai_node_in("content", openai_anthropic_block_nodes,                   \
                   openai_anthropic_block, 0)


static const openai_node_t  openai_anthropic_start_nodes[] = {
    OPENAI_ANTHROPIC_MESSAGE(OPENAI_FACT_EARLY),
    openai_node_end
};


static const openai_node_t  openai_anthropic_root_nodes[] = {
    openai_node("type", openai_take_string, openai_at(event.type)),
    openai_node_in("delta", openai_anthropic_delta_nodes, NULL, 0),
    openai_node("index", openai_take_integer, openai_at(event.call.index)),
    openai_node_in("content_block", openai_anthropic_block_nodes,
                   openai_anthropic_block, 0),
    openai_node_in("message", openai_anthropic_start_nodes, NULL, 0),
    openai_node_in("error", openai_error_nodes, openai_take_error, 0),
    OPENAI_ANTHROPIC_MESSAGE(0),
    openai_node("input_tokens", openai_take_tokens,
                offsetof(openai_usage_t, input)),
    openai_node_end
};


static const openai_node_t  openai_anthropic_request =
    openai_node_root(openai_anthropic_request_nodes, NULL);

static const openai_node_t  openai_anthropic_root =
    openai_node_root(openai_anthropic_root_nodes, NULL);


const openai_dialect_t  openai_dialect_anthropic = {
    "anthropic",
    "anthropic",
    openai_anthropic_routes,
    &openai_anthropic_request,
    &openai_anthropic_root,
    &openai_anthropic_root,
    openai_anthropic_commit,
    openai_anthropic_conversation,
    openai_anthropic_answer,
    openai_anthropic_event,
    openai_anthropic_usage_raw
};


/* returns 1 for tool_use, server_tool_use and mcp_tool_use, 0 for results */

static int
openai_anthropic_is_call(const char *type, size_t len)
{
    return len >= 8 && memcmp(type + len - 8, "tool_use", 8) == 0;
}


static void
openai_anthropic_block(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_event_t  *ev;
    openai_meter_t  *m = ctx;

    ev = &m->event;

    if (value->type == OPENAI_SCAN_OBJECT) {
        ev->choice.text = 0;
        ev->choice.thinking = 0;
        ev->item[0] = '\0';
        ev->call.id[0] = '\0';
        ev->call.name[0] = '\0';

    } else if (value->type == OPENAI_SCAN_OBJECT_END) {

        ev->text += ev->choice.text;
        ev->reasoning += ev->choice.thinking;

        if (openai_anthropic_is_call(ev->item, strlen(ev->item))) {
            openai_meter_call_close(m);
            ev->other += ev->choice.other;
            ev->choice.other = 0;
        }
    }
}


static void
openai_anthropic_iteration(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_STRING
        && !openai_is(value->str.data, value->str.len, "message"))
    {
        m->facts->flags |= OPENAI_FACT_ITERATIONS;
    }
}


/* takes the speed; the fast one has its own rates */

static void
openai_anthropic_speed(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_STRING
        && !openai_is(value->str.data, value->str.len, "standard"))
    {
        m->facts->flags |= OPENAI_FACT_MODIFIER;
    }
}


/* takes the region; one that the client chose has a surcharge */

static void
openai_anthropic_geo(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_STRING && value->str.len
        && !openai_is(value->str.data, value->str.len, "global")
        && !openai_is(value->str.data, value->str.len, "not_available"))
    {
        m->facts->flags |= OPENAI_FACT_MODIFIER;
    }
}


/*
 * Takes the usage.  The start of a message has the input and a few tokens of
 * output; later deltas replace the counts that they have.  Anthropic's input
 * does not include the cached parts.
 */

static void
openai_anthropic_usage(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_OBJECT_END && openai_meter_usage_apart(m)) {
        m->facts->flags &= ~OPENAI_FACT_EARLY;
        m->facts->flags |= node->arg;
    }
}


static void
openai_anthropic_commit(openai_meter_t *m, openai_str_t name)
{
    openai_event_t  *ev;

    ev = &m->event;

    if (ev->reason[0]) {
        openai_meter_finish_reason(m, 0, ev->reason);

        if (strcmp(ev->reason, "refusal") == 0) {
            m->facts->flags |= OPENAI_FACT_REFUSAL;
        }
    }

    if (strcmp(ev->type, "message_stop") == 0) {
        m->facts->flags |= OPENAI_FACT_TERMINAL;
        m->facts->flags &= ~OPENAI_FACT_EARLY;

    } else if (strcmp(ev->type, "error") == 0) {
        m->facts->flags |= OPENAI_FACT_ERROR;
    }

    openai_meter_commit(m);
}


static void
openai_anthropic_conversation(openai_builder_t *b, yyjson_val *root)
{
    size_t       i, n;
    yyjson_val  *v, *system;

    static const char *const  but[] = { "messages", "tools", "system", NULL };

    openai_build_settings(b, root, but);

    system = openai_get(root, "system");
    openai_build_system(b, system);

    yyjson_arr_foreach(system, i, n, v) {
        openai_build_system(b, openai_get(v, "text"));
    }

    yyjson_arr_foreach(openai_get(root, "tools"), i, n, v) {
        openai_build_definition(b, openai_get(v, "name"),
                                openai_get(v, "description"),
                                openai_get(v, "input_schema"));
    }

    yyjson_arr_foreach(openai_get(root, "messages"), i, n, v) {
        openai_anthropic_message(b, v);
    }
}


static void
openai_anthropic_message(openai_builder_t *b, yyjson_val *message)
{
    size_t           i, n;
    yyjson_val      *v, *content;
    openai_str_t     type;
    yyjson_mut_val  *m;

    m = openai_build_message(b, openai_get_str(message, "role"));
    content = openai_get(message, "content");

    openai_build_text(b, m, "text", content);

    yyjson_arr_foreach(content, i, n, v) {

        type = openai_get_str(v, "type");

        if (openai_anthropic_is_call(type.data, type.len)) {
            openai_build_asked(b, m, openai_get(v, "id"),
                               openai_get(v, "name"), openai_get(v, "input"));

        } else {
            openai_anthropic_part(b, m, v);
        }
    }
}


static void
openai_anthropic_part(openai_builder_t *b, yyjson_mut_val *m, yyjson_val *v)
{
    openai_str_t     type;
    yyjson_val      *content;
    yyjson_mut_val  *part;

    static const char *const  names[] = { "tool_use_id", "is_error", NULL };

    type = openai_get_str(v, "type");

    if (openai_str_is(type, "text")) {
        openai_build_text(b, m, "text", openai_get(v, "text"));

    } else if (openai_str_is(type, "thinking")) {
        openai_build_text(b, m, "reasoning", openai_get(v, "thinking"));

    } else if (openai_str_is(type, "image")) {
        openai_anthropic_media(b, m, "image", openai_get(v, "source"));

    } else if (openai_str_is(type, "document")) {
        openai_anthropic_media(b, m, "file", openai_get(v, "source"));

    } else if (openai_str_is(type, "tool_result")) {

        part = openai_build_part(b, m, "tool_result");
        openai_mut_members(b, part, v, names);
        content = openai_get(v, "content");

        if (yyjson_is_str(content)) {
            yyjson_mut_obj_add_val(b->doc, part, "text",
                                   openai_mut_copy(b, content));

        } else if (content) {
            yyjson_mut_obj_add_val(b->doc, part, "value",
                                   openai_mut_copy(b, content));
        }

    } else {
        openai_build_other(b, m, v);
    }
}


static void
openai_anthropic_media(openai_builder_t *b, yyjson_mut_val *m,
    const char *type, yyjson_val *source)
{
    openai_buf_t     buf;
    yyjson_mut_val  *part;

    static const char *const  names[] = {
        "media_type", "url", "file_id", NULL
    };

    part = openai_build_part(b, m, type);
    openai_mut_members(b, part, source, names);

    if (!openai_get_str(source, "data").len) {
        return;
    }

    memset(&buf, 0, sizeof(openai_buf_t));

    openai_buf_append(b, &buf, "data:", 5);
    openai_buf_value(b, &buf, openai_get(source, "media_type"));
    openai_buf_append(b, &buf, ";base64,", 8);
    openai_buf_value(b, &buf, openai_get(source, "data"));

    yyjson_mut_obj_add_val(b->doc, part, "url", openai_mut_buf(b, &buf));

    openai_buf_free(b, &buf);
}


static void
openai_anthropic_answer(openai_builder_t *b, yyjson_val *root)
{
    size_t            i, n;
    yyjson_val       *v;
    openai_str_t      reason;
    openai_result_t  *r;

    openai_build_error(b, openai_get(root, "error"));

    if (!yyjson_is_arr(openai_get(root, "content"))) {
        return;
    }

    r = openai_build_result(b, 0);
    if (r == NULL) {
        return;
    }

    yyjson_arr_foreach(openai_get(root, "content"), i, n, v) {
        openai_anthropic_begin(b, r, v, i);
    }

    reason = openai_get_str(root, "stop_reason");

    if (reason.len) {
        openai_buf_set(b, &r->finish, reason);
    }
}


static void
openai_anthropic_event(openai_builder_t *b, openai_str_t name,
    yyjson_val *root)
{
    int64_t           index;
    yyjson_val       *delta, *v;
    openai_str_t      type, reason;
    openai_tool_t    *t;
    openai_result_t  *r;

    type = openai_get_str(root, "type");

    if (openai_str_is(type, "error")) {
        openai_build_error(b, openai_get(root, "error"));
        return;
    }

    r = openai_build_result(b, 0);
    if (r == NULL) {
        return;
    }

    index = openai_get_int(root, "index", 0);
    delta = openai_get(root, "delta");

    if (openai_str_is(type, "message_start")) {
        openai_anthropic_answer(b, openai_get(root, "message"));

    } else if (openai_str_is(type, "content_block_start")) {
        openai_anthropic_begin(b, r, openai_get(root, "content_block"), index);

    } else if (openai_str_is(type, "content_block_delta")) {

        openai_buf_value(b, &r->text, openai_get(delta, "text"));
        openai_buf_value(b, &r->reasoning, openai_get(delta, "thinking"));

        v = openai_get(delta, "partial_json");

        if (yyjson_is_str(v)) {
            t = openai_build_tool(b, r, index);

            if (t) {
                openai_buf_value(b, &t->arguments, v);
            }
        }

    } else if (openai_str_is(type, "message_delta")) {

        reason = openai_get_str(delta, "stop_reason");

        if (reason.len) {
            openai_buf_set(b, &r->finish, reason);
        }
    }
}


/* adds a block, whole or its start */

static void
openai_anthropic_begin(openai_builder_t *b, openai_result_t *r,
    yyjson_val *block, int64_t index)
{
    yyjson_val     *input;
    openai_str_t    type;
    openai_tool_t  *t;

    type = openai_get_str(block, "type");

    if (openai_str_is(type, "text")) {
        openai_buf_value(b, &r->text, openai_get(block, "text"));

    } else if (openai_str_is(type, "thinking")) {
        openai_buf_value(b, &r->reasoning, openai_get(block, "thinking"));

    } else if (openai_anthropic_is_call(type.data, type.len)) {

        t = openai_build_tool(b, r, index);
        if (t == NULL) {
            return;
        }

        openai_buf_set(b, &t->id, openai_get_str(block, "id"));
        openai_buf_set(b, &t->name, openai_get_str(block, "name"));

        /* the upstream runs server_tool_use and mcp_tool_use */

        t->hosted = !openai_str_is(type, "tool_use");

        /* it is empty at the start of a stream, and pieces follow */

        input = openai_get(block, "input");
        t->arguments.len = 0;

        if (yyjson_obj_size(input)) {
            openai_buf_value(b, &t->arguments, input);
        }
    }
}


static yyjson_val *
openai_anthropic_usage_raw(yyjson_val *root)
{
    yyjson_val  *v;

    v = openai_get(root, "usage");

    return v ? v : openai_get(openai_get(root, "message"), "usage");
}
