// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Writes the recordings of this directory: exchanges in the shapes of the real
// APIs, with words and data of our own, and MANIFEST.tsv with what a record of
// each has to say.
//
//   node t/recordings/make.mjs [DIR]
//
// Each exchange begins as a plan: texts, calls, counts.  One function writes the
// plan as an API does, another writes it as a row of the manifest.  So the
// expected values come from the plan, and not from the code under test.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const out = process.argv[2] ?? path.dirname(fileURLToPath(import.meta.url));
const created = 1790000000;

const columns = [
    'file', 'api', 'kind', 'wire', 'http_status', 'content_type', 'bytes',
    'request_file', 'meta_file', 'exercises', 'exp_model', 'exp_in_tok',
    'exp_cached_tok', 'exp_cache_write_tok', 'exp_out_tok',
    'exp_reasoning_tok', 'exp_total_tok', 'exp_finish', 'exp_text_chars',
    'exp_text_bytes', 'exp_text_sha12', 'exp_reasoning_chars',
    'exp_reasoning_sha12', 'exp_refusal_chars', 'exp_n_tools',
    'exp_tools(name(arg_bytes))', 'exp_n_choices', 'exp_n_events',
    'exp_error',
];

const rows = [];

// --- words ---

const harbour = 'The ferry leaves the old harbour at nine, passes the '
    + 'lighthouse, and is back before the tide turns.';
const garden = 'Sow the beans in May, twenty centimetres apart; the marigolds '
    + 'beside them keep the beetles away. ';
const accents = 'Ça va très bien – 東京は晴れ、気温は二十度です 🌤️, '
    + 'said the café’s owner.';
const thought = 'The user asks for a ferry. The timetable has one at nine, so '
    + 'the answer is short.';
const question = 'When does the ferry leave?';

const sha12 = (text) => text === '' ? ''
    : createHash('sha256').update(text).digest('hex').slice(0, 12);
const characters = (text) => [...text].length;
const json = (value) => JSON.stringify(value);

// a text in pieces, as models write it: a word and the space before it

const pieces = (text) => text.match(/\s*\S+\s*$|\s*\S+/g) ?? [];

// the arguments of a call in pieces of a few characters

const parts = (text, size = 6) =>
    Array.from({ length: Math.ceil(text.length / size) },
               (_, i) => text.slice(i * size, (i + 1) * size));

const timetable = { name: 'timetable', arguments: '{"line":"harbour","day":1}' };
const weather = { name: 'get_weather', arguments: '{"city":"Zürich"}' };


// --- files ---

function write(file, data) {
    fs.mkdirSync(path.dirname(path.join(out, file)), { recursive: true });
    fs.writeFileSync(path.join(out, file), data);
}

const sse = (events) => events.map((e) => typeof e === 'string' ? e
    : (e.event ? `event: ${e.event}\n` : '')
      + `data: ${typeof e.data === 'string' ? e.data : json(e.data)}\n\n`)
    .join('');

const dataOf = (values) => values.map((data) => ({ data }));
const namedOf = (values) => values.map((data) => ({ event: data.type, data }));

// $plan: file, api, kind, body; and what a record has to say: model, usage,
// finish, texts, reasoning, refusal, calls, choices, events, error; also the
// request and, if the path does not follow from the kind, the url

function exchange(plan) {
    const { file, body, usage = {} } = plan;
    const text = (plan.texts ?? []).join(plan.separator ?? '\x1e');
    const reasoning = plan.reasoning ?? '';
    const calls = plan.calls ?? [];
    const stem = file.replace(/\.\w+$/, '');
    const row = {
        file, api: plan.api, kind: plan.kind, wire: 'made',
        http_status: plan.status ?? 200, content_type: plan.type ?? '',
        bytes: Buffer.byteLength(body), exercises: plan.exercises,
        exp_model: plan.model ?? '', exp_in_tok: usage.input ?? '',
        exp_cached_tok: usage.cached ?? '',
        exp_cache_write_tok: usage.written ?? '',
        exp_out_tok: usage.output ?? '',
        exp_reasoning_tok: usage.reasoning ?? '',
        exp_total_tok: usage.total ?? '', exp_finish: plan.finish ?? '',
        exp_text_chars: characters(text),
        exp_text_bytes: Buffer.byteLength(text), exp_text_sha12: sha12(text),
        exp_reasoning_chars: characters(reasoning),
        exp_reasoning_sha12: sha12(reasoning),
        exp_refusal_chars: characters(plan.refusal ?? ''),
        exp_n_tools: calls.length,
        'exp_tools(name(arg_bytes))': calls.map((c) => c.hosted
            ? `<${c.name}>(0)`
            : `${c.name}(${Buffer.byteLength(c.arguments)})`).join(';'),
        exp_n_choices: plan.choices ?? 0, exp_n_events: plan.events ?? 0,
        exp_error: plan.error ?? '',
    };

    write(file, body);

    if (plan.request !== undefined) {
        const raw = typeof plan.request === 'string';

        row.request_file = `${stem}.req.${raw ? 'multipart' : 'json'}`;
        write(row.request_file, raw ? plan.request : json(plan.request));
    }

    if (plan.url !== undefined) {
        row.meta_file = `${stem}.meta.json`;
        write(row.meta_file, JSON.stringify({
            method: plan.method ?? 'POST', url: plan.url,
            status: row.http_status,
            request_headers: {
                'content-type': plan.requestType ?? 'application/json',
            },
            response_headers: plan.type ? { 'content-type': plan.type } : {},
        }, null, 1) + '\n');
    }

    rows.push(columns.map((name) => row[name] ?? '').join('\t'));
}


// --- OpenAI: chat ---

const chatUsage = (u) => ({
    prompt_tokens: u.input, completion_tokens: u.output,
    total_tokens: u.total,
    prompt_tokens_details: { cached_tokens: u.cached, audio_tokens: 0 },
    completion_tokens_details: {
        reasoning_tokens: u.reasoning, audio_tokens: 0,
        accepted_prediction_tokens: 0, rejected_prediction_tokens: 0,
    },
});

const tools = [weather, timetable].map(({ name }) => ({
    type: 'function', function: {
        name, description: `Looks at the ${name}.`,
        parameters: { type: 'object', properties: {} },
    },
}));

const chatRequest = (more) => ({
    model: 'gpt-4o', messages: [
        { role: 'system', content: 'Answer in one sentence.' },
        { role: 'user', content: question },
    ], ...more,
});

const callsOf = (calls) => calls.map((call, index) => ({
    index, id: `call_made${index}`, type: 'function', function: call,
}));

function chat(name, plan) {
    const choices = plan.texts?.length || 1;
    const finish = Array(choices).fill(plan.finish ?? 'stop');
    const model = plan.model ?? 'gpt-4o-2024-08-06';
    const head = {
        id: `chatcmpl-made-${name}`, object: 'chat.completion', created, model,
        service_tier: 'default', system_fingerprint: 'fp_made',
    };
    const common = {
        api: 'openai-chat', model, choices, texts: [], ...plan,
        finish: finish.join(','),
    };

    if (!plan.stream) {
        const body = {
            ...head, choices: finish.map((reason, index) => ({
                index, message: {
                    role: 'assistant', content: plan.texts?.[index] ?? null,
                    refusal: plan.refusal ?? null, annotations: [],
                    ...(plan.calls && {
                        tool_calls: callsOf(plan.calls)
                            .map(({ index: _, ...call }) => call),
                    }),
                },
                logprobs: null, finish_reason: reason,
            })),
            usage: chatUsage(plan.usage),
        };

        exchange({
            ...common, file: `openai-chat/${name}.json`, kind: 'chat-json',
            request: chatRequest(plan.calls ? { tools } : {}),
            body: JSON.stringify(body, null, 2),
        });
        return;
    }

    const chunks = [];
    const chunk = (index, delta, finish_reason = null) => chunks.push({
        ...head, object: 'chat.completion.chunk',
        choices: [{ index, delta, logprobs: null, finish_reason }],
        ...(plan.usage && { usage: null }),
    });

    for (let i = 0; i < choices; i++) {
        chunk(i, { role: 'assistant', content: '', refusal: null });
    }

    // the choices take turns

    const texts = (plan.texts ?? []).map(pieces);

    for (let i = 0; texts.some((list) => i < list.length); i++) {
        texts.forEach((list, index) => {
            if (i < list.length) {
                chunk(index, { content: list[i] });
            }
        });
    }

    for (const refusal of pieces(plan.refusal ?? '')) {
        chunk(0, { refusal });
    }

    for (const call of callsOf(plan.calls ?? [])) {
        chunk(0, { tool_calls: [{
            ...call, function: { ...call.function, arguments: '' },
        }] });

        for (const piece of parts(call.function.arguments)) {
            chunk(0, { tool_calls: [{
                index: call.index, function: { arguments: piece },
            }] });
        }
    }

    finish.forEach((reason, index) => chunk(index, {}, reason));

    if (plan.usage) {
        chunks.push({
            ...head, object: 'chat.completion.chunk', choices: [],
            usage: chatUsage(plan.usage),
        });
    }

    exchange({
        ...common, file: `openai-chat/${name}.sse`, kind: 'chat-sse',
        request: plan.request ?? chatRequest({
            stream: true, ...(plan.calls && { tools }),
            ...(plan.usage && { stream_options: { include_usage: true } }),
        }),
        events: chunks.length + 1,
        body: sse(dataOf([...chunks, '[DONE]'])),
    });
}

const counted = { input: 21, cached: 0, output: 24, reasoning: 0, total: 45 };

chat('json-text', {
    exercises: 'a plain answer', texts: [harbour], usage: counted,
});
chat('json-accents', {
    exercises: 'characters of two to four bytes', texts: [accents],
    usage: counted,
});
chat('json-choices', {
    exercises: 'n=3', texts: [harbour, garden, accents], usage: counted,
});
chat('json-calls', {
    exercises: 'two calls', calls: [timetable, weather], finish: 'tool_calls',
    usage: { ...counted, cached: 16 },
});
chat('json-refusal', {
    exercises: 'a refusal', refusal: 'I cannot sail the ferry for you.',
    usage: counted,
});
chat('stream-short', {
    exercises: 'usage at the end', stream: true, texts: [harbour],
    usage: { ...counted, cached: 8 },
});
chat('stream-accents', {
    exercises: 'characters of two to four bytes', stream: true,
    texts: [accents], usage: counted,
});
chat('stream-without-usage', {
    exercises: 'no usage', stream: true, texts: [garden.trim()],
});
chat('stream-long', {
    exercises: '60 KB and more', stream: true,
    texts: [garden.repeat(14).trim()],
});
chat('stream-choices', {
    exercises: 'three choices that take turns', stream: true,
    texts: [harbour, garden.trim(), accents], usage: counted,
});
chat('stream-calls', {
    exercises: 'two calls in pieces', stream: true, finish: 'tool_calls',
    calls: [timetable, weather], usage: counted,
});
chat('stream-cut-by-length', {
    exercises: 'finish_reason length', stream: true, texts: ['The'],
    finish: 'length',
    usage: { input: 21, cached: 0, output: 1, reasoning: 0, total: 22 },
});
chat('stream-refusal', {
    exercises: 'delta.refusal', stream: true,
    refusal: 'I cannot sail the ferry for you.', usage: counted,
});
chat('stream-reasoning-tokens', {
    exercises: 'reasoning that is only counted', stream: true,
    model: 'o4-mini-2025-04-16', texts: [harbour],
    usage: { input: 21, cached: 0, output: 88, reasoning: 64, total: 109 },
});

// two turns of an agent: the second repeats the first

const turns = [
    { role: 'user', content: 'Which coat do I need for the ferry?' },
    { role: 'assistant', content: null, tool_calls:
        callsOf([timetable, weather]).map(({ index: _, ...call }) => call) },
    { role: 'tool', tool_call_id: 'call_made0', content: '{"leaves":"09:00"}' },
    { role: 'tool', tool_call_id: 'call_made1', content: '{"rain":true}' },
    { role: 'assistant', content: null, tool_calls:
        callsOf([weather]).map(({ index: _, ...call }) => call) },
    { role: 'tool', tool_call_id: 'call_made0', content: '{"wind":7}' },
];

chat('agent-loop-1', {
    exercises: 'a turn of an agent', stream: true, calls: [weather],
    finish: 'tool_calls', usage: counted,
    request: chatRequest({ stream: true, tools, messages: turns.slice(0, 4) }),
});
chat('agent-loop-2', {
    exercises: 'the next turn of the same agent', stream: true,
    texts: ['Take the yellow oilskin.'],
    usage: { ...counted, cached: 16 },
    request: chatRequest({ stream: true, tools, messages: turns }),
});


// --- OpenAI: completions ---

function completion(name, text, usage, stream) {
    const model = 'gpt-3.5-turbo-instruct:20230824-v2';
    const head = { id: `cmpl-made-${name}`, object: 'text_completion', created,
                   model };
    const choice = (text, finish_reason) => ({
        ...head, choices: [{ text, index: 0, logprobs: null, finish_reason }],
    });
    const counts = { prompt_tokens: usage.input,
                     completion_tokens: usage.output,
                     total_tokens: usage.total };
    const chunks = [...pieces(text).map((piece) => choice(piece, null)),
                    choice('', 'stop'),
                    { ...head, choices: [], usage: counts }];

    exchange({
        file: `openai-completions/${name}.${stream ? 'sse' : 'json'}`,
        api: 'openai-completions',
        kind: `completions-${stream ? 'sse' : 'json'}`,
        exercises: 'the API before chat', model, usage, finish: 'stop',
        texts: [text], choices: 1, events: stream ? chunks.length + 1 : 0,
        request: { model: 'gpt-3.5-turbo-instruct', prompt: question, stream },
        body: stream ? sse(dataOf([...chunks, '[DONE]']))
                     : json({ ...choice(text, 'stop'), usage: counts }),
    });
}

completion('json-text', harbour, { input: 6, output: 24, total: 30 }, false);
completion('stream-text', harbour, { input: 6, output: 24, total: 30 }, true);


// --- OpenAI: responses ---

// the items of an answer, and the events that build them

function responseItems(plan) {
    const items = [], events = [];
    const add = (item) => items.push(item) - 1;
    const event = (type, more) => events.push({ type, ...more });

    if (plan.reasoning) {
        const item = { id: 'rs_made', type: 'reasoning',
                       summary: [{ type: 'summary_text',
                                   text: plan.reasoning }] };
        const at = { item_id: item.id, output_index: add(item),
                     summary_index: 0 };
        const part = (text) => ({ type: 'summary_text', text });

        event('response.output_item.added', {
            output_index: at.output_index, item: { ...item, summary: [] } });
        event('response.reasoning_summary_part.added',
              { ...at, part: part('') });
        pieces(plan.reasoning).forEach((delta) =>
            event('response.reasoning_summary_text.delta', { ...at, delta }));
        event('response.reasoning_summary_text.done',
              { ...at, text: plan.reasoning });
        event('response.reasoning_summary_part.done',
              { ...at, part: part(plan.reasoning) });
        event('response.output_item.done',
              { output_index: at.output_index, item });
    }

    for (const call of plan.calls ?? []) {
        const item = call.hosted
            ? { id: 'ws_made', type: call.name, status: 'completed',
                action: { type: 'search', query: 'ferry' } }
            : { id: `fc_made${items.length}`, type: 'function_call',
                status: 'completed', call_id: `call_made${items.length}`,
                ...call };
        const output_index = add(item);

        event('response.output_item.added', {
            output_index, item: { ...item, status: 'in_progress',
                                  ...(call.hosted ? {} : { arguments: '' }) },
        });

        if (call.hosted) {
            event('response.web_search_call.in_progress',
                  { output_index, item_id: item.id });
            event('response.web_search_call.completed',
                  { output_index, item_id: item.id });
        } else {
            parts(call.arguments).forEach((delta) =>
                event('response.function_call_arguments.delta',
                      { item_id: item.id, output_index, delta }));
            event('response.function_call_arguments.done', {
                item_id: item.id, output_index, arguments: call.arguments });
        }

        event('response.output_item.done', { output_index, item });
    }

    for (const text of plan.texts ?? []) {
        const part = { type: 'output_text', annotations: [], logprobs: [],
                       text };
        const item = { id: 'msg_made', type: 'message', status: 'completed',
                       role: 'assistant', content: [part] };
        const at = { item_id: item.id, output_index: add(item),
                     content_index: 0 };

        event('response.output_item.added', {
            output_index: at.output_index,
            item: { ...item, status: 'in_progress', content: [] } });
        event('response.content_part.added',
              { ...at, part: { ...part, text: '' } });
        pieces(text).forEach((delta) =>
            event('response.output_text.delta', { ...at, delta }));
        event('response.output_text.done', { ...at, text });
        event('response.content_part.done', { ...at, part });
        event('response.output_item.done',
              { output_index: at.output_index, item });
    }

    return { items, events };
}

function responses(name, plan) {
    const model = plan.model ?? 'gpt-5-mini-2025-08-07';
    const { items, events } = responseItems(plan);
    const u = plan.usage;
    const response = (status, more) => ({
        id: `resp_made_${name}`, object: 'response', created_at: created,
        status, background: false, error: null, incomplete_details: null,
        instructions: null, max_output_tokens: null, model, output: [],
        parallel_tool_calls: true, previous_response_id: null,
        reasoning: { effort: 'low', summary: null }, service_tier: 'default',
        store: false, temperature: 1.0, tool_choice: 'auto', tools: [],
        top_p: 1.0, truncation: 'disabled', usage: null, metadata: {},
        ...more,
    });
    const usage = u && {
        input_tokens: u.input, output_tokens: u.output, total_tokens: u.total,
        input_tokens_details: { cached_tokens: u.cached },
        output_tokens_details: { reasoning_tokens: u.reasoning },
    };
    const failed = plan.error !== undefined;
    const last = response(failed ? 'failed' : 'completed', failed
        ? { error: { code: plan.error, message: 'The quota is used up.' } }
        : { output: items, usage });

    const stream = [
        { type: 'response.created', response: response('in_progress') },
        { type: 'response.in_progress', response: response('in_progress') },
        ...events,
        { type: failed ? 'response.failed' : 'response.completed',
          response: last },
    ].map((event, sequence_number) => ({ ...event, sequence_number }));

    exchange({
        ...plan, api: 'openai-responses', model,
        file: `openai-responses/${name}.${plan.stream ? 'sse' : 'json'}`,
        kind: `responses-${plan.stream ? 'sse' : 'json'}`,
        finish: last.status, events: plan.stream ? stream.length : 0,
        request: { model: 'gpt-5-mini', input: question, stream: !!plan.stream },
        body: plan.stream ? sse(namedOf(stream)) : JSON.stringify(last, null, 2),
    });
}

const response = { input: 40, cached: 0, output: 60, reasoning: 0, total: 100 };

responses('json-text', {
    exercises: 'a plain answer', texts: [harbour], usage: response,
});
responses('json-reasoning', {
    exercises: 'a summary of the reasoning', texts: [accents],
    reasoning: thought, usage: { ...response, reasoning: 32 },
});
responses('json-calls', {
    exercises: 'two calls', calls: [timetable, weather], usage: response,
});
responses('stream-text', {
    exercises: 'a plain answer', stream: true, texts: [accents],
    usage: { ...response, cached: 32 },
});
responses('stream-reasoning', {
    exercises: 'a summary of the reasoning', stream: true, texts: [harbour],
    reasoning: thought, usage: { ...response, reasoning: 32 },
});
responses('stream-calls', {
    exercises: 'two calls in pieces', stream: true,
    calls: [timetable, weather], usage: response,
});
responses('stream-search', {
    exercises: 'a tool that the upstream runs', stream: true,
    calls: [{ name: 'web_search_call', hosted: true }], texts: [harbour],
    usage: response,
});
responses('stream-failed', {
    exercises: 'response.failed', stream: true, error: 'insufficient_quota',
});


// --- Anthropic ---

const blocksOf = (plan) => [
    ...(plan.reasoning ? [{ type: 'thinking', thinking: plan.reasoning,
                            signature: 'c2lnbmVk' }] : []),
    ...(plan.texts ?? []).map((text) => ({ type: 'text', text })),
    ...(plan.calls ?? []).map((call, i) => ({
        type: 'tool_use', id: `toolu_made${i}`, name: call.name,
        input: JSON.parse(call.arguments),
    })),
];

function anthropic(name, plan) {
    const model = 'claude-sonnet-4-5-20250929';
    const u = plan.usage;
    const usage = (output_tokens) => ({
        input_tokens: u.input, cache_creation_input_tokens: u.written,
        cache_read_input_tokens: u.cached, output_tokens,
        service_tier: 'standard',
    });
    const blocks = blocksOf(plan);
    const stop = plan.finish ?? 'end_turn';
    const message = { id: `msg_made_${name}`, type: 'message',
                      role: 'assistant', model };
    const events = [{ type: 'message_start', message: {
        ...message, content: [], stop_reason: null, stop_sequence: null,
        usage: usage(1) } }];

    blocks.forEach((block, index) => {
        const deltas = {
            text: () => pieces(block.text)
                .map((text) => ({ type: 'text_delta', text })),
            thinking: () => [
                ...pieces(block.thinking).map((thinking) =>
                    ({ type: 'thinking_delta', thinking })),
                { type: 'signature_delta', signature: block.signature }],
            tool_use: () => ['', ...parts(json(block.input))]
                .map((partial_json) =>
                    ({ type: 'input_json_delta', partial_json })),
        }[block.type]();
        const empty = { text: { text: '' }, tool_use: { input: {} },
                        thinking: { thinking: '', signature: '' } };

        events.push({ type: 'content_block_start', index,
                      content_block: { ...block, ...empty[block.type] } });
        if (index === 0) {
            events.push({ type: 'ping' });
        }
        deltas.forEach((delta) =>
            events.push({ type: 'content_block_delta', index, delta }));
        events.push({ type: 'content_block_stop', index });
    });

    events.push({ type: 'message_delta',
                  delta: { stop_reason: stop, stop_sequence: null },
                  usage: { output_tokens: u.output } },
                { type: 'message_stop' });

    exchange({
        ...plan, api: 'anthropic', model, finish: stop,
        file: `anthropic/${name}.${plan.stream ? 'sse' : 'json'}`,
        kind: `anthropic-${plan.stream ? 'sse' : 'json'}`,
        events: plan.stream ? events.length : 0,
        request: { model: 'claude-sonnet-4-5', max_tokens: 1024,
                   stream: !!plan.stream,
                   messages: [{ role: 'user', content: question }] },
        body: plan.stream ? sse(namedOf(events)) : json({
            ...message, content: blocks, stop_reason: stop,
            stop_sequence: null, usage: usage(u.output),
        }),
    });
}

const message = { input: 18, cached: 0, written: 0, output: 40 };

anthropic('json-text', {
    exercises: 'a plain answer', texts: [harbour], usage: message,
});
anthropic('json-calls', {
    exercises: 'a text and two calls', texts: ['I look it up.'],
    calls: [timetable, weather], finish: 'tool_use', usage: message,
});
anthropic('stream-text', {
    exercises: 'tokens from and for the cache', stream: true,
    texts: [accents],
    usage: { input: 4, cached: 1200, written: 300, output: 40 },
});
anthropic('stream-thinking', {
    exercises: 'thinking before the text', stream: true, texts: [harbour],
    reasoning: thought, usage: message,
});
anthropic('stream-calls', {
    exercises: 'two calls in pieces', stream: true, texts: ['I look it up.'],
    calls: [timetable, weather], finish: 'tool_use', usage: message,
});


// --- Gemini ---

function gemini(name, plan) {
    const model = 'gemini-2.5-flash';
    const u = plan.usage;
    const usageMetadata = {
        promptTokenCount: u.input, candidatesTokenCount: u.output - u.reasoning,
        totalTokenCount: u.total, thoughtsTokenCount: u.reasoning,
    };
    const chunk = (parts, finishReason) => ({
        candidates: [{ content: { parts, role: 'model' }, index: 0,
                       ...(finishReason && { finishReason }) }],
        usageMetadata, modelVersion: model, responseId: `made-${name}`,
    });
    const all = [
        ...pieces(plan.reasoning ?? '')
            .map((text) => ({ text, thought: true })),
        ...pieces((plan.texts ?? []).join('')).map((text) => ({ text })),
        ...(plan.calls ?? []).map((call) => ({ functionCall: {
            name: call.name, args: JSON.parse(call.arguments) } })),
    ];
    const chunks = all.map((part, i) =>
        chunk([part], i === all.length - 1 ? 'STOP' : undefined));

    exchange({
        ...plan, api: 'gemini', model, finish: 'STOP',
        file: `gemini/${name}.${plan.stream ? 'sse' : 'json'}`,
        kind: `gemini-${plan.stream ? 'sse' : 'json'}`,
        events: plan.stream ? chunks.length : 0,
        url: 'https://generativelanguage.googleapis.com/v1beta/models/'
            + model + (plan.stream ? ':streamGenerateContent?alt=sse'
                                   : ':generateContent'),
        type: plan.stream ? 'text/event-stream'
                          : 'application/json; charset=UTF-8',
        request: { contents: [{ role: 'user', parts: [{ text: question }] }] },
        body: plan.stream ? sse(dataOf(chunks))
                          : JSON.stringify(chunk(all, 'STOP'), null, 2),
    });
}

gemini('json-text', {
    exercises: 'a plain answer', texts: [harbour],
    usage: { input: 9, output: 24, reasoning: 0, total: 33 },
});
gemini('json-call', {
    exercises: 'a call', calls: [timetable],
    usage: { input: 29, output: 90, reasoning: 75, total: 119 },
});
gemini('stream-text', {
    exercises: 'thoughts before the text', stream: true, texts: [accents],
    reasoning: thought,
    usage: { input: 9, output: 208, reasoning: 185, total: 217 },
});


// --- Ollama, and others with an API of their own ---

const ollamaEnd = (u) => ({
    done_reason: 'stop', done: true, total_duration: 4218611084,
    load_duration: 1797788834, prompt_eval_count: u.input,
    prompt_eval_duration: 167135000, eval_count: u.output,
    eval_duration: 2252182000,
});

function ollama(name, stream) {
    const head = { model: 'llama3', created_at: '2026-05-24T20:48:36.231229Z' };
    const usage = { input: 17, output: 24 };
    const say = (content) => ({ ...head,
                                message: { role: 'assistant', content } });
    const lines = [...pieces(harbour).map((t) => ({ ...say(t), done: false })),
                   { ...say(''), ...ollamaEnd(usage) }];

    exchange({
        file: `ollama/${name}.${stream ? 'ndjson' : 'json'}`, api: 'ollama',
        kind: `ollama-${stream ? 'ndjson' : 'json'}`,
        exercises: 'the API of Ollama', model: 'llama3', usage,
        finish: 'stop', texts: [harbour], events: stream ? lines.length : 0,
        type: stream ? 'application/x-ndjson'
                     : 'application/json; charset=utf-8',
        url: 'http://localhost:11434/api/chat',
        request: { model: 'llama3', stream,
                   messages: [{ role: 'user', content: question }] },
        body: stream ? lines.map((line) => json(line) + '\n').join('')
                     : json({ ...say(harbour), ...ollamaEnd(usage) }),
    });
}

ollama('chat-json', false);
ollama('chat-stream', true);

{
    const message = (type, more, index) => ({
        type, ...(index === undefined ? {} : { index }), delta: more });
    const events = [
        { id: 'made', ...message('message-start', { message: {
            role: 'assistant', content: [], tool_plan: '', tool_calls: [],
            citations: [] } }) },
        message('content-start', { message: { content: {
            type: 'text', text: '' } } }, 0),
        ...pieces(harbour).map((text) =>
            message('content-delta', { message: { content: { text } } }, 0)),
        { type: 'content-end', index: 0 },
        message('message-end', { finish_reason: 'COMPLETE', usage: {
            billed_units: { input_tokens: 9, output_tokens: 24 },
            tokens: { input_tokens: 209, output_tokens: 26 },
            cached_tokens: 192 } }),
    ];

    exchange({
        file: 'providers/cohere-v2-text.sse', api: 'providers',
        kind: 'cohere-sse', exercises: 'the API of Cohere',
        usage: { input: 209, cached: 192, output: 26 }, finish: 'COMPLETE',
        texts: [harbour], events: events.length,
        request: { model: 'command-a-03-2025', stream: true,
                   messages: [{ role: 'user', content: question }] },
        body: sse(namedOf(events)),
    });
}

// two of the many that speak OpenAI's chat with additions

function provider(name, model, first, delta, usage, counts, type) {
    const head = { id: `made-${name}`, object: 'chat.completion.chunk',
                   created, model };
    const chunks = [
        ...pieces(thought).map((text) => delta(text)),
        ...pieces(harbour).map((content) => ({ content })),
    ].map((delta) => ({ ...head, choices: [{
        index: 0, delta: { role: 'assistant', ...delta },
        finish_reason: null }] }));

    chunks.push({ ...head, choices: [{ index: 0, delta: { content: '' },
                                       finish_reason: 'stop' }],
                  usage: counts });

    exchange({
        file: `providers/${name}.sse`, api: 'providers', kind: 'chat-sse',
        exercises: type, model, usage, finish: 'stop', texts: [harbour],
        reasoning: thought, choices: 1, events: chunks.length + 1,
        request: chatRequest({ model, stream: true }),
        body: first + sse(dataOf([...chunks, '[DONE]'])),
    });
}

provider('reasoning-content', 'deepseek-reasoner', '',
         (text) => ({ content: null, reasoning_content: text }),
         { input: 13, cached: 0, output: 60, reasoning: 36, total: 73 },
         { prompt_tokens: 13, completion_tokens: 60, total_tokens: 73,
           prompt_tokens_details: { cached_tokens: 0 },
           completion_tokens_details: { reasoning_tokens: 36 },
           prompt_cache_hit_tokens: 0, prompt_cache_miss_tokens: 13 },
         'reasoning_content');
provider('reasoning-comments', 'openai/gpt-oss-20b',
         ': OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n',
         (text) => ({ content: '', reasoning: text }),
         { input: 13, output: 60, total: 73 },
         { prompt_tokens: 13, completion_tokens: 60, total_tokens: 73 },
         'comments before the first event, and "reasoning"');


// --- OpenAI: the rest ---

exchange({
    file: 'openai-misc/embeddings.json', api: 'openai-misc',
    kind: 'embeddings-json', exercises: 'two inputs',
    model: 'text-embedding-3-small', usage: { input: 14, total: 14 },
    choices: 2,
    request: { model: 'text-embedding-3-small', input: [question, harbour] },
    body: json({
        object: 'list', model: 'text-embedding-3-small',
        data: [0, 1].map((index) => ({
            object: 'embedding', index,
            embedding: Array.from({ length: 64 },
                                  (_, i) => Math.sin(i + index) / 8),
        })),
        usage: { prompt_tokens: 14, total_tokens: 14 },
    }),
});

const form = (fields) => fields.map(([head, value]) => '--made-boundary\r\n'
    + `Content-Disposition: form-data; ${head}\r\n\r\n${value}\r\n`).join('')
    + '--made-boundary--\r\n';

const speech = form([
    ['name="model"', 'gpt-4o-mini-transcribe'],
    ['name="language"', 'en'],
    ['name="file"; filename="ferry.wav"\r\nContent-Type: audio/wav',
     'RIFF____WAVEfmt data'],
]);

exchange({
    file: 'openai-misc/transcription.json', api: 'openai-misc',
    kind: 'audio-json', exercises: 'a form with a file', texts: [harbour],
    usage: { input: 26, output: 24, total: 50 }, request: speech,
    requestType: 'multipart/form-data; boundary=made-boundary',
    url: 'https://api.openai.com/v1/audio/transcriptions',
    type: 'application/json',
    body: json({ text: harbour, usage: {
        type: 'tokens', total_tokens: 50, input_tokens: 26,
        input_token_details: { text_tokens: 0, audio_tokens: 26 },
        output_tokens: 24 } }),
});

{
    const events = [
        ...pieces(accents).map((delta) =>
            ({ type: 'transcript.text.delta', delta })),
        { type: 'transcript.text.done', text: accents, usage: {
            type: 'tokens', input_tokens: 14, output_tokens: 30,
            total_tokens: 44,
            input_token_details: { text_tokens: 0, audio_tokens: 14 } } },
    ];

    exchange({
        file: 'openai-misc/transcription-stream.sse', api: 'openai-misc',
        kind: 'audio-sse', exercises: 'a transcription as a stream',
        texts: [accents], usage: { input: 14, output: 30, total: 44 },
        events: events.length, body: sse(dataOf(events)),
    });
}

exchange({
    file: 'openai-misc/images.json', api: 'openai-misc', kind: 'images-json',
    exercises: 'two pictures', choices: 2,
    request: { model: 'gpt-image-1', prompt: 'a lighthouse', n: 2 },
    body: json({ created, data: ['iVBORw0KGgo=', 'iVBORw0KGgp=']
        .map((b64_json) => ({ b64_json })) }),
});

exchange({
    file: 'openai-misc/moderation.json', api: 'openai-misc',
    kind: 'other-json', exercises: 'a moderation',
    model: 'omni-moderation-latest', type: 'application/json',
    url: 'https://api.openai.com/v1/moderations',
    request: { model: 'omni-moderation-latest', input: harbour },
    body: json({ id: 'modr-made', model: 'omni-moderation-latest', results: [{
        flagged: false, categories: { violence: false },
        category_scores: { violence: 0.0001 } }] }),
});

for (const [status, code, type, message] of [
    [400, 'unsupported_value', 'invalid_request_error',
     'Unsupported value: temperature.'],
    [401, 'invalid_api_key', 'invalid_request_error', 'Incorrect API key.'],
    [429, 'rate_limit_exceeded', 'tokens', 'Rate limit reached.']])
{
    exchange({
        file: `openai-errors/${status}.json`, api: 'openai-errors',
        kind: 'error-json', exercises: 'an error', status, error: code,
        type: 'application/json', request: chatRequest({}),
        url: 'https://api.openai.com/v1/chat/completions',
        body: json({ error: { message, type, param: null, code } }),
    });
}

{
    const run = (status, more) => ({
        id: 'run_made', object: 'thread.run', created_at: created,
        assistant_id: 'asst_made', thread_id: 'thread_made', status,
        model: 'gpt-4o-mini', tools: [], usage: null, ...more });
    const usage = { prompt_tokens: 381, completion_tokens: 24,
                    total_tokens: 405,
                    prompt_token_details: { cached_tokens: 0 } };
    const content = (value) => [{ index: 0, type: 'text',
                                  text: { value, annotations: [] } }];
    const told = {
        id: 'msg_made', object: 'thread.message', created_at: created,
        thread_id: 'thread_made', run_id: 'run_made', role: 'assistant' };
    const events = [
        ['thread.run.created', run('queued')],
        ['thread.run.in_progress', run('in_progress')],
        ['thread.message.created',
         { ...told, status: 'in_progress', content: [] }],
        ...pieces(harbour).map((text) => ['thread.message.delta', {
            id: 'msg_made', object: 'thread.message.delta',
            delta: { content: content(text) } }]),
        ['thread.message.completed', { ...told, status: 'completed',
            content: [{ type: 'text',
                        text: { value: harbour, annotations: [] } }] }],
        ['thread.run.completed', run('completed', { usage })],
        ['done', '[DONE]'],
    ].map(([event, data]) => ({ event, data }));

    exchange({
        file: 'openai-assistants/run.sse', api: 'openai-assistants',
        kind: 'thread-sse', exercises: 'a run of an assistant',
        model: 'gpt-4o-mini', finish: 'completed', texts: [harbour],
        usage: { input: 381, cached: 0, output: 24, total: 405 },
        choices: 0, events: events.length,
        type: 'text/event-stream; charset=utf-8',
        url: 'https://api.openai.com/v1/threads/thread_made/runs',
        request: { assistant_id: 'asst_made', stream: true },
        body: sse(events),
    });
}

// a conversation over a WebSocket, one message a line

{
    const item = (status, transcript) => ({
        id: 'item_made', type: 'message', status, role: 'assistant',
        content: transcript ? [{ type: 'output_audio', transcript }] : [] });
    const at = { response_id: 'resp_made', item_id: 'item_made',
                 output_index: 0, content_index: 0 };
    const response = (status, output, usage) => ({
        object: 'realtime.response', id: 'resp_made', status, output,
        conversation_id: 'conv_made', output_modalities: ['audio'], usage });
    const session = { type: 'realtime', object: 'realtime.session',
                      id: 'sess_made', model: 'gpt-realtime',
                      output_modalities: ['audio'] };
    const script = [
        ['received', { type: 'session.created', session }],
        ['sent', { type: 'session.update', session: {
            type: 'realtime', instructions: 'Answer in a sentence.' } }],
        ['received', { type: 'session.updated', session }],
        ['sent', { type: 'conversation.item.create', item: {
            type: 'message', role: 'user',
            content: [{ type: 'input_text', text: question }] } }],
        ['sent', { type: 'response.create' }],
        ['received', { type: 'response.created',
                       response: response('in_progress', [], null) }],
        ['received', { type: 'response.output_item.added',
                       response_id: 'resp_made', output_index: 0,
                       item: item('in_progress') }],
        ...pieces(harbour).map((delta) => ['received', {
            type: 'response.output_audio_transcript.delta', ...at, delta }]),
        ['received', { type: 'response.output_audio.delta', ...at,
                       delta: 'AgD9/wQAAAD4/wMA//8EAP//AAD+/wMA' }],
        ['received', { type: 'response.output_audio.done', ...at }],
        ['received', { type: 'response.output_audio_transcript.done', ...at,
                       transcript: harbour }],
        ['received', { type: 'response.output_item.done',
                       response_id: 'resp_made', output_index: 0,
                       item: item('completed', harbour) }],
        ['received', { type: 'response.done',
            response: response('completed', [item('completed', harbour)], {
                total_tokens: 40, input_tokens: 16, output_tokens: 24,
                input_token_details: { text_tokens: 16, audio_tokens: 0,
                                       cached_tokens: 0 },
                output_token_details: { text_tokens: 9, audio_tokens: 15 },
            }) }],
    ].map(([dir, data]) => ({ dir, data }));

    exchange({
        file: 'realtime/text-in-audio-out.jsonl', api: 'realtime',
        kind: 'realtime-jsonl', exercises: 'the Realtime API',
        model: 'gpt-realtime', finish: 'completed', texts: [harbour],
        usage: { input: 16, cached: 0, output: 24, total: 40 }, choices: 1,
        events: script.length,
        body: script.map((line) => json(line) + '\n').join(''),
    });
}


// --- requests as clients write them, and the WebSockets of an agent ---

const head = (line, headers) => line + '\r\n' + Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`).join('') + '\r\n';

function client(name, uri, agent, body, more = {}) {
    const text = typeof body === 'string' ? body : json(body);

    write(`clients/${name}.request.raw`, head(`POST ${uri} HTTP/1.1`, {
        host: '127.0.0.1:8080', connection: 'keep-alive',
        accept: 'application/json', 'user-agent': agent,
        authorization: ['Bearer', 'made'].join(' '),
        'content-type': 'application/json', 'accept-encoding': 'gzip, deflate',
        'content-length': Buffer.byteLength(text), ...more,
    }) + text);
}

const sdk = 'OpenAI/JS 7.0.0';
const codex = 'codex_exec/0.1.0 (Debian 12.0.0; x86_64) xterm';
const session = { 'session-id': '01a2049c-0000-7000-8000-000000000001',
                  originator: 'codex_exec' };
const agentTurn = {
    model: 'gpt-5-codex', stream: true, store: false,
    instructions: 'You are a coding agent. ' + garden.repeat(40),
    input: [{ type: 'message', role: 'user',
              content: [{ type: 'input_text', text: accents }] }],
    tools: [{ type: 'function', name: 'shell',
              parameters: { type: 'object', properties: {} } }],
};

client('node-chat-stream', '/v1/chat/completions', sdk,
       chatRequest({ stream: true }));
client('node-responses', '/v1/responses', sdk,
       { model: 'gpt-5-mini', input: accents });
client('node-embeddings', '/v1/embeddings', sdk,
       { model: 'text-embedding-3-small', input: question });
client('node-anthropic-stream', '/v1/messages', 'Anthropic/JS 0.60.0',
       { model: 'claude-sonnet-4-5', max_tokens: 9, stream: true,
         messages: [{ role: 'user', content: question }] });
client('node-transcription', '/v1/audio/transcriptions', sdk,
       form([['name="model"', 'gpt-4o-transcribe'],
             ['name="file"; filename="a.wav"\r\nContent-Type: audio/wav',
              'RIFF____WAVEfmt data']]),
       { 'content-type': 'multipart/form-data; boundary=made-boundary' });
client('codex-http', '/v1/responses', codex, agentTurn, session);

// the messages as text frames; the client's are masked

function frames(messages, masked) {
    return Buffer.concat(messages.map((message) => {
        const data = Buffer.from(json(message));
        const bit = masked ? 0x80 : 0;
        const size = data.length < 126 ? [bit | data.length]
            : data.length < 65536 ? [bit | 126, data.length >> 8,
                                     data.length & 255]
            : [bit | 127, 0, 0, 0, 0, ...[24, 16, 8, 0]
                .map((shift) => data.length >> shift & 255)];
        const mask = [0x1f, 0x8b, 0x00, 0x7e];

        return Buffer.concat([
            Buffer.from([0x81, ...size, ...(masked ? mask : [])]),
            masked ? data.map((byte, i) => byte ^ mask[i & 3]) : data,
        ]);
    }));
}

function websocket(name, sent, received) {
    const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket' };

    write(`clients/${name}.c2s.raw`, Buffer.concat([
        Buffer.from(head('GET /v1/responses HTTP/1.1', {
            Host: '127.0.0.1:8080', ...upgrade, 'Sec-WebSocket-Version': 13,
            'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
            authorization: ['Bearer', 'made'].join(' '), 'user-agent': codex,
            ...session,
            'sec-websocket-extensions':
                'permessage-deflate; client_max_window_bits',
        })), frames(sent, true)]));
    write(`clients/${name}.s2c.raw`, Buffer.concat([
        Buffer.from(head('HTTP/1.1 101 Switching Protocols', {
            ...upgrade, 'Sec-WebSocket-Accept': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=',
        })), frames(received, false)]));
}

{
    const turn = { type: 'response.create', ...agentTurn };
    const { items, events } = responseItems({ texts: ['Take it now.'] });
    const response = { id: 'resp_made', object: 'response', model: turn.model };

    websocket('codex-websocket.0', [turn], [{ type: 'error', error: {
        code: 'previous_response_not_found', message: 'It is not there.' } }]);
    websocket('codex-websocket.1', [turn], [
        { type: 'response.created',
          response: { ...response, status: 'in_progress', output: [] } },
        { type: 'response.in_progress',
          response: { ...response, status: 'in_progress', output: [] } },
        ...events,
        { type: 'response.completed', response: {
            ...response, status: 'completed', output: items,
            usage: { input_tokens: 900, output_tokens: 4,
                     total_tokens: 904 } } },
    ]);
}

write('MANIFEST.tsv', [columns.join('\t'), ...rows].join('\n') + '\n');
