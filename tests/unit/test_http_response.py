"""A response is read completely, however it is split on the way, or refused (RFC 9112)."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.running.stopwatch import Stopwatch, stopwatch

from dashboard_store import retry
from dashboard_store.dynamodb.http_response import (
    MAX_BYTES,
    MAX_HEAD_BYTES,
    HttpResponse,
    MalformedResponse,
    read_response,
)

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Amz-Crc32: 7\r\n\r\nhello"
READ = HttpResponse(200, {"content-length": "5", "x-amz-crc32": "7"}, b"hello")


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The two ends of a connection, the server's first."""
    server, client = socket.socketpair()
    client.settimeout(5)
    with server, client:
        yield server, client


def received(*pieces: bytes, closes: bool = True) -> tuple[HttpResponse, bool]:
    """Read a response that a server sends in these pieces before it closes the connection."""
    server, client = socket.socketpair()
    client.settimeout(5)
    with server, client, ThreadPoolExecutor(1) as reader:
        outcome = reader.submit(read_response, client)
        for piece in pieces:
            server.sendall(piece)
        if closes:
            server.shutdown(socket.SHUT_WR)
        return outcome.result(5)


def test_a_response_with_a_length_ends_there(ends: tuple[socket.socket, socket.socket]) -> None:
    """Status, headers and body are read, and the connection can be reused (sections 4, 5, 6.3 and 9.3)."""
    server, client = ends
    server.sendall(PLAIN)
    assert read_response(client) == (READ, True)
    server.sendall(PLAIN)
    assert read_response(client) == (READ, True)


@given(cuts=st.lists(st.integers(0, len(PLAIN)), max_size=6))
def test_a_response_may_be_split_anywhere(cuts: list[int]) -> None:
    """A response is the same whatever pieces it arrives in."""
    places = [0, *sorted(cuts), len(PLAIN)]
    pieces = [PLAIN[start:end] for start, end in pairwise(places)]
    assert received(*pieces) == (READ, True)


@given(chunks=st.lists(st.binary(min_size=1, max_size=40), max_size=5))
@example(chunks=[b"size in hexadecimal digits"])
def test_chunks_are_joined(chunks: list[bytes]) -> None:
    """A chunked body is the content of its chunks in order; extensions and trailers are skipped (section 7.1)."""
    sent = b"".join(b"%x;a=b\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
    response, is_reusable = received(head, sent, b"0\r\nX-Trailer: 1\r\n\r\n")
    assert (response.body, is_reusable) == (b"".join(chunks), True)


def test_a_body_may_end_with_the_connection() -> None:
    """Without a length the body is everything until the close, and the connection cannot be reused (section 6.3)."""
    response, is_reusable = received(b"HTTP/1.1 200 OK\r\n\r\n", b"all of ", b"it")
    assert (response.body, is_reusable) == (b"all of it", False)


@pytest.mark.parametrize("status", [204, 304])
def test_some_responses_have_no_body(status: int) -> None:
    """204 and 304 end with their head, whatever length it states (section 6.3)."""
    response, is_reusable = received(b"HTTP/1.1 %d -\r\nContent-Length: 5\r\n\r\n" % status, closes=False)
    assert (response.status, response.body, is_reusable) == (status, b"", True)


def test_interim_responses_are_skipped() -> None:
    """Interim responses (1xx) precede the final one (RFC 9110, section 15.2)."""
    assert received(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", PLAIN) == (READ, True)


@pytest.mark.parametrize(
    "sent",
    [
        PLAIN.replace(b"X-Amz-Crc32: 7", b"Connection: Close"),
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        PLAIN + b"and more than was asked for",
    ],
    ids=["announced", "HTTP/1.0", "extra bytes"],
)
def test_some_connections_cannot_be_reused(sent: bytes) -> None:
    """A connection is not reused if the server announces its end or sent more than the response (section 9)."""
    response, is_reusable = received(sent)
    assert (response.body, is_reusable) == (b"hello", False)


def test_a_repeated_header_has_all_values() -> None:
    """The values of headers with the same name are joined with commas (RFC 9110, section 5.3)."""
    response, _ = received(b"HTTP/1.1 200 OK\r\nA: 1\r\na:2\r\nContent-Length: 0\r\n\r\n")
    assert response.headers["a"] == "1, 2"


# What a server sends and the error for it, each with its section of RFC 9112.
BROKEN = {
    "another protocol (4)": (b"hello\r\n\r\n", "the status line is not valid HTTP"),
    "no status (4)": (b"HTTP/1.1 OK\r\n\r\n", "the status line is not valid HTTP"),
    "another version of HTTP (2.3)": (b"HTTP/2 200\r\n\r\n", "the status line is not valid HTTP"),
    "a line that is not a header (5)": (b"HTTP/1.1 200 OK\r\nhello\r\n\r\n", "a header field has an invalid name"),
    "a header without a name (5)": (b"HTTP/1.1 200 OK\r\n: 1\r\n\r\n", "a header field has an invalid name"),
    "a space after a name (5.1)": (b"HTTP/1.1 200 OK\r\nA : 1\r\n\r\n", "a header field has an invalid name"),
    "a folded header (5.2)": (b"HTTP/1.1 200 OK\r\nA: 1\r\n b: 2\r\n\r\n", "a header field has an invalid name"),
    "a length that is not a number (6.3)": (
        PLAIN.replace(b"Length: 5", b"Length: +5"),
        "the Content-Length is not a number",
    ),
    "a length of more digits than any (6.3)": (
        PLAIN.replace(b"Length: 5", b"Length: " + b"9" * 5_000),
        "the Content-Length is not a number",
    ),
    "a length in other digits (6.3)": (
        PLAIN.replace(b"Length: 5", b"Length: \xb2"),
        "the Content-Length is not a number",
    ),
    "two lengths (6.3)": (
        PLAIN.replace(b"X-Amz-Crc32: 7", b"Content-Length: 6"),
        "the Content-Length is not a number",
    ),
    "another coding (6.1)": (
        PLAIN.replace(b"X-Amz-Crc32: 7", b"Transfer-Encoding: gzip"),
        "the transfer coding of the body is not chunked",
    ),
    "a chunk without a size (7.1)": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        "a chunk has no valid size",
    ),
    "a chunk longer than its size (7.1)": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
        "a chunk is longer than its size",
    ),
    "a head without an end (2.1)": (
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * (MAX_HEAD_BYTES // 6 + 1),
        "the head is too long",
    ),
    "an incomplete body (8)": (PLAIN[:-1], "the response is incomplete"),
    "an incomplete head (8)": (PLAIN[:30], "the response is incomplete"),
    "incomplete chunks (8)": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "the response is incomplete",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_malformed_response_is_refused(name: str) -> None:
    """A response that is not HTTP or not complete raises an error that says why, and is never returned in part."""
    sent, reason = BROKEN[name]
    with pytest.raises(MalformedResponse) as refused:
        received(sent)
    assert str(refused.value) == reason


def test_a_connection_closed_before_the_response_is_another_error() -> None:
    """A close before the first byte raises another error, because the request can be sent again at once."""
    with pytest.raises(ConnectionResetError, match=r"^closed without a response$"):
        received()


def test_a_timeout_is_another_error(ends: tuple[socket.socket, socket.socket]) -> None:
    """A server that stops in the middle of its response runs into the time limit."""
    server, client = ends
    server.sendall(PLAIN[:-1])
    with retry.limited(0.05), pytest.raises(TimeoutError):
        read_response(client)


class Dripping:
    """A connection over which one byte of a response comes every second; it notes the timeouts it was given."""

    def __init__(self, watch: Stopwatch, sent: bytes) -> None:
        self._watch = watch
        self._rest = sent
        self.timeouts: list[float | None] = []

    def settimeout(self, seconds: float | None) -> None:
        self.timeouts.append(seconds)

    def recv(self, _: int) -> bytes:
        self._watch.pause(1)
        part, self._rest = self._rest[:1], self._rest[1:]
        return part


@pytest.mark.parametrize(
    "sent", [PLAIN, b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 99, b"HTTP/1.1 100 -\r\n\r\n" * 9], ids=["", "close", "interim"]
)
def test_a_byte_a_second_does_not_extend_the_time(sent: bytes) -> None:
    """However little a server sends at a time, each wait is for what is left of one time limit."""
    with stopwatch() as watch, retry.limited(40):
        connection: Any = Dripping(watch, sent)
        with pytest.raises(TimeoutError):
            read_response(connection)
    assert connection.timeouts == [float(left) for left in range(40, 0, -1)]


@pytest.mark.parametrize(
    "sent",
    [
        PLAIN,
        PLAIN.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked").replace(
            b"hello", b"5\r\nhello\r\n0\r\n\r\n"
        ),
    ],
    ids=["a length", "chunks"],
)
def test_a_response_may_come_byte_by_byte(sent: bytes) -> None:
    """Every mark is found even if its bytes come one at a time."""
    with stopwatch() as watch, retry.limited(1_000):
        connection: Any = Dripping(watch, sent)
        response, is_reusable = read_response(connection)
    assert (response.body, is_reusable) == (b"hello", True)


class Endless:
    """A connection over which a head comes, and then the same part again and again; it counts the bytes."""

    def __init__(self, head: bytes, part: bytes, total: int = 300_000_000) -> None:
        self._head = head
        self._part = part
        self._total = total
        self.received = 0

    def settimeout(self, _: float | None) -> None:
        """Nothing is waited for."""

    def recv(self, count: int) -> bytes:
        part, self._head = (self._head or self._part)[: min(count, self._total - self.received)], b""
        self.received += len(part)
        return part


# The bodies that are longer than any of DynamoDB's, and whether that is known before they are read.
TOO_LONG: dict[str, tuple[bytes, bytes, bool]] = {
    "its length": (b"Content-Length: 300000000\r\n\r\n", bytes(65_536), True),
    "one byte too many": (b"Content-Length: %d\r\n\r\n" % (MAX_BYTES + 1), bytes(65_536), True),
    "with the head": (b"Content-Length: %d\r\n\r\n" % MAX_BYTES, bytes(65_536), False),
    "the close": (b"\r\n", bytes(65_536), False),
    "one chunk": (b"Transfer-Encoding: chunked\r\n\r\n11e1a300\r\n", bytes(65_536), True),
    "many chunks": (b"Transfer-Encoding: chunked\r\n\r\n", b"4000\r\n" + bytes(0x4000) + b"\r\n", False),
    "trailers": (b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"a" * 10_000 + b"\r\n", False),
}


@pytest.mark.parametrize("name", TOO_LONG)
def test_a_response_longer_than_dynamodbs_is_not_read(name: str) -> None:
    """A response that is or announces to be too long is refused, and at most MAX_BYTES are kept of it."""
    head, part, is_announced = TOO_LONG[name]
    connection: Any = Endless(b"HTTP/1.1 200 OK\r\n" + head, part)
    with pytest.raises(MalformedResponse, match=r"^the response is too long$"):
        read_response(connection)
    assert connection.received <= (1_000 if is_announced else MAX_BYTES + 65_536)


def test_the_longest_response_is_read() -> None:
    """A response of exactly MAX_BYTES is complete, and so is DynamoDB's longest: 16 MB of items in base64."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %08d\r\n\r\n"
    length = MAX_BYTES - len(head % 0)
    connection: Any = Endless(head % length, bytes(65_536), MAX_BYTES)
    response, _ = read_response(connection)
    assert len(response.body) == length > 16 * 1024 * 1024 * 4 / 3


class CutOff:
    """A connection that is reset after it delivered some bytes."""

    def __init__(self, delivered: bytes) -> None:
        self._delivered = [delivered] if delivered else []

    def settimeout(self, _: float | None) -> None:
        """Nothing is waited for."""

    def recv(self, _: int) -> bytes:
        if self._delivered:
            return self._delivered.pop()
        raise ConnectionResetError


@pytest.mark.parametrize(
    "delivered", [b"HTTP/1.1 200", b"HTTP/1.1 200 -\r\nContent-Length: 5\r\n\r\nab", b"HTTP/1.1 200 -\r\n\r\na"]
)
def test_a_reset_within_a_response_is_malformed(delivered: bytes) -> None:
    """After a part of the response, a reset makes it malformed: the connection was not closed before (section 8)."""
    connection: Any = CutOff(delivered)
    with pytest.raises(MalformedResponse, match=r"^the response is incomplete$"):
        read_response(connection)


def test_a_reset_before_a_response_is_a_closed_connection() -> None:
    """Before the first byte, a reset may mean that the connection was closed before the request."""
    connection: Any = CutOff(b"")
    with pytest.raises(ConnectionResetError):
        read_response(connection)
