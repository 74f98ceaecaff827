// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Keeps the reader's place in the address, after the "#", so that a link opens the
// same view for a colleague.  main.tsx starts it.

import { batch, effect } from '@preact/signals';
import { compared, query, selected, sort, sortArgument, sorts, statsWindow, tab, tabs, view, windows } from '../state/place';

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
