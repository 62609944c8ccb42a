"""Drive a local stack as open dashboards do, from 1, 8 and 32 clients: `python -m benchmarks.load`.

Of a hundred requests 80 load a config, half of them with the version that the client has (304); 15 patch a chart, 5
save the whole config, half of these asking to be merged. A quarter of all goes to dashboards that every client knows,
so that there are conflicts (412) and merges. Prints throughput, latency, answers and the memory of the stack's
processes. Ends with 1 if a request failed (no answer, or anything but 200, 304 and 412), or if a process of a function
grew: by more than a tenth from the first third of a phase to its end.
"""

import argparse
import contextlib
import json
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from support.project.figures import keep
from support.running.local_stack import LocalStack

from benchmarks.memory import Sample, growth, processes, totals
from benchmarks.visitor import MIX, Board, Connection, Tally, Visitor, made_board
from local import ROOT

CLIENTS = (1, 8, 32)
# Enough that nobody writes more often than a user may (writesPerMinute), at several times the emulator's speed.
OWN_BOARDS, SHARED_BOARDS = 96, 16
EXPECTED = {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED, HTTPStatus.PRECONDITION_FAILED}
WARM_UP = 1 / 3


@dataclass(frozen=True)
class Phase:
    """What came of one number of clients; memory after the first third, and at the end."""

    clients: int
    seconds: float
    tallies: dict[str, Tally]
    merged: int
    warm: Sample
    end: Sample

    @property
    def throughput(self) -> float:
        return sum(len(tally.seconds) for tally in self.tallies.values()) / self.seconds

    def faults(self) -> Iterator[str]:
        for kind, tally in self.tallies.items():
            for status, count in tally.statuses.items():
                if status not in EXPECTED:
                    yield f"{self.clients} clients: {count} times the status {status or 'none'} for {kind}"
        yield from (f"{self.clients} clients: {grown}" for grown in growth(self.warm, self.end))


def boards(url: str, number: int) -> list[Board]:
    """Make dashboards, each of a new user."""
    run = secrets.token_hex(3)
    with contextlib.closing(Connection(url)) as connection:
        return [made_board(connection, f"load-{run}-{index}") for index in range(number)]


def drive(url: str, state: Path, clients: int, seconds: float, made: Sequence[Board]) -> Phase:
    """Let a number of clients visit for some seconds; the first dashboards are known to all of them."""
    shared, own = made[:SHARED_BOARDS], made[SHARED_BOARDS:]
    visitors = [Visitor(url, own[number::clients], shared, f"{clients}-{number}") for number in range(clients)]
    began = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        visits = [pool.submit(visitor.visit, began + seconds) for visitor in visitors]
        time.sleep(seconds * WARM_UP / 2)
        started = processes(state)
        time.sleep(seconds * WARM_UP / 2)
        # What is just starting grows until it has started.
        warm = {pid: process for pid, process in processes(state).items() if pid in started}
        ended = [visit.result() for visit in visits]
    took, end = time.monotonic() - began, processes(state)
    tallies = {kind: sum((visitor.tallies[kind] for visitor in ended), Tally()) for kind in MIX}
    return Phase(clients, took, tallies, sum(visitor.merged for visitor in ended), warm, end)


def show(phase: Phase) -> None:
    print(f"\n{phase.clients} clients: {phase.throughput:.0f} requests a second, {phase.merged} saves merged")
    print(f"  {'':14}{'requests':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}   answers")
    for kind, tally in phase.tallies.items():
        if tally.seconds:
            times = "".join(f"{tally.milliseconds(share):>9.0f}" for share in (0.5, 0.95, 0.99))
            answers = ", ".join(f"{status or 'none'}: {count}" for status, count in sorted(tally.statuses.items()))
            print(f"  {kind:14}{len(tally.seconds):>9}{times}   {answers}")
    print(f"  {'MB':14}{'processes':>9}{'warm':>9}{'end':>9}")
    warm = totals(phase.warm)
    for name, (count, size) in totals(phase.end).items():
        print(f"  {name:14}{count:>9}{warm.get(name, (0, 0))[1] / 1e6:>9.0f}{size / 1e6:>9.0f}", flush=True)


def figures(phase: Phase) -> dict[str, str | int]:
    loads = phase.tallies["load"]
    times = " / ".join(f"{loads.milliseconds(share):.0f}" for share in (0.5, 0.95, 0.99))
    return {f"{phase.clients} clients": f"{phase.throughput:.0f} a second, loads {times} ms (p50 / p95 / p99)"}


@contextlib.contextmanager
def running(url: str | None) -> Iterator[tuple[str, Path]]:
    """Yield the address and the state folder of the stack that was named, or of one that is started for it."""
    if url is not None:
        yield url, _state_of(url)
        return
    with tempfile.TemporaryDirectory() as folder:
        stack = LocalStack(Path(folder) / "state").start()
        try:
            yield stack.url, stack.state
        finally:
            stack.stop()


def _state_of(url: str) -> Path:
    """Find the state of `make run` in this checkout; another stack's processes are not to be known."""
    ready = ROOT / ".local" / "ready.json"
    if ready.exists() and json.loads(ready.read_text())["url"] == url:
        return ready.parent
    print("This is not the stack of this checkout, so nothing is said of its memory.")
    return ROOT / "elsewhere"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a running local stack; one is started unless it is named")
    parser.add_argument("--seconds", type=float, default=60, help="for each number of clients")
    options = parser.parse_args()
    with running(options.url) as (url, state):
        made = boards(url, SHARED_BOARDS + OWN_BOARDS)
        before = (f"{name} {size / 1e6:.0f}" for name, (_, size) in totals(processes(state)).items())
        print(f"Before, MB: {', '.join(before)}")
        phases = []
        for clients in CLIENTS:
            phases.append(drive(url, state, clients, options.seconds, made))
            show(phases[-1])
            keep(figures(phases[-1]))
    faults = [fault for phase in phases for fault in phase.faults()]
    print("\n".join(["", *faults] if faults else ["", "No request failed, and no function grew."]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
