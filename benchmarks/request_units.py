"""Count the cost of each call in DynamoDB requests and request units, as the local stack's engine counts them.

Units are what AWS bills, and they are the same on every machine. For comparison, the same config is stored as a native
DynamoDB map, without history and with a history that the same transaction keeps.
"""

import json
from decimal import Decimal
from functools import partial
from typing import Any, Final

from boto3.dynamodb.types import TypeSerializer
from support.storage import engines

from benchmarks.database import Cost, Meter, engine
from benchmarks.recordings import requests
from benchmarks.report import Claim, Section, Table
from benchmarks.workload import NAMES, TABLE
from local.dashboards import dashboard

CALLS: Final = ("create", "first save", "save", "conflict", "unchanged", "patch", "merge", "undo", "diff")
READS: Final = ("load", "list", "history", "member's load", "member's save", "link")
MAPS: Final = ("put", "put with history", "get")
SAVE_UNITS: Final = {"medium": 27, "large": 131}
# What a member costs above the owner.
MEMBER_UNITS: Final = {"load": 1, "save": 4}
# A conflict may take a second request to name the conflicting pointers.
ROUND_TRIPS: Final = {"load": 1, "save": 1, "conflict": 2, "patch": 2, "list": 1}

type Costs = dict[str, dict[str, Cost]]
"""By size, then by call."""


def costs() -> tuple[Costs, Costs]:
    """Count each call at each size, and as a native map, for which the own client's timeouts are too short."""
    mine = {size: {name: request.cost for name, request in requests(size).items()} for size in NAMES}
    with engine() as environment:
        meter = Meter(engines.through_boto3(environment))
        return mine, {size: measure_map(meter, size) for size in NAMES}


def measure_map(meter: Meter, size: str) -> dict[str, Cost]:
    """Count the same config as a native map: a write, a transaction that also writes history, and a read."""
    config = TypeSerializer().serialize(json.loads(json.dumps(dashboard(size)), parse_float=Decimal))
    key = {"pk": {"S": "native"}, "sk": {"S": size}}
    items = [{"TableName": TABLE, "Item": {**key, "sk": {"S": name}, "config": config}} for name in (size, f"{size}#1")]
    calls: tuple[tuple[str, Any], ...] = (
        ("PutItem", items[0]),
        ("TransactWriteItems", {"TransactItems": [{"Put": item} for item in items]}),
        ("GetItem", {"TableName": TABLE, "Key": key, "ConsistentRead": True}),
    )
    return {name: meter.of(partial(meter.call, *call)) for name, call in zip(MAPS, calls, strict=True)}


def report() -> list[Section]:
    mine, maps = costs()
    measured = (
        "Requests / request units of each call, as `ReturnConsumedCapacity` reports them on the local stack's engine, "
        "which counts as AWS does. A save includes all of its writes: document, history, the list's summary and the "
        "counter of the user's writes. The dashboards compress as saved ones do: 20 KB five times, 200 KB seven times. "
        "For comparison, the same config as a native DynamoDB map, without history and with a history that the same "
        "transaction keeps."
    )
    tables = [
        _table("Owner", mine, CALLS),
        _table("Reads, and a member", mine, READS),
        _table("Native map", maps, MAPS),
    ]
    notes = ["The engine counts refused transactions as free; AWS bills conditional writes that fail."]
    return [Section("Round trips and request units", measured, tables, notes, _claims(mine, maps))]


def _table(title: str, found: Costs, calls: tuple[str, ...]) -> Table:
    return Table(
        [title, *calls], [[NAMES[size], *(str(costs[call]) for call in calls)] for size, costs in found.items()]
    )


def _claims(mine: Costs, maps: Costs) -> list[Claim]:
    medium = mine["medium"]
    made = ", ".join(f"{name} {medium[name].requests}" for name in ROUND_TRIPS)
    most = ", ".join(f"{name} {count}" for name, count in ROUND_TRIPS.items())
    few = all(medium[name].requests <= count for name, count in ROUND_TRIPS.items())
    claims = [Claim("DynamoDB round trips", "1", "–", most, made, few)]
    for size, limit in SAVE_UNITS.items():
        units, (put, kept, _) = mine[size]["save"].units, (maps[size][name].units for name in MAPS)
        title, peers = f"Request units of a save, {NAMES[size]}", f"map {put:g}, with history {kept:g}"
        claims.append(Claim(title, "–", peers, f"≤ {limit}", f"{units:g}", units <= limit))
    for name, limit in MEMBER_UNITS.items():
        more = {size: found[f"member's {name}"].units - found[name].units for size, found in mine.items()}
        title, worst = f"Request units of a member's {name}, above the owner's", max(more.values())
        claims.append(Claim(title, "0", "–", f"≤ {limit}", f"{worst:g}", worst <= limit))
    return claims
