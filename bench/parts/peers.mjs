// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// What one would take instead, in the same run.  Files are on tmpfs, so that
// no disk is measured.

import { spawnSync } from 'node:child_process';
import { existsSync, truncateSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { PROXY_CORE, cores } from '../lib/machine.mjs';
import { Server, port, proxy, settings, upstream } from '../lib/nginx.mjs';
import { exchanges, streams } from '../lib/load.mjs';
import { compare } from '../lib/pairs.mjs';
import { files } from './plain.mjs';

const path = '/v1/chat/completions';
const here = fileURLToPath(new URL('../peers/', import.meta.url));
const core = cores > 1 ? PROXY_CORE : undefined;

function works(command, ...args) {
    return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function modules(...names) {
    const dir = '/usr/lib/nginx/modules';
    const paths = names.map((name) => `${dir}/${name}.so`);

    return paths.every(existsSync) ? paths : null;
}

// a log that grew in a sample is emptied after it

const log = () => `/dev/shm/openai-bench-${process.pid}.log`;
const flows = () => `/dev/shm/openai-bench-${process.pid}.flows`;

export function clean() {
    for (const file of [log(), flows()]) {
        spawnSync('rm', ['-f', file]);
    }
}

const lua = modules('ndk_http_module', 'ngx_http_lua_module');

// each starts a server before the upstream "to", or says why it cannot

const PEERS = {
    'nginx, JSON log of $request_body': {
        start: (to) => proxy('jsonlog', {
            to, buffering: 'on',
            http: `log_format body escape=json '{"time":"$time_iso8601",'
                '"request":"$request","status":$status,'
                '"request_body":"$request_body"}';`,
            location: `access_log ${log()} body;`,
        }),
    },

    'nginx, Lua, both bodies': {
        missing: () => !lua && 'no libnginx-mod-http-lua',
        start: (to) => proxy('lua', {
            to, buffering: 'on', load: lua,
            http: `lua_shared_dict captured 80m;
                lua_shared_dict counters 1m;
                lua_package_path "${here}?.lua;/usr/share/lua/5.1/?.lua;;";
                init_by_lua_block { capture = require "capture" }`,
            location: `access_by_lua_block { capture.request() }
                body_filter_by_lua_block { capture.piece() }
                log_by_lua_block { capture.store() }`,
        }),
    },

    'Python, aiohttp': {
        missing: () => !works('/usr/bin/python3', '-c', 'import aiohttp')
            && 'no python3-aiohttp',
        start: (to) => {
            const at = port();
            return Server.start('python', at, '/usr/bin/python3',
                                [`${here}proxy.py`, String(at), String(to)],
                                core);
        },
    },

    mitmdump: {
        missing: () => !works('mitmdump', '--version') && 'no mitmproxy',
        start: (to) => {
            const at = port();
            return Server.start('mitmdump', at, 'mitmdump', [
                '--quiet', '--mode', `reverse:http://127.0.0.1:${to}`,
                '--listen-host', '127.0.0.1', '--listen-port', String(at),
                '--set', `confdir=${settings.dir}/mitmproxy`,
                '--set', `save_stream_file=${flows()}`,
            ], core);
        },
    },
};

export async function peers({ quick, progress, note }) {
    const { root, bodies } = files();
    const to = await upstream(root);
    const stream = port();
    const rows = [];
    const starts = { plain: (at) => proxy('plain', { to: at }),
                     all: (at) => proxy('all', { to: at }) };

    for (const [name, peer] of Object.entries(PEERS)) {
        const missing = peer.missing?.();

        if (missing) {
            note(`${name}: left out, ${missing}`);
        } else {
            starts[name] = peer.start;
        }
    }

    const names = Object.keys(starts);

    const series = async (at, name, measure) => {
        const servers = {};

        for (const peer of names) {
            servers[peer] = await starts[peer](at);
        }

        const found = await compare(names, quick ? 3 : 5, async (peer) => {
            const sample = await measure(servers[peer]);

            [log(), flows()].filter(existsSync)
                            .forEach((file) => truncateSync(file));
            return sample;
        }, (text) => progress(`${name}: ${text}`));

        rows.push(...found.map((row) => ({ case: name, ...row })));

        for (const server of Object.values(servers)) {
            await server.ended();
        }
    };

    try {
        for (const size of [1, 64]) {
            await series(to.port, `${size} KB request`, (server) =>
                exchanges(server, to, { path, body: bodies[size] }));
        }

        await series(stream, '20 streams, 200 pieces 5 ms apart', (server) =>
            streams(server, stream,
                    { streams: 20, total: 20, pieces: 200, gap: 5000 }));
    } finally {
        clean();
        await to.ended();
    }

    return rows;
}
