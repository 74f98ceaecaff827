// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: when an allocation fails, the exchange goes on unchanged, and
// its record is poorer or missing. A reader gets the whole truth, an error, or
// a closed connection, and nothing crashes. Each allocation that the module
// makes for an exchange, or for an answer of the monitor, fails once. A
// location that is not recorded allocates nothing. No duration is negative
// when somebody sets the clock.
//
// Seen to fail when a diff without memory was a bad request; when a record
// with unreadable bytes had none, a search passed over it, and a request
// without memory to parse it counted as no conversation for good; and when
// times came from the wall clock.
//
// Needs the module as a shared object, because lib/shim.c replaces its
// allocations.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { checked, until } from '../e2e/lib/monitor.mjs';
import { client } from './lib/client.mjs';
import { portsOf, start } from './lib/servers.mjs';
import { buildShim } from './lib/shim.mjs';
import { caseOf } from './lib/upstream.mjs';

const skip = process.env.OPENAI_MONITOR_MODULE === ''
    || checked
    ? 'the module is not loaded, or malloc is not the C library\'s' : false;

const ports = portsOf(2);

let run, shim, get, set;

const event = (value) => `data: ${JSON.stringify(value)}\n\n`;
const delta = (content) => event({
    id: 'c', object: 'chat.completion.chunk', model: 'm',
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
});

const answers = {
    json: Buffer.from(JSON.stringify({
        id: 'c', object: 'chat.completion', model: 'm', choices: [{
            index: 0, finish_reason: 'stop', message: {
                role: 'assistant', content: null, tool_calls: [{
                    id: 't', type: 'function',
                    function: { name: 'f', arguments: '{}' },
                }],
            },
        }], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    })),
    stream: Buffer.from(delta('one ') + delta('two') + 'data: [DONE]\n\n'),
};

answers.gzip = gzipSync(answers.json);

const kinds = {
    json: 'application/json', stream: 'text/event-stream',
    gzip: 'application/json\r\nContent-Encoding: gzip',
};

async function serve(peer) {
    const kind = caseOf(peer.request.uri).split('-')[0];

    await peer.body();
    await peer.send(`HTTP/1.1 200 OK\r\nContent-Type: ${kinds[kind]}\r\n`
                    + `Content-Length: ${answers[kind].length}\r\n`
                    + 'X-Request-Id: r\r\nConnection: close\r\n\r\n');
    await peer.send(answers[kind]);
    peer.fin();
}

const question = (n) => Buffer.from(JSON.stringify({
    model: 'm', stream: true, user: 'u', metadata: { session_id: `s${n}` },
    messages: [{ role: 'system', content: 'Be brief.' },
               { role: 'user', content: `Question ${n}` }],
}));

let number = 0;

async function exchange(kind, at = ports.recorded) {
    const n = ++number;
    const c = client('h1', at);
    const body = question(n);

    await c.begin('POST', `/v1/chat/completions?case=${kind}-${n}-`,
                  body.length, {
                      'content-type': 'application/json', 'user-agent': 't',
                      authorization: ['Bearer', 'sk', 'x'.repeat(30)].join(' '),
                  });
    await c.send(body);
    await c.answer.seen(Infinity);
    c.end();

    return { n, uri: `case=${kind}-${n}-`, answer: c.answer };
}

before(async () => {
    if (skip) {
        return;
    }

    shim = buildShim();
    ({ get, set } = shim);

    run = await start(ports, {
        workers: 1, zone: '16m', entries: 64, level: 'notice', locations: `
        location / {
            proxy_pass       http://127.0.0.1:${ports.upstream};
            proxy_buffering  off;
        }`,
        http: 'log_format all $openai_model$openai_input_tokens'
            + '$openai_monitor_id;',
        env: shim.env,
    });

    run.upstream.otherwise = serve;
    assert.ok(get('bound') > 5, 'the module is bound to the shim');
});

after(async () => {
    await run?.stop();
    shim?.remove();
});

const worker = () => Number(fs.readFileSync(
    `/proc/${run.nginx.child.pid}/task/${run.nginx.child.pid}/children`,
    'latin1'));


// a worker that has no block of a finished exchange: the next one allocates all

async function renew() {
    const old = worker();

    run.nginx.child.kill('SIGHUP');
    await until('a new worker', worker, (pid) => pid > 0 && pid !== old);
}


// fault 45

test('what is not recorded allocates nothing', { skip }, async () => {
    set('calls', 0);

    for (const kind of Object.keys(kinds)) {
        const { answer } = await exchange(kind, ports.plain);

        assert.ok(answer.body.equals(answers[kind]));
    }

    assert.equal(get('calls'), 0);

    await exchange('json');
    assert.ok(get('calls') > 0, 'what is recorded does');
});


// fault 30

for (const kind of Object.keys(kinds)) {
    test(`${kind}: each allocation fails once`, { skip }, async (t) => {
        let n = 1, recorded = 0;
        let { dropped } = (await run.monitor.stats()).zone;

        for ( ; ; n++) {
            await renew();

            const pid = worker();

            set('calls', 0);
            set('failed', 0);
            set('fail_at', n);

            const { uri, answer } = await exchange(kind);

            // the worker logs an exchange before it gives the next answer

            await exchange(kind, ports.plain);

            const failed = get('failed');

            set('fail_at', 0);

            assert.equal(answer.status, 200, `${n}: status`);
            assert.equal(answer.complete, true, `${n}: complete`);
            assert.ok(answer.body.equals(answers[kind]), `${n}: bytes`);
            assert.equal(worker(), pid, `${n}: the worker lives`);

            const { items } = await run.monitor.list({ page_size: 1 });

            if (items[0]?.uri.includes(uri)) {
                const record = await run.monitor.record(items[0].id);

                recorded++;
                assert.equal(record.outcome, 'ok', `${n}: outcome`);
                assert.equal(record.response_bytes, answers[kind].length);

                if (!record.truncated.response) {
                    assert.ok(answers[kind].equals(await run.monitor.bytes(
                        `/api/request/${record.id}/response`)));
                }

            } else {
                const { zone } = await run.monitor.stats();

                assert.equal(zone.dropped, ++dropped, `${n}: it is counted`);
            }

            if (!failed) {
                break;
            }
        }

        assert.ok(n > 2, 'something failed');
        t.diagnostic(`${n - 1} allocations, ${recorded} recorded`);
        assert.deepEqual(run.nginx.complaints(), []);
    });
}


// fault 30

test('no allocation succeeds: the exchange is counted', { skip }, async () => {
    await renew();

    const { dropped, records } = (await run.monitor.stats()).zone;

    set('failed', 0);
    set('fail_at', -1);

    const { answer } = await exchange('json');

    await exchange('json', ports.plain);
    set('fail_at', 0);

    assert.ok(get('failed') > 0);
    assert.ok(answer.complete && answer.body.equals(answers.json));

    const { zone } = await run.monitor.stats();

    assert.deepEqual([zone.dropped, zone.records], [dropped + 1, records]);
    assert.deepEqual(run.nginx.complaints(), []);
});


// one request of the monitor, on a connection of its own: what came, and how
// it ended; a feed tells from the first record on, and is left when it has told
// so many events

function look(target, { events = 0, headers = {} } = {}) {
    return new Promise((done) => {
        const pieces = [];
        let res;

        const end = (how) => done({
            status: res?.statusCode, how, body: Buffer.concat(pieces),
        });

        const req = http.request({
            port: ports.view, path: target, agent: false,
            headers, timeout: 5000,
        }, (answer) => {
            res = answer;

            res.on('data', (piece) => {
                pieces.push(piece);

                if (events && told(Buffer.concat(pieces)).length >= events) {
                    end('event');
                    req.destroy();
                }
            });
            res.on('end', () => end('end'));
            res.on('error', () => end('cut'));
        });

        req.on('timeout', () => { end('hangs'); req.destroy(); });
        req.on('error', () => end('cut'));
        req.end();
    });
}

// keeps what a feed says of records, and drops what depends on the moment

const told = (body) => body.toString().split('\n\n').slice(0, -1)
    .filter((event) => /^event: (record|unmatch|answer)$/m.test(event))
    .map((event) => event.replace(/^id: .*\n/, ''));

// an answer is the same as without a failure, or there is none

async function compare(target, options, n, whole, got) {
    if (got.how === 'cut' || [500, 503].includes(got.status)) {
        return '';
    }

    const first = ({ body }) => told(body).slice(0, options.events).join();
    const same = () => (options.events
        ? got.how === 'event' && first(got) === first(whole)
        : got.how === 'end' && got.body.equals(whole.body));

    if (got.status === 200 && !same()) {
        // statistics depend on the moment, too

        Object.assign(whole, await look(target, options));
    }

    return got.status === 200 && same() ? ''
        : `${target} ${n}: ${got.status} ${got.how} `
            + got.body.toString().slice(0, 300);
}

// fault 30

test('each allocation of a reader fails once', { skip }, async (t) => {
    for (const kind of Object.keys(kinds)) {
        await exchange(kind);
    }

    await run.monitor.idle();

    const { items, total } = await run.monitor.list({ page_size: 64 });
    const id = items[0].id;
    const stream = items.find(({ uri }) => uri.includes('case=stream')).id;
    const streams = items.filter(({ uri }) => uri.includes('case=stream'));
    const hello = (await look('/api/events', { events: 1, headers: {
        'Last-Event-ID': 'of another zone',
    } })).body.toString();
    const headers = {
        'Last-Event-ID': /"cursor":"([0-9a-f]+)-/.exec(hello)[1] + '-0',
    };
    const targets = [
        ['/'], ['/api/requests'], ['/api/requests?q=model:m+question'],
        ['/api/requests?q=%22one+two%22'], ['/api/requests?q=~/tw[o]/'],
        ['/api/requests?q=-is:error+(brief+OR+in:response+two)&sort=duration'],
        [`/api/request/${id}`], [`/api/request/${stream}`],
        [`/api/request/${id}/request`],
        [`/api/request/${id}/response?decoded=1`],
        [`/api/request/${stream}/events`],
        [`/api/request/${id}/diff?with=${items[1].id}`],
        ['/api/stats'], ['/api/stats?q=two'], ['/api/info'], ['/metrics'],
        ['/api/events', { events: total, headers }],
        ['/api/events?q=%22one+two%22', { events: streams.length, headers }],
        [`/api/events?watch=${stream}`, { events: 1 }],
        ...['har', 'jsonl', 'csv'].map((f) => [`/api/export?format=${f}`]),
    ];

    const pid = worker();
    const wrong = [];
    let failures = 0, answers = 0;

    for (const [target, options = {}] of targets) {
        const whole = await look(target, options);

        assert.equal(whole.status, 200, target);
        assert.equal(whole.how, options.events ? 'event' : 'end', target);

        // a feed sends only at its tick, ten times a second

        const near = options.events ? 60 : 150;

        for (let n = 1; ; n += n < near ? 1 : n >> 4) {
            set('calls', 0);
            set('failed', 0);
            set('fail_at', n);

            const got = await look(target, options);
            const failed = get('failed');

            set('fail_at', 0);

            const found = await compare(target, options, n, whole, got);

            if (found) {
                wrong.push(found);
            }

            if (worker() !== pid) {
                wrong.push(`${target} ${n}: the worker died`);
                break;
            }

            if (!failed) {
                assert.equal(got.status, 200, target);
                break;
            }

            failures++;
            answers += (got.status === 200);
        }
    }

    assert.deepEqual(wrong.slice(0, 20), []);
    assert.deepEqual(run.nginx.complaints(), []);
    t.diagnostic(`${failures} failures at ${targets.length} addresses, `
                 + `${answers} answers all the same`);
});


// fault 30

test('each allocation of a reader in a new worker fails once', { skip },
     async (t) => {
    const target = '/api/requests?page_size=3';
    const whole = await look(target);
    const wrong = [];
    let n = 1;

    assert.ok(JSON.parse(whole.body).items.every((item) => item.thread));

    for ( ; ; n += n < 40 ? 1 : n >> 2) {
        await renew();

        set('calls', 0);
        set('failed', 0);
        set('fail_at', n);

        const got = await look(target);
        const failed = get('failed');

        set('fail_at', 0);

        const found = await compare(target, {}, n, whole, got)
            || await compare(target, {}, n, whole, await look(target));

        if (found) {
            wrong.push(found);
        }

        if (!failed) {
            break;
        }
    }

    assert.deepEqual(wrong, []);
    assert.deepEqual(run.nginx.complaints(), []);
    t.diagnostic(`up to allocation ${n}`);
});


// fault 32

test('the clock is set while a stream runs', { skip }, async () => {
    for (const hours of [1, -1]) {
        set('clock_ms', 0);

        const id = `clock${hours}`;
        let go;
        const gate = new Promise((done) => { go = done; });

        run.upstream.scripts.set(id, async (peer) => {
            await peer.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream'
                            + '\r\nConnection: close\r\n\r\n' + delta('one'));
            await gate;
            await peer.send('data: [DONE]\n\n');
            peer.fin();
        });

        const c = client('h1', ports.recorded);

        await c.begin('GET', `/v1/chat/completions?case=${id}`, null);
        await c.answer.seen(1);
        set('clock_ms', hours * 3600_000);

        // an exchange that begins and ends after the step

        await exchange('json');
        go();
        await c.answer.seen(Infinity);
        c.end();

        const { items } = await run.monitor.list({ page_size: 5 });
        const mine = items.find(({ uri }) => uri.includes(id));
        const record = await run.monitor.record(mine.id);

        // the step shows: records of later exchanges have the new time

        const other = items.find(({ uri }) => uri.includes('case=json'));
        const apart = Date.parse(other.started_at)
            - Date.parse(mine.started_at);

        assert.ok(Math.abs(apart - hours * 3600_000) < 600_000, `${apart}`);

        for (const r of [record, other]) {
            for (const key of ['duration_ms', 'ttft_ms', 'header_ms']) {
                assert.ok((r[key] ?? 0) >= 0 && (r[key] ?? 0) < 600_000,
                          `${key} is ${r[key]}`);
            }
        }

        for (const attempt of record.attempts) {
            for (const [key, value] of Object.entries(attempt)) {
                assert.ok(typeof value !== 'number' || value >= 0,
                          `${key} is ${value}`);
            }
        }
    }

    set('clock_ms', 0);

    const stats = await run.monitor.stats();

    assert.ok(stats.duration_ms.p99 < 600_000);
    assert.deepEqual(run.nginx.complaints(), []);
});
