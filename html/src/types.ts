// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Made of openapi.json by types.mjs: change that file, and run "npm run types".

export interface Error {
    error: {
        code: 'bad_request' | 'forbidden' | 'not_found' | 'method_not_allowed' | 'conflict' | 'gone' | 'busy';
        message: string;
    };
}

export type Outcome = 'running' | 'ok' | 'upstream_error' | 'client_aborted' | 'truncated' | 'rejected' | 'timeout' | 'upgraded' | 'shutdown' | 'worker_died';

// input includes cached and cache-write, output includes reasoning

export interface Usage {
    input_tokens: number | null;
    output_tokens: number | null;
    total_tokens: number | null;
    cached_tokens: number | null;
    cache_write_tokens: number | null;
    reasoning_tokens: number | null;
    input_audio_tokens: number | null;
    output_audio_tokens: number | null;
}

export interface Attempt {
    peer: string;
    status: number | null;
    // connecting, with the TLS handshake
    connect_ms: number | null;
    // the handshake alone; null where there was none or it did not end
    tls_ms: number | null;
    header_ms: number | null;
    response_ms: number | null;
    bytes_sent: number | null;
    bytes_received: number | null;
}

export interface Failure {
    type: string | null;
    code: string | number | null;
    // cut after 500 bytes, and ends with … then
    message: string | null;
    by: 'upstream' | 'nginx';
}

export type Withheld = 'off' | 'secret' | 'opaque';

export interface Summary {
    // opaque, URL-safe, sorts by start
    id: string;
    started_at: string;
    method: string;
    // as the client wrote it; secrets in arguments are replaced
    uri: string;
    host: string | null;
    http_version: string | null;
    // what the client got
    status: number | null;
    outcome: Outcome;
    dialect: string | null;
    // OpenTelemetry's operation name
    operation: string | null;
    provider: string | null;
    // asked
    model: string | null;
    // answered
    response_model: string | null;
    // the first 120 characters of the last user message, 255 bytes at most; null when bodies are not stored, or masked
    title: string | null;
    streamed: boolean | null;
    stream_requested: boolean | null;
    complete: boolean | null;
    buffered: boolean | null;
    from_cache: boolean | null;
    duration_ms: number | null;
    // start to first token
    ttft_ms: number | null;
    last_token_ms: number | null;
    longest_gap_ms: number | null;
    pieces: number | null;
    events: number | null;
    tokens_per_second: number | null;
    usage: Usage | null;
    estimated_output_tokens: number | null;
    finish_reason: string | null;
    message_count: number | null;
    tool_count: number | null;
    // names, in order
    tool_calls: string[];
    refusal: boolean | null;
    has_reasoning: boolean | null;
    has_image: boolean | null;
    service_tier: string | null;
    cost_usd: number | null;
    // the row used, or "upstream"
    price: string | null;
    // why the cost is not known in full
    cost_partial: string[];
    // the known part of a cost that is not known in full
    cost_at_least_usd: number | null;
    // an earlier record has this usage, so no sum counts it again
    usage_repeated: boolean;
    // the member of the request that would have given the stream its usage
    usage_hint: string | null;
    request_bytes: number | null;
    response_bytes: number | null;
    error: Failure | null;
    client: string | null;
    user_agent: string | null;
    // name of the client, by its User-Agent
    agent: string | null;
    // salted fingerprint of the credential
    key: string | null;
    session: string | null;
    user: string | null;
    // of the request's traceparent
    trace_id: string | null;
    span_id: string | null;
    thread: string | null;
    parent: string | null;
    change: string | null;
    // messages that the parent does not have
    new_messages: number | null;
    // the first record of the run
    run: string | null;
    role: 'main' | 'agent' | 'utility' | null;
    // of a sub-agent's first record: the record whose call started it
    caller: string | null;
    retry: number | null;
    upstream: string | null;
    attempts: Attempt[];
    truncated: {
        request: boolean;
        response: boolean;
    };
    // behind the limit of the kept bytes, events of the stream are joined
    joined: boolean;
    // something in the body was replaced by *
    masked: {
        request: boolean;
        response: boolean;
    };
    // why a body was not to be kept
    withheld: {
        request: Withheld | null;
        response: Withheld | null;
    };
}

export interface Header {
    name: string;
    value: string;
}

export interface Message {
    line: string | null;
    headers: Header[];
    body: string | null;
    body_encoding: 'text' | 'base64' | null;
    body_bytes: number | null;
    body_kept_bytes: number | null;
    content_type: string | null;
    content_encoding: string | null;
    decoded: boolean;
}

export interface ToolCall {
    id: string | null;
    name: string | null;
    arguments?: unknown;
    // of the choice that makes it, while it runs
    index?: number;
    [key: string]: unknown;
}

export interface Part {
    type?: string;
    [key: string]: unknown;
}

export interface Turn {
    role: string | null;
    name: string | null;
    tool_call_id: string | null;
    parts: Part[] | null;
    tool_calls: ToolCall[] | null;
    [key: string]: unknown;
}

export interface Tool {
    name: string | null;
    description: string | null;
    parameters?: unknown;
    [key: string]: unknown;
}

export interface Conversation {
    system?: unknown;
    settings: Record<string, unknown> | null;
    tools: Tool[] | null;
    messages: Turn[] | null;
    [key: string]: unknown;
}

export interface Choice {
    index: number;
    text: string | null;
    reasoning: string | null;
    refusal: string | null;
    tool_calls: ToolCall[] | null;
    finish_reason: string | null;
    images: unknown[] | null;
    audio?: unknown;
    [key: string]: unknown;
}

// the answer as one message, put together from its stream where it was one

export interface Answer {
    choices?: Choice[];
    // something is missing: the body was cut, or an event of the stream is no JSON
    partial?: true;
    [key: string]: unknown;
}

// moments, in milliseconds from the start

export interface Timing {
    request_received_ms: number | null;
    tls_start_ms: number | null;
    connect_ms: number | null;
    upstream_header_ms: number | null;
    first_byte_ms: number | null;
    first_token_ms: number | null;
    last_token_ms: number | null;
    last_byte_ms: number | null;
    duration_ms: number | null;
}

export interface Detail extends Summary {
    request: Message | null;
    response: Message | null;
    conversation: Conversation | null;
    answer: Answer | null;
    // as the upstream wrote it
    usage_raw: unknown;
    // why the digest could not read a compressed body
    undecoded: 'memory' | 'limit' | 'broken' | null;
    rate_limit: Record<string, string> | null;
    upstream_request_id: string | null;
    processing_ms: number | null;
    response_id: string | null;
    timing: Timing | null;
    // [ms, byte offset] of each piece of the answer's body
    pieces_timeline: [number, number][];
}

export interface Page {
    items: Summary[];
    // records that match
    total: number;
    page: number;
    page_size: number;
    pages: number;
}

export interface Run {
    // of its first record
    id: string;
    session: string | null;
    title: string | null;
    agent: string | null;
    // running, or the outcome of the agent's last turn
    state: string;
    started_at: string;
    ended_at: string | null;
    models: string[];
    requests: number;
    turns: number;
    agents: number;
    utilities: number;
    errors: number;
    retries: number;
    compactions: number;
    input_tokens: number | null;
    cached_tokens: number | null;
    cache_write_tokens: number | null;
    output_tokens: number | null;
    reasoning_tokens: number | null;
    largest_context: number | null;
    model_ms: number;
    tools_ms: number;
    idle_ms: number;
    // used tokens, but have no cost
    unpriced_requests: number;
    cache_hit_rate: number | null;
    cost_usd: number | null;
    tool_calls: number;
    tools: {
        name: string;
        calls: number;
    }[];
}

export interface RunPage {
    items: Run[];
    total: number;
    page: number;
    page_size: number;
    pages: number;
}

export interface RunTurn {
    id: string;
    thread: string;
    parent: string | null;
    change: string | null;
    new_messages: number;
    started_at: string;
    // since the answer of the parent
    gap_ms: number | null;
    gap: 'tools' | 'idle' | null;
    outcome: string;
    duration_ms: number | null;
    model: string | null;
    title: string | null;
    input_tokens: number | null;
    cached_tokens: number | null;
    output_tokens: number | null;
    cost_usd: number | null;
    tool_calls: string[];
    // sub-agents that it started
    agents: RunAgent[];
}

export interface RunAgent {
    thread: string;
    turns: RunTurn[];
}

export interface RunTree extends Run {
    main: RunTurn[];
    // sub-agents whose caller is not there
    others: RunAgent[];
    utility: RunTurn[];
}

export interface StreamEvent {
    ms: number | null;
    event: string | null;
    data: string;
    bytes: number | null;
}

export interface DiffReport {
    parent: string | null;
    change: string | null;
    same_messages: number | null;
    settings: string[] | null;
    tools: {
        added: string[];
        removed: string[];
        changed: string[];
    } | null;
    system_changed: boolean | null;
    first_changed_message: number | null;
    cached_tokens: number | null;
    expected_cached_tokens: number | null;
}

export interface Quantiles {
    mean: number | null;
    p50: number | null;
    p90: number | null;
    p95: number | null;
    p99: number | null;
}

export interface Group {
    name: string;
    requests: number;
    errors: number;
    input_tokens: number | null;
    output_tokens: number | null;
    cached_tokens: number | null;
    reasoning_tokens: number | null;
    cost_usd: number | null;
    unpriced_requests: number;
    partial_cost_requests: number;
    no_usage_requests: number;
    mean_ms: number | null;
}

export interface Sample {
    at: string;
    seconds: number;
    requests: number;
    errors: number;
    aborted: number;
    p50_ms: number | null;
    p95_ms: number | null;
    ttft_p50_ms: number | null;
    input_tokens: number | null;
    output_tokens: number | null;
    cost_usd: number | null;
    unpriced_requests: number;
    partial_cost_requests: number;
    no_usage_requests: number;
}

export interface Zone {
    name: string;
    size_bytes: number;
    pages: number;
    pages_free: number;
    entries: number;
    records: number;
    evicted: number;
    dropped: number;
    truncated: number;
    heals: number;
    worker_died: number;
}

export type Window = '5m' | '1h' | '24h' | 'all';

export interface Stats {
    window: Window;
    since: string;
    requests: number;
    in_flight: number;
    streams: number;
    success_rate: number | null;
    by_status: {
        '1xx': number;
        '2xx': number;
        '3xx': number;
        '4xx': number;
        '5xx': number;
    };
    by_outcome: {
        ok: number;
        upstream_error: number;
        client_aborted: number;
        truncated: number;
        rejected: number;
        timeout: number;
        upgraded: number;
        shutdown: number;
        worker_died: number;
    };
    tokens_per_second: number | null;
    usage: {
        input_tokens: number;
        output_tokens: number;
        cached_tokens: number;
        cache_write_tokens: number;
        reasoning_tokens: number;
    };
    cost_usd: number | null;
    unpriced_requests: number;
    partial_cost_requests: number;
    no_usage_requests: number;
    request_bytes: number;
    response_bytes: number;
    duration_ms: Quantiles;
    ttft_ms: Quantiles;
    tables_since: string;
    models: Group[];
    endpoints: Group[];
    keys: Group[];
    peers: Group[];
    series: Sample[];
    zone: Zone;
}

export interface Info {
    name: string;
    version: string;
    nginx: string;
    zone: string;
    entries: number;
    page_size: number;
    body_max: number;
    proxy: string | null;
    started_at: string;
}

export interface Hello {
    version: string;
    cursor: string;
    page_size: number;
    proxy: string | null;
    zone: string;
    now: string;
}

export interface Unmatch {
    id: string;
}

export interface AnswerDelta {
    id: string;
    choices: {
        index: number;
        text_at: number | null;
        text: string | null;
        reasoning_at: number | null;
        reasoning: string | null;
    }[];
    tool_calls: {
        index: number;
        id: string | null;
        name: string | null;
        arguments: unknown;
    }[] | null;
}

export interface Counters {
    requests: number;
    in_flight: number;
    errors: number;
}

export interface Lag {
    missed: number | null;
}

// records that ended before this moment had to make room

export interface Gone {
    before: string;
}

export type Clear = unknown;

export interface Har {
    log: {
        version: '1.2';
        creator: {
            name: string;
            version: string;
        };
        pages: unknown[];
        entries: {
            startedDateTime: string;
            time: number;
            timings: {
                send: number;
                wait: number;
                receive: number;
            };
            request: Record<string, unknown>;
            response: Record<string, unknown>;
            cache: Record<string, unknown>;
            _openai: Summary;
            [key: string]: unknown;
        }[];
    };
}

// A Summary of which nothing is known.

export const unknownSummary: Summary = {
    id: '',
    started_at: '',
    method: '',
    uri: '',
    host: null,
    http_version: null,
    status: null,
    outcome: 'running',
    dialect: null,
    operation: null,
    provider: null,
    model: null,
    response_model: null,
    title: null,
    streamed: null,
    stream_requested: null,
    complete: null,
    buffered: null,
    from_cache: null,
    duration_ms: null,
    ttft_ms: null,
    last_token_ms: null,
    longest_gap_ms: null,
    pieces: null,
    events: null,
    tokens_per_second: null,
    usage: null,
    estimated_output_tokens: null,
    finish_reason: null,
    message_count: null,
    tool_count: null,
    tool_calls: [],
    refusal: null,
    has_reasoning: null,
    has_image: null,
    service_tier: null,
    cost_usd: null,
    price: null,
    cost_partial: [],
    cost_at_least_usd: null,
    usage_repeated: false,
    usage_hint: null,
    request_bytes: null,
    response_bytes: null,
    error: null,
    client: null,
    user_agent: null,
    agent: null,
    key: null,
    session: null,
    user: null,
    trace_id: null,
    span_id: null,
    thread: null,
    parent: null,
    change: null,
    new_messages: null,
    run: null,
    role: null,
    caller: null,
    retry: null,
    upstream: null,
    attempts: [],
    truncated: {
        request: false,
        response: false,
    },
    joined: false,
    masked: {
        request: false,
        response: false,
    },
    withheld: {
        request: null,
        response: null,
    },
};

// A Stats of which nothing is known.

export const unknownStats: Stats = {
    window: '5m',
    since: '',
    requests: 0,
    in_flight: 0,
    streams: 0,
    success_rate: null,
    by_status: {
        '1xx': 0,
        '2xx': 0,
        '3xx': 0,
        '4xx': 0,
        '5xx': 0,
    },
    by_outcome: {
        ok: 0,
        upstream_error: 0,
        client_aborted: 0,
        truncated: 0,
        rejected: 0,
        timeout: 0,
        upgraded: 0,
        shutdown: 0,
        worker_died: 0,
    },
    tokens_per_second: null,
    usage: {
        input_tokens: 0,
        output_tokens: 0,
        cached_tokens: 0,
        cache_write_tokens: 0,
        reasoning_tokens: 0,
    },
    cost_usd: null,
    unpriced_requests: 0,
    partial_cost_requests: 0,
    no_usage_requests: 0,
    request_bytes: 0,
    response_bytes: 0,
    duration_ms: {
        mean: null,
        p50: null,
        p90: null,
        p95: null,
        p99: null,
    },
    ttft_ms: {
        mean: null,
        p50: null,
        p90: null,
        p95: null,
        p99: null,
    },
    tables_since: '',
    models: [],
    endpoints: [],
    keys: [],
    peers: [],
    series: [],
    zone: {
        name: '',
        size_bytes: 0,
        pages: 0,
        pages_free: 0,
        entries: 0,
        records: 0,
        evicted: 0,
        dropped: 0,
        truncated: 0,
        heals: 0,
        worker_died: 0,
    },
};
