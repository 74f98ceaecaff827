
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Embeddings: vectors, as numbers or as base64.
 */


#include "digest/openai_json.h"
#include "digest/openai_meter.h"


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
    openai_node("input", openai_take_count, openai_at(facts.messages)),
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


/* the vectors stay in the body; the answer says how many and how long */

static void
openai_embeddings_answer(openai_builder_t *b, yyjson_val *root)
{
    size_t           i, n, dimensions;
    yyjson_val      *v, *e;
    yyjson_mut_val  *list, *item;

    openai_build_error(b, openai_get(root, "error"));

    list = yyjson_mut_arr(b->doc);

    yyjson_arr_foreach(openai_get(root, "data"), i, n, v) {

        e = openai_get(v, "embedding");
        item = yyjson_mut_arr_add_obj(b->doc, list);

        /* base64 of 4 bytes each */

        dimensions = yyjson_is_str(e) ? yyjson_get_len(e) / 4 * 3 / 4
                                      : yyjson_arr_size(e);

        yyjson_mut_obj_add_int(b->doc, item, "index",
                               openai_get_int(v, "index", i));
        yyjson_mut_obj_add_str(b->doc, item, "encoding",
                               yyjson_is_str(e) ? "base64" : "float");
        yyjson_mut_obj_add_uint(b->doc, item, "dimensions", dimensions);
    }

    if (yyjson_mut_arr_size(list)) {
        openai_build_extra(b, "embeddings", list);
    }
}
