
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Regular expressions, searched for window by window: see regex.h.
 * terms_match.c calls this.
 *
 * PCRE may backtrack for a very long time, so this bounds the text that it sees
 * at once, the steps from one place, and the time spent on one text.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/answer/clock.h"
#include "view/query/regex.h"


#if (NGX_PCRE && !NGX_PCRE2)
#error this module needs PCRE2, and nginx was configured with the PCRE before it
#endif


/* a match begins in the first part of the window and ends within it */
#define NGX_OPENAI_REGEX_STEP    1536
#define NGX_OPENAI_REGEX_WINDOW  2048

/* bytes in front of a match that it may look at */
#define NGX_OPENAI_REGEX_BEHIND  32

/* Bounds the backtracking from one place, which nothing else stops: a star
   may take the whole window and give it back byte by byte. */
#define NGX_OPENAI_REGEX_MATCH   5000
#define NGX_OPENAI_REGEX_HEAP    2048   /* KB */

/* for one text, in all of its slices */
#define NGX_OPENAI_REGEX_US      5000000


struct ngx_openai_regex_s {
    ngx_str_t             pattern;
    uint64_t              spent;        /* spent on this text */
    uint64_t              stop;

#if (NGX_PCRE2)
    pcre2_code           *code;
    pcre2_match_data     *data;
    pcre2_match_context  *context;
    size_t                start;        /* of the current match … */
    size_t                last;         /* … and of the one before */
    ngx_uint_t            tried;
    unsigned              late:1;
#endif
};


#if (NGX_PCRE2)

static ngx_int_t ngx_openai_regex_code(pcre2_code **code, ngx_str_t *pattern,
    const char *head, const char *tail, ngx_pool_t *pool);
static void ngx_openai_regex_cleanup(void *data);
static int ngx_openai_regex_callout(pcre2_callout_block *block, void *data);

#endif

static ngx_int_t ngx_openai_regex_window(ngx_openai_regex_t *regex,
    const ngx_str_t *text, size_t *at);
static ngx_int_t ngx_openai_regex_exec(ngx_openai_regex_t *regex,
    const u_char *data, size_t len, size_t *start, size_t last, ngx_uint_t bol,
    ngx_uint_t eol);


#if (NGX_PCRE2)

ngx_int_t
ngx_openai_regex_compile(ngx_openai_regex_t **regex, ngx_pool_t *pool,
    ngx_str_t *pattern)
{
    ngx_int_t            rc;
    pcre2_code          *code;
    ngx_pool_cleanup_t  *cln;
    ngx_openai_regex_t  *re;

    /* "(*" would be an option of PCRE, not a part of the pattern */

    if (pattern->len >= 2 && ngx_strncmp(pattern->data, "(*", 2) == 0) {
        return NGX_DECLINED;
    }

    cln = ngx_pool_cleanup_add(pool, sizeof(ngx_openai_regex_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    re = cln->data;
    ngx_memzero(re, sizeof(ngx_openai_regex_t));

    cln->handler = ngx_openai_regex_cleanup;

    re->pattern = *pattern;

    /* the pattern must be valid alone, before it is put in brackets */

    rc = ngx_openai_regex_code(&code, pattern, "", "", pool);
    if (rc != NGX_OK) {
        return rc;
    }

    pcre2_code_free(code);

    /* a callout reports each place; the comment goes on to the end of the
       line */

    rc = ngx_openai_regex_code(&re->code, pattern, "(?C)(?:", "\\E)", pool);

    if (rc == NGX_DECLINED) {
        rc = ngx_openai_regex_code(&re->code, pattern, "(?C)(?:", "\\E\n)",
                                   pool);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    re->data = pcre2_match_data_create(1, NULL);
    re->context = pcre2_match_context_create(NULL);

    if (re->data == NULL || re->context == NULL) {
        return NGX_ERROR;
    }

    (void) pcre2_set_match_limit(re->context, NGX_OPENAI_REGEX_MATCH);
    (void) pcre2_set_heap_limit(re->context, NGX_OPENAI_REGEX_HEAP);
    (void) pcre2_set_callout(re->context, ngx_openai_regex_callout, re);

    *regex = re;

    return NGX_OK;
}


static ngx_int_t
ngx_openai_regex_code(pcre2_code **code, ngx_str_t *pattern, const char *head,
    const char *tail, ngx_pool_t *pool)
{
    int          error;
    size_t       offset;
    u_char      *p, *text;

    text = ngx_pnalloc(pool, ngx_strlen(head) + pattern->len
                             + ngx_strlen(tail));
    if (text == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(text, head, ngx_strlen(head));
    p = ngx_cpymem(p, pattern->data, pattern->len);
    p = ngx_cpymem(p, tail, ngx_strlen(tail));

    *code = pcre2_compile(text, p - text, PCRE2_CASELESS, &error, &offset,
                          NULL);
    if (*code != NULL) {
        return NGX_OK;
    }

    return (error == PCRE2_ERROR_HEAP_FAILED) ? NGX_ERROR : NGX_DECLINED;
}


static void
ngx_openai_regex_cleanup(void *data)
{
    ngx_openai_regex_t *regex = data;

    pcre2_match_context_free(regex->context);
    pcre2_match_data_free(regex->data);
    pcre2_code_free(regex->code);
}


/* called at each place where a match may begin, and by callouts of the
   pattern itself */

static int
ngx_openai_regex_callout(pcre2_callout_block *block, void *data)
{
    ngx_openai_regex_t *regex = data;

    if (block->start_match == regex->start && regex->tried) {
        return 0;
    }

    regex->start = block->start_match;

    if (regex->start > regex->last) {
        return PCRE2_ERROR_CALLOUT;
    }

    /* at least one of them each time, so that each slice makes progress */

    if (regex->tried++ && ngx_openai_clock_us() >= regex->stop) {
        regex->late = 1;
        return PCRE2_ERROR_CALLOUT;
    }

    return 0;
}


/* tries the places from *start to "last"; NGX_AGAIN: *start is the next
   place */

static ngx_int_t
ngx_openai_regex_exec(ngx_openai_regex_t *regex, const u_char *data,
    size_t len, size_t *start, size_t last, ngx_uint_t bol, ngx_uint_t eol)
{
    int       rc;
    uint32_t  options;

    regex->start = *start;
    regex->last = last;
    regex->tried = 0;
    regex->late = 0;

    options = (bol ? 0 : PCRE2_NOTBOL) | (eol ? 0 : PCRE2_NOTEOL);

    rc = pcre2_match(regex->code, data, len, *start, options, regex->data,
                     regex->context);

    if (rc >= 0) {
        return NGX_OK;
    }

    if (regex->late) {
        *start = regex->start;
        return NGX_AGAIN;
    }

    switch (rc) {

    case PCRE2_ERROR_NOMATCH:
    case PCRE2_ERROR_CALLOUT:
        return NGX_DECLINED;

    case PCRE2_ERROR_NOMEMORY:
        return NGX_ERROR;

    default:
        return NGX_ABORT;
    }
}

#else

ngx_int_t
ngx_openai_regex_compile(ngx_openai_regex_t **regex, ngx_pool_t *pool,
    ngx_str_t *pattern)
{
    return NGX_DECLINED;
}


static ngx_int_t
ngx_openai_regex_exec(ngx_openai_regex_t *regex, const u_char *data,
    size_t len, size_t *start, size_t last, ngx_uint_t bol, ngx_uint_t eol)
{
    return NGX_DECLINED;
}

#endif


ngx_int_t
ngx_openai_regex_find(ngx_openai_regex_t *regex, const ngx_str_t *text,
    size_t *at, uint64_t stop)
{
    uint64_t   begun, now;
    ngx_int_t  rc;

    begun = ngx_openai_clock_us();
    now = begun;

    if (*at == 0) {
        regex->spent = 0;
    }

    regex->stop = stop;

    rc = NGX_DECLINED;

    while (rc == NGX_DECLINED && *at < text->len) {
        rc = ngx_openai_regex_window(regex, text, at);
        now = ngx_openai_clock_us();

        if (rc == NGX_DECLINED && *at < text->len && now >= stop) {
            rc = NGX_AGAIN;
        }
    }

    regex->spent += now - begun;

    return (rc == NGX_AGAIN && regex->spent >= NGX_OPENAI_REGEX_US) ? NGX_ABORT
                                                                    : rc;
}


/* the window of the line at *at */

static ngx_int_t
ngx_openai_regex_window(ngx_openai_regex_t *regex, const ngx_str_t *text,
    size_t *at)
{
    size_t         start;
    ngx_int_t      rc;
    ngx_uint_t     bol, more;
    const u_char  *p, *from, *end, *last, *line;

    p = text->data + *at;
    last = text->data + text->len;

    for (from = p; from > text->data && p - from < NGX_OPENAI_REGEX_BEHIND;
         from--)
    {
        if (from[-1] == '\n') {
            break;
        }
    }

    bol = (from == text->data || from[-1] == '\n');

    end = (last - p > NGX_OPENAI_REGEX_WINDOW) ? p + NGX_OPENAI_REGEX_WINDOW
                                               : last;
    line = memchr(p, '\n', end - p);
    more = (line == NULL && end < last);
    end = line ? line : end;

    start = p - from;

    rc = ngx_openai_regex_exec(regex, from, end - from, &start,
                               more ? start + NGX_OPENAI_REGEX_STEP - 1
                                    : (size_t) NGX_MAX_SIZE_T_VALUE,
                               bol, !more);

    if (rc == NGX_AGAIN) {
        *at = from + start - text->data;

    } else if (rc == NGX_DECLINED) {
        p = more ? p + NGX_OPENAI_REGEX_STEP : end + 1;
        *at = p - text->data;
    }

    return rc;
}


const ngx_str_t *
ngx_openai_regex_pattern(const ngx_openai_regex_t *regex)
{
    return &regex->pattern;
}
