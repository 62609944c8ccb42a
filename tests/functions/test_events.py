"""Every row of tests/events/ is a request in AWS's own form that gets the response of the row and of the docs."""

import base64
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from http import HTTPStatus
from itertools import batched
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch
from urllib.parse import parse_qsl

import announce
import live
import pytest
from aws_lambda_powertools.utilities.parser.models import (
    APIGatewayProxyEventV2Model,
    APIGatewayWebSocketConnectEventModel,
    APIGatewayWebSocketDisconnectEventModel,
    APIGatewayWebSocketMessageEventModel,
    DynamoDBStreamModel,
)
from openapi_schema_validator import OAS31Validator
from support.handlers.appconfig import AppConfig
from support.handlers.events import EVENTS, Example, examples, exported, kept
from support.handlers.http_api import CONTEXT, TEXT_TYPES, Client, Reply, apps, find_route, handler_module, send
from support.handlers.invocations import Reader
from support.handlers.live import ORIGIN, Gateway, Page, socket_event
from support.handlers.world import BUCKET, CONNECTION, LIMITS, MOMENT, make_world, use_up_requests
from support.project.openapi import openapi, operations, problem_codes, resolved
from support.project.template import ROOT, http_functions, listed, rights, routes, table_definition
from support.storage.clients import Answer, Call, Request, Tapped
from support.storage.faults import answers
from support.storage.stream import written_keys

from dashboard_store import data_view
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.announcements import Announcements
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.items import Items
from dashboard_store.repository.member_ids import member_id
from dashboard_store.repository.sockets import Sockets
from dashboard_store.settings import Settings
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EXAMPLES = examples()
TABLE = "dashkeep-events"
LIVE = "wss://dashboards.example.com/live"
UNROUTED = "unrouted"
CSV = "text/csv; charset=utf-8"
# The document describes these once for every path; the response to OPTIONS stands in its text alone.
UNROUTED_RESPONSES = {404: "NotFound", 405: "MethodNotAllowed"}

# Headers that are absent at version 0, from small bodies, from JSON, and from responses that API Gateway did not make.
MAY_BE_ABSENT = {"Last-Modified", "Updated-By", "Content-Encoding", "Content-Disposition", "WWW-Authenticate"}
# tests/functions/test_bad_bodies.py shows this for every operation that takes a body.
SHOWN_ELSEWHERE = {"request-too-large"}
# Statuses that no request causes by itself.
NOT_BY_REQUEST = {500, 503}
# Of the routes that change something: those that take no body, and those that need no precondition.
WITHOUT_BODY = {
    "POST /api/projects/{projectId}/restore",
    "POST /api/projects/{projectId}/config/versions/{version}/restore",
    "POST /api/projects/{projectId}/config/versions/{version}/undo",
    "POST /api/live",
}
WITH_OPTIONAL_PRECONDITION = {
    "DELETE /api/projects/{projectId}",
    "PATCH /api/projects/{projectId}/config",
    "POST /api/projects/{projectId}/config/versions/{version}/undo",
}
# Those that say who may what, and the name and the removal of a version: no two of them can overwrite each other.
WITHOUT_PRECONDITION = {
    "PATCH /api/projects/{projectId}/config/versions/{version}",
    "PUT /api/projects/{projectId}/members/{memberId}",
    "DELETE /api/projects/{projectId}/members/{memberId}",
    "PUT /api/projects/{projectId}/teams/{team}",
    "DELETE /api/projects/{projectId}/teams/{team}",
    "DELETE /api/projects/{projectId}/invitations/{invitationId}",
    "DELETE /api/projects/{projectId}/links/{linkId}",
    "DELETE /api/projects/{projectId}/config/versions/{version}",
}
READS = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:ConditionCheckItem"}
# The permission that each part of a transaction needs; every other call needs the one of its name.
PERMISSIONS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


class Answered(NamedTuple):
    """A response and the permissions it took: actions, each with the index or folder of its resource, if it has one."""

    example: Example
    reply: Reply
    permissions: frozenset[tuple[str, str | None]]


every_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


@pytest.fixture(scope="module")
def bucket(bucket_client: "S3Client") -> Bucket:
    """The bucket of the example requests."""
    bucket_client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return Bucket(bucket_client, BUCKET)


type Key = tuple[str, str]


def _key(item: dict[str, Any]) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


class World:
    """The items of the projects that tests/support/handlers/world.py describes, created through the handlers.

    Their objects stay in the bucket, because no example changes one.
    """

    def __init__(self, database: Tapped, bucket: Bucket, bucket_client: "S3Client", reader: Reader) -> None:
        self._database, self._bucket, self._reader = database, bucket, reader
        database.call("CreateTable", {"TableName": TABLE, **table_definition()})
        self._connect(MOMENT - timedelta(hours=1))
        make_world(bucket_client)
        items = database.call("Scan", {"TableName": TABLE})["Items"]
        self._items: dict[Key, dict[str, Any]] = {_key(item): item for item in items}
        self._written: set[Key] = set()
        self._is_as_made = False

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Note what is written from now on, so that it can be taken back."""

        def note(proceed: Call, operation: str, request: Request) -> Answer:
            self._written |= {_key(key) for key in written_keys(operation, request)}
            return proceed(operation, request)

        with self._database.tapped(note):
            yield

    def restore(self) -> None:
        """Put back what the last requests have written, and connect every function, unless they only read."""
        if self._is_as_made:
            self._is_as_made = False
            return
        for some in batched(self._written.copy(), 25, strict=False):
            self._database.call("BatchWriteItem", {"RequestItems": {TABLE: [self._as_made(key) for key in some]}})
        self._written.clear()
        self._connect(MOMENT)

    def _as_made(self, key: Key) -> dict[str, Any]:
        pk, sk = key
        item = self._items.get(key)
        return (
            {"PutRequest": {"Item": item}} if item else {"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}}
        )

    def was_only_read(self, actions: set[str]) -> None:
        self._is_as_made = actions <= READS

    def delete(self) -> None:
        self._database.call("DeleteTable", {"TableName": TABLE})

    def _connect(self, moment: datetime) -> None:
        """Connect every function, none of which has counted a request yet, under a fixed clock."""
        settings = Settings(TABLE, BUCKET, team_claim="groups", live_url=LIVE, allowed_origins=(ORIGIN,))
        settings = replace(settings, **LIMITS)
        store = Store(settings, Items(self._database, TABLE), self._bucket, lambda: moment, self._reader.invocations)
        for app in apps():
            app.connect(store)
        handler_module("HealthFunction").api.connect(settings)


@pytest.fixture(scope="module")
def world(database_client: Tapped, bucket: Bucket, bucket_client: "S3Client", only_reader: Reader) -> Iterator[World]:
    """The projects of the example requests."""
    made = World(database_client, bucket, bucket_client, only_reader)
    with made.followed():
        yield made
    made.delete()


@pytest.fixture(scope="module")
def answer(
    database_client: Tapped, bucket_client: "S3Client", only_reader: Reader, world: World
) -> Callable[[Example], Answered]:
    """Send each example to a fresh copy of the projects, once."""

    @cache
    def answer_once(example: Example) -> Answered:
        world.restore()
        if example.row.get("user") == "user-6":
            use_up_requests("user-6")
        with (
            _recorded(database_client) as of_table,
            _recorded_in_bucket(bucket_client) as of_bucket,
            _recorded_in_appconfig() as of_flags,
            _recorded_of_reader(only_reader) as of_reader,
        ):
            reply = send(example.event)
        if example.row.get("user") != "user-6":
            world.was_only_read({action for action, _ in of_table | of_reader})
        used = of_table | of_bucket | of_flags | of_reader | _delegated(example, reply)
        return Answered(example, reply, frozenset(used))

    return answer_once


@pytest.fixture(scope="module", params=EXAMPLES, ids=lambda example: example.name)
def answered(request: pytest.FixtureRequest, answer: Callable[[Example], Answered]) -> Answered:
    """Each example with its response."""
    return answer(request.param)


@contextmanager
def _recorded(client: Tapped) -> Iterator[set[tuple[str, str | None]]]:
    """Collect the permissions that the client's calls need.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    permissions: set[tuple[str, str | None]] = set()

    def record(proceed: Call, operation: str, request: Request) -> Answer:
        if operation == "TransactWriteItems":
            permissions.update(
                (f"dynamodb:{PERMISSIONS[kind]}", None) for item in request["TransactItems"] for kind in item
            )
        else:
            name = operation.removeprefix("Transact").replace("GetItems", "GetItem")
            permissions.add((f"dynamodb:{name}", request.get("IndexName")))
        return proceed(operation, request)

    with client.tapped(record):
        yield permissions


@contextmanager
def _recorded_in_bucket(client: "S3Client") -> Iterator[set[tuple[str, str | None]]]:
    """Collect the permissions that calls to the bucket need, and those that presigned URLs delegate.

    HeadObject needs s3:GetObject, CopyObject also s3:PutObject. All need s3:ListBucket for a missing object to be 404
    rather than 403.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    permissions: set[tuple[str, str | None]] = set()

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name in {"HeadObject", "GetObject", "CopyObject"}:
            permissions.add(("s3:ListBucket", None))
        if model.name == "CopyObject":
            source, target = params["CopySource"].partition("/")[2], params["Key"]
            permissions.update({("s3:GetObject", _folder(source)), ("s3:PutObject", _folder(target))})
            return
        # Signing a form passes no parameters of a call.
        if "Key" in params:
            permissions.add((f"s3:{model.name.replace('Head', 'Get')}", _folder(params["Key"])))

    client.meta.events.register("provide-client-params.s3", record)
    yield permissions
    client.meta.events.unregister("provide-client-params.s3", record)


@contextmanager
def _recorded_in_appconfig() -> Iterator[set[tuple[str, str | None]]]:
    """Collect the permissions to read the flags, as a new instance does."""
    permissions: set[tuple[str, str | None]] = set()
    appconfig = AppConfig({"databaseLoad": {"default": True}})
    appconfig.client.meta.events.register(
        "provide-client-params.appconfigdata", lambda model, **_: permissions.add((f"appconfig:{model.name}", None))
    )
    handler_module("GetConfigFunction").app.flags = appconfig.flags()
    yield permissions


@contextmanager
def _recorded_of_reader(reader: Reader) -> Iterator[set[tuple[str, str | None]]]:
    """Collect the permission to have the function read an upload."""
    permissions: set[tuple[str, str | None]] = set()
    reader.events.clear()
    yield permissions
    permissions |= {("lambda:InvokeFunction", None)} if reader.events else set()


def _delegated(example: Example, reply: Reply) -> set[tuple[str, str | None]]:
    """Name the permission that a form delegates to the client that submits it."""
    is_form = example.operation == "post_upload" and reply.status == HTTPStatus.CREATED
    return {("s3:PutObject", _folder(reply.json["fields"]["key"]))} if is_form else set()


def _folder(key: str) -> str:
    return key.partition("/")[0]


def test_response_is_the_rows(answered: Answered) -> None:
    """A response has its row's status and code, and the headers that every response has; a problem is in sentences."""
    example, reply, _ = answered
    request_id = example.event["requestContext"]["requestId"]
    assert reply.status == example.status, reply.body[:500]
    assert reply.headers["x-request-id"] == request_id
    assert reply.headers["x-content-type-options"] == "nosniff"
    if example.status >= 400:
        _assert_problem(reply, example, request_id)
    else:
        assert reply.headers["cache-control"] == _kept(example.operation)
        if example.status in {204, 302, 304}:
            assert reply.body == b""
        else:
            assert reply.headers["content-type"] in {"application/json", CSV}


def _kept(operation: str) -> str:
    """Return what an operation's success says about keeping it: all but public links and secrets is revalidated."""
    if operation.startswith("get_link_"):
        return "public, max-age=60"
    return "no-store" if operation == "post_live" else "private, no-cache"


def _assert_problem(reply: Reply, example: Example, request_id: str) -> None:
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.code == example.code
    assert (reply.json["status"], reply.json["instance"]) == (example.status, request_id)
    sentences = [reply.json["detail"], *(error["message"] for error in reply.json.get("errors", []))]
    assert [text for text in sentences if not re.fullmatch(r"[A-Z].+\.", text)] == []


def test_response_is_documented(answered: Answered) -> None:
    """A response has the body and the headers that docs/openapi.yaml gives for its operation and status."""
    example, reply, _ = answered
    promised = _promised(example, reply.status)
    headers = promised.get("headers", {})
    may_be_absent = MAY_BE_ABSENT | ({"Retry-After"} if example.operation == "get_upload" else set())
    for name, header in headers.items():
        if name.lower() in reply.headers or name not in may_be_absent:
            assert not _findings(resolved(header)["schema"], reply.headers[name.lower()])
    assert example.operation == UNROUTED or set(reply.headers) <= {name.lower() for name in headers} | {"content-type"}
    content = promised.get("content", {})
    if content:
        media_type = reply.headers["content-type"]
        body = reply.body.decode() if media_type == CSV else reply.json
        assert not _findings(content[media_type]["schema"], body)
    else:
        assert reply.body == b""


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.shows], ids=lambda example: example.name)
def test_response_shows_what_its_name_says(example: Example, answer: Callable[[Example], Answered]) -> None:
    """Where an example's name promises more than a status and a code, the response's body shows it."""
    reply = answer(example).reply
    assert {member: reply.json[member] for member in example.shows} == example.shows


def test_history_shows_every_documented_member(answer: Callable[[Example], Answered]) -> None:
    """The versions of the example histories have every member of a version that is documented."""
    histories = [example for example in EXAMPLES if example.name.startswith("list_versions/200-")]
    versions = [version for history in histories for version in answer(history).reply.json["versions"]]
    documented = openapi()["components"]["schemas"]["VersionSummary"]["properties"]
    assert {name for version in versions for name in version} == set(documented)


@pytest.fixture
def connected(database_client: Tapped, world: World) -> set[tuple[str, str | None]]:
    """The permissions that a connection takes which follows a project that was shared, then another, and closes."""
    world.restore()
    gateway = Gateway()
    with _recorded(database_client) as used:
        page = gateway.connect(Client("user-8"))
        for project in ("sales", "crowd"):
            assert page.follow(f"dXNlci0x~{project}")["projects"]
        page.close()
    return used


def test_no_function_has_a_right_that_it_does_not_use(
    answer: Callable[[Example], Answered],
    only_reader: Reader,
    connected: set[tuple[str, str | None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The template grants each function exactly the permissions on table and bucket that the examples need."""
    used: dict[str, set[tuple[str, str | None]]] = {function: set() for function in http_functions()}
    for example in EXAMPLES:
        route = find_route(example.event["requestContext"]["http"]["method"], example.event["rawPath"])
        used[route.function] |= answer(example).permissions
    # The download of a table of more than 100 MB is written in the background; no example has such a table. The reader
    # cannot be started, so the function also takes back that it was.
    monkeypatch.setattr(data_view, "WRITTEN_AT_ONCE", 0)
    monkeypatch.setattr(only_reader, "fault", answers("TooManyRequestsException", 429))
    (large,) = [each for each in EXAMPLES if each.name == "get_link_data/302-large-csv"]
    row = {**large.row, "request": f"{large.row['request']}&safe=true"}
    used["PublicLinksFunction"] |= answer(replace(large, row=row)).permissions | {("lambda:InvokeFunction", None)}
    # Its other events are a connection's.
    used["LiveFunction"] |= connected
    assert used == {function: _granted(function) for function in http_functions()}


def test_the_reading_function_has_no_right_that_it_does_not_use(
    database_client: Tapped, bucket_client: "S3Client", only_reader: Reader, world: World
) -> None:
    """The template grants it exactly the permissions that a large file and a large table's new schema need."""
    names = {
        f"{operation}{by}"
        for operation in ("complete_upload/202-large-file", "put_schema/202-large-table")
        for by in ("", "-as-a-team-member")
    }
    examples = [each for each in EXAMPLES if each.name in names]
    assert len(examples) == len(names)
    used: set[tuple[str, str | None]] = set()
    for example in examples:
        world.restore()
        only_reader.events.clear()
        assert send(example.event).status == HTTPStatus.ACCEPTED
        with _recorded(database_client) as of_table, _recorded_in_bucket(bucket_client) as of_bucket:
            only_reader.run(handler_module("ProjectDataFunction").app.store)
        used |= of_table | of_bucket
    assert used == _granted("ReadUploadFunction")


def test_the_announcing_function_has_no_right_that_it_does_not_use(database_client: Tapped, world: World) -> None:
    """The template grants it exactly the permissions to announce now and later, and to find who no longer follows."""
    world.restore()
    store: Store = handler_module("LiveFunction").app.store
    gateway, later = Gateway(), Later()
    address = ProjectAddress("user-1", "sales")
    announcements = Announcements(store.items, store.connections, Sockets(gateway), store.now, lambda: later)  # type: ignore[arg-type, return-value]
    page = gateway.connect(Client("user-8"))
    page.follow(address.text)
    with _recorded(database_client) as used, _recorded_of_sockets(gateway) as of_sockets:
        for _ in range(2):
            announcements.changed(address, "")
        assert later.events.keys() == {address}
        announcements.due(address, later.events[address])
        # A grant that another one replaces, then the end of access.
        door = store.connections.admitted(page.connection_id, address)
        assert door
        announcements.ended(address, door)
        announcements.ended(address, None)
    assert not page.is_open
    assert used | of_sockets | {("lambda:InvokeFunction", None)} == _granted("AnnounceFunction")


class Later:
    """The function's own invocations, for projects that were announced a moment ago."""

    def __init__(self) -> None:
        self.events: dict[ProjectAddress, int] = {}

    def announce(self, address: ProjectAddress, at: int) -> None:
        self.events[address] = at


@contextmanager
def _recorded_of_sockets(gateway: Gateway) -> Iterator[set[tuple[str, str | None]]]:
    """Collect the permission to send to connections and to close them, once both were done."""
    permissions: set[tuple[str, str | None]] = set()
    with (
        patch.object(gateway, "post_to_connection", wraps=gateway.post_to_connection) as post,
        patch.object(gateway, "delete_connection", wraps=gateway.delete_connection) as delete,
    ):
        yield permissions
    if post.called and delete.called:
        permissions.add(("execute-api:ManageConnections", None))


def test_events_of_connections_have_the_form_of_aws() -> None:
    """The events of a connection and of the stream, which are written by hand, pass AWS's strict models."""
    for name, model in (
        ("live/connect-with-a-spent-ticket", APIGatewayWebSocketConnectEventModel),
        ("live/follow", APIGatewayWebSocketMessageEventModel),
        ("live/disconnect", APIGatewayWebSocketDisconnectEventModel),
        ("announce/access-ended", DynamoDBStreamModel),
        ("announce/config-saved", DynamoDBStreamModel),
    ):
        event = _by_hand(name)
        model.model_validate(event)
        known = socket_event("follow", CONNECTION)["requestContext"]
        assert event.keys() == {"Records"} or event["requestContext"].keys() >= known.keys()
    assert {path.stem for path in EVENTS.glob("live/*.json")} == {
        "connect-with-a-spent-ticket",
        "follow",
        "disconnect",
    }
    assert {path.stem for path in EVENTS.glob("announce/*.json")} == {"access-ended", "config-saved", "due"}


def test_events_of_connections_do_what_their_names_say(world: World) -> None:
    """A spent ticket opens nothing, `follow` is answered with what the user may read, and a closed one is forgotten."""
    world.restore()
    store: Store = handler_module("LiveFunction").app.store
    assert live.handler(_by_hand("live/connect-with-a-spent-ticket"), CONTEXT)["statusCode"] == HTTPStatus.UNAUTHORIZED
    answer = json.loads(live.handler(_by_hand("live/follow"), CONTEXT)["body"])
    assert answer == {
        "projects": [
            {"project": "dXNlci0x~sales", "configVersion": 3, "dataVersion": "1.1"},
            {"project": "dXNlci0x~crowd", "configVersion": 2, "dataVersion": "0.0"},
        ]
    }
    (shown,) = (each["projects"] for each in _messages_of_the_guide() if each.keys() == {"projects"})
    assert all(each.keys() == answer["projects"][0].keys() for each in shown)
    assert live.handler(_by_hand("live/disconnect"), CONTEXT)["statusCode"] == HTTPStatus.OK
    assert store.items.get(keys.connection(CONNECTION)) is None


def test_events_of_announcements_do_what_their_names_say(world: World) -> None:
    """A save is announced, nothing is due that was not put off, and who has lost access is sent so and closed.

    Who has another grant stays.
    """
    world.restore()
    store: Store = handler_module("LiveFunction").app.store
    gateway = Gateway()
    page = gateway.pages[CONNECTION] = Page(gateway, CONNECTION)
    announcements = Announcements(store.items, store.connections, Sockets(gateway), store.now, _never)
    for name in ("due", "access-ended"):
        announce.process(_by_hand(f"announce/{name}"), announcements, "", now=MOMENT.timestamp)
        assert page.heard == []
    announce.process(_by_hand("announce/config-saved"), announcements, "")
    (saved,) = page.take()
    assert (saved["project"], saved["configVersion"], saved["spreadMs"]) == ("dXNlci0x~sales", 3, 20)
    editor, member = (member_id("", ProjectAddress("user-1", "sales"), f"user-{number}") for number in (7, 8))
    assert saved["updatedBy"] == {"id": editor}
    assert saved.keys() in [each.keys() for each in _messages_of_the_guide()]
    assert Client("user-1").delete(f"/api/projects/sales/members/{member}").status == HTTPStatus.OK
    announce.process(_by_hand("announce/access-ended"), announcements, "")
    assert page.heard == [{"project": "dXNlci0x~sales", "gone": True}]
    assert not page.is_open


def _never() -> Any:
    raise AssertionError("Nothing is announced later.")


def _messages_of_the_guide() -> list[dict[str, Any]]:
    """Return the messages that docs/live.md shows, each on a line of its own."""
    blocks = re.findall(r"^```json\n(.*?)^```$", (ROOT / "docs" / "live.md").read_text(), re.DOTALL | re.MULTILINE)
    return [json.loads(line) for block in blocks for line in block.splitlines()]


def _by_hand(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


def _granted(function: str) -> set[tuple[str, str | None]]:
    return {
        (action, _part(resource))
        for statement in rights(function)
        for action in statement["Action"]
        for resource in listed(statement["Resource"])
    }


def _part(resource: dict[str, Any]) -> str | None:
    """Name the index or the folder that a resource is, None for the whole table or bucket."""
    match = re.search(r"/index/(\w+)$|\${Name}/(\w+)/\*$", listed(resource.get("Fn::Sub", ""))[0])
    return match and (match[1] or match[2])


@every_example
def test_has_the_form_of_aws(example: Example) -> None:
    """An event passes the strict model of payload 2.0 and repeats the request's parts wherever AWS does."""
    event = example.event
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


@every_example
def test_route_is_the_templates(example: Example) -> None:
    """An event's routeKey and pathParameters follow from the template's routes, its method and its path."""
    event = example.event
    method, path = event["requestContext"]["http"]["method"], event["rawPath"]
    route = find_route(method, path)
    assert event["routeKey"] == route.key
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", re.escape(route.path).replace(r"\{", "{").replace(r"\}", "}"))
    match = re.fullmatch(pattern, path)
    assert event.get("pathParameters", {}) == (match.groupdict() if match else {})
    assert ("authorizer" in event["requestContext"]) == route.needs_token


@every_example
def test_query_and_body_are_as_sent(example: Example) -> None:
    """The parameters are the decoded rawQueryString; a body is base64 unless its media type is text."""
    event = example.event
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


def test_every_documented_response_has_an_example() -> None:
    """Each operation's examples have exactly the statuses that docs/openapi.yaml documents, except 500 and 503."""
    found: dict[str, set[int]] = defaultdict(set)
    for example in EXAMPLES:
        found[example.operation].add(example.status)
    unrouted = found.pop(UNROUTED)
    documented = {
        operation: {int(status) for status in document["responses"]} - NOT_BY_REQUEST
        for operation, document in _operations().items()
    }
    assert found == documented
    assert unrouted == {204, 404, 405}


def test_every_documented_code_has_an_example() -> None:
    """Each operation's examples have exactly the documented problem codes, except those of 500 and 503."""
    found: dict[str, set[str]] = defaultdict(set)
    for example in EXAMPLES:
        found[example.operation] |= {example.code} if example.code else set()
    for operation, document in _operations().items():
        responses = document["responses"].items()
        documented = {
            code for status, each in responses if int(status) not in NOT_BY_REQUEST for code in problem_codes(each)
        }
        assert found[operation] - SHOWN_ELSEWHERE == documented - SHOWN_ELSEWHERE, operation


def test_every_route_has_its_failures() -> None:
    """Each route has a success and, where it takes a token, a body or a precondition, the failures of these."""
    statuses: dict[str, set[int]] = defaultdict(set)
    for example in EXAMPLES:
        statuses[example.event["routeKey"]].add(example.status)
    for route in routes():
        wanted = {401} if route.needs_token else set()
        wanted |= {404} if "{projectId}" in route.path else set()
        takes_body = route.method in {"POST", "PUT", "PATCH"} and route.key not in WITHOUT_BODY
        wanted |= {429} if route.needs_token and route.method != "GET" else set()
        wanted |= {400, 413, 415, 422} if takes_body else set()
        replaces = route.method in {"PUT", "PATCH", "DELETE"} or route.path.endswith(
            ("{version}/restore", "{version}/undo")
        )
        replaces = replaces and route.key not in WITHOUT_PRECONDITION
        wanted |= {400, 412} if replaces else set()
        wanted |= {428} if replaces and route.key not in WITH_OPTIONAL_PRECONDITION else set()
        assert wanted <= statuses[route.key], route.key
        assert any(status < 300 for status in statuses[route.key]), route.key


def test_names_sort_and_read() -> None:
    """An example's name is lower-case words joined by hyphens, so that a listing of events/ is a list of outcomes."""
    odd = [example.name for example in EXAMPLES if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", example.slug)]
    assert not odd


def test_events_are_the_exported_examples() -> None:
    """The files under events/ are what `make events` writes: none is missing, edited by hand or left behind."""
    files = exported(EXAMPLES)
    assert {path: path.read_text() for path in kept()} == files
    succeeding = {path.parent for path in files if path.name.startswith("2")}
    assert succeeding == {EVENTS / example.operation for example in EXAMPLES}


def test_bodies_come_in_every_encoding() -> None:
    """Among the examples are a gzip body, and a merge patch, which API Gateway encodes as base64."""
    events = [example.event for example in EXAMPLES]
    encoded = {event["headers"].get("content-type") for event in events if event["isBase64Encoded"]}
    assert {"application/gzip", "application/merge-patch+json"} <= encoded


@cache
def _operations() -> dict[str, dict[str, Any]]:
    """The documented operations by their name in snake_case."""
    return {re.sub(r"(?=[A-Z])", "_", name).lower(): operation for name, operation in operations().items()}


def _promised(example: Example, status: int) -> dict[str, Any]:
    if example.operation == UNROUTED:
        responses: dict[str, Any] = openapi()["components"]["responses"]
        return responses[UNROUTED_RESPONSES[status]] if status in UNROUTED_RESPONSES else {}
    return resolved(_operations()[example.operation]["responses"][str(status)])


def _findings(schema: dict[str, Any], value: Any) -> list[str]:
    validator = OAS31Validator({**schema, "components": openapi()["components"]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
