// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Serves html/dist with invented traffic in the shapes of docs/api.md, so that
// the page can be worked on without nginx:
//
//     node dev/mock.mjs [port] [records] [arrivals per second]

import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const port = Number(process.argv[2] ?? 24200);
const count = Number(process.argv[3] ?? 400);
const rate = Number(process.argv[4] ?? 0.5);
const entries = 1000;

const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    + "media-src data: blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    + "frame-ancestors 'none'";

const types = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };

let seed = 7;

const random = () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed / 0x7fffffff;
};

const pick = (list) => list[Math.floor(random() * list.length)];
const between = (a, b) => a + random() * (b - a);

const models = [
    ['gpt-4o', 'gpt-4o-2024-08-06', 2.5, 10], ['gpt-4o-mini', 'gpt-4o-mini-2024-07-18', 0.15, 0.6],
    ['gpt-5-mini', 'gpt-5-mini-2025-08-07', 0.25, 2], ['claude-sonnet-4-5', 'claude-sonnet-4-5-20250929', 3, 15],
    ['llama3.1:8b', 'llama3.1:8b', null, null],
];

const endpoints = [
    ['chat', 'chat', '/v1/chat/completions'], ['chat', 'chat', '/v1/chat/completions'],
    ['chat', 'chat', '/v1/chat/completions'], ['responses', 'chat', '/v1/responses'],
    ['embeddings', 'embeddings', '/v1/embeddings'], ['models', null, '/v1/models'],
];

const questions = [
    'Summarise the incident report in three bullet points.', 'What is the weather in Lisbon tomorrow?',
    'Write a Python function that merges two sorted lists.', '把这段话翻译成英文。',
    'Explain the difference between a mutex and a semaphore.', 'Which invoices are overdue?',
];

const prose = `A **mutex** protects one resource: whoever locks it must unlock it. A *semaphore* counts permits.

| | mutex | semaphore |
|---|---|---|
| owner | yes | no |
| count | 1 | n |

1. Take the lock.
2. Do the work, \`quickly\`.

\`\`\`python
with lock:
    queue.append(item)
\`\`\`

See [the manual](https://example.org/threads) for more. `;

const records = new Map();
const viewers = new Set();
let number = 0;
let cursor = 0;

function record(at, running) {
    const [dialect, operation, uri] = pick(endpoints);
    const [model, answered, priceIn, priceOut] = pick(models);
    const talk = dialect === 'chat' || dialect === 'responses';
    const streamed = talk && random() < 0.7;
    const roll = random();
    const outcome = running ? 'running' : roll < 0.88 ? 'ok' : roll < 0.93 ? 'upstream_error'
        : roll < 0.96 ? 'client_aborted' : roll < 0.98 ? 'truncated' : 'timeout';
    const failed = outcome === 'upstream_error' || outcome === 'timeout';
    const ttft = talk ? between(150, 1400) : null;
    const duration = talk ? ttft + between(300, 9000) : between(40, 500);
    const tools = talk && random() < 0.3;
    const question = pick(questions);
    const input = Math.round(between(20, 6000));
    const output = talk ? Math.round(between(20, 900)) : null;
    const cached = random() < 0.5 ? Math.round(input * random()) : 0;
    const id = (at * 1000 + (number++ % 1000)).toString(36).padStart(12, '0');
    const text = prose.repeat(1 + Math.floor(random() * 3));
    const body = talk ? { model, stream: streamed, temperature: 0.2, messages: messages(question, tools) }
        : dialect === 'embeddings' ? { model: 'text-embedding-3-small', input: [question] } : null;
    const request = body === null ? '' : JSON.stringify(body);
    const call = { id: 'call_7', name: 'get_weather', arguments: '{"city":"Lisbon","unit":"C"}' };
    const status = running ? null : outcome === 'timeout' ? 504 : failed ? pick([429, 500, 503]) : 200;
    const error = failed ? { type: status === 429 ? 'rate_limit_exceeded' : 'server_error', code: null,
        message: 'The server is busy, try again in 20 s' } : null;
    const response = error !== null ? JSON.stringify({ error }) : talk ? JSON.stringify({ id: 'chatcmpl-1', model: answered,
        choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }] }) : '{"object":"list","data":[]}';
    const known = !running && !failed && outcome !== 'client_aborted' && talk;
    const pieces = streamed ? Array.from({ length: Math.round(duration / 60) }, (_, i) =>
        [ttft + (duration - ttft) * (i / (duration / 60)) ** 1.15, 200 + i * 190]) : [];

    return {
        id, started_at: new Date(at).toISOString(), method: body === null ? 'GET' : 'POST', uri,
        host: '127.0.0.1:8080', http_version: '1.1', status, outcome, dialect, operation,
        provider: model.startsWith('claude') ? 'anthropic' : 'openai', model: dialect === 'models' ? null : model,
        response_model: talk && !failed ? answered : null, streamed, stream_requested: streamed,
        complete: running ? null : outcome === 'ok', buffered: false, duration_ms: running ? null : duration,
        ttft_ms: running || failed ? null : ttft, last_token_ms: known ? duration - 12 : null,
        longest_gap_ms: streamed ? between(30, 900) : null, pieces: pieces.length, events: pieces.length,
        tokens_per_second: known ? output / ((duration - ttft) / 1000) : null,
        usage: known ? { input_tokens: input, output_tokens: output, total_tokens: input + output, cached_tokens: cached,
            cache_write_tokens: null, reasoning_tokens: model.startsWith('gpt-5') ? Math.round(output * 0.4) : null,
            input_audio_tokens: null, output_audio_tokens: null } : null,
        estimated_output_tokens: outcome === 'client_aborted' ? 120 : null,
        finish_reason: known ? (tools ? 'tool_calls' : 'stop') : null, message_count: body?.messages?.length ?? null,
        tool_count: tools ? 2 : 0, tool_calls: known && tools ? ['get_weather'] : [], refusal: false,
        has_reasoning: model.startsWith('gpt-5'), has_image: false, service_tier: 'default',
        cost_usd: known && priceIn !== null ? (input * priceIn + output * priceOut) / 1e6 : null, price: priceIn === null ? null : model,
        request_bytes: request.length, response_bytes: response.length, error, client: pick(['127.0.0.1', '10.0.4.17', '10.0.4.22']),
        user_agent: pick(['openai-python/1.99.1', 'openai-node/5.12.0', 'curl/7.88.1']), key: pick(['k-3fa9c1', 'k-b07e55']),
        session: tools ? 'sess-' + (number % 9) : null, user: null, thread: talk ? 't-' + (number % 24) : null, parent: null,
        change: talk ? 'initial' : null, retry: random() < 0.05 ? 1 : 0, upstream: pick(['104.18.7.192:443', '104.18.6.192:443']),
        attempts: [{ peer: '104.18.7.192:443', status: status ?? 0, connect_ms: 18.2, header_ms: ttft ?? 40, response_ms: duration,
            bytes_sent: request.length, bytes_received: response.length }],
        truncated: { request: false, response: false },
        more: {
            request: { headers: [{ name: 'Host', value: '127.0.0.1:8080' }, { name: 'Content-Type', value: 'application/json' },
                { name: 'Authorization', value: '[redacted key k-3fa9c1]' }], body: body === null ? null : request, body_encoding: 'text',
            body_bytes: request.length, body_kept_bytes: request.length, content_type: 'application/json', content_encoding: null, decoded: false },
            response: { headers: [{ name: 'Content-Type', value: streamed ? 'text/event-stream' : 'application/json' },
                { name: 'x-request-id', value: 'req_' + id }], body: response, body_encoding: 'text', body_bytes: response.length,
            body_kept_bytes: response.length, content_type: 'application/json', content_encoding: 'gzip', decoded: true },
            conversation: talk ? { system: 'You are a careful assistant. Answer briefly, and say when you do not know.',
                settings: { temperature: 0.2, max_tokens: 1024 },
                tools: tools ? [{ name: 'get_weather', description: 'The weather of a city', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
                    { name: 'search', description: 'Searches documents', parameters: { type: 'object' } }] : [],
                messages: body.messages.map((m) => ({ role: m.role, name: null, tool_call_id: m.tool_call_id ?? null,
                    parts: [{ type: 'text', text: m.content ?? '' }],
                    tool_calls: (m.tool_calls ?? []).map((c) => ({ id: c.id, name: c.function.name, arguments: c.function.arguments })) })) } : null,
            answer: talk && !failed ? { choices: [{ index: 0, text: tools ? '' : text,
                reasoning: model.startsWith('gpt-5') ? 'The user wants a short comparison. I will use a table.' : null, refusal: null,
                tool_calls: tools ? [call] : [], finish_reason: tools ? 'tool_calls' : 'stop', images: [] }] } : null,
            usage_raw: known ? { prompt_tokens: input, completion_tokens: output } : null,
            rate_limit: { 'x-ratelimit-remaining-requests': '9999' }, upstream_request_id: 'req_' + id, processing_ms: 211, response_id: 'chatcmpl-1',
            timing: { request_received_ms: 1.2, connect_ms: 19.4, upstream_header_ms: (ttft ?? 40) - 20, first_byte_ms: (ttft ?? 40) - 19,
                first_token_ms: ttft, last_token_ms: known ? duration - 12 : null, last_byte_ms: duration - 2, duration_ms: running ? null : duration },
            pieces_timeline: pieces,
        },
        full: { text, ttft: ttft ?? 60, duration, known: { status: 200, outcome: 'ok', finish_reason: 'stop' }, at, input, output },
    };
}

function messages(question, tools) {
    const list = [{ role: 'user', content: question }];

    if (tools) {
        list.push({ role: 'assistant', content: null, tool_calls: [{ id: 'call_1', type: 'function',
            function: { name: 'search', arguments: '{"query":"weather Lisbon"}' } }] });
        list.push({ role: 'tool', tool_call_id: 'call_1', content: '{"hits":[{"title":"Weather","score":0.97}]}' });
        list.push({ role: 'user', content: 'Go on.' });
    }

    return list;
}

const summary = ({ more, full, ...rest }) => rest;
const detail = ({ more, full, ...rest }) => ({ ...rest, ...more });

const known = ['status', 'model', 'method', 'path', 'host', 'client', 'key', 'upstream', 'session', 'user', 'thread', 'id', 'dialect', 'op',
    'provider', 'finish', 'outcome', 'tool', 'latency', 'ttft', 'tokens', 'is', 'has', 'in', 'cost', 'size'];

function matcher(q) {
    const tests = (q.match(/-?[a-z._]+:"[^"]*"|-?"[^"]*"|\S+/g) ?? []).map((word) => {
        const not = word.startsWith('-');
        const term = not ? word.slice(1) : word;
        const [, key, value] = /^([a-z._]+):"?([^"]*)"?$/.exec(term) ?? [];
        let test = (r) => (r.uri + r.model + r.more.request.body + r.more.response.body).toLowerCase().includes(term.toLowerCase().replace(/"/g, ''));

        if (key !== undefined) {
            if (!known.includes(key)) {
                throw new Error(`unknown key "${key}", did you mean "${known.find((k) => k[0] === key[0]) ?? 'model'}"?`);
            }

            const field = { path: 'uri', finish: 'finish_reason', op: 'operation' }[key] ?? key;
            const glob = new RegExp('^' + value.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*') + '$', 'i');
            test = key === 'status' ? (r) => new RegExp('^' + value.replace(/x/g, '\\d')).test(String(r.status))
                : key === 'is' ? (r) => ({ running: r.outcome === 'running', error: r.error !== null, stream: r.streamed, ok: r.outcome === 'ok',
                    aborted: r.outcome === 'client_aborted', truncated: r.outcome === 'truncated', tool: r.tool_calls.length > 0 })[value] ?? false
                    : key === 'latency' ? (r) => r.duration_ms > parseFloat(value.slice(1)) * 1000
                        : key === 'tool' ? (r) => r.tool_calls.some((t) => glob.test(t)) : (r) => glob.test(String(r[field] ?? ''));
        }

        return not ? (r) => !test(r) : test;
    });

    return (r) => tests.every((t) => t(r));
}

const add = (r) => {
    records.set(r.id, r);

    while (records.size > entries) {
        records.delete(records.keys().next().value);
    }
};

const start = Date.now();

for (let i = count; i > 0; i--) {
    add(record(start - i * 4000 - Math.floor(random() * 3000), false));
}

const thread = [];

for (let i = 0; i < Math.min(3, count); i++) {
    const r = record(start - (3 - i) * 2500, false);
    const turns = Array.from({ length: 2 * i + 1 }, (_, n) => ({ role: n % 2 ? 'assistant' : 'user', content: n % 2 ? `Answer number ${n}.` : questions[n] }));

    if (i === 2) {
        turns[2].content = 'Write a Python function which merges three sorted lists.';
    }

    Object.assign(r, { dialect: 'chat', uri: '/v1/chat/completions', method: 'POST', outcome: 'ok', status: 200, error: null, thread: 't-loop', parent: thread.at(-1)?.id ?? null,
        change: ['initial', 'append-only', 'changed at message 3'][i], model: 'gpt-4o', message_count: turns.length });
    r.more.request.body = JSON.stringify({ model: 'gpt-4o', messages: turns });
    r.more.conversation = { system: 'You are a careful assistant.', settings: { temperature: 0.2 }, tools: [],
        messages: turns.map((t) => ({ role: t.role, name: null, tool_call_id: null, parts: [{ type: 'text', text: t.content }], tool_calls: [] })) };
    r.more.answer = { choices: [{ index: 0, text: prose, reasoning: null, refusal: null, tool_calls: [], finish_reason: 'stop', images: [] }] };
    thread.push(r);
    add(r);
}

function send(viewer, event, data, numbered = true) {
    viewer.res.write((numbered ? `id: ${++cursor}\n` : '') + `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

const publish = (r) => viewers.forEach((v) => v.match(r) && send(v, 'record', summary(r)));

function live() {
    const r = record(Date.now(), true);
    r.full.duration += 2000;
    add(r);
    publish(r);

    const tick = setInterval(() => {
        const ms = Date.now() - r.full.at;
        const share = Math.max(0, Math.min(1, (ms - r.full.ttft) / (r.full.duration - r.full.ttft)));
        const upto = Math.floor(r.full.text.length * share);

        if (share > 0) {
            r.ttft_ms = r.full.ttft;
            r.status = 200;
            r.response_bytes = upto * 8;
            r.estimated_output_tokens = Math.round(upto / 4);

            viewers.forEach((v) => {
                if (v.watch === r.id && r.dialect !== 'models' && r.outcome === 'running') {
                    const from = v.sent ?? 0;
                    v.sent = upto;
                    send(v, 'answer', { id: r.id, choices: [{ index: 0, text_at: from, text: r.full.text.slice(from, upto), reasoning_at: null, reasoning: null }], tool_calls: [] }, false);
                }
            });
        }

        if (r.outcome !== 'running' || share >= 1) {
            clearInterval(tick);

            if (r.outcome === 'running') {
                Object.assign(r, r.full.known, { complete: true });
                r.usage = { input_tokens: r.full.input, output_tokens: Math.round(upto / 4), total_tokens: r.full.input + Math.round(upto / 4), cached_tokens: 0,
                    cache_write_tokens: null, reasoning_tokens: null, input_audio_tokens: null, output_audio_tokens: null };
            }

            r.duration_ms = ms;
        }

        publish(r);
    }, 120);
}

if (rate > 0) {
    setInterval(live, 1000 / rate);
}

function stats(window) {
    const span = { '5m': 300, '1h': 3600, '24h': 86400, all: 86400 }[window];
    const step = { '5m': 5, '1h': 60, '24h': 1800, all: 1800 }[window];
    const list = [...records.values()].filter((r) => Date.now() - Date.parse(r.started_at) < span * 1000);
    const done = list.filter((r) => r.outcome !== 'running');
    const sum = (f, l = list) => l.reduce((a, r) => a + (f(r) ?? 0), 0);
    const quantiles = (f) => {
        const v = done.map(f).filter((x) => x !== null).sort((a, b) => a - b);
        const at = (p) => v[Math.floor(v.length * p)] ?? null;
        return { mean: v.length ? v.reduce((a, b) => a + b, 0) / v.length : null, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99) };
    };
    const group = (f) => [...new Set(list.map(f))].filter(Boolean).map((n) => [n, list.filter((r) => f(r) === n)]).map(([name, l]) => ({ name, requests: l.length, errors: l.filter((r) => r.error).length,
        input_tokens: sum((r) => r.usage?.input_tokens, l), output_tokens: sum((r) => r.usage?.output_tokens, l), cached_tokens: sum((r) => r.usage?.cached_tokens, l),
        cost_usd: l.some((r) => r.cost_usd !== null) ? sum((r) => r.cost_usd, l) : null, mean_ms: sum((r) => r.duration_ms, l) / l.length }));
    const series = [];

    for (let t = Date.now() - span * 1000; t < Date.now(); t += step * 1000) {
        const l = list.filter((r) => Date.parse(r.started_at) >= t && Date.parse(r.started_at) < t + step * 1000);
        const v = l.map((r) => r.duration_ms).filter((x) => x !== null).sort((a, b) => a - b);
        series.push({ at: new Date(t).toISOString(), seconds: step, requests: l.length, errors: l.filter((r) => r.error).length,
            aborted: l.filter((r) => r.outcome === 'client_aborted').length, p50_ms: v[v.length >> 1] ?? null, p95_ms: v.at(-1) ?? null,
            ttft_p50_ms: l[0]?.ttft_ms ?? null, input_tokens: sum((r) => r.usage?.input_tokens, l), output_tokens: sum((r) => r.usage?.output_tokens, l), cost_usd: sum((r) => r.cost_usd, l) });
    }

    return { window, since: new Date(start - 3600e3).toISOString(), requests: list.length, in_flight: list.length - done.length,
        success_rate: done.length ? done.filter((r) => r.outcome === 'ok').length / done.length : null,
        by_status: Object.fromEntries([1, 2, 3, 4, 5].map((c) => [c + 'xx', done.filter((r) => Math.floor(r.status / 100) === c).length])),
        by_outcome: done.reduce((a, r) => ({ ...a, [r.outcome]: (a[r.outcome] ?? 0) + 1 }), {}), duration_ms: quantiles((r) => r.duration_ms),
        ttft_ms: quantiles((r) => r.ttft_ms), tokens_per_second: 61.2, usage: { input_tokens: sum((r) => r.usage?.input_tokens),
            output_tokens: sum((r) => r.usage?.output_tokens), cached_tokens: sum((r) => r.usage?.cached_tokens), cache_write_tokens: null,
            reasoning_tokens: sum((r) => r.usage?.reasoning_tokens) }, cost_usd: sum((r) => r.cost_usd), unpriced_requests: 3,
        request_bytes: sum((r) => r.request_bytes), response_bytes: sum((r) => r.response_bytes), models: group((r) => r.model), endpoints: group((r) => r.dialect),
        keys: group((r) => r.key), peers: group((r) => r.upstream), series, zone: { name: 'openai', size_bytes: 67108864, pages: 16384, pages_free: 9120,
            entries, records: records.size, evicted: 0, dropped: 0, truncated: 2, heals: 0, worker_died: 0 } };
}

function answer(req, res) {
    const url = new URL(req.url, 'http://x');
    const json = (status, value) => res.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(JSON.stringify(value));
    const fail = (status, code, message) => json(status, { error: { code, message } });
    const [, id, rest] = /^\/api\/request\/([^/]+)\/?(.*)$/.exec(url.pathname) ?? [];
    const q = url.searchParams.get('q') ?? '';
    let match;

    try {
        match = matcher(q);
    } catch (e) {
        return fail(400, 'bad_request', e.message);
    }

    if (req.method === 'POST' && req.headers['x-openai-monitor'] !== '1') {
        return fail(403, 'forbidden', 'the header X-OpenAI-Monitor is missing');
    }

    if (id !== undefined) {
        const r = records.get(id);

        if (r === undefined) {
            return fail(404, 'not_found', `no record with the id "${id}"`);
        }

        switch (rest) {
        case '': return json(200, detail(r));
        case 'events': return json(200, r.more.pieces_timeline.map(([ms], i) => ({ ms, event: null, bytes: 190,
            data: JSON.stringify({ choices: [{ index: 0, delta: { content: r.full.text.slice(i * 6, i * 6 + 6) } }] }) })));
        case 'diff': return json(200, { parent: url.searchParams.get('with') ?? r.parent, change: r.change, same_messages: r.change === 'append-only' ? 1 : 2,
            settings: [], tools: { added: [], removed: [], changed: [] }, system_changed: false, first_changed_message: r.change === 'append-only' ? null : 3,
            cached_tokens: r.usage?.cached_tokens ?? null, expected_cached_tokens: 1024 });
        case 'cancel': r.outcome = 'client_aborted'; return json(202, { cancelled: true });
        default: return res.writeHead(200, { 'Content-Type': 'application/octet-stream' }).end(r.more[rest]?.body ?? '');
        }
    }

    switch (url.pathname) {
    case '/api/info': return json(200, { name: 'ngx_http_openai_monitor_module', version: '1.0.0', nginx: '1.22.1', zone: 'openai', entries, page_size: 20,
        body_max: 1048576, proxy: 'http://127.0.0.1:8080', started_at: new Date(start).toISOString() });
    case '/api/requests': {
        const size = Number(url.searchParams.get('page_size') ?? 20);
        const page = Number(url.searchParams.get('page') ?? 1);
        const list = [...records.values()].filter(match).reverse();
        return json(200, { items: list.slice((page - 1) * size, page * size).map(summary), total: list.length, page, page_size: size, pages: Math.ceil(list.length / size) });
    }
    case '/api/stats': return json(200, stats(url.searchParams.get('window') ?? 'all'));
    case '/api/events': {
        const viewer = { res, match, watch: url.searchParams.get('watch') };
        res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
        viewers.add(viewer);
        send(viewer, 'hello', { version: '1.0.0', cursor, page_size: 20, proxy: 'http://127.0.0.1:8080', zone: 'openai', now: new Date().toISOString() });
        return req.on('close', () => viewers.delete(viewer));
    }
    case '/api/export': return res.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
    case '/api/clear': records.clear(); viewers.forEach((v) => send(v, 'clear', {})); return res.writeHead(204).end();
    case '/api/stats/reset': return res.writeHead(204).end();
    }

    const name = url.pathname === '/' ? 'index.html' : url.pathname.slice(1);

    if (!/^[a-z]+\.(html|js|css|svg)$/.test(name)) {
        return fail(404, 'not_found', 'no such path');
    }

    res.writeHead(200, { 'Content-Type': types[name.split('.').pop()], 'Content-Security-Policy': csp, 'Cache-Control': 'no-store' })
        .end(readFileSync(join(dist, name)));
}

createServer(answer).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/`));
