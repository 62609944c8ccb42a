"""HTTP/1.1 to one server, over persistent connections that threads share.

A request is written in one piece, so a small one is a single packet; `http.client` sends head and body separately.

The server may have closed a kept connection (RFC 9112, section 9.3.1); after Lambda froze the function for long, it
always has. The connection is then replaced at once and the request sent again, so the server may receive it twice.
"""

import select
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dashboard_store import retry
from dashboard_store.dynamodb.http_response import HttpResponse, MalformedResponse, read_response
from dashboard_store.dynamodb.protocol import Unreachable

# https://www.amazontrust.com/repository/
AMAZON_ROOTS: Final = Path(__file__).with_name("amazon_roots.pem")

MAX_KEPT: Final = 64
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# The errors of a request on a connection that the server closed while it was idle.
_CLOSED_WHILE_IDLE: Final = (BrokenPipeError, ConnectionAbortedError, ConnectionResetError, ssl.SSLEOFError)


class ConnectionPool:
    """Connections to the server of `url`, opened on demand and kept once their response was read.

    With TLS, the server must present a certificate for its name. `ca_bundle` is a file of trusted authorities. Without
    one, Amazon's own authorities are tried first, because they load in a tenth of the time, then the system's.
    """

    def __init__(self, url: str, ca_bundle: str | None = None) -> None:
        """Open no connection yet. Raises ValueError for anything but an http or https URL."""
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise ValueError(f"{url!r} is not the URL of a server, such as http://name:port or https://name.")
        usual = _DEFAULT_PORTS[parts.scheme]
        self._address = parts.hostname, parts.port or usual
        name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.host = name if self._address[1] == usual else f"{name}:{parts.port}"
        self._tls = ssl.create_default_context(cafile=ca_bundle or AMAZON_ROOTS) if parts.scheme == "https" else None
        self._asks_system = ca_bundle is None
        self._kept: list[socket.socket] = []

    def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> HttpResponse:
        """Send a request, with `host` and `content-length` added to its headers, and read the response.

        Raises Unreachable, at the latest after `retry.EXCHANGE_SECONDS`.
        """
        stated = {**headers, "host": self.host, "content-length": str(len(body))}
        # Runs of white space become one space, as in the signature, so no value can contain a line break.
        lines = "".join(f"{name}: {' '.join(value.split())}\r\n" for name, value in stated.items())
        request = f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body
        try:
            with retry.limited(retry.EXCHANGE_SECONDS):
                return self._send(request)
        except (OSError, MalformedResponse) as exc:
            # The other kept connections are just as stale.
            self.close()
            raise Unreachable(f"No response from {self.host}: {type(exc).__name__}.") from exc

    def close(self) -> None:
        while kept := self._pop():
            kept.close()

    def _send(self, request: bytes) -> HttpResponse:
        kept = self._take_usable()
        if kept:
            try:
                return self._exchange_on(kept, request)
            except _CLOSED_WHILE_IDLE:
                pass
        return self._exchange_on(self._open(), request)

    def _exchange_on(self, connection: socket.socket, request: bytes) -> HttpResponse:
        try:
            _send_all(connection, request)
            response, is_reusable = read_response(connection)
        except BaseException:
            connection.close()
            raise
        if is_reusable and len(self._kept) < MAX_KEPT:
            self._kept.append(connection)
        else:
            connection.close()
        return response

    def _open(self) -> socket.socket:
        with retry.limited(retry.CONNECT_SECONDS):
            try:
                return self._secured()
            except ssl.SSLCertVerificationError:
                if not self._asks_system:
                    raise
                self._tls, self._asks_system = ssl.create_default_context(), False
                return self._secured()

    def _secured(self) -> socket.socket:
        opened = self._connected()
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                opened.settimeout(retry.seconds_left())
                opened = self._tls.wrap_socket(opened, server_hostname=self._address[0])
        except BaseException:
            opened.close()
            raise
        return opened

    def _connected(self) -> socket.socket:
        """Connect to the first of the server's addresses that accepts: together they have one time limit."""
        failure: OSError | None = None
        for family, kind, protocol, _, address in socket.getaddrinfo(*self._address, type=socket.SOCK_STREAM):
            opened = socket.socket(family, kind, protocol)
            try:
                opened.settimeout(retry.seconds_left())
                opened.connect(address)
            except OSError as exc:
                opened.close()
                failure = exc
            else:
                return opened
        raise failure or OSError("The server has no address.")

    def _take_usable(self) -> socket.socket | None:
        while kept := self._pop():
            if not _is_readable(kept):
                return kept
            kept.close()
        return None

    def _pop(self) -> socket.socket | None:
        try:
            return self._kept.pop()
        except IndexError:
            # Another thread took the last one first.
            return None


def _send_all(connection: socket.socket, request: bytes) -> None:
    # `sendall` over TLS restarts its timeout with every part that it sends.
    rest = memoryview(request)
    while rest:
        connection.settimeout(retry.seconds_left())
        rest = rest[connection.send(rest) :]


def _is_readable(connection: socket.socket) -> bool:
    """Whether there is unsolicited input: the end of the connection, or bytes that belong to no response."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
