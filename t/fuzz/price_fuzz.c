
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: no row of prices and no name of a model gives a cost that is
 * not a number, or a cost without its row.  A line of the input is a row as in
 * conf/openai_prices.conf; the last line is a model.
 */


#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "digest/digest.h"


#define BLOCKS  512


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void    *block[BLOCKS];
static size_t   blocks;


static void *
take(void *ctx, size_t size)
{
    (void) ctx;

    if (blocks == BLOCKS) {
        return NULL;
    }

    block[blocks] = malloc(size);

    return block[blocks++];
}


/* "MODEL name=value…" */

static void
row(openai_prices_t *prices, const char *p, const char *last)
{
    const char      *end;
    openai_price_t   price;

    openai_price_init(&price);

    end = memchr(p, ' ', last - p);
    end = end ? end : last;

    price.model.data = p;
    price.model.len = end - p;

    for (p = end; p < last; p = end) {
        p++;
        end = memchr(p, ' ', last - p);
        end = end ? end : last;

        if (openai_price_arg(&price, p, end - p) != OPENAI_OK) {
            return;
        }
    }

    (void) openai_prices_add(prices, &price);
}


static void
cost(openai_prices_t *prices, const char *model, size_t len)
{
    size_t           i;
    char             names[OPENAI_PARTIAL_SIZE];
    double           usd;
    unsigned         partial;
    const char      *name;
    openai_facts_t   facts;

    static const struct {
        int64_t  input, cached, output;
    } usages[] = {
        { 1000, 0, 10 }, { 1000000, 999999, 1 }, { 0, 0, 0 }, { 5, 900, 7 },
        { INT64_MAX, INT64_MAX, INT64_MAX }
    };

    openai_facts_init(&facts);

    if (len >= sizeof(facts.response_model)) {
        len = sizeof(facts.response_model) - 1;
    }

    memcpy(facts.response_model, model, len);
    strcpy(facts.operation, "chat");
    strcpy(facts.provider, "openai");

    for (i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
        facts.usage.input = usages[i].input;
        facts.usage.cached = usages[i].cached;
        facts.usage.output = usages[i].output;

        usd = openai_cost(prices, &facts, &name, &partial);
        openai_partial_names(partial, names);

        if (isnan(usd) || (usd >= 0) != (name != NULL)) {
            abort();
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                  *text;
    const char            *p, *last, *end;
    openai_prices_t       *prices;
    const openai_alloc_t   alloc = { take, NULL };

    text = malloc(size);
    memcpy(text, data, size);
    p = text;
    last = text + size;

    prices = openai_prices_create(&alloc);

    while (prices && (end = memchr(p, '\n', last - p)) != NULL) {
        row(prices, p, end);
        p = end + 1;
    }

    if (prices) {
        cost(prices, p, last - p);
    }

    while (blocks) {
        free(block[--blocks]);
    }

    free(text);

    return 0;
}
