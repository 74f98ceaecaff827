// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: an exchange does not wait for the kernel to find the memory of
// its record.  A worker has the zone's next pages mapped before they are
// needed, and not all of a large zone that is hardly used.
//
// Seen to fail when pages were mapped by the exchanges that were the first to
// write to them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import { after, test } from 'node:test';

import { until } from '../e2e/lib/monitor.mjs';
import { Nginx } from '../e2e/lib/nginx.mjs';
import { ports } from '../e2e/lib/ports.mjs';

const KB = 1024;
const zone = 64 * KB * KB;
const at = ports(11);
const close = [];

after(() => Promise.all(close.map((end) => end())));

async function upstream() {
    const server = http.createServer((request, answer) => {
        request.resume().once('end', () => answer.end('{"object":"x"}'));
    });

    server.listen(at.upstream_port, '127.0.0.1');
    await once(server, 'listening');

    close.push(() => {
        server.closeAllConnections();
        server.close();
    });
}

// before, the kernel knows no MADV_POPULATE_WRITE

const [major, minor] = os.release().split('.').map(Number);
const old = major < 5 || (major === 5 && minor < 14);

// bytes of the zone that this worker has mapped

function mapped(pid) {
    const [, ...maps] = fs.readFileSync(`/proc/${pid}/smaps`, 'latin1')
        .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);

    for (const map of maps) {
        const [from, to] = map.split(/[- ]/, 2).map((hex) => parseInt(hex, 16));

        if (/^\S+ \S+s /.test(map) && to - from >= zone) {
            return Number(/^Rss: +(\d+)/m.exec(map)[1]) * KB;
        }
    }

    return 0;
}


test('the next pages of the zone are there before they are needed',
     { skip: old && `Linux ${os.release()}` }, async () => {
    await upstream();

    const nginx = await Nginx.start({ ...at, workers: 1, zone: '64m' });

    close.push(() => nginx.stop());

    const [worker] = nginx.workers;

    await until('the first pages', () => mapped(worker),
                (bytes) => bytes >= 160 * KB);

    for (let n = 0; n < 100; n++) {
        const answer = await fetch(`${nginx.proxy}/v1/x`, {
            method: 'POST', body: 'x'.repeat(20000),
        });

        await answer.text();
    }

    const stats = await until('the end of all', () => nginx.monitor.stats(),
                              (s) => s.in_flight === 0 && s.requests === 100);

    const used = (stats.zone.pages - stats.zone.pages_free) * 4 * KB
        + 100 * 5 * KB;

    assert.ok(used > 2000 * KB);
    assert.ok(mapped(worker) >= used + 64 * KB,
              `${mapped(worker)} of ${used} bytes are there`);
    assert.ok(mapped(worker) < used + 1000 * KB, 'and no more than that');
});
