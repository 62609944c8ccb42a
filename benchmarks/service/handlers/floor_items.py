"""What a save writes and what a load reads, without a check of anything: the items of `dashboard_store`, by hand."""

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
    """Return the partition of the event's user and the project in its path."""
    return f"USER#{event['requestContext']['authorizer']['jwt']['claims']['sub']}", event["rawPath"].split("/")[3]


def load(event: Mapping[str, Any]) -> Json:
    """Make the request of `GetItem`."""
    pk, project = project_of(event)
    return {"TableName": TABLE, "Key": {"pk": {"S": pk}, "sk": {"S": f"CONFIG#{project}#"}}, "ConsistentRead": True}


def save(event: Mapping[str, Any], binary: Callable[[bytes], Any]) -> Json:
    """Make the request of `TransactWriteItems`; `binary` says how bytes are written."""
    pk, project = project_of(event)
    expected = int(event["headers"]["if-match"].strip('"'))
    json.loads(event["body"])
    updated_at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    text = f'{{"config":{event["body"]},"version":{expected + 1},"updatedAt":"{updated_at}"}}'
    content = {
        "pk": {"S": pk},
        "version": {"N": str(expected + 1)},
        "answer": {"B": binary(gzip.compress(text.encode(), 6, mtime=0))},
        "summary": {"M": {"updatedAt": {"S": updated_at}, "version": {"N": str(expected + 1)}}},
    }
    history = f"CONFIGVERSION#{project}##{expected + 1:012}"
    return {
        "TransactItems": [
            {
                "Put": {
                    "TableName": TABLE,
                    "Item": content | {"sk": {"S": f"CONFIG#{project}#"}},
                    "ConditionExpression": "version = :expected",
                    "ExpressionAttributeValues": {":expected": {"N": str(expected)}},
                }
            },
            {"Put": {"TableName": TABLE, "Item": content | {"sk": {"S": history}, "listKey": {"S": history}}}},
            {
                "Update": {
                    "TableName": TABLE,
                    "Key": {"pk": {"S": pk}, "sk": {"S": f"PROJECT#{project}"}},
                    "UpdateExpression": "SET listKey = :listKey, summary.updatedAt = :updatedAt",
                    "ConditionExpression": "attribute_exists(pk)",
                    "ExpressionAttributeValues": {
                        ":listKey": {"S": f"PROJECT#{updated_at}#{project}"},
                        ":updatedAt": {"S": updated_at},
                    },
                }
            },
        ]
    }


def loaded(answer: str) -> Json:
    """Pass on what is stored: gzip in base64."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return {"statusCode": 200, "headers": headers, "body": answer, "isBase64Encoded": True}


def saved() -> Json:
    headers = {"Content-Type": "application/json"}
    return {"statusCode": 200, "headers": headers, "body": '{"success":true}', "isBase64Encoded": False}


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()
