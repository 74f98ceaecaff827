// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// What the kernel knows: CPU time and memory of processes, and who else works.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';

// of a CPU, by others than the measurement: above it a sample counts as noisy
export const NOISE = 0.08;

const TICK = 1e6 / 100;

function read(path) {
    try {
        return readFileSync(path, 'latin1');
    } catch {
        return '';                      // the process has ended
    }
}

// fields after the name, which may hold anything: [0] is the state

function stat(pid) {
    const text = read(`/proc/${pid}/stat`);
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

// a process and all that come from it

export function tree(root) {
    const children = new Map();

    for (const pid of readdirSync('/proc').filter((name) => /^\d/.test(name))) {
        const parent = Number(stat(pid)[1]);
        children.set(parent, [...(children.get(parent) ?? []), Number(pid)]);
    }

    const all = [];
    const visit = (pid) => {
        all.push(pid);
        (children.get(pid) ?? []).forEach(visit);
    };

    visit(root);
    return all;
}

// us on a CPU so far; the scheduler counts ns, /proc/PID/stat only ticks

export function cpuOf(pids) {
    let us = 0;

    for (const pid of pids) {
        const text = read(`/proc/${pid}/schedstat`);

        if (text === '' || text.startsWith('0 0 0')) {
            const fields = stat(pid);
            us += (Number(fields[11]) + Number(fields[12])) * TICK || 0;
            continue;
        }

        for (const task of tasks(pid)) {
            us += Number(read(`/proc/${pid}/task/${task}/schedstat`)
                             .split(' ')[0]) / 1000;
        }
    }

    return us;
}

function tasks(pid) {
    try {
        return readdirSync(`/proc/${pid}/task`);
    } catch {
        return [];
    }
}

// us that all CPUs together have worked

function busy() {
    const [user, nice, system, , , irq, soft] =
        read('/proc/stat').split('\n')[0].split(/\s+/).slice(1).map(Number);

    return (user + nice + system + irq + soft) * TICK;
}

// this process and the children that it has waited for

function own() {
    const fields = stat('self');
    return fields.slice(11, 15).reduce((sum, n) => sum + Number(n), 0) * TICK;
}

// starts to watch; the function that it gives ends that and tells the share of
// one CPU that others than "pids" and this process's children took

export function others(pids) {
    const from = { at: performance.now(), busy: busy(),
                   ours: own() + cpuOf(pids) };

    return () => {
        const us = (performance.now() - from.at) * 1000;
        const ours = own() + cpuOf(pids) - from.ours;

        return Math.max(0, (busy() - from.busy - ours) / us);
    };
}

// proportional set size in bytes, but for the zone: it is what a mapping of
// shared memory with more than "zone" bytes is

export function memory(pids, zone = 8 << 20) {
    let bytes = 0;

    for (const pid of pids) {
        let size = 0;
        let shared = false;

        for (const line of read(`/proc/${pid}/smaps`).split('\n')) {
            const range = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line);

            if (range) {
                size = parseInt(range[2], 16) - parseInt(range[1], 16);
                shared = range[3].endsWith('s');
            } else if (line.startsWith('Pss:') && !(shared && size >= zone)) {
                bytes += Number(line.split(/\s+/)[1]) * 1024;
            }
        }
    }

    return bytes;
}

// 1 while it waits for a lock: the number of the system call it is in

export function waitsForLock(pid) {
    const futex = { x64: '202', arm64: '98' }[process.arch];
    return read(`/proc/${pid}/syscall`).split(' ')[0] === futex;
}

export const cores = availableParallelism?.() ?? cpus().length;

// the proxy has the last core for itself, all else the first

export const PROXY_CORE = String(cores - 1);
export const OTHER_CORES = cores > 1 ? `0-${cores - 2}` : '0';

export function describe(nginx) {
    const version = execFileSync('sh', ['-c', `"${nginx}" -v 2>&1`],
                                 { encoding: 'utf8' });

    return { cpu: cpus()[0].model.trim(), cores, kernel: release(),
             nginx: /\/([0-9.]+)/.exec(version)[1], node: process.version };
}
