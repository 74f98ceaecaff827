
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 *
 * Holds the promises of the frame parser: messages come out as they went in
 * however the bytes are split, masked, fragmented and deflated; what is no
 * frame is refused; memory and time are bounded.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "digest/wire/decode.h"
#include "digest/wire/ws_frames.h"
#include "digest_run.h"
#include "tap.h"


typedef struct {
    char      *data;
    size_t     len;
    size_t     size;
} buf_t;


/* all that the sink was given, as one text */

typedef struct {
    buf_t      log;
    buf_t      message;
    unsigned   pieces;
    unsigned   cuts;
    uint64_t   bytes;
    int        answer;
} seen_t;


static uint64_t  state;
static void     *block;


static uint32_t
rnd(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return n ? (uint32_t) (state >> 16) % n : 0;
}


/* a parser takes one block; the test owns it, as a pool would */

static void *
take(void *ctx, size_t size)
{
    (void) ctx;

    free(block);
    block = malloc(size);

    return block;
}


static const openai_alloc_t  alloc = { take, NULL };


static void
put(buf_t *b, const void *data, size_t len)
{
    if (b->len + len > b->size) {
        b->size = (b->len + len) * 2;
        b->data = realloc(b->data, b->size);

        if (b->data == NULL) {
            abort();
        }
    }

    if (len) {
        memcpy(b->data + b->len, data, len);
        b->len += len;
    }
}


static int
sink(void *ctx, const openai_ws_piece_t *piece)
{
    seen_t  *seen = ctx;

    char    head[64];
    buf_t  *b;

    seen->pieces++;
    seen->cuts += piece->cut;
    seen->bytes = piece->bytes;

    b = &seen->message;

    if (piece->opcode > OPENAI_WS_BINARY) {
        put(&seen->log, head, sprintf(head, "<%u:%u:", piece->opcode,
                                      (unsigned) piece->data.len));
        put(&seen->log, piece->data.data, piece->data.len);
        put(&seen->log, ">", 1);

        return seen->answer;
    }

    if (piece->first) {
        b->len = 0;
    }

    put(b, piece->data.data, piece->data.len);

    if (piece->last) {
        put(&seen->log, head, sprintf(head, "<%u:%u%s:", piece->opcode,
                                      (unsigned) b->len,
                                      piece->cut ? "cut" : ""));
        put(&seen->log, b->data, b->len);
        put(&seen->log, ">", 1);
    }

    return seen->answer;
}


static void
clear(seen_t *seen)
{
    free(seen->log.data);
    free(seen->message.data);
    memset(seen, 0, sizeof(seen_t));
}


/* first is FIN, RSV and the opcode */

static void
frame(buf_t *to, unsigned first, const void *data, size_t len, int masked)
{
    size_t         i, n;
    unsigned char  head[14], byte;

    n = 0;
    head[n++] = first;
    head[n++] = (masked ? 0x80 : 0) | (len < 126 ? len
                                       : len < 65536 ? 126 : 127);

    if (len >= 65536) {
        for (i = 0; i < 8; i++) {
            head[n++] = (uint64_t) len >> (56 - 8 * i);
        }

    } else if (len >= 126) {
        head[n++] = len >> 8;
        head[n++] = len;
    }

    for (i = 0; masked && i < 4; i++) {
        head[n++] = rnd(256);
    }

    put(to, head, n);

    for (i = 0; i < len; i++) {
        byte = ((const unsigned char *) data)[i]
               ^ (masked ? head[n - 4 + (i & 3)] : 0);
        put(to, &byte, 1);
    }
}


static int
run(const buf_t *in, const char *extensions, size_t max, uint32_t piece,
    seen_t *seen)
{
    int            rc;
    size_t         n, pos;
    openai_ws_t   *ws;
    openai_str_t   e;

    e.data = extensions;
    e.len = strlen(extensions);

    ws = openai_ws_create(&alloc, e, max);
    rc = OPENAI_OK;

    for (pos = 0; pos < in->len; pos += n) {
        n = piece ? 1 + rnd(piece) : in->len;

        if (n > in->len - pos) {
            n = in->len - pos;
        }

        rc = openai_ws_feed(ws, in->data + pos, n, sink, seen);
    }

    (void) openai_ws_finish(ws, sink, seen);
    (void) openai_ws_finish(ws, sink, seen);

    openai_ws_destroy(ws);
    openai_ws_destroy(ws);

    return rc;
}


/* the parser must say "log" for these bytes, in any split and either mode */

static void
is(const buf_t *in, const char *extensions, int rc, const char *log,
    const char *name)
{
    int       got, good;
    seen_t    seen;
    unsigned  i;

    good = 1;
    memset(&seen, 0, sizeof(seen));

    for (i = 0; i < 12; i++) {
        got = run(in, extensions, i % 2 ? 1000 : 0, i / 2, &seen);

        put(&seen.log, "", 1);

        if (got != rc || strcmp(seen.log.data, log) != 0) {
            printf("# %d %s\n", got, seen.log.data);
            good = 0;
        }

        clear(&seen);
    }

    ok(good, name);
}


static void
test_frames(void)
{
    buf_t     in;
    unsigned  masked;

    for (masked = 0; masked < 2; masked++) {
        memset(&in, 0, sizeof(in));

        frame(&in, 0x81, "hello", 5, masked);
        is(&in, "", OPENAI_OK, "<1:5:hello>", "a text message");

        frame(&in, 0x82, "", 0, masked);
        is(&in, "", OPENAI_OK, "<1:5:hello><2:0:>", "an empty message");

        frame(&in, 0x01, "ab", 2, masked);
        is(&in, "", OPENAI_AGAIN, "<1:5:hello><2:0:><1:2cut:ab>",
           "a message that does not end");

        frame(&in, 0x89, "ping", 4, masked);
        frame(&in, 0x00, "", 0, masked);
        frame(&in, 0x8a, "", 0, masked);
        frame(&in, 0x00, "cd", 2, masked);
        frame(&in, 0x80, "ef", 2, masked);
        frame(&in, 0x88, "\x03\xe8", 2, masked);
        is(&in, "", OPENAI_OK, "<1:5:hello><2:0:><9:4:ping><10:0:>"
           "<1:6:abcdef><8:2:\x03\xe8>",
           "fragments with control frames between them");

        in.len--;
        is(&in, "", OPENAI_AGAIN, "<1:5:hello><2:0:><9:4:ping><10:0:>"
           "<1:6:abcdef>", "a control frame that does not end");

        free(in.data);
    }
}


static void
test_refused(void)
{
    buf_t     in;
    unsigned  i;

    static const struct {
        const char  *bytes;
        size_t       len;
        const char  *name;
    } cases[] = {
        { "\x83\x00", 2, "an opcode that is not known" },
        { "\x8b\x00", 2, "a control opcode that is not known" },
        { "\xa1\x00", 2, "a bit that is reserved" },
        { "\xc1\x00", 2, "a deflated message that was not negotiated" },
        { "\x80\x00", 2, "a continuation of nothing" },
        { "\x09\x00", 2, "a control frame in fragments" },
        { "\x89\x7e\x00\x7e", 4, "a control frame that is too long" },
        { "\x81\x7f\x80\0\0\0\0\0\0\0", 10, "a length of 2^63" },
        { "HTTP/1.1 200 OK", 15, "no frames at all" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&in, 0, sizeof(in));
        frame(&in, 0x81, "x", 1, 0);
        put(&in, cases[i].bytes, cases[i].len);
        frame(&in, 0x81, "y", 1, 0);
        is(&in, "", OPENAI_ERROR, "<1:1:x>", cases[i].name);
        free(in.data);
    }

    memset(&in, 0, sizeof(in));
    frame(&in, 0x01, "x", 1, 0);
    frame(&in, 0x81, "y", 1, 0);
    is(&in, "", OPENAI_ERROR, "<1:1cut:x>", "a message inside of a message");
    free(in.data);

    memset(&in, 0, sizeof(in));
    frame(&in, 0x01, "x", 1, 0);
    frame(&in, 0xc0, "y", 1, 0);
    is(&in, "permessage-deflate", OPENAI_ERROR, "<1:1cut:x>",
       "a continuation that says it is deflated");
    free(in.data);
}


/* one message, without the last four bytes of its flush */

static void
deflate_one(z_stream *z, const buf_t *from, buf_t *to, int flush)
{
    unsigned char  out[4096];

    to->len = 0;
    z->next_in = (unsigned char *) from->data;
    z->avail_in = from->len;

    do {
        z->next_out = out;
        z->avail_out = sizeof(out);
        (void) deflate(z, flush);
        put(to, out, sizeof(out) - z->avail_out);

    } while (z->avail_out == 0);

    if (flush == Z_FINISH) {
        (void) deflateReset(z);
        put(to, "", 1);

    } else if (to->len < 4) {

        /* nothing to flush: an empty message is one empty block */

        to->len = 0;
        put(to, "", 1);

    } else {
        to->len -= 4;
    }
}


static void
sample(buf_t *b, size_t len)
{
    char    text[64];
    size_t  n;

    b->len = 0;

    while (b->len < len) {
        n = sprintf(text, "{\"type\":\"response.delta\",\"delta\":\"%u\"}",
                    rnd(1000));
        put(b, text, n < len - b->len ? n : len - b->len);
    }
}


static void
test_random(void)
{
    int        good;
    buf_t      in, text, packed, want;
    char       head[64];
    size_t     n, pos;
    seen_t     seen;
    z_stream   z;
    unsigned   i, k, masked, deflated, first, takeover;

    good = 1;

    for (i = 0; i < 150; i++) {
        memset(&in, 0, sizeof(in));
        memset(&text, 0, sizeof(text));
        memset(&packed, 0, sizeof(packed));
        memset(&want, 0, sizeof(want));
        memset(&seen, 0, sizeof(seen));
        memset(&z, 0, sizeof(z));

        masked = rnd(2);
        takeover = rnd(2);

        if (deflateInit2(&z, 6, Z_DEFLATED, -9 - (int) rnd(7), 8, 0) != Z_OK) {
            abort();
        }

        for (k = 0; k < 12; k++) {
            sample(&text, rnd(4) ? rnd(300) : rnd(70000));
            deflated = rnd(3) != 0;

            put(&want, head, sprintf(head, "<1:%u:", (unsigned) text.len));
            put(&want, text.data, text.len);
            put(&want, ">", 1);

            if (deflated) {
                deflate_one(&z, &text, &packed,
                            rnd(4) ? Z_SYNC_FLUSH : Z_FINISH);

                if (!takeover) {
                    (void) deflateReset(&z);
                }

            } else {
                packed.len = 0;
                put(&packed, text.data, text.len);
            }

            first = deflated ? 0x41 : 0x01;

            for (pos = 0; /* void */ ; pos += n) {
                n = rnd(3) ? packed.len - pos : rnd(packed.len - pos + 1);

                if (pos + n == packed.len) {
                    frame(&in, first | 0x80, packed.data + pos, n, masked);
                    break;
                }

                frame(&in, first, packed.data + pos, n, masked);
                first = 0;
            }
        }

        good &= run(&in, "permessage-deflate; client_max_window_bits=15",
                    rnd(2) ? 100000 : 0, rnd(3) ? 1u << rnd(17) : 0, &seen)
                == OPENAI_OK
                && seen.cuts == 0 && seen.log.len == want.len
                && memcmp(seen.log.data, want.data, want.len) == 0;

        (void) deflateEnd(&z);
        free(in.data);
        free(text.data);
        free(packed.data);
        free(want.data);
        clear(&seen);
    }

    ok(good, "random messages, fragments, masks, windows and splits");
}


static void
test_bounds(void)
{
    int        rc;
    buf_t      in, text, packed;
    seen_t     seen;
    clock_t    start;
    z_stream   z;
    unsigned   i;

    memset(&in, 0, sizeof(in));
    memset(&text, 0, sizeof(text));
    memset(&packed, 0, sizeof(packed));
    memset(&seen, 0, sizeof(seen));
    memset(&z, 0, sizeof(z));

    sample(&text, 200000);
    frame(&in, 0x81, text.data, text.len, 1);
    frame(&in, 0x81, "next", 4, 1);

    rc = run(&in, "", 1000, 4096, &seen);
    ok(rc == OPENAI_OK && seen.cuts == 1 && seen.pieces == 2
       && memcmp(seen.log.data, "<1:1000cut:", 11) == 0
       && memcmp(seen.log.data + 11, text.data, 1000) == 0
       && memcmp(seen.log.data + 1011, "><1:4:next>", 11) == 0,
       "a message that is too long is cut, the next one is whole");
    clear(&seen);

    rc = run(&in, "", 200000, 4096, &seen);
    ok(rc == OPENAI_OK && seen.cuts == 0, "a message as long as the bound");
    clear(&seen);

    in.len = 0;
    frame(&in, 0x81, "\x7f\xff\xff\xff", 4, 0);
    in.len = 0;
    put(&in, "\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xffxyz", 13);
    rc = run(&in, "", 1000, 1, &seen);
    ok(rc == OPENAI_AGAIN && seen.cuts == 1
       && memcmp(seen.log.data, "<1:3cut:xyz>", 12) == 0,
       "a length without end costs nothing");
    clear(&seen);

    if (deflateInit2(&z, 9, Z_DEFLATED, -15, 8, 0) != Z_OK) {
        abort();
    }

    free(text.data);
    text.len = 50000000;
    text.data = calloc(1, text.len);
    deflate_one(&z, &text, &packed, Z_SYNC_FLUSH);

    in.len = 0;
    frame(&in, 0xc1, packed.data, packed.len, 0);
    frame(&in, 0xc1, packed.data, packed.len, 0);
    frame(&in, 0x81, "next", 4, 0);

    start = clock();
    rc = run(&in, "permessage-deflate", 10, 0, &seen);

    ok(rc == OPENAI_LIMIT && seen.cuts == 2 && seen.pieces == 3
       && memcmp(seen.log.data + seen.log.len - 10, "<1:4:next>", 10) == 0,
       "a bomb stops, plain messages go on");
    ok(clock() - start < 2 * CLOCKS_PER_SEC, "and it stops quickly");
    clear(&seen);
    (void) deflateEnd(&z);

    /* empty final blocks, each of which ends a stream */

    packed.len = 0;

    for (i = 0; i < 500000; i++) {
        put(&packed, "\x03", 2);
    }

    in.len = 0;
    frame(&in, 0xc1, packed.data, packed.len, 0);

    start = clock();
    rc = run(&in, "permessage-deflate", 0, 0, &seen);
    ok(rc == OPENAI_LIMIT && clock() - start < 2 * CLOCKS_PER_SEC,
       "streams without content stop quickly");
    clear(&seen);

    in.len = 0;
    frame(&in, 0xc1, "\xff\xff\xff\xff", 4, 0);
    frame(&in, 0x81, "next", 4, 0);
    is(&in, "x, Permessage-Deflate", OPENAI_LIMIT, "<1:0cut:><1:4:next>",
       "a broken message is cut");

    free(in.data);
    free(text.data);
    free(packed.data);
}


static void
test_sink(void)
{
    buf_t          in;
    seen_t         seen;
    openai_str_t   none = openai_str("");
    openai_ws_t   *ws;

    memset(&in, 0, sizeof(in));
    memset(&seen, 0, sizeof(seen));

    frame(&in, 0x81, "a", 1, 0);
    frame(&in, 0x81, "b", 1, 0);

    seen.answer = 42;
    ws = openai_ws_create(&alloc, none, 10);

    ok(openai_ws_feed(ws, in.data, in.len, sink, &seen) == 42
       && openai_ws_feed(ws, in.data, in.len, sink, &seen) == 42
       && seen.pieces == 1, "what the sink says stops the parser");

    openai_ws_destroy(ws);
    clear(&seen);
    free(in.data);
}


/* a connection of Codex: frames follow the head */

static int
slurp(const char *dir, const char *stem, const char *name, buf_t *in)
{
    char          path[256], *p;
    openai_str_t  file;

    (void) snprintf(path, sizeof(path), "clients/%s.%s.raw", stem, name);

    file = run_read(dir, path);
    p = file.data ? strstr(file.data, "\r\n\r\n") : NULL;

    if (p == NULL) {
        return 0;
    }

    p += 4;
    in->size = file.len;
    in->data = (char *) file.data;
    in->len = file.data + file.len - p;
    memmove(in->data, p, in->len);

    return 1;
}


static void
test_fixtures(const char *dir, const char *stem)
{
    int          rc, good;
    buf_t        in;
    size_t       n, records;
    seen_t       seen;
    unsigned     i, split;
    char         name[80];
    yyjson_doc  *doc;

    static const struct {
        const char  *name;
        unsigned     messages;
        const char  *type;
    } files[] = {
        { "0.c2s", 1, "response.create" },
        { "0.s2c", 1, "error" },
        { "1.c2s", 1, "response.create" },
        { "1.s2c", 11, "response.completed" },
    };

    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {

        memset(&in, 0, sizeof(in));
        snprintf(name, sizeof(name), "%s: %u messages", files[i].name,
                 files[i].messages);

        if (!slurp(dir, stem, files[i].name, &in)) {
            ok(0, name);
            continue;
        }

        good = 1;

        for (split = 0; split < 65; split++) {
            memset(&seen, 0, sizeof(seen));
            rc = run(&in, "", 100000, split, &seen);

            /* the last text message that was seen */

            doc = yyjson_read(seen.message.data, seen.message.len, 0);

            records = 0;
            for (n = 0; n + 3 < seen.log.len; n++) {
                records += memcmp(seen.log.data + n, "<1:", 3) == 0;
            }

            good &= (rc == OPENAI_OK || rc == OPENAI_AGAIN)
                    && seen.cuts == 0 && records == files[i].messages
                    && yyjson_equals_str(
                           yyjson_obj_get(yyjson_doc_get_root(doc), "type"),
                           files[i].type);

            if (split == 0) {
                printf("# %s: %d, %u messages, %u pieces\n", files[i].name,
                       rc, (unsigned) records, seen.pieces);
            }

            yyjson_doc_free(doc);
            clear(&seen);
        }

        ok(good, name);
        free(in.data);
    }
}


int
main(int argc, char **argv)
{
    state = argc > 1 ? strtoull(argv[1], NULL, 10)
                     : (uint64_t) time(NULL) * 2654435761u + 1;

    printf("# seed %llu\n", (unsigned long long) state);

    test_frames();
    test_refused();
    test_random();
    test_bounds();
    test_sink();

    ok(run_fixtures(0) != NULL, "the repository has recordings");

    if (run_fixtures(0)) {
        test_fixtures(run_fixtures(0), "codex-websocket");
    }

    if (run_fixtures(1)) {
        test_fixtures(run_fixtures(1), "codex-0.169-websocket-codex");
    }

    free(block);

    return done_testing();
}
