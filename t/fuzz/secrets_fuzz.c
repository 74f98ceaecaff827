
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: masking a body changes bytes into "*" and does nothing else.  It
 * changes the same bytes for all sizes of pieces, and a known word is gone.
 * The first byte of the input chooses what is secret and how the body is
 * written, the second the size of the pieces.  Pieces may be skipped as idle.
 */


#include <stdlib.h>
#include <string.h>

#include "digest/wire/secrets.h"


#define WORD  "hunter-2-hunter"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static char *
run(unsigned what, const uint8_t *in, size_t len, size_t piece)
{
    char                   *out, *buf;
    size_t                  n, from, held, done, settled;
    openai_str_t            word = openai_str(WORD);
    openai_secrets_t        s;
    openai_secrets_words_t  words;

    words.n = 0;
    openai_secrets_word(&words, word);

    openai_secrets_init(&s, what & 3, what >> 2 & 1);
    s.words = &words;
    s.form = (what >> 4) % 3;

    out = malloc(len);
    held = 0;
    done = 0;

    for (from = 0; from < len; from += n) {
        n = piece < len - from ? piece : len - from;

        if (held == 0 && (what & 8)
            && openai_secrets_idle(&s, (const char *) in + from, n))
        {
            memcpy(out + done, in + from, n);
            done += n;
            continue;
        }

        /* its own block, so that the sanitizer sees a byte too much */

        buf = malloc(held + n);
        memcpy(buf, in + done, held);
        memcpy(buf + held, in + from, n);

        settled = openai_secrets_find(&s, buf, held + n, from + n == len);

        if (settled > held + n || held + n - settled > OPENAI_SECRETS_HOLD) {
            abort();
        }

        memcpy(out + done, buf, settled);
        done += settled;
        held = held + n - settled;

        free(buf);
    }

    if (done < len) {
        memcpy(out + done, in + done, len - done);
    }

    return out;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char    *whole, *pieces;
    size_t   i;

    if (size < 3) {
        return 0;
    }

    whole = run(data[0], data + 2, size - 2, size);
    pieces = run(data[0], data + 2, size - 2, 1 + data[1]);

    for (i = 0; i < size - 2; i++) {
        if (whole[i] != pieces[i]
            || (pieces[i] != (char) data[2 + i] && pieces[i] != '*')
            || (whole[i] != (char) data[2 + i] && whole[i] != '*'))
        {
            abort();
        }
    }

    if ((data[0] & 4) && memmem(whole, size - 2, WORD, strlen(WORD))) {
        abort();
    }

    free(whole);
    free(pieces);

    return 0;
}
