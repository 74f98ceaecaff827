
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The dialect of the Responses API, whole, as a stream, and on a WebSocket:
 * the part for the meter.  responses_build.c has the part for the assembler.
 */


#include "digest/json/bytes.h"
#include "digest/meter/meter.h"


static void openai_responses_item(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_responses_output(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_responses_beside(void *ctx, const openai_node_t *node,
    const openai_value_t *value);
static void openai_responses_metered_call(openai_meter_t *m, int64_t index);
static void openai_responses_fee(openai_facts_t *facts, const char *type);
static void openai_responses_delta(openai_event_t *ev);
static void openai_responses_terminal(openai_meter_t *m);


static const openai_route_t  openai_responses_routes[] = {
    openai_route_as("/responses", "chat", OPENAI_ROUTE_POLLED),
    openai_route_as("/responses/*", "fetch_response",
                    OPENAI_ROUTE_ARGS|OPENAI_ROUTE_POLLED),
    openai_route_as("/responses/*/cancel", "fetch_response",
                    OPENAI_ROUTE_POLLED),
    openai_route("/responses/*/input_items", "fetch_response"),
    openai_route("/responses/input_tokens", "count_tokens"),
    openai_route("/responses/compact", "chat"),
    openai_route_as("/openai/deployments/@/responses", "chat",
                    OPENAI_ROUTE_AZURE|OPENAI_ROUTE_POLLED),
    openai_route_end
};


static const openai_node_t  openai_responses_thread_nodes[] = {
    openai_node("id", openai_take_session, 5),
    openai_node_end
};


static const openai_node_t  openai_responses_request_nodes[] = {
    OPENAI_REQUEST_NODES,
    openai_node_in("input", openai_message_nodes, openai_take_message,
                   openai_fact(messages)),
    openai_node("tools", openai_take_count, openai_fact(tools)),
    openai_node("background", openai_take_true, OPENAI_FACT_PENDING),
    openai_node_in("conversation", openai_responses_thread_nodes,
                   openai_take_session, 5),
    openai_node_end
};


static const openai_node_t  openai_responses_text_nodes[] = {
    openai_node_text("text", openai_take_add, openai_at(event.choice.parts)),
    openai_node_text("refusal", openai_take_add,
                     openai_at(event.choice.refusal)),
    openai_node_end
};


static const openai_node_t  openai_responses_summary_nodes[] = {
    openai_node_text("text", openai_take_add,
                     openai_at(event.choice.thinking)),
    openai_node_end
};


static const openai_node_t  openai_responses_item_nodes[] = {
    openai_node("type", openai_take_string, openai_at(event.item)),
    openai_node("name", openai_take_string, openai_at(event.call.name)),
    openai_node("call_id", openai_take_string, openai_at(event.call.id)),
    openai_node_end
};


static const openai_node_t  openai_responses_output_nodes[] = {
    openai_node("type", openai_take_string, openai_at(event.item)),
    openai_node("name", openai_take_string, openai_at(event.call.name)),
    openai_node("call_id", openai_take_string, openai_at(event.call.id)),
    openai_node_in("content", openai_responses_text_nodes, NULL, 0),
    openai_node_in("summary", openai_responses_summary_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_responses_reason_nodes[] = {
    openai_node("reason", openai_take_string, openai_at(event.reason)),
    openai_node_end
};


static const openai_node_t  openai_responses_search_nodes[] = {
    openai_node("num_requests", openai_take_calls, openai_fact(web_searches)),
    openai_node_end
};


static const openai_node_t  openai_responses_tools_nodes[] = {
    openai_node_in("web_search", openai_responses_search_nodes, NULL, 0),
    openai_node_end
};


static const openai_node_t  openai_responses_answer_nodes[] = {
    OPENAI_ANSWER_NODES,
    openai_node_in("tool_usage", openai_responses_tools_nodes, NULL, 0),
    openai_node("status", openai_take_string, openai_at(event.status)),
    openai_node_in("incomplete_details", openai_responses_reason_nodes, NULL,
                   0),
    openai_node_in("output", openai_responses_output_nodes,
                   openai_responses_output, 0),
    openai_node_end
};


static const openai_node_t  openai_responses_session_nodes[] = {
    openai_node("id", openai_take_session, 3),
    openai_node("model", openai_take_string, openai_fact(response_model)),
    openai_node_end
};


static const openai_node_t  openai_responses_event_nodes[] = {
    openai_node("type", openai_take_string, openai_at(event.type)),
    openai_node_text("delta", openai_take_size, openai_at(event.delta)),
    openai_node("output_index", openai_take_integer,
                openai_at(event.call.index)),
    openai_node_in("item", openai_responses_item_nodes,
                   openai_responses_item, 0),
    openai_node_in("response", openai_responses_answer_nodes, NULL, 0),
    openai_node_in("session", openai_responses_session_nodes, NULL, 0),
    openai_node_in("usage", openai_usage_nodes, openai_responses_beside, 0),
    openai_node_text("partial_image_b64", openai_take_size,
                     openai_at(event.other)),
    openai_node_in("error", openai_error_nodes, openai_take_error, 0),
    openai_node("code", openai_take_string, openai_at(event.code)),
    openai_node("message", openai_take_message_text, 0),
    openai_node_end
};


static const openai_node_t  openai_responses_request =
    openai_node_root(openai_responses_request_nodes, NULL);

static const openai_node_t  openai_responses_whole =
    openai_node_root(openai_responses_answer_nodes, NULL);

const openai_node_t  openai_responses_piece =
    openai_node_root(openai_responses_event_nodes, NULL);


const openai_dialect_t  openai_dialect_responses = {
    "responses",
    NULL,
    openai_responses_routes,
    &openai_responses_request,
    &openai_responses_whole,
    &openai_responses_piece,
    openai_responses_commit,
    openai_responses_conversation,
    openai_responses_answer,
    openai_responses_event,
    openai_responses_usage
};


static void
openai_responses_item(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_OBJECT) {
        m->event.call.name[0] = '\0';
        m->event.item[0] = '\0';
    }
}


/* takes xAI's usage, which is beside the response */

static void
openai_responses_beside(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_OBJECT) {
        openai_meter_usage_open(m);

    } else if (value->type == OPENAI_SCAN_OBJECT_END) {
        m->event.flag = 1;
    }
}


/* takes an item of the whole output, which repeats the stream */

static void
openai_responses_output(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_event_t   *ev;
    openai_meter_t   *m = ctx;
    openai_choice_t  *c;

    ev = &m->event;
    c = &ev->choice;

    if (value->type == OPENAI_SCAN_OBJECT) {
        openai_meter_choice_open(m, -1);
        ev->call.name[0] = '\0';
        ev->call.id[0] = '\0';
        ev->item[0] = '\0';

    } else if (value->type == OPENAI_SCAN_OBJECT_END) {

        openai_responses_metered_call(m, value->element);

        if (strcmp(ev->item, "reasoning") == 0) {
            ev->reasoning += c->parts + c->thinking;

        } else {
            ev->text += c->parts;
            ev->refusal += c->refusal;
        }

        openai_meter_choice_open(m, -1);
    }
}


/* counts a call; a tool that the upstream runs has its type as its name */

static void
openai_responses_metered_call(openai_meter_t *m, int64_t index)
{
    int             hosted;
    size_t          len;
    uint32_t        calls;
    openai_call_t  *call;

    call = &m->event.call;
    len = strlen(m->event.item);
    calls = m->facts->tool_calls;

    if (len < 5 || strcmp(m->event.item + len - 5, "_call") != 0) {
        return;
    }

    hosted = (call->name[0] == '\0');

    if (hosted) {
        openai_copy(call->name, sizeof(call->name), m->event.item, len);
    }

    /* the index in the whole output may differ from that in the stream */

    call->index = call->id[0] ? -1
                              : index + OPENAI_RESPONSES_ITEMS * m->answers;

    openai_meter_call_close(m);

    if (hosted && m->facts->tool_calls != calls) {
        openai_responses_fee(m->facts, m->event.item);
    }

    /* the first piece with a name counts as a token, as in other dialects */

    if (hosted || m->facts->tool_calls == calls) {
        m->event.choice.other = 0;
    }
}


/* counts the tools that have fees.  A search may open pages in further calls,
   which cost nothing, so the calls do not tell the searches. */

static void
openai_responses_fee(openai_facts_t *facts, const char *type)
{
    if (strcmp(type, "file_search_call") == 0) {
        facts->file_searches++;

    } else if (strcmp(type, "web_search_call") == 0) {
        facts->flags |= OPENAI_FACT_SEARCHED;

    } else if (strcmp(type, "code_interpreter_call") == 0
               || strcmp(type, "image_generation_call") == 0)
    {
        facts->flags |= OPENAI_FACT_FEES;
    }
}


void
openai_responses_commit(openai_meter_t *m, openai_str_t name)
{
    size_t           len;
    uint64_t         told;
    openai_event_t  *ev;

    ev = &m->event;

    if (m->facts->framing == OPENAI_FRAMING_JSON) {
        openai_responses_terminal(m);
        openai_meter_commit(m);
        return;
    }

    if (ev->type[0] == '\0') {
        openai_copy(ev->type, sizeof(ev->type), name.data, name.len);
    }

    /* another model transcribes the user, at its own price */

    if (strncmp(ev->type, "conversation.", 13) == 0) {
        return;
    }

    if (ev->flag == 1) {
        openai_meter_usage(m);
    }

    len = strlen(ev->type);

    if (len > 6 && strcmp(ev->type + len - 6, ".delta") == 0) {
        openai_responses_delta(ev);

    } else if (strncmp(ev->type, "response.output_item.", 21) == 0) {
        openai_responses_metered_call(m, ev->call.index);
        ev->other = ev->choice.other;

    } else if (strcmp(ev->type, "error") == 0) {
        openai_meter_failure(m, "");

    } else if (strcmp(ev->type, "response.completed") == 0
               || strcmp(ev->type, "response.done") == 0
               || strcmp(ev->type, "response.failed") == 0
               || strcmp(ev->type, "response.incomplete") == 0
               || strcmp(ev->type, "response.cancelled") == 0)
    {
        m->facts->flags |= OPENAI_FACT_TERMINAL;
        openai_responses_terminal(m);

        /* a repeated text counts if its deltas have not come */

        told = m->facts->text_bytes + m->facts->reasoning_bytes;

        if (told > m->told) {
            ev->text = 0;
            ev->reasoning = 0;
            ev->refusal = 0;
        }

        m->told = told;
        m->answers++;
        openai_meter_answered(m);
    }

    openai_meter_commit(m);
}


static void
openai_responses_delta(openai_event_t *ev)
{
    if (strcmp(ev->type, "response.output_text.delta") == 0
        || strcmp(ev->type, "response.text.delta") == 0
        || strcmp(ev->type, "response.output_audio_transcript.delta") == 0
        || strcmp(ev->type, "response.audio_transcript.delta") == 0
        || strcmp(ev->type, "response.audio.transcript.delta") == 0)
    {
        ev->text = ev->delta;

    } else if (strcmp(ev->type, "response.refusal.delta") == 0) {
        ev->refusal = ev->delta;

    } else if (strcmp(ev->type, "response.reasoning_text.delta") == 0
               || strcmp(ev->type, "response.reasoning_summary_text.delta")
                  == 0)
    {
        ev->reasoning = ev->delta;

    } else {
        ev->other = ev->delta;
    }
}


static void
openai_responses_terminal(openai_meter_t *m)
{
    char             finish[80];
    openai_event_t  *ev;

    ev = &m->event;

    /* a response that goes on in the background */

    if (ev->status[0] == '\0' || strcmp(ev->status, "queued") == 0
        || strcmp(ev->status, "in_progress") == 0)
    {
        return;
    }

    openai_copy(finish, sizeof(finish), ev->status, strlen(ev->status));

    if (ev->reason[0]) {
        openai_copy(finish + strlen(finish), sizeof(finish) - strlen(finish),
                    ":", 1);
        openai_copy(finish + strlen(finish), sizeof(finish) - strlen(finish),
                    ev->reason, strlen(ev->reason));
    }

    openai_copy(m->facts->finish_reason, sizeof(m->facts->finish_reason),
                finish, strlen(finish));
}
