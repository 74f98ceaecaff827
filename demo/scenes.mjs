// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The scenes of the demo: one row for each kind of exchange.  aimock answers a row
// with "reply", and finds it by the text of the question.  wire.mjs answers a row
// with "own", and finds it by the header X-Demo-Scene.

import fs from 'node:fs';

/**
 * @typedef {object} Scene
 * @property {string} name
 * @property {string} play     how the client sends it: a name in players.mjs
 * @property {string} model
 * @property {string} [ask]    the question
 * @property {string} [system] what the model is told first
 * @property {object} [params] more of the request
 * @property {object} [reply]  aimock's answer
 * @property {object} [then]   aimock's answer once the tools have answered
 * @property {object} [tools]  name of a tool: what it answers
 * @property {object} [own]    the answer of wire.mjs
 * @property {object} [pace]   aimock's options: time, cuts
 * @property {number} [stop]   the client leaves after so many milliseconds
 * @property {number} [retries] how often the SDK may try again
 * @property {boolean} [fails] the client gets an error, as it should
 * @property {string} [path]   of a request that the SDK has no call for
 * @property {Function} [body] and its body, from the model and the question
 */

const text = (name) => fs.readFileSync(
    new URL(`texts/${name}`, import.meta.url), 'utf8').trimEnd();

const tps = (rate, ttft = 350) => ({
    streamingProfile: { ttft, tps: rate, jitter: 0.5 },
});

const after = (latencyMs) => ({ chaos: { latencyMs } });

// a lighthouse on the night sea, 96 x 60 pixels

const picture = 'data:image/png;base64,'
    + fs.readFileSync(new URL('texts/lighthouse.png', import.meta.url))
        .toString('base64');

export const tool = (name, description, properties) => ({
    type: 'function',
    function: {
        name, description,
        parameters: {
            type: 'object', properties, required: Object.keys(properties),
        },
    },
});

const string = (description) => ({ type: 'string', description });


/** Short ones, that fill the list. */

const questions = [
    ['gpt-4o-mini', 'How far away is the horizon at sea?',
     'About 5 km, for eyes 1.8 m above the water. From a mast of 20 m it is '
     + '17 km: the distance grows with the square root of the height.'],
    ['gpt-4.1-nano', 'Is "affluent" a place name or an adjective? One word.',
     'Adjective.'],
    ['gpt-4.1-mini', 'A haiku about the first snow.',
     'First snow on the roof —\nthe cat writes one short letter\nand takes it '
     + 'back home.'],
    ['mistral-small-latest', 'Traduis en français : the kettle is singing.',
     'La bouilloire chante.'],
    ['gpt-4o-mini', 'What is a good name for a grey sailing boat?',
     '*Heron*. It is grey, patient, and stands well in shallow water.'],
    ['qwen-plus', '用一句话解释什么是反向代理。',
     '反向代理站在服务器前面，替它接待所有客人，再把答复原样交还。'],
    ['gpt-5-nano', 'Sort these: plum, fig, apple, quince.',
     'apple, fig, plum, quince'],
    ['gpt-4o', 'Why is it called a Fresnel lens?',
     'After Augustin-Jean Fresnel, who in 1822 cut the thick glass of a lens '
     + 'into rings: as much light, a tenth of the weight.'],
    ['deepseek-chat', '“推敲”这个词是怎么来的？',
     '唐代诗人贾岛写“僧敲月下门”时，在“推”与“敲”之间犹豫不决，韩愈说“敲”字更好。后来'
     + '人们便用“推敲”形容反复斟酌字句。'],
    ['gpt-4.1-mini', 'Wie lange kocht ein weiches Ei?',
     'Vier bis fünf Minuten, wenn es aus dem Kühlschrank in kochendes Wasser '
     + 'kommt.'],
    ['llama-3.3-70b-versatile', 'Which knot joins two ropes of one thickness?',
     'A reef knot for parcels, a double sheet bend for anything that matters.'],
    ['gpt-4o-mini', 'Give me a commit message for a fixed off-by-one.',
     'list: the last page shows its last record'],
];

const short = questions.map(([model, ask, answer], n) => ({
    name: `question-${n + 1}`, model, ask,
    play: n % 3 === 1 ? 'stream' : 'chat',
    reply: { content: answer },
    pace: n % 3 === 1 ? tps(30, 200) : after(120 + n * 37 % 500),
}));


/** Long ones, that are read while they run. */

const long = [
    {
        name: 'tides', play: 'stream', model: 'gpt-4o',
        system: 'You explain nature to curious adults, in Markdown.',
        ask: 'Why are there two tides a day, and not one?',
        reply: { content: text('tides.md') }, pace: tps(26),
    },
    {
        name: 'sky', play: 'stream', model: 'deepseek-reasoner',
        ask: '天空为什么是蓝色的？请用 Markdown 回答，附一张表。',
        reply: {
            content: text('sky.zh.md'),
            reasoning: '用户想知道天空颜色的原因。先讲瑞利散射和四次方定律，再解释为什么'
                       + '不是紫色，最后补充傍晚的情形。表格里放四种颜色就够了。',
        },
        pace: { ...tps(14, 800), chunkSize: 2 },
    },
    {
        name: 'debounce', play: 'stream', model: 'gpt-4.1',
        system: 'You are a careful TypeScript reviewer.',
        ask: 'Write a debounce with cancel and flush, fully typed.',
        reply: { content: text('debounce.md') }, pace: tps(32, 500),
    },
    {
        name: 'story', play: 'responseStream', model: 'gpt-5.1',
        system: 'You write quiet short stories.',
        ask: 'A story of about 250 words about a lighthouse in the fog.',
        reply: {
            content: text('lighthouse.md'),
            reasoning: 'Quiet, few words. An automatic light and someone who '
                       + 'climbs the stairs all the same. The rhythm of the '
                       + 'light should be what saves the boat.',
        },
        pace: tps(24, 1200),
    },
    {
        name: 'bread', play: 'stream', model: 'mistral-medium-latest',
        ask: 'A recipe for one loaf, no kneading, ready for breakfast.',
        reply: { content: text('bread.md') }, pace: tps(28),
    },
    {
        name: 'note', play: 'message', model: 'claude-sonnet-4-5',
        ask: 'Write a short note to the team: why do we watch the time to the '
             + 'first token, and not only that of the whole answer?',
        own: {
            reasoning: 'They know the dashboard, but not why there are three '
                       + 'numbers. Start with two answers of ten seconds. Name '
                       + 'the usual cause: a changing line at the top of the '
                       + 'prompt. End with one rule.',
            content: text('first_token.md'), rate: 26, wait: 900,
        },
    },
];


/** One of each other kind. */

const various = [
    {
        name: 'weather', play: 'tools', model: 'gpt-4o',
        ask: 'Shall I sail from Bergen to Lerwick tomorrow?',
        tools: {
            get_forecast: [
                tool('get_forecast', 'Wind and waves for a sea area', {
                    area: string('such as "Viking"'), day: string('ISO date'),
                }),
                { wind: 'NW 5, later 7', waves_m: 3.5, visibility: 'good' },
            ],
            get_tides: [
                tool('get_tides', 'High and low water of a port', {
                    port: string('name of the port'),
                }),
                { high: ['04:12', '16:38'], low: ['10:20', '22:51'] },
            ],
        },
        reply: {
            toolCalls: [
                { name: 'get_forecast', id: 'call_forecast',
                  arguments: { area: 'Viking', day: '2026-06-21' } },
                { name: 'get_tides', id: 'call_tides',
                  arguments: { port: 'Lerwick' } },
            ],
        },
        then: {
            content: 'I would wait a day. North-west 5 is a good wind for it, '
                     + 'but 7 comes **later**, when you are in the middle, and '
                     + 'against waves of 3.5 m. If you go on Tuesday, be off '
                     + 'Bressay before 16:38: the ebb sets against you then.',
        },
        pace: tps(35, 400),
    },
    {
        name: 'booking', play: 'chat', model: 'gpt-4o-mini',
        system: 'Extract the booking.',
        ask: 'Two berths for the Heron, 11 metres, from Friday, three nights, '
             + 'with power please. Ada Lindqvist',
        params: {
            response_format: {
                type: 'json_schema',
                json_schema: {
                    name: 'booking', strict: true,
                    schema: {
                        type: 'object', additionalProperties: false,
                        required: ['boat', 'length_m', 'nights', 'power'],
                        properties: {
                            boat: { type: 'string' },
                            length_m: { type: 'number' },
                            nights: { type: 'integer' },
                            power: { type: 'boolean' },
                        },
                    },
                },
            },
        },
        reply: {
            content: { boat: 'Heron', length_m: 11, nights: 3, power: true },
        },
        pace: after(640),
    },
    {
        name: 'picture', play: 'chat', model: 'gpt-4o',
        ask: [
            { type: 'text', text: 'What is in this picture?' },
            { type: 'image_url', image_url: { url: picture } },
        ],
        reply: {
            content: 'A lighthouse at night, on a dark cliff to the left. Its '
                     + 'beam goes to the right over a calm sea, and a few '
                     + 'stars are out.',
        },
        pace: after(1400),
    },
    {
        name: 'summary', play: 'response', model: 'gpt-4.1-mini',
        system: 'One sentence, no more.',
        ask: 'Summarise: the ferry at nine is full, the one at eleven is not, '
             + 'and the last one does not run on Sundays.',
        reply: { content: 'Take the ferry at eleven.' }, pace: after(500),
    },
    {
        name: 'vectors', play: 'embeddings', model: 'text-embedding-3-small',
        ask: ['harbour', 'port', 'haven', 'a kettle'],
        own: { wait: 90 },
    },
    {
        name: 'claude', play: 'raw', model: 'claude-haiku-4-5',
        path: '/v1/messages',
        body: (model, ask) => ({
            model, max_tokens: 300, messages: [{ role: 'user', content: ask }],
        }),
        ask: 'Three knots that a beginner should know?',
        reply: {
            content: '1. **Bowline**, a loop that holds and opens again.\n'
                     + '2. **Clove hitch**, to hang a fender.\n'
                     + '3. **Round turn and two half hitches**, for the rest.',
        },
        pace: after(800),
    },
    {
        name: 'gemini', play: 'raw', model: 'gemini-2.5-flash',
        path: '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
        body: (_, ask) => ({
            contents: [{ role: 'user', parts: [{ text: ask }] }],
        }),
        ask: 'What does a barometer tell me if it falls quickly?',
        reply: {
            content: 'That wind is coming, and soon: more than 1 hPa in an '
                     + 'hour means a gale is likely. "Long foretold, long '
                     + 'last; short notice, soon past."',
        },
        pace: tps(22, 300),
    },
    {
        name: 'router', play: 'router', model: 'anthropic/claude-haiku-4.5',
        ask: 'Which star do sailors steer by in the north?',
        reply: {
            content: 'Polaris. Follow the outer edge of the Plough five times '
                     + 'its own length, and you are there.',
            usage: {
                prompt_tokens: 1842, completion_tokens: 29, cost: 0.000613,
                prompt_tokens_details: { cached_tokens: 1536 },
            },
        },
        pace: after(900),
    },
    {
        name: 'limerick', play: 'stream', model: 'gpt-4.1-mini',
        params: { max_completion_tokens: 24 },
        ask: 'A limerick about nginx.',
        reply: {
            content: 'A server that never would tire\nTook requests as fast as '
                     + 'a wire;\nWith two workers', finishReason: 'length',
        },
        pace: tps(30),
    },
    {
        name: 'refusal', play: 'chat', model: 'gpt-4o',
        ask: 'Tell me the code of my neighbour\'s front door.',
        own: {
            refusal: 'I can\'t help with getting into someone else\'s home. If '
                     + 'you are worried about your neighbour, ring them, or '
                     + 'call the emergency number.',
            wait: 500,
        },
    },
    {
        name: 'busy', play: 'chat', model: 'gpt-5-mini', retries: 2,
        ask: 'How many lighthouses are there in Norway?',
        own: {
            busy: 2, wait: 600, reasoning_tokens: 64,
            content: 'There were 212 in all; about 150 of them are still lit, '
                     + 'and none has a keeper any more.',
        },
    },
];


/** What goes wrong. */

const troubles = [
    {
        name: 'wrong-key', play: 'chat', model: 'gpt-4o', fails: true,
        ask: 'Is anybody there?',
        reply: {
            error: {
                message: 'Incorrect API key provided.', code: 'invalid_api_key',
                type: 'invalid_request_error',
            },
            status: 401,
        },
    },
    {
        name: 'too-long', play: 'chat', model: 'gpt-4o-mini', fails: true,
        ask: 'Summarise the log of the last three years. '
             + 'wind NW, sea slight, nothing seen. '.repeat(400),
        reply: {
            error: {
                message: 'This model\'s maximum context length is 128000 '
                         + 'tokens. Please shorten the messages.',
                code: 'context_length_exceeded', type: 'invalid_request_error',
            },
            status: 400,
        },
    },
    {
        name: 'server-error', play: 'stream', model: 'gpt-4.1', retries: 1,
        fails: true,
        ask: 'Draw me a chart of the harbour in ASCII.',
        reply: {
            error: {
                message: 'The server had an error while processing your '
                         + 'request.', type: 'server_error',
            },
            status: 500,
        },
    },
    {
        name: 'error-in-stream', play: 'stream', model: 'gpt-4o', fails: true,
        ask: 'Tell me the whole history of navigation.',
        own: {
            content: 'It begins with people who went out of sight of land and '
                     + 'came back: they knew the stars, the swell and',
            rate: 24, wait: 400,
            error: {
                message: 'The engine is currently overloaded, please try again '
                         + 'later', type: 'server_error', code: 'overloaded',
            },
        },
    },
    {
        name: 'cut', play: 'stream', model: 'deepseek-chat', fails: true,
        ask: '给我讲一个关于港口的长故事。',
        reply: {
            content: '从前有一座很小的港口，每到傍晚，守灯人都会沿着堤坝走一圈，数一数回来的'
                     + '船。那天他数到第十一条，海上起了雾，远处传来一声汽笛，'.repeat(3),
        },
        pace: { ...tps(20), chunkSize: 2, disconnectAfterMs: 1500 },
    },
    {
        name: 'stopped', play: 'stream', model: 'gpt-4o', stop: 2200,
        ask: 'Write an essay about every kind of buoy there is.',
        reply: {
            content: 'Buoys are the road signs of the sea. Let us begin with '
                     + 'the lateral marks, of which there are two families. '
                     + text('tides.md'),
        },
        pace: tps(25),
    },
    {
        name: 'impatient', play: 'chat', model: 'o4-mini', stop: 2500,
        ask: 'Prove that the harbour has a shortest tour of all its berths.',
        reply: { content: 'There are finitely many tours.' },
        pace: after(20_000),
    },
    {
        name: 'slow', play: 'chat', model: 'o3',
        ask: 'Is 2 ** 61 - 1 a prime? Think as long as you need.',
        own: {
            content: 'Yes: it is the Mersenne prime M61, proved by Pervushin '
                     + 'in 1883.',
            wait: 7000, reasoning_tokens: 1472,
        },
    },
];

/** @type {Scene[]} */
export const scenes = [...short, ...long, ...various, ...troubles];

export const longOnes = long;

export const others = scenes.filter((scene) => !long.includes(scene));

export const named = new Map(scenes.map((scene) => [scene.name, scene]));
