"""The local stack's engine in memory with the template's table, and a meter for its calls."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from support.project.template import table_definition
from support.storage import engines
from support.storage.clients import Answer, Request, Tapped

from benchmarks.workload import TABLE
from dashboard_store.dynamodb.protocol import Transport


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

    def __str__(self) -> str:
        return f"{self.requests} / {self.units:g}"


class Meter(Tapped):
    """Adds up the requests and units of the calls through it."""

    def __init__(self, client: Transport) -> None:
        super().__init__(client)
        self.requests, self.units = 0, 0.0

    def call(self, operation: str, request: Request) -> Answer:
        self.requests += 1
        answer = super().call(operation, {**request, "ReturnConsumedCapacity": "TOTAL"})
        consumed = answer.get("ConsumedCapacity", [])
        entries = consumed if isinstance(consumed, list) else [consumed]
        self.units += sum(entry["CapacityUnits"] for entry in entries)
        return answer

    def of(self, call: Callable[[], Any]) -> Cost:
        self.requests, self.units = 0, 0
        call()
        return Cost(self.requests, self.units)


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
