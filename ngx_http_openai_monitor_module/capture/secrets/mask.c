
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Replaces in a body what matches "openai_monitor_mask_body".  directives.c
 * compiles the patterns, veil_text.c and veil.c call the matcher.
 *
 * A match keeps its length.  A pattern that takes too many steps ends with
 * NGX_ERROR, and the caller withholds the rest of the body.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/secrets/veil.h"


/* steps of the matcher in one call, some milliseconds at worst */

#define NGX_HTTP_OPENAI_MASK_STEPS  200000
#define NGX_HTTP_OPENAI_MASK_DEPTH  1000


#if (NGX_PCRE && NGX_PCRE2)

typedef struct {
    ngx_regex_t  *regex;
} ngx_http_openai_pattern_t;


static ngx_int_t ngx_http_openai_mask_init(void);
static ngx_int_t ngx_http_openai_mask_one(ngx_regex_t *regex, u_char *p,
    size_t past, size_t len, ngx_uint_t last, ngx_uint_t *found);
static size_t ngx_http_openai_mask_start(u_char *p, size_t first,
    size_t start, size_t len);


/* of this process, made at the first use */

static pcre2_match_data     *ngx_http_openai_mask_data;
static pcre2_match_context  *ngx_http_openai_mask_context;


char *
ngx_http_openai_mask_add(ngx_conf_t *cf, ngx_array_t **masks,
    ngx_str_t *pattern)
{
    u_char                      errstr[NGX_MAX_CONF_ERRSTR];
    ngx_regex_compile_t         rc;
    ngx_http_openai_pattern_t  *mask;

    /* "(*" would be an option of the matcher, not a pattern */

    if (pattern->len == 0
        || (pattern->len >= 2 && ngx_strncmp(pattern->data, "(*", 2) == 0))
    {
        return "has an empty pattern, or one that begins with \"(*\"";
    }

    if (*masks == NULL) {
        *masks = ngx_array_create(cf->pool, 4,
                                  sizeof(ngx_http_openai_pattern_t));
        if (*masks == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    ngx_memzero(&rc, sizeof(ngx_regex_compile_t));

    rc.pattern = *pattern;
    rc.pool = cf->pool;
    rc.err.len = NGX_MAX_CONF_ERRSTR;
    rc.err.data = errstr;

    if (ngx_regex_compile(&rc) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V", &rc.err);
        return NGX_CONF_ERROR;
    }

    mask = ngx_array_push(*masks);
    if (mask == NULL) {
        return NGX_CONF_ERROR;
    }

    mask->regex = rc.regex;

    return NULL;
}


static ngx_int_t
ngx_http_openai_mask_init(void)
{
    if (ngx_http_openai_mask_context) {
        return NGX_OK;
    }

    ngx_http_openai_mask_data = pcre2_match_data_create(1, NULL);
    if (ngx_http_openai_mask_data == NULL) {
        return NGX_ERROR;
    }

    ngx_http_openai_mask_context = pcre2_match_context_create(NULL);

    if (ngx_http_openai_mask_context == NULL) {
        pcre2_match_data_free(ngx_http_openai_mask_data);
        return NGX_ERROR;
    }

    (void) pcre2_set_match_limit(ngx_http_openai_mask_context,
                                 NGX_HTTP_OPENAI_MASK_STEPS);
    (void) pcre2_set_depth_limit(ngx_http_openai_mask_context,
                                 NGX_HTTP_OPENAI_MASK_DEPTH);

    return NGX_OK;
}


ngx_int_t
ngx_http_openai_mask(ngx_array_t *masks, u_char *p, size_t past, size_t len,
    ngx_uint_t last, ngx_uint_t *found)
{
    ngx_int_t                   n, settled;
    ngx_uint_t                  i;
    ngx_http_openai_pattern_t  *mask;

    if (ngx_http_openai_mask_init() != NGX_OK) {
        return NGX_ERROR;
    }

    /* half an escape waits for the other half */

    settled = last ? len : ngx_http_openai_mask_start(p, past, len, len);
    mask = masks->elts;

    for (i = 0; i < masks->nelts; i++) {

        n = ngx_http_openai_mask_one(mask[i].regex, p, past, len, last, found);

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        settled = ngx_min(settled, n);
    }

    return settled;
}


/* a match that the end of the text may cut is waited for, unless it is longer
   than what is held: then it counts as far as it has come */

static ngx_int_t
ngx_http_openai_mask_one(ngx_regex_t *regex, u_char *p, size_t past,
    size_t len, ngx_uint_t last, ngx_uint_t *found)
{
    int          rc;
    size_t       from, start, end;
    uint32_t     options;
    PCRE2_SIZE  *vector;

    vector = pcre2_get_ovector_pointer(ngx_http_openai_mask_data);
    options = last ? 0 : PCRE2_PARTIAL_HARD;

    for (from = past; from <= len; from = ngx_max(end, from + (end <= start)))
    {
        rc = pcre2_match(regex, p, len, from, options | (past ? PCRE2_NOTBOL
                                                              : 0),
                         ngx_http_openai_mask_data,
                         ngx_http_openai_mask_context);

        if (rc == PCRE2_ERROR_PARTIAL) {

            start = ngx_max(vector[0], from);

            if (len - start <= NGX_HTTP_OPENAI_MASK_MAX) {
                return ngx_http_openai_mask_start(p, past, start, len);
            }

            rc = pcre2_match(regex, p, len, from, past ? PCRE2_NOTBOL : 0,
                             ngx_http_openai_mask_data,
                             ngx_http_openai_mask_context);

            if (rc == PCRE2_ERROR_NOMATCH) {
                return len - NGX_HTTP_OPENAI_MASK_MAX;
            }
        }

        if (rc == PCRE2_ERROR_NOMATCH) {
            break;
        }

        if (rc < 0) {
            return NGX_ERROR;
        }

        start = vector[0];
        end = vector[1];

        if (end > start) {

            while (end < len && (p[end] & 0xc0) == 0x80) {
                end++;
            }

            start = ngx_http_openai_mask_start(p, past, start, len);
            ngx_memset(p + start, '*', end - start);
            (*found)++;
        }
    }

    return len;
}


/* of whole characters and whole escapes: JSON stays JSON, UTF-8 stays UTF-8 */

static size_t
ngx_http_openai_mask_start(u_char *p, size_t first, size_t start,
    size_t len)
{
    size_t  n;

    /* a character has three such bytes at most, other bytes have any number */

    for (n = 0;
         n < 3 && start > first && start < len && (p[start] & 0xc0) == 0x80;
         n++)
    {
        start--;
    }

    for (n = start; n > first && p[n - 1] == '\\'; n--) { /* void */ }

    return start - (start - n) % 2;
}


void
ngx_http_openai_mask_exit(void)
{
    if (ngx_http_openai_mask_context == NULL) {
        return;
    }

    pcre2_match_context_free(ngx_http_openai_mask_context);
    pcre2_match_data_free(ngx_http_openai_mask_data);

    ngx_http_openai_mask_context = NULL;
}

#else

char *
ngx_http_openai_mask_add(ngx_conf_t *cf, ngx_array_t **masks,
    ngx_str_t *pattern)
{
    return "needs an nginx that was built with PCRE2";
}


ngx_int_t
ngx_http_openai_mask(ngx_array_t *masks, u_char *p, size_t past, size_t len,
    ngx_uint_t last, ngx_uint_t *found)
{
    return NGX_ERROR;
}


void
ngx_http_openai_mask_exit(void)
{
}

#endif
