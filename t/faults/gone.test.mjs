// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: a record that is evicted while somebody reads it is gone, and
// does not look like an empty one. The reading worker stops at each of its
// allocations in turn, while the other worker clears the zone.
//
// Seen to fail when the events of such a record were an empty list.
//
// Needs the module as a shared object, see alloc.test.mjs.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { after, before, test } from 'node:test';

import { checked, until } from '../e2e/lib/monitor.mjs';
import { client } from './lib/client.mjs';
import { portsOf, start } from './lib/servers.mjs';
import { buildShim } from './lib/shim.mjs';

const skip = process.env.OPENAI_MONITOR_MODULE === '' || checked
    ? 'the module is not loaded, or malloc is not the C library\'s' : false;

const ports = portsOf(6);

const answer = Buffer.from(['one ', 'two', '[DONE]'].map((content) =>
    `data: ${content === '[DONE]' ? content : JSON.stringify({
        id: 'c', object: 'chat.completion.chunk', model: 'm',
        choices: [{ index: 0, delta: { content } }],
    })}\n\n`).join(''));

const question = Buffer.from(JSON.stringify({
    model: 'm', stream: true, messages: [{ role: 'user', content: 'q' }],
}));

let run, shim;

before(async () => {
    if (skip) {
        return;
    }

    shim = buildShim();

    run = await start(ports, {
        workers: 2, zone: '8m', entries: 64, level: 'notice', locations: `
        location / {
            proxy_pass  http://127.0.0.1:${ports.upstream};
        }`, env: shim.env,
    });

    run.upstream.otherwise = async (peer) => {
        await peer.body();
        await peer.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n'
                        + `Content-Length: ${answer.length}\r\n`
                        + 'Connection: close\r\n\r\n');
        await peer.send(answer);
        peer.fin();
    };
});

after(async () => {
    await run?.stop();
    shim?.remove();
});

async function record() {
    const c = client('h1', ports.recorded);

    await c.begin('POST', '/v1/chat/completions', question.length,
                  { 'content-type': 'application/json' });
    await c.send(question);
    await c.answer.seen(Infinity);
    c.end();
    await run.monitor.idle();

    return (await run.monitor.list()).items[0].id;
}

const workers = () => fs.readFileSync(
    `/proc/${run.nginx.child.pid}/task/${run.nginx.child.pid}/children`,
    'latin1').trim().split(' ').map(Number);

const stopped = () => workers().find((pid) => / [T] \d/.test(
    fs.readFileSync(`/proc/${pid}/stat`, 'latin1')));

// on a connection of its own: the other worker takes the second one

function get(uri, method = 'GET') {
    return new Promise((done, failed) => {
        const req = http.request({
            port: ports.view, path: uri, method, agent: false,
            headers: { 'X-OpenAI-Monitor': '1' },
        }, async (res) => {
            const pieces = [];

            for await (const piece of res) {
                pieces.push(piece);
            }

            done({ status: res.statusCode, text: `${Buffer.concat(pieces)}` });
        });

        req.on('error', failed);
        req.end();
    });
}

for (const [what, tail, whole] of [
    ['events', '/events', (text) => JSON.parse(text).length === 3],
    ['detail', '', (text) => JSON.parse(text).answer !== null],
    ['request', '/request', (text) => text === question.toString()],
    ['response', '/response?decoded=1', (text) => text === answer.toString()],
]) {
    test(`${what}: cleared while it is read`, { skip }, async (t) => {
        let n = 1, gone = 0;

        for ( ; ; n++) {
            const id = await record();

            shim.set('calls', 0);
            shim.set('stop_at', n);

            const asked = get(`/api/request/${id}${tail}`);
            let done = false;

            asked.then(() => { done = true; });

            const pid = await until('a worker to stop, or the answer',
                                    () => stopped() ?? done, Boolean);

            shim.set('stop_at', 0);

            if (pid !== true) {
                assert.equal((await get('/api/clear', 'POST')).status, 204);
                process.kill(pid, 'SIGCONT');
            }

            const { status, text } = await asked;

            assert.ok(status === 404 || status === 410
                      || (status === 200 && whole(text)),
                      `${n}: ${status} ${text.slice(0, 200)}`);

            if (pid === true) {
                break;
            }

            gone += status === 410;
        }

        assert.ok(gone > 0, 'a record was gone');
        t.diagnostic(`${n - 1} places, gone at ${gone}`);
        assert.deepEqual(run.nginx.complaints(), []);
    });
}
