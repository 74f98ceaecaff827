// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The detail of one record: its head, facts and notices, and the tabs.  The
// shell draws it beside the list.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Value } from '../query/values';
import { cancel, copyLink, step } from '../record/actions';
import { lack, Mark, meaning, outcomeWord, Partial, type Lack } from '../record/mark';
import { Elapsed, Since } from '../record/parts';
import { current, loaded, retry } from '../state/loaded';
import { selected, tab, tabs, type Tab } from '../state/place';
import { cost, costTitle } from '../text/bound';
import { bytes, changeWord, compact, count, dash, duration, exact, nick, rate } from '../text/format';
import { t } from '../text/i18n';
import { reason } from '../text/reason';
import type { Detail as Full, Summary } from '../types';
import { Button, Icon, Trouble, Wait } from '../ui/parts';
import { Body } from './body';
import { Conversation } from './conversation';
import { Diff } from './diff';
import { Export } from './export';
import { Headers } from './headers';
import { Stream } from './stream';
import { Timing } from './timing';

interface FactProps {
    label: string;
    title?: string;
    children: ComponentChildren;
}

function Fact({ label, title, children }: FactProps) {
    return (
        <div title={title}>
            <dt>{label}</dt>
            <dd>{children}</dd>
        </div>
    );
}

function Facts({ r }: { r: Summary }) {
    const u = r.usage;
    const part = (n: number | null | undefined, word: string) =>
        n === null || n === undefined || n === 0 ? null : (
            <span class="quiet">
                {' '}
                · {compact(n)} {word}
            </span>
        );

    return (
        <dl class="facts">
            <Fact label={t('duration')}>
                {r.outcome === 'running' ? (
                    <span class="running-text">
                        <Elapsed record={r} />
                    </span>
                ) : (
                    duration(r.duration_ms)
                )}
            </Fact>
            <Fact label={t('ttft')} title={t('ttftLong')}>
                {duration(r.ttft_ms)}
            </Fact>
            <Fact label={t('rate')} title={t('rateLong')}>
                {rate(r.tokens_per_second)}
            </Fact>
            <Fact label={t('tokensIn')} title={count(u?.input_tokens)}>
                {compact(u?.input_tokens)}
                {part(u?.cached_tokens, t('cached'))}
                {part(u?.cache_write_tokens, t('written'))}
            </Fact>
            <Fact label={t('tokensOut')} title={count(u?.output_tokens)}>
                {r.estimated_output_tokens !== null ? (
                    <span title={t('estimated')}>≈{compact(r.estimated_output_tokens)}</span>
                ) : (
                    compact(u?.output_tokens)
                )}
                {part(u?.reasoning_tokens, t('reasoning'))}
                {r.usage_hint !== null && <small class="quiet"> {t('usageHint')}</small>}
            </Fact>
            <Fact label={t('cost')} title={costTitle(r)}>
                {cost(r)}
                {r.cost_partial.length > 0 && <small class="quiet"> {costTitle(r)}</small>}
            </Fact>
            <Fact label={t('finish')}>
                <Value facet="finish" value={r.finish_reason} />
            </Fact>
            <Fact label={t('size')} title={`${count(r.request_bytes)} B → ${count(r.response_bytes)} B`}>
                {bytes(r.request_bytes)} → {bytes(r.response_bytes)}
            </Fact>
            <Fact label={t('client')} title={r.user_agent ?? undefined}>
                <Value facet="client" value={r.client} />
            </Fact>
            <Fact label={t('keyShort')}>
                <Value facet="key" value={r.key} />
            </Fact>
            {r.thread !== null && (
                <Fact label={t('thread')} title={r.thread}>
                    <Value facet="thread" value={r.thread}>
                        {nick(r.thread)}
                    </Value>
                    {r.parent !== null && r.change !== null && <span class="quiet"> · {changeWord(r.change)}</span>}
                </Fact>
            )}
            {r.session !== null && (
                <Fact label={t('session')} title={r.session}>
                    <Value facet="session" value={r.session}>
                        {nick(r.session)}
                    </Value>
                </Fact>
            )}
            {r.user !== null && (
                <Fact label={t('user')}>
                    <Value facet="user" value={r.user} />
                </Fact>
            )}
            {r.upstream !== null && (
                <Fact label={t('upstream')}>
                    <Value facet="upstream" value={r.upstream} />
                </Fact>
            )}
            {r.provider !== null && (
                <Fact label={t('provider')}>
                    <Value facet="provider" value={r.provider} />
                </Fact>
            )}
            {r.service_tier !== null && r.service_tier !== 'default' && <Fact label={t('tier')}>{r.service_tier}</Fact>}
        </dl>
    );
}

function Notices({ r, missing }: { r: Summary; missing: Lack | null }) {
    const m = meaning(r);
    const withheld = r.withheld.request ?? r.withheld.response;

    return (
        <>
            {r.error !== null && r.error.by !== 'nginx' && (
                <p class="notice error">
                    <Icon name="close" />
                    <span>
                        <b>
                            {[r.error.type, r.error.code].filter((x) => x !== null && x !== '').join(' · ') ||
                                t('failed')}
                        </b>{' '}
                        {r.error.message}
                    </span>
                </p>
            )}
            {(r.error === null || r.error.by === 'nginx') && m !== 'ok' && m !== 'running' && (
                <p class={'notice ' + m}>
                    <span>
                        <b class="word">{t('sentence', { s: outcomeWord(r) })}</b>
                        {t(`explain.${r.outcome}`)}
                        {r.error !== null && ` nginx: ${r.error.message ?? ''}`}
                    </span>
                </p>
            )}
            {r.from_cache === true && (
                <p class="notice">
                    <span>{t('fromCache')}</span>
                </p>
            )}
            {r.buffered === true && (
                <p class="notice cut">
                    <span>{t('bufferedNote')}</span>
                </p>
            )}
            {(r.truncated.request || r.truncated.response) && (
                <p class="notice cut">
                    <span>{t(r.joined && !r.truncated.request ? 'joinedNote' : 'keptLess')}</span>
                </p>
            )}
            {(missing === 'event' || missing === 'body') && (
                <p class="notice cut">
                    <span>{t(`lack.${missing}`)}</span>
                </p>
            )}
            {withheld !== null && (
                <p class="notice">
                    <span>{t(`withheld.${withheld}`)}</span>
                </p>
            )}
            {(r.masked.request || r.masked.response) && (
                <p class="notice">
                    <span>{t('maskedNote')}</span>
                </p>
            )}
            {r.retry !== null && r.retry > 0 && (
                <p class="notice">
                    <span>{t('retryNote', { n: r.retry })}</span>
                </p>
            )}
        </>
    );
}

function Title({ r, missing }: { r: Summary; missing: Lack | null }) {
    const other = r.response_model !== null && r.model !== null && r.response_model !== r.model;

    return (
        <header class="detail-head">
            <div class="detail-title">
                <Mark record={r} />
                <h2>
                    <Value facet="model" value={r.model ?? r.response_model}>
                        <b>{r.model ?? r.response_model ?? dash}</b>
                    </Value>
                    {other && <span class="quiet"> → {r.response_model}</span>}
                </h2>
                <div class="detail-tools">
                    {r.outcome === 'running' && (
                        <Button
                            icon="stop"
                            label={t('keyCancel')}
                            text={t('cancel')}
                            class="danger"
                            onClick={() => void cancel(r.id)}
                        />
                    )}
                    <Button icon="up" label={t('keyPrevious')} onClick={() => step(-1)} />
                    <Button icon="down" label={t('keyNext')} onClick={() => step(1)} />
                    <Button icon="link" label={t('copyLink')} onClick={copyLink} />
                    <Button
                        icon="close"
                        label={t('close')}
                        onClick={() => {
                            selected.value = null;
                        }}
                    />
                </div>
            </div>
            <p class="detail-line">
                <span class={meaning(r) + '-text'}>
                    {r.status !== null && <Value facet="status" value={String(r.status)} />} {outcomeWord(r)}
                </span>
                {missing !== null && <Partial why={missing} />}
                <span class="clip uri" title={r.uri}>
                    {r.method}
                    <Value facet="path" value={r.uri.split('?')[0]}>
                        {r.uri}
                    </Value>
                </span>
                <span class="quiet" title={exact(r.started_at)}>
                    <Since record={r} />
                </span>
            </p>
        </header>
    );
}

function Tabs({ r }: { r: Summary }) {
    const ref = useRef<HTMLDivElement>(null);

    const key = (e: KeyboardEvent) => {
        const by = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0;

        if (by !== 0) {
            e.preventDefault();
            const next = tabs[(tabs.indexOf(tab.value) + by + tabs.length) % tabs.length] ?? 'conversation';
            tab.value = next;
            ref.current?.querySelector<HTMLElement>('#tab-' + next)?.focus();
        }
    };

    const size: Partial<Record<Tab, string>> = {
        request: r.request_bytes === null || r.request_bytes === 0 ? '' : bytes(r.request_bytes),
        response: r.response_bytes === null || r.response_bytes === 0 ? '' : bytes(r.response_bytes),
        stream: r.events === null || r.events === 0 ? '' : compact(r.events),
    };

    return (
        <div class="tabs" role="tablist" aria-label={t('detail')} ref={ref} onKeyDown={key}>
            {tabs.map((name) => (
                <button
                    key={name}
                    id={'tab-' + name}
                    type="button"
                    role="tab"
                    aria-selected={tab.value === name}
                    aria-controls="panel"
                    tabIndex={tab.value === name ? 0 : -1}
                    onClick={() => {
                        tab.value = name;
                    }}
                >
                    {t(`tab.${name}`)}
                    {size[name] !== undefined && size[name] !== '' && <span class="tab-size">{size[name]}</span>}
                </button>
            ))}
        </div>
    );
}

function Panel({ full }: { full: Full }) {
    switch (tab.value) {
        case 'conversation':
            return <Conversation record={full} />;
        case 'request':
            return <Body record={full} side="request" />;
        case 'response':
            return <Body record={full} side="response" />;
        case 'stream':
            return <Stream record={full} />;
        case 'timing':
            return <Timing record={full} />;
        case 'diff':
            return <Diff record={full} />;
        case 'headers':
            return <Headers record={full} />;
        case 'export':
            return <Export record={full} />;
    }
}

export function Detail() {
    const id = selected.value;
    const panel = useRef<HTMLDivElement>(null);

    useEffect(() => {
        if (panel.current !== null) {
            panel.current.scrollTop = 0;
        }
    }, [id, tab.value]);

    if (id === null) {
        return null;
    }

    const r = current(id);
    const state = loaded.value?.id === id ? loaded.value : null;
    const error = state?.error ?? null;
    const full = state?.data ?? null;
    const missing = full === null ? null : lack(full);

    return (
        <aside class="detail" aria-label={t('detail')}>
            {r === null ? (
                <header class="detail-head">
                    <div class="detail-title">
                        <h2>{state?.error === null || state === null ? '\u00a0' : id}</h2>
                        <div class="detail-tools">
                            <Button
                                icon="close"
                                label={t('close')}
                                onClick={() => {
                                    selected.value = null;
                                }}
                            />
                        </div>
                    </div>
                </header>
            ) : (
                <>
                    <Title r={r} missing={missing} />
                    <Tabs r={r} />
                </>
            )}
            <div
                class="panel"
                id="panel"
                role="tabpanel"
                aria-labelledby={r === null ? undefined : 'tab-' + tab.value}
                aria-label={r === null ? t('detail') : undefined}
                tabIndex={0}
                ref={panel}
                key={id}
            >
                {r !== null && (
                    <>
                        <Facts r={r} />
                        <Notices r={r} missing={missing} />
                    </>
                )}
                {error !== null && <Trouble text={reason(error)} retry={state?.gone === true ? undefined : retry} />}
                {full !== null ? <Panel full={full} key={id} /> : error === null && <Wait />}
            </div>
        </aside>
    );
}
