
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: the assembler makes the most of bodies that are cut or broken,
 * and conversations keep all their parts.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest/json/json.h"
#include "digest_run.h"


static void
check_repair(const char *in, const char *want, int want_partial)
{
    int      partial;
    char    *out;
    size_t   n;

    out = malloc(openai_json_room(strlen(in)));
    n = openai_json_repair(in, strlen(in), out, &partial);

    if (!run_ok(n == strlen(want) && memcmp(out, want, n) == 0
                && (partial != 0) == want_partial, "repair %s", in))
    {
        run_note("%.*s, expected %s", (int) n, out, want);
    }

    free(out);
}


static void
check(yyjson_mut_val *(*build)(yyjson_mut_doc *, const openai_exchange_t *),
    const openai_exchange_t *ex, const char *what, const char *want)
{
    char            *json;
    yyjson_mut_doc  *doc;

    doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, build(doc, ex));
    json = yyjson_mut_write(doc, 0, NULL);

    if (!run_ok(strcmp(json ? json : "null", want) == 0, "%s", what)) {
        run_note("%s", json ? json : "null");
        run_note("expected %s", want);
    }

    free(json);
    yyjson_mut_doc_free(doc);
}


static unsigned
dialect(const char *name)
{
    unsigned     i;

    for (i = 1; openai_dialect_name(i); i++) {
        if (strcmp(openai_dialect_name(i), name) == 0) {
            return i;
        }
    }

    return 0;
}


static void
set(openai_exchange_t *ex, const char *name, const char *request,
    const char *type, const char *answer)
{
    memset(ex, 0, sizeof(*ex));

    ex->dialect = dialect(name);
    ex->status = 200;
    ex->method = run_str("POST");
    ex->uri = run_str("");
    ex->request_type = run_str("application/json");
    ex->request_encoding = run_str("");
    ex->request_body = run_str(request);
    ex->response_type = run_str(type);
    ex->response_encoding = run_str("");
    ex->response_body = run_str(answer);
}


static void
test_repairs(void)
{
    check_repair("{\"a\":1}", "{\"a\":1}", 0);
    check_repair("{\"a\":[1,2", "{\"a\":[1]}", 1);
    check_repair("{\"a\":[1,2]", "{\"a\":[1,2]}", 1);
    check_repair("{\"a\":\"text th", "{\"a\":\"text th\"}", 1);
    check_repair("{\"a\":\"x\\", "{\"a\":\"x\"}", 1);
    check_repair("{\"a\":\"x\\u00", "{\"a\":\"x\"}", 1);
    check_repair("{\"a\":\"x\xe2\x82", "{\"a\":\"x\"}", 1);
    check_repair("{\"a\":\"x\xc3", "{\"a\":\"x\"}", 1);
    check_repair("{\"a\":\"x\xf0", "{\"a\":\"x\"}", 1);
    check_repair("{\"a\":\"x\xf0\x9f", "{\"a\":\"x\"}", 1);
    check_repair("{\"a\":\"x\xf0\x9f\x98", "{\"a\":\"x\"}", 1);
    check_repair("{\"a\":\"x\xf0\x9f\x98\x80", "{\"a\":\"x\xf0\x9f\x98\x80\"}",
                 1);
    check_repair("{\"a\":1,\"b", "{\"a\":1}", 1);
    check_repair("{\"a\":1,\"b\":", "{\"a\":1}", 1);
    check_repair("{\"a\":{\"b\":[{", "{\"a\":{\"b\":[{}]}}", 1);
    check_repair("{\"a\":\"\\ud83d\"}", "{\"a\":\"\xed\xa0\xbd\"}", 0);
    check_repair("{\"a\":\"\\ude00b\"}", "{\"a\":\"\xed\xb8\x80" "b\"}", 0);
    check_repair("{\"a\":\"\\ud83d \"}", "{\"a\":\"\\ufffd \"}", 0);
    check_repair("{\"a\":\"\\\"\\ude00\"}", "{\"a\":\"\\\"\\ufffd\"}", 0);
    check_repair("{\"a\":\"\xff\"}", "{\"a\":\"\xef\xbf\xbd\"}", 0);
    check_repair("{\"a\":tru}", "{}", 1);
    check_repair("not json", "", 1);
    check_repair("{\"a\":\"b\nc\"}", "{\"a\":\"b\\nc\"}", 0);
}


static void
test_cut(void)
{
    openai_exchange_t  ex;

    set(&ex, "chat", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\","
        "\"content\":\"half of wh", "application/json",
        "{\"id\":\"x\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
        "\"assistant\",\"content\":\"half an ans");

    check(openai_conversation, &ex, "a request that is cut",
          "{\"system\":null,\"settings\":{\"model\":\"m\"},\"tools\":[],"
          "\"messages\":[{\"role\":\"user\",\"parts\":[{\"type\":\"text\","
          "\"text\":\"half of wh\"}]}],\"partial\":true}");
    check(openai_answer, &ex, "an answer that is cut",
          "{\"choices\":[{\"index\":0,\"text\":\"half an ans\","
          "\"reasoning\":null,\"refusal\":null,\"tool_calls\":[],"
          "\"finish_reason\":null}],\"partial\":true}");

    set(&ex, "chat", "", "text/event-stream",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"
        "data: nonsense\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"}}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"c");
    check(openai_answer, &ex, "a stream that is cut",
          "{\"choices\":[{\"index\":0,\"text\":\"ab\",\"reasoning\":null,"
          "\"refusal\":null,\"tool_calls\":[],\"finish_reason\":null}],"
          "\"partial\":true}");

    /* the meter counts the text behind the break, too */

    set(&ex, "chat", "", "text/event-stream",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"
        "data: {\"x\":oops,\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"c\"}}]}\n\n"
        "data: [DONE]\n\n");
    check(openai_answer, &ex, "a stream with an event that is broken",
          "{\"choices\":[{\"index\":0,\"text\":\"ac\",\"reasoning\":null,"
          "\"refusal\":null,\"tool_calls\":[],\"finish_reason\":null}],"
          "\"partial\":true}");

    set(&ex, "chat", "", "text/event-stream",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"
        "data: nonsense\n\ndata: [DONE]\n\n");
    check(openai_answer, &ex, "data that is no JSON has nothing to lack",
          "{\"choices\":[{\"index\":0,\"text\":\"a\",\"reasoning\":null,"
          "\"refusal\":null,\"tool_calls\":[],\"finish_reason\":null}]}");

    set(&ex, "chat", "", "text/event-stream",
        ": x\n\nevent: e\ndata: 1\n\ndata: \xff\n\n");
    check(openai_events, &ex, "events and where they end",
          "[{\"event\":\"e\",\"data\":\"1\",\"bytes\":18,\"at\":22},"
          "{\"event\":null,\"data\":\"\xef\xbf\xbd\",\"bytes\":9,\"at\":31}]");

    set(&ex, "chat", "", "application/json",
        "{\"error\":{\"message\":\"M\",\"code\":1}}");
    ex.status = 400;
    check(openai_answer, &ex, "an error",
          "{\"error\":{\"message\":\"M\",\"code\":1},\"choices\":[]}");
    check(openai_usage_raw, &ex, "has no usage", "null");
}


/* halves of a surrogate pair in two pieces are joined, as in JavaScript */

static void
test_surrogates(void)
{
    openai_exchange_t  ex;

#define delta(text)                                                           \
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text          \
    "\"}}]}\n\n"

    set(&ex, "chat", "", "text/event-stream",
        delta("a\\ud83d") delta("\\ude00b") delta("\\ud83d") delta("")
        delta("\\ude00\\ud83d") delta("c") delta("\\ude00"));
    check(openai_answer, &ex, "a character in two pieces",
          "{\"choices\":[{\"index\":0,\"text\":\"a\xf0\x9f\x98\x80" "b"
          "\xf0\x9f\x98\x80\xef\xbf\xbd" "c\xef\xbf\xbd\",\"reasoning\":null,"
          "\"refusal\":null,\"tool_calls\":[],\"finish_reason\":null}]}");

    set(&ex, "chat", "{\"model\":\"m\",\"stop\":[\"\\ud83d\",\"\\ude00\"],"
        "\"messages\":[{\"role\":\"user\",\"content\":\"\\ud83d\"}]}", "", "");
    check(openai_conversation, &ex, "halves that nothing completes",
          "{\"system\":null,\"settings\":{\"model\":\"m\",\"stop\":["
          "\"\xef\xbf\xbd\",\"\xef\xbf\xbd\"]},\"tools\":[],\"messages\":[{"
          "\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":"
          "\"\xef\xbf\xbd\"}]}]}");
}


static void
test_conversations(void)
{
    openai_exchange_t  ex;

    set(&ex, "chat", "{\"model\":\"m\",\"temperature\":1,\"tools\":[{\"type\":"
        "\"function\",\"function\":{\"name\":\"f\",\"description\":\"d\","
        "\"parameters\":{}}}],\"messages\":[{\"role\":\"system\",\"content\":"
        "\"s\"},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
        "\"t\"},{\"type\":\"image_url\",\"image_url\":{\"url\":\"u\"}}]},"
        "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":"
        "\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\","
        "\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c\","
        "\"content\":\"r\"}]}", "", "");

    check(openai_conversation, &ex, "a conversation of Chat Completions",
          "{\"system\":\"s\",\"settings\":{\"model\":\"m\",\"temperature\":1},"
          "\"tools\":[{\"name\":\"f\",\"description\":\"d\",\"parameters\":{}}"
          "],\"messages\":[{\"role\":\"system\",\"parts\":[{\"type\":\"text\","
          "\"text\":\"s\"}]},{\"role\":\"user\",\"parts\":[{\"type\":\"text\","
          "\"text\":\"t\"},{\"type\":\"image\",\"url\":\"u\"}]},{\"role\":"
          "\"assistant\",\"parts\":[],\"tool_calls\":[{\"id\":\"c\",\"name\":"
          "\"f\",\"arguments\":\"{}\"}]},{\"role\":\"tool\",\"parts\":["
          "{\"type\":\"text\",\"text\":\"r\"}],\"tool_call_id\":\"c\"}]}");

    set(&ex, "responses", "{\"model\":\"m\",\"instructions\":\"i\",\"input\":["
        "{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":"
        "\"t\"}]},{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":"
        "\"f\",\"arguments\":\"{}\"},{\"type\":\"function_call_output\","
        "\"call_id\":\"c\",\"output\":\"r\"}]}", "", "");

    check(openai_conversation, &ex, "a conversation of Responses",
          "{\"system\":\"i\",\"settings\":{\"model\":\"m\"},\"tools\":[],"
          "\"messages\":[{\"role\":\"user\",\"parts\":[{\"type\":\"text\","
          "\"text\":\"t\"}]},{\"role\":\"assistant\",\"parts\":[],"
          "\"tool_calls\":[{\"id\":\"c\",\"name\":\"f\",\"arguments\":\"{}\"}]"
          "},{\"role\":\"tool\",\"parts\":[{\"type\":\"text\",\"text\":\"r\"}"
          "],\"tool_call_id\":\"c\"}]}");
}


int
main(void)
{
    test_repairs();
    test_cut();
    test_surrogates();
    test_conversations();

    return run_done();
}
