
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The builder: what the dialects' assembling callbacks write to.
 *
 * All memory comes from the allocator of the document.  When it fails, calls
 * do nothing more, and what was built so far is the answer.
 */


#ifndef _OPENAI_BUILD_H_INCLUDED_
#define _OPENAI_BUILD_H_INCLUDED_


#include "digest/digest.h"


typedef struct {
    char   *data;
    size_t  len;
    size_t  size;
} openai_buf_t;


/* more of them are no answer of a model; lists stay short enough to walk */

#define OPENAI_BUILD_RESULTS   256
#define OPENAI_BUILD_TOOLS     1024
#define OPENAI_BUILD_SETTINGS  512


typedef struct openai_tool_s    openai_tool_t;
typedef struct openai_result_s  openai_result_t;


/* a call of a tool; one that the upstream runs itself is named by its type */

struct openai_tool_s {
    openai_tool_t    *next;
    int64_t           index;
    int               hosted;
    int               quoted;          /* arguments end within a string */
    openai_buf_t      key;             /* of the argument that they end in */
    openai_buf_t      id;
    openai_buf_t      name;
    openai_buf_t      arguments;
    openai_buf_t      result;          /* of one that the upstream ran */
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
    size_t            audio;           /* base64 bytes of it */
    yyjson_mut_val   *images;
    openai_tool_t    *tools;
};


typedef struct {
    yyjson_mut_doc           *doc;
    const openai_exchange_t  *ex;

    openai_result_t          *results;
    unsigned                  nresults;
    unsigned                  ntools;
    yyjson_mut_val           *extra;   /* members of the answer besides */

    openai_buf_t              system;
    yyjson_mut_val           *settings;
    yyjson_mut_val           *tools;
    yyjson_mut_val           *messages;

    /* for the dialect: what it needs from one event to the next */
    int64_t                   state;

    int                       partial;
} openai_builder_t;


void openai_builder_init(openai_builder_t *b, yyjson_mut_doc *doc,
    const openai_exchange_t *ex);
void openai_builder_done(openai_builder_t *b);

/* {"choices", …} or NULL when nothing was built */
yyjson_mut_val *openai_builder_answer(openai_builder_t *b);


/* buffers */

void openai_buf_append(openai_builder_t *b, openai_buf_t *buf, const char *data,
    size_t len);
void openai_buf_free(openai_builder_t *b, openai_buf_t *buf);
void openai_buf_set(openai_builder_t *b, openai_buf_t *buf, openai_str_t s);
/* a string is appended; anything else but null as JSON */
void openai_buf_value(openai_builder_t *b, openai_buf_t *buf, yyjson_val *v);


/* the answer; each returns NULL when memory is short */

openai_result_t *openai_build_result(openai_builder_t *b, int64_t index);

/* the call that a piece with these belongs to: a place in the list (-1: not
   told) and an id, perhaps empty; see the rules in digest/build/build.c */
openai_tool_t *openai_build_call(openai_builder_t *b, openai_result_t *r,
    int64_t index, openai_str_t id, openai_str_t name);
/* the call with this index, made when there is none; no rules */
openai_tool_t *openai_build_tool(openai_builder_t *b, openai_result_t *r,
    int64_t index);

/* an image of the answer: a URL, or base64 of a type */
yyjson_mut_val *openai_build_image(openai_builder_t *b, openai_result_t *r,
    openai_str_t url, openai_str_t type, openai_str_t base64);

/* a member of the answer beside its choices; the last one stays */
void openai_build_extra(openai_builder_t *b, const char *key,
    yyjson_mut_val *v);
/* vectors: a list of them, or of objects with an "embedding" or with "values"
   each; or one such object */
void openai_build_embeddings(openai_builder_t *b, yyjson_val *data);
/* {"error": {"message", …}} as every dialect writes it */
void openai_build_error(openai_builder_t *b, yyjson_val *error);
/* the same of a body or an event, which may be the error itself */
void openai_build_failure(openai_builder_t *b, yyjson_val *root);


/* values */

yyjson_mut_val *openai_mut_str(openai_builder_t *b, const char *data,
    size_t len);
yyjson_mut_val *openai_mut_buf(openai_builder_t *b, const openai_buf_t *buf);
yyjson_mut_val *openai_mut_copy(openai_builder_t *b, yyjson_val *v);
/* adds copies of the members named, where they are there and not null */
void openai_mut_members(openai_builder_t *b, yyjson_mut_val *to,
    yyjson_val *from, const char *const *names);


/* the conversation */

void openai_build_system(openai_builder_t *b, yyjson_val *text);
/* every member of the request but the ones named, a list that ends with NULL */
void openai_build_settings(openai_builder_t *b, yyjson_val *root,
    const char *const *but);
void openai_build_definition(openai_builder_t *b, yyjson_val *name,
    yyjson_val *description, yyjson_val *parameters);

/* a message, its parts added by the next */
yyjson_mut_val *openai_build_message(openai_builder_t *b, openai_str_t role);
yyjson_mut_val *openai_build_part(openai_builder_t *b, yyjson_mut_val *message,
    const char *type);
void openai_build_text(openai_builder_t *b, yyjson_mut_val *message,
    const char *type, yyjson_val *text);
void openai_build_asked(openai_builder_t *b, yyjson_mut_val *message,
    yyjson_val *id, yyjson_val *name, yyjson_val *arguments);

/* a part of a type that is not known, as it is */
void openai_build_other(openai_builder_t *b, yyjson_mut_val *message,
    yyjson_val *part);


#endif /* _OPENAI_BUILD_H_INCLUDED_ */
