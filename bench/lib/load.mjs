// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Load, and what it cost the proxy.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { NOISE, OTHER_CORES, cores, cpuOf, memory, others }
    from './machine.mjs';

const script = fileURLToPath(new URL('../post.lua', import.meta.url));
const children = new Set();

// us that pieces may be written later than planned
export const LATE = 1000;

export const tools = { stream: '', floor: '' };

export function stopLoad() {
    children.forEach((child) => child.kill('SIGKILL'));
}

// what it prints, line by line; "line" sees each as it comes, and may answer

function run(command, args, line = () => {}) {
    return new Promise((resolve, reject) => {
        const pinned = cores > 1
            ? ['taskset', ['-c', OTHER_CORES, command, ...args]]
            : [command, args];

        const child = spawn(...pinned, { stdio: ['pipe', 'pipe', 'pipe'] });
        let out = '';
        let seen = 0;
        let errors = '';

        children.add(child);
        child.stderr.on('data', (data) => { errors += data; });
        child.stdout.on('data', (data) => {
            out += data;

            for (let end; (end = out.indexOf('\n', seen)) >= 0; seen = end + 1) {
                line(out.slice(seen, end), child.stdin);
            }
        });

        child.once('error', reject);
        child.once('close', (code) => {
            children.delete(child);

            if (code !== 0) {
                reject(new Error(`${command} ended with ${code}: ${errors}`));
            } else {
                resolve(JSON.parse(out.trim().split('\n').pop()));
            }
        });
    });
}

// measures again, once, when somebody else was at work, or stream.c was late

async function quietly(pids, measure) {
    for (let tries = 0; ; tries++) {
        const ended = others(pids);
        const sample = await measure();
        const noise = ended();

        const quiet = noise < NOISE && !(sample.late99 > LATE);

        if (quiet || tries === 1) {
            return { ...sample, noise };
        }
    }
}

// exchanges by wrk: CPU us of the proxy for each, and how many in a second

export function exchanges(server, upstream, { path, body, seconds = 1,
                                              connections = 32, pause = 0 }) {
    const pids = [...server.pids, ...upstream.pids];

    return quietly(pids, async () => {
        const from = cpuOf(server.pids);
        const out = await run('wrk', ['-t1', `-c${connections}`,
                                      `-d${seconds}s`, '-s', script,
                                      `http://127.0.0.1:${server.port}${path}`,
                                      '--', body, String(pause)]);

        if (out.errors || out.requests === 0) {
            throw new Error(`${server.name}: ${out.errors} errors of wrk, `
                            + `${out.requests} answers`);
        }

        const cpu = cpuOf(server.pids) - from;

        return { cpu: cpu / out.requests, rps: out.requests / out.us * 1e6,
                 load: cpu / out.us, p50: out.p50, p99: out.p99,
                 max: out.max };
    });
}

// the parts of an exchange's work by floor.c, in ns

export function floor(request, answer) {
    return quietly([], () => run(tools.floor, [request, answer]));
}

// streams by stream.c: CPU us of the proxy for each piece, times in us

export function streams(server, to, options) {
    return quietly(server.pids, async () => {
        const args = Object.entries(options).map(([k, v]) => `${k}=${v}`);
        // a noisy sample is taken again, of the same server

        const before = server.idle ??= memory(server.workers);
        let from = cpuOf(server.pids);
        let open = before;
        let cpu;

        const out = await run(tools.stream, [String(to), String(server.port),
                                             ...args], (line, answer) => {
            if (line === 'open' && options.total === 0) {
                from = cpuOf(server.pids);
                open = memory(server.workers);
            }

            // that streams end is no part of their pieces' cost

            if (line === 'over') {
                cpu = cpuOf(server.pids) - from;
                answer.end('\n');
            }
        });

        cpu ??= cpuOf(server.pids) - from;

        if (out.pieces === 0) {
            throw new Error(`${server.name}: not a piece came in the window`);
        }

        return { cpu: cpu / out.pieces, load: options.total === 0
                     ? cpu / options.window / 1000 : 0,
                 ttfb: out.first_p50, delay: out.delay_p50,
                 delay99: out.delay_p99, late99: out.late_p99, merged: out.pieces / out.reads,
                 memory: (open - before) / out.streams };
    });
}
