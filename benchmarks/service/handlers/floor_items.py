"""The items that a save writes and a load reads: those of `dashboard_store`, built by hand and without any checks."""

import base64
import gzip
import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

type Json = dict[str, Any]

TABLE = os.environ["TABLE_NAME"]


def project_of(event: Mapping[str, Any]) -> tuple[str, str]:
    """Return the partition of the event's user, and the project in the path."""
    return f"USER#{event['requestContext']['authorizer']['jwt']['claims']['sub']}", event["rawPath"].split("/")[3]


def load(event: Mapping[str, Any]) -> Json:
    """Make the `GetItem` request."""
    pk, project = project_of(event)
    return {"TableName": TABLE, "Key": {"pk": {"S": pk}, "sk": {"S": f"CONFIG#{project}#"}}, "ConsistentRead": True}


def save(event: Mapping[str, Any], binary: Callable[[bytes], Any]) -> Json:
    """Make the `TransactWriteItems` request; `binary` encodes bytes for the client."""
    pk, project = project_of(event)
    expected = int(event["headers"]["if-match"].strip('"'))
    json.loads(event["body"])
    updated_at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    content = _content(event["body"], expected + 1, updated_at, binary)
    history = f"CONFIGVERSION#{project}##{expected + 1:012}"
    newest_item = {"pk": {"S": pk}, "sk": {"S": f"CONFIG#{project}#"}, **content}
    history_item = {"pk": {"S": pk}, "sk": {"S": history}, "listKey": {"S": history}, **content}
    listed = {":listKey": {"S": f"PROJECT#{updated_at}#{project}"}, ":updatedAt": {"S": updated_at}}
    return {
        "TransactItems": [
            {"Put": {"TableName": TABLE, "Item": newest_item, **_at(expected)}},
            {"Put": {"TableName": TABLE, "Item": history_item}},
            _update(pk, f"PROJECT#{project}", "SET listKey = :listKey, summary.updatedAt = :updatedAt", listed),
            _update(pk, f"RATE#{updated_at[:16]}Z", "ADD writes :one", {":one": {"N": "1"}}),
        ]
    }


def _at(version: int) -> Json:
    return {"ConditionExpression": "version = :at", "ExpressionAttributeValues": {":at": {"N": str(version)}}}


def _content(config: str, version: int, updated_at: str, binary: Callable[[bytes], Any]) -> Json:
    answer = f'{{"config":{config},"version":{version},"updatedAt":"{updated_at}"}}'
    return {
        "version": {"N": str(version)},
        "answer": {"B": binary(gzip.compress(answer.encode(), 6, mtime=0))},
        "summary": {"M": {"updatedAt": {"S": updated_at}, "version": {"N": str(version)}}},
    }


def _update(pk: str, sk: str, expression: str, values: Json) -> Json:
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    named = {"UpdateExpression": expression, "ExpressionAttributeValues": values}
    return {"Update": {"TableName": TABLE, "Key": key, **named}}


def loaded(answer: str) -> Json:
    """Pass on the stored gzip as base64."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return {"statusCode": 200, "headers": headers, "body": answer, "isBase64Encoded": True}


def saved() -> Json:
    headers = {"Content-Type": "application/json"}
    return {"statusCode": 200, "headers": headers, "body": '{"success":true}', "isBase64Encoded": False}


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()
