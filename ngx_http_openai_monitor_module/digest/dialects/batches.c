
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of batches and fine-tuning.  The tokens of a job are not those
 * of the exchange, so they are not counted.
 */


#include "digest/json/json.h"
#include "digest/meter/meter.h"


static void openai_batches_answer(openai_builder_t *b, yyjson_val *root);


static const openai_route_t  openai_batches_routes[] = {
    openai_route("/batches", "batches"),
    openai_route("/batches/*", "batches"),
    openai_route("/batches/*/cancel", "batches"),
    openai_route("/fine_tuning/jobs", "fine_tuning"),
    openai_route("/fine_tuning/jobs/*", "fine_tuning"),
    openai_route("/fine_tuning/jobs/*/cancel", "fine_tuning"),
    openai_route("/fine_tuning/jobs/*/pause", "fine_tuning"),
    openai_route("/fine_tuning/jobs/*/resume", "fine_tuning"),
    openai_route("/fine_tuning/jobs/*/events", "fine_tuning"),
    openai_route("/fine_tuning/jobs/*/checkpoints", "fine_tuning"),
    openai_route_end
};


static const openai_node_t  openai_batches_request_nodes[] = {
    OPENAI_REQUEST_NODES,
    openai_node_end
};


static const openai_node_t  openai_batches_answer_nodes[] = {
    openai_node("id", openai_take_string, openai_fact(response_id)),
    openai_node("model", openai_take_string, openai_fact(response_model)),
    openai_node_in("error", openai_error_nodes, openai_take_error, 0),
    openai_node_end
};


static const openai_node_t  openai_batches_request =
    openai_node_root(openai_batches_request_nodes, NULL);

static const openai_node_t  openai_batches_root =
    openai_node_root(openai_batches_answer_nodes, NULL);


const openai_dialect_t  openai_dialect_batches = {
    "batches",
    NULL,
    openai_batches_routes,
    &openai_batches_request,
    &openai_batches_root,
    &openai_batches_root,
    NULL,
    NULL,
    openai_batches_answer,
    NULL,
    NULL
};


static void
openai_batches_answer(openai_builder_t *b, yyjson_val *root)
{
    static const char *const  names[] = {
        "id", "status", "endpoint", "model", "request_counts", NULL
    };

    yyjson_mut_val  *job;

    openai_build_error(b, openai_get(root, "error"));

    if (openai_get_str(root, "id").len) {
        job = yyjson_mut_obj(b->doc);
        openai_mut_members(b, job, root, names);
        openai_build_extra(b, "job", job);
    }
}
