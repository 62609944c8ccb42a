"""One HTTP/1.1 response, read from a connection (RFC 9112).

Theory of operation
===================

A response is a head and a body. The head is a status line and header fields, each ended by CRLF, and an empty line
(RFC 9112, sections 2.1, 4 and 5). Interim responses (1xx) precede the final one and are skipped (RFC 9110, section
15.2). Status and headers determine the length of the body, in the order of RFC 9112, section 6.3: none for 204 and 304;
chunks, each preceded by its size, until one of size zero (section 7.1); `Content-Length` bytes; otherwise all bytes
until the server closes the connection.

The connection can be reused if the response was HTTP/1.1 without `Connection: close` (section 9.3), its body was
delimited by something other than the end of the connection, and no byte followed it: such a byte would be read as the
start of the next response.

Each wait for bytes ends with the time limit (`retry.seconds_left`), and no response is longer than MAX_BYTES: one that
announces more is not read.

A connection that ends before the first byte was closed while it was idle, and the request can be sent again on another
one; if it ends later, the response is incomplete (section 8). A response that violates this grammar is rejected, never
guessed at. `http.client` parses responses with the e-mail package, which takes more CPU than the rest of a call;
`docs/decisions/0038-our-own-http-response-reader-instead-of-h11.md` has the figures, including those of h11.
"""

import re
import socket
import ssl
from collections.abc import Mapping
from typing import Final, NamedTuple

from dashboard_store import retry

MAX_BYTES: Final = 33_554_432
"""The longest response, head included. DynamoDB's longest holds 16 MB of items, and base64 makes them 22 MB.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""
MAX_HEAD_BYTES: Final = 65_536

_READ_BYTES: Final = 65_536
_STATUS_LINE: Final = re.compile(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: .*)?")
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
# Compiled when it is first needed: DynamoDB states lengths.
_CHUNK_SIZE: Final = rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?"
_FIRST_FINAL: Final = 200
_WITHOUT_BODY: Final = frozenset({204, 304})
_CLOSED: Final = (ConnectionError, ssl.SSLEOFError)


class MalformedResponse(Exception):  # noqa: N818 - the name describes what was received
    """The bytes are not a complete HTTP response."""


class HttpResponse(NamedTuple):
    """A response; header names are in lower case, and the values of a repeated header are joined with commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read_response(connection: socket.socket) -> tuple[HttpResponse, bool]:
    """Read the response to a request other than HEAD; return it and whether the connection can be reused.

    Raises MalformedResponse, TimeoutError, or ConnectionResetError or the socket's own error if not a single byte was
    received.
    """
    buffer = _Buffer(connection)
    is_1_1, status, headers = _read_head(buffer)
    while status < _FIRST_FINAL:
        is_1_1, status, headers = _read_head(buffer)
    body, is_delimited = _read_body(buffer, status, headers)
    closes = "close" in headers.get("connection", "").lower()
    return HttpResponse(status, headers, body), is_1_1 and is_delimited and not closes and buffer.is_empty


class _Buffer:
    """The bytes that were received but not consumed yet."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._bytes = bytearray()
        self._received = 0

    @property
    def is_empty(self) -> bool:
        return not self._bytes

    def take_until(self, mark: bytes) -> bytes:
        """Consume up to the mark; return the bytes before it."""
        start = 0
        while (end := self._bytes.find(mark, start)) < 0:
            if len(self._bytes) > MAX_HEAD_BYTES:
                raise MalformedResponse("the head is too long")
            # The mark may have begun in what was searched.
            start = max(0, len(self._bytes) - len(mark) + 1)
            self._receive()
        return self._take(end + len(mark))[:end]

    def take_exactly(self, count: int) -> bytes:
        if count > MAX_BYTES:
            raise MalformedResponse("the response is too long")
        while len(self._bytes) < count:
            self._receive()
        return self._take(count)

    def take_rest(self) -> bytes:
        """Consume all bytes until the server closes the connection."""
        while self._receives():
            pass
        return self._take(len(self._bytes))

    def _take(self, count: int) -> bytes:
        taken = bytes(self._bytes[:count])
        del self._bytes[:count]
        return taken

    def _receive(self) -> None:
        if self._receives():
            return
        if not self._received:
            raise ConnectionResetError("closed without a response")
        raise MalformedResponse("the response is incomplete")

    def _receives(self) -> bool:
        """Receive some bytes; return False if the server has sent all of them."""
        self._connection.settimeout(retry.seconds_left())
        try:
            part = self._connection.recv(_READ_BYTES)
        except _CLOSED as exc:
            if not self._received:
                raise
            raise MalformedResponse("the response is incomplete") from exc
        self._received += len(part)
        if self._received > MAX_BYTES:
            raise MalformedResponse("the response is too long")
        self._bytes += part
        return bool(part)


def _read_head(buffer: _Buffer) -> tuple[bool, int, dict[str, str]]:
    """Read status line and header fields; return whether the version is 1.1, the status and the headers."""
    status_line, *lines = buffer.take_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
    match = _STATUS_LINE.fullmatch(status_line)
    if not match:
        raise MalformedResponse("the status line is not valid HTTP")
    headers: dict[str, str] = {}
    for line in lines:
        # White space around the name allows response splitting (section 5.1).
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise MalformedResponse("a header field has an invalid name")
        known = headers.get(name.lower())
        headers[name.lower()] = value.strip() if known is None else f"{known}, {value.strip()}"
    return match[1] == "1", int(match[2]), headers


def _read_body(buffer: _Buffer, status: int, headers: Mapping[str, str]) -> tuple[bytes, bool]:
    """Read the body (section 6.3); return it and whether it was delimited without closing the connection."""
    if status in _WITHOUT_BODY:
        return b"", True
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked":
            raise MalformedResponse("the transfer coding of the body is not chunked")
        return _read_chunks(buffer), True
    if length is None:
        return buffer.take_rest(), False
    if not _LENGTH.fullmatch(length):
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
    match = re.fullmatch(_CHUNK_SIZE, buffer.take_until(b"\r\n"))
    if not match:
        raise MalformedResponse("a chunk has no valid size")
    return int(match[1], 16)
