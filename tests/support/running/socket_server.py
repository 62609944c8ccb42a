"""A server in place of the emulator, for tests of the front: `socket_server.py <port>`, in the local run's environment.

It answers a message with itself, or does what the message says: `close 4000`. A handshake with the query `refuse` is
refused. GET /seen tells what has come: of each connection its handshake, then its close code, null while it is open.
"""

import sys
from typing import Any

from aiohttp import WSMsgType, web  # type: ignore[import-not-found] # the tests' own environment lacks it

_SEEN = web.AppKey("seen", list[dict[str, Any]])


def application() -> web.Application:
    app = web.Application()
    app[_SEEN] = []
    app.router.add_get("/live", _live)
    app.router.add_get("/seen", _seen)
    return app


async def _live(request: web.Request) -> web.StreamResponse:
    if "refuse" in request.query:
        raise web.HTTPForbidden
    socket = web.WebSocketResponse(max_msg_size=0)
    await socket.prepare(request)
    connection: dict[str, Any] = {"path": request.raw_path, "headers": dict(request.headers), "closed": None}
    request.app[_SEEN].append(connection)
    async for message in socket:
        if message.type is WSMsgType.TEXT and message.data.startswith("close "):
            await socket.close(code=int(message.data.removeprefix("close ")))
        elif message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    connection["closed"] = socket.close_code
    return socket


async def _seen(request: web.Request) -> web.Response:
    return web.json_response(request.app[_SEEN])


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
