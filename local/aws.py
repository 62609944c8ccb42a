"""Signed calls of AWS's APIs, which the emulator and the engine answer (Signature Version 4).

boto3 takes 0.4 s of CPU to import and decodes what the bridge passes on unchanged.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from http.client import HTTPMessage
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

type Json = dict[str, Any]

REGION = "us-east-1"
# The operator's key, which the emulator takes for its account's root user.
_KEY_ID = "test"
_SECRET = "test"  # noqa: S105 - not a secret
_TARGETS = {"dynamodb": "DynamoDB_20120810", "streams": "DynamoDBStreams_20120810", "sqs": "AmazonSQS"}
# Never use a proxy for loopback.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class CallFailedError(Exception):
    """A call was answered with a status other than 2xx; the message includes the answer."""

    def __init__(self, what: str, status: int, answer: str) -> None:
        super().__init__(f"{what} was answered with {status}: {answer[:1_000]}")
        self.answer = answer


class Request(NamedTuple):
    """A request without its signature; the path must need no percent-encoding."""

    service: str
    method: str
    path: str
    query: Mapping[str, str] = MappingProxyType({})
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""


class Answer(NamedTuple):
    headers: HTTPMessage
    body: bytes


def call(endpoint: str, api: str, action: str, body: Json) -> Json:
    """Call an action of `dynamodb`, `streams` or `sqs`; raise CallFailedError or OSError."""
    service = "sqs" if api == "sqs" else "dynamodb"
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"{_TARGETS[api]}.{action}"}
    answer = send(endpoint, Request(service, "POST", "/", headers=headers, body=json.dumps(body).encode()), seconds=10)
    decoded: Json = json.loads(answer.body)
    return decoded


def send(endpoint: str, request: Request, seconds: float) -> Answer:
    """Sign and send a request; raise CallFailedError or OSError."""
    query = urlencode(sorted(request.query.items()))
    url = f"{endpoint}{request.path}?{query}" if query else f"{endpoint}{request.path}"
    signed = _signed(urlsplit(endpoint).netloc, request, query)
    sent = urllib.request.Request(url, request.body or None, signed, method=request.method)  # noqa: S310 - on loopback
    return _open(sent, request.headers.get("X-Amz-Target", f"{request.method} {request.path}"), seconds)


def post(url: str, document: Json, headers: Mapping[str, str]) -> Json:
    """Post a document to a server that is not AWS's, unsigned; raise CallFailedError or OSError."""
    sent = {**headers, "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(document).encode(), sent)  # noqa: S310 - the URL is on loopback
    decoded: Json = json.loads(_open(request, f"POST {url}", seconds=60).body)
    return decoded


def _open(request: urllib.request.Request, what: str, seconds: float) -> Answer:
    try:
        with _OPENER.open(request, timeout=seconds) as response:
            return Answer(response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            raise CallFailedError(what, error.code, error.read().decode(errors="replace")) from None


def _signed(host: str, request: Request, query: str) -> dict[str, str]:
    """Return the headers of a request to a host, with a date and a signature over all of them."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {**request.headers, "Host": host, "X-Amz-Date": now}
    lines = sorted(f"{name.lower()}:{value}\n" for name, value in headers.items())
    names = ";".join(line.partition(":")[0] for line in lines)
    parts = (request.method, request.path, query, "".join(lines), names, hashlib.sha256(request.body).hexdigest())
    scope = f"{now[:8]}/{REGION}/{request.service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256('\n'.join(parts).encode()).hexdigest()}"
    key = f"AWS4{_SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"Credential={_KEY_ID}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**headers, "Authorization": f"AWS4-HMAC-SHA256 {credential}"}
