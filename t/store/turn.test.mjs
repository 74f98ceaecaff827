// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: no piece of a body waits for what becomes of another one.  What
// one turn of nginx's event loop brings is passed on first, and looked at when
// the turn is over.
//
// The worker is stopped until each of several streams has a piece, so that one
// turn brings them all, and dies at the turn's end: the clients have all of
// them, and the records none.  Seen to fail when each was looked at as it came,
// and when what had been put off to the turn's end waited for the pieces.
//
// When pieces of one turn fill the buffer, they are parsed at once: seen to fail
// without that bound.  A worker that is told to end parses the pieces of its
// last turn first, and publishing one does not begin the end of that turn again.
//
// Needs the module that ./auto-build.sh makes with these places, see
// CONTRIBUTING.md.  Of docs/reliability.md: fault 46.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { until } from '../e2e/lib/monitor.mjs';
import { Nginx, root } from '../e2e/lib/nginx.mjs';
import { ports } from '../e2e/lib/ports.mjs';
import { random } from '../e2e/lib/random.mjs';

const streams = 20;
const many = 100;
const event = 'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n';
const over = 'data: [DONE]\n\n';
const at = ports(10);

// answers with a head, and pieces when the test wants

async function upstream(t) {
    const answers = [];

    const server = http.createServer((request, answer) => {
        answer.writeHead(200, { 'Content-Type': 'text/event-stream' });
        answer.flushHeaders();
        answer.socket.setNoDelay(true);
        answers[request.url.split('=')[1] ?? answers.length] = answer;
    });

    server.listen(at.upstream_port, '127.0.0.1');
    await once(server, 'listening');

    t.after(() => {
        server.closeAllConnections();
        server.close();
    });

    return answers;
}

const quiet = (template) => template;

// what nginx reads at once of an answer

const reads = (size) => (template) => template.replace(
    'location / {', `location / { proxy_buffer_size ${size};`);

// dies at the end of the turn with the first pieces to be looked at, or of one
// of those after it

async function start(t, { change = quiet, place = 'turn.over', times = 1,
                          signal = 'SIGKILL' } = {}) {
    const template = fs.readFileSync(path.join(root, 't/e2e/lib/nginx.conf'),
                                     'utf8');

    const nginx = await Nginx.start({
        ...at, workers: 1,
        template: ['SEED', 'PLACE', 'TIMES', 'SIGNAL'].map((name) =>
            `env OPENAI_FAULT_${name};\n`).join('') + change(template),
        env: { OPENAI_FAULT_SEED: '1', OPENAI_FAULT_PLACE: place,
               OPENAI_FAULT_TIMES: String(times),
               OPENAI_FAULT_SIGNAL: String(os.constants.signals[signal]) },
    });

    t.after(() => nginx.stop());

    return nginx;
}

// what act() makes others send comes to the worker in one turn, its last one

async function turn(nginx, act, pieces) {
    const [worker] = nginx.workers;

    process.kill(worker, 'SIGSTOP');
    await until('the worker to stop', () => state(worker), (s) => s === 'T');

    act();

    await until('a piece of each stream', () => unread(at.upstream_port),
                (n) => n === pieces);

    process.kill(worker, 'SIGCONT');
    await until('the end of the turn', () => nginx.log,
                (log) => /fault: (killed|told) at turn/.test(log));
}

// the bodies of what ran when its worker ended

async function left(nginx, running) {
    const { items } = await until(
        'records of the worker',
        () => nginx.monitor.list({ page_size: 200 }),
        ({ items }) => items.length === running
                       && items.every(({ outcome }) => outcome !== 'running'));

    const bodies = [];

    for (const { id } of items) {
        bodies.push((await nginx.monitor.record(id)).response.body ?? '');
    }

    return bodies;
}

// events of so many bytes with the frame of their chunk, which is one

const frame = 8;

function send(answer, size) {
    const text = event.repeat(Math.ceil(size / event.length));

    answer.write(text.slice(0, size - frame));
}

// no body is sent: the first pieces are those of the answers

async function ask(nginx, n, asked = {}) {
    const request = http.get(`${nginx.proxy}/v1/chat/completions?n=${n}`,
                             { agent: false });
    const [answer] = await once(request, 'response');

    Object.assign(asked, { got: '', request });
    answer.setEncoding('utf8');
    answer.on('data', (data) => { asked.got += data; });
    request.on('error', () => {});
    answer.on('error', () => {});
    asked.closed = new Promise((done) => { answer.once('close', done); });

    return asked;
}

const askAll = (nginx, length) =>
    Promise.all(Array.from({ length }, (_, n) => ask(nginx, n)));

// the kernel has it for the worker

const state = (pid) => / ([A-Z]) \d/.exec(fs.readFileSync(
    `/proc/${pid}/stat`, 'utf8'))[1];

function unread(port) {
    const from = `:${port.toString(16).toUpperCase().padStart(4, '0')} 01 `;

    return fs.readFileSync('/proc/net/tcp', 'latin1').split('\n')
        .filter((line) => line.includes(from)
                          && !/ 01 [0-9A-F]{8}:00000000 /.test(line)).length;
}


test(`${streams} pieces of one turn are passed on before any is looked at`,
     async (t) => {
    const answers = await upstream(t);
    const nginx = await start(t);

    const asked = await askAll(nginx, streams);

    await turn(nginx, () => answers.forEach((answer) => answer.write(event)),
               streams);

    await Promise.all(asked.map(({ closed }) => closed));

    assert.deepEqual(asked.map(({ got }) => got), asked.map(() => event));

    assert.deepEqual(await left(nginx, streams), asked.map(() => ''));
    assert.deepEqual(nginx.complaints(/exited on signal 9/), []);
});


// nginx puts a request that came with the one before off to the turn's end, as
// it does with the packets of HTTP/3

test('what is put off to the end of a turn comes before its pieces',
     async (t) => {
    const answers = await upstream(t);

    const local = (template) => template.replace(
        'location / {', 'location /local { return 200 local; } location / {');

    const nginx = await start(t, { change: local });

    const stream = await ask(nginx, 0);
    const client = net.connect(at.proxy_port, '127.0.0.1');
    let got = '';

    client.setEncoding('latin1');
    client.on('data', (data) => { got += data; });
    client.on('error', () => {});
    client.write('GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n'
                 + 'GET /local HTTP/1.1\r\nHost: a\r\n\r\n');

    const closed = once(client, 'close');

    await until('the head of an answer', () => got,
                (text) => text.includes('\r\n\r\n'));

    await turn(nginx, () => {
        answers[0].write(event);
        answers[1].end(event);
    }, 2);

    await Promise.all([closed, stream.closed]);

    assert.equal(stream.got, event);
    assert.match(got, /delta[^]*\r\n0\r\n\r\nHTTP[^]*\r\n\r\nlocal$/);
});


// twice as many bytes as there is room for

test('what has no more room is looked at in the turn itself', async (t) => {
    const answers = await upstream(t);
    const nginx = await start(t, { change: reads('4k'), place: 'turn.full',
                                   times: 2 });

    const asked = await askAll(nginx, many);

    await turn(nginx, () => {
        for (const answer of answers) {
            send(answer, 28 * 1024);
        }
    }, many);

    await Promise.all(asked.map(({ closed }) => closed));

    const bodies = await left(nginx, many);
    const bytes = bodies.join('').length;

    // the first time all of them, the second time none yet

    assert.ok(bytes > 900 * 1024 && bytes <= 1024 * 1024, `${bytes} bytes`);

    for (const body of bodies) {
        assert.equal(body, event.repeat(600).slice(0, body.length));
    }
});


test('who is told to end looks at what waits first', async (t) => {
    const answers = await upstream(t);
    const nginx = await start(t, { signal: 'SIGTERM' });

    const asked = await askAll(nginx, many);

    await turn(nginx, () => answers.forEach((answer) => answer.write(event)),
               many);

    await Promise.all(asked.map(({ closed }) => closed));

    assert.deepEqual(await left(nginx, many), asked.map(() => event));

    assert.equal(nginx.log.match(/fault: told/g).length, 1);
});


// some events are so large that they do not wait, and some clients go

test(`${many} streams at once are recorded whole, and in order`, async (t) => {
    const seed = Number(process.env.SEED ?? Date.now() % 1000000);
    const next = random(seed);
    const answers = await upstream(t);
    const nginx = await Nginx.start({ ...at, workers: 1 });

    t.after(() => nginx.stop());
    t.diagnostic(`SEED=${seed}`);

    const asked = await askAll(nginx, many);

    const sent = answers.map(() => '');

    for (let round = 0; round < 40; round++) {

        for (const [n, answer] of answers.entries()) {

            if (next(2) && !answer.destroyed) {
                const size = next(10) ? next(300) : 5000;
                const text = `${round} ${'x'.repeat(size)}`;

                answer.write(event.replace('hi', text));
                sent[n] += event.replace('hi', text);
            }
        }

        if (round % 4 === 3) {
            asked[next(many)].request.destroy();
        }

        await new Promise((done) => { setImmediate(done); });
    }

    for (const [n, answer] of answers.entries()) {
        answer.end(over);
        sent[n] += over;
    }

    const { items } = await until(
        'all records', () => nginx.monitor.list({ page_size: 200 }),
        ({ items }) => items.length === many
                       && items.every(({ outcome }) => outcome !== 'running'));

    for (const { id, uri, outcome } of items) {
        const body = (await nginx.monitor.record(id)).response.body ?? '';
        const all = sent[uri.split('=')[1]];

        assert.ok(outcome === 'ok' || outcome === 'client_aborted', outcome);
        assert.equal(body, outcome === 'ok' ? all : all.slice(0, body.length),
                     `SEED=${seed}: ${uri}`);
    }
});
