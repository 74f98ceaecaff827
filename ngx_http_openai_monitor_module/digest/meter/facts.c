
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Writing facts: the lowest part of the meter.
 *
 * The rest of the meter and the dialects call it; it calls nothing of theirs.
 */


#include <string.h>

#include "digest/json/bytes.h"
#include "digest/meter/meter.h"


void
openai_facts_init(openai_facts_t *facts)
{
    openai_zero(facts, sizeof(openai_facts_t));
    openai_facts_unknown(facts);
}


void
openai_meter_session(openai_meter_t *m, openai_str_t id, unsigned rank)
{
    if (rank > m->ids && id.len) {
        m->ids = (uint8_t) rank;
        openai_copy(m->facts->session, sizeof(m->facts->session), id.data,
                    id.len);
    }
}


void
openai_meter_provider(openai_meter_t *m, const char *name, unsigned rank)
{
    if (rank > m->vendor) {
        m->vendor = (uint8_t) rank;
        openai_copy(m->facts->provider, sizeof(m->facts->provider), name,
                    strlen(name));
    }
}


openai_scan_t *
openai_meter_scan(openai_meter_t *m)
{
    openai_scan_t  *s;

    s = m->spare;

    if (s) {
        m->spare = NULL;
        return s;
    }

    return m->alloc.alloc(m->alloc.ctx, sizeof(openai_scan_t));
}


void
openai_copy(char *dst, size_t size, const char *src, size_t len)
{
    if (len >= size) {
        len = size - 1;

        while (len && ((unsigned char) src[len] & 0xc0) == 0x80) {
            len--;
        }
    }

    memcpy(dst, src, len);
    dst[len] = '\0';
}


void
openai_append(char *dst, size_t size, const char *src)
{
    size_t  len;

    len = strlen(dst);

    if (len && len + 1 < size) {
        dst[len++] = ',';
    }

    openai_copy(dst + len, size - len, src, strlen(src));
}
