
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 *
 * The promise: any bytes in the file of a zone become a valid zone.  No reader
 * or writer leaves it, strings end, each page has one owner, and the sums are
 * right.  The input is a list of edits of a zone with finished and running
 * records, see edit().
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <assert.h>

#include "store/reader.h"
#include "store/writer.h"
#include "store/shared.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


#define FUZZ_SIZE     (900 * 1024)
#define FUZZ_ENTRIES  16

#define fuzz_ends(s)  assert(memchr(s, '\0', sizeof(s)) != NULL)


static ngx_shm_zone_t     shm_zone;
static ngx_openai_zone_t  zone;
static u_char            *image;


static void
write_record(ngx_openai_zone_t *to, unsigned n, int finished)
{
    u_char               bytes[5000];
    ngx_uint_t           i;
    ngx_openai_record_t  rec;
    ngx_openai_writer_t  w;

    ngx_openai_record_init(&rec);
    rec.started_ms = ngx_openai_now_ms();

    if (ngx_openai_writer_begin(&w, to, &rec) != NGX_OK) {
        return;
    }

    memset(bytes, 'a' + n % 26, sizeof(bytes));
    (void) strcpy(rec.facts.operation, "chat");
    (void) sprintf(rec.uri, "/%u", n);

    for (i = 0; i < NGX_OPENAI_CHAINS; i++) {
        (void) ngx_openai_writer_append(&w, i, bytes,
                                        (n * 997 + i * 331) % sizeof(bytes));
    }

    if (!finished) {
        ngx_openai_writer_publish(&w, &rec);
        return;
    }

    rec.outcome = NGX_OPENAI_OK;
    rec.status = 200;
    ngx_openai_writer_commit(&w, &rec);
}


static void
prepare(void)
{
    unsigned  n;

    ngx_pid = getpid();
    image = aligned_alloc(4096, FUZZ_SIZE);
    shm_zone.shm.size = FUZZ_SIZE;
    zone.shm_zone = &shm_zone;
    zone.entries = FUZZ_ENTRIES;
    zone.sh = (ngx_openai_shared_t *) image;

    assert(image && ngx_openai_zone_create(zone.sh, FUZZ_SIZE, FUZZ_ENTRIES)
                    == NGX_OK);

    for (n = 0; n < 20; n++) {
        write_record(&zone, n, n % 5 != 4);
    }
}


/*
 * Takes one piece off the input: where (2 bytes and the part of the zone), how
 * many bytes (1), the bytes.
 */

static const uint8_t *
edit(u_char *p, const uint8_t *data, const uint8_t *last)
{
    size_t                at, len;
    ngx_openai_shared_t  *sh;

    sh = (ngx_openai_shared_t *) image;

    at = data[1] << 8 | data[2];

    switch (data[0] % 8) {
    case 0:
        break;
    case 1:
        at += offsetof(ngx_openai_shared_t, undo);
        break;
    case 2:
        at = sh->head.index_off + at % 512;
        break;
    case 3:
        at = sh->head.entries_off + at;
        break;
    case 4:
        at = sh->head.entries_off
             + at % FUZZ_ENTRIES * sizeof(ngx_openai_entry_t) + at / 256;
        break;
    case 5:
        at = sh->head.next_off + at % 1024;
        break;
    case 6:
        at = offsetof(ngx_openai_shared_t, alive_ms) + at % 256;
        break;
    default:
        at = at * 16 % FUZZ_SIZE;
    }

    len = data[3] % 64;
    data += 4;

    len = ngx_min(len, (size_t) (last - data));

    if (at < FUZZ_SIZE) {
        (void) memcpy(p + at, data, ngx_min(len, FUZZ_SIZE - at));
    }

    return data + len;
}


static void
read_record(ngx_openai_zone_t *from, const ngx_openai_ref_t *ref)
{
    ssize_t              n;
    ngx_int_t            rc;
    ngx_str_t            id;
    ngx_uint_t           chain;
    ngx_openai_ref_t     found;
    ngx_openai_record_t  rec;

    static u_char        bytes[FUZZ_SIZE];

    rc = ngx_openai_reader_record(from, ref, &rec);
    assert(rc == NGX_OK && rec.seq == ref->seq);
    assert(rec.outcome != NGX_OPENAI_RUNNING);
    assert(rec.outcome < NGX_OPENAI_OUTCOMES);
    assert(rec.nattempts <= NGX_OPENAI_MAX_ATTEMPTS);

    fuzz_ends(rec.id);
    fuzz_ends(rec.method);
    fuzz_ends(rec.uri);
    fuzz_ends(rec.host);
    fuzz_ends(rec.client);
    fuzz_ends(rec.key);
    fuzz_ends(rec.price);
    fuzz_ends(rec.content_type);
    fuzz_ends(rec.content_encoding);
    fuzz_ends(rec.attempts[NGX_OPENAI_MAX_ATTEMPTS - 1].peer);
    fuzz_ends(rec.facts.operation);
    fuzz_ends(rec.facts.model);
    fuzz_ends(rec.facts.tool_names);
    fuzz_ends(rec.facts.error_message);
    fuzz_ends(rec.facts.user_agent);

    id.data = (u_char *) rec.id;
    id.len = NGX_OPENAI_ID_LEN;
    assert(ngx_openai_reader_find(from, &id, &found) == NGX_OK);

    for (chain = 0; chain < NGX_OPENAI_CHAINS; chain++) {
        n = ngx_openai_reader_bytes(from, ref, chain, 0, bytes, sizeof(bytes));
        assert(n == (ssize_t) ngx_openai_reader_size(from, ref, chain));

        if (chain == NGX_OPENAI_REQUEST_BODY) {
            assert(rec.request_kept == (uint64_t) n);
        }

        if (chain == NGX_OPENAI_RESPONSE_BODY) {
            assert(rec.response_kept == (uint64_t) n);
        }
    }
}


/* does everything that can be done with a zone */

static void
use(ngx_openai_zone_t *z, ngx_openai_shared_t *other)
{
    unsigned                 n;
    uint64_t                 records;
    ngx_uint_t               i, count;
    ngx_openai_ref_t         refs[FUZZ_ENTRIES];
    ngx_openai_zone_stat_t   stat;

    static ngx_openai_stats_t  stats;

    count = ngx_openai_reader_list(z, refs, FUZZ_ENTRIES);

    for (i = 0; i < count; i++) {
        assert(!refs[i].running);
        read_record(z, &refs[i]);
    }

    ngx_openai_stats_read(z, &stats);
    ngx_openai_zone_stat(z, &stat);
    assert(stat.records == count && stat.running == 0);
    records = z->sh->seq;
    assert(records == stat.records + z->sh->evicted + z->sh->cleared);

    assert(ngx_openai_zone_create(other, FUZZ_SIZE, FUZZ_ENTRIES / 2)
           == NGX_OK);
    assert(ngx_openai_zone_copy(other, z->sh) == NGX_OK);

    for (n = 0; n < 40; n++) {
        write_record(z, n, n % 3 != 0);
    }

    ngx_openai_zone_detach(z);
    assert(ngx_openai_zone_clear(z) == NGX_OK);
    ngx_openai_zone_stat(z, &stat);
    assert(stat.records == 0 && stat.pages_free == stat.pages);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                         sealed;
    u_char                     *p;
    ngx_openai_zone_t           z;
    const uint8_t              *last;

    static ngx_openai_shared_t *other;

    if (image == NULL) {
        prepare();
        other = aligned_alloc(4096, FUZZ_SIZE);
        assert(other);
    }

    if (size < 1) {
        return 0;
    }

    /* its own block, so that the sanitizer knows its ends */

    p = aligned_alloc(4096, FUZZ_SIZE);
    assert(p);
    (void) memcpy(p, image, FUZZ_SIZE);

    z = zone;
    z.sh = (ngx_openai_shared_t *) p;
    z.process = NULL;

    last = data + size;
    sealed = *data & 1;

    for (data++; last - data > 4; data = edit(p, data, last)) { /* void */ }

    /* an attacker who knows the seal can write it */

    if (sealed) {
        z.sh->head.seal = ngx_openai_zone_seal(&z.sh->head);
    }

    if (ngx_openai_check_head(&z.sh->head) == NULL
        && z.sh->head.size == FUZZ_SIZE
        && z.sh->head.entries == FUZZ_ENTRIES)
    {
        assert(ngx_openai_check(z.sh) == NGX_OK);
        use(&z, other);
    }

    free(p);

    return 0;
}
