
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
#include <strings.h>

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
    const openai_facts_t *facts, unsigned *partial);
static double openai_price_fees(const openai_prices_t *prices,
    const openai_price_t *price, const openai_facts_t *facts,
    unsigned *partial);
static double openai_price_fee(double own, double usual, uint32_t calls,
    unsigned *partial);
static void openai_price_billed(openai_usage_t *usage);


/* facts that make a cost partial, and the names of the reasons */

static const struct {
    uint32_t     fact;
    unsigned     partial;
    const char  *name;
} openai_partials[] = {
    { OPENAI_FACT_FEES, OPENAI_PARTIAL_FEES, "tool_fees" },
    { OPENAI_FACT_MODIFIER, OPENAI_PARTIAL_MODIFIER, "unknown_modifier" },
    { 0, OPENAI_PARTIAL_TIER, "unread_tier" },
    { OPENAI_FACT_ITERATIONS, OPENAI_PARTIAL_ITERATIONS, "iterations" },
    { OPENAI_FACT_IMAGE_OUT, OPENAI_PARTIAL_IMAGE, "image_tokens" },
    { OPENAI_FACT_EARLY, OPENAI_PARTIAL_CUT, "cut" }
};

#define OPENAI_PARTIALS  (sizeof(openai_partials) / sizeof(openai_partials[0]))


double
openai_cost(const openai_prices_t *prices, const openai_facts_t *facts,
    const char **row, unsigned *partial)
{
    double                     cost;
    unsigned                   i;
    openai_usage_t             billed;
    openai_rates_t             rates;
    const openai_usage_t      *usage;
    const openai_price_row_t  *r;

    *row = NULL;
    *partial = 0;
    usage = &facts->usage;

    if (usage->cost >= 0) {
        *row = "upstream";
        return usage->cost;
    }

    if (prices == NULL || usage->input < 0) {
        return OPENAI_UNKNOWN;
    }

    /* the answer was cut before its usage */

    if (usage->output < 0 && strcmp(facts->operation, "embeddings") != 0) {
        return OPENAI_UNKNOWN;
    }

    r = openai_price_find(prices, facts);
    if (r == NULL) {
        return OPENAI_UNKNOWN;
    }

    billed = *usage;
    openai_price_billed(&billed);
    usage = &billed;

    openai_price_rates(&r->price, usage, &rates);

    if ((usage->input > 0 && rates.input < 0)
        || (usage->output > 0 && rates.output < 0))
    {
        return OPENAI_UNKNOWN;
    }

    *row = r->name;

    for (i = 0; i < OPENAI_PARTIALS; i++) {
        if (facts->flags & openai_partials[i].fact) {
            *partial |= openai_partials[i].partial;
        }
    }

    cost = openai_price_sum(usage, &rates)
           * openai_price_factor(&r->price, facts, partial) / 1000000;

    return cost + openai_price_fees(prices, &r->price, facts, partial);
}


void
openai_partial_names(unsigned partial, char dst[OPENAI_PARTIAL_SIZE])
{
    char      *p;
    size_t     len;
    unsigned   i;

    p = dst;

    for (i = 0; i < OPENAI_PARTIALS; i++) {

        if (partial & openai_partials[i].partial) {
            len = strlen(openai_partials[i].name);

            if (p > dst) {
                *p++ = ',';
            }

            memcpy(p, openai_partials[i].name, len);
            p += len;
        }
    }

    *p = '\0';
}


/* Cohere counts the tokens of its own prompt too, and does not bill them */

static void
openai_price_billed(openai_usage_t *usage)
{
    if (usage->billed_input >= 0) {
        usage->input = usage->billed_input;
    }

    if (usage->billed_output >= 0) {
        usage->output = usage->billed_output;
    }
}


/* the fees of tools: a price of the row, or else of the provider's row */

static double
openai_price_fees(const openai_prices_t *prices, const openai_price_t *price,
    const openai_facts_t *facts, unsigned *partial)
{
    char                       key[sizeof("fees/") + sizeof(facts->provider)];
    size_t                     len;
    const openai_price_row_t  *r;

    if ((facts->flags & OPENAI_FACT_SEARCHED) && facts->web_searches == 0) {
        *partial |= OPENAI_PARTIAL_FEES;
    }

    if (facts->web_searches == 0 && facts->file_searches == 0) {
        return 0;
    }

    len = strlen(facts->provider);

    memcpy(key, "fees/", 5);
    memcpy(key + 5, facts->provider, len);

    r = openai_price_exact(prices, key, len + 5);

    return (openai_price_fee(price->web_search,
                             r ? r->price.web_search : OPENAI_UNKNOWN,
                             facts->web_searches, partial)
            + openai_price_fee(price->file_search,
                               r ? r->price.file_search : OPENAI_UNKNOWN,
                               facts->file_searches, partial))
           / 1000;
}


static double
openai_price_fee(double own, double usual, uint32_t calls, unsigned *partial)
{
    double  fee;

    if (calls == 0) {
        return 0;
    }

    fee = own >= 0 ? own : usual;

    if (fee < 0) {
        *partial |= OPENAI_PARTIAL_FEES;
        return 0;
    }

    return calls * fee;
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
openai_price_factor(const openai_price_t *price, const openai_facts_t *facts,
    unsigned *partial)
{
    unsigned     i;
    const char  *tier;

    /* tiers at the price of the row */

    static const char  *plain[] = {
        "", "default", "auto", "standard", "standard_only", "on_demand"
    };

    tier = facts->service_tier;

    for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (strcasecmp(tier, plain[i]) == 0) {
            return 1;
        }
    }

    if (strcasecmp(tier, "batch") == 0) {
        return price->batch >= 0 ? price->batch : 0.5;
    }

    /* Groq's flex changes limits, not the price */

    if (strcasecmp(tier, "flex") == 0) {
        return strcmp(facts->provider, "groq") == 0 ? 1
               : price->flex >= 0 ? price->flex : 0.5;
    }

    /* Anthropic's priority tier is capacity that was paid for in advance */

    if (strcasecmp(tier, "priority") == 0) {
        return strcmp(facts->provider, "anthropic") == 0 ? 1
               : price->priority >= 0 ? price->priority : 2;
    }

    *partial |= OPENAI_PARTIAL_TIER;

    return 1;
}
