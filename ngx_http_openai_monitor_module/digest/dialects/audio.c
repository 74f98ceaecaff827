
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of audio: transcriptions, translations and speech.
 */


#include "digest/json/bytes.h"
#include "digest/json/json.h"
#include "digest/meter/meter.h"


static void openai_audio_commit(openai_meter_t *m, openai_str_t name);
static void openai_audio_conversation(openai_builder_t *b, yyjson_val *root);
static void openai_audio_answer(openai_builder_t *b, yyjson_val *root);
static void openai_audio_event(openai_builder_t *b, openai_str_t name,
    yyjson_val *root);


static const openai_route_t  openai_audio_routes[] = {
    openai_route("/audio/speech", "generate_content"),
    openai_route("/audio/transcriptions", "generate_content"),
    openai_route("/audio/translations", "generate_content"),
    openai_route("/audio/voices", "voices"),
    openai_route("/audio/voices/*", "voices"),
    openai_route("/audio/voice_consents", "voices"),
    openai_route("/audio/voice_consents/*", "voices"),
    openai_route_as("/openai/deployments/@/audio/speech", "generate_content",
                    OPENAI_ROUTE_AZURE),
    openai_route_as("/openai/deployments/@/audio/transcriptions",
                    "generate_content", OPENAI_ROUTE_AZURE),
    openai_route_as("/openai/deployments/@/audio/translations",
                    "generate_content", OPENAI_ROUTE_AZURE),
    openai_route_end
};


static const openai_node_t  openai_audio_request_nodes[] = {
    OPENAI_REQUEST_NODES,
    openai_node_end
};


static const openai_node_t  openai_audio_answer_nodes[] = {
    OPENAI_ANSWER_NODES,
    openai_node("type", openai_take_string, openai_at(event.type)),
    openai_node_text("text", openai_take_size, openai_at(event.text)),
    openai_node_text("delta", openai_take_size, openai_at(event.delta)),
    openai_node_text("audio", openai_take_size, openai_at(event.other)),
    openai_node_end
};


static const openai_node_t  openai_audio_request =
    openai_node_root(openai_audio_request_nodes, NULL);

static const openai_node_t  openai_audio_root =
    openai_node_root(openai_audio_answer_nodes, NULL);


const openai_dialect_t  openai_dialect_audio = {
    "audio",
    NULL,
    openai_audio_routes,
    &openai_audio_request,
    &openai_audio_root,
    &openai_audio_root,
    openai_audio_commit,
    openai_audio_conversation,
    openai_audio_answer,
    openai_audio_event,
    NULL
};


/* counts the deltas only, because segments and the last event repeat them */

static void
openai_audio_commit(openai_meter_t *m, openai_str_t name)
{
    openai_event_t  *ev;

    ev = &m->event;

    if (strcmp(ev->type, "transcript.text.delta") == 0) {
        ev->text = ev->delta;

    } else if (strcmp(ev->type, "transcript.text.done") == 0) {
        m->facts->flags |= OPENAI_FACT_TERMINAL;
        ev->text = m->facts->text_bytes ? 0 : ev->text;

    } else if (strcmp(ev->type, "speech.audio.done") == 0) {
        m->facts->flags |= OPENAI_FACT_TERMINAL;
        ev->text = 0;

    } else if (m->facts->streamed == 1) {
        ev->text = 0;
    }

    openai_meter_commit(m);
}


static void
openai_audio_conversation(openai_builder_t *b, yyjson_val *root)
{
    openai_str_t  role;

    static const char *const  but[] = { "input", NULL };

    openai_build_settings(b, root, but);

    role.data = "user";
    role.len = 4;

    openai_build_text(b, openai_build_message(b, role), "text",
                      openai_get(root, "input"));
}


static void
openai_audio_answer(openai_builder_t *b, yyjson_val *root)
{
    openai_result_t  *r;

    openai_build_error(b, openai_get(root, "error"));

    if (!yyjson_is_str(openai_get(root, "text"))) {
        return;
    }

    r = openai_build_result(b, 0);

    if (r) {
        openai_buf_value(b, &r->text, openai_get(root, "text"));
    }
}


static void
openai_audio_event(openai_builder_t *b, openai_str_t name, yyjson_val *root)
{
    openai_str_t      type;
    openai_result_t  *r;

    openai_build_error(b, openai_get(root, "error"));

    type = openai_get_str(root, "type");

    r = openai_build_result(b, 0);
    if (r == NULL) {
        return;
    }

    if (openai_str_is(type, "transcript.text.delta")) {
        openai_buf_value(b, &r->text, openai_get(root, "delta"));

    } else if (openai_str_is(type, "transcript.text.done")) {
        openai_buf_set(b, &r->text, openai_get_str(root, "text"));

    } else if (openai_str_is(type, "speech.audio.delta")) {
        r->audio += openai_get_str(root, "audio").len;
    }
}
