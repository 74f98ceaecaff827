// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Usage: node main.mjs PORT_FILE PROXY_URL
//
// Starts an API on loopback, writes its port to PORT_FILE, waits for the proxy
// to be there, and sends it sample traffic until a signal.

import { setMaxListeners } from 'node:events';
import fs from 'node:fs';

import { Players } from './players.mjs';
import { longOnes, others } from './scenes.mjs';
import { upstream } from './upstream.mjs';
import { pause } from './wire.mjs';

// aimock waits for the end of a stream once for each of its pieces

setMaxListeners(0);

const [portFile, proxy] = process.argv.slice(2);
const most = 8;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => process.exit(0));
}

const api = await upstream();
const players = new Players(proxy);
const running = new Set();

fs.writeFileSync(portFile + '.new', `${api.port}\n`);
fs.renameSync(portFile + '.new', portFile);


// A scene that does not go as it should is told of, and does not end the rest:
// but not when the proxy has gone because all is being stopped.

async function play(scene) {
    running.add(scene.name);

    await players.play(scene).catch(async (error) => {
        await pause(500);
        console.error(`demo: ${scene.name}: ${error.message}`);
    });

    running.delete(scene.name);
}

const agent = { name: 'agent', play: 'agent' };


// the proxy answers when nginx listens

async function proxyIsThere() {
    for (;;) {
        try {
            await (await fetch(proxy + '/v1/models')).text();
            return;
        } catch {
            await pause(100);
        }
    }
}


// Two readers with long answers, one after the other, so that some are always
// being written.

async function read(first) {
    for (let n = first; ; n++) {
        await play(longOnes[n % longOnes.length]);
        await pause(700);
    }
}


// everything else once, as fast as so many clients do it

async function burst() {
    const order = [agent, ...others];

    const client = async () => {
        while (order.length > 0) {
            await play(order.shift());
        }
    };

    // who finds nothing more to do is the first of them

    await Promise.race(Array.from({ length: most }, client));
}


// and then one every few seconds, well mixed, in an order that is no chance

async function trickle() {
    const gaps = [1500, 2500, 1000, 2000];
    const turns = [agent, ...others]
        .map((scene, n) => [n * 0.618 % 1, scene])
        .sort(([a], [b]) => a - b)
        .map(([, scene]) => scene);

    for (let n = 0; ; n++) {
        const scene = turns[n % turns.length];

        if (running.size < most && !running.has(scene.name)) {
            void play(scene);
        }

        await pause(gaps[n % gaps.length]);
    }
}


await proxyIsThere();
await Promise.all([read(0), read(3), burst().then(trickle)]);
