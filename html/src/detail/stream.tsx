// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The tab Stream: each event with its time, gaps marked, and a chart.

import { useEffect, useMemo, useState } from 'preact/hooks';
import type { AlignedData } from 'uplot';
import * as api from '../state/api';
import { bytes, compact, count, duration } from '../text/format';
import { t } from '../text/i18n';
import { Json } from '../text/json';
import { reason } from '../text/reason';
import type { Detail, StreamEvent } from '../types';
import { Chart } from '../ui/chart';
import { Copy, Trouble, Wait } from '../ui/parts';
import { Virtual } from '../ui/virtual';
import { parse } from './body';
import { RawText } from './raw';

const rowHeight = 24;
const leastGap = 250;

type Load = { list: StreamEvent[] } | { error: string } | null;

function useEvents(r: Detail): Load {
    const [state, setState] = useState<Load>(null);

    useEffect(() => {
        const abort = new AbortController();

        api.events(r.id, abort.signal).then(
            (list) => setState({ list }),
            (e: unknown) => {
                if (!abort.signal.aborted) {
                    setState({ error: reason(e) });
                }
            },
        );

        return () => abort.abort();
    }, [r.id, r.outcome, r.response_bytes]);

    return state;
}

// a silence that stands out against the stream's own pace
function gapLimit(list: StreamEvent[]): number {
    const gaps = list
        .slice(1)
        .map((e, i) => (e.ms ?? 0) - (list[i]?.ms ?? 0))
        .sort((a, b) => a - b);
    return Math.max(leastGap, (gaps[Math.floor(gaps.length / 2)] ?? 0) * 6);
}

function growth(r: Detail, list: StreamEvent[]): AlignedData {
    const timed = list.map((e) => e.ms).filter((ms) => ms !== null);

    if (timed.length > 0) {
        return [timed, timed.map((_, i) => i + 1)];
    }

    return [r.pieces_timeline.map(([ms]) => ms), r.pieces_timeline.map(([, at]) => at)];
}

const text = (v: unknown): string | null => (typeof v === 'string' && v !== '' ? v : null);

const member = (v: unknown, ...path: (string | number)[]): unknown =>
    path.reduce<unknown>(
        (o, k) => (typeof o === 'object' && o !== null ? (o as Record<string, unknown>)[k] : undefined),
        v,
    );

// what an event adds to the answer, in the dialects that are most seen; what
// else it says is the same in each of them
function news(data: string): string | null {
    const v = parse(data)?.value;
    const delta = member(v, 'choices', 0, 'delta') ?? member(v, 'delta');
    const call = member(delta, 'tool_calls', 0, 'function');

    return (
        text(delta) ??
        text(member(delta, 'content')) ??
        text(member(delta, 'text')) ??
        text(member(delta, 'reasoning_content')) ??
        text(member(delta, 'thinking')) ??
        text(member(call, 'arguments')) ??
        text(member(call, 'name')) ??
        text(member(delta, 'partial_json')) ??
        text(member(v, 'choices', 0, 'text')) ??
        text(member(v, 'candidates', 0, 'content', 'parts', 0, 'text')) ??
        text(member(v, 'message', 'content'))
    );
}

function Row({
    e,
    gap,
    limit,
    on,
    choose,
}: {
    e: StreamEvent;
    gap: number | null;
    limit: number;
    on: boolean;
    choose: () => void;
}) {
    const long = gap !== null && gap > limit;
    const said = useMemo(() => (e.data.length < 20_000 ? news(e.data) : null), [e.data]);

    return (
        <button type="button" class="event" data-gap={long} aria-pressed={on} onClick={choose}>
            <span class="number">{e.ms === null ? '' : '+' + duration(e.ms)}</span>
            <span class="number quiet">
                {gap === null ? '' : long ? t('gap', { d: duration(gap) }) : '+' + duration(gap)}
            </span>
            <span class="quiet clip" title={e.event ?? undefined}>
                {e.event ?? ''}
            </span>
            <span class="clip mono">
                {said !== null && <b class="said">{JSON.stringify(said.slice(0, 200))}</b>}{' '}
                <span class={said === null ? undefined : 'quiet'}>{e.data.slice(0, 400)}</span>
            </span>
            <span class="number quiet">{bytes(e.bytes)}</span>
        </button>
    );
}

function Events({ list }: { list: StreamEvent[] }) {
    const [at, setAt] = useState<number | null>(null);
    const limit = useMemo(() => gapLimit(list), [list]);
    const named = useMemo(() => list.some((e) => e.event !== null && e.event !== ''), [list]);
    const gap = (i: number) => {
        const a = list[i - 1]?.ms;
        const b = list[i]?.ms;
        return a === undefined || a === null || b === undefined || b === null ? null : b - a;
    };
    const gaps = list.filter((_, i) => (gap(i) ?? 0) > limit).length;
    const chosen = at === null ? undefined : list[at];
    const json = chosen === undefined ? null : parse(chosen.data);

    return (
        <section class="section">
            <h3>
                {t('events')}{' '}
                <span class="quiet">
                    {count(list.length)}
                    {gaps > 0 && ' · ' + t('gaps', { n: gaps, d: duration(limit) })}
                </span>
                <Copy
                    text={() =>
                        list
                            .map((e) => (e.event === null ? '' : 'event: ' + e.event + '\n') + 'data: ' + e.data)
                            .join('\n\n')
                    }
                />
            </h3>
            <div class="events" data-named={named}>
                <Virtual
                    count={list.length}
                    height={rowHeight}
                    row={(i) => {
                        const e = list[i];
                        return e === undefined ? null : (
                            <Row
                                key={i}
                                e={e}
                                gap={gap(i)}
                                limit={limit}
                                on={i === at}
                                choose={() => setAt(i === at ? null : i)}
                            />
                        );
                    }}
                />
            </div>
            {chosen !== undefined && (
                <div class="event-data">
                    <h3>
                        {t('eventNumber', { n: (at ?? 0) + 1 })} <span class="quiet">{chosen.event}</span>
                        <Copy text={() => chosen.data} />
                    </h3>
                    {json !== null ? <Json value={json.value} depth={5} /> : <RawText text={chosen.data} />}
                </div>
            )}
        </section>
    );
}

export function Stream({ record: r }: { record: Detail }) {
    const state = useEvents(r);
    const list = state !== null && 'list' in state ? state.list : null;
    const data = useMemo(() => (list === null ? null : growth(r, list)), [list]);

    if (state === null) {
        return <Wait />;
    }

    if ('error' in state) {
        return <Trouble text={state.error} />;
    }

    if (list === null || data === null || list.length === 0) {
        return <p class="nothing">{r.outcome === 'running' ? t('waitingForAnswer') : t('notStreamed')}</p>;
    }

    const timed = list.some((e) => e.ms !== null);

    return (
        <div class="stream">
            {data[0].length > 1 && (
                <Chart
                    label={timed ? t('eventsOverTime') : t('bytesOverTime')}
                    data={data}
                    x="ms"
                    height={120}
                    lines={[{ label: timed ? t('events') : t('size'), color: 'accent', points: data[0].length < 40 }]}
                    format={timed ? compact : bytes}
                />
            )}
            <Events list={list} />
        </div>
    );
}
