// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The tab Conversation: messages, tools and the answer, also while it runs.
// Diff and the HTML export use its texts.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { lack, meaning, Partial, type Lack, type Meaning } from '../record/mark';
import { tab } from '../state/place';
import { markdown } from '../state/prefs';
import { answers } from '../state/store';
import { count, loose, pretty } from '../text/format';
import { t } from '../text/i18n';
import { Json } from '../text/json';
import { Prose } from '../text/markdown';
import type { Choice, Detail, Part, Tool, ToolCall, Turn } from '../types';
import { hasMedia, Media } from '../ui/media';
import { Button, Copy } from '../ui/parts';

const recent = 30;
// characters of a message that are shown at once
const longest = 6000;

export function partText(p: Part): string | null {
    for (const key of [
        'text',
        'content',
        'refusal',
        'input_text',
        'output_text',
        'reasoning',
        'thinking',
        'transcript',
    ]) {
        const v = p[key];

        if (typeof v === 'string') {
            return v;
        }
    }

    return null;
}

export function turnText(turn: Turn): string {
    return (turn.parts ?? [])
        .map((p) => partText(p) ?? '')
        .filter((s) => s !== '')
        .join('\n');
}

export function systemText(system: unknown): string {
    if (typeof system === 'string' || system === null || system === undefined) {
        return system ?? '';
    }

    return Array.isArray(system)
        ? system.map((s: unknown) => (typeof s === 'string' ? s : turnOrPart(s))).join('\n\n')
        : turnOrPart(system);
}

function turnOrPart(value: unknown): string {
    const v = (value ?? {}) as Turn & Part;
    return Array.isArray(v.parts) ? turnText(v) : (partText(v) ?? pretty(value));
}

function Fold({
    label,
    extra,
    open,
    children,
}: {
    label: ComponentChildren;
    extra?: ComponentChildren;
    open?: boolean;
    children: () => ComponentChildren;
}) {
    const [on, setOn] = useState(open ?? false);

    return (
        <div class="fold" data-open={on}>
            <button type="button" class="fold-head" aria-expanded={on} onClick={() => setOn(!on)}>
                <span class="turner" aria-hidden="true" />
                {label}
            </button>
            {extra}
            {on && <div class="fold-body">{children()}</div>}
        </div>
    );
}

// nobody has to look for the answer below a book: of a long text the beginning
// is shown, until all of it is asked for
function Long({ text, children }: { text: string; children: ComponentChildren }) {
    const [all, setAll] = useState(false);

    if (text.length <= longest) {
        return <>{children}</>;
    }

    return (
        <div class="long" data-all={all}>
            <div class="long-text">{children}</div>
            <button type="button" class="button" aria-expanded={all} onClick={() => setAll(!all)}>
                {all ? t('showLess') : t('showAll', { n: count(text.length) })}
            </button>
        </div>
    );
}

// JSON arguments and results as a tree, anything else as text
function Payload({ value }: { value: unknown }) {
    const v = loose(value);

    return typeof v === 'object' && v !== null ? (
        <Json value={v} />
    ) : (
        <Plain text={typeof v === 'string' ? v : pretty(v)} />
    );
}

function Plain({ text }: { text: string }) {
    return (
        <Long text={text}>
            <div class="prose plain mono">{text}</div>
        </Long>
    );
}

function PartView({ part }: { part: Part }) {
    const text = partText(part);

    if (hasMedia(part)) {
        return (
            <>
                <Media part={part} />
                {text !== null && <Prose text={text} />}
            </>
        );
    }

    if (/reasoning|thinking/.test(part.type ?? '') && text !== null) {
        return <Reasoning text={text} />;
    }

    if (text !== null) {
        return (
            <Long text={text}>
                <Prose text={text} />
            </Long>
        );
    }

    return (
        <>
            <span class="quiet">{part.type}</span>
            <Json value={part.value ?? part} depth={2} />
        </>
    );
}

function Reasoning({ text, open }: { text: string; open?: boolean }) {
    return (
        <Fold label={<span>{t('reasoningTitle')}</span>} open={open}>
            {() => (
                <div class="reasoning">
                    <Prose text={text} />
                </div>
            )}
        </Fold>
    );
}

interface CallProps {
    call: ToolCall;
    tools: Tool[];
    result: Turn | undefined;
}

function Call({ call, tools, result }: CallProps) {
    // a tool that the upstream runs itself is called by its type
    const number = tools.findIndex((d) => d.name === call.name || d.name + '_call' === call.name) + 1;
    const show = () => {
        const row = document.getElementById('tool-' + number);
        row?.closest('.fold')?.querySelector<HTMLElement>('.fold-head[aria-expanded=false]')?.click();
        row?.scrollIntoView({ block: 'center' });
        row?.focus();
    };

    return (
        <div class="call" data-call={call.id ?? undefined}>
            <p class="call-head">
                {number > 0 ? (
                    <button type="button" class="tool-number" title={t('toDefinition')} onClick={show}>
                        {number}
                    </button>
                ) : (
                    <span class="tool-number">?</span>
                )}
                <b>{call.name}</b>
                {call.id !== null && <code class="quiet clip">{call.id}</code>}
            </p>
            <Payload value={call.arguments} />
            {result !== undefined && (
                <div class="result">
                    <p class="call-head quiet">{t('result')}</p>
                    {(result.parts ?? []).map((p, i) =>
                        hasMedia(p) ? <PartView key={i} part={p} /> : <Payload key={i} value={partText(p) ?? p} />,
                    )}
                </div>
            )}
        </div>
    );
}

function Definitions({ tools }: { tools: Tool[] }) {
    return (
        <Fold
            label={
                <span>
                    {t('toolsDefined')} <span class="quiet">{tools.length}</span>
                </span>
            }
            extra={
                <ol class="tool-list">
                    {tools.map((d, i) => (
                        <li key={i} id={'tool-' + (i + 1)} tabIndex={-1}>
                            <span class="tool-number">{i + 1}</span>
                            {d.name}
                        </li>
                    ))}
                </ol>
            }
        >
            {() =>
                tools.map((d, i) => (
                    <div class="definition" key={i}>
                        <p class="call-head">
                            <span class="tool-number">{i + 1}</span>
                            <b>{d.name}</b>
                        </p>
                        {d.description !== null && <p class="plain">{d.description}</p>}
                        {d.parameters !== null && d.parameters !== undefined && <Json value={d.parameters} depth={2} />}
                    </div>
                ))
            }
        </Fold>
    );
}

function TurnView({ turn, tools, results }: { turn: Turn; tools: Tool[]; results: Map<string, Turn> }) {
    const role = turn.role ?? 'unknown';
    const calls = turn.tool_calls ?? [];

    return (
        <article class="turn" data-role={role}>
            <header>
                <h3>{role}</h3>
                {turn.name !== null && <span class="quiet">{turn.name}</span>}
                <Copy text={() => turnText(turn)} />
            </header>
            {(turn.parts ?? []).map((p, i) => (
                <PartView key={i} part={p} />
            ))}
            {calls.map((c, i) => (
                <Call key={i} call={c} tools={tools} result={c.id === null ? undefined : results.get(c.id)} />
            ))}
            {calls.length === 0 && (turn.parts ?? []).length === 0 && <p class="quiet">{t('nothingSaid')}</p>}
        </article>
    );
}

interface ChoiceProps {
    choice: Choice;
    tools: Tool[];
    of: number;
    how: Meaning;
    missing: Lack | null;
}

function ChoiceView({ choice: c, tools, of, how, missing }: ChoiceProps) {
    const running = how === 'running';
    const calls = c.tool_calls ?? [];

    return (
        <article class="turn answer" data-role="assistant" data-running={running} data-meaning={how}>
            <header>
                <h3>
                    {t('answer')}
                    {of > 1 && ' ' + (c.index + 1)}
                </h3>
                {c.finish_reason !== null && <span class="quiet">{c.finish_reason}</span>}
                {missing !== null && <Partial why={missing} />}
                <Copy text={() => c.text ?? ''} label={t('copyAnswer')} />
            </header>
            {c.reasoning !== null && c.reasoning !== '' && (
                <Reasoning text={c.reasoning} open={running && (c.text ?? '') === ''} />
            )}
            {c.refusal !== null && c.refusal !== '' && (
                <p class="notice cut">
                    <span>
                        <b>{t('sentence', { s: t('refusal') })}</b>
                        {c.refusal}
                    </span>
                </p>
            )}
            {c.text !== null && c.text !== '' && <Prose text={c.text} />}
            {(c.images ?? []).map((part, i) => (
                <Media key={i} part={part} />
            ))}
            {c.audio !== undefined && c.audio !== null && <Media part={{ audio: c.audio, type: 'audio' }} />}
            {calls.map((call, i) => (
                <Call key={i} call={call} tools={tools} result={undefined} />
            ))}
            {running && <span class="caret" role="img" aria-label={t('outcome.running')} />}
        </article>
    );
}

// while it runs, the feed is ahead of what was fetched
function choicesOf(record: Detail): Choice[] {
    const live = answers.value.get(record.id);
    const stored = record.answer?.choices ?? [];

    if (live === undefined || (record.outcome !== 'running' && stored.length > 0)) {
        return stored;
    }

    return [...live.choices]
        .sort((a, b) => a[0] - b[0])
        .map(([index, c]) => ({
            index,
            text: c.text,
            reasoning: c.reasoning,
            refusal: null,
            images: null,
            finish_reason: null,
            tool_calls: live.tools.filter((c) => c.index === index),
        }));
}

function Settings({ settings }: { settings: Record<string, unknown> }) {
    const list = Object.entries(settings).filter(([k]) => k !== 'model' && k !== 'stream');
    const simple = list.filter(([, v]) => typeof v !== 'object' || v === null);
    const nested = list.filter(([, v]) => typeof v === 'object' && v !== null);

    return (
        <>
            {simple.length > 0 && (
                <p class="settings">
                    {simple.map(([k, v]) => (
                        <span key={k}>
                            <span class="quiet">{k}</span> {String(v)}
                        </span>
                    ))}
                </p>
            )}
            {nested.map(([k, v]) => (
                <Fold key={k} label={<span>{k}</span>}>
                    {() => <Json value={v} />}
                </Fold>
            ))}
        </>
    );
}

export function Conversation({ record }: { record: Detail }) {
    const [all, setAll] = useState(false);
    const c = record.conversation;
    const choices = choicesOf(record);
    const running = record.outcome === 'running';
    const missing = lack(record);

    if (c === null && choices.length === 0) {
        return (
            <div class="nothing">
                <p>
                    {record.withheld.request !== null
                        ? t('withheld')
                        : running
                          ? t('waitingForAnswer')
                          : t('noConversation')}
                </p>
                <Button
                    label={t('tab.request')}
                    text={t('tab.request')}
                    onClick={() => {
                        tab.value = 'request';
                    }}
                />
                <Button
                    label={t('tab.response')}
                    text={t('tab.response')}
                    onClick={() => {
                        tab.value = 'response';
                    }}
                />
            </div>
        );
    }

    const tools = c?.tools ?? [];
    const turns = c?.messages ?? [];
    const called = new Set(turns.flatMap((m) => m.tool_calls ?? []).map((call) => call.id));
    const results = new Map(
        turns.flatMap((m): [string, Turn][] =>
            m.tool_call_id !== null && called.has(m.tool_call_id) ? [[m.tool_call_id, m]] : [],
        ),
    );
    const system = systemText(c?.system);
    const folded = (m: Turn) => (m.role === 'system' || m.role === 'developer') && system.includes(turnText(m));
    const said = turns.filter((m) => (m.tool_call_id === null || !called.has(m.tool_call_id)) && !folded(m));
    const hidden = all ? 0 : Math.max(0, said.length - recent);

    return (
        <div class="conversation">
            <div class="panel-bar">
                {c?.settings !== null && c?.settings !== undefined && <Settings settings={c.settings} />}
                <button
                    type="button"
                    class="button"
                    aria-pressed={markdown.value}
                    onClick={() => {
                        markdown.value = !markdown.value;
                    }}
                >
                    Markdown
                </button>
            </div>
            {tools.length > 0 && <Definitions tools={tools} />}
            {system !== '' && (
                <Fold
                    label={
                        <span>
                            {t('system')} <span class="quiet">{system.replace(/\s+/g, ' ').slice(0, 120)}</span>
                        </span>
                    }
                >
                    {() => <Prose text={system} />}
                </Fold>
            )}
            {hidden > 0 && (
                <Button
                    label={t('earlier', { n: hidden })}
                    text={t('earlier', { n: hidden })}
                    onClick={() => setAll(true)}
                />
            )}
            {said.slice(hidden).map((m, i) => (
                <TurnView key={hidden + i} turn={m} tools={tools} results={results} />
            ))}
            {choices.map((x) => (
                <ChoiceView
                    key={'a' + x.index}
                    choice={x}
                    tools={tools}
                    of={choices.length}
                    how={meaning(record)}
                    missing={missing}
                />
            ))}
            {Object.entries(record.answer ?? {})
                .filter(([k, v]) => k !== 'choices' && k !== 'partial' && v !== null)
                .map(([k, v]) => (
                    <Fold key={k} label={<span>{k}</span>}>
                        {() => (typeof v === 'object' ? <Json value={v} /> : <p class="plain">{pretty(v)}</p>)}
                    </Fold>
                ))}
            {running && choices.length === 0 && (
                <article class="turn answer" data-role="assistant">
                    <header>
                        <h3>{t('answer')}</h3>
                    </header>
                    <p class="quiet">{t('waitingForAnswer')}</p>
                </article>
            )}
        </div>
    );
}
