// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// An agent of the demo.  Its system prompt and its tools' answers are files of this
// project, so its prompts are as long as real ones, and grow from turn to turn.
// main.mjs runs it.

import fs from 'node:fs';

import { tool } from './scenes.mjs';

const file = (name) => fs.readFileSync(
    new URL(`../${name}`, import.meta.url), 'utf8');

const readme = file('README.md');
const wordOf = (name) => ({ type: 'string', description: name });

export const model = 'gpt-5-mini';

export const system = 'You help the people who run this nginx module. Look '
    + 'things up before you answer, and answer in Markdown.\n\n' + readme;

export const tools = [
    tool('search_docs', 'Lines of the documentation that hold a word', {
        word: wordOf('what to look for'),
    }),
    tool('read_file', 'The text of a file of the project', {
        path: wordOf('from the top of the project'),
    }),
    tool('zone_status', 'How full the monitor\'s memory is', {}),
    tool('check_config', 'What nginx -t says to a directive', {
        text: wordOf('the directive'),
    }),
];

const work = {
    search_docs: ({ word }) => readme.split('\n')
        .filter((line) => line.includes(word)).join('\n'),

    read_file: ({ path }) => file(path),

    zone_status: () => JSON.stringify({
        size_bytes: 67108864, pages_free: 9344, records: 1000, evicted: 48211,
        truncated: 0, mean_record_bytes: 26624,
    }),

    check_config: ({ text }) => `nginx: ${text.split(' ')[0]}: syntax is ok\n`
        + 'nginx: configuration file /etc/nginx/nginx.conf test is successful',
};

export const call = (name, args) => work[name](JSON.parse(args));


/** What people ask, one after the other; each begins a thread of its own. */

export const questions = [
    'After an hour of load the first exchanges are gone. How do we keep 5000?',
    'We want the last 5000 exchanges in the monitor. What must we change?',
    'Our history ends at 1000 exchanges, and we need five times that. How?',
];

export const more = 'And when one of them has an image of 20 MB in it?';

export const last = 'Thank you. One sentence for our changelog, please.';

/** What a line with the time, put at the top of a prompt, does to a cache. */

export const dated = (prompt, n) => `It is Sunday, minute ${n + 1}.\n${prompt}`;


const step = (content, ...calls) => ({
    content, rate: 70, wait: 450, reasoning_tokens: 128,
    tool_calls: calls.map(([id, name, args]) => ({
        id, type: 'function',
        function: { name, arguments: JSON.stringify(args) },
    })),
});

/** The answers, by the number of those that the request holds already. */

export const steps = [
    step('I will look up what bounds the history.',
         ['call_search', 'search_docs', { word: 'entries' }]),

    step('Two limits, then. Now the shipped file, and how full the zone is.',
         ['call_read', 'read_file', { path: 'conf/nginx.conf' }],
         ['call_zone', 'zone_status', {}]),

    step('26 KB a record: 5000 of them need 130 MB, and a fifth to spare.',
         ['call_check', 'check_config', {
             text: 'openai_monitor_zone zone=openai:160m entries=5000;',
         }]),

    step(fs.readFileSync(new URL('texts/zone.md', import.meta.url), 'utf8')
        .trimEnd()),

    step('Nothing breaks. `openai_monitor_body_max` keeps the first **1 MB** '
         + 'of each direction; the rest is passed on, counted and understood, '
         + 'but not kept, and the record says so.'),

    step('The monitor now keeps the last 5000 exchanges, in 160 MB.'),
];
