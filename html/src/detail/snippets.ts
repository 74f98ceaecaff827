// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// A request as a command that repeats it.  A record has no key, so the commands
// take it from the environment.

import * as api from '../state/api';
import { loaded } from '../state/loaded';
import { cursor, selected } from '../state/place';
import { proxyAddress } from '../state/store';
import { large } from '../text/format';
import { reason } from '../text/reason';
import type { Detail, Header } from '../types';
import { copy, say } from '../ui/parts';

const dropped = new Set([
    'host',
    'content-length',
    'connection',
    'accept-encoding',
    'authorization',
    'x-api-key',
    'api-key',
    'transfer-encoding',
    'expect',
    'keep-alive',
    'te',
    'trailer',
    'upgrade',
    'proxy-connection',
    'x-goog-api-key',
    'cookie',
    'user-agent',
    'proxy-authorization',
    'sec-fetch-mode',
    'accept-language',
]);

const keyHeader = ['x-api-key', 'api-key', 'x-goog-api-key'];

// shown in place of what was never stored
const hidden = /redacted|\*{3}|\[key |^key:/i;

function authorization(d: Detail): Header {
    const names = (d.request?.headers ?? []).map((h) => h.name.toLowerCase());
    const name = keyHeader.find((k) => names.includes(k));

    return name === undefined ? { name: 'Authorization', value: 'Bearer ' } : { name, value: '' };
}

function headers(d: Detail): Header[] {
    return (d.request?.headers ?? []).filter(
        (h) =>
            token.test(h.name) &&
            !dropped.has(h.name.toLowerCase()) &&
            !h.name.toLowerCase().startsWith('x-stainless-') &&
            !hidden.test(h.value),
    );
}

const address = (d: Detail): string =>
    proxyAddress().replace(/\/+$/, '').replace(/\/v1$/, '') + (d.uri.startsWith('/') ? d.uri : '/' + d.uri);

const text = (d: Detail): string | null =>
    d.request?.body_encoding === 'text' ? d.request.body : null;

// what a terminal would obey while it is pasted: escapes, returns, bells
const control = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

// single quotes keep everything from a POSIX shell but a single quote
export function shell(value: string): string {
    if (control.test(value)) {
        const octal = Array.from(new TextEncoder().encode(value), (b) =>
            b < 32 || b > 126 || b === 39 || b === 92 ? '\\0' + b.toString(8).padStart(3, '0') : String.fromCharCode(b),
        );

        return `"$(printf '%b' '${octal.join('')}')"`;
    }

    return /^[\w@%+=:,./-]+$/.test(value) ? value : "'" + value.replace(/'/g, "'\\''") + "'";
}

// curl reads a file for a header that begins with "@"
const token = /^[\w!#$%&'*+.^`|~-]+$/;

export function curl(d: Detail): string {
    const body = text(d);
    const auth = authorization(d);
    const lines = [`curl -gN ${d.method === 'GET' ? '' : '-X ' + shell(d.method) + ' '}${shell(address(d))}`];

    lines.push(`-H "${auth.name}: ${auth.value}$OPENAI_API_KEY"`);
    headers(d).forEach((h) => lines.push('-H ' + shell(h.name + ': ' + h.value)));

    if (body !== null && body !== '') {
        lines.push('--data-raw ' + shell(body));
    }

    return lines.join(' \\\n    ');
}

// JSON text is a literal of both languages, once its words are translated
const literal = (value: string): string =>
    JSON.stringify(value).replace(
        /[\u2028\u2029\u007f-\u009f]/g,
        (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'),
    );

function python(value: unknown, indent: string): string {
    const inner = indent + '    ';

    if (Array.isArray(value)) {
        return value.length === 0
            ? '[]'
            : '[\n' + value.map((v) => inner + python(v, inner)).join(',\n') + ',\n' + indent + ']';
    }

    if (typeof value === 'object' && value !== null) {
        const entries = Object.entries(value);
        return entries.length === 0
            ? '{}'
            : '{\n' +
                  entries.map(([k, v]) => inner + literal(k) + ': ' + python(v, inner)).join(',\n') +
                  ',\n' +
                  indent +
                  '}';
    }

    return value === null
        ? 'None'
        : value === true
          ? 'True'
          : value === false
            ? 'False'
            : typeof value === 'string'
              ? literal(value)
              : JSON.stringify(value);
}

// what would not be the same written anew goes as text
function parsed(d: Detail): { json: unknown } | null {
    const raw = text(d) ?? '';

    try {
        return large(raw) ? null : { json: JSON.parse(raw) as unknown };
    } catch {
        return null;
    }
}

export function pythonCode(d: Detail): string {
    const body = parsed(d);
    const raw = text(d);
    const auth = authorization(d);
    const list = headers(d)
        .map((h) => `        ${literal(h.name)}: ${literal(h.value)},\n`)
        .join('');

    return `import os
import httpx

with httpx.stream(
    ${literal(d.method)},
    ${literal(address(d))},
    headers={
        ${literal(auth.name)}: ${literal(auth.value)} + os.environ["OPENAI_API_KEY"],
${list}    },
${body !== null ? '    json=' + python(body.json, '    ') + ',\n' : raw !== null && raw !== '' ? '    content=' + literal(raw) + '.encode(),\n' : ''}    timeout=600,
) as response:
    for text in response.iter_text():
        print(text, end="", flush=True)
`;
}

export function nodeCode(d: Detail): string {
    const body = parsed(d);
    const raw = text(d);
    const auth = authorization(d);
    const list = headers(d)
        .map((h) => `        ${literal(h.name)}: ${literal(h.value)},\n`)
        .join('');
    const json =
        body === null
            ? null
            : JSON.stringify(body.json, null, 4)
                  .replace(/\n/g, '\n    ')
                  .replace(/[\u2028\u2029]/g, (c) => '\\u' + c.charCodeAt(0).toString(16));

    return `const response = await fetch(${literal(address(d))}, {
    method: ${literal(d.method)},
    headers: {
        ${literal(auth.name)}: ${literal(auth.value)} + process.env.OPENAI_API_KEY,
${list}    },
${json !== null ? '    body: JSON.stringify(' + json + '),\n' : raw !== null && raw !== '' ? '    body: ' + literal(raw) + ',\n' : ''}});

for await (const piece of response.body) {
    process.stdout.write(piece);
}
`;
}

export async function copyCurl(): Promise<void> {
    const id = selected.value ?? cursor.value;

    if (id === null) {
        return;
    }

    try {
        const data = loaded.value?.id === id && loaded.value.data !== null ? loaded.value.data : await api.request(id);
        await copy(curl(data));
    } catch (e) {
        say(reason(e));
    }
}
