
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Puts runs together from the records of a zone: see runs.h.
 *
 * Records are added in the order of their start, so a parent is there before
 * the records that continue it. Nothing is kept between two calls of the API.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "view/answer/clock.h"
#include "view/record/runs.h"


#define NGX_OPENAI_RUNS_TURNS  0        /* of index[] */
#define NGX_OPENAI_RUNS_RUNS   1


static ngx_int_t ngx_openai_runs_match(ngx_openai_runs_t *runs,
    uint64_t stop);
static ngx_int_t ngx_openai_runs_add(ngx_openai_runs_t *runs,
    const ngx_openai_ref_t *ref);
static void ngx_openai_runs_turn(ngx_openai_runs_t *runs,
    ngx_openai_run_turn_t *turn, const ngx_openai_record_t *rec);
static void ngx_openai_runs_time(ngx_openai_runs_t *runs,
    ngx_openai_run_t *run, ngx_openai_run_turn_t *turn);
static void ngx_openai_runs_name(ngx_openai_run_t *run,
    const ngx_openai_run_turn_t *turn, const ngx_openai_record_t *rec);
static void ngx_openai_runs_usage(ngx_openai_run_t *run,
    const ngx_openai_record_t *rec);
static void ngx_openai_runs_sum(ngx_openai_run_t *run,
    const ngx_openai_record_t *rec);
static void ngx_openai_runs_count(int64_t *sum, int64_t n);
static void ngx_openai_runs_tools(ngx_openai_run_t *run, const char *names);
static ngx_openai_run_t *ngx_openai_runs_get(ngx_openai_runs_t *runs,
    const char *id);
static uint32_t *ngx_openai_runs_slot(ngx_openai_runs_t *runs,
    ngx_uint_t which, const char *id);


ngx_openai_runs_t *
ngx_openai_runs_create(ngx_pool_t *pool, ngx_openai_search_t *search)
{
    ngx_uint_t          i, n;
    ngx_openai_runs_t  *runs;

    runs = ngx_pcalloc(pool, sizeof(ngx_openai_runs_t));
    if (runs == NULL) {
        return NULL;
    }

    runs->pool = pool;
    runs->search = search;
    runs->left = search->nrefs;

    for (n = 16; n < 2 * search->nrefs; n *= 2) { /* void */ }

    runs->mask = n - 1;

    for (i = 0; i < 2; i++) {
        runs->index[i] = ngx_pcalloc(pool, n * sizeof(uint32_t));
        if (runs->index[i] == NULL) {
            return NULL;
        }
    }

    if (ngx_array_init(&runs->turns, pool, 64, sizeof(ngx_openai_run_turn_t))
        != NGX_OK
        || ngx_array_init(&runs->runs, pool, 16, sizeof(ngx_openai_run_t))
           != NGX_OK)
    {
        return NULL;
    }

    return runs;
}


ngx_int_t
ngx_openai_runs_collect(ngx_openai_runs_t *runs, uint64_t since, uint64_t stop)
{
    ngx_int_t             rc;
    ngx_openai_search_t  *search;

    search = runs->search;

    if (!runs->known) {
        rc = ngx_openai_threads_update(search->threads, since, stop);
        if (rc != NGX_OK) {
            return rc;
        }

        runs->known = 1;
    }

    if (!runs->found) {
        rc = search->query->root ? ngx_openai_runs_match(runs, stop) : NGX_DONE;
        if (rc != NGX_DONE) {
            return rc;
        }

        runs->found = 1;
    }

    while (runs->left) {

        /* the search has the newest first */

        if (ngx_openai_runs_add(runs, &search->refs[--runs->left]) != NGX_OK) {
            return NGX_ERROR;
        }

        if (ngx_openai_clock_us() >= stop && runs->left) {
            return NGX_AGAIN;
        }
    }

    return NGX_OK;
}


/* a run matches when one of its records does */

static ngx_int_t
ngx_openai_runs_match(ngx_openai_runs_t *runs, uint64_t stop)
{
    ngx_int_t                   rc;
    ngx_openai_run_t           *run;
    ngx_openai_search_t        *search;
    const ngx_openai_thread_t  *thread;

    search = runs->search;

    for ( ;; ) {
        rc = ngx_openai_search_next(search, stop);

        if (rc != NGX_OK) {
            return rc;
        }

        thread = ngx_openai_threads_get(search->threads, search->ref.seq);

        if (thread == NULL) {
            continue;
        }

        run = ngx_openai_runs_get(runs, thread->run);
        if (run == NULL) {
            return NGX_ERROR;
        }

        run->matched = 1;
    }
}


static ngx_int_t
ngx_openai_runs_add(ngx_openai_runs_t *runs, const ngx_openai_ref_t *ref)
{
    ngx_openai_record_t        *rec;
    ngx_openai_search_t        *search;
    ngx_openai_run_turn_t      *turn;
    const ngx_openai_thread_t  *thread;

    search = runs->search;
    rec = &search->rec;

    thread = ngx_openai_threads_get(search->threads, ref->seq);

    /* not a conversation, or evicted meanwhile */

    if (thread == NULL
        || ngx_openai_read_record(search->zone, ref, rec) != NGX_OK)
    {
        return NGX_OK;
    }

    turn = ngx_array_push(&runs->turns);
    if (turn == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(turn, sizeof(ngx_openai_run_turn_t));
    ngx_memcpy(turn->id, rec->id, sizeof(turn->id));

    turn->ref = *ref;
    turn->thread = *thread;

    if (ngx_openai_runs_get(runs, thread->run) == NULL) {
        return NGX_ERROR;
    }

    ngx_openai_runs_turn(runs, turn, rec);

    *ngx_openai_runs_slot(runs, NGX_OPENAI_RUNS_TURNS, turn->id) =
                                                (uint32_t) runs->turns.nelts;

    return NGX_OK;
}


static void
ngx_openai_runs_turn(ngx_openai_runs_t *runs, ngx_openai_run_turn_t *turn,
    const ngx_openai_record_t *rec)
{
    ngx_openai_run_t  *run;

    turn->run = *ngx_openai_runs_slot(runs, NGX_OPENAI_RUNS_RUNS,
                                      turn->thread.run) - 1;
    run = (ngx_openai_run_t *) runs->runs.elts + turn->run;

    turn->started_ms = rec->started_ms;
    turn->calls = (rec->facts.tool_calls != 0);
    turn->gap_ms = -1;

    if (rec->outcome == NGX_OPENAI_RUNNING) {
        run->running++;

    } else {
        turn->ended_ms = rec->started_ms
                         + (uint64_t) ngx_max(rec->duration_us, 0) / 1000;
    }

    if (run->requests++ == 0) {
        run->started_ms = rec->started_ms;
    }

    run->ended_ms = ngx_max(run->ended_ms, ngx_max(turn->ended_ms,
                                                   turn->started_ms));

    run->errors += (rec->outcome == NGX_OPENAI_UPSTREAM_ERROR
                    || rec->outcome == NGX_OPENAI_TRUNCATED
                    || rec->outcome == NGX_OPENAI_REJECTED
                    || rec->outcome == NGX_OPENAI_TIMEOUT
                    || rec->outcome == NGX_OPENAI_WORKER_DIED);

    run->retries += (rec->facts.retry > 0
                     || ngx_strcmp(turn->thread.change, "identical") == 0);
    run->compactions += (ngx_strcmp(turn->thread.change, "compacted") == 0);

    switch (turn->thread.role) {

    case NGX_OPENAI_ROLE_MAIN:
        run->turns++;
        run->outcome = rec->outcome;
        break;

    case NGX_OPENAI_ROLE_AGENT:
        run->agents += (turn->thread.parent[0] == '\0');
        break;

    default:
        run->utilities++;
    }

    ngx_openai_runs_name(run, turn, rec);
    ngx_openai_runs_time(runs, run, turn);
    ngx_openai_runs_sum(run, rec);
}


/* the gap before a turn is the tools' when the answer before it calls some */

static void
ngx_openai_runs_time(ngx_openai_runs_t *runs, ngx_openai_run_t *run,
    ngx_openai_run_turn_t *turn)
{
    uint32_t                n;
    ngx_openai_run_turn_t  *parent;

    n = turn->thread.parent[0]
        ? *ngx_openai_runs_slot(runs, NGX_OPENAI_RUNS_TURNS,
                                turn->thread.parent)
        : 0;

    if (n) {
        parent = (ngx_openai_run_turn_t *) runs->turns.elts + n - 1;

        if (parent->ended_ms && parent->ended_ms <= turn->started_ms) {
            turn->gap_ms = (int64_t) (turn->started_ms - parent->ended_ms);
            turn->tools = parent->calls;
        }
    }

    if (turn->thread.role != NGX_OPENAI_ROLE_MAIN) {
        return;
    }

    if (turn->ended_ms) {
        run->model_ms += (int64_t) (turn->ended_ms - turn->started_ms);
    }

    if (turn->gap_ms > 0) {

        if (turn->tools) {
            run->tools_ms += turn->gap_ms;

        } else {
            run->idle_ms += turn->gap_ms;
        }
    }
}


/* the first turn of the agent names the run; until then, any record does */

static void
ngx_openai_runs_name(ngx_openai_run_t *run, const ngx_openai_run_turn_t *turn,
    const ngx_openai_record_t *rec)
{
    ngx_uint_t             i, first;
    const char            *model;
    const openai_facts_t  *facts;

    facts = &rec->facts;

    first = (turn->thread.role == NGX_OPENAI_ROLE_MAIN && run->turns == 1);

    if (facts->title[0] && (first || run->title[0] == '\0')) {
        ngx_memcpy(run->title, facts->title, sizeof(run->title));
    }

    if (facts->agent[0] && (first || run->agent[0] == '\0')) {
        ngx_memcpy(run->agent, facts->agent, sizeof(run->agent));
    }

    if (facts->session[0] && (first || run->session[0] == '\0')) {
        ngx_memcpy(run->session, facts->session, sizeof(run->session));
    }

    model = facts->response_model[0] ? facts->response_model : facts->model;

    for (i = 0; i < run->nmodels; i++) {
        if (ngx_strcmp(run->models[i], model) == 0) {
            return;
        }
    }

    if (model[0] && run->nmodels < NGX_OPENAI_RUNS_MODELS) {
        ngx_memcpy(run->models[run->nmodels++], model, sizeof(facts->model));
    }
}


static void
ngx_openai_runs_usage(ngx_openai_run_t *run, const ngx_openai_record_t *rec)
{
    const openai_usage_t  *usage;

    usage = &rec->facts.usage;

    if (rec->facts.flags & OPENAI_FACT_USAGE) {
        ngx_openai_runs_count(&run->input, usage->input);
        ngx_openai_runs_count(&run->cached, usage->cached);
        ngx_openai_runs_count(&run->written, usage->cache_write);
        ngx_openai_runs_count(&run->output, usage->output);
        ngx_openai_runs_count(&run->reasoning, usage->reasoning);

        run->context = ngx_max(run->context, usage->input);
    }

    if (rec->cost >= 0) {
        run->cost = ngx_max(run->cost, 0) + rec->cost;
        run->unpriced += (rec->partial[0] != '\0');

    } else if (rec->facts.flags & OPENAI_FACT_USAGE) {
        run->unpriced++;
    }
}


static void
ngx_openai_runs_sum(ngx_openai_run_t *run, const ngx_openai_record_t *rec)
{
    /* an answer that was paid before counts no second time */

    if (ngx_openai_record_counts(rec)) {
        ngx_openai_runs_usage(run, rec);
    }

    run->calls += rec->facts.tool_calls;

    ngx_openai_runs_tools(run, rec->facts.tool_names);
}


static void
ngx_openai_runs_count(int64_t *sum, int64_t n)
{
    if (n >= 0) {
        *sum = ngx_max(*sum, 0) + n;
    }
}


static void
ngx_openai_runs_tools(ngx_openai_run_t *run, const char *names)
{
    size_t      len;
    ngx_uint_t  i;

    for ( /* void */ ; *names; names += len, names += (*names == ',')) {
        len = strcspn(names, ",");

        for (i = 0; i < run->ntools; i++) {

            if (ngx_strlen(run->tools[i].name)
                == ngx_min(len, sizeof(run->tools[i].name) - 1)
                && ngx_strncmp(run->tools[i].name, names,
                               ngx_min(len, sizeof(run->tools[i].name) - 1))
                   == 0)
            {
                break;
            }
        }

        if (i == NGX_OPENAI_RUNS_TOOLS) {
            continue;
        }

        if (i == run->ntools) {
            ngx_openai_copy(run->tools[i].name, sizeof(run->tools[i].name),
                            names, len);
            run->ntools++;
        }

        run->tools[i].calls++;
    }
}


/* makes the run when it is new; NULL: no memory */

static ngx_openai_run_t *
ngx_openai_runs_get(ngx_openai_runs_t *runs, const char *id)
{
    uint32_t          *slot;
    ngx_openai_run_t  *run;

    slot = ngx_openai_runs_slot(runs, NGX_OPENAI_RUNS_RUNS, id);

    if (*slot) {
        return (ngx_openai_run_t *) runs->runs.elts + *slot - 1;
    }

    run = ngx_array_push(&runs->runs);
    if (run == NULL) {
        return NULL;
    }

    ngx_memzero(run, sizeof(ngx_openai_run_t));
    ngx_memcpy(run->id, id, sizeof(run->id));

    run->input = -1;
    run->cached = -1;
    run->written = -1;
    run->output = -1;
    run->reasoning = -1;
    run->context = -1;
    run->cost = -1;
    run->matched = (runs->search->query->root == NULL);

    *slot = (uint32_t) runs->runs.nelts;

    return run;
}


/* where the number of a turn or a run is, or belongs; there are twice as many
   slots as records, so the search ends */

static uint32_t *
ngx_openai_runs_slot(ngx_openai_runs_t *runs, ngx_uint_t which, const char *id)
{
    u_char       *elts;
    size_t        size;
    uint32_t     *slot;
    ngx_uint_t    i;
    ngx_array_t  *array;

    array = (which == NGX_OPENAI_RUNS_TURNS) ? &runs->turns : &runs->runs;
    elts = array->elts;
    size = array->size;

    i = ngx_hash_key((u_char *) id, NGX_OPENAI_ID_LEN);

    for ( ;; ) {
        slot = &runs->index[which][i++ & runs->mask];

        if (*slot == 0
            || ngx_memcmp(elts + (*slot - 1) * size, id, NGX_OPENAI_ID_LEN)
               == 0)
        {
            return slot;
        }
    }
}


ngx_openai_run_t *
ngx_openai_runs_find(ngx_openai_runs_t *runs, ngx_str_t *id)
{
    char                    key[NGX_OPENAI_ID_LEN + 1];
    uint32_t                n;
    ngx_uint_t              i;
    ngx_openai_run_t       *run;
    ngx_openai_run_turn_t  *turn;

    run = runs->runs.elts;
    turn = runs->turns.elts;

    if (id->len == NGX_OPENAI_ID_LEN) {
        ngx_openai_copy(key, sizeof(key), id->data, id->len);

        n = *ngx_openai_runs_slot(runs, NGX_OPENAI_RUNS_RUNS, key);
        if (n && run[n - 1].requests) {
            return &run[n - 1];
        }

        n = *ngx_openai_runs_slot(runs, NGX_OPENAI_RUNS_TURNS, key);
        if (n) {
            return &run[turn[n - 1].run];
        }
    }

    for (i = runs->runs.nelts; i; i--) {

        if (run[i - 1].requests && ngx_strlen(run[i - 1].session) == id->len
            && ngx_strncmp(run[i - 1].session, id->data, id->len) == 0)
        {
            return &run[i - 1];
        }
    }

    return NULL;
}
