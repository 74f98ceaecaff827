// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: however many requests pass, the page keeps no more records than
// the zone has, makes no more rows than are in sight, and its memory stays.
// Seen to fail when the page kept the records that had left the zone, when it
// counted them on, and when it kept what the feed had told.
//
// bench/page counts frames.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, show } from './lib/shown.mjs';

const zone = 1000;
const each = 1000;
const warm = 3;
const rounds = 10;

// MB after all rounds: kept records are more than 4
const growth = 2;

// as many requests as a zone holds, each in three events, up to the last row
async function arrive(page) {
    const made = Array.from({ length: each }, () => api.begin());

    made.forEach((r) => api.change(r, { status: 200, response_bytes: 500 }));
    made.forEach((r) => api.change(r, { outcome: 'ok', duration_ms: 700, finish_reason: 'stop' }));
    api.records.splice(0, api.records.length - zone).forEach((r) => api.details.delete(r.id));

    await page.locator(`#row-${made.at(-1).id}[data-outcome=ok]`).waitFor();
    await page.waitForFunction((n) => document.querySelector('[role=grid]').getAttribute('aria-rowcount') === n, `${zone + 1}`);
}

test(`${each * rounds} requests: rows in sight only, and a heap that does not grow`, async (t) => {
    for (let i = 0; i < zone; i++) {
        api.add();
    }

    const page = await show();
    const session = await page.context().newCDPSession(page);

    await page.waitForFunction((n) => document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') === n, `${zone + 1}`);

    const heap = async () => {
        await session.send('HeapProfiler.collectGarbage');
        return (await session.send('Runtime.getHeapUsage')).usedSize / 1e6;
    };

    // what the first rounds bring stays: code, styles, caches
    for (let i = 0; i < warm; i++) {
        await arrive(page);
    }

    const first = await heap();

    for (let i = 0; i < rounds; i++) {
        await arrive(page);
        assert.ok((await page.locator('.row').count()) < 60);
    }

    const last = await heap();

    t.diagnostic(`heap ${first.toFixed(1)}, then ${last.toFixed(1)} MB`);
    assert.ok(last - first < growth, `the heap: ${first.toFixed(1)}, then ${last.toFixed(1)} MB`);
});
