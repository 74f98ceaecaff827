
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * Who belongs to whom: the rules by which records become conversations and
 * runs.  thread.c calls the readers; view/read/threads.c calls the rest.
 *
 * A rule about a client is a row of one of the tables below, or a header in
 * json/ids.h.  The decision itself is openai_run_link(); docs/conversations.md
 * has it as a table.
 */


#include <string.h>
#include <strings.h>

#include "digest/json/ids.h"
#include "digest/json/json.h"
#include "digest/thread/hash.h"


/* a session of fewer bytes may be somebody else's, too */

#define OPENAI_RUN_SURE     16

/* bytes of a text that are searched for a phrase */

#define OPENAI_RUN_LOOK     600

/* messages behind the system's that may hold a phrase, because agents put
   their environment in front */

#define OPENAI_RUN_FIRST    3

#define OPENAI_RUN_DEPTH    4


typedef enum {
    OPENAI_RUN_ID_SESSION = 0,
    OPENAI_RUN_ID_THREAD,
    OPENAI_RUN_ID_AGENT,
    OPENAI_RUN_ID_KIND,
    OPENAI_RUN_ID_CALLER,
    OPENAI_RUN_ID_CONVERSATION,
    OPENAI_RUN_ID_PREVIOUS,
    OPENAI_RUN_ID_USER,        /* with a session in it */
    OPENAI_RUN_ID_OTHER
} openai_run_id_e;


typedef struct {
    const char       *name;
    openai_run_id_e   what;
} openai_run_name_t;


static void openai_run_take(openai_run_t *run, openai_run_id_e what,
    openai_str_t id);
static void openai_run_members(openai_run_t *run, yyjson_val *object,
    const openai_run_name_t *names);
static void openai_run_messages(openai_run_t *run, yyjson_val *messages);
static int openai_run_by_model(yyjson_val *message);
static int openai_run_title(const openai_run_t *run,
    const openai_request_t *r);
static int openai_run_probe(const openai_request_t *r);
static int openai_run_begins(yyjson_val *messages,
    const char *const *phrases);
static int openai_run_says(yyjson_val *val, const char *const *phrases,
    unsigned depth);
static int openai_run_text_says(const char *text, size_t len,
    const char *const *phrases);
static const char *openai_run_find(const char *text, size_t len,
    const char *phrase);
static openai_link_t openai_run_by_messages(const openai_side_t *prev,
    const openai_side_t *next, uint32_t common);
static int openai_run_session(const openai_side_t *prev,
    const openai_side_t *next);
static int openai_run_compacted(const openai_side_t *prev,
    const openai_side_t *next);


#define openai_run_header(name, what, rank)  { name, OPENAI_RUN_ID_##what },

static const openai_run_name_t  openai_run_headers[] = {
    OPENAI_ID_HEADERS(openai_run_header)
    { NULL, OPENAI_RUN_ID_OTHER }
};


/* members of the request; "conversation" may be an object with an "id" */

static const openai_run_name_t  openai_run_request[] = {
    { "previous_response_id", OPENAI_RUN_ID_PREVIOUS },
    { "previous_interaction_id", OPENAI_RUN_ID_PREVIOUS },
    { "conversation", OPENAI_RUN_ID_CONVERSATION },
    { "session_id", OPENAI_RUN_ID_SESSION },
    { "litellm_session_id", OPENAI_RUN_ID_SESSION },
    { NULL, OPENAI_RUN_ID_OTHER }
};


static const openai_run_name_t  openai_run_metadata[] = {
    { "session_id", OPENAI_RUN_ID_SESSION },
    { "user_id", OPENAI_RUN_ID_USER },
    { "conversation_id", OPENAI_RUN_ID_CONVERSATION },
    { "thread_id", OPENAI_RUN_ID_CONVERSATION },
    { NULL, OPENAI_RUN_ID_OTHER }
};


/* how clients begin what replaces the history */

static const char *const  openai_run_summaries[] = {
    "This session is being continued from a previous conversation",
    "Another language model started to solve this problem",
    "The conversation history before this point was compacted",
    "<state_snapshot>",
    "<conversation_summary>",
    "<compacted_history>",
    "Summary of the conversation so far",
    NULL
};


/* how clients ask for a title, in the system prompt or the first message */

static const char *const  openai_run_titles[] = {
    "title generator",
    "generate a title",
    "generate a short title",
    "generate a brief title",
    "generate a concise",
    "write a title",
    "write a short title",
    "come up with a title",
    "word title",
    "word-or-less title",
    "title for the conversation",
    "title for this conversation",
    "title for this chat",
    "title of this conversation",
    "succinct title",
    "new conversation topic",
    NULL
};


/* parts of the names of tools that start sub-agents */

static const char *const  openai_run_agents[] = {
    "agent", "task", "delegate", "spawn", NULL
};


void
openai_run_head(openai_run_t *run, const openai_exchange_t *ex)
{
    size_t                    len;
    const char               *p, *end, *last;
    openai_str_t              value;
    const openai_run_name_t  *name;

    /* without a head there is no pointer */

    p = ex->request_head.len ? ex->request_head.data : "";
    last = p + ex->request_head.len;

    for ( /* void */ ; p < last; p = end + 1) {
        end = memchr(p, '\n', last - p);
        end = end ? end : last;

        for (name = openai_run_headers; name->name; name++) {
            len = strlen(name->name);

            if ((size_t) (end - p) > len + 2 && p[len] == ':'
                && strncasecmp(p, name->name, len) == 0)
            {
                value.data = p + len + 2;
                value.len = end - value.data;

                openai_run_take(run, name->what, value);
                break;
            }
        }
    }

    if (openai_run_find(ex->uri.data, ex->uri.len, "count_tokens")
        || openai_run_find(ex->uri.data, ex->uri.len, ":countTokens")
        || openai_run_find(ex->uri.data, ex->uri.len, "/input_tokens"))
    {
        run->flags |= OPENAI_RUN_UTILITY;
    }
}


void
openai_run_body(openai_run_t *run, const openai_request_t *r)
{
    openai_run_members(run, r->root, openai_run_request);
    openai_run_members(run, yyjson_obj_get(r->root, "metadata"),
                       openai_run_metadata);

    openai_run_messages(run, r->messages);

    if (openai_run_begins(r->messages, openai_run_summaries)) {
        run->flags |= OPENAI_RUN_SUMMARY;
    }

    if (openai_run_title(run, r) || openai_run_probe(r)) {
        run->flags |= OPENAI_RUN_UTILITY;
    }
}


/* the first id of a kind stays: the tables have the better ones in front */

static void
openai_run_take(openai_run_t *run, openai_run_id_e what, openai_str_t id)
{
    uint64_t  *to;

    if (what == OPENAI_RUN_ID_USER) {
        id = openai_user_session(id);
        what = OPENAI_RUN_ID_SESSION;
    }

    if (id.len == 0) {
        return;
    }

    switch (what) {

    case OPENAI_RUN_ID_SESSION:
        to = &run->session;

        if (*to == 0 && id.len >= OPENAI_RUN_SURE) {
            run->flags |= OPENAI_RUN_LONG;
        }

        break;

    case OPENAI_RUN_ID_AGENT:
        run->flags |= OPENAI_RUN_AGENT;
        to = &run->thread;
        break;

    case OPENAI_RUN_ID_KIND:
        run->flags |= OPENAI_RUN_AGENT;
        return;

    case OPENAI_RUN_ID_THREAD:
        to = &run->thread;
        break;

    case OPENAI_RUN_ID_CALLER:
        run->flags |= OPENAI_RUN_AGENT;
        to = &run->caller;
        break;

    case OPENAI_RUN_ID_CONVERSATION:
        to = &run->conversation;
        break;

    case OPENAI_RUN_ID_PREVIOUS:
        to = &run->previous;
        break;

    default:
        return;
    }

    if (*to == 0) {
        *to = openai_run_id(id.data, id.len);
    }
}


uint64_t
openai_run_id(const char *id, size_t len)
{
    uint64_t       hash;
    openai_hash_t  h;

    if (len == 0) {
        return 0;
    }

    openai_hash_init(&h);
    openai_hash_bytes(&h, id, len);

    hash = openai_hash_done(&h);

    return hash ? hash : 1;
}


static void
openai_run_members(openai_run_t *run, yyjson_val *object,
    const openai_run_name_t *names)
{
    yyjson_val  *val;

    for ( /* void */ ; names->name; names++) {
        val = yyjson_obj_get(object, names->name);

        if (yyjson_is_obj(val)) {
            val = yyjson_obj_get(val, "id");
        }

        if (yyjson_is_str(val)) {
            openai_run_take(run, names->what, openai_val_str(val));
        }
    }
}


static void
openai_run_messages(openai_run_t *run, yyjson_val *messages)
{
    size_t          i, n;
    yyjson_val     *message;
    openai_hash_t   h;

    yyjson_arr_foreach(messages, i, n, message) {

        if (run->answered == 0 && openai_run_by_model(message)) {
            run->answered = (uint32_t) i + 1;
        }

        if (yyjson_equals_str(yyjson_obj_get(message, "type"), "compaction")) {
            run->flags |= OPENAI_RUN_SUMMARY;
        }

        /* how a run begins, all runs of a command share */

        if (run->answered == 0 || i + OPENAI_RUN_TAIL < n) {
            continue;
        }

        openai_hash_init(&h);

        if (openai_hash_json(&h, message) == OPENAI_OK) {
            run->tail[run->ntail++] = openai_hash_done(&h);
        }
    }
}


/* Responses has items without a role: those that are no output of a tool are
   the model's */

static int
openai_run_by_model(yyjson_val *message)
{
    openai_str_t  role, type;

    role = openai_get_str(message, "role");

    if (role.len) {
        return openai_str_is(role, "assistant") || openai_str_is(role, "model");
    }

    type = openai_get_str(message, "type");

    return type.len && !openai_str_is(type, "message")
           && !openai_str_is(type, "compaction")
           && openai_run_find(type.data, type.len, "_output") == NULL
           && openai_run_find(type.data, type.len, "reference") == NULL;
}


/* A title is asked of a model that has no tools, in one request. */

static int
openai_run_title(const openai_run_t *run, const openai_request_t *r)
{
    yyjson_val  *tools;

    tools = yyjson_obj_get(r->root, "tools");

    if (run->answered || yyjson_arr_size(tools)) {
        return 0;
    }

    return openai_run_says(r->system, openai_run_titles, 0)
           || openai_run_begins(r->messages, openai_run_titles);
}


/* A client that asks for one token wants to know whether it may ask. */

static int
openai_run_probe(const openai_request_t *r)
{
    size_t        i;
    yyjson_val   *max;

    static const char *const  names[] = {
        "max_tokens", "max_completion_tokens", "max_output_tokens"
    };

    if (yyjson_arr_size(r->messages) != 1) {
        return 0;
    }

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        max = yyjson_obj_get(r->root, names[i]);

        if (yyjson_is_raw(max) && yyjson_get_len(max) == 1
            && yyjson_get_raw(max)[0] == '1')
        {
            return 1;
        }
    }

    return 0;
}


/* one of the first messages of the user, or of the leading ones of the system,
   has a phrase */

static int
openai_run_begins(yyjson_val *messages, const char *const *phrases)
{
    size_t        i, n, said;
    yyjson_val   *message;
    openai_str_t  role;

    if (yyjson_is_str(messages)) {
        return openai_run_says(messages, phrases, 0);
    }

    said = 0;

    yyjson_arr_foreach(messages, i, n, message) {
        role = openai_get_str(message, "role");

        if (!openai_str_is(role, "system")
            && !openai_str_is(role, "developer")
            && ++said > OPENAI_RUN_FIRST)
        {
            break;
        }

        if (openai_run_by_model(message)) {
            break;
        }

        if (openai_run_says(message, phrases, 0)) {
            return 1;
        }
    }

    return 0;
}


static int
openai_run_says(yyjson_val *val, const char *const *phrases, unsigned depth)
{
    size_t       i, n;
    yyjson_val  *element;

    if (depth > OPENAI_RUN_DEPTH) {
        return 0;
    }

    if (yyjson_is_str(val)) {
        return openai_run_text_says(yyjson_get_str(val), yyjson_get_len(val),
                                    phrases);
    }

    yyjson_arr_foreach(val, i, n, element) {

        if (openai_run_says(element, phrases, depth + 1)) {
            return 1;
        }
    }

    return yyjson_is_obj(val)
           && (openai_run_says(yyjson_obj_get(val, "content"), phrases,
                               depth + 1)
               || openai_run_says(yyjson_obj_get(val, "text"), phrases,
                                  depth + 1)
               || openai_run_says(yyjson_obj_get(val, "parts"), phrases,
                                  depth + 1));
}


static int
openai_run_text_says(const char *text, size_t len, const char *const *phrases)
{
    if (len > OPENAI_RUN_LOOK) {
        len = OPENAI_RUN_LOOK;
    }

    for ( /* void */ ; *phrases; phrases++) {

        if (openai_run_find(text, len, *phrases)) {
            return 1;
        }
    }

    return 0;
}


static const char *
openai_run_find(const char *text, size_t len, const char *phrase)
{
    size_t  n;

    n = strlen(phrase);

    for ( /* void */ ; len >= n; text++, len--) {

        if (((text[0] ^ phrase[0]) & ~0x20) == 0
            && strncasecmp(text, phrase, n) == 0)
        {
            return text;
        }
    }

    return NULL;
}


openai_link_t
openai_run_link(const openai_side_t *prev, const openai_side_t *next,
    uint32_t common)
{
    openai_link_t        link;
    const openai_run_t  *a, *b;

    a = prev->run;
    b = next->run;

    if (a->flags & OPENAI_RUN_UTILITY) {
        return OPENAI_LINK_NONE;
    }

    if (b->previous) {
        return b->previous == prev->response ? OPENAI_LINK_PREVIOUS
                                             : OPENAI_LINK_NONE;
    }

    /* ids keep apart what differs in them */

    if (!openai_run_session(prev, next)
        && ((a->session && b->session) || strcmp(prev->key, next->key) != 0))
    {
        return OPENAI_LINK_NONE;
    }

    if (a->thread != b->thread
        && ((a->thread && b->thread) || openai_run_session(prev, next)))
    {
        return OPENAI_LINK_NONE;
    }

    if (a->conversation && b->conversation
        && a->conversation != b->conversation)
    {
        return OPENAI_LINK_NONE;
    }

    link = openai_run_by_messages(prev, next, common);

    if (link == OPENAI_LINK_NONE && a->conversation
        && a->conversation == b->conversation)
    {
        return OPENAI_LINK_NAMED;
    }

    if (link == OPENAI_LINK_NONE && openai_run_compacted(prev, next)) {
        return OPENAI_LINK_COMPACTED;
    }

    return link;
}


static openai_link_t
openai_run_by_messages(const openai_side_t *prev, const openai_side_t *next,
    uint32_t common)
{
    int                     answer, close;
    const openai_thread_t  *a, *b;

    a = prev->thread;
    b = next->thread;

    /* the link of a leading system message is its number */

    if (common == 0 || common > b->kept || b->prefix[common - 1] == common) {
        return OPENAI_LINK_NONE;
    }

    close = a->system == b->system || openai_run_session(prev, next);
    answer = next->run->answered && next->run->answered <= common;

    if (common == a->messages && common == b->messages) {

        if (answer) {
            return close ? OPENAI_LINK_MESSAGES : OPENAI_LINK_NONE;
        }

        return a->system == b->system && a->tools == b->tools
               && a->settings == b->settings ? OPENAI_LINK_AGAIN
                                             : OPENAI_LINK_NONE;
    }

    /* of a long request only the first half is compared */

    if (common == a->messages
        || (common == OPENAI_THREAD_KEPT / 2 && a->messages > a->kept
            && b->messages >= a->messages))
    {
        if (answer || next->run->answered == common + 1) {
            return close ? OPENAI_LINK_MESSAGES : OPENAI_LINK_ANSWER;
        }

        return a->system == b->system ? OPENAI_LINK_MESSAGES
                                      : OPENAI_LINK_NONE;
    }

    /* Something in the middle is another one.  Prompts with examples look like
       a conversation, too, but nothing comes before their first request. */

    return answer && close && 2 * common >= a->kept
           && (prev->child || (common > OPENAI_RUN_FIRST
                               && openai_run_session(prev, next)))
           ? OPENAI_LINK_MESSAGES : OPENAI_LINK_NONE;
}


static int
openai_run_session(const openai_side_t *prev, const openai_side_t *next)
{
    return prev->run->session && prev->run->session == next->run->session
           && ((next->run->flags & OPENAI_RUN_LONG)
               || strcmp(prev->key, next->key) == 0);
}


/* the same agent goes on with a shorter history, which says that it is a
   summary, or ends as the longer one did */

static int
openai_run_compacted(const openai_side_t *prev, const openai_side_t *next)
{
    uint32_t                i, j, same;
    const openai_run_t     *a, *b;
    const openai_thread_t  *one, *two;

    a = prev->run;
    b = next->run;
    one = prev->thread;
    two = next->thread;

    if (one->messages < OPENAI_RUN_FIRST || one->messages <= two->messages
        || one->system != two->system || one->tools != two->tools
        || (one->system == 0 && one->tools == 0))
    {
        return 0;
    }

    if (b->flags & OPENAI_RUN_SUMMARY) {
        return 1;
    }

    same = 0;

    for (i = 0; i < a->ntail; i++) {
        for (j = 0; j < b->ntail; j++) {
            same += (a->tail[i] == b->tail[j]);
        }
    }

    return same >= 2;
}


int
openai_run_same(const openai_side_t *prev, const openai_side_t *next)
{
    return openai_run_session(prev, next);
}


int
openai_run_starts_agent(const char *tools)
{
    size_t              len;
    const char *const  *part;

    len = strlen(tools);

    for (part = openai_run_agents; *part; part++) {

        if (openai_run_find(tools, len, *part)) {
            return 1;
        }
    }

    return 0;
}
