// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Where the reader is: the query, the record, the tab, the view.  All rooms
// read and set these; app/routes.ts keeps them in the address of the page.

import { signal } from '@preact/signals';
import type { Window } from '../types';

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
// the record whose row the keys act on
export const cursor = signal<string | null>(null);

export function sortArgument(): string {
    return (sort.value.down ? '-' : '') + sort.value.key;
}

export function recordLink(id: string): string {
    return location.origin + location.pathname + '#' + String(new URLSearchParams({ id }));
}
