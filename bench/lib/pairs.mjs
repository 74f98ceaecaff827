// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// A/B in one run: each round measures all variants, in turning order, so that
// a machine that gets slower does not blame one of them.

export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;

    return sorted.length % 2 ? sorted[middle]
                             : (sorted[middle - 1] + sorted[middle]) / 2;
}

const tidy = (x) => Number(x.toPrecision(5));

// "measure" gives numbers by name; the first variant is what the others are
// compared with, round by round; a row for each variant

export async function compare(variants, rounds, measure, progress) {
    const samples = new Map(variants.map((variant) => [variant, []]));

    for (let round = 0; round < rounds; round++) {
        const order = round % 2 ? [...variants].reverse() : variants;

        for (const variant of order) {
            progress(`${round + 1}/${rounds} ${variant}`);
            samples.get(variant).push(await measure(variant));
        }
    }

    const base = samples.get(variants[0]);

    return variants.map((variant) => {
        const own = samples.get(variant);
        const row = { variant, rounds };

        for (const name of Object.keys(own[0])) {
            const pairs = own.map((s, i) => [s[name], base[i][name]]);
            const ratios = pairs.filter(([, b]) => b > 0)
                                .map(([a, b]) => a / b);

            row[name] = { median: tidy(median(own.map((s) => s[name]))),
                          added: tidy(median(pairs.map(([a, b]) => a - b))) };

            if (ratios.length) {
                Object.assign(row[name], { ratio: tidy(median(ratios)),
                                           low: tidy(Math.min(...ratios)),
                                           high: tidy(Math.max(...ratios)) });
            }
        }

        return row;
    });
}
