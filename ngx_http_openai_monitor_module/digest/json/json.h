
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Reads JSON as foreign programs write it, and repairs what was cut.  The
 * assembler calls it.
 */


#ifndef _OPENAI_JSON_H_INCLUDED_
#define _OPENAI_JSON_H_INCLUDED_


#include "digest/digest.h"


/*
 * Reads a document that may be cut, or hold bytes that strict parsers refuse:
 * invalid UTF-8, halves of surrogate pairs.  *partial is 0, or where the end is
 * missing the number of arrays and objects that are open there, at least 1.
 * Returns NULL when there is no value, or memory is short.
 *
 * A string may begin or end with half of a surrogate pair, see
 * openai_utf8_half().  A buffer of the builder joins the two halves; a value
 * of a document gets U+FFFD in place of a half.
 */

yyjson_doc *openai_json_read(const yyjson_alc *alc, const char *data,
    size_t len, int *partial);

/*
 * Repairs only: writes well-formed JSON to out, which has room for
 * openai_json_room(len) bytes, and returns its length; 0: there is no value.
 */

#define OPENAI_JSON_DEPTH  256
#define openai_json_room(len)  ((len) * 3 + OPENAI_JSON_DEPTH + 8)

size_t openai_json_repair(const char *data, size_t len, char *out,
    int *partial);


/* return a member; the last one of a name counts; no such member, or not an
   object: NULL, an empty string, or otherwise */
yyjson_val *openai_get(yyjson_val *object, const char *key);
openai_str_t openai_get_str(yyjson_val *object, const char *key);
int64_t openai_get_int(yyjson_val *object, const char *key, int64_t otherwise);

openai_str_t openai_val_str(yyjson_val *v);

/* returns the bytes of the character at p; 0: it is not valid UTF-8 */
size_t openai_utf8(const char *p, size_t len);

/* returns the half of a surrogate pair that the three bytes at p encode; 0:
   they are something else */
int openai_utf8_half(const char *p, size_t len);

/* returns 1 if the bytes at p are a character without its last bytes */
int openai_utf8_cut(const char *p, size_t len);


#define openai_str_is(s, literal)                                             \
    ((s).len == sizeof(literal) - 1                                           \
     && memcmp((s).data, literal, sizeof(literal) - 1) == 0)


#endif /* _OPENAI_JSON_H_INCLUDED_ */
