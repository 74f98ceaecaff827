// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// What this browser remembers between visits.  Where storage is forbidden or full,
// choices last as long as the page is open.

import { effect, signal, type Signal } from '@preact/signals';

const prefix = 'openai-monitor.';

export function remembered<T>(name: string, initial: T, valid: (value: unknown) => value is T): Signal<T> {
    let start = initial;

    try {
        const stored: unknown = JSON.parse(localStorage.getItem(prefix + name) ?? 'null');

        if (valid(stored)) {
            start = stored;
        }
    } catch {
        start = initial;
    }

    const value = signal(start);
    let first = true;

    effect(() => {
        const text = JSON.stringify(value.value);

        if (first) {
            first = false;
            return;
        }

        try {
            localStorage.setItem(prefix + name, text);
        } catch {
            return;
        }
    });

    return value;
}

export const isBoolean = (v: unknown): v is boolean => typeof v === 'boolean';
export const isNumber = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v);

export const isStrings = (v: unknown): v is string[] => Array.isArray(v) && v.every((s) => typeof s === 'string');

export const isOneOf =
    <T extends string>(...values: T[]) =>
    (v: unknown): v is T =>
        values.includes(v as T);

export type Theme = 'auto' | 'light' | 'dark';

export const theme = remembered<Theme>('theme', 'auto', isOneOf('auto', 'light', 'dark'));
export const markdown = remembered('markdown', true, isBoolean);
export const split = remembered('split', 0.52, isNumber);
