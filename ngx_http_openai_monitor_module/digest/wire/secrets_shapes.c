
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Keys that are known by their shape: the public prefixes of those who issue
 * them, as documented by the issuers and listed by secret scanners.  The
 * finder of secrets asks here at each place where a prefix may be, and
 * capture/secrets where a head has text.
 *
 * The prefix is kept, so that a reader sees whose key it was.  What follows it
 * has to look random in an ordinary body, because people write "sk-learn" and
 * "hf_hub" there.
 */


#include "digest/wire/secrets_inner.h"


#define OPENAI_SECRETS_KEY     8      /* letters of a key behind its prefix */
#define OPENAI_SECRETS_LOOK    40     /* bytes that have to look random */
#define OPENAI_SECRETS_JWT     512    /* bytes of its first part */


typedef enum {
    OPENAI_SECRETS_RANDOM = 0,
    OPENAI_SECRETS_UPPER,              /* 16 capital letters or digits */
    OPENAI_SECRETS_JSON_TOKEN,         /* three parts of base64url */
    OPENAI_SECRETS_PEM
} openai_secrets_shape_e;


typedef struct {
    const char  *prefix;
    uint8_t      tells;                /* offset of the byte that is sought */
    uint8_t      min;                  /* bytes behind the prefix */
    uint8_t      shape;
    uint8_t      run;
} openai_secrets_shape_t;


static int openai_secrets_token(const char *p, const char *last, int more);
static int openai_secrets_upper(const char *p, const char *last, int more);
static int openai_secrets_edge(const char *first, const char *p);
static int openai_secrets_armor(const char *p, const char *last, int more,
    const char **secret);


#define openai_secrets_key(prefix, min)                                      \
    { prefix, sizeof(prefix) - 2, min, OPENAI_SECRETS_RANDOM,                \
      OPENAI_SECRETS_RUN_KEY }


static const openai_secrets_shape_t  openai_secrets_shapes[] = {

    /* models: OpenAI, Anthropic, DeepSeek, OpenRouter, gateways; Google; and
       others */

    openai_secrets_key("sk-", 16),
    openai_secrets_key("sk_", 16),
    openai_secrets_key("sess-", 16),
    openai_secrets_key("ek_", 16),
    { "AIza", 2, 20, OPENAI_SECRETS_RANDOM, OPENAI_SECRETS_RUN_KEY },
    { "ya29.", 4, 20, OPENAI_SECRETS_RANDOM, OPENAI_SECRETS_RUN_DOTS },
    { "auth_tokens/", 4, 16, OPENAI_SECRETS_RANDOM, OPENAI_SECRETS_RUN_KEY },
    openai_secrets_key("GOCSPX-", 16),
    openai_secrets_key("gsk_", 16),
    openai_secrets_key("xai-", 20),
    openai_secrets_key("hf_", 16),
    openai_secrets_key("r8_", 16),
    openai_secrets_key("fw_", 16),
    openai_secrets_key("pplx-", 16),
    openai_secrets_key("nvapi-", 16),
    openai_secrets_key("csk-", 16),
    openai_secrets_key("tgp_", 16),
    openai_secrets_key("jina_", 16),
    openai_secrets_key("tvly-", 16),
    openai_secrets_key("pcsk_", 16),
    openai_secrets_key("lsv2_", 16),
    openai_secrets_key("rpa_", 16),
    openai_secrets_key("fc-", 32),
    { "bedrock-api-key-", 7, 16, OPENAI_SECRETS_RANDOM,
      OPENAI_SECRETS_RUN_BASE64 },
    { "ABSKQmV", 6, 16, OPENAI_SECRETS_RANDOM, OPENAI_SECRETS_RUN_BASE64 },

    /* clouds and tools */

    { "AKIA", 3, 16, OPENAI_SECRETS_UPPER, OPENAI_SECRETS_RUN_KEY },
    { "ASIA", 3, 16, OPENAI_SECRETS_UPPER, OPENAI_SECRETS_RUN_KEY },
    openai_secrets_key("ghp_", 16),
    openai_secrets_key("gho_", 16),
    openai_secrets_key("ghu_", 16),
    openai_secrets_key("ghs_", 16),
    openai_secrets_key("ghr_", 16),
    openai_secrets_key("github_pat_", 16),
    openai_secrets_key("glpat-", 16),
    openai_secrets_key("glrt-", 16),
    openai_secrets_key("gldt-", 16),
    openai_secrets_key("xoxb-", 16),
    openai_secrets_key("xoxp-", 16),
    openai_secrets_key("xoxa-", 16),
    openai_secrets_key("xoxr-", 16),
    openai_secrets_key("xoxs-", 16),
    openai_secrets_key("xoxe-", 16),
    openai_secrets_key("xapp-", 16),
    openai_secrets_key("whsec_", 16),
    openai_secrets_key("rk_live_", 16),
    openai_secrets_key("rk_test_", 16),
    openai_secrets_key("npm_", 16),
    openai_secrets_key("pypi-", 16),
    openai_secrets_key("dop_v1_", 16),
    openai_secrets_key("lin_api_", 16),
    openai_secrets_key("ntn_", 16),
    openai_secrets_key("shpat_", 16),
    openai_secrets_key("glsa_", 16),
    openai_secrets_key("dckr_pat_", 16),
    openai_secrets_key("PMAK-", 16),
    openai_secrets_key("NRAK-", 16),
    { "hvs.", 3, 16, OPENAI_SECRETS_RANDOM, OPENAI_SECRETS_RUN_KEY },
    { "SG.", 2, 16, OPENAI_SECRETS_RANDOM, OPENAI_SECRETS_RUN_DOTS },

    { "eyJ", 2, 10, OPENAI_SECRETS_JSON_TOKEN, OPENAI_SECRETS_RUN_DOTS },
    { "-----BEGIN ", 4, 0, OPENAI_SECRETS_PEM, OPENAI_SECRETS_RUN_PEM },

    { NULL, 0, 0, 0, 0 }
};


/* in errors these count whatever follows them */

static const char *const  openai_secrets_prefixes[] = {
    "sk-", "sk_", "ek_", "AIza", "gsk_", "xai-", "hf_", "r8_", "fw_", "pplx-",
    "eyJ", "sess-", "whsec_", "nvapi-", "csk-", "tgp_", NULL
};


/* a bit for the telling byte of each shape and the two before it, by a hash of
   them; made at the first question */

uint64_t  openai_secrets_shape_ends[OPENAI_SECRETS_ENDS / 64];


void
openai_secrets_shapes_init(void)
{
    unsigned                       bit;
    const openai_secrets_shape_t  *s;

    for (s = openai_secrets_shapes; s->prefix; s++) {
        bit = openai_secrets_end(s->prefix + s->tells - 2, 0);
        openai_secrets_shape_ends[bit / 64] |= (uint64_t) 1 << bit % 64;
    }
}


int
openai_secrets_in_run(unsigned run, char c)
{
    if (run == OPENAI_SECRETS_RUN_FIELD) {
        return c != '&' && c != '\r' && c != '\n';
    }

    if (run == OPENAI_SECRETS_RUN_LINE) {
        return c != '\r' && c != '\n';
    }

    if (openai_secrets_alnum(c)) {
        return 1;
    }

    switch (run) {

    case OPENAI_SECRETS_RUN_KEY:
        return c == '-' || c == '_';

    case OPENAI_SECRETS_RUN_DOTS:
        return c == '-' || c == '_' || c == '.';

    case OPENAI_SECRETS_RUN_BASE64:
        return c == '-' || c == '_' || c == '+' || c == '/' || c == '=';

    case OPENAI_SECRETS_RUN_PEM:
        return c == '+' || c == '/' || c == '=' || c == '\r' || c == '\n'
               || c == ' ';

    default:
        return c == '-' || c == '_' || c == '.' || c == '~' || c == '*';
    }
}


/* where a letter, digit or capital follows another kind without a sign between
   them: words that people join have few of these places */

int
openai_secrets_random(const char *p, const char *last, size_t min, int more)
{
    size_t    n;
    unsigned  kind, before, changes, digits;

    before = 0;
    changes = 0;
    digits = 0;

    for (n = 0; n < OPENAI_SECRETS_LOOK; n++) {

        if (p + n == last) {

            if (more) {
                return OPENAI_SECRETS_MORE;
            }

            break;
        }

        if (openai_secrets_digit(p[n])) {
            kind = 1;
            digits++;

        } else if (p[n] >= 'a' && p[n] <= 'z') {
            kind = 2;

        } else if (p[n] >= 'A' && p[n] <= 'Z') {
            kind = 3;

        } else if (p[n] && strchr("-_.+/=~", p[n])) {
            kind = 0;

        } else {
            break;
        }

        changes += (kind && before && kind != before);
        before = kind;
    }

    return n >= min
           && ((digits && changes >= 3) || digits >= 8
               || (n >= 20 && changes >= 6));
}


static int
openai_secrets_upper(const char *p, const char *last, int more)
{
    size_t  n;

    for (n = 0; n < 16; n++) {

        if (p + n == last) {
            return more ? OPENAI_SECRETS_MORE : 0;
        }

        if (!openai_secrets_digit(p[n]) && (p[n] < 'A' || p[n] > 'Z')) {
            return 0;
        }
    }

    return p + n == last || !openai_secrets_alnum(p[n]);
}


/* base64 of any object begins with "eyJ": a token has a second one behind the
   first */

static int
openai_secrets_token(const char *p, const char *last, int more)
{
    const char  *end;

    for (end = p;
         end < last && openai_secrets_in_run(OPENAI_SECRETS_RUN_KEY, *end);
         end++)
    {
        if (end - p > OPENAI_SECRETS_JWT) {
            return 0;
        }
    }

    if (end - p < 10 && end < last) {
        return 0;
    }

    if (last - end < 4) {
        return more ? OPENAI_SECRETS_MORE : 0;
    }

    return memcmp(end, ".eyJ", 4) == 0;
}


/* "-----BEGIN RSA PRIVATE KEY-----"; *secret is behind it */

static int
openai_secrets_armor(const char *p, const char *last, int more,
    const char **secret)
{
    size_t       n;
    const char  *end;

    n = last - p < 48 ? last - p : 48;
    end = memchr(p, '-', n);

    if (end == NULL) {
        return (n < 48 && more) ? OPENAI_SECRETS_MORE : 0;
    }

    if (end - p < 11 || memcmp(end - 11, "PRIVATE KEY", 11) != 0) {
        return 0;
    }

    if (last - end < 5) {
        return more ? OPENAI_SECRETS_MORE : 0;
    }

    *secret = end + 5;

    return 1;
}


/* no letter of a word is before p; that of an escape is none */

static int
openai_secrets_edge(const char *first, const char *p)
{
    if (p == first || !openai_secrets_alnum(p[-1])) {
        return 1;
    }

    if (p - first >= 2 && p[-2] == '\\') {
        return strchr("ntrbf", p[-1]) != NULL;
    }

    if (p - first >= 3 && p[-3] == '%') {
        return 1;
    }

    return p - first >= 6 && p[-6] == '\\' && p[-5] == 'u';
}


int
openai_secrets_shape_at(const char *first, const char *p, const char *last,
    int more, const char **secret, unsigned *run)
{
    int                            rc;
    size_t                         n, rest;
    const char                    *start;
    const openai_secrets_shape_t  *s;

    for (s = openai_secrets_shapes; s->prefix; s++) {

        if (s->prefix[s->tells] != *p || p - first < s->tells
            || memcmp(p - s->tells, s->prefix, s->tells) != 0)
        {
            continue;
        }

        start = p - s->tells;

        if (!openai_secrets_edge(first, start)) {
            continue;
        }

        n = strlen(s->prefix);
        rest = last - start;

        if (memcmp(start, s->prefix, n < rest ? n : rest) != 0) {
            continue;
        }

        if (rest < n) {

            if (more) {
                return OPENAI_SECRETS_MORE;
            }

            continue;
        }

        start += n;
        *secret = start;
        *run = s->run;

        switch (s->shape) {

        case OPENAI_SECRETS_UPPER:
            rc = openai_secrets_upper(start, last, more);
            break;

        case OPENAI_SECRETS_JSON_TOKEN:
            rc = openai_secrets_token(start, last, more);
            break;

        case OPENAI_SECRETS_PEM:
            rc = openai_secrets_armor(start, last, more, secret);
            break;

        default:
            rc = openai_secrets_random(start, last, s->min, more);
        }

        if (rc) {
            return rc;
        }
    }

    return 0;
}


int
openai_secrets_prefix(const char *p, const char *last)
{
    size_t       i, n, rest;
    const char  *prefix;

    rest = last - p;

    for (i = 0; openai_secrets_prefixes[i]; i++) {
        prefix = openai_secrets_prefixes[i];

        if (prefix[0] != *p) {
            continue;
        }

        n = strlen(prefix);

        if (memcmp(prefix, p, n < rest ? n : rest) == 0) {
            return n <= rest ? (int) n : OPENAI_SECRETS_MORE;
        }
    }

    return 0;
}


size_t
openai_secrets_shape(const char *p, const char *last)
{
    int                            n;
    unsigned                       run;
    const char                    *end, *secret;
    const openai_secrets_shape_t  *s;

    n = openai_secrets_prefix(p, last);

    if (n > 0) {
        for (end = p + n;
             end < last && openai_secrets_in_run(OPENAI_SECRETS_RUN_TEXT,
                                                 *end);
             end++)
        {
            /* void */
        }

        if (end - p >= n + OPENAI_SECRETS_KEY) {
            return end - p;
        }
    }

    for (s = openai_secrets_shapes; s->prefix; s++) {

        if (s->prefix[0] != *p || last - p <= s->tells
            || s->prefix[s->tells] != p[s->tells]
            || openai_secrets_shape_at(p, p + s->tells, last, 0, &secret, &run)
               <= 0)
        {
            continue;
        }

        for (end = secret;
             end < last && openai_secrets_in_run(run, *end);
             end++)
        {
            /* void */
        }

        return end - p;
    }

    return 0;
}
