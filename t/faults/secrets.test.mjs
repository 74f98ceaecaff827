// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: no secret enters the zone, an export or nginx's log, wherever
// it stands.  Random secrets are planted under random names, in random places,
// codings and pieces, in requests and answers; then the zone's file, all that
// the API says and the log of nginx are searched for each of them.  Each plant
// is looked for where it was sent to, too: it really passed.  Seen to fail when
// only some names, places and endpoints were looked at.
//
// SEED repeats the choices of a run; PLANTS=20000 makes it long.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';

import { random } from '../e2e/lib/random.mjs';
import { inParallel, portsOf, start } from './lib/servers.mjs';
import { caseOf, uriOf } from './lib/upstream.mjs';

const ports = portsOf(9);
const seed = Number(process.env.SEED ?? Date.now() % 1000000);
const plants = Number(process.env.PLANTS ?? 600);


// each half of a secret begins with a mark, by which it is found in much data

const mark = 'qZx7';
const half = 14;

// the key that nginx itself adds

const own = word(random(seed + 1), 2 * half);

let run, dir;

before(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'openai-secrets-'));
    run = await start(ports, {
        zone: '64m', entries: `4000 file=${dir}/zone`,
        locations: `
        location / {
            proxy_pass               http://127.0.0.1:${ports.upstream};
            proxy_request_buffering  off;
            proxy_buffering          off;
        }
        location /own/ {
            proxy_pass        http://127.0.0.1:${ports.upstream};
            proxy_set_header  Authorization "Bearer ${own}";
        }`,
    });
});

after(async () => {
    await run?.stop();
    fs.rmSync(dir, { recursive: true });
});


// letters of all kinds, as keys have them

function word(next, size) {
    const letters =
        'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    let text = '';

    while (text.length < size) {
        text += text.length % half === 0 && text.length < 2 * half
            ? mark : letters[next(letters.length)];
    }

    return text;
}

function halvesIn(data) {
    const found = new Set();

    for (let at = data.indexOf(mark); at >= 0; at = data.indexOf(mark, at + 1)) {
        found.add(data.toString('latin1', at, at + half));
    }

    return found;
}

const paths = ['/v1/chat/completions', '/v1/responses', '/v1/messages',
               '/v1/embeddings', '/v1beta/models/m:generateContent',
               '/v1/threads/t/runs', '/api/chat', '/any'];

const headers = ['Authorization', 'api-key', 'X-Api-Key', 'apikey', 'X-ApiKey',
                 'Token', 'Auth', 'X-Auth', 'Authentication', 'DPoP', 'Cookie',
                 'X-Goog-Api-Key', 'X-Some-Token', 'X-Some-Secret',
                 'Proxy-Authorization', 'X-Service-Password'];

const args = ['key', 'api_key', 'api-key', '%61pi%5Fkey', 'token', 'auth',
              'authorization', 'jwt', 'pass', 'pwd', 'credential', 'key[]',
              'client_assertion', 'code_verifier', 'private_key', 'sig',
              'X-Amz-Signature', 'access_token'];

const members = ['api_key', 'apiKey', 'access_token', 'authorization',
                 'Authorization', 'password', 'secret', 'client_secret',
                 'aws_secret_access_key', 'connection_string', 'db_password',
                 'refreshToken', 'private_key', 'x-api-key', 'bearer_token'];

const prefixes = ['sk' + '-', 'sk' + '-proj-', 'sk' + '-ant-api03-', 'AI' + 'za',
                  'gh' + 'p_', 'gs' + 'k_', 'h' + 'f_', 'xox' + 'b-',
                  'gl' + 'pat-', 'h' + 'vs.', 'r' + '8_', 'pp' + 'lx-'];


// where a secret may be: each makes a request and an answer of it

const chat = (more) => ({
    model: 'm', messages: [{ role: 'user', content: 'a question' }], ...more,
});

const said = (more) => ({
    id: 'c', model: 'm', choices: [{
        index: 0, finish_reason: 'stop',
        message: { role: 'assistant', content: 'an answer' },
    }], ...more,
});

const places = {
    header: (p) => ({ headers: { [p.pick(headers)]: p.pick(
        [p.secret, `Bearer ${p.secret}`]) } }),
    scheme: (p) => ({ headers: { 'X-Any': p.pick(
        [`Bearer ${p.secret}`, `basic ${p.secret}`]) } }),
    basic: (p) => ({ headers: { Authorization: 'Basic '
        + Buffer.from(`user:${p.secret}`).toString('base64') } }),
    json: (p) => ({ headers: { 'X-Config': JSON.stringify(
        { a: [{ b: 1, [p.pick(members)]: p.secret }] }) } }),
    shape: (p) => ({ headers: { 'X-Any': `see ${p.key}` } }),
    argument: (p) => ({ query: p.pick(['&', '&a=b;', '&a=b&'])
        + `${p.pick(args)}=${p.secret}&c=d` }),
    url: (p) => ({ query: '&url=' + encodeURIComponent(p.pick(
        [`https://h/?a=b&${p.pick(['key', 'token'])}=${p.secret}`,
         `https://u:${p.secret}@h/`])) }),
    referer: (p) => ({ headers: { Referer: p.pick(
        [`https://h/?x&key=${p.secret}`, `https://u:${p.secret}@h/x`]) } }),
    member: (p) => ({ body: chat(p.nested({ [p.pick(members)]: p.secret })) }),
    tool: (p) => ({ body: chat({ tools: [{ type: 'mcp', ...p.pick([
        { server_url: `https://h/?api_key=${p.secret}` },
        { headers: { [p.pick(['X-Foo', 'default', 'AUTHORIZATION'])]: p.secret } },
        { headers: [{ name: 'X', value: p.secret }] },
        { headers: { X: [`Bearer ${p.secret}`] } }]) }] }) }),
    azure: (p) => ({ body: chat(p.pick([
        { data_sources: [{ parameters: { authentication: { key: p.secret } } }] },
        { dataSources: [{ parameters: { key: p.secret } }] }])) }),
    domain: (p) => ({ body: chat({ network_policy: { domain_secrets: [
        { domain: 'h', name: 'N', value: p.secret }] } }) }),
    prompt: (p) => ({ body: chat({ messages: [{ role: 'user', content: p.pick(
        [`my key:\n${p.key}\nand`, `${p.key}`, `"${p.key}".`]) }] }) }),
    form: (p) => ({ type: 'application/x-www-form-urlencoded',
        text: `a=b&${p.pick(['client_secret', 'key', 'token'])}=${p.secret}&c=d` }),
    answer: (p) => ({ answer: said(p.nested({ [p.pick(members)]: p.secret })) }),
    minted: (p) => ({ path: '/key/generate', answer: { key: p.secret } }),
    reply: (p) => ({ answer: said({ note: `it is ${p.key}, so` }) }),
    location: (p) => ({ back: { Location: `https://h/?token=${p.secret}&b` } }),

    // what the upstream repeats of the request, in an error or what looks fine

    echo: (p) => ({
        ...p.pick([
            { headers: { [p.pick(headers)]: p.secret } },
            { headers: { 'X-A-Token': 'another-one', Cookie:
                `a=dark; b=${p.secret}; c=d` } },
            { headers: { Authorization: 'Basic '
                + Buffer.from(`user:${p.secret}`).toString('base64') } },
            { query: `&token=first&key=${p.secret}` },
            { path: '/own/x', repeat: own }]),
        status: p.pick([200, 400, 401, 500]),
    }),
};

const writings = [
    (secret) => JSON.stringify({ error: { message: `bad key ${secret}.` } }),
    (secret) => JSON.stringify({ message: `bad key ${secret}`, error: true }),
    (secret) => `<p>bad key ${secret}</p>`,
    (secret) => JSON.stringify({ detail: JSON.stringify({ got: secret }) }),
];

function plan(n) {
    const next = random(seed * 7919 + n * 104729);
    const pick = (list) => list[next(list.length)];
    const secret = word(next, 2 * half + next(12));
    const where = pick(Object.keys(places));
    const p = { n, next, pick, where, secret, key: pick(prefixes) + secret };

    p.nested = (value) => next(2) ? value : { a: { b: [{ c: 1, ...value }] } };

    const made = places[where](p);
    const repeated = made.repeat ?? secret;

    p.secret = repeated;
    p.path = made.path ?? pick(paths);
    p.query = made.query ?? '';
    p.headers = made.headers ?? {};
    p.status = made.status ?? 200;
    p.back = made.back ?? {};
    p.type = made.type ?? 'application/json';
    p.body = Buffer.from(made.text ?? JSON.stringify(made.body ?? chat({}), null,
                                                     next(2) ? 1 : 0));
    p.answer = Buffer.from(where === 'echo' ? pick(writings)(repeated)
        : JSON.stringify(made.answer ?? said({})));

    if (where === 'echo' && next(4) === 0) {
        p.back = { 'WWW-Authenticate': `Bearer error="bad key ${repeated}"` };
    }

    // coded, and cut

    if (next(4) === 0) {
        p.body = gzipSync(p.body);
        p.headers = { ...p.headers, 'Content-Encoding': 'gzip' };
    }

    if (next(4) === 0) {
        p.answer = gzipSync(p.answer);
        p.back = { ...p.back, 'Content-Encoding': 'gzip' };
    }

    const cut = (data) => {
        const most = [1, 7, 100, 100000][next(4)];
        const pieces = [];

        for (let at = 0; at < data.length; ) {
            const size = 1 + next(most);

            pieces.push(data.subarray(at, at + size));
            at += size;
        }

        return pieces;
    };

    p.body = cut(p.body);
    p.answer = cut(p.answer);

    return p;
}

const breath = () => new Promise((done) => setImmediate(done));

const plain = (data) => data[0] === 0x1f ? gunzipSync(data) : data;

async function serve(peer, p, saw) {
    saw.push(peer.request.text, plain(await peer.body()).toString('latin1'));

    const back = { 'Content-Type': 'application/json', ...p.back };

    await peer.send(`HTTP/1.1 ${p.status} Fine\r\n`
        + Object.entries(back).map(([k, v]) => `${k}: ${v}\r\n`).join('')
        + 'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n');

    for (const piece of p.answer) {
        await breath();
        await peer.send(Buffer.concat([
            Buffer.from(piece.length.toString(16) + '\r\n'), piece,
            Buffer.from('\r\n')]));
    }

    await peer.send('0\r\n\r\n');
    peer.fin();
}

function ask(p, saw) {
    return new Promise((done, failed) => {
        const to = http.request({
            host: '127.0.0.1', port: ports.recorded.h1, method: 'POST',
            path: uriOf(p.path, p.n) + p.query, agent: false,
            headers: { 'Content-Type': p.type, ...p.headers },
        }, (answer) => {
            const pieces = [];

            answer.on('data', (data) => pieces.push(data));
            answer.on('error', failed);
            answer.on('end', () => {
                saw.push(answer.rawHeaders.join('\n'),
                         plain(Buffer.concat(pieces)).toString('latin1'));
                done();
            });
        });

        to.on('error', failed);

        (async () => {
            for (const piece of p.body) {
                to.write(piece);
                await breath();
            }

            to.end();
        })();
    });
}


// what is kept of one record, and told of it

async function told(monitor, id) {
    const all = [];

    for (const what of ['', '/request', '/response', '/request?decoded=1',
                        '/response?decoded=1', '/events'])
    {
        const answer = await monitor.ask(`/api/request/${id}${what}`);

        all.push(Buffer.from(await answer.arrayBuffer()));
    }

    return Buffer.concat(all);
}

// fault 41

test('secrets under random names, in random places, codings and pieces',
     async (t) => {
    const all = [...Array(plants).keys()].map(plan);
    const { monitor } = run;

    // a viewer that looks on

    const enough = new AbortController();
    const live = await fetch(`${monitor.url}/api/events`,
                             { signal: enough.signal });
    const seen = [];
    const watching = (async () => {
        for await (const piece of live.body) {
            seen.push(piece);
        }
    })().catch(() => {});

    const lost = [];

    await inParallel(all, 16, async (p) => {
        const saw = [];

        run.upstream.scripts.set(String(p.n), (peer) => serve(peer, p, saw));
        await ask(p, saw);

        const text = saw.join('\n');
        const forms = [p.secret, encodeURIComponent(p.secret),
                       Buffer.from(`user:${p.secret}`).toString('base64')];

        if (!forms.some((form) => text.includes(form))) {
            lost.push(`${p.n} ${p.where}`);
        }
    });

    assert.deepEqual(lost, [], `SEED=${seed}: plants that never passed`);
    assert.deepEqual(run.upstream.failures, []);

    await monitor.idle();

    const places = { zone: fs.readFileSync(`${dir}/zone`),
                     log: Buffer.from(run.nginx.log) };

    for (const format of ['har', 'jsonl', 'csv']) {
        const answer = await monitor.ask(`/api/export?format=${format}`);

        places[format] = Buffer.from(await answer.arrayBuffer());
    }

    const lists = [];
    let ids = [];

    for (let page = 1, list; !list || page <= list.pages; page++) {
        list = await monitor.list({ page_size: 500, page });
        lists.push(Buffer.from(JSON.stringify(list)));
        ids = ids.concat(list.items.map(({ id, uri }) => [caseOf(uri), id]));
    }

    assert.equal(ids.length, plants, 'each has its record');

    const details = [];

    await inParallel(ids, 8, async ([, id]) => {
        details.push(await told(monitor, id));
    });

    places.list = Buffer.concat(lists);
    places.details = Buffer.concat(details);
    places.live = Buffer.concat(seen.map((piece) => Buffer.from(piece)));

    const seenIn = Object.fromEntries(Object.entries(places).map(
        ([name, data]) => [name, halvesIn(data)]));
    const found = [];

    for (const p of all) {
        for (const [name, halves] of Object.entries(seenIn)) {
            if (halves.has(p.secret.slice(0, half))
                || halves.has(p.secret.slice(half, 2 * half)))
            {
                found.push(`${p.n} ${p.where} is in ${name}: `
                           + `${p.path}${p.query} `
                           + JSON.stringify([p.headers, p.back])
                           + plain(Buffer.concat(p.body)).toString()
                           + plain(Buffer.concat(p.answer)).toString());
            }
        }
    }

    enough.abort();
    await watching;

    assert.ok(found.length === 0, `SEED=${seed}: ${found.length} are found\n`
              + found.slice(0, 8).join('\n'));
    t.diagnostic(`SEED=${seed}: ${plants} plants, `
                 + `${places.zone.length >> 20} MB of zone, `
                 + `${places.details.length >> 10} KB of details`);
});
