"""CPU time of warm requests, from event JSON to answer JSON, with a database that answers from memory."""

import statistics
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from support.handlers.http_api import reply_of

from benchmarks import contender, workload
from benchmarks.contender import Worker
from benchmarks.recordings import Request, requests
from benchmarks.report import Claim, Section, Table
from benchmarks.workload import NAMES

ROUNDS: Final = 7
ROUND_SECONDS: Final = 0.04
TITLES: Final = {"load": "GET", "save": "PUT"}
# By request and size: the largest multiple of the bare function, and the smallest of the best other framework.
LIMITS: Final = {
    ("load", "medium"): (4.6, 2),
    ("load", "large"): (4.6, 12),
    ("save", "small"): (4.2, 0),
    ("save", "medium"): (1.74, 1),
    ("save", "large"): (1.21, 0),
}
BASES: Final = dict.fromkeys(("patch", "merge", "conflict", "diff", "undo"), "save")
MEMBERS: Final = {"member's load": "load", "member's save": "save"}
# Requests beside Dashkeep's own load or save, and the largest multiple of it.
OWN: Final = {"a patch, merge, conflict, diff or undo": (BASES, 3.0), "a member's load or save": (MEMBERS, 1.25)}
OURS: Final = "Dashkeep"

type Sizes = dict[str, float]
type Medians = dict[tuple[str, str], Sizes]
"""Microseconds by request and contender, then by size."""


class Run:
    """One contender answering one request of one size."""

    def __init__(self, worker: Worker, request: Request, folder: Path) -> None:
        is_ours = worker.contender.name.startswith(OURS)
        event = workload.rest_api(request.event) if worker.contender.is_rest else request.event
        # The others read the same item, and write one.
        calls = request.calls if is_ours or request.function == "get_config" else [("PutItem", {})]
        place = f"{len(list(folder.iterdir()))}"
        files = (workload.write(folder, f"{place}-event", event), workload.write(folder, f"{place}-calls", calls))
        self._worker, self._request, self._files = worker, request, files
        self.name = OURS if is_ours else worker.contender.name
        self._times = max(3, round(ROUND_SECONDS / self._seconds(3) * 3))
        self._measured: list[float] = []

    def round(self) -> None:
        self._measured.append(self._seconds(self._times) / self._times * 1e6)

    def median(self) -> float:
        return statistics.median(self._measured)

    def _seconds(self, times: int) -> float:
        """Answer repeatedly; stop at a wrong answer: errors are fast and would distort the figures."""
        seconds, answer = self._worker.answers(*self._files, times)
        found, right = reply_of({"isBase64Encoded": False, **answer}), self._request.reply
        if found.status != right.status or found.json.get("config") != right.json.get("config"):
            raise SystemExit(f"{self.name} answered with {found.status}: {str(found.json)[:500]}")
        return seconds


def measure() -> Medians:
    runs: list[tuple[str, str, Run]] = []
    with TemporaryDirectory() as folder, ExitStack() as stack:
        others = [stack.enter_context(Worker(each)) for each in (contender.bare(), *contender.peers())]
        mine = {name: stack.enter_context(Worker(contender.ours(name))) for name in ("get_config", "put_config")}
        for size in NAMES:
            for name in (*TITLES, *BASES, *MEMBERS):
                request = requests(size)[name]
                workers = [mine[request.function], *(others if name in TITLES else [])]
                runs += [(name, size, Run(worker, request, Path(folder))) for worker in workers]
        for _ in range(ROUNDS):
            for *_, run in runs:
                run.round()
    found: Medians = {}
    for name, size, run in runs:
        found.setdefault((name, run.name), {})[size] = run.median()
    return found


def report() -> list[Section]:
    medians = measure()
    measured = (
        "Microseconds of CPU time of the whole process per request, from the text of the event to the text of the "
        "answer, which includes what the Lambda runtime does around a handler. In place of each contender's client, "
        "the recorded answers of the local stack's engine are replayed from memory, and all contenders store the same "
        f"item. Each runs in a separate process with its own packages; medians of {ROUNDS} rounds in turns. Log lines "
        "go to /dev/null. Dashkeep's figures include logging, metrics and all checks; no other contender limits "
        "depth, looks for text that a browser would execute, compares content or keeps history."
    )
    notes = [
        "*Floor*: a function with no library but boto3, which passes on the stored gzip, and saves without any checks.",
        "The other contenders read and write documents as their documentation shows.",
        "`patch` is the client's save: a JSON Patch on the version that it is based on.",
        "`merge` and `conflict` are saves on a version before the newest; a conflict names its places.",
        "Chalice takes the events of a REST API (payload 1.0), the others those of an HTTP API (2.0).",
        "Powertools runs with tracing switched off.",
    ]
    tables = [
        _table(title, OURS, {each: (found, medians[name, OURS]) for (at, each), found in medians.items() if at == name})
        for name, title in TITLES.items()
    ]
    own = {name: (medians[name, OURS], medians[base, OURS]) for name, base in (BASES | MEMBERS).items()}
    tables.append(_table(OURS, "its PUT or GET", own))
    claims = [_claim(medians, *key, *limits) for key, limits in LIMITS.items()]
    claims += [_own_claim(title, {name: own[name] for name in names}, limit) for title, (names, limit) in OWN.items()]
    return [Section("CPU of warm requests", measured, tables, notes, claims)]


def _table(title: str, base: str, rows: Mapping[str, tuple[Sizes, Sizes]]) -> Table:
    header = [f"{title}, µs", *NAMES.values(), *(f"× {base} at {size}" for size in NAMES.values())]
    listed = [
        [name, *(f"{found[size]:,.0f}" for size in NAMES), *(f"{found[size] / bases[size]:.2f}" for size in NAMES)]
        for name, (found, bases) in rows.items()
    ]
    return Table(header, listed)


def _claim(medians: Medians, name: str, size: str, limit: float, ahead: float) -> Claim:
    floor, mine = medians[name, contender.bare().name][size], medians[name, OURS][size]
    peers = {peer.name: medians[name, peer.name][size] for peer in contender.peers()}
    best = min(peers, key=peers.__getitem__)
    times = peers[best] / mine
    target = f"≤ {limit:g} × the floor" + (f", {ahead:g} × as fast" if ahead else "")
    measured = f"{mine:,.0f} µs, {mine / floor:.2f} × the floor, {times:.1f} × as fast"
    holds = mine <= limit * floor and times >= ahead
    figure = f"CPU of a warm {TITLES[name]}, {NAMES[size]}"
    return Claim(figure, f"{floor:,.0f} µs", f"{best}: {peers[best]:,.0f} µs", target, measured, holds)


def _own_claim(title: str, rows: Mapping[str, tuple[Sizes, Sizes]], limit: float) -> Claim:
    """State the request that comes off worst at 20 or 200 KB."""
    ratios = {
        f"{name}, {NAMES[size]}": found[size] / bases[size]
        for name, (found, bases) in rows.items()
        for size in ("medium", "large")
    }
    worst = max(ratios, key=ratios.__getitem__)
    target, measured = f"≤ {limit:g} × its PUT or GET", f"{ratios[worst]:.2f} × ({worst})"
    return Claim(f"CPU of {title}", "–", "–", target, measured, ratios[worst] <= limit)
