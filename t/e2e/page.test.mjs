// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The page, in a real browser, shows what an SDK has just exchanged: rows as
// they come, the answer in the detail, and what a search asks for.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';

import OpenAI from 'openai';
import { chromium } from 'playwright-core';

import { LLMock } from './lib/aimock.mjs';
import { slow } from './lib/monitor.mjs';
import { Nginx } from './lib/nginx.mjs';
import { ports } from './lib/ports.mjs';
import { recorder } from './lib/wire.mjs';

const at = ports(2);
const first = 'the first answer: 1 < 2 && "quotes"';

const browsers = [
    process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome',
];

let api, nginx, browser, page, fetch, client;
const troubles = [];

before(async () => {
    api = new LLMock({
        port: at.upstream_port, chunkSize: 8, logLevel: 'silent',
    });

    api.onMessage('first', {
        content: first, usage: { prompt_tokens: 11, completion_tokens: 12 },
    });
    api.onMessage('second', { content: 'the second answer' });
    api.onMessage('overload', {
        error: { message: 'try later', type: 'server_error', code: 'busy' },
        status: 503,
    });

    await api.start();
    nginx = await Nginx.start(at);
    fetch = recorder();
    client = new OpenAI({
        baseURL: nginx.proxy + '/v1', apiKey: 'key', fetch, maxRetries: 0,
    });

    browser = await chromium.launch({
        executablePath: browsers.find((file) => file && existsSync(file)),
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
               '--no-first-run', '--disable-background-networking',
               '--disable-component-update', '--disable-sync'],
    });

    page = await browser.newPage({
        viewport: { width: 1400, height: 800 }, locale: 'en-US',
    });

    page.setDefaultTimeout(10_000 * slow);
    page.on('pageerror', (e) => troubles.push(String(e)));
    page.on('console', (m) => m.type() === 'error' && troubles.push(m.text()));
    page.on('request', (r) => {
        if (!r.url().startsWith(nginx.monitor.url) && !/^data:/.test(r.url())) {
            troubles.push('outside address ' + r.url());
        }
    });
});

after(async () => {
    await browser?.close();
    await nginx?.stop();
    await api?.stop();
});

async function exchange(text, more = {}) {
    const stream = await client.chat.completions.create({
        model: 'gpt-4o', messages: [{ role: 'user', content: text }], ...more,
    }).catch(() => []);

    if (more.stream) {
        for await (const chunk of stream) {
            assert.ok(chunk);
        }
    }

    return fetch.last().id;
}

const row = (id) => page.locator(`#row-${id}`);


test('rows appear while they happen', async () => {
    const before = await exchange('first');

    await page.goto(nginx.monitor.url + '/');
    await row(before).waitFor();

    const now = await exchange('second', { stream: true });

    // it may be there before the request was understood

    await row(now).filter({ hasText: 'gpt-4o' }).waitFor();
});


test('the detail has the answer and its tokens', async () => {
    const id = await exchange('first', {
        stream: true, stream_options: { include_usage: true },
    });

    await row(id).click();

    const answer = page.locator('.turn.answer');

    await answer.getByText(first).waitFor();
    assert.match(await page.locator('.facts').innerText(), /11\D+12\b/);
});


test('a link opens the same record', async () => {
    const address = page.url();
    const other = await browser.newPage();

    await other.goto(address);
    await other.locator('.turn.answer').getByText(first).waitFor();
    await other.close();
});


test('a search leaves what it asks for', async () => {
    const failed = await exchange('overload');
    const fine = await exchange('second');

    await row(fine).waitFor();
    await row(failed).waitFor();

    const search = page.locator('.search input');

    await search.fill('status:5xx');
    await search.press('Enter');
    await row(fine).waitFor({ state: 'detached' });
    assert.equal(await row(failed).count(), 1);

    await search.fill('"second answer"');
    await search.press('Enter');
    await row(fine).waitFor();
    await row(failed).waitFor({ state: 'detached' });
});


test('nobody had anything to complain of', async () => {
    await page.close();
    assert.deepEqual(troubles, []);
    await nginx.stop();
    assert.deepEqual(nginx.complaints(), []);
});
