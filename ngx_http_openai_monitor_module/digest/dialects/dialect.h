
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * A dialect is the shape of an API: routes, trees of nodes for the meter, and
 * callbacks for the assembler.
 *
 * A dialect is one file and one line of the table in dialects.c.  The meter
 * and the assembler reach dialects through that table only.
 */


#ifndef _OPENAI_DIALECT_H_INCLUDED_
#define _OPENAI_DIALECT_H_INCLUDED_


#include "digest/build/build.h"
#include "digest/digest.h"
#include "digest/json/scan.h"


/*
 * The end of a path.  "*" stands for one segment or its end, "@" for one that
 * names the model.  Of the matching routes the longest one wins.
 */

typedef struct {
    openai_str_t            path;
    uint32_t                tail;       /* last four bytes; 0: unknown */
    unsigned                flags;
    const char             *operation;  /* OpenTelemetry's, or ours */
    const char             *read;       /* of a GET; NULL: the same */
} openai_route_t;

#define OPENAI_ROUTE_STREAM  0x01       /* the path asks for a stream */
#define OPENAI_ROUTE_AZURE   0x02
#define OPENAI_ROUTE_VERTEX  0x04
#define OPENAI_ROUTE_SURE    0x08       /* no other dialect has this end */
#define OPENAI_ROUTE_BYTES   0x10       /* the answer is a file */
#define OPENAI_ROUTE_BEDROCK 0x40
#define OPENAI_ROUTE_ARGS    0x20       /* "stream" and "model" are arguments */
#define OPENAI_ROUTE_POLLED  0x80       /* clients fetch the answer by its id */
#define OPENAI_ROUTE_USAGE   0x100      /* "stream_options" ask for usage */

#define openai_route_byte(path, n)                                            \
    ((uint32_t) (unsigned char) (path)[sizeof(path) - 1 - (n)])

#define openai_route_wild(path, n)                                            \
    ((path)[sizeof(path) - 1 - (n)] == '*' || (path)[sizeof(path) - 1 - (n)]  \
                                              == '@')

#define openai_route_tail(path)                                               \
    (openai_route_wild(path, 1) || openai_route_wild(path, 2)                 \
     || openai_route_wild(path, 3) || openai_route_wild(path, 4)              \
     ? 0 : openai_route_byte(path, 1) << 24 | openai_route_byte(path, 2) << 16\
           | openai_route_byte(path, 3) << 8 | openai_route_byte(path, 4))

#define openai_route_read(path, operation, read, flags)                       \
    { openai_str(path), openai_route_tail(path), flags, operation, read }
#define openai_route_as(path, operation, flags)                               \
    openai_route_read(path, operation, NULL, flags)
#define openai_route(path, operation)  openai_route_as(path, operation, 0)
#define openai_route_end  { { NULL, 0 }, 0, 0, NULL, NULL }


typedef struct {
    const char             *name;
    const char             *provider;   /* if nothing else names it; or NULL */
    const openai_route_t   *routes;

    /* the values that the meter wants; each may be NULL */

    const openai_node_t    *request;
    const openai_node_t    *answer;     /* a body of JSON */
    const openai_node_t    *event;      /* the data of an event */

    /* ends each event, and a body of JSON, whose name is empty */
    void                  (*commit)(openai_meter_t *m, openai_str_t name);

    /* the callbacks of the assembler; each may be NULL */

    void                  (*conversation)(openai_builder_t *b,
                               yyjson_val *root);
    void                  (*build_answer)(openai_builder_t *b,
                               yyjson_val *root);
    void                  (*build_event)(openai_builder_t *b,
                               openai_str_t name, yyjson_val *root);

    /* returns the usage of a body or an event; NULL: its "usage" */
    yyjson_val           *(*usage)(yyjson_val *root);
} openai_dialect_t;


/* a request of {messages, tools}, which several dialects have */
void openai_chat_conversation(openai_builder_t *b, yyjson_val *root);

/* an answer of Chat Completions, which Mistral's fill in the middle has, too */
extern const openai_node_t  openai_chat_root;
void openai_chat_commit(openai_meter_t *m, openai_str_t name);
void openai_chat_answer(openai_builder_t *b, yyjson_val *root);
void openai_chat_event(openai_builder_t *b, openai_str_t name,
    yyjson_val *root);
yyjson_val *openai_chat_usage(yyjson_val *root);

/* a request of {prompt} */
void openai_completions_conversation(openai_builder_t *b, yyjson_val *root);


/* the events of the Responses API, which Realtime speaks, too; a connection
   may bring several responses, each with items from 0 */
#define OPENAI_RESPONSES_ITEMS  1000

extern const openai_node_t  openai_responses_piece;
void openai_responses_commit(openai_meter_t *m, openai_str_t name);
void openai_responses_conversation(openai_builder_t *b, yyjson_val *root);
void openai_responses_input(openai_builder_t *b, yyjson_val *item);
void openai_responses_answer(openai_builder_t *b, yyjson_val *root);
void openai_responses_event(openai_builder_t *b, openai_str_t name,
    yyjson_val *root);
yyjson_val *openai_responses_usage(yyjson_val *root);


/* the table; [0] is for unknown paths */
extern const openai_dialect_t *const  openai_dialects[];
extern const unsigned                 openai_dialects_n;


typedef struct {
    unsigned                dialect;
    const openai_route_t   *route;      /* NULL: the path is unknown */
    openai_str_t            model;      /* as in the path, or empty */
} openai_routed_t;

openai_routed_t openai_find_route(openai_str_t uri);

/* returns the segment that labels an unknown path */
openai_str_t openai_path_label(openai_str_t uri);

/* returns the encoded value of an argument, or an empty string */
openai_str_t openai_path_arg(openai_str_t uri, openai_str_t name);

/* decodes the percent signs of a path or an argument; returns the length, at
   most size */
size_t openai_path_decode(char *dst, size_t size, openai_str_t part);


#endif /* _OPENAI_DIALECT_H_INCLUDED_ */
