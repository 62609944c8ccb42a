"""Compare the bucket with the table: objects of tables that no item names, and tables whose object is gone.

Theory of operation
===================

An item names an object before the object is written, and the object is removed after its item. So an object without an
item is waste, for example of a table that was restored to an earlier moment, or of a record that the table's stream
lost.

A scan of the table may miss a name that moves to an item it has already passed, as a restore of a project does. So
whatever the first scan and the list of the bucket disagree on is looked up in a second scan, and only objects older
than MIN_AGE are removed: longer than a scan takes, and than anything that is still being stored stays unfinished (one
day). Removing sets a delete marker: for 35 days the bucket keeps the object as a noncurrent version.

The names of all objects are in memory: about 300 MB for a million. Scans read the whole table, which costs a read unit
per 4 KB of it. A sweep that was interrupted is repeated from the start, with the same result.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import ClientError

from admin import CannotRunError
from admin.stacks import Storage
from dashboard_store.repository.formats import FORMAT, READABLE

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectTypeDef

MIN_AGE: Final = timedelta(days=2)
"""The age from which an object that no item names is removed."""

PREFIX: Final = "tables/"


class StoredObject(NamedTuple):
    """An object of the bucket; `size` is in bytes."""

    key: str
    size: int
    written_at: datetime


class Owner(NamedTuple):
    """An item that names an object; `expires_at` is in epoch seconds, None for never."""

    key: str
    sk: str
    expires_at: int | None


@dataclass(frozen=True)
class Findings:
    """How many objects an item names, and their bytes; the objects without an item; the tables without their object."""

    named: int
    named_bytes: int
    unnamed: Sequence[StoredObject]
    gone: Sequence[Owner]


def find(storage: Storage, now: datetime) -> Findings:
    """Compare the bucket with the table, and change nothing."""
    missing = {owner.key for owner in _owners(storage)}
    unnamed: dict[str, StoredObject] = {}
    named = named_bytes = 0
    for stored in _objects(storage):
        if stored.key in missing:
            missing.remove(stored.key)
            named, named_bytes = named + 1, named_bytes + stored.size
        else:
            unnamed[stored.key] = stored
    doubtful = missing | unnamed.keys()
    owners = {owner.key: owner for owner in _owners(storage) if owner.key in doubtful} if doubtful else {}
    found_later = [unnamed.pop(key) for key in owners.keys() & unnamed.keys()]
    gone = [owner for key, owner in owners.items() if key in missing and _is_table(owner, now)]
    return Findings(
        named=named + len(found_later),
        named_bytes=named_bytes + sum(stored.size for stored in found_later),
        unnamed=list(unnamed.values()),
        gone=[owner for owner in gone if not _exists(storage, owner.key)],
    )


def remove(storage: Storage, findings: Findings, now: datetime) -> Sequence[StoredObject]:
    """Remove the objects that no item names and that are older than MIN_AGE; return them.

    Raises CannotRunError if no object is named at all: then the table is probably another stack's.
    """
    if findings.unnamed and not findings.named:
        raise CannotRunError("The table names no object of this bucket. Do they belong together? Nothing was removed.")
    old = [stored for stored in findings.unnamed if now - stored.written_at > MIN_AGE]
    for stored in old:
        storage.s3.delete_object(Bucket=storage.bucket, Key=stored.key)
    return old


def report(findings: Findings, removed: Sequence[StoredObject]) -> Iterator[str]:
    """Say what a sweep found and removed, line by line."""
    gone_now = {stored.key for stored in removed}
    yield f"{findings.named} objects of tables are named by an item, {findings.named_bytes} bytes."
    if not findings.unnamed:
        yield "Nothing is unnamed."
    else:
        total = sum(stored.size for stored in findings.unnamed)
        yield f"{len(findings.unnamed)} objects are named by no item, {total} bytes; {len(removed)} were removed:"
    for stored in findings.unnamed:
        fate = "removed" if stored.key in gone_now else "kept"
        yield f"  {fate}  {stored.size} bytes, written {stored.written_at:%Y-%m-%d %H:%M}  {stored.key}"
    if findings.gone:
        yield f"{len(findings.gone)} tables have lost their object; docs/operations.md says how to bring it back:"
    for owner in findings.gone:
        yield f"  {owner.sk}  {owner.key}"


def _owners(storage: Storage) -> Iterator[Owner]:
    """Read every item that names an object. Raises CannotRunError if a newer release may name objects otherwise."""
    pages = storage.dynamodb.get_paginator("scan").paginate(
        TableName=storage.table,
        ConsistentRead=True,
        FilterExpression="attribute_exists(#object) OR #format > :readable",
        ProjectionExpression="#object, sk, expiresAt, #format",
        ExpressionAttributeNames={"#object": "object", "#format": FORMAT},
        ExpressionAttributeValues={":readable": {"N": str(READABLE)}},
    )
    for page in pages:
        for item in page["Items"]:
            if int(item.get(FORMAT, {"N": "0"})["N"]) > READABLE:
                raise CannotRunError("The table has items of a newer release: sweep with that. Nothing was removed.")
            expires_at: Any = item.get("expiresAt")
            yield Owner(item["object"]["S"], item["sk"]["S"], expires_at and int(expires_at["N"]))


def _objects(storage: Storage) -> Iterator[StoredObject]:
    for page in storage.s3.get_paginator("list_objects_v2").paginate(Bucket=storage.bucket, Prefix=PREFIX):
        listed: list[ObjectTypeDef] = page.get("Contents", [])
        for each in listed:
            yield StoredObject(each["Key"], each["Size"], each["LastModified"])


def _is_table(owner: Owner, now: datetime) -> bool:
    """Whether an item's object must exist: not while a table is still being stored, nor once the item has expired."""
    has_expired = owner.expires_at is not None and owner.expires_at <= now.timestamp()
    return not has_expired and not owner.sk.startswith("UPLOAD#")


def _exists(storage: Storage, key: str) -> bool:
    try:
        storage.s3.head_object(Bucket=storage.bucket, Key=key)
    except ClientError as exc:
        if exc.response["Error"]["Code"] == "404":
            return False
        raise
    return True
