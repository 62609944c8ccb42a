"""The floor: a function with no library but boto3, which checks nothing and passes on the stored gzip."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import storage


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    project = event["rawPath"].split("/")[3]
    key = storage.key(event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"], project)
    if event["requestContext"]["http"]["method"] == "GET":
        return load(key)
    return save(key, event["body"], int(event["headers"]["if-match"].strip('"')))


def load(key: Any) -> dict[str, Any]:  # noqa: ANN401 - as the client takes it
    item = storage.client.get_item(TableName="table", Key=key, ConsistentRead=True)["Item"]
    headers = {"content-type": "application/json", "content-encoding": "gzip", "etag": f'"{item["version"]["N"]}"'}
    body = base64.b64encode(item["answer"]["B"]).decode()
    return {"statusCode": 200, "headers": headers, "body": body, "isBase64Encoded": True}


def save(key: Any, body: str, expected: int) -> dict[str, Any]:  # noqa: ANN401
    json.loads(body)
    updated_at = datetime.now(UTC).isoformat()
    text = f'{{"config":{body},"version":{expected + 1},"updatedAt":"{updated_at}"}}'
    storage.write(key, expected, text)
    answer = json.dumps({"success": True, "version": expected + 1, "updatedAt": updated_at})
    headers = {"content-type": "application/json", "etag": f'"{expected + 1}"'}
    return {"statusCode": 200, "headers": headers, "body": answer}
