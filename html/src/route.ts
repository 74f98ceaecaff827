// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Every state of the page is in its address, after the "#", so that a link
// opens the same view for a colleague.

import { batch, computed, effect, signal } from '@preact/signals';
import { rangeOf, withRange, type Range } from './query';
import type { Window } from './types';

export const tabs = ['conversation', 'request', 'response', 'stream', 'timing', 'diff', 'headers', 'export'] as const;
export type Tab = (typeof tabs)[number];

export const sorts = [
    'started_at',
    'duration',
    'ttft',
    'input_tokens',
    'output_tokens',
    'cost',
    'status',
    'response_bytes',
] as const;
export type SortKey = (typeof sorts)[number];

export const windows: Window[] = ['5m', '1h', '24h', 'all'];

export const query = signal('');
export const sort = signal<{ key: SortKey; down: boolean }>({ key: 'started_at', down: true });
export const selected = signal<string | null>(null);
export const tab = signal<Tab>('conversation');
// what a record is compared with, if not with the one that it continues
export const compared = signal<{ of: string; with: string } | null>(null);
export const view = signal<'list' | 'stats'>('list');
export const statsWindow = signal<Window>('1h');
// a term of the query, which the server knows too
export const range = computed(() => rangeOf(query.value));

export function setRange(r: Range | null): void {
    query.value = withRange(query.value, r);
}

const member = <T extends string>(list: readonly T[], value: string | null, otherwise: T): T =>
    list.includes(value as T) ? (value as T) : otherwise;

function read(): void {
    const at = new URLSearchParams(location.hash.slice(1));
    const order = at.get('sort') ?? '-started_at';
    const id = at.get('id');
    const other = at.get('with');

    batch(() => {
        query.value = at.get('q') ?? '';
        sort.value = { key: member(sorts, order.replace(/^-/, ''), 'started_at'), down: order.startsWith('-') };
        selected.value = id;
        tab.value = member(tabs, at.get('tab'), 'conversation');
        compared.value = id === null || other === null ? null : { of: id, with: other };
        view.value = at.get('view') === 'stats' ? 'stats' : 'list';
        statsWindow.value = member(windows, at.get('window'), '1h');
    });
}

export function sortArgument(): string {
    return (sort.value.down ? '-' : '') + sort.value.key;
}

export function hash(): string {
    const at = new URLSearchParams();

    if (query.value !== '') {
        at.set('q', query.value);
    }

    if (sortArgument() !== '-started_at') {
        at.set('sort', sortArgument());
    }

    if (view.value === 'stats') {
        at.set('view', 'stats');
        at.set('window', statsWindow.value);
    }

    if (selected.value !== null) {
        at.set('id', selected.value);

        if (tab.value !== 'conversation') {
            at.set('tab', tab.value);
        }

        if (compared.value?.of === selected.value) {
            at.set('with', compared.value.with);
        }
    }

    const text = at.toString();

    return text === '' ? '' : '#' + text;
}

export function recordLink(id: string): string {
    return location.origin + location.pathname + '#' + new URLSearchParams({ id });
}

export function startRouting(): void {
    let open = '';

    read();
    window.addEventListener('hashchange', read);

    effect(() => {
        const next = hash();
        const place = view.value + (selected.value === null ? '' : '+');
        const push = open !== '' && open !== place;

        open = place;

        if (next === location.hash || (next === '' && location.hash === '')) {
            return;
        }

        const address = next === '' ? location.pathname + location.search : next;

        if (push) {
            history.pushState(null, '', address);
        } else {
            history.replaceState(null, '', address);
        }
    });
}
