
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/* As much of nginx as the pure parts of store/ and view/ need, over libc, so
   that they are tested without a server. */


#ifndef _NGX_CONFIG_H_INCLUDED_
#define _NGX_CONFIG_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>


typedef intptr_t   ngx_int_t;
typedef uintptr_t  ngx_uint_t;
typedef uintptr_t  ngx_msec_t;

#define ngx_inline             inline
#define ngx_libc_cdecl

#define NGX_INT64_LEN          (sizeof("-9223372036854775808") - 1)
#define NGX_MAX_SIZE_T_VALUE   SIZE_MAX
#define NGX_MAX_CONF_ERRSTR    1024

#define NGX_OK         0
#define NGX_ERROR     -1
#define NGX_AGAIN     -2
#define NGX_DONE      -4
#define NGX_DECLINED  -5
#define NGX_ABORT     -6


#endif /* _NGX_CONFIG_H_INCLUDED_ */
