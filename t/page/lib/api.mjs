// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// An API of docs/api.md whose every record and event the test decides, in
// front of html/dist.  It listens on loopback and ends with the test.

import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'html', 'dist');

const csp =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src data: blob:; " +
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const types = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };

let made = 0;

export function record(changes = {}) {
    const n = ++made;
    const at = Date.now() - 600_000 + n * 10;

    return {
        id: 'r' + String(n).padStart(8, '0'),
        started_at: new Date(at).toISOString(),
        method: 'POST',
        uri: '/v1/chat/completions',
        host: '127.0.0.1',
        http_version: '1.1',
        status: 200,
        outcome: 'ok',
        dialect: 'chat',
        operation: 'chat',
        provider: 'openai',
        model: 'gpt-4o',
        response_model: 'gpt-4o-2024-08-06',
        streamed: false,
        stream_requested: false,
        complete: true,
        buffered: false,
        duration_ms: 812.4,
        ttft_ms: 120.5,
        last_token_ms: 800,
        longest_gap_ms: 20,
        pieces: 1,
        events: 0,
        tokens_per_second: 61.2,
        usage: {
            input_tokens: 1200,
            output_tokens: 80,
            total_tokens: 1280,
            cached_tokens: 1024,
            cache_write_tokens: null,
            reasoning_tokens: 16,
            input_audio_tokens: null,
            output_audio_tokens: null,
        },
        estimated_output_tokens: null,
        finish_reason: 'stop',
        message_count: 1,
        tool_count: 0,
        tool_calls: [],
        refusal: false,
        has_reasoning: false,
        has_image: false,
        service_tier: null,
        cost_usd: 0.0032,
        price: 'gpt-4o',
        cost_partial: [],
        cost_at_least_usd: null,
        usage_repeated: false,
        usage_hint: null,
        request_bytes: 240,
        response_bytes: 900,
        error: null,
        client: '127.0.0.1',
        user_agent: 'test/1',
        key: 'k-1',
        session: null,
        user: null,
        thread: null,
        parent: null,
        change: null,
        retry: null,
        upstream: '127.0.0.1:9',
        attempts: [
            {
                peer: '127.0.0.1:9',
                status: 200,
                connect_ms: 1.5,
                tls_ms: null,
                header_ms: 100,
                response_ms: 800,
                bytes_sent: 240,
                bytes_received: 900,
            },
        ],
        truncated: { request: false, response: false },
        masked: { request: false, response: false },
        withheld: { request: null, response: null },
        ...changes,
    };
}

const text = (body, type = 'application/json') => ({
    headers: [{ name: 'Content-Type', value: type }],
    body,
    body_encoding: 'text',
    body_bytes: body.length,
    body_kept_bytes: body.length,
    content_type: type,
    content_encoding: null,
    decoded: false,
});

export function more(changes = {}) {
    return {
        request: text('{"model":"gpt-4o","messages":[{"role":"user","content":"Hello?"}]}'),
        response: text('{"id":"c1","choices":[]}'),
        conversation: {
            system: null,
            settings: { temperature: 0.2 },
            tools: [],
            messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hello?' }] }],
        },
        answer: { choices: [{ index: 0, text: 'Hello.', finish_reason: 'stop' }] },
        usage_raw: null,
        rate_limit: null,
        upstream_request_id: null,
        processing_ms: 42,
        response_id: 'c1',
        timing: {
            request_received_ms: 0.5,
            tls_start_ms: null,
            connect_ms: 2,
            upstream_header_ms: 100,
            first_byte_ms: 101,
            first_token_ms: 120.5,
            last_token_ms: 800,
            last_byte_ms: 810,
            duration_ms: 812.4,
        },
        pieces_timeline: [],
        ...changes,
    };
}

export { text };

export class Api {
    records = [];
    details = new Map();
    events = new Map();
    diffs = new Map();
    viewers = new Set();
    requests = [];
    cursor = 0;
    statistics = {
        window: 'all',
        since: '2026-01-01T00:00:00.000Z',
        requests: 3,
        in_flight: 0,
        success_rate: 1,
        by_status: { '2xx': 3 },
        by_outcome: { ok: 3 },
        duration_ms: null,
        ttft_ms: null,
        tokens_per_second: null,
        usage: null,
        cost_usd: null,
        unpriced_requests: 0,
        partial_cost_requests: 0,
        no_usage_requests: 0,
        request_bytes: 0,
        response_bytes: 0,
        models: [],
        endpoints: [],
        keys: [],
        peers: [],
        series: [],
        zone: null,
    };
    match = () => true;

    // a promise: the feed is opened when it is kept
    opening = null;
    refuse = null;
    refusal = 'unknown key "modle", did you mean "model"?';

    static async start() {
        if (!existsSync(join(dist, 'app.js'))) {
            throw new Error('html/dist is not built: run "npm ci && npm run build" in html');
        }

        const api = new Api();
        api.server = createServer((req, res) => api.answer(req, res));
        await new Promise((done) => {
            api.server.listen(0, '127.0.0.1', done);
        });
        api.url = `http://127.0.0.1:${api.server.address().port}/`;
        return api;
    }

    async stop() {
        this.drop();
        this.server.closeAllConnections();
        await new Promise((done) => {
            this.server.close(done);
        });
    }

    add(changes = {}, rest = {}) {
        const r = record(changes);
        this.records.push(r);
        this.details.set(r.id, more(rest));
        return r;
    }

    drop() {
        this.viewers.forEach((v) => v.res.destroy());
        this.viewers.clear();
    }

    send(event, data) {
        const id = event === 'answer' ? '' : `id: ${++this.cursor}\n`;
        this.viewers.forEach((v) => v.res.write(`${id}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
    }

    change(r, changes) {
        Object.assign(r, changes);
        this.send('record', r);
    }

    // the first of the records make room
    evict(n) {
        const gone = this.records.splice(0, n);
        const { started_at: at, duration_ms: ms } = this.records[0];

        this.send('gone', { before: new Date(Math.floor(Date.parse(at) + ms)).toISOString() });
        return gone.map((r) => r.id);
    }

    begin(changes = {}, rest = {}) {
        const r = this.add(
            {
                outcome: 'running',
                status: null,
                duration_ms: null,
                usage: null,
                finish_reason: null,
                cost_usd: null,
                started_at: new Date().toISOString(),
                ...changes,
            },
            rest,
        );
        this.send('record', r);
        return r;
    }

    asked(path) {
        return this.requests.filter((r) => r.path === path);
    }

    view(req, res, url) {
        const viewer = {
            res,
            last: req.headers['last-event-id'],
            watch: url.searchParams.get('watch'),
            q: url.searchParams.get('q'),
        };
        const hello = {
            version: '1',
            cursor: this.cursor,
            page_size: 20,
            proxy: null,
            zone: 'z',
            now: new Date().toISOString(),
        };

        res.writeHead(200, { 'Content-Type': 'text/event-stream' });
        res.write(`id: ${this.cursor}\nevent: hello\ndata: ${JSON.stringify(hello)}\n\n`);
        this.viewers.add(viewer);
        req.on('close', () => this.viewers.delete(viewer));
    }

    answer(req, res) {
        const url = new URL(req.url, 'http://x');
        const json = (status, value) =>
            res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
        const fail = (status, code, message) => json(status, { error: { code, message } });
        const [, id, part = ''] = /^\/api\/request\/([^/]+)\/?(.*)$/.exec(url.pathname) ?? [];

        this.requests.push({
            method: req.method,
            path: url.pathname,
            query: Object.fromEntries(url.searchParams),
            headers: req.headers,
        });

        if (this.refuse !== null && url.searchParams.has('q') && this.refuse.test(url.searchParams.get('q'))) {
            return fail(400, 'bad_request', this.refusal);
        }

        if (req.method === 'POST' && req.headers['x-openai-monitor'] !== '1') {
            return fail(403, 'forbidden', 'no proof');
        }

        if (id !== undefined) {
            const r = this.records.find((x) => x.id === id);

            if (r === undefined) {
                return fail(410, 'gone', 'the record was evicted');
            }

            switch (part) {
                case '':
                    return json(200, url.searchParams.get('body') === 'none' ? r : { ...r, ...this.details.get(id) });
                case 'events':
                    return json(200, this.events.get(id) ?? []);
                case 'diff':
                    return json(200, this.diffs.get(id) ?? {});
                case 'cancel':
                    json(202, { cancelled: true });
                    return this.change(r, { outcome: 'client_aborted', duration_ms: 5 });
                default:
                    return fail(404, 'not_found', 'no such path');
            }
        }

        switch (url.pathname) {
            case '/api/info':
                return json(200, {
                    name: 'm',
                    version: '1',
                    nginx: '1.22.1',
                    zone: 'z',
                    entries: 1000,
                    page_size: 20,
                    body_max: 1048576,
                    proxy: 'http://127.0.0.1:8080',
                    started_at: '2026-01-01T00:00:00.000Z',
                });
            case '/api/requests': {
                const size = Number(url.searchParams.get('page_size'));
                const page = Number(url.searchParams.get('page'));
                const list = this.records.filter((r) => this.match(r, url.searchParams.get('q') ?? '')).reverse();
                return json(200, {
                    items: list.slice((page - 1) * size, page * size),
                    total: list.length,
                    page,
                    page_size: size,
                    pages: Math.ceil(list.length / size),
                });
            }
            case '/api/events':
                return this.opening === null ? this.view(req, res, url) : this.opening.then(() => this.view(req, res, url));
            case '/api/stats':
                return json(200, { ...this.statistics, window: url.searchParams.get('window') });
            case '/api/stats/reset':
            case '/api/clear':
                return res.writeHead(204).end();
        }

        const name = url.pathname === '/' ? 'index.html' : url.pathname.slice(1);

        if (!/^[a-z]+\.(html|js|css|svg)$/.test(name)) {
            return fail(404, 'not_found', 'no such path');
        }

        return res
            .writeHead(200, { 'Content-Type': types[name.split('.').pop()], 'Content-Security-Policy': csp })
            .end(readFileSync(join(dist, name)));
    }
}
