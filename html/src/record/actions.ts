// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// What keys, palette and buttons do with a record: open it, step to the next one,
// cancel it, copy its link.

import { batch } from '@preact/signals';
import * as api from '../state/api';
import { loaded } from '../state/loaded';
import { cursor, recordLink, selected, tab } from '../state/place';
import { byId, rows } from '../state/store';
import { t } from '../text/i18n';
import { reason } from '../text/reason';
import { copy, say } from '../ui/parts';

export function go(id: string): void {
    batch(() => {
        cursor.value = id;

        if (selected.value !== null) {
            selected.value = id;
        }
    });
}

// a click on a row: opens its record, or closes it
export function open(id: string): void {
    cursor.value = id;
    selected.value = selected.value === id ? null : id;
}

export function step(by: number): void {
    const list = rows.value;
    const at = list.findIndex((r) => r.id === (selected.value ?? cursor.value));
    const next = list[at < 0 ? 0 : Math.max(0, Math.min(list.length - 1, at + by))];

    if (next !== undefined) {
        go(next.id);
    }
}

export function openCursor(): void {
    const id = selected.value ?? cursor.value ?? rows.value[0]?.id;

    if (id !== undefined) {
        cursor.value = id;
        selected.value = id;
    }
}

// to the neighbour in the same conversation, else in the same session
export function stepThread(by: number): void {
    const id = selected.value ?? cursor.value;
    const from = id === null ? undefined : (byId(id) ?? loaded.value?.data ?? undefined);

    if (from === undefined) {
        return;
    }

    const same = rows.value.filter((r) =>
        from.thread !== null ? r.thread === from.thread : from.session !== null && r.session === from.session,
    );
    const list = same.sort((a, b) => (a.started_at < b.started_at ? -1 : 1));
    const at = list.findIndex((r) => r.id === from.id);

    // the list may not have come yet, or not have the record
    const next = (at < 0 ? undefined : list[at + by]?.id) ?? (by < 0 ? from.parent : null);

    if (next === null) {
        say(t('endOfThread'));
        return;
    }

    go(next);
}

export async function cancel(id: string): Promise<void> {
    try {
        await api.cancel(id);
        say(t('cancelled'));
    } catch (e) {
        say(reason(e));
    }
}

export function cancelSelected(): void {
    const id = selected.value ?? cursor.value;
    const r = id === null ? undefined : byId(id);

    if (r?.outcome === 'running') {
        void cancel(r.id);
    } else {
        say(t('notRunning'));
    }
}

export function copyLink(): void {
    if (selected.value !== null) {
        void copy(recordLink(selected.value));
    }
}

export function showDiff(): void {
    openCursor();
    tab.value = 'diff';
}
