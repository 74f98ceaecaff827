
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The short fields of a multipart/form-data body, as its bytes pass.
 */


#ifndef _OPENAI_MULTIPART_H_INCLUDED_
#define _OPENAI_MULTIPART_H_INCLUDED_


#include "digest/digest.h"


#define OPENAI_MULTIPART_LINE   256
#define OPENAI_MULTIPART_FIELD  48


typedef struct {
    /* a field that is no file, its value cut to fit */
    void        (*field)(void *ctx, openai_str_t name, openai_str_t value);

    /* a file begins; type is its content type, perhaps empty */
    void        (*file)(void *ctx, openai_str_t name, openai_str_t type);
} openai_multipart_handler_t;


typedef struct {
    const openai_multipart_handler_t  *handler;
    void                              *ctx;

    uint8_t      state;
    uint8_t      is_file;
    uint8_t      blind;                /* the line is too long to matter */

    uint32_t     boundary_len;
    uint32_t     name_len;
    uint32_t     type_len;
    uint32_t     value_len;
    uint32_t     line_len;

    char         boundary[74];         /* "--" and the boundary */
    char         name[OPENAI_MULTIPART_FIELD];
    char         type[OPENAI_MULTIPART_FIELD];
    char         value[OPENAI_MULTIPART_LINE];
    char         line[OPENAI_MULTIPART_LINE];
} openai_multipart_t;


/* OPENAI_ERROR when the content type names no boundary */
int openai_multipart_init(openai_multipart_t *mp, openai_str_t content_type,
    const openai_multipart_handler_t *handler, void *ctx);

void openai_multipart_feed(openai_multipart_t *mp, const char *p, size_t len);


#endif /* _OPENAI_MULTIPART_H_INCLUDED_ */
