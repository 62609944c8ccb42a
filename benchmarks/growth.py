"""The cost of each call as a config's versions grow from ten to 100,000, with its user's projects and its members."""

import importlib
import json
import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import batched
from typing import Any, Final

from support.handlers.http_api import CONTEXT, Client
from support.handlers.sharing import accept, address, invited

from benchmarks.database import Meter, metered, quiet
from benchmarks.recordings import PATCH_TYPE, connect
from benchmarks.report import Claim, Section, Table
from benchmarks.workload import SETTINGS, TABLE, Json, event
from dashboard_store.documents.config import Origin
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.project import Project
from dashboard_store.dynamodb.protocol import marshal
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import retention
from dashboard_store.repository.config_items import ConfigChange, shown_in_project, version_items
from dashboard_store.repository.project_items import project_item
from dashboard_store.store import utc_now
from local.dashboards import dashboard

COUNTS: Final = (10, 100, 1_000, 10_000, 100_000)
MOST_PROJECTS: Final = 10_000
MOST_MEMBERS: Final = 100
ROUNDS: Final = 15
# Allows for the jitter of timers; growth with the square root of the count would show as 0.5.
FLAT: Final = 0.1
PROJECT: Final = "p-0"
CONFIG: Final = f"/api/projects/{PROJECT}/config"

type Figures = tuple[float, float, float]
"""CPU seconds, wall seconds and request units."""


@dataclass
class User:
    """A user with `count` versions of one config, as many projects, and as many members of the first."""

    count: int
    meter: Meter
    version: int
    took: dict[str, list[Figures]] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        return Client(f"user-{self.count:06}")

    @property
    def member(self) -> str:
        return f"{self.client.user}-member-0"

    def write(self) -> None:
        """Write the projects and versions as the repository would, then let the members in."""
        for batch in batched(self._items(), 25, strict=False):
            puts = [{"PutRequest": {"Item": marshal(item)}} for item in batch]
            if self.meter.call("BatchWriteItem", {"RequestItems": {TABLE: puts}})["UnprocessedItems"]:
                raise SystemExit("The engine did not write all items.")
            self.meter.calls = []
        members = min(self.count, MOST_MEMBERS)
        token = invited(self.client, "editor", PROJECT, uses=members)
        for number in range(members):
            accept(Client(f"{self.client.user}-member-{number}"), token)

    def _items(self) -> Iterator[Json]:
        change, lifetimes = ConfigChange(read_config(_config(1), SETTINGS), Origin()), retention.Lifetimes(SETTINGS)
        start = utc_now() - timedelta(days=2)
        for number in range(min(self.count, MOST_PROJECTS)):
            place = ProjectAddress(self.client.user, f"p-{number}")
            for version in range(1, self.count + 1) if number == 0 else (1,):
                moment = start + timedelta(seconds=version)
                newest, in_history = version_items(place.config(), change, version, moment, lifetimes)
                yield in_history
            yield newest
            project = Project(f"Project {number}", "", {})
            yield project_item(place, project, shown_in_project(newest["summary"]), start + timedelta(seconds=number))

    def round(self) -> None:
        shared = f"{address(self.client, PROJECT)}/config"
        seed = 2 + len(self.took.get("GET", [])) % 2
        base, new, stale = self.version, _config(seed), _config(seed)
        stale["chartCustomizations"]["chart-000"]["title"] = "mine"
        operations = [{"op": "replace", "path": "/theme", "value": {"id": f"theme-{base}"}}]
        self._call("GET", "get_config", f"GET {CONFIG}")
        self._call("PUT", "put_config", f"PUT {CONFIG}", new, if_match=f'"{base}"')
        self._call("PATCH", "put_config", f"PATCH {CONFIG}", operations, if_match=f'"{base + 1}"', **PATCH_TYPE)
        # A save based on the version before the patch; it changes only one chart.
        self._call("merge", "put_config", f"PUT {CONFIG}?onConflict=merge", stale, if_match=f'"{base + 1}"')
        self._call("list", "projects", "GET /api/projects?limit=10")
        self._call("history", "get_config", f"GET {CONFIG}/versions?limit=10")
        self._call("member's GET", "get_config", f"GET {shared}", user=self.member)
        self._call("member's PUT", "put_config", f"PUT {shared}", new, user=self.member, if_match=f'"{base + 3}"')
        self.version += 4

    def _call(self, name: str, module: str, line: str, body: Any = None, **sent: str) -> None:  # noqa: ANN401
        text = json.dumps(event(line, body, **{"user": self.client.user, **sent}))
        handler = importlib.import_module(module).handler
        self.meter.calls = []
        cpu, clock = time.process_time(), time.perf_counter()
        answer = handler(json.loads(text), CONTEXT)
        json.dumps(answer)
        took = (time.process_time() - cpu, time.perf_counter() - clock, self.meter.units)
        if answer["statusCode"] != 200:  # noqa: PLR2004 - OK
            raise SystemExit(f"{line} was answered with {answer['statusCode']}: {answer['body']}")
        self.took.setdefault(name, []).append(took)

    def median(self, name: str, which: int) -> float:
        return statistics.median(each[which] for each in self.took[name])


def _config(seed: int) -> Json:
    """Make a config of two charts, whose items stay within one unit for every length of the version number."""
    document = dashboard("small", seed)
    del document["chartCustomizations"]["chart-002"]
    return document


def measure() -> list[User]:
    with metered() as meter, quiet():
        connect(meter)
        users = [User(count, meter, version=count) for count in COUNTS]
        for user in users:
            user.write()
        for _ in range(ROUNDS):
            for user in users:
                user.round()
    return users


def exponent(users: list[User], name: str) -> float:
    """Fit the growth of the CPU time: 0 if it does not depend on the count, 1 if it is proportional to it."""
    counts = [math.log(each.count) for each in users]
    return statistics.linear_regression(counts, [math.log(each.median(name, 0)) for each in users]).slope


def report() -> list[Section]:
    users = measure()
    names = list(users[0].took)
    measured = (
        "Each user has a config of 1.5 KB with a number of versions, as many projects, but at most "
        f"{MOST_PROJECTS:,}, and as many members of the config's project, but at most {MOST_MEMBERS}; the engine is in "
        f"memory. Medians of {ROUNDS} calls, with the users in turns. The CPU time of the handler's process and the "
        "wall time are relative to the user with ten. The exponent is the slope of the CPU time over the count on "
        "logarithmic scales: 0 is flat, 1 is proportional."
    )
    header = ["Call", *(f"CPU at {count:,}" for count in COUNTS), "Exponent", f"Wall at {COUNTS[-1]:,}"]
    header += ["Units at 10", f"Units at {COUNTS[-1]:,}"]
    exponents = {name: exponent(users, name) for name in names}
    worst = max(names, key=exponents.__getitem__)
    same_units = all(users[0].median(name, 2) == users[-1].median(name, 2) for name in names)
    claim = Claim(
        f"Growth to {COUNTS[-1]:,} versions, {MOST_PROJECTS:,} projects, {MOST_MEMBERS} members",
        "flat",
        "–",
        f"flat: exponent < {FLAT}, equal units",
        f"≤ {exponents[worst]:.2f} ({worst}), {'equal' if same_units else 'different'} units",
        exponents[worst] < FLAT and same_units,
    )
    notes = [
        (
            "Each call reads and writes a bounded number of items under known keys; a list and a page of history are "
            "one query for one page, here of ten, on an index in their order."
        )
    ]
    table = Table(header, [_row(users, name, exponents[name]) for name in names])
    return [Section("Growth", measured, [table], notes, [claim])]


def _row(users: list[User], name: str, slope: float) -> list[str]:
    first, last = users[0], users[-1]
    cpu = [each.median(name, 0) for each in users]
    return [
        name,
        f"{cpu[0] * 1e6:,.0f} µs",
        *(f"× {each / cpu[0]:.2f}" for each in cpu[1:]),
        f"{slope:+.2f}",
        f"× {last.median(name, 1) / first.median(name, 1):.2f}",
        f"{first.median(name, 2):g}",
        f"{last.median(name, 2):g}",
    ]
