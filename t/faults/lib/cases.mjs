// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Runs cases of faulty traffic.  Each runs twice, recorded and not, and both
// clients must get the same.  Then the case checks its record, the upstream's
// journal and the lines of nginx's log.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { slow } from '../../e2e/lib/monitor.mjs';

import { client } from './client.mjs';
import { inParallel, portsOf, recordsByCase, start } from './servers.mjs';
import { caseOf, uriOf } from './upstream.mjs';

export const protocols = ['h1', 'h1s', 'h2', 'h2s'];

// b: nginx buffers both ways, u: neither; p, s: plain or TLS to the upstream

export const ways = ['bp', 'bs', 'up', 'us'];

const to = (ports, way) => way[1] === 'p'
    ? `http://127.0.0.1:${ports.upstream}`
    : `https://127.0.0.1:${ports.upstreamTls}`;

const locations = (ports) => ways.map((way) => `
        location /${way}/ {
            proxy_pass               ${to(ports, way)};
            proxy_buffering          ${way[0] === 'b' ? 'on' : 'off'};
            proxy_request_buffering  ${way[0] === 'b' ? 'on' : 'off'};
        }`).join('') + `
        location /z/ {
            proxy_pass                ${to(ports, 'bp')};
            proxy_max_temp_file_size  0;
        }`;

const delta = (content, more = {}) => Buffer.from('data: ' + JSON.stringify({
    id: 'c', object: 'chat.completion.chunk', model: 'm', choices: [{
        index: 0, delta: { content }, finish_reason: null, ...more,
    }],
}) + '\n\n');

export const pieces = [
    delta('one '), delta('two '),
    Buffer.concat([delta('three', { finish_reason: 'stop' }),
                   Buffer.from('data: [DONE]\n\n')]),
];
export const whole = Buffer.concat(pieces);
export const question = Buffer.from(JSON.stringify({
    model: 'm', stream: true, messages: [{ role: 'user', content: 'Hi' }],
}));

export let run;
let ports, watching;

// starts nginx and the upstream for the tests of a file

export function serve(file) {
    ports = portsOf(file);

    before(async () => {
        run = await start(ports, {
            locations: locations(ports),
            monitor: 'openai_monitor_body_max 64k;',
        });
        watching = watch();
    });

    after(async () => {
        const { stop } = run;

        run = undefined;
        await watching;
        await stop();
    });

    // Node 20 sometimes loops for ever because of TLS handles that an aborted
    // connection left; the results are printed before that

    process.on('exit', (code) => process.reallyExit(code));
}


// --- what an upstream says ---

export const head = (framing, more = '') =>
    'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n' + more
    + (framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n'
        : framing === 'length' ? `Content-Length: ${whole.length}\r\n` : '')
    + 'Connection: close\r\n\r\n';

export const framed = (framing, data) => framing === 'chunked'
    ? Buffer.concat([Buffer.from(data.length.toString(16) + '\r\n'), data,
                     Buffer.from('\r\n')])
    : data;

export const answer = (framing) => Buffer.concat([
    Buffer.from(head(framing)), ...pieces.map((p) => framed(framing, p)),
    Buffer.from(framing === 'chunked' ? '0\r\n\r\n' : ''),
]);


// --- one case ---

// what most clients do: send a request, read the answer

async function ask(c, uri) {
    await c.begin('POST', uri, question.length);
    await c.send(question);
    await c.finish();
    await c.answer.seen(Infinity);
}

async function perform(one, which) {
    const id = `${one.n}-${which}`;
    const c = client(one.protocol, ports[which + (one.short ? 'Short' : '')]);

    run.upstream.scripts.set(id, (peer) => one.script(peer, c));

    try {
        await (one.act ?? ask)(c, uriOf(`/${one.way}/v1/chat/completions`, id),
                               () => run.upstream.journal(id));
    } finally {
        c.end();
    }

    const { status, headers, body, complete } = c.answer;

    return {
        status, complete, body,
        headers: headers.filter((line) => !/^date:/i.test(line)),
    };
}

// waits for the end of the case's connections to the upstream

const ended = (id) => Promise.all(
    (run.upstream.peers.get(id) ?? []).map((peer) => peer.gone));

// returns the first failures as readable lines

function summary(wrong) {
    const lines = wrong.slice(0, 8).map((text) =>
        text.replace(/\s+/g, ' ').slice(0, 600));

    return `${wrong.length} are wrong\n  ` + lines.join('\n  ');
}

let number = 0;

// runs all cases both ways, then checks records and log

export async function runAll(t, cases, at_a_time = 40) {
    const wrong = [];
    const complain = (one, what) => wrong.push(`${one.name}: ${what}`);

    await inParallel(cases, at_a_time, async (one) => {
        one.n = ++number;
        one.name = `${one.n} ${one.protocol} ${one.way} ${one.name}`;

        const [recorded, plain] = await Promise.all([
            perform(one, 'recorded'), perform(one, 'plain')]);

        one.saw = recorded;

        for (const key of one.same ?? ['status', 'headers', 'body', 'complete'])
        {
            try {
                assert.deepEqual(recorded[key], plain[key]);
            } catch {
                complain(one, `${key} is ${recorded[key]} when recorded, else `
                              + plain[key]);
            }
        }

        await ended(`${one.n}-recorded`);
        await ended(`${one.n}-plain`);
    });

    await run.monitor.idle();

    const records = await recordsByCase(run.monitor, caseOf);
    const lines = linesByCase(run.nginx.log);

    await inParallel(cases, 8, async (one) => {
        const id = `${one.n}-recorded`;
        const found = records.get(id) ?? [];
        const journal = run.upstream.journal(id);

        if (found.length !== 1) {
            complain(one, `it has ${found.length} records`);
            return;
        }

        const record = await run.monitor.record(found[0].id);
        const raw = async (which) => (record[which].body_kept_bytes === 0)
            ? Buffer.alloc(0)
            : run.monitor.bytes(`/api/request/${record.id}/${which}`);

        try {
            one.expect({
                record, journal, saw: one.saw,
                log: (lines.get(id) ?? []).join('\n'),
                request: await raw('request'), response: await raw('response'),
            });
        } catch (e) {
            complain(one, e.message.split('\n').slice(0, 12).join(' ')
                          + ` (${record.outcome} ${record.status}, `
                          + `journal: ${journal})`);
        }

        run.upstream.scripts.delete(id);
        run.upstream.peers.delete(id);
    });

    assert.ok(wrong.length === 0, summary(wrong));
    assert.deepEqual(run.upstream.failures, []);
    assert.deepEqual(run.nginx.complaints(), []);
    t.diagnostic(`${cases.length} cases, twice`);
}

function linesByCase(log) {
    const found = new Map();

    for (const line of log.split('\n')) {
        const id = /request: "\S+ ([^"]*)"/.exec(line)?.[1];

        if (id) {
            const key = caseOf(id.split(' ')[0]);
            found.set(key, [...found.get(key) ?? [], line]);
        }
    }

    return found;
}

// yields every combination as an object

export function* product(axes) {
    const [[key, values], ...rest] = Object.entries(axes);

    for (const value of values) {
        if (rest.length === 0) {
            yield { [key]: value };
            continue;
        }

        for (const more of product(Object.fromEntries(rest))) {
            yield { [key]: value, ...more };
        }
    }
}


// a case whose answer comes whole

export function wholeAnswer({ protocol, way, framing, name, script, act }) {
    return {
        protocol, way, act, name: `${framing}: ${name}`, script,

        expect({ record, journal, saw, request, response }) {
            assert.ok(journal.length > 1);
            assert.equal(record.outcome, 'ok');
            assert.equal(record.complete, true);
            assert.deepEqual(request, question);
            assert.deepEqual(response, whole);
            assert.deepEqual(saw.body, whole);
            assert.equal(saw.complete, true);
        },
    };
}


export async function until(condition) {
    const end = Date.now() + 10_000 * slow;

    while (!condition()) {
        assert.ok(Date.now() < end, 'it took too long');
        await new Promise((done) => setTimeout(done, 10));
    }
}

// waits until the record has so many bytes; all callers share one list

export async function arrived(id, request, response) {
    if (id.endsWith('recorded')) {
        await new Promise((done) =>
            waiting.set(id, { request, response, done }));
    }
}

const waiting = new Map();

async function watch() {
    while (run) {
        await new Promise((done) => setTimeout(done, 20));

        if (waiting.size === 0) {
            continue;
        }

        const { items } = await run.monitor.list({ page_size: 200 });

        for (const item of items) {
            const id = caseOf(item.uri ?? '');
            const one = waiting.get(id);

            if (one && item.request_bytes === one.request
                && item.response_bytes === one.response)
            {
                waiting.delete(id);
                one.done();
            }
        }
    }
}
