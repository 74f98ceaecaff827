// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Sums and costs that are lower bounds, because something in them is not known.
// The strip, the statistics, the list and the detail use it.

import type { Summary } from '../types';
import { dash, money } from './format';
import { t } from './i18n';

export interface Unknowns {
    unpriced_requests: number;
    partial_cost_requests: number;
    no_usage_requests: number;
}

export const costIsBound = (u: Unknowns): boolean =>
    u.unpriced_requests > 0 || u.partial_cost_requests > 0 || u.no_usage_requests > 0;

export const tokensAreBound = (u: Unknowns): boolean => u.no_usage_requests > 0;

export const atLeast = (text: string, bound: boolean): string => (bound && text !== dash ? '≥ ' + text : text);

// "3 without a price, 2 without usage", or undefined when all is known
export function unknowns(u: Unknowns): string | undefined {
    const parts = [
        u.unpriced_requests > 0 && t('unpriced', { n: u.unpriced_requests }),
        u.partial_cost_requests > 0 && t('partlyPriced', { n: u.partial_cost_requests }),
        u.no_usage_requests > 0 && t('noUsage', { n: u.no_usage_requests }),
    ].filter((part) => part !== false);

    return parts.length > 0 ? parts.join(', ') : undefined;
}

export function cost(r: Summary): string {
    return r.cost_usd !== null ? money(r.cost_usd) : atLeast(money(r.cost_at_least_usd), true);
}

// of a cost: what it leaves out, or the row of the price
export function costTitle(r: Summary): string | undefined {
    return r.cost_partial.length > 0 ? t('costLacks', { what: r.cost_partial.join(', ') }) : (r.price ?? undefined);
}

// an answer that was paid with an earlier record, or that nginx's cache gave
export const counts = (r: Summary): boolean => !r.usage_repeated && r.from_cache !== true;

const work: ReadonlySet<string> = new Set([
    'chat',
    'text_completion',
    'generate_content',
    'embeddings',
    'invoke_agent',
    'realtime',
]);

export function unknownOf(list: readonly Summary[]): Unknowns {
    const own = list.filter(counts);
    const used = own.filter((r) => r.usage !== null);

    return {
        unpriced_requests: used.filter((r) => r.cost_usd === null && r.cost_at_least_usd === null).length,
        partial_cost_requests: used.filter((r) => r.cost_at_least_usd !== null).length,
        no_usage_requests: own.filter(
            (r) => r.usage === null && r.outcome === 'ok' && r.operation !== null && work.has(r.operation),
        ).length,
    };
}
