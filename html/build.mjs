// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Builds html/dist: the four files of the page, and the description of the API.
// html/embed.sh puts them into the module.

import { context, build } from 'esbuild';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');
const budget = 140 * 1024;

const options = {
    absWorkingDir: here,
    entryPoints: { app: 'src/app/main.tsx' },
    outdir: 'dist',
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    charset: 'utf8',
    legalComments: 'none',
    loader: { '.svg': 'text' },
    logLevel: 'warning',
};

const copies = ['index.html', 'favicon.svg'];

await mkdir(join(dist, 'api'), { recursive: true });
await Promise.all(copies.map((f) => copyFile(join(here, 'src/app', f), join(dist, f))));
await copyFile(join(here, 'src/openapi.json'), join(dist, 'api/openapi.json'));

if (process.argv.includes('--watch')) {
    const ctx = await context({ ...options, minify: false, sourcemap: 'inline' });
    await ctx.watch();
} else {
    await build(options);

    let total = 0;

    for (const name of [...copies, 'app.js', 'app.css']) {
        const bytes = await readFile(join(dist, name));
        const packed = gzipSync(bytes, { level: 9 }).length;
        total += packed;
        console.log(`${name}: ${bytes.length} bytes, ${packed} compressed`);
    }

    console.log(`total: ${total} bytes compressed`);

    if (total > budget) {
        console.error(`the page is over its budget of ${budget} bytes`);
        process.exitCode = 1;
    }
}
