// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The recorded exchanges: what was sent, what came back, and what a record of
// it has to say.  The repository has some, OPENAI_SHARED may have more.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));

const shared = process.env.OPENAI_SHARED
    ?? path.resolve(here, '../../../shared');

export const directories = [
    path.resolve(here, '../recordings'), path.join(shared, 'fixtures'),
].filter((dir) => fs.existsSync(path.join(dir, 'MANIFEST.tsv')));

function table(file) {
    const [head, ...lines] = fs.readFileSync(file, 'utf8').split('\n')
        .filter(Boolean).map((line) => line.split('\t'));

    return lines.map((cells) => Object.fromEntries(
        head.map((name, i) => [name, cells[i] ?? ''])));
}

export const pathOf = (row, name = row.file) => path.join(row.dir, name);

export const read = (row, name) => fs.readFileSync(pathOf(row, name));

export const manifest = () => directories.flatMap((dir) =>
    table(path.join(dir, 'MANIFEST.tsv')).map((row) => ({ ...row, dir })));

// rows whose expectation is wrong, and how many of the checks below say so

export function knownDifferences() {
    return new Map(table(path.join(here, '../unit/digest_known.tsv'))
        .map((row) => [row.file, Number(row.differences)]));
}


// where no file tells, the path follows from the kind

const paths = [
    ['chat-', '/v1/chat/completions'],
    ['completions-', '/v1/completions'],
    ['responses-', '/v1/responses'],
    ['embeddings-', '/v1/embeddings'],
    ['images-', '/v1/images/generations'],
    ['audio-', '/v1/audio/transcriptions'],
    ['anthropic-', '/v1/messages'],
    ['gemini-', '/v1beta/models/gemini:streamGenerateContent?alt=sse'],
    ['ollama-', '/api/chat'],
    ['cohere-', '/v2/chat'],
    ['realtime-', '/v1/realtime?model=gpt-realtime'],
];

export function requestOf(row) {
    const { kind, api } = row;
    const known = paths.find(([start]) => kind.startsWith(start))
        ?? paths.find(([start]) => api === start.slice(0, -1)) ?? paths[0];

    const request = {
        method: 'POST', path: known[1], body: '{}',
        headers: { 'content-type': 'application/json' },
    };

    if (row.meta_file) {
        const meta = JSON.parse(read(row, row.meta_file));
        const url = new URL(meta.url);
        const type = meta.request_headers['content-type'];

        request.method = meta.method;
        request.path = url.pathname + url.search;
        request.body = '';
        request.headers = { host: url.host };

        if (type !== undefined) {
            request.headers['content-type'] = type;
        }
    }

    if (row.request_file) {
        request.body = read(row, row.request_file);
    }

    return request;
}


const sha12 = (text) => text === '' ? ''
    : createHash('sha256').update(text).digest('hex').slice(0, 12);

const number = (cell) => cell === '' ? null : Number(cell);

const characters = (text) => [...text].length;

// the manifest has the upstream's own counts, records have OpenTelemetry's

function usageOf(row) {
    const usage = {
        input_tokens: number(row.exp_in_tok),
        output_tokens: number(row.exp_out_tok),
        total_tokens: number(row.exp_total_tok),
        cached_tokens: number(row.exp_cached_tok),
        cache_write_tokens: number(row.exp_cache_write_tok),
        reasoning_tokens: number(row.exp_reasoning_tok),
    };

    const { input_tokens: sent, output_tokens: got, total_tokens: total,
            reasoning_tokens: reasoning } = usage;

    if (row.kind.startsWith('anthropic') && sent !== null) {
        usage.input_tokens += usage.cached_tokens + usage.cache_write_tokens;
    }

    if (reasoning > 0 && total === sent + got + reasoning) {
        usage.output_tokens += reasoning;
    }

    if (total === null && sent !== null && got !== null) {
        usage.total_tokens = usage.input_tokens + usage.output_tokens;
    }

    return usage;
}

function callOf(call) {
    // a call without a name of its own has that of its type
    return call.name?.endsWith('_call') ? `<${call.name}>(0)`
        : `${call.name ?? ''}(${Buffer.byteLength(call.arguments ?? '')})`;
}

function errorOf(row, error) {
    const wanted = row.exp_error;

    if (wanted === '') {
        return error?.code ?? '';
    }

    return [error?.code, error?.type, error?.message].includes(wanted)
        ? wanted : error?.code;
}


// every expected column against a record's detail: the ones that differ

export function differences(row, record) {
    const answer = record.answer ?? {};
    const choices = answer.choices ?? [];

    // between choices, but not between the responses of one connection

    const separator = row.api === 'realtime' ? '' : '\x1e';
    const joined = (field) => choices.map((c) => c[field])
        .filter((text) => typeof text === 'string')
        .reduce((all, text) => (all === '' ? text : all + separator + text),
                '');

    const text = joined('text');
    const reasoning = joined('reasoning');
    const calls = choices.flatMap((c) => c.tool_calls ?? []);
    const usage = usageOf(row);

    const checks = [
        ['text', Number(row.exp_text_chars), characters(text)],
        ['text bytes', Number(row.exp_text_bytes), Buffer.byteLength(text)],
        ['text hash', row.exp_text_sha12, sha12(text)],
        ['reasoning', Number(row.exp_reasoning_chars), characters(reasoning)],
        ['reasoning hash', row.exp_reasoning_sha12, sha12(reasoning)],
        ['refusal', Number(row.exp_refusal_chars),
         characters(joined('refusal'))],
        ['number of tools', Number(row.exp_n_tools), calls.length],
        ['tools', row['exp_tools(name(arg_bytes))'],
         calls.map(callOf).join(';')],
        ['finish reason', row.exp_finish, record.finish_reason ?? ''],
        ['events', Number(row.exp_n_events), record.events ?? 0],
        ['error', row.exp_error, errorOf(row, record.error)],
        ['whether there is an error', row.exp_error !== '',
         record.error !== null],
        ...Object.entries(usage).map(([name, count]) =>
            [name, count, record.usage?.[name] ?? null]),
    ];

    if (row.exp_model !== '') {
        checks.push(['model', row.exp_model, record.response_model]);
    }

    if (Number(row.exp_n_choices) > 0) {
        checks.push(['choices', Number(row.exp_n_choices),
                     choices.length + (answer.embeddings?.length ?? 0)]);
    }

    return checks.filter(([, wanted, got]) => wanted !== got)
        .map(([what, wanted, got]) => `${row.file}: ${what} is `
             + `${JSON.stringify(got)}, expected ${JSON.stringify(wanted)}`);
}
