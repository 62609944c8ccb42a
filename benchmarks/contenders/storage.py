"""The item that all of them store, as Dashkeep does: a version, and the gzip of the answer to a load."""

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import boto3

client = boto3.client("dynamodb")


def key(user: str, project: str) -> Any:  # noqa: ANN401 - as the client takes it
    return {"pk": {"S": f"USER#{user}"}, "sk": {"S": f"CONFIG#{project}#"}}


def get(at: Any) -> bytes:  # noqa: ANN401
    """Read the answer to a load."""
    item = client.get_item(TableName="table", Key=at, ConsistentRead=True)["Item"]
    return gzip.decompress(item["answer"]["B"])


def put(at: Any, if_match: str, config: Any) -> dict[str, Any]:  # noqa: ANN401
    """Replace a version, given as an entity tag; return the answer to the save."""
    expected = int(if_match.strip('"'))
    saved = {"version": expected + 1, "updatedAt": datetime.now(UTC).isoformat()}
    text = json.dumps({"config": config, **saved}, separators=(",", ":"), ensure_ascii=False)
    write(at, expected, text)
    return {"success": True, **saved}


def write(at: Any, expected: int, text: str) -> None:  # noqa: ANN401
    """Replace a version by the next one, whose answer to a load is `text`."""
    client.put_item(
        TableName="table",
        Item={**at, "version": {"N": str(expected + 1)}, "answer": {"B": gzip.compress(text.encode(), 6)}},
        ConditionExpression="version = :expected",
        ExpressionAttributeValues={":expected": {"N": str(expected)}},
    )


def etag(document: dict[str, Any]) -> dict[str, str]:
    return {"ETag": f'"{document["version"]}"'}
