// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The tabs Request and Response: a body as a tree of JSON, text, media or hex.

import { useMemo } from 'preact/hooks';
import { bodyHref } from '../state/api';
import { isBoolean, remembered } from '../state/prefs';
import { bytes, exactly } from '../text/format';
import { t, type Text } from '../text/i18n';
import { Json } from '../text/json';
import type { Detail, Message } from '../types';
import { Media } from '../ui/media';
import { Copy } from '../ui/parts';
import { RawText } from './raw';

const raw = remembered('raw', false, isBoolean);

export function parse(text: string): { value: unknown } | null {
    const first = text.trimStart()[0];

    if (first !== '{' && first !== '[' && first !== '"') {
        return null;
    }

    try {
        return { value: exactly(text) };
    } catch {
        return null;
    }
}

const shown = 64 * 1024;

// offset, sixteen bytes, and what of them is printable
function hex(base64: string): string {
    let binary = '';

    try {
        binary = atob(base64.slice(0, shown));
    } catch {
        return base64;
    }

    const lines: string[] = [];

    for (let i = 0; i < Math.min(binary.length, 8192); i += 16) {
        const piece = binary.slice(i, i + 16);
        const pairs = Array.from(piece, (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join(' ');
        lines.push(i.toString(16).padStart(6, '0') + '  ' + pairs.padEnd(48) + ' ' + piece.replace(/[^ -~]/g, '.'));
    }

    return lines.join('\n');
}

function Content({ message, json }: { message: Message; json: { value: unknown } | null }) {
    const body = message.body ?? '';

    if (message.body_encoding === 'base64') {
        return (
            <>
                {/^(?:image|audio)\//.test(message.content_type ?? '') && (
                    <Media part={`data:${message.content_type};base64,${body}`} />
                )}
                <RawText text={hex(body)} />
            </>
        );
    }

    return json !== null && !raw.value ? (
        <Json value={json.value} depth={body.length < 20_000 ? 7 : 2} />
    ) : (
        <RawText text={body} />
    );
}

function Shape() {
    const shapes: [Text, boolean][] = [
        ['tree', false],
        ['raw', true],
    ];

    return (
        <span class="switch" role="group" aria-label={t('shape')}>
            {shapes.map(([name, on]) => (
                <button
                    key={name}
                    type="button"
                    aria-pressed={raw.value === on}
                    onClick={() => {
                        raw.value = on;
                    }}
                >
                    {t(name)}
                </button>
            ))}
        </span>
    );
}

export function Body({ record, side }: { record: Detail; side: 'request' | 'response' }) {
    const m = record[side];
    const json = useMemo(() => (m?.body_encoding === 'text' ? parse(m.body ?? '') : null), [m?.body, m?.body_encoding]);

    if (m?.body === undefined || m.body === null || m.body === '') {
        const withheld = record.withheld[side] !== null;

        return (
            <p class="nothing">
                {withheld
                    ? t('withheld')
                    : side === 'response' && record.outcome === 'running'
                      ? t('waitingForAnswer')
                      : t('noBody')}
            </p>
        );
    }

    const text = m.body;
    const cut = m.body_bytes !== null && m.body_kept_bytes !== null && m.body_kept_bytes < m.body_bytes;

    return (
        <div class="body">
            <div class="panel-bar">
                {json !== null && <Shape />}
                <span class="quiet clip">
                    {[m.content_type, bytes(m.body_bytes), m.content_encoding, m.decoded ? t('decoded') : null]
                        .filter((x) => x !== null && x !== '')
                        .join(' · ')}
                </span>
                <span class="push" />
                <a class="button" href={bodyHref(record.id, side, false)} download="">
                    {t('download')}
                </a>
                <Copy text={() => text} />
            </div>
            {cut && (
                <p class="notice cut">
                    <span>{t('keptOf', { kept: bytes(m.body_kept_bytes), all: bytes(m.body_bytes) })}</span>
                </p>
            )}
            <Content message={m} json={json} />
        </div>
    );
}
