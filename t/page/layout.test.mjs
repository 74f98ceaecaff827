// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: no text is cut, no box is empty, and no label says nothing.  Each
// test holds a fault that a picture of the page showed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { text } from './lib/api.mjs';
import { soon } from './lib/browser.mjs';
import { api, show } from './lib/shown.mjs';

const clipped = (cell) => cell.evaluate((e) => e.scrollWidth > e.clientWidth);

// "<$0.000..." was all that was left of it.
test('the least cost fits its column', async () => {
    const r = api.add({ cost_usd: 1e-7 });
    const page = await show();
    const cell = page.locator(`#row-${r.id}`).getByRole('gridcell').filter({ hasText: '$' });

    assert.equal(await cell.innerText(), '<$0.000001');
    assert.equal(await clipped(cell), false);
});

// A 429 was called "requests" in the list.
test('a failure is called by its code, if that is a word', async () => {
    const failed = { outcome: 'upstream_error', finish_reason: null };
    const named = api.add({
        ...failed,
        status: 429,
        error: { type: 'requests', code: 'rate_limit_exceeded', message: 'Too many.' },
    });
    const numbered = api.add({ ...failed, status: 503, error: { type: 'overloaded', code: 503, message: 'Later.' } });
    const page = await show();

    const finish = async (r, word) => {
        const cell = page.locator(`#row-${r.id}`).getByRole('gridcell').filter({ hasText: word });
        return cell.getAttribute('title');
    };

    assert.equal(await finish(named, 'rate_limit_exceeded'), 'requests: Too many.');
    assert.equal(await finish(numbered, 'overloaded'), 'overloaded: Later.');
});

// Eight tiles in rows of six left a dark box behind the last.
for (const width of [1600, 1440, 1024, 800, 390]) {
    test(`the tiles of the statistics fill their rows at ${width} px, and the buttons stay together`, async () => {
        const page = await show({ width, hash: { view: 'stats' } });
        await page.locator('.tile').last().waitFor();

        const [box, last] = await Promise.all([
            page.locator('.tiles').boundingBox(),
            page.locator('.tile').last().boundingBox(),
        ]);
        assert.ok(Math.abs(box.x + box.width - last.x - last.width) < 3, JSON.stringify({ box, last }));
        assert.ok(Math.abs(box.y + box.height - last.y - last.height) < 3, JSON.stringify({ box, last }));

        const buttons = await page.locator('.stats .panel-bar .button').all();
        const tops = await Promise.all(buttons.map(async (b) => (await b.boundingBox()).y));
        assert.equal(tops.length, 2);
        assert.ok(Math.abs(tops[0] - tops[1]) < 2, tops.join(' '));
    });
}

// Names of the Responses API were all cut to "response.re...".
test('events with names have room for them, others have none', async () => {
    const names = ['response.output_text.delta', 'response.output_text.done'];
    const named = api.add({ streamed: true });
    const plain = api.add({ streamed: true });
    const event = (name, i) => ({ ms: i, event: name, data: '{}', bytes: 2 });

    api.events.set(named.id, names.map(event));
    api.events.set(
        plain.id,
        [null, null].map((name, i) => event(name, i)),
    );

    const page = await show({ hash: { id: named.id, tab: 'stream' } });
    const cell = page.locator('.event > :nth-child(3)');
    await cell.nth(1).waitFor();

    for (const [i, name] of names.entries()) {
        assert.equal(await clipped(cell.nth(i)), false);
        assert.equal(await cell.nth(i).getAttribute('title'), name);
    }

    const other = await show({ hash: { id: plain.id, tab: 'stream' } });
    await other.locator('.event').nth(1).waitFor();
    assert.equal(await other.locator('.event > :nth-child(3)').first().evaluate((e) => e.clientWidth), 0);
});

// A query that was not understood "matched nothing".
test('a query that failed is not said to match nothing', async () => {
    api.add();
    api.refuse = /^modle:/;
    const page = await show({ hash: { q: 'modle:x' } });

    await page.getByText('The monitor did not answer the query.').waitFor();
    assert.equal(await page.getByText('No request matches.').count(), 0);
});

// It offered to ask again for what had been evicted.
test('a record that is gone is not asked for again', async () => {
    const page = await show({ hash: { id: 'r99999999' } });

    await page.getByRole('alert').getByText('the record was evicted').waitFor();
    assert.equal(await page.getByRole('alert').getByRole('button').count(), 0);
});

// The answer to a prompt of 60,000 characters was twenty screens below.
test('of a long message the beginning is shown until all of it is asked for', async () => {
    const text = 'A long prompt. '.repeat(4000) + 'Its end.';
    const r = api.add(
        {},
        {
            conversation: {
                system: null,
                settings: {},
                tools: [],
                messages: [{ role: 'user', parts: [{ type: 'text', text }] }],
            },
        },
    );
    const page = await show({ hash: { id: r.id } });
    const turn = page.locator('.turn[data-role=user]');

    await page.locator('.answer').getByText('Hello.').waitFor();
    assert.ok((await turn.boundingBox()).height < 500);
    assert.ok((await page.locator('.answer').boundingBox()).y < 900);

    await page.getByRole('button', { name: 'Show all 60,008 characters', expanded: false }).click();
    await page.getByRole('button', { name: 'Show less', expanded: true }).waitFor();
    assert.ok((await turn.boundingBox()).height > 2000);
});

// Python that is wrapped is other Python.
test('the first commands are not wrapped on a phone', async () => {
    const page = await show({ width: 390, height: 844 });
    const code = page.locator('.empty pre');
    await code.waitFor();

    const lines = (await code.innerText()).split('\n').length;
    const { height } = await code.boundingBox();
    assert.ok(height <= lines * 18 + 24 + 20, `${lines} lines in ${height} px`);
});

// A word longer than "Live" made three lines of the bar, and moved the page.
test('the bar of a phone has two lines, whatever the state is called', async () => {
    api.refuse = /^modle:/;

    const live = await show({ width: 390, height: 844 });
    await live.locator('.live[data-state=live]').waitFor();
    const height = async (page) => (await page.locator('.bar').boundingBox()).height;
    const wanted = await height(live);

    const refused = await show({ width: 390, height: 844, hash: { q: 'modle:x' } });
    await refused.locator('.live[data-state=refused]').waitFor();
    assert.equal(await height(refused), wanted);
});

// "Tree" was pressed, and did nothing.
test('a body has two shapes only where it is JSON', async () => {
    const r = api.add({ streamed: true }, { response: text('data: {}\n\n', 'text/event-stream') });
    const page = await show({ hash: { id: r.id, tab: 'response' } });

    await page.locator('.raw').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Tree' }).count(), 0);
    await page.getByRole('tab', { name: 'Request' }).click();
    await page.getByRole('button', { name: 'Raw' }).click();
    await page.locator('.raw').waitFor();
    await page.getByRole('button', { name: 'Tree' }).click();
    await page.locator('.json').waitFor();
});

// "Failed to fetch", said the browser, in no language but its own.
test('a monitor that cannot be reached is said in the words of the page', async () => {
    for (const [locale, words] of [
        ['en-US', 'The monitor cannot be reached.'],
        ['zh-CN', '无法连接到监视器。'],
    ]) {
        const page = await show({ locale });
        await page.locator('.live[data-state=live]').waitFor();
        await page.route('**/api/**', (route) => route.abort());
        api.drop();
        await page.locator('.search input').fill('word');
        await page.keyboard.press('Enter');
        await page.locator('.search-error').getByText(words, { exact: true }).waitFor();
    }
});

// English stops ended Chinese words, and changes were named in English.
test('Chinese sentences have their own marks, and name what has changed', async () => {
    const a = api.add({ thread: 't', outcome: 'truncated' });
    const b = api.add({ thread: 't', parent: a.id, change: 'changed at message 2' });
    const page = await show({ locale: 'zh-CN', hash: { id: a.id } });

    await soon(async () => assert.equal(await page.locator('.notice').textContent(), '被截断。上游提前结束了回答。'));
    await page.locator('#row-' + b.id).click();
    await page.locator('.facts').getByText('从第 2 条消息起改变').waitFor();

    const en = await show({ hash: { id: a.id } });
    await soon(async () =>
        assert.equal(
            await en.locator('.notice').innerText(),
            'Truncated. The upstream cut its answer.',
        ),
    );
    await en.locator('#row-' + b.id).click();
    await en.locator('.facts').getByText('changed at message 2').waitFor();
});

// It stood in a line of its own, below the text.
test('the mark of a running answer stands where its text ends', async () => {
    for (const [words, end] of [
        ['Some words.', 'p'],
        ['* one\n* two', 'li:last-child'],
    ]) {
        const r = api.begin({ streamed: true }, { answer: { choices: [{ index: 0, text: words }] } });
        const page = await show({ hash: { id: r.id } });

        await page.locator('.answer ' + end).waitFor();
        assert.equal(await page.locator('.answer .caret').isVisible(), false);
        assert.equal(
            await page.locator('.answer ' + end).evaluate((e) => getComputedStyle(e, '::after').width),
            '8px',
        );
    }
});

// A WebSocket that had ended well was a red bar, and a shutdown was no error.
test('outcomes have one meaning, in the list and in the statistics', async () => {
    api.statistics.by_outcome = { ok: 5, upgraded: 3, shutdown: 2, timeout: 1, client_aborted: 1 };
    const page = await show({ hash: { view: 'stats' } });
    const share = (word) => page.locator('tr', { hasText: word }).locator('.share').getAttribute('class');

    assert.equal(await share('upgraded'), 'share ok');
    assert.equal(await share('shut down'), 'share cut');
    assert.equal(await share('timeout'), 'share error');
    assert.equal(await share('client aborted'), 'share cut');
    assert.equal(await page.locator('.tile', { hasText: 'Errors' }).locator('dd').first().textContent(), '3');
});
