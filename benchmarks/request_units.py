"""Count the cost of each call in DynamoDB requests and request units, as the local stack's engine counts them.

Units are what AWS bills, and they are the same on every machine. For comparison, the same config is stored as a native
DynamoDB map, without history and with a history that the same transaction keeps.
"""

import json
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from typing import Final

from boto3.dynamodb.types import TypeSerializer
from support.storage import engines

from benchmarks.database import Cost, Meter, engine
from benchmarks.report import Claim, Section, Table
from benchmarks.workload import NAMES, SETTINGS, TABLE
from dashboard_store.documents.config import Origin
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.project import read_new_project
from dashboard_store.errors import VersionConflict
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.items import Items
from dashboard_store.store import Store
from local.dashboards import dashboard

CALLS: Final = ("create", "first save", "save", "conflict", "unchanged", "patch", "load", "list")
MAPS: Final = ("put", "put with history", "get")
SAVE_UNITS: Final = 22
# A conflict may take a second request to name the conflicting pointers.
ROUND_TRIPS: Final = {"load": 1, "save": 1, "conflict": 2, "patch": 2, "list": 1}

type Call = Callable[[], object]


def at(version: int) -> Precondition:
    return Precondition(if_match=frozenset({str(version)}))


def measure(meter: Meter, size: str) -> dict[str, Cost]:
    """Count the calls on a config of one size, including the count of the user's writes."""
    store = Store(SETTINGS, Items(meter, TABLE))
    address = ProjectAddress("user-1", size).config()
    first, second = (read_config(dashboard(size, seed), SETTINGS) for seed in (1, 2))
    new = read_new_project({"id": size, "name": size}, SETTINGS)

    def create() -> None:
        store.rate_limit.count("user-1")
        store.projects.create("user-1", new)

    def conflict() -> None:
        try:
            store.config_saves.save(address, first, at(0), Origin())
        except VersionConflict:
            return
        raise AssertionError("The save should have been refused.")

    calls: list[Call] = [
        create,
        lambda: store.config_saves.save(address, first, at(0), Origin()),
        lambda: store.config_saves.save(address, second, at(1), Origin()),
        conflict,
        lambda: store.config_saves.save(address, second, at(1), Origin()),
        lambda: store.config_saves.change(address, lambda _: first, Precondition(), Origin()),
        lambda: store.configs.newest(address),
        lambda: store.projects.page("user-1", 25, None),
    ]
    return {name: meter.of(call) for name, call in zip(CALLS, calls, strict=True)}


def measure_map(meter: Meter, size: str) -> dict[str, Cost]:
    """Count the same config as a native map: a write, a transaction that also writes history, and a read."""
    config = TypeSerializer().serialize(json.loads(json.dumps(dashboard(size)), parse_float=Decimal))
    key = {"pk": {"S": "native"}, "sk": {"S": size}}
    newest = {**key, "config": config}
    version = {**newest, "sk": {"S": f"{size}#1"}}
    both = [{"Put": {"TableName": TABLE, "Item": item}} for item in (newest, version)]
    calls: list[Call] = [
        lambda: meter.call("PutItem", {"TableName": TABLE, "Item": newest}),
        lambda: meter.call("TransactWriteItems", {"TransactItems": both}),
        lambda: meter.call("GetItem", {"TableName": TABLE, "Key": key, "ConsistentRead": True}),
    ]
    return {name: meter.of(call) for name, call in zip(MAPS, calls, strict=True)}


def costs() -> tuple[dict[str, dict[str, Cost]], dict[str, dict[str, Cost]]]:
    """Count each call at each size, and as a native map, for which the own client's timeouts are too short."""
    with engine() as environment, closing(engines.through_transport(environment)) as own:
        mine, maps = Meter(own), Meter(engines.through_boto3(environment))
        return {size: measure(mine, size) for size in NAMES}, {size: measure_map(maps, size) for size in NAMES}


def report() -> list[Section]:
    mine, maps = costs()
    measured = (
        "Requests / request units of each call, as `ReturnConsumedCapacity` reports them on the local stack's engine, "
        "which counts as AWS does. A save includes all of its writes: document, history, the list's summary and the "
        "counter of the user's writes. For comparison, the same config as a native DynamoDB map, without history and "
        "with a history that the same transaction keeps."
    )
    tables = [_table("Dashkeep", mine, CALLS), _table("Native map", maps, MAPS)]
    notes = ["The engine counts refused transactions as free; AWS bills conditional writes that fail."]
    return [Section("Round trips and request units", measured, tables, notes, _claims(mine["medium"], maps["medium"]))]


def _table(title: str, found: dict[str, dict[str, Cost]], calls: tuple[str, ...]) -> Table:
    return Table(
        [title, *calls], [[NAMES[size], *(str(costs[call]) for call in calls)] for size, costs in found.items()]
    )


def _claims(mine: dict[str, Cost], maps: dict[str, Cost]) -> list[Claim]:
    save, load = mine["save"], mine["load"]
    put, kept, get = (maps[name].units for name in MAPS)
    with_maps = f"map {put:g}, with history {kept:g}"
    made = ", ".join(f"{name} {mine[name].requests}" for name in ROUND_TRIPS)
    most = ", ".join(f"{name} {count}" for name, count in ROUND_TRIPS.items())
    few = all(mine[name].requests <= count for name, count in ROUND_TRIPS.items())
    within = save.units <= SAVE_UNITS
    return [
        Claim("DynamoDB round trips", "1", "–", most, made, few),
        Claim("Request units of a save, 20 KB", "–", with_maps, f"≤ {SAVE_UNITS}", f"{save.units:g}", within),
        Claim("Request units of a load, 20 KB", "–", f"map {get:g}", "1", f"{load.units:g}", load.units <= 1),
    ]
