
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Writes JSON. The output is valid JSON whatever the bytes are: strings are
 * escaped, and invalid UTF-8 becomes U+FFFD.
 *
 * The writer keeps track of commas. It does not return errors: when memory is
 * short, or the fixed buffer is full, it sets "failed" and drops the rest, so
 * the caller tests "failed" once at the end.
 */


#ifndef _NGX_OPENAI_JSON_H_INCLUDED_
#define _NGX_OPENAI_JSON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <yyjson.h>


typedef struct {
    ngx_pool_t    *pool;        /* NULL: the buffer is fixed */
    ngx_chain_t   *first;
    ngx_chain_t  **next;
    ngx_buf_t     *buf;         /* the one being filled */
    off_t          size;        /* bytes in all buffers */
    unsigned       comma:1;
    unsigned       failed:1;
} ngx_openai_json_t;


/* writes to a chain of buffers from the pool */
void ngx_openai_json_init(ngx_openai_json_t *json, ngx_pool_t *pool);

/* writes to the free part of buf */
void ngx_openai_json_init_fixed(ngx_openai_json_t *json, ngx_buf_t *buf);

/* writes bytes unchanged, for the other formats around JSON */
void ngx_openai_json_raw(ngx_openai_json_t *json, const void *data,
    size_t len);
#define ngx_openai_json_literal(json, s)                                     \
    ngx_openai_json_raw(json, s, sizeof(s) - 1)

void ngx_openai_json_open(ngx_openai_json_t *json, u_char bracket);
void ngx_openai_json_close(ngx_openai_json_t *json, u_char bracket);
void ngx_openai_json_key(ngx_openai_json_t *json, const char *key);

void ngx_openai_json_null(ngx_openai_json_t *json);
void ngx_openai_json_bool(ngx_openai_json_t *json, ngx_uint_t value);
void ngx_openai_json_int(ngx_openai_json_t *json, int64_t value);

/* value / 10^digits, without trailing zeros */
void ngx_openai_json_fixed(ngx_openai_json_t *json, int64_t value,
    ngx_uint_t digits);

/* the shortest form that reads back as the same number */
void ngx_openai_json_double(ngx_openai_json_t *json, double value);

void ngx_openai_json_string(ngx_openai_json_t *json, const void *data,
    size_t len);

/* how many bytes of a text, in whole characters, surely fit into "room"
   bytes as a JSON string */
size_t ngx_openai_json_fits(const void *data, size_t len, size_t room);

void ngx_openai_json_base64(ngx_openai_json_t *json, const void *data,
    size_t len);

/* "" is null */
void ngx_openai_json_text(ngx_openai_json_t *json, const char *s);

/* negative is null */
void ngx_openai_json_count(ngx_openai_json_t *json, int64_t value);

/* us as ms with three decimals; negative is null */
void ngx_openai_json_ms(ngx_openai_json_t *json, int64_t us);

/* USD with nine decimals; negative is null */
void ngx_openai_json_money(ngx_openai_json_t *json, double usd);

/* ms since the epoch as ISO 8601 in UTC */
void ngx_openai_json_time(ngx_openai_json_t *json, uint64_t ms);

/* NULL is null */
void ngx_openai_json_value(ngx_openai_json_t *json, yyjson_mut_val *val);


/* writes a time as ISO 8601 in UTC with milliseconds: NGX_OPENAI_TIME_LEN
   bytes */

#define NGX_OPENAI_TIME_LEN  (sizeof("1970-01-01T00:00:00.000Z") - 1)

u_char *ngx_openai_time(u_char *p, uint64_t ms);

/* length of the UTF-8 sequence at p, or 0 when it is invalid; *skip then is
   how many bytes one U+FFFD replaces */
size_t ngx_openai_utf8(const u_char *p, const u_char *last, size_t *skip);


#endif /* _NGX_OPENAI_JSON_H_INCLUDED_ */
