"""Passes WebSockets on to another server, with API Gateway's limits.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, web, web_ws
from aiohttp.http_websocket import WebSocketError, WebSocketReader
from yarl import URL

MESSAGE_BYTES, FRAME_BYTES = 128 * 1024, 32 * 1024
IDLE_SECONDS, LONGEST_SECONDS = 10 * 60, 2 * 60 * 60
_PAGES = web.AppKey("pages", set[web.WebSocketResponse])
# A close code that no frame may have: the other end vanished, or gave none (RFC 6455, section 7.4.1).
_UNSENDABLE = frozenset({0, 1004, 1005, 1006, 1015})
_CLOSE_SECONDS = 2.0

type Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


class _Frames(WebSocketReader):
    def _handle_frame(self, fin: bool, opcode: int, payload: bytes | bytearray, compressed: int) -> None:  # noqa: FBT001 - aiohttp's signature
        if len(payload) > FRAME_BYTES:
            raise WebSocketError(WSCloseCode.MESSAGE_TOO_BIG, "The frame is too large.")
        super()._handle_frame(fin, opcode, payload, compressed)


def install(app: web.Application) -> None:
    # aiohttp limits messages only.
    web_ws.WebSocketReader = _Frames  # type: ignore[attr-defined] # it is not exported
    app[_PAGES] = set()
    app.on_shutdown.append(_close_all)


async def _close_all(app: web.Application) -> None:
    """End all connections, for which the server would otherwise wait when it stops."""
    await asyncio.gather(*(page.close(code=WSCloseCode.GOING_AWAY) for page in app[_PAGES]))


async def passed_on(
    request: web.Request, client: aiohttp.ClientSession, url: URL, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Pass a handshake on, and messages and the close code both ways; a handshake that is refused there is refused.

    Raises aiohttp.ClientConnectionError if the other server cannot be reached.
    """
    close = aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS)
    try:
        connecting = client.ws_connect(url, headers=headers, max_msg_size=0, timeout=close)
        async with connecting as server:
            page = web.WebSocketResponse(max_msg_size=MESSAGE_BYTES + 1, compress=False, timeout=_CLOSE_SECONDS)
            await page.prepare(request)
            request.app[_PAGES].add(page)
            try:
                await _relay(page, server)
            finally:
                request.app[_PAGES].discard(page)
            return page
    except aiohttp.WSServerHandshakeError as error:
        return web.json_response({"message": HTTPStatus(error.status).phrase}, status=error.status)


async def _relay(page: web.WebSocketResponse, server: aiohttp.ClientWebSocketResponse) -> None:
    """Pass messages on until one end closes or API Gateway would; then close both."""
    loop = asyncio.get_running_loop()
    end = loop.time() + LONGEST_SECONDS
    code: int | None = WSCloseCode.GOING_AWAY
    try:
        async with asyncio.timeout_at(end) as limit:

            def used() -> None:
                limit.reschedule(min(end, loop.time() + IDLE_SECONDS))

            used()
            pumps = [asyncio.create_task(_pump(*ends)) for ends in ((page, server, used), (server, page, used))]
            try:
                ended, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                code = next((pump.result() for pump in ended if pump.exception() is None), code)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
    except TimeoutError:
        pass
    finally:
        sent = WSCloseCode.GOING_AWAY if code is None or code in _UNSENDABLE else code
        await asyncio.gather(page.close(code=sent), server.close(code=sent))


async def _pump(source: Socket, target: Socket, used: Callable[[], None]) -> int | None:
    """Send what comes from a socket to another until one of them is closed; return the close code of the first."""
    async for message in source:
        used()
        if message.type is WSMsgType.TEXT:
            await target.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await target.send_bytes(message.data)
        elif isinstance(message.data, WebSocketError):
            return message.data.code
    return source.close_code
