
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The meter of heads: reads the request line and the headers of both sides.
 *
 * They say which API is asked, who asks, who answers, and how bodies are
 * coded. A header that is not in a table is ignored.
 */


#include <strings.h>

#include "digest/json/bytes.h"
#include "digest/json/ids.h"
#include "digest/meter/meter.h"


typedef struct openai_header_s  openai_header_t;

struct openai_header_s {
    openai_str_t    name;
    uint32_t        tag;            /* length, first and last letter */
    void          (*know)(openai_meter_t *m, const openai_header_t *h,
                      openai_str_t value);
    const char     *provider;
    unsigned        rank;
};

/* an index of a table by tags; first[] has for each slot the number of the
   first header in it, counted from 1, or 0 when the slot is empty */

typedef struct {
    const openai_header_t  *headers;
    uint8_t                 made;
    uint8_t                 first[256];
} openai_header_index_t;


#define openai_header_tag(name, len)                                          \
    ((uint32_t) (len) << 16 | (uint32_t) ((name)[(len) - 1] | 0x20) << 8      \
     | (uint32_t) ((name)[0] | 0x20))
#define openai_header_slot(tag)  ((tag) * (uint32_t) 2654435769u >> 24)
#define openai_header(name)                                                   \
    openai_str(name), openai_header_tag(name, sizeof(name) - 1)
#define openai_header_id(name, what, rank)                                    \
    { openai_header(name), openai_know_session, NULL, rank },


static void openai_meter_path_model(openai_meter_t *m, openai_str_t model);
static void openai_meter_path_args(openai_meter_t *m, openai_str_t uri);
static inline void openai_header_find(openai_meter_t *m,
    openai_header_index_t *index, openai_str_t name, openai_str_t value);
static void openai_header_make(openai_header_index_t *index);
static void openai_know_session(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value);
static void openai_know_request_id(openai_meter_t *m,
    const openai_header_t *h, openai_str_t value);
static void openai_know_provider(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value);
static void openai_know_host(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value);
static void openai_know_product(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value);
static void openai_know_agent(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value);
static void openai_know_trace(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value);
static int openai_header_hex(const char *p, size_t len);
static void openai_know_retry(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value);
static void openai_know_user(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value);
static void openai_know_request_type(openai_meter_t *m,
    const openai_header_t *h, openai_str_t value);
static void openai_know_request_coding(openai_meter_t *m,
    const openai_header_t *h, openai_str_t value);
static void openai_know_type(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value);
static void openai_know_coding(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value);
static void openai_know_extensions(openai_meter_t *m,
    const openai_header_t *h, openai_str_t value);
static void openai_know_processing(openai_meter_t *m,
    const openai_header_t *h, openai_str_t value);
static void openai_know_tier(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value);
static void openai_know_timing(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value);
static void openai_know_word(openai_meter_t *m, char **word,
    openai_str_t value);
static int64_t openai_header_number(openai_str_t value);


static const openai_header_t  openai_request_headers[] = {
    { openai_header("host"), openai_know_host, NULL, 0 },
    { openai_header("user-agent"), openai_know_product, NULL, 0 },
    { openai_header("content-type"), openai_know_request_type, NULL, 0 },
    { openai_header("content-encoding"), openai_know_request_coding, NULL, 0 },
    { openai_header("originator"), openai_know_agent, NULL, 0 },
    { openai_header("traceparent"), openai_know_trace, NULL, 0 },
    { openai_header("x-stainless-retry-count"), openai_know_retry, NULL, 0 },
    OPENAI_ID_HEADERS(openai_header_id)
    { openai_header("helicone-user-id"), openai_know_user, NULL, 0 },
    { openai_header("x-goog-api-key"), openai_know_provider, "gcp.gemini", 2 },
    { openai_header("api-key"), openai_know_provider, "azure.ai.openai", 2 },
    { openai_header("anthropic-version"), openai_know_provider,
      "anthropic", 2 },
    { { NULL, 0 }, 0, NULL, NULL, 0 }
};


static const openai_header_t  openai_response_headers[] = {
    { openai_header("content-type"), openai_know_type, NULL, 0 },
    { openai_header("content-encoding"), openai_know_coding, NULL, 0 },
    { openai_header("sec-websocket-extensions"), openai_know_extensions, NULL,
      0 },
    { openai_header("x-request-id"), openai_know_request_id, NULL, 5 },
    { openai_header("request-id"), openai_know_request_id, NULL, 4 },
    { openai_header("apim-request-id"), openai_know_request_id,
      "azure.ai.openai", 3 },
    { openai_header("x-ds-trace-id"), openai_know_request_id, "deepseek", 2 },
    { openai_header("openai-processing-ms"), openai_know_processing, NULL, 0 },
    { openai_header("openai-version"), openai_know_provider, "openai", 5 },
    { openai_header("openai-organization"), openai_know_provider, "openai", 5 },
    { openai_header("x-ms-region"), openai_know_provider,
      "azure.ai.openai", 6 },
    { openai_header("azureml-model-session"), openai_know_provider,
      "azure.ai.openai", 6 },
    { openai_header("x-groq-region"), openai_know_provider, "groq", 6 },
    { openai_header("anthropic-organization-id"), openai_know_provider,
      "anthropic", 6 },
    { openai_header("fireworks-prompt-tokens"), openai_know_provider,
      "fireworks", 6 },
    { openai_header("x-gemini-service-tier"), openai_know_tier,
      "gcp.gemini", 6 },
    { openai_header("server-timing"), openai_know_timing, NULL, 0 },
    { openai_header("mistral-correlation-id"), openai_know_provider,
      "mistral_ai", 6 },
    { { NULL, 0 }, 0, NULL, NULL, 0 }
};


/* suffixes of hosts, and the names that OpenTelemetry gives their providers */

static const struct {
    openai_str_t   suffix;
    const char    *provider;
} openai_hosts[] = {
    { openai_str("api.openai.com"), "openai" },
    { openai_str(".openai.azure.com"), "azure.ai.openai" },
    { openai_str(".cognitiveservices.azure.com"), "azure.ai.openai" },
    { openai_str(".services.ai.azure.com"), "azure.ai.inference" },
    { openai_str(".inference.ai.azure.com"), "azure.ai.inference" },
    { openai_str("api.anthropic.com"), "anthropic" },
    { openai_str("generativelanguage.googleapis.com"), "gcp.gemini" },
    { openai_str("aiplatform.googleapis.com"), "gcp.vertex_ai" },
    { openai_str("api.deepseek.com"), "deepseek" },
    { openai_str("api.groq.com"), "groq" },
    { openai_str("api.mistral.ai"), "mistral_ai" },
    { openai_str("api.x.ai"), "x_ai" },
    { openai_str("api.perplexity.ai"), "perplexity" },
    { openai_str("api.cohere.com"), "cohere" },
    { openai_str("api.cohere.ai"), "cohere" },
    { openai_str("api.moonshot.ai"), "moonshot_ai" },
    { openai_str("api.moonshot.cn"), "moonshot_ai" },
    { openai_str("openrouter.ai"), "openrouter" },
    { openai_str("api.together.xyz"), "together" },
    { openai_str("api.together.ai"), "together" },
    { openai_str("api.fireworks.ai"), "fireworks" },
    { openai_str("api.cerebras.ai"), "cerebras" },
    { openai_str("api.z.ai"), "zai" },
    { openai_str("open.bigmodel.cn"), "zai" },
    { openai_str("dashscope.aliyuncs.com"), "alibaba" },
    { openai_str("dashscope-intl.aliyuncs.com"), "alibaba" },
    { openai_str("api.novita.ai"), "novita" },
    { openai_str("api.studio.nebius.ai"), "nebius" },
    { openai_str("api.hyperbolic.xyz"), "hyperbolic" },
    { openai_str("router.huggingface.co"), "huggingface" },
    { openai_str("api-inference.huggingface.co"), "huggingface" },
    { openai_str("bedrock-runtime."), "aws.bedrock" },
    { { NULL, 0 }, NULL }
};


/* how the User-Agent, or the "originator" of Codex, of an agent begins */

static const struct {
    openai_str_t   prefix;
    const char    *name;
} openai_agents[] = {
    { openai_str("claude-cli/"), "Claude Code" },
    { openai_str("codex"), "Codex" },
    { openai_str("opencode/"), "OpenCode" },
    { openai_str("GeminiCLI"), "Gemini CLI" },
    { openai_str("QwenCode/"), "Qwen Code" },
    { openai_str("GitHubCopilotChat/"), "Copilot Chat" },
    { openai_str("copilot/"), "Copilot CLI" },
    { openai_str("cline/"), "Cline" },
    { openai_str("RooCode/"), "Roo Code" },
    { openai_str("Kilo-Code/"), "Kilo Code" },
    { openai_str("Continue/"), "Continue" },
    { openai_str("Cursor/"), "Cursor" },
    { openai_str("Zed/"), "Zed" },
    { openai_str("aider/"), "Aider" },
    { openai_str("goose/"), "Goose" },
    { openai_str("crush/"), "Crush" },
    { openai_str("OpenHands/"), "OpenHands" },
    { openai_str("Agents/"), "OpenAI Agents" },
    { openai_str("langchain"), "LangChain" },
    { openai_str("llama-index"), "LlamaIndex" },
    { openai_str("pydantic-ai/"), "Pydantic AI" },
    { openai_str("ai-sdk/"), "AI SDK" },
    { openai_str("ai/"), "AI SDK" },
    { openai_str("litellm/"), "LiteLLM" },
    { { NULL, 0 }, NULL }
};


void
openai_meter_request_line(openai_meter_t *m, openai_str_t method,
    openai_str_t uri)
{
    const char      *operation;
    openai_str_t     label;
    openai_routed_t  found;

    found = openai_find_route(uri);

    if (found.route == NULL) {
        label = openai_path_label(uri);
        openai_copy(m->facts->operation, sizeof(m->facts->operation),
                    label.data, label.len);
        return;
    }

    m->dialect = openai_dialects[found.dialect];
    m->facts->dialect = (uint8_t) found.dialect;

    operation = found.route->operation;

    if (found.route->read
        && (openai_is(method.data, method.len, "GET")
            || openai_is(method.data, method.len, "HEAD")))
    {
        operation = found.route->read;
    }

    openai_copy(m->facts->operation, sizeof(m->facts->operation), operation,
                strlen(operation));

    openai_meter_path_model(m, found.model);

    if (found.route->flags & OPENAI_ROUTE_ARGS) {
        openai_meter_path_args(m, uri);
    }

    if (found.route->flags & OPENAI_ROUTE_STREAM) {
        m->facts->stream_asked = 1;
    }

    m->bytes = ((found.route->flags & OPENAI_ROUTE_BYTES) != 0);

    if (found.route->flags & OPENAI_ROUTE_POLLED) {
        m->facts->flags |= OPENAI_FACT_POLLED;
    }

    if (found.route->flags & OPENAI_ROUTE_USAGE) {
        m->facts->flags |= OPENAI_FACT_USAGE_OPTION;
    }

    if (found.route->flags & OPENAI_ROUTE_AZURE) {
        openai_meter_provider(m, "azure.ai.openai", 3);
    }

    if (found.route->flags & OPENAI_ROUTE_VERTEX) {
        openai_meter_provider(m, "gcp.vertex_ai", 3);
    }

    if (found.route->flags & OPENAI_ROUTE_BEDROCK) {
        openai_meter_provider(m, "aws.bedrock", 3);
    }

    if (m->dialect->provider) {
        openai_meter_provider(m, m->dialect->provider, 1);
    }
}


/* decodes the model, because some clients encode its colon */

static void
openai_meter_path_model(openai_meter_t *m, openai_str_t model)
{
    char    name[256];
    size_t  len;

    if (model.len) {
        len = openai_path_decode(name, sizeof(name) - 1, model);
        name[len] = '\0';

        openai_copy(m->facts->model, sizeof(m->facts->model), name, len);
    }
}


/* reads the arguments, because a GET has no body */

static void
openai_meter_path_args(openai_meter_t *m, openai_str_t uri)
{
    openai_str_t  value;

    value = openai_path_arg(uri, (openai_str_t) openai_str("model"));

    if (value.len == 0) {
        value = openai_path_arg(uri, (openai_str_t) openai_str("deployment"));
    }

    openai_meter_path_model(m, value);

    value = openai_path_arg(uri, (openai_str_t) openai_str("stream"));

    if (value.len) {
        m->facts->stream_asked = openai_is(value.data, value.len, "true");
    }
}


void
openai_meter_request_header(openai_meter_t *m, openai_str_t name,
    openai_str_t value)
{
    static openai_header_index_t  index = { openai_request_headers, 0, { 0 } };

    openai_header_find(m, &index, name, value);
}


void
openai_meter_response_header(openai_meter_t *m, openai_str_t name,
    openai_str_t value)
{
    static openai_header_index_t  index = { openai_response_headers, 0, { 0 } };

    openai_header_find(m, &index, name, value);
}


static inline void
openai_header_find(openai_meter_t *m, openai_header_index_t *index,
    openai_str_t name, openai_str_t value)
{
    uint32_t                tag;
    const uint8_t          *first;
    const openai_header_t  *h;

    if (value.len == 0 || name.len == 0) {
        return;
    }

    if (!index->made) {
        openai_header_make(index);
    }

    tag = openai_header_tag(name.data, name.len);
    first = &index->first[openai_header_slot(tag)];

    if (*first == 0) {
        return;
    }

    for (h = index->headers + *first - 1; h->tag; h++) {

        if (h->tag == tag && h->name.len == name.len
            && strncasecmp(h->name.data, name.data, name.len) == 0)
        {
            h->know(m, h, value);
            return;
        }
    }
}


static void
openai_header_make(openai_header_index_t *index)
{
    uint8_t   *first;
    unsigned   i;

    for (i = 0; index->headers[i].tag; i++) {
        first = &index->first[openai_header_slot(index->headers[i].tag)];

        if (*first == 0) {
            *first = (uint8_t) (i + 1);
        }
    }

    index->made = 1;
}


static void
openai_know_session(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    openai_meter_session(m, value, h->rank);
}


static void
openai_know_request_id(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    if (h->rank > m->rid) {
        m->rid = (uint8_t) h->rank;
        openai_copy(m->facts->request_id, sizeof(m->facts->request_id),
                    value.data, value.len);
    }

    if (h->provider) {
        openai_meter_provider(m, h->provider, 6);
    }
}


static void
openai_know_provider(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    openai_meter_provider(m, h->provider, h->rank);
}


static void
openai_know_host(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    size_t       i, n, len;
    const char  *suffix;

    /* an IP address does not name a provider */

    if (value.data[0] >= '0' && value.data[0] <= '9') {
        return;
    }

    len = openai_find2(value.data, value.data + value.len, ':', ':')
          - value.data;

    for (i = 0; openai_hosts[i].provider; i++) {
        suffix = openai_hosts[i].suffix.data;
        n = openai_hosts[i].suffix.len;

        if (suffix[n - 1] == '.') {

            if (len > n && strncasecmp(value.data, suffix, n) == 0) {
                break;
            }

        } else if (len >= n
                   && strncasecmp(value.data + len - n, suffix, n) == 0
                   && (len == n || suffix[0] == '.'
                       || value.data[len - n - 1] == '.'
                       || value.data[len - n - 1] == '-'))
        {
            break;
        }
    }

    if (openai_hosts[i].provider) {
        openai_meter_provider(m, openai_hosts[i].provider, 5);
    }
}


static void
openai_know_product(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    openai_copy(m->facts->user_agent, sizeof(m->facts->user_agent), value.data,
                value.len);

    openai_know_agent(m, h, value);
}


static void
openai_know_agent(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    size_t       i, n;
    const char  *name;

    for (i = 0; openai_agents[i].name; i++) {
        n = openai_agents[i].prefix.len;

        if (value.len >= n
            && strncasecmp(value.data, openai_agents[i].prefix.data, n) == 0)
        {
            name = openai_agents[i].name;

            openai_copy(m->facts->agent, sizeof(m->facts->agent), name,
                        strlen(name));
            return;
        }
    }
}


/* 00-TRACE-SPAN-FLAGS; ids of zeros are none */

static void
openai_know_trace(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    const char  *p;

    static const char  zeros[] = "00000000000000000000000000000000";

    p = value.data;

    if (value.len < 55 || p[2] != '-' || p[35] != '-' || p[52] != '-'
        || !openai_header_hex(p, 2) || openai_is(p, 2, "ff")
        || !openai_header_hex(p + 3, 32) || !openai_header_hex(p + 36, 16)
        || memcmp(p + 3, zeros, 32) == 0 || memcmp(p + 36, zeros, 16) == 0)
    {
        return;
    }

    openai_copy(m->facts->trace_id, sizeof(m->facts->trace_id), p + 3, 32);
    openai_copy(m->facts->span_id, sizeof(m->facts->span_id), p + 36, 16);
}


static int
openai_header_hex(const char *p, size_t len)
{
    for ( /* void */ ; len; p++, len--) {

        if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f'))) {
            return 0;
        }
    }

    return 1;
}


static void
openai_know_user(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    openai_copy(m->facts->user, sizeof(m->facts->user), value.data, value.len);
}


static void
openai_know_retry(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    m->facts->retry = (int32_t) openai_header_number(value);
}


static void
openai_know_processing(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    m->facts->processing_ms = openai_header_number(value);
}


static void
openai_know_tier(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    openai_copy(m->facts->service_tier, sizeof(m->facts->service_tier),
                value.data, value.len);
    openai_know_provider(m, h, value);
}


/* takes the first duration, as in Google's "gfet4t7; dur=812" */

static void
openai_know_timing(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    const char    *p;
    openai_str_t   number;

    static const char  duration[] = "dur=";

    number.len = value.len;

    for (p = value.data; number.len >= sizeof(duration); p++, number.len--) {

        if (memcmp(p, duration, sizeof(duration) - 1) == 0) {
            number.data = p + sizeof(duration) - 1;
            number.len -= sizeof(duration) - 1;

            if (m->facts->processing_ms < 0) {
                m->facts->processing_ms = openai_header_number(number);
            }

            return;
        }
    }
}


static int64_t
openai_header_number(openai_str_t value)
{
    size_t   i;
    int64_t  n;

    n = 0;

    for (i = 0; i < value.len && i < 9; i++) {

        if (value.data[i] < '0' || value.data[i] > '9') {
            break;
        }

        n = n * 10 + (value.data[i] - '0');
    }

    return i ? n : OPENAI_UNKNOWN;
}


static void
openai_know_request_type(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    if (value.len > 20 && strncasecmp(value.data, "multipart/form-data;", 20)
        == 0 && m->multipart == NULL)
    {
        openai_meter_multipart_begin(m, value);
    }
}


static void
openai_know_request_coding(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    openai_know_word(m, &m->request_encoding, value);
}


static void
openai_know_type(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    m->type = (uint8_t) openai_framing_type(value);
}


static void
openai_know_coding(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    openai_know_word(m, &m->response_encoding, value);
}


static void
openai_know_extensions(openai_meter_t *m, const openai_header_t *h,
    openai_str_t value)
{
    openai_know_word(m, &m->extensions, value);
}


static void
openai_know_word(openai_meter_t *m, char **word, openai_str_t value)
{
    if (*word == NULL) {
        *word = m->alloc.alloc(m->alloc.ctx, OPENAI_METER_WORD);
    }

    if (*word == NULL) {
        m->facts->flags |= OPENAI_FACT_UNDECODABLE;
        return;
    }

    openai_copy(*word, OPENAI_METER_WORD, value.data, value.len);
}
