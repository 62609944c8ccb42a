"""A table whose object was removed from the bucket: its rows are gone, and everything else works."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from conftest import BUCKET
from support.handlers.files import key_of
from support.handlers.http_api import Client, Reply

from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = "/api/projects/p/data"
CONFIG = "/api/projects/p/config"


def upload(client: Client, number: int) -> Reply:
    table = {"fileName": f"{number}.csv", "rawData": [{"n": number}], "analysis": {"of": number}}
    return client.post(DATA, table)


def purge(client: Client, bucket_client: "S3Client", folder: str) -> None:
    """Remove a project's objects from a folder of the bucket, as an accident would."""
    prefix = f"{folder}/{keys.folder(ProjectAddress(client.user, 'p'))}/"
    for each in bucket_client.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]:
        bucket_client.delete_object(Bucket=BUCKET, Key=each["Key"])


@pytest.fixture
def gone(project: Client, bucket_client: "S3Client", connect: Callable[[Settings], None], settings: Settings) -> Client:
    """The user of `project`, which has a config and two tables whose objects are gone."""
    connect(replace(settings, max_inline_table_bytes=0))
    project.put(CONFIG, {"chartCustomizations": {"c": {"n": 1}}}, if_none_match="*")
    upload(project, 1)
    upload(project, 2)
    purge(project, bucket_client, "tables")
    return project


def assert_gone(reply: Reply) -> None:
    assert (reply.status, reply.code) == (410, "gone")
    assert "upload the file again" in reply.json["detail"]


@pytest.mark.parametrize(
    "path",
    [
        DATA,
        f"{DATA}?include=rawData",
        f"{DATA}?include=rawData,analysis",
        f"{DATA}?format=csv",
        f"{DATA}/versions/1",
        f"{DATA}/versions/2?format=csv",
    ],
)
def test_rows_that_are_gone_are_410(gone: Client, path: str) -> None:
    """Every request for the rows is 410 and says what to do; it is not 500."""
    assert_gone(gone.get(path))


@pytest.mark.parametrize("path", [DATA, f"{DATA}?format=csv"])
def test_a_download_that_is_gone_is_410(
    gone: Client, connect: Callable[[Settings], None], settings: Settings, path: str
) -> None:
    """Rows that would be a download are 410, too, and no copy is written."""
    connect(replace(settings, max_inline_table_bytes=0, max_raw_data_bytes=1))
    assert_gone(gone.get(path))


def test_a_copy_outlives_its_table(in_bucket: Client, bucket_client: "S3Client") -> None:
    """A download that was written before is served as long as its copy is there, then it is 410."""
    upload(in_bucket, 1)
    before = key_of(in_bucket.get(DATA).json["rawDataUrl"])
    purge(in_bucket, bucket_client, "tables")
    assert key_of(in_bucket.get(DATA).json["rawDataUrl"]) == before
    purge(in_bucket, bucket_client, "downloads")
    assert_gone(in_bucket.get(DATA))


def test_every_other_part_is_there(gone: Client) -> None:
    """Schema, analysis, charts, versions, config and lists of a project without its rows are as they were."""
    parts = gone.get(f"{DATA}?include=analysis,chartCustomizations,dataSchema").json
    assert (parts["version"], parts["analysis"], parts["dataSchema"]["rowCount"]) == (2, {"of": 2}, 1)
    assert parts["chartCustomizations"] == {"c": {"n": 1}}
    assert gone.get(f"{DATA}/versions/1?include=analysis").json["analysis"] == {"of": 1}
    assert [each["version"] for each in gone.get(f"{DATA}/versions").json["versions"]] == [2, 1]
    assert gone.get(CONFIG).json["version"] == 1
    assert gone.get("/api/projects/p").json["data"]["version"] == 2
    assert [each["id"] for each in gone.get("/api/projects").json["projects"]] == ["p"]


def test_a_current_copy_is_not_modified(gone: Client) -> None:
    """A client that has the rows learns that they are current."""
    tag = gone.get(f"{DATA}?include=dataSchema").headers["etag"]
    assert gone.get(DATA, if_none_match=tag).status == 304


WRITES: dict[str, tuple[Callable[[Client], Reply], int]] = {
    "a save": (lambda client: client.put(CONFIG, {"chartCustomizations": {}}, if_match='"1"'), 200),
    "an analysis": (lambda client: client.put(f"{DATA}/analysis", {"analysis": {"n": 1}}, if_match='"2.1"'), 200),
    "an upload": (lambda client: upload(client, 3), 201),
    "a delete": (lambda client: client.delete("/api/projects/p"), 204),
}


@pytest.mark.parametrize("write", WRITES)
def test_every_write_succeeds(gone: Client, write: str) -> None:
    """A project without its rows can be saved, analysed, given another table, and deleted."""
    make, status = WRITES[write]
    assert make(gone).status == status


def test_a_new_table_is_served(gone: Client) -> None:
    """After another upload the rows are those of the new table; the earlier ones stay gone."""
    upload(gone, 3)
    assert gone.get(DATA).json["rawData"] == [{"n": 3}]
    assert_gone(gone.get(f"{DATA}/versions/2"))


def test_the_same_rows_can_be_uploaded_again(gone: Client) -> None:
    """Uploading the same file again brings its rows back, once, though it otherwise changes nothing."""
    reply = upload(gone, 2)
    assert (reply.status, reply.json["version"]) == (201, 3)
    assert gone.get(DATA).json["rawData"] == [{"n": 2}]
    assert (upload(gone, 2).status, gone.get(DATA).json["version"]) == (200, 3)
