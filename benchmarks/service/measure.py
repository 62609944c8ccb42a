"""The cost of a request for each contender: rounds of saves and loads, taken in turns. Needs Linux."""

import contextlib
import os
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.service.load import CLIENTS, Address, Client, burst

ROUNDS: Final = 5
SECONDS: Final = 1
VERBS: Final[Mapping[str, Callable[[Client], bytes]]] = {"PUT": Client.save, "GET": Client.load}
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Service:
    """A running service: `parts` are its processes by role, `survives` is what an answered save survives."""

    name: str
    parts: Mapping[str, Sequence[int]]
    address: Address
    survives: str


@dataclass(frozen=True)
class Cost:
    """The cost of one request: CPU milliseconds by part, requests per second, milliseconds at two percentiles."""

    cpu: Mapping[str, float]
    per_second: float
    p50: float
    p99: float

    @property
    def total(self) -> float:
        return sum(self.cpu.values())


def measure(services: Sequence[Service]) -> list[Mapping[str, Cost]]:
    """Load all services in turns, and return each one's medians by verb."""
    clients = [[Client(each.address, number) for number in range(CLIENTS)] for each in services]
    pairs = list(zip(services, clients, strict=True))
    for service, its in pairs:
        _round(service, its, 0)
        _round(service, its, SECONDS / 2)
    rounds = [[_round(service, its, SECONDS) for service, its in pairs] for _ in range(ROUNDS)]
    return [{verb: _median([each[verb] for each in its]) for verb in VERBS} for its in zip(*rounds, strict=True)]


def _round(service: Service, clients: Sequence[Client], seconds: float) -> Mapping[str, Cost]:
    try:
        return {verb: _cost(service, clients, ask, seconds) for verb, ask in VERBS.items()}
    except Exception as error:
        error.add_note(f"The contender is {service.name}; the logs are in .benchmark/service/logs.")
        raise


def _cost(service: Service, clients: Sequence[Client], ask: Callable[[Client], bytes], seconds: float) -> Cost:
    before = {part: _cpu_seconds(roots) for part, roots in service.parts.items()}
    took, times = burst(clients, ask, seconds)
    cpu = {part: (_cpu_seconds(roots) - before[part]) / len(times) * 1_000 for part, roots in service.parts.items()}
    percentiles = statistics.quantiles(times, n=100)
    return Cost(cpu, len(times) / took, percentiles[49] * 1_000, percentiles[98] * 1_000)


def _cpu_seconds(roots: Iterable[int]) -> float:
    """Add up the user and system time of processes and all their descendants, including exited children."""
    stats: dict[int, list[str]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has exited meanwhile
            # From the state on: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
            stats[int(path.parent.name)] = path.read_text().rpartition(")")[2].split()
    family, found = set[int](), set(roots)
    while found:
        family |= found
        found = {pid for pid, fields in stats.items() if int(fields[1]) in family} - family
    return sum(int(ticks) for pid in family for ticks in stats[pid][11:15]) / _TICKS


def _median(costs: Sequence[Cost]) -> Cost:
    parts = {part: statistics.median(cost.cpu[part] for cost in costs) for part in costs[0].cpu}
    others = zip(*((cost.per_second, cost.p50, cost.p99) for cost in costs), strict=True)
    return Cost(parts, *map(statistics.median, others))
