"""An answer is what came from its first byte to its last, however it was cut on its way, or it is none."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard_store.dynamodb.http_response import MAX_HEAD_BYTES, HttpResponse, MalformedResponse, read_response

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Amz-Crc32: 7\r\n\r\nhello"
READ = HttpResponse(200, {"content-length": "5", "x-amz-crc32": "7"}, b"hello")


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection's two ends, the server's first."""
    server, client = socket.socketpair()
    client.settimeout(5)
    with server, client:
        yield server, client


def answered(*pieces: bytes, closes: bool = True) -> tuple[HttpResponse, bool]:
    """Read what a server sends in these pieces, and then closes the connection."""
    server, client = socket.socketpair()
    client.settimeout(5)
    with server, client, ThreadPoolExecutor(1) as reader:
        outcome = reader.submit(read_response, client)
        for piece in pieces:
            server.sendall(piece)
        if closes:
            server.shutdown(socket.SHUT_WR)
        return outcome.result(5)


def test_an_answer_with_its_length_ends_there(ends: tuple[socket.socket, socket.socket]) -> None:
    """Status, headers by their names in lower case and body are read, and the connection waits for the next request."""
    server, client = ends
    server.sendall(PLAIN)
    assert read_response(client) == (READ, True)
    server.sendall(PLAIN)
    assert read_response(client) == (READ, True)


@given(cuts=st.lists(st.integers(0, len(PLAIN)), max_size=6))
def test_where_an_answer_is_cut_makes_no_difference(cuts: list[int]) -> None:
    """An answer may come in any pieces."""
    places = [0, *sorted(cuts), len(PLAIN)]
    pieces = [PLAIN[start:end] for start, end in pairwise(places)]
    assert answered(*pieces) == (READ, True)


@given(chunks=st.lists(st.binary(min_size=1, max_size=40), max_size=5))
def test_chunks_are_joined(chunks: list[bytes]) -> None:
    """A body in chunks is their content in turn; extensions and trailers are read over."""
    sent = b"".join(b"%x;a=b\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
    answer, is_reusable = answered(head, sent, b"0\r\nX-Trailer: 1\r\n\r\n")
    assert (answer.body, is_reusable) == (b"".join(chunks), True)


def test_a_body_may_end_with_the_connection() -> None:
    """Without a length the body is all that comes, and the connection is used up."""
    answer, is_reusable = answered(b"HTTP/1.1 200 OK\r\n\r\n", b"all of ", b"it")
    assert (answer.body, is_reusable) == (b"all of it", False)


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_body(status: int) -> None:
    """What has no body by its status is whole with its head, whatever length it names."""
    answer, is_reusable = answered(b"HTTP/1.1 %d -\r\nContent-Length: 5\r\n\r\n" % status, closes=False)
    assert (answer.status, answer.body, is_reusable) == (status, b"", True)


def test_what_comes_before_the_answer_is_read_over() -> None:
    """An interim answer (1xx) is not the answer."""
    assert answered(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", PLAIN) == (READ, True)


@pytest.mark.parametrize(
    "sent",
    [
        PLAIN.replace(b"X-Amz-Crc32: 7", b"Connection: Close"),
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        PLAIN + b"and more than was asked for",
    ],
    ids=["announced", "HTTP/1.0", "more"],
)
def test_a_connection_that_is_used_up_is_not_used_again(sent: bytes) -> None:
    """A connection takes no other request where its server says so, or sent what belongs to no request."""
    answer, is_reusable = answered(sent)
    assert (answer.body, is_reusable) == (b"hello", False)


def test_a_header_that_comes_twice_has_both_values() -> None:
    """The values of headers with one name are joined, as RFC 9110 has it (section 5.3)."""
    answer, _ = answered(b"HTTP/1.1 200 OK\r\nA: 1\r\na:2\r\nContent-Length: 0\r\n\r\n")
    assert answer.headers["a"] == "1, 2"


BROKEN = {
    "another language": b"hello\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "another HTTP": b"HTTP/2 200\r\n\r\n",
    "a line that is no header": b"HTTP/1.1 200 OK\r\nhello\r\n\r\n",
    "a header without a name": b"HTTP/1.1 200 OK\r\n: 1\r\n\r\n",
    "a folded header": b"HTTP/1.1 200 OK\r\nA: 1\r\n b: 2\r\n\r\n",
    "a length that is none": PLAIN.replace(b"Length: 5", b"Length: +5"),
    "two lengths": PLAIN.replace(b"X-Amz-Crc32: 7", b"Content-Length: 6"),
    "another coding": PLAIN.replace(b"X-Amz-Crc32: 7", b"Transfer-Encoding: gzip"),
    "a chunk without a size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "a chunk that is longer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
    "a head without an end": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * (MAX_HEAD_BYTES // 6 + 1),
    "a body that breaks off": PLAIN[:-1],
    "a head that breaks off": PLAIN[:30],
    "chunks that break off": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_answer_is_refused(name: str) -> None:
    """What is not HTTP, or does not come to its end, is an error and never half an answer."""
    with pytest.raises(MalformedResponse):
        answered(BROKEN[name])


def test_a_connection_that_was_closed_before_is_told_apart() -> None:
    """Where not a byte came the request may be sent again at once, so that is another error."""
    with pytest.raises(ConnectionResetError):
        answered()


def test_nothing_in_time_is_told_apart(ends: tuple[socket.socket, socket.socket]) -> None:
    """A server that stops in the middle of its answer runs into the connection's time-out."""
    server, client = ends
    client.settimeout(0.05)
    server.sendall(PLAIN[:-1])
    with pytest.raises(TimeoutError):
        read_response(client)


class CutOff:
    """A connection that is reset after it brought some bytes."""

    def __init__(self, brought: bytes) -> None:
        self._brought = [brought] if brought else []

    def recv(self, _: int) -> bytes:
        if self._brought:
            return self._brought.pop()
        raise ConnectionResetError


@pytest.mark.parametrize(
    "brought", [b"HTTP/1.1 200", b"HTTP/1.1 200 -\r\nContent-Length: 5\r\n\r\nab", b"HTTP/1.1 200 -\r\n\r\na"]
)
def test_a_reset_within_an_answer_breaks_it(brought: bytes) -> None:
    """Where a part had come the answer is broken: the request was received, so it is no closed connection."""
    connection: Any = CutOff(brought)
    with pytest.raises(MalformedResponse):
        read_response(connection)


def test_a_reset_before_an_answer_is_a_closed_connection() -> None:
    """Where nothing had come the connection may have been closed before the request."""
    connection: Any = CutOff(b"")
    with pytest.raises(ConnectionResetError):
        read_response(connection)
