// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The columns of the list: what each shows, and which of them fit.  The card of
// a narrow screen uses the same cells.

import type { ComponentChildren } from 'preact';
import type { Facet } from '../query/terms';
import { Mark, meaning, outcomeWord } from '../record/mark';
import { Elapsed, endpoint, Since } from '../record/parts';
import type { SortKey } from '../state/place';
import { isStrings, remembered } from '../state/prefs';
import { cost } from '../text/bound';
import { bytes, changeWord, compact, count, dash, duration, exact, nick, rate } from '../text/format';
import { t, type Text } from '../text/i18n';
import type { Failure, Summary } from '../types';

export interface Column {
    id: string;
    label: Text;
    width: number;
    grow?: number;
    end?: boolean;
    // the lower leaves last when room gets scarce
    rank: number;
    sort?: SortKey;
    facet?: Facet;
    facetValue?: (r: Summary) => string | null;
    cell: (r: Summary) => ComponentChildren;
    title?: (r: Summary) => string | undefined;
}

const none = <span class="none">{dash}</span>;
const or = (text: string) => (text === dash ? none : text);

export const outputTokens = (r: Summary): ComponentChildren => {
    return r.estimated_output_tokens === null ? (
        or(compact(r.usage?.output_tokens))
    ) : (
        <span class="guess" title={t('estimated')}>
            ≈{compact(r.estimated_output_tokens)}
        </span>
    );
};

// the bar is on a logarithmic scale: 100 ms to 2 minutes
const share = (ms: number) => Math.max(0.02, Math.min(1, Math.log10(Math.max(1, ms) / 100) / Math.log10(1200)));

function Duration({ record }: { record: Summary }) {
    if (record.outcome === 'running') {
        return (
            <span class="running-text">
                <Elapsed record={record} />
            </span>
        );
    }

    if (record.duration_ms === null) {
        return none;
    }

    return (
        <span class="with-bar">
            <span class="bar-track">
                <span class="bar-fill" style={{ width: share(record.duration_ms) * 100 + '%' }} />
            </span>
            <span>{duration(record.duration_ms)}</span>
        </span>
    );
}

function Input({ record }: { record: Summary }) {
    const usage = record.usage;

    if (typeof usage?.input_tokens !== 'number') {
        return none;
    }

    const cached = usage.cached_tokens ?? 0;

    return (
        <span class="with-bar">
            {cached > 0 && (
                <span class="bar-track" title={t('cachedOf', { n: count(cached), of: count(usage.input_tokens) })}>
                    <span
                        class="bar-fill soft"
                        style={{ width: Math.min(1, cached / Math.max(1, usage.input_tokens)) * 100 + '%' }}
                    />
                </span>
            )}
            <span>{compact(usage.input_tokens)}</span>
        </span>
    );
}

function Model({ record: r }: { record: Summary }) {
    if (r.model === null && r.response_model === null) {
        return none;
    }

    const other =
        r.response_model !== null &&
        r.model !== null &&
        r.response_model !== r.model &&
        !r.response_model.startsWith(r.model + '-');

    return (
        <>
            {r.model ?? r.response_model}
            {other && <span class="quiet"> → {r.response_model}</span>}
        </>
    );
}

// "rate_limit_exceeded" says more than its type, "requests"; a number says what
// the status does
const problem = (e: Failure): string | null => (typeof e.code === 'string' && /[a-z]/i.test(e.code) ? e.code : e.type);

export const finish = (r: Summary): ComponentChildren => {
    if (r.outcome !== 'ok' && r.outcome !== 'running') {
        return <span class={meaning(r) + '-text'}>{(r.error === null || r.error.by === 'nginx' ? null : problem(r.error)) ?? outcomeWord(r)}</span>;
    }

    if (r.error !== null) {
        return <span class="error-text">{problem(r.error) ?? r.error.code ?? t('failed')}</span>;
    }

    if (r.outcome === 'running') {
        return (
            <span class="running-text">
                {outcomeWord(r)}
                {(r.response_bytes ?? 0) > 0 && ' ' + bytes(r.response_bytes)}
            </span>
        );
    }

    return r.finish_reason ?? none;
};

export const columns: Column[] = [
    {
        id: 'status',
        label: 'status',
        width: 60,
        rank: 0,
        sort: 'status',
        facet: 'status',
        facetValue: (r) => (r.status === null ? null : String(r.status)),
        cell: (r) => (
            <span class="status">
                <Mark record={r} />
                {r.status ?? ''}
            </span>
        ),
        title: outcomeWord,
    },
    {
        id: 'time',
        label: 'time',
        width: 76,
        rank: 2,
        sort: 'started_at',
        cell: (r) => <Since record={r} />,
        title: (r) => exact(r.started_at),
    },
    {
        id: 'endpoint',
        label: 'endpoint',
        width: 136,
        grow: 1,
        rank: 3,
        facet: 'path',
        facetValue: (r) => r.uri.split('?')[0] ?? null,
        cell: (r) => (
            <>
                {r.method !== 'POST' && <span class="quiet">{r.method} </span>}
                {endpoint(r)}
            </>
        ),
        title: (r) => r.method + ' ' + r.uri,
    },
    {
        id: 'model',
        label: 'model',
        width: 140,
        grow: 2,
        rank: 1,
        facet: 'model',
        facetValue: (r) => r.model ?? r.response_model,
        cell: (r) => <Model record={r} />,
        title: (r) => r.response_model ?? r.model ?? undefined,
    },
    {
        id: 'stream',
        label: 'stream',
        width: 62,
        rank: 13,
        cell: (r) =>
            r.streamed === null ? (
                none
            ) : r.streamed ? (
                <>
                    {t('yes')}
                    {r.buffered === true && (
                        <span class="cut-text" title={t('bufferedNote')}>
                            {' '}
                            !
                        </span>
                    )}
                </>
            ) : (
                <span class="quiet">{t('no')}</span>
            ),
    },
    {
        id: 'finish',
        label: 'finish',
        width: 112,
        grow: 0.6,
        rank: 6,
        facet: 'finish',
        facetValue: (r) => r.finish_reason,
        cell: finish,
        title: (r) =>
            [r.error?.type, r.error?.message].filter((x) => x !== null && x !== undefined).join(': ') || undefined,
    },
    {
        id: 'ttft',
        label: 'ttft',
        width: 68,
        end: true,
        rank: 7,
        sort: 'ttft',
        cell: (r) => or(duration(r.ttft_ms)),
        title: () => t('ttftLong'),
    },
    {
        id: 'duration',
        label: 'duration',
        width: 104,
        end: true,
        rank: 4,
        sort: 'duration',
        cell: (r) => <Duration record={r} />,
    },
    {
        id: 'input',
        label: 'tokensIn',
        width: 84,
        end: true,
        rank: 8,
        sort: 'input_tokens',
        cell: (r) => <Input record={r} />,
    },
    { id: 'output', label: 'tokensOut', width: 60, end: true, rank: 5, sort: 'output_tokens', cell: outputTokens },
    {
        id: 'reasoning',
        label: 'reasoningTokens',
        width: 76,
        end: true,
        rank: 15,
        cell: (r) => or(compact(r.usage?.reasoning_tokens)),
    },
    {
        id: 'rate',
        label: 'rate',
        width: 62,
        end: true,
        rank: 10,
        cell: (r) => or(rate(r.tokens_per_second)),
        title: () => t('rateLong'),
    },
    { id: 'cost', label: 'cost', width: 88, end: true, rank: 9, sort: 'cost', cell: (r) => or(cost(r)) },
    {
        id: 'tools',
        label: 'toolCalls',
        width: 96,
        grow: 0.6,
        rank: 11,
        facet: 'tool',
        facetValue: (r) => r.tool_calls[0] ?? null,
        cell: (r) => (r.tool_calls.length === 0 ? none : r.tool_calls.join(', ')),
        title: (r) => r.tool_calls.join(', '),
    },
    {
        id: 'thread',
        label: 'thread',
        width: 88,
        grow: 0.3,
        rank: 12,
        facet: 'thread',
        facetValue: (r) => r.thread,
        cell: (r) =>
            r.thread === null ? none : <span class={r.parent === null ? 'quiet' : undefined}>{nick(r.thread)}</span>,
        title: (r) => (r.thread === null ? undefined : r.thread + (r.change === null ? '' : ' · ' + changeWord(r.change))),
    },
    {
        id: 'session',
        label: 'session',
        width: 92,
        rank: 16,
        facet: 'session',
        facetValue: (r) => r.session,
        cell: (r) => (r.session === null ? none : nick(r.session)),
        title: (r) => r.session ?? undefined,
    },
    {
        id: 'client',
        label: 'client',
        width: 108,
        rank: 14,
        facet: 'client',
        facetValue: (r) => r.client,
        cell: (r) => r.client ?? none,
        title: (r) => r.user_agent ?? undefined,
    },
    {
        id: 'agent',
        label: 'userAgent',
        width: 140,
        rank: 17,
        cell: (r) => r.user_agent ?? none,
        title: (r) => r.user_agent ?? undefined,
    },
    {
        id: 'key',
        label: 'keyShort',
        width: 92,
        rank: 18,
        facet: 'key',
        facetValue: (r) => r.key,
        cell: (r) => r.key ?? none,
    },
    {
        id: 'upstream',
        label: 'upstream',
        width: 136,
        rank: 19,
        facet: 'upstream',
        facetValue: (r) => r.upstream,
        cell: (r) => r.upstream ?? none,
    },
    { id: 'messages', label: 'messages', width: 76, end: true, rank: 20, cell: (r) => or(count(r.message_count)) },
    {
        id: 'size',
        label: 'size',
        width: 76,
        end: true,
        rank: 21,
        sort: 'response_bytes',
        cell: (r) => or(bytes(r.response_bytes)),
    },
];

const standard = [
    'status',
    'time',
    'endpoint',
    'model',
    'finish',
    'ttft',
    'duration',
    'input',
    'output',
    'rate',
    'cost',
    'tools',
    'thread',
    'client',
];

export const chosen = remembered('columns', standard, isStrings);

export function toggleColumn(id: string): void {
    const list = chosen.value;
    const next = list.includes(id) ? list.filter((c) => c !== id) : [...list, id];

    if (next.length > 0) {
        chosen.value = next;
    }
}

export function standardColumns(): void {
    chosen.value = standard;
}

const gap = 16;

// the most important of the chosen columns that fit side by side
export function fitting(width: number): Column[] {
    const wanted = columns.filter((c) => chosen.value.includes(c.id)).sort((a, b) => a.rank - b.rank);
    const fit: Column[] = [];
    let left = width - 44;

    for (const c of wanted) {
        if (c.width <= left || fit.length === 0) {
            left -= c.width + gap;
            fit.push(c);
        }
    }

    return columns.filter((c) => fit.includes(c));
}

export const template = (fit: Column[]): string =>
    fit.map((c) => (c.grow === undefined ? c.width + 'px' : `minmax(${c.width}px, ${c.grow}fr)`)).join(' ');
