// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: when entries, pages, descriptors or connections run short,
// nginx still proxies what it can, byte by byte, and records say what they
// miss. Viewers, also those that never read, and a zone full of large bodies
// cost bounded memory. Seen to fail when a full zone refused requests, when
// missing records were not counted, and when a cut body did not say so.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { afterEach, test } from 'node:test';

import { checked, until } from '../e2e/lib/monitor.mjs';
import { client } from './lib/client.mjs';
import {
    inParallel, portsOf, recordsByCase, start, wakeups,
} from './lib/servers.mjs';
import { buildShim } from './lib/shim.mjs';
import { caseOf } from './lib/upstream.mjs';

const ports = portsOf(4);

// valgrind uses descriptors itself, and does not let nginx change the limit

const valgrind = /valgrind/.test(process.env.TEST_NGINX_BINARY ?? '');

let run;

async function serve(options) {
    run = await start(ports, {
        level: 'notice', locations: `
        location / {
            proxy_pass          http://127.0.0.1:${ports.upstream};
            proxy_buffering     off;

            # thousands of streams take some time to begin

            proxy_read_timeout  5m;
        }`, ...options,
    });
}

afterEach(() => run?.stop());

const children = () => {
    const { pid } = run.nginx.child;

    return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
        .trim().split(' ');
};

const memory = () => children().reduce((sum, pid) => sum + Number(
    /RssAnon:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`))[1]), 0);

const grown = (before) => checked ? 0 : memory() - before;

const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n'
    + 'Connection: close\r\n\r\n';

const bodyOf = (id, size) => Buffer.alloc(size, `${id} is my name. `);

// a gate that opens for all

function gate() {
    let open;
    const opened = new Promise((done) => { open = done; });

    return { open, opened };
}

async function ask(id) {
    const c = client('h1', ports.recorded);

    // each has its own key, so that none is held to a share

    await c.begin('GET', `/v1/models?case=${id}`, null,
                  { authorization: `Bearer ${id}` });

    return c;
}

// a record has all bytes, or the first ones and a mark

async function honest(record, whole) {
    const kept = record.response.body_kept_bytes;

    assert.equal(record.outcome, 'ok');
    assert.equal(record.response_bytes, whole.length);
    assert.equal(record.truncated.response, kept < whole.length);

    if (kept > 0) {
        assert.ok(whole.subarray(0, kept).equals(
            await run.monitor.bytes(`/api/request/${record.id}/response`)));
    }

    return kept < whole.length;
}


test('3000 streams in a zone for 2000, with pages for fewer', async (t) => {
    const streams = 3000, size = 8000;

    await serve({
        zone: '24m', entries: 2000, connections: 8000,
        main: 'worker_rlimit_nofile  8192;',
    });

    const { open, opened } = gate();
    let held = 0;

    run.upstream.otherwise = async (peer) => {
        const whole = bodyOf(caseOf(peer.request.uri), size);

        await peer.send(head);
        await peer.send(whole.subarray(0, size / 2));
        held++;
        await opened;
        await peer.send(whole.subarray(size / 2));
        peer.fin();
    };

    const clients = new Map();

    await inParallel([...Array(streams).keys()], 50, async (n) => {
        const c = await ask(`s${n}`);

        clients.set(`s${n}`, c);
        await c.answer.seen(size / 2);
    });

    assert.equal(held, streams, 'all run at once');

    const full = await run.monitor.stats();

    assert.equal(full.zone.records, 2000);
    assert.equal(full.zone.dropped, streams - 2000);
    open();

    for (const [id, { answer }] of clients) {
        await answer.seen(Infinity);
        assert.ok(answer.body.equals(bodyOf(id, size)), `${id}: bytes`);
    }

    await run.monitor.idle();

    const records = await recordsByCase(run.monitor, caseOf);
    let marked = 0;

    await inParallel([...records].slice(0, 300), 8, async ([id, [item]]) => {
        marked += await honest(await run.monitor.record(item.id),
                               bodyOf(id, size));
    });

    assert.ok(marked > 0, 'pages ran out');
    t.diagnostic(`${records.size} records, ${marked} of 300 in part`);

    // afterwards records are whole again

    run.upstream.otherwise = async (peer) => {
        await peer.send(`${head}again`);
        peer.fin();
    };

    const again = await ask('again');

    await again.answer.seen(Infinity);
    assert.equal(again.answer.body.toString(), 'again');
    await until('its record', () => recordsByCase(run.monitor, caseOf),
                (found) => found.get('again')?.[0].outcome === 'ok');
    assert.deepEqual(run.nginx.complaints(
        valgrind ? /setrlimit\(RLIMIT_NOFILE/ : undefined), []);
});


// fault 31

for (const [what, options, sign] of [
    ['connections', { connections: 64 }, /worker_connections are not enough/],
    ['descriptors', { connections: 256, main: 'worker_rlimit_nofile 64;' },
     /\(24: (?:Too many open files|No file descriptors available)\)/],
]) {
    const skip = what === 'descriptors' && valgrind;

    test(`${what} run out`, { skip }, async (t) => {
        await serve({ workers: 1, ...options });

        const [pid] = children();
        const { open, opened } = gate();

        run.upstream.otherwise = async (peer) => {
            await peer.send(`${head}first `);
            await opened;
            await peer.send('last');
            peer.fin();
        };

        // until the log says so; a client that nginx does not accept waits

        const clients = new Map();

        for (let n = 0; !sign.test(run.nginx.log); n++) {
            assert.ok(n < 400, `${what} ran out`);

            const c = await ask(`c${n}`);

            clients.set(`c${n}`, c);
            await Promise.race([c.answer.seen(1), new Promise((done) =>
                setTimeout(done, 100))]);
        }

        open();

        // as without the module, nginx has no connection to the upstream, or
        // none from the client

        let refused = 0;

        for (const [id, { answer }] of clients) {
            await answer.seen(Infinity);
            refused += answer.status !== 200;
            assert.ok([200, 500, 0].includes(answer.status),
                      `${id}: ${answer.status}`);
            assert.ok(answer.status !== 200
                      || answer.body.toString() === 'first last');
        }

        assert.ok(refused > 0);

        await run.monitor.idle();

        const records = await recordsByCase(run.monitor, caseOf);

        for (const [id, { answer }] of clients) {
            const found = records.get(id) ?? [];

            assert.equal(found.length, answer.status === 0 ? 0 : 1);

            if (answer.status) {
                assert.equal(found[0].status, answer.status);
                assert.equal(found[0].outcome === 'ok', answer.status === 200);
            }
        }

        t.diagnostic(`${clients.size} clients, ${refused} of them refused`);
        assert.deepEqual(children(), [pid], 'nothing died');
        assert.deepEqual(run.nginx.complaints(
            /worker_connections are not enough|\(24: /), []);
    });
}


// fault 43

// a viewer that does not read takes what fits into its socket

const watch = (reads) => new Promise((done) => {
    http.get({ port: ports.view, path: '/api/events', agent: false }, (res) => {
        const viewer = { status: res.statusCode, res, text: '', reads };

        res.on('error', () => {});

        if (reads) {
            res.on('data', (data) => { viewer.text += data; });
        }

        done(viewer);
    });
});

// the viewers' sockets of nginx, and how many of them are stuck

const sockets = () => fs.readFileSync('/proc/net/tcp', 'latin1').split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => ['01', '08'].includes(state)
            && local.endsWith(`:${ports.view.toString(16).toUpperCase()}`));

const stuck = () => sockets().filter(([, , , , queues]) =>
    parseInt(queues, 16) > 0).length;

async function exchanges(count) {
    await inParallel([...Array(count).keys()], 8, async (n) => {
        const c = await ask(`v${n}`);

        await c.answer.seen(Infinity);
        assert.equal(c.answer.body.toString(), 'short');
        c.end();
    });
}

async function serveViewers(workers, entries, env) {
    await serve({ workers, entries, env, zone: '32m', view: 'sndbuf=16k' });

    run.upstream.otherwise = async (peer) => {
        await peer.send(`${head}short`);
        peer.fin();
    };
}


test('200 viewers, of whom 50 never read', async (t) => {
    // malloc() maps the buffers, so free() returns them to the kernel: memory
    // that a heap keeps would hide a leak, or look like one

    await serveViewers(4, 1000, {
        GLIBC_TUNABLES: 'glibc.malloc.mmap_threshold=16384',
    });

    const viewers = await Promise.all(Array.from({ length: 200 }, (_, n) =>
        watch(n % 4 > 0)));
    const watching = viewers.filter(({ status }) => status === 200);
    const reading = watching.filter(({ reads }) => reads);

    assert.ok(viewers.every(({ status }) => [200, 503].includes(status)));
    assert.ok(watching.length >= 64 && reading.length < watching.length);

    // a round has fewer exchanges than a viewer may miss, so each viewer is
    // told of all, until its socket is full

    const idle = watching.length - reading.length;

    async function round() {
        for (const viewer of reading) {
            viewer.text = '';
        }

        await exchanges(300);

        for (const viewer of reading) {
            await until('the newest record', () => viewer.text,
                        (text) => /case=v299"/.test(text));
        }
    }

    for (let n = 0; n < 4 || (n < 40 && stuck() < idle); n++) {
        await round();
    }

    await until(`${idle} viewers who take nothing any more`, stuck,
                (count) => count >= idle);

    // until all buffers are allocated

    await exchanges(2000);

    const before = memory();

    await exchanges(4000);

    const kB = grown(before);

    assert.ok(kB < 2048, `${kB} kB more`);

    for (const viewer of reading) {
        await until('the newest record', () => viewer.text.slice(-20000),
                    (text) => /"uri":"[^"]*case=v3999"/.test(text)
                              || /event: lag/.test(viewer.text));
    }

    // a viewer that reads at last catches up, or learns what it missed

    for (const viewer of watching) {
        if (!viewer.reads) {
            viewer.res.on('data', (data) => { viewer.text += data; });
            await until('the newest record, or a lag', () => viewer.text,
                        (text) => /event: lag/.test(text)
                                  || /case=v3999"/.test(text));
        }
    }

    t.diagnostic(`${watching.length} watched, ${200 - watching.length} were one`
                 + ` too many, ${kB} kB more after 4000 exchanges`);

    for (const { res } of viewers) {
        res.destroy();
    }

    assert.deepEqual(run.nginx.complaints(), []);
});


// fault 43

test('viewers come and go, and nothing of them stays', async (t) => {
    const rounds = 10, each = 60;
    const shim = buildShim();

    t.after(() => shim.remove());

    // one worker has all viewers; memory that its heap keeps is not in use

    await serveViewers(1, 300, {
        ...shim.env, GLIBC_TUNABLES: 'glibc.malloc.tcache_count=0',
    });

    const inUse = () => checked ? 0 : shim.get('heap');
    const descriptors = () => children().map((pid) =>
        fs.readdirSync(`/proc/${pid}/fd`).length);

    // fewer viewers than the limit; some never read

    async function round() {
        const viewers = await Promise.all(Array.from({ length: each }, (_, n) =>
            watch(n % 4 > 0)));

        assert.ok(viewers.every(({ status }) => status === 200), 'all watch');
        await exchanges(60);

        for (const viewer of viewers.filter(({ reads }) => reads)) {
            await until('the newest record', () => viewer.text,
                        (text) => /"uri":"[^"]*case=v59"/.test(text));
        }

        for (const { res } of viewers) {
            res.destroy();
        }

        await until('the end of their connections', sockets,
                    ({ length }) => length === 0);
    }

    // until one-time allocations are done, also those for each entry

    await round();

    const own = descriptors();

    let before = Infinity;

    for (let n = 0; n < 8; n++) {
        await round();
        before = n < 5 ? before : Math.min(before, inUse());
    }

    for (let n = 0; n < rounds; n++) {
        await round();
    }

    // nginx learns of a reset connection later

    const more = await until('the memory of them', () => inUse() - before,
                             (bytes) => bytes < 16 * rounds * each);

    t.diagnostic(`${more} bytes more after ${rounds * each} viewers`);
    await until('no more descriptors than at first', descriptors,
                (now) => now.every((n, k) => n <= own[k]));

    const awake = await wakeups(children());

    assert.ok(awake < 5, `${awake} wakeups a second with nobody there`);
    assert.deepEqual(run.nginx.complaints(), []);
});


// fault 44

test('a zone full of large bodies is listed', async (t) => {
    const size = 1 << 20;

    await serve({ zone: '64m', entries: 200 });

    run.upstream.otherwise = async (peer) => {
        await peer.send(head);
        await peer.send(bodyOf(caseOf(peer.request.uri), size));
        peer.fin();
    };

    await inParallel([...Array(80).keys()], 4, async (n) => {
        const c = await ask(`b${n}`);

        await c.answer.seen(Infinity);
        assert.equal(c.answer.size, size);
        c.end();
    });

    const { zone } = await run.monitor.stats();

    assert.ok(zone.evicted > 0, 'it is full');

    const queries = [{ page_size: 1000 }, { q: '"b79 is my name"' },
                     { sort: '-response_bytes' }];
    const ask_all = () => inParallel([...queries, ...queries, ...queries], 3,
                                     (query) => run.monitor.list(query));

    await ask_all();

    const before = memory();

    for (let n = 0; n < 10; n++) {
        await ask_all();
    }

    const kB = grown(before);

    t.diagnostic(`${zone.records} records, ${kB} kB more after 90 lists`);
    assert.ok(kB < 4096, `${kB} kB more`);
    assert.deepEqual(run.nginx.complaints(), []);
});
