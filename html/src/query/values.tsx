// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// A value that the reader can filter by, and the range of time of the query.

import { computed } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { query, view } from '../state/place';
import { dash } from '../text/format';
import { t } from '../text/i18n';
import { copy, menu, type MenuItem } from '../ui/parts';
import { has, rangeOf, term, toggle, withRange, type Facet, type Range } from './terms';

// a term of the query, which the server knows too
export const range = computed(() => rangeOf(query.value));

export function setRange(r: Range | null): void {
    query.value = withRange(query.value, r);
}

export function filterBy(key: Facet, value: string, not = false): void {
    query.value = toggle(query.value, term(key, value, not));
    view.value = 'list';
}

export const valueItems = (key: Facet, value: string) => (): MenuItem[] => [
    {
        label: has(query.value, term(key, value)) ? t('dropFilter') : t('only', { v: short(value) }),
        run: () => filterBy(key, value),
    },
    {
        label: has(query.value, term(key, value, true)) ? t('dropFilter') : t('without', { v: short(value) }),
        run: () => filterBy(key, value, true),
    },
    { label: t('copyValue'), run: () => void copy(value) },
];

const short = (value: string) => (value.length > 40 ? value.slice(0, 39) + '…' : value);

interface ValueProps {
    facet: Facet;
    value: string | null | undefined;
    children?: ComponentChildren;
}

export function Value({ facet, value, children }: ValueProps) {
    if (value === null || value === undefined || value === '') {
        return <span class="none">{dash}</span>;
    }

    return (
        <button
            type="button"
            class="value"
            aria-haspopup="menu"
            onClick={(e) => menu(e, t('filterValue'), valueItems(facet, value))}
        >
            {children ?? value}
        </button>
    );
}
