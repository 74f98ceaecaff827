
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The title of a request: the first characters of its last user message.  The
 * nodes of the dialects' messages call this.
 *
 * The role may come behind the content, so the text waits in m->said until the
 * message ends.  Nothing is kept unless openai_meter_want_title() was called,
 * because a title is a part of the body.
 */


#include <string.h>

#include "digest/json/bytes.h"
#include "digest/meter/meter.h"


static void openai_title_copy(char *dst, const openai_str_t *text);


/* of one part of a message, and of a message whose content is text or parts */

const openai_node_t  openai_part_nodes[] = {
    openai_node("type", openai_take_part_type, 0),
    openai_node("text", openai_take_said, 0),
    openai_node_end
};

const openai_node_t  openai_message_nodes[] = {
    openai_node("role", openai_take_role, 0),
    openai_node_in("content", openai_part_nodes, openai_take_said, 0),
    openai_node_end
};


void
openai_meter_want_title(openai_meter_t *m)
{
    m->titled = 1;
}


/* counts the messages, too */

void
openai_take_message(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    openai_take_count(ctx, node, value);

    if (!m->titled) {
        return;
    }

    switch (value->type) {

    case OPENAI_SCAN_STRING:
        openai_title_copy(m->facts->title, &value->str);
        break;

    case OPENAI_SCAN_OBJECT:
        if (m->said == NULL) {
            m->said = m->alloc.alloc(m->alloc.ctx, sizeof(openai_said_t));
        }

        /* without memory the record has no title */

        if (m->said) {
            m->said->user = 0;
            m->said->text[0] = '\0';
        }

        break;

    case OPENAI_SCAN_OBJECT_END:
        if (m->said && m->said->user && m->said->text[0]) {
            memcpy(m->facts->title, m->said->text, sizeof(m->facts->title));
        }

        break;

    default:
        break;
    }
}


void
openai_take_role(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (m->said && value->type == OPENAI_SCAN_STRING) {
        m->said->user = openai_is(value->str.data, value->str.len, "user");
    }
}


/* of several parts the last one: agents put reminders of their own in front */

void
openai_take_said(void *ctx, const openai_node_t *node,
    const openai_value_t *value)
{
    openai_meter_t  *m = ctx;

    if (m->said && value->type == OPENAI_SCAN_STRING && value->str.len) {
        openai_title_copy(m->said->text, &value->str);
    }
}


/* zeroes what follows, because an earlier title may have been longer */

static void
openai_title_copy(char *dst, const openai_str_t *text)
{
    size_t    i;
    unsigned  chars;

    for (i = 0, chars = 0; i < text->len; i++) {

        if (((unsigned char) text->data[i] & 0xc0) != 0x80
            && ++chars > OPENAI_TITLE_CHARS)
        {
            break;
        }
    }

    memset(dst, 0, OPENAI_TITLE_SIZE);
    openai_copy(dst, OPENAI_TITLE_SIZE, text->data, i);
}
