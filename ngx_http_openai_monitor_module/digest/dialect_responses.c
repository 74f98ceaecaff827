
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The Responses API: whole, as a stream, and as frames of a WebSocket.
 */


#include "digest/openai_bytes.h"
#include "digest/openai_json.h"
#include "digest/openai_meter.h"


/* a connection may bring several responses, each with items from 0 */
#define OPENAI_RESPONSES_ITEMS  1000


static void openai_responses_item(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_responses_output(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_responses_beside(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_responses_metered_call(openai_meter_t *m, int64_t index);
static void openai_responses_delta(openai_event_t *ev);
static void openai_responses_terminal(openai_meter_t *m);

static void openai_responses_conversation(openai_builder_t *b,
    yyjson_val *root);
static void openai_responses_result(openai_builder_t *b, yyjson_val *item);
static void openai_responses_said(openai_builder_t *b, yyjson_val *item,
    openai_str_t type);
static void openai_responses_parts(openai_builder_t *b,
    yyjson_mut_val *message, yyjson_val *content);
static void openai_responses_answer(openai_builder_t *b, yyjson_val *root);
static void openai_responses_piece_of(openai_builder_t *b, openai_result_t *r,
    openai_str_t type, yyjson_val *root);
static int openai_responses_is_argument(openai_str_t type);
static void openai_responses_final(openai_builder_t *b, openai_result_t *r,
    yyjson_val *response);
static void openai_responses_build(openai_builder_t *b, openai_result_t *r,
    yyjson_val *item);
static void openai_responses_call(openai_builder_t *b, openai_result_t *r,
    yyjson_val *item, int64_t index);


static const openai_route_t  openai_responses_routes[] = {
    openai_route("/responses", "chat"),
    openai_route_as("/responses/*", "fetch_response", OPENAI_ROUTE_ARGS),
    openai_route("/responses/*/cancel", "fetch_response"),
    openai_route("/responses/*/input_items", "fetch_response"),
    openai_route("/responses/input_tokens", "count_tokens"),
    openai_route("/responses/compact", "chat"),
    openai_route_as("/openai/deployments/@/responses", "chat",
                    OPENAI_ROUTE_AZURE),
    openai_route_end
};


static const openai_node_t  openai_responses_input_nodes[] = {
    openai_node_in("content", openai_part_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_responses_thread_nodes[] = {
    openai_node("id", openai_take_session, 5),
    openai_node_end
};


static const openai_node_t  openai_responses_request_nodes[] = {
    OPENAI_REQUEST_NODES,
    openai_node_in("input", openai_responses_input_nodes, openai_take_count,
                   openai_at(facts.messages)),
    openai_node("tools", openai_take_count, openai_at(facts.tools)),
    openai_node_in("conversation", openai_responses_thread_nodes,
                   openai_take_session, 5),
    openai_node_end
};


static const openai_node_t  openai_responses_text_nodes[] = {
    openai_node_text("text", openai_take_add, openai_at(event.choice.parts)),
    openai_node_text("refusal", openai_take_add,
                     openai_at(event.choice.refusal)),
    openai_node_end
};


static const openai_node_t  openai_responses_summary_nodes[] = {
    openai_node_text("text", openai_take_add,
                     openai_at(event.choice.thinking)),
    openai_node_end
};


static const openai_node_t  openai_responses_item_nodes[] = {
    openai_node("type", openai_take_string, openai_at(event.item)),
    openai_node("name", openai_take_string, openai_at(event.call.name)),
    openai_node("call_id", openai_take_string, openai_at(event.call.id)),
    openai_node_end
};


static const openai_node_t  openai_responses_output_nodes[] = {
    openai_node("type", openai_take_string, openai_at(event.item)),
    openai_node("name", openai_take_string, openai_at(event.call.name)),
    openai_node("call_id", openai_take_string, openai_at(event.call.id)),
    openai_node_in("content", openai_responses_text_nodes, NULL, 0),
    openai_node_in("summary", openai_responses_summary_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_responses_reason_nodes[] = {
    openai_node("reason", openai_take_string, openai_at(event.reason)),
    openai_node_end
};


static const openai_node_t  openai_responses_answer_nodes[] = {
    OPENAI_ANSWER_NODES,
    openai_node("status", openai_take_string, openai_at(event.status)),
    openai_node_in("incomplete_details", openai_responses_reason_nodes, NULL,
                   0),
    openai_node_in("output", openai_responses_output_nodes,
                   openai_responses_output, 0),
    openai_node_end
};


static const openai_node_t  openai_responses_session_nodes[] = {
    openai_node("id", openai_take_session, 3),
    openai_node("model", openai_take_string, openai_at(facts.response_model)),
    openai_node_end
};


static const openai_node_t  openai_responses_event_nodes[] = {
    openai_node("type", openai_take_string, openai_at(event.type)),
    openai_node_text("delta", openai_take_size, openai_at(event.delta)),
    openai_node("output_index", openai_take_integer,
                openai_at(event.call.index)),
    openai_node_in("item", openai_responses_item_nodes,
                   openai_responses_item, 0),
    openai_node_in("response", openai_responses_answer_nodes, NULL, 0),
    openai_node_in("session", openai_responses_session_nodes, NULL, 0),
    openai_node_in("usage", openai_usage_nodes, openai_responses_beside, 0),
    openai_node_text("partial_image_b64", openai_take_size,
                     openai_at(event.other)),
    openai_node_in("error", openai_error_nodes, openai_take_error, 0),
    openai_node("code", openai_take_string, openai_at(event.code)),
    openai_node("message", openai_take_string, openai_at(event.message)),
    openai_node_end
};


static const openai_node_t  openai_responses_request =
    openai_node_root(openai_responses_request_nodes, NULL);

static const openai_node_t  openai_responses_whole =
    openai_node_root(openai_responses_answer_nodes, NULL);

const openai_node_t  openai_responses_piece =
    openai_node_root(openai_responses_event_nodes, NULL);


const openai_dialect_t  openai_dialect_responses = {
    "responses",
    NULL,
    openai_responses_routes,
    &openai_responses_request,
    &openai_responses_whole,
    &openai_responses_piece,
    openai_responses_commit,
    openai_responses_conversation,
    openai_responses_answer,
    openai_responses_event,
    openai_responses_usage
};


static void
openai_responses_item(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_OBJECT) {
        m->event.call.name[0] = '\0';
        m->event.item[0] = '\0';
    }
}


/* xAI's usage is beside the response; what is said when the type is known */

static void
openai_responses_beside(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_OBJECT) {
        openai_usage_init(&m->usage);

    } else if (value->type == OPENAI_SCAN_OBJECT_END) {
        m->event.flag = 1;
    }
}


/* an item of the whole output; the stream has said the same before */

static void
openai_responses_output(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_event_t   *ev;
    openai_meter_t   *m = ctx;
    openai_choice_t  *c;

    ev = &m->event;
    c = &ev->choice;

    if (value->type == OPENAI_SCAN_OBJECT) {
        openai_meter_choice_open(m, -1);
        ev->call.name[0] = '\0';
        ev->call.id[0] = '\0';
        ev->item[0] = '\0';

    } else if (value->type == OPENAI_SCAN_OBJECT_END) {

        openai_responses_metered_call(m, value->element);

        if (strcmp(ev->item, "reasoning") == 0) {
            ev->reasoning += c->parts + c->thinking;

        } else {
            ev->text += c->parts;
            ev->refusal += c->refusal;
        }

        openai_meter_choice_open(m, -1);
    }
}


/* tools that the upstream runs itself have no name but their type */

static void
openai_responses_metered_call(openai_meter_t *m, int64_t index)
{
    int             hosted;
    size_t          len;
    uint32_t        calls;
    openai_call_t  *call;

    call = &m->event.call;
    len = strlen(m->event.item);
    calls = m->facts.tool_calls;

    if (len < 5 || strcmp(m->event.item + len - 5, "_call") != 0) {
        return;
    }

    hosted = (call->name[0] == '\0');

    if (hosted) {
        openai_copy(call->name, sizeof(call->name), m->event.item, len);
    }

    /* the place in the whole output may be another than in the stream */

    call->index = call->id[0] ? -1
                              : index + OPENAI_RESPONSES_ITEMS * m->answers;

    openai_meter_call_close(m);

    /* a name that is told the first time is a token, as elsewhere */

    if (hosted || m->facts.tool_calls == calls) {
        m->event.choice.other = 0;
    }
}


void
openai_responses_commit(openai_meter_t *m, openai_str_t name)
{
    size_t           len;
    uint64_t         told;
    openai_event_t  *ev;

    ev = &m->event;

    if (m->facts.framing == OPENAI_FRAMING_JSON) {
        openai_responses_terminal(m);
        openai_meter_commit(m);
        return;
    }

    if (ev->type[0] == '\0') {
        openai_copy(ev->type, sizeof(ev->type), name.data, name.len);
    }

    /* what the user said, written down by another model at its own price */

    if (strncmp(ev->type, "conversation.", 13) == 0) {
        return;
    }

    if (ev->flag == 1) {
        openai_meter_usage(m);
    }

    len = strlen(ev->type);

    if (len > 6 && strcmp(ev->type + len - 6, ".delta") == 0) {
        openai_responses_delta(ev);

    } else if (strncmp(ev->type, "response.output_item.", 21) == 0) {
        openai_responses_metered_call(m, ev->call.index);
        ev->other = ev->choice.other;

    } else if (strcmp(ev->type, "error") == 0) {
        openai_meter_failure(m, "");

    } else if (strcmp(ev->type, "response.completed") == 0
               || strcmp(ev->type, "response.done") == 0
               || strcmp(ev->type, "response.failed") == 0
               || strcmp(ev->type, "response.incomplete") == 0
               || strcmp(ev->type, "response.cancelled") == 0)
    {
        m->facts.flags |= OPENAI_FACT_TERMINAL;
        openai_responses_terminal(m);

        /* what it repeats counts where nothing came before it */

        told = m->facts.text_bytes + m->facts.reasoning_bytes;

        if (told > m->told) {
            ev->text = 0;
            ev->reasoning = 0;
            ev->refusal = 0;
        }

        m->told = told;
        m->answers++;
        openai_meter_answered(m);
    }

    openai_meter_commit(m);
}


static void
openai_responses_delta(openai_event_t *ev)
{
    if (strcmp(ev->type, "response.output_text.delta") == 0
        || strcmp(ev->type, "response.text.delta") == 0
        || strcmp(ev->type, "response.output_audio_transcript.delta") == 0
        || strcmp(ev->type, "response.audio_transcript.delta") == 0
        || strcmp(ev->type, "response.audio.transcript.delta") == 0)
    {
        ev->text = ev->delta;

    } else if (strcmp(ev->type, "response.refusal.delta") == 0) {
        ev->refusal = ev->delta;

    } else if (strcmp(ev->type, "response.reasoning_text.delta") == 0
               || strcmp(ev->type, "response.reasoning_summary_text.delta")
                  == 0)
    {
        ev->reasoning = ev->delta;

    } else {
        ev->other = ev->delta;
    }
}


static void
openai_responses_terminal(openai_meter_t *m)
{
    char             finish[80];
    openai_event_t  *ev;

    ev = &m->event;

    /* of a response in the background */

    if (ev->status[0] == '\0' || strcmp(ev->status, "queued") == 0
        || strcmp(ev->status, "in_progress") == 0)
    {
        return;
    }

    openai_copy(finish, sizeof(finish), ev->status, strlen(ev->status));

    if (ev->reason[0]) {
        openai_copy(finish + strlen(finish), sizeof(finish) - strlen(finish),
                    ":", 1);
        openai_copy(finish + strlen(finish), sizeof(finish) - strlen(finish),
                    ev->reason, strlen(ev->reason));
    }

    openai_copy(m->facts.finish_reason, sizeof(m->facts.finish_reason),
                finish, strlen(finish));
}


static void
openai_responses_conversation(openai_builder_t *b, yyjson_val *root)
{
    size_t           i, n;
    yyjson_val      *v, *input;
    openai_str_t     role;

    static const char *const  but[] = {
        "input", "tools", "instructions", "type", NULL
    };

    openai_build_settings(b, root, but);

    /* each turn on a WebSocket says anew what it changes */

    if (openai_get(root, "instructions")) {
        b->system.len = 0;
        openai_build_system(b, openai_get(root, "instructions"));
    }

    if (openai_get(root, "tools")) {
        b->tools = NULL;
    }

    yyjson_arr_foreach(openai_get(root, "tools"), i, n, v) {
        openai_build_definition(b, openai_get(v, "name")
                                   ? openai_get(v, "name")
                                   : openai_get(v, "type"),
                                openai_get(v, "description"),
                                openai_get(v, "parameters"));
    }

    input = openai_get(root, "input");

    if (yyjson_is_str(input)) {
        role.data = "user";
        role.len = 4;
        openai_build_text(b, openai_build_message(b, role), "text", input);
    }

    yyjson_arr_foreach(input, i, n, v) {
        openai_responses_input(b, v);
    }
}


void
openai_responses_input(openai_builder_t *b, yyjson_val *item)
{
    size_t        i, n;
    yyjson_val   *v, *content;
    openai_str_t  type, role;

    type = openai_get_str(item, "type");
    role = openai_get_str(item, "role");

    if (role.len) {
        content = openai_get(item, "content");
        openai_responses_parts(b, openai_build_message(b, role), content);

        if (openai_str_is(role, "system") || openai_str_is(role, "developer")) {
            openai_build_system(b, content);

            yyjson_arr_foreach(content, i, n, v) {
                openai_build_system(b, openai_get(v, "text"));
            }
        }

    } else if (type.len > 7
               && memcmp(type.data + type.len - 7, "_output", 7) == 0)
    {
        openai_responses_result(b, item);

    } else {
        openai_responses_said(b, item, type);
    }
}


/* what a tool gave back */

static void
openai_responses_result(openai_builder_t *b, yyjson_val *item)
{
    yyjson_val      *v;
    openai_str_t     role;
    yyjson_mut_val  *m;

    role.data = "tool";
    role.len = 4;

    m = openai_build_message(b, role);
    v = openai_get(item, "call_id");

    if (v) {
        yyjson_mut_obj_add_val(b->doc, m, "tool_call_id",
                               openai_mut_copy(b, v));
    }

    v = openai_get(item, "output");

    if (yyjson_is_str(v) || yyjson_is_arr(v)) {
        openai_responses_parts(b, m, v);

    } else {
        openai_build_other(b, m, item);
    }
}


/* what the model gave in an earlier turn */

static void
openai_responses_said(openai_builder_t *b, yyjson_val *item, openai_str_t type)
{
    size_t           i, n;
    yyjson_val      *v;
    openai_str_t     role;
    yyjson_mut_val  *m;

    role.data = "assistant";
    role.len = 9;

    m = openai_build_message(b, role);

    if (openai_str_is(type, "reasoning")) {

        yyjson_arr_foreach(openai_get(item, "summary"), i, n, v) {
            openai_build_text(b, m, "reasoning", openai_get(v, "text"));
        }

        yyjson_arr_foreach(openai_get(item, "content"), i, n, v) {
            openai_build_text(b, m, "reasoning", openai_get(v, "text"));
        }

    } else if (openai_str_is(type, "function_call")
               || openai_str_is(type, "custom_tool_call"))
    {
        v = openai_get(item, "arguments");

        openai_build_asked(b, m, openai_get(item, "call_id"),
                           openai_get(item, "name"),
                           v ? v : openai_get(item, "input"));

    } else {
        openai_build_other(b, m, item);
    }
}


static void
openai_responses_parts(openai_builder_t *b, yyjson_mut_val *message,
    yyjson_val *content)
{
    size_t           i, n;
    yyjson_val      *v;
    openai_str_t     type;
    yyjson_mut_val  *part;

    static const char *const  image[] = { "detail", "file_id", NULL };
    static const char *const  file[] = {
        "filename", "file_id", "file_data", "file_url", NULL
    };

    openai_build_text(b, message, "text", content);

    yyjson_arr_foreach(content, i, n, v) {

        type = openai_get_str(v, "type");

        if (openai_str_is(type, "input_text")
            || openai_str_is(type, "output_text")
            || openai_str_is(type, "text"))
        {
            openai_build_text(b, message, "text", openai_get(v, "text"));

        } else if (openai_str_is(type, "refusal")) {
            openai_build_text(b, message, "refusal", openai_get(v, "refusal"));

        } else if (openai_str_is(type, "input_image")) {
            part = openai_build_part(b, message, "image");

            if (yyjson_is_str(openai_get(v, "image_url"))) {
                yyjson_mut_obj_add_val(b->doc, part, "url",
                            openai_mut_copy(b, openai_get(v, "image_url")));
            }

            openai_mut_members(b, part, v, image);

        } else if (openai_str_is(type, "input_file")) {
            part = openai_build_part(b, message, "file");
            openai_mut_members(b, part, v, file);

        } else {
            openai_build_other(b, message, v);
        }
    }
}


static void
openai_responses_answer(openai_builder_t *b, yyjson_val *root)
{
    openai_result_t  *r;

    openai_build_error(b, openai_get(root, "error"));

    if (!yyjson_is_arr(openai_get(root, "output"))) {
        return;
    }

    r = openai_build_result(b, 0);

    if (r) {
        openai_responses_final(b, r, root);
    }
}


void
openai_responses_event(openai_builder_t *b, openai_str_t name,
    yyjson_val *root)
{
    yyjson_val       *v;
    openai_str_t      type;
    openai_result_t  *r;

    type = openai_get_str(root, "type");
    type = type.len ? type : name;

    openai_build_error(b, openai_get(root, "error"));

    if (openai_str_is(type, "error") && openai_get(root, "message")) {
        openai_build_error(b, root);
    }

    if (type.len < 9 || memcmp(type.data, "response.", 9) != 0) {
        return;
    }

    /* each of several responses on one connection is a choice of its own */

    r = openai_build_result(b, b->state / OPENAI_RESPONSES_ITEMS);
    if (r == NULL) {
        return;
    }

    v = openai_get(root, "response");

    if (yyjson_is_obj(v) && !openai_str_is(type, "response.created")
        && !openai_str_is(type, "response.in_progress")
        && !openai_str_is(type, "response.queued"))
    {
        openai_build_error(b, openai_get(v, "error"));
        openai_responses_final(b, r, v);
        return;
    }

    if (openai_str_is(type, "response.output_item.added")
        || openai_str_is(type, "response.output_item.done"))
    {
        openai_responses_call(b, r, openai_get(root, "item"),
                              b->state
                              + openai_get_int(root, "output_index", 0));
        return;
    }

    openai_responses_piece_of(b, r, type, root);
}


/* pieces of what a tool is called with; others may come, and are let alone */

static int
openai_responses_is_argument(openai_str_t type)
{
    size_t  i;

    static const char  call[] = "_call_", result[] = "_call_output";

    for (i = 0; i + sizeof(call) <= type.len; i++) {
        if (memcmp(type.data + i, call, sizeof(call) - 1) == 0) {
            return i + sizeof(result) > type.len
                   || memcmp(type.data + i, result, sizeof(result) - 1) != 0;
        }
    }

    return 0;
}


static void
openai_responses_piece_of(openai_builder_t *b, openai_result_t *r,
    openai_str_t type, yyjson_val *root)
{
    openai_str_t    delta;
    openai_tool_t  *t;

    delta = openai_get_str(root, "delta");

    if (delta.len == 0) {
        return;
    }

    if (openai_str_is(type, "response.output_text.delta")
        || openai_str_is(type, "response.text.delta")
        || openai_str_is(type, "response.output_audio_transcript.delta")
        || openai_str_is(type, "response.audio_transcript.delta")
        || openai_str_is(type, "response.audio.transcript.delta"))
    {
        openai_buf_append(b, &r->text, delta.data, delta.len);

    } else if (openai_str_is(type, "response.refusal.delta")) {
        openai_buf_append(b, &r->refusal, delta.data, delta.len);

    } else if (openai_str_is(type, "response.reasoning_text.delta")
               || openai_str_is(type, "response.reasoning_summary_text.delta"))
    {
        openai_buf_append(b, &r->reasoning, delta.data, delta.len);

    } else if (openai_str_is(type, "response.audio.delta")
               || openai_str_is(type, "response.output_audio.delta"))
    {
        r->audio += delta.len;

    } else if (openai_responses_is_argument(type)) {

        /* xAI does not say to which item a delta belongs */

        t = openai_get(root, "output_index") ? NULL : r->tools;

        while (t && t->next) {
            t = t->next;
        }

        t = t ? t : openai_build_tool(b, r, b->state
                               + openai_get_int(root, "output_index", 0));

        if (t) {
            openai_buf_append(b, &t->arguments, delta.data, delta.len);
        }
    }
}


/* the last word on status; on the output only where no delta came */

static void
openai_responses_final(openai_builder_t *b, openai_result_t *r,
    yyjson_val *response)
{
    int           told;
    size_t        i, n;
    yyjson_val   *v;
    openai_str_t  status, reason;

    status = openai_get_str(response, "status");
    reason = openai_get_str(openai_get(response, "incomplete_details"),
                            "reason");

    if (status.len && !openai_str_is(status, "queued")
        && !openai_str_is(status, "in_progress"))
    {
        openai_buf_set(b, &r->finish, status);
    }

    if (reason.len) {
        openai_buf_append(b, &r->finish, ":", 1);
        openai_buf_append(b, &r->finish, reason.data, reason.len);
    }

    told = (r->text.len || r->reasoning.len || r->refusal.len);

    /* who reads a stream from its middle on has missed some of it */

    if (told && b->ex->status != 101 && openai_str_is(b->ex->method, "GET")
        && yyjson_arr_size(openai_get(response, "output")))
    {
        r->text.len = 0;
        r->reasoning.len = 0;
        r->refusal.len = 0;
        told = 0;
    }

    yyjson_arr_foreach(openai_get(response, "output"), i, n, v) {

        if (!told) {
            openai_responses_build(b, r, v);
        }

        openai_responses_call(b, r, v, b->state + i);
    }

    b->state += OPENAI_RESPONSES_ITEMS;
}


static void
openai_responses_build(openai_builder_t *b, openai_result_t *r,
    yyjson_val *item)
{
    size_t         i, n;
    yyjson_val    *v;
    openai_buf_t  *buf;

    buf = openai_str_is(openai_get_str(item, "type"), "reasoning")
          ? &r->reasoning : &r->text;

    yyjson_arr_foreach(openai_get(item, "summary"), i, n, v) {
        openai_buf_value(b, &r->reasoning, openai_get(v, "text"));
    }

    yyjson_arr_foreach(openai_get(item, "content"), i, n, v) {
        openai_buf_value(b, buf, openai_get(v, "text"));
        openai_buf_value(b, &r->refusal, openai_get(v, "refusal"));
        openai_buf_value(b, &r->text, openai_get(v, "transcript"));
    }
}


/* an item that is whole is the authority on its name and its arguments */

static void
openai_responses_call(openai_builder_t *b, openai_result_t *r,
    yyjson_val *item, int64_t index)
{
    size_t          i;
    yyjson_val     *v;
    openai_str_t    type, name, id, none;
    openai_tool_t  *t;

    static const char *const  arguments[] = {
        "arguments", "input", "code", "action", "operation", "queries"
    };

    none.data = "";
    none.len = 0;
    type = openai_get_str(item, "type");

    if (type.len < 5 || memcmp(type.data + type.len - 5, "_call", 5) != 0) {
        return;
    }

    name = openai_get_str(item, "name");
    id = openai_get_str(item, "call_id");

    for (t = r->tools; t; t = t->next) {
        if (id.len && t->id.len == id.len
            && memcmp(t->id.data, id.data, id.len) == 0)
        {
            break;
        }
    }

    t = t ? t : openai_build_tool(b, r, index);
    if (t == NULL) {
        return;
    }

    id = id.len ? id : openai_get_str(item, "id");

    t->hosted = (name.len == 0);

    openai_buf_set(b, &t->name, name.len ? name : type);

    if (id.len) {
        openai_buf_set(b, &t->id, id);
    }

    for (i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {

        v = openai_get(item, arguments[i]);

        if (v && !yyjson_is_null(v)
            && !(yyjson_is_str(v) && yyjson_get_len(v) == 0))
        {
            t->arguments.len = 0;
            openai_buf_value(b, &t->arguments, v);
            break;
        }
    }

    if (openai_str_is(type, "image_generation_call")
        && openai_get_str(item, "result").len && r->images == NULL)
    {
        (void) openai_build_image(b, r, none, none,
                                  openai_get_str(item, "result"));
    }
}


yyjson_val *
openai_responses_usage(yyjson_val *root)
{
    yyjson_val  *v;

    v = openai_get(root, "usage");

    return v ? v : openai_get(openai_get(root, "response"), "usage");
}
