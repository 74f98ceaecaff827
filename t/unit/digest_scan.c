
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: the scanner finds the values that a parser finds, wherever the
 * bytes are split.
 *
 * Of docs/reliability.md: fault 34.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest/json/scan.h"
#include "digest/json/skip.h"
#include "digest_run.h"


#define ROUNDS  3000


typedef struct {
    char    text[1 << 20];
    size_t  len;
} heard_t;


static heard_t   heard, again;
static char      json[1 << 16];
static size_t    json_len;
static uint64_t  state;

/* 1: without blanks; 2: a blank after each ":" and ","; else: random blanks */
static unsigned  dense;


static void
hear(void *ctx, const openai_node_t *node, const openai_value_t *v)
{
    heard_t  *h = ctx;

    if (h->len > sizeof(h->text) - 1024) {
        return;
    }

    h->len += snprintf(h->text + h->len, 1024, "%.*s %d %d %llu %.*s\n",
                       (int) node->key.len, node->key.data, v->type,
                       v->element, (unsigned long long) v->size,
                       (node->flags & OPENAI_NODE_TEXT) ? 0 : (int) v->str.len,
                       v->str.data ? v->str.data : "");
}


static const openai_node_t  inner[] = {
    openai_node("c", hear, 0),
    openai_node("cached_tokens", hear, 0),
    openai_node("a_key_that_is_longer_than_others", hear, 0),
    openai_node_text("text", hear, 0),
    openai_node_end
};


static const openai_node_t  outer[] = {
    openai_node_in("b", inner, hear, 0),
    openai_node("c", hear, 0),
    openai_node("content", hear, 0),
    openai_node_end
};


static const openai_node_t  top[] = {
    openai_node_in("a", outer, hear, 0),
    openai_node_in("b", inner, hear, 0),
    openai_node_text("text", hear, 0),
    openai_node("index", hear, 0),
    openai_node_end
};


static const openai_node_t  root = openai_node_root(top, hear);


static unsigned
pick(unsigned n)
{
    return (unsigned) (run_random(&state) % n);
}


static void
put(const char *s)
{
    size_t  n;

    n = strlen(s);

    if (json_len + n < sizeof(json)) {
        memcpy(json + json_len, s, n);
        json_len += n;
    }
}


static void
blank(void)
{
    static const char *const  blanks[] = { "", "", "", " ", "\n", "\t\r\n  " };

    put(dense == 1 || dense == 2 ? "" : blanks[pick(6)]);
}


static void
string(void)
{
    unsigned  n, i;

    static const char *const  pieces[] = {
        "a", "plain text", "\\n", "\\\"", "\\\\", "\\u00e9", "\\ud83d\\ude00",
        "\\ud83d", "\\ude00", "\xc3\xa9", "\xf0\x9f\x98\x80", "{", "}", "[",
        "]", ",", ":", "\\/", "\\\\\\\"", "\\u0022", "0123456789abcdef",
        "u", "\\\\u00e9", "\\u07FF", "\\u0800", "\\u0g", "\\t",
        ("a long run of characters without anything that needs an escape, "
         "longer than a block of sixty-four bytes, twice over, to be sure")
    };

    n = pick(8) ? pick(5) : pick(60);

    put("\"");

    for (i = 0; i < n; i++) {
        put(pieces[pick(sizeof(pieces) / sizeof(pieces[0]))]);
    }

    put("\"");
}


static void
value(unsigned depth)
{
    unsigned  n, i;

    static const char *const  bare[] = {
        "0", "-1", "12345678901234567890", "1.5e3", "true", "false", "null",
        "0.123456789012345678901234"
    };

    static const char *const  keys[] = {
        "\"a\"", "\"b\"", "\"c\"", "\"text\"", "\"content\"", "\"index\"",
        "\"other\"", "\"\\u0061\"", "\"\"", "\"a\\\"b\"",
        "\"cached_tokens\"", "\"cached_token_s\"",
        "\"a_key_that_is_longer_than_others\"",
        "\"a_key_that_is_longer_still_than_all_others\""
    };

    n = pick(depth > 12 ? 3 : 6);

    if (n == 0) {
        put(bare[pick(8)]);

    } else if (n < 3) {
        string();

    } else {
        put(n == 3 ? "[" : "{");

        for (i = pick(5); i; i--) {
            blank();

            if (n != 3) {
                put(keys[pick(14)]);
                blank();
                put(dense == 2 ? ": " : ":");
                blank();
            }

            value(depth + 1);
            blank();
            put(i == 1 ? "" : dense == 2 ? ", " : ",");
        }

        put(n == 3 ? "]" : "}");
    }
}


static void
texts(void)
{
    unsigned  n;

    put("{\"text\":[");

    for (n = pick(30); n; n--) {
        string();
        put(",");
    }

    put("0]}");
}


/* adds up the decoded strings of the text nodes, by a parser */

static uint64_t
text_bytes(yyjson_val *v, const openai_node_t *node)
{
    size_t                i, n;
    uint64_t              sum;
    yyjson_val           *k, *m;
    const openai_node_t  *child;

    sum = 0;

    if (yyjson_is_str(v)) {
        return (node->flags & OPENAI_NODE_TEXT) ? yyjson_get_len(v) : 0;
    }

    if (yyjson_is_arr(v)) {
        yyjson_arr_foreach(v, i, n, m) {
            sum += text_bytes(m, node);
        }
    }

    if (yyjson_is_obj(v) && node->nodes) {
        yyjson_obj_foreach(v, i, n, k, m) {
            for (child = node->nodes; child->key.data; child++) {
                if (yyjson_equals_strn(k, child->key.data, child->key.len)) {
                    sum += text_bytes(m, child);
                }
            }
        }
    }

    return sum;
}


static uint64_t
heard_bytes(const heard_t *h)
{
    int                  type, element;
    uint64_t             sum;
    const char          *p;
    unsigned long long   size;

    sum = 0;

    for (p = h->text; (p = strstr(p, "text ")) != NULL; p++) {
        if ((p == h->text || p[-1] == '\n')
            && sscanf(p, "text %d %d %llu", &type, &element, &size) == 3
            && type == OPENAI_SCAN_STRING)
        {
            sum += size;
        }
    }

    return sum;
}


/* breaks the JSON: a byte is missing, doubled or changed, or a value is
   missing */

static void
spoil(void)
{
    size_t  at, n;

    static const char  marks[] = "\"{}[]:, 0\\";

    at = pick((unsigned) json_len);
    n = 1;

    switch (pick(4)) {

    case 0:
        json[at] = marks[pick(sizeof(marks) - 1)];
        return;

    case 1:
        memmove(json + at + 1, json + at, json_len - at);
        json_len++;
        return;

    case 2:

        while (at < json_len && json[at++] != ':') {
            /* void */
        }

        n = 0;

        while (at + n < json_len && strchr(",}]", json[at + n]) == NULL) {
            n++;
        }
    }

    memmove(json + at, json + at + n, json_len - at - n);
    json_len -= n;
}


/* each piece has its own block, so that a sanitizer sees a read behind it */

static void
scan(openai_scan_t *s, unsigned split)
{
    char    *piece;
    size_t   i, n;

    for (i = 0; i < json_len; i += n) {
        n = split ? 1 + pick(split) : json_len;
        n = n < json_len - i ? n : json_len - i;

        piece = malloc(n);
        memcpy(piece, json + i, n);
        openai_scan(s, piece, n);
        free(piece);
    }
}


static int
round_trip(void)
{
    int             i;
    yyjson_doc     *doc;
    openai_scan_t   s;

    json_len = 0;
    json[0] = '\0';
    dense = pick(4);

    if (pick(2)) {
        value(0);

    } else {
        texts();
    }

    if (json_len > sizeof(json) - 256) {
        return 1;
    }

    if (pick(4) == 0) {
        spoil();
    }

    heard.len = 0;
    heard.text[0] = '\0';
    openai_scan_init(&s, &root, &heard);
    scan(&s, 0);

    for (i = 0; i < 4; i++) {
        again.len = 0;
        again.text[0] = '\0';
        openai_scan_init(&s, &root, &again);
        scan(&s, i == 0 ? 1 : 2 + pick(80));

        if (strcmp(heard.text, again.text) != 0) {
            run_note("split: %.*s", (int) json_len, json);
            return 0;
        }
    }

    /* a strict parser refuses halves of surrogate pairs; then doc is NULL */

    doc = yyjson_read(json, json_len, 0);

    if (doc && heard.len < sizeof(heard.text) - 2048
        && heard_bytes(&heard) != text_bytes(yyjson_doc_get_root(doc), &root))
    {
        run_note("parser: %.*s", (int) json_len, json);
        yyjson_doc_free(doc);
        return 0;
    }

    yyjson_doc_free(doc);

    return 1;
}


/* a missing value does not turn the next key into a value */

static void
missing_values(void)
{
    size_t         i;
    openai_scan_t  s;

    static const char *const  events[] = {
        "{\"made\":11,\"index\":1,\"a\":{\"b\":{\"text\":\"one\"}},\"c\":0}",
        "{\"made\":11,\"index\":,\"a\":{\"b\":{\"text\":\"four\"}},\"c\":0}",
        "{\"made\":11,\"index\":5,\"a\":{\"b\":{\"text\":}},\"c\":0}",
        "{\"made\":11,\"index\":7,\"a\":{\"b\":{\"text\":\"seven\"}},\"c\":0}"
    };

    heard.len = 0;
    openai_scan_init(&s, &root, &heard);

    for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        openai_scan_reset(&s);
        openai_scan(&s, events[i], strlen(events[i]));
    }

    run_ok(strstr(heard.text, "index 4") == NULL
           && strstr(heard.text, "text 4 -1 4") != NULL
           && strstr(heard.text, "index 3 -1 1 7") != NULL,
           "the key behind a missing value is no value");
}


/* compares blocks of 64 bytes with one byte at a time */

static int
skip_round(void)
{
    size_t          i, len, at[2];
    unsigned        few;
    const char     *p;
    openai_skip_t   skip;

    static const char *const  bytes[] = {
        "\"\\\\\\{}[]abcdefgh    \"",
        "\\\\\\ few ends, escapes and brackets: {}[] and \""
    };

    few = pick(2);
    len = pick(300);

    for (i = 0; i < len; i++) {
        json[i] = bytes[few][pick(strlen(bytes[few]))];
    }

    for (i = 0; i < 2; i++) {
        skip.depth = len & 1;
        skip.quoted = !skip.depth;
        skip.escaped = 0;
        at[i] = 0;

        if (i == 0) {
            at[i] = openai_skip(&skip, json, json + len) - json;
            continue;
        }

        for (p = json; p < json + len && openai_skipping(&skip); p++) {
            (void) openai_skip(&skip, p, p + 1);
        }

        at[i] = p - json;
    }

    if (at[0] != at[1]) {
        run_note("skip: %zu, expected %zu: %.*s", at[0], at[1], (int) len,
                 json);
    }

    return at[0] == at[1];
}


int
main(void)
{
    int  i, ok;

    state = run_seed();

    for (i = 0, ok = 1; i < ROUNDS && ok; i++) {
        ok = round_trip();
    }

    run_ok(ok, "values of %d random documents, split at random", i);

    missing_values();

    for (i = 0, ok = 1; i < 20000 && ok; i++) {
        ok = skip_round();
    }

    run_ok(ok, "%d random runs of brackets and quotes are skipped alike", i);

    return run_done();
}
