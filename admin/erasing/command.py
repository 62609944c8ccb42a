"""Erase a user, or those who were erased before and are in a table again that was restored to an earlier moment."""

import argparse
import json
import sys
from contextlib import suppress

from botocore.exceptions import ClientError

from admin import CannotRunError, report, stacks, stores
from admin.erasing import mentions
from admin.erasing import notes as erasure_notes
from admin.erasing.erasure import Erasure, SharedError, bar_of
from admin.stacks import Storage
from dashboard_store.errors import StorageUnavailable
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import IS_NEW, Item, put
from dashboard_store.repository.items import ConditionFailed
from dashboard_store.store import Store


def add_options(parser: argparse.ArgumentParser) -> None:
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--user", metavar="ID", help="the user to erase, as the claim of their tokens names them")
    who.add_argument(
        "--erased-in", metavar="TABLE", help="erase those who were erased in a table, after a restore of an earlier one"
    )
    shared = parser.add_mutually_exclusive_group()
    shared.add_argument(
        "--with-shared", action="store_true", help="also erase projects of which others are members, for them too"
    )
    shared.add_argument(
        "--give-to", metavar="ID", help="make another user the owner of the projects of which others are members"
    )
    parser.add_argument(
        "--token-hours",
        metavar="N",
        type=_positive,
        default=24,
        help="the longest that a token lives: until then nothing is saved for the user (24)",
    )
    parser.add_argument("--dry-run", action="store_true", help="change nothing, only report")
    report.add_option(parser)
    stacks.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Erase a user, or those who were erased before, and print a receipt for each; return 1 if one was refused."""
    if options.user == "":
        raise CannotRunError("The user's id is empty.")
    if options.give_to in {"", options.user} and options.give_to is not None:
        raise CannotRunError("--give-to must name another user.")
    store, storage = stores.opened(options)
    if options.report:
        options.report.write_text("")
    try:
        return _run(options, store, storage)
    except StorageUnavailable as exc:
        raise CannotRunError(f"The erasure was interrupted: {exc} Repeat the command: it goes on.") from exc


def _run(options: argparse.Namespace, store: Store, storage: Storage) -> int:
    days = recovery_days(storage)
    if options.user:
        _erase(options, Erasure(store, storage, options.user, days))
        return 0
    notes = _pending(options, storage)
    refused = []
    for user in _named(storage, notes):
        try:
            _erase(options, Erasure(store, storage, user, days))
        except SharedError as error:
            # One user who cannot be erased yet does not keep the others.
            print(f"{keys.keyed_hash(store.settings.log_key, user)}: {error}", file=sys.stderr)
            refused.append(user)
    if not options.dry_run:
        # Only now, because a note says that the erasure is in effect; those of the users erased are here already.
        left = erasure_notes.of(refused, notes)
        for note in notes:
            if note not in left:
                with suppress(ConditionFailed):
                    store.items.transact(put(note, IS_NEW))
    return int(bool(refused))


def _erase(options: argparse.Namespace, erasure: Erasure) -> None:
    """Erase a user, and print the receipt and add it to the report. Raises like `Erasure.run`."""
    receipt = erasure.run(hours=options.token_hours, with_shared=options.with_shared, is_dry=options.dry_run)
    print(json.dumps(receipt, indent=2), flush=True)
    if options.report:
        with options.report.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(receipt)}\n")


def _pending(options: argparse.Namespace, storage: Storage) -> list[Item]:
    """Return the notes of erasures that are not in effect in the table. Raises CannotRunError."""
    try:
        found = list(erasure_notes.notes(storage.dynamodb, options.erased_in))
    except ClientError as exc:
        raise CannotRunError(f"The table {options.erased_in} cannot be read: {exc}") from exc
    return erasure_notes.pending(found, list(erasure_notes.notes(storage.dynamodb, storage.table)))


def _named(storage: Storage, notes: list[Item]) -> list[str]:
    """Return the users of the table to whom the notes refer."""
    with bar_of("items") as bar:
        users = erasure_notes.erased_among(mentions.users(storage, lambda count, _: bar.update(count)), notes)
    if not users:
        print("None of the users who were erased is in this table.", file=sys.stderr)
    return users


def recovery_days(storage: Storage) -> int:
    """Return for how many days the table can be restored to an earlier moment; 0 if it cannot be.

    Raises CannotRunError.
    """
    try:
        described = storage.dynamodb.describe_continuous_backups(TableName=storage.table)
    except ClientError as exc:
        # The local run's engine restores nothing.
        if exc.response["Error"]["Code"] == "UnknownOperationException":
            return 0
        raise CannotRunError(f"It cannot be said how far back {storage.table} can be restored: {exc}") from exc
    recovery = described["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        return 0
    return recovery.get("RecoveryPeriodInDays", 35)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it must be at least 1")
    return number
