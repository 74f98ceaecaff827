// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Every recorded exchange, replayed through nginx, is understood as its
// manifest says: whole, in small pieces, compressed, and as far as it goes
// when it is cut.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

import { Nginx } from '../e2e/lib/nginx.mjs';
import { ports } from '../e2e/lib/ports.mjs';
import {
    differences, knownDifferences, manifest, pathOf, read, requestOf,
} from './manifest.mjs';
import { replay } from './replay.mjs';

const at = ports(7);

let nginx, monitor, upstream, rows, known;

before(async () => {
    rows = manifest().filter((row) => !row.kind.startsWith('realtime')
                                      && row.exp_finish !== '?');
    known = knownDifferences();

    upstream = await replay(at.upstream_port);

    // while it compresses, the upstream may miss that a kept connection is in
    // use again, and close it

    nginx = await Nginx.start({
        ...at, entries: 100, zone: '64m', connection: 'close',
    });

    monitor = nginx.monitor;
});

after(async () => {
    await nginx?.stop();
    upstream?.close();
});


const agent = new http.Agent({ keepAlive: true });

// sends the row's request with the replay's orders; the body that came, and
// the id of the record

function send(row, orders = {}, encode = Buffer.from) {
    const request = requestOf(row);
    const body = encode(request.body);

    return new Promise((done, failed) => {
        const req = http.request(nginx.proxy + request.path, {
            agent, method: request.method,
            headers: {
                ...request.headers,
                'content-length': body.length,
                'x-fixture': pathOf(row), 'x-status': row.http_status, ...orders,
            },
        }, (res) => {
            const pieces = [];
            const id = res.headers['x-monitor-id'];
            const end = () => done({ id, body: Buffer.concat(pieces) });

            res.on('data', (piece) => pieces.push(piece));
            res.on('end', end);
            res.on('error', end);
        });

        req.on('error', failed);
        req.end(body);
    });
}

async function all(rows, one) {
    const queue = [...rows];

    await Promise.all(Array.from({ length: 4 }, async () => {
        for (let row = queue.shift(); row; row = queue.shift()) {
            await one(row);
        }
    }));
}

async function conforms(t, chosen, orders) {
    const bad = [];

    await all(chosen, async (row) => {
        const { id } = await send(row, orders);
        const record = await monitor.finished(id);
        const found = differences(row, record);

        const failed = row.http_status >= 400 || row.exp_error !== '';

        if (record.outcome !== (failed ? 'upstream_error' : 'ok')) {
            found.push(`${row.file}: the outcome is ${record.outcome}`);
        }

        if (found.length !== (known.get(row.file) ?? 0)) {
            bad.push(...found, `${row.file}: ${found.length} differences`);
        }
    });

    t.diagnostic(`${chosen.length} exchanges`);
    assert.deepEqual(bad, []);
}

const upTo = (size) => rows.filter((row) => Number(row.bytes) <= size);


test('whole', (t) => conforms(t, rows, {}));

for (const [split, size] of [[1, 2000], [7, 20000], [64, 100000],
                             [4093, 1e9]])
{
    test(`in pieces of ${split}`, (t) => conforms(t, upTo(size), { 'x-split': split }));
}

// brotli takes its time, at the upstream

for (const [coding, size] of [['gzip', 1e9], ['deflate', 1e9], ['br', 50000]]) {
    test(`as ${coding}`, (t) => conforms(t, upTo(size), { 'x-enc': coding, 'x-split': 613 }));
}

// what a compressed request asks for is what the plain one does

for (const [coding, encode] of [['gzip', gzipSync], ['deflate', deflateSync],
                                ['br', brotliCompressSync]])
{
    test(`requests as ${coding}`, async (t) => {
        const asking = upTo(50000).filter((row) => row.request_file
            && !requestOf(row).headers['content-type']?.includes('multipart'));

        const asked = (r) => ({
            model: r.model, stream: r.stream_requested, user: r.user,
            messages: r.message_count, tools: r.tool_count,
            conversation: r.conversation,
        });

        await all(asking, async (row) => {
            const plain = await send(row);
            const coded = await send(row, { 'content-encoding': coding },
                                     encode);

            assert.deepEqual(asked(await monitor.finished(coded.id)),
                             asked(await monitor.finished(plain.id)), row.file);
        });

        t.diagnostic(`${asking.length} requests`);
    });
}

test('with a length', (t) => conforms(t, upTo(100000), { 'x-te': 'length' }));


// what is there of a cut answer is the beginning of the whole one

const texts = (record, field) =>
    (record.answer?.choices ?? []).map((c) => c[field] ?? '');

function begins(part, whole) {
    for (const field of ['text', 'reasoning', 'refusal']) {
        const all = texts(whole, field);

        texts(part, field).forEach((text, i) => {
            assert.ok((all[i] ?? '').startsWith(text),
                      `${part.uri}: "${text}" begins "${all[i]}"`);
        });
    }
}

for (const coding of ['identity', 'gzip', 'br']) {
    const orders = coding === 'identity' ? {} : { 'x-enc': coding };

    test(`cut in the middle, as ${coding}`, async (t) => {
        let partial = 0;

        // some have several responses, of which half of the bytes end the
        // first: what was passed on to its end is whole

        const several = ['stream-reasoning-encrypted-content.sse',
                         'stream-shell-tool.sse'];
        const streams = upTo(100000).filter((row) => row.kind.endsWith('-sse')
            && !several.some((file) => row.file.endsWith(file)));


        await all(streams, async (row) => {
            const whole = await send(row, { ...orders, 'x-split': 100 });
            const half = whole.body.length >> 1;
            const cut = await send(row, {
                ...orders, 'x-split': 100, 'x-abort-at': half,
            });

            const full = await monitor.finished(whole.id);
            const part = await monitor.finished(cut.id);

            assert.equal(part.outcome, 'truncated', row.file);
            assert.equal(part.complete, false);
            assert.equal(part.response_bytes, cut.body.length);
            assert.ok(part.events <= full.events);
            begins(part, full);

            partial += texts(part, 'text').join('') !== '';
        });

        t.diagnostic(`${streams.length} exchanges, ${partial} with some text`);
        assert.ok(partial > 0);
    });
}


test('left by the client', async () => {
    const row = rows.find((r) => r.file === 'openai-chat/stream-long.sse');
    const whole = await monitor.finished((await send(row)).id);
    const request = requestOf(row);

    const id = await new Promise((done, failed) => {
        const req = http.request(nginx.proxy + request.path, {
            method: 'POST',
            headers: {
                ...request.headers, 'x-fixture': pathOf(row),
                'x-split': 500, 'x-delay-ms': 2,
            },
        }, (res) => {
            let bytes = 0;

            res.on('error', () => {});
            res.on('data', (piece) => {
                bytes += piece.length;

                if (bytes > 20000) {
                    done(res.headers['x-monitor-id']);
                    req.destroy();
                }
            });
        });

        req.on('error', failed);
        req.end(request.body);
    });

    const record = await monitor.finished(id);

    assert.equal(record.outcome, 'client_aborted');
    assert.ok(record.response_bytes >= 20000);
    assert.ok(record.response_bytes < read(row).length);
    assert.ok(texts(record, 'text')[0].length > 0);
    assert.equal(record.usage, null);
    begins(record, whole);
});


test('nginx had nothing to complain of', async () => {
    await nginx.stop();
    assert.deepEqual(nginx.complaints(), []);
});
