
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: the API's JSON is valid whatever bytes a record has, and valid
 * text comes out unchanged.  The writer never writes behind a fixed buffer.
 *
 * Of docs/reliability.md: fault 35.
 */


#include <math.h>
#include <time.h>

#include "view/answer/json.c"
#include "tap.h"


static unsigned    seed;
static ngx_pool_t  pool;


/* all buffers as one string from the pool */

static char *
text_of(ngx_openai_json_t *json)
{
    char         *text, *p;
    ngx_chain_t  *cl;

    text = ngx_palloc(&pool, json->size + 1);
    p = text;

    for (cl = json->first; cl; cl = cl->next) {
        p = (char *) ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    *p = '\0';

    return (p - text == json->size) ? text : NULL;
}


static yyjson_doc *
string_doc(const u_char *bytes, size_t len)
{
    char               *text;
    ngx_openai_json_t   json;

    ngx_openai_json_init(&json, &pool);
    ngx_openai_json_open(&json, '[');
    ngx_openai_json_string(&json, bytes, len);
    ngx_openai_json_close(&json, ']');

    text = text_of(&json);

    return text ? yyjson_read(text, json.size, 0) : NULL;
}


/* 1: the text comes back; 0: valid JSON with another text; -1: neither */

static int
round_trip(const u_char *bytes, size_t len)
{
    int          same;
    yyjson_doc  *doc;
    yyjson_val  *val;

    doc = string_doc(bytes, len);
    if (doc == NULL) {
        return -1;
    }

    val = yyjson_arr_get_first(yyjson_doc_get_root(doc));
    same = yyjson_get_len(val) == len
           && memcmp(yyjson_get_str(val), bytes, len) == 0;

    yyjson_doc_free(doc);
    ngx_reset_pool(&pool);

    return same;
}


/* what yyjson takes for UTF-8 */

static int
is_utf8(const u_char *bytes, size_t len)
{
    char             text[16];
    yyjson_doc      *doc;

    text[0] = '"';
    memcpy(text + 1, bytes, len);
    text[len + 1] = '"';

    doc = yyjson_read(text, len + 2, 0);
    yyjson_doc_free(doc);

    return doc != NULL;
}


static void
test_utf8(void)
{
    int       bad;
    u_char    s[4];
    unsigned  i, last;

    for (i = 0, bad = 0; i < 0x10000; i++) {
        s[0] = (u_char) (0x80 | i >> 8);
        s[1] = (u_char) i;
        bad += round_trip(s, 2) < 0;

        if (s[0] >= 0x80 && s[1] >= 0x80) {
            bad += round_trip(s, 2) != is_utf8(s, 2);
        }
    }

    ok(bad == 0, "every pair of bytes");

    for (i = 0, bad = 0; i < 0x100000; i += 7) {
        s[0] = (u_char) (0xe0 | i >> 16);
        s[1] = (u_char) (0x80 | i >> 8);
        s[2] = (u_char) (0x80 | i);
        last = i % 5 ? 0x80 | (i & 0x3f) : i & 0xff;
        s[3] = (u_char) (last < 0x80 ? last | 0x80 : last);

        bad += round_trip(s, 3) != is_utf8(s, 3);
        bad += round_trip(s, 4) != is_utf8(s, 4);
    }

    ok(bad == 0, "sequences of three and four, and what only looks like them");
}


static void
test_random(void)
{
    int       i, bad;
    size_t    len, n;
    u_char   *bytes;

    bytes = malloc(100000);

    for (i = 0, bad = 0; i < 400; i++) {
        len = (size_t) rand_r(&seed) % (i % 20 ? 300 : 100000);

        for (n = 0; n < len; n++) {
            bytes[n] = (u_char) (rand_r(&seed) >> 8);
        }

        bad += round_trip(bytes, len) < 0;

        for (n = 0; n < len; n++) {
            bytes[n] &= 0x7f;
        }

        bad += round_trip(bytes, len) != 1;
    }

    ok(bad == 0, "any bytes give valid JSON, ASCII comes back");
    free(bytes);
}


/* the same content into buffers of every size */

static void
test_fixed(void)
{
    int                 bad;
    size_t              size, whole;
    u_char              room[256];
    ngx_buf_t           buf;
    ngx_openai_json_t   json;

    bad = 0;
    whole = 0;

    for (size = 0; size <= 128; size++) {
        memset(room, 0xee, sizeof(room));

        buf.start = buf.pos = buf.last = room;
        buf.end = room + size;

        ngx_openai_json_init_fixed(&json, &buf);
        ngx_openai_json_open(&json, '{');
        ngx_openai_json_key(&json, "key");
        ngx_openai_json_string(&json, "a\"\x01\xc3\xa4\xff", 6);
        ngx_openai_json_key(&json, "data");
        ngx_openai_json_base64(&json, "\0\1\2\3\4\5\6", 7);
        ngx_openai_json_key(&json, "n");
        ngx_openai_json_int(&json, INT64_MIN);
        ngx_openai_json_close(&json, '}');

        bad += room[size] != 0xee || buf.last > buf.end;

        if (!json.failed && whole == 0) {
            whole = size;
        }

        bad += whole != 0 && json.failed;
    }

    ok(bad == 0 && whole > 0, "a fixed buffer is filled or failed");
    ok(strstr((char *) room, "{\"key\":\"a\\\"\\u0001\xc3\xa4\xef\xbf\xbd\","
                             "\"data\":\"AAECAwQFBg==\","
                             "\"n\":-9223372036854775808}") == (char *) room,
       "and holds what was written");
}


static void
test_memory(void)
{
    int                 bad;
    size_t              left;
    ngx_openai_json_t   json;

    for (left = 0, bad = 0; left < 20000; left += 100) {
        pool.left = left;

        ngx_openai_json_init(&json, &pool);
        ngx_openai_json_string(&json, "some text", 9);

        while (!json.failed && json.size < 40000) {
            ngx_openai_json_text(&json, "more of it");
        }

        bad += !json.failed;
        ngx_reset_pool(&pool);
    }

    pool.left = SIZE_MAX;

    ok(bad == 0, "without memory it fails for good");
}


static void
test_numbers(void)
{
    char               *text;
    ngx_openai_json_t   json;

    ngx_openai_json_init(&json, &pool);
    ngx_openai_json_open(&json, '[');
    ngx_openai_json_fixed(&json, 1500, 3);
    ngx_openai_json_fixed(&json, -50, 3);
    ngx_openai_json_fixed(&json, 0, 9);
    ngx_openai_json_fixed(&json, 7, 9);
    ngx_openai_json_fixed(&json, INT64_MIN, 0);
    ngx_openai_json_count(&json, -1);
    ngx_openai_json_ms(&json, -1);
    ngx_openai_json_ms(&json, 12345);
    ngx_openai_json_money(&json, -1);
    ngx_openai_json_money(&json, NAN);
    ngx_openai_json_money(&json, 0.1);
    ngx_openai_json_double(&json, 0.7);
    ngx_openai_json_double(&json, 1e300);
    ngx_openai_json_double(&json, INFINITY);
    ngx_openai_json_time(&json, 951827696789ULL);
    ngx_openai_json_time(&json, UINT64_MAX);
    ngx_openai_json_text(&json, "");
    ngx_openai_json_close(&json, ']');

    text = text_of(&json);

    ok(strcmp(text, "[1.5,-0.05,0,0.000000007,-9223372036854775808,null,null,"
                    "12.345,null,null,0.1,0.7,1e+300,null,"
                    "\"2000-02-29T12:34:56.789Z\","
                    "\"9999-12-31T23:59:59.615Z\",null]") == 0,
       "numbers and times");

    ngx_reset_pool(&pool);
}


static void
test_values(void)
{
    int                 i;
    char               *text;
    yyjson_mut_doc     *doc;
    yyjson_mut_val     *val, *in;
    ngx_openai_json_t   json;

    doc = yyjson_mut_doc_new(NULL);
    val = yyjson_mut_obj(doc);

    yyjson_mut_obj_add_strn(doc, val, "s", "\xff\0\"", 3);
    yyjson_mut_obj_add_uint(doc, val, "u", UINT64_MAX);
    yyjson_mut_obj_add_real(doc, val, "r", 0.5);
    yyjson_mut_obj_add_null(doc, val, "n");
    yyjson_mut_obj_add_bool(doc, val, "b", 1);

    ngx_openai_json_init(&json, &pool);
    ngx_openai_json_value(&json, val);

    ok(strcmp(text_of(&json), "{\"s\":\"\xef\xbf\xbd\\u0000\\\"\","
                              "\"u\":1.84467440737096e+19,\"r\":0.5,"
                              "\"n\":null,\"b\":true}") == 0
       || strstr(text_of(&json), "1.8446744073709552e+19") != NULL,
       "a value of the JSON library");

    for (i = 0, val = yyjson_mut_arr(doc); i < 100000; i++) {
        in = yyjson_mut_arr(doc);
        yyjson_mut_arr_append(in, val);
        val = in;
    }

    ngx_openai_json_init(&json, &pool);
    ngx_openai_json_value(&json, val);
    text = text_of(&json);

    ok(strlen(text) < 1000 && strstr(text, "[null]") != NULL,
       "what nests 100,000 deep is cut");

    yyjson_mut_doc_free(doc);
    ngx_reset_pool(&pool);
}


int
main(void)
{
    seed = getenv("TEST_SEED") ? (unsigned) atoi(getenv("TEST_SEED"))
                               : (unsigned) time(NULL);
    printf("# seed: TEST_SEED=%u\n", seed);

    pool.left = SIZE_MAX;

    test_utf8();
    test_random();
    test_fixed();
    test_memory();
    test_numbers();
    test_values();

    return done_testing();
}
