// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Starts nginx and a scripted upstream.  Each server exists with and without
// the monitor, to compare both, and with long and short timeouts, so that
// tests of silence are quick.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { slow } from '../../e2e/lib/monitor.mjs';
import { Nginx } from '../../e2e/lib/nginx.mjs';
import { Upstream } from './upstream.mjs';

const first = Number(process.env.OPENAI_MONITOR_TEST_PORT ?? 24500) + 100;

// each test file has twenty ports

export function portsOf(file) {
    const at = first + file * 20;

    return {
        view: at, upstream: at + 1, upstreamTls: at + 2, closed: at + 3,
        recorded: { h1: at + 4, h2: at + 5, tls: at + 6 },
        plain: { h1: at + 7, h2: at + 8, tls: at + 9 },
        recordedShort: { h1: at + 10, h2: at + 11, tls: at + 12 },
        plainShort: { h1: at + 13, h2: at + 14, tls: at + 15 },
    };
}


// makes a key and a certificate that clients do not check

export function certificate() {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'openai-cert-'));
    const files = [path.join(dir, 'key'), path.join(dir, 'cert')];

    execFileSync('openssl', [
        'req', '-x509', '-newkey', 'ec', '-pkeyopt',
        'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
        '-subj', '/CN=api.test', '-keyout', files[0], '-out', files[1],
    ], { stdio: 'ignore' });

    const [key, cert] = files.map((file) => fs.readFileSync(file));

    return { dir, key, cert };
}


export function template({ main = '', http = '', server = '', locations = '',
                           connections = 2048, level = 'info', view = '' }) {
    return `
\${load_module}
\${user}
daemon            off;
worker_processes  \${workers};
pid               \${prefix}/nginx.pid;
error_log         stderr ${level};
${main}

events {
    worker_connections  ${connections};
}

http {
    client_body_temp_path  \${prefix}/body;
    proxy_temp_path        \${prefix}/proxy;
    fastcgi_temp_path      \${prefix}/fastcgi;
    uwsgi_temp_path        \${prefix}/uwsgi;
    scgi_temp_path         \${prefix}/scgi;

    access_log               off;
    keepalive_requests       1000000;
    client_max_body_size     64m;
    proxy_http_version       1.1;
    proxy_ssl_server_name    on;
    proxy_ssl_session_reuse  off;

    openai_monitor_zone  zone=test:\${zone} entries=\${entries};
    ${http}

    ${server}

    server {
        listen  127.0.0.1:\${view_port} backlog=1024 ${view};

        location / {
            openai_monitor_view  zone=test;
        }
    }
}
`.replaceAll('%locations%', locations);
}

// returns a server block: ports, monitor, timeout

export function server(ports, monitor, { cert, timeout, locations }) {
    return `
    server {
        listen  127.0.0.1:${ports.h1} backlog=1024;
        listen  127.0.0.1:${ports.h2} http2 backlog=1024;
        ${cert ? `listen  127.0.0.1:${ports.tls} ssl http2 backlog=1024;
        ssl_certificate      ${cert.dir}/cert;
        ssl_certificate_key  ${cert.dir}/key;` : ''}

        ${monitor}

        client_body_timeout  ${timeout};
        send_timeout         ${timeout};
        proxy_read_timeout   ${timeout};
        proxy_send_timeout   ${timeout};
${locations}
    }`;
}


// starts both; each of the four servers has "locations"

export async function start(ports, { locations, monitor = '', zone = '64m',
                                     entries = 4000, workers = 2, ...more }) {
    const cert = certificate();
    const upstream = await Upstream.start({
        port: ports.upstream, tlsPort: ports.upstreamTls, ...cert,
    });

    const recorded = `openai_monitor  zone=test;\n        ${monitor}`;
    const of = (at, monitored, timeout) =>
        server(at, monitored, { cert, timeout, locations });

    const text = template({
        ...more, server: of(ports.recorded, recorded, `${30 * slow}s`)
            + of(ports.plain, '', `${30 * slow}s`)
            + of(ports.recordedShort, recorded, `${500 * slow}ms`)
            + of(ports.plainShort, '', `${500 * slow}ms`),
    });

    const nginx = await Nginx.start({
        template: text, view_port: ports.view, proxy_port: ports.recorded.h1,
        zone, entries, workers, env: more.env,
    });

    return {
        upstream, nginx, monitor: nginx.monitor,
        async stop() {
            await nginx.stop();
            await upstream.stop();
            fs.rmSync(cert.dir, { recursive: true });
        },
    };
}

// returns all records by the case in their URI

export async function recordsByCase(monitor, caseOf) {
    const found = new Map();
    let list;

    for (let page = 1; list === undefined || page <= list.pages; page++) {
        list = await monitor.list({ page_size: 1000, page });

        for (const item of list.items) {
            const id = caseOf(item.uri ?? '');

            found.set(id, [...found.get(id) ?? [], item]);
        }
    }

    return found;
}

// calls "each" for all items, some at a time

export async function inParallel(all, at_a_time, each) {
    let next = 0;

    async function one() {
        while (next < all.length) {
            await each(all[next++]);
        }
    }

    await Promise.all(Array.from({ length: at_a_time }, one));
}


// Returns how often idle processes wake up in a second, because nobody can see
// timers from outside, only that they fire.

export async function wakeups(pids) {
    const pause = (ms) => new Promise((done) => setTimeout(done, ms));
    const sleeps = () => pids.reduce((sum, pid) => sum + Number(
        /^voluntary_ctxt_switches:\s+(\d+)/m.exec(
            fs.readFileSync(`/proc/${pid}/status`, 'latin1'))[1]), 0);

    // a connection that just ended wakes a worker once more

    await pause(500);

    const before = sleeps();

    await pause(1000);

    return sleeps() - before;
}
