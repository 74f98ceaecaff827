// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The live feed: server-sent events over fetch, because EventSource cannot
// resume when its address changes, and the watched record changes often.

export interface FeedEvent {
    event: string;
    data: string;
}

export interface FeedTarget {
    q: string;
    watch: string | null;
}

export type FeedState = 'connecting' | 'live' | 'offline' | 'refused';

export interface FeedHandlers {
    event(e: FeedEvent): void;
    state(s: FeedState): void;
}

const silence = 40_000;
const shortest = 500;
const longest = 10_000;

export class Feed {
    private target: FeedTarget | null = null;
    private lastId: string | null = null;
    private abort: AbortController | null = null;
    private retry = 0;
    private delay = shortest;
    private watchdog = 0;

    constructor(private readonly on: FeedHandlers) {}

    follow(target: FeedTarget): void {
        if (this.target?.q === target.q && this.target.watch === target.watch) {
            return;
        }

        // another filter is another feed; another watch continues this one
        if (this.target?.q !== target.q) {
            this.lastId = null;
        }

        this.target = target;
        this.delay = shortest;
        this.connect();
    }

    reconnect(): void {
        if (this.target !== null) {
            this.delay = shortest;
            this.connect();
        }
    }

    private connect(): void {
        clearTimeout(this.retry);
        this.abort?.abort();
        this.abort = new AbortController();
        void this.read(this.abort);
    }

    private async read(abort: AbortController): Promise<void> {
        const { q, watch } = this.target ?? { q: '', watch: null };
        const args = new URLSearchParams({ ...(q === '' ? {} : { q }), ...(watch === null ? {} : { watch }) });

        if (this.lastId === null) {
            this.on.state('connecting');
        }

        try {
            const res = await fetch('./api/events' + (args.size > 0 ? '?' + String(args) : ''), {
                signal: abort.signal,
                cache: 'no-store',
                headers: {
                    Accept: 'text/event-stream',
                    ...(this.lastId === null ? {} : { 'Last-Event-ID': this.lastId }),
                },
            });

            // a query that the server cannot read does not get better by asking again
            if (res.status === 400) {
                this.on.state('refused');
                return;
            }

            if (!res.ok || res.body === null) {
                throw new Error(String(res.status));
            }

            this.on.state('live');
            this.delay = shortest;
            await this.parse(res.body, abort);
        } catch {
            // fall through: whatever ended it, it is tried again
        }

        if (this.abort !== abort) {
            return;
        }

        clearTimeout(this.watchdog);
        this.on.state('offline');
        this.retry = window.setTimeout(() => this.connect(), this.delay * (0.75 + Math.random() / 2));
        this.delay = Math.min(longest, this.delay * 2);
    }

    private async parse(body: ReadableStream<Uint8Array>, abort: AbortController): Promise<void> {
        const reader = body.getReader();
        const decoder = new TextDecoder();
        let rest = '';

        for (;;) {
            clearTimeout(this.watchdog);
            this.watchdog = window.setTimeout(() => this.abort === abort && this.connect(), silence);

            const { done, value } = await reader.read();

            if (done) {
                return;
            }

            rest += decoder.decode(value, { stream: true });

            const end = rest.lastIndexOf('\n\n');

            if (end >= 0) {
                const blocks = rest.slice(0, end).split('\n\n');
                rest = rest.slice(end + 2);
                blocks.forEach((b) => this.block(b));
            }
        }
    }

    private block(text: string): void {
        let event = 'message';
        const data: string[] = [];

        for (const line of text.split('\n')) {
            const colon = line.indexOf(':');
            const value = line.slice(colon + 1).replace(/^ /, '');

            switch (colon < 0 ? line : line.slice(0, colon)) {
                case 'event':
                    event = value;
                    break;

                case 'data':
                    data.push(value);
                    break;

                case 'id':
                    this.lastId = value;
                    break;
            }
        }

        if (data.length > 0) {
            this.on.event({ event, data: data.join('\n') });
        }
    }
}
