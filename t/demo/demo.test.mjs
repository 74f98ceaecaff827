// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// "./auto-build.sh demo" shows a newcomer every way in which an exchange ends,
// and answers that are being written, within seconds and without a key; and a
// signal ends it with all that it started.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)),
                          '../..');
const first = Number(process.env.OPENAI_MONITOR_DEMO_PORT ?? 24790);
const monitor = `http://127.0.0.1:${first + 1}`;

const outcomes = ['ok', 'upstream_error', 'client_aborted', 'truncated'];

async function get(uri) {
    const answer = await fetch(monitor + uri);

    assert.equal(answer.status, 200, uri);

    return answer.json();
}


// the records as the live feed tells of them, until they are what is wanted

async function watched(wanted, signal) {
    const records = new Map();
    const { body } = await fetch(monitor + '/api/events', { signal });
    let text = '';

    for await (const piece of body.pipeThrough(new TextDecoderStream())) {
        const events = (text + piece).split('\n\n');

        text = events.pop();

        for (const event of events) {
            if (/^event: ?record$/m.test(event)) {
                const data = /^data: ?(.*)$/m.exec(event)[1];
                const record = JSON.parse(data);

                records.set(record.id, record);
            }
        }

        if (wanted([...records.values()])) {
            return records;
        }
    }

    throw new Error('the live feed ended');
}


// "pid start-time" of a process and all below it: a pid may be used again

function family(pid) {
    const children = new Map();
    const born = new Map();

    for (const entry of fs.readdirSync('/proc')) {
        if (!/^\d+$/.test(entry)) {
            continue;
        }

        try {
            const stat = fs.readFileSync(`/proc/${entry}/stat`, 'utf8');
            const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
            const parent = Number(rest[1]);

            born.set(Number(entry), rest[19]);
            children.set(parent,
                         [...children.get(parent) ?? [], Number(entry)]);
        } catch {
            // it has ended
        }
    }

    const all = [pid];

    for (const one of all) {
        all.push(...children.get(one) ?? []);
    }

    return all.map((one) => `${one} ${born.get(one)}`);
}


function printed(child, wanted, said) {
    return new Promise((done, failed) => {
        for (const stream of [child.stdout, child.stderr]) {
            stream.setEncoding('utf8').on('data', (text) => {
                said.text += text;

                if (wanted.test(said.text)) {
                    done();
                }
            });
        }

        child.once('close', () => failed(new Error('it ended:\n' + said.text)));
    });
}


test('auto-build.sh demo', { timeout: 120_000 }, async (t) => {
    const options = (process.env.TEST_AUTO_BUILD_OPTIONS ?? '')
        .split(' ').filter(Boolean);

    const env = { ...process.env, PROXY_PORT: first, WEB_PORT: first + 1 };

    delete env.OPENAI_API_KEY;

    const child = spawn(path.join(root, 'auto-build.sh'), ['demo', ...options],
                        { env, stdio: ['ignore', 'pipe', 'pipe'] });

    const ended = once(child, 'close');
    const said = { text: '' };

    t.after(() => child.kill('SIGTERM'));
    await printed(child, /^ +open (\S+)\n[^]*Stats\n/m, said);

    assert.ok(said.text.includes(monitor + '/'));

    // each outcome, and a long answer on its way with some text

    const reader = new AbortController();
    const timer = setTimeout(() => reader.abort(), 30_000);

    const records = await watched((all) =>
        all.filter((r) => r.outcome !== 'running').length >= 30
        && outcomes.every((o) => all.some((r) => r.outcome === o))
        && all.some((r) => r.outcome === 'running' && r.ttft_ms !== null)
        && all.some((r) => r.change === 'system changed'),
                                  reader.signal);

    clearTimeout(timer);
    reader.abort();

    const stats = await get('/api/stats');

    assert.ok(stats.requests >= 30);
    assert.ok(stats.cost_usd > 0);
    assert.ok(stats.usage.cached_tokens > 0);
    assert.ok(stats.in_flight > 0);

    for (const outcome of outcomes) {
        assert.ok(stats.by_outcome[outcome] > 0, outcome);
    }

    const all = [...records.values()];
    const some = (what, test) => assert.ok(all.some(test), what);

    some('a chain of turns', (r) => r.change === 'append-only');
    some('a retry', (r) => r.retry === 2 && r.outcome === 'ok');
    some('tools', (r) => r.tool_calls.length === 2);
    some('an image', (r) => r.has_image);
    some('reasoning', (r) => r.has_reasoning);
    some('an error in a stream', (r) => r.status === 200
        && r.outcome === 'upstream_error');

    for (const status of [400, 401, 429, 499, 500]) {
        some(status, (r) => r.status === status);
    }

    for (const dialect of ['chat', 'responses', 'anthropic', 'embeddings']) {
        some(dialect, (r) => r.dialect === dialect);
    }

    const list = await get('/api/requests?q=is:running');

    assert.ok(list.total > 0);

    // the shell, nginx's master and workers, the demo's node

    const processes = family(child.pid);

    assert.ok(processes.length >= 5, processes.join(', '));

    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);

    const left = processes.filter((one) =>
        family(Number(one.split(' ')[0]))[0] === one);

    assert.deepEqual(left, []);
    assert.doesNotMatch(said.text, /^demo: |error: |\[error\]/m);
});
