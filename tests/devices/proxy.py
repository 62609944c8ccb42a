"""A device's way to the server: a proxy that loses, delays, cuts and replaces answers, and records every save."""

import base64
import http.client
import json
import random
import re
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from devices.log import Log, Place, Save, State

_HERE = Path(__file__).parent
_CONFIG = re.compile(r"/api/projects/([^/]+)/config(?:/versions/(\d+)/restore)?")
_BLANK = b"<!doctype html><title>Blank</title>"
_TYPES: Final = {".html": "text/html", ".js": "text/javascript"}
# Longer than the page's time limit for a request.
_TOO_LATE: Final = 5.0

type Answer = tuple[int, Mapping[str, str], bytes]

SIGN_IN: Answer = (200, {"Content-Type": "text/html"}, b"<!doctype html><title>Sign in to the network</title>")
BAD_GATEWAY: Answer = (502, {"Content-Type": "text/html"}, b"<h1>502 Bad Gateway</h1>")
TOO_MANY: Answer = (429, {"Content-Type": "text/html", "Retry-After": "1"}, b"Slow down.")
UNAVAILABLE: Answer = (
    503,
    {"Content-Type": "application/problem+json", "Retry-After": "1"},
    b'{"type": "urn:problem:unavailable", "title": "Unavailable", "status": 503}',
)

FAULTS: Final[Mapping[str, int]] = {
    "none": 60,
    "request lost": 5,
    "answer lost": 6,
    "answer cut": 5,
    "answer delayed": 10,
    "answer too late": 1,
    "sign-in page": 3,
    "502": 3,
    "429": 3,
    "503": 3,
}
"""The faults of a request to the API, and how often each occurs, relative to the others."""

_REPLACED: Final = {"sign-in page": SIGN_IN, "502": BAD_GATEWAY, "429": TOO_MANY, "503": UNAVAILABLE}


_UNANSWERED: Final = {"request lost", "answer lost", "answer too late"}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Message
    body: bytes


class Proxy:
    """One device's proxy; its address stays the same, and with it the device's storage."""

    def __init__(self, device: str, server: str, client: Mapping[str, bytes], chance: random.Random, log: Log) -> None:
        self.device = device
        self.is_faulty = False
        self.faults: Counter[str] = Counter()
        self._server = urlsplit(server)
        self._files = {"/": (_HERE / "page.html").read_bytes(), "/page.js": (_HERE / "page.js").read_bytes()}
        self._files |= {f"/client/dist/{name}": text for name, text in client.items()} | {"/blank": _BLANK}
        self._chance = chance
        self._log = log
        self._lock = threading.Lock()
        self._listener = _Server(self)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        thread = threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.1})
        thread.start()
        try:
            yield self
        finally:
            self._listener.shutdown()
            self._listener.server_close()
            thread.join()

    def file(self, path: str) -> Answer:
        kind = _TYPES.get(Path(path).suffix, "text/html")
        headers = {"Content-Type": kind, "Cache-Control": "no-store"}
        return (200, headers, self._files[path]) if path in self._files else (404, {}, b"")

    def heard(self, body: bytes) -> None:
        """Record the states that a page has sent."""
        sent = json.loads(body)
        place = Place(self.device, sent["user"], sent["project"])
        for each in sent["entries"]:
            self._log.states.append(
                State(
                    place=place,
                    tab=sent["tab"],
                    page=sent["page"],
                    seq=each["seq"],
                    version=each["version"],
                    status=each["status"],
                    origin=each["origin"],
                    is_kept=each["isKept"],
                    text=each.get("text"),
                )
            )

    def fault(self) -> tuple[str, float, bool]:
        """Choose a request's fault, a delay in seconds, and whether the request reaches the server."""
        if not self.is_faulty:
            return "none", 0, True
        with self._lock:
            (fault,) = self._chance.choices(list(FAULTS), list(FAULTS.values()))
            delay, arrives = self._chance.uniform(0.1, 1.5), self._chance.choice((True, False))
        if fault != "none":
            self.faults[fault] += 1
        delays = {"answer delayed": delay, "answer too late": _TOO_LATE}
        return fault, delays.get(fault, 0), fault != "request lost" and (arrives or fault not in _REPLACED)

    def ask(self, request: Request) -> Answer:
        """Pass a request on to the server, and record it if it is a save of a config."""
        hidden = {"host", "connection", "accept-encoding", "content-length"}
        sent = {name: value for name, value in request.headers.items() if name.lower() not in hidden}
        with closing(http.client.HTTPConnection(self._server.hostname or "", self._server.port, timeout=60)) as calls:
            calls.request(request.method, request.path, request.body or None, sent | {"Accept-Encoding": "identity"})
            response = calls.getresponse()
            answer = response.status, dict(response.getheaders()), response.read()
        found = _CONFIG.fullmatch(urlsplit(request.path).path)
        if found and request.method != "GET":
            self._log.saves.append(self._save(request, answer, found[1], found[2]))
        return answer

    def _save(self, request: Request, answer: Answer, project: str, restored: str | None) -> Save:
        headers, (status, _, text) = request.headers, answer
        match = headers.get("If-Match", "").strip('"')
        return Save(
            place=Place(self.device, _subject(headers["Authorization"]), project),
            method=request.method,
            base=int(match) if match.isdecimal() else None,
            key=headers.get("Idempotency-Key"),
            media_type=headers.get("Content-Type", ""),
            restored=int(restored) if restored else None,
            body=json.loads(request.body) if request.body else None,
            status=status,
            version=json.loads(text).get("version") if text.startswith(b"{") else None,
        )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, proxy: Proxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that is killed or gives up closes its connections; the harness's own errors are shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # A message is read by names of any case, and no header of interest occurs twice.
        request = Request(self.command, self.path, self.headers, body)
        proxy = self.server.proxy
        if self.path == "/log":
            proxy.heard(body)
            self._send((204, {}, b""))
        elif self.path.startswith("/api/"):
            self._pass_on(request)
        elif self.path.startswith("/local/"):
            self._send(proxy.ask(request))
        else:
            self._send(proxy.file(urlsplit(self.path).path))

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: Any) -> None:
        """Print nothing."""

    def _pass_on(self, request: Request) -> None:
        fault, delay, arrives = self.server.proxy.fault()
        answer = self.server.proxy.ask(request) if arrives else None
        time.sleep(delay)
        if fault in _REPLACED:
            self._send(_REPLACED[fault])
        elif answer is None or fault in _UNANSWERED:
            self._hang_up()
        else:
            self._send(answer, part=0.5 if fault == "answer cut" else 1)

    def _send(self, answer: Answer, part: float = 1) -> None:
        status, headers, text = answer
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                self.send_header(name, value)
        # A 304 has no body, and a 204 no length: RFC 9110 section 8.6.
        if status not in {204, 304}:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text[: int(len(text) * part)])
        if part < 1:
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def _subject(authorization: str) -> str:
    payload = authorization.removeprefix("Bearer ").split(".")[1]
    subject: str = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]
    return subject
