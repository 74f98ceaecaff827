// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// An upstream that a test scripts, to the byte and to the moment.  The URI of
// a request names its case (?case=ID).  The case's script gets the connection,
// and the case's journal notes all that happens.

import fs from 'node:fs';
import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';

export const uriOf = (path, id) => `${path}?case=${id}`;
export const caseOf = (uri) => /[?&]case=([\w.-]+)/.exec(uri)?.[1];

class Gone extends Error {}

// returns the bytes that the other end has not read yet; the kernel's table is
// long, so all callers share one reading

let table = '', tableAge = 0;

function unread(socket) {
    const hex = (port) => port.toString(16).toUpperCase().padStart(4, '0');
    const ends = `:${hex(socket.remotePort)} `
        + `0100007F:${hex(socket.localPort)} `;

    if (performance.now() > tableAge + 20) {
        table = fs.readFileSync('/proc/net/tcp', 'latin1');
        tableAge = performance.now();
    }

    const at = table.indexOf(ends);
    const queues = /[0-9A-F]{8}:([0-9A-F]{8})/.exec(
        table.slice(at + ends.length));

    return at < 0 ? 0 : parseInt(queues[1], 16);
}


// wraps a socket, so that TLS over it leaves the socket to us to reset

export function over(raw) {
    const stream = new Duplex({
        read() { raw.resume(); },
        write(data, encoding, done) { raw.write(data, done); },
        final(done) { raw.end(done); },
        destroy(e, done) { raw.destroy(); done(e); },
    });

    raw.on('data', (data) => stream.push(data) || raw.pause());
    raw.on('end', () => stream.push(null));
    raw.on('error', (e) => stream.destroy(e));
    raw.on('close', () => stream.destroy());

    return stream;
}


// a connection, as a script sees it

export class Peer {
    #pieces = [];
    #size = 0;
    #wake = () => {};
    #ended = false;

    constructor(socket, raw) {
        this.socket = socket;
        this.raw = raw;
        this.journal = [];

        this.gone = new Promise((done) => {
            const end = (how) => {
                if (!this.#ended) {
                    this.#ended = true;
                    this.note(how);
                }

                this.#wake();
                done();
            };

            socket.on('end', () => end('peer closed'));
            socket.on('error', (e) => end(`peer: ${e.code}`));
            socket.on('close', () => end('closed'));
        });

        socket.on('data', (data) => {
            this.#pieces.push(data);
            this.#size += data.length;
            this.#wake();
        });
    }

    note(what) {
        this.journal.push(what);
    }

    // reads at least so many bytes, until "take" returns something

    async #read(least, take) {
        for (;;) {
            if (this.#size >= least) {
                const bytes = Buffer.concat(this.#pieces);
                const got = take(bytes);

                this.#pieces = [bytes.subarray(got?.length ?? 0)];
                this.#size = this.#pieces[0].length;

                if (got !== undefined) {
                    return got;
                }
            }

            if (this.#ended) {
                throw new Gone();
            }

            await new Promise((done) => { this.#wake = done; });
        }
    }

    async head() {
        const text = (await this.#read(1, (bytes) => {
            const end = bytes.indexOf('\r\n\r\n');

            return end < 0 ? undefined : bytes.subarray(0, end + 4);
        })).toString('latin1');

        const [method, uri] = text.split(' ', 2);
        const length = /^content-length: *(\d+)/im.exec(text)?.[1];

        this.request = {
            method, uri, text, length: Number(length ?? 0),
            chunked: /^transfer-encoding: *chunked/im.test(text),
        };
        this.note('head');

        return this.request;
    }

    bytes(size) {
        return this.#read(size, (bytes) => bytes.subarray(0, size));
    }

    // returns the body of the request, with a length or in chunks

    async body() {
        const pieces = [];

        if (!this.request.chunked) {
            pieces.push(await this.bytes(this.request.length));

        } else {
            for (;;) {
                const line = await this.#read(1, (bytes) => {
                    const end = bytes.indexOf('\r\n');

                    return end < 0 ? undefined : bytes.subarray(0, end + 2);
                });

                const size = parseInt(line.toString('latin1'), 16);

                pieces.push((await this.bytes(size + 2)).subarray(0, size));

                if (size === 0) {
                    break;
                }
            }
        }

        this.note('body');

        return Buffer.concat(pieces);
    }

    // resolves when the kernel took the data

    async send(data) {
        await new Promise((done) => this.socket.write(data, done));
        this.note(`sent ${data.length}`);
    }

    // waits until nginx has read all sent bytes

    async taken() {
        do {
            await new Promise((done) => setTimeout(done, 20));
        } while (!this.#ended && unread(this.raw) > 0);
    }

    // waits until nginx stops reading

    async blocked() {
        for (let last = 0, now; ; last = now) {
            await new Promise((done) => setTimeout(done, 50));
            now = unread(this.raw);

            if (now > 0 && now === last) {
                this.note('blocked');
                return;
            }
        }
    }

    async drip(data) {
        for (const byte of data) {
            await new Promise((done) =>
                this.socket.write(Buffer.of(byte), done));
        }

        this.note(`dripped ${data.length}`);
    }

    fin() {
        this.note('fin');
        this.socket.end();
    }

    // the end of TCP without the end of TLS

    cut() {
        this.note('cut');
        this.raw.end();
    }

    rst() {
        this.note('rst');
        this.raw.resetAndDestroy();
    }

    async stall() {
        this.note('stall');
        await this.gone;
    }
}


export class Upstream {
    scripts = new Map();
    peers = new Map();
    failures = [];

    static async start({ port, tlsPort, key, cert }) {
        const up = new Upstream();
        const serve = (at, wrap) => new Promise((done, failed) => {
            const server = net.createServer({ noDelay: true }, (raw) => {
                const socket = wrap(raw);

                up.#open.add(raw);
                raw.on('close', () => up.#open.delete(raw));
                raw.on('error', () => {});
                up.#serve(new Peer(socket, raw));
            });

            server.once('error', failed);
            server.listen(at, '127.0.0.1', 1024, () => done(server));
        });

        up.servers = [await serve(port, (raw) => raw)];

        if (tlsPort) {
            const secureContext = tls.createSecureContext({ key, cert });

            up.servers.push(await serve(tlsPort, (raw) => new tls.TLSSocket(
                over(raw), { isServer: true, secureContext })));
        }

        return up;
    }

    #open = new Set();

    async #serve(peer) {
        try {
            const { uri } = await peer.head();
            const id = caseOf(uri);
            const script = this.scripts.get(id) ?? this.otherwise;

            if (!this.peers.has(id)) {
                this.peers.set(id, []);
            }

            this.peers.get(id).push(peer);
            await script(peer);

        } catch (e) {
            if (!(e instanceof Gone)) {
                this.failures.push(e);
            }
        }
    }

    // returns what happened to the connections of a case

    journal(id) {
        return (this.peers.get(id) ?? []).flatMap((peer) => peer.journal);
    }

    async stop() {
        for (const raw of this.#open) {
            raw.destroy();
        }

        await Promise.all(this.servers.map((server) =>
            new Promise((done) => server.close(done))));
    }
}
