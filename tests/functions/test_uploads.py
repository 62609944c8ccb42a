"""Files that are sent straight to the bucket: announced, sent and completed, or refused."""

import base64
import gzip
import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET, Clock
from support.handlers.files import UPLOADS, announce, send_file
from support.handlers.http_api import Client, Reply

from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = "/api/projects/p/data"
ROWS: list[dict[str, Any]] = [{"city": "Oslo", "t": -3.5, "zip": "0150"}, {"city": "Bergen", "t": 4, "zip": None}]
CSV = b"city,t,zip\nOslo,-3.5,0150\nBergen,4,\n"
FILES = {
    "text/csv": CSV,
    "application/json": json.dumps(ROWS).encode(),
    "application/x-ndjson": b"\n".join(json.dumps(row).encode() for row in ROWS),
}
# Too large for an item, and hard to compress.
LARGE = b"n\n" + b"\n".join(b"%d" % (index * 7_919 % 1_000_003) for index in range(20_000)) + b"\n"


@pytest.fixture(autouse=True)
def _previous_table(project: Client) -> None:
    """The project's table at version 1."""
    project.post(DATA, {"fileName": "before.csv", "rawData": [{"a": 1}]})


@pytest.fixture
def send(project: Client, bucket_client: "S3Client") -> Callable[..., str]:
    """Send a file of the project to the bucket; returns the URL that completes the upload."""
    return partial(send_file, project, bucket_client)


def assert_refused(project: Client, reply: Reply, status: int, code: str) -> None:
    assert (reply.status, reply.code) == (status, code)
    kept = project.get(DATA).json
    assert (kept["version"], kept["rawData"]) == (1, [{"a": 1}])


@pytest.mark.parametrize("media_type", FILES)
def test_a_file_becomes_the_next_version(project: Client, send: Callable[..., str], media_type: str) -> None:
    """A file of each type is read as the same rows, which become the project's data."""
    reply = project.post(send(FILES[media_type], media_type), {"analysis": {"mean": 0.25}})
    assert (reply.status, reply.json["version"]) == (201, 2)
    assert reply.json["dataSchema"]["columnTypes"] == {"city": "string", "t": "number", "zip": "string"}
    loaded = project.get(DATA)
    assert (loaded.json["rawData"], loaded.json["analysis"]) == (ROWS, {"mean": 0.25})
    assert loaded.headers["etag"] == reply.headers["etag"] == '"2.1"'
    assert project.get("/api/projects/p").json["data"]["rowCount"] == 2


def test_a_form_is_bound_to_what_was_announced(project: Client) -> None:
    """The form accepts one key, in a folder that does not reveal the user, one type, and at most the announced size."""
    announced = announce(project, 1_000).json
    policy = json.loads(base64.b64decode(announced["fields"]["policy"]))
    assert ["content-length-range", 1, 1_000] in policy["conditions"]
    assert {"Content-Type": "text/csv"} in policy["conditions"]
    assert {"key": announced["fields"]["key"]} in policy["conditions"]
    assert announced["fields"]["key"].startswith("uploads/")
    assert project.user not in announced["fields"]["key"]


def test_a_given_schema_is_kept(project: Client, send: Callable[..., str]) -> None:
    """Column types given by the client decide how the cells of a CSV file are read."""
    reply = project.post(send(CSV), {"dataSchema": {"columnTypes": {"t": "string"}}})
    assert reply.json["dataSchema"]["columnTypes"]["t"] == "string"
    assert project.get(DATA).json["rawData"][0]["t"] == "-3.5"


def test_a_completion_may_have_a_precondition(project: Client, send: Callable[..., str]) -> None:
    """A completion with a stale If-Match is 412, and one whose If-Match names the newest version succeeds."""
    place = send(CSV)
    assert_refused(project, project.post(place, {}, if_match='"7"'), 412, "version-conflict")
    assert project.post(place, {}, if_match='"1"').json["version"] == 2


def test_a_repeated_completion_makes_no_version(project: Client, send: Callable[..., str]) -> None:
    """A repeated completion is a 200 with the result of the first one, whose response may have been lost."""
    place = send(CSV)
    first = project.post(place, {"analysis": {"n": 1}})
    again = project.post(place, {"analysis": {"n": 1}})
    assert (again.status, again.json) == (200, first.json)
    assert project.get(DATA).json["version"] == 2


@pytest.mark.parametrize("later", ["another body", "a newer table"])
def test_an_upload_is_completed_once(project: Client, send: Callable[..., str], later: str) -> None:
    """Another completion with a different body, or after a newer table, is 422 and names the version of the first."""
    place = send(CSV)
    project.post(place, {})
    if later == "a newer table":
        project.post(DATA, {"fileName": "newer.csv", "rawData": [{"a": 3}]})
    newest = project.get(DATA).json
    reply = project.post(place, {"analysis": {}} if later == "another body" else {})
    assert (reply.status, reply.code) == (422, "invalid-data")
    assert "version 2" in reply.json["errors"][0]["message"]
    assert project.get(DATA).json == newest


def test_a_completion_before_the_file_is_refused(project: Client) -> None:
    """A completion before the file is in the bucket is 422."""
    place = f"{UPLOADS}/{announce(project, 10).json['uploadId']}/complete"
    assert_refused(project, project.post(place, {}), 422, "invalid-data")


def test_a_file_that_is_removed_meanwhile_was_not_sent(
    project: Client, send: Callable[..., str], bucket_client: "S3Client"
) -> None:
    """A file that is removed between its description and its download is 422, like one that was never sent."""
    place = send(CSV)

    def remove(params: dict[str, Any], **_: Any) -> None:
        bucket_client.delete_object(Bucket=BUCKET, Key=params["Key"])

    bucket_client.meta.events.register("before-parameter-build.s3.GetObject", remove)
    try:
        reply = project.post(place, {})
    finally:
        bucket_client.meta.events.unregister("before-parameter-build.s3.GetObject", remove)
    assert_refused(project, reply, 422, "invalid-data")


def test_a_larger_file_than_announced_is_refused(project: Client, send: Callable[..., str]) -> None:
    """A file in the bucket that is larger than announced is 413 with both sizes."""
    reply = project.post(send(CSV, size=len(CSV) - 1), {})
    assert_refused(project, reply, 413, "upload-too-large")
    assert (reply.json["limitBytes"], reply.json["actualBytes"]) == (len(CSV) - 1, len(CSV))


def test_a_file_over_the_limit_is_refused_before_it_is_sent(project: Client, settings: Settings) -> None:
    """A size over maxUploadBytes is 413 when it is announced; the limit itself is accepted."""
    reply = announce(project, settings.max_upload_bytes + 1)
    assert_refused(project, reply, 413, "upload-too-large")
    assert announce(project, settings.max_upload_bytes).status == 201


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"fileName": "f", "contentType": "text/csv"}, "/bytes"),
        ({"fileName": "f", "contentType": "text/csv", "bytes": 0}, "/bytes"),
        ({"fileName": "f", "contentType": "text/csv", "bytes": "10"}, "/bytes"),
        ({"fileName": "f", "contentType": "application/vnd.ms-excel", "bytes": 1}, "/contentType"),
        ({"contentType": "text/csv", "bytes": 1}, "/fileName"),
        ({"fileName": "f", "contentType": "text/csv", "bytes": 1, "rows": 2}, "/rows"),
        ([], ""),
    ],
)
def test_an_invalid_announcement_is_refused(project: Client, body: Any, pointer: str) -> None:
    """An announcement with a missing, invalid or unknown member is 422 with its place."""
    reply = project.post(UPLOADS, body)
    assert (reply.status, reply.code) == (422, "invalid-data")
    assert [error["pointer"] for error in reply.json["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("content", "media_type", "place"),
    [
        pytest.param(b"a,b\n1,2\n3\n", "text/csv", 'Row 2, column 2 ("b")', id="a short row"),
        pytest.param(b"a,b\n1,\0\n", "text/csv", 'Row 1, column 2 ("b")', id="a NUL"),
        pytest.param("a,b\n1,é\n".encode("latin-1"), "text/csv", 'Row 1, column 2 ("b")', id="Latin-1"),
        pytest.param("a,b\n1,2\n".encode("utf-16-le"), "text/csv", "Header, column 1", id="UTF-16 without a mark"),
        pytest.param("a,b\n1,2\n".encode("utf-16")[:-1], "text/csv", "marked as UTF-16", id="UTF-16 that is cut"),
        pytest.param(b"a,a\n1,2\n", "text/csv", "Header, column 2", id="a repeated name"),
        pytest.param(b"a,b\n", "text/csv", "This file has a header but no rows.", id="no rows"),
        pytest.param(b"\n", "text/csv", "at least one column", id="no columns"),
        pytest.param(
            b",".join(b"c%d" % n for n in range(10_000)) + b"\n", "text/csv", "10000 columns", id="too many columns"
        ),
        pytest.param(b'a\n"' + b"x" * 1_000_001 + b'"\n', "text/csv", "Row 1", id="a cell of more than 1 MB"),
        pytest.param(
            b",".join(b"x" * 900_000 for _ in range(5)) + b"\n", "text/csv", "4000000", id="a record of more than 4 MB"
        ),
        pytest.param(b'a\n"open\n', "text/csv", "Row 1", id="an open quote"),
        pytest.param(gzip.compress(CSV, mtime=0), "text/csv", "Header, column 1", id="gzip"),
        pytest.param(b'[{"a": 1}, 2, [3]]', "application/json", "This must be an object.", id="mixed shapes"),
        pytest.param(b'[{"a": 1}, {"a": ', "application/json", "Row 2", id="a truncated file"),
        pytest.param(b"[]", "application/json", "This file has no rows.", id="an empty array"),
        pytest.param(b"[{}]", "application/json", "at least one column", id="empty rows"),
        pytest.param(b'{"a": [1]}', "application/json", "array of objects", id="an object"),
        pytest.param(b'{"a": 1}\n{"a"}\n', "application/x-ndjson", "Row 2", id="a broken line"),
    ],
)
def test_a_malformed_file_is_refused_with_its_place(
    project: Client, send: Callable[..., str], content: bytes, media_type: str, place: str
) -> None:
    """A malformed file is 422 with the row and column of the error, and the previous table is still served."""
    reply = project.post(send(content, media_type), {})
    assert_refused(project, reply, 422, "invalid-data")
    first = reply.json["errors"][0]["message"] if "errors" in reply.json else reply.json["detail"]
    assert place in first


def test_a_corrected_file_may_be_sent(project: Client, bucket_client: "S3Client") -> None:
    """A refused file does not end the upload: its form accepts a corrected one, and the completion succeeds."""
    announced = announce(project, len(CSV)).json
    place = f"{UPLOADS}/{announced['uploadId']}/complete"
    for content, status in ((b"a,b\n1\n", 422), (CSV, 201)):
        bucket_client.put_object(Bucket=BUCKET, Key=announced["fields"]["key"], Body=content)
        assert project.post(place, {}).status == status


def test_an_upload_expires(project: Client, send: Callable[..., str], clock: Clock) -> None:
    """An upload that is not completed within a day is gone, even if DynamoDB has not removed its item yet."""
    place = send(CSV)
    clock.advance(days=1)
    assert_refused(project, project.post(place, {}), 404, "not-found")


def test_another_users_upload_looks_absent(send: Callable[..., str]) -> None:
    """Completing another user's upload, or one of another project, is answered like completing a nonexistent one."""
    place = send(CSV)
    stranger = Client("another-user")
    stranger.post("/api/projects", {"id": "p", "name": "P"})
    foreign, absent = stranger.post(place, {}), stranger.post(f"{UPLOADS}/{'0' * 32}/complete", {})
    assert (foreign.status, foreign.code) == (404, "not-found")
    assert foreign.problem == absent.problem
    assert stranger.get(DATA).json["version"] == 0
    assert announce(Client("a-user-without-projects"), 1).status == 404


def test_a_large_table_is_stored_in_the_bucket(
    project: Client, send: Callable[..., str], bucket_client: "S3Client", settings: Settings
) -> None:
    """A table over maxInlineTableBytes is stored in the bucket under its SHA-256, and served like any other table."""
    project.post(send(LARGE), {})
    rows = [{"n": index * 7_919 % 1_000_003} for index in range(20_000)]
    assert project.get(DATA).json["rawData"] == rows
    folder = f"tables/{keys.folder(ProjectAddress(project.user, 'p'))}/"
    (found,) = bucket_client.list_objects_v2(Bucket=BUCKET, Prefix=folder)["Contents"]
    content = bucket_client.get_object(Bucket=BUCKET, Key=found["Key"])["Body"].read()
    assert found["Key"].endswith(hashlib.sha256(content).hexdigest())
    assert len(content) > settings.max_inline_table_bytes
