"""Every file in events/ is a request in AWS's own form, and is answered as its name and the documents say."""

import base64
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

import pytest
from aws_lambda_powertools.utilities.parser.models import APIGatewayProxyEventV2Model
from openapi_schema_validator import OAS31Validator
from support.handlers.appconfig import AppConfig
from support.handlers.events import BUCKET, MOMENT, EventFile, event_files, make_world
from support.handlers.http_api import TEXT_TYPES, Reply, apps, find_route, handler_module, send
from support.project.openapi import openapi, operations, problem_codes, resolved
from support.project.template import functions, http_functions, routes, table_definition
from support.storage.clients import Answer, Call, Request, Tapped

from dashboard_store.app import Store
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FILES = event_files()
BY_NAME = {file.name: file for file in FILES}
TABLE = "dashkeep-events"
UNROUTED = "unrouted"
CSV = "text/csv; charset=utf-8"
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
    422: ("invalid-config", "invalid-data", "invalid-project", "invalid-query", "unsafe-text"),
    428: ("precondition-required",),
    429: ("rate-limited",),
}
# Headers that a document at version 0, a small body, JSON, and an answer of the service itself do not have.
MAY_BE_ABSENT = {"Last-Modified", "Content-Encoding", "Content-Disposition", "WWW-Authenticate"}
# What tests/functions/test_bad_bodies.py shows of every operation that takes a body, with fewer bytes than an event.
SHOWN_ELSEWHERE = {"request-too-large"}
# Answers that a request alone cannot bring about.
NOT_BY_EVENT = {500, 503}


# Of the routes that change something: those that take no body, and those that need no precondition.
WITHOUT_BODY = {
    "POST /api/projects/{projectId}/restore",
    "POST /api/projects/{projectId}/config/versions/{version}/restore",
}
WITH_OPTIONAL_PRECONDITION = {
    "DELETE /api/projects/{projectId}",
    "PATCH /api/projects/{projectId}/config",
}
# What an answer must show besides its status, for its file's name to be true.
SHOWN: dict[str, dict[str, Any]] = {
    "put_config/200-merged": {"merged": True, "version": 4},
    "put_config/412-merge-conflict": {"conflicts": ["/theme/id"]},
    "put_config/412-merge-into-a-deleted-config": {"conflicts": [""], "current": None},
    "put_config/412-stale-version": {"conflicts": []},
    "put_config/200-unchanged-after-lost-answer": {"version": 3},
    "patch_config/200-newest-whatever-it-is": {"version": 4},
    "patch_config/200-unchanged-after-lost-answer": {"version": 3},
    "patch_config/412-stale-version": {"conflicts": []},
    "list_versions/200-first-page": {"nextCursor": "5"},
    "list_versions/200-next-page": {"nextCursor": "3"},
    "list_versions/200-nothing-saved": {"versions": [], "nextCursor": None},
    "get_version/200-an-older-one": {"version": 1},
    "get_version/200-a-delete": {"version": 5, "config": None},
    "diff_versions/200-same-content": {"operations": []},
    "diff_versions/200-changed": {"charts": {"added": [], "removed": [], "changed": ["revenue"]}},
    "restore_version/200-restored": {"version": 4},
    "restore_version/200-unchanged-after-lost-answer": {"version": 6},
    "restore_project/200-restored": {"id": "attic"},
    "get_data/200-rows-elsewhere": {"rawData": None, "version": 3},
    "get_data_version/200-an-older-one": {"version": 1, "analysis": {"summary": "Revenue grows."}},
    "get_data_version/200-the-newest-elsewhere": {"rawData": None, "version": 3},
    "list_data_versions/200-nothing-uploaded": {"versions": []},
    "post_data/201-large-table": {"version": 1},
    "complete_upload/200-again-after-lost-answer": {"version": 1},
    "complete_upload/201-csv": {"version": 4},
}
# The rights that a part of a transaction takes; every other call takes the one of its name.
RIGHTS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


class Answered(NamedTuple):
    """An answer, and the rights that were used for it: actions, each with the index that it names, if it does."""

    file: EventFile
    reply: Reply
    rights: frozenset[tuple[str, str | None]]


every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


@pytest.fixture(scope="module")
def bucket(bucket_client: "S3Client") -> Bucket:
    """The bucket of the events' world."""
    bucket_client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return Bucket(bucket_client, BUCKET)


@pytest.fixture(scope="module")
def world(moto: Tapped, bucket: Bucket, bucket_client: "S3Client") -> list[dict[str, Any]]:
    """The items of the world that tests/support/handlers/events.py describes, made by the handlers themselves.

    Its objects stay in the bucket: no event changes one.
    """
    with _connected(moto, bucket, MOMENT - timedelta(hours=1)):
        make_world(bucket_client)
        items: list[dict[str, Any]] = moto.call("Scan", {"TableName": TABLE})["Items"]
        return items


@pytest.fixture(scope="module")
def answer(
    moto: Tapped, bucket: Bucket, bucket_client: "S3Client", world: list[dict[str, Any]]
) -> Callable[[EventFile], Answered]:
    """Answer an event in a world of its own, once."""

    @cache
    def answer_in_its_world(file: EventFile) -> Answered:
        with _connected(moto, bucket, MOMENT):
            puts = [{"Put": {"TableName": TABLE, "Item": item}} for item in world]
            moto.call("TransactWriteItems", {"TransactItems": puts})
            with (
                _recorded(moto) as rights,
                _recorded_in_bucket(bucket_client) as rights_in_bucket,
                _recorded_in_appconfig() as rights_of_flags,
            ):
                reply = send(file.event)
        return Answered(file, reply, frozenset(rights | rights_in_bucket | rights_of_flags | _passed_on(file, reply)))

    return answer_in_its_world


@pytest.fixture(scope="module", params=FILES, ids=lambda file: file.name)
def answered(request: pytest.FixtureRequest, answer: Callable[[EventFile], Answered]) -> Answered:
    """Each event, and the answer to it."""
    return answer(request.param)


@contextmanager
def _recorded(client: Tapped) -> Iterator[set[tuple[str, str | None]]]:
    """Gather the rights that the client's calls take.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    rights: set[tuple[str, str | None]] = set()

    def record(proceed: Call, operation: str, request: Request) -> Answer:
        if operation == "TransactWriteItems":
            rights.update((f"dynamodb:{RIGHTS[kind]}", None) for item in request["TransactItems"] for kind in item)
        else:
            name = operation.removeprefix("Transact").replace("GetItems", "GetItem")
            rights.add((f"dynamodb:{name}", request.get("IndexName")))
        return proceed(operation, request)

    with client.tapped(record):
        yield rights


@contextmanager
def _recorded_in_bucket(client: "S3Client") -> Iterator[set[tuple[str, str | None]]]:
    """Gather the rights that calls of the bucket take, and those that signed addresses pass on.

    To look at an object takes the right to read it, and the right to list to be told that it is not there.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    rights: set[tuple[str, str | None]] = set()

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name == "HeadObject":
            rights.add(("s3:ListBucket", None))
        # A form is signed with no call's parameters.
        if "Key" in params:
            rights.add((f"s3:{model.name.replace('Head', 'Get')}", _folder(params["Key"])))

    client.meta.events.register("provide-client-params.s3", record)
    yield rights
    client.meta.events.unregister("provide-client-params.s3", record)


@contextmanager
def _recorded_in_appconfig() -> Iterator[set[tuple[str, str | None]]]:
    """Gather the rights that it takes to read the flags, which no instance has read yet."""
    rights: set[tuple[str, str | None]] = set()
    appconfig = AppConfig({"databaseLoad": {"default": True}})
    appconfig.client.meta.events.register(
        "provide-client-params.appconfigdata", lambda model, **_: rights.add((f"appconfig:{model.name}", None))
    )
    handler_module("GetConfigFunction").app.flags = appconfig.flags()
    yield rights


def _passed_on(file: EventFile, reply: Reply) -> set[tuple[str, str | None]]:
    """Name the right that a form passes on to whoever sends it."""
    is_form = file.operation == "post_upload" and reply.status == HTTPStatus.CREATED
    return {("s3:PutObject", _folder(reply.json["fields"]["key"]))} if is_form else set()


def _folder(key: str) -> str:
    return key.partition("/")[0]


@contextmanager
def _connected(client: Tapped, bucket: Bucket, moment: datetime) -> Iterator[None]:
    """Connect every function to a new table, at a moment that stands still."""
    client.call("CreateTable", {"TableName": TABLE, **table_definition()})
    settings = Settings(table_name=TABLE, bucket_name=BUCKET)
    for app in apps():
        app.connect(Store(settings, Items(client, TABLE), bucket, lambda: moment))
    yield
    client.call("DeleteTable", {"TableName": TABLE})


def test_answers_as_its_name_says(answered: Answered) -> None:
    """An event's answer has the status and code of its file's name, and the headers and form that every answer has."""
    file, reply, _ = answered
    request_id = file.event["requestContext"]["requestId"]
    assert reply.status == file.status, reply.body[:500]
    assert reply.headers["x-request-id"] == request_id
    assert reply.headers["x-content-type-options"] == "nosniff"
    if file.status >= 400:
        _assert_problem(reply, file, request_id)
    else:
        assert reply.headers["cache-control"] == "private, no-cache"
        if file.status in {204, 302, 304}:
            assert reply.body == b""
        else:
            assert reply.headers["content-type"] in {"application/json", CSV}


def _assert_problem(reply: Reply, file: EventFile, request_id: str) -> None:
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.code == _code(file)
    assert (reply.json["status"], reply.json["instance"]) == (file.status, request_id)


def _code(file: EventFile) -> str:
    codes = CODES[file.status]
    return codes[0] if len(codes) == 1 else next(code for code in codes if file.slug.startswith(code))


def test_answers_as_the_openapi_document_says(answered: Answered) -> None:
    """An event's answer has the body and the headers that docs/openapi.yaml promises for its operation and status."""
    file, reply, _ = answered
    promised = _promised(file, reply.status)
    headers = promised.get("headers", {})
    for name, header in headers.items():
        if name.lower() in reply.headers or name not in MAY_BE_ABSENT:
            assert not _findings(resolved(header)["schema"], reply.headers[name.lower()])
    assert file.operation == UNROUTED or set(reply.headers) <= {name.lower() for name in headers} | {"content-type"}
    content = promised.get("content", {})
    if content:
        media_type = reply.headers["content-type"]
        body = reply.body.decode() if media_type == CSV else reply.json
        assert not _findings(content[media_type]["schema"], body)
    else:
        assert reply.body == b""


@pytest.mark.parametrize("name", SHOWN)
def test_shows_what_its_name_says(name: str, answer: Callable[[EventFile], Answered]) -> None:
    """Where a file's name says more than a status and a code, the answer shows it."""
    reply = answer(BY_NAME[name]).reply
    assert {member: reply.json[member] for member in SHOWN[name]} == SHOWN[name]


def test_histories_show_all_that_is_documented(answer: Callable[[EventFile], Answered]) -> None:
    """Among the versions that the events list, every member of a version that is documented is there to be seen."""
    versions = answer(BY_NAME["list_versions/200-all"]).reply.json["versions"]
    documented = openapi()["components"]["schemas"]["VersionSummary"]["properties"]
    assert {name for version in versions for name in version} == set(documented)


def test_no_function_has_a_right_that_it_does_not_use(answer: Callable[[EventFile], Answered]) -> None:
    """What the template lets a function do to table and bucket is exactly what answering the events takes."""
    used: dict[str, set[tuple[str, str | None]]] = {function: set() for function in http_functions()}
    for file in FILES:
        route = find_route(file.event["requestContext"]["http"]["method"], file.event["rawPath"])
        used[route.function] |= answer(file).rights
    granted = {
        function: {
            (action, _part(resource))
            for policy in functions()[function]["Policies"]
            for statement in policy["Statement"]
            for action in statement["Action"]
            for resource in _listed(statement["Resource"])
        }
        for function in http_functions()
    }
    assert used == granted


def _listed(resource: Any) -> list[Any]:
    return resource if isinstance(resource, list) else [resource]


def _part(resource: dict[str, Any]) -> str | None:
    """Name the index or the folder that a resource is, None for the whole table or bucket."""
    match = re.search(r"/index/(\w+)|Arn}/(\w+)/\*", resource.get("Fn::Sub", ""))
    return match and (match[1] or match[2])


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


def test_every_documented_code_has_an_event() -> None:
    """Each operation's events have exactly the problem codes that docs/openapi.yaml documents, 500 and 503 aside."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in FILES:
        found[file.operation] |= {_code(file)} if file.status >= HTTPStatus.BAD_REQUEST else set()
    for operation, document in _operations().items():
        responses = document["responses"].items()
        documented = {
            code for status, each in responses if int(status) not in NOT_BY_EVENT for code in problem_codes(each)
        }
        assert found[operation] - SHOWN_ELSEWHERE == documented - SHOWN_ELSEWHERE, operation


def test_every_route_has_its_failures() -> None:
    """Each route of the template has a success; where it takes a token, a body or a precondition, their failures."""
    statuses: dict[str, set[int]] = defaultdict(set)
    for file in FILES:
        statuses[file.event["routeKey"]].add(file.status)
    for route in routes():
        key = route.path if route.path == "$default" else f"{route.method} {route.path}"
        wanted = {401} if route.needs_token else set()
        wanted |= {404} if "{projectId}" in route.path else set()
        takes_body = route.method in {"POST", "PUT", "PATCH"} and key not in WITHOUT_BODY
        wanted |= {429} if route.needs_token and route.method != "GET" else set()
        wanted |= {400, 413, 415, 422} if takes_body else set()
        replaces = route.method in {"PUT", "PATCH", "DELETE"} or "{version}/restore" in route.path
        wanted |= {400, 412} if replaces else set()
        wanted |= {428} if replaces and key not in WITH_OPTIONAL_PRECONDITION else set()
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
def _operations() -> dict[str, dict[str, Any]]:
    """The documented operations by the name of their folder."""
    return {re.sub(r"(?=[A-Z])", "_", name).lower(): operation for name, operation in operations().items()}


def _promised(file: EventFile, status: int) -> dict[str, Any]:
    if file.operation == UNROUTED:
        responses: dict[str, Any] = openapi()["components"]["responses"]
        return responses[UNROUTED_ANSWERS[status]] if status in UNROUTED_ANSWERS else {}
    return resolved(_operations()[file.operation]["responses"][str(status)])


def _findings(schema: dict[str, Any], value: Any) -> list[str]:
    validator = OAS31Validator({**schema, "components": openapi()["components"]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
