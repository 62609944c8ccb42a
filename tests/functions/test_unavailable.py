"""A database or a bucket that is throttled, contended, slow or out of reach, as a client of the API sees it."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from support.handlers.files import send_file
from support.handlers.http_api import Client, apps
from support.handlers.live import Gateway
from support.running.servers import REQUEST_ID, Step, answers, refuses, serving
from support.storage.clients import Tapped
from support.storage.faults import BUCKET_OUT_OF_REACH, CONTENDED, OUT_OF_REACH, injected, injected_in_bucket

from dashboard_store.dynamodb.client import DynamoDBClient
from dashboard_store.dynamodb.connection_pool import ConnectionPool
from dashboard_store.dynamodb.sigv4 import Credentials
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FAULTS = CONTENDED | OUT_OF_REACH
CONFIG = "/api/projects/p/config"
OLD: dict[str, Any] = {"chartCustomizations": {"c": {"n": 1}}}
NEW: dict[str, Any] = {"chartCustomizations": {"c": {"n": 2}}}

WRITES: dict[str, Callable[[Client], Any]] = {
    "PUT": lambda client: client.put(CONFIG, NEW, if_match='"1"'),
    "PATCH": lambda client: client.patch(CONFIG, NEW),
    "merge": lambda client: client.put(f"{CONFIG}?onConflict=merge", NEW, if_match='"1"'),
    "DELETE": lambda client: client.delete(CONFIG, if_match='"1"'),
    "restore": lambda client: client.request("POST", f"{CONFIG}/versions/1/restore", if_match="*"),
    "undo": lambda client: client.request("POST", f"{CONFIG}/versions/1/undo"),
    "upload": lambda client: client.post("/api/projects/p/data", {"fileName": "t", "rawData": [{"a": 1}]}),
    "create": lambda client: client.post("/api/projects", {"id": "other", "name": "Other"}),
    "delete": lambda client: client.delete("/api/projects/p"),
}


@pytest.fixture
def saved(client: Client, database: Tapped, settings: Settings) -> Client:
    """A user with a project whose config is at version 1; the handlers do not wait between attempts."""
    client.post("/api/projects", {"id": "p", "name": "P", "settings": {"dashboardConfig": OLD}})
    items = Items(database, settings.table_name, pause=lambda _: None)
    for app in apps():
        app.connect(Store(settings, items, app.store.bucket, app.store.now))
    return client


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("spared", ["", "UpdateItem"], ids=["from the start", "after the count"])
def test_a_failed_write_is_503_and_changes_nothing(
    saved: Client, database: Tapped, write: str, fault: str, spared: str
) -> None:
    """A write that fails, before or after it is counted, is 503 with Retry-After and changes nothing."""
    reads = ("/api/projects", "/api/projects/p", CONFIG, f"{CONFIG}/versions", "/api/projects/p/data")
    before = [saved.get(path).json for path in reads]
    with injected(database, FAULTS[fault], spared=spared):
        reply = WRITES[write](saved)
    assert (reply.status, reply.code) == (503, "storage-unavailable")
    assert int(reply.headers["retry-after"]) >= 1
    assert [saved.get(path).json for path in reads] == before


@pytest.mark.parametrize("fault", OUT_OF_REACH)
def test_a_failed_read_is_503(saved: Client, database: Tapped, fault: str) -> None:
    """A load while the database is out of reach is 503 with Retry-After, and succeeds once it is back."""
    with injected(database, FAULTS[fault]):
        reply = saved.get(CONFIG)
    assert (reply.status, reply.code, "retry-after" in reply.headers) == (503, "storage-unavailable", True)
    assert saved.get(CONFIG).json["config"] == OLD


@pytest.mark.parametrize("fault", OUT_OF_REACH)
@pytest.mark.parametrize("spared", ["", "UpdateItem"], ids=["from the start", "after the count"])
def test_a_connection_without_the_database_is_503(saved: Client, database: Tapped, fault: str, spared: str) -> None:
    """The address of a connection while the database is out of reach is 503 with Retry-After; handshakes fail, too."""
    gateway = Gateway()
    spare = saved.post("/api/live", None)
    with injected(database, FAULTS[fault], spared=spared):
        reply = saved.post("/api/live", None)
        assert gateway.handshake(spare, None)[0] == 503
    assert (reply.status, reply.code, "retry-after" in reply.headers) == (503, "storage-unavailable", True)
    assert gateway.handshake(spare, None)[0] == 200


# What something else than DynamoDB may respond with: the status and the body.
NOT_DYNAMODBS: dict[str, tuple[int, Any]] = {
    "a list": (200, [{"Item": {}}]),
    "a list as an error": (400, [{"__type": "#ValidationException"}]),
    "a text": (200, "Item"),
    "a text as an error": (400, "__type"),
    "a number": (200, 1),
    "a proxy's page": (200, b"<html>It works!</html>"),
    "a proxy's refusal": (403, b"<html>Forbidden</html>"),
    "another service's refusal": (400, {"message": "Forbidden"}),
}
# What could be DynamoDB's response to another operation.
ILLEGIBLE: dict[str, tuple[int, Any]] = {
    "an item that is a list": (200, {"Item": [], "Items": [[]], "Responses": [[]], "UnprocessedKeys": []}),
    "an item that is a text": (200, {"Item": "a", "Items": "a", "Responses": "a", "UnprocessedKeys": {}}),
    "units that are a text": (200, {"ConsumedCapacity": "all"}),
}


@contextmanager
def answered_by(step: Step, settings: Settings) -> Iterator[None]:
    """Connect every function to a server that takes the place of DynamoDB."""
    keys = Credentials("AKID", "secret", None)
    with serving(step) as server, closing(ConnectionPool(server.url)) as pool:
        database = DynamoDBClient(pool, "eu-central-1", lambda: keys, lambda _: None)
        for app in apps():
            items = Items(database, settings.table_name, pause=lambda _: None)
            app.connect(Store(settings, items, app.store.bucket, app.store.now))
        yield


@pytest.mark.parametrize("name", NOT_DYNAMODBS | ILLEGIBLE)
def test_a_read_of_what_is_not_dynamodbs_is_503(saved: Client, settings: Settings, name: str) -> None:
    """Whatever responds in DynamoDB's place, a reader learns that the storage is out of reach, and nothing else."""
    status, body = (NOT_DYNAMODBS | ILLEGIBLE)[name]
    with answered_by(answers(body, status), settings):
        replies = [saved.get(path) for path in ("/api/projects", "/api/projects/p", CONFIG, f"{CONFIG}/versions")]
    for reply in replies:
        assert (reply.status, reply.code, "retry-after" in reply.headers) == (503, "storage-unavailable", True)


@pytest.mark.parametrize("name", NOT_DYNAMODBS)
def test_a_write_to_what_is_not_dynamodb_is_503(saved: Client, settings: Settings, name: str) -> None:
    """Whatever responds in DynamoDB's place, a write is 503 and never reported as saved."""
    status, body = NOT_DYNAMODBS[name]
    with answered_by(answers(body, status), settings):
        replies = [write(saved) for write in WRITES.values()]
    for reply in replies:
        assert (reply.status, reply.code, "retry-after" in reply.headers) == (503, "storage-unavailable", True)


def test_the_log_has_dynamodbs_id_of_a_failed_request(
    saved: Client, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log line of a request that failed for DynamoDB's sake has the id by which AWS finds the call."""
    with answered_by(refuses("ThrottlingException"), settings):
        assert saved.get(CONFIG).status == 503
    logged = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (logged["status"], logged["database_request_id"]) == (503, REQUEST_ID)


DATA = "/api/projects/p/data"
TABLE: dict[str, Any] = {"fileName": "t", "rawData": [{"a": 1}]}


@pytest.mark.parametrize("fault", BUCKET_OUT_OF_REACH)
def test_an_upload_without_the_bucket_is_503_and_changes_nothing(
    in_bucket: Client, bucket_client: "S3Client", fault: str
) -> None:
    """An upload while the bucket is out of reach is 503 and leaves the previous table; a retry succeeds."""
    in_bucket.post(DATA, TABLE)
    larger = {**TABLE, "rawData": [{"a": 1}, {"a": 2}]}
    with injected_in_bucket(bucket_client, BUCKET_OUT_OF_REACH[fault]):
        reply = in_bucket.post(DATA, larger)
        unread = in_bucket.get(DATA)
        parts = in_bucket.get(f"{DATA}?include=dataSchema")
    assert (reply.status, reply.code, "retry-after" in reply.headers) == (503, "storage-unavailable", True)
    assert (unread.status, unread.code) == (503, "storage-unavailable")
    assert (parts.status, parts.json["dataSchema"]["rowCount"]) == (200, 1)
    assert in_bucket.get(DATA).json["version"] == 1
    assert in_bucket.post(DATA, larger).json["version"] == 2


@pytest.mark.parametrize("fault", BUCKET_OUT_OF_REACH)
def test_a_completion_without_the_bucket_is_503(in_bucket: Client, bucket_client: "S3Client", fault: str) -> None:
    """A completion while the bucket is out of reach is 503 and loses nothing: a retry succeeds."""
    complete = send_file(in_bucket, bucket_client, b"a\n1\n")
    with injected_in_bucket(bucket_client, BUCKET_OUT_OF_REACH[fault]):
        assert in_bucket.post(complete, {}).code == "storage-unavailable"
    assert in_bucket.post(complete, {}).status == 201
