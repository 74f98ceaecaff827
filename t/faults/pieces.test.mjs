// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: neither end can tell whether it is recorded.  Thousands of
// exchanges with random bodies in random pieces, in every way in which nginx
// buffers, over HTTP/1, HTTP/2 and TLS, are made through the same nginx with
// and without the monitor: requests reach the upstream and answers the client
// to the byte, and each piece of a stream before the next one is there.  Seen to
// fail with a byte changed on either way, a header lost, and a piece held back.
// How much later a piece comes, bench/ measures.
//
// SEED repeats the choices of a run; EXCHANGES=20000 makes it long.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import { random } from '../e2e/lib/random.mjs';
import { client } from './lib/client.mjs';
import { inParallel, portsOf, start } from './lib/servers.mjs';
import { caseOf, uriOf } from './lib/upstream.mjs';

const ports = portsOf(5);
const seed = Number(process.env.SEED ?? Date.now() % 1000000);
const exchanges = Number(process.env.EXCHANGES ?? 1000);

const modes = {
    on: '',
    off: 'proxy_buffering off;',
    stream: 'proxy_buffering off; proxy_request_buffering off;',
    upload: 'proxy_request_buffering off; client_body_buffer_size 1k;',
    small: `proxy_buffers 2 1k; proxy_buffer_size 1k;
            proxy_busy_buffers_size 1k; client_body_buffer_size 1k;`,
    file: `proxy_buffers 2 4k; proxy_busy_buffers_size 4k; sendfile on;
           client_body_in_file_only clean;`,
    aio: `proxy_buffers 2 4k; proxy_busy_buffers_size 4k; aio threads;
          aio_write on; sendfile on;`,
    direct: `proxy_buffers 2 4k; proxy_busy_buffers_size 4k; directio 512;
             output_buffers 1 512;`,
    unfiled: 'proxy_max_temp_file_size 0; proxy_buffers 2 4k; '
        + 'proxy_busy_buffers_size 4k;',
    postpone: 'postpone_output 0; output_buffers 1 512;',
    gzip: 'gzip on; gzip_types *; gzip_min_length 1;',
    cache: 'proxy_cache cache; proxy_cache_valid 200 1m;',
    slow: 'limit_rate 2m;',
};

let run;

before(async () => {
    run = await start(ports, {
        level: 'notice', entries: 4000, zone: '64m',
        http: 'proxy_cache_path ${prefix}/cache keys_zone=cache:4m;',
        locations: Object.entries(modes).map(([name, text]) => `
        location /${name}/ {
            proxy_pass  http://127.0.0.1:${ports.upstream};
            ${text}
        }`).join(''),
    });
});

after(() => run?.stop());


function bytes(next, size) {
    const data = Buffer.alloc(size);

    for (let i = 0; i < size; i += 4) {
        data.writeUInt32LE(next(0x100000000), Math.min(i, size - 4));
    }

    return data;
}

function cut(next, data) {
    const pieces = [];
    const scale = data.length > 5000 ? 200 : 1;
    const most = [10, 500, 3000][next(3)] * scale;

    for (let at = 0; at < data.length; ) {
        const size = 1 + next(most);

        pieces.push(data.subarray(at, at + size));
        at += size;
    }

    return pieces;
}

const sizes = [0, 8, 100, 3000, 4096, 20_000, 70_000, 300_000];

// all that an exchange consists of

function plan(n) {
    const next = random(seed * 7919 + n * 104729);
    const pick = (list) => list[next(list.length)];
    const request = bytes(next, pick(sizes));
    const answer = bytes(next, pick(sizes));

    return {
        n, mode: pick(Object.keys(modes)),
        protocol: pick(['h1', 'h1s', 'h2', 'h2s']),
        chunked: next(2) === 1, request: cut(next, request),
        framing: pick(['chunked', 'length', 'close']),
        kind: pick(['text/event-stream', 'application/json', 'audio/mpeg']),
        answer: cut(next, answer), pause: next(4) === 0,
        status: pick([200, 200, 200, 201, 404, 500]),
    };
}

const sizeOf = (pieces) => pieces.reduce((n, piece) => n + piece.length, 0);
const digest = (...parts) =>
    parts.reduce((hash, part) => hash.update(part), createHash('sha1'))
        .digest('hex');

// nginx may see two pieces apart, or together

const breath = () => new Promise((done) => setImmediate(done));

async function serve(peer, p, saw) {
    const id = caseOf(peer.request.uri);

    // an unbuffered request has a length when nginx happens to have it all

    const said = p.chunked && /request_buffering off/.test(modes[p.mode])
        ? peer.request.text.replace(/^(content-l|transfer-e)[^\n]*\n/gim, '')
        : peer.request.text;

    saw.upstream = digest(said.replaceAll(id, ''), await peer.body());

    await peer.send(`HTTP/1.1 ${p.status} Fine\r\nContent-Type: ${p.kind}\r\n`
        + 'X-One: a\r\nX-One: b\r\nETag: "x"\r\n'
        + (p.framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n'
            : p.framing === 'length' ? `Content-Length: ${sizeOf(p.answer)}\r\n`
                : '') + 'Connection: close\r\n\r\n');

    for (const piece of p.answer) {
        if (p.pause) {
            await breath();
        }

        await peer.socket.write(p.framing === 'chunked'
            ? Buffer.concat([Buffer.from(piece.length.toString(16) + '\r\n'),
                             piece, Buffer.from('\r\n')])
            : piece);
    }

    await peer.send(p.framing === 'chunked' ? '0\r\n\r\n' : '');
    peer.fin();
}

async function perform(p, which) {
    const id = `${p.n}-${which}`;
    const saw = {};

    run.upstream.scripts.set(id, (peer) => serve(peer, p, saw));

    const c = client(p.protocol, ports[which]);

    await c.begin('POST', uriOf(`/${p.mode}/v1/x`, id),
                  p.chunked ? undefined : sizeOf(p.request),
                  p.mode === 'gzip' ? { 'accept-encoding': 'gzip' } : {});

    for (const piece of p.request) {
        await c.send(piece);
    }

    await c.finish();
    await c.answer.seen(Infinity);
    c.end();
    run.upstream.scripts.delete(id);
    run.upstream.peers.delete(id);

    const { status, complete, headers, body } = c.answer;
    const zipped = headers.some((line) => /^content-encoding:/i.test(line));

    return {
        status, complete, upstream: saw.upstream,
        headers: headers.filter((line) => !/^date:/i.test(line)),
        body: digest(zipped ? gunzipSync(body) : body),
        sent: digest(...p.answer) === digest(zipped ? gunzipSync(body) : body),
    };
}

// fault 46, fault 47

test('random exchanges are the same to the byte', async (t) => {
    const wrong = [];
    const { requests } = await run.monitor.stats();
    let passed = 0;

    await inParallel([...Array(exchanges).keys()], 16, async (n) => {
        const p = plan(n);
        const [recorded, plain] = await Promise.all(
            ['recorded', 'plain'].map((which) => perform(p, which)));

        passed += sizeOf(p.request) + sizeOf(p.answer);

        try {
            assert.deepEqual(recorded, plain);
            assert.ok(recorded.sent && recorded.complete);
        } catch {
            wrong.push(`${n} ${p.protocol} ${p.mode} ${p.framing}: `
                       + JSON.stringify([recorded, plain]));
        }
    });

    assert.ok(wrong.length === 0, `SEED=${seed}: ${wrong.length} are wrong\n`
              + wrong.slice(0, 5).join('\n'));

    const stats = await run.monitor.idle();

    assert.equal(stats.requests - requests, exchanges, 'one of two counts');
    assert.deepEqual(run.upstream.failures, []);
    assert.deepEqual(run.nginx.complaints(), []);
    t.diagnostic(`SEED=${seed}: ${exchanges} exchanges, twice, `
                 + `${passed >> 20} MB each`);
});


// The upstream sends a piece when the client has the one before: pieces are
// neither held back nor joined, or this would stop.

async function relay(protocol, mode, pieces) {
    const id = `relay-${protocol}-${mode}`;
    const c = client(protocol, ports.recorded);
    let size = 0;

    const done = new Promise((resolve) => {
        run.upstream.scripts.set(id, async (peer) => {
            await peer.send('HTTP/1.1 200 OK\r\n'
                            + 'Content-Type: text/event-stream\r\n'
                            + 'Transfer-Encoding: chunked\r\n\r\n');

            for (const piece of pieces) {
                size += piece.length;
                await peer.send(Buffer.concat([
                    Buffer.from(piece.length.toString(16) + '\r\n'), piece,
                    Buffer.from('\r\n')]));
                await c.answer.seen(size);
            }

            await peer.send('0\r\n\r\n');
            peer.fin();
            resolve();
        });
    });

    await c.begin('GET', uriOf(`/${mode}/v1/x`, id), null);
    await Promise.all([done, c.answer.seen(Infinity)]);
    c.end();
    assert.ok(c.answer.body.equals(Buffer.concat(pieces)));
}

// fault 46

test('each piece goes on when it comes', async (t) => {
    const next = random(seed);

    t.diagnostic(`SEED=${seed}`);

    for (const protocol of ['h1', 'h2', 'h2s']) {
        for (const mode of ['off', 'stream']) {
            await relay(protocol, mode,
                        cut(next, bytes(next, 3000)).slice(0, 150)
                            .concat(cut(next, bytes(next, 100_000))
                                .slice(0, 150)));
        }
    }
});
