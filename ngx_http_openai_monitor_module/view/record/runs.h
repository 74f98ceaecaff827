
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The runs of a zone, put together from its records when somebody asks:
 * sessions.c writes them.
 */


#ifndef _NGX_OPENAI_RUNS_H_INCLUDED_
#define _NGX_OPENAI_RUNS_H_INCLUDED_


#include "view/query/search.h"


#define NGX_OPENAI_RUNS_MODELS  4
#define NGX_OPENAI_RUNS_TOOLS   16


/* one record of a run; the id comes first, because the index reads it */

typedef struct {
    char                  id[NGX_OPENAI_ID_LEN + 1];
    ngx_openai_ref_t      ref;
    ngx_openai_thread_t   thread;
    ngx_uint_t            run;          /* its place in the array of runs */
    uint64_t              started_ms;
    uint64_t              ended_ms;     /* 0: it runs */
    unsigned              calls:1;      /* its answer calls tools */
    unsigned              tools:1;      /* the gap before it is the tools' */
    int64_t               gap_ms;       /* since its parent ended; -1: none */
} ngx_openai_run_turn_t;


typedef struct {
    char                  name[48];
    ngx_uint_t            calls;
} ngx_openai_run_tool_t;


typedef struct {
    char                  id[NGX_OPENAI_ID_LEN + 1];
    char                  session[80];
    char                  agent[24];
    char                  title[OPENAI_TITLE_SIZE];
    char                  models[NGX_OPENAI_RUNS_MODELS][96];
    ngx_uint_t            nmodels;
    ngx_openai_run_tool_t tools[NGX_OPENAI_RUNS_TOOLS];
    ngx_uint_t            ntools;

    ngx_uint_t            matched;
    ngx_uint_t            running;      /* records */
    ngx_uint_t            outcome;      /* of the last record of the agent */
    uint64_t              started_ms;
    uint64_t              ended_ms;

    ngx_uint_t            requests;
    ngx_uint_t            turns;        /* of the agent itself */
    ngx_uint_t            agents;       /* conversations of sub-agents */
    ngx_uint_t            utilities;
    ngx_uint_t            errors;
    ngx_uint_t            retries;
    ngx_uint_t            compactions;
    ngx_uint_t            calls;
    ngx_uint_t            unpriced;     /* used tokens, cost unknown */

    /* sums; -1: no record has it */

    int64_t               input;
    int64_t               cached;
    int64_t               written;
    int64_t               output;
    int64_t               reasoning;
    int64_t               context;      /* the largest input */
    double                cost;

    int64_t               model_ms;     /* of the agent's own turns */
    int64_t               tools_ms;
    int64_t               idle_ms;
} ngx_openai_run_t;


typedef struct {
    ngx_openai_search_t  *search;
    ngx_pool_t           *pool;
    uint32_t             *index[2];     /* of turns and of runs, by id */
    ngx_uint_t            mask;
    ngx_array_t           turns;        /* in the order of their start */
    ngx_array_t           runs;
    ngx_uint_t            left;         /* records to add */
    ngx_uint_t            found;        /* the query was tried */
    ngx_uint_t            known;        /* conversations are */
} ngx_openai_runs_t;


/* without turns; NULL: no memory. The search lists the records already */
ngx_openai_runs_t *ngx_openai_runs_create(ngx_pool_t *pool,
    ngx_openai_search_t *search);

/* NGX_OK; NGX_AGAIN: "stop" was reached; NGX_ABORT: the query cannot be
   answered; NGX_ERROR: no memory. Times are of ngx_openai_clock_us() */
ngx_int_t ngx_openai_runs_collect(ngx_openai_runs_t *runs, uint64_t since,
    uint64_t stop);

/* the run, or the run that has this record or session; NULL: there is none */
ngx_openai_run_t *ngx_openai_runs_find(ngx_openai_runs_t *runs,
    ngx_str_t *id);


#endif /* _NGX_OPENAI_RUNS_H_INCLUDED_ */
