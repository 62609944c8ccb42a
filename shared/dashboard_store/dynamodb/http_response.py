"""One HTTP/1.1 answer, read from a connection (RFC 9112).

`http.client` would read it as well: by the e-mail package, which takes more of the processor than all else of a call.
"""

import re
import socket
import ssl
from collections.abc import Mapping
from typing import Final, NamedTuple

MAX_HEAD_BYTES: Final = 65_536

_AT_ONCE: Final = 65_536
_STATUS_LINE: Final = re.compile(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: .*)?")
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")
_FIRST_FINAL: Final = 200
_WITHOUT_BODY: Final = frozenset({204, 304})
_CUT_OFF: Final = (ConnectionError, ssl.SSLEOFError)


class MalformedResponse(Exception):  # noqa: N818 - it reads as what was met
    """What came is not HTTP, or did not come to its end."""


class HttpResponse(NamedTuple):
    """The names of `headers` are in lower case; one that came several times has its values joined by commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read_response(connection: socket.socket) -> tuple[HttpResponse, bool]:
    """Read the answer to a request other than HEAD, and tell whether the connection takes another one.

    Raises BrokenAnswer; ConnectionResetError or what the socket raises where not a byte of it came.
    """
    source = _Source(connection)
    is_newer, status, headers = _head(source)
    while status < _FIRST_FINAL:
        is_newer, status, headers = _head(source)
    body, is_bounded = _body(source, status, headers)
    closes = "close" in headers.get("connection", "").lower()
    return HttpResponse(status, headers, body), is_newer and is_bounded and not closes and source.is_empty


class _Source:
    """What a connection brings, in the pieces that are asked for."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._here = bytearray()
        self._has_begun = False

    @property
    def is_empty(self) -> bool:
        return not self._here

    def before(self, mark: bytes) -> bytes:
        """Take what comes before the mark, and the mark itself away."""
        while (end := self._here.find(mark)) < 0:
            if len(self._here) > MAX_HEAD_BYTES:
                raise MalformedResponse("the head has no end")
            self._receive()
        return self._taken(end + len(mark))[:end]

    def exactly(self, count: int) -> bytes:
        while len(self._here) < count:
            self._receive()
        return self._taken(count)

    def rest(self) -> bytes:
        """Take all that comes until the other side closes the connection."""
        try:
            while part := self._connection.recv(_AT_ONCE):
                self._here += part
        except _CUT_OFF as exc:
            raise MalformedResponse("the answer broke off") from exc
        return self._taken(len(self._here))

    def _taken(self, count: int) -> bytes:
        taken = bytes(self._here[:count])
        del self._here[:count]
        return taken

    def _receive(self) -> None:
        try:
            part = self._connection.recv(_AT_ONCE)
        except _CUT_OFF as exc:
            if not self._has_begun:
                raise
            raise MalformedResponse("the answer broke off") from exc
        if not part and not self._has_begun:
            raise ConnectionResetError("closed without an answer")
        if not part:
            raise MalformedResponse("the answer broke off")
        self._has_begun = True
        self._here += part


def _head(source: _Source) -> tuple[bool, int, dict[str, str]]:
    """Read status line and headers; returns whether the version is 1.1, the status and the headers."""
    status_line, *lines = source.before(b"\r\n\r\n").decode("latin-1").split("\r\n")
    found = _STATUS_LINE.fullmatch(status_line)
    if not found:
        raise MalformedResponse("what came is not HTTP")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise MalformedResponse("a header is none")
        known = headers.get(name.lower())
        headers[name.lower()] = value.strip() if known is None else f"{known}, {value.strip()}"
    return found[1] == "1", int(found[2]), headers


def _body(source: _Source, status: int, headers: Mapping[str, str]) -> tuple[bytes, bool]:
    """Read the body (section 6.3), and tell whether its end is known without the connection's."""
    if status in _WITHOUT_BODY:
        return b"", True
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked":
            raise MalformedResponse("the body is in a coding that nobody asked for")
        return _chunks(source), True
    if length is None:
        return source.rest(), False
    if not (length.isascii() and length.isdecimal()):
        raise MalformedResponse("the body's length is no number")
    return source.exactly(int(length)), True


def _chunks(source: _Source) -> bytes:
    """Read a body in chunks (section 7.1); extensions and trailers say nothing that is needed."""
    body = bytearray()
    while size := _chunk_size(source):
        body += source.exactly(size)
        if source.exactly(2) != b"\r\n":
            raise MalformedResponse("a chunk is longer than it says")
    while source.before(b"\r\n"):
        pass
    return bytes(body)


def _chunk_size(source: _Source) -> int:
    found = _CHUNK_SIZE.fullmatch(source.before(b"\r\n"))
    if not found:
        raise MalformedResponse("a chunk has no size")
    return int(found[1], 16)
