// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The statistics of the server: tiles, charts, tables by model, endpoint, key and
// upstream.  The shell draws them in place of the list.

import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { AlignedData } from 'uplot';
import type { Facet } from '../query/terms';
import { Value } from '../query/values';
import { meaningOf } from '../record/mark';
import * as api from '../state/api';
import { query, statsWindow, windows } from '../state/place';
import { counters } from '../state/store';
import { atLeast, costIsBound, tokensAreBound, unknowns } from '../text/bound';
import { bytes, compact, count, dash, duration, exact, money, percent, rate } from '../text/format';
import { t, type Text } from '../text/i18n';
import { reason } from '../text/reason';
import type { Group, Outcome, Quantiles, Sample, Stats as Numbers, Window, Zone } from '../types';
import { Chart } from '../ui/chart';
import { Button, say, Trouble, Wait } from '../ui/parts';

const every = 2000;

// the server's name for what has no row of its own
const rest = 'other';

function useStats() {
    const data = useSignal<Numbers | null>(null);
    const error = useSignal<string | null>(null);
    const wanted = statsWindow.value;
    const q = query.value;

    useEffect(() => {
        const abort = new AbortController();
        let asking = false;

        const load = async () => {
            asking = true;

            try {
                data.value = await api.stats(wanted, q, abort.signal);
                error.value = null;
            } catch (e) {
                if (!abort.signal.aborted) {
                    error.value = reason(e);
                }
            } finally {
                asking = false;
            }
        };

        void load();

        const timer = setInterval(() => {
            if (!document.hidden && !asking) {
                void load();
            }
        }, every);

        return () => {
            abort.abort();
            clearInterval(timer);
        };
    }, [wanted, q]);

    return { data, error };
}

function Tile({ label, value, more, tone }: { label: string; value: string; more?: string; tone?: string }) {
    return (
        <div class="tile">
            <dt>{label}</dt>
            <dd class={tone}>{value}</dd>
            {more !== undefined && <dd class="quiet">{more}</dd>}
        </div>
    );
}

// the others are what the API counts as errors
const noError: ReadonlySet<Outcome> = new Set(['running', 'ok', 'upgraded', 'client_aborted']);

function Tiles({ s }: { s: Numbers }) {
    const o = s.by_outcome;
    const errors = (Object.entries(o) as [Outcome, number][])
        .filter(([name]) => !noError.has(name))
        .reduce((sum, [, n]) => sum + n, 0);
    const u = s.usage;

    return (
        <dl class="tiles">
            <Tile
                label={t('requests')}
                value={count(s.requests)}
                more={t('runningNow', { n: counters.value?.in_flight ?? s.in_flight })}
            />
            <Tile
                label={t('success')}
                value={percent(s.success_rate)}
                more={`${count(s.by_status['4xx'])} × 4xx · ${count(s.by_status['5xx'])} × 5xx`}
            />
            <Tile
                label={t('errors')}
                value={count(errors)}
                tone={errors > 0 ? 'error-text' : undefined}
                more={`${count(o.client_aborted)} ${t('outcome.client_aborted')}`}
            />
            <Tile
                label={t('tokensIn')}
                value={atLeast(compact(u.input_tokens), tokensAreBound(s))}
                more={
                    u.input_tokens > 0
                        ? `${percent(u.cached_tokens / u.input_tokens)} ${t('cached')}`
                        : undefined
                }
            />
            <Tile
                label={t('tokensOut')}
                value={atLeast(compact(u.output_tokens), tokensAreBound(s))}
                more={`${compact(u.reasoning_tokens)} ${t('reasoning')}`}
            />
            <Tile label={t('rate')} value={rate(s.tokens_per_second)} more={t('weighted')} />
            <Tile
                label={t('cost')}
                value={atLeast(money(s.cost_usd), costIsBound(s))}
                more={unknowns(s)}
            />
            <Tile
                label={t('bytesMoved')}
                value={bytes(s.response_bytes)}
                more={t('sentOf', { n: bytes(s.request_bytes) })}
            />
        </dl>
    );
}

function Spread({ s }: { s: Numbers }) {
    const names = ['mean', 'p50', 'p90', 'p95', 'p99'] as const;
    const lines: [Text, Quantiles | null][] = [
        ['duration', s.duration_ms],
        ['ttft', s.ttft_ms],
    ];

    return (
        <section class="card-box">
            <h3>{t('spread')}</h3>
            <div class="scroll" tabIndex={0} role="group" aria-label={t('spread')}>
                <table class="plain-table">
                    <thead>
                        <tr>
                            <th scope="col" />
                            {names.map((n) => (
                                <th key={n} scope="col" class="number">
                                    {n === 'mean' ? t('mean') : n}
                                </th>
                            ))}
                        </tr>
                    </thead>
                    <tbody>
                        {lines.map(([label, q]) => (
                            <tr key={label}>
                                <th scope="row">{t(label)}</th>
                                {names.map((n) => (
                                    <td key={n} class="number">
                                        {duration(q?.[n])}
                                    </td>
                                ))}
                            </tr>
                        ))}
                    </tbody>
                </table>
            </div>
        </section>
    );
}

function Outcomes({ s }: { s: Numbers }) {
    const list = (Object.entries(s.by_outcome) as [Outcome, number][])
        .filter(([, n]) => n > 0)
        .sort((a, b) => b[1] - a[1]);
    const most = Math.max(1, ...list.map(([, n]) => n));

    return (
        <section class="card-box">
            <h3>{t('outcomes')}</h3>
            <table class="plain-table">
                <tbody>
                    {list.map(([name, n]) => (
                        <tr key={name}>
                            <th scope="row">
                                <Value facet="outcome" value={name}>
                                    {t(`outcome.${name}`)}
                                </Value>
                            </th>
                            <td class="track" aria-hidden="true">
                                <span
                                    class={'share ' + meaningOf(name)}
                                    style={{ width: (n / most) * 100 + '%' }}
                                />
                            </td>
                            <td class="number">{count(n)}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </section>
    );
}

function Groups({ label, facet, list }: { label: string; facet: Facet; list: Group[] | null }) {
    const rows = [...(list ?? [])].sort((a, b) => b.requests - a.requests).slice(0, 20);

    return (
        <section class="card-box wide">
            <h3>{label}</h3>
            {rows.length === 0 ? (
                <p class="quiet">{dash}</p>
            ) : (
                <div class="scroll" tabIndex={0} role="group" aria-label={label}>
                    <table class="plain-table">
                        <thead>
                            <tr>
                                <th scope="col">{label}</th>
                                <th scope="col" class="number">
                                    {t('requests')}
                                </th>
                                <th scope="col" class="number">
                                    {t('errors')}
                                </th>
                                <th scope="col" class="number">
                                    {t('tokensIn')}
                                </th>
                                <th scope="col" class="number">
                                    {t('tokensOut')}
                                </th>
                                <th scope="col" class="number">
                                    {t('cachedLabel')}
                                </th>
                                <th scope="col" class="number">
                                    {t('mean')}
                                </th>
                                <th scope="col" class="number">
                                    {t('cost')}
                                </th>
                            </tr>
                        </thead>
                        <tbody>
                            {rows.map((g) => (
                                <tr key={g.name}>
                                    <th scope="row">
                                        {g.name === rest ? (
                                            <span class="quiet">{t('others')}</span>
                                        ) : (
                                            <Value facet={facet} value={g.name} />
                                        )}
                                    </th>
                                    <td class="number">{count(g.requests)}</td>
                                    <td class={'number ' + (g.errors > 0 ? 'error-text' : 'quiet')}>
                                        {count(g.errors)}
                                    </td>
                                    <td class="number">{atLeast(compact(g.input_tokens), tokensAreBound(g))}</td>
                                    <td class="number">{atLeast(compact(g.output_tokens), tokensAreBound(g))}</td>
                                    <td class="number">{atLeast(compact(g.cached_tokens), tokensAreBound(g))}</td>
                                    <td class="number">{duration(g.mean_ms)}</td>
                                    <td class="number" title={unknowns(g)}>
                                        {atLeast(money(g.cost_usd), costIsBound(g))}
                                    </td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
        </section>
    );
}

function ZoneUse({ zone: z }: { zone: Zone }) {
    const used = z.pages - z.pages_free;
    const share = used / Math.max(1, z.pages);
    const facts: [Text, number | null][] = [
        ['evicted', z.evicted],
        ['dropped', z.dropped],
        ['cutShort', z.truncated],
        ['heals', z.heals],
        ['workersDied', z.worker_died],
    ];

    return (
        <section class="card-box">
            <h3>
                {t('zone')} <span class="quiet">{z.name}</span>
            </h3>
            <div
                class="meter"
                role="meter"
                aria-label={t('zone')}
                aria-valuemin={0}
                aria-valuemax={100}
                aria-valuenow={Math.round(share * 100)}
            >
                <span style={{ width: share * 100 + '%' }} />
            </div>
            <p class="quiet">
                {percent(share)} · {bytes(z.size_bytes)} · {count(z.records)} / {count(z.entries)} {t('records')}
            </p>
            <dl class="facts">
                {facts.map(([k, v]) => (
                    <div key={k}>
                        <dt>{t(k)}</dt>
                        <dd>{count(v)}</dd>
                    </div>
                ))}
            </dl>
        </section>
    );
}

const column = (series: Sample[], f: (s: Sample) => number | null): (number | null)[] => series.map(f);

// the least that a chart spans, so that it does not run from edge to edge at the start
const spans: Record<Window, number> = { '5m': 300, '1h': 3600, '24h': 86400, all: 3600 };

const bounded = (label: string, bound: boolean) => (bound ? `${label} (${t('lowerBound')})` : label);

function Charts({ series }: { series: Sample[] }) {
    const span = spans[statsWindow.value];
    const x = series.map((s) => Date.parse(s.at) / 1000);
    const made = useMemo(
        () => ({
            volume: [
                x,
                column(series, (s) => s.requests),
                column(series, (s) => s.errors),
                column(series, (s) => s.aborted),
            ] as AlignedData,
            time: [
                x,
                column(series, (s) => s.p50_ms),
                column(series, (s) => s.p95_ms),
                column(series, (s) => s.ttft_p50_ms),
            ] as AlignedData,
            tokens: [x, column(series, (s) => s.input_tokens), column(series, (s) => s.output_tokens)] as AlignedData,
            cost: [x, column(series, (s) => s.cost_usd)] as AlignedData,
        }),
        [series],
    );

    return (
        <div class="charts">
            <Chart
                label={t('requests')}
                data={made.volume}
                span={span}
                format={compact}
                lines={[
                    { label: t('requests'), color: 'accent', bars: true },
                    { label: t('errors'), color: 'error', bars: true },
                    { label: t('aborted'), color: 'cut', bars: true },
                ]}
            />
            <Chart
                label={t('latency')}
                data={made.time}
                span={span}
                format={(v) => duration(v)}
                lines={[
                    { label: 'p50', color: 'accent' },
                    { label: 'p95', color: 'quiet' },
                    { label: t('ttft') + ' p50', color: 'ok', dash: true },
                ]}
            />
            <Chart
                label={bounded(t('tokens'), series.some(tokensAreBound))}
                data={made.tokens}
                span={span}
                format={compact}
                lines={[
                    { label: t('tokensIn'), color: 'quiet' },
                    { label: t('tokensOut'), color: 'accent' },
                ]}
            />
            <Chart
                label={bounded(t('cost'), series.some(costIsBound))}
                data={made.cost}
                span={span}
                format={money}
                lines={[{ label: t('cost'), color: 'accent', bars: true }]}
            />
        </div>
    );
}

async function reset(): Promise<void> {
    if (!confirm(t('resetQuestion'))) {
        return;
    }

    try {
        await api.resetStats();
        say(t('wasReset'));
    } catch (e) {
        say(reason(e));
    }
}

export function Stats() {
    const { data, error } = useStats();
    const s = data.value;

    return (
        <main class="stats" aria-label={t('stats')}>
            <header class="panel-bar">
                <h2>{t('stats')}</h2>
                <span class="switch" role="group" aria-label={t('windowLabel')}>
                    {windows.map((w) => (
                        <button
                            key={w}
                            type="button"
                            aria-pressed={statsWindow.value === w}
                            onClick={() => {
                                statsWindow.value = w;
                            }}
                        >
                            {t(`window.${w}`)}
                        </button>
                    ))}
                </span>
                {query.value !== '' ? (
                    <span class="quiet clip">{t('statsOfQuery')}</span>
                ) : (
                    s !== null && (
                        <span class="quiet clip">
                            {t('since')} {exact(s.since)}
                        </span>
                    )
                )}
                <span class="ends">
                    <a
                        class="button"
                        href={api.statsHref(statsWindow.value, query.value)}
                        target="_blank"
                        rel="noopener"
                    >
                        JSON
                    </a>
                    <Button label={t('reset')} text={t('reset')} onClick={() => void reset()} />
                </span>
            </header>
            {error.value !== null && <Trouble text={error.value} />}
            {s === null ? (
                error.value === null && <Wait />
            ) : (
                <>
                    <Tiles s={s} />
                    {s.series.length > 0 && <Charts series={s.series} />}
                    <div class="boxes">
                        <Spread s={s} />
                        <Outcomes s={s} />
                        <ZoneUse zone={s.zone} />
                        {Date.parse(s.tables_since) > Date.parse(s.since) && (
                            <p class="quiet wide">{t('tablesSince', { at: exact(s.tables_since) })}</p>
                        )}
                        <Groups label={t('models')} facet="model" list={s.models} />
                        <Groups label={t('endpoints')} facet="path" list={s.endpoints} />
                        <Groups label={t('keys')} facet="key" list={s.keys} />
                        <Groups label={t('peers')} facet="upstream" list={s.peers} />
                    </div>
                </>
            )}
        </main>
    );
}
