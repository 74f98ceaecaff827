
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of Ollama's own API: lines of JSON, or one document.
 */


#include "digest/json/bytes.h"
#include "digest/json/json.h"
#include "digest/meter/meter.h"


static void openai_ollama_commit(openai_meter_t *m, openai_str_t name);

static void openai_ollama_conversation(openai_builder_t *b, yyjson_val *root);
static void openai_ollama_message(openai_builder_t *b, yyjson_val *message);
static void openai_ollama_answer(openai_builder_t *b, yyjson_val *root);
static void openai_ollama_event(openai_builder_t *b, openai_str_t name,
    yyjson_val *root);
static yyjson_val *openai_ollama_usage(yyjson_val *root);


static const openai_route_t  openai_ollama_routes[] = {
    openai_route_as("/api/chat", "chat", OPENAI_ROUTE_STREAM),
    openai_route_as("/api/generate", "text_completion", OPENAI_ROUTE_STREAM),
    openai_route("/api/embed", "embeddings"),
    openai_route("/api/embeddings", "embeddings"),
    openai_route("/api/tags", "models"),
    openai_route("/api/show", "models"),
    openai_route("/api/pull", "models"),
    openai_route("/api/ps", "models"),
    openai_route_end
};


static const openai_node_t  openai_ollama_options_nodes[] = {
    openai_node("num_predict", openai_take_integer,
                openai_fact(max_tokens)),
    openai_node("temperature", openai_take_real, openai_fact(temperature)),
    openai_node_end
};


static const openai_node_t  openai_ollama_asked_nodes[] = {
    openai_node("role", openai_take_role, 0),
    openai_node("content", openai_take_said, 0),
    openai_node("images", openai_take_flag, OPENAI_FACT_IMAGE),
    openai_node_end
};


static const openai_node_t  openai_ollama_request_nodes[] = {
    openai_node("model", openai_take_string, openai_fact(model)),
    openai_node("stream", openai_take_bool, openai_fact(stream_asked)),
    openai_node_in("messages", openai_ollama_asked_nodes, openai_take_message,
                   openai_fact(messages)),
    openai_node("tools", openai_take_count, openai_fact(tools)),
    openai_node("images", openai_take_flag, OPENAI_FACT_IMAGE),
    openai_node("input", openai_take_count, openai_fact(messages)),
    openai_node_in("options", openai_ollama_options_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_ollama_function_nodes[] = {
    openai_node("name", openai_take_string, openai_at(event.call.name)),
    openai_node_end
};


static const openai_node_t  openai_ollama_call_nodes[] = {
    openai_node("id", openai_take_string, openai_at(event.call.id)),
    openai_node_in("function", openai_ollama_function_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_ollama_message_nodes[] = {
    openai_node_text("content", openai_take_size, openai_at(event.text)),
    openai_node_text("thinking", openai_take_size,
                     openai_at(event.reasoning)),
    openai_node_in("tool_calls", openai_ollama_call_nodes, openai_take_call,
                   0),
    openai_node_end
};


static const openai_node_t  openai_ollama_root_nodes[] = {
    openai_node("model", openai_take_string, openai_fact(response_model)),
    openai_node_in("message", openai_ollama_message_nodes, NULL, 0),
    openai_node_text("response", openai_take_size, openai_at(event.text)),
    openai_node_text("thinking", openai_take_size,
                     openai_at(event.reasoning)),
    openai_node("done", openai_take_bool, openai_at(event.flag)),
    openai_node("done_reason", openai_take_string, openai_at(event.reason)),
    openai_usage_node("prompt_eval_count", input),
    openai_usage_node("eval_count", output),
    openai_node("status", openai_take_string, openai_at(event.status)),
    openai_node_in("error", openai_error_nodes, openai_take_failure,
                   openai_fact(error_message)),
    openai_node_end
};


static const openai_node_t  openai_ollama_request =
    openai_node_root(openai_ollama_request_nodes, NULL);

static const openai_node_t  openai_ollama_root =
    openai_node_root(openai_ollama_root_nodes, NULL);


const openai_dialect_t  openai_dialect_ollama = {
    "ollama",
    "ollama",
    openai_ollama_routes,
    &openai_ollama_request,
    &openai_ollama_root,
    &openai_ollama_root,
    openai_ollama_commit,
    openai_ollama_conversation,
    openai_ollama_answer,
    openai_ollama_event,
    openai_ollama_usage
};


static void
openai_ollama_commit(openai_meter_t *m, openai_str_t name)
{
    openai_event_t  *ev;

    ev = &m->event;

    ev->other += ev->choice.other;

    if (ev->flag == 1) {
        m->facts->flags |= OPENAI_FACT_TERMINAL;

        if (ev->reason[0]) {
            openai_meter_finish_reason(m, 0, ev->reason);
        }

        openai_meter_usage(m);

    } else if (m->facts->framing == OPENAI_FRAMING_JSON) {

        /* embeddings have no end but themselves */

        openai_meter_usage(m);

    } else if (strcmp(ev->status, "success") == 0) {

        /* the download of a model has ended */

        m->facts->flags |= OPENAI_FACT_TERMINAL;
    }

    openai_meter_commit(m);
}


static void
openai_ollama_conversation(openai_builder_t *b, yyjson_val *root)
{
    size_t        i, n;
    yyjson_val   *v, *f;
    openai_str_t  role;

    static const char *const  but[] = {
        "messages", "tools", "system", "prompt", "images", "context", "input",
        NULL
    };

    openai_build_settings(b, root, but);
    openai_build_system(b, openai_get(root, "system"));

    yyjson_arr_foreach(openai_get(root, "tools"), i, n, v) {
        f = openai_get(v, "function");
        openai_build_definition(b, openai_get(f, "name"),
                                openai_get(f, "description"),
                                openai_get(f, "parameters"));
    }

    role.data = "user";
    role.len = 4;

    v = openai_get(root, "input");

    if (yyjson_is_str(v)) {
        openai_build_text(b, openai_build_message(b, role), "text", v);
    }

    yyjson_arr_foreach(openai_get(root, "input"), i, n, v) {
        openai_build_text(b, openai_build_message(b, role), "text", v);
    }

    if (openai_get(root, "prompt")) {
        openai_build_text(b, openai_build_message(b, role), "text",
                          openai_get(root, "prompt"));
    }

    yyjson_arr_foreach(openai_get(root, "messages"), i, n, v) {
        openai_ollama_message(b, v);
    }
}


static void
openai_ollama_message(openai_builder_t *b, yyjson_val *message)
{
    size_t           i, n;
    yyjson_val      *v, *f;
    openai_buf_t     buf;
    openai_str_t     role;
    yyjson_mut_val  *m, *part;

    static const char *const  names[] = { "tool_name", "tool_call_id", NULL };

    role = openai_get_str(message, "role");

    m = openai_build_message(b, role);
    openai_mut_members(b, m, message, names);

    openai_build_text(b, m, "reasoning", openai_get(message, "thinking"));
    openai_build_text(b, m, "text", openai_get(message, "content"));

    yyjson_arr_foreach(openai_get(message, "images"), i, n, v) {
        memset(&buf, 0, sizeof(openai_buf_t));

        openai_buf_append(b, &buf, "data:image/png;base64,", 22);
        openai_buf_value(b, &buf, v);

        part = openai_build_part(b, m, "image");
        yyjson_mut_obj_add_val(b->doc, part, "url", openai_mut_buf(b, &buf));

        openai_buf_free(b, &buf);
    }

    yyjson_arr_foreach(openai_get(message, "tool_calls"), i, n, v) {
        f = openai_get(v, "function");
        openai_build_asked(b, m, openai_get(v, "id"), openai_get(f, "name"),
                           openai_get(f, "arguments"));
    }

    if (openai_str_is(role, "system")) {
        openai_build_system(b, openai_get(message, "content"));
    }
}


static void
openai_ollama_answer(openai_builder_t *b, yyjson_val *root)
{
    openai_str_t  name;

    name.data = "";
    name.len = 0;

    openai_ollama_event(b, name, root);

    openai_build_embeddings(b, openai_get(root, "embeddings"));
}


static void
openai_ollama_event(openai_builder_t *b, openai_str_t name, yyjson_val *root)
{
    size_t            i, n;
    yyjson_val       *v, *f, *message;
    openai_str_t      reason, empty;
    openai_tool_t    *t;
    openai_result_t  *r;

    openai_build_error(b, openai_get(root, "error"));

    message = openai_get(root, "message");

    if (!yyjson_is_obj(message) && !openai_get(root, "response")) {
        return;
    }

    r = openai_build_result(b, 0);
    if (r == NULL) {
        return;
    }

    empty.data = "";
    empty.len = 0;

    openai_buf_value(b, &r->text, openai_get(message, "content"));
    openai_buf_value(b, &r->text, openai_get(root, "response"));
    openai_buf_value(b, &r->reasoning, openai_get(message, "thinking"));
    openai_buf_value(b, &r->reasoning, openai_get(root, "thinking"));

    yyjson_arr_foreach(openai_get(message, "tool_calls"), i, n, v) {

        f = openai_get(v, "function");
        t = openai_build_call(b, r, -1, empty, openai_get_str(f, "name"));
        if (t == NULL) {
            return;
        }

        openai_buf_value(b, &t->id, openai_get(v, "id"));
        openai_buf_set(b, &t->name, openai_get_str(f, "name"));
        openai_buf_value(b, &t->arguments, openai_get(f, "arguments"));
    }

    reason = openai_get_str(root, "done_reason");

    if (reason.len) {
        openai_buf_set(b, &r->finish, reason);
    }
}


/* the last line has the usage among its members */

static yyjson_val *
openai_ollama_usage(yyjson_val *root)
{
    return openai_get(root, "eval_count")
           || openai_get(root, "prompt_eval_count") ? root : NULL;
}
