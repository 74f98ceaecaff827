# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# What one would write in Python: a proxy that keeps both bodies of the last
# 1000 exchanges.  proxy.py PORT UPSTREAM

import collections
import logging
import sys
import time

from aiohttp import ClientSession, TCPConnector, web

HOP = {"connection", "transfer-encoding", "content-length", "keep-alive",
       "host"}

history = collections.deque(maxlen=1000)


def headers_of(message):
    return {k: v for k, v in message.headers.items() if k.lower() not in HOP}


async def handle(request):
    body = await request.read()
    record = {"method": request.method, "url": str(request.rel_url),
              "request": body, "started": time.time()}
    pieces = []

    async with request.app["session"].request(
            request.method, request.app["upstream"] + request.raw_path,
            headers=headers_of(request), data=body) as answer:

        response = web.StreamResponse(status=answer.status,
                                      headers=headers_of(answer))
        await response.prepare(request)

        async for piece in answer.content.iter_any():
            pieces.append(piece)
            await response.write(piece)

        await response.write_eof()

    record["status"] = response.status
    record["response"] = b"".join(pieces)
    record["seconds"] = time.time() - record["started"]
    history.append(record)

    return response


async def session(app):
    async with ClientSession(auto_decompress=False,
                             connector=TCPConnector(limit=0)) as client:
        app["session"] = client
        yield


def main():
    logging.disable(logging.CRITICAL)     # of clients that have left

    app = web.Application(client_max_size=1 << 30)
    app["upstream"] = f"http://127.0.0.1:{sys.argv[2]}"
    app.cleanup_ctx.append(session)
    app.router.add_route("*", "/{path:.*}", handle)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None,
                access_log=None)


main()
