// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Measures the page under load, for a person to read: a full list of 1000
// records while 200 requests a second arrive, each in three events.
//
//     node load.mjs [seconds] [requests per second]

import { Api } from './lib/api.mjs';
import { launch, visit } from './lib/browser.mjs';

const seconds = Number(process.argv[2] ?? 20);
const rate = Number(process.argv[3] ?? 200);
const api = await Api.start();
const browser = await launch();

for (let i = 0; i < 1000; i++) {
    api.add();
}

const { page, wrong } = await visit(browser, api.url);
await page.waitForFunction(() => document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') === '1001');

const session = await page.context().newCDPSession(page);

async function heap() {
    await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')).usedSize / 1e6;
}

let sent = 0;
const began = Date.now();

const timer = setInterval(() => {
    for (; sent < ((Date.now() - began) / 1000) * rate; sent++) {
        const r = api.begin();
        setTimeout(() => api.change(r, { status: 200, response_bytes: 500 }), 300);
        setTimeout(() => api.change(r, { outcome: 'ok', duration_ms: 700, finish_reason: 'stop' }), 700);
    }

    if (api.records.length > 2000) {
        api.records.splice(0, api.records.length - 1000).forEach((r) => api.details.delete(r.id));
    }
}, 10);

const first = await heap();

const frames = await page.evaluate(
    (time) =>
        new Promise((done) => {
            const list = [];
            const end = performance.now() + time;
            const frame = (at) => {
                list.push(at);

                if (at < end) {
                    requestAnimationFrame(frame);
                } else {
                    done(list);
                }
            };
            requestAnimationFrame(frame);
        }),
    seconds * 1000,
);

clearInterval(timer);

const gaps = frames
    .slice(1)
    .map((t, i) => t - frames[i])
    .sort((a, b) => a - b);
const fps = gaps.length / ((frames.at(-1) - frames[0]) / 1000);

console.log(
    `${sent} requests in ${seconds} s: ${fps.toFixed(1)} frames/s, p99 of a frame ${gaps[Math.floor(gaps.length * 0.99)].toFixed(1)} ms, ` +
        `heap ${first.toFixed(1)} MB before, ${(await heap()).toFixed(1)} MB after, ${wrong.length} errors`,
);

await browser.close();
await api.stop();
process.exit(0);
