
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of the list of models, and of one model.
 */


#include "digest/json/json.h"
#include "digest/meter/meter.h"


static void openai_models_answer(openai_builder_t *b, yyjson_val *root);


static const openai_route_t  openai_models_routes[] = {
    openai_route("/models", "models"),
    openai_route("/models/@", "models"),
    openai_route_end
};


static const openai_node_t  openai_models_request_nodes[] = {
    OPENAI_REQUEST_NODES,
    openai_node_end
};


static const openai_node_t  openai_models_answer_nodes[] = {
    openai_node("id", openai_take_string, openai_fact(response_id)),
    openai_node_in("error", openai_error_nodes, openai_take_error, 0),
    openai_node_end
};


static const openai_node_t  openai_models_request =
    openai_node_root(openai_models_request_nodes, NULL);

static const openai_node_t  openai_models_root =
    openai_node_root(openai_models_answer_nodes, NULL);


const openai_dialect_t  openai_dialect_models = {
    "models",
    NULL,
    openai_models_routes,
    &openai_models_request,
    &openai_models_root,
    &openai_models_root,
    NULL,
    NULL,
    openai_models_answer,
    NULL,
    NULL
};


static void
openai_models_answer(openai_builder_t *b, yyjson_val *root)
{
    size_t           n;
    yyjson_val      *list;

    openai_build_error(b, openai_get(root, "error"));

    list = openai_get(root, "data");
    n = yyjson_arr_size(list);

    if (n) {
        openai_build_extra(b, "models", yyjson_mut_uint(b->doc, n));
    }
}
