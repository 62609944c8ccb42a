"""Every file in events/ is a request in AWS's own form, and is answered as its name and the documents say."""

import base64
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

import pytest
import yaml
from aws_lambda_powertools.utilities.parser.models import APIGatewayProxyEventV2Model
from openapi_schema_validator import OAS31Validator
from support.events import EventFile, event_files, make_world
from support.http_api import TEXT_TYPES, Reply, apis, find_route, send
from support.template import ROOT, routes, table_definition

from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FILES = event_files()
TABLE = "dashkeep-events"
UNROUTED = "unrouted"
# The document describes these once for every path; an answer to OPTIONS is only named in its text.
UNROUTED_ANSWERS = {404: "NotFound", 405: "MethodNotAllowed"}

# Which codes an answer may carry, by its status; where there are several, the slug starts with the one meant.
CODES = {
    400: ("malformed-json", "invalid-precondition"),
    401: ("unauthorized",),
    404: ("not-found",),
    405: ("method-not-allowed",),
    409: ("project-exists",),
    412: ("version-conflict",),
    413: ("config-too-large", "analysis-too-large", "request-too-large", "upload-too-large"),
    415: ("unsupported-media-type",),
    422: ("invalid-config", "invalid-data", "invalid-project", "invalid-query"),
    428: ("precondition-required",),
}
# Headers that a document at version 0 does not have.
MAY_BE_ABSENT = {"Last-Modified"}
# Answers that a request alone cannot bring about.
NOT_BY_EVENT = {500, 503}


class Answered(NamedTuple):
    file: EventFile
    reply: Reply


every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


@pytest.fixture(scope="module")
def world(moto: "DynamoDBClient") -> list[dict[str, Any]]:
    """The items of the world that tests/support/events.py describes, made by the handlers themselves."""
    with _connected(moto, datetime(2026, 11, 22, 11, tzinfo=UTC)):
        make_world()
        return moto.scan(TableName=TABLE)["Items"]


@pytest.fixture(scope="module", params=FILES, ids=lambda file: file.name)
def answered(request: pytest.FixtureRequest, moto: "DynamoDBClient", world: list[dict[str, Any]]) -> Answered:
    """Each event, and the answer to it in a world of its own."""
    file: EventFile = request.param
    with _connected(moto, datetime(2026, 11, 22, 12, tzinfo=UTC)):
        moto.transact_write_items(TransactItems=[{"Put": {"TableName": TABLE, "Item": item}} for item in world])
        return Answered(file, send(file.event))


@contextmanager
def _connected(client: "DynamoDBClient", moment: datetime) -> Iterator[None]:
    """Connect every handler to a new table, at a moment that stands still."""
    client.create_table(TableName=TABLE, **table_definition())
    for api in apis():
        api.connect(Settings(table_name=TABLE), client, lambda: moment)
    yield
    client.delete_table(TableName=TABLE)


def test_answers_as_its_name_says(answered: Answered) -> None:
    """An event's answer has the status and code of its file's name, and the headers and form that every answer has."""
    file, reply = answered
    request_id = file.event["requestContext"]["requestId"]
    assert reply.status == file.status, reply.body[:500]
    assert reply.headers["x-request-id"] == request_id
    assert reply.headers["x-content-type-options"] == "nosniff"
    if file.status >= 400:
        _assert_problem(reply, file, request_id)
    else:
        assert reply.headers["cache-control"] == "private, no-cache"
        if file.status in {204, 304}:
            assert reply.body == b""
        else:
            assert reply.headers["content-type"] == "application/json"


def _assert_problem(reply: Reply, file: EventFile, request_id: str) -> None:
    codes = CODES[file.status]
    code = codes[0] if len(codes) == 1 else next(code for code in codes if file.slug.startswith(code))
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.code == code
    assert (reply.json["status"], reply.json["instance"]) == (file.status, request_id)


def test_answers_as_the_openapi_document_says(answered: Answered) -> None:
    """An event's answer has the body and the headers that docs/openapi.yaml promises for its operation and status."""
    file, reply = answered
    promised = _promised(file, reply.status)
    for name, header in promised.get("headers", {}).items():
        if name.lower() in reply.headers or name not in MAY_BE_ABSENT:
            assert not _findings(_resolved(header)["schema"], reply.headers[name.lower()])
    content = promised.get("content", {})
    if content:
        assert not _findings(content[reply.headers["content-type"]]["schema"], reply.json)
    else:
        assert reply.body == b""


@every_file
def test_has_the_form_of_aws(file: EventFile) -> None:
    """An event passes the strict model of payload 2.0, and its parts tell the same request twice where AWS does."""
    event = file.event
    APIGatewayProxyEventV2Model.model_validate(event)
    context = event["requestContext"]
    assert context["routeKey"] == event["routeKey"]
    assert context["http"]["path"] == event["rawPath"]
    assert context["http"]["userAgent"] == event["headers"]["user-agent"]
    assert context["domainName"] == event["headers"]["host"]
    moment = datetime.fromtimestamp(context["timeEpoch"] / 1000, UTC)
    assert context["time"] == moment.strftime("%d/%b/%Y:%H:%M:%S +0000")
    assert all(name == name.lower() for name in event["headers"])
    claims = context.get("authorizer", {}).get("jwt", {}).get("claims", {})
    assert all(isinstance(value, str) for value in claims.values())


@every_file
def test_route_is_the_templates(file: EventFile) -> None:
    """An event's routeKey and pathParameters are what the template's routes make of its method and path."""
    event = file.event
    method, path = event["requestContext"]["http"]["method"], event["rawPath"]
    route = find_route(method, path)
    assert event["routeKey"] == (route.path if route.path == "$default" else f"{route.method} {route.path}")
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", re.escape(route.path).replace(r"\{", "{").replace(r"\}", "}"))
    match = re.fullmatch(pattern, path)
    assert event.get("pathParameters", {}) == (match.groupdict() if match else {})
    assert ("authorizer" in event["requestContext"]) == route.needs_token


@every_file
def test_query_and_body_are_as_sent(file: EventFile) -> None:
    """The parameters are the decoded rawQueryString; a body is base64 exactly where its type is no text."""
    event = file.event
    joined: dict[str, list[str]] = defaultdict(list)
    for name, value in parse_qsl(event["rawQueryString"], keep_blank_values=True):
        joined[name].append(value)
    assert event.get("queryStringParameters", {}) == {name: ",".join(values) for name, values in joined.items()}
    if "body" not in event:
        assert not event["isBase64Encoded"]
        return
    media_type = event["headers"].get("content-type", "").partition(";")[0]
    is_text = media_type in TEXT_TYPES or media_type.startswith("text/")
    assert event["isBase64Encoded"] != is_text
    body = base64.b64decode(event["body"], validate=True) if event["isBase64Encoded"] else event["body"].encode()
    if "content-encoding" not in event["headers"]:
        assert event["headers"]["content-length"] == str(len(body))


def test_every_documented_answer_has_an_event() -> None:
    """Each operation's events have exactly the statuses that docs/openapi.yaml documents, 500 and 503 aside."""
    found: dict[str, set[int]] = defaultdict(set)
    for file in FILES:
        found[file.operation].add(file.status)
    unrouted = found.pop(UNROUTED)
    documented = {
        operation: {int(status) for status in document["responses"]} - NOT_BY_EVENT
        for operation, document in _operations().items()
    }
    assert found == documented
    assert unrouted == {204, 404, 405}


def test_every_route_has_its_failures() -> None:
    """Each route of the template has a success; where it takes a token, a body or a precondition, their failures."""
    statuses: dict[str, set[int]] = defaultdict(set)
    for file in FILES:
        statuses[file.event["routeKey"]].add(file.status)
    for route in routes():
        key = route.path if route.path == "$default" else f"{route.method} {route.path}"
        wanted = {401} if route.needs_token else set()
        wanted |= {404} if "{projectId}" in route.path else set()
        wanted |= {400, 413, 415, 422} if route.method in {"POST", "PUT", "PATCH"} else set()
        wanted |= {412, 428} if route.method in {"PUT", "PATCH", "DELETE"} else set()
        assert wanted <= statuses[key], key
        assert any(status < 300 for status in statuses[key]), key


def test_names_sort_and_read() -> None:
    """A file's name is its status and a slug of words, so that a listing of events/ is a list of outcomes."""
    odd = [file.name for file in FILES if not re.fullmatch(r"[1-5]\d\d(-[a-z0-9]+)+", file.path.stem)]
    assert not odd


def test_bodies_come_in_every_encoding() -> None:
    """Among the events are a gzip body, and a merge patch in the base64 that API Gateway makes of it."""
    encoded = {file.event["headers"].get("content-type") for file in FILES if file.event["isBase64Encoded"]}
    assert {"application/gzip", "application/merge-patch+json"} <= encoded


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
    return document


@cache
def _operations() -> dict[str, dict[str, Any]]:
    """The documented operations by the name of their folder."""
    return {
        re.sub(r"(?=[A-Z])", "_", operation["operationId"]).lower(): operation
        for path in _document()["paths"].values()
        for operation in path.values()
        if "operationId" in operation
    }


def _resolved(document: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in document:
        return document
    found: Any = _document()
    for token in document["$ref"].removeprefix("#/").split("/"):
        found = found[token]
    return _resolved(found)


def _promised(file: EventFile, status: int) -> dict[str, Any]:
    if file.operation == UNROUTED:
        responses: dict[str, Any] = _document()["components"]["responses"]
        return responses[UNROUTED_ANSWERS[status]] if status in UNROUTED_ANSWERS else {}
    return _resolved(_operations()[file.operation]["responses"][str(status)])


def _findings(schema: dict[str, Any], value: Any) -> list[str]:
    validator = OAS31Validator({**schema, "components": _document()["components"]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
