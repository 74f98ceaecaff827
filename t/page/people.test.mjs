// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: the page serves people in two languages, in light and dark, on
// phones and large screens, and with assistive technology.  A record is text,
// never markup.
//
// Of docs/reliability.md: fault 36.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Api, text } from './lib/api.mjs';
import { launch, sideways, visit } from './lib/browser.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser, api, shown;

before(async () => {
    browser = await launch();
    api = await Api.start();

    for (let i = 0; i < 40; i++) {
        api.add({ streamed: i % 2 === 0, outcome: ['ok', 'upstream_error', 'client_aborted', 'truncated'][i % 4] });
    }

    api.add({ outcome: 'running', status: null, duration_ms: null });
    shown = api.add(
        {
            thread: 't',
            parent: api.records[0].id,
            session: 'a-session',
            usage: {
                input_tokens: 1e6,
                output_tokens: 12345,
                total_tokens: 2e6,
                cached_tokens: 9e5,
                reasoning_tokens: 10,
            },
            model: 'a-model-with-a-name-that-is-much-longer-than-any-column-of-the-list-has-room-for',
            uri: '/v1/' + 'long/'.repeat(60),
            error: { type: 'server_error', code: 'x', message: 'w'.repeat(400) },
        },
        {
            conversation: {
                system: 'S '.repeat(300),
                settings: { temperature: 1 },
                tools: [{ name: 'search', parameters: {} }],
                messages: [
                    { role: 'user', parts: [{ type: 'text', text: 'u'.repeat(2000) }] },
                    {
                        role: 'assistant',
                        parts: [],
                        tool_calls: [{ id: 'c', name: 'search', arguments: '{"q":"' + 'x'.repeat(500) + '"}' }],
                    },
                ],
            },
            answer: {
                choices: [
                    {
                        index: 0,
                        text:
                            '| a | b |\n|---|---|\n| ' +
                            'wide '.repeat(200) +
                            ' | 2 |\n\n```\n' +
                            'code '.repeat(100) +
                            '\n```\n',
                        reasoning: 'r',
                        finish_reason: 'stop',
                    },
                ],
            },
        },
    );
    api.events.set(
        shown.id,
        Array.from({ length: 50 }, (_, i) => ({ ms: i * 9, event: null, data: 'd'.repeat(300), bytes: 300 })),
    );
    api.diffs.set(shown.id, {
        parent: api.records[0].id,
        change: 'tools changed',
        same_messages: 0,
        settings: [],
        tools: { added: [], removed: [], changed: [] },
        system_changed: true,
        first_changed_message: 1,
        cached_tokens: 0,
        expected_cached_tokens: 900,
    });
    Object.assign(api.statistics, {
        duration_ms: { mean: 1, p50: 1, p90: 1, p95: 1, p99: 1 },
        models: [
            {
                name: shown.model,
                requests: 1,
                errors: 1,
                input_tokens: 1,
                output_tokens: 1,
                cached_tokens: 1,
                cost_usd: 1,
                mean_ms: 1,
            },
        ],
        series: [0, 1, 2].map((i) => ({
            at: new Date(1e12 + i * 5000).toISOString(),
            seconds: 5,
            requests: i,
            errors: 1,
            aborted: 0,
            p50_ms: 1,
            p95_ms: 2,
            ttft_p50_ms: 1,
            input_tokens: 1,
            output_tokens: 1,
            cost_usd: 0,
        })),
        zone: {
            name: 'z',
            size_bytes: 1,
            pages: 1,
            pages_free: 1,
            entries: 1,
            records: 1,
            evicted: 1,
            dropped: 1,
            truncated: 1,
            heals: 1,
            worker_died: 1,
        },
    });
});

after(async () => {
    await browser.close();
    await api.stop();
});

const tabs = ['conversation', 'request', 'response', 'stream', 'timing', 'diff', 'headers', 'export'];

async function serious(page) {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));

    return violations
        .filter((v) => v.impact === 'serious' || v.impact === 'critical')
        .map(
            (v) =>
                `${v.id}: ${v.nodes
                    .slice(0, 3)
                    .map((n) => n.target.join(' ') + ' ' + (n.any[0]?.message ?? ''))
                    .join(' | ')}`,
        );
}

for (const width of [390, 1440]) {
    for (const dark of [false, true]) {
        test(`${width} px, ${dark ? 'dark' : 'light'}: nothing is sideways, axe finds nothing serious`, async () => {
            const { page, wrong, close } = await visit(browser, api.url, {
                width,
                height: width === 390 ? 844 : 900,
                dark,
            });

            await page.locator('.row').first().waitFor();
            assert.deepEqual(await serious(page), []);
            assert.ok((await sideways(page)) <= 0, 'list');

            await page.locator('#row-' + shown.id).click();

            for (const [i, tab] of tabs.entries()) {
                await page.keyboard.press(String(i + 1));
                await page.locator(`#tab-${tab}[aria-selected=true]`).waitFor();
                await page.locator('.panel [aria-busy]').waitFor({ state: 'detached' });
                assert.ok((await sideways(page)) <= 0, tab);
                assert.ok(
                    (await page.locator('.panel').evaluate((e) => e.scrollWidth - e.clientWidth)) <= 0,
                    tab + ' panel',
                );
                assert.deepEqual(await serious(page), [], tab);
            }

            await page.goto(api.url + '#view=stats');
            await page.locator('.chart canvas').first().waitFor();
            assert.ok((await sideways(page)) <= 0, 'statistics');
            assert.deepEqual(await serious(page), [], 'statistics');

            await page.keyboard.press('?');
            await page.locator('dialog').waitFor();
            assert.deepEqual(await serious(page), [], 'help');

            assert.deepEqual(wrong, []);
            await close();
        });
    }
}

for (const width of [600, 760, 960, 1200, 2200, 3840]) {
    test(`${width} px: nothing is sideways`, async () => {
        const { page, close } = await visit(browser, api.url, { width, hash: { id: shown.id } });
        await page.locator('.answer').waitFor();
        assert.ok((await sideways(page)) <= 0);
        await page.goto(api.url + '#view=stats');
        await page.locator('.chart canvas').first().waitFor();
        assert.ok((await sideways(page)) <= 0);
        await close();
    });
}

test('the browser decides on the language, the reader can change it, and it is remembered', async () => {
    const { page, close } = await visit(browser, api.url, { locale: 'zh-CN' });
    await page.getByRole('button', { name: '统计' }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
    assert.equal(await page.getByText('Statistics').count(), 0);

    await page.getByRole('button', { name: 'Switch to English' }).click();
    await page.getByRole('button', { name: 'Statistics' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Statistics' }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    await close();

    const english = await visit(browser, api.url, { locale: 'fr-FR' });
    await english.page.getByRole('button', { name: 'Statistics' }).waitFor();
    await english.close();
});

test('in Chinese no English word of the page is left', async () => {
    const { page, close } = await visit(browser, api.url, { locale: 'zh-CN', hash: { id: shown.id } });
    await page.locator('.answer').waitFor();

    const labels = await page
        .locator('button, th, dt, h2, h3, [role=tab], [role=columnheader], label')
        .evaluateAll((list) =>
            list
                .flatMap((e) => [
                    e.getAttribute('aria-label'),
                    e.getAttribute('title'),
                    e.childElementCount === 0 && !e.closest('.value, .chip, .json') ? e.textContent : null,
                ])
                .filter(
                    (s) =>
                        s !== null &&
                        /\b(the|request|response|copy|close|filter|duration|answer|status|time|model)\b/i.test(s),
                ),
        );
    assert.deepEqual(
        labels.filter((s) => !s.includes('a-model') && s !== 'Switch to English'),
        [],
    );
    await close();
});

test('colours follow the system, the reader can change them, and it is remembered', async () => {
    const { page, close } = await visit(browser, api.url, { dark: true });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await ground();

    await page.getByRole('button', { name: 'Theme: system' }).click();
    await page.getByRole('button', { name: 'Theme: light' }).waitFor();
    const light = await ground();
    assert.notEqual(light, dark);

    await page.reload();
    await page.getByRole('button', { name: 'Theme: light' }).waitFor();
    assert.equal(await ground(), light);
    await close();
});

test('a hostile record executes nothing and reaches nowhere', async () => {
    const mark =
        '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script><svg onload="window.hacked=1"></svg>';
    const links = `[a](javascript:window.hacked=1) [b](data:text/html,<script>1</script>) [c](vbscript:x) ![p](https://evil.example/pixel.png) ![q](data:image/svg+xml,<svg onload=alert(1)>)
<a href="javascript:window.hacked=1" onclick="window.hacked=1">x</a> <style>*{display:none}</style><form action="https://evil.example"><input name=q></form>
<iframe src="https://evil.example"></iframe><math><mtext><table><mglyph><style><img src=x onerror="window.hacked=1">`;
    const r = api.add(
        {
            model: mark,
            response_model: mark,
            uri: '/v1/' + mark,
            finish_reason: mark,
            session: mark,
            thread: mark,
            user: mark,
            client: mark,
            key: mark,
            upstream: mark,
            user_agent: mark,
            provider: mark,
            dialect: mark,
            tool_calls: [mark],
            change: mark,
            service_tier: mark,
            error: { type: mark, code: mark, message: mark },
            attempts: [
                {
                    peer: mark,
                    status: 200,
                    connect_ms: 1,
                    header_ms: 1,
                    response_ms: 1,
                    bytes_sent: 1,
                    bytes_received: 1,
                },
            ],
            streamed: true,
        },
        {
            request: {
                ...text(JSON.stringify({ [mark]: mark, list: [mark] })),
                headers: [{ name: mark, value: mark }],
            },
            response: { ...text(mark, 'text/html'), headers: [{ name: 'X', value: mark }] },
            conversation: {
                system: mark,
                settings: { [mark]: mark },
                tools: [{ name: mark, description: mark, parameters: { [mark]: mark } }],
                messages: [
                    {
                        role: mark,
                        name: mark,
                        parts: [
                            { type: 'text', text: mark + '\n\n' + links },
                            { type: 'image', url: 'javascript:window.hacked=1' },
                            {
                                type: 'image',
                                url: 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" onload="window.hacked=1"/>',
                            },
                            { type: mark, value: mark },
                        ],
                        tool_calls: [{ id: mark, name: mark, arguments: `{"x":${JSON.stringify(mark)}}` }],
                    },
                ],
            },
            answer: {
                choices: [
                    {
                        index: 0,
                        text: links + mark,
                        reasoning: links + mark,
                        refusal: mark,
                        tool_calls: [{ id: mark, name: mark, arguments: mark }],
                        finish_reason: mark,
                    },
                ],
            },
            rate_limit: { [mark]: mark },
            usage_raw: { [mark]: mark },
            response_id: mark,
            upstream_request_id: mark,
        },
    );
    api.events.set(r.id, [
        { ms: 1, event: mark, data: mark, bytes: 1 },
        { ms: 2, event: mark, data: JSON.stringify({ [mark]: mark }), bytes: 1 },
    ]);
    Object.assign(api.statistics, {
        models: [
            {
                name: mark,
                requests: 1,
                errors: 0,
                input_tokens: 1,
                output_tokens: 1,
                cached_tokens: 1,
                cost_usd: 1,
                mean_ms: 1,
            },
        ],
    });

    // without the policy, so that nothing but the page itself stands in the way
    const { page, wrong, close } = await visit(browser, api.url, { hash: { id: r.id }, bypassCSP: true });
    page.on('dialog', (d) => {
        wrong.push('dialog');
        void d.dismiss();
    });
    await page.locator('.answer').waitFor();

    const folded = page.locator('.fold-head[aria-expanded=false]');

    for (let n = await folded.count(); n > 0; n--) {
        await folded.first().click();
    }

    assert.deepEqual(
        await page
            .locator('.prose a[href]')
            .evaluateAll((list) => list.map((a) => a.protocol).filter((p) => !/^(https?|mailto):$/.test(p))),
        [],
    );
    assert.equal(
        await page.locator('.prose :is(script, style, iframe, form, input, svg, math, object, img)').count(),
        0,
    );
    assert.equal(await page.locator('img').count(), 0);

    for (const [i, tab] of tabs.entries()) {
        await page.keyboard.press(String(i + 1));
        await page.locator(`#tab-${tab}[aria-selected=true]`).waitFor();
        await page.locator('.panel [aria-busy]').waitFor({ state: 'detached' });
    }

    const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'HTML, self-contained' }).click(),
    ]);
    const stream = await file.createReadStream();
    const html = Buffer.concat(await stream.toArray()).toString();
    assert.ok(!/<script|<img|<svg/.test(html));

    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').getByRole('combobox').waitFor();
    await page.keyboard.type('img');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.goto(api.url + '#view=stats');
    await page.locator('.stats').waitFor();

    assert.equal(await page.evaluate(() => window.hacked), undefined);
    assert.deepEqual(wrong, []);
    await close();
    api.records.pop();
});

test('links of a record open apart, without the opener', async () => {
    const r = api.add(
        {},
        { answer: { choices: [{ index: 0, text: '[m](https://example.org/)', finish_reason: 'stop' }] } },
    );
    const { page, close } = await visit(browser, api.url, { hash: { id: r.id } });
    const link = page.locator('.answer a');
    assert.equal(await link.getAttribute('target'), '_blank');
    assert.match(await link.getAttribute('rel'), /noopener/);
    await close();
    api.records.pop();
});
