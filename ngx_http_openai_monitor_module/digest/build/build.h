
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The builder: the dialects write conversations and answers with it.
 *
 * All memory comes from the allocator of the document.  When memory is short,
 * calls do nothing more, and the answer is what was built so far.
 */


#ifndef _OPENAI_BUILD_H_INCLUDED_
#define _OPENAI_BUILD_H_INCLUDED_


#include "digest/digest.h"


typedef struct {
    char   *data;
    size_t  len;
    size_t  size;
} openai_buf_t;


/* an answer with more choices is not a model's; the lists are walked */

#define OPENAI_BUILD_RESULTS   256
#define OPENAI_BUILD_TOOLS     1024
#define OPENAI_BUILD_SETTINGS  512


typedef struct openai_tool_s    openai_tool_t;
typedef struct openai_result_s  openai_result_t;


/* a call of a tool; a tool that the upstream runs has its type as its name */

struct openai_tool_s {
    openai_tool_t    *next;
    int64_t           index;
    int               hosted;
    int               quoted;          /* the arguments end inside a string */
    openai_buf_t      key;             /* of the argument at their end */
    openai_buf_t      id;
    openai_buf_t      name;
    openai_buf_t      arguments;
    openai_buf_t      result;          /* of a tool of the upstream */
};


/* one choice of the answer */

struct openai_result_s {
    openai_result_t  *next;
    int64_t           index;
    openai_buf_t      text;
    openai_buf_t      reasoning;
    openai_buf_t      refusal;
    openai_buf_t      finish;
    openai_buf_t      transcript;      /* of audio */
    size_t            audio;           /* bytes of base64 */
    yyjson_mut_val   *images;
    openai_tool_t    *tools;
};


typedef struct {
    yyjson_mut_doc           *doc;
    const openai_exchange_t  *ex;

    openai_result_t          *results;
    unsigned                  nresults;
    unsigned                  ntools;
    yyjson_mut_val           *extra;   /* other members of the answer */

    openai_buf_t              system;
    yyjson_mut_val           *settings;
    yyjson_mut_val           *tools;
    yyjson_mut_val           *messages;

    /* the dialect keeps here what it needs from event to event */
    int64_t                   state;

    int                       partial;
} openai_builder_t;


void openai_builder_init(openai_builder_t *b, yyjson_mut_doc *doc,
    const openai_exchange_t *ex);
void openai_builder_done(openai_builder_t *b);

/* returns {"choices", …}, or NULL when nothing was built */
yyjson_mut_val *openai_builder_answer(openai_builder_t *b);


/* buffers */

void openai_buf_append(openai_builder_t *b, openai_buf_t *buf, const char *data,
    size_t len);
void openai_buf_free(openai_builder_t *b, openai_buf_t *buf);
void openai_buf_set(openai_builder_t *b, openai_buf_t *buf, openai_str_t s);
/* appends a string as it is, null not at all, and any other value as JSON */
void openai_buf_value(openai_builder_t *b, openai_buf_t *buf, yyjson_val *v);


/* parts of the answer; NULL: memory is short */

openai_result_t *openai_build_result(openai_builder_t *b, int64_t index);

/* returns the call that a piece belongs to, by its index (-1: none) and its id
   (perhaps empty); build.c has the rules */
openai_tool_t *openai_build_call(openai_builder_t *b, openai_result_t *r,
    int64_t index, openai_str_t id, openai_str_t name);
/* returns the call with this index, and makes it when there is none */
openai_tool_t *openai_build_tool(openai_builder_t *b, openai_result_t *r,
    int64_t index);

/* adds an image: a URL, or base64 with its type */
yyjson_mut_val *openai_build_image(openai_builder_t *b, openai_result_t *r,
    openai_str_t url, openai_str_t type, openai_str_t base64);

/* sets a member of the answer beside its choices; the last value stays */
void openai_build_extra(openai_builder_t *b, const char *key,
    yyjson_mut_val *v);
/* describes vectors: a list of them, a list of objects with "embedding" or
   "values", or one such object */
void openai_build_embeddings(openai_builder_t *b, yyjson_val *data);
/* sets the error of {"error": {"message", …}}, which every dialect writes */
void openai_build_error(openai_builder_t *b, yyjson_val *error);
/* sets the error of a body or an event, which may be the error itself */
void openai_build_failure(openai_builder_t *b, yyjson_val *root);


/* values */

yyjson_mut_val *openai_mut_str(openai_builder_t *b, const char *data,
    size_t len);
yyjson_mut_val *openai_mut_buf(openai_builder_t *b, const openai_buf_t *buf);
yyjson_mut_val *openai_mut_copy(openai_builder_t *b, yyjson_val *v);
/* copies the members of these names, except absent ones and null */
void openai_mut_members(openai_builder_t *b, yyjson_mut_val *to,
    yyjson_val *from, const char *const *names);


/* the conversation */

void openai_build_system(openai_builder_t *b, yyjson_val *text);
/* keeps every member of the request except those named; NULL ends the names */
void openai_build_settings(openai_builder_t *b, yyjson_val *root,
    const char *const *but);
void openai_build_definition(openai_builder_t *b, yyjson_val *name,
    yyjson_val *description, yyjson_val *parameters);

/* returns a new message; the next functions add its parts */
yyjson_mut_val *openai_build_message(openai_builder_t *b, openai_str_t role);
yyjson_mut_val *openai_build_part(openai_builder_t *b, yyjson_mut_val *message,
    const char *type);
void openai_build_text(openai_builder_t *b, yyjson_mut_val *message,
    const char *type, yyjson_val *text);
void openai_build_asked(openai_builder_t *b, yyjson_mut_val *message,
    yyjson_val *id, yyjson_val *name, yyjson_val *arguments);

/* adds a part of an unknown type as it is */
void openai_build_other(openai_builder_t *b, yyjson_mut_val *message,
    yyjson_val *part);


#endif /* _OPENAI_BUILD_H_INCLUDED_ */
