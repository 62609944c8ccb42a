"""The least that a function can do: it checks nothing, and signs its requests to DynamoDB by hand.

A save writes the items that `dashboard_store` writes: newest version, history, project and the count of writes.
"""

import base64
import gzip
import hashlib
import hmac
import http.client
import json
import os
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

type Json = dict[str, Any]

_TABLE = os.environ["TABLE_NAME"]
_HOST = urlsplit(os.environ["AWS_ENDPOINT_URL_DYNAMODB"]).netloc
_REGION = os.environ["AWS_REGION"]
_connection = http.client.HTTPConnection(_HOST)


def handler(event: Mapping[str, Any], _: object) -> Json:
    pk = f"USER#{event['requestContext']['authorizer']['jwt']['claims']['sub']}"
    project = event["rawPath"].split("/")[3]
    headers = {"Content-Type": "application/json"}
    if event["requestContext"]["http"]["method"] == "GET":
        newest = {"TableName": _TABLE, "Key": _key(pk, f"CONFIG#{project}#"), "ConsistentRead": True}
        stored = _call("GetItem", newest)["Item"]["answer"]["B"]
        headers["Content-Encoding"] = "gzip"
        return {"statusCode": 200, "headers": headers, "body": stored, "isBase64Encoded": True}
    _call("TransactWriteItems", _save(pk, project, int(event["headers"]["if-match"].strip('"')), event["body"]))
    return {"statusCode": 200, "headers": headers, "body": '{"success":true}', "isBase64Encoded": False}


def _save(pk: str, project: str, expected: int, config: str) -> Json:
    json.loads(config)
    updated_at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    answer = f'{{"config":{config},"version":{expected + 1},"updatedAt":"{updated_at}"}}'
    version = {"N": str(expected + 1)}
    content = {
        "version": version,
        "answer": {"B": base64.b64encode(gzip.compress(answer.encode(), 6, mtime=0)).decode()},
        "summary": {"M": {"updatedAt": {"S": updated_at}, "version": version}},
    }
    history = f"CONFIGVERSION#{project}##{expected + 1:012}"
    newest_item = {**_key(pk, f"CONFIG#{project}#"), **content}
    history_item = {**_key(pk, history), "listKey": {"S": history}, **content}
    at = {"ConditionExpression": "version = :at", "ExpressionAttributeValues": {":at": {"N": str(expected)}}}
    listed = {":listKey": {"S": f"PROJECT#{updated_at}#{project}"}, ":updatedAt": {"S": updated_at}}
    return {
        "TransactItems": [
            {"Put": {"TableName": _TABLE, "Item": newest_item, **at}},
            {"Put": {"TableName": _TABLE, "Item": history_item}},
            _update(pk, f"PROJECT#{project}", "SET listKey = :listKey, summary.updatedAt = :updatedAt", listed),
            _update(pk, f"RATE#{updated_at[:16]}Z", "ADD writes :one", {":one": {"N": "1"}}),
        ]
    }


def _key(pk: str, sk: str) -> Json:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _update(pk: str, sk: str, expression: str, values: Json) -> Json:
    named = {"UpdateExpression": expression, "ExpressionAttributeValues": values}
    return {"Update": {"TableName": _TABLE, "Key": _key(pk, sk), **named}}


def _call(operation: str, parameters: Json) -> Json:
    body = json.dumps(parameters).encode()
    _connection.request("POST", "/", body, _signed(f"DynamoDB_20120810.{operation}", body))
    response = _connection.getresponse()
    content = response.read()
    if response.status != http.client.OK:
        raise RuntimeError(content.decode())
    answer: Json = json.loads(content)
    return answer


def _signed(target: str, body: bytes) -> dict[str, str]:
    """Sign per https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    names = "host;x-amz-date;x-amz-target"
    canonical = (
        f"POST\n/\n\nhost:{_HOST}\nx-amz-date:{moment}\nx-amz-target:{target}\n\n{names}\n"
        f"{hashlib.sha256(body).hexdigest()}"
    )
    scope = f"{moment[:8]}/{_REGION}/dynamodb/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}",
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Date": moment,
        "X-Amz-Target": target,
    }
