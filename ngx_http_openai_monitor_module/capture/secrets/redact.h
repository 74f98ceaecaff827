
/*
 * Secrets stop here: what is written to a record passes these functions
 * first.  A secret is replaced by a salted fingerprint, which tells two keys
 * apart and holds nothing of either.
 */


#ifndef _NGX_HTTP_OPENAI_REDACT_H_INCLUDED_
#define _NGX_HTTP_OPENAI_REDACT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "digest/wire/secrets.h"
#include "store/zone.h"


#define NGX_HTTP_OPENAI_FINGERPRINT_LEN  10


/* names added by the configuration, normalised; NULL: only the built-in ones */

typedef struct {
    ngx_openai_zone_t  *zone;         /* has the salt */
    ngx_array_t        *headers;      /* of ngx_str_t */
    ngx_array_t        *args;         /* of ngx_str_t */
} ngx_http_openai_redact_t;


typedef enum {
    NGX_HTTP_OPENAI_PLAIN = 0,
    NGX_HTTP_OPENAI_SECRET,
    NGX_HTTP_OPENAI_CREDENTIAL      /* a secret that names the client */
} ngx_http_openai_secrecy_e;


/* once, before anything else here */
void ngx_http_openai_redact_init(void);

/* as names are compared: lower case, "_" is "-"; arguments lose both */
void ngx_http_openai_redact_header_name(ngx_str_t *name);
void ngx_http_openai_redact_arg_name(ngx_str_t *name);

/* the same bytes but for case, and for "-", which may come as "dash"; "lower"
   has lower case */
ngx_uint_t ngx_http_openai_same(u_char *p, u_char *lower, size_t len,
    u_char dash);

ngx_http_openai_secrecy_e ngx_http_openai_redact_header(
    ngx_http_openai_redact_t *redact, ngx_str_t *name);

/* an argument of this name is a secret; as it stands in the URI */
ngx_uint_t ngx_http_openai_redact_arg(ngx_http_openai_redact_t *redact,
    u_char *name, size_t len);

/* the secret of a secret header's value: without its scheme, or of a list of
   protocols the key */
void ngx_http_openai_redact_secret(ngx_str_t *name, ngx_str_t *value);

/* returns 1 if the value begins like "Bearer x", whatever the header's name */
ngx_uint_t ngx_http_openai_redact_scheme(ngx_str_t *value);

/* the value may be JSON */
#define ngx_http_openai_redact_json(value)                                   \
    ((value)->len && ((value)->data[0] == '{' || (value)->data[0] == '['))

/* a keyed hash, the same for the same text as long as this process runs */
uint64_t ngx_http_openai_hash(ngx_http_openai_redact_t *redact,
    ngx_str_t *text);

/* hexadecimal digits and a zero byte */
void ngx_http_openai_fingerprint(ngx_http_openai_redact_t *redact,
    ngx_str_t *secret, char out[NGX_HTTP_OPENAI_FINGERPRINT_LEN + 1]);

/*
 * Each writes at most "last - dst" bytes and returns the end.  What does not
 * fit is cut, never left unredacted.
 */

/* a secret header's value: the scheme is kept, the rest is a fingerprint,
   which goes to "print" too, if that is not NULL and the header no list */
u_char *ngx_http_openai_redact_value(ngx_http_openai_redact_t *redact,
    u_char *dst, u_char *last, ngx_str_t *name, ngx_str_t *value,
    char print[NGX_HTTP_OPENAI_FINGERPRINT_LEN + 1]);

/* nothing in this text would be replaced by the function that follows */
ngx_uint_t ngx_http_openai_redact_plain(ngx_str_t *text);

/* any text that may be or hold a URI: arguments, userinfo, and keys that are
   known by their shape */
u_char *ngx_http_openai_redact_uri(ngx_http_openai_redact_t *redact,
    u_char *dst, u_char *last, ngx_str_t *uri);

/* a header's value, or an argument, that may be JSON or have one of the words,
   which may be NULL: these are masked.  Else it is redacted like a URI */
u_char *ngx_http_openai_redact_text_value(ngx_http_openai_redact_t *redact,
    u_char *dst, u_char *last, ngx_str_t *value,
    openai_secrets_words_t *words);

/* the next secret argument of a URI, from *at on, which begins with NULL and
   is moved behind it; NGX_DECLINED when there is none */
ngx_int_t ngx_http_openai_redact_next_arg(ngx_http_openai_redact_t *redact,
    ngx_str_t *uri, u_char **at, ngx_str_t *value);

/* the first secret argument of a URI; NGX_DECLINED when there is none */
ngx_int_t ngx_http_openai_redact_find_arg(ngx_http_openai_redact_t *redact,
    ngx_str_t *uri, ngx_str_t *value);


#endif /* _NGX_HTTP_OPENAI_REDACT_H_INCLUDED_ */
