// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The bar on top: the live state, the search box, language, theme, menu.  Its
// commands are in the palette too.

import { Search } from '../query/search';
import * as api from '../state/api';
import { query, view } from '../state/place';
import { theme, type Theme } from '../state/prefs';
import { feedState, info, paused, reconnect, togglePause, waiting } from '../state/store';
import { lang, languageChoice, t } from '../text/i18n';
import { reason } from '../text/reason';
import { Button, menu, say, type IconName } from '../ui/parts';
import { help, palette } from './overlays';

const nextTheme: Record<Theme, Theme> = { auto: 'light', light: 'dark', dark: 'auto' };
const themeIcon: Record<Theme, IconName> = { auto: 'auto', light: 'sun', dark: 'moon' };

export const turnTheme = () => {
    theme.value = nextTheme[theme.value];
};
export const turnLanguage = () => {
    languageChoice.value = lang.value === 'zh' ? 'en' : 'zh';
};
export const turnView = () => {
    view.value = view.value === 'stats' ? 'list' : 'stats';
};

function Live() {
    const state = paused.value ? 'paused' : feedState.value;
    const word = {
        paused: t('paused'),
        live: t('live'),
        connecting: t('connecting'),
        offline: t('offline'),
        refused: t('badQuery'),
    }[state];
    const label = state === 'offline' ? t('reconnect') : paused.value ? t('resume') : t('pause');

    return (
        <button
            type="button"
            class="live"
            data-state={state}
            title={label}
            aria-label={word + ' – ' + label}
            onClick={state === 'offline' ? reconnect : togglePause}
        >
            <span class="lamp" aria-hidden="true" />
            <span>{word}</span>
            {paused.value && waiting.value > 0 && <b>+{waiting.value}</b>}
        </button>
    );
}

export async function clearHistory(): Promise<void> {
    if (!confirm(t('clearQuestion'))) {
        return;
    }

    try {
        await api.clear();
        say(t('cleared'));
    } catch (e) {
        say(reason(e));
    }
}

const more = (e: MouseEvent) =>
    menu(e, t('more'), () => [
        { label: t('exportHar'), href: api.exportHref('har', query.value) },
        { label: t('exportJsonl'), href: api.exportHref('jsonl', query.value) },
        { label: t('exportCsv'), href: api.exportHref('csv', query.value) },
        {
            label: t('commands'),
            hint: 'Ctrl K',
            run: () => {
                palette.value = true;
            },
        },
        {
            label: t('help'),
            hint: '?',
            run: () => {
                help.value = true;
            },
        },
        { label: t('clearHistory'), run: () => void clearHistory() },
    ]);

export function Bar() {
    const name = { auto: t('themeAuto'), light: t('themeLight'), dark: t('themeDark') }[theme.value];

    return (
        <header class="bar">
            <h1 title={info.value === null ? undefined : `${info.value.version} · nginx ${info.value.nginx}`}>
                <svg viewBox="0 0 32 32" aria-hidden="true">
                    <path d="M4 18h5l4-10 6 17 4-11 1.5 4H28" />
                </svg>
                <span>openai monitor</span>
            </h1>
            <Live />
            <Search />
            <nav class="tools">
                <Button
                    icon={view.value === 'stats' ? 'list' : 'chart'}
                    label={view.value === 'stats' ? t('requests') : t('stats')}
                    text={view.value === 'stats' ? t('requests') : t('stats')}
                    class="to-stats"
                    onClick={turnView}
                />
                {lang.value === 'zh' ? (
                    <Button
                        label={t('otherLanguage')}
                        text={<span lang="en">EN</span>}
                        onClick={turnLanguage}
                        class="language"
                    />
                ) : (
                    <Button icon="han" label={t('otherLanguage')} onClick={turnLanguage} />
                )}
                <Button icon={themeIcon[theme.value]} label={name} onClick={turnTheme} />
                <Button icon="dots" label={t('more')} onClick={more} menu />
            </nav>
        </header>
    );
}
