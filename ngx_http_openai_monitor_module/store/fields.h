
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The fields of a record, one row each: name, kind, place in the record,
 * column in CSV, variable, key in a query.
 *
 * The list, the live feed, the detail, the exports, the variables and the
 * query language are made from these tables, so a new field is a member of
 * the record, a row here, and a line in the OpenAPI document.
 */


#ifndef _NGX_OPENAI_FIELDS_H_INCLUDED_
#define _NGX_OPENAI_FIELDS_H_INCLUDED_


#include "store/record.h"


/* what a field is, which decides how each output writes it */

typedef enum {

    /* texts; "" is unknown */

    NGX_OPENAI_AS_TEXT = 0,
    NGX_OPENAI_AS_ID,           /* never needs quotes */
    NGX_OPENAI_AS_URI,          /* a query compares it up to the "?" */
    NGX_OPENAI_AS_JOINED,       /* several, with "," between them */
    NGX_OPENAI_AS_LIST,         /* the same, but an array in JSON */
    NGX_OPENAI_AS_OUTCOME,
    NGX_OPENAI_AS_BLAME,        /* who has worded the error */
    NGX_OPENAI_AS_DIALECT,
    NGX_OPENAI_AS_UPSTREAM,     /* the one that answered */
    NGX_OPENAI_AS_HINT,         /* what gives a stream its usage */
    NGX_OPENAI_AS_THREAD,       /* of the conversation: not in the record */
    NGX_OPENAI_AS_PARENT,
    NGX_OPENAI_AS_RUN,
    NGX_OPENAI_AS_ROLE,
    NGX_OPENAI_AS_CALLER,
    NGX_OPENAI_AS_CHANGE,

    /* numbers; negative is unknown */

    NGX_OPENAI_AS_FRESH,        /* of the conversation: not in the record */
    NGX_OPENAI_AS_COUNT,        /* signed */
    NGX_OPENAI_AS_SIZE,         /* unsigned, always known */
    NGX_OPENAI_AS_STATUS,       /* unsigned, 0 is unknown */
    NGX_OPENAI_AS_EVENTS,       /* of a stream only */
    NGX_OPENAI_AS_TIME,         /* us, signed */
    NGX_OPENAI_AS_MOMENT,       /* us, unsigned, 0 is unknown */
    NGX_OPENAI_AS_GAP,          /* us, between two tokens at least */
    NGX_OPENAI_AS_CONNECT,      /* us, when the upstream was connected */
    NGX_OPENAI_AS_TLS,          /* us, when its TLS handshake began */
    NGX_OPENAI_AS_MONEY,        /* USD; unknown when it leaves something out */
    NGX_OPENAI_AS_LEAST,        /* USD; known when it leaves something out */
    NGX_OPENAI_AS_SPEED,        /* per second */

    /* yes, no, or unknown */

    NGX_OPENAI_AS_FLAG,
    NGX_OPENAI_AS_BIT,
    NGX_OPENAI_AS_COMPLETE,     /* unknown while the exchange runs */

    /* with a form of their own */

    NGX_OPENAI_AS_DATE,         /* ms since the epoch */
    NGX_OPENAI_AS_VERSION,
    NGX_OPENAI_AS_ATTEMPTS,
    NGX_OPENAI_AS_SIDES,        /* a bit for the request, the next higher one
                                   for the response */
    NGX_OPENAI_AS_WITHHELD,
    NGX_OPENAI_AS_GROUP         /* an object of the members that follow; known
                                   by its bit, or when one of them is */
} ngx_openai_as_e;


typedef struct {
    const char        *name;
    ngx_openai_as_e    as;
    size_t             offset;
    size_t             size;
    uint32_t           bit;
    ngx_uint_t         member;      /* 1: of the group above it */
    ngx_uint_t         column;      /* from 1 on; 0: not in CSV */
    const char        *heading;     /* of the column, when not its name */
    const char        *variable;    /* or NULL */
    const char        *term;        /* its key in a query, or NULL */
} ngx_openai_field_t;


/* the tables end with a row without a name */

extern const ngx_openai_field_t  ngx_openai_fields[];
extern const ngx_openai_field_t  ngx_openai_detail_fields[];
extern const ngx_openai_field_t  ngx_openai_timing_fields[];


/* rows of ngx_openai_fields[], or NULL */
const ngx_openai_field_t *ngx_openai_field_named(const char *name);
const ngx_openai_field_t *ngx_openai_field_column(ngx_uint_t column);

/* the first row with this key after a row, or after NULL; or NULL */
const ngx_openai_field_t *ngx_openai_field_term(
    const ngx_openai_field_t *after, const u_char *key, size_t len);

/* a text of the record, or "" for fields whose text is not in it */
const char *ngx_openai_field_text(const ngx_openai_field_t *field,
    const ngx_openai_record_t *rec);

/* a number as it is stored, or 0, 1 and OPENAI_UNKNOWN for yes, no and
   unknown */
int64_t ngx_openai_field_int(const ngx_openai_field_t *field,
    const ngx_openai_record_t *rec);

/* the same, also of money and speed */
double ngx_openai_field_number(const ngx_openai_field_t *field,
    const ngx_openai_record_t *rec);

ngx_uint_t ngx_openai_field_is_text(const ngx_openai_field_t *field);
ngx_uint_t ngx_openai_field_is_time(const ngx_openai_field_t *field);

/* 1 when the group's members are to be written */
ngx_uint_t ngx_openai_field_known(const ngx_openai_field_t *group,
    const ngx_openai_record_t *rec);


#endif /* _NGX_OPENAI_FIELDS_H_INCLUDED_ */
