// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// nginx as upstream and as proxy, with the settings of conf/nginx.conf that
// matter to speed; variants differ in the lines of the monitor only.

import { execSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';

import { PROXY_CORE, OTHER_CORES, cores, tree } from './machine.mjs';

const running = new Set();

const files = Number(execSync('ulimit -Hn', { encoding: 'utf8' })) || 65536;

export const settings = { nginx: 'nginx', module: '', dir: '', port: 25600 };

let offset = 0;

export function port() {
    return settings.port + offset++;
}

export function stopAll() {
    for (const server of [...running]) {
        server.stop();
    }
}

export async function reachable(at, seconds = 15) {
    for (let i = 0; i < seconds * 50; i++) {
        const done = await new Promise((resolve) => {
            const socket = connect(at, '127.0.0.1');
            socket.once('connect', () => { socket.destroy(); resolve(true); });
            socket.once('error', () => resolve(false));
        });

        if (done) {
            return;
        }

        await new Promise((resolve) => setTimeout(resolve, 20));
    }

    throw new Error(`nothing listens on port ${at}`);
}

// a server of any kind: CPU and memory are those of its whole process tree

export class Server {
    constructor(name, at, child) {
        this.name = name;
        this.port = at;
        this.child = child;
        running.add(this);
        child.once('exit', () => running.delete(this));
    }

    // "processes" it has when it is complete

    static async start(name, at, command, args, core, processes = 1) {
        const pinned = core === undefined
            ? [command, args]
            : ['taskset', ['-c', core, command, ...args]];

        const child = spawn(...pinned,
                            { stdio: ['ignore', 'ignore', 'inherit'] });
        const server = new Server(name, at, child);

        child.once('error', () => running.delete(server));
        await reachable(at);

        // a master listens before it has workers

        do {
            await new Promise((resolve) => setTimeout(resolve, 20));
            server.pids = tree(child.pid);
        } while (server.pids.length < processes && running.has(server));

        return server;
    }

    // without the master, which does nothing

    get workers() {
        return this.pids.length > 1 ? this.pids.slice(1) : this.pids;
    }

    stop() {
        running.delete(this);
        this.child.kill('SIGTERM');
    }

    async ended() {
        if (this.child.exitCode === null && this.child.signalCode === null) {
            this.stop();
            await new Promise((resolve) => this.child.once('exit', resolve));
        }
    }
}

function prefix(name) {
    const dir = `${settings.dir}/${name}`;

    rmSync(dir, { recursive: true, force: true });
    mkdirSync(`${dir}/tmp`, { recursive: true });
    return dir;
}

function frame({ workers = 1, load = [], http }) {
    const user = process.getuid() === 0 ? 'user root;' : '';
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((name) => `${name}_temp_path tmp/${name};`).join('\n    ');

    return `${load.map((so) => `load_module ${so};`).join('\n')}
${user}
daemon off;
worker_processes ${workers};
worker_rlimit_nofile ${files};
pid nginx.pid;
error_log error.log;

events {
    worker_connections ${files};
}

http {
    ${temp}
    access_log off;
    default_type application/json;
    keepalive_requests 100000000;
    tcp_nodelay on;
${http}
}
`;
}

function start(name, at, text, core, workers = 1) {
    const dir = prefix(name);

    writeFileSync(`${dir}/nginx.conf`, text);
    return Server.start(name, at, settings.nginx,
                        ['-p', dir, '-c', `${dir}/nginx.conf`, '-e',
                         `${dir}/error.log`], core, 1 + workers);
}

// answers with the file of "root" that the argument "answer" names, "small"
// when there is none; "mirror" is there to have the request's body read to its
// end before, as an API does; a POST is answered as a GET would be.

export function upstream(root) {
    const at = port();

    return start('upstream', at, frame({ http: `
    client_body_buffer_size 2m;
    client_max_body_size 0;
    open_file_cache max=100;
    map $arg_answer $answer {
        ""       small;
        default  $arg_answer;
    }
    map $answer $coding {
        gzip     gzip;
    }
    server {
        listen 127.0.0.1:${at} reuseport backlog=8192;
        location / {
            root ${root};
            mirror /none;
            error_page 405 =200 /file/$answer;
        }
        location = /none {
            internal;
            return 204;
        }
        location /file/ {
            alias ${root}/;
            add_header Content-Encoding $coding;
        }
    }` }), OTHER_CORES);
}

export const VARIANTS = {
    plain: 'nginx without the module',
    off: 'loaded, but off',
    meta: 'metadata only',
    all: 'everything captured',
};

const ZONE = '64m';

// lines of the location

const lines = {
    plain: '',
    off: 'openai_monitor off;',
    meta: 'openai_monitor zone=bench; openai_monitor_store_bodies off;',
    all: 'openai_monitor zone=bench;',
};

// of http{}

const zoneOf = (variant, size) => (lines[variant]
    ? `openai_monitor_zone zone=bench:${size};` : '');

// "buffering": some peers see a request's body only when nginx buffers it;
// "zone": its size and what else is said of it

export function proxy(variant, { to, workers = 1, pin = true, view = false,
                                 keepalive = 512, load = [], http = '',
                                 location = '', server = '',
                                 buffering = 'off', name = variant,
                                 zone = ZONE }) {
    const at = port();
    const monitor = lines[variant] ?? '';
    const so = (lines[variant] && settings.module)
        ? [settings.module] : [];
    const page = view ? port() : 0;

    const text = frame({ workers, load: [...load, ...so], http: `
    ${zoneOf(variant, zone)}
    ${http}
    client_max_body_size 0;
    client_body_buffer_size 2m;
    upstream api {
        server 127.0.0.1:${to};
        keepalive ${keepalive};
        keepalive_requests 100000000;
    }
    server {
        listen 127.0.0.1:${at} reuseport backlog=8192;
        ${server}
        location / {
            ${monitor}
            ${location}
            proxy_pass http://api;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_buffer_size 16k;
            proxy_busy_buffers_size 16k;
            proxy_request_buffering ${buffering};
            proxy_read_timeout 1h;
        }
        location = /ping {
            return 204;
        }
    }
    ${view ? `server {
        listen 127.0.0.1:${page} reuseport;
        location / { openai_monitor_view zone=bench; }
    }` : ''}` });

    const core = pin && cores > 1 ? PROXY_CORE : undefined;

    return start(name, at, text, core, workers).then((nginx) =>
        Object.assign(nginx, { page: `http://127.0.0.1:${page}` }));
}

// a release without "openai_monitor_store_bodies" keeps no byte otherwise

export function checkVariants() {
    const dir = prefix('check');
    const text = frame({
        load: settings.module ? [settings.module] : [],
        http: `${zoneOf('meta', ZONE)} server { listen 127.0.0.1:${port()};
               location / { ${lines.meta} } }`,
    });

    writeFileSync(`${dir}/nginx.conf`, text);

    const { status } = spawnSync(settings.nginx,
                                 ['-t', '-q', '-p', dir, '-c',
                                  `${dir}/nginx.conf`, '-e',
                                  `${dir}/error.log`]);

    if (status !== 0) {
        if (!readFileSync(`${dir}/error.log`, 'utf8')
                .includes('openai_monitor_store_bodies')) {
            throw new Error(`nginx does not start: see ${dir}/error.log`);
        }

        lines.meta = 'openai_monitor zone=bench; openai_monitor_body_max 0;';
    }
}
