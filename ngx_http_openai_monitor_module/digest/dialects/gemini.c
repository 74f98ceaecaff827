
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of Gemini, at Google AI and Vertex AI.  A stream is events or
 * one array.
 */


#include "digest/json/bytes.h"
#include "digest/json/json.h"
#include "digest/meter/meter.h"


static void openai_gemini_candidate(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_gemini_part(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_gemini_call(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_gemini_code(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_gemini_usage(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_gemini_blocked(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_gemini_tool(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_gemini_declared(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_gemini_modality(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_gemini_media(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_gemini_commit(openai_meter_t *m, openai_str_t name);

static void openai_gemini_conversation(openai_builder_t *b, yyjson_val *root);
static void openai_gemini_defined(openai_builder_t *b, yyjson_val *tool);
static void openai_gemini_content(openai_builder_t *b, yyjson_val *content);
static yyjson_val *openai_gemini_get(yyjson_val *v, const char *name,
    const char *other);
static void openai_gemini_attached(openai_builder_t *b, yyjson_mut_val *m,
    yyjson_val *f);
static void openai_gemini_answer(openai_builder_t *b, yyjson_val *root);
static void openai_gemini_event(openai_builder_t *b, openai_str_t name,
    yyjson_val *root);
static void openai_gemini_piece(openai_builder_t *b, openai_result_t *r,
    yyjson_val *part);
static int openai_gemini_thought(openai_builder_t *b, openai_result_t *r,
    yyjson_val *part);
static void openai_gemini_ran(openai_builder_t *b, openai_result_t *r,
    yyjson_val *code);
static void openai_gemini_called(openai_builder_t *b, openai_result_t *r,
    yyjson_val *call);
static void openai_gemini_argument(openai_builder_t *b, openai_tool_t *t,
    yyjson_val *argument);
static yyjson_val *openai_gemini_inner(yyjson_val *root);
static yyjson_val *openai_gemini_usage_raw(yyjson_val *root);


#define OPENAI_GEMINI_CODE    "code_execution"
#define OPENAI_GEMINI_VERTEX  "/publishers/google/models/@:"

static const openai_route_t  openai_gemini_routes[] = {
    openai_route("/models/@:generateContent", "generate_content"),
    openai_route_as("/models/@:streamGenerateContent", "generate_content",
                    OPENAI_ROUTE_STREAM),
    openai_route("/models/@:countTokens", "count_tokens"),
    openai_route("/models/@:embedContent", "embeddings"),
    openai_route("/models/@:batchEmbedContents", "embeddings"),
    openai_route("/models/@:predict", "generate_content"),
    openai_route("/v1internal:generateContent", "generate_content"),
    openai_route_as("/v1internal:streamGenerateContent", "generate_content",
                    OPENAI_ROUTE_STREAM),
    openai_route("/v1internal:countTokens", "count_tokens"),
    openai_route("/models/@:predictLongRunning", "generate_content"),
    openai_route_as(OPENAI_GEMINI_VERTEX "generateContent",
                    "generate_content", OPENAI_ROUTE_VERTEX),
    openai_route_as(OPENAI_GEMINI_VERTEX "streamGenerateContent",
                    "generate_content",
                    OPENAI_ROUTE_VERTEX|OPENAI_ROUTE_STREAM),
    openai_route_as(OPENAI_GEMINI_VERTEX "countTokens", "count_tokens",
                    OPENAI_ROUTE_VERTEX),
    openai_route_as(OPENAI_GEMINI_VERTEX "embedContent", "embeddings",
                    OPENAI_ROUTE_VERTEX),
    openai_route_as(OPENAI_GEMINI_VERTEX "predict", "generate_content",
                    OPENAI_ROUTE_VERTEX),
    openai_route_as(OPENAI_GEMINI_VERTEX "predictLongRunning",
                    "generate_content", OPENAI_ROUTE_VERTEX),
    openai_route_end
};


static const openai_node_t  openai_gemini_data_nodes[] = {
    openai_node("mimeType", openai_gemini_media, 0),
    openai_node("mime_type", openai_gemini_media, 0),
    openai_node_end
};


static const openai_node_t  openai_gemini_asked_nodes[] = {
    openai_node("text", openai_take_said, 0),
    openai_node_in("inlineData", openai_gemini_data_nodes, NULL, 0),
    openai_node_in("inline_data", openai_gemini_data_nodes, NULL, 0),
    openai_node_in("fileData", openai_gemini_data_nodes, NULL, 0),
    openai_node_in("file_data", openai_gemini_data_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_gemini_contents_nodes[] = {
    openai_node("role", openai_take_role, 0),
    openai_node_in("parts", openai_gemini_asked_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_gemini_config_nodes[] = {
    openai_node("maxOutputTokens", openai_take_integer,
                openai_fact(max_tokens)),
    openai_node("temperature", openai_take_real, openai_fact(temperature)),
    openai_node("candidateCount", openai_take_number,
                openai_fact(choices)),
    openai_node_end
};


static const openai_node_t  openai_gemini_tools_nodes[] = {
    openai_node("functionDeclarations", openai_gemini_declared, 0),
    openai_node("function_declarations", openai_gemini_declared, 0),
    openai_node_end
};


#define OPENAI_GEMINI_REQUEST_NODES                                           \
    openai_node("model", openai_take_string, openai_fact(model)),             \
    openai_node_in("contents", openai_gemini_contents_nodes,                  \
                   openai_take_message, openai_fact(messages)),               \
    openai_node_in("tools", openai_gemini_tools_nodes, openai_gemini_tool,    \
                   0),                                                        \
    openai_node_in("generationConfig", openai_gemini_config_nodes, NULL, 0),  \
    openai_node_in("generation_config", openai_gemini_config_nodes, NULL, 0), \
    openai_node("session_id", openai_take_session, 6)


/* Gemini CLI's internal API wraps the request and the answer into an object */

static const openai_node_t  openai_gemini_inner_request_nodes[] = {
    OPENAI_GEMINI_REQUEST_NODES,
    openai_node_end
};


static const openai_node_t  openai_gemini_request_nodes[] = {
    OPENAI_GEMINI_REQUEST_NODES,
    openai_node_in("request", openai_gemini_inner_request_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_gemini_call_nodes[] = {
    openai_node("name", openai_take_string, openai_at(event.call.name)),
    openai_node("id", openai_take_string, openai_at(event.call.id)),
    openai_node_end
};


static const openai_node_t  openai_gemini_inline_nodes[] = {
    openai_node_text("data", openai_take_size, openai_at(event.choice.other)),
    openai_node_end
};


static const openai_node_t  openai_gemini_code_nodes[] = {
    openai_node_text("code", openai_take_size,
                     openai_at(event.call.arguments)),
    openai_node_end
};


static const openai_node_t  openai_gemini_part_nodes[] = {
    openai_node_text("text", openai_take_size, openai_at(event.choice.text)),
    openai_node("thought", openai_take_bool, openai_at(event.flag)),
    openai_node_in("executableCode", openai_gemini_code_nodes,
                   openai_gemini_code, 0),
    openai_node_in("functionCall", openai_gemini_call_nodes,
                   openai_gemini_call, 0),
    openai_node_in("inlineData", openai_gemini_inline_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_gemini_content_nodes[] = {
    openai_node_in("parts", openai_gemini_part_nodes, openai_gemini_part, 0),
    openai_node_end
};


/* Google bills a search by the query or by the prompt, depending on the model,
   and gives some for nothing */

static const openai_node_t  openai_gemini_grounding_nodes[] = {
    openai_node("webSearchQueries", openai_take_partial, OPENAI_FACT_FEES),
    openai_node("groundingChunks", openai_take_partial, OPENAI_FACT_FEES),
    openai_node_end
};


static const openai_node_t  openai_gemini_candidate_nodes[] = {
    openai_node("index", openai_take_integer, openai_at(event.choice.index)),
    openai_node_in("content", openai_gemini_content_nodes, NULL, 0),
    openai_node("finishReason", openai_take_string,
                openai_at(event.choice.finish)),
    openai_node_in("groundingMetadata", openai_gemini_grounding_nodes, NULL,
                   0),
    openai_node_end
};


/* elements {modality, tokenCount} */

static const openai_node_t  openai_gemini_modality_nodes[] = {
    openai_node("modality", openai_take_string, openai_at(event.status)),
    openai_node("tokenCount", openai_take_integer,
                openai_at(event.call.index)),
    openai_node_end
};


static const openai_node_t  openai_gemini_usage_nodes[] = {
    openai_usage_node("promptTokenCount", input),
    openai_node("toolUsePromptTokenCount", openai_take_integer,
                openai_at(tool_input)),
    openai_usage_node("candidatesTokenCount", output),
    openai_usage_node("thoughtsTokenCount", reasoning),
    openai_usage_node("cachedContentTokenCount", cached),
    openai_usage_node("totalTokenCount", total),
    openai_node_in("promptTokensDetails", openai_gemini_modality_nodes,
                   openai_gemini_modality,
                   offsetof(openai_usage_t, input_audio)),
    openai_node_in("candidatesTokensDetails", openai_gemini_modality_nodes,
                   openai_gemini_modality,
                   offsetof(openai_usage_t, output_audio)),
    openai_node("serviceTier", openai_take_string,
                openai_fact(service_tier)),
    openai_node_end
};


static const openai_node_t  openai_gemini_feedback_nodes[] = {
    openai_node("blockReason", openai_gemini_blocked, 0),
    openai_node_end
};


#define OPENAI_GEMINI_ANSWER_NODES                                            \
    openai_node_in("candidates", openai_gemini_candidate_nodes,               \
                   openai_gemini_candidate, 0),                               \
    openai_node_in("usageMetadata", openai_gemini_usage_nodes,                \
                   openai_gemini_usage, 0),                                   \
    openai_node("modelVersion", openai_take_string,                           \
                openai_fact(response_model)),                                 \
    openai_node("responseId", openai_take_string,                             \
                openai_fact(response_id)),                                    \
    openai_node_in("promptFeedback", openai_gemini_feedback_nodes, NULL, 0),  \
    openai_node_in("error", openai_error_nodes, openai_take_error, 0)


static const openai_node_t  openai_gemini_inner_nodes[] = {
    OPENAI_GEMINI_ANSWER_NODES,
    openai_node_end
};


static const openai_node_t  openai_gemini_root_nodes[] = {
    OPENAI_GEMINI_ANSWER_NODES,
    openai_node_in("response", openai_gemini_inner_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_gemini_request =
    openai_node_root(openai_gemini_request_nodes, NULL);

static const openai_node_t  openai_gemini_root =
    openai_node_root(openai_gemini_root_nodes, openai_take_element);


const openai_dialect_t  openai_dialect_gemini = {
    "gemini",
    "gcp.gemini",
    openai_gemini_routes,
    &openai_gemini_request,
    &openai_gemini_root,
    &openai_gemini_root,
    openai_gemini_commit,
    openai_gemini_conversation,
    openai_gemini_answer,
    openai_gemini_event,
    openai_gemini_usage_raw
};


static void
openai_gemini_media(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type != OPENAI_SCAN_STRING) {
        return;
    }

    if (value->str.len > 6 && memcmp(value->str.data, "image/", 6) == 0) {
        m->facts->flags |= OPENAI_FACT_IMAGE;

    } else if (value->str.len > 6
               && memcmp(value->str.data, "audio/", 6) == 0)
    {
        m->facts->flags |= OPENAI_FACT_AUDIO;

    } else {
        m->facts->flags |= OPENAI_FACT_FILE;
    }
}


/* a tool is a list of functions, or a tool that the upstream runs */

static void
openai_gemini_tool(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_ARRAY) {
        m->facts->tools = 0;

    } else if (value->type == OPENAI_SCAN_OBJECT && m->facts->tools >= 0) {
        m->facts->tools++;
    }
}


static void
openai_gemini_declared(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_OBJECT && value->element > 0
        && m->facts->tools >= 0)
    {
        m->facts->tools++;
    }
}


static void
openai_gemini_modality(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;
    openai_event_t  *ev;

    ev = &m->event;

    if (value->type == OPENAI_SCAN_OBJECT_END && ev->call.index > 0) {

        if (strcmp(ev->status, "AUDIO") == 0) {
            openai_count((int64_t *) ((char *) &m->usage + node->arg),
                         ev->call.index);

        } else if (strcmp(ev->status, "IMAGE") == 0
                   && node->arg == offsetof(openai_usage_t, output_audio))
        {
            /* an image in the answer has its own rate */
            m->facts->flags |= OPENAI_FACT_IMAGE_OUT;
        }
    }

    ev->status[0] = '\0';
    ev->call.index = -1;
}


static void
openai_gemini_candidate(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_OBJECT) {
        openai_meter_choice_open(m, value->element);

    } else if (value->type == OPENAI_SCAN_OBJECT_END) {
        openai_meter_choice_close(m);
    }
}


/* a flag beside the text tells reasoning from the answer */

static void
openai_gemini_part(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t   *m = ctx;
    openai_choice_t  *c;

    c = &m->event.choice;

    if (value->type == OPENAI_SCAN_OBJECT) {
        m->event.flag = 0;
        c->text = 0;

    } else if (value->type == OPENAI_SCAN_OBJECT_END) {

        if (m->event.flag == 1) {
            c->thinking += c->text;

        } else {
            c->parts += c->text;
        }

        c->text = 0;
    }
}


static void
openai_gemini_call(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_OBJECT) {
        openai_meter_call_open(m, -1);

    } else if (value->type == OPENAI_SCAN_OBJECT_END) {
        m->event.choice.other++;
        openai_meter_call_close(m);
    }
}


/* code that the upstream runs; it comes whole */

static void
openai_gemini_code(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_OBJECT_END) {
        m->event.choice.other += m->event.call.arguments;
        m->event.call.arguments = 0;
        openai_meter_tool(m, OPENAI_GEMINI_CODE);
    }
}


/* adds the thoughts to the output, because they are billed as output */

static void
openai_gemini_usage(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;
    openai_usage_t  *u;

    u = &m->usage;

    if (value->type == OPENAI_SCAN_OBJECT) {
        openai_meter_usage_open(m);

    } else if (value->type == OPENAI_SCAN_OBJECT_END
               && (u->input >= 0 || u->output >= 0))
    {
        m->facts->usage = *u;

        if (m->tool_input > 0) {
            m->facts->usage.input = m->tool_input
                                    + (u->input > 0 ? u->input : 0);
        }

        if (u->reasoning > 0) {
            m->facts->usage.output = u->reasoning
                                    + (u->output > 0 ? u->output : 0);
        }

        m->facts->flags |= OPENAI_FACT_USAGE;
    }
}


static void
openai_gemini_blocked(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_STRING) {
        openai_copy(m->event.reason, sizeof(m->event.reason), value->str.data,
                    value->str.len);
        m->facts->flags |= OPENAI_FACT_REFUSAL;
    }
}


static void
openai_gemini_commit(openai_meter_t *m, openai_str_t name)
{
    if (m->event.choice.index >= 0) {
        openai_meter_choice_close(m);
    }

    if (m->event.reason[0]) {
        openai_meter_finish_reason(m, 0, m->event.reason);
    }

    openai_meter_commit(m);
}


static void
openai_gemini_conversation(openai_builder_t *b, yyjson_val *root)
{
    size_t       i, n;
    yyjson_val  *v, *system;

    static const char *const  but[] = {
        "contents", "tools", "systemInstruction", "system_instruction",
        "content", "requests", "request", NULL
    };

    openai_build_settings(b, root, but);

    if (yyjson_is_obj(openai_get(root, "request"))) {
        root = openai_get(root, "request");
        openai_build_settings(b, root, but);
    }

    system = openai_get(root, "systemInstruction");
    system = system ? system : openai_get(root, "system_instruction");

    yyjson_arr_foreach(openai_get(system, "parts"), i, n, v) {
        openai_build_system(b, openai_get(v, "text"));
    }

    yyjson_arr_foreach(openai_get(root, "tools"), i, n, v) {
        openai_gemini_defined(b, v);
    }

    yyjson_arr_foreach(openai_get(root, "contents"), i, n, v) {
        openai_gemini_content(b, v);
    }

    /* the input of an embedding */

    if (openai_get(root, "content")) {
        openai_gemini_content(b, openai_get(root, "content"));
    }

    yyjson_arr_foreach(openai_get(root, "requests"), i, n, v) {
        openai_gemini_content(b, openai_get(v, "content"));
    }
}


/* a tool that the upstream runs has its key as its name */

static void
openai_gemini_defined(openai_builder_t *b, yyjson_val *tool)
{
    size_t           i, n;
    yyjson_val      *key, *list, *f;
    yyjson_obj_iter  iter;

    if (!yyjson_obj_iter_init(tool, &iter)) {
        return;
    }

    while ((key = yyjson_obj_iter_next(&iter)) != NULL) {

        if (!yyjson_equals_str(key, "functionDeclarations")
            && !yyjson_equals_str(key, "function_declarations"))
        {
            openai_build_definition(b, key, NULL, NULL);
            continue;
        }

        list = yyjson_obj_iter_get_val(key);

        yyjson_arr_foreach(list, i, n, f) {
            openai_build_definition(b, openai_get(f, "name"),
                                    openai_get(f, "description"),
                                    openai_get(f, "parameters")
                                    ? openai_get(f, "parameters")
                                    : openai_get(f, "parametersJsonSchema"));
        }
    }
}


static void
openai_gemini_content(openai_builder_t *b, yyjson_val *content)
{
    size_t           i, n;
    yyjson_val      *v, *f;
    openai_str_t     role;
    yyjson_mut_val  *m, *part;

    static const char *const  names[] = { "name", "id", "response", NULL };

    role = openai_get_str(content, "role");

    if (role.len == 0) {
        role.data = "user";
        role.len = 4;
    }

    m = openai_build_message(b, role);

    yyjson_arr_foreach(openai_get(content, "parts"), i, n, v) {

        if (openai_get(v, "text")) {
            openai_build_text(b, m, yyjson_get_bool(openai_get(v, "thought"))
                                    ? "reasoning" : "text",
                              openai_get(v, "text"));

        } else if ((f = openai_gemini_get(v, "functionCall", "function_call"))
                   != NULL)
        {
            openai_build_asked(b, m, openai_get(f, "id"),
                               openai_get(f, "name"), openai_get(f, "args"));

        } else if ((f = openai_gemini_get(v, "functionResponse",
                                          "function_response"))
                   != NULL)
        {
            part = openai_build_part(b, m, "tool_result");
            openai_mut_members(b, part, f, names);

        } else if ((f = openai_gemini_get(v, "inlineData", "inline_data"))
                   != NULL
                   || (f = openai_gemini_get(v, "fileData", "file_data"))
                      != NULL)
        {
            openai_gemini_attached(b, m, f);

        } else {
            openai_build_other(b, m, v);
        }
    }
}


/* the upstream accepts both spellings of a name */

static yyjson_val *
openai_gemini_get(yyjson_val *v, const char *name, const char *other)
{
    return openai_get(v, name) ? openai_get(v, name) : openai_get(v, other);
}


static void
openai_gemini_attached(openai_builder_t *b, yyjson_mut_val *m, yyjson_val *f)
{
    const char      *type, *kind;
    yyjson_val      *uri;
    openai_buf_t     buf;
    yyjson_mut_val  *part;

    uri = openai_gemini_get(f, "fileUri", "file_uri");
    type = yyjson_get_str(openai_gemini_get(f, "mimeType", "mime_type"));
    type = type ? type : "";

    kind = strncmp(type, "image/", 6) == 0 ? "image"
           : strncmp(type, "audio/", 6) == 0 ? "audio" : "file";

    part = openai_build_part(b, m, kind);

    if (uri) {
        yyjson_mut_obj_add_val(b->doc, part, "media_type",
                               openai_mut_str(b, type, strlen(type)));
        yyjson_mut_obj_add_val(b->doc, part, "url", openai_mut_copy(b, uri));
        return;
    }

    memset(&buf, 0, sizeof(openai_buf_t));

    openai_buf_append(b, &buf, "data:", 5);
    openai_buf_append(b, &buf, type, strlen(type));
    openai_buf_append(b, &buf, ";base64,", 8);
    openai_buf_value(b, &buf, openai_get(f, "data"));

    yyjson_mut_obj_add_val(b->doc, part, "url", openai_mut_buf(b, &buf));

    openai_buf_free(b, &buf);
}


static yyjson_val *
openai_gemini_inner(yyjson_val *root)
{
    yyjson_val  *response;

    response = openai_get(root, "response");

    return yyjson_is_obj(response) ? response : root;
}


static void
openai_gemini_answer(openai_builder_t *b, yyjson_val *root)
{
    openai_str_t  name;

    name.data = "";
    name.len = 0;

    openai_gemini_event(b, name, root);

    openai_build_embeddings(b, openai_get(root, "embedding"));
    openai_build_embeddings(b, openai_get(root, "embeddings"));
}


static void
openai_gemini_event(openai_builder_t *b, openai_str_t name, yyjson_val *root)
{
    size_t            i, n, k, kn;
    yyjson_val       *v, *part;
    openai_str_t      finish;
    openai_result_t  *r;

    root = openai_gemini_inner(root);

    openai_build_error(b, openai_get(root, "error"));

    yyjson_arr_foreach(openai_get(root, "candidates"), i, n, v) {

        r = openai_build_result(b, openai_get_int(v, "index", i));
        if (r == NULL) {
            return;
        }

        yyjson_arr_foreach(openai_get(openai_get(v, "content"), "parts"), k,
                           kn, part)
        {
            openai_gemini_piece(b, r, part);
        }

        finish = openai_get_str(v, "finishReason");

        if (finish.len) {
            openai_buf_set(b, &r->finish, finish);
        }
    }

    finish = openai_get_str(openai_get(root, "promptFeedback"), "blockReason");

    if (finish.len) {
        r = openai_build_result(b, 0);

        if (r) {
            openai_buf_set(b, &r->finish, finish);
        }
    }
}


static void
openai_gemini_piece(openai_builder_t *b, openai_result_t *r, yyjson_val *part)
{
    yyjson_val     *v;
    openai_str_t    type, none;
    openai_tool_t  *t;

    v = openai_get(part, "text");

    if (yyjson_is_str(v)) {
        openai_buf_value(b, openai_gemini_thought(b, r, part) ? &r->reasoning
                                                              : &r->text, v);
    }

    v = openai_get(part, "executableCode");

    if (yyjson_is_obj(v)) {
        openai_gemini_ran(b, r, v);
    }

    v = openai_get(part, "codeExecutionResult");

    if (yyjson_is_obj(v)) {
        for (t = r->tools; t && t->next; t = t->next) { /* void */ }

        if (t && t->hosted) {
            openai_buf_value(b, &t->result, openai_get(v, "output"));
        }
    }

    v = openai_get(part, "functionCall");

    if (yyjson_is_obj(v)) {
        openai_gemini_called(b, r, v);
    }

    v = openai_get(part, "inlineData");

    if (yyjson_is_obj(v)) {
        type = openai_get_str(v, "mimeType");

        if (type.len > 6 && memcmp(type.data, "image/", 6) == 0) {
            none.data = "";
            none.len = 0;
            (void) openai_build_image(b, r, none, type,
                                      openai_get_str(v, "data"));

        } else {
            r->audio += openai_get_str(v, "data").len;
        }
    }
}


/*
 * The flag follows the text, so a cut part lacks it.  Such a part counts as
 * reasoning until the text of the answer has begun.
 */

static int
openai_gemini_thought(openai_builder_t *b, openai_result_t *r,
    yyjson_val *part)
{
    if (openai_get(part, "thought")) {
        return yyjson_get_bool(openai_get(part, "thought"));
    }

    return b->partial && r->text.len == 0 && yyjson_obj_size(part) == 1;
}


/* adds code that the upstream ran */

static void
openai_gemini_ran(openai_builder_t *b, openai_result_t *r, yyjson_val *code)
{
    openai_str_t    none, name;
    openai_tool_t  *t;

    none.data = "";
    none.len = 0;
    name.data = OPENAI_GEMINI_CODE;
    name.len = strlen(name.data);

    t = openai_build_call(b, r, -1, none, name);

    if (t) {
        t->hosted = 1;
        openai_buf_set(b, &t->name, name);
        openai_buf_value(b, &t->arguments, code);
    }
}


/* a name begins a call; pieces of arguments follow; an empty piece ends it */

static void
openai_gemini_called(openai_builder_t *b, openai_result_t *r, yyjson_val *call)
{
    size_t          i, n;
    yyjson_val     *v;
    openai_str_t    name;
    openai_tool_t  *t;

    name = openai_get_str(call, "name");

    t = openai_build_call(b, r, -1, openai_get_str(call, "id"), name);
    if (t == NULL) {
        return;
    }

    if (name.len) {
        openai_buf_set(b, &t->name, name);
        openai_buf_value(b, &t->id, openai_get(call, "id"));
    }

    openai_buf_value(b, &t->arguments, openai_get(call, "args"));

    yyjson_arr_foreach(openai_get(call, "partialArgs"), i, n, v) {
        openai_gemini_argument(b, t, v);
    }

    if (t->key.len && !yyjson_get_bool(openai_get(call, "willContinue"))) {
        if (t->quoted) {
            openai_buf_append(b, &t->arguments, "\"", 1);
        }

        openai_buf_append(b, &t->arguments, "}", 1);

        t->key.len = 0;
        t->quoted = 0;
    }
}


static void
openai_gemini_argument(openai_builder_t *b, openai_tool_t *t,
    yyjson_val *argument)
{
    char         *json;
    size_t        len;
    yyjson_val   *v;
    openai_str_t  path;

    path = openai_get_str(argument, "jsonPath");
    v = openai_get(argument, "stringValue");

    if (path.len > 2 && memcmp(path.data, "$.", 2) == 0) {
        path.data += 2;
        path.len -= 2;
    }

    if (t->key.data == NULL || t->key.len != path.len
        || memcmp(t->key.data, path.data, path.len) != 0)
    {
        if (t->quoted) {
            openai_buf_append(b, &t->arguments, "\"", 1);
        }

        openai_buf_append(b, &t->arguments, t->key.len ? ",\"" : "{\"", 2);
        openai_buf_append(b, &t->arguments, path.data, path.len);
        openai_buf_append(b, &t->arguments, "\":\"", v ? 3 : 2);
        openai_buf_set(b, &t->key, path);

        t->quoted = (v != NULL);
    }

    if (v == NULL) {
        v = openai_get(argument, "numberValue");
        v = v ? v : openai_get(argument, "boolValue");
        openai_buf_value(b, &t->arguments, v);
        return;
    }

    json = yyjson_val_write_opts(v, 0, &b->doc->alc, &len, NULL);

    if (json) {
        openai_buf_append(b, &t->arguments, json + 1, len - 2);
        b->doc->alc.free(b->doc->alc.ctx, json);
    }
}


static yyjson_val *
openai_gemini_usage_raw(yyjson_val *root)
{
    return openai_get(openai_gemini_inner(root), "usageMetadata");
}
