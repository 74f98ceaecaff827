// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// As much of WebSocket (RFC 6455) as a conversation of text messages needs.

import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';

const accepted = (key) => createHash('sha1')
    .update(key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');

function frame(opcode, payload, mask) {
    const head = [0x80 | opcode];
    const bit = mask ? 0x80 : 0;
    const size = Buffer.alloc(8);

    if (payload.length < 126) {
        head.push(bit | payload.length);
    } else if (payload.length < 65536) {
        size.writeUInt16BE(payload.length);
        head.push(bit | 126, ...size.subarray(0, 2));
    } else {
        size.writeBigUInt64BE(BigInt(payload.length));
        head.push(bit | 127, ...size);
    }

    const body = Buffer.from(payload);

    if (mask) {
        const key = randomBytes(4);

        head.push(...key);
        body.forEach((byte, i) => { body[i] = byte ^ key[i & 3]; });
    }

    return Buffer.concat([Buffer.from(head), body]);
}


// One end of a connection: the client's end masks.  "hear" gets each message
// and null at the end.

class End {
    bytes = Buffer.alloc(0);
    closed = false;
    sent = 0;
    got = 0;

    constructor(socket, masks, hear) {
        this.socket = socket;
        this.masks = masks;
        this.hear = hear;
        socket.on('data', (piece) => this.take(piece));
        socket.on('close', () => hear(null));
        socket.on('error', () => {});
    }

    say(text) {
        this.write(1, Buffer.from(text));
    }

    close() {
        if (!this.closed) {
            this.closed = true;
            this.write(8, Buffer.from([3, 0xe8]));
        }
    }

    write(opcode, payload) {
        const bytes = frame(opcode, payload, this.masks);

        this.sent += bytes.length;
        this.socket.write(bytes);
    }

    take(piece) {
        this.got += piece.length;
        this.bytes = Buffer.concat([this.bytes, piece]);

        for (let used = this.one(); used > 0; used = this.one()) {
            this.bytes = this.bytes.subarray(used);
        }
    }

    // the length of the first frame, once it is there and has been heard

    one() {
        const b = this.bytes;

        if (b.length < 2) {
            return 0;
        }

        const short = b[1] & 0x7f;
        const more = short === 126 ? 2 : short === 127 ? 8 : 0;
        const mask = b[1] & 0x80 ? 4 : 0;
        const at = 2 + more + mask;

        if (b.length < at) {
            return 0;
        }

        const size = more === 2 ? b.readUInt16BE(2)
            : more === 8 ? Number(b.readBigUInt64BE(2)) : short;

        if (b.length < at + size) {
            return 0;
        }

        const body = Buffer.from(b.subarray(at, at + size));

        if (mask) {
            const key = b.subarray(at - 4, at);

            body.forEach((byte, i) => { body[i] = byte ^ key[i & 3]; });
        }

        if ((b[0] & 15) === 8) {
            this.close();
            this.socket.end();
        } else {
            this.hear(body.toString());
        }

        return at + size;
    }
}


export function serve(port, accept) {
    const server = http.createServer();

    server.on('upgrade', (req, socket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\n'
                     + 'Upgrade: websocket\r\nConnection: Upgrade\r\n'
                     + 'Sec-WebSocket-Accept: '
                     + accepted(req.headers['sec-websocket-key'])
                     + '\r\n\r\n');
        accept(socket);
    });

    return new Promise((done) => {
        server.listen(port, '127.0.0.1', () => done(server));
    });
}

export function connect(url, headers) {
    const key = randomBytes(16).toString('base64');

    return new Promise((done, failed) => {
        http.get(url, {
            headers: {
                ...headers, Connection: 'Upgrade', Upgrade: 'websocket',
                'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key,
            },
        }, (res) => failed(new Error(`status ${res.statusCode}`)))
            .on('upgrade', (res, socket, head) => {
                if (res.headers['sec-websocket-accept'] !== accepted(key)) {
                    failed(new Error('not accepted'));
                }

                socket.unshift(head);
                done({ socket, id: res.headers['x-monitor-id'] });
            })
            .on('error', failed);
    });
}

export const end = (socket, masks, hear) => new End(socket, masks, hear);
