
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of Chat Completions, which OpenAI, Azure and many others have.
 */


#include "digest/json/bytes.h"
#include "digest/json/json.h"
#include "digest/meter/meter.h"


static void openai_chat_function(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_chat_whole(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_chat_status(void *ctx, const openai_node_t *node,
    const openai_value_t *value);

static void openai_chat_message(openai_builder_t *b, yyjson_val *message);
static void openai_chat_thought(openai_builder_t *b, yyjson_mut_val *m,
    yyjson_val *message);
static void openai_chat_part(openai_builder_t *b, yyjson_mut_val *m,
    yyjson_val *v);
static void openai_chat_delta(openai_builder_t *b, openai_result_t *r,
    yyjson_val *delta);
static int openai_chat_says(yyjson_val *delta);
static openai_str_t openai_chat_reasoning(yyjson_val *message);
static void openai_chat_content(openai_builder_t *b, openai_result_t *r,
    yyjson_val *content);
static void openai_chat_calls(openai_builder_t *b, openai_result_t *r,
    yyjson_val *calls);


static const openai_route_t  openai_chat_routes[] = {
    openai_route_read("/chat/completions", "chat", "fetch_response",
                      OPENAI_ROUTE_SURE|OPENAI_ROUTE_USAGE),
    openai_route("/chat/completions/*", "fetch_response"),
    openai_route("/chat/completions/*/messages", "fetch_response"),
    openai_route_as("/openai/deployments/@/chat/completions", "chat",
                    OPENAI_ROUTE_AZURE|OPENAI_ROUTE_SURE|OPENAI_ROUTE_USAGE),
    openai_route_end
};


static const openai_node_t  openai_chat_request_nodes[] = {
    OPENAI_REQUEST_NODES,
    openai_node_in("messages", openai_message_nodes, openai_take_message,
                   openai_fact(messages)),
    openai_node("tools", openai_take_count, openai_fact(tools)),
    openai_node("functions", openai_take_count, openai_fact(tools)),
    openai_node_end
};


static const openai_node_t  openai_chat_function_nodes[] = {
    openai_node("name", openai_take_string, openai_at(event.call.name)),
    openai_node_text("arguments", openai_take_size,
                     openai_at(event.call.arguments)),
    openai_node_text("input", openai_take_size,
                     openai_at(event.call.arguments)),
    openai_node_end
};


static const openai_node_t  openai_chat_call_nodes[] = {
    openai_node("index", openai_take_integer, openai_at(event.call.index)),
    openai_node("id", openai_take_string, openai_at(event.call.id)),
    openai_node_in("function", openai_chat_function_nodes, NULL, 0),
    openai_node_in("custom", openai_chat_function_nodes, NULL, 0),
    openai_node_end
};


/* reasoning models have parts with "thinking" and "text" at Mistral, with
   "summary" at Databricks */

static const openai_node_t  openai_chat_thinking_nodes[] = {
    openai_node_text("text", openai_take_add,
                     openai_at(event.choice.thinking)),
    openai_node_end
};


static const openai_node_t  openai_chat_content_nodes[] = {
    openai_node_text("text", openai_take_add, openai_at(event.choice.parts)),
    openai_node_in("thinking", openai_chat_thinking_nodes, NULL, 0),
    openai_node_in("summary", openai_chat_thinking_nodes, NULL, 0),
    openai_node_end
};


/* OpenRouter's details; most upstreams have the same text in "reasoning" */

static const openai_node_t  openai_chat_details_nodes[] = {
    openai_node_text("text", openai_take_add,
                     openai_at(event.choice.details)),
    openai_node_text("summary", openai_take_add,
                     openai_at(event.choice.details)),
    openai_node_end
};


static const openai_node_t  openai_chat_audio_nodes[] = {
    openai_node_text("data", openai_take_add, openai_at(event.choice.other)),
    openai_node_text("transcript", openai_take_add,
                     openai_at(event.choice.other)),
    openai_node_end
};


static const openai_node_t  openai_chat_delta_nodes[] = {
    openai_node_of("content", openai_take_most,
                   openai_at(event.choice.content), openai_chat_content_nodes,
                   1),
    openai_node_text("reasoning_content", openai_take_most,
                     openai_at(event.choice.reasoning)),
    openai_node_text("reasoning", openai_take_most,
                     openai_at(event.choice.reasoning)),
    openai_node_text("reasoning_text", openai_take_most,
                     openai_at(event.choice.reasoning)),
    openai_node_text("cot_summary", openai_take_most,
                     openai_at(event.choice.reasoning)),
    openai_node_in("reasoning_details", openai_chat_details_nodes, NULL, 0),
    openai_node_text("refusal", openai_take_size,
                     openai_at(event.choice.refusal)),
    openai_node_objects("tool_calls", openai_chat_call_nodes,
                        openai_take_call, 0),
    openai_node_in("function_call", openai_chat_function_nodes,
                   openai_chat_function, 0),
    openai_node_in("audio", openai_chat_audio_nodes, NULL, 0),

    /* quotations from a search, which has a fee */

    openai_node("annotations", openai_take_partial, OPENAI_FACT_FEES),
    openai_node_end
};


static const openai_node_t  openai_chat_choice_nodes[] = {
    openai_node("index", openai_take_integer, openai_at(event.choice.index)),
    openai_node_in("delta", openai_chat_delta_nodes, NULL, 0),
    openai_node_in("message", openai_chat_delta_nodes, openai_chat_whole, 0),
    openai_node_in("error", openai_error_nodes, openai_take_error, 0),
    openai_node("finish_reason", openai_take_string,
                openai_at(event.choice.finish)),
    openai_node_text("text", openai_take_size, openai_at(event.choice.text)),
    openai_node_in("usage", openai_usage_nodes, openai_take_usage, 0),
    openai_node_end
};


static const openai_node_t  openai_chat_groq_nodes[] = {
    openai_node_in("usage", openai_usage_nodes, openai_take_usage, 0),
    openai_node_end
};


/* MiniMax reports errors in a 200 */

static const openai_node_t  openai_chat_status_nodes[] = {
    openai_node("status_code", openai_take_string, openai_at(event.code)),
    openai_node("status_msg", openai_take_message_text, 0),
    openai_node_end
};


static const openai_node_t  openai_chat_answer_nodes[] = {
    openai_node_objects("choices", openai_chat_choice_nodes,
                        openai_take_choice, 0),
    OPENAI_ANSWER_NODES,
    openai_node_in("x_groq", openai_chat_groq_nodes, openai_take_provider,
                   "groq"),
    openai_node("timings", openai_take_provider, "llama_cpp"),
    openai_node_in("base_resp", openai_chat_status_nodes, openai_chat_status,
                   0),
    OPENAI_FLAT_ERROR_NODES,
    openai_node_end
};


static const openai_node_t  openai_chat_request =
    openai_node_root(openai_chat_request_nodes, NULL);

const openai_node_t  openai_chat_root =
    openai_node_root(openai_chat_answer_nodes, NULL);


const openai_dialect_t  openai_dialect_chat = {
    "chat",
    NULL,
    openai_chat_routes,
    &openai_chat_request,
    &openai_chat_root,
    &openai_chat_root,
    openai_chat_commit,
    openai_chat_conversation,
    openai_chat_answer,
    openai_chat_event,
    openai_chat_usage
};


/* the one call of a function, before there were tools */

static void
openai_chat_function(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    if (value->type == OPENAI_SCAN_OBJECT) {
        openai_meter_call_open(ctx, 0);

    } else if (value->type == OPENAI_SCAN_OBJECT_END) {
        openai_meter_call_close(ctx);
    }
}


/*
 * Does not count the sizes of a message in a stream, because it repeats the
 * deltas.  MiniMax has one in the last chunk, Perplexity in each.
 */

static void
openai_chat_whole(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t   *m = ctx;
    openai_choice_t  *c;

    c = &m->event.choice;

    if (value->type == OPENAI_SCAN_OBJECT) {
        c->delta = c->content;

    } else if (value->type == OPENAI_SCAN_OBJECT_END
               && m->facts->streamed == 1
               && (c->delta || m->facts->text_bytes))
    {
        c->content = c->delta;
        c->parts = 0;
        c->reasoning = 0;
        c->details = 0;
        c->thinking = 0;
        c->refusal = 0;
    }
}


static void
openai_chat_status(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;
    openai_event_t  *ev;

    if (value->type != OPENAI_SCAN_OBJECT_END) {
        return;
    }

    ev = &m->event;

    if (ev->code[0] && strcmp(ev->code, "0") != 0) {
        openai_meter_failure(m, "");
    }

    ev->code[0] = '\0';
    openai_meter_unsaid(m);
}


void
openai_chat_commit(openai_meter_t *m, openai_str_t name)
{
    /* the event was cut inside a choice */

    if (m->event.choice.index >= 0) {
        openai_meter_choice_close(m);
    }

    openai_meter_flat_error(m);

    openai_meter_commit(m);
}


void
openai_chat_conversation(openai_builder_t *b, yyjson_val *root)
{
    size_t       i, n;
    yyjson_val  *v, *f, *list;

    static const char *const  but[] = {
        "messages", "tools", "functions", NULL
    };

    openai_build_settings(b, root, but);

    list = openai_get(root, "tools");

    yyjson_arr_foreach(list, i, n, v) {
        f = openai_get(v, "function");
        f = f ? f : openai_get(v, "custom");
        f = f ? f : v;

        openai_build_definition(b, openai_get(f, "name")
                                   ? openai_get(f, "name")
                                   : openai_get(f, "type"),
                                openai_get(f, "description"),
                                openai_get(f, "parameters"));
    }

    list = openai_get(root, "functions");

    yyjson_arr_foreach(list, i, n, v) {
        openai_build_definition(b, openai_get(v, "name"),
                                openai_get(v, "description"),
                                openai_get(v, "parameters"));
    }

    list = openai_get(root, "messages");

    yyjson_arr_foreach(list, i, n, v) {
        openai_chat_message(b, v);
    }
}


static void
openai_chat_message(openai_builder_t *b, yyjson_val *message)
{
    size_t           i, n;
    yyjson_val      *v, *f, *content;
    openai_str_t     role, type;
    yyjson_mut_val  *m;

    static const char *const  names[] = { "name", "tool_call_id", NULL };

    role = openai_get_str(message, "role");
    content = openai_get(message, "content");

    m = openai_build_message(b, role);
    openai_mut_members(b, m, message, names);

    openai_chat_thought(b, m, message);
    openai_build_text(b, m, "text", content);
    openai_build_text(b, m, "refusal", openai_get(message, "refusal"));

    yyjson_arr_foreach(content, i, n, v) {
        openai_chat_part(b, m, v);
    }

    yyjson_arr_foreach(openai_get(message, "tool_calls"), i, n, v) {
        f = openai_get(v, "function");
        f = f ? f : openai_get(v, "custom");

        openai_build_asked(b, m, openai_get(v, "id"), openai_get(f, "name"),
                           openai_get(f, "arguments")
                           ? openai_get(f, "arguments")
                           : openai_get(f, "input"));
    }

    f = openai_get(message, "function_call");

    if (yyjson_is_obj(f)) {
        openai_build_asked(b, m, NULL, openai_get(f, "name"),
                           openai_get(f, "arguments"));
    }

    if (!openai_str_is(role, "system") && !openai_str_is(role, "developer")) {
        return;
    }

    openai_build_system(b, content);

    yyjson_arr_foreach(content, i, n, v) {
        type = openai_get_str(v, "type");

        if (openai_str_is(type, "text")) {
            openai_build_system(b, openai_get(v, "text"));
        }
    }
}


/* adds the reasoning that a client sends back */

static void
openai_chat_thought(openai_builder_t *b, yyjson_mut_val *m, yyjson_val *message)
{
    size_t       i, n;
    yyjson_val  *v, *text;

    static const char *const  names[] = {
        "reasoning_content", "reasoning", "reasoning_text", NULL
    };

    for (i = 0; names[i]; i++) {
        v = openai_get(message, names[i]);

        if (yyjson_is_str(v) && yyjson_get_len(v)) {
            openai_build_text(b, m, "reasoning", v);
            return;
        }
    }

    yyjson_arr_foreach(openai_get(message, "reasoning_details"), i, n, v) {
        text = openai_get(v, "text");
        openai_build_text(b, m, "reasoning",
                          text ? text : openai_get(v, "summary"));
    }
}


static void
openai_chat_part(openai_builder_t *b, yyjson_mut_val *m, yyjson_val *v)
{
    yyjson_val      *f;
    openai_str_t     type;
    yyjson_mut_val  *part;

    static const char *const  image[] = { "url", "detail", NULL };
    static const char *const  audio[] = { "format", "data", NULL };
    static const char *const  file[] = {
        "filename", "file_id", "file_data", NULL
    };

    type = openai_get_str(v, "type");

    if (openai_str_is(type, "text") || openai_str_is(type, "refusal")) {
        openai_build_text(b, m, type.data, openai_get(v, type.data));

    } else if (openai_str_is(type, "image_url")) {
        part = openai_build_part(b, m, "image");
        f = openai_get(v, "image_url");

        if (yyjson_is_str(f)) {
            yyjson_mut_obj_add_val(b->doc, part, "url", openai_mut_copy(b, f));
        }

        openai_mut_members(b, part, f, image);

    } else if (openai_str_is(type, "input_audio")) {
        part = openai_build_part(b, m, "audio");
        openai_mut_members(b, part, openai_get(v, "input_audio"), audio);

    } else if (openai_str_is(type, "file")) {
        part = openai_build_part(b, m, "file");
        openai_mut_members(b, part, openai_get(v, "file"), file);

    } else {
        openai_build_other(b, m, v);
    }
}


void
openai_chat_answer(openai_builder_t *b, yyjson_val *root)
{
    openai_str_t  name;

    name.data = "";
    name.len = 0;

    openai_chat_event(b, name, root);
}


void
openai_chat_event(openai_builder_t *b, openai_str_t name, yyjson_val *root)
{
    size_t            i, n;
    yyjson_val       *v, *delta;
    openai_str_t      finish;
    openai_result_t  *r;

    openai_build_failure(b, root);

    yyjson_arr_foreach(openai_get(root, "choices"), i, n, v) {

        r = openai_build_result(b, openai_get_int(v, "index", i));
        if (r == NULL) {
            return;
        }

        delta = openai_get(v, "delta");

        if (!openai_chat_says(delta)
            && yyjson_is_obj(openai_get(v, "message")))
        {
            /* the message repeats all deltas */

            delta = openai_get(v, "message");

            r->text.len = 0;
            r->reasoning.len = 0;
            r->refusal.len = 0;
            r->tools = NULL;
        }

        if (yyjson_is_obj(delta)) {
            openai_chat_delta(b, r, delta);

        } else {
            openai_buf_value(b, &r->text, openai_get(v, "text"));
        }

        finish = openai_get_str(v, "finish_reason");

        if (finish.len) {
            openai_buf_set(b, &r->finish, finish);
        }
    }
}


/* returns 1 if a delta has more than a role and empty members */

static int
openai_chat_says(yyjson_val *delta)
{
    size_t       i, n;
    yyjson_val  *key, *v;

    /* yyjson's loop adds to the NULL of a choice without a delta */

    if (delta == NULL) {
        return 0;
    }

    yyjson_obj_foreach(delta, i, n, key, v) {

        if (!yyjson_is_null(v) && !yyjson_equals_str(key, "role")
            && !(yyjson_is_str(v) && yyjson_get_len(v) == 0))
        {
            return 1;
        }
    }

    return 0;
}


static void
openai_chat_delta(openai_builder_t *b, openai_result_t *r, yyjson_val *delta)
{
    size_t          i, n;
    yyjson_val     *v, *text;
    openai_str_t    reasoning, empty;
    openai_tool_t  *t;

    openai_chat_content(b, r, openai_get(delta, "content"));

    reasoning = openai_chat_reasoning(delta);

    if (reasoning.len) {
        openai_buf_append(b, &r->reasoning, reasoning.data, reasoning.len);

    } else {
        yyjson_arr_foreach(openai_get(delta, "reasoning_details"), i, n, v) {
            text = openai_get(v, "text");
            openai_buf_value(b, &r->reasoning,
                             text ? text : openai_get(v, "summary"));
        }
    }

    openai_buf_value(b, &r->refusal, openai_get(delta, "refusal"));

    openai_chat_calls(b, r, openai_get(delta, "tool_calls"));

    v = openai_get(delta, "function_call");

    if (yyjson_is_obj(v)) {
        empty.data = "";
        empty.len = 0;

        t = openai_build_call(b, r, 0, empty, empty);

        if (t) {
            openai_buf_value(b, &t->name, openai_get(v, "name"));
            openai_buf_value(b, &t->arguments, openai_get(v, "arguments"));
        }
    }

    v = openai_get(delta, "audio");

    if (yyjson_is_obj(v)) {
        r->audio += openai_get_str(v, "data").len;
        openai_buf_value(b, &r->transcript, openai_get(v, "transcript"));
    }
}


/* returns the first reasoning, because several members repeat the same text */

static openai_str_t
openai_chat_reasoning(yyjson_val *message)
{
    unsigned      i;
    openai_str_t  reasoning;

    static const char *const  names[] = {
        "reasoning_content", "reasoning", "reasoning_text", "cot_summary"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        reasoning = openai_get_str(message, names[i]);

        if (reasoning.len) {
            break;
        }
    }

    return reasoning;
}


static void
openai_chat_content(openai_builder_t *b, openai_result_t *r,
    yyjson_val *content)
{
    size_t       i, n, k, kn;
    yyjson_val  *v, *t;

    if (!yyjson_is_arr(content)) {
        openai_buf_value(b, &r->text, content);
        return;
    }

    yyjson_arr_foreach(content, i, n, v) {

        openai_buf_value(b, &r->text, openai_get(v, "text"));

        yyjson_arr_foreach(openai_get(v, "thinking"), k, kn, t) {
            openai_buf_value(b, &r->reasoning, openai_get(t, "text"));
        }

        yyjson_arr_foreach(openai_get(v, "summary"), k, kn, t) {
            openai_buf_value(b, &r->reasoning, openai_get(t, "text"));
        }
    }
}


static void
openai_chat_calls(openai_builder_t *b, openai_result_t *r, yyjson_val *calls)
{
    size_t          i, n;
    yyjson_val     *v, *f, *arguments;
    openai_str_t    id, name;
    openai_tool_t  *t;

    yyjson_arr_foreach(calls, i, n, v) {

        f = openai_get(v, "function");
        f = yyjson_is_obj(f) ? f : openai_get(v, "custom");

        id = openai_get_str(v, "id");
        name = openai_get_str(f, "name");

        t = openai_build_call(b, r, openai_get_int(v, "index", -1), id, name);
        if (t == NULL) {
            return;
        }

        if (id.len) {
            openai_buf_set(b, &t->id, id);
        }

        if (name.len) {
            openai_buf_set(b, &t->name, name);
        }

        arguments = openai_get(f, "arguments");

        openai_buf_value(b, &t->arguments,
                         arguments ? arguments : openai_get(f, "input"));
    }
}


yyjson_val *
openai_chat_usage(yyjson_val *root)
{
    yyjson_val  *v;

    v = openai_get(root, "usage");

    if (!yyjson_is_obj(v)) {
        v = openai_get(openai_get(root, "x_groq"), "usage");
    }

    if (!yyjson_is_obj(v)) {
        v = openai_get(yyjson_arr_get_first(openai_get(root, "choices")),
                       "usage");
    }

    return v;
}
