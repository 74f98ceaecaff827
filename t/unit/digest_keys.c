
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: every key that a dialect asks for is found, and no other one;
 * bytes are found at every distance from the end.
 */


#include <stdlib.h>
#include <string.h>

#include "digest/json/bytes.h"
#include "digest/dialects/dialect.h"
#include "digest/json/keys.h"
#include "digest_run.h"


#define LISTS   OPENAI_KEYS_KNOWN
#define LENGTH  400


static const openai_node_t  *lists[LISTS];
static unsigned              nlists;


static void
collect(const openai_node_t *nodes)
{
    unsigned  i;

    for (i = 0; i < nlists; i++) {
        if (lists[i] == nodes) {
            return;
        }
    }

    if (nodes == NULL || nlists == LISTS) {
        return;
    }

    lists[nlists++] = nodes;

    for ( /* void */ ; nodes->key.data; nodes++) {
        collect(nodes->nodes);
    }
}


/* finds a copy in its own block, so that a sanitizer sees a read behind it */

static const openai_node_t *
find(const openai_node_t *nodes, const char *key, size_t len)
{
    char                 *copy;
    const openai_node_t  *found;

    copy = malloc(len ? len : 1);
    memcpy(copy, key, len);

    found = openai_keys_find(nodes, copy, len);
    free(copy);

    return found;
}


/* returns the first node of the key */

static const openai_node_t *
named(const openai_node_t *nodes, const char *key, size_t len)
{
    for ( /* void */ ; nodes->key.data; nodes++) {
        if (nodes->key.len == len && memcmp(nodes->key.data, key, len) == 0) {
            return nodes;
        }
    }

    return NULL;
}


/* finds the key, and keys that differ in one byte */

static int
found(const openai_node_t *nodes, const openai_node_t *n)
{
    char    key[300];
    size_t  i, len;

    len = n->key.len;

    if (len >= sizeof(key)
        || find(nodes, n->key.data, len) != named(nodes, n->key.data, len))
    {
        return 0;
    }

    memcpy(key, n->key.data, len);
    key[len] = 's';

    if (find(nodes, key, len + 1) != named(nodes, key, len + 1)
        || find(nodes, key, len - 1) != named(nodes, key, len - 1))
    {
        return 0;
    }

    for (i = 0; i < len; i++) {
        key[i] ^= 1;

        if (find(nodes, key, len) != named(nodes, key, len)) {
            return 0;
        }

        key[i] ^= 1;
    }

    return 1;
}


static void
keys(void)
{
    int                   ok;
    unsigned              i, n;
    const openai_node_t  *node;

    for (i = 0; i < openai_dialects_n; i++) {
        node = openai_dialects[i]->request;
        collect(node ? node->nodes : NULL);

        node = openai_dialects[i]->answer;
        collect(node ? node->nodes : NULL);

        node = openai_dialects[i]->event;
        collect(node ? node->nodes : NULL);
    }

    run_ok(nlists > 50 && nlists < LISTS, "%u lists of nodes have their room",
           nlists);

    for (i = 0, n = 0, ok = 1; i < nlists && ok; i++) {
        for (node = lists[i]; node->key.data && ok; node++, n++) {
            ok = found(lists[i], node);

            if (!ok) {
                run_note("key: %s", node->key.data);
            }
        }
    }

    run_ok(ok, "%u keys are found, and what is like them is not", n);
}


static void
bytes(void)
{
    int      ok;
    char    *p;
    size_t   len, at;

    for (len = 0, ok = 1; len < LENGTH && ok; len++) {

        p = malloc(len + 1);

        for (at = 0; at <= len && ok; at++) {
            memset(p, 'x', len);

            if (at < len) {
                p[at] = (len & 1) ? '"' : '\\';
                p[len - 1] = (at & 1) ? '"' : p[len - 1];
            }

            ok = (openai_find_quote(p, p + len) == p + at);
        }

        free(p);
    }

    run_ok(ok, "a byte is found at each place of up to %d", LENGTH - 1);
}


int
main(void)
{
    keys();
    bytes();

    return run_done();
}
