// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Anthropic's own SDK behind the same proxy: its messages, usage and tools are
// shown as OpenTelemetry names them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';

import { LLMock } from './lib/aimock.mjs';
import { eventsIn, noUsage, sameAsOnTheWire } from './lib/expect.mjs';
import { Nginx } from './lib/nginx.mjs';
import { ports } from './lib/ports.mjs';
import { recorder } from './lib/wire.mjs';

const at = ports(1);

let api, nginx, monitor, fetch, client;

before(async () => {
    api = new LLMock({
        port: at.upstream_port, chunkSize: 9, logLevel: 'silent',
    });

    api.onMessage('hello', {
        content: 'Good day to you', reasoning: 'be polite',
        usage: { input_tokens: 12, output_tokens: 7 },
    });

    api.onMessage('weather', {
        toolCalls: [{
            name: 'get_weather', arguments: { city: 'Oslo' }, id: 'toolu_a',
        }],
        usage: { input_tokens: 70, output_tokens: 25 },
    });

    await api.start();

    nginx = await Nginx.start(at);
    monitor = nginx.monitor;
    fetch = recorder();
    client = new Anthropic({
        baseURL: nginx.proxy, apiKey: 'a-word-to-look-for', fetch,
        maxRetries: 0,
    });
});

after(async () => {
    await nginx?.stop();
    await api?.stop();
});

const asks = (text) => ({
    model: 'claude-haiku-4-5', max_tokens: 100,
    messages: [{ role: 'user', content: text }],
});

const expected = {
    dialect: 'anthropic', operation: 'chat', provider: 'anthropic',
    model: 'claude-haiku-4-5', response_model: 'claude-haiku-4-5',
    message_count: 1, price: 'claude-haiku-4-5*',
    upstream: `127.0.0.1:${at.upstream_port}`,
};

async function exchanged(call) {
    const began = Date.now();
    const result = await call();
    const exchange = fetch.last();

    return { began, result, exchange, got: fetch.got(exchange) };
}


test('a message', async () => {
    const wire = await exchanged(() => client.messages.create(asks('hello')));

    const record = await sameAsOnTheWire(monitor, wire, {
        ...expected,
        streamed: false, stream_requested: null, events: null,
        usage: {
            ...noUsage, input_tokens: 12, output_tokens: 7, total_tokens: 19,
        },
        finish_reason: 'end_turn',
        has_reasoning: true,
    });

    const text = wire.result.content.find((c) => c.type === 'text');
    const thinking = wire.result.content.find((c) => c.type === 'thinking');

    assert.equal(record.answer.choices[0].text, text.text);
    assert.equal(record.answer.choices[0].reasoning, thinking.thinking);
    assert.equal(record.response_id, wire.result.id);
    assert.ok(!JSON.stringify(record).includes('a-word-to-look-for'));
});


test('a stream with a tool', async () => {
    const wire = await exchanged(() => client.messages.stream({
        ...asks('weather'),
        tools: [{
            name: 'get_weather', description: 'the weather',
            input_schema: {
                type: 'object', properties: { city: { type: 'string' } },
            },
        }],
    }).finalMessage());

    const record = await sameAsOnTheWire(monitor, wire, {
        ...expected,
        streamed: true, stream_requested: true, events: eventsIn(wire.got),
        usage: {
            ...noUsage, input_tokens: 70, output_tokens: 25, total_tokens: 95,
        },
        finish_reason: 'tool_use',
        tool_calls: ['get_weather'], tool_count: 1,
    });

    const [call] = record.answer.choices[0].tool_calls;
    const [made] = wire.result.content;

    assert.equal(call.id, made.id);
    assert.equal(call.name, made.name);
    assert.deepEqual(JSON.parse(call.arguments), made.input);
});


test('nginx had nothing to complain of', async () => {
    await nginx.stop();
    assert.deepEqual(nginx.complaints(), []);
});
