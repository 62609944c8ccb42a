"""HTTP/1.1 to one server, over connections that are kept open between requests and shared by threads.

A request is written in one piece, so that it is one packet where it fits: `http.client` sends head and body apart.
"""

import select
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dashboard_store.dynamodb.http_response import HttpResponse, MalformedResponse, read_response
from dashboard_store.dynamodb.protocol import Unreachable

# https://www.amazontrust.com/repository/
AMAZON_ROOTS: Final = Path(__file__).with_name("amazon_roots.pem")

CONNECT_SECONDS: Final = 1
READ_SECONDS: Final = 2
MOST_KEPT: Final = 64
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# How a connection fails that the server closed while nobody used it.
_CLOSED: Final = (BrokenPipeError, ConnectionAbortedError, ConnectionResetError, ssl.SSLEOFError)


class ConnectionPool:
    """The connections to `url`'s server: opened when they are needed, and kept when their answer was read.

    A connection that was kept and turns out to be closed is replaced at once, as when Lambda froze the function for
    long. A request may therefore be received twice.

    With TLS the server has to show a certificate for its name. If `ca_bundle` is given, an authority in that file
    vouches for it; else one of Amazon's own, which are read in a tenth of the time that all of the system's take, and
    where none of them does, one of the system's.
    """

    def __init__(self, url: str, ca_bundle: str | None = None) -> None:
        """Open nothing yet. Raises ValueError for what is no http or https URL."""
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise ValueError(f"{url!r} is no address of a server: http://name:port or https://name.")
        usual = _DEFAULT_PORTS[parts.scheme]
        self._address = parts.hostname, parts.port or usual
        name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.host = name if self._address[1] == usual else f"{name}:{parts.port}"
        self._tls = ssl.create_default_context(cafile=ca_bundle or AMAZON_ROOTS) if parts.scheme == "https" else None
        self._asks_system = ca_bundle is None
        self._kept: list[socket.socket] = []

    def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> HttpResponse:
        """Send a request and read its answer; of `headers` the host and the length go without saying.

        Raises Unreachable.
        """
        stated = {**headers, "host": self.host, "content-length": str(len(body))}
        # White space is one space, as where it is signed; so no value ends its line.
        lines = "".join(f"{name}: {' '.join(value.split())}\r\n" for name, value in stated.items())
        request = f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body
        try:
            return self._exchanged(request)
        except (OSError, MalformedResponse) as exc:
            # What else was kept is as old.
            self.close()
            raise Unreachable(f"There was no answer from {self.host}: {type(exc).__name__}.") from exc

    def close(self) -> None:
        while kept := self._pop():
            kept.close()

    def _exchanged(self, request: bytes) -> HttpResponse:
        kept = self._usable()
        if kept:
            try:
                return self._answer(kept, request)
            except _CLOSED:
                pass
        return self._answer(self._opened(), request)

    def _answer(self, connection: socket.socket, request: bytes) -> HttpResponse:
        try:
            connection.sendall(request)
            answer, is_reusable = read_response(connection)
        except BaseException:
            connection.close()
            raise
        if is_reusable and len(self._kept) < MOST_KEPT:
            self._kept.append(connection)
        else:
            connection.close()
        return answer

    def _opened(self) -> socket.socket:
        try:
            return self._connected()
        except ssl.SSLCertVerificationError:
            if not self._asks_system:
                raise
            self._tls, self._asks_system = ssl.create_default_context(), False
            return self._connected()

    def _connected(self) -> socket.socket:
        opened = socket.create_connection(self._address, CONNECT_SECONDS)
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                opened = self._tls.wrap_socket(opened, server_hostname=self._address[0])
            opened.settimeout(READ_SECONDS)
        except BaseException:
            opened.close()
            raise
        return opened

    def _usable(self) -> socket.socket | None:
        while kept := self._pop():
            if not _is_readable(kept):
                return kept
            kept.close()
        return None

    def _pop(self) -> socket.socket | None:
        try:
            return self._kept.pop()
        except IndexError:
            # Another thread may take the last one at any moment.
            return None


def _is_readable(connection: socket.socket) -> bool:
    """Tell whether something came unasked: the end of the connection, or what nobody can make sense of."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
