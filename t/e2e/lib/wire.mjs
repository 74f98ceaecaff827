// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// A fetch() for the SDKs that keeps the bytes which they send and get.

export function recorder() {
    const exchanges = [];

    async function recording(url, init = {}) {
        const exchange = {
            url: String(url),
            method: init.method ?? 'GET',
            sent: Buffer.from(init.body ?? ''),
            pieces: [],
            status: null,
            id: null,
        };

        exchanges.push(exchange);

        const answer = await fetch(url, init);

        exchange.status = answer.status;
        exchange.id = answer.headers.get('x-monitor-id');

        if (answer.body === null) {
            return answer;
        }

        const tap = new TransformStream({
            transform(piece, controller) {
                exchange.pieces.push(piece);
                controller.enqueue(piece);
            },
        });

        return new Response(answer.body.pipeThrough(tap), {
            status: answer.status,
            statusText: answer.statusText,
            headers: answer.headers,
        });
    }

    recording.exchanges = exchanges;

    // the newest one; an SDK that tries again makes several

    recording.last = () => exchanges[exchanges.length - 1];
    recording.got = (exchange) => Buffer.concat(exchange.pieces);

    return recording;
}
