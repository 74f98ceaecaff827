// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// How fast the page is, by the clock: on a machine that does nothing else.
//
//     node --test bench/page/
//
//  - With a full list of 1000 records and 200 requests a second arriving, each
//    in three events, it shows 50 frames a second or more, and its memory stays
//    where it is.  OPENAI_MONITOR_LOAD_SECONDS=300 makes the 20 seconds more.
//  - A piece of a running answer shows within 200 ms, also through nginx.
//  - A body of 5 MB opens within a second.
//
// t/page holds what of this needs no clock.  The second needs nginx with the
// module, see CONTRIBUTING.md.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Nginx } from '../../t/e2e/lib/nginx.mjs';
import { Api, text } from '../../t/page/lib/api.mjs';
import { launch, visit } from '../../t/page/lib/browser.mjs';

const firstPort = Number(process.env.OPENAI_MONITOR_TEST_PORT ?? 24280);

const seconds = Number(process.env.OPENAI_MONITOR_LOAD_SECONDS ?? 20);
const rate = 200;
const leastFrames = 50;

// MB a minute, of the line through all looks at the heap: kept records are 5
const growth = 3;

let api, browser;

before(async () => {
    browser = await launch();
});
after(() => browser?.close());
beforeEach(async () => {
    api = await Api.start();
});
afterEach(() => api.stop());

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// notes the time of every frame until it is stopped
const watchFrames = (page) =>
    page.evaluate(() => {
        window.frames_ = [];

        const frame = (at) => {
            window.frames_.push(at);
            requestAnimationFrame(frame);
        };

        requestAnimationFrame(frame);
    });

function arrive() {
    const began = Date.now();
    const timers = new Set();
    let sent = 0;

    const later = (ms, run) => {
        const timer = setTimeout(() => {
            timers.delete(timer);
            run();
        }, ms);
        timers.add(timer);
    };

    const beat = setInterval(() => {
        for (; sent < ((Date.now() - began) / 1000) * rate; sent++) {
            const r = api.begin();
            later(300, () => api.change(r, { status: 200, response_bytes: 500 }));
            later(700, () => api.change(r, { outcome: 'ok', duration_ms: 700, finish_reason: 'stop' }));
        }

        if (api.records.length > 2000) {
            api.records.splice(0, api.records.length - 1000).forEach((r) => api.details.delete(r.id));
        }
    }, 10);

    return () => {
        clearInterval(beat);
        timers.forEach(clearTimeout);
        return sent;
    };
}

// MB a minute, the line through all of them
function slope(samples) {
    const n = samples.length;
    const x = samples.reduce((sum, s) => sum + s.at, 0) / n;
    const y = samples.reduce((sum, s) => sum + s.heap, 0) / n;
    const over = samples.reduce((sum, s) => sum + (s.at - x) * (s.heap - y), 0);
    const under = samples.reduce((sum, s) => sum + (s.at - x) ** 2, 0);

    return (over / under) * 60;
}

test(`200 requests a second for ${seconds} s: 50 frames a second, and a heap that does not grow`, async (t) => {
    for (let i = 0; i < 1000; i++) {
        api.add();
    }

    const { page, wrong } = await visit(browser, api.url);
    await page.waitForFunction(() => document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') === '1001');

    const session = await page.context().newCDPSession(page);
    const samples = [];
    const began = Date.now();
    const stop = arrive();

    // what the first seconds bring stays: code, styles, caches
    await pause(3000);
    await watchFrames(page);

    const first = performance.now();

    while (Date.now() - began < seconds * 1000) {
        await session.send('HeapProfiler.collectGarbage');
        const { usedSize } = await session.send('Runtime.getHeapUsage');
        samples.push({ at: (performance.now() - first) / 1000, heap: usedSize / 1e6 });
        await pause(Math.max(1000, seconds * 20));
    }

    const frames = await page.evaluate(() => window.frames_);
    const sent = stop();

    const gaps = frames
        .slice(1)
        .map((at, i) => at - frames[i])
        .sort((a, b) => a - b);

    // the middle one of all seconds: a machine has other things to do at times
    const each = Array.from(
        { length: Math.floor((frames.at(-1) - frames[0]) / 1000) },
        (_, i) => frames.filter((at) => Math.floor((at - frames[0]) / 1000) === i).length,
    ).sort((a, b) => a - b);
    const rateOfFrames = each[Math.floor(each.length / 2)];
    const grew = slope(samples);
    const heaps = samples.map((s) => s.heap);

    t.diagnostic(
        `${sent} requests, ${rateOfFrames} frames/s in the middle, ${each[0]} at least, 99 % of frames within ` +
            `${gaps[Math.floor(gaps.length * 0.99)].toFixed(1)} ms, heap ${heaps[0].toFixed(1)} to ` +
            `${heaps.at(-1).toFixed(1)} MB, ${grew.toFixed(2)} MB a minute`,
    );

    assert.deepEqual(wrong, []);
    assert.ok(sent > seconds * rate * 0.9, `${sent} requests were sent`);
    assert.equal(await page.locator('[role=grid]').getAttribute('aria-rowcount'), '1001');
    assert.ok(rateOfFrames >= leastFrames, `${rateOfFrames} frames a second`);
    assert.ok(grew < growth, `the heap: ${heaps.map((h) => h.toFixed(1)).join(' ')} MB`);
});

// ms from a word that is said to the frame that shows it, of ten words, sorted
async function delays(page, say) {
    const times = [];

    for (let i = 0; i < 10; i++) {
        const word = `word${i} `;
        const seen = page.evaluate(
            (w) =>
                new Promise((done) => {
                    const look = () =>
                        document.querySelector('.answer')?.textContent.includes(w)
                            ? done(Date.now())
                            : requestAnimationFrame(look);
                    look();
                }),
            word,
        );
        const began = Date.now();

        say(word);
        times.push((await seen) - began);
    }

    return times.sort((a, b) => a - b);
}

test('a piece of a running answer shows within 200 ms', async (t) => {
    const r = api.begin({ streamed: true }, { answer: null });
    const { page } = await visit(browser, api.url, { hash: { id: r.id } });
    let at = 0;

    const say = (word) => {
        api.send('answer', { id: r.id, choices: [{ index: 0, text_at: at, text: word }], tool_calls: [] });
        at += word.length;
    };

    await page.getByText('Waiting for the answer…').waitFor();
    say('Once ');
    await page.locator('.answer').getByText('Once').waitFor();

    const times = await delays(page, say);

    t.diagnostic(`${times.join(' ')} ms`);
    assert.ok(times[5] < 200, `median of ${times} ms`);
});

test('a piece of a running answer shows within 200 ms of the upstream', async (t) => {
    const event = (content) => `data: ${JSON.stringify({ model: 'm', choices: [{ index: 0, delta: { content } }] })}\n\n`;
    let answer;
    const upstream = createServer((_, res) => {
        answer = res.writeHead(200, { 'Content-Type': 'text/event-stream' });
        answer.write(event('Once '));
    });

    await new Promise((done) => {
        upstream.listen(firstPort + 2, '127.0.0.1', done);
    });

    const nginx = await Nginx.start({ proxy_port: firstPort, view_port: firstPort + 1, upstream_port: firstPort + 2 });

    try {
        const res = await fetch(`http://127.0.0.1:${firstPort}/v1/chat/completions`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Tell a story.' }] }),
        });
        const { page } = await visit(browser, `http://127.0.0.1:${firstPort + 1}/`, {
            hash: { id: res.headers.get('x-monitor-id') },
        });

        await page.locator('.answer').getByText('Once').waitFor();

        const times = await delays(page, (word) => answer.write(event(word)));

        answer.end();
        await res.arrayBuffer();
        t.diagnostic(`${times.join(' ')} ms`);
        assert.ok(times[5] < 200, `median of ${times} ms`);
    } finally {
        await nginx.stop();
        upstream.closeAllConnections();
        upstream.close();
    }
});

test('a body of 5 MB opens within a second', async (t) => {
    const list = Array.from({ length: 40_000 }, (_, i) => ({ index: i, text: 'x'.repeat(100) }));
    const body = JSON.stringify({ data: list });
    const r = api.add({ response_bytes: body.length }, { response: text(body) });
    const { page } = await visit(browser, api.url, { hash: { id: r.id, tab: 'response' } });

    await page.getByRole('button', { name: /data:.*40000 items/ }).waitFor();

    const took = await page.evaluate(async () => {
        const began = performance.now();
        document.querySelectorAll('.json-fold')[1].click();
        await new Promise((done) => {
            requestAnimationFrame(() => requestAnimationFrame(done));
        });
        return performance.now() - began;
    });

    t.diagnostic(`${took.toFixed(0)} ms`);
    assert.ok(took < 1000, `${took} ms`);
});
