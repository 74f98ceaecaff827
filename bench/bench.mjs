// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// What the module costs, and what one would take instead: see
// docs/performance.md.
//
//     node bench.mjs DIR [quick] [publish] [PART ...]
//
// DIR gets results.json and results.md; parts that are not measured now stay
// as they were measured before.  With "publish" bench/results.md gets all of
// them, and docs/performance.md their main lines.  ./auto-build.sh bench
// calls it.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { stopLoad, tools } from './lib/load.mjs';
import { describe } from './lib/machine.mjs';
import { VARIANTS, checkVariants, settings, stopAll } from './lib/nginx.mjs';
import { PART_NAMES, markdown, summary } from './lib/report.mjs';
import { floor } from './parts/floor.mjs';
import { clean, peers } from './parts/peers.mjs';
import { plain, scaling } from './parts/plain.mjs';
import { open, streams } from './parts/streams.mjs';
import { viewers } from './parts/viewers.mjs';

const PARTS = { plain, scaling, streams, open, viewers, peers, floor };

// no part takes longer; what hangs must not go on for ever
const LIMIT = 15 * 60 * 1000;

const quickParts = ['plain', 'streams', 'viewers'];

function say(text) {
    console.error(`bench: ${text}`);
}

const tty = process.stderr.isTTY;

function progress(part) {
    return (text) => {
        if (tty) {
            process.stderr.write(`\r\x1b[Kbench: ${part}: ${text}`);
        } else {
            say(`${part}: ${text}`);
        }
    };
}

function end() {
    stopLoad();
    stopAll();
    clean();

    if (tty) {
        process.stderr.write('\r\x1b[K');
    }
}

const inProject = (file) => fileURLToPath(new URL(`../${file}`,
                                                  import.meta.url));

function compile(dir, names) {
    const programs = ['stream', ...names.filter((name) => name === 'floor')];

    execFileSync('make', ['-s', '-C', inProject('bench'), `OUT=${dir}`,
                          ...programs],
                 { stdio: ['ignore', 'ignore', 'inherit'] });

    for (const program of programs) {
        tools[program] = `${dir}/${program}`;
    }
}

function commandLine([dir, ...words]) {
    const quick = words.includes('quick');
    const publish = words.includes('publish');
    const names = words.filter((word) => !['quick', 'publish'].includes(word));
    const unknown = names.find((name) => !(name in PARTS));

    if (!dir || unknown) {
        console.error('usage: bench.mjs DIR [quick] [publish] '
                      + `[${PART_NAMES.join('|')}]`);
        process.exit(2);
    }

    const all = quick ? quickParts : PART_NAMES;

    return { dir: resolve(dir), quick, publish,
             names: names.length ? names : all };
}

function earlier(file, machine) {
    if (!existsSync(file)) {
        return {};
    }

    const { machine: then, parts } = JSON.parse(readFileSync(file, 'utf8'));

    // figures of another machine or nginx do not belong into this table

    return ['cpu', 'cores', 'nginx'].every((key) => then[key] === machine[key])
        ? parts : {};
}

// all tables beside this file, the main lines on the page, between two marks

function publishTables(all, main) {
    const page = inProject('docs/performance.md');
    const text = readFileSync(page, 'utf8');
    const [from, to] = ['<!-- bench -->\n', '<!-- /bench -->'];

    writeFileSync(inProject('bench/results.md'),
                  '# Measurements\n\n'
                  + 'Written by `./auto-build.sh bench publish`. '
                  + '[docs/performance.md](../docs/performance.md) says how to '
                  + 'read them.\n\n' + all);

    writeFileSync(page, text.slice(0, text.indexOf(from) + from.length)
                        + '\n' + main + '\n'
                        + text.slice(text.indexOf(to)));
}

async function measure({ dir, quick, publish, names }) {
    mkdirSync(dir, { recursive: true });

    settings.nginx = process.env.TEST_NGINX_BINARY ?? 'nginx';
    settings.module = process.env.OPENAI_MONITOR_MODULE ?? '';
    settings.dir = `${dir}/run`;
    settings.port = Number(process.env.OPENAI_BENCH_PORT ?? settings.port);

    compile(dir, names);
    checkVariants();

    const machine = describe(settings.nginx);
    const results = { machine,
                      parts: earlier(`${dir}/results.json`, machine) };

    for (const name of names) {
        const notes = [];
        const started = Date.now();
        const timer = setTimeout(() => {
            end();
            say(`${name} is not done after ${LIMIT / 60000} minutes`);
            process.exit(1);
        }, LIMIT);

        const rows = await PARTS[name]({
            quick, progress: progress(name),
            note: (text) => { notes.push(`${text}.`); say(text); },
        });

        clearTimeout(timer);
        stopAll();

        results.parts[name] = { at: new Date().toISOString().slice(0, 10),
                                quick, notes, rows };

        // as soon as it is known: what comes may fail

        writeFileSync(`${dir}/results.json`,
                      JSON.stringify(results, null, 1) + '\n');
        writeFileSync(`${dir}/results.md`, markdown(results, VARIANTS));

        if (tty) {
            process.stderr.write('\r\x1b[K');
        }

        say(`${name}: ${Math.round((Date.now() - started) / 1000)} s`);
    }

    const { parts } = results;

    if (publish) {
        publishTables(markdown(results, VARIANTS), summary(results));
    }

    console.log(markdown({ machine, parts: Object.fromEntries(
        names.map((name) => [name, parts[name]])) }, VARIANTS));
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
        end();
        process.exit(130);
    });
}

try {
    await measure(commandLine(process.argv.slice(2)));
} catch (error) {
    end();
    say(error.message);
    process.exitCode = 1;
}

process.exit();
