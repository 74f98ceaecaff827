// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Recorded conversations of the Realtime API, spoken again over a WebSocket
// through nginx: each message arrives, and the record says what was said.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Nginx } from '../e2e/lib/nginx.mjs';
import { ports } from '../e2e/lib/ports.mjs';
import {
    differences, knownDifferences, manifest, read, requestOf,
} from './manifest.mjs';
import { connect, end, serve } from './websocket.mjs';

const at = ports(8);

let nginx, server, accept, known;

before(async () => {
    known = knownDifferences();
    server = await serve(at.upstream_port, (socket) => accept(socket));
    nginx = await Nginx.start({ ...at, zone: '16m' });
});

after(async () => {
    server?.close();
    await nginx?.stop();
});


// Both sides say their lines in the order of the script, each when it has
// heard what comes before.  Resolves when the connection is closed.

async function perform(script, request) {
    const upstream = new Promise((done) => { accept = done; });
    const heard = [];
    let ends, closed, next = 0;

    function speak() {
        const { dir } = script[next];
        const [client, server] = ends;

        while (script[next]?.dir === dir) {
            const text = JSON.stringify(script[next++].data);

            (dir === 'sent' ? client : server).say(text);
        }
    }

    function hear(message) {
        if (message === null) {
            closed();
            return;
        }

        heard.push(JSON.parse(message));

        if (heard.length === script.length) {
            ends[0].close();
        } else if (heard.length === next) {
            speak();
        }
    }

    const { socket, id } = await connect(nginx.proxy + request.path,
                                         request.headers);

    ends = [end(socket, true, hear), end(await upstream, false, hear)];

    await new Promise((done) => {
        closed = done;
        speak();
    });

    return { id, heard, ends };
}


const rows = manifest()
    .filter((row) => row.kind === 'realtime-jsonl');

for (const row of rows) {
    test(row.file, async () => {
        const script = read(row).toString().split('\n').filter(Boolean)
            .map((line) => JSON.parse(line));

        const request = requestOf(row);
        const { id, heard, ends } = await perform(script, {
            path: request.path, headers: { host: 'api.openai.com' },
        });

        assert.deepEqual(heard, script.map((line) => line.data));

        const record = await nginx.monitor.finished(id);

        assert.equal(record.outcome, 'upgraded');
        assert.equal(record.status, 101);
        assert.equal(record.request_bytes, ends[0].sent);
        assert.equal(record.response_bytes, ends[1].sent);

        const found = differences(row, record);

        assert.equal(found.length, known.get(row.file) ?? 0,
                     found.join('\n'));
    });
}

test('there are such conversations', () => assert.ok(rows.length > 0));


test('nginx had nothing to complain of', async () => {
    await nginx.stop();
    assert.deepEqual(nginx.complaints(), []);
});
