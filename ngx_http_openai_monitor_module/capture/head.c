
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */



/*
 * The heads: request line, status line and headers, redacted, to the zone.
 *
 * exchange.c calls this when an exchange begins and when its answer does.  The
 * meter gets each header on the way.  A secret is replaced before it is copied,
 * so none is ever in the text here.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "capture/capture.h"
#include "capture/secrets/veil.h"


#define NGX_HTTP_OPENAI_HEAD_MAX  65536
#define NGX_HTTP_OPENAI_LINE_MAX  16384
#define NGX_HTTP_OPENAI_LINES     48    /* that are remembered */


/* kinds of a header line in the text: other, the bytes as they came, or a
   credential that ends in its fingerprint */

#define NGX_HTTP_OPENAI_OTHER     0
#define NGX_HTTP_OPENAI_SAME      1
#define NGX_HTTP_OPENAI_KEY       2

typedef struct {
    uint32_t                   name;    /* lengths, as they came */
    uint32_t                   value;
    uint32_t                   size;    /* of all of it */
    uint32_t                   kind;
    uint64_t                   hash;    /* of a key's value */
} ngx_http_openai_line_t;


/*
 * Lines are gathered here so that the zone gets few, large pieces; a worker
 * handles one head at a time.  The text stays until the next request, because
 * clients repeat their headers: a line that comes again in its place is neither
 * searched nor copied again, which saves 1,300 instructions.  The text never
 * has a secret; a key is recognised by a keyed hash.
 */

typedef struct {
    ngx_openai_chain_e         chain;
    ngx_array_t               *headers; /* verdicts are by these names, too: */
    ngx_array_t               *args;    /* a header may hold a URI */
    u_char                    *start;   /* of what the zone has not got */
    u_char                    *pos;
    u_char                    *first;   /* line of the headers */
    size_t                     line;    /* of a request before it, or 0 */
    ngx_uint_t                 n;       /* lines so far */
    ngx_uint_t                 known;   /* of these lines, from the first one */
    ngx_http_openai_line_t     lines[NGX_HTTP_OPENAI_LINES];
    u_char                     text[NGX_HTTP_OPENAI_HEAD_MAX];
} ngx_http_openai_head_t;


typedef void (*ngx_http_openai_meter_header_pt)(openai_meter_t *m,
    openai_str_t name, openai_str_t value);


static void ngx_http_openai_head_line(ngx_http_openai_exchange_t *ex,
    openai_str_t *target);
static ngx_uint_t ngx_http_openai_head_plain(ngx_http_openai_head_t *head,
    ngx_str_t *line);
static void ngx_http_openai_head_begin(ngx_http_openai_head_t *head,
    ngx_http_openai_exchange_t *ex, u_char *first);
static void ngx_http_openai_head_add(ngx_http_openai_exchange_t *ex,
    ngx_http_openai_head_t *head, ngx_str_t *name, ngx_str_t *value,
    ngx_http_openai_meter_header_pt meter);
static ngx_uint_t ngx_http_openai_head_write(ngx_http_openai_exchange_t *ex,
    ngx_http_openai_head_t *head, ngx_str_t *name, ngx_str_t *value,
    openai_str_t *text);
static ngx_inline ngx_uint_t ngx_http_openai_head_again(
    ngx_http_openai_exchange_t *ex, ngx_http_openai_head_t *head,
    ngx_str_t *name, ngx_str_t *value);
static ngx_http_openai_line_t *ngx_http_openai_head_learn(
    ngx_http_openai_head_t *head, ngx_str_t *name, ngx_str_t *value,
    u_char *end);
static void ngx_http_openai_head_record(ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_head_flush(ngx_http_openai_exchange_t *ex,
    ngx_http_openai_head_t *head);
static ngx_http_openai_secrecy_e ngx_http_openai_head_userinfo(
    ngx_str_t *name, ngx_str_t *value);
static u_char *ngx_http_openai_head_redact(ngx_http_openai_exchange_t *ex,
    ngx_openai_chain_e chain, u_char *dst, u_char *last, ngx_str_t *name,
    ngx_str_t *value, ngx_http_openai_secrecy_e secrecy);
static void ngx_http_openai_head_list(ngx_http_openai_exchange_t *ex,
    ngx_http_openai_head_t *head, ngx_list_t *headers,
    ngx_http_openai_meter_header_pt meter);
static void ngx_http_openai_head_client(ngx_http_openai_exchange_t *ex);
static void ngx_http_openai_head_status(ngx_http_openai_exchange_t *ex);


static ngx_http_openai_head_t  ngx_http_openai_request = {
    .chain = NGX_OPENAI_REQUEST_HEAD
};

static ngx_http_openai_head_t  ngx_http_openai_response = {
    .chain = NGX_OPENAI_RESPONSE_HEAD
};


/* forgets the lines of the configuration before, which knew other names */

void
ngx_http_openai_head_init(void)
{
    ngx_http_openai_request.known = 0;
    ngx_http_openai_response.known = 0;
}


static void
ngx_http_openai_head_begin(ngx_http_openai_head_t *head,
    ngx_http_openai_exchange_t *ex, u_char *first)
{
    ngx_http_openai_redact_t  *redact;

    redact = &ex->conf->redact;

    if (head->first != first
        || head->headers != redact->headers
        || head->args != redact->args)
    {
        head->first = first;
        head->headers = redact->headers;
        head->args = redact->args;
        head->known = 0;
    }

    head->pos = first;
    head->n = 0;
}


void
ngx_http_openai_request_line(ngx_http_openai_exchange_t *ex)
{
    openai_str_t         method, target;
    ngx_http_request_t  *r;

    r = ex->request;

    ngx_http_openai_head_client(ex);
    ngx_http_openai_head_line(ex, &target);

    ngx_openai_copy(ex->rec.method, sizeof(ex->rec.method),
                    r->method_name.data, r->method_name.len);
    ngx_openai_copy(ex->rec.uri, sizeof(ex->rec.uri), target.data, target.len);

    if (ex->meter) {
        method.data = (char *) r->method_name.data;
        method.len = r->method_name.len;

        openai_meter_request_line(ex->meter, method, target);
    }
}


/* takes the line as the client wrote it, because rewrites change r->method and
   r->uri.  A line that is not HTTP is not kept, because it may be a key */

static void
ngx_http_openai_head_line(ngx_http_openai_exchange_t *ex, openai_str_t *target)
{
    size_t                     size;
    u_char                    *p, *first;
    ngx_str_t                 *line, *uri;
    ngx_http_request_t        *r;
    ngx_http_openai_head_t    *head;
    ngx_http_openai_redact_t  *redact;

    r = ex->request;
    redact = &ex->conf->redact;
    head = &ngx_http_openai_request;

    line = &r->request_line;
    uri = &r->unparsed_uri;

    /* the line ends where the headers begin, always at the same place */

    first = head->text + NGX_HTTP_OPENAI_LINE_MAX + 1;
    first[-1] = '\n';

    ngx_http_openai_head_begin(head, ex, first);

    /* in HTTP/1 the URI is a part of the line, and what it is */

    if (r->method_name.len && line->len <= NGX_HTTP_OPENAI_LINE_MAX
        && uri->data >= line->data
        && uri->data + uri->len <= line->data + line->len
        && ngx_http_openai_head_plain(head, line))
    {
        p = first - 1 - line->len;

        head->start = p;

        target->data = (char *) p + (uri->data - line->data);
        target->len = uri->len;
        return;
    }

    p = head->text;
    size = 0;

    if (r->method_name.len) {
        size = ngx_http_openai_redact_uri(redact, p, first - 1, line) - p;
    }

    head->start = first - 1 - size;
    ngx_memmove(head->start, p, size);

    /* until the headers come, there is room for it */

    head->known = 0;
    head->line = 0;

    target->data = (char *) first;
    target->len = ngx_http_openai_redact_uri(redact, first,
                                             first + NGX_HTTP_OPENAI_LINE_MAX,
                                             uri)
                  - first;
}


/* returns 1 if the line has nothing to replace; it is in its place then */

static ngx_uint_t
ngx_http_openai_head_plain(ngx_http_openai_head_t *head, ngx_str_t *line)
{
    u_char  *p;

    p = head->first - 1 - line->len;

    if (line->len == head->line && ngx_memcmp(p, line->data, line->len) == 0) {
        return 1;
    }

    if (!ngx_http_openai_redact_plain(line)) {
        return 0;
    }

    ngx_memcpy(p, line->data, line->len);
    head->line = line->len;

    return 1;
}


void
ngx_http_openai_request_headers(ngx_http_openai_exchange_t *ex)
{
    ngx_http_openai_head_list(ex, &ngx_http_openai_request,
                              &ex->request->headers_in.headers,
                              openai_meter_request_header);
}


/* the record begins with its request's head, because its credential says whose
   share of the entries it takes */

static void
ngx_http_openai_head_record(ngx_http_openai_exchange_t *ex)
{
    ngx_str_t                  key;
    ngx_http_request_t        *r;
    ngx_http_openai_redact_t  *redact;

    r = ex->request;
    redact = &ex->conf->redact;

    if (ex->rec.key[0] == '\0'
        && ngx_http_openai_redact_find_arg(redact, &r->unparsed_uri, &key)
           == NGX_OK)
    {
        ngx_http_openai_fingerprint(redact, &key, ex->rec.key);
    }

    if (ngx_openai_writer_begin(&ex->writer, ex->conf->shm_zone->data,
                                &ex->rec)
        != NGX_OK)
    {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "openai monitor: not recorded, no entry is free");
    }
}


static void
ngx_http_openai_head_client(ngx_http_openai_exchange_t *ex)
{
    u_char               *p;
    ngx_str_t             host;
    ngx_http_request_t   *r;
    ngx_openai_record_t  *rec;

    r = ex->request;
    rec = &ex->rec;

    rec->http_version = r->http_version;

    ngx_openai_copy(rec->client, sizeof(rec->client),
                    r->connection->addr_text.data,
                    r->connection->addr_text.len);

    if (r->headers_in.host) {
        host = r->headers_in.host->value;

    } else {
        host = r->headers_in.server;
    }

    /* some versions of nginx let "user:password@host" pass */

    p = host.data;

    if (host.len && memchr(p, '@', host.len)) {
        for (p += host.len; p[-1] != '@'; p--) { /* void */ }
    }

    ngx_openai_copy(rec->host, sizeof(rec->host), p,
                    host.data + host.len - p);
}


void
ngx_http_openai_response_head(ngx_http_openai_exchange_t *ex)
{
    u_char                   length[NGX_OFF_T_LEN];
    ngx_str_t                name, value;
    ngx_http_request_t      *r;
    ngx_openai_record_t     *rec;
    ngx_http_openai_head_t  *head;

    r = ex->request;
    rec = &ex->rec;
    head = &ngx_http_openai_response;

    ngx_http_openai_head_status(ex);

    ngx_openai_copy(rec->content_type, sizeof(rec->content_type),
                    r->headers_out.content_type.data,
                    r->headers_out.content_type.len);

    if (r->headers_out.content_encoding) {
        ngx_openai_copy(rec->content_encoding, sizeof(rec->content_encoding),
                        r->headers_out.content_encoding->value.data,
                        r->headers_out.content_encoding->value.len);
    }

    /* nginx has these two outside of the list */

    if (r->headers_out.content_type.len) {
        ngx_str_set(&name, "Content-Type");
        ngx_http_openai_head_add(ex, head, &name, &r->headers_out.content_type,
                                 openai_meter_response_header);
    }

    if (r->headers_out.content_length_n >= 0
        && r->headers_out.content_length == NULL)
    {
        ngx_str_set(&name, "Content-Length");

        value.data = length;
        value.len = ngx_sprintf(length, "%O", r->headers_out.content_length_n)
                    - length;

        ngx_http_openai_head_add(ex, head, &name, &value, NULL);
    }

    ngx_http_openai_head_list(ex, head, &r->headers_out.headers,
                              openai_meter_response_header);
}


static void
ngx_http_openai_head_status(ngx_http_openai_exchange_t *ex)
{
    u_char                  *p;
    ngx_http_request_t      *r;
    ngx_http_openai_head_t  *head;

    r = ex->request;
    head = &ngx_http_openai_response;

    p = ngx_cpymem(head->text, "HTTP/1.1 200\n", 13);

    if (r->http_version != NGX_HTTP_VERSION_11
        || r->headers_out.status != NGX_HTTP_OK)
    {
        p = ngx_sprintf(head->text, "HTTP/%ui.%ui %03ui\n",
                        r->http_version / 1000, r->http_version % 1000,
                        r->headers_out.status);
    }

    head->start = head->text;
    ngx_http_openai_head_begin(head, ex, p);

    if (ex->meter) {
        openai_meter_response_status(ex->meter, r->headers_out.status);
    }
}


static void
ngx_http_openai_head_list(ngx_http_openai_exchange_t *ex,
    ngx_http_openai_head_t *head, ngx_list_t *headers,
    ngx_http_openai_meter_header_pt meter)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    /* nginx makes no list for a request line that is not HTTP */

    part = headers->part.elts ? &headers->part : NULL;

    for ( /* void */ ; part; part = part->next) {

        header = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (header[i].hash == 0) {
                continue;
            }

            ngx_http_openai_head_add(ex, head, &header[i].key,
                                     &header[i].value, meter);
        }
    }

    ngx_http_openai_head_flush(ex, head);
}


static void
ngx_http_openai_head_add(ngx_http_openai_exchange_t *ex,
    ngx_http_openai_head_t *head, ngx_str_t *name, ngx_str_t *value,
    ngx_http_openai_meter_header_pt meter)
{
    openai_str_t  key, text;

    /* the monitor's own header, in requests and answers */

    if (name->len == sizeof("X-OpenAI-Monitor") - 1
        && ngx_http_openai_same(name->data, (u_char *) "x-openai-monitor",
                                name->len, '-'))
    {
        ex->monitor = 1;
    }

    text.data = (char *) head->pos + name->len + 2;
    text.len = value->len;

    switch (ngx_http_openai_head_again(ex, head, name, value)) {

    case NGX_HTTP_OPENAI_SAME:
        break;

    case NGX_HTTP_OPENAI_KEY:
        return;

    default:
        if (!ngx_http_openai_head_write(ex, head, name, value, &text)) {
            return;
        }
    }

    if (meter && ex->meter) {
        key.data = (char *) name->data;
        key.len = name->len;

        meter(ex->meter, key, text);
    }
}


/* returns the kind of a line that is in its place already */

static ngx_inline ngx_uint_t
ngx_http_openai_head_again(ngx_http_openai_exchange_t *ex,
    ngx_http_openai_head_t *head, ngx_str_t *name, ngx_str_t *value)
{
    ngx_http_openai_line_t  *line;

    line = &head->lines[head->n];

    if (head->n >= head->known
        || line->name != name->len
        || line->value != value->len
        || ngx_memcmp(head->pos, name->data, name->len) != 0)
    {
        return NGX_HTTP_OPENAI_OTHER;
    }

    if (line->kind == NGX_HTTP_OPENAI_SAME) {

        if (ngx_memcmp(head->pos + name->len + 2, value->data, value->len)
            != 0)
        {
            return NGX_HTTP_OPENAI_OTHER;
        }

        head->pos += line->size;

    } else {

        if (line->kind != NGX_HTTP_OPENAI_KEY
            || line->hash != ngx_http_openai_hash(&ex->conf->redact, value))
        {
            return NGX_HTTP_OPENAI_OTHER;
        }

        head->pos += line->size;

        if (ex->rec.key[0] == '\0') {
            ngx_memcpy(ex->rec.key,
                       head->pos - 1 - NGX_HTTP_OPENAI_FINGERPRINT_LEN,
                       NGX_HTTP_OPENAI_FINGERPRINT_LEN);
            ex->rec.key[NGX_HTTP_OPENAI_FINGERPRINT_LEN] = '\0';
        }
    }

    head->n++;

    return line->kind;
}


/* returns 1 if the value, as *text, is no secret */

static ngx_uint_t
ngx_http_openai_head_write(ngx_http_openai_exchange_t *ex,
    ngx_http_openai_head_t *head, ngx_str_t *name, ngx_str_t *value,
    openai_str_t *text)
{
    u_char                    *p, *last;
    ngx_uint_t                 keyed;
    ngx_http_openai_line_t    *line;
    openai_secrets_words_t    *words;
    ngx_http_openai_secrecy_e  secrecy;

    keyed = (ex->rec.key[0] != '\0');
    secrecy = ngx_http_openai_redact_header(&ex->conf->redact, name);

    if (head->pos + name->len + value->len + 4096
        > head->text + NGX_HTTP_OPENAI_HEAD_MAX)
    {
        ngx_http_openai_head_flush(ex, head);

        head->pos = head->text;
        head->start = head->text;
        head->n = NGX_HTTP_OPENAI_LINES;
        head->known = 0;
        head->line = 0;

        if (name->len > NGX_HTTP_OPENAI_LINE_MAX) {
            return 0;
        }
    }

    p = ngx_cpymem(head->pos, name->data, name->len);
    *p++ = ':';
    *p++ = ' ';

    /* room for the line's end */

    last = head->text + NGX_HTTP_OPENAI_HEAD_MAX - 1;
    text->data = (char *) p;

    if (secrecy == NGX_HTTP_OPENAI_PLAIN
        && ngx_http_openai_redact_scheme(value))
    {
        secrecy = NGX_HTTP_OPENAI_SECRET;
    }

    words = (head->chain == NGX_OPENAI_RESPONSE_HEAD
             && ngx_http_openai_words_in(ex, value)) ? ex->words : NULL;

    if (secrecy == NGX_HTTP_OPENAI_PLAIN && words == NULL
        && !ngx_http_openai_redact_json(value)
        && ngx_http_openai_redact_plain(value))
    {
        p = ngx_cpymem(p, value->data,
                       ngx_min(value->len, (size_t) (last - p)));

    } else {

        if (secrecy == NGX_HTTP_OPENAI_PLAIN) {
            secrecy = ngx_http_openai_head_userinfo(name, value);
        }

        p = (secrecy == NGX_HTTP_OPENAI_PLAIN)
            ? ngx_http_openai_redact_text_value(&ex->conf->redact, p, last,
                                                value, words)
            : ngx_http_openai_head_redact(ex, head->chain, p, last, name,
                                          value, secrecy);
    }

    text->len = (char *) p - text->data;
    *p++ = '\n';

    line = ngx_http_openai_head_learn(head, name, value, p);
    head->pos = p;

    if (secrecy != NGX_HTTP_OPENAI_PLAIN) {

        if (line && value->len && !keyed && ex->rec.key[0] != '\0') {
            line->kind = NGX_HTTP_OPENAI_KEY;
            line->hash = ngx_http_openai_hash(&ex->conf->redact, value);
        }

        return 0;
    }

    if (line && text->len == value->len
        && ngx_memcmp(text->data, value->data, value->len) == 0)
    {
        line->kind = NGX_HTTP_OPENAI_SAME;
    }

    return 1;
}


/* lines lie one behind the other, so the next ones stay known only if this one
   is as long as the line before it in this place */

static ngx_http_openai_line_t *
ngx_http_openai_head_learn(ngx_http_openai_head_t *head, ngx_str_t *name,
    ngx_str_t *value, u_char *end)
{
    uint32_t                 size;
    ngx_http_openai_line_t  *line;

    if (head->n == NGX_HTTP_OPENAI_LINES) {
        return NULL;
    }

    line = &head->lines[head->n++];
    size = (uint32_t) (end - head->pos);

    if (head->n > head->known || line->size != size) {
        head->known = head->n;
    }

    line->name = (uint32_t) name->len;
    line->value = (uint32_t) value->len;
    line->size = size;
    line->kind = NGX_HTTP_OPENAI_OTHER;

    return line;
}


/* "user:password@host", which versions of nginx let pass */

static ngx_http_openai_secrecy_e
ngx_http_openai_head_userinfo(ngx_str_t *name, ngx_str_t *value)
{
    if (name->len == 4
        && ngx_strncasecmp(name->data, (u_char *) "Host", 4) == 0
        && ngx_strlchr(value->data, value->data + value->len, '@'))
    {
        return NGX_HTTP_OPENAI_SECRET;
    }

    return NGX_HTTP_OPENAI_PLAIN;
}


/* the first credential of a request tells whom it counts for */

static u_char *
ngx_http_openai_head_redact(ngx_http_openai_exchange_t *ex,
    ngx_openai_chain_e chain, u_char *dst, u_char *last, ngx_str_t *name,
    ngx_str_t *value, ngx_http_openai_secrecy_e secrecy)
{
    char                      *print;
    ngx_http_openai_redact_t  *redact;

    redact = &ex->conf->redact;
    print = NULL;

    if (secrecy == NGX_HTTP_OPENAI_CREDENTIAL
        && chain == NGX_OPENAI_REQUEST_HEAD
        && ex->rec.key[0] == '\0')
    {
        print = ex->rec.key;
    }

    return ngx_http_openai_redact_value(redact, dst, last, name, value, print);
}


static void
ngx_http_openai_head_flush(ngx_http_openai_exchange_t *ex,
    ngx_http_openai_head_t *head)
{
    if (ex->writer.zone == NULL) {
        ngx_http_openai_head_record(ex);
    }

    (void) ngx_openai_writer_append(&ex->writer, head->chain, head->start,
                                    head->pos - head->start);
}
