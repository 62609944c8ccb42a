"""The rule of the bucket: every table in it is named by exactly one item, which states its size."""

from typing import TYPE_CHECKING

from conftest import BUCKET
from support.storage.engines import Engine

from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def assert_objects_have_owners(engine: Engine, bucket_client: "S3Client", address: ProjectAddress) -> None:
    """Assert that one item names each of a project's objects, and that the object of each table exists.

    An item that is not a table's expires, so that what an unfinished upload leaves is removed.
    """
    prefix = f"tables/{keys.folder(address)}/"
    owned = engine.items(keys.partition(address.owner))
    items = [item for item in owned if item.get("object", {"S": ""})["S"].startswith(prefix)]
    named = {item["object"]["S"]: int(item["objectBytes"]["N"]) for item in items}
    assert len(named) == len(items), "two items name the same object"
    listed = bucket_client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    found = {each["Key"]: each["Size"] for each in listed}
    assert found.items() <= named.items()
    unplaced = [item for item in items if item["object"]["S"] not in found]
    assert all(item["sk"]["S"].startswith("UPLOAD#") for item in unplaced)
    assert all("expiresAt" in item for item in items if item["sk"]["S"].startswith("UPLOAD#"))
