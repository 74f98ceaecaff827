// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// What the official OpenAI SDK sent and got is what the monitor shows, in
// every field: ids, models, usage, finish, text, tool calls, outcome, cost and
// the bytes themselves.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import OpenAI from 'openai';

import { LLMock } from './lib/aimock.mjs';
import { eventsIn, fields, noUsage, sameAsOnTheWire } from './lib/expect.mjs';
import { until } from './lib/monitor.mjs';
import { Nginx } from './lib/nginx.mjs';
import { ports } from './lib/ports.mjs';
import { recorder } from './lib/wire.mjs';

const at = ports(0);
const key = 'not-a-key-but-a-word-to-look-for';
const greeting = 'Hi there! Grüße, 世界 🌍, and "quotes" \\ too';
const endless = 'one word after the other '.repeat(80);

// USD per token of gpt-4o in conf/openai_prices.conf

const price = { input: 2.5e-6, output: 10e-6 };

let api, nginx, monitor, fetch, client;

function upstream() {
    api = new LLMock({
        port: at.upstream_port, chunkSize: 8, logLevel: 'silent',
    });

    api.onMessage('hello', {
        content: greeting,
        usage: { prompt_tokens: 21, completion_tokens: 9 },
    });

    api.onMessage('weather', {
        toolCalls: [
            { name: 'get_weather', arguments: { city: 'Bodø' }, id: 'call_a' },
            { name: 'get_time', arguments: { zone: 'CET' }, id: 'call_b' },
        ],
        usage: { prompt_tokens: 80, completion_tokens: 31 },
    });

    api.onMessage('think', { content: '42', reasoning: 'six times nine' });

    api.onMessage('paid', {
        content: 'thank you',
        usage: {
            prompt_tokens: 1000, completion_tokens: 2, cost: 0.0123,
            prompt_tokens_details: { cached_tokens: 900 },
            completion_tokens_details: { reasoning_tokens: 1 },
        },
    });

    api.onMessage('overload', {
        error: { message: 'try later', type: 'server_error', code: 'busy' },
        status: 503,
    });

    api.onMessage('endless', { content: endless },
                  { streamingProfile: { ttft: 5, tps: 400 } });

    api.onMessage('cut', { content: endless }, {
        streamingProfile: { ttft: 1, tps: 400 }, disconnectAfterMs: 100,
    });

    api.onEmbedding('vector', { embedding: [0.5, 0.25, -1] });

    return api.start();
}

before(async () => {
    await upstream();
    nginx = await Nginx.start(at);
    monitor = nginx.monitor;
    fetch = recorder();
    client = new OpenAI({
        baseURL: nginx.proxy + '/v1', apiKey: key, fetch, maxRetries: 0,
    });
});

after(async () => {
    await nginx?.stop();
    await api?.stop();
});

const asks = (text, more = {}) => ({
    model: 'gpt-4o', messages: [{ role: 'user', content: text }], ...more,
});

const chat = {
    dialect: 'chat', operation: 'chat', model: 'gpt-4o',
    response_model: 'gpt-4o', message_count: 1,
    upstream: `127.0.0.1:${at.upstream_port}`,
};

// calls the SDK, and keeps what passed

async function exchanged(call) {
    const began = Date.now();
    const result = await call();
    const exchange = fetch.last();

    return { began, result, exchange, got: fetch.got(exchange) };
}

async function textOf(stream) {
    let text = '';

    for await (const chunk of stream) {
        text += chunk.choices[0]?.delta?.content ?? '';
    }

    return text;
}

// a log has whole milliseconds

function seconds(logged, ms) {
    if (ms === null) {
        assert.equal(logged, null);
    } else {
        assert.ok(Math.abs(logged * 1000 - ms) <= 1, `${logged} for ${ms} ms`);
    }
}

const near = (value, expected) =>
    assert.ok(Math.abs(value - expected) < 1e-9, `${value} for ${expected}`);


test('a chat', async () => {
    const wire = await exchanged(() =>
        client.chat.completions.create(asks('hello')));
    const { result } = wire;

    const record = await sameAsOnTheWire(monitor, wire, {
        ...chat,
        streamed: false, stream_requested: null, events: null,
        usage: {
            ...noUsage, input_tokens: 21, output_tokens: 9, total_tokens: 30,
        },
        finish_reason: 'stop',
        price: 'gpt-4o',
    });

    near(record.cost_usd, 21 * price.input + 9 * price.output);

    assert.equal(result.choices[0].message.content, greeting);
    assert.equal(record.answer.choices.length, 1);
    assert.equal(record.answer.choices[0].text, greeting);
    assert.equal(record.answer.choices[0].finish_reason, 'stop');
    assert.equal(record.response_id, result.id);
    assert.equal(record.upstream_request_id, result._request_id);
    assert.deepEqual(record.usage_raw, result.usage);
    assert.equal(record.conversation.messages[0].role, 'user');
    assert.equal(record.conversation.messages[0].parts[0].text, 'hello');
    assert.match(record.user_agent, /^OpenAI\/JS/);
});


test('the key is nowhere, but two keys can be told apart', async () => {
    const other = new OpenAI({
        baseURL: nginx.proxy + '/v1', apiKey: key + '-2', fetch,
    });

    const ids = [];

    for (const c of [client, client, other]) {
        await c.chat.completions.create(asks('hello'));
        ids.push(fetch.last().id);
    }

    const records = await Promise.all(ids.map((id) => monitor.finished(id)));
    const [a, b, c] = records.map((r) => r.key);

    assert.equal(typeof a, 'string');
    assert.equal(a, b);
    assert.notEqual(a, c);
    assert.ok(!JSON.stringify(records).includes(key));
});


test('a streamed chat without usage', async () => {
    const wire = await exchanged(async () => textOf(
        await client.chat.completions.create(asks('hello', { stream: true }))));

    const record = await monitor.finished(wire.exchange.id);

    assert.ok(record.estimated_output_tokens > 0);

    await sameAsOnTheWire(monitor, wire, {
        ...chat,
        streamed: true, stream_requested: true, events: eventsIn(wire.got),
        usage: null, usage_raw: null,
        estimated_output_tokens: record.estimated_output_tokens,
        finish_reason: 'stop',
        cost_usd: null, price: null,
    });

    assert.equal(wire.result, greeting);
    assert.equal(record.answer.choices[0].text, greeting);
    assert.ok(record.ttft_ms > 0 && record.ttft_ms <= record.last_token_ms);
    assert.ok(record.last_token_ms <= record.duration_ms);
});


test('a streamed chat with usage', async () => {
    const wire = await exchanged(async () => textOf(
        await client.chat.completions.create(asks('hello', {
            stream: true, stream_options: { include_usage: true },
        }))));

    const record = await sameAsOnTheWire(monitor, wire, {
        ...chat,
        streamed: true, stream_requested: true, events: eventsIn(wire.got),
        usage: {
            ...noUsage, input_tokens: 21, output_tokens: 9, total_tokens: 30,
        },
        finish_reason: 'stop',
        price: 'gpt-4o',
    });

    near(record.cost_usd, 21 * price.input + 9 * price.output);
    assert.equal(record.answer.choices[0].text, wire.result);

    const events = await monitor.get(`/api/request/${record.id}/events`);

    assert.equal(events.length, record.events);
    assert.equal(events.at(-1).data, '[DONE]');
});


test('streamed tool calls', async () => {
    const tool = (name, properties) => ({
        type: 'function',
        function: {
            name, description: `the tool ${name}`,
            parameters: { type: 'object', properties },
        },
    });

    const tools = [tool('get_weather', { city: { type: 'string' } }),
                   tool('get_time', { zone: { type: 'string' } })];

    const wire = await exchanged(() => client.chat.completions
        .stream(asks('weather', {
            tools, stream_options: { include_usage: true },
        }))
        .finalChatCompletion());

    const record = await sameAsOnTheWire(monitor, wire, {
        ...chat,
        streamed: true, stream_requested: true, events: eventsIn(wire.got),
        usage: {
            ...noUsage, input_tokens: 80, output_tokens: 31, total_tokens: 111,
        },
        finish_reason: 'tool_calls',
        tool_calls: ['get_weather', 'get_time'],
        tool_count: 2,
        price: 'gpt-4o',
    });

    const calls = wire.result.choices[0].message.tool_calls.map((c) => ({
        id: c.id, name: c.function.name, arguments: c.function.arguments,
    }));

    assert.equal(calls.length, 2);
    assert.deepEqual(record.answer.choices[0].tool_calls.map((c) => ({
        id: c.id, name: c.name, arguments: c.arguments,
    })), calls);

    assert.deepEqual(record.conversation.tools, tools.map((t) => ({
        name: t.function.name, description: t.function.description,
        parameters: t.function.parameters,
    })));
});


test('reasoning is apart from the text', async () => {
    const wire = await exchanged(async () => textOf(
        await client.chat.completions.create(asks('think', { stream: true }))));

    const record = await monitor.finished(wire.exchange.id);

    assert.equal(record.has_reasoning, true);
    assert.equal(record.answer.choices[0].text, wire.result);
    assert.equal(record.answer.choices[0].reasoning, 'six times nine');
});


test('an upstream that states its cost is believed', async () => {
    const router = new OpenAI({
        baseURL: nginx.proxy + '/api/v1', apiKey: key, fetch,
    });

    const wire = await exchanged(() => router.chat.completions.create(
        asks('paid', { model: 'openai/gpt-4o' })));

    await sameAsOnTheWire(monitor, wire, {
        ...chat,
        model: 'openai/gpt-4o', response_model: 'openai/gpt-4o',
        streamed: false, stream_requested: null, events: null,
        usage: {
            ...noUsage, input_tokens: 1000, output_tokens: 2,
            total_tokens: 1002, cached_tokens: 900, reasoning_tokens: 1,
        },
        finish_reason: 'stop',
        cost_usd: 0.0123, price: 'upstream',
    });
});


test('embeddings', async () => {
    const wire = await exchanged(() => client.embeddings.create({
        model: 'text-embedding-3-small', input: 'vector',
    }));

    await sameAsOnTheWire(monitor, wire, {
        dialect: 'embeddings', operation: 'embeddings',
        model: 'text-embedding-3-small',
        response_model: 'text-embedding-3-small',
        streamed: false, events: null,
        finish_reason: null,
    });
});


test('an error, and the retries of the SDK', async () => {
    const patient = new OpenAI({
        baseURL: nginx.proxy + '/v1', apiKey: key, fetch, maxRetries: 1,
    });

    const from = fetch.exchanges.length;
    let error;

    const began = Date.now();

    await patient.chat.completions.create(asks('overload'))
        .catch((e) => { error = e; });

    const tries = fetch.exchanges.slice(from);

    assert.equal(tries.length, 2);

    // the SDK does not read the answer that it retries, the same as the other

    const got = fetch.got(tries[1]);

    for (const [retry, exchange] of tries.entries()) {
        await sameAsOnTheWire(
            monitor, { began, exchange, got }, {
                ...chat,
                response_model: null, status: 503, outcome: 'upstream_error',
                usage: null, finish_reason: null,
                cost_usd: null, price: null, retry,
                error: {
                    type: error.type, code: error.code, message: 'try later',
                    by: 'upstream',
                },
            });
    }

    assert.equal(error.status, 503);
    assert.equal(error.code, 'busy');
});


test('an error of the client', async () => {
    let error;

    const wire = await exchanged(() => client.chat.completions
        .create(asks('nothing that it knows')).catch((e) => { error = e; }));

    const record = await monitor.finished(wire.exchange.id);

    assert.equal(record.status, 404);
    assert.equal(record.outcome, 'upstream_error');
    assert.equal(record.error.code, error.code);
});


test('a running stream is shown, and its abort with what it had', async () => {
    const stream = await client.chat.completions.create(
        asks('endless', { stream: true }));

    const { id } = fetch.last();
    let text = '';

    for await (const chunk of stream) {
        text += chunk.choices[0].delta.content ?? '';

        if (text.length > 50) {
            break;
        }

        if (text === '') {
            continue;
        }

        // a piece is in the record when the turn that sent it has ended

        const running = await until('what the client has',
            () => monitor.record(id), (r) => r.outcome !== 'running'
                || r.answer?.choices[0].text.startsWith(text));

        assert.equal(running.outcome, 'running');
        assert.equal(running.complete, null);
        assert.equal(running.duration_ms, null);
    }

    const record = await monitor.finished(id);
    const kept = record.answer.choices[0].text;

    assert.equal(record.outcome, 'client_aborted');
    assert.equal(record.complete, false);
    assert.equal(record.status, 200);
    assert.equal(record.finish_reason, null);
    assert.equal(record.usage, null);
    assert.ok(record.estimated_output_tokens > 0);
    assert.ok(kept.startsWith(text), 'all that the client got');
    assert.ok(endless.startsWith(kept) && kept.length < endless.length);
});


test('a stream that the upstream cut', async () => {
    const wire = await exchanged(async () => {
        const stream = await client.chat.completions.create(
            asks('cut', { stream: true }));

        return textOf(stream).catch((e) => e);
    });

    const record = await monitor.finished(wire.exchange.id);

    assert.equal(record.outcome, 'truncated');
    assert.equal(record.complete, false);
    assert.ok(record.answer.choices[0].text.length > 0);
    assert.ok(endless.startsWith(record.answer.choices[0].text));
});


test('a response of the Responses API', async () => {
    const wire = await exchanged(() => client.responses.create({
        model: 'gpt-4o', input: 'hello', instructions: 'be kind',
    }));

    const record = await sameAsOnTheWire(monitor, wire, {
        ...chat, dialect: 'responses',
        streamed: false, events: null,
        usage: {
            ...noUsage, input_tokens: 21, output_tokens: 9, total_tokens: 30,
        },
        finish_reason: 'completed',
        price: 'gpt-4o',
    });

    assert.equal(wire.result.output_text, greeting);
    assert.equal(record.answer.choices[0].text, greeting);
    assert.equal(record.response_id, wire.result.id);
    assert.equal(record.conversation.system, 'be kind');
});


test('a streamed response of the Responses API, with tools', async () => {
    const wire = await exchanged(() => client.responses
        .stream({ model: 'gpt-4o', input: 'weather' }).finalResponse());

    const record = await sameAsOnTheWire(monitor, wire, {
        ...chat, dialect: 'responses',
        streamed: true, stream_requested: true, events: eventsIn(wire.got),
        usage: {
            ...noUsage, input_tokens: 80, output_tokens: 31, total_tokens: 111,
        },
        finish_reason: 'completed',
        tool_calls: ['get_weather', 'get_time'],
        price: 'gpt-4o',
    });

    assert.deepEqual(
        record.answer.choices.flatMap((c) => c.tool_calls)
            .map((c) => [c.name, c.arguments]),
        wire.result.output.map((c) => [c.name, c.arguments]));
});


test('the statistics add up', async () => {
    await monitor.idle();

    const stats = await monitor.stats();
    const { items, total } = await monitor.list({ page_size: 1000 });
    const sum = (of) => items.reduce((n, r) => n + (of(r) ?? 0), 0);
    const count = (of) => items.filter(of).length;

    assert.equal(total, fetch.exchanges.length);
    assert.equal(stats.requests, total);
    assert.equal(stats.in_flight, 0);
    assert.equal(stats.zone.records, total);
    assert.equal(stats.zone.evicted, 0);
    assert.equal(stats.zone.dropped, 0);

    assert.equal(stats.by_status['2xx'], count((r) => r.status === 200));
    assert.equal(stats.by_status['4xx'], 1);
    assert.equal(stats.by_status['5xx'], 2);

    for (const [outcome, n] of Object.entries(stats.by_outcome)) {
        assert.equal(n, count((r) => r.outcome === outcome), outcome);
    }

    for (const name of ['input_tokens', 'output_tokens', 'cached_tokens',
                        'reasoning_tokens'])
    {
        assert.equal(stats.usage[name], sum((r) => r.usage?.[name]), name);
    }

    near(stats.cost_usd, sum((r) => r.cost_usd));
    assert.equal(stats.request_bytes, sum((r) => r.request_bytes));
    assert.equal(stats.response_bytes, sum((r) => r.response_bytes));

    for (const model of stats.models) {
        assert.equal(model.requests,
                     count((r) => (r.response_model ?? r.model) === model.name)
                     || count((r) => r.model === model.name), model.name);
    }
});


test('a log line for each exchange', async () => {
    const { items } = await monitor.list({ page_size: 1000 });
    const lines = await until('the log', () => nginx.exchanges(),
                              (all) => all.length === items.length);
    const byId = new Map(lines.map((l) => [l['openai_monitor.id'], l]));

    for (const r of items) {
        const line = byId.get(r.id);
        const usage = r.usage ?? noUsage;

        const expected = {
            'http.request.method': 'POST',
            'url.path': r.uri,
            'server.address': '127.0.0.1',
            'client.address': '127.0.0.1',
            'http.response.status_code': r.status,
            'gen_ai.operation.name': r.operation ?? '',
            'gen_ai.provider.name': r.provider ?? '',
            'gen_ai.request.model': r.model ?? '',
            'gen_ai.request.stream': r.streamed === true,
            'gen_ai.conversation.id': r.session ?? '',
            'gen_ai.response.model': r.response_model ?? '',
            'gen_ai.response.finish_reasons': [r.finish_reason ?? ''],
            'gen_ai.usage.input_tokens': usage.input_tokens,
            'gen_ai.usage.output_tokens': usage.output_tokens,
            'gen_ai.usage.cache_read.input_tokens': usage.cached_tokens,
            'gen_ai.usage.reasoning.output_tokens': usage.reasoning_tokens,
            'error.type': r.error?.code ?? '',
            'openai_monitor.id': r.id,
            'openai_monitor.outcome': r.outcome,
            'openai_monitor.cost_usd': r.cost_usd,
            'openai_monitor.key': r.key,
        };

        const measured = {
            time: /^\d{4}-\d\d-\d\dT/,
            'gen_ai.response.time_to_first_chunk': r.ttft_ms,
            'openai_monitor.duration': r.duration_ms,
            'openai_monitor.tokens_per_second': r.tokens_per_second,
        };

        fields(line, [...Object.keys(expected), ...Object.keys(measured)],
               'a line of the log');

        for (const [name, value] of Object.entries(expected)) {
            assert.deepEqual(line[name], value, name);
        }

        assert.match(line.time, measured.time);

        // nginx's own request time, by another clock than the record's

        assert.equal(typeof line['openai_monitor.duration'], 'number');
        seconds(line['gen_ai.response.time_to_first_chunk'], r.ttft_ms);
        assert.equal(line['openai_monitor.tokens_per_second'] === null,
                     r.tokens_per_second === null);
    }
});


test('nginx had nothing to complain of', async () => {
    await nginx.stop();
    assert.deepEqual(nginx.complaints(), []);
});
