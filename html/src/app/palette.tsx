// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The palette (Ctrl K): finds commands, filters and records by a few words.

import { useMemo, useState } from 'preact/hooks';
import { copyCurl } from '../detail/snippets';
import { standardColumns } from '../list/columns';
import { filterBy } from '../query/values';
import { cancelSelected, copyLink, openCursor, showDiff } from '../record/actions';
import { Mark } from '../record/mark';
import { endpoint, Since } from '../record/parts';
import { facets } from '../state/facets';
import { query, selected, statsWindow, tab, tabs, view, windows } from '../state/place';
import { markdown } from '../state/prefs';
import { catchUp, rows, togglePause } from '../state/store';
import { duration } from '../text/format';
import { t } from '../text/i18n';
import type { Summary } from '../types';
import { Dialog } from '../ui/parts';
import { clearHistory, turnLanguage, turnTheme, turnView } from './bar';
import { help, palette } from './overlays';

interface Command {
    name: string;
    hint?: string;
    record?: Summary;
    run: () => void;
}

const filters = [
    'is:running',
    'is:error',
    'is:stream',
    'is:aborted',
    'is:tool',
    'is:truncated',
    'has:reasoning',
    'latency:>5s',
    'cost:>0.01',
];

function commands(): Command[] {
    return [
        { name: t('keyPause'), hint: 'p', run: togglePause },
        { name: t('toTop'), run: catchUp },
        { name: t('keyStats'), hint: 's', run: turnView },
        ...windows.map((w) => ({
            name: t('stats') + ' · ' + t(`window.${w}`),
            run: () => {
                view.value = 'stats';
                statsWindow.value = w;
            },
        })),
        ...(selected.value === null
            ? []
            : [
                  ...tabs.map((name, i) => ({
                      name: t('goTo') + ' ' + t(`tab.${name}`),
                      hint: String(i + 1),
                      run: () => {
                          tab.value = name;
                      },
                  })),
                  { name: t('keyDiff'), hint: 'd', run: showDiff },
                  { name: t('keyCurl'), hint: 'c', run: () => void copyCurl() },
                  { name: t('copyLink'), run: copyLink },
                  { name: t('keyCancel'), hint: 'x', run: cancelSelected },
              ]),
        {
            name: t('keyMarkdown'),
            hint: 'm',
            run: () => {
                markdown.value = !markdown.value;
            },
        },
        { name: t('theme'), run: turnTheme },
        { name: t('otherLanguage'), run: turnLanguage },
        { name: t('standardColumns'), run: standardColumns },
        {
            name: t('clearFilter'),
            run: () => {
                query.value = '';
            },
        },
        { name: t('clearHistory'), run: () => void clearHistory() },
        {
            name: t('help'),
            hint: '?',
            run: () => {
                help.value = true;
            },
        },
        ...filters.map((q) => ({
            name: t('filter') + ' ' + q,
            run: () => {
                query.value = q;
                view.value = 'list';
            },
        })),
        ...facets('model').map((m) => ({ name: t('filter') + ' model:' + m, run: () => filterBy('model', m) })),
    ];
}

function found(text: string): Command[] {
    const asked = text
        .toLowerCase()
        .split(/\s+/)
        .filter((w) => w !== '');
    const fits = (s: string) => asked.every((w) => s.toLowerCase().includes(w));
    const list = commands().filter((c) => fits(c.name));

    const records =
        asked.length === 0
            ? []
            : rows.value
                  .filter((r) =>
                      fits([r.id, r.model, r.uri, r.session, r.thread, r.status, r.error?.message].join(' ')),
                  )
                  .slice(0, 8)
                  .map((r) => ({
                      name: (r.model ?? '') + ' ' + endpoint(r),
                      hint: duration(r.duration_ms),
                      record: r,
                      run: () => {
                          view.value = 'list';
                          selected.value = r.id;
                          openCursor();
                      },
                  }));

    const search =
        text.trim() === ''
            ? []
            : [
                  {
                      name: t('searchFor', { q: text.trim() }),
                      run: () => {
                          query.value = text.trim();
                          view.value = 'list';
                      },
                  },
              ];

    return [...list.slice(0, 14), ...records, ...search];
}

function Body() {
    const [text, setText] = useState('');
    const [at, setAt] = useState(0);
    const list = useMemo(() => found(text), [text]);
    const close = () => {
        palette.value = false;
    };

    const run = (c: Command | undefined) => {
        close();
        c?.run();
    };

    const key = (e: KeyboardEvent) => {
        if (e.isComposing) {
            return;
        }

        if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
            e.preventDefault();
            setAt((n) => (n + (e.key === 'ArrowDown' ? 1 : -1) + list.length) % Math.max(1, list.length));
        } else if (e.key === 'Enter') {
            e.preventDefault();
            run(list[at]);
        } else if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k') {
            e.preventDefault();
            close();
        }
    };

    return (
        <Dialog label={t('commands')} close={close} class="palette">
            <input
                autofocus
                type="text"
                role="combobox"
                aria-expanded="true"
                aria-controls="palette-list"
                aria-label={t('commands')}
                spellcheck={false}
                aria-activedescendant={list.length > 0 ? 'command-' + at : undefined}
                placeholder={t('paletteHint')}
                value={text}
                onInput={(e) => {
                    setText(e.currentTarget.value);
                    setAt(0);
                }}
                onKeyDown={key}
            />
            <div id="palette-list" role="listbox" aria-label={t('commands')}>
                {list.map((c, i) => (
                    <div
                        key={c.name + (c.record?.id ?? '')}
                        id={'command-' + i}
                        role="option"
                        aria-selected={i === at}
                        ref={(e) => {
                            if (i === at) {
                                e?.scrollIntoView({ block: 'nearest' });
                            }
                        }}
                        onPointerMove={() => setAt(i)}
                        onClick={() => run(c)}
                    >
                        {c.record !== undefined && <Mark record={c.record} />}
                        <span class="clip">{c.name}</span>
                        {c.record !== undefined && (
                            <span class="quiet">
                                {c.hint} · <Since record={c.record} />
                            </span>
                        )}
                        {c.hint !== undefined && c.record === undefined && <kbd>{c.hint}</kbd>}
                    </div>
                ))}
            </div>
        </Dialog>
    );
}

export const Palette = () => (palette.value ? <Body /> : null);
