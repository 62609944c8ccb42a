"""The engine that stores the local run's data: dynoxide, a DynamoDB on SQLite.

MiniStack's own DynamoDB writes its state only at a clean stop; dynoxide keeps every accepted write, whatever happens
next. The functions use dynoxide, whose table is created like the one in the deployed stack.
"""

import json
import platform
import sys
import urllib.request
from pathlib import Path
from typing import Any

from local import ROOT

type Json = dict[str, Any]

_SYSTEMS = {"linux": "linux", "darwin": "darwin"}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


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
    names = _call(endpoint, "ListTables", {})["TableNames"]
    if len(names) != 1:
        raise TableMismatchError(f"The local run can keep the data of one table; the stack has {len(names)}: {names}")
    return _described(endpoint, names[0])


def keep_table(endpoint: str, table: Json) -> None:
    """Create the table if it is missing; refuse to serve one with different keys or indexes."""
    name = table["TableName"]
    if name not in _call(endpoint, "ListTables", {})["TableNames"]:
        _create(endpoint, table)
    kept = _described(endpoint, name)
    if kept != table:
        raise TableMismatchError(
            f"The stored data has a different table layout than template.yaml.\n"
            f"  stored:   {json.dumps(kept, sort_keys=True)}\n"
            f"  template: {json.dumps(table, sort_keys=True)}\n"
            "Undo the change, or delete the data and start over: make clean"
        )


def _create(endpoint: str, table: Json) -> None:
    keys = {key: value for key, value in table.items() if key != "TimeToLive"}
    _call(endpoint, "CreateTable", {**keys, "BillingMode": "PAY_PER_REQUEST"})
    if table["TimeToLive"]:
        specification = {"AttributeName": table["TimeToLive"], "Enabled": True}
        _call(endpoint, "UpdateTimeToLive", {"TableName": table["TableName"], "TimeToLiveSpecification": specification})


def _described(endpoint: str, name: str) -> Json:
    table = _call(endpoint, "DescribeTable", {"TableName": name})["Table"]
    expiry = _call(endpoint, "DescribeTimeToLive", {"TableName": name})["TimeToLiveDescription"]
    return {
        "TableName": name,
        "KeySchema": table["KeySchema"],
        "AttributeDefinitions": sorted(table["AttributeDefinitions"], key=lambda each: str(each["AttributeName"])),
        **_indexes(table, "LocalSecondaryIndexes"),
        **_indexes(table, "GlobalSecondaryIndexes"),
        "TimeToLive": expiry.get("AttributeName"),
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


def _call(endpoint: str, action: str, body: Json) -> Json:
    """Make one DynamoDB call. Neither engine checks signatures, but both require the credential in one."""
    request = urllib.request.Request(  # noqa: S310 - the endpoint is on loopback
        endpoint,
        data=json.dumps(body).encode(),
        headers={
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, "
            "SignedHeaders=host, Signature=0",
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Date": "20260101T000000Z",
            "X-Amz-Target": f"DynamoDB_20120810.{action}",
        },
    )
    with _OPENER.open(request, timeout=10) as response:
        answer: Json = json.load(response)
        return answer


# Never use a proxy for loopback.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
