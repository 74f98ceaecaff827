// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: a thousand compressed bodies that do not end cost a worker no
// more than its budget of decoders, from either side and of any size.
// Meanwhile it still decodes answers.  The records say why the digest could
// not read them.
//
// Seen to fail when each decoder kept its window for as long as its body ran:
// 500 uploads of 15 bytes each took 1.9 GB.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { afterEach, test } from 'node:test';
import zlib from 'node:zlib';

import { checked, slow, turn, until } from '../e2e/lib/monitor.mjs';
import { client } from './lib/client.mjs';
import { inParallel, portsOf, start } from './lib/servers.mjs';
import { caseOf } from './lib/upstream.mjs';

const ports = portsOf(7);
const held = 1000;

let run;

afterEach(() => run?.stop());

// the first bytes of an unfinished body: noise, which no coding makes smaller,
// then zeros, which nearly vanish

const noise = (size) => {
    let state = 1;

    return Buffer.from(Array.from({ length: size }, () => {
        state = Math.imul(state, 1103515245) + 12345 | 0;

        return state >>> 16 & 0xff;
    }));
};

async function flushed(stream, flush, data) {
    const pieces = [];

    stream.on('data', (piece) => pieces.push(piece));
    stream.write(data);
    await new Promise((done) => stream.flush(flush, done));

    return Buffer.concat(pieces);
}

// Node's zlib has no zstd, so make a head with a window of 8 MB, a raw block,
// then blocks that repeat a byte

function zstd(first, zeros) {
    const block = (size, type) => {
        const head = Buffer.alloc(3);

        head.writeUIntLE(size << 3 | type << 1, 0, 3);

        return head;
    };

    return Buffer.concat([
        Buffer.from('28b52ffd0068', 'hex'),
        ...first.length > 0 ? [block(first.length, 0), first] : [],
        ...Array.from({ length: Math.floor(zeros / 131072) },
                      () => [block(131072, 1), Buffer.alloc(1)]).flat(),
    ]);
}

const { constants } = zlib;

const codings = {
    identity: (first) => Buffer.concat([first, Buffer.from('{"model": "m')]),
    gzip: (first, zeros) => flushed(zlib.createGzip(), constants.Z_SYNC_FLUSH,
        Buffer.concat([first, Buffer.alloc(zeros)])),
    br: (first, zeros) => flushed(zlib.createBrotliCompress(),
        constants.BROTLI_OPERATION_FLUSH,
        Buffer.concat([first, Buffer.alloc(zeros)])),
    zstd,
};

const rss = () => {
    const { pid } = run.nginx.child;
    const [worker] = fs.readFileSync(`/proc/${pid}/task/${pid}/children`,
                                     'latin1').trim().split(' ');

    return Number(/RssAnon:\s+(\d+)/.exec(
        fs.readFileSync(`/proc/${worker}/status`, 'latin1'))[1]);
};

const answer = (coding, length) => 'HTTP/1.1 200 OK\r\n'
    + 'Content-Type: application/json\r\n'
    + `Content-Encoding: ${coding}\r\nContent-Length: ${length}\r\n`
    + 'Connection: close\r\n\r\n';

const whole = zlib.brotliCompressSync(Buffer.from(JSON.stringify({
    object: 'chat.completion', model: 'm-1', choices: [{
        index: 0, finish_reason: 'stop',
        message: { role: 'assistant', content: 'Hello' },
    }], usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
})));

async function serve() {
    run = await start(ports, {
        workers: 1, connections: 4096, zone: '128m', entries: 3000,
        level: 'notice', locations: `
        location / {
            proxy_pass       http://127.0.0.1:${ports.upstream};
            proxy_buffering  off;
        }`, http: 'client_body_timeout 5m; proxy_read_timeout 5m;',
    });

    // a case is named by its coding, or "good"

    run.upstream.otherwise = async (peer) => {
        const [coding] = caseOf(peer.request.uri).split('.');

        if (coding === 'good') {
            await peer.send(answer('br', whole.length));
            await peer.send(whole);
            peer.fin();
            return;
        }

        await peer.send(answer(coding, 1_000_000));
        await peer.send(run.bytes);
        await peer.stall();
    };
}

// holds a thousand bodies; resolves when nginx has read all sent bytes

async function hold(coding, side, bytes) {
    let patience = 0;
    const clients = [];
    const length = side === 'request' ? 1_000_000 : 0;

    run.bytes = bytes;

    await inParallel([...Array(held).keys()], 50, async (n) => {
        const c = client('h1', ports.recorded);

        clients.push(c);
        await c.begin('POST', `/v1/chat/completions?case=${coding}.${n}`,
                      length, { 'content-encoding': coding });

        if (side === 'request') {
            await c.send(bytes);
        }
    });

    // decoding may keep the worker busy for longer than one wait

    for (let had = -1; ;) {
        const { items } = await run.monitor.list({ page_size: 1000 });
        const has = items.filter((item) =>
            item[`${side}_bytes`] === bytes.length).length;

        if (has === held) {
            return clients;
        }

        if (has > had) {
            had = has;
            patience = Date.now() + 10_000 * slow;
        }

        assert.ok(Date.now() < patience, `${has} of ${held} have come`);
        await turn(50);
    }
}

// bytes of noise and zeros, and the MB that a worker may take for a thousand
// bodies beyond those for plain ones

const cases = [
    { side: 'request', first: 0, zeros: 4_000_000, bound: 16 },
    { side: 'request', first: 17_000, zeros: 900_000, bound: 48 },
    { side: 'response', first: 0, zeros: 900_000, bound: 80 },
];

for (const { side, first, zeros, bound } of cases) {
    test(`${held} held: ${side}, ${first} bytes, ${zeros} zeros`, async (t) => {
        let plain;

        for (const [coding, make] of Object.entries(codings)) {
            await serve();

            const bytes = await make(noise(first), zeros);
            const before = rss();
            const clients = await hold(coding, side, bytes);
            const MB = (rss() - before) / 1024;

            plain ??= MB;
            t.diagnostic(`${coding}, ${bytes.length} bytes: `
                         + `${MB.toFixed(1)} MB`);

            // an answer is decoded all the same

            const good = client('h1', ports.recorded);

            await good.begin('GET', '/v1/chat/completions?case=good.0', null);
            await good.answer.seen(Infinity);

            const { items } = await until('its record', () =>
                run.monitor.list({ page_size: 1, q: 'case=good' }),
                ({ items: [item] }) => item && item.outcome !== 'running');

            if (side === 'request') {
                assert.equal(items[0].response_model, 'm-1');
            }

            assert.ok(checked || MB < plain + bound,
                      `${coding} took ${MB.toFixed(1)} MB, plain bodies `
                      + `${plain.toFixed(1)} MB`);

            for (const c of clients) {
                c.rst();
            }

            await run.monitor.idle();
            assert.deepEqual(run.nginx.complaints(), []);
            await run.stop();
            run = undefined;
        }
    });
}


// fault 9

test('a record says that its body could not be decoded', async () => {
    await serve();

    const bytes = await codings.br(noise(17_000), 900_000);
    const clients = await hold('br', 'request', bytes);

    for (const c of clients) {
        c.rst();
    }

    await run.monitor.idle();

    const { items } = await run.monitor.list({ page_size: 1000 });
    const why = new Map();

    await inParallel(items, 8, async ({ id }) => {
        const { undecoded, request } = await run.monitor.record(id);

        why.set(undecoded, (why.get(undecoded) ?? 0) + 1);
        assert.equal(request.body_kept_bytes, bytes.length);
    });

    assert.deepEqual([...why.keys()].sort(), ['memory', null]);
    assert.ok(why.get('memory') > held / 2);
});
