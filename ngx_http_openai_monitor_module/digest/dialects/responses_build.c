
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The Responses API for the assembler: builds the conversation and the answer.
 */


#include <string.h>

#include "digest/dialects/dialect.h"
#include "digest/json/json.h"


static void openai_responses_result(openai_builder_t *b, yyjson_val *item);
static void openai_responses_said(openai_builder_t *b, yyjson_val *item,
    openai_str_t type);
static void openai_responses_parts(openai_builder_t *b,
    yyjson_mut_val *message, yyjson_val *content);
static void openai_responses_piece_of(openai_builder_t *b, openai_result_t *r,
    openai_str_t type, yyjson_val *root);
static int openai_responses_is_argument(openai_str_t type);
static void openai_responses_final(openai_builder_t *b, openai_result_t *r,
    yyjson_val *response);
static void openai_responses_build(openai_builder_t *b, openai_result_t *r,
    yyjson_val *item);
static void openai_responses_call(openai_builder_t *b, openai_result_t *r,
    yyjson_val *item, int64_t index);


void
openai_responses_conversation(openai_builder_t *b, yyjson_val *root)
{
    size_t           i, n;
    yyjson_val      *v, *input;
    openai_str_t     role;

    static const char *const  but[] = {
        "input", "tools", "instructions", "type", NULL
    };

    openai_build_settings(b, root, but);

    /* each turn on a WebSocket repeats the settings that it changes */

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


/* adds the result of a tool */

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


/* adds what the model answered in an earlier turn */

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


void
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

    /* each response of a connection is a choice */

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


/* returns 1 for the deltas of arguments; unknown deltas are ignored */

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

        /* xAI does not name the item of a delta */

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


/* takes the status, and the output if no delta has come */

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

    /* a client that reads a stream from its middle lacks the beginning */

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


/* returns 1 if the upstream runs a call of this type, 0 if the client does */

static int
openai_responses_hosted(openai_str_t type)
{
    unsigned  i;

    static const char *const  types[] = {
        "web_search_call", "file_search_call", "code_interpreter_call",
        "image_generation_call", "mcp_call", "tool_search_call"
    };

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (type.len == strlen(types[i])
            && memcmp(type.data, types[i], type.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* the name and the arguments of a whole item replace those of its pieces */

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

    t->hosted = openai_responses_hosted(type);

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
