"""The cost of a request for each contender: rounds of saves and loads, taken in turns. Needs Linux."""

import contextlib
import os
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.service.load import CLIENTS, Address, Burst, Client, burst

ROUNDS: Final = 3
SECONDS: Final = 1.5
_WARM_UP_SECONDS: Final = 0.75
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


@dataclass(frozen=True)
class Result:
    service: Service
    save: Cost
    load: Cost


def measure(services: Sequence[Service]) -> list[Result]:
    """Load all services in turns, and return the medians. Raises WrongAnswerError."""
    clients = [[Client(each.address, number) for number in range(CLIENTS)] for each in services]
    pairs = list(zip(services, clients, strict=True))
    for service, its in pairs:
        _round(service, its, 0)
        _round(service, its, _WARM_UP_SECONDS)
    rounds = [[_round(service, its, SECONDS) for service, its in pairs] for _ in range(ROUNDS)]
    return [
        Result(service, *map(_median, zip(*costs, strict=True)))
        for service, costs in zip(services, zip(*rounds, strict=True), strict=True)
    ]


def _round(service: Service, clients: Sequence[Client], seconds: float) -> tuple[Cost, Cost]:
    try:
        start = _cpu(service)
        saves = burst(clients, Client.save, seconds)
        middle = _cpu(service)
        loads = burst(clients, Client.load, seconds)
        end = _cpu(service)
        for client, answer in zip(clients, loads.last, strict=True):
            client.check(answer)
    except Exception as error:
        error.add_note(f"The contender is {service.name}; the logs are in .benchmark/service/logs.")
        raise
    return _cost(saves, start, middle), _cost(loads, middle, end)


def _cpu(service: Service) -> dict[str, float]:
    return {part: cpu_seconds(roots) for part, roots in service.parts.items()}


def cpu_seconds(roots: Iterable[int]) -> float:
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


def _cost(loaded: Burst, before: Mapping[str, float], after: Mapping[str, float]) -> Cost:
    count = len(loaded.seconds)
    percentiles = statistics.quantiles(loaded.seconds, n=100)
    cpu = {part: (after[part] - before[part]) / count * 1_000 for part in after}
    return Cost(cpu, count / loaded.took, percentiles[49] * 1_000, percentiles[98] * 1_000)


def _median(costs: Sequence[Cost]) -> Cost:
    parts = {part: statistics.median(cost.cpu[part] for cost in costs) for part in costs[0].cpu}
    others = zip(*((cost.per_second, cost.p50, cost.p99) for cost in costs), strict=True)
    return Cost(parts, *map(statistics.median, others))
