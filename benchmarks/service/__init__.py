"""The service as a process behind HTTP, compared with other ways to store a dashboard: 20 KB, 16 clients.

`make bench PARTS=service` measures only this. All services are started first and then loaded in turns, repeatedly, so
that disturbances of the machine affect all of them. They run on one core, the load on another; CPU time is what the
kernel counted for a service's processes while they were loaded.
"""

from collections.abc import Mapping, Sequence
from itertools import starmap
from typing import Final

from benchmarks.report import Claim, Section, Table
from benchmarks.service.load import CLIENTS
from benchmarks.service.measure import ROUNDS, SECONDS, VERBS, Cost, measure
from benchmarks.service.services import EXPRESS, FLOOR, KINTO_MEMORY, KINTO_POSTGRESQL, NEXT, OURS, running

_TO_BEAT: Final = {"PUT": (KINTO_MEMORY, KINTO_POSTGRESQL), "GET": (NEXT, KINTO_MEMORY, KINTO_POSTGRESQL)}
_HEADER: Final = ("CPU ms per request", "service", "storage", "requests per second", "p50 ms", "p99 ms")
_MEASURED: Final = (
    f"A dashboard of 20 KB, saved (PUT) and loaded (GET) over HTTP by {CLIENTS} clients, each with its own kept-alive "
    "connection and dashboard. All services run throughout on one core; the load and what AWS runs in front of a "
    f"function are on another core. They are loaded in turns, {ROUNDS} rounds of {SECONDS} s for each verb after a "
    "warm-up; the figures are the medians of the rounds. CPU time is what the kernel counts for the processes. The "
    "status of each answer is checked, and after each round each client's dashboard has to equal its last save."
)
_NOTES: Final = (
    (
        "Dashkeep, built as it is deployed, and the bare handler run on `awslambdaric`, AWS's own runtime, with two "
        "processes per function and one dynoxide, the local stack's DynamoDB. Converting HTTP to events, dispatching "
        "them and verifying tokens are AWS's part, so no figure includes them."
    ),
    (
        "The bare handler checks nothing: it parses the body, compresses it, and writes newest version, history, "
        "project and the count of writes in one transaction."
    ),
    (
        "The others parse the body, and replace what was stored: Next.js with `next start` and Prisma's engine-less "
        "client on better-sqlite3 and Express store its text, Kinto on uWSGI without access control stores it as a "
        "record."
    ),
    (
        f"What a save costs Dashkeep beyond {NEXT} buys what that does not have: every version in history, which can "
        "be compared and restored; a precondition, without which the second of two savers overwrites the first; the "
        "checks of the contract, from duplicate members to text that would run in a page; the base that a merge "
        "needs; and limits, logs and metrics for each request."
    ),
)


def report() -> list[Section]:
    with running() as services:
        measured = measure(services)
    costs = {verb: {each.name: its[verb] for each, its in zip(services, measured, strict=True)} for verb in VERBS}
    tables = [Table([verb, *_HEADER], list(starmap(_row, costs[verb].items()))) for verb in VERBS]
    described = [[each.name, " + ".join(each.parts), each.survives] for each in services]
    tables.append(Table(["Contender", "processes", "what an answered save survives"], described))
    claims = [_claim(verb, costs[verb]) for verb in VERBS]
    return [Section("Service process over HTTP", _MEASURED, tables, _NOTES, claims)]


def _row(name: str, cost: Cost) -> Sequence[str]:
    service, *storage = cost.cpu.values()
    parts = [f"{service:.2f}", f"{storage[0]:.2f}" if storage else "same process"]
    return [name, f"{cost.total:.2f}", *parts, f"{cost.per_second:,.0f}", f"{cost.p50:.1f}", f"{cost.p99:.1f}"]


def _claim(verb: str, costs: Mapping[str, Cost]) -> Claim:
    ours, beaten = costs[OURS], [costs[name] for name in _TO_BEAT[verb]]
    peers = (NEXT, KINTO_POSTGRESQL, KINTO_MEMORY, EXPRESS)
    return Claim(
        f"Service process over HTTP, 20 KB, {CLIENTS} clients, {verb}: CPU ms per request; requests per second",
        _both(costs[FLOOR]),
        " · ".join(f"{name} {_both(costs[name])}" for name in peers),
        f"better than {', '.join(_TO_BEAT[verb])} in both",
        _both(ours),
        holds=all(ours.total < peer.total and ours.per_second > peer.per_second for peer in beaten),
    )


def _both(cost: Cost) -> str:
    return f"{cost.total:.2f}; {cost.per_second:,.0f}"
