"""Count what each call costs: DynamoDB requests and capacity units, as the local stack's engine counts them.

Units, not seconds: they are what AWS bills, and the same on every machine. Beside them stands what the same config
would cost as a native DynamoDB map, one item written without history.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from support import engines
from support.clients import Answer, Request, Tapped
from support.template import table_definition

from dashboard_store.config_form import read_config
from dashboard_store.errors import VersionConflict
from dashboard_store.gateway.api import utc_now
from dashboard_store.preconditions import Precondition
from dashboard_store.project import read_new_project
from dashboard_store.repository.configs import Configs, Origin
from dashboard_store.repository.keys import ProjectKey, rate_window
from dashboard_store.repository.projects import Projects
from dashboard_store.repository.table import Condition, Table, put, update
from dashboard_store.repository.wire import Client
from dashboard_store.repository.writes import Writes
from dashboard_store.settings import Settings
from local.dashboards import SIZES, dashboard

SETTINGS = Settings("benchmark")


class Meter(Tapped):
    """Adds up the requests and units of what was done through it."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.requests, self.units = 0, 0.0

    def call(self, operation: str, request: Request) -> Answer:
        self.requests += 1
        answer = super().call(operation, {**request, "ReturnConsumedCapacity": "TOTAL"})
        consumed = answer.get("ConsumedCapacity", [])
        entries = consumed if isinstance(consumed, list) else [consumed]
        self.units += sum(entry["CapacityUnits"] for entry in entries)
        return answer

    def of(self, call: Callable[[], Any]) -> str:
        self.requests, self.units = 0, 0
        call()
        return f"{self.requests} / {self.units:g}"


@contextmanager
def engine() -> Iterator[Meter]:
    """Run the engine, with the table of the template."""
    with engines.dynoxide() as environment, closing(engines.through_transport(environment)) as client:
        client.call("CreateTable", {"TableName": SETTINGS.table_name, **table_definition()})
        yield Meter(client)


def at(version: int) -> Precondition:
    return Precondition(if_match=frozenset({str(version)}))


def measure(meter: Meter, size: str) -> list[str]:
    table = Table(meter, SETTINGS.table_name)
    configs = Configs(table, SETTINGS, utc_now)
    projects = Projects(table, configs, utc_now)
    project = ProjectKey("user-1", size)
    key = project.config()
    first, second = (read_config(dashboard(size, seed), SETTINGS) for seed in (1, 2))
    new = read_new_project({"id": size, "name": size}, SETTINGS)

    def conflict() -> None:
        try:
            configs.save(key, first, at(0), Origin())
        except VersionConflict:
            return
        raise AssertionError("the save should have been refused")

    item = TypeSerializer().serialize(json.loads(first.text, parse_float=Decimal))
    native: dict[str, Any] = {"pk": {"S": "native"}, "sk": {"S": size}, "config": item}
    native_key = {"pk": native["pk"], "sk": native["sk"]}
    name = SETTINGS.table_name
    return [
        f"{first.size:,}",
        meter.of(lambda: projects.create("user-1", new)),
        meter.of(lambda: configs.save(key, first, at(0), Origin())),
        meter.of(lambda: configs.save(key, second, at(1), Origin())),
        meter.of(conflict),
        meter.of(lambda: configs.save(key, second, at(1), Origin())),
        meter.of(lambda: configs.head(key)),
        meter.of(lambda: projects.page("user-1", 25, None)),
        meter.of(lambda: meter.call("PutItem", {"TableName": name, "Item": native})),
        meter.of(lambda: meter.call("GetItem", {"TableName": name, "Key": native_key, "ConsistentRead": True})),
    ]


def measure_count(meter: Meter) -> list[str]:
    """Count what counting a write costs: by a request of its own, or within a transaction that is made anyway."""
    table = Table(meter, SETTINGS.table_name)
    moment = utc_now()
    counter = update(
        rate_window("user-2", moment), {"expiresAt": 0}, Condition("attribute_not_exists(#x)"), add={"n": 1}
    )
    items = [put({"pk": "benchmark", "sk": str(number)}) for number in range(3)]
    return [
        meter.of(lambda: Writes(table, SETTINGS, lambda: moment).count("user-1")),
        meter.of(lambda: table.transact(*items)),
        meter.of(lambda: table.transact(*items, counter)),
    ]


def main() -> None:
    titles = ["bytes", "create", "first save", "save", "conflict", "unchanged", "load", "list", "map: put", "map: get"]
    print("DynamoDB requests / capacity units for each call")
    print("".join(f"{title:>12}" for title in ["", *titles]))
    with engine() as meter:
        for size in SIZES:
            print("".join(f"{cell:>12}" for cell in [size, *measure(meter, size)]))
        alone, without, within = measure_count(meter)
        print(f"To count a write: {alone} by itself; within a transaction of {without} it makes that {within}")


if __name__ == "__main__":
    main()
