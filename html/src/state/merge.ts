// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The state of the list and its transitions: records come from pages of the
// API and from the live feed, and become rows.  store.ts is the only caller.
//
// Pure: a transition takes a state and an event and returns the next state and
// the effects that the store carries out.  It changes nothing that it is given,
// and knows no clock, no timer and no network: times are in the events.
//
// Invariants:
//  - an effect or a page of an older generation than the state's changes nothing;
//  - a row is a record of `known`, or one that left the list under the eyes of
//    a reader who has scrolled (`listed` tells them apart);
//  - `total` counts at least the records of `known`;
//  - `known` has at most as many records as the zone, running ones aside.

import type { FeedState } from './feed';
import type { SortKey } from './place';
import type { AnswerDelta, Counters, Info, Page, Summary, ToolCall } from '../types';

export const firstPage = 200;
export const nextPage = 1000;

const redraw = 100;
const redrawBusy = 250;

// changes in one redraw from which on the next one waits longer
const busy = 16;

// a failure of a record that is older than this is no news
const recent = 60_000;

const mostTroubles = 100;

export interface Order {
    key: SortKey;
    down: boolean;
}

// a record, and when the feed or the monitor last told of it; 0 is never
export interface Held {
    record: Summary;
    heard: number;
}

export interface LiveChoice {
    text: string;
    reasoning: string;
}

// what the feed has told of the answer of a running record
export interface LiveAnswer {
    choices: ReadonlyMap<number, LiveChoice>;
    tools: ToolCall[];
}

export interface State {
    // what is asked for
    query: string;
    order: Order;
    selected: string | null;

    // the monitor
    info: Info | null;
    counters: Counters | null;
    // by how many ms the monitor's clock is ahead of ours
    skew: number;

    // the records of the list
    known: ReadonlyMap<string, Held>;
    // changes that no redraw has shown yet
    arrived: ReadonlyMap<string, Held>;
    // records that the rows of a reader who has scrolled lack
    fresh: ReadonlySet<string>;
    // a finished record that ended before this moment of the monitor's clock has left
    horizon: number;
    answers: ReadonlyMap<string, LiveAnswer>;
    // the moments of the latest failures, by the monitor's clock
    troubles: readonly number[];

    // what is shown
    rows: readonly Summary[];
    // the same at a pace at which its sums can be read
    settled: readonly Summary[];
    total: number;
    waiting: number;
    // counts the lists that were asked for: the place in one means nothing in the next
    edition: number;

    // the reader
    paused: boolean;
    scrolled: boolean;
    // rows in sight, from the first to before the last
    sight: { first: number; last: number };

    // the feed
    feed: FeedState;
    // the feed of this query has said from where on it tells
    greeted: boolean;
    // it was lost since
    away: boolean;
    // a pause has dropped changes
    lost: boolean;

    // the loads
    generation: number;
    loading: boolean;
    failure: Error | null;
    // the generation whose rest is under way
    restOf: number;
    // the list is loaded again, and some of its rows have no record yet
    partly: boolean;

    // the timers that run: ms until a redraw, a settle, and the wait for the
    // feed's first word, which begins anew when the number changes
    redrawIn: number | null;
    settling: boolean;
    awaiting: number | null;
    lively: boolean;
}

export type Event =
    // of the page
    | { type: 'asked'; query: string; order: Order; at: number }
    | { type: 'selected'; id: string | null }
    | { type: 'reload'; at: number }
    | { type: 'more' }
    | { type: 'pause'; at: number }
    | { type: 'scrolled' }
    | { type: 'top' }
    | { type: 'sight'; first: number; last: number }
    // of the feed; "at" is our clock
    | { type: 'feed'; state: FeedState; at: number }
    | { type: 'hello'; now: number; at: number }
    | { type: 'record'; record: Summary; at: number }
    | { type: 'forget'; id: string }
    | { type: 'answer'; delta: AnswerDelta }
    | { type: 'counters'; counters: Counters }
    | { type: 'gone'; before: number }
    | { type: 'clear'; at: number }
    | { type: 'lag'; at: number }
    // of timers
    | { type: 'redraw' }
    | { type: 'settle' }
    | { type: 'impatient'; at: number }
    // of the API
    | { type: 'info'; info: Info }
    | { type: 'page'; generation: number; same: boolean; asked: number; page: Page }
    | { type: 'failed'; generation: number; error: Error }
    | { type: 'rest'; generation: number; before: number; page: Page }
    | { type: 'rest failed'; generation: number }
    | { type: 'checking'; id: string; at: number };

export type Effect =
    | { type: 'load'; generation: number; same: boolean; asked: number }
    | { type: 'rest'; generation: number; before: number; page: number }
    | { type: 'abort' }
    | { type: 'inform' }
    | { type: 'facets'; records: readonly Summary[] };

export interface Step {
    state: State;
    effects: Effect[];
}

export const initial = (paused = false): State => ({
    query: '',
    order: { key: 'started_at', down: true },
    selected: null,
    info: null,
    counters: null,
    skew: 0,
    known: new Map(),
    arrived: new Map(),
    fresh: new Set(),
    horizon: 0,
    answers: new Map(),
    troubles: [],
    rows: [],
    settled: [],
    total: 0,
    waiting: 0,
    edition: 0,
    paused,
    scrolled: false,
    sight: { first: 0, last: 0 },
    feed: 'connecting',
    greeted: false,
    away: false,
    lost: false,
    generation: 0,
    loading: true,
    failure: null,
    restOf: 0,
    partly: false,
    redrawIn: null,
    settling: false,
    awaiting: null,
    lively: false,
});

const only = (state: State, ...effects: Effect[]): Step => ({ state, effects });

export const byId = (s: State, id: string): Summary | undefined => (s.arrived.get(id) ?? s.known.get(id))?.record;

// whether the record of a row is still in the list
export const listed = (s: State, id: string): boolean => s.partly || s.known.has(id);

// running records of which nothing was heard since
export const quiet = (s: State, since: number): string[] =>
    [...s.known.values()].filter((h) => h.record.outcome === 'running' && h.heard < since).map((h) => h.record.id);

// A record that left the list stays a row where a reader who has scrolled sees
// it, and so does the one above, so that this is not the top.
const stays = (s: State, row: number) => s.partly || (row >= s.sight.first - 1 && row < s.sight.last);

const value: Record<SortKey, (r: Summary) => number | null> = {
    started_at: (r) => Date.parse(r.started_at),
    duration: (r) => r.duration_ms,
    ttft: (r) => r.ttft_ms,
    input_tokens: (r) => r.usage?.input_tokens ?? null,
    output_tokens: (r) => r.usage?.output_tokens ?? null,
    cost: (r) => r.cost_usd,
    status: (r) => r.status,
    response_bytes: (r) => r.response_bytes,
};

// running records first, then by the order, then the newest first; records
// without a value last
export const comparison =
    ({ key, down }: Order) =>
    (a: Summary, b: Summary): number => {
        const running = Number(b.outcome === 'running') - Number(a.outcome === 'running');

        if (running !== 0) {
            return running;
        }

        if (key !== 'started_at') {
            const x = value[key](a);
            const y = value[key](b);

            if (x !== y) {
                if (x === null || y === null) {
                    return x === null ? 1 : -1;
                }

                return down ? y - x : x - y;
            }
        }

        const order = a.started_at < b.started_at || (a.started_at === b.started_at && a.id < b.id) ? -1 : 1;

        return key === 'started_at' && !down ? order : -order;
    };

const ended = (r: Summary) => Date.parse(r.started_at) + (r.duration_ms ?? 0);

const limit = (s: State) => Math.max(s.info?.entries ?? 1000, firstPage);

const without = <V>(map: ReadonlyMap<string, V>, ids: ReadonlySet<string>): ReadonlyMap<string, V> => {
    const rest = new Map(map);
    ids.forEach((id) => rest.delete(id));
    return rest;
};

function drop(s: State, ids: ReadonlySet<string>): State {
    if (ids.size === 0) {
        return s;
    }

    const known = without(s.known, ids);

    return {
        ...s,
        known,
        arrived: without(s.arrived, ids),
        fresh: new Set([...s.fresh].filter((id) => !ids.has(id))),
        total: s.total - (s.known.size - known.size),
    };
}

// the finished records of which `gone` is true leave
function leave(s: State, gone: (r: Summary) => boolean): State {
    const ids = new Set<string>();

    for (const id of [...s.known.keys(), ...s.arrived.keys()]) {
        const r = byId(s, id);

        if (r !== undefined && r.outcome !== 'running' && gone(r)) {
            ids.add(id);
        }
    }

    return drop(s, ids);
}

const leaveBefore = (s: State) => leave(s, (r) => ended(r) < s.horizon);

// keeps no more than the zone does: those that ended first leave first
function bound(s: State): State {
    const excess = s.known.size - limit(s);

    if (excess <= 0) {
        return s;
    }

    const first = [...s.known.values()]
        .filter((h) => h.record.outcome !== 'running')
        .map((h) => ({ id: h.record.id, at: ended(h.record) }))
        .sort((a, b) => a.at - b.at)
        .slice(0, excess);

    return drop(s, new Set(first.map((r) => r.id)));
}

// a long pause keeps no more than the zone does; the end of the pause loads anew
function boundPause(s: State): State {
    const excess = s.arrived.size - limit(s);

    return excess <= 0
        ? s
        : { ...s, arrived: without(s.arrived, new Set([...s.arrived.keys()].slice(0, excess))), lost: true };
}

const schedule = (s: State): State =>
    s.redrawIn === null ? { ...s, redrawIn: s.lively ? redrawBusy : redraw } : s;

// changes that arrived become records of the list
function take(s: State): State {
    const known = new Map(s.known);
    const fresh = new Set(s.fresh);

    s.arrived.forEach((h, id) => {
        if (!known.has(id)) {
            fresh.add(id);
        }

        known.set(id, h);
    });

    return { ...s, known, fresh, arrived: new Map(), total: s.total + known.size - s.known.size };
}

function show(was: State): State {
    const s = { ...was, redrawIn: null, settling: true, lively: was.arrived.size > busy };

    if (s.paused) {
        const kept = boundPause(s);

        return { ...kept, waiting: [...kept.arrived.keys()].filter((id) => !kept.known.has(id)).length };
    }

    const next = bound(take(s));

    // rows do not move under a reader who has scrolled
    if (next.scrolled) {
        return {
            ...next,
            rows: next.rows.flatMap((r, i) => next.known.get(r.id)?.record ?? (stays(next, i) ? r : [])),
            waiting: next.fresh.size,
        };
    }

    return {
        ...next,
        fresh: new Set(),
        waiting: 0,
        rows: [...next.known.values()].map((h) => h.record).sort(comparison(next.order)),
        total: Math.max(next.total, next.known.size),
    };
}

// Shows the records even while paused, because the reader asked for another
// list, or for more of it.  The same list keeps its rows in sight.
function list(s: State, same: boolean): State {
    const kept = same && s.scrolled ? s.rows.filter((r, i) => !listed(s, r.id) && stays(s, i)) : [];
    const records = [...s.known.values()].map((h) => h.record).filter((r) => !s.fresh.has(r.id));
    const rows = [...records, ...kept].sort(comparison(s.order));

    return { ...s, rows, settled: rows, waiting: s.fresh.size, edition: s.edition + (same ? 0 : 1) };
}

function load(s: State, at: number, same = false): Step {
    const generation = s.generation + 1;

    return only({ ...s, generation, awaiting: null, loading: true }, { type: 'load', generation, same, asked: at });
}

// changes were missed, which is no reason to move what somebody reads
const again = (s: State, at: number): Step => (s.paused ? only({ ...s, lost: true }) : load(s, at, true));

// Another query is another feed, and its list waits for the feed's first word:
// a list that was asked for before lacks what passed in between.
function expect(s: State): Step {
    const generation = s.generation + 1;

    return only({ ...s, generation, loading: true, awaiting: generation }, { type: 'abort' });
}

function asked(was: State, query: string, order: Order, at: number): Step {
    const s = { ...was, query, order };
    const turned = order.key !== was.order.key || order.down !== was.order.down;

    // generation 0 has asked for no list yet
    if (query !== was.query || was.generation === 0) {
        return expect(s);
    }

    return turned && s.awaiting === null ? load(s, at) : only(s);
}

// the first word of a feed; a monitor that was restarted may know nothing of
// the place up to which we have heard
function greet(was: State, now: number, at: number): Step {
    const { away, greeted, awaiting } = was;
    const s = { ...was, skew: now - at, away: false, greeted: true };
    const next = awaiting !== null ? load(s, at) : away || !greeted ? again(s, at) : only(s);

    return away ? only(next.state, { type: 'inform' }, ...next.effects) : next;
}

function feed(was: State, state: FeedState, at: number): Step {
    const s = {
        ...was,
        feed: state,
        greeted: was.greeted && state !== 'connecting',
        away: was.away || state === 'offline',
    };

    return (state === 'offline' || state === 'refused') && s.awaiting !== null ? load(s, at) : only(s);
}

function pause(was: State, at: number): Step {
    const s = { ...was, paused: !was.paused };

    return s.lost && !s.paused ? load({ ...s, lost: false }, at) : only(show(s));
}

// what the server counts as an error
const failed = (r: Summary) =>
    r.outcome === 'upgraded' ? r.error !== null : !['running', 'ok', 'client_aborted'].includes(r.outcome);

function note(s: State, record: Summary, at: number): Step {
    const before = byId(s, record.id);
    const moment = at + s.skew;
    const news = before === undefined ? moment - Date.parse(record.started_at) < recent : !failed(before);
    const over = record.outcome !== 'running' && record.id !== s.selected && s.answers.has(record.id);

    return only(
        schedule({
            ...s,
            arrived: new Map(s.arrived).set(record.id, { record, heard: at }),
            troubles: failed(record) && news ? [...s.troubles.slice(1 - mostTroubles), moment] : s.troubles,
            answers: over ? without(s.answers, new Set([record.id])) : s.answers,
        }),
        { type: 'facets', records: [record] },
    );
}

// what runs goes on; neither a pause nor a load that is under way keeps the rest
function clear(was: State, at: number): Step {
    const s = leave({ ...was, generation: was.generation + 1 }, () => true);
    const shown = list({ ...s, total: s.known.size, troubles: [], scrolled: false }, false);

    return shown.loading ? load(shown, at) : only(shown);
}

function sight(s: State, first: number, last: number): State {
    if (first === s.sight.first && last === s.sight.last) {
        return s;
    }

    const left = s.scrolled && s.rows.some((r, i) => stays(s, i) && !listed(s, r.id));

    return { ...(left ? schedule(s) : s), sight: { first, last } };
}

function more(s: State): Step {
    if (s.restOf === s.generation || s.known.size >= s.total) {
        return only(s);
    }

    return rest({ ...s, restOf: s.generation });
}

const rest = (s: State): Step =>
    only(s, {
        type: 'rest',
        generation: s.generation,
        before: s.known.size,
        page: Math.floor(s.known.size / nextPage) + 1,
    });

// the first page of a list; what the feed told since it was asked for is newer
function page(was: State, e: Extract<Event, { type: 'page' }>): Step {
    if (e.generation !== was.generation) {
        return only(was);
    }

    const newer = [...new Map([...was.known, ...was.arrived])].filter(([, h]) => h.heard > e.asked);
    const known = new Map<string, Held>();

    e.page.items.forEach((record) => {
        known.set(record.id, { record, heard: (was.arrived.get(record.id) ?? was.known.get(record.id))?.heard ?? 0 });
    });
    newer.forEach(([id, held]) => known.set(id, held));

    const shown = new Set(e.same && was.scrolled ? was.rows.map((r) => r.id) : known.keys());
    const unfinished = e.page.total > e.page.items.length;

    const s = leaveBefore({
        ...was,
        known,
        arrived: new Map(),
        fresh: new Set([...known.keys()].filter((id) => !shown.has(id))),
        partly: e.same && unfinished,
        total: Math.max(e.page.total, known.size),
        failure: null,
        loading: false,
    });
    const next = s.partly ? show(s) : list(s, e.same);
    const facets: Effect = { type: 'facets', records: [...known.values()].map((h) => h.record) };
    const then = unfinished ? more(next) : only(next);

    return only(then.state, facets, ...then.effects);
}

// the next page, and when the list is loaded again as many as it has rows
function restCame(was: State, e: Extract<Event, { type: 'rest' }>): Step {
    if (e.generation !== was.generation) {
        return only(was);
    }

    const records = e.page.items.filter((r) => !was.known.has(r.id));
    const known = new Map(was.known);

    records.forEach((record) => known.set(record.id, { record, heard: 0 }));

    const s = { ...was, known, total: known.size === e.before ? known.size : Math.max(e.page.total, known.size) };
    const facets: Effect = { type: 'facets', records };

    if (s.partly && known.size < Math.min(s.total, s.rows.length)) {
        const next = rest(s);

        return only(next.state, facets, ...next.effects);
    }

    return only(list(leaveBefore({ ...s, partly: false, restOf: 0 }), true), facets);
}

function checking(s: State, id: string, at: number): State {
    const held = s.known.get(id);

    return held === undefined ? s : { ...s, known: new Map(s.known).set(id, { ...held, heard: at }) };
}

// Unicode code points, as the server counts them
function splice(text: string, at: number | null, more: string): string {
    if (at === null || at >= text.length) {
        return text + more;
    }

    return at === 0 ? more : Array.from(text).slice(0, at).join('') + more;
}

// the answer of the watched record grows; the answer of another one is let go
function grow(s: State, delta: AnswerDelta): State {
    const old = s.answers.get(delta.id);
    const choices = new Map(old?.choices);

    for (const c of delta.choices) {
        const was = choices.get(c.index) ?? { text: '', reasoning: '' };

        choices.set(c.index, {
            text: c.text === null ? was.text : splice(was.text, c.text_at, c.text),
            reasoning: c.reasoning === null ? was.reasoning : splice(was.reasoning, c.reasoning_at, c.reasoning),
        });
    }

    return { ...s, answers: new Map([[delta.id, { choices, tools: delta.tool_calls ?? old?.tools ?? [] }]]) };
}

export function transition(s: State, e: Event): Step {
    switch (e.type) {
        case 'asked':
            return asked(s, e.query, e.order, e.at);

        case 'selected':
            return only({ ...s, selected: e.id });

        case 'reload':
        case 'impatient':
            return load(s, e.at);

        case 'more':
            return more(s);

        case 'pause':
            return pause(s, e.at);

        case 'scrolled':
            return only({ ...s, scrolled: true });

        case 'top':
            return only(show({ ...s, scrolled: false }));

        case 'sight':
            return only(sight(s, e.first, e.last));

        case 'feed':
            return feed(s, e.state, e.at);

        case 'hello':
            return greet(s, e.now, e.at);

        case 'record':
            return note(s, e.record, e.at);

        case 'forget':
            return only(schedule(drop(s, new Set([e.id]))));

        case 'answer':
            return only(grow(s, e.delta));

        case 'counters':
            return only({ ...s, counters: e.counters });

        case 'gone':
            return only(schedule(leaveBefore({ ...s, horizon: e.before })));

        case 'clear':
            return clear(s, e.at);

        case 'lag':
            return again(s, e.at);

        case 'redraw':
            return only(show(s));

        case 'settle':
            return only({ ...s, settling: false, settled: s.rows });

        case 'info':
            return only({ ...s, info: e.info });

        case 'page':
            return page(s, e);

        case 'failed':
            return only(e.generation === s.generation ? { ...s, failure: e.error, loading: false } : s);

        case 'rest':
            return restCame(s, e);

        case 'rest failed':
            return only(e.generation === s.restOf ? { ...s, restOf: 0 } : s);

        case 'checking':
            return only(checking(s, e.id, e.at));
    }
}
