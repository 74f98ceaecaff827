// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// A tree of JSON.  Only open nodes exist, and long lists open in parts, so that
// megabytes cost little.  Body, Conversation and Headers use it.

import { useState } from 'preact/hooks';
import { t } from './i18n';

const part = 100;
const longText = 1000;

type Open = (path: number, size: number) => boolean;

const isBranch = (v: unknown): v is object => typeof v === 'object' && v !== null;

function size(v: object): number {
    return Array.isArray(v) ? v.length : Object.keys(v).length;
}

function Text({ value }: { value: string }) {
    const [shown, setShown] = useState(longText);

    return (
        <>
            <span class="json-string">
                "{value.slice(0, shown)}
                {value.length <= shown && '"'}
            </span>
            {value.length > shown && (
                <button
                    type="button"
                    class="text-button"
                    onClick={() => setShown(shown === longText ? 20_000 : shown * 4)}
                >
                    {t('moreCharacters', { n: value.length - shown })}
                </button>
            )}
        </>
    );
}

function Leaf({ value }: { value: unknown }) {
    if (typeof value === 'string') {
        return <Text value={value} />;
    }

    const number = typeof value === 'number' || typeof value === 'bigint';

    return (
        <span class={value === null ? 'json-null' : number ? 'json-number' : 'json-word'}>
            {String(value)}
        </span>
    );
}

interface NodeProps {
    name: string | null;
    value: unknown;
    depth: number;
    open: Open;
}

function Node({ name, value, depth, open }: NodeProps) {
    const branch = isBranch(value);
    const n = branch ? size(value) : 0;
    const [on, setOn] = useState(() => branch && open(depth, n));
    const [upto, setUpto] = useState(part);
    const label = name === null ? null : <span class="json-key">{name}</span>;

    if (!branch) {
        return (
            <li class="json-leaf">
                {label}
                {label !== null && ': '}
                <Leaf value={value} />
            </li>
        );
    }

    const list = Array.isArray(value);
    const children = on
        ? list
            ? value.slice(0, upto).map((v: unknown, i) => [String(i), v] as const)
            : Object.keys(value)
                  .slice(0, upto)
                  .map((k) => [k, (value as Record<string, unknown>)[k]] as const)
        : [];

    return (
        <li class="json-branch">
            <button type="button" class="json-fold" aria-expanded={on} onClick={() => setOn(!on)}>
                {label}
                {label !== null && ': '}
                <span class="json-shape">
                    {list ? '[' : '{'}
                    {on ? '' : '…' + (list ? ']' : '}')}
                </span>
                <span class="quiet"> {list ? t('items', { n }) : t('members', { n })}</span>
            </button>
            {on && (
                <ul>
                    {children.map(([k, v]) => (
                        <Node key={k} name={k} value={v} depth={depth + 1} open={open} />
                    ))}
                    {n > upto && (
                        <li>
                            <button type="button" class="text-button" onClick={() => setUpto(upto + part * 5)}>
                                {t('moreItems', { n: n - upto })}
                            </button>
                        </li>
                    )}
                </ul>
            )}
        </li>
    );
}

export function Json({ value, depth = 3 }: { value: unknown; depth?: number }) {
    const open: Open = (d, n) => d === 0 || (d < depth && n <= 40);

    return (
        <ul class="json">
            <Node name={null} value={value} depth={0} open={open} />
        </ul>
    );
}
