// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// A client with a number of keep-alive connections.

import http from 'node:http';

import { answer, request, uri } from './traffic.mjs';

function exchange(agent, base, n) {
    return new Promise((done) => {
        const body = request(n);

        const req = http.request(base + uri(n), {
            agent, method: 'POST',
            headers: {
                'Content-Type': 'application/json',
                'Content-Length': body.length,
            },
        }, (res) => {
            const pieces = [];

            res.on('data', (piece) => pieces.push(piece));
            res.on('error', () => done('cut'));
            res.on('close', () => done('cut'));
            res.on('end', () => {
                const same = Buffer.concat(answer(n))
                    .equals(Buffer.concat(pieces));

                done(res.statusCode === 200 && same ? 'ok' : 'wrong');
            });
        });

        req.on('error', () => done('cut'));
        req.end(body);
    });
}

// Sends "total" requests; "each" hears how each one ended: "ok", "wrong" when
// a byte differs, or "cut".

export async function run(base, { total, connections, each }) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
    let next = 0;

    async function one() {
        while (next < total) {
            const n = next++;
            each(n, await exchange(agent, base, n));
        }
    }

    await Promise.all(Array.from({ length: connections }, one));
    agent.destroy();
}
