
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of Cohere's chat, version 2.
 */


#include "digest/json/bytes.h"
#include "digest/json/json.h"
#include "digest/meter/meter.h"


static void openai_cohere_call(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_cohere_commit(openai_meter_t *m, openai_str_t name);

static void openai_cohere_answer(openai_builder_t *b, yyjson_val *root);
static void openai_cohere_event(openai_builder_t *b, openai_str_t name,
    yyjson_val *root);
static void openai_cohere_message(openai_builder_t *b, openai_result_t *r,
    yyjson_val *message, int64_t index);
static void openai_cohere_called(openai_builder_t *b, openai_result_t *r,
    yyjson_val *call, int64_t index);
static yyjson_val *openai_cohere_usage_raw(yyjson_val *root);


static const openai_route_t  openai_cohere_routes[] = {
    openai_route("/v2/chat", "chat"),
    openai_route_end
};


static const openai_node_t  openai_cohere_request_nodes[] = {
    OPENAI_REQUEST_NODES,
    openai_node_in("messages", openai_message_nodes, openai_take_message,
                   openai_fact(messages)),
    openai_node("tools", openai_take_count, openai_fact(tools)),
    openai_node_end
};


static const openai_node_t  openai_cohere_tokens_nodes[] = {
    openai_usage_node("input_tokens", input),
    openai_usage_node("output_tokens", output),
    openai_usage_node("reasoning_tokens", reasoning),
    openai_node_end
};


/* what is paid; a search and a classification have prices of their own */

static const openai_node_t  openai_cohere_billed_nodes[] = {
    openai_usage_node("input_tokens", billed_input),
    openai_usage_node("output_tokens", billed_output),
    openai_node("search_units", openai_take_partial, OPENAI_FACT_FEES),
    openai_node("classifications", openai_take_partial, OPENAI_FACT_FEES),
    openai_node_end
};


static const openai_node_t  openai_cohere_usage_nodes[] = {
    openai_node_in("billed_units", openai_cohere_billed_nodes, NULL, 0),
    openai_node_in("tokens", openai_cohere_tokens_nodes, NULL, 0),
    openai_usage_node("cached_tokens", cached),
    openai_node_end
};


static const openai_node_t  openai_cohere_content_nodes[] = {
    openai_node_text("text", openai_take_add, openai_at(event.text)),
    openai_node_text("thinking", openai_take_add, openai_at(event.reasoning)),
    openai_node_end
};


static const openai_node_t  openai_cohere_function_nodes[] = {
    openai_node("name", openai_take_string, openai_at(event.call.name)),
    openai_node_text("arguments", openai_take_size,
                     openai_at(event.call.arguments)),
    openai_node_end
};


static const openai_node_t  openai_cohere_call_nodes[] = {
    openai_node("id", openai_take_string, openai_at(event.call.id)),
    openai_node_in("function", openai_cohere_function_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_cohere_message_nodes[] = {
    openai_node_in("content", openai_cohere_content_nodes, NULL, 0),
    openai_node_in("tool_calls", openai_cohere_call_nodes,
                   openai_cohere_call, 0),
    openai_node_text("tool_plan", openai_take_add,
                     openai_at(event.reasoning)),
    openai_node_end
};


#define OPENAI_COHERE_NODES                                                   \
    openai_node_in("message", openai_cohere_message_nodes, NULL, 0),          \
    openai_node("finish_reason", openai_take_string,                          \
                openai_at(event.reason)),                                     \
    openai_node_in("usage", openai_cohere_usage_nodes, openai_take_usage, 0)


static const openai_node_t  openai_cohere_delta_nodes[] = {
    OPENAI_COHERE_NODES,
    openai_node("error", openai_take_error, 0),
    openai_node_end
};


static const openai_node_t  openai_cohere_root_nodes[] = {
    openai_node("type", openai_take_string, openai_at(event.type)),
    openai_node("id", openai_take_string, openai_fact(response_id)),
    openai_node_in("delta", openai_cohere_delta_nodes, NULL, 0),
    OPENAI_COHERE_NODES,
    openai_node_end
};


static const openai_node_t  openai_cohere_request =
    openai_node_root(openai_cohere_request_nodes, NULL);

static const openai_node_t  openai_cohere_root =
    openai_node_root(openai_cohere_root_nodes, NULL);


const openai_dialect_t  openai_dialect_cohere = {
    "cohere",
    "cohere",
    openai_cohere_routes,
    &openai_cohere_request,
    &openai_cohere_root,
    &openai_cohere_root,
    openai_cohere_commit,
    openai_chat_conversation,
    openai_cohere_answer,
    openai_cohere_event,
    openai_cohere_usage_raw
};


static void
openai_cohere_call(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_OBJECT) {
        openai_meter_call_open(m, -1);

    } else if (value->type == OPENAI_SCAN_OBJECT_END) {
        openai_meter_call_close(m);
        m->event.other += m->event.choice.other;
        m->event.choice.other = 0;
    }
}


static void
openai_cohere_commit(openai_meter_t *m, openai_str_t name)
{
    if (m->event.reason[0]) {
        openai_meter_finish_reason(m, 0, m->event.reason);

        if (strcmp(m->event.reason, "ERROR") == 0) {
            m->facts->flags |= OPENAI_FACT_ERROR;
        }
    }

    if (strcmp(m->event.type, "message-end") == 0) {
        m->facts->flags |= OPENAI_FACT_TERMINAL;
    }

    openai_meter_commit(m);
}


static void
openai_cohere_answer(openai_builder_t *b, yyjson_val *root)
{
    openai_str_t      finish;
    openai_result_t  *r;

    r = openai_build_result(b, 0);
    if (r == NULL) {
        return;
    }

    openai_cohere_message(b, r, openai_get(root, "message"), 0);

    finish = openai_get_str(root, "finish_reason");

    if (finish.len) {
        openai_buf_set(b, &r->finish, finish);
    }
}


static void
openai_cohere_event(openai_builder_t *b, openai_str_t name, yyjson_val *root)
{
    yyjson_val       *delta;
    openai_str_t      finish;
    openai_result_t  *r;

    r = openai_build_result(b, 0);
    if (r == NULL) {
        return;
    }

    delta = openai_get(root, "delta");

    openai_cohere_message(b, r, openai_get(delta, "message"),
                          openai_get_int(root, "index", 0));

    finish = openai_get_str(delta, "finish_reason");

    if (finish.len) {
        openai_buf_set(b, &r->finish, finish);
    }
}


/* a whole message has lists where a piece has one element */

static void
openai_cohere_message(openai_builder_t *b, openai_result_t *r,
    yyjson_val *message, int64_t index)
{
    size_t       i, n;
    yyjson_val  *v, *list;

    /* the plan before a call is not part of the answer */

    openai_buf_value(b, &r->reasoning, openai_get(message, "tool_plan"));

    list = openai_get(message, "content");

    if (yyjson_is_obj(list)) {
        openai_buf_value(b, &r->text, openai_get(list, "text"));
        openai_buf_value(b, &r->reasoning, openai_get(list, "thinking"));
    }

    yyjson_arr_foreach(list, i, n, v) {
        openai_buf_value(b, &r->text, openai_get(v, "text"));
        openai_buf_value(b, &r->reasoning, openai_get(v, "thinking"));
    }

    list = openai_get(message, "tool_calls");

    if (yyjson_is_obj(list)) {
        openai_cohere_called(b, r, list, index);
    }

    yyjson_arr_foreach(list, i, n, v) {
        openai_cohere_called(b, r, v, i);
    }
}


static void
openai_cohere_called(openai_builder_t *b, openai_result_t *r, yyjson_val *call,
    int64_t index)
{
    yyjson_val     *f;
    openai_tool_t  *t;

    t = openai_build_tool(b, r, index);
    if (t == NULL) {
        return;
    }

    f = openai_get(call, "function");

    if (openai_get_str(f, "name").len) {
        openai_buf_set(b, &t->name, openai_get_str(f, "name"));
        openai_buf_set(b, &t->id, openai_get_str(call, "id"));
    }

    openai_buf_value(b, &t->arguments, openai_get(f, "arguments"));
}


static yyjson_val *
openai_cohere_usage_raw(yyjson_val *root)
{
    yyjson_val  *v;

    v = openai_get(root, "usage");

    return v ? v : openai_get(openai_get(root, "delta"), "usage");
}
