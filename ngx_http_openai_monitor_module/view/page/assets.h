
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#ifndef _NGX_OPENAI_ASSETS_H_INCLUDED_
#define _NGX_OPENAI_ASSETS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * The files of the page, which html/embed.sh embeds at configure time. Only the
 * gzip form is embedded; a client that does not accept gzip gets it inflated to
 * plain_len bytes.
 */

typedef struct {
    ngx_str_t   path;       /* relative to the view: "index.html" */
    ngx_str_t   type;       /* the Content-Type with its charset */
    ngx_str_t   etag;       /* a weak one, because it stands for both forms */
    ngx_str_t   gzip;
    size_t      plain_len;
} ngx_openai_asset_t;


/* sorted by path, in the order of strcmp() */
extern const ngx_openai_asset_t  ngx_openai_assets[];
extern const ngx_uint_t          ngx_openai_assets_n;


#endif /* _NGX_OPENAI_ASSETS_H_INCLUDED_ */
