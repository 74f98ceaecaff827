// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The search box: completes terms, sends the query when the reader pauses, and
// shows the error of the server.

import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { facets } from '../state/facets';
import { query } from '../state/place';
import { failure } from '../state/store';
import { t } from '../text/i18n';
import { reason } from '../text/reason';
import { Button, Icon } from '../ui/parts';
import { complete, type Completion } from './terms';

const pause = 250;
const longPause = 1000;

// not yet a query: a key without value, an open quote or parenthesis
function unfinished(q: string): boolean {
    return (
        /(?::[<>=]*|\(|\bOR|-)$/.test(q.trim()) ||
        /\btime:[<>=]*[\d-]{0,9}$|\btime:.*(?:T\d?|:\d?|\.\.[\d-]{0,9})$/.test(q.trim()) ||
        (q.match(/"/g) ?? []).length % 2 === 1 ||
        (q.match(/\(/g) ?? []).length > (q.match(/\)/g) ?? []).length
    );
}

export const searchBox: { current: HTMLInputElement | null } = { current: null };

// the server's error names the nearest: unknown key "modle", did you mean "model"?
function suggestion(message: string, q: string): string | null {
    const [, span] = /invalid moment "([^"]+)".*, did you mean "age"/.exec(message) ?? [];

    if (span !== undefined) {
        return q.replace('time:' + span, 'age:' + span);
    }

    const [, kind, wrong, right] = /unknown (\w+) "([^"]+)"[^,]*, did you mean "([^"]+)"/.exec(message) ?? [];

    if (wrong === undefined || right === undefined) {
        return null;
    }

    const [from, to] = kind === 'key' ? [wrong + ':', right + ':'] : [':' + wrong, ':' + right];
    return q.includes(from) ? q.replace(from, to) : null;
}

export function Search() {
    const text = useSignal(query.value);
    const list = useSignal<Completion | null>(null);
    const at = useSignal(-1);
    const timer = useRef(0);
    const ref = useRef<HTMLInputElement>(null);

    useEffect(() => {
        searchBox.current = ref.current;
    }, []);

    useSignalEffect(() => {
        if (query.value !== text.peek().trim()) {
            text.value = query.value;
        }
    });

    const apply = (q: string) => {
        clearTimeout(timer.current);
        query.value = q.trim();
    };

    const offer = () => {
        const box = ref.current;

        if (box !== null) {
            const c = complete(box.value, box.selectionStart ?? box.value.length, facets);
            list.value = c.options.length > 0 ? c : null;
            at.value = -1;
        }
    };

    const input = () => {
        text.value = ref.current?.value ?? '';
        clearTimeout(timer.current);
        offer();

        if (!unfinished(text.value)) {
            timer.current = window.setTimeout(() => apply(text.value), list.value === null ? pause : longPause);
        }
    };

    const take = (option: string) => {
        const c = list.value;
        const box = ref.current;

        if (c === null || box === null) {
            return;
        }

        const whole = !option.endsWith(':');
        const next = text.value.slice(0, c.from) + option + (whole ? ' ' : '') + text.value.slice(c.to);
        const caret = c.from + option.length + (whole ? 1 : 0);

        text.value = next;
        box.value = next;
        box.setSelectionRange(caret, caret);
        box.focus();

        if (whole) {
            list.value = null;
            apply(next);
        } else {
            offer();
        }
    };

    const key = (e: KeyboardEvent) => {
        const options = list.value?.options ?? [];

        if (e.ctrlKey || e.metaKey || e.isComposing) {
            return;
        }

        e.stopPropagation();

        switch (e.key) {
            case 'ArrowDown':
            case 'ArrowUp':
                if (options.length > 0) {
                    e.preventDefault();
                    at.value = (at.value + (e.key === 'ArrowDown' ? 1 : -1) + options.length) % options.length;
                }
                break;

            case 'Tab':
            case 'Enter': {
                const option = options[e.key === 'Tab' ? Math.max(0, at.value) : at.value];

                if (option !== undefined && !e.shiftKey) {
                    e.preventDefault();
                    take(option);
                } else if (e.key === 'Enter') {
                    list.value = null;
                    apply(text.value);
                }
                break;
            }

            case 'Escape':
                if (list.value !== null) {
                    list.value = null;
                } else if (text.value !== '') {
                    text.value = '';
                    apply('');
                } else {
                    ref.current?.blur();
                }
                break;
        }
    };

    const hint = failure.value === null ? null : suggestion(reason(failure.value), query.value);
    const bad = failure.value !== null && query.value !== '';

    return (
        <search class="search">
            <Icon name="search" />
            <input
                ref={ref}
                type="text"
                role="combobox"
                spellcheck={false}
                autocomplete="off"
                autocapitalize="off"
                placeholder={t('searchHint')}
                aria-label={t('search')}
                aria-expanded={list.value !== null}
                aria-controls="completions"
                aria-autocomplete="list"
                aria-invalid={bad}
                aria-activedescendant={at.value >= 0 ? 'completion-' + at.value : undefined}
                value={text.value}
                onInput={input}
                onClick={offer}
                onKeyDown={key}
                onBlur={() => {
                    list.value = null;
                }}
            />
            {text.value === '' ? (
                <kbd aria-hidden="true">/</kbd>
            ) : (
                <Button
                    icon="close"
                    label={t('clearFilter')}
                    onClick={() => {
                        text.value = '';
                        apply('');
                        ref.current?.focus();
                    }}
                />
            )}
            <div
                id="completions"
                class="completions"
                role="listbox"
                aria-label={t('completions')}
                hidden={list.value === null}
            >
                {list.value?.options.map((o, i) => (
                    <div
                        key={o}
                        id={'completion-' + i}
                        role="option"
                        aria-selected={i === at.value}
                        onPointerDown={(e) => {
                            e.preventDefault();
                            take(o);
                        }}
                    >
                        {o}
                    </div>
                ))}
            </div>
            {bad && (
                <div class="search-error" role="alert">
                    <span>{failure.value !== null && reason(failure.value).replace(/^"q": /, '')}</span>
                    {hint !== null && <Button label={hint} text={hint} onClick={() => apply(hint)} />}
                </div>
            )}
        </search>
    );
}
