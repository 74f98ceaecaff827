// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: whatever the client does, it gets the same answer from a
// recording nginx as from a plain one. The record says what happened, and has
// the bytes that passed. The upstream's journal and nginx's log show that the
// fault did happen.
//
// Seen to fail when an unfinished or invalid upload was laid to the upstream
// that had it already.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
    answer, arrived, framed, head, pieces, product, protocols, question,
    run, runAll, serve, until, ways, wholeAnswer,
} from './lib/cases.mjs';
import { caseOf } from './lib/upstream.mjs';

serve(1);


// the moment of the fault, and the bytes sent before it

const moments = {
    async 'before its body'(c, uri) {
        await c.begin('POST', uri, question.length);
    },

    async 'in its body'(c, uri) {
        await c.begin('POST', uri, question.length);
        await c.send(question.subarray(0, 20));
    },

    async 'while it waits'(c, uri) {
        await c.begin('POST', uri, question.length);
        await c.send(question);
        await c.finish();
    },
};

moments['in the answer'] = moments['while it waits'];

const left = (what) => /close|peer/.test(what);

function clientFault({ protocol, way, moment, fault }) {
    const early = /^before|^in its/.test(moment);
    const answered = moment === 'in the answer' ? pieces[0] : Buffer.alloc(0);
    const got = moment.startsWith('before') ? Buffer.alloc(0)
        : early ? question.subarray(0, 20) : question;

    // nginx reads the whole request before it connects to the upstream

    const contacted = !early || way[0] === 'u';

    // "close" ends the stream, then resets it

    const refused = early && fault === 'close';

    return {
        protocol, way, name: `the client's ${fault} ${moment}`,

        // a client that left does not see the rest

        same: ['status', 'headers', 'body'],

        async act(c, uri, journal) {
            await moments[moment](c, uri);
            await arrived(caseOf(uri), got.length, answered.length);

            // TLS holds a record back until it is full

            if (protocol !== 'h1s' || way[0] === 'u') {
                await c.answer.seen(answered.length);
            }

            if (contacted) {
                await until(() => journal().includes('stall'));
            }

            c[fault]();
            await c.closed;

            if (contacted) {
                await until(() => journal().some(left));
            }
        },

        async script(peer) {
            if (!early) {
                await peer.body();
            }

            if (answered.length > 0) {
                await peer.send(head('chunked') + framed('chunked', answered));
                await peer.taken();
            }

            await peer.stall();
        },

        expect({ record, journal, saw, request, response, log }) {
            assert.equal(journal.includes('stall'), contacted);
            assert.equal(journal.some(left), contacted);
            assert.equal(record.complete, false);
            assert.deepEqual(request, got);

            // nginx may have read the end without the reset

            if (refused && record.outcome === 'rejected') {
                assert.match(log, /client prematurely closed stream/);
                assert.equal(record.status, 400);
                return;
            }

            assert.equal(record.outcome, 'client_aborted');
            assert.deepEqual(response, answered);
            assert.equal(record.status, saw.status ? 200
                         : early ? record.status : 499);
        },
    };
}

// fault 6

for (const fault of ['fin', 'rst', 'cancel', 'close']) {
    test(`client: ${fault} at every moment`, (t) => runAll(t, [...product({
        protocol: protocols, way: ways, moment: Object.keys(moments),
        fault: [fault],
    })].filter(({ protocol }) => protocol.startsWith('h2')
               || fault === 'fin' || fault === 'rst').map(clientFault)));
}


// fault 3: the client says nothing more, before or in its body

test('client: silent in its upload', (t) => runAll(t, [...product({
    protocol: protocols, way: ways, moment: ['before its body', 'in its body'],
})].map(({ protocol, way, moment }) => ({
    protocol, way, short: true, name: `the client's stall ${moment}`,

    async act(c, uri) {
        await moments[moment](c, uri);
        await c.answer.seen(Infinity);
    },

    script: (peer) => peer.stall(),

    expect({ record, journal, saw, request }) {
        assert.equal(journal.includes('stall'), way[0] === 'u');
        assert.equal(record.outcome, 'timeout');
        assert.equal(record.status, 408);
        assert.equal(saw.status, 0);
        assert.equal(request.length, moment === 'in its body' ? 20 : 0);
    },
})), 20));


// more bytes than the buffers of the sockets hold

const large = Buffer.alloc(8 << 20, 'All work and no play makes a long text. ');

async function sendLarge(peer) {
    await peer.body();
    await peer.send('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n'
                    + `Content-Length: ${large.length}\r\n`
                    + 'Connection: close\r\n\r\n');
    await peer.send(large);
    peer.fin();
}

// fault 3, fault 7

test('client: does not read', (t) => runAll(t, [...product({
    protocol: protocols, way: ['bp', 'up', 'z'],
})].map(({ protocol, way }) => ({
    protocol, way, short: true, name: 'the client does not read',
    same: ['status', 'headers'],

    async act(c, uri) {
        const gone = new RegExp(`client timed out .*case=${caseOf(uri)} `);

        await c.begin('POST', uri, 0);
        await c.finish();
        await c.answer.seen(1);
        c.pause();
        await until(() => gone.test(run.nginx.log));
    },

    script: sendLarge,

    expect({ record, journal, response, log }) {
        assert.ok(journal.some(left));
        assert.match(log, /client timed out \(110/);
        assert.equal(record.outcome, 'timeout');
        assert.equal(record.status, 200);
        assert.deepEqual(response, large.subarray(0, 65536));
    },
})), 6));


// fault 7: in the end it has all

test('client: reads late', (t) => runAll(t, [...product({
    protocol: protocols, way: ['bp', 'up', 'z'],
})].map(({ protocol, way }) => ({
    protocol, way, name: 'the client reads late',

    async act(c, uri, journal) {
        const spooled = new RegExp('buffered to a temporary file .*'
                                   + `case=${caseOf(uri)} `);

        await c.begin('POST', uri, 0);
        await c.finish();
        await c.answer.seen(1);
        c.pause();

        // sent bytes may still be in the kernel; only nginx can say that it
        // read them and cannot pass them on

        await until(() => way === 'bp' ? spooled.test(run.nginx.log)
            : journal().includes('blocked'));
        c.resume();
        await c.answer.seen(Infinity);
    },

    async script(peer) {
        await Promise.all([sendLarge(peer),
                           way === 'bp' ? undefined : peer.blocked()]);
    },

    expect({ record, saw, response, log }) {
        assert.equal(/buffered to a temporary file/.test(log), way === 'bp');
        assert.equal(record.outcome, 'ok');
        assert.equal(record.response_bytes, large.length);
        assert.deepEqual(record.truncated, { request: false, response: true });
        assert.deepEqual(response, large.subarray(0, 65536));
        assert.ok(saw.body.equals(large));
    },
})), 6));


// fault 11: thirty megabytes, of which the first are kept

test('client: a large upload', (t) => runAll(t, [
    ['h1', 'bp'], ['h1s', 'up'], ['h2', 'bp'], ['h2s', 'up'],
].map(([protocol, way]) => ({
    protocol, way, name: '30 MB',

    async act(c, uri) {
        await c.begin('POST', uri, 30 << 20);

        for (let rest = 30 << 20; rest > 0; rest -= large.length) {
            await c.send(large.subarray(0, rest));
        }

        await c.finish();
        await c.answer.seen(Infinity);
    },

    async script(peer) {
        const body = await peer.body();

        peer.note(`got ${body.length}`);
        await peer.send(answer('length'));
        peer.fin();
    },

    expect({ record, journal, saw, request }) {
        assert.ok(journal.includes(`got ${30 << 20}`));
        assert.equal(saw.status, 200);
        assert.equal(record.outcome, 'ok');
        assert.equal(record.request_bytes, 30 << 20);
        assert.deepEqual(record.truncated, { request: true, response: false });
        assert.deepEqual(request, large.subarray(0, 65536));
    },
})), 1));


test('client: one byte at a time', (t) => runAll(t, [...product({
    protocol: protocols, way: ways, framing: ['chunked'],
})].map((axes) => wholeAnswer({
    ...axes, name: 'the client drips',

    async act(c, uri) {
        if (axes.protocol.startsWith('h2')) {
            await c.begin('POST', uri, question.length);
        } else {
            for (const byte of c.head('POST', uri, question.length)) {
                await c.write(byte);
            }
        }

        for (const byte of question) {
            await c.send(Buffer.of(byte));
        }

        await c.finish();
        await c.answer.seen(Infinity);
    },

    async script(peer) {
        await peer.body();
        await peer.send(answer('chunked'));
        peer.fin();
    },
}))));


// fault 4: the client's request is not what it says; nginx refuses it, and the
// upstream has no part in it

const untrue = {
    'a chunk without a size': 'zz\r\nx',
    'a chunk of an enormous size': 'fffffffffffffffff\r\nx',
    'a chunk that goes on after its end': '1\r\n12345\r\n',
};

test('client: lies', (t) => runAll(t, [...product({
    protocol: ['h1', 'h1s'], way: ways, lie: Object.keys(untrue),
})].map(({ protocol, way, lie }) => ({
    protocol, way, name: lie,

    async act(c, uri, journal) {
        await c.begin('POST', uri);

        if (way[0] === 'u') {
            await until(() => journal().includes('stall'));
        }

        await c.write(untrue[lie]);
        await c.answer.seen(Infinity);
    },

    script: (peer) => peer.stall(),

    expect({ record, journal, saw, log }) {
        assert.equal(journal.includes('stall'), way[0] === 'u');
        assert.match(log, /client sent invalid chunked body/);
        assert.equal(saw.status, 400);
        assert.equal(record.status, 400);
        assert.equal(record.outcome, 'rejected');
    },
}))));


// fault 49: binary bodies both ways

const bytes = Buffer.from(Array.from({ length: 50_000 },
                                     (_, i) => (i * 7919) >> 3 & 0xff));
const form = Buffer.concat([
    Buffer.from('--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n'
                + 'whisper-1\r\n--b\r\nContent-Disposition: form-data; '
                + 'name="file"; filename="a.wav"\r\n\r\n'),
    bytes, Buffer.from('\r\n--b--\r\n'),
]);

test('an upload of sound, an answer of sound', (t) => runAll(t, [...product({
    protocol: protocols, way: ways, framing: ['chunked', 'length', 'close'],
})].map(({ protocol, way, framing }) => ({
    protocol, way, name: `${framing}: sound`,

    async act(c, uri) {
        await c.begin('POST', uri, form.length, {
            'content-type': 'multipart/form-data; boundary=b',
        });
        await c.send(form);
        await c.finish();
        await c.answer.seen(Infinity);
    },

    async script(peer) {
        const got = await peer.body();

        peer.note(`got ${got.equals(form)}`);
        await peer.send(head(framing).replace(/text.event-stream/, 'audio/mpeg')
            .replace(/(Content-Length: )\d+/, `$1${bytes.length}`));
        await peer.send(framed(framing, bytes));
        await peer.send(framing === 'chunked' ? '0\r\n\r\n' : '');
        peer.fin();
    },

    expect({ record, journal, saw, request, response }) {
        assert.ok(journal.includes('got true'));
        assert.equal(record.outcome, 'ok');
        assert.equal(record.complete, true);
        assert.equal(record.response.body_encoding, 'base64');
        assert.ok(request.equals(form));
        assert.ok(response.equals(bytes));
        assert.ok(saw.body.equals(bytes));
    },
}))));
