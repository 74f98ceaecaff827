// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// What is sent and answered under load: all of it follows from the number of
// the exchange, so that every record can be checked against what it must be.

const words = 'the quick brown fox jumps over the lazy dog again and again ';

export const marker = (n) => `marker-${String(n).padStart(6, '0')}`;
export const streamed = (n) => n % 4 === 0;

// most fill a page of the zone or less, some fill several

const filler = (n) =>
    words.repeat(1 + (n % 16 < 2 ? 300 + n % 50 : (n * 37) % 40));

export const text = (n) => `${marker(n)} ${filler(n)}`;

export const usage = (n) => ({
    prompt_tokens: 10 + n % 50, completion_tokens: 1 + n % 40,
    total_tokens: 11 + n % 50 + n % 40,
});

export function request(n) {
    return Buffer.from(JSON.stringify({
        model: 'gpt-4o', stream: streamed(n),
        messages: [
            { role: 'system', content: filler(n + 7) },
            { role: 'user', content: marker(n) },
        ],
    }));
}

export const uri = (n) => `/v1/chat/completions?marker=${marker(n)}`;

const chunk = (n, choices, more = {}) => 'data: ' + JSON.stringify({
    id: 'chatcmpl-' + n, object: 'chat.completion.chunk', created: 1,
    model: 'gpt-4o-2024-08-06', choices, ...more,
}) + '\n\n';

const delta = (content) =>
    [{ index: 0, delta: { content }, finish_reason: null }];

// the answer in the pieces in which the upstream writes it

export function answer(n) {
    const all = text(n);

    if (!streamed(n)) {
        return [Buffer.from(JSON.stringify({
            id: 'chatcmpl-' + n, object: 'chat.completion', created: 1,
            model: 'gpt-4o-2024-08-06',
            choices: [{
                index: 0, finish_reason: 'stop',
                message: { role: 'assistant', content: all },
            }],
            usage: usage(n),
        }))];
    }

    const half = all.length >> 1;

    return [
        chunk(n, delta('')),
        chunk(n, delta(all.slice(0, half))),
        chunk(n, delta(all.slice(half))),
        chunk(n, [{ index: 0, delta: {}, finish_reason: 'stop' }])
            + chunk(n, [], { usage: usage(n) })
            + 'data: [DONE]\n\n',
    ].map((piece) => Buffer.from(piece));
}
