
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of Assistants: threads and their runs.  The name of an event
 * says what it is.
 */


#include "digest/json/bytes.h"
#include "digest/json/json.h"
#include "digest/meter/meter.h"


static void openai_assistants_commit(openai_meter_t *m, openai_str_t name);

static void openai_assistants_conversation(openai_builder_t *b,
    yyjson_val *root);
static void openai_assistants_message(openai_builder_t *b,
    yyjson_val *message);
static void openai_assistants_answer(openai_builder_t *b, yyjson_val *root);
static void openai_assistants_event(openai_builder_t *b, openai_str_t name,
    yyjson_val *root);
static void openai_assistants_run(openai_builder_t *b, openai_result_t *r,
    yyjson_val *run);


static const openai_route_t  openai_assistants_routes[] = {
    openai_route_read("/assistants", "create_agent", "assistants", 0),
    openai_route("/assistants/*", "assistants"),
    openai_route("/threads", "threads"),
    openai_route("/threads/*", "threads"),
    openai_route_as("/threads/runs", "invoke_agent", OPENAI_ROUTE_POLLED),
    openai_route_read("/threads/*/runs", "invoke_agent", "fetch_response",
                      OPENAI_ROUTE_POLLED),
    openai_route_as("/threads/*/runs/*", "fetch_response",
                    OPENAI_ROUTE_POLLED),
    openai_route_as("/threads/*/runs/*/cancel", "fetch_response",
                    OPENAI_ROUTE_POLLED),
    openai_route("/threads/*/runs/*/steps", "fetch_response"),
    openai_route("/threads/*/runs/*/steps/*", "fetch_response"),
    openai_route_as("/threads/*/runs/*/submit_tool_outputs", "invoke_agent",
                    OPENAI_ROUTE_POLLED),
    openai_route("/threads/*/messages", "threads"),
    openai_route("/threads/*/messages/*", "threads"),
    openai_route_end
};


static const openai_node_t  openai_assistants_request_nodes[] = {
    OPENAI_REQUEST_NODES,
    openai_node("additional_messages", openai_take_count,
                openai_fact(messages)),
    openai_node("tools", openai_take_count, openai_fact(tools)),
    openai_node_end
};


static const openai_node_t  openai_assistants_text_nodes[] = {
    openai_node_text("value", openai_take_add, openai_at(event.delta)),
    openai_node_end
};


static const openai_node_t  openai_assistants_content_nodes[] = {
    openai_node_in("text", openai_assistants_text_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_assistants_delta_nodes[] = {
    openai_node_in("content", openai_assistants_content_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_assistants_function_nodes[] = {
    openai_node("name", openai_take_string, openai_at(event.call.name)),
    openai_node_end
};


static const openai_node_t  openai_assistants_call_nodes[] = {
    openai_node("id", openai_take_string, openai_at(event.call.id)),
    openai_node_in("function", openai_assistants_function_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_assistants_outputs_nodes[] = {
    openai_node_in("tool_calls", openai_assistants_call_nodes,
                   openai_take_call, 0),
    openai_node_end
};


static const openai_node_t  openai_assistants_action_nodes[] = {
    openai_node_in("submit_tool_outputs", openai_assistants_outputs_nodes,
                   NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_assistants_root_nodes[] = {
    openai_node("id", openai_take_string, openai_fact(response_id)),
    openai_node("object", openai_take_string, openai_at(event.type)),
    openai_node("thread_id", openai_take_session, 4),
    openai_node("model", openai_take_string, openai_fact(response_model)),
    openai_node("status", openai_take_string, openai_at(event.status)),
    openai_node_in("delta", openai_assistants_delta_nodes, NULL, 0),
    openai_node_in("usage", openai_usage_nodes, openai_take_usage, 0),
    openai_node_in("last_error", openai_error_nodes, openai_take_error, 0),
    openai_node_in("error", openai_error_nodes, openai_take_error, 0),
    openai_node_in("required_action", openai_assistants_action_nodes, NULL, 0),
    openai_node("message", openai_take_message_text, 0),
    openai_node("code", openai_take_string, openai_at(event.code)),
    openai_node_end
};


static const openai_node_t  openai_assistants_request =
    openai_node_root(openai_assistants_request_nodes, NULL);

static const openai_node_t  openai_assistants_root =
    openai_node_root(openai_assistants_root_nodes, NULL);


const openai_dialect_t  openai_dialect_assistants = {
    "assistants",
    NULL,
    openai_assistants_routes,
    &openai_assistants_request,
    &openai_assistants_root,
    &openai_assistants_root,
    openai_assistants_commit,
    openai_assistants_conversation,
    openai_assistants_answer,
    openai_assistants_event,
    NULL
};


static void
openai_assistants_commit(openai_meter_t *m, openai_str_t name)
{
    openai_event_t  *ev;

    ev = &m->event;

    if (strcmp(ev->type, "thread.message.delta") == 0) {
        ev->text = ev->delta;

    } else if (strcmp(ev->type, "thread.run.step.delta") == 0) {
        ev->other = 1;

    } else if (strcmp(ev->type, "thread.run") == 0) {

        if (strcmp(ev->status, "queued") != 0
            && strcmp(ev->status, "in_progress") != 0)
        {
            openai_meter_finish_reason(m, 0, ev->status);

        } else if (m->facts->framing == OPENAI_FRAMING_JSON) {
            m->facts->flags |= OPENAI_FACT_PENDING;
        }

    } else if (openai_is(name.data, name.len, "error")) {
        openai_meter_failure(m, "");
    }

    openai_meter_commit(m);
}


static void
openai_assistants_conversation(openai_builder_t *b, yyjson_val *root)
{
    size_t           i, n;
    yyjson_val      *v, *list;
    openai_str_t     role;
    yyjson_mut_val  *m;

    static const char *const  but[] = {
        "additional_messages", "messages", "tools", "instructions",
        "content", "role", "thread", "tool_outputs", NULL
    };

    openai_build_settings(b, root, but);
    openai_build_system(b, openai_get(root, "instructions"));

    yyjson_arr_foreach(openai_get(root, "tools"), i, n, v) {
        openai_build_definition(b, openai_get(openai_get(v, "function"),
                                              "name")
                                   ? openai_get(openai_get(v, "function"),
                                                "name")
                                   : openai_get(v, "type"),
                                openai_get(openai_get(v, "function"),
                                           "description"),
                                openai_get(openai_get(v, "function"),
                                           "parameters"));
    }

    if (openai_get_str(root, "role").len) {
        openai_assistants_message(b, root);
    }

    yyjson_arr_foreach(openai_get(root, "additional_messages"), i, n, v) {
        openai_assistants_message(b, v);
    }

    /* a new thread, and a new thread with a run */

    yyjson_arr_foreach(openai_get(root, "messages"), i, n, v) {
        openai_assistants_message(b, v);
    }

    list = openai_get(openai_get(root, "thread"), "messages");

    yyjson_arr_foreach(list, i, n, v) {
        openai_assistants_message(b, v);
    }

    role.data = "tool";
    role.len = 4;

    yyjson_arr_foreach(openai_get(root, "tool_outputs"), i, n, v) {
        static const char *const  names[] = { "tool_call_id", NULL };

        m = openai_build_message(b, role);
        openai_mut_members(b, m, v, names);
        openai_build_text(b, m, "text", openai_get(v, "output"));
    }
}


static void
openai_assistants_message(openai_builder_t *b, yyjson_val *message)
{
    size_t           i, n;
    yyjson_val      *v, *content;
    yyjson_mut_val  *m, *part;

    static const char *const  image[] = { "url", "file_id", "detail", NULL };

    m = openai_build_message(b, openai_get_str(message, "role"));
    content = openai_get(message, "content");

    openai_build_text(b, m, "text", content);

    yyjson_arr_foreach(content, i, n, v) {

        if (openai_get(v, "text")) {
            openai_build_text(b, m, "text", openai_get(v, "text"));

        } else if (openai_get(v, "image_url") || openai_get(v, "image_file")) {
            part = openai_build_part(b, m, "image");
            openai_mut_members(b, part, openai_get(v, "image_url"), image);
            openai_mut_members(b, part, openai_get(v, "image_file"), image);

        } else {
            openai_build_other(b, m, v);
        }
    }
}


static void
openai_assistants_answer(openai_builder_t *b, yyjson_val *root)
{
    openai_result_t  *r;

    openai_build_error(b, openai_get(root, "error"));

    if (openai_str_is(openai_get_str(root, "object"), "thread.run")) {

        r = openai_build_result(b, 0);

        if (r) {
            openai_assistants_run(b, r, root);
        }
    }
}


static void
openai_assistants_event(openai_builder_t *b, openai_str_t name,
    yyjson_val *root)
{
    size_t            i, n;
    yyjson_val       *v;
    openai_str_t      object;
    openai_result_t  *r;

    if (openai_str_is(name, "error")) {
        openai_build_error(b, openai_get(root, "error")
                              ? openai_get(root, "error") : root);
        return;
    }

    r = openai_build_result(b, 0);
    if (r == NULL) {
        return;
    }

    object = openai_get_str(root, "object");

    if (openai_str_is(object, "thread.message.delta")) {

        v = openai_get(openai_get(root, "delta"), "content");

        yyjson_arr_foreach(v, i, n, root) {
            openai_buf_value(b, &r->text,
                             openai_get(openai_get(root, "text"), "value"));
        }

    } else if (openai_str_is(object, "thread.run")) {
        openai_assistants_run(b, r, root);
    }
}


static void
openai_assistants_run(openai_builder_t *b, openai_result_t *r, yyjson_val *run)
{
    size_t          i, n;
    yyjson_val     *v, *f, *calls;
    openai_str_t    name, status;
    openai_tool_t  *t;

    openai_build_error(b, openai_get(run, "last_error"));

    status = openai_get_str(run, "status");

    if (!openai_str_is(status, "queued")
        && !openai_str_is(status, "in_progress"))
    {
        openai_buf_set(b, &r->finish, status);
    }

    calls = openai_get(openai_get(openai_get(run, "required_action"),
                                  "submit_tool_outputs"), "tool_calls");

    yyjson_arr_foreach(calls, i, n, v) {

        f = openai_get(v, "function");
        name = openai_get_str(f, "name");

        t = openai_build_call(b, r, i, openai_get_str(v, "id"), name);

        if (t) {
            openai_buf_set(b, &t->id, openai_get_str(v, "id"));
            openai_buf_set(b, &t->name, name);
            openai_buf_set(b, &t->arguments, openai_get_str(f, "arguments"));
        }
    }
}
