
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of embeddings, whose vectors are numbers or base64.
 */


#include "digest/json/json.h"
#include "digest/meter/meter.h"


static void openai_embeddings_input(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_embeddings_conversation(openai_builder_t *b,
    yyjson_val *root);
static void openai_embeddings_answer(openai_builder_t *b, yyjson_val *root);


static const openai_route_t  openai_embeddings_routes[] = {
    openai_route("/embeddings", "embeddings"),
    openai_route_as("/openai/deployments/@/embeddings", "embeddings",
                    OPENAI_ROUTE_AZURE),
    openai_route_end
};


static const openai_node_t  openai_embeddings_request_nodes[] = {
    OPENAI_REQUEST_NODES,
    openai_node("input", openai_embeddings_input, 0),
    openai_node_end
};


static const openai_node_t  openai_embeddings_answer_nodes[] = {
    OPENAI_ANSWER_NODES,
    openai_node_end
};


static const openai_node_t  openai_embeddings_request =
    openai_node_root(openai_embeddings_request_nodes, NULL);

static const openai_node_t  openai_embeddings_root =
    openai_node_root(openai_embeddings_answer_nodes, NULL);


const openai_dialect_t  openai_dialect_embeddings = {
    "embeddings",
    NULL,
    openai_embeddings_routes,
    &openai_embeddings_request,
    &openai_embeddings_root,
    &openai_embeddings_root,
    NULL,
    openai_embeddings_conversation,
    openai_embeddings_answer,
    NULL,
    NULL
};


/* counts texts; a list of numbers is one text in tokens */

static void
openai_embeddings_input(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_ARRAY && value->element < 0) {
        m->facts->messages = 0;

    } else if (value->type == OPENAI_SCAN_NUMBER) {

        if (m->facts->messages == 0) {
            m->facts->messages = 1;
        }

    } else if (value->type == OPENAI_SCAN_STRING
               || value->type == OPENAI_SCAN_ARRAY
               || value->type == OPENAI_SCAN_OBJECT)
    {
        m->facts->messages = value->element < 0 ? 1 : value->element + 1;
    }
}


static void
openai_embeddings_conversation(openai_builder_t *b, yyjson_val *root)
{
    size_t           i, n;
    yyjson_val      *v, *input;
    openai_str_t     role;

    static const char *const  but[] = { "input", NULL };

    openai_build_settings(b, root, but);

    role.data = "user";
    role.len = 4;

    input = openai_get(root, "input");

    if (yyjson_is_str(input)) {
        openai_build_text(b, openai_build_message(b, role), "text", input);
    }

    yyjson_arr_foreach(input, i, n, v) {
        if (yyjson_is_str(v)) {
            openai_build_text(b, openai_build_message(b, role), "text", v);
        }
    }
}


static void
openai_embeddings_answer(openai_builder_t *b, yyjson_val *root)
{
    openai_build_error(b, openai_get(root, "error"));
    openai_build_embeddings(b, openai_get(root, "data"));
}
