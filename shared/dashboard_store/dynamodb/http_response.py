"""One HTTP/1.1 response, read from a connection (RFC 9112).

Theory of operation
===================

A response is a head and a body. The head is a status line and header fields, each ended by CRLF, and an empty line
(RFC 9112, sections 2.1, 4 and 5). Interim responses (1xx) come before the final one and are skipped (RFC 9110, section
15.2). How long the body is follows from status and headers, in the order of RFC 9112, section 6.3: none for 204 and
304; chunks, each after its size, until one of size zero (section 7.1); `Content-Length` bytes; else all bytes until the
server closes the connection.

The connection takes another request if the response was HTTP/1.1, without `Connection: close` (section 9.3), its body's
end was known without the end of the connection, and no byte came after it: such a byte would be read as the beginning
of the next response.

A connection that ends before the first byte was closed while it was idle, and the request can be sent again on another
one; a connection that ends later broke off (section 8). What does not follow this grammar is refused, never guessed at.
`http.client` reads responses through the e-mail package, which costs more CPU than the rest of a call;
`docs/decisions.md` has the figures, those of h11 included.
"""

import re
import socket
import ssl
from collections.abc import Mapping
from typing import Final, NamedTuple

MAX_HEAD_BYTES: Final = 65_536

_READ_BYTES: Final = 65_536
_STATUS_LINE: Final = re.compile(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: .*)?")
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")
_FIRST_FINAL: Final = 200
_WITHOUT_BODY: Final = frozenset({204, 304})
_CLOSED: Final = (ConnectionError, ssl.SSLEOFError)


class MalformedResponse(Exception):  # noqa: N818 - it reads as what was met
    """The bytes are not an HTTP response, or not a whole one."""


class HttpResponse(NamedTuple):
    """Header names are in lower case; the values of a header that came several times are joined by commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read_response(connection: socket.socket) -> tuple[HttpResponse, bool]:
    """Read the response to a request other than HEAD; returns it and whether the connection takes another request.

    Raises MalformedResponse. Where not a single byte came, raises ConnectionResetError or the socket's own error.
    """
    buffer = _Buffer(connection)
    is_1_1, status, headers = _read_head(buffer)
    while status < _FIRST_FINAL:
        is_1_1, status, headers = _read_head(buffer)
    body, is_delimited = _read_body(buffer, status, headers)
    closes = "close" in headers.get("connection", "").lower()
    return HttpResponse(status, headers, body), is_1_1 and is_delimited and not closes and buffer.is_empty


class _Buffer:
    """The bytes that came and were not taken yet."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._bytes = bytearray()
        self._has_begun = False

    @property
    def is_empty(self) -> bool:
        return not self._bytes

    def take_until(self, mark: bytes) -> bytes:
        """Take the bytes before the mark, and drop the mark."""
        while (end := self._bytes.find(mark)) < 0:
            if len(self._bytes) > MAX_HEAD_BYTES:
                raise MalformedResponse("the head is too long")
            self._receive()
        return self._take(end + len(mark))[:end]

    def take_exactly(self, count: int) -> bytes:
        while len(self._bytes) < count:
            self._receive()
        return self._take(count)

    def take_rest(self) -> bytes:
        """Take all bytes until the server closes the connection."""
        try:
            while part := self._connection.recv(_READ_BYTES):
                self._bytes += part
        except _CLOSED as exc:
            raise MalformedResponse("the response broke off") from exc
        return self._take(len(self._bytes))

    def _take(self, count: int) -> bytes:
        taken = bytes(self._bytes[:count])
        del self._bytes[:count]
        return taken

    def _receive(self) -> None:
        try:
            part = self._connection.recv(_READ_BYTES)
        except _CLOSED as exc:
            if not self._has_begun:
                raise
            raise MalformedResponse("the response broke off") from exc
        if not part and not self._has_begun:
            raise ConnectionResetError("closed without a response")
        if not part:
            raise MalformedResponse("the response broke off")
        self._has_begun = True
        self._bytes += part


def _read_head(buffer: _Buffer) -> tuple[bool, int, dict[str, str]]:
    """Read status line and header fields; returns whether the version is 1.1, the status and the headers."""
    status_line, *lines = buffer.take_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
    match = _STATUS_LINE.fullmatch(status_line)
    if not match:
        raise MalformedResponse("the status line is not HTTP")
    headers: dict[str, str] = {}
    for line in lines:
        # White space around the name is how responses are split in two (section 5.1).
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise MalformedResponse("a header field has no valid name")
        known = headers.get(name.lower())
        headers[name.lower()] = value.strip() if known is None else f"{known}, {value.strip()}"
    return match[1] == "1", int(match[2]), headers


def _read_body(buffer: _Buffer, status: int, headers: Mapping[str, str]) -> tuple[bytes, bool]:
    """Read the body (section 6.3); returns it and whether its end was known without the connection's."""
    if status in _WITHOUT_BODY:
        return b"", True
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked":
            raise MalformedResponse("the body has a transfer coding that was not asked for")
        return _read_chunks(buffer), True
    if length is None:
        return buffer.take_rest(), False
    if not (length.isascii() and length.isdecimal()):
        raise MalformedResponse("the Content-Length is not a number")
    return buffer.take_exactly(int(length)), True


def _read_chunks(buffer: _Buffer) -> bytes:
    """Read a chunked body (section 7.1); chunk extensions and trailer fields are skipped."""
    body = bytearray()
    while size := _read_chunk_size(buffer):
        body += buffer.take_exactly(size)
        if buffer.take_exactly(2) != b"\r\n":
            raise MalformedResponse("a chunk is longer than its size")
    while buffer.take_until(b"\r\n"):
        pass
    return bytes(body)


def _read_chunk_size(buffer: _Buffer) -> int:
    match = _CHUNK_SIZE.fullmatch(buffer.take_until(b"\r\n"))
    if not match:
        raise MalformedResponse("a chunk has no size")
    return int(match[1], 16)
