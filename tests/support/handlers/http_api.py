"""HTTP API events (payload 2.0) as API Gateway creates them, sent to the handler to which the template routes them."""

import base64
import gzip
import importlib
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from support.project.template import Route, functions, http_functions, routes

from dashboard_store.app import App
from dashboard_store.gateway.response import LAMBDA_BYTES

TEXT_TYPES = ("application/json", "application/xml", "application/javascript")
HOST = "k3v9x2m7qa.execute-api.eu-central-1.amazonaws.com"

CONTEXT: Any = SimpleNamespace(aws_request_id="lambda-request", get_remaining_time_in_millis=lambda: 15_000)
"""What Lambda passes to a function beside the event."""


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        content = gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body
        return json.loads(content)

    @property
    def code(self) -> str:
        problem: str = self.json["type"]
        return problem.removeprefix("urn:problem:")

    @property
    def problem(self) -> dict[str, Any]:
        """The problem document without the id of its request."""
        return {name: value for name, value in self.json.items() if name != "instance"}


@cache
def handler_module(function: str) -> Any:
    module, _, _ = functions()[function]["Handler"].partition(".")
    return importlib.import_module(module)


def apps() -> list[App]:
    """Return the functions that work on the store: all but the one for health checks."""
    return [module.app for module in map(handler_module, http_functions()) if hasattr(module, "app")]


def find_route(method: str, path: str) -> Route:
    for route in routes():
        pattern = re.sub(r"\{\w+\}", "[^/]+", route.path)
        if route.method == method and re.fullmatch(pattern, path):
            return route
    return next(route for route in routes() if route.path == "$default")


def event(
    method: str,
    url: str,
    *,
    user: str | None = "user-1",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    claims: Mapping[str, str] | None = None,
    request_id: str | None = None,
) -> dict[str, Any]:
    """Build the event that API Gateway makes of a request, in the form measured on AWS for HTTP APIs."""
    parts = urlsplit(url)
    route = find_route(method, parts.path)
    sent = {"host": HOST, "user-agent": "tests", "x-forwarded-proto": "https"}
    if body is not None:
        sent["content-length"] = str(len(body))
    sent |= {name.lower(): value for name, value in (headers or {}).items()}
    media_type = sent.get("content-type", "").partition(";")[0]
    is_text = media_type in TEXT_TYPES or media_type.startswith("text/")
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": parts.path,
        "rawQueryString": parts.query,
        "headers": sent,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": HOST.partition(".")[0],
            "domainName": HOST,
            "domainPrefix": HOST.partition(".")[0],
            "http": {
                "method": method,
                "path": parts.path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": sent["user-agent"],
            },
            "requestId": request_id or str(uuid.uuid4()),
            "routeKey": route.key,
            "stage": "$default",
            "time": "22/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1795348800000,
        },
        "isBase64Encoded": body is not None and not is_text,
    }
    if parameters := _path_parameters(route, parts.path):
        made["pathParameters"] = parameters
    if parts.query:
        made["queryStringParameters"] = _query_parameters(parts.query)
    if body is not None:
        made["body"] = body.decode(errors="replace") if is_text else base64.b64encode(body).decode()
    if user is not None and route.needs_token:
        known = {"sub": user, "iss": "https://issuer.example.com", "aud": "tests", "iat": "1795348800"}
        verified = known | {"exp": "1795392000"} if claims is None else dict(claims)
        made["requestContext"]["authorizer"] = {"jwt": {"claims": verified, "scopes": None}}
    return made


def _path_parameters(route: Route, path: str) -> dict[str, str]:
    segments = zip(route.path.split("/"), path.split("/"), strict=False)
    return {name[1:-1]: segment for name, segment in segments if name.startswith("{")}


def _query_parameters(query: str) -> dict[str, str]:
    """Join the values of a repeated parameter with commas, as payload 2.0 does."""
    joined: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        joined.setdefault(name, []).append(value)
    return {name: ",".join(values) for name, values in joined.items()}


def send(made: Mapping[str, Any]) -> Reply:
    """Send an event to the handler to which the template routes it."""
    request = made["requestContext"]["http"]
    module = handler_module(find_route(request["method"], made["rawPath"]).function)
    answer = module.handler(made, CONTEXT)
    # Lambda would not pass it on, and API Gateway would answer 500.
    assert len(json.dumps(answer)) <= LAMBDA_BYTES, "The response is larger than Lambda allows."
    return reply_of(answer)


def reply_of(answer: Mapping[str, Any]) -> Reply:
    """Read a handler's answer as the client that API Gateway passes it on to."""
    body = answer.get("body") or ""
    content = base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    return Reply(HTTPStatus(answer["statusCode"]), headers, content)


@dataclass(frozen=True)
class Client:
    """One user of the API; JSON bodies may be given as values."""

    user: str

    def request(self, method: str, url: str, document: Any = None, **headers: str) -> Reply:
        """Send a request: bytes unchanged, other values as JSON; `if_match='"1"'` is the header If-Match."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        body = document if document is None or isinstance(document, bytes) else json.dumps(document).encode()
        if body is not None:
            sent.setdefault("content-type", "application/json")
        return self.send(event(method, url, user=self.user, headers=sent, body=body))

    def send(self, made: Mapping[str, Any]) -> Reply:
        return send(made)

    def get(self, url: str, **headers: str) -> Reply:
        return self.request("GET", url, **headers)

    def post(self, url: str, document: Any, **headers: str) -> Reply:
        return self.request("POST", url, document, **headers)

    def put(self, url: str, document: Any, **headers: str) -> Reply:
        return self.request("PUT", url, document, **headers)

    def patch(self, url: str, document: Any, **headers: str) -> Reply:
        return self.request("PATCH", url, document, **headers)

    def delete(self, url: str, **headers: str) -> Reply:
        return self.request("DELETE", url, **headers)
