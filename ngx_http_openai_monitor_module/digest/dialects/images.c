
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of images: generations, edits and variations, whole or streamed.
 */


#include "digest/json/bytes.h"
#include "digest/json/json.h"
#include "digest/meter/meter.h"


static void openai_images_commit(openai_meter_t *m, openai_str_t name);
static void openai_images_conversation(openai_builder_t *b, yyjson_val *root);
static void openai_images_answer(openai_builder_t *b, yyjson_val *root);
static void openai_images_event(openai_builder_t *b, openai_str_t name,
    yyjson_val *root);
static openai_str_t openai_images_type(yyjson_val *root);


static const openai_route_t  openai_images_routes[] = {
    openai_route("/images/generations", "generate_content"),
    openai_route("/images/edits", "generate_content"),
    openai_route("/images/variations", "generate_content"),
    openai_route_as("/openai/deployments/@/images/generations",
                    "generate_content", OPENAI_ROUTE_AZURE),
    openai_route_as("/openai/deployments/@/images/edits", "generate_content",
                    OPENAI_ROUTE_AZURE),
    openai_route_end
};


static const openai_node_t  openai_images_request_nodes[] = {
    OPENAI_REQUEST_NODES,
    openai_node("images", openai_take_flag, OPENAI_FACT_IMAGE),
    openai_node_end
};


static const openai_node_t  openai_images_answer_nodes[] = {
    OPENAI_ANSWER_NODES,
    openai_node("type", openai_take_string, openai_at(event.type)),
    openai_node_text("b64_json", openai_take_size, openai_at(event.other)),
    openai_node_end
};


static const openai_node_t  openai_images_request =
    openai_node_root(openai_images_request_nodes, NULL);

static const openai_node_t  openai_images_root =
    openai_node_root(openai_images_answer_nodes, NULL);


const openai_dialect_t  openai_dialect_images = {
    "images",
    NULL,
    openai_images_routes,
    &openai_images_request,
    &openai_images_root,
    &openai_images_root,
    openai_images_commit,
    openai_images_conversation,
    openai_images_answer,
    openai_images_event,
    NULL
};


static void
openai_images_commit(openai_meter_t *m, openai_str_t name)
{
    size_t  len;

    len = strlen(m->event.type);

    if (len > 10 && strcmp(m->event.type + len - 10, ".completed") == 0) {
        m->facts->flags |= OPENAI_FACT_TERMINAL;
    }

    openai_meter_commit(m);
}


static void
openai_images_conversation(openai_builder_t *b, yyjson_val *root)
{
    openai_str_t  role;

    static const char *const  but[] = { "prompt", "images", NULL };

    openai_build_settings(b, root, but);

    role.data = "user";
    role.len = 4;

    openai_build_text(b, openai_build_message(b, role), "text",
                      openai_get(root, "prompt"));
}


static void
openai_images_answer(openai_builder_t *b, yyjson_val *root)
{
    size_t            i, n;
    yyjson_val       *v;
    yyjson_mut_val   *image;
    openai_result_t  *r;

    static const char *const  names[] = { "revised_prompt", NULL };

    openai_build_error(b, openai_get(root, "error"));

    yyjson_arr_foreach(openai_get(root, "data"), i, n, v) {

        r = openai_build_result(b, i);
        if (r == NULL) {
            return;
        }

        image = openai_build_image(b, r, openai_get_str(v, "url"),
                                   openai_images_type(root),
                                   openai_get_str(v, "b64_json"));
        openai_mut_members(b, image, v, names);
    }
}


/* keeps the completed image only; partial images come before it */

static void
openai_images_event(openai_builder_t *b, openai_str_t name, yyjson_val *root)
{
    openai_str_t      none;
    openai_result_t  *r;

    openai_build_error(b, openai_get(root, "error"));

    if (!yyjson_is_str(openai_get(root, "b64_json"))) {
        return;
    }

    r = openai_build_result(b, 0);
    if (r == NULL) {
        return;
    }

    none.data = "";
    none.len = 0;
    r->images = NULL;

    (void) openai_build_image(b, r, none, openai_images_type(root),
                              openai_get_str(root, "b64_json"));
}


static openai_str_t
openai_images_type(yyjson_val *root)
{
    openai_str_t  format, type;

    format = openai_get_str(root, "output_format");

    type.data = openai_str_is(format, "jpeg") ? "image/jpeg"
                : openai_str_is(format, "webp") ? "image/webp" : "image/png";
    type.len = strlen(type.data);

    return type;
}
