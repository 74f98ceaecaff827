// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The promise: whatever the upstream does, the client gets the same answer
// from a recording nginx as from a plain one. The record says what happened,
// and has the bytes that passed. The upstream's journal and nginx's log show
// that the fault did happen.
//
// Seen to fail when an invalid chunk was laid to the client, when a stream
// without an event counted as whole, and when an answer without a status line
// counted as a client that left.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
    answer, framed, head, pieces, product, protocols, question, runAll,
    serve, ways, whole, wholeAnswer,
} from './lib/cases.mjs';

serve(0);


// under TLS nginx takes a reset for an end

const reasons = {
    fin: /prematurely closed connection/,
    cut: /prematurely closed connection/,
    rst: /\(104: Connection reset by peer\)/,
    stall: /upstream timed out \(110/,
};

// what the upstream sends before the fault, and how much of it is body

const phases = {
    'before its header': () => ['', 0],
    'in its header': (f) => [head(f).slice(0, 40), 0],
    'after its header': (f) => [head(f), 0],
    'in its body': (f) => [head(f) + framed(f, pieces[0]), pieces[0].length],
    'at its end': (f) =>
        [head(f) + pieces.map((p) => framed(f, p)).join(''), whole.length],
};

function upstreamFault({ protocol, way, framing, phase, fault }) {
    const [bytes, size] = phases[phase](framing);
    const headless = phase.startsWith('before') || phase.startsWith('in its h');

    // for HTTP the answer is whole

    const entire = (framing === 'length' && size === whole.length)
        || (framing === 'close' && !headless
            && (fault === 'fin' || fault === 'cut'
                || (fault === 'rst' && way[1] === 's')));

    // nginx waits for a full buffer unless it knows the end of a chunk, and so
    // does its TLS

    const prompt = way[0] === 'u'
        || (framing === 'chunked' && protocol !== 'h1s');

    return {
        protocol, way, short: fault === 'stall',
        name: `${framing}: the upstream's ${fault} ${phase}`,

        async script(peer, c) {
            await peer.body();

            if (bytes) {
                await peer.send(bytes);
            }

            // a reset overtakes bytes that nginx has not passed on

            if (size > 0 && prompt) {
                await c.answer.seen(size);
            } else if (bytes && fault === 'rst') {
                await peer.taken();
            }

            await peer[fault]();
        },

        expect({ record, journal, saw, log, request, response }) {
            assert.ok(journal.includes(fault));

            if (!entire) {
                assert.match(log, reasons[fault === 'rst' && way[1] === 's'
                                          ? 'cut' : fault]);
            }

            assert.equal(record.status, saw.status);
            assert.deepEqual(request, question);
            assert.equal(record.attempts.length, 1);

            if (headless) {
                assert.equal(saw.status, fault === 'stall' ? 504 : 502);
                assert.equal(record.outcome, fault === 'stall'
                             ? 'timeout' : 'upstream_error');
                assert.equal(record.response_model, null);
                assert.deepEqual(response, saw.body);
                return;
            }

            // the stream has its end, also where HTTP lacks one

            const ok = response.length === whole.length;

            assert.equal(saw.status, 200);
            assert.equal(saw.complete, entire);
            assert.equal(record.outcome, ok ? 'ok'
                         : fault === 'stall' ? 'timeout' : 'truncated');
            assert.equal(record.complete, ok);
            assert.deepEqual(saw.body, response);
            assert.deepEqual(response, whole.subarray(0, response.length));

            if (prompt || fault === 'fin' || fault === 'cut') {
                assert.equal(response.length, size);
            }
        },
    };
}

const useful = ({ framing, phase, fault, way }) =>
    (framing === 'chunked' || !/before|in its h/.test(phase))
    && (fault !== 'cut' || way[1] === 's');

for (const fault of ['fin', 'cut', 'rst', 'stall']) {
    // fault 1, fault 2, fault 3

    test(`upstream: ${fault} in every phase`, (t) => runAll(t, [
        ...product({
            protocol: protocols, way: ways, phase: Object.keys(phases),
            framing: ['chunked', 'length', 'close'], fault: [fault],
        }),
    ].filter(useful).map(upstreamFault), fault === 'stall' ? 20 : 40));
}


test('upstream: one byte at a time', (t) => runAll(t, [...product({
    protocol: protocols, way: ways, framing: ['chunked', 'length', 'close'],
})].map((axes) => wholeAnswer({
    ...axes, name: 'the upstream drips',
    async script(peer) {
        await peer.body();
        await peer.drip(answer(axes.framing));
        peer.fin();
    },
}))));


// The upstream's head does not fit its answer.  Versions of nginx differ in
// what they make of it; the record says what the client got.

const status = 'HTTP/1.1 200 OK\r\n';
const close = 'Content-Type: text/plain\r\nConnection: close\r\n\r\n';
const chunks = status + 'Transfer-Encoding: chunked\r\n' + close;
const text = 'Some text that means nothing. ';
const first = `${text.length.toString(16)}\r\n${text}\r\n`;

const lies = {
    'a length that is too small':
        `${status}Content-Length: 10\r\n${close}${text}`,
    'a length that is too large':
        `${status}Content-Length: 100000\r\n${close}${text}`,
    'a length that is no number': `${status}Content-Length: 1x\r\n${close}12`,
    'a negative length': `${status}Content-Length: -1\r\n${close}12`,
    'two lengths':
        `${status}Content-Length: 1\r\nContent-Length: 2\r\n${close}12`,
    'a length and chunks': `${status}Content-Length: 1\r\n`
        + `Transfer-Encoding: chunked\r\n${close}${first}0\r\n\r\n`,
    'a chunk without a size': `${chunks}${first}zz\r\n${text}`,
    'a chunk of an enormous size': `${chunks}${first}fffffffffffffffff\r\n1`,
    'a chunk that goes on after its end': `${chunks}${first}1\r\n12345\r\n0`,
    'bytes after the last chunk': `${chunks}${first}0\r\n\r\n${text}`,
    'trailers': `${chunks}${first}0\r\nX-Trailer: y\r\n\r\n`,
    'a status that is no number': `HTTP/1.1 2x0 OK\r\n${close}12`,
    'no status at all': `garbage\r\n\r\n${text}`,
    'a zero byte in a header': `${status}X-Zero: \0\r\n${close}12`,
    'a body with 204': `HTTP/1.1 204 No\r\nContent-Length: 2\r\n${close}12`,
    'a body with 304': `HTTP/1.1 304 No\r\nContent-Length: 2\r\n${close}12`,
    'an interim answer': `HTTP/1.1 103 Early\r\nLink: x\r\n\r\n`
        + `${status}Content-Length: 2\r\n${close}12`,
};

// fault 4, fault 10, fault 48

test('upstream: lies', (t) => runAll(t, [...product({
    protocol: protocols, way: ways, lie: Object.keys(lies),
})].filter(({ protocol, lie }) =>

    // nginx cannot express these in HTTP/2

    !(protocol.startsWith('h2') && /interim|status/.test(lie))

).map(({ protocol, way, lie }) => ({
    protocol, way, name: lie,

    async act(c, uri) {
        await c.begin('POST', uri, question.length);
        await c.send(question);
        await c.finish();

        // nginx keeps the connection of HTTP/0.9 open

        await Promise.race([c.answer.seen(Infinity),
                            c.answer.seen(lies[lie].length)]);
    },

    async script(peer) {
        await peer.body();
        await peer.send(lies[lie]);
        peer.fin();
    },

    expect({ record, journal, saw, request, response }) {
        assert.ok(journal.includes(`sent ${lies[lie].length}`));
        assert.deepEqual(request, question);

        // before 1.29 nginx took an interim answer for the answer

        if (record.status === 103) {
            assert.ok(response.toString().endsWith('\r\n\r\n12'));
            return;
        }

        assert.deepEqual(response, saw.body);

        // nginx passed nothing on

        if (saw.status === 0) {
            assert.equal(record.outcome, 'truncated');
            return;
        }

        if (saw.status === 9) {
            assert.equal(record.outcome, 'ok');
            assert.equal(record.status, null);
            return;
        }

        assert.equal(record.status, saw.status);

        if (saw.status >= 500) {
            assert.equal(record.outcome, 'upstream_error');
        } else {
            assert.equal(record.complete, saw.complete);
            assert.equal(record.outcome, saw.complete ? 'ok' : 'truncated');
        }
    },
}))));


// --- the upstream does not wait for the request ---

const upload = Buffer.alloc(100_000, 'x');

// fault 6

test('upstream: in the middle of an upload', (t) => runAll(t, [...product({
    protocol: protocols, way: ['up', 'us'],
    fault: ['fin', 'rst', 'stall', 'answer'],
})].map(({ protocol, way, fault }) => ({
    protocol, way, short: fault === 'stall',
    name: `${fault} in the middle of the upload`,

    async act(c, uri) {
        await c.begin('POST', uri, upload.length * 2);
        await c.send(upload);
        await c.answer.seen(Infinity);
    },

    async script(peer) {
        await peer.bytes(upload.length);

        if (fault === 'answer') {
            await peer.send('HTTP/1.1 413 Large\r\nContent-Length: 2\r\n'
                            + 'Connection: close\r\n\r\nno');
            peer.fin();
        } else {
            await peer[fault]();
        }
    },

    expect({ record, journal, saw, request }) {
        assert.ok(journal.includes(fault === 'answer' ? 'fin' : fault));
        assert.deepEqual(request, upload.subarray(0, request.length));
        assert.ok(record.request_bytes >= upload.length);

        // when both are silent, nginx times the client out and does not answer

        assert.equal(record.outcome, fault === 'stall' ? 'timeout'
                     : 'upstream_error');
        assert.equal(record.status, fault === 'answer' ? 413
                     : fault === 'stall' ? 408 : 502);
        assert.equal(saw.status, fault === 'stall' ? 0 : record.status);
    },
}))));


