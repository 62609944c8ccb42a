"""HTTP/1.1 on asyncio's streams, as far as the load and the front need it: kept-alive connections, whole bodies."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

type Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Message:
    """A request or an answer; the names of its headers are in lower case."""

    start: str
    headers: Mapping[str, str]
    body: bytes


async def received(reader: asyncio.StreamReader) -> Message:
    """Read a message. Raises IncompleteReadError at the end of the connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    start, *lines = head[:-4].decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") != "chunked":
        return Message(start, headers, await reader.readexactly(int(headers.get("content-length", 0))))
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return Message(start, headers, body)


def text(start: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Write a message."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{start}\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


def answering(answer: Callable[[Message], Awaitable[bytes]]) -> Connected:
    """Answer each request of a connection until the client closes it."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                writer.write(await answer(await received(reader)))

    return connected
