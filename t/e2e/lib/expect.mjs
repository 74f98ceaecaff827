// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// What every record has to be, whatever the API was.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { checked } from './monitor.mjs';
import { root } from './nginx.mjs';


// the fields that docs/api.md lists under one of its headings

export function documented(heading) {
    const text = fs.readFileSync(path.join(root, 'docs/api.md'), 'utf8');
    const section = text.split(`\n${heading}\n`)[1].split(/\n##/)[0];

    return section.split('\n')
        .filter((line) => line.startsWith('| `'))
        .flatMap((line) => [...line.split('|')[1].matchAll(/`(\w+)`/g)])
        .map((m) => m[1]);
}


const summary = documented('### Summary');
const detail = [...summary, ...documented('## `GET /api/request/{id}`')];

export function fields(object, names, what) {
    const there = Object.keys(object);

    assert.deepEqual({
        unknown: there.filter((name) => !names.includes(name)),
        missing: names.filter((name) => !there.includes(name)),
    }, { unknown: [], missing: [] }, `fields of ${what}`);
}


export const noUsage = {
    input_tokens: null, output_tokens: null, total_tokens: null,
    cached_tokens: null, cache_write_tokens: null, reasoning_tokens: null,
    input_audio_tokens: null, output_audio_tokens: null,
};

export const eventsIn = (bytes) =>
    bytes.toString().split('\n\n').filter((e) => /^(data|event):/m.test(e))
        .length;


function times(record) {
    const order = ['request_received_ms', 'tls_start_ms', 'connect_ms',
                   'upstream_header_ms', 'first_byte_ms', 'first_token_ms',
                   'last_token_ms', 'last_byte_ms', 'duration_ms'];

    fields(record.timing, order, 'timing');

    const known = order.map((name) => record.timing[name])
        .filter((ms) => ms !== null);

    // the steps come in their order, within the clock's grain

    for (let i = 1; i < known.length; i++) {
        assert.ok(checked || known[i] >= known[i - 1] - 1.001,
                  'times go on: ' + JSON.stringify(record.timing));
    }

    assert.equal(record.timing.duration_ms, record.duration_ms);
    assert.ok(record.duration_ms > 0);
}


// The record of one exchange that the SDK has seen to its end: "wire" is what
// lib/wire.mjs kept of it, "expected" the fields that depend on the API.

export async function sameAsOnTheWire(monitor, wire, expected) {
    const { exchange, got, began } = wire;
    const record = await monitor.finished(exchange.id);
    const url = new URL(exchange.url);

    fields(record, detail, 'the detail');
    times(record);

    const all = {
        id: exchange.id,
        method: exchange.method,
        uri: url.pathname + url.search,
        host: url.host,
        http_version: '1.1',
        status: exchange.status,
        outcome: 'ok',
        complete: true,
        buffered: false,
        from_cache: false,
        request_bytes: exchange.sent.length,
        response_bytes: got.length,
        estimated_output_tokens: null,
        refusal: false,
        has_reasoning: false,
        has_image: false,
        service_tier: null,
        error: null,
        client: '127.0.0.1',
        session: null,
        user: null,
        retry: 0,
        truncated: { request: false, response: false },
        masked: { request: false, response: false },
        withheld: { request: null, response: null },
        tool_calls: [],
        tool_count: null,
        ...expected,
    };

    const seen = {};

    for (const name of Object.keys(all)) {
        seen[name] = record[name];
    }

    assert.deepEqual(seen, all);

    const at = Date.parse(record.started_at);

    assert.match(record.started_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(at >= began - 1 && at <= Date.now(), 'it began when it began');

    assert.ok(record.pieces >= 1);
    assert.equal(record.attempts.length, 1);
    assert.equal(record.attempts[0].peer, record.upstream);
    assert.equal(record.attempts[0].status, record.status);

    assert.deepEqual(await monitor.bytes(`/api/request/${record.id}/request`),
                     exchange.sent);
    assert.deepEqual(await monitor.bytes(`/api/request/${record.id}/response`),
                     got);

    assert.equal(record.request.body, exchange.sent.toString());
    assert.equal(record.request.body_bytes, exchange.sent.length);
    assert.equal(record.response.body, got.toString());
    assert.equal(record.response.body_kept_bytes, got.length);

    await inTheList(monitor, record);

    return record;
}


// the list has the same summary, and no bodies

async function inTheList(monitor, record) {
    const list = await monitor.list({ q: `id:${record.id}` });

    assert.equal(list.total, 1);

    const [item] = list.items;

    fields(item, summary, 'the summary');

    for (const name of summary) {
        assert.deepEqual(item[name], record[name], name);
    }
}
