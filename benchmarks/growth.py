"""The cost of each call as a user's projects and a config's versions grow from ten to ten thousand."""

import json
import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import batched
from typing import Any, Final

from benchmarks import workload
from benchmarks.database import metered, quiet
from benchmarks.report import Claim, Section, Table
from benchmarks.with_engine import answered, connected
from benchmarks.workload import SETTINGS, TABLE
from dashboard_store.documents.config import Origin
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.json_text import compact
from dashboard_store.documents.project import Project
from dashboard_store.dynamodb.protocol import Transport, marshal
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import retention
from dashboard_store.repository.config_items import ConfigChange, shown_in_project, version_items
from dashboard_store.repository.project_items import project_item
from dashboard_store.store import utc_now
from local.dashboards import dashboard

COUNTS: Final = (10, 100, 1_000, 10_000)
ROUNDS: Final = 15
# Allows for the jitter of timers; growth with the square root of the count would show as 0.5.
FLAT: Final = 0.1
PROJECT: Final = "p-0"

type Json = dict[str, Any]


@dataclass
class Calls:
    """The calls of one user with `count` projects, the first of which has `count` versions."""

    count: int
    modules: dict[str, Any]
    version: int
    took: dict[str, list[tuple[float, float, float]]] = field(default_factory=dict)
    """CPU seconds, wall seconds and request units of each call."""

    def round(self) -> None:
        config = f"/api/projects/{PROJECT}/config"
        newest = f'"{self.version}"'
        self._call("GET", "get_config", self._event("get_config/200-saved", config))
        self._call("PUT", "put_config", self._save(config, newest, 2 + self.version % 2))
        patch = compact({"theme": {"id": f"theme-{self.version}"}})
        self._call("PATCH", "put_config", self._event("patch_config/200-sent-as-json", config, patch))
        # A save based on the version before the patch; it changes only one chart.
        stale = self._save(f"{config}?onConflict=merge", f'"{self.version + 1}"', 2 + self.version % 2, title="mine")
        self._call("merge", "put_config", stale)
        self._call("list", "projects", self._event("list_projects/200-first-page", "/api/projects?limit=10"))
        self._call("history", "get_config", self._event("list_versions/200-all", f"{config}/versions?limit=10"))
        self.version += 3

    def _call(self, name: str, module: str, event: Json) -> None:
        text, handler = json.dumps(event), self.modules[module]
        items = handler.app.store.items
        cpu, clock, units = time.process_time(), time.perf_counter(), items.units
        json.dumps(answered(handler, json.loads(text)))
        took = (time.process_time() - cpu, time.perf_counter() - clock, items.units - units)
        self.took.setdefault(name, []).append(took)

    def _save(self, path: str, if_match: str, seed: int, title: str = "") -> Json:
        document = _config(seed)
        if title:
            document["chartCustomizations"]["chart-000"]["title"] = title
        event = self._event("put_config/200-saved", path, compact(document))
        event["headers"]["if-match"] = if_match
        return event

    def _event(self, name: str, url: str, body: str | None = None) -> Json:
        """Take an event and change its user and URL."""
        event = workload.event(name)
        path, _, query = url.partition("?")
        event |= {"rawPath": path, "rawQueryString": query}
        event["requestContext"]["http"]["path"] = path
        event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = user(self.count)
        event["queryStringParameters"] = dict(pair.split("=") for pair in query.split("&")) if query else None
        event["headers"].pop("if-match", None)
        if body is not None:
            event |= {"body": body, "isBase64Encoded": False}
            event["headers"]["content-length"] = str(len(body.encode()))
        return event

    def median(self, name: str) -> tuple[float, float, float]:
        cpu, clock, units = zip(*self.took[name], strict=True)
        return statistics.median(cpu), statistics.median(clock), statistics.median(units)


def user(count: int) -> str:
    return f"user-with-{count}"


def measure() -> list[Calls]:
    with metered() as client, quiet():
        for count in COUNTS:
            _write(client, _items(count))
        names = ("get_config", "put_config", "projects")
        modules = dict(zip(names, connected(*names, client=client), strict=True))
        users = [Calls(count, modules, version=count) for count in COUNTS]
        for _ in range(ROUNDS):
            for each in users:
                each.round()
    return users


def _items(count: int) -> Iterator[Json]:
    """Make the items of `count` projects, the first with `count` versions, as the repository would write them."""
    change, lifetimes = ConfigChange(read_config(_config(1), SETTINGS), Origin()), retention.Lifetimes(SETTINGS)
    start = utc_now() - timedelta(hours=5)
    for number in range(count):
        address = ProjectAddress(user(count), f"p-{number}")
        versions = range(1, count + 1) if number == 0 else (1,)
        for version in versions:
            moment = start + timedelta(seconds=version)
            newest, in_history = version_items(address.config(), change, version, moment, lifetimes)
            yield in_history
        yield newest
        project = Project(f"Project {number}", "", {})
        yield project_item(address, project, shown_in_project(newest["summary"]), start + timedelta(seconds=number))


def _config(seed: int) -> Json:
    """Make a config of two charts, whose items stay within one unit for every length of the version number."""
    document = dashboard("small", seed)
    del document["chartCustomizations"]["chart-002"]
    return document


def _write(client: Transport, items: Iterator[Json]) -> None:
    for batch in batched(items, 25, strict=False):
        puts = [{"PutRequest": {"Item": marshal(item)}} for item in batch]
        left = client.call("BatchWriteItem", {"RequestItems": {TABLE: puts}})["UnprocessedItems"]
        if left:
            raise SystemExit(f"The engine did not write {len(left[TABLE])} items.")


def exponent(users: list[Calls], name: str, which: int) -> float:
    """Fit the growth of a figure: 0 if it does not depend on the count, 1 if it is proportional to it."""
    counts = [math.log(each.count) for each in users]
    return statistics.linear_regression(counts, [math.log(each.median(name)[which]) for each in users]).slope


def report() -> list[Section]:
    users = measure()
    names = list(users[0].took)
    measured = (
        "Each user has a number of projects, the first of which has as many versions of a config of 1.5 KB; the engine "
        f"is in memory. Medians of {ROUNDS} calls, with the users in turns. The CPU time of the handler's process and "
        "the wall time are relative to the user with ten. The exponent is the slope of the CPU time over the count on "
        "logarithmic scales: 0 is flat, 1 is proportional."
    )
    rows = [_row(users, name) for name in names]
    header = ["Call", *(f"CPU at {count:,}" for count in COUNTS), "Exponent"]
    header += [f"Wall at {count:,}" for count in COUNTS[1:]] + ["Units at 10", f"Units at {COUNTS[-1]:,}"]
    worst = max(names, key=lambda name: exponent(users, name, 0))
    steepest = exponent(users, worst, 0)
    same_units = all(users[0].median(name)[2] == users[-1].median(name)[2] for name in names)
    claim = Claim(
        "Growth to 10,000 projects and versions",
        "flat",
        "–",
        f"flat: exponent < {FLAT}, equal units",
        f"≤ {steepest:.2f} ({worst}), {'equal' if same_units else 'different'} units",
        steepest < FLAT and same_units,
    )
    notes = [
        (
            "Each call reads and writes a bounded number of items under known keys; a list and a page of history are "
            "one query for one page, here of ten, on an index in their order."
        )
    ]
    return [Section("Growth", measured, [Table(header, rows)], notes, [claim])]


def _row(users: list[Calls], name: str) -> list[str]:
    first, last = users[0].median(name), users[-1].median(name)
    cpu = [each.median(name)[0] for each in users]
    return [
        name,
        f"{cpu[0] * 1e6:,.0f} µs",
        *(f"× {each / cpu[0]:.2f}" for each in cpu[1:]),
        f"{exponent(users, name, 0):+.2f}",
        *(f"× {each.median(name)[1] / first[1]:.2f}" for each in users[1:]),
        f"{first[2]:g}",
        f"{last[2]:g}",
    ]
