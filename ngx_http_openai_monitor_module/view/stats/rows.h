
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Merges rows of a copy of the statistics whose names read the same: names that
 * differ only in invalid UTF-8, and a name that is "other" by itself. The first
 * row gets the sums of all, so no name is written twice.
 */


#ifndef _NGX_OPENAI_ROWS_H_INCLUDED_
#define _NGX_OPENAI_ROWS_H_INCLUDED_


#include "store/stats.h"


void ngx_openai_rows_names(ngx_openai_stats_t *stats);
void ngx_openai_rows_series(ngx_openai_stats_t *stats);


#endif /* _NGX_OPENAI_ROWS_H_INCLUDED_ */
