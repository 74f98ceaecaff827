// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The shapes of docs/api.md.

export type Outcome =
    | 'running'
    | 'ok'
    | 'upstream_error'
    | 'client_aborted'
    | 'truncated'
    | 'rejected'
    | 'timeout'
    | 'upgraded'
    | 'shutdown'
    | 'worker_died';

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
    peer: string | null;
    status: number | null;
    connect_ms: number | null;
    tls_ms: number | null;
    header_ms: number | null;
    response_ms: number | null;
    bytes_sent: number | null;
    bytes_received: number | null;
}

export interface Failure {
    type: string | null;
    code: string | number | null;
    message: string | null;
}

export type Withheld = 'off' | 'secret' | 'opaque';

export interface Summary {
    id: string;
    started_at: string;
    method: string;
    uri: string;
    host: string | null;
    http_version: string | null;
    status: number | null;
    outcome: Outcome;
    dialect: string | null;
    operation: string | null;
    provider: string | null;
    model: string | null;
    response_model: string | null;
    streamed: boolean | null;
    stream_requested: boolean | null;
    complete: boolean | null;
    buffered: boolean | null;
    from_cache: boolean | null;
    duration_ms: number | null;
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
    tool_calls: string[] | null;
    refusal: boolean | null;
    has_reasoning: boolean | null;
    has_image: boolean | null;
    service_tier: string | null;
    cost_usd: number | null;
    price: string | null;
    request_bytes: number | null;
    response_bytes: number | null;
    error: Failure | null;
    client: string | null;
    user_agent: string | null;
    key: string | null;
    session: string | null;
    user: string | null;
    thread: string | null;
    parent: string | null;
    change: string | null;
    retry: number | null;
    upstream: string | null;
    attempts: Attempt[] | null;
    truncated: { request: boolean; response: boolean } | null;
    masked: { request: boolean; response: boolean } | null;
    withheld: { request: Withheld | null; response: Withheld | null } | null;
}

export interface Header {
    name: string;
    value: string;
}

export interface Message {
    headers: Header[];
    body: string | null;
    body_encoding: 'text' | 'base64';
    body_bytes: number | null;
    body_kept_bytes: number | null;
    content_type: string | null;
    content_encoding: string | null;
    decoded: boolean | null;
}

export interface ToolCall {
    id: string | null;
    name: string | null;
    arguments: unknown;
    // of the choice that makes it, while it runs
    index?: number;
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
}

export interface Tool {
    name: string | null;
    description: string | null;
    parameters: unknown;
}

export interface Conversation {
    system: unknown;
    settings: Record<string, unknown> | null;
    tools: Tool[] | null;
    messages: Turn[] | null;
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
}

export interface Answer {
    choices: Choice[] | null;
    // something of it is missing
    partial?: boolean;
    [key: string]: unknown;
}

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
    usage_raw: unknown;
    rate_limit: Record<string, string> | null;
    upstream_request_id: string | null;
    processing_ms: number | null;
    response_id: string | null;
    timing: Timing | null;
    pieces_timeline: [number, number][] | null;
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
    settings: unknown[] | null;
    tools: { added: unknown[]; removed: unknown[]; changed: unknown[] } | null;
    system_changed: boolean | null;
    first_changed_message: number | null;
    cached_tokens: number | null;
    expected_cached_tokens: number | null;
}

export interface Page {
    items: Summary[];
    total: number;
    page: number;
    page_size: number;
    pages: number;
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
    cost_usd: number | null;
    unpriced_requests: number | null;
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
}

export type Window = '5m' | '1h' | '24h' | 'all';

export interface Stats {
    window: Window;
    since: string | null;
    requests: number;
    in_flight: number;
    success_rate: number | null;
    by_status: Record<string, number> | null;
    by_outcome: Partial<Record<Outcome, number>> | null;
    duration_ms: Quantiles | null;
    ttft_ms: Quantiles | null;
    tokens_per_second: number | null;
    usage: Partial<Usage> | null;
    cost_usd: number | null;
    unpriced_requests: number | null;
    request_bytes: number | null;
    response_bytes: number | null;
    models: Group[] | null;
    endpoints: Group[] | null;
    keys: Group[] | null;
    peers: Group[] | null;
    series: Sample[] | null;
    zone: Zone | null;
}

export interface Zone {
    name: string;
    size_bytes: number | null;
    pages: number | null;
    pages_free: number | null;
    entries: number | null;
    records: number | null;
    evicted: number | null;
    dropped: number | null;
    truncated: number | null;
    heals: number | null;
    worker_died: number | null;
}

export interface Info {
    name: string;
    version: string;
    nginx: string | null;
    zone: string | null;
    entries: number | null;
    page_size: number | null;
    body_max: number | null;
    proxy: string | null;
    started_at: string | null;
}

export interface Hello {
    version: string;
    cursor: string | number;
    page_size: number;
    proxy: string | null;
    zone: string;
    now: string;
}

export interface Gone {
    before: string;
}

export interface AnswerDelta {
    id: string;
    choices:
        | {
              index: number;
              text_at?: number | null;
              text?: string | null;
              reasoning_at?: number | null;
              reasoning?: string | null;
          }[]
        | null;
    tool_calls: ToolCall[] | null;
}

export interface Counters {
    requests: number;
    in_flight: number;
    errors: number;
}
