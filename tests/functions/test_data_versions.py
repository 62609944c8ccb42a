"""Kept uploads, downloads of tables, and tables as CSV."""

import base64
import csv
import gzip
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import BUCKET, TABLE, Clock
from support.handlers.files import key_of
from support.handlers.http_api import Client
from support.storage.clients import Tapped, items_of

from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = "/api/projects/p/data"
VERSIONS = f"{DATA}/versions"


def upload(client: Client, number: int, **more: Any) -> None:
    table = {"fileName": f"{number}.csv", "rawData": [{"n": number}], **more}
    assert client.post(DATA, table).status == 201


def fetched(bucket_client: "S3Client", url: str) -> bytes:
    """Return what the bucket serves at a signed URL."""
    query = parse_qs(urlsplit(url).query)
    assert ("X-Amz-Signature" in query, query["X-Amz-Expires"]) == (True, ["300"])
    found = bucket_client.get_object(Bucket=BUCKET, Key=key_of(url))
    assert found["ContentEncoding"] == "gzip"
    return gzip.decompress(found["Body"].read())


@pytest.mark.parametrize("fixture", ["project", "in_bucket"], ids=["in items", "in the bucket"])
def test_the_last_five_uploads_are_kept(
    request: pytest.FixtureRequest, bucket_client: "S3Client", fixture: str
) -> None:
    """Of seven uploads the last five are listed, newest first, and served unchanged; the others are gone."""
    project: Client = request.getfixturevalue(fixture)
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
    ("age", "is_rewritten"), [({"hours": 12, "seconds": -1}, False), ({"hours": 12, "minutes": 1}, True)]
)
def test_a_download_is_rewritten_before_the_bucket_removes_it(
    in_bucket: Client,
    bucket_client: "S3Client",
    clock: Clock,
    age: dict[str, float],
    is_rewritten: bool,  # noqa: FBT001
) -> None:
    """A download is written once and served for twelve hours, then rewritten half a day before its expiry."""
    upload(in_bucket, 1)
    key = key_of(in_bucket.get(DATA).json["rawDataUrl"])
    clock.moment = bucket_client.head_object(Bucket=BUCKET, Key=key)["LastModified"]
    clock.advance(**age)
    bucket_client.put_object(Bucket=BUCKET, Key=key, Body=b"as it was", ContentEncoding="gzip")
    in_bucket.get(DATA)
    assert (bucket_client.get_object(Bucket=BUCKET, Key=key)["Body"].read() != b"as it was") is is_rewritten


def expiring(client: Client, database: Tapped) -> dict[int, int | None]:
    """Return when each upload before the newest expires, in epoch seconds; None for never."""
    items = items_of(database, TABLE, f"USER#{client.user}", "DATAVERSION#")
    return {int(item["version"]["N"]): int(item["expiresAt"]["N"]) if "expiresAt" in item else None for item in items}


def test_an_upload_that_is_no_longer_kept_expires(project: Client, database: Tapped, clock: Clock) -> None:
    """The upload that the sixth one displaces expires after a day, long enough for its readers; no other expires."""
    for number in range(1, 7):
        upload(project, number)
    day_later = int(clock().timestamp()) + 24 * 60 * 60
    assert expiring(project, database) == {1: day_later, 2: None, 3: None, 4: None, 5: None}


def test_uploads_expire_with_their_project(project: Client, database: Tapped, clock: Clock) -> None:
    """A deleted project's uploads expire when it can no longer be restored; those of a restored one do not."""
    for number in range(1, 4):
        upload(project, number)
    project.delete("/api/projects/p")
    purged = int(clock().timestamp()) + 30 * 24 * 60 * 60
    assert expiring(project, database) == {1: purged, 2: purged}
    project.post("/api/projects/p/restore", None)
    assert expiring(project, database) == {1: None, 2: None}


def test_a_kept_upload_keeps_its_analysis(project: Client) -> None:
    """A table's analysis, sent with the upload or later, stays with it when the table is replaced."""
    upload(project, 1)
    project.put(f"{DATA}/analysis", {"analysis": {"of": 1}}, if_match='"1"')
    upload(project, 2, analysis={"of": 2})
    upload(project, 3)
    listed = project.get(VERSIONS).json["versions"]
    assert [each["hasAnalysis"] for each in listed] == [False, True, True]
    analyses = [project.get(f"{VERSIONS}/{number}?include=analysis").json["analysis"] for number in (1, 2, 3)]
    assert analyses == [{"of": 1}, {"of": 2}, None]


def test_the_list_has_the_projects_summary(project: Client) -> None:
    """The newest entry of the list is the summary of the data that the project shows."""
    upload(project, 1, analysis={"n": 1})
    assert project.get(VERSIONS).json["versions"] == [project.get("/api/projects/p").json["data"]]
    assert project.get(f"{VERSIONS}/1").headers["etag"] == '"1.1"'


def test_the_list_is_empty_before_the_first_upload(project: Client) -> None:
    """A project without data has no uploads, and another user's project is 404."""
    assert project.get(VERSIONS).json["versions"] == []
    assert Client("another-user").get(VERSIONS).status == 404


def test_kept_uploads_are_deleted_and_restored_with_their_project(in_bucket: Client, bucket_client: "S3Client") -> None:
    """A deleted project's uploads are 404, and a restore brings all of them back."""
    for number in (1, 2, 3):
        upload(in_bucket, number)
    before = in_bucket.get(VERSIONS).json
    in_bucket.delete("/api/projects/p")
    assert in_bucket.get(VERSIONS).status == in_bucket.get(f"{VERSIONS}/2").status == 404
    in_bucket.post("/api/projects/p/restore", None)
    assert in_bucket.get(VERSIONS).json == before
    kept = in_bucket.get(f"{VERSIONS}/2").json
    assert json.loads(fetched(bucket_client, kept["rawDataUrl"])) == [{"n": 2}]


def test_a_table_too_large_for_a_response_is_downloaded(in_bucket: Client, bucket_client: "S3Client") -> None:
    """Rows over maxRawDataBytes are null in the response, with a URL that serves them; the other parts are there."""
    upload(in_bucket, 1, analysis={"n": 1})
    loaded = in_bucket.get(DATA).json
    assert (loaded["rawData"], loaded["analysis"], loaded["dataSchema"]["rowCount"]) == (None, {"n": 1}, 1)
    assert json.loads(fetched(bucket_client, loaded["rawDataUrl"])) == [{"n": 1}]
    assert "rawDataUrl" not in in_bucket.get(f"{DATA}?include=analysis").json


def test_a_download_that_the_bucket_removed_is_written_again(
    in_bucket: Client, bucket_client: "S3Client", clock: Clock
) -> None:
    """A download is written once, and again when it is gone or about to expire, so that no URL is dead."""
    upload(in_bucket, 1)

    def download() -> tuple[str, Any]:
        key = key_of(in_bucket.get(DATA).json["rawDataUrl"])
        return key, bucket_client.head_object(Bucket=BUCKET, Key=key)["LastModified"]

    key, first = download()
    bucket_client.put_object(Bucket=BUCKET, Key=key, Body=b"a mark that only a new copy removes")
    assert bucket_client.get_object(Bucket=BUCKET, Key=download()[0])["Body"].read().startswith(b"a mark")
    clock.advance(hours=13)
    assert gzip.decompress(bucket_client.get_object(Bucket=BUCKET, Key=download()[0])["Body"].read()) == b'[{"n":1}]'
    bucket_client.delete_object(Bucket=BUCKET, Key=key)
    assert download()[1] >= first


def test_a_table_of_an_earlier_release_is_read(project: Client, database: Tapped) -> None:
    """A table saved before items had a size and a list of kept uploads is loaded, replaced and kept."""
    upload(project, 1)
    key: Any = {"pk": {"S": f"USER#{project.user}"}, "sk": {"S": "DATA#p"}}
    database.call("UpdateItem", {"TableName": TABLE, "Key": key, "UpdateExpression": "REMOVE rawBytes, kept"})
    assert project.get(DATA).json["rawData"] == [{"n": 1}]
    upload(project, 2)
    assert project.get(f"{VERSIONS}/1").json["rawData"] == [{"n": 1}]


ODD: list[dict[str, Any]] = [
    {"text": 'a,"b"\nc', "n": 1.5, "flag": True, "list": [1, {"a": None}]},
    {"n": None, "text": "=1+1"},
]


@pytest.mark.parametrize("place", [DATA, f"{VERSIONS}/1"])
def test_a_table_is_served_as_csv(project: Client, place: str) -> None:
    """CSV has the columns in order, null and missing cells empty, and JSON for cells that are not text."""
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


def test_a_large_table_as_csv_is_a_redirect(in_bucket: Client, bucket_client: "S3Client") -> None:
    """CSV of a table that does not fit into a response is a redirect to its download."""
    upload(in_bucket, 1)
    reply = in_bucket.get(f"{DATA}?format=csv")
    assert (reply.status, reply.body) == (302, b"")
    assert fetched(bucket_client, reply.headers["location"]) == b"n\r\n1\r\n"


def test_csv_needs_a_table(project: Client) -> None:
    """CSV without data is 404; an unknown format, and CSV of single parts, are invalid queries."""
    assert project.get(f"{DATA}?format=csv").status == 404
    for query in ("format=xlsx", "format=csv&include=rawData"):
        assert project.get(f"{DATA}?{query}").code == "invalid-query"


def test_parts_of_an_upload_are_picked(project: Client) -> None:
    """`include` picks parts of a kept upload; charts belong to the config and are not among them."""
    upload(project, 1)
    assert set(project.get(f"{VERSIONS}/1?include=dataSchema").json) == {
        "dataSchema",
        "version",
        "analysisVersion",
        "updatedAt",
    }
    assert project.get(f"{VERSIONS}/1?include=chartCustomizations").code == "invalid-query"


DIGESTS = "".join(hashlib.sha256(b"%d" % number).hexdigest() for number in range(4_000))
# Neither compresses below 200 KB; as long as an analysis may be, and without anything that looks like a tag.
NOISE = "".join(base64.b85encode(bytes.fromhex(each)).decode() for each in (DIGESTS, DIGESTS[::-1]))[:262_000]
NOISE = NOISE.replace("<", ",")
# Together as long as a schema may be, in UTF-8.
NAMES = [f"{number:03}{'ж' * 43}" for number in range(480)]


def test_whatever_an_upload_may_hold_can_be_kept(project: Client) -> None:
    """Long names in any script, an analysis that does not compress and a small table fit the item that keeps them."""
    cells = {name: DIGESTS[60 * index : 60 * index + 60] for index, name in enumerate(NAMES)}
    table = {"rawData": [cells], "analysis": {"text": NOISE}}
    for version in (1, 2):
        assert project.post(DATA, {**table, "fileName": f"{version}.csv"}).status == 201
    kept = project.get(f"{VERSIONS}/1").json
    assert (kept["rawData"], kept["analysis"]) == (table["rawData"], table["analysis"])
    assert kept["dataSchema"]["columnNames"] == NAMES


def test_a_large_inline_table_leaves_room(user: str, connect: Callable[[Settings], None], settings: Settings) -> None:
    """A table is stored in its item only if the largest schema and analysis fit beside it, whatever is configured."""
    connect(replace(settings, max_inline_table_bytes=131_072))
    project = Client(user)
    assert project.post("/api/projects", {"id": "p", "name": "P"}).status == 201
    table = {"rawData": [{**dict.fromkeys(NAMES, 1), "text": NOISE[:150_000]}], "analysis": {"text": NOISE}}
    for version in (1, 2):
        assert project.post(DATA, {**table, "fileName": f"{version}.csv"}).status == 201
