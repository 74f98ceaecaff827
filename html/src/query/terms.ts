// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The query language, as far as the page needs it to add, drop and complete terms.
// The server says what a query means.

export const keys = [
    'status',
    'model',
    'method',
    'path',
    'host',
    'client',
    'key',
    'upstream',
    'session',
    'user',
    'thread',
    'run',
    'role',
    'agent',
    'trace',
    'id',
    'dialect',
    'op',
    'provider',
    'finish',
    'outcome',
    'tool',
    'latency',
    'ttft',
    'tokens',
    'in_tokens',
    'out_tokens',
    'cached',
    'cost',
    'size',
    'is',
    'has',
    'in',
    'time',
    'age',
    'header.',
] as const;

export type Facet =
    | 'status'
    | 'model'
    | 'method'
    | 'path'
    | 'host'
    | 'client'
    | 'key'
    | 'upstream'
    | 'session'
    | 'user'
    | 'thread'
    | 'id'
    | 'dialect'
    | 'op'
    | 'provider'
    | 'finish'
    | 'outcome'
    | 'tool';

const fixed: Record<string, string[]> = {
    is: ['running', 'ok', 'error', 'stream', 'aborted', 'tool', 'truncated', 'retry', 'cached'],
    has: ['tool_calls', 'reasoning', 'image', 'refusal', 'usage', 'error'],
    in: ['request', 'response'],
    status: ['2xx', '4xx', '5xx', '200', '429', '>=400'],
    method: ['POST', 'GET'],
    outcome: [
        'ok',
        'upstream_error',
        'client_aborted',
        'truncated',
        'rejected',
        'timeout',
        'upgraded',
        'shutdown',
        'worker_died',
        'running',
    ],
    age: ['<5m', '<1h', '<24h'],
    latency: ['>1s', '>5s', '>30s'],
    ttft: ['>500ms', '>1s', '>5s'],
    tokens: ['>1k', '>10k', '>100k'],
    in_tokens: ['>1k', '>10k', '>100k'],
    out_tokens: ['>100', '>1k', '>10k'],
    cached: ['>0', '=0', '>1k'],
    cost: ['>0.01', '>0.1', '>1'],
    size: ['>10k', '>100k', '>1M'],
};

export function words(q: string): string[] {
    return q.match(/-?(?:[A-Za-z_][\w.-]*:)?(?:"(?:[^"\\]|\\.)*"?|~\/(?:[^/\\]|\\.)*\/?|[()]|[^\s()]+)/g) ?? [];
}

function quote(value: string): string {
    return /[\s()"\\]/.test(value) || value === '' ? '"' + value.replace(/["\\]/g, '\\$&') + '"' : value;
}

export function term(key: Facet, value: string, not = false): string {
    return (not ? '-' : '') + key + ':' + quote(value);
}

export function has(q: string, wanted: string): boolean {
    return words(q).includes(wanted);
}

const joined = (list: string[]) =>
    list.reduce((q, w, i) => q + (i === 0 || w === ')' || /^-?\($/.test(list[i - 1] ?? '') ? '' : ' ') + w, '');

// "or" binds less than what stands beside each other
function both(list: string[], wanted: string): string[] {
    let depth = 0;
    let either = false;

    for (const w of list) {
        depth += w === '(' || w === '-(' ? 1 : w === ')' ? -1 : 0;
        either ||= depth === 0 && w === 'OR';
    }

    return either ? ['(', ...list, ')', wanted] : [...list, wanted];
}

// the term is added, or dropped when it is there; its opposite goes
export function toggle(q: string, wanted: string): string {
    const list = words(q);
    const opposite = wanted.startsWith('-') ? wanted.slice(1) : '-' + wanted;
    const rest = list.filter((w) => w !== wanted && w !== opposite);

    return joined(list.includes(wanted) ? rest : both(rest, wanted));
}

export interface Range {
    from: number;
    to: number;
}

const iso = (at: number) => new Date(at).toISOString().replace('.000', '');

// as the server reads it: UTC unless it says otherwise, or a count since 1970
function moment(text: string): number {
    if (/^\d{5,}$/.test(text)) {
        return Number(text) * (text.length < 12 ? 1000 : 1);
    }

    const [, day = '', time, zone = 'Z'] = /^([\d-]+)(?:T([\d:.]+)(Z|[+-][\d:]+)?)?$/i.exec(text) ?? [];

    return Date.parse(time === undefined ? day : `${day}T${time.includes(':') ? time : time + ':00'}${zone}`);
}

// the range of time that the query names, as the strip draws it; every moment
// that it understands, the server does
export function rangeOf(q: string): Range | null {
    for (const w of words(q)) {
        const [, a, b] = /^time:(.+?)\.\.(.+)$/.exec(w) ?? [];

        if (a !== undefined && b !== undefined) {
            const from = moment(a);
            const to = moment(b);
            return to > from ? { from, to } : null;
        }
    }

    return null;
}

export function withRange(q: string, range: Range | null): string {
    const rest = words(q).filter((w) => !/^time:.+\.\./.test(w));

    return joined(range === null ? rest : both(rest, `time:${iso(range.from)}..${iso(range.to)}`));
}

const hour = 3600_000;

// the server's times are UTC where nothing else is said
const moments = () => ['>' + iso(Date.now() - hour).slice(0, 16) + 'Z', iso(Date.now()).slice(0, 10)];

export interface Completion {
    from: number;
    to: number;
    options: string[];
}

export function complete(q: string, caret: number, facets: (key: string) => string[]): Completion {
    let from = caret;

    while (from > 0 && !/[\s(]/.test(q[from - 1] ?? ' ')) {
        from--;
    }

    if (q[from] === '-') {
        from++;
    }

    const word = q.slice(from, caret);
    const colon = word.indexOf(':');

    if (colon < 0) {
        const options =
            word === ''
                ? []
                : keys
                      .filter((k) => k.startsWith(word.toLowerCase()) && k !== word)
                      .map((k) => (k.endsWith('.') ? k : k + ':'));
        return { from, to: caret, options };
    }

    const key = word.slice(0, colon).toLowerCase();
    const typed = word
        .slice(colon + 1)
        .replace(/^"/, '')
        .toLowerCase();
    const values = [...new Set([...(fixed[key] ?? []), ...(key === 'time' ? moments() : []), ...facets(key)])];

    const options = values
        .filter((v) => v.toLowerCase().includes(typed) && v.toLowerCase() !== typed)
        .slice(0, 12)
        .map((v) => key + ':' + quote(v));

    return { from, to: caret, options };
}
