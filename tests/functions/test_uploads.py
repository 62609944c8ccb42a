"""Files that go straight to the bucket: announced, sent, completed; and what becomes of those that are not right."""

import base64
import gzip
import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET, Clock
from support.handlers.http_api import Client, Reply

from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = "/api/projects/p/data"
UPLOADS = f"{DATA}/uploads"
ROWS: list[dict[str, Any]] = [{"city": "Oslo", "t": -3.5, "zip": "0150"}, {"city": "Bergen", "t": 4, "zip": None}]
CSV = b"city,t,zip\nOslo,-3.5,0150\nBergen,4,\n"
FILES = {
    "text/csv": CSV,
    "application/json": json.dumps(ROWS).encode(),
    "application/x-ndjson": b"\n".join(json.dumps(row).encode() for row in ROWS),
}
# Larger than what lies in an item, and it does not compress well.
LARGE = b"n\n" + b"\n".join(b"%d" % (index * 7_919 % 1_000_003) for index in range(20_000)) + b"\n"


@pytest.fixture
def project(client: Client) -> Client:
    """A user with the project `p`, which has a table at version 1."""
    client.post("/api/projects", {"id": "p", "name": "P"})
    client.post(DATA, {"fileName": "before.csv", "rawData": [{"a": 1}]})
    return client


@pytest.fixture
def send(project: Client, bucket_client: "S3Client") -> Callable[..., str]:
    """Announce a file and put it where its form would; returns the address at which it is completed."""

    def announce_and_send(content: bytes, media_type: str = "text/csv", size: int | None = None) -> str:
        announced = announce(project, size or len(content), media_type)
        key = announced.json["fields"]["key"]
        bucket_client.put_object(Bucket=BUCKET, Key=key, Body=content, ContentType=media_type)
        return f"{UPLOADS}/{announced.json['uploadId']}/complete"

    return announce_and_send


def announce(client: Client, size: int, media_type: str = "text/csv") -> Reply:
    return client.post(UPLOADS, {"fileName": "weather.csv", "contentType": media_type, "bytes": size})


def assert_refused(project: Client, reply: Reply, status: int, code: str) -> None:
    assert (reply.status, reply.code) == (status, code)
    kept = project.get(DATA).json
    assert (kept["version"], kept["rawData"]) == (1, [{"a": 1}])


@pytest.mark.parametrize("media_type", FILES)
def test_a_file_becomes_the_next_version(project: Client, send: Callable[..., str], media_type: str) -> None:
    """A file of each kind is read as the same rows, which are the project's data from then on."""
    reply = project.post(send(FILES[media_type], media_type), {"analysis": {"mean": 0.25}})
    assert (reply.status, reply.json["version"]) == (201, 2)
    assert reply.json["dataSchema"]["columnTypes"] == {"city": "string", "t": "number", "zip": "string"}
    loaded = project.get(DATA)
    assert (loaded.json["rawData"], loaded.json["analysis"]) == (ROWS, {"mean": 0.25})
    assert loaded.headers["etag"] == reply.headers["etag"] == '"2.1"'
    assert project.get("/api/projects/p").json["data"]["rowCount"] == 2


def test_a_form_is_bound_to_what_was_announced(project: Client) -> None:
    """The form takes one key, in a folder that does not tell the user, one type, and at most the announced size."""
    announced = announce(project, 1_000).json
    policy = json.loads(base64.b64decode(announced["fields"]["policy"]))
    assert ["content-length-range", 1, 1_000] in policy["conditions"]
    assert {"Content-Type": "text/csv"} in policy["conditions"]
    assert {"key": announced["fields"]["key"]} in policy["conditions"]
    assert announced["fields"]["key"].startswith("uploads/")
    assert project.user not in announced["fields"]["key"]


def test_a_given_schema_is_kept(project: Client, send: Callable[..., str]) -> None:
    """Types that the sender knows decide how the cells of a CSV file are read."""
    reply = project.post(send(CSV), {"dataSchema": {"columnTypes": {"t": "string"}}})
    assert reply.json["dataSchema"]["columnTypes"]["t"] == "string"
    assert project.get(DATA).json["rawData"][0]["t"] == "-3.5"


def test_an_upload_is_guarded_when_it_says_so(project: Client, send: Callable[..., str]) -> None:
    """A completion whose If-Match names another version than the newest is 412, and one that names it goes through."""
    place = send(CSV)
    assert_refused(project, project.post(place, {}, if_match='"7"'), 412, "version-conflict")
    assert project.post(place, {}, if_match='"1"').json["version"] == 2


def test_a_repeated_completion_is_no_version(project: Client, send: Callable[..., str]) -> None:
    """The same completion again answers 200 with what the first one left behind: its answer may have been lost."""
    place = send(CSV)
    first = project.post(place, {"analysis": {"n": 1}})
    again = project.post(place, {"analysis": {"n": 1}})
    assert (again.status, again.json) == (200, first.json)
    assert project.get(DATA).json["version"] == 2


@pytest.mark.parametrize("later", ["another body", "a newer table"])
def test_an_upload_is_completed_once(project: Client, send: Callable[..., str], later: str) -> None:
    """A completion that would make something else of the file, or bring a replaced table back, is 422 and says so."""
    place = send(CSV)
    project.post(place, {})
    if later == "a newer table":
        project.post(DATA, {"fileName": "newer.csv", "rawData": [{"a": 3}]})
    newest = project.get(DATA).json
    reply = project.post(place, {"analysis": {}} if later == "another body" else {})
    assert (reply.status, reply.code) == (422, "invalid-data")
    assert "version 2" in reply.json["errors"][0]["message"]
    assert project.get(DATA).json == newest


def test_a_file_that_was_not_sent_is_missed(project: Client) -> None:
    """A completion before the file is in the bucket is 422; once it is there, the same completion goes through."""
    place = f"{UPLOADS}/{announce(project, 10).json['uploadId']}/complete"
    assert_refused(project, project.post(place, {}), 422, "invalid-data")


def test_a_larger_file_than_announced_is_refused(project: Client, send: Callable[..., str]) -> None:
    """Should more than the announced size have come into the bucket, it is 413 with both sizes."""
    reply = project.post(send(CSV, size=len(CSV) - 1), {})
    assert_refused(project, reply, 413, "upload-too-large")
    assert (reply.json["limitBytes"], reply.json["actualBytes"]) == (len(CSV) - 1, len(CSV))


def test_a_file_over_the_limit_is_refused_before_it_is_sent(project: Client, settings: Settings) -> None:
    """A size over maxUploadBytes is 413 when it is announced; the limit itself is taken."""
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
def test_an_announcement_is_checked(project: Client, body: Any, pointer: str) -> None:
    """What a file is to be is said completely and in known words, or refused with its place."""
    reply = project.post(UPLOADS, body)
    assert (reply.status, reply.code) == (422, "invalid-data")
    assert [error["pointer"] for error in reply.json["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("content", "media_type", "place"),
    [
        pytest.param(b"a,b\n1,2\n3\n", "text/csv", 'row 2, column 2 ("b")', id="a short row"),
        pytest.param(b"a,b\n1,\0\n", "text/csv", 'row 1, column 2 ("b")', id="a NUL"),
        pytest.param("a,b\n1,é\n".encode("latin-1"), "text/csv", 'row 1, column 2 ("b")', id="Latin-1"),
        pytest.param("a,b\n1,2\n".encode("utf-16"), "text/csv", "the header, column 1", id="UTF-16"),
        pytest.param(b"a,a\n1,2\n", "text/csv", "the header, column 2", id="a name twice"),
        pytest.param(b"a,b\n", "text/csv", "at least one row", id="no rows"),
        pytest.param(b"\n", "text/csv", "at least one column", id="no columns"),
        pytest.param(b",".join(b"c%d" % n for n in range(10_000)) + b"\n", "text/csv", "10000 columns", id="columns"),
        pytest.param(b'a\n"' + b"x" * 10_000_000 + b'"\n', "text/csv", "row 1", id="a cell of 10 MB"),
        pytest.param(b'a\n"open\n', "text/csv", "row 1", id="an open quote"),
        pytest.param(gzip.compress(CSV), "text/csv", "the header, column 1", id="gzip"),
        pytest.param(b'[{"a": 1}, 2, [3]]', "application/json", "expected an object", id="mixed shapes"),
        pytest.param(b'[{"a": 1}, {"a": ', "application/json", "row 2", id="half a file"),
        pytest.param(b"[]", "application/json", "at least one row", id="an empty array"),
        pytest.param(b"[{}]", "application/json", "at least one column", id="empty rows"),
        pytest.param(b'{"a": [1]}', "application/json", "array of objects", id="an object"),
        pytest.param(b'{"a": 1}\n{"a"}\n', "application/x-ndjson", "row 2", id="a broken line"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(
    project: Client, send: Callable[..., str], content: bytes, media_type: str, place: str
) -> None:
    """A file that is no table is 422 naming row and column, and the table before it is still served."""
    reply = project.post(send(content, media_type), {})
    assert_refused(project, reply, 422, "invalid-data")
    assert place in reply.json["errors"][0]["message"]


def test_a_better_file_may_be_sent_again(project: Client, bucket_client: "S3Client") -> None:
    """A refused file is not the upload's end: its form takes a corrected one, and the completion goes through."""
    announced = announce(project, len(CSV)).json
    place = f"{UPLOADS}/{announced['uploadId']}/complete"
    for content, status in ((b"a,b\n1\n", 422), (CSV, 201)):
        bucket_client.put_object(Bucket=BUCKET, Key=announced["fields"]["key"], Body=content)
        assert project.post(place, {}).status == status


def test_an_upload_expires(project: Client, send: Callable[..., str], clock: Clock) -> None:
    """An upload that nobody completed for a day is gone, even where DynamoDB has not removed its item yet."""
    place = send(CSV)
    clock.advance(days=1)
    assert_refused(project, project.post(place, {}), 404, "not-found")


def test_a_foreign_upload_is_an_absent_upload(send: Callable[..., str]) -> None:
    """Completing somebody else's upload, or under another project, answers like one that does not exist."""
    place = send(CSV)
    stranger = Client("somebody-else")
    stranger.post("/api/projects", {"id": "p", "name": "P"})
    foreign, absent = stranger.post(place, {}), stranger.post(f"{UPLOADS}/{'0' * 32}/complete", {})
    assert (foreign.status, foreign.code) == (404, "not-found")
    assert {**foreign.json, "instance": ""} == {**absent.json, "instance": ""}
    assert stranger.get(DATA).json["version"] == 0
    assert announce(Client("nobody"), 1).status == 404


def test_a_large_table_lies_in_the_bucket(
    project: Client, send: Callable[..., str], bucket_client: "S3Client", settings: Settings
) -> None:
    """What is over maxInlineTableBytes is stored in the bucket under its SHA-256, and answered like any other table."""
    project.post(send(LARGE), {})
    rows = [{"n": index * 7_919 % 1_000_003} for index in range(20_000)]
    assert project.get(DATA).json["rawData"] == rows
    folder = f"tables/{keys.folder(ProjectAddress(project.user, 'p'))}/"
    (found,) = bucket_client.list_objects_v2(Bucket=BUCKET, Prefix=folder)["Contents"]
    content = bucket_client.get_object(Bucket=BUCKET, Key=found["Key"])["Body"].read()
    assert found["Key"].endswith(hashlib.sha256(content).hexdigest())
    assert len(content) > settings.max_inline_table_bytes
