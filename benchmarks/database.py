"""The local stack's engine in memory with the template's table, and a meter for its calls."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Self

from support.project.template import table_definition
from support.storage import engines
from support.storage.clients import Answer, Request, Tapped

from benchmarks.workload import TABLE
from dashboard_store.dynamodb.protocol import Refused, Transport

type Calls = Sequence[tuple[str, Answer]]
"""The operations that were called, each with what DynamoDB answered, as support.running.function replays them."""


@contextmanager
def engine() -> Iterator[Mapping[str, str]]:
    """Run the engine with an empty table, and yield the environment that connects to it."""
    with engines.dynoxide() as environment:
        with closing(engines.through_transport(environment)) as client:
            client.call("CreateTable", {"TableName": TABLE, **table_definition()})
        yield environment


@contextmanager
def metered() -> Iterator["Meter"]:
    """Run the engine, called through the functions' own transport."""
    with engine() as environment, closing(engines.through_transport(environment)) as client:
        yield Meter(client)


@dataclass(frozen=True)
class Cost:
    requests: int
    units: float

    @classmethod
    def of(cls, calls: Calls) -> Self:
        consumed = [answer.get("ConsumedCapacity", []) for _, answer in calls]
        entries = [entry for each in consumed for entry in (each if isinstance(each, list) else [each])]
        return cls(len(calls), sum(entry["CapacityUnits"] for entry in entries))

    def __str__(self) -> str:
        return f"{self.requests} / {self.units:g}"


class Meter(Tapped):
    """Keeps the calls through it, and adds up what they consume."""

    def __init__(self, client: Transport) -> None:
        super().__init__(client)
        self.calls: list[tuple[str, Answer]] = []

    def call(self, operation: str, request: Request) -> Answer:
        try:
            answer = super().call(operation, {**request, "ReturnConsumedCapacity": "TOTAL"})
        except Refused as exc:
            self.calls.append((operation, {"refused": exc.code, "document": exc.document}))
            raise
        self.calls.append((operation, answer))
        return answer

    @property
    def units(self) -> float:
        return Cost.of(self.calls).units

    def of(self, call: Callable[[], Any]) -> Cost:
        self.calls = []
        call()
        return Cost.of(self.calls)


@contextmanager
def quiet() -> Iterator[None]:
    """Redirect the handlers' logs to /dev/null while the block runs."""
    kept, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nothing)
