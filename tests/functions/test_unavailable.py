"""A database or a bucket that is throttled, contended, slow or out of reach, as a client of the API meets it."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET
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
def project(client: Client, moto_client: Tapped, settings: Settings) -> Client:
    """A user with a project whose config is at version 1; the handlers wait for nothing between attempts."""
    client.post("/api/projects", {"id": "p", "name": "P", "settings": {"dashboardConfig": OLD}})
    items = Items(moto_client, settings.table_name, pause=lambda _: None)
    for app in apps():
        app.connect(Store(settings, items, app.store.bucket, app.store.now))
    return client


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("spared", ["", "UpdateItem"], ids=["from the start", "once it was counted"])
def test_a_write_that_cannot_be_done_is_503_and_leaves_no_trace(
    project: Client, moto_client: Tapped, write: str, fault: str, spared: str
) -> None:
    """Whatever the database does, a write ends in 503 with Retry-After, and all is as it was before.

    So it does where it could not even be counted.
    """
    reads = ("/api/projects", "/api/projects/p", CONFIG, f"{CONFIG}/versions", "/api/projects/p/data")
    before = [project.get(path).json for path in reads]
    with injected(moto_client, FAULTS[fault], spared=spared):
        reply = WRITES[write](project)
    assert (reply.status, reply.code) == (503, "storage-unavailable")
    assert int(reply.headers["retry-after"]) >= 1
    assert [project.get(path).json for path in reads] == before


@pytest.mark.parametrize("fault", OUT_OF_REACH)
def test_a_read_that_cannot_be_done_is_503(project: Client, moto_client: Tapped, fault: str) -> None:
    """A load while the database is out of reach is 503 with Retry-After, and works again when it is back."""
    with injected(moto_client, FAULTS[fault]):
        reply = project.get(CONFIG)
    assert (reply.status, reply.code, "retry-after" in reply.headers) == (503, "storage-unavailable", True)
    assert project.get(CONFIG).json["config"] == OLD


DATA = "/api/projects/p/data"
TABLE: dict[str, Any] = {"fileName": "t", "rawData": [{"a": 1}]}


@pytest.fixture
def in_bucket(project: Client, settings: Settings) -> Client:
    """The same user where every table lies in the bucket and none in an answer."""
    narrow = replace(settings, max_inline_table_bytes=0, max_raw_data_bytes=1)
    for app in apps():
        app.connect(Store(narrow, app.store.items, app.store.bucket, app.store.now))
    project.post(DATA, TABLE)
    return project


@pytest.mark.parametrize("fault", BUCKET_OUT_OF_REACH)
def test_a_table_that_cannot_be_stored_is_503_and_leaves_no_trace(
    in_bucket: Client, bucket_client: "S3Client", fault: str
) -> None:
    """While the bucket is out of reach an upload is 503, the table before is still there, and a retry goes through."""
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
def test_a_file_that_cannot_be_read_is_503(in_bucket: Client, bucket_client: "S3Client", fault: str) -> None:
    """A completion while the bucket is out of reach is 503 and the upload is not lost: the retry goes through."""
    form = {"fileName": "t.csv", "contentType": "text/csv", "bytes": 4}
    announced = in_bucket.post(f"{DATA}/uploads", form).json
    bucket_client.put_object(Bucket=BUCKET, Key=announced["fields"]["key"], Body=b"a\n1\n")
    complete = f"{DATA}/uploads/{announced['uploadId']}/complete"
    with injected_in_bucket(bucket_client, BUCKET_OUT_OF_REACH[fault]):
        assert in_bucket.post(complete, {}).code == "storage-unavailable"
    assert in_bucket.post(complete, {}).status == 201
