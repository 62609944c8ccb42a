"""16 clients for a bounded time, each with its own kept-alive connection and dashboard."""

import asyncio
import contextlib
import gzip
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.service.messages import Message, received, text
from local.dashboards import dashboard

CLIENTS: Final = 16
_MARK: Final = "how often it was saved"


@dataclass(frozen=True)
class Address:
    """How a contender's dashboards are addressed; `path` and `user` take the client's number.

    `wrap` is what a save sends, with `%s` for the dashboard; `document` extracts the dashboard from an answer's JSON.
    `is_versioned` means that each save names the version that it replaces.
    """

    port: int
    path: str
    document: Callable[[Any], Any] = lambda answer: answer
    user: str = ""
    wrap: str = "%s"
    is_versioned: bool = False


class Client:
    """One browser. Each save contains its number, so no two are equal."""

    def __init__(self, address: Address, number: int) -> None:
        self.address = address
        self._saves = 0
        marked = json.dumps({**dashboard("medium"), "theme": {"id": _MARK}}, ensure_ascii=False, separators=(",", ":"))
        self._before, self._after = marked.split(_MARK)
        self._target = address.path.format(number)
        self._headers = {"Host": "127.0.0.1", "Accept": "application/json", "Accept-Encoding": "gzip"}
        if address.user:
            self._headers["Authorization"] = f"Bearer {address.user.format(number)}"

    def load(self) -> bytes:
        return text(f"GET {self._target} HTTP/1.1", self._headers)

    def save(self) -> bytes:
        headers = {**self._headers, "Content-Type": "application/json"}
        if self.address.is_versioned:
            headers["If-Match"] = f'"{self._saves}"'
        self._saves += 1
        return text(f"PUT {self._target} HTTP/1.1", headers, (self.address.wrap % self._config()).encode())

    def check(self, answer: Message) -> None:
        """Raise RuntimeError unless the answer to a load is what was saved last."""
        is_zipped = answer.headers.get("content-encoding") == "gzip"
        loaded = _read(gzip.decompress(answer.body) if is_zipped else answer.body)
        if self.address.document(loaded) != _read(self._config()):
            raise RuntimeError(f"The dashboard differs from its last save: {loaded}")

    def _config(self) -> str:
        return f"{self._before}{self._saves:08}{self._after}"


def _read(text: bytes | str) -> Any:  # noqa: ANN401 - any JSON value
    """Read JSON with the first 15 digits of each number: Kinto on PostgreSQL loses the others."""
    return json.loads(text, parse_float=lambda number: f"{float(number):.15g}")


def burst(clients: Sequence[Client], verb: Callable[[Client], bytes], seconds: float) -> tuple[float, list[float]]:
    """Let each client send one request after another for some seconds, and at least one; check what it loads last.

    Return the duration, and that of each answer, in seconds. Raises RuntimeError if an answer is wrong.
    """
    began = time.perf_counter()
    ended = asyncio.run(_all(clients, verb, began + seconds))
    took = time.perf_counter() - began
    if verb is Client.load:
        for client, (_, answer) in zip(clients, ended, strict=True):
            client.check(answer)
    return took, [each for times, _ in ended for each in times]


async def _all(
    clients: Sequence[Client], verb: Callable[[Client], bytes], until: float
) -> list[tuple[list[float], Message]]:
    async with asyncio.timeout(max(until - time.perf_counter(), 0) + 20):
        return await asyncio.gather(*(_one(client, verb, until) for client in clients))


async def _one(client: Client, verb: Callable[[Client], bytes], until: float) -> tuple[list[float], Message]:
    reader, writer = await asyncio.open_connection("127.0.0.1", client.address.port)
    with contextlib.closing(writer):
        times: list[float] = []
        while True:
            began = time.perf_counter()
            writer.write(verb(client))
            answer = await received(reader)
            times.append((now := time.perf_counter()) - began)
            if answer.start.split()[1] not in {"200", "201"}:
                raise RuntimeError(f"{answer.start}: {answer.body[:2_000]!r}")
            if now >= until:
                return times, answer
