// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Under load, with readers at work and four workers writing, the monitor keeps
// exactly the newest thousand records, each of them whole and nobody else's,
// and counts every exchange once.  Workers that are killed take their own
// exchanges with them and nothing else.
//
// Of docs/reliability.md: fault 21, fault 29.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { until } from '../e2e/lib/monitor.mjs';
import { Nginx } from '../e2e/lib/nginx.mjs';
import { ports } from '../e2e/lib/ports.mjs';
import { run } from './client.mjs';
import * as traffic from './traffic.mjs';

const at = ports(5);
const open = [];

after(() => Promise.all(open.map((close) => close())));

async function upstream(pause) {
    const file = fileURLToPath(new URL('upstream.mjs', import.meta.url));
    const child = spawn(process.execPath, [file, at.upstream_port, pause],
                        { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(child, 'close');

    await once(child.stdout, 'data');

    return async () => {
        child.stdin.end();
        await ended;
    };
}

async function servers(pause, options) {
    const close = await upstream(pause);
    open.push(close);

    const nginx = await Nginx.start({ ...at, workers: 4, ...options });
    open.push(() => nginx.stop());

    return nginx;
}

const numberOf = (record) => Number(/marker-(\d+)/.exec(record.uri)[1]);

// a record that has ended well is the exchange that its URI names

function whole(record) {
    const n = numberOf(record);

    assert.equal(record.uri, traffic.uri(n));
    assert.equal(record.status, 200);
    assert.equal(record.complete, true);
    assert.equal(record.streamed, traffic.streamed(n));
    assert.equal(record.request.body, traffic.request(n).toString());
    assert.equal(record.response.body,
                 Buffer.concat(traffic.answer(n)).toString());
    assert.equal(record.answer.choices[0].text, traffic.text(n));
    assert.equal(record.answer.choices[0].finish_reason, 'stop');
    assert.equal(record.usage.output_tokens,
                 traffic.usage(n).completion_tokens);
}

// reads all the while what the page would read

async function reader(monitor, going) {
    let reads = 0;

    while (going()) {
        const { items } = await monitor.list({ page_size: 20 });

        for (const item of items.slice(0, 3)) {
            const answer = await fetch(
                `${monitor.url}/api/request/${item.id}`);

            const body = await answer.json();

            // by now it may have been evicted

            assert.ok([200, 404, 410].includes(answer.status), answer.status);

            if (answer.status === 200 && body.outcome === 'ok') {
                whole(body);
            }
        }

        const { items: found } = await monitor.list({
            q: 'model:gpt-4o* is:ok latency:>0ms', page_size: 5,
        });

        for (const item of found) {
            assert.equal(item.outcome, 'ok');
        }

        await monitor.stats();
        reads++;
    }

    return reads;
}

async function allOf(monitor) {
    const all = [];
    let list;

    for (let page = 1; list === undefined || page <= list.pages; page++) {
        list = await monitor.list({ page_size: 1000, page });
        all.push(...list.items);
    }

    assert.equal(all.length, list.total);

    return all;
}

async function eachRecord(monitor, items, check) {
    let next = 0;

    async function one() {
        while (next < items.length) {
            check(await monitor.record(items[next++].id));
        }
    }

    await Promise.all(Array.from({ length: 4 }, one));
}

// everything given back: no page is lost, none is counted twice

async function nothingLeft(monitor) {
    assert.equal((await monitor.post('/api/clear')).status, 204);

    const { zone } = await monitor.stats();

    assert.equal(zone.records, 0);
    assert.equal(zone.pages_free, zone.pages);
}


test('20,000 requests at 64 connections', async (t) => {
    const total = 20000, kept = 1000;
    const nginx = await servers(0, { entries: kept, zone: '64m' });
    const { monitor } = nginx;
    const ends = { ok: 0 };
    let going = true;

    const readers = [1, 2].map(() => reader(monitor, () => going));
    const began = Date.now();

    await run(nginx.proxy, {
        total, connections: 64,
        each: (n, end) => { ends[end] = (ends[end] ?? 0) + 1; },
    });

    const seconds = (Date.now() - began) / 1000;

    going = false;

    const reads = await Promise.all(readers);

    assert.deepEqual(ends, { ok: total });
    assert.ok(Math.min(...reads) > 0);

    const stats = await monitor.idle();
    const numbers = Array.from({ length: total }, (_, n) => n);
    const sum = (of) => numbers.reduce((all, n) => all + of(n), 0);

    assert.equal(stats.requests, total);
    assert.equal(stats.by_status['2xx'], total);
    assert.equal(stats.by_outcome.ok, total);
    assert.equal(stats.request_bytes, sum((n) => traffic.request(n).length));
    assert.equal(stats.response_bytes,
                 sum((n) => Buffer.concat(traffic.answer(n)).length));
    assert.equal(stats.usage.output_tokens,
                 sum((n) => traffic.usage(n).completion_tokens));
    assert.equal(stats.zone.records, kept);
    assert.equal(stats.zone.evicted, total - kept);
    assert.equal(stats.zone.dropped, 0);
    assert.equal(stats.zone.truncated, 0);
    assert.equal(stats.zone.heals, 0);
    assert.equal(stats.zone.worker_died, 0);

    const items = await allOf(monitor);
    const found = new Set(items.map(numberOf));

    assert.equal(items.length, kept);
    assert.equal(new Set(items.map((r) => r.id)).size, kept);
    assert.equal(found.size, kept, 'no exchange has two records');

    // the newest ones: each connection may be one ahead of the others, and a
    // stream takes several answers' time

    assert.ok(Math.min(...found) >= total - kept - 64 * 16,
              `the oldest is ${Math.min(...found)}`);

    await eachRecord(monitor, items, (record) => {
        assert.equal(record.outcome, 'ok');
        whole(record);
    });

    await nothingLeft(monitor);
    assert.deepEqual(nginx.complaints(), []);

    t.diagnostic(`${Math.round(total / seconds)} requests/s beside `
                 + `${reads.join(' + ')} rounds of readers`);

    for (const close of open.splice(0).reverse()) {
        await close();
    }
});


test('workers are killed under load', async (t) => {
    const total = 4000, kills = 8;
    const nginx = await servers(40, { entries: 5000, zone: '256m' });
    const { monitor } = nginx;
    const ends = new Map();
    let going = true;

    const seed = Number(process.env.SEED ?? Date.now() % 1000000);
    const victims = new Set();

    t.diagnostic(`SEED=${seed}`);

    function killOne() {
        const alive = nginx.workers.filter((pid) => !victims.has(pid));
        const victim = alive[(seed * (victims.size + 1)) % alive.length];

        victims.add(victim);
        process.kill(victim, 'SIGKILL');
    }

    // reads fail with the worker that serves them, and are tried again

    const reading = (async () => {
        while (going) {
            await reader(monitor, () => going).catch((e) => {
                if (e.code === 'ERR_ASSERTION') {
                    throw e;
                }
            });
        }
    })();

    await run(nginx.proxy, {
        total, connections: 64,
        each: (n, end) => {
            ends.set(n, end);

            if (ends.size % 400 === 0 && victims.size < kills) {
                killOne();
            }
        },
    });

    going = false;
    await reading;

    const cut = [...ends.values()].filter((end) => end === 'cut').length;
    const stats = await until('the dead workers\' records',
                              () => monitor.stats(), (s) => s.in_flight === 0);
    const items = await allOf(monitor);
    const died = items.filter((r) => r.outcome === 'worker_died');

    assert.ok(![...ends.values()].includes('wrong'));
    assert.ok(died.length > 0, 'streams were on their way');
    assert.equal(stats.zone.worker_died, died.length);
    assert.equal(stats.zone.dropped, 0);
    assert.equal(stats.by_outcome.worker_died ?? 0, died.length);
    assert.equal(stats.requests, items.length);
    assert.equal(stats.zone.evicted, 0);

    // what died with the worker was cut for its client, and only that; but for
    // one that each of them may have sent to its end and not noted any more,
    // whose record may lack the pieces of the last turn

    const unnoted = died.filter((r) => ends.get(numberOf(r)) === 'ok');

    assert.ok(unnoted.length <= victims.size,
              `${unnoted.length} that died had come whole`);

    const ok = items.filter((r) => r.outcome === 'ok');
    const numbers = new Set([...ok, ...unnoted].map(numberOf));

    for (const [n, end] of ends) {
        assert.ok(end === 'cut' || numbers.has(n), `${n} has its record`);
    }

    assert.equal(ok.length + died.length, items.length);

    await eachRecord(monitor, ok.slice(0, 500), whole);
    await eachRecord(monitor, died, (record) => {
        const n = numberOf(record);
        const sent = traffic.request(n).toString();
        const got = Buffer.concat(traffic.answer(n)).toString();

        assert.equal(record.complete, false);
        assert.ok(sent.startsWith(record.request.body ?? ''));
        assert.ok(got.startsWith(record.response.body ?? ''));

        if (ends.get(n) === 'ok') {
            assert.equal(record.request.body, sent);
        }
    });

    t.diagnostic(`${cut} cut, ${died.length} recorded as worker_died, `
                 + `${unnoted.length} of them whole, ${stats.zone.heals} heals`);

    // the history is there for the next ones, and so is every page

    await nothingLeft(monitor);
    await run(nginx.proxy, {
        total: 200, connections: 16,
        each: (n, end) => assert.equal(end, 'ok'),
    });
    await monitor.idle();
    assert.equal((await allOf(monitor)).length, 200);
    await nothingLeft(monitor);

    const exits = /worker process (\d+) exited on signal 9/;

    assert.deepEqual(nginx.complaints(exits), []);
    assert.deepEqual(
        nginx.log.match(new RegExp(exits, 'g'))
            .map((line) => Number(exits.exec(line)[1])).sort(),
        [...victims].sort());
});
