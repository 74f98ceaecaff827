
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of Realtime: a WebSocket whose events are like those of
 * Responses.
 */


#include "digest/json/json.h"
#include "digest/meter/meter.h"


static void openai_realtime_item(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_realtime_conversation(openai_builder_t *b,
    yyjson_val *root);


static const openai_route_t  openai_realtime_routes[] = {
    openai_route_as("/realtime", "realtime", OPENAI_ROUTE_ARGS),
    openai_route_as("/realtime/translations", "realtime", OPENAI_ROUTE_ARGS),
    openai_route("/realtime/client_secrets", "client_secrets"),
    openai_route("/realtime/translations/client_secrets", "client_secrets"),
    openai_route("/realtime/sessions", "client_secrets"),
    openai_route("/realtime/transcription_sessions", "client_secrets"),
    openai_route("/realtime/calls", "realtime"),
    openai_route("/realtime/calls/*/accept", "realtime"),
    openai_route("/realtime/calls/*/hangup", "realtime"),
    openai_route("/realtime/calls/*/refer", "realtime"),
    openai_route("/realtime/calls/*/reject", "realtime"),
    openai_route("/live/sessions", "realtime"),
    openai_route("/live/sessions/*/accept", "realtime"),
    openai_route("/live/sessions/*/attach", "realtime"),
    openai_route("/live/sessions/*/fork", "realtime"),
    openai_route("/live/sessions/*/hangup", "realtime"),
    openai_route("/live/sessions/*/refer", "realtime"),
    openai_route("/live/sessions/*/reject", "realtime"),
    openai_route_as("/live/sessions/*/content", "realtime",
                    OPENAI_ROUTE_BYTES),
    openai_route_end
};


static const openai_node_t  openai_realtime_session_nodes[] = {
    openai_node("model", openai_take_string, openai_fact(model)),
    openai_node("tools", openai_take_count, openai_fact(tools)),
    openai_node("temperature", openai_take_real, openai_fact(temperature)),
    openai_node("max_output_tokens", openai_take_integer,
                openai_fact(max_tokens)),
    openai_node_end
};


static const openai_node_t  openai_realtime_item_nodes[] = {
    openai_node_in("content", openai_part_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_realtime_request_nodes[] = {
    openai_node_in("session", openai_realtime_session_nodes, NULL, 0),
    openai_node_in("response", openai_realtime_session_nodes, NULL, 0),
    openai_node_in("item", openai_realtime_item_nodes, openai_realtime_item,
                   0),
    openai_node("model", openai_take_string, openai_fact(model)),
    openai_node_end
};


static const openai_node_t  openai_realtime_request =
    openai_node_root(openai_realtime_request_nodes, NULL);


const openai_dialect_t  openai_dialect_realtime = {
    "realtime",
    NULL,
    openai_realtime_routes,
    &openai_realtime_request,
    NULL,
    &openai_responses_piece,
    openai_responses_commit,
    openai_realtime_conversation,
    NULL,
    openai_responses_event,
    openai_responses_usage
};


static void
openai_realtime_item(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    int32_t         *messages;
    openai_meter_t  *m = ctx;

    messages = &m->facts->messages;

    if (value->type == OPENAI_SCAN_OBJECT) {
        *messages = *messages < 0 ? 1 : *messages + 1;
    }
}


static void
openai_realtime_conversation(openai_builder_t *b, yyjson_val *root)
{
    size_t        i, n;
    yyjson_val   *v, *session;
    openai_str_t  type;

    static const char *const  but[] = { "instructions", "tools", NULL };

    type = openai_get_str(root, "type");

    if (openai_str_is(type, "conversation.item.create")) {
        openai_responses_input(b, openai_get(root, "item"));
        return;
    }

    session = openai_get(root, "session");
    session = session ? session : openai_get(root, "response");

    openai_build_settings(b, session, but);

    if (openai_get(session, "instructions")) {
        b->system.len = 0;
        openai_build_system(b, openai_get(session, "instructions"));
    }

    if (openai_get(session, "tools")) {
        b->tools = NULL;
    }

    yyjson_arr_foreach(openai_get(session, "tools"), i, n, v) {
        openai_build_definition(b, openai_get(v, "name"),
                                openai_get(v, "description"),
                                openai_get(v, "parameters"));
    }
}
