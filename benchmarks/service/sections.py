"""The report on the service process: the contenders, the cost of a request, and whether the target is met."""

import sys
from collections.abc import Callable, Sequence
from typing import Final

from benchmarks.report import Claim, Section, Table
from benchmarks.service.functions import FLOOR, OURS, built, function_contenders
from benchmarks.service.load import CLIENTS
from benchmarks.service.measure import ROUNDS, SECONDS, Cost, Result, measure
from benchmarks.service.peers import EXPRESS, KINTO_MEMORY, KINTO_POSTGRESQL, NEXT, left_out, peer_contenders
from benchmarks.service.stage import stage

_TO_BEAT: Final = (NEXT, KINTO_POSTGRESQL, KINTO_MEMORY)
_VERBS: Final[dict[str, Callable[[Result], Cost]]] = {
    "PUT": lambda result: result.save,
    "GET": lambda result: result.load,
}
_HEADER: Final = ("CPU ms per request", "service", "storage", "requests per second", "p50 ms", "p99 ms")


def report() -> list[Section]:
    if sys.platform != "linux":
        raise SystemExit("This benchmark needs Linux, to read the CPU time of processes and to pin them to a core.")
    with built(), stage() as started:
        results = measure(started, [*function_contenders(started), *peer_contenders(started)])
    tables = [_costs(verb, results) for verb in _VERBS] + [_described(results)]
    return [
        Section(
            "Service process over HTTP",
            _measured(),
            tables,
            [_FUNCTIONS_NOTE, _FLOOR_NOTE, _PEERS_NOTE, *left_out()],
            _claims(results),
        )
    ]


def _measured() -> str:
    return (
        f"A dashboard of 20 KB, saved (PUT) and loaded (GET) over HTTP by {CLIENTS} clients, each with its own "
        "kept-alive connection and dashboard. All services run throughout on one core; the load and what AWS runs in "
        f"front of a function are on another core. They are loaded in turns, {ROUNDS} rounds of {SECONDS} s for each "
        "verb after a warm-up; the figures are the medians of the rounds. CPU time is what the kernel counts for the "
        "processes. The status of each answer is checked, and after each round each client's dashboard has to equal "
        "its last save."
    )


_FUNCTIONS_NOTE: Final = (
    "Dashkeep, built as it is deployed, and the bare handlers run on `awslambdaric`, AWS's own runtime, with two "
    "processes per function and one dynoxide, the local stack's DynamoDB. Converting HTTP to events, dispatching them "
    "and verifying tokens are AWS's part, so no figure includes them."
)
_FLOOR_NOTE: Final = (
    "The bare handlers check nothing: they parse the body, compress it, and write newest version, history, project and "
    "the count of writes in one transaction. Dashkeep checks everything that the contract requires, and logs and "
    "meters each request."
)
_PEERS_NOTE: Final = (
    "Each peer parses the body, stores its text unchanged and returns it; none of them keeps versions, checks "
    "preconditions or compresses. They run in production mode without an access log, each in one process: Next.js with "
    "`next start` and Prisma's engine-less client on better-sqlite3, FastAPI on uvicorn with uvloop and SQLite in the "
    "framework's threads, Kinto on uWSGI without access control, json-server with its defaults."
)


def _costs(verb: str, results: Sequence[Result]) -> Table:
    return Table([verb, *_HEADER], [_cost(result, _VERBS[verb](result)) for result in results])


def _cost(result: Result, cost: Cost) -> list[str]:
    service, *storage = cost.cpu.values()
    parts = [f"{service:.2f}", f"{storage[0]:.2f}" if storage else "same process"]
    return [result.contender.name, f"{cost.total:.2f}", *parts, *_rest(cost)]


def _rest(cost: Cost) -> list[str]:
    return [f"{cost.per_second:,.0f}", f"{cost.p50:.1f}", f"{cost.p99:.1f}"]


def _described(results: Sequence[Result]) -> Table:
    rows = [
        [result.contender.name, " + ".join(result.contender.parts), result.contender.survives] for result in results
    ]
    return Table(["Contender", "processes", "what an answered save survives"], rows)


def _claims(results: Sequence[Result]) -> list[Claim]:
    by_name = {result.contender.name: result for result in results}
    return [_claim(by_name, verb, pick) for verb, pick in _VERBS.items()]


def _claim(results: dict[str, Result], verb: str, pick: Callable[[Result], Cost]) -> Claim:
    ours = pick(results[OURS])
    beaten = {name: pick(results[name]) for name in _TO_BEAT if name in results}
    shown = [*beaten, EXPRESS]
    return Claim(
        figure=f"Service process over HTTP, 20 KB, {CLIENTS} clients, {verb}: CPU ms per request; requests per second",
        floor=_both(pick(results[FLOOR])),
        peers=" · ".join(f"{name} {_both(pick(results[name]))}" for name in shown),
        target=f"better than {', '.join(beaten)} in both",
        measured=_both(ours),
        holds=all(ours.total < peer.total and ours.per_second > peer.per_second for peer in beaten.values()),
    )


def _both(cost: Cost) -> str:
    return f"{cost.total:.2f}; {cost.per_second:,.0f}"
