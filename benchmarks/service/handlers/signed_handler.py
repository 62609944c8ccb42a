"""The minimal handler: DynamoDB's wire format and signature by hand, over one kept-alive connection."""

import hashlib
import hmac
import http.client
import json
import os
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import floor_items

type Json = dict[str, Any]

_HOST = urlsplit(os.environ["AWS_ENDPOINT_URL_DYNAMODB"]).netloc
_REGION = os.environ["AWS_REGION"]
_connection = http.client.HTTPConnection(_HOST)


def handler(event: Mapping[str, Any], _: object) -> Json:
    if event["requestContext"]["http"]["method"] == "GET":
        return floor_items.loaded(_call("GetItem", floor_items.load(event))["Item"]["answer"]["B"])
    _call("TransactWriteItems", floor_items.save(event, floor_items.encoded))
    return floor_items.saved()


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
