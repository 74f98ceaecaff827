// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: page and module work together.  A browser shows real traffic that
// went through nginx, from the first token to the export.
//
// Of docs/reliability.md: fault 36.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { Nginx } from '../e2e/lib/nginx.mjs';
import { launch, sideways, visit } from './lib/browser.mjs';
import { requestsOfHar } from './lib/devtools.mjs';

const first = Number(process.env.OPENAI_MONITOR_TEST_PORT ?? 24280);
const at = { proxy_port: first, view_port: first + 1, upstream_port: first + 2 };
const proxy = `http://127.0.0.1:${at.proxy_port}`;
const view = `http://127.0.0.1:${at.view_port}/`;

let browser, nginx, upstream, answer;

before(async () => {
    upstream = createServer((req, res) => answer(req, res));
    await new Promise((done) => {
        upstream.listen(at.upstream_port, '127.0.0.1', done);
    });
    nginx = await Nginx.start(at);
    browser = await launch();
});

after(async () => {
    await browser?.close();
    await nginx?.stop();
    upstream.closeAllConnections();
    upstream.close();
    assert.deepEqual(nginx.complaints(), []);
});

const json =
    (body, status = 200) =>
    (_, res) =>
        res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));

const said = (content, more = {}) =>
    json({
        id: 'c1',
        object: 'chat.completion',
        model: 'gpt-4o-2024-08-06',
        choices: [{ index: 0, message: { role: 'assistant', content, ...more }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 },
    });

const ask = (body, path = '/v1/chat/completions', headers = {}) =>
    fetch(proxy + path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: 'Bearer a-word', ...headers },
        body: JSON.stringify(body),
    });

async function sent(body, path, headers) {
    const res = await ask(body, path, headers);
    await res.arrayBuffer();
    return res.headers.get('x-monitor-id');
}

// A stream that goes on when the test says so.
function stream() {
    const s = {};
    const started = new Promise((done) => {
        s.started = done;
    });

    answer = (req, res) => {
        res.writeHead(200, { 'Content-Type': 'text/event-stream' });
        s.closed = new Promise((done) => {
            res.on('close', done);
        });
        s.say = (content) =>
            res.write(
                `data: ${JSON.stringify({ id: 'c', model: 'gpt-4o', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`,
            );
        s.end = () =>
            res.end(
                `data: ${JSON.stringify({ id: 'c', model: 'gpt-4o', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`,
            );
        s.say('Once ');
        s.started();
    };

    return {
        ...s,
        ready: started,
        get say() {
            return s.say;
        },
        get end() {
            return s.end;
        },
        get closed() {
            return s.closed;
        },
    };
}

test('a new install explains itself; the first request replaces the explanation', async () => {
    const { page, wrong, close } = await visit(browser, view);
    await page.getByText(`Listening on ${proxy}`).waitFor();

    answer = said('Hello from upstream.');
    const id = await sent({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Say hello.' }] });
    await page.locator('#row-' + id).click();
    await page.locator('.answer').getByText('Hello from upstream.').waitFor();
    await page.locator('.turn[data-role=user]').getByText('Say hello.').waitFor();
    await page.locator('.facts').getByText('$0.0001').waitFor();
    assert.deepEqual(wrong, []);
    await close();
});

test('words of a running answer appear while the upstream waits', async () => {
    const s = stream();
    const res = await ask({ model: 'gpt-4o', stream: true, messages: [{ role: 'user', content: 'Tell a story.' }] });
    const id = res.headers.get('x-monitor-id');
    await s.ready;

    const { page, wrong, close } = await visit(browser, view, { hash: { id } });
    await page.locator('.answer').getByText('Once').waitFor();

    // each word shows before the next one is said
    for (let i = 0; i < 10; i++) {
        s.say(`word${i} `);
        await page.locator('.answer').getByText(`word${i}`).waitFor();
    }

    s.end();
    await res.arrayBuffer();
    await page.locator('.detail-line').getByText('ok').waitFor();
    await page.locator('.answer').getByText('Once word0 word1').waitFor();
    assert.deepEqual(wrong, []);
    await close();
});

test('a running request is cancelled from the page', async () => {
    const s = stream();
    const res = await ask({ model: 'gpt-4o', stream: true, messages: [{ role: 'user', content: 'Go on for ever.' }] });
    await s.ready;

    const { page, close } = await visit(browser, view, { hash: { id: res.headers.get('x-monitor-id') } });
    await page.getByRole('button', { name: 'Cancel' }).click();
    await s.closed;
    await page.locator('.detail-line').getByText('client aborted').waitFor();
    await assert.rejects(res.arrayBuffer());
    await close();
});

test('the query language finds, refuses and suggests; the feed keeps to the filter', async () => {
    answer = said('The albatross flies.');
    const bird = await sent({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Which bird?' }] });
    answer = json({ error: { message: 'slow down', type: 'rate_limit_error', code: 'rate_limit_exceeded' } }, 429);
    const limited = await sent({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Now!' }] });

    const { page, close } = await visit(browser, view, { hash: { q: 'albatross' } });
    await page.locator('#row-' + bird).waitFor();
    assert.equal(await page.locator('.row').count(), 1);

    const box = page.getByRole('combobox');
    await box.fill('status:4xx has:error');
    await box.press('Enter');
    await page.locator('#row-' + limited).waitFor();
    await page.locator('#row-' + bird).waitFor({ state: 'detached' });

    answer = said('Not an error.');
    await sent({ model: 'gpt-4o', messages: [] });
    answer = json({ error: { message: 'no', type: 'x' } }, 404);
    const missing = await sent({ model: 'gpt-4o', messages: [] });
    await page.locator('#row-' + missing).waitFor();
    assert.equal(await page.locator('.row').count(), 2);

    await box.fill('modle:gpt-4o');
    await box.press('Enter');
    await page.locator('.search-error').getByRole('button', { name: 'model:gpt-4o' }).click();
    await page.locator('.search-error').waitFor({ state: 'detached' });
    await page.locator('.row').nth(2).waitFor();
    await close();
});

test('a conversation goes on: neighbours, and what changed', async () => {
    answer = said('Two.');
    const messages = [
        { role: 'system', content: 'Count.' },
        { role: 'user', content: 'One?' },
    ];
    const one = await sent({ model: 'gpt-4o', messages });
    messages.push({ role: 'assistant', content: 'Two.' }, { role: 'user', content: 'And then?' });
    const two = await sent({ model: 'gpt-4o', messages });

    const { page, wrong, close } = await visit(browser, view, { hash: { id: two, tab: 'diff' } });
    await page.getByText('append-only').first().waitFor();
    await page.locator('.change').getByText('And then?').waitFor();
    await page
        .locator('.panel')
        .getByText(/2 messages unchanged/)
        .waitFor();

    await page.keyboard.press('[');
    await page.waitForURL((u) => u.hash.includes(one));
    await page.getByText('The first request of its conversation.').waitFor();

    // whoever is faster than the list goes back, too
    await page.keyboard.press(']');
    await page.waitForURL((u) => u.hash.includes(two));
    await page.route('**/api/requests?*', () => {});
    await page.reload();
    await page.getByText('append-only').first().waitFor();
    await page.keyboard.press('[');
    await page.waitForURL((u) => u.hash.includes(one));
    assert.deepEqual(wrong, []);
    await close();
});

test('stream, timing, headers and bodies of a record are those that travelled', async () => {
    answer = (req, res) => {
        res.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Request-Id': 'req_7' });
        for (const word of ['a', 'b', 'c']) {
            res.write(`data: {"id":"c","model":"gpt-4o","choices":[{"index":0,"delta":{"content":"${word}"}}]}\n\n`);
        }
        res.end('data: [DONE]\n\n');
    };
    const id = await sent({ model: 'gpt-4o', stream: true, messages: [{ role: 'user', content: 'abc' }] });
    const { page, wrong, close } = await visit(browser, view, { hash: { id, tab: 'stream' } });

    await page.locator('.event').nth(3).waitFor();
    assert.match(await page.locator('.event').first().textContent(), /\+[\d.]+ m?s.*"content":"a"/);

    await page.keyboard.press('5');
    await page.locator('.waterfall tbody tr').first().waitFor();
    await page.locator('.plain-table').getByText(`127.0.0.1:${at.upstream_port}`).waitFor();

    await page.keyboard.press('7');
    await page.getByText('req_7').first().waitFor();
    assert.equal(await page.getByText('a-word').count(), 0);

    await page.keyboard.press('2');
    await page.locator('.json').getByText('messages').waitFor();
    assert.deepEqual(wrong, []);
    await close();
});

test('exports hold what the filter finds, and no secret', async () => {
    answer = said('Exported.');
    const id = await sent({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Export me.' }] });
    const { page, close } = await visit(browser, view, { hash: { id, tab: 'export' } });

    for (const format of ['har', 'jsonl']) {
        const href = await page.locator(`.panel a[href*="format=${format}"]`).getAttribute('href');
        const text = await (await fetch(new URL(href, view))).text();
        assert.ok(text.includes('Export me.') && !text.includes('a-word'), format);

        if (format === 'har') {
            const { log } = JSON.parse(text);
            assert.equal(log.version, '1.2');
            assert.equal(log.entries.length, 1);
        } else {
            assert.equal(text.trim().split('\n').length, 1);
        }
    }

    await close();
});

test("statistics count the traffic, and never the page's own requests", async () => {
    const count = async () => (await (await fetch(view + 'api/stats')).json()).requests;
    const before = await count();
    const { page, wrong, close } = await visit(browser, view, { hash: { view: 'stats', window: 'all' } });

    await page.locator('.tiles').getByText(String(before), { exact: true }).first().waitFor();
    answer = said('One more.');
    await sent({ model: 'gpt-4o', messages: [] });
    await page
        .locator('.tiles')
        .getByText(String(before + 1), { exact: true })
        .first()
        .waitFor();
    await page.locator('.chart canvas').first().waitFor();
    assert.equal(await count(), before + 1);
    assert.deepEqual(wrong, []);
    await close();
});

test('markup and scripts on the wire are text on the page', async () => {
    const mark = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
    answer = said(mark + ' [x](javascript:window.hacked=1) ![y](https://evil.example/y.png)', {
        tool_calls: [{ id: 'c', type: 'function', function: { name: mark, arguments: mark } }],
    });
    const id = await sent(
        {
            model: mark,
            messages: [{ role: 'user', name: mark, content: mark }],
            tools: [{ type: 'function', function: { name: mark, description: mark, parameters: {} } }],
        },
        '/v1/chat/completions?x=' + encodeURIComponent(mark),
        { 'X-Mark': mark, 'User-Agent': mark },
    );
    const { page, wrong, close } = await visit(browser, view, {
        hash: { id },
        width: 390,
        height: 844,
        bypassCSP: true,
    });
    await page.locator('.answer').waitFor();

    for (let i = 1; i <= 8; i++) {
        await page.keyboard.press(String(i));
        await page.locator('.panel [aria-busy]').waitFor({ state: 'detached' });
        assert.ok((await sideways(page)) <= 0);
    }

    assert.equal(await page.locator('.panel :is(img, script, iframe)').count(), 0);
    assert.equal(await page.evaluate(() => window.hacked), undefined);
    assert.deepEqual(wrong, []);
    await close();
});

test('the policy lets the page show what a record holds, and nothing else', async () => {
    const res = await fetch(view);
    const policy = Object.fromEntries(
        res.headers
            .get('content-security-policy')
            .split(';')
            .map((d) => [d.trim().split(' ')[0], d.trim().split(' ').slice(1)]),
    );

    assert.deepEqual(policy['default-src'], ["'none'"]);
    assert.deepEqual(policy['script-src'], ["'self'"]);
    assert.deepEqual(policy['style-src'], ["'self'"]);
    assert.ok(policy['img-src'].includes('data:'));
    assert.ok(policy['media-src']?.includes('data:'), 'sound of a message');
});

test('a cleared history is empty at once', async () => {
    const { page, close } = await visit(browser, view);
    await page.locator('.row').first().waitFor();
    page.on('dialog', (d) => void d.accept());
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Clear the history…' }).click();
    await page.getByText('No requests yet').waitFor();
    await close();
});

test('the HAR opens in DevTools, with every request that was asked for', async () => {
    const wanted = 'har-' + process.pid;

    answer = said('Hello, DevTools');
    await sent({ model: wanted, messages: [{ role: 'user', content: 'one' }] });
    await sent({ model: wanted, messages: [{ role: 'user', content: 'two' }] });
    answer = json({ error: { message: 'no', type: 'x', code: 'y' } }, 429);
    await sent({ model: wanted, messages: [{ role: 'user', content: 'three' }] });

    const res = await fetch(`${view}api/export?format=har&q=model:${wanted}`);
    const found = await requestsOfHar(browser, await res.text());

    assert.deepEqual(
        found.map((q) => [q.method, q.url, q.status]).sort(),
        [200, 200, 429].map((status) => ['POST', proxy + '/v1/chat/completions', status]),
    );

    for (const q of found) {
        assert.equal(q.type, 'application/json');
        assert.ok(q.seconds > 0 && q.bytes > 0);
    }
});
