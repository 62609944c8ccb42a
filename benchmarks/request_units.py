"""Count what each call costs: DynamoDB requests and capacity units, as the local stack's engine counts them.

Units, not seconds: they are what AWS bills, and the same on every machine. Beside them stands what the same config
would cost as a native DynamoDB map, one item written without history.
"""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
from boto3.dynamodb.types import TypeSerializer
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
from dashboard_store.repository.writes import Writes
from dashboard_store.settings import Settings
from local.dashboards import SIZES, dashboard
from local.database import binary

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SETTINGS = Settings("benchmark")
_OPERATIONS = (
    "BatchGetItem",
    "GetItem",
    "PutItem",
    "Query",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
)


@dataclass
class Meter:
    """Adds up the requests and units of what a client did since `reset`."""

    requests: int = 0
    units: float = 0

    def attach(self, client: "DynamoDBClient") -> None:
        def ask(params: dict[str, Any], **_: Any) -> None:  # noqa: ANN401 - botocore's own
            params["ReturnConsumedCapacity"] = "TOTAL"

        def add(parsed: dict[str, Any], **_: Any) -> None:  # noqa: ANN401
            self.requests += 1
            consumed = parsed.get("ConsumedCapacity", [])
            entries = consumed if isinstance(consumed, list) else [consumed]
            self.units += sum(entry["CapacityUnits"] for entry in entries)

        for operation in _OPERATIONS:
            client.meta.events.register(f"provide-client-params.dynamodb.{operation}", ask)
            client.meta.events.register(f"after-call.dynamodb.{operation}", add)

    def of(self, call: Callable[[], Any]) -> str:
        self.requests, self.units = 0, 0
        call()
        return f"{self.requests} / {self.units:g}"


@contextmanager
def engine() -> Iterator["DynamoDBClient"]:
    program = binary()
    if program is None:
        raise SystemExit("The local stack's database engine has no program for this platform.")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(program), "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - ours
        try:
            time.sleep(0.5)
            yield boto3.client(
                "dynamodb",
                endpoint_url=f"http://127.0.0.1:{port}",
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",  # noqa: S106 - the engine checks none
            )
        finally:
            process.terminate()


def at(version: int) -> Precondition:
    return Precondition(if_match=frozenset({str(version)}))


def measure(client: "DynamoDBClient", size: str) -> list[str]:
    meter = Meter()
    meter.attach(client)
    table = Table(client, SETTINGS.table_name)
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
    native = {"pk": {"S": "native"}, "sk": {"S": size}, "config": item}
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
        meter.of(lambda: client.put_item(TableName=name, Item=native)),
        meter.of(lambda: client.get_item(TableName=name, Key=native_key, ConsistentRead=True)),
    ]


def measure_count(client: "DynamoDBClient") -> list[str]:
    """Count what counting a write costs: by a request of its own, or within a transaction that is made anyway."""
    meter = Meter()
    meter.attach(client)
    table = Table(client, SETTINGS.table_name)
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
    with engine() as client:
        client.create_table(TableName=SETTINGS.table_name, **table_definition())
        for size in SIZES:
            print("".join(f"{cell:>12}" for cell in [size, *measure(client, size)]))
        alone, without, within = measure_count(client)
        print(f"To count a write: {alone} by itself; within a transaction of {without} it makes that {within}")


if __name__ == "__main__":
    main()
