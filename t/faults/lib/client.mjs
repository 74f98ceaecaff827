// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Clients that make faults on purpose.  HTTP/1 is written by hand; HTTP/2 is
// node:http2 over our own socket, so that a test can reset it.

import http2 from 'node:http2';
import net from 'node:net';
import tls from 'node:tls';

import { over } from './upstream.mjs';

function dial(port, secure, alpn) {
    const raw = net.connect({ port, host: '127.0.0.1', noDelay: true });

    raw.on('error', () => {});

    return [raw, secure ? tls.connect({
        socket: over(raw), rejectUnauthorized: false, ALPNProtocols: [alpn],
    }) : raw];
}


// An answer as far as it came.  "seen" resolves when its body has that many
// bytes, or when no more will come.

class Answer {
    status = 0;
    headers = [];
    pieces = [];
    size = 0;
    complete = false;
    over = false;
    #wait = [];

    add(data) {
        this.pieces.push(data);
        this.size += data.length;
        this.#tell();
    }

    end(complete) {
        if (!this.over) {
            this.over = true;
            this.complete = complete;
            this.#tell();
        }
    }

    #tell() {
        this.#wait = this.#wait.filter(({ size, done }) => {
            if (this.size >= size || this.over) {
                done(this.size >= size);
                return false;
            }

            return true;
        });
    }

    seen(size) {
        return new Promise((done) => {
            this.#wait.push({ size, done });
            this.#tell();
        });
    }

    get body() {
        return Buffer.concat(this.pieces);
    }
}


export class Http1 {
    answer = new Answer();
    #bytes = Buffer.alloc(0);
    #state = 'head';
    #left = 0;

    constructor(port, secure) {
        [this.raw, this.socket] = dial(port, secure, 'http/1.1');

        this.closed = new Promise((done) => this.socket.on('close', done));
        this.socket.on('error', () => {});
        this.socket.on('data', (data) => {
            this.#bytes = Buffer.concat([this.#bytes, data]);
            while (this.#step());
        });

        // an answer without a length is whole when the connection ends

        this.socket.on('end', () => this.answer.end(this.#state === 'all'));
        this.socket.on('close', () => this.answer.end(false));
    }

    #line() {
        const end = this.#bytes.indexOf('\r\n');

        if (end < 0) {
            return undefined;
        }

        const line = this.#bytes.subarray(0, end).toString('latin1');
        this.#bytes = this.#bytes.subarray(end + 2);

        return line;
    }

    #take(size) {
        const data = this.#bytes.subarray(0, size);

        this.#bytes = this.#bytes.subarray(data.length);

        if (data.length > 0) {
            this.answer.add(data);
        }

        return data.length;
    }

    #step() {
        switch (this.#state) {
        case 'head':   return this.#head();
        case 'all':    return this.#take(Infinity) > 0;
        case 'length': return this.#length(() => this.#end());
        case 'chunk':  return this.#length(() => { this.#state = 'crlf'; });
        case 'size':   return this.#size();
        case 'crlf':
        case 'last':   return this.#crlf();
        default:       return false;
        }
    }

    #head() {
        const end = this.#bytes.indexOf('\r\n\r\n');

        if (end < 0) {
            return false;
        }

        const [first, ...lines] = this.#bytes.subarray(0, end)
            .toString('latin1').split('\r\n');

        // HTTP/0.9, as nginx's log has it

        if (!/^HTTP\/1\.[01] \d{3}/.test(first)) {
            this.answer.status = 9;
            this.#state = 'all';
            return true;
        }

        this.#bytes = this.#bytes.subarray(end + 4);

        const status = Number(first.split(' ')[1]);

        if (status < 200 && status !== 101) {
            this.answer.interim = status;
            return true;
        }

        this.answer.status = status;
        this.answer.headers = lines;

        const head = lines.join('\n');

        if (/^transfer-encoding: chunked/im.test(head)) {
            this.#state = 'size';
        } else if (/^content-length:/im.test(head)) {
            this.#left = Number(/^content-length: *(\d+)/im.exec(head)[1]);
            this.#state = 'length';
        } else {
            this.#state = 'all';
        }

        if (this.headOnly || status === 204 || status === 304
            || (this.#state === 'length' && this.#left === 0))
        {
            this.#end();
        }

        return true;
    }

    #end() {
        this.#state = 'over';
        this.answer.end(true);
    }

    #length(next) {
        const taken = this.#take(this.#left);

        this.#left -= taken;

        if (this.#left > 0) {
            return false;
        }

        next();

        return true;
    }

    #size() {
        const line = this.#line();

        if (line === undefined) {
            return false;
        }

        this.#left = parseInt(line, 16);
        this.#state = this.#left === 0 ? 'last' : 'chunk';

        return true;
    }

    #crlf() {
        const line = this.#line();

        if (line === undefined) {
            return false;
        }

        if (this.#state === 'last') {
            this.#end();
        } else {
            this.#state = 'size';
        }

        return true;
    }

    // returns a request's head; without "length" the body is chunked

    head(method, path, length, headers = {}) {
        const lines = Object.entries(headers).map(([k, v]) => `${k}: ${v}\r\n`);

        this.headOnly = method === 'HEAD';
        this.chunked = length === undefined;

        return `${method} ${path} HTTP/1.1\r\nHost: api.test\r\n`
            + lines.join('')
            + (this.chunked ? 'Transfer-Encoding: chunked\r\n'
                : length === null ? '' : `Content-Length: ${length}\r\n`)
            + '\r\n';
    }

    write(data) {
        return new Promise((done) => this.socket.write(data, done));
    }

    async begin(...head) {
        await this.write(this.head(...head));
    }

    async send(data) {
        await this.write(this.chunked
            ? Buffer.concat([Buffer.from(data.length.toString(16) + '\r\n'),
                             data, Buffer.from('\r\n')])
            : data);
    }

    async finish() {
        if (this.chunked) {
            await this.write('0\r\n\r\n');
        }
    }

    fin() {
        this.socket.destroy();
    }

    rst() {
        this.raw.resetAndDestroy();
    }

    pause() {
        this.socket.pause();
    }

    resume() {
        this.socket.resume();
    }

    end() {
        this.socket.destroy();
    }
}


export class Http2 {
    answer = new Answer();

    constructor(port, secure) {
        const [raw, socket] = dial(port, secure, 'h2');

        this.raw = raw;
        this.closed = new Promise((done) => raw.on('close', done));
        this.session = http2.connect(`http${secure ? 's' : ''}://api.test`,
                                     { createConnection: () => socket });
        this.session.on('error', () => this.answer.end(false));
        this.session.on('close', () => this.answer.end(false));
    }

    async begin(method, path, length, headers = {}) {
        const fields = { ':method': method, ':path': path, ...headers };

        if (length !== undefined && length !== null) {
            fields['content-length'] = length;
        }

        this.stream = this.session.request(fields, {
            endStream: method === 'GET' || method === 'HEAD',
        });

        this.stream.on('response', (got, flags, list) => {
            this.answer.status = got[':status'];
            this.answer.headers = pairs(list);
        });
        this.stream.on('data', (data) => this.answer.add(data));
        this.stream.on('error', () => {});
        let ended = false;

        this.stream.on('end', () => { ended = true; });
        this.stream.on('close', () =>
            this.answer.end(ended && this.stream.rstCode === 0));
    }

    send(data) {
        return new Promise((done) => this.stream.write(data, done));
    }

    async finish() {
        this.stream.end();
    }

    // RST_STREAM

    cancel() {
        this.stream.destroy(new Error('cancelled'));
        this.closed = Promise.resolve();
    }

    // END_STREAM, then RST_STREAM

    close() {
        this.stream.close(http2.constants.NGHTTP2_CANCEL);
        this.closed = Promise.resolve();
    }

    fin() {
        this.session.destroy();
    }

    rst() {
        this.raw.resetAndDestroy();
    }

    pause() {
        this.stream.pause();
    }

    resume() {
        this.stream.resume();
    }

    end() {
        this.session.destroy();
    }
}

function pairs(list) {
    const lines = [];

    for (let i = 0; i < list.length; i += 2) {
        if (!list[i].startsWith(':')) {
            lines.push(`${list[i]}: ${list[i + 1]}`);
        }
    }

    return lines;
}

// "h1", "h1s", "h2", "h2s": s is for TLS

export function client(protocol, ports) {
    const secure = protocol.endsWith('s');
    const Client = protocol.startsWith('h2') ? Http2 : Http1;

    return new Client(secure ? ports.tls
        : Client === Http2 ? ports.h2 : ports.h1, secure);
}
