"""The stable address of the local run: the page, the token issuer, and the deployed API.

`python -m local.front --port 8000 --gateway 49152 --state .local`. API requests and responses pass through unchanged:
headers, query string, percent-encoding and content encoding stay as they are, because clients of the real API depend on
them.
"""

import argparse
import json
import mimetypes
import re
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from local import ROOT, websocket_relay
from local.issuer import LIFETIME_SECONDS, Issuer
from local.template import API_ID, LIVE_API_ID

_ISSUER = web.AppKey("issuer", Issuer)
_GATEWAY = web.AppKey("gateway", str)
_CLIENT = web.AppKey("client", aiohttp.ClientSession)

# RFC 9110 section 7.6.1: these describe one connection, not the message.
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"}
    | {"te", "trailer", "transfer-encoding", "upgrade"}
)
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
_REQUEST_BYTES = 10 * 1024 * 1024
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost"})
_WEB = ROOT / "web"
# What `web/build.js` has built is looked for first.
_PAGE = _WEB / "dist"
_OPENAPI = ROOT / "docs" / "openapi.yaml"
# As a content delivery network does: what has a hash in its name never changes, all else is revalidated.
_IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
_COMPRESSED = re.compile(r"text/|application/(javascript|json|yaml)|image/svg")
_STATIC_HEADERS = {
    "Cache-Control": "no-cache",
    # The page has its own policy in a meta element, which cannot restrict framing.
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def application(*, port: int, gateway: int, state: Path) -> web.Application:
    app = web.Application()
    app[_ISSUER] = Issuer(issuer_url(port), state)
    app[_GATEWAY] = f"http://127.0.0.1:{gateway}"
    app.cleanup_ctx.append(_client)
    app.on_response_prepare.append(_without_server_header)
    app.router.add_get("/.well-known/openid-configuration", _configuration)
    app.router.add_get("/.well-known/jwks.json", _key_set)
    app.router.add_route("GET", "/local/token", _token)
    app.router.add_route("POST", "/local/token", _token)
    app.router.add_route("*", "/api", _pass_on)
    app.router.add_route("*", r"/api/{path:[\s\S]*}", _pass_on)
    websocket_relay.install(app)
    app.router.add_get("/live", _live)
    app.router.add_get("/openapi.yaml", _openapi)
    app.router.add_get(r"/{name:(README|CHANGELOG)\.md|docs/(?:decisions/)?[\w-]+\.md}", _document)
    app.router.add_get("/{path:.*}", _static)
    return app


def issuer_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


async def _client(app: web.Application) -> AsyncIterator[None]:
    # A function may answer late or never; the gateway's own limit applies, not one of the front.
    limits = aiohttp.ClientTimeout(total=None, sock_connect=5)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=limits, connector=connector, auto_decompress=False) as client:
        app[_CLIENT] = client
        yield


async def _without_server_header(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.pop("Server", None)


async def _configuration(request: web.Request) -> web.Response:
    return web.json_response(request.app[_ISSUER].configuration())


async def _key_set(request: web.Request) -> web.Response:
    return web.json_response(request.app[_ISSUER].key_set())


async def _token(request: web.Request) -> web.Response:
    # DNS rebinding: a foreign page whose name resolves to this machine could otherwise read the token.
    if URL(f"//{request.host}").host not in _LOOPBACK_NAMES:
        return _problem(HTTPStatus.FORBIDDEN, "Tokens are issued only under a loopback name.")
    subject = request.query.get("sub")
    if not subject:
        return _problem(HTTPStatus.BAD_REQUEST, "The query parameter sub is required: /local/token?sub=user-1")
    return web.json_response(
        {"token": request.app[_ISSUER].token(subject), "expiresIn": LIFETIME_SECONDS},
        headers={"Cache-Control": "no-store"},
    )


async def _openapi(_request: web.Request) -> web.StreamResponse:
    return _file(_OPENAPI, {"Content-Type": "application/yaml"})


async def _document(request: web.Request) -> web.StreamResponse:
    # Browsers show plain text and download Markdown.
    return _file(ROOT / request.match_info["name"], {"Content-Type": "text/plain; charset=utf-8"})


async def _static(request: web.Request) -> web.StreamResponse:
    path = request.match_info["path"]
    if "\0" in path:
        return _file(_WEB / "outside")
    built = (_PAGE / path).resolve()
    if built.is_relative_to(_PAGE / "assets"):
        return _file(built, _IMMUTABLE)
    if built == _PAGE:
        return _file(_PAGE / "index.html")
    target = (_WEB / path).resolve()
    if not target.is_relative_to(_WEB):
        return _file(_WEB / "outside")
    if target.is_dir() and not request.path.endswith("/"):
        # Relative URLs in the page are relative to the folder.
        raise web.HTTPMovedPermanently(f"{request.path}/")
    return _file(target / "index.html" if target.is_dir() else target)


def _file(path: Path, headers: Mapping[str, str] = MappingProxyType({})) -> web.StreamResponse:
    if not path.is_file():
        return _problem(HTTPStatus.NOT_FOUND, "This file does not exist.")
    response = web.FileResponse(path, headers={**_STATIC_HEADERS, **headers})
    # A file that was built has its compressed form beside it, which the response finds by itself.
    if not path.is_relative_to(_PAGE) and _COMPRESSED.match(mimetypes.guess_type(path)[0] or ""):
        response.enable_compression()
    return response


async def _pass_on(request: web.Request) -> web.StreamResponse:
    if (request.content_length or 0) > _REQUEST_BYTES:
        return web.json_response({"message": "Request Entity Too Large"}, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        answer = await _ask(request)
    except aiohttp.ClientConnectionError as error:
        return _unreachable(error)
    async with answer:
        response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=_end_to_end(answer.headers))
        await response.prepare(request)
        async for part in answer.content.iter_any():
            await response.write(part)
        await response.write_eof()
        return response


async def _ask(request: web.Request) -> aiohttp.ClientResponse:
    return await request.app[_CLIENT].request(
        request.method,
        URL(request.app[_GATEWAY] + request.raw_path, encoded=True),
        headers=_request_headers(request, API_ID),
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        data=request.content if request.body_exists else None,
        allow_redirects=False,
    )


async def _live(request: web.Request) -> web.StreamResponse:
    """Pass a WebSocket on to the deployed API; any other request is answered as API Gateway does."""
    if not web.WebSocketResponse().can_prepare(request):
        return web.json_response({"message": "Forbidden"}, status=HTTPStatus.FORBIDDEN)
    url = URL(request.app[_GATEWAY] + request.raw_path, encoded=True)
    headers = _request_headers(request, LIVE_API_ID)
    # Each of the two connections has its own handshake.
    sent = CIMultiDict(
        (name, value) for name, value in headers.items() if not name.lower().startswith("sec-websocket-")
    )
    try:
        return await websocket_relay.passed_on(request, request.app[_CLIENT], url, sent)
    except aiohttp.ClientConnectionError as error:
        return _unreachable(error)


def _request_headers(request: web.Request, api: str) -> CIMultiDict[str]:
    """Set the host name of a deployed API, and add the headers that API Gateway adds."""
    headers = _end_to_end(request.headers)
    headers["Host"] = f"{api}.execute-api.localhost"
    headers["X-Forwarded-For"] = request.remote or ""
    headers["X-Forwarded-Port"] = str(request.url.port)
    headers["X-Forwarded-Proto"] = request.scheme
    return headers


def _end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    named = {name.strip().lower() for value in headers.getall("Connection", []) for name in value.split(",")}
    dropped = _HOP_BY_HOP | named
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)


def _unreachable(error: aiohttp.ClientConnectionError) -> web.Response:
    return _problem(HTTPStatus.BAD_GATEWAY, f"The emulator cannot be reached: {error}")


def _problem(status: HTTPStatus, detail: str) -> web.Response:
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return web.Response(
        status=status.value,
        text=json.dumps(body),
        content_type="application/problem+json",
        headers={"Cache-Control": "no-store"},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--gateway", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    options = parser.parse_args()
    app = application(port=options.port, gateway=options.gateway, state=options.state)
    # The function itself reads or rejects a compressed body.
    web.run_app(
        app,
        host="127.0.0.1",
        port=options.port,
        access_log=None,
        print=None,
        reuse_address=True,
        auto_decompress=False,
    )


if __name__ == "__main__":
    main()
