// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Rows as Markdown.

import { NOISE } from './machine.mjs';

// what was not measured

const absent = (x) => x === undefined || x === null;

const number = (x, digits = 3) => {
    if (absent(x)) {
        return '–';
    }

    const fixed = Math.abs(x) >= 1000 ? Math.round(x)
        : Number(x.toPrecision(digits));

    return String(fixed).replace(/\B(?=(\d{3})+$)/g, ',');
};

const ratio = (m) => absent(m?.ratio) ? '–'
    : `${m.ratio.toFixed(3)} (${m.low.toFixed(2)}–${m.high.toFixed(2)})`;

const signed = (x) => absent(x) ? '–'
    : (x > 0 ? '+' : '') + number(x);

const percent = (x) => absent(x) ? '–' : `${(100 * x).toFixed(2)} %`;

// columns: a title, and the text of a row

const CPU = ['CPU µs', (r) => number(r.cpu.median)];
const RATIO = ['ratio', (r) => ratio(r.cpu)];

const PARTS = {
    plain: ['Whole exchanges, one worker', [
        CPU, RATIO,
        ['requests/s', (r) => number(r.rps.median)],
        ['ratio', (r) => ratio(r.rps)],
        ['p50 µs', (r) => number(r.p50.median)],
        ['p99 µs', (r) => number(r.p99.median)],
    ]],

    scaling: ['Workers, 1 KB requests, nothing pinned', [
        CPU, RATIO,
        ['requests/s', (r) => number(r.rps.median)],
        ['ratio', (r) => ratio(r.rps)],
        ['waiting for the lock', (r) => percent(r.lock.median)],
    ]],

    streams: ['Streams', [
        ['CPU µs/piece', CPU[1]], RATIO,
        ['first piece µs', (r) => number(r.ttfb.median)],
        ['added', (r) => signed(r.ttfb.added)],
        ['piece delay µs', (r) => number(r.delay.median)],
        ['added', (r) => signed(r.delay.added)],
        ['p99 µs', (r) => number(r.delay99.median)],
        ['ratio', (r) => ratio(r.delay99)],
        ['pieces in a read', (r) => number(r.merged.median)],
    ]],

    open: ['Open streams', [
        ['CPU µs/piece', CPU[1]], RATIO,
        ['worker busy', (r) => percent(r.load.median)],
        ['piece delay µs', (r) => number(r.delay.median)],
        ['p99 µs', (r) => number(r.delay99.median)],
        ['ratio', (r) => ratio(r.delay99)],
        ['memory of a stream, KiB', (r) => number(r.memory.median / 1024)],
        ['added', (r) => signed(r.memory.added / 1024)],
    ]],

    viewers: ['Looking, one worker', [
        ['CPU µs', CPU[1]],
        ['requests/s', (r) => number(r.rps?.median)],
        ['ratio', (r) => ratio(r.rps)],
        ['worker busy', (r) => percent(r.load?.median)],
        ['added', (r) => percent(r.load?.added)],
        ['p99 µs', (r) => number(r.p99?.median)],
        ['ratio', (r) => ratio(r.p99)],
    ]],

    peers: ['Peers', [
        CPU, RATIO,
        ['requests/s', (r) => number(r.rps?.median)],
        ['p50 µs', (r) => number(r.p50?.median)],
        ['first piece µs', (r) => number(r.ttfb?.median)],
        ['piece delay µs', (r) => number(r.delay?.median)],
        ['p99 µs', (r) => number(r.p99?.median ?? r.delay99?.median)],
    ]],

    floor: ['The same work without nginx', [
        ['ns', (r) => number(r.ns.median)],
        ['lowest', (r) => number(r.ns.low)],
        ['highest', (r) => number(r.ns.high)],
    ]],
};

export const PART_NAMES = Object.keys(PARTS);

function table(columns, rows, names) {
    const all = [['', (r) => r.case], ['', (r) => names[r.variant]
                                                  ?? r.variant],
                 ...columns];
    const line = (cells) => `| ${cells.join(' | ')} |`;

    return [line(all.map(([title]) => title)),
            line(all.map((_, i) => i < 2 ? '---' : '---:')),
            ...rows.map((row) => line(all.map(([, text]) => text(row))))]
        .join('\n');
}

export function markdown(results, names) {
    const { machine: m, parts } = results;
    const out = [`nginx ${m.nginx}, ${m.cores} × ${m.cpu}, Linux ${m.kernel}`];

    for (const part of PART_NAMES.filter((name) => parts[name])) {
        const { at, quick, rows, notes } = parts[part];
        const [title, columns] = PARTS[part];

        const noise = Math.max(...rows.map((r) => r.noise?.median ?? 0));

        out.push(`### ${title}`, table(columns, rows, names),
                 [`Measured ${at}${quick ? ', few samples' : ''}.`,
                  ...noise > NOISE ? [`The machine was not quiet: others had ${
                      percent(noise)} of a core.`] : [],
                  ...notes].join(' '));
    }

    return out.join('\n\n') + '\n';
}


// one line for each case, everything captured beside nginx without the module

const MAIN = ['plain', 'scaling', 'streams', 'open'];

export function summary({ machine: m, parts }) {
    const columns = [
        ['case', (p, a) => a.case],
        ['nginx, CPU µs', (p) => number(p.cpu.median)],
        ['with the module', (p, a) => number(a.cpu.median)],
        ['ratio', (p, a) => ratio(a.cpu)],
        ['piece later, µs', (p, a) => signed(a.delay?.added)],
    ];

    const rows = MAIN.filter((name) => parts[name]).flatMap((name) => {
        const of = (variant) =>
            parts[name].rows.filter((row) => row.variant === variant);

        return of('all').map((a) => [of('plain').find((p) =>
            p.case === a.case), a]);
    });

    const line = (cells) => `| ${cells.join(' | ')} |`;
    const at = MAIN.map((name) => parts[name]?.at ?? '').sort().at(-1);

    return [`nginx ${m.nginx}, ${m.cores} × ${m.cpu}, measured ${at}:`, '',
            line(columns.map(([title]) => title)),
            line(columns.map((_, i) => i ? '---:' : '---')),
            ...rows.map((row) => line(columns.map(([, text]) => text(...row))))]
        .join('\n') + '\n';
}
