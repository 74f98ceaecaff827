// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Whole exchanges: what each costs the proxy, by the size of the request, by
// the answer, and by the number of workers.

import { gzipSync } from 'node:zlib';
import { mkdirSync, writeFileSync } from 'node:fs';

import { waitsForLock } from '../lib/machine.mjs';
import { VARIANTS, proxy, settings, upstream } from '../lib/nginx.mjs';
import { exchanges } from '../lib/load.mjs';
import { compare } from '../lib/pairs.mjs';

const KB = 1024;

const path = '/v1/chat/completions';

const words = ('the proxy keeps what it sees and tells nobody until somebody '
               + 'asks for it ').repeat(20000);

function request(size) {
    const text = (content) => JSON.stringify({
        model: 'gpt-4o-mini',
        messages: [
            { role: 'system', content: 'You are a helpful assistant.' },
            { role: 'user', content },
        ],
        temperature: 0.7,
    });

    return text(words.slice(0, size - text('').length));
}

function answer(size) {
    const text = (content) => JSON.stringify({
        id: 'chatcmpl-Cx7kq9QmB2s', object: 'chat.completion',
        created: 1790000000, model: 'gpt-4o-mini-2024-07-18',
        choices: [{ index: 0,
                    message: { role: 'assistant', content, refusal: null,
                               annotations: [] },
                    logprobs: null, finish_reason: 'stop' }],
        usage: { prompt_tokens: 200, completion_tokens: 300,
                 total_tokens: 500,
                 prompt_tokens_details: { cached_tokens: 0,
                                          audio_tokens: 0 },
                 completion_tokens_details: { reasoning_tokens: 0 } },
        service_tier: 'default', system_fingerprint: 'fp_44709d6fcb',
    });

    return text(words.slice(0, size - text('').length));
}

// the files of answers, and of requests by their size in KB

export function files() {
    const root = `${settings.dir}/www`;
    const bodies = {};

    // nginx says 404 before 405
    mkdirSync(`${root}/v1/chat`, { recursive: true });
    writeFileSync(`${root}${path}`, '');
    writeFileSync(`${root}/small`, answer(1502));
    writeFileSync(`${root}/large`, answer(64 * KB));
    writeFileSync(`${root}/gzip`, gzipSync(answer(16 * KB)));

    for (const size of [1, 16, 64, 1024]) {
        bodies[size] = `${settings.dir}/body-${size}k.json`;
        writeFileSync(bodies[size], request(size * KB));
    }

    return { root, bodies };
}

const cases = [
    { name: '1 KB request', size: 1, path },
    { name: '16 KB request', size: 16, path },
    { name: '64 KB request', size: 64, path },
    { name: '1 MB request', size: 1024, path },
    { name: '1 KB request, 64 KB answer', size: 1,
      path: `${path}?answer=large` },
    { name: '1 KB request, gzip answer', size: 1,
      path: `${path}?answer=gzip` },
];

async function measured({ names, options, list, rounds, seconds, progress }) {
    const { root, bodies } = files();
    const to = await upstream(root);
    const servers = {};
    const rows = [];

    for (const name of names) {
        servers[name] = await proxy(name, { to: to.port, ...options });
    }

    for (const { name, size, path } of list) {
        const found = await compare(names, rounds, (variant) =>
            exchanges(servers[variant], to,
                      { path, body: bodies[size], seconds }),
            (text) => progress(`${name}: ${text}`));

        rows.push(...found.map((row) => ({ case: name, ...row })));
    }

    for (const server of [...Object.values(servers), to]) {
        await server.ended();
    }

    return rows;
}

export function plain({ quick, progress }) {
    return measured({
        names: Object.keys(VARIANTS),
        list: quick ? cases.filter((c) => c.size === 1 || c.size === 64)
                           .slice(0, 2) : cases,
        rounds: quick ? 3 : 5,
        seconds: 1,
        progress,
    });
}

// The workers are not pinned here, so that they do run at the same time.  What
// share of their time they waited for the zone's lock is sampled.

export async function scaling({ quick, progress }) {
    const rows = [];

    for (const workers of quick ? [1, 2] : [1, 2, 4]) {
        const { root, bodies } = files();
        const to = await upstream(root);
        const names = ['plain', 'all'];
        const servers = {};

        for (const name of names) {
            servers[name] = await proxy(name, { to: to.port, workers,
                                                pin: false });
        }

        const found = await compare(names, quick ? 3 : 9, async (variant) => {
            const server = servers[variant];
            let looks = 0;
            let waits = 0;

            const timer = setInterval(() => {
                for (const pid of server.workers) {
                    looks++;
                    waits += waitsForLock(pid);
                }
            }, 3);

            const sample = await exchanges(server, to,
                                           { path, body: bodies[1] });

            clearInterval(timer);
            return { ...sample, lock: waits / looks };
        }, (text) => progress(`${workers} workers: ${text}`));

        rows.push(...found.map((row) => ({ case: `${workers} workers`,
                                           ...row })));

        for (const server of [...Object.values(servers), to]) {
            await server.ended();
        }
    }

    return rows;
}
