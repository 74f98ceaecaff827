
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The runs of agents: a page of them, and one run as a tree. view.c calls the
 * two handlers; runs.c puts the runs together.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <math.h>

#include "view/answer/call.h"
#include "view/answer/work.h"
#include "view/query/ask.h"
#include "view/record/runs.h"


#define NGX_OPENAI_SESSIONS_PAGES  1000000
#define NGX_OPENAI_SESSIONS_SIZE   1000

/* sub-agents of sub-agents */
#define NGX_OPENAI_SESSIONS_DEPTH  8


typedef enum {
    NGX_OPENAI_SORT_START = 0,
    NGX_OPENAI_SORT_END,
    NGX_OPENAI_SORT_DURATION,
    NGX_OPENAI_SORT_TURNS,
    NGX_OPENAI_SORT_INPUT,
    NGX_OPENAI_SORT_OUTPUT,
    NGX_OPENAI_SORT_COST
} ngx_openai_sort_e;


typedef struct {
    ngx_openai_run_t       *run;
    double                  value;      /* NAN: unknown */
} ngx_openai_found_run_t;


typedef struct {
    ngx_openai_call_t      *call;
    ngx_openai_search_t    *search;
    ngx_openai_query_t      query;
    ngx_openai_runs_t      *runs;
    ngx_openai_json_t       json;

    ngx_uint_t              page;
    ngx_uint_t              size;
    ngx_openai_sort_e       sort;
    ngx_uint_t              ascending;

    /* of one run */

    ngx_openai_run_turn_t **turns;
    ngx_uint_t              nturns;
} ngx_openai_sessions_t;


static ngx_openai_sessions_t *ngx_openai_sessions_create(
    ngx_openai_call_t *call);
static ngx_int_t ngx_openai_sessions_start(ngx_openai_sessions_t *s,
    ngx_int_t (*run)(ngx_openai_work_t *work));
static ngx_int_t ngx_openai_sessions_args(ngx_openai_sessions_t *s);
static ngx_int_t ngx_openai_sessions_collect(ngx_openai_work_t *work);
static ngx_int_t ngx_openai_sessions_page(ngx_openai_work_t *work);
static double ngx_openai_sessions_value(const ngx_openai_run_t *run,
    ngx_openai_sort_e sort);
static int ngx_libc_cdecl ngx_openai_sessions_up(const void *one,
    const void *two);
static int ngx_libc_cdecl ngx_openai_sessions_down(const void *one,
    const void *two);
static void ngx_openai_sessions_run(ngx_openai_json_t *json,
    const ngx_openai_run_t *run);
static void ngx_openai_sessions_tools(ngx_openai_json_t *json,
    const ngx_openai_run_t *run);
static ngx_int_t ngx_openai_sessions_tree(ngx_openai_work_t *work);
static ngx_int_t ngx_openai_sessions_list(ngx_openai_sessions_t *s,
    const ngx_openai_run_t *run);
static void ngx_openai_sessions_turns(ngx_openai_sessions_t *s,
    ngx_uint_t role, const char *thread, ngx_uint_t depth);
static void ngx_openai_sessions_agents(ngx_openai_sessions_t *s,
    const char *caller, ngx_uint_t depth);
static ngx_uint_t ngx_openai_sessions_has(ngx_openai_sessions_t *s,
    const char *id);
static void ngx_openai_sessions_turn(ngx_openai_sessions_t *s,
    const ngx_openai_run_turn_t *turn, ngx_uint_t depth);


ngx_int_t
ngx_openai_sessions(ngx_openai_call_t *call)
{
    ngx_openai_sessions_t  *s;

    s = ngx_openai_sessions_create(call);
    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_openai_sessions_args(s) != NGX_OK
        || ngx_openai_ask(call, &s->query) != NGX_OK)
    {
        return call->rc;
    }

    return ngx_openai_sessions_start(s, ngx_openai_sessions_page);
}


ngx_int_t
ngx_openai_session(ngx_openai_call_t *call)
{
    ngx_openai_sessions_t  *s;

    s = ngx_openai_sessions_create(call);
    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_openai_sessions_start(s, ngx_openai_sessions_tree);
}


static ngx_openai_sessions_t *
ngx_openai_sessions_create(ngx_openai_call_t *call)
{
    ngx_openai_sessions_t  *s;

    s = ngx_pcalloc(call->request->pool, sizeof(ngx_openai_sessions_t));

    if (s != NULL) {
        s->call = call;
        s->page = 1;
        s->size = call->conf->page_size;
    }

    return s;
}


static ngx_int_t
ngx_openai_sessions_start(ngx_openai_sessions_t *s,
    ngx_int_t (*run)(ngx_openai_work_t *work))
{
    ngx_pool_t         *pool;
    ngx_openai_work_t  *work;

    pool = s->call->request->pool;

    ngx_openai_zone_reap(s->call->zone);

    s->search = ngx_openai_search_create(pool, s->call->zone,
                                         s->call->conf->body_max, &s->query);

    if (s->search == NULL
        || ngx_openai_search_list(s->search, pool) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    s->runs = ngx_openai_runs_create(pool, s->search);
    work = ngx_openai_work_create(s->call->request);

    if (s->runs == NULL || work == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    work->run = run;
    work->data = s;

    return ngx_openai_work_start(work);
}


static ngx_int_t
ngx_openai_sessions_args(ngx_openai_sessions_t *s)
{
    ngx_int_t   rc;
    ngx_str_t   arg;
    ngx_uint_t  i;

    static const ngx_str_t  sorts[] = {
        ngx_string("started_at"), ngx_string("ended_at"),
        ngx_string("duration"), ngx_string("turns"),
        ngx_string("input_tokens"), ngx_string("output_tokens"),
        ngx_string("cost")
    };

    if (ngx_openai_arg_number(s->call, "page", 1, NGX_OPENAI_SESSIONS_PAGES,
                              &s->page)
        != NGX_OK
        || ngx_openai_arg_number(s->call, "page_size", 1,
                                 NGX_OPENAI_SESSIONS_SIZE, &s->size)
           != NGX_OK)
    {
        return NGX_ABORT;
    }

    rc = ngx_openai_arg(s->call, "sort", &arg);

    if (rc == NGX_DECLINED || (rc == NGX_OK && arg.len == 0)) {
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    s->ascending = 1;

    if (arg.data[0] == '-') {
        s->ascending = 0;
        arg.data++;
        arg.len--;
    }

    for (i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++) {

        if (sorts[i].len == arg.len
            && ngx_strncmp(sorts[i].data, arg.data, arg.len) == 0)
        {
            s->sort = (ngx_openai_sort_e) i;
            return NGX_OK;
        }
    }

    return ngx_openai_refuse(s->call, NGX_HTTP_BAD_REQUEST, "bad_request",
                             "unknown value \"%V\" of \"sort\"", &arg);
}


/* NGX_OK: the runs are there; any other value is what the work returns */

static ngx_int_t
ngx_openai_sessions_collect(ngx_openai_work_t *work)
{
    ngx_int_t               rc;
    ngx_openai_sessions_t  *s;

    s = work->data;

    rc = ngx_openai_runs_collect(s->runs, work->started, work->stop);

    if (rc == NGX_ABORT) {
        return ngx_openai_ask_failed(s->call, &s->query);
    }

    return rc == NGX_ERROR ? NGX_HTTP_INTERNAL_SERVER_ERROR : rc;
}


static ngx_int_t
ngx_openai_sessions_page(ngx_openai_work_t *work)
{
    ngx_int_t                rc;
    ngx_uint_t               i, n, last;
    ngx_openai_run_t        *run;
    ngx_openai_json_t       *json;
    ngx_openai_sessions_t   *s;
    ngx_openai_found_run_t  *found;

    rc = ngx_openai_sessions_collect(work);
    if (rc != NGX_OK) {
        return rc;
    }

    s = work->data;
    json = &s->json;
    run = s->runs->runs.elts;

    found = ngx_palloc(work->request->pool, (s->runs->runs.nelts + 1)
                                            * sizeof(ngx_openai_found_run_t));
    if (found == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0, n = 0; i < s->runs->runs.nelts; i++) {

        /* all records of a run may be evicted since it was found */

        if (run[i].matched && run[i].requests) {
            found[n].run = &run[i];
            found[n++].value = ngx_openai_sessions_value(&run[i], s->sort);
        }
    }

    ngx_qsort(found, n, sizeof(ngx_openai_found_run_t),
              s->ascending ? ngx_openai_sessions_up
                           : ngx_openai_sessions_down);

    i = (s->page - 1) * s->size;
    last = ngx_min(i + s->size, n);

    ngx_openai_json_init(json, work->request->pool);

    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "items");
    ngx_openai_json_open(json, '[');

    for ( /* void */ ; i < last; i++) {
        ngx_openai_json_open(json, '{');
        ngx_openai_sessions_run(json, found[i].run);
        ngx_openai_json_close(json, '}');
    }

    ngx_openai_json_close(json, ']');
    ngx_openai_json_key(json, "total");
    ngx_openai_json_int(json, n);
    ngx_openai_json_key(json, "page");
    ngx_openai_json_int(json, s->page);
    ngx_openai_json_key(json, "page_size");
    ngx_openai_json_int(json, s->size);
    ngx_openai_json_key(json, "pages");
    ngx_openai_json_int(json, (n + s->size - 1) / s->size);
    ngx_openai_json_close(json, '}');

    return ngx_openai_send(work->request, json);
}


static double
ngx_openai_sessions_value(const ngx_openai_run_t *run, ngx_openai_sort_e sort)
{
    double  value;

    switch (sort) {

    case NGX_OPENAI_SORT_END:
        value = (double) run->ended_ms;
        break;

    case NGX_OPENAI_SORT_DURATION:
        value = (double) (run->ended_ms - run->started_ms);
        break;

    case NGX_OPENAI_SORT_TURNS:
        value = (double) run->turns;
        break;

    case NGX_OPENAI_SORT_INPUT:
        value = (double) run->input;
        break;

    case NGX_OPENAI_SORT_OUTPUT:
        value = (double) run->output;
        break;

    case NGX_OPENAI_SORT_COST:
        value = run->cost;
        break;

    default:
        value = (double) run->started_ms;
    }

    return value < 0 ? NAN : value;
}


/* unknown values come last in both orders; of equals the newest comes first */

static int ngx_libc_cdecl
ngx_openai_sessions_up(const void *one, const void *two)
{
    const ngx_openai_found_run_t  *a, *b;

    a = one;
    b = two;

    if (isnan(a->value) != isnan(b->value)) {
        return isnan(a->value) ? 1 : -1;
    }

    if (a->value < b->value) {
        return -1;
    }

    if (a->value > b->value) {
        return 1;
    }

    return ngx_strcmp(b->run->id, a->run->id);
}


static int ngx_libc_cdecl
ngx_openai_sessions_down(const void *one, const void *two)
{
    const ngx_openai_found_run_t  *a, *b;

    a = one;
    b = two;

    if (a->value < b->value) {
        return 1;
    }

    if (a->value > b->value) {
        return -1;
    }

    return ngx_openai_sessions_up(one, two);
}


static void
ngx_openai_sessions_run(ngx_openai_json_t *json, const ngx_openai_run_t *run)
{
    size_t      i;
    ngx_uint_t  n;

    const struct {
        const char  *name;
        int64_t      value;
    } numbers[] = {
        { "requests", run->requests },
        { "turns", run->turns },
        { "agents", run->agents },
        { "utilities", run->utilities },
        { "errors", run->errors },
        { "retries", run->retries },
        { "compactions", run->compactions },
        { "input_tokens", run->input },
        { "cached_tokens", run->cached },
        { "cache_write_tokens", run->written },
        { "output_tokens", run->output },
        { "reasoning_tokens", run->reasoning },
        { "largest_context", run->context },
        { "model_ms", run->model_ms },
        { "tools_ms", run->tools_ms },
        { "idle_ms", run->idle_ms },
        { "unpriced_requests", run->unpriced }
    };

    ngx_openai_json_key(json, "id");
    ngx_openai_json_text(json, run->id);
    ngx_openai_json_key(json, "session");
    ngx_openai_json_text(json, run->session);
    ngx_openai_json_key(json, "title");
    ngx_openai_json_text(json, run->title);
    ngx_openai_json_key(json, "agent");
    ngx_openai_json_text(json, run->agent);
    ngx_openai_json_key(json, "state");
    ngx_openai_json_text(json, run->running ? "running"
                               : ngx_openai_outcome_name(run->outcome));
    ngx_openai_json_key(json, "started_at");
    ngx_openai_json_time(json, run->started_ms);
    ngx_openai_json_key(json, "ended_at");

    if (run->running) {
        ngx_openai_json_null(json);

    } else {
        ngx_openai_json_time(json, run->ended_ms);
    }

    ngx_openai_json_key(json, "models");
    ngx_openai_json_open(json, '[');

    for (n = 0; n < run->nmodels; n++) {
        ngx_openai_json_text(json, run->models[n]);
    }

    ngx_openai_json_close(json, ']');

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        ngx_openai_json_key(json, numbers[i].name);
        ngx_openai_json_count(json, numbers[i].value);
    }

    ngx_openai_json_key(json, "cache_hit_rate");

    if (run->input > 0 && run->cached >= 0) {
        ngx_openai_json_fixed(json, run->cached * 1000 / run->input, 3);

    } else {
        ngx_openai_json_null(json);
    }

    ngx_openai_json_key(json, "cost_usd");
    ngx_openai_json_money(json, run->cost);

    ngx_openai_sessions_tools(json, run);
}


static void
ngx_openai_sessions_tools(ngx_openai_json_t *json, const ngx_openai_run_t *run)
{
    ngx_uint_t  i;

    ngx_openai_json_key(json, "tool_calls");
    ngx_openai_json_int(json, run->calls);
    ngx_openai_json_key(json, "tools");
    ngx_openai_json_open(json, '[');

    for (i = 0; i < run->ntools; i++) {
        ngx_openai_json_open(json, '{');
        ngx_openai_json_key(json, "name");
        ngx_openai_json_text(json, run->tools[i].name);
        ngx_openai_json_key(json, "calls");
        ngx_openai_json_int(json, run->tools[i].calls);
        ngx_openai_json_close(json, '}');
    }

    ngx_openai_json_close(json, ']');
}


static ngx_int_t
ngx_openai_sessions_tree(ngx_openai_work_t *work)
{
    ngx_int_t               rc;
    ngx_openai_run_t       *run;
    ngx_openai_json_t      *json;
    ngx_openai_sessions_t  *s;

    rc = ngx_openai_sessions_collect(work);
    if (rc != NGX_OK) {
        return rc;
    }

    s = work->data;
    json = &s->json;

    run = ngx_openai_runs_find(s->runs, &s->call->id);

    if (run == NULL) {
        (void) ngx_openai_refuse(s->call, NGX_HTTP_NOT_FOUND, "not_found",
                                 "no run \"%V\"", &s->call->id);
        return s->call->rc;
    }

    if (ngx_openai_sessions_list(s, run) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_openai_json_init(json, work->request->pool);

    ngx_openai_json_open(json, '{');
    ngx_openai_sessions_run(json, run);

    ngx_openai_json_key(json, "main");
    ngx_openai_sessions_turns(s, NGX_OPENAI_ROLE_MAIN, NULL, 0);

    /* those whose caller is unknown, or evicted */

    ngx_openai_json_key(json, "others");
    ngx_openai_sessions_agents(s, NULL, 0);

    ngx_openai_json_key(json, "utility");
    ngx_openai_sessions_turns(s, NGX_OPENAI_ROLE_UTILITY, NULL, 0);

    ngx_openai_json_close(json, '}');

    return ngx_openai_send(work->request, json);
}


static ngx_int_t
ngx_openai_sessions_list(ngx_openai_sessions_t *s, const ngx_openai_run_t *run)
{
    ngx_uint_t              i;
    ngx_openai_run_turn_t  *turn;

    s->turns = ngx_palloc(s->call->request->pool,
                          (run->requests + 1) * sizeof(void *));
    if (s->turns == NULL) {
        return NGX_ERROR;
    }

    turn = s->runs->turns.elts;

    for (i = 0; i < s->runs->turns.nelts; i++) {
        if ((ngx_openai_run_t *) s->runs->runs.elts + turn[i].run == run) {
            s->turns[s->nturns++] = &turn[i];
        }
    }

    return NGX_OK;
}


/* all turns of a role, or of one conversation in it */

static void
ngx_openai_sessions_turns(ngx_openai_sessions_t *s, ngx_uint_t role,
    const char *thread, ngx_uint_t depth)
{
    ngx_uint_t              i;
    ngx_openai_run_turn_t  *turn;

    ngx_openai_json_open(&s->json, '[');

    for (i = 0; i < s->nturns; i++) {
        turn = s->turns[i];

        if (turn->thread.role == role
            && (thread == NULL || ngx_strcmp(turn->thread.id, thread) == 0))
        {
            ngx_openai_sessions_turn(s, turn, depth);
        }
    }

    ngx_openai_json_close(&s->json, ']');
}


/* the sub-agents that the caller started; NULL: those that no record did */

static void
ngx_openai_sessions_agents(ngx_openai_sessions_t *s, const char *caller,
    ngx_uint_t depth)
{
    ngx_uint_t              i;
    ngx_openai_json_t      *json;
    ngx_openai_run_turn_t  *turn;

    json = &s->json;

    ngx_openai_json_open(json, '[');

    for (i = 0; i < s->nturns && depth < NGX_OPENAI_SESSIONS_DEPTH; i++) {
        turn = s->turns[i];

        if (turn->thread.role != NGX_OPENAI_ROLE_AGENT
            || ngx_openai_sessions_has(s, turn->thread.parent))
        {
            continue;
        }

        if (caller ? ngx_strcmp(turn->thread.caller, caller) != 0
                   : ngx_openai_sessions_has(s, turn->thread.caller))
        {
            continue;
        }

        ngx_openai_json_open(json, '{');
        ngx_openai_json_key(json, "thread");
        ngx_openai_json_text(json, turn->thread.id);
        ngx_openai_json_key(json, "turns");
        ngx_openai_sessions_turns(s, NGX_OPENAI_ROLE_AGENT, turn->thread.id,
                                  depth + 1);
        ngx_openai_json_close(json, '}');
    }

    ngx_openai_json_close(json, ']');
}


static ngx_uint_t
ngx_openai_sessions_has(ngx_openai_sessions_t *s, const char *id)
{
    ngx_uint_t  i;

    for (i = 0; id[0] && i < s->nturns; i++) {
        if (ngx_strcmp(s->turns[i]->id, id) == 0) {
            return 1;
        }
    }

    return 0;
}


static void
ngx_openai_sessions_turn(ngx_openai_sessions_t *s,
    const ngx_openai_run_turn_t *turn, ngx_uint_t depth)
{
    size_t                      len;
    const char                 *name;
    ngx_openai_json_t          *json;
    const openai_facts_t       *facts;
    const ngx_openai_record_t  *rec;

    json = &s->json;
    rec = &s->search->rec;
    facts = &rec->facts;

    ngx_openai_json_open(json, '{');
    ngx_openai_json_key(json, "id");
    ngx_openai_json_text(json, turn->id);
    ngx_openai_json_key(json, "thread");
    ngx_openai_json_text(json, turn->thread.id);
    ngx_openai_json_key(json, "parent");
    ngx_openai_json_text(json, turn->thread.parent);
    ngx_openai_json_key(json, "change");
    ngx_openai_json_text(json, turn->thread.change);
    ngx_openai_json_key(json, "new_messages");
    ngx_openai_json_int(json, turn->thread.fresh);
    ngx_openai_json_key(json, "started_at");
    ngx_openai_json_time(json, turn->started_ms);
    ngx_openai_json_key(json, "gap_ms");
    ngx_openai_json_count(json, turn->gap_ms);
    ngx_openai_json_key(json, "gap");
    ngx_openai_json_text(json, turn->gap_ms < 0 ? ""
                               : turn->tools ? "tools" : "idle");

    /* the record may have been evicted since it was found */

    if (ngx_openai_read_record(s->call->zone, &turn->ref, &s->search->rec)
        != NGX_OK)
    {
        ngx_openai_record_init(&s->search->rec);
    }

    ngx_openai_json_key(json, "outcome");
    ngx_openai_json_text(json, ngx_openai_outcome_name(rec->outcome));
    ngx_openai_json_key(json, "duration_ms");
    ngx_openai_json_ms(json, rec->duration_us);
    ngx_openai_json_key(json, "model");
    ngx_openai_json_text(json, facts->response_model[0]
                               ? facts->response_model : facts->model);
    ngx_openai_json_key(json, "title");
    ngx_openai_json_text(json, facts->title);
    ngx_openai_json_key(json, "input_tokens");
    ngx_openai_json_count(json, facts->usage.input);
    ngx_openai_json_key(json, "cached_tokens");
    ngx_openai_json_count(json, facts->usage.cached);
    ngx_openai_json_key(json, "output_tokens");
    ngx_openai_json_count(json, facts->usage.output);
    ngx_openai_json_key(json, "cost_usd");
    ngx_openai_json_money(json, rec->partial[0] ? OPENAI_UNKNOWN : rec->cost);

    ngx_openai_json_key(json, "tool_calls");
    ngx_openai_json_open(json, '[');

    for (name = facts->tool_names; *name; name += len, name += (*name == ','))
    {
        len = strcspn(name, ",");
        ngx_openai_json_string(json, name, len);
    }

    ngx_openai_json_close(json, ']');

    ngx_openai_json_key(json, "agents");
    ngx_openai_sessions_agents(s, turn->id, depth);
    ngx_openai_json_close(json, '}');
}
