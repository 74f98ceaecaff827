// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The values that records had, which search box and chips offer.

import { signal } from '@preact/signals';
import type { Summary } from '../types';

const most = 200;
const seen = new Map<string, Set<string>>();

// counts the values, so that who reads them hears of a new one
const count = signal(0);

const fields: [string, (r: Summary) => string | null | undefined][] = [
    ['model', (r) => r.model],
    ['dialect', (r) => r.dialect],
    ['op', (r) => r.operation],
    ['provider', (r) => r.provider],
    ['path', (r) => r.uri.split('?')[0]],
    ['host', (r) => r.host],
    ['client', (r) => r.client],
    ['key', (r) => r.key],
    ['upstream', (r) => r.upstream],
    ['session', (r) => r.session],
    ['user', (r) => r.user],
    ['thread', (r) => r.thread],
    ['finish', (r) => r.finish_reason],
    ['method', (r) => r.method],
    ['status', (r) => (r.status === null ? null : String(r.status))],
];

function add(key: string, value: string | null | undefined): void {
    if (value === null || value === undefined || value === '') {
        return;
    }

    let values = seen.get(key);

    if (values === undefined) {
        values = new Set();
        seen.set(key, values);
    }

    if (!values.has(value) && values.size < most) {
        values.add(value);
        count.value++;
    }
}

export function noteFacets(r: Summary): void {
    fields.forEach(([key, field]) => add(key, field(r)));
    add('model', r.response_model);
    r.tool_calls.forEach((name) => add('tool', name));
}

export const facets = (key: string): string[] => (count.value === 0 ? [] : [...(seen.get(key) ?? [])].sort());
