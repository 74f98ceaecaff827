// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The record that the detail shows, fetched again when it has ended.

import { effect, signal, untracked } from '@preact/signals';
import * as api from './api';
import { selected, tab } from './route';
import { note, rows } from './state';
import type { Detail, Summary } from './types';

export interface Loaded {
    id: string;
    data: Detail | null;
    error: string | null;
}

export const loaded = signal<Loaded | null>(null);

const every = 2000;

let abort: AbortController | null = null;

async function load(id: string): Promise<void> {
    const mine = new AbortController();

    abort?.abort();
    abort = mine;

    if (loaded.peek()?.id !== id) {
        loaded.value = { id, data: null, error: null };
    }

    try {
        const data = await api.request(id, mine.signal);

        if (abort === mine) {
            loaded.value = { id, data, error: null };
        }
    } catch (e) {
        if (abort === mine) {
            loaded.value = { id, data: null, error: e instanceof Error ? e.message : String(e) };
        }
    }
}

export const retry = () => {
    if (selected.value !== null) {
        void load(selected.value);
    }
};

// newest of what the feed and the detail know
export function current(id: string): Summary | null {
    const row = rows.value.find((r) => r.id === id);
    const full = loaded.value?.id === id ? loaded.value.data : null;

    return row === undefined || (row.outcome === 'running' && full !== null && full.outcome !== 'running') ? full : row;
}

export function followSelected(): void {
    let shown: string | null = null;

    effect(() => {
        const id = selected.value;

        if (id === null) {
            abort?.abort();
            shown = null;
            loaded.value = null;
            return;
        }

        const row = rows.value.find((r) => r.id === id);
        const state = id + (row?.outcome === 'running');

        if (state !== shown) {
            shown = state;
            untracked(() => void load(id));
        }
    });

    window.setInterval(() => {
        const data = loaded.value?.data;

        if (data?.outcome !== 'running' || document.hidden) {
            return;
        }

        // the conversation's text comes with the feed, the rest does not
        if (tab.value !== 'conversation' && tab.value !== 'request') {
            void load(data.id);
        } else if (!rows.value.some((r) => r.id === data.id)) {
            api.summary(data.id).then(
                (r) => {
                    if (r.outcome !== 'running') {
                        note(r);
                        void load(data.id);
                    }
                },
                () => undefined,
            );
        }
    }, every);
}
