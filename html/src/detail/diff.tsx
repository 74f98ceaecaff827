// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The tab Diff: what changed since another record, as the server reports it, then
// the messages side by side, then their words.

import { diffWordsWithSpace, type Change } from 'diff';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { endpoint } from '../record/parts';
import * as api from '../state/api';
import { compared, selected } from '../state/place';
import { now, rows } from '../state/store';
import { ago, changeWord, compact, dash, duration, pretty } from '../text/format';
import { t } from '../text/i18n';
import { reason } from '../text/reason';
import type { Detail, DiffReport, Turn } from '../types';
import { Button, Trouble, Wait } from '../ui/parts';
import { systemText, turnText } from './conversation';

const longest = 100_000;

type State = { other: Detail; report: DiffReport | null } | { error: string } | null;

function useOther(r: Detail, other: string | null): State {
    const [state, setState] = useState<State>(null);

    useEffect(() => {
        const abort = new AbortController();

        setState(null);

        if (other !== null) {
            Promise.all([
                api.request(other, abort.signal),
                api.diff(r.id, other === r.parent ? null : other, abort.signal).catch(() => null),
            ]).then(
                ([detail, report]) => setState({ other: detail, report }),
                (e: unknown) => {
                    if (!abort.signal.aborted) {
                        setState({ error: reason(e) });
                    }
                },
            );
        }

        return () => abort.abort();
    }, [r.id, other]);

    return state;
}

function full(turn: Turn): string {
    const calls = (turn.tool_calls ?? []).map((c) => `${c.name ?? ''}(${pretty(c.arguments)})`);
    const odd = (turn.parts ?? [])
        .filter((p) => turnText({ ...turn, parts: [p] }) === '')
        .map((p) => pretty(p).slice(0, 2000));
    return [turnText(turn), ...odd, ...calls].filter((s) => s !== '').join('\n');
}

function Words({ a, b }: { a: string; b: string }) {
    const parts = useMemo<Change[]>(() => {
        const long = a.length + b.length > longest;
        const found = long ? undefined : diffWordsWithSpace(a, b, { timeout: 300, maxEditLength: 4000 });
        return (
            found ?? [
                { value: a, removed: true, added: false, count: 1 },
                { value: b, added: true, removed: false, count: 1 },
            ]
        );
    }, [a, b]);

    return (
        <div class="words">
            {parts.map((p, i) =>
                p.added ? (
                    <ins key={i}>{p.value}</ins>
                ) : p.removed ? (
                    <del key={i}>{p.value}</del>
                ) : (
                    <span key={i}>{p.value}</span>
                ),
            )}
        </div>
    );
}

interface Pair {
    before: Turn | null;
    after: Turn | null;
    number: number;
}

function pairs(a: Turn[], b: Turn[]): Pair[] {
    return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => ({
        before: a[i] ?? null,
        after: b[i] ?? null,
        number: i + 1,
    }));
}

function PairView({ pair: { before, after, number } }: { pair: Pair }) {
    const kind = before === null ? 'added' : after === null ? 'removed' : 'changed';
    const word = { added: t('added'), removed: t('removed'), changed: t('changed') }[kind];

    return (
        <article class="turn change" data-kind={kind}>
            <header>
                <h3>
                    {number}. {(after ?? before)?.role}
                </h3>
                <span class="change-word">{word}</span>
            </header>
            <Words a={before === null ? '' : full(before)} b={after === null ? '' : full(after)} />
        </article>
    );
}

function Reason({ report: d, r }: { report: DiffReport; r: Detail }) {
    const tools = [...(d.tools?.added ?? []), ...(d.tools?.removed ?? []), ...(d.tools?.changed ?? [])].length;
    const change = d.change ?? r.change;
    const name = (x: unknown) => (typeof x === 'string' ? x : pretty((x as { name?: unknown } | null)?.name ?? x));
    const lists: [string, unknown[] | null | undefined][] = [
        [t('settings'), d.settings],
        [t('toolsDefined') + ' +', d.tools?.added],
        [t('toolsDefined') + ' −', d.tools?.removed],
        [t('toolsDefined') + ' ≠', d.tools?.changed],
    ];
    const missed =
        d.expected_cached_tokens !== null &&
        d.cached_tokens !== null &&
        d.cached_tokens < d.expected_cached_tokens * 0.9;

    return (
        <>
            <dl class="facts">
                <div>
                    <dt>{t('change')}</dt>
                    <dd>{change === null ? dash : changeWord(change)}</dd>
                </div>
                <div>
                    <dt>{t('sameMessages')}</dt>
                    <dd>{d.same_messages ?? dash}</dd>
                </div>
                <div>
                    <dt>{t('system')}</dt>
                    <dd>{d.system_changed === null ? dash : d.system_changed ? t('changed') : t('same')}</dd>
                </div>
                <div>
                    <dt>{t('toolsDefined')}</dt>
                    <dd>{d.tools === null ? dash : tools > 0 ? t('changed') : t('same')}</dd>
                </div>
                <div>
                    <dt>{t('cachedLabel')}</dt>
                    <dd>
                        {compact(d.cached_tokens)}
                        {d.expected_cached_tokens !== null && (
                            <span class="quiet">
                                {' '}
                                / {compact(d.expected_cached_tokens)} {t('expected')}
                            </span>
                        )}
                    </dd>
                </div>
            </dl>
            {missed && (
                <p class="notice cut">
                    <span>
                        <b>{t('heading', { s: t('cacheMissed') })}</b>
                        {change !== null && changeWord(change)}
                    </span>
                </p>
            )}
            {lists
                .filter(([, list]) => (list ?? []).length > 0)
                .map(([label, list]) => (
                    <p key={label} class="notice">
                        <span>
                            <b>{t('heading', { s: label })}</b>
                            {list?.map(name).join(', ')}
                        </span>
                    </p>
                ))}
        </>
    );
}

function Compared({ r, other, report }: { r: Detail; other: Detail; report: DiffReport | null }) {
    const before = other.conversation?.messages ?? [];
    const after = r.conversation?.messages ?? [];
    const systems: [string, string] = [systemText(other.conversation?.system), systemText(r.conversation?.system)];
    const list = pairs(before, after);
    const changed = list.filter(
        (p) =>
            p.before === null || p.before.role !== p.after?.role || full(p.before) !== full(p.after),
    );
    const same = list.length - changed.length;
    const told = after.some((m) => m.role === 'system' || m.role === 'developer');
    const noTalk = r.conversation === null || other.conversation === null;

    return (
        <>
            {report !== null && <Reason report={report} r={r} />}
            {noTalk ? (
                <Words a={other.request?.body ?? ''} b={r.request?.body ?? ''} />
            ) : (
                <div class="conversation">
                    {systems[0] !== systems[1] && !told && (
                        <article class="turn change" data-kind="changed">
                            <header>
                                <h3>{t('system')}</h3>
                            </header>
                            <Words a={systems[0]} b={systems[1]} />
                        </article>
                    )}
                    {same > 0 && <p class="same quiet">{t('messagesSame', { n: same })}</p>}
                    {changed.map((p) => (
                        <PairView key={p.number} pair={p} />
                    ))}
                    {changed.length === 0 && systems[0] === systems[1] && <p class="nothing">{t('noChange')}</p>}
                </div>
            )}
        </>
    );
}

export function Diff({ record: r }: { record: Detail }) {
    const picked = compared.value?.of === r.id ? compared.value.with : null;
    const other = picked !== null && picked !== r.id ? picked : r.parent;
    const state = useOther(r, other);
    const near = rows.value.filter((x) => x.id !== r.id && x.message_count !== null);
    const list = [
        ...near.filter((x) => x.thread !== null && x.thread === r.thread),
        ...near.filter((x) => x.thread === null || x.thread !== r.thread),
    ].slice(0, 100);
    const options =
        other !== null && !list.some((x) => x.id === other) ? [other, ...list.map((x) => x.id)] : list.map((x) => x.id);
    const name = (id: string) => {
        const x = rows.value.find((y) => y.id === id);
        return x === undefined
            ? id
            : `${ago(now.peek() - Date.parse(x.started_at))} · ${x.model ?? endpoint(x)} · ${t('messagesOf', { n: x.message_count ?? '–' })} · ${duration(x.duration_ms)}`;
    };

    return (
        <div class="diff">
            <div class="panel-bar">
                <label class="picker">
                    <span class="quiet">{t('compareWith')}</span>
                    <select
                        value={other ?? ''}
                        onChange={(e) => {
                            compared.value =
                                e.currentTarget.value === '' ? null : { of: r.id, with: e.currentTarget.value };
                        }}
                    >
                        <option value="">{t('none')}</option>
                        {options.map((id) => (
                            <option key={id} value={id}>
                                {(id === r.parent ? '← ' : '') + name(id)}
                            </option>
                        ))}
                    </select>
                </label>
                {other !== null && (
                    <Button
                        icon="left"
                        label={t('openOther')}
                        text={t('openOther')}
                        onClick={() => {
                            selected.value = other;
                        }}
                    />
                )}
            </div>
            {other === null ? (
                <p class="nothing">{t('firstOfThread')}</p>
            ) : state === null ? (
                <Wait />
            ) : 'error' in state ? (
                <Trouble text={state.error} />
            ) : (
                <Compared r={r} other={state.other} report={state.report} />
            )}
        </div>
    );
}
