// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Answers the requests of traffic.mjs.  Usage: node upstream.mjs PORT PAUSE_MS
// PAUSE_MS lies between the pieces of a stream.  A line on stdout says that it
// listens; it ends with its stdin.

import http from 'node:http';

import { answer, marker, streamed } from './traffic.mjs';

const [port, pause] = process.argv.slice(2).map(Number);

http.createServer((req, res) => {
    const pieces = [];

    req.on('data', (piece) => pieces.push(piece));

    req.on('end', async () => {
        const n = Number(/marker-(\d+)/.exec(req.url)[1]);

        if (!Buffer.concat(pieces).includes(`"${marker(n)}"`)) {
            res.writeHead(400).end();
            return;
        }

        const body = answer(n);

        if (!streamed(n)) {
            res.writeHead(200, {
                'Content-Type': 'application/json',
                'Content-Length': body[0].length,
            }).end(body[0]);
            return;
        }

        res.writeHead(200, { 'Content-Type': 'text/event-stream' });

        for (const piece of body) {
            res.write(piece);

            if (pause > 0) {
                await new Promise((done) => setTimeout(done, pause));
            }
        }

        res.end();
    });
}).listen(port, '127.0.0.1', 1024, () => console.log('listening'));

process.stdin.on('end', () => process.exit(0)).resume();
