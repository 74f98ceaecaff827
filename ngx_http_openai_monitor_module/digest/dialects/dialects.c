
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The table of dialects, which the meter, the assembler and view/ read.
 *
 * New dialects go to the end, because records keep the number of their dialect.
 */


#include "digest/meter/meter.h"


/* ends that look like another dialect's, and files of those without one */

static const openai_route_t  openai_unknown_routes[] = {
    openai_route("/organization/usage/*", "organization"),
    openai_route("/chatkit/threads", "chatkit"),
    openai_route("/chatkit/threads/*", "chatkit"),
    openai_route("/agents/environments/*/files", "agents"),
    openai_route_as("/agents/sessions/*/artifacts/*/content", "agents",
                    OPENAI_ROUTE_BYTES),
    openai_route_as("/skills/*/content", "skills", OPENAI_ROUTE_BYTES),
    openai_route_as("/skills/*/versions/*/content", "skills",
                    OPENAI_ROUTE_BYTES),
    openai_route_as("/videos/*/content", "videos", OPENAI_ROUTE_BYTES),
    openai_route_end
};


static const openai_node_t  openai_unknown_request_nodes[] = {
    OPENAI_REQUEST_NODES,
    openai_node("messages", openai_take_shape, OPENAI_SHAPE_MESSAGES),
    openai_node("contents", openai_take_shape, OPENAI_SHAPE_CONTENTS),
    openai_node_end
};


static const openai_node_t  openai_unknown_answer_nodes[] = {
    OPENAI_ANSWER_NODES,
    openai_node_end
};


static const openai_node_t  openai_unknown_request =
    openai_node_root(openai_unknown_request_nodes, NULL);

static const openai_node_t  openai_unknown_answer =
    openai_node_root(openai_unknown_answer_nodes, NULL);


static const openai_dialect_t  openai_dialect_unknown = {
    NULL,
    NULL,
    openai_unknown_routes,
    &openai_unknown_request,
    &openai_unknown_answer,
    &openai_unknown_answer,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL
};


extern const openai_dialect_t  openai_dialect_chat;
extern const openai_dialect_t  openai_dialect_completions;
extern const openai_dialect_t  openai_dialect_embeddings;
extern const openai_dialect_t  openai_dialect_images;
extern const openai_dialect_t  openai_dialect_audio;
extern const openai_dialect_t  openai_dialect_moderations;
extern const openai_dialect_t  openai_dialect_models;
extern const openai_dialect_t  openai_dialect_files;
extern const openai_dialect_t  openai_dialect_batches;
extern const openai_dialect_t  openai_dialect_responses;
extern const openai_dialect_t  openai_dialect_anthropic;
extern const openai_dialect_t  openai_dialect_gemini;
extern const openai_dialect_t  openai_dialect_ollama;
extern const openai_dialect_t  openai_dialect_assistants;
extern const openai_dialect_t  openai_dialect_cohere;
extern const openai_dialect_t  openai_dialect_realtime;
extern const openai_dialect_t  openai_dialect_fim;
extern const openai_dialect_t  openai_dialect_bedrock;


const openai_dialect_t *const  openai_dialects[] = {
    &openai_dialect_unknown,
    &openai_dialect_chat,
    &openai_dialect_completions,
    &openai_dialect_embeddings,
    &openai_dialect_images,
    &openai_dialect_audio,
    &openai_dialect_moderations,
    &openai_dialect_models,
    &openai_dialect_files,
    &openai_dialect_batches,
    &openai_dialect_responses,
    &openai_dialect_anthropic,
    &openai_dialect_gemini,
    &openai_dialect_ollama,
    &openai_dialect_assistants,
    &openai_dialect_cohere,
    &openai_dialect_realtime,
    &openai_dialect_fim,
    &openai_dialect_bedrock
};


const unsigned  openai_dialects_n =
    sizeof(openai_dialects) / sizeof(openai_dialects[0]);


const char *
openai_dialect_name(unsigned dialect)
{
    return dialect < openai_dialects_n ? openai_dialects[dialect]->name : NULL;
}
