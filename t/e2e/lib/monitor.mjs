// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// A reader of the monitor's HTTP API.

// nginx is slower by some times when sanitizers or valgrind look on, and its
// memory is not its own

export const checked = Boolean(process.env.OPENAI_MONITOR_CHECKED);
export const slow = checked ? 6 : 1;

const patience = 10_000 * slow;

export const turn = (ms) => new Promise((done) => setTimeout(done, ms));


// asks again until the answer is what is waited for

export async function until(what, ask, good) {
    const end = Date.now() + patience;

    for (;;) {
        const got = await ask();

        if (good(got)) {
            return got;
        }

        if (Date.now() > end) {
            throw new Error(`waited in vain for ${what}: `
                            + JSON.stringify(got, null, 1)?.slice(0, 2000));
        }

        await turn(5);
    }
}


// a worker that dies at the wrong moment leaves fetch() waiting for ever: each
// call has so many seconds

export class Monitor {
    constructor(url, seconds = 60) {
        this.url = url;
        this.ms = seconds * 1000 * slow;
    }

    get signal() {
        return AbortSignal.timeout(this.ms);
    }

    // a connection that was kept may be closed by a worker that leaves, just
    // when it is used: who only reads asks again, once, as browsers do

    async ask(path) {
        const one = () => fetch(this.url + path, { signal: this.signal });

        try {
            return await one();

        } catch (error) {
            if (!(error instanceof TypeError)) {
                throw error;
            }

            return one();
        }
    }

    async get(path) {
        const answer = await this.ask(path);
        const text = await answer.text();

        if (answer.status !== 200) {
            throw new Error(`GET ${path}: ${answer.status} ${text}`);
        }

        return JSON.parse(text);
    }

    async bytes(path) {
        const answer = await this.ask(path);

        if (answer.status !== 200) {
            throw new Error(`GET ${path}: ${answer.status}`);
        }

        return Buffer.from(await answer.arrayBuffer());
    }

    post(path) {
        return fetch(this.url + path, {
            method: 'POST',
            signal: this.signal,
            headers: { 'X-OpenAI-Monitor': '1' },
        });
    }

    list(query = {}) {
        return this.get('/api/requests?' + new URLSearchParams(query));
    }

    record(id, query = '') {
        return this.get(`/api/request/${id}${query}`);
    }

    stats() {
        return this.get('/api/stats');
    }

    // the client may have its last byte before nginx has logged the exchange

    finished(id) {
        return until(`the end of ${id}`, () => this.record(id),
                     (r) => r.outcome !== 'running');
    }

    async idle() {
        return until('quiet', () => this.stats(), (s) => s.in_flight === 0);
    }
}
