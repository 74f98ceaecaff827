
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Names of JSON members, form fields and arguments that tell of a secret, and
 * paths of endpoints whose bodies carry some.  The finder of secrets and
 * capture/secrets ask here.
 *
 * Names are compared in lower case and without "-", "_" and ".".  A name is
 * matched as a whole, or by its end where the table says so: "max_tokens" and
 * "prompt_cache_key" are no secrets.
 */


#include "digest/wire/secrets_inner.h"


#define OPENAI_SECRETS_HEADS  256     /* lists of names by their ends */


typedef struct {
    const char  *segment;
    const char  *after;               /* only behind this one; NULL: any */
    uint8_t      secrecy;
} openai_secrets_segment_t;


typedef struct {
    const char  *name;
    uint8_t      len;
    uint8_t      class;
    uint8_t      end;                 /* longer names may end with it */
    uint8_t      argument;            /* of URLs and forms, too */
} openai_secrets_name_t;


static int openai_secrets_segment(const char *name, const char *p,
    size_t len);
static const openai_secrets_name_t *openai_secrets_look(const char *name,
    size_t len);
static int openai_secrets_is(const openai_secrets_name_t *known,
    const char *name, size_t len);
static inline size_t openai_secrets_letter(const char *name, size_t len);


/* segments of paths */

static const openai_secrets_segment_t  openai_secrets_segments[] = {
    { "responses", NULL, OPENAI_SECRETS_MEMBERS },
    { "messages", NULL, OPENAI_SECRETS_MEMBERS },
    { "realtime", NULL, OPENAI_SECRETS_MEMBERS },
    { "live", NULL, OPENAI_SECRETS_MEMBERS },
    { "agents", NULL, OPENAI_SECRETS_MEMBERS },
    { "conversations", NULL, OPENAI_SECRETS_MEMBERS },
    { "evals", NULL, OPENAI_SECRETS_MEMBERS },
    { "files", NULL, OPENAI_SECRETS_MEMBERS },
    { "containers", NULL, OPENAI_SECRETS_MEMBERS },
    { "client_secrets", NULL, OPENAI_SECRETS_BODY },
    { "transcription_sessions", NULL, OPENAI_SECRETS_BODY },
    { "sessions", "realtime", OPENAI_SECRETS_BODY },
    { "sessions", "realtimeapi", OPENAI_SECRETS_BODY },
    { "sessions", "chatkit", OPENAI_SECRETS_BODY },
    { "api_keys", NULL, OPENAI_SECRETS_BODY },
    { "admin_api_keys", NULL, OPENAI_SECRETS_BODY },
    { "service_accounts", NULL, OPENAI_SECRETS_BODY },
    { "webhook_endpoints", NULL, OPENAI_SECRETS_BODY },
    { "auth_tokens", NULL, OPENAI_SECRETS_BODY },
    { "keys", NULL, OPENAI_SECRETS_BODY },
    { "generate", "key", OPENAI_SECRETS_BODY },
    { "regenerate", NULL, OPENAI_SECRETS_BODY },
    { "credentials", NULL, OPENAI_SECRETS_WHOLE },
    { "oauth", NULL, OPENAI_SECRETS_WHOLE },
    { "oauth2", NULL, OPENAI_SECRETS_WHOLE },
    { "token", NULL, OPENAI_SECRETS_WHOLE },
    { NULL, NULL, 0 }
};


/* for each length, the letters that a segment above begins with */

#define openai_secrets_bit(c)  (1u << ((c) & 31))

static const uint32_t  openai_secrets_letters[] = {
    [4] = openai_secrets_bit('l') | openai_secrets_bit('k'),
    [5] = openai_secrets_bit('e') | openai_secrets_bit('f')
          | openai_secrets_bit('o') | openai_secrets_bit('t'),
    [6] = openai_secrets_bit('a') | openai_secrets_bit('o'),
    [8] = openai_secrets_bit('m') | openai_secrets_bit('r')
          | openai_secrets_bit('s') | openai_secrets_bit('a')
          | openai_secrets_bit('g'),
    [9] = openai_secrets_bit('r'),
    [10] = openai_secrets_bit('c') | openai_secrets_bit('r'),
    [11] = openai_secrets_bit('c') | openai_secrets_bit('a'),
    [13] = openai_secrets_bit('c'),
    [14] = openai_secrets_bit('c') | openai_secrets_bit('a'),
    [16] = openai_secrets_bit('s'),
    [17] = openai_secrets_bit('w'),
    [22] = openai_secrets_bit('t')
};


#define openai_secrets_whole(s, class, argument)                             \
    { s, sizeof(s) - 1, OPENAI_SECRETS_##class, 0, argument }
#define openai_secrets_ending(s, class, argument)                            \
    { s, sizeof(s) - 1, OPENAI_SECRETS_##class, 1, argument }


/* of two that match, the first one counts */

static const openai_secrets_name_t  openai_secrets_names[] = {
    openai_secrets_ending("apikey", STRONG, 1),
    openai_secrets_ending("accesskey", STRONG, 1),
    openai_secrets_ending("secretkey", STRONG, 1),
    openai_secrets_ending("privatekey", STRONG, 1),
    openai_secrets_ending("subscriptionkey", STRONG, 1),
    openai_secrets_ending("signingkey", STRONG, 1),
    openai_secrets_ending("authkey", STRONG, 1),
    openai_secrets_ending("adminkey", STRONG, 1),
    openai_secrets_ending("masterkey", STRONG, 1),
    openai_secrets_whole("userkey", STRONG, 1),
    openai_secrets_whole("key", WEAK, 1),

    openai_secrets_ending("accesstoken", STRONG, 1),
    openai_secrets_ending("refreshtoken", STRONG, 1),
    openai_secrets_ending("authtoken", STRONG, 1),
    openai_secrets_ending("authorizationtoken", STRONG, 1),
    openai_secrets_ending("sessiontoken", STRONG, 1),
    openai_secrets_ending("securitytoken", STRONG, 1),
    openai_secrets_ending("bearertoken", STRONG, 1),
    openai_secrets_ending("apitoken", STRONG, 1),
    openai_secrets_ending("oauthtoken", STRONG, 1),
    openai_secrets_ending("adtoken", STRONG, 1),
    openai_secrets_whole("idtoken", STRONG, 1),
    openai_secrets_whole("jwttoken", STRONG, 1),
    openai_secrets_whole("bottoken", STRONG, 1),
    openai_secrets_whole("hftoken", STRONG, 1),
    openai_secrets_whole("githubtoken", STRONG, 1),
    openai_secrets_whole("awsbearertokenbedrock", STRONG, 1),
    openai_secrets_ending("pagetoken", PLAIN, 0),
    openai_secrets_ending("nexttoken", PLAIN, 0),
    openai_secrets_ending("continuationtoken", PLAIN, 0),
    openai_secrets_ending("token", WEAK, 1),

    openai_secrets_ending("password", STRONG, 1),
    openai_secrets_ending("passwd", STRONG, 1),
    openai_secrets_ending("passphrase", STRONG, 1),
    openai_secrets_whole("pwd", STRONG, 1),
    openai_secrets_whole("pass", WEAK, 1),
    openai_secrets_ending("secret", STRONG, 1),
    openai_secrets_whole("domainsecrets", INSIDE, 0),
    openai_secrets_ending("secrets", INSIDE, 0),
    openai_secrets_ending("authorization", STRONG, 1),
    openai_secrets_ending("connectionstring", STRONG, 1),
    openai_secrets_ending("credential", STRONG, 1),
    openai_secrets_ending("credentials", STRONG, 1),
    openai_secrets_ending("clientassertion", STRONG, 1),
    openai_secrets_whole("codeverifier", STRONG, 1),
    openai_secrets_whole("jwt", STRONG, 1),
    openai_secrets_whole("assertion", WEAK, 1),
    openai_secrets_whole("auth", INSIDE, 1),
    openai_secrets_whole("authentication", INSIDE, 1),
    openai_secrets_whole("datasources", INSIDE, 0),
    openai_secrets_whole("env", INSIDE, 0),
    openai_secrets_whole("value", VALUE, 0),

    openai_secrets_ending("headers", HEADERS, 0),

    openai_secrets_ending("url", URL, 0),
    openai_secrets_ending("uri", URL, 0),
    openai_secrets_ending("endpoint", URL, 0),
    openai_secrets_whole("apibase", URL, 0),
    openai_secrets_whole("uris", URL, 0),

    /* names of arguments only */

    openai_secrets_whole("sig", PLAIN, 1),
    openai_secrets_whole("signature", PLAIN, 1),
    openai_secrets_whole("xamzsignature", PLAIN, 1),
    openai_secrets_whole("xgoogsignature", PLAIN, 1),
    openai_secrets_whole("awsaccesskeyid", PLAIN, 1),
    openai_secrets_whole("code", PLAIN, 1),

    /* of a schema, where "headers" names a parameter of a function */

    openai_secrets_whole("type", SCHEMA, 0),
    openai_secrets_whole("description", SCHEMA, 0),
    openai_secrets_whole("title", SCHEMA, 0),
    openai_secrets_whole("format", SCHEMA, 0),
    openai_secrets_whole("pattern", SCHEMA, 0),
    openai_secrets_whole("default", SCHEMA, 0),
    openai_secrets_whole("$ref", SCHEMA, 0),
    openai_secrets_whole("example", SCHEMA, 0),
    openai_secrets_whole("properties", OUTLINE, 0),
    openai_secrets_whole("required", OUTLINE, 0),
    openai_secrets_whole("items", OUTLINE, 0),
    openai_secrets_whole("enum", OUTLINE, 0),
    openai_secrets_whole("anyof", OUTLINE, 0),
    openai_secrets_whole("oneof", OUTLINE, 0),
    openai_secrets_whole("allof", OUTLINE, 0),

    { NULL, 0, 0, 0, 0 }
};


#define OPENAI_SECRETS_NAMES                                                 \
    (sizeof(openai_secrets_names) / sizeof(openai_secrets_names[0]))


/*
 * The names by a hash of their last three letters, made at the first question:
 * a bit for each that counts in a member, and a list of those of each hash, in
 * the order of the table.  A name's place in the table is told from 1.
 */

uint64_t         openai_secrets_name_ends[OPENAI_SECRETS_ENDS / 64];
static uint8_t   openai_secrets_heads[OPENAI_SECRETS_HEADS];
static uint8_t   openai_secrets_nexts[OPENAI_SECRETS_NAMES];
static int       openai_secrets_made;


void
openai_secrets_names_init(void)
{
    unsigned                      i, bit;
    const openai_secrets_name_t  *n;

    if (openai_secrets_made) {
        return;
    }

    /* from the last one on, so that the first one heads its list */

    for (i = OPENAI_SECRETS_NAMES - 1; i; i--) {
        n = &openai_secrets_names[i - 1];
        bit = openai_secrets_end(n->name + n->len - 3, 0x202020);

        openai_secrets_nexts[i - 1] =
                              openai_secrets_heads[bit % OPENAI_SECRETS_HEADS];
        openai_secrets_heads[bit % OPENAI_SECRETS_HEADS] = (uint8_t) i;

        if (n->class != OPENAI_SECRETS_PLAIN
            && n->class < OPENAI_SECRETS_SCHEMA
            && n->class != OPENAI_SECRETS_VALUE)
        {
            openai_secrets_name_ends[bit / 64] |= (uint64_t) 1 << bit % 64;
        }
    }

    openai_secrets_made = 1;
}


static const openai_secrets_name_t *
openai_secrets_look(const char *name, size_t len)
{
    char                          end[3];
    size_t                        i, n;
    unsigned                      at;
    const openai_secrets_name_t  *known;

    /* no name is shorter than three letters */

    for (i = len, n = 3; n; n--) {
        i = openai_secrets_letter(name, i);

        if (i == 0) {
            return NULL;
        }

        end[n - 1] = name[--i];
    }

    openai_secrets_names_init();

    for (at = openai_secrets_heads[openai_secrets_end(end, 0x202020)
                                   % OPENAI_SECRETS_HEADS];
         at;
         at = openai_secrets_nexts[at - 1])
    {
        known = &openai_secrets_names[at - 1];

        if (openai_secrets_is(known, name, len)) {
            return known;
        }
    }

    return NULL;
}


/* the name is this one, or ends with it; most differ in their last letters */

static int
openai_secrets_is(const openai_secrets_name_t *known, const char *name,
    size_t len)
{
    char    c;
    size_t  n;

    for (n = known->len; n; n--) {
        len = openai_secrets_letter(name, len);

        if (len == 0) {
            return 0;
        }

        c = name[--len];

        if (((c >= 'A' && c <= 'Z') ? (c | 0x20) : c) != known->name[n - 1]) {
            return 0;
        }
    }

    return known->end || openai_secrets_letter(name, len) == 0;
}


/* returns where the last letter of name[0, len) ends: "_", "-" and "." do not
   count */

static inline size_t
openai_secrets_letter(const char *name, size_t len)
{
    while (len && (name[len - 1] == '_' || name[len - 1] == '-'
                   || name[len - 1] == '.'))
    {
        len--;
    }

    return len;
}


openai_secrets_class_e
openai_secrets_name(const char *name, size_t len)
{
    const openai_secrets_name_t  *known;

    known = openai_secrets_look(name, len);

    return known ? known->class : OPENAI_SECRETS_PLAIN;
}


int
openai_secrets_argument(const char *name, size_t len)
{
    const openai_secrets_name_t  *known;

    /* "key[]", "key[0]" */

    if (len && name[len - 1] == ']') {
        for ( /* void */ ; len && name[len - 1] != '['; len--) { /* void */ }

        len -= (len != 0);
    }

    known = openai_secrets_look(name, len);

    return known && known->argument;
}


openai_secrecy_e
openai_secrets_path(openai_str_t uri)
{
    size_t                           len, before;
    const char                      *p, *last, *end;
    openai_secrecy_e                 found;
    const openai_secrets_segment_t  *segment;

    p = uri.data;
    last = p + uri.len;
    before = 0;
    found = OPENAI_SECRETS_NONE;

    for (end = p; end < last && *end != '?'; p = end + 1) {

        for (end = p; end < last && *end != '/' && *end != '?'; end++) {
            /* void */
        }

        len = end - p;

        if (len && len < sizeof(openai_secrets_letters) / sizeof(uint32_t)
            && (openai_secrets_letters[len] & openai_secrets_bit(*p)))
        {
            for (segment = openai_secrets_segments; segment->segment;
                 segment++)
            {
                if (openai_secrets_segment(segment->segment, p, len)
                    && (segment->after == NULL
                        || openai_secrets_segment(segment->after,
                                                  p - 1 - before, before))
                    && segment->secrecy > found)
                {
                    found = segment->secrecy;
                }
            }
        }

        before = len;
    }

    return found;
}


static int
openai_secrets_segment(const char *name, const char *p, size_t len)
{
    return len && name[0] == *p && strncmp(name, p, len) == 0
           && name[len] == '\0';
}
