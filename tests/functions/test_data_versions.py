"""The uploads that are kept, tables that are downloaded, and tables as CSV."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from conftest import BUCKET, TABLE, Clock
from support.handlers.http_api import Client
from support.storage.clients import Tapped

from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = "/api/projects/p/data"
VERSIONS = f"{DATA}/versions"


@pytest.fixture
def project(client: Client) -> Client:
    """A user with the empty project `p`."""
    client.post("/api/projects", {"id": "p", "name": "P"})
    return client


@pytest.fixture
def in_bucket(project: Client, connect: Callable[[Settings], None]) -> Client:
    """The same user where every table lies in the bucket, and answers hold none."""
    connect(Settings(TABLE, BUCKET, max_raw_data_bytes=1, max_inline_table_bytes=0))
    return project


def upload(client: Client, number: int, **more: Any) -> None:
    table = {"fileName": f"{number}.csv", "rawData": [{"n": number}], **more}
    assert client.post(DATA, table).status == 201


def fetched(bucket_client: "S3Client", url: str) -> bytes:
    """What the bucket serves under a signed address of an object."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    assert ("X-Amz-Signature" in query, query["X-Amz-Expires"]) == (True, ["300"])
    key = unquote(parts.path).removeprefix(f"/{BUCKET}").lstrip("/")
    found = bucket_client.get_object(Bucket=BUCKET, Key=key)
    assert found["ContentEncoding"] == "gzip"
    return gzip.decompress(found["Body"].read())


@pytest.mark.parametrize("place", ["in items", "in the bucket"])
def test_the_last_five_uploads_are_kept(
    project: Client, connect: Callable[[Settings], None], bucket_client: "S3Client", place: str
) -> None:
    """Of seven uploads the last five are listed, the newest first, and each is read as it was; the others are gone."""
    if place == "in the bucket":
        connect(Settings(TABLE, BUCKET, max_raw_data_bytes=1, max_inline_table_bytes=0))
    for number in range(1, 8):
        upload(project, number)
    listed = project.get(VERSIONS).json
    assert listed["dataVersionsKept"] == 5
    assert [(each["version"], each["fileName"]) for each in listed["versions"]] == [
        (number, f"{number}.csv") for number in (7, 6, 5, 4, 3)
    ]
    for number in range(3, 8):
        kept = project.get(f"{VERSIONS}/{number}").json
        rows = kept["rawData"] or json.loads(fetched(bucket_client, kept["rawDataUrl"]))
        assert (rows, kept["version"]) == ([{"n": number}], number)
    for number in (1, 2, 8):
        assert project.get(f"{VERSIONS}/{number}").status == 404


@pytest.mark.parametrize(
    ("age", "is_written_again"), [({"hours": 12, "seconds": -1}, False), ({"hours": 12, "minutes": 1}, True)]
)
def test_a_download_is_written_again_before_the_bucket_removes_it(
    in_bucket: Client,
    bucket_client: "S3Client",
    clock: Clock,
    age: dict[str, float],
    is_written_again: bool,  # noqa: FBT001
) -> None:
    """A download is written once and served for twelve hours; later it is written again, half a day before its end."""
    upload(in_bucket, 1)
    key = unquote(urlsplit(in_bucket.get(DATA).json["rawDataUrl"]).path).removeprefix(f"/{BUCKET}").lstrip("/")
    clock.moment = bucket_client.head_object(Bucket=BUCKET, Key=key)["LastModified"]
    clock.advance(**age)
    bucket_client.put_object(Bucket=BUCKET, Key=key, Body=b"as it was", ContentEncoding="gzip")
    in_bucket.get(DATA)
    assert (bucket_client.get_object(Bucket=BUCKET, Key=key)["Body"].read() != b"as it was") is is_written_again


def expiring(client: Client, moto_client: Tapped) -> dict[int, int | None]:
    """When each upload before the newest will be removed with its object, in epoch seconds; None for never."""
    query = {
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
        "ExpressionAttributeValues": {":pk": {"S": f"USER#{client.user}"}, ":sk": {"S": "DATAVERSION#"}},
    }
    items = moto_client.call("Query", query)["Items"]
    return {int(item["version"]["N"]): int(item["expiresAt"]["N"]) if "expiresAt" in item else None for item in items}


def test_what_is_no_longer_kept_expires(project: Client, moto_client: Tapped, clock: Clock) -> None:
    """An upload that the sixth pushes out goes after a day, time enough for who is reading it; no other one does."""
    for number in range(1, 7):
        upload(project, number)
    day_later = int(clock().timestamp()) + 24 * 60 * 60
    assert expiring(project, moto_client) == {1: day_later, 2: None, 3: None, 4: None, 5: None}


def test_uploads_expire_with_their_project(project: Client, moto_client: Tapped, clock: Clock) -> None:
    """The uploads of a deleted project go when it can no longer be restored; those of a restored one stay."""
    for number in range(1, 4):
        upload(project, number)
    project.delete("/api/projects/p")
    purged = int(clock().timestamp()) + 30 * 24 * 60 * 60
    assert expiring(project, moto_client) == {1: purged, 2: purged}
    project.post("/api/projects/p/restore", None)
    assert expiring(project, moto_client) == {1: None, 2: None}


def test_a_kept_upload_keeps_its_analysis(project: Client) -> None:
    """The analysis that was made of a table, with the upload or later, stays with it when the table is replaced."""
    upload(project, 1)
    project.put(f"{DATA}/analysis", {"analysis": {"of": 1}}, if_match='"1"')
    upload(project, 2, analysis={"of": 2})
    upload(project, 3)
    listed = project.get(VERSIONS).json["versions"]
    assert [each["hasAnalysis"] for each in listed] == [False, True, True]
    analyses = [project.get(f"{VERSIONS}/{number}?include=analysis").json["analysis"] for number in (1, 2, 3)]
    assert analyses == [{"of": 1}, {"of": 2}, None]


def test_the_list_shows_what_projects_show(project: Client) -> None:
    """The newest entry of the list is the summary that the list of projects shows of the data."""
    upload(project, 1, analysis={"n": 1})
    assert project.get(VERSIONS).json["versions"] == [project.get("/api/projects/p").json["data"]]
    assert project.get(f"{VERSIONS}/1").headers["etag"] == '"1.1"'


def test_nothing_uploaded_is_an_empty_list(project: Client) -> None:
    """A project without data has no uploads, and nobody else's project has any either."""
    assert project.get(VERSIONS).json["versions"] == []
    assert Client("somebody-else").get(VERSIONS).status == 404


def test_what_is_kept_goes_and_comes_back_with_its_project(in_bucket: Client, bucket_client: "S3Client") -> None:
    """A deleted project's uploads are out of reach, and a restore brings every one of them back."""
    for number in (1, 2, 3):
        upload(in_bucket, number)
    before = in_bucket.get(VERSIONS).json
    in_bucket.delete("/api/projects/p")
    assert in_bucket.get(VERSIONS).status == in_bucket.get(f"{VERSIONS}/2").status == 404
    in_bucket.post("/api/projects/p/restore", None)
    assert in_bucket.get(VERSIONS).json == before
    kept = in_bucket.get(f"{VERSIONS}/2").json
    assert json.loads(fetched(bucket_client, kept["rawDataUrl"])) == [{"n": 2}]


def test_a_table_that_does_not_fit_is_downloaded(in_bucket: Client, bucket_client: "S3Client") -> None:
    """Rows over maxRawDataBytes are null in the answer, with an address that serves them; the rest is there."""
    upload(in_bucket, 1, analysis={"n": 1})
    loaded = in_bucket.get(DATA).json
    assert (loaded["rawData"], loaded["analysis"], loaded["dataSchema"]["rowCount"]) == (None, {"n": 1}, 1)
    assert json.loads(fetched(bucket_client, loaded["rawDataUrl"])) == [{"n": 1}]
    assert "rawDataUrl" not in in_bucket.get(f"{DATA}?include=analysis").json


def test_a_download_that_the_bucket_dropped_is_made_again(
    in_bucket: Client, bucket_client: "S3Client", clock: Clock
) -> None:
    """A copy for a download is made once and again when it is gone or will be soon, so no address leads nowhere."""
    upload(in_bucket, 1)

    def download() -> tuple[str, Any]:
        key = unquote(urlsplit(in_bucket.get(DATA).json["rawDataUrl"]).path).removeprefix(f"/{BUCKET}").lstrip("/")
        return key, bucket_client.head_object(Bucket=BUCKET, Key=key)["LastModified"]

    key, first = download()
    bucket_client.put_object(Bucket=BUCKET, Key=key, Body=b"a mark that only a new copy removes")
    assert bucket_client.get_object(Bucket=BUCKET, Key=download()[0])["Body"].read().startswith(b"a mark")
    clock.advance(hours=13)
    assert gzip.decompress(bucket_client.get_object(Bucket=BUCKET, Key=download()[0])["Body"].read()) == b'[{"n":1}]'
    bucket_client.delete_object(Bucket=BUCKET, Key=key)
    assert download()[1] >= first


def test_a_table_of_an_earlier_release_is_read(project: Client, moto_client: Tapped) -> None:
    """A table that was saved when tables had no size and no predecessors is loaded, replaced and kept."""
    upload(project, 1)
    key: Any = {"pk": {"S": f"USER#{project.user}"}, "sk": {"S": "DATA#p"}}
    moto_client.call("UpdateItem", {"TableName": TABLE, "Key": key, "UpdateExpression": "REMOVE rawBytes, kept"})
    assert project.get(DATA).json["rawData"] == [{"n": 1}]
    upload(project, 2)
    assert project.get(f"{VERSIONS}/1").json["rawData"] == [{"n": 1}]


ODD: list[dict[str, Any]] = [
    {"text": 'a,"b"\nc', "n": 1.5, "flag": True, "list": [1, {"a": None}]},
    {"n": None, "text": "=1+1"},
]


@pytest.mark.parametrize("place", [DATA, f"{VERSIONS}/1"])
def test_a_table_is_had_as_csv(project: Client, place: str) -> None:
    """As CSV a table has its columns in order, null and missing cells empty, JSON where a cell is no text."""
    project.post(DATA, {"fileName": "Übersicht.json", "rawData": ODD})
    reply = project.get(f"{place}?format=csv")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%9Cbersicht.csv"
    assert list(csv.reader(io.StringIO(reply.body.decode(), newline=""))) == [
        ["text", "n", "flag", "list"],
        ['a,"b"\nc', "1.5", "true", '[1,{"a":null}]'],
        ["=1+1", "", "", ""],
    ]
    assert project.get(f"{place}?format=csv", if_none_match=reply.headers["etag"]).status == 304


def test_a_large_table_as_csv_is_elsewhere(in_bucket: Client, bucket_client: "S3Client") -> None:
    """CSV of a table that does not fit into an answer is a redirect to where it can be had."""
    upload(in_bucket, 1)
    reply = in_bucket.get(f"{DATA}?format=csv")
    assert (reply.status, reply.body) == (302, b"")
    assert fetched(bucket_client, reply.headers["location"]) == b"n\r\n1\r\n"


def test_no_data_are_no_csv(project: Client) -> None:
    """There is no CSV of no table, of another form, or of parts that are no table."""
    assert project.get(f"{DATA}?format=csv").status == 404
    for query in ("format=xlsx", "format=csv&include=rawData"):
        assert project.get(f"{DATA}?{query}").code == "invalid-query"


def test_parts_of_an_upload_are_picked(project: Client) -> None:
    """`include` picks parts of a kept upload; the charts are the config's and no part of one."""
    upload(project, 1)
    assert set(project.get(f"{VERSIONS}/1?include=dataSchema").json) == {
        "dataSchema",
        "version",
        "analysisVersion",
        "updatedAt",
    }
    assert project.get(f"{VERSIONS}/1?include=chartCustomizations").code == "invalid-query"
