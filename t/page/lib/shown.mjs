// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// What a file of page tests imports: one browser for the file, an API of its own
// for each test.  A test fails when one of its pages noted an error.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import { Api } from './api.mjs';
import { launch, visit } from './browser.mjs';

let browser, open;

export let api;

before(async () => {
    browser = await launch();
});
after(async () => {
    await browser.close();
});
beforeEach(async () => {
    api = await Api.start();
    open = [];
});

afterEach(async () => {
    const wrong = open.flatMap((v) => v.wrong);

    await Promise.all(open.map((v) => v.close()));
    await api.stop();
    assert.deepEqual(wrong, []);
});

export async function show(options) {
    const v = await visit(browser, api.url, options);
    open.push(v);
    return v.page;
}
