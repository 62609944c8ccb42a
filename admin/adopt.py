"""Prepare a table and its bucket for a stack that adopts them.

Theory of operation
===================

A table that DynamoDB restored to an earlier moment has the items and the index, but none of the settings below, and the
bucket has since removed objects that its items name. An object is written once and never changed, so removing its
delete markers brings back what it was. There may be several, because a removal may be repeated.

Every step is skipped if nothing is missing, so a run that was interrupted is repeated.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import boto3
from botocore.exceptions import ClientError

from admin import CannotRunError, sweep
from admin.stacks import Storage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef
    from mypy_boto3_s3.type_defs import DeleteMarkerEntryTypeDef

EXPIRES_AT: Final = "expiresAt"
STREAM_VIEW: Final = "NEW_AND_OLD_IMAGES"


class Setting(NamedTuple):
    """A setting that template.yaml gives a table: its name, whether a table has it, and what sets it."""

    name: str
    has: Callable[[Storage], bool]
    set: Callable[[Storage], None]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--table", metavar="NAME", required=True, help="a table on AWS, such as a deleted stack left")
    parser.add_argument("--bucket", metavar="NAME", required=True, help="the bucket that belongs to it")
    parser.add_argument("--dry-run", action="store_true", help="change nothing, only report")


def run(options: argparse.Namespace) -> int:
    """Prepare a table and a bucket; return 1 if an item names an object that is gone."""
    storage = Storage(boto3.client("dynamodb"), boto3.client("s3"), options.table, options.bucket)
    return prepare(storage, dry_run=options.dry_run, with_bucket=True)


def prepare(storage: Storage, *, dry_run: bool, with_bucket: bool) -> int:
    """Give the table its settings and its objects, and print the parameters; return 1 if an object stays missing."""
    now = datetime.now(UTC)
    for setting in missing(storage):
        print(f"The table has no {setting.name}{'.' if dry_run else '; setting it …'}", flush=True)
        if not dry_run:
            setting.set(storage)
    findings = sweep.find(storage, now)
    if markers := removed(storage, findings):
        print(f"{len({key for key, _ in markers})} objects that the table names were removed and can be brought back.")
    if markers and not dry_run:
        bring_back(storage, markers)
        findings = sweep.find(storage, now)
        print("They are back.")
    print("\n".join([*sweep.report(findings, []), *_instruction(storage, with_bucket=with_bucket)]))
    return int(bool(findings.gone))


def _instruction(storage: Storage, *, with_bucket: bool) -> Iterator[str]:
    yield "To serve this table, add to the stage's parameter_overrides in samconfig.toml, and deploy:"
    yield from (f'  "{parameter}",' for parameter in parameters(storage, with_bucket=with_bucket))


def missing(storage: Storage) -> Sequence[Setting]:
    """Return the settings that the table lacks, in the order to set them. Raises CannotRunError without a table."""
    _described(storage)
    return [setting for setting in _SETTINGS if not setting.has(storage)]


def removed(storage: Storage, findings: sweep.Findings) -> Sequence[tuple[str, str]]:
    """Return the key and the version of each delete marker that hides an object that the table names."""
    hidden = {owner.key for owner in findings.gone}
    if not hidden:
        return []
    return [(marker["Key"], marker["VersionId"]) for marker in _markers(storage) if marker["Key"] in hidden]


def bring_back(storage: Storage, markers: Sequence[tuple[str, str]]) -> None:
    """Remove delete markers, after which their objects are there again."""
    for key, version in markers:
        storage.s3.delete_object(Bucket=storage.bucket, Key=key, VersionId=version)


def parameters(storage: Storage, *, with_bucket: bool) -> Iterator[str]:
    """Return the parameters of a stack that adopts the table, and the bucket if it is not the stack's already."""
    yield f"ExistingTable={storage.table}"
    yield f"ExistingTableStream={_described(storage).get('LatestStreamArn', '')}"
    if with_bucket:
        yield f"ExistingBucket={storage.bucket}"


def _described(storage: Storage) -> "TableDescriptionTypeDef":
    try:
        return storage.dynamodb.describe_table(TableName=storage.table)["Table"]
    except ClientError as exc:
        raise CannotRunError(f"The table {storage.table} cannot be described: {exc}") from exc


def _wait(storage: Storage) -> None:
    """Wait until the table can be changed again."""
    storage.dynamodb.get_waiter("table_exists").wait(
        TableName=storage.table, WaiterConfig={"Delay": 2, "MaxAttempts": 300}
    )


def _stream_view(storage: Storage) -> str | None:
    return _described(storage).get("StreamSpecification", {}).get("StreamViewType")


def _set_stream(storage: Storage) -> None:
    if _stream_view(storage):
        # A stream's view cannot be changed; another stream takes its place.
        storage.dynamodb.update_table(TableName=storage.table, StreamSpecification={"StreamEnabled": False})
        _wait(storage)
    wanted = {"StreamEnabled": True, "StreamViewType": STREAM_VIEW}
    storage.dynamodb.update_table(TableName=storage.table, StreamSpecification=wanted)  # type: ignore[arg-type] # a literal
    _wait(storage)


def _expires(storage: Storage) -> bool:
    found = storage.dynamodb.describe_time_to_live(TableName=storage.table)["TimeToLiveDescription"]
    is_on = found.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
    return is_on and found.get("AttributeName") == EXPIRES_AT


def _set_expiry(storage: Storage) -> None:
    wanted = {"AttributeName": EXPIRES_AT, "Enabled": True}
    storage.dynamodb.update_time_to_live(TableName=storage.table, TimeToLiveSpecification=wanted)  # type: ignore[arg-type] # a literal


def _is_recoverable(storage: Storage) -> bool:
    found = storage.dynamodb.describe_continuous_backups(TableName=storage.table)["ContinuousBackupsDescription"]
    return found.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") == "ENABLED"


def _set_recovery(storage: Storage) -> None:
    try:
        storage.dynamodb.update_continuous_backups(
            TableName=storage.table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
    except storage.dynamodb.exceptions.ContinuousBackupsUnavailableException as exc:
        raise CannotRunError("Point-in-time recovery cannot be enabled yet. Repeat the command in a minute.") from exc


def _is_protected(storage: Storage) -> bool:
    return _described(storage).get("DeletionProtectionEnabled") is True


def _set_protection(storage: Storage) -> None:
    storage.dynamodb.update_table(TableName=storage.table, DeletionProtectionEnabled=True)
    _wait(storage)


# The stream first: an item that expires without one leaves its object behind.
_SETTINGS: Final = (
    Setting("stream of both images", lambda storage: _stream_view(storage) == STREAM_VIEW, _set_stream),
    Setting("expiry", _expires, _set_expiry),
    Setting("point-in-time recovery", _is_recoverable, _set_recovery),
    Setting("deletion protection", _is_protected, _set_protection),
)


def _markers(storage: Storage) -> Iterator["DeleteMarkerEntryTypeDef"]:
    for page in storage.s3.get_paginator("list_object_versions").paginate(Bucket=storage.bucket, Prefix=sweep.PREFIX):
        yield from page.get("DeleteMarkers", [])
