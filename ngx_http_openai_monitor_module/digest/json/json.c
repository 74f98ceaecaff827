
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * A lenient reader of JSON: yyjson reads what is valid, and a small state
 * machine repairs the rest for it.
 *
 * Invariant of the repair: out is well-formed up to good when the brackets in
 * stack are closed behind it.
 */


#include <string.h>

#include "digest/json/json.h"


/* the tokens that may come next */

typedef enum {
    OPENAI_JSON_VALUE = 0,
    OPENAI_JSON_FIRST,         /* a value, or the end of the array */
    OPENAI_JSON_KEY,
    OPENAI_JSON_FIRST_KEY,     /* a key, or the end of the object */
    OPENAI_JSON_COLON,
    OPENAI_JSON_COMMA,
    OPENAI_JSON_END
} openai_json_state_e;


typedef struct {
    const char   *p;
    const char   *last;
    char         *out;
    size_t        len;
    size_t        string;      /* where the text of a string begins in out */
    size_t        good;        /* out is well-formed up to here */
    unsigned      depth;
    unsigned      state;
    unsigned      cut;
    char          stack[OPENAI_JSON_DEPTH];
} openai_json_t;


static int openai_json_token(openai_json_t *j);
static int openai_json_punctuation(openai_json_t *j);
static void openai_json_valued(openai_json_t *j);
static int openai_json_string(openai_json_t *j);
static int openai_json_escape(openai_json_t *j);
static void openai_json_unicode(openai_json_t *j, int code);
static int openai_json_hex(openai_json_t *j, const char *p);
static void openai_json_byte(openai_json_t *j);
static int openai_json_bare(openai_json_t *j);
static int openai_json_number(const char *p, size_t n);


yyjson_doc *
openai_json_read(const yyjson_alc *alc, const char *data, size_t len,
    int *partial)
{
    char        *out;
    size_t       n;
    yyjson_doc  *doc;

    *partial = 0;

    while (len && (unsigned char) *data <= ' ') {
        data++;
        len--;
    }

    if (len == 0) {
        return NULL;
    }

    doc = yyjson_read_opts((char *) data, len,
                           YYJSON_READ_ALLOW_INF_AND_NAN, alc, NULL);
    if (doc) {
        return doc;
    }

    out = alc->malloc(alc->ctx, openai_json_room(len));
    if (out == NULL) {
        return NULL;
    }

    n = openai_json_repair(data, len, out, partial);

    if (n) {
        doc = yyjson_read_opts(out, n, YYJSON_READ_ALLOW_INF_AND_NAN
                                       |YYJSON_READ_ALLOW_INVALID_UNICODE,
                               alc, NULL);
    }

    alc->free(alc->ctx, out);

    return doc;
}


size_t
openai_json_repair(const char *data, size_t len, char *out, int *partial)
{
    openai_json_t  j;

    j.p = data;
    j.last = data + len;
    j.out = out;
    j.len = 0;
    j.good = 0;
    j.depth = 0;
    j.state = OPENAI_JSON_VALUE;
    j.cut = 0;

    while (j.p < j.last && j.state != OPENAI_JSON_END) {

        if ((unsigned char) *j.p <= ' ') {
            j.p++;
            continue;
        }

        if (openai_json_token(&j) != OPENAI_OK) {
            break;
        }
    }

    *partial = 0;

    if (j.cut || j.state != OPENAI_JSON_END) {
        *partial = j.depth ? j.depth : 1;
    }

    while (j.good && j.depth) {
        out[j.good++] = j.stack[--j.depth];
    }

    return j.good;
}


static int
openai_json_token(openai_json_t *j)
{
    switch (*j->p) {

    case '"':

        if (j->state == OPENAI_JSON_COLON || j->state == OPENAI_JSON_COMMA) {
            return OPENAI_ERROR;
        }

        return openai_json_string(j);

    case '{':
    case '[':
    case '}':
    case ']':
    case ',':
    case ':':
        return openai_json_punctuation(j);

    default:

        if (j->state > OPENAI_JSON_FIRST) {
            return OPENAI_ERROR;
        }

        return openai_json_bare(j);
    }
}


static int
openai_json_punctuation(openai_json_t *j)
{
    char  ch;

    ch = *j->p++;

    switch (ch) {

    case '{':
    case '[':

        if (j->state > OPENAI_JSON_FIRST || j->depth == OPENAI_JSON_DEPTH) {
            return OPENAI_ERROR;
        }

        j->stack[j->depth++] = (ch == '{') ? '}' : ']';
        j->state = (ch == '{') ? OPENAI_JSON_FIRST_KEY : OPENAI_JSON_FIRST;
        j->out[j->len++] = ch;
        j->good = j->len;
        return OPENAI_OK;

    case ':':

        if (j->state != OPENAI_JSON_COLON) {
            return OPENAI_ERROR;
        }

        j->state = OPENAI_JSON_VALUE;
        break;

    case ',':

        if (j->state != OPENAI_JSON_COMMA) {
            return OPENAI_ERROR;
        }

        j->state = (j->stack[j->depth - 1] == '}') ? OPENAI_JSON_KEY
                                                   : OPENAI_JSON_VALUE;
        break;

    default:

        if (j->depth == 0 || j->stack[j->depth - 1] != ch
            || (j->state != OPENAI_JSON_COMMA
                && j->state != OPENAI_JSON_FIRST
                && j->state != OPENAI_JSON_FIRST_KEY))
        {
            return OPENAI_ERROR;
        }

        j->depth--;
        j->out[j->len++] = ch;
        openai_json_valued(j);
        return OPENAI_OK;
    }

    j->out[j->len++] = ch;

    return OPENAI_OK;
}


static void
openai_json_valued(openai_json_t *j)
{
    j->good = j->len;
    j->state = j->depth ? OPENAI_JSON_COMMA : OPENAI_JSON_END;
}


/* keeps a value that is cut, and drops a key that is cut */

static int
openai_json_string(openai_json_t *j)
{
    int  key;

    key = (j->state == OPENAI_JSON_KEY || j->state == OPENAI_JSON_FIRST_KEY);

    j->out[j->len++] = '"';
    j->string = j->len;
    j->p++;

    while (j->p < j->last && *j->p != '"') {

        if (*j->p != '\\') {
            openai_json_byte(j);

        } else if (openai_json_escape(j) != OPENAI_OK) {
            j->p = j->last;
        }
    }

    if (j->p == j->last) {
        j->cut = 1;

        if (key) {
            return OPENAI_ERROR;
        }

    } else {
        j->p++;
    }

    j->out[j->len++] = '"';

    if (key) {
        j->state = OPENAI_JSON_COLON;

    } else {
        openai_json_valued(j);
    }

    return OPENAI_OK;
}


static int
openai_json_escape(openai_json_t *j)
{
    int  code;

    if (j->last - j->p < 2) {
        return OPENAI_ERROR;
    }

    if (j->p[1] != 'u') {

        if (strchr("\"\\/bfnrt", j->p[1]) && j->p[1]) {
            j->out[j->len++] = '\\';
            j->out[j->len++] = j->p[1];
            j->p += 2;

        } else {
            j->p++;
        }

        return OPENAI_OK;
    }

    code = openai_json_hex(j, j->p);

    if (code < 0) {

        if (j->last - j->p < 6) {
            return OPENAI_ERROR;
        }

        j->p += 2;
        return OPENAI_OK;
    }

    openai_json_unicode(j, code);

    return OPENAI_OK;
}


/*
 * Keeps half of a surrogate pair at the start and at the end of a string, as
 * the three bytes that UTF-8 would have for it, because another piece of the
 * stream may have the other half.
 */

static void
openai_json_unicode(openai_json_t *j, int code)
{
    int     low;
    char   *out;
    size_t  n;

    out = j->out + j->len;
    n = 6;

    if (code >= 0xd800 && code <= 0xdbff) {
        low = openai_json_hex(j, j->p + 6);

        if (low >= 0xdc00 && low <= 0xdfff) {
            n = 12;

        } else if (j->last - j->p == 6 || j->p[6] != '"') {
            code = 0xfffd;
        }

    } else if (code >= 0xdc00 && code <= 0xdfff && j->len != j->string) {
        code = 0xfffd;
    }

    if (n == 6 && code >= 0xd800 && code <= 0xdfff) {
        out[0] = (char) 0xed;
        out[1] = (char) (0x80 | (code >> 6 & 0x3f));
        out[2] = (char) (0x80 | (code & 0x3f));
        j->len += 3;

    } else if (code == 0xfffd) {
        memcpy(out, "\\ufffd", 6);
        j->len += 6;

    } else {
        memcpy(out, j->p, n);
        j->len += n;
    }

    j->p += n;
}


static int
openai_json_hex(openai_json_t *j, const char *p)
{
    int       i, code;
    unsigned  ch;

    if (j->last - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return -1;
    }

    code = 0;

    for (i = 2; i < 6; i++) {
        ch = (unsigned char) p[i];

        if (ch >= '0' && ch <= '9') {
            code = code << 4 | (ch - '0');

        } else if ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'f') {
            code = code << 4 | ((ch | 0x20) - 'a' + 10);

        } else {
            return -1;
        }
    }

    return code;
}


/* copies a character of a string; invalid UTF-8 becomes U+FFFD */

static void
openai_json_byte(openai_json_t *j)
{
    size_t                n;
    const unsigned char  *p;

    p = (const unsigned char *) j->p;

    if (*p >= 0x20 && *p < 0x80) {
        j->out[j->len++] = *j->p++;
        return;
    }

    n = openai_utf8(j->p, j->last - j->p);

    if (n == 0) {

        /* the cut went through a character */

        if (*p >= 0xc2 && j->last - j->p < 4
            && openai_utf8_cut(j->p, j->last - j->p))
        {
            j->p = j->last;
            return;
        }

        memcpy(j->out + j->len, "\xef\xbf\xbd", 3);
        j->len += 3;
        j->p++;
        return;
    }

    if (*p < 0x20) {

        /* strict readers want control characters escaped */

        if (*p == '\n' || *p == '\t' || *p == '\r') {
            j->out[j->len++] = '\\';
            j->out[j->len++] = (*p == '\n') ? 'n' : (*p == '\t') ? 't' : 'r';
            j->p++;
            return;
        }

        j->out[j->len++] = ' ';
        j->p++;
        return;
    }

    memcpy(j->out + j->len, j->p, n);
    j->len += n;
    j->p += n;
}


/* drops a number that is cut, because its value is unknown */

static int
openai_json_bare(openai_json_t *j)
{
    size_t       n;
    unsigned     i;
    const char  *p;

    static const char *const  words[] = {
        "true", "false", "null", "NaN", "Infinity", "-Infinity"
    };

    for (p = j->p; p < j->last; p++) {
        if (strchr(" \t\r\n,]}:", *p) && *p) {
            break;
        }
    }

    n = p - j->p;

    if (p == j->last && j->depth) {
        j->cut = 1;
        return OPENAI_ERROR;
    }

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (n == strlen(words[i]) && memcmp(j->p, words[i], n) == 0) {
            break;
        }
    }

    if (i == sizeof(words) / sizeof(words[0])
        && !openai_json_number(j->p, n))
    {
        return OPENAI_ERROR;
    }

    memcpy(j->out + j->len, j->p, n);
    j->len += n;
    j->p = p;

    openai_json_valued(j);

    return OPENAI_OK;
}


static int
openai_json_number(const char *p, size_t n)
{
    size_t  i, digits;

    i = (n && p[0] == '-') ? 1 : 0;

    if (i + 1 < n && p[i] == '0' && p[i + 1] >= '0' && p[i + 1] <= '9') {
        return 0;
    }

    for (digits = 0; i < n && p[i] >= '0' && p[i] <= '9'; i++) {
        digits++;
    }

    if (digits == 0) {
        return 0;
    }

    if (i < n && p[i] == '.') {

        for (i++, digits = 0; i < n && p[i] >= '0' && p[i] <= '9'; i++) {
            digits++;
        }

        if (digits == 0) {
            return 0;
        }
    }

    if (i < n && (p[i] | 0x20) == 'e') {

        i++;

        if (i < n && (p[i] == '+' || p[i] == '-')) {
            i++;
        }

        for (digits = 0; i < n && p[i] >= '0' && p[i] <= '9'; i++) {
            digits++;
        }

        if (digits == 0) {
            return 0;
        }
    }

    return i == n;
}


size_t
openai_utf8(const char *p, size_t len)
{
    const unsigned char  *u;

    u = (const unsigned char *) p;

    if (u[0] < 0x80) {
        return 1;
    }

#define openai_tail(i)  ((u[i] & 0xc0) == 0x80)

    if (u[0] >= 0xc2 && u[0] <= 0xdf && len >= 2 && openai_tail(1)) {
        return 2;
    }

    if ((u[0] & 0xf0) == 0xe0 && len >= 3 && openai_tail(1) && openai_tail(2)
        && (u[0] != 0xe0 || u[1] >= 0xa0) && (u[0] != 0xed || u[1] < 0xa0))
    {
        return 3;
    }

    if (u[0] >= 0xf0 && u[0] <= 0xf4 && len >= 4 && openai_tail(1)
        && openai_tail(2) && openai_tail(3)
        && (u[0] != 0xf0 || u[1] >= 0x90) && (u[0] != 0xf4 || u[1] < 0x90))
    {
        return 4;
    }

    return 0;
}


int
openai_utf8_half(const char *p, size_t len)
{
    const unsigned char  *u;

    u = (const unsigned char *) p;

    if (len < 3 || u[0] != 0xed || u[1] < 0xa0 || !openai_tail(1)
        || !openai_tail(2))
    {
        return 0;
    }

    return 0xd000 | (u[1] & 0x3f) << 6 | (u[2] & 0x3f);
}


int
openai_utf8_cut(const char *p, size_t len)
{
    size_t                i, want;
    const unsigned char  *u;

    u = (const unsigned char *) p;

    want = (u[0] >= 0xf0) ? 4 : (u[0] >= 0xe0) ? 3 : (u[0] >= 0xc2) ? 2 : 1;

    if (len >= want) {
        return 0;
    }

    for (i = 1; i < len; i++) {
        if (!openai_tail(i)) {
            return 0;
        }
    }

    return 1;
}


yyjson_val *
openai_get(yyjson_val *object, const char *key)
{
    size_t           len;
    yyjson_val      *k, *found;
    yyjson_obj_iter  iter;

    if (!yyjson_is_obj(object)) {
        return NULL;
    }

    found = NULL;
    len = strlen(key);

    yyjson_obj_iter_init(object, &iter);

    while ((k = yyjson_obj_iter_next(&iter)) != NULL) {
        if (yyjson_get_len(k) == len
            && memcmp(yyjson_get_str(k), key, len) == 0)
        {
            found = yyjson_obj_iter_get_val(k);
        }
    }

    return found;
}


openai_str_t
openai_val_str(yyjson_val *v)
{
    openai_str_t  s;

    s.data = "";
    s.len = 0;

    if (yyjson_is_str(v)) {
        s.data = yyjson_get_str(v);
        s.len = yyjson_get_len(v);
    }

    return s;
}


openai_str_t
openai_get_str(yyjson_val *object, const char *key)
{
    return openai_val_str(openai_get(object, key));
}


int64_t
openai_get_int(yyjson_val *object, const char *key, int64_t otherwise)
{
    yyjson_val  *v;

    v = openai_get(object, key);

    return yyjson_is_int(v) ? yyjson_get_sint(v) : otherwise;
}
