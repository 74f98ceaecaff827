
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The reason in the body of an error that is no JSON.  The meter calls it with
 * each piece of such a body.  It keeps no byte of the body but the reason.
 */


#include <string.h>

#include "digest/meter/reason.h"


typedef enum {
    OPENAI_REASON_TEXT = 0,
    OPENAI_REASON_NAME,         /* in the name of a tag */
    OPENAI_REASON_TAG,          /* behind it, up to ">" */
    OPENAI_REASON_DONE          /* the title is known */
} openai_reason_e;


static void openai_reason_text(openai_reason_t *r, char *dst, size_t size,
    char ch);
static void openai_reason_cut(openai_reason_t *r, char *dst, size_t size);
static void openai_reason_name(openai_reason_t *r, char ch);
static unsigned openai_reason_tag(openai_reason_t *r);
static unsigned openai_reason_is(const openai_reason_t *r, const char *name);


void
openai_reason_feed(openai_reason_t *r, char *dst, size_t size,
    const char *data, size_t len)
{
    char    ch;
    size_t  i;

    for (i = 0; i < len && r->state != OPENAI_REASON_DONE; i++) {

        ch = data[i];

        switch (r->state) {

        case OPENAI_REASON_TEXT:

            if (ch == '<') {
                r->state = OPENAI_REASON_NAME;
                r->n = 0;

            } else if (!r->skip) {
                openai_reason_text(r, dst, size, ch);
            }

            break;

        case OPENAI_REASON_NAME:
        case OPENAI_REASON_TAG:

            if (ch == '>') {
                r->state = openai_reason_tag(r);
                r->space = 1;

            } else if (r->state == OPENAI_REASON_NAME) {
                openai_reason_name(r, ch);
            }

            break;
        }
    }
}


static void
openai_reason_text(openai_reason_t *r, char *dst, size_t size, char ch)
{
    if ((unsigned char) ch <= ' ') {
        r->space = 1;
        return;
    }

    if (r->len + r->space + 1 >= size) {
        openai_reason_cut(r, dst, size);
        return;
    }

    if (r->space && r->len) {
        dst[r->len++] = ' ';
    }

    r->space = 0;

    dst[r->len++] = ch;
    dst[r->len] = '\0';
}


/* ends the text with "…"; a character that is cut goes as a whole */

static void
openai_reason_cut(openai_reason_t *r, char *dst, size_t size)
{
    static const char  mark[] = "\xe2\x80\xa6";

    if (r->len > size - sizeof(mark)) {
        r->len = (uint32_t) (size - sizeof(mark));
    }

    while (r->len && ((unsigned char) dst[r->len] & 0xc0) == 0x80) {
        r->len--;
    }

    memcpy(dst + r->len, mark, sizeof(mark));

    r->state = OPENAI_REASON_DONE;
}


static void
openai_reason_name(openai_reason_t *r, char ch)
{
    if ((unsigned char) ch <= ' ') {
        r->state = OPENAI_REASON_TAG;

    } else if (r->n < sizeof(r->tag)) {
        r->tag[r->n++] = (ch >= 'A' && ch <= 'Z') ? (char) (ch | 0x20) : ch;
    }
}


/* the state behind a tag */

static unsigned
openai_reason_tag(openai_reason_t *r)
{
    if (openai_reason_is(r, "/title") && r->len) {
        return OPENAI_REASON_DONE;
    }

    if (openai_reason_is(r, "style") || openai_reason_is(r, "script")) {
        r->skip = 1;

    } else if (openai_reason_is(r, "/style")
               || openai_reason_is(r, "/script"))
    {
        r->skip = 0;
    }

    return OPENAI_REASON_TEXT;
}


static unsigned
openai_reason_is(const openai_reason_t *r, const char *name)
{
    return r->n == strlen(name) && memcmp(r->tag, name, r->n) == 0;
}
