// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Numbers, times and sizes as the reader's language writes them.  What is unknown
// is a dash.

import { lang, t } from './i18n';

// what is not known
export const dash = '–';

type Maybe = number | null | undefined;

const known = (n: Maybe): n is number => n !== null && n !== undefined && Number.isFinite(n);

const digits = (n: number, places: number) =>
    n.toLocaleString('en-US', {
        minimumFractionDigits: places,
        maximumFractionDigits: places,
    });

export function duration(ms: Maybe): string {
    if (!known(ms)) {
        return dash;
    }

    if (ms < 0.005) {
        return '0 ms';
    }

    if (ms < 1) {
        return digits(ms, 2) + ' ms';
    }

    if (ms < 10) {
        return digits(ms, 1) + ' ms';
    }

    if (ms < 999.5) {
        return digits(ms, 0) + ' ms';
    }

    if (ms < 9995) {
        return digits(ms / 1000, 2) + ' s';
    }

    if (ms < 59950) {
        return digits(ms / 1000, 1) + ' s';
    }

    const s = Math.round(ms / 1000);

    return s < 3600
        ? `${Math.floor(s / 60)} m ${String(s % 60).padStart(2, '0')} s`
        : `${Math.floor(s / 3600)} h ${String(Math.floor(s / 60) % 60).padStart(2, '0')} m`;
}

// how a request differs from the one that it continues, as the API says it
const changes = [
    'initial', 'identical', 'append-only', 'settings changed', 'tools changed', 'system changed', 'compacted', 'unrelated'
] as const;

export function changeWord(change: string): string {
    const [, n] = /^changed at message (\d+)$/.exec(change) ?? [];
    const known = changes.find((c) => c === change);

    return n !== undefined ? t('change.message', { n }) : known === undefined ? change : t(`change.${known}`);
}

// a running clock: one place after the point, so that its width stays
export function elapsed(ms: number): string {
    return ms < 59950 ? digits(Math.max(0, ms) / 1000, 1) + ' s' : duration(ms);
}

export function bytes(n: Maybe): string {
    if (!known(n)) {
        return dash;
    }

    if (n < 1000) {
        return digits(n, 0) + ' B';
    }

    const units = ['kB', 'MB', 'GB', 'TB'];
    let value = n / 1000;
    let unit = 0;

    while (value >= 999.5 && unit < units.length - 1) {
        value /= 1000;
        unit++;
    }

    return digits(value, value < 9.995 ? 1 : 0) + ' ' + units[unit];
}

export function count(n: Maybe): string {
    return known(n) ? digits(n, 0) : dash;
}

export function compact(n: Maybe): string {
    if (!known(n)) {
        return dash;
    }

    if (n < 9999.5) {
        return digits(n, 0);
    }

    if (n < 999500) {
        return digits(n / 1e3, n < 99950 ? 1 : 0) + 'k';
    }

    return digits(n / 1e6, n < 99.95e6 ? 1 : 0) + 'M';
}

export function rate(n: Maybe): string {
    return known(n) ? digits(n, n < 10 ? 1 : 0) : dash;
}

export function money(usd: Maybe): string {
    if (!known(usd)) {
        return dash;
    }

    if (usd === 0) {
        return '$0';
    }

    if (usd >= 100) {
        return '$' + digits(usd, 0);
    }

    if (usd >= 1) {
        return '$' + digits(usd, 2);
    }

    if (usd >= 0.0001) {
        return '$' + digits(usd, 4);
    }

    // never as nothing
    return usd < 0.000001 ? '<$0.000001' : '$' + usd.toFixed(6);
}

export function percent(share: Maybe): string {
    if (!known(share)) {
        return dash;
    }

    const value = share * 100;

    return (value > 99.9 && value < 100 ? '99.9' : digits(value, value === 100 || value === 0 ? 0 : 1)) + ' %';
}

export function ago(ms: number): string {
    const s = Math.max(0, Math.floor(ms / 1000));

    if (s < 2) {
        return t('now');
    }

    if (s < 60) {
        return t('secondsAgo', { n: s });
    }

    if (s < 3600) {
        return t('minutesAgo', { n: Math.floor(s / 60) });
    }

    if (s < 86400) {
        return t('hoursAgo', { n: Math.floor(s / 3600) });
    }

    return t('daysAgo', { n: Math.floor(s / 86400) });
}

export function exact(iso: string | null): string {
    if (iso === null) {
        return dash;
    }

    const at = new Date(iso);
    const locale = lang.value === 'zh' ? 'zh-CN' : 'en-GB';

    return Number.isNaN(at.getTime())
        ? iso
        : at.toLocaleString(locale, {
              year: 'numeric',
              month: 'short',
              day: 'numeric',
              hour: '2-digit',
              minute: '2-digit',
              second: '2-digit',
              fractionalSecondDigits: 3,
              hour12: false,
              timeZoneName: 'short',
          });
}

// the reader's, as the clock is
export const day = (at: number): string => new Date(at).toLocaleDateString('sv-SE').slice(5);

export function clock(at: number, seconds = true): string {
    return new Date(at).toLocaleTimeString('en-GB', {
        hour: '2-digit',
        minute: '2-digit',
        second: seconds ? '2-digit' : undefined,
    });
}

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

const whole: Reviver = (_, value, context) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
        ? BigInt(context?.source ?? 0)
        : value;

// numbers with more digits than a double has; strings of such digits do no harm
export const large = (text: string): boolean => /\d{16}/.test(text);

// JSON whose large numbers stay what they are
export const exactly = (text: string): unknown => JSON.parse(text, large(text) ? whole : undefined) as unknown;

export function pretty(value: unknown): string {
    if (typeof value === 'string' || typeof value === 'bigint') {
        return String(value);
    }

    return value === undefined ? '' : JSON.stringify(value, null, 2);
}

// arguments of a tool call come as text or as a value
export function loose(value: unknown): unknown {
    if (typeof value !== 'string') {
        return value;
    }

    try {
        return exactly(value);
    } catch {
        return value;
    }
}

// a name for an id that is too long to be read, the same wherever it stands
export function nick(id: string): string {
    let h = 2166136261;

    for (let i = 0; i < id.length; i++) {
        h = Math.imul(h ^ id.charCodeAt(i), 16777619);
    }

    return id.length <= 10 ? id : '#' + (h >>> 0).toString(36).slice(-5).padStart(5, '0');
}
