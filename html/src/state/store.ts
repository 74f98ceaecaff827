// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The records that the list shows: pages of the API, kept up to date by the
// live feed.  Changes are gathered and shown at most ten times a second.

import { batch, computed, effect, signal, untracked } from '@preact/signals';
import type { AnswerDelta, Counters, Gone, Hello, Info, Summary, ToolCall } from '../types';
import * as api from './api';
import { noteFacets } from './facets';
import { Feed, type FeedEvent, type FeedState } from './feed';
import { query, selected, sort, sortArgument, type SortKey } from './place';
import { isBoolean, remembered } from './prefs';
import { summary } from './shape';

const firstPage = 200;
const nextPage = 1000;
const redraw = 100;
const redrawBusy = 250;
const busy = 16;
const restful = 500;
const stale = 5_000;
const patience = 1_000;

export const info = signal<Info | null>(null);
// where clients send their requests
export const proxyAddress = (): string => info.value?.proxy ?? location.protocol + '//' + location.hostname + ':8080';

export const feedState = signal<FeedState>('connecting');
export const paused = remembered('paused', false, isBoolean);
export const scrolled = signal(false);
export const loading = signal(true);
export const failure = signal<Error | null>(null);
export const total = signal(0);
export const rows = signal<Summary[]>([]);

// counts the lists that were asked for: another one is not read where the last was
export const edition = signal(0);

// the same, at a pace at which sums of it can be read
export const settled = signal<Summary[]>([]);
export const waiting = signal(0);
export const counters = signal<Counters | null>(null);
export const now = signal(Date.now());
export const answers = signal<ReadonlyMap<string, LiveAnswer>>(new Map());
export const troubles = signal<number[]>([]);

export interface LiveChoice {
    text: string;
    reasoning: string;
}

export interface LiveAnswer {
    choices: Map<number, LiveChoice>;
    tools: ToolCall[];
}

// what the server's clock is ahead of ours
let skew = 0;

export const serverNow = () => Date.now() + skew;

const known = new Map<string, Summary>();
const heard = new Map<string, number>();
let arrived = new Map<string, Summary>();
let fresh = new Set<string>();
let timer = 0;
let settling = 0;
let lively = false;
let lost = false;
let away = false;
// the feed of this query has said from where on it tells
let greeted = false;
// a list that waits for that
let awaited = 0;
// what ended before this moment had to make room, by the server's clock
let horizon = 0;
// rows in sight, from the first to before the last
let sight = { first: 0, last: 0 };
// the list is loaded again, and the records of some of its rows have not come
let partly = false;
let generation = 0;
// the generation whose rest is under way
let restOf = 0;
let request: AbortController | null = null;

export const byId = (id: string): Summary | undefined => arrived.get(id) ?? known.get(id);

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

function compare(a: Summary, b: Summary): number {
    const running = Number(b.outcome === 'running') - Number(a.outcome === 'running');

    if (running !== 0) {
        return running;
    }

    const { key, down } = sort.value;

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
}

const ended = (r: Summary) => Date.parse(r.started_at) + (r.duration_ms ?? 0);

// no more than the zone keeps: the feed tells what has left it once a second
const limit = () => Math.max(info.value?.entries ?? 1000, firstPage);

function bound(): void {
    const excess = known.size - limit();

    if (excess > 0) {
        [...known.values()]
            .filter((r) => r.outcome !== 'running')
            .map((r) => ({ id: r.id, at: ended(r) }))
            .sort((a, b) => a.at - b.at)
            .slice(0, excess)
            .forEach((r) => drop(r.id));
    }
}

// a long pause keeps no more than the zone does; what it lost is loaded again
function boundPause(): void {
    for (const id of arrived.keys()) {
        if (arrived.size <= limit()) {
            return;
        }

        arrived.delete(id);
        heard.delete(id);
        lost = true;
    }
}

// whether the record of a row is still in the list
export const listed = (id: string) => partly || known.has(id);

// what left the list goes on being a row where somebody who has scrolled reads
// it; with one above, so that this is not the top
const stays = (row: number) => partly || (row >= sight.first - 1 && row < sight.last);

export function see(first: number, last: number): void {
    if (first === sight.first && last === sight.last) {
        return;
    }

    if (scrolled.value && rows.value.some((r, i) => stays(i) && !listed(r.id))) {
        schedule();
    }

    sight = { first, last };
}

function show(): void {
    timer = 0;
    lively = arrived.size > busy;
    settle();

    if (!paused.value) {
        arrived.forEach((r, id) => {
            if (!known.has(id)) {
                fresh.add(id);
                total.value++;
            }

            known.set(id, r);
        });
        arrived = new Map();
    }

    if (paused.value) {
        boundPause();
        waiting.value = [...arrived.keys()].filter((id) => !known.has(id)).length;
        return;
    }

    bound();

    batch(() => {
        if (scrolled.value) {
            rows.value = rows.value.flatMap((r, i) => known.get(r.id) ?? (stays(i) ? r : []));
            waiting.value = fresh.size;
            return;
        }

        fresh = new Set();
        waiting.value = 0;
        rows.value = [...known.values()].sort(compare);
        total.value = Math.max(total.value, known.size);
    });
}

function schedule(): void {
    if (timer === 0) {
        timer = window.setTimeout(show, lively ? redrawBusy : redraw);
    }
}

function settle(): void {
    if (settling === 0) {
        settling = window.setTimeout(() => {
            settling = 0;
            settled.value = rows.value;
        }, restful);
    }
}

export function refresh(): void {
    clearTimeout(timer);
    show();
}

// to the top of the list, with everything that was held back
export function catchUp(): void {
    scrolled.value = false;
    refresh();
}

export function togglePause(): void {
    paused.value = !paused.value;

    if (lost && !paused.value) {
        lost = false;
        void reload();
    } else {
        refresh();
    }
}

const failed = (r: Summary) =>
    r.outcome === 'upstream_error' ||
    r.outcome === 'timeout' ||
    r.outcome === 'worker_died' ||
    r.outcome === 'truncated' ||
    (r.status !== null && r.status >= 400 && r.outcome !== 'client_aborted');

export function note(r: Summary): void {
    const before = byId(r.id);

    if (failed(r) && before !== undefined && !failed(before)) {
        troubles.value = [...troubles.value.slice(-99), serverNow()];
    }

    if (failed(r) && before === undefined && serverNow() - Date.parse(r.started_at) < 60_000) {
        troubles.value = [...troubles.value.slice(-99), serverNow()];
    }

    arrived.set(r.id, r);
    heard.set(r.id, Date.now());
    noteFacets(r);

    if (r.outcome !== 'running' && answers.value.has(r.id) && r.id !== selected.value) {
        const rest = new Map(answers.value);
        rest.delete(r.id);
        answers.value = rest;
    }

    schedule();
}

function drop(id: string): void {
    if (known.delete(id)) {
        total.value--;
    }

    arrived.delete(id);
    fresh.delete(id);
    heard.delete(id);
}

export function forget(id: string): void {
    drop(id);
    schedule();
}

// finished records leave the zone in the order in which they ended
function leave(gone: (r: Summary) => boolean): void {
    for (const id of new Set([...known.keys(), ...arrived.keys()])) {
        const r = byId(id);

        if (r !== undefined && r.outcome !== 'running' && gone(r)) {
            drop(id);
        }
    }
}

const madeRoom = (r: Summary) => ended(r) < horizon;

// Unicode code points, as the server counts them
function splice(text: string, at: number | null, more: string): string {
    if (at === null || at >= text.length) {
        return text + more;
    }

    return at === 0 ? more : Array.from(text).slice(0, at).join('') + more;
}

function grow(delta: AnswerDelta): void {
    const old = answers.value.get(delta.id);
    const choices = new Map(old?.choices);

    for (const c of delta.choices ?? []) {
        const was = choices.get(c.index) ?? { text: '', reasoning: '' };

        choices.set(c.index, {
            text: c.text === null || c.text === undefined ? was.text : splice(was.text, c.text_at ?? null, c.text),
            reasoning:
                c.reasoning === null || c.reasoning === undefined
                    ? was.reasoning
                    : splice(was.reasoning, c.reasoning_at ?? null, c.reasoning),
        });
    }

    answers.value = new Map().set(delta.id, {
        choices,
        tools:
            delta.tool_calls?.map((c) => ({
                id: c.id ?? null,
                name: c.name ?? null,
                arguments: c.arguments ?? '',
                index: c.index ?? 0,
            })) ??
            old?.tools ??
            [],
    });
}

function receive({ event, data }: FeedEvent): void {
    const body: unknown = JSON.parse(data);

    switch (event) {
        case 'hello':
            skew = Date.parse((body as Hello).now) - Date.now();
            greet();
            break;

        case 'record':
            note(summary(body as Partial<Summary>));
            break;

        case 'unmatch':
            forget((body as { id: string }).id);
            break;

        case 'answer':
            grow(body as AnswerDelta);
            break;

        case 'stats':
            counters.value = body as Counters;
            break;

        case 'gone':
            horizon = Date.parse((body as Gone).before);
            leave(madeRoom);
            schedule();
            break;

        case 'clear':
            empty();
            break;

        case 'lag':
            again();
            break;
    }
}

// neither a pause nor an answer that is under way keeps what is gone; what runs
// goes on
function empty(): void {
    generation++;
    leave(() => true);

    batch(() => {
        total.value = known.size;
        troubles.value = [];
        scrolled.value = false;
        list();
    });

    if (loading.value) {
        void reload();
    }
}

const feed = new Feed({
    event: receive,
    state: (s) => {
        feedState.value = s;

        if (s === 'connecting') {
            greeted = false;
        }

        if (s === 'offline') {
            away = true;
        }

        if ((s === 'offline' || s === 'refused') && awaited !== 0) {
            void reload();
        }
    },
});

// The feed tells what changes after its first word: a list that was asked for
// before that lacks what passed in between.  A server that was restarted may
// know nothing of our cursor.
function greet(): void {
    const missed = away || !greeted;

    if (away) {
        inform();
    }

    away = false;
    greeted = true;

    if (awaited !== 0) {
        void reload();
    } else if (missed) {
        again();
    }
}

// another query is another feed, whose first word its list waits for
function expect(): void {
    generation++;
    request?.abort();
    loading.value = true;
    clearTimeout(awaited);
    awaited = window.setTimeout(() => void reload(), patience);
}

export const reconnect = () => feed.reconnect();

// what was missed is no reason to move what somebody reads
function again(): void {
    if (paused.value) {
        lost = true;
    } else {
        void reload(true);
    }
}

export async function reload(same = false): Promise<void> {
    const mine = ++generation;
    const asked = Date.now();

    clearTimeout(awaited);
    awaited = 0;
    request?.abort();
    request = new AbortController();
    loading.value = true;

    try {
        const page = await api.requests(
            { q: query.value, sort: sortArgument(), page: 1, size: firstPage },
            request.signal,
        );

        if (mine !== generation) {
            return;
        }

        const live = [...known.keys(), ...arrived.keys()].filter((id) => (heard.get(id) ?? 0) > asked);
        const newer = new Map(live.map((id) => [id, byId(id) as Summary]));

        known.clear();
        arrived = new Map();
        fresh = new Set();

        [...page.items, ...newer.values()].forEach((r) => {
            known.set(r.id, newer.get(r.id) ?? r);
            noteFacets(r);
        });

        if (same && scrolled.value) {
            const shown = new Set(rows.value.map((r) => r.id));

            fresh = new Set([...known.keys()].filter((id) => !shown.has(id)));
        }

        const rest = page.total > page.items.length;

        partly = same && rest;

        batch(() => {
            total.value = page.total;
            failure.value = null;
            loading.value = false;
            leave(madeRoom);

            if (partly) {
                refresh();
            } else {
                list(same);
            }
        });

        if (rest) {
            void more();
        }
    } catch (e) {
        if (mine === generation) {
            failure.value = api.errorOf(e);
            loading.value = false;
        }
    }
}

// shown even while paused: the reader asked for another list, or for more of it
function list(same = false): void {
    const kept = same && scrolled.value ? rows.value.filter((r, i) => !listed(r.id) && stays(i)) : [];

    rows.value = [...[...known.values()].filter((r) => !fresh.has(r.id)), ...kept].sort(compare);
    settled.value = rows.value;
    waiting.value = fresh.size;

    if (!same) {
        edition.value++;
    }
}

// the next page, and when the list is loaded again as many as it has rows
export async function more(): Promise<void> {
    if (restOf === generation || known.size >= total.value) {
        return;
    }

    const mine = generation;

    restOf = mine;

    try {
        do {
            const before = known.size;
            const page = await api.requests({
                q: query.value,
                sort: sortArgument(),
                page: Math.floor(before / nextPage) + 1,
                size: nextPage,
            });

            if (mine !== generation) {
                return;
            }

            page.items.forEach((r) => {
                if (!known.has(r.id)) {
                    known.set(r.id, r);
                    noteFacets(r);
                }
            });
            total.value = known.size === before ? known.size : page.total;
        } while (partly && known.size < Math.min(total.value, rows.value.length));

        partly = false;
        leave(madeRoom);
        list(true);
    } catch {
        // the next scroll asks again
    } finally {
        if (restOf === mine) {
            restOf = 0;
        }
    }
}

export const isGone = (e: unknown) => e instanceof api.ApiError && (e.status === 404 || e.status === 410);

// A running record that fell out of the filter is not told of again.
async function check(): Promise<void> {
    const mine = generation;
    const since = Date.now() - stale;
    const quiet = [...known.values()]
        .filter((r) => r.outcome === 'running' && (heard.get(r.id) ?? 0) < since)
        .slice(0, 4);

    for (const r of quiet) {
        heard.set(r.id, Date.now());

        try {
            const last = await api.summary(r.id);

            // of another list by now
            if (mine !== generation) {
                return;
            }

            if (last.outcome !== 'running' && query.value !== '') {
                forget(r.id);
            } else {
                note(last);
            }
        } catch (e) {
            if (isGone(e)) {
                forget(r.id);
            }
        }
    }
}

// nothing is there, and nothing is asked for
export const blank = computed(
    () => rows.value.length === 0 && query.value === '' && selected.value === null && !loading.value,
);

export const running = computed(() => rows.value.filter((r) => r.outcome === 'running').length);

export const watched = computed(() => {
    const id = selected.value;
    const r = id === null ? undefined : (rows.value.find((x) => x.id === id) ?? byId(id));
    return r?.outcome === 'running' ? r.id : null;
});

function inform(): void {
    api.info().then(
        (i) => {
            info.value = i;
        },
        () => undefined,
    );
}

export function start(): void {
    inform();

    let asked: { q: string; order: string } | null = null;

    effect(() => {
        const wanted = { q: query.value, order: sortArgument() };
        const before = asked;

        asked = wanted;

        if (wanted.q !== before?.q) {
            untracked(expect);
        } else if (wanted.order !== before.order && awaited === 0) {
            untracked(() => void reload());
        }
    });

    effect(() => feed.follow({ q: query.value, watch: watched.value }));

    window.setInterval(() => {
        now.value = serverNow();
    }, 200);
    window.setInterval(() => {
        void check();
    }, stale);
}
