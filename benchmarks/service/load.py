"""16 clients for a bounded time, each with its own kept-alive connection and dashboard."""

import asyncio
import gzip
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from local.dashboards import dashboard

CLIENTS: Final = 16
_ANSWER_SECONDS: Final = 20
_HEAD_END: Final = b"\r\n\r\n"
_MARK: Final = "how often it was saved"


class WrongAnswerError(Exception):
    """A contender answered with an unexpected status or content."""


@dataclass(frozen=True)
class Address:
    """How a contender's dashboards are addressed; `path` and `headers` take the client's number.

    `wrap` is the JSON around a dashboard in a request; `document` extracts the dashboard from an answer's JSON.
    `is_versioned` means that each save names the version that it replaces.
    """

    port: int
    path: Callable[[int], str]
    document: Callable[[Any], Any] = lambda answer: answer
    headers: Callable[[int], Mapping[str, str]] = lambda _: {}
    wrap: tuple[str, str] = ("", "")
    is_versioned: bool = False


@dataclass
class Client:
    """One browser. Each save contains its number, so no two are equal."""

    address: Address
    number: int
    saves: int = 0

    def __post_init__(self) -> None:
        text = json.dumps({**dashboard("medium"), "theme": {"id": _MARK}}, ensure_ascii=False, separators=(",", ":"))
        before, self._after = (self.address.wrap[0] + text + self.address.wrap[1]).split(_MARK)
        self._before = before
        sent = {
            "Host": f"127.0.0.1:{self.address.port}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            **self.address.headers(self.number),
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        self._head = f"{self.address.path(self.number)} HTTP/1.1\r\n{lines}"

    def saved(self) -> Any:  # noqa: ANN401 - any JSON value
        """Return the document that was saved last."""
        text = self._text()
        end = len(text) - len(self.address.wrap[1])
        return json.loads(text[len(self.address.wrap[0]) : end])

    def load(self) -> bytes:
        return f"GET {self._head}\r\n".encode()

    def save(self) -> bytes:
        condition = f'If-Match: "{self.saves}"\r\n' if self.address.is_versioned else ""
        self.saves += 1
        body = self._text().encode()
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return f"PUT {self._head}{condition}{kind}\r\n".encode() + body

    def _text(self) -> str:
        return f"{self._before}{self.saves:08}{self._after}"


@dataclass
class Answer:
    status: int
    headers: str
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON value
        return json.loads(gzip.decompress(self.body) if "content-encoding: gzip" in self.headers else self.body)


class Connection(asyncio.Protocol):
    """Sends one request after another until `until`, and checks each answer's status."""

    def __init__(self, make: Callable[[], bytes], until: float, expected: Sequence[int]) -> None:
        self._make = make
        self._until = until
        self._expected = expected
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport
        self.seconds: list[float] = []
        self.last: Answer | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answer = parsed(self._buffer)
        if answer is None:
            return
        now = time.perf_counter()
        self.seconds.append(now - self._sent)
        self._buffer, self.last = b"", answer
        if answer.status not in self._expected:
            self._fail(f"Status {answer.status} instead of {self._expected}: {answer.body[:2_000]!r}")
        elif now >= self._until:
            self._transport.close()
            self.done.set_result(None)
        else:
            self._send()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self._fail("The connection was closed before the answer.")

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._make())

    def _fail(self, reason: str) -> None:
        self._transport.close()
        self.done.set_exception(WrongAnswerError(reason))


def parsed(data: bytes) -> Answer | None:
    """Parse an answer; None if it is incomplete."""
    end = data.find(_HEAD_END)
    if end < 0:
        return None
    headers, body = data[:end].decode("latin-1").lower(), data[end + len(_HEAD_END) :]
    status = int(headers[9:12])
    if "\r\ntransfer-encoding: chunked" in headers:
        joined = _joined(body)
        return None if joined is None else Answer(status, headers, joined)
    length = int(headers.partition("\r\ncontent-length:")[2].partition("\r\n")[0])
    return Answer(status, headers, body) if len(body) >= length else None


def _joined(chunks: bytes) -> bytes | None:
    """Join the chunks of a body; None if the last one is missing."""
    body = b""
    while chunks:
        size, found, rest = chunks.partition(b"\r\n")
        length = int(size, 16) if found else -1
        if length < 0 or len(rest) < length + 2:
            return None
        if not length:
            return body
        body, chunks = body + rest[:length], rest[length + 2 :]
    return None


@dataclass(frozen=True)
class Burst:
    """The result of a load: its duration, and the duration of each answer, both in seconds."""

    took: float
    seconds: list[float] = field(repr=False)


def burst(clients: Sequence[Client], verb: Callable[[Client], bytes], seconds: float) -> Burst:
    """Let all clients send requests for some seconds. Raises WrongAnswerError."""
    began = time.perf_counter()
    connections = asyncio.run(_all(clients, verb, began + seconds, (200,)))
    took = time.perf_counter() - began
    return Burst(took, [each for connection in connections for each in connection.seconds])


def first_saves(clients: Sequence[Client]) -> None:
    """Save each client's dashboard for the first time. Raises WrongAnswerError."""
    asyncio.run(_all(clients, Client.save, 0, (200, 201)))


def check_contents(clients: Sequence[Client]) -> None:
    """Load each client's dashboard and compare it with its last save. Raises WrongAnswerError."""
    connections = asyncio.run(_all(clients, Client.load, 0, (200,)))
    for client, connection in zip(clients, connections, strict=True):
        assert connection.last is not None  # noqa: S101 - for the type checker
        if client.address.document(connection.last.json) != client.saved():
            raise WrongAnswerError(f"The dashboard differs from its last save: {connection.last.json}")


async def _all(
    clients: Sequence[Client], verb: Callable[[Client], bytes], until: float, expected: Sequence[int]
) -> list[Connection]:
    return await asyncio.gather(*(_one(client, verb, until, expected) for client in clients))


async def _one(client: Client, verb: Callable[[Client], bytes], until: float, expected: Sequence[int]) -> Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: Connection(lambda: verb(client), until, expected), "127.0.0.1", client.address.port
    )
    remaining = max(until - time.perf_counter(), 0)
    await asyncio.wait_for(connection.done, remaining + _ANSWER_SECONDS)
    return connection
