"""A WebSocket connection to the local stack, as a page opens it."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any, Self

import httpx
from websocket import WebSocket, WebSocketBadStatusException, WebSocketException

_SECONDS = 30


class LiveSocket:
    """One connection of a user; a thread keeps every message with the time of its arrival, in seconds."""

    def __init__(self, client: httpx.Client, origin: str | None = None) -> None:
        """Get a ticket and connect. Raises ConnectionRefusedError if the handshake is refused."""
        issued = client.post("/api/live")
        assert issued.status_code == 201, issued.text
        self._socket = connected(issued.json()["url"], origin)
        self.messages: list[tuple[float, dict[str, Any]]] = []
        self.closed_at: float | None = None
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def told(self) -> list[dict[str, Any]]:
        """The messages that answer nothing."""
        return [message for _, message in self.messages if "project" in message]

    def follow(self, *projects: str) -> Any:
        """Follow projects, and return the answer."""
        return self.send({"action": "follow", "projects": projects})

    def send(self, message: Any) -> Any:
        """Send a message and return its answer, the next message that is about no single project."""
        begun = len(self.messages)
        self._socket.send(json.dumps(message))
        self.wait(lambda: any("project" not in each for _, each in self.messages[begun:]))
        return next(each for _, each in self.messages[begun:] if "project" not in each)

    def wait(self, is_there: Callable[[], bool], seconds: float = _SECONDS) -> None:
        """Wait until something has happened; fails after a time."""
        with self._changed:
            assert self._changed.wait_for(is_there, seconds), self.messages

    def wait_for_version(self, version: int, seconds: float = _SECONDS) -> float:
        """Wait until a config's version, or a later one, is announced; return when that was."""
        self.wait(lambda: self._arrival(version) is not None, seconds)
        return self._arrival(version) or 0

    def wait_for_end(self, seconds: float = _SECONDS) -> float:
        """Wait until the other side closes the connection; return when that was."""
        self.wait(lambda: self.closed_at is not None, seconds)
        return self.closed_at or 0

    def close(self) -> None:
        self._socket.close()
        # One that the other side has closed is not released otherwise.
        self._socket.shutdown()

    def _arrival(self, version: int) -> float | None:
        return next((at for at, each in self.messages if each.get("configVersion", 0) >= version), None)

    def _read(self) -> None:
        while True:
            try:
                text = self._socket.recv()
            except (WebSocketException, OSError):
                text = ""
            with self._changed:
                if not text:
                    self.closed_at = time.perf_counter()
                else:
                    self.messages.append((time.perf_counter(), json.loads(text)))
                self._changed.notify_all()
            if not text:
                return


def connected(url: str, origin: str | None = None) -> WebSocket:
    """Connect to an address. Raises ConnectionRefusedError if the handshake is refused."""
    made = WebSocket()
    try:
        # The library would make up an origin.
        made.connect(url, timeout=_SECONDS, origin=origin, suppress_origin=origin is None)
    except WebSocketBadStatusException as exc:
        made.shutdown()
        raise ConnectionRefusedError(exc.status_code) from exc
    return made
