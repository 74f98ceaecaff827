
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The tables of keys, see keys.h.
 */


#include "digest/json/keys.h"


static int openai_keys_same(const char *a, const char *b, size_t len);


openai_keys_t  openai_keys_known[OPENAI_KEYS_KNOWN];


static inline uint64_t
openai_keys_word(const char *p)
{
    uint64_t  word;

    memcpy(&word, p, 8);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif

    return word;
}


openai_keys_t *
openai_keys_make(const openai_node_t *nodes)
{
    uint8_t        *first;
    unsigned        i, n;
    openai_keys_t  *keys;

    i = openai_keys_home(nodes);

    for (n = 0; openai_keys_known[i].nodes; n++) {

        if (openai_keys_known[i].nodes == nodes) {
            return &openai_keys_known[i];
        }

        if (n == OPENAI_KEYS_KNOWN) {
            return NULL;
        }

        i = (i + 1) % OPENAI_KEYS_KNOWN;
    }

    keys = &openai_keys_known[i];
    keys->nodes = nodes;

    for (i = 0; i < UINT8_MAX && nodes[i].key.data; i++) {
        first = &keys->first[openai_keys_slot(nodes[i].head,
                                              nodes[i].key.len)];

        if (*first == 0) {
            *first = (uint8_t) (i + 1);
        }
    }

    return keys;
}


const openai_node_t *
openai_keys_find(const openai_node_t *nodes, const char *key, size_t len)
{
    char                  buf[8];
    unsigned              first;
    uint64_t              head;
    openai_keys_t        *keys;
    const openai_node_t  *n;

    memset(buf, 0, sizeof(buf));
    memcpy(buf, key, len < 8 ? len : 8);

    head = openai_keys_word(buf);
    keys = openai_keys(nodes);
    first = keys ? keys->first[openai_keys_slot(head, len)] : 1;

    if (first == 0) {
        return NULL;
    }

    for (n = nodes + first - 1; n->key.data; n++) {

        if (n->head == head && n->key.len == len
            && (len <= 8
                || (n->tail == openai_keys_word(key + len - 8)
                    && openai_keys_same(n->key.data, key, len))))
        {
            return n;
        }
    }

    return NULL;
}


/* compares what lies between the first and the last eight bytes */

static int
openai_keys_same(const char *a, const char *b, size_t len)
{
    size_t  i;

    for (i = 8; i + 8 < len; i += 8) {
        if (openai_keys_word(a + i) != openai_keys_word(b + i)) {
            return 0;
        }
    }

    return 1;
}
