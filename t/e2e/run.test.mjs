// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// As a new user would: "./auto-build.sh run" before an API, the address that
// it prints given to the SDK, and the exchange found at the monitor's.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';

import OpenAI from 'openai';

import { LLMock } from './lib/aimock.mjs';
import { until, Monitor } from './lib/monitor.mjs';
import { root } from './lib/nginx.mjs';
import { ports } from './lib/ports.mjs';

const at = ports(3);

// resolves with what it printed once the addresses are there

function printed(child) {
    return new Promise((done, failed) => {
        let text = '';

        const hear = (piece) => {
            text += piece;

            if (/OPENAI_BASE_URL=\S+\n/.test(text)) {
                done(text);
            }
        };

        child.stdout.on('data', hear);
        child.stderr.on('data', hear);
        child.on('close', () => failed(new Error('it ended:\n' + text)));
    });
}


test('auto-build.sh run', async (t) => {
    const api = new LLMock({ port: at.upstream_port, logLevel: 'silent' });

    api.onMessage('hello', { content: 'hello yourself' });
    await api.start();
    t.after(() => api.stop());

    const options = (process.env.TEST_AUTO_BUILD_OPTIONS ?? '')
        .split(' ').filter(Boolean);

    const child = spawn(path.join(root, 'auto-build.sh'), ['run', ...options], {
        env: {
            ...process.env,
            PROXY_PORT: at.proxy_port, WEB_PORT: at.view_port,
            OPENAI_API_BASE: `http://127.0.0.1:${at.upstream_port}`,
            MAX_REQUESTS_HISTORY: 16, PAGE_SIZE: 3, ZONE_SIZE: '4m',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
    });

    const ended = once(child, 'exit');
    t.after(() => child.kill('SIGTERM'));

    const [, baseURL] = /OPENAI_BASE_URL=(\S+)/.exec(await printed(child));
    const client = new OpenAI({ baseURL, apiKey: 'key', maxRetries: 0 });
    const monitor = new Monitor(`http://127.0.0.1:${at.view_port}`);

    assert.ok(baseURL.includes(`:${at.proxy_port}`));

    for (let n = 1; n <= 20; n++) {
        const stream = await client.chat.completions.create({
            model: 'gpt-4o', stream: true,
            messages: [{ role: 'user', content: 'hello' }],
        });

        for await (const chunk of stream) {
            assert.ok(chunk);
        }
    }

    const list = await until('the last record', () => monitor.list(),
                             (l) => l.items[0]?.outcome === 'ok');

    assert.equal(list.total, 16);
    assert.equal(list.page_size, 3);

    for (const { id } of list.items) {
        const record = await monitor.finished(id);

        assert.equal(record.outcome, 'ok');
        assert.equal(record.answer.choices[0].text, 'hello yourself');
    }

    const page = await fetch(monitor.url + '/');

    assert.equal(page.status, 200);
    assert.match(await page.text(), /<!doctype html>/i);

    child.kill('SIGTERM');
    assert.deepEqual((await ended)[0], 0);
});
