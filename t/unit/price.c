
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 *
 * The promises of docs/prices.md: the name of a model finds its row, the row
 * gives the cost of an exchange, and an unknown cost is never a number.
 */


#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "digest/digest.h"
#include "tap.h"


/* the test frees all blocks at once */

typedef struct block_s  block_t;

struct block_s {
    block_t  *next;
    double    align;
};


static block_t  *blocks;
static int       left = -1;


static void *
take(void *ctx, size_t size)
{
    block_t  *b;

    (void) ctx;

    if (left == 0) {
        return NULL;
    }

    left -= left > 0;

    b = malloc(sizeof(block_t) + size);
    if (b == NULL) {
        abort();
    }

    b->next = blocks;
    blocks = b;

    return b + 1;
}


static const openai_alloc_t  alloc = { take, NULL };


static void
drop(void)
{
    block_t  *b;

    while (blocks) {
        b = blocks;
        blocks = b->next;
        free(b);
    }
}


/* "MODEL name=value ..." */

static int
row(openai_prices_t *prices, const char *text)
{
    char            copy[512], *p, *save;
    openai_price_t  price;

    snprintf(copy, sizeof(copy), "%s", text);

    openai_price_init(&price);

    p = strtok_r(copy, " \t\n", &save);
    if (p == NULL) {
        return OPENAI_ERROR;
    }

    price.model.data = p;
    price.model.len = strlen(p);

    while ((p = strtok_r(NULL, " \t\n", &save)) != NULL) {
        if (openai_price_arg(&price, p, strlen(p)) != OPENAI_OK) {
            return OPENAI_ERROR;
        }
    }

    return openai_prices_add(prices, &price);
}


static openai_facts_t
facts(const char *model, int64_t input, int64_t output)
{
    openai_facts_t  f;

    memset(&f, 0, sizeof(f));

    snprintf(f.response_model, sizeof(f.response_model), "%s", model);

    f.usage.input = input;
    f.usage.output = output;
    f.usage.total = OPENAI_UNKNOWN;
    f.usage.cached = OPENAI_UNKNOWN;
    f.usage.cache_write = OPENAI_UNKNOWN;
    f.usage.cache_write_1h = OPENAI_UNKNOWN;
    f.usage.reasoning = OPENAI_UNKNOWN;
    f.usage.input_audio = OPENAI_UNKNOWN;
    f.usage.output_audio = OPENAI_UNKNOWN;
    f.usage.billed_input = OPENAI_UNKNOWN;
    f.usage.billed_output = OPENAI_UNKNOWN;
    f.usage.cost = OPENAI_UNKNOWN;

    return f;
}


static int
costs(openai_prices_t *prices, const openai_facts_t *f, double usd)
{
    double       cost;
    unsigned     partial;
    const char  *name;

    cost = openai_cost(prices, f, &name, &partial);

    if (usd < 0) {
        return cost < 0 && name == NULL;
    }

    if (name == NULL || fabs(cost - usd) > 1e-12) {
        printf("# %s: %.12f, expected %.12f\n", name ? name : "no row", cost,
               usd);
        return 0;
    }

    return 1;
}


static int
leaves_out(openai_prices_t *prices, const openai_facts_t *f, const char *names)
{
    char         buf[OPENAI_PARTIAL_SIZE];
    unsigned     partial;
    const char  *name;

    (void) openai_cost(prices, f, &name, &partial);
    openai_partial_names(partial, buf);

    if (strcmp(buf, names) != 0) {
        printf("# leaves out \"%s\", expected \"%s\"\n", buf, names);
        return 0;
    }

    return 1;
}


/* fees are those of the row, or else of the provider; Cohere's tokens are not
   those that it bills */

static void
test_fees(openai_prices_t *prices)
{
    openai_facts_t  f;

    (void) row(prices, "fees/openai web_search=10 file_search=2.5");
    (void) row(prices, "searcher input=4 output=20 web_search=25");

    f = facts("plain", 100, 1);
    strcpy(f.provider, "openai");
    f.web_searches = 3;
    f.file_searches = 2;
    f.flags |= OPENAI_FACT_SEARCHED;
    ok(costs(prices, &f, 420 / 1e6 + 0.03 + 0.005)
       && leaves_out(prices, &f, ""),
       "searches cost what the provider's row says");

    strcpy(f.response_model, "searcher");
    strcpy(f.service_tier, "flex");
    ok(costs(prices, &f, 210 / 1e6 + 0.075 + 0.005),
       "or what the model's row says, at any tier");

    strcpy(f.provider, "azure.ai.openai");
    ok(costs(prices, &f, 210 / 1e6 + 0.075)
       && leaves_out(prices, &f, "tool_fees"),
       "a fee that no row has is left out");

    f.web_searches = 0;
    f.file_searches = 0;
    ok(leaves_out(prices, &f, "tool_fees"),
       "so is that of searches that nobody counted");

    f = facts("plain", 209, 26);
    f.usage.billed_input = 9;
    f.usage.billed_output = 24;
    ok(costs(prices, &f, (9 * 4 + 24 * 20) / 1e6), "the billed units are paid");

    f = facts("plain", 100, 1);
    strcpy(f.service_tier, "STANDARD");
    ok(costs(prices, &f, 420 / 1e6) && leaves_out(prices, &f, ""),
       "a plain tier leaves out nothing, however it is written");
}


static const char *
found(openai_prices_t *prices, const char *model)
{
    unsigned         partial;
    const char      *name;
    openai_facts_t   f;

    f = facts(model, 1, 1);

    (void) openai_cost(prices, &f, &name, &partial);

    return name ? name : "none";
}


static void
test_match(void)
{
    size_t            i;
    openai_prices_t  *prices;
    char              name[160];

    static const char  *rows[] = {
        "gpt-4o input=2.5 output=10",
        "gpt-4o-2024-05-13 input=5 output=15",
        "gpt-4* input=30 output=60",
        "openai/gpt-oss-120b input=0.15 output=0.6",
        "gpt-oss-120b input=0.039 output=0.18",
        "claude-sonnet-4-5* input=3 output=15",
        "claude-3-5-haiku* input=1 output=4",
        "claude-opus-5 input=5 output=25",
        "claude-opus-4* input=15 output=75",
        "GLM-4.7 input=0.2 output=1",
        "deepseek-r1* input=0.28 output=0.42",
        "grok-4 input=3 output=15",
        "x:free input=0 output=0",
        "x input=1 output=1",
    };

    static const struct {
        const char  *model;
        const char  *row;
    } cases[] = {
        { "gpt-4o", "gpt-4o" },
        { "GPT-4o", "gpt-4o" },
        { "glm-4.7", "GLM-4.7" },
        { "gpt-4o-2024-05-13", "gpt-4o-2024-05-13" },
        { "gpt-4o-2024-08-06", "gpt-4o" },
        { "gpt-4o-20240806", "gpt-4o" },
        { "gpt-4o-001", "gpt-4o" },
        { "gpt-4o-0011", "gpt-4*" },
        { "gpt-4o-2024-8-06", "gpt-4*" },
        { "gpt-4o-mini", "gpt-4*" },
        { "openai/gpt-4o", "gpt-4o" },
        { "openrouter/openai/gpt-4o-2024-11-20:nitro", "gpt-4o" },
        { "openrouter/openai/gpt-4o-2024-05-13:nitro", "gpt-4o-2024-05-13" },
        { "openai/gpt-oss-120b", "openai/gpt-oss-120b" },
        { "openai/gpt-oss-120b:nitro", "openai/gpt-oss-120b" },
        { "cerebras/gpt-oss-120b", "gpt-oss-120b" },
        { "accounts/fireworks/models/deepseek-r1-0528", "deepseek-r1*" },
        { "models/claude-opus-5", "claude-opus-5" },
        { "claude-opus-5@20261001", "claude-opus-5" },
        { "claude-opus-5-20261001", "claude-opus-5" },
        { "claude-opus-5-2", "none" },
        { "claude-sonnet-4-5-20250929", "claude-sonnet-4-5*" },
        { "claude-sonnet-4-5@20250929", "claude-sonnet-4-5*" },
        { "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
          "claude-sonnet-4-5*" },
        { "anthropic.claude-opus-5-20261001-v1:0", "claude-opus-5" },
        { "claude-3-5-haiku-latest", "claude-3-5-haiku*" },
        { "grok-4-latest", "grok-4" },
        { "grok-4-fast", "none" },
        { "x:free", "x:free" },
        { "x:floor", "x" },
        { "deepseek-r1:70b", "none" },
        { "/models/gpt-4o", "none" },
        { "./gpt-4o", "none" },
        { "ft:gpt-4o-2024-08-06:acme::abc", "none" },
        { "llama-3", "none" },
        { "a/", "none" },
        { "/", "none" },
        { ":", "none" },
        { "@", "none" },
        { "-latest", "none" },
        { "-2024-08-06", "none" },
        { "", "none" },
    };

    prices = openai_prices_create(&alloc);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (row(prices, rows[i]) != OPENAI_OK) {
            ok(0, rows[i]);
        }
    }

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(name, sizeof(name), "\"%s\" finds %s, got %s",
                 cases[i].model, cases[i].row, found(prices, cases[i].model));
        ok(strcmp(found(prices, cases[i].model), cases[i].row) == 0, name);
    }

    ok(row(prices, "* input=9 output=9") == OPENAI_OK
       && strcmp(found(prices, "llama-3"), "*") == 0
       && strcmp(found(prices, "openai/gpt-4o"), "gpt-4o") == 0,
       "a lone * is for the rest");

    drop();
}


/* The promise: Bedrock's "-v1:0" is cut off where a name is left before it.  By
   itself it is a local tag, which no prefix prices. */

static void
test_version(void)
{
    openai_prices_t  *prices;

    prices = openai_prices_create(&alloc);
    (void) row(prices, "x input=1 output=1");
    (void) row(prices, "* input=9 output=9");

    ok(strcmp(found(prices, "x-v1:0"), "x") == 0, "one letter and a version");
    ok(strcmp(found(prices, "-v1:0"), "none") == 0, "a version alone");
    ok(strcmp(found(prices, "v1:0"), "none") == 0, "a version without a dash");

    drop();
}


static void
test_which_model(void)
{
    openai_facts_t    f;
    openai_prices_t  *prices;

    prices = openai_prices_create(&alloc);
    (void) row(prices, "asked input=1 output=1");
    (void) row(prices, "answered input=2 output=2");
    (void) row(prices, "local* input=2 output=2");

    f = facts("answered", 1000000, 0);
    strcpy(f.model, "asked");
    ok(costs(prices, &f, 2), "what answered is billed");

    f = facts("", 1000000, 0);
    strcpy(f.model, "asked");
    ok(costs(prices, &f, 1), "what was asked, when no model answered");

    f = facts("nobody", 1000000, 0);
    strcpy(f.model, "asked");
    ok(costs(prices, &f, -1), "never what was asked when another answered");

    f = facts("local-7", 1000000, 0);
    ok(costs(prices, &f, 2), "a prefix");
    strcpy(f.provider, "ollama");
    ok(costs(prices, &f, -1), "Ollama takes exact rows alone: not a prefix");
    strcpy(f.response_model, "asked");
    ok(costs(prices, &f, 1), "but an exact row");

    drop();
}


static void
test_rates(void)
{
    unsigned          partial;
    const char       *name;
    openai_facts_t    f;
    openai_prices_t  *prices;

    prices = openai_prices_create(&alloc);
    (void) row(prices, "full input=4 cached=0.4 cache_write=5 output=20 "
                       "audio_in=32 audio_out=64");
    (void) row(prices, "plain input=4 output=20");
    (void) row(prices, "embed input=0.1");
    (void) row(prices, "speech output=12");

    f = facts("full", 1000, 100);
    ok(costs(prices, &f, (1000 * 4 + 100 * 20) / 1e6), "input and output");

    f.usage.cached = 600;
    f.usage.cache_write = 300;
    ok(costs(prices, &f, (100 * 4 + 600 * 0.4 + 300 * 5 + 100 * 20) / 1e6),
       "cached and cache-write are parts of input");

    f.usage.cache_write_1h = 200;
    ok(costs(prices, &f, (100 * 4 + 600 * 0.4 + 100 * 5 + 200 * 8 + 100 * 20)
                         / 1e6), "an hour of cache costs twice the input");

    f.usage.reasoning = 50;
    ok(costs(prices, &f, (100 * 4 + 600 * 0.4 + 100 * 5 + 200 * 8 + 100 * 20)
                         / 1e6), "reasoning is inside of output");

    f = facts("full", 1000, 100);
    f.usage.input_audio = 400;
    f.usage.output_audio = 60;
    ok(costs(prices, &f, (600 * 4 + 400 * 32 + 40 * 20 + 60 * 64) / 1e6),
       "audio has rates of its own");

    f.usage.cached = 900;
    ok(costs(prices, &f, (900 * 0.4 + 100 * 32 + 40 * 20 + 60 * 64) / 1e6),
       "cached tokens are cached whatever they are of");

    f = facts("full", 1000, 100);
    f.usage.cached = 5000;
    f.usage.cache_write = 5000;
    f.usage.output_audio = 5000;
    ok(costs(prices, &f, (1000 * 0.4 + 100 * 64) / 1e6),
       "a part is never more than the whole");

    f = facts("plain", 1000, 100);
    f.usage.cached = 600;
    f.usage.cache_write = 300;
    f.usage.cache_write_1h = 300;
    f.usage.input_audio = 50;
    f.usage.output_audio = 50;
    ok(costs(prices, &f, (1000 * 4 + 100 * 20) / 1e6),
       "without its own rate a part costs what the whole does");

    f = facts("plain", 0, 0);
    ok(costs(prices, &f, 0), "no tokens cost nothing");

    f = facts("plain", OPENAI_UNKNOWN, 100);
    ok(costs(prices, &f, -1), "without input tokens the cost is unknown");

    f = facts("plain", 100, OPENAI_UNKNOWN);
    ok(costs(prices, &f, -1), "without output tokens the cost is unknown");

    f = facts("embed", 100, OPENAI_UNKNOWN);
    strcpy(f.operation, "embeddings");
    ok(costs(prices, &f, 100 * 0.1 / 1e6), "embeddings have no output");

    f = facts("plain", 100, 1);
    f.flags |= OPENAI_FACT_USAGE|OPENAI_FACT_EARLY;
    ok(costs(prices, &f, 420 / 1e6) && leaves_out(prices, &f, "cut"),
       "what an answer began with is a part of its cost");

    f = facts("plain", 100, 1);
    f.flags |= OPENAI_FACT_USAGE|OPENAI_FACT_FEES|OPENAI_FACT_IMAGE_OUT
               |OPENAI_FACT_MODIFIER|OPENAI_FACT_ITERATIONS|OPENAI_FACT_EARLY;
    f.web_searches = 1;
    strcpy(f.service_tier, "gold");
    ok(costs(prices, &f, 420 / 1e6)
       && leaves_out(prices, &f, "tool_fees,unknown_modifier,unread_tier,"
                                 "iterations,image_tokens,cut"),
       "a cost names all that it leaves out");

    f.usage.cost = 0.5;
    ok(costs(prices, &f, 0.5) && leaves_out(prices, &f, ""),
       "a cost that the upstream states leaves out nothing");

    test_fees(prices);

    f = facts("embed", 100, 5);
    ok(costs(prices, &f, -1), "output without a rate is unknown");

    f = facts("speech", 100, 5);
    ok(costs(prices, &f, -1), "input without a rate is unknown");

    f = facts("speech", 0, 5);
    ok(costs(prices, &f, 60 / 1e6), "a rate that is not needed may be absent");

    f = facts("nobody", 100, 5);
    ok(costs(prices, &f, -1) && costs(NULL, &f, -1),
       "an unknown model costs an unknown sum");

    f.usage.cost = 0.5;
    ok(costs(prices, &f, 0.5) && costs(NULL, &f, 0.5)
       && openai_cost(NULL, &f, &name, &partial) > 0
       && strcmp(name, "upstream") == 0,
       "the upstream's own cost wins");

    f = facts("full", 1000, 100);
    f.usage.cost = 0;
    ok(costs(prices, &f, 0), "even when it is nothing");

    drop();
}


static void
test_tiers(void)
{
    openai_facts_t    f;
    openai_prices_t  *prices;

    prices = openai_prices_create(&alloc);
    (void) row(prices, "tier input=2 cached=0.2 cache_write=2.5 output=10 "
                       "tier_above=272000 tier_input=4 tier_cached=0.5 "
                       "tier_cache_write=6 tier_output=15");
    (void) row(prices, "short input=2 cached=0.2 cache_write=2.5 output=10 "
                       "tier_above=100 tier_input=6");

    (void) row(prices, "own input=2 output=10 priority=2.5 flex=0.6 batch=0.4");

    f = facts("own", 1000, 100);
    strcpy(f.service_tier, "priority");
    ok(costs(prices, &f, 3000 * 2.5 / 1e6), "a row has its own priority tier");

    strcpy(f.service_tier, "flex");
    ok(costs(prices, &f, 3000 * 0.6 / 1e6), "and its own flex tier");

    strcpy(f.service_tier, "batch");
    ok(costs(prices, &f, 3000 * 0.4 / 1e6), "and its own batch tier");

    f = facts("tier", 272000, 100);
    ok(costs(prices, &f, (272000 * 2.0 + 100 * 10) / 1e6),
       "at the threshold the base rates hold");

    f.usage.input++;
    ok(costs(prices, &f, (272001 * 4.0 + 100 * 15) / 1e6),
       "above it the whole request is in the tier");

    f.usage.cached = 200000;
    f.usage.cache_write = 72000;
    f.usage.cache_write_1h = 2000;
    ok(costs(prices, &f, (1 * 4.0 + 200000 * 0.5 + 70000 * 6.0 + 2000 * 8.0
                          + 100 * 15) / 1e6),
       "its cache rates too");

    f = facts("short", 1000, 10);
    f.usage.cached = 500;
    f.usage.cache_write = 400;
    ok(costs(prices, &f, (100 * 6 + 500 * 0.6 + 400 * 7.5 + 10 * 10) / 1e6),
       "cache rates that the tier leaves out follow its input");

    f = facts("tier", 1000, 100);
    strcpy(f.service_tier, "flex");
    ok(costs(prices, &f, 1500 / 1e6), "flex is half the price");

    strcpy(f.provider, "groq");
    ok(costs(prices, &f, 3000 / 1e6), "but with Groq, where it is a limit");
    f.provider[0] = '\0';
    strcpy(f.service_tier, "batch");
    ok(costs(prices, &f, 1500 / 1e6), "batch is half the price");
    strcpy(f.service_tier, "priority");
    ok(costs(prices, &f, 6000 / 1e6), "priority is twice the price");
    strcpy(f.provider, "anthropic");
    ok(costs(prices, &f, 3000 / 1e6), "but not with Anthropic");
    strcpy(f.service_tier, "default");
    ok(costs(prices, &f, 3000 / 1e6), "default is the list price");

    drop();
}


static void
test_args(void)
{
    size_t            i;
    openai_price_t    price;
    openai_prices_t  *prices;

    static const char  *bad[] = {
        "", "=", "input", "input=", "=1", "input=-1", "input=+1", "input=1e3",
        "input=1,5", "input=1.2.3", "input=.", "input= 1", "inputs=1",
        "Input=1", "input=1 ", "input=nan", "input=0x1", "tier_above=0",
        "tier_above=1.5", "tier_above=-3", "tier=1",
        "input=1234567890123456",
    };

    static const char  *rows[] = {
        "m", "m cached=1", "m input=1 tier_input=2", "m input=1 tier_above=5",
        "m input=1 input=2", "m input=1 tier_above=5 tier_above=6",
        "m input=1 tier_above=5 tier_cached=1",
    };

    openai_price_init(&price);
    ok(price.input < 0 && price.cached < 0 && price.cache_write < 0
       && price.output < 0 && price.input_audio < 0 && price.output_audio < 0
       && price.tier_above == 0 && price.tier_input < 0
       && price.tier_cached < 0 && price.tier_cache_write < 0
       && price.tier_output < 0, "a fresh row knows nothing");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(openai_price_arg(&price, bad[i], strlen(bad[i])) == OPENAI_ERROR,
           bad[i]);
    }

    ok(openai_price_arg(&price, "input=0.0375xyz", 12) == OPENAI_OK
       && price.input == 0.0375, "0.0375");
    ok(openai_price_arg(&price, "output=.5", 9) == OPENAI_OK
       && price.output == 0.5, ".5");
    ok(openai_price_arg(&price, "cached=0", 8) == OPENAI_OK
       && price.cached == 0, "0");
    ok(openai_price_arg(&price, "tier_above=271999", 17) == OPENAI_OK
       && price.tier_above == 271999, "271999");

    prices = openai_prices_create(&alloc);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ok(row(prices, rows[i]) == OPENAI_ERROR, rows[i]);
    }

    drop();
}


static void
test_table(void)
{
    int               good;
    char              name[200];
    unsigned          i;
    openai_facts_t    f;
    openai_prices_t  *prices;

    prices = openai_prices_create(&alloc);
    good = 1;

    for (i = 0; i < 3000; i++) {
        snprintf(name, sizeof(name), "m-%u%s input=%u output=1", i,
                 i % 3 ? "" : "*", i);
        good &= row(prices, name) == OPENAI_OK;
    }

    for (i = 0; i < 3000; i++) {
        snprintf(name, sizeof(name), "m-%u", i);
        f = facts(name, 1000000, 0);
        good &= costs(prices, &f, i);
    }

    ok(good, "3000 rows are found");

    (void) row(prices, "M-7 input=70 output=1");
    f = facts("m-7", 1000000, 0);
    ok(costs(prices, &f, 70), "a later row of the same name replaces it");
    drop();

    memset(name, 'm', sizeof(name));
    name[198] = '\0';
    prices = openai_prices_create(&alloc);
    strcpy(name + 180, " input=1");
    ok(row(prices, name) == OPENAI_ERROR, "a name that is too long");
    f = facts(name, 1, 1);
    ok(costs(prices, &f, -1), "a model that is too long");

    left = 0;
    ok(row(prices, "a input=1") == OPENAI_ERROR
       && openai_prices_create(&alloc) == NULL, "memory is short");
    left = 1;
    ok(openai_prices_create(&alloc) == NULL, "memory is short a bit later");
    left = -1;

    drop();
}


/* reads directives as nginx does: words up to ";" */

static unsigned
load(openai_prices_t *prices, FILE *file)
{
    int       comment, ch;
    char      text[512];
    size_t    len;
    unsigned  n;

    n = 0;
    len = 0;
    comment = 0;

    while ((ch = fgetc(file)) != EOF) {
        comment = ch == '#' ? 1 : ch == '\n' ? 0 : comment;

        if (comment) {
            continue;
        }

        if (ch != ';') {
            if (len < sizeof(text) - 1 && (len || (ch != ' ' && ch != '\n'))) {
                text[len++] = ch;
            }

            continue;
        }

        text[len] = '\0';
        len = 0;

        if (strncmp(text, "openai_monitor_price ", 21) != 0
            || row(prices, text + 21) != OPENAI_OK)
        {
            printf("# %s\n", text);
            return 0;
        }

        n++;
    }

    return len ? 0 : n;
}


static FILE *
open_one(const char *a, const char *b)
{
    FILE  *file;

    file = fopen(a, "r");

    return file ? file : fopen(b, "r");
}


/* a table of names and of what 1000 input tokens cost; from two directories */

static void
test_facts(openai_prices_t *prices, const char *unit, const char *top,
    unsigned names)
{
    int              good;
    char             line[4096], *p, *field[20], *name, *save;
    FILE            *file;
    unsigned         i, n;
    openai_facts_t   f;

    file = open_one(unit, top);
    if (file == NULL) {
        return;
    }

    good = 1;
    n = 0;

    while (fgets(line, sizeof(line), file)) {
        p = line;

        for (i = 0; i < 20; i++) {
            field[i] = strsep(&p, "\t");
        }

        if (field[9] == NULL || atof(field[5]) <= 0) {
            continue;
        }

        /* the model, and each of its aliases */

        for (name = field[1]; name; name = strtok_r(NULL, ",", &save)) {
            f = facts(name, 1000, 0);
            good &= costs(prices, &f, atof(field[5]) / 1000);
            n++;

            if (name == field[1]) {
                name = strtok_r(field[2], ",", &save);
                if (name == NULL) {
                    break;
                }

                f = facts(name, 1000, 0);
                good &= costs(prices, &f, atof(field[5]) / 1000);
            }
        }
    }

    fclose(file);

    printf("# %u names\n", n);
    okf(good && n >= names, "%u names of %s have their price", n, top);
}


static void
test_shipped(void)
{
    FILE             *file;
    clock_t           start;
    unsigned          i, n;
    unsigned          partial;
    const char       *name;
    openai_facts_t    f;
    openai_prices_t  *prices;

    file = open_one("../../conf/openai_prices.conf",
                    "conf/openai_prices.conf");
    prices = openai_prices_create(&alloc);
    n = file ? load(prices, file) : 0;

    ok(n > 250, "every row of conf/openai_prices.conf is good");

    f = facts("gpt-4o-2024-08-06", 1000, 100);
    f.usage.cached = 400;
    ok(costs(prices, &f, (600 * 2.5 + 400 * 1.25 + 100 * 10) / 1e6),
       "gpt-4o");

    f = facts("claude-sonnet-4-5-20250929", 250000, 100);
    ok(costs(prices, &f, (250000 * 6.0 + 100 * 22.5) / 1e6),
       "claude-sonnet-4-5 with a long context");

    f = facts("gemini-2.5-pro-preview-tts", 1000, 100);
    ok(costs(prices, &f, (1000 * 1.0 + 100 * 20) / 1e6),
       "gemini-2.5-pro-preview-tts is not gemini-2.5-pro");

    f = facts("gpt-77", 1000, 100);
    ok(costs(prices, &f, -1), "gpt-77 is not known");

    n = tap_results;
    test_facts(prices, "../recordings/prices.tsv", "t/recordings/prices.tsv",
               22);
    ok(tap_results > n, "the repository has a table of prices");

    test_facts(prices, "../../../shared/facts/prices.tsv",
               "../shared/facts/prices.tsv", 301);

    start = clock();
    f = facts("accounts/some/models/name-that-is-quite-long-and-unknown-"
              "2024-08-06:nitro", 1000, 100);

    for (i = 0; i < 10000; i++) {
        (void) openai_cost(prices, &f, &name, &partial);
    }

    n = (unsigned) ((clock() - start) * 1000000 / CLOCKS_PER_SEC / 10);
    printf("# %u ns for a model that is not known\n", n);
    ok(n < 100000, "a price is found fast");

    if (file) {
        fclose(file);
    }

    drop();
}


int
main(void)
{
    test_match();
    test_version();
    test_which_model();
    test_rates();
    test_tiers();
    test_args();
    test_table();
    test_shipped();

    return done_testing();
}
