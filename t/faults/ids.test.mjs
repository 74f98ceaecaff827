// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: an id names one exchange for ever.  A reload that resizes the
// zone leaves running records with the old worker, which also begins the
// exchanges of its last clients.  Their ids never lead to a record of the new
// zone: no detail shows another exchange, no cancel ends one.  A viewer that
// comes back after such a reload is told to reload its list, because what ran
// before is gone.
//
// Seen to fail while both zones gave the same numbers and an id was looked up by
// its number, and while the event ids of both zones looked alike.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { until } from '../e2e/lib/monitor.mjs';
import { Http1 } from './lib/client.mjs';
import { portsOf, start } from './lib/servers.mjs';

const ports = portsOf(7);
const zones = ['8m entries=100', '16m entries=100', '8m entries=50'];

let run;

before(async () => {
    run = await start(ports, {
        workers: 1, zone: '8m', entries: 100, level: 'notice', locations: `
        add_header  X-Id  $openai_monitor_id  always;

        location / {
            proxy_pass       http://127.0.0.1:${ports.upstream};
            proxy_buffering  off;
        }`,
    });
});

after(() => run?.stop());


const children = () => {
    const { pid } = run.nginx.child;

    return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
        .trim().split(' ').map(Number);
};

// reloads with another size; the old worker has a client, and stays

async function resize(zone) {
    const conf = path.join(run.nginx.prefix, 'nginx.conf');
    const old = new Set(children());

    fs.writeFileSync(conf, fs.readFileSync(conf, 'utf8').replace(
        /zone=test:\S+ entries=\d+/, `zone=test:${zone}`));
    run.nginx.child.kill('SIGHUP');

    await until('a new worker', children, (pids) =>
        pids.some((pid) => !old.has(pid))
        && pids.every((pid) => !old.has(pid)
            || run.nginx.log.includes(` ${pid}#${pid}: gracefully shutting`)));
}

// a stream that ends when it is told to

function stream(id) {
    let finish;
    const finished = new Promise((done) => { finish = done; });

    run.upstream.scripts.set(id, async (peer) => {
        await peer.send('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n'
                        + 'Connection: close\r\n\r\nfirst ');
        await finished;
        await peer.send('last');
        peer.fin();
    });

    return finish;
}

const idOf = (c) => /^X-Id: (\S+)$/im.exec(c.answer.headers.join('\n'))[1];

async function open(id) {
    const c = new Http1(ports.recorded.h1);

    await c.begin('GET', `/?case=${id}`, null);
    await c.answer.seen(1);

    return c;
}

// the first events of the feed, until "last" is among them

function events(last, headers = {}) {
    return new Promise((done, failed) => {
        const request = http.get({
            port: ports.view, path: '/api/events', agent: false, headers,
        }, (res) => {
            let text = '';

            res.setEncoding('utf8');
            res.on('data', (data) => {
                text += data;

                const seen = [...text.matchAll(
                    /(?:id: (\S+)\n)?event: (\w+)\ndata: (.*)\n\n/g)].map(
                    ([, id, event, json]) =>
                        ({ id, event, data: JSON.parse(json) }));

                if (seen.some(last)) {
                    request.destroy();
                    done(seen);
                }
            });
            res.on('close', () => failed(new Error(`no such event: ${text}`)));
        });
        request.on('error', failed);
    });
}

// fault 24

for (const [n, zone] of [...zones.slice(1), zones[0], zones[1]].entries()) {
    test(`an id across resizing reloads: ${zone}, ${n + 1}`, async () => {
        const finishLeft = stream(`left${n}`);
        const finishLate = stream(`late${n}`);
        const finishNew = stream(`new${n}`);

        // one runs, one client has sent half of its head, one viewer looks on

        const left = await open(`left${n}`);
        const late = new Http1(ports.recorded.h1);

        await late.write(`GET /?case=late${n} HTTP/1.1\r\nHost: a\r\n`);

        const viewed = await events(({ event, data }) =>
            event === 'record' && data.id === idOf(left));
        const cursor = viewed.findLast(({ id }) => id !== undefined).id;

        assert.equal((await run.monitor.record(idOf(left))).outcome, 'running');

        await resize(zone);

        // the new zone's first exchange, then one more of the old worker

        const fresh = await open(`new${n}`);

        await late.write('\r\n');
        await late.answer.seen(1);

        const ids = [idOf(left), idOf(late), idOf(fresh)];

        assert.equal(new Set(ids).size, 3);

        for (const id of ids.slice(0, 2)) {
            for (const what of ['', '/request', '/response', `/diff?with=${ids[2]}`])
            {
                const { status } = await run.monitor.ask(
                    `/api/request/${id}${what}`);

                assert.ok(status === 404 || status === 410, `${what}: ${status}`);
            }

            const { status } = await run.monitor.post(
                `/api/request/${id}/cancel`);

            assert.ok(status === 404 || status === 410, `cancel: ${status}`);
        }

        // it runs on, to its end

        assert.equal((await run.monitor.record(ids[2])).outcome, 'running');
        finishNew();
        await fresh.answer.seen(Infinity);
        assert.equal(fresh.answer.body.toString(), 'first last');
        assert.equal((await run.monitor.finished(ids[2])).outcome, 'ok');

        // a viewer comes back: it does not go on as if nothing had happened

        const back = await events(({ event }) => event !== 'hello',
                                  { 'Last-Event-ID': cursor });

        assert.equal(back[1].event, 'lag');

        finishLeft();
        finishLate();

        for (const c of [left, late]) {
            await c.answer.seen(Infinity);
            assert.equal(c.answer.body.toString(), 'first last');
        }

        [left, late, fresh].forEach((c) => c.end());
        await until('the old worker', children, (pids) => pids.length === 1);
        assert.deepEqual(run.nginx.complaints(), []);
    });
}
