"""CPU time of warm requests, from event JSON to answer JSON, with a database that answers from memory."""

import base64
import gzip
import json
import statistics
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks import contender, workload
from benchmarks.contender import Worker
from benchmarks.recordings import Request, requests
from benchmarks.report import Claim, Section, Table
from benchmarks.workload import NAMES

ROUNDS: Final = 7
ROUND_SECONDS: Final = 0.04
TITLES: Final = {"load": "GET", "save": "PUT"}
# By request and size: the largest multiple of the bare function, and the smallest of the best other framework.
LIMITS: Final = {("load", "medium"): 4.6, ("save", "small"): 4.2, ("save", "medium"): 1.74, ("save", "large"): 1.21}
AHEAD: Final = {("load", "medium"): 2.0, ("load", "large"): 12.0, ("save", "medium"): 1.0}
OTHERS: Final = ("patch", "merge", "conflict", "diff", "undo")
OTHERS_TO_SAVE: Final = 3.0
MEMBERS: Final = {"member's load": "load", "member's save": "save"}
MEMBER_TO_OWNER: Final = 1.25
OURS: Final = "Dashkeep"

type Medians = dict[tuple[str, str], dict[str, float]]
"""Microseconds by request and size, then by contender."""


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
        found, right = content(answer), self._request.reply
        loads = self._request.function == "get_config" and "config" in right.json
        if answer["statusCode"] != right.status or (loads and found["config"] != right.json["config"]):
            raise SystemExit(f"{self.name} answered with {answer['statusCode']}: {str(found)[:500]}")
        return seconds


def content(answer: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    body = answer["body"]
    sent = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    return json.loads(gzip.decompress(sent) if sent.startswith(b"\x1f\x8b") else sent)


def measure() -> Medians:
    runs: dict[tuple[str, str], list[Run]] = {}
    with TemporaryDirectory() as folder, ExitStack() as stack:
        others = [stack.enter_context(Worker(each)) for each in (contender.bare(), *contender.peers())]
        mine = {name: stack.enter_context(Worker(contender.ours(name))) for name in ("get_config", "put_config")}
        for size in NAMES:
            for name in (*TITLES, *OTHERS, *MEMBERS):
                request = requests(size)[name]
                workers = [mine[request.function], *(others if name in TITLES else [])]
                runs[name, size] = [Run(worker, request, Path(folder)) for worker in workers]
        for _ in range(ROUNDS):
            for each in (run for found in runs.values() for run in found):
                each.round()
    return {key: {run.name: run.median() for run in found} for key, found in runs.items()}


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
        (
            "*Floor*: a function with no library but boto3. Its `GET` passes on the stored gzip; its `PUT` parses, "
            "compresses and writes without any checks. The others read and write documents as their documentation "
            "shows."
        ),
        (
            "`patch` is the client's save: a JSON Patch on the version that it is based on. `merge` and `conflict` are "
            "saves on a version before the newest; a conflict names its places."
        ),
        (
            "Chalice takes the events of a REST API (payload 1.0), the others those of an HTTP API (2.0). Powertools "
            "runs with tracing switched off."
        ),
    ]
    tables = [*(_table(name, medians) for name in TITLES), _others(medians)]
    return [Section("CPU of warm requests", measured, tables, notes, [*_claims(medians), *_own_claims(medians)])]


def _table(name: str, medians: Medians) -> Table:
    found = [medians[name, size] for size in NAMES]
    header = [f"{TITLES[name]}, µs", *NAMES.values(), *(f"× {OURS} at {size}" for size in NAMES.values())]
    rows = [
        [each, *(f"{figures[each]:,.0f}" for figures in found), *(f"{f[each] / f[OURS]:.2f}" for f in found)]
        for each in found[0]
    ]
    return Table(header, rows)


def _others(medians: Medians) -> Table:
    header = [f"{OURS}, µs", *NAMES.values(), *(f"× its GET or PUT at {size}" for size in NAMES.values())]
    rows = []
    for name in (*OTHERS, *MEMBERS):
        found = {size: medians[name, size][OURS] for size in NAMES}
        times = [each / medians[MEMBERS.get(name, "save"), size][OURS] for size, each in found.items()]
        rows.append([name, *(f"{each:,.0f}" for each in found.values()), *(f"{each:.2f}" for each in times)])
    return Table(header, rows)


def _claims(medians: Medians) -> list[Claim]:
    claims = []
    for name, size in dict.fromkeys([*LIMITS, *AHEAD]):
        figures = medians[name, size]
        floor, mine = figures[contender.bare().name], figures[OURS]
        peers = {peer.name: figures[peer.name] for peer in contender.peers()}
        best = min(peers, key=peers.__getitem__)
        limit, ahead = LIMITS.get((name, size), float("inf")), AHEAD.get((name, size), 0.0)
        target = [f"≤ {limit:.2f} × the floor"] * (limit < float("inf")) + [f"{ahead:g} × as fast"] * (ahead > 0)
        measured = f"{mine:,.0f} µs, {mine / floor:.2f} × the floor, {peers[best] / mine:.1f} × as fast"
        holds = mine <= limit * floor and peers[best] >= ahead * mine
        title = f"CPU of a warm {TITLES[name]}, {NAMES[size]}"
        claims.append(
            Claim(title, f"{floor:,.0f} µs", f"{best}: {peers[best]:,.0f} µs", ", ".join(target), measured, holds)
        )
    return claims


def _own_claims(medians: Medians) -> list[Claim]:
    saves = dict.fromkeys(OTHERS, "save")
    return [
        _own_claim("CPU of a patch, merge, conflict, diff or undo", medians, saves, OTHERS_TO_SAVE),
        _own_claim("CPU of a member's load or save", medians, MEMBERS, MEMBER_TO_OWNER),
    ]


def _own_claim(title: str, medians: Medians, bases: Mapping[str, str], limit: float) -> Claim:
    """Compare requests with others of Dashkeep's, and state the one that comes off worst at 20 or 200 KB."""
    ratios = {
        f"{name}, {NAMES[size]}": medians[name, size][OURS] / medians[base, size][OURS]
        for name, base in bases.items()
        for size in ("medium", "large")
    }
    worst = max(ratios, key=ratios.__getitem__)
    of = "a PUT" if bases is not MEMBERS else "the owner's"
    return Claim(title, of, "–", f"≤ {limit:g} × {of}", f"{ratios[worst]:.2f} × ({worst})", ratios[worst] <= limit)
