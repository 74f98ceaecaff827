// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The outcome of a record as one of four meanings, each with its shape and words.

import { t } from '../text/i18n';
import type { Detail, Outcome, Summary } from '../types';

export type Meaning = 'running' | 'ok' | 'error' | 'cut';

export function meaningOf(outcome: Outcome): Meaning {
    switch (outcome) {
        case 'running':
            return 'running';

        case 'ok':
        case 'upgraded':
            return 'ok';

        case 'truncated':
        case 'client_aborted':
        case 'shutdown':
            return 'cut';

        default:
            return 'error';
    }
}

// an upstream may fail in an exchange that went well
export const meaning = (r: Summary): Meaning =>
    r.outcome === 'ok' && (r.error !== null || (r.status !== null && r.status >= 400))
        ? 'error'
        : meaningOf(r.outcome);

export const outcomeWord = (r: Summary): string => t(`outcome.${r.outcome}`);

export type Lack = 'kept' | 'came' | 'event' | 'body';

// why an answer that is over is not all there, or null when it is
export function lack(r: Detail): Lack | null {
    if (r.outcome === 'running' || r.answer?.partial !== true) {
        return null;
    }

    if (r.truncated.response || r.withheld.response !== null) {
        return 'kept';
    }

    return r.outcome !== 'ok' ? 'came' : r.streamed === true ? 'event' : 'body';
}

export function Partial({ why }: { why: Lack }) {
    return (
        <span class="cut-text" title={t(`lack.${why}`)}>
            {t('inPart')}
        </span>
    );
}

// each meaning has a shape of its own: ring, disc, cross, half disc
const shapes: Record<Meaning, string> = {
    running: 'M6 2a4 4 0 1 1-4 4',
    ok: 'M6 2.2a3.8 3.8 0 1 0 0 7.6a3.8 3.8 0 1 0 0-7.6z',
    error: 'M2.5 2.5l7 7M9.5 2.5l-7 7',
    cut: 'M6 2a4 4 0 0 0 0 8z',
};

export function Mark({ record }: { record: Summary }) {
    const m = meaning(record);
    const label =
        m === 'ok' && record.outcome !== 'ok'
            ? outcomeWord(record)
            : m === 'error' && record.outcome === 'ok'
              ? t('failed')
              : outcomeWord(record);

    return (
        <svg class="mark" data-meaning={m} viewBox="0 0 12 12" role="img" aria-label={label}>
            <title>{label}</title>
            {m === 'cut' && <circle cx="6" cy="6" r="4" />}
            <path d={shapes[m]} />
        </svg>
    );
}
