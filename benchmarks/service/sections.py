"""The report on the service process: who is compared, what a request costs, and whether the aim is reached."""

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
_HEADER: Final = ("CPU ms a request", "of it the service", "of it the storage", "requests a second", "p50 ms", "p99 ms")


def report() -> list[Section]:
    if sys.platform != "linux":
        raise SystemExit(
            "Only Linux tells the CPU time of processes and holds them on a core as this benchmark needs it."
        )
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
        f"A dashboard of 20 KB, saved (PUT) and loaded (GET) over HTTP by {CLIENTS} clients, each with a kept-alive "
        "connection and a dashboard of its own. All services ran all the time on one core, the load and what AWS has "
        f"in front of a function on another one. They were loaded in turns, {ROUNDS} rounds of {SECONDS} s for each "
        "verb after a warm-up; shown are the medians of the rounds. CPU time is what the kernel counted for the "
        "processes. Each answer's status was checked, and after each round what every client loads was equal to what "
        "it had saved last."
    )


_FUNCTIONS_NOTE: Final = (
    "Dashkeep, built as it is deployed, and the bare handlers are run by `awslambdaric`, the runtime that AWS runs, "
    "two processes a function, over one dynoxide, the local run's DynamoDB. What makes events of HTTP and hands them "
    "out is AWS's part, hence in no figure, and so is the check of the token."
)
_FLOOR_NOTE: Final = (
    "The bare handlers check nothing: they parse what was sent, compress it, and write newest version, history, "
    "project and the count of writes in one transaction. Dashkeep checks all that the contract asks for, logs and "
    "meters each request."
)
_PEERS_NOTE: Final = (
    "Each peer parses what was sent, stores the text as it came and answers it; none of them keeps versions, checks "
    "preconditions or compresses. They run in production mode without an access log, each in one process: Next.js by "
    "`next start` with Prisma's engine-less client on better-sqlite3, FastAPI by uvicorn with uvloop and SQLite in the "
    "framework's threads, Kinto by uWSGI and open to everybody, json-server as it comes."
)


def _costs(verb: str, results: Sequence[Result]) -> Table:
    return Table([verb, *_HEADER], [_cost(result, _VERBS[verb](result)) for result in results])


def _cost(result: Result, cost: Cost) -> list[str]:
    service, *storage = cost.cpu.values()
    parts = [f"{service:.2f}", f"{storage[0]:.2f}" if storage else "the same process"]
    return [result.contender.name, f"{cost.total:.2f}", *parts, *_rest(cost)]


def _rest(cost: Cost) -> list[str]:
    return [f"{cost.per_second:,.0f}", f"{cost.p50:.1f}", f"{cost.p99:.1f}"]


def _described(results: Sequence[Result]) -> Table:
    rows = [
        [result.contender.name, " + ".join(result.contender.parts), result.contender.survives] for result in results
    ]
    return Table(["Contender", "processes", "what a saved answer survives"], rows)


def _claims(results: Sequence[Result]) -> list[Claim]:
    by_name = {result.contender.name: result for result in results}
    return [_claim(by_name, verb, pick) for verb, pick in _VERBS.items()]


def _claim(results: dict[str, Result], verb: str, pick: Callable[[Result], Cost]) -> Claim:
    ours = pick(results[OURS])
    beaten = {name: pick(results[name]) for name in _TO_BEAT if name in results}
    shown = [*beaten, EXPRESS]
    return Claim(
        figure=f"Service process over HTTP, 20 KB, {CLIENTS} clients, {verb}: CPU ms a request; requests a second",
        floor=_both(pick(results[FLOOR])),
        peers=" · ".join(f"{name} {_both(pick(results[name]))}" for name in shown),
        to_reach=f"ahead of {', '.join(beaten)} in both",
        measured=_both(ours),
        holds=all(ours.total < peer.total and ours.per_second > peer.per_second for peer in beaten.values()),
    )


def _both(cost: Cost) -> str:
    return f"{cost.total:.2f}; {cost.per_second:,.0f}"
