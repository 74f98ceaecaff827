
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Amazon's event stream.  The meter calls it while bytes pass, the walk over
 * stored bytes.  It takes bytes split anywhere and keeps two words of a
 * message's headers; broken input ends it, and never reads out of bounds.
 */


#include "digest/json/bytes.h"
#include "digest/wire/eventstream.h"


typedef enum {
    OPENAI_AWS_PRELUDE = 0,
    OPENAI_AWS_NAME_LEN,
    OPENAI_AWS_NAME,
    OPENAI_AWS_TYPE,
    OPENAI_AWS_VALUE_LEN,
    OPENAI_AWS_VALUE,
    OPENAI_AWS_PAYLOAD,
    OPENAI_AWS_CRC,
    OPENAI_AWS_BROKEN
} openai_aws_state_e;


#define OPENAI_AWS_PRELUDE_SIZE  12
#define OPENAI_AWS_CRC_SIZE      4
#define OPENAI_AWS_STRING        7

/* within a payload of base64: what precedes the value, which is told by
   "inner" from 0 to its length, then the value, then the rest */

static const char  openai_aws_bytes[] = "\"bytes\":\"";

#define OPENAI_AWS_INNER_VALUE   (sizeof(openai_aws_bytes) - 1)
#define OPENAI_AWS_INNER_REST    (OPENAI_AWS_INNER_VALUE + 1)


static void openai_aws_byte(openai_aws_t *aws, unsigned char ch);
static void openai_aws_prelude(openai_aws_t *aws, unsigned char ch);
static void openai_aws_header(openai_aws_t *aws, unsigned char ch);
static void openai_aws_typed(openai_aws_t *aws, unsigned char type);
static void openai_aws_value(openai_aws_t *aws);
static void openai_aws_payload(openai_aws_t *aws);
static const char *openai_aws_data(openai_aws_t *aws, const char *p,
    const char *last);
static void openai_aws_decode(openai_aws_t *aws, const char *p,
    const char *last);
static int openai_aws_digit(char ch);
static void openai_aws_end(openai_aws_t *aws);


void
openai_aws_init(openai_aws_t *aws, const openai_frames_t *handler, void *ctx)
{
    memset(aws, 0, sizeof(openai_aws_t));

    aws->handler = handler;
    aws->ctx = ctx;
}


void
openai_aws_feed(openai_aws_t *aws, const char *p, size_t len)
{
    const char  *last, *next;

    last = p + len;

    while (p < last && aws->state != OPENAI_AWS_BROKEN) {

        if (aws->state == OPENAI_AWS_PAYLOAD) {
            next = openai_aws_data(aws, p, last);

        } else {
            openai_aws_byte(aws, (unsigned char) *p);
            next = p + 1;
        }

        aws->offset += next - p;
        p = next;

        if (aws->state == OPENAI_AWS_CRC && aws->done == aws->total) {
            openai_aws_end(aws);
        }
    }
}


static void
openai_aws_byte(openai_aws_t *aws, unsigned char ch)
{
    aws->done++;

    switch (aws->state) {

    case OPENAI_AWS_PRELUDE:
        openai_aws_prelude(aws, ch);
        break;

    case OPENAI_AWS_CRC:
        break;

    default:
        openai_aws_header(aws, ch);

        if (aws->state != OPENAI_AWS_BROKEN
            && aws->done == OPENAI_AWS_PRELUDE_SIZE + aws->headers)
        {
            openai_aws_payload(aws);
        }
    }
}


static void
openai_aws_prelude(openai_aws_t *aws, unsigned char ch)
{
    if (aws->done == 1) {
        aws->start = aws->offset;
    }

    aws->number = aws->number << 8 | ch;

    if (aws->done == 4) {
        aws->total = aws->number;

    } else if (aws->done == 8) {
        aws->headers = aws->number;
    }

    if (aws->done < OPENAI_AWS_PRELUDE_SIZE) {
        return;
    }

    if (aws->total > OPENAI_AWS_MAX || aws->headers > aws->total
        || aws->total - aws->headers
           < OPENAI_AWS_PRELUDE_SIZE + OPENAI_AWS_CRC_SIZE)
    {
        aws->state = OPENAI_AWS_BROKEN;
        return;
    }

    aws->name_len = 0;
    aws->exception = 0;
    aws->chunk = 0;

    if (aws->headers == 0) {
        openai_aws_payload(aws);
        return;
    }

    aws->state = OPENAI_AWS_NAME_LEN;
}


static void
openai_aws_header(openai_aws_t *aws, unsigned char ch)
{
    switch (aws->state) {

    case OPENAI_AWS_NAME_LEN:
        aws->left = ch;
        aws->field_len = 0;
        aws->state = ch ? OPENAI_AWS_NAME : OPENAI_AWS_TYPE;
        return;

    case OPENAI_AWS_NAME:

        if (aws->field_len < OPENAI_AWS_WORD) {
            aws->field[aws->field_len++] = (char) ch;
        }

        if (--aws->left == 0) {
            aws->state = OPENAI_AWS_TYPE;
        }

        return;

    case OPENAI_AWS_TYPE:
        openai_aws_typed(aws, ch);
        return;

    case OPENAI_AWS_VALUE_LEN:
        aws->number = aws->number << 8 | ch;

        if (--aws->left == 0) {
            aws->left = aws->number;
            aws->number = 0;
            aws->state = aws->left ? OPENAI_AWS_VALUE : OPENAI_AWS_NAME_LEN;
            openai_aws_value(aws);
        }

        return;

    case OPENAI_AWS_VALUE:

        if (aws->number && aws->name_len < OPENAI_AWS_WORD) {
            aws->name[aws->name_len++] = (char) ch;
        }

        if (--aws->left == 0) {
            aws->state = OPENAI_AWS_NAME_LEN;
        }
    }
}


/* the value of a header begins; strings and byte arrays have a length */

static void
openai_aws_typed(openai_aws_t *aws, unsigned char type)
{
    static const uint8_t  sizes[] = { 0, 0, 1, 2, 4, 8, 0, 0, 8, 16 };

    if (type >= sizeof(sizes)) {
        aws->state = OPENAI_AWS_BROKEN;
        return;
    }

    aws->number = 0;

    if (type == 6 || type == OPENAI_AWS_STRING) {
        aws->left = 2;
        aws->state = OPENAI_AWS_VALUE_LEN;
        return;
    }

    aws->left = sizes[type];
    aws->state = aws->left ? OPENAI_AWS_VALUE : OPENAI_AWS_NAME_LEN;
}


/* the bytes of a value come; "number" says that they are the event's name */

static void
openai_aws_value(openai_aws_t *aws)
{
    if (openai_is(aws->field, aws->field_len, ":exception-type")
        || openai_is(aws->field, aws->field_len, ":error-code"))
    {
        aws->exception = 1;

    } else if (!openai_is(aws->field, aws->field_len, ":event-type")) {
        return;
    }

    aws->number = 1;
    aws->name_len = 0;
}


static void
openai_aws_payload(openai_aws_t *aws)
{
    if (aws->done != OPENAI_AWS_PRELUDE_SIZE + aws->headers
        || (aws->headers && aws->state != OPENAI_AWS_NAME_LEN))
    {
        aws->state = OPENAI_AWS_BROKEN;
        return;
    }

    aws->chunk = openai_is(aws->name, aws->name_len, "chunk");
    aws->inner = 0;
    aws->bits = 0;
    aws->base64 = 0;

    aws->left = aws->total - aws->done - OPENAI_AWS_CRC_SIZE;
    aws->state = aws->left ? OPENAI_AWS_PAYLOAD : OPENAI_AWS_CRC;
}


static const char *
openai_aws_data(openai_aws_t *aws, const char *p, const char *last)
{
    if ((size_t) (last - p) > aws->left) {
        last = p + aws->left;
    }

    aws->left -= last - p;
    aws->done += last - p;

    if (aws->chunk) {
        openai_aws_decode(aws, p, last);

    } else {
        aws->handler->data(aws->ctx, p, last - p);
    }

    if (aws->left == 0) {
        aws->state = OPENAI_AWS_CRC;
    }

    return last;
}


/* the base64 of "bytes", a few bytes at a time */

static void
openai_aws_decode(openai_aws_t *aws, const char *p, const char *last)
{
    int     digit;
    char    out[96];
    size_t  n;

    n = 0;

    for ( /* void */ ; p < last && aws->inner < OPENAI_AWS_INNER_REST; p++) {

        if (aws->inner < OPENAI_AWS_INNER_VALUE) {

            if (*p == openai_aws_bytes[aws->inner]) {
                aws->inner++;

            } else {
                aws->inner = (*p == '"');
            }

            continue;
        }

        digit = openai_aws_digit(*p);

        if (digit < 0) {
            aws->inner = OPENAI_AWS_INNER_REST;
            break;
        }

        aws->base64 = aws->base64 << 6 | (uint32_t) digit;
        aws->bits += 6;

        if (aws->bits >= 8) {
            aws->bits -= 8;
            out[n++] = (char) (aws->base64 >> aws->bits);

            if (n == sizeof(out)) {
                aws->handler->data(aws->ctx, out, n);
                n = 0;
            }
        }
    }

    if (n) {
        aws->handler->data(aws->ctx, out, n);
    }
}


static int
openai_aws_digit(char ch)
{
    if (ch >= 'A' && ch <= 'Z') {
        return ch - 'A';
    }

    if (ch >= 'a' && ch <= 'z') {
        return ch - 'a' + 26;
    }

    if (ch >= '0' && ch <= '9') {
        return ch - '0' + 52;
    }

    return ch == '+' ? 62 : ch == '/' ? 63 : -1;
}


static void
openai_aws_end(openai_aws_t *aws)
{
    openai_str_t  name;

    name.data = aws->name;
    name.len = aws->chunk ? 0 : aws->name_len;

    aws->handler->event(aws->ctx, name, aws->start, aws->offset);

    aws->state = OPENAI_AWS_PRELUDE;
    aws->done = 0;
    aws->number = 0;
}
