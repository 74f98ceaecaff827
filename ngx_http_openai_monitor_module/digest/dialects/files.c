
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of files, uploads, vector stores and containers.
 */


#include "digest/json/json.h"
#include "digest/meter/meter.h"


static void openai_files_answer(openai_builder_t *b, yyjson_val *root);


static const openai_route_t  openai_files_routes[] = {
    openai_route("/files", "files"),
    openai_route("/files/*", "files"),
    openai_route_as("/files/*/content", "files", OPENAI_ROUTE_BYTES),
    openai_route("/uploads", "uploads"),
    openai_route("/uploads/*", "uploads"),
    openai_route("/uploads/*/parts", "uploads"),
    openai_route("/uploads/*/complete", "uploads"),
    openai_route("/uploads/*/cancel", "uploads"),
    openai_route("/vector_stores", "vector_stores"),
    openai_route("/vector_stores/*", "vector_stores"),
    openai_route("/vector_stores/*/search", "retrieval"),
    openai_route("/vector_stores/*/files", "vector_stores"),
    openai_route("/vector_stores/*/files/*", "vector_stores"),
    openai_route("/vector_stores/*/files/*/content", "vector_stores"),
    openai_route("/vector_stores/*/file_batches", "vector_stores"),
    openai_route("/vector_stores/*/file_batches/*", "vector_stores"),
    openai_route("/vector_stores/*/file_batches/*/cancel", "vector_stores"),
    openai_route("/vector_stores/*/file_batches/*/files", "vector_stores"),
    openai_route("/containers", "containers"),
    openai_route("/containers/*", "containers"),
    openai_route("/containers/*/files", "containers"),
    openai_route("/containers/*/files/*", "containers"),
    openai_route_as("/containers/*/files/*/content", "containers",
                    OPENAI_ROUTE_BYTES),
    openai_route_end
};


static const openai_node_t  openai_files_request_nodes[] = {
    OPENAI_REQUEST_NODES,
    openai_node_end
};


static const openai_node_t  openai_files_answer_nodes[] = {
    openai_node("id", openai_take_string, openai_fact(response_id)),
    openai_node_in("error", openai_error_nodes, openai_take_error, 0),
    openai_node_end
};


static const openai_node_t  openai_files_request =
    openai_node_root(openai_files_request_nodes, NULL);

static const openai_node_t  openai_files_root =
    openai_node_root(openai_files_answer_nodes, NULL);


const openai_dialect_t  openai_dialect_files = {
    "files",
    NULL,
    openai_files_routes,
    &openai_files_request,
    &openai_files_root,
    &openai_files_root,
    NULL,
    NULL,
    openai_files_answer,
    NULL,
    NULL
};


static void
openai_files_answer(openai_builder_t *b, yyjson_val *root)
{
    static const char *const  names[] = {
        "id", "filename", "bytes", "purpose", "status", NULL
    };

    yyjson_mut_val  *file;

    openai_build_error(b, openai_get(root, "error"));

    if (openai_get_str(root, "id").len) {
        file = yyjson_mut_obj(b->doc);
        openai_mut_members(b, file, root, names);
        openai_build_extra(b, "file", file);
    }
}
