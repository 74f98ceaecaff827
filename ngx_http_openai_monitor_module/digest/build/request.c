
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Building a conversation: settings, tools and messages of a request.  The
 * dialects call it.
 */


#include <string.h>

#include "digest/build/build.h"
#include "digest/json/json.h"


static yyjson_mut_val *openai_build_list(openai_builder_t *b,
    yyjson_mut_val **list);


static yyjson_mut_val *
openai_build_list(openai_builder_t *b, yyjson_mut_val **list)
{
    if (*list == NULL) {
        *list = yyjson_mut_arr(b->doc);
    }

    return *list;
}


/* joins instructions of several places by a blank line */

void
openai_build_system(openai_builder_t *b, yyjson_val *text)
{
    if (!yyjson_is_str(text)) {
        return;
    }

    if (b->system.len) {
        openai_buf_append(b, &b->system, "\n\n", 2);
    }

    openai_buf_value(b, &b->system, text);
}


void
openai_build_settings(openai_builder_t *b, yyjson_val *root,
    const char *const *but)
{
    yyjson_val           *k, *v;
    const char *const    *name;
    yyjson_obj_iter       iter;

    if (!yyjson_is_obj(root)) {
        return;
    }

    if (b->settings == NULL) {
        b->settings = yyjson_mut_obj(b->doc);
    }

    yyjson_obj_iter_init(root, &iter);

    while ((k = yyjson_obj_iter_next(&iter)) != NULL) {

        v = yyjson_obj_iter_get_val(k);

        for (name = but; *name; name++) {
            if (yyjson_equals_str(k, *name)) {
                break;
            }
        }

        if (*name == NULL
            && yyjson_mut_obj_size(b->settings) < OPENAI_BUILD_SETTINGS)
        {
            yyjson_mut_obj_put(b->settings, openai_mut_copy(b, k),
                               openai_mut_copy(b, v));
        }
    }
}


void
openai_build_definition(openai_builder_t *b, yyjson_val *name,
    yyjson_val *description, yyjson_val *parameters)
{
    yyjson_mut_val  *tool;

    tool = yyjson_mut_arr_add_obj(b->doc, openai_build_list(b, &b->tools));

    yyjson_mut_obj_add_val(b->doc, tool, "name", openai_mut_copy(b, name));

    if (description) {
        yyjson_mut_obj_add_val(b->doc, tool, "description",
                               openai_mut_copy(b, description));
    }

    if (parameters) {
        yyjson_mut_obj_add_val(b->doc, tool, "parameters",
                               openai_mut_copy(b, parameters));
    }
}


yyjson_mut_val *
openai_build_message(openai_builder_t *b, openai_str_t role)
{
    yyjson_mut_val  *message;

    message = yyjson_mut_arr_add_obj(b->doc,
                                     openai_build_list(b, &b->messages));

    yyjson_mut_obj_add_val(b->doc, message, "role",
                           openai_mut_str(b, role.data, role.len));
    yyjson_mut_obj_add_val(b->doc, message, "parts", yyjson_mut_arr(b->doc));

    return message;
}


yyjson_mut_val *
openai_build_part(openai_builder_t *b, yyjson_mut_val *message,
    const char *type)
{
    yyjson_mut_val  *part;

    part = yyjson_mut_arr_add_obj(b->doc,
                                  yyjson_mut_obj_get(message, "parts"));

    yyjson_mut_obj_add_strcpy(b->doc, part, "type", type);

    return part;
}


void
openai_build_text(openai_builder_t *b, yyjson_mut_val *message,
    const char *type, yyjson_val *text)
{
    yyjson_mut_val  *part;

    if (yyjson_is_str(text)) {
        part = openai_build_part(b, message, type);
        yyjson_mut_obj_add_val(b->doc, part, "text", openai_mut_copy(b, text));
    }
}


/* writes the arguments as a string of JSON, also when they are an object */

void
openai_build_asked(openai_builder_t *b, yyjson_mut_val *message,
    yyjson_val *id, yyjson_val *name, yyjson_val *arguments)
{
    openai_buf_t     buf;
    yyjson_mut_val  *calls, *call;

    calls = yyjson_mut_obj_get(message, "tool_calls");

    if (calls == NULL) {
        calls = yyjson_mut_arr(b->doc);
        yyjson_mut_obj_add_val(b->doc, message, "tool_calls", calls);
    }

    call = yyjson_mut_arr_add_obj(b->doc, calls);

    yyjson_mut_obj_add_val(b->doc, call, "id",
                           id ? openai_mut_copy(b, id)
                              : yyjson_mut_null(b->doc));
    yyjson_mut_obj_add_val(b->doc, call, "name",
                           name ? openai_mut_copy(b, name)
                                : yyjson_mut_null(b->doc));

    memset(&buf, 0, sizeof(openai_buf_t));
    openai_buf_value(b, &buf, arguments);

    yyjson_mut_obj_add_val(b->doc, call, "arguments", openai_mut_buf(b, &buf));

    openai_buf_free(b, &buf);
}


void
openai_build_other(openai_builder_t *b, yyjson_mut_val *message,
    yyjson_val *part)
{
    openai_str_t     type;
    yyjson_mut_val  *v;

    type = openai_get_str(part, "type");

    v = yyjson_mut_arr_add_obj(b->doc, yyjson_mut_obj_get(message, "parts"));

    yyjson_mut_obj_add_val(b->doc, v, "type",
                           openai_mut_str(b, type.len ? type.data : "other",
                                          type.len ? type.len : 5));
    yyjson_mut_obj_add_val(b->doc, v, "value", openai_mut_copy(b, part));
}
