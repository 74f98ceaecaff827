// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The strip above the list: requests and errors over time, sums and chips of the
// rows that the list has.  A drag over the bars picks a range of time.

import { useComputed, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { has, term, type Facet, type Range } from '../query/terms';
import { filterBy, range, setRange, valueItems } from '../query/values';
import { meaning } from '../record/mark';
import { facets } from '../state/facets';
import { query } from '../state/place';
import { now, running, settled } from '../state/store';
import { atLeast, costIsBound, counts, tokensAreBound, unknownOf, unknowns } from '../text/bound';
import { clock, compact, count, dash, day, duration, money, percent } from '../text/format';
import { t } from '../text/i18n';
import type { Summary } from '../types';
import { Button, menu, narrow, useMedia, useSize } from '../ui/parts';

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];

interface Bin {
    ok: number;
    error: number;
    cut: number;
}

interface Bins {
    from: number;
    step: number;
    list: Bin[];
    most: number;
}

function bins(list: readonly Summary[], wanted: Range | null, at: number, bars: number): Bins {
    let oldest = at;

    list.forEach((r) => {
        oldest = Math.min(oldest, Date.parse(r.started_at));
    });

    const from = wanted?.from ?? Math.min(oldest, at - 60_000);
    const to = wanted?.to ?? at;
    const seconds = (to - from) / 1000 / bars;
    const step = (steps.find((s) => s >= seconds) ?? Math.ceil(seconds / 86400) * 86400) * 1000;
    const last = Math.floor(to / step);
    const first = Math.floor(from / step);
    const out: Bin[] = Array.from({ length: Math.max(1, last - first + 1) }, () => ({ ok: 0, error: 0, cut: 0 }));

    for (const r of list) {
        const bin = out[Math.floor(Date.parse(r.started_at) / step) - first];

        if (bin !== undefined) {
            const m = meaning(r);
            bin[m === 'error' || m === 'cut' ? m : 'ok']++;
        }
    }

    return { from: first * step, step, list: out, most: Math.max(1, ...out.map((b) => b.ok + b.error + b.cut)) };
}

const height = 48;

function Histogram() {
    const { ref, width } = useSize<HTMLDivElement>();
    const drag = useSignal<{ a: number; b: number } | null>(null);
    const bars = Math.max(12, Math.floor(width / 5));
    const second = useComputed(() => Math.floor(now.value / 1000) * 1000);
    const data = bins(settled.value, range.value, second.value, bars);
    const each = width / data.list.length;
    const end = data.from + data.step * data.list.length;
    const at = (x: number) => data.from + (x / Math.max(1, width)) * (end - data.from);
    const long = end - data.from > 86400_000;
    const place = (e: PointerEvent) =>
        Math.max(0, Math.min(width, e.clientX - (ref.current?.getBoundingClientRect().left ?? 0)));

    const down = (e: PointerEvent) => {
        (e.currentTarget as Element).setPointerCapture(e.pointerId);
        drag.value = { a: place(e), b: place(e) };
    };

    const up = () => {
        const d = drag.value;
        drag.value = null;

        if (d !== null && Math.abs(d.a - d.b) > 4) {
            const from = at(Math.min(d.a, d.b));
            const to = at(Math.max(d.a, d.b));
            const grain = to - from > 10_000 ? 1000 : 1;

            setRange({ from: Math.floor(from / grain) * grain, to: Math.ceil(to / grain) * grain });
        } else if (d !== null && range.value !== null) {
            setRange(null);
        }
    };

    const bar = (b: Bin, i: number) => {
        const y = (n: number) => (n === 0 ? 0 : Math.max(2, (n / data.most) * (height - 4)));
        const parts: [string, number][] = [
            ['ok', y(b.ok)],
            ['cut', y(b.cut)],
            ['error', y(b.error)],
        ];
        let top = height;

        return parts.map(([name, h]) => {
            top -= h;
            return h === 0 ? null : (
                <rect
                    key={name + i}
                    class={'bin ' + name}
                    x={i * each + 0.5}
                    y={top}
                    width={Math.max(1, each - 1)}
                    height={h}
                />
            );
        });
    };

    const errors = data.list.reduce((n, b) => n + b.error, 0);

    return (
        <div class="histogram" ref={ref}>
            <svg
                width={width}
                height={height}
                role="img"
                aria-label={t('histogram', { n: settled.value.length, errors })}
                onPointerDown={down}
                onPointerMove={(e) => {
                    if (drag.value !== null) {
                        drag.value = { ...drag.value, b: place(e) };
                    }
                }}
                onPointerUp={up}
                onPointerCancel={() => {
                    drag.value = null;
                }}
            >
                <line class="ground" x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} />
                {data.list.flatMap(bar)}
                {drag.value !== null && (
                    <rect
                        class="brush"
                        x={Math.min(drag.value.a, drag.value.b)}
                        y="0"
                        width={Math.abs(drag.value.a - drag.value.b)}
                        height={height}
                    />
                )}
            </svg>
            <div class="axis quiet" aria-hidden="true">
                <span>
                    {long ? day(data.from) + ' ' : ''}
                    {clock(data.from, !long)}
                </span>
                <span>{range.value === null ? t('now') : clock(end)}</span>
            </div>
            {range.value !== null && (
                <Button
                    class="unbrush"
                    icon="close"
                    label={t('wholeTime')}
                    text={t('wholeTime')}
                    onClick={() => setRange(null)}
                />
            )}
        </div>
    );
}

function median(list: (number | null)[]): number | null {
    const values = list.filter((v): v is number => v !== null).sort((a, b) => a - b);
    return values[Math.floor(values.length / 2)] ?? null;
}

function Figures() {
    const small = useMedia(narrow);
    const list = settled.value;
    const done = list.filter((r) => r.outcome !== 'running');
    const good = done.filter((r) => meaning(r) === 'ok').length;
    const own = list.filter(counts);
    const input = own.reduce((n, r) => n + (r.usage?.input_tokens ?? 0), 0);
    const output = own.reduce((n, r) => n + (r.usage?.output_tokens ?? 0), 0);
    const priced = list.filter((r) => r.cost_usd !== null || r.cost_at_least_usd !== null);
    const cost = priced.reduce((n, r) => n + (r.cost_usd ?? r.cost_at_least_usd ?? 0), 0);
    const unknown = unknownOf(list);
    const used = list.some((r) => r.usage !== null);

    const figures: [string, ComponentChildren, string?][] = [
        [
            t('requests'),
            <>
                {count(list.length)}
                {running.value > 0 && !small && (
                    <small class="running-text"> {t('runningNow', { n: running.value })}</small>
                )}
            </>,
        ],
        [t('success'), done.length === 0 ? dash : percent(good / done.length)],
        [t('p50'), duration(median(done.map((r) => r.duration_ms))), t('p50Long')],
        [t('ttft'), duration(median(list.map((r) => r.ttft_ms))), t('ttftLong')],
        [t('tokensInOut'), used ? atLeast(compact(input) + ' → ' + compact(output), tokensAreBound(unknown)) : dash, unknowns(unknown)],
        [t('cost'), priced.length === 0 ? dash : atLeast(money(cost), costIsBound(unknown)), unknowns(unknown)],
    ];

    return (
        <dl class="figures" aria-label={t('shown')}>
            {figures
                .filter((_, i) => !small || [0, 1, 2, 5].includes(i))
                .map(([label, value, title]) => (
                    <div key={label} title={title}>
                        <dt>{label}</dt>
                        <dd>{value}</dd>
                    </div>
                ))}
        </dl>
    );
}

function Chips({ facet, label, most }: { facet: Facet; label: string; most: number }) {
    const counts = new Map<string, number>(facets(facet).map((v) => [v, 0]));

    settled.value.forEach((r) => {
        const v = facet === 'model' ? (r.model ?? r.response_model) : r.dialect;

        if (v !== null) {
            counts.set(v, (counts.get(v) ?? 0) + 1);
        }
    });

    const state = (v: string) =>
        has(query.value, term(facet, v)) ? 'on' : has(query.value, term(facet, v, true)) ? 'off' : undefined;
    const asked = facet === 'model' ? [...counts].filter(([v, n]) => n > 0 || state(v) !== undefined) : [...counts];
    const all = asked.sort(
        (a, b) =>
            Number(state(b[0]) !== undefined) - Number(state(a[0]) !== undefined) ||
            b[1] - a[1] ||
            (a[0] < b[0] ? -1 : 1),
    );
    const rest = all.slice(most);

    if (all.length === 0) {
        return null;
    }

    return (
        <div class="chips" role="group" aria-label={label}>
            {all.slice(0, most).map(([v, n]) => (
                <button
                    key={v}
                    type="button"
                    class="chip"
                    data-state={state(v)}
                    aria-pressed={state(v) === 'on'}
                    title={t('chipHint')}
                    onClick={(e) => filterBy(facet, v, e.shiftKey || e.altKey || state(v) === 'off')}
                    onContextMenu={(e) => menu(e, label, valueItems(facet, v))}
                >
                    <span class="clip">{v}</span>
                    <span class="quiet">{n > 0 ? n : ''}</span>
                </button>
            ))}
            {rest.length > 0 && (
                <button
                    type="button"
                    class="chip"
                    aria-haspopup="menu"
                    onClick={(e) =>
                        menu(e, label, () =>
                            rest
                                .slice(0, 40)
                                .map(([v, n]) => ({
                                    label: v,
                                    hint: n > 0 ? String(n) : undefined,
                                    run: () => filterBy(facet, v),
                                })),
                        )
                    }
                >
                    +{rest.length}
                </button>
            )}
        </div>
    );
}

export function Strip() {
    const { ref, width } = useSize<HTMLDivElement>();
    const room = Math.max(2, Math.floor(width / 150));

    return (
        <section class="strip" aria-label={t('overview')}>
            <div class="strip-top">
                <Histogram />
                <Figures />
            </div>
            <div class="strip-chips" ref={ref}>
                <Chips facet="dialect" label={t('endpoints')} most={Math.min(5, Math.ceil(room * 0.4))} />
                <Chips facet="model" label={t('models')} most={Math.min(8, Math.floor(room * 0.6))} />
            </div>
        </section>
    );
}
