
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of Mistral's fill in the middle.  Its request is like that of
 * legacy completions, with a prompt and a suffix; its answer is that of Chat
 * Completions.
 */


#include "digest/meter/meter.h"


static const openai_route_t  openai_fim_routes[] = {
    openai_route("/fim/completions", "text_completion"),
    openai_route_end
};


static const openai_node_t  openai_fim_request_nodes[] = {
    OPENAI_REQUEST_NODES,
    openai_node_end
};


static const openai_node_t  openai_fim_request =
    openai_node_root(openai_fim_request_nodes, NULL);


const openai_dialect_t  openai_dialect_fim = {
    "fim",
    NULL,
    openai_fim_routes,
    &openai_fim_request,
    &openai_chat_root,
    &openai_chat_root,
    openai_chat_commit,
    openai_completions_conversation,
    openai_chat_answer,
    openai_chat_event,
    openai_chat_usage
};
