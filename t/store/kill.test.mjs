// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The same as kill.c with nginx around it: workers kill and stop themselves at
// the places of store/fault.h, under load, with readers.  The others serve,
// no record is torn, and what the API says of it all is exact.
//
// KILLS is how many at least, SEED repeats the choices.  Needs the module that
// ./auto-build.sh makes for it, see CONTRIBUTING.md.
//
// Of docs/reliability.md: fault 21, fault 22.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Monitor, turn, until } from '../e2e/lib/monitor.mjs';
import { Nginx, root } from '../e2e/lib/nginx.mjs';
import { ports } from '../e2e/lib/ports.mjs';
import { run } from '../load/client.mjs';
import * as traffic from '../load/traffic.mjs';

const at = ports(6);
const kills = Number(process.env.KILLS ?? 150);
const seed = Number(process.env.SEED ?? Date.now() % 1000000);
const close = [];

let running = true;
const going = () => running;

after(() => {
    running = false;

    return Promise.all(close.map((end) => end()));
});

async function upstream() {
    const file = fileURLToPath(new URL('../load/upstream.mjs', import.meta.url));
    const child = spawn(process.execPath, [file, at.upstream_port, 5],
                        { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(child, 'close');

    await once(child.stdout, 'data');
    close.push(async () => { child.stdin.end(); await ended; });
}

// one who stopped is continued: after a while, as the others shall notice

function stopped(pid) {
    try {
        return / T \d/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));

    } catch {
        return false;
    }
}

async function continueStopped(nginx) {
    while (going()) {
        const pids = nginx.workers.filter(stopped);

        await turn(80);

        for (const pid of pids.filter(stopped)) {
            process.kill(pid, 'SIGCONT');
        }
    }
}

// What ended well is the exchange that its URI names, and all of it, or it says
// that it is not: while a holder of the lock is stopped there are no new pages.

function same(record, which, wanted) {
    const got = record[which].body ?? '';
    const good = record.truncated[which] ? wanted.startsWith(got)
                                         : wanted === got;

    assert.ok(good, `${record.uri}: ${which}, ${got.length} bytes`);
}

function whole(record) {
    const n = Number(/marker-(\d+)/.exec(record.uri)[1]);

    assert.equal(record.uri, traffic.uri(n));
    same(record, 'request', traffic.request(n).toString());
    same(record, 'response', Buffer.concat(traffic.answer(n)).toString());
}

async function read(monitor) {
    let reads = 0;

    while (going()) {
        try {
            const { items } = await monitor.list({ page_size: 20 });

            for (const { id, outcome } of items) {
                if (outcome === 'ok') {
                    whole(await monitor.record(id));
                    reads++;
                }
            }

        } catch (e) {
            // the worker that was asked is gone, or the record

            if (e.code === 'ERR_ASSERTION') {
                throw e;
            }
        }
    }

    return reads;
}


test(`${kills} workers are killed at chosen places`, async (t) => {
    t.diagnostic(`SEED=${seed}`);

    await upstream();

    const template = fs.readFileSync(path.join(root, 't/e2e/lib/nginx.conf'),
                                     'utf8');

    const nginx = await Nginx.start({
        ...at, workers: 4, entries: 500, zone: '16m',
        template: 'env OPENAI_FAULT_SEED;\n' + template,
        env: { OPENAI_FAULT_SEED: String(seed) },
    });

    close.push(() => nginx.stop());

    const { monitor } = nginx;
    const ends = { ok: 0, cut: 0 };
    const fired = () => nginx.log.match(/fault: killed at/g)?.length ?? 0;
    const deadline = Date.now() + 60_000 + kills * 500;
    const others = [read(new Monitor(monitor.url, 5)),
                    continueStopped(nginx)];

    others[0].catch(() => { running = false; });

    while (fired() < kills && going()) {
        assert.ok(Date.now() < deadline, `${fired()} kills in time`);

        await run(nginx.proxy, {
            total: 400, connections: 32,
            each: (n, end) => { ends[end] = (ends[end] ?? 0) + 1; },
        });
    }

    // the next workers are spared

    const before = nginx.workers.length;
    const conf = path.join(nginx.prefix, 'nginx.conf');

    fs.writeFileSync(conf, fs.readFileSync(conf, 'utf8')
        .replace('env OPENAI_FAULT_SEED;', ''));
    nginx.child.kill('SIGHUP');
    await until('new workers', () => nginx.workers.length,
                (n) => n >= before + 4);
    await until('the end of the old ones',
                () => nginx.workers.slice(0, -4).filter((pid) =>
                    fs.existsSync(`/proc/${pid}/stat`)),
                (left) => left.length === 0);

    running = false;

    const [reads] = await Promise.all(others);
    const stats = await until('the end of all records', () => monitor.stats(),
                              (s) => s.in_flight === 0);
    const { zone } = stats;
    const metrics = (await monitor.bytes('/metrics')).toString();

    assert.equal(ends.wrong, undefined, 'what clients got is right');
    assert.ok(reads > 0);
    assert.ok(ends.ok > kills, 'the others served');
    assert.equal(stats.requests,
                 Object.values(stats.by_outcome).reduce((a, b) => a + b, 0));
    assert.equal(stats.requests, zone.records + zone.evicted,
                 'each was counted once');
    assert.equal(stats.by_outcome.worker_died ?? 0, zone.worker_died);
    assert.ok(stats.requests + zone.dropped >= ends.ok);
    assert.ok(zone.heals > 0, 'some had the lock');
    assert.match(metrics, new RegExp(
        `^openai_monitor_zone_heals_total ${zone.heals}$`, 'm'));

    const { items } = await monitor.list({ page_size: 1000 });

    assert.equal(items.length, zone.records);

    for (const { id, outcome } of items) {
        const record = await monitor.record(id);

        if (outcome === 'ok') {
            whole(record);
        }
    }

    assert.equal((await monitor.post('/api/clear')).status, 204);

    // a page is nowhere while it goes back from the reserve of a dead worker

    await until('every page to be there', () => monitor.stats(),
                ({ zone }) => zone.records === 0
                              && zone.pages_free === zone.pages);

    const places = new Set([...nginx.log.matchAll(/fault: \w+ at (\S+)/g)]
        .map((found) => found[1]));

    t.diagnostic(`${fired()} killed, `
                 + `${nginx.log.match(/fault: stopped/g)?.length ?? 0} stopped, `
                 + `at ${places.size} places; ${zone.heals} heals, `
                 + `${zone.worker_died} records of the dead, ${stats.requests} `
                 + `requests, ${zone.dropped} dropped, ${reads} records read`);

    assert.deepEqual(nginx.complaints(/exited on signal 9/), []);
});


// A record was seen by readers before it had its method and its path: of a
// worker that died then nobody could say what it died of.

test('what was asked is told from the first moment on', async () => {
    running = true;

    const template = fs.readFileSync(path.join(root, 't/e2e/lib/nginx.conf'),
                                     'utf8');

    const nginx = await Nginx.start({
        ...ports(9), upstream_port: at.upstream_port, workers: 2,
        template: 'env OPENAI_FAULT_SEED;\nenv OPENAI_FAULT_PLACE;\n'
                  + template,
        env: {
            OPENAI_FAULT_SEED: String(seed),
            OPENAI_FAULT_PLACE: 'begin.counted',
        },
    });

    close.push(() => nginx.stop());

    await run(nginx.proxy, { total: 400, connections: 8, each: () => {} });

    const died = await until(
        'records of dead workers',
        () => nginx.monitor.list({ q: 'outcome:worker_died', page_size: 1000 })
            .catch(() => ({ items: [] })),
        ({ items }) => items.length > 2);

    for (const { id, method, uri } of died.items) {
        assert.equal(method, 'POST', id);
        assert.match(uri, /marker-\d+/, id);
    }
});
