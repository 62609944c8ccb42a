"""Repeated SIGKILLs of the whole local stack under load: every save that was answered with 200 or 201 survives.

Afterwards every object of the bucket is named by an item, and no table has lost its object.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx
import pytest
from prove.ledger import Effect, Ledger
from support.project.figures import keep
from support.running.local_stack import LocalStack
from support.storage.model import patched

from admin import stacks, sweep
from local.database import binary

SEED: Final = 7
KILLS: Final = 20
WRITERS: Final = 8
# Enough that no user exceeds the write limit (writesPerMinute).
OWN_DASHBOARDS: Final = 6
SHARED_DASHBOARDS: Final = 8
SHARE_OF_SHARED: Final = 0.2
SAVES_BETWEEN_KILLS: Final = (10, 120)
"""The range of saves answered before the next kill. Timed by the clock, a slow machine might answer none."""
MAX_INLINE_TABLE_BYTES: Final = 90
"""So few that most of the tables are stored in the bucket, which takes two writes more."""

CONFIG: Final = "/api/projects/p/config"
DATA: Final = "/api/projects/p/data"

ANSWERED: Final = "answered"
UNANSWERED: Final = "unanswered"

type Document = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """A save to send, and its effect on the stored document."""

    method: str
    path: str
    body: Document | None
    effect: Effect
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Dashboard:
    """One user's dashboard: the configs by version that its writer knows of, and the saves that were sent."""

    user: str
    client: httpx.Client
    configs: Ledger = field(default_factory=Ledger)
    tables: Ledger = field(default_factory=Ledger)
    known: dict[int, Document] = field(default_factory=dict)
    unsure: bool = False

    @property
    def version(self) -> int:
        return max(self.known)

    def look(self) -> None:
        """Load the stored config, which only the service knows after a crash."""
        loaded = self.client.get(CONFIG).raise_for_status().json()
        self.known[loaded["version"]] = loaded["config"]
        self.unsure = False


def replacement(dashboard: Dashboard, chance: random.Random, name: str) -> Request:
    """Make a PUT that replaces the newest config with another one of up to about 20 KB."""
    charts = {f"c{number}": {"title": name, "note": "x" * chance.randint(0, 4_000)} for number in range(5)}
    body = {"chartCustomizations": charts}
    return Request("PUT", CONFIG, body, lambda _: body, {"If-Match": f'"{dashboard.version}"'})


def change(_: Dashboard, chance: random.Random, name: str) -> Request:
    """Make a PATCH of one chart of the newest config."""
    patch = {"chartCustomizations": {f"c{chance.randint(0, 9)}": {"title": name}}}
    return Request("PATCH", CONFIG, patch, lambda before: patched(before, patch))


def merge(dashboard: Dashboard, chance: random.Random, name: str) -> Request:
    """Make a PUT that adds a chart to an older version and has it merged with later saves."""
    base = chance.choice(sorted(dashboard.known))

    def added(document: Document) -> Document:
        return {**document, "chartCustomizations": {**document["chartCustomizations"], name: {"title": name}}}

    return Request("PUT", f"{CONFIG}?onConflict=merge", added(dashboard.known[base]), added, {"If-Match": f'"{base}"'})


def restore(dashboard: Dashboard, chance: random.Random, name: str) -> Request:
    """Make a restore of an older version with different content; a replacement if none exists."""
    newest = dashboard.known[dashboard.version]
    others = [version for version, config in dashboard.known.items() if config != newest]
    if not others:
        return replacement(dashboard, chance, name)
    number = chance.choice(others)
    config = dashboard.known[number]
    headers = {"If-Match": f'"{dashboard.version}"'}
    return Request("POST", f"{CONFIG}/versions/{number}/restore", None, lambda _: config, headers)


def upload(_: Dashboard, chance: random.Random, name: str) -> Request:
    """Make an upload of a small table."""
    rows = [{"name": name, "n": number} for number in range(chance.randint(1, 50))]
    return Request("POST", DATA, {"fileName": "t.json", "rawData": rows}, lambda _: rows)


OWN: Final = (replacement, replacement, change, merge, restore, upload)


@dataclass
class Crowd:
    """All writers' dashboards, and whether the stack is up."""

    own: list[list[Dashboard]]
    shared: list[Dashboard]
    up: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    answers: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def write(self, writer: int) -> Counter[str]:
        """Send saves until the test is done, and count their outcomes."""
        chance = random.Random(f"{SEED}-{writer}")  # noqa: S311 - reproducible, not secret
        outcomes: Counter[str] = Counter()
        while not self.done.is_set():
            if self.up.wait(timeout=0.1):
                outcomes[self._step(writer, chance, f"w{writer}-{outcomes.total()}")] += 1
        return outcomes

    def await_answers(self, number: int) -> None:
        """Wait until that many more saves are answered."""
        for _ in range(number):
            assert self.answers.acquire(timeout=60), "saves are no longer answered"

    def _step(self, writer: int, chance: random.Random, name: str) -> str:
        if chance.random() < SHARE_OF_SHARED:
            shared = chance.choice(self.shared)
            return self._send(shared, change(shared, chance, name))[0]
        own = chance.choice(self.own[writer])
        if own.unsure:
            try:
                own.look()
            except httpx.HTTPError:
                return "not loaded"
        request = chance.choice(OWN)(own, chance, name)
        outcome, version = self._send(own, request)
        own.unsure = outcome == UNANSWERED
        if outcome == ANSWERED and request.path != DATA:
            own.known[version] = request.effect(own.known[own.version])
        return outcome

    def _send(self, dashboard: Dashboard, request: Request) -> tuple[str, int]:
        """Send a save and record it; the version is 0 if it was not answered."""
        ledger = dashboard.tables if request.path == DATA else dashboard.configs
        try:
            answer = dashboard.client.request(request.method, request.path, json=request.body, headers=request.headers)
        except httpx.TransportError:
            answer = None
        if answer is None or answer.is_server_error:
            assert answer is None or not self.up.is_set(), f"{answer.status_code} of a running stack: {answer.text}"
            ledger.unanswered.append(request.effect)
            return UNANSWERED, 0
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            return "over the limit", 0
        assert answer.is_success, f"{request.method} {request.path}: {answer.status_code} {answer.text}"
        version: int = answer.json()["version"]
        ledger.answer(version, request.effect)
        self.answers.release()
        return ANSWERED, version


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[LocalStack]:
    """A separate local stack on the engine that is durable at each write."""
    if binary() is None:
        pytest.skip("npm has no engine for this platform that is durable at each write")
    parameters = {"MaxInlineTableBytes": str(MAX_INLINE_TABLE_BYTES)}
    own = LocalStack(tmp_path / "state", parameters=parameters).start()
    yield own
    own.kill()
    assert own.left_behind() == []


@pytest.fixture
def make_dashboard(stack: LocalStack) -> Iterator[Callable[[str], Dashboard]]:
    """Make a dashboard at version 1 for a new user."""
    clients: list[httpx.Client] = []

    def make(user: str) -> Dashboard:
        clients.append(stack.client(user))
        config = {"chartCustomizations": {"first": {"title": user}}}
        project = {"id": "p", "name": "P", "settings": {"dashboardConfig": config}}
        clients[-1].post("/api/projects", json=project).raise_for_status()
        return Dashboard(user, clients[-1], Ledger({1: lambda _: config}), known={1: config})

    yield make
    for client in clients:
        client.close()


def crash(stack: LocalStack, crowd: Crowd) -> list[float]:
    """Kill the stack at random moments and restart it; return the seconds that each start took."""
    chance = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    starts = []
    crowd.up.set()
    for _ in range(KILLS):
        crowd.await_answers(chance.randint(*SAVES_BETWEEN_KILLS))
        crowd.up.clear()
        stack.kill()
        began = time.monotonic()
        stack.start()
        starts.append(time.monotonic() - began)
        crowd.up.set()
    crowd.done.set()
    return starts


def configs_found(dashboard: Dashboard) -> dict[int, Any]:
    """Read the whole history of a config, and check that its newest version is the one that clients load."""
    listed: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = dashboard.client.get(f"{CONFIG}/versions?limit=100{cursor}").raise_for_status().json()
        listed += [version["version"] for version in page["versions"]]
        cursor = page["nextCursor"] and f"&cursor={page['nextCursor']}"
    versions = {number: dashboard.client.get(f"{CONFIG}/versions/{number}").json() for number in listed}
    assert versions[listed[0]] == dashboard.client.get(CONFIG).json()
    assert listed == list(range(len(listed), 0, -1))
    return {number: version["config"] for number, version in versions.items()}


def tables_found(dashboard: Dashboard) -> dict[int, Any]:
    """Read every upload that is kept."""
    listed = dashboard.client.get(f"{DATA}/versions").raise_for_status().json()["versions"]
    numbers = [version["version"] for version in listed]
    return {number: dashboard.client.get(f"{DATA}/versions/{number}").json()["rawData"] for number in numbers}


def test_answered_saves_survive_every_crash(stack: LocalStack, make_dashboard: Callable[[str], Dashboard]) -> None:
    """After twenty crashes under load, every answered save is in its place in history, and no save is partial.

    An unanswered save is stored completely or not at all; versions have neither gaps nor duplicates. The sweep finds no
    object that no item names, and no table without its object.
    """
    own = [[make_dashboard(f"w{writer}-{number}") for number in range(OWN_DASHBOARDS)] for writer in range(WRITERS)]
    crowd = Crowd(own, [make_dashboard(f"shared-{number}") for number in range(SHARED_DASHBOARDS)])
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(crowd.write, writer) for writer in range(WRITERS)]
        try:
            starts = crash(stack, crowd)
        finally:
            crowd.done.set()
        outcomes = sum((writer.result() for writer in writers), Counter())
        dashboards = [*chain(*own), *crowd.shared]
        configs = list(pool.map(configs_found, dashboards))
        tables = list(pool.map(tables_found, dashboards))
    faults = {
        dashboard.user: found
        for dashboard, config, table in zip(dashboards, configs, tables, strict=True)
        if (found := [*dashboard.configs.faults(config), *dashboard.tables.faults(table)])
    }
    assert not faults
    objects = sweep.find(stacks.local(stack.state), datetime.now(UTC))
    assert (objects.unnamed, objects.gone) == ([], [])
    assert objects.named > KILLS
    keep(
        {
            "kills": KILLS,
            "saves answered, all found": outcomes[ANSWERED],
            "saves interrupted by a kill, each stored completely or not at all": outcomes[UNANSWERED],
            "versions of configs read back": sum(map(len, configs)),
            "objects in the bucket, each named by an item": objects.named,
            "objects that no item names": len(objects.unnamed),
            "seconds to restart, median and maximum": f"{median(starts):.1f}, {max(starts):.1f}",
        }
    )
    assert outcomes[ANSWERED] > KILLS * WRITERS
    assert outcomes[UNANSWERED] > 0
