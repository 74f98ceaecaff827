// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: the page tells the truth when events come in another order than
// usual: the history is cleared meanwhile, an older answer comes late, the
// connection was down, the record is not in the list.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soon } from './lib/browser.mjs';
import { api, show } from './lib/shown.mjs';

const rows = (page) => page.locator('.row');
const ids = (page) => rows(page).evaluateAll((list) => list.map((r) => r.id.slice(4)));
const live = (page) => page.locator('.live[data-state=live]').waitFor();
const total = (page, n) => page.waitForFunction((x) => document.querySelector('.figures dd')?.textContent === x, n);

function fill(n) {
    for (let i = 0; i < n; i++) {
        api.add();
    }
}

async function scrollTo(page, top) {
    await page.locator('.virtual').evaluate((e, y) => {
        e.scrollTop = y;
    }, top);
    await page.waitForFunction(() => Number(document.querySelector('.row')?.getAttribute('aria-rowindex')) > 10);
}

// answers that match are held until the test lets them go
async function hold(page, match) {
    const held = [];
    let free = false;

    await page.route(match, async (route) => {
        const response = await route.fetch();

        if (!free) {
            await new Promise((done) => {
                held.push(done);
            });
        }

        await route.fulfill({ response }).catch(() => undefined);
    });

    return {
        held,
        free: () => {
            free = true;
            held.splice(0).forEach((done) => done());
        },
    };
}

// The rows of a cleared history stayed under a reader who had scrolled, or
// had paused.
for (const how of ['scrolled', 'paused']) {
    test(`a history that is cleared is empty for a reader who has ${how}`, async () => {
        fill(300);
        const page = await show();
        await live(page);

        if (how === 'scrolled') {
            await scrollTo(page, 2000);
        } else {
            await page.keyboard.press('p');
            await page.locator('.live[data-state=paused]').waitFor();
        }

        api.records = [];
        api.send('clear', {});
        await page.getByText('No requests yet').waitFor();

        if (how === 'scrolled') {
            const r = api.begin();
            await page.locator('#row-' + r.id).waitFor();
        }
    });
}

// The list of before the clear came after it, and stayed.
test('an answer of before a clear does not bring the cleared records back', async () => {
    fill(3);
    const page = await show();
    await live(page);
    await rows(page).nth(2).waitFor();

    const { held, free } = await hold(page, '**/api/requests?*');
    await page.getByRole('button', { name: 'Duration' }).click();
    await soon(() => assert.equal(held.length, 1));

    api.records = [];
    api.send('clear', {});
    await soon(async () => assert.equal(await rows(page).count(), 0));
    free();
    await page.getByText('No requests yet').waitFor();
});

// While the rest of the former list was under way, the rest of the next one
// was not asked for: the strip told the sums of its first 200.
test('the rest of a list comes, though that of the list before it is under way', async () => {
    fill(300);
    const page = await show();
    await total(page, '300');

    const { held, free } = await hold(page, '**/api/requests?*page_size=1000*');
    await page.getByRole('button', { name: 'Duration' }).click();
    await soon(() => assert.equal(held.length, 1));
    await page.getByRole('button', { name: 'TTFT' }).click();
    await soon(() => assert.equal(api.asked('/api/requests').at(-1).query.sort, '-ttft'));
    await total(page, '200');
    free();
    await total(page, '300');
});

// With nothing to resume by, a line that came back was taken for a new one:
// what had passed meanwhile was missing, and a failure stayed on the screen.
test('a list that was asked for while the API was away is asked for again when it is back', async () => {
    api.match = (r, q) => q === '' || r.model === 'other';
    api.add({ model: 'other' });
    const page = await show();
    await live(page);
    await rows(page).first().waitFor();

    await page.route('**/api/**', (route) => route.abort());
    api.drop();
    await page.locator('.live[data-state=offline]').waitFor();
    await page.locator('.search input').fill('model:other');
    await page.keyboard.press('Enter');
    await page.locator('.search-error').waitFor();
    await page.locator('.live[data-state=offline]').waitFor();

    const missed = api.add({ model: 'other' });
    await page.unroute('**/api/**');
    await live(page);
    await page.locator('#row-' + missed.id).waitFor();
    await soon(async () => assert.equal(await page.locator('.search-error').count(), 0));
});

// A list that had no more rows, or was left for the statistics, was taken for
// one that is scrolled: it stood still at its top.
test('a list that comes back at its top goes on', async () => {
    api.match = (r, q) => q === '' || r.model === 'rare';
    fill(100);
    const page = await show();
    await live(page);
    await scrollTo(page, 1000);
    await page.keyboard.press('s');
    await page.getByRole('main', { name: 'Statistics' }).waitFor();
    await page.keyboard.press('s');

    const a = api.begin();
    await page.locator('#row-' + a.id).waitFor();
    api.change(a, { outcome: 'ok', status: 200, duration_ms: 1 });

    await scrollTo(page, 1000);
    await page.locator('.search input').fill('model:rare');
    await page.keyboard.press('Enter');
    await page.getByText('No request matches.').waitFor();
    await live(page);

    const b = api.begin({ model: 'rare' });
    await page.locator('#row-' + b.id).waitFor();
});

// A reload that nobody asked for moved the rows, and ended what a pause held.
test('a viewer that lags stays where it has scrolled, and a pause goes on', async () => {
    fill(100);
    const page = await show();
    await live(page);
    await scrollTo(page, 1000);

    const before = await ids(page);
    api.add();
    api.send('lag', { missed: 1 });
    await page.locator('.pill').getByText('1 new').waitFor();
    assert.deepEqual(await ids(page), before);
    await page.locator('.pill').click();
    await soon(async () => assert.equal(await page.locator('.pill').count(), 0));

    await page.keyboard.press('p');
    await page.locator('.live[data-state=paused]').waitFor();
    const asked = api.asked('/api/requests').length;
    const missed = api.add();
    api.send('lag', { missed: 1 });
    const r = api.begin();
    await page.locator('.live').getByText('+1').waitFor();
    assert.equal(api.asked('/api/requests').length, asked);
    assert.equal(await page.locator('#row-' + missed.id).count(), 0);

    await page.keyboard.press('p');
    await page.locator('#row-' + missed.id).waitFor();
    await page.locator('#row-' + r.id).waitFor();
});

// The palette opened the row that the keys stood on, and keys of tabs left the
// record that a link had opened.
test('the palette opens what it names, and the tabs stay with the record of a link', async () => {
    const wanted = api.add({ model: 'wanted' });
    fill(2);
    const page = await show();
    await rows(page).nth(2).waitFor();

    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').getByRole('combobox').fill('wanted chat');
    await page.getByRole('option', { name: /wanted chat\/completions/ }).first().click();
    await page.waitForURL((u) => u.hash.includes('id=' + wanted.id));

    const linked = await show({ hash: { id: wanted.id } });
    await rows(linked).nth(2).waitFor();
    await linked.keyboard.press('5');
    await linked.getByRole('tab', { name: 'Timing', selected: true }).waitFor();
    await soon(() => assert.ok(linked.url().includes('id=' + wanted.id), linked.url()));
});

const running = { outcome: 'running', status: null, duration_ms: null, response_bytes: 10 };
const says = (text) => ({ answer: { choices: [{ index: 0, text, finish_reason: null }] } });

// It was put into the list when it ended, and its text stood still until then.
test('a running record that the filter leaves out is followed, and stays out of the list', async () => {
    api.match = (r, q) => q === '' || r.model === 'other';
    const mine = api.add({ model: 'other' });
    const r = api.add(running, says('One'));
    const page = await show({ hash: { q: 'model:other', id: r.id } });
    await page.locator('.answer').getByText('One').waitFor();
    await page.locator('#row-' + mine.id).waitFor();

    Object.assign(api.details.get(r.id), says('One two'));
    await page.locator('.answer').getByText('One two').waitFor();

    Object.assign(r, { outcome: 'ok', status: 200, duration_ms: 4321 });
    Object.assign(api.details.get(r.id), says('One two three'));
    await page.locator('.answer').getByText('One two three').waitFor();
    await page.locator('.facts').getByText('4.32 s').waitFor();
    assert.deepEqual(await ids(page), [mine.id]);
});

// The clock of its detail went on for as long as the pause did.
test('a record that ends during a pause is over in its detail', async () => {
    const r = api.add(running, says('One'));
    const page = await show({ hash: { id: r.id } });
    await live(page);
    await page.locator('.answer').getByText('One').waitFor();
    await page.keyboard.press('p');
    await page.locator('.live[data-state=paused]').waitFor();

    Object.assign(api.details.get(r.id), says('One and done'));
    api.change(r, { outcome: 'ok', status: 200, duration_ms: 4321 });
    await page.locator('.answer').getByText('One and done').waitFor();
    await page.locator('.facts').getByText('4.32 s').waitFor();
});

// One fetch that failed took the whole detail away, and nothing asked again.
test('what is read stays when the API is away for a moment, and comes when it is back', async () => {
    const r = api.add(running, says('One'));
    const page = await show({ hash: { id: r.id, tab: 'timing' } });
    await live(page);
    await page.locator('.waterfall').waitFor();

    const asked = page.waitForEvent('requestfailed', (q) => q.url().endsWith(r.id));
    await page.route('**/api/request/**', (route) => route.abort());
    await asked;
    await page.locator('.detail').getByRole('alert').waitFor();
    assert.equal(await page.locator('.waterfall').count(), 1);
    await page.unroute('**/api/request/**');
    await page.locator('.detail').getByRole('alert').waitFor({ state: 'detached' });

    // of a record that never came, too
    const done = api.add();
    const late = await show();
    await live(late);
    await late.route('**/api/**', (route) => route.abort());
    api.drop();
    await late.locator('.live[data-state=offline]').waitFor();
    await late.locator('#row-' + done.id).click();
    await late.locator('.detail').getByRole('alert').waitFor();
    await late.unroute('**/api/**');
    await late.locator('.answer').getByText('Hello.').waitFor();
});

// What began and ended between the first list and the feed's first word was in
// neither, and missing until the page was loaded again.
for (const how of ['of a new page', 'of another query']) {
    test(`the list ${how} has what passed before its feed began to tell`, async () => {
        let open;

        api.match = (r, q) => q === '' || r.model === 'other';
        api.add({ model: 'other' });

        const page = how === 'of a new page' ? null : await show();
        await (page === null ? null : live(page));
        const before = api.asked('/api/requests').length;

        api.opening = new Promise((done) => {
            open = done;
        });

        const seen = page ?? (await show());

        if (page !== null) {
            await page.locator('.search input').fill('model:other');
            await page.keyboard.press('Enter');
        }

        // a feed that lets itself be waited for does not keep the list back
        await soon(() => assert.ok(api.asked('/api/requests').length > before));
        await rows(seen).first().waitFor();

        const missed = api.add({ model: 'other' });
        api.opening = null;
        open();
        await seen.locator('#row-' + missed.id).waitFor();
    });
}

test('the first list is asked for when the feed has said from where on it tells, and once', async () => {
    api.add();
    const page = await show();
    await live(page);
    await rows(page).first().waitFor();

    const paths = api.requests.map((r) => r.path);
    assert.ok(paths.indexOf('/api/events') < paths.indexOf('/api/requests'), paths.join(' '));
    assert.equal(api.asked('/api/requests').length, 1);
});

// Records that left the zone for want of memory stayed in the list; then they
// were looked for by a request every five seconds.
test('what had to make room leaves the list when the feed says so, and nobody asks', async () => {
    fill(20);
    const late = api.begin();
    const page = await show();
    await live(page);
    await rows(page).nth(20).waitFor();

    // who ends last leaves last, whenever it began
    api.change(late, {
        outcome: 'ok',
        status: 200,
        started_at: api.records[0].started_at,
        duration_ms: 600_000,
    });

    const gone = api.evict(7);
    await soon(async () => assert.equal(await rows(page).count(), 14));
    assert.deepEqual(
        (await ids(page)).filter((id) => gone.includes(id)),
        [],
    );
    assert.ok((await ids(page)).includes(late.id));
    await total(page, '14');
    assert.equal(api.requests.filter((r) => r.query.body === 'none').length, 0);
});

const place = (page, id) => page.locator('#row-' + id).evaluate((e) => e.getBoundingClientRect().top);
const inSight = (page) =>
    page.evaluate(() => {
        const box = document.querySelector('.virtual').getBoundingClientRect();
        return [...document.querySelectorAll('.row')]
            .filter((r) => r.getBoundingClientRect().bottom > box.top && r.getBoundingClientRect().top < box.bottom)
            .map((r) => r.id.slice(4));
    });

// They stayed for as long as somebody was not at the top.
for (const sort of ['-started_at', 'started_at']) {
    test(`what had to make room leaves the list of who has scrolled, and nothing moves: ${sort}`, async () => {
        fill(300);
        const page = await show({ hash: { sort } });
        await live(page);
        await total(page, '300');
        await scrollTo(page, 3010);

        const seen = await inSight(page);
        const y = await place(page, seen[3]);
        const height = () => page.locator('.virtual').evaluate((e) => e.scrollHeight);
        const before = await height();

        api.evict(50);
        await soon(async () => assert.equal(await height(), before - 50 * 28));
        assert.deepEqual(await inSight(page), seen);
        assert.equal(await place(page, seen[3]), y);
        await total(page, '250');

        // what comes new does not bring them back, nor does it move anything
        api.add();
        api.send('lag', { missed: 1 });
        await page.locator('.pill').waitFor();
        assert.deepEqual(await inSight(page), seen);
        assert.equal(await place(page, seen[3]), y);
    });
}

test('what is read stays until it is out of sight, and says that it has left', async () => {
    fill(300);
    const page = await show({ hash: { sort: 'started_at' } });
    await live(page);
    await total(page, '300');
    await scrollTo(page, 2800);

    const seen = await inSight(page);
    const y = await place(page, seen[3]);
    const row = page.locator('#row-' + seen[3]);

    await row.focus();
    api.evict(200);
    await page.locator(`#row-${seen[3]}[aria-disabled=true]`).waitFor();
    assert.equal(await row.getAttribute('title'), 'No longer in the list');
    assert.equal(await row.evaluate((e) => e === document.activeElement), true);
    assert.deepEqual(await inSight(page), seen);
    assert.equal(await place(page, seen[3]), y);
    await soon(async () =>
        assert.equal(await page.locator('.figures dd').first().textContent(), String(101 + seen.length)),
    );

    await page.locator('.virtual').evaluate((e) => {
        e.scrollTop += 1200;
    });
    await total(page, '100');
    assert.equal(await page.locator('.row[aria-disabled=true]').count(), 0);
});

// The list was cut to what comes at once, and who was further down was thrown
// to its end.
test('a viewer that lags stays far down in a long list', async () => {
    fill(2600);
    const page = await show();
    await live(page);

    for (const n of [1000, 2000, 2600]) {
        await page.locator('.virtual').evaluate((e) => {
            e.scrollTop = e.scrollHeight;
        });
        await page.waitForFunction((y) => document.querySelector('.virtual')?.scrollHeight >= y, n * 28);
    }

    await page.locator('.virtual').evaluate((e) => {
        e.scrollTop = 2300 * 28;
    });
    await page.waitForFunction(() => document.querySelector('.row')?.getAttribute('aria-rowindex') === '2296');

    const seen = await inSight(page);

    api.add();
    api.send('lag', { missed: 1 });
    await page.locator('.pill').waitFor();
    await soon(() => assert.ok(api.asked('/api/requests').filter((r) => r.query.page === '3').length > 1));
    await soon(async () => assert.deepEqual(await inSight(page), seen));
    await page.locator('.pill').click();
    await page.waitForFunction(() => document.querySelector('.row')?.getAttribute('aria-rowindex') === '2');
});

// It was taken for gone, and missing until it said something.
test('what runs when the history is cleared goes on', async () => {
    fill(3);
    const r = api.begin();
    const page = await show();
    await live(page);
    await rows(page).nth(3).waitFor();

    api.records = [r];
    api.send('clear', {});
    await soon(async () => assert.deepEqual(await ids(page), [r.id]));
    await total(page, '1 1 running');
});

test('a record that is opened and is not there any more says so, and leaves the list', async () => {
    fill(3);
    const page = await show();
    await live(page);
    await rows(page).nth(2).waitFor();

    const [old] = api.records.splice(0, 1);
    await page.locator('#row-' + old.id).click();
    await page.locator('.detail').getByText('the record was evicted').waitFor();
    await page.locator('#row-' + old.id).waitFor({ state: 'detached' });
});
