
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Finds the row of a model: by its exact name, by the name without provider,
 * tag or date, and by the longest prefix.
 *
 * cost.c calls it once an exchange.
 */


#include <string.h>

#include "digest/price/price_inner.h"


/* the name itself and three endings that may be cut off, see
   openai_price_ends() */

#define OPENAI_PRICE_ENDS  4


static const openai_price_row_t *openai_price_prefix(
    const openai_prices_t *prices, const char *key, size_t len);
static size_t openai_price_start(const char *name, size_t pos, size_t len);
static int openai_price_local(const openai_facts_t *facts, const char *name);
static unsigned openai_price_ends(const char *name, size_t len, size_t *ends);
static size_t openai_price_suffix(const char *name, size_t len);
static size_t openai_price_date(const char *name, size_t len);
static unsigned openai_price_digit(char ch);


/* bills the model that answered, because the model that was asked for may be an
   alias, or the upstream ignores it */

const openai_price_row_t *
openai_price_find(const openai_prices_t *prices, const openai_facts_t *facts)
{
    char                       name[OPENAI_PRICE_NAME];
    size_t                     len, start, ends[OPENAI_PRICE_ENDS];
    unsigned                   i, n;
    const char                *model;
    const openai_price_row_t  *row;

    model = facts->response_model[0] ? facts->response_model : facts->model;

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


const openai_price_row_t *
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


/* returns the row of the longest prefix, by a probe for each length */

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


/* a model on the operator's own machine may have the name of a priced one; its
   name is a file, or it has an Ollama tag such as ":70b" */

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


/* returns the place behind the next provider in the name: behind "openai/", or
   behind Bedrock's "us." or "anthropic." */

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


/* writes the lengths of the name, longest first; each cuts off one more ending
   than the one before */

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


/* cuts off ":free", ":nitro", "@20250929", and Bedrock's "-v1:0" */

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


/* cuts off "-2024-08-06", "-20250929", and Google's "-001" */

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


static unsigned
openai_price_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}
