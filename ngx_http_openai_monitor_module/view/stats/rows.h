
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Rows of a copy of the statistics whose names read the same: those that differ
 * in bytes that are not UTF-8, and one that is "other" by its own name.  The
 * first of them gets all, so that no name is told twice.
 */


#ifndef _NGX_OPENAI_ROWS_H_INCLUDED_
#define _NGX_OPENAI_ROWS_H_INCLUDED_


#include "store/stats.h"


void ngx_openai_rows_names(ngx_openai_stats_t *stats);
void ngx_openai_rows_series(ngx_openai_stats_t *stats);


#endif /* _NGX_OPENAI_ROWS_H_INCLUDED_ */
