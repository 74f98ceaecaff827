
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * An event from its first choice to its commit: choices, calls of tools,
 * reasons, errors, times of tokens.
 *
 * The dialects and the rest of the meter call it.
 */


#include <string.h>

#include "digest/meter/meter.h"


static void openai_meter_token(openai_meter_t *m);
static int openai_meter_several(openai_meter_t *m);
static int openai_meter_called(openai_meter_t *m, uint64_t hash, int id);


void
openai_meter_event_end(openai_meter_t *m, openai_str_t name)
{
    if (m->dialect->commit) {
        m->dialect->commit(m, name);

    } else {
        openai_meter_commit(m);
    }

    openai_meter_clear(m);
}


void
openai_take_element(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (value->type == OPENAI_SCAN_OBJECT_END && value->element >= 0
        && m->facts->framing == OPENAI_FRAMING_ARRAY)
    {
        m->facts->events++;
        openai_meter_event_end(m, (openai_str_t) openai_str(""));
    }
}


void
openai_meter_clear(openai_meter_t *m)
{
    openai_event_t  *ev;

    ev = &m->event;

    openai_meter_choice_open(m, -1);
    openai_meter_call_open(m, -1);

    ev->text = 0;
    ev->reasoning = 0;
    ev->refusal = 0;
    ev->other = 0;
    ev->delta = 0;
    ev->choices = 0;
    ev->flag = 0;
    ev->type[0] = '\0';
    ev->item[0] = '\0';
    ev->status[0] = '\0';
    ev->reason[0] = '\0';
    ev->code[0] = '\0';
    openai_meter_unsaid(m);
}


void
openai_meter_commit(openai_meter_t *m)
{
    openai_event_t  *ev;

    ev = &m->event;

    m->facts->text_bytes += ev->text + ev->refusal;

    if (ev->refusal) {
        m->facts->flags |= OPENAI_FACT_REFUSAL;
    }

    if (ev->reasoning) {
        m->facts->reasoning_bytes += ev->reasoning;
        m->facts->flags |= OPENAI_FACT_REASONING;
    }

    if (m->facts->streamed == 1
        && (ev->text || ev->reasoning || ev->refusal || ev->other))
    {
        openai_meter_token(m);
    }
}


static void
openai_meter_token(openai_meter_t *m)
{
    openai_facts_t  *f;

    f = m->facts;

    if (f->first_token_us == 0) {
        f->first_token_us = m->now;

    } else if (m->now > f->last_token_us
               && m->now - f->last_token_us > f->longest_gap_us)
    {
        f->longest_gap_us = m->now - f->last_token_us;
    }

    f->last_token_us = m->now;
    m->tokens++;
}


void
openai_meter_estimate(openai_meter_t *m)
{
    uint64_t  n;

    if (m->facts->streamed != 1 || m->tokens == 0
        || (m->facts->flags & (OPENAI_FACT_USAGE|OPENAI_FACT_EARLY))
           == OPENAI_FACT_USAGE)
    {
        m->facts->estimated_output = OPENAI_UNKNOWN;
        return;
    }

    n = (m->facts->text_bytes + m->facts->reasoning_bytes + 3) / 4;

    m->facts->estimated_output = (int64_t) (n > m->tokens ? n : m->tokens);
}


void
openai_meter_unsaid(openai_meter_t *m)
{
    if (m->event.message) {
        m->event.message[0] = '\0';
    }
}


/* sets the error of the event, unless an error is known already */

void
openai_meter_failure(openai_meter_t *m, const char *type)
{
    openai_event_t  *ev;
    openai_facts_t  *f;

    ev = &m->event;
    f = m->facts;

    if (!(f->flags & OPENAI_FACT_ERROR)) {
        openai_copy(f->error_code, sizeof(f->error_code), ev->code,
                    strlen(ev->code));

        if (ev->message) {
            openai_copy(f->error_message, sizeof(f->error_message),
                        ev->message, strlen(ev->message));
        }

        openai_copy(f->error_type, sizeof(f->error_type), type, strlen(type));
    }

    f->flags |= OPENAI_FACT_ERROR;
}


/* a message beside choices or with the code 0 is not an error */

void
openai_meter_flat_error(openai_meter_t *m)
{
    openai_event_t  *ev;

    ev = &m->event;

    if (ev->message && ev->message[0] && ev->choices == 0
        && strcmp(ev->code, "0") != 0)
    {
        openai_meter_failure(m, ev->type);
    }
}


void
openai_meter_choice_open(openai_meter_t *m, int64_t index)
{
    openai_choice_t  *c;

    c = &m->event.choice;

    c->index = index;
    c->content = 0;
    c->parts = 0;
    c->text = 0;
    c->reasoning = 0;
    c->thinking = 0;
    c->details = 0;
    c->delta = 0;
    c->refusal = 0;
    c->other = 0;
    c->finish[0] = '\0';
}


void
openai_meter_choice_close(openai_meter_t *m)
{
    openai_event_t   *ev;
    openai_choice_t  *c;

    ev = &m->event;
    c = &ev->choice;

    /* Together writes the text twice, as content and as text */

    ev->text += (c->content || c->parts) ? c->content + c->parts : c->text;
    ev->reasoning += (c->reasoning ? c->reasoning : c->details) + c->thinking;
    ev->refusal += c->refusal;
    ev->other += c->other;
    ev->choices++;

    if (c->finish[0]) {
        openai_meter_finish_reason(m, c->index, c->finish);

        if (strcmp(c->finish, "error") == 0) {
            m->facts->flags |= OPENAI_FACT_ERROR;
        }
    }

    c->index = -1;
}


void
openai_meter_finish_reason(openai_meter_t *m, int64_t index,
    const char *reason)
{
    unsigned         i;
    openai_facts_t  *f;

    f = m->facts;

    if (index < 0) {
        index = 0;
    }

    if (index >= OPENAI_METER_CHOICES) {
        return;
    }

    if ((m->ended & ~(1u << index)) == 0) {
        openai_copy(f->finish_reason, OPENAI_METER_REASON, reason,
                    strlen(reason));
        m->ended = (uint32_t) (reason[0] != '\0') << index;
        return;
    }

    if (openai_meter_several(m) != OPENAI_OK) {
        return;
    }

    openai_copy(m->finish[index], OPENAI_METER_REASON, reason, strlen(reason));

    m->ended &= ~(1u << index);
    m->ended |= (uint32_t) (reason[0] != '\0') << index;

    f->finish_reason[0] = '\0';

    for (i = 0; i < OPENAI_METER_CHOICES; i++) {
        if (m->ended & 1u << i) {
            openai_append(f->finish_reason, sizeof(f->finish_reason),
                          m->finish[i]);
        }
    }
}


/* prepares for a second reason: moves the first one out of the facts */

static int
openai_meter_several(openai_meter_t *m)
{
    unsigned  i;

    if (m->finish == NULL) {
        m->finish = m->alloc.alloc(m->alloc.ctx, OPENAI_METER_CHOICES
                                                 * sizeof(m->finish[0]));
        if (m->finish == NULL) {
            return OPENAI_NOMEM;
        }
    }

    for (i = 0; i < OPENAI_METER_CHOICES; i++) {
        if (m->ended == 1u << i) {
            openai_copy(m->finish[i], OPENAI_METER_REASON,
                        m->facts->finish_reason,
                        strlen(m->facts->finish_reason));
        }
    }

    return OPENAI_OK;
}


void
openai_meter_call_open(openai_meter_t *m, int64_t index)
{
    openai_call_t  *call;

    call = &m->event.call;

    call->index = index;
    call->arguments = 0;
    call->id[0] = '\0';
    call->name[0] = '\0';
}


/*
 * Ends a piece of a call.  A call is counted when a piece has a name and its
 * place has no call with this id.  Upstreams reuse an index, leave out the
 * index or the id, or repeat the name without the id.
 */

void
openai_meter_call_close(openai_meter_t *m)
{
    size_t          len;
    uint64_t        hash, place;
    openai_call_t  *call;

    call = &m->event.call;

    m->event.choice.other += call->arguments + strlen(call->name);

    if (call->name[0] == '\0') {
        openai_meter_call_open(m, -1);
        return;
    }

    place = (uint64_t) (call->index + 2)
            ^ (uint64_t) (m->event.choice.index + 2) << 24;
    hash = 14695981039346656037u;

    for (len = 0; call->id[len]; len++) {
        hash = (hash ^ (unsigned char) call->id[len]) * 1099511628211u;
    }

    hash = place << 32 | (uint32_t) (hash >> 32);

    if (!openai_meter_called(m, hash, len != 0)) {
        openai_meter_tool(m, call->name);
    }

    openai_meter_call_open(m, -1);
}


/* returns 1 if the call is known, by its hash or, without an id, by its place;
   remembers it if not */

static int
openai_meter_called(openai_meter_t *m, uint64_t hash, int id)
{
    unsigned  i, n;

    n = m->ncalls < OPENAI_METER_CALLS ? m->ncalls : OPENAI_METER_CALLS;

    for (i = 0; i < n; i++) {
        if (id ? m->calls[i] == hash
               : m->event.call.index >= 0 && m->calls[i] >> 32 == hash >> 32)
        {
            return 1;
        }
    }

    if (m->calls == NULL) {
        m->calls = m->alloc.alloc(m->alloc.ctx,
                                  OPENAI_METER_CALLS * sizeof(uint64_t));
    }

    if (m->calls) {
        m->calls[m->ncalls++ % OPENAI_METER_CALLS] = hash;
    }

    return 0;
}


void
openai_meter_tool(openai_meter_t *m, const char *name)
{
    openai_facts_t  *f;

    f = m->facts;

    f->tool_calls++;
    f->flags |= OPENAI_FACT_TOOL_CALLS;

    if (name[0]) {
        openai_append(f->tool_names, sizeof(f->tool_names), name);
    }
}


void
openai_take_choice(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    if (value->type == OPENAI_SCAN_OBJECT) {
        openai_meter_choice_open(ctx, value->element);

    } else if (value->type == OPENAI_SCAN_OBJECT_END) {
        openai_meter_choice_close(ctx);
    }
}


void
openai_take_call(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    if (value->type == OPENAI_SCAN_OBJECT) {
        openai_meter_call_open(ctx, -1);

    } else if (value->type == OPENAI_SCAN_OBJECT_END) {
        openai_meter_call_close(ctx);
    }
}
