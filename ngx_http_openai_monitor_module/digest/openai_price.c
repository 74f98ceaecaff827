
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


#include <string.h>

#include "digest/openai_digest.h"


/* a model name has as many endings as this that may be cut off, see
   openai_price_ends() */

#define OPENAI_PRICE_ENDS  4
#define OPENAI_PRICE_NAME  128
#define OPENAI_PRICE_LAST  8

#define OPENAI_PRICE_HASH  0xcbf29ce484222325ULL


typedef struct {
    uint64_t           hash;
    unsigned           prefix;         /* 1: the name ended with "*" */
    size_t             len;
    char              *key;            /* lower case, without "*" */
    char              *name;           /* as configured, for the eye */
    openai_price_t     price;
} openai_price_row_t;


/* the row of a model that was looked for, or NULL for none */

typedef struct {
    char                       model[sizeof(((openai_facts_t *) 0)->model)];
    char                       provider[24];
    const openai_price_row_t  *row;
} openai_price_last_t;


/* slots is a power of two and never more than half full */

struct openai_prices_s {
    openai_alloc_t        alloc;
    openai_price_row_t  **slots;
    size_t                size;
    size_t                n;
    openai_price_last_t   last[OPENAI_PRICE_LAST];
};


/* USD per million tokens that one exchange is billed at */

typedef struct {
    double             input;
    double             cached;
    double             cache_write;
    double             cache_write_1h;
    double             output;
    double             input_audio;
    double             output_audio;
} openai_rates_t;


static int openai_prices_grow(openai_prices_t *prices);
static openai_price_row_t **openai_prices_slot(openai_price_row_t **slots,
    size_t size, uint64_t hash, const char *key, size_t len, unsigned prefix);
static int openai_price_valid(const openai_price_t *price);
static const openai_price_row_t *openai_price_recall(openai_prices_t *prices,
    const openai_facts_t *facts);
static const openai_price_row_t *openai_price_find(
    const openai_prices_t *prices, const openai_facts_t *facts,
    const char *model);
static const openai_price_row_t *openai_price_exact(
    const openai_prices_t *prices, const char *key, size_t len);
static const openai_price_row_t *openai_price_prefix(
    const openai_prices_t *prices, const char *key, size_t len);
static size_t openai_price_start(const char *name, size_t pos, size_t len);
static int openai_price_local(const openai_facts_t *facts, const char *name);
static unsigned openai_price_ends(const char *name, size_t len, size_t *ends);
static size_t openai_price_suffix(const char *name, size_t len);
static size_t openai_price_date(const char *name, size_t len);
static void openai_price_rates(const openai_price_t *price,
    const openai_usage_t *usage, openai_rates_t *rates);
static double openai_price_tier(const openai_price_t *price, double tier,
    double base);
static double openai_price_sum(const openai_usage_t *usage,
    const openai_rates_t *rates);
static double openai_price_part(int64_t n, int64_t *rest, double rate);
static double openai_price_factor(const openai_facts_t *facts);
static int openai_price_number(const char *p, const char *last, double *value);
static uint64_t openai_price_hash(uint64_t hash, char ch);
static char openai_price_lower(char ch);
static unsigned openai_price_digit(char ch);


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


/* digits and one point, as nginx wants numbers: the C library's own parser
   depends on the locale */

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

    memset(prices->last, 0, sizeof(prices->last));

    return OPENAI_OK;
}


static int
openai_price_valid(const openai_price_t *price)
{
    if (price->input < 0 && price->output < 0) {
        return 0;
    }

    if (price->tier_above > 0) {
        return price->tier_input >= 0 || price->tier_output >= 0;
    }

    return price->tier_above == 0 && price->tier_input < 0
           && price->tier_cached < 0 && price->tier_cache_write < 0
           && price->tier_output < 0;
}


/* room for one more */

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


static openai_price_row_t **
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


double
openai_cost(openai_prices_t *prices, const openai_facts_t *facts,
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

    /* an answer cut before its usage has cost more than its input */

    if ((usage->output < 0 && strcmp(facts->operation, "embeddings") != 0)
        || (facts->flags & OPENAI_FACT_EARLY))
    {
        return OPENAI_UNKNOWN;
    }

    r = openai_price_recall(prices, facts);
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

    return openai_price_sum(usage, &rates) * openai_price_factor(facts)
           / 1000000;
}


/* what answered is billed; what was asked may be an alias or ignored */

static const openai_price_row_t *
openai_price_recall(openai_prices_t *prices, const openai_facts_t *facts)
{
    size_t                len;
    const char           *model;
    openai_price_last_t  *last;

    model = facts->response_model[0] ? facts->response_model : facts->model;
    len = strlen(model);

    if (len == 0) {
        return openai_price_find(prices, facts, model);
    }

    last = &prices->last[(len ^ (unsigned char) model[len - 1])
                         % OPENAI_PRICE_LAST];

    if (strcmp(last->model, model) != 0
        || strcmp(last->provider, facts->provider) != 0)
    {
        memcpy(last->model, model, len + 1);
        memcpy(last->provider, facts->provider, sizeof(last->provider));
        last->row = openai_price_find(prices, facts, model);
    }

    return last->row;
}


static const openai_price_row_t *
openai_price_find(const openai_prices_t *prices, const openai_facts_t *facts,
    const char *model)
{
    char                       name[OPENAI_PRICE_NAME];
    size_t                     len, start, ends[OPENAI_PRICE_ENDS];
    unsigned                   i, n;
    const openai_price_row_t  *row;

    memset(name, 0, sizeof(name));

    for (len = 0; len < sizeof(name) - 1 && model[len]; len++) {
        name[len] = openai_price_lower(model[len]);
    }

    row = openai_price_exact(prices, name, len);

    if (row || len == 0 || openai_price_local(facts, name)) {
        return row;
    }

    n = openai_price_ends(name, len, ends);

    for (start = 0; start < len; start = openai_price_start(name, start, len))
    {
        for (i = 0; i < n && ends[i] > start; i++) {
            row = openai_price_exact(prices, name + start, ends[i] - start);
            if (row) {
                return row;
            }
        }
    }

    for (start = 0; start < len; start = openai_price_start(name, start, len))
    {
        row = openai_price_prefix(prices, name + start, len - start);
        if (row && row->len) {
            return row;
        }
    }

    return openai_price_prefix(prices, name, 0);
}


static const openai_price_row_t *
openai_price_exact(const openai_prices_t *prices, const char *key, size_t len)
{
    size_t    i;
    uint64_t  hash;

    hash = OPENAI_PRICE_HASH;

    for (i = 0; i < len; i++) {
        hash = openai_price_hash(hash, key[i]);
    }

    return *openai_prices_slot(prices->slots, prices->size, hash, key, len, 0);
}


/* the longest: one probe for each length of the name */

static const openai_price_row_t *
openai_price_prefix(const openai_prices_t *prices, const char *key, size_t len)
{
    size_t                i;
    uint64_t              hash;
    openai_price_row_t   *row, *found;

    hash = OPENAI_PRICE_HASH;
    found = NULL;

    for (i = 0; /* void */ ; i++) {
        row = *openai_prices_slot(prices->slots, prices->size, hash, key, i,
                                  1);
        if (row) {
            found = row;
        }

        if (i == len) {
            return found;
        }

        hash = openai_price_hash(hash, key[i]);
    }
}


/* models that run on the operator's own machine share names with the priced
   ones: a file, or an Ollama tag such as ":70b" */

static int
openai_price_local(const openai_facts_t *facts, const char *name)
{
    const char  *p;

    if (name[0] == '/' || name[0] == '.'
        || strcmp(facts->provider, "ollama") == 0)
    {
        return 1;
    }

    p = strchr(name, ':');

    return p && openai_price_digit(p[1])
           && openai_price_suffix(name, strlen(name)) == strlen(name);
}


/* where the name goes on without one more of its providers: behind "openai/"
   and, as on Bedrock, behind "us." or "anthropic." */

static size_t
openai_price_start(const char *name, size_t pos, size_t len)
{
    size_t  i;

    for (i = pos; i < len && name[i] >= 'a' && name[i] <= 'z'; i++) {
        /* void */
    }

    if (i > pos && i < len && name[i] == '.') {
        return i + 1;
    }

    for ( /* void */ ; i < len; i++) {
        if (name[i] == '/') {
            return i + 1;
        }
    }

    return len;
}


/* the lengths of the name with less and less behind it; each cut counts on the
   one before */

static unsigned
openai_price_ends(const char *name, size_t len, size_t *ends)
{
    unsigned  n;

    n = 0;
    ends[n++] = len;

    len = openai_price_suffix(name, len);

    if (len != ends[n - 1]) {
        ends[n++] = len;
    }

    len = openai_price_date(name, len);

    if (len != ends[n - 1]) {
        ends[n++] = len;
    }

    if (len > 7 && memcmp(name + len - 7, "-latest", 7) == 0) {
        ends[n++] = len - 7;
    }

    return n;
}


/* ":free", ":nitro", "@20250929", and Bedrock's "-v1:0" */

static size_t
openai_price_suffix(const char *name, size_t len)
{
    char      ch;
    size_t    i;
    unsigned  number;

    number = 1;

    for (i = len; i; i--) {
        ch = name[i - 1];

        if (ch == '/') {
            return len;
        }

        if (ch == ':' || ch == '@') {
            break;
        }

        number &= openai_price_digit(ch);
    }

    if (i < 2 || i == len) {
        return len;
    }

    i--;

    if (name[i] == '@' || !openai_price_digit(name[i + 1])) {
        return i;
    }

    while (number && i && openai_price_digit(name[i - 1])) {
        i--;
    }

    if (number && i > 2 && name[i] != ':' && name[i - 1] == 'v'
        && name[i - 2] == '-')
    {
        return i - 2;
    }

    return len;
}


/* "-2024-08-06", "-20250929", and Google's "-001" */

static size_t
openai_price_date(const char *name, size_t len)
{
    size_t       i;
    unsigned     f;
    const char  *p;

    static const char  *forms[] = { "-20dd-dd-dd", "-20dddddd", "-00d" };

    for (f = 0; f < 3; f++) {
        i = strlen(forms[f]);

        if (len <= i) {
            continue;
        }

        len -= i;
        p = name + len;

        while (i && (forms[f][i - 1] == 'd'
                     ? openai_price_digit(p[i - 1])
                     : p[i - 1] == forms[f][i - 1]))
        {
            i--;
        }

        if (i == 0) {
            return len;
        }

        len += strlen(forms[f]);
    }

    return len;
}


/* what a row leaves out is filled in: see docs/prices.md */

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

    /* who sells an hour of cache sells it at twice the input */

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


/* without a rate of its own, a part of the input follows the input */

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


/* a part that claims more than the whole is cut to it */

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


static double
openai_price_factor(const openai_facts_t *facts)
{
    /* "default", as a rule */

    if (facts->service_tier[0] == 'd' || facts->service_tier[0] == '\0') {
        return 1;
    }

    /* Groq's flex is a matter of limits, not of money */

    if (strcmp(facts->service_tier, "batch") == 0
        || (strcmp(facts->service_tier, "flex") == 0
            && strcmp(facts->provider, "groq") != 0))
    {
        return 0.5;
    }

    /* Anthropic's tier of this name is capacity paid for in advance */

    if (strcmp(facts->service_tier, "priority") == 0
        && strcmp(facts->provider, "anthropic") != 0)
    {
        return 2;
    }

    return 1;
}


static uint64_t
openai_price_hash(uint64_t hash, char ch)
{
    return (hash ^ (unsigned char) ch) * 0x100000001b3ULL;
}


static char
openai_price_lower(char ch)
{
    return (ch >= 'A' && ch <= 'Z') ? (char) (ch | 0x20) : ch;
}


static unsigned
openai_price_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}
