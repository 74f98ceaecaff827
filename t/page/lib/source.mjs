// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Loads a file of html/src, bundled by the page's own esbuild, for tests of its
// pure parts under Node.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const html = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'html');

export async function source(path) {
    const { build } = createRequire(join(html, 'package.json'))('esbuild');
    const { outputFiles } = await build({
        absWorkingDir: html,
        entryPoints: [join('src', path)],
        bundle: true,
        write: false,
        format: 'esm',
        platform: 'node',
        jsx: 'automatic',
        jsxImportSource: 'preact',
        logLevel: 'error',
    });

    return import('data:text/javascript;base64,' + Buffer.from(outputFiles[0].contents).toString('base64'));
}
