
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Amazon's event stream, the binary framing of Bedrock's answers:
 *
 *     total length, length of the headers, CRC     4 bytes each, big endian
 *     headers                                      name, type, value
 *     payload
 *     CRC                                          4 bytes
 *
 * The checksums are not compared: what does not add up ends the parsing.
 */


#ifndef _OPENAI_EVENTSTREAM_H_INCLUDED_
#define _OPENAI_EVENTSTREAM_H_INCLUDED_


#include "digest/wire/sse.h"


#define OPENAI_AWS_WORD  32
#define OPENAI_AWS_MAX   (16 * 1024 * 1024)    /* Amazon's limit of a message */


typedef struct {
    const openai_frames_t  *handler;
    void                   *ctx;

    uint64_t                offset;    /* of the bytes to come */
    uint64_t                start;     /* of the message */

    uint32_t                total;     /* bytes of the message */
    uint32_t                headers;   /* bytes of its headers */
    uint32_t                done;      /* bytes of the message so far */
    uint32_t                left;      /* bytes of what the state reads */
    uint32_t                number;    /* that is being read */

    uint8_t                 state;
    uint8_t                 exception;
    uint8_t                 chunk;     /* the payload holds base64 */
    uint8_t                 inner;     /* state within such a payload */
    uint8_t                 bits;      /* of base64 that wait */
    uint32_t                base64;    /* these bits */

    uint8_t                 field_len; /* of a header's name */
    uint8_t                 name_len;
    char                    field[OPENAI_AWS_WORD];
    char                    name[OPENAI_AWS_WORD];   /* of the event */
} openai_aws_t;


/*
 * The handler gets a message's payload as data and its ":event-type", or
 * ":exception-type", as the event's name.  A payload {"bytes": base64} of
 * InvokeModel is handed over decoded, without a name.
 */

void openai_aws_init(openai_aws_t *aws, const openai_frames_t *handler,
    void *ctx);
void openai_aws_feed(openai_aws_t *aws, const char *p, size_t len);


#endif /* _OPENAI_EVENTSTREAM_H_INCLUDED_ */
