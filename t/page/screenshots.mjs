// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Makes the pictures of the README from recorded traffic that goes through
// nginx with the module:
//
//     node screenshots.mjs FIXTURES_DIR [OUTPUT_DIR]

import { createServer } from 'node:http';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Nginx } from '../e2e/lib/nginx.mjs';
import { launch, visit } from './lib/browser.mjs';

const [fixtures, out = 'docs/img'] = process.argv.slice(2);

if (fixtures === undefined || !existsSync(join(fixtures, 'MANIFEST.tsv'))) {
    console.error('screenshots.mjs: the first argument names the directory of the recorded traffic');
    process.exit(2);
}

const first = Number(process.env.OPENAI_MONITOR_TEST_PORT ?? 24290);
const at = { proxy_port: first, view_port: first + 1, upstream_port: first + 2 };
const proxy = `http://127.0.0.1:${at.proxy_port}`;
const view = `http://127.0.0.1:${at.view_port}/`;
const pause = (ms) =>
    new Promise((done) => {
        setTimeout(done, ms);
    });
const file = (name) => readFileSync(join(fixtures, name));

const upstream = createServer(async (req, res) => {
    req.resume();

    const name = req.headers['x-fixture'];
    const body = file(name);
    const wait = Number(req.headers['x-delay-ms'] ?? 0);

    res.writeHead(Number(req.headers['x-status'] ?? 200), {
        'Content-Type': name.endsWith('.sse') ? 'text/event-stream' : 'application/json',
    });

    for (let i = 0; i < body.length && !res.destroyed; i += 330) {
        res.write(body.subarray(i, i + 330));
        await pause(wait);
    }

    res.end();
});

await new Promise((done) => {
    upstream.listen(at.upstream_port, '127.0.0.1', done);
});

const nginx = await Nginx.start(at);
const paths = { 'openai-chat': '/v1/chat/completions', 'openai-responses': '/v1/responses', anthropic: '/v1/messages' };

const traffic = file('MANIFEST.tsv')
    .toString()
    .split('\n')
    .slice(1)
    .map((l) => l.split('\t'))
    .filter((r) => r.length > 15 && r[1] in paths)
    .map(([name, api, , , status, , , request, , , , , , , , model]) => ({
        name,
        path: paths[api],
        status: status || '200',
        body: request
            ? file(request).toString()
            : JSON.stringify({
                  model: model || 'gpt-4o',
                  stream: name.endsWith('.sse'),
                  messages: [{ role: 'user', content: 'Go on.' }],
              }),
    }));

async function send({ name, path, status, body }, wait) {
    const res = await fetch(proxy + path, {
        method: 'POST',
        body,
        headers: {
            'Content-Type': 'application/json',
            Authorization: 'Bearer of-nobody',
            'X-Fixture': name,
            'X-Status': status,
            'X-Delay-Ms': String(wait),
        },
    });
    await res.arrayBuffer().catch(() => undefined);
    return res.headers.get('x-monitor-id');
}

for (const [i, item] of traffic.entries()) {
    await send(item, [2, 12, 5, 30, 1][i % 5]).catch(() => undefined);
}

const browser = await launch();
mkdirSync(out, { recursive: true });

async function shoot(name, options, act = () => undefined) {
    const { page, close } = await visit(browser, view, options);
    await page.locator('.row, .tiles').first().waitFor();
    await act(page);
    await pause(600);
    await page.screenshot({ path: join(out, name + '.png') });
    await close();
}

const story = {
    name: 'openai-chat/stream-text-gpt.sse',
    path: '/v1/chat/completions',
    status: '200',
    body: JSON.stringify({
        model: 'gpt-4.1-nano',
        stream: true,
        temperature: 0.7,
        messages: [
            { role: 'system', content: 'You invent things, and describe them briefly.' },
            { role: 'user', content: 'Invent a new holiday and describe its traditions.' },
        ],
    }),
};

async function running(name, options) {
    const abort = send(story, 45).catch(() => undefined);
    await shoot(name, options, async (page) => {
        await page.locator('.row[data-outcome=running]').first().click();
        await page.locator('.answer').waitFor();
        await pause(4000);
    });
    await abort;
}

await running('page-light', { width: 1440, height: 900 });
await running('page-dark', { width: 1440, height: 900, dark: true });
await shoot('page-statistics', { width: 1440, height: 900, hash: { view: 'stats', window: '5m' } });
await shoot('page-phone', { width: 390, height: 844, dark: true });
await shoot('page-chinese', { width: 1440, height: 900, locale: 'zh-CN' });

await browser.close();
await nginx.stop();
upstream.closeAllConnections();
upstream.close();
