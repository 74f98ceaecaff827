
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * SipHash over JSON values, see hash.h.
 */


#include <string.h>

#include "digest/thread/hash.h"


/* the walk recurses; no schema of a tool is nested so deep */

#define OPENAI_HASH_DEPTH    128

#define OPENAI_HASH_BILLING  "x-anthropic-billing-header:"

#define openai_hash_rotl(x, n)  (((x) << (n)) | ((x) >> (64 - (n))))


static int openai_hash_walk(openai_hash_t *h, yyjson_val *val, unsigned depth);
static int openai_hash_object(openai_hash_t *h, yyjson_val *val,
    unsigned depth);
static int openai_hash_array(openai_hash_t *h, yyjson_val *val,
    unsigned depth);
static yyjson_val *openai_hash_only_text(yyjson_val *val);
static yyjson_val *openai_hash_text(yyjson_val *part);
static int openai_hash_ignored(yyjson_val *key, yyjson_val *val);
static int openai_hash_volatile(yyjson_val *part);
static void openai_hash_tagged(openai_hash_t *h, char tag, const char *data,
    size_t len);
static void openai_hash_word(openai_hash_t *h, uint64_t word);
static void openai_hash_round(openai_hash_t *h);


void
openai_hash_init(openai_hash_t *h)
{
    /* the constants of SipHash with a key of zero */

    h->v0 = 0x736f6d6570736575ULL;
    h->v1 = 0x646f72616e646f6dULL;
    h->v2 = 0x6c7967656e657261ULL;
    h->v3 = 0x7465646279746573ULL;
    h->tail = 0;
    h->len = 0;
}


void
openai_hash_bytes(openai_hash_t *h, const void *data, size_t len)
{
    unsigned              n;
    uint64_t              word;
    const unsigned char  *p, *last;

    p = data;
    last = p + len;

    n = h->len & 7;
    h->len += len;

    while (p < last) {

        if (n == 0 && last - p >= 8) {
            word = (uint64_t) p[0] | (uint64_t) p[1] << 8
                   | (uint64_t) p[2] << 16 | (uint64_t) p[3] << 24
                   | (uint64_t) p[4] << 32 | (uint64_t) p[5] << 40
                   | (uint64_t) p[6] << 48 | (uint64_t) p[7] << 56;

            openai_hash_word(h, word);
            p += 8;
            continue;
        }

        h->tail |= (uint64_t) *p++ << (8 * n);
        n = (n + 1) & 7;

        if (n == 0) {
            openai_hash_word(h, h->tail);
            h->tail = 0;
        }
    }
}


uint64_t
openai_hash_done(openai_hash_t *h)
{
    openai_hash_word(h, h->len << 56 | h->tail);

    h->v2 ^= 0xff;

    openai_hash_round(h);
    openai_hash_round(h);
    openai_hash_round(h);

    return h->v0 ^ h->v1 ^ h->v2 ^ h->v3;
}


static void
openai_hash_word(openai_hash_t *h, uint64_t word)
{
    h->v3 ^= word;
    openai_hash_round(h);
    h->v0 ^= word;
}


static void
openai_hash_round(openai_hash_t *h)
{
    h->v0 += h->v1;
    h->v1 = openai_hash_rotl(h->v1, 13) ^ h->v0;
    h->v0 = openai_hash_rotl(h->v0, 32);

    h->v2 += h->v3;
    h->v3 = openai_hash_rotl(h->v3, 16) ^ h->v2;

    h->v0 += h->v3;
    h->v3 = openai_hash_rotl(h->v3, 21) ^ h->v0;

    h->v2 += h->v1;
    h->v1 = openai_hash_rotl(h->v1, 17) ^ h->v2;
    h->v2 = openai_hash_rotl(h->v2, 32);
}


void
openai_hash_str(openai_hash_t *h, const char *data, size_t len)
{
    openai_hash_tagged(h, 's', data, len);
}


int
openai_hash_json(openai_hash_t *h, yyjson_val *val)
{
    return openai_hash_walk(h, val, 0);
}


int
openai_hash_content(openai_hash_t *h, yyjson_val *val)
{
    yyjson_val  *text;

    text = openai_hash_only_text(val);

    return openai_hash_walk(h, text ? text : val, 0);
}


static int
openai_hash_walk(openai_hash_t *h, yyjson_val *val, unsigned depth)
{
    if (depth > OPENAI_HASH_DEPTH) {
        return OPENAI_ERROR;
    }

    switch (yyjson_get_type(val)) {

    case YYJSON_TYPE_OBJ:
        return openai_hash_object(h, val, depth);

    case YYJSON_TYPE_ARR:
        return openai_hash_array(h, val, depth);

    case YYJSON_TYPE_STR:
        openai_hash_tagged(h, 's', yyjson_get_str(val), yyjson_get_len(val));
        return OPENAI_OK;

    case YYJSON_TYPE_RAW:
        openai_hash_tagged(h, 'n', yyjson_get_raw(val), yyjson_get_len(val));
        return OPENAI_OK;

    case YYJSON_TYPE_BOOL:
        openai_hash_bytes(h, yyjson_is_true(val) ? "t" : "f", 1);
        return OPENAI_OK;

    default:
        openai_hash_bytes(h, "z", 1);
        return OPENAI_OK;
    }
}


static int
openai_hash_object(openai_hash_t *h, yyjson_val *val, unsigned depth)
{
    size_t       i, n;
    yyjson_val  *key, *member, *text;

    openai_hash_bytes(h, "{", 1);

    yyjson_obj_foreach(val, i, n, key, member) {

        if (openai_hash_ignored(key, member)) {
            continue;
        }

        openai_hash_tagged(h, 's', yyjson_get_str(key), yyjson_get_len(key));

        text = yyjson_equals_str(key, "content")
               ? openai_hash_only_text(member) : NULL;

        if (openai_hash_walk(h, text ? text : member, depth + 1)
            != OPENAI_OK)
        {
            return OPENAI_ERROR;
        }
    }

    openai_hash_bytes(h, "}", 1);

    return OPENAI_OK;
}


static int
openai_hash_array(openai_hash_t *h, yyjson_val *val, unsigned depth)
{
    size_t       i, n;
    yyjson_val  *element;

    openai_hash_bytes(h, "[", 1);

    yyjson_arr_foreach(val, i, n, element) {

        if (openai_hash_volatile(element)) {
            continue;
        }

        if (openai_hash_walk(h, element, depth + 1) != OPENAI_OK) {
            return OPENAI_ERROR;
        }
    }

    openai_hash_bytes(h, "]", 1);

    return OPENAI_OK;
}


/* returns the text of a list with one text part and nothing else, or NULL */

static yyjson_val *
openai_hash_only_text(yyjson_val *val)
{
    size_t       i, n;
    yyjson_val  *element, *found;

    found = NULL;

    yyjson_arr_foreach(val, i, n, element) {

        if (openai_hash_volatile(element)) {
            continue;
        }

        if (found) {
            return NULL;
        }

        found = openai_hash_text(element);

        if (found == NULL) {
            return NULL;
        }
    }

    return found;
}


static yyjson_val *
openai_hash_text(yyjson_val *part)
{
    size_t       i, n;
    yyjson_val  *key, *member, *text;

    text = NULL;

    yyjson_obj_foreach(part, i, n, key, member) {

        if (openai_hash_ignored(key, member)) {
            continue;
        }

        if (yyjson_equals_str(key, "text") && yyjson_is_str(member)) {
            text = member;

        } else if (!yyjson_equals_str(key, "type")
                   || !(yyjson_equals_str(member, "text")
                        || yyjson_equals_str(member, "input_text")
                        || yyjson_equals_str(member, "output_text")))
        {
            return NULL;
        }
    }

    return text;
}


static int
openai_hash_ignored(yyjson_val *key, yyjson_val *val)
{
    return yyjson_is_null(val)
           || yyjson_equals_str(key, "cache_control")
           || (yyjson_equals_str(key, "type")
               && yyjson_equals_str(val, "message"));
}


static int
openai_hash_volatile(yyjson_val *part)
{
    yyjson_val  *text;

    text = yyjson_obj_get(part, "text");

    return yyjson_get_len(text) > sizeof(OPENAI_HASH_BILLING) - 1
           && yyjson_is_str(text)
           && memcmp(yyjson_get_str(text), OPENAI_HASH_BILLING,
                     sizeof(OPENAI_HASH_BILLING) - 1) == 0;
}


static void
openai_hash_tagged(openai_hash_t *h, char tag, const char *data, size_t len)
{
    unsigned       i;
    unsigned char  head[9];

    head[0] = tag;

    for (i = 0; i < 8; i++) {
        head[i + 1] = (unsigned char) ((uint64_t) len >> (8 * i));
    }

    openai_hash_bytes(h, head, sizeof(head));
    openai_hash_bytes(h, data, len);
}
