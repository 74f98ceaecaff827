// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Sends each scene, with the OpenAI SDK where the SDK has a call for it.  main.mjs
// calls it.

import OpenAI from 'openai';

import * as agent from './agent.mjs';

export class Players {
    #base;
    #session = 0;
    #visitor = 0;

    constructor(base) {
        this.#base = base;
    }

    #client(scene, path = '/v1', headers = {}) {
        if (scene.own !== undefined) {
            headers['X-Demo-Scene'] = scene.name;
        }

        return new OpenAI({
            baseURL: this.#base + path, defaultHeaders: headers,
            apiKey: scene.name === 'agent' ? 'demo-agent' : 'demo-office',
            maxRetries: scene.retries ?? 0,
        });
    }

    // resolves when the exchange is over as the scene wants it

    async play(scene) {
        const options = scene.stop === undefined
            ? {} : { signal: AbortSignal.timeout(scene.stop) };

        try {
            await this[scene.play](scene, options);

        } catch (error) {
            if (!scene.fails && scene.stop === undefined) {
                throw error;
            }
        }
    }

    // another one each time, or all would be one conversation

    #asked({ ask }) {
        const visitor = `Visitor ${++this.#visitor}`;

        return typeof ask === 'string'
            ? `${ask}\n\n${visitor}`
            : [...ask, { type: 'text', text: visitor }];
    }

    #request(scene) {
        const messages = [{ role: 'user', content: this.#asked(scene) }];

        if (scene.system !== undefined) {
            messages.unshift({ role: 'system', content: scene.system });
        }

        return { model: scene.model, messages, ...scene.params };
    }

    chat(scene, options) {
        return this.#client(scene).chat.completions
            .create(this.#request(scene), options);
    }

    router(scene) {
        return this.#client(scene, '/api/v1').chat.completions
            .create(this.#request(scene));
    }

    async stream(scene, options) {
        const stream = await this.#client(scene).chat.completions.create({
            ...this.#request(scene),
            stream: true, stream_options: { include_usage: true },
        }, options);

        for await (const chunk of stream) {
            void chunk;
        }
    }

    async tools(scene) {
        const request = this.#request(scene);

        request.tools = Object.values(scene.tools).map(([made]) => made);

        await this.#turn(this.#client(scene), request,
                         (name) => JSON.stringify(scene.tools[name][1]));
        await this.#turn(this.#client(scene), request);
    }

    // one answer, and what the tools say to it, into the request's messages

    async #turn(client, request, call) {
        const run = client.chat.completions.stream({
            ...request, stream_options: { include_usage: true },
        });

        const { choices: [{ message }] } = await run.finalChatCompletion();
        const { content, tool_calls } = message;

        request.messages.push({
            role: 'assistant', content,
            ...(tool_calls?.length ? { tool_calls } : {}),
        });

        for (const { id, function: made } of tool_calls ?? []) {
            request.messages.push({
                role: 'tool', tool_call_id: id,
                content: call(made.name, made.arguments),
            });
        }
    }

    async agent() {
        const { questions, system, tools, model } = agent;
        const session = this.#session++;

        const client = this.#client({ name: 'agent', own: {} }, '/v1', {
            'session-id': `keeper-${session + 1}`,
        });

        const request = {
            model, tools, reasoning_effort: 'low',
            messages: [
                { role: 'system', content: system },
                { role: 'user',
                  content: questions[session % questions.length] },
            ],
        };

        const asks = (content) => request.messages.push({
            role: 'user', content,
        });

        for (let n = 0; n < 4; n++) {
            await this.#turn(client, request, agent.call);
        }

        asks(agent.more);
        await this.#turn(client, request);

        request.messages[0].content = agent.dated(system, session);
        asks(agent.last);
        await this.#turn(client, request);
    }

    response(scene) {
        return this.#client(scene).responses.create({
            model: scene.model, input: this.#asked(scene),
            instructions: scene.system,
        });
    }

    async responseStream(scene) {
        await this.#client(scene).responses.stream({
            model: scene.model, input: this.#asked(scene),
            instructions: scene.system,
            reasoning: { effort: 'low', summary: 'auto' },
        }).finalResponse();
    }

    embeddings(scene) {
        return this.#client(scene).embeddings
            .create({
                model: scene.model, input: scene.ask, encoding_format: 'float',
            });
    }

    message(scene) {
        return this.#fetch('/v1/messages', {
            model: scene.model, max_tokens: 4000, stream: true,
            thinking: { type: 'enabled', budget_tokens: 1024 },
            system: [{
                type: 'text', text: agent.system,
                cache_control: { type: 'ephemeral' },
            }],
            messages: [{ role: 'user', content: this.#asked(scene) }],
        }, { 'X-Demo-Scene': scene.name });
    }

    raw(scene) {
        const body = scene.body(scene.model, this.#asked(scene));

        return this.#fetch(scene.path, body);
    }

    async #fetch(path, body, headers = {}) {
        const answer = await fetch(this.#base + path, {
            method: 'POST', body: JSON.stringify(body),
            headers: {
                'Content-Type': 'application/json', 'x-api-key': 'demo-notes',
                'anthropic-version': '2023-06-01', ...headers,
            },
        });

        await answer.text();

        if (!answer.ok) {
            throw new Error(`${path}: ${answer.status}`);
        }
    }
}
