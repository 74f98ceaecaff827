// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The whole record that the detail shows.  It is fetched again when it has ended.

import { effect, signal, untracked } from '@preact/signals';
import type { Detail, Summary } from '../types';
import * as api from './api';
import { selected, tab } from './place';
import { byId, feedState, forget, isGone, rows } from './store';

export interface Loaded {
    id: string;
    data: Detail | null;
    error: Error | null;
    gone?: boolean;
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
            const gone = isGone(e);

            if (gone) {
                forget(id);
            }

            loaded.value = {
                id,
                data: gone ? null : (loaded.peek()?.data ?? null),
                error: api.errorOf(e),
                gone,
            };
        }
    } finally {
        if (abort === mine) {
            abort = null;
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
            abort = null;
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

    effect(() => {
        if (feedState.value === 'live' && (loaded.peek()?.error ?? null) !== null) {
            untracked(retry);
        }
    });

    window.setInterval(() => {
        const data = loaded.value?.data;

        if (data?.outcome !== 'running' || document.hidden || abort !== null) {
            return;
        }

        // the text of a conversation comes with the feed while the list has it, the rest does not
        const fed = tab.value === 'conversation' || tab.value === 'request';

        if (!fed || byId(data.id)?.outcome !== 'running') {
            void load(data.id);
        }
    }, every);
}
