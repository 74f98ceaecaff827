// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The state of the list for the rooms above.  This file sends events to the
// transitions of merge.ts, keeps the state that they return, and carries out
// their effects: requests, timers, the live feed.  Changes are gathered and
// shown at most ten times a second.

import { computed, effect, signal, untracked } from '@preact/signals';
import { ApiError } from './error';
import type { AnswerDelta, Counters, Gone, Hello, Summary } from '../types';
import * as api from './api';
import { noteFacets } from './facets';
import { Feed, type FeedEvent } from './feed';
import * as merge from './merge';
import { query, selected, sort, sortArgument } from './place';
import { isBoolean, remembered } from './prefs';
import { delta, summary } from './shape';

const restful = 500;
const stale = 5_000;
const patience = 1_000;
const tick = 200;

// a running record that says nothing is asked for, so many at a time
const checked = 4;

const pausedBefore = remembered('paused', false, isBoolean);
const state = signal(merge.initial(pausedBefore.value));

export const info = computed(() => state.value.info);
export const feedState = computed(() => state.value.feed);
export const paused = computed(() => state.value.paused);
export const scrolled = computed(() => state.value.scrolled);
export const loading = computed(() => state.value.loading);
export const failure = computed(() => state.value.failure);
export const total = computed(() => state.value.total);
export const rows = computed(() => state.value.rows);
export const settled = computed(() => state.value.settled);
export const edition = computed(() => state.value.edition);
export const waiting = computed(() => state.value.waiting);
export const counters = computed(() => state.value.counters);
export const answers = computed(() => state.value.answers);
export const troubles = computed(() => state.value.troubles);

// the monitor's clock, at a pace at which ages are read
export const now = signal(Date.now());

export const serverNow = () => Date.now() + state.peek().skew;

// where clients send their requests
export const proxyAddress = (): string => info.value?.proxy ?? location.protocol + '//' + location.hostname + ':8080';

export const byId = (id: string): Summary | undefined => merge.byId(state.peek(), id);

// whether the record of a row is still in the list
export const listed = (id: string): boolean => merge.listed(state.peek(), id);

// nothing is there, and nothing is asked for
export const blank = computed(
    () => rows.value.length === 0 && query.value === '' && selected.value === null && !loading.value,
);

export const running = computed(() => rows.value.filter((r) => r.outcome === 'running').length);

// the running record whose answer the feed tells
const watched = computed(() => {
    const id = selected.value;
    const r = id === null ? undefined : (rows.value.find((x) => x.id === id) ?? byId(id));
    return r?.outcome === 'running' ? r.id : null;
});

let request: AbortController | null = null;

function send(e: merge.Event): void {
    const before = state.peek();
    const { state: next, effects } = merge.transition(before, e);

    // a reader of the state may send the next event at once, so timers go first
    keepTimers(before, next);
    state.value = next;
    effects.forEach(carryOut);
}

let redrawTimer = 0;
let awaitTimer = 0;

// timers run as the state says
function keepTimers(before: merge.State, next: merge.State): void {
    if (next.redrawIn !== before.redrawIn) {
        clearTimeout(redrawTimer);

        if (next.redrawIn !== null) {
            redrawTimer = window.setTimeout(() => send({ type: 'redraw' }), next.redrawIn);
        }
    }

    if (next.settling && !before.settling) {
        window.setTimeout(() => send({ type: 'settle' }), restful);
    }

    if (next.awaiting !== before.awaiting) {
        clearTimeout(awaitTimer);

        if (next.awaiting !== null) {
            awaitTimer = window.setTimeout(() => send({ type: 'impatient', at: Date.now() }), patience);
        }
    }
}

function carryOut(e: merge.Effect): void {
    switch (e.type) {
        case 'load':
            void load(e);
            break;

        case 'rest':
            void rest(e);
            break;

        case 'abort':
            request?.abort();
            break;

        case 'inform':
            inform();
            break;

        case 'facets':
            e.records.forEach(noteFacets);
            break;
    }
}

const ask = (page: number, size: number, signal?: AbortSignal) =>
    api.requests({ q: query.value, sort: sortArgument(), page, size }, signal);

async function load({ generation, same, asked }: Extract<merge.Effect, { type: 'load' }>): Promise<void> {
    request?.abort();
    request = new AbortController();

    try {
        const page = await ask(1, merge.firstPage, request.signal);

        send({ type: 'page', generation, same, asked, page });
    } catch (e) {
        send({ type: 'failed', generation, error: api.errorOf(e) });
    }
}

async function rest({ generation, before, page }: Extract<merge.Effect, { type: 'rest' }>): Promise<void> {
    try {
        send({ type: 'rest', generation, before, page: await ask(page, merge.nextPage) });
    } catch {
        // the next scroll asks again
        send({ type: 'rest failed', generation });
    }
}

function inform(): void {
    api.info().then(
        (i) => send({ type: 'info', info: i }),
        () => undefined,
    );
}

function receive({ event, data }: FeedEvent): void {
    const body: unknown = JSON.parse(data);
    const at = Date.now();

    switch (event) {
        case 'hello':
            send({ type: 'hello', now: Date.parse((body as Hello).now), at });
            break;

        case 'record':
            send({ type: 'record', record: summary(body as Partial<Summary>), at });
            break;

        case 'unmatch':
            forget((body as { id: string }).id);
            break;

        case 'answer':
            send({ type: 'answer', delta: delta(body as Partial<AnswerDelta>) });
            break;

        case 'stats':
            send({ type: 'counters', counters: body as Counters });
            break;

        case 'gone':
            send({ type: 'gone', before: Date.parse((body as Gone).before) });
            break;

        case 'clear':
            send({ type: 'clear', at });
            break;

        case 'lag':
            send({ type: 'lag', at });
            break;
    }
}

const feed = new Feed({
    event: receive,
    state: (s) => send({ type: 'feed', state: s, at: Date.now() }),
});

export const reconnect = () => feed.reconnect();
export const reload = () => send({ type: 'reload', at: Date.now() });
export const more = () => send({ type: 'more' });
export const togglePause = () => send({ type: 'pause', at: Date.now() });
export const forget = (id: string) => send({ type: 'forget', id });
export const see = (first: number, last: number) => send({ type: 'sight', first, last });

// the reader left the top of the list
export const scrollAway = () => send({ type: 'scrolled' });

// to the top of the list, with everything that was held back
export const catchUp = () => send({ type: 'top' });

export const isGone = (e: unknown) => e instanceof ApiError && (e.status === 404 || e.status === 410);

// A running record that fell out of the filter is not told of again.
async function check(): Promise<void> {
    const { generation } = state.peek();

    for (const id of merge.quiet(state.peek(), Date.now() - stale).slice(0, checked)) {
        send({ type: 'checking', id, at: Date.now() });

        try {
            const last = await api.summary(id);

            // of another list by now
            if (generation !== state.peek().generation) {
                return;
            }

            if (last.outcome !== 'running' && query.value !== '') {
                forget(id);
            } else {
                send({ type: 'record', record: last, at: Date.now() });
            }
        } catch (e) {
            if (isGone(e)) {
                forget(id);
            }
        }
    }
}

export function start(): void {
    inform();

    effect(() => {
        const asked = { query: query.value, order: sort.value };

        untracked(() => send({ type: 'asked', ...asked, at: Date.now() }));
    });

    effect(() => {
        const id = selected.value;

        untracked(() => send({ type: 'selected', id }));
    });

    effect(() => {
        pausedBefore.value = paused.value;
    });

    effect(() => feed.follow({ q: query.value, watch: watched.value }));

    window.setInterval(() => {
        now.value = serverNow();
    }, tick);
    window.setInterval(() => {
        void check();
    }, stale);
}
