// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The upstream of the demo: aimock on a free loopback port, with wire.mjs before
// it.  main.mjs starts it.

import { LLMock } from '@copilotkit/aimock';

import { scenes } from './scenes.mjs';
import { answered, tokensIn } from './wire.mjs';

const wordsOf = (ask) => typeof ask === 'string'
    ? ask : ask.find((part) => part.type === 'text').text;

const textOf = (value) => typeof value === 'string'
    ? value : JSON.stringify(value ?? '');


// a reply with the usage of the very request

function counted(reply) {
    const said = textOf(reply.content ?? reply.toolCalls)
        + (reply.reasoning ?? '');

    return ({ messages, tools }) => ({
        ...reply,
        ...(typeof reply.content === 'object'
            ? { content: textOf(reply.content) } : {}),
        ...(reply.toolCalls === undefined ? {} : {
            toolCalls: reply.toolCalls.map((made) => ({
                ...made, arguments: textOf(made.arguments),
            })),
        }),
        usage: reply.usage ?? {
            prompt_tokens: tokensIn(messages.map((m) => textOf(m.content))
                .join('\n') + (tools ? textOf(tools) : '')) + 7,
            completion_tokens: tokensIn(said),
        },
    });
}

function teach(api, scene) {
    const match = { userMessage: wordsOf(scene.ask) };
    const pace = { chunkSize: 4, ...scene.pace };

    if (scene.then !== undefined) {
        api.on({ ...match, hasToolResult: true }, counted(scene.then), pace);
        match.hasToolResult = false;
    }

    api.on(match, scene.reply.error ? scene.reply : counted(scene.reply), pace);
}


export async function upstream() {
    const api = new LLMock({
        port: 0, host: '127.0.0.1', logLevel: 'silent', journalMaxEntries: 16,
    });

    api.mount('/v1', { handleRequest: answered });

    for (const scene of scenes) {
        if (scene.reply !== undefined) {
            teach(api, scene);
        }
    }

    await api.start();

    return api;
}
