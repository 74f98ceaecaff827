// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The keyboard: one table of keys.  main.tsx listens to it; help.tsx shows it.

import { copyCurl } from '../detail/snippets';
import { searchBox } from '../query/search';
import { setRange } from '../query/values';
import { cancelSelected, openCursor, showDiff, step, stepThread } from '../record/actions';
import { selected, tab, tabs, view } from '../state/place';
import { markdown } from '../state/prefs';
import { togglePause } from '../state/store';
import type { Text } from '../text/i18n';
import { help, palette } from './overlays';

interface Key {
    keys: string[];
    shown: string;
    label: Text;
    run: (key: string) => void;
}

function escape(): void {
    if (selected.value !== null) {
        selected.value = null;
    } else if (view.value === 'stats') {
        view.value = 'list';
    } else {
        setRange(null);
    }
}

export const keyTable: Key[] = [
    {
        keys: ['/'],
        shown: '/',
        label: 'keySearch',
        run: () => {
            searchBox.current?.focus();
            searchBox.current?.select();
        },
    },
    { keys: ['j', 'ArrowDown'], shown: 'j ↓', label: 'keyNext', run: () => step(1) },
    { keys: ['k', 'ArrowUp'], shown: 'k ↑', label: 'keyPrevious', run: () => step(-1) },
    { keys: ['PageDown'], shown: 'PgDn', label: 'keyTenDown', run: () => step(10) },
    { keys: ['PageUp'], shown: 'PgUp', label: 'keyTenUp', run: () => step(-10) },
    { keys: ['Home'], shown: 'Home', label: 'keyFirst', run: () => step(-1e9) },
    { keys: ['End'], shown: 'End', label: 'keyLast', run: () => step(1e9) },
    { keys: ['Enter'], shown: 'Enter', label: 'keyOpen', run: openCursor },
    { keys: ['Escape'], shown: 'Esc', label: 'keyClose', run: escape },
    { keys: ['['], shown: '[', label: 'keyThreadBack', run: () => stepThread(-1) },
    { keys: [']'], shown: ']', label: 'keyThreadOn', run: () => stepThread(1) },
    {
        keys: tabs.map((_, i) => String(i + 1)),
        shown: '1 … 8',
        label: 'keyTabs',
        run: (key) => {
            openCursor();
            tab.value = tabs[Number(key) - 1] ?? 'conversation';
        },
    },
    { keys: ['d'], shown: 'd', label: 'keyDiff', run: showDiff },
    { keys: ['c'], shown: 'c', label: 'keyCurl', run: () => void copyCurl() },
    { keys: ['x'], shown: 'x', label: 'keyCancel', run: cancelSelected },
    { keys: ['p'], shown: 'p', label: 'keyPause', run: togglePause },
    {
        keys: ['m'],
        shown: 'm',
        label: 'keyMarkdown',
        run: () => {
            markdown.value = !markdown.value;
        },
    },
    {
        keys: ['s'],
        shown: 's',
        label: 'keyStats',
        run: () => {
            view.value = view.value === 'stats' ? 'list' : 'stats';
        },
    },
    {
        keys: ['?'],
        shown: '?',
        label: 'keyHelp',
        run: () => {
            help.value = true;
        },
    },
];

const own = 'input, textarea, select, [contenteditable], audio, dialog';
const pressed = 'button, a, summary, [role=tab], [role=separator]';

export function listenToKeys(): void {
    document.addEventListener('keydown', (e) => {
        if ((e.ctrlKey || e.metaKey) && !e.altKey && e.key.toLowerCase() === 'k') {
            e.preventDefault();
            palette.value = !palette.value;
            return;
        }

        // the focus leaves a dialog one frame after the dialog has closed
        const focused = e.target instanceof Element ? e.target : null;
        const target = focused?.closest('dialog:not([open])') ? null : focused;

        if (
            e.defaultPrevented ||
            e.ctrlKey ||
            e.metaKey ||
            e.altKey ||
            target?.closest(own) ||
            document.querySelector('dialog[open]')
        ) {
            return;
        }

        if (e.key === 'Enter' && target?.closest(pressed)) {
            return;
        }

        const entry = keyTable.find((k) => k.keys.includes(e.key));

        if (entry === undefined || (view.value === 'stats' && !['s', '?', '/', 'Escape', 'p'].includes(e.key))) {
            return;
        }

        // scrolling keys keep their meaning inside of the detail
        if (/^(Page|Home|End|Arrow)/.test(e.key) && target?.closest('.detail')) {
            return;
        }

        e.preventDefault();
        entry.run(e.key);
    });
}
