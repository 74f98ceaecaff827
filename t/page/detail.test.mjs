// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: the detail shows a running answer as it streams, messages, tools
// and calls, bodies of any size, and what changed since another record.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { more, text } from './lib/api.mjs';
import { soon } from './lib/browser.mjs';
import { api, show as shown } from './lib/shown.mjs';

const show = (id, tab, options) =>
    shown({ hash: { id, ...(tab === undefined ? {} : { tab }) }, ...options });

const until = async (check) => {
    const end = Date.now() + 10_000;

    while (!check()) {
        assert.ok(Date.now() < end, 'it did not happen: ' + check);
        await new Promise((done) => {
            setTimeout(done, 10);
        });
    }
};

test('the text of a running answer appears as it streams, piece by piece', async () => {
    const r = api.begin({ streamed: true }, { answer: null });
    const page = await show(r.id);

    await page.getByText('Waiting for the answer…').waitFor();
    await until(() => [...api.viewers].some((v) => v.watch === r.id));

    // text comes at offsets in code points, the second piece twice
    const answer = (at, words) =>
        api.send('answer', { id: r.id, choices: [{ index: 0, text_at: at, text: words }], tool_calls: [] });
    answer(0, 'Grüße 🎉 ');
    answer(8, 'to');
    answer(8, 'to **you**');
    await page.locator('.answer .prose').getByText('Grüße 🎉 to you').waitFor();
    assert.equal(await page.locator('.answer strong').textContent(), 'you');

    // each piece shows before the next one is sent
    for (let i = 0, at = 18; i < 5; i++, at += 6) {
        answer(at, ` word${i}`);
        await page.locator('.answer .prose').getByText(`word${i}`).waitFor();
    }

    api.details.get(r.id).answer = { choices: [{ index: 0, text: 'The whole answer.', finish_reason: 'stop' }] };
    api.change(r, { outcome: 'ok', status: 200, duration_ms: 900 });
    await page.getByText('The whole answer.').waitFor();
});

test('a running request is cancelled by a POST with its proof', async () => {
    const r = api.begin();
    const page = await show(r.id);

    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('.detail-line').getByText('client aborted').waitFor();

    const [asked] = api.asked(`/api/request/${r.id}/cancel`);
    assert.equal(asked.method, 'POST');
    assert.equal(asked.headers['x-openai-monitor'], '1');
    assert.equal(asked.headers['sec-fetch-site'], 'same-origin');
});

test('conversation: system folded, reasoning apart, calls numbered and joined with their results, media', async () => {
    const pixel =
        'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const r = api.add(
        {},
        {
            conversation: {
                system: 'You are careful.',
                settings: { temperature: 0.7 },
                tools: [
                    { name: 'search', description: 'Finds things', parameters: { type: 'object' } },
                    { name: 'get_weather', parameters: {} },
                ],
                messages: [
                    {
                        role: 'user',
                        parts: [
                            { type: 'text', text: 'Look at this' },
                            { type: 'image', url: pixel },
                            { type: 'image', url: 'https://example.org/cat.png' },
                            { type: 'audio', format: 'wav', data: 'UklGRg==' },
                        ],
                    },
                    {
                        role: 'assistant',
                        parts: [],
                        tool_calls: [{ id: 'call_1', name: 'get_weather', arguments: '{"city":"Porto"}' }],
                    },
                    { role: 'tool', tool_call_id: 'call_1', parts: [{ type: 'text', text: '{"sky":"blue"}' }] },
                ],
            },
            answer: {
                choices: [{ index: 0, text: 'It is **blue**.', reasoning: 'The tool said so.', finish_reason: 'stop' }],
            },
        },
    );
    const page = await show(r.id);
    const panel = page.locator('.panel');

    await panel.getByText('temperature').waitFor();
    assert.equal(await panel.getByText('The tool said so.').count(), 0);
    await panel.getByRole('button', { name: 'Reasoning' }).click();
    await panel.getByText('The tool said so.').waitFor();

    await panel.getByRole('button', { name: 'System You are careful.' }).click();
    await panel.locator('.fold-body').getByText('You are careful.').waitFor();

    const call = panel.locator('.call');
    assert.match(await call.textContent(), /2get_weather.*Porto.*Result.*sky.*blue/s);
    assert.equal(await panel.locator('.turn[data-role=tool]').count(), 0);
    await call.getByRole('button', { name: '2' }).click();
    await page.waitForFunction(() => document.activeElement.id === 'tool-2');

    assert.equal(await panel.locator('img.picture').getAttribute('src'), pixel);
    assert.equal(await panel.locator('audio').getAttribute('src'), 'data:audio/wav;base64,UklGRg==');
    await panel.getByText('Not loaded, because it is on another server:').waitFor();

    assert.equal(await panel.locator('.answer strong').textContent(), 'blue');
    await panel.getByRole('button', { name: 'Markdown' }).click();
    await panel.getByText('It is **blue**.').waitFor();
});

test('a body of 5 MB opens in parts', async () => {
    const list = Array.from({ length: 40_000 }, (_, i) => ({ index: i, text: 'x'.repeat(100) }));
    const body = JSON.stringify({ data: list });
    const r = api.add({ response_bytes: body.length }, { response: text(body) });
    const page = await show(r.id, 'response');

    assert.ok(body.length > 5_000_000);
    await page.getByRole('button', { name: /data:.*40000 items/ }).waitFor();

    // the work that it is: elements
    const elements = () => page.evaluate(() => document.querySelectorAll('.detail *').length);
    const closed = await elements();

    await page.getByRole('button', { name: /data:.*40000 items/ }).click();
    await page.getByRole('button', { name: '39900 more' }).waitFor();
    assert.ok(closed < 500 && (await elements()) - closed < 1500, `${closed}, then ${await elements()} elements`);

    await page.getByRole('button', { name: 'Raw' }).click();
    await page.locator('.raw').waitFor();
    await soon(async () => assert.equal((await page.locator('.raw').textContent()).length, 100_000));
});

test('a partial body, encoded or not text says so', async () => {
    const cut = {
        ...text('{"a":', 'application/json'),
        body_bytes: 5_000_000,
        body_kept_bytes: 1_000_000,
        content_encoding: 'gzip',
        decoded: true,
    };
    const binary = {
        ...text(''),
        body: Buffer.from('\u0000\u0001Hello').toString('base64'),
        body_encoding: 'base64',
        body_bytes: 7,
        body_kept_bytes: 7,
        content_type: 'application/octet-stream',
    };
    const r = api.add({}, { request: binary, response: cut });
    const page = await show(r.id, 'response');

    await page.getByText('Kept 1.0 MB of 5.0 MB.').waitFor();
    await page.getByText('shown decoded').waitFor();
    await page.getByRole('tab', { name: 'Request' }).click();
    await page.getByText(/000000 {2}00 01 48 65 6c 6c 6f +\.\.Hello/).waitFor();
});

// The API said so, and the page hid it in a fold named "partial".
test('an answer that lacks something says so where it is read, and why', async () => {
    const cases = [
        [{ streamed: true }, /event of the stream is broken/, true],
        [{}, /JSON of the answer is broken/, true],
        [{ truncated: { request: false, response: true } }, /where the record ends/, false],
        [{ streamed: true, outcome: 'truncated' }, /where it was cut/, false],
    ];

    for (const [changes, why, told] of cases) {
        const r = api.add(changes, { answer: { ...more().answer, partial: true } });
        const page = await show(r.id);
        const words = page.getByText('partial', { exact: true });

        // beside the outcome, and at the answer itself
        await page.locator('.answer').getByText('partial', { exact: true }).waitFor();
        await page.locator('.detail-line').getByText('partial', { exact: true }).waitFor();
        assert.equal(await words.count(), 2);
        assert.match(await words.first().getAttribute('title'), why);
        assert.match(await words.last().getAttribute('title'), why);

        // what the outcome and the other notices say already is not said twice
        assert.equal(await page.locator('.notice').getByText(why).count(), told ? 1 : 0);
        assert.equal(await page.locator('.fold').getByText('partial').count(), 0);
    }

    const r = api.add({ streamed: true }, { answer: { ...more().answer, partial: true } });
    const zh = await show(r.id, 'stream', { locale: 'zh-CN' });
    assert.match(await zh.getByText('不完整', { exact: true }).getAttribute('title'), /已损坏/);

    // of what still runs nothing is missing yet
    const on = api.begin({ streamed: true }, { answer: { ...more().answer, partial: true } });
    const page = await show(on.id);
    await page.locator('.answer').waitFor();
    assert.equal(await page.getByText('partial', { exact: true }).count(), 0);
});

test('stream: every event with its time, gaps marked, a chart', async () => {
    const r = api.add({ streamed: true, events: 200 });
    api.events.set(
        r.id,
        Array.from({ length: 200 }, (_, i) => ({
            ms: i * 10 + (i > 50 ? 2000 : 0),
            event: 'delta',
            data:
                i === 0
                    ? '{"id":"c","choices":[{"index":0,"delta":{"content":" <b>new"}}]}'
                    : i === 1
                      ? '{"type":"content_block_delta","delta":{"type":"text_delta","text":"word"}}'
                      : `{"n":${i}}`,
            bytes: 9,
        })),
    );
    const page = await show(r.id, 'stream');

    // what an event adds stands before what all of them say
    assert.match(await page.locator('.event').nth(0).textContent(), /" <b>new" \{"id":"c"/);
    assert.match(await page.locator('.event').nth(1).textContent(), /"word" \{"type"/);
    assert.equal(await page.locator('.event .said').count(), 2);

    await page.locator('.chart canvas').waitFor();
    assert.match(await page.locator('.section h3').first().textContent(), /200 · 1 gap over 250 ms/);
    await page.locator('.events .virtual').evaluate((e) => {
        e.scrollTop = 45 * 24;
    });
    const gap = page.locator('.event[data-gap=true]');
    await gap.getByText('2.01 s gap').waitFor();
    await gap.click();
    await page.getByText('Event 52').waitFor();
});

test('timing: the phases and every attempt upstream', async () => {
    const r = api.add({
        attempts: [
            {
                peer: '10.0.0.1:443',
                status: 502,
                connect_ms: 3,
                tls_ms: null,
                header_ms: null,
                response_ms: 5,
                bytes_sent: 10,
                bytes_received: 0,
            },
            {
                peer: '10.0.0.2:443',
                status: 200,
                connect_ms: 40,
                tls_ms: 30,
                header_ms: 90,
                response_ms: 800,
                bytes_sent: 10,
                bytes_received: 900,
            },
        ],
    }, { timing: { ...more().timing, tls_start_ms: 12, connect_ms: 42 } });
    const page = await show(r.id, 'timing');

    const phases = await page.locator('.waterfall tbody th').allTextContents();
    assert.deepEqual(phases, [
        'Request received',
        'Connect',
        'TLS',
        'Upstream header',
        'First byte',
        'First token',
        'Tokens',
        'Last byte',
        'To the client',
    ]);
    assert.match(await page.locator('.waterfall tbody tr').nth(5).textContent(), /20 ms121 ms/);
    assert.match(await page.locator('.waterfall tbody tr').nth(2).textContent(), /^TLS30 ms42 ms/);
    assert.match(await page.locator('.plain-table tbody tr').nth(1).textContent(), /40 ms30 ms90 ms/);
    assert.equal(await page.locator('.plain-table .span').count(), 5);
    assert.deepEqual(await page.locator('.plain-table tbody td:first-child').allTextContents(), [
        '10.0.0.1:443',
        '10.0.0.2:443',
    ]);
});

test('diff: messages, then words, with the reason of a cache miss; any other request can be picked', async () => {
    const talk = (...words) => ({
        conversation: {
            system: 'S',
            settings: {},
            tools: [],
            messages: words.map((w, i) => ({ role: i % 2 ? 'assistant' : 'user', parts: [{ type: 'text', text: w }] })),
        },
    });
    const a = api.add({ thread: 't' }, talk('one', 'two', 'a lazy dog'));
    const other = api.add({}, talk('something else'));
    const b = api.add(
        { thread: 't', parent: a.id, change: 'changed at message 3' },
        talk('one', 'two', 'a quick dog', 'four'),
    );
    api.diffs.set(b.id, {
        parent: a.id,
        change: 'changed at message 3',
        same_messages: 2,
        settings: ['temperature'],
        tools: { added: ['search'], removed: [], changed: [] },
        system_changed: false,
        first_changed_message: 3,
        cached_tokens: 0,
        expected_cached_tokens: 1024,
    });
    const page = await show(b.id, 'diff');

    await page.getByText('The prompt cache was missed: changed at message 3').waitFor();
    await page.getByText('2 messages unchanged').waitFor();
    assert.equal(await page.locator('.change').count(), 2);
    assert.equal(await page.locator('.change del').textContent(), 'lazy');
    assert.equal(await page.locator('.change ins').first().textContent(), 'quick');
    await page.getByText('search').waitFor();

    await page.getByRole('combobox', { name: 'Compare with' }).selectOption(other.id);
    await page.locator('.change').filter({ hasText: 'something else' }).waitFor();
    await soon(() => assert.ok(page.url().includes('with=' + other.id)));
    await soon(() => assert.ok(api.asked(`/api/request/${b.id}/diff`).some((r) => r.query.with === other.id)));
});

// each part of a record made of what shells, curl and terminals read something
// into; the command is run by sh, with a curl that tells its arguments
test('export: no record makes a shell do anything but call curl', async () => {
    const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
    console.log(`# SEED=${seed}`);
    let state = seed;
    const random = (n) => {
        state = (state * 1103515245 + 12345) % 2147483648;
        return Math.floor((state / 2147483648) * n);
    };
    const bits = [
        "'", '"', '`', '$(echo no >&2; touch no)', '${HOME}', '\\', "\\'", '\n', '\r', '\t', '!', '!!', ';', '&', '|',
        '>no', '<no', '*', '?', '[1-9]', '{a,b}', '~', '#', ' ', '-', '--', '-o', '@/etc/hosts', '%n', '%s', '\\0101',
        '\u001b[201~', '\u001b]0;x\u0007', '\u009b', '\u007f', 'é', '中', '🎉', 'EOF', "'\\''", "$'x'", ')', '("',
    ];
    const made = (n) => Array.from({ length: 1 + random(n) }, () => bits[random(bits.length)]).join('') + 'z';
    const line = (s) => s.replace(/[\r\n]/g, '');
    const cases = Array.from({ length: 40 }, () => {
        const c = { body: made(12), uri: '/v1/x?' + line(made(6)).replace(/ /g, ''), value: line(made(8)) };
        const headers = [
            { name: 'X-Note', value: c.value },
            { name: '@/etc/hosts', value: 'x' },
            { name: "X';touch no;'", value: 'x' },
        ];
        c.record = api.add({ uri: c.uri }, { request: { ...text(c.body), headers } });
        return c;
    });
    const page = await show(cases[0].record.id, 'export');

    for (const c of cases) {
        await page.evaluate((id) => {
            location.hash = location.hash.replace(/id=[^&]*/, 'id=' + id);
        }, c.record.id);
        const said = page.locator('.snippet pre');
        await page.locator(`a[href*="${c.record.id}"]`).first().waitFor();
        const curl = await said.textContent();
        const told = execFileSync('sh', ['-c', 'curl() { for a; do printf "%s\\0" "$a"; done; }; ' + curl], {
            env: { OPENAI_API_KEY: 'k', HOME: '/none' },
            stdio: ['ignore', 'pipe', 'pipe'],
        });
        const args = told.toString().split('\0').slice(0, -1);
        const hidden = /redacted|\*{3}|\[key |^key:/i.test(c.value);
        const want = ['-gN', '-X', 'POST', 'http://127.0.0.1:8080' + c.uri, '-H', 'Authorization: Bearer k'];
        want.push(...(hidden ? [] : ['-H', 'X-Note: ' + c.value]), '--data-raw', c.body);
        assert.deepEqual(args, want, curl);
        assert.ok(!/[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(curl), 'nothing that a terminal obeys');
    }

    assert.ok(!existsSync('no'));
});

test('export: snippets survive a shell, files are linked, the HTML stands alone', async () => {
    const nasty = `it's $(touch no) \`x\` "q" \\ !\n\u00e9`;
    const body = JSON.stringify({
        model: 'gpt-4o',
        messages: [{ role: 'user', content: nasty }],
        stream: true,
        n: null,
    });
    const r = api.add(
        { uri: "/v1/chat/completions?a='b" },
        {
            request: {
                ...text(body),
                headers: [
                    { name: 'Content-Type', value: 'application/json' },
                    { name: 'Authorization', value: '[redacted]' },
                    { name: 'X-Note', value: "a 'b' $HOME" },
                ],
            },
        },
    );
    const page = await show(r.id, 'export');
    const snippet = page.locator('.snippet pre');

    const curl = await snippet.textContent();
    const told = execFileSync('sh', ['-c', 'curl() { for a; do printf "%s\\0" "$a"; done; }; ' + curl], {
        env: { OPENAI_API_KEY: 'from-env' },
    });
    const args = told.toString().split('\0');
    assert.equal(args[args.indexOf('--data-raw') + 1], body);
    assert.ok(args.includes('Authorization: Bearer from-env'));
    assert.ok(args.includes("X-Note: a 'b' $HOME"));
    assert.ok(args.includes("http://127.0.0.1:8080/v1/chat/completions?a='b"));

    await page.getByRole('button', { name: 'Python' }).click();
    await page.getByText('os.environ["OPENAI_API_KEY"]').waitFor();
    const python = await snippet.textContent();
    const said = execFileSync(
        'python3',
        [
            '-c',
            `
import sys, types, json, os
class R:
    def __enter__(self): return self
    def __exit__(self, *a): pass
    def iter_text(self): return []
m = types.ModuleType("httpx")
def stream(method, url, headers, json=None, timeout=0):
    import json as j
    print(j.dumps([method, url, headers, json]))
    return R()
m.stream = stream
sys.modules["httpx"] = m
exec(sys.stdin.read())`,
        ],
        { input: python, env: { ...process.env, OPENAI_API_KEY: 'from-env' } },
    );
    const [method, , headers, json] = JSON.parse(said);
    assert.equal(method, 'POST');
    assert.equal(headers.Authorization, 'Bearer from-env');
    assert.deepEqual(json, JSON.parse(body));

    await page.getByRole('button', { name: 'Node' }).click();
    const node = (await snippet.textContent()).replace('await fetch', 'await told');
    const run = execFileSync(
        process.execPath,
        [
            '--input-type=module',
            '-e',
            'const told = async (...a) => { console.log(JSON.stringify(a)); return { body: [] }; };\n' + node,
        ],
        { env: { OPENAI_API_KEY: 'from-env' } },
    );
    assert.deepEqual(JSON.parse(JSON.parse(run)[1].body), JSON.parse(body));

    for (const format of ['har', 'jsonl']) {
        assert.equal(
            await page.locator(`.panel a[href*="format=${format}"]`).getAttribute('href'),
            `./api/export?format=${format}&q=id%3A${r.id}`,
        );
    }

    const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'HTML, self-contained' }).click(),
    ]);
    const stream = await file.createReadStream();
    const html = Buffer.concat(await stream.toArray()).toString();
    assert.match(html, /^<!doctype html>/);
    assert.ok(html.includes("it's $(touch no)") && !/<script|<link|<img/.test(html));
});

test('statistics: windows, numbers, charts, groups that filter, reset', async () => {
    const at = Date.now();
    Object.assign(api.statistics, {
        requests: 57,
        success_rate: 0.9649,
        by_outcome: { ok: 55, upstream_error: 2 },
        by_status: { '4xx': 0, '5xx': 2 },
        cost_usd: 0.1234,
        unpriced_requests: 3,
        partial_cost_requests: 1,
        no_usage_requests: 2,
        tokens_per_second: 61.2,
        duration_ms: { mean: 812, p50: 640, p90: 900, p95: 1100, p99: 2500 },
        usage: { input_tokens: 10_000, output_tokens: 4321, cached_tokens: 5000, reasoning_tokens: 7 },
        models: [
            {
                name: 'gpt-4o',
                requests: 57,
                errors: 2,
                input_tokens: 1,
                output_tokens: 1,
                cached_tokens: null,
                cost_usd: null,
                unpriced_requests: 57,
                mean_ms: 10,
            },
        ],
        series: [0, 1, 2]
            .map((i) => ({
                at: new Date(at - i * 5000).toISOString(),
                seconds: 5,
                requests: i,
                errors: 0,
                aborted: 0,
                p50_ms: 1,
                p95_ms: 2,
                ttft_p50_ms: 1,
                input_tokens: 1,
                output_tokens: 1,
                cost_usd: 0,
            }))
            .reverse(),
        zone: {
            name: 'z',
            size_bytes: 67108864,
            pages: 100,
            pages_free: 75,
            entries: 1000,
            records: 57,
            evicted: 3,
            dropped: 0,
            truncated: 1,
            heals: 0,
            worker_died: 0,
        },
    });
    const page = await shown({ hash: { view: 'stats', window: '5m' } });

    await page.locator('.tiles').getByText('96.5 %').waitFor();
    await page.locator('.tiles').getByText('50.0 % cached').waitFor();
    await page.locator('.tiles').getByText('≥ $0.1234').waitFor();
    await page.locator('.tiles').getByText('≥ 10.0k').waitFor();
    await page
        .locator('.tiles')
        .getByText('3 without a price, 1 priced in part, 2 without usage')
        .waitFor();
    await page.getByRole('row', { name: 'Duration 812 ms 640 ms 900 ms 1.10 s 2.50 s' }).waitFor();
    await page.getByRole('cell', { name: '–' }).and(page.getByTitle('57 without a price')).waitFor();
    await page.getByRole('meter').waitFor();
    assert.equal(await page.getByRole('meter').getAttribute('aria-valuenow'), '25');
    assert.equal(await page.locator('.chart canvas').count(), 4);
    assert.equal(await page.getByRole('link', { name: 'JSON' }).getAttribute('href'), './api/stats?window=5m');

    // one point is drawn where time ends, not where it begins
    api.statistics.series = [{ ...api.statistics.series.at(-1), requests: 5 }];
    await page.getByRole('button', { name: 'All', exact: true }).click();
    await page.waitForFunction(() => /window=all/.test(location.href));
    await page.waitForFunction(() => {
        const canvas = document.querySelector('.chart canvas');
        const { width, height } = canvas;
        const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
        const accent = (x) => {
            for (let y = 0; y < height; y++) {
                const [r, g, b, a] = data.slice((y * width + x) * 4, (y * width + x) * 4 + 4);
                if (a > 200 && b > 150 && r < 120 && g < 120) return true;
            }
            return false;
        };
        const at = Array.from({ length: width }, (_, x) => x).filter(accent);
        return at.length > 0 && Math.min(...at) > width / 2;
    });
    await page.getByRole('button', { name: '5 min' }).click();

    // the search box narrows them, and stays where it is
    await page.locator('.search input').fill('model:gpt-4o');
    await page.getByText('of the records that match the search').waitFor();
    await soon(() => assert.equal(api.asked('/api/stats').at(-1).query.q, 'model:gpt-4o'));
    await soon(() => assert.match(page.url(), /view=stats/));
    assert.equal(
        await page.getByRole('link', { name: 'JSON' }).getAttribute('href'),
        './api/stats?window=5m&q=model%3Agpt-4o',
    );
    await page.locator('.search input').fill('');

    await page.getByRole('button', { name: '24 h' }).click();
    await until(() => api.asked('/api/stats').some((r) => r.query.window === '24h'));
    await soon(() => assert.match(page.url(), /window=24h/));

    page.on('dialog', (d) => void d.accept());
    await page.getByRole('button', { name: 'Reset…' }).click();
    await page.getByText('The statistics were reset').waitFor();
    assert.equal(api.asked('/api/stats/reset')[0].method, 'POST');

    await page.getByRole('button', { name: 'gpt-4o' }).click();
    await page.getByRole('menuitem', { name: 'Only gpt-4o' }).click();
    await soon(() => assert.match(page.url(), /q=model%3Agpt-4o/));
});

test('exports of the whole filter result carry the query', async () => {
    api.add();
    const page = await shown({ hash: { q: 'model:gpt-4o' } });
    await page.getByRole('button', { name: 'More' }).click();

    for (const [name, format] of [
        ['HAR', 'har'],
        ['JSONL', 'jsonl'],
        ['CSV', 'csv'],
    ]) {
        assert.equal(
            await page.getByRole('menuitem', { name: 'Export as ' + name }).getAttribute('href'),
            `./api/export?format=${format}&q=model%3Agpt-4o`,
        );
    }
});
