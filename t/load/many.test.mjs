// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: each of many streams that run at the same time is looked at in
// time, however they begin and end.  Where more than a few run, a worker looks
// at some of them at a time, and goes on with the next.  Seen to fail when it
// always looked at the first ones.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, test } from 'node:test';

import { until } from '../e2e/lib/monitor.mjs';
import { Nginx } from '../e2e/lib/nginx.mjs';
import { ports } from '../e2e/lib/ports.mjs';

const streams = 300;
const at = ports(12);
const close = [];

const event = (text) => `data: ${JSON.stringify({
    choices: [{ index: 0, delta: { content: text } }],
})}\n\n`;

after(() => Promise.all(close.map((end) => end())));

// answers[n] is that of the request with ?n=

async function upstream() {
    const answers = [];

    const server = http.createServer((request, answer) => {
        answer.writeHead(200, { 'Content-Type': 'text/event-stream' });
        answer.flushHeaders();
        answers[Number(/n=(\d+)/.exec(request.url)[1])] = answer;
    });

    server.listen(at.upstream_port, '127.0.0.1');
    await once(server, 'listening');

    close.push(() => {
        server.closeAllConnections();
        server.close();
    });

    return answers;
}

// resolves when the answer has begun; "over" when it has ended

async function ask(nginx, n) {
    const request = http.get(`${nginx.proxy}/v1/chat/completions?n=${n}`,
                             { agent: false });
    const stream = {};

    request.on('error', () => {});

    const [answer] = await once(request, 'response');

    answer.resume().on('error', () => {});
    stream.over = new Promise((done) => { answer.once('close', done); });

    return stream;
}

// those that run have so many tokens, all of them

function tokens(monitor, running, count) {
    return until(`${count} tokens of ${running} streams`,
                 () => monitor.list({ q: 'is:running', page_size: 1000 }),
                 ({ items }) => items.length === running && items.every(
                     (r) => r.estimated_output_tokens === count));
}


test(`${streams} streams are looked at, while others begin and end`,
     async () => {
    const answers = await upstream();
    const nginx = await Nginx.start({ ...at, workers: 1 });
    const { monitor } = nginx;

    close.push(() => nginx.stop());

    const asked = await Promise.all(
        Array.from({ length: streams }, (_, n) => ask(nginx, n)));

    const tell = (wanted) => answers.filter((_, n) => wanted(n))
        .forEach((answer) => answer.write(event('word')));
    const end = (wanted) => answers.filter((_, n) => wanted(n))
        .forEach((answer) => answer.end());

    // the second of two that come at once is told by nothing but the sweep

    tell(() => true);
    await tokens(monitor, streams, 1);
    tell(() => true);
    await tokens(monitor, streams, 2);

    // every other one ends, and all but ten of the rest

    end((n) => n % 2);
    await tokens(monitor, streams / 2, 2);
    tell((n) => n % 2 === 0);
    await tokens(monitor, streams / 2, 3);
    end((n) => n % 2 === 0 && n >= 20);
    tell((n) => n % 2 === 0 && n < 20);
    const { items } = await tokens(monitor, 10, 4);

    // a viewer ends one, and the others go on

    const { status } = await monitor.post(`/api/request/${items[4].id}/cancel`);

    assert.equal(status, 202);
    await until('its end', () => monitor.record(items[4].id),
                ({ outcome }) => outcome === 'client_aborted');
    await tokens(monitor, 9, 4);

    end((n) => n % 2 === 0 && n < 20);
    await Promise.all(asked.map(({ over }) => over));
    await monitor.idle();
    assert.deepEqual(nginx.complaints(), []);
});
