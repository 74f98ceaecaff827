
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The cost of an exchange: the tokens of its usage times the rates of its row.
 *
 * capture/exchange.c calls openai_cost() when the exchange ends.  The rules
 * are in docs/prices.md.
 */


#include <string.h>

#include "digest/price/price_inner.h"


/* the rates of one exchange, in USD per million tokens */

typedef struct {
    double             input;
    double             cached;
    double             cache_write;
    double             cache_write_1h;
    double             output;
    double             input_audio;
    double             output_audio;
} openai_rates_t;


static void openai_price_rates(const openai_price_t *price,
    const openai_usage_t *usage, openai_rates_t *rates);
static double openai_price_tier(const openai_price_t *price, double tier,
    double base);
static double openai_price_sum(const openai_usage_t *usage,
    const openai_rates_t *rates);
static double openai_price_part(int64_t n, int64_t *rest, double rate);
static double openai_price_factor(const openai_price_t *price,
    const openai_facts_t *facts);


double
openai_cost(const openai_prices_t *prices, const openai_facts_t *facts,
    const char **row)
{
    openai_rates_t             rates;
    const openai_usage_t      *usage;
    const openai_price_row_t  *r;

    *row = NULL;
    usage = &facts->usage;

    if (usage->cost >= 0) {
        *row = "upstream";
        return usage->cost;
    }

    if (prices == NULL || usage->input < 0) {
        return OPENAI_UNKNOWN;
    }

    /* the cost is unknown when it would be too low: the answer was cut before
       its usage, or there are fees or rates that no row has */

    if ((usage->output < 0 && strcmp(facts->operation, "embeddings") != 0)
        || (facts->flags & (OPENAI_FACT_EARLY|OPENAI_FACT_UNPRICED)))
    {
        return OPENAI_UNKNOWN;
    }

    r = openai_price_find(prices, facts);
    if (r == NULL) {
        return OPENAI_UNKNOWN;
    }

    openai_price_rates(&r->price, usage, &rates);

    if ((usage->input > 0 && rates.input < 0)
        || (usage->output > 0 && rates.output < 0))
    {
        return OPENAI_UNKNOWN;
    }

    *row = r->name;

    return openai_price_sum(usage, &rates)
           * openai_price_factor(&r->price, facts) / 1000000;
}


/* fills in the rates that a row leaves out, see docs/prices.md */

static void
openai_price_rates(const openai_price_t *price, const openai_usage_t *usage,
    openai_rates_t *rates)
{
    rates->input = price->input;
    rates->cached = price->cached;
    rates->cache_write = price->cache_write;
    rates->output = price->output;
    rates->input_audio = price->input_audio;
    rates->output_audio = price->output_audio;

    if (price->tier_above > 0 && usage->input > price->tier_above) {
        rates->input = openai_price_tier(price, price->tier_input,
                                         price->input);
        rates->cached = openai_price_tier(price, price->tier_cached,
                                          price->cached);
        rates->cache_write = openai_price_tier(price, price->tier_cache_write,
                                               price->cache_write);

        if (price->tier_output >= 0) {
            rates->output = price->tier_output;
        }
    }

    /* providers that sell an hour of cache sell it at twice the input */

    rates->cache_write_1h = rates->cache_write < 0 ? rates->input
                                                   : 2 * rates->input;

    if (rates->cached < 0) {
        rates->cached = rates->input;
    }

    if (rates->cache_write < 0) {
        rates->cache_write = rates->input;
    }

    if (rates->input_audio < 0) {
        rates->input_audio = rates->input;
    }

    if (rates->output_audio < 0) {
        rates->output_audio = rates->output;
    }
}


/* a part of the input without a rate in the tier changes as the input does */

static double
openai_price_tier(const openai_price_t *price, double tier, double base)
{
    if (tier >= 0 || base < 0 || price->tier_input < 0 || price->input <= 0) {
        return tier >= 0 ? tier : base;
    }

    return base * price->tier_input / price->input;
}


static double
openai_price_sum(const openai_usage_t *usage, const openai_rates_t *rates)
{
    double   cost;
    int64_t  rest, write;

    rest = usage->input;

    cost = openai_price_part(usage->cached, &rest, rates->cached);

    write = usage->cache_write < rest ? usage->cache_write : rest;

    if (write > 0) {
        rest -= write;
        cost += openai_price_part(usage->cache_write_1h, &write,
                                  rates->cache_write_1h);
        cost += write * rates->cache_write;
    }

    cost += openai_price_part(usage->input_audio, &rest, rates->input_audio);

    if (rest > 0) {
        cost += rest * rates->input;
    }

    rest = usage->output;

    cost += openai_price_part(usage->output_audio, &rest,
                              rates->output_audio);

    if (rest > 0) {
        cost += rest * rates->output;
    }

    return cost;
}


/* a part is at most as large as what is left of the whole */

static double
openai_price_part(int64_t n, int64_t *rest, double rate)
{
    if (n > *rest) {
        n = *rest;
    }

    if (n <= 0) {
        return 0;
    }

    *rest -= n;

    return n * rate;
}


/* the factor of a service tier: that of the row, or else the usual one */

static double
openai_price_factor(const openai_price_t *price, const openai_facts_t *facts)
{
    /* the usual case: "default", or none */

    if (facts->service_tier[0] == 'd' || facts->service_tier[0] == '\0') {
        return 1;
    }

    if (strcmp(facts->service_tier, "batch") == 0) {
        return price->batch >= 0 ? price->batch : 0.5;
    }

    /* Groq's flex changes limits, not the price */

    if (strcmp(facts->service_tier, "flex") == 0
        && strcmp(facts->provider, "groq") != 0)
    {
        return price->flex >= 0 ? price->flex : 0.5;
    }

    /* Anthropic's priority tier is capacity that was paid for in advance */

    if (strcmp(facts->service_tier, "priority") == 0
        && strcmp(facts->provider, "anthropic") != 0)
    {
        return price->priority >= 0 ? price->priority : 2;
    }

    return 1;
}
