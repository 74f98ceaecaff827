// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: the page hides, alters and cuts nothing of a record, and keys do
// what the reader expects.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { text } from './lib/api.mjs';
import { soon } from './lib/browser.mjs';
import { api, show } from './lib/shown.mjs';

// What Markdown takes for HTML was dropped: prompts lost their tags, questions
// about code their code.
test('tags of a message are read, those of Markdown are drawn', async () => {
    const said = [
        'Use <Foo kind="x"> and <my-tag/>, not <b>that</b>.<br>What does <script>alert(1)</script> do? <!-- why -->',
        '<context>\nfirst <i>line</i>\nsecond line\n</context>',
        '<table><tr><td>cell</td></tr></table>',
    ].join('\n\n');
    const r = api.add({}, { answer: { choices: [{ index: 0, text: said, finish_reason: 'stop' }] } });
    const page = await show({ hash: { id: r.id } });
    const prose = page.locator('.answer .prose');
    await prose.waitFor();

    const read = await prose.innerText();

    for (const part of [
        'Use <Foo kind="x"> and <my-tag/>, not that.\nWhat does <script>alert(1)</script> do? <!-- why -->',
        '<context>\nfirst line\nsecond line\n</context>',
        'cell',
    ]) {
        assert.ok(read.includes(part), `${part}\nis not in\n${read}`);
    }

    assert.equal(await prose.locator('b').count(), 1);
    assert.equal(await prose.locator('td').count(), 1);
    assert.equal(await prose.locator('script').count(), 0);
});

// Numbers above 2^53 were rounded, in the tree and in the snippets.
test('a large number is shown as it travelled', async () => {
    const body = '{"model":"gpt-4o","user_id":12345678901234567891,"list":[1,2.5]}';
    const r = api.add({}, { request: text(body) });
    const page = await show({ hash: { id: r.id, tab: 'request' } });
    await page.locator('.json').getByText('12345678901234567891', { exact: true }).waitFor();
    await page.locator('.json').getByText('2.5', { exact: true }).waitFor();

    await page.keyboard.press('8');

    for (const name of ['Python', 'Node']) {
        await page.getByRole('button', { name }).click();
        await page.locator('.export pre').getByText('12345678901234567891').waitFor();
    }
});

test('the type of an error is written as the upstream wrote it', async () => {
    const r = api.add({
        outcome: 'upstream_error',
        status: 500,
        error: { type: 'server_error', code: 'boom', message: 'no' },
    });
    const page = await show({ hash: { id: r.id } });
    const type = page.locator('.notice.error b');
    await type.waitFor();
    assert.equal(await type.evaluate((e) => getComputedStyle(e, '::first-letter').textTransform), 'none');
});

// A path that did not fit was nothing but an ellipsis.
test('of a path that is too long its beginning is read', async () => {
    const r = api.add({ uri: '/v1/chat/completions?' + 'x'.repeat(300) });
    const page = await show({ hash: { id: r.id }, width: 390, height: 844 });
    const line = page.locator('.detail-line .uri');
    await line.waitFor();

    const [whole, value] = await Promise.all([line.boundingBox(), line.locator('.value').boundingBox()]);
    assert.ok(value.x + value.width <= whole.x + whole.width + 1, 'it is cut within');
    assert.ok(value.width > 60);
});

// The line of a single point is nothing: charts of a new install were empty.
test('a chart of one point shows it', async () => {
    api.statistics.series = [
        {
            at: new Date().toISOString(),
            seconds: 900,
            requests: 3,
            errors: 0,
            aborted: 0,
            p50_ms: 640,
            p95_ms: 900,
            ttft_p50_ms: null,
            input_tokens: 5000,
            output_tokens: 40,
            cost_usd: null,
        },
    ];
    const page = await show({ hash: { view: 'stats' } });
    const chart = page.locator('.chart').filter({ hasText: 'Duration' });

    await chart.locator('canvas').waitFor();
    await soon(async () =>
        assert.ok(
            await chart.evaluate((figure) => {
                const canvas = figure.querySelector('canvas');
                const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
                const marker = getComputedStyle(figure.querySelectorAll('.u-marker')[1]).backgroundColor;
                const [r, g, b] = marker.match(/\d+/g).map(Number);

                for (let i = 0; i < data.length; i += 4) {
                    if (data[i] === r && data[i + 1] === g && data[i + 2] === b && data[i + 3] === 255) {
                        return true;
                    }
                }

                return false;
            }),
        ),
    );
});

for (const width of [390, 768, 1280]) {
    test(`${width} px: no table of the statistics leaves its box`, async () => {
        const times = { mean: 123_456, p50: 12_340, p90: 98_760, p95: 123_456, p99: 598_000 };

        Object.assign(api.statistics, { duration_ms: times, ttft_ms: times });
        const page = await show({ hash: { view: 'stats' }, width });
        await page.locator('.card-box').first().waitFor();
        assert.deepEqual(
            await page
                .locator('.card-box')
                .evaluateAll((list) =>
                    list.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.querySelector('h3').textContent),
                ),
            [],
        );
    });
}

// Numbers of another query, or of when the API was there, stood without a word.
test('statistics that cannot be had say so', async () => {
    api.add();
    const page = await show({ hash: { view: 'stats' } });
    await page.locator('.tiles').waitFor();
    await page.route('**/api/stats?*', (route) => route.abort());
    await page.locator('.stats').getByRole('alert').waitFor();
    await page.unroute('**/api/stats?*');
    await page.locator('.stats').getByRole('alert').waitFor({ state: 'detached' });
});

// Where the server is asked again before it has answered, it never rests.
test('statistics that take long are not asked for twice at a time', async () => {
    const page = await show();
    let most = 0;
    let at = 0;
    let answered = 0;

    await page.route('**/api/stats?*', async (route) => {
        most = Math.max(most, ++at);
        await new Promise((done) => {
            setTimeout(done, 2500);
        });
        at--;
        answered++;
        await route.continue().catch(() => undefined);
    });
    await page.keyboard.press('s');
    await soon(() => assert.ok(answered >= 2));
    assert.equal(most, 1);
});

test('the strip names the day of the reader, and draws the range that the server means', async () => {
    const match = (r, q) => q === '' || r.started_at.startsWith('2026-11-25T10:3');
    api.match = match;
    api.add({ started_at: '2026-11-25T10:30:00.000Z' });
    api.add({ started_at: '2026-11-20T20:00:00.000Z' });

    const page = await show({ timezoneId: 'Asia/Tokyo', hash: { q: 'time:2026-11-25T10:00..2026-11-25T11:00' } });
    await page.locator('.row').first().waitFor();
    await page.locator('.bin').first().waitFor();
    await page.locator('.axis').getByText('19:00:00').waitFor();

    await page.getByRole('button', { name: 'Whole time' }).click();
    await page.locator('.row').nth(1).waitFor();
    await page.locator('.axis').getByText(/^11-21 0[0-5]:/).waitFor();
});

test('what is quoted in a query stays as it is when a filter is added', async () => {
    api.add();
    const page = await show({ hash: { q: '"print( x )"' } });
    await page.locator('.chip', { hasText: 'chat' }).click();
    await soon(async () =>
        assert.equal(await page.locator('.search input').inputValue(), '"print( x )" dialect:chat'),
    );
});

// Enter takes what an input method offers, before it is the page's.
test('a word that is being composed is no command', async () => {
    api.add();
    const page = await show();
    const enter = (e) =>
        e.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }));

    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').getByRole('combobox').fill('statistics');
    await page.getByRole('dialog').getByRole('combobox').evaluate(enter);
    assert.equal(await page.getByRole('dialog').count(), 1);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await page.locator('.search input').fill('is:');
    await page.keyboard.press('ArrowDown');
    await page.locator('.search input').evaluate(enter);
    assert.equal(await page.locator('.search input').inputValue(), 'is:');
});

test('the focus stays where it was when a copy takes the old way', async () => {
    const r = api.add();
    const page = await show({ hash: { id: r.id } });
    const button = page.locator('.answer').getByRole('button', { name: 'Copy the answer' });
    await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
    await button.click();
    await page.getByText('Copied').waitFor();
    assert.ok(await button.evaluate((e) => e === document.activeElement));
});

test('one message is not several, and another record is compared with its own', async () => {
    const a = api.add({ thread: 't', message_count: 1 });
    const other = api.add({ message_count: 3 });
    const b = api.add({ thread: 't', parent: a.id });
    const c = api.add({ thread: 't', parent: b.id });
    const page = await show({ hash: { id: b.id, tab: 'diff', with: other.id } });
    const pick = page.getByRole('combobox', { name: 'Compare with' });

    await page.locator('option').getByText(/ 1 message ·/).first().waitFor({ state: 'attached' });
    await page.locator('option').getByText(/ 3 messages ·/).waitFor({ state: 'attached' });
    await soon(async () => assert.equal(await pick.inputValue(), other.id));

    await page.locator('#row-' + c.id).click();
    await soon(async () => assert.equal(await pick.inputValue(), b.id));
    await soon(() => assert.ok(!page.url().includes('with=')));
});

// All calls were given to the first of several choices.
test('calls of a running answer belong to the choice that makes them', async () => {
    const r = api.add(
        { outcome: 'running', status: null, duration_ms: null },
        { answer: { choices: [] }, conversation: null },
    );
    const page = await show({ hash: { id: r.id } });
    await soon(() => assert.ok([...api.viewers].some((v) => v.watch === r.id)));
    api.send('answer', {
        id: r.id,
        choices: [
            { index: 0, text_at: 0, text: 'words', reasoning_at: null, reasoning: null },
            { index: 1, text_at: null, text: null, reasoning_at: null, reasoning: null },
        ],
        tool_calls: [{ index: 1, id: 'c', name: 'search', arguments: '{}' }],
    });
    await page.locator('.answer').nth(1).getByText('search').waitFor();
    assert.equal(await page.locator('.answer').first().getByText('search').count(), 0);
});
