"""An earlier upload made the newest again: the same cells, the same schema, the same analysis, as a new version."""

import csv
import io
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET
from support.handlers.files import send_file
from support.handlers.http_api import Client, Reply

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = "/api/projects/p/data"
TEXTS = [["Umsatz", "Tag"], ["1.234,50", "31.12.2025"], ["-3,00", ""]]
CSV = "".join(";".join(row) + "\r\n" for row in TEXTS).encode()
READING = {"Umsatz": {"name": "Revenue", "type": "number", "format": {"decimal": ",", "group": "."}}}
OTHER = {"fileName": "other.csv", "rawData": [{"n": 1}]}


@pytest.fixture(params=["project", "in_bucket"], ids=["in items", "in the bucket"])
def replaced(request: pytest.FixtureRequest, bucket_client: "S3Client") -> Client:
    """A project whose upload was analysed and read differently, version 2, and replaced by another table, version 3."""
    client: Client = request.getfixturevalue(request.param)
    send = partial(send_file, client, bucket_client)
    assert client.post(send(CSV), {"analysis": {"mean": 1}}).status == 201
    assert client.put(f"{DATA}/schema", {"columns": READING}, if_match='"1"').status == 201
    assert client.post(DATA, OTHER).status == 201
    return client


def restore(client: Client, version: int, tag: str = "") -> Reply:
    precondition = {"if_match": tag} if tag else {}
    return client.post(f"{DATA}/versions/{version}/restore", None, **precondition)


def parts(client: Client, place: str = DATA) -> dict[str, Any]:
    loaded = client.get(f"{place}?include=analysis,dataSchema").json
    texts = client.get(f"{place}?format=csv")
    return {
        "schema": loaded["dataSchema"],
        "analysis": loaded["analysis"],
        "texts": texts.status
        if texts.status == 302
        else list(csv.reader(io.StringIO(texts.body.decode(), newline=""))),
    }


def objects(client: "S3Client") -> set[str]:
    return {each["Key"] for each in client.list_objects_v2(Bucket=BUCKET, Prefix="tables/").get("Contents", [])}


def test_an_upload_is_restored_as_it_was(replaced: Client) -> None:
    """Names, types, formats, texts and the analysis are those of the upload; both stay among the stored ones."""
    reply = restore(replaced, 2, '"3"')
    assert (reply.status, reply.json["version"], reply.headers["etag"]) == (201, 4, '"4.1"')
    assert parts(replaced) == parts(replaced, f"{DATA}/versions/2")
    assert parts(replaced)["analysis"] == {"mean": 1}
    assert reply.json["dataSchema"]["columnTypes"] == {"Revenue": "number", "Tag": "string"}
    listed = replaced.get(f"{DATA}/versions").json["versions"]
    assert [(each["version"], each["fileName"]) for each in listed] == [
        (4, "weather.csv"),
        (3, "other.csv"),
        (2, "weather.csv"),
        (1, "weather.csv"),
    ]
    assert replaced.get("/api/projects/p").json["data"] == listed[0]


def test_a_restored_upload_is_used_like_any_other(replaced: Client) -> None:
    """It is read differently, analysed and restored again, and its texts stay."""
    restore(replaced, 1, '"3"')
    changed = replaced.put(f"{DATA}/schema", {"columns": READING}, if_match='"4"')
    assert (changed.status, changed.json["version"]) == (201, 5)
    assert replaced.put(f"{DATA}/analysis", {"analysis": {"mean": 2}}, if_match='"5.1"').status == 200
    assert (restore(replaced, 3, '"5"').json["version"], restore(replaced, 5, '"6"').json["version"]) == (6, 7)
    assert parts(replaced)["analysis"] == {"mean": 2}


def test_a_repeated_restore_makes_no_version(replaced: Client) -> None:
    """The same request again, and one for what is the newest anyway, return 200 and change nothing."""
    first = restore(replaced, 1, '"3"')
    again = restore(replaced, 1, '"3"')
    assert (again.status, again.json) == (200, first.json)
    assert restore(replaced, 4, '"1"').status == 200


@pytest.mark.parametrize(("version", "tag", "status"), [(1, '"2"', 412), (1, "", 428), (9, '"3"', 404), (1, "*", 201)])
def test_a_restore_names_the_version_that_it_replaces(replaced: Client, version: int, tag: str, status: int) -> None:
    """A stale, missing or useless precondition changes nothing, and neither does an upload that is not stored."""
    before = parts(replaced)
    assert restore(replaced, version, tag).status == status
    assert (parts(replaced) == before) is (status != 201)


def test_a_restored_upload_has_an_object_of_its_own(in_bucket: Client, bucket_client: "S3Client") -> None:
    """It outlives the upload that it was made from, whose object is removed when that is no longer stored."""
    before = objects(bucket_client)
    in_bucket.post(DATA, {"fileName": "first.csv", "rawData": [{"n": 0}]})
    (first,) = objects(bucket_client) - before
    in_bucket.post(DATA, OTHER)
    restore(in_bucket, 1, '"2"')
    assert len(objects(bucket_client) - before) == 3
    bucket_client.delete_object(Bucket=BUCKET, Key=first)
    assert in_bucket.get(f"{DATA}?format=csv").status == 302
    assert restore(in_bucket, 2, '"3"').status == 201
    # The rows of version 1 are gone; those that were copied from it are not.
    assert restore(in_bucket, 1, '"4"').status == 410
    assert restore(in_bucket, 3, '"4"').status == 201


def test_a_restore_brings_lost_rows_back(in_bucket: Client, bucket_client: "S3Client") -> None:
    """An upload that is equal to the newest is saved once more if the rows of the newest were lost."""
    in_bucket.post(DATA, OTHER)
    in_bucket.post(DATA, {"fileName": "second.csv", "rawData": [{"n": 2}]})
    before = objects(bucket_client)
    restore(in_bucket, 1, '"2"')
    (newest,) = objects(bucket_client) - before
    bucket_client.delete_object(Bucket=BUCKET, Key=newest)
    assert in_bucket.get(f"{DATA}?format=csv").status == 410
    assert (restore(in_bucket, 1, '"3"').status, in_bucket.get(f"{DATA}?format=csv").status) == (201, 302)
