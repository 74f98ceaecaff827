// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The rooms of html/src, and the arrows between them.  t/lint/run runs this.
//
// A file imports from its own room and from the rooms that the table names,
// all of which stand above it there.  No file imports itself in a circle.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

// a file's name in place of a room's opens only this file
const rooms = {
    state: [],
    text: ['state/prefs'],
    ui: ['text', 'state/prefs'],
    query: ['state', 'text', 'ui'],
    record: ['state', 'text', 'ui', 'query'],
    list: ['state', 'text', 'ui', 'query', 'record'],
    detail: ['state', 'text', 'ui', 'query', 'record'],
    stats: ['state', 'text', 'ui', 'query', 'record'],
    app: ['state', 'text', 'ui', 'query', 'record', 'list', 'detail', 'stats'],
};

const src = resolve(process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '../../html/src'));

const bare = (file) => file.replace(/\.tsx?$/, '');

const files = readdirSync(src, { recursive: true })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
    .map(bare);

const read = (name) => {
    try {
        return readFileSync(join(src, name + '.ts'), 'utf8');
    } catch {
        return readFileSync(join(src, name + '.tsx'), 'utf8');
    }
};

// the files of the page that a file imports, types included
function imports(name) {
    const found = [];

    for (const [, path] of read(name).matchAll(/^(?:import|export)\b[^;'"]*?['"](\.[^'"]*)['"]/gm)) {
        const target = relative(src, join(src, dirname(name), path));

        if (files.includes(target)) {
            found.push(target);
        }
    }

    return found;
}

const graph = new Map(files.map((name) => [name, imports(name)]));
const problems = [];

const room = (name) => (name.includes('/') ? name.slice(0, name.indexOf('/')) : null);

for (const [name, targets] of graph) {
    const from = room(name);

    if (from === null ? name !== 'types' : !Object.hasOwn(rooms, from)) {
        problems.push(`${name}: in no room`);
        continue;
    }

    for (const target of targets) {
        const to = room(target);

        // the shapes of the API are known everywhere
        if (to === null || to === from) {
            continue;
        }

        if (from === null || !rooms[from].some((open) => open === to || open === target)) {
            problems.push(`${name}: may not import ${target}`);
        }
    }
}

const done = new Set();

function walk(name, path) {
    if (path.includes(name)) {
        problems.push(`circle: ${[...path.slice(path.indexOf(name)), name].join(' > ')}`);
        return;
    }

    if (!done.has(name)) {
        graph.get(name).forEach((target) => walk(target, [...path, name]));
        done.add(name);
    }
}

files.forEach((name) => walk(name, []));

if (files.length === 0) {
    problems.push(`no files in ${src}`);
}

problems.forEach((text) => console.error(`html/src: ${text}`));
process.exitCode = problems.length > 0 ? 1 : 0;
