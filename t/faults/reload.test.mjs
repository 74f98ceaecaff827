// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: nginx reloads a hundred times under load, with viewers and long
// streams, and stays as it was: no worker, descriptor, memory or timer is left
// over. Each exchange has its record, also one that an old worker carried over
// reloads. "nginx -t" touches nothing. Seen to fail with a descriptor or memory
// lost at each reload, with memory lost at each exchange, and with timers that
// went on.
//
// RELOADS=2000 makes it long.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { checked, until } from '../e2e/lib/monitor.mjs';
import { client } from './lib/client.mjs';
import {
    inParallel, portsOf, recordsByCase, start, wakeups,
} from './lib/servers.mjs';
import { caseOf } from './lib/upstream.mjs';

const ports = portsOf(3);
const reloads = Number(process.env.RELOADS ?? (checked ? 20 : 100));

let run;

before(async () => {
    run = await start(ports, {
        workers: 2, zone: '64m', entries: 4000, level: 'notice', locations: `
        location / {
            proxy_pass       http://127.0.0.1:${ports.upstream};
            proxy_buffering  off;
        }`,
    });

    run.upstream.otherwise = async (peer) => {
        await peer.body();
        await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n'
                        + 'Connection: close\r\n\r\n{}');
        peer.fin();
    };
});

after(() => run?.stop());


const read = (file) => {
    try {
        return fs.readFileSync(file, 'latin1');
    } catch {
        return '';
    }
};

const children = () => {
    const { pid } = run.nginx.child;

    return read(`/proc/${pid}/task/${pid}/children`).trim().split(' ')
        .map(Number);
};

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

// the title of a process says so too, but not under valgrind

const leaving = (pid) =>
    run.nginx.log.includes(` ${pid}#${pid}: gracefully shutting down`);

const descriptors = (pid) => fs.readdirSync(`/proc/${pid}/fd`).length;
const anonymous = (pid) =>
    Number(/RssAnon:\s+(\d+)/.exec(read(`/proc/${pid}/status`))[1]);

// HUP, until two new workers are there and the old ones leave

async function reload() {
    const old = new Set(children());

    run.nginx.child.kill('SIGHUP');

    await until('new workers', () => children(), (pids) =>
        pids.filter((pid) => !old.has(pid)).length === 2
        && pids.every((pid) => !old.has(pid) || leaving(pid)));
}

// a viewer that comes back whenever its worker goes, as a browser does

function viewer(seen) {
    let gone = false, request;

    (function connect() {
        if (gone) {
            return;
        }

        const again = () => { setTimeout(connect, 5); };

        request = http.get({ port: ports.view, path: '/api/events',
                             agent: false }, (res) => {
            res.on('data', (data) => { seen.bytes += data.length; });
            res.on('error', () => {});
            res.on('close', again);
        });
        request.on('error', () => {});
        request.on('close', () => {
            if (!request.res) {
                again();
            }
        });
    })();

    return () => { gone = true; request.destroy(); };
}

// fault 23, fault 27

test('reloads under load', async (t) => {
    const begun = new Map();
    const seen = { bytes: 0 };
    const viewers = Array.from({ length: 6 }, () => viewer(seen));
    let going = true;

    t.after(() => {
        going = false;
        viewers.forEach((leave) => leave());
    });

    // what viewers alone cost, after one reload and at the end

    await reload();
    await until('the old workers', () => children(),
                (pids) => pids.length === 2);

    const awake = await wakeups(children());

    assert.ok(awake < 40, `${awake} wakeups a second: one timer of 100 ms in `
              + 'each worker');

    // a stream that lasts from the first reload to the last

    let finish;
    const finished = new Promise((done) => { finish = done; });

    run.upstream.scripts.set('long', async (peer) => {
        await peer.send('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n'
                        + 'Connection: close\r\n\r\nfirst ');
        await finished;
        await peer.send('last');
        peer.fin();
    });

    const long = client('h1', ports.recorded);

    await long.begin('GET', '/?case=long', null);
    await long.answer.seen(1);

    async function exchange(id, protocol) {
        const c = client(protocol, ports.recorded);

        await c.begin('POST', `/?case=${id}`, 2);
        await c.send(Buffer.from('{}'));
        await c.finish();
        await c.answer.seen(Infinity);
        c.end();
        begun.set(id, c.answer.complete);
        run.upstream.peers.delete(id);
    }

    const loads = Array.from({ length: 4 }, async (_, k) => {
        for (let n = 0; going; n++) {
            await exchange(`${k}.${n}`, k % 2 ? 'h2' : 'h1');
            await new Promise((done) => setTimeout(done, 10));
        }
    });

    // wait for two workers, and the one that has the stream

    async function measure() {
        await until('three workers', () => children(),
                    (pids) => pids.length === 3);

        return {
            descriptors: descriptors(run.nginx.child.pid),
            memory: anonymous(run.nginx.child.pid),
        };
    }

    // a few reloads, until one-time allocations are done

    for (let n = 0; n < 10; n++) {
        await reload();
    }

    const early = await measure();

    for (let n = 10; n < reloads; n++) {
        await reload();
    }

    const late = await measure();

    // the old worker carried its stream all the time

    finish();
    await long.answer.seen(Infinity);
    assert.equal(long.answer.body.toString(), 'first last');
    long.end();

    going = false;
    await Promise.all(loads);

    const alive = await until('the old workers', () => children(),
                              (pids) => pids.length === 2);

    assert.ok(alive.every((pid) => !leaving(pid)));
    assert.equal(late.descriptors, early.descriptors, 'descriptors of master');
    assert.ok(checked || late.memory - early.memory < 2048,
              `master: ${early.memory} kB, then ${late.memory} kB`);

    const awakeLate = await wakeups(children());

    assert.ok(awakeLate < awake * 1.5 + 10, `${awake} wakeups a second after `
              + `a reload, ${awakeLate} after ${reloads}`);

    // every exchange is counted, and has its record or was evicted

    const stats = await run.monitor.idle();
    const records = await recordsByCase(run.monitor, caseOf);

    assert.deepEqual([...begun].filter(([, whole]) => !whole), []);
    assert.equal(stats.requests, begun.size + 1);
    assert.equal(stats.zone.records + stats.zone.evicted, stats.requests);
    assert.equal(stats.zone.dropped + stats.zone.worker_died, 0);
    assert.equal(records.get('long')[0].outcome, 'ok');
    assert.equal(records.get('long')[0].response_bytes, 10);
    assert.ok(seen.bytes > 1000, 'the viewers saw it');
    // workers are new after a reload, so only exchanges can lose memory

    const load = (turn) => inParallel([...Array(1200).keys()], 8, (n) =>
        exchange(`${turn}.${n}`, n % 2 ? 'h2' : 'h1'));
    const memory = () => sum(alive.map(anonymous));

    // wait until nothing more becomes free

    for (let n = 0; n < 4; n++) {
        await load(`warm${n}`);
    }

    const warm = memory();

    await load('more');

    const grown = memory() - warm;

    assert.ok(checked || grown < 1024, `workers: ${grown} kB more`);

    viewers.forEach((leave) => leave());

    // without clients a worker has only its own descriptors, and sleeps

    const idle = Math.max(...alive.map(descriptors));
    const asleep = await wakeups(children());

    assert.ok(asleep < 10, `${asleep} wakeups a second with nobody there`);

    t.diagnostic(`${reloads} reloads, ${begun.size} exchanges, master `
                 + `${early.memory} kB, then ${late.memory} kB; at most ${idle}`
                 + ` descriptors of a worker, ${grown} kB more after 1200 `
                 + `exchanges; ${awake} wakeups a second with viewers, then `
                 + `${awakeLate}, ${asleep} without`);
    assert.ok(idle < 120);
    assert.deepEqual(run.nginx.complaints(), []);
});


test('nginx -t has no effect', async () => {
    const conf = path.join(run.nginx.prefix, 'nginx.conf');
    const tree = () => fs.readdirSync(run.nginx.prefix, { recursive: true })
        .sort();
    const zone = async () => (await run.monitor.stats()).zone;
    const list = async () => (await run.monitor.list({ page_size: 1000 }))
        .items.map(({ id }) => id);
    const before = [tree(), await zone(), await list(), children()];

    for (let n = 0; n < 3; n++) {
        execFileSync(process.env.TEST_NGINX_BINARY ?? 'nginx',
                     ['-t', '-q', '-p', run.nginx.prefix, '-c', conf,
                      '-e', 'stderr'],
                     { env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' },
                       stdio: ['ignore', 'ignore', 'pipe'] });
    }

    assert.deepEqual([tree(), await zone(), await list(), children()], before);
});
