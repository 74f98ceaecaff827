// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: the transitions of the list (html/src/state/merge.ts) are pure;
// records become rows at a redraw; rows do not move under a reader who has
// scrolled or paused; an answer to an older question changes nothing; and no
// change that the feed told is lost to a list that was asked for meanwhile.
//
// Each test was seen to fail with the rule that it names taken out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { source } from '../lib/source.mjs';

const { byId, comparison, initial, listed, quiet, transition } = await source('state/merge.ts');

const newest = { key: 'started_at', down: true };
const start = Date.parse('2026-01-01T00:00:00Z');

const record = (id, changes = {}) => ({
    id,
    started_at: new Date(start + Number(id.slice(1)) * 1000).toISOString(),
    outcome: 'ok',
    status: 200,
    duration_ms: 500,
    ttft_ms: null,
    usage: null,
    cost_usd: null,
    response_bytes: null,
    ...changes,
});

const page = (items, total = items.length) => ({ items, total, page: 1, page_size: 200, pages: 1 });

// sends the events one after the other: the last state, and all effects
function run(state, ...events) {
    const effects = [];

    for (const e of events) {
        const step = transition(state, e);
        state = step.state;
        effects.push(...step.effects);
    }

    return { state, effects: effects.filter((e) => e.type !== 'facets') };
}

const asked = { type: 'asked', query: '', order: newest, at: start };
const hello = { type: 'hello', now: start, at: start };
const told = (r, at = start) => ({ type: 'record', record: r, at });
const ids = (state) => state.rows.map((r) => r.id);

// a list that has loaded these
function loaded(...records) {
    const { state } = run(initial(), asked, hello);

    return run(state, { type: 'page', generation: state.generation, same: false, asked: start, page: page(records) }).state;
}

test('a record becomes a row at the next redraw, running ones first', () => {
    const { state } = run(loaded(record('r1')), told(record('r2')), told(record('r0', { outcome: 'running' })));

    assert.deepEqual(ids(state), ['r1']);
    assert.equal(state.redrawIn, 100);
    assert.equal(byId(state, 'r2').id, 'r2');

    const { state: shown } = run(state, { type: 'redraw' });

    assert.deepEqual(ids(shown), ['r0', 'r2', 'r1']);
    assert.equal(shown.redrawIn, null);
    assert.equal(shown.total, 3);
});

test('a redraw that showed many changes lets the next one wait longer', () => {
    const many = Array.from({ length: 17 }, (_, i) => told(record('r' + i)));
    const { state } = run(loaded(), ...many, { type: 'redraw' }, told(record('r20')));

    assert.equal(state.redrawIn, 250);
    assert.equal(run(state, { type: 'redraw' }, told(record('r21'))).state.redrawIn, 100);
});

test('rows do not move under a reader who has scrolled', () => {
    const { state } = run(
        loaded(record('r1'), record('r2')),
        { type: 'scrolled' },
        told(record('r3')),
        told(record('r1', { status: 404 })),
        { type: 'redraw' },
    );

    assert.deepEqual(ids(state), ['r2', 'r1']);
    assert.equal(state.rows[1].status, 404);
    assert.equal(state.waiting, 1);

    const { state: top } = run(state, { type: 'top' });

    assert.deepEqual(ids(top), ['r3', 'r2', 'r1']);
    assert.equal(top.waiting, 0);
});

test('a record that left the list stays a row where a reader who has scrolled sees it', () => {
    const before = run(
        loaded(record('r1'), record('r2'), record('r3'), record('r4')),
        { type: 'scrolled' },
        { type: 'sight', first: 2, last: 3 },
        { type: 'gone', before: start + 60_000 },
        { type: 'redraw' },
    ).state;

    // the row in sight, and the one above
    assert.deepEqual(ids(before), ['r3', 'r2']);
    assert.equal(listed(before, 'r2'), false);

    const { state } = run(before, { type: 'sight', first: 8, last: 9 }, { type: 'redraw' });

    assert.deepEqual(ids(state), []);
});

test('a pause holds the rows, counts what is new, and takes it when it ends', () => {
    const pause = { type: 'pause', at: start };
    const held = run(loaded(record('r1')), pause, told(record('r2')), { type: 'redraw' });

    assert.deepEqual(ids(held.state), ['r1']);
    assert.equal(held.state.waiting, 1);

    const { state, effects } = run(held.state, pause);

    assert.deepEqual(ids(state), ['r2', 'r1']);
    assert.deepEqual(effects, []);
});

test('a long pause keeps no more than the zone, and its end loads the list again', () => {
    const pause = { type: 'pause', at: start };
    const info = { type: 'info', info: { entries: 300 } };
    const many = Array.from({ length: 301 }, (_, i) => told(record('r' + i)));
    const { state } = run(loaded(), info, pause, ...many, { type: 'redraw' });

    assert.equal(state.arrived.size, 300);
    assert.equal(byId(state, 'r0'), undefined);
    assert.equal(run(state, pause).effects[0].type, 'load');
});

test('a list keeps no more finished records than the zone: those that ended first leave', () => {
    const info = { type: 'info', info: { entries: 200 } };
    const many = Array.from({ length: 202 }, (_, i) => told(record('r' + i, i === 0 ? { outcome: 'running' } : {})));
    const { state } = run(loaded(), info, ...many, { type: 'redraw' });

    assert.equal(state.known.size, 200);
    assert.equal(state.total, 200);
    assert.equal(byId(state, 'r0').outcome, 'running');
    assert.equal(byId(state, 'r1'), undefined);
    assert.equal(byId(state, 'r2'), undefined);
});

test('a list waits for the first word of its feed, with patience', () => {
    const first = run(initial(), asked);

    assert.deepEqual(first.effects, [{ type: 'abort' }]);
    assert.equal(first.state.loading, true);
    assert.notEqual(first.state.awaiting, null);

    const ways = [hello, { type: 'impatient', at: start }, { type: 'feed', state: 'refused', at: start }];

    for (const way of ways) {
        const { state, effects } = run(first.state, way);

        assert.deepEqual(
            effects.map((e) => e.type),
            ['load'],
            way.type,
        );
        assert.equal(state.awaiting, null);
    }
});

test('another order loads at once, another query waits, the same question does nothing', () => {
    const state = loaded(record('r1'));

    assert.deepEqual(run(state, asked).effects, []);
    assert.equal(run(state, { ...asked, order: { key: 'cost', down: true } }).effects[0].type, 'load');

    const other = run(state, { ...asked, query: 'is:error' });

    assert.deepEqual(other.effects, [{ type: 'abort' }]);
    assert.deepEqual(run(other.state, { ...asked, query: 'is:error', order: { key: 'cost', down: true } }).effects, []);
});

test('an answer to an older question changes nothing', () => {
    const { state } = run(loaded(record('r1')), { type: 'reload', at: start });
    const old = state.generation - 1;

    for (const e of [
        { type: 'page', generation: old, same: false, asked: start, page: page([record('r9')]) },
        { type: 'rest', generation: old, before: 1, page: page([record('r9')]) },
        { type: 'failed', generation: old, error: new Error('late') },
    ]) {
        assert.equal(run(state, e).state, state, e.type);
    }
});

test('what the feed told since the list was asked for is newer than the list', () => {
    const { state, effects } = run(initial(), asked, hello, told(record('r1', { status: 500 }), start + 5), told(record('r2'), start - 5));
    const { generation } = effects.find((e) => e.type === 'load');
    const { state: next } = run(state, {
        type: 'page',
        generation,
        same: false,
        asked: start,
        page: page([record('r1', { status: null }), record('r3')]),
    });

    // r2 was told before, and the list has it no more
    assert.deepEqual(ids(next), ['r3', 'r1']);
    assert.equal(byId(next, 'r1').status, 500);
});

test('a feed that was lost loads the same list again, and asks who the monitor is', () => {
    const lost = [{ type: 'feed', state: 'offline', at: start }, { type: 'feed', state: 'live', at: start }, hello];
    const { effects } = run(loaded(record('r1')), ...lost);

    assert.deepEqual(
        effects.map((e) => [e.type, e.same]),
        [
            ['inform', undefined],
            ['load', true],
        ],
    );

    const paused = run(loaded(record('r1')), { type: 'pause', at: start }, ...lost);

    assert.deepEqual(
        paused.effects.map((e) => e.type),
        ['inform'],
    );
    assert.equal(paused.state.lost, true);
});

test('a list that loads again keeps the rows of a reader who has scrolled until all of it has come', () => {
    const scrolled = run(loaded(record('r1'), record('r2'), record('r3')), { type: 'scrolled' }, { type: 'sight', first: 0, last: 3 });
    const lag = run(scrolled.state, { type: 'lag', at: start });
    const { generation } = lag.state;
    const first = run(lag.state, { type: 'page', generation, same: true, asked: start, page: page([record('r4')], 4) });

    assert.deepEqual(ids(first.state), ['r3', 'r2', 'r1']);
    assert.deepEqual(first.effects, [{ type: 'rest', generation, before: 1, page: 1 }]);
    assert.equal(listed(first.state, 'r1'), true);

    const rest = page([record('r4'), record('r3'), record('r2'), record('r1')], 4);
    const { state } = run(first.state, { type: 'rest', generation, before: 1, page: rest });

    assert.deepEqual(ids(state), ['r3', 'r2', 'r1']);
    assert.equal(state.waiting, 1);
    assert.equal(state.partly, false);
});

test('the rest of a list is asked for once at a time, and again after it failed', () => {
    const state = { ...loaded(record('r1')), total: 9 };
    const first = run(state, { type: 'more' });

    assert.equal(first.effects.length, 1);
    assert.deepEqual(run(first.state, { type: 'more' }).effects, []);
    assert.equal(run(first.state, { type: 'rest failed', generation: state.generation }, { type: 'more' }).effects.length, 1);
});

test('what the zone lost leaves; what runs stays', () => {
    const { state } = run(
        loaded(record('r1'), record('r2'), record('r3', { outcome: 'running', duration_ms: null })),
        { type: 'gone', before: start + 2000 },
        { type: 'redraw' },
    );

    assert.deepEqual(ids(state), ['r3', 'r2']);
    assert.equal(state.total, 2);
});

test('a cleared zone leaves the running records, and a load that was under way begins anew', () => {
    const live = record('r2', { outcome: 'running' });
    const { state, effects } = run(loaded(record('r1'), live), { type: 'scrolled' }, { type: 'clear', at: start });

    assert.deepEqual(ids(state), ['r2']);
    assert.equal(state.scrolled, false);
    assert.deepEqual(effects, []);

    const loading = run(loaded(record('r1')), { type: 'reload', at: start }).state;

    assert.equal(run(loading, { type: 'clear', at: start }).effects[0].type, 'load');
});

test('a failure is counted once, and an old one is no news', () => {
    const late = start + 3_600_000;
    const bad = record('r1', { status: 500, outcome: 'upstream_error' });
    const { state } = run(loaded(record('r1', { outcome: 'running', status: null })), told(bad), told(bad));

    assert.deepEqual(state.troubles, [start]);
    assert.deepEqual(run(loaded(), told(record('r1', { status: 500 }), late)).state.troubles, []);
});

test('the answer grows by code points, as the server counts them, and ends with its record', () => {
    const nothing = { text: null, text_at: null, reasoning: null, reasoning_at: null };
    const delta = (c) => ({ type: 'answer', delta: { id: 'r1', choices: [{ index: 0, ...nothing, ...c }], tool_calls: null } });
    const live = record('r1', { outcome: 'running' });
    const { state } = run(
        loaded(live),
        { type: 'selected', id: 'r1' },
        delta({ text: '👍 y', text_at: 0 }),
        delta({ text: 'yes', text_at: 2 }),
        delta({ reasoning: 'hm', reasoning_at: 0 }),
    );

    assert.deepEqual([...state.answers.get('r1').choices], [[0, { text: '👍 yes', reasoning: 'hm' }]]);

    // the reader still looks at it
    assert.equal(run(state, told(record('r1'))).state.answers.size, 1);
    assert.equal(run(state, { type: 'selected', id: null }, told(record('r1'))).state.answers.size, 0);
});

test('a running record that said nothing for a while is asked for once', () => {
    const { state } = run(loaded(), told(record('r1', { outcome: 'running' })), told(record('r2')), { type: 'redraw' });

    assert.deepEqual(quiet(state, start), []);
    assert.deepEqual(quiet(state, start + 1), ['r1']);
    assert.deepEqual(quiet(run(state, { type: 'checking', id: 'r1', at: start + 1 }).state, start + 1), []);
});

test('sums follow the rows when the list has settled', () => {
    const { state } = run(loaded(), told(record('r1')), { type: 'redraw' });

    assert.equal(state.settling, true);
    assert.deepEqual(state.settled, []);

    const { state: next } = run(state, { type: 'settle' });

    assert.equal(next.settling, false);
    assert.equal(next.settled, next.rows);
});

test('records without a value come last in either direction', () => {
    const rows = [record('r1', { cost_usd: 1 }), record('r2'), record('r3', { cost_usd: 2 })];
    const order = (down) => [...rows].sort(comparison({ key: 'cost', down })).map((r) => r.id);

    assert.deepEqual(order(true), ['r3', 'r1', 'r2']);
    assert.deepEqual(order(false), ['r1', 'r3', 'r2']);
});

// 4,000 events at random: the invariants at the head of merge.ts
test('no order of events breaks the list, or changes a state that was given', (t) => {
    const seed = Number(process.env.OPENAI_MONITOR_SEED ?? Date.now() % 1e9);
    let n = seed;

    const random = (below) => {
        n = (Math.imul(n, 1664525) + 1013904223) >>> 0;
        return Math.floor((n / 2 ** 32) * below);
    };

    t.diagnostic(`OPENAI_MONITOR_SEED=${seed}`);

    let at = start;
    let open = [];
    let state = run(initial(), { type: 'info', info: { entries: 1 } }).state;

    const anyRecord = () =>
        record('r' + random(400), random(4) === 0 ? { outcome: 'running', duration_ms: null } : { status: random(9) === 0 ? 500 : 200 });
    const records = () => Array.from({ length: random(30) }, anyRecord);
    const unique = (list) => [...new Map(list.map((r) => [r.id, r])).values()];

    const events = [
        () => told(anyRecord(), at),
        () => told(anyRecord(), at),
        () => ({ type: 'redraw' }),
        () => ({ type: 'forget', id: 'r' + random(400) }),
        () => ({ type: 'gone', before: start + random(400_000) }),
        () => ({ type: 'pause', at }),
        () => ({ type: 'scrolled' }),
        () => ({ type: 'top' }),
        () => ({ type: 'sight', first: random(20), last: 20 + random(20) }),
        () => ({ type: 'lag', at }),
        () => ({ type: 'more' }),
        () => ({ ...hello, at }),
        () => ({ type: 'feed', state: ['connecting', 'live', 'offline', 'refused'][random(4)], at }),
        () => (random(20) === 0 ? { type: 'clear', at } : { type: 'settle' }),
        () => ({ ...asked, query: String(random(2)), at }),
        () => {
            const e = open[random(open.length)];

            if (e === undefined) {
                return { type: 'reload', at };
            }

            const items = unique(records());
            const answer = { ...page(items, items.length + random(3)) };

            return random(5) === 0
                ? { type: e.type === 'load' ? 'failed' : 'rest failed', generation: e.generation, error: new Error('x') }
                : { ...e, type: e.type === 'load' ? 'page' : 'rest', page: answer };
        },
    ];

    for (let i = 0; i < 4000; i++) {
        const e = events[random(events.length)]();
        const before = structuredClone(state);
        const step = transition(state, e);

        assert.deepEqual(state, before, `${e.type} changed the state that it was given`);
        state = step.state;
        open = [...open, ...step.effects.filter((x) => x.type === 'load' || x.type === 'rest')].slice(-4);
        at += random(50);

        const shown = ids(state);
        const finished = [...state.known.values()].filter((h) => h.record.outcome !== 'running').length;

        assert.equal(new Set(shown).size, shown.length, `${e.type}: a record has two rows`);
        if (e.type === 'redraw' && !state.paused && !state.scrolled) {
            assert.deepEqual([...shown].sort(), [...state.known.keys()].sort(), 'rows and records differ');
        }

        assert.ok(e.type !== 'redraw' || state.paused || finished <= 200, `${e.type}: ${finished} finished records`);
        assert.ok(state.total >= state.known.size, `${e.type}: ${state.total} in all, ${state.known.size} known`);
    }
});
