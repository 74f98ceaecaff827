
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The table of prices: rows are parsed and added while nginx reads its
 * configuration.  directives.c calls it.
 */


#include <string.h>

#include "digest/price/price_inner.h"


static int openai_prices_grow(openai_prices_t *prices);
static int openai_price_valid(const openai_price_t *price);
static int openai_price_number(const char *p, const char *last, double *value);


static const struct {
    const char  *name;
    size_t       offset;
} openai_price_args[] = {
    { "input", offsetof(openai_price_t, input) },
    { "cached", offsetof(openai_price_t, cached) },
    { "cache_write", offsetof(openai_price_t, cache_write) },
    { "output", offsetof(openai_price_t, output) },
    { "audio_in", offsetof(openai_price_t, input_audio) },
    { "audio_out", offsetof(openai_price_t, output_audio) },
    { "tier_input", offsetof(openai_price_t, tier_input) },
    { "tier_cached", offsetof(openai_price_t, tier_cached) },
    { "tier_cache_write", offsetof(openai_price_t, tier_cache_write) },
    { "tier_output", offsetof(openai_price_t, tier_output) },
    { "priority", offsetof(openai_price_t, priority) },
    { "flex", offsetof(openai_price_t, flex) },
    { "batch", offsetof(openai_price_t, batch) },
    { "web_search", offsetof(openai_price_t, web_search) },
    { "file_search", offsetof(openai_price_t, file_search) },
    { NULL, 0 }
};


openai_prices_t *
openai_prices_create(const openai_alloc_t *alloc)
{
    openai_prices_t  *prices;

    prices = alloc->alloc(alloc->ctx, sizeof(openai_prices_t));
    if (prices == NULL) {
        return NULL;
    }

    memset(prices, 0, sizeof(openai_prices_t));
    prices->alloc = *alloc;

    if (openai_prices_grow(prices) != OPENAI_OK) {
        return NULL;
    }

    return prices;
}


void
openai_price_init(openai_price_t *price)
{
    unsigned  i;

    memset(price, 0, sizeof(openai_price_t));

    for (i = 0; openai_price_args[i].name; i++) {
        *(double *) ((char *) price + openai_price_args[i].offset) =
                                                              OPENAI_UNKNOWN;
    }
}


int
openai_price_arg(openai_price_t *price, const char *arg, size_t len)
{
    double       value, *rate;
    size_t       n;
    unsigned     i;
    const char  *p, *last;

    last = arg + len;

    p = memchr(arg, '=', len);
    if (p == NULL) {
        return OPENAI_ERROR;
    }

    n = p - arg;

    if (openai_price_number(p + 1, last, &value) != OPENAI_OK) {
        return OPENAI_ERROR;
    }

    if (n == 10 && memcmp(arg, "tier_above", 10) == 0) {
        if (price->tier_above || value < 1
            || value != (double) (int64_t) value)
        {
            return OPENAI_ERROR;
        }

        price->tier_above = (int64_t) value;
        return OPENAI_OK;
    }

    for (i = 0; openai_price_args[i].name; i++) {

        if (strlen(openai_price_args[i].name) != n
            || memcmp(openai_price_args[i].name, arg, n) != 0)
        {
            continue;
        }

        rate = (double *) ((char *) price + openai_price_args[i].offset);

        if (*rate >= 0) {
            return OPENAI_ERROR;
        }

        *rate = value;
        return OPENAI_OK;
    }

    return OPENAI_ERROR;
}


/* reads digits with at most one point, as nginx does, because the parser of the
   C library depends on the locale */

static int
openai_price_number(const char *p, const char *last, double *value)
{
    double    scale;
    unsigned  digits, point;

    *value = 0;
    scale = 1;
    digits = 0;
    point = 0;

    for ( /* void */ ; p < last; p++) {

        if (*p == '.' && !point) {
            point = 1;
            continue;
        }

        if (*p < '0' || *p > '9' || ++digits > 15) {
            return OPENAI_ERROR;
        }

        *value = *value * 10 + (*p - '0');
        scale *= point ? 10 : 1;
    }

    *value /= scale;

    return digits ? OPENAI_OK : OPENAI_ERROR;
}


int
openai_prices_add(openai_prices_t *prices, const openai_price_t *price)
{
    char                 *p;
    size_t                i, len;
    uint64_t              hash;
    unsigned              prefix;
    openai_price_row_t   *row, **slot;

    len = price->model.len;
    prefix = (len && price->model.data[len - 1] == '*');

    if (len == 0 || len >= OPENAI_PRICE_NAME || !openai_price_valid(price)
        || openai_prices_grow(prices) != OPENAI_OK)
    {
        return OPENAI_ERROR;
    }

    row = prices->alloc.alloc(prices->alloc.ctx,
                              sizeof(openai_price_row_t) + 2 * (len + 1));
    if (row == NULL) {
        return OPENAI_ERROR;
    }

    p = (char *) (row + 1);

    memcpy(p, price->model.data, len);
    p[len] = '\0';

    row->name = p;
    row->key = p + len + 1;
    row->len = len - prefix;
    row->prefix = prefix;

    hash = OPENAI_PRICE_HASH;

    for (i = 0; i < row->len; i++) {
        row->key[i] = openai_price_lower(p[i]);
        hash = openai_price_hash(hash, row->key[i]);
    }

    row->key[i] = '\0';
    row->hash = hash;

    row->price = *price;
    row->price.model.data = row->name;

    slot = openai_prices_slot(prices->slots, prices->size, hash, row->key,
                              row->len, prefix);

    prices->n += (*slot == NULL);
    *slot = row;

    return OPENAI_OK;
}


static int
openai_price_valid(const openai_price_t *price)
{
    if (price->input < 0 && price->output < 0 && price->web_search < 0
        && price->file_search < 0)
    {
        return 0;
    }

    if (price->tier_above > 0) {
        return price->tier_input >= 0 || price->tier_output >= 0;
    }

    return price->tier_above == 0 && price->tier_input < 0
           && price->tier_cached < 0 && price->tier_cache_write < 0
           && price->tier_output < 0;
}


/* makes room for one more row */

static int
openai_prices_grow(openai_prices_t *prices)
{
    size_t                i, size;
    openai_price_row_t   *row, **slots, **slot;

    if (prices->size && prices->n < prices->size / 2) {
        return OPENAI_OK;
    }

    size = prices->size ? prices->size * 2 : 64;

    slots = prices->alloc.alloc(prices->alloc.ctx,
                                size * sizeof(openai_price_row_t *));
    if (slots == NULL) {
        return OPENAI_ERROR;
    }

    memset(slots, 0, size * sizeof(openai_price_row_t *));

    for (i = 0; i < prices->size; i++) {
        row = prices->slots[i];

        if (row) {
            slot = openai_prices_slot(slots, size, row->hash, row->key,
                                      row->len, row->prefix);
            *slot = row;
        }
    }

    prices->slots = slots;
    prices->size = size;

    return OPENAI_OK;
}


openai_price_row_t **
openai_prices_slot(openai_price_row_t **slots, size_t size, uint64_t hash,
    const char *key, size_t len, unsigned prefix)
{
    size_t               i;
    openai_price_row_t  *row;

    for (i = (hash + prefix) & (size - 1); slots[i]; i = (i + 1) & (size - 1))
    {
        row = slots[i];

        if (row->hash == hash && row->len == len && row->prefix == prefix
            && memcmp(row->key, key, len) == 0)
        {
            break;
        }
    }

    return &slots[i];
}
