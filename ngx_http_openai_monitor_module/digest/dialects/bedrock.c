
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of Amazon Bedrock's Converse.  The name of an event in Amazon's
 * event stream says what it is.  InvokeModel has the model's own dialect, so
 * its routes are in anthropic.c.
 */


#include "digest/json/bytes.h"
#include "digest/json/json.h"
#include "digest/meter/meter.h"


static void openai_bedrock_media(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_bedrock_call(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_bedrock_usage(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_bedrock_commit(openai_meter_t *m, openai_str_t name);

static void openai_bedrock_conversation(openai_builder_t *b,
    yyjson_val *root);
static void openai_bedrock_message(openai_builder_t *b, yyjson_val *message);
static void openai_bedrock_answer(openai_builder_t *b, yyjson_val *root);
static void openai_bedrock_event(openai_builder_t *b, openai_str_t name,
    yyjson_val *root);
static void openai_bedrock_block(openai_builder_t *b, openai_result_t *r,
    yyjson_val *block, int64_t index);


static const openai_route_t  openai_bedrock_routes[] = {
    openai_route("/model/@/converse", "chat"),
    openai_route_as("/model/@/converse-stream", "chat", OPENAI_ROUTE_STREAM),
    openai_route_end
};


static const openai_node_t  openai_bedrock_asked_nodes[] = {
    openai_node("image", openai_bedrock_media, OPENAI_FACT_IMAGE),
    openai_node("audio", openai_bedrock_media, OPENAI_FACT_AUDIO),
    openai_node("document", openai_bedrock_media, OPENAI_FACT_FILE),
    openai_node_end
};


static const openai_node_t  openai_bedrock_message_nodes[] = {
    openai_node_in("content", openai_bedrock_asked_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_bedrock_config_nodes[] = {
    openai_node("maxTokens", openai_take_integer, openai_fact(max_tokens)),
    openai_node("temperature", openai_take_real, openai_fact(temperature)),
    openai_node_end
};


static const openai_node_t  openai_bedrock_tools_nodes[] = {
    openai_node("tools", openai_take_count, openai_fact(tools)),
    openai_node_end
};


static const openai_node_t  openai_bedrock_request_nodes[] = {
    openai_node_in("messages", openai_bedrock_message_nodes,
                   openai_take_count, openai_fact(messages)),
    openai_node_in("inferenceConfig", openai_bedrock_config_nodes, NULL, 0),
    openai_node_in("toolConfig", openai_bedrock_tools_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_bedrock_tool_nodes[] = {
    openai_node("toolUseId", openai_take_string, openai_at(event.call.id)),
    openai_node("name", openai_take_string, openai_at(event.call.name)),
    openai_node_text("input", openai_take_size,
                     openai_at(event.call.arguments)),
    openai_node_end
};


static const openai_node_t  openai_bedrock_thought_nodes[] = {
    openai_node_text("text", openai_take_add, openai_at(event.reasoning)),
    openai_node_end
};


static const openai_node_t  openai_bedrock_reasoning_nodes[] = {
    openai_node_text("text", openai_take_add, openai_at(event.reasoning)),
    openai_node_in("reasoningText", openai_bedrock_thought_nodes, NULL, 0),
    openai_node_end
};


/* a block, its start, or a piece of it */

static const openai_node_t  openai_bedrock_block_nodes[] = {
    openai_node_text("text", openai_take_add, openai_at(event.text)),
    openai_node_in("toolUse", openai_bedrock_tool_nodes,
                   openai_bedrock_call, 0),
    openai_node_in("reasoningContent", openai_bedrock_reasoning_nodes, NULL,
                   0),
    openai_node_end
};


static const openai_node_t  openai_bedrock_said_nodes[] = {
    openai_node_in("content", openai_bedrock_block_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_bedrock_output_nodes[] = {
    openai_node_in("message", openai_bedrock_said_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_bedrock_usage_nodes[] = {
    openai_usage_node("inputTokens", input),
    openai_usage_node("outputTokens", output),
    openai_usage_node("cacheReadInputTokens", cached),
    openai_usage_node("cacheWriteInputTokens", cache_write),
    openai_node_end
};


static const openai_node_t  openai_bedrock_metrics_nodes[] = {
    openai_node("latencyMs", openai_take_integer, openai_fact(processing_ms)),
    openai_node_end
};


static const openai_node_t  openai_bedrock_root_nodes[] = {
    openai_node_in("delta", openai_bedrock_block_nodes, NULL, 0),
    openai_node_in("start", openai_bedrock_block_nodes, NULL, 0),
    openai_node_in("output", openai_bedrock_output_nodes, NULL, 0),
    openai_node("stopReason", openai_take_string, openai_at(event.reason)),
    openai_node_in("usage", openai_bedrock_usage_nodes, openai_bedrock_usage,
                   0),
    openai_node_in("metrics", openai_bedrock_metrics_nodes, NULL, 0),
    openai_node("message", openai_take_message_text, 0),
    openai_node_end
};


static const openai_node_t  openai_bedrock_request =
    openai_node_root(openai_bedrock_request_nodes, NULL);

static const openai_node_t  openai_bedrock_root =
    openai_node_root(openai_bedrock_root_nodes, NULL);


const openai_dialect_t  openai_dialect_bedrock = {
    "bedrock",
    "aws.bedrock",
    openai_bedrock_routes,
    &openai_bedrock_request,
    &openai_bedrock_root,
    &openai_bedrock_root,
    openai_bedrock_commit,
    openai_bedrock_conversation,
    openai_bedrock_answer,
    openai_bedrock_event,
    NULL
};


static void
openai_bedrock_media(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_OBJECT) {
        m->facts->flags |= node->arg;
    }
}


static void
openai_bedrock_call(void *ctx, const openai_node_t *node,
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
openai_bedrock_usage(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    if (value->type == OPENAI_SCAN_OBJECT_END) {
        openai_meter_usage_apart(ctx);
    }
}


static void
openai_bedrock_commit(openai_meter_t *m, openai_str_t name)
{
    char             type[OPENAI_METER_WORD];
    openai_event_t  *ev;

    ev = &m->event;

    if (ev->reason[0]) {
        openai_meter_finish_reason(m, 0, ev->reason);
        m->facts->flags |= OPENAI_FACT_TERMINAL;
    }

    /* an exception in a stream */

    if (name.len > 9
        && openai_is(name.data + name.len - 9, 9, "Exception"))
    {
        openai_copy(type, sizeof(type), name.data, name.len);
        openai_meter_failure(m, type);
    }

    openai_meter_commit(m);
}


static void
openai_bedrock_conversation(openai_builder_t *b, yyjson_val *root)
{
    size_t       i, n;
    yyjson_val  *v, *tool;

    static const char *const  but[] = {
        "messages", "system", "toolConfig", NULL
    };

    openai_build_settings(b, root, but);

    yyjson_arr_foreach(openai_get(root, "system"), i, n, v) {
        openai_build_system(b, openai_get(v, "text"));
    }

    yyjson_arr_foreach(openai_get(openai_get(root, "toolConfig"), "tools"), i,
                       n, v)
    {
        tool = openai_get(v, "toolSpec");

        if (yyjson_is_obj(tool)) {
            openai_build_definition(b, openai_get(tool, "name"),
                                    openai_get(tool, "description"),
                                    openai_get(openai_get(tool, "inputSchema"),
                                               "json"));
        }
    }

    yyjson_arr_foreach(openai_get(root, "messages"), i, n, v) {
        openai_bedrock_message(b, v);
    }
}


static void
openai_bedrock_message(openai_builder_t *b, yyjson_val *message)
{
    size_t           i, n, k, kn;
    yyjson_val      *v, *f, *piece;
    yyjson_mut_val  *m, *part;

    static const char *const  names[] = { "toolUseId", "status", NULL };

    m = openai_build_message(b, openai_get_str(message, "role"));

    yyjson_arr_foreach(openai_get(message, "content"), i, n, v) {

        if (openai_get(v, "text")) {
            openai_build_text(b, m, "text", openai_get(v, "text"));

        } else if ((f = openai_get(v, "toolUse")) != NULL) {
            openai_build_asked(b, m, openai_get(f, "toolUseId"),
                               openai_get(f, "name"),
                               openai_get(f, "input"));

        } else if ((f = openai_get(v, "toolResult")) != NULL) {
            part = openai_build_part(b, m, "tool_result");
            openai_mut_members(b, part, f, names);

            yyjson_mut_obj_add_val(b->doc, part, "tool_use_id",
                                   openai_mut_copy(b, openai_get(f,
                                                              "toolUseId")));

            yyjson_arr_foreach(openai_get(f, "content"), k, kn, piece) {

                if (openai_get(piece, "text")) {
                    openai_build_text(b, m, "text", openai_get(piece, "text"));

                } else {
                    openai_build_other(b, m, piece);
                }
            }

        } else if ((f = openai_get(v, "reasoningContent")) != NULL) {
            openai_build_text(b, m, "reasoning",
                              openai_get(openai_get(f, "reasoningText"),
                                         "text"));

        } else {
            openai_build_other(b, m, v);
        }
    }
}


static void
openai_bedrock_answer(openai_builder_t *b, yyjson_val *root)
{
    size_t            i, n;
    yyjson_val       *v, *content;
    openai_str_t      reason;
    openai_result_t  *r;

    content = openai_get(openai_get(openai_get(root, "output"), "message"),
                         "content");

    if (!yyjson_is_arr(content)) {
        return;
    }

    r = openai_build_result(b, 0);
    if (r == NULL) {
        return;
    }

    yyjson_arr_foreach(content, i, n, v) {
        openai_bedrock_block(b, r, v, i);
    }

    reason = openai_get_str(root, "stopReason");

    if (reason.len) {
        openai_buf_set(b, &r->finish, reason);
    }
}


static void
openai_bedrock_event(openai_builder_t *b, openai_str_t name, yyjson_val *root)
{
    int64_t           index;
    openai_str_t      reason;
    openai_result_t  *r;

    r = openai_build_result(b, 0);
    if (r == NULL) {
        return;
    }

    index = openai_get_int(root, "contentBlockIndex", 0);

    openai_bedrock_block(b, r, openai_get(root, "start"), index);
    openai_bedrock_block(b, r, openai_get(root, "delta"), index);

    reason = openai_get_str(root, "stopReason");

    if (reason.len) {
        openai_buf_set(b, &r->finish, reason);
    }
}


/* adds a block, or a piece of the block with this index */

static void
openai_bedrock_block(openai_builder_t *b, openai_result_t *r,
    yyjson_val *block, int64_t index)
{
    yyjson_val     *v, *thought;
    openai_tool_t  *t;

    openai_buf_value(b, &r->text, openai_get(block, "text"));

    v = openai_get(block, "reasoningContent");
    thought = openai_get(openai_get(v, "reasoningText"), "text");

    openai_buf_value(b, &r->reasoning,
                     thought ? thought : openai_get(v, "text"));

    v = openai_get(block, "toolUse");

    if (!yyjson_is_obj(v)) {
        return;
    }

    t = openai_build_tool(b, r, index);
    if (t == NULL) {
        return;
    }

    if (openai_get_str(v, "name").len) {
        openai_buf_set(b, &t->name, openai_get_str(v, "name"));
        openai_buf_set(b, &t->id, openai_get_str(v, "toolUseId"));
    }

    openai_buf_value(b, &t->arguments, openai_get(v, "input"));
}
