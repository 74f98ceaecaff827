// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// What cannot be saved: the two great parts of an exchange's work by
// themselves, each beside the least that anybody could do in its place.

import { floor as measure } from '../lib/load.mjs';
import { median } from '../lib/pairs.mjs';
import { files } from './plain.mjs';

const works = {
    parse: 'both bodies parsed by yyjson, and forgotten',
    understand: 'both bodies understood by the digest',
    copy: 'bodies, heads and a record copied to cold memory',
    record: 'bodies, heads and a record in the zone',
};

const cases = [
    { name: '1 KB request, 1.5 KB answer', size: 1, answer: 'small' },
    { name: '64 KB request, 1.5 KB answer', size: 64, answer: 'small' },
    { name: '1 KB request, 64 KB answer', size: 1, answer: 'large' },
];

export async function floor({ quick, progress }) {
    const { root, bodies } = files();
    const rounds = quick ? 3 : 9;
    const rows = [];

    for (const { name, size, answer } of cases) {
        const samples = [];

        for (let i = 0; i < rounds; i++) {
            progress(`${name}: ${i + 1}/${rounds}`);
            samples.push(await measure(bodies[size], `${root}/${answer}`));
        }

        for (const [work, variant] of Object.entries(works)) {
            const ns = samples.map((sample) => sample[work]);

            rows.push({ case: name, variant, rounds,
                        ns: { median: median(ns), low: Math.min(...ns),
                              high: Math.max(...ns) } });
        }
    }

    return rows;
}
