"""A server between a page and the stack, for a browser whose driver cannot change what passes between them."""

import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

import httpx
from support.running.local_stack import NO_TLS

SCRIPTS: Final = "/page-server/first.js"
HEARD: Final = "/page-server/heard"
# Reports what Playwright's events `pageerror` and `console` would.
_REPORT: Final = f"""
    const report = (text) => navigator.sendBeacon("{HEARD}", text);
    addEventListener("error", (event) => report(event.message));
    addEventListener("unhandledrejection", (event) => report(String(event.reason)));
    addEventListener("securitypolicyviolation", (event) => report(`blocked: ${{event.violatedDirective}}`));
    const log = console.error;
    console.error = (...parts) => {{ report(parts.join(" ")); log(...parts); }};
"""
# What belongs to one connection, and what httpx has undone.
_NOT_PASSED_ON: Final = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"}


@dataclass
class Request:
    method: str
    url: str


@dataclass
class Route:
    """A request that a handler may answer, as Playwright's `Route`."""

    request: Request
    answer: httpx.Response | None = None
    aborted: bool = False

    def abort(self, _code: str) -> None:
        self.aborted = True

    def fulfill(self, status: int, json: Any, headers: Mapping[str, str]) -> None:
        self.answer = httpx.Response(status, json=json, headers=headers)

    def fallback(self) -> None:
        """Leave the request to other routes and the stack."""


type Handler = Callable[[Any], object]


@dataclass
class PageServer:
    """Passes requests on to the stack, except those that a route answers; puts scripts before the page's own."""

    upstream: str
    scripts: list[str] = field(default_factory=lambda: [_REPORT])
    routes: list[tuple[re.Pattern[str], Handler]] = field(default_factory=list)
    hear: Callable[[str], object] = print

    def start(self) -> Self:
        handler = type("Handler", (_Handler,), {"server_of_pages": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._client = httpx.Client(base_url=self.upstream, timeout=60, verify=NO_TLS)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._client.close()

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> httpx.Response | None:
        """Answer a request; None if it gets no answer."""
        if path == SCRIPTS:
            script = "".join(f"{{ {each} }}\n" for each in self.scripts)
            return httpx.Response(200, text=script, headers={"Content-Type": "text/javascript"})
        if path == HEARD:
            self.hear(body.decode())
            return httpx.Response(204)
        for address, handle in reversed(self.routes):
            route = Route(Request(method, path))
            if address.search(path):
                handle(route)
            if route.aborted or route.answer:
                return route.answer
        return self._upstreams(method, path, headers, body)

    def _upstreams(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> httpx.Response:
        passed = {name: value for name, value in headers.items() if name.lower() not in {"host", *_NOT_PASSED_ON}}
        answer = self._client.request(method, path, headers=passed, content=body)
        if answer.headers.get("content-type", "").startswith("text/html"):
            page = answer.text.replace("<head>", f'<head><script src="{SCRIPTS}"></script>', 1)
            return httpx.Response(answer.status_code, html=page, headers={"Cache-Control": "no-store"})
        return answer


class _Handler(BaseHTTPRequestHandler):
    server_of_pages: PageServer
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # A page that is reloaded waits for no answer.
        with suppress(ConnectionError):
            self._send(self.server_of_pages.answer(self.command, self.path, dict(self.headers), body))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - the names that http.server calls

    def _send(self, answer: httpx.Response | None) -> None:
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status_code)
        for name, value in answer.headers.multi_items():
            if name not in _NOT_PASSED_ON:
                self.send_header(name, value)
        if answer.status_code not in {204, 304}:
            self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        """Log nothing."""
