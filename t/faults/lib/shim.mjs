// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Builds shim.c to preload it.  "env" is for nginx; "get" and "set" are for the
// words of the file that the shim shares.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const words = { calls: 0, fail_at: 1, failed: 2, clock_ms: 3, bound: 4,
                heap: 5, stop_at: 6 };

export function buildShim() {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'openai-shim-'));
    const source = fileURLToPath(new URL('shim.c', import.meta.url));
    const shim = path.join(dir, 'shim.so');
    const file = path.join(dir, 'control');

    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', shim, source, '-ldl']);
    fs.writeFileSync(file, Buffer.alloc(4096));

    const control = fs.openSync(file, 'r+');

    return {
        env: { LD_PRELOAD: shim, OPENAI_SHIM: file },

        get(name) {
            const word = Buffer.alloc(8);

            fs.readSync(control, word, 0, 8, words[name] * 8);

            return Number(word.readBigInt64LE());
        },

        set(name, value) {
            const word = Buffer.alloc(8);

            word.writeBigInt64LE(BigInt(value));
            fs.writeSync(control, word, 0, 8, words[name] * 8);
        },

        remove() {
            fs.closeSync(control);
            fs.rmSync(dir, { recursive: true });
        },
    };
}
