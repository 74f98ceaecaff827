
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The JSON of records that have ended, as it was sent, so that the next viewer
 * is sent the same bytes. Each worker keeps the latest ones.
 */


#ifndef _NGX_OPENAI_TOLD_H_INCLUDED_
#define _NGX_OPENAI_TOLD_H_INCLUDED_


#include "store/reader.h"


/* NULL when the record was not told, or too long ago; with "known" also
   when it was told without its conversation */
const ngx_str_t *ngx_openai_told(ngx_openai_zone_t *zone,
    const ngx_openai_ref_t *ref, ngx_uint_t known);

/* copies the text; without memory the record counts as not told; "known":
   the text has the conversation, if there is one */
void ngx_openai_tell(ngx_openai_zone_t *zone, const ngx_openai_ref_t *ref,
    const u_char *text, size_t len, ngx_uint_t known);

/* frees the memory when the last viewer has left */
void ngx_openai_told_forget(void);


#endif /* _NGX_OPENAI_TOLD_H_INCLUDED_ */
