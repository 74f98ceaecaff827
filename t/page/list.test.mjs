// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: the list is live, stands still for a reader who has scrolled, loses
// no record when the connection breaks, and a link opens the same view.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soon } from './lib/browser.mjs';
import { api, show } from './lib/shown.mjs';

const rows = (page) => page.locator('.row');
const ids = (page) => rows(page).evaluateAll((list) => list.map((r) => r.id.slice(4)));
const live = (page) => page.locator('.live[data-state=live]').waitFor();

test('the first screen explains itself, and the first request replaces it', async () => {
    const page = await show();

    await page.getByText('Listening on http://127.0.0.1:8080').waitFor();
    await page.getByText('OpenAI(base_url="http://127.0.0.1:8080/v1")').waitFor();

    const r = api.begin();
    await page.locator('#row-' + r.id).waitFor();
    assert.equal(await page.getByText('No requests yet').count(), 0);
});

test('a running request is on top with a ticking clock, bytes and tokens, then takes its place', async () => {
    api.add();
    api.add();
    const page = await show();
    await live(page);

    const r = api.begin({ started_at: new Date(Date.now() - 1_200_000).toISOString() });
    const row = page.locator('#row-' + r.id);
    await row.waitFor();
    assert.equal((await ids(page))[0], r.id);

    const first = await row.textContent();
    await page.waitForFunction(([id, was]) => document.getElementById('row-' + id).textContent !== was, [r.id, first]);

    api.change(r, { response_bytes: 4321, estimated_output_tokens: 77 });
    await row.getByText('4.3 kB').waitFor();
    await row.getByText('≈77').waitFor();

    api.change(r, { outcome: 'ok', status: 200, duration_ms: 1234, finish_reason: 'stop' });
    await row.getByText('1.23 s').waitFor();
    await page.waitForFunction((id) => document.querySelector('.row:last-child')?.id === 'row-' + id, r.id);
});

test('rows do not move under a reader who scrolled: a pill counts what is new', async () => {
    for (let i = 0; i < 300; i++) {
        api.add();
    }

    const page = await show();
    await live(page);
    await page.locator('.virtual').evaluate((e) => {
        e.scrollTop = 2000;
    });
    await page.waitForFunction(() => Number(document.querySelector('.row')?.getAttribute('aria-rowindex')) > 30);
    const before = await ids(page);

    const r = api.begin();
    api.begin();
    const pill = page.locator('.pill');
    await pill.getByText('2 new').waitFor();
    assert.deepEqual(await ids(page), before);

    await pill.click();
    await page.locator('#row-' + r.id).waitFor();
    await soon(async () => assert.equal(await pill.count(), 0));
});

test('only the rows in sight exist, and the whole list can be reached', async () => {
    for (let i = 0; i < 900; i++) {
        api.add();
    }

    const page = await show();
    await page.waitForFunction(() => document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') === '901');
    assert.ok((await rows(page).count()) < 80);
    await page.waitForFunction(() => document.querySelector('.virtual')?.scrollHeight >= 900 * 28);
    await page.locator('.virtual').evaluate((e) => {
        e.scrollTop = e.scrollHeight;
    });
    await page.locator('#row-' + api.records[0].id).waitFor();
});

test('a pause holds everything back, and going on shows it', async () => {
    api.add();
    const page = await show();
    await live(page);
    await page.keyboard.press('p');
    await page.locator('.live[data-state=paused]').waitFor();

    const r = api.begin();
    await page.locator('.live').getByText('+1').waitFor();
    assert.equal(await page.locator('#row-' + r.id).count(), 0);

    await page.keyboard.press('p');
    await page.locator('#row-' + r.id).waitFor();
});

test('a broken line is taken up again where it broke', async () => {
    api.add();
    const page = await show();
    await live(page);
    api.begin();
    await rows(page).nth(1).waitFor();

    const cursor = api.cursor;
    api.drop();
    await page.waitForFunction(() => document.querySelector('.live').dataset.state !== 'live');
    await live(page);
    assert.equal([...api.viewers][0].last, String(cursor));

    const r = api.begin();
    await page.locator('#row-' + r.id).waitFor();
});

test('a viewer that lags loads the list again; a cleared history is empty', async () => {
    api.add();
    const page = await show();
    await live(page);

    const missed = api.add();
    assert.equal(await page.locator('#row-' + missed.id).count(), 0);
    api.send('lag', { missed: 1 });
    await page.locator('#row-' + missed.id).waitFor();

    api.records = [];
    api.send('clear', {});
    await page.getByText('No requests yet').waitFor();
});

test('what fell out of the filter while it ran leaves the list', async () => {
    api.match = (r, q) => q === '' || r.outcome === 'running';
    const r = api.add({ outcome: 'running', status: null, duration_ms: null });
    const page = await show({ hash: { q: 'is:running' } });
    await page.locator('#row-' + r.id).waitFor();

    r.outcome = 'ok';
    await page.locator('#row-' + r.id).waitFor({ state: 'detached', timeout: 20_000 });
});

test('a running record that ended and fits no more is taken back by the feed at once', async () => {
    const r = api.add({ outcome: 'running', status: null, duration_ms: null });
    const page = await show({ hash: { q: 'is:running' } });
    await page.locator('#row-' + r.id).waitFor();
    await live(page);

    api.send('unmatch', { id: r.id });
    await page.locator('#row-' + r.id).waitFor({ state: 'detached', timeout: 2_000 });
});

test('columns are chosen, and remembered', async () => {
    api.add({ user_agent: 'agent-of-a-client' });
    const page = await show({ width: 2400 });
    await rows(page).first().waitFor();
    assert.equal(await page.getByText('agent-of-a-client').count(), 0);

    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('menuitemcheckbox', { name: 'User agent' }).click();
    await page.keyboard.press('Escape');
    await page.getByText('agent-of-a-client').waitFor();

    await page.reload();
    await page.getByText('agent-of-a-client').waitFor();
});

test('sorting asks the server, orders the rows, and is in the address', async () => {
    const slow = api.add({ duration_ms: 9000 });
    api.add({ duration_ms: 10 });
    const page = await show();
    await rows(page).nth(1).waitFor();

    await page.getByRole('button', { name: 'Duration' }).click();
    await page.waitForFunction((id) => document.querySelector('.row')?.id === 'row-' + id, slow.id);
    await soon(() => assert.match(page.url(), /sort=-duration/));
    await soon(() => assert.ok(api.asked('/api/requests').some((r) => r.query.sort === '-duration')));
    await soon(async () => assert.equal(await page.locator('[aria-sort=descending]').count(), 1));

    await page.getByRole('button', { name: 'Duration' }).click();
    await page.waitForFunction((id) => ![undefined, 'row-' + id].includes(document.querySelector('.row')?.id), slow.id);
    await soon(() => assert.match(page.url(), /sort=duration/));
});

// The list was cut by the page once: pages of it that were not loaded yet, the
// live feed and exports went on with the whole.
test('a drag over the histogram is a term of the query, for the server and the address', async () => {
    const within = (r, q) => {
        const [, from, to] = /time:(\S+)\.\.(\S+)/.exec(q) ?? [];
        return from === undefined || (r.started_at >= from && r.started_at < to);
    };

    api.match = within;
    api.add({ started_at: new Date(Date.now() - 3_000_000).toISOString() });
    const late = api.add({ started_at: new Date(Date.now() - 60_000).toISOString() });
    const page = await show({ hash: { q: 'is:ok OR model:gpt-4o' } });
    await rows(page).nth(1).waitFor();

    const box = await page.locator('.histogram svg').boundingBox();
    await page.mouse.move(box.x + box.width * 0.7, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 1, box.y + 20, { steps: 4 });
    await page.mouse.up();

    await page.waitForFunction(() => document.querySelectorAll('.row').length === 1);
    assert.deepEqual(await ids(page), [late.id]);

    const q = await page.locator('.search input').inputValue();
    assert.match(q, /^\(is:ok OR model:gpt-4o\) time:20\d\d-\S+:\d\dZ\.\.20\d\d-\S+Z$/);
    assert.ok(within(late, q));
    await soon(() => assert.equal(new URLSearchParams(new URL(page.url()).hash.slice(1)).get('q'), q));
    assert.equal(api.asked('/api/requests').at(-1).query.q, q);
    await page.waitForFunction(() => document.querySelector('.live') !== null);
    assert.equal([...api.viewers].at(-1).q, q);

    await page.getByRole('button', { name: 'Whole time' }).click();
    await rows(page).nth(1).waitFor();
    await soon(async () => assert.equal(await page.locator('.search input').inputValue(), '(is:ok OR model:gpt-4o)'));
});

test('a price below what is shown is not nothing', async () => {
    api.add({ cost_usd: 1.4e-7 });
    const page = await show();
    await rows(page).getByText('<$0.000001', { exact: true }).waitFor();
});

test('moments and ages are completed', async () => {
    const page = await show();

    await page.locator('.search input').pressSequentially('ti');
    await page.getByRole('option', { name: 'time:', exact: true }).waitFor();
    await page.keyboard.press('Tab');
    await page.getByRole('option', { name: /^time:>20\d\d-\d\d-\d\dT\d\d:\d\dZ$/ }).waitFor();

    await page.locator('.search input').fill('age:');
    await page.getByRole('option', { name: 'age:<5m' }).click();
    await soon(() => assert.match(page.url(), /q=age%3A%3C5m/));
});

test('chips count endpoints and models, and filter by them', async () => {
    api.match = (r, q) => q === '' || (q === 'model:other' ? r.model === 'other' : r.model !== 'other');
    api.add({ model: 'other' });
    api.add();
    api.add();
    const page = await show();
    const chip = page.locator('.chip', { hasText: 'other' });

    await chip.click();
    await page.waitForFunction(() => document.querySelectorAll('.row').length === 1);
    await soon(() => assert.match(page.url(), /q=model%3Aother/));
    await soon(async () => assert.equal(await chip.getAttribute('aria-pressed'), 'true'));

    await chip.click();
    await rows(page).nth(2).waitFor();

    await chip.click({ modifiers: ['Shift'] });
    await page.waitForFunction(() => document.querySelectorAll('.row').length === 2);
    await soon(() => assert.match(decodeURIComponent(page.url()), /q=-model:other/));
});

test('the search box completes, sends the query, and shows what the server suggests', async () => {
    api.match = (r, q) => q === '' || r.model === 'other';
    api.refuse = /^modle:/;
    api.add({ model: 'other' });
    api.add();
    const page = await show();
    await rows(page).nth(1).waitFor();

    await page.keyboard.press('/');
    await page.keyboard.type('mod');
    await page.getByRole('option', { name: 'model:' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type('ot');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelectorAll('.row').length === 1);
    await soon(async () => assert.equal(await page.getByRole('combobox').inputValue(), 'model:other '));

    await page.getByRole('combobox').fill('modle:other');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('did you mean "model"?').waitFor();
    await page.getByRole('button', { name: 'model:other' }).click();
    await page.getByRole('alert').waitFor({ state: 'detached' });

    // who writes a span where a moment belongs
    api.refuse = /^time:/;
    api.refusal = '"q": invalid moment "<5m"; use a form such as 2026-11-25T10:00, did you mean "age"?';
    await page.getByRole('combobox').fill('time:<5m');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText(/^invalid moment/).waitFor();
    await page.getByRole('button', { name: 'age:<5m' }).click();
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await soon(async () => assert.equal(await page.getByRole('combobox').inputValue(), 'age:<5m'));
    await page.getByRole('combobox').fill('model:other');
    assert.equal(await rows(page).count(), 1);
});

test('a click on a value filters by it, or without it', async () => {
    api.add({ client: '10.1.2.3' });
    const page = await show();
    await rows(page).first().click();

    await page.locator('.facts').getByRole('button', { name: '10.1.2.3' }).click();
    await page.getByRole('menuitem', { name: 'Without 10.1.2.3' }).click();
    await soon(async () => assert.equal(await page.getByRole('combobox').inputValue(), '-client:10.1.2.3'));

    await page.locator('.facts').getByRole('button', { name: '10.1.2.3' }).click();
    await page.getByRole('menuitem', { name: 'Only 10.1.2.3' }).click();
    await soon(async () => assert.equal(await page.getByRole('combobox').inputValue(), 'client:10.1.2.3'));
});

test('the keys work: j k Enter Esc [ ] 1–8 d c x ? s and the palette', async () => {
    const a = api.add({ thread: 't' });
    api.add();
    const c = api.add({ thread: 't', parent: a.id });
    const page = await show();
    await rows(page).nth(2).waitFor();

    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.waitForURL((u) => u.hash.includes('id=' + c.id));

    await page.keyboard.press('[');
    await page.waitForURL((u) => u.hash.includes('id=' + a.id));
    await page.keyboard.press(']');
    await page.waitForURL((u) => u.hash.includes('id=' + c.id));

    for (const [key, name] of [
        ['2', 'Request'],
        ['3', 'Response'],
        ['5', 'Timing'],
        ['7', 'Headers'],
        ['8', 'Export'],
        ['d', 'Diff'],
        ['1', 'Conversation'],
    ]) {
        await page.keyboard.press(key);
        await page.getByRole('tab', { name, selected: true }).waitFor();
    }

    await page.keyboard.press('c');
    await page.getByText('Copied').waitFor();
    await soon(async () =>
        assert.match(
            await page.evaluate(() => navigator.clipboard.readText()),
            /^curl -g?N .*\$OPENAI_API_KEY/s,
        ),
    );

    await page.keyboard.press('x');
    await page.getByText('This request is not running').waitFor();

    await page.keyboard.press('Escape');
    await page.locator('.detail').waitFor({ state: 'detached' });

    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Help' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await page.keyboard.press('s');
    await page.getByRole('main', { name: 'Statistics' }).waitFor();
    await page.keyboard.press('s');

    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').getByRole('combobox').waitFor();
    await page.keyboard.type('statistics 24');
    await page.keyboard.press('Enter');
    await page.waitForURL((u) => u.hash.includes('window=24h'));
});

test('a link opens the record in the tab it names; back closes it', async () => {
    const r = api.add();
    const page = await show({ hash: { id: r.id, tab: 'headers' } });

    await page.getByRole('tab', { name: 'Headers', selected: true }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.detail').waitFor({ state: 'detached' });

    await rows(page).first().click();
    await page.locator('.detail').waitFor();
    await page.goBack();
    await page.locator('.detail').waitFor({ state: 'detached' });

    const gone = await show({ hash: { id: 'r0' } });
    await gone.getByText('the record was evicted').waitFor();
});

test('title and favicon tell of errors', async () => {
    api.add();
    const page = await show();
    await live(page);
    assert.equal(await page.locator('link[rel=icon]').getAttribute('data-state'), 'quiet');

    const r = api.begin();
    await page.waitForFunction(() => /1 running/.test(document.title));
    api.change(r, {
        outcome: 'upstream_error',
        status: 502,
        duration_ms: 9,
        error: { type: 'bad_gateway', code: null, message: 'no' },
    });
    await page.locator('link[rel=icon][data-state=error]').waitFor({ state: 'attached' });
    await page.waitForFunction(() => /1 error/.test(document.title));
});
