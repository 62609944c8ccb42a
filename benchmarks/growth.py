"""The cost of each call as a config's versions grow from ten to 100,000, with its user's projects and its members."""

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import batched
from typing import Any, Final

from support.handlers.http_api import Client
from support.handlers.sharing import accept, address, invited

from benchmarks.database import Meter, metered, quiet
from benchmarks.recordings import PATCH_TYPE, Request, connect, record
from benchmarks.report import Claim, Section, Table
from benchmarks.workload import SETTINGS, TABLE, Json
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


@dataclass
class User:
    """A user with `count` versions of one config, as many projects, and as many members of the first."""

    count: int
    version: int
    requests: dict[str, list[Request]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"user-{self.count:06}"

    def write(self, meter: Meter) -> None:
        """Write the projects and versions as the repository would, then let the members in."""
        for batch in batched(self._items(), 25, strict=False):
            puts = [{"PutRequest": {"Item": marshal(item)}} for item in batch]
            if meter.call("BatchWriteItem", {"RequestItems": {TABLE: puts}})["UnprocessedItems"]:
                raise SystemExit("The engine did not write all items.")
            meter.calls = []
        members = min(self.count, MOST_MEMBERS)
        token = invited(Client(self.name), "editor", PROJECT, uses=members)
        for number in range(members):
            accept(Client(f"{self.name}-member-{number}"), token)

    def _items(self) -> Iterator[Json]:
        change, lifetimes = ConfigChange(read_config(_config(1), SETTINGS), Origin()), retention.Lifetimes(SETTINGS)
        start = utc_now() - timedelta(days=2)
        for number in range(min(self.count, MOST_PROJECTS)):
            place = ProjectAddress(self.name, f"p-{number}")
            for version in range(1, self.count + 1) if number == 0 else (1,):
                moment = start + timedelta(seconds=version)
                newest, in_history = version_items(place.config(), change, version, moment, lifetimes)
                yield in_history
            yield newest
            project = Project(f"Project {number}", "", {})
            yield project_item(place, project, shown_in_project(newest["summary"]), start + timedelta(seconds=number))

    def round(self, meter: Meter) -> None:
        def call(name: str, line: str, body: Any = None, **sent: str) -> None:  # noqa: ANN401 - any JSON value
            made = record(meter, line, body, **{"user": self.name, **sent})
            self.requests.setdefault(name, []).append(made)

        shared, member = f"{address(Client(self.name), PROJECT)}/config", f"{self.name}-member-0"
        seed = 2 + len(self.requests.get("GET", [])) % 2
        base, new, stale = self.version, _config(seed), _config(seed)
        stale["chartCustomizations"]["chart-000"]["title"] = "mine"
        operations = [{"op": "replace", "path": "/theme", "value": {"id": f"theme-{base}"}}]
        call("GET", f"GET {CONFIG}")
        call("PUT", f"PUT {CONFIG}", new, if_match=f'"{base}"')
        call("PATCH", f"PATCH {CONFIG}", operations, if_match=f'"{base + 1}"', **PATCH_TYPE)
        # A save based on the version before the patch; it changes only one chart.
        call("merge", f"PUT {CONFIG}?onConflict=merge", stale, if_match=f'"{base + 1}"')
        call("list", "GET /api/projects?limit=10")
        call("history", f"GET {CONFIG}/versions?limit=10")
        call("member's GET", f"GET {shared}", user=member)
        call("member's PUT", f"PUT {shared}", new, user=member, if_match=f'"{base + 3}"')
        self.version += 4

    def median(self, name: str, what: str) -> float:
        figures: list[float] = [getattr(request, what) for request in self.requests[name]]
        return statistics.median(figures)

    def units(self, name: str) -> float:
        return statistics.median(request.cost.units for request in self.requests[name])


def _config(seed: int) -> Json:
    """Make a config of one chart, whose items stay within one unit for every length of the version number."""
    document = dashboard("small", seed)
    return {**document, "chartCustomizations": {"chart-000": document["chartCustomizations"]["chart-000"]}}


def measure() -> list[User]:
    users = [User(count, version=count) for count in COUNTS]
    with metered() as meter, quiet():
        connect(meter)
        for user in users:
            user.write(meter)
        for _ in range(ROUNDS):
            for user in users:
                user.round(meter)
    return users


def report() -> list[Section]:
    users = measure()
    first, last = users[0], users[-1]
    # The exponent of growth: 0 if the CPU time does not depend on the count, 1 if it is proportional to it.
    counts = [math.log(user.count) for user in users]
    exponents = {
        name: statistics.linear_regression(counts, [math.log(user.median(name, "cpu")) for user in users]).slope
        for name in first.requests
    }
    rows = []
    for name, slope in exponents.items():
        cpu = [user.median(name, "cpu") for user in users]
        row = [name, f"{cpu[0] * 1e6:,.0f} µs", *(f"× {each / cpu[0]:.2f}" for each in cpu[1:]), f"{slope:+.2f}"]
        wall = last.median(name, "wall") / first.median(name, "wall")
        rows.append([*row, f"× {wall:.2f}", f"{first.units(name):g}", f"{last.units(name):g}"])
    most = f"{last.count:,}"
    header = ["Call", *(f"CPU at {count:,}" for count in COUNTS), "Exponent", f"Wall at {most}"]
    table = Table([*header, f"Units at {first.count}", f"Units at {most}"], rows)
    measured = (
        "Each user has a config of 1 KB with a number of versions, as many projects, but at most "
        f"{MOST_PROJECTS:,}, and as many members of the config's project, but at most {MOST_MEMBERS}; the engine is in "
        f"memory. Medians of {ROUNDS} calls, with the users in turns. The CPU time of the handler's process and the "
        "wall time are relative to the user with ten. The exponent is the slope of the CPU time over the count on "
        "logarithmic scales: 0 is flat, 1 is proportional. Each call reads and writes a bounded number of items under "
        "known keys; a list and a page of history are one query for one page, here of ten, on an index in their order."
    )
    worst = max(exponents, key=exponents.__getitem__)
    same_units = all(first.units(name) == last.units(name) for name in exponents)
    title = f"Growth to {most} versions, {MOST_PROJECTS:,} projects, {MOST_MEMBERS} members"
    found = f"≤ {exponents[worst]:.2f} ({worst}), {'equal' if same_units else 'different'} units"
    holds = exponents[worst] < FLAT and same_units
    claim = Claim(title, "flat", "–", f"flat: exponent < {FLAT}, equal units", found, holds)
    return [Section("Growth", measured, [table], claims=[claim])]
