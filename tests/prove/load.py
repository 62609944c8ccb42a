"""Drive a local stack as open dashboards do, with 1, 8 and 32 clients: `python -m prove.load`.

Of a hundred requests, 80 load a config, half of them with the version that the client has (304); 15 patch a chart; 5
save the whole config, half of them with a merge. A quarter of all requests goes to dashboards that all clients share,
to cause conflicts (412) and merges. Prints throughput, latency, answers and the memory of the stack's processes. Exits
with 1 if a request fails (no answer, or a status other than 200, 304 and 412), or if the memory of a function's process
grows by more than a tenth between the first third of a phase and its end.
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

from prove.memory import Sample, growth, processes, totals
from prove.visitor import MIX, Board, Connection, Tally, Visitor, made_board
from support.project.figures import keep
from support.running.local_stack import LocalStack

from local import ROOT

CLIENTS = (1, 8, 32)
# Enough that no user exceeds the write limit (writesPerMinute), even at several times the emulator's speed.
OWN_BOARDS, SHARED_BOARDS = 96, 16
EXPECTED = {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED, HTTPStatus.PRECONDITION_FAILED}
WARM_UP = 1 / 3


@dataclass(frozen=True)
class Phase:
    """The results for one number of clients; memory after the first third and at the end."""

    clients: int
    seconds: float
    tallies: dict[str, Tally]
    merged: int
    warm: Sample
    end: Sample

    @property
    def name(self) -> str:
        return "1 client" if self.clients == 1 else f"{self.clients} clients"

    @property
    def throughput(self) -> float:
        return sum(len(tally.seconds) for tally in self.tallies.values()) / self.seconds

    def faults(self) -> Iterator[str]:
        for kind, tally in self.tallies.items():
            for status, count in tally.statuses.items():
                if status not in EXPECTED:
                    yield f"{self.name}: {count}x status {status or 'none'} for {kind}"
        yield from (f"{self.name}: {grown}" for grown in growth(self.warm, self.end))


def boards(url: str, number: int) -> list[Board]:
    """Make dashboards, each of a new user."""
    run = secrets.token_hex(3)
    with contextlib.closing(Connection(url)) as connection:
        return [made_board(connection, f"load-{run}-{index}") for index in range(number)]


def drive(url: str, state: Path, clients: int, seconds: float, made: Sequence[Board]) -> Phase:
    """Let a number of clients send requests for some seconds; they share the first dashboards."""
    shared, own = made[:SHARED_BOARDS], made[SHARED_BOARDS:]
    visitors = [Visitor(url, own[number::clients], shared, f"{clients}-{number}") for number in range(clients)]
    began = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        visits = [pool.submit(visitor.visit, began + seconds) for visitor in visitors]
        time.sleep(seconds * WARM_UP / 2)
        started = processes(state)
        time.sleep(seconds * WARM_UP / 2)
        # Processes that have just started still grow.
        warm = {pid: process for pid, process in processes(state).items() if pid in started}
        ended = [visit.result() for visit in visits]
    took, end = time.monotonic() - began, processes(state)
    tallies = {kind: sum((visitor.tallies[kind] for visitor in ended), Tally()) for kind in MIX}
    return Phase(clients, took, tallies, sum(visitor.merged for visitor in ended), warm, end)


def show(phase: Phase) -> None:
    print(f"\n{phase.name}: {phase.throughput:.0f} requests per second, {phase.merged} saves merged")
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
    return {phase.name: f"{phase.throughput:.0f} per second, loads {times} ms (p50 / p95 / p99)"}


@contextlib.contextmanager
def running(url: str | None) -> Iterator[tuple[str, Path]]:
    """Yield the URL and state folder of the given stack, or of a newly started one."""
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
    """Return the state folder of `make run` in this checkout; the processes of other stacks are unknown."""
    ready = ROOT / ".local" / "ready.json"
    if ready.exists() and json.loads(ready.read_text())["url"] == url:
        return ready.parent
    print("This is not the stack of this checkout, so its memory is not measured.")
    return ROOT / "elsewhere"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="the URL of a running local stack; by default, a new one is started")
    parser.add_argument("--seconds", type=float, default=60, help="duration for each number of clients")
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
    print("\n".join(["", *faults] if faults else ["", "No request failed, and no function's memory grew."]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
