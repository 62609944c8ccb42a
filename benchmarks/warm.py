"""CPU time of a warm load and a warm save, from event JSON to answer JSON, with an in-memory database."""

import base64
import gzip
import json
import statistics
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from benchmarks import contender, workload
from benchmarks.contender import Contender, Worker
from benchmarks.report import Claim, Section, Table
from benchmarks.workload import NAMES
from local.dashboards import dashboard

ROUNDS: Final = 7
ROUND_SECONDS: Final = 0.04
# Microseconds.
TARGETS: Final = {
    "GET": {"small": 200, "medium": 220, "large": 320},
    "PUT": {"small": 350, "medium": 1_100, "large": 11_000},
}
AHEAD: Final = {"medium": 2, "large": 17}

type Medians = dict[tuple[str, str, str], float]
"""Microseconds by method, size and contender."""


def report() -> list[Section]:
    medians = measure()
    tables = [_table(method, medians) for method in TARGETS]
    measured = (
        "Microseconds of CPU time of the whole process per request, from the text of the event to the text of the "
        "answer, which includes what the Lambda runtime does around a handler. The database answers from memory in "
        "place of each contender's client, and all contenders store the same item. Each contender runs in a separate "
        f"process with its own packages; medians of {ROUNDS} rounds in turns. Log lines go to /dev/null. Dashkeep's "
        "figures include logging, metrics and all checks; no other contender limits depth, looks for text that a "
        "browser would execute, compares content or keeps history."
    )
    return [Section("CPU of a warm load and a warm save", measured, tables, _notes(), _claims(medians))]


def measure() -> Medians:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        runs = [
            run
            for method, contenders in _contenders().items()
            for each in contenders
            for run in _runs(method, stack.enter_context(Worker(each)), Path(folder))
        ]
        for _ in range(ROUNDS):
            for run in runs:
                run.round()
    return {(run.method, run.size, run.worker.contender.name): run.median() for run in runs}


def _contenders() -> dict[str, list[Contender]]:
    bare, peers = contender.bare(), contender.peers()
    return {
        "GET": [bare, contender.ours("get_config"), *peers, contender.chalice_stored()],
        "PUT": [bare, contender.ours("put_config"), *peers],
    }


class Run:
    """One contender answering one request of one size."""

    def __init__(self, method: str, size: str, worker: Worker, event: Path, item: Path) -> None:
        self.method, self.size, self.worker = method, size, worker
        self._event, self._item = event, item
        check(method, size, worker.answer(event, item), worker.contender.name)
        self._times = max(3, round(ROUND_SECONDS / worker.seconds(event, item, 3) * 3))
        self._measured: list[float] = []

    def round(self) -> None:
        seconds = self.worker.seconds(self._event, self._item, self._times)
        self._measured.append(seconds / self._times * 1e6)

    def median(self) -> float:
        return statistics.median(self._measured)


def _runs(method: str, worker: Worker, folder: Path) -> list[Run]:
    return [_run(method, size, worker, folder) for size in NAMES]


def _run(method: str, size: str, worker: Worker, folder: Path) -> Run:
    event = workload.load_event() if method == "GET" else workload.save_event(size)
    form = workload.rest_api(event) if worker.contender.is_rest else event
    name = f"{method}-{size}-{'rest' if worker.contender.is_rest else 'http'}"
    item = workload.write(folder, f"item-{size}", workload.newest_item(size))
    return Run(method, size, worker, workload.write(folder, name, form), item)


def check(method: str, size: str, answer: Mapping[str, Any], name: str) -> None:
    """Stop at a wrong answer: errors are fast and would distort the figures."""
    body = answer["body"]
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    document = json.loads(gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content)
    right = document.get("config") == dashboard(size) if method == "GET" else document.get("success") is True
    if answer["statusCode"] != 200 or not right:  # noqa: PLR2004 - OK
        raise SystemExit(f"{name} answered {method} {size} with {answer['statusCode']}: {content[:500]!r}")


def _table(method: str, medians: Medians) -> Table:
    names = list(dict.fromkeys(name for each, _, name in medians if each == method))
    ours = _ours(names)
    header = [f"{method}, µs", *NAMES.values(), *(f"× Dashkeep at {name}" for name in NAMES.values())]
    rows = [
        [
            name,
            *(f"{medians[method, size, name]:,.0f}" for size in NAMES),
            *(f"{medians[method, size, name] / medians[method, size, ours]:.2f}" for size in NAMES),
        ]
        for name in names
    ]
    return Table(header, rows)


def _ours(names: list[str]) -> str:
    return next(name for name in names if name.startswith("Dashkeep"))


def _claims(medians: Medians) -> list[Claim]:
    claims = []
    for method, limits in TARGETS.items():
        for size, limit in limits.items():
            figures = {name: value for (each, at, name), value in medians.items() if (each, at) == (method, size)}
            claims.append(_claim(method, size, limit, figures))
    return claims


def _claim(method: str, size: str, limit: int, figures: dict[str, float]) -> Claim:
    mine = figures[_ours(list(figures))]
    floor = figures[contender.bare().name]
    peers = {peer.name: figures[peer.name] for peer in contender.peers()}
    best = min(peers, key=peers.__getitem__)
    ahead = AHEAD.get(size, 0) if method == "GET" else 0
    target = f"≤ {limit:,} µs" + (f", {ahead} × as fast" if ahead else "")
    measured = f"{mine:,.0f} µs" + (f", {peers[best] / mine:.1f} × as fast" if ahead else "")
    holds = mine <= limit and peers[best] >= ahead * mine
    of_the_best = f"{best}: {peers[best]:,.0f} µs"
    return Claim(f"CPU of a warm {method}, {NAMES[size]}", f"{floor:,.0f} µs", of_the_best, target, measured, holds)


def _notes() -> list[str]:
    return [
        (
            "*Floor*: a function with no library but boto3. Its `GET` passes on the stored gzip; its `PUT` parses, "
            "compresses and writes without any checks."
        ),
        (
            "The other contenders read and write documents as their documentation shows. Chalice passing on Dashkeep's "
            "stored gzip shows how much of the difference is due to the storage format rather than the framework."
        ),
        (
            "Chalice takes the events of a REST API (payload 1.0), the others those of an HTTP API (2.0). Powertools "
            "runs with tracing switched off."
        ),
    ]
