// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// What looking costs: the list and searches over a full zone, in worker time,
// and what people who look do to the traffic.  One worker does everything.

import { Agent, get } from 'node:http';

import { cpuOf } from '../lib/machine.mjs';
import { port, proxy, upstream } from '../lib/nginx.mjs';
import { exchanges, streams } from '../lib/load.mjs';
import { compare, median } from '../lib/pairs.mjs';
import { files } from './plain.mjs';

const path = '/v1/chat/completions';

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

// to the end; resolves to the length

function fetched(url) {
    return new Promise((resolve, reject) => {
        get(url, { agent }, (res) => {
            let bytes = 0;

            res.on('data', (data) => { bytes += data.length; });
            res.on('end', () => res.statusCode === 200
                ? resolve(bytes)
                : reject(new Error(`${url}: ${res.statusCode}`)));
        }).once('error', reject);
    });
}

// worker time of one request, in us

async function cost(server, url, times) {
    const costs = [];

    for (let i = 0; i < times; i++) {
        const from = cpuOf(server.workers);
        await fetched(server.page + url);
        costs.push(cpuOf(server.workers) - from);
    }

    return median(costs);
}

function look(server, query) {
    return new Promise((resolve, reject) => {
        const request = get(`${server.page}/api/events${query}`, (res) => {
            res.resume();
            res.once('error', () => {});
            resolve(() => request.destroy());
        });

        request.once('error', reject);
    });
}

async function looking(server, viewers) {
    const ends = await Promise.all(Array.from({ length: viewers },
                                              () => look(server, '')));

    return () => ends.forEach((end) => end());
}

// one search after the other, all over the zone, until it is ended

function searching(server) {
    let going = true;

    const ended = (async () => {
        while (going) {
            await fetched(`${server.page}/api/requests?q=nowheretobefound`);
        }
    })();

    return async () => {
        going = false;
        await ended;
    };
}

const zones = [
    { name: 'zone full of 1 KB exchanges', size: 1 },
    { name: 'zone full of 64 KB requests', size: 64 },
    { name: 'zone full of streams of 200 pieces', streams: 1000 },
];

async function readings(server, to, bodies, list, { quick, progress }) {
    const rows = [];

    for (const { name, size, streams: total } of list) {
        progress(name);

        if (total) {
            await streams(server, to.stream,
                          { streams: 50, total, pieces: 200, gap: 0 });
        } else {
            await exchanges(server, to, { path, body: bodies[size] });
        }

        const times = quick ? 5 : 21;

        // the first one may have conversations to find out

        await fetched(`${server.page}/api/requests`);

        for (const [what, url, n] of [
            ['list', '/api/requests', 5 * times],
            ['list by model', '/api/requests?model=gpt-4o-mini', times],
            ['search, nothing found', '/api/requests?q=nowheretobefound',
             times],
            ['search, everything found', '/api/requests?q=proxy', times],
        ]) {
            progress(`${name}: ${what}`);
            const us = await cost(server, url, n);
            rows.push({ case: name, variant: what, rounds: n,
                        cpu: { median: Math.round(us) } });
        }
    }

    return rows;
}

export async function viewers({ quick, progress }) {
    const { root, bodies } = files();
    const to = await upstream(root);
    const server = await proxy('all', { to: to.port, view: true });
    const rounds = quick ? 3 : 7;
    const seconds = quick ? 1 : 2;

    to.stream = port();

    const streamed = await proxy('all', { to: to.stream, view: true,
                                          name: 'streamed' });

    const rows = [];
    const part = { quick, progress };

    rows.push(...await readings(server, to, bodies, zones.slice(0, 2),
                                   part));
    rows.push(...await readings(streamed, to, bodies, zones.slice(2),
                                   part));
    await streamed.ended();

    // the zone is full of 64 KB requests; 500 exchanges in a second

    const paced = { path, body: bodies[1], seconds, connections: 10,
                    pause: 20 };

    const row = async (name, variants, measure) => {
        const found = await compare(variants, rounds, measure, (text) =>
            progress(`${name}: ${text}`));

        rows.push(...found.map((r) => ({ case: name, ...r })));
    };

    await row('500 requests/s', ['nobody looks', '1 viewer', '20 viewers'],
        async (variant) => {
            const end = await looking(server, parseInt(variant, 10) || 0);
            const sample = await exchanges(server, to, paced);

            end();
            return sample;
        });

    await row('as many as it can', ['nobody looks', '20 viewers'],
        async (variant) => {
            const end = await looking(server, parseInt(variant, 10) || 0);
            const sample = await exchanges(server, to,
                                           { path, body: bodies[1] });

            end();
            return sample;
        });

    // 64 KB requests, so that the zone stays full

    for (const [name, options] of [
        ['500 requests/s of 64 KB', { ...paced, body: bodies[64] }],
        ['64 KB requests, as many as it can', { path, body: bodies[64] }],
    ]) {
        await row(name, ['nobody looks', 'a viewer, searches without pause'],
            async (variant) => {
                const busy = variant !== 'nobody looks';
                const end = await looking(server, busy ? 1 : 0);
                const ended = busy ? searching(server) : () => {};
                const sample = await exchanges(server, to, options);

                await ended();
                end();
                return sample;
            });
    }

    await server.ended();
    await to.ended();
    agent.destroy();

    return rows;
}
