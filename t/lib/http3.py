# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# A client of HTTP/3 that can give up one request of several on its connection,
# which curl cannot.  Lines from stdin say what it does:
#
#   get STREAM PATH         a request; streams are 0, 4, 8 and so on
#   post STREAM PATH TEXT   one whose body begins with the text, without an end
#   stop STREAM             STOP_SENDING: no more of the answer is wanted
#   reset STREAM            RESET_STREAM: there will be no more of the request
#
# and what comes is a line on stdout: "STREAM status NNN", "STREAM data HEX",
# "STREAM end".  The end of stdin is the end of the connection.

import asyncio
import ssl
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect
from aioquic.h3.connection import H3_ALPN, ErrorCode, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration


class Client(QuicConnectionProtocol):
    h3 = None

    def quic_event_received(self, event):
        if self.h3 is None:
            self.h3 = H3Connection(self._quic)

        for got in self.h3.handle_event(event):
            stream = got.stream_id

            if isinstance(got, HeadersReceived):
                print(stream, "status", dict(got.headers)[b":status"].decode())

            elif isinstance(got, DataReceived) and got.data:
                print(stream, "data", got.data.hex())

            if getattr(got, "stream_ended", False):
                print(stream, "end")

        sys.stdout.flush()

    def do(self, what, stream, path="", text=""):
        if what in ("get", "post"):
            self.h3.send_headers(stream, [
                (b":method", what.upper().encode()), (b":scheme", b"https"),
                (b":authority", b"127.0.0.1"), (b":path", path.encode()),
            ], end_stream=what == "get")

            if text:
                self.h3.send_data(stream, text.encode(), end_stream=False)

        elif what == "stop":
            self._quic.stop_stream(stream, ErrorCode.H3_REQUEST_CANCELLED)

        else:
            self._quic.reset_stream(stream, ErrorCode.H3_REQUEST_CANCELLED)

        self.transmit()


async def main(port):
    configuration = QuicConfiguration(alpn_protocols=H3_ALPN,
                                      verify_mode=ssl.CERT_NONE)
    lines = asyncio.StreamReader()

    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)

    async with connect("127.0.0.1", port, configuration=configuration,
                       create_protocol=Client) as client:
        while line := (await lines.readline()).decode():
            what, stream, *more = line.rstrip("\n").split(" ", 3)
            client.do(what, int(stream), *more)


asyncio.run(main(int(sys.argv[1])))
