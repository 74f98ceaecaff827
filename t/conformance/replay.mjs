// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// An upstream that answers with a recording, byte for byte.  Headers of the
// request order how:
//
//   X-Fixture    the path of the recording
//   X-Status     the status, 200 if it is missing
//   X-Split      bytes of a piece; if it is missing, all come at once
//   X-Delay-Ms   the pause after each piece
//   X-Enc        gzip, deflate or br
//   X-Te         "length": Content-Length in place of chunks
//   X-Abort-At   the connection is cut after so many bytes

import { once } from 'node:events';
import fs from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

const types = {
    '.json': 'application/json', '.ndjson': 'application/x-ndjson',
    '.sse': 'text/event-stream; charset=utf-8',
};

const coders = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };

// The rest of nginx's buffer and of the kernel's goes out before the cut.

const CUT_MS = 20;

async function answer(req, res) {
    const { headers } = req;
    const file = headers['x-fixture'];
    const coding = headers['x-enc'];
    let body = await fs.readFile(file);

    if (coding !== undefined) {
        body = coders[coding](body);
        res.setHeader('Content-Encoding', coding);
    }

    if (headers['x-te'] === 'length') {
        res.setHeader('Content-Length', body.length);
    }

    res.writeHead(Number(headers['x-status'] ?? 200), {
        'Content-Type': types[path.extname(file)] ?? 'application/octet-stream',
        'X-Request-Id': 'req_replay', 'OpenAI-Processing-Ms': '42',
    });

    const size = Number(headers['x-split'] ?? 0) || body.length;
    const cut = Number(headers['x-abort-at'] ?? Infinity);
    const delay = Number(headers['x-delay-ms'] ?? 0);

    for (let at = 0; at < body.length; at += size) {
        if (at + size > cut) {
            res.write(body.subarray(at, cut));
            await pause(CUT_MS);
            res.destroy();
            return;
        }

        if (!res.write(body.subarray(at, at + size))) {
            await Promise.race([once(res, 'drain'), once(res, 'close')]);
        }

        if (res.destroyed) {
            return;
        }

        if (delay) {
            await pause(delay);
        }
    }

    res.end();
}

// a server that listens; it answers when it has the whole request

export async function replay(port) {
    const server = http.createServer((req, res) => {
        req.resume();
        req.on('end', () => answer(req, res).catch((error) => {
            console.error(`replay: ${error.message}`);
            res.destroy();
        }));
    });

    server.listen(port, '127.0.0.1');
    await once(server, 'listening');

    return server;
}
