
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The session in a user id.  The meter and thread/run.c call this.
 */


#include <string.h>

#include "digest/json/ids.h"


static const char *openai_ids_find(openai_str_t s, const char *key);


openai_str_t
openai_user_session(openai_str_t user)
{
    const char    *p, *end, *last;
    openai_str_t   session = { "", 0 };

    if (user.len == 0) {
        return session;
    }

    last = user.data + user.len;

    if (user.data[0] != '{') {

        p = openai_ids_find(user, "_session_");

        if (p) {
            session.data = p;
            session.len = last - p;
        }

        return session;
    }

    p = openai_ids_find(user, "\"session_id\"");

    while (p && p < last && (*p == ' ' || *p == ':')) {
        p++;
    }

    if (p == NULL || p == last || *p++ != '"') {
        return session;
    }

    /* the end is missing when the user id is too long for the meter */

    end = memchr(p, '"', last - p);

    if (end) {
        session.data = p;
        session.len = end - p;
    }

    return session;
}


/* returns what is behind the key, or NULL */

static const char *
openai_ids_find(openai_str_t s, const char *key)
{
    size_t  i, len;

    len = strlen(key);

    for (i = 0; i + len <= s.len; i++) {

        if (memcmp(s.data + i, key, len) == 0) {
            return s.data + i + len;
        }
    }

    return NULL;
}
