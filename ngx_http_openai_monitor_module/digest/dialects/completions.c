
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of legacy text completions, and of llama.cpp's /completion and
 * /infill.
 */


#include "digest/json/json.h"
#include "digest/meter/meter.h"


static void openai_completions_commit(openai_meter_t *m, openai_str_t name);
static void openai_completions_answer(openai_builder_t *b, yyjson_val *root);
static void openai_completions_event(openai_builder_t *b, openai_str_t name,
    yyjson_val *root);


static const openai_route_t  openai_completions_routes[] = {
    openai_route_as("/completions", "text_completion", OPENAI_ROUTE_USAGE),
    openai_route("/completion", "text_completion"),
    openai_route("/infill", "text_completion"),
    openai_route_as("/openai/deployments/@/completions", "text_completion",
                    OPENAI_ROUTE_AZURE|OPENAI_ROUTE_USAGE),
    openai_route_end
};


static const openai_node_t  openai_completions_request_nodes[] = {
    OPENAI_REQUEST_NODES,
    openai_node_end
};


static const openai_node_t  openai_completions_choice_nodes[] = {
    openai_node("index", openai_take_integer, openai_at(event.choice.index)),
    openai_node_text("text", openai_take_size, openai_at(event.choice.text)),
    openai_node("finish_reason", openai_take_string,
                openai_at(event.choice.finish)),
    openai_node_end
};


static const openai_node_t  openai_completions_answer_nodes[] = {
    OPENAI_ANSWER_NODES,
    openai_node_in("choices", openai_completions_choice_nodes,
                   openai_take_choice, 0),
    openai_node_text("content", openai_take_size, openai_at(event.text)),
    openai_node("stop", openai_take_bool, openai_at(event.flag)),
    openai_node("stop_type", openai_take_string, openai_at(event.reason)),
    openai_usage_node("tokens_evaluated", input),
    openai_usage_node("tokens_predicted", output),
    OPENAI_FLAT_ERROR_NODES,
    openai_node_end
};


static const openai_node_t  openai_completions_request =
    openai_node_root(openai_completions_request_nodes, NULL);

static const openai_node_t  openai_completions_root =
    openai_node_root(openai_completions_answer_nodes, NULL);


const openai_dialect_t  openai_dialect_completions = {
    "completions",
    NULL,
    openai_completions_routes,
    &openai_completions_request,
    &openai_completions_root,
    &openai_completions_root,
    openai_completions_commit,
    openai_completions_conversation,
    openai_completions_answer,
    openai_completions_event,
    NULL
};


/* llama.cpp's own stream has a flag at its end and other names in its usage */

static void
openai_completions_commit(openai_meter_t *m, openai_str_t name)
{
    if (m->event.flag == 1) {
        m->facts->flags |= OPENAI_FACT_TERMINAL;

        if (m->event.reason[0]) {
            openai_meter_finish_reason(m, 0, m->event.reason);
        }

        openai_meter_usage(m);
    }

    if (m->event.choice.index >= 0) {
        openai_meter_choice_close(m);
    }

    openai_meter_flat_error(m);

    openai_meter_commit(m);
}


void
openai_completions_conversation(openai_builder_t *b, yyjson_val *root)
{
    size_t           i, n;
    yyjson_val      *v, *prompt;
    openai_str_t     role;
    yyjson_mut_val  *m;

    static const char *const  but[] = { "prompt", "input_prefix", NULL };

    openai_build_settings(b, root, but);

    role.data = "user";
    role.len = 4;

    m = openai_build_message(b, role);
    prompt = openai_get(root, "prompt");

    /* llama.cpp's /infill */

    openai_build_text(b, m, "text", openai_get(root, "input_prefix"));

    openai_build_text(b, m, "text", prompt);

    yyjson_arr_foreach(prompt, i, n, v) {
        openai_build_text(b, m, "text", v);
    }
}


static void
openai_completions_answer(openai_builder_t *b, yyjson_val *root)
{
    openai_str_t  name;

    name.data = "";
    name.len = 0;

    openai_completions_event(b, name, root);
}


static void
openai_completions_event(openai_builder_t *b, openai_str_t name,
    yyjson_val *root)
{
    size_t            i, n;
    yyjson_val       *v;
    openai_str_t      finish;
    openai_result_t  *r;

    openai_build_failure(b, root);

    yyjson_arr_foreach(openai_get(root, "choices"), i, n, v) {

        r = openai_build_result(b, openai_get_int(v, "index", i));
        if (r == NULL) {
            return;
        }

        openai_buf_value(b, &r->text, openai_get(v, "text"));

        finish = openai_get_str(v, "finish_reason");

        if (finish.len) {
            openai_buf_set(b, &r->finish, finish);
        }
    }

    v = openai_get(root, "content");

    if (yyjson_is_str(v)) {
        r = openai_build_result(b, 0);

        if (r) {
            openai_buf_value(b, &r->text, v);

            finish = openai_get_str(root, "stop_type");

            if (yyjson_get_bool(openai_get(root, "stop")) && finish.len) {
                openai_buf_set(b, &r->finish, finish);
            }
        }
    }
}
