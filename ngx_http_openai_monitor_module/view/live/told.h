
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * What has been told of a record that has ended, as text: the next viewer is
 * told the same.  This worker's, for the latest of them only.
 */


#ifndef _NGX_OPENAI_TOLD_H_INCLUDED_
#define _NGX_OPENAI_TOLD_H_INCLUDED_


#include "store/reader.h"


/* NULL when it has not been told, or too long ago; "known": nor without its
   conversation */
const ngx_str_t *ngx_openai_told(ngx_openai_zone_t *zone,
    const ngx_openai_ref_t *ref, ngx_uint_t known);

/* copies the text; when memory is short it has not been told; "known": its
   conversation is in it, if it has one */
void ngx_openai_tell(ngx_openai_zone_t *zone, const ngx_openai_ref_t *ref,
    const u_char *text, size_t len, ngx_uint_t known);

/* nobody listens any more */
void ngx_openai_told_forget(void);


#endif /* _NGX_OPENAI_TOLD_H_INCLUDED_ */
