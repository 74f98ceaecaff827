// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The answers that aimock cannot give: usage with cached and reasoning tokens,
// an error in the middle of a stream, a limit that passes after two tries.

import { createHash } from 'node:crypto';

import { steps } from './agent.mjs';
import { named } from './scenes.mjs';

const cacheSize = 32;

/** The beginnings of prompts that were read before, newest last. */

const cache = [];

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const wide = /[\u2e80-\uffff]/g;

/** About as many tokens as a real tokenizer would count. */

export function tokensIn(text) {
    const cjk = text.match(wide)?.length ?? 0;

    return Math.ceil((text.length - cjk) / 4.2 + cjk * 0.7);
}

function common(a, b) {
    let n = 0;

    while (n < a.length && a[n] === b[n]) {
        n++;
    }

    return n;
}

// In steps of 128 tokens from 1024 on, as OpenAI does it.

function cachedIn(prompt) {
    const most = Math.max(0, ...cache.map((old) => common(old, prompt)));
    const cached = Math.floor(tokensIn(prompt.slice(0, most)) / 128) * 128;

    cache.push(prompt);
    cache.splice(0, cache.length - cacheSize);

    return cached < 1024 ? 0 : cached;
}

function promptOf({ tools, system, messages }) {
    return JSON.stringify([tools ?? [], system ?? '', messages]);
}

const idOf = (prefix, text) => prefix
    + createHash('sha256').update(text).digest('hex').slice(0, 24);

const pieces = (text) => text.match(/\s*\S{1,6}/gu) ?? [];


// "write" gives false once the client is gone

async function spoken(text, rate, write) {
    for (const piece of pieces(text)) {
        if (!write(piece)) {
            return false;
        }

        await pause(1000 / rate);
    }

    return true;
}

function began(res, type, headers = {}) {
    res.writeHead(200, { 'Content-Type': type, ...headers });
}


function json(res, status, body, headers = {}) {
    res.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    res.end(JSON.stringify(body));
}


function chatUsage(answer, prompt) {
    const thought = answer.reasoning_tokens ?? 0;
    const said = (answer.content ?? answer.refusal ?? '')
        + JSON.stringify(answer.tool_calls ?? []);

    const input = tokensIn(prompt);
    const output = tokensIn(said) + thought;

    return {
        prompt_tokens: input, completion_tokens: output,
        total_tokens: input + output,
        prompt_tokens_details: { cached_tokens: cachedIn(prompt) },
        completion_tokens_details: { reasoning_tokens: thought },
    };
}

const headersOf = (id, answer) => ({
    'x-request-id': id.replace('chatcmpl-', 'req_'),
    'openai-processing-ms': String(answer.wait ?? 0),
    'x-ratelimit-limit-requests': '500',
    'x-ratelimit-remaining-requests': '499',
    'x-ratelimit-reset-requests': '120ms',
});

const finishOf = (answer) => answer.tool_calls?.length ? 'tool_calls' : 'stop';


async function chatStream(res, request, answer, usage, envelope) {
    const send = (choices, rest = {}) => !res.destroyed && (res.write(
        'data: ' + JSON.stringify({
            ...envelope, object: 'chat.completion.chunk', choices, ...rest,
        }) + '\n\n'), true);

    const delta = (change, finish_reason = null) =>
        send([{ index: 0, delta: change, finish_reason }]);

    began(res, 'text/event-stream', headersOf(envelope.id, answer));
    delta({ role: 'assistant', content: '' });

    if (!await spoken(answer.content, answer.rate,
                      (content) => delta({ content })))
    {
        return;
    }

    if (answer.error !== undefined) {
        res.end(`data: ${JSON.stringify({ error: answer.error })}\n\n`);
        return;
    }

    for (const [index, made] of (answer.tool_calls ?? []).entries()) {
        const { name, arguments: text } = made.function;

        delta({ tool_calls: [{
            ...made, index, function: { name, arguments: '' },
        }] });

        await spoken(text, answer.rate, (piece) => delta({
            tool_calls: [{ index, function: { arguments: piece } }],
        }));
    }

    delta({}, finishOf(answer));

    if (request.stream_options?.include_usage) {
        send([], { usage });
    }

    res.end('data: [DONE]\n\n');
}


async function chat(res, request, answer) {
    const prompt = promptOf(request);
    const usage = chatUsage(answer, prompt);

    const envelope = {
        id: idOf('chatcmpl-', prompt), model: request.model,
        created: Math.floor(Date.now() / 1000), service_tier: 'default',
    };

    await pause(answer.wait ?? 0);

    if (request.stream) {
        await chatStream(res, request, answer, usage, envelope);
        return;
    }

    json(res, 200, {
        ...envelope, object: 'chat.completion', usage,
        choices: [{
            index: 0, finish_reason: finishOf(answer), logprobs: null,
            message: {
                role: 'assistant', content: answer.content ?? null,
                refusal: answer.refusal ?? null,
            },
        }],
    }, headersOf(envelope.id, answer));
}


function messageUsage(prompt) {
    const input = tokensIn(prompt);
    const cached = cachedIn(prompt);

    // the last question is not worth a place in the cache

    const fresh = Math.min(input - cached, 64);

    return {
        input_tokens: fresh, cache_read_input_tokens: cached,
        cache_creation_input_tokens: input - cached - fresh, output_tokens: 1,
    };
}


async function message(res, request, answer) {
    const prompt = promptOf(request);
    const usage = messageUsage(prompt);

    const send = (type, rest) => !res.destroyed && (res.write(
        `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`),
        true);

    const block = async (index, content_block, text, deltaOf) => {
        send('content_block_start', { index, content_block });
        await spoken(text, answer.rate, (piece) => send('content_block_delta', {
            index, delta: deltaOf(piece),
        }));
        send('content_block_stop', { index });
    };

    await pause(answer.wait);

    began(res, 'text/event-stream', { 'request-id': idOf('req_', prompt) });

    send('message_start', { message: {
        id: idOf('msg_', prompt), type: 'message', role: 'assistant',
        model: request.model, content: [], stop_reason: null,
        stop_sequence: null, usage,
    } });

    await block(0, { type: 'thinking', thinking: '', signature: '' },
                answer.reasoning,
                (thinking) => ({ type: 'thinking_delta', thinking }));

    await block(1, { type: 'text', text: '' }, answer.content,
                (text) => ({ type: 'text_delta', text }));

    send('message_delta', {
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: {
            output_tokens: tokensIn(answer.reasoning + answer.content),
        },
    });

    send('message_stop', {});
    res.end();
}


// sixteen numbers from a word's hash: the same word, the same vector

async function embeddings(res, request, answer) {
    const vector = (text) => {
        const hash = createHash('sha256').update(text).digest();

        return Array.from(hash.subarray(0, 16), (byte) => byte / 128 - 1);
    };

    const tokens = request.input.reduce((sum, t) => sum + tokensIn(t), 0);

    await pause(answer.wait);

    json(res, 200, {
        object: 'list', model: request.model,
        data: request.input.map((text, index) => ({
            object: 'embedding', index, embedding: vector(text),
        })),
        usage: { prompt_tokens: tokens, total_tokens: tokens },
    });
}


function busy(res) {
    json(res, 429, { error: {
        message: 'Rate limit reached for requests. Please try again in 700ms.',
        type: 'requests', param: null, code: 'rate_limit_exceeded',
    } }, {
        'retry-after-ms': '700', 'x-ratelimit-limit-requests': '500',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '700ms',
    });
}


function answerOf(scene, request) {
    if (scene !== 'agent') {
        return named.get(scene)?.own;
    }

    return steps[request.messages.filter(
        ({ role }) => role === 'assistant').length];
}

async function bodyOf(req) {
    const chunks = [];

    for await (const chunk of req) {
        chunks.push(chunk);
    }

    return JSON.parse(Buffer.concat(chunks).toString());
}


/** True when the request was one of these, and has its answer. */

export async function answered(req, res, pathname) {
    const scene = req.headers['x-demo-scene'];

    if (scene === undefined) {
        return false;
    }

    const request = await bodyOf(req);
    const answer = answerOf(scene, request);
    const tries = Number(req.headers['x-stainless-retry-count'] ?? 0);

    if (answer === undefined) {
        json(res, 404, { error: { message: `no scene "${scene}"` } });

    } else if (tries < (answer.busy ?? 0)) {
        busy(res);

    } else if (pathname === '/messages') {
        await message(res, request, answer);

    } else if (pathname === '/embeddings') {
        await embeddings(res, request, answer);

    } else {
        await chat(res, request, answer);
    }

    return true;
}
