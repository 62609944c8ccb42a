"""The server side of HTTP/1.1 that the front and the Runtime API need: kept-alive connections, whole bodies."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus

HEAD_END = b"\r\n\r\n"


class HttpProtocol(asyncio.Protocol):
    """One connection; a subclass answers each request passed to `received` once, at any time."""

    def __init__(self) -> None:
        self._buffer = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(HEAD_END)) >= 0:
            first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            if "transfer-encoding" in headers:
                raise ValueError("Chunked request bodies are not supported.")
            body_end = end + len(HEAD_END) + int(headers.get("content-length", 0))
            if len(self._buffer) < body_end:
                return
            body, self._buffer = self._buffer[end + len(HEAD_END) : body_end], self._buffer[body_end:]
            method, target, _ = first.split(" ")
            self.received(method, target, headers, body)

    def received(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        raise NotImplementedError

    def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode("latin-1") + body)
