"""A client that loads, patches and saves as an open dashboard does, and the outcomes of its requests."""

import contextlib
import gzip
import http.client
import json
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from local.dashboards import dashboard

MIX: Final = {"load": 40, "load, known": 40, "patch": 15, "put": 5}
SHARE_OF_SHARED: Final = 0.25
SHARE_OF_MERGES: Final = 0.5
NO_ANSWER: Final = 0
"""The status of a request that got no answer."""

CONFIG: Final = "/api/projects/p/config"

type Json = dict[str, Any]


@dataclass
class Board:
    """A user's dashboard as one client knows it."""

    token: str
    config: Json
    version: int = 1


@dataclass
class Tally:
    """The outcomes of one kind of request: the seconds of each, and the number of each status."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.seconds + other.seconds, self.statuses + other.statuses)

    def milliseconds(self, share: float) -> float:
        """Return the time within which this share of the requests was answered."""
        ordered = sorted(self.seconds)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1_000


class Connection:
    """One kept-alive connection to the stack, which is reopened when it breaks."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def close(self) -> None:
        self._connection.close()

    def send(self, method: str, path: str, document: Json | None = None, **headers: str) -> tuple[int, Json]:
        """Send a request; return the status and the answer's document, or an empty one."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"Accept-Encoding": "gzip", "Content-Type": "application/json"}
        body = None if document is None else json.dumps(document).encode()
        try:
            self._connection.request(method, path, body, sent)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return NO_ANSWER, {}
        if answer.headers["Content-Encoding"] == "gzip":
            content = gzip.decompress(content)
        return answer.status, json.loads(content) if content else {}


def made_board(connection: Connection, user: str) -> Board:
    """Make a dashboard of about 20 KB for a user."""
    _, issued = connection.send("GET", f"/local/token?sub={user}")
    config = dashboard("medium", seed=len(user))
    project = {"id": "p", "name": user, "settings": {"dashboardConfig": config}}
    status, answer = connection.send("POST", "/api/projects", project, authorization=f"Bearer {issued['token']}")
    if status != HTTPStatus.CREATED:
        raise RuntimeError(f"The dashboard was not created: {status} {answer}")
    return Board(issued["token"], config)


class Visitor:
    """One client with its own dashboards and others that all clients share."""

    def __init__(self, url: str, own: Sequence[Board], shared: Sequence[Board], seed: str) -> None:
        self._connection = Connection(url)
        self._own, self._shared = own, [replace(board) for board in shared]
        self._chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
        self._kinds = {
            "load": self._load,
            "load, known": self._load_known,
            "patch": self._patch,
            "put": self._put,
        }
        self.tallies = {kind: Tally() for kind in MIX}
        self.merged = 0

    def visit(self, until: float) -> "Visitor":
        """Send one request after another until this time of the monotonic clock."""
        with contextlib.closing(self._connection):
            while time.monotonic() < until:
                self._step(*self._chance.choices(list(MIX), list(MIX.values())))
        return self

    def _step(self, kind: str) -> None:
        board = self._chance.choice(self._shared if self._chance.random() < SHARE_OF_SHARED else self._own)
        began = time.monotonic()
        status, answer = self._kinds[kind](board)
        self.tallies[kind].seconds.append(time.monotonic() - began)
        self.tallies[kind].statuses[status] += 1
        _learn(board, status, answer)

    def _load(self, board: Board) -> tuple[int, Json]:
        return self._send(board, "GET")

    def _load_known(self, board: Board) -> tuple[int, Json]:
        return self._send(board, "GET", if_none_match=f'"{board.version}"')

    def _patch(self, board: Board) -> tuple[int, Json]:
        return self._send(board, "PATCH", {"chartCustomizations": self._edit(board)})

    def _put(self, board: Board) -> tuple[int, Json]:
        charts = board.config["chartCustomizations"]
        ((name, edit),) = self._edit(board).items()
        edited = {**board.config, "chartCustomizations": {**charts, name: {**charts[name], **edit}}}
        query = "?onConflict=merge" if self._chance.random() < SHARE_OF_MERGES else ""
        status, answer = self._send(board, "PUT", edited, query, if_match=f'"{board.version}"')
        self.merged += "merged" in answer
        return status, {"config": edited, **answer}

    def _edit(self, board: Board) -> Json:
        chart = self._chance.choice(list(board.config["chartCustomizations"]))
        return {chart: {"title": f"Edited {self._chance.random()}"}}

    def _send(
        self, board: Board, method: str, document: Json | None = None, query: str = "", **headers: str
    ) -> tuple[int, Json]:
        return self._connection.send(method, CONFIG + query, document, authorization=f"Bearer {board.token}", **headers)


def _learn(board: Board, status: int, answer: Mapping[str, Any]) -> None:
    """Continue from the newest version that the answer names."""
    if status == HTTPStatus.OK:
        board.config, board.version = answer["config"], answer["version"]
    elif status == HTTPStatus.PRECONDITION_FAILED:
        board.config, board.version = answer["current"], answer["currentVersion"]
