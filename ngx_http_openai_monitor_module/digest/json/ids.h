
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The headers by which clients say what belongs together.  meter/headers.c
 * shows the best of them as the session; thread/run.c links records with them.
 */


#ifndef _OPENAI_IDS_H_INCLUDED_
#define _OPENAI_IDS_H_INCLUDED_


#include "digest/digest.h"


/*
 * What an id names:
 *
 *   SESSION       all that one start of a client sends
 *   THREAD        one agent in a session
 *   AGENT         the same, and it is a sub-agent's
 *   KIND          nothing, but only a sub-agent sends it
 *   CALLER        the thread, or the session, that started this one
 *   CONVERSATION  one conversation, in each of its requests
 *   OTHER         nothing that links: clients send a new one each time
 *
 * The number is the rank as the session of a record; 0: it is none.
 */

#define OPENAI_ID_HEADERS(id)                                                 \
    id("x-claude-code-session-id", SESSION, 9)                                \
    id("session-id", SESSION, 9)                                              \
    id("session_id", SESSION, 9)                                              \
    id("x-session-id", SESSION, 9)                                            \
    id("x-session-affinity", SESSION, 8)                                      \
    id("x-opencode-session", SESSION, 9)                                      \
    id("x-litellm-session-id", SESSION, 9)                                    \
    id("helicone-session-id", SESSION, 9)                                     \
    id("thread-id", THREAD, 8)                                                \
    id("x-claude-code-agent-id", AGENT, 0)                                    \
    id("x-openai-subagent", KIND, 0)                                          \
    id("x-codex-parent-thread-id", CALLER, 0)                                 \
    id("x-parent-session-id", CALLER, 0)                                      \
    id("x-conversation-id", CONVERSATION, 8)                                  \
    id("conversation_id", CONVERSATION, 8)                                    \
    id("x-client-request-id", OTHER, 1)


/*
 * Returns the session in the user id that Claude Code sends, which is JSON
 * ({"device_id": …, "session_id": …}) or, in older versions,
 * user_…_session_UUID.  "": there is none.  It points into the user id.
 */
openai_str_t openai_user_session(openai_str_t user);


#endif /* _OPENAI_IDS_H_INCLUDED_ */
