"""Requests to Dashkeep's functions, and the calls to the database that answer them, as the engine answers."""

import json
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from support.handlers.http_api import CONTEXT, Reply, apps, find_route, handler_module, reply_of
from support.handlers.sharing import address, let_in

from benchmarks.database import Calls, Cost, Meter, metered, quiet
from benchmarks.workload import CONFIG, MEMBER, OWNER, PROJECT, SETTINGS, TABLE, Json, event
from dashboard_store.repository.items import Items
from dashboard_store.store import Store
from local.dashboards import dashboard

PATCH_TYPE: Final = {"content-type": "application/json-patch+json"}


@dataclass(frozen=True)
class Request:
    """A request as an event, the answer, the calls to the database that it took, and its CPU and wall seconds."""

    function: str
    event: Json
    reply: Reply
    calls: Calls
    cpu: float
    wall: float

    @property
    def cost(self) -> Cost:
        return Cost.of(self.calls)


def connect(meter: Meter) -> None:
    """Connect the functions of this process to the engine."""
    for app in apps():
        app.connect(Store(SETTINGS, Items(meter, TABLE)))


def record(meter: Meter, line: str, body: Any = None, **sent: str) -> Request:  # noqa: ANN401 - any JSON value
    """Send a request to its function in this process. Raises SystemExit for a refusal other than a conflict."""
    made = event(line, body, **sent)
    module = handler_module(find_route(made["requestContext"]["http"]["method"], made["rawPath"]).function)
    text, meter.calls = json.dumps(made), []
    cpu, clock = time.process_time(), time.perf_counter()
    answer = module.handler(json.loads(text), CONTEXT)
    json.dumps(answer)
    cpu, wall, reply = time.process_time() - cpu, time.perf_counter() - clock, reply_of(answer)
    if reply.status >= 300 and reply.status != 412:  # noqa: PLR2004 - a success, or a conflict
        raise SystemExit(f"{line} was answered with {reply.status}: {reply.body[:500]!r}")
    return Request(module.__name__, made, reply, tuple(meter.calls), cpu, wall)


@cache
def requests(size: str) -> dict[str, Request]:
    """Send each request once, on a dashboard of a named size, and record it: one after the other, on the engine."""
    with metered() as meter, quiet():
        connect(meter)
        return dict(_recorded(meter, size))


def _recorded(meter: Meter, size: str) -> Iterator[tuple[str, Request]]:
    first, base = dashboard(size, 2), dashboard(size)
    mine = _titled(base, "chart-001", "Mine")
    operations = [{"op": "replace", "path": "/chartCustomizations/chart-000/title", "value": "Theirs"}]
    yield "create", record(meter, "POST /api/projects", {"id": PROJECT, "name": "Sales"})
    yield "first save", record(meter, f"PUT {CONFIG}", first, if_none_match="*")
    yield "save", record(meter, f"PUT {CONFIG}", base, if_match='"1"')
    yield "unchanged", record(meter, f"PUT {CONFIG}", base, if_match='"2"')
    yield "load", record(meter, f"GET {CONFIG}")
    yield "patch", record(meter, f"PATCH {CONFIG}", operations, if_match='"2"', **PATCH_TYPE)
    yield "merge", record(meter, f"PUT {CONFIG}?onConflict=merge", mine, if_match='"2"')
    yield "conflict", record(meter, f"PUT {CONFIG}", _titled(base, "chart-000", "Mine"), if_match='"2"')
    yield "diff", record(meter, f"GET {CONFIG}/versions/2/diff/4")
    yield "undo", record(meter, f"POST {CONFIG}/versions/3/undo", if_match='"4"')
    yield "list", record(meter, "GET /api/projects")
    yield "history", record(meter, f"GET {CONFIG}/versions")
    rows = [{"month": f"2026-{at % 12 + 1:02}", "region": "EU", "revenue": at * 17.5} for at in range(200)]
    yield "upload", record(meter, f"POST /api/projects/{PROJECT}/data", {"fileName": "sales.csv", "rawData": rows})
    yield "data", record(meter, f"GET /api/projects/{PROJECT}/data")
    let_in(OWNER, MEMBER, "editor", PROJECT)
    shared = f"{address(OWNER, PROJECT)}/config"
    yield "member's load", record(meter, f"GET {shared}", user=MEMBER.user)
    yield "member's save", record(meter, f"PUT {shared}", base, user=MEMBER.user, if_match='"5"')
    yield "members", record(meter, f"GET /api/projects/{PROJECT}/members")
    token = OWNER.post(f"/api/projects/{PROJECT}/links", {}).json["token"]
    yield "link", record(meter, f"GET /api/links/{token}/config")
    yield "ticket", record(meter, "POST /api/live", {"projects": [PROJECT]})


def _titled(config: Json, chart: str, title: str) -> Json:
    edited = deepcopy(config)
    edited["chartCustomizations"][chart]["title"] = title
    return edited
