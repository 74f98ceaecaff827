// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: the OpenAPI document that the monitor serves is true.  Every
// route and argument of the handler is in it and no others; what each route
// really answers fits its schema, and has no field that the schema does not
// name.  Seen to fail when a field was added to the summary, or a route to the
// table.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';

import Ajv from 'ajv/dist/2020.js';

import { until } from './lib/monitor.mjs';
import { Nginx, root } from './lib/nginx.mjs';
import { ports } from './lib/ports.mjs';

const at = ports(4);
const source = path.join(root, 'ngx_http_openai_monitor_module/view');

let nginx, upstream, doc, ajv;


// what an OpenAI-compatible API may answer, by the path that is asked

const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25,
                prompt_tokens_details: { cached_tokens: 8 },
                completion_tokens_details: { reasoning_tokens: 2 } };

const json = (res, body, status = 200, headers = {}) =>
    res.writeHead(status, { 'Content-Type': 'application/json', ...headers })
        .end(JSON.stringify(body));

const call = { id: 'call_1', type: 'function',
               function: { name: 'look', arguments: '{"at":"sky"}' } };

const chunk = (delta, finish_reason = null, more = {}) =>
    'data: ' + JSON.stringify({ id: 'c1', object: 'chat.completion.chunk',
                                model: 'gpt-4o',
                                choices: [{ index: 0, delta, finish_reason }],
                                ...more }) + '\n\n';

let held;

const answers = {
    chat: (res) => json(res, {
        id: 'c1', object: 'chat.completion', model: 'gpt-4o-2024-08-06',
        service_tier: 'default', usage,
        choices: [{ index: 0, finish_reason: 'tool_calls',
                    message: { role: 'assistant', content: 'Let me look.',
                               tool_calls: [call] } }],
    }, 200, { 'x-request-id': 'req_1', 'openai-processing-ms': '12',
              'x-ratelimit-remaining-requests': '9' }),

    stream: (res) => {
        res.writeHead(200, { 'Content-Type': 'text/event-stream' });
        res.write(chunk({ role: 'assistant', reasoning_content: 'Hm.' }));
        res.write(chunk({ content: 'Blue' }));
        res.write(chunk({ tool_calls: [{ index: 0, ...call }] }));
        res.write(chunk({}, 'tool_calls', { usage }));
        res.end('data: [DONE]\n\n');
    },

    held: (res) => {
        res.writeHead(200, { 'Content-Type': 'text/event-stream' });
        res.write(chunk({ content: 'Slowly' }));
        held = res;
    },

    cut: (res) => {
        res.writeHead(200, { 'Content-Type': 'text/event-stream' });
        res.write(chunk({ content: 'Half' }));
        res.destroy();
    },

    refused: (res) => json(res, { error: { message: 'Slow down', code: 42,
                                           type: 'rate_limit' } }, 429),

    embeddings: (res) => json(res, {
        object: 'list', model: 'e', usage: { prompt_tokens: 3, total_tokens: 3 },
        data: [{ object: 'embedding', index: 0, embedding: [0.1, 0.2] }],
    }),

    images: (res) => json(res, { created: 1, data: [{ b64_json: 'aGk=' }] }),

    models: (res) => json(res, { object: 'list',
                                 data: [{ id: 'm', object: 'model' }] }),

    messages: (res) => json(res, {
        id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-x',
        content: [{ type: 'text', text: 'Hello.' }], stop_reason: 'end_turn',
        usage: { input_tokens: 3, output_tokens: 4 },
    }),

    responses: (res) => json(res, {
        id: 'resp_1', object: 'response', status: 'completed', model: 'gpt-5',
        output: [{ type: 'message', role: 'assistant', id: 'm1',
                   content: [{ type: 'output_text', text: 'Hi' }] }],
        usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 },
    }),

    bytes: (res) => res.writeHead(200).end(Buffer.from([0, 255, 1, 254])),
};

const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: [{ type: 'text', text: 'What is up?' },
                              { type: 'image_url',
                                image_url: { url: 'data:,x' } }] },
];

const tools = [{ type: 'function',
                 function: { name: 'look', description: 'Looks',
                             parameters: { type: 'object' } } }];

async function ask(what, uri, body, headers = {}) {
    const answer = await fetch(nginx.proxy + uri, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { 'Content-Type': 'application/json', 'X-What': what,
                   Authorization: 'Bearer a-word', ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
    });

    return answer;
}

async function asked(...args) {
    const answer = await ask(...args);
    await answer.arrayBuffer().catch(() => undefined);
    return answer.headers.get('x-monitor-id');
}

const get = (uri, headers) => fetch(nginx.monitor.url + uri, { headers });


before(async () => {
    upstream = createServer((req, res) => {
        req.resume().on('end', () => answers[req.headers['x-what']](res));
    });

    await new Promise((done) => {
        upstream.listen(at.upstream_port, '127.0.0.1', done);
    });

    nginx = await Nginx.start({ ...at, entries: 20 });
    doc = await (await get('/api/openapi.json')).json();
    ajv = checker(doc);
});

after(async () => {
    await nginx?.stop();
    upstream.closeAllConnections();
    upstream.close();
    assert.deepEqual(nginx.complaints(), []);
});


// OpenAPI lets answers have more than it names, this test does not

function checker(document) {
    const all = new Ajv({ strict: false, allErrors: true,
                          validateFormats: false });

    const close = (node, inside) => {
        if (Array.isArray(node)) {
            return node.map((n) => close(n, inside));
        }

        if (node === null || typeof node !== 'object') {
            return node;
        }

        const out = {};

        for (const [key, value] of Object.entries(node)) {
            out[key] = key === 'properties'
                ? Object.fromEntries(Object.entries(value)
                    .map(([k, v]) => [k, close(v, false)]))
                : close(value, key === 'allOf');
        }

        const object = node.properties !== undefined
            || node.allOf !== undefined;

        if (object && !inside && node.additionalProperties === undefined) {
            out.unevaluatedProperties = false;
        }

        return out;
    };

    const schemas = close(document.components.schemas, false);

    // a summary is closed but where a record is made of it; so is a run

    for (const [part, whole] of [['Summary', 'Record'], ['Run', 'RunTree']]) {
        schemas['Open' + part] = { ...schemas[part] };
        delete schemas['Open' + part].unevaluatedProperties;
        schemas[whole].allOf[0] = { $ref: '#/components/schemas/Open' + part };
    }

    all.addSchema({ $id: 'doc:', components: { schemas },
                    paths: document.paths });

    return all;
}

function fits(schema, value, what) {
    const name = schema.$ref ?? schema;
    const check = typeof name === 'string'
        ? ajv.getSchema('doc:' + name)
        : ajv.compile({ ...JSON.parse(JSON.stringify(schema)
            .replaceAll('"#/components', '"doc:#/components')) });

    assert.ok(check(value), `${what}: ` + ajv.errorsText(
        check.errors, { separator: '\n' }) + '\n'
        + JSON.stringify(value).slice(0, 2000));
}

// the answer of a route is one that the document names, and fits it

async function holds(route, uri, { method = 'GET', status = 200, headers } = {}) {
    const answer = await fetch(nginx.monitor.url + uri, { method, headers });
    const operation = doc.paths[route][method.toLowerCase()];
    const named = operation.responses[answer.status];

    assert.ok([status].flat().includes(answer.status), `${method} ${uri}: `
              + answer.status);
    assert.ok(named, `${route} may answer ${status}`);

    const response = named.$ref === undefined ? named
        : doc.components.responses[named.$ref.split('/').at(-1)];
    const type = answer.headers.get('content-type')?.replace(/;.*/, '');

    if (response.content === undefined) {
        assert.equal(await answer.text(), '');
        return undefined;
    }

    assert.ok(type in response.content, `${route} may answer ${type}`);

    if (type !== 'application/json') {
        return answer.text();
    }

    const body = await answer.json();
    fits(response.content[type].schema, body, `${method} ${uri}`);

    return body;
}


test('every route and argument of the handler is in it, and no others', () => {
    const code = fs.readFileSync(path.join(source, 'view.c'),
                                 'utf8');
    const table = (name) => [...code.split(`${name}[] = {`)[1]
        .split('ngx_null_string')[0]
        .matchAll(/ngx_string\("([^"]*)"\), NGX_OPENAI_(READ|WRITE)/g)]
        .map((m) => [m[1], m[2] === 'READ' ? 'get' : 'post']);

    const routes = [
        ...table('ngx_openai_routes').map(([p, m]) => [`/${p}`, m]),
        ...table('ngx_openai_record_routes')
            .map(([p, m]) => ['/api/request/{id}' + p, m]),
        ...table('ngx_openai_session_routes')
            .map(([p, m]) => ['/api/session/{id}' + p, m]),
    ];

    assert.ok(routes.length > 12);
    assert.deepEqual(
        Object.entries(doc.paths).flatMap(([p, methods]) =>
            Object.keys(methods).filter((m) => m !== 'parameters')
                .map((m) => `${m} ${p}`)).sort(),
        routes.map(([p, m]) => `${m} ${p}`).sort());

    const view = fs.readdirSync(source, { recursive: true })
        .filter((f) => f.endsWith('.c'))
        .map((f) => fs.readFileSync(path.join(source, f), 'utf8')).join('\n');
    const names = /ngx_openai_(?:arg|arg_number|raw_flag)\([\w>, -]*"(\w+)"/g;

    const inCode = new Set([
        ...[...view.matchAll(names)].map((m) => m[1]),
        ...[...view.matchAll(/terms\[\] = \{([^}]*)\}/g)]
            .flatMap((m) => m[1].match(/\w+/g)),
    ]);

    const inDoc = new Set(Object.values(doc.paths)
        .flatMap((p) => Object.values(p)).flatMap((o) => o.parameters ?? [])
        .map((p) => p.$ref === undefined ? p
            : doc.components.parameters[p.$ref.split('/').at(-1)])
        .filter((p) => p.in === 'query').map((p) => p.name));

    assert.deepEqual([...inDoc].sort(), [...inCode].sort());
});


test('what the routes answer fits the schemas', async () => {
    const chat = { model: 'gpt-4o', messages, tools, user: 'u',
                   temperature: 0.5 };
    const events = await get('/api/events?q=-outcome:rejected');
    assert.equal(events.status, 200);

    const seen = collect(events.body);

    const first = await asked('chat', '/v1/chat/completions', chat);
    const second = await asked('chat', '/v1/chat/completions', {
        ...chat, messages: [...messages,
            { role: 'assistant', content: null, tool_calls: [call] },
            { role: 'tool', tool_call_id: 'call_1', content: 'blue' }],
    });
    const streamed = await asked('stream', '/v1/chat/completions',
                                 { ...chat, stream: true });

    for (const [what, uri, body] of [
        ['cut', '/v1/chat/completions', { ...chat, stream: true }],
        ['refused', '/v1/chat/completions', chat],
        ['embeddings', '/v1/embeddings', { model: 'e', input: 'x' }],
        ['images', '/v1/images/generations', { model: 'i', prompt: 'x' }],
        ['models', '/v1/models'],
        ['messages', '/v1/messages', { model: 'claude-x', max_tokens: 9,
                                       messages: [messages[1]] }],
        ['responses', '/v1/responses', { model: 'gpt-5', input: 'Hi' }],
        ['bytes', '/v1/audio/speech', { model: 't', input: 'x' }],
        ['bytes', '/elsewhere?key=secret', { no: 'api' }],
    ]) {
        await asked(what, uri, body);
    }

    const waiting = await ask('held', '/v1/chat/completions',
                              { ...chat, stream: true });
    const running = waiting.headers.get('x-monitor-id');

    await until('all of them', () => nginx.monitor.list({ page_size: 100 }),
                (l) => l.total === 13
                    && l.items.filter((r) => r.outcome === 'running').length
                       === 1);

    const list = await holds('/api/requests', '/api/requests?page_size=100');

    assert.equal((await holds('/api/requests', '/api/requests?page=99'))
        .items.length, 0);
    await holds('/api/requests', '/api/requests?q=modle:x', { status: 400 });

    const runs = await holds('/api/sessions', '/api/sessions?sort=-turns');

    assert.ok(runs.items.length > 0);
    await holds('/api/sessions', '/api/sessions?sort=colour', { status: 400 });
    await holds('/api/session/{id}', `/api/session/${runs.items[0].id}`);
    await holds('/api/session/{id}', '/api/session/nobody', { status: 404 });
    await holds('/api/requests', '/api/requests',
                { status: 403, headers: { Origin: 'http://elsewhere' } });

    for (const { id, outcome } of list.items) {
        const one = '/api/request/{id}';
        const uri = `/api/request/${id}`;

        await holds(one, uri);
        await holds(one, uri + '?body=none');
        await holds(one + '/events', uri + '/events');
        await holds(one + '/diff', `${uri}/diff?with=${first}`,
                    { status: [200, 400] });
        await holds(one + '/request', uri + '/request?decoded=1');
        await holds(one + '/response', uri + '/response?text=1');

        if (outcome !== 'running') {
            await holds(one + '/cancel', uri + '/cancel', {
                method: 'POST', status: 409,
                headers: { 'X-OpenAI-Monitor': '1' } });
        }
    }

    await holds('/api/request/{id}/diff', `/api/request/${second}/diff`);
    await holds('/api/request/{id}', '/api/request/nowhere', { status: 404 });
    assert.ok((await holds('/api/request/{id}/events',
                           `/api/request/${streamed}/events`)).length > 3);

    for (const query of ['', '?window=5m', '?q=is:error', '?window=24h&q=x']) {
        await holds('/api/stats', '/api/stats' + query);
    }

    await holds('/api/stats', '/api/stats?window=7d', { status: 400 });

    assert.equal((await holds('/api/info', '/api/info')).version,
                 doc.info.version);
    await holds('/api/openapi.json', '/api/openapi.json');
    assert.match(await holds('/metrics', '/metrics'), /^# HELP/);

    await holds('/api/export', '/api/export?format=har');
    await holds('/api/export', '/api/export?format=csv');

    const lines = (await holds('/api/export', '/api/export?format=jsonl'))
        .trim().split('\n');

    assert.equal(lines.length, 13);
    lines.forEach((line) => fits({ $ref: '#/components/schemas/Record' },
                                 JSON.parse(line), 'a line of JSONL'));

    // what only events tell: an answer that is watched, a record that fits no
    // more, and what is cancelled or cleared

    const proof = { method: 'POST', headers: { 'X-OpenAI-Monitor': '1' } };
    const watching = collect((await get('/api/events?q=is:running&watch='
                                        + running)).body);

    await watching.has('answer');
    await holds('/api/request/{id}/cancel', `/api/request/${running}/cancel`,
                { ...proof, status: 202 });
    await watching.has('unmatch');
    await assert.rejects(waiting.text());

    // entries: 20; the first are evicted

    for (let i = 0; i < 25; i++) {
        await asked('models', '/v1/models');
    }

    await holds('/api/request/{id}', `/api/request/${first}`, { status: 410 });
    await seen.has('gone');

    await holds('/api/stats/reset', '/api/stats/reset',
                { ...proof, status: 204 });
    await holds('/api/stats/reset', '/api/stats/reset',
                { method: 'POST', status: 403 });
    await holds('/api/clear', '/api/clear', { ...proof, status: 204 });
    await seen.has('clear');
    await seen.has('stats');

    const schemas = doc.paths['/api/events'].get['x-events'];

    for (const e of [...seen.events, ...watching.events]) {
        assert.ok(e.event in schemas, `an event ${e.event}`);
        fits(schemas[e.event], e.data, `event ${e.event}`);
    }

    seen.stop();
    watching.stop();
});


// the events of a feed as they come

function collect(body) {
    const events = [];
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';

    (async () => {
        for (;;) {
            const { done, value } = await reader.read();

            if (done) {
                return;
            }

            text += value;

            const blocks = text.split('\n\n');
            text = blocks.pop();

            for (const block of blocks) {
                const field = (name) =>
                    new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];

                if (field('event') !== undefined) {
                    events.push({ event: field('event'),
                                  data: JSON.parse(field('data')) });
                }
            }
        }
    })().catch(() => undefined);

    return {
        events,
        has: (name) => until(`an event ${name}`,
                             () => events.map((e) => e.event),
                             (names) => names.includes(name)),
        stop: () => reader.cancel(),
    };
}
