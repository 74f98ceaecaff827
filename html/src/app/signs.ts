// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Title and favicon tell of running requests and errors while another tab is in
// front.  main.tsx starts it.

import { computed, effect } from '@preact/signals';
import { theme } from '../state/prefs';
import { running, now, troubles } from '../state/store';
import { lang, t } from '../text/i18n';
import sign from './favicon.svg';

const memory = 5 * 60_000;

export const errorsLately = computed(() => troubles.value.filter((at) => now.value - at < memory).length);

const picture = (color: string) => 'data:image/svg+xml,' + encodeURIComponent(sign.replace('#3d5afe', color));

export function showSigns(): void {
    const link = document.querySelector<HTMLLinkElement>('link[rel=icon]');

    effect(() => {
        document.title = [
            running.value > 0 ? t('titleRunning', { n: running.value }) : '',
            errorsLately.value > 0 ? t('titleErrors', { n: errorsLately.value }) : '',
            'openai monitor',
        ]
            .filter((s) => s !== '')
            .join(' · ');
    });

    const bad = computed(() => errorsLately.value > 0);

    effect(() => {
        if (link !== null) {
            link.dataset.state = bad.value ? 'error' : 'quiet';
            link.href = bad.value ? picture('#d1242f') : 'favicon.svg';
        }
    });

    effect(() => {
        document.documentElement.lang = lang.value === 'zh' ? 'zh-CN' : 'en';
    });
    effect(() => {
        document.documentElement.dataset.theme = theme.value;
    });
}
