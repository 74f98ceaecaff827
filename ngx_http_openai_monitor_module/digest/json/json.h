
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * JSON as foreign programs write it.
 */


#ifndef _OPENAI_JSON_H_INCLUDED_
#define _OPENAI_JSON_H_INCLUDED_


#include "digest/digest.h"


/*
 * Reads a document that may be cut, or hold what strict parsers refuse (bytes
 * that are no UTF-8, halves of surrogate pairs).  *partial: something at its
 * end is missing.  NULL when there is no value to be had.
 *
 * A string may begin or end with half of a surrogate pair, see
 * openai_utf8_half(): a buffer of the builder joins it with its other half, and
 * what becomes a value of a document has U+FFFD in its place.
 */

yyjson_doc *openai_json_read(const yyjson_alc *alc, const char *data,
    size_t len, int *partial);

/*
 * The repair alone: writes well-formed JSON to out, which has room for
 * openai_json_room(len) bytes, and returns its length; 0: no value.
 */

#define OPENAI_JSON_DEPTH  256
#define openai_json_room(len)  ((len) * 3 + OPENAI_JSON_DEPTH + 8)

size_t openai_json_repair(const char *data, size_t len, char *out,
    int *partial);


/* members; of several with one name the last counts; NULL without an object */
yyjson_val *openai_get(yyjson_val *object, const char *key);
openai_str_t openai_get_str(yyjson_val *object, const char *key);
int64_t openai_get_int(yyjson_val *object, const char *key, int64_t otherwise);

openai_str_t openai_val_str(yyjson_val *v);

/* the bytes of the character at p; 0: it is no UTF-8 */
size_t openai_utf8(const char *p, size_t len);

/* half of a surrogate pair, in three bytes; 0: p is something else */
int openai_utf8_half(const char *p, size_t len);

/* what follows is a character that lacks its last bytes */
int openai_utf8_cut(const char *p, size_t len);


#define openai_str_is(s, literal)                                             \
    ((s).len == sizeof(literal) - 1                                           \
     && memcmp((s).data, literal, sizeof(literal) - 1) == 0)


#endif /* _OPENAI_JSON_H_INCLUDED_ */
