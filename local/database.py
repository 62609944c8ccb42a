"""The engine that stores the local run's data: dynoxide, a DynamoDB on SQLite.

MiniStack's own DynamoDB writes its state only at a clean stop; dynoxide keeps every accepted write, whatever happens
next. The functions use dynoxide, whose table is created like the one in the deployed stack.
"""

import contextlib
import json
import platform
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from local import ROOT
from local.aws import CallFailedError, Json, call, post

_SYSTEMS = {"linux": "linux", "darwin": "darwin"}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
_KEPT_SECONDS = 60 * 60
# Writers wait meanwhile, some milliseconds.
_TRIMMED_AT_ONCE = 200


class TableMismatchError(Exception):
    """The stored data has different keys or indexes than the stack's table."""


def binary() -> Path | None:
    """Return the path of the engine, or None if npm has no package for this platform."""
    machine = _MACHINES.get(platform.machine().lower())
    system = _SYSTEMS.get(sys.platform)
    path = ROOT / "local" / "node_modules" / "@dynoxide" / f"{system}-{machine}" / "dynoxide"
    return path if path.exists() else None


def only_table(endpoint: str) -> Json:
    """Describe the stack's only table, in the form in which a table is created."""
    names = call(endpoint, "dynamodb", "ListTables", {})["TableNames"]
    if len(names) != 1:
        raise TableMismatchError(f"The local run can keep the data of one table; the stack has {len(names)}: {names}")
    return _described(endpoint, names[0])


def keep_table(endpoint: str, table: Json, file: Path) -> None:
    """Create the table if it is missing, and set its stream and expiry; refuse one with different keys or indexes.

    `file` is the engine's data file. Tables of earlier versions of the local run have no stream and no expiry.
    """
    name = table["TableName"]
    if name not in call(endpoint, "dynamodb", "ListTables", {})["TableNames"]:
        layout = {key: value for key, value in table.items() if key not in {"TimeToLive", "StreamViewType"}}
        call(endpoint, "dynamodb", "CreateTable", {**layout, "BillingMode": "PAY_PER_REQUEST"})
    kept = _described(endpoint, name)
    if kept["TimeToLive"] != table["TimeToLive"]:
        _set_expiry(endpoint, name, kept["TimeToLive"], table["TimeToLive"])
    if kept["StreamViewType"] != table["StreamViewType"]:
        _set_stream(endpoint, name, table["StreamViewType"])
    _index_records(file)
    kept = _described(endpoint, name)
    if kept != table:
        raise TableMismatchError(
            f"The stored data has a different table layout than template.yaml.\n"
            f"  stored:   {json.dumps(kept, sort_keys=True)}\n"
            f"  template: {json.dumps(table, sort_keys=True)}\n"
            "Undo the change, or delete the data and start over: make clean"
        )


def _set_expiry(endpoint: str, name: str, before: str | None, after: str | None) -> None:
    # As in DynamoDB, one attribute has to be given up before there can be another.
    for attribute, enabled in ((before, False), (after, True)):
        if attribute:
            specification = {"AttributeName": attribute, "Enabled": enabled}
            call(
                endpoint, "dynamodb", "UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": specification}
            )


def _set_stream(endpoint: str, name: str, view: str | None) -> None:
    specification = {"StreamEnabled": True, "StreamViewType": view} if view else {"StreamEnabled": False}
    call(endpoint, "dynamodb", "UpdateTable", {"TableName": name, "StreamSpecification": specification})


def _described(endpoint: str, name: str) -> Json:
    table = call(endpoint, "dynamodb", "DescribeTable", {"TableName": name})["Table"]
    expiry = call(endpoint, "dynamodb", "DescribeTimeToLive", {"TableName": name})["TimeToLiveDescription"]
    return {
        "TableName": name,
        "KeySchema": table["KeySchema"],
        "AttributeDefinitions": sorted(table["AttributeDefinitions"], key=lambda each: str(each["AttributeName"])),
        **_indexes(table, "LocalSecondaryIndexes"),
        **_indexes(table, "GlobalSecondaryIndexes"),
        "TimeToLive": expiry.get("AttributeName"),
        "StreamViewType": (table.get("StreamSpecification") or {}).get("StreamViewType"),
    }


def _indexes(table: Json, kind: str) -> Json:
    """Return what defines each index; the rest of a description is its state."""
    found = [
        {key: _canonical(index[key]) for key in ("IndexName", "KeySchema", "Projection")}
        for index in sorted(table.get(kind) or [], key=lambda each: str(each["IndexName"]))
    ]
    return {kind: found} if found else {}


def _canonical(value: Any) -> Any:  # noqa: ANN401 - part of a JSON document
    if isinstance(value, dict) and "NonKeyAttributes" in value:
        return {**value, "NonKeyAttributes": sorted(value["NonKeyAttributes"])}
    return value


def _index_records(file: Path) -> None:
    """Index the stream's records by their number, which dynoxide 1.2.1 does not.

    It reads all of them to number the next one, which after 5,000 records of 20 KB takes 23 ms a write.
    """
    with contextlib.closing(_opened(file)) as data, data:
        data.execute(
            "CREATE INDEX IF NOT EXISTS local_stream_order ON _stream_records "
            "(table_name, CAST(sequence_number AS INTEGER))"
        )


def trim_stream(file: Path, table: str, number: int) -> None:
    """Remove records of a table's stream that are older than an hour and numbered below `number`.

    The engine keeps all of them, and DynamoDB each for a day. The last record has to stay, because the engine numbers
    the next one after it.
    """
    chosen = (
        "SELECT id FROM _stream_records WHERE table_name = ? AND CAST(sequence_number AS INTEGER) < ? "
        "AND created_at < ? ORDER BY CAST(sequence_number AS INTEGER) LIMIT ?"
    )
    with contextlib.closing(_opened(file)) as data:
        removed = _TRIMMED_AT_ONCE
        while removed == _TRIMMED_AT_ONCE:
            with data:
                parameters = (table, number, time.time() - _KEPT_SECONDS, _TRIMMED_AT_ONCE)
                removed = data.execute(f"DELETE FROM _stream_records WHERE id IN ({chosen})", parameters).rowcount  # noqa: S608 - constant text


def _opened(file: Path) -> sqlite3.Connection:
    # The engine, which writes to the same file, waits as long for a lock.
    return sqlite3.connect(file, timeout=5)


def remove_expired(sweeper: str, token: str) -> None:
    """Remove the expired items, as DynamoDB does in the background.

    The engine does it only when asked by its other interface, in one transaction, and then its stream names DynamoDB
    as the user that removed them.
    """
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "sweep_ttl", "arguments": {}}}
    headers = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {token}"}
    answer = post(sweeper, message, headers)
    if answer.get("result", {}).get("isError", True):
        raise CallFailedError("sweep_ttl", 200, json.dumps(answer))
