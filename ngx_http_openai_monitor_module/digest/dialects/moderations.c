
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of moderations: verdicts on text and images.
 */


#include "digest/json/json.h"
#include "digest/meter/meter.h"


static void openai_moderations_conversation(openai_builder_t *b,
    yyjson_val *root);
static void openai_moderations_answer(openai_builder_t *b, yyjson_val *root);


static const openai_route_t  openai_moderations_routes[] = {
    openai_route("/moderations", "moderations"),
    openai_route_end
};


static const openai_node_t  openai_moderations_request_nodes[] = {
    OPENAI_REQUEST_NODES,
    openai_node_end
};


static const openai_node_t  openai_moderations_answer_nodes[] = {
    openai_node("id", openai_take_string, openai_fact(response_id)),
    openai_node("model", openai_take_string, openai_fact(response_model)),
    openai_node_in("error", openai_error_nodes, openai_take_error, 0),
    openai_node_end
};


static const openai_node_t  openai_moderations_request =
    openai_node_root(openai_moderations_request_nodes, NULL);

static const openai_node_t  openai_moderations_root =
    openai_node_root(openai_moderations_answer_nodes, NULL);


const openai_dialect_t  openai_dialect_moderations = {
    "moderations",
    NULL,
    openai_moderations_routes,
    &openai_moderations_request,
    &openai_moderations_root,
    &openai_moderations_root,
    NULL,
    openai_moderations_conversation,
    openai_moderations_answer,
    NULL,
    NULL
};


static void
openai_moderations_conversation(openai_builder_t *b, yyjson_val *root)
{
    size_t           i, n;
    yyjson_val      *v, *input;
    openai_str_t     role;
    yyjson_mut_val  *m;

    static const char *const  but[] = { "input", NULL };

    openai_build_settings(b, root, but);

    role.data = "user";
    role.len = 4;

    m = openai_build_message(b, role);
    input = openai_get(root, "input");

    openai_build_text(b, m, "text", input);

    yyjson_arr_foreach(input, i, n, v) {
        openai_build_text(b, m, "text",
                          yyjson_is_str(v) ? v : openai_get(v, "text"));
    }
}


static void
openai_moderations_answer(openai_builder_t *b, yyjson_val *root)
{
    openai_build_error(b, openai_get(root, "error"));

    if (openai_get(root, "results")) {
        openai_build_extra(b, "results",
                           openai_mut_copy(b, openai_get(root, "results")));
    }
}
