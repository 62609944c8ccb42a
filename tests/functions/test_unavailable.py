"""A database or a bucket that is throttled, contended, slow or out of reach, as a client of the API sees it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from support.handlers.files import send_file
from support.handlers.http_api import Client, apps
from support.storage.clients import Tapped
from support.storage.faults import BUCKET_OUT_OF_REACH, CONTENDED, OUT_OF_REACH, injected, injected_in_bucket

from dashboard_store.app import Store
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings

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
    "upload": lambda client: client.post("/api/projects/p/data", {"fileName": "t", "rawData": [{"a": 1}]}),
    "create": lambda client: client.post("/api/projects", {"id": "other", "name": "Other"}),
    "delete": lambda client: client.delete("/api/projects/p"),
}


@pytest.fixture
def saved(client: Client, moto_client: Tapped, settings: Settings) -> Client:
    """A user with a project whose config is at version 1; the handlers do not wait between attempts."""
    client.post("/api/projects", {"id": "p", "name": "P", "settings": {"dashboardConfig": OLD}})
    items = Items(moto_client, settings.table_name, pause=lambda _: None)
    for app in apps():
        app.connect(Store(settings, items, app.store.bucket, app.store.now))
    return client


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("spared", ["", "UpdateItem"], ids=["from the start", "after the count"])
def test_a_failed_write_is_503_and_changes_nothing(
    saved: Client, moto_client: Tapped, write: str, fault: str, spared: str
) -> None:
    """A write that fails, before or after it is counted, is 503 with Retry-After and changes nothing."""
    reads = ("/api/projects", "/api/projects/p", CONFIG, f"{CONFIG}/versions", "/api/projects/p/data")
    before = [saved.get(path).json for path in reads]
    with injected(moto_client, FAULTS[fault], spared=spared):
        reply = WRITES[write](saved)
    assert (reply.status, reply.code) == (503, "storage-unavailable")
    assert int(reply.headers["retry-after"]) >= 1
    assert [saved.get(path).json for path in reads] == before


@pytest.mark.parametrize("fault", OUT_OF_REACH)
def test_a_failed_read_is_503(saved: Client, moto_client: Tapped, fault: str) -> None:
    """A load while the database is out of reach is 503 with Retry-After, and succeeds once it is back."""
    with injected(moto_client, FAULTS[fault]):
        reply = saved.get(CONFIG)
    assert (reply.status, reply.code, "retry-after" in reply.headers) == (503, "storage-unavailable", True)
    assert saved.get(CONFIG).json["config"] == OLD


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
