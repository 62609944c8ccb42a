"""The cost of a request for each contender: rounds of saves and loads, taken in turns."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from benchmarks.service.cpu import cpu_seconds
from benchmarks.service.load import CLIENTS, Client, WrongAnswerError, burst, check_contents, first_saves
from benchmarks.service.stage import Contender, Stage

ROUNDS: Final = 3
SECONDS: Final = 1.5
_WARM_UP_SECONDS: Final = 0.75

type Verb = Callable[[Client], bytes]


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
    contender: Contender
    save: Cost
    load: Cost


def measure(stage: Stage, contenders: Sequence[Contender]) -> list[Result]:
    """Load all contenders in turns, and return the medians. Raises WrongAnswerError."""
    clients = {each.name: [Client(each.address, number) for number in range(CLIENTS)] for each in contenders}
    rounds: dict[str, list[tuple[Cost, Cost]]] = {each.name: [] for each in contenders}
    with stage.load_core():
        for each in contenders:
            with _asking(each):
                first_saves(clients[each.name])
                check_contents(clients[each.name])
            _round(each, clients[each.name], _WARM_UP_SECONDS)
        for _ in range(ROUNDS):
            for each in contenders:
                rounds[each.name].append(_round(each, clients[each.name], SECONDS))
    return [Result(each, *map(_median, zip(*rounds[each.name], strict=True))) for each in contenders]


def _round(contender: Contender, clients: Sequence[Client], seconds: float) -> tuple[Cost, Cost]:
    with _asking(contender):
        saves = _cost(contender, clients, Client.save, seconds)
        loads = _cost(contender, clients, Client.load, seconds)
        check_contents(clients)
    return saves, loads


@contextmanager
def _asking(contender: Contender) -> Iterator[None]:
    """Add the contender's name to errors; if one of its processes has exited, raise that error instead."""
    try:
        yield
    except (WrongAnswerError, TimeoutError, ConnectionError) as error:
        contender.require()
        error.add_note(f"The contender is {contender.name}.")
        raise


def _cost(contender: Contender, clients: Sequence[Client], verb: Verb, seconds: float) -> Cost:
    before = _cpu(contender)
    loaded = burst(clients, verb, seconds)
    after = _cpu(contender)
    count = len(loaded.seconds)
    percentiles = statistics.quantiles(loaded.seconds, n=100)
    cpu = {part: (after[part] - before[part]) / count * 1_000 for part in after}
    return Cost(cpu, count / loaded.took, percentiles[49] * 1_000, percentiles[98] * 1_000)


def _cpu(contender: Contender) -> dict[str, float]:
    return {part: cpu_seconds(child.pid for child in children) for part, children in contender.parts.items()}


def _median(costs: Sequence[Cost]) -> Cost:
    def median(pick: Callable[[Cost], float]) -> float:
        return statistics.median(map(pick, costs))

    parts = {part: statistics.median(cost.cpu[part] for cost in costs) for part in costs[0].cpu}
    return Cost(
        parts, median(lambda cost: cost.per_second), median(lambda cost: cost.p50), median(lambda cost: cost.p99)
    )
