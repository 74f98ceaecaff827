// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Gives each answer of the API the shape of its type: a field that the server left
// out is unknown.  api.ts and store.ts use it.

import type { Answer, AnswerDelta, Choice, Conversation, Detail, Message, Stats, Summary, Tool, ToolCall, Turn } from '../types';
import { unknownStats, unknownSummary } from '../types';

type Loose<T> = Partial<T> | null | undefined;

// what is left out, or null where it may not be, has the value of the unknown
function fill<T extends object>(unknown: T, given: Partial<T>): T {
    const known = Object.entries(given).filter(([, value]) => value !== null && value !== undefined);

    return { ...unknown, ...Object.fromEntries(known) };
}

const list = <T, R>(value: T[] | null | undefined, each: (item: T) => R): R[] =>
    Array.isArray(value) ? value.map(each) : [];

const call = (c: Loose<ToolCall>): ToolCall => ({
    id: c?.id ?? null,
    name: c?.name ?? null,
    arguments: c?.arguments ?? null,
});

const turn = (m: Loose<Turn>): Turn => ({
    role: m?.role ?? null,
    name: m?.name ?? null,
    tool_call_id: m?.tool_call_id ?? null,
    parts: list(m?.parts, (p) => p),
    tool_calls: list(m?.tool_calls, call),
});

const tool = (d: Loose<Tool>): Tool => ({
    name: d?.name ?? null,
    description: d?.description ?? null,
    parameters: d?.parameters ?? null,
});

const choice = (c: Loose<Choice>, i: number): Choice => ({
    index: c?.index ?? i,
    text: c?.text ?? null,
    reasoning: c?.reasoning ?? null,
    refusal: c?.refusal ?? null,
    tool_calls: list(c?.tool_calls, call),
    finish_reason: c?.finish_reason ?? null,
    images: list(c?.images, (x) => x),
    audio: c?.audio ?? null,
});

const conversation = (c: Loose<Conversation>): Conversation | null =>
    c === null || c === undefined
        ? null
        : {
              system: c.system ?? null,
              settings: c.settings ?? null,
              tools: list(c.tools, tool),
              messages: list(c.messages, turn),
          };

const answer = (a: Loose<Answer>): Answer | null =>
    a === null || a === undefined ? null : { ...a, choices: Array.isArray(a.choices) ? a.choices.map(choice) : [] };

const message = (m: Loose<Message>): Message | null =>
    m === null || m === undefined
        ? null
        : {
              line: m.line ?? null,
              headers: list(m.headers, (h) => h),
              body: m.body ?? null,
              body_encoding: m.body_encoding ?? 'text',
              body_bytes: m.body_bytes ?? null,
              body_kept_bytes: m.body_kept_bytes ?? null,
              content_type: m.content_type ?? null,
              content_encoding: m.content_encoding ?? null,
              decoded: m.decoded ?? false,
          };

export const summary = (r: Partial<Summary>): Summary => fill(unknownSummary, r);

// what the feed tells of an answer that runs
export const delta = (d: Partial<AnswerDelta>): AnswerDelta => ({
    id: d.id ?? '',
    choices: list(d.choices, (c: Loose<AnswerDelta['choices'][number]>) => ({
        index: c?.index ?? 0,
        text_at: c?.text_at ?? null,
        text: c?.text ?? null,
        reasoning_at: c?.reasoning_at ?? null,
        reasoning: c?.reasoning ?? null,
    })),
    tool_calls: Array.isArray(d.tool_calls)
        ? d.tool_calls.map((c: Loose<ToolCall>) => ({
              id: c?.id ?? null,
              name: c?.name ?? null,
              arguments: c?.arguments ?? '',
              index: c?.index ?? 0,
          }))
        : null,
});

export const detail = (r: Partial<Detail>): Detail => ({
    ...fill(unknownSummary, r),
    request: message(r.request),
    response: message(r.response),
    conversation: conversation(r.conversation),
    answer: answer(r.answer),
    usage_raw: r.usage_raw ?? null,
    undecoded: r.undecoded ?? null,
    rate_limit: r.rate_limit ?? null,
    upstream_request_id: r.upstream_request_id ?? null,
    processing_ms: r.processing_ms ?? null,
    response_id: r.response_id ?? null,
    pieces_timeline: r.pieces_timeline ?? [],
    timing:
        r.timing === null || r.timing === undefined
            ? null
            : {
                  request_received_ms: r.timing.request_received_ms ?? null,
                  tls_start_ms: r.timing.tls_start_ms ?? null,
                  connect_ms: r.timing.connect_ms ?? null,
                  upstream_header_ms: r.timing.upstream_header_ms ?? null,
                  first_byte_ms: r.timing.first_byte_ms ?? null,
                  first_token_ms: r.timing.first_token_ms ?? null,
                  last_token_ms: r.timing.last_token_ms ?? null,
                  last_byte_ms: r.timing.last_byte_ms ?? null,
                  duration_ms: r.timing.duration_ms ?? null,
              },
});

export const stats = (s: Partial<Stats>): Stats => ({
    ...fill({ ...unknownStats, window: 'all' }, s),
    by_status: fill(unknownStats.by_status, s.by_status ?? {}),
    by_outcome: fill(unknownStats.by_outcome, s.by_outcome ?? {}),
    usage: fill(unknownStats.usage, s.usage ?? {}),
});
