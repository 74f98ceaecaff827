// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Streams: what each piece costs the proxy and how much later it comes; and
// thousands of them open at once.

import { VARIANTS, port, proxy } from '../lib/nginx.mjs';
import * as load from '../lib/load.mjs';
import { compare } from '../lib/pairs.mjs';

const cases = [
    { name: '1 stream, 200 pieces 5 ms apart',
      streams: 1, total: 1, pieces: 200, gap: 5000 },
    { name: '50 streams, 200 pieces 5 ms apart',
      streams: 50, total: 50, pieces: 200, gap: 5000 },
    { name: '200 short streams one after the other',
      streams: 1, total: 200, pieces: 5, gap: 200 },
    { name: '50 streams, pieces as fast as they go',
      streams: 50, total: 200, pieces: 200, gap: 0 },
];

async function servers(names, to, options = {}) {
    const all = {};

    for (const name of names) {
        all[name] = await proxy(name, { to, keepalive: 1024, ...options });
    }

    return all;
}

async function end(all) {
    for (const server of Object.values(all)) {
        await server.ended();
    }
}

export async function streams({ quick, progress }) {
    const names = quick ? ['plain', 'all'] : Object.keys(VARIANTS);
    const to = port();
    const all = await servers(names, to);
    const rows = [];

    for (const { name, ...options } of quick ? cases.slice(1, 3) : cases) {
        const found = await compare(names, quick ? 3 : 7, (variant) =>
            load.streams(all[variant], to, options),
            (text) => progress(`${name}: ${text}`));

        rows.push(...found.map((row) => ({ case: name, ...row })));
    }

    await end(all);
    return rows;
}

// As many as plain nginx can serve without being at its end: from 5000 down
// until its worker has a third of its core left, and the pieces are written
// when they should be.

const IDLE = 0.33;

export async function open({ quick, progress }) {
    const to = port();
    const options = { total: 0, gap: 50000, window: quick ? 2000 : 3000 };
    const rows = [];
    let streams = quick ? 500 : 5000;

    for ( ; ; streams = Math.floor(streams * 0.8 / 100) * 100) {
        progress(`${streams} open streams: can plain nginx do it?`);

        const { plain } = await servers(['plain'], to);
        const sample = await load.streams(plain, to, { ...options, streams });

        await plain.ended();

        if ((sample.load < 1 - IDLE && sample.late99 < load.LATE)
            || streams <= 200)
        {
            break;
        }
    }

    const name = `${streams} open streams, 20 pieces/s each`;

    // started anew for each measurement, so that memory is comparable; the zone
    // has room for all of it, or what is not recorded would cost nothing

    const zone = '512m entries=5000';

    const found = await compare(['plain', 'all'], quick ? 2 : 9,
        async (variant) => {
            const all = await servers([variant], to, { zone });
            const sample = await load.streams(all[variant], to,
                                              { ...options, streams });
            await end(all);
            return sample;
        }, (text) => progress(`${name}: ${text}`));

    rows.push(...found.map((row) => ({ case: name, ...row })));
    return rows;
}
