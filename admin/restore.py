"""Restore a stack's table to a moment, as a new table, and prepare that for the stack."""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from botocore.exceptions import ClientError, WaiterError

from admin import CannotRunError, adopt, stacks
from admin.erasing import notes as erasure_notes
from admin.stacks import Storage
from dashboard_store.repository.keys import timestamp

_POLL_SECONDS: Final = 10
# Most restores take less than an hour.
_WAIT_SECONDS: Final = 12 * 60 * 60


def add_options(parser: argparse.ArgumentParser) -> None:
    stacks.add_stack(parser)
    parser.add_argument("--moment", metavar="TIME", type=moment, required=True, help="such as 2026-11-29T12:00:00Z")
    parser.add_argument(
        "--source", metavar="TABLE", help="the table of that time, if the stack served another one then"
    )


def moment(text: str) -> datetime:
    """Read a time, which must have a time zone, because the operator's may not be UTC."""
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no time zone; write Z for UTC")
    return read.astimezone(UTC)


def run(options: argparse.Namespace) -> int:
    """Restore a stack's table and prepare it; return 1 if an item names an object that is gone."""
    storage, target = stacks.on_aws(options.stack), name(options.stack, options.moment)
    source = options.source or storage.table
    if options.dry_run:
        print(f"Would restore {source} as {target}.")
        return 0
    is_new = start(storage, source, target, options.moment)
    print(f"{'Restoring' if is_new else 'Already restoring'} {source} as {target} …", flush=True)
    wait(storage, target)
    code = adopt.prepare(replace(storage, table=target), dry_run=False, with_bucket=False)
    print("".join(f"{line}\n" for line in erased_since(storage, options.moment, options.stack, target)), end="")
    return code


def erased_since(storage: Storage, at: datetime, stack: str, target: str) -> Iterator[str]:
    """Say how to erase in the restored table those who were erased since its moment, if there are any."""
    notes = erasure_notes.notes(storage.dynamodb, storage.table)
    # An erasure without an end is under way, or was interrupted.
    if any(note.get(erasure_notes.ERASED_AT, timestamp(at)) >= timestamp(at) for note in notes):
        yield "Users were erased since then, and are in this table. Erase them there before the stack serves it:"
        yield (
            f"  python -m admin erase --stack {stack} --table {target} --bucket {storage.bucket} "
            f"--erased-in {storage.table}"
        )


def name(stack: str, at: datetime) -> str:
    """Name the table that a stack's table is restored to, so that a repeated restore finds it."""
    return f"{stack}-{at:%Y%m%dT%H%M%SZ}"


def start(storage: Storage, source: str, target: str, at: datetime) -> bool:
    """Start to restore a table into `target`, and return whether that was still to do. Raises CannotRunError."""
    try:
        storage.dynamodb.restore_table_to_point_in_time(
            SourceTableName=source,
            TargetTableName=target,
            RestoreDateTime=at,
            BillingModeOverride="PAY_PER_REQUEST",
        )
    except storage.dynamodb.exceptions.TableAlreadyExistsException:
        return False
    except ClientError as exc:
        raise CannotRunError(f"The table {source} cannot be restored to {at}: {exc}") from exc
    return True


def wait(storage: Storage, target: str) -> None:
    """Wait until the table is restored. Raises CannotRunError if it still is not after half a day."""
    config = {"Delay": _POLL_SECONDS, "MaxAttempts": _WAIT_SECONDS // _POLL_SECONDS}
    try:
        storage.dynamodb.get_waiter("table_exists").wait(TableName=target, WaiterConfig=config)  # type: ignore[arg-type]
    except WaiterError as exc:
        raise CannotRunError(
            f"The table {target} is not restored yet. Repeat the command: it goes on waiting."
        ) from exc
